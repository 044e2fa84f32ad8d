"""The four interfaces of a demo, all open: lines over TLS from its first start, every negative test refused, each shown live."""

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.browser.cloud import STOP_S, UP_S, _free_port
from yunhai.apps.cloud.inner import Inner
from yunhai.apps.cloud.places import Places
from yunhai.apps.trust.hsm import module_path

pytestmark = pytest.mark.full
READY_S = 2 * UP_S
INTERFACES = {"investor": 8, "broker": 8, "software": 9, "platform": 7}
"""How many tries each has."""


@dataclass
class Demo:
    home: Path
    port: int
    mutual: int
    line_wire: int

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "yunhai.apps.cli", *words, "--home", str(self.home)]
        return subprocess.run(command, capture_output=True, text=True, timeout=UP_S, env=_environment())

    def lines_up(self) -> int:
        with Inner(Places.at(self.home).inner_socket) as inner:
            return len(inner.lines_up())


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("YUNHAI_", "DJANGO_"))}


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """`yunhai demo` with a mutual port and its lines on a wire, from nothing."""
    if module_path() is None:
        pytest.skip("no PKCS#11 module: install SoftHSM2")
    above = Path(tempfile.gettempdir()) / f"yunhai-four-{os.getpid()}-{secrets.token_hex(3)}"
    above.mkdir(mode=0o711)
    found = Demo(above / "home", _free_port(), _free_port(), _free_port())
    words = ["--port", found.port, "--mutual", found.mutual, "--line-wire", found.line_wire, "--home", found.home]
    command = [sys.executable, "-m", "yunhai.apps.cli", "demo", *(str(one) for one in words)]
    log = above / "demo.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=_environment())
    try:
        until = time.monotonic() + READY_S
        while "is up at" not in log.read_text():
            if process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"the demo did not come up:\n{log.read_text()[-2000:]}")
            time.sleep(0.5)
        yield found
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
        shutil.rmtree(above, ignore_errors=True)


def test_every_negative_test_is_refused_and_the_page_shows_it(demo: Demo) -> None:
    before = demo.lines_up()
    assert before == len(list((demo.home / "credentials" / "lines").glob("*.pem"))) > 0, "each by its own certificate"
    ports = ("--port", str(demo.port), "--mutual", str(demo.mutual), "--line-wire", str(demo.line_wire))
    done = demo.run("trust", "probe", "--json", *ports)
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    tries = [one["interface"].split()[0] for one in said["tries"]]
    assert {name: tries.count(name) for name in INTERFACES} == INTERFACES
    assert (said["held"], said["failed"]) == (sum(INTERFACES.values()), 0)
    revoked = next(one for one in said["tries"] if "within a second" in one["en"])
    print(json.dumps({"tries": said["held"], "revoked_to_refused_ms": revoked["milliseconds"]}))
    assert demo.lines_up() == before, "who tried a line's door did not shut it"

    links = json.loads(demo.run("demo", "--links", "--json").stdout.splitlines()[-1])["links"]
    path = next(one["path"] for one in links if one["person"] == "operator")
    with httpx.Client(base_url=f"http://localhost:{demo.port}", follow_redirects=True, timeout=60) as browser:
        browser.get(path)
        page = browser.get("/trust/conformance/", headers={"Accept-Language": "en"}).text
    assert page.count('data-verdict="holds"') == said["held"]
    assert 'data-verdict="wrong"' not in page
    assert len(re.findall(r'aria-labelledby="interface-\w+"', page)) == len(INTERFACES)
    for shown in (demo.mutual, demo.line_wire, f"{before} / {before}"):
        assert f'<span class="badge good">{shown}</span>' in page, shown
