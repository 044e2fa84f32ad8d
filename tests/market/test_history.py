"""`yunhai history` from the outside: one JSON object last, exit codes, refusals; and the guide's screens."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.market.lake_scene import DAILY, WEEK, weekdays, write
from tests.market.test_bars import small_day
from yunhai.apps.cli import main
from yunhai.market.screener import parse


@pytest.fixture(autouse=True)
def _small_calendar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yunhai.apps.reference_data.trading_calendar", weekdays)


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    def command(*words: str | Path) -> tuple[int, dict[str, Any]]:
        capsys.readouterr()
        code = main([str(word) for word in ("history", *words, "--home", tmp_path / "home", "--json")])
        answer: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
        return code, answer

    return command


def test_import_list_verify_bars_screen(run: Any, tmp_path: Path) -> None:
    bad = "2330,2026-08-14,100,99,101,100,5"
    week = write(tmp_path / "week.csv.gz", DAILY, *WEEK, bad)
    code, answer = run("import", week)
    (imported,) = answer["imports"]
    assert (code, imported["read"], imported["stored"], imported["again"]) == (0, 8, {"bars-1d": 7}, False)
    assert imported["reasons"] == [{"code": 7466, "name": "history-row-ohlc", "rows": 1}]
    (row,) = [json.loads(line) for line in Path(imported["report"]).read_text().splitlines()]
    assert (row["line"], row["text"]) == (9, bad)
    assert run("import", week)[1]["imports"][0]["again"] is True
    code, answer = run("list")
    assert (code, [(table["table"], table["rows"]) for table in answer["tables"]]) == (0, [("bars-1d", 7)])
    assert answer["imports"][0]["sha256"] == imported["sha256"]
    code, answer = run("bars", "2330", "--from", "2026-08-20", "--to", "20260821")
    assert code == 0
    assert [(bar["start"], bar["close"], bar["volume"]) for bar in answer["bars"]] == [
        ("2026-08-20", "102.00", 4000), ("2026-08-21", "103.00", 5000)
    ]  # fmt: skip
    assert run("bars", "2330", "--as-of", "2026-08-18")[1]["bars"][-1]["start"] == "2026-08-18"
    assert run("bars", "2330", "--span", "1mo")[1]["bars"][0]["start"] == "2026-08-01"
    code, answer = run("screen", "close > 50 and change > 0", "--explain", "1101")
    assert (code, answer["session"], [match["code"] for match in answer["matches"]]) == (
        0,
        "2026-08-21",
        ["1101", "2330"],
    )
    assert [reason["holds"] for reason in answer["matches"][0]["reasons"]] == [False, True]
    code, answer = run("verify", "--compact")
    assert (code, answer["right"], answer["files_after"]) == (0, True, 1)


def test_a_damaged_lake_is_told_with_exit_code_one(run: Any, tmp_path: Path) -> None:
    run("import", write(tmp_path / "week.csv", DAILY, *WEEK))
    (file,) = (tmp_path / "home" / "lake").rglob("*.parquet")
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    code, answer = run("verify")
    assert (code, answer["right"], answer["findings"][0]["code"]) == (1, False, 7451)
    file.unlink()
    code, answer = run("verify")
    assert (code, answer["findings"][0]["code"]) == (1, 7450)


def test_a_journals_day(run: Any, tmp_path: Path) -> None:
    venue = small_day(tmp_path / "journal")
    code, answer = run("import", tmp_path / "journal")
    assert (code, answer["imports"][0]["stored"]["bars-1d"]) == (0, 4)
    code, answer = run("bars", "2330", "--span", "5m", "--limit", "500")
    assert sum(bar["volume"] for bar in answer["bars"]) == venue.tally("2330").volume
    assert answer["bars"][-1]["start"] == "2026-08-21 13:25"


def test_plain_csv_by_its_columns(run: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "mine.csv", "d,o,h,l,c,v", "2026-08-21,10,11,9.5,10.5,7000")
    mapping = "start_ns=d,open=o,high=h,low=l,close=c,volume=v"
    code, answer = run("import", path, "--columns", mapping, "--code", "6666")
    assert (code, answer["imports"][0]["importer"]) == (0, "csv")
    assert run("bars", "6666")[1]["bars"][0]["close"] == "10.50"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("screen", "close > "), 7457),
        (("screen", "close > 5"), 7456),  # no bars
        (("bars", "2330", "--span", "7m"), 7456),
        (("bars", "2330", "--adjust", "up"), 7456),
        (("bars", "2330", "--from", "yesterday"), 5001),
        (("bars", "2330", "--limit", "0"), 5001),
        (("import", "/nothing/there"), 5001),
        (("import",), 5001),
    ],
)
def test_refusals(run: Any, words: tuple[str, ...], code: int) -> None:
    exit_code, answer = run(*words)
    assert (exit_code, answer["error"]["code"]) == (2, code)


def test_refused_files_leave_no_lake_behind(run: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "any.csv", "a,b", "1,2")
    for words, code in (
        (("--layout", "nothing"), 7454),
        (("--columns", "close=b"), 7459),
        ((), 7454),
        (("--layout", "daily-bars"), 7454),
    ):
        exit_code, answer = run("import", path, *words)
        assert (exit_code, answer["error"]["code"]) == (2, code)
    assert list((tmp_path / "home").rglob("*.parquet")) == []


def test_the_guides_screens_are_screens(repository: Path) -> None:
    guide = (repository / "docs/guides/history.md").read_text(encoding="utf-8")
    found = re.findall(r'history screen "([^"]+)"', guide)
    assert len(found) >= 2
    for text in found:
        parse(text)
