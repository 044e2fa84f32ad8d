"""A journal's folder seen from outside: whose files they are, how long they should be, what follows a closing mark.

The native reader proves what the journal holds; this looks at what it does not read.
"""

import re
import struct
from pathlib import Path
from typing import Final

from yunhai.kernel.records import SIZE
from yunhai.native import _journal

Place = str | Path | _journal.SimDisk

OWN_FILES: Final = frozenset({"writer.lock", "durable.hint", "next.space"})
SECTOR_BYTES: Final = 512
GROUP_BYTES_MAX: Final = _journal.GROUP_HEADER + _journal.MAX_GROUP_SLOTS * SIZE + SECTOR_BYTES
"""The farthest a group reaches, its padding included."""

_SEGMENT_NAME: Final = re.compile(r"[0-9]{12}-[0-9]{20}\.yj")
_LENGTH: Final = struct.Struct("<Q")
_LENGTH_AT: Final = 48
_HEAD_BYTES: Final = 128


def _names(place: Place) -> list[str]:
    if isinstance(place, _journal.SimDisk):
        return sorted(place.names())
    folder = Path(place)
    return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []


def foreign_files(place: Place) -> tuple[str, ...]:
    """Names in the folder that no journal makes. They are not read and prove nothing."""
    return tuple(name for name in _names(place) if name not in OWN_FILES and not _SEGMENT_NAME.fullmatch(name))


def _bytes_of(place: Place, name: str, begin: int, end: int) -> tuple[bytes, int]:
    """The bytes from `begin` to `end` and the file's size; nothing and 0 of what is no plain file."""
    if isinstance(place, _journal.SimDisk):
        content = place.contents(name)
        return content[begin:end], len(content)
    path = Path(place) / name
    if path.is_symlink() or not path.is_file():
        return b"", 0
    with path.open("rb") as file:
        file.seek(begin)
        return file.read(end - begin), path.stat().st_size


def segment_lengths(place: Place) -> list[tuple[str, int, int]]:
    """(name, length it was made with, length it has) of each segment file whose header can be read."""
    found = []
    for name in _names(place):
        if not _SEGMENT_NAME.fullmatch(name):
            continue
        head, size = _bytes_of(place, name, 0, _HEAD_BYTES)
        if len(head) == _HEAD_BYTES:
            found.append((name, _LENGTH.unpack_from(head, _LENGTH_AT)[0], size))
    return found


def begun_again(place: Place, tail: "_journal.TailFacts", next_sequence: int) -> bool:
    """Whether what follows a closing mark is a piece of a writer's next group, which a crash left.

    True with that group's header, which the reader has proven by calling the end torn though its first sector is there,
    or with any whole record of a sequence that could have been written there. Beyond one group's reach nothing counts.
    """
    if tail["ending"] != "torn" or tail["used_until"] > tail["offset"] + GROUP_BYTES_MAX:
        return False
    region, _ = _bytes_of(place, tail["segment"], tail["offset"], tail["offset"] + GROUP_BYTES_MAX)
    if any(region[:SECTOR_BYTES]):
        return len(region) >= SECTOR_BYTES
    return any(_fits(region, at, next_sequence) for at in range(SECTOR_BYTES, len(region) - SIZE + 1, SIZE))


def _fits(region: bytes, at: int, next_sequence: int) -> bool:
    """Whether a whole record stands at `at` whose checksum tells a sequence from `next_sequence` on."""
    kind = region[at]
    if kind == 0:
        return False
    told = _journal.crc32c(region[at : at + SIZE - 4])
    if kind == _journal.FACT:
        length = int.from_bytes(region[at + 16 : at + 20], "little")
        content = region[at + SIZE : at + SIZE + -(-length // SIZE) * SIZE]
        if length > _journal.MAX_FACT_BYTES or len(content) < length:
            return False
        told = ((told << 1 | told >> 31) & 0xFFFFFFFF) ^ _journal.crc32c(content)
    sequence = told ^ int.from_bytes(region[at + SIZE - 4 : at + SIZE], "little")
    return (sequence - next_sequence) % 2**32 <= at // SIZE
