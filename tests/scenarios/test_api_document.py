"""Schemathesis against a running demo, for everybody: no 5xx, and no answer that the API document does not describe."""

import os
import random
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

import httpx
import pytest

from tests.scenarios.api_roles import (
    EVERYBODY,
    PATIENCE_S,
    Seen,
    configuration,
    not_for,
    open_segments,
    real_values,
    token_for,
    wrong_answers,
)

pytestmark = pytest.mark.full

READY_S = 300
SECONDS = 25
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
SOCKETS = ("GET /trade/v1/ws", "GET /stream/v1", "GET /stream/v1/replay")
REFUSED_TRIED = 6
"""Operations closed to a role that it tries in one run, drawn anew each time: to be refused is soon tested."""


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


def schemathesis(origin: str, token: str, folder: Path, refused: list[str]) -> "subprocess.CompletedProcess[str]":
    """One run. `refused`: operations that whoever asks may not do, and of which a few are tried all the same."""
    program = shutil.which("st", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("schemathesis is not installed")
    left_out = [*SOCKETS, *random.sample(refused, max(len(refused) - REFUSED_TRIED, 0))]
    return subprocess.run(
        [
            program,
            *("run", f"{origin}/api/v1/openapi.json"),
            *(("-H", f"Authorization: Bearer {token}") if token else ()),
            *("--max-time", str(SECONDS), "-n", "8", "-c", CHECKS, "--phases", "examples,coverage,fuzzing"),
            *("--request-timeout", str(PATIENCE_S)),
            *(word for name in left_out for word in ("--exclude-name", name)),
            *("--exclude-path-regex", "sign-out-everywhere"),  # it would end the token that asks
            *(
                "--continue-on-failure",
                "--no-shrink",
                "--suppress-health-check",
                "all",
                "--no-color",
                "--warnings",
                "off",
            ),
            *("--report-har-path", str(folder / "run.har")),
        ],
        env=environment(),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_the_scripted_broker_trades_without_a_refusal(demo: tuple[str, Path], repository: Path) -> None:
    origin, home = demo
    until = time.monotonic() + READY_S
    while open_segments(origin, home) != {"board": "continuous", "odd_lot": "collect"}:
        assert time.monotonic() < until, "the market does not open"
        time.sleep(0.5)
    done = subprocess.run(
        [sys.executable, str(repository / "examples" / "scripted_broker.py"), "--origin", origin, "--home", str(home)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=600,
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


@pytest.mark.parametrize(
    ("path", "size", "codes"),
    [
        ("/trade/v1/orders", 900_000, {6511, 6520}),
        ("/api/v1/console/packs", 2_600_000, {7118}),
        ("/api/v1/console/packs", 9_000_000, {7118}),
        ("/api/v1/console/packs", 2_000_000, {7001}),
    ],
)
def test_too_much_is_refused_in_the_apis_own_form(
    demo: tuple[str, Path], path: str, size: int, codes: set[int]
) -> None:
    """Through the origin, ten times: whether the door or who stands behind it answers first, it is never a 502. What the door
    does not read to its end it may close on (RFC 9110 15.5.14): a sender that is slow to look then misses the answer."""
    answered = 0
    for _ in range(10):
        try:
            answer = httpx.post(demo[0] + path, content=b"x" * size, trust_env=False, timeout=PATIENCE_S)
        except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
            continue
        answered += 1
        assert answer.status_code in (401, 413)
        assert answer.json()["error"]["code"] in codes
    assert answered


@pytest.fixture(scope="module")
def seen() -> Seen:
    """What the runs of this module saw."""
    return Seen()


@pytest.mark.parametrize("role", EVERYBODY)
def test_no_5xx_and_no_undocumented_answer(demo: tuple[str, Path], role: str, seen: Seen, tmp_path: Path) -> None:
    origin, home = demo
    token = token_for(role, origin, home, environment())
    staff = token_for("operations", origin, home, environment())
    (tmp_path / "schemathesis.toml").write_text(configuration(real_values(origin, home, staff)))
    done = schemathesis(origin, token, tmp_path, not_for(role))
    document = httpx.get(f"{origin}/api/v1/openapi.json", trust_env=False, timeout=PATIENCE_S).json()
    seen.add(role, tmp_path / "run.har", document)
    assert wrong_answers(tmp_path / "run.har", document) == []
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_most_questions_were_answered_to_somebody(demo: tuple[str, Path], seen: Seen) -> None:
    """Refusals alone would prove little. Half of them: how many a run comes to in its seconds is a matter of the machine."""
    if {role for counted in seen.operations.values() for role in counted} != set(EVERYBODY):
        pytest.skip("not all roles were run")
    document = httpx.get(f"{demo[0]}/api/v1/openapi.json", trust_env=False, timeout=PATIENCE_S).json()
    told = [path for path, item in document["paths"].items() if "get" in item and f"GET {path}" not in SOCKETS]
    never = [path for path in told if 200 not in seen.answered("GET", path)]
    assert len(told) > 40
    assert len(never) < len(told) / 2, never
