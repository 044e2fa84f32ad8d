"""Replay 重放: the commands of a journal, run again, must give the very events that it holds.

The engine is an argument (anything with `process(commands) -> (events, consumed)`, the book's interface), so that the
journal knows no exchange. Events are compared byte for byte, checksums aside.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from yunhai.journal.errors import REPLAY_DIFFERS, refusal
from yunhai.journal.facts import FACT_KIND, Fact
from yunhai.journal.reader import Group, Reader
from yunhai.kernel.records import RECORD
from yunhai.native import _journal

FIRST_EVENT_KIND: Final = 32
_PLAIN: Final = np.dtype((np.void, RECORD.itemsize))


class Processor(Protocol):
    """What replay needs of an engine: events (a view valid until the next call) and how many commands were used."""

    def process(self, commands: NDArray[np.void]) -> tuple[NDArray[np.void], int]: ...


@dataclass(frozen=True, slots=True)
class Replayed:
    """`missing`: events of the last command that a crash kept from the journal; append them before going on."""

    sequence: int
    commands: int
    events: int
    facts: int
    missing: NDArray[np.void]


def _commands_of(records: NDArray[np.void]) -> NDArray[np.void]:
    """The commands among the records, contiguous. As plain bytes: NumPy copies named fields one by one."""
    chosen = records.view(_PLAIN)[records["kind"] < FIRST_EVENT_KIND]
    return chosen.view(RECORD)


class _Comparison:
    """Feeds commands to the engine and holds what comes out against the journal."""

    def __init__(self, engine: Processor) -> None:
        self._engine = engine
        self._waiting: NDArray[np.void] = np.zeros(0, RECORD)
        self.commands = 0
        self.events = 0

    def feed(self, records: NDArray[np.void], first_sequence: int) -> None:
        """Trading records of one group; a command's events may reach over from the group before."""
        held = len(self._waiting)
        if held:
            known = min(held, len(records))
            self._same(self._waiting[:known], records[:known], first_sequence)
            self._waiting = self._waiting[known:]
            records, first_sequence = records[known:], first_sequence + known
        commands = _commands_of(records)
        done = 0
        while len(commands):
            events, consumed = self._engine.process(commands)
            if consumed == 0:
                raise refusal(REPLAY_DIFFERS, "the engine takes no command", sequence=first_sequence + done)
            known = min(len(events), len(records) - done)
            self._same(events[:known], records[done : done + known], first_sequence + done)
            done += known
            self._waiting = events[known:].copy()
            commands = commands[consumed:]
            self.commands += consumed
            if len(self._waiting) and len(commands):
                raise refusal(REPLAY_DIFFERS, "the engine gives more events", sequence=first_sequence + done)
        if done < len(records):
            raise refusal(REPLAY_DIFFERS, "the journal holds more events", sequence=first_sequence + done)

    def _same(self, made: NDArray[np.void], held: NDArray[np.void], first_sequence: int) -> None:
        self.events += len(held)
        place = _journal.first_difference(made, held)
        if place >= 0:
            raise refusal(REPLAY_DIFFERS, "an event differs", sequence=first_sequence + place)

    def missing(self) -> NDArray[np.void]:
        return self._waiting


def replay(
    place: str | Path | _journal.SimDisk,
    engine: Processor,
    *,
    from_sequence: int = 1,
    on_fact: Callable[[int, Fact], None] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Replayed:
    """Run the journal's commands from `from_sequence` (a group's first) on through `engine`; 3031 at the first difference.

    `on_fact` is called for each fact before any later command runs: it may set books up.
    """
    comparison = _Comparison(engine)
    facts = 0
    reader = Reader(place, from_sequence)
    for group in reader.ahead():
        for sequence, records, fact in _pieces(group):
            if fact is not None:
                facts += 1
                if on_fact is not None:
                    on_fact(sequence, fact)
            else:
                comparison.feed(records, sequence)
        if progress is not None:
            progress(group.last_sequence)
    return Replayed(reader.last_sequence(), comparison.commands, comparison.events, facts, comparison.missing())


def _pieces(group: Group) -> list[tuple[int, NDArray[Any], Fact | None]]:
    """The group cut at its facts: runs of trading records and single facts, in order."""
    records = group.records()
    marks = np.flatnonzero(records["kind"] == FACT_KIND)
    if not len(marks):
        return [(group.first_sequence, records, None)]
    facts = dict(group.facts())
    pieces: list[tuple[int, NDArray[Any], Fact | None]] = []
    begin = 0
    for mark in marks:
        if mark > begin:
            pieces.append((group.first_sequence + begin, records[begin:mark], None))
        sequence = group.first_sequence + int(mark)
        pieces.append((sequence, records[mark : mark + 1], facts[sequence]))
        begin = int(mark) + 1
    if begin < len(records):
        pieces.append((group.first_sequence + begin, records[begin:], None))
    return pieces
