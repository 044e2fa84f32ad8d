"""Proving the lake, and making few files of many.

`verify` reads every file that the manifest names and holds its hash and size against it. `compact` joins the files of a
partition; the rows stay the same, corrected ones too (in a file of corrections), so that every question gets the answer it
got before.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import LAKE_FILE_ROWS_MAX
from yunhai.market.lake.engine import connect
from yunhai.market.lake.errors import FILE_DIFFERS, FILE_MISSING
from yunhai.market.lake.manifest import FOLLOWED, NAME, LakeFile, Manifest, Retired, hash_of, load
from yunhai.market.lake.placing import Placing, placing, sweep, unfinished
from yunhai.market.lake.reading import stands_for_others
from yunhai.market.lake.tables import TABLES
from yunhai.market.lake.writing import LOCK, locked, write_file

Progress = Callable[[int, int], None]
"""Told (done, of all)."""


def _quiet(done: int, of_all: int) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A file that is not as the manifest says. `code` 7450 or 7451."""

    code: int
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LakeVerdict:
    """`files`, `rows`, `bytes` as the manifest names them; `unfinished` files of a write that is under way or was killed;
    `strangers` other files in the folder that it does not name."""

    files: int
    rows: int
    bytes: int
    findings: tuple[Finding, ...]
    unfinished: tuple[str, ...]
    strangers: tuple[str, ...]

    @property
    def right(self) -> bool:
        return not self.findings


def verify(folder: Path, progress: Progress = _quiet) -> LakeVerdict:
    """Hold every file against the manifest. YunhaiError 7453."""
    manifest = load(folder)
    reports = {made.report: made.report_sha256 for made in manifest.imports if made.report}
    wanted = {file.path: file.sha256 for file in manifest.files} | reports
    findings = []
    for place, (path, sha256) in enumerate(wanted.items()):
        progress(place, len(wanted))
        try:
            found, _ = hash_of(folder / path)
        except YunhaiError:
            findings.append(Finding(code=FILE_MISSING, path=path))
            continue
        if found != sha256:
            findings.append(Finding(code=FILE_DIFFERS, path=path))
    progress(len(wanted), len(wanted))
    pending = unfinished(folder)
    named = {*wanted, *manifest.named(), *pending, NAME, LOCK, FOLLOWED}
    strangers = []
    if folder.is_dir():
        present = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file())
        strangers = [str(path) for path in present if str(path) not in named]
    return LakeVerdict(
        files=len(manifest.files),
        rows=sum(file.rows for file in manifest.files),
        bytes=sum(file.bytes for file in manifest.files),
        findings=tuple(findings),
        unfinished=pending,
        strangers=tuple(strangers),
    )


FEW: Final = 2
"""A partition of fewer files is left as it is."""


def compact(folder: Path, *, now_ns: int, progress: Progress = _quiet) -> tuple[int, int]:
    """Join each partition's files into one; (files before, files after).

    Every file is proven before it is joined. The old ones are deleted by a later write, when no reader can still want them.
    YunhaiError 7452 another writer, 7450, 7451 (nothing is changed then), 7453; OSError.
    """
    with locked(folder), placing(folder) as files:
        return _compacted(files, sweep(folder, now_ns), now_ns, progress)


def _compacted(files: Placing, manifest: Manifest, now_ns: int, progress: Progress) -> tuple[int, int]:
    counted = Counter((file.table, file.part, stands_for_others(file)) for file in manifest.files)
    joined: list[LakeFile] = []
    gone: list[Retired] = []
    many = [place for place, count in counted.items() if count >= FEW]
    for place, (table, part, others) in enumerate(many):
        progress(place, len(many))
        mine = [
            file
            for file in manifest.files
            if (file.table, file.part) == (table, part) and stands_for_others(file) is others
        ]
        if sum(file.rows for file in mine) > LAKE_FILE_ROWS_MAX:
            continue
        joined.append(_joined(files, table, part, mine))
        gone += [Retired(path=file.path, at_ns=now_ns) for file in mine]
    progress(len(many), len(many))
    if not joined:
        return len(manifest.files), len(manifest.files)
    left = {retired.path for retired in gone}
    kept = (*(file for file in manifest.files if file.path not in left), *joined)
    fresh = {file.path for file in joined}
    retired = tuple(each for each in (*manifest.retired, *gone) if each.path not in fresh)
    files.publish(msgspec.structs.replace(manifest, revision=manifest.revision + 1, files=kept, retired=retired))
    return len(manifest.files), len(kept)


def _joined(into: Placing, table: str, part: str, files: list[LakeFile]) -> LakeFile:
    paths = [into.folder / file.path for file in files]
    for file, path in zip(files, paths, strict=True):
        found, _ = hash_of(path)
        if found != file.sha256:
            raise YunhaiError(FILE_DIFFERS, path=file.path)
    known = TABLES[table]
    with connect() as engine:
        query = f"SELECT {', '.join(known.all_columns())} FROM read_parquet($files, hive_partitioning = false)"  # noqa: S608 - the table's names
        found_rows = engine.execute(query, {"files": [str(path) for path in paths]}).fetchnumpy()
        return write_file(
            engine,
            into,
            known,
            part,
            {name: np.ma.getdata(column) for name, column in found_rows.items()},
            origins=tuple(sorted({origin for file in files for origin in file.origins})),
            corrects=any(file.corrects for file in files),
            venues=tuple(sorted({venue for file in files for venue in file.venues})),
        )
