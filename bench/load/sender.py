"""The load: one connection for each broker, orders sent at their intended moments whatever comes back.

A process of its own. A frame is made before the run (masked with zeros: the mask is for middle boxes, not for servers), so
that sending is one write and the load takes as little of the machine as it can. An order's time runs from the moment it was
**meant** to be sent to the arrival of its acknowledgement.
"""

import asyncio
import base64
import bisect
import contextlib
import gc
import os
import re
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import uvloop
from numpy.typing import NDArray

from bench.load import flow

_ID = re.compile(rb'^\{"op":"(ack|refused)","id":(\d+)')
_CODE = re.compile(rb'"code":(\d+)')
TICK_S = 0.001
AHEAD_S = 1.0
SIGNING_A_SECOND = 9_000
"""Orders signed beforehand a second, roughly: the moment of sending must be known when they are signed."""


def frame(message: bytes) -> bytes:
    """A text frame of a client."""
    length = len(message)
    head = struct.pack("!BB", 0x81, 0x80 | length) if length < 126 else struct.pack("!BBH", 0x81, 0xFE, length)
    return head + bytes(4) + message


@dataclass
class Result:
    """`latency` in seconds by order, NaN where no answer came; `late`: how far behind the sender itself was, at most."""

    latency: NDArray[np.float64]
    refused: dict[int, int] = field(default_factory=dict)
    late: float = 0.0


class _Connection(asyncio.Protocol):
    """A WebSocket as far as this needs one."""

    def __init__(self, load: "Load", token: str) -> None:
        self.load = load
        self.token = token
        self.buffer = b""
        self.open = asyncio.Event()
        self.upgraded = False
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self.transport = transport  # type: ignore[assignment]
        key = base64.b64encode(os.urandom(16)).decode()
        self.transport.write(
            f"GET /trade/v1/ws HTTP/1.1\r\nHost: core\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        self.buffer += data
        if not self.upgraded:
            head, found, rest = self.buffer.partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head.split(b"\r\n")[0]:
                raise SystemExit(f"VOID: no WebSocket: {head[:200]!r}")
            self.upgraded, self.buffer = True, rest
            self.transport.write(frame(b'{"op":"auth","token":"%s"}' % self.token.encode()))
        buffer, at, size = self.buffer, 0, len(self.buffer)
        while size - at >= 2:
            length, start = buffer[at + 1], at + 2
            if length == 126:
                if size - at < 4:
                    break
                length, start = struct.unpack_from("!H", buffer, at + 2)[0], at + 4
            if size < start + length:
                break
            self.message(buffer[start : start + length], buffer[at] & 0x0F, now)
            at = start + length
        self.buffer = buffer[at:]

    def message(self, message: bytes, opcode: int, now: float) -> None:
        if opcode == 9:
            self.transport.write(bytes((0x8A, 0x80 | len(message))) + bytes(4) + message)
            return
        found = _ID.match(message)
        if found is None:
            if b'"authenticated"' not in message:
                raise SystemExit(f"VOID: {message[:300]!r}")
            self.open.set()
            return
        self.load.answered(int(found[2]), found[1] == b"ack", message, now)


class Load:
    """One run. `messages`: (broker, message) with ids 0, 1, …; `moments`: seconds after the beginning at which each is sent,
    ascending; without them evenly, `rate` a second."""

    def __init__(
        self,
        socket: str,
        tokens: dict[int, str],
        messages: list[tuple[int, bytes]],
        rate: float,
        moments: Sequence[float] | None = None,
    ) -> None:
        self.socket = socket
        self.tokens = tokens
        self.frames = [(broker, frame(message)) for broker, message in messages]
        self.moments = [place / rate for place in range(len(messages))] if moments is None else moments
        self.result = Result(np.full(len(messages), np.nan))
        self.left = len(messages)
        self.done = asyncio.Event()
        self.begin = 0.0

    def answered(self, number: int, ok: bool, message: bytes, now: float) -> None:
        self.result.latency[number] = now - (self.begin + self.moments[number])
        if not ok:
            code = int((_CODE.search(message) or [b"", b"0"])[1])
            self.result.refused[code] = self.result.refused.get(code, 0) + 1
        self.left -= 1
        if not self.left:
            self.done.set()

    async def run(self, begin_wall: float, patience_s: float = 20.0) -> Result:
        """Send from the wall time `begin_wall` on; wait for the answers."""
        loop = asyncio.get_running_loop()
        connections: dict[int, _Connection] = {}
        for broker, token in self.tokens.items():
            _, connection = await loop.create_unix_connection(lambda token=token: _Connection(self, token), self.socket)
            await asyncio.wait_for(connection.open.wait(), 10)
            connections[broker] = connection
        self.begin = time.perf_counter() + begin_wall - time.time()
        sent, count, frames = 0, len(self.frames), self.frames
        while sent < count:
            now = time.perf_counter()
            due = bisect.bisect_right(self.moments, now - self.begin, sent)
            if due > sent:
                self.result.late = max(self.result.late, now - (self.begin + self.moments[sent]))
            parts: dict[int, list[bytes]] = {}
            for broker, whole in frames[sent:due]:
                parts.setdefault(broker, []).append(whole)
            for broker, wholes in parts.items():
                connections[broker].transport.write(b"".join(wholes))
            sent = max(sent, due)
            await asyncio.sleep(TICK_S)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.done.wait(), patience_s)
        for connection in connections.values():
            connection.transport.close()
        return self.result


def run(socket: str, tokens: dict[int, str], *, rate: float, count: int, seed: int) -> Result:
    """Sign `count` orders beforehand, then send them at `rate`. All of it in this process."""
    begin = time.time() + count / SIGNING_A_SECOND + AHEAD_S
    messages = flow.orders(flow.traders(), count, rate=rate, begin_ms=int(begin * 1000), seed=seed)

    async def go() -> Result:
        return await Load(socket, tokens, messages, rate).run(max(begin, time.time() + AHEAD_S))

    gc.freeze()
    gc.disable()  # a pause here would be taken for the core's
    return uvloop.run(go())
