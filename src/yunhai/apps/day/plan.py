"""A report becomes a day of orders 委託: who, when, at what price, how many, on which book.

All arithmetic is on one line of shares. Lay every book's shares at every price end to end: the buys fill the line
exactly once and so do the sells, as both sides of each price are equal. A stop of the path (`path`) is a stretch of
that line, so both sides of a stop are equal too, and a piece that crosses the border of two stops becomes two orders.
Within a stop orders arrive in the order in which they lie on the line, disturbed at random by the seed: sometimes a
seller waits for a buyer, sometimes the other way round, sometimes several wait.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from yunhai.apps.day import failures, lots, path, timetable
from yunhai.apps.day.levels import Cut, Levels, cut_surplus, levels_of
from yunhai.apps.day.lots import BOARD, BOOKS, ODD, Pieces
from yunhai.apps.day.path import Bar, Ends, Visits
from yunhai.apps.day.report import Report
from yunhai.apps.day.timetable import Hours
from yunhai.kernel.clock import SECOND
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import DAY_ORDERS_MAX
from yunhai.kernel.records import RECORD, VERSION, Kind, OrderType, Side, TimeInForce

WAITING_ORDERS: Final = 5
"""At most about so many orders of one side wait before the other side comes."""
AUCTION_MARGIN_NS: Final = 90 * SECOND
"""No order enters in the last stretch before an opening or closing auction, where a change could delay it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityTerms:
    """What the rules and the reference data say of one security. Prices in 1/10,000 NT$, quantities in shares.

    `board_book` and `odd_book` are the venue's numbers; `cap` the most shares of one order on the board.
    """

    code: str
    reference: int
    lot: int
    cap: int
    board_book: int
    odd_book: int
    bar: Bar | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityPlan:
    """How one security's day was laid out: `risky` stops may be interrupted or put off, and are planned for that."""

    ends: Ends | None
    board_stops: int
    odd_stops: int
    risky: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`orders` (dtype RECORD) ascending in time and id; `cuts` is what the report's own gaps made impossible."""

    orders: NDArray[np.void]
    levels: Levels
    cuts: tuple[Cut, ...]
    securities: tuple[SecurityPlan, ...]


@dataclass(frozen=True, slots=True)
class _Book:
    """One book's stops; price indices count from `first_level`."""

    security: int
    book: int
    visits: Visits
    first_level: int


def branch_number(code: str) -> int:
    """Account 帳號 of a branch: its four ASCII characters read as one big-endian number (102A = 0x31303241)."""
    return int.from_bytes(code.encode("ascii"), "big")


HOUSES: Final = frozenset({"91", "92", "93", "96", "98", "9A", "9B"})
"""Firms whose branches share two characters (群益 91, 凱基 92, 華南永昌 93, 富邦 96, 元大 98, 永豐金 9A, 台新 9B)."""


def firm_code(branch: str) -> str:
    """The head office 總公司 of a branch: its first three characters and 0, the first two and 00 for `HOUSES`."""
    return branch[:2] + "00" if branch[:2] in HOUSES else branch[:3] + "0"


def make_plan(
    report: Report, terms: Sequence[SecurityTerms], hours: Hours, *, seed: int, first_order_id: int = 1
) -> Plan:
    """Lay the day out; `terms` in the order of `report.codes`. YunhaiError 4031 if it does not fit into a day."""
    random = np.random.default_rng(seed)
    levels = levels_of(report)
    parts, cuts = cut_surplus(report, levels)
    lot = np.array([term.lot for term in terms], np.int64)[levels.security]
    cap = np.array([term.cap for term in terms], np.int64)[levels.security]
    pieces = lots.split(parts, levels, lot=lot, cap=cap)
    if pieces.part.size > DAY_ORDERS_MAX:
        raise YunhaiError(
            failures.CANNOT_PLAN,
            reason=f"{pieces.part.size} orders, more than {DAY_ORDERS_MAX}",
            reason_zh=f"{pieces.part.size} 筆委託，超過 {DAY_ORDERS_MAX}",
        )
    books, ends = _books(levels, _shares(pieces, levels.price.size), terms, random)
    line = _Line(books)
    order = _Orders(pieces, line, random)
    times, risky = _times(books, line, order, levels, hours)
    rows = report.branch[parts.at[pieces.part]]
    orders = _records(report, terms, levels, rows, pieces, line, order, times, first_order_id)
    stops = {(book.security, book.book): book.visits.price.size for book in books}
    return Plan(
        orders=orders,
        levels=levels,
        cuts=cuts,
        securities=tuple(
            SecurityPlan(
                ends=ends[at],
                board_stops=stops.get((at, BOARD), 0),
                odd_stops=stops.get((at, ODD), 0),
                risky=risky[at],
            )
            for at in range(len(terms))
        ),
    )


