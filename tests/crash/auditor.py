"""An independent reading of the journal's format, in plain Python: no line of it is shared with the product.

Written from docs/reference/journal-format.md. It is the judge of the crash tests, and the second implementation that
the native reader must agree with.
"""

import hashlib
import struct
from dataclasses import dataclass

_POLYNOMIAL = 0x82F63B78


def _table() -> list[int]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
        table.append(value)
    return table


_TABLE = _table()


def crc32c(data: bytes) -> int:
    state = 0xFFFFFFFF
    for byte in data:
        state = _TABLE[(state ^ byte) & 0xFF] ^ (state >> 8)
    return state ^ 0xFFFFFFFF


@dataclass(frozen=True)
class AuditedGroup:
    segment: str
    offset: int
    end: int  # of the records; padding to 512 follows
    extent_end: int
    first_sequence: int
    number: int
    wall_ns: int
    chain: bytes
    records: tuple[bytes, ...]  # each 64 bytes, or a fact's 64 × n
    places: tuple[int, ...]  # byte offset of each record in the segment


@dataclass(frozen=True)
class Audit:
    journal: bytes
    groups: tuple[AuditedGroup, ...]

    @property
    def records(self) -> list[bytes]:
        return [record for group in self.groups for record in group.records]


def record_length(data: bytes, at: int) -> int:
    if data[at] != 64:
        return 64
    (length,) = struct.unpack_from("<I", data, at + 16)
    return int(64 * (1 + -(-length // 64)))


def record_crc(record: bytes, sequence: int) -> int:
    value = crc32c(record[:60])
    if len(record) > 64:
        value = ((value << 1 | value >> 31) & 0xFFFFFFFF) ^ crc32c(record[64:])
    return value ^ (sequence & 0xFFFFFFFF)


def _chain(header: bytes, records: list[bytes]) -> bytes:
    parts: dict[int, bytes] = {}
    for record in records:
        (tenant,) = struct.unpack_from("<I", record, 4)
        parts[tenant] = parts.get(tenant, b"") + record
    whole = hashlib.sha256(header[:88])
    for tenant, data in sorted(parts.items()):
        whole.update(struct.pack("<II", tenant, len(data) // 64) + hashlib.sha256(data).digest())
    return whole.digest()


def audit(files: dict[str, bytes], *, check_crc: bool = True) -> Audit:
    """Every group from the front up to the first that is not right."""
    groups: list[AuditedGroup] = []
    sequence, number, journal, chain = 1, 1, b"", b""
    names = sorted(name for name in files if name.endswith(".yj"))
    for index, name in enumerate(names):
        data = files[name]
        head = data[:512]
        if len(head) < 512 or head[:8] != b"YHJSEG01" or struct.unpack_from("<I", head, 124)[0] != crc32c(head[:124]):
            break
        if index == 0:
            journal = head[16:32]
            chain = hashlib.sha256(b"yunhai journal 1" + journal).digest()
        first, _, length, _, next_group = struct.unpack_from("<QQQqQ", head, 32)
        if (first, next_group, head[72:104], head[16:32]) != (sequence, number, chain, journal):
            break
        at = 512
        while at + 128 <= length:
            group = _group(name, data, at, (sequence, number, journal, chain), check_crc=check_crc)
            if group is None:
                break
            groups.append(group)
            sequence += len(group.records)
            number += 1
            chain = group.chain
            at = group.extent_end
    return Audit(journal, tuple(groups))


def _group(
    name: str, data: bytes, at: int, expected: tuple[int, int, bytes, bytes], *, check_crc: bool
) -> AuditedGroup | None:
    sequence, number, journal, previous = expected
    header = data[at : at + 128]
    if (
        len(header) < 128
        or header[:8] != b"YHJGRP01"
        or struct.unpack_from("<I", header, 124)[0] != crc32c(header[:124])
    ):
        return None
    first, count, slots, wall_ns, group_number, offset = struct.unpack_from("<QIIqQQ", header, 8)
    if (first, group_number, offset) != (sequence, number, at):
        return None
    if header[48:56] != journal[:8] or header[56:88] != previous:
        return None
    end = at + 128 + slots * 64
    if end > len(data):
        return None
    records: list[bytes] = []
    places: list[int] = []
    place = at + 128
    while place < end:
        length = record_length(data, place)
        record = data[place : place + length]
        if place + length > end or record[0] == 0:
            return None
        if check_crc and struct.unpack_from("<I", record, 60)[0] != record_crc(record, first + len(records)):
            return None
        records.append(record)
        places.append(place)
        place += length
    if len(records) != count or _chain(header, records) != header[88:120]:
        return None
    extent_end = at + -(-(128 + slots * 64) // 512) * 512
    return AuditedGroup(
        name, at, end, extent_end, first, number, wall_ns, header[88:120], tuple(records), tuple(places)
    )
