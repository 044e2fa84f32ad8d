"""Rows of a source as columns of a table, chunk by chunk; what is no row of the layout goes to the report."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from itertools import compress, islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from yunhai.kernel.clock import FIRST_DATE, LAST_DATE, TAIPEI_OFFSET
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import IMPORT_ROWS_MAX, PRICE_MAX
from yunhai.market.importers.layouts import HUNDREDTHS, PRICE, Field, Layout
from yunhai.market.importers.report import Report
from yunhai.market.importers.sources import Source
from yunhai.market.importers.texts import BAD, day_of, each, is_code, month_of, numbers, time_of
from yunhai.market.lake.errors import (
    LAYOUT_UNKNOWN,
    ROW_CODE,
    ROW_DATE,
    ROW_FIELDS,
    ROW_INCOMPLETE,
    ROW_LENGTH,
    ROW_NUMBER,
    ROW_UNTRADED,
    SOURCE_UNREADABLE,
)
from yunhai.market.lake.reading import day_start

Columns = dict[str, NDArray[Any]]
CHUNK: Final = 65_536
"""Rows turned into arrays at once."""
_AT_ONCE: Final = 512
"""Rows held as lists of their own at once: fewer than the collector of cycles waits for before it looks at everything."""
BLANK: Final = frozenset({"", "-", "--", "---", "----", "N/A"})
Progress = Callable[[int], None]
_PRICES: Final = frozenset({"open", "high", "low", "close", "price", "close_before", "reference"})
Texts = list[list[str]]
Fields = Mapping[str, Sequence[str]]
"""Rows' texts by the column that they are for."""
_BEGIN: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TAIPEI: Final = timezone(timedelta(microseconds=TAIPEI_OFFSET // 1_000))


def parsed(
    layout: Layout, source: Source, report: Report, *, day: int | None, progress: Progress
) -> tuple[Columns, NDArray[np.int64]]:
    """(columns, lines) of the rows that are what the layout says, in the file's order.

    `day`: the date of a file that does not name it, in days since 1970. YunhaiError 7455, 7454 other column names.
    """
    parts: list[tuple[Columns, NDArray[np.int64]]] = []
    chunks = _fixed(layout, source, report) if layout.length else _csv(layout, source, report)
    for texts, lines in chunks:
        report.read += len(lines)
        if report.read > IMPORT_ROWS_MAX:
            raise YunhaiError(
                SOURCE_UNREADABLE, path=source.name, reason=f"more than {IMPORT_ROWS_MAX:,} rows", reason_zh="列數過多"
            )
        parts.append(_Chunk(layout, texts, lines, report, day).columns())
        progress(report.read)
    if not parts:
        return {name: np.empty(0, np.int64) for name in (*layout.fields, *layout.texts, *layout.whole)}, np.empty(
            0, np.int64
        )
    names = parts[0][0]
    return (
        {name: np.concatenate([columns[name] for columns, _ in parts]) for name in names},
        np.concatenate([lines for _, lines in parts]),
    )


def _csv(layout: Layout, source: Source, report: Report) -> Iterator[tuple[Fields, NDArray[np.int64]]]:
    rows = csv.reader(source.lines())
    try:
        header = [name.strip() for name in next(rows, [])]
        places = {target: _place(header, each, layout, source) for target, each in layout.fields.items() if each.source}
        kept: dict[str, list[str]] = {target: [] for target in places}
        lines: list[NDArray[np.int64]] = []
        before, count = rows.line_num, 0
        while found := list(islice(rows, _AT_ONCE)):
            ends = _ends(found, before, rows.line_num)
            before, count = rows.line_num, count + len(found)
            fields = np.fromiter(map(len, found), np.int64, len(found))
            whole = fields == len(header)
            if not whole.all():
                _tell(report, ends[~whole & (fields > 0)], ROW_FIELDS)
                found, ends = list(compress(found, whole)), ends[whole]
            if found:
                columns = list(zip(*found, strict=True))
                for target, at in places.items():
                    kept[target].extend(columns[at])
                lines.append(ends)
            if count >= CHUNK and lines:
                yield kept, np.concatenate(lines)
                kept, lines, count = {target: [] for target in places}, [], 0
        if lines:
            yield kept, np.concatenate(lines)
    except csv.Error as error:
        raise YunhaiError(SOURCE_UNREADABLE, path=source.name, reason=str(error), reason_zh="不是 CSV") from None


def _ends(found: Texts, before: int, after: int) -> NDArray[np.int64]:
    """The line on which each row ends, of rows that follow line `before` and end with line `after`: one that has line ends
    within its fields stands on more lines than one."""
    if after - before == len(found):
        return np.arange(before + 1, after + 1, dtype=np.int64)
    stood = (1 + sum(text.count("\n") for text in row) for row in found)
    return np.asarray(before + np.cumsum(np.fromiter(stood, np.int64, len(found))))


def _tell(report: Report, broken: NDArray[np.int64], reason: int) -> None:
    """Count and name rows that are none of the layout. YunhaiError 7455 too many."""
    report.read += len(broken)
    report.note(broken, reason)


def _place(header: list[str], field: Field, layout: Layout, source: Source) -> int:
    name = field.source
    if not isinstance(name, str) or name not in header:
        raise YunhaiError(LAYOUT_UNKNOWN, path=source.name, known=layout.name, column=str(name))
    return header.index(name)


def _fixed(layout: Layout, source: Source, report: Report) -> Iterator[tuple[Fields, NDArray[np.int64]]]:
    kept: list[str] = []
    lines: list[int] = []
    broken: list[int] = []

    def chunk() -> tuple[Fields, NDArray[np.int64]]:
        places = {target: each.source for target, each in layout.fields.items()}
        return (
            {target: [row[at[0] : at[1]] for row in kept] for target, at in places.items() if isinstance(at, tuple)},
            np.array(lines, np.int64),
        )

    for number, line in enumerate(source.lines(), 1):
        row = line.rstrip("\r\n")
        if len(row) == layout.length:
            kept.append(row)
            lines.append(number)
        elif row.strip():
            broken.append(number)
        if len(kept) + len(broken) >= CHUNK:
            _tell(report, np.array(broken, np.int64), ROW_LENGTH)
            yield chunk()
            kept, lines, broken = [], [], []
    _tell(report, np.array(broken, np.int64), ROW_LENGTH)
    if kept:
        yield chunk()


class _Chunk:
    """Some rows of the source while they become columns. A row is out for its first reason."""

    def __init__(
        self, layout: Layout, texts: Fields, lines: NDArray[np.int64], report: Report, day: int | None
    ) -> None:
        self._layout = layout
        self._texts = texts
        self._lines = lines
        self._report = report
        self._day = day
        self._good = np.ones(len(lines), np.bool_)

    def columns(self) -> tuple[Columns, NDArray[np.int64]]:
        made: Columns = {}
        for target, field in self._layout.fields.items():
            made[target] = self._column(target, field)
        rows = len(self._lines)
        for name, text in self._layout.texts.items():
            made[name] = np.full(rows, text, object)
        for name, value in self._layout.whole.items():
            made[name] = np.full(rows, value, np.int64)
        good = self._good
        return {name: column[good] for name, column in made.items()}, self._lines[good]

    def _refuse(self, bad: NDArray[np.bool_], reason: int) -> None:
        self._report.note(self._lines[bad & self._good], reason)
        self._good &= ~bad

    def _column(self, target: str, field: Field) -> NDArray[Any]:
        if not field.source:
            if self._day is None:
                raise YunhaiError(LAYOUT_UNKNOWN, path=self._layout.name, known="--date")
            return day_start(np.full(len(self._lines), self._day, np.int64))
        texts = self._texts[target]
        match field.kind:
            case "code":
                texts = _trimmed(texts)
                self._refuse(each(texts, is_code) == 0, ROW_CODE)
                return np.array(texts, object)
            case "text":
                return np.array([text.strip()[: field.cut] for text in texts], object)
            case "number":
                return self._numbers(target, field, texts)
            case "moment":
                return each(texts, _moment)
            case "time":
                found = each(texts, time_of)
                self._refuse(found == BAD, ROW_DATE)
                return found
            case _:
                found = each(texts, month_of if field.kind == "month" else day_of)
                self._refuse(found == BAD, ROW_DATE)
                return day_start(np.where(found == BAD, 0, found))

    def _numbers(self, target: str, field: Field, texts: Sequence[str]) -> NDArray[np.int64]:
        texts = _trimmed(texts, without=",")
        value, good = numbers(texts, decimals=field.decimals)
        blank = np.zeros(len(texts), np.bool_)
        for place in np.flatnonzero(~good).tolist():  # no blank is a number
            blank[place] = texts[place] in BLANK
        if blank.any():
            if field.blank is None:
                self._refuse(blank, ROW_UNTRADED if self._layout.untraded_if_blank else ROW_INCOMPLETE)
            value = np.where(blank, field.blank or 0, value)
        if self._layout.length and target in HUNDREDTHS and not field.decimals:
            value = value * 10 ** (PRICE - 2)
        wide = (np.abs(value) > PRICE_MAX) if target in _PRICES else np.zeros(len(value), np.bool_)
        self._refuse(~blank & (~good | wide), ROW_NUMBER)
        return np.asarray(value, np.int64)


def _trimmed(texts: Sequence[str], *, without: str = "") -> Sequence[str]:
    """The texts without blanks around them, and without a letter. Mostly there are none: then they are taken as they are."""
    together = "".join(texts)
    if together.split(None, 1) != [together] or (without and without in together):
        return [text.strip().replace(without, "") if without else text.strip() for text in texts]
    return texts


def _moment(text: str) -> int:
    """An ISO 8601 moment as ns since 1970 UTC; one without an offset is Taipei's; 0 if it is none, or none of the market's."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return 0
    if found.tzinfo is None:
        found = found.replace(tzinfo=_TAIPEI)
    if not FIRST_DATE <= found.date() <= LAST_DATE:
        return 0
    return (found - _BEGIN) // timedelta(microseconds=1) * 1_000
