"""Importers: what each layout becomes, and that every bad row stands in the report with its line, reason and text."""

import gzip
import json
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.market.lake_scene import DAILY, NOW, NT, WEEK, closes, day, take, weekdays, write
from tests.market.test_bars import small_day
from yunhai.exchange.calendar import TradingCalendar
from yunhai.kernel.clock import EPOCH, HOUR, MINUTE, moment_text
from yunhai.kernel.errors import YunhaiError, entry_of
from yunhai.kernel.limits import IMPORT_NOTES_NAMED_MAX
from yunhai.market.importers.importing import Imported, import_file, recognised
from yunhai.market.importers.layouts import LAYOUTS
from yunhai.market.importers.mapping import mapped
from yunhai.market.importers.own_journal import import_journal
from yunhai.market.importers.parsing import parsed
from yunhai.market.importers.report import Report
from yunhai.market.importers.sources import Source
from yunhai.market.importers.texts import BAD, day_of, is_code, month_of, numbers, time_of
from yunhai.market.lake import errors
from yunhai.market.lake.reading import Lake


def report_of(lake: Path, imported: Imported) -> list[tuple[int, str, str]]:
    """(line, reason's name without its prefix, text) of each row of an import's report."""
    lines = (lake / imported.imports[0].report).read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert all(entry_of(row["code"]).name == row["name"] for row in rows)
    return [(row["line"], row["name"].removeprefix("history-row-"), row["text"]) for row in rows]


def counted(imported: Imported) -> dict[str, int]:
    return {entry_of(code).name.removeprefix("history-row-"): count for code, count in imported.reasons.items()}


# -- texts ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 10_000), ("0", 0), ("12.5", 125_000), ("99999.9999", 999_999_999), ("007.10", 71_000), ("-3.25", -32_500),
        ("+4", 40_000), ("1.50000000", 15_000), (".5", 5_000), ("10000000000000", 10**17), ("100000000000000", None),
        ("", None), ("-", None), (".", None), ("1.2.3", None), ("1e5", None), ("nan", None), ("inf", None), ("１２", None),
        ("1_000", None), (" 1", None), ("0x10", None), ("1.00001", None), ("--1", None), ("1-", None), ("1" * 19, None),
        ("1" * 40, None), ("９", None), ("1,000", None),
    ],
)  # fmt: skip
def test_numbers(text: str, value: int | None) -> None:
    found, good = numbers([text, "1"], decimals=4)
    assert bool(good[0]) is (value is not None)
    assert good[1]
    if value is not None:
        assert int(found[0]) == value


@settings(max_examples=80, deadline=None)
@given(st.lists(st.text(alphabet="0123456789.-+eE ,xn_", max_size=26), min_size=1, max_size=20), st.integers(0, 6))
def test_numbers_are_what_decimals_say(texts: list[str], decimals: int) -> None:
    found, good = numbers(texts, decimals=decimals)
    for text, value, fine in zip(texts, found.tolist(), good.tolist(), strict=True):
        try:
            exact = Decimal(text) * 10**decimals
        except InvalidOperation:
            assert not fine, text
            continue
        if fine:
            assert exact == value, text
        else:
            strange = any(letter in text for letter in "eExn_ ") or len(text) > 24
            assert strange or exact != int(exact) or len(str(abs(int(exact)))) >= 18 or len(text.strip("+-.0")) >= 15, (
                text
            )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-07-20", date(2026, 7, 20)), ("20260720", date(2026, 7, 20)), ("2026/07/20", date(2026, 7, 20)),
        ("115年07月20日", date(2026, 7, 20)), ("115/07/20", date(2026, 7, 20)), ("89/1/4", date(2000, 1, 4)),
        (" 20260720 ", date(2026, 7, 20)), ("2026-02-30", None), ("", None), ("20261301", None), ("1e9", None),
        ("115年13月01日", None), ("0001-01-01", None), ("２０２６0720", None),
    ],
)  # fmt: skip
def test_dates(text: str, found: date | None) -> None:
    assert day_of(text) == (BAD if found is None else (found - EPOCH).days)


def test_months_times_and_codes() -> None:
    assert month_of("202607") == (date(2026, 7, 1) - EPOCH).days
    assert [month_of(text) for text in ("2026", "202613", "")] == [BAD] * 3
    assert time_of("083004446448") == 8 * HOUR + 30 * MINUTE + 4_446_448_000
    assert time_of("13102919") == 13 * HOUR + 10 * MINUTE + 29_190_000_000
    assert time_of("09:00:01") == 9 * HOUR + 1_000_000_000
    assert [time_of(text) for text in ("250000", "0900", "", "09:61:00", "abcdef")] == [BAD] * 5
    assert [is_code(text) for text in ("2330", "00679B", "TX202108/202109", "2330 ", "", "x", "' OR 1", "A" * 25)] == [
        1, 1, 1, 0, 0, 0, 0, 0
    ]  # fmt: skip


