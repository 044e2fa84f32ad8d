"""What an import says of its source: every row that was left out or marked, by line, with its text.

A row is refused for its first reason only. Rows are named by the line they end on, 1 the first of the file; the text is that
line, fetched from the source at the end. `NOTES` (no trade that day, the same row is in the lake already) are counted; only
the first of them are named, for they are no fault. Only refused rows tell that a file is not what it is taken for: marked
ones (`MARKS`, a correction of the whole history too) are stored, and may be as many as there are rows.

Memory does not grow with the rows named: their lines and reasons go to a temporary file once they are more than a few, and
the report is written in the lines' order by windows of the source.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from yunhai.kernel.errors import YunhaiError, entry_of
from yunhai.kernel.limits import IMPORT_NAMED_IN_MEMORY_MAX, IMPORT_NOTES_NAMED_MAX, IMPORT_ROWS_REFUSED_MAX
from yunhai.market.importers.sources import Source
from yunhai.market.lake.errors import MARKS, NOTES, SOURCE_UNREADABLE

TEXT_CHARACTERS: Final = 160
"""Of a row's text in the report."""
WINDOW: Final = 16_384
"""Lines of the source whose rows are written at once."""
_NAMED: Final = np.dtype([("line", "<u4"), ("reason", "<u2")])
_PIECE: Final = 1 << 16
"""Named rows read back at once."""


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
        self._counts: dict[int, int] = {}
        self._named = tempfile.SpooledTemporaryFile(IMPORT_NAMED_IN_MEMORY_MAX * _NAMED.itemsize)  # noqa: SIM115 - as long as the report

    def note(self, lines: NDArray[np.int64], reason: int) -> None:
        """Name rows. YunhaiError 7455 if more are refused than a file that is what it says can have; OSError."""
        if not len(lines):
            return
        before = self._counts.get(reason, 0)
        self._counts[reason] = before + len(lines)
        if self.refused() > IMPORT_ROWS_REFUSED_MAX:
            most = f"{IMPORT_ROWS_REFUSED_MAX:,}"
            raise YunhaiError(
                SOURCE_UNREADABLE,
                path=self._source.name,
                reason=f"more than {most} rows are wrong",
                reason_zh=f"有誤之列超過 {most}",
            )
        if reason in NOTES:
            lines = lines[: max(0, IMPORT_NOTES_NAMED_MAX - before)]
        named = np.empty(len(lines), _NAMED)
        named["line"], named["reason"] = lines, reason
        self._named.write(named.tobytes())

    def counts(self) -> dict[int, int]:
        """Rows by reason."""
        return dict(self._counts)

    def refused(self) -> int:
        """Rows left out because they are wrong."""
        return sum(count for reason, count in self._counts.items() if reason not in (*MARKS, *NOTES))

    def rows(self) -> Iterator[Told]:
        """Every named row, by line. Reads the source once more for the texts, a window of it at a time."""
        last = max((int(piece["line"].max()) for piece in self._pieces()), default=0)
        lines, before = self._source.lines(), 0
        while before < last and (texts := list(islice(lines, WINDOW))):
            yield from self._window(before, texts)
            before += len(texts)

    def _window(self, before: int, texts: list[str]) -> Iterator[Told]:
        """The named rows of some lines, of which `before` come first."""
        parts = []
        for piece in self._pieces():
            inside = (piece["line"] > before) & (piece["line"] <= before + len(texts))
            if inside.any():
                parts.append(piece[inside])
        if not parts:
            return
        for line, reason in np.sort(np.concatenate(parts), order=("line", "reason")).tolist():
            text = texts[line - before - 1].strip("\r\n")[:TEXT_CHARACTERS]
            yield Told(line=line, reason=reason, text=text)

    def _pieces(self) -> Iterator[NDArray[np.void]]:
        """The named rows as they were noted."""
        self._named.seek(0)
        while content := self._named.read(_PIECE * _NAMED.itemsize):
            yield np.frombuffer(content, _NAMED)

    def write(self, file: BinaryIO) -> None:
        """The report as JSON lines: line, code, name, text. YunhaiError 7455 the source is damaged; OSError."""
        encode = msgspec.json.Encoder().encode
        for told in self.rows():
            file.write(encode({"line": told.line, "code": told.reason, "name": told.name, "text": told.text}) + b"\n")
