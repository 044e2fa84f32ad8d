"""The supervisor: starts in order, waits for ready, starts again what dies with growing pauses, stops all."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from yunhai.apps.cloud import supervisor as module
from yunhai.apps.cloud.origin import Door, caddyfile, program
from yunhai.apps.cloud.places import Places
from yunhai.apps.cloud.supervisor import Part, Supervisor
from yunhai.apps.commands.up import only_one
from yunhai.kernel.errors import YunhaiError

SERVER = textwrap.dedent(
    """
    import http.server, os, signal, socketserver, sys, threading
    class Ready(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200); self.end_headers()
        def address_string(self): return "-"
        def log_message(self, *a): pass
    class Unix(socketserver.ThreadingUnixStreamServer): pass
    server = Unix(sys.argv[1], Ready)
    signal.signal(signal.SIGTERM, lambda *a: threading.Thread(target=server.shutdown).start())
    print("serving", flush=True)
    server.serve_forever()
    """
)


def part(folder: Path, name: str, *, code: str = SERVER) -> Part:
    socket = folder / f"{name}.sock"
    return Part(name=name, command=(sys.executable, "-c", code, str(socket)), log=folder / f"{name}.log", socket=socket)


def wait_for(what: Callable[[], bool], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if what():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def test_parts_start_in_order_are_kept_up_and_stop_in_reverse(folder: Path) -> None:
    told: list[tuple[str, str]] = []
    keeper = Supervisor(
        [part(folder, "one"), part(folder, "two")], folder / "status.json", lambda *said: told.append(said)
    )
    keeper.start()
    assert told == [("one", "ready"), ("two", "ready")]
    watching = threading.Thread(target=keeper.keep)
    watching.start()
    try:
        first = keeper.kept[0].process
        assert first is not None
        os.kill(first.pid, signal.SIGKILL)
        assert wait_for(lambda: ("one", "restarting (1)") in told and keeper.kept[0].state == "ready")
        status = json.loads((folder / "status.json").read_text())
        assert status["parts"]["one"]["restarts"] == 1
        assert status["parts"]["one"]["last_exit"] == -signal.SIGKILL
        assert status["parts"]["two"]["restarts"] == 0
        assert status["parts"]["one"]["pid"] not in (None, first.pid)
    finally:
        keeper.request_stop()
        watching.join()
        keeper.stop()
    assert told[-2:] == [("two", "stopped"), ("one", "stopped")]
    assert all(kept.process is None and kept.last_exit in (0, -signal.SIGTERM) for kept in keeper.kept)


def test_a_part_that_cannot_start_is_told_with_its_last_word_and_the_rest_is_stopped(folder: Path) -> None:
    bad = part(folder, "bad", code="import sys; print('no such thing', file=sys.stderr); sys.exit(3)")
    keeper = Supervisor([part(folder, "good"), bad], folder / "status.json", lambda *_: None)
    with pytest.raises(YunhaiError) as refused:
        keeper.start()
    assert refused.value.code == 7511
    assert refused.value.details["reason"] == "no such thing"
    assert keeper.kept[0].state == "stopped"


def test_pauses_grow_to_their_bound(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    keeper = Supervisor([part(folder, "bad", code="")], folder / "status.json", lambda _, what: told.append(what))
    kept = keeper.kept[0]
    now = [1_000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    pauses = []
    keeper._launch(kept)
    for _ in range(9):
        assert kept.process is not None
        kept.process.wait()
        keeper._look_after(kept)
        pauses.append(kept.again_at - now[0])
        now[0] = kept.again_at - 0.01
        keeper._look_after(kept)
        assert kept.process is None, "not before its time"
        now[0] = kept.again_at
        keeper._look_after(kept)
    keeper.stop()
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_a_part_that_will_not_stop_is_killed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STOP_SECONDS", 0.3)
    stubborn = SERVER.replace(
        "signal.signal(signal.SIGTERM, lambda *a: threading.Thread(target=server.shutdown).start())",
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
    )
    told: list[str] = []
    keeper = Supervisor(
        [part(folder, "stubborn", code=stubborn)], folder / "status.json", lambda _, what: told.append(what)
    )
    keeper.start()
    keeper.stop()
    assert told == ["ready", "killed: it did not stop", "stopped"]


def test_parts_end_when_their_supervisor_is_killed(folder: Path) -> None:
    """The kernel asks them to."""
    code = textwrap.dedent(
        f"""
        import sys, time
        from pathlib import Path
        sys.path.insert(0, {str(Path(__file__).parents[3])!r})
        from tests.apps.cloud.test_supervisor import part
        from yunhai.apps.cloud.supervisor import Supervisor
        keeper = Supervisor([part(Path({str(folder)!r}), "one")], Path({str(folder / "status.json")!r}), print)
        keeper.start()
        print(keeper.kept[0].process.pid, flush=True)
        time.sleep(60)
        """
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "one ready\n"
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    assert wait_for(lambda: not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text())


def test_two_cannot_be_up_at_one_home(tmp_path: Path) -> None:
    places = Places(tmp_path)
    places.make()
    with only_one(places):
        with pytest.raises(YunhaiError) as refused, only_one(places):
            pass
        assert refused.value.code == 7510
    with only_one(places):
        pass


@pytest.mark.parametrize(
    "door",
    [
        Door(origin="http://localhost:8600"),
        Door(origin="https://yunhai.example"),
        Door(origin="https://yunhai.example:8443", certificate=Path("/etc/c.pem"), key=Path("/etc/k.pem")),
    ],
    ids=["localhost", "host", "own certificate"],
)
def test_caddy_understands_its_configuration(tmp_path: Path, door: Door) -> None:
    file = tmp_path / "Caddyfile"
    file.write_text(caddyfile(door, Places(tmp_path)))
    done = subprocess.run(
        [program(), "adapt", "--adapter", "caddyfile", "--config", str(file)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert made["admin"]["disabled"] is True
    servers = made["apps"]["http"]["servers"]
    listens = [address for server in servers.values() for address in server["listen"]]
    if door.local:
        assert all("127.0.0.1" in address or "[::1]" in address for address in listens)
        assert "Strict-Transport-Security" not in done.stdout
    else:
        assert "Strict-Transport-Security" in done.stdout
    for place in ("core.sock", "stream.sock", "web.sock"):
        assert place in done.stdout
    assert "inner.sock" not in done.stdout


def test_asked_to_stop_while_starting_it_starts_no_more(folder: Path) -> None:
    told: list[tuple[str, str]] = []
    keeper = Supervisor(
        [part(folder, "one"), part(folder, "two")], folder / "status.json", lambda *said: told.append(said)
    )
    keeper.request_stop()
    assert keeper.start() is False
    keeper.stop()
    assert ("two", "ready") not in told
    assert all(kept.process is None for kept in keeper.kept)
