"""From the disk to a state: the newest snapshot that the journal confirms, then everything after it.

Three things come back, each from what is authoritative for it: the books by applying every record after the snapshot,
the open day's venue by running the day's recorded commands again, and market time as the latest that any record tells.
A snapshot holds no venue: the day's records are read from the day's opening on, whatever the snapshot's age.
"""

import ctypes
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from yunhai.journal import snapshots
from yunhai.journal.errors import SNAPSHOT_INVALID, refusal
from yunhai.journal.folder import Place
from yunhai.journal.reader import Group, Reader
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import SNAPSHOTS_KEPT
from yunhai.kernel.records import RECORD
from yunhai.trading import facts
from yunhai.trading.books import steps
from yunhai.trading.books.books import STATE_VERSION as BOOKS_VERSION
from yunhai.trading.books.books import Books
from yunhai.trading.core.market_day import OpenDay, Recorded
from yunhai.trading.core.packing import Accepted, Events, Told, pieces, trading_records
from yunhai.trading.facts import DayOpened, DayStep

STATE_VERSION: Final = 1 << 16 | BOOKS_VERSION
"""Its own, and that of the books inside: a snapshot of earlier books is passed over, and the journal read instead."""
_SUFFIX: Final = ".snapshot"
_LIBC: Final = ctypes.CDLL(None)
_PR_SET_PDEATHSIG: Final = 1
_CHILD_NICE: Final = 5
"""A snapshot is never in a hurry; orders are."""


