"""Kinds told from codes, the overlay by date, the calendar with its closures."""

import csv
import gzip
from dataclasses import replace
from datetime import date

import pytest

from yunhai.apps import reference_data
from yunhai.exchange.calendar import Closure, TradingCalendar, overlaid
from yunhai.exchange.instruments import classify, is_new_listing, kind_of, multiple_of
from yunhai.exchange.rules.overlay import load_closures, load_overlay
from yunhai.exchange.rules.words import SecurityKind as Kind
from yunhai.kernel.errors import YunhaiError

DAY = date(2026, 7, 29)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("2330", Kind.STOCK),
        ("9958", Kind.STOCK),
        ("2881A", Kind.PREFERRED),
        ("8349A", Kind.PREFERRED),
        ("23301", Kind.CONVERTIBLE),
        ("233012", Kind.CONVERTIBLE),
        ("9103", Kind.TDR),
        ("911608", Kind.TDR),
        ("0050", Kind.ETF),
        ("00878", Kind.ETF),
        ("006208", Kind.ETF),
        ("00403A", Kind.ETF),
        ("00679B", Kind.ETF_BOND),
        ("00687C", Kind.ETF_BOND),
        ("00981D", Kind.ETF_BOND),
        ("00631L", Kind.ETF_LEVERAGED),
        ("00632R", Kind.ETF_LEVERAGED),
        ("00635U", Kind.ETF_FOREIGN),
        ("00636K", Kind.ETF_FOREIGN),
        ("020000", Kind.ETN),
        ("02001L", Kind.ETN),
        ("01001T", Kind.REIT),
        ("030001", Kind.WARRANT_CALL),
        ("03001P", Kind.WARRANT_PUT),
        ("72566U", Kind.WARRANT_PUT),
        ("700021", Kind.WARRANT_CALL),
        ("03012C", Kind.WARRANT_CALL),
        ("03012B", Kind.WARRANT_PUT),
        ("A06107", Kind.GOVERNMENT_BOND),
    ],
)
def test_kinds_by_code(code, kind):
    assert classify(code) is kind


@pytest.mark.parametrize("code", ["", "1", "000", "2330 ", "２３３０", "23a0", "9" * 50, "2330-1", "01001S", "090001"])
def test_a_code_of_no_known_shape_is_refused(code):
    with pytest.raises(YunhaiError) as refused:
        classify(code)
    assert refused.value.code == 2204


@pytest.mark.parametrize(
    ("word", "code", "kind"),
    [
        ("", "2330", Kind.STOCK),
        ("stock", "whatever", Kind.STOCK),
        ("etf", "00888", Kind.ETF),
        ("etf", "00877", Kind.ETF_FOREIGN),
        ("etf", "00679B", Kind.ETF_BOND),
        ("etn", "020033", Kind.ETN_FOREIGN),
        ("etf-foreign", "0050", Kind.ETF_FOREIGN),
        ("warrant", "700021", Kind.WARRANT_CALL),
        ("warrant", "72566U", Kind.WARRANT_PUT),
        ("fund", "01001T", Kind.REIT),
        ("fund", "00877", Kind.ETF_FOREIGN),
        ("note", "020033", Kind.ETN_FOREIGN),
        ("etf", "x", Kind.ETF),
        ("etf", "2330", Kind.ETF),
        ("特別股", "2881A", Kind.PREFERRED),
    ],
)
def test_kinds_by_word(word, code, kind):
    assert kind_of(word, code, overlay=reference_data.overlay(DAY)) is kind


@pytest.mark.parametrize("word", ["share", "STOCK", " stock", "股"])
def test_an_unknown_word_is_refused(word):
    with pytest.raises(YunhaiError) as refused:
        kind_of(word, "2330")
    assert refused.value.code == 2203


def test_multiples():
    assert [multiple_of(code) for code in ("00631L", "00632R", "0050", "")] == [2, 1, 1, 1]


