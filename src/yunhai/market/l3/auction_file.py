"""One call auction 集合競價 from a file: its orders in, its price and pairs out.

The file is a JSON object: `security`, `date`, `prev_close`, `tick`, `events` (each `action` new or cancel, `order_no`,
`side` B or S, `price`, `qty`; in order of arrival) and, if the outcome is known, `expected` (`price`, `volume`,
`trades` with `bid`, `ask`, `qty`). An event's price null is a market order, where the pack takes them. The orders alone
go to the engine; `expected` is only compared with. A `date` must be one on which the pack is in force; without one nobody
can tell, and the answer says so. A cancel names the whole order it takes back.
"""

import json
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from yunhai.exchange.books import BookConfig, Engine
from yunhai.exchange.rules.pack import RulePack
from yunhai.exchange.rules.prices import tick
from yunhai.exchange.rules.words import SecurityKind
from yunhai.kernel.clock import parse_date
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import AUCTION_BYTES_MAX, AUCTION_EVENTS_MAX
from yunhai.kernel.money import MONEY_MAX, PRICE_MAX, QUANTITY_MAX, SCALE, price_text
from yunhai.kernel.records import RECORD, TRADE, VERSION, Kind, OrderType, Phase, Side, State
from yunhai.market.l3.book import book_config
from yunhai.market.l3.compare import Score, compare_trades
from yunhai.market.l3.errors import refusal

Pair = tuple[int, int, int, int]
"""(buy order, sell order, price in 1/10,000, shares)."""
_SECURITY: Final = re.compile(r"[0-9A-Za-z]{1,12}(\.[A-Za-z]{1,8})?")
T = TypeVar("T")
_OTHER_SIDE: Final = "a cancel of the other side"
_KINDS: Final = {"str": "text", "int": "whole-number", "array": "list", "decimal": "number", "null": "nothing"}
Figure = int | Decimal
"""A JSON number, exactly as it is written; text is no number."""


class _Event(msgspec.Struct, frozen=True):
    action: Literal["new", "cancel"]
    order_no: int
    side: Literal["B", "S"]
    price: Figure | None
    qty: Figure


class _Trade(msgspec.Struct, frozen=True):
    bid: int
    ask: int
    qty: Figure


class _Expected(msgspec.Struct, frozen=True):
    price: Figure
    volume: Figure
    trades: list[_Trade] | None = None


class _Document(msgspec.Struct, frozen=True):
    security: str
    prev_close: Figure
    events: list[Any]
    date: str = ""
    tick: Figure | None = None
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
    date: date | None
    previous_close: int
    tick: int | None
    orders: tuple[AuctionOrder, ...]
    expected: Outcome | None


def read_auction(path: Path) -> AuctionFile:
    """Read and check a whole file. YunhaiError 4105, 4111, 4112 (with the event's number, from 1)."""
    try:
        with path.open("rb") as file:
            data = file.read(AUCTION_BYTES_MAX + 1)
    except OSError as problem:
        reason = f"cannot be read: {problem.strerror or type(problem).__name__}"
        raise refusal(4111, path=path.name, reason=reason) from problem
    if len(data) > AUCTION_BYTES_MAX:
        raise YunhaiError(
            4105, path=path.name, limit=f"{AUCTION_BYTES_MAX} bytes", limit_zh=f"{AUCTION_BYTES_MAX} 位元組"
        )
    try:
        document = _shaped(_parsed(data), _Document)
    except ValueError as problem:
        raise refusal(4111, path=path.name, reason=str(problem)) from problem
    if len(document.events) > AUCTION_EVENTS_MAX:
        raise YunhaiError(
            4105, path=path.name, limit=f"{AUCTION_EVENTS_MAX} events", limit_zh=f"{AUCTION_EVENTS_MAX} 筆"
        )
    if not _SECURITY.fullmatch(document.security):
        raise refusal(4111, path=path.name, reason=f"{document.security[:40]!r} is not a security's code")
    return AuctionFile(
        path=path.name,
        security=document.security,
        date=_day(path, document.date),
        previous_close=_figure(path, "prev_close", document.prev_close),
        tick=None if document.tick is None else _figure(path, "tick", document.tick),
        orders=_orders(path, document.events),
        expected=None if document.expected is None else _expected(path, document.expected),
    )


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice[:40]!a} stands twice in one object")
    return made


def _constant(text: str) -> object:
    raise ValueError(f"not JSON: {text}")


def _parsed(data: bytes) -> object:
    """The JSON of a file, numbers exact; a byte order mark before it does not matter. ValueError with the reason."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise ValueError(f"not UTF-8 at byte {problem.start}") from problem
    try:
        return json.loads(text, object_pairs_hook=_object, parse_float=Decimal, parse_constant=_constant)
    except json.JSONDecodeError as problem:
        raise ValueError(f"not JSON: line {problem.lineno} column {problem.colno}: {problem.msg}") from problem
    except RecursionError as problem:
        raise ValueError("not JSON: nested too deep") from problem


def _shaped(value: object, kind: type[T]) -> T:
    """The value as that struct. ValueError saying which field is wrong."""
    try:
        return msgspec.convert(value, kind, builtin_types=(Decimal,))
    except UnicodeEncodeError as problem:
        raise ValueError("a text holds half a letter") from problem
    except msgspec.ValidationError as problem:
        raise ValueError(_told(str(problem))) from problem


def _told(text: str) -> str:
    """A shape's refusal in words of the file."""
    said, _, place = text.partition(" - at `$")
    field = place.strip("`.") or "it"
    if missing := re.fullmatch(r"Object missing required field `(.+)`", said):
        return f"the field {missing[1]} is missing"
    if wanted := re.fullmatch(r"Expected `(.+)`, got `(.+)`", said):
        asked = re.sub(r"(int \| )?decimal", "number", wanted[1].removesuffix(" | null"))
        kinds = (_KINDS.get(part, part) for part in (asked, wanted[2]))
        return "{}: {} is wanted, not {}".format(field, *kinds)
    if unknown := re.fullmatch(r"Invalid enum value (.+)", said):
        return f"{field}: unknown word {unknown[1][:40]}"
    return f"a field is wrong: {text}"


