"""A report through the whole cloud: a tiny one always, the real one, and one whose processes are killed, in the full run."""

import csv
import gzip
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.day.days import Row, report_bytes

TINY: tuple[Row, ...] = (
    ("2330", "1020合庫", "2200", 3_000, 1_007),
    ("2330", "1021合庫台中", "2200", 0, 1_000),
    ("2330", "9268凱基台北", "2200", 7, 1_000),
    ("2330", "1020合庫", "2205", 2_000, 0),
    ("2330", "9200凱基", "2205", 0, 2_000),
    ("0050", "9268凱基台北", "93.5", 5_000, 0),
    ("0050", "9200凱基", "93.5", 0, 5_000),
)


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that the database's own user can walk to."""
    with tempfile.TemporaryDirectory(prefix="yunhai-cloud-day-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder) / "home"


def run(*words: str | Path, timeout: int) -> tuple[int, dict[str, Any], str]:
    """A command in a process of its own, with nothing of this one's installation: (exit code, last JSON, the rest)."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("YUNHAI_", "DJANGO_"))}
    done = subprocess.run(
        [sys.executable, "-m", *map(str, words)], env=kept, capture_output=True, text=True, timeout=timeout, check=False
    )
    last = done.stdout.strip().splitlines()[-1:] or ["{}"]
    return done.returncode, json.loads(last[0]), done.stdout[-2000:] + done.stderr[-4000:]


@pytest.mark.full
def test_a_tiny_report_goes_through_gate_lines_and_ledger(postgres_server: Any, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "report.csv"
    file.write_bytes(report_bytes(TINY))
    code, told, output = run("yunhai.apps.cli", "day", file, "--cloud", "--home", home, "--json", timeout=900)
    assert code == 0, output
    assert told["branches_equal"] is True
    assert told["orders"] == told["cloud"]["accepted"] >= 8
    assert (told["cloud"]["tenants"], told["cloud"]["accounts"]) == (2, 4)
    assert told["cloud"]["books"]["right"] is True
    assert told["cloud"]["postings"] > 4 * told["orders"], "reserved, paid, charged, delivered"
    assert all(one["ok"] for one in told["cloud"]["books"]["checks"])


@pytest.mark.drill
def test_the_real_day_equals_its_report_and_the_books_are_clean(
    postgres_server: Any, home: Path, data_folder: Path
) -> None:
    file = data_folder / "tw_official" / "twse_broker_branch_trades_20260729.csv.gz"
    if not file.exists():
        pytest.skip("no broker-branch report in the data folder")
    code, told, output = run("yunhai.apps.cli", "day", file, "--cloud", "--home", home, "--json", timeout=2_400)
    assert code == 0, output
    assert told["branches_equal"] is True
    assert [one["code"] for one in told["securities"] if not one["equal"]] == []
    assert len(told["securities"]) == 19, "two of them do not balance at the source and are cut, as the report says"
    assert told["cloud"]["books"]["right"] is True
    assert told["cloud"]["accepted"] == told["orders"] == 495_081


@pytest.mark.drill
def test_kills_at_random_moments_change_no_balance(
    postgres_server: Any, tmp_path: Path, data_folder: Path, repository: Path
) -> None:
    """Two securities, and ten kills of each process in one run."""
    source = data_folder / "tw_official" / "twse_broker_branch_trades_20260729.csv.gz"
    if not source.exists():
        pytest.skip("no broker-branch report in the data folder")
    file = tmp_path / "two.csv"
    rows = list(csv.reader(io.StringIO(gzip.decompress(source.read_bytes()).decode())))
    with file.open("w", newline="") as output:
        writer = csv.writer(output)
        writer.writerows([rows[0], *(row for row in rows[1:] if row[1] in ("2313", "6278"))])
    os.chdir(repository)
    code, told, said = run("tests.scenarios.crash_drive", file, "--kills", "10", timeout=2_400)
    assert code == 0, said
    assert told["same"] is True
    assert told["right"] is True
    assert told["crashed"]["reconnections"] >= 1, "the core went away under the driver"
    assert set(told["crashed"]["kills"].values()) == {10}, told["crashed"]["kills"]
