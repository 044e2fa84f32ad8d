"""The lake as the catalogue asks it: the one place of this service that knows its files.

How many days and codes a table has is counted once for each state of its files and kept. Reports are read a piece at a time from
where the reader stands (a place in the file), never whole.
"""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from yunhai.kernel.clock import DAY, TAIPEI_OFFSET
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import DATA_REPORT_BYTES_MAX
from yunhai.market.lake.errors import FILE_MISSING
from yunhai.market.lake.manifest import Import, Manifest
from yunhai.market.lake.reading import Rows, empty, selection, touched
from yunhai.market.lake.tables import TABLES, Table
from yunhai.services.charts import api as charts
from yunhai.services.data.errors import DATASET_UNKNOWN, IMPORT_UNKNOWN


def manifest() -> Manifest:
    """What is in the lake now. YunhaiError 7453."""
    return charts.lake().manifest()


def table_of(name: str) -> Table:
    """YunhaiError 7590."""
    found = TABLES.get(name)
    if found is None:
        raise YunhaiError(DATASET_UNKNOWN, name=name[:40])
    return found


def import_of(number: int) -> Import:
    """YunhaiError 7591."""
    try:
        return manifest().import_of(number)
    except KeyError:
        raise YunhaiError(IMPORT_UNKNOWN, number=number) from None


# --- how much there is ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """Different days and codes of a table."""

    days: int = 0
    codes: int = 0


_counted: "Final[dict[tuple[Path, str], tuple[tuple[str, ...], Extent]]]" = {}
_lock: Final = threading.Lock()


def extent(table: Table) -> Extent:
    """Counted over all files, kept until there are others. YunhaiError 7450, 7451."""
    lake = charts.lake()
    paths = tuple(str(lake.folder / file.path) for file in lake.manifest().of(table.name))
    if not paths:
        return Extent()
    key = (lake.folder, table.name)
    with _lock:
        kept = _counted.get(key)
    if kept is not None and kept[0] == paths:
        return kept[1]
    query = (
        f"SELECT count(DISTINCT (start_ns + {TAIPEI_OFFSET}) // {DAY}) AS days, count(DISTINCT code) AS codes "  # noqa: S608 - numbers of ours
        "FROM read_parquet($files, hive_partitioning = false)"
    )
    found = lake.fetch(query, {"files": list(paths)})
    counted = Extent(days=int(found["days"][0]), codes=int(found["codes"][0]))
    with _lock:
        _counted[key] = (paths, counted)
    return counted


# --- rows ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Rows of one code that begin from `first_ns` to `last_ns` and were known at `as_of` (market times, UTC ns, or None). `segment`
    only of tables that have one; "" any."""

    table: Table
    code: str
    first_ns: int | None = None
    last_ns: int | None = None
    as_of: int | None = None
    segment: str = ""


def rows(wanted: Wanted, *, limit: int, after: int = 0, newest_first: bool = True) -> Rows:
    """At most `limit` rows behind the first `after`: the newest day first, within a day in the table's order; or all in the table's
    order. YunhaiError 7450, 7451, 7456."""
    lake, table = charts.lake(), wanted.table
    columns = tuple(table.all_columns())
    files = touched(lake.manifest().of(table.name), wanted.first_ns, wanted.last_ns)
    if not files:
        return empty(table, columns)
    query, values = selection(table, columns, files, lake.folder, as_of=wanted.as_of)
    values["code"] = wanted.code
    conditions = ["code = $code"]
    for name, value, sign in (("first", wanted.first_ns, ">="), ("last", wanted.last_ns, "<=")):
        if value is not None:
            values[name] = value
            conditions.append(f"start_ns {sign} ${name}")
    if wanted.segment and "segment" in table.columns:
        values["segment"] = wanted.segment
        conditions.append("segment = $segment")
    rest = [name for name in table.order if name not in ("code", "start_ns")]
    order = ["start_ns DESC" if newest_first else "start_ns", *rest]
    values |= {"limit": limit, "after": after}
    return lake.fetch(
        f"SELECT {', '.join(columns)} FROM ({query}) WHERE {' AND '.join(conditions)} "  # noqa: S608 - names are the table's own
        f"ORDER BY {', '.join(order)} LIMIT $limit OFFSET $after",
        values,
    )


def a_code(table: Table) -> str:
    """Some code that the newest file of a table has, to begin with; "" of an empty one."""
    lake = charts.lake()
    files = lake.manifest().of(table.name)
    if not files:
        return ""
    newest = max(files, key=lambda file: (file.last_ns, file.path))
    query = "SELECT min(code) AS code FROM read_parquet($files, hive_partitioning = false)"
    found = lake.fetch(query, {"files": [str(lake.folder / newest.path)]})
    return str(found["code"][0])


# --- reports -------------------------------------------------------------------------------------------------------------


class Told(msgspec.Struct, frozen=True):
    """A row of a report: the source's line, why, and its text."""

    line: int
    code: int
    name: str
    text: str


_DECODER: Final = msgspec.json.Decoder(Told)


def told(made: Import, *, reason: int, text: str, after: int, limit: int) -> tuple[list[Told], int]:
    """(rows, where the next ones begin; 0: there are none) of an import's report from the place `after` in the file, of one reason
    (0: any) and with `text` in them. A piece of the file is looked through at a time: no rows and a next place is an answer too.
    YunhaiError 7450."""
    if not made.report:
        return [], 0
    path = charts.lake().folder / made.report
    found: list[Told] = []
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, after - 1))
            if after:
                file.readline()
            end = file.tell() + DATA_REPORT_BYTES_MAX
            while len(found) < limit and file.tell() < min(size, end):
                row = _DECODER.decode(file.readline())
                if (not reason or row.code == reason) and text in row.text:
                    found.append(row)
            return found, file.tell() if file.tell() < size else 0
    except FileNotFoundError:
        raise YunhaiError(FILE_MISSING, path=made.report) from None
