"""Asking the lake: rows of a table, or one security's bars, as NumPy arrays.

A question names what it wants by codes, times and the moment it may know (`as_of`); never by SQL. Of rows with the same key
the newest known one is given, our own journal's before an imported one. A `Lake` may be shared by threads; it looks at the
manifest again for every question and reads only the files whose times touch it.
"""

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Self

import duckdb
import numpy as np
from numpy.typing import NDArray

from yunhai.kernel.clock import TAIPEI_OFFSET
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import HISTORY_CODE_CHARACTERS_MAX, LAKE_CODES_ASKED_MAX, LAKE_ROWS_READ_MAX
from yunhai.market.bars.making import BAR, coarser
from yunhai.market.bars.spans import span_named
from yunhai.market.lake.adjusting import ADJUSTMENTS, Adjust, adjusted, factors
from yunhai.market.lake.engine import THREADS, connect, silent
from yunhai.market.lake.errors import FILE_DIFFERS, QUESTION_WRONG
from yunhai.market.lake.manifest import NAME, LakeFile, Manifest, hash_of, load
from yunhai.market.lake.tables import TABLES, TAIL, Table

Rows = dict[str, NDArray[Any]]

HISTORY_BAR: Final = np.dtype(BAR.descr[1:])
"""A `BAR` whose security is known: prices and value in 1/10,000 NT$, volume in shares (contracts of futures). `value` and `trades`
are 0 where the source does not tell them."""


