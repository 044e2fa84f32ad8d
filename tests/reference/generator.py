"""Seeded commands that aim: the generator looks at the reference engine's state and goes where rules meet.

A seed draws a *plan* (which books, how small an engine, which actions often or never, how fast time runs), then
commands one by one. Nothing but the seed and the engine's state decides: the same seed gives the same bytes.
"""

from bisect import bisect_left
from dataclasses import dataclass, field
from random import Random

from tests.reference.engine import ReferenceEngine
from tests.reference.markets import CLOSING_CALL, DAY, MARKETS, NINE, S
from tests.reference.state import Book, Order
from tests.reference.wire import (
    AFTER,
    BEFORE,
    BUY,
    CANCEL,
    COLLECT,
    CONTINUOUS,
    CUT,
    EXPIRE,
    FOK,
    HALT,
    IOC,
    LIMIT,
    MARKET,
    NEW,
    PHASE,
    REPRICE,
    ROD,
    SUSPENDED,
    TRIAL,
    UNCROSS,
    Command,
)
from yunhai.exchange.books import BookConfig

KINDS = [(order_type, time_in_force) for order_type in (MARKET, LIMIT) for time_in_force in (ROD, IOC, FOK)]
NEW_FLAWS = (
    "book", "side", "order_type", "time_in_force", "forbidden", "zero", "off_lot", "too_much", "priced_market",
    "above", "below", "off_tick", "id_low", "id_high", "used",
)  # fmt: skip
CHANGE_FLAWS = ("book", "other_book", "unknown", "gone", "tenant", "account", "shape", "off_lot", "price", "market")
ACTIONS = ("new", "flawed_new", "change", "flawed_change", "phase", "uncross", "trial", "expire", "stray")
HIGHEST_ID = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Plan:
    """What a seed has drawn. `weights` are those of ACTIONS."""

    books: tuple[BookConfig, ...]
    order_capacity: int
    first_order_id: int
    id_capacity: int
    start: int
    step_ns: int
    spread: float
    weights: tuple[int, ...]

    def engine_settings(self) -> dict[str, int]:
        return {
            "order_capacity": self.order_capacity,
            "first_order_id": self.first_order_id,
            "id_capacity": self.id_capacity,
        }


def draw_plan(rng: Random) -> Plan:
    draw = rng.choice
    changes = (draw((5, 15, 30)), draw((0, 5, 15)))
    controls = (draw((1, 1, 3)), draw((1, 3, 8)), draw((0, 1, 2)), draw((0, 0, 1)))
    return Plan(
        books=tuple(draw(MARKETS)(rng) for _ in range(draw((1, 2, 3)))),
        order_capacity=draw((3, 25, 25, 60, 60, 100, 100, 300)),
        first_order_id=draw((0, 1, 10**15, 2**63, 2**64 - 100_000)),
        id_capacity=draw((99_000,) * 7 + (300,)),
        start=draw((NINE - 10 * S, NINE, NINE + 290 * S, NINE + 3600 * S, CLOSING_CALL - 60 * S)),
        step_ns=draw((0, 1_000_000, 100_000_000, S, 3 * S)),
        spread=draw((1.0, 3.0, 6.0)),
        weights=(40, draw((0, 10, 30)), *changes, *controls, 1),
    )


