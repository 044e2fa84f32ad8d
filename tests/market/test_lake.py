"""The lake: what an import leaves, what a reader sees meanwhile, what was known when, adjusted prices, proof, compaction."""

import fcntl
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from tests.market.lake_scene import DAILY, NOW, NT, WEEK, closes, day, lake_of_a_week, take, write
from yunhai.kernel.clock import DAY, HOUR, market_time
from yunhai.kernel.errors import YunhaiError
from yunhai.market.lake import checking, manifest, writing
from yunhai.market.lake.errors import ROW_CORRECTION, ROW_KNOWN
from yunhai.market.lake.reading import Lake

HOURS_OF_RETIREMENT = 2


def code_of(error: pytest.ExceptionInfo[YunhaiError]) -> int:
    return error.value.code


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_bars_of_every_width(tmp_path: Path) -> None:
    lake = lake_of_a_week(tmp_path)
    assert closes(lake, "2330") == {
        "2026-08-17": 105.0, "2026-08-18": 111.5, "2026-08-19": 101.0, "2026-08-20": 102.0, "2026-08-21": 103.0
    }  # fmt: skip
    (week,) = lake.bars("2330", "1w")
    assert [int(week[name]) for name in ("start_ns", "open", "high", "low", "close", "volume")] == [
        day("2026-08-17"), 100 * NT, 112 * NT, 95 * NT, 103 * NT, 15_000
    ]  # fmt: skip
    assert int(lake.bars("2330", "1mo")[0]["start_ns"]) == day("2026-08-01")
    assert list(closes(lake, "2330", newest=2)) == ["2026-08-20", "2026-08-21"]
    ranged = closes(lake, "2330", first_ns=day("2026-08-18"), last_ns=day("2026-08-19"))
    assert list(ranged) == ["2026-08-18", "2026-08-19"]
    assert closes(lake, "9999") == {}
    assert closes(lake, "2330", segment="odd_lot") == {}


@pytest.mark.parametrize(
    "question",
    [
        {"span": "2d"},
        {"adjust": "both"},
        {"code": ""},
        {"code": "x" * 25},
        {"code": "23\udcff30"},
        {"code": "台積電"},
        {"segment": "\udcff"},
    ],
)
def test_wrong_questions(tmp_path: Path, question: dict[str, str]) -> None:
    lake = lake_of_a_week(tmp_path)
    with pytest.raises(YunhaiError) as refused:
        lake.bars(**({"code": "2330"} | question))  # type: ignore[arg-type]
    assert code_of(refused) == 7456


@pytest.mark.parametrize("table", ["bars-2d", "bars-1d; DROP TABLE x", "../1d"])
def test_no_table_of_that_name(tmp_path: Path, table: str) -> None:
    with pytest.raises(YunhaiError) as refused:
        lake_of_a_week(tmp_path).read(table)
    assert code_of(refused) == 7456


def test_columns_are_the_tables_own_and_codes_are_values(tmp_path: Path) -> None:
    lake = lake_of_a_week(tmp_path)
    with pytest.raises(YunhaiError) as refused:
        lake.read("bars-1d", columns=["close", "1; --"])
    assert code_of(refused) == 7456
    assert len(lake.read("bars-1d", codes=["' OR 1=1 --"])["close"]) == 0
    assert (
        lake.read("bars-1d", codes=["1101", "2330"], columns=["code"])["code"].tolist() == ["1101"] * 2 + ["2330"] * 5
    )


def test_an_empty_lake_answers_nothing(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "none")
    assert len(lake.bars("2330")) == 0
    assert lake.manifest().files == ()
    assert not (tmp_path / "none").exists()


# -- imports -------------------------------------------------------------------------------------------------------------


def test_the_manifest_names_every_file_with_its_hash_and_where_it_came_from(tmp_path: Path) -> None:
    lake = lake_of_a_week(tmp_path)
    found = lake.manifest()
    (file,), (made,) = found.files, found.imports
    assert (file.table, file.part, file.rows, file.origins) == ("bars-1d", "2026", 7, (1,))
    assert manifest.hash_of(lake.folder / file.path) == (file.sha256, file.bytes)
    assert (made.source, made.importer, made.read, made.rows, made.reasons) == ("week.csv", "daily-bars", 7, 7, {})
    assert made.source_sha256 == manifest.hash_of(tmp_path / "week.csv")[0]
    origins = lake.read("bars-1d", columns=["origin"])["origin"]
    assert {found.import_of(int(origin)).source_sha256 for origin in origins} == {made.source_sha256}


