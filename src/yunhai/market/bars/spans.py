"""Where a bar's span begins, on the market's own clock.

Spans of less than a day are laid on the local clock from midnight on, so that 09:00 begins one of every width. Days, weeks
(from Monday) and months are those of the *session's* date, which a night session does not share with the calendar: their
bars begin at local midnight of that date, Monday or first of the month.

A trade at the very end of a span belongs to the next. One that closes a session (at its end, or within the minutes by which
a close may be put off) belongs to the session's last bar: it is placed one nanosecond before the end.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from yunhai.kernel.clock import DAY, HOUR, MINUTE, SECOND, TAIPEI_OFFSET
from yunhai.kernel.errors import YunhaiError
from yunhai.market.lake.errors import QUESTION_WRONG

_MONDAY: Final = 3
"""1970-01-01 was a Thursday: so many days after a Monday."""


@dataclass(frozen=True, slots=True)
class Span:
    """A bar's width. `ns` of those within a day, 0 of days and longer. `base`: the stored width it is folded from."""

    name: str
    zh: str
    ns: int
    base: str


SPANS: Final = {
    span.name: span
    for span in (
        Span("1s", "1 秒", SECOND, "1s"),
        Span("5s", "5 秒", 5 * SECOND, "1s"),
        Span("15s", "15 秒", 15 * SECOND, "1s"),
        Span("30s", "30 秒", 30 * SECOND, "1s"),
        Span("1m", "1 分", MINUTE, "1m"),
        Span("5m", "5 分", 5 * MINUTE, "1m"),
        Span("15m", "15 分", 15 * MINUTE, "1m"),
        Span("30m", "30 分", 30 * MINUTE, "1m"),
        Span("60m", "60 分", HOUR, "1m"),
        Span("1d", "日", 0, "1d"),
        Span("1w", "週", 0, "1d"),
        Span("1mo", "月", 0, "1d"),
    )
}


def span_named(name: str) -> Span:
    """A span by its name. YunhaiError 7456."""
    found = SPANS.get(name)
    if found is None:
        known = ", ".join(SPANS)
        raise YunhaiError(
            QUESTION_WRONG, reason=f"no span {name!r}, but {known}", reason_zh=f"沒有 {name!r}，只有 {known}"
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionClock:
    """A market's clock: from UTC by `offset` ns, and when sessions end: (end, until) as ns since local midnight.

    A trade at `end` or later, but before `until`, closes that session.
    """

    offset: int = TAIPEI_OFFSET
    ends: tuple[tuple[int, int], ...] = ()

    def placed(self, times: NDArray[np.int64]) -> NDArray[np.int64]:
        """Market times as their spans take them: closing trades just before the end of their session."""
        placed = times
        for end, until in self.ends:
            of_day = (times + self.offset) % DAY
            closing = (of_day >= end) & (of_day < until)
            if closing.any():
                placed = np.where(closing, times - of_day + end - 1, placed)
        return placed

    def days(self, times: NDArray[np.int64]) -> NDArray[np.int64]:
        """Local calendar dates, as days since 1970."""
        return np.asarray((times + self.offset) // DAY, np.int64)


BOARD_CLOCK: Final = SessionClock(ends=((13 * HOUR + 30 * MINUTE, 13 * HOUR + 40 * MINUTE),))
"""Taiwan's board lots: the close of 13:30, put off to 13:33 where it is."""
FUTURES_CLOCK: Final = SessionClock(
    ends=((5 * HOUR, 5 * HOUR + MINUTE), (13 * HOUR + 45 * MINUTE, 13 * HOUR + 46 * MINUTE))
)
"""TAIFEX: the night session ends at 05:00, the day session at 13:45."""


def starts(span: Span, placed: NDArray[np.int64], days: NDArray[np.int64], *, offset: int) -> NDArray[np.int64]:
    """The beginning of each trade's span. `placed`: times by `SessionClock.placed`; `days`: session dates since 1970."""
    if span.ns:
        local = placed + offset
        return np.asarray(local - local % span.ns - offset, np.int64)
    first = days
    if span.name == "1w":
        first = days - (days + _MONDAY) % 7
    elif span.name == "1mo":
        first = days.astype("datetime64[D]").astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return np.asarray(first * DAY - offset, np.int64)
