"""A tenant's own records as a file that verifies alone 匯出.

The file holds, group by group, that tenant's records exactly as they stand in the journal. Its chain is computed from
them and must arrive at the head that a signed checkpoint states for the tenant: nothing was left out, added, edited or
moved, and no other tenant's record is needed to see it.
"""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from yunhai.journal.checkpoints import Checkpoint
from yunhai.journal.errors import EXPORT_INVALID
from yunhai.journal.facts import FACT_KIND, slots_of
from yunhai.journal.reader import Group, Reader
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.records import RECORD, SIZE
from yunhai.native import _journal

_HEAD: Final = struct.Struct("<8s16sII")
_GROUP: Final = struct.Struct("<QI")
_MAGIC: Final = b"YHJEXP01"
_MAX_SLOTS: Final = 1 << 14


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


def export(place: str | Path | _journal.SimDisk, checkpoint: Checkpoint, tenant: int, to: BinaryIO) -> Exported:
    """Write the tenant's records up to the checkpoint. 3040 if the checkpoint is of another journal or group."""
    reader = Reader(place)
    if reader.journal_id().hex() != checkpoint.journal:
        raise YunhaiError(EXPORT_INVALID, reason="the checkpoint is of another journal")
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
        head = _journal.tenant_step(head, group.first_sequence, slots.view(np.uint8))
        write(_GROUP.pack(group.first_sequence, len(slots)) + slots.tobytes())
    to.write(digest.digest())
    if head.hex() != checkpoint.tenants.get(str(tenant), head.hex() if not groups else ""):
        raise YunhaiError(EXPORT_INVALID, reason="the journal and the checkpoint disagree about this tenant")
    return Exported(tenant, records, groups, checkpoint.sequence, head.hex())


def groups_in(file: bytes) -> Iterator[tuple[int, NDArray[np.void]]]:
    """(group's first sequence, slots) of an export's body, which must be whole. 3040 otherwise."""
    at = _HEAD.size
    end = len(file) - 32
    while at < end:
        if at + _GROUP.size > end:
            raise YunhaiError(EXPORT_INVALID, reason="cut short", offset=at)
        first, slots = _GROUP.unpack_from(file, at)
        at += _GROUP.size
        if slots == 0 or slots > _MAX_SLOTS or at + slots * SIZE > end:
            raise YunhaiError(EXPORT_INVALID, reason="cut short", offset=at)
        yield first, np.frombuffer(file, RECORD, slots, at)
        at += slots * SIZE


def _records_in(slots: NDArray[np.void]) -> int:
    if not (slots["kind"] == FACT_KIND).any():
        return len(slots)
    count = slot = 0
    while slot < len(slots):
        slot += slots_of(slots[slot])
        count += 1
    return count


def verify_export(file: bytes, checkpoint: Checkpoint) -> Exported:
    """Prove an export against a checkpoint that was itself proven. 3040 names what does not fit."""
    if len(file) < _HEAD.size + 32 or file[:8] != _MAGIC:
        raise YunhaiError(EXPORT_INVALID, reason="not an export")
    if hashlib.sha256(file[:-32]).digest() != file[-32:]:
        raise YunhaiError(EXPORT_INVALID, reason="the file's checksum differs")
    _, journal, tenant, _ = _HEAD.unpack_from(file)
    if journal.hex() != checkpoint.journal:
        raise YunhaiError(EXPORT_INVALID, reason="of another journal than the checkpoint")
    head = _journal.genesis_tenant(journal, tenant)
    records = groups = 0
    for first, slots in groups_in(file):
        groups += 1
        records += _records_in(slots)
        head = _journal.tenant_step(head, first, slots.view(np.uint8))
    stated = checkpoint.tenants.get(str(tenant))
    if stated is None and groups == 0:
        stated = head.hex()
    if head.hex() != stated:
        raise YunhaiError(
            EXPORT_INVALID, reason="the tenant's chain does not arrive at the checkpoint's head", tenant=tenant
        )
    return Exported(tenant, records, groups, checkpoint.sequence, head.hex())
