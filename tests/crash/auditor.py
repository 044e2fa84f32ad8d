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
    secret: bytes
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


def _sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def _tree(leaves: list[bytes]) -> bytes:
    """RFC 6962, §2.1: parted at the largest power of two below their number."""
    if len(leaves) == 1:
        return leaves[0]
    part = 1
    while part * 2 < len(leaves):
        part *= 2
    return _sha256(b"\x01", _tree(leaves[:part]), _tree(leaves[part:]))


def tenant_digest(secret: bytes, first: int, tenant: int, records: list[bytes]) -> bytes:
    """One tenant's digest of the group that begins at sequence `first`."""
    plain = b"".join(record for record in records if record[0] != 64)
    leaves = ([plain] if plain else []) + [record for record in records if record[0] == 64]
    seed = _sha256(b"yunhai salts 1", secret, struct.pack("<QI", first, tenant))
    hashes = [_sha256(b"\x00", _sha256(seed, struct.pack("<I", number)), leaf) for number, leaf in enumerate(leaves)]
    return _sha256(b"\x02", struct.pack("<I", len(leaves)), _tree(hashes))


def group_chain(header: bytes, records: list[bytes], secret: bytes) -> bytes:
    """The chain hash after a group."""
    (first,) = struct.unpack_from("<Q", header, 8)
    parts: dict[int, list[bytes]] = {}
    for record in records:
        (tenant,) = struct.unpack_from("<I", record, 4)
        parts.setdefault(tenant, []).append(record)
    whole = hashlib.sha256(header[:88])
    for tenant, own in sorted(parts.items()):
        slots = sum(map(len, own)) // 64
        whole.update(struct.pack("<II", tenant, slots) + tenant_digest(secret, first, tenant, own))
    return whole.digest()


def audit(files: dict[str, bytes], *, check_crc: bool = True) -> Audit:
    """Every group from the front up to the first that is not right."""
    groups: list[AuditedGroup] = []
    sequence, number, journal, secret, chain = 1, 1, b"", b"", b""
    names = sorted(name for name in files if name.endswith(".yj"))
    for index, name in enumerate(names):
        data = files[name]
        head = data[:512]
        if len(head) < 512 or head[:8] != b"YHJSEG01" or struct.unpack_from("<I", head, 124)[0] != crc32c(head[:124]):
            break
        if index == 0:
            journal, secret = head[16:32], head[104:120]
            chain = hashlib.sha256(b"yunhai journal 1" + journal).digest()
        first, _, length, _, next_group = struct.unpack_from("<QQQqQ", head, 32)
        if (first, next_group, head[72:104], head[16:32]) != (sequence, number, chain, journal):
            break
        if head[8:12] != b"\x02\x00\x00\x00" or head[104:120] != secret:
            break
        at = 512
        while at + 128 <= length:
            group = _group(name, data, at, (sequence, number, journal, chain, secret), check_crc=check_crc)
            if group is None:
                break
            groups.append(group)
            sequence += len(group.records)
            number += 1
            chain = group.chain
            at = group.extent_end
    return Audit(journal, secret, tuple(groups))


def _group(
    name: str, data: bytes, at: int, expected: tuple[int, int, bytes, bytes, bytes], *, check_crc: bool
) -> AuditedGroup | None:
    sequence, number, journal, previous, secret = expected
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
    if len(records) != count or group_chain(header, records, secret) != header[88:120]:
        return None
    extent_end = at + -(-(128 + slots * 64) // 512) * 512
    return AuditedGroup(
        name, at, end, extent_end, first, number, wall_ns, header[88:120], tuple(records), tuple(places)
    )
