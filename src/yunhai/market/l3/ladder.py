"""Depth read back from events: what a follower of the journal knows of a book.

The replay compares published books with states *between* the trades of one order too, which no engine call shows.
So the events are read into levels here, and the reading is set against `Engine.depth` again and again: it is the
engine's state or the replay fails.
"""

from bisect import bisect_left, insort
from dataclasses import dataclass

from yunhai.kernel.records import Side
from yunhai.market.l3.feed import Levels


@dataclass(slots=True)
class _Resting:
    side: Side
    price: int
    leaves: int


class Ladder:
    """Both sides of one limit-order book, by price, and what is left of each order."""

    __slots__ = ("_buys", "_orders", "_prices", "_sells")

    def __init__(self) -> None:
        self._orders: dict[int, _Resting] = {}
        self._buys: dict[int, int] = {}
        self._sells: dict[int, int] = {}
        # Buys are kept by negated price, so that both lists begin at the best.
        self._prices: dict[Side, list[int]] = {Side.BUY: [], Side.SELL: []}

    def _side(self, side: Side) -> dict[int, int]:
        return self._buys if side is Side.BUY else self._sells

    def rest(self, order: int, *, side: Side, price: int, quantity: int) -> None:
        """An order, or what trading left of it, joins its level."""
        self._orders[order] = _Resting(side, price, quantity)
        levels = self._side(side)
        if price not in levels:
            levels[price] = 0
            insort(self._prices[side], -price if side is Side.BUY else price)
        levels[price] += quantity

    def take(self, order: int, quantity: int) -> None:
        """A trade or a cancel takes shares from a resting order. KeyError if it does not rest."""
        resting = self._orders[order]
        levels = self._side(resting.side)
        levels[resting.price] -= quantity
        resting.leaves -= quantity
        if resting.leaves == 0:
            del self._orders[order]
        if levels[resting.price] == 0:
            del levels[resting.price]
            prices = self._prices[resting.side]
            del prices[bisect_left(prices, -resting.price if resting.side is Side.BUY else resting.price)]

    def top(self, levels: int) -> tuple[Levels, Levels]:
        """The best `levels` of both sides."""
        bids = tuple((-key, self._buys[-key]) for key in self._prices[Side.BUY][:levels])
        asks = tuple((key, self._sells[key]) for key in self._prices[Side.SELL][:levels])
        return bids, asks

    def surplus(self, price: int, volume: int) -> tuple[int, int]:
        """Shares willing to buy, and to sell, at an auction price beyond its volume."""
        demand = sum(shares for level, shares in self._buys.items() if level >= price)
        supply = sum(shares for level, shares in self._sells.items() if level <= price)
        return demand - volume, supply - volume