def test_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    lake = lake_of_a_week(tmp_path)
    before = snapshot(lake.folder)
    again = take(lake.folder, tmp_path / "week.csv", now_ns=NOW + DAY)
    assert again.again
    assert again.imports == lake.manifest().imports
    assert snapshot(lake.folder) == before


def test_a_years_rows_lie_in_its_own_partition(tmp_path: Path) -> None:
    take(
        tmp_path / "lake",
        write(tmp_path / "two.csv.gz", DAILY, "2330,2025-12-31,100,101,99,100,5", "2330,2026-01-02,100,101,99,101,5"),
    )
    assert [file.part for file in Lake(tmp_path / "lake").manifest().files] == ["2025", "2026"]
    assert list(closes(Lake(tmp_path / "lake"), "2330")) == ["2025-12-31", "2026-01-02"]


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    lake = lake_of_a_week(tmp_path)
    before = snapshot(lake.folder)
    other = write(tmp_path / "more.csv", DAILY, "2317,2026-08-21,200,201,199,200,9")
    with (lake.folder / writing.LOCK).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        for write_more in (lambda: take(lake.folder, other), lambda: checking.compact(lake.folder, now_ns=NOW)):
            with pytest.raises(YunhaiError) as refused:
                write_more()
            assert code_of(refused) == 7452
        assert len(lake.bars("2330")) == 5  # a reader needs no lock
    assert snapshot(lake.folder) == before
    assert not take(lake.folder, other).again


# -- what was known when -------------------------------------------------------------------------------------------------


def test_nothing_known_later_is_read(tmp_path: Path) -> None:
    """A day's bar is known at 14:00 of its day."""
    lake = lake_of_a_week(tmp_path)
    before, after = day("2026-08-19") + 14 * HOUR - 1, day("2026-08-19") + 14 * HOUR
    assert list(closes(lake, "2330", as_of=before)) == ["2026-08-17", "2026-08-18"]
    assert list(closes(lake, "2330", as_of=after)) == ["2026-08-17", "2026-08-18", "2026-08-19"]
    for moment in (0, before, after, NOW):
        known = lake.read("bars-1d", as_of=moment, columns=["known_ns"])["known_ns"]
        assert (known <= moment).all()


def test_a_correction_is_a_new_row_and_the_old_one_is_what_was_known(tmp_path: Path) -> None:
    lake = lake_of_a_week(tmp_path)
    corrected = [WEEK[3].replace(",102,4000", ",102.5,4100"), *WEEK[4:]]
    imported = take(lake.folder, write(tmp_path / "corrected.csv", DAILY, *corrected), now_ns=NOW + DAY)
    assert imported.reasons == {ROW_CORRECTION: 1, ROW_KNOWN: 3}
    assert imported.imports[0].rows == 1
    assert closes(lake, "2330", as_of=NOW)["2026-08-20"] == 102.0
    assert closes(lake, "2330", as_of=NOW + DAY)["2026-08-20"] == 102.5
    assert closes(lake, "2330")["2026-08-20"] == 102.5
    assert len(closes(lake, "2330")) == 5
    marks = lake.read("bars-1d", codes=["2330"], columns=["start_ns", "mark"])
    assert (
        dict(zip(marks["start_ns"].tolist(), marks["mark"].tolist(), strict=True))[day("2026-08-20")] == ROW_CORRECTION
    )
    again = take(
        lake.folder, write(tmp_path / "third.csv", DAILY, WEEK[3].replace(",102,", ",102.8,")), now_ns=NOW + 2 * DAY
    )
    assert again.reasons == {ROW_CORRECTION: 1}
    assert [closes(lake, "2330", as_of=NOW + n * DAY)["2026-08-20"] for n in range(3)] == [102.0, 102.5, 102.8]


# -- adjusted prices -----------------------------------------------------------------------------------------------------

EXRIGHTS = "ex_date,stock_code,close_before,reference_price"


