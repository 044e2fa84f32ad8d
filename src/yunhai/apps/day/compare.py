"""What came out, against what the report says: read from the fills of the journal, never from the plan.

Every fill belongs to one report row: its book names the security, its account the branch, its price the level. Per row
and side the filled shares are added up and held against the report. A fill that belongs to no row is counted too and
makes its security unequal.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from yunhai.apps.day.levels import Cut, Levels
from yunhai.apps.day.plan import branch_number
from yunhai.apps.day.report import Report
from yunhai.exchange.sessions import Cause
from yunhai.exchange.venue import DEFERRED_CODE
from yunhai.kernel.records import FILL, RECORD, TRADE, Kind, Side, State


@dataclass(slots=True)
class Tape:
    """What the events of a day add up to. Shares are counted once per trade, value in 1/10,000 NT$."""

    bought: NDArray[np.int64]
    sold: NDArray[np.int64]
    """Filled shares per report row."""
    stray: NDArray[np.int64]
    """Filled shares that belong to no row, per security; those of foreign books last."""
    orders: int = 0
    refused: int = 0
    first_refusal: tuple[int, int] | None = None
    """(order id, code) of the first order refused."""
    fills: int = 0
    trades: int = 0
    shares: int = 0
    value: int = 0
    interruptions: int = 0
    delayed_opens: int = 0
    delayed_closes: int = 0
    put_off: int = 0
    """Odd-lot auctions put off two minutes."""
    kept: list[tuple[NDArray[np.void], NDArray[np.int64]]] = field(default_factory=list)
    """FILL events and the report row of each (-1: none), if they are kept."""


class TapeReader:
    """Adds events up, array by array."""

    def __init__(self, report: Report, levels: Levels, book_codes: Sequence[str], *, keep_fills: bool) -> None:
        """`book_codes`: the security of each of the venue's book numbers."""
        self._places = _RowFinder(report, levels, book_codes)
        rows = report.row.size
        self._keep = keep_fills
        self.tape = Tape(
            bought=np.zeros(rows, np.int64),
            sold=np.zeros(rows, np.int64),
            stray=np.zeros(len(report.codes) + 1, np.int64),
        )

    def add(self, events: NDArray[np.void]) -> None:
        """Take events in (dtype RECORD, in their order)."""
        tape, kind = self.tape, events["kind"]
        orders = events[kind == Kind.NEW].view(RECORD)
        refused = orders[orders["state"] == State.REFUSED]
        tape.orders += orders.size
        tape.refused += refused.size
        if refused.size and tape.first_refusal is None:
            tape.first_refusal = (int(refused["order_id"][0]), int(refused["code"][0]))
        trades = events[kind == Kind.TRADE].view(TRADE)
        quantity = trades["quantity"].astype(np.int64)
        tape.trades += trades.size
        tape.shares += int(quantity.sum())
        tape.value += int((quantity * trades["price"]).sum())
        tape.interruptions += int(np.count_nonzero(kind == Kind.HALTED))
        matches = events[kind == Kind.UNCROSS].view(RECORD)
        tape.delayed_opens += int(np.count_nonzero(matches["source"] == Cause.DELAYED_OPEN))
        tape.delayed_closes += int(np.count_nonzero(matches["source"] == Cause.DELAYED_CLOSE))
        tape.put_off += int(np.count_nonzero(matches["code"] == DEFERRED_CODE))
        fills = events[kind == Kind.FILL].view(FILL)
        tape.fills += fills.size
        row = self._add_fills(fills)
        if self._keep:
            tape.kept.append((fills.copy(), row))

    def _add_fills(self, fills: NDArray[np.void]) -> NDArray[np.int64]:
        """Adds to the sums; returns each fill's row or -1."""
        row, security = self._places.rows(fills["book"], fills["account"], fills["price"])
        shares = fills["quantity"].astype(np.float64)
        known = row >= 0
        for side, sums in ((Side.BUY, self.tape.bought), (Side.SELL, self.tape.sold)):
            chosen = known & (fills["side"] == side)
            sums += np.bincount(row[chosen], weights=shares[chosen], minlength=sums.size).astype(np.int64)
        stray = np.bincount(security[~known], weights=shares[~known], minlength=self.tape.stray.size)
        self.tape.stray += stray.astype(np.int64)
        return row


