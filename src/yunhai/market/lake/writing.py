"""Adding rows: aside, synced, then named in a manifest that is replaced whole.

One process writes at a time (`lake.lock`). An import is known by its layout, its version, its options and its source's hash:
made again, it changes nothing and gives the first one's answer. Rows whose key the lake has already are either the same (left
out, and counted) or other values: a correction, kept as a new row that is known from the moment it was imported, so that a
question `as_of` an earlier moment still gets the old one.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

import duckdb
import msgspec
import numpy as np
from numpy.typing import NDArray

from yunhai.journal.files import make_folder
from yunhai.kernel.errors import YunhaiError
from yunhai.market.lake.engine import connect
from yunhai.market.lake.errors import LAKE_BUSY, ROW_CORRECTION, ROW_KNOWN
from yunhai.market.lake.manifest import Import, LakeFile, Manifest, hash_of, load
from yunhai.market.lake.placing import Placing, clear, placing, sweep
from yunhai.market.lake.tables import Table

LOCK: Final = "lake.lock"
REPORTS: Final = "reports"
ROW_GROUP: Final = 16_384
"""Rows of a file's smallest readable part: one security's year is found without reading the others'."""

Columns = Mapping[str, NDArray[Any]]


class Told(Protocol):
    """What an import has to say of its source's rows."""

    read: int

    def note(self, lines: NDArray[np.int64], reason: int) -> None: ...
    def counts(self) -> dict[int, int]: ...
    def write(self, file: BinaryIO) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where rows come from: the source's name and hash, who read it and how."""

    source: str
    sha256: str
    bytes: int
    importer: str
    version: int
    options: str = ""

    def made(self, manifest: Manifest) -> tuple[Import, ...]:
        """The imports that this has already been."""
        mine = (self.importer, self.version, self.options, self.sha256)
        return tuple(
            each for each in manifest.imports if (each.importer, each.version, each.options, each.source_sha256) == mine
        )


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """The right to write. YunhaiError 7452 if another has it."""
    make_folder(folder)
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise YunhaiError(LAKE_BUSY, path=str(folder)) from None
        yield
    finally:
        os.close(handle)


