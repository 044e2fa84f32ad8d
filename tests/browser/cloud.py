"""A whole cloud for the tests of pages: the fixture `cloud` starts `yunhai up --demo` in a temporary home, plants the demo
and opens a day.

`YUNHAI_TEST_CLOUD` names a JSON file (`{"origin": …, "home": …}` and what `plant` printed) of one that runs already. A
`Seat` is a program of another broker that trades against the tests.
"""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from yunhai.client import ApiKey, Client, Signer
from yunhai.client.drafts import Draft

UP_S = 400
STOP_S = 120
ANSWER_S = 90.0


@dataclass
class Seat:
    """An agent's place: sends orders that meet those of the page."""

    client: Client
    draft: Draft
    signer: Signer

    def place(self, side: str, code: str, **fields: Any) -> Any:
        """An order, once the exchange has answered it: the next one comes after it."""
        ack = self.client.place(self.signer.sign(self.draft.new(side, code, **fields)))
        last = time.monotonic() + ANSWER_S
        while self.client.order(ack.order_id).state == "queued":
            assert time.monotonic() < last, f"the exchange never answered {ack}"
            time.sleep(0.1)
        return ack


@dataclass
class Cloud:
    """A running cloud. `link(person)` a path that signs a demo person in, once."""

    origin: str
    home: Path
    plan: dict[str, Any]
    used: dict[str, int] = field(default_factory=dict)
    kept: Path | None = None
    """Where the plan of a cloud that outlives this run says which links were used."""

    def link(self, person: str) -> str:
        at = self.used.get(person, 0)
        self.used[person] = at + 1
        if self.kept is not None:
            self.kept.write_text(json.dumps(self.plan | {"used": self.used}))
        return self.origin + str(self.plan["links"][person][at])

    def seat(self, number: int = 1) -> Seat:
        agent = self.plan["agents"][number]
        key = ApiKey(self.origin, agent["client"], agent["secret"], timeout_s=ANSWER_S)
        client = Client(self.origin, key, timeout_s=ANSWER_S)
        draft = Draft(tenant=agent["tenant"], account=agent["account"], date=self.plan["date"], key=agent["key"])
        return Seat(client, draft, Signer.from_pem(agent["pem"].encode(), key=agent["key"]))

    def reference(self, code: str) -> int:
        """1/10,000 NT$."""
        return int(next(one["reference"] for one in self.plan["listed"] if one["code"] == code))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def up(home: Path) -> Iterator[str]:
    """`yunhai up --demo` in a home, which stays; its origin once every part is ready."""
    port = _free_port()
    log = home.parent / f"{home.name}.log"
    environment = {**os.environ, "YUNHAI_CLOCK": "demo"}
    for name in ("YUNHAI_HOME", "YUNHAI_ORIGIN", "DJANGO_SETTINGS_MODULE"):
        environment.pop(name, None)
    command = [sys.executable, "-m", "yunhai.apps.cli", "up", "--home", str(home), "--port", str(port), "--demo"]
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment)
    try:
        until = time.monotonic() + UP_S
        while "up at" not in log.read_text():
            if process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"the cloud did not come up:\n{log.read_text()[-2000:]}")
            time.sleep(0.2)
        yield f"http://localhost:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
        log.unlink(missing_ok=True)


@contextmanager
def passing_home() -> Iterator[Path]:
    """A folder's name with room for sockets; what was made there is removed."""
    home = Path(tempfile.gettempdir()) / f"yunhai-browser-{os.getpid()}-{secrets.token_hex(3)}"
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def plant(home: Path) -> dict[str, Any]:
    """What `tests.browser.plant` says of a running cloud that it made a demo of."""
    command = [sys.executable, "-m", "tests.browser.plant", str(home)]
    planted = subprocess.run(command, capture_output=True, text=True, timeout=UP_S)
    assert planted.returncode == 0, planted.stderr[-2000:]
    plan: dict[str, Any] = json.loads(planted.stdout)
    return plan


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    """A cloud with ten brokers, their people and lines, and a market in continuous trading."""
    running = os.environ.get("YUNHAI_TEST_CLOUD")
    if running:
        plan = json.loads(Path(running).read_text())
        yield Cloud(plan["origin"], Path(plan["home"]), plan, plan.get("used", {}), Path(running))
        return
    with passing_home() as home, up(home) as origin:
        yield Cloud(origin, home, plant(home))
