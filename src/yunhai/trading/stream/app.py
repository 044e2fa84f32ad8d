"""The stream as a bare ASGI application: one WebSocket route, and `/health`, `/ready`, `/metrics`."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
import structlog

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import STREAM_MESSAGES_PER_SECOND_MAX
from yunhai.trading.core.errors import METHOD_NOT_ALLOWED, ROUTE_UNKNOWN
from yunhai.trading.stream import errors
from yunhai.trading.stream.client import POLICY, TOO_SLOW, Client
from yunhai.trading.stream.counted import Counted
from yunhai.trading.stream.following import Following
from yunhai.trading.stream.hub import Hub
from yunhai.trading.stream.messages import DECODER, ENCODER, refused

log: Final = structlog.get_logger("yunhai.stream")
PATH: Final = "/stream/v1"
_JSON: Final = (b"content-type", b"application/json; charset=utf-8")
_TEXT: Final = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]


class Application:
    """The ASGI application. `mounted`: other WebSocket applications by their path, which whoever composes the process adds."""

    def __init__(self, following: Following, hub: Hub, counted: Counted) -> None:
        self.mounted: dict[str, Callable[[Scope, Receive, Send], Awaitable[None]]] = {}
        self._following = following
        self._hub = hub
        self._counted = counted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and scope["path"] in self.mounted:
            await self.mounted[scope["path"]](scope, receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, send)

    # -- HTTP --------------------------------------------------------------------------------------------------------

    async def _answer(self, scope: Scope, send: Send) -> None:
        try:
            if scope["method"] not in ("GET", "HEAD"):
                raise YunhaiError(METHOD_NOT_ALLOWED)
            status, kind, body = self._page(scope["path"])
        except YunhaiError as error:
            status, kind = error.entry.http, _JSON
            body = ENCODER.encode({"error": error.as_json(), "mode": self._following.mode})
        head = [
            kind,
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
            (b"x-yunhai-mode", self._following.mode.encode()),
        ]
        if status == HTTPStatus.UPGRADE_REQUIRED:
            head.append((b"upgrade", b"websocket"))
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    def _page(self, path: str) -> tuple[int, tuple[bytes, bytes], bytes]:
        """(status, content type, body). NOT_UPGRADED, ROUTE_UNKNOWN."""
        if path == PATH or path in self.mounted:
            raise YunhaiError(errors.NOT_UPGRADED)
        match path.removeprefix(PATH):
            case "/health":
                return 200, _JSON, b'{"status":"ok"}'
            case "/ready":
                ready = self._following.caught_up
                return (200, _JSON, b'{"status":"ready"}') if ready else (503, _JSON, b'{"status":"starting"}')
            case "/metrics" if path == "/metrics":
                self._counted.sequence.set(self._following.sequence)
                self._counted.orders.set(self._following.books.orders.open_count())
                self._counted.market_time.set(self._following.market_time() / 1e9)
                return 200, _TEXT, self._counted.text()
            case _:
                raise YunhaiError(ROUTE_UNKNOWN)

    # -- WebSocket ---------------------------------------------------------------------------------------------------

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        if scope["path"] != PATH:
            await send({"type": "websocket.close", "code": POLICY})
            return
        await send({"type": "websocket.accept"})
        reader = asyncio.current_task()
        assert reader is not None

        async def send_text(text: str) -> None:
            await send({"type": "websocket.send", "text": text})
            self._counted.sent.inc()

        async def close(code: int) -> None:
            await send({"type": "websocket.close", "code": code})

        client = Client(send_text, reader.cancel, time.monotonic())
        self._hub.join(client)
        sender = asyncio.create_task(client.run(close))
        try:
            await self._read(receive, client, sender)
        except asyncio.CancelledError:
            if client.closing != TOO_SLOW:
                raise
            self._counted.cut_off.inc()
            await self._cut_off(client, sender, send)
        finally:
            self._hub.leave(client)
            sender.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await sender

    async def _read(self, receive: Receive, client: Client, sender: asyncio.Task[None]) -> None:
        second, count = 0, 0
        while not sender.done():
            event = await receive()
            if event["type"] == "websocket.disconnect":
                return
            now = int(time.monotonic())
            second, count = (second, count + 1) if now == second else (now, 1)
            if count > STREAM_MESSAGES_PER_SECOND_MAX:
                error = YunhaiError(errors.TOO_MANY_MESSAGES, most=STREAM_MESSAGES_PER_SECOND_MAX)
                client.put(refused(error, self._following.mode))
                client.close(POLICY)
                continue
            self._take(client, event)

    def _take(self, client: Client, event: Event) -> None:
        try:
            said = DECODER.decode(event.get("text") or event.get("bytes") or b"")
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            error = YunhaiError(errors.MESSAGE_MALFORMED, reason=str(problem))
            client.put(refused(error, self._following.mode))
            return
        self._hub.said(client, said)

    async def _cut_off(self, client: Client, sender: asyncio.Task[None], send: Send) -> None:
        """Tell a slow reader why, in case it reads again while the connection is torn down; wait for nothing."""
        log.info("cut-off", connections=self._hub.connections)
        sender.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await sender
        last = refused(YunhaiError(errors.TOO_SLOW), self._following.mode).decode()
        with contextlib.suppress(Exception):
            async with asyncio.timeout(1):
                await send({"type": "websocket.send", "text": last})
        with contextlib.suppress(Exception):
            async with asyncio.timeout(1):
                await send({"type": "websocket.close", "code": TOO_SLOW})
