"""A book read from events: every queue in its order, so that what is ahead of an order is known.

What a follower of the market's data knows: each side's prices, each price's queue. Priority is market orders, then the better
price, then the place in the queue; a book whose first auction ranks by chance (`Listing.shuffle`) re-orders its queues at that
auction as docs/concepts/matching.md §5 says, by the seed that the source states. Nothing is decided here: the engine decided,
its events tell, and a test holds the queues against the engine's own.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from yunhai.kernel.records import Kind, OrderType, Phase, Side, State
from yunhai.market.replay.events import Row
from yunhai.market.replay.source import Listing

DEFERRED: Final = 1203
_FIRST_KEY: Final = -(1 << 40)
"""Sorts a market order before every limit."""
_MASK: Final = (1 << 64) - 1
_BUY, _SELL = int(Side.BUY), int(Side.SELL)
_NEW, _CANCEL, _CUT, _REPRICE = int(Kind.NEW), int(Kind.CANCEL), int(Kind.CUT), int(Kind.REPRICE)
_PHASE, _UNCROSS, _TRIAL, _EXPIRE = int(Kind.PHASE), int(Kind.UNCROSS), int(Kind.TRIAL), int(Kind.EXPIRE)
_TRADE, _REMOVED, _HALTED = int(Kind.TRADE), int(Kind.REMOVED), int(Kind.HALTED)
_RESTING: Final = int(State.RESTING)
_CONTINUOUS: Final = int(Phase.CONTINUOUS)
KEPT_ORDER: Final = np.dtype([("order", "<u8"), ("price", "<i4"), ("leaves", "<u4"), ("entry", "<u4")])


def mix(seed: int, number: int) -> int:
    """The random rank's number (matching.md §5)."""
    z = (seed + number * 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


@dataclass(frozen=True, slots=True)
class Level:
    """One price: shares and orders waiting there. Price 1/10,000, 0 = market."""

    price: int
    quantity: int
    orders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """An order in a queue."""

    order: int
    leaves: int
    ahead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an order waits. `ahead`, `ahead_orders`: shares and orders before it at its own price; `better`: shares at better
    prices and of market orders; `behind`: shares after it at its price."""

    order: int
    side: int
    price: int
    leaves: int
    ahead: int
    ahead_orders: int
    behind: int
    better: int


class BookState(msgspec.Struct, frozen=True, array_like=True):
    """A book as kept: figures, the order in hand, both sides' orders best first (KEPT_ORDER)."""

    figures: tuple[int, ...]
    arriving: tuple[int, int, int, int, int, int] | None
    buys: bytes
    sells: bytes


class _Resting:
    __slots__ = ("entry", "leaves", "order", "price", "side")

    def __init__(self, order: int, side: int, price: int, leaves: int, entry: int) -> None:
        self.order = order
        self.side = side
        self.price = price
        self.leaves = leaves
        self.entry = entry


_Queue = dict[int, _Resting]


class _BookSide:
    """Queues by price. Keys ascend from the best: buys by negated price."""

    __slots__ = ("keys", "queues", "sign", "totals")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.keys: list[int] = []
        self.queues: dict[int, _Queue] = {}
        self.totals: dict[int, int] = {}

    def key(self, price: int) -> int:
        return self.sign * price if price else _FIRST_KEY

    def add(self, resting: _Resting) -> None:
        price = resting.price
        queue = self.queues.get(price)
        if queue is None:
            queue = self.queues[price] = {}
            self.totals[price] = 0
            insort(self.keys, self.key(price))
        queue[resting.order] = resting
        self.totals[price] += resting.leaves

    def take(self, resting: _Resting, quantity: int) -> None:
        price = resting.price
        resting.leaves -= quantity
        self.totals[price] -= quantity
        if resting.leaves == 0:
            queue = self.queues[price]
            del queue[resting.order]
            if not queue:
                del self.queues[price], self.totals[price]
                del self.keys[bisect_left(self.keys, self.key(price))]

    def prices(self) -> list[int]:
        """From the best; 0 first where market orders wait."""
        return [self.sign * key if key != _FIRST_KEY else 0 for key in self.keys]

    def best(self) -> int:
        """The best limit, 0 if there is none."""
        keys = self.keys
        if not keys:
            return 0
        if keys[0] != _FIRST_KEY:
            return self.sign * keys[0]
        return self.sign * keys[1] if len(keys) > 1 else 0


class QueueBook:
    """One book at a position. `last`, `opening`, `high`, `low` 1/10,000, 0 before the first trade; `value` in 1/10,000; `trial`:
    (price, volume) last shown while an auction collects."""

    __slots__ = (
        "_arriving",
        "_orders",
        "_sides",
        "entry",
        "high",
        "last",
        "listing",
        "low",
        "opening",
        "phase",
        "shuffled",
        "trades",
        "trial",
        "value",
        "volume",
    )

    def __init__(self, listing: Listing) -> None:
        self.listing = listing
        self._orders: dict[int, _Resting] = {}
        self._sides = {_BUY: _BookSide(-1), _SELL: _BookSide(1)}
        self._arriving: tuple[int, int, int, int, int, int] | None = None
        self.phase = int(Phase.BEFORE)
        self.last = self.opening = self.high = self.low = 0
        self.volume = self.value = self.trades = self.entry = 0
        self.shuffled = False
        self.trial = (0, 0)

    # -- reading events ----------------------------------------------------------------------------------------------

    def apply(self, row: Row) -> None:
        """One event of this book. KeyError if it takes from an order that does not rest: the events are not a market's."""
        (
            kind,
            order,
            price,
            quantity,
            side,
            order_type,
            state,
            filled,
            leaves,
            removed,
            code,
            buyer,
            seller,
            auction,
            taker,
        ) = row
        if kind == _TRADE:
            self._trade(price, quantity, buyer, seller, auction, taker)
        elif kind == _NEW:
            self._arrive(order, side, 0 if order_type == OrderType.MARKET else price, state, filled, leaves)
        elif kind in (_CANCEL, _CUT):
            self._take(order, removed)
        elif kind == _REMOVED:
            self._take(order, quantity)
        elif kind == _REPRICE:
            resting = self._orders[order]
            self._take(order, resting.leaves)
            self._arrive(order, resting.side, price, state, filled, leaves)
        elif kind == _TRIAL:
            self.trial = (price, order)
        elif kind == _PHASE:
            self.phase = side
            self.trial = (0, 0)
        elif kind == _HALTED:
            self.phase = int(Phase.HALTED)
        elif kind == _UNCROSS and code != DEFERRED:
            self.trial = (0, 0)
            if self.listing.shuffle and not self.shuffled:
                self._shuffle()
            self.shuffled = True

    def _arrive(self, order: int, side: int, price: int, state: int, filled: int, leaves: int) -> None:
        rests = state == _RESTING
        if rests:
            self.entry += 1
        if filled:
            self._arriving = (order, side, price, leaves if rests else 0, filled, self.entry)
        elif rests:
            self._rest(order, side, price, leaves, self.entry)

    def _rest(self, order: int, side: int, price: int, leaves: int, entry: int) -> None:
        resting = self._orders[order] = _Resting(order, side, price, leaves, entry)
        self._sides[side].add(resting)

    def _take(self, order: int, quantity: int) -> None:
        resting = self._orders[order]
        self._sides[resting.side].take(resting, quantity)
        if resting.leaves == 0:
            del self._orders[order]

    def _trade(self, price: int, quantity: int, buyer: int, seller: int, auction: int, taker: int) -> None:
        self.last = price
        if self.trades == 0:
            self.opening = self.high = self.low = price
        elif price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        self.trades += 1
        self.volume += quantity
        self.value += price * quantity
        if auction:
            if self._orders:  # a source of trades has none
                self._take(buyer, quantity)
                self._take(seller, quantity)
            return
        if self._arriving is None:
            return
        self._take(seller if taker == _BUY else buyer, quantity)
        order, side, limit, leaves, left, entry = self._arriving
        left -= quantity
        if left:
            self._arriving = (order, side, limit, leaves, left, entry)
            return
        self._arriving = None
        if leaves:
            self._rest(order, side, limit, leaves, entry)

    def _shuffle(self) -> None:
        seed = self.listing.seed
        for side in self._sides.values():
            for price, queue in side.queues.items():
                ranked = sorted(queue.values(), key=lambda resting: (mix(seed, resting.entry), resting.entry))
                side.queues[price] = {resting.order: resting for resting in ranked}

    # -- what is asked -----------------------------------------------------------------------------------------------

    @property
    def in_hand(self) -> int | None:
        """The order between its arrival and the last of its trades."""
        return self._arriving[0] if self._arriving else None

    def best(self, side: int) -> int:
        """The best limit of a side, 1/10,000, 0 if there is none."""
        return self._sides[side].best()

    def quotes(self) -> tuple[int, int]:
        """Best bid and ask that stood in continuous trading between two commands; 0 where none did."""
        if self.phase != _CONTINUOUS or self._arriving is not None:
            return 0, 0
        sides = self._sides
        return sides[_BUY].best(), sides[_SELL].best()

    def levels(self, side: int, most: int) -> tuple[Level, ...]:
        """A side's best prices."""
        held = self._sides[side]
        return tuple(Level(price, held.totals[price], len(held.queues[price])) for price in held.prices()[:most])

    def queue(self, side: int, price: int, most: int) -> tuple[Queued, ...]:
        """The first orders of a price's queue."""
        found: list[Queued] = []
        ahead = 0
        for resting in self._sides[side].queues.get(price, {}).values():
            if len(found) == most:
                break
            found.append(Queued(order=resting.order, leaves=resting.leaves, ahead=ahead))
            ahead += resting.leaves
        return tuple(found)

    def waiting(self, order: int) -> tuple[int, int, int, int] | None:
        """(side, price, leaves, entry) of an order that waits, None if it does not; `entry` counts arrivals that rested."""
        resting = self._orders.get(order)
        return (resting.side, resting.price, resting.leaves, resting.entry) if resting is not None else None

    def orders_at(self, side: int, price: int) -> list[tuple[int, int, int]]:
        """A price's queue in its order as (order, leaves, entry)."""
        return [(one.order, one.leaves, one.entry) for one in self._sides[side].queues.get(price, {}).values()]

    def totals(self, side: int) -> Iterator[tuple[int, int]]:
        """A side as (price, shares), best first; price 0 = market orders. Not to be changed meanwhile."""
        held = self._sides[side]
        for key in held.keys:
            price = held.sign * key if key != _FIRST_KEY else 0
            yield price, held.totals[price]

    def place_of(self, order: int) -> Place | None:
        """Where an order waits, None if it does not."""
        resting = self._orders.get(order)
        if resting is None:
            return None
        side = self._sides[resting.side]
        ahead = count = 0
        for other in side.queues[resting.price].values():
            if other is resting:
                break
            ahead += other.leaves
            count += 1
        own = side.key(resting.price)
        better = sum(side.totals[price] for key, price in zip(side.keys, side.prices(), strict=True) if key < own)
        return Place(
            order=order,
            side=resting.side,
            price=resting.price,
            leaves=resting.leaves,
            ahead=ahead,
            ahead_orders=count,
            behind=side.totals[resting.price] - ahead - resting.leaves,
            better=better,
        )

    def resting(self) -> int:
        """How many orders wait."""
        return len(self._orders)

    # -- keeping it --------------------------------------------------------------------------------------------------

    def keep(self) -> BookState:
        """The book as it is now."""
        return BookState(
            figures=(
                self.phase,
                self.last,
                self.opening,
                self.high,
                self.low,
                self.volume,
                self.value,
                self.trades,
                self.entry,
                int(self.shuffled),
                *self.trial,
            ),
            arriving=self._arriving,
            buys=self._kept(_BUY),
            sells=self._kept(_SELL),
        )

    def _kept(self, side: int) -> bytes:
        held = self._sides[side]
        orders = [
            (resting.order, resting.price, resting.leaves, resting.entry)
            for price in held.prices()
            for resting in held.queues[price].values()
        ]
        return np.array(orders, KEPT_ORDER).tobytes()

    @classmethod
    def of(cls, listing: Listing, state: BookState) -> "QueueBook":
        """A book as it was kept."""
        book = cls(listing)
        (
            book.phase,
            book.last,
            book.opening,
            book.high,
            book.low,
            book.volume,
            book.value,
            book.trades,
            book.entry,
            shuffled,
            *trial,
        ) = state.figures
        book.shuffled = bool(shuffled)
        book.trial = (trial[0], trial[1])
        book._arriving = state.arriving
        for side, kept in ((_BUY, state.buys), (_SELL, state.sells)):
            book._restore(side, kept)
        return book

    def _restore(self, side: int, kept: bytes) -> None:
        """A side as it was kept: best first, each queue in its order, so that nothing has to be looked for."""
        held, orders = self._sides[side], self._orders
        queue: _Queue = {}
        last: int | None = None
        total = 0
        for order, price, leaves, entry in np.frombuffer(kept, KEPT_ORDER).tolist():
            if price != last:
                if last is not None:
                    held.totals[last] = total
                queue = held.queues[price] = {}
                held.keys.append(held.key(price))
                last, total = price, 0
            queue[order] = orders[order] = _Resting(order, side, price, leaves, entry)
            total += leaves
        if last is not None:
            held.totals[last] = total
