"""The commands as others call them: JSON, fills, refusals, exit codes; and the comparison done again by a stranger."""

import csv
import gzip
import json
import random
import re
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


@pytest.fixture(autouse=True)
def without_the_data_folder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless a test asks for it: its daily bars are millions of rows, and no test here is to depend on them."""
    if "data_folder" not in request.fixturenames:
        monkeypatch.setenv("YUNHAI_DATA", str(tmp_path_factory.getbasetemp() / "none"))


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
    stated = ("--reference", "2317=238") if row[0] == "2317" else ()
    exit_code, answer, errors = run(capsys, "day", file, "--json", "--journal", journal, *stated)
    assert exit_code == 2
    assert answer["error"]["code"] == failures.ROWS_REFUSED
    assert answer["error"]["rows"][0] | {"row": 3, "code": code, "reason": reason} == answer["error"]["rows"][0]
    assert f"row 第 3 列: {code} {reason}" in errors
    assert not journal.exists()


@pytest.mark.parametrize(
    ("words", "code", "english", "chinese"),
    [
        (("--reference", "2330"), failures.BAD_REFERENCE, "not CODE=PRICE", "格式不是"),
        (("--reference", "2330=x"), failures.BAD_REFERENCE, "not a price", "不是價格"),
        (("--reference", "2330=0"), failures.BAD_REFERENCE, "not above zero", "須大於零"),
        (("--reference", "2330=2201"), failures.BAD_REFERENCE, "is off tick", "不在升降單位上"),
        (("--reference", "9999=10"), failures.BAD_REFERENCE, "is not in the report", "報表沒有 9999"),
        (("--reference", "2330=2200", "--reference", "2330=2205"), failures.BAD_REFERENCE, "stated twice", "兩次"),
        (("--pack", "twse-2013"), 2011, "not in force on 2026-07-29", "不適用"),
        (("--pack", "nowhere"), 2010, "nowhere", "nowhere"),
        (("--bars", "/nowhere.csv"), failures.BARS_UNREADABLE, "No such file", "檔案或資料夾不存在"),
        (("--bars", "{file}"), failures.BARS_UNREADABLE, "column names", "欄名"),
        (("--fills", "{file}"), failures.TARGET_UNUSABLE, "it is the input", "這就是輸入檔"),
        (("--fills", "/nonexistent/f.csv"), failures.TARGET_UNUSABLE, "folder does not exist", "資料夾不存在"),
        (("--fills", "{folder}"), failures.TARGET_UNUSABLE, "it is a folder", "是資料夾"),
        (("--fills", "{folder}/journal/f.csv"), failures.TARGET_UNUSABLE, "journal's folder", "日誌資料夾內"),
        (("--journal", "{folder}"), failures.JOURNAL_NOT_EMPTY, "is not empty", "不是空的"),
        (("--journal", "{file}"), failures.TARGET_UNUSABLE, "it is a file, not a folder", "是檔案，不是資料夾"),
        (("--journal", "{file}/below"), failures.TARGET_UNUSABLE, "is a file", "是檔案"),
    ],
)
def test_a_wrong_option_is_refused_with_its_reason_and_changes_nothing(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    code: int,
    english: str,
    chinese: str,
) -> None:
    file = tmp_path / "report.csv"
    file.write_bytes(report_bytes([("2330", B, "2200.00", 1000, 1000)]))
    content = file.read_bytes()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    journal = () if "--journal" in words else ("--journal", str(tmp_path / "journal"))
    asked = [word.format(file=file, folder=tmp_path) for word in words]
    exit_code, answer, _ = run(capsys, "day", file, "--json", *asked, *journal)
    assert (exit_code, answer["error"]["code"]) == (2, code)
    assert english in answer["error"]["en"]
    assert chinese in answer["error"]["zh"]
    assert [path.name for path in tmp_path.iterdir()] == ["report.csv"]
    assert file.read_bytes() == content


@pytest.mark.parametrize(
    ("day", "pack", "code"),
    [
        ("20260726", "twse-2026", 2210),
        ("20260216", "twse-2026", 2210),
        ("20991201", "twse-2026", 2209),
        ("99991231", "twse-2026", 2209),
        ("20130729", "twse-2026", 2011),
        ("20130729", "twse-2013", failures.PACK_UNFIT),
    ],
    ids=["Sunday", "New Year", "2099", "9999", "before the pack", "a pack without odd lots"],
)
def test_a_day_without_trading_or_outside_the_pack_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, day: str, pack: str, code: int
) -> None:
    file = tmp_path / "report.csv"
    file.write_bytes(report_bytes([("2330", B, "220.00", 1000, 1000)], day=day))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    exit_code, answer, _ = run(capsys, "day", file, "--json", "--pack", pack)
    assert (exit_code, answer["error"]["code"]) == (2, code)
    assert "Use fewer rows" not in answer["error"]["remedy_en"]
    assert [path.name for path in tmp_path.iterdir()] == ["report.csv"], "no folder for a journal is left behind"


def test_every_kind_of_bad_row_is_told_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        ("2330", A, "2200.00", 1000, 1000),
        ("2330", B, "2201.00", 1000, 1000),
        ("9999", A, "10.00", 1000, 1000),
        ("2330", "1030土銀", "2200.00", -5, 0),
        ("2330", "1030土銀", "3300.00", 5, 0),
    ]
    file = tmp_path / "report.csv"
    file.write_bytes(report_bytes(rows))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for words in ((), ("--reference", "2330=2200")):
        exit_code, answer, _ = run(capsys, "day", file, "--json", *words)
        assert exit_code == 2
        assert [(row["row"], row["code"]) for row in answer["error"]["rows"]] == [
            (3, failures.OFF_TICK),
            (4, failures.UNKNOWN_SECURITY),
            (5, failures.NEGATIVE),
            (6, failures.OUTSIDE_LIMITS),
        ]
        assert answer["error"]["details"]["count"] == 4
    file.write_bytes(report_bytes([*rows[:3], rows[4]]))
    _, answer, _ = run(capsys, "day", file, "--json")
    assert [row["code"] for row in answer["error"]["rows"]] == [
        failures.OFF_TICK,
        failures.UNKNOWN_SECURITY,
        failures.OUTSIDE_LIMITS,
    ], "also without a row that is bad by itself"
    assert [path.name for path in tmp_path.iterdir()] == ["report.csv"]


BRACKETS = ["[/]", "[red]x[/red]", "[/x]", "[bold", "]", "[link=a]b"]


def test_brackets_in_names_and_paths_are_shown_as_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rich would take them for its markup: an error for some, nothing shown for others."""
    branches = {f"10{number}0": name for number, name in enumerate(BRACKETS)}
    rows = [("2330", f"{code}{name}", "2200.00", 1000, 1000) for code, name in branches.items()]
    folder = tmp_path / "[red]" / "[" / "]"
    folder.mkdir(parents=True)
    file = folder / "[bold]x[.csv"
    file.write_bytes(report_bytes([*rows, ("2330", B, "2200.00", 100, 0)]))
    words = ("day", file, "--journal", folder / "journal", "--fills", folder / "f.csv")
    assert main([str(word) for word in words]) == 0
    shown = capsys.readouterr().out
    fills = (folder / "f.csv").read_text(encoding="utf-8")
    for code, name in branches.items():
        assert f"{code}  {name[:10]}" in shown
        assert f",{code}{name}," in fills
    assert file.name in shown
    assert str(folder / "journal") in shown