class CoreState(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot's content. `time`: market time; `first_number`: the open day's first instruction number."""

    version: int
    time: int
    first_number: int
    books: bytes


@dataclass(slots=True)
class Restored:
    """`day` None when no market day is open or its venue has finished; `missing`: events to append before going on.
    `sequence`: the last that was read; `snapshot`: the sequence of the snapshot used, 0 none."""

    books: Books
    time: int
    first_number: int
    day: OpenDay | None
    missing: NDArray[np.void]
    sequence: int
    snapshot: int
    records: int
    compared: int
    seconds: float


def _files(folder: Path) -> list[Path]:
    """Snapshots in a folder, newest first."""
    return sorted(folder.glob(f"*{_SUFFIX}"), reverse=True) if folder.is_dir() else []


def newest(folder: Path, journal: Place, passed_over: Callable[[Path, YunhaiError], None]) -> snapshots.Snapshot | None:
    """The newest snapshot that the journal confirms; each one that is not right is told and passed over."""
    for path in _files(folder):
        try:
            found = snapshots.decode(path.read_bytes())
            if found.journal != Reader(journal).journal_id():
                raise refusal(SNAPSHOT_INVALID, "of another journal", sequence=found.sequence)
            snapshots.check(found, journal)
            _state_of(found)
        except YunhaiError as error:
            passed_over(path, error)
            continue
        return found
    return None


def _state_of(snapshot: snapshots.Snapshot) -> CoreState:
    try:
        state = msgspec.msgpack.decode(snapshot.state, type=CoreState)
    except msgspec.MsgspecError as error:
        raise refusal(SNAPSHOT_INVALID, str(error)) from None
    if state.version != STATE_VERSION:
        raise refusal(SNAPSHOT_INVALID, f"version {state.version}")
    return state


def save(folder: Path, journal: Place, sequence: int, state: CoreState) -> Path:
    """Write a snapshot of the state after `sequence`, which is durable and the last of its group; drop the oldest."""
    reader = Reader(journal, sequence, follow=True)
    for group in reader:
        if group.last_sequence >= sequence:
            break
    last = reader.last()
    if last is None or last.last_sequence != sequence:
        raise refusal(SNAPSHOT_INVALID, "no group ends here", sequence=sequence)
    snapshot = snapshots.Snapshot(
        journal=reader.journal_id(),
        group=last.number,
        sequence=sequence,
        chain=last.chain,
        state=msgspec.msgpack.encode(state),
    )
    path = folder / f"{sequence:020d}{_SUFFIX}"
    snapshots.save(snapshot, path)
    for old in _files(folder)[SNAPSHOTS_KEPT:]:
        old.unlink(missing_ok=True)
    return path


def save_aside(folder: Path, journal: Place, sequence: int, state_of: Callable[[], CoreState]) -> int:
    """Begin `save` in a forked child, which sees the state as it is now while this process goes on; the child's process id.

    Encoding the books of half a million orders takes 0.4 s, for which no order may wait; the fork takes milliseconds. The
    child touches nothing but the journal's files and the snapshot, and dies with its parent. Its exit code is 0 if the
    snapshot stands. OSError if there can be no child."""
    parent = os.getpid()
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == parent:
            os.nice(_CHILD_NICE)
            save(folder, journal, sequence, state_of())
            code = 0
    except BaseException as error:  # noqa: BLE001 the child ends here whatever happened, and never runs its parent's code
        os.write(2, f"snapshot {sequence}: {error!r}\n".encode())
    finally:
        os._exit(code)


class _Reading:
    """One pass over the journal."""

    def __init__(self, books: Books, moment: int, first_number: int, known_to: int) -> None:
        self.books = books
        self.time = moment
        self.first_number = first_number
        self.known_to = known_to
        self.opened: DayOpened | None = None
        self.events: list[Recorded] = []
        self.records = 0

    def read(self, group: Group, start: int) -> None:
        """Apply a group; of one that the snapshot holds whole, only what the venue needs is kept."""
        self.records += group.count
        if group.last_sequence <= self.known_to and self.opened is not None:
            self.events.append(trading_records(group))
            return
        for piece in pieces(group, start):
            match piece:
                case Events():
                    self._events(piece)
                case Accepted():
                    if piece.sequence > self.known_to:
                        self.books.apply_instruction(piece.sequence, piece.time, piece.record)
                        self.time = max(self.time, piece.time)
                case Told():
                    self._fact(piece)

    def _events(self, piece: Events) -> None:
        first = piece.first_sequence
        if self.opened is not None:
            self.events.append((np.arange(first, first + len(piece.records), dtype=np.int64), piece.records))
        records = piece.records[max(0, self.known_to + 1 - first) :]
        if len(records):
            self.books.apply_events(first + len(piece.records) - len(records), records)
            self.time = max(self.time, int(records["time"][-1]))

    def _fact(self, piece: Told) -> None:
        number = piece.fact.number
        if piece.sequence <= self.known_to:
            if number == facts.NUMBERS[DayOpened]:
                self._open(facts.decode(number, piece.fact.content), self.first_number)
            return
        fact = facts.decode(number, piece.fact.content)
        self.books.apply_fact(piece.sequence, piece.fact.time, piece.fact.tenant, fact)
        self.time = max(self.time, piece.fact.time)
        if isinstance(fact, DayOpened):
            self._open(fact, self.books.number + 1)
        elif isinstance(fact, DayStep) and fact.step == steps.CLOSED:
            self._forget()

    def _open(self, opened: facts.Decided, first_number: int) -> None:
        assert isinstance(opened, DayOpened)
        self._forget()
        self.opened, self.first_number = opened, first_number

    def _forget(self) -> None:
        self.opened = None
        self.events = []


def restore(
    journal: Place,
    folder: Path,
    *,
    passed_over: Callable[[Path, YunhaiError], None],
    orders: int,
    ids: int,
) -> Restored:
    """Read a journal (closed, or opened by this process's writer and idle) to its end.

    6440 if a record cannot follow, 3031 if the venue says otherwise than the journal, 3003-3007 damage."""
    began = time.perf_counter()
    snapshot = newest(folder, journal, passed_over)
    if snapshot is None:
        reading = _Reading(Books(), 0, 1, 0)
        start = 1
    else:
        state = _state_of(snapshot)
        reading = _Reading(Books.restore(state.books), state.time, state.first_number, snapshot.sequence)
        day = reading.books.day
        running = day is not None and steps.CLOSED not in day.steps
        start = min(day.sequence, snapshot.sequence + 1) if day is not None and running else snapshot.sequence + 1
    for group in Reader(journal, start).ahead():
        reading.read(group, start)
    open_day, compared, missing = _rebuilt(reading, orders, ids)
    return Restored(
        books=reading.books,
        time=max(reading.time, open_day.venue.now if open_day else 0),
        first_number=reading.first_number,
        day=open_day,
        missing=missing,
        sequence=reading.books.sequence,
        snapshot=snapshot.sequence if snapshot else 0,
        records=reading.records,
        compared=compared,
        seconds=time.perf_counter() - began,
    )


def _rebuilt(reading: _Reading, orders: int, ids: int) -> tuple[OpenDay | None, int, NDArray[np.void]]:
    if reading.opened is None:
        return None, 0, np.zeros(0, RECORD)
    opened = reading.opened
    pack = reading.books.rule_pack(opened.pack, opened.pack_sha256)
    day = OpenDay(opened, pack, first_number=reading.first_number, orders=orders, ids=ids)
    compared, missing = day.rebuild(reading.events)
    return day, compared, missing
