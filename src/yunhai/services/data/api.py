"""The catalogue of the history: datasets with their columns, imports with what they refused, rows as they were known at a moment.

Read only: files come into the lake by `yunhai history import` and by the market's own closed days. Nothing here is a tenant's; the
matrix (3.3) says who may look.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from yunhai.kernel.clock import TAIPEI_OFFSET, date_of, moment_text
from yunhai.kernel.errors import YunhaiError, entry_of
from yunhai.kernel.limits import (
    DATA_FILE_ROWS_MAX,
    DATA_FILES_NAMED_MAX,
    DATA_IMPORTS_MAX,
    DATA_REPORT_ROWS_MAX,
    DATA_ROWS_MAX,
    HISTORY_CODE_CHARACTERS_MAX,
)
from yunhai.kernel.money import decimal_text
from yunhai.market.importers.layouts import LAYOUTS
from yunhai.market.lake.errors import MARKS, NOTES
from yunhai.market.lake.manifest import Import, LakeFile
from yunhai.market.lake.tables import TABLES, Table
from yunhai.market.lake.taking import Column, Form, taken
from yunhai.services.charts import api as charts
from yunhai.services.data import history
from yunhai.services.data.columns import Kind, Meaning, meanings
from yunhai.services.data.errors import QUESTION_WRONG, ROWS_TOO_MANY

SEGMENTS: Final = ("board", "odd_lot", "odd_lot_after", "fixed_price", "futures", "spread")
_CODE: Final = re.compile(rf"[0-9A-Za-z][0-9A-Za-z._/-]{{0,{HISTORY_CODE_CHARACTERS_MAX - 1}}}")
_JOURNAL: Final = ("本市場的日誌", "this cloud's own journal")
_MAPPED: Final = ("欄位對應的 CSV", "a CSV with its columns named")


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutView:
    """A layout of files that become rows of a dataset."""

    name: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetView:
    """A table. `first` … `last` dates ("" of an empty one), different `days` and `codes`; `rows` stored, in `files` of `bytes`;
    `refused` rows of its imports were left out, `marked` stored with a remark; when the newest import was made."""

    name: str
    zh: str
    en: str
    first: str
    last: str
    days: int
    codes: int
    rows: int
    files: int
    bytes: int
    imports: int
    refused: int
    marked: int
    imported_at: str
    layouts: tuple[LayoutView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetColumnView:
    """A column: `kind` text, whole, amount (decimal text) or moment (ISO 8601); units "" of what is not counted; `key`: one of
    those that tell rows apart."""

    name: str
    kind: Kind
    zh: str
    en: str
    unit_zh: str
    unit_en: str
    key: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    """A Parquet file with its SHA-256 and the imports its rows came from."""

    path: str
    part: str
    rows: int
    bytes: int
    sha256: str
    imports: tuple[int, ...]
    first: str
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeDataset:
    """A dataset with its dictionary. `files`: the newest 500."""

    dataset: DatasetView
    columns: tuple[DatasetColumnView, ...]
    files: tuple[FileView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonView:
    """Why rows are in a report: `kind` refused (left out), mark (stored with it) or note (no fault of the row)."""

    code: int
    name: str
    kind: str
    zh: str
    en: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportView:
    """An import: its source with its hash, the layout it was read by, rows read, stored and left out."""

    number: int
    dataset: str
    source: str
    source_sha256: str
    source_bytes: int
    layout: LayoutView
    version: int
    options: str
    imported_at: str
    read: int
    rows: int
    refused: int
    marked: int
    noted: int
    reasons: tuple[ReasonView, ...]
    report_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldView:
    """A row of a report: the source's line, the reason's number, the line's text (its beginning)."""

    line: int
    code: int
    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """`next`: `after` of the following question, 0 at the end. A long report is looked through in pieces, so that `rows` may be few
    or none while there is a next."""

    rows: tuple[ToldView, ...]
    next: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsView:
    """Rows as lists in the order of `columns`: moments as ISO 8601, amounts as decimal text, whole numbers. `more`: there are
    further ones."""

    code: str
    columns: tuple[DatasetColumnView, ...]
    rows: tuple[tuple[int | str, ...], ...]
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Rows of `code` that begin from `first` to `last` (dates or moments, "" open), known at `as_of` ("" now)."""

    dataset: str
    code: str
    first: str = ""
    last: str = ""
    as_of: str = ""
    segment: str = ""


# --- what there is -------------------------------------------------------------------------------------------------------


def datasets() -> list[DatasetView]:
    """Every table, an empty one too. YunhaiError 7450, 7451, 7453."""
    return [_dataset(table) for table in TABLES.values()]


def dataset(name: str) -> WholeDataset:
    """One of them. YunhaiError 7590, 7450, 7451, 7453."""
    table = history.table_of(name)
    files = sorted(history.manifest().of(name), key=lambda file: (file.last_ns, file.path), reverse=True)
    return WholeDataset(
        dataset=_dataset(table),
        columns=_columns(table),
        files=tuple(_file(one) for one in files[:DATA_FILES_NAMED_MAX]),
    )


def _dataset(table: Table) -> DatasetView:
    manifest = history.manifest()
    files = manifest.of(table.name)
    made = [_import(one) for one in manifest.imports if one.table == table.name]
    counted = history.extent(table)
    return DatasetView(
        name=table.name,
        zh=table.zh,
        en=table.en,
        first=_date(min(file.first_ns for file in files)) if files else "",
        last=_date(max(file.last_ns for file in files)) if files else "",
        days=counted.days,
        codes=counted.codes,
        rows=sum(file.rows for file in files),
        files=len(files),
        bytes=sum(file.bytes for file in files),
        imports=len(made),
        refused=sum(one.refused for one in made),
        marked=sum(one.marked for one in made),
        imported_at=made[-1].imported_at if made else "",
        layouts=tuple(_layout(name) for name, layout in LAYOUTS.items() if layout.table.name == table.name),
    )


def _columns(table: Table) -> tuple[DatasetColumnView, ...]:
    return tuple(
        DatasetColumnView(
            name=name,
            kind=one.kind,
            zh=one.zh,
            en=one.en,
            unit_zh=one.unit_zh,
            unit_en=one.unit_en,
            key=name in table.key,
        )
        for name, one in meanings(table).items()
    )


def _file(of: LakeFile) -> FileView:
    return FileView(
        path=of.path,
        part=of.part,
        rows=of.rows,
        bytes=of.bytes,
        sha256=of.sha256,
        imports=of.origins,
        first=_date(of.first_ns),
        last=_date(of.last_ns),
    )


def _date(moment: int) -> str:
    return date_of(moment).isoformat()


def _moment(moment: int) -> str:
    return f"{moment_text(moment).replace(' ', 'T')}+08:00"


def _layout(name: str) -> LayoutView:
    known = LAYOUTS.get(name)
    zh, en = (known.zh, known.en) if known is not None else _JOURNAL if name == "journal" else _MAPPED
    return LayoutView(name=name, zh=zh, en=en)


# --- imports -------------------------------------------------------------------------------------------------------------


def imports(*, name: str = "", before: int | None = None, limit: int = DATA_IMPORTS_MAX) -> list[ImportView]:
    """Imports, of one dataset or of all, the newest first; of a number below `before`. YunhaiError 7590, 7453."""
    if name:
        history.table_of(name)
    found = [
        one
        for one in reversed(history.manifest().imports)
        if (not name or one.table == name) and (before is None or one.number < before)
    ]
    return [_import(one) for one in found[: min(limit, DATA_IMPORTS_MAX)]]


def one_import(number: int) -> ImportView:
    """YunhaiError 7591, 7453."""
    return _import(history.import_of(number))


def report(
    number: int, *, reason: int = 0, text: str = "", after: int = 0, limit: int = DATA_REPORT_ROWS_MAX
) -> ReportView:
    """Rows of an import's report, by line, from the place `after`; of one reason (0: any), with `text` in them. YunhaiError 7591,
    7592 a reason that its report does not have, 7450."""
    made = history.import_of(number)
    if reason and str(reason) not in made.reasons:
        raise _wrong(f"the report has no reason {reason}", f"報告中沒有原因 {reason}")
    rows, following = history.told(made, reason=reason, text=text, after=after, limit=min(limit, DATA_REPORT_ROWS_MAX))
    views = tuple(ToldView(line=one.line, code=one.code, name=one.name, text=one.text) for one in rows)
    return ReportView(rows=views, next=following)


def _import(of: Import) -> ImportView:
    reasons = tuple(_reason(int(code), rows) for code, rows in sorted(of.reasons.items()))
    return ImportView(
        number=of.number,
        dataset=of.table,
        source=of.source,
        source_sha256=of.source_sha256,
        source_bytes=of.source_bytes,
        layout=_layout(of.importer),
        version=of.version,
        options=of.options,
        imported_at=_moment(of.at_ns),
        read=of.read,
        rows=of.rows,
        refused=_sum(reasons, "refused"),
        marked=_sum(reasons, "mark"),
        noted=_sum(reasons, "note"),
        reasons=reasons,
        report_sha256=of.report_sha256,
    )


def _reason(code: int, rows: int) -> ReasonView:
    entry = entry_of(code)
    kind = "mark" if code in MARKS else "note" if code in NOTES else "refused"
    return ReasonView(code=code, name=entry.name, kind=kind, zh=entry.zh, en=entry.en, rows=rows)


def _sum(reasons: Iterable[ReasonView], kind: str) -> int:
    return sum(one.rows for one in reasons if one.kind == kind)


# --- rows ----------------------------------------------------------------------------------------------------------------


def a_code(name: str) -> str:
    """A code to begin a preview with; "" of an empty dataset. YunhaiError 7590, 7450."""
    return history.a_code(history.table_of(name))


def rows(question: Question, *, after: int = 0, limit: int = DATA_ROWS_MAX) -> RowsView:
    """At most 500 rows behind the first `after`, the newest day first. YunhaiError 7590, 7592, 7335, 7450."""
    wanted = _wanted(question)
    most = min(limit, DATA_ROWS_MAX)
    found = history.rows(wanted, limit=most + 1, after=min(after, DATA_FILE_ROWS_MAX))
    columns = meanings(wanted.table)
    told = [[_told(one, value) for value in found[name][:most].tolist()] for name, one in columns.items()]
    return RowsView(
        code=wanted.code,
        columns=_columns(wanted.table),
        rows=tuple(zip(*told, strict=True)),
        more=len(found["code"]) > most,
    )


def file(question: Question, form: Form) -> bytes:
    """All of them as a file, in the table's order. YunhaiError as `rows`, 7593 more than 200,000."""
    wanted = _wanted(question)
    found = history.rows(wanted, limit=DATA_FILE_ROWS_MAX + 1, newest_first=False)
    if len(found["code"]) > DATA_FILE_ROWS_MAX:
        raise YunhaiError(ROWS_TOO_MANY, most=f"{DATA_FILE_ROWS_MAX:,}")
    columns = [Column(name=name, kind=one.kind, values=found[name]) for name, one in meanings(wanted.table).items()]
    about = {
        "dataset": wanted.table.name,
        "code": wanted.code,
        "as_of_ns": "" if wanted.as_of is None else str(wanted.as_of),
        "revision": str(history.manifest().revision),
    }
    return taken(columns, form, about=about, offset=TAIPEI_OFFSET)


def _wanted(question: Question) -> history.Wanted:
    table = history.table_of(question.dataset)
    if not _CODE.fullmatch(question.code):
        raise _wrong("this is no code", "代號不合格式")
    if question.segment and question.segment not in SEGMENTS:
        raise _wrong("there is no such segment", "沒有這個交易別")
    first, last = charts.moment(question.first), charts.moment(question.last, end=True)
    if first is not None and last is not None and first > last:
        raise _wrong("from is after to", "起日晚於迄日")
    return history.Wanted(
        table=table,
        code=question.code,
        first_ns=first,
        last_ns=last,
        as_of=charts.moment(question.as_of, end=True),
        segment=question.segment,
    )


def _told(meaning: Meaning, value: Any) -> int | str:
    if meaning.kind == "moment":
        return _moment(int(value))
    if meaning.kind == "amount":
        return decimal_text(int(value))
    return int(value) if meaning.kind == "whole" else str(value)


def _wrong(reason: str, reason_zh: str) -> YunhaiError:
    return YunhaiError(QUESTION_WRONG, reason=reason, reason_zh=reason_zh)
