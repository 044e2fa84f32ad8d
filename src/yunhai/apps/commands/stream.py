"""`yunhai stream`: quotes, fills and the pool over a WebSocket, read from the journal."""

from pathlib import Path

import click

from yunhai.apps.cloud.logs import configure
from yunhai.apps.cloud.places import Places, random_secret
from yunhai.apps.cloud.prepare import require_credential
from yunhai.apps.cloud.sockets import listen, socket_mode


@click.command("stream")
@click.option("--home", type=click.Path(file_okay=False, path_type=Path), help="YUNHAI_HOME 資料夾.")
@click.option("--public", "address", help="Socket or loopback port instead of run/stream.sock 公開端位址.")
@socket_mode
def command(home: Path | None, address: str | None, socket_mode: str) -> int:
    """Run the stream process 行情回報.

    Reads the journal; keeps nothing but the index's closing levels and what replays are made of. WebSockets /stream/v1 and
    /stream/v1/replay on run/stream.sock, /health, /ready, /metrics. It waits for a journal that is not there yet and goes on
    when the core starts again. SIGTERM ends it.
    """
    places = Places.at(home)
    places.make()
    configure("stream")
    import uvloop

    from yunhai.apps.cloud.replays import mount
    from yunhai.trading.stream.process import StreamSettings, serve

    settings = StreamSettings(
        journal=places.journal,
        snapshots=places.snapshots,
        token_public=require_credential(places, "token.pub"),
        door=places.credential("door.key", random_secret),
        inner=places.inner_socket,
        levels=places.home / "index" / "levels.json",
        scratch=places.home,
    )
    listener = listen(address, places.stream_socket, socket_mode)
    uvloop.run(serve(settings, [listener], compose=lambda stream: mount(stream, places)))
    return 0
