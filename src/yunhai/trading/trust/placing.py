"""The place of evidence in the journal: which groups lead from an instruction over its seal to a checkpoint.

`Heads` follows every tenant's chain group by group, as the follower of the journal does; what it says before a group is what an
export needs to begin there. `placed` reads the journal again from the instruction's record and writes the proof.

A group that holds the record or the seal is given with all the tenant's slots in it: its hash is over them. So a file made in a
busy moment shows other instructions of the same broker in the same commit; every other group is its hash alone, and nothing of
any other tenant is in it.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yunhai.journal.checkpoints import Checkpoint
from yunhai.journal.reader import Group, Reader
from yunhai.kernel.limits import EVIDENCE_STEPS_MAX
from yunhai.kernel.records import SIZE
from yunhai.native import _journal
from yunhai.trading.trust.errors import EVIDENCE_NOT_PLACED, refused
from yunhai.trading.trust.evidence_file import Place, Seal, Step, text_of


def slots_by_tenant(group: Group) -> Iterator[tuple[int, NDArray[np.void]]]:
    """(tenant, its slots in the group, in order)."""
    starts = group.starts()
    if not len(starts):
        return
    owners = group.slots["tenant"][starts]
    tenants = np.unique(owners)
    if len(tenants) == 1:
        yield int(tenants[0]), group.slots
        return
    ends = np.append(starts[1:], len(group.slots))
    of_slot = np.repeat(owners, ends - starts)
    for tenant in tenants.tolist():
        yield tenant, group.slots[of_slot == tenant]


class Heads:
    """Every tenant's chain up to the last group taken."""

    def __init__(self, journal: bytes, heads: Mapping[int, bytes] | None = None) -> None:
        self.journal = journal
        self.heads: dict[int, bytes] = dict(heads or {})

    def before(self, tenant: int) -> bytes:
        """The tenant's chain before the next group."""
        found = self.heads.get(tenant)
        return _journal.genesis_tenant(self.journal, tenant) if found is None else found

    def take(self, group: Group) -> None:
        """Advance by a group."""
        for tenant, slots in slots_by_tenant(group):
            raw = np.ascontiguousarray(slots).view(np.uint8)
            self.heads[tenant] = _journal.tenant_step(self.before(tenant), group.first_sequence, raw)

    def checkpoint(self, *, group: int, sequence: int, chain: bytes, wall_ns: int) -> Checkpoint:
        """The checkpoint's statement after the group that was taken last: its number, last sequence and chain."""
        return Checkpoint(
            journal=self.journal.hex(),
            group=group,
            sequence=sequence,
            chain=chain.hex(),
            wall_ns=wall_ns,
            tenants={str(tenant): head.hex() for tenant, head in sorted(self.heads.items())},
        )


def _record_at(group: Group, sequence: int) -> bytes:
    starts = group.starts()
    place = sequence - group.first_sequence
    end = int(starts[place + 1]) if place + 1 < len(starts) else len(group.slots)
    return group.slots[int(starts[place]) : end].tobytes()


def placed(
    journal: Path | Any, *, tenant: int, sequence: int, seal: int, head: bytes, checkpoint: Checkpoint
) -> tuple[Place, Seal, bytes]:
    """(the place, the seal, the slots of the instruction's record) for a file. `seal` the seal's sequence; `head` the tenant's
    chain before the group of the record. EVIDENCE_NOT_PLACED if the checkpoint is from before the seal, or too far away."""
    if checkpoint.sequence < seal:
        raise refused(EVIDENCE_NOT_PLACED, "no checkpoint after the seal yet", "封存之後尚無檢查點")
    steps: list[Step] = []
    record = sealed = b""
    for group in Reader(journal, sequence):
        if group.number > checkpoint.group:
            break
        mine = next((slots for owner, slots in slots_by_tenant(group) if owner == tenant), None)
        if mine is None:
            continue
        raw = mine.tobytes()
        shown = False
        if group.first_sequence <= sequence <= group.last_sequence:
            record, shown = _record_at(group, sequence), True
        if group.first_sequence <= seal <= group.last_sequence:
            sealed, shown = _record_at(group, seal), True
        if shown:
            steps.append(Step(first=group.first_sequence, slots=text_of(raw)))
        else:
            digest = hashlib.sha256(raw).hexdigest()
            steps.append(Step(first=group.first_sequence, count=len(raw) // SIZE, digest=digest))
        if len(steps) > EVIDENCE_STEPS_MAX:
            raise refused(EVIDENCE_NOT_PLACED, "too far from its checkpoint", "離檢查點過遠")
    if not record or not sealed:
        raise refused(EVIDENCE_NOT_PLACED, "the journal does not hold it", "日誌中沒有此紀錄")
    place = Place(id=checkpoint.journal, tenant=tenant, sequence=sequence, head=head.hex(), steps=tuple(steps))
    return place, Seal(sequence=seal, record=text_of(sealed)), record
