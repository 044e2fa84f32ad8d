"""Ticks, limits, ex-date prices and ladders as tables a broker could read."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from yunhai.exchange.rules import prices
from yunhai.exchange.rules.prices import NO_LIMITS, Limits, Underlying
from yunhai.exchange.rules.words import SecurityKind as Kind
from yunhai.exchange.rules.words import Tie
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.money import price_of, price_text

# Tick sizes: price, then stock, ETF, warrant, convertible.
TICKS = [
    ("0.01", "0.01", "0.01", "0.01", "0.05"),
    ("4.99", "0.01", "0.01", "0.01", "0.05"),
    ("5", "0.01", "0.01", "0.05", "0.05"),
    ("9.99", "0.01", "0.01", "0.05", "0.05"),
    ("10", "0.05", "0.01", "0.1", "0.05"),
    ("49.95", "0.05", "0.01", "0.1", "0.05"),
    ("50", "0.1", "0.05", "0.5", "0.05"),
    ("99.9", "0.1", "0.05", "0.5", "0.05"),
    ("100", "0.5", "0.05", "1", "0.05"),
    ("149.5", "0.5", "0.05", "1", "0.05"),
    ("150", "0.5", "0.05", "1", "1"),
    ("499.5", "0.5", "0.05", "1", "1"),
    ("500", "1", "0.05", "5", "1"),
    ("999", "1", "0.05", "5", "1"),
    ("1000", "5", "0.05", "5", "5"),
    ("18600", "5", "0.05", "5", "5"),
]
COLUMNS = {
    1: (Kind.STOCK, Kind.PREFERRED, Kind.TDR, Kind.CLOSED_END_FUND),
    2: (Kind.ETF, Kind.ETF_FOREIGN, Kind.ETF_LEVERAGED, Kind.ETF_BOND, Kind.ETN, Kind.ETN_FOREIGN, Kind.REIT),
    3: (Kind.WARRANT_CALL, Kind.WARRANT_PUT, Kind.SUBSCRIPTION_WARRANT),
    4: (Kind.CONVERTIBLE, Kind.BOND_WITH_WARRANT),
}

# Worked limits: kind, reference, limit-up, limit-down.
LIMITS = [
    ("stock", "9.99", "10.95", "9.00"),
    ("stock", "10.90", "11.95", "9.81"),
    ("stock", "17.3", "19.00", "15.60"),
    ("stock", "46.9", "51.50", "42.25"),
    ("stock", "47.55", "52.30", "42.80"),
    ("stock", "50.4", "55.40", "45.40"),
    ("stock", "91.7", "100.50", "82.60"),
    ("stock", "459.5", "505.00", "414.00"),
    ("stock", "524", "576.00", "472.00"),
    ("stock", "953", "1045.00", "858.00"),
    ("stock", "1045", "1145.00", "941.00"),
    ("etf", "105.3", "115.80", "94.80"),
    ("etf", "104.45", "114.85", "94.05"),
    ("etf", "55.55", "61.10", "50.00"),
    # Less than a tick of room: one tick each way, never below one tick.
    ("stock", "0.05", "0.06", "0.04"),
    ("stock", "0.01", "0.02", "0.01"),
    # Room for exactly one tick.
    ("stock", "0.10", "0.11", "0.09"),
]


@pytest.mark.parametrize("row", TICKS, ids=lambda row: row[0])
def test_ticks(pack, row):
    for column, kinds in COLUMNS.items():
        for kind in kinds:
            assert price_text(prices.tick(pack, kind, price_of(row[0]))) == price_text(price_of(row[column])), kind


def test_a_band_s_edge_belongs_to_the_band_above(pack):
    assert prices.tick(pack, Kind.STOCK, price_of("50")) == price_of("0.1")
    assert prices.tick_below(pack, Kind.STOCK, price_of("50")) == price_of("0.05")


@pytest.mark.parametrize(
    ("price", "good"), [("49.95", True), ("50", True), ("50.05", False), ("0.01", True), ("1002", False)]
)
def test_grid(pack, price, good):
    assert prices.is_on_grid(pack, Kind.STOCK, price_of(price)) is good


def test_zero_is_no_price(pack):
    assert not prices.is_on_grid(pack, Kind.STOCK, 0)


@pytest.mark.parametrize(
    ("price", "down", "up", "nearest"),
    [
        ("49.97", "49.95", "50", "49.95"),
        ("49.98", "49.95", "50", "50"),
        ("10.025", "10", "10.05", "10.05"),
        ("999.5", "999", "1000", "1000"),
        ("1002.5", "1000", "1005", "1005"),
        ("0.001", "0", "0.01", "0.01"),
        ("492.72", "492.5", "493", "492.5"),
    ],
)
def test_rounding(pack, price, down, up, nearest):
    given = price_of(price)
    assert prices.round_down(pack, Kind.STOCK, given) == price_of(down)
    assert prices.round_up(pack, Kind.STOCK, given) == price_of(up)
    assert prices.round_nearest(pack, Kind.STOCK, given) == price_of(nearest)


def test_a_tie_between_ticks_follows_the_setting(pack):
    setting = replace(pack.settings.nearest_tick_tie, value=Tie.DOWN)
    other = replace(pack, settings=replace(pack.settings, nearest_tick_tie=setting))
    assert prices.round_nearest(pack, Kind.STOCK, price_of("1002.5")) == price_of("1005")
    assert prices.round_nearest(other, Kind.STOCK, price_of("1002.5")) == price_of("1000")


@pytest.mark.parametrize(("kind", "reference", "up", "down"), LIMITS)
def test_worked_limits(pack, kind, reference, up, down):
    found = prices.daily_limits(pack, Kind(kind), price_of(reference))
    assert found == Limits(price_of(up), price_of(down))


def test_seven_percent_in_2013(pack_2013):
    assert prices.daily_limits(pack_2013, Kind.STOCK, price_of("100")) == Limits(price_of("107"), price_of("93"))
    assert prices.daily_limits(pack_2013, Kind.STOCK, price_of("53.5")) == Limits(price_of("57.2"), price_of("49.8"))


def test_kinds_and_states_without_limits(pack):
    for kind in (Kind.ETF_FOREIGN, Kind.ETF_BOND, Kind.ETN_FOREIGN, Kind.GOVERNMENT_BOND, Kind.FOREIGN_BOND):
        assert prices.daily_limits(pack, kind, price_of("37.5")) == NO_LIMITS
    assert prices.daily_limits(pack, Kind.STOCK, price_of("37.8"), unlimited=True) == NO_LIMITS


def test_a_leveraged_fund_has_its_multiple_of_the_limit(pack):
    reference = price_of("40")
    assert prices.daily_limits(pack, Kind.ETF_LEVERAGED, reference, multiple=2) == Limits(
        price_of("48"), price_of("32")
    )
    assert prices.daily_limits(pack, Kind.ETF_LEVERAGED, reference) == Limits(price_of("44"), price_of("36"))
    with pytest.raises(YunhaiError) as refused:
        prices.daily_limits(pack, Kind.ETF_LEVERAGED, reference, multiple=0)
    assert refused.value.code == 2205


def test_warrants_follow_their_underlying(pack):
    underlying = Underlying(reference=price_of("100"), limits=Limits(price_of("110"), price_of("95")), ratio=100_000)
    call = prices.daily_limits(pack, Kind.WARRANT_CALL, price_of("2"), underlying=underlying)
    assert call == Limits(price_of("3"), price_of("1.5"))
    put = prices.daily_limits(pack, Kind.WARRANT_PUT, price_of("2"), underlying=underlying)
    assert put == Limits(price_of("2.5"), price_of("1"))
    cheap = prices.daily_limits(pack, Kind.WARRANT_CALL, price_of("0.01"), underlying=underlying)
    assert cheap == Limits(price_of("1.01"), price_of("0.01"))
    unbounded = replace(underlying, limits=NO_LIMITS)
    assert prices.daily_limits(pack, Kind.WARRANT_CALL, price_of("2"), underlying=unbounded) == NO_LIMITS
    with pytest.raises(YunhaiError) as refused:
        prices.daily_limits(pack, Kind.WARRANT_CALL, price_of("2"))
    assert refused.value.code == 2202


@pytest.mark.parametrize("reference", [0, -1, 1_000_000_000])
def test_a_bad_reference_is_refused(pack, reference):
    with pytest.raises(YunhaiError) as refused:
        prices.daily_limits(pack, Kind.STOCK, reference)
    assert refused.value.code == 2205


def test_limits_beyond_the_highest_price_are_refused(pack):
    with pytest.raises(YunhaiError) as refused:
        prices.daily_limits(pack, Kind.STOCK, price_of("99990"))
    assert refused.value.code == 2205


def test_a_ladder_is_every_valid_price_and_no_other(pack):
    low, high = price_of("8.5"), price_of("10.35")
    found = prices.ladder(pack, Kind.STOCK, low, high).tolist()
    assert found == [price for price in range(low, high + 1) if prices.is_on_grid(pack, Kind.STOCK, price)]
    assert (found[0], found[-1]) == (low, high)


@pytest.mark.parametrize("reference", ["9.99", "47.55", "99.9", "499.5", "953", "1045", "18600"])
def test_the_day_s_ladder_runs_from_limit_to_limit(pack, reference):
    limits = prices.daily_limits(pack, Kind.STOCK, price_of(reference))
    found = prices.day_ladder(pack, Kind.STOCK, price_of(reference), limits)
    assert found.dtype == np.int32
    assert (found[0], found[-1]) == (limits.down, limits.up)
    assert all(high - low == prices.tick(pack, Kind.STOCK, low) for low, high in pairwise(found.tolist()))


def test_a_ladder_s_ends_need_not_be_on_the_grid(pack):
    assert prices.ladder(pack, Kind.STOCK, price_of("49.96"), price_of("50.15")).tolist() == [500_000, 501_000]
    assert prices.ladder(pack, Kind.STOCK, 200, 100).size == 0


@pytest.mark.parametrize(
    ("kind", "reference"), [("stock", "100"), ("etf-foreign", "37.5"), ("etf-bond", "500"), ("stock", "0.02")]
)
def test_without_limits_the_ladder_is_bounded_and_holds_the_reference(pack, kind, reference):
    found = prices.day_ladder(pack, Kind(kind), price_of(reference), NO_LIMITS)
    given = price_of(reference)
    assert given in found
    assert len(found) <= pack.settings.no_limit_prices.value
    assert found[0] >= max(1, given // pack.settings.no_limit_multiple.value)
    assert found[-1] <= given * pack.settings.no_limit_multiple.value
    assert all(high - low == prices.tick(pack, Kind(kind), low) for low, high in pairwise(found.tolist()))


def test_too_long_a_ladder_is_cut_about_the_reference(pack):
    setting = replace(pack.settings.no_limit_prices, value=200)
    narrow = replace(pack, settings=replace(pack.settings, no_limit_prices=setting))
    found = prices.day_ladder(narrow, Kind.STOCK, price_of("50"), NO_LIMITS).tolist()
    assert len(found) == 200
    assert found[99] == price_of("50")
    assert (found[0], found[-1]) == (price_of("45.05"), price_of("60"))


def test_a_ladder_of_too_many_prices_is_refused(pack):
    with pytest.raises(YunhaiError) as refused:
        prices.ladder(pack, Kind.GOVERNMENT_BOND, 1, price_of("99999"))
    assert refused.value.code == 2207


@pytest.mark.parametrize(
    ("close", "details", "wanted"),
    [
        # 2330 on 2024-06-13: dividend 3.499789 counted at four decimals.
        ("909", {"dividend": 34_997}, "905.50"),
        ("14.58", {"dividend": 720}, "14.50"),
        ("100", {"bonus_ratio": 100_000}, "90.90"),
        ("100", {"dividend": 20_000, "bonus_ratio": 50_000}, "93.33"),
        ("100", {"subscription_price": 600_000, "subscription_ratio": 250_000}, "92.00"),
    ],
)
def test_ex_date_prices_are_cut_to_two_decimals(pack, close, details, wanted):
    assert price_text(prices.ex_reference(pack, price_of(close), **details)) == wanted


def test_an_ex_price_of_nothing_is_refused(pack):
    with pytest.raises(YunhaiError) as refused:
        prices.ex_reference(pack, price_of("1"), dividend=price_of("1"))
    assert refused.value.code == 2205


# Published results: market, ex-date price, base of limit-up, auction reference, limit-up, limit-down.
EX_DATES = [
    ("TWSE 2330 2024-06-13", "905.50", "905.50", "906", "996", "815"),  # a tie between ticks goes up
    ("TPEX 6712 2024-05-29", "265.45", "265.50", "265.50", "292", "239"),  # limit-up from the auction reference
    ("TPEX 6629 2024-01-03", "53.50", "53.50", "53.50", "58.80", "48.15"),
    ("TWSE 3563 2025-11-04", "492.72", "492.72", "492.50", "541", "443.50"),
    ("TWSE 3037, cash-capital increase", "176.67", "178.50", "178.50", "196", "159.50"),
]


@pytest.mark.parametrize(("case", "ex_price", "up_base", "auction", "up", "down"), EX_DATES)
def test_published_limits_of_ex_dates(pack, case, ex_price, up_base, auction, up, down):
    found = prices.daily_limits(pack, Kind.STOCK, price_of(ex_price), up_reference=price_of(up_base))
    assert found == Limits(price_of(up), price_of(down)), case
    base = up_base if "increase" in case else ex_price
    assert prices.opening_base(pack, Kind.STOCK, price_of(base)) == price_of(auction)
