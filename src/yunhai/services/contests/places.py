"""Where a day that is traded on paper stands: by the clock of a contest or of a practice, or by what is durable of the running day.

The one place that sets where in the day an instruction comes, so that nobody looks ahead.
"""

import time
from dataclasses import dataclass
from typing import Final

from yunhai.kernel.errors import YunhaiError
from yunhai.market.paper.words import Rules
from yunhai.market.replay.source import Source
from yunhai.services.contests import sources
from yunhai.services.contests.errors import OUTSIDE_HOURS
from yunhai.services.contests.models import Contest, OverDay, Practice
from yunhai.services.contests.rules import Clock, Draft, at_text

LOOK_BACK_NS: Final = 1_000_000_000
"""While a clock runs, what is shown is a second of wall time old: instructions that are being written come in before it."""


def wall_now() -> int:
    """Wall time, ns."""
    return time.time_ns()


def fill(row: OverDay, draft: Draft) -> None:
    """The day, securities, hours and money of a draft, its clock standing at the beginning."""
    row.source, row.codes, row.odd_lots = draft.source, list(draft.codes), draft.odd_lots
    row.start_cash, row.fee = draft.cash, draft.fee
    row.begins_ns, row.ends_ns = draft.begins, draft.ends
    row.clock_at_ns, row.clock_wall_ns, row.clock_speed = draft.begins, 0, 0


def clock_of(row: OverDay) -> Clock:
    """The clock of a contest or practice over a replayed day."""
    return Clock(at=row.clock_at_ns, wall=row.clock_wall_ns, speed=row.clock_speed, end=row.ends_ns)


def turn(row: OverDay, *, speed: int | None = None, to: int | None = None) -> None:
    """Start, pause (speed 0) or move a clock forward, as of now. CLOCK_WRONG."""
    clock = clock_of(row).set(wall_now(), speed=speed, to=to)
    row.clock_at_ns, row.clock_wall_ns, row.clock_speed = clock.at, clock.wall, clock.speed


def market_now(row: Contest | Practice) -> int:
    """The market time that everybody in it is at."""
    if row.live:
        source = sources.opened(row.source)
        return min(source.time_of(len(source)), row.ends_ns)
    return clock_of(row).now(wall_now())


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A position in a day, and the market time it stands for."""

    source: Source
    position: int
    now: int


def place_of(row: Contest | Practice, *, to_order: bool = False) -> Place:
    """Where it stands: now, to place an order; else as it is shown. CONTEST_SOURCE_UNFIT."""
    source = sources.opened(row.source, fresh=to_order and row.live)
    if row.final_position is not None:
        return Place(source=source, position=row.final_position, now=source.time_of(row.final_position))
    if row.live:
        now = source.time_of(len(source))
        return Place(source=source, position=min(len(source), source.position_at(row.ends_ns)), now=now)
    back = 0 if to_order or not row.clock_speed else LOOK_BACK_NS
    now = clock_of(row).now(wall_now() - back)
    return Place(source=source, position=source.position_at(now), now=now)


def place_to_order(row: Contest | Practice) -> Place:
    """The place at which an instruction comes now. OUTSIDE_HOURS, CONTEST_SOURCE_UNFIT."""
    place = place_of(row, to_order=True)
    if not row.begins_ns <= place.now < row.ends_ns:
        offset = place.source.offset
        raise YunhaiError(
            OUTSIDE_HOURS,
            now=at_text(place.now, offset),
            begins=at_text(row.begins_ns, offset),
            ends=at_text(row.ends_ns, offset),
        )
    return place


def rules_over(row: OverDay, source: Source) -> Rules:
    """What its accounts begin with and pay. CONTEST_SOURCE_UNFIT."""
    return sources.rules_of(source, cash=row.start_cash, codes=tuple(row.codes), fee=row.fee, odd_lots=row.odd_lots)
