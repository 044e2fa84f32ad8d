"""`yunhai up` as a user runs it: everything answers through one port, what is killed comes back, and it stops cleanly."""

import json
import os
import shutil
import signal
import socket
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
        return httpx.get(f"http://localhost:{self.port}{path}", timeout=10, trust_env=False)

    def wait_ready(self, part: str, *, not_pid: int = 0, seconds: float = 60) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found: dict[str, Any] = self.status()["parts"][part]
            if found["state"] == "ready" and found["pid"] not in (None, not_pid):
                return found
            time.sleep(0.2)
        raise AssertionError(f"{part} is not ready: {found}")


@pytest.fixture(scope="module")
def cloud(postgres_server: Any) -> Iterator[Cloud]:
    home = Path(tempfile.mkdtemp(prefix="yunhai-up-"))
    home.chmod(0o711)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    process = subprocess.Popen(
        [sys.executable, "-m", "yunhai.apps.cli", "up", "--home", str(home), "--port", str(port)],
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
    yield Cloud(home, port, process)
    process.send_signal(signal.SIGTERM)
    rest = process.stderr.read()
    assert process.wait(60) == 0, rest
    assert "postgres  stopped" in rest
    shutil.rmtree(home, ignore_errors=True)


def test_everything_answers_through_one_port(cloud: Cloud) -> None:
    assert set(cloud.status()["parts"]) == {"core", "stream", "web", "reader", "origin"}
    assert cloud.get("/account/login/").status_code == 200
    assert cloud.get("/api/v1/me").json()["error"]["code"] == 7001
    assert cloud.get("/trade/v1/rejects").json()["mode"] == "simulated"
    assert cloud.get("/trade/v1/limits").status_code == 401
    assert cloud.get("/static/shell/shell.css").status_code == 200
    assert [cloud.get(path).status_code for path in ("/health", "/ready", "/metrics")] == [404] * 3


@pytest.mark.parametrize("part", ["web", "reader", "stream", "core", "origin"])
def test_a_killed_part_comes_back(cloud: Cloud, part: str) -> None:
    pid = cloud.wait_ready(part)["pid"]
    os.kill(pid, signal.SIGKILL)
    again = cloud.wait_ready(part, not_pid=pid)
    assert again["last_exit"] == -signal.SIGKILL
    assert cloud.get("/account/login/").status_code == 200
    assert cloud.get("/trade/v1/rejects").status_code == 200


def test_status_is_told_and_a_second_up_refused(cloud: Cloud) -> None:
    command = [sys.executable, "-m", "yunhai.apps.cli", "up", "--home", str(cloud.home)]
    for part in ("core", "stream", "web", "reader", "origin"):
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
