"""Books seen through a window of levels: a message file and the book after each message (LOBSTER's two files).

Each message names an order (new, cut, deleted, executed); the other file shows the best levels after it. Only what
lies inside the window is published. So three things are given: the book before the first message, levels as they come
into the window from below, and the messages, an execution only as an arriving order of its price and size. The engine
says which resting order it meets. After every message both sides must be equal.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Final

import numpy as np

from yunhai.exchange.rules.pack import RulePack
from yunhai.kernel.clock import DAY, SECOND
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.ids import Sequence
from yunhai.kernel.limits import FEED_ROWS_MAX
from yunhai.kernel.money import PRICE_MAX, QUANTITY_MAX, price_text
from yunhai.kernel.records import RECORD, TRADE, VERSION, Kind, OrderType, Phase, Side, State, TimeInForce
from yunhai.market.l3.book import book_config
from yunhai.market.l3.compare import Score
from yunhai.market.l3.errors import refusal
from yunhai.market.l3.feed import Levels, lines_of
from yunhai.market.l3.replay import MakeEngine, why

_TIME: Final = re.compile(r"([0-9]{1,5})(?:\.([0-9]{1,9}))?")
_WHOLE: Final = re.compile(r"-?[0-9]{1,18}")
MESSAGE_FIELDS: Final = 6


class Event(IntEnum):
    """What a message says. A hidden execution concerns an order that is in no published book."""

    NEW = 1
    CUT = 2
    DELETE = 3
    EXECUTE = 4
    HIDDEN = 5


@dataclass(frozen=True, slots=True)
class Message:
    """`side` is the resting order's; price 1/10,000; time ns after midnight."""

    time: int
    event: Event
    number: int
    size: int
    price: int
    side: Side


Window = dict[Side, Levels]


@dataclass(frozen=True, slots=True)
class WindowFeed:
    name: str
    messages: tuple[Message, ...]
    windows: tuple[Window, ...]
    """The book after each message."""


def read_window_feed(messages: Path, books: Path) -> WindowFeed:
    """Read and check both files. YunhaiError 4101, 4102, 4104, 4105."""
    for path in (messages, books):
        if not path.is_file():
            raise refusal(4101, path=str(path), reason="not a file")
    told = tuple(_messages(messages))
    shown = tuple(_windows(books))
    if len(told) != len(shown) or not told:
        reason = f"{len(told)} messages but {len(shown)} books"
        raise refusal(4104, path=books.name, row=min(len(told), len(shown)) + 1, reason=reason)
    return WindowFeed(messages.name, told, shown)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        for number, fields in enumerate(csv.reader(lines_of(path)), start=1):
            if number > FEED_ROWS_MAX:
                raise YunhaiError(4105, path=path.name, limit=f"{FEED_ROWS_MAX} rows", limit_zh=f"{FEED_ROWS_MAX} 列")
            yield number, fields
    except csv.Error as problem:
        raise refusal(4102, path=path.name, reason=f"not CSV: {problem}") from problem


def _messages(path: Path) -> Iterator[Message]:
    before = 0
    for row, fields in _rows(path):

        def wrong(reason: str, row: int = row) -> YunhaiError:
            return refusal(4104, path=path.name, row=row, reason=reason)

        if len(fields) != MESSAGE_FIELDS:
            raise wrong(f"{len(fields)} fields, not {MESSAGE_FIELDS}")
        stamp = _TIME.fullmatch(fields[0])
        if stamp is None or int(stamp[1]) >= DAY // SECOND:
            raise wrong(f"{fields[0][:40]!r} is not a number of seconds after midnight")
        time = int(stamp[1]) * SECOND + int((stamp[2] or "0").ljust(9, "0"))
        if time < before:
            raise wrong("earlier than the row before")
        before = time
        if not all(_WHOLE.fullmatch(text) for text in fields[1:]):
            raise wrong("a field is not a whole number")
        event, number, size, price, direction = map(int, fields[1:])
        if event not in list(Event) or direction not in (1, -1):
            raise wrong(f"type {event}, direction {direction}: not a message of a continuous book")
        if number < 0 or not 0 < size <= QUANTITY_MAX or not 0 < price <= PRICE_MAX:
            raise wrong(f"order {number}, size {size}, price {price} is out of bounds")
        yield Message(time, Event(event), number, size, price, Side.BUY if direction == 1 else Side.SELL)


