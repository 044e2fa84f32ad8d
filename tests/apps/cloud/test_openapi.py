"""The API document tells of every route that is served, and everything in it can be followed."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from yunhai.trading.http.public import ROUTES

METHODS = ("get", "post", "put", "patch", "delete")
SOCKETS = ("/trade/v1/ws", "/stream/v1", "/stream/v1/replay")


@pytest.fixture(scope="module")
def document(cloud_places: Any) -> dict[str, Any]:
    import django

    django.setup()
    from yunhai.apps.cloud.openapi import document

    return document()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method]


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for one in value.values():
            yield from references(one)
    elif isinstance(value, list):
        for one in value:
            yield from references(one)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    found = set(references(document))
    assert len(found) > 50
    for reference in found:
        at: Any = document
        for part in reference.removeprefix("#/").split("/"):
            assert part in at, reference
            at = at[part]


def test_every_route_of_the_core_and_of_the_web_is_in_it(document: dict[str, Any]) -> None:
    from yunhai.apps.cloud.api import api

    told = {(method, path) for method, path, _ in operations(document)}
    assert {(route.method.lower(), route.path) for route in ROUTES} <= told
    served = api.get_openapi_schema(path_prefix="/api/v1/")["paths"]
    assert {(method, path) for path, item in served.items() for method in item} <= told
    assert {path for _, path in told} >= set(SOCKETS)


def test_operations_have_one_name_each_and_say_their_refusals(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))
    for method, path, operation in operations(document):
        assert operation["summary"], path
        assert re.search("[\u4e00-\u9fff]", operation["summary"]), f"{method} {path} has no Chinese"
        if path not in SOCKETS and not path.endswith("openapi.json"):
            assert any(status.startswith("4") or status == "503" for status in operation["responses"]), path
            assert "500" not in operation["responses"], path


def test_every_refusal_has_an_example_with_both_texts(document: dict[str, Any]) -> None:
    seen = set()
    answers = [*document["components"]["responses"].values()]
    answers += [one for _, path, op in operations(document) for one in op["responses"].values() if "/trade/" in path]
    for answer in answers:
        for example in answer.get("content", {}).get("application/json", {}).get("examples", {}).values():
            error = example["value"]["error"]
            assert error["en"]
            assert error["zh"]
            seen.add(error["code"])
    assert len(seen) > 100


def test_the_page_is_up_to_date(document: dict[str, Any]) -> None:
    from tools.api_reference import PAGE, rows_of

    assert PAGE.read_text("utf-8") == rows_of(document), "run python -m tools.api_reference"