# -- daily bars, and what is wrong with them ---------------------------------------------------------------------------------


def test_every_bad_row_is_named_and_no_other(tmp_path: Path) -> None:
    rows = [
        *WEEK,  # lines 2 to 8
        "2330,2026-08-14,100,99,101,100,5",  # 9: high below low
        "2330,2026-08-13,100,101,99,102,5",  # 10: close above high
        "2330,2026-08-12,0,101,99,100,5",  # 11
        "2330,2026-08-11,100,101,99,100,-5",  # 12
        "2330,2024-10-31,100,101,99,100,5",  # 13: the typhoon
        "2330,2026-08-16,100,101,99,100,5",  # 14: a Sunday
        "2330,2026-08-17,100,110,95,105,1000",  # 15: as line 2
        "2330,2026-08-17,100,110,95,106,1000",  # 16: line 2, another close
        "23 30,2026-08-17,100,110,95,105,1000",  # 17
        "2330,2026-02-30,100,110,95,105,1000",  # 18
        "2330,2026-08-10,1e2,110,95,105,1000",  # 19
        "2330,2026-08-10,100.00001,110,95,105,1000",  # 20
        "2330,2026-08-10,100,110,95,1000",  # 21: six fields
        "2330,2026-08-10,,110,95,105,1000",  # 22
        "2330,2026-08-07,100,100,100,100,0",  # 23: no trade
        '2330,2026-08-06,100,101,99,"100\u3000",5',  # 24: a full-width blank about the number is none
        "",  # 25: an empty line is no row
        "1101,2026-08-19,60,60,60,60,5",  # 26: the 20th is then a fall of 30 %
    ]
    imported = take(tmp_path / "lake", write(tmp_path / "dirt.csv.gz", DAILY, *rows))
    report = report_of(tmp_path / "lake", imported)
    assert [(line, name) for line, name, _ in report] == [
        (7, "move"), (9, "ohlc"), (10, "ohlc"), (11, "price"), (12, "volume"), (13, "market-shut"), (14, "market-shut"),
        (15, "repeated"), (16, "contradicts"), (17, "code"), (18, "date"), (19, "number"), (20, "number"),
        (21, "field-count"), (22, "incomplete"), (23, "untraded"),
    ]  # fmt: skip
    assert all(text == (DAILY, *rows)[line - 1] for line, _, text in report)
    assert (imported.read, imported.imports[0].rows) == (24, 9)
    kept = imported.read - sum(count for name, count in counted(imported).items() if name != "move")
    assert kept == imported.imports[0].rows
    lake = Lake(tmp_path / "lake")
    assert closes(lake, "2330")["2026-08-17"] == 105.0  # the first of its key
    marks = lake.read("bars-1d", codes=["1101"], columns=["start_ns", "mark"])
    assert marks["mark"].tolist() == [0, errors.ROW_MOVE, 0]


def test_a_move_is_none_over_an_ex_right_event(tmp_path: Path) -> None:
    """From 100 to 61: with a reference of 60 that is 1.7 %; without one it is marked; over a gap with an event nothing is."""
    lake = tmp_path / "lake"
    rows = [
        f"{code},{on},{close},{close},{close},{close},7"
        for code, second in (("2330", "2026-08-18"), ("2317", "2026-08-18"), ("2454", "2026-08-20"))
        for on, close in (("2026-08-17", 100), (second, 61))
    ]
    events = ["2026-08-18,2330,100,60", "2026-08-19,2454,100,90"]
    take(lake, write(tmp_path / "ex.csv", "ex_date,stock_code,close_before,reference_price", *events))
    imported = take(lake, write(tmp_path / "bars.csv", DAILY, *rows))
    assert [(line, name) for line, name, _ in report_of(lake, imported)] == [(5, "move")]


def test_the_narrower_limit_before_june_2015(tmp_path: Path) -> None:
    rows = [
        f"2330,{on},{close},{close},{close},{close},7"
        for on, close in (("2015-05-28", 100), ("2015-05-29", 109), ("2015-06-01", 119))
    ]
    imported = take(tmp_path / "lake", write(tmp_path / "bars.csv", DAILY, *rows))
    assert [line for line, _, _ in report_of(tmp_path / "lake", imported)] == [3]