@dataclass(slots=True)
class Generator:
    """An endless stream of commands for one seed, each made for the state `engine` is in right then."""

    seed: int
    engine: ReferenceEngine = field(init=False)
    plan: Plan = field(init=False)
    rng: Random = field(init=False)
    next_id: int = field(init=False)

    def __post_init__(self) -> None:
        self.rng = Random(self.seed)
        self.plan = draw_plan(self.rng)
        self.engine = ReferenceEngine(**self.plan.engine_settings())
        for config in self.plan.books:
            self.engine.add_book(config)
        self.next_id = self.plan.first_order_id

    def command(self) -> bytes:
        """The next command, 64 bytes."""
        rng = self.rng
        book = rng.choice(self.engine.books)
        action = rng.choices(ACTIONS, self.plan.weights)[0]
        full = len(self.engine.live) >= self.plan.order_capacity
        if not book.config.allowed[book.phase] or book.phase in (BEFORE, AFTER, SUSPENDED):
            action = rng.choice(("phase", "phase", "uncross", "expire", action, action, action))
        elif full and rng.random() < 0.5:
            action = rng.choice(("change", "change", "change", "uncross", "expire"))
        elif book.phase == CONTINUOUS and book.buys.market and book.sells.market and rng.random() < 0.3:
            action = "phase"
        elif book.phase in (COLLECT, HALT) and rng.random() < 0.1:
            action = rng.choice(("uncross", "phase"))
        command = self.blank(book)
        getattr(self, action)(book, command)
        if rng.random() < 0.004:
            command.time = self.engine.now - rng.choice((1, S)) if self.engine.now else -1
        return command.pack()

    def blank(self, book: Book) -> Command:
        """A command with a time, and sometimes with junk where the engine must not look."""
        rng = self.rng
        junk = rng.getrandbits(16) if rng.random() < 0.1 else 0
        return Command(
            kind=0, version=junk & 255, code=junk, tenant=rng.randrange(3), time=self.time(book), order_id=0,
            book=book.number, price=0, quantity=0, account=rng.randrange(4), side=0, order_type=0, time_in_force=0,
            source=junk & 7, status=junk & 255, state=junk & 3, reserved=junk, filled=junk, leaves=junk,
            removed=junk, crc=junk,
        )  # fmt: skip

    def time(self, book: Book) -> int:
        """Mostly a small step; now and then the edge of the band's hours, or a second that empties the window."""
        rng = self.rng
        now = max(self.engine.now, self.plan.start)
        chance = rng.random()
        if chance < 0.008:
            config = book.config
            edges = (
                config.band_from,
                config.band_from,
                config.band_open_until,
                config.band_open_until,
                config.band_until,
            )
            edge = rng.choice(edges) - rng.randrange(2)
            if DAY < edge < self.plan.start + 20_000 * S:
                return max(edge, now)
        if chance < 0.03 / book.config.band_window_s**0.5:
            return now + book.config.band_window_s * S + rng.choice((-S, 0, S))
        if chance < 0.5:
            return now
        return now + rng.randrange(self.plan.step_ns + 1)

    # New orders -------------------------------------------------------------------------------------------

    def new(self, book: Book, command: Command) -> None:
        rng = self.rng
        command.kind = NEW
        command.side = rng.choice((1, 2))
        allowed = [kind for kind in KINDS if book.allows(*kind, book.phase)]
        priceless = not book.base() and not book.buys.prices and not book.sells.prices
        if priceless and (MARKET, ROD) in allowed and rng.random() < 0.7:
            command.order_type, command.time_in_force = MARKET, ROD
        elif (LIMIT, ROD) in allowed and rng.random() < 0.55:
            command.order_type, command.time_in_force = LIMIT, ROD
        else:
            command.order_type, command.time_in_force = rng.choice(allowed or KINDS)
        command.price = self.price(book) if command.order_type == LIMIT else 0
        command.quantity = self.quantity(book)
        if command.price and rng.random() < 0.15:
            self.sweep(book, command)
        command.order_id = self.next_id
        self.next_id += rng.choice((1, 1, 1, 2))

    def sweep(self, book: Book, command: Command) -> None:
        """Make a limit order that would take the whole other side, if the band let it."""
        command.price = book.ladder[-1] if command.side == BUY else book.ladder[0]
        there = sum(order.leaves for order in book.other_side(command.side).in_priority())
        most = book.config.max_quantity // book.config.lot * book.config.lot
        command.quantity = min(there, most) // book.config.lot * book.config.lot or command.quantity

    def price(self, book: Book) -> int:
        """Near the last trade or reference, sometimes anywhere."""
        if self.rng.random() < 0.05:
            return self.rng.choice(book.ladder)
        top = len(book.ladder) - 1
        middle = bisect_left(book.ladder, book.base()) if book.base() else top // 2
        return book.ladder[min(max(middle + round(self.rng.gauss(0, self.plan.spread)), 0), top)]

    def quantity(self, book: Book) -> int:
        most = book.config.max_quantity // book.config.lot
        lots = self.rng.choice((self.rng.randint(1, 4), self.rng.randint(1, 30), self.rng.choice((1, most))))
        return min(lots, most) * book.config.lot

    def flawed_new(self, book: Book, command: Command) -> None:
        self.new(book, command)
        rng, config = self.rng, book.config
        if rng.random() < 0.5:
            command.order_type, command.time_in_force = rng.choice(KINDS)
            command.price = self.price(book) if command.order_type == LIMIT else 0
        match rng.choice(NEW_FLAWS):
            case "book":
                command.book = rng.choice((len(self.engine.books), 2**32 - 1))
            case "side":
                command.side = rng.choice((0, 3, 255))
            case "order_type":
                command.order_type = rng.choice((0, 3, 255))
            case "time_in_force":
                command.time_in_force = rng.choice((1, 2, 5, 255))
            case "forbidden":
                command.order_type, command.time_in_force = rng.choice(KINDS)
            case "zero":
                command.quantity = 0
            case "off_lot":
                command.quantity += rng.choice((1, config.lot - 1, config.lot // 2))
            case "too_much":
                command.quantity = rng.choice((config.max_quantity + config.lot, 2**32 - 1))
                command.quantity -= command.quantity % config.lot
            case "priced_market":
                command.price = rng.choice((-1, 1, self.price(book)))
            case "above":
                command.price = rng.choice((book.ladder[-1] + 1, 2**31 - 1))
            case "below":
                command.price = rng.choice((book.ladder[0] - 1, 0, -1, -(2**31)))
            case "off_tick":
                command.price = min(self.price(book) + 1, book.ladder[-1])
            case "id_low":
                command.order_id = max(self.plan.first_order_id - 1, 0)
            case "id_high":
                command.order_id = min(self.plan.first_order_id + self.plan.id_capacity, HIGHEST_ID)
            case _:
                command.order_id = rng.randrange(self.plan.first_order_id, self.next_id + 1)

    # Cancel, cut, re-price --------------------------------------------------------------------------------

    def change(self, book: Book, command: Command) -> None:
        """One of a live order's three changes, in the order's own book."""
        if not self.engine.live:
            self.new(book, command)
            return
        order = self.engine.live[self.rng.choice(list(self.engine.live))]
        self.aim(command, order, self.rng.choice((CANCEL, CUT, CUT, REPRICE, REPRICE)))

    def aim(self, command: Command, order: Order, kind: int) -> None:
        rng, book = self.rng, self.engine.books[order.book]
        command.kind, command.order_id, command.book = kind, order.id, order.book
        command.tenant, command.account = order.tenant, order.account
        command.side = rng.randrange(4)
        if kind == CUT:
            lot = book.config.lot
            less = rng.randint(1, max(order.leaves // lot - 1, 1)) * lot
            command.quantity = rng.choice((less, less, order.leaves, order.leaves + lot))
        elif kind == REPRICE:
            command.price = self.price(book)
        elif rng.random() < 0.1:
            command.price, command.quantity = rng.randrange(9), rng.randrange(9)

    def flawed_change(self, book: Book, command: Command) -> None:
        self.change(book, command)
        if command.kind == NEW:
            return
        rng, lot, ladder = self.rng, book.config.lot, book.ladder
        match rng.choice(CHANGE_FLAWS):
            case "book":
                command.book = 2**31
            case "other_book":
                command.book = (command.book + 1) % len(self.engine.books)
            case "unknown":
                first = self.plan.first_order_id
                ids = (0, first - 1, first + self.plan.id_capacity, self.next_id, HIGHEST_ID)
                command.order_id = min(max(rng.choice(ids), 0), HIGHEST_ID)
            case "gone":
                command.order_id = rng.randrange(self.plan.first_order_id, self.next_id + 1)
                command.tenant = self.engine.tenants.get(command.order_id, 9)
            case "tenant":
                command.tenant += 1
            case "account":
                command.account += 1
            case "shape":
                command.price, command.quantity = rng.choice(((0, 0), (command.price or 5, command.quantity or 10)))
            case "off_lot":
                command.quantity += 0 if command.kind == REPRICE else rng.choice((1, lot - 1))
            case "price":
                command.price = rng.choice((command.price + 1, -1, ladder[0] - 1, ladder[-1] + 1))
            case _:
                markets = [order for order in self.engine.live.values() if not order.price]
                if markets:
                    command.price = command.quantity = 0
                    self.aim(command, rng.choice(markets), REPRICE)

    # Controls ---------------------------------------------------------------------------------------------

    def phase(self, book: Book, command: Command) -> None:
        command.kind = PHASE
        open_phases = [phase for phase in (COLLECT, *[CONTINUOUS] * 4, HALT) if book.config.allowed[phase]]
        command.side = self.rng.choice((*open_phases, self.rng.randrange(8)))
        self.clutter(command)

    def uncross(self, book: Book, command: Command) -> None:
        command.kind, command.side = UNCROSS, self.rng.choice((0, 0, 1, 1, 2))
        self.clutter(command)

    def trial(self, book: Book, command: Command) -> None:
        command.kind = TRIAL
        self.clutter(command)

    def expire(self, book: Book, command: Command) -> None:
        command.kind = EXPIRE
        self.clutter(command)

    def stray(self, book: Book, command: Command) -> None:
        """A record that is no command, or a control for a book that is not there."""
        command.kind = self.rng.choice((0, 5, 15, 20, 32, 33, 34, 35, 255, PHASE, UNCROSS, TRIAL, EXPIRE))
        if command.kind in (PHASE, UNCROSS, TRIAL, EXPIRE):
            command.book = len(self.engine.books)
        self.clutter(command)

    def clutter(self, command: Command) -> None:
        """Values where a control has results or nothing."""
        if self.rng.random() < 0.2:
            command.order_id, command.price, command.quantity = 77, -7, 7
            command.order_type, command.time_in_force = 9, 9
