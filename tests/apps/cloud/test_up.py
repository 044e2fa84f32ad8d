"""`yunhai up` as a user runs it: everything answers through one port, what is killed comes back, and it stops cleanly."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.apps.ports import free_port
from yunhai.apps.cloud import supervisor
from yunhai.journal.reader import Reader
from yunhai.trading.facts import CellSet, decode
from yunhai.trading.http.unix import unix_transport

pytestmark = pytest.mark.full


@dataclass
class Cloud:
    """A running `yunhai up`."""

    home: Path
    port: int
    process: "subprocess.Popen[str]"

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.home / "run" / "status.json").read_text())
        return found

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://localhost:{self.port}{path}", timeout=60, trust_env=False)

    def wait_ready(self, part: str, *, not_pid: int = 0, seconds: float = 180) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found: dict[str, Any] = self.status()["parts"][part]
            if found["state"] == "ready" and found["pid"] not in (None, not_pid):
                return found
            time.sleep(0.2)
        raise AssertionError(f"{part} is not ready: {found}")


def bring_up(home: Path, port: int) -> "subprocess.Popen[str]":
    """`yunhai up` until it says that all is up."""
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    process = subprocess.Popen(
        [sys.executable, "-m", "yunhai.apps.cli", "up", "--home", str(home), "--port", str(port), "--demo"],
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if "up at" in line:
            break
    assert "up at" in said[-1], "".join(said)
    return process


@pytest.fixture(scope="module")
def cloud(postgres_server: Any) -> Iterator[Cloud]:
    home = Path(tempfile.mkdtemp(prefix="yunhai-up-"))
    home.chmod(0o711)
    port = free_port()
    found = Cloud(home, port, bring_up(home, port))
    yield found
    process = found.process
    assert process.stderr is not None
    process.send_signal(signal.SIGTERM)
    rest = process.stderr.read()
    assert process.wait(180) == 0, rest
    assert "postgres  stopped" in rest
    shutil.rmtree(home, ignore_errors=True)


def test_everything_answers_through_one_port(cloud: Cloud) -> None:
    assert set(cloud.status()["parts"]) == {"postgres", "trust", "core", "stream", "web", "reader", "origin"}
    assert cloud.get("/account/login/").status_code == 200
    assert cloud.get("/api/v1/me").json()["error"]["code"] == 7001
    assert cloud.get("/trade/v1/rejects").json()["mode"] == "simulated"
    assert cloud.get("/trade/v1/limits").status_code == 401
    assert cloud.get("/static/shell/shell.css").status_code == 200
    assert [cloud.get(path).status_code for path in ("/health", "/ready", "/metrics")] == [404] * 3


PARTS = ("postgres", "trust", "core", "stream", "web", "reader", "origin")


@pytest.mark.parametrize("part", ["web", "reader", "stream", "core", "origin", "postgres"])
def test_a_killed_part_comes_back(cloud: Cloud, part: str) -> None:
    pid = cloud.wait_ready(part)["pid"]
    others = {name: cloud.wait_ready(name)["pid"] for name in PARTS if name != part}
    os.kill(pid, signal.SIGKILL)
    again = cloud.wait_ready(part, not_pid=pid)
    assert again["last_exit"] == -signal.SIGKILL
    for name, other in others.items():
        assert cloud.wait_ready(name)["pid"] == other, f"{name} did not have to be started again"
    assert cloud.get("/account/login/").status_code == 200
    assert cloud.get("/trade/v1/rejects").status_code == 200


def test_parts_that_hang_are_ended_and_come_back(cloud: Cloud) -> None:
    """Stopped processes answer nobody and hear no signal but the last: all of them at once, the database too."""
    before = {name: cloud.wait_ready(name) for name in PARTS}
    for found in before.values():
        os.killpg(found["pid"], signal.SIGSTOP)
    for name, found in before.items():
        again = cloud.wait_ready(name, not_pid=found["pid"], seconds=360)
        assert again["given_up"] == found["given_up"] + 1, name
        assert again["last_exit"] == -signal.SIGKILL, name
    assert cloud.get("/account/login/").status_code == 200
    assert cloud.get("/trade/v1/rejects").status_code == 200
    told = [json.loads(line) for line in (cloud.home / "logs" / "up.log").read_text().splitlines()]
    assert {one["of"] for one in told if "ending it" in one["event"]} == set(PARTS)
    transport = unix_transport(cloud.home / "run" / "up.sock")
    with httpx.Client(transport=transport, base_url="http://up", timeout=60) as up:
        until = time.monotonic() + 180
        while not up.get("/ready").json()["ready"] and time.monotonic() < until:
            time.sleep(0.2)
        assert up.get("/ready").json()["ready"] is True
        metrics = up.get("/metrics").text
    assert 'yunhai_up_part_ready{part="postgres"} 1.0' in metrics
    assert 'yunhai_up_restarts_total{cause="unready",part="core"} 1.0' in metrics


SEED = """
from yunhai.apps.cloud.places import Places
from yunhai.apps.cloud.prepare import set_up_django
set_up_django(Places.at())
from django.db import transaction
from yunhai.platform.identity import api as identity
from yunhai.platform.tenancy import api as tenancy
with transaction.atomic():
    tenancy.set_tenant(9001, code="TWSE", kind="exchange", name_zh="交易所", name_en="Exchange", columns=["exchange"])
    operator = identity.make_person("operator@example.test", name_zh="營運者", demo=True)
    identity.grant(operator, 9001, "operator")
    print(operator.pk, identity.demo_link(operator, to="/console/"))