def test_a_report_names_no_more_notes_than_its_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert IMPORT_NOTES_NAMED_MAX >= 100
    monkeypatch.setattr("yunhai.market.importers.report.IMPORT_NOTES_NAMED_MAX", 3)
    rows = [f"{1000 + n},2026-08-21,10,10,10,10,0" for n in range(9)]
    imported = take(tmp_path / "lake", write(tmp_path / "none.csv", DAILY, *rows))
    assert counted(imported) == {"untraded": 9}
    assert len(report_of(tmp_path / "lake", imported)) == 3


def test_a_file_that_is_wrong_everywhere_is_refused_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yunhai.market.importers.report.IMPORT_ROWS_REFUSED_MAX", 5)
    rows = [f"{1000 + n},2026-08-21,0,0,0,0,0" for n in range(9)]
    with pytest.raises(YunhaiError) as refused:
        take(tmp_path / "lake", write(tmp_path / "bad.csv", DAILY, *rows))
    assert refused.value.code == 7455
    assert Lake(tmp_path / "lake").manifest().imports == ()


def test_a_whole_history_may_be_corrected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only rows that are left out because they are wrong tell that a file is none: corrections and marks are stored, however many,
    and every one of them stands in the report, beyond what is kept in memory too."""
    monkeypatch.setattr("yunhai.market.importers.report.IMPORT_ROWS_REFUSED_MAX", 5)
    monkeypatch.setattr("yunhai.market.importers.report.IMPORT_NAMED_IN_MEMORY_MAX", 4)
    monkeypatch.setattr("yunhai.market.importers.report.WINDOW", 3)
    lake = tmp_path / "lake"
    codes = [str(1000 + n) for n in range(20)]
    take(lake, write(tmp_path / "first.csv", DAILY, *(f"{code},2026-08-21,10,10,10,10,5" for code in codes)))
    rows = [f"{code},2026-08-21,10,11,10,{10 + n % 2},5" for n, code in enumerate(codes)]
    wrong = [f"{code},2026-08-20,0,0,0,0,5" for code in codes[:5]]
    imported = take(lake, write(tmp_path / "again.csv", DAILY, *rows, *wrong), now_ns=NOW + 1)
    assert counted(imported) == {"correction": 20, "price": 5}
    assert imported.imports[0].rows == 20
    report = report_of(lake, imported)
    assert [(line, name) for line, name, _ in report] == [
        *((line, "correction") for line in range(2, 22)),
        *((line, "price") for line in range(22, 27)),
    ]
    assert [text for _, _, text in report] == [*rows, *wrong]
    with pytest.raises(YunhaiError) as refused:
        take(lake, write(tmp_path / "bad.csv", DAILY, *wrong, "1010,2026-08-20,0,0,0,0,5"))
    assert refused.value.code == 7455


# -- each layout -----------------------------------------------------------------------------------------------------------

SAMPLES: dict[str, tuple[str, tuple[str, ...], str, list[dict[str, Any]]]] = {
    "daily-bars-long": (
        "long.csv",
        ("stock_code,date,open,high,low,close,volume,adj_close", "0050,2008-01-02,60.10,61.30,60.00,60.10,4975000,54.60"),
        "bars-1d",
        [{"code": "0050", "segment": "board", "close": 601_000, "volume": 4_975_000, "known_ns": day("2008-01-02") + 14 * HOUR}],
    ),
    "tpex-daily": (
        "tpex_daily_quotes_20260720.csv",
        (
            "代號,名稱,收盤,漲跌,開盤,最高,最低,均價,成交股數,成交金額(元),成交筆數,最後買價,次日 參考價",
            '00695B,富邦美債7-10,35.60,+0.01,35.60,35.60,35.56,35.59,"756,870","26,936,953",50,35.59,35.60',
            "705291,世紀*凱基59購01,---,---,---,---,---,0.05,0,0,0,0.02,0.05",
        ),
        "bars-1d",
        [{"code": "00695B", "start_ns": day("2026-07-20"), "volume": 756_870, "value": 269_369_530_000, "trades": 50}],
    ),
    "flows": (
        "flows.csv",
        (
            "stock_code,trade_date,foreign_net,foreign_dealer_net,trust_net,dealer_net,total_net",
            "00400A,2026-04-09,-328908,0,0,122459747,122130839",
            "2330,2026-04-09,1,0,2,3,7",
        ),
        "flows",
        [{"code": "00400A", "foreign_net": -328_908, "total_net": 122_130_839, "known_ns": day("2026-04-09") + 17 * HOUR}],
    ),
    "twse-t86": (
        "t86.csv",
        (
            ("date,證券代號,證券名稱,外陸資買進股數(不含外資自營商),外陸資賣出股數(不含外資自營商),"
            "外陸資買賣超股數(不含外資自營商),外資自營商買賣超股數,投信買進股數,投信賣出股數,投信買賣超股數,"
            "自營商買賣超股數,三大法人買賣超股數"),
            '20260713,2618,長榮航,"77,372,730",19353161,58019569,0,351376,3243974,-2892598,109321,55236292',
            "20260713,2891,中信金,10,4,5,0,0,0,0,0,5",
        ),
        "flows",
        [{"code": "2618", "foreign_net": 58_019_569, "trust_net": -2_892_598, "total_net": 55_236_292}],
    ),
    "twse-margin": (
        "margin.csv",
        (
            ("date,股票代號,股票名稱,融資買進,融資賣出,融資現金償還,融資前日餘額,融資今日餘額,融資限額,融券買進,融券賣出,"
            "融券現券償還,融券前日餘額,融券今日餘額,融券限額,資券互抵,註記"),
            "20251103,1101,台泥,1747,1197,1,32417,32966,1887795,5,63,0,200,258,1887795,31,",
            "20251103,1102,亞泥,65,6,0,1161,1221,886640,0,23,0,7,30,886640,0,",
        ),
        "margin",
        [{"code": "1101", "margin_balance": 32_966, "short_balance": 258, "known_ns": day("2025-11-03") + 22 * HOUR}],
    ),
    "tpex-margin": (
        "tpex_margin_balance_20260720.csv",
        (
            ("代號,名稱,前資餘額(張),資買,資賣,現償,資餘額,資屬證金,資使用率(%),資限額,前券餘額(張),券賣,券買,券償,券餘額,"
            "券屬證金,券使用率(%),券限額,資券相抵(張),備註"),
            '00679B,元大美債20年,"4,784",43,857,0,"3,970",9,0.24,"1,621,298",6,0,0,0,6,0,0.0,"1,621,298",0,',
        ),
        "margin",
        [{"code": "00679B", "margin_before": 4_784, "margin_balance": 3_970, "short_quota": 1_621_298}],
    ),
    "mops-revenue": (
        "revenue.csv",
        (
            ("revenue_month,stock_code,monthly_revenue_thousand_twd,previous_month_revenue_thousand_twd,"
            "last_year_month_revenue_thousand_twd,ytd_revenue_thousand_twd,last_year_ytd_revenue_thousand_twd,first_seen_at"),
            "202401,1101,7237930,9514039,7325221,7237930,7325221,2026-08-08T00:53:15+08:00",
            "202607,1101,7000000,7100000,6900000,,,2026-08-08T00:53:15+08:00",
        ),
        "revenue",
        [
            {"code": "1101", "start_ns": day("2024-01-01"), "revenue": 7_237_930, "known_ns": day("2024-02-13")},
            {"start_ns": day("2026-07-01"), "to_date": 0, "known_ns": day("2026-08-08") + 3_195 * 10**9},
        ],
    ),
    "tdcc-holders": (
        "holders.csv",
        ("stock_code,data_date,tier,holders,shares,pct", "00400A,2026-08-21,1,12932,3644445,0.18"),
        "holders",
        [{"code": "00400A", "tier": 1, "holders": 12_932, "share_bp": 18, "known_ns": day("2026-08-22") + 12 * HOUR}],
    ),
    "twse-exrights": (
        "ex.csv",
        (
            "資料日期,股票代號,股票名稱,除權息前收盤價,除權息參考價,權值+息值,權/息,漲停價格,跌停價格,開盤競價基準,減除股利參考價",
            "114年11月04日,3563,牧德,543.00,492.72,50.272732,權息,541.00,443.50,492.50,492.72",
            '115年02月26日,00981T,平衡凱基雙核收息,11.54,11.48,0.056000,息,"9,999.95",0.01,11.48,11.48',
        ),
        "exrights",
        [
            {"code": "00981T", "limit_up": 99_999_500},
            {"code": "3563", "reference": 4_927_200, "rights_value": 50_272_732, "kind": "權息", "start_ns": day("2025-11-04")},
        ],
    ),
    "exright-references": (
        "ref.csv",
        ("ex_date,stock_code,close_before,reference_price", "2003-05-06,1717,17.4,16.0", "2003-05-06,1718,17.4,0"),
        "exrights",
        [{"code": "1717", "close_before": 174_000, "reference": 160_000}],
    ),
    "branch-report": (
        "branch.csv",
        (
            "date,stock,seq,broker_branch,price,buy_shares,sell_shares",
            "20260729,00403A,1,1020合　　庫,8.36,0,10000",
            "20260729,00403A,2,1021甲,8.36,9000,0",
            "20260729,00404A,1,1020合　　庫,9,5,5",
        ),
        "branches",
        [
            {"code": "00403A", "branch": "1020", "price": 83_600, "sold": 10_000, "mark": errors.ROW_TOTALS},
            {"branch": "1021", "bought": 9_000, "mark": errors.ROW_TOTALS},
            {"code": "00404A", "mark": 0},
        ],
    ),
    "twse-mth-63": (
        "transaction_mth",
        (
            "201705319945  S01310291900695302Ac6390034.6000000100006210J000M",
            "201705319945  B01310342800695527X50170034.6000000300011853I014I",
            "201705319945  B0131034280069552",
        ),
        "sides",
        [
            {"code": "9945", "side": "S", "trade": 695_302, "price": 346_000, "quantity": 1_000, "broker": "000M", "place": 0},
            {"side": "B", "quantity": 3_000, "credit": "3", "investor": "I", "order_type": "", "place": 1},
        ],
    ),
    "twse-odr-59": (
        "order_odr",
        ("201612300050  S008300110u555840078.35+00000010004 0855J7003",),
        "orders",
        [{"code": "0050", "side": "S", "change": "4", "price": 783_500, "quantity": 1_000, "credit": "4", "channel": ""}],
    ),
    "twse-dsp-190": (
        "snapshot",
        (
            ("0050  083004446448T   000000000000005 01995000000029019900000000200191500000000301900000000001018800000000011"
            " 020300000000020000000000000000000000000000000000000000000000000000000020241111AA"),
        ),
        "quotes",
        [{"code": "0050", "remark": "T", "price": 0, "bid_price_1": 1_995_000, "bid_lots_1": 29, "ask_price_1": 2_030_000}],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_each_layout(tmp_path: Path, name: str) -> None:
    file, lines, table, wanted = SAMPLES[name]
    path = write(tmp_path / file, *lines)
    assert recognised(Source.of(path)).name == name
    imported = take(tmp_path / "lake", path)
    rows = Lake(tmp_path / "lake").read(table)
    assert len(rows["code"]) == len(wanted) == imported.imports[0].rows
    for place, expected in enumerate(wanted):
        assert {column: rows[column].tolist()[place] for column in expected} == expected
    named = len(lines) - (0 if LAYOUTS[name].length else 1)
    assert imported.read == named
    assert named - imported.imports[0].rows == sum(
        count for reason, count in imported.reasons.items() if reason not in errors.MARKS
    )


def test_every_layout_is_sampled() -> None:
    """Those not above are covered by their own tests; the other lengths differ in the time alone."""
    own = {"daily-bars", "taifex-trades"}
    longer = {"twse-mth-67", "twse-odr-63", "twse-dsp-186"}
    assert set(LAYOUTS) == set(SAMPLES) | own | longer


def test_files_in_chinese_encoding(tmp_path: Path) -> None:
    file, lines, table, _ = SAMPLES["tpex-daily"]
    take(tmp_path / "lake", write(tmp_path / file, *lines, encoding="cp950"))
    take(tmp_path / "other", write(tmp_path / file, *lines, encoding="utf-8-sig"))
    one, two = (Lake(tmp_path / name).read(table)["close"].tolist() for name in ("lake", "other"))
    assert one == two == [356_000]


TAIFEX = (
    "成交日期,商品代號,到期月份(週別),成交時間,成交價格,成交數量(B+S),近月價格,遠月價格,開盤集合競價 ",
    "20260821,TX     ,202609     ,150000,17409,68,-,-,*",
    "20260822,TX     ,202609     ,045959,17410,2,-,-, ",
    "20260824,TX     ,202609     ,084500,17420,4,-,-,*",
    "20260824,TX     ,202609     ,134500,17400,6,-,-, ",
    "20260824,TX     ,202609/202610,090000,-19,2,17409,17390, ",
    "20260824,TX     ,202609     ,090000,17400,3,-,-, ",
    "20260824,TX     ,202609     ,090000,-1,2,-,-, ",
)


def test_futures_trades_become_bars_of_their_session(tmp_path: Path) -> None:
    """Friday's night session trades for Monday; both sides of a trade are counted in the file."""
    imported = take(tmp_path / "lake", write(tmp_path / "tx.csv", *TAIFEX))
    assert [(line, name) for line, name, _ in report_of(tmp_path / "lake", imported)] == [(7, "number"), (8, "price")]
    assert {made.table: made.rows for made in imported.imports} == {
        "trades": 5, "bars-1s": 5, "bars-1m": 5, "bars-1d": 2
    }  # fmt: skip
    lake = Lake(tmp_path / "lake")
    (session,) = lake.bars("TX202609", segment="futures")
    assert int(session["start_ns"]) == day("2026-08-24")
    figures = [int(session[name]) for name in ("open", "high", "low", "close", "volume", "trades")]
    assert figures == [17_409 * NT, 17_420 * NT, 17_400 * NT, 17_400 * NT, 40, 4]
    minutes = [moment_text(int(bar["start_ns"])) for bar in lake.bars("TX202609", "1m", segment="futures")]
    assert minutes == ["2026-08-21 15:00", "2026-08-22 04:59", "2026-08-24 08:45", "2026-08-24 13:44"]
    (spread,) = lake.bars("TX202609/202610", segment="spread")
    assert int(spread["close"]) == -19 * NT
    trades = lake.read("trades", codes=["TX202609"], columns=["place", "auction", "quantity"])
    assert trades["auction"].tolist() == [1, 0, 1, 0]


