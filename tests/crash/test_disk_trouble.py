"""Disk trouble 磁碟故障: the n-th call fails, in each way; the writer halts, acknowledges nothing after, and starts clean."""

import pytest

from tests.crash.auditor import audit
from tests.journal.makers import JOURNAL_ID, files_of, records
from yunhai.journal import Writer
from yunhai.kernel.errors import YunhaiError
from yunhai.native._journal import SimDisk

FAULTS = {"io error": 1, "no space": 2, "short write": 3, "interrupted": 4, "power cut": 5}
HARMLESS_ON_WRITE = {3, 4}
COMMITS = 240


def open_writer(disk: SimDisk, *, threads: bool = False) -> Writer:
    return Writer(disk, segment_bytes=8192, threads=threads, merge=False, journal_id=JOURNAL_ID, clock=lambda: 5)


def halted_by(error: YunhaiError) -> None:
    assert error.code in (3010, 3011), error


def write_until_it_fails(disk: SimDisk, commits: int) -> tuple[int, bool]:
    """(last sequence acknowledged, whether it halted)."""
    try:
        writer = open_writer(disk)
    except YunhaiError as error:
        halted_by(error)
        return 0, True
    durable = 0
    try:
        for number in range(commits):
            write_one(writer, number)
            durable = writer.durable()
    except YunhaiError as error:
        halted_by(error)
        stays_halted(writer, durable)
        return durable, True
    finally:
        close_somehow(writer)
    return durable, False


def write_one(writer: Writer, number: int) -> None:
    writer.submit(records(1 + number % 5, number), 6)
    writer.commit()


def stays_halted(writer: Writer, durable: int) -> None:
    """However often it is asked, it acknowledges nothing after the failure."""
    assert writer.durable() == durable
    with pytest.raises(YunhaiError) as again:
        write_one(writer, 1)
    assert again.value.code == 3010
    assert writer.durable() == durable


def close_somehow(writer: Writer) -> None:
    try:
        writer.close()
    except YunhaiError as error:
        halted_by(error)


def write_all(writer: Writer, count: int) -> None:
    for number in range(count):
        writer.submit(records(3, number), 6)
    writer.flush()


def expected_records(count: int) -> list[bytes]:
    made: list[bytes] = []
    number = 0
    while len(made) < count:
        made += [record.tobytes() for record in records(1 + number % 5, number)]
        number += 1
    return made


def check_call(call: int, fault: int) -> bool:
    disk = SimDisk()
    disk.fail_call(call, fault)
    durable, halted = write_until_it_fails(disk, commits=2 + call // 2)
    if fault == FAULTS["power cut"]:
        disk = disk.crash(call, 50)
    with open_writer(disk) as writer:
        held = writer.submitted()
        assert held >= durable
        writer.submit(records(2, 99), 7)
    after = audit(files_of(disk), check_crc=call % 10 == 0).records
    assert len(after) == held + 2
    assert [record[:60] for record in after[:held]] == [record[:60] for record in expected_records(held)[:held]]
    return halted


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_failing_call(fault: int) -> None:
    halts = [check_call(call, fault) for call in range(1, 25)]
    if fault not in HARMLESS_ON_WRITE:
        assert all(halts)


@pytest.mark.full
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_failing_call_one_to_five_hundred(fault: int) -> None:
    halts = [check_call(call, fault) for call in range(1, 501)]
    if fault not in HARMLESS_ON_WRITE:
        assert all(halts)


@pytest.mark.parametrize("capacity", [0, 4096, 8191, 8192, 12_000, 24_576, 30_000])
def test_a_full_disk_halts_and_keeps_what_was_acknowledged(capacity: int) -> None:
    disk = SimDisk()
    disk.limit(capacity)
    durable, halted = write_until_it_fails(disk, COMMITS)
    assert halted
    disk.limit(1 << 30)
    with open_writer(disk) as writer:
        assert writer.submitted() == durable


def test_threads_halt_too() -> None:
    for call in range(8, 48):  # making the journal takes seven calls
        disk = SimDisk()
        disk.fail_call(call, FAULTS["io error"])
        writer = open_writer(disk, threads=True)
        with pytest.raises(YunhaiError) as halted:
            write_all(writer, 100)
        assert halted.value.code == 3010
        durable = writer.durable()
        with pytest.raises(YunhaiError):
            writer.wait(durable + 1)
        with pytest.raises(YunhaiError):
            writer.close()
        assert writer.durable() == durable
        assert len(audit(files_of(disk.crash(call, 0)), check_crc=False).records) >= durable


def test_the_power_goes_while_threads_work() -> None:
    for call in range(8, 64):
        disk = SimDisk()
        disk.fail_call(call, FAULTS["power cut"])
        writer = open_writer(disk, threads=True)
        try:
            write_all(writer, 100)
        except YunhaiError as error:
            halted_by(error)
        durable = writer.durable()
        held = audit(files_of(disk.crash(call, call % 101)), check_crc=False).records
        assert durable <= len(held) <= writer.submitted()
        expected = [record.tobytes()[:60] for number in range(100) for record in records(3, number)]
        assert [record[:60] for record in held] == expected[: len(held)]
