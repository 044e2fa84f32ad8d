"""What a request sends is read to its end whoever answers, and too much of it is refused in the house's form."""

import json
from io import BytesIO
from typing import Any

import pytest

from yunhai.apps.cloud.whole_body import WholeBody
from yunhai.kernel.limits import REQUEST_BYTES_MAX


def ask(body: bytes, length: str | None) -> tuple[str, bytes, int, int]:
    """(status, answer, bytes left unread, times that the application was asked)."""
    asked: list[bytes] = []
    told: list[str] = []

    def application(environ: Any, start_response: Any) -> list[bytes]:
        asked.append(environ["wsgi.input"].read(3))
        start_response("401 Unauthorized", [])
        return [b"no"]

    sent = BytesIO(body)
    environ: dict[str, Any] = {"wsgi.input": sent} | ({} if length is None else {"CONTENT_LENGTH": length})
    answer = b"".join(WholeBody(application)(environ, lambda status, _head, *_: told.append(status)))
    return told[0], answer, len(sent.read()), len(asked)


@pytest.mark.parametrize("length", ["200000", "", None, "nonsense", "²"])
def test_what_the_application_left_is_read(length: str | None) -> None:
    assert ask(b"x" * 200_000, length) == ("401 Unauthorized", b"no", 0, 1)


def test_the_most_that_may_be_sent_is_taken_and_one_byte_more_refused() -> None:
    most = b"x" * REQUEST_BYTES_MAX
    assert ask(most, str(len(most)))[0] == "401 Unauthorized"
    status, answer, _, asked = ask(most + b"x", str(len(most) + 1))
    assert (status, asked) == ("413 Content Too Large", 0)
    refusal = json.loads(answer)
    assert refusal["error"]["code"] == 7118
    assert refusal["error"]["details"] == {"bytes": REQUEST_BYTES_MAX}
    assert refusal["mode"] == "simulated"
