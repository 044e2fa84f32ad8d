"""Daily bars 日線: what a security did on the day of a report, and its close before it.

The file (`stock_code,trade_date,open,high,low,close,volume`, CSV, plain or gzip) holds every security and years of
days; only the lines of the wanted codes are looked at. Its prices come from a third party and are rounded: a bar whose
open, high, low and close contradict each other is not used.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

import numpy as np

from yunhai.apps.day import failures, text
from yunhai.apps.day.path import Bar
from yunhai.apps.day.unpacked import NO_ARCHIVE, bound_rows, read_bounded, unpacked, why_unreadable
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import BARS_BYTES_MAX, BARS_ROWS_MAX
from yunhai.kernel.money import SCALE

HEADER: Final = b"stock_code,trade_date,open,high,low,close,volume"
OLDEST: Final = timedelta(days=14)
"""A close older than this is no previous close: the longest holiday is shorter."""
HEAD_BYTES: Final = 7
"""A code of at most six characters and its comma."""


@dataclass(frozen=True, slots=True)
class History:
    """What the bars say of one security: the bar of the day and the close before it (1/10,000 NT$), None if absent."""

    bar: Bar | None
    previous_close: int | None


def read_history(path: Path, codes: Iterable[str], day: date) -> dict[str, History]:
    """The history of each code. YunhaiError 4007 if the file cannot be read or is not a file of daily bars, 4008 too large."""
    try:
        content = unpacked(read_bounded(path, most=BARS_BYTES_MAX), most=BARS_BYTES_MAX)
    except NO_ARCHIVE as error:
        raise YunhaiError(failures.BARS_UNREADABLE, path=path, **why_unreadable(error)) from error
    if not content.startswith(HEADER):
        raise YunhaiError(failures.BARS_UNREADABLE, path=path, reason="other column names", reason_zh="欄名不同")
    bound_rows(content, rows=BARS_ROWS_MAX, columns=HEADER.count(b",") + 1)
    lines = _Lines(content)
    return {code: _history(lines.of(code), day) for code in codes}


class _Lines:
    """The lines of a file by the code they begin with, wherever in the file they are."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        buffer = np.frombuffer(content, np.uint8)
        breaks = np.flatnonzero(buffer == ord("\n"))
        self._starts = breaks + 1
        self._ends = np.append(breaks[1:], len(content))
        self._heads = text.packed(buffer, self._starts, width=HEAD_BYTES)

    def of(self, code: str) -> Iterator[bytes]:
        start = code.encode() + b","
        if len(start) > HEAD_BYTES:
            return
        shift = np.uint64(8 * (HEAD_BYTES - len(start)))
        for at in np.flatnonzero(self._heads >> shift == int.from_bytes(start, "big")):
            yield self._content[self._starts[at] : self._ends[at]]


def _history(lines: Iterable[bytes], day: date) -> History:
    bar, previous, previous_day = None, None, day - OLDEST
    for line in lines:
        fields = line.strip().split(b",")
        try:
            on = date.fromisoformat(fields[1].decode())
        except (IndexError, ValueError):
            continue
        if on > day or on < previous_day:
            continue
        prices = _prices(fields[2:6])
        if prices is None:
            continue
        if on == day:
            bar = Bar(open=prices[0], high=prices[1], low=prices[2], close=prices[3])
        else:
            previous, previous_day = prices[3], on
    return History(bar, previous)


def _prices(fields: list[bytes]) -> tuple[int, int, int, int] | None:
    """Open, high, low, close in 1/10,000 NT$; None if one is no price or they contradict each other."""
    try:
        values = [int(Decimal(field.decode()) * SCALE) for field in fields]
    except (InvalidOperation, UnicodeDecodeError, ValueError, OverflowError):
        return None
    if len(values) != 4 or min(values) <= 0 or max(values) >= 2**31:
        return None
    opened, high, low, closed = values
    return (opened, high, low, closed) if low <= min(opened, closed) and max(opened, closed) <= high else None
