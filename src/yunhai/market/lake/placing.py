"""New files of the lake 寫入: written aside, placed, named by the manifest; of a write that is cut short nothing is left.

A write goes in this order, and everything is on the disk before the next begins:

1. its files (Parquet, the report) are written in `aside/`;
2. `aside/placing.json` names the places that they are about to take;
3. they are renamed into these places;
4. the manifest that names them replaces the old one;
5. `aside/` is emptied.

Cut short before 4, the list says which files to take away again; after it, the manifest names them, and they stay. The one
who fails clears up; who is killed leaves it to the next who has the lock (`sweep`: an import, a compaction, the start of a
reader process, `yunhai history verify`). Nothing but what the list names is ever deleted, and nothing of that which the
manifest names: a manifest that was lost does not take the lake with it.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec

from yunhai.journal.files import make_folder, read_up_to, sync_folder, whole_file
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import LAKE_RETIRED_SECONDS_MIN, MANIFEST_BYTES_MAX
from yunhai.market.lake.errors import MANIFEST_UNREADABLE
from yunhai.market.lake.manifest import ASIDE, NAME, Manifest, load, outside, save

PLACING: Final = "placing.json"
_DECODER: Final = msgspec.json.Decoder(tuple[str, ...])


class Placing:
    """The files of one write. Paths of places are relative to the lake."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._places: dict[str, Path] = {}
        make_folder(folder / ASIDE)

    def aside(self, suffix: str) -> Path:
        """A name in `aside/` that nothing has yet."""
        return self.folder / ASIDE / f"{uuid.uuid4().hex}{suffix}"

    def put(self, aside: Path, place: str) -> None:
        """Sync a file that was written aside and say where it belongs. OSError."""
        handle = os.open(aside, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        self._places[place] = aside

    def publish(self, manifest: Manifest) -> None:
        """Steps 2 to 4. YunhaiError 7453 it would grow too large; OSError."""
        with whole_file(self.folder / ASIDE / PLACING) as file:
            file.write(msgspec.json.encode(tuple(self._places)))
        homes = {(self.folder / place).parent for place in self._places}
        for home in homes:
            make_folder(home)
        for place, aside in self._places.items():
            aside.replace(self.folder / place)
        for home in homes:
            sync_folder(home)
        save(self.folder, manifest)


@contextmanager
def placing(folder: Path) -> Iterator[Placing]:
    """A write whose files are the manifest's or gone when it is left. The lock is held."""
    try:
        yield Placing(folder)
    finally:
        # What cannot be cleared now (a full disk, a manifest that cannot be read) is cleared by the next write.
        with suppress(YunhaiError, OSError):
            clear(folder)


def unfinished(folder: Path) -> tuple[str, ...]:
    """Files of a write that is under way or was cut short. YunhaiError 7453."""
    aside = folder / ASIDE
    found = [f"{ASIDE}/{path.name}" for path in sorted(aside.iterdir())] if aside.is_dir() else []
    return (*found, *(place for place in _listed(folder) if (folder / place).is_file()))


def _listed(folder: Path) -> tuple[str, ...]:
    """What the last write was about to place and the manifest does not name. YunhaiError 7453."""
    try:
        places = _DECODER.decode(read_up_to(folder / ASIDE / PLACING, MANIFEST_BYTES_MAX))
    except FileNotFoundError:
        return ()
    except msgspec.MsgspecError as error:
        raise YunhaiError(MANIFEST_UNREADABLE, reason=f"{PLACING}: {error}", reason_zh=f"{PLACING} 不合格式") from None
    named = load(folder).named()
    return tuple(place for place in places if place not in named and not outside(place))


def clear(folder: Path) -> int:
    """Take away what a write left that was cut short; how many files. The lock is held. YunhaiError 7453; OSError."""
    aside = folder / ASIDE
    if not aside.is_dir():
        return 0
    gone = [folder / place for place in _listed(folder)]
    for path in gone:
        path.unlink(missing_ok=True)
    for home in {path.parent for path in gone if path.parent.is_dir()}:
        sync_folder(home)
    left = sorted(
        aside.iterdir(), key=lambda path: path.name == PLACING
    )  # the list last: killed here, it is read again
    for path in left:
        path.unlink()
    return len(gone) + len(left)


def sweep(folder: Path, now_ns: int) -> Manifest:
    """The manifest, after clearing, without what was retired so long ago that nobody reads it. The lock is held.

    YunhaiError 7453, also if the manifest is gone and files of a lake are there; OSError.
    """
    clear(folder)
    manifest = load(folder)
    if not (folder / NAME).exists() and next(folder.rglob("part-*.parquet"), None) is not None:
        raise YunhaiError(
            MANIFEST_UNREADABLE, reason="it is gone, but its files are there", reason_zh="遺失，但資料檔仍在"
        )
    kept = []
    for retired in manifest.retired:
        if now_ns - retired.at_ns < LAKE_RETIRED_SECONDS_MIN * 1_000_000_000:
            kept.append(retired)
        else:
            (folder / retired.path).unlink(missing_ok=True)
    return msgspec.structs.replace(manifest, retired=tuple(kept))
