"""One certificate at every broker, in a cloud of real processes: consent, withdrawal, revocation, each with its code and time."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.cloud import UP_S, up
from yunhai.apps.trust.hsm import module_path

pytestmark = pytest.mark.full
REVOCATION_S = 1.0
PLACED_S = 120.0


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("YUNHAI_", "DJANGO_"))}
    return subprocess.run([sys.executable, "-m", *words], env=kept, capture_output=True, text=True, timeout=UP_S)


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[str, dict[str, Any], Path]]:
    """A cloud whose key ceremony was held and whose demo brokers demand certificates: (origin, what `plant` printed, its home)."""
    if module_path() is None:
        pytest.skip("no PKCS#11 module: install SoftHSM2")
    home = Path(tempfile.gettempdir()) / f"yunhai-trust-{os.getpid()}-{secrets.token_hex(3)}"
    try:
        held = _run(
            "yunhai.apps.cli", "ca", "ceremony", "--home", str(home), "--witness", "甲", "--witness", "乙", "--demo"
        )
        assert held.returncode == 0, held.stdout + held.stderr
        with up(home) as origin:
            planted = _run("tests.browser.plant", str(home))
            assert planted.returncode == 0, planted.stderr[-2000:]
            yield origin, json.loads(planted.stdout), home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def test_registered_at_one_broker_an_investor_signs_at_another(running: tuple[str, dict[str, Any], Path]) -> None:
    from tests.scenarios.trust_cloud import run

    origin, plan, home = running
    told = run(origin, plan, link=plan["links"]["investor"][0], first=11, second=12)
    print(json.dumps(told))
    assert told["certificate"] == "valid", "the device's key has its certificate at once"
    assert told["at_first"] == 0
    assert told["without_consent"] == 6175
    assert told["with_consent"] == 0
    assert told["after_withdrawal"] == 6176
    assert told["after_revocation"] == [6173, 6173]
    assert told["core_told"] is True
    assert told["registrations"] == told["registrations_after"] == [11], "no new application anywhere"
    assert told["another_certificate"] == 7811
    assert told["revocation_to_refusal_s"] <= REVOCATION_S
    assert told["withdrawal_to_refusal_s"] <= REVOCATION_S
    _evidence_from_the_shell(told["orders"], home)


def _evidence_from_the_shell(orders: list[int], home: Path) -> None:
    """Every order that was taken has its file, by an operator's shell while the cloud runs: the last were signed and revoked at
    once."""
    numbers = [str(order) for order in orders]
    began = time.monotonic()
    while True:
        written = _run(
            "yunhai.apps.cli", "evidence", "export", *numbers, "--home", str(home), "--out", str(home / "files")
        )
        if not written.returncode or time.monotonic() - began > PLACED_S:
            break
        assert "6895" in written.stdout + written.stderr, "only what is still to come is waited for"
        time.sleep(1)
    assert written.returncode == 0, written.stdout + written.stderr
    files = sorted((home / "files").glob("*.yhe"))
    assert len(files) == len(set(orders)) >= 4
    root, crl = home / "trust" / "root.cer", home / "trust" / "ca.crl"
    lists = ["--crl", str(crl)] if crl.exists() else []
    said = _run("yunhai.apps.cli", "verify", *map(str, files), "--root", str(root), *lists, "--json")
    assert said.returncode == 0, said.stdout + said.stderr
    found = json.loads(said.stdout)["files"]
    assert {one["order"] for one in found} == set(orders)
    print(
        f"{len(files)} files hold, {sum(bool(one['revoked_at']) for one in found)} of them revoked before their stamp"
    )
