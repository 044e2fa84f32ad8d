"""The WebSocket of orders, as an ASGI application: sessions above, a bounded queue of answers beneath.

Whoever has not signed in within SOCKET_TOKEN_SECONDS_MAX is cut off, and neither they nor one person can take all places.
Frames are read and written by the connection itself where it can (`quick_frames`); behind another server they are events.
A reader who does not take its answers is cut off when `SOCKET_UNSENT_BYTES_MAX` wait for it; nobody else waits for it
meanwhile, because answers are only put into its queue.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

import structlog

from yunhai.kernel.limits import (
    SOCKET_TOKEN_SECONDS_MAX,
    SOCKET_UNSENT_BYTES_MAX,
    SOCKETS_MAX,
    SOCKETS_OF_ONE_MAX,
    SOCKETS_UNSIGNED_MAX,
)
from yunhai.trading.core.core import Core
from yunhai.trading.http.quick_frames import EXTENSION, QuickFrames
from yunhai.trading.http.session import OrderSession

log: Final = structlog.get_logger("yunhai.core.socket")
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
SendEvent = Callable[[MutableMapping[str, Any]], Awaitable[None]]

TRY_LATER: Final = 1013
TOO_SLOW: Final = 4008
GOING_AWAY: Final = 1012


class _Outbox:
    """Answers on their way to one reader."""

    def __init__(self, cut_off: Callable[[], object]) -> None:
        self._cut_off = cut_off
        self._waiting: deque[tuple[bytes, bool]] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()
        self.closing: int | None = None

    def put(self, message: bytes, packed: bool) -> None:
        if self.closing is not None:
            return
        self._waiting.append((message, packed))
        self._bytes += len(message)
        if self._bytes > SOCKET_UNSENT_BYTES_MAX:
            self._waiting.clear()
            self.closing = TOO_SLOW
            self._cut_off()  # a closing message would wait behind what it does not read
        self._wake.set()

    def close(self, code: int) -> None:
        """Close after what waits was sent."""
        if self.closing is None:
            self.closing = code
            self._wake.set()

    async def run(self, send: SendEvent) -> None:
        """Send until closed."""
        while True:
            while self._waiting:
                message, packed = self._waiting.popleft()
                self._bytes -= len(message)
                kind = "bytes" if packed else "text"
                await send({"type": "websocket.send", kind: message if packed else message.decode()})
            if self.closing is not None:
                await send({"type": "websocket.close", "code": self.closing})
                return
            self._wake.clear()
            await self._wake.wait()


class _Straight:
    """The same where the connection itself takes answers, without waiting: it keeps what its reader does not take."""

    def __init__(self, frames: QuickFrames) -> None:
        self._frames = frames
        self._ended = asyncio.Event()
        self.closing: int | None = None

    def put(self, message: bytes, packed: bool) -> None:
        if self.closing is None and self._frames.write(message, packed=packed) > SOCKET_UNSENT_BYTES_MAX:
            self.closing = TOO_SLOW
            log.warning("slow", bytes=SOCKET_UNSENT_BYTES_MAX)
            self._frames.cut_off()

    def close(self, code: int) -> None:
        """Close after what waits was sent."""
        if self.closing is None:
            self.closing = code
            self._ended.set()

    async def run(self, send: SendEvent) -> None:
        """Wait until closed."""
        await self._ended.wait()
        await send({"type": "websocket.close", "code": self.closing})


class OrdersSocket:
    """The ASGI application. `inner`: without tokens, on the inner socket."""

    def __init__(self, core: Core, *, inner: bool = False) -> None:
        self._core = core
        self._inner = inner
        self._outboxes: dict[_Outbox | _Straight, OrderSession] = {}

    @property
    def open(self) -> int:
        return len(self._outboxes)

    def _of(self, person: int) -> int:
        """How many connections a person has; of 0 those that nobody has signed in on."""
        return sum(session.person == person for session in self._outboxes.values())

    def _full(self) -> bool:
        return len(self._outboxes) >= SOCKETS_MAX or (not self._inner and self._of(0) >= SOCKETS_UNSIGNED_MAX)

    def close_all(self) -> None:
        """End every connection; the process stops."""
        for outbox in list(self._outboxes):
            outbox.close(GOING_AWAY)

    async def __call__(self, scope: Scope, receive: Receive, send: SendEvent) -> None:
        await receive()  # websocket.connect
        await send({"type": "websocket.accept"})
        if self._full() or self._core.failed is not None:
            await send({"type": "websocket.close", "code": TRY_LATER})
            return
        reader = asyncio.current_task()
        assert reader is not None
        frames = scope.get("extensions", {}).get(EXTENSION)
        outbox = _Outbox(reader.cancel) if frames is None else _Straight(frames)
        session = OrderSession(
            self._core,
            outbox.put,
            outbox.close,
            inner=self._inner,
            admit=lambda person: self._of(person) < SOCKETS_OF_ONE_MAX,
        )
        self._outboxes[outbox] = session
        deadline = None
        if not self._inner:
            deadline = asyncio.get_running_loop().call_later(SOCKET_TOKEN_SECONDS_MAX, session.demand_token)
        self._core.counted.sockets.set(len(self._outboxes))
        sender = asyncio.create_task(outbox.run(send))
        if frames is not None:
            frames.read_with(lambda message, packed: session.take(message, packed=packed))
        try:
            await self._read(receive, session, sender)
        except asyncio.CancelledError:
            if outbox.closing != TOO_SLOW:
                raise
            log.warning("slow", bytes=SOCKET_UNSENT_BYTES_MAX)
        finally:
            session.lost()
            if deadline is not None:
                deadline.cancel()
            self._outboxes.pop(outbox, None)
            self._core.counted.sockets.set(len(self._outboxes))
            sender.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await sender

    async def _read(self, receive: Receive, session: OrderSession, sender: asyncio.Task[None]) -> None:
        while not sender.done():
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            if text is not None:
                session.take(text, packed=False)
            else:
                session.take(message["bytes"], packed=True)
