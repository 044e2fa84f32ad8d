"""Small files for the lake's tests, and a lake of them. Dates are trading days unless a test says otherwise."""

import gzip
from datetime import date
from pathlib import Path

from yunhai.exchange.calendar import Closure, TradingCalendar, overlaid
from yunhai.kernel.clock import EPOCH, market_time
from yunhai.market.importers.importing import Imported, import_file
from yunhai.market.lake.reading import Lake

NT = 10_000
NOW = int(market_time(date(2026, 11, 23)))

DAILY = "stock_code,trade_date,open,high,low,close,volume"
WEEK = (
    "2330,2026-08-17,100,110,95,105,1000",
    "2330,2026-08-18,105,112,104,111.5,2000",
    "2330,2026-08-19,111,111,100,101,3000",
    "2330,2026-08-20,101,103,101,102,4000",
    "2330,2026-08-21,102,104,99.5,103,5000",
    "1101,2026-08-20,42,43,41.5,42.05,100",
    "1101,2026-08-21,42,42.5,42,42.1,200",
)
"""Clean daily bars, lines 2 to 8 of their file."""


def day(text: str) -> int:
    """Local midnight of a date, as `start_ns`."""
    return int(market_time(date.fromisoformat(text)))


def weekdays(first: date, last: date) -> TradingCalendar:
    """A calendar of weekdays without 2024-10-31, the day of a typhoon: what the real one says of these dates, in no time."""
    numbers = range(first.toordinal(), last.toordinal() + 1)
    days = (date.fromordinal(number) for number in numbers)
    return overlaid((each for each in days if each.weekday() < 5), [Closure(day=date(2024, 10, 31), reason="typhoon")])


def write(path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    """A file of lines, packed if its name says so."""
    data = "".join(f"{line}\n" for line in lines).encode(encoding)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def take(lake: Path, path: Path, *, now_ns: int = NOW, **how: object) -> Imported:
    """Import a file under the small calendar."""
    return import_file(lake, path, now_ns=now_ns, calendar=weekdays, **how)  # type: ignore[arg-type]


def lake_of_a_week(folder: Path) -> Lake:
    take(folder / "lake", write(folder / "week.csv", DAILY, *WEEK))
    return Lake(folder / "lake")


def closes(lake: Lake, code: str, **how: object) -> dict[str, float]:
    """A security's closes in NT$ by date."""
    rows = lake.bars(code, **how)  # type: ignore[arg-type]
    return {
        date.fromordinal(
            EPOCH.toordinal() + (int(row["start_ns"]) + 8 * 3600 * 10**9) // (86_400 * 10**9)
        ).isoformat(): int(row["close"]) / NT
        for row in rows
    }
