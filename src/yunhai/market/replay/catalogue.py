"""Which sources there are, and opening one 來源清單: the journal's days, and the files that somebody laid into a folder.

    replay/l3/PACK/CODE/DATE/      a folder of published orders (docs/guides/replay.md)     l3/sse-2023/600519/2023-02-07
    replay/trades/PRODUCT/DATE.csv[.gz] or .zip   a file of futures trades                  trades/TX/2021-07-26
    (the journal itself)                                                                    journal/2026-08-21

Opened sources are kept, the least recently used ones go. A day of the journal that still runs is opened anew whenever it has
grown; what was opened before stays as it was.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from yunhai.exchange.rules.pack import RulePack
from yunhai.kernel.clock import parse_date
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import REPLAY_SOURCES_MAX
from yunhai.market.l3.feed import read_feed
from yunhai.market.replay.errors import SOURCE_UNKNOWN
from yunhai.market.replay.journal_days import PREFIX, JournalDays
from yunhai.market.replay.kept import Keeping
from yunhai.market.replay.link import SOURCE_SHAPE
from yunhai.market.replay.published import published_source
from yunhai.market.replay.source import Source, SourceKind
from yunhai.market.replay.trade_file import trade_source

_ENDINGS: Final = (".csv", ".csv.gz", ".zip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A source that can be opened. `closed`: nothing will follow."""

    id: str
    kind: SourceKind
    day: str
    closed: bool = True


class Catalogue:
    """The sources of one installation. `packs` gives a rule pack by its id (YunhaiError if there is none). Safe for threads."""

    def __init__(self, journal: Path, folder: Path, packs: Callable[[str], RulePack]) -> None:
        self._folder = folder
        self._packs = packs
        self._days = JournalDays(journal, folder / "journal")
        self._open: OrderedDict[str, tuple[Source, Keeping]] = OrderedDict()
        self._lock = threading.Lock()

    def offered(self) -> tuple[Offered, ...]:
        """Every source, the journal's days first, newest first."""
        with self._lock:
            days = self._days.days()
        found = [
            Offered(id=PREFIX + one.name, kind=SourceKind.JOURNAL, day=one.date, closed=one.closed)
            for one in days[::-1]
        ]
        for path in sorted(self._folder.glob("l3/*/*/*/"), reverse=True):
            pack, code, day = path.parts[-3:]
            found.append(Offered(id=f"l3/{pack}/{code}/{day}", kind=SourceKind.ORDERS, day=day))
        for path in sorted(self._folder.glob("trades/*/*"), reverse=True):
            day = path.name.partition(".")[0]
            if path.name.endswith(_ENDINGS):
                found.append(Offered(id=f"trades/{path.parent.name}/{day}", kind=SourceKind.TRADES, day=day))
        return tuple(found)

    def open(self, source: str) -> tuple[Source, Keeping]:
        """A source and what is kept of it. SOURCE_UNKNOWN, SOURCE_UNFIT, TRADE_ROW, 4101-4106 as of the files."""
        if not SOURCE_SHAPE.fullmatch(source):
            raise YunhaiError(SOURCE_UNKNOWN, source=source[:80])
        with self._lock:
            if source.startswith(PREFIX):
                made = self._days.source(source.removeprefix(PREFIX))
                held = self._open.get(source)
                if held is not None and not _same(held[0], made):
                    held = None  # it has grown, or is another journal's
            else:
                held = self._open.get(source)
                made = held[0] if held is not None else self._file(source)
            if held is None:
                held = made, Keeping(made)
                self._open[source] = held
            self._open.move_to_end(source)
            while len(self._open) > REPLAY_SOURCES_MAX:
                self._open.popitem(last=False)
            return held

    def _file(self, source: str) -> Source:
        parts = source.split("/")
        if any(part in (".", "..") for part in parts):
            raise YunhaiError(SOURCE_UNKNOWN, source=source[:80])
        if parts[0] == SourceKind.ORDERS and len(parts) == 4:
            _, pack, code, day = parts
            folder = self._folder / "l3" / pack / code / day
            if folder.is_dir():
                return published_source(source, parse_date(day), self._packs(pack), [(code, read_feed(folder))])
        if parts[0] == SourceKind.TRADES and len(parts) == 3:
            _, product, day = parts
            for ending in _ENDINGS:
                path = self._folder / "trades" / product / (day + ending)
                if path.is_file():
                    return trade_source(source, path, product)
        raise YunhaiError(SOURCE_UNKNOWN, source=source[:80])


def _same(held: Source, made: Source) -> bool:
    """Whether a day is as it was opened; events are only ever added to one."""
    alike = len(held) == len(made) and held.head == made.head
    return alike and held.events[-1:].tobytes() == made.events[-1:].tobytes()
