"""`yunhai up`: the whole cloud on one machine, and nothing to install but the package."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import click

from yunhai.apps.cloud.errors import ALREADY_UP, NOT_MIGRATED, NOT_UP, PORT_TAKEN
from yunhai.apps.cloud.places import Places
from yunhai.kernel.errors import YunhaiError

PARTS: Final = ("core", "stream", "web", "reader", "origin")
STALE_SECONDS: Final = 10


@click.command("up")
@click.option("--home", type=click.Path(file_okay=False, path_type=Path), help="YUNHAI_HOME 資料夾.")
@click.option("--port", type=click.IntRange(1, 65535), default=8600, show_default=True, help="On localhost 本機連接埠.")
@click.option("--host", help="A host name: serve TLS to the network 以此主機名對外提供 TLS.")
@click.option("--certificate", type=click.Path(dir_okay=False, exists=True, path_type=Path), help="Of --host 憑證檔.")
@click.option("--key", type=click.Path(dir_okay=False, exists=True, path_type=Path), help="Of --certificate 私鑰檔.")
@click.option("--without", multiple=True, type=click.Choice(PARTS), help="Do not start this part 不啟動此部分.")
@click.option("--demo", is_flag=True, help="Allow the demo's sign-in links 允許示範登入連結.")
@click.option("--status", "status_wanted", is_flag=True, help="Say what is up, and end 顯示狀態.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object last 末行輸出 JSON.")
def command(
    home: Path | None,
    port: int,
    host: str | None,
    certificate: Path | None,
    key: Path | None,
    without: tuple[str, ...],
    demo: bool,
    status_wanted: bool,
    as_json: bool,
) -> int:
    """Start the whole cloud and keep it up 啟動雲海.

    PostgreSQL (embedded unless YUNHAI_DATABASE_URL says otherwise), core, stream, web, reader and the origin; Ctrl-C or
    SIGTERM stops all cleanly.
    """
    places = Places.at(home)
    if status_wanted:
        return tell_status(places, as_json=as_json)
    origin = f"https://{host}" + ("" if port in (443, 8600) else f":{port}") if host else f"http://localhost:{port}"
    run(places, origin=origin, certificate=certificate, key=key, without=without, demo=demo, say=said)
    if as_json:
        click.echo(json.dumps({"stopped": True, "home": str(places.home)}))
    return 0


def said(part: str, what: str) -> None:
    """One line of progress on standard error."""
    click.echo(f"  {time.strftime('%H:%M:%S')}  {part:<9} {what}", err=True)


def run(
    places: Places,
    *,
    origin: str,
    certificate: Path | None = None,
    key: Path | None = None,
    without: tuple[str, ...] = (),
    demo: bool = False,
    say: Callable[[str, str], None] = said,
    ready: Callable[[Any], None] | None = None,
) -> None:
    """Bring everything up, call `ready` once it is, keep it up until SIGTERM or Ctrl-C, and stop it.

    `ready` runs in a thread of its own while the parts are looked after, with the supervisor (the demo seeds and trades
    from there). ALREADY_UP, PORT_TAKEN, or whatever kept a part from starting.
    """
    from yunhai.apps.cloud.database_url import external
    from yunhai.apps.cloud.prepare import make_credentials, require_whole_address
    from yunhai.apps.cloud.supervisor import Supervisor

    places.make()
    with only_one(places):
        os.environ["YUNHAI_HOME"] = str(places.home)
        os.environ["YUNHAI_ORIGIN"] = origin
        if demo:
            os.environ["YUNHAI_DEMO"] = "1"
        require_whole_address()
        if "origin" not in without:
            _require_port(origin)
        make_credentials(places)
        server = None if external() else _database(places, say)
        try:
            _migrated(say)
            supervisor = Supervisor(parts(places, origin, certificate, key, without), places.status, say)
            supervisor.facts = {"origin": origin, "home": str(places.home), "demo": demo}
            with _signals(supervisor.request_stop):
                try:
                    if supervisor.start():
                        say("yunhai", f"up at {origin}")
                        if ready is not None:
                            threading.Thread(target=ready, args=(supervisor,), daemon=True).start()
                        supervisor.keep()
                finally:
                    supervisor.stop()
        finally:
            if server is not None:
                server.stop()
                say("postgres", "stopped")


def parts(
    places: Places, origin: str, certificate: Path | None, key: Path | None, without: tuple[str, ...]
) -> list[Any]:
    """The parts to keep up, in the order they start."""
    from yunhai.apps.cloud.origin import Door, caddyfile, program
    from yunhai.apps.cloud.supervisor import Part

    found = []
    sockets = {
        "core": places.core_socket,
        "stream": places.stream_socket,
        "web": places.web_socket,
        "reader": places.reader_socket,
    }
    for name, path in sockets.items():
        if name not in without:
            command = (sys.executable, "-m", "yunhai.apps.cli", name, "--home", str(places.home))
            found.append(Part(name=name, command=command, log=places.logs / f"{name}.log", socket=path))
    if "origin" not in without:
        door = Door(origin=origin, certificate=certificate, key=key)
        places.caddyfile.write_text(caddyfile(door, places))
        found.append(
            Part(
                name="origin",
                command=(program(), "run", "--adapter", "caddyfile", "--config", str(places.caddyfile)),
                log=places.logs / "origin.log",
                environment={
                    "XDG_DATA_HOME": str(places.home / "caddy"),
                    "XDG_CONFIG_HOME": str(places.home / "caddy"),
                },
                probe=lambda: _listens(door.port),
            )
        )
    return found


def _database(places: Places, say: Callable[[str, str], None]) -> Any:
    from yunhai.apps.cloud.database import Server

    server = Server.of(places)
    adopted = server.running()
    server.start()
    say("postgres", "taken over" if adopted else "ready")
    return server


def _migrated(say: Callable[[str, str], None]) -> None:
    """In a process of its own: as the migrator, whose rights nothing here keeps."""
    command = [sys.executable, "-m", "yunhai.apps.cli", "migrate", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["yunhai migrate"]
        raise YunhaiError(NOT_MIGRATED, reason=" | ".join(said[-4:]))
    count = json.loads(done.stdout.splitlines()[-1])["migrations"]
    say("database", f"migrated ({count})" if count else "up to date")


@contextmanager
def only_one(places: Places) -> Iterator[None]:
    """Hold the home's lock. ALREADY_UP if another `up` has it."""
    with places.lock.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise YunhaiError(ALREADY_UP) from None
        try:
            yield
        finally:
            places.status.unlink(missing_ok=True)


@contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    def asked(_number: int, _frame: object) -> None:
        stop()

    before = {number: signal.signal(number, asked) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _require_port(origin: str) -> None:
    from yunhai.apps.cloud.origin import Door

    port = Door(origin=origin).port
    if _listens(port):
        raise YunhaiError(PORT_TAKEN, port=port)


def tell_status(places: Places, *, as_json: bool) -> int:
    """Print what `up` last wrote. NOT_UP without one, or when it stopped writing."""
    try:
        found = json.loads(places.status.read_text())
    except (FileNotFoundError, ValueError):
        raise YunhaiError(NOT_UP) from None
    if time.time() - found["written_at"] > STALE_SECONDS:
        raise YunhaiError(NOT_UP)
    for name, part in found["parts"].items():
        click.echo(f"{name:<9} {part['state']:<9} pid {part['pid'] or '-':<8} restarts {part['restarts']}", err=as_json)
    click.echo(f"origin at {found['origin']}", err=as_json)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    return 0 if all(part["state"] == "ready" for part in found["parts"].values()) else 1
