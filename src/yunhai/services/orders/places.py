"""Where records lie in the journal, and their proof: content, hash, commit group and chain.

The reader of the journal proves every group before it gives it out; here the group's own hash and the record's SHA-256
go with the answer, so that whoever holds a signed checkpoint can follow it down to one record.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from yunhai.journal.reader import Group, Reader
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.records import SIZE
from yunhai.trading.core.packing import starts_of

_FAR: Final = 500_000
"""Sequences apart from which a new look into the folder is cheaper than reading on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One record. `content` head and content whole; `record_hash` its SHA-256; `chain` the journal's hash after the
    group; `segment` and `offset` where the group's file holds it; `wall_ns` when its group was written."""

    sequence: int
    content: bytes
    record_hash: str
    group: int
    chain: str
    segment: str
    offset: int
    wall_ns: int


def places(journal: Path, sequences: Iterable[int]) -> dict[int, Place]:
    """The places of some records; fewer if the journal ends before, none where there is no journal to read.

    3003-3007 for a damaged journal.
    """
    wanted = sorted(set(sequences))
    found: dict[int, Place] = {}
    reader: Reader | None = None
    at = 0
    while at < len(wanted):
        if reader is None:
            try:
                reader = Reader(journal, wanted[at], follow=True)
            except YunhaiError as error:
                if error.code == 3002:
                    return found
                raise
        group = reader.next()
        if group is None:
            return found
        if group.last_sequence < wanted[at]:
            if wanted[at] - group.last_sequence > _FAR:
                reader = None
            continue
        here = [sequence for sequence in wanted[at:] if sequence <= group.last_sequence]
        for sequence in here:
            if sequence >= group.first_sequence:
                found[sequence] = _place(group, sequence)
        at += len(here)
        if at < len(wanted) and wanted[at] - group.last_sequence > _FAR:
            reader = None
    return found


def _place(group: Group, sequence: int) -> Place:
    starts, _ = starts_of(group)
    number = sequence - group.first_sequence
    begin = int(starts[number])
    end = int(starts[number + 1]) if number + 1 < len(starts) else len(group.slots)
    content = group.slots[begin:end].tobytes()
    segment, offset = group.place_of(sequence)
    return Place(
        sequence=sequence,
        content=content,
        record_hash=hashlib.sha256(content).hexdigest(),
        group=group.number,
        chain=group.chain.hex(),
        segment=segment,
        offset=offset,
        wall_ns=group.wall_ns,
    )


assert SIZE == 64
