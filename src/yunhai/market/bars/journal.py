"""Our own journal's days as trades 日誌成交: what the venue recorded, by book, for bars.

A trade is a TRADE record (docs/reference/records.md §3); trial matches are records of another kind and so no trades. Each
segment of a security is a book of its own, so odd lots never touch the board lots' bars. Which book is which security's
comes from the day's fact and the rule pack that the journal holds, as for every other reader; so do the ends of sessions.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from yunhai.exchange.rules.loader import load_pack
from yunhai.exchange.rules.pack import RulePack
from yunhai.journal.facts import decode as decode_head
from yunhai.journal.reader import Group, Reader
from yunhai.kernel.clock import EPOCH, MINUTE, parse_date
from yunhai.kernel.records import Kind
from yunhai.market.bars.making import BAR, TICK, ticks
from yunhai.market.bars.running import RunningBars, Tape
from yunhai.market.bars.spans import SessionClock, Span
from yunhai.trading import facts
from yunhai.trading.books.steps import CLOSED
from yunhai.trading.core.packing import starts_of, trading_records
from yunhai.trading.facts import DayOpened, DayStep, PackPublished
from yunhai.trading.market import plan_of

_WANTED: Final = tuple(facts.NUMBERS[kind] for kind in (PackPublished, DayOpened, DayStep))
LATE_CLOSE: Final = 10 * MINUTE
"""A close put off comes within so long of the session's end."""


@dataclass(slots=True)
class JournalDay:
    """One market day's trades. `codes` and `segments` by book; `trades` TICK rows whose `security` is the book; `closed`
    the venue had finished. `first`, `last`: the journal's sequences of the day."""

    date: str
    codes: NDArray[Any]
    segments: NDArray[Any]
    offset: int
    first: int
    last: int = 0
    closed: bool = False
    trades: NDArray[np.void] = field(default_factory=lambda: np.empty(0, TICK))


class _Day:
    """A day while it is read: its trades so far, in the journal's order."""

    def __init__(self, sequence: int, opened: DayOpened, pack: RulePack) -> None:
        plan = plan_of(opened, pack)
        self.made = JournalDay(
            date=opened.date,
            codes=np.array([place.code for place in plan.books], object),
            segments=np.array([place.program.segment.value for place in plan.books], object),
            offset=pack.utc_offset,
            first=sequence,
        )
        self.places = {(place.code, place.program.segment.value): book for book, place in enumerate(plan.books)}
        self._number = (parse_date(opened.date) - EPOCH).days
        self._names, self._segment = np.unique(self.made.segments.astype(str), return_inverse=True)
        ends = {name.value: max(span.end for span in segment.spans) for name, segment in pack.segments.items()}
        self._clocks = [
            SessionClock(offset=pack.utc_offset, ends=((ends[str(name)], ends[str(name)] + LATE_CLOSE),))
            for name in self._names
        ]
        self.tape = Tape()
        self.bars = RunningBars(self.tape, offset=pack.utc_offset)

    def take(self, records: NDArray[np.void]) -> None:
        found = records[records["kind"] == Kind.TRADE]
        if not len(found):
            return
        segment = self._segment[found["book"]]
        made = np.empty(len(found), TICK)
        for number in np.unique(segment):
            chosen = segment == number
            part = found[chosen]
            made[chosen] = ticks(
                self._clocks[int(number)],
                security=part["book"],
                times=part["time"],
                prices=part["price"].astype(np.int64),
                quantities=part["quantity"].astype(np.int64),
                days=np.full(len(part), self._number),
            )
        self.tape.put(made)

    def ended(self, sequence: int) -> JournalDay:
        """The day as it stands at `sequence`: its trades by segment, so that its bytes do not depend on how it was read."""
        trades = self.tape.whole()
        self.made.last = sequence
        self.made.trades = trades[np.argsort(self._segment[trades["security"]], kind="stable")]
        return self.made


class TradingDays:
    """A journal's market days, commit group by commit group. `packs` are the rules that the journal has published so far;
    `running` the day whose trades are coming, or that closed last."""

    def __init__(self, packs: Mapping[str, bytes] | None = None) -> None:
        self.packs = dict(packs or {})
        self._day: _Day | None = None

    @property
    def running(self) -> JournalDay | None:
        return None if self._day is None else self._day.made

    def bars(
        self, code: str, segment: str, span: Span, *, since_ns: int = 0
    ) -> tuple[JournalDay, NDArray[np.void]] | None:
        """The running day and one of its books' bars so far, those that begin at `since_ns` or later; None before any day.

        May be asked while another thread takes groups. YunhaiError 7458, 7456.
        """
        day = self._day
        if day is None:
            return None
        book = day.places.get((code, segment))
        return day.made, np.empty(0, BAR) if book is None else day.bars.of(book, span, since_ns=since_ns)

    def take(self, group: Group) -> list[JournalDay]:
        """Take a group; the days that it ends: closed, or another one was opened. YunhaiError 2202-2207, 2510-2512."""
        sequences, records = trading_records(group)
        ended: list[JournalDay] = []
        done = 0
        for sequence, fact in _facts(group):
            upto = int(np.searchsorted(sequences, sequence))
            self._trade(records[done:upto])
            done = upto
            match fact:
                case PackPublished():
                    self.packs[fact.pack] = fact.toml
                case DayOpened():
                    if self._day is not None and not self._day.made.closed:
                        ended.append(self._day.ended(sequence - 1))
                    self._day = _Day(sequence, fact, load_pack(self.packs[fact.pack], base=self.packs.get))
                case DayStep() if fact.step == CLOSED and self._day is not None and not self._day.made.closed:
                    self._day.made.closed = True
                    ended.append(self._day.ended(sequence))
                case _:
                    pass
        self._trade(records[done:])
        return ended

    def _trade(self, records: NDArray[np.void]) -> None:
        if self._day is not None and not self._day.made.closed and len(records):
            self._day.take(records)

    def rest(self, sequence: int) -> JournalDay | None:
        """The day that is still open at `sequence`, the journal's last."""
        return None if self._day is None or self._day.made.closed else self._day.ended(sequence)


def journal_days(journal: Path) -> Iterator[JournalDay]:
    """The market days of a journal, in order; the last one may not be closed. YunhaiError 3001-3007, 2202-2207, 2510-2512."""
    days = TradingDays()
    last = 0
    for group in Reader(journal):
        yield from days.take(group)
        last = group.last_sequence
    rest = days.rest(last)
    if rest is not None:
        yield rest


def _facts(group: Group) -> Iterator[tuple[int, facts.Decided]]:
    """The facts of a group that say which day and which rules it is."""
    starts, heads = starts_of(group)
    for slot in heads[np.isin(group.slots["code"][heads], _WANTED)].tolist():
        found = decode_head(group.slots[slot:])
        yield group.first_sequence + int(np.searchsorted(starts, slot)), facts.decode(found.number, found.content)