def test_adjusted_prices(tmp_path: Path) -> None:
    """2330 goes ex on the 19th from 111.5 to 100.35 (× 0.9) and on the 21st from 102 to 51 (× 0.5)."""
    lake = lake_of_a_week(tmp_path)
    take(lake.folder, write(tmp_path / "ex.csv", EXRIGHTS, "2026-08-19,2330,111.5,100.35", "2026-08-21,2330,102,51"))
    raw = closes(lake, "2330")
    backward, forward = (closes(lake, "2330", adjust=how) for how in ("backward", "forward"))
    assert backward == {
        "2026-08-17": 47.25, "2026-08-18": 50.175, "2026-08-19": 50.5, "2026-08-20": 51.0, "2026-08-21": 103.0
    }  # fmt: skip
    assert forward["2026-08-17"] == raw["2026-08-17"]
    assert forward["2026-08-20"] == pytest.approx(102 / 0.9, abs=1e-4)
    assert forward["2026-08-21"] == pytest.approx(103 / 0.45, abs=1e-4)
    assert closes(lake, "1101", adjust="backward") == closes(lake, "1101")
    early = closes(lake, "2330", adjust="backward", first_ns=day("2026-08-17"), last_ns=day("2026-08-18"))
    assert early == {name: backward[name] for name in early}  # the range asked for does not change a price
    then = closes(lake, "2330", adjust="backward", as_of=day("2026-08-20") + 15 * HOUR)
    assert then["2026-08-18"] == 100.35  # the second event was not known
    (week,) = lake.bars("2330", "1w", adjust="backward")
    assert (int(week["open"]), int(week["high"])) == (45 * NT, 104 * NT)


def test_a_real_dividend(tmp_path: Path) -> None:
    """2330 on 2024-09-12: 901 the day before, NT$4.01 off, a reference of 896.99, a close of 940 (TWT49U and the day's bars)."""
    days = ("2330,2024-09-11,896,910,896,901,35967000", "2330,2024-09-12,939,946,937,940,48000000")
    take(tmp_path / "lake", write(tmp_path / "days.csv", DAILY, *days))
    take(tmp_path / "lake", write(tmp_path / "ex.csv", EXRIGHTS, "2024-09-12,2330,901,896.99"))
    lake = Lake(tmp_path / "lake")
    assert closes(lake, "2330") == {"2024-09-11": 901.0, "2024-09-12": 940.0}
    adjusted = closes(lake, "2330", adjust="backward")
    assert adjusted == {"2024-09-11": 896.99, "2024-09-12": 940.0}
    assert adjusted["2024-09-12"] / adjusted["2024-09-11"] == pytest.approx(940 / 896.99)
    early = closes(lake, "2330", adjust="backward", as_of=day("2024-09-11") + 20 * HOUR)
    assert early == {"2024-09-11": 901.0}, "on the eve nobody adjusts"


def test_a_halted_stock_has_no_bar_and_its_wider_bars_are_of_the_days_it_traded(tmp_path: Path) -> None:
    """2330 does not trade on Tuesday and Wednesday, and not at all in the week after."""
    days = (WEEK[0], WEEK[3], WEEK[4], "2330,2026-08-31,103,104,102,104,600")
    take(tmp_path / "lake", write(tmp_path / "days.csv", DAILY, *days))
    lake = Lake(tmp_path / "lake")
    assert list(closes(lake, "2330")) == ["2026-08-17", "2026-08-20", "2026-08-21", "2026-08-31"]
    assert closes(lake, "2330", span="1w") == {"2026-08-17": 103.0, "2026-08-31": 104.0}
    (month,) = lake.bars("2330", "1mo")
    assert [int(month[name]) for name in ("open", "close", "volume")] == [100 * NT, 104 * NT, 10_600]


# -- proof and compaction ------------------------------------------------------------------------------------------------


