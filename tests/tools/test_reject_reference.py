"""The page of refusals says what the gate's checks say, and a change of either is noticed."""

import subprocess
import sys

from tools import reject_reference
from yunhai.trading.gate.gate import catalogue


def _check(repository) -> int:
    command = [sys.executable, "-m", "tools.reject_reference", "--check"]
    return subprocess.run(command, cwd=repository, check=False, capture_output=True).returncode


def test_the_page_is_up_to_date(repository):
    assert _check(repository) == 0, "run python -m tools.reject_reference"


def test_every_refusal_has_its_row(repository):
    rows = (repository / "docs/reference/rejects.md").read_text(encoding="utf-8").splitlines()
    for reject in catalogue():
        assert sum(row.startswith(f"| {reject.code} | `{reject.name}` |") for row in rows) == 1


def test_a_stale_page_is_noticed(tmp_path, monkeypatch):
    planted = tmp_path / "rejects.md"
    planted.write_text(
        reject_reference.PAGE.read_text(encoding="utf-8").replace("| 6100 |", "| 6199 |", 1), encoding="utf-8"
    )
    monkeypatch.setattr(reject_reference, "PAGE", planted)
    assert reject_reference.main(["--check"]) == 1
    assert reject_reference.main([]) == 0
    assert reject_reference.main(["--check"]) == 0
