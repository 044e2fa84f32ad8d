"""What travels on `/stream/v1/replay`, both ways: JSON text frames (docs/concepts/replay.md §6 has every field).

    → {"op":"auth","token":…}                                          ← {"op":"authenticated",…}
    → {"op":"sources"}                                                 ← {"op":"sources","sources":[…]}
    → {"op":"open","source":"journal/2026-08-21","codes":["2330"]}     ← {"op":"opened",…}, {"op":"state",…}
    → {"op":"play","speed":"10"}                                       ← {"op":"update",…} … until paused or at the end
    → {"op":"pause"} | {"op":"seek",…} | {"op":"step","count":-1}      ← {"op":"state",…}
    → {"op":"span",…} | {"op":"queue",…} | {"op":"link"}               ← the answer
    → {"op":"bars","code":"2330","seconds":15}                         ← {"op":"bars",…}, all of the source
    → {"op":"close"}                                                   ← {"op":"closed"}

Prices are decimal text, "" none (a market order's, or no trade yet); times are the market's local time with nine decimals;
an order's number is a number.
"""

import sys
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

import msgspec

from yunhai.kernel.clock import DAY, SECOND, date_of, market_time, parse_date, parse_time, time_of_day
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.money import SCALE, price_text
from yunhai.kernel.records import Phase, Side
from yunhai.market.replay.bars import Bars
from yunhai.market.replay.book import QueueBook
from yunhai.market.replay.errors import MESSAGE_UNFIT
from yunhai.market.replay.own import OwnOrder
from yunhai.market.replay.replay import TapeTrade
from yunhai.market.replay.source import Source
from yunhai.market.replay.span import Attainable, Range, Span


class Auth(msgspec.Struct, frozen=True, tag_field="op", tag="auth", forbid_unknown_fields=True):
    """First, and again before the token ends."""

    token: str


class Sources(msgspec.Struct, frozen=True, tag_field="op", tag="sources", forbid_unknown_fields=True):
    """Which sources there are for the asker."""


class Open(msgspec.Struct, frozen=True, tag_field="op", tag="open", forbid_unknown_fields=True):
    """A source and securities, or a permalink. `account`: whose orders of the running day are shown as one's own; `orders`: numbers
    to be shown so besides. `order`: one's own order, after whose entry it opens; of the running day its security is shown up
    to its last trade, else its entry, whatever else is withheld."""

    source: str = ""
    codes: tuple[str, ...] = ()
    link: str = ""
    levels: int = 10
    account: int = 0
    order: int = 0
    orders: tuple[int, ...] = ()


class Play(msgspec.Struct, frozen=True, tag_field="op", tag="play", forbid_unknown_fields=True):
    """`speed` 0.1 … 1000; silences longer than `idle_s` seconds of market time are cut to that, 0: none is."""

    speed: str = "1"
    idle_s: int = 0


class Pause(msgspec.Struct, frozen=True, tag_field="op", tag="pause", forbid_unknown_fields=True):
    """Stop where it is."""


class Seek(msgspec.Struct, frozen=True, tag_field="op", tag="seek", forbid_unknown_fields=True):
    """To a position, to a time ("10:15:00.250", with a date before it if it is not the source's day), or to an order."""

    position: int | None = None
    time: str | None = None
    order: int | None = None


class Step(msgspec.Struct, frozen=True, tag_field="op", tag="step", forbid_unknown_fields=True):
    """So many events of the chosen securities on, or back."""

    count: int = 1


class Speed(msgspec.Struct, frozen=True, tag_field="op", tag="speed", forbid_unknown_fields=True):
    """Another speed, from here on."""

    speed: str


class Queue(msgspec.Struct, frozen=True, tag_field="op", tag="queue", forbid_unknown_fields=True):
    """The orders at one price; `price` as text, "" the market orders."""

    code: str
    side: str
    price: str


class AskSpan(msgspec.Struct, frozen=True, tag_field="op", tag="span", forbid_unknown_fields=True):
    """Between two positions; with `order` what was attainable for it, from its entry to `last` (0: the present position)."""

    code: str = ""
    first: int = 0
    last: int = 0
    order: int = 0


class AskBars(msgspec.Struct, frozen=True, tag_field="op", tag="bars", forbid_unknown_fields=True):
    """All prices of a security, as bars of so many seconds."""

    code: str
    seconds: int = 60


class Link(msgspec.Struct, frozen=True, tag_field="op", tag="link", forbid_unknown_fields=True):
    """A permalink to the present position."""

    view: str = ""


class Close(msgspec.Struct, frozen=True, tag_field="op", tag="close", forbid_unknown_fields=True):
    """The replay is over; the connection stays."""


Said = Auth | Sources | Open | Play | Pause | Seek | Step | Speed | Queue | AskSpan | AskBars | Link | Close
_DECODER: Final = msgspec.json.Decoder(Said)
ENCODER: Final = msgspec.json.Encoder()


def read_message(text: str | bytes) -> Said:
    """A client's message. MESSAGE_UNFIT."""
    try:
        said: Said = _DECODER.decode(text)
    except (msgspec.DecodeError, UnicodeError) as problem:
        raise unfit(str(problem), "內容不合格式") from None
    return said


def unfit(reason: str, reason_zh: str) -> YunhaiError:
    return YunhaiError(MESSAGE_UNFIT, reason=reason, reason_zh=reason_zh)


