"""The price's way through the day and its times, as small tables."""

import numpy as np
import pytest

from yunhai.apps.day.path import Bar, Ends, PathSource, board_visits, choose_ends, shared_out, walk
from yunhai.apps.day.timetable import MINUTE, SECOND, Hours, continuous_stays, odd_stays
from yunhai.kernel.errors import YunhaiError

PRICES = np.array([100, 101, 102, 103, 104], np.int32)
LOTS = np.array([2000, 1000, 5000, 1000, 3000], np.int64)

HOURS = Hours(
    collect_from=0,
    open_at=30 * MINUTE,
    continuous_until=295 * MINUTE,
    close_at=300 * MINUTE,
    opening_until=35 * MINUTE,
    window_ns=5 * MINUTE,
    halt_ns=2 * MINUTE,
    band_ppm=35_000,
    odd_from=30 * MINUTE,
    odd_first=40 * MINUTE,
    odd_until=300 * MINUTE,
    odd_cycle_ns=5 * SECOND,
    odd_ppm=35_000,
    odd_put_off_ns=2 * MINUTE,
)


@pytest.mark.parametrize(
    ("start", "end", "way"),
    [
        (1, 3, [1, 0, 1, 2, 3, 4, 3]),
        (3, 1, [3, 4, 3, 2, 1, 0, 1]),
        (0, 4, [0, 1, 2, 3, 4]),
        (2, 2, [2, 1, 0, 1, 2, 3, 4, 3, 2]),
    ],
)
def test_the_way_visits_every_price_the_shorter_way_round(start: int, end: int, way: list[int]) -> None:
    assert walk(PRICES, Ends(open=start, close=end, source=PathSource.BAR)).tolist() == way


def test_one_price_is_its_own_way() -> None:
    assert walk(PRICES[:1], Ends(open=0, close=0, source=PathSource.REPORT)).tolist() == [0]


@pytest.mark.parametrize(
    ("bar", "lots", "expected"),
    [
        (Bar(open=101, high=104, low=100, close=103), LOTS, (1, 3, PathSource.BAR)),
        (Bar(open=101, high=105, low=100, close=103), LOTS, (0, 2, PathSource.REPORT)),
        (Bar(open=101, high=104, low=100, close=103), LOTS * [1, 0, 1, 1, 1], (0, 2, PathSource.REPORT)),
        (None, LOTS, (0, 2, PathSource.REPORT)),
        (None, LOTS * [0, 0, 0, 0, 1], (4, 4, PathSource.REPORT)),
    ],
    ids=["bar", "bar's high is not the report's", "no lots at the bar's open", "no bar", "one price with lots"],
)
def test_open_and_close(bar: Bar | None, lots: np.ndarray, expected: tuple[int, int, PathSource]) -> None:
    ends = choose_ends(PRICES, lots, bar=bar, reference=100)
    assert (ends.open, ends.close, ends.source) == expected


@pytest.mark.parametrize("seed", range(20))
def test_every_share_is_at_some_stop_and_none_twice(seed: int) -> None:
    random = np.random.default_rng(seed)
    route = walk(PRICES, Ends(open=2, close=1, source=PathSource.BAR))
    lots = (random.integers(0, 4, PRICES.size) * 1000 + np.array([0, 1000, 1000, 0, 0])).astype(np.int64)
    for visits, unit in ((board_visits(route, lots, lot=1000, random=random), 1000),
                         (shared_out(route, lots + 7, unit=1, random=random), 1)):  # fmt: skip
        total = np.bincount(visits.price, weights=visits.shares, minlength=PRICES.size)
        assert total.tolist() == (lots if unit == 1000 else lots + 7).tolist()
        assert (visits.shares > 0).all()
        assert (visits.shares % unit == 0).all()


def test_opening_and_closing_have_at_least_one_lot_and_the_opening_comes_first() -> None:
    random = np.random.default_rng(1)
    one = np.array([1000], np.int64)
    visits = board_visits(np.array([0]), one, lot=1000, random=random)
    assert (visits.opening, visits.closing, visits.shares.tolist()) == (True, False, [1000])
    visits = board_visits(np.array([0]), one * 2, lot=1000, random=random)
    assert (visits.opening, visits.closing, visits.shares.tolist()) == (True, True, [1000, 1000])


def test_a_dense_day_is_spread_over_the_session_without_risk() -> None:
    prices = np.concatenate((np.arange(1000, 1100), np.arange(1100, 950, -1))).astype(np.int64)
    stays = continuous_stays(prices, np.full(prices.size, 40), HOURS, opened_at=1000)
    assert not stays.risky.any()
    assert stays.start[0] > HOURS.open_at
    assert HOURS.continuous_until - 10 * MINUTE < stays.end[-1] < HOURS.continuous_until
    assert (stays.end[:-1] <= stays.start[1:]).all()


def test_a_jump_has_its_minute_and_the_time_of_an_interruption() -> None:
    prices = np.array([1000, 1080, 1085], np.int64)
    stays = continuous_stays(prices, np.array([4, 4, 4]), HOURS, opened_at=1000)
    assert stays.risky.tolist() == [False, True, True]
    assert stays.end[1] - stays.start[1] == MINUTE
    assert stays.start[2] - stays.end[1] > HOURS.halt_ns


def test_odd_lots_stay_between_auctions_and_wait_for_one_put_off() -> None:
    prices = np.array([1000, 1001, 1080, 1081], np.int64)
    stays = odd_stays(prices, np.array([2, 2, 2, 2]), HOURS)
    assert stays.risky.tolist() == [False, False, True, False]
    assert stays.start[0] < HOURS.odd_first
    assert stays.end[-1] < HOURS.odd_until
    assert stays.start[3] - stays.start[2] > HOURS.odd_put_off_ns
    matches = (stays.end - HOURS.odd_first) // HOURS.odd_cycle_ns
    assert (np.diff(matches) > 0).all()


@pytest.mark.parametrize("count", [4000, 100_000])
def test_more_odd_lot_prices_than_auctions_are_refused(count: int) -> None:
    with pytest.raises(YunhaiError) as refusal:
        odd_stays(np.arange(100_000, 100_000 + count), np.ones(count, np.int64), HOURS)
    assert refusal.value.code == 4031


def test_too_many_jumps_for_one_session_are_refused() -> None:
    prices = np.where(np.arange(300) % 2, 1000, 1090)
    with pytest.raises(YunhaiError) as refusal:
        continuous_stays(prices, np.full(300, 4), HOURS, opened_at=1000)
    assert refusal.value.code == 4031
