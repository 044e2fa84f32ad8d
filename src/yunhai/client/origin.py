"""Where the cloud is: an http(s) address, or the socket of one process on this machine.

`https://cloud.example`, `http://127.0.0.1:8700` and `unix:/var/lib/yunhai/run/core.sock` are understood. Through a socket only that
process's own routes answer.
"""

from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
import websockets
from websockets.asyncio.client import connect, unix_connect

from yunhai.client import failures
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import CLIENT_FRAME_BYTES_MAX
from yunhai.trading.http.unix import unix_transport, unix_transport_async


@dataclass(frozen=True, slots=True)
class Origin:
    """`url` without a slash at its end; `socket` the path of a Unix socket, empty for TCP."""

    url: str
    socket: str = ""

    @classmethod
    def of(cls, address: "str | Origin") -> Self:
        """YunhaiError 7405.

        >>> Origin.of("http://127.0.0.1:8700/").websocket("/trade/v1/ws")
        'ws://127.0.0.1:8700/trade/v1/ws'
        >>> Origin.of("unix:/run/yunhai/core.sock").socket
        '/run/yunhai/core.sock'
        """
        if isinstance(address, Origin):
            return cls(address.url, address.socket)
        if address.startswith("unix:"):
            path = address.removeprefix("unix:")
            if not path.startswith("/"):
                raise YunhaiError(failures.BAD_ADDRESS, address=address)
            return cls("http://localhost", path)
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise YunhaiError(failures.BAD_ADDRESS, address=address)
        return cls(address.rstrip("/"))

    def websocket(self, path: str) -> str:
        """The ws(s) address of a path."""
        return "ws" + self.url.removeprefix("http") + path

    def __str__(self) -> str:
        return f"unix:{self.socket}" if self.socket else self.url

    def client(self, *, timeout_s: float) -> httpx.Client:
        transport = unix_transport(self.socket) if self.socket else None
        return httpx.Client(base_url=self.url, transport=transport, timeout=timeout_s, trust_env=False)

    def async_client(self, *, timeout_s: float) -> httpx.AsyncClient:
        transport = unix_transport_async(self.socket) if self.socket else None
        return httpx.AsyncClient(base_url=self.url, transport=transport, timeout=timeout_s, trust_env=False)

    async def open(self, path: str, *, timeout_s: float) -> websockets.ClientConnection:
        """A WebSocket to `path`. YunhaiError 7400."""
        settings: dict[str, Any] = {
            "max_size": CLIENT_FRAME_BYTES_MAX,
            "compression": None,
            "proxy": None,
            "open_timeout": timeout_s,
            "origin": None,
        }
        try:
            if self.socket:
                return await unix_connect(self.socket, self.websocket(path), **settings)
            return await connect(self.websocket(path), **settings)
        except (OSError, TimeoutError, websockets.WebSocketException) as error:
            raise unreachable(self, error) from error


def unreachable(origin: Origin, error: Exception) -> YunhaiError:
    reason = str(error) or type(error).__name__
    return YunhaiError(failures.UNREACHABLE, address=str(origin), reason=reason, reason_zh=reason)
