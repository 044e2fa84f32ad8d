"""From what an exchange published to the orders its engine must have been given.

Shanghai shows an order that trades on arrival (主動委託) only for its unfilled rest, after its trades, or not at all
when nothing is left. Such an order is put together again: its side is the trades' taker side, its quantity the sum of
its trades and of the rest, its limit the published one of the rest or, where none was published, the worst price it
paid. These three are inputs, nothing else is: which resting order it meets, at which price, for how many shares and in
which sequence is the engine's to say. A call auction's trades are never an input.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from yunhai.kernel.records import Side
from yunhai.market.l3.feed import Feed, FeedOrder, FeedTrade


class Origin(Enum):
    """How much of an order the feed showed."""

    PUBLISHED = "published"
    REST = "rest"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A new limit order; `number` is the exchange's, price in 1/10,000, time in ns after midnight."""

    number: int
    side: Side
    price: int
    quantity: int
    time: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A cancel. `quantity` is what the exchange says was left: compared, not used."""

    number: int
    quantity: int
    time: int


Step = Arrival | Withdrawal


@dataclass(frozen=True, slots=True)
class Flow:
    """A folder's orders in the exchange's own sequence."""

    steps: tuple[Step, ...]
    published: int
    rests: int
    unseen: int
    cancels: int

    @property
    def synthesised(self) -> int:
        return self.rests + self.unseen


def flow_of(feed: Feed) -> Flow:
    """Every order and cancel that the engine is given, and how many had to be synthesised."""
    steps = tuple(_steps(feed))
    origins = [step.origin for step in steps if isinstance(step, Arrival)]
    return Flow(
        steps=steps,
        published=origins.count(Origin.PUBLISHED),
        rests=origins.count(Origin.REST),
        unseen=origins.count(Origin.UNSEEN),
        cancels=len(steps) - len(origins),
    )


def _merged(feed: Feed) -> list[FeedOrder | FeedTrade]:
    return sorted((*feed.orders, *feed.trades), key=lambda message: message.sequence)


def _steps(feed: Feed) -> Iterator[Step]:
    messages = _merged(feed)
    place = 0
    while place < len(messages):
        message = messages[place]
        if isinstance(message, FeedOrder):
            yield _published(message)
            place += 1
        elif message.taker is None:
            place += 1
        else:
            run = _run(messages, place)
            place += len(run)
            rest = _rest(messages, place, run[0])
            place += rest is not None
            yield _synthesised(run, rest)


def _published(order: FeedOrder) -> Step:
    if order.cancel:
        return Withdrawal(order.number, order.quantity, order.time)
    return Arrival(order.number, order.side, order.price, order.quantity, order.time, Origin.PUBLISHED)


def _run(messages: list[FeedOrder | FeedTrade], start: int) -> list[FeedTrade]:
    """The unbroken trades of one arriving order."""
    run: list[FeedTrade] = []
    for place in range(start, len(messages)):
        message = messages[place]
        if isinstance(message, FeedOrder) or message.taker is None:
            break
        if run and (message.taker, message.aggressor) != (run[0].taker, run[0].aggressor):
            break
        run.append(message)
    return run


def _rest(messages: list[FeedOrder | FeedTrade], place: int, trade: FeedTrade) -> FeedOrder | None:
    """The order published right after its own trades, for what they left."""
    if place == len(messages):
        return None
    message = messages[place]
    own = isinstance(message, FeedOrder) and not message.cancel and message.number == trade.aggressor
    return message if own and isinstance(message, FeedOrder) and message.side is trade.taker else None


def _synthesised(run: list[FeedTrade], rest: FeedOrder | None) -> Arrival:
    first = run[0]
    side = Side.BUY if first.taker is Side.BUY else Side.SELL
    traded = sum(trade.quantity for trade in run)
    if rest is not None:
        return Arrival(first.aggressor, side, rest.price, traded + rest.quantity, first.time, Origin.REST)
    worst = max if side is Side.BUY else min
    limit = worst(trade.price for trade in run)
    return Arrival(first.aggressor, side, limit, traded, first.time, Origin.UNSEEN)
