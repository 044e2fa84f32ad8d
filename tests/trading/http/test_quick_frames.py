"""`QuickFrames` against the library it stands in front of: the same bytes in give the same messages, answers and endings."""

import asyncio
import base64
import os
import random
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from websockets.utils import apply_mask

from yunhai.trading.http.listening import quiet_server, unix_socket
from yunhai.trading.http.quick_frames import EXTENSION, QuickFrames

pytestmark = pytest.mark.asyncio
TEXT, BINARY, CLOSE, PING, PONG, CONT = 1, 2, 8, 9, 10, 0
MOST = 70_000
"""Bytes of a message, in these tests."""


def frame(
    opcode: int, content: bytes = b"", *, final: bool = True, mask: bytes | None = b"\1\2\3\4", rsv: int = 0
) -> bytes:
    head = bytes(((0x80 if final else 0) | rsv | opcode,))
    masked = 0x80 if mask is not None else 0
    if len(content) < 126:
        head += bytes((masked | len(content),))
    elif len(content) < 1 << 16:
        head += struct.pack("!BH", masked | 126, len(content))
    else:
        head += struct.pack("!BQ", masked | 127, len(content))
    return head + (content if mask is None else mask + apply_mask(content, mask))


def closing(code: int) -> bytes:
    return frame(CLOSE, struct.pack("!H", code))


LAST = frame(PING, b"the last", mask=bytes(4))


@dataclass
class Seen:
    """What the application and the client saw of one connection."""

    taken: list[str | bytes] = field(default_factory=list)
    answered: list[tuple[int, bytes]] = field(default_factory=list)
    data: list[tuple[int, bytes]] = field(default_factory=list)


