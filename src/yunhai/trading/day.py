"""The market day 市場日 as resumable steps: open, close, settle.

Closing a day runs `STEPS` (names of `yunhai.trading.books.steps`) in order; settling a date is one step for each date.
Each step is a fact that is durable before the next begins, is taken once, and stands in the books: whoever runs a closing
again, after a crash or twice at once, does what is left. A step moves nothing but by its fact, so a reader that applies
the facts comes to the same balances.

`closed` lets the venue finish (its records are journaled like any others), what waits for a line is dropped; `expired`
releases whatever is still open; `day_trade_tax` gives tax back. Then a snapshot is made.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from yunhai.kernel.clock import date_of, market_time, parse_date
from yunhai.kernel.errors import YunhaiError
from yunhai.trading.books import commands as wishes
from yunhai.trading.books import steps
from yunhai.trading.books.changes import unsettled_dates
from yunhai.trading.core import errors
from yunhai.trading.core.commands import keep
from yunhai.trading.core.core import Core
from yunhai.trading.core.market_day import OpenDay
from yunhai.trading.facts import DayOpened, DayStep

log: Final = structlog.get_logger("yunhai.core.day")
STEPS: Final = steps.STEPS
Between = Callable[[str], None]
"""Called after each durable step with its name: a test's place to crash."""


def _nothing(step: str) -> None:
    pass


async def open_day(core: Core, opened: DayOpened, *, at: str = "") -> int:
    """Open a market day; the fact's sequence. The same fact again, while that day is open, gives its sequence again.

    DAY_ALREADY_OPEN another day is open; 6420 the last one is not finished, 6421, 6422, 6425; CLOCK_NOT_DRIVEN for `at` of
    a live clock; 2202-2207, 2510-2512 of the plan."""
    core.require_ready()
    before = core.books.day
    if core.day is not None and before is not None:
        if before.date != opened.date:
            raise YunhaiError(errors.DAY_ALREADY_OPEN, date=before.date)
        await core.appender.settled()
        return before.sequence
    wishes.open_day(core.books, opened)
    first_number = core.books.number + 1
    pack, _ = core.books.published_pack(opened.pack, opened.pack_sha256)
    day = OpenDay(opened, pack, first_number=first_number, orders=core.settings.orders, ids=core.settings.ids)
    begin = market_time(parse_date(opened.date), 0, offset=pack.utc_offset)
    if core.clock.kind == "live":
        today = date_of(core.clock.now(), offset=pack.utc_offset).isoformat()
        if at or today != opened.date:
            raise YunhaiError(errors.CLOCK_NOT_DRIVEN, clock="live")
    else:
        moment = day.at(at) if at else begin
        core.clock.forward(moment)
    sequence = keep(core, opened, 0)
    core.day, core.first_number = day, first_number
    core.deciding.day_began()
    core.advance()
    core.arm()
    await core.appender.settled()
    log.info("opened", date=opened.date, securities=len(opened.listed), sequence=sequence)
    return sequence


async def close_day(core: Core, date: str = "", *, by: int = 0, between: Between = _nothing) -> tuple[str, list[str]]:
    """Close the open day, or finish its closing, for the person `by`: (date, steps done by this call).

    DAY_NOT_OPEN if there is none (or another than `date`), DAY_NOT_OVER of a live clock before the market's end."""
    core.require_ready()
    async with core.day_lock:
        day = core.books.day
        if day is None or (date and day.date != date):
            raise YunhaiError(errors.DAY_NOT_OPEN)
        done: list[str] = []
        for step in STEPS:
            if step in core.day_steps:
                continue
            if step == steps.CLOSED:
                _finish(core)
                core.dispatch.pool.clear()  # at once: while the step becomes durable, nothing may go to a finished venue
                core.dispatch.times.clear()
            await _step(core, day.date, step, by)
            if step == steps.CLOSED:
                core.day = None
                core.deciding.day_began()
            done.append(step)
            between(step)
        if done:
            await core.snapshot()
            log.info("closed", date=day.date)
        return day.date, done


def _finish(core: Core) -> None:
    """Run the venue's day to its end; the clock goes there too, unless it is live."""
    day = core.open_day()
    if core.clock.kind == "live":
        core.advance()
        if day.venue.next_due() is not None:
            raise YunhaiError(errors.DAY_NOT_OVER)
        return
    day.venue.finish()
    core.keep_events(day.taken())
    core.clock.forward(day.venue.now)


async def _step(core: Core, date: str, step: str, by: int) -> None:
    wanted = wishes.take_step(core.books, DayStep(date=date, step=step, by=by, wall_ns=core.wall()))
    if wanted.fact is not None:
        keep(core, wanted.fact, wanted.tenant)
    await core.appender.settled()
    await asyncio.sleep(0)


async def settle(core: Core, date: str, *, by: int = 0, between: Between = _nothing) -> tuple[str, list[str]]:
    """Settle whatever is due on `date`, earlier dates first: (date, steps done by this call).

    6424 of a day that is not closed, SETTLEMENT_EARLY of a live clock before that date. A demo or driven clock moves there.
    Settled before: no step."""
    core.require_ready()
    if core.clock.kind == "live" and date > (today := date_of(core.clock.now()).isoformat()):
        raise YunhaiError(errors.SETTLEMENT_EARLY, date=date, today=today)
    async with core.day_lock:
        due = [each for each in unsettled_dates(core.books) if each <= date]
        last = core.books.last_date
        done: list[str] = []
        for each in due:
            step = steps.settled(each)
            wishes.take_step(core.books, DayStep(date=last, step=step))
            if core.clock.kind != "live" and core.day is None:
                core.clock.forward(market_time(parse_date(each)))
            await _step(core, last, step, by)
            done.append(step)
            between(step)
        if done:
            await core.snapshot()
        return date, done
