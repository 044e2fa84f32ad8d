"""What a journal holds, counted: kinds, groups, bytes, trades, tenants."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from yunhai.journal.checkpoints import position_of
from yunhai.journal.facts import FACT_KIND
from yunhai.journal.reader import Reader
from yunhai.kernel.records import RECORD, TRADE, Kind
from yunhai.native import _journal

KIND_NAMES: Final = {int(kind): kind.name for kind in Kind} | {FACT_KIND: "FACT"}


@dataclass(frozen=True, slots=True)
class Stats:
    """`bytes` is what records and group headers take; `traded_value` in 1/10,000 NT$, `traded_shares` in shares.

    `groups` hold records, `closing_marks` do not; `chain` is the hash after the last of either, `records_chain` after
    the last group, which is what a checkpoint signs.
    """

    records: int
    groups: int
    closing_marks: int
    segments: int
    bytes: int
    kinds: dict[str, int]
    tenants: dict[int, int]
    trades: int
    traded_shares: int
    traded_value: int
    first_wall_ns: int
    last_wall_ns: int
    chain: str
    records_chain: str


def count(place: str | Path | _journal.SimDisk) -> Stats:
    """Read all of it (and so prove all of it) and count."""
    reader = Reader(place)
    kinds = np.zeros(256, np.int64)
    tenants: dict[int, int] = {}
    groups = size = trades = shares = value = first_wall = last_wall = 0
    for group in reader:
        records = group.records()
        kinds += np.bincount(records["kind"], minlength=256)
        numbers, counts = np.unique(records["tenant"], return_counts=True)
        for tenant, number in zip(numbers.tolist(), counts.tolist(), strict=True):
            tenants[tenant] = tenants.get(tenant, 0) + number
        traded = np.ascontiguousarray(records[records["kind"] == Kind.TRADE]).view(TRADE)
        trades += len(traded)
        shares += int(traded["quantity"].sum(dtype=np.uint64))
        # Price × quantity of one trade fits 63 bits, the sum of many need not: halves are summed apart.
        worth = traded["price"].astype(np.int64) * traded["quantity"].astype(np.int64)
        value += (int((worth >> 32).sum()) << 32) + int((worth & 0xFFFFFFFF).sum())
        groups += 1
        size += _journal.GROUP_HEADER + len(group.slots) * RECORD.itemsize
        first_wall = first_wall or group.wall_ns
        last_wall = group.wall_ns
    named = {KIND_NAMES.get(int(kind), f"kind {kind}"): int(kinds[kind]) for kind in np.flatnonzero(kinds)}
    return Stats(
        records=reader.last_sequence(),
        groups=groups,
        closing_marks=reader.last_group() - groups,
        segments=reader.segments(),
        bytes=size,
        kinds=named,
        tenants=dict(sorted(tenants.items())),
        trades=trades,
        traded_shares=shares,
        traded_value=value,
        first_wall_ns=first_wall,
        last_wall_ns=last_wall,
        chain=reader.chain().hex(),
        records_chain=position_of(reader).chain.hex(),
    )
