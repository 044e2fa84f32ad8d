"""One fact of a group, shown alone: three implementations of one tree agree, and a proof proves nothing but its own fact."""

import hashlib
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.crash import auditor
from tests.journal.makers import JOURNAL_ID, SECRET, base_journal, fact_slots, files_of, records
from yunhai.journal import Reader, Writer, leaves
from yunhai.kernel.errors import YunhaiError
from yunhai.native import _journal
from yunhai.native._journal import SimDisk

FIRST = 1_000_000_007


def part(plain: int, facts: int, seed: int = 1) -> np.ndarray:
    """One tenant's slots: plain records and facts in any order."""
    chance = random.Random(seed)
    pieces = [records(1, seed * 100 + number, tenants=1) for number in range(plain)]
    pieces += [fact_slots(3 * number, chance.randrange(60)) for number in range(facts)]
    chance.shuffle(pieces)
    return np.concatenate(pieces)


def facts_in(slots: np.ndarray) -> list[bytes]:
    return [leaf for leaf in leaves.leaves_of(slots) if leaf[0] == 64]


@pytest.mark.parametrize("plain", [0, 1, 5])
@pytest.mark.parametrize("facts", [0, 1, 2, 3, 4, 5, 8, 9, 33])
def test_native_python_and_the_auditor_agree_and_each_fact_proves_itself(plain: int, facts: int) -> None:
    if not plain and not facts:
        return
    slots = part(plain, facts)
    seed = _journal.salt_seed(SECRET, FIRST, 0)
    assert seed == leaves.salt_seed(SECRET, FIRST, 0)
    digest = _journal.part_digest(seed, slots)
    assert digest == leaves.digest_of(seed, slots)
    assert digest == auditor.tenant_digest(SECRET, FIRST, 0, leaves.leaves_of(slots))
    for fact in facts_in(slots):
        proof = leaves.proof(SECRET, FIRST, slots, fact)
        assert leaves.digest_by(proof, fact) == digest
        assert len(proof.path) <= len(leaves.leaves_of(slots)).bit_length()


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_a_proof_of_anything_else_leads_elsewhere(data: st.DataObject) -> None:
    facts = data.draw(st.integers(1, 12))
    slots = part(data.draw(st.integers(0, 2)), facts, seed=facts)
    own = facts_in(slots)
    fact = data.draw(st.sampled_from(own))
    proof = leaves.proof(SECRET, FIRST, slots, fact)
    right = leaves.digest_by(proof, fact)
    other = data.draw(st.integers(0, 40))
    changed = [
        replace(proof, at=other),
        replace(proof, of=other),
        replace(proof, at=other, of=other + data.draw(st.integers(1, 40))),
        replace(proof, salt=hashlib.sha256(proof.salt).digest()),
        replace(proof, salt=proof.salt[:-1]),
        replace(proof, path=(*proof.path, bytes(32))),
        replace(proof, path=proof.path[:-1]),
        replace(proof, path=proof.path[::-1]),
    ]
    for one in changed:
        if one == proof:
            continue
        try:
            assert leaves.digest_by(one, fact) != right
        except ValueError:
            continue
    flipped = bytearray(fact)
    flipped[data.draw(st.integers(0, len(fact) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert leaves.digest_by(proof, bytes(flipped)) != right
    assert all(leaves.digest_by(proof, one) != right for one in own if one != fact)


def test_no_fact_no_proof() -> None:
    slots = part(2, 2)
    with pytest.raises(ValueError, match="not in list"):
        leaves.proof(SECRET, FIRST, slots, fact_slots(99, 3).tobytes())


def test_the_reader_s_parts_are_those_of_each_group_s_slots() -> None:
    disk = base_journal(5)
    reader = Reader(disk)
    assert (reader.journal_id(), reader.secret()) == (JOURNAL_ID, SECRET)
    for group in reader:
        starts = list(group.starts())
        owned: dict[int, list[np.ndarray]] = {}
        for begin, end in zip(starts, [*starts[1:], len(group.slots)], strict=True):
            owned.setdefault(int(group.slots[begin]["tenant"]), []).append(group.slots[begin:end])
        expected = []
        for tenant, pieces in sorted(owned.items()):
            slots = np.concatenate(pieces)
            seed = leaves.salt_seed(SECRET, group.first_sequence, tenant)
            expected.append((tenant, len(slots), leaves.digest_of(seed, slots)))
        assert reader.parts() == expected


def test_the_same_records_under_another_secret_hash_otherwise() -> None:
    """So whoever guesses a record of a group cannot tell by its hash: the salt is not known outside."""
    heads = []
    for secret in (SECRET, bytes(16)):
        disk = SimDisk()
        with Writer(disk, segment_bytes=8192, threads=False, journal_id=JOURNAL_ID, secret=secret) as writer:
            writer.submit(records(4, 1), 7)
            writer.commit()
            heads.append(writer.tenant_heads())
    assert set(heads[0]) == set(heads[1])
    assert all(heads[0][tenant] != heads[1][tenant] for tenant in heads[0])


@pytest.mark.parametrize(
    ("what", "detail"), [("version", "of another version of the format"), ("secret", "another journal")]
)
def test_a_segment_of_another_version_or_secret_is_named(what: str, detail: str) -> None:
    disk = base_journal(3, groups=20)
    names = sorted(name for name in files_of(disk) if name.endswith(".yj"))
    changed = bytearray(disk.contents(names[1]))
    if what == "version":
        changed[8] = 1
    else:
        changed[104] ^= 1
    changed[124:128] = auditor.crc32c(bytes(changed[:124])).to_bytes(4, "little")
    disk.put(names[1], bytes(changed))
    reader = Reader(disk)
    with pytest.raises(YunhaiError) as refused:
        reader.run()
    assert refused.value.code == 3003
    assert detail in refused.value.text("en")
    assert len(audit_groups(disk)) < 20, "the auditor stops there too"


def audit_groups(disk: SimDisk) -> tuple[auditor.AuditedGroup, ...]:
    return auditor.audit(files_of(disk)).groups