def recover(folder: Path) -> int:
    """Take away what a write left that was killed; how many files. YunhaiError 7452 another is writing, 7453; OSError."""
    if not folder.is_dir():
        return 0
    with locked(folder):
        return clear(folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Rows of one table. `columns` all but `origin`; `lines` the source's line of each row."""

    table: Table
    columns: Columns
    lines: NDArray[np.int64]


def store(folder: Path, batches: list[Batch], origin: Origin, told: Told, *, now_ns: int) -> tuple[Import, ...]:
    """Add rows to the lake, all or none; the imports it has become, one a table. Again: those of the first time.

    YunhaiError 7452 another writer, 7453; OSError.
    """
    with locked(folder):
        manifest = load(folder)
        known = origin.made(manifest)
        if known:
            return known
        manifest = sweep(folder, now_ns)
        with placing(folder) as files, connect() as engine:
            return _Writing(files, manifest, engine, origin, now_ns).store(batches, told)


class _Writing:
    """One import on its way into the lake."""

    def __init__(
        self, files: Placing, manifest: Manifest, engine: duckdb.DuckDBPyConnection, origin: Origin, now_ns: int
    ) -> None:
        self._files = files
        self._manifest = manifest
        self._engine = engine
        self._origin = origin
        self._now_ns = now_ns

    def store(self, batches: list[Batch], told: Told) -> tuple[Import, ...]:
        first = max((each.number for each in self._manifest.imports), default=0) + 1
        files: list[LakeFile] = []
        stored: list[tuple[Table, int]] = []
        for place, batch in enumerate(batches):
            made = self._batch(batch, first + place, told)
            files += made
            stored.append((batch.table, sum(file.rows for file in made)))
        report = f"{REPORTS}/{first:06d}.jsonl"
        aside = self._files.aside(".jsonl")
        with aside.open("wb") as file:
            told.write(file)
        sha256, _ = hash_of(aside)
        self._files.put(aside, report)
        reasons = {str(reason): count for reason, count in sorted(told.counts().items())}
        imports = tuple(
            Import(
                number=first + place,
                source=self._origin.source,
                source_sha256=self._origin.sha256,
                source_bytes=self._origin.bytes,
                importer=self._origin.importer,
                version=self._origin.version,
                options=self._origin.options,
                at_ns=self._now_ns,
                table=table.name,
                read=told.read,
                rows=rows,
                reasons=reasons,
                report=report,
                report_sha256=sha256,
            )
            for place, (table, rows) in enumerate(stored)
        )
        manifest = msgspec.structs.replace(
            self._manifest,
            revision=self._manifest.revision + 1,
            imports=(*self._manifest.imports, *imports),
            files=(*self._manifest.files, *files),
        )
        self._files.publish(manifest)
        return imports

    def _batch(self, batch: Batch, number: int, told: Told) -> list[LakeFile]:
        """The files of one table's rows."""
        columns = dict(batch.columns)
        rows = len(batch.lines)
        if not rows:
            return []
        parts = batch.table.parts(columns["start_ns"])
        kept = np.ones(rows, np.bool_)
        corrects = np.zeros(rows, np.bool_)
        older = [file for file in self._manifest.of(batch.table.name) if file.part in set(np.unique(parts).tolist())]
        if older:
            same, other = self._compared(batch, [str(self._files.folder / file.path) for file in older])
            told.note(batch.lines[same], ROW_KNOWN)
            told.note(batch.lines[other], ROW_CORRECTION)
            kept[same], corrects[other] = False, True
            columns["known_ns"] = np.where(corrects, np.maximum(columns["known_ns"], self._now_ns), columns["known_ns"])
            columns["mark"] = np.where(corrects & (columns["mark"] == 0), ROW_CORRECTION, columns["mark"])
        columns["origin"] = np.full(rows, number, np.uint32)
        files = []
        for part in np.unique(parts[kept]).tolist():
            chosen = np.flatnonzero(kept & (parts == part))
            facts = {name: column[chosen] for name, column in columns.items()}
            files.append(self._file(batch.table, part, facts, number, corrects=bool(corrects[chosen].any())))
        return files

    def _compared(self, batch: Batch, files: list[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows that the lake has already: (places of the same, places of those with other values)."""
        names = list(batch.table.columns)
        key = [*batch.table.key, "venue"]
        values = [name for name in names if name not in key]
        given = {name: batch.columns[name] for name in (*names, "venue")} | {"place_given": np.arange(len(batch.lines))}
        self._engine.register("given", given)
        differs = " OR ".join(f"given.{name} IS DISTINCT FROM held.{name}" for name in values) or "false"
        query = f"""
            WITH held AS (
                SELECT {", ".join([*names, "venue"])} FROM read_parquet($files, hive_partitioning = false)
                QUALIFY row_number() OVER (PARTITION BY {", ".join(key)} ORDER BY known_ns DESC, origin DESC) = 1
            )
            SELECT given.place_given, {differs} AS differs FROM given JOIN held USING ({", ".join(key)})
        """  # noqa: S608 - names are the table's own
        found = self._engine.execute(query, {"files": files}).fetchnumpy()
        self._engine.unregister("given")
        at, other = np.asarray(found["place_given"], np.int64), np.asarray(found["differs"], np.bool_)
        return np.sort(at[~other]), np.sort(at[other])

    def _file(self, table: Table, part: str, columns: Columns, number: int, *, corrects: bool) -> LakeFile:
        return write_file(
            self._engine,
            self._files,
            table,
            part,
            columns,
            origins=(number,),
            corrects=corrects,
            venues=tuple(sorted({str(venue) for venue in np.unique(columns["venue"].astype(str))})),
        )


def write_file(
    engine: duckdb.DuckDBPyConnection,
    files: Placing,
    table: Table,
    part: str,
    columns: Columns,
    *,
    origins: tuple[int, ...],
    corrects: bool,
    venues: tuple[str, ...],
) -> LakeFile:
    """Rows as one file, aside until the write is published."""
    types = table.all_columns()
    engine.register("rows", {name: columns[name] for name in types})
    aside = files.aside(".parquet")
    chosen = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in types.items())
    query = (
        f"COPY (SELECT {chosen} FROM rows ORDER BY {', '.join(table.order)}, known_ns, origin) "  # noqa: S608 - the table's names
        f"TO '{_quoted(aside)}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})"
    )
    engine.execute(query)
    engine.unregister("rows")
    sha256, size = hash_of(aside)
    place = f"{table.part_folder(part)}/part-{sha256[:16]}.parquet"
    files.put(aside, place)
    starts = columns["start_ns"]
    return LakeFile(
        path=place,
        sha256=sha256,
        bytes=size,
        rows=len(starts),
        table=table.name,
        part=part,
        origins=origins,
        first_ns=int(starts.min()),
        last_ns=int(starts.max()),
        corrects=corrects,
        venues=venues,
    )


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
