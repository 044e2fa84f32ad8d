"""A record's way to a checkpoint, walked again from hashes 鏈的驗證: a tenant's chain group by group, and a leaf in a group.

Of every group the file says its first sequence, how many slots the tenant has in it, and their digest; of a record that is
shown, the way from it to its group's digest. What it all arrives at is a tenant's head in a checkpoint's statement.
"""

import hashlib
import struct
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from yunhai.journal import leaves
from yunhai.journal.facts import FACT_KIND, slots_of
from yunhai.kernel.limits import EVIDENCE_STEPS_MAX, JOURNAL_GROUP_SLOTS_MAX
from yunhai.kernel.records import RECORD, SIZE
from yunhai.native import _journal
from yunhai.trading.trust.errors import EVIDENCE_JOURNAL, EVIDENCE_RECORD, refused
from yunhai.trading.trust.evidence_file import Leaf, Step

SEQUENCES: Final = 1 << 64
_PATH_MAX: Final = JOURNAL_GROUP_SLOTS_MAX.bit_length()
_LINK: Final = struct.Struct("<QI")
_HASH_BYTES: Final = 32


def record_slots(sequence: int, slots: bytes) -> NDArray[np.void]:
    """The slots of one journal record, its checksum proven with its sequence. EVIDENCE_RECORD."""
    if not 0 < sequence < SEQUENCES:
        raise refused(EVIDENCE_RECORD, "no such sequence number", "序號超出範圍")
    if not slots or len(slots) % SIZE or len(slots) > JOURNAL_GROUP_SLOTS_MAX * SIZE:
        raise refused(EVIDENCE_RECORD, "not whole slots", "不是整數格")
    found = np.frombuffer(slots, RECORD)
    if int(found[0]["kind"]) != FACT_KIND or slots_of(found[0]) != len(found):
        raise refused(EVIDENCE_RECORD, "not one fact", "不是單一事實")
    bad, _ = _journal.first_bad_slot(found, sequence)
    if bad >= 0:
        raise refused(EVIDENCE_RECORD, "its checksum is not of these bytes at this sequence", "檢查碼與內容或序號不符")
    return found


def link(head: bytes, first: int, count: int, digest: bytes) -> bytes:
    """A tenant's chain after a group (docs/reference/journal-format.md)."""
    return hashlib.sha256(head + _LINK.pack(first, count) + digest).digest()


def walked(head: str, steps: Sequence[Step]) -> str:
    """The chain after the last of the groups, which stand in order. EVIDENCE_JOURNAL."""
    if not 0 < len(steps) <= EVIDENCE_STEPS_MAX:
        raise refused(EVIDENCE_JOURNAL, "no step, or too many", "步數為零或過多")
    found, before = _hash(head), 0
    for step in steps:
        if not before < step.first < SEQUENCES:
            raise refused(EVIDENCE_JOURNAL, "the groups are not in order", "批次順序不符")
        if not 0 < step.count <= JOURNAL_GROUP_SLOTS_MAX:
            raise refused(EVIDENCE_JOURNAL, "a group of no slots, or too many", "批次格數不符")
        before = step.first
        found = link(found, step.first, step.count, _hash(step.digest))
    return found.hex()


def require_in(steps: Sequence[Step], leaf: Leaf, record: bytes, sequence: int) -> None:
    """EVIDENCE_JOURNAL unless the record of this sequence is that leaf of that step's group."""
    if not 0 <= leaf.step < len(steps) or len(leaf.path) > _PATH_MAX:
        raise refused(EVIDENCE_JOURNAL, "its leaf has another shape", "葉節點結構不符")
    step = steps[leaf.step]
    after = steps[leaf.step + 1].first if leaf.step + 1 < len(steps) else SEQUENCES
    if not step.first <= sequence < after:
        raise refused(EVIDENCE_JOURNAL, "its sequence is of another group", "序號不屬於此批次")
    way = leaves.Proof(at=leaf.at, of=leaf.of, salt=_hash(leaf.salt), path=tuple(map(_hash, leaf.path)))
    try:
        digest = leaves.digest_by(way, record).hex()
    except ValueError:
        digest = ""
    if digest != step.digest:
        raise refused(EVIDENCE_JOURNAL, "it is not in its group", "不在所屬批次中")


def _hash(text: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != _HASH_BYTES or found.hex() != text:
        raise refused(EVIDENCE_JOURNAL, "not a hash", "不是雜湊值")
    return found
