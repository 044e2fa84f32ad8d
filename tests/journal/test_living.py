"""Reading while a writer is at work 邊寫邊讀: what is being written this moment is not damage, and damage still is."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import numpy as np
import pytest

from tests.journal.makers import JOURNAL_ID, base_journal, records
from yunhai.journal import Reader, Writer
from yunhai.journal.stats import count
from yunhai.journal.verify import verify
from yunhai.kernel.errors import YunhaiError
from yunhai.native._journal import SimDisk

SECONDS = 1.0
READS = 6
SEGMENT_BYTES = 1 << 16


@contextmanager
def writing(place: Path | SimDisk) -> Iterator[Writer]:
    """A writer that appends small groups, rolling over often, until the block is left."""
    stop = threading.Event()
    batch = records(40, 1)
    with Writer(place, segment_bytes=SEGMENT_BYTES, merge=False, journal_id=JOURNAL_ID) as writer:
        writer.wait(writer.submit(batch))

        def write() -> None:
            while not stop.is_set():
                writer.wait(writer.submit(batch))

        thread = threading.Thread(target=write)
        thread.start()
        try:
            yield writer
        finally:
            stop.set()
            thread.join()


def read_for_a_while(writer: Writer, read: Callable[[], int]) -> int:
    """How often it was read, several times at least; each time at least what was durable before."""
    end = monotonic() + SECONDS
    times = 0
    while times < READS or monotonic() < end:
        durable = writer.durable()
        assert read() >= durable
        times += 1
    return times


def verified(place: Path | SimDisk) -> int:
    verdict = verify(place)
    assert not verdict.problems
    assert verdict.ending in ("clean", "living")
    return verdict.sequence


@pytest.mark.full
@pytest.mark.parametrize("segment_bytes", [1 << 14, 1 << 20])
def test_a_living_journal_is_right_a_thousand_times(
    tmp_path: Path, segment_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "SEGMENT_BYTES", segment_bytes)
    times = turn = 0
    while times < 500:
        turn += 1
        with writing(tmp_path / str(turn)) as writer:  # anew, or reading it would take ever longer
            times += read_for_a_while(writer, lambda: verified(tmp_path / str(turn)))  # noqa: B023 - called at once


@pytest.mark.parametrize("read", [verified, lambda place: count(place).records], ids=["verify", "stats"])
@pytest.mark.parametrize("simulated", [False, True], ids=["folder", "simulated"])
@pytest.mark.full
def test_a_living_journal_is_right(tmp_path: Path, simulated: bool, read: Callable[[Path | SimDisk], int]) -> None:
    place = SimDisk() if simulated else tmp_path / "j"
    with writing(place) as writer:
        assert read_for_a_while(writer, lambda: read(place)) >= READS
    assert verified(place) == writer.durable()


def test_a_reader_is_overtaken_between_looking_and_judging() -> None:
    """Slowly, so that it does not hang on luck: a segment fills up behind a reader that has seen its end."""
    disk = SimDisk()
    batch = records(40, 1)
    with Writer(disk, segment_bytes=8192, threads=False, journal_id=JOURNAL_ID) as writer:
        writer.submit(batch)
        writer.commit()
        reader = Reader(disk)
        assert [group.count for group in reader] == [40]
        assert reader.tail()["ending"] == "living"
        for _ in range(12):
            writer.submit(batch)
            writer.commit()
        assert sum(group.count for group in reader) == 480
        assert reader.segments() > 3


def test_damage_is_named_though_a_writer_lives() -> None:
    disk = SimDisk()
    with Writer(disk, segment_bytes=1 << 14, threads=False, journal_id=JOURNAL_ID) as writer:
        for number in range(3):
            writer.submit(records(20, number))
            writer.commit()
        name = next(name for name in disk.names() if name.endswith(".yj"))
        groups = list(Reader(disk))
        for group in (groups[0], groups[2]):  # the last one too: it was promised
            assert disk.flip(name, group.offset + 200, 1)
            verdict = verify(disk)
            assert [problem.code for problem in verdict.problems] == [3004]
            assert disk.flip(name, group.offset + 200, 1)
    assert verify(disk).right


def test_a_group_in_flight_is_not_damage_until_its_writer_is_gone() -> None:
    """Half of a record has arrived, which no crash leaves; while it is being written it is nobody's loss."""
    whole, shorter = base_journal(3, sealed=False), base_journal(3, groups=11, sealed=False)
    last = list(Reader(whole))[-1]
    name, held = last.segment, list(Reader(shorter))[-1].last_sequence
    image = bytearray(whole.contents(name))
    end = last.offset + 128 + len(last.slots) * 64
    image[end - 40 : end] = bytes(40)
    with pytest.raises(YunhaiError) as refused:
        Writer(_with(whole, name, bytes(image)), threads=False)
    assert refused.value.code == 3004

    writer = Writer(shorter, segment_bytes=8192, threads=False, journal_id=JOURNAL_ID)
    assert name in shorter.names()
    shorter.put(name, bytes(image))
    living = verify(shorter)
    assert (living.problems, living.ending, living.sequence) == ((), "living", held)
    del writer


def _with(disk: SimDisk, name: str, content: bytes) -> SimDisk:
    twin = disk.copy()
    twin.put(name, content)
    return twin


def test_closing_settles_it(tmp_path: Path) -> None:
    with writing(tmp_path / "j") as writer:
        pass
    verdict = verify(tmp_path / "j")
    assert (verdict.right, verdict.ending, verdict.sealed, verdict.sequence) == (
        True,
        "clean",
        True,
        writer.durable(),
    )
    found = np.concatenate([group.records() for group in Reader(tmp_path / "j")])
    assert len(found) == writer.durable()
