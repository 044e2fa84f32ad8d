"""Our own journal's closed days into the lake: bars of 1 s, 1 min and a day, and nothing twice.

A day is known by the journal's id, its date and the SHA-256 of its trades, so that what the journal got afterwards
(settlement) does not make it another day. A day that is still open is passed over.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from yunhai.journal.reader import Reader
from yunhai.market.bars.journal import JournalDay, journal_days
from yunhai.market.importers.importing import Imported, bar_batches, put
from yunhai.market.lake.manifest import load
from yunhai.market.lake.tables import JOURNAL
from yunhai.market.lake.writing import Origin

VERSION = 2


@dataclass(slots=True)
class _NoReport:
    """A journal has no bad rows: a damaged one is refused as a whole."""

    read: int

    def note(self, lines: NDArray[np.int64], reason: int) -> None:
        pass

    def counts(self) -> dict[int, int]:
        return {}

    def write(self, file: BinaryIO) -> None:
        pass


def import_journal(lake: Path, journal: Path, *, now_ns: int) -> Iterator[tuple[JournalDay, Imported | None]]:
    """Import each closed day of a journal; None beside one that is still open. YunhaiError 3001-3007, 7450-7453; OSError."""
    identity = Reader(journal).journal_id()
    for day in journal_days(journal):
        yield day, import_day(lake, identity, day, now_ns=now_ns) if day.closed else None


def import_day(lake: Path, journal: bytes, day: JournalDay, *, now_ns: int) -> Imported:
    """Import one closed day of the journal with this id. YunhaiError 7450-7453; OSError."""
    name = journal.hex()[:16]
    digest = hashlib.sha256(f"{name} {day.date}\n".encode())
    digest.update(day.trades.tobytes())
    origin = Origin(
        source=f"journal {name} {day.date}",
        sha256=digest.hexdigest(),
        bytes=day.trades.nbytes,
        importer="journal",
        version=VERSION,
    )
    known = origin.made(load(lake))
    if known:
        return Imported(imports=known, again=True)
    batches = bar_batches(day.codes, day.segments, day.trades, venue=JOURNAL, offset=day.offset)
    told = _NoReport(read=len(day.trades))
    return Imported(imports=put(lake, batches, origin, told, now_ns=now_ns), again=False)
