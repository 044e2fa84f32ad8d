"""A book with paper orders waiting in it 委託簿與模擬委託: which of them an event of the real market fills, and how much.

The real market goes on as it did: no paper order moves a price, takes a share from anyone or makes an auction (no market impact),
and no account sees another's. Against that market each account's orders stand at their real place:

- an order that waits stands behind every real order that waited at its price when it came, in front of those that come later;
- a trade with somebody behind it at its price, or at a worse price, would have been its own (at its own price); a trade with
  somebody in front of it only brings it nearer;
- an order of the other side that comes to rest at its price or better would have met it (at its own price);
- an order that arrives takes what the other side shows, best first, at those prices;
- an auction fills it at the auction's price, out of what the other side offers there less what stands in front of it.

Of one trade, one resting order or one auction all orders of an account get together no more than there was: what it took of
an order that waits is remembered as long as that waits.
"""

from bisect import insort
from collections.abc import Iterator
from typing import Final

from yunhai.kernel.records import Kind, OrderType, Phase, State, TimeInForce
from yunhai.market.paper.account import Account, Order
from yunhai.market.paper.terms import Terms
from yunhai.market.paper.words import BUY, SELL, How, OrderState
from yunhai.market.replay.book import DEFERRED, QueueBook, mix
from yunhai.market.replay.events import Row
from yunhai.trading.market import kind_bit

_MARKET_KEY: Final = -(1 << 40)
_PAPER: Final = 1 << 40
"""Paper orders' numbers in the lot that ranks a first auction, far from those of real entries."""
_NEW, _REPRICE = int(Kind.NEW), int(Kind.REPRICE)
_PHASE, _UNCROSS, _EXPIRE = int(Kind.PHASE), int(Kind.UNCROSS), int(Kind.EXPIRE)
_TRADE, _HALTED = int(Kind.TRADE), int(Kind.HALTED)
_RESTING: Final = int(State.RESTING)
_CONTINUOUS, _AFTER = int(Phase.CONTINUOUS), int(Phase.AFTER)
_MARKET_ROD: Final = kind_bit(OrderType.MARKET, TimeInForce.ROD)
Rank = tuple[int, int]


