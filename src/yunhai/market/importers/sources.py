"""A file to be imported: its hash, its lines as text, within bounds.

Plain or gzip; UTF-8 (with or without a mark) or CP950, told from its beginning. A byte that is no letter of it becomes U+FFFD,
which no code, date or number contains, so that such a row is reported where it matters and not where it does not.
"""

import builtins
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Self

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import SOURCE_BYTES_MAX, SOURCE_LINE_CHARACTERS_MAX
from yunhai.market.lake.errors import SOURCE_UNREADABLE

_GZIP: Final = b"\x1f\x8b"
_HEAD_BYTES: Final = 65_536
_BLOCK_BYTES: Final = 1 << 20
_LETTER_BYTES: Final = 4
"""Of the longest letter."""
_DAMAGED: Final = (OSError, EOFError, zlib.error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file on disk. `name` without folder; `head` the first lines as text."""

    path: Path
    name: str
    sha256: str
    bytes: int
    encoding: str
    packed: bool
    head: tuple[str, ...]

    @classmethod
    def of(cls, path: Path) -> Self:
        """Look at a file. YunhaiError 7455 damaged; OSError."""
        digest, size = hashlib.sha256(), 0
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP
            file.seek(0)
            while piece := file.read(1 << 20):
                digest.update(piece)
                size += len(piece)
        if size > SOURCE_BYTES_MAX:
            raise _too_large(path)
        try:
            with _opened(path, packed=packed) as file:
                start = file.read(_HEAD_BYTES)
        except _DAMAGED as error:
            raise _damaged(path, error) from None
        encoding = _encoding(start, whole=len(start) < _HEAD_BYTES)
        text = start.decode(encoding, "replace")
        return cls(
            path=path,
            name=path.name,
            sha256=digest.hexdigest(),
            bytes=size,
            encoding=encoding,
            packed=packed,
            head=tuple(text.splitlines()[:20]),
        )

    def lines(self) -> Iterator[str]:
        """The file's lines with their ends, NUL taken out of the way. YunhaiError 7455 damaged or beyond the bounds."""
        encoding = self.encoding
        for block in self._blocks():
            text = block.decode(encoding, "replace").replace("\0", "\ufffd")
            encoding = self.encoding.removesuffix("-sig")  # a mark stands at the beginning alone
            lines = list(io.StringIO(text, newline="\n"))
            if max(map(len, lines)) > SOURCE_LINE_CHARACTERS_MAX:
                raise _too_large(self.path)
            yield from lines

    def _blocks(self) -> "Iterator[builtins.bytes]":
        """Whole lines, about a block of them at a time: no letter of the encodings has the line's end within it."""
        read, rest = 0, b""
        try:
            with _opened(self.path, packed=self.packed) as file:
                while block := file.read(_BLOCK_BYTES):
                    read += len(block)
                    lines, end, after = block.rpartition(b"\n")
                    if len(rest) > _LETTER_BYTES * SOURCE_LINE_CHARACTERS_MAX or read > SOURCE_BYTES_MAX:
                        raise _too_large(self.path)
                    if end:
                        yield rest + lines + end
                        rest = after
                    else:
                        rest += after
        except _DAMAGED as error:
            raise _damaged(self.path, error) from None
        if rest:
            yield rest


def _opened(path: Path, *, packed: bool) -> BinaryIO:
    return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]


def _encoding(start: bytes, *, whole: bool) -> str:
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        if whole or error.start < len(start) - 4:  # a letter may be cut at the end of the first bytes
            return "cp950"
    return "utf-8-sig"


def _too_large(path: Path) -> YunhaiError:
    return YunhaiError(SOURCE_UNREADABLE, path=path.name, reason="too large", reason_zh="檔案或單行過大")


def _damaged(path: Path, error: BaseException) -> YunhaiError:
    return YunhaiError(
        SOURCE_UNREADABLE, path=path.name, reason=f"damaged ({type(error).__name__})", reason_zh="檔案毀損"
    )
