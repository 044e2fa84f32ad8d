"""`yunhai day --files`: what the files say agrees with the report, read here by position only."""

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.day.days import report_bytes
from yunhai.apps.cli import main
from yunhai.apps.day import failures

A, B, C = "1020合　　庫", "9217凱基松山", "102A合庫新竹"
ROWS = [
    ("2330", A, "2200.00", 3500, 0),
    ("2330", B, "2200.00", 0, 3500),
    ("2330", B, "2205.00", 1000, 0),
    ("2330", C, "2205.00", 0, 1000),
    ("2317", C, "240.50", 1200, 0),
    ("2317", A, "240.50", 0, 1200),
]


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, dict[str, Any], str]:
    code = main([str(word) for word in words])
    caught = capsys.readouterr()
    return code, json.loads(caught.out.splitlines()[-1]), caught.err


def records(path: Path, width: int) -> list[str]:
    content = path.read_bytes()
    assert len(content) % width == 0
    return [content[at : at + width].decode("cp950") for at in range(0, len(content), width)]


def test_the_files_agree_with_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, folder = tmp_path / "report.csv", tmp_path / "made" / "files"
    file.write_bytes(report_bytes(ROWS))
    code, answer, told = run(
        capsys, "day", file, "--json", "--files", folder, "--journal", tmp_path / "journal", "--reference", "2330=2280"
    )
    assert code == 0
    names = ("quotes.csv", "T30", "C06", "C07")
    assert answer["files"] == {name: str(folder / name) for name in names}
    assert all(str(folder / name) in told for name in names)
    assert {path.name for path in folder.iterdir()} == set(names)

    fills: Counter[tuple[str, str, str, str, int]] = Counter()
    for number, fill in enumerate(records(folder / "C07", 66), start=1):
        assert int(fill[57:65]) == number
        branch, shares = fill[42:46], int(fill[6:14])
        assert fill[39:42] == "000"
        assert fill[32] == ("0" if shares % 1000 == 0 else "2")
        fills[fill[:6].strip(), branch, fill[53:57], fill[33], int(fill[14:23])] += shares
    expected: Counter[tuple[str, str, str, str, int]] = Counter()
    totals: Counter[tuple[str, str, str]] = Counter()
    for security, text, price, bought, sold in ROWS:
        firm = "9200" if text.startswith("92") else text[:3] + "0"
        for letter, shares in (("B", bought), ("S", sold)):
            expected[security, text[:4], firm, letter, round(float(price) * 10_000)] += shares
            totals[firm, security, letter] += shares
    assert fills == +expected
    assert {
        (total[:4], total[4:10].strip(), total[10]): int(total[19:33]) for total in records(folder / "C06", 51)
    } == +totals
    assert sum(int(total[33:]) for total in records(folder / "C06", 51)) == 2 * round(answer["turnover"] * 10_000)

    assert [one[:33] for one in records(folder / "T30", 100)][:1] == ["2330  025050000022800000020550000"]
    quotes = list(csv.DictReader((folder / "quotes.csv").read_text(encoding="utf-8").splitlines()))
    assert [(quote["code"], quote["shares"]) for quote in quotes] == [("2330", "4000"), ("2317", "1000")]
    assert quotes[0]["next_reference"] == quotes[0]["close"]


def test_files_are_never_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Told before the day has begun: there is no journal then."""
    file, journal = tmp_path / "report.csv", tmp_path / "journal"
    file.write_bytes(report_bytes(ROWS))
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "C06").write_bytes(b"mine")
    for place in (folder, file):
        code, answer, _ = run(capsys, "day", file, "--json", "--files", place, "--journal", journal)
        assert (code, answer["error"]["code"]) == (2, failures.TARGET_UNUSABLE)
    assert not journal.exists()
    assert [path.name for path in folder.iterdir()] == ["C06"]
    assert (folder / "C06").read_bytes() == b"mine"
