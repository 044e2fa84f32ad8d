"""The commands as others call them: JSON, fills, refusals, exit codes; and the comparison done again by a stranger."""

import csv
import gzip
import json
import random
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.day.days import report_bytes
from yunhai.apps.cli import main
from yunhai.apps.day import failures
from yunhai.journal.reader import Reader
from yunhai.journal.verify import verify

Key = tuple[str, str, str, Decimal]
A, B = "1020合　　庫", "9217凱基松山"


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, dict[str, Any], str]:
    """Exit code, the last JSON object on standard output, standard error."""
    code = main([str(word) for word in words])
    caught = capsys.readouterr()
    return code, json.loads(caught.out.splitlines()[-1]), caught.err


def summed_report(content: bytes) -> Counter[Key]:
    sums: Counter[Key] = Counter()
    for row in csv.DictReader(content.decode("utf-8").splitlines()):
        for side, column in (("buy", "buy_shares"), ("sell", "sell_shares")):
            sums[row["stock"], row["broker_branch"], side, Decimal(row["price"])] += int(row[column])
    return +sums


def summed_fills(path: Path) -> Counter[Key]:
    sums: Counter[Key] = Counter()
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            sums[row["security"], row["branch"], row["side"], Decimal(row["price"])] += int(row["shares"])
    return sums


def check_as_a_stranger(content: bytes, fills: Path, answer: dict[str, Any]) -> int:
    """Hold the fills file against the raw report with nothing of the product's; how many keys were equal."""
    reported, filled = summed_report(content), summed_fills(fills)
    balanced = {one["code"] for one in answer["securities"] if one["balanced"]}
    equal = 0
    for key in reported | filled:
        if key[0] in balanced:
            assert filled[key] == reported[key], key
            equal += 1
    lost = reported - filled
    assert not filled - reported
    cuts: Counter[Key] = Counter()
    texts = {key[1][:4]: key[1] for key in reported}
    for cut in answer["cuts"]:
        cuts[cut["security"], texts[cut["branch"]], cut["side"], Decimal(str(cut["price"]))] += cut["shares"]
    assert lost == cuts
    for one in answer["securities"]:
        sides: dict[Decimal, list[int]] = {}
        for (code, _, side, price), shares in reported.items():
            if code == one["code"]:
                sides.setdefault(price, [0, 0])[side == "sell"] += shares
        different = {price: both for price, both in sides.items() if both[0] != both[1]}
        told = {Decimal(str(each["price"])): [each["bought"], each["sold"]] for each in one["differences"]}
        assert told == different
        assert one["balanced"] == (not different)
    return equal


def test_the_answer_and_the_fills_agree_with_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        ("2330", A, "2200.00", 3500, 0),
        ("2330", B, "2200.00", 0, 3500),
        ("2317", A, "240.50", 1200, 7),
        ("2317", B, "240.50", 0, 1000),
    ]
    file, fills, journal = tmp_path / "report.csv", tmp_path / "fills.csv", tmp_path / "journal"
    file.write_bytes(report_bytes(rows))
    bars = tmp_path / "bars.csv"
    bars.write_text(
        "stock_code,trade_date,open,high,low,close,volume\n"
        "2330,2026-07-28,2270,2305,2270,2280,1\n2330,2026-07-29,2200,2200,2200,2200,1\n2317,2026-07-28,9,1,5,238,1\n"
    )
    code, answer, _ = run(
        capsys, "day", file, "--json", "--fills", fills, "--journal", journal, "--bars", bars, "--seed", 5
    )
    assert code == 0
    assert answer["branches_equal"] is True
    by_code = {one["code"]: one for one in answer["securities"]}
    assert by_code["2330"] | {
        "balanced": True, "equal": True, "differences": [], "shares": 3500, "value": 7_700_000,
        "reference": 2280, "reference_source": "previous close", "path": "daily bar",
    } == by_code["2330"]  # fmt: skip
    assert by_code["2317"]["differences"] == [{"price": 240.5, "bought": 1200, "sold": 1007, "difference": 193}]
    assert by_code["2317"]["reference_source"] == "assumed"
    assert answer["cuts"] == [
        {"row": 4, "security": "2317", "branch": "1020", "side": "buy", "price": 240.5, "shares": 193}
    ]
    assert any("sessions" in line for line in answer["assumptions"])
    assert any(line.startswith("2317: reference") for line in answer["assumptions"])
    assert answer["turnover"] == 3500 * 2200 + 1007 * 240.5
    assert {"orders", "fills", "seconds", "journal_hash"} <= answer.keys()
    assert check_as_a_stranger(file.read_bytes(), fills, answer) == 2
    reader = Reader(journal)
    assert reader.run() == answer["journal_records"]
    assert sum(1 for _ in fills.open()) - 1 == answer["fills"]


