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
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from yunhai.apps.cloud.errors import ALREADY_UP, NOT_MIGRATED, NOT_UP, PORT_TAKEN
from yunhai.apps.cloud.places import LINE_WIRE_VARIABLE, Places
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import CORE_START_SECONDS_MAX, LOG_BYTES_MAX, PART_START_SECONDS_MAX

if TYPE_CHECKING:
    from yunhai.apps.cloud.supervisor import Part, Supervisor

PARTS: Final = ("trust", "core", "stream", "web", "reader", "origin")
STALE_SECONDS: Final = 10


@click.command("up")
@click.option("--home", type=click.Path(file_okay=False, path_type=Path), help="YUNHAI_HOME 資料夾.")
@click.option("--port", type=click.IntRange(1, 65535), default=8600, show_default=True, help="On localhost 本機連接埠.")
@click.option("--host", help="A host name: serve TLS to the network 以此主機名對外提供 TLS.")
@click.option("--certificate", type=click.Path(dir_okay=False, exists=True, path_type=Path), help="Of --host 憑證檔.")
@click.option("--key", type=click.Path(dir_okay=False, exists=True, path_type=Path), help="Of --certificate 私鑰檔.")
@click.option(
    "--mutual", type=click.IntRange(1, 65535), help="A second port: TLS 1.3 with client certificates 雙向 TLS 連接埠."
)
@click.option(
    "--line-wire",
    type=click.IntRange(1, 65535),
    envvar=LINE_WIRE_VARIABLE,
    help="Lines over TLS on this loopback port 線路走 TLS 的連接埠.",
)
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
    mutual: int | None,
    line_wire: int | None,
    without: tuple[str, ...],
    demo: bool,
    status_wanted: bool,
    as_json: bool,
) -> int:
    """Start the whole cloud and keep it up 啟動雲海.

    PostgreSQL (embedded unless YUNHAI_DATABASE_URL says otherwise), trust, core, stream, web, reader and the origin; Ctrl-C or
    SIGTERM stops all cleanly.
    """
    places = Places.at(home)
    if status_wanted:
        return tell_status(places, as_json=as_json)
    origin = f"https://{host}" + ("" if port in (443, 8600) else f":{port}") if host else f"http://localhost:{port}"
    run(
        places,
        origin=origin,
        certificate=certificate,
        key=key,
        mutual=mutual or 0,
        line_wire=line_wire or 0,
        without=without,
        demo=demo,
        say=said,
    )
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
    mutual: int = 0,
    line_wire: int = 0,
    without: tuple[str, ...] = (),
    demo: bool = False,
    say: Callable[[str, str], None] = said,
    ready: Callable[[Any], None] | None = None,
) -> None:
    """Bring everything up, call `ready` once it is, keep it up until SIGTERM or Ctrl-C, and stop it.

    `ready` runs in a thread of its own while the parts are looked after, with the supervisor (the demo seeds and trades
    from there). ALREADY_UP, PORT_TAKEN, or whatever kept a part from starting.
    """
    from yunhai.apps.cloud.prepare import make_credentials, require_whole_address
    from yunhai.apps.cloud.supervisor import Supervisor

    places.make()
    with only_one(places), _told(places, say) as tell:
        os.environ["YUNHAI_HOME"] = str(places.home)
        os.environ["YUNHAI_ORIGIN"] = origin
        if demo:
            os.environ["YUNHAI_DEMO"] = "1"
        require_whole_address()
        if "origin" not in without:
            _require_port(origin)
            _require_authority(places, mutual)
        if "core" not in without:
            _require_authority(places, line_wire)
            if line_wire:
                os.environ[LINE_WIRE_VARIABLE] = str(line_wire)
        make_credentials(places)
        database = _database(places, lambda: _migrated(tell))
        supervisor = Supervisor(
            [database, *parts(places, origin, certificate, key, without, database.name, mutual=mutual)],
            places.status,
            tell,
        )
        supervisor.facts = {
            "origin": origin,
            "home": str(places.home),
            "demo": demo,
            "mutual": mutual,
            "line_wire": line_wire,
        }
        with _signals(supervisor.request_stop), _asked(places, supervisor):
            try:
                if supervisor.start():
                    tell("yunhai", f"up at {origin}")
                    if ready is not None:
                        threading.Thread(target=ready, args=(supervisor,), daemon=True).start()
                    supervisor.keep()
            finally:
                supervisor.stop()


