"""One call auction 集合競價 from a file: its orders in, its price and pairs out.

The file is a JSON object: `security`, `date`, `prev_close`, `tick`, `events` (each `action` new or cancel, `order_no`,
`side` B or S, `price`, `qty`; in order of arrival) and, if the outcome is known, `expected` (`price`, `volume`,
`trades` with `bid`, `ask`, `qty`). An event's price null is a market order, where the pack takes them. The orders alone
go to the engine; `expected` is only compared with.
"""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from yunhai.apps.l3 import errors as _errors
from yunhai.apps.l3.book import book_config
from yunhai.apps.l3.compare import Score, compare_trades
from yunhai.exchange.books import BookConfig, Engine
from yunhai.exchange.rules.pack import RulePack
from yunhai.exchange.rules.prices import tick
from yunhai.exchange.rules.words import SecurityKind
from yunhai.kernel.errors import YunhaiError, entry_of
from yunhai.kernel.money import PRICE_MAX, QUANTITY_MAX, price_text
from yunhai.kernel.records import RECORD, TRADE, VERSION, Kind, OrderType, Phase, Side, State

assert _errors is not None

BYTES_MAX: Final = 256_000_000
EVENTS_MAX: Final = 1_000_000
SCALE: Final = 10_000
Pair = tuple[int, int, int, int]
"""(buy order, sell order, price in 1/10,000, shares)."""


class _Event(msgspec.Struct, frozen=True):
    action: Literal["new", "cancel"]
    order_no: int
    side: Literal["B", "S"]
    price: Decimal | None
    qty: Decimal


class _Trade(msgspec.Struct, frozen=True):
    bid: int
    ask: int
    qty: Decimal


class _Expected(msgspec.Struct, frozen=True):
    price: Decimal
    volume: Decimal
    trades: list[_Trade] | None = None


class _Document(msgspec.Struct, frozen=True):
    security: str
    prev_close: Decimal
    events: list[msgspec.Raw]
    date: str = ""
    tick: Decimal | None = None
    expected: _Expected | None = None


@dataclass(frozen=True, slots=True)
class AuctionOrder:
    """A new order, or with `cancel` the withdrawal of one. Price 1/10,000, 0 = market."""

    number: int
    cancel: bool
    side: Side
    price: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """An auction's price (1/10,000; 0 = none), volume and pairs in order; without pairs where none were given."""

    price: int
    volume: int
    pairs: tuple[Pair, ...] | None


@dataclass(frozen=True, slots=True)
class AuctionFile:
    path: str
    security: str
    date: str
    previous_close: int
    tick: int | None
    orders: tuple[AuctionOrder, ...]
    expected: Outcome | None


def read_auction(path: Path) -> AuctionFile:
    """Read and check a whole file. YunhaiError 4105, 4111, 4112 (with the event's number, from 1)."""
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise YunhaiError(4111, path=path.name, reason=problem.strerror or type(problem).__name__) from problem
    if len(data) > BYTES_MAX:
        raise YunhaiError(4105, path=path.name, limit=f"{BYTES_MAX} bytes")
    try:
        document = msgspec.json.decode(data, type=_Document)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        raise YunhaiError(4111, path=path.name, reason=str(problem)) from problem
    if len(document.events) > EVENTS_MAX:
        raise YunhaiError(4105, path=path.name, limit=f"{EVENTS_MAX} events")
    return AuctionFile(
        path=path.name,
        security=document.security,
        date=document.date,
        previous_close=_figure(path, "prev_close", document.prev_close),
        tick=None if document.tick is None else _figure(path, "tick", document.tick),
        orders=tuple(_order(path, row, raw) for row, raw in enumerate(document.events, start=1)),
        expected=None if document.expected is None else _expected(path, document.expected),
    )


def _scaled(value: Decimal, scale: int, most: int) -> int | None:
    """The value as a whole number above 0 of 1/scale, None if it is not one."""
    if not value.is_finite() or not -20 < value.adjusted() < 20:
        return None
    numerator, denominator = value.as_integer_ratio()
    whole, rest = divmod(numerator * scale, denominator)
    return whole if rest == 0 and 0 < whole <= most else None


def _figure(path: Path, name: str, value: Decimal) -> int:
    price = _scaled(value, SCALE, PRICE_MAX)
    if price is None:
        raise YunhaiError(4111, path=path.name, reason=f"{name} {value} is not a price")
    return price


