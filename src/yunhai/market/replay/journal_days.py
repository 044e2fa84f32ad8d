"""The days of our own journal as sources 日誌各交易日.

A journal holds facts and instructions between its trading records, and everybody's. `JournalDays` reads it once, front to back,
and lays each day's public events (`events.py`) into a flat file, with an index of how far it has read; asked again it goes on
there. So a day of millions of events opens at once, by mapping its file, and the day that runs now has every event that was durable
when it was asked for. The files are made of the journal and can be deleted at any time. Several processes may share the
folder: whoever reads on holds its lock, and who wants a day that is over does not wait for it.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec
import numpy as np
from msgspec.structs import replace

from yunhai.exchange.rules.loader import load_pack
from yunhai.exchange.rules.pack import RulePack
from yunhai.journal.facts import Fact
from yunhai.journal.files import make_folder, whole_file
from yunhai.journal.reader import Group, Reader
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.records import RECORD, SIZE
from yunhai.market.replay.errors import SOURCE_UNFIT, SOURCE_UNKNOWN
from yunhai.market.replay.events import Events, public_events
from yunhai.market.replay.source import Listing, Source, SourceKind
from yunhai.trading import facts
from yunhai.trading.books import steps
from yunhai.trading.core.packing import Events as Run
from yunhai.trading.core.packing import Told, pieces, starts_of, trading_records
from yunhai.trading.facts import DayOpened, DayStep, PackPublished
from yunhai.trading.market import plan_of

PREFIX: Final = "journal/"
_WANTED: Final = np.array([facts.NUMBERS[kind] for kind in (DayOpened, DayStep, PackPublished)], np.uint16)
_VERSION: Final = 1
_INDEX: Final = "index.json"
_AT_ONCE: Final = 64 << 20
"""Bytes of events after which they are written, so that a long journal is never in memory as a whole."""


class DayEntry(msgspec.Struct, kw_only=True):
    """One day of the index. `name` the date, a number after it where a date was opened again; `events`: how many its file
    holds; `closed`: the venue has finished, nothing follows."""

    name: str
    date: str
    offset: int
    listings: list[tuple[int, str, str, int, int, bool, int]]
    events: int = 0
    closed: bool = False


class _Index(msgspec.Struct, kw_only=True):
    """`sequence`: the last record of the journal that was read."""

    version: int = _VERSION
    journal: bytes = b""
    sequence: int = 0
    packs: dict[str, bytes] = {}
    days: dict[str, DayEntry] = {}


class JournalDays:
    """The days of the journal at `journal`, laid out in `folder`, which is made when it is first needed. Safe for threads."""

    def __init__(self, journal: Path, folder: Path) -> None:
        self._journal = journal
        self._folder = folder
        self._index = _Index()
        self._reader: Reader | None = None
        self._parts: dict[str, list[bytes]] = {}
        self._pending = 0
        self._reading = threading.Lock()
        self._known = b""  # the id of the journal that was read last

    def days(self) -> tuple[DayEntry, ...]:
        """Every day that the journal holds by now, oldest first. YunhaiError 3001-3007 as of the journal, OSError."""
        return tuple(self._refresh().values())

    def source(self, day: str) -> Source:
        """A day (YYYY-MM-DD) as far as it is durable by now. SOURCE_UNKNOWN, SOURCE_UNFIT, OSError."""
        entry = self._over(day) or self._refresh().get(day)
        if entry is None:
            raise YunhaiError(SOURCE_UNKNOWN, source=PREFIX + day[:40])
        events: Events = np.zeros(0, RECORD)
        if entry.events:
            mapped = np.memmap(self._path(day), np.uint8, "r", shape=(entry.events * SIZE,))
            events = np.asarray(mapped).view(RECORD)
        return Source(
            id=PREFIX + day,
            kind=SourceKind.JOURNAL,
            day=date.fromisoformat(entry.date),
            offset=entry.offset,
            listings=tuple(_listing(one) for one in entry.listings),
            events=events,
        )

    # -- reading on --------------------------------------------------------------------------------------------------

    def _path(self, day: str) -> Path:
        return self._folder / f"{day}.events"

    def _over(self, day: str) -> DayEntry | None:
        """A day that is over as the folder's index has it, if that is of the journal that was read here before."""
        held = self._held()
        entry = held.days.get(day)
        if entry is None or not entry.closed or not held.journal or held.journal != self._known:
            return None
        return entry if _size(self._path(day)) >= entry.events * SIZE else None

    def _refresh(self) -> dict[str, DayEntry]:
        """Read what the journal has grown by; its days then, none if there is no journal yet."""
        if not self._journal.is_dir() or not any(self._journal.iterdir()):
            return {}
        make_folder(self._folder)
        with self._reading, self._locked():
            self._load()
            began = self._index.sequence
            reader = self._open()
            while (group := reader.next()) is not None:
                self._take(group)
                if self._pending >= _AT_ONCE:
                    self._save()
            if self._index.sequence != began:
                self._save()
            self._known = self._index.journal
            return {name: replace(entry) for name, entry in self._index.days.items()}

    @contextmanager
    def _locked(self) -> Iterator[None]:
        handle = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _load(self) -> None:
        """The index as it stands in the folder: another process may have read on, or this one broken off in the middle."""
        self._parts, self._pending = {}, 0
        held = self._held()
        if any(one.events and _size(self._path(day)) < one.events * SIZE for day, one in held.days.items()):
            held = _Index()
        if held.sequence != self._index.sequence:
            self._reader = None
        self._index = held

    def _held(self) -> _Index:
        """What stands in the folder; an empty one if that is nothing, or of another version."""
        try:
            held = msgspec.json.decode((self._folder / _INDEX).read_bytes(), type=_Index)
        except (OSError, msgspec.MsgspecError):
            return _Index()
        return held if held.version == _VERSION else _Index()

    def _open(self) -> Reader:
        if self._reader is None:
            self._reader = Reader(self._journal, self._index.sequence + 1, follow=True)
            if self._reader.journal_id() != self._index.journal:
                known, self._index = self._index, _Index(journal=self._reader.journal_id())
                if known.sequence:
                    self._reader = Reader(self._journal, 1, follow=True)
        return self._reader

    def _save(self) -> None:
        for day, parts in self._parts.items():
            with self._appending(day) as file:
                file.writelines(parts)
                file.flush()
                os.fsync(file.fileno())
                self._index.days[day].events = file.tell() // SIZE
        self._parts, self._pending = {}, 0
        with whole_file(self._folder / _INDEX, mode=0o600) as file:
            file.write(msgspec.json.encode(self._index))

    def _appending(self, day: str) -> BinaryIO:
        """The day's file, behind what the index knows: a process that died in its write may have left more. A file that is
        begun again is a new one, since another process may have the old one mapped."""
        if not self._index.days[day].events:
            self._path(day).unlink(missing_ok=True)
        handle = os.open(self._path(day), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        file = os.fdopen(handle, "r+b")
        file.truncate(self._index.days[day].events * SIZE)
        file.seek(0, os.SEEK_END)
        return file

    def _take(self, group: Group) -> None:
        """One commit group; only one with a fact that matters is taken apart."""
        start = self._index.sequence + 1
        _, heads = starts_of(group)
        if start <= group.first_sequence and not np.isin(group.slots["code"][heads], _WANTED).any():
            self._events(trading_records(group)[1])
        else:
            for piece in pieces(group, start):
                if isinstance(piece, Run):
                    self._events(piece.records)
                elif isinstance(piece, Told):
                    self._fact(piece.fact)
        self._index.sequence = group.last_sequence

    def _events(self, records: Events) -> None:
        if not len(records) or not self._index.days:
            return
        found = public_events(records)
        if len(found):
            self._parts.setdefault(next(reversed(self._index.days)), []).append(found.tobytes())
            self._pending += found.nbytes

    def _fact(self, told: Fact) -> None:
        if told.number not in _WANTED:
            return
        fact = facts.decode(told.number, told.content)
        if isinstance(fact, PackPublished):
            self._index.packs[fact.pack] = fact.toml
        elif isinstance(fact, DayOpened):
            self._opened(fact)
        elif isinstance(fact, DayStep) and fact.step == steps.CLOSED:
            for entry in self._index.days.values():
                entry.closed = entry.closed or entry.date == fact.date

    def _opened(self, fact: DayOpened) -> None:
        day = fact.date
        count = 1
        while day in self._index.days:  # a date that was opened again: a rehearsal
            count += 1
            day = f"{fact.date}.{count}"
        pack = self._pack(fact)
        plan = plan_of(fact, pack)
        self._index.days[day] = DayEntry(
            name=day,
            date=fact.date,
            offset=pack.utc_offset,
            listings=[
                (
                    number,
                    place.code,
                    place.program.segment.value,
                    place.config.lot,
                    place.config.reference,
                    place.config.shuffle,
                    place.config.seed if place.config.shuffle else 0,
                )
                for number, place in enumerate(plan.books)
            ],
        )

    def _pack(self, fact: DayOpened) -> RulePack:
        packs = self._index.packs
        if fact.pack not in packs:
            reason, reason_zh = f"its rule pack {fact.pack} is not published", f"規則包 {fact.pack} 未公布"
            raise YunhaiError(SOURCE_UNFIT, source=PREFIX + fact.date, reason=reason, reason_zh=reason_zh)
        return load_pack(packs[fact.pack], base=packs.get)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _listing(told: Any) -> Listing:
    book, code, segment, lot, reference, shuffle, seed = told
    return Listing(book=book, code=code, segment=segment, lot=lot, reference=reference, shuffle=shuffle, seed=seed)