@pytest.mark.parametrize("name", BRACKETS)
def test_brackets_in_what_is_refused_are_shown_as_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    file = tmp_path / "report.csv"
    file.write_bytes(report_bytes([("2330", B, "2200.00", 1000, 1000)]))
    for option, value in (("--pack", name), ("--reference", f"{name}=1"), ("--bars", name), ("--fills", f"/no/{name}")):
        assert main(["day", str(file), option, value]) == 2
        assert name in capsys.readouterr().err
    file.write_bytes(report_bytes([(name, f"x{name}", "2200.00", 1000, 1000)]))
    assert main(["day", str(file)]) == 2
    assert f"'{name}'" in capsys.readouterr().err


def test_the_newest_report_is_run_and_brackets_are_shown_as_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "[red]" / "tw_official"
    folder.mkdir(parents=True)
    report = folder / "twse_broker_branch_trades_20260729.csv"
    report.write_bytes(report_bytes([("2330", "1020[/x]", "2200.00", 1000, 1000)]))
    monkeypatch.setenv("YUNHAI_DATA", str(folder.parent))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert main(["day"]) == 0
    shown = capsys.readouterr().out
    assert "1020  [/x]" in shown
    assert str(report) in shown
    assert "--fills fills.csv" not in shown, "the advice must not write into the source tree"


@pytest.mark.parametrize(
    ("sold", "said"),
    [
        (1000, "分點逐價買賣: equal 相符 (1)"),
        (900, "no security of the report balances"),
        (0, "nothing was traded, so nothing was compared"),
    ],
)
def test_nothing_is_called_equal_that_was_not_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], sold: int, said: str
) -> None:
    file = tmp_path / "report.csv"
    rows = [("2330", A, "2200.00", 1000, 0)] + ([("2330", B, "2200.00", 0, sold)] if sold else [])
    file.write_bytes(report_bytes(rows))
    assert main(["day", str(file), "--journal", str(tmp_path / "one")]) == 0
    shown = capsys.readouterr().out
    assert said in shown
    assert ("equal 相符" in shown) == (sold == 1000)


def test_the_summary_is_in_both_languages_and_counts_trades_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "report.csv"
    file.write_bytes(report_bytes([("2330", A, "2200.00", 1000, 0), ("2330", B, "2200.00", 0, 900)]))
    assert main(["day", str(file), "--journal", str(tmp_path / "journal")]) == 0
    shown, errors = capsys.readouterr()
    trades, fills = re.search(r"trades 成交 (\d+) 筆 \(fills 雙邊 (\d+)\)", shown).groups()  # type: ignore[union-attr]
    assert int(fills) == 2 * int(trades)
    assert "buy 買 2200.00: 100 shares 股 (row 第 2 列)" in shown
    assert "cut 扣除 100" in shown
    for line in shown.splitlines()[-6:]:
        assert re.search("[\u4e00-\u9fff]", line), line
    assert errors == "", "no empty line where there is no terminal to draw a bar on"


def test_a_built_in_day_runs_without_any_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code, answer, errors = run(capsys, "day", "--json")
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


@pytest.mark.full
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


@pytest.mark.full
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
