"""Altered journals 損壞映像: each is read to the exact last good record, or refused and the record named."""

import random

import pytest

from tests.journal.images import Map, expect_blank, expect_cut, expect_flip, read_through
from tests.journal.makers import JOURNAL_ID, base_journal
from yunhai.journal import Writer
from yunhai.kernel.errors import YunhaiError
from yunhai.native._journal import SimDisk


def flips(disk: SimDisk, count: int, seed: int) -> tuple[int, int]:
    """Change one byte at `count` places. (images, refused)."""
    layout = Map(disk)
    rng = random.Random(seed)
    used = [(name, offset) for name in layout.segments for offset in range(layout.end_of(name))]
    free = [
        (name, offset) for name in layout.segments for offset in range(layout.end_of(name), len(layout.files[name]))
    ]
    refused = 0
    for number in range(count):
        name, offset = rng.choice(free if number % 20 == 0 else used)
        mask = 1 << rng.randrange(8) if number % 2 else rng.randint(1, 255)
        disk.flip(name, offset, mask)
        reading = read_through(disk)
        disk.flip(name, offset, mask)
        wrong = expect_flip(layout, name, offset, reading)
        assert wrong is None, (wrong, name, offset, mask, reading)
        refused += reading.fault is not None
    assert read_through(disk).fault is None
    return count, refused


def cuts(disk: SimDisk, count: int, seed: int) -> int:
    layout = Map(disk)
    rng = random.Random(seed)
    for number in range(count):
        name = layout.last_segment if number % 2 else rng.choice(layout.segments)
        size = rng.randrange(len(layout.files[name]) if number % 10 == 0 else layout.end_of(name))
        disk.put(name, layout.files[name][:size])
        reading = read_through(disk)
        disk.put(name, layout.files[name])
        wrong = expect_cut(layout, name, size, reading)
        assert wrong is None, (wrong, name, size, reading)
    return count


def blanks(disk: SimDisk) -> int:
    """Every sector boundary of the last segment as the place where a crash stopped."""
    layout = Map(disk)
    name = layout.last_segment
    data = layout.files[name]
    for offset in range(512, len(data) + 1, 512):
        disk.put(name, data[:offset] + bytes(len(data) - offset))
        reading = read_through(disk)
        wrong = expect_blank(layout, offset, reading)
        assert wrong is None, (wrong, offset, reading)
    disk.put(name, data)
    return len(data) // 512


def lost_sectors(disk: SimDisk, count: int, seed: int) -> int:
    """Any of the last group's sectors missing: what a crash in the middle of its write leaves."""
    layout = Map(disk)
    group, data = layout.last_data_group, layout.files[layout.last_segment]
    rng = random.Random(seed)
    sectors = range(group.offset, group.end, 512)
    for _ in range(count):
        torn = bytearray(data)
        lost = [sector for sector in sectors if rng.random() < 0.5] or [group.offset]
        for sector in lost:
            torn[sector : sector + 512] = bytes(512)
        disk.put(layout.last_segment, bytes(torn))
        reading = read_through(disk)
        assert reading.fault is None, (reading, lost)
        assert reading.sequence == group.first_sequence - 1
        with Writer(disk.copy(), threads=False) as writer:
            assert writer.submitted() == reading.sequence
    disk.put(layout.last_segment, data)
    return count


@pytest.mark.parametrize("sealed", [True, False])
def test_flipped(sealed: bool) -> None:
    images, refused = flips(base_journal(3, sealed=sealed), 1_500, seed=5)
    assert refused > images * 0.8


@pytest.mark.parametrize("sealed", [True, False])
def test_cut(sealed: bool) -> None:
    cuts(base_journal(4, sealed=sealed), 600, seed=6)


@pytest.mark.parametrize("groups", range(6, 14))
def test_blank_from_any_sector_on(groups: int) -> None:
    blanks(base_journal(groups, groups=groups, sealed=False))


@pytest.mark.parametrize("groups", [3, 7, 12])
def test_sectors_of_the_last_group_missing(groups: int) -> None:
    lost_sectors(base_journal(8, groups=groups, sealed=False), 40, seed=groups)


@pytest.mark.full
def test_a_hundred_thousand_images() -> None:
    images = 0
    for seed in range(10):
        disk = base_journal(100 + seed, groups=8 + seed, sealed=seed % 2 == 0)
        images += flips(disk, 8_500, seed)[0] + cuts(disk, 1_500, seed) + blanks(disk)
        if seed % 2:
            images += lost_sectors(disk, 100, seed)
    assert images >= 100_000


def test_every_byte_of_the_last_two_groups() -> None:
    disk = base_journal(11, groups=7, most_records=6, sealed=False)
    layout = Map(disk)
    first = layout.groups_of(layout.last_segment)[-2:][0].offset
    for offset in range(first, layout.end_of(layout.last_segment)):
        disk.flip(layout.last_segment, offset, 0x10)
        wrong = expect_flip(layout, layout.last_segment, offset, reading := read_through(disk))
        disk.flip(layout.last_segment, offset, 0x10)
        assert wrong is None, (wrong, offset, reading)


def test_the_writer_refuses_what_the_reader_refuses() -> None:
    disk = base_journal(12)
    layout = Map(disk)
    group = layout.audit.groups[2]
    before = dict(layout.files)
    disk.flip(group.segment, group.places[0] + 20, 1)
    with pytest.raises(YunhaiError) as refused:
        Writer(disk, threads=False)
    assert refused.value.code == 3004
    assert refused.value.details["sequence"] == group.first_sequence
    disk.flip(group.segment, group.places[0] + 20, 1)
    assert {name: disk.contents(name) for name in disk.names()} == before  # nothing was cut or written


def test_the_writer_refuses_a_short_file() -> None:
    disk = base_journal(13)
    name = Map(disk).last_segment
    disk.put(name, disk.contents(name)[:-1])
    with pytest.raises(YunhaiError) as refused:
        Writer(disk, threads=False)
    assert refused.value.code == 3008


@pytest.mark.parametrize("plant", [8, 9])
def test_a_reader_that_does_not_check_is_found(plant: int) -> None:
    """8: neither checksums nor chain are looked at; 9: only checksums are, and someone made them fit."""
    disk = base_journal(14, sealed=False)
    group = Map(disk).audit.groups[2]
    changed = bytearray(disk.contents(group.segment))
    place = group.places[0]
    changed[place + 20] ^= 1
    if plant == 9:
        from tests.crash.auditor import record_crc

        sum_ = record_crc(bytes(changed[place : place + 64]), group.first_sequence)
        changed[place + 60 : place + 64] = sum_.to_bytes(4, "little")
    disk.put(group.segment, bytes(changed))
    with pytest.raises(YunhaiError):
        Writer(disk, threads=False, journal_id=JOURNAL_ID)
    with Writer(disk.copy(), threads=False, plant=plant):
        pass  # the planted reader accepts it: the test above would fail with it
