"""Book settings for the generator: real markets' shapes, and a lawless one where every setting is drawn.

The figures are typical, not authoritative: rule packs hold the rules. What matters here is that every setting
of matching.md §2 meets every other one often.
"""

from collections.abc import Callable
from random import Random

import numpy as np
from numpy.typing import NDArray

from yunhai.exchange.books import ALL_ACTIONS, ALL_KINDS, LIMIT_ROD, BookConfig, kinds_mask

S = 1_000_000_000
DAY = 1_700_006_400 * S  # a midnight
NINE, FIVE_PAST_NINE = DAY + 9 * 3600 * S, DAY + (9 * 3600 + 300) * S
CLOSING_CALL = DAY + (13 * 3600 + 25 * 60) * S
CANCEL_AND_CUT = 0b011
BOTH_ROD = kinds_mask((1, 0), (2, 0))

# Upper bound of the price band and its tick, both in 1/10,000 NT$ (Taiwan's stocks).
STOCK_TICKS = ((100_000, 100), (500_000, 500), (1_000_000, 1_000), (5_000_000, 5_000), (10_000_000, 10_000))


def stock_ladder(reference: int, percent: int) -> list[int]:
    """Every valid price within ±percent of the reference, ticks as of the band each price lies in."""
    low, high = reference * (100 - percent), reference * (100 + percent)
    prices, price = [], 0
    while price * 100 <= high:
        if price * 100 >= low:
            prices.append(price)
        price += next((tick for bound, tick in STOCK_TICKS if price < bound), 50_000)
    return prices


def ladder(prices: list[int] | range) -> NDArray[np.int32]:
    return np.array(prices, dtype=np.int32)


def taiwan_board(rng: Random) -> BookConfig:
    """2026: continuous, all six kinds, banded ladder, volatility interruption with its hours."""
    reference = rng.choice((1_045_000, 500_000, 99_900, 9_530_000))
    return BookConfig(
        prices=ladder(stock_ladder(reference, 10)),
        lot=1000,
        max_quantity=499_000,
        reference=reference,
        shuffle=rng.random() < 0.8,
        seed=rng.getrandbits(64),
        candidates=rng.randrange(2),
        equal_distance=rng.randrange(2),
        band_ppm=35_000,
        band_fallback=rng.randrange(2),
        band_from=NINE,
        band_open_until=FIVE_PAST_NINE,
        band_until=CLOSING_CALL,
        band_window_s=rng.choice((300, 300, 20)),
        halt_ns=120 * S,
    )


def taiwan_call_auctions(rng: Random) -> BookConfig:
    """2013: call auctions all day, limit ROD only, no re-price, an auction too far from the last trade put off."""
    return BookConfig(
        prices=ladder(stock_ladder(463_500, 7)),
        lot=1000,
        max_quantity=499_000,
        reference=463_500,
        allowed=(0, LIMIT_ROD, 0, LIMIT_ROD, 0, 0),
        actions=(0, CANCEL_AND_CUT, CANCEL_AND_CUT, CANCEL_AND_CUT, 0, 0),
        shuffle=True,
        seed=rng.getrandbits(64),
        defer_ppm=rng.choice((0, 35_000)),
        halt_ns=120 * S,
    )


def odd_lots(rng: Random) -> BookConfig:
    """Intraday odd lots 盤中零股: 1 to 999 shares, auctions only, random rank before the first one."""
    return BookConfig(
        prices=ladder(stock_ladder(1_045_000, 10)),
        lot=1,
        max_quantity=999,
        reference=1_045_000,
        allowed=(0, LIMIT_ROD, 0, LIMIT_ROD, 0, 0),
        actions=(0, CANCEL_AND_CUT, 0, CANCEL_AND_CUT, 0, 0),
        shuffle=True,
        seed=rng.getrandbits(64),
        candidates=1,
        equal_distance=rng.randrange(2),
        defer_ppm=35_000,
    )


def fixed_price(rng: Random) -> BookConfig:
    """After-hours fixed price 盤後定價: one rung, random rank."""
    return BookConfig(
        prices=ladder([1_045_000]),
        lot=1000,
        max_quantity=499_000,
        reference=1_045_000,
        allowed=(0, LIMIT_ROD, 0, 0, 0, 0),
        actions=(0, CANCEL_AND_CUT, 0, 0, 0, 0),
        shuffle=True,
        seed=rng.getrandbits(64),
    )


def midpoint_auction(rng: Random) -> BookConfig:
    """A venue whose auction takes the middle of the tied range; tick 0.01, one share, no cap to speak of."""
    return BookConfig(
        prices=ladder(range(990_000, 1_010_100, 100)),
        lot=1,
        max_quantity=10_000_000,
        reference=rng.choice((0, 1_000_000)),
        tie_break=1,
        candidates=rng.randrange(2),
        equal_distance=rng.randrange(2),
        better_filled=rng.random() < 0.7,
    )


