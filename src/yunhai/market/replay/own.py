"""One's own orders in a replay 自己的委託: a set of order numbers, their states and places in the queue at a position.

Whose an order is no event says; whoever asks gives the numbers (a service that has checked them). An order that the exchange
refused is no event of the market and so is not found here: its Timeline tells.
"""

from collections.abc import Set
from dataclasses import dataclass
from typing import Final

import numpy as np

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import REPLAY_OWN_ORDERS_MAX
from yunhai.kernel.records import TRADE, Kind, OrderType
from yunhai.market.replay.book import Place
from yunhai.market.replay.errors import TOO_MANY_ORDERS
from yunhai.market.replay.events import ORDER_KINDS, chosen
from yunhai.market.replay.replay import Replay
from yunhai.market.replay.source import Places, Source

_ORDER_KINDS: Final = np.array([int(kind) for kind in ORDER_KINDS], np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnOrder:
    """An order at a position. `state`: in-hand (arriving, its trades not all told), resting, filled, gone. `price` 0 = market.
    `entered`, `changed`: places of its first and last event; `value` of its trades, 1/10,000; `place` while it rests."""

    order: int
    name: str
    side: int
    order_type: int
    time_in_force: int
    price: int
    quantity: int
    filled: int
    removed: int
    value: int
    state: str
    entered: int
    entered_ns: int
    changed: int
    place: Place | None


class _Told:
    """What the events say of one order."""

    def __init__(self, record: np.void, place: int) -> None:
        self.record = record
        self.price = 0 if int(record["order_type"]) == OrderType.MARKET else int(record["price"])
        self.removed = int(record["removed"])
        self.promised = int(record["filled"])
        self.filled = self.value = 0
        self.entered = self.changed = place

    def trade(self, price: int, quantity: int) -> None:
        self.filled += quantity
        self.value += price * quantity

    def state(self) -> str:
        if self.filled < self.promised:
            return "in-hand"
        left = int(self.record["quantity"]) - self.filled - self.removed
        if left > 0:
            return "resting"
        return "gone" if self.removed else "filled"


class OwnOrders:
    """A set of orders in a replay's chosen securities; which events concern them is looked up once."""

    def __init__(self, replay: Replay, orders: Set[int]) -> None:
        """TOO_MANY_ORDERS."""
        if len(orders) > REPLAY_OWN_ORDERS_MAX:
            raise YunhaiError(TOO_MANY_ORDERS, count=len(orders), most=REPLAY_OWN_ORDERS_MAX)
        self._replay = replay
        self._names = {listing.book: listing.name for listing in replay.listings}
        self._places = concerning(replay.source, replay.places, orders)
        self._events = chosen(replay.source.events, self._places)

    def at(self, position: int | None = None) -> tuple[OwnOrder, ...]:
        """Those that have been entered by a position (the replay's own), by entry; places in the queue only at its own."""
        replay = self._replay
        here = position is None or position == replay.position
        told = self._told(replay.position if position is None else position)
        return tuple(
            self._shown(order, one, here=here) for order, one in sorted(told.items(), key=lambda item: item[1].entered)
        )

    def _told(self, position: int) -> dict[int, "_Told"]:
        told: dict[int, _Told] = {}
        count = int(np.searchsorted(self._places, position, "left"))
        events = self._events[:count]
        trades = events.view(TRADE)
        for local, place in enumerate(self._places[:count].tolist()):
            if int(events["kind"][local]) == Kind.TRADE:
                _trade(told, trades[local], place)
            else:
                _order(told, events[local], place)
        return told

    def _shown(self, order: int, one: "_Told", *, here: bool) -> OwnOrder:
        record, state = one.record, one.state()
        name = self._names[int(record["book"])]
        return OwnOrder(
            order=order,
            name=name,
            side=int(record["side"]),
            order_type=int(record["order_type"]),
            time_in_force=int(record["time_in_force"]),
            price=one.price,
            quantity=int(record["quantity"]),
            filled=one.filled,
            removed=one.removed,
            value=one.value,
            state=state,
            entered=one.entered,
            entered_ns=int(record["time"]),
            changed=one.changed,
            place=self._replay.book(name).place_of(order) if here and state == "resting" else None,
        )


def own_orders(replay: Replay, orders: Set[int], position: int | None = None) -> tuple[OwnOrder, ...]:
    """The orders of `orders` in the chosen securities as of a position (the replay's own). TOO_MANY_ORDERS."""
    return OwnOrders(replay, orders).at(position)


def concerning(source: Source, places: Places, orders: Set[int]) -> Places:
    """Where, of `places`, events about the orders stand, ascending."""
    wanted = np.array(sorted(number for number in orders if 0 < number < 1 << 64), np.uint64)
    if not len(wanted):
        return np.zeros(0, np.int64)
    events = chosen(source.events, places)
    trades = events.view(TRADE)
    named = np.isin(events["kind"], _ORDER_KINDS) & np.isin(events["order_id"], wanted)
    dealt = (events["kind"] == Kind.TRADE) & (np.isin(trades["buy_id"], wanted) | np.isin(trades["sell_id"], wanted))
    found: Places = places[named | dealt]
    return found


def _trade(told: dict[int, _Told], trade: np.void, place: int) -> None:
    for side in ("buy_id", "sell_id"):
        one = told.get(int(trade[side]))
        if one is not None:
            one.trade(int(trade["price"]), int(trade["quantity"]))
            one.changed = place


def _order(told: dict[int, _Told], record: np.void, place: int) -> None:
    kind, order = int(record["kind"]), int(record["order_id"])
    if kind == Kind.NEW:
        told[order] = _Told(record, place)
        return
    one = told.get(order)
    if one is None:
        return
    one.changed = place
    if kind == Kind.REPRICE:
        one.price = int(record["price"])
        one.promised = one.filled + int(record["filled"])
    elif kind == Kind.REMOVED:
        one.removed += int(record["quantity"])
    else:
        one.removed += int(record["removed"])
