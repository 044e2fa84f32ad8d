"""The readable engine: one command after another, by the rules of docs/concepts/matching.md.

Every command is first judged (`checks.refusal`, `continuous.meet`, `auction.clearing`: functions that only
look), then written down, then carried out. So a refused command cannot have changed anything.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.reference import auction, dump
from tests.reference.band import centre_of, outside
from tests.reference.checks import refusal
from tests.reference.continuous import Meeting, available_within_limit, meet
from tests.reference.marks import mark
from tests.reference.state import Book, Order, Queues
from tests.reference.wire import (
    AUCTION,
    BUY,
    CANCEL,
    CONTINUOUS,
    CONTROLS,
    CUT,
    EXPIRE,
    FILL,
    FILLED,
    FOK,
    GONE,
    HALT,
    HALTED,
    MAKER,
    MARKET,
    NEW,
    ORDERS,
    PHASE,
    REFUSED,
    REMOVED,
    REPRICE,
    RESTING,
    ROD,
    TAKER,
    TRADE,
    TRIAL,
    UNCROSS,
    Command,
)
from yunhai.exchange.books import BookConfig, Depth
from yunhai.kernel.records import RECORD, Kind

MARKET_NOT_ALLOWED, SESSION_END = 2, 4  # reasons of REMOVED


class ReferenceEngine:
    """An `Engine` (yunhai.exchange.books) to read and to compare with, not to run a market on."""

    def __init__(
        self, *, order_capacity: int, first_order_id: int, id_capacity: int, event_capacity: int = 1 << 20
    ) -> None:
        self.order_capacity = order_capacity
        self.first_order_id = first_order_id
        self.id_capacity = id_capacity
        self.event_capacity = event_capacity
        self.now = 0
        self.next_trade = 1
        self.books: list[Book] = []
        self.tenants: dict[int, int] = {}  # every accepted id -> its tenant
        self.live: dict[int, Order] = {}
        self.events: list[bytes] = []
        self._carry_out: dict[int, Callable[[Book, Command], None]] = {
            NEW: self._new,
            CANCEL: self._cancel,
            CUT: self._cut,
            REPRICE: self._reprice,
            PHASE: self._phase,
            UNCROSS: self._uncross,
            TRIAL: self._trial,
            EXPIRE: self._expire,
        }

    # The engine's interface -------------------------------------------------------------------------------

    def add_book(self, config: BookConfig) -> int:
        self.books.append(Book(number=len(self.books), config=config))
        return len(self.books) - 1

    def process(self, commands: NDArray[np.void]) -> tuple[NDArray[np.void], int]:
        """See `Engine.process`. A command starts only if the buffer could hold three events for every live order."""
        events: list[bytes] = []
        consumed = 0
        for record in np.ascontiguousarray(commands):
            if consumed and len(events) + 3 * len(self.live) + 5 > self.event_capacity:
                break
            events += self.step(record.tobytes())
            consumed += 1
        return np.frombuffer(b"".join(events), dtype=RECORD), consumed

    def step(self, record: bytes) -> list[bytes]:
        """One command and the events it causes, its own record first."""
        self.events = []
        command = Command.unpack(record)
        if code := refusal(self, command):
            self._refuse(command, code)
        else:
            self._carry_out[command.kind](self.books[command.book], command)
        return self.events

    def state(self) -> bytes:
        return dump.state_of(self)

    def state_hash(self) -> bytes:
        return hashlib.sha256(self.state()).digest()

    def restore(self, state: bytes) -> None:
        dump.restore(self, state)

    def clock(self) -> int:
        return self.now

    def phase(self, book: int) -> int:
        return self.books[book].phase

    def last_price(self, book: int) -> int:
        return self.books[book].last

    def open_price(self, book: int) -> int:
        return self.books[book].open

    def depth(self, book: int, levels: int) -> tuple[Depth, Depth]:
        return _depth(self.books[book].buys, levels), _depth(self.books[book].sells, levels)

    def in_range(self, order_id: int) -> bool:
        """Whether the engine keeps a place for this order id."""
        return self.first_order_id <= order_id < self.first_order_id + self.id_capacity

    # Outcomes ---------------------------------------------------------------------------------------------

    def _refuse(self, command: Command, code: int) -> None:
        """The command as sent with the code; a control's results are zero, an unknown kind too. Nothing else happens."""
        if command.kind in CONTROLS:
            command.order_id = command.price = command.quantity = 0
        elif command.kind not in ORDERS:
            command.kind = 0  # so that it can never be read as an event
        command.finish(code, REFUSED)
        self.events.append(command.pack())

    def _accept(self, command: Command, code: int, state: int) -> None:
        """Write the command's own record and move the clock."""
        command.finish(code, state)
        self.events.append(command.pack())
        self.now = command.time
        for book in self.books:
            book.forget_seconds(self.now)

    # Orders (§5, §6) --------------------------------------------------------------------------------------

    def _new(self, book: Book, command: Command) -> None:
        order = Order(
            command.order_id, command.tenant, command.account, book.number, command.side, command.price,
            command.quantity,
        )  # fmt: skip
        if book.phase != CONTINUOUS:
            self._collect(book, command, order)
            return
        centre = centre_of(book, command.time)
        meeting = meet(book, order.side, order.price, order.leaves, centre)
        if code := _outcome_refusal(book, command, meeting):
            self._refuse(command, code)
            return
        command.filled = command.quantity - meeting.leaves
        rests = command.time_in_force == ROD and not (command.order_type == MARKET and meeting.stopped_at)
        command.leaves = meeting.leaves if rests else 0
        command.removed = 0 if rests else meeting.leaves
        code = 1102 if command.removed and meeting.stopped_at else 0
        self._accept(command, code, RESTING if command.leaves else GONE if command.removed else FILLED)
        self._register(order)
        self._arrive(book, command, order, meeting, centre)
        if not command.leaves:
            del self.live[order.id]

    def _collect(self, book: Book, command: Command, order: Order) -> None:
        """§6, last paragraph: outside the continuous phase nothing trades on arrival."""
        if command.time_in_force != ROD:
            self._refuse(command, 1027)
            return
        command.leaves = command.quantity
        self._accept(command, 0, RESTING)
        self._register(order)
        book.rest(order)

    def _register(self, order: Order) -> None:
        self.tenants[order.id] = order.tenant
        self.live[order.id] = order

    def _reprice(self, book: Book, command: Command) -> None:
        """§5: out of the queue and in again as an arriving limit ROD order with its leaves."""
        order = self.live[command.order_id]
        book.side(order.side).remove(order)
        order.price = command.price
        if book.phase != CONTINUOUS:
            command.leaves = order.leaves
            self._accept(command, 0, RESTING)
            book.rest(order)
            return
        centre = centre_of(book, command.time)
        meeting = meet(book, order.side, order.price, order.leaves, centre)
        command.filled, command.leaves = order.leaves - meeting.leaves, meeting.leaves
        self._accept(command, 0, RESTING if command.leaves else FILLED)
        self._arrive(book, command, order, meeting, centre)
        if not command.leaves:
            del self.live[order.id]

    def _arrive(self, book: Book, command: Command, order: Order, meeting: Meeting, centre: int) -> None:
        """Carry out a meeting: the trades, then rest, then the interruption that a limit ROD order causes."""
        if centre and meeting.anything_within_limit:
            book.centre_last_used = centre
        for resting, price, shares in meeting.trades:
            if resting.price == order.price == 0:
                mark("market meets market")
            self._trade(book, order, resting, price, shares, taker=order)
        if not command.leaves:
            return
        book.rest(order)
        if meeting.stopped_at:
            self._halt(book, command, centre, meeting.stopped_at)

    def _halt(self, book: Book, command: Command, centre: int, first_outside: int) -> None:
        """§6: the interruption 瞬間價格穩定. Market orders leave, the auction phase begins."""
        mark("halt by re-price" if command.kind == REPRICE else "halt by new order")
        book.phase = HALT
        self._remove_market_orders(book)
        until = min(command.time + book.config.halt_ns, 2**63 - 1)
        self.events.append(
            HALTED.pack(
                Kind.HALTED, 1, 0, 0, command.time, until, book.number, centre, 0, 0,
                command.order_id, first_outside, 0, 0, 0,
            )
        )  # fmt: skip

    def _cancel(self, book: Book, command: Command) -> None:
        order = self.live.pop(command.order_id)
        book.side(order.side).remove(order)
        command.removed = order.leaves
        self._accept(command, 0, GONE)

    def _cut(self, book: Book, command: Command) -> None:
        """§5: keeps its place; more than there is cuts what there is and says so (1101)."""
        order = self.live[command.order_id]
        command.removed = min(command.quantity, order.leaves)
        command.leaves = order.leaves - command.removed
        self._accept(command, 1101 if command.quantity > order.leaves else 0, RESTING if command.leaves else GONE)
        order.leaves = command.leaves
        if not order.leaves:
            book.side(order.side).remove(order)
            del self.live[order.id]

    # Trades and removals ----------------------------------------------------------------------------------

    def _trade(self, book: Book, one: Order, other: Order, price: int, shares: int, taker: Order | None) -> None:
        """Three events: the exchange's view, the buyer's fill, the seller's fill (§8)."""
        buy, sell = (one, other) if one.side == BUY else (other, one)
        trade, time = self.next_trade, self.now
        self.next_trade += 1
        book.remember_trade(time, price, shares)
        auctioned, taker_side = (0, taker.side) if taker else (1, 0)
        self.events.append(
            TRADE.pack(
                Kind.TRADE, 1, 0, 0, time, trade, book.number, price, shares, 0,
                buy.id, sell.id, auctioned, taker_side, 0, 0,
            )
        )  # fmt: skip
        for order in (buy, sell):
            order.leaves -= shares
            liquidity = AUCTION if taker is None else TAKER if order is taker else MAKER
            self.events.append(
                FILL.pack(
                    Kind.FILL, 1, 0, order.tenant, time, order.id, book.number, price, shares, order.account,
                    trade, order.leaves, order.side, liquidity, 0, 0, 0,
                )
            )  # fmt: skip
            if order is not taker and not order.leaves:
                book.side(order.side).remove(order)
                del self.live[order.id]

    def _remove(self, book: Book, orders: list[Order], reason: int) -> None:
        for order in orders:
            book.side(order.side).remove(order)
            del self.live[order.id]
            self.events.append(
                REMOVED.pack(
                    Kind.REMOVED, 1, reason, order.tenant, self.now, order.id, book.number, order.price,
                    order.leaves, order.account, order.side, order.order_type, 0, 0, 0, 0, 0, 0,
                )
            )  # fmt: skip

    def _remove_market_orders(self, book: Book) -> None:
        """§3: where market ROD is not allowed no market order stays; buys first."""
        market_orders = [*book.buys.market, *book.sells.market]
        if not market_orders:
            return
        if book.allows(MARKET, ROD, book.phase):
            mark("market orders stay in the new phase")
            return
        mark("market orders leave with the phase")
        self._remove(book, market_orders, MARKET_NOT_ALLOWED)

    # Controls (§3, §7) ------------------------------------------------------------------------------------

    def _control(self, command: Command, *, code: int = 0, price: int = 0, volume: int = 0) -> None:
        """A control's results stand in the places of price and order id (records.md §2)."""
        command.order_id, command.price, command.quantity = volume, price, 0
        self._accept(command, code, RESTING)

    def _phase(self, book: Book, command: Command) -> None:
        command.order_type, book.phase = book.phase, command.side
        self._control(command)
        self._remove_market_orders(book)

    def _trial(self, book: Book, command: Command) -> None:
        price, volume = auction.clearing(book)
        self._control(command, price=price, volume=volume)

    def _uncross(self, book: Book, command: Command) -> None:
        price, volume = auction.clearing(book)
        if command.side == 1 and _must_defer(book, price):
            self._control(command, code=1203, price=price, volume=volume)
            return
        self._control(command, price=price, volume=volume)
        if book.config.shuffle and not book.uncrossed:
            auction.shuffle_queues(book)
        book.uncrossed = True
        if volume:
            for buy, sell, shares in list(auction.pairs(book, volume)):
                self._trade(book, buy, sell, price, shares, taker=None)

    def _expire(self, book: Book, command: Command) -> None:
        self._control(command)
        self._remove(book, [*book.buys.in_priority(), *book.sells.in_priority()], SESSION_END)


