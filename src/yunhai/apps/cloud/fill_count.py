"""Counting fills straight from the journal, with NumPy and without any books: the independent witness of a check."""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from yunhai.kernel.records import FILL, RECORD, Kind
from yunhai.trading.books.books import Books
from yunhai.trading.books.state import CASH
from yunhai.trading.shape import text_of, unpack
from yunhai.trading.words import Action

Side = tuple[str, int, str, int]
"""(market day, tenant, security, 1 buy or 2 sell)."""

_GATHERED = 1 << 16
_BYTES = np.dtype((np.void, RECORD.itemsize))


class FillCount:
    """Sums of a journal's FILL records by day, tenant, security and side, and their pairing into trades."""

    def __init__(self) -> None:
        self.sides: dict[Side, tuple[int, int, int]] = {}  # fills, shares, value in 1/10,000 NT$
        self.fills = 0
        self.trades = 0
        self._settles: dict[str, str] = {}
        self._day = ""
        self._books: dict[int, str] = {}
        self._records: list[NDArray[np.void]] = []
        self._waiting: list[NDArray[np.void]] = []
        self._count = 0
        self._odd: list[str] = []

    def open_day(self, day: str, settles_on: str) -> None:
        """A market day begins; the one before is summed up."""
        self.sum_up()
        self._day = day
        self._settles[day] = settles_on
        self._books.clear()

    def take_instruction(self, record: bytes) -> None:
        """An INSTRUCTION record: which book is which security."""
        packed = unpack(record)
        if packed.action == Action.NEW and not packed.code and packed.book not in self._books:
            self._books[packed.book] = text_of(packed.security)

    def take(self, records: NDArray[np.void]) -> None:
        """Trading records."""
        self._waiting.append(np.ascontiguousarray(records).view(_BYTES))
        self._count += len(records)
        if self._count > _GATHERED:
            self._pick()

    def _pick(self) -> None:
        """Keep the fills of what is waiting: at once, for a command and its few events come as one array."""
        if self._waiting:
            whole = np.concatenate(self._waiting)
            self._records.append(whole[whole.view(RECORD)["kind"] == Kind.FILL])
            self._waiting.clear()
            self._count = 0

    def sum_up(self) -> None:
        """Add what was taken since the day began; asked once more at the end of the journal."""
        self._pick()
        if not self._records:
            return
        fills = np.concatenate(self._records).view(FILL)
        self._records.clear()
        if len(fills):
            self.fills += len(fills)
            self._pair(fills)
            self._sum(fills)

    def _sum(self, fills: NDArray[np.void]) -> None:
        """By book, tenant and side at once: equal ones lie together, each run is added up in 64 bits."""
        order = np.lexsort((fills["side"], fills["tenant"], fills["book"]))
        keys = np.stack([fills[name][order].astype(np.int64) for name in ("book", "tenant", "side")])
        shares = fills["quantity"][order].astype(np.int64)
        value = fills["price"][order].astype(np.int64) * shares
        starts = np.flatnonzero(np.concatenate([[True], (keys[:, 1:] != keys[:, :-1]).any(axis=0)]))
        counts = np.diff(np.append(starts, len(order)))
        columns = (*keys[:, starts], counts, np.add.reduceat(shares, starts), np.add.reduceat(value, starts))
        for book, tenant, side, *sums in zip(*(column.tolist() for column in columns), strict=True):
            self._add((self._day, tenant, self._books.get(book, f"book {book}"), side), *sums)

    def _add(self, key: Side, fills: int, shares: int, value: int) -> None:
        before = self.sides.get(key, (0, 0, 0))
        self.sides[key] = (before[0] + fills, before[1] + shares, before[2] + value)

    def _pair(self, fills: NDArray[np.void]) -> None:
        """Each trade number must stand on one buy and one sell of the same book, price and shares."""
        order = np.lexsort((fills["side"], fills["trade"]))
        plain = fills.view(_BYTES)[order].view(FILL)
        numbers, counts = np.unique(plain["trade"], return_counts=True)
        self.trades += len(numbers)
        if not (counts == 2).all():
            for number in numbers[counts != 2][:20].tolist():
                self._odd.append(f"{self._day} trade {number} has not two fills")
            return
        buys, sells = plain[0::2], plain[1::2]
        fits = (buys["side"] == 1) & (sells["side"] == 2)
        for name in ("book", "price", "quantity"):
            fits &= buys[name] == sells[name]
        for number in numbers[~fits][:20].tolist():
            self._odd.append(f"{self._day} trade {number}: the two fills do not fit")

    def unmatched(self) -> Iterable[str]:
        """Trades that do not stand on two fitting fills."""
        self.sum_up()
        return self._odd

    def unsettled(self, books: Books) -> dict[tuple[int, str], int]:
        """What CLEARING must hold by (tenant, asset): the fills of days whose settlement has not been taken."""
        self.sum_up()
        open_dates = {due for account in books.accounts.values() for due in account.unsettled}
        found: dict[tuple[int, str], int] = defaultdict(int)
        for (day, tenant, code, side), (_, shares, value) in self.sides.items():
            if self._settles.get(day) in open_dates:
                sign = 1 if side == 1 else -1
                found[tenant, CASH] += sign * value
                found[tenant, code] -= sign * shares
        return found
