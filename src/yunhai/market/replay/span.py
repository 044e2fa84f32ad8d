"""Span analysis 區間分析: the best and worst that a stretch of a replay offered, and what an order could have got.

A span goes from one position to a later one. Quotes count where they stood in continuous trading between two commands, the one
that stood when the span began included; a call auction's crossed book and a book in the middle of one order's trades are nobody's
quotes. All prices are 1/10,000, value in 1/10,000, an average price is rounded down.
"""

from dataclasses import dataclass

import numpy as np

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.records import OrderType, Phase, Side
from yunhai.market.replay.errors import NO_BOOK, SPAN_EMPTY
from yunhai.market.replay.own import OwnOrder, own_orders
from yunhai.market.replay.replay import Replay
from yunhai.market.replay.source import trades_at


@dataclass(frozen=True, slots=True)
class Range:
    """Best and worst, as the one who trades there sees it: the best bid is the highest, the best ask the lowest."""

    best: int
    worst: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What one security did between two positions. None where there was nothing; `average` is value over volume, 0 if none."""

    name: str
    first: int
    last: int
    begins: int
    ends: int
    bid: Range | None
    ask: Range | None
    high: int
    low: int
    opening: int
    closing: int
    trades: int
    volume: int
    value: int
    average: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attainable:
    """What was to be had for one order over a span that begins with its entry.

    `at_once`: its whole quantity against the book as it stood when the order came, within its limit, (shares, average price):
    shares may be fewer, and are none while an auction collects. `facing`: the best price of the other side then, inside its
    limit or not, 0 if none or while an auction collects. `quote`: the best price of the other side in the span; `trade`: the best
    price that anybody of its side got; `average`: of all trades in the span (VWAP). `inside`: shares traded at its limit or
    better while it was in the market, its own among them. `got`: its own average, 0 if nothing; `better_by`: `average`
    against `got` in its favour (positive: it did better than the market's average)."""

    order: OwnOrder
    at_once: tuple[int, int]
    facing: int
    quote: int
    trade: int
    average: int
    inside: int
    got: int
    better_by: int


def span(replay: Replay, name: str, first: int, last: int) -> Span:
    """One chosen security between two positions. SPAN_EMPTY, CODES_UNFIT."""
    if not 0 <= first < last <= replay.end:
        raise YunhaiError(SPAN_EMPTY, first=first, last=last)
    kept, source = replay.kept(name), replay.source
    places = source.trades_of(kept.listing.book)
    start, stop = (int(np.searchsorted(places, position, "left")) for position in (first, last))
    trades = trades_at(source, places[start:stop])
    prices, sizes = trades["price"].tolist(), trades["quantity"].tolist()
    value = sum(price * size for price, size in zip(prices, sizes, strict=True))
    volume = sum(sizes)
    bids, asks = (kept.standing(side, first, last) for side in (Side.BUY, Side.SELL))
    return Span(
        name=name,
        first=first,
        last=last,
        begins=source.time_of(first + 1),
        ends=source.time_of(last),
        bid=Range(best=int(bids.max()), worst=int(bids.min())) if len(bids) else None,
        ask=Range(best=int(asks.min()), worst=int(asks.max())) if len(asks) else None,
        high=max(prices, default=0),
        low=min(prices, default=0),
        opening=prices[0] if prices else 0,
        closing=prices[-1] if prices else 0,
        trades=len(prices),
        volume=volume,
        value=value,
        average=value // volume if volume else 0,
    )


def attainable(replay: Replay, order: int, last: int | None = None) -> Attainable:
    """What was to be had for an order from its entry to `last` (the replay's position). ORDER_UNKNOWN, NO_BOOK, SPAN_EMPTY."""
    source = replay.source
    if not source.has_book:
        raise YunhaiError(NO_BOOK, source=source.id)
    first = source.entry_of(order, replay.books)
    last = replay.position if last is None else last
    (own,) = own_orders(replay, {order}, last) or (None,)
    if own is None or first >= last:
        raise YunhaiError(SPAN_EMPTY, first=first, last=last)
    found = span(replay, own.name, first, last)
    buying = own.side == Side.BUY
    kept = replay.kept(own.name)
    book = kept.at(kept.local(first))
    standing = book.levels(Side.SELL if buying else Side.BUY, 1 << 30) if book.phase == Phase.CONTINUOUS else ()
    priced = [(level.price, level.quantity) for level in standing if level.price]
    limit = _limit(source.events[first])
    shares = cost = 0
    for at, quantity in priced:
        if limit and (at > limit if buying else at < limit):
            break
        taken = min(quantity, own.quantity - shares)
        shares, cost = shares + taken, cost + taken * at
    quote = found.ask if buying else found.bid
    got = own.value // own.filled if own.filled else 0
    return Attainable(
        order=own,
        at_once=(shares, cost // shares if shares else 0),
        facing=priced[0][0] if priced else 0,
        quote=quote.best if quote else 0,
        trade=found.low if buying else found.high,
        average=found.average,
        inside=_inside(replay, own, first, last),
        got=got,
        better_by=((found.average - got) if buying else (got - found.average)) if got else 0,
    )


def _limit(entry: np.void) -> int:
    """The limit that an order came with, whatever it was changed to later; 0 of a market order."""
    return 0 if int(entry["order_type"]) == OrderType.MARKET else int(entry["price"])


def _inside(replay: Replay, own: OwnOrder, first: int, last: int) -> int:
    """Shares traded at the order's limit or better between two positions; of a market order all."""
    places = replay.source.trades_of(replay.source.listing(own.name).book)
    ended = min(last, own.changed + 1) if own.state in ("filled", "gone") else last
    start, stop = (int(np.searchsorted(places, position, "left")) for position in (first, ended))
    trades = trades_at(replay.source, places[start:stop])
    prices, sizes = trades["price"], trades["quantity"].astype(np.int64)
    if not own.price:
        return int(sizes.sum())
    fits = prices <= own.price if own.side == Side.BUY else prices >= own.price
    return int(sizes[fits].sum())
