"""Drives the engine through a day of published orders and collects what it decided.

The engine gets orders, cancels and the pack's timetable; trades, books, prices and quantities are its own.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from yunhai.exchange.books import Depth, Engine
from yunhai.exchange.rules.pack import RulePack
from yunhai.kernel.errors import entry_of
from yunhai.kernel.records import RECORD, TRADE, VERSION, Kind, OrderType, Phase, Side, State
from yunhai.market.l3.book import book_config
from yunhai.market.l3.compare import BookComparison, BookState, Score, Trade, Trial, compare_totals, compare_trades
from yunhai.market.l3.feed import Feed
from yunhai.market.l3.flow import Arrival, Flow, flow_of
from yunhai.market.l3.ladder import Ladder
from yunhai.market.l3.timetable import controls_of

CHUNK: Final = 2048
"""Commands between two checks of the ladder against the engine's depth, and between two steps of the progress bar."""
ALL_LEVELS: Final = 1 << 17
MakeEngine = Callable[[int], Engine]
"""An engine with room for so many orders."""


@dataclass(frozen=True, slots=True)
class Auction:
    """One executed uncross 集合競價. `time` ns after midnight."""

    time: int
    price: int
    volume: int
    trades: int


@dataclass(slots=True)
class DayResult:
    """What one day's replay came to. `state_hash` is the engine's at its end."""

    folders: tuple[str, ...]
    flow: Flow
    trades: Score = field(default_factory=Score)
    books: Score = field(default_factory=Score)
    trials: Score = field(default_factory=Score)
    empty: Score = field(default_factory=Score)
    totals: Score = field(default_factory=Score)
    cancels: Score = field(default_factory=Score)
    accepted: Score = field(default_factory=Score)
    depth: Score = field(default_factory=Score)
    auctions: list[Auction] = field(default_factory=list)
    volume: int = 0
    value: int = 0
    inside: int = 0
    timely: int = 0
    state_hash: str = ""

    def scores(self) -> dict[str, Score]:
        """Everything that must hold."""
        return {
            "trades": self.trades,
            "books": self.books,
            "trials": self.trials,
            "empty_books": self.empty,
            "totals": self.totals,
            "cancelled_quantities": self.cancels,
            "accepted_commands": self.accepted,
            "depth_checks": self.depth,
        }

    @property
    def holds(self) -> bool:
        return all(score.holds for score in self.scores().values())


@dataclass(slots=True)
class _Told:
    """What the engine has told so far; order numbers in `made` are the exchange's."""

    numbers: list[int]
    ladder: Ladder = field(default_factory=Ladder)
    made: list[Trade] = field(default_factory=list)
    phase: int = Phase.BEFORE


class Replay:
    """One day's book in one engine."""

    def __init__(self, pack: RulePack, feed: Feed, make_engine: MakeEngine) -> None:
        numbers = sorted({order.number for order in feed.orders} | {trade.aggressor for trade in feed.trades})
        self._feed = feed
        self._ids = {number: place for place, number in enumerate(numbers, start=1)}
        self._told = _Told([0, *numbers])
        self._engine = make_engine(len(numbers) + 1)
        self._book = self._engine.add_book(book_config(pack, reference=feed.previous_close))
        self._controls = list(controls_of(pack))

    @property
    def numbers(self) -> list[int]:
        """The exchange's order number of each of the engine's ids; 0 of id 0, which no order has."""
        return self._told.numbers

    def run(
        self, progress: Callable[[float], None] | None = None, *, sink: Callable[[NDArray[np.void]], None] | None = None
    ) -> DayResult:
        """Replay the day; `progress` hears what part of it is done, `sink` the engine's events, array by array, each valid
        until it returns."""
        feed, made = self._feed, self._told.made
        flow = flow_of(feed)
        result = DayResult(feed.folders, flow)
        listener = _Listener(self._told, result, BookComparison(feed.snapshots), feed.levels)
        commands, expected = self._commands(flow)
        listener.observe(0)
        done = 0
        while done < len(commands):
            events, consumed = self._engine.process(commands[done : done + CHUNK])
            if sink is not None:
                sink(events)
            listener.hear(events, expected[done : done + consumed])
            listener.check_depth(*self._engine.depth(self._book, ALL_LEVELS))
            done += consumed
            if progress is not None:
                progress(done / len(commands))
        listener.finish()
        published = [(trade.buy, trade.sell, trade.price, trade.quantity) for trade in feed.trades]
        result.trades = compare_trades(published, made)
        result.totals = compare_totals(feed.snapshots, made)
        result.volume = sum(quantity for *_, quantity in made)
        result.value = sum(price * quantity for *_, price, quantity in made)
        result.state_hash = self._engine.state_hash().hex()
        return result

    def _commands(self, flow: Flow) -> tuple[NDArray[np.void], list[int]]:
        """The engine's input, and for each cancel the quantity that the exchange says it removed (else -1)."""
        rows: list[tuple[int, int, int, int, int, int]] = []
        expected: list[int] = []
        collecting = False

        def add(kind: Kind, time: int, order: int = 0, price: int = 0, quantity: int = 0, side: int = 0) -> None:
            rows.append((kind, time, order, price, quantity, side))
            expected.append(-1)

        def run_controls(until: int) -> None:
            nonlocal collecting
            while self._controls and self._controls[0].time <= until:
                control = self._controls.pop(0)
                add(control.kind, control.time, side=control.argument)
                if control.kind is Kind.PHASE:
                    collecting = control.argument == Phase.COLLECT
                    if collecting:
                        add(Kind.TRIAL, control.time)

        for step in flow.steps:
            run_controls(step.time)
            order = self._ids[step.number]
            if isinstance(step, Arrival):
                add(Kind.NEW, step.time, order, step.price, step.quantity, step.side)
            else:
                add(Kind.CANCEL, step.time, order)
                expected[-1] = step.quantity
            if collecting:
                add(Kind.TRIAL, step.time)
        run_controls(_last_moment(self._feed, flow))
        return self._records(rows), expected

    def _records(self, rows: list[tuple[int, int, int, int, int, int]]) -> NDArray[np.void]:
        commands = np.zeros(len(rows), RECORD)
        columns = np.array(rows, np.int64).reshape(-1, 6).T
        for name, column in zip(("kind", "time", "order_id", "price", "quantity", "side"), columns, strict=True):
            commands[name] = column
        commands["version"] = VERSION
        commands["book"] = self._book
        commands["order_type"] = np.where(commands["kind"] == Kind.NEW, OrderType.LIMIT, 0)
        return commands


