"""Columns as a file to take away 下載: CSV, or Parquet (zstd) that also says what it is about, written by DuckDB.

Amounts are decimals of four places (exact, never through binary64), a real number that is missing is empty. Whoever asks bounds
the rows; the file is made in a temporary folder and given as bytes.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from numpy.typing import NDArray

from yunhai.market.lake.engine import connect

Form = Literal["csv", "parquet"]
FORMS: Final[tuple[Form, ...]] = ("csv", "parquet")
CONTENT_TYPES: Final[Mapping[Form, str]] = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}
MEMORY_MB: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: `text`, `whole` numbers, `amount` in 1/10,000, `moment` as UTC nanoseconds (written beside its local time), or
    `real` numbers of which NaN is none."""

    name: str
    kind: Literal["text", "whole", "amount", "moment", "real"]
    values: NDArray[Any]


_WRITTEN: Final = {
    "text": "{0}::VARCHAR",
    "whole": "{0}",
    "amount": "({0}::DECIMAL(19, 0) * 0.0001::DECIMAL(5, 4))::DECIMAL(19, 4)",
    "moment": "{0}",
    "real": "CASE WHEN NOT isnan({0}) THEN {0} END",
}
_LOCAL: Final = "strftime(make_timestamp(({0} + {1}) // 1000), '%Y-%m-%d %H:%M:%S.%f')"


def taken(columns: Sequence[Column], form: Form, *, about: Mapping[str, str], offset: int) -> bytes:
    """The file. `about` becomes a Parquet file's metadata; `offset` is the market's, in ns. A moment named "x_ns" is followed by
    "x_local" (date and time of day, to the microsecond)."""
    parts = []
    for at, column in enumerate(columns):
        parts.append(f"{_WRITTEN[column.kind].format(f'c{at}')} AS {_name(column.name)}")
        if column.kind == "moment":
            parts.append(
                f"{_LOCAL.format(f'c{at}', int(offset))} AS {_name(column.name.removesuffix('_ns') + '_local')}"
            )
    options = "FORMAT csv, HEADER true" if form == "csv" else _parquet(about)
    with tempfile.TemporaryDirectory(prefix="yunhai-") as folder, connect(threads=1, memory_mb=MEMORY_MB) as engine:
        path = Path(folder) / f"taken.{form}"
        engine.register("t", {f"c{at}": column.values for at, column in enumerate(columns)})
        query = f"SELECT {', '.join(parts)} FROM t"  # noqa: S608 - names are quoted
        engine.execute(f"COPY ({query}) TO {_text(str(path))} ({options})")
        return path.read_bytes()


def _parquet(about: Mapping[str, str]) -> str:
    told = ", ".join(f"{_name(key)}: {_text(value)}" for key, value in about.items())
    return f"FORMAT parquet, COMPRESSION zstd, KV_METADATA {{{told}}}"


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
