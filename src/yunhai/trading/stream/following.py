"""Following the journal: from the core's newest snapshot to its end, then on as it grows, group by group.

`Following` is made of the same records by the same code as the core: the books (`yunhai.trading.stream.watched`: without what only
a gate needs), and the day's market as a venue that runs the recorded commands again, so that depth, phases and tallies are the
exchange's own. It only reads. What it gives out is durable: the reader stops at what the writer has synced.

The day stays when its market closes, so that the last quotes can be seen until the next one opens.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import structlog
from numpy.typing import NDArray

from yunhai.journal.reader import Group, Reader
from yunhai.kernel.clock import SECOND
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import VENUE_IDS_MAX, VENUE_ORDERS_MAX
from yunhai.trading import facts
from yunhai.trading.books.steps import EXPIRED
from yunhai.trading.core import restore
from yunhai.trading.core.market_day import OpenDay
from yunhai.trading.core.packing import Accepted, Events, pieces
from yunhai.trading.facts import DayOpened, DayStep, Decided
from yunhai.trading.instructions import INSTRUCTION
from yunhai.trading.stream.watched import WatchedBooks

log: Final = structlog.get_logger("yunhai.stream")
CLOCK_WINDOW_NS: Final = 10 * SECOND
"""For how long the furthest record says what the market's clock is."""


def _passed_over(path: Path, error: YunhaiError) -> None:
    log.warning("snapshot", file=path.name, reason=str(error))


@dataclass(slots=True)
class Turn:
    """What one commit group brought: the trading records with their first sequence, accepted and refused instructions,
    facts; `opened`: a new market day begins before the events; `expired`: (order, account) of those that the day's end ended."""

    sequence: int
    events: list[tuple[int, NDArray[np.void]]] = field(default_factory=list)
    instructions: list[tuple[int, bytes]] = field(default_factory=list)
    told: list[tuple[int, int, Decided]] = field(default_factory=list)
    opened: bool = False
    expired: list[tuple[int, int]] = field(default_factory=list)

    def accepted(self) -> list[tuple[int, int]]:
        """(order, account) of each accepted instruction."""
        if not self.instructions:
            return []
        records = np.frombuffer(b"".join(record for _, record in self.instructions), INSTRUCTION)
        chosen = records[records["code"] == 0]
        return list(zip(chosen["order_id"].tolist(), chosen["account"].tolist(), strict=True))


