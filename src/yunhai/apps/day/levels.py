"""What the report says per price: whether buys equal sells, and what is cut where they do not.

A level is one price of one security. Every share bought was sold by somebody at the same price, so a level whose two
sides differ is a gap in the source. Such a level still runs: the larger side is cut, its last rows first, until the
sides are equal, and every cut is kept (`Cut`) so that nothing disappears without a line that says so.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yunhai.apps.day.report import Report
from yunhai.kernel.records import Side


@dataclass(frozen=True, slots=True)
class Levels:
    """Levels in order of security, then price. `of_row` gives each report row's level; sums in shares, as reported."""

    security: NDArray[np.int32]
    price: NDArray[np.int32]
    of_row: NDArray[np.int32]
    bought: NDArray[np.int64]
    sold: NDArray[np.int64]

    def of_security(self, security: int) -> slice:
        first, last = np.searchsorted(self.security, (security, security + 1))
        return slice(int(first), int(last))


@dataclass(frozen=True, slots=True)
class Cut:
    """Shares of one report row that could not be traded, as the other side of its price has none left."""

    row: int
    code: str
    branch: str
    side: Side
    price: int
    shares: int


@dataclass(frozen=True, slots=True)
class Parts:
    """What is to be traded: one entry per report row and side with shares, in the order of the rows, buys first."""

    at: NDArray[np.int32]
    """Index of the report's row."""
    level: NDArray[np.int32]
    side: NDArray[np.uint8]
    shares: NDArray[np.int64]


def levels_of(report: Report) -> Levels:
    key = (report.security.astype(np.int64) << 31) | report.price
    distinct, of_row = np.unique(key, return_inverse=True)
    return Levels(
        security=(distinct >> 31).astype(np.int32),
        price=(distinct & (2**31 - 1)).astype(np.int32),
        of_row=of_row.astype(np.int32),
        bought=_sums(of_row, report.bought, distinct.size),
        sold=_sums(of_row, report.sold, distinct.size),
    )


def _sums(group: NDArray[np.integer], values: NDArray[np.int64], groups: int) -> NDArray[np.int64]:
    """Exact sums by group: float64 holds every integer up to 2^53, which 5 million rows of 10^9 shares stay below."""
    return np.bincount(group, weights=values, minlength=groups).astype(np.int64)


def cut_surplus(report: Report, levels: Levels) -> tuple[Parts, tuple[Cut, ...]]:
    """The parts to trade, both sides equal at every level, and what was cut for that."""
    bought, sold = report.bought.copy(), report.sold.copy()
    cuts: list[Cut] = []
    difference = levels.bought - levels.sold
    uneven = np.flatnonzero(difference)
    by_level = np.argsort(levels.of_row, kind="stable") if uneven.size else np.empty(0, np.int64)
    first = np.searchsorted(levels.of_row[by_level], uneven) if uneven.size else uneven
    for level, begin in zip(uneven, first, strict=True):
        side, column = (Side.BUY, bought) if difference[level] > 0 else (Side.SELL, sold)
        surplus = abs(int(difference[level]))
        end = begin + np.count_nonzero(levels.of_row == level)
        for at in by_level[begin:end][::-1]:
            shares = min(surplus, int(column[at]))
            if shares:
                column[at] -= shares
                surplus -= shares
                cuts.append(_cut(report, int(at), side, shares))
            if not surplus:
                break
    cuts.sort(key=lambda cut: (cut.code, cut.price, cut.row))
    buys, sells = np.flatnonzero(bought), np.flatnonzero(sold)
    at = np.concatenate((buys, sells)).astype(np.int32)
    side_column = np.repeat(np.array((Side.BUY, Side.SELL), np.uint8), (buys.size, sells.size))
    return Parts(at, levels.of_row[at], side_column, np.concatenate((bought[buys], sold[sells]))), tuple(cuts)


def _cut(report: Report, at: int, side: Side, shares: int) -> Cut:
    return Cut(
        row=int(report.row[at]),
        code=report.codes[report.security[at]],
        branch=report.branches[report.branch[at]].code,
        side=side,
        price=int(report.price[at]),
        shares=shares,
    )