class _RowFinder:
    """Finds the report row of (book, account, price) for whole columns."""

    def __init__(self, report: Report, levels: Levels, book_codes: Sequence[str]) -> None:
        place = {code: at for at, code in enumerate(report.codes)}
        self._none = len(report.codes)
        self._security = np.array([place.get(code, self._none) for code in book_codes] + [self._none], np.int64)
        accounts = np.array([branch_number(branch.code) for branch in report.branches], np.uint32)
        self._branch_order = np.argsort(accounts)
        self._accounts = accounts[self._branch_order]
        self._levels = (levels.security.astype(np.int64) << 31) | levels.price
        self._branches = len(report.branches)
        keys = levels.of_row.astype(np.int64) * self._branches + report.branch
        self._row_order = np.argsort(keys)
        self._keys = keys[self._row_order]

    def rows(
        self, book: NDArray[np.uint32], account: NDArray[np.uint32], price: NDArray[np.int32]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(row index or -1, security index or the number of securities if the book is none of the report's)."""
        security = self._security[np.minimum(book, self._security.size - 1)]
        level, level_known = _find(self._levels, (security << 31) | price)
        branch, branch_known = _find(self._accounts, account)
        row, row_known = _find(self._keys, level * self._branches + self._branch_order[branch])
        known = level_known & branch_known & row_known
        return np.where(known, self._row_order[row], -1), security


def _find(table: NDArray[np.integer], wanted: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Place of each wanted value in an ascending table (any place if it is not there), and whether it is there."""
    at = np.minimum(np.searchsorted(table, wanted), table.size - 1)
    return at, table[at] == wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A price at which the report's own sides differ; shares, price in 1/10,000 NT$."""

    price: int
    bought: int
    sold: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityResult:
    """One security: is the report balanced, and do the fills equal it (less what was cut) in every row and side."""

    code: str
    balanced: bool
    equal: bool
    differences: tuple[Difference, ...]
    cut_shares: int
    rows: int
    shares: int
    """Shares bought by the fills (= sold)."""
    value: int
    """Shares × price of the bought fills, 1/10,000 NT$."""
    branches: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmResult:
    """What a firm's branches bought and sold by the fills; values in 1/10,000 NT$."""

    code: str
    name: str
    bought: int
    sold: int
    bought_value: int
    sold_value: int


def compare(report: Report, levels: Levels, cuts: Iterable[Cut], tape: Tape) -> tuple[SecurityResult, ...]:
    """Hold the fills against the report, security by security."""
    cut_bought, cut_sold = np.zeros_like(report.bought), np.zeros_like(report.sold)
    for cut in cuts:
        column = cut_bought if cut.side == Side.BUY else cut_sold
        column[np.searchsorted(report.row, cut.row)] += cut.shares
    same = (tape.bought == report.bought - cut_bought) & (tape.sold == report.sold - cut_sold)
    value = tape.bought * report.price.astype(np.int64)
    sold_value = tape.sold * report.price.astype(np.int64)
    results = []
    for security, code in enumerate(report.codes):
        rows = report.security == security
        differences = tuple(
            Difference(price=int(levels.price[at]), bought=int(levels.bought[at]), sold=int(levels.sold[at]))
            for at in range(*levels.of_security(security).indices(levels.price.size))
            if levels.bought[at] != levels.sold[at]
        )
        whole = bool(same[rows].all()) and not tape.stray[security]
        whole &= int(tape.bought[rows].sum()) == int(tape.sold[rows].sum())
        whole &= int(value[rows].sum()) == int(sold_value[rows].sum())
        results.append(
            SecurityResult(
                code=code,
                balanced=not differences,
                equal=whole,
                differences=differences,
                cut_shares=int((cut_bought + cut_sold)[rows].sum()),
                rows=int(rows.sum()),
                shares=int(tape.bought[rows].sum()),
                value=int(value[rows].sum()),
                branches=int(np.unique(report.branch[rows]).size),
            )
        )
    return tuple(results)
