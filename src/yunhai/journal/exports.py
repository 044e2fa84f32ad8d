"""A tenant's own records as a file that verifies alone 匯出.

The file holds, group by group, that tenant's records exactly as they stand in the journal, and what their hashes are salted
with. Its chain is computed from them and must arrive at the head that a signed checkpoint states for the tenant: nothing was
left out, added, edited or moved, and no other tenant's record is needed to see it.
"""

import hashlib
import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from yunhai.journal.checkpoints import Checkpoint
from yunhai.journal.errors import EXPORT_INVALID, refusal
from yunhai.journal.facts import FACT_KIND, slots_of
from yunhai.journal.reader import Group, Reader
from yunhai.kernel.limits import JOURNAL_GROUP_SLOTS_MAX
from yunhai.kernel.records import RECORD, SIZE
from yunhai.native import _journal

_HEAD: Final = struct.Struct("<8s16sII")
_GROUP: Final = struct.Struct("<QI32s")
_MAGIC: Final = b"YHJEXP02"
_SUM_BYTES: Final = 32
_PIECE_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Exported:
    """`head` is the tenant's chain at the checkpoint; `sequence` the checkpoint's."""

    tenant: int
    records: int
    groups: int
    sequence: int
    head: str


def _own_slots(group: Group, tenant: int) -> NDArray[np.void]:
    starts = group.starts()
    mine = group.slots["tenant"][starts] == tenant
    if group.count == len(group.slots):
        own: NDArray[np.void] = group.slots[mine]
        return own
    ends = np.append(starts[1:], len(group.slots))
    chosen = np.zeros(len(group.slots), bool)
    for start, end in zip(starts[mine], ends[mine], strict=True):
        chosen[start:end] = True
    return group.slots[chosen]


def _step(head: bytes, first: int, seed: bytes, slots: NDArray[np.void]) -> bytes:
    return _journal.tenant_step(head, first, len(slots), _journal.part_digest(seed, slots.view(np.uint8)))


def export(place: str | Path | _journal.SimDisk, checkpoint: Checkpoint, tenant: int, to: BinaryIO) -> Exported:
    """Write the tenant's records up to the checkpoint. 3040 if the checkpoint is of another journal or group."""
    reader = Reader(place)
    if reader.journal_id().hex() != checkpoint.journal:
        raise refusal(EXPORT_INVALID, "the checkpoint is of another journal")
    digest = hashlib.sha256()

    def write(data: bytes) -> None:
        digest.update(data)
        to.write(data)

    write(_HEAD.pack(_MAGIC, reader.journal_id(), tenant, 0))
    head = _journal.genesis_tenant(reader.journal_id(), tenant)
    records = groups = 0
    for group in reader:
        if group.number > checkpoint.group:
            break
        slots = np.ascontiguousarray(_own_slots(group, tenant))
        if not len(slots):
            continue
        groups += 1
        records += _records_in(slots)
        seed = _journal.salt_seed(reader.secret(), group.first_sequence, tenant)
        head = _step(head, group.first_sequence, seed, slots)
        write(_GROUP.pack(group.first_sequence, len(slots), seed) + slots.tobytes())
    to.write(digest.digest())
    if head.hex() != checkpoint.tenants.get(str(tenant), head.hex() if not groups else ""):
        raise refusal(EXPORT_INVALID, "the journal and the checkpoint disagree about this tenant")
    return Exported(tenant, records, groups, checkpoint.sequence, head.hex())


def _groups_in(file: BinaryIO, end: int) -> Iterator[tuple[int, bytes, NDArray[np.void]]]:
    """(group's first sequence, its seed, slots) of an export's body, which ends at `end` and must be whole. 3040 otherwise."""
    at = file.seek(_HEAD.size)
    while at < end:
        head = file.read(min(_GROUP.size, end - at))
        if len(head) < _GROUP.size:
            raise refusal(EXPORT_INVALID, "cut short", offset=at)
        first, slots, seed = _GROUP.unpack(head)
        at += _GROUP.size
        if slots == 0 or slots > JOURNAL_GROUP_SLOTS_MAX or at + slots * SIZE > end:
            raise refusal(EXPORT_INVALID, "cut short", offset=at)
        body = file.read(slots * SIZE)
        if len(body) < slots * SIZE:
            raise refusal(EXPORT_INVALID, "cut short", offset=at)
        yield first, seed, np.frombuffer(body, RECORD)
        at += slots * SIZE


def _prove_sum(file: BinaryIO, end: int) -> None:
    digest = hashlib.sha256()
    left = end - file.seek(0)
    while left > 0 and (piece := file.read(min(left, _PIECE_BYTES))):
        digest.update(piece)
        left -= len(piece)
    if left or digest.digest() != file.read(_SUM_BYTES):
        raise refusal(EXPORT_INVALID, "the file's checksum differs")


def _records_in(slots: NDArray[np.void]) -> int:
    if not (slots["kind"] == FACT_KIND).any():
        return len(slots)
    count = slot = 0
    while slot < len(slots):
        slot += slots_of(slots[slot])
        count += 1
    return count


def verify_export(export: bytes | BinaryIO, checkpoint: Checkpoint) -> Exported:
    """Prove an export against a checkpoint that was itself proven. 3040 names what does not fit.

    A file is read twice, one group at a time: its size costs no memory.
    """
    file = io.BytesIO(export) if isinstance(export, bytes) else export
    end = file.seek(0, io.SEEK_END) - _SUM_BYTES
    file.seek(0)
    head = file.read(_HEAD.size)
    if end < _HEAD.size or len(head) < _HEAD.size or head[:8] != _MAGIC:
        raise refusal(EXPORT_INVALID, "not an export")
    _prove_sum(file, end)
    _, journal, tenant, _ = _HEAD.unpack(head)
    if journal.hex() != checkpoint.journal:
        raise refusal(EXPORT_INVALID, "of another journal than the checkpoint")
    head = _journal.genesis_tenant(journal, tenant)
    records = groups = 0
    for first, seed, slots in _groups_in(file, end):
        groups += 1
        records += _records_in(slots)
        head = _step(head, first, seed, slots)
    stated = checkpoint.tenants.get(str(tenant))
    if stated is None and groups == 0:
        stated = head.hex()
    if head.hex() != stated:
        raise refusal(EXPORT_INVALID, "the tenant's chain does not arrive at the checkpoint's head", tenant=tenant)
    return Exported(tenant, records, groups, checkpoint.sequence, head.hex())
