"""Files of rows read within bounds, plain or gzip.

A small archive may unpack to a thousand times its size, and arrays of positions are eight times their text: bytes, rows
and separators are therefore counted before anything is built from them.
"""

import gzip
import io
import zlib
from pathlib import Path
from typing import BinaryIO, Final

from yunhai.apps import system_errors
from yunhai.apps.day import failures
from yunhai.kernel.errors import YunhaiError

_GZIP: Final = b"\x1f\x8b"


def read_bounded(path: Path, *, most: int) -> bytes:
    """A file's bytes as they are, one more than `most` at most, so that `unpacked` can tell. OSError."""
    with path.open("rb") as file:
        return _up_to(file, most + 1)


def unpacked(content: bytes, *, most: int) -> bytes:
    """The same text without gzip. 4008 if it is more than `most` bytes; OSError, EOFError, zlib.error: no archive."""
    if content.startswith(_GZIP):
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            content = _up_to(file, most + 1)
    if len(content) > most:
        raise too_large(f"{most:,} bytes", f"{most:,} 位元組")
    return content


def _up_to(file: BinaryIO | gzip.GzipFile, most: int) -> bytes:
    """At most so many bytes, piece by piece: asked for all at once, a reader sets room for `most` aside."""
    pieces: list[bytes] = []
    left = most
    while left and (piece := file.read(min(left, PIECE_BYTES))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


PIECE_BYTES: Final = 1 << 20

NO_ARCHIVE: Final[tuple[type[Exception], ...]] = (OSError, EOFError, zlib.error)
"""What `unpacked` raises when an archive is damaged."""


def why_unreadable(error: BaseException) -> dict[str, str]:
    """The details `reason` and `reason_zh` of one of NO_ARCHIVE."""
    if isinstance(error, OSError) and error.errno:
        return system_errors.reasons(error)
    return {"reason": "the archive is damaged", "reason_zh": "壓縮檔損壞"}


def bound_rows(content: bytes, *, rows: int, columns: int) -> None:
    """4008 if the text has more than `rows` lines, or far more commas or points than so many columns need.

    A line may be wrong and is then named; only what would make the arrays many times larger than the lines allow is
    refused here.
    """
    lines = content.count(b"\n") + 1
    if lines > rows + 1:
        raise too_large(f"{rows:,} rows", f"{rows:,} 列")
    marks = 2 * columns * lines + SPARE_MARKS
    if max(content.count(b","), content.count(b".")) > marks:
        raise too_large(f"{marks:,} separators in {lines:,} rows", f"{lines:,} 列有 {marks:,} 個分隔")


SPARE_MARKS: Final = 1_000
"""Commas and points allowed beyond twice the columns of every line."""


def too_large(what: str, what_zh: str) -> YunhaiError:
    """4008: the file has more than `what`."""
    return YunhaiError(failures.TOO_MUCH, reason=what, reason_zh=what_zh)
