"""What stands after the end 尾端: after a closing mark nothing may; an end that nothing proves is never called right."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journal.images import Map
from tests.journal.makers import JOURNAL_ID, base_journal, fact_slots, records
from yunhai.apps.journal_text import verdict_texts
from yunhai.journal import Reader, Writer, checkpoints
from yunhai.journal.verify import verify
from yunhai.native._journal import SimDisk


def flip_after_the_mark(data: bytearray, end: int) -> None:
    data[end + 5] ^= 4


def flip_far_after_the_mark(data: bytearray, end: int) -> None:
    data[end + 1_000] ^= 4


def append(data: bytearray, end: int) -> None:
    data += b"more"


def append_zeros(data: bytearray, end: int) -> None:
    data += bytes(4096)


Change = Callable[[bytearray, int], None]


@pytest.mark.parametrize(
    ("change", "codes"),
    [(flip_after_the_mark, {3013}), (flip_far_after_the_mark, {3013}), (append, {3013, 3014}), (append_zeros, {3014})],
)
def test_anything_after_a_closing_mark_is_damage(change: Change, codes: set[int]) -> None:
    disk = base_journal(41)
    layout = Map(disk)
    data = bytearray(layout.files[layout.last_segment])
    end = layout.end_of(layout.last_segment)
    assert len(data) > end + 1_000
    change(data, end)
    disk.put(layout.last_segment, bytes(data))
    verdict = verify(disk)
    assert {problem.code for problem in verdict.problems} == codes
    assert (verdict.ending == "after-closing") == (3013 in codes)
    assert {problem.details["segment"] for problem in verdict.problems} == {layout.last_segment}
    assert (verdict.outcome, verdict.sequence, verdict.sealed) == (
        "wrong",
        layout.last_sequence,
        codes == {3014},  # the mark is still the last thing within the file's own length
    )
    for problem in verdict.problems:
        if problem.code == 3013:
            assert problem.details["offset"] == end


def test_a_segment_with_something_appended_is_damage_though_not_the_last() -> None:
    disk = base_journal(31, segment_bytes=4096)
    name = Map(disk).segments[0]
    disk.put(name, disk.contents(name) + bytes(512))
    assert [(problem.code, problem.details["segment"]) for problem in verify(disk).problems] == [(3014, name)]


def test_a_writer_that_opened_it_again_and_crashed_is_no_damage() -> None:
    """Whatever sectors of its first group arrived, the head's or others, as long as a record shows whose they are."""
    whole = base_journal(43, segment_bytes=1 << 16)
    before = Map(whole)
    end = before.end_of(before.last_segment)
    again = Writer(whole, segment_bytes=1 << 16, threads=False, clock=lambda: 5)
    again.submit(records(40, 9), 5)
    again.submit(fact_slots(1, 60), 5)
    again.commit()
    complete = whole.contents(before.last_segment)
    seen = set()
    for kept in ({0}, {1}, {0, 2}, {1, 3, 4}, {4}):
        data = bytearray(complete[:end] + bytes(len(complete) - end))
        for sector in kept:
            at = end + 512 * sector
            data[at : at + 512] = complete[at : at + 512]
        disk = SimDisk()
        for name, content in before.files.items():
            disk.put(name, content)
        disk.put(before.last_segment, bytes(data))
        verdict = verify(disk)
        assert not verdict.problems, (kept, verdict.problems)
        assert (verdict.sequence, verdict.sealed, verdict.outcome) == (before.last_sequence, False, "end-not-proved")
        seen.add(verdict.ending)
    assert seen == {"torn"}


def test_the_group_of_another_place_is_no_crash_of_this_writer() -> None:
    """A whole record of a sequence that could not be written there does not excuse what stands there."""
    disk = base_journal(44, segment_bytes=1 << 16)
    layout = Map(disk)
    data = bytearray(layout.files[layout.last_segment])
    end, group = layout.end_of(layout.last_segment), layout.audit.groups[0]
    data[end + 1024 : end + 1088] = group.records[0][:64]
    disk.put(layout.last_segment, bytes(data))
    assert [problem.code for problem in verify(disk).problems] == [3013]


def test_not_closed_is_not_right() -> None:
    disk = base_journal(45, sealed=False)
    verdict = verify(disk)
    assert (verdict.right, verdict.sealed, verdict.end_proof, verdict.outcome) == (True, False, None, "end-not-proved")
    english, chinese = verdict_texts(verdict)
    assert "not closed: the end is not proved without a checkpoint" in english
    assert "未關閉：沒有檢查點，無法證明尾端完整" in chinese
    reader = Reader(disk)
    for _ in reader:
        reader.absorb_tenants()
    last = checkpoints.at_position(checkpoints.position_of(reader), wall_ns=1)
    proved = verify(disk, checkpoints=[last])
    assert (proved.end_proof, proved.outcome) == ("checkpoint", "right")


def test_a_damaged_closing_mark_is_not_closed() -> None:
    disk = base_journal(46)
    layout = Map(disk)
    mark = layout.audit.groups[-1]
    assert not mark.records
    disk.flip(layout.last_segment, mark.offset + 125, 1)
    verdict = verify(disk)
    assert (verdict.sealed, verdict.outcome, verdict.ending) == (False, "end-not-proved", "garbage")


def test_a_lost_last_segment_is_not_right() -> None:
    disk = base_journal(47, segment_bytes=4096)
    disk.drop(Map(disk).segments[-1])
    assert verify(disk).outcome == "end-not-proved"


def test_groups_and_chains_are_told_apart() -> None:
    disk = SimDisk()
    for number in range(3):
        with Writer(disk, segment_bytes=1 << 16, threads=False, journal_id=JOURNAL_ID) as writer:
            writer.submit(records(5, number), number)
            writer.commit()
    verdict = verify(disk)
    assert (verdict.groups, verdict.closing_marks) == (3, 3)
    audited = Map(disk).audit.groups
    assert (verdict.chain, verdict.records_chain) == (audited[-1].chain.hex(), audited[-2].chain.hex())


def test_foreign_files_are_named(tmp_path: Path) -> None:
    with Writer(tmp_path / "j", segment_bytes=1 << 16) as writer:
        writer.submit(records(5, 1))
    segment = next((tmp_path / "j").glob("*.yj"))
    (tmp_path / "j" / "foo.yj").write_bytes(segment.read_bytes())
    (tmp_path / "j" / "notes.txt").write_text("x")
    (tmp_path / "j" / "in").mkdir()
    verdict = verify(tmp_path / "j")
    assert verdict.foreign == ("foo.yj", "in", "notes.txt")
    assert verdict.right
