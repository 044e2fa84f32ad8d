"""Writing and reading on a real folder: order, filters, following, locking, facts, splitting, refusals."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.crash.auditor import audit
from tests.journal.makers import JOURNAL_ID, fact_slots, records
from yunhai.journal import Reader, Writer, fact_of, read
from yunhai.kernel import limits
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.records import RECORD
from yunhai.native import _journal

SMALL = 1 << 16


def writer(folder: Path, **options: Any) -> Writer:
    settings: dict[str, Any] = {"segment_bytes": SMALL, "journal_id": JOURNAL_ID} | options
    return Writer(folder, **settings)


def all_records(folder: Path) -> NDArray[Any]:
    return np.concatenate([found for _, found in read(folder)])


def same(found: NDArray[Any], given: NDArray[Any]) -> bool:
    """Equal in all but the checksum."""
    strip = np.ascontiguousarray(found).view(np.uint8).reshape(-1, 64)[:, :60]
    return bool((strip == np.ascontiguousarray(given).view(np.uint8).reshape(-1, 64)[:, :60]).all())


@pytest.mark.parametrize("threads", [True, False])
@pytest.mark.parametrize("merge", [True, False])
def test_what_is_written_is_read(tmp_path: Path, threads: bool, merge: bool) -> None:
    given = [records(1 + number % 90, number) for number in range(120)]
    with writer(tmp_path / "j", threads=threads, merge=merge) as journal:
        last = 0
        for batch in given:
            last = journal.submit(batch)
            if not threads:
                journal.commit()
        journal.flush()
        assert journal.durable() == journal.submitted() == last == sum(map(len, given))
    assert same(all_records(tmp_path / "j"), np.concatenate(given))
    files = {path.name: path.read_bytes() for path in (tmp_path / "j").glob("*.yj")}
    assert len(files) > 3
    assert len(audit(files).records) == last  # the second implementation reads the same


def test_sequences_and_filters(tmp_path: Path) -> None:
    given = records(3_000, 1)
    with writer(tmp_path / "j", merge=False) as journal:
        for begin in range(0, 3_000, 100):
            journal.submit(given[begin : begin + 100])
    for start in (1, 2, 100, 101, 1_555, 3_000):
        found = list(read(tmp_path / "j", start))
        assert np.concatenate([numbers for numbers, _ in found]).tolist() == list(range(start, 3_001))
        assert same(np.concatenate([rows for _, rows in found]), given[start - 1 :])
    mine = list(read(tmp_path / "j", tenant=2, kinds=(1, 2)))
    expected = np.flatnonzero((given["tenant"] == 2) & np.isin(given["kind"], (1, 2))) + 1
    assert np.concatenate([numbers for numbers, _ in mine]).tolist() == expected.tolist()


def test_facts_keep_their_content_and_place(tmp_path: Path) -> None:
    values = [{"open": number, "text": "雲海" * number} for number in range(30)]
    with writer(tmp_path / "j") as journal:
        for number, value in enumerate(values):
            journal.submit(records(3, number))
            assert journal.submit_fact(fact_of(value, number=9, tenant=4, time=number)) == 4 * (number + 1)
    found = [(sequence, fact) for group in Reader(tmp_path / "j") for sequence, fact in group.facts()]
    assert [sequence for sequence, _ in found] == [4 * (number + 1) for number in range(30)]
    assert [fact.value() for _, fact in found] == values
    assert {(fact.number, fact.tenant) for _, fact in found} == {(9, 4)}
    assert len(all_records(tmp_path / "j")) == 120


def test_a_reader_follows_what_is_durable(tmp_path: Path) -> None:
    with writer(tmp_path / "j", merge=False) as journal:
        reader = Reader(tmp_path / "j", follow=True)
        assert reader.next() is None
        seen = 0
        for number in range(100):  # far enough to follow into later segments
            journal.submit(records(40, number))
            journal.flush()
            while (group := reader.next()) is not None:
                assert group.first_sequence == seen + 1
                seen = group.last_sequence
            assert seen == journal.durable()
        assert reader.segments() > 3


class Counting:
    """A native reader whose looks at the files are counted."""

    def __init__(self, reader: Reader) -> None:
        self.native, self.looks = reader._native, 0
        reader._native = self  # type: ignore[assignment]

    def next(self) -> object:
        self.looks += 1
        return self.native.next()

    def __getattr__(self, name: str) -> object:
        return getattr(self.native, name)


def as_of_yesterday(folder: Path) -> None:
    for path in (*folder.iterdir(), folder):
        os.utime(path, (time.time() - 86_400,) * 2)


def test_a_closed_journals_end_is_read_twice_and_then_only_asked_for_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("yunhai.journal.reader.SETTLED_NS", 3_600 * 10**9)
    with writer(tmp_path / "j") as journal:
        journal.submit(records(40, 1))
    reader = Reader(tmp_path / "j", follow=True)
    counting = Counting(reader)
    assert reader.next() is not None
    for _ in range(20):
        assert reader.next() is None
    assert counting.looks == 21, "it was changed a moment ago: a further change may have the same time"
    as_of_yesterday(tmp_path / "j")
    for _ in range(20):
        assert reader.next() is None
    assert counting.looks == 22
    assert reader.tail()["ending"] == "clean"
    for number in range(2, 30):  # far enough to open another segment
        with writer(tmp_path / "j") as journal:
            assert reader.next() is None
            journal.wait(journal.submit(records(40, number)))
            seen = reader.next()
            assert seen is not None
            assert seen.last_sequence == 40 * number
        assert reader.next() is None
        as_of_yesterday(tmp_path / "j")
        assert (reader.next(), reader.next()) == (None, None)
        looks = counting.looks
        assert (reader.next(), counting.looks) == (None, looks)
    assert reader.segments() > 1
    (tmp_path / "j" / reader.tail()["segment"]).unlink()
    with pytest.raises(YunhaiError, match=r"^30"):
        reader.next()


def test_a_living_writers_end_is_read_every_time(tmp_path: Path) -> None:
    with writer(tmp_path / "j") as journal:
        journal.wait(journal.submit(records(40, 1)))
        reader = Reader(tmp_path / "j", follow=True)
        counting = Counting(reader)
        assert reader.next() is not None
        as_of_yesterday(tmp_path / "j")
        for _ in range(5):
            assert reader.next() is None
        assert counting.looks == 6
        journal.wait(journal.submit(records(40, 2)))
        as_of_yesterday(tmp_path / "j")  # durable without a trace in the files' times
        assert reader.next() is not None


def test_a_closed_journal_keeps_no_space_for_more(tmp_path: Path) -> None:
    space = tmp_path / "j" / "next.space"
    for threads in (True, False):
        with writer(tmp_path / "j", threads=threads) as journal:
            for number in range(15):  # past half of a segment: the next one's zeros are made
                journal.wait(journal.submit(records(50, number)))
                journal.commit()
            deadline = time.monotonic() + 60
            while threads and not space.exists() and time.monotonic() < deadline:
                time.sleep(0.001)
            assert space.exists() == threads
        assert not space.exists()
    assert len(all_records(tmp_path / "j")) == 2 * 15 * 50


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    with writer(tmp_path / "j"):
        with pytest.raises(YunhaiError) as here:
            writer(tmp_path / "j")
        assert here.value.code == 3001
        code = f"from yunhai.journal import Writer; Writer({str(tmp_path / 'j')!r})"
        elsewhere = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
        assert "3001 journal-locked" in elsewhere.stderr
        Reader(tmp_path / "j", follow=True)  # asking who writes takes no lock
    writer(tmp_path / "j").close()


def test_malformed_records_are_refused_and_nothing_is_taken(tmp_path: Path) -> None:
    bad_kind = records(5, 1).copy()
    bad_kind["kind"][3] = 0
    long_fact = fact_slots(1, 50).copy()
    long_fact["order_id"][0] = 10_000
    with writer(tmp_path / "j") as journal:
        journal.submit(records(2, 1))
        for bad in (bad_kind, long_fact, np.zeros(0, RECORD), np.zeros(63, np.uint8), np.zeros(65, np.uint8)):
            with pytest.raises(YunhaiError) as refused:
                journal.submit(bad)
            assert refused.value.code == 3009
        with pytest.raises(YunhaiError):
            journal.submit_fact(fact_of("x" * 300_000, number=1))
        assert journal.submit(records(1, 2)) == 3


def test_a_command_stays_with_its_events_when_a_batch_is_split(tmp_path: Path) -> None:
    given = np.zeros(5_000, RECORD)
    given["kind"] = 32
    given["kind"][::7] = 1
    with writer(tmp_path / "j") as journal:
        journal.submit(given)
    firsts = [int(group.slots["kind"][0]) for group in Reader(tmp_path / "j")]
    assert len(firsts) > 4
    assert set(firsts) == {1}


def test_one_command_with_more_events_than_a_group_holds(tmp_path: Path) -> None:
    given = np.zeros(4_000, RECORD)
    given["kind"] = 32
    given["kind"][0] = 17
    with writer(tmp_path / "j") as journal:
        journal.submit(given)
    assert same(all_records(tmp_path / "j"), given)


@pytest.mark.parametrize("then", ["another", "wake", "flush", "close"])
def test_what_is_held_goes_with_what_comes_next(tmp_path: Path, then: str) -> None:
    journal = writer(tmp_path / "j")
    journal.submit(records(3, 1), hold=True)
    match then:
        case "another":
            journal.submit(records(2, 2))
        case "wake":
            journal.wake()
        case "flush":
            journal.flush()
        case "close":
            journal.close()
    if then != "close":
        assert journal.wait(3, timeout_s=60)
        journal.close()
    assert len(all_records(tmp_path / "j")) == (5 if then == "another" else 3)


def test_many_threads_submit(tmp_path: Path) -> None:
    with writer(tmp_path / "j") as journal:

        def work(tenant: int) -> None:
            batch = np.zeros(3, RECORD)
            batch["kind"], batch["tenant"] = 1, tenant
            for number in range(50):
                batch["order_id"] = number
                journal.wait(journal.submit(batch))

        threads = [threading.Thread(target=work, args=(tenant,)) for tenant in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert journal.durable() == 8 * 150
    found = all_records(tmp_path / "j")
    for tenant in range(8):
        assert found["order_id"][found["tenant"] == tenant].tolist() == [n for n in range(50) for _ in range(3)]


def test_heads_and_chain_are_the_same_however_they_are_computed(tmp_path: Path) -> None:
    with writer(tmp_path / "j") as journal:
        for number in range(40):
            journal.submit(records(50, number))
        heads, chain = journal.tenant_heads(), journal.chain()
    reader = Reader(tmp_path / "j")
    for _ in reader:
        reader.absorb_tenants()
    last = reader.last()
    assert last is not None
    assert (reader.tenant_heads(), last.chain) == (heads, chain)
    with writer(tmp_path / "j") as journal:  # and again after opening what exists
        assert journal.tenant_heads() == heads


def test_no_journal_is_said(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(YunhaiError) as refused:
            Reader(place)
        assert refused.value.code == 3002


def test_segment_size_is_checked(tmp_path: Path) -> None:
    for size in (0, 4095, 4097, 1 << 33):
        with pytest.raises(YunhaiError) as refused:
            Writer(tmp_path / "j", segment_bytes=size)
        assert refused.value.code == 3009


def _write_for_ever(folder: str, told: Any) -> None:
    journal = Writer(folder, segment_bytes=SMALL, merge=False, journal_id=JOURNAL_ID)
    number = 0
    while True:
        journal.wait(journal.submit(records(1 + number % 60, number % 50)))
        told.value = journal.durable()
        number += 1


def test_a_killed_process_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """The real file and the real process. It says nothing about syncing: tests/crash does."""
    context = multiprocessing.get_context("spawn")
    told = context.Value("Q", 0, lock=False)  # a killed process would keep its lock
    acknowledged = 0
    for round_ in range(2):
        process = context.Process(target=_write_for_ever, args=(str(tmp_path / "j"), told), daemon=True)
        process.start()
        while told.value < acknowledged + 300 and process.is_alive():
            process.join(0.01)
        assert process.pid is not None
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        acknowledged = told.value
        with writer(tmp_path / "j") as journal:
            assert journal.submitted() >= acknowledged > 300 * round_


def test_the_native_types_are_as_declared() -> None:
    stub = (Path(_journal.__file__).parent / "_journal.pyi").read_text()
    for name in ("Writer", "Reader", "SimDisk"):
        for method in vars(getattr(_journal, name)):
            assert method.startswith("_") or f"def {method}(" in stub, method


def test_the_limits_are_the_native_ones() -> None:
    assert limits.JOURNAL_GROUP_SLOTS_MAX == _journal.MAX_GROUP_SLOTS
    assert limits.RECORD_BYTES == _journal.SLOT


def test_waiting_for_what_was_never_submitted_is_refused_at_once(tmp_path: Path) -> None:
    with writer(tmp_path / "j") as journal:
        last = journal.submit(records(5, 1))
        assert journal.wait(last)
        for timeout in (None, 60.0):
            with pytest.raises(YunhaiError) as refused:
                journal.wait(last + 1, timeout)
            assert refused.value.code == 3009
    assert journal.wait(last)
    with pytest.raises(YunhaiError):
        journal.wait(last + 1)


def test_closing_ends_every_wait(tmp_path: Path) -> None:
    for number in range(20):
        journal = writer(tmp_path / str(number), segment_bytes=4096)
        last = journal.submit(records(200, number))
        answers: list[bool] = []
        started = threading.Barrier(5)

        def wait(journal: Writer = journal, last: int = last, answers: list[bool] = answers) -> None:
            started.wait()  # noqa: B023 - joined before the next turn
            answers.append(journal.wait(last))

        threads = [threading.Thread(target=wait, daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        started.wait()
        journal.close()
        for thread in threads:
            thread.join(60)
        assert answers == [True] * 4


def test_submitting_while_it_is_closed_loses_nothing(tmp_path: Path) -> None:
    """What `submit` took before or during `close` is on the disk; after it, 3009."""
    for number in range(20):
        journal = writer(tmp_path / str(number))
        taken: list[int] = []

        def work(journal: Writer = journal, taken: list[int] = taken) -> None:
            while True:
                try:
                    taken.append(journal.submit(records(3, 1)))
                except YunhaiError as refused:
                    assert refused.code == 3009  # noqa: PT017 - in a thread
                    return

        thread = threading.Thread(target=work)
        thread.start()
        while not taken:
            thread.join(0.001)
        journal.close()
        thread.join(60)
        assert not thread.is_alive()
        assert Reader(tmp_path / str(number)).run() == taken[-1] == journal.durable()


@pytest.mark.parametrize("merge", [True, False])
def test_without_threads_a_batch_is_taken_whole_or_not_at_all(tmp_path: Path, merge: bool) -> None:
    """A group of a 4,096-byte segment holds 46 records; there are four."""
    with writer(tmp_path / "j", segment_bytes=4096, threads=False, merge=merge, groups=4) as journal:
        first = journal.submit(records(10, 1))
        for count in (460, 180):
            with pytest.raises(YunhaiError) as refused:
                journal.submit(np.repeat(records(1, 2), count))
            assert (refused.value.code, journal.submitted()) == (3009, first)
        assert journal.submit(np.repeat(records(1, 2), 130)) == 140
        journal.commit()
        assert journal.submit(np.repeat(records(1, 2), 180)) == 320
    assert len(all_records(tmp_path / "j")) == 320