def test_a_changed_file_and_a_missing_one_are_named(tmp_path: Path) -> None:
    lake = lake_of_a_week(tmp_path)
    take(lake.folder, write(tmp_path / "old.csv", DAILY, "2330,2025-12-31,90,91,89,90,5"))
    changed, gone = (lake.folder / file.path for file in lake.manifest().files)
    data = bytearray(changed.read_bytes())
    data[len(data) // 2] ^= 1
    changed.write_bytes(data)
    gone.unlink()
    verdict = checking.verify(lake.folder)
    assert not verdict.right
    assert [(finding.code, finding.path) for finding in verdict.findings] == [
        (7451, str(changed.relative_to(lake.folder))),
        (7450, str(gone.relative_to(lake.folder))),
    ]
    with pytest.raises(YunhaiError) as refused:
        Lake(lake.folder).bars("2330", last_ns=day("2025-12-31"))
    assert code_of(refused) == 7450
    changed.write_bytes(bytes(data[:-4]) + b"none")
    with pytest.raises(YunhaiError) as refused:
        Lake(lake.folder).bars("2330", first_ns=day("2026-01-01"))
    assert code_of(refused) == 7451


def test_compaction_keeps_every_answer(tmp_path: Path) -> None:
    lake = lake_of_a_week(tmp_path)
    for number, line in enumerate(["2317,2026-08-20,200,201,199,200,9", "2317,2026-08-21,200,202,199,201,9"]):
        take(lake.folder, write(tmp_path / f"{number}.csv", DAILY, line))
    take(lake.folder, write(tmp_path / "c.csv", DAILY, WEEK[0].replace(",105,", ",106,")), now_ns=NOW + DAY)
    moments = (day("2026-08-20"), NOW, NOW + DAY, None)
    before = [{code: closes(lake, code, as_of=moment) for code in ("2330", "2317", "1101")} for moment in moments]
    held = Lake(lake.folder)
    paths = [file.path for file in held.manifest().files]
    assert checking.compact(lake.folder, now_ns=NOW) == (4, 2)
    after = [{code: closes(lake, code, as_of=moment) for code in ("2330", "2317", "1101")} for moment in moments]
    assert after == before
    assert checking.verify(lake.folder).right
    assert all((lake.folder / path).exists() for path in paths)  # a reader may still have them open
    assert checking.compact(lake.folder, now_ns=NOW + HOURS_OF_RETIREMENT * HOUR) == (2, 2)
    take(lake.folder, write(tmp_path / "z.csv", DAILY, "2318,2026-08-21,9,9.1,9,9,9"), now_ns=NOW + 2 * DAY)
    assert sum((lake.folder / path).exists() for path in paths) == 1  # the corrections' file stayed as it was
    assert checking.verify(lake.folder).strangers == ()


def test_a_damaged_file_is_not_compacted(tmp_path: Path) -> None:
    lake = lake_of_a_week(tmp_path)
    take(lake.folder, write(tmp_path / "more.csv", DAILY, "2317,2026-08-21,200,202,199,201,9"))
    path = lake.folder / lake.manifest().files[0].path
    path.write_bytes(path.read_bytes() + b"x")
    before = (lake.folder / manifest.NAME).read_bytes()
    with pytest.raises(YunhaiError) as refused:
        checking.compact(lake.folder, now_ns=NOW)
    assert code_of(refused) == 7451
    assert (lake.folder / manifest.NAME).read_bytes() == before


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"format": 2}',
        b'{"format":1,"files":[{"path":"../x"}]}',
        b'{"files":[{"path":"/etc/passwd"}]}',
        b"[]",
    ],
)
def test_a_manifest_that_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / manifest.NAME).write_bytes(content)
    with pytest.raises(YunhaiError) as refused:
        Lake(tmp_path).bars("2330")
    assert code_of(refused) == 7453


def test_a_manifest_never_leads_outside(tmp_path: Path) -> None:
    lake = lake_of_a_week(tmp_path)
    text = (lake.folder / manifest.NAME).read_text().replace("bars/span=1d", "../../span=1d")
    (lake.folder / manifest.NAME).write_text(text)
    with pytest.raises(YunhaiError) as refused:
        Lake(lake.folder).manifest()
    assert code_of(refused) == 7453


def test_threads_may_ask_at_once(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    lake = lake_of_a_week(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: lake.bars("2330").tobytes(), range(16)))
    assert len(set(answers)) == 1


# -- the whole data --------------------------------------------------------------------------------------------------------


@pytest.mark.full
def test_adjusted_closes_agree_with_a_peer(tmp_path: Path, data_folder: Path) -> None:
    """Yahoo's adjusted closes of 2004-2014 for 2330 beside ours from the exchange's reference prices: daily returns agree
    but for their rounding to 0.01 (theirs, of prices near 40, is 0.0003 of a price)."""
    lake = tmp_path / "lake"
    take(lake, data_folder / "tw_official" / "twse_exright_refprice_2003-05_2025-03.csv.gz")
    take(lake, data_folder / "tw_daily" / "tw_longhist_40stocks_2000_2015.csv.gz")
    import csv
    import gzip

    first, last = date(2004, 1, 2), date(2014, 12, 31)
    with gzip.open(data_folder / "tw_daily" / "tw_longhist_40stocks_2000_2015.csv.gz", "rt") as file:
        peers = {
            int(market_time(date.fromisoformat(row["date"]))): float(row["adj_close"])
            for row in csv.DictReader(file)
            if row["stock_code"] == "2330" and first.isoformat() <= row["date"] <= last.isoformat()
        }
    bars = Lake(lake).bars("2330", first_ns=int(market_time(first)), last_ns=int(market_time(last)), adjust="backward")
    ours = {int(bar["start_ns"]): int(bar["close"]) / NT for bar in bars}
    days = [start for start in ours if peers.get(start, 0) > 0]
    assert len(days) > 2_500
    mine = np.diff(np.log([ours[start] for start in days]))
    theirs = np.diff(np.log([peers[start] for start in days]))
    far = np.abs(mine - theirs) > 0.002
    assert far.sum() <= len(days) // 100