def moment_text(moment: int, offset: int) -> str:
    """Market ns as the market's local time, `2026-08-21T09:00:00.000000000`."""
    seconds, fraction = divmod(int(time_of_day(moment, offset=offset)), SECOND)
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{fraction:09d}"
    return f"{date_of(moment, offset=offset)}T{clock}"


def moment_of(text: str, source: Source) -> int:
    """The market ns of such a text. Without a date it is of the source's day, or, where that began on an earlier date (a night
    session), of the date on which something had happened the shortest time before. MESSAGE_UNFIT."""
    date_text, _, clock = text.rpartition("T")
    whole, _, fraction = clock.partition(".")
    try:
        days = [parse_date(date_text)] if date_text else _dates(source)
        at = int(parse_time(whole))
    except YunhaiError:
        raise unfit(f"no time: {text[:40]!r}", f"時間有誤：{text[:40]!r}") from None
    if fraction and not (fraction.isascii() and fraction.isdigit() and len(fraction) <= 9 and whole.count(":") == 2):
        raise unfit(f"no time: {text[:40]!r}", f"時間有誤：{text[:40]!r}")
    at += int((fraction or "0").ljust(9, "0"))
    assert at < DAY
    return min((int(market_time(day, at, offset=source.offset)) for day in days), key=partial(_silent, source))


def _dates(source: Source) -> list[date]:
    """The source's day, and those before it on which it had begun."""
    days = [source.day]
    while len(source) and days[-1] > date_of(source.time_of(0), offset=source.offset):
        days.append(days[-1] - timedelta(days=1))
    return days


def _silent(source: Source, moment: int) -> int:
    """How long before a moment something had happened, ns."""
    position = source.position_at(moment)
    return moment - source.time_of(position) if position else sys.maxsize


def price(figure: int) -> str:
    """A price as text, "" for none; an index future's spread may be below 0."""
    return price_text(figure) if figure else ""


def _side(side: int) -> str:
    return Side(side).name.lower() if side else ""


def book_told(name: str, book: QueueBook, levels: int, *, has_book: bool) -> dict[str, Any]:
    """One security at a position."""
    told: dict[str, Any] = {
        "code": name,
        "phase": Phase(book.phase).name.lower(),
        "last": price(book.last),
        "open": price(book.opening),
        "high": price(book.high),
        "low": price(book.low),
        "volume": book.volume,
        "value": price(book.value),
        "trades": book.trades,
    }
    if has_book:
        trial = book.trial
        told |= {
            "bids": [(price(one.price), one.quantity, one.orders) for one in book.levels(Side.BUY, levels)],
            "asks": [(price(one.price), one.quantity, one.orders) for one in book.levels(Side.SELL, levels)],
            "trial": {"price": price(trial[0]), "quantity": trial[1]}
            if book.phase in (Phase.COLLECT, Phase.HALTED)
            else None,
            "in_hand": book.in_hand,
        }
    return told


def trade_told(trade: TapeTrade, offset: int) -> dict[str, Any]:
    """One trade."""
    return {
        "position": trade.position,
        "time": moment_text(trade.time, offset),
        "code": trade.name,
        "price": price_text(trade.price),
        "quantity": trade.quantity,
        "buyer": trade.buyer,
        "seller": trade.seller,
        "auction": trade.auction,
        "taker": _side(trade.taker),
    }


def own_told(own: OwnOrder, offset: int) -> dict[str, Any]:
    """One of one's own orders."""
    place = own.place
    return {
        "order": own.order,
        "code": own.name,
        "side": _side(own.side),
        "price": price(own.price),
        "quantity": own.quantity,
        "filled": own.filled,
        "removed": own.removed,
        "average": price(own.value // own.filled) if own.filled else "",
        "state": own.state,
        "entered": moment_text(own.entered_ns, offset),
        "position": own.entered + 1,
        "ahead": place.ahead if place else None,
        "orders_ahead": place.ahead_orders if place else None,
        "behind": place.behind if place else None,
        "better": place.better if place else None,
    }


def _range(found: Range | None) -> dict[str, str] | None:
    return None if found is None else {"best": price(found.best), "worst": price(found.worst)}


def span_told(found: Span, offset: int) -> dict[str, Any]:
    """A span."""
    return {
        "op": "span",
        "code": found.name,
        "first": found.first,
        "last": found.last,
        "begins": moment_text(found.begins, offset),
        "ends": moment_text(found.ends, offset),
        "bid": _range(found.bid),
        "ask": _range(found.ask),
        "open": price(found.opening),
        "high": price(found.high),
        "low": price(found.low),
        "close": price(found.closing),
        "trades": found.trades,
        "volume": found.volume,
        "value": price(found.value),
        "vwap": price(found.average),
    }


def bars_told(found: Bars) -> dict[str, Any]:
    """Bars as columns; prices in 1/10,000, since they are drawn."""
    columns = ("time", "opening", "high", "low", "closing", "volume", "position")
    return {
        "op": "bars",
        "code": found.name,
        "seconds": found.seconds,
        "scale": SCALE,
        **{name: getattr(found, name).tolist() for name in columns},
    }


def attainable_told(found: Attainable, offset: int) -> dict[str, Any]:
    """What was to be had for an order."""
    shares, average = found.at_once
    return {
        "op": "attainable",
        "order": own_told(found.order, offset),
        "at_once": {"quantity": shares, "average": price(average)},
        "quote": price(found.quote),
        "trade": price(found.trade),
        "vwap": price(found.average),
        "inside": found.inside,
        "got": price(found.got),
        "better_by": price(found.better_by),
    }
