"""What was known when, of every table of the lake: no row later than the asked moment, and of a key the newest known one.

Rows come in several imports, some again with other values (corrections), some of our own journal; every question is held
against the definition, row by row.
"""

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest

from tests.market.lake_scene import NOW, day
from yunhai.kernel.clock import DAY, HOUR
from yunhai.market.lake import checking
from yunhai.market.lake.reading import Lake
from yunhai.market.lake.tables import JOURNAL, TABLES, TEXT, Table
from yunhai.market.lake.writing import Batch, Origin, store

CODES, DAYS, IMPORTS, ROWS = ("1101", "2330", "0050"), 5, 5, 14
BEGIN = day("2026-08-17")
VALUES = 3
"""So few that some rows come again with the values that they had."""


class Told:
    """Rows that nobody reads about."""

    read = ROWS

    def note(self, lines: Any, reason: int) -> None:
        pass

    def counts(self) -> dict[int, int]:
        return {}

    def write(self, file: BinaryIO) -> None:
        pass


def batch(table: Table, rng: np.random.Generator) -> Batch:
    """Rows of different keys, known within two days of what they are about."""
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for _ in range(ROWS):
        row: dict[str, Any] = {
            name: str(rng.integers(VALUES)) if kind == TEXT else int(rng.integers(VALUES))
            for name, kind in table.columns.items()
        }
        row["code"], row["start_ns"] = CODES[rng.integers(3)], BEGIN + int(rng.integers(DAYS)) * DAY
        row["known_ns"] = row["start_ns"] + int(rng.integers(48)) * HOUR
        rows.setdefault(tuple(row[name] for name in table.key), row)
    kept = list(rows.values())
    columns: dict[str, Any] = {
        name: np.array([row[name] for row in kept], object if kind == TEXT else np.int64)
        for name, kind in table.columns.items()
    }
    columns["known_ns"] = np.array([row["known_ns"] for row in kept], np.int64)
    columns["mark"] = np.zeros(len(kept), np.uint16)
    columns["venue"] = np.array([JOURNAL if rng.integers(4) == 0 else "" for _ in kept], object)
    return Batch(table=table, columns=columns, lines=np.arange(len(kept), dtype=np.int64))


def wanted(table: Table, lake: Lake, moment: int | None) -> list[tuple[Any, ...]]:
    """By the definition, from every row of every file."""
    import duckdb

    names = list(table.all_columns())
    newest: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for file in lake.manifest().of(table.name):
        query = f"SELECT {', '.join(names)} FROM read_parquet('{lake.folder / file.path}', hive_partitioning = false)"
        for values in duckdb.sql(query).fetchall():
            row = dict(zip(names, values, strict=True))
            if moment is not None and row["known_ns"] > moment:
                continue
            key = tuple(row[name] for name in table.key)
            rank = (row["venue"], row["known_ns"], row["origin"])
            if key not in newest or rank > newest[key][0]:
                newest[key] = (rank, values)
    return sorted(values for _, values in newest.values())


@pytest.mark.parametrize(
    "name", [name if name == "flows" else pytest.param(name, marks=pytest.mark.full) for name in sorted(TABLES)]
)
def test_no_row_later_than_the_asked_moment(tmp_path: Path, name: str) -> None:
    table, rng = TABLES[name], np.random.default_rng(len(name))
    for number in range(IMPORTS):
        origin = Origin(source=str(number), sha256=str(number), bytes=1, importer="test", version=1)
        store(tmp_path / "lake", [batch(table, rng)], origin, Told(), now_ns=NOW + number * DAY)
    lake = Lake(tmp_path / "lake")
    moments = [None, 0, *(BEGIN + hours * HOUR for hours in range(0, 24 * (DAYS + 2), 17))]
    moments += [NOW + number * DAY + early for number in range(IMPORTS) for early in (-1, 0)]
    seen = set()
    for compacted in (False, True):
        if compacted:
            checking.compact(lake.folder, now_ns=NOW + IMPORTS * DAY)
        for moment in moments:
            rows = lake.read(name, as_of=moment)
            if moment is not None:
                assert (rows["known_ns"] <= moment).all()
            found = sorted(zip(*(rows[column].tolist() for column in table.all_columns()), strict=True))
            assert found == wanted(table, lake, moment), moment
            seen.add(tuple(found))
            if moment is not None and len(rows["code"]):
                code, first = rows["code"][0], int(rows["start_ns"][0])
                part = lake.read(name, as_of=moment, codes=[str(code)], first_ns=first, last_ns=first, newest=1)
                assert (part["known_ns"] <= moment).all()
                assert len(part["code"]) == 1
    assert len(seen) > IMPORTS, "answers differ with the moment"