def test_a_contract_that_is_none(tmp_path: Path) -> None:
    """A code is what can be asked for."""
    rows = ("20260824,TX☃,202609,084500,17420,4,-,-,*", "20260824,ABCDEFGHIJKLM,2026090000000,084500,17420,4,-,-,*")
    imported = take(tmp_path / "lake", write(tmp_path / "tx.csv", TAIFEX[0], *rows, TAIFEX[3]))
    assert [(line, name) for line, name, _ in report_of(tmp_path / "lake", imported)] == [(2, "code"), (3, "code")]
    assert Lake(tmp_path / "lake").read("trades")["code"].tolist() == ["TX202609"]


def test_a_sessions_last_bar_is_known_when_its_close_can_be_put_off_no_longer(tmp_path: Path) -> None:
    """The close trades at 13:45 or later; at 13:45 nobody knows the bar of 13:44 that it is in."""
    take(tmp_path / "lake", write(tmp_path / "tx.csv", *TAIFEX[:5]))
    rows = Lake(tmp_path / "lake").read("bars-1m", codes=["TX202609"], columns=["start_ns", "known_ns"])
    known = {
        moment_text(int(at))[11:]: int(known - at) // 60_000_000_000 for at, known in zip(*rows.values(), strict=True)
    }
    assert known == {"15:00": 1, "04:59": 1, "08:45": 1, "13:44": 11}


