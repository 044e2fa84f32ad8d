"""Proving a journal 驗證: every checksum, every hash, every join, and every checkpoint given.

What it finds it names: segment file, sequence and byte offset. A reader that started at the beginning proves
everything but the end; only checkpoints kept elsewhere show that the end is missing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from yunhai.journal.checkpoints import Checkpoint, Position, position_of
from yunhai.journal.errors import CHECKPOINT_DIFFERS, SEGMENT_SHORT, TAIL_CUT
from yunhai.journal.reader import Reader
from yunhai.kernel.errors import YunhaiError
from yunhai.native import _journal


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found. `problems` empty: the journal is right as far as it can be known.

    `ending`: clean, torn or garbage (what stands after the last good group); `sealed`: the writer closed it;
    `proven_to`: the highest sequence that a checkpoint vouches for, 0 for none.
    """

    journal: str
    sequence: int
    groups: int
    segments: int
    chain: str
    ending: str
    sealed: bool
    checkpoints: int
    proven_to: int
    problems: tuple[YunhaiError, ...] = field(default=())

    @property
    def right(self) -> bool:
        return not self.problems


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
                self.problems.append(
                    YunhaiError(CHECKPOINT_DIFFERS, reason="of another journal", journal=checkpoint.journal)
                )
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
                YunhaiError(CHECKPOINT_DIFFERS, reason=reason, sequence=checkpoint.sequence, group=checkpoint.group)
            )

    def leftover(self, sequence: int) -> None:
        for group, checkpoints in sorted(self.by_group.items()):
            for checkpoint in checkpoints:
                self.problems.append(
                    YunhaiError(
                        TAIL_CUT,
                        reason=f"a checkpoint vouches for sequence {checkpoint.sequence}",
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
    try:
        reader = Reader(place)
    except YunhaiError as error:
        if error.code in (3002, 3011):
            raise
        return Verdict("", 0, 0, 0, "", "unread", False, len(checkpoints), 0, (error,))
    watch = _Watch(reader.journal_id(), checkpoints)
    problems: list[YunhaiError] = []
    try:
        watch.look(position_of(reader))
        for group in reader:
            reader.absorb_tenants()
            if group.number in watch.by_group:
                watch.look(position_of(reader))
            if progress is not None:
                progress(group.last_sequence)
    except YunhaiError as error:
        problems.append(error)
    tail = reader.tail()
    if not problems:
        watch.leftover(reader.last_sequence())
    problems += watch.problems
    if tail["short_segment"]:
        problems.append(YunhaiError(SEGMENT_SHORT, segment=tail["short_segment"], sequence=reader.last_sequence() + 1))
    return Verdict(
        journal=reader.journal_id().hex(),
        sequence=reader.last_sequence(),
        groups=reader.last_group(),
        segments=reader.segments(),
        chain=reader.chain().hex(),
        ending=tail["ending"],
        sealed=tail["sealed"],
        checkpoints=watch.count,
        proven_to=watch.proven_to,
        problems=tuple(problems),
    )
