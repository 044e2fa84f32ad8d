"""Trading days 交易日: a calendar's sessions less the closures that no calendar foresaw.

A typhoon shuts the market by a morning's announcement, so that closures are dated data laid over the calendar.
Reading either is `yunhai.apps.reference_data`'s part.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from yunhai.kernel.errors import YunhaiError


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """A day on which the market was shut although the calendar has it."""

    day: date
    reason: str


@dataclass(frozen=True, slots=True)
class TradingCalendar:
    """Trading days, ascending, and why the missing ones among the calendar's are missing."""

    days: tuple[date, ...]
    closures: tuple[Closure, ...] = ()

    def is_open(self, day: date) -> bool:
        place = bisect_left(self.days, day)
        return place < len(self.days) and self.days[place] == day

    def require_open(self, day: date) -> None:
        """YunhaiError 2210 if the market is shut on `day`, with the reason where it is known."""
        if not self.is_open(day):
            known = [(closure.reason, closure.reason) for closure in self.closures if closure.day == day]
            usual = ("weekend", "週末") if day.weekday() >= 5 else ("holiday", "休市日")
            reason, reason_zh = known[0] if known else usual
            raise YunhaiError(2210, date=day.isoformat(), reason=reason, reason_zh=reason_zh)

    def shifted(self, day: date, by: int) -> date:
        """The trading day `by` trading days after `day` (before it, if negative).

        From a day without trading, 1 is the next trading day and -1 the one before. YunhaiError 2209 past either end.
        """
        place = bisect_left(self.days, day)
        if by > 0 and not self.is_open(day):
            place -= 1
        place += by
        if not 0 <= place < len(self.days):
            raise YunhaiError(2209, date=f"{day.isoformat()} {by:+d}")
        return self.days[place]


def overlaid(sessions: Iterable[date], closures: Iterable[Closure]) -> TradingCalendar:
    """The calendar of `sessions` without the closed days."""
    closed = tuple(sorted(closures, key=lambda closure: closure.day))
    shut = {closure.day for closure in closed}
    return TradingCalendar(tuple(sorted(day for day in set(sessions) if day not in shut)), closed)