# -- when revenue was known ----------------------------------------------------------------------------------------------

REVENUE = SAMPLES["mops-revenue"][1][0]


@pytest.mark.parametrize(
    ("month", "seen", "known"),
    [
        ("202605", "", "2026-06-11 00:00"),  # the 10th is a Wednesday
        ("202609", "", "2026-10-13 00:00"),  # a Saturday: Monday the 12th is the last day
        ("202409", "", "2024-10-11 00:00"),
        ("202605", "2026-06-08T15:30:00.250000", "2026-06-08 15:30:00.25"),
        ("202605", "2026-06-08T07:30:00+00:00", "2026-06-08 15:30"),
        ("202609", "2026-10-12T18:00:00", "2026-10-12 18:00"),  # in time, and not known on Sunday
        ("202605", "2026-11-01T00:00:00", "2026-06-11 00:00"),  # fetched long after
        ("202605", "2026-05-31T23:59:59", "2026-06-11 00:00"),  # before the month had ended
        ("202605", "1970-01-02T00:00:00", "2026-06-11 00:00"),
        ("202605", "9999-12-31T23:59:59", "2026-06-11 00:00"),
        ("202605", "0001-01-01T00:00:00", "2026-06-11 00:00"),
        ("202605", "soon", "2026-06-11 00:00"),
    ],
)
def test_when_revenue_was_known(tmp_path: Path, month: str, seen: str, known: str) -> None:
    names = REVENUE.split(",")
    row = {"stock_code": "2330", "revenue_month": month, "first_seen_at": seen}
    line = ",".join(row.get(name, "1") for name in names)
    assert "first_seen_at" in names
    take(tmp_path / "lake", write(tmp_path / "revenue.csv", REVENUE, line))
    (found,) = Lake(tmp_path / "lake").read("revenue", columns=["known_ns"])["known_ns"].tolist()
    assert moment_text(found) == known


