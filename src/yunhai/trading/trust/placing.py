"""The place of evidence in the journal: which groups lead from an instruction over its seal to a checkpoint.

`Heads` follows every tenant's chain group by group, as the follower of the journal does; what it says before a group is what an
export needs to begin there. `placed` reads the journal again from the instruction's record and writes the proof.

Every group is its digest alone. The record, the seal and the revocation are each shown with the way from them to the digest of
their group; whatever stood beside them, of whichever client, is a salted hash (`yunhai.journal.leaves`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yunhai.journal import leaves
from yunhai.journal.checkpoints import Checkpoint
from yunhai.journal.reader import Group, Reader
from yunhai.kernel.limits import EVIDENCE_STEPS_MAX
from yunhai.native import _journal
from yunhai.trading.trust.errors import EVIDENCE_NOT_PLACED, refused
from yunhai.trading.trust.evidence_file import Leaf, Place, Revocation, Seal, Step, text_of

Part = tuple[int, int, bytes]
"""(tenant, its slots in a group, their digest), as a reader says it of the group it gave last."""


class Heads:
    """Every tenant's chain up to the last group taken."""

    def __init__(self, journal: bytes, heads: Mapping[int, bytes] | None = None) -> None:
        self.journal = journal
        self.heads: dict[int, bytes] = dict(heads or {})

    def before(self, tenant: int) -> bytes:
        """The tenant's chain before the next group."""
        found = self.heads.get(tenant)
        return _journal.genesis_tenant(self.journal, tenant) if found is None else found

    def take(self, first_sequence: int, parts: Iterable[Part]) -> None:
        """Advance by a group."""
        for tenant, slots, digest in parts:
            self.heads[tenant] = _journal.tenant_step(self.before(tenant), first_sequence, slots, digest)

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """Where a chain is begun to be shown: a fact's tenant and sequence, and that tenant's chain before the fact's group."""

    tenant: int
    sequence: int
    head: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """The proof of the places, for a file; `record` the slots of the instruction's record."""

    journal: Place
    seal: Seal
    revocation: Revocation | None
    record: bytes


def own_slots(group: Group, tenant: int) -> NDArray[np.void]:
    """A tenant's slots in a group, in order."""
    starts = group.starts()
    ends = np.append(starts[1:], len(group.slots))
    owners = np.repeat(group.slots["tenant"][starts], ends - starts)
    mine: NDArray[np.void] = group.slots[owners == tenant]
    return mine


def record_at(group: Group, sequence: int) -> bytes:
    """The slots of a record of the group."""
    starts = group.starts()
    place = sequence - group.first_sequence
    end = int(starts[place + 1]) if place + 1 < len(starts) else len(group.slots)
    return group.slots[int(starts[place]) : end].tobytes()


@dataclass(slots=True)
class _Way:
    """A tenant's chain as it is read, with what is shown of it: by sequence, the slots and the leaf."""

    begin: Beginning
    wanted: tuple[int, ...]
    steps: list[Step] = field(default_factory=list)
    shown: dict[int, tuple[bytes, Leaf]] = field(default_factory=dict)

    def take(self, group: Group, parts: Iterable[Part], secret: bytes) -> None:
        if group.last_sequence < self.begin.sequence:
            return
        mine = next((part for part in parts if part[0] == self.begin.tenant), None)
        if mine is None:
            return
        _, count, digest = mine
        here = [one for one in self.wanted if group.first_sequence <= one <= group.last_sequence]
        slots = own_slots(group, self.begin.tenant) if here else None
        for sequence in here:
            assert slots is not None
            record = record_at(group, sequence)
            found = leaves.proof(secret, group.first_sequence, slots, record)
            path = tuple(one.hex() for one in found.path)
            leaf = Leaf(step=len(self.steps), at=found.at, of=found.of, salt=found.salt.hex(), path=path)
            self.shown[sequence] = (record, leaf)
        self.steps.append(Step(first=group.first_sequence, count=count, digest=digest.hex()))
        if len(self.steps) > EVIDENCE_STEPS_MAX:
            raise refused(EVIDENCE_NOT_PLACED, "too far from its checkpoint", "離檢查點過遠")


def placed(
    journal: Path | Any,
    begin: Beginning,
    *,
    seal: int,
    checkpoint: Checkpoint,
    revocation: Beginning | None = None,
) -> Placed:
    """The proof for a file. `begin` the instruction's record, `seal` the seal's sequence, `revocation` the fact that is shown
    to stand after the record, where one is needed. EVIDENCE_NOT_PLACED if the checkpoint is from before one of them, or too
    far away."""
    last = max(seal, revocation.sequence if revocation is not None else 0)
    if checkpoint.sequence < last:
        raise refused(EVIDENCE_NOT_PLACED, "no checkpoint after the seal yet", "封存之後尚無檢查點")
    main = _Way(begin, (begin.sequence, seal))
    ways = [main]
    if revocation is not None:
        ways.append(_Way(revocation, (revocation.sequence,)))
    reader = Reader(journal, min(way.begin.sequence for way in ways))
    secret = reader.secret()
    for group in reader:
        if group.number > checkpoint.group:
            break
        parts = reader.parts()
        for way in ways:
            way.take(group, parts, secret)
    if any(sequence not in way.shown for way in ways for sequence in way.wanted):
        raise refused(EVIDENCE_NOT_PLACED, "the journal does not hold it", "日誌中沒有此紀錄")
    record, leaf = main.shown[begin.sequence]
    sealed, seal_leaf = main.shown[seal]
    place = Place(
        id=checkpoint.journal,
        tenant=begin.tenant,
        sequence=begin.sequence,
        head=begin.head.hex(),
        steps=tuple(main.steps),
        leaf=leaf,
    )
    return Placed(
        journal=place,
        seal=Seal(sequence=seal, record=text_of(sealed), leaf=seal_leaf),
        revocation=_revocation(ways[1]) if revocation is not None else None,
        record=record,
    )


def _revocation(way: _Way) -> Revocation:
    record, leaf = way.shown[way.begin.sequence]
    return Revocation(
        tenant=way.begin.tenant,
        sequence=way.begin.sequence,
        record=text_of(record),
        head=way.begin.head.hex(),
        steps=tuple(way.steps),
        leaf=leaf,
    )