def _day(path: Path, text: str) -> date | None:
    """The file's day; None if it states none."""
    if not text:
        return None
    try:
        return parse_date(text)
    except YunhaiError:
        raise refusal(4111, path=path.name, reason=f"date {text[:40]!r} is not a date") from None


def _orders(path: Path, events: list[Any]) -> tuple[AuctionOrder, ...]:
    orders: list[AuctionOrder] = []
    entered: dict[int, AuctionOrder] = {}
    for row, event in enumerate(events, start=1):
        order = _order(path, row, event)
        own = entered.setdefault(order.number, order)
        if order.cancel and not own.cancel and (order.side, order.quantity) != (own.side, own.quantity):
            reason = f"a cancel of {order.quantity}, but the order is of {own.quantity}"
            raise refusal(4112, path=path.name, row=row, reason=reason if order.side is own.side else _OTHER_SIDE)
        orders.append(order)
    return tuple(orders)


def _scaled(figure: Figure, scale: int, most: int) -> int | None:
    """The value as a whole number above 0 of 1/scale, None if it is not one."""
    value = Decimal(figure)
    if not value.is_finite() or not -20 < value.adjusted() < 20:
        return None
    numerator, denominator = value.as_integer_ratio()
    whole, rest = divmod(numerator * scale, denominator)
    return whole if rest == 0 and 0 < whole <= most else None


def _shown(figure: Figure | None) -> str:
    return str(figure)[:40]


def _figure(path: Path, name: str, value: Figure) -> int:
    price = _scaled(value, SCALE, PRICE_MAX)
    if price is None:
        raise refusal(4111, path=path.name, reason=f"{name} {_shown(value)} is not a price")
    return price


def _order(path: Path, row: int, value: object) -> AuctionOrder:
    try:
        event = _shaped(value, _Event)
    except ValueError as problem:
        raise refusal(4112, path=path.name, row=row, reason=str(problem)) from problem
    if not 0 < event.order_no <= MONEY_MAX:
        reason = f"order_no {_shown(event.order_no)} is outside 1..{MONEY_MAX}"
        raise refusal(4112, path=path.name, row=row, reason=reason)
    price = 0 if event.price is None else _scaled(event.price, SCALE, PRICE_MAX)
    quantity = _scaled(event.qty, 1, QUANTITY_MAX)
    if price is None:
        raise refusal(4112, path=path.name, row=row, reason=f"price {_shown(event.price)} is not a price")
    if quantity is None:
        raise refusal(4112, path=path.name, row=row, reason=f"qty {_shown(event.qty)} is not a number of shares")
    side = Side.BUY if event.side == "B" else Side.SELL
    return AuctionOrder(event.order_no, event.action == "cancel", side, price, quantity)


def _expected(path: Path, expected: _Expected) -> Outcome:
    price = _figure(path, "expected price", expected.price)
    pairs = None
    if expected.trades is not None:
        pairs = tuple((trade.bid, trade.ask, price, _shares(path, trade.qty)) for trade in expected.trades)
    return Outcome(price, _shares(path, expected.volume), pairs)


def _shares(path: Path, value: Figure) -> int:
    shares = _scaled(value, 1, MONEY_MAX)
    if shares is None:
        raise refusal(4111, path=path.name, reason=f"expected: {_shown(value)} is not a number of shares")
    return shares


def auction_config(file: AuctionFile, pack: RulePack) -> BookConfig:
    """The book that the file's auction needs.

    YunhaiError 2011 if the pack is not in force on the file's date, 4113 if its tick is another than the file's.
    """
    if file.date is not None:
        pack.require_in_force(file.date)
    theirs, ours = file.tick, tick(pack, SecurityKind.STOCK, file.previous_close)
    if theirs not in (None, ours):
        reason = f"tick {price_text(theirs or 0)} in the file, {price_text(ours)} in the pack"
        raise refusal(4113, path=file.path, pack=pack.id, reason=reason)
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
        why = YunhaiError(int(records[row]["code"]))
        reason = f"refused {why.code} {why.entry.name}: {why.text('en')}"
        reason_zh = f"不接受 {why.code}：{why.text('zh')}"
        raise YunhaiError(4112, path=file.path, row=row, reason=reason, reason_zh=reason_zh)
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
    wanted, found = (f"{price_text(price)} × {volume}" for price, volume in (theirs, ours))
    score.add(theirs == ours, f"price and volume: expected {wanted}, engine {found}")
    return score
