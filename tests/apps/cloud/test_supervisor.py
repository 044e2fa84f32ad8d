"""The supervisor: starts in order, waits for ready, starts again what dies or hangs with growing pauses, stops all."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from yunhai.apps.cloud import supervisor as module
from yunhai.apps.cloud.asked import Answer, AskServer, ask
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
            unfit = os.path.exists(sys.argv[1] + ".unfit")
            self.send_response(503 if unfit else 200); self.end_headers()
            self.wfile.write(b"lost its way" if unfit else b"")
        def address_string(self): return "-"
        def log_message(self, *a): pass
    class Unix(socketserver.ThreadingUnixStreamServer): pass
    server = Unix(sys.argv[1], Ready)
    signal.signal(signal.SIGTERM, lambda *a: threading.Thread(target=server.shutdown).start())
    print("serving", flush=True)
    server.serve_forever()
    """
)


def part(folder: Path, name: str, *, code: str = SERVER, **more: Any) -> Part:
    socket = folder / f"{name}.sock"
    command = (sys.executable, "-c", code, str(socket))
    return Part(name=name, command=command, log=folder / f"{name}.log", socket=socket, **more)


@contextmanager
def kept_up(folder: Path, *parts: Part) -> Iterator[tuple[Supervisor, list[tuple[str, str]]]]:
    """A supervisor that keeps the parts, and what it said so far."""
    told: list[tuple[str, str]] = []
    keeper = Supervisor(parts, folder / "status.json", lambda *said: told.append(said))
    keeper.start()
    watching = threading.Thread(target=keeper.keep)
    watching.start()
    try:
        yield keeper, told
    finally:
        keeper.request_stop()
        watching.join()
        keeper.stop()


