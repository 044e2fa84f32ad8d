"""`yunhai web`: pages, the control plane's API and sign-in, on a Unix socket behind the origin."""

import os
from pathlib import Path
from typing import Final

import click

from yunhai.apps.cloud.logs import GRANIAN, configure
from yunhai.apps.cloud.places import Places
from yunhai.apps.cloud.prepare import make_credentials, require_whole_address
from yunhai.apps.cloud.sockets import socket_mode
from yunhai.kernel.limits import WEB_THREADS_MAX

THREADS: Final = 8
IDLE_SECONDS: Final = 600


@click.command("web")
@click.option("--home", type=click.Path(file_okay=False, path_type=Path), help="YUNHAI_HOME 資料夾.")
@click.option("--origin", help="The public address 對外位址 (http://localhost:8600).")
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Listen on this loopback port instead of the socket 改用連接埠."
)
@click.option(
    "--threads", type=click.IntRange(1, WEB_THREADS_MAX), default=THREADS, show_default=True, help="Threads 執行緒."
)
@socket_mode
def command(home: Path | None, origin: str | None, port: int | None, threads: int, socket_mode: str) -> int:
    """Serve pages and /api/v1 網站程序.

    Listens on run/web.sock of the home; with --port on 127.0.0.1, static files included, for working on pages without
    an origin. The database must be up and migrated (yunhai up does both).
    """
    places = Places.at(home)
    places.make()
    require_whole_address()
    make_credentials(places)
    os.environ["YUNHAI_HOME"] = str(places.home)
    os.environ["YUNHAI_ROLE"] = "app"
    os.environ["DJANGO_SETTINGS_MODULE"] = "yunhai.apps.cloud.settings"
    if origin:
        os.environ["YUNHAI_ORIGIN"] = origin
    elif port and "YUNHAI_ORIGIN" not in os.environ:
        os.environ["YUNHAI_ORIGIN"] = f"http://localhost:{port}"
    configure("web")
    serve(places, port, threads, mode=int(socket_mode, 8))
    return 0


def serve(places: Places, port: int | None, threads: int, *, mode: int) -> None:
    """Until a signal to stop. One worker process: sign-in limits are counted in its memory."""
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    common = {
        "interface": Interfaces.WSGI,
        "workers": 1,
        "blocking_threads": threads,
        "blocking_threads_idle_timeout": IDLE_SECONDS,
        "backpressure": 4 * threads,
        "respawn_failed_workers": True,
        "websockets": False,
        "log_level": LogLevels.error,
        "log_dictconfig": GRANIAN,
        "workers_kill_timeout": 10,
    }
    target = "yunhai.apps.cloud.wsgi:application"
    if port is None:
        places.web_socket.unlink(missing_ok=True)
        Server(target, uds=places.web_socket, uds_permissions=mode, **common).serve()  # type: ignore[arg-type]
        return
    from yunhai.apps.cloud.prepare import collect_static

    collect_static(places)
    static = {"static_path_route": ["/static"], "static_path_mount": [places.static]}
    Server(target, address="127.0.0.1", port=port, **static, **common).serve()  # type: ignore[arg-type]
