"""The screener's words, examples, dates and names, purely."""

from typing import Any

import pytest

from yunhai.kernel.clock import DAY, HOUR
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import SCREEN_INDICATORS_MAX, SCREEN_NAME_CHARACTERS_MAX
from yunhai.market.screener import columns_named, conditions, parse, parse_tree
from yunhai.market.screener.names import ALIASES, COLUMNS, CROSSES
from yunhai.market.screener.names import FUNCTIONS as KNOWN_FUNCTIONS
from yunhai.services.screener import rules
from yunhai.services.screener.fields import EXAMPLES, FIELDS, FUNCTIONS
from yunhai.services.screener.telling import told, unit_of

MIDNIGHT = 1_787_241_600 * 10**9  # 2026-08-21 in Taipei


# -- words ---------------------------------------------------------------------------------------------------------------


def test_every_column_and_function_can_be_chosen_and_its_chinese_name_is_a_word() -> None:
    assert {field.name for field in FIELDS} == COLUMNS
    assert {ALIASES[field.zh] for field in FIELDS} == COLUMNS
    assert {function.name for function in FUNCTIONS} == KNOWN_FUNCTIONS | CROSSES
    for function in FUNCTIONS:
        boolean = function.name in CROSSES or function.name == "always"
        parse(function.written if boolean else f"{function.written} > 1")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.key)
def test_an_example_is_a_screen_with_a_name_of_its_own(example: Any) -> None:
    parse(example.text)
    assert sum(one.key == example.key or one.zh == example.zh or one.en == example.en for one in EXAMPLES) == 1


@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        ("close > 50", "收盤價 > 50", "Close > 50"),
        ("收盤 >= 1000000", "收盤價 ≥ 1000000", "Close ≥ 1000000"),
        ("close != 0.05", "收盤價 ≠ 0.05", "Close ≠ 0.05"),
        ("kd.k(9,3,3) > kd.d", "KD(9,3,3) K > KD(9,3,3) D", "KD(9,3,3) K > KD(9,3,3) D"),
        ("macd > macd.macdsignal", "MACD(12,26,9) DIF > MACD(12,26,9) MACD",
         "MACD(12,26,9) macd > MACD(12,26,9) macdsignal"),
        ("cross_above(sma(5), sma(20))", "SMA(5) 向上穿越 SMA(20)", "SMA(5) crosses above SMA(20)"),
        ("always(foreign_net > 0, 5)", "連續 5 日外資買賣超 > 0", "5 sessions running Foreign net buying > 0"),
        ("volume > 2 * prev(mean(volume, 5), 1)", "成交量 > （2 × 1 日前5 日平均成交量）",
         "Volume > (2 × 5-session mean of Volume 1 sessions ago)"),
        ("change < 0 or revenue_growth > 20", "漲跌幅 < 0 或 營收年增率 > 20", "Change < 0 or Revenue, year on year > 20"),
        ("not close > open", "不符「收盤價 > 開盤」", "not (Close > Open)"),
        ("sar(0.02, 0.2) < close", "SAR(0.02,0.2) < 收盤價", "SAR(0.02,0.2) < Close"),
    ],
)  # fmt: skip
def test_a_condition_in_words(text: str, zh: str, en: str) -> None:
    assert told(parse(text)) == (zh, en)


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        ("close", "NT$"), ("change", "%"), ("volume", "shares"), ("sum(foreign_net, 5)", "shares"), ("revenue", "NT$1,000"),
        ("close - prev(close, 3)", "NT$"), ("close / open", ""), ("rsi(6)", ""), ("-margin_change", "lots"),
    ],
)  # fmt: skip
def test_units(value: str, unit: str) -> None:
    condition = parse(f"{value} > 1")
    assert unit_of(condition.parts[0]) == unit  # type: ignore[union-attr]