def _shares(pieces: Pieces, level_count: int) -> NDArray[np.int64]:
    """Shares of each level and book (one side's; both are equal), shape (levels, 2)."""
    size = level_count * BOOKS
    buys = pieces.side == Side.BUY
    bought, sold = (
        np.bincount(pieces.group[side], weights=pieces.quantity[side], minlength=size) for side in (buys, ~buys)
    )
    assert np.array_equal(bought, sold), "a book's sides differ"
    return bought.astype(np.int64).reshape(level_count, BOOKS)


def _books(
    levels: Levels, shares: NDArray[np.int64], terms: Sequence[SecurityTerms], random: np.random.Generator
) -> tuple[list[_Book], list[Ends | None]]:
    """Every book that trades, with its stops; and each security's open and close."""
    books: list[_Book] = []
    all_ends: list[Ends | None] = []
    for security, term in enumerate(terms):
        place = levels.of_security(security)
        prices, board, odd = levels.price[place], shares[place, BOARD], shares[place, ODD]
        weights = board if board.any() else odd
        if not weights.any():
            all_ends.append(None)
            continue
        ends = path.choose_ends(prices, weights, bar=term.bar, reference=term.reference)
        all_ends.append(ends)
        route = path.walk(prices, ends)
        if board.any():
            visits = path.board_visits(route, board, lot=term.lot, random=random)
            books.append(_Book(security, BOARD, visits, place.start))
        if odd.any():
            visits = path.shared_out(route, odd, unit=1, random=random)
            books.append(_Book(security, ODD, visits, place.start))
    return books, all_ends


class _Line:
    """All stops of all books laid out by level, book and time; `until` is where each stretch ends on the line.

    `of_book[i]` gives, for the i-th book, the stretch of each of its stops; `group` each stretch's level × 2 + book.
    """

    def __init__(self, books: Sequence[_Book]) -> None:
        none = np.empty(0, np.int64)
        groups = [(book.first_level + book.visits.price) * BOOKS + book.book for book in books]
        group = np.concatenate([none, *groups])
        shares = np.concatenate([none, *(book.visits.shares for book in books)])
        order = np.argsort(group, kind="stable")
        place = np.empty(order.size, np.int64)
        place[order] = np.arange(order.size)
        self.group = group[order]
        self.shares = shares[order]
        self.until = np.cumsum(self.shares)
        edges = np.cumsum([0, *(book.visits.price.size for book in books)])
        self.of_book = [place[first:last] for first, last in pairwise(edges)]


