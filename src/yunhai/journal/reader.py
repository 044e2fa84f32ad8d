"""Reading a journal: groups of records as NumPy arrays, each proven before it is given out."""

import contextlib
import fcntl
import os
import queue
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from yunhai.journal.errors import raise_fault
from yunhai.journal.facts import FACT_KIND, Fact, decode, slots_of
from yunhai.kernel.clock import SECOND
from yunhai.kernel.records import RECORD
from yunhai.native import _journal

SETTLED_NS: Final = 2 * SECOND
"""A file that was not changed for as long before it was read tells every later change by its time: clocks of files tick slowly."""
Stamp = tuple[int, int, int, int]
"""Of the folder and of a segment when they were changed, wall ns; of the segment its size and inode."""
_LOCK: Final = struct.Struct("@hhqqi4x")  # struct flock: type, whence, start, length (0: all of it), pid


def _is_written(folder: Path) -> bool:
    """Whether a writer holds the journal. Asking takes no lock. OSError."""
    try:
        file = os.open(folder / "writer.lock", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        asked = _LOCK.pack(fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0)
        held: int = _LOCK.unpack(fcntl.fcntl(file, fcntl.F_OFD_GETLK, asked))[0]
        return held != fcntl.F_UNLCK
    finally:
        os.close(file)


@dataclass(frozen=True, slots=True)
class Group:
    """One commit group. `slots` holds the records, a fact's content following its head.

    `wall_ns` is wall time, the records' `time` is market time. `chain` is the journal's hash after this group.
    """

    first_sequence: int
    count: int
    wall_ns: int
    number: int
    segment: str
    offset: int
    chain: bytes
    slots: NDArray[np.void]

    @property
    def last_sequence(self) -> int:
        return self.first_sequence + self.count - 1

    def starts(self) -> NDArray[np.int64]:
        """The slot of each record: the n-th is that of sequence `first_sequence + n`."""
        if self.count == len(self.slots):
            return np.arange(self.count, dtype=np.int64)
        starts = np.empty(self.count, np.int64)
        slot = 0
        for record in range(self.count):
            starts[record] = slot
            slot += slots_of(self.slots[slot])
        return starts

    def records(self) -> NDArray[np.void]:
        """The records without the facts' contents, one row a sequence."""
        return self.slots if self.count == len(self.slots) else self.slots[self.starts()]

    def facts(self) -> Iterator[tuple[int, Fact]]:
        """(sequence, fact) of each fact in the group."""
        if self.count == len(self.slots) and not (self.slots["kind"] == FACT_KIND).any():
            return
        for record, start in enumerate(self.starts()):
            if int(self.slots[start]["kind"]) == FACT_KIND:
                yield self.first_sequence + record, decode(self.slots[start:])

    def place_of(self, sequence: int) -> tuple[str, int]:
        """(segment file, byte offset) of a record."""
        start = int(self.starts()[sequence - self.first_sequence])
        return self.segment, self.offset + _journal.GROUP_HEADER + start * RECORD.itemsize


class Reader:
    """Reads a journal from front to back, or from the segment that holds `from_sequence`.

    Starting at 0 proves the whole journal; starting later trusts the segment's stated beginning. A writer may be at
    work meanwhile: what it is writing this moment is not taken for damage (`tail()` says `living`), and with `follow`
    nothing is given out that it has not made durable; call `next` again later for more, as often as you like: of a journal
    that nobody writes the end is read twice, and after that its files are asked only whether they were changed. Damage
    raises 3003-3007 with the record's place, after everything before it was given out.
    """

    def __init__(self, place: str | Path | _journal.SimDisk, from_sequence: int = 0, *, follow: bool = False) -> None:
        folder = place if isinstance(place, _journal.SimDisk) else str(place)
        try:
            self._native = _journal.Reader(folder, from_sequence, follow=follow)
        except _journal.Fault as fault:
            raise_fault(fault)
        self._from = from_sequence
        self._last: Group | None = None
        self._folder = Path(place) if follow and not isinstance(place, _journal.SimDisk) else None
        self._at_end = False
        self._quiet: Stamp | None = None

    def next(self) -> Group | None:
        """The next group, None at the end (for now)."""
        stamp = self._stamp() if self._at_end else None
        if stamp is not None and stamp == self._quiet:
            return None
        self._at_end, self._quiet = False, None
        while True:
            try:
                found = self._native.next()
            except _journal.Fault as fault:
                raise_fault(fault)
            if found is None:
                self._at_end = self._folder is not None
                if stamp is not None and time.time_ns() - max(stamp[:2]) > SETTLED_NS and stamp == self._stamp():
                    self._quiet = stamp
                return None
            first, count, wall_ns, number, segment, offset, chain, raw = found
            if first + count > self._from:
                self._last = Group(first, count, wall_ns, number, segment, offset, chain, raw.view(RECORD))
                return self._last

    def _stamp(self) -> Stamp | None:
        """What the folder and the segment read last look like from outside; None if that cannot be told, or while a writer
        lives: what it has written becomes durable without a trace in the files."""
        assert self._folder is not None
        try:
            if _is_written(self._folder):
                return None
            folder, segment = self._folder.stat(), (self._folder / self.tail()["segment"]).stat()
        except OSError:
            return None
        return folder.st_mtime_ns, segment.st_mtime_ns, segment.st_size, segment.st_ino

    def __iter__(self) -> Iterator[Group]:
        while (group := self.next()) is not None:
            yield group

    def ahead(self, groups: int = 8) -> Iterator[Group]:
        """The same groups, read and proven by a thread that keeps up to `groups` of them ready.

        Proving runs outside Python's lock, so it costs the consumer nothing while there is a second processor.
        """
        ready: queue.Queue[Group | BaseException | None] = queue.Queue(groups)
        left = threading.Event()

        def fill() -> None:
            found: Group | BaseException | None = None
            try:
                for found in self:
                    ready.put(found)
                    if left.is_set():
                        return
                found = None
            except BaseException as error:  # noqa: BLE001 - handed to the consumer, who raises it
                found = error
            ready.put(found)

        thread = threading.Thread(target=fill, name="journal reader", daemon=True)
        thread.start()
        try:
            while (found := ready.get()) is not None:
                if isinstance(found, BaseException):
                    raise found
                yield found
        finally:
            left.set()
            while thread.is_alive():
                with contextlib.suppress(queue.Empty):
                    ready.get(timeout=0.01)
            thread.join()

    def tail(self) -> "_journal.TailFacts":
        """What stands after the last good group, once `next` has returned None."""
        return self._native.tail()

    def last(self) -> Group | None:
        """The group that `next` gave last."""
        return self._last

    def last_sequence(self) -> int:
        """The last sequence read."""
        return self._native.next_sequence() - 1

    def last_group(self) -> int:
        """The number of the last group read, an empty closing group included."""
        return self._native.next_group() - 1

    def chain(self) -> bytes:
        return self._native.chain()

    def journal_id(self) -> bytes:
        return self._native.journal_id()

    def secret(self) -> bytes:
        """What the salts of the journal's leaves are made of. It never leaves the house."""
        return self._native.secret()

    def parts(self) -> list[tuple[int, int, bytes]]:
        """(tenant, its slots, its digest) of the group that `next` gave last, ascending by tenant."""
        return self._native.parts()

    def segments(self) -> int:
        return self._native.segments()

    def absorb_tenants(self) -> None:
        """Advance the tenants' chains by the group just read."""
        self._native.absorb_tenants()

    def tenant_heads(self) -> dict[int, bytes]:
        return self._native.tenant_heads()

    def run(self, *, tenants: bool = False) -> int:
        """Prove the rest without handing it out; the last sequence."""
        try:
            return self._native.run(tenants)
        except _journal.Fault as fault:
            raise_fault(fault)


def read(
    place: str | Path | _journal.SimDisk,
    from_sequence: int = 1,
    *,
    tenant: int | None = None,
    kinds: tuple[int, ...] | None = None,
) -> Iterator[tuple[NDArray[np.uint64], NDArray[Any]]]:
    """(sequences, records) group by group from `from_sequence` on, of one tenant or some kinds if asked."""
    for group in Reader(place, from_sequence):
        records = group.records()
        sequences = np.arange(group.first_sequence, group.first_sequence + group.count, dtype=np.uint64)
        chosen = sequences >= from_sequence
        if tenant is not None:
            chosen &= records["tenant"] == tenant
        if kinds is not None:
            chosen &= np.isin(records["kind"], kinds)
        if chosen.all():
            yield sequences, records
        elif chosen.any():
            yield sequences[chosen], records[chosen]
