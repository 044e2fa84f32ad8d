"""Tampering 竄改: edits, cuts, insertions and reorderings by someone who knows the format. `verify` finds and names them."""

import struct
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.crash.auditor import AuditedGroup, crc32c, group_chain, record_crc
from tests.journal.images import Map
from tests.journal.makers import base_journal, records
from yunhai.journal import Reader, Writer, checkpoints
from yunhai.journal.checkpoints import Checkpoint
from yunhai.journal.verify import Verdict, verify
from yunhai.kernel.errors import YunhaiError
from yunhai.native._journal import SimDisk

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def journal() -> tuple[SimDisk, Map, AuditedGroup]:
    """A journal, its map, and a group in its middle that has several one-slot records."""
    disk = base_journal(31)
    layout = Map(disk)
    group = next(g for g in layout.audit.groups[3:] if len(g.records) > 6 and all(len(r) == 64 for r in g.records))
    return disk, layout, group


def checkpoint_of(disk: SimDisk) -> Checkpoint:
    reader = Reader(disk)
    for _ in reader:
        reader.absorb_tenants()
    return checkpoints.at_position(checkpoints.position_of(reader), wall_ns=1)


def refit(data: bytearray, group: AuditedGroup) -> None:
    """Make every checksum and the group's own hash fit what `data` now holds: the careful forger."""
    records = []
    for number, place in enumerate(group.places):
        record = bytes(data[place : place + 64])
        data[place + 60 : place + 64] = struct.pack("<I", record_crc(record, group.first_sequence + number))
        records.append(bytes(data[place : place + 64]))
    chain = group_chain(bytes(data[group.offset : group.offset + 88]), records, bytes(data[104:120]))
    data[group.offset + 88 : group.offset + 120] = chain
    header = bytes(data[group.offset : group.offset + 124])
    data[group.offset + 124 : group.offset + 128] = struct.pack("<I", crc32c(header))


def change_price(data: bytearray, group: AuditedGroup) -> None:
    data[group.places[2] + 28] ^= 1


def change_price_and_checksum(data: bytearray, group: AuditedGroup) -> None:
    change_price(data, group)
    place = group.places[2]
    record = bytes(data[place : place + 64])
    data[place + 60 : place + 64] = struct.pack("<I", record_crc(record, group.first_sequence + 2))


def change_price_and_everything_in_the_group(data: bytearray, group: AuditedGroup) -> None:
    change_price(data, group)
    refit(data, group)


def swap_two_records(data: bytearray, group: AuditedGroup) -> None:
    a, b = group.places[2], group.places[4]
    data[a : a + 64], data[b : b + 64] = data[b : b + 64], data[a : a + 64]


def delete_a_record(data: bytearray, group: AuditedGroup) -> None:
    del data[group.places[2] : group.places[2] + 64]
    data += bytes(64)


def insert_a_record(data: bytearray, group: AuditedGroup) -> None:
    place = group.places[2]
    copy = data[place : place + 64]
    del data[-64:]
    data[place:place] = copy


def delete_the_group(data: bytearray, group: AuditedGroup) -> None:
    length = group.extent_end - group.offset
    del data[group.offset : group.extent_end]
    data += bytes(length)


def blank_the_group(data: bytearray, group: AuditedGroup) -> None:
    data[group.offset : group.extent_end] = bytes(group.extent_end - group.offset)


def change_the_tenant(data: bytearray, group: AuditedGroup) -> None:
    data[group.places[2] + 4] ^= 1


def change_the_wall_time(data: bytearray, group: AuditedGroup) -> None:
    data[group.offset + 24] ^= 1


TRICKS: list[tuple[Callable[[bytearray, AuditedGroup], None], int, int | None]] = [
    # what is done, the code that answers, which record of the group is named (None: the group's first)
    (change_price, 3004, 2),
    (change_price_and_checksum, 3006, None),
    (swap_two_records, 3004, 2),
    (delete_a_record, 3004, 2),
    (insert_a_record, 3004, 3),
    (delete_the_group, 3005, None),
    (blank_the_group, 3005, None),
    (change_the_tenant, 3004, 2),
    (change_the_wall_time, 3005, None),
]


@pytest.mark.parametrize(("trick", "code", "named"), TRICKS, ids=[trick.__name__ for trick, _, _ in TRICKS])
def test_a_trick_is_found_and_named(
    trick: Callable[[bytearray, AuditedGroup], None], code: int, named: int | None
) -> None:
    disk, layout, group = journal()
    data = bytearray(layout.files[group.segment])
    trick(data, group)
    disk.put(group.segment, bytes(data))
    verdict = verify(disk)
    assert [problem.code for problem in verdict.problems] == [code]
    details = verdict.problems[0].details
    assert details["segment"] == group.segment
    assert details["sequence"] == group.first_sequence + (named or 0)
    assert details["offset"] == (group.offset if named is None else group.places[named])
    assert verdict.sequence == group.first_sequence - 1
    with pytest.raises(YunhaiError) as refused:
        Writer(disk.copy(), threads=False)
    assert refused.value.code == code


