"""What happened to one order 最佳執行, of a replay: when it came, its place in the queue, its trades, and what was to be had.

Pure: a replay that shows the order is given, and how far it may be seen is decided by whoever opened it. "While it was in the
market" is from the order's entry to its end, or to the last position shown if it has none yet. Prices are 1/10,000 NT$.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from yunhai.kernel.limits import REPLAY_TAPE_MAX
from yunhai.kernel.records import Side
from yunhai.market.replay.book import Place
from yunhai.market.replay.link import Permalink, link_of
from yunhai.market.replay.own import OwnOrder, concerning, own_orders
from yunhai.market.replay.replay import Replay, TapeTrade
from yunhai.market.replay.span import Attainable, attainable

LEVELS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """A trade of the order. `took`: it came to an order that waited; in an auction nobody did. `position` just after it."""

    position: int
    time: int
    price: int
    quantity: int
    auction: bool
    took: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """An order and its market.

    `own` as of the end; `place` in the queue where it first rested, None if it never did; `deals` oldest first, at most
    REPLAY_TAPE_MAX; `until`: the position up to which it was looked at, at market time `until_ns`; `ended`: nothing of the order is
    left in the market; `bids`, `asks`: (price, shares, orders) as they stood when it came; `link` to the moment just after
    its entry."""

    own: OwnOrder
    place: Place | None
    deals: tuple[Deal, ...]
    attained: Attainable
    until: int
    until_ns: int
    ended: bool
    bids: tuple[tuple[int, int, int], ...]
    asks: tuple[tuple[int, int, int], ...]
    link: Permalink


def execution(replay: Replay, order: int) -> Execution:
    """The order's life in the one chosen security of `replay`. ORDER_UNKNOWN, NO_BOOK."""
    source = replay.source
    entry = source.entry_of(order, replay.books)
    (last,) = own_orders(replay, {order}, replay.end)
    ended = last.state in ("filled", "gone")
    until = last.changed + 1 if ended else replay.end
    trades = replay.trades_of(concerning(source, replay.places, {order}))
    bids, asks = _stood(replay, last.name, entry)
    replay.seek(entry + 1)
    link = link_of(replay)
    replay.seek(_rested(entry, int(source.events["filled"][entry]), trades))
    (first,) = own_orders(replay, {order})
    return Execution(
        own=last,
        place=first.place,
        deals=tuple(_deal(one, last.side) for one in trades[:REPLAY_TAPE_MAX]),
        attained=attainable(replay, order, until),
        until=until,
        until_ns=source.time_of(until),
        ended=ended,
        bids=bids,
        asks=asks,
        link=link,
    )


def _stood(replay: Replay, name: str, entry: int) -> tuple[tuple[tuple[int, int, int], ...], ...]:
    replay.seek(entry)
    return replay.depth(name, LEVELS)


def _rested(entry: int, promised: int, trades: tuple[TapeTrade, ...]) -> int:
    """The first position at which what was left of the order could rest: after the last trade of its arrival."""
    done = np.cumsum([one.quantity for one in trades]) if trades else np.zeros(0, np.int64)
    count = int(np.searchsorted(done, promised, "left")) if promised else -1
    return trades[min(count, len(trades) - 1)].position if promised and trades else entry + 1


def _deal(trade: TapeTrade, side: int) -> Deal:
    return Deal(
        position=trade.position,
        time=trade.time,
        price=trade.price,
        quantity=trade.quantity,
        auction=trade.auction,
        took=not trade.auction and trade.taker == (1 if side == Side.BUY else 2),
    )