def _outcome_refusal(book: Book, command: Command, meeting: Meeting) -> int:
    """§6, outcomes: 1028 stopped by the band, 1027 not filled, 0 otherwise."""
    if command.time_in_force == FOK:
        if not meeting.leaves:
            return 0
        enough = available_within_limit(book, command.side, command.price) >= command.quantity
        return 1028 if enough and meeting.stopped_at else 1027
    if meeting.stopped_at and not meeting.trades and (command.order_type == MARKET or command.time_in_force != ROD):
        return 1028
    if command.time_in_force != ROD and not meeting.trades:
        return 1027
    return 0


def _must_defer(book: Book, price: int) -> bool:
    """§7: the auction price lies outside the deferral band around the last trade."""
    return bool(book.config.defer_ppm and price and book.last and outside(price, book.last, book.config.defer_ppm))


@dataclass(frozen=True, slots=True)
class Levels:
    """`yunhai.exchange.books.Depth` as the reference gives it."""

    price: NDArray[np.int32]
    quantity: NDArray[np.uint64]
    orders: NDArray[np.uint32]


def _depth(queues: Queues, levels: int) -> Depth:
    """The best levels of a side; market orders are the first level, at price 0."""
    rows = [(0, queues.market)] if queues.market else []
    rows += [(price, queues.levels[price]) for price in queues.best_first()]
    rows = rows[:levels]
    return Levels(
        price=np.array([price for price, _ in rows], dtype=np.int32),
        quantity=np.array([sum(order.leaves for order in queue) for _, queue in rows], dtype=np.uint64),
        orders=np.array([len(queue) for _, queue in rows], dtype=np.uint32),
    )
