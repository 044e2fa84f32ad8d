"""What is in the lake: the files, where each came from, and nothing else is there.

`manifest.json` is replaced whole when everything it names is on the disk; a file that it does not name is no part of the
lake (a write that was cut short, or what a compaction has replaced and a reader may still hold open).
"""

import hashlib
from pathlib import Path
from typing import Final

import msgspec

from yunhai.journal.files import make_folder, read_up_to, sync_folder, whole_file
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import MANIFEST_BYTES_MAX
from yunhai.market.lake.errors import FILE_MISSING, MANIFEST_UNREADABLE

NAME: Final = "manifest.json"
ASIDE: Final = "aside"
"""The folder of what is being written."""
FOLLOWED: Final = "journal.json"
"""How far a journal's days are in the lake (`yunhai.market.importers.following`)."""
FORMAT: Final = 1


class LakeFile(msgspec.Struct, frozen=True, kw_only=True):
    """One Parquet file. `corrects`: some row of it stands for one of an older file; `venues` those of its rows."""

    path: str
    sha256: str
    bytes: int
    rows: int
    table: str
    part: str
    origins: tuple[int, ...]
    first_ns: int
    last_ns: int
    corrects: bool = False
    venues: tuple[str, ...] = ("",)


class Import(msgspec.Struct, frozen=True, kw_only=True):
    """One import. `read` rows of the source, `rows` stored; `reasons` counts by row reason (7460-7479); `report` the file
    of the rows named, relative to the lake."""

    number: int
    source: str
    source_sha256: str
    source_bytes: int
    importer: str
    version: int
    options: str
    at_ns: int
    table: str
    read: int
    rows: int
    reasons: dict[str, int]
    report: str = ""
    report_sha256: str = ""


class Retired(msgspec.Struct, frozen=True, kw_only=True):
    """A file replaced by a compaction, to be deleted when no reader can still want it."""

    path: str
    at_ns: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The whole lake. `revision` grows by one with each replacement."""

    format: int = FORMAT
    revision: int = 0
    imports: tuple[Import, ...] = ()
    files: tuple[LakeFile, ...] = ()
    retired: tuple[Retired, ...] = ()

    def of(self, table: str) -> tuple[LakeFile, ...]:
        return tuple(file for file in self.files if file.table == table)

    def named(self) -> frozenset[str]:
        """Every path that is part of the lake, or may still be read."""
        reports = (made.report for made in self.imports if made.report)
        return frozenset((*(file.path for file in self.files), *reports, *(gone.path for gone in self.retired)))

    def import_of(self, number: int) -> Import:
        """KeyError if there is none."""
        for made in self.imports:
            if made.number == number:
                return made
        raise KeyError(number)


_DECODER: Final = msgspec.json.Decoder(Manifest)


def load(folder: Path) -> Manifest:
    """The manifest; an empty one if there is no lake yet. YunhaiError 7453."""
    path = folder / NAME
    try:
        content = read_up_to(path, MANIFEST_BYTES_MAX)
    except FileNotFoundError:
        return Manifest()
    if len(content) > MANIFEST_BYTES_MAX:
        raise YunhaiError(MANIFEST_UNREADABLE, reason="too large", reason_zh="過大")
    try:
        found = _DECODER.decode(content)
    except msgspec.MsgspecError as error:
        raise YunhaiError(MANIFEST_UNREADABLE, reason=str(error), reason_zh="內容不合格式") from None
    if found.format != FORMAT:
        raise YunhaiError(MANIFEST_UNREADABLE, reason=f"format {found.format}", reason_zh=f"格式版本 {found.format}")
    for file in found.files:
        if outside(file.path):
            raise YunhaiError(MANIFEST_UNREADABLE, reason=f"a path outside: {file.path}", reason_zh="路徑超出資料湖")
    return found


def outside(path: str) -> bool:
    """Whether a path of the lake's own leads out of it."""
    return Path(path).is_absolute() or ".." in Path(path).parts


def save(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest whole, synced; what is cut short lies in `aside/`. YunhaiError 7453 it would be too large; OSError."""
    make_folder(folder / ASIDE)
    content = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    if len(content) > MANIFEST_BYTES_MAX:
        raise YunhaiError(MANIFEST_UNREADABLE, reason="it would grow too large: compact", reason_zh="將過大，請先合併")
    with whole_file(folder / ASIDE / NAME) as file:
        file.write(content)
    (folder / ASIDE / NAME).replace(folder / NAME)
    sync_folder(folder)


def hash_of(path: Path) -> tuple[str, int]:
    """(SHA-256 in hex, bytes) of a file. YunhaiError 7450 if it is not there."""
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
                size += len(piece)
    except FileNotFoundError:
        raise YunhaiError(FILE_MISSING, path=str(path)) from None
    return digest.hexdigest(), size
