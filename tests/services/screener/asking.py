"""Questions to the screener's API, as its tests ask them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATH = "/api/v1/screener"


@contextmanager
def at(home: Path) -> Iterator[None]:
    """With the lake of a home."""
    from django.conf import settings

    before = settings.PLACES
    settings.PLACES = type(before)(home)
    try:
        yield
    finally:
        settings.PLACES = before


def send(browser: Any, method: str, path: str, body: Any = None) -> Any:
    text = json.dumps(body) if body is not None else ""
    return browser.generic(method, PATH + path, data=text, content_type="application/json")


def run(browser: Any, text: str, **how: Any) -> Any:
    answer = send(browser, "POST", "/run", {"text": text, **how})
    assert answer.status_code == 200, answer.content
    return answer.json()


def codes(answer: Any) -> list[str]:
    return [one["code"] for one in answer["matches"]]


def refusal(answer: Any) -> tuple[int, int]:
    return answer.status_code, answer.json()["error"]["code"]