def test_the_hash_is_the_head_of_the_journals_chain(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, journal = tmp_path / "report.csv", tmp_path / "journal"
    file.write_bytes(report_bytes([("2330", A, "2200.00", 1000, 1000)]))
    _, answer, _ = run(capsys, "day", file, "--json", "--journal", journal)
    verdict = verify(journal)
    assert (verdict.right, verdict.sealed, verdict.chain) == (True, True, answer["journal_hash"])
    assert verdict.sequence == answer["journal_records"]
    code, refusal, _ = run(capsys, "day", file, "--json", "--journal", journal)
    assert code == 2
    assert refusal["error"]["code"] == failures.JOURNAL_NOT_EMPTY
    assert verify(journal) == verdict


@pytest.mark.parametrize(
    ("row", "code", "reason"),
    [
        (("2330", A, "2201.00", 1000, 1000), failures.OFF_TICK, "price off tick"),
        (("2330", A, "2200.00", -1000, 1000), failures.NEGATIVE, "negative"),
        (("9999", A, "2200.00", 1000, 1000), failures.UNKNOWN_SECURITY, "unknown security code"),
        (("2317", A, "100.00", 1000, 1000), failures.OUTSIDE_LIMITS, "price outside the daily limits"),
    ],
)
def test_a_bad_row_refuses_the_file_and_writes_nothing(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    row: tuple[str, str, str, int, int],
    code: int,
    reason: str,
) -> None:
    file, journal = tmp_path / "report.csv", tmp_path / "journal"
    file.write_bytes(report_bytes([("2330", B, "2200.00", 1000, 1000), row]))
    exit_code, answer, errors = run(capsys, "day", file, "--json", "--journal", journal, "--reference", "2317=238")
    assert exit_code == 2
    assert answer["error"]["code"] == failures.ROWS_REFUSED
    assert answer["error"]["rows"][0] | {"row": 3, "code": code, "reason": reason} == answer["error"]["rows"][0]
    assert f"row 第 3 列: {code} {reason}" in errors
    assert not journal.exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--reference", "2330"), failures.BAD_REFERENCE),
        (("--reference", "2330=0"), failures.BAD_REFERENCE),
        (("--reference", "2330=2201"), failures.BAD_REFERENCE),
        (("--pack", "twse-2013"), failures.CANNOT_PLAN),
        (("--pack", "nowhere"), 2010),
        (("--bars", "/nowhere.csv"), failures.FILE_UNREADABLE),
    ],
)
def test_a_wrong_option_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int
) -> None:
    file = tmp_path / "report.csv"
    file.write_bytes(report_bytes([("2330", B, "2200.00", 1000, 1000)]))
    exit_code, answer, _ = run(capsys, "day", file, "--json", "--journal", tmp_path / "journal", *words)
    assert (exit_code, answer["error"]["code"]) == (2, code)


def test_the_demo_runs_without_any_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YUNHAI_DATA", str(tmp_path / "none"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code, answer, errors = run(capsys, "demo", "--once", "--json")
    assert code == 0
    assert answer["illustrative"] is True
    assert "quantities made up" in answer["file"]
    assert answer["branches_equal"] is True
    assert {one["code"]: (one["reference_source"], one["path"]) for one in answer["securities"]} == dict.fromkeys(
        ("2330", "2317", "2603", "0050"), ("previous close", "daily bar")
    )
    advice = [line.split("./dev run yunhai ")[1].split() for line in errors.splitlines() if "./dev run yunhai" in line]
    assert len(advice) >= 4
    for words in advice:
        assert main(words) == 0, words
        capsys.readouterr()


def small_part(data_folder: Path, codes: set[str], folder: Path) -> Path:
    """The real report with only some securities."""
    source = data_folder / "tw_official" / "twse_broker_branch_trades_20260729.csv.gz"
    with gzip.open(source, "rt", encoding="utf-8") as file:
        lines = [line for number, line in enumerate(file) if number == 0 or line.split(",", 2)[1] in codes]
    part = folder / "part.csv"
    part.write_text("".join(lines), encoding="utf-8")
    return part


def test_two_real_securities_come_out_equal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data_folder: Path
) -> None:
    """6278 balances, 2408 lacks 2,000 shares of sales at 371.50 (2026-07-29)."""
    file, fills = small_part(data_folder, {"6278", "2408"}, tmp_path), tmp_path / "fills.csv"
    code, answer, _ = run(capsys, "day", file, "--json", "--fills", fills, "--journal", tmp_path / "journal")
    assert code == 0
    found = {one["code"]: one for one in answer["securities"]}
    assert found["6278"]["balanced"]
    assert found["2408"]["differences"] == [{"price": 371.5, "bought": 477_000, "sold": 475_000, "difference": 2000}]
    assert answer["branches_equal"] is True
    assert check_as_a_stranger(file.read_bytes(), fills, answer) > 3160


def test_a_real_part_in_the_exchanges_own_encoding_says_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data_folder: Path
) -> None:
    part = small_part(data_folder, {"6278"}, tmp_path)
    own = tmp_path / "own.csv"
    own.write_bytes(part.read_text(encoding="utf-8").encode("cp950"))
    _, first, _ = run(capsys, "day", part, "--json", "--journal", tmp_path / "one")
    _, second, _ = run(capsys, "day", own, "--json", "--journal", tmp_path / "two")
    assert first["events_hash"] == second["events_hash"]
    assert first["journal_hash"] != second["journal_hash"]


@pytest.mark.full
def test_the_whole_real_day_comes_out_equal_in_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data_folder: Path
) -> None:
    """19 securities, 319,362 rows; 2308 and 2408 do not balance at the source."""
    source = data_folder / "tw_official" / "twse_broker_branch_trades_20260729.csv.gz"
    fills = tmp_path / "fills.csv"
    code, answer, _ = run(
        capsys,
        "day",
        source,
        "--json",
        "--fills",
        fills,
        "--journal",
        tmp_path / "journal",
        "--seed",
        random.randrange(99),
    )
    print(answer["seconds"], answer["stages"])
    assert code == 0
    assert answer["branches_equal"] is True
    assert answer["equal_after_cuts"] is True
    assert len(answer["securities"]) == 19
    assert [one["code"] for one in answer["securities"] if not one["balanced"]] == ["2308", "2408"]
    assert answer["orders"] > 490_000
    assert answer["refused"] == 0
    assert answer["interruptions"] == 0
    assert answer["seconds"] <= 20
    assert check_as_a_stranger(gzip.decompress(source.read_bytes()), fills, answer) > 319_000
