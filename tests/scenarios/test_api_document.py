"""Schemathesis against a running demo: no 5xx, and no answer that the API document does not describe."""

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
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.full, pytest.mark.drill]

READY_S = 300
SECONDS = 60
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
SOCKETS = ("/trade/v1/ws", "/stream/v1")


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("YUNHAI_", "DJANGO_"))}


@pytest.fixture(scope="module")
def demo(postgres_server: Any) -> Iterator[tuple[str, Path]]:
    """(origin, home) of a demo that runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    above = Path(tempfile.mkdtemp(prefix="yunhai-api-"))
    above.chmod(0o711)
    home = above / "home"
    log = above / "demo.log"
    command = [sys.executable, "-m", "yunhai.apps.cli", "demo", "--port", str(port), "--home", str(home)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment(), stdout=output, stderr=subprocess.STDOUT)
    until = time.monotonic() + READY_S
    while "/demo/sign-in/" not in log.read_text():
        assert process.poll() is None, log.read_text()[-2000:]
        assert time.monotonic() < until, log.read_text()[-2000:]
        time.sleep(0.5)
    yield f"http://localhost:{port}", home
    process.send_signal(signal.SIGINT)
    process.wait(60)
    shutil.rmtree(above, ignore_errors=True)


def token_of(origin: str, home: Path) -> str:
    """Of the first of the scripted broker's clients."""
    from yunhai.client import ApiKey

    one = json.loads((home / "credentials" / "demo.json").read_text())["scripted"][0]
    return ApiKey(origin, one["client"], one["secret"]).get().text


def test_no_5xx_and_no_undocumented_answer(demo: tuple[str, Path]) -> None:
    origin, home = demo
    program = shutil.which("st", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("schemathesis is not installed")
    excluded = [word for path in SOCKETS for word in ("--exclude-path", path)]
    done = subprocess.run(
        [
            program,
            "run",
            f"{origin}/api/v1/openapi.json",
            *("-H", f"Authorization: Bearer {token_of(origin, home)}"),
            *("--max-time", str(SECONDS), "-n", "15", "-c", CHECKS, "--phases", "examples,coverage,fuzzing"),
            *excluded,
            *("--exclude-path-regex", "sign-out-everywhere"),  # it would end the token that asks
            *("--continue-on-failure", "--suppress-health-check", "all", "--no-color", "--warnings", "off"),
        ],
        env=environment(),
        cwd=home.parent,
        capture_output=True,
        text=True,
        timeout=SECONDS * 6,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    assert "Tested" in done.stdout


def test_the_scripted_broker_trades_without_a_refusal(demo: tuple[str, Path], repository: Path) -> None:
    origin, home = demo
    done = subprocess.run(
        [sys.executable, str(repository / "examples" / "scripted_broker.py"), "--origin", origin, "--home", str(home)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "10 clients, 60 signed instructions" in done.stdout


def test_a_backup_of_the_running_demo_restores_to_clean_books(demo: tuple[str, Path]) -> None:
    _, home = demo
    file, new = home.parent / "backup.tar.gz", home.parent / "restored"
    for words in (("backup", str(file), "--home", str(home)), ("restore", str(file), "--home", str(new))):
        done = subprocess.run(
            [sys.executable, "-m", "yunhai.apps.cli", *words],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "journal verified" in done.stdout
    assert "the books hold" in done.stdout
