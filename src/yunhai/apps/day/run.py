"""A planned day goes through the virtual exchange: its books, its timetable, its orders, in the order of time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from yunhai.apps.day.bars import History
from yunhai.apps.day.levels import levels_of
from yunhai.apps.day.plan import Plan, SecurityTerms, make_plan
from yunhai.apps.day.report import Report
from yunhai.apps.day.securities import Security, hours_of, settle_securities
from yunhai.exchange.instruments import Instrument
from yunhai.exchange.rules.pack import RulePack
from yunhai.exchange.rules.words import SegmentName
from yunhai.exchange.venue import Sink, Venue
from yunhai.exchange.venue_config import DayPlan, plan_day
from yunhai.native._book import Engine

BATCH: Final = 16_384
"""Orders handed to the venue at once, between two reports of progress."""
EVENTS_PER_ORDER: Final = 4
LEAST_EVENTS: Final = 1 << 16
FIRST_ORDER_ID: Final = 1
NO_BOOK: Final = 2**32 - 1
"""Odd-lot book of a security whose trading unit is one share: nothing is ever sent there."""

Progress = Callable[[float], None]
"""Told the part done, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """Everything decided before the first order is sent."""

    report: Report
    pack: RulePack
    seed: int
    securities: tuple[Security, ...]
    books: DayPlan
    plan: Plan

    def book_codes(self) -> list[str]:
        """The security of each book number."""
        return [book.code for book in self.books.books]


def prepare(
    report: Report,
    pack: RulePack,
    *,
    listing_of: Callable[[str], Instrument | None],
    history: Mapping[str, History],
    stated: Mapping[str, int],
    seed: int,
) -> Day:
    """Decide the day. RowsRefusedError (4005), YunhaiError 4031, 4032 and those of the pack."""
    securities = settle_securities(
        report, levels_of(report), pack, listing_of=listing_of, history=history, stated=stated
    )
    books = plan_day(
        pack=pack, day=report.date, instruments=[security.for_venue() for security in securities], seed=seed
    )
    number = {(book.code, book.program.segment): at for at, book in enumerate(books.books)}
    terms = [_terms(security, books, number) for security in securities]
    plan = make_plan(report, terms, hours_of(pack, report.date), seed=seed, first_order_id=FIRST_ORDER_ID)
    return Day(report=report, pack=pack, seed=seed, securities=securities, books=books, plan=plan)


def _terms(security: Security, books: DayPlan, number: Mapping[tuple[str, SegmentName], int]) -> SecurityTerms:
    """Lot and cap are the book's own: a pack may set no cap, a security may have a trading unit of its own."""
    code = security.listing.code
    board_book = number[code, SegmentName.BOARD]
    config = books.books[board_book].config
    return SecurityTerms(
        code=code,
        reference=security.reference,
        lot=config.lot,
        cap=config.max_quantity // config.lot * config.lot,
        board_book=board_book,
        odd_book=number.get((code, SegmentName.ODD_LOT), NO_BOOK),
        bar=security.bar,
    )


def trade(day: Day, sink: Sink, *, progress: Progress) -> Venue:
    """Run the day; every event goes to `sink` in order, in arrays valid until it returns. The venue after its close."""
    orders = day.plan.orders
    engine = Engine(
        order_capacity=max(orders.size, 1),
        first_order_id=FIRST_ORDER_ID,
        id_capacity=max(orders.size, 1),
        event_capacity=_largest_answer(day),
    )
    venue = Venue(day.books, engine=engine, sink=sink)
    for start in range(0, orders.size, BATCH):
        venue.process(orders[start : start + BATCH])
        progress(start / orders.size)
    venue.finish()
    progress(1.0)
    return venue


def _largest_answer(day: Day) -> int:
    """Room for the events of one auction: it can fill every order of one price of one book."""
    orders = day.plan.orders
    if not orders.size:
        return LEAST_EVENTS
    place = (orders["book"].astype(np.int64) << 32) | orders["price"]
    _, counts = np.unique(place, return_counts=True)
    return max(LEAST_EVENTS, EVENTS_PER_ORDER * int(counts.max()) + 16)