def market_orders_in_auctions(rng: Random) -> BookConfig:
    """A venue that admits market orders in auctions and prices resting ones on their own side."""
    return BookConfig(
        prices=ladder(range(95_000, 105_100, 100)),
        lot=1,
        max_quantity=1_000_000,
        reference=rng.choice((0, 0, 100_000)),
        allowed=(0, rng.choice((BOTH_ROD, ALL_KINDS)), ALL_KINDS, rng.choice((BOTH_ROD, LIMIT_ROD)), 0, 0),
        market_price_rule=rng.choice((1, 1, 0)),
        equal_distance=rng.randrange(2),
        band_ppm=rng.choice((0, 20_000)),
        band_mode=1,
        band_from=DAY,
        band_until=CLOSING_CALL,
        halt_ns=S,
    )


def foreign_wide(rng: Random) -> BookConfig:
    """A foreign venue: 36,000 ticks, one share, a far cap."""
    return BookConfig(
        prices=ladder(range(1_000, 3_601_000, 100)),
        lot=1,
        max_quantity=10_000_000,
        reference=1_808_000,
        candidates=rng.randrange(2),
        better_filled=rng.random() < 0.5,
    )


def lawless(rng: Random) -> BookConfig:
    """Every setting drawn: few prices with uneven gaps, any mask, short windows, references off the ladder or none."""
    price, prices = rng.choice((1, 500, 100_000)), []
    for _ in range(rng.choice((1, 2, 5, 12, 60))):
        prices.append(price)
        price += rng.choice((1, 1, 3, 10, 1_000))
    start = rng.choice((DAY, NINE))
    lot = rng.choice((1, 1, 7, 1000))
    masks = (0, LIMIT_ROD, BOTH_ROD, ALL_KINDS, ALL_KINDS, ALL_KINDS)
    return BookConfig(
        prices=ladder(prices),
        lot=lot,
        max_quantity=lot * rng.choice((1, 9, 999)),
        reference=rng.choice((0, prices[0], prices[-1], prices[len(prices) // 2], prices[-1] + 1, 2)),
        allowed=tuple(rng.choice((*masks, rng.getrandbits(6))) for _ in range(6)),
        actions=tuple(rng.choice((0b111, 0b111, rng.getrandbits(3))) for _ in range(6)),
        shuffle=rng.random() < 0.5,
        seed=rng.getrandbits(64),
        tie_break=rng.randrange(2),
        candidates=rng.randrange(2),
        equal_distance=rng.randrange(2),
        better_filled=rng.random() < 0.5,
        market_price_rule=rng.randrange(2),
        band_ppm=rng.choice((0, 1, 30_000, 200_000, 1_000_000)),
        band_mode=rng.randrange(2),
        band_fallback=rng.randrange(2),
        band_from=start,
        band_open_until=start + rng.choice((0, 60 * S)),
        band_until=start + rng.choice((300 * S, 50_000 * S)),
        band_window_s=rng.choice((1, 2, 5, 300)),
        halt_ns=rng.choice((0, S)),
        defer_ppm=rng.choice((0, 1_000, 100_000)),
    )


def open_all(rng: Random) -> BookConfig:
    """Few prices, every kind and action in every session phase: the place where rules meet each other most."""
    return BookConfig(
        prices=ladder(range(1_000, 1_012 + rng.randrange(12))),
        lot=10,
        max_quantity=500,
        reference=rng.choice((0, 1_004, 1_006)),
        allowed=(0, ALL_KINDS, ALL_KINDS, ALL_KINDS, 0, 0),
        actions=(0, ALL_ACTIONS, ALL_ACTIONS, ALL_ACTIONS, 0, 0),
        shuffle=rng.random() < 0.5,
        seed=rng.getrandbits(64),
        market_price_rule=rng.randrange(2),
        band_ppm=rng.choice((1_000, 2_500, 2_500)),
        band_mode=rng.randrange(2),
        band_from=NINE,
        band_open_until=NINE + 60 * S,
        band_until=CLOSING_CALL,
        band_window_s=rng.choice((1, 5)),
        halt_ns=S,
        defer_ppm=2_000,
    )


MARKETS: tuple[Callable[[Random], BookConfig], ...] = (
    *(taiwan_board, taiwan_board, taiwan_board),
    *(lawless, lawless, lawless),
    *(open_all, open_all, open_all),
    *(market_orders_in_auctions, market_orders_in_auctions),
    *(midpoint_auction, foreign_wide, taiwan_call_auctions, odd_lots, fixed_price),
)
