"""`yunhai core`: gate, lines, venue and journal in one process, on two Unix sockets of the home."""

import gc
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from yunhai.apps.cloud.logs import configure
from yunhai.apps.cloud.places import LINE_WIRE_VARIABLE, Places, random_secret
from yunhai.apps.cloud.prepare import require_credential
from yunhai.apps.cloud.sockets import listen, socket_mode
from yunhai.kernel.limits import SNAPSHOT_RECORDS
from yunhai.trading.core.clock import KINDS

if TYPE_CHECKING:
    from yunhai.trading.core.core import Core
    from yunhai.trading.core.line_wire import LineWire

CLOCK_VARIABLE: Final = "YUNHAI_CLOCK"
SWITCH_S: Final = 0.0005
"""How long a thread may keep Python's lock from another: the one that proves signatures and the one that waits for the
disk must not wait the usual 5 ms for the loop."""
GARBAGE_THRESHOLDS: Final = (20_000, 20, 1_000)
"""Rare looks for garbage: the core makes no cycles on the order's path, and the oldest generation is the day's orders,
which live till its end; looking through them would stop every order for 0.1 s."""


@click.command("core")
@click.option("--home", type=click.Path(file_okay=False, path_type=Path), help="YUNHAI_HOME 資料夾.")
@click.option("--public", "address", help="Socket or loopback port instead of run/core.sock 公開端位址.")
@socket_mode
@click.option(
    "--clock",
    type=click.Choice(KINDS),
    envvar=CLOCK_VARIABLE,
    default="live",
    show_default=True,
    help="Market time 市場時鐘.",
)
@click.option(
    "--line-wire",
    type=click.IntRange(1, 65535),
    envvar=LINE_WIRE_VARIABLE,
    help="Lines over TLS on this loopback port 線路走 TLS (credentials/lines/LINE.pem, .key).",
)
@click.option("--lift-line-caps", is_flag=True, help="Lines carry any rate 解除線路上限 (driver, bench).")
@click.option("--lift-rates", is_flag=True, help="No rate limits 解除流量上限 (driver, bench).")
@click.option(
    "--snapshot-records",
    type=click.IntRange(1_000),
    default=SNAPSHOT_RECORDS,
    show_default=True,
    help="Records between snapshots 快照間隔筆數.",
)
def command(
    home: Path | None,
    address: str | None,
    socket_mode: str,
    clock: str,
    line_wire: int | None,
    lift_line_caps: bool,
    lift_rates: bool,
    snapshot_records: int,
) -> int:
    """Run the core process 交易核心.

    The only writer of the journal. Public API on run/core.sock, operations on run/inner.sock (mode 0600). SIGTERM ends it
    cleanly, with a snapshot.
    """
    places = Places.at(home)
    places.make()
    configure("core")
    places.snapshots.mkdir(parents=True, exist_ok=True, mode=0o700)
    import uvloop

    from yunhai.trading.core.core import Core, CoreSettings
    from yunhai.trading.http.listening import unix_socket

    settings = CoreSettings(
        journal=places.journal,
        snapshots=places.snapshots,
        token_public=require_credential(places, "token.pub"),
        door=places.credential("door.key", random_secret),
        clock=next(kind for kind in KINDS if kind == clock),
        line_wire=_wire(places, line_wire),
        lift_line_caps=lift_line_caps,
        lift_rates=lift_rates,
        snapshot_records=snapshot_records,
    )
    sys.setswitchinterval(SWITCH_S)
    core = Core(settings)  # reads the journal; a second core is refused here (3001), before any socket is touched
    public = listen(address, places.core_socket, socket_mode)
    inner = unix_socket(places.inner_socket, 0o600)
    uvloop.run(_run(core, public, inner))
    return 0 if core.failed is None else 1


def _wire(places: Places, port: int | None) -> "LineWire | None":
    """Files of the trust process for the exchange's end, of the operator for the lines."""
    if port is None:
        return None
    from yunhai.trading.core.line_wire import LineWire

    trust = places.home / "trust"
    return LineWire(
        port=port,
        server=trust / "server.pem",
        server_key=trust / "server.key",
        chain=trust / "chain.pem",
        lines=places.credentials / "lines",
    )


async def _run(core: "Core", public: socket.socket, inner: socket.socket) -> None:
    from yunhai.trading.http.serve import serve

    if core.carrying is not None:
        await core.carrying.open()
    core.start()
    gc.collect()
    gc.freeze()  # what was read at the start is not looked at again for garbage
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    try:
        await serve(core, [public], inner)
    finally:
        await core.stop()
