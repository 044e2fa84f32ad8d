"""The words of paper trading 模擬交易: what an account may do, what it asked for, what came of it.

Everything here is data: integers, texts and tuples of them, equal whenever they say the same. Prices and money are 1/10,000 NT$,
quantities shares, times market ns since 1970 UTC, positions those of the replay's source (docs/concepts/replay.md §2).
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from yunhai.exchange.rules.pack import RulePack
from yunhai.exchange.rules.words import SecurityKind
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import PAPER_ORDERS_MAX
from yunhai.kernel.records import OrderType, Side, TimeInForce

SEGMENTS: Final = ("board", "odd_lot")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What everyone in a contest, or one paper account, starts with and may do.

    `pack`: ticks, limits, lots, order kinds by phase, commission and tax; None only for a source of trades, which then has no
    tick and no limit. `cash` and `holdings` (code, shares): what an account begins with. `names`: listings that may be traded,
    () = all of `SEGMENTS`. `kinds` (code, kind): what a security is; a share where it is not said. `commission_ppm`,
    `commission_minimum`, `tax_ppm`: instead of the pack's. `latency_ns`: from the moment an order is given to its arrival.
    `short_selling`: whether more may be sold than is held, always covered by cash for the day's highest price."""

    pack: RulePack | None
    cash: int
    holdings: tuple[tuple[str, int], ...] = ()
    names: tuple[str, ...] = ()
    kinds: tuple[tuple[str, SecurityKind], ...] = ()
    commission_ppm: int | None = None
    commission_minimum: int | None = None
    tax_ppm: int | None = None
    latency_ns: int = 0
    short_selling: bool = False
    orders: int = PAPER_ORDERS_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperOrder:
    """A new order. `number`: 1, 2, 3 … over all of an account's instructions. `position`: how many events whoever gives it
    can have seen; `time`: when it is given, 0 = the time of the event before that position. `name` as in `Listing.name`
    ("2330", "2330:odd_lot"). `price` 0 for a market order."""

    number: int
    position: int
    name: str
    side: int
    quantity: int
    price: int = 0
    time: int = 0
    order_type: int = OrderType.LIMIT
    time_in_force: int = TimeInForce.ROD


class Change(IntEnum):
    """What can be done to a waiting order; the exchange's own numbers (`yunhai.kernel.records.Kind`)."""

    CANCEL = 2
    CUT = 3
    REPRICE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperChange:
    """A change of an own order, `order` its number. `quantity` to cut away (CUT), `price` the new one (REPRICE), else 0."""

    number: int
    position: int
    order: int
    change: int
    quantity: int = 0
    price: int = 0
    time: int = 0


Instruction = PaperOrder | PaperChange


class How(StrEnum):
    """Why an order was filled."""

    TOOK = "took"
    """It arrived (or was re-priced) and took what the other side showed."""
    QUEUE = "queue"
    """Somebody behind it at its price traded: it would have been first."""
    THROUGH = "through"
    """Somebody at a worse price traded."""
    MET = "met"
    """An order came to rest at its price or better: it would have met this one."""
    AUCTION = "auction"
    """An auction's price crossed it, and its place was good enough."""
    TAPE = "tape"
    """A source of trades without a book: a trade at or beyond its price, by the simpler rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One fill of the order `number`. `position`: events that had happened with it; `fee`, `tax`: what this fill added."""

    number: int
    name: str
    side: int
    price: int
    quantity: int
    position: int
    time: int
    how: How
    fee: int
    tax: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An instruction that changed nothing. `code` as the exchange's (10xx) or paper trading's (752x)."""

    number: int
    position: int
    time: int
    code: int
    details: tuple[tuple[str, str], ...] = ()

    def error(self) -> YunhaiError:
        """For its texts and remedies in both languages."""
        return YunhaiError(self.code, **dict(self.details))


class OrderState(StrEnum):
    """Where an order stands. `PENDING`: given, its arrival not yet come (latency, or no later event is known)."""

    PENDING = "pending"
    RESTING = "resting"
    FILLED = "filled"
    GONE = "gone"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """An order as of the result's position. `ahead`: shares before it at its own price while it rests (own earlier orders
    not counted); None where that is not known: not resting, a source of trades, or before the first auction of a book whose
    queues are ranked by chance. `value` of its fills; `reserved`: cash held for it."""

    number: int
    name: str
    side: int
    order_type: int
    time_in_force: int
    price: int
    quantity: int
    filled: int
    removed: int
    value: int
    fee: int
    tax: int
    reserved: int
    state: OrderState
    entered: int
    entered_ns: int
    ahead: int | None

    @property
    def leaves(self) -> int:
        return self.quantity - self.filled - self.removed


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Shares of one code, below 0 when sold short. `cost`: what they cost with fees (of a short position, what they
    brought); `realised`: gains of what was closed, fees and tax within; `mark`: last trade, else the reference."""

    code: str
    quantity: int
    selling: int
    cost: int
    realised: int
    mark: int

    @property
    def value(self) -> int:
        return self.quantity * self.mark


@dataclass(frozen=True, slots=True)
class Point:
    """The account's worth at the end of a minute in which something happened. `time` is that end."""

    time: int
    equity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of an account's instructions up to a position. `began`: equity at the start; `digest`: SHA-256 of the
    account's ledger, hex; equal digests are equal results. `curve` ends with the moment of the position itself."""

    position: int
    time: int
    began: int
    cash: int
    reserved: int
    power: int
    equity: int
    fees: int
    taxes: int
    positions: tuple[Position, ...]
    orders: tuple[OrderView, ...]
    fills: tuple[Fill, ...]
    refusals: tuple[Refusal, ...]
    curve: tuple[Point, ...]
    digest: str


BUY: Final = int(Side.BUY)
SELL: Final = int(Side.SELL)