def _order(path: Path, row: int, raw: msgspec.Raw) -> AuctionOrder:
    try:
        event = msgspec.json.decode(raw, type=_Event)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        raise YunhaiError(4112, path=path.name, row=row, reason=str(problem)) from problem
    price = 0 if event.price is None else _scaled(event.price, SCALE, PRICE_MAX)
    quantity = _scaled(event.qty, 1, QUANTITY_MAX)
    if price is None:
        raise YunhaiError(4112, path=path.name, row=row, reason=f"price {event.price} is not a price")
    if quantity is None:
        raise YunhaiError(4112, path=path.name, row=row, reason=f"qty {event.qty} is not a number of shares")
    side = Side.BUY if event.side == "B" else Side.SELL
    return AuctionOrder(event.order_no, event.action == "cancel", side, price, quantity)


def _expected(path: Path, expected: _Expected) -> Outcome:
    price = _figure(path, "expected price", expected.price)
    pairs = None
    if expected.trades is not None:
        pairs = tuple((trade.bid, trade.ask, price, _shares(path, trade.qty)) for trade in expected.trades)
    return Outcome(price, _shares(path, expected.volume), pairs)


def _shares(path: Path, value: Decimal) -> int:
    shares = _scaled(value, 1, 2**63 - 1)
    if shares is None:
        raise YunhaiError(4111, path=path.name, reason=f"expected: {value} is not a number of shares")
    return shares


def auction_config(file: AuctionFile, pack: RulePack) -> BookConfig:
    """The book that the file's auction needs. YunhaiError 4113 if the pack's tick is another than the file's."""
    theirs, ours = file.tick, tick(pack, SecurityKind.STOCK, file.previous_close)
    if theirs not in (None, ours):
        reason = f"tick {price_text(theirs or 0)} in the file, {price_text(ours)} in the pack"
        raise YunhaiError(4113, path=file.path, pack=pack.id, reason=reason)
    return book_config(pack, reference=file.previous_close)


def uncross(file: AuctionFile, config: BookConfig, engine: Engine) -> Outcome:
    """Give an empty engine the file's orders and uncross. YunhaiError 4112 if it refuses one."""
    book = engine.add_book(config)
    ids: dict[int, int] = {}
    commands = np.zeros(len(file.orders) + 2, RECORD)
    commands["version"], commands["book"] = VERSION, book
    commands[0]["kind"], commands[0]["side"] = Kind.PHASE, Phase.COLLECT
    commands[-1]["kind"] = Kind.UNCROSS
    for command, order in zip(commands[1:-1], file.orders, strict=True):
        command["kind"] = Kind.CANCEL if order.cancel else Kind.NEW
        command["order_id"] = ids.setdefault(order.number, len(ids) + 1)
        if not order.cancel:
            command["side"], command["price"], command["quantity"] = order.side, order.price, order.quantity
            command["order_type"] = OrderType.LIMIT if order.price else OrderType.MARKET
    numbers = [0, *ids]
    events = _process(engine, commands)
    records = events[events["kind"] < Kind.TRADE]
    for row in np.flatnonzero(records["state"] == State.REFUSED).tolist():
        code = int(records[row]["code"])
        raise YunhaiError(4112, path=file.path, row=row, reason=f"refused {code} {entry_of(code).name}")
    trades = events[events["kind"] == Kind.TRADE].view(TRADE)
    fields = (trades[name].tolist() for name in ("buy_id", "sell_id", "price", "quantity"))
    pairs = tuple((numbers[buy], numbers[sell], price, size) for buy, sell, price, size in zip(*fields, strict=True))
    return Outcome(int(records[-1]["price"]), int(records[-1]["order_id"]), pairs)


def _process(engine: Engine, commands: NDArray[np.void]) -> NDArray[np.void]:
    parts = []
    done = 0
    while done < len(commands):
        events, consumed = engine.process(commands[done:])
        parts.append(events.copy())
        done += consumed
    return np.concatenate(parts)


def compare_outcome(expected: Outcome, made: Outcome) -> Score:
    """Price, volume and every pair."""
    score = Score() if expected.pairs is None else compare_trades(list(expected.pairs), list(made.pairs or ()))
    theirs, ours = (expected.price, expected.volume), (made.price, made.volume)
    score.add(theirs == ours, f"price and volume: expected {theirs}, engine {ours}")
    return score