class Lake:
    """The lake in a folder, to be read. Nothing is opened before the first question."""

    def __init__(self, folder: Path, *, threads: int = THREADS, memory_mb: int | None = None) -> None:
        self.folder = folder
        self._threads = threads
        self._memory_mb = memory_mb
        self._engine: duckdb.DuckDBPyConnection | None = None
        self._lock = threading.Lock()
        self._seen: tuple[object, Manifest] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with self._lock:
            if self._engine is not None:
                self._engine.close()
                self._engine = None

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of the caller's own to the shared, bounded engine."""
        with self._lock:
            if self._engine is None:
                bounds = {} if self._memory_mb is None else {"memory_mb": self._memory_mb}
                self._engine = connect(threads=self._threads, **bounds)
            return silent(self._engine.cursor())

    def manifest(self) -> Manifest:
        """What is in the lake now. YunhaiError 7453."""
        try:
            found = (self.folder / NAME).stat()
        except FileNotFoundError:
            return Manifest()
        mark = (found.st_mtime_ns, found.st_ino, found.st_size)
        seen = self._seen
        if seen is None or seen[0] != mark:
            seen = (mark, load(self.folder))
            self._seen = seen
        return seen[1]

    def read(
        self,
        table: str,
        *,
        codes: Iterable[str] | None = None,
        first_ns: int | None = None,
        last_ns: int | None = None,
        as_of: int | None = None,
        columns: Sequence[str] | None = None,
        segment: str | None = None,
        newest: int | None = None,
    ) -> Rows:
        """Rows of a table with `first_ns` <= start_ns <= `last_ns`, known at `as_of`, in the table's order.

        `newest`: only so many rows, the last by start. YunhaiError 7456 a wrong question, 7450 a file is missing, 7453.
        """
        asked = _table(table)
        wanted = _columns(asked, columns)
        files = touched(self.manifest().of(asked.name), first_ns, last_ns)
        if not files:
            return empty(asked, wanted)
        query, values = selection(asked, wanted, files, self.folder, as_of=as_of)
        conditions: list[str] = []
        if codes is not None:
            values["codes"] = _codes(codes)
            conditions.append("code IN (SELECT unnest($codes))" if len(values["codes"]) > 1 else "code = $codes[1]")
        for name, value, sign in (("first", first_ns, ">="), ("last", last_ns, "<=")):
            if value is not None:
                values[name] = value
                conditions.append(f"start_ns {sign} ${name}")
        if segment is not None and "segment" in asked.columns:
            if not segment.isascii():
                raise YunhaiError(QUESTION_WRONG, reason="no such segment", reason_zh="沒有該交易別")
            values["segment"] = segment
            conditions.append("segment = $segment")
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        ordered = ", ".join(asked.order)
        if newest is None:
            text = f"SELECT {', '.join(wanted)} FROM ({query}){where} ORDER BY {ordered} LIMIT {LAKE_ROWS_READ_MAX + 1}"  # noqa: S608 - names are the table's own
        else:
            values["newest"] = min(newest, LAKE_ROWS_READ_MAX)
            text = (
                f"SELECT {', '.join(wanted)} FROM (SELECT * FROM ({query}){where} "  # noqa: S608 - as above
                f"ORDER BY start_ns DESC LIMIT $newest) ORDER BY {ordered}"
            )
        rows = self.fetch(text, values)
        if len(rows[wanted[0]]) > LAKE_ROWS_READ_MAX:
            most = f"{LAKE_ROWS_READ_MAX:,}"
            raise YunhaiError(QUESTION_WRONG, reason=f"more than {most} rows", reason_zh=f"超過 {most} 列")
        return rows

    def fetch(self, query: str, values: dict[str, Any]) -> Rows:
        """The answer to a query of the house's own as arrays without gaps. YunhaiError 7450, 7451, 7456 too much memory."""
        try:
            found = self.cursor().execute(query, values).fetchnumpy()
        except duckdb.Error as error:
            self._tell(error, [*values.get("files", ()), *values.get("later", ())])
            raise
        return {name: np.ma.getdata(column) for name, column in found.items()}

    def _tell(self, error: duckdb.Error, paths: list[str]) -> None:
        """Raise what a failed query means for the lake: a file that is gone or changed, or a question beyond the bounds."""
        if isinstance(error, duckdb.OutOfMemoryException):
            reason = "it needs more memory than it is given"
            raise YunhaiError(QUESTION_WRONG, reason=reason, reason_zh="所需記憶體超過上限") from None
        named = {str(self.folder / file.path): file.sha256 for file in self.manifest().files}
        for path in paths:
            found, _ = hash_of(Path(path))
            if named.get(path, found) != found:
                raise YunhaiError(FILE_DIFFERS, path=path) from None

    def bars(
        self,
        code: str,
        span: str = "1d",
        *,
        first_ns: int | None = None,
        last_ns: int | None = None,
        as_of: int | None = None,
        segment: str = "board",
        adjust: Adjust = "raw",
        newest: int | None = None,
    ) -> NDArray[np.void]:
        """One security's bars as HISTORY_BAR rows, ascending. `newest`: only the last so many.

        Bars between the stored widths are folded from the next finer one; a first bar that `first_ns` would cut is whole only
        from the span's own beginning on. YunhaiError 7456, 7450, 7453.
        """
        wanted = span_named(span)
        if adjust not in ADJUSTMENTS:
            known = ", ".join(ADJUSTMENTS)
            raise YunhaiError(QUESTION_WRONG, reason=f"adjust is one of {known}", reason_zh=f"還原方式為 {known}")
        folds = wanted.base != wanted.name
        found = self.read(
            f"bars-{wanted.base}",
            codes=[code],
            first_ns=first_ns,
            last_ns=last_ns,
            as_of=as_of,
            columns=HISTORY_BAR.names,
            segment=segment,
            newest=None if folds or newest is None else newest,
        )
        rows = np.empty(len(found["start_ns"]), BAR)
        rows["security"] = 0
        for name in HISTORY_BAR.names or ():
            rows[name] = found[name]
        if adjust != "raw" and len(rows):
            rows = self._adjusted(code, rows, adjust, as_of)
        if folds:
            rows = coarser(rows, wanted)
        made = np.empty(len(rows), HISTORY_BAR)
        for name in HISTORY_BAR.names or ():
            made[name] = rows[name]
        return made if newest is None else made[len(made) - min(newest, len(made)) :]

    def _adjusted(self, code: str, rows: NDArray[np.void], adjust: Adjust, as_of: int | None) -> NDArray[np.void]:
        """Backward: every known event counts, also one after the last bar asked for, so that a bar's price does not depend on
        the range that was asked. Forward likewise from the first event of all."""
        events = self.read("exrights", codes=[code], as_of=as_of, columns=("start_ns", "close_before", "reference"))
        factor = factors(rows["start_ns"], events["start_ns"], events["close_before"], events["reference"], adjust)
        return adjusted(rows, factor)


