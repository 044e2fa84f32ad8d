"""Logs: JSON lines with ids, and never a secret, a token or a name."""

import json
import logging

import pytest
import structlog

from yunhai.apps.cloud import logs

TOKEN = "eyJhbGciOiJFZDI1NTE5In0.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "field", ["password", "secret", "api_secret", "token", "cookie", "Authorization", "email", "name_zh", "csrftoken"]
)
def test_telling_fields_are_left_out(field: str) -> None:
    assert logs.without_secrets(None, "info", {field: "hidden"}) == {field: "…"}


def test_tokens_are_cut_out_of_text() -> None:
    assert logs.without_secrets(None, "info", {"event": f"asked with {TOKEN}."}) == {"event": "asked with eyJ…."}


def test_lines_are_json_with_the_parts_name(capfd: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        logs.configure("web")
        structlog.get_logger("x").info("request", tenant=7)
        logging.getLogger("django.request").warning("Not Found: %s", TOKEN)
    finally:
        root.handlers[:], root.level = before, level
        structlog.reset_defaults()
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [(line["part"], line["event"]) for line in lines] == [("web", "request"), ("web", "Not Found: eyJ…")]
    assert lines[0]["tenant"] == 7
