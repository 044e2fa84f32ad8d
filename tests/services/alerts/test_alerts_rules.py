"""When an alert's condition holds, and how its value is written: tables."""

import pytest

from yunhai.kernel.errors import YunhaiError
from yunhai.market.alerts import checked, described
from yunhai.services.alerts.rules import (
    SecurityNow,
    checked_note,
    condition_of,
    expiry_of,
    holds,
    shown,
    threshold_of,
    told_again,
    value_of,
    value_shown,
)

NOW = SecurityNow(reference=1_000_000, last=1_030_000, shares=5_000)
FALLEN = SecurityNow(reference=1_000_000, last=970_000)
QUIET = SecurityNow(reference=1_000_000)
UNKNOWN = SecurityNow(reference=0)
TOP = SecurityNow(reference=1_000_000, last=1_100_000, limit_up=1_100_000, limit_down=900_000)


@pytest.mark.parametrize(
    ("kind", "value", "now", "expected"),
    [
        ("price_up", "103", NOW, True),
        ("price_up", "103.0001", NOW, False),
        ("price_down", "103", NOW, True),
        ("price_down", "102.9", NOW, False),
        ("price_down", "100", UNKNOWN, False),
        ("price_up", "100", QUIET, True),
        ("change_up", "3", NOW, True),
        ("change_up", "3.01", NOW, False),
        ("change_down", "-3", FALLEN, True),
        ("change_down", "3", FALLEN, True),
        ("change_down", "3.01", FALLEN, False),
        ("change_up", "0.01", UNKNOWN, False),
        ("limit_up", "", TOP, True),
        ("limit_down", "", TOP, False),
        ("limit_up", "", NOW, False),
        ("limit_up", "", QUIET, False),
        ("limit_down", "", QUIET, False),
        ("volume_up", "5000", NOW, True),
        ("volume_up", "5001", NOW, False),
    ],
)
def test_a_condition_holds_from_its_value_on(kind: str, value: str, now: SecurityNow, expected: bool) -> None:
    assert holds(kind, threshold_of(kind, value), now) is expected


def test_values_in_their_units() -> None:
    assert [shown(kind, value_of(kind, NOW)) for kind in ("price_up", "change_up", "volume_up")] == [
        "103.00",
        "3.00",
        "5000",
    ]
    assert shown("change_down", value_of("change_down", FALLEN)) == "-3.00"


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        ("price", "100", 7579),
        ("price_up", "0", 7580),
        ("price_up", "-1", 7580),
        ("price_up", "1e3", 7580),
        ("price_up", "100000", 7580),
        ("change_up", "0.001", 7580),
        ("change_up", "-1", 7580),
        ("change_down", "100.01", 7580),
        ("volume_up", "1.5", 7580),
        ("volume_up", "\x00", 7580),
        ("price_up", "", 7580),
        ("limit_up", "110", 7580),
        ("kd_up", "20", 7580),
        ("over_ma", "1", 7580),
        ("over_ma", "241", 7580),
        ("under_ma", "2.5", 7580),
    ],
)
def test_what_is_no_threshold_is_refused(kind: str, value: str, code: int) -> None:
    with pytest.raises(YunhaiError) as refused:
        threshold_of(kind, value)
    assert refused.value.code == code


@pytest.mark.parametrize("text", ["2026-08-20", "20260822", "x", "2026-02-30"])
def test_an_expiry_is_a_day_that_is_not_over(text: str) -> None:
    with pytest.raises(YunhaiError) as refused:
        expiry_of(text, "2026-08-21")
    assert refused.value.code == 7581


def test_notes_are_one_line() -> None:
    assert checked_note("  a \n b ") == "a b"
    with pytest.raises(YunhaiError):
        checked_note("x" * 81)


@pytest.mark.parametrize(
    ("kind", "value", "zh"),
    [
        ("kd_up", "", "KD(9,3,3) K向上突破 KD(9,3,3) D"),
        ("kd_down", "", "KD(9,3,3) K向下跌破 KD(9,3,3) D"),
        ("ma_up", "", "SMA(5) real向上突破 SMA(20) real"),
        ("ma_down", "", "SMA(5) real向下跌破 SMA(20) real"),
        ("over_ma", "60", "收盤價向上突破 SMA(60) real"),
        ("under_ma", "60", "收盤價向下跌破 SMA(60) real"),
    ],
)
def test_what_a_day_kind_looks_at(kind: str, value: str, zh: str) -> None:
    said = described(checked(condition_of(kind, threshold_of(kind, value))))[0]
    assert said.replace(" real", "").replace(" ", "") == zh.replace(" real", "").replace(" ", "")


@pytest.mark.parametrize(
    ("repeat", "fired_ns", "market_ns", "expected"),
    [
        (False, 5, 6, True),
        (True, 0, 6, True),
        (True, 5, 5 + 59_999_999_999, False),
        (True, 5, 5 + 60_000_000_000, True),
        (True, 5, 4, True),  # another day's clock
    ],
)
def test_a_repeating_alert_keeps_quiet_for_a_minute(
    repeat: bool, fired_ns: int, market_ns: int, expected: bool
) -> None:
    assert told_again(repeat, fired_ns, market_ns) is expected


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("kd_up", 2_345, "23.45"),
        ("ma_up", 1_010_000, "101.00"),
        ("over_ma", 1_010_000, "101.00"),
        ("limit_up", 5, "0.0005"),
    ],
)
def test_what_was_seen_in_its_unit(kind: str, value: int, text: str) -> None:
    assert value_shown(kind, value) == text
