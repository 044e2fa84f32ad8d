"""Many readers of the stream in one process: plain WebSocket over the stream's socket, each arrival timed and kept.

A reader is an `asyncio.Protocol` that reads frames itself: two thousand messages a second through a WebSocket library would
cost as much processor as the stream that is measured. It proves that its sequences have no gap, keeps the newest quote of each
book, and notes (reader, `as_of`, moment, books) of every message for the reckoning afterwards.
"""

import asyncio
import json
import time
from array import array
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10
_KEY: Final = b"dGhlIHNhbXBsZSBub25jZQ=="
_MARK: Final = b',"name"'
_SHORT, _LONG = 126, 127


class _Data(msgspec.Struct):
    quotes: list[msgspec.Raw] = []


class _Message(msgspec.Struct):
    op: str
    channel: str = ""
    sequence: int = 0
    as_of: int = 0
    data: _Data | None = None


_DECODER: Final = msgspec.json.Decoder(_Message)


@dataclass
class Arrivals:
    """Every message of quotes: one row each, and the books of all of them one after another."""

    reader: "array[int]" = field(default_factory=lambda: array("i"))
    as_of: "array[int]" = field(default_factory=lambda: array("q"))
    at_ns: "array[int]" = field(default_factory=lambda: array("q"))
    is_update: "array[int]" = field(default_factory=lambda: array("b"))
    count: "array[int]" = field(default_factory=lambda: array("i"))
    books: "array[int]" = field(default_factory=lambda: array("i"))
    names: dict[bytes, int] = field(default_factory=dict)
    """The beginning of a quote's JSON, its code and segment, to the number used in `books`."""
    gaps: int = 0
    bytes: int = 0


class Reader(asyncio.Protocol):
    """One connection: signs in, subscribes, listens. `stuck`: reads nothing behind its first snapshot's beginning."""

    def __init__(self, number: int, token: str, codes: list[str], kept: Arrivals, *, stuck: bool = False) -> None:
        self.number = number
        self.kept = kept
        self.newest: dict[int, bytes] = {}
        self.closed: int | None = None
        self.snapshot = asyncio.Event()
        self._token, self._codes, self._stuck = token, codes, stuck
        self._rest = b""
        self._open = False
        self._sequence = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(
            b"GET /stream/v1 HTTP/1.1\r\nHost: stream\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + _KEY + b"\r\n\r\n"
        )

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = self.closed or 1006

    def say(self, **message: object) -> None:
        self._frame(_TEXT, json.dumps(message).encode())

    def _frame(self, opcode: int, content: bytes) -> None:
        """A masked frame; the mask is zero, so that the content stands as it is."""
        size = len(content)
        head = bytes([0x80 | opcode]) + (
            bytes([0x80 | size]) if size < _SHORT else bytes([0x80 | _SHORT]) + size.to_bytes(2)
        )
        self.transport.write(head + bytes(4) + content)

    def data_received(self, data: bytes) -> None:
        now = time.time_ns()
        data = self._rest + data if self._rest else data
        at = 0
        if not self._open:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._rest = data
                return
            self._open = True
            at = end + 4
            self.say(op="auth", token=self._token)
            self.say(op="subscribe", channel="quotes", codes=self._codes)
            if self._stuck:
                self.transport.pause_reading()
                self.snapshot.set()
        while (found := _frame_at(data, at)) is not None:
            opcode, begin, at = found
            self._take(opcode, data[begin:at], now)
        self._rest = data[at:]

    def _take(self, opcode: int, content: bytes, now: int) -> None:
        if opcode == _PING:
            self._frame(_PONG, content)
        elif opcode == _CLOSE:
            self.closed = int.from_bytes(content[:2]) or 1005
        elif opcode == _TEXT:
            message = _DECODER.decode(content)
            if message.channel == "quotes" and message.data is not None:
                self._quotes(message, message.data, len(content), now)

    def _quotes(self, message: _Message, data: _Data, size: int, now: int) -> None:
        kept = self.kept
        kept.gaps += message.sequence != self._sequence + 1
        kept.bytes += size
        self._sequence = message.sequence
        for raw in data.quotes:
            quote = bytes(raw)
            name = quote[: quote.index(_MARK)]
            book = kept.names.setdefault(name, len(kept.names))
            self.newest[book] = quote
            kept.books.append(book)
        kept.reader.append(self.number)
        kept.as_of.append(message.as_of)
        kept.is_update.append(message.op == "update")
        kept.at_ns.append(now)
        kept.count.append(len(data.quotes))
        if message.op == "snapshot":
            self.snapshot.set()


def _frame_at(data: bytes, at: int) -> tuple[int, int, int] | None:
    """(opcode, begin, end) of the frame at a place; None if it is not whole. The stream sends none in parts."""
    if len(data) < at + 2:
        return None
    size, begin = data[at + 1], at + 2
    if size == _SHORT:
        size, begin = int.from_bytes(data[begin : begin + 2]), begin + 2
    elif size == _LONG:
        size, begin = int.from_bytes(data[begin : begin + 8]), begin + 8
    end = begin + size
    return (data[at] & 15, begin, end) if len(data) >= end and begin <= len(data) else None


async def connect(
    socket: Path, number: int, token: str, codes: list[str], kept: Arrivals, *, stuck: bool = False
) -> Reader:
    """A reader that has its snapshot."""
    loop = asyncio.get_running_loop()
    _, reader = await loop.create_unix_connection(lambda: Reader(number, token, codes, kept, stuck=stuck), str(socket))
    await asyncio.wait_for(reader.snapshot.wait(), 30)
    return reader
