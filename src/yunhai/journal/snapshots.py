"""Snapshots 快照: a state's bytes at a sequence, so that a restart need not replay everything.

An optimisation and never an authority: a snapshot names the journal, the group and the chain hash it was taken at, is
checked against the journal before use, and can always be deleted and made again by replay.
"""

import hashlib
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from yunhai.journal.errors import SNAPSHOT_INVALID, refusal
from yunhai.journal.files import whole_file
from yunhai.journal.reader import Reader
from yunhai.native import _journal

_HEAD: Final = struct.Struct("<8s16sQQ32sQ")
_MAGIC: Final = b"YHJSNP01"
_SUM: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """`state` after every record up to and including `sequence`, the last of commit group `group`."""

    journal: bytes
    group: int
    sequence: int
    chain: bytes
    state: bytes


def encode(snapshot: Snapshot) -> bytes:
    head = _HEAD.pack(_MAGIC, snapshot.journal, snapshot.group, snapshot.sequence, snapshot.chain, len(snapshot.state))
    body = head + snapshot.state
    return body + hashlib.sha256(body).digest()


def decode(file: bytes) -> Snapshot:
    """3030 unless every byte is right."""
    if len(file) < _HEAD.size + _SUM or hashlib.sha256(file[:-_SUM]).digest() != file[-_SUM:]:
        raise refusal(SNAPSHOT_INVALID, "checksum differs")
    magic, journal, group, sequence, chain, length = _HEAD.unpack_from(file)
    if magic != _MAGIC or length != len(file) - _HEAD.size - _SUM:
        raise refusal(SNAPSHOT_INVALID, "not a snapshot of this version")
    return Snapshot(journal=journal, group=group, sequence=sequence, chain=chain, state=file[_HEAD.size : -_SUM])


def save(snapshot: Snapshot, path: Path) -> None:
    """Write it whole or not at all: a temporary file, synced, renamed, the folder synced."""
    with whole_file(path) as file:
        file.write(encode(snapshot))


def check(snapshot: Snapshot, place: str | Path | _journal.SimDisk) -> None:
    """3030 unless the journal's own group says the same hash at the same sequence."""
    if snapshot.sequence == 0:
        return
    for group in Reader(place, snapshot.sequence):
        if group.number == snapshot.group:
            if (group.last_sequence, group.chain) != (snapshot.sequence, snapshot.chain):
                break
            return
        if group.number > snapshot.group:
            break
    raise refusal(SNAPSHOT_INVALID, "the journal says otherwise", sequence=snapshot.sequence)