def test_a_deadline_on_a_holiday_is_the_next_market_day(tmp_path: Path) -> None:
    def holidays(first: date, last: date) -> TradingCalendar:
        closed = {date(2026, 6, 10), date(2026, 6, 11)}
        return TradingCalendar(days=tuple(day for day in weekdays(first, last).days if day not in closed))

    line = ",".join({"stock_code": "2330", "revenue_month": "202605"}.get(name, "1") for name in REVENUE.split(","))
    path = write(tmp_path / "revenue.csv", REVENUE, line)
    import_file(tmp_path / "lake", path, now_ns=NOW, calendar=holidays)
    (found,) = Lake(tmp_path / "lake").read("revenue", columns=["known_ns"])["known_ns"].tolist()
    assert moment_text(found) == "2026-06-13 00:00"


# -- plain CSV -----------------------------------------------------------------------------------------------------------


def test_plain_csv(tmp_path: Path) -> None:
    lines = ("Day;x,O,H,L,C,V", "2026-08-20,10,11,9.5,10.5,7000", "2026-08-21,10,11,9.5,12,7000")
    path = write(tmp_path / "any.csv", lines[0].replace("Day;x", "Day"), *lines[1:])
    layout, options = mapped("bars-1d", "start_ns=Day,open=O,high=H,low=L,close=C,volume=V", code="6666")
    imported = take(tmp_path / "lake", path, layout=layout, options=options)
    assert closes(Lake(tmp_path / "lake"), "6666") == {"2026-08-20": 10.5}
    assert counted(imported) == {"ohlc": 1}
    assert take(tmp_path / "lake", path, layout=layout, options=options).again
    other, more = mapped("bars-1d", "start_ns=Day,open=O,high=H,low=L,close=C,volume=V", code="7777")
    assert not take(tmp_path / "lake", path, layout=other, options=more).again


