"""Bars for the tests of indicators: random walks with what real markets do to them."""

import numpy as np

from yunhai.market.indicators import Columns

DAY_NS = 86_400_000_000_000


def walk(seed: int, count: int = 260, *, other: bool = True) -> Columns:
    """Bars on a tick of 0.05 with gaps in time and price, stretches locked at one price, equal neighbours, bars without volume."""
    random = np.random.default_rng(seed)
    moves = random.normal(0, 0.012, count) * (random.random(count) > 0.15)
    moves += random.choice((0, 0, 0, 0.07, -0.07), count) * (random.random(count) > 0.9)
    for begins in random.integers(0, count, 2):
        moves[begins : begins + 14] = 0
    close = np.round(100 * np.exp(np.cumsum(moves)) * 20) / 20
    still = moves == 0
    before = np.concatenate((close[:1], close[:-1]))
    open_ = np.where(still, close, np.round(before * (1 + random.normal(0, 0.004, count)) * 20) / 20)
    reach = np.where(still, 0, np.round(random.exponential(0.5, (2, count)) * 20) / 20)
    volume = random.integers(0, 5_000, count) * (random.random(count) > 0.1) * 1_000.0
    high, low = np.maximum(open_, close) + reach[0], np.minimum(open_, close) - reach[1]
    days = np.cumsum(random.choice((1, 1, 1, 1, 3, 12), count))
    return Columns(
        start_ns=days * DAY_NS,
        open=open_,
        high=high,
        low=low,
        close=close,
        volume=volume,
        value=volume * (high + low) / 2,
        other=np.round(50 * np.exp(np.cumsum(random.normal(0, 0.01, count))), 2) if other else None,
    )


def flat(count: int, price: float = 50.0, volume: float = 1_000.0) -> Columns:
    """Bars that never move."""
    row = np.full(count, price)
    return Columns(
        start_ns=np.arange(count) * DAY_NS,
        open=row,
        high=row,
        low=row,
        close=row,
        volume=np.full(count, volume),
        value=row * volume,
        other=row,
    )