class _Orders:
    """Pieces cut at the borders of the stretches and ranked within each: the orders, in the order of their arrival.

    Columns of equal length: `piece`, `stretch`, `quantity`, `rank` (0 = first of its stretch); `count` per stretch.
    """

    def __init__(self, pieces: Pieces, line: _Line, random: np.random.Generator) -> None:
        sides = [self._one_side(pieces, line, side, random) for side in (Side.BUY, Side.SELL)]
        piece, stretch, begin, quantity = (np.concatenate(columns) for columns in zip(*sides, strict=True))
        self.count = np.bincount(stretch, minlength=line.until.size)
        usual = line.shares / np.maximum(self.count, 1)
        waiting = random.uniform(0, WAITING_ORDERS, line.until.size) * usual
        first_side = random.integers(Side.BUY, Side.SELL + 1, line.until.size)
        key = begin + random.random(piece.size) * quantity
        key -= np.where(pieces.side[piece] == first_side[stretch], waiting[stretch], 0.0)
        order = np.lexsort((key, stretch))
        self.piece, self.stretch, self.quantity = piece[order], stretch[order], quantity[order]
        first = np.cumsum(self.count) - self.count
        self.rank = np.arange(order.size) - first[self.stretch]

    @staticmethod
    def _one_side(
        pieces: Pieces, line: _Line, side: Side, random: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        chosen = np.flatnonzero(pieces.side == side)
        chosen = chosen[np.lexsort((random.random(chosen.size), pieces.group[chosen]))]
        until = np.cumsum(pieces.quantity[chosen])
        edges = np.union1d(until, line.until)
        begin = np.concatenate((np.zeros(1, np.int64), edges[:-1]))[: edges.size]
        piece = chosen[np.searchsorted(until, begin, side="right")]
        return piece, np.searchsorted(line.until, begin, side="right"), begin, np.diff(edges, prepend=0)


def _times(
    books: Sequence[_Book], line: _Line, orders: _Orders, levels: Levels, hours: Hours
) -> tuple[NDArray[np.int64], dict[int, int]]:
    """Each order's time, and the number of risky stops of each security."""
    start, end = np.zeros(line.until.size, np.int64), np.zeros(line.until.size, np.int64)
    risky: dict[int, int] = {int(security): 0 for security in levels.security}
    for book, at in zip(books, line.of_book, strict=True):
        prices = levels.price[book.first_level + book.visits.price].astype(np.int64)
        counts = orders.count[at]
        if book.book == ODD:
            stays = timetable.odd_stays(prices, counts, hours)
            start[at], end[at] = stays.start, stays.end
        else:
            first, last = int(book.visits.opening), at.size - int(book.visits.closing)
            opened_at = int(prices[0]) if book.visits.opening else None
            stays = timetable.continuous_stays(prices[first:last], counts[first:last], hours, opened_at=opened_at)
            start[at[first:last]], end[at[first:last]] = stays.start, stays.end
            start[at[:first]], end[at[:first]] = hours.collect_from + SECOND, hours.open_at - AUCTION_MARGIN_NS
            start[at[last:]] = hours.continuous_until + SECOND
            end[at[last:]] = hours.close_at - AUCTION_MARGIN_NS
        risky[book.security] += int(np.count_nonzero(stays.risky))
    length = (end - start)[orders.stretch]
    shift = length * ((orders.rank + 0.5) / orders.count[orders.stretch])
    return start[orders.stretch] + shift.astype(np.int64), risky


def _records(
    report: Report,
    terms: Sequence[SecurityTerms],
    levels: Levels,
    branch_of_piece: NDArray[np.int32],
    pieces: Pieces,
    line: _Line,
    order: _Orders,
    times: NDArray[np.int64],
    first_order_id: int,
) -> NDArray[np.void]:
    """The commands, sorted by time; at one moment in the order of their stretches."""
    by_time = np.argsort(times, kind="stable")
    piece, group = order.piece[by_time], line.group[order.stretch[by_time]]
    branch = branch_of_piece[piece]
    level = group // BOOKS
    numbers = np.array([(term.board_book, term.odd_book) for term in terms], np.uint32).reshape(-1, BOOKS)
    accounts = np.array([branch_number(one.code) for one in report.branches], np.uint32)
    firms = np.array([branch_number(firm_code(one.code)) for one in report.branches], np.uint32)
    records = np.zeros(by_time.size, RECORD)
    records["kind"], records["version"] = Kind.NEW, VERSION
    records["tenant"], records["account"] = firms[branch], accounts[branch]
    records["time"] = times[by_time]
    records["order_id"] = first_order_id + np.arange(by_time.size, dtype=np.uint64)
    records["book"] = numbers[levels.security[level], group % BOOKS]
    records["price"], records["quantity"] = levels.price[level], order.quantity[by_time]
    records["side"] = pieces.side[piece]
    records["order_type"], records["time_in_force"] = OrderType.LIMIT, TimeInForce.ROD
    return records
