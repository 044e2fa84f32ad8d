"""Replay, snapshots and exports."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.journal.makers import JOURNAL_ID, base_journal
from yunhai.journal import Reader, Writer, checkpoints, fact_of
from yunhai.journal.exports import export, verify_export
from yunhai.journal.replay import replay
from yunhai.journal.snapshots import Snapshot, check, decode, save
from yunhai.journal.stats import count
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.records import RECORD
from yunhai.native._journal import SimDisk


class Echo:
    """An engine of a few lines: each command gives itself, priced by a running total, and `quantity` trades."""

    def __init__(self, *, batch: int = 7, wrong_at: int = -1) -> None:
        self.total = 0
        self.done = 0
        self.batch = batch
        self.wrong_at = wrong_at

    def process(self, commands: NDArray[np.void]) -> tuple[NDArray[np.void], int]:
        taken = commands[: self.batch]
        events = []
        for command in taken:
            self.done += 1
            self.total += int(command["order_id"])
            outcome = np.array([command], RECORD)
            outcome["price"] = self.total % 1000 + (self.done == self.wrong_at)
            outcome["crc"] = 0
            trades = np.zeros(int(command["quantity"]), RECORD)
            trades["kind"], trades["order_id"] = 32, self.done
            events += [outcome, trades]
        return np.concatenate(events), len(taken)


def commands(number: int) -> NDArray[Any]:
    rng = np.random.default_rng(number)
    batch = np.zeros(20, RECORD)
    batch["kind"], batch["order_id"], batch["quantity"] = 1, rng.integers(0, 99, 20), rng.integers(0, 5, 20)
    return batch


def run_all(engine: Echo, batch: NDArray[Any]) -> NDArray[Any]:
    events = []
    while len(batch):
        made, consumed = engine.process(batch)
        events.append(made.copy())
        batch = batch[consumed:]
    return np.concatenate(events)


def echo_journal(*, batches: int = 12, last_part: int | None = None) -> SimDisk:
    disk = SimDisk()
    engine = Echo()
    with Writer(disk, segment_bytes=8192, threads=False, journal_id=JOURNAL_ID) as writer:
        for number in range(batches):
            events = run_all(engine, commands(number))
            writer.submit(events if last_part is None or number < batches - 1 else events[:last_part])
            writer.commit()
            if number % 4 == 0:
                writer.submit_fact(fact_of(number, number=3))
                writer.commit()
    return disk


def test_a_journal_replays_to_the_same_events() -> None:
    disk = echo_journal()
    facts: list[int] = []
    engine = Echo(batch=3)
    done = replay(disk, engine, on_fact=lambda _, fact: facts.append(fact.value()))
    assert (done.commands, engine.done, facts, len(done.missing)) == (240, 240, [0, 4, 8], 0)
    assert done.events + done.facts == done.sequence


def test_a_difference_is_found_and_named() -> None:
    disk = echo_journal()
    wanted = 0
    for group in Reader(disk):
        rows = group.records()
        for place in np.flatnonzero(rows["kind"] == 1):
            wanted += 1
            if wanted == 100:
                sequence = group.first_sequence + int(place)
    with pytest.raises(YunhaiError) as refused:
        replay(disk, Echo(wrong_at=100))
    assert refused.value.code == 3031
    assert refused.value.details["sequence"] == sequence


def test_events_that_a_crash_kept_from_the_journal_are_given_back() -> None:
    whole = count(echo_journal()).records
    for part in range(1, 12):
        disk = echo_journal(last_part=part)
        done = replay(disk, Echo())
        with Writer(disk, threads=False) as writer:
            if len(done.missing):
                writer.submit(done.missing)
                writer.commit()
        assert len(replay(disk, Echo()).missing) == 0
    assert whole > 300


def test_a_snapshot_is_used_only_if_the_journal_agrees(tmp_path: Path) -> None:
    disk = echo_journal()
    groups = [group for group in Reader(disk) if group.count > 1]
    group = groups[4]
    snapshot = Snapshot(
        journal=JOURNAL_ID, group=group.number, sequence=group.last_sequence, chain=group.chain, state=b"\x01" * 100
    )
    save(snapshot, tmp_path / "state.snapshot")
    file = (tmp_path / "state.snapshot").read_bytes()
    assert decode(file) == snapshot
    check(snapshot, disk)
    for at in range(len(file)):
        damaged = bytearray(file)
        damaged[at] ^= 4
        for bad in (bytes(damaged), file[:at]):
            with pytest.raises(YunhaiError) as refused:
                decode(bad)
            assert refused.value.code == 3030
    other = Snapshot(journal=JOURNAL_ID, group=group.number, sequence=group.last_sequence, chain=bytes(32), state=b"")
    with pytest.raises(YunhaiError):
        check(other, disk)


def exported(disk: SimDisk, tenant: int) -> tuple[bytes, checkpoints.Checkpoint]:
    reader = Reader(disk)
    for _ in reader:
        reader.absorb_tenants()
    checkpoint = checkpoints.at_position(checkpoints.position_of(reader), wall_ns=1)
    out = io.BytesIO()
    export(disk, checkpoint, tenant, out)
    return out.getvalue(), checkpoint


def test_an_export_verifies_alone_and_holds_no_one_else() -> None:
    disk = base_journal(41)
    for tenant in (0, 1, 2, 99):
        file, checkpoint = exported(disk, tenant)
        proven = verify_export(file, checkpoint)
        mine = [rows for group in Reader(disk) for rows in [group.records()] if (rows["tenant"] == tenant).any()]
        assert proven.records == sum(int((rows["tenant"] == tenant).sum()) for rows in mine)
        assert (proven.records > 0) == (tenant != 99)


def test_an_altered_export_is_refused() -> None:
    import hashlib

    file, checkpoint = exported(base_journal(42), 1)
    for at in range(0, len(file) - 32, 97):
        body = bytearray(file[:-32])
        body[at] ^= 1
        forged = bytes(body) + hashlib.sha256(body).digest()  # the file's own checksum made to fit
        if 28 <= at < 32:
            continue  # four unused bytes
        with pytest.raises(YunhaiError) as refused:
            verify_export(forged, checkpoint)
        assert refused.value.code == 3040
    for size in (0, 10, len(file) - 1, len(file) // 2):
        with pytest.raises(YunhaiError):
            verify_export(file[:size], checkpoint)


def test_stats_count_what_is_there() -> None:
    disk = echo_journal()
    stats = count(disk)
    assert stats.kinds["NEW"] == 240
    assert stats.kinds["FACT"] == 3
    assert sum(stats.kinds.values()) == stats.records
    assert stats.trades == stats.kinds["TRADE"] == stats.records - 243
