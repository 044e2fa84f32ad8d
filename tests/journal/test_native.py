"""The native library's own test program: plain in every run of the whole suite, under ASan and UBSan in the full one."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.native.test_sanitizers import built


@pytest.mark.full
@pytest.mark.skipif(shutil.which("g++") is None, reason="no g++: the sanitizer build needs its run-time libraries")
def test_the_journal_holds_under_the_sanitizers(repository: Path) -> None:
    folder = repository / "build" / "sanitize"
    built("journal_test", "-DYUNHAI_SANITIZE=ON", folder=folder)
    program = folder / "native" / "journal" / "journal_test"
    done = subprocess.run([str(program), "60"], check=False, capture_output=True, text=True, timeout=1_800)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("all held\n")
