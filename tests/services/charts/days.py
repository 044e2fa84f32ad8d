"""A security's days by a rule that a reader can follow: prices that walk by a seeded step, without a gap, without dirt."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

from yunhai.market.importers.importing import import_file

HEADER = "stock_code,trade_date,open,high,low,close,volume"
CENT = 100
NOW_NS = 1_790_000_000_000_000_000


@dataclass(frozen=True, slots=True)
class Day:
    """Prices in 1/100 NT$."""

    on: date
    open: int
    high: int
    low: int
    close: int
    volume: int

    def row(self, code: str) -> str:
        prices = ",".join(
            f"{price // CENT}.{price % CENT:02}" for price in (self.open, self.high, self.low, self.close)
        )
        return f"{code},{self.on.isoformat()},{prices},{self.volume}"


def days(count: int, *, last: date, seed: int = 7, close: int = 60_000) -> list[Day]:
    """So many weekdays up to `last`."""
    chance = Random(seed)
    found = []
    for on in reversed(list(_weekdays(count, last))):
        opened = max(1_000, close + chance.randint(-300, 300))
        now = max(1_000, opened + chance.randint(-900, 900))
        high, low = max(opened, now) + chance.randint(0, 300), min(opened, now) - chance.randint(0, 300)
        found.append(Day(on, opened, high, low, now, chance.randint(1_000, 40_000) * 1_000))
        close = now
    return found


def _weekdays(count: int, last: date) -> Iterator[date]:
    on = last
    while count:
        if on.weekday() < 5:
            yield on
            count -= 1
        on -= timedelta(days=1)


def write(folder: Path, code: str, made: list[Day]) -> Path:
    """As a CSV of the layout daily-bars."""
    path = folder / f"{code}.csv"
    path.write_text("\n".join([HEADER, *(day.row(code) for day in made)]) + "\n")
    return path


def bring(lake: Path, folder: Path, code: str, made: list[Day]) -> None:
    """Into a lake."""
    import_file(lake, write(folder, code, made), now_ns=NOW_NS)
