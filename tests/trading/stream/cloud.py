"""A core and a stream in one event loop, and a reader that is a plain WebSocket client."""

import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection, unix_connect

from tests.trading.core_harness import ANNE, Cloud, CoreHere, running
from yunhai.apps.cloud.places import Places
from yunhai.trading.http.listening import unix_socket
from yunhai.trading.stream.process import Stream, StreamSettings

PATIENCE_S = 60.0


def stream_of(places: Places) -> Stream:
    return Stream(
        StreamSettings(
            journal=places.journal,
            snapshots=places.snapshots,
            token_public=places.credential("token.pub"),
            inner=places.inner_socket,
        )
    )


@contextlib.asynccontextmanager
async def streaming(cloud: Cloud, *, ready: bool = True) -> AsyncIterator[Stream]:
    """Serve a stream on the home's socket."""
    stream = stream_of(cloud.places)
    listener = unix_socket(cloud.places.stream_socket, 0o666)
    serving = asyncio.create_task(stream.run([listener]))
    try:
        if ready:
            await until(lambda: stream.following.caught_up)
        yield stream
    finally:
        stream.stop.set()
        await serving


_PREPARED: dict[str, Path] = {}


async def prepared(home: Path, at: str = "09:05") -> None:
    """Make `home` one whose core was prepared, with its day open at `at`, and stopped. Prepared once, then copied."""
    if at not in _PREPARED:
        first = home.parent / f"prepared-{at.replace(':', '')}"
        async with running(first) as core:
            await asyncio.to_thread(core.prepare, at=at)
        _PREPARED[at] = first
    shutil.copytree(_PREPARED[at], home, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.sock"))


@contextlib.asynccontextmanager
async def both(home: Path, *, at: str = "09:05") -> AsyncIterator[tuple[CoreHere, Stream]]:
    """A prepared core and a stream that has caught up with it."""
    await prepared(home, at)
    async with running(home, snapshot=False) as core, streaming(core) as stream:
        yield core, stream


async def until(true: Any, seconds: float = PATIENCE_S) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - what is waited for is another part's plain state
            await asyncio.sleep(0.005)


@dataclass
class Reader:
    """One connection: keeps everything that came."""

    socket: ClientConnection
    got: list[dict[str, Any]] = field(default_factory=list)

    async def send(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def next(self, op: str | None = None, channel: str | None = None) -> dict[str, Any]:
        """The next message, of a kind if given; what comes before is kept too."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message: dict[str, Any] = json.loads(await self.socket.recv())
                self.got.append(message)
                if (op is None or message["op"] == op) and (channel is None or message.get("channel") == channel):
                    return message

    async def ask(self, op: str, **message: Any) -> dict[str, Any]:
        """Send, and the next message that is no update."""
        await self.send(op=op, **message)
        while (answer := await self.next())["op"] == "update":
            pass
        return answer

    async def closed(self) -> int:
        """Read to the end; the close code."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                while True:
                    self.got.append(json.loads(await self.socket.recv()))
            except websockets.ConnectionClosed as ended:
                return ended.rcvd.code if ended.rcvd else 0

    def codes(self) -> list[int]:
        """Numbers of the refusals that came."""
        return [message["error"]["code"] for message in self.got if message["op"] == "refused"]

    def of(self, channel: str, account: int | None = None) -> list[dict[str, Any]]:
        return [one for one in self.got if one.get("channel") == channel and one.get("account") == account]


@contextlib.asynccontextmanager
async def reading(cloud: Cloud, account: int | None = ANNE, **claims: Any) -> AsyncIterator[Reader]:
    """A connection, signed in unless `account` is None."""
    async with unix_connect(
        str(cloud.places.stream_socket),
        uri="ws://stream/stream/v1",
        max_size=None,
        compression=None,
        ping_interval=None,
    ) as socket:
        reader = Reader(socket)
        if account is not None:
            answer = await reader.ask("auth", token=cloud.token(account, **claims))
            assert answer["op"] == "authenticated", answer
        yield reader


def require_gapless(reader: Reader) -> None:
    """Each channel's sequence counts from 1 by 1."""
    counts: dict[tuple[Any, Any], int] = {}
    for message in reader.got:
        if message["op"] in ("snapshot", "update"):
            key = (message["channel"], message.get("account"))
            counts[key] = counts.get(key, 0) + 1
            assert message["sequence"] == counts[key], message
