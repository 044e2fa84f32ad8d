"""Our own journal's days as trades 日誌成交: what the venue recorded, by book, for bars.

A trade is a TRADE record (docs/reference/records.md §3); trial matches are records of another kind and so no trades. Each
segment of a security is a book of its own, so odd lots never touch the board lots' bars. Which book is which security's
comes from the day's fact and the rule pack that the journal holds, as for every other reader; so do the ends of sessions.
"""

from collections.abc import Iterator
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
from yunhai.kernel.records import RECORD, Kind
from yunhai.market.bars.making import TICK, ticks
from yunhai.market.bars.spans import SessionClock
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
    chain: str = ""
    closed: bool = False
    trades: NDArray[np.void] = field(default_factory=lambda: np.empty(0, TICK))


class _Day:
    """A day while it is read."""

    def __init__(self, sequence: int, opened: DayOpened, pack: RulePack) -> None:
        plan = plan_of(opened, pack)
        self.made = JournalDay(
            date=opened.date,
            codes=np.array([place.code for place in plan.books], object),
            segments=np.array([place.program.segment.value for place in plan.books], object),
            offset=pack.utc_offset,
            first=sequence,
        )
        self._number = (parse_date(opened.date) - EPOCH).days
        ends = {name.value: max(span.end for span in segment.spans) for name, segment in pack.segments.items()}
        self._clocks = {
            name: SessionClock(offset=pack.utc_offset, ends=((end, end + LATE_CLOSE),)) for name, end in ends.items()
        }
        self._parts: list[NDArray[np.void]] = []

    def take(self, records: NDArray[np.void]) -> None:
        self._parts.append(records[records["kind"] == Kind.TRADE])

    def ended(self, sequence: int, chain: str) -> JournalDay:
        self.made.last, self.made.chain = sequence, chain
        records = np.concatenate(self._parts) if self._parts else np.empty(0, RECORD)
        book = records["book"]
        made = []
        for segment in np.unique(self.made.segments[book].astype(str)) if len(book) else []:
            chosen = records[self.made.segments[book] == segment]
            made.append(
                ticks(
                    self._clocks[str(segment)],
                    security=chosen["book"],
                    times=chosen["time"],
                    prices=chosen["price"].astype(np.int64),
                    quantities=chosen["quantity"].astype(np.int64),
                    days=np.full(len(chosen), self._number),
                )
            )
        if made:
            self.made.trades = np.concatenate(made)
        return self.made


def journal_days(journal: Path) -> Iterator[JournalDay]:
    """The market days of a journal, in order; the last one may not be closed. YunhaiError 3001-3007, 2202-2207, 2510-2512."""
    packs: dict[str, bytes] = {}
    day: _Day | None = None
    last, chain = 0, ""
    for group in Reader(journal):
        sequences, records = trading_records(group)
        done = 0
        for sequence, fact in _facts(group):
            upto = int(np.searchsorted(sequences, sequence))
            if day is not None:
                day.take(records[done:upto])
            done = upto
            match fact:
                case PackPublished():
                    packs[fact.pack] = fact.toml
                case DayOpened():
                    if day is not None:
                        yield day.ended(sequence - 1, chain)
                    day = _Day(sequence, fact, load_pack(packs[fact.pack], base=packs.get))
                case DayStep() if fact.step == CLOSED and day is not None:
                    day.made.closed = True
                case _:
                    pass
        if day is not None:
            day.take(records[done:])
        last, chain = group.last_sequence, group.chain.hex()
    if day is not None:
        yield day.ended(last, chain)


def _facts(group: Group) -> Iterator[tuple[int, facts.Decided]]:
    """The facts of a group that say which day and which rules it is."""
    starts, heads = starts_of(group)
    for slot in heads[np.isin(group.slots["code"][heads], _WANTED)].tolist():
        found = decode_head(group.slots[slot:])
        yield group.first_sequence + int(np.searchsorted(starts, slot)), facts.decode(found.number, found.content)