def _windows(path: Path) -> Iterator[Window]:
    width = 0
    for row, fields in _rows(path):
        if not all(_WHOLE.fullmatch(text) for text in fields):
            raise refusal(4104, path=path.name, row=row, reason="a field is not a whole number")
        if len(fields) % 4 or not fields or (width and len(fields) != width):
            raise refusal(4104, path=path.name, row=row, reason=f"{len(fields)} fields are no whole levels")
        width = len(fields)
        figures = list(map(int, fields))
        window = {}
        for side, at in ((Side.SELL, 0), (Side.BUY, 2)):
            levels = tuple((figures[n + at], figures[n + at + 1]) for n in range(0, width, 4) if figures[n + at + 1])
            if any(not 0 < price <= PRICE_MAX or not 0 < size <= QUANTITY_MAX for price, size in levels):
                raise refusal(4104, path=path.name, row=row, reason="a level is out of bounds")
            if list(levels) != sorted(levels, reverse=side is Side.BUY):
                raise refusal(4104, path=path.name, row=row, reason="the levels are not in order")
            window[side] = levels
        yield window


@dataclass(slots=True)
class WindowResult:
    """`seeded`, `entered`, `left`: levels given at first, come into the window later, and gone out of it below."""

    name: str
    messages: dict[str, int]
    books: Score = field(default_factory=Score)
    executions: Score = field(default_factory=Score)
    accepted: Score = field(default_factory=Score)
    known: int = 0
    """Executions of an order that a message had brought in, so that its place in the queue is told apart."""
    seeded: int = 0
    entered: int = 0
    left: int = 0
    state_hash: str = ""

    def scores(self) -> dict[str, Score]:
        """Everything that must hold."""
        return {"executions": self.executions, "books": self.books, "accepted_commands": self.accepted}

    @property
    def holds(self) -> bool:
        return all(score.holds for score in self.scores().values())


