"""The native library's own test program: plain in every run of the whole suite, under ASan and UBSan in the full one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.full
@pytest.mark.skipif(shutil.which("g++") is None, reason="no g++: the sanitizer build needs its run-time libraries")
def test_the_journal_holds_under_the_sanitizers(repository: Path) -> None:
    folder = repository / "build" / "sanitize"
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    configure = [
        "cmake",
        "-S",
        str(repository),
        "-B",
        str(folder),
        "-G",
        "Ninja",
        f"-DPython_EXECUTABLE={sys.executable}",
    ]
    for command in (
        [*configure, "-DCMAKE_BUILD_TYPE=RelWithDebInfo", "-DYUNHAI_SANITIZE=ON"],
        ["cmake", "--build", str(folder), "--target", "journal_test"],
    ):
        done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    program = folder / "native" / "journal" / "journal_test"
    done = subprocess.run([str(program), "60"], check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("all held\n")
