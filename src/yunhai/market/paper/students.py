"""Simulated students 模擬學生: seeded strategies that trade on paper, for a contest without people.

A student wakes at its own moments, sees what anyone could see then (`Seen`: nothing that has not happened), and asks for something.
All of them trade in one pass over the source. Everything they asked for is handed out with the results, so that evaluating it
again (`market.evaluate_all`) must give the same results, and a test holds that. The strategies are simple on purpose: they
exist to fill queues and ranks, not to win.
"""

import heapq
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from yunhai.kernel.clock import SECOND
from yunhai.kernel.records import OrderType, Phase, TimeInForce
from yunhai.market.paper.field import Field
from yunhai.market.paper.market import PaperMarket
from yunhai.market.paper.words import BUY, SELL, Change, Instruction, PaperChange, PaperOrder, Result, Rules
from yunhai.market.replay.source import Source
from yunhai.trading.market import kind_bit

_ROD, _IOC = int(TimeInForce.ROD), int(TimeInForce.IOC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """An own order that waits."""

    number: int
    side: int
    price: int
    leaves: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One security as a student sees it: best bid and ask, last trade (0: none), what it holds and may sell, its free cash."""

    name: str
    phase: int
    lot: int
    most: int
    bid: int
    ask: int
    last: int
    free: int
    power: int
    waiting: tuple[Open, ...]

    def shares(self, price: int, part: int) -> int:
        """Whole lots for one `part`th of the free cash, a lot at least where it is enough for one, charges left aside."""
        if not price:
            return 0
        lots = self.power // part // (price * self.lot) or int(self.power > price * self.lot * 51 // 50)
        return min(lots * self.lot, self.most // self.lot * self.lot)

    def sellable(self, shares: int) -> int:
        """At most so many of what it may sell, in whole lots."""
        return min(shares, self.free, self.most) // self.lot * self.lot


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a student asks for: an order, or with `cancels` the end of one."""

    side: int = 0
    price: int = 0
    quantity: int = 0
    time_in_force: int = _ROD
    cancels: int = 0


class Student:
    """A strategy with its own seed; wakes every `every_ns`. Subclasses say what it wants of what it sees."""

    kind = "idle"

    def __init__(self, name: str, seed: int) -> None:
        self.name = name
        self.rng = random.Random(f"{self.kind}/{seed}")
        self.every_ns = self.rng.randrange(20, 90) * SECOND
        self.offset_ns = self.rng.randrange(1, 60) * SECOND

    def choose(self, names: Sequence[str]) -> str:
        """The security it trades."""
        return self.rng.choice(names)

    def act(self, seen: Seen) -> list[Wish]:
        """What it wants now."""
        return []

    def take(self, seen: Seen, side: int, part: int = 8) -> list[Wish]:
        """Take from the other side's best price, once."""
        price = seen.ask if side == BUY else seen.bid
        quantity = seen.shares(price, part) if side == BUY else seen.sellable(seen.free // 2 + seen.lot)
        if not price or not quantity:
            return []
        return [Wish(side=side, price=price, quantity=quantity, time_in_force=_IOC)]


class _Looking(Student):
    """Compares the last trade with its average of the last looks."""

    def __init__(self, name: str, seed: int) -> None:
        super().__init__(name, seed)
        self._looks: deque[int] = deque(maxlen=self.rng.randrange(3, 15))
        self._ppm = self.rng.randrange(100, 1_500)

    def _stands(self, seen: Seen) -> int:
        """1 above its average, -1 below, 0 near it."""
        full = len(self._looks) == self._looks.maxlen
        average = sum(self._looks) // len(self._looks) if full else 0
        self._looks.append(seen.last)
        if not average or not seen.last:
            return 0
        away = (seen.last - average) * 1_000_000 // average
        return 1 if away > self._ppm else -1 if away < -self._ppm else 0


class Momentum(_Looking):
    """Buys what rises, sells what falls, at once."""

    kind = "momentum"

    def act(self, seen: Seen) -> list[Wish]:
        stands = self._stands(seen)
        return self.take(seen, BUY if stands > 0 else SELL) if stands else []


class MeanReversion(_Looking):
    """Buys what has fallen and sells what has risen, waiting in the queue for it."""

    kind = "mean-reversion"

    def act(self, seen: Seen) -> list[Wish]:
        stands = self._stands(seen)
        wishes = [Wish(cancels=one.number) for one in seen.waiting]
        if stands < 0 and seen.bid and (quantity := seen.shares(seen.bid, 6)):
            wishes.append(Wish(side=BUY, price=seen.bid, quantity=quantity))
        if stands > 0 and seen.ask and (quantity := seen.sellable(seen.free)):
            wishes.append(Wish(side=SELL, price=seen.ask, quantity=quantity))
        return wishes


class MarketMaker(Student):
    """Waits at the best bid and, with what it holds, at the best ask; follows them."""

    kind = "market-maker"

    def act(self, seen: Seen) -> list[Wish]:
        wishes = []
        for side, price in ((BUY, seen.bid), (SELL, seen.ask)):
            own = [one for one in seen.waiting if one.side == side]
            wishes += [Wish(cancels=one.number) for one in own if one.price != price]
            if price and not any(one.price == price for one in own):
                quantity = seen.shares(price, 10) if side == BUY else seen.sellable(seen.free)
                if quantity:
                    wishes.append(Wish(side=side, price=price, quantity=quantity))
        return wishes


class RandomTrader(Student):
    """Anything anywhere near, and now and then gives up waiting."""

    kind = "random"

    def act(self, seen: Seen) -> list[Wish]:
        rng = self.rng
        wishes = [Wish(cancels=one.number) for one in seen.waiting if rng.random() < 0.3]
        side = rng.choice((BUY, SELL))
        if rng.random() < 0.3:
            return wishes + self.take(seen, side, 20)
        price = seen.bid if side == BUY else seen.ask
        quantity = seen.shares(price, 20) if side == BUY else seen.sellable(seen.free)
        if price and quantity and rng.random() < 0.5:
            wishes.append(Wish(side=side, price=price, quantity=quantity))
        return wishes


class Holder(Student):
    """Buys once and keeps it."""

    kind = "holder"

    def __init__(self, name: str, seed: int) -> None:
        super().__init__(name, seed)
        self._times = self.rng.randrange(1, 4)

    def act(self, seen: Seen) -> list[Wish]:
        wishes = self.take(seen, BUY, 2) if self._times else []
        self._times -= bool(wishes)
        return wishes


KINDS: Final[tuple[type[Student], ...]] = (Momentum, MeanReversion, MarketMaker, RandomTrader, Holder)


def students(count: int, seed: int = 1) -> list[Student]:
    """So many students of all kinds in turn, each with a seed of its own."""
    return [
        kind(f"{kind.kind}-{number:03d}", seed * 1_000_003 + number)
        for number, kind in ((number, KINDS[number % len(KINDS)]) for number in range(count))
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What the students came to, and all they asked for."""

    results: dict[str, Result]
    orders: dict[str, list[Instruction]]


def play(source: Source, rules: Rules, crowd: Sequence[Student]) -> Played:
    """Let them trade over the whole source. As `PaperMarket`; students cannot be used twice."""
    market = PaperMarket(source, rules)
    names = sorted(name for name, field in market.offered.items() if field.terms.listing.segment == "board")
    orders: dict[str, list[Instruction]] = {}
    wakes: list[tuple[int, int]] = []
    fields: list[Field] = []
    first, last = source.time_of(0), source.time_of(len(source))
    for place, student in enumerate(crowd):
        market.join(student.name)
        orders[student.name] = []
        fields.append(market.offered[student.choose(names)])
        heapq.heappush(wakes, (first + student.offset_ns, place))
    while wakes and wakes[0][0] < last:
        moment, place = heapq.heappop(wakes)
        student, field = crowd[place], fields[place]
        heapq.heappush(wakes, (moment + student.every_ns, place))
        position = source.position_at(moment)
        market.run(position)
        given = orders[student.name]
        if field.phase == Phase.CONTINUOUS and len(given) + 4 <= rules.orders:
            told = _told(student.act(_seen(market, student, field)), field, len(given), position, rules.orders)
            market.enter(student.name, told)
            given += told
    market.run()
    return Played(results={name: market.result(name) for name in orders}, orders=orders)


def _seen(market: PaperMarket, student: Student, field: Field) -> Seen:
    account, terms, book = market.account(student.name), field.terms, field.book
    held = account.holding(terms.listing.code)
    return Seen(
        name=terms.listing.name,
        phase=field.phase,
        lot=terms.lot,
        most=terms.most,
        bid=book.best(BUY) or (book.last if field.tape else 0),
        ask=book.best(SELL) or (book.last if field.tape else 0),
        last=book.last,
        free=max(0, held.quantity - held.selling),
        power=account.power,
        waiting=tuple(
            Open(number=one.given.number, side=one.given.side, price=one.price, leaves=one.leaves)
            for one in account.open_orders(terms.listing.code)
        ),
    )


def _told(wishes: list[Wish], field: Field, given: int, position: int, most: int) -> list[Instruction]:
    told: list[Instruction] = []
    for wish in wishes[: most - given]:
        number = given + len(told) + 1
        if wish.cancels:
            told.append(PaperChange(number=number, position=position, order=wish.cancels, change=Change.CANCEL))
            continue
        taken = kind_bit(OrderType.LIMIT, wish.time_in_force)
        told.append(
            PaperOrder(
                number=number,
                position=position,
                name=field.terms.listing.name,
                side=wish.side,
                quantity=wish.quantity,
                price=wish.price,
                time_in_force=wish.time_in_force if field.terms.allowed[field.phase] & taken else _ROD,
            )
        )
    return told
