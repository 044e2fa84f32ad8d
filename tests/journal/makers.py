"""Small journals for tests: records from a seed, facts in between, on a simulated disk."""

import random
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yunhai.journal import Writer, fact_of
from yunhai.journal.facts import encode
from yunhai.kernel.records import RECORD
from yunhai.native._journal import SimDisk

JOURNAL_ID = bytes(range(16))
SECRET = bytes(range(16, 32))


@lru_cache(maxsize=4096)
def records(count: int, seed: int, *, tenants: int = 3) -> NDArray[Any]:
    """`count` records: a command first, then commands and events in any order."""
    rng = np.random.default_rng(seed)
    array = np.zeros(count, RECORD)
    array.view(np.uint8)[:] = rng.integers(0, 256, count * 64, dtype=np.uint8)
    array["kind"] = rng.choice([1, 2, 16, 32, 33], count)
    array["kind"][0] = 1
    array["version"] = 1
    array["tenant"] = rng.integers(0, tenants, count)
    array["crc"] = 0
    array.flags.writeable = False
    return array


def fact_slots(seed: int, size: int) -> NDArray[Any]:
    return encode(fact_of({"n": seed, "text": "雲" * size}, number=7, tenant=seed % 3, time=seed))


def files_of(disk: SimDisk) -> dict[str, bytes]:
    return {name: disk.contents(name) for name in disk.names()}


def base_journal(
    seed: int, *, groups: int = 12, sealed: bool = True, segment_bytes: int = 8192, most_records: int = 20
) -> SimDisk:
    """A journal of several segments whose groups hold records and facts."""
    disk = SimDisk()
    rng = random.Random(seed)
    writer = Writer(
        disk, segment_bytes=segment_bytes, threads=False, journal_id=JOURNAL_ID, secret=SECRET,
        clock=lambda: 1_700_000_000_000_000_000,
    )  # fmt: skip
    for number in range(groups):
        writer.submit(records(rng.randint(1, most_records), seed * 1000 + number), 1_700_000_000_000_000_000 + number)
        if number % 3 == 1:
            writer.submit(fact_slots(number, rng.randint(0, 60)), 1_700_000_000_000_000_000 + number)
        writer.commit()
    if sealed:
        writer.close()
        return disk
    return disk.copy()  # as the disk stands, with the writer still alive
