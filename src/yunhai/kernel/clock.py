"""Market time: nanoseconds, Taipei dates and times of day by integer arithmetic, and the virtual clock.

Nothing here reads the machine's clock. Time comes in as commands; `VirtualClock` only keeps it from running backwards.
Taipei has been UTC+8 without summer time since 1980, so that dates and times of day are plain division; another
market's offset comes from its rule pack (`Market.utc_offset_minutes`).
"""

from datetime import date, time, timedelta
from typing import Final, NewType

from yunhai.kernel.errors import YunhaiError

TimeOfDay = NewType("TimeOfDay", int)
"""Nanoseconds since local midnight, 0 <= t <= 86,400 × 10^9 (24:00 ends a span)."""
MarketTime = NewType("MarketTime", int)
"""Nanoseconds since 1970-01-01 00:00 UTC, market time."""

SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
TAIPEI_OFFSET: Final = 8 * HOUR
EPOCH: Final = date(1970, 1, 1)
FIRST_DATE: Final = date(1962, 2, 9)
"""The exchange's first trading day."""
LAST_DATE: Final = date(2200, 12, 31)

_DIGITS: Final = frozenset("0123456789")


def market_time(day: date, at: int = 0, *, offset: int = TAIPEI_OFFSET) -> MarketTime:
    """The moment `at` ns after local midnight of `day`."""
    return MarketTime((day - EPOCH).days * DAY + at - offset)


def date_of(moment: int, *, offset: int = TAIPEI_OFFSET) -> date:
    return EPOCH + timedelta(days=(moment + offset) // DAY)


def time_of_day(moment: int, *, offset: int = TAIPEI_OFFSET) -> TimeOfDay:
    return TimeOfDay((moment + offset) % DAY)


def ns_of(value: time) -> TimeOfDay:
    """A `datetime.time` (local, no zone) as ns since midnight."""
    return TimeOfDay(value.hour * HOUR + value.minute * MINUTE + value.second * SECOND + value.microsecond * 1_000)


def parse_time(text: str) -> TimeOfDay:
    """ "09:00" or "13:29:30" as ns since midnight. YunhaiError 2105."""
    parts = text.split(":")
    if len(parts) not in (2, 3) or any(len(part) != 2 or not _DIGITS.issuperset(part) for part in parts):
        raise YunhaiError(2105, text=text)
    hour, minute, second = (int(part) for part in [*parts, "00"][:3])
    if hour > 23 or minute > 59 or second > 59:
        raise YunhaiError(2105, text=text)
    return TimeOfDay(hour * HOUR + minute * MINUTE + second * SECOND)


def parse_date(text: str) -> date:
    """ "2026-07-29" or "20260729" between the exchange's first day and 2200. YunhaiError 2104."""
    digits = text.replace("-", "") if len(text) == 10 and text[4] == text[7] == "-" else text
    if len(digits) != 8 or not _DIGITS.issuperset(digits):
        raise YunhaiError(2104, text=text)
    try:
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        raise YunhaiError(2104, text=text) from None
    if not FIRST_DATE <= day <= LAST_DATE:
        raise YunhaiError(2104, text=text)
    return day


def time_text(at: int) -> str:
    """HH:MM, with seconds and a fraction only where there are any."""
    seconds, fraction = divmod(at, SECOND)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}"
    if seconds % 60 or fraction:
        text += f":{seconds % 60:02d}"
    return f"{text}.{fraction:09d}".rstrip("0") if fraction else text


def moment_text(moment: int, *, offset: int = TAIPEI_OFFSET) -> str:
    return f"{date_of(moment, offset=offset)} {time_text(time_of_day(moment, offset=offset))}"


class VirtualClock:
    """Market time that only goes forward. `refusal`: the error of whoever keeps the clock, told `time` and `now`."""

    __slots__ = ("_now", "_refusal")

    def __init__(self, now: int = 0, *, refusal: int = 1003) -> None:
        self._now = now
        self._refusal = refusal

    @property
    def now(self) -> MarketTime:
        return MarketTime(self._now)

    def require(self, moment: int) -> None:
        """The refusal if `moment` is before now."""
        if moment < self._now:
            raise YunhaiError(self._refusal, time=moment, now=self._now)

    def advance(self, moment: int) -> None:
        """Set the clock to `moment`. The refusal, and nothing changed, if that is before now."""
        self.require(moment)
        self._now = moment
