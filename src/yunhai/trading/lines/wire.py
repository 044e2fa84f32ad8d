"""Lines on a wire: TLS 1.3 between the platform and the exchange, a connection for each line.

The platform proves itself by a certificate of profile line, whose subject names line and broker (`7A/9801`), and then logs in
with line, broker and password as ever: all four must be right, and say the same line. Outside there is one answer, 6300; why
stands in the log of the exchange's end. A certificate that is revoked or held ends its connection at the next frame.

`LineListener` is the exchange's end, around a `LineServer`; `WirePort` the platform's, an `ExchangePort` as the carriage wants
it. On the wire go frames of four bytes of length and msgpack. Whatever is no frame ends the connection; what was in flight is
asked for by number, as after any loss (docs/concepts/lines.md).
"""

import asyncio
import contextlib
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog
from asn1crypto import x509

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import LINE_FRAME_BYTES_MAX, LINE_LOGIN_SECONDS_MAX
from yunhai.trading.lines.errors import LOGIN_REFUSED
from yunhai.trading.lines.exchange_side import LineServer
from yunhai.trading.lines.frames import Answer, AnyFrame, Heartbeat, Known, Query, Submit
from yunhai.trading.trust.interface_errors import LINE_CERTIFICATE, LINE_FRAME, LINE_NOT_REACHED
from yunhai.trading.trust.mutual import Registered, require_alive

log: Final = structlog.get_logger("yunhai.lines")
LINE: Final = frozenset(("line",))
_LENGTH_BYTES: Final = 4


