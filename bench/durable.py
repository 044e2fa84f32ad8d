"""`./dev bench durable`: the pinned workload through venue and journal, acknowledged only after the sync that covers it.

Groups of 1,024 commands. A command counts when the journal says that its records are on the disk. In the same run the
same bytes are written and synced bare (one write and one fdatasync a group, nothing else), interleaved round by round,
into a growing file and into one zeroed beforehand.
"""

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import common
from yunhai.apps.reference_data import rule_pack
from yunhai.exchange.rules.words import SecurityKind, SegmentName
from yunhai.exchange.venue import Venue
from yunhai.exchange.venue_config import TradedToday, plan_day
from yunhai.journal import Writer
from yunhai.native import _book

GROUP = 1024


class Staging:
    """Collects the events of one group of commands, so that a group is one submission."""

    def __init__(self, capacity: int) -> None:
        self._room = np.zeros((capacity, common.RECORD.itemsize), np.uint8)  # bytes: copied whole, not field by field
        self._used = 0

    def take(self, events: NDArray[np.void]) -> None:
        self._room[self._used : self._used + len(events)] = events.view(np.uint8).reshape(len(events), -1)
        self._used += len(events)

    def give(self) -> NDArray[np.uint8]:
        taken = self._room[: self._used]
        self._used = 0
        return taken


def venue_on(sink: Any) -> tuple[Venue, Any]:
    """The exchange's day with the one stock, opened and ready for continuous trading."""
    stock = TradedToday(code="9999", kind=SecurityKind.STOCK, reference=common.REFERENCE)
    plan = plan_day(pack=rule_pack("twse-2026"), day=common.DAY, instruments=[stock], seed=1)
    engine = _book.Engine(order_capacity=common.ORDER_CAPACITY, first_order_id=1, id_capacity=common.ID_CAPACITY)
    return Venue(plan, engine=engine, sink=sink), engine


def durable(work: common.Work, folder: Path) -> dict[str, Any]:
    """One round. Seconds until everything is durable, the acknowledgement's p50 and p99, and what was written."""
    shutil.rmtree(folder, ignore_errors=True)
    staging = Staging(1 << 18)
    venue, engine = venue_on(staging.take)
    book = venue.book("9999", SegmentName.BOARD)
    commands = work.commands.copy()
    commands["book"] = book
    venue.advance(work.start)
    writer = Writer(folder, merge=False)
    writer.wait(writer.submit(staging.give()))
    sent: list[tuple[int, float]] = []
    waits: list[float] = []
    acknowledged = 0

    def acknowledge() -> None:
        nonlocal acknowledged
        reached, now = writer.durable(), time.perf_counter()
        while acknowledged < len(sent) and sent[acknowledged][0] <= reached:
            waits.append(now - sent[acknowledged][1])
            acknowledged += 1

    sizes: list[int] = []
    began = time.perf_counter()
    for first in range(0, len(commands), GROUP):
        came = time.perf_counter()
        venue.process(commands[first : first + GROUP])
        events = staging.give()
        sent.append((writer.submit(events), came))
        sizes.append(events.nbytes)
        acknowledge()
    writer.wait(sent[-1][0])
    acknowledge()
    seconds = time.perf_counter() - began
    assert acknowledged == len(sent), "an acknowledgement is missing"
    written = sum(path.stat().st_size for path in folder.iterdir())
    writer.close()
    return {
        "seconds": seconds,
        "waits": np.array(waits),
        "sizes": sizes,
        "state": engine.state_hash(),
        "file_bytes": written,
    }


def bare(sizes: list[int], path: Path, *, zeroed: bool) -> float:
    """The same bytes in the same groups: one write and one fdatasync each, into a file that grows or (`zeroed`) into one
    that was filled with zeros beforehand, outside the time, as the journal's own segments are."""
    noise = memoryview(os.urandom(max(sizes)))
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    try:
        if zeroed:
            left = sum(sizes)
            while left:
                left -= os.write(file, bytes(min(left, 1 << 22)))
            os.fsync(file)
            os.lseek(file, 0, os.SEEK_SET)
        began = time.perf_counter()
        for size in sizes:
            if os.write(file, noise[:size]) != size:
                raise SystemExit("VOID: a bare write was cut short")
            os.fdatasync(file)
        return time.perf_counter() - began
    finally:
        os.close(file)
        path.unlink()


def main() -> None:
    options = common.arguments(__doc__, rounds=4).parse_args()
    work = common.load()
    total = len(work.commands)
    rounds: list[dict[str, Any]] = []
    bares: dict[bool, list[float]] = {False: [], True: []}
    with tempfile.TemporaryDirectory(dir=common.CACHE) as folder:
        for _ in range(options.rounds):
            rounds.append(durable(work, Path(folder) / "journal"))
            for zeroed, times in bares.items():
                times.append(bare(rounds[-1]["sizes"], Path(folder) / "bare.bin", zeroed=zeroed))
    best = min(rounds, key=lambda one: float(one["seconds"]))
    waits = best["waits"] * 1e3
    common.report(
        "durable",
        {
            "commands": total,
            "group": GROUP,
            "bytes": sum(best["sizes"]),
            "durable_commands_per_s": total / best["seconds"],
            "bare_write_and_sync_commands_per_s": total / min(bares[False]),
            "durable_over_bare": min(bares[False]) / best["seconds"],
            "bare_into_zeroed_file_commands_per_s": total / min(bares[True]),
            "durable_over_bare_into_zeroed_file": min(bares[True]) / best["seconds"],
            "group_acknowledged_p50_ms": float(np.percentile(waits, 50)),
            "group_acknowledged_p99_ms": float(np.percentile(waits, 99)),
            "state_hash": best["state"].hex(),
        },
        options,
    )


if __name__ == "__main__":
    main()
