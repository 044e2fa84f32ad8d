"""Who must open or close late: the two tests of the last stretch before an auction 暫緩開收盤.

While a book is watched, each trial price is compared with the trial price before it (a trial without a price is
passed over, so the comparison is with the last one that had a price), and the quantity cancelled, cut away or
re-priced is added up against everything entered before the opening. Whether a limit is reached is decided in
integers. Sources: TWSE market rules teaching pages and TPEx trading rules, market-rules 1.4.
"""

import numpy as np
from numpy.typing import NDArray

from yunhai.exchange.sessions import Delay
from yunhai.kernel.money import MILLION
from yunhai.kernel.records import Kind

Books = NDArray[np.int64]


class DelayWatch:
    """The tests of all books of a venue, by book number below `size`."""

    def __init__(self, size: int) -> None:
        self._last = np.zeros(size, np.int64)
        self._jumped = np.zeros(size, np.bool_)
        self._watched = np.zeros(size, np.bool_)
        self._counting = np.zeros(size, np.bool_)
        self._counts = False
        self._entered = np.zeros(size, np.int64)
        self._changed = np.zeros(size, np.int64)
        self._price_ppm = np.zeros(size, np.int64)
        self._changed_ppm = np.zeros(size, np.int64)

    @property
    def counts_orders(self) -> bool:
        """Whether `observe_orders` still has anything to add up."""
        return self._counts

    def collect(self, books: Books, *, counting: bool) -> None:
        """A collection begins: forget earlier trial prices; `counting` adds quantities up until the test."""
        self._last[books] = 0
        self._entered[books] = 0
        self._changed[books] = 0
        self._counting[books] = counting
        self._counts = bool(self._counting.any())
        self._jumped[books] = False
        self._watched[books] = False

    def watch(self, books: Books, delay: Delay) -> None:
        self._watched[books] = True
        self._price_ppm[books] = delay.price_ppm
        self._changed_ppm[books] = delay.changed_ppm

    def observe_trials(self, books: Books, prices: NDArray[np.int32]) -> None:
        """One trial of each of `books` (no book twice); price 0 = no trial price."""
        price = prices.astype(np.int64)
        last = self._last[books]
        limit = self._price_ppm[books]
        apart = (price > 0) & (last > 0) & (limit > 0) & (np.abs(price - last) * MILLION > limit * last)
        self._jumped[books] |= apart & self._watched[books]
        self._last[books] = np.where(price > 0, price, last)

    def observe_orders(self, events: NDArray[np.void]) -> None:
        """Add up what the order commands among `events` entered and took away."""
        records = events[(events["kind"] <= Kind.REPRICE) & (events["state"] > 0)]
        if not len(records):
            return
        book, kind = records["book"], records["kind"]
        new = (kind == Kind.NEW) & self._counting[book]
        np.add.at(self._entered, book[new], records["quantity"][new])
        change = (kind != Kind.NEW) & self._counting[book] & self._watched[book]
        touched = np.where(kind == Kind.REPRICE, records["leaves"], records["removed"])
        np.add.at(self._changed, book[change], touched[change])

    def test(self, books: Books) -> NDArray[np.bool_]:
        """Which of `books` must wait. Ends their watch (`stop`)."""
        limit, entered = self._changed_ppm[books], self._entered[books]
        reached = self._changed[books].astype(object) * MILLION >= limit.astype(object) * entered  # Python's integers
        restless = (limit > 0) & (entered > 0) & reached.astype(np.bool_)
        late = self._watched[books] & (self._jumped[books] | restless)
        self.stop(books)
        return late

    def stop(self, books: Books) -> None:
        """No longer watch or count for `books`."""
        self._watched[books] = False
        self._counting[books] = False
        self._counts = bool(self._counting.any())
