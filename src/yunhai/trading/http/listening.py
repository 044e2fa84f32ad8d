"""Sockets to listen at, and a server that logs nothing: of the core and of every process that answers on its own socket.

Nothing of the core is imported here: the trust process takes this module and stays small.
"""

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp

_BACKLOG: Final = 1_024
_GRACE_S: Final = 5


class _Server(uvicorn.Server):
    """A server that leaves the signals to whoever runs it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def quiet_server(app: ASGIApp, **more: Any) -> uvicorn.Server:
    """A server of one application, which logs nothing and says nothing of itself; without WebSocket unless `more`, uvicorn's
    options, names one."""
    options: dict[str, Any] = {
        "http": "httptools",
        "ws": "none",
        "lifespan": "off",
        "access_log": False,
        "log_config": None,
        "server_header": False,
        "date_header": False,
        "timeout_graceful_shutdown": _GRACE_S,
        "backlog": _BACKLOG,
        "proxy_headers": False,
    }
    return _Server(uvicorn.Config(app, **(options | more)))


def unix_socket(path: Path, mode: int) -> socket.socket:
    """A listening Unix socket with these rights from its first moment; one left behind is replaced."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o777 & ~mode)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    listener.listen(_BACKLOG)
    return listener


def tcp_socket(port: int, host: str = "127.0.0.1") -> socket.socket:
    """A listening TCP socket on this machine only."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(_BACKLOG)
    return listener