def test_every_listed_security_has_the_kind_of_its_list():
    """Code shape against the exchange's own type, for every stock, preferred share, receipt, fund and trust."""
    wanted = {
        "股票": {Kind.STOCK},
        "創新板": {Kind.STOCK},
        "特別股": {Kind.PREFERRED},
        "臺灣存託憑證(TDR)": {Kind.TDR},
        "ETF": {Kind.ETF, Kind.ETF_BOND, Kind.ETF_LEVERAGED, Kind.ETF_FOREIGN},
        "ETN": {Kind.ETN, Kind.ETN_FOREIGN},
        "受益證券-不動產投資信託": {Kind.REIT},
        "上市認購(售)權證": {Kind.WARRANT_CALL, Kind.WARRANT_PUT},
        "上櫃認購(售)權證": {Kind.WARRANT_CALL, Kind.WARRANT_PUT},
    }
    count = 0
    for name, _ in reference_data._LISTS:
        with (reference_data._code_lists() / name).open(encoding="utf-8", newline="") as file:
            for type_name, code, *_ in csv.reader(file):
                if type_name in wanted:
                    count += 1
                    assert classify(code) in wanted[type_name], (type_name, code)
    assert count == 46_717


def test_foreign_words_agree_with_the_exchange_s_own_table(data_folder):
    """79 funds and notes of the ex-date results, 22 of them without limits: by name alone all but two are right."""
    above = reference_data.overlay(date(2026, 8, 24))
    blind = type(above)(
        instruments={},
        foreign=frozenset(),
        foreign_words=above.foreign_words,
        domestic=above.domestic,
        exceptions={},
    )
    path = data_folder / "tw_official/twse_TWT49U_exright_results_2025-11_2026-08.csv.gz"
    missed, seen = set(), {}
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            code, name = row["股票代號"].strip(), row["股票名稱"].strip()
            kind = classify(code, name=name, overlay=blind)
            if kind in (Kind.ETF, Kind.ETN, Kind.ETF_FOREIGN, Kind.ETN_FOREIGN):
                unlimited = row["跌停價格"] == "0.01"
                seen[code] = unlimited
                if unlimited != (kind in (Kind.ETF_FOREIGN, Kind.ETN_FOREIGN)):
                    missed.add((code, name))
    assert (len(seen), sum(seen.values())) == (79, 22)
    # Names that say nothing of it; the overlay lists them by code.
    assert missed == {("00917", "中信特選金融"), ("00981T", "平衡凱基雙核收息")}


def test_instruments_by_date():
    known = reference_data.instruments(DAY)
    assert known["2330"].name == "台積電"
    assert (known["2330"].market, known["2330"].isin) == ("TWSE", "TW0002330008")
    assert known["00403A"].kind is Kind.ETF
    assert known["00406A"].market == "TWSE"
    assert "00400A" not in known
    assert "00400A" in reference_data.instruments(date(2026, 8, 21))
    assert "00403A" not in reference_data.instruments(date(2026, 7, 28))
    assert "2330" not in reference_data.instruments(date(1994, 9, 2))
    assert known["00631L"].multiple == 2
    assert len(known) > 46_000
    assert reference_data.instrument("1101", DAY).kind is Kind.STOCK
    with pytest.raises(YunhaiError) as refused:
        reference_data.instrument("0000", DAY)
    assert refused.value.code == 2301


def test_a_new_listing_has_no_limits_for_five_trading_days():
    pack = reference_data.rule_pack("twse-2026")
    listed = date(2025, 9, 24)
    days = reference_data.trading_days(date(2025, 9, 1), date(2025, 10, 31))
    stock = reference_data.instrument("2330", DAY)
    new = type(stock)(code="9999", name="x", market="TPEX", kind=Kind.STOCK, listed=listed)
    free = [day for day in days if is_new_listing(pack.new_listing, new, day, days)]
    # 2025-09-29 was Teachers' Day: five trading days, not five days.
    assert free == [date(2025, 9, day) for day in (24, 25, 26, 30)] + [date(2025, 10, 1)]
    assert not is_new_listing(pack.new_listing, stock, DAY, days)


def test_the_overlay_s_new_listing_has_no_limits_on_its_day():
    assert reference_data.instruments(date(2026, 7, 21))["7814"].no_limit
    assert not reference_data.instruments(date(2026, 7, 22))["7814"].no_limit


