"""Proving a journal 驗證: every checksum, every hash, every join, and every checkpoint given.

What it finds it names: segment file, sequence and byte offset. A reader that started at the beginning proves
everything but the end; only checkpoints kept elsewhere show that the end is missing.

A closed journal has one more rule: after its closing mark stands nothing. The one exception is what a writer leaves
that opened it again and died while writing its first group: such a piece holds that group's header or a whole record.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from yunhai.journal.checkpoints import Checkpoint, Position, position_of
from yunhai.journal.errors import (
    AFTER_CLOSING,
    CHECKPOINT_DIFFERS,
    SEGMENT_LONG,
    SEGMENT_SHORT,
    TAIL_CUT,
    refusal,
)
from yunhai.journal.folder import begun_again, foreign_files, segment_lengths
from yunhai.journal.reader import Reader
from yunhai.kernel.errors import YunhaiError
from yunhai.native import _journal

Outcome = Literal["right", "end-not-proved", "wrong"]
EndProof = Literal["checkpoint", "closing-mark"]

LIVING: Final = "living"
BEHIND_THE_MARK: Final = "after-closing"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found. `problems` empty: the journal is right as far as it can be known.

    `groups` hold records, `closing_marks` do not; `chain` is the hash after the last of either, `records_chain` after
    the last group, which is what a checkpoint signs. `ending` is what stands after the last good group: clean (nothing),
    torn (a group that a crash cut off), garbage (bytes that no crash explains), after-closing (bytes behind the mark),
    living (a writer is at work), unread.
    `sealed`: the last thing is a closing mark. `proven_to`: the highest sequence that a checkpoint vouches for, 0 for
    none. `foreign`: files in the folder that are not the journal's.
    """

    journal: str
    sequence: int
    groups: int
    closing_marks: int
    segments: int
    chain: str
    records_chain: str
    ending: str
    sealed: bool
    checkpoints: int
    proven_to: int
    foreign: tuple[str, ...] = ()
    problems: tuple[YunhaiError, ...] = field(default=())

    @property
    def right(self) -> bool:
        """No damage was found. That nothing is missing at the end is another matter: `end_proof`."""
        return not self.problems

    @property
    def end_proof(self) -> EndProof | None:
        """What shows that the records read are all there were."""
        if 0 < self.sequence == self.proven_to:
            return "checkpoint"
        return "closing-mark" if self.sealed else None

    @property
    def outcome(self) -> Outcome:
        if self.problems:
            return "wrong"
        return "end-not-proved" if self.end_proof is None else "right"


class _Watch:
    """Holds checkpoints against the journal as groups go by."""

    def __init__(self, journal: bytes, checkpoints: Iterable[Checkpoint]) -> None:
        self.by_group: dict[int, list[Checkpoint]] = {}
        self.problems: list[YunhaiError] = []
        self.proven_to = 0
        self.count = 0
        for checkpoint in checkpoints:
            self.count += 1
            if checkpoint.journal != journal.hex():
                self.problems.append(refusal(CHECKPOINT_DIFFERS, "of another journal", journal=checkpoint.journal))
            else:
                self.by_group.setdefault(checkpoint.group, []).append(checkpoint)

    def look(self, position: Position) -> None:
        for checkpoint in self.by_group.pop(position.group, ()):
            heads = {str(tenant): head.hex() for tenant, head in position.tenants.items()}
            if (checkpoint.sequence, checkpoint.chain) != (position.sequence, position.chain.hex()):
                reason = "the journal was written anew up to here"
            elif checkpoint.tenants != heads:
                reason = "a tenant's chain differs"
            else:
                self.proven_to = max(self.proven_to, checkpoint.sequence)
                continue
            self.problems.append(
                refusal(CHECKPOINT_DIFFERS, reason, sequence=checkpoint.sequence, group=checkpoint.group)
            )

    def leftover(self, sequence: int) -> None:
        for group, checkpoints in sorted(self.by_group.items()):
            for checkpoint in checkpoints:
                self.problems.append(
                    refusal(
                        TAIL_CUT,
                        f"a checkpoint vouches for sequence {checkpoint.sequence}",
                        sequence=sequence + 1,
                        group=group,
                    )
                )


def verify(
    place: str | Path | _journal.SimDisk,
    *,
    checkpoints: Iterable[Checkpoint] = (),
    progress: Callable[[int], None] | None = None,
) -> Verdict:
    """Read everything, hold it against the checkpoints. `progress` is called with the last sequence read.

    3002 if there is no journal; everything else that is wrong is in the verdict.
    """
    checkpoints = tuple(checkpoints)
    foreign = foreign_files(place)
    try:
        reader = Reader(place)
    except YunhaiError as error:
        if error.code in (3002, 3011):
            raise
        return Verdict("", 0, 0, 0, 0, "", "", "unread", False, len(checkpoints), 0, foreign, (error,))
    watch = _Watch(reader.journal_id(), checkpoints)
    groups, problems = _read_all(reader, watch, progress)
    ending, after = (reader.tail()["ending"], []) if problems else _end_of(reader, place)
    if not problems:
        watch.leftover(reader.last_sequence())
    tail = reader.tail()
    return Verdict(
        journal=reader.journal_id().hex(),
        sequence=reader.last_sequence(),
        groups=groups,
        closing_marks=reader.last_group() - groups,
        segments=reader.segments(),
        chain=reader.chain().hex(),
        records_chain=position_of(reader).chain.hex(),
        ending=ending,
        sealed=tail["sealed"] and ending == "clean" and not problems,
        checkpoints=watch.count,
        proven_to=watch.proven_to,
        foreign=foreign,
        problems=(*problems, *watch.problems, *after, *_lengths(reader, place)),
    )


def _read_all(reader: Reader, watch: _Watch, progress: Callable[[int], None] | None) -> tuple[int, list[YunhaiError]]:
    """Number of groups with records, and the damage that ended the reading, if any."""
    groups = 0
    try:
        watch.look(position_of(reader))
        for group in reader:
            groups += 1
            reader.absorb_tenants()
            if group.number in watch.by_group:
                watch.look(position_of(reader))
            if progress is not None:
                progress(group.last_sequence)
    except YunhaiError as error:
        return groups, [error]
    return groups, []


def _end_of(reader: Reader, place: str | Path | _journal.SimDisk) -> tuple[str, list[YunhaiError]]:
    """What stands at the end, and 3013 if that is more than may follow a closing mark."""
    tail = reader.tail()
    ending = tail["ending"]
    if not tail["sealed"] or ending in ("clean", LIVING) or begun_again(place, tail, reader.last_sequence() + 1):
        return ending, []
    return BEHIND_THE_MARK, [
        YunhaiError(AFTER_CLOSING, segment=tail["segment"], sequence=reader.last_sequence(), offset=tail["offset"])
    ]


def _lengths(reader: Reader, place: str | Path | _journal.SimDisk) -> list[YunhaiError]:
    """Segment files that are not as long as they were made: a file that was cut, or that something was appended to."""
    problems: list[YunhaiError] = []
    short = reader.tail()["short_segment"]
    if short:
        problems.append(
            refusal(
                SEGMENT_SHORT,
                "the file is shorter than it was made; no crash does that",
                segment=short,
                sequence=reader.last_sequence() + 1,
                offset={name: size for name, _, size in segment_lengths(place)}.get(short, 0),
            )
        )
    problems += (
        YunhaiError(SEGMENT_LONG, segment=name, length=length, size=size)
        for name, length, size in segment_lengths(place)
        if size > length
    )
    return problems