"""


def test_a_cell_switched_off_is_in_the_journal_with_who_and_when(cloud: Cloud) -> None:
    """Signed in by a link, through the one port, by the API; the relay brings it to the core's journal."""
    environment = os.environ | {"YUNHAI_HOME": str(cloud.home), "YUNHAI_DEMO": "1"}
    environment["YUNHAI_ORIGIN"] = f"http://localhost:{cloud.port}"
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    seeded = subprocess.run([sys.executable, "-c", SEED], capture_output=True, text=True, env=environment)
    assert seeded.returncode == 0, seeded.stderr
    person, link = seeded.stdout.split()
    with httpx.Client(base_url=f"http://localhost:{cloud.port}", trust_env=False, timeout=60) as browser:
        assert browser.get(link).headers["Location"] == "/console/"
        page = browser.get("/console/")
        assert page.status_code == 200
        csrf = browser.cookies["yunhai_csrf"]
        before = time.time()
        off = {"level": "none", "reason": "for the test"}
        answer = browser.put("/api/v1/console/matrix/1.4/brokerage", json=off, headers={"X-CSRFToken": csrf})
        assert answer.status_code == 200, answer.text
        assert browser.get(link).status_code == 404, "a link works once"
    found = None
    while found is None and time.time() < before + 90:
        found = next((fact for fact in _cells(cloud.home / "journal") if fact.service == "1.4"), None)
        time.sleep(0.05)
    assert found is not None
    print(f"in the journal after {time.time() - before:.2f} s")
    assert (found.column, found.level, found.by) == ("brokerage", "none", int(person))
    assert before <= found.wall_ns / 1e9 <= time.time()


def _cells(journal: Path) -> list[CellSet]:
    numbers = [(fact.number, fact.content) for group in Reader(journal) for _, fact in group.facts()]
    return [
        found for number, content in numbers if number < 256 and isinstance(found := decode(number, content), CellSet)
    ]


def test_status_is_told_and_a_second_up_refused(cloud: Cloud) -> None:
    command = [sys.executable, "-m", "yunhai.apps.cli", "up", "--home", str(cloud.home)]
    for part in PARTS:
        cloud.wait_ready(part)
    time.sleep(1.5)
    told = subprocess.run([*command, "--status", "--json"], capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["origin"] == f"http://localhost:{cloud.port}"
    again = subprocess.run([*command, "--json"], capture_output=True, text=True)
    assert again.returncode == 2
    assert json.loads(again.stdout.splitlines()[-1])["error"]["code"] == 7510


def test_nobody_elses_eyes(cloud: Cloud) -> None:
    for folder in ("credentials", "journal", "logs", "mail"):
        assert (cloud.home / folder).stat().st_mode & 0o077 == 0, folder
    assert (cloud.home / "run" / "inner.sock").stat().st_mode & 0o077 == 0
    assert (cloud.home / "run" / "web.sock").stat().st_mode & 0o077 == 0
    for log in (cloud.home / "logs").glob("web.log"):
        for line in log.read_text().splitlines():
            assert json.loads(line)["part"] == "web"


def test_after_the_supervisor_is_killed_another_takes_its_place(cloud: Cloud) -> None:
    """The kernel asks its children to stop; whatever still goes, the next one puts in order."""
    before = {name: cloud.wait_ready(name)["pid"] for name in PARTS}
    cloud.process.kill()
    cloud.process.wait()
    cloud.process = bring_up(cloud.home, cloud.port)
    for name, pid in before.items():
        assert cloud.wait_ready(name)["pid"] != pid
        assert _ends(pid), f"{name} was left behind"
    assert cloud.get("/account/login/").status_code == 200


def _ends(pid: int) -> bool:
    """It was asked to stop when the supervisor died, and finishes what it is at: that may take as long as a stop does."""
    until = time.monotonic() + 3 * supervisor.STOP_SECONDS
    while _lives(pid) and time.monotonic() < until:
        time.sleep(0.05)
    return not _lives(pid)


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
