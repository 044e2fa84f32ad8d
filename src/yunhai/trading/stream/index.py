"""An index of the market, weighted by capitalisation 發行量加權, and its closing level of every day.

A day's level is `previous × worth ÷ base`: `worth` the sum of last price × shares issued of every member, `base` the same at
the day's references, `previous` the level at which the day before closed (docs/concepts/index.md). The exchange lowers a
reference by what an ex-right or ex-dividend day takes, and a member that comes or goes stands in both sums, so that neither
moves the level. Sums are exact integers; a level has six decimals of a point.

Opens, highs and lows are of the value at each market second's end, not of every trade: an opening auction matches a thousand
books at one moment, and half of them are no market. So they do not depend on how the journal was cut into groups.

`Levels` keeps the closing levels in a file. It is a cache: what is missing in it is worked out from the journal.
"""

import os
import struct
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import structlog
from numpy.typing import NDArray

from yunhai.exchange.rules.words import SegmentName
from yunhai.exchange.venue_config import DayPlan
from yunhai.journal.reader import Reader
from yunhai.kernel.clock import SECOND
from yunhai.kernel.records import Kind
from yunhai.trading import facts
from yunhai.trading.books.steps import CLOSED
from yunhai.trading.core.packing import Accepted, Events, Told, pieces
from yunhai.trading.facts import DayOpened, DayStep
from yunhai.trading.stream.issues import Issues, issues_of
from yunhai.trading.words import Action, Segment

log: Final = structlog.get_logger("yunhai.stream")
POINT: Final = 1_000_000
BASE: Final = 1_000 * POINT
"""The level before the first day."""
MEMBER: Final = "stock"
"""Only common stocks are members."""
_TRADE: Final = int(Kind.TRADE)
_MINUTE: Final = 60 * SECOND
_ACCEPTED: Final = struct.Struct("<xBH2xB37xI144x12s")  # action, code, segment, book, security of an INSTRUCTION
_NEW_ON_BOARD: Final = (int(Action.NEW), 0, int(Segment.BOARD))