class Login(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """The first frame of the platform."""

    line: str
    broker: str
    password: str


class Welcome(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """The session begins."""


class Refused(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """It does not; the connection ends. `code` is always 6300."""

    code: int


_FRAMES: Final = msgspec.msgpack.Decoder(Submit | Answer | Query | Known | Heartbeat)
_FIRST: Final = msgspec.msgpack.Decoder(Login)
_REPLY: Final = msgspec.msgpack.Decoder(Welcome | Refused)
_ENCODER: Final = msgspec.msgpack.Encoder()

Find = Callable[[bytes], Registered | None]


def framed(value: Any) -> bytes:
    """A frame as it travels."""
    content = _ENCODER.encode(value)
    return len(content).to_bytes(_LENGTH_BYTES, "big") + content


async def _frame(source: asyncio.StreamReader) -> bytes:
    """The next frame's content. LINE_FRAME for one that is too long; IncompleteReadError at the end."""
    length = int.from_bytes(await source.readexactly(_LENGTH_BYTES), "big")
    if length > LINE_FRAME_BYTES_MAX:
        raise YunhaiError(LINE_FRAME)
    return await source.readexactly(length)


def server_context(certificate: Path, key: Path, chain: Path) -> ssl.SSLContext:
    """The exchange's end: TLS 1.3, nobody without a certificate under `chain` (PEM)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(chain)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(certificate: Path, key: Path, chain: Path) -> ssl.SSLContext:
    """The platform's end of one line: its certificate, and the exchange's checked with its host name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(chain)
    context.load_cert_chain(certificate, key)
    return context


def line_of(certificate: bytes) -> tuple[str, str]:
    """(line, broker) of a line's certificate, DER. LINE_CERTIFICATE where its subject names none."""
    try:
        named = x509.Certificate.load(certificate).subject.native.get("serial_number", "")
    except (ValueError, TypeError):
        raise YunhaiError(LINE_CERTIFICATE) from None
    line, _, broker = named.partition("/") if isinstance(named, str) else ("", "", "")
    if not line or not broker:
        raise YunhaiError(LINE_CERTIFICATE)
    return line, broker


@dataclass(slots=True)
class _Link:
    """A connection that logged in."""

    sink: asyncio.StreamWriter
    sha256: bytes


class LineListener:
    """The exchange's end. `find` gives the certificate of a SHA-256 as the journal's facts have it; everything is called in
    one loop, scrypt in a thread."""

    def __init__(
        self,
        server: LineServer,
        *,
        find: Find,
        now: Callable[[], int] = time.monotonic_ns,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._server = server
        self._find = find
        self._now = now
        self._wall_ms = wall_ms
        self._links: dict[str, _Link] = {}
        self._listening: asyncio.Server | None = None
        self.refused: dict[int, int] = {}
        """Logins refused, by the reason inside."""

    async def start(self, port: int, context: ssl.SSLContext, host: str = "127.0.0.1") -> int:
        """Listen; the port (0: one that is free)."""
        self._listening = await asyncio.start_server(
            self._came, host, port, ssl=context, ssl_handshake_timeout=LINE_LOGIN_SECONDS_MAX
        )
        found: int = self._listening.sockets[0].getsockname()[1]
        return found

    def stop(self) -> None:
        """End every connection and listen no more."""
        for line in list(self._links):
            self._hang_up(line)
        if self._listening is not None:
            self._listening.close()

    async def close(self) -> None:
        """`stop`, and wait for it."""
        self.stop()
        if self._listening is not None:
            await self._listening.wait_closed()

    @property
    def lines(self) -> tuple[str, ...]:
        """Lines that are logged in."""
        return tuple(self._links)

    async def _came(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        line = ""
        try:
            async with asyncio.timeout(LINE_LOGIN_SECONDS_MAX):
                line = await self._login(source, sink)
            if line:
                await self._serve(line, source, sink)
        except (OSError, asyncio.IncompleteReadError, TimeoutError, msgspec.MsgspecError, YunhaiError) as problem:
            log.info("line ended", line=line, reason=type(problem).__name__)
        finally:
            if line and (link := self._links.get(line)) is not None and link.sink is sink:
                self._hang_up(line)
            sink.close()

    async def _login(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> str:
        """The line that logged in, "" of a refusal, which has been answered."""
        said = _FIRST.decode(await _frame(source))
        session: ssl.SSLObject = sink.get_extra_info("ssl_object")
        certificate = session.getpeercert(binary_form=True) or b""
        reason, sha256 = self._certified(certificate, said)
        worked = await asyncio.to_thread(self._server.checked, said.line, said.broker, said.password)
        reason = reason or worked  # one scrypt is worked whatever is wrong
        if reason:
            self.refused[reason] = self.refused.get(reason, 0) + 1
            log.warning("line refused", line=said.line, code=reason)
            sink.write(framed(Refused(code=LOGIN_REFUSED)))
            await sink.drain()
            return ""
        if said.line in self._links:
            self._hang_up(said.line)
        self._server.resume(said.line, self._now())
        self._links[said.line] = _Link(sink, sha256)
        sink.write(framed(Welcome()))
        await sink.drain()
        return said.line

    def _certified(self, certificate: bytes, said: Login) -> tuple[int, bytes]:
        """(why the certificate is not this login's, or 0; its SHA-256)."""
        from yunhai.trading.trust.profiles import fingerprint

        sha256 = fingerprint(certificate)
        try:
            require_alive(self._find(sha256), self._wall_ms(), profiles=LINE)
            if line_of(certificate) != (said.line, said.broker):
                raise YunhaiError(LINE_CERTIFICATE)
        except YunhaiError as problem:
            return problem.code, sha256
        return 0, sha256

    async def _serve(self, line: str, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        link = self._links[line]
        while self._links.get(line) is link:
            frame = _FRAMES.decode(await _frame(source))
            require_alive(self._find(link.sha256), self._wall_ms(), profiles=LINE)
            if self._links.get(line) is not link:
                return
            self._server.send(line, frame, self._now())
            self.pump()
            await sink.drain()

    def pump(self) -> None:
        """What the server has to say, each on its line; and connections whose session it ended."""
        now = self._now()
        for line, frame in self._server.receive(now):
            if (link := self._links.get(line)) is not None:
                link.sink.write(framed(frame))
        for line in self._server.dropped(now):
            self._hang_up(line)

    def _hang_up(self, line: str) -> None:
        self._server.drop(line)
        link = self._links.pop(line, None)
        if link is not None:
            link.sink.close()


class WirePort:
    """The platform's end of all its lines: an `ExchangePort`. `context_of` gives a line's TLS context; `heard` is called when
    something has come, so that whoever carries takes a step."""

    def __init__(
        self,
        host: str,
        port: int,
        context_of: Callable[[str], ssl.SSLContext],
        *,
        server_name: str = "localhost",
        heard: Callable[[], None] = lambda: None,
    ) -> None:
        self._address = host, port
        self._context_of = context_of
        self._server_name = server_name
        self._heard = heard
        self._sinks: dict[str, asyncio.StreamWriter] = {}
        self._came: list[tuple[str, AnyFrame]] = []
        self._ended: list[str] = []
        self._reading: set[asyncio.Task[None]] = set()

    async def connect(self, line: str, broker: str, password: str) -> int:
        """Open a line's connection and log in: 0, or LOGIN_REFUSED. LINE_NOT_REACHED where there is no far end, or it does not
        take the certificate."""
        self.drop(line)
        try:
            async with asyncio.timeout(LINE_LOGIN_SECONDS_MAX):
                source, sink = await asyncio.open_connection(
                    *self._address, ssl=self._context_of(line), server_hostname=self._server_name
                )
                sink.write(framed(Login(line=line, broker=broker, password=password)))
                reply = _REPLY.decode(await _frame(source))
        except (OSError, asyncio.IncompleteReadError, TimeoutError, msgspec.MsgspecError) as problem:
            reason = type(problem).__name__
            raise YunhaiError(LINE_NOT_REACHED, line=line, reason=reason) from None
        if isinstance(reply, Refused):
            sink.close()
            return LOGIN_REFUSED
        self._sinks[line] = sink
        task = asyncio.get_running_loop().create_task(self._read(line, source, sink))
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)
        return 0

    async def _read(self, line: str, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, msgspec.MsgspecError, YunhaiError):
            while self._sinks.get(line) is sink:
                frame = _FRAMES.decode(await _frame(source))
                if self._sinks.get(line) is sink:
                    self._came.append((line, frame))
                    self._heard()
        if self._sinks.get(line) is sink:
            del self._sinks[line]
            self._ended.append(line)
            self._heard()
        sink.close()

    def move(self, host: str, port: int) -> None:
        """Where the far end listens from now on."""
        self._address = host, port

    def drop_all(self) -> None:
        """End every connection."""
        for line in list(self._sinks):
            self.drop(line)

    async def close(self) -> None:
        """End every connection, and wait for it."""
        self.drop_all()
        await asyncio.gather(*self._reading, return_exceptions=True)

    # -- ExchangePort --------------------------------------------------------------------------------------------------

    def login(self, line: str, broker: str, password: str, now: int) -> int:
        """A wire cannot be opened without waiting: `connect` does it, and then `Carriage.logged_in` begins the session."""
        return 0 if line in self._sinks else LOGIN_REFUSED

    def send(self, line: str, frame: AnyFrame, now: int) -> None:
        sink = self._sinks.get(line)
        if sink is not None and not sink.is_closing():
            sink.write(framed(frame))

    def ready(self) -> bool:
        return bool(self._came or self._ended)

    def receive(self, now: int) -> list[tuple[str, AnyFrame]]:
        came, self._came = self._came, []
        return came

    def dropped(self, now: int) -> list[str]:
        ended, self._ended = self._ended, []
        return ended

    def drop(self, line: str) -> None:
        sink = self._sinks.pop(line, None)
        if sink is not None:
            sink.close()
