"""Daily bars 日線: what a security did on the day of a report, and its close before it.

The file (`stock_code,trade_date,open,high,low,close,volume`, CSV, plain or gzip) holds every security and years of
days; only the lines of the wanted codes are looked at. Its prices come from a third party and are rounded: a bar whose
open, high, low and close contradict each other is not used.
"""

import gzip
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from yunhai.apps.day import failures
from yunhai.apps.day.path import Bar
from yunhai.kernel.errors import YunhaiError

HEADER: Final = b"stock_code,trade_date,open,high,low,close,volume"
OLDEST: Final = timedelta(days=14)
"""A close older than this is no previous close: the longest holiday is shorter."""
FILE_BYTES: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class History:
    """What the bars say of one security: the bar of the day and the close before it (1/10,000 NT$), None if absent."""

    bar: Bar | None
    previous_close: int | None


def read_history(path: Path, codes: Iterable[str], day: date) -> dict[str, History]:
    """The history of each code. YunhaiError 4001 if the file cannot be read or is not a file of daily bars."""
    try:
        content = path.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise YunhaiError(failures.FILE_UNREADABLE, reason=f"{path}: {error}") from error
    if not content.startswith(HEADER):
        raise YunhaiError(failures.FILE_UNREADABLE, reason=f"{path}: the first row is not {HEADER.decode()}")
    return {code: _history(_lines_of(content, code), day) for code in codes}


def _lines_of(content: bytes, code: str) -> Iterator[bytes]:
    """The lines that begin with the code, wherever in the file they are."""
    start = b"\n" + code.encode() + b","
    at = content.find(start)
    while at >= 0:
        end = content.find(b"\n", at + 1)
        end = len(content) if end < 0 else end
        yield content[at + 1 : end]
        at = end if content.startswith(start, end) else content.find(start, end)


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
        values = [int(Decimal(field.decode()) * 10_000) for field in fields]
    except (InvalidOperation, UnicodeDecodeError, ValueError, OverflowError):
        return None
    if len(values) != 4 or min(values) <= 0 or max(values) >= 2**31:
        return None
    opened, high, low, closed = values
    return (opened, high, low, closed) if low <= min(opened, closed) and max(opened, closed) <= high else None
