"""Being asked and asking: `/health`, `/ready` and `/metrics` on a Unix socket.

`AskServer` answers for a process that has no web server of its own (reader, up); `ask` is how the supervisor finds out
whether a part can serve. Three things can be found: it can, it says that it cannot, or nobody answers in time.
"""

import json
import os
import socketserver
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Final

import httpx
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

from yunhai.kernel.limits import DETAIL_CHARACTERS_MAX
from yunhai.trading.http.unix import unix_transport

ASK_SECONDS: Final = 2.0
SILENT: Final = "no answer"


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a part can serve; `said` why not, in its own words."""

    fit: bool
    said: str = ""


def ask(socket: Path, path: str = "/ready", *, timeout: float = ASK_SECONDS) -> Answer:
    """What the process behind a Unix socket answers; one that is silent for `timeout` seconds is not fit."""
    try:
        with httpx.Client(transport=unix_transport(socket), timeout=timeout, trust_env=False) as client:
            found = client.get(f"http://localhost{path}")
    except httpx.TimeoutException:
        return Answer(False, f"{SILENT} within {timeout:g} s")
    except httpx.HTTPError as problem:
        return Answer(False, f"{SILENT}: {type(problem).__name__}")
    if found.status_code == httpx.codes.OK:
        return Answer(True)
    return Answer(False, f"{found.status_code} {found.text[:DETAIL_CHARACTERS_MAX]}")


class AskServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Answers on a Unix socket of mode 0600 while `serve_forever` runs. `state` gives what `/ready` says; its `ready`
    decides between 200 and 503."""

    daemon_threads = True

    def __init__(
        self,
        path: Path,
        name: str,
        state: Callable[[], dict[str, Any]],
        *,
        more: Callable[[str], bytes | None] | None = None,
    ) -> None:
        """`more` answers other paths in msgpack; None: there is no such one."""
        self.name = name
        self.state = state
        self.more = more
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            super().__init__(str(path), _Answers)
        finally:
            os.umask(before)


class _Answers(BaseHTTPRequestHandler):
    server: AskServer

    def do_GET(self) -> None:
        """One of the three, or what the process has more; 404 for anything else."""
        match self.path:
            case "/health":
                self._answer(200, {"part": self.server.name, "alive": True})
            case "/ready":
                state = self.server.state()
                self._answer(200 if state["ready"] else 503, state)
            case "/metrics":
                self._send(200, CONTENT_TYPE_LATEST, generate_latest(REGISTRY))
            case _:
                found = None if self.server.more is None else self.server.more(self.path)
                if found is None:
                    self._answer(404, {"part": self.server.name})
                else:
                    self._send(200, "application/msgpack", found)

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        self._send(status, "application/json", json.dumps(body).encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        """A Unix socket's peer has no address."""
        return "-"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Being asked is not worth a line."""
