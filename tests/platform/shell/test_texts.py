"""Text that nothing can keep is refused where it comes in, by one number, and nothing is read further."""

import json

import pytest
from django.test import Client

from tests.platform.factories import BROKER, browser, place, tenant
from yunhai.platform.shell.texts import fits

BAD_REQUEST = 7104


@pytest.mark.parametrize(
    ("value", "fit"),
    [
        ("台積電 😀", True),
        ({"a": [1, None, True, "b"]}, True),
        ("a\0", False),
        ("\ud83d", False),
        ({"a": [{"b": ["\udb12"]}]}, False),
        ({"\0": 1}, False),
    ],
    ids=["text", "values", "nul", "half a character", "deep", "a name"],
)
def test_what_fits(value: object, fit: bool) -> None:
    assert fits(value) is fit


@pytest.mark.parametrize("text", ["a\0", "\udb12"], ids=["nul", "half a character"])
def test_a_body_with_an_unfit_text_is_refused(db: None, text: str) -> None:
    """The one that asks nothing of who asks: a token for an API client."""
    body = json.dumps({"client": text, "secret": "x"})
    answer = Client().post("/api/v1/token", body, content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, BAD_REQUEST)
    assert "NUL" in answer.json()["error"]["zh"]


def test_a_query_a_form_and_a_path_likewise(db: None) -> None:
    tenant(BROKER)
    somebody = browser(place("investor", account=7))
    asked = somebody.get("/api/v1/console/people?search=%00")
    assert (asked.status_code, asked.json()["error"]["code"]) == (422, BAD_REQUEST)
    assert somebody.get("/timeline/?id=%00").status_code == 422
    form = "language=en%00&next=%2F"
    assert somebody.post("/language/", form, content_type="application/x-www-form-urlencoded").status_code == 422
    assert somebody.get("/pocket/chart/%00/").status_code == 404