def parts(
    places: Places,
    origin: str,
    certificate: Path | None,
    key: Path | None,
    without: tuple[str, ...],
    database: str,
    *,
    mutual: int = 0,
) -> list["Part"]:
    """The parts to keep up after the one called `database`, in the order they start."""
    from yunhai.apps.cloud.origin import Door, answer, caddyfile, program
    from yunhai.apps.cloud.supervisor import Part

    found = []
    needs = {"web": (database,), "reader": (database,)}
    start_seconds = {"core": CORE_START_SECONDS_MAX}
    sockets = {
        "trust": places.run / "trust.sock",
        "core": places.core_socket,
        "stream": places.stream_socket,
        "web": places.web_socket,
        "reader": places.reader_socket,
    }
    for name, path in sockets.items():
        if name not in without:
            command = (sys.executable, "-m", "yunhai.apps.cli", name, "--home", str(places.home))
            found.append(
                Part(
                    name=name,
                    command=command,
                    log=places.logs / f"{name}.log",
                    socket=path,
                    needs=needs.get(name, ()),
                    start_seconds=start_seconds.get(name, PART_START_SECONDS_MAX),
                )
            )
    if "origin" not in without:
        door = Door(origin=origin, certificate=certificate, key=key, mutual=mutual)
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
                probe=lambda: answer(door),
            )
        )
    return found


def _database(places: Places, then: Callable[[], None]) -> "Part":
    """The embedded server, or somebody else's, which is only watched. `then`: once it answers."""
    from yunhai.apps.cloud.database import Server, answer
    from yunhai.apps.cloud.database_url import external
    from yunhai.apps.cloud.supervisor import Part

    log = places.logs / "postgres.log"
    if external():
        return Part(name="database", command=(), log=log, probe=lambda: answer(places), then=then)
    return Server.of(places).part(log, then=then)


def _migrated(say: Callable[[str, str], None]) -> None:
    """In a process of its own: as the migrator, whose rights nothing here keeps."""
    command = [sys.executable, "-m", "yunhai.apps.cli", "migrate", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, start_new_session=True)
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
def _told(places: Places, say: Callable[[str, str], None]) -> Iterator[Callable[[str, str], None]]:
    """What says a thing to whoever looks on, and to `logs/up.log`."""
    import structlog

    from yunhai.apps.cloud.logs import configure

    file = places.logs / "up.log"
    if file.exists() and file.stat().st_size > LOG_BYTES_MAX:
        file.replace(file.with_suffix(".log.1"))
    with file.open("a", encoding="utf-8", buffering=1) as log, ExitStack() as after:
        configure("up", log)
        after.callback(configure, "up")  # what is said later goes to the screen again
        logger = structlog.get_logger("up")

        def tell(part: str, what: str) -> None:
            logger.info(what, of=part)
            say(part, what)

        yield tell


@contextmanager
def _asked(places: Places, supervisor: "Supervisor") -> Iterator[None]:
    """`run/up.sock` answers while this goes on."""
    from yunhai.apps.cloud.asked import AskServer

    def state() -> dict[str, Any]:
        states = {kept.part.name: kept.state for kept in supervisor.kept}
        return {"part": "up", "ready": supervisor.all_ready(), "parts": states}

    server = AskServer(places.up_socket, "up", state)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        places.up_socket.unlink(missing_ok=True)


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


def _require_authority(places: Places, port: int) -> None:
    """A free port, and a CA whose certificates it takes, where one is asked for: PORT_TAKEN, 6800."""
    if port and _listens(port):
        raise YunhaiError(PORT_TAKEN, port=port)
    if port and not (places.home / "trust" / "root.cer").is_file():
        from yunhai.trading.trust.process_errors import CA_MISSING

        raise YunhaiError(CA_MISSING)


def tell_status(places: Places, *, as_json: bool) -> int:
    """Print what `up` last wrote. NOT_UP without one, or when it stopped writing."""
    try:
        found = json.loads(places.status.read_text())
    except (FileNotFoundError, ValueError):
        raise YunhaiError(NOT_UP) from None
    if time.time() - found["written_at"] > STALE_SECONDS:
        raise YunhaiError(NOT_UP)
    for name, part in found["parts"].items():
        line = f"{name:<9} {part['state']:<9} pid {part['pid'] or '-':<8} restarts {part['restarts']}"
        click.echo(line + (f"  {part['reason']}" if part["reason"] else ""), err=as_json)
    click.echo(f"origin at {found['origin']}", err=as_json)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    return 0 if all(part["state"] == "ready" for part in found["parts"].values()) else 1