@pytest.mark.parametrize(
    ("table", "text", "code"),
    [
        ("bars-1d", "", ""),
        ("bars-1d", "close=C", "2330"),
        ("bars-1d", "nothing=C", "2330"),
        ("bars-1d", "close=C,close=D", "2330"),
        ("bars-1d", "close", "2330"),
        ("trades", "code=a", ""),
        ("bars-1d", "code=c,start_ns=d,open=o,high=h,low=l,close=c,volume=v", "2330"),
        ("bars-1d", "start_ns=d,open=o,high=h,low=l,close=c,volume=v", "no code"),
        ("bars-1d", "x" * 2_000, "2330"),
    ],
)
def test_mappings_that_are_none(table: str, text: str, code: str) -> None:
    with pytest.raises(YunhaiError) as refused:
        mapped(table, text, code=code)
    assert refused.value.code == 7459


# -- files that are none -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.csv", b"", 7454),
        ("a.csv", b"one,two\n1,2\n", 7454),
        ("a.csv.gz", gzip.compress(b"stock_code,trade_date\n" * 9_000, mtime=0)[:-9], 7454),
        ("a.csv.gz", gzip.compress(f"{DAILY}\n{WEEK[0]}\n".encode(), mtime=0)[:-12], 7455),
        ("a.csv", f"{DAILY}\n{'9' * 70_000}\n".encode(), 7455),
        ("a.bin", bytes(range(256)) * 50, 7454),
        ("tpex.csv", "\n".join(SAMPLES["tpex-daily"][1]).encode(), 7454),  # no date anywhere
    ],
    ids=[
        "nothing",
        "no-known-head",
        "cut-in-the-head",
        "cut-in-the-rows",
        "a-long-row",
        "not-text",
        "no-date-anywhere",
    ],
)
def test_files_that_are_none(tmp_path: Path, name: str, content: bytes, code: int) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(YunhaiError) as refused:
        take(tmp_path / "lake", path)
    assert refused.value.code == code
    assert Lake(tmp_path / "lake").manifest().imports == ()


