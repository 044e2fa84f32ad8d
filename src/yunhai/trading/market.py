"""The market as the gate sees it: what may be traded today, at which prices, in which lots and in which phase.

Built once a day from the venue's plan (`yunhai.exchange.venue_config.DayPlan`) and the `DayOpened` fact that the plan was
made of. The phase of a book and the close of a security come from the venue when they are asked for: `phase_of` and
`close_of` are whatever the core has, a book that is not there yet is in phase before and a close that is not known is 0.
"""

from array import array
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from yunhai.exchange.rules.pack import RulePack
from yunhai.exchange.rules.words import PriceBasis
from yunhai.exchange.venue_config import DayPlan, plan_day
from yunhai.kernel.records import Phase
from yunhai.trading.books.charges import traded
from yunhai.trading.facts import DayOpened, Listed
from yunhai.trading.words import Segment

PhaseOf = Callable[[int], int]
"""The phase of a book by its number."""
CloseOf = Callable[[str], int]
"""Today's close of a security, 1/10,000 NT$; 0 if there is none yet."""

_KINDS: Final = {0: 0, 3: 1, 4: 2}


def kind_bit(order_type: int, time_in_force: int) -> int:
    """The bit of an order's kind in `BookRules.allowed` (docs/concepts/matching.md §2)."""
    return 1 << ((order_type - 1) * 3 + _KINDS[time_in_force])


@dataclass(frozen=True, slots=True, kw_only=True)
class BookRules:
    """One book: its number at the venue, lots, prices and what is taken in each phase.

    `prices` ascending; of a fixed-price book empty: its one price is the close.
    """

    book: int
    segment: Segment
    lot: int
    max_quantity: int
    prices: "array[int]"
    allowed: tuple[int, ...]
    actions: tuple[int, ...]
    fixed_price: bool

    def neighbours(self, price: int) -> tuple[int, int]:
        """The nearest valid prices below and above one off the tick; 0 where there is none."""
        place = bisect_left(self.prices, price)
        below = self.prices[place - 1] if place else 0
        above = self.prices[place] if place < len(self.prices) else 0
        return below, above

    def on_tick(self, price: int) -> bool:
        place = bisect_left(self.prices, price)
        return place < len(self.prices) and self.prices[place] == price


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """A security of the day with its books by segment."""

    code: str
    listed: Listed
    books: dict[int, BookRules]


def _no_close(_: str) -> int:
    return 0


class Market:
    """Today's securities. `plan` is the venue's own, so that book numbers agree."""

    __slots__ = ("close_of", "date", "opened", "phase_of", "plan", "securities")

    def __init__(self, plan: DayPlan, opened: DayOpened, *, phase_of: PhaseOf, close_of: CloseOf = _no_close) -> None:
        self.plan = plan
        self.opened = opened
        self.date = opened.date
        self.phase_of = phase_of
        self.close_of = close_of
        self.securities: dict[str, Security] = {
            listed.code: Security(code=listed.code, listed=listed, books={}) for listed in opened.listed
        }
        ladders: dict[int, array[int]] = {}  # one array for all segments of a security: the plan shares them too
        for number, place in enumerate(plan.books):
            config = place.config
            fixed = plan.pack.segments[place.program.segment].price_basis is PriceBasis.CLOSING_PRICE
            if id(config.prices) not in ladders:
                ladders[id(config.prices)] = array("i", config.prices.tobytes())
            segment = Segment.of(place.program.segment.value)
            self.securities[place.code].books[int(segment)] = BookRules(
                book=number,
                segment=segment,
                lot=config.lot,
                max_quantity=config.max_quantity,
                prices=array("i") if fixed else ladders[id(config.prices)],
                allowed=config.allowed,
                actions=config.actions,
                fixed_price=fixed,
            )

    def phase(self, rules: BookRules) -> Phase:
        """The phase of a book now."""
        return Phase(self.phase_of(rules.book))


def plan_of(opened: DayOpened, pack: RulePack) -> DayPlan:
    """The venue's plan of a day's fact. YunhaiError 2202-2207, 2510-2512, 6425 (a kind that is none)."""
    instruments = [traded(listed) for listed in opened.listed]
    return plan_day(pack=pack, day=date.fromisoformat(opened.date), instruments=instruments, seed=opened.seed)