# -- the language --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("close > 50", ("close > 50",)),
        (" 收盤 > 50  and\n  volume > 1 ", ("收盤 > 50", "volume > 1")),
        ("(close > 1 and volume > 1) AND high > 1", ("(close > 1 and volume > 1)", "high > 1")),
        ("close > 1 and volume > 1 or high > 1", ("close > 1 and volume > 1 or high > 1",)),
        ("close > 1 and (volume > 1 or high > 1)", ("close > 1", "(volume > 1 or high > 1)")),
        ("not close > 1 and cross_above(close, 3)", ("not close > 1", "cross_above(close, 3)")),
    ],
)
def test_conditions_as_they_were_written(text: str, pieces: tuple[str, ...]) -> None:
    assert conditions(text) == pieces
    for piece in pieces:
        parse(piece)


@pytest.mark.parametrize(
    "text", ["volume > 1000000", "revenue > 123456789012", "close < 0.0001", "close > 100.50", "close > 1000000.5"]
)
def test_numbers_are_written_without_an_exponent(text: str) -> None:
    again = parse(str(parse(text)))
    assert str(again) == str(parse(text))
    assert again.parts[1].value == parse(text).parts[1].value  # type: ignore[union-attr]


@pytest.mark.parametrize("number", [float("inf"), float("nan"), 1e300, 10**400])
def test_a_trees_number_is_one_that_can_be_written(number: Any) -> None:
    with pytest.raises(YunhaiError) as refused:
        parse_tree([">", "close", number])
    assert refused.value.code == 7457


def test_so_many_indicators_and_no_more() -> None:
    most = [f"sma({period}) > 1" for period in range(2, 2 + SCREEN_INDICATORS_MAX)]
    parse(" and ".join([*most[1:], "kd.k(9) > 1", "kd.d(9) > 1", "prev(kd.j(9), 3) > 1"]))
    with pytest.raises(YunhaiError) as refused:
        parse(" and ".join([*most, "rsi > 1"]))
    assert (refused.value.code, refused.value.details["at"]) == (7457, len(" and ".join(most)) + 6)


def test_columns_that_a_screen_names_itself() -> None:
    assert columns_named(parse("rsi(6) > 3 and 外資買賣超 > 0 and cross_above(close, sma(5))")) == {
        "foreign_net",
        "close",
    }


# -- names, codes, dates -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kept"),
    [(" 成長  股 ", "成長 股"), ("x" * SCREEN_NAME_CHARACTERS_MAX, "x" * SCREEN_NAME_CHARACTERS_MAX), ("", None), (" ", None),
     ("x" * (SCREEN_NAME_CHARACTERS_MAX + 1), None), ("a\x00", None)],
)  # fmt: skip
def test_a_name_is_short_and_plain(name: str, kept: str | None) -> None:
    if kept is None:
        with pytest.raises(YunhaiError) as refused:
            rules.checked_name(name)
        assert refused.value.code == 7572
    else:
        assert rules.checked_name(name) == kept


def test_codes_in_capitals_each_once() -> None:
    assert rules.checked_codes(["2330", " 00632r ", "2330"]) == ("2330", "00632R")
    for wrong in ("", "臺積電", "2330;", "x" * 30):
        with pytest.raises(YunhaiError) as refused:
            rules.checked_codes([wrong])
        assert refused.value.code == 7576


@pytest.mark.parametrize(
    ("text", "session", "moment"),
    [("", None, None), ("2026-08-21", MIDNIGHT, MIDNIGHT + DAY - 1), ("2026-08-21T17:00:00", 7574, MIDNIGHT + 17 * HOUR),
     ("2026-08-21T17:00:00Z", 7574, MIDNIGHT + 25 * HOUR), ("2026-02-30", 7574, 7574), ("0001-01-01", 7574, 7574),
     ("9999-12-31", 7574, 7574), ("20260821", 7574, 7574), ("x", 7574, 7574), ("0001-01-01T00:00:00+23:59", 7574, 7574)],
)  # fmt: skip
def test_dates_and_moments(text: str, session: int | None, moment: int | None) -> None:
    for read, wanted in ((rules.session_of, session), (rules.moment_of, moment)):
        if wanted == 7574:
            with pytest.raises(YunhaiError) as refused:
                read(text)
            assert refused.value.code == 7574
        else:
            assert read(text) == wanted