def test_a_whole_group_forged_breaks_the_next_ones_join() -> None:
    disk, layout, group = journal()
    data = bytearray(layout.files[group.segment])
    change_price_and_everything_in_the_group(data, group)
    disk.put(group.segment, bytes(data))
    following = layout.audit.groups[layout.audit.groups.index(group) + 1]
    problem = verify(disk).problems[0]
    assert problem.code == 3006
    assert problem.details["sequence"] == following.first_sequence


def test_two_groups_swapped() -> None:
    disk, layout, group = journal()
    neighbours = layout.groups_of(group.segment)
    a, b = neighbours[1], neighbours[2]
    data = layout.files[group.segment]
    disk.put(
        group.segment,
        data[: a.offset] + data[b.offset : b.extent_end] + data[a.offset : a.extent_end] + data[b.extent_end :],
    )
    problem = verify(disk).problems[0]
    assert (problem.code, problem.details["sequence"]) == (3005, a.first_sequence)
    assert f"sequence {b.first_sequence}" in str(problem.details["reason"])


def test_a_missing_segment_is_named() -> None:
    disk = base_journal(31, segment_bytes=4096)
    layout = Map(disk)
    disk.drop(layout.segments[1])
    problem = verify(disk).problems[0]
    lost = layout.groups_of(layout.segments[1])[0]
    assert (problem.code, problem.details["sequence"]) == (3007, lost.first_sequence)
    first = journal()[0]
    first.drop(layout.segments[0])
    assert verify(first).problems[0].code == 3007


def test_only_a_checkpoint_sees_a_cut_tail() -> None:
    disk, layout, _ = journal()
    checkpoint = checkpoint_of(disk)
    assert verify(disk, checkpoints=[checkpoint]).proven_to == layout.last_sequence
    group = layout.last_data_group
    data = layout.files[group.segment]
    disk.put(group.segment, data[: group.offset] + bytes(len(data) - group.offset))
    assert verify(disk).right  # nothing inside the journal can tell
    verdict = verify(disk, checkpoints=[checkpoint])
    assert [problem.code for problem in verdict.problems] == [3020]
    assert verdict.problems[0].details["sequence"] == group.first_sequence


def test_only_a_checkpoint_sees_a_journal_written_anew() -> None:
    disk, _, _ = journal()
    checkpoint = checkpoint_of(disk)
    forged = base_journal(32)  # another history under the same journal id
    assert verify(forged).right
    codes = [problem.code for problem in verify(forged, checkpoints=[checkpoint]).problems]
    assert codes
    assert set(codes) <= {3020, 3021}


def test_a_checkpoint_of_another_journal() -> None:
    disk, _, _ = journal()
    other = SimDisk()
    Writer(other, segment_bytes=8192, threads=False, journal_id=bytes(16)).close()
    verdict: Verdict = verify(disk, checkpoints=[checkpoint_of(other)])
    assert [problem.code for problem in verdict.problems] == [3021]


def test_checkpoints_taken_all_along_hold() -> None:
    disk = SimDisk()
    kept = []
    for number in range(6):
        with Writer(disk, segment_bytes=8192, threads=False, journal_id=bytes(16)) as writer:
            for part in range(3):
                writer.submit(records(9, number * 10 + part), number)
                writer.commit()
        kept.append(checkpoint_of(disk))
    verdict = verify(disk, checkpoints=kept)
    assert verdict.right
    assert (verdict.checkpoints, verdict.proven_to) == (6, 6 * 27)


def test_a_signature_is_needed() -> None:
    disk, _, _ = journal()
    checkpoint = checkpoint_of(disk)
    file = checkpoints.sign(checkpoint, KEY)
    assert checkpoints.load(file, KEY.public_key()) == checkpoint
    other = Ed25519PrivateKey.generate().public_key()
    for bad, key in (
        (file, other),
        (file.replace(b'\\"sequence\\":', b'\\"sequence\\":1'), KEY.public_key()),
        (file[:-5], KEY.public_key()),
        (b"", KEY.public_key()),
        (b"{}", KEY.public_key()),
    ):
        with pytest.raises(YunhaiError) as refused:
            checkpoints.load(bad, key)
        assert refused.value.code == 3022
