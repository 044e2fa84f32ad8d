"""The way of the price through the day, one security at a time: which prices are traded in which order.

At any moment one price only is traded in a book, and when the price moves on the book is empty. That makes the outcome
certain: whoever matches by price and time gives every branch exactly its shares. The path goes from the open to one
extreme, to the other, to the close, through every reported price; of the two ways round the shorter is taken.

Open and close come from the daily bar if it fits the report (its high and low are the report's own, open and close
carry whole lots); else the open is the price nearest the reference and the close the price nearest the report's
average price, and the output says so.
"""

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

OPEN_SHARE: Final = 0.4
"""Part of the opening price's whole lots that is traded in the opening auction 開盤集合競價; likewise at the close."""


class PathSource(StrEnum):
    BAR = "daily bar"
    REPORT = "report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A daily bar 日線, prices in 1/10,000 NT$."""

    open: int
    high: int
    low: int
    close: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """Indices of the opening and the closing price among a security's ascending prices, and where they come from."""

    open: int
    close: int
    source: PathSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Visits:
    """A book's day: the price index and the shares (each side's) of every stop, in order of time; none is empty.

    `opening` and `closing` tell whether the first stop is the opening and the last one the closing auction.
    """

    price: NDArray[np.int64]
    shares: NDArray[np.int64]
    opening: bool
    closing: bool


def choose_ends(prices: NDArray[np.int32], lots: NDArray[np.int64], *, bar: Bar | None, reference: int) -> Ends:
    """Where the day begins and ends. `lots` are the whole-lot shares of each ascending price, not all zero."""
    tradable = np.flatnonzero(lots)
    if bar is not None and bar.low == prices[0] and bar.high == prices[-1]:
        first, last = np.searchsorted(prices, (bar.open, bar.close))
        fits = all(at < prices.size and lots[at] for at in (first, last))
        if fits and prices[first] == bar.open and prices[last] == bar.close:
            return Ends(open=int(first), close=int(last), source=PathSource.BAR)
    average = float(np.average(prices, weights=lots))
    nearest = [int(tradable[np.argmin(np.abs(prices[tradable] - goal))]) for goal in (reference, average)]
    return Ends(open=nearest[0], close=nearest[1], source=PathSource.REPORT)


def walk(prices: NDArray[np.int32], ends: Ends) -> NDArray[np.int64]:
    """Price indices from the open by both extremes to the close, each step to a neighbour, the shorter way round."""
    top = prices.size - 1
    low_first = _route(ends.open, 0, top, ends.close)
    high_first = _route(ends.open, top, 0, ends.close)
    return min(low_first, high_first, key=lambda route: _length(prices, route))


def _route(*stops: int) -> NDArray[np.int64]:
    legs = [np.array(stops[:1])]
    for start, goal in pairwise(stops):
        step = 1 if goal >= start else -1
        legs.append(np.arange(start, goal, step) + step)
    return np.concatenate(legs)


def _length(prices: NDArray[np.int32], route: NDArray[np.int64]) -> int:
    return int(np.abs(np.diff(prices[route].astype(np.int64))).sum())


def board_visits(route: NDArray[np.int64], lots: NDArray[np.int64], *, lot: int, random: np.random.Generator) -> Visits:
    """Share every price's whole lots out among the stops of the route.

    The opening and the closing auction take about OPEN_SHARE of their price's lots, at least one; where one price is
    both and has a single lot, the opening has it.
    """
    left = lots.copy()
    opening = _auction_part(int(left[route[0]]), lot)
    left[route[0]] -= opening
    closing = _auction_part(int(left[route[-1]]), lot)
    left[route[-1]] -= closing
    between = shared_out(route, left, unit=lot, random=random)
    price = np.concatenate((route[:1], between.price, route[-1:]))
    shares = np.concatenate(([opening], between.shares, [closing]))
    kept = shares > 0
    return Visits(price=price[kept], shares=shares[kept], opening=opening > 0, closing=closing > 0)


def _auction_part(shares: int, lot: int) -> int:
    return max(int(shares * OPEN_SHARE) // lot * lot, lot) if shares else 0


def shared_out(
    route: NDArray[np.int64], shares: NDArray[np.int64], *, unit: int, random: np.random.Generator
) -> Visits:
    """Share each price's shares out among the route's stops at it, in uneven random parts of whole `unit`s."""
    order = np.argsort(route, kind="stable")
    price = route[order]
    weight = random.uniform(0.5, 1.5, route.size)
    first = np.flatnonzero(np.diff(price, prepend=-1))
    count = np.diff(np.append(first, price.size))
    until = np.cumsum(weight)
    before = np.repeat(until[first] - weight[first], count)
    total = np.repeat(np.add.reduceat(weight, first), count)
    units = shares[price] // unit
    reached = np.floor(units * np.minimum((until - before) / total, 1.0)).astype(np.int64)
    last = np.append(first[1:], price.size) - 1
    reached[last] = units[last]
    part = np.diff(reached, prepend=0)
    part[first] = reached[first]
    result = np.empty(route.size, np.int64)
    result[order] = part * unit
    kept = result > 0
    return Visits(price=route[kept], shares=result[kept], opening=False, closing=False)