class Following:
    """Books and market as of the last group read. `sequence`: the last record read; `caught_up`: the end was seen once.

    `wall`: wall time in ns, for the market's clock between two records; `scratch`: a folder for what need not be in memory, None:
    where the system keeps its temporary files.
    """

    def __init__(
        self,
        journal: Path,
        snapshots: Path,
        *,
        wall: Callable[[], int],
        scratch: Path | None = None,
        orders: int = VENUE_ORDERS_MAX,
        ids: int = VENUE_IDS_MAX,
    ) -> None:
        self._journal = journal
        self._snapshots = snapshots
        self._wall = wall
        self._scratch = scratch
        self._capacity = (orders, ids)
        self._reader: Reader | None = None
        self._known_to = 0
        self._first_number = 1
        self._offset: int | None = None
        self._offset_at = 0
        self._group_time = 0
        self._last_time = 0
        self.books = WatchedBooks(scratch)
        self.day: OpenDay | None = None
        self.sequence = 0
        self.caught_up = False

    def begin(self) -> bool:
        """Open the journal at the newest snapshot. False if there is none yet. YunhaiError 3003-3007 damage."""
        if not self._journal.is_dir() or not any(self._journal.iterdir()):
            return False
        snapshot = restore.newest(self._snapshots, self._journal, _passed_over)
        start = 1
        if snapshot is not None:
            state = msgspec.msgpack.decode(snapshot.state, type=restore.CoreState)
            self.books = WatchedBooks.of_snapshot(state.books, self._scratch)
            self._known_to, self._first_number, self._last_time = snapshot.sequence, state.first_number, state.time
            day = self.books.day
            start = min(day.sequence, snapshot.sequence + 1) if day is not None else snapshot.sequence + 1
        self.sequence = start - 1
        try:
            self._reader = Reader(self._journal, start, follow=True)
        except YunhaiError as error:
            if error.entry.http == 404:
                return False
            raise
        return True

    def reopen(self) -> None:
        """Begin again behind the last group given out: a writer that came back after a crash has cut its torn end."""
        self._reader = Reader(self._journal, self.sequence + 1, follow=True)

    def step(self) -> Turn | None:
        """The next group, applied; None at the end for now. YunhaiError 3003-3007 damage, 6440 a record cannot follow."""
        assert self._reader is not None
        group = self._reader.next()
        if group is None:
            self.caught_up = True
            return None
        turn = Turn(sequence=group.last_sequence)
        self._group_time = 0
        for piece in pieces(group, self.sequence + 1):
            if isinstance(piece, Events):
                self._events(piece, turn)
            elif isinstance(piece, Accepted):
                if piece.sequence > self._known_to:
                    self.books.apply_instruction(piece.sequence, piece.time, piece.record)
                turn.instructions.append((piece.sequence, piece.record))
                self._seen_at(piece.time)
            else:
                self._fact(
                    piece.sequence, piece.fact.number, piece.fact.time, piece.fact.tenant, piece.fact.content, turn
                )
        self.sequence = group.last_sequence
        self._set_clock(group)
        return turn

    def _events(self, piece: Events, turn: Turn) -> None:
        records = piece.records
        turn.events.append((piece.first_sequence, records))
        self._seen_at(int(records["time"][-1]))
        skip = max(0, self._known_to + 1 - piece.first_sequence)
        if skip < len(records):
            self.books.apply_events(piece.first_sequence + skip, records[skip:])
        if self.day is not None:
            self.day.venue.rebuild([records])
            self.day.taken()

    def _fact(self, sequence: int, number: int, time: int, tenant: int, content: bytes, turn: Turn) -> None:
        fact = facts.decode(number, content)
        known = sequence <= self._known_to
        if not known:
            if isinstance(fact, DayStep) and fact.step == EXPIRED:
                turn.expired += [(order.order_id, order.account) for order in self.books.orders.values()]
            self.books.apply_fact(sequence, time, tenant, fact)
        turn.told.append((sequence, tenant, fact))
        self._seen_at(time)
        if isinstance(fact, DayOpened):
            if not known:
                self._first_number = self.books.number + 1
            pack = self.books.rule_pack(fact.pack, fact.pack_sha256)
            orders, ids = self._capacity
            self.day = OpenDay(fact, pack, first_number=self._first_number, orders=orders, ids=ids)
            turn.opened = True

    # -- time --------------------------------------------------------------------------------------------------------

    def _seen_at(self, time: int) -> None:
        self._last_time = max(self._last_time, time)
        self._group_time = max(self._group_time, time)

    def _set_clock(self, group: Group) -> None:
        """How far market time is from wall time: the furthest that a record of the last seconds has been ahead. By the group's
        own records, since what a snapshot knows is later than groups read again; and by the last seconds only, since a
        market's clock stands while its core does."""
        if not self._group_time:
            return
        offset = self._group_time - group.wall_ns
        if self._offset is None or offset > self._offset or group.wall_ns - self._offset_at > CLOCK_WINDOW_NS:
            self._offset, self._offset_at = offset, group.wall_ns

    @property
    def clock(self) -> str:
        """live, demo or driven: how the day was opened."""
        return self.day.opened.clock if self.day is not None else "driven"

    def market_time(self) -> int:
        """Market time now, ns: of a driven clock that of the last record."""
        if self.clock == "live":
            return max(self._last_time, self._wall())
        if self.clock == "demo" and self._offset is not None:
            return max(self._last_time, self._wall() + self._offset)
        return self._last_time

    @property
    def mode(self) -> str:
        """simulated or live."""
        return self.day.opened.mode if self.day is not None else "simulated"
