"""The probe's tries on the line server: who may not log in to the exchange. A right login is not among them: no password is
known here, and a line that is up must stay so."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from yunhai.apps.trust.probe import Holder, Try
from yunhai.kernel.errors import YunhaiError
from yunhai.trading.lines.wire import WirePort, client_context

INTERFACE: Final = "platform – exchange 平台－交易所"
REFUSED: Final = "6300"
NOT_REACHED: Final = "6842"
_NO_PASSWORD: Final = "not the password"  # noqa: S105 - that is what is tried


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTarget:
    """A line server on this machine, a line and its broker's code, and certificates issued for the tries: of this line, of another
    one, of a broker."""

    port: int
    chain: Path
    line: str
    broker: str
    own: Holder
    other: Holder
    of_broker: Holder


def tried(target: LineTarget) -> list[Try]:
    """The rows, in order."""
    return asyncio.run(_tried(target))


async def _tried(target: LineTarget) -> list[Try]:
    def certified(holder: Holder) -> ssl.SSLContext:
        return client_context(holder.certificate, holder.key, target.chain)

    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    bare.load_verify_locations(target.chain)
    old = certified(target.own)
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_2
    rows: tuple[tuple[str, str, str, ssl.SSLContext, str, str], ...] = (
        ("沒有憑證", "No certificate", NOT_REACHED, bare, target.line, target.broker),
        ("TLS 1.2", "TLS 1.2", NOT_REACHED, old, target.line, target.broker),
        ("密碼錯誤", "Wrong password", REFUSED, certified(target.own), target.line, target.broker),
        ("券商代號錯誤", "Wrong broker", REFUSED, certified(target.own), target.line, "0000"),
        ("沒有這條線路", "No such line", REFUSED, certified(target.own), "??", target.broker),
        ("另一線路的憑證", "Another line's certificate", REFUSED, certified(target.other), target.line, target.broker),
        ("券商介面的憑證", "A broker's certificate", REFUSED, certified(target.of_broker), target.line, target.broker),
    )
    found = []
    for zh, en, expected, context, line, broker in rows:
        began = time.monotonic()
        port = WirePort("127.0.0.1", target.port, _always(context))
        said = await _outcome(port.connect(line, broker, _NO_PASSWORD))
        await port.close()
        took = int((time.monotonic() - began) * 1_000)
        found.append(Try(interface=INTERFACE, zh=zh, en=en, expected=expected, found=said, milliseconds=took))
    return found


def _always(context: ssl.SSLContext) -> Callable[[str], ssl.SSLContext]:
    return lambda _: context


async def _outcome(login: Awaitable[int]) -> str:
    try:
        return str(await login)
    except YunhaiError as problem:
        return str(problem.code)
