"""What an altered journal must be read as, said by the independent auditor's map of the unaltered one."""

from dataclasses import dataclass

from tests.crash.auditor import Audit, AuditedGroup, audit
from tests.journal.makers import files_of
from yunhai.native import _journal
from yunhai.native._journal import SimDisk


@dataclass(frozen=True)
class Reading:
    """`sequence`: the last one given out. `fault`: (code, segment, sequence, offset) or None."""

    sequence: int
    fault: tuple[int, str, int, int] | None
    ending: str
    short: str


def read_through(disk: SimDisk) -> Reading:
    """The native reader's answer, and that it gave out nothing that is not in the journal is checked by the caller."""
    try:
        reader = _journal.Reader(disk)
    except _journal.Fault as fault:
        code, _, segment, sequence, offset, _ = fault.args
        return Reading(0, (code, segment, sequence, offset), "", "")
    found = None
    try:
        reader.run()
    except _journal.Fault as fault:
        code, _, segment, sequence, offset, _ = fault.args
        found = (code, segment, sequence, offset)
    tail = reader.tail()
    return Reading(reader.next_sequence() - 1, found, tail["ending"], tail["short_segment"])


class Map:
    """Where everything stands in an unaltered journal."""

    def __init__(self, disk: SimDisk) -> None:
        self.files = files_of(disk)
        self.audit: Audit = audit(self.files)
        self.segments = sorted(name for name in self.files if name.endswith(".yj"))
        self.last_segment = self.segments[-1]
        self.last_sequence = len(self.audit.records)
        self.last_data_group = [group for group in self.audit.groups if group.records][-1]

    def groups_of(self, segment: str) -> list[AuditedGroup]:
        return [group for group in self.audit.groups if group.segment == segment]

    def end_of(self, segment: str) -> int:
        groups = self.groups_of(segment)
        return groups[-1].extent_end if groups else 512

    def bytes_end(self, group: AuditedGroup) -> int:
        """Past the group's last byte that is not zero: what is cut beyond it reads the same."""
        return group.offset + len(self.files[group.segment][group.offset : group.end].rstrip(b"\0"))

    def at(self, segment: str, offset: int) -> AuditedGroup | None:
        """The group whose bytes, padding included, hold this offset."""
        for group in self.groups_of(segment):
            if group.offset <= offset < group.extent_end:
                return group
        return None

    def record_at(self, group: AuditedGroup, offset: int) -> tuple[int, int] | None:
        """(sequence, offset) of the record that holds this byte."""
        for number, (place, record) in enumerate(zip(group.places, group.records, strict=True)):
            if place <= offset < place + len(record):
                return group.first_sequence + number, place
        return None


def expect_flip(layout: Map, segment: str, offset: int, reading: Reading) -> str | None:
    """Why the reading of a journal with this one byte changed is wrong; None if it is right."""
    last = layout.last_sequence
    if offset < 512:
        if reading.fault is None or reading.fault[0] not in (3003, 3006, 3007) or reading.fault[1] != segment:
            return "a damaged segment header was not named"
        return None
    group = layout.at(segment, offset)
    if group is None:
        if segment == layout.last_segment:
            right = reading == Reading(last, None, "garbage", "") or (reading.sequence, reading.fault) == (last, None)
            return None if right else "a stray byte in unused space must not matter"
        return (
            None if reading.fault and reading.fault[1] == segment else "a stray byte before a later segment was missed"
        )
    if not group.records:
        if group is layout.audit.groups[-1]:
            if reading.fault is not None and reading.fault[1:3] != (segment, last):
                return "a damaged closing mark was misnamed"
            return None if reading.sequence == last else "a damaged closing mark costs no record"
        return None if reading.fault else "damage before later records was not refused"
    if reading.fault is None:
        return "damage was not refused"
    code, named_segment, sequence, place = reading.fault
    if reading.sequence != group.first_sequence - 1 or named_segment != segment:
        return "not read to the exact last good record before the damage"
    record = layout.record_at(group, offset)
    if record is None:
        in_header = offset < group.offset + 128
        return (
            None if not in_header or (sequence, place) == (group.first_sequence, group.offset) else "wrong group named"
        )
    if code == 3004 and (sequence, place) == record:
        return None
    return f"named {reading.fault}, damaged was {record}"


def expect_cut(layout: Map, segment: str, size: int, reading: Reading) -> str | None:
    """Why the reading of a journal whose segment file was cut to `size` bytes is wrong."""
    if size < 128:
        return None if reading.fault and reading.fault[0] == 3003 else "a cut segment header was not named"
    kept = [group for group in layout.groups_of(segment) if layout.bytes_end(group) <= size]
    whole = len(kept) == len(layout.groups_of(segment))
    before = [group for group in layout.audit.groups if group.segment < segment and group.records]
    with_records = [group for group in [*before, *kept] if group.records]
    last = with_records[-1].first_sequence + len(with_records[-1].records) - 1 if with_records else 0
    if segment == layout.last_segment:
        if reading.fault is not None:
            return "a cut end was refused by the reader"
        if reading.sequence != last:
            return f"read to {reading.sequence}, the last whole group ends at {last}"
        return None if reading.short == segment else "the short file was not named"
    if whole:
        return None if reading.fault is None and reading.short == segment else "unused space cut: say so, lose nothing"
    if reading.fault is None or reading.fault[1] not in layout.segments:
        return "a segment cut before a later one was not refused"
    return None if reading.sequence == last else f"read to {reading.sequence} instead of {last}"


def expect_blank(layout: Map, offset: int, reading: Reading) -> str | None:
    """Why the reading is wrong when the last segment holds zeros from a sector boundary on, as a crash leaves it."""
    kept = [group for group in layout.groups_of(layout.last_segment) if layout.bytes_end(group) <= offset]
    before = [group for group in layout.audit.groups if group.segment < layout.last_segment and group.records]
    with_records = [group for group in [*before, *kept] if group.records]
    last = with_records[-1].first_sequence + len(with_records[-1].records) - 1 if with_records else 0
    if reading.fault is not None:
        return f"a crash's end was refused: {reading.fault}"
    return None if reading.sequence == last else f"read to {reading.sequence} instead of {last}"
