"""Both sockets of the core in one event loop: the public one and the inner one (mode 0600)."""

import asyncio
import signal
import socket
from typing import Final

import structlog
import uvicorn
from starlette.types import ASGIApp

from yunhai.kernel.limits import BATCH_BYTES_MAX
from yunhai.trading.core.core import Core
from yunhai.trading.http.inner import inner_application
from yunhai.trading.http.listening import quiet_server
from yunhai.trading.http.public import public_application
from yunhai.trading.http.quick_frames import QuickFrames
from yunhai.trading.trust.door import Door
from yunhai.trading.trust.mutual import Mutual

log: Final = structlog.get_logger("yunhai.core")


def _server(app: ASGIApp) -> uvicorn.Server:
    return quiet_server(app, loop="uvloop", ws=QuickFrames, ws_max_size=BATCH_BYTES_MAX, ws_per_message_deflate=False)


async def serve(
    core: Core, public: list[socket.socket], inner: socket.socket, *, stop: asyncio.Event | None = None
) -> None:
    """Serve until `stop` (without one: SIGTERM or SIGINT); then answer what is under way and return."""
    if stop is None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    front, orders = public_application(core)
    back, inner_orders = inner_application(core)
    guarded = Mutual(
        front,
        Door(core.settings.door),
        find=lambda sha256: core.books.interfaces.get(sha256.hex()),
        now_ms=lambda: core.wall() // 1_000_000,
    )
    servers = [(_server(guarded), public), (_server(back), [inner])]
    tasks = [asyncio.create_task(server.serve(sockets=sockets)) for server, sockets in servers]
    stopping = asyncio.create_task(stop.wait())
    log.info("serving", mode=core.mode, sequence=core.appender.writer.submitted())
    await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
    await core.drain()
    for sockets in (orders, inner_orders):
        sockets.close_all()
    for server, _ in servers:
        server.should_exit = True
    await asyncio.gather(*tasks, return_exceptions=True)
    stopping.cancel()