class Echo:
    """An application that echoes; `straight`: by the extension, where the server has it."""

    def __init__(self, *, straight: bool) -> None:
        self.straight = straight
        self.seen = Seen()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        seen = self.seen
        await receive()
        await send({"type": "websocket.accept"})
        frames = scope["extensions"].get(EXTENSION) if self.straight else None
        if frames is not None:

            def take(message: str | bytes, packed: bool) -> None:
                seen.taken.append(message)
                assert isinstance(message, bytes) is packed
                frames.write(message if isinstance(message, bytes) else message.encode(), packed=packed)

            frames.read_with(take)
        while (event := await receive())["type"] != "websocket.disconnect":
            text = event.get("text")
            seen.taken.append(event["bytes"] if text is None else text)
            await send({"type": "websocket.send"} | ({"bytes": event["bytes"]} if text is None else {"text": text}))

    async def talk(self, path: Path, chunks: list[bytes], *, ends: bool = False) -> Seen:
        """Send the chunks, one by one; read until everything is answered, or (`ends`) the server closes."""
        seen = self.seen = Seen()
        reader, writer = await asyncio.open_unix_connection(str(path))
        key = base64.b64encode(os.urandom(16)).decode()
        writer.write(
            "GET /x HTTP/1.1\r\nHost: core\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        for chunk in chunks if ends else [*chunks, LAST]:
            writer.write(chunk)
            await asyncio.sleep(0)
        everything_read = False
        while not (everything_read and len(seen.data) == len(seen.taken)):
            try:
                opcode, content = await asyncio.wait_for(received(reader), 60)
            except (asyncio.IncompleteReadError, ConnectionError):
                break
            if (opcode, content) == (PONG, LAST[-8:]):
                everything_read = True
                continue
            seen.answered.append((opcode, content[:2] if opcode == CLOSE else content))
            if opcode in (TEXT, BINARY):
                seen.data.append((opcode, content))
            if opcode == CLOSE:
                break
        writer.close()
        return seen


async def received(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readexactly(2)
    length = head[1]
    if length >= 126:
        length = int.from_bytes(await reader.readexactly(2 if length == 126 else 8), "big")
    return head[0] & 0x0F, await reader.readexactly(length)


@asynccontextmanager
async def served(path: Path, app: Any, protocol: Any) -> AsyncIterator[Path]:
    server = quiet_server(app, ws=protocol, ws_max_size=MOST, ws_per_message_deflate=False, timeout_graceful_shutdown=1)
    task = asyncio.create_task(server.serve(sockets=[unix_socket(path, 0o600)]))
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.005)
    try:
        yield path
    finally:
        server.should_exit = True
        await task


LONG = bytes(range(48, 122)) * 900
CASES = {
    "one text": [frame(TEXT, b"abc")],
    "no mask bytes": [frame(TEXT, b"abc", mask=b"\0\0\0\0")],
    "empty": [frame(TEXT), frame(BINARY)],
    "lengths": [frame(BINARY, LONG[:size]) for size in (125, 126, 127, 65_535, 65_536)],
    "many in one chunk": [b"".join(frame(TEXT, b"%d" % number) for number in range(100))],
    "byte by byte": [bytes((one,)) for one in frame(TEXT, b"x" * 130) + frame(BINARY, b"\xff\0")],
    "a frame cut in its head": [frame(TEXT, LONG[:300])[:3], frame(TEXT, LONG[:300])[3:] + frame(TEXT, b"next")],
    "fragments": [frame(TEXT, b"a", final=False), frame(CONT, b"b", final=False), frame(CONT, b"c"), frame(TEXT, b"d")],
    "a ping among fragments": [
        frame(TEXT, b"a", final=False) + frame(PING, b"?") + frame(CONT, b"b") + frame(TEXT, b"c")
    ],
    "ping and pong": [frame(PING, b"hello"), frame(PONG, b"unasked"), frame(TEXT, b"a")],
    "Chinese": [frame(TEXT, "雲海".encode())],
}
ENDING = {
    "a message among fragments": [frame(TEXT, b"a", final=False), frame(TEXT, b"b")],
    "a continuation of nothing": [frame(CONT, b"a")],
    "not masked": [frame(TEXT, b"a"), frame(TEXT, b"abc", mask=None)],
    "not masked, and nothing more": [frame(CLOSE, mask=None)],
    "a reserved bit": [frame(TEXT, b"abc", rsv=0x40)],
    "an unknown opcode": [frame(3, b"abc")],
    "too long": [frame(TEXT, b"a"), frame(BINARY, b"x" * (MOST + 1))],
    "not UTF-8": [frame(TEXT, b"a"), frame(TEXT, b"\xff\xfe")],
    "closed": [frame(TEXT, b"a"), closing(1000)],
    "closed, then more": [frame(TEXT, b"a") + closing(1001) + frame(TEXT, b"b")],
}


def controls(seen: Seen) -> list[tuple[int, bytes]]:
    """Closing frames and pongs."""
    return [one for one in seen.answered if one[0] not in (TEXT, BINARY)]


async def test_the_same_bytes_give_the_same(tmp_path: Path) -> None:
    library, events, straight = Echo(straight=False), Echo(straight=False), Echo(straight=True)
    async with (
        served(tmp_path / "l", library, "websockets-sansio") as at_library,
        served(tmp_path / "e", events, QuickFrames) as at_events,
        served(tmp_path / "s", straight, QuickFrames) as at_straight,
    ):
        for name, chunks in (CASES | ENDING).items():
            ends = name in ENDING
            wanted = await library.talk(at_library, chunks, ends=ends)
            assert any(opcode == CLOSE for opcode, _ in wanted.answered) is ends, name
            for echo, path in ((events, at_events), (straight, at_straight)):
                seen = await echo.talk(path, chunks, ends=ends)
                assert controls(seen) == controls(wanted), name
                if ends:  # what came just before may or may not have been taken when the connection ended
                    shorter, longer = sorted((seen.taken, wanted.taken), key=len)
                    assert shorter == longer[: len(shorter)], name
                else:
                    assert (seen.taken, seen.data) == (wanted.taken, wanted.data), name


async def test_however_a_stream_is_cut_it_says_the_same(tmp_path: Path) -> None:
    chance = random.Random(1)
    messages = [chance.randbytes(chance.choice((0, 3, 125, 126, 700, 66_000))) for _ in range(60)]
    stream = b"".join(frame(BINARY, one, mask=chance.randbytes(4)) for one in messages)
    cuts = sorted(chance.sample(range(len(stream)), 80))
    chunks = [stream[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    for straight in (False, True):
        echo = Echo(straight=straight)
        async with served(tmp_path / "q", echo, QuickFrames) as path:
            seen = await echo.talk(path, chunks)
        assert seen.taken == messages
        assert [content for _, content in seen.data] == messages