def _last_moment(feed: Feed, flow: Flow) -> int:
    moments = [feed.snapshots[-1].time]
    if flow.steps:
        moments.append(flow.steps[-1].time)
    if feed.trades:
        moments.append(feed.trades[-1].time)
    return max(moments)


def why(record: np.void) -> str:
    """A refused command's number and texts."""
    entry = entry_of(int(record["code"]))
    return f"{entry.code} {entry.en} {entry.zh}"


class _Listener:
    """Reads the engine's events into trades, states and scores."""

    def __init__(self, told: _Told, result: DayResult, books: BookComparison, levels: int) -> None:
        self._told = told
        self._result = result
        self._books = books
        self._levels = levels

    def observe(self, time: int, trial: Trial | None = None, *, inside: bool = False) -> None:
        """Offer the present state to the waiting snapshots."""
        told = self._told
        trades = len(told.made)
        if self._books.expects(trades, time):
            book = told.ladder.top(self._levels)
            self._books.observe(BookState(trades, time, book, trial, inside))

    def hear(self, events: NDArray[np.void], expected: list[int]) -> None:
        """One batch: every record with the trades that follow it."""
        fills = events.view(TRADE)
        kinds = events["kind"].tolist()
        starts = [place for place, kind in enumerate(kinds) if kind < Kind.TRADE]
        buys, sells = fills["buy_id"].tolist(), fills["sell_id"].tolist()
        prices, sizes = events["price"].tolist(), events["quantity"].tolist()
        for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(kinds)], strict=True)):
            made = [
                (buys[place], sells[place], prices[place], sizes[place])
                for place in range(start + 1, end)
                if kinds[place] == Kind.TRADE
            ]
            self._command(events[start], made, expected[number])

    def finish(self) -> None:
        self._books.finish()
        result = self._result
        result.books, result.trials, result.empty = self._books.books, self._books.trials, self._books.empty
        result.inside, result.timely = self._books.inside, self._books.timely

    def _command(self, record: np.void, made: list[Trade], expected: int) -> None:
        kind, time, order = int(record["kind"]), int(record["time"]), int(record["order_id"])
        refused = record["state"] == State.REFUSED
        self._result.accepted.add(not refused, f"command {Kind(kind).name} refused: {why(record)}" if refused else "")
        if refused:
            if kind == Kind.CANCEL:
                self._result.cancels.add(False, f"cancel of {self._told.numbers[order]} refused")
        elif kind == Kind.NEW:
            self._arrival(record, made)
        elif kind == Kind.CANCEL:
            removed = int(record["removed"])
            number = self._told.numbers[order]
            self._result.cancels.add(removed == expected, f"cancel of {number}: published {expected}, engine {removed}")
            self._told.ladder.take(order, removed)
            self._state_after(time)
        elif kind == Kind.PHASE:
            self._told.phase = int(record["side"])
        elif kind == Kind.UNCROSS:
            self._uncross(record, made)
        elif kind == Kind.TRIAL:
            price, volume = int(record["price"]), order
            surplus = self._told.ladder.surplus(price, volume) if price else (0, 0)
            self.observe(time, (price, volume, surplus))

    def _arrival(self, record: np.void, made: list[Trade]) -> None:
        ladder, time, leaves = self._told.ladder, int(record["time"]), int(record["leaves"])
        side = Side(int(record["side"]))
        for place, trade in enumerate(made):
            ladder.take(trade[1] if side is Side.BUY else trade[0], trade[3])
            self._record(trade)
            self.observe(time, inside=place + 1 < len(made) or leaves > 0)
        if leaves:
            ladder.rest(int(record["order_id"]), side=side, price=int(record["price"]), quantity=leaves)
            self._state_after(time)

    def _uncross(self, record: np.void, made: list[Trade]) -> None:
        for trade in made:
            self._told.ladder.take(trade[0], trade[3])
            self._told.ladder.take(trade[1], trade[3])
            self._record(trade)
        time = int(record["time"])
        self._result.auctions.append(Auction(time, int(record["price"]), int(record["order_id"]), len(made)))
        self.observe(time)

    def _record(self, trade: Trade) -> None:
        numbers = self._told.numbers
        self._told.made.append((numbers[trade[0]], numbers[trade[1]], trade[2], trade[3]))

    def _state_after(self, time: int) -> None:
        """While an auction collects, the trial that follows shows the state."""
        if self._told.phase != Phase.COLLECT:
            self.observe(time)

    def check_depth(self, bids: Depth, asks: Depth) -> None:
        """The ladder read from events is the engine's book, or the comparison means nothing."""
        shown = tuple(tuple(zip(side.price.tolist(), side.quantity.tolist(), strict=True)) for side in (bids, asks))
        self._result.depth.add(shown == self._told.ladder.top(ALL_LEVELS), "the events' ladder is not the engine's")