@pytest.mark.full
def test_a_new_listing_of_the_lists_has_no_limits_for_the_pack_s_days():
    """The newest share of the code lists, on its fifth and sixth trading day and under a pack without the rule."""
    pack = reference_data.rule_pack("twse-2026")
    listed = reference_data.instruments(date(2026, 3, 31)).values()
    newest = max((each for each in listed if each.kind is Kind.STOCK and each.listed), key=lambda each: each.listed)
    assert newest.listed > pack.effective_from
    days = reference_data.trading_calendar(newest.listed, date(2026, 6, 30)).days
    assert newest.listed == days[0]
    free = [reference_data.instruments(day)[newest.code].no_limit for day in days[:7]]
    assert free == [True] * 5 + [False] * 2
    three = replace(pack, new_listing=replace(pack.new_listing, days=3))
    free = [reference_data.instruments(day, pack=three)[newest.code].no_limit for day in days[:5]]
    assert free == [True] * 3 + [False] * 2
    assert not reference_data.instruments(days[0])["2330"].no_limit


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[[instruments]]\nsince = 2026-01-01\nmarket = "NYSE"\nrows = []', 3),
        ('[[instruments]]\nsince = 2026-01-01\nmarket = "TWSE"\nrows = [\n["1", "a"],\n]', 5),
        ('[[instruments]]\nsince = 2026-01-01\nmarket = "TWSE"\nrows = [["1", "a", "thing"]]', 4),
        ('[[instruments]]\nsince = 2026-01-01\nmarket = "TWSE"\nrows = [["1", "a", "etf"],\n["1", "b", "etf"]]', 5),
        ('[[instruments]]\nsince = "2026"\nmarket = "TWSE"\nrows = []', 2),
        ('[[instruments]]\nmarket = "TWSE"\nrows = []', 1),
        ("[[other]]\nx = 1", 1),
        ("[instruments]\nx = 1", 1),
        ('[[exceptions]]\nday = 2026-01-01\nrule = "x"\nreason = "y"\ncodes = [5]', 5),
    ],
)
def test_a_bad_overlay_is_refused_with_its_line(text, line):
    with pytest.raises(YunhaiError) as refused:
        load_overlay(text.encode(), DAY)
    assert (refused.value.code, refused.value.details["line"]) == (2302, line)


def test_a_bad_list_of_closures_is_refused():
    with pytest.raises(YunhaiError) as refused:
        load_closures(b"[[closed]]\nday = 2024-10-31\n")
    assert refused.value.code == 2302


def test_the_calendar_s_closures_are_taken_out():
    calendar = reference_data.trading_calendar(date(2024, 10, 1), date(2024, 11, 29))
    assert not calendar.is_open(date(2024, 10, 31))
    with pytest.raises(YunhaiError) as refused:
        calendar.require_open(date(2024, 10, 31))
    assert "Kong-rey" in refused.value.text()
    with pytest.raises(YunhaiError, match="weekend"):
        calendar.require_open(date(2024, 11, 2))
    with pytest.raises(YunhaiError, match="holiday"):
        calendar.require_open(date(2024, 10, 10))


def test_the_calendar_is_the_data_s(data_folder):
    """Every day of two years of daily bars is a trading day, and no other is."""
    with gzip.open(data_folder / "tw_daily/tw_all_daily_ohlcv_2024-07_2026-08.csv.gz", "rt") as file:
        next(file)
        traded = {line.split(",", 2)[1] for line in file}
    days = reference_data.trading_days(date(2024, 7, 26), date(2026, 8, 21))
    assert {day.isoformat() for day in days} == traded
    assert len(days) == 505


def test_shifting_by_trading_days():
    week = [date(2026, 7, day) for day in (27, 28, 29, 30, 31)]
    calendar = overlaid(week, [Closure(day=week[2], reason="storm")])
    assert calendar == TradingCalendar((week[0], week[1], week[3], week[4]), (Closure(day=week[2], reason="storm"),))
    assert calendar.shifted(week[1], 1) == week[3]
    assert calendar.shifted(week[2], 1) == week[3]
    assert calendar.shifted(week[2], -1) == week[1]
    assert calendar.shifted(week[3], -2) == week[0]
    for day, by in ((week[4], 1), (week[0], -1)):
        with pytest.raises(YunhaiError) as refused:
            calendar.shifted(day, by)
        assert refused.value.code == 2209
