"""When each stop of the path is traded, so that no rule of the market gets in its way.

Continuous trading is interrupted when a trade would be more than 3.5 % from the average of the last five minutes
(瞬間價格穩定措施; until 09:05 from the opening price). The stops are spread over the session by distance and by number
of orders, and each is checked against the prices of the stops before it. Where a report's prices lie too far apart for
any pace, the stop is planned so that an interruption does no harm: all its orders come within a minute and the next
stop waits until the interruption would be over; its orders then trade in the auction that ends it.

Odd lots are matched every five seconds and only the step from one stop to the next matters (±3.5 % of the last trade);
a wider step is put off two minutes by the rule, and the plan leaves that time.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from yunhai.apps.day import failures
from yunhai.kernel.clock import MINUTE, SECOND
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.money import MILLION

SAFE_PART: Final = 0.95
"""How much of the permitted move the plan uses."""
LOOK_BACK: Final = 2
"""Windows of the average looked back on: a thin book's average may be as old as the one before."""
BY_DISTANCE: Final = 0.7
"""Part of the session spread by distance; the rest goes by number of orders."""
THIN_NS: Final = 140 * SECOND
"""Longest stay at a price with few orders: two such stays must not empty the five-minute window."""
ORDER_NS: Final = 30 * SECOND
RISKY_NS: Final = MINUTE
LEAST_NS: Final = SECOND // 5
ATTEMPTS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """The times of a day that a plan needs, ns since 1970 UTC, and the permitted moves (parts per million; 0 = any)."""

    collect_from: int
    open_at: int
    continuous_until: int
    close_at: int
    opening_until: int
    window_ns: int
    halt_ns: int
    band_ppm: int
    odd_from: int
    odd_first: int
    odd_until: int
    odd_cycle_ns: int
    odd_ppm: int
    odd_put_off_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stays:
    """Start and end of each stop's orders, ns; `risky` stops may be interrupted or put off."""

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    risky: NDArray[np.bool_]


def continuous_stays(
    prices: NDArray[np.int64], orders: NDArray[np.int64], hours: Hours, *, opened_at: int | None
) -> Stays:
    """Stays in continuous trading of stops with these prices and numbers of orders, in order of time.

    `opened_at` is the opening auction's price, if there was one. 4031 if the session is too short.
    """
    begin = hours.open_at + SECOND
    room = hours.continuous_until - hours.halt_ns - 15 * SECOND - begin
    wanted = _wanted(prices, orders, opened_at)
    pace = float(room)
    for _ in range(ATTEMPTS):
        stays = _placed(prices, np.maximum(np.minimum(wanted[0] * pace, wanted[1]), LEAST_NS), hours, begin, opened_at)
        over = int(stays.end[-1]) - begin - room if stays.end.size else 0
        if over <= 0:
            return stays
        pace *= 0.7
    raise YunhaiError(
        failures.CANNOT_PLAN,
        reason=f"{prices.size} prices in continuous trading, too far apart",
        reason_zh=f"逐筆交易有 {prices.size} 個價格，相距過遠",
    )


def _wanted(
    prices: NDArray[np.int64], orders: NDArray[np.int64], opened_at: int | None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Each stop's part of the session, and the longest it may last."""
    before = np.concatenate(([opened_at or (prices[0] if prices.size else 1)], prices[:-1]))[: prices.size]
    distance = np.abs(prices - before) / np.maximum(before, 1)
    count = orders.astype(np.float64)
    by_count = count / max(float(count.sum()), 1.0)
    far = float(distance.sum())
    part = BY_DISTANCE * distance / far + (1 - BY_DISTANCE) * by_count if far else by_count
    return part, np.maximum(THIN_NS, orders * ORDER_NS)


def _placed(
    prices: NDArray[np.int64], lengths: NDArray[np.float64], hours: Hours, begin: int, opened_at: int | None
) -> Stays:
    count = prices.size
    start, end = np.zeros(count, np.int64), np.zeros(count, np.int64)
    risky = np.zeros(count, np.bool_)
    band = hours.band_ppm * SAFE_PART / MILLION
    now, first = begin, 0
    for stop in range(count):
        while first < stop - 2 and end[first] < now - LOOK_BACK * hours.window_ns:
            first += 1
        seen = prices[first:stop]
        if opened_at is not None and (first == 0 or now < hours.opening_until):
            seen = np.append(seen, opened_at)
        price = prices[stop]
        risky[stop] = hours.band_ppm > 0 and seen.size > 0 and bool((np.abs(price - seen) > band * seen).any())
        length = RISKY_NS if risky[stop] else int(lengths[stop])
        start[stop], end[stop] = now, now + length
        now = int(end[stop]) + (hours.halt_ns + 10 * SECOND if risky[stop] else 0)
    return Stays(start=start, end=end, risky=risky)


def odd_stays(prices: NDArray[np.int64], orders: NDArray[np.int64], hours: Hours) -> Stays:
    """Stays of odd-lot stops: each from just after one auction to just before a later one. 4031 if too many."""
    count = prices.size
    cycle = hours.odd_cycle_ns
    band = hours.odd_ppm * SAFE_PART / MILLION
    before = np.concatenate((prices[:1], prices[:-1]))
    risky = (np.abs(prices - before) > band * before) & (hours.odd_ppm > 0)
    least = np.where(risky, hours.odd_put_off_ns // cycle + 2, 1)
    spare = (hours.odd_until - hours.odd_first) // cycle - int(least.sum())
    if spare < 0:
        raise YunhaiError(
            failures.CANNOT_PLAN,
            reason=f"{count} odd-lot prices, fewer auctions",
            reason_zh=f"零股有 {count} 個價格，撮合次數不足",
        )
    distance = np.abs(prices - before) / np.maximum(before, 1)
    weight = BY_DISTANCE * distance / max(float(distance.sum()), 1e-12) + (1 - BY_DISTANCE) * orders / orders.sum()
    auctions = least + np.floor(spare * weight / max(float(weight.sum()), 1e-12)).astype(np.int64)
    last = hours.odd_first + (np.cumsum(auctions) - 1) * cycle
    start = np.concatenate(([hours.odd_from], last[:-1]))
    ready = np.where(risky, start + cycle, last)
    return Stays(start=start + cycle // 50, end=ready - cycle // 50, risky=risky)