def _table(name: str) -> Table:
    found = TABLES.get(name)
    if found is None:
        known = ", ".join(TABLES)
        raise YunhaiError(
            QUESTION_WRONG, reason=f"no table {name!r}, but {known}", reason_zh=f"沒有 {name!r}，只有 {known}"
        )
    return found


def _columns(table: Table, columns: Sequence[str] | None) -> tuple[str, ...]:
    known = table.all_columns()
    if columns is None:
        return tuple(known)
    unknown = [name for name in columns if name not in known]
    if unknown or not columns:
        raise YunhaiError(QUESTION_WRONG, reason=f"no column {unknown}", reason_zh=f"沒有欄位 {unknown}")
    return tuple(columns)


def _codes(codes: Iterable[str]) -> list[str]:
    found = list(codes)
    if (
        not found
        or len(found) > LAKE_CODES_ASKED_MAX
        or any(not code or len(code) > HISTORY_CODE_CHARACTERS_MAX or not code.isascii() for code in found)
    ):
        raise YunhaiError(
            QUESTION_WRONG,
            reason="no codes, or too many, too long or of other letters",
            reason_zh="代號缺漏、過多、過長或含其他文字",
        )
    return found


def touched(files: tuple[LakeFile, ...], first_ns: int | None, last_ns: int | None) -> tuple[LakeFile, ...]:
    """The files that may hold a row of that time."""
    return tuple(
        file
        for file in files
        if (first_ns is None or file.last_ns >= first_ns) and (last_ns is None or file.first_ns <= last_ns)
    )


def selection(
    table: Table, wanted: Sequence[str], files: Sequence[LakeFile], folder: Path, *, as_of: int | None
) -> tuple[str, dict[str, Any]]:
    """A query for the rows that count among `files`, and its values: known at `as_of`, of each key the one to be read.

    Most files hold one row a key. Only those that correct others, or that our own journal made, are looked through for the
    newest row of a key, and only their keys are taken out of the rest.
    """
    later = [str(folder / file.path) for file in files if stands_for_others(file)]
    first = [str(folder / file.path) for file in files if not stands_for_others(file)]
    values: dict[str, Any] = {"files": first} if first else {}
    where = ""
    if as_of is not None:
        values["as_of"] = as_of
        where = " WHERE known_ns <= $as_of"
    names = ", ".join(dict.fromkeys([*wanted, *table.order, *table.key, "known_ns", "origin", "venue"]))
    query = f"SELECT {names} FROM read_parquet($files, hive_partitioning = false){where}"  # noqa: S608 - names are the table's own
    if not later:
        return query, values
    values["later"] = later
    key = ", ".join(table.key)
    newest = (
        f"SELECT {names} FROM read_parquet($later, hive_partitioning = false){where} "  # noqa: S608 - as above
        f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY venue DESC, known_ns DESC, origin DESC) = 1"
    )
    if not first:
        return newest, values
    return (
        f"SELECT {names} FROM ({query}) ANTI JOIN ({newest}) USING ({key}) UNION ALL ({newest})",  # noqa: S608 - as above
        values,
    )


def stands_for_others(file: LakeFile) -> bool:
    """Whether a row of the file may stand for one of another file."""
    return file.corrects or file.venues != ("",)


def empty(table: Table, columns: Sequence[str]) -> Rows:
    """No rows, with the types that some would have."""
    kinds = {"VARCHAR": object, "BIGINT": np.int64, "USMALLINT": np.uint16, "UINTEGER": np.uint32}
    types = table.all_columns()
    return {name: np.empty(0, kinds[types[name]]) for name in columns}


def day_start(days: NDArray[np.int64], *, offset: int = TAIPEI_OFFSET) -> NDArray[np.int64]:
    """Dates, as days since 1970, as the market times of their local midnights."""
    return np.asarray(days * 86_400_000_000_000 - offset, np.int64)


assert set(TAIL) >= {"known_ns", "origin", "venue"}