def wait_for(what: Callable[[], bool], seconds: float = 90) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if what():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.mark.full
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


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a minute is a second and a half here."""
    monkeypatch.setattr(module, "UNREADY_SECONDS", 1.5)
    monkeypatch.setattr(module, "GIVEN_UP_SECONDS", 0.5)
    monkeypatch.setattr(module, "PROBE_SECONDS", 0.2)


patient = partial(ask, timeout=60)
"""A part that is well may be slow to say so."""


@pytest.mark.full
@pytest.mark.usefixtures("hurried")
class TestAPartThatLivesAndIsNotReady:
    def test_one_that_says_so_is_ended_and_started_again(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "ask", patient)
        with kept_up(folder, part(folder, "one"), part(folder, "two")) as (keeper, told):
            first = keeper.kept[0].process
            unfit = folder / "one.sock.unfit"
            unfit.touch()
            assert wait_for(lambda: ("one", "ended with -15; again in 0.5 s") in told or keeper.kept[0].given_up == 1)
            unfit.unlink()
            assert wait_for(lambda: keeper.kept[0].restarts == 1 and keeper.kept[0].state == "ready")
            assert first is not None
            assert first.poll() is not None
            said = [what for name, what in told if name == "one"]
            assert said[:3] == [
                "ready",
                "unready: 503 lost its way",
                "not ready for 1.5 s, ending it: 503 lost its way",
            ]
            assert [what for name, what in told if name == "two"] == ["ready"], "the other one is left alone"
        status = json.loads((folder / "status.json").read_text())["parts"]["one"]
        assert (status["restarts"], status["given_up"]) == (1, 1)

    def test_one_that_hangs_and_hears_no_signal_is_killed(self, folder: Path) -> None:
        with kept_up(folder, part(folder, "one"), part(folder, "two")) as (keeper, told):
            first = keeper.kept[0].process
            assert first is not None
            os.kill(first.pid, signal.SIGSTOP)
            assert wait_for(lambda: keeper.kept[0].restarts == 1 and keeper.kept[0].state == "ready")
            assert keeper.kept[0].last_exit == -signal.SIGKILL
            assert ("one", "unready: no answer within 2 s") in told
            assert keeper.kept[1].restarts == 0

    @pytest.mark.full
    def test_one_is_left_alone_while_what_it_needs_is_not_ready(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "ask", patient)
        needy = part(folder, "needy", needs=("base",))
        base = Part(
            name="base",
            command=(),
            log=folder / "base.log",
            probe=lambda: Answer(not (folder / "away").exists(), "away"),
        )
        with kept_up(folder, base, needy) as (keeper, told):
            (folder / "away").touch()
            (folder / "needy.sock.unfit").touch()
            assert wait_for(lambda: [kept.state for kept in keeper.kept] == ["unready", "unready"])
            time.sleep(3)  # twice as long as it would be given
            assert [kept.state for kept in keeper.kept] == ["unready", "unready"]
            assert keeper.kept[1].given_up == 0
            (folder / "away").unlink()
            assert wait_for(lambda: keeper.kept[1].given_up == 1), "its time begins when what it needs is back"
            assert keeper.kept[0].restarts == 0, "nobody starts what is only watched"
            assert ("base", "unready: away") in told

    @pytest.mark.full
    def test_pauses_grow_from_one_time_to_the_next(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with kept_up(folder, part(folder, "one")) as (keeper, told):
            (folder / "one.sock.unfit").touch()
            monkeypatch.setattr(module, "UNREADY_SECONDS", 0.3)
            object.__setattr__(keeper.kept[0].part, "start_seconds", 0.3)
            assert wait_for(lambda: keeper.kept[0].given_up == 3)
            assert wait_for(lambda: keeper.kept[0].state == "waiting")
        pauses = [what.split("again in ")[1] for _, what in told if "again in" in what]
        assert pauses[:3] == ["0.5 s", "1 s", "2 s"]


def test_what_another_thread_started_outlives_it(folder: Path) -> None:
    """The kernel ends a part with the thread that started it: that must not be the one which keeps watch."""
    told: list[tuple[str, str]] = []
    keeper = Supervisor([part(folder, "one")], folder / "status.json", lambda *said: told.append(said))
    starting = threading.Thread(target=keeper.start)
    starting.start()
    starting.join()
    time.sleep(0.3)
    assert patient(folder / "one.sock") == Answer(True)
    keeper.stop()


@pytest.mark.full
def test_the_first_readiness_is_the_time_for_what_comes_then(folder: Path) -> None:
    seen: list[bool] = []
    first = part(folder, "first", then=lambda: seen.append((folder / "second.sock").exists()))
    with kept_up(folder, first, part(folder, "second")):
        assert seen == [False], "before the next one starts, once"
    broken = part(folder, "broken", then=lambda: (_ for _ in ()).throw(YunhaiError(7504, reason="no")))
    keeper = Supervisor([broken], folder / "status.json", lambda *_: None)
    with pytest.raises(YunhaiError) as refused:
        keeper.start()
    assert refused.value.code == 7504
    assert keeper.kept[0].process is None


@pytest.mark.full
def test_one_that_may_try_again_at_its_start_does(folder: Path) -> None:
    stumbling = 'import os, sys\nif not os.path.exists(sys.argv[1] + ".tried"):\n'
    stumbling += '    open(sys.argv[1] + ".tried", "w"); sys.exit("not yet")\n' + SERVER
    with kept_up(folder, part(folder, "one", code=stumbling, start_tries=2)) as (_, told):
        assert told == [("one", "ready")]


def test_the_supervisor_can_be_asked_itself(folder: Path) -> None:
    ready = True
    server = AskServer(folder / "up.sock", "up", lambda: {"part": "up", "ready": ready})
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        assert (folder / "up.sock").stat().st_mode & 0o077 == 0
        assert patient(folder / "up.sock") == patient(folder / "up.sock", "/health") == Answer(True)
        assert patient(folder / "up.sock", "/metrics").fit
        ready = False
        assert patient(folder / "up.sock") == Answer(False, '503 {"part": "up", "ready": false}')
        assert patient(folder / "up.sock", "/health").fit
    finally:
        server.shutdown()
        server.server_close()
    assert ask(folder / "up.sock").said.startswith("no answer")


def test_a_part_that_cannot_start_is_told_with_its_last_word_and_the_rest_is_stopped(folder: Path) -> None:
    bad = part(folder, "bad", code="import sys; print('no such thing', file=sys.stderr); sys.exit(3)")
    keeper = Supervisor([part(folder, "good"), bad], folder / "status.json", lambda *_: None)
    with pytest.raises(YunhaiError) as refused:
        keeper.start()
    assert refused.value.code == 7511
    assert refused.value.details["reason"] == "no such thing"
    assert keeper.kept[0].state == "stopped"


@pytest.mark.full
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


def test_a_part_that_will_not_stop_is_killed(folder: Path) -> None:
    stubborn = SERVER.replace(
        "signal.signal(signal.SIGTERM, lambda *a: threading.Thread(target=server.shutdown).start())",
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
    )
    told: list[str] = []
    keeper = Supervisor(
        [part(folder, "stubborn", code=stubborn, stop_seconds=0.3)],
        folder / "status.json",
        lambda _, what: told.append(what),
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
    assert wait_for(lambda: has_ended(child))


def has_ended(pid: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):  # it may go while it is looked at
        return "Z" in Path(f"/proc/{pid}/stat").read_text()
    return True


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
        for server in servers.values():
            named = [one for one in server["tls_connection_policies"] if "match" in one]
            assert [one["protocol_min"] for one in named] == ["tls1.3"]
            assert server["strict_sni_host"] is True
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