class WindowReplay:
    """One book in one engine, message by message."""

    def __init__(self, pack: RulePack, feed: WindowFeed, make_engine: MakeEngine) -> None:
        self._feed = feed
        self._levels = max(len(levels) for window in feed.windows for levels in window.values())
        orders = 3 * len(feed.messages) + 4 * self._levels + 16
        self._engine = make_engine(orders)
        self._book = self._engine.add_book(book_config(pack, reference=feed.messages[0].price))
        self._numbers = Sequence(last=orders)
        self._ids: dict[int, int] = {}
        self._seeds: dict[tuple[Side, int], int] = {}
        self._resting: dict[tuple[Side, int], dict[int, int]] = defaultdict(dict)
        kinds = [message.event.name.lower() for message in feed.messages]
        self._result = WindowResult(feed.name, {name: kinds.count(name) for name in sorted(set(kinds))})

    def run(self, progress: Callable[[float], None] | None = None) -> WindowResult:
        """Replay all messages; `progress` hears what part is done."""
        first = self._feed.messages[0]
        self._send(Kind.PHASE, first.time, side=Phase.CONTINUOUS)
        before = _without(self._feed.windows[0], first)
        for side, levels in before.items():
            for price, size in levels:
                self._seed(first.time, side, price, size)
        self._result.seeded = sum(map(len, before.values()))
        for place, (message, window) in enumerate(zip(self._feed.messages, self._feed.windows, strict=True)):
            self._apply(place + 1, message)
            self._compare(place + 1, message.time, window)
            if progress is not None and place % 1000 == 0:
                progress(place / len(self._feed.messages))
        self._result.state_hash = self._engine.state_hash().hex()
        return self._result

    def _send(self, kind: Kind, time: int, **fields: int) -> list[tuple[int, int, int]]:
        """One command; returns its trades as (resting order, price, size)."""
        command = np.zeros(1, RECORD)
        command["version"], command["kind"], command["time"], command["book"] = VERSION, kind, time, self._book
        for name, value in fields.items():
            command[name] = value
        events, _ = self._engine.process(command)
        record = events[0]
        refused = record["state"] == State.REFUSED
        self._result.accepted.add(not refused, f"{kind.name} refused: {why(record)}" if refused else "")
        trades = events[events["kind"] == Kind.TRADE].view(TRADE)
        maker = "sell_id" if fields.get("side") == Side.BUY else "buy_id"
        return [(int(trade[maker]), int(trade["price"]), int(trade["quantity"])) for trade in trades]

    def _enter(
        self, time: int, side: Side, price: int, size: int, in_force: TimeInForce
    ) -> tuple[int, list[tuple[int, int, int]]]:
        order = self._numbers.take()
        fields = {"order_id": order, "side": side, "price": price, "quantity": size}
        return order, self._send(Kind.NEW, time, order_type=OrderType.LIMIT, time_in_force=in_force, **fields)

    def _rest(self, time: int, side: Side, price: int, size: int) -> int:
        order, trades = self._enter(time, side, price, size, TimeInForce.ROD)
        self._result.accepted.add(not trades, f"order {order} should rest, but trades")
        self._resting[side, price][order] = size
        return order

    def _seed(self, time: int, side: Side, price: int, size: int) -> None:
        """One order for a level whose own orders were never published."""
        self._seeds[side, price] = self._rest(time, side, price, size)

    def _take(self, side: Side, price: int, order: int, size: int) -> None:
        """Keep count of what rests where, so that a level can be emptied when it leaves the window."""
        queue = self._resting[side, price]
        left = queue.get(order, 0) - size
        if left > 0:
            queue[order] = left
        else:
            queue.pop(order, None)

    def _named(self, message: Message) -> int:
        """The resting order a message names: its own if it was brought in here, else its level's seed."""
        own = self._ids.get(message.number, 0)
        queue = self._resting[message.side, message.price]
        return own if own in queue else self._seeds.get((message.side, message.price), 0)

    def _apply(self, row: int, message: Message) -> None:
        side, price, size, time = message.side, message.price, message.size, message.time
        if message.event is Event.NEW:
            self._ids[message.number] = self._rest(time, side, price, size)
        elif message.event in (Event.CUT, Event.DELETE):
            order = self._named(message)
            self._send(Kind.CUT, time, order_id=order, quantity=size)
            self._take(side, price, order, size)
        elif message.event is Event.EXECUTE:
            order = self._named(message)
            other = Side.SELL if side is Side.BUY else Side.BUY
            _, trades = self._enter(time, other, price, size, TimeInForce.IOC)
            expected = [(order, price, size)]
            told = f"message {row}: published {_text(expected)}, engine {_text(trades)}"
            self._result.executions.add(trades == expected, told)
            self._result.known += trades == expected and order == self._ids.get(message.number)
            for maker, at, taken in trades:
                self._take(side, at, maker, taken)

    def _compare(self, row: int, time: int, window: Window) -> None:
        """Both sides against the published window, after what left it was taken out and what came in was put in."""
        equal = True
        for side, published in window.items():
            shown = self._side(side)
            if len(published) == self._levels:
                shown = self._leave(time, side, shown, published[-1][0])
            entered = published[len(shown) :]
            if len(published) == self._levels and shown == published[: len(shown)]:
                for price, size in entered:
                    self._seed(time, side, price, size)
                self._result.entered += len(entered)
            equal = equal and self._side(side)[: self._levels] == published
        self._result.books.add(equal, f"after message {row}")

    def _side(self, side: Side) -> Levels:
        depth = self._engine.depth(self._book, self._levels + 1)[0 if side is Side.BUY else 1]
        return tuple(zip(depth.price.tolist(), depth.quantity.tolist(), strict=True))

    def _leave(self, time: int, side: Side, shown: Levels, worst: int) -> Levels:
        """Empty every level below the window: what happens there is not published."""
        inside = tuple(
            (price, size) for price, size in shown if (price >= worst if side is Side.BUY else price <= worst)
        )
        for price, _ in shown[len(inside) :]:
            for order in list(self._resting[side, price]):
                self._send(Kind.CANCEL, time, order_id=order)
            self._resting[side, price].clear()
            self._result.left += 1
        return inside


def _text(trades: list[tuple[int, int, int]]) -> str:
    """Trades for a reader; order numbers are this replay's."""
    return ", ".join(f"order {order} at {price_text(price)} × {size}" for order, price, size in trades) or "none 無"


def _without(window: Window, message: Message) -> Window:
    """The book before the first message, where that message brought an order in."""
    before = dict(window)
    if message.event is Event.NEW:
        sizes = dict(before[message.side])
        sizes[message.price] = sizes.get(message.price, 0) - message.size
        before[message.side] = tuple((price, size) for price, size in sizes.items() if size > 0)
    return before