def test_rows_that_are_none_are_counted_as_they_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are told piece by piece: a file of nothing else is refused before it has been read whole."""
    monkeypatch.setattr("yunhai.market.importers.report.IMPORT_ROWS_REFUSED_MAX", 25)
    monkeypatch.setattr("yunhai.market.importers.parsing._AT_ONCE", 10)
    source = Source.of(write(tmp_path / "a.csv", DAILY, *["1,2"] * 1_000))
    report = Report(source)
    with pytest.raises(YunhaiError) as refused:
        parsed(LAYOUTS["daily-bars"], source, report, day=None, progress=lambda _: None)
    assert (refused.value.code, report.read) == (7455, 30)


def test_a_lake_that_is_damaged_takes_nothing_and_says_which_file(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    take(lake, write(tmp_path / "week.csv", DAILY, *WEEK))
    (file,) = Lake(lake).manifest().files
    (lake / file.path).write_bytes(b"PAR1")
    before = (lake / "manifest.json").read_bytes()
    with pytest.raises(YunhaiError) as refused:
        take(lake, write(tmp_path / "more.csv", DAILY, "2317,2026-08-21,100,110,95,105,1000"))
    assert (refused.value.code, refused.value.details["path"]) == (7451, file.path)
    assert (lake / "manifest.json").read_bytes() == before


def test_a_date_that_is_given(tmp_path: Path) -> None:
    path = write(tmp_path / "tpex.csv", *SAMPLES["tpex-daily"][1])
    take(tmp_path / "lake", path, day=date(2026, 7, 21))
    assert list(closes(Lake(tmp_path / "lake"), "00695B")) == ["2026-07-21"]
    assert not take(tmp_path / "lake", path, day=date(2026, 7, 22)).again


# -- our own journal -----------------------------------------------------------------------------------------------------


def test_a_journals_days_into_the_lake(tmp_path: Path) -> None:
    venue = small_day(tmp_path / "journal")
    ((day_made, imported),) = import_journal(tmp_path / "lake", tmp_path / "journal", now_ns=NOW)
    assert imported is not None
    assert day_made.date == "2026-08-21"
    lake = Lake(tmp_path / "lake")
    tally = venue.tally("2330")
    (bar,) = lake.bars("2330")
    assert [int(bar[name]) for name in ("open", "high", "low", "close", "volume", "value", "trades")] == [
        tally.open, tally.high, tally.low, tally.last, tally.volume, tally.value, tally.trades
    ]  # fmt: skip
    assert sum(lake.bars("2330", "1s")["volume"].tolist()) == tally.volume
    assert len(lake.bars("2330", segment="odd_lot")) == 1
    ((_, again),) = import_journal(tmp_path / "lake", tmp_path / "journal", now_ns=NOW)
    assert again is not None
    assert again.again
    assert len(lake.manifest().imports) == 3


def test_of_one_days_bars_the_journals_own_is_read(tmp_path: Path) -> None:
    """What this house's market traded, and a file about the same day: both are kept, neither corrects the other."""
    take(tmp_path / "lake", write(tmp_path / "week.csv", DAILY, *WEEK))
    small_day(tmp_path / "journal")
    list(import_journal(tmp_path / "lake", tmp_path / "journal", now_ns=NOW))
    lake = Lake(tmp_path / "lake")
    found = closes(lake, "2330")
    assert len(found) == 5
    assert (found["2026-08-20"], found["2026-08-21"] != 103.0) == (102.0, True)
    venues = lake.read("bars-1d", codes=["2330"], segment="board", columns=["venue"])["venue"].tolist()
    assert venues == ["", "", "", "", "journal"]
    assert {reason for made in lake.manifest().imports for reason in made.reasons} == set()


def test_an_open_day_is_passed_over(tmp_path: Path) -> None:
    small_day(tmp_path / "journal", closed=False)
    ((_, imported),) = import_journal(tmp_path / "lake", tmp_path / "journal", now_ns=NOW)
    assert imported is None
    assert Lake(tmp_path / "lake").manifest().imports == ()


# -- the real files --------------------------------------------------------------------------------------------------------


@pytest.mark.full
def test_the_whole_markets_daily_rows(tmp_path: Path, data_folder: Path) -> None:
    """992,058 rows; SOURCES.md: 840 break low ≤ open, close ≤ high. Six of these have zero prices, five blanks. Every row is
    stored or has its reason."""
    take(tmp_path / "lake", data_folder / "tw_official" / "twse_exright_refprice_2003-05_2025-03.csv.gz")
    imported = take(tmp_path / "lake", data_folder / "tw_daily" / "tw_all_daily_ohlcv_2024-07_2026-08.csv.gz")
    found = counted(imported)
    assert imported.read == 992_058
    assert (found["ohlc"], found["price"], found["incomplete"]) == (829, 6, 5)
    assert 700 <= found["move"] <= 900
    assert imported.imports[0].rows == 992_058 - 840 - found["untraded"]
    assert len(report_of(tmp_path / "lake", imported)) == 840 + found["move"] + IMPORT_NOTES_NAMED_MAX
    rows = Lake(tmp_path / "lake").read("bars-1d", columns=["open", "high", "low", "close"])
    assert (rows["low"] <= np.minimum(rows["open"], rows["close"])).all()
    assert (rows["high"] >= np.maximum(rows["open"], rows["close"])).all()
    assert rows["low"].min() > 0


@pytest.mark.full
@pytest.mark.parametrize(
    ("file", "read", "stored"),
    [
        ("tw_official/twse_MI_MARGN_margin_balance_2025-11_2026-08.csv.gz", 142_568, 142_568),
        ("tw_official/tdcc_shareholding_distribution_2026-08-21.csv.gz", 68_578, 68_578),
        ("tw_official/mops_monthly_revenue_twse_202401_on.csv.gz", 30_457, 30_360),
        ("tw_official/twse_broker_branch_trades_20260729.csv.gz", 319_362, 319_362),
        ("taifex/time_and_sales_2021-07-26.csv.gz", 96_334, 96_334),
        ("tw_orderlevel/transaction_mth", 33, 33),
    ],
)
def test_real_files(tmp_path: Path, data_folder: Path, file: str, read: int, stored: int) -> None:
    imported = take(tmp_path / "lake", data_folder / file)
    assert (imported.read, imported.imports[0].rows) == (read, stored)