def level_text(level: int) -> str:
    """A level with two decimals, rounded half up."""
    hundredths = (2 * level + POINT // 100) // (2 * (POINT // 100))
    return f"{hundredths // 100}.{hundredths % 100:02}"


def members(opened: DayOpened, plan: DayPlan, issues: Issues) -> dict[int, tuple[int, int]]:
    """(reference, shares) of each member by the number of its board-lot book."""
    listed = {one.code: one for one in opened.listed if one.kind == MEMBER}
    return {
        number: (listed[place.code].reference, issues.rows[place.code].shares)
        for number, place in enumerate(plan.books)
        if place.program.segment is SegmentName.BOARD and place.code in listed and place.code in issues.rows
    }


class Index:
    """One day of the index. `previous` the closing level before it."""

    def __init__(self, members: Mapping[int, tuple[int, int]], previous: int) -> None:
        self.previous = previous
        self.members = len(members)
        self._shares = {book: shares for book, (_, shares) in members.items()}
        self._last = {book: reference for book, (reference, _) in members.items()}
        self.base = sum(reference * shares for reference, shares in members.values())
        self.worth = self.base
        self._second = -1
        self._moved = False
        self.open = self.high = self.low = 0
        self.minutes: dict[int, int] = {}
        """Level at the end of the last second with a trade in each minute, by the minute's beginning (market ns)."""

    @property
    def level(self) -> int:
        """Now; `previous` before the first trade, or if nothing is a member."""
        if not self.base:
            return self.previous
        return (2 * self.previous * self.worth + self.base) // (2 * self.base)

    def take(self, times: list[int], books: list[int], prices: list[int]) -> None:
        """Trades in journal order, by columns."""
        shares, last = self._shares, self._last
        for time, book, price in zip(times, books, prices, strict=True):
            if time // SECOND != self._second:
                self.end_second()
                self._second = time // SECOND
            held = shares.get(book)
            if held is not None:
                self.worth += (price - last[book]) * held
                last[book] = price
                self._moved = True

    def span(self) -> tuple[int, int, int]:
        """(open, high, low) as they are shown: with what the running second has made of the index; 0 before the first trade."""
        if not self._moved:
            return self.open, self.high, self.low
        level = self.level
        return self.open or level, max(self.high, level), min(self.low or level, level)

    def end_second(self) -> None:
        """The running second is over: what the index is now counts for open, high and low."""
        if not self._moved:
            return
        self._moved = False
        level = self.level
        self.open = self.open or level
        self.high = max(self.high, level)
        self.low = min(self.low, level) if self.low else level
        self.minutes[self._second * SECOND // _MINUTE * _MINUTE] = level


def trades_of(records: NDArray[np.void]) -> tuple[list[int], list[int], list[int]]:
    """(times, books, prices) of the trades among trading records."""
    chosen = np.flatnonzero(records["kind"] == _TRADE)
    times, books, prices = (records[name][chosen].tolist() for name in ("time", "book", "price"))
    return times, books, prices


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """The level at which a day closed; `sequence` of the journal's record that says so."""

    date: str
    level: int
    sequence: int


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The file. `read_to`: the journal was read up to here."""

    read_to: int
    days: tuple[Level, ...]


_DECODER: Final = msgspec.json.Decoder(Kept)


class Levels:
    """Closing levels, oldest first. `file` None: they are kept in memory only."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._days: dict[str, Level] = {}
        self._read_to = 0
        if file is not None and file.is_file():
            try:
                kept = _DECODER.decode(file.read_bytes())
            except (OSError, msgspec.MsgspecError) as problem:
                log.warning("index", reason=str(problem))  # worked out again
            else:
                self._days = {one.date: one for one in kept.days}
                self._read_to = kept.read_to

    @property
    def days(self) -> tuple[Level, ...]:
        return tuple(self._days[date] for date in sorted(self._days))

    def before(self, date: str) -> int:
        """The level before a day (YYYY-MM-DD)."""
        earlier = [one for one in self._days if one < date]
        return self._days[max(earlier)].level if earlier else BASE

    def add(self, found: Level) -> None:
        """A day closed. The same again changes nothing."""
        known = self._days.get(found.date)
        if known == found and found.sequence <= self._read_to:
            return
        self._days[found.date] = found
        self._read_to = max(self._read_to, found.sequence)
        self._keep()

    def complete(self, journal: Path, until: int) -> None:
        """Work out the days that closed up to sequence `until` and are not known. YunhaiError 3003-3007."""
        if self._read_to >= until:
            return
        for found in closes(journal, self._read_to + 1, until, self.before):
            self._days[found.date] = found
        self._read_to = until
        self._keep()

    def _keep(self) -> None:
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        aside = self._file.with_suffix(f".{os.getpid()}")
        aside.write_bytes(msgspec.json.encode(Kept(read_to=self._read_to, days=self.days)))
        aside.replace(self._file)


def closes(journal: Path, start: int, until: int, before: Callable[[str], int]) -> Iterator[Level]:
    """The closing level of every day that opens and closes in records `start` to `until`. `before(date)` is asked when a day
    opens: by then the days given out earlier must be known to it. Which book is whose is told by the day's accepted orders, so
    that no rule pack of an old day is needed."""
    reader = Reader(journal, start, follow=True)
    index: Index | None = None
    places: dict[str, int] = {}
    books: dict[int, int] = {}
    while (group := reader.next()) is not None:
        for piece in pieces(group, start):
            if isinstance(piece, Told):
                fact = facts.decode(piece.fact.number, piece.fact.content) if piece.fact.number in _DAYS else None
                if isinstance(fact, DayOpened) and piece.sequence <= until:
                    held, places, books = *_by_place(fact), {}
                    index = Index(held, before(fact.date))
                elif isinstance(fact, DayStep) and fact.step == CLOSED and index is not None:
                    yield Level(date=fact.date, level=index.level, sequence=piece.sequence)
                    index = None
            elif index is None:
                continue
            elif isinstance(piece, Accepted):
                *what, book, code = _ACCEPTED.unpack_from(piece.record)
                if tuple(what) == _NEW_ON_BOARD:
                    books[book] = places.get(code.rstrip(b"\0").decode(), -1)
            elif isinstance(piece, Events):
                times, traded, prices = trades_of(piece.records)
                index.take(times, [books.get(book, -1) for book in traded], prices)
        if group.last_sequence >= until:
            return


def _by_place(opened: DayOpened) -> tuple[dict[int, tuple[int, int]], dict[str, int]]:
    """Members by their places in a day's list, and the places by code."""
    issued = issues_of(opened.date).rows
    places = {one.code: place for place, one in enumerate(opened.listed) if one.kind == MEMBER and one.code in issued}
    held = {place: (opened.listed[place].reference, issued[code].shares) for code, place in places.items()}
    return held, places


_DAYS: Final = (facts.NUMBERS[DayOpened], facts.NUMBERS[DayStep])
