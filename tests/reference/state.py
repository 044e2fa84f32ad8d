"""What the book remembers: orders in queues, the last prices, the seconds of the volatility window.

A side is a ladder of queues (matching.md §5): one queue of market orders, one queue per price. Python lists
in arrival order, nothing cleverer; the priority of an order is where it stands.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.reference.wire import BUY, LIMIT, MARKET, SELL
from yunhai.exchange.books import BookConfig

NS_PER_S = 1_000_000_000


@dataclass(slots=True, eq=False)
class Order:
    """A live order. `price` 0 is a market order; `entry` is its arrival number in its book."""

    id: int
    tenant: int
    account: int
    book: int
    side: int
    price: int
    leaves: int
    entry: int = 0

    @property
    def order_type(self) -> int:
        return LIMIT if self.price else MARKET


class Queues:
    """One side of a book."""

    def __init__(self, side: int) -> None:
        self.side = side
        self.market: list[Order] = []
        self.levels: dict[int, list[Order]] = {}
        self.prices: list[int] = []  # of `levels`, ascending

    def append(self, order: Order) -> None:
        """Queue an order behind all others of its price."""
        if order.price == 0:
            self.market.append(order)
            return
        if order.price not in self.levels:
            self.levels[order.price] = []
            insort(self.prices, order.price)
        self.levels[order.price].append(order)

    def remove(self, order: Order) -> None:
        if order.price == 0:
            self.market.remove(order)
            return
        self.levels[order.price].remove(order)
        if not self.levels[order.price]:
            del self.levels[order.price]
            del self.prices[bisect_left(self.prices, order.price)]

    def best_first(self) -> list[int]:
        """Limit prices that carry an order: highest first for buys, lowest first for sells."""
        return self.prices[::-1] if self.side == BUY else self.prices

    def best_limit(self) -> int:
        """Best resting limit price, 0 if there is none."""
        if not self.prices:
            return 0
        return self.prices[-1] if self.side == BUY else self.prices[0]

    def in_priority(self) -> Iterator[Order]:
        """§5: market orders, then the better price, then the place in the queue."""
        yield from self.market
        for price in self.best_first():
            yield from self.levels[price]

    def all_queues(self) -> list[list[Order]]:
        return [self.market, *self.levels.values()]

    def __len__(self) -> int:
        return sum(len(queue) for queue in self.all_queues())


@dataclass(slots=True, eq=False)
class Book:
    """One security in one segment, with everything that changes during the day."""

    number: int
    config: BookConfig
    ladder: list[int] = field(init=False)
    place: dict[int, int] = field(init=False)  # price -> index in the ladder
    phase: int = 0
    uncrossed: bool = False  # the first executed uncross is behind us
    entry: int = 0
    last: int = 0
    open: int = 0
    centre_last_used: int = 0
    window: dict[int, tuple[int, int]] = field(default_factory=dict)  # second -> (sum price x quantity, sum quantity)
    buys: Queues = field(default_factory=lambda: Queues(BUY))
    sells: Queues = field(default_factory=lambda: Queues(SELL))

    def __post_init__(self) -> None:
        self.ladder = [int(price) for price in self.config.prices]
        self.place = {price: index for index, price in enumerate(self.ladder)}

    def side(self, side: int) -> Queues:
        return self.buys if side == BUY else self.sells

    def other_side(self, side: int) -> Queues:
        return self.sells if side == BUY else self.buys

    def base(self) -> int:
        """§5: last trade, else the reference; 0 = none."""
        return self.last or self.config.reference

    def allows(self, order_type: int, time_in_force: int, phase: int) -> bool:
        """Whether `allowed[phase]` (§2) admits this kind of order."""
        bit = (order_type - 1) * 3 + {0: 0, 3: 1, 4: 2}[time_in_force]
        return bool(self.config.allowed[phase] >> bit & 1)

    def rest(self, order: Order) -> None:
        """§5: the next arrival number, and the end of the queue."""
        self.entry += 1
        order.entry = self.entry
        self.side(order.side).append(order)

    def remember_trade(self, time: int, price: int, quantity: int) -> None:
        """A trade moves the last price, makes the first one the opening price and enters the window."""
        self.last = price
        self.open = self.open or price
        turnover, shares = self.window.get(time // NS_PER_S, (0, 0))
        self.window[time // NS_PER_S] = (turnover + price * quantity, shares + quantity)

    def window_seconds(self, now: int) -> list[tuple[int, int, int]]:
        """(second, sum of price x quantity, sum of quantity) of the seconds in (now - window, now], ascending."""
        oldest = now // NS_PER_S - self.config.band_window_s
        return [(second, *sums) for second, sums in sorted(self.window.items()) if second > oldest]

    def forget_seconds(self, clock: int) -> None:
        """Drop the seconds that no later window can hold: the clock never goes back."""
        oldest = clock // NS_PER_S - self.config.band_window_s
        for second in [second for second in self.window if second <= oldest]:
            del self.window[second]
