"""`yunhai trust` as a program: its two sockets, a kill in the middle, and what it remembers."""

import base64
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from asn1crypto import crl

from tests.apps.trust.scene import digest, needs_softhsm, new_key, spki
from yunhai.apps.cloud.places import Places
from yunhai.apps.cloud.prepare import make_credentials
from yunhai.trading.http.unix import unix_transport
from yunhai.trading.trust import activations

pytestmark = [needs_softhsm, pytest.mark.full]


class Program:
    """A home whose ceremony was held, and its trust process."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = os.environ | {"YUNHAI_HOME": str(home)}
        self.process: subprocess.Popen[bytes] | None = None
        places = Places(home)
        places.make()
        make_credentials(places)  # as the web does

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "yunhai.apps.cli", *words]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=180)

    def start(self) -> None:
        command = [sys.executable, "-m", "yunhai.apps.cli", "trust", "--origin", "http://localhost:8600"]
        self.process = subprocess.Popen(command, env=self.environment, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 120
        while time.monotonic() < until:
            try:
                if self.ask("GET", "/ready").status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.05)
        raise AssertionError("not ready")

    def end(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(90)

    def ask(self, method: str, path: str, body: Any = None, *, name: str = "trust") -> httpx.Response:
        transport = unix_transport(self.home / "run" / f"{name}.sock")
        with httpx.Client(transport=transport, timeout=60, trust_env=False) as client:
            return client.request(method, f"http://trust{path}", json=body)


@pytest.fixture
def program() -> Iterator[Program]:
    with tempfile.TemporaryDirectory(prefix="yh-") as folder:
        found = Program(Path(folder) / "h")
        yield found
        if found.process is not None and found.process.poll() is None:
            found.end(signal.SIGKILL)


def test_a_whole_life(program: Program) -> None:
    held = program.run("ca", "ceremony", "--witness", "A", "--witness", "B", "--demo", "--json")
    assert held.returncode == 0, held.stderr
    assert json.loads(held.stdout.splitlines()[-1])["software_hsm"] is True
    assert "hsm.pin" not in held.stderr + held.stdout
    again = program.run("ca", "ceremony", "--witness", "A", "--witness", "B", "--demo", "--json")
    assert (again.returncode, json.loads(again.stdout.splitlines()[-1])["error"]["code"]) == (2, 6826)
    assert json.loads(program.run("ca", "status", "--json").stdout.splitlines()[-1])["error"]["code"] == 7513
    program.start()
    for name in ("trust", "trust-public"):
        assert stat.S_IMODE((program.home / "run" / f"{name}.sock").stat().st_mode) == 0o600
    asked = {"profile": "software", "subject": "YH-1", "spki": base64.b64encode(spki(new_key())).decode()}
    issued = program.ask("POST", "/issue", asked).json()
    serial = base64.b64decode(issued["serial"]).hex()
    assert program.ask("POST", "/issue", asked, name="trust-public").status_code == 404
    assert program.ask("GET", "/status", name="trust-public").status_code == 404
    told = program.ask("POST", "/status", {"serial": serial, "status": "revoked", "reason": 1}).json()
    assert (told["changed"], told["behind"]) == (1, False)
    key = program.ask("POST", "/keys", {"kind": "cloud"}).json()["key"]
    time.sleep(1.1)  # an activation of the process's first second would be refused
    places = Places(program.home)
    leave = activations.made(
        places.credential("activation.key"), key=key, hashes=[digest(b"1")], now_s=int(time.time())
    )
    signing = {"key": key, "hash": base64.b64encode(digest(b"1")).decode(), "activation": leave}
    assert program.ask("POST", "/sign", signing).status_code == 200
    assert program.ask("POST", "/sign", signing).json()["error"]["code"] == 7885
    assert program.run("ca", "status").returncode == 0
    program.end(signal.SIGKILL)
    program.start()
    assert program.ask("POST", "/sign", signing).json()["error"]["code"] == 7885, "not even after a restart"
    listed = crl.CertificateList.load(program.ask("GET", "/pki/ca.crl", name="trust-public").content)
    revoked = [one["user_certificate"].native for one in listed["tbs_cert_list"]["revoked_certificates"]]
    assert revoked == [int(serial, 16)]
    figures = program.ask("GET", "/metrics").text
    assert "yunhai_trust_hsm_open 1.0" in figures
    assert program.end(signal.SIGTERM) == 0
    for path in program.home.rglob("*"):
        if path.is_file() and path.suffix == ".log":
            assert places.credential("hsm.pin") not in path.read_bytes()
