"""Which sources there are, and opening one 來源清單: the journal's days, and the files that somebody laid into a folder.

    replay/l3/PACK/CODE/DATE/      a folder of published orders (docs/guides/replay.md)     l3/sse-2023/600519/2023-02-07
    replay/trades/PRODUCT/DATE.csv[.gz] or .zip   a file of futures trades                  trades/TX/2021-07-26
    (the journal itself)                                                                    journal/2026-08-21

Opened sources are kept, the least recently used ones go. A day of the journal that still runs is opened anew whenever it has
grown, a file whenever it was changed; what was opened before stays as it was. Each source has its own turn: who opens a large one
makes wait whoever wants the same, and nobody else.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from yunhai.exchange.rules.pack import RulePack
from yunhai.kernel.clock import parse_date
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import REPLAY_SOURCES_MAX
from yunhai.market.l3.feed import read_feed
from yunhai.market.replay.errors import DISK_FAILED, SOURCE_UNKNOWN
from yunhai.market.replay.journal_days import PREFIX, JournalDays
from yunhai.market.replay.kept import Keeping
from yunhai.market.replay.link import SOURCE_SHAPE
from yunhai.market.replay.published import published_source
from yunhai.market.replay.source import Source, SourceKind
from yunhai.market.replay.trade_file import trade_source
from yunhai.market.replay.turns import Turns

_ENDINGS: Final = (".csv", ".csv.gz", ".zip")
_Stamp = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A source that can be opened. `closed`: nothing will follow."""

    id: str
    kind: SourceKind
    day: str
    closed: bool = True


@dataclass(frozen=True, slots=True)
class _Held:
    """`stamp` of the files that it was read from; of a journal's day none is needed."""

    source: Source
    keeping: Keeping
    stamp: _Stamp


class Catalogue:
    """The sources of one installation. `packs` gives a rule pack by its id (YunhaiError if there is none). Safe for threads."""

    def __init__(self, journal: Path, folder: Path, packs: Callable[[str], RulePack]) -> None:
        self._folder = folder
        self._packs = packs
        self._days = JournalDays(journal, folder / "journal")
        self._open: OrderedDict[str, _Held] = OrderedDict()
        self._lock = threading.Lock()  # of what is open; held for moments only
        self._turns = Turns()

    def offered(self) -> tuple[Offered, ...]:
        """Every source, the journal's days first, newest first. DISK_FAILED."""
        with _disk():
            days = self._days.days()
            files = [f"l3/{'/'.join(path.parts[-3:])}" for path in sorted(self._folder.glob("l3/*/*/*/"), reverse=True)]
            for path in sorted(self._folder.glob("trades/*/*"), reverse=True):
                if path.name.endswith(_ENDINGS):
                    files.append(f"trades/{path.parent.name}/{path.name.partition('.')[0]}")
        found = [
            Offered(id=PREFIX + one.name, kind=SourceKind.JOURNAL, day=one.date, closed=one.closed)
            for one in days[::-1]
        ]
        for name in dict.fromkeys(files):
            if SOURCE_SHAPE.fullmatch(name):  # others could not be asked for
                found.append(Offered(id=name, kind=SourceKind(name.partition("/")[0]), day=name.rpartition("/")[2]))
        return tuple(found)

    def open(self, source: str) -> tuple[Source, Keeping]:
        """A source and what is kept of it. SOURCE_UNKNOWN, SOURCE_UNFIT, TRADE_ROW, DISK_FAILED, 4101-4106 as of the files."""
        if not SOURCE_SHAPE.fullmatch(source):
            raise YunhaiError(SOURCE_UNKNOWN, source=source[:80])
        with self._turns.of(source), _disk():
            with self._lock:
                held = self._open.pop(source, None)  # one that is gone is not kept any longer
            held = self._day(source, held) if source.startswith(PREFIX) else self._file(source, held)
            with self._lock:
                self._open[source] = held
                while len(self._open) > REPLAY_SOURCES_MAX:
                    self._open.popitem(last=False)
        return held.source, held.keeping

    def _day(self, source: str, held: _Held | None) -> _Held:
        """A day of the journal; the held one if it has not grown and is no other journal's."""
        made = self._days.source(source.removeprefix(PREFIX))
        return held if held is not None and _same(held.source, made) else _Held(made, Keeping(made), ())

    def _file(self, source: str, held: _Held | None) -> _Held:
        """A file's or folder's; the held one if nothing was changed there."""
        path = self._place(source)
        stamp = _stamp(path)
        if held is not None and held.stamp == stamp:
            return held
        made = self._read(source, path)
        return _Held(made, Keeping(made), stamp)

    def _place(self, source: str) -> Path:
        """Where a source lies. SOURCE_UNKNOWN."""
        parts = source.split("/")
        if not any(part in (".", "..") for part in parts):
            if parts[0] == SourceKind.ORDERS and len(parts) == 4 and (folder := self._folder / source).is_dir():
                return folder
            if parts[0] == SourceKind.TRADES and len(parts) == 3:
                for ending in _ENDINGS:
                    if (path := self._folder / (source + ending)).is_file():
                        return path
        raise YunhaiError(SOURCE_UNKNOWN, source=source[:80])

    def _read(self, source: str, path: Path) -> Source:
        kind, *names = source.split("/")
        if kind == SourceKind.TRADES:
            return trade_source(source, path, names[0])
        pack, code, day = names
        return published_source(source, parse_date(day), self._packs(pack), [(code, read_feed(path))])


def _stamp(path: Path) -> _Stamp:
    """Name, size and time of change (ns) of a file, or of all files of a folder."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return tuple((one.name, (told := one.stat()).st_size, told.st_mtime_ns, told.st_ino) for one in files)


@contextmanager
def _disk() -> Iterator[None]:
    """DISK_FAILED for what the operating system says: a full disk is no fault of whoever asks."""
    try:
        yield
    except OSError as problem:
        raise YunhaiError(DISK_FAILED) from problem


def _same(held: Source, made: Source) -> bool:
    """Whether a day is as it was opened; events are only ever added to one."""
    alike = len(held) == len(made) and held.head == made.head
    return alike and held.events[-1:].tobytes() == made.events[-1:].tobytes()
