"""The core's lines on a wire: both ends in this process, and TLS 1.3 on a loopback port between them.

Off unless asked for (`yunhai core --line-wire PORT`): then no line is up without its certificate, its login and a connection. The
exchange's end takes an instruction only if it is, byte for byte, one that the core has just sent: whoever else holds a line's
certificate and password can log in, and hand in nothing.

After a restart no line comes back by itself, because nobody has its password any more: that is as it would be with a real
exchange, and unlike the carriage without a wire.
"""

import asyncio
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from yunhai.kernel.errors import YunhaiError
from yunhai.trading.lines.exchange_side import LineServer
from yunhai.trading.lines.wire import LineListener, WirePort, client_context, server_context
from yunhai.trading.trust.interface_errors import CERTIFICATE_NEEDED, LINE_FRAME

if TYPE_CHECKING:
    from yunhai.trading.core.core import Core

HOST: Final = "127.0.0.1"
SERVER_NAME: Final = "localhost"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineWire:
    """`port` 0: one that is free. `server`, `server_key`, `chain` PEM files of the exchange's end; `lines` the folder of the lines'
    own certificates and keys, `7A.pem` and `7A.key`."""

    port: int
    server: Path
    server_key: Path
    chain: Path
    lines: Path


class WiredLines:
    """The two ends. `open` begins to listen; everything else is called in the core's loop."""

    def __init__(self, core: "Core", server: LineServer, wire: LineWire) -> None:
        self._core = core
        self._wire = wire
        self._stepping = False
        self._going: dict[int, bytes] = {}
        self.listener = LineListener(
            server,
            find=lambda sha256: core.books.interfaces.get(sha256.hex()),
            wall_ms=lambda: core.wall() // 1_000_000,
        )
        self.port = WirePort(HOST, wire.port, self._context_of, server_name=SERVER_NAME, heard=self._heard)

    async def open(self) -> None:
        """Listen. OSError for a port that is taken or a file that is not there."""
        wire = self._wire
        port = await self.listener.start(wire.port, server_context(wire.server, wire.server_key, wire.chain), HOST)
        self.port.move(HOST, port)

    def close(self) -> None:
        """Hang up on both ends."""
        self.listener.stop()
        self.port.drop_all()

    async def connect(self, line: str, broker: str, password: str) -> int:
        """0, or the reason a login is refused with; LINE_NOT_REACHED is one."""
        try:
            return await self.port.connect(line, broker, password)
        except YunhaiError as problem:
            return problem.code
        except (OSError, ssl.SSLError):  # its certificate or key is not there
            return CERTIFICATE_NEEDED

    def sent(self, number: int, body: bytes) -> None:
        """An instruction goes out as these bytes."""
        self._going[number] = body

    def require_sent(self, number: int, body: bytes) -> None:
        """LINE_FRAME unless these are the bytes that went out under that number."""
        if self._going.get(number) != body:
            raise YunhaiError(LINE_FRAME)

    def answered(self, number: int) -> None:
        self._going.pop(number, None)

    def _context_of(self, line: str) -> ssl.SSLContext:
        folder = self._wire.lines
        return client_context(folder / f"{line}.pem", folder / f"{line}.key", self._wire.chain)

    def _heard(self) -> None:
        """Something has come: a step soon, one for all that comes meanwhile."""
        if not self._stepping:
            self._stepping = True
            asyncio.get_running_loop().call_soon(self._step)

    def _step(self) -> None:
        self._stepping = False
        core = self._core
        if core.failed is None and not core.stopping:
            core.send_on()
            core.arm()