class Waiting:
    """Paper orders of one side by price, best first, at one price as they came."""

    __slots__ = ("keys", "queues", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.keys: list[int] = []
        self.queues: dict[int, list[Order]] = {}

    def key(self, price: int) -> int:
        return self.sign * price if price else _MARKET_KEY

    def add(self, order: Order) -> None:
        key = self.key(order.price)
        if key not in self.queues:
            insort(self.keys, key)
            self.queues[key] = []
        self.queues[key].append(order)

    def remove(self, order: Order) -> None:
        key = self.key(order.price)
        queue = self.queues[key]
        queue.remove(order)
        if not queue:
            del self.queues[key]
            self.keys.remove(key)

    def reaching(self, price: int) -> list[Order]:
        """Those that would trade at `price`, best first; a copy. A market order only within what was reserved for it."""
        limit, sign = self.sign * price, self.sign
        return [
            order
            for key in self.keys
            if key <= limit
            for order in self.queues[key]
            if order.price or sign * order.bound <= limit
        ]

    def reaches(self, price: int) -> bool:
        return bool(self.keys) and self.keys[0] <= self.sign * price

    def all(self) -> list[Order]:
        return [order for key in self.keys for order in self.queues[key]]


class Field:
    """One book and the paper orders in it. `tape`: a source of trades, without a book."""

    def __init__(self, terms: Terms, *, tape: bool) -> None:
        self.terms = terms
        self.book = QueueBook(terms.listing)
        self.tape = tape
        self.waiting = {BUY: Waiting(-1), SELL: Waiting(1)}
        self._shuffled_at = 0
        self._to_rest = 0

    # -- ranks -------------------------------------------------------------------------------------------------------

    def _real(self, entry: int) -> Rank:
        if entry <= self._shuffled_at:
            return 0, mix(self.terms.listing.seed, entry)
        return 1, 2 * entry

    def _paper(self, order: Order) -> Rank:
        if order.early and self.book.shuffled:
            return 0, mix(self.terms.listing.seed, _PAPER + order.given.number)
        return 1, 2 * order.marker + 1

    def ahead(self, order: Order) -> int | None:
        """Shares of real orders in front of a waiting one at its price; None before the lot is drawn, and on a tape."""
        if self.tape or (order.early and not self.book.shuffled):
            return None
        own = self._paper(order)
        queue = self.book.orders_at(order.given.side, order.price)
        return sum(leaves for _, leaves, entry in queue if self._real(entry) < own)

    # -- an order comes, or is changed -------------------------------------------------------------------------------

    @property
    def phase(self) -> int:
        return _CONTINUOUS if self.tape else self.book.phase

    def arrive(self, order: Order, position: int, time: int) -> bool:
        """An accepted order comes. Whether an IOC or FOK got what it asks for; if not, nothing has changed."""
        force = order.given.time_in_force
        if self.tape:
            last = self.book.last
            order.crossing = bool(last) and (not order.price or (last - order.price) * self._sign(order) >= 0)
        elif self.phase == _CONTINUOUS:
            takings = list(self._takings(order))
            total = sum(quantity for _, quantity, _ in takings)
            if (force == TimeInForce.FOK and total < order.leaves) or (force == TimeInForce.IOC and not total):
                return False
            self._take(order, takings, position, time)
        elif force != TimeInForce.ROD:
            return False
        if order.leaves and force != TimeInForce.ROD:
            order.account.cut(order, order.leaves)
        elif order.leaves:
            self.rest(order)
        return True

    def arrive_again(self, order: Order, position: int, time: int) -> None:
        """A re-priced order, which has left its queue, comes as a new limit order."""
        if self.tape:
            order.crossing = bool(self.book.last) and (self.book.last - order.price) * self._sign(order) >= 0
        elif self.phase == _CONTINUOUS:
            self._take(order, list(self._takings(order)), position, time)
        if order.leaves:
            self.rest(order)

    def rest(self, order: Order) -> None:
        """Behind everyone who waits at its price."""
        book = self.book
        order.state = OrderState.RESTING
        order.marker = book.entry
        order.early = book.listing.shuffle and not book.shuffled
        self.waiting[order.given.side].add(order)

    def leave(self, order: Order) -> None:
        """Out of its queue."""
        self.waiting[order.given.side].remove(order)

    def _sign(self, order: Order) -> int:
        return self.waiting[order.given.side].sign

    def _takings(self, order: Order) -> Iterator[tuple[int, int, int]]:
        """(price, shares, real order) that the other side shows within the order's limit and the account has not taken."""
        account, side, left = order.account, order.given.side, order.leaves
        taken = account.taken.get(self.terms.listing.book, {})
        other = SELL if side == BUY else BUY
        sign = self._sign(order)
        for price, _ in self.book.totals(other):
            if not price:
                continue
            if sign * price < sign * order.bound:
                return
            for number, leaves, _ in self.book.orders_at(other, price):
                quantity = min(left, leaves - taken.get(number, 0))
                if quantity > 0:
                    yield price, quantity, number
                    left -= quantity
                    if not left:
                        return

    def _take(self, order: Order, takings: list[tuple[int, int, int]], position: int, time: int) -> None:
        """One fill for each price."""
        shares: dict[int, int] = {}
        for price, quantity, number in takings:
            shares[price] = shares.get(price, 0) + quantity
            self._remember(order.account, number, quantity)
        for price, quantity in shares.items():
            order.account.fill(order, price, quantity, how=How.TOOK, position=position, time=time)

    def _remember(self, account: Account, number: int, quantity: int) -> None:
        taken = account.taken.setdefault(self.terms.listing.book, {})
        taken[number] = taken.get(number, 0) + quantity

    # -- the market goes on ------------------------------------------------------------------------------------------

    def apply(self, row: Row, position: int, time: int) -> None:
        """One real event; `position` is the one after it. KeyError as of the book."""
        kind, book = row[0], self.book
        if kind == _UNCROSS and row[10] != DEFERRED:
            self._uncross(row, position, time)
        elif not self.waiting[BUY].keys and not self.waiting[SELL].keys:
            self._to_rest = 0
            book.apply(row)
        elif kind == _TRADE:
            self._trade(row, position, time)
        elif kind in (_NEW, _REPRICE):
            book.apply(row)
            if row[6] == _RESTING and book.phase == _CONTINUOUS:
                if book.in_hand is None:
                    self._meet(row[1], position, time)
                else:
                    self._to_rest = row[1]
        else:
            book.apply(row)
            if kind in (_PHASE, _HALTED, _EXPIRE):
                self._turn(kind, position, time)

    def _trade(self, row: Row, position: int, time: int) -> None:
        price, quantity, buyer, seller, auction, taker = row[2], row[3], row[11], row[12], row[13], row[14]
        if self.tape:
            self.book.apply(row)
            if price > 0:
                self._tape(price, quantity, position, time)
            return
        side = SELL if taker == BUY else BUY
        rank: Rank | None = None
        if not auction and self.waiting[side].reaches(price):
            hit = self.book.waiting(seller if taker == BUY else buyer)
            if hit is not None and hit[1]:  # a market order that waits is in front of every limit
                rank = self._real(hit[3])
        self.book.apply(row)
        if rank is not None:
            self._fill_from(side, price, quantity, rank, position, time)
        if self._to_rest and self.book.in_hand is None:
            order, self._to_rest = self._to_rest, 0
            self._meet(order, position, time)

    def _fill_from(self, side: int, price: int, quantity: int, rank: Rank, position: int, time: int) -> None:
        """A trade with a real order of `rank` at `price`: those at better prices and those in front of it would have had it."""
        used: dict[int, int] = {}
        for order in self.waiting[side].reaching(price):
            through = order.price != price
            if not through and self._paper(order) > rank:
                continue
            account = order.account
            shares = min(order.leaves, quantity - used.get(id(account), 0))
            if shares > 0:
                used[id(account)] = used.get(id(account), 0) + shares
                how = How.THROUGH if through else How.QUEUE
                self._fill(order, order.price or price, shares, how, position, time)

    def _meet(self, number: int, position: int, time: int) -> None:
        """A real order has come to rest: paper orders of the other side that reach it would have met it."""
        real = self.book.waiting(number)
        if real is None or not real[1]:
            return
        side, price, leaves, _ = real
        other = self.waiting[SELL if side == BUY else BUY]
        if not other.reaches(price):
            return
        book = self.terms.listing.book
        for order in other.reaching(price):
            left = leaves - order.account.taken.get(book, {}).get(number, 0)
            shares = min(order.leaves, left)
            if shares > 0:
                self._remember(order.account, number, shares)
                self._fill(order, order.price or price, shares, How.MET, position, time)

    def _fill(self, order: Order, price: int, quantity: int, how: How, position: int, time: int) -> None:
        order.account.fill(order, price, quantity, how=how, position=position, time=time)
        if not order.leaves:
            self.leave(order)

    def _turn(self, kind: int, position: int, time: int) -> None:
        """Another phase, an interruption, the end of the day."""
        phase = self.book.phase
        if kind == _EXPIRE or phase == _AFTER:
            self._drop(self.waiting[BUY].all() + self.waiting[SELL].all())
        elif not self.terms.allowed[phase] & _MARKET_ROD:
            self._drop([order for side in self.waiting.values() for order in side.all() if not order.price])
        elif phase == _CONTINUOUS:
            self._take_crossed(position, time)

    def _drop(self, orders: list[Order]) -> None:
        for order in orders:
            self.leave(order)
            order.account.cut(order, order.leaves)

    def _take_crossed(self, position: int, time: int) -> None:
        """Continuous trading begins: what still crosses takes what is shown, as if it came now."""
        for order in self.waiting[BUY].all() + self.waiting[SELL].all():
            takings = list(self._takings(order))
            if takings:
                self._take(order, takings, position, time)
                if not order.leaves:
                    self.leave(order)

    # -- auctions ----------------------------------------------------------------------------------------------------

    def _uncross(self, row: Row, position: int, time: int) -> None:
        book = self.book
        if book.listing.shuffle and not book.shuffled:
            self._shuffled_at = book.entry
        book.apply(row)
        for side in self.waiting.values():
            for queue in side.queues.values():
                queue.sort(key=self._paper)
        price = row[2]
        if price and row[1]:  # an auction's record has its volume where others have the order
            for own in (BUY, SELL):
                if self.waiting[own].reaches(price):
                    self._auction(own, price, position, time)

    def _auction(self, side: int, price: int, position: int, time: int) -> None:
        """What the other side offers at the price, less what stands in front of each order."""
        book, waiting = self.book, self.waiting[side]
        other = SELL if side == BUY else BUY
        offered = sum(
            shares for at, shares in book.totals(other) if not at or waiting.sign * at >= waiting.sign * price
        )
        own = [(waiting.key(at), at, shares) for at, shares in book.totals(side)]
        used: dict[int, int] = {}
        for order in waiting.reaching(price):
            account = order.account
            key = waiting.key(order.price)
            before = sum(shares for at, _, shares in own if at < key) + (self.ahead(order) or 0)
            gone = used.get(id(account))
            if gone is None:
                gone = self._taken_within(account, other, price)
            shares = min(order.leaves, offered - before - gone)
            used[id(account)] = gone + max(0, shares)
            if shares > 0:
                self._fill(order, price, shares, How.AUCTION, position, time)

    def _taken_within(self, account: Account, side: int, price: int) -> int:
        """What an account has taken of the orders that offer at an auction's price."""
        sign, total = self.waiting[side].sign, 0
        for number, shares in account.taken.get(self.terms.listing.book, {}).items():
            real = self.book.waiting(number)
            if real is not None and real[0] == side and (not real[1] or sign * real[1] <= sign * price):
                total += min(shares, real[2])
        return total

    # -- a source of trades ------------------------------------------------------------------------------------------

    def _tape(self, price: int, quantity: int, position: int, time: int) -> None:
        """Without a book: an order that was at or beyond the last trade when it came takes part in trades within its limit, at
        their price; one that waits only in trades strictly beyond its limit, at its limit. Each account a trade once."""
        for side in (BUY, SELL):
            used: dict[int, int] = {}
            for order in self.waiting[side].reaching(price):
                if not order.crossing and order.price == price:
                    continue
                account = order.account
                shares = min(order.leaves, quantity - used.get(id(account), 0))
                if shares > 0:
                    used[id(account)] = used.get(id(account), 0) + shares
                    at = price if order.crossing or not order.price else order.price
                    self._fill(order, at, shares, How.TAPE, position, time)
