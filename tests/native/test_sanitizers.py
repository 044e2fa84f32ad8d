"""The native tests under AddressSanitizer and UndefinedBehaviorSanitizer, each a program that must end with 0."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "sanitize"


def built(target: str, *options: str, folder: Path = FOLDER) -> None:
    """Build a target; whoever wants another one in the same folder meanwhile, in another test process, waits."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    configure = ["cmake", "-S", str(ROOT), "-B", str(folder), "-G", "Ninja", f"-DPython_EXECUTABLE={sys.executable}"]
    commands = (
        [*configure, "-DCMAKE_BUILD_TYPE=RelWithDebInfo", *options],
        ["cmake", "--build", str(folder), "--target", target],
    )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for command in commands:
            done = subprocess.run(command, env=environment, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.full
@pytest.mark.skipif(shutil.which("g++") is None, reason="the sanitizers' run-time needs g++")
def test_the_book_holds_under_the_sanitizers() -> None:
    built("book_stress", "-DYUNHAI_SANITIZE=ON")
    done = subprocess.run(
        [str(FOLDER / "native/book/book_stress"), "200", "3000"], capture_output=True, text=True, timeout=3_000
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("all held\n")


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
@pytest.mark.full
def test_the_stress_program_finds_a_planted_fault(tmp_path: Path) -> None:
    """A fill off by one, planted in a copy of the source: the same program must not end with 0."""
    copy = tmp_path / "native"
    shutil.copytree(ROOT / "native" / "book", copy)
    source = copy / "engine.cpp"
    text = source.read_text()
    planted = text.replace(
        "queue.quantity -= quantity;\n            if constexpr",
        "queue.quantity -= quantity - 1;\n            if constexpr",
    )
    assert planted != text
    source.write_text(planted)
    program = tmp_path / "stress"
    sources = [str(copy / name) for name in ("engine.cpp", "control.cpp", "state.cpp", "tests/stress.cpp")]
    subprocess.run(["g++", "-std=c++20", "-O1", f"-I{copy}", *sources, "-o", str(program)], check=True)
    done = subprocess.run([str(program), "5", "1000"], capture_output=True, text=True, timeout=900)
    assert done.returncode == 1
    assert "does not hold" in done.stderr
