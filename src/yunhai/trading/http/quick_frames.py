"""WebSocket frames without ceremony: what nearly every frame is, taken and made in a microsecond or two.

uvicorn's protocol upon `websockets` spends some tens of microseconds on a message each way: a generator, a queue, a task's
turn, two system calls to pause and resume reading. But nearly every frame is a whole, masked message of a client that
is connected, or a whole answer. Those are read and written here. Everything else is left to the library, frame by frame
and as it came: the handshake, pings, closing, fragments, and whatever breaks a rule, which the library then refuses.

An application that finds `EXTENSION` in its scope's extensions may have messages given to it as they are read
(`read_with`), and write answers without waiting (`write`); else it gets and sends events as any ASGI application.
"""

import struct
from collections.abc import Callable
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.utils import apply_mask as apply_mask_slowly

from yunhai.kernel.limits import SOCKET_WAITING_MAX

try:
    from websockets.speedups import apply_mask
except ImportError:  # no compiled wheel for this machine
    apply_mask = apply_mask_slowly

EXTENSION: Final = "yunhai.frames"
Take = Callable[[str | bytes, bool], None]
"""(message, packed): the text of a text message, the bytes of a binary one."""

_TEXT: Final = 0x81
_BINARY: Final = 0x82
_MASKED: Final = 0x80
_LENGTH: Final = 0x7F
_OPCODE: Final = 0x0F
_FINAL: Final = 0x80
_CONTROL: Final = 8
_MASK_BYTES: Final = 4
_NO_MASK: Final = bytes(_MASK_BYTES)
_LONG: Final = struct.Struct("!BBQ")


class QuickFrames(WebSocketsSansIOProtocol):
    """A connection. The library sees the handshake and the frames that are not taken here, each whole."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._held = bytearray()
        self._requested = False
        self._library_only = False
        self._in_fragments = False
        self._take: Take | None = None

    # -- for the application ---------------------------------------------------------------------------------------

    def read_with(self, take: Take) -> None:
        """From now on give messages to `take`; what waits, at once."""
        self._take = take
        waiting = [self.queue.get_nowait() for _ in range(self.queue.qsize())]
        for event in waiting:
            if event["type"] != "websocket.receive":
                self.queue.put_nowait(event)
                continue
            text, content = event.get("text"), event.get("bytes") or b""
            self._give(content if text is None else text, packed=text is None)

    def write(self, message: bytes, *, packed: bool) -> int:
        """Send a message; how many bytes wait to be sent. Nothing is sent on a connection that ends."""
        if self.close_sent or self.disconnected or self.conn.state is not State.OPEN:
            return 0
        length, first = len(message), _BINARY if packed else _TEXT
        if length < 126:
            head = bytes((first, length))
        elif length < 1 << 16:
            head = bytes((first, 126, length >> 8, length & 0xFF))
        else:
            head = _LONG.pack(first, 127, length)
        self.transport.write(head + message)
        return self.transport.get_write_buffer_size()

    def cut_off(self) -> None:
        """End the connection at once; what waits to be sent is dropped."""
        self.transport.abort()

    # -- for uvicorn -----------------------------------------------------------------------------------------------

    def handle_connect(self, event: Request) -> None:
        """The handshake's request; the scope tells of the shorter way."""
        super().handle_connect(event)
        if self.handshake_initiated and not self.close_sent:
            self.scope["extensions"][EXTENSION] = self  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """The request first, which uvicorn hands over whole; then frames, which wait until it is answered."""
        if self._library_only:
            super().data_received(data)
            return
        if not self._requested:
            self._requested = True
            super().data_received(data)
            self._library_only = not self.handshake_initiated or self.conn.parser_exc is not None
            return
        self._held += data
        if self.handshake_complete:
            self._read()

    def send_receive_event_to_app(self) -> None:
        """A message that the library put together: the same way as the others, or they would overtake it."""
        content, self.frames = b"".join(self.frames), []
        self._message(self.curr_msg_data_type == "bytes", _NO_MASK, content)

    async def send(self, message: Any) -> None:
        """An event of the application. The first answers the handshake: what came early is read then."""
        await super().send(message)
        if self._held and self.handshake_complete:
            self._read()

    def _read(self) -> None:
        """Every frame that is whole."""
        held, size, at = self._held, len(self._held), 0
        while size - at >= 2:
            first, second = held[at], held[at + 1]
            length, start = second & _LENGTH, at + 2
            if length >= 126:
                start += 2 if length == 126 else 8
                if size < start:
                    break
                length = int.from_bytes(held[at + 2 : start], "big")
            if not second & _MASKED or length > self.config.ws_max_size:
                self._leave(bytes(held[at:]))
                return
            end = start + _MASK_BYTES + length
            if size < end:
                break
            if (first in (_TEXT, _BINARY)) and not self._in_fragments and self.conn.state is State.OPEN:
                self._message(
                    first == _BINARY, bytes(held[start : start + _MASK_BYTES]), bytes(held[end - length : end])
                )
            else:
                if first & _OPCODE < _CONTROL:
                    self._in_fragments = not first & _FINAL
                super().data_received(bytes(held[at:end]))
                if self.conn.parser_exc is not None:
                    self._leave(bytes(held[end:]))
                    return
            at = end
        del held[:at]

    def _leave(self, rest: bytes) -> None:
        """From here on everything is the library's."""
        self._library_only = True
        self._held.clear()
        if rest:
            super().data_received(rest)

    def _message(self, packed: bool, mask: bytes, content: bytes) -> None:
        if self.close_sent:
            return
        if mask != _NO_MASK:
            content = apply_mask(content, mask)
        if packed:
            self._give(content, packed=True)
            return
        try:
            text = content.decode()
        except UnicodeDecodeError:
            self.conn.send_close(CloseCode.INVALID_DATA)
            self.handle_parser_exception()
            return
        self._give(text, packed=False)

    def _give(self, message: str | bytes, *, packed: bool) -> None:
        if self._take is not None:
            try:
                self._take(message, packed)
            except Exception:
                self.logger.exception("Exception in ASGI application\n")
                self.transport.close()
            return
        self.queue.put_nowait({"type": "websocket.receive", "bytes" if packed else "text": message})  # type: ignore[arg-type]
        if not self.read_paused and self.queue.qsize() >= SOCKET_WAITING_MAX:
            self.read_paused = True
            self.transport.pause_reading()
