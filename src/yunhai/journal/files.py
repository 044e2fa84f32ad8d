"""Files and folders that are there after a power cut 落盤: made whole or not at all, bounded when read.

A name lives in its folder: until that is synced, a crash may take the file, or a whole new folder with everything that
was synced in it. So whoever makes a folder or gives a file its name syncs the folder it stands in.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

_FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def sync_folder(folder: Path) -> None:
    """Put the folder's names on the disk. OSError if it cannot be."""
    handle = os.open(folder, _FOLDER_FLAGS)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """The folder and every missing one above it, each durable before anything is put into it. OSError if it cannot be.

    The folder's own name is synced even if it was there: who made it may have died before doing so.
    """
    folder = folder.absolute()
    if folder.is_dir():
        with suppress(PermissionError):  # a folder above that only others may read: they made it
            sync_folder(folder.parent)
        return
    if not folder.parent.is_dir():
        make_folder(folder.parent)
    folder.mkdir(mode=0o755, exist_ok=True)
    sync_folder(folder.parent)


@contextmanager
def whole_file(path: Path, *, mode: int = 0o644) -> Iterator[BinaryIO]:
    """A file that gets its name when it is complete and synced; after an error there is nothing and the old one stays."""
    handle, name = tempfile.mkstemp(prefix=".yunhai-", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def new_file(path: Path, content: bytes, *, mode: int) -> None:
    """A file that was not there before (FileExistsError), never readable by more than `mode` says, synced."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


def read_up_to(path: Path, most_bytes: int) -> bytes:
    """The file's bytes, at most one more than `most_bytes`: whoever parses them refuses the longer by its length."""
    with path.open("rb") as file:
        return file.read(most_bytes + 1)
