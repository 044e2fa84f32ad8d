"""Sockets and servers of the trust process, without the core's modules."""

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import uvicorn
from starlette.types import ASGIApp

_BACKLOG: Final = 1_024
_GRACE_S: Final = 5


class _Server(uvicorn.Server):
    """A server that leaves the signals to whoever runs it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def quiet_server(app: ASGIApp) -> uvicorn.Server:
    """A server of one application; it logs nothing and says nothing of itself."""
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=_GRACE_S,
        backlog=_BACKLOG,
        proxy_headers=False,
    )
    return _Server(config)


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
