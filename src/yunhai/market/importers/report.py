"""What an import says of its source: every row that was left out or marked, by line, with its text.

A row is refused for its first reason only. Rows are named by the line they end on, 1 the first of the file; the text is that
line, fetched from the source at the end. `NOTES` (no trade that day, the same row is in the lake already) are counted; only
the first of them are named, for they are no fault.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from yunhai.kernel.errors import YunhaiError, entry_of
from yunhai.kernel.limits import IMPORT_NOTES_NAMED_MAX, IMPORT_ROWS_REFUSED_MAX
from yunhai.market.importers.sources import Source
from yunhai.market.lake.errors import MARKS, NOTES, SOURCE_UNREADABLE

TEXT_CHARACTERS: Final = 160
"""Of a row's text in the report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One row of the report."""

    line: int
    reason: int
    text: str

    @property
    def name(self) -> str:
        return entry_of(self.reason).name


class Report:
    """The rows of one source. `read`: rows it had, its header not counted."""

    def __init__(self, source: Source) -> None:
        self.read = 0
        self._source = source
        self._lines: dict[int, list[NDArray[np.int64]]] = {}
        self._counts: dict[int, int] = {}

    def note(self, lines: NDArray[np.int64], reason: int) -> None:
        """Name rows. YunhaiError 7455 if more are wrong than a file that is what it says can have."""
        if not len(lines):
            return
        before = self._counts.get(reason, 0)
        self._counts[reason] = before + len(lines)
        named = lines
        if reason in NOTES:
            named = lines[: max(0, IMPORT_NOTES_NAMED_MAX - before)]
        self._lines.setdefault(reason, []).append(np.asarray(named, np.int64))
        refused = sum(count for number, count in self._counts.items() if number not in NOTES)
        if refused > IMPORT_ROWS_REFUSED_MAX:
            most = f"{IMPORT_ROWS_REFUSED_MAX:,}"
            raise YunhaiError(
                SOURCE_UNREADABLE,
                path=self._source.name,
                reason=f"more than {most} rows are wrong",
                reason_zh=f"有誤之列超過 {most}",
            )

    def counts(self) -> dict[int, int]:
        """Rows by reason."""
        return dict(self._counts)

    def refused(self) -> int:
        """Rows left out because they are wrong."""
        return sum(count for reason, count in self._counts.items() if reason not in (*MARKS, *NOTES))

    def rows(self) -> Iterator[Told]:
        """Every named row, by line. Reads the source once more for the texts."""
        pairs = sorted(
            (line, reason) for reason, parts in self._lines.items() for part in parts for line in part.tolist()
        )
        if not pairs:
            return
        texts = {line: "" for line, _ in pairs}
        last = pairs[-1][0]
        for number, text in enumerate(self._source.lines(), 1):
            if number in texts:
                texts[number] = text.strip("\r\n")[:TEXT_CHARACTERS]
            if number >= last:
                break
        for line, reason in pairs:
            yield Told(line=line, reason=reason, text=texts[line])

    def written(self) -> bytes:
        """The report as JSON lines: line, code, name, text."""
        encode = msgspec.json.Encoder().encode
        return b"".join(
            encode({"line": told.line, "code": told.reason, "name": told.name, "text": told.text}) + b"\n"
            for told in self.rows()
        )
