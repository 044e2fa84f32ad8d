"""The web process's application served over a real socket from threads, for clients that are not ours."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer


class _Threaded(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def finish_request(self, request: Any, client_address: Any) -> None:
        from django.db import connection

        try:
            super().finish_request(request, client_address)
        finally:
            connection.close()


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Silent."""


@contextmanager
def served() -> Iterator[str]:
    """The address while it is served."""
    from django.core.wsgi import get_wsgi_application

    server = _Threaded(("127.0.0.1", 0), _Quiet)
    server.set_app(get_wsgi_application())
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
