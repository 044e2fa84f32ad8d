"""Market time by integers, held against the standard library's zone arithmetic."""

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest

from yunhai.kernel import clock
from yunhai.kernel.errors import YunhaiError

TAIPEI = timezone(timedelta(hours=8))


@pytest.mark.parametrize("day", [date(1970, 1, 1), date(2013, 7, 1), date(2024, 2, 29), date(2026, 7, 29)])
@pytest.mark.parametrize("at", [time(0, 0), time(8, 30), time(13, 29, 59, 999_999), time(23, 59, 59)])
def test_market_time_is_the_zone_s(day, at):
    moment = clock.market_time(day, clock.ns_of(at))
    wanted = datetime.combine(day, at, TAIPEI) - datetime(1970, 1, 1, tzinfo=UTC)
    assert moment == (wanted // timedelta(microseconds=1)) * 1_000
    assert clock.date_of(moment) == day
    assert clock.time_of_day(moment) == clock.ns_of(at)


def test_times_as_text():
    assert clock.parse_time("13:29:30") == (13 * 3600 + 29 * 60 + 30) * clock.SECOND
    assert clock.time_text(clock.parse_time("09:00")) == "09:00"
    assert clock.time_text(clock.parse_time("09:00:05")) == "09:00:05"
    assert clock.time_text(clock.SECOND // 2) == "00:00:00.5"
    assert clock.moment_text(clock.market_time(date(2026, 7, 29), clock.parse_time("09:00"))) == "2026-07-29 09:00"


@pytest.mark.parametrize("text", ["", "9:00", "24:00", "09:60", "09:00:60", "０９:00", "09-00", "09:00:00:00", " 9:00"])
def test_a_bad_time_is_refused(text):
    with pytest.raises(YunhaiError) as refused:
        clock.parse_time(text)
    assert refused.value.code == 2105


@pytest.mark.parametrize("text", ["", "2026-7-29", "20260732", "1961-01-01", "2026/07/29", "２０２６0729", "22010101"])
def test_a_bad_date_is_refused(text):
    with pytest.raises(YunhaiError) as refused:
        clock.parse_date(text)
    assert refused.value.code == 2104


def test_both_spellings_of_a_date():
    assert clock.parse_date("2026-07-29") == clock.parse_date("20260729") == date(2026, 7, 29)


def test_the_clock_never_goes_back():
    now = clock.VirtualClock(5)
    assert now.now == 5
    now.advance(10)
    now.advance(10)
    with pytest.raises(YunhaiError) as refused:
        now.advance(9)
    assert refused.value.code == 1003
    assert now.now == 10
    with pytest.raises(YunhaiError, match="2103"):
        clock.VirtualClock(7, refusal=2103).require(6)
