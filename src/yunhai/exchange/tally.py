"""What each book has traded so far: open, high, low, last, shares, value, trades.

Kept per book, so that odd lots and fixed-price trades never touch the board lots' prices (market-rules 3.1, 1.5).

One trade's value, price × quantity, is below 2^31 × 2^32 and fits 64 bits; three of them need not. Sums of values are
therefore kept in two halves of 32 bits, which neither overflow before 2^31 trades of a book (nor do its shares), and
put together as Python's integers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from yunhai.kernel.records import Kind

LIMB_BITS: Final = 32
_LIMB: Final = (1 << LIMB_BITS) - 1
FEW_TRADES = 64

_ZERO: Final = np.zeros(1, np.intp)
_TRADE: Final = int(Kind.TRADE)  # a plain int: compared with an array for every array of events


@dataclass(frozen=True, slots=True, kw_only=True)
class BookTally:
    """One book's trades. Prices in 1/10,000 NT$ (0 = none); `value` in 1/10,000 NT$; `volume` in shares."""

    open: int
    high: int
    low: int
    last: int
    volume: int
    value: int
    trades: int


class Tally:
    """Running figures of every book, by number below `size`."""

    def __init__(self, size: int) -> None:
        self._open = np.zeros(size, np.int64)
        self._high = np.zeros(size, np.int64)
        self._low = np.full(size, np.iinfo(np.int64).max, np.int64)
        self._last = np.zeros(size, np.int64)
        self._volume = np.zeros(size, np.int64)
        self._value_above = np.zeros(size, np.int64)
        self._value_below = np.zeros(size, np.int64)
        self._trades = np.zeros(size, np.int64)
        # The same memory, a number at a time: NumPy takes three times as long to give or take one.
        self._one_by_one = tuple(
            column.data
            for column in (
                self._open,
                self._high,
                self._low,
                self._last,
                self._volume,
                self._value_above,
                self._value_below,
                self._trades,
            )
        )

    def add(self, events: NDArray[np.void]) -> None:
        """Add the trades among `events`, which come in their order."""
        chosen = np.flatnonzero(events["kind"] == _TRADE)
        if not len(chosen):
            return
        # Field by field: choosing whole records costs several times as much. A trade has these where an order has them.
        book, price, quantity = events["book"][chosen], events["price"][chosen], events["quantity"][chosen]
        if len(chosen) <= FEW_TRADES:
            self._add_few(book.tolist(), price.tolist(), quantity.tolist())
            return
        price, quantity = price.astype(np.int64), quantity.astype(np.int64)
        begins = _ZERO
        if (book != book[0]).any():
            order = np.argsort(book, kind="stable")  # each book's trades together, in their order
            book, price, quantity = book[order], price[order], quantity[order]
            begins = np.concatenate([_ZERO, np.flatnonzero(book[1:] != book[:-1]) + 1])
        one = book[begins]
        ends = np.append(begins[1:], len(book))
        value = price * quantity
        self._open[one] = np.where(self._trades[one] == 0, price[begins], self._open[one])
        self._last[one] = price[ends - 1]
        self._high[one] = np.maximum(self._high[one], np.maximum.reduceat(price, begins))
        self._low[one] = np.minimum(self._low[one], np.minimum.reduceat(price, begins))
        self._volume[one] += np.add.reduceat(quantity, begins)
        self._value_above[one] += np.add.reduceat(value >> LIMB_BITS, begins)
        self._value_below[one] += np.add.reduceat(value & _LIMB, begins)
        self._trades[one] += ends - begins

    def _add_few(self, books: list[int], prices: list[int], quantities: list[int]) -> None:
        """One trade after another: for a few, arrays cost more than they save."""
        opened, high, low, last, volume, above, below, trades = self._one_by_one
        for book, price, quantity in zip(books, prices, quantities, strict=True):
            value = price * quantity
            if not trades[book]:
                opened[book] = price
            last[book] = price
            if price > high[book]:
                high[book] = price
            if price < low[book]:
                low[book] = price
            volume[book] += quantity
            above[book] += value >> LIMB_BITS
            below[book] += value & _LIMB
            trades[book] += 1

    def last(self, book: int) -> int:
        return int(self._last[book])

    def of(self, book: int) -> BookTally:
        traded = int(self._trades[book])
        return BookTally(
            open=int(self._open[book]),
            high=int(self._high[book]),
            low=int(self._low[book]) if traded else 0,
            last=int(self._last[book]),
            volume=int(self._volume[book]),
            value=joined((int(self._value_above[book]), int(self._value_below[book]))),
            trades=traded,
        )


def halves(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Values not below 0 as (above, below) 2^32, shape (n, 2): columns that can be added up 2^31 times."""
    return np.stack([values >> LIMB_BITS, values & _LIMB], axis=1)


def joined(sums: Sequence[int]) -> int:
    """The value of summed `halves`."""
    above, below = sums
    return (above << LIMB_BITS) + below
