"""The stream process: follow the journal, tick, answer on one socket, until told to stop."""

import asyncio
import contextlib
import gc
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import structlog
import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import STREAM_FAULTS_MAX, STREAM_MESSAGE_BYTES_MAX
from yunhai.trading.http.listening import quiet_server
from yunhai.trading.http.unix import unix_transport_async
from yunhai.trading.stream.app import Application
from yunhai.trading.stream.client import GOING_AWAY
from yunhai.trading.stream.counted import Counted
from yunhai.trading.stream.following import Following
from yunhai.trading.stream.hub import Hub
from yunhai.trading.stream.index import Levels
from yunhai.trading.tokens import Verifier
from yunhai.trading.trust.door import Door
from yunhai.trading.trust.mutual import Mutual

log: Final = structlog.get_logger("yunhai.stream")
POLL_S: Final = 0.01
"""How long the end of the journal is left alone."""
IDLE_SHARE: Final = 9
"""So many times longer than a look took it is left alone at least: waiting takes a tenth of a processor at most."""
TICK_S: Final = 0.1
"""Quotes go out ten times a second."""
AGAIN_S: Final = 0.5
GARBAGE_THRESHOLDS: Final = (50_000, 20, 1_000)
GRACE_S: Final = 3
"""How long a connection that ended may take to be closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSettings:
    """What a stream is started with. `inner`: the core's inner socket, asked for the pool; `token_public`: PEM; `door`: the
    origin's secret, b"": nobody comes by mutual TLS; `levels`: the file of the index's closing levels, None: in memory only;
    `scratch`: a folder for today's orders that are over, None: where the system keeps its temporary files."""

    journal: Path
    snapshots: Path
    token_public: bytes
    inner: Path | None = None
    door: bytes = b""
    levels: Path | None = None
    scratch: Path | None = None


class _WebSocket(WebSocketsSansIOProtocol):
    """A connection that is given up for good when its application has ended: a reader that does not read would keep a closed
    one, and what was not sent to it, for as long as it likes."""

    async def run_asgi(self) -> None:
        try:
            await super().run_asgi()
        finally:
            self.loop.call_later(GRACE_S, self.transport.abort)


class Stream:
    """One stream process's parts. `run` serves until `stop` is set."""

    def __init__(self, settings: StreamSettings, *, caught_up: Callable[[], object] = lambda: None) -> None:
        self.settings = settings
        self._caught_up = caught_up
        self.counted = Counted()
        self.following = Following(settings.journal, settings.snapshots, wall=time.time_ns, scratch=settings.scratch)
        self.levels = Levels(settings.levels)
        self.hub = Hub(self.following, Verifier(settings.token_public), time.time, self.counted, self.levels)
        self.application = Application(self.following, self.hub, self.counted)
        self.stop = asyncio.Event()

    async def run(self, sockets: list[socket.socket]) -> None:
        """Serve on `sockets`. YunhaiError 3003-3007 or 6440 if the journal cannot be read."""
        books = self.following
        guarded = Mutual(
            self.application,
            Door(self.settings.door),
            find=lambda sha256: books.books.interfaces.get(sha256.hex()),
            now_ms=lambda: int(time.time() * 1_000),
        )
        server = _server(guarded)
        serving = asyncio.create_task(server.serve(sockets=sockets))
        working = [asyncio.create_task(part) for part in (self._follow(), self._tick(), self._seconds())]
        stopping = asyncio.create_task(self.stop.wait())
        log.info("serving")
        done, _ = await asyncio.wait([serving, stopping, *working], return_when=asyncio.FIRST_COMPLETED)
        self.hub.close_all(GOING_AWAY)
        server.should_exit = True
        for task in (*working, stopping):
            task.cancel()
        await asyncio.gather(serving, *working, stopping, return_exceptions=True)
        for task in done:
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    async def _follow(self) -> None:
        while not await asyncio.to_thread(self.following.begin):  # noqa: ASYNC110 - no event tells that a journal is there
            await asyncio.sleep(AGAIN_S)
        await asyncio.to_thread(self._complete_levels)
        faults, settled = 0, False
        while True:
            used = time.thread_time()
            try:
                turn = self.following.step()
            except YunhaiError as error:
                faults += 1
                if not 3000 <= error.code < 4000 or faults > STREAM_FAULTS_MAX:
                    log.error("journal", reason=str(error), sequence=self.following.sequence)
                    raise
                log.warning("journal", reason=str(error), sequence=self.following.sequence)
                await asyncio.sleep(AGAIN_S)
                with contextlib.suppress(YunhaiError):
                    self.following.reopen()
                continue
            faults = 0
            if turn is None:
                if not settled:
                    settled = True
                    self._caught_up()
                used = time.thread_time() - used
                await asyncio.sleep(
                    min(AGAIN_S, max(POLL_S, IDLE_SHARE * used))
                )  # a closed journal's end is read twice
            else:
                self.hub.take(turn)
                await asyncio.sleep(0)

    def _complete_levels(self) -> None:
        """Closing levels of days before the one that is followed. Without them the index begins anew, and the log says so."""
        try:
            self.levels.complete(self.settings.journal, self.following.sequence)
        except YunhaiError as error:
            log.error("index", reason=str(error))

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + TICK_S, loop.time())
            await asyncio.sleep(due - loop.time())
            self.hub.tick(loop.time())

    async def _seconds(self) -> None:
        loop = asyncio.get_running_loop()
        transport = unix_transport_async(self.settings.inner) if self.settings.inner else None
        async with httpx.AsyncClient(transport=transport, base_url="http://core", timeout=1.0) as core:
            while True:
                await asyncio.sleep(1)
                if self.hub.pool_wanted and transport is not None:
                    self.hub.pool = await _pool(core)
                self.hub.second(loop.time())


async def _pool(core: httpx.AsyncClient) -> dict[str, Any] | None:
    """The core's view of its lines, None while it does not answer."""
    try:
        answer = await core.get("/pool")
        found = answer.json()["pool"] if answer.status_code == httpx.codes.OK else None
    except (httpx.HTTPError, ValueError, KeyError):
        return None
    return found if isinstance(found, dict) else None


def _settled() -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


def _server(application: Mutual) -> uvicorn.Server:
    return quiet_server(
        application,
        loop="uvloop",
        ws=_WebSocket,
        ws_max_size=STREAM_MESSAGE_BYTES_MAX,
        ws_per_message_deflate=False,
        ws_ping_interval=20,
        ws_ping_timeout=20,
        timeout_graceful_shutdown=GRACE_S,
    )


async def serve(
    settings: StreamSettings, sockets: list[socket.socket], *, compose: Callable[[Stream], object] = lambda _: None
) -> None:
    """Run until SIGTERM or SIGINT, after `compose` has mounted what else is served. Garbage is looked for rarely, and never
    among what was read at the start: a search through all orders of a day holds every reader up."""
    stream = Stream(settings, caught_up=_settled)
    compose(stream)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stream.stop.set)
    await stream.run(sockets)
