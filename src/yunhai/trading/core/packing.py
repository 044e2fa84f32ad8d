"""From decisions to journal slots, and from journal slots to what is to be applied.

Whatever one turn of the loop accepted and refused becomes one contiguous array: of each instruction a fact's head (fact
256 or 257) and its 256 bytes, five slots in all. `struct` and one join are several times faster here than NumPy's fields.
Reading goes the other way for a whole commit group at once.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from yunhai.journal.facts import FACT_KIND, Fact
from yunhai.journal.reader import Group
from yunhai.kernel.records import RECORD, SIZE, VERSION
from yunhai.trading.instructions import ACCEPTED_FACT, INSTRUCTION_BYTES, REFUSED_FACT

_HEAD: Final = struct.Struct("<BBHIqQ40x")
_ORDER: Final = struct.Struct("<BBHIqQIiIIBBBB20x")
_INSTRUCTION_FACTS: Final = (ACCEPTED_FACT, REFUSED_FACT)
_SLOT: Final = np.dtype((np.void, SIZE))
INSTRUCTION_SLOTS: Final = 1 + INSTRUCTION_BYTES // SIZE


def instruction_head(number: int, tenant: int, time: int) -> bytes:
    """The 64 bytes before an INSTRUCTION record. `number` 256 or 257, `time` market time."""
    return _HEAD.pack(FACT_KIND, VERSION, number, tenant, time, INSTRUCTION_BYTES)


def slots(parts: Iterable[bytes]) -> NDArray[np.void]:
    """Whole slots as the writer takes them."""
    return np.frombuffer(b"".join(parts), RECORD)


def order_command(  # each is a field of the record
    kind: int,
    *,
    tenant: int,
    time: int,
    order_id: int,
    book: int,
    price: int,
    quantity: int,
    account: int,
    side: int,
    order_type: int,
    time_in_force: int,
    source: int,
) -> bytes:
    """A venue command, 64 bytes (records.md §1)."""
    return _ORDER.pack(
        kind,
        VERSION,
        0,
        tenant,
        time,
        order_id,
        book,
        price,
        quantity,
        account,
        side,
        order_type,
        time_in_force,
        source,
    )


@dataclass(frozen=True, slots=True)
class Accepted:
    """An INSTRUCTION record in the journal, accepted or refused."""

    sequence: int
    time: int
    record: bytes


@dataclass(frozen=True, slots=True)
class Told:
    """Any other fact."""

    sequence: int
    fact: Fact


@dataclass(frozen=True, slots=True)
class Events:
    """A run of trading records."""

    first_sequence: int
    records: NDArray[np.void]


Piece = Accepted | Told | Events


def starts_of(group: Group) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(slot of each record, slots of the facts' heads) of a group."""
    kinds = group.slots["kind"]
    marked = np.flatnonzero(kinds == FACT_KIND)
    if not len(marked):
        return np.arange(len(group.slots), dtype=np.int64), marked
    is_start = np.ones(len(group.slots), np.bool_)
    lengths = (group.slots["order_id"][marked] & 0xFFFFFFFF).tolist()
    heads: list[int] = []
    free = 0
    for place, length in zip(marked.tolist(), lengths, strict=True):
        if place < free:  # content that looks like a head
            continue
        free = place + 1 - (-length // SIZE)
        is_start[place + 1 : free] = False
        heads.append(place)
    return np.flatnonzero(is_start), np.array(heads, np.int64)


def pieces(group: Group, from_sequence: int = 0) -> Iterator[Piece]:
    """The group cut at its facts, in order; nothing before `from_sequence`."""
    starts, heads = starts_of(group)
    raw = group.slots.tobytes()
    plain = group.slots.view(_SLOT)
    positions = np.searchsorted(starts, heads).tolist()
    skip = max(0, from_sequence - group.first_sequence)
    begin = skip
    codes = group.slots["code"][heads].tolist()
    times = group.slots["time"][heads].tolist()
    for position, slot, code, time in zip(positions, heads.tolist(), codes, times, strict=True):
        if position < skip:
            continue
        if position > begin:
            yield _events(group, starts, plain, begin, position)
        begin = position + 1
        sequence = group.first_sequence + position
        at = (slot + 1) * SIZE
        if code in _INSTRUCTION_FACTS:
            yield Accepted(sequence, time, raw[at : at + INSTRUCTION_BYTES])
        else:
            head = group.slots[slot]
            length = int(head["order_id"]) & 0xFFFFFFFF
            fact = Fact(number=code, tenant=int(head["tenant"]), time=time, content=raw[at : at + length])
            yield Told(sequence, fact)
    if begin < group.count:
        yield _events(group, starts, plain, begin, group.count)


def trading_records(group: Group) -> tuple[NDArray[np.int64], NDArray[np.void]]:
    """(sequences, records) of what is no fact in a group, all at once."""
    starts, heads = starts_of(group)
    if not len(heads):
        return group.first_sequence + np.arange(len(starts), dtype=np.int64), group.slots
    kept = np.ones(len(starts), np.bool_)
    kept[np.searchsorted(starts, heads)] = False
    places = np.flatnonzero(kept)
    return group.first_sequence + places, group.slots.view(_SLOT)[starts[places]].view(RECORD)


def _events(group: Group, starts: NDArray[np.int64], plain: NDArray[Any], begin: int, end: int) -> Events:
    """Records `begin` to `end` of the group; no fact is among them, so their slots lie side by side."""
    first = int(starts[begin])
    return Events(group.first_sequence + begin, plain[first : first + end - begin].view(RECORD))
