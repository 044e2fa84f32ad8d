"""The error page says what the registry says, and a change of either is noticed."""

import subprocess
import sys

import pytest

from tools import error_reference
from yunhai.kernel.errors import catalogue


def _check(repository) -> int:
    # A process of its own: other tests may have registered errors of theirs.
    command = [sys.executable, "-m", "tools.error_reference", "--check"]
    return subprocess.run(command, cwd=repository, check=False, capture_output=True).returncode


@pytest.mark.full
def test_the_page_is_up_to_date(repository):
    assert _check(repository) == 0, "run python -m tools.error_reference"


def test_every_error_has_its_row(repository):
    rows = (repository / "docs/reference/errors.md").read_text(encoding="utf-8").splitlines()
    for code, entry in catalogue().items():
        assert sum(row.startswith(f"| {code} | `{entry.name}` |") for row in rows) == 1


def test_a_stale_page_is_noticed(tmp_path, monkeypatch):
    planted = tmp_path / "errors.md"
    planted.write_text(
        error_reference.PAGE.read_text(encoding="utf-8").replace("| 1001 |", "| 1000 |", 1), encoding="utf-8"
    )
    monkeypatch.setattr(error_reference, "PAGE", planted)
    assert error_reference.main(["--check"]) == 1
    assert error_reference.main([]) == 0
    assert error_reference.main(["--check"]) == 0
