"""What a request sends, read to its end before the answer leaves, and bounded."""

import json
import os
from collections.abc import Callable, Iterable
from typing import Any, Final
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import REQUEST_BYTES_MAX
from yunhai.platform.errors import BODY_TOO_LARGE

_CHUNK: Final = 1 << 16


class WholeBody:
    """Reads what a request sends to its end, whoever answered without looking at it, within REQUEST_BYTES_MAX; more than
    that is refused (7118). A server that closes on a sender who is still sending would have the origin say 502."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if _length(environ) > REQUEST_BYTES_MAX:
            _drain(environ["wsgi.input"])
            refusal = {"error": YunhaiError(BODY_TOO_LARGE, bytes=REQUEST_BYTES_MAX).as_json(), "mode": _mode()}
            body = json.dumps(refusal, ensure_ascii=False).encode()
            head = [("Content-Type", "application/json; charset=utf-8"), ("Content-Length", str(len(body)))]
            start_response("413 Content Too Large", head)
            return [body]
        answer = self._application(environ, start_response)
        _drain(environ["wsgi.input"])
        return answer


def _length(environ: WSGIEnvironment) -> int:
    said = environ.get("CONTENT_LENGTH") or "0"
    return int(said) if said.isascii() and said.isdigit() else 0


def _drain(body: Any) -> None:
    read: Callable[[int], bytes] = body.read
    left = REQUEST_BYTES_MAX
    while left > 0 and (chunk := read(_CHUNK)):
        left -= len(chunk)


def _mode() -> str:
    return os.environ.get("YUNHAI_MODE", "simulated")
