"""The open market day: the plan its fact describes, the native engine and the venue on it, and what comes out of them.

The venue's events are copied out of the engine as they come (`taken`) and given on as one array. After a restart the
day's recorded events are fed to a fresh venue (`rebuild`): it runs the recorded commands again at native speed, and every
event is held against the journal's. What the engine says and the journal does not, at the very end, is what a crash kept
from the disk.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from yunhai.exchange.rules.pack import RulePack
from yunhai.exchange.venue import Venue
from yunhai.exchange.venue_config import DayPlan
from yunhai.journal.errors import REPLAY_DIFFERS, refusal
from yunhai.kernel.clock import SECOND, parse_time
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import VENUE_IDS_MAX, VENUE_ORDERS_MAX
from yunhai.kernel.records import RECORD, SIZE, Kind, Phase
from yunhai.native import _book, _journal
from yunhai.trading.core.errors import CLOCK_BACKWARDS
from yunhai.trading.facts import DayOpened
from yunhai.trading.market import Market, plan_of

Recorded = tuple[NDArray[np.int64], NDArray[np.void]]
"""(sequences, trading records) of a stretch of the journal."""

CHUNK_RECORDS: Final = 1 << 16
"""Recorded events given to a venue at once."""
_LONGEST_FRACTION: Final = 9


class OpenDay:
    """One market day of the core. `first_number`: the least instruction number of the day."""

    def __init__(
        self,
        opened: DayOpened,
        pack: RulePack,
        *,
        first_number: int,
        orders: int = VENUE_ORDERS_MAX,
        ids: int = VENUE_IDS_MAX,
    ) -> None:
        """YunhaiError 2202-2207, 2510-2512, 6425 as of the plan."""
        self.opened = opened
        self.pack = pack
        self.first_number = first_number
        self.plan: DayPlan = plan_of(opened, pack)
        self.engine: Any = _book.Engine(order_capacity=orders, first_order_id=first_number, id_capacity=ids)
        self._out: list[bytes] = []
        self.venue = Venue(self.plan, engine=self.engine, sink=self._keep)
        self.market = Market(self.plan, opened, phase_of=self.phase_of, close_of=self._close_of)

    def phase_of(self, book: int) -> int:
        """A book's phase; before, where it is not listed yet."""
        return int(self.engine.phase(book)) if book < self.engine.book_count() else int(Phase.BEFORE)

    def _close_of(self, code: str) -> int:
        return self.venue.tally(code).last

    def _keep(self, events: NDArray[np.void]) -> None:
        self._out.append(events.tobytes())

    def taken(self) -> NDArray[np.void]:
        """What came out since the last call, as one array."""
        out, self._out = self._out, []
        return np.frombuffer(out[0] if len(out) == 1 else b"".join(out), RECORD)

    def at(self, text: str) -> int:
        """HH:MM[:SS[.f]] of this day as market time. YunhaiError 2105."""
        whole, _, fraction = text.partition(".")
        time_of_day = int(parse_time(whole))
        if fraction:
            if not fraction.isdigit() or len(fraction) > _LONGEST_FRACTION or whole.count(":") != 2:
                raise YunhaiError(2105, text=text)
            time_of_day += int(fraction.ljust(_LONGEST_FRACTION, "0")) * SECOND // 10**_LONGEST_FRACTION
        return int(self.plan.at(time_of_day))

    def require_later(self, moment: int) -> None:
        """CLOCK_BACKWARDS if the venue has passed `moment`."""
        if moment < self.venue.now:
            raise YunhaiError(CLOCK_BACKWARDS, to=moment, now=self.venue.now)

    def rebuild(self, recorded: Iterable[Recorded]) -> tuple[int, NDArray[np.void]]:
        """Run a recorded day again on this fresh venue. `recorded` in journal order.

        Gives how many events were compared and those that the engine made beyond the recorded ones. 3031 at the first
        difference."""
        comparison = _Comparison()
        for sequences, held in _chunks(recorded):
            chunk = _as_made(held)
            self.venue.rebuild([chunk])
            comparison.add(self.taken(), chunk, sequences)
        return comparison.compared, comparison.rest()


class _Comparison:
    """Holds what the engine makes against what was recorded, however either is cut."""

    def __init__(self) -> None:
        self.compared = 0
        self._made = b""

    def add(self, made: NDArray[np.void], recorded: NDArray[np.void], sequences: NDArray[np.int64]) -> None:
        self._made += made.tobytes()
        whole = np.frombuffer(self._made, RECORD)
        if len(whole) < len(recorded):
            raise refusal(REPLAY_DIFFERS, "the journal holds more events", sequence=int(sequences[len(whole)]))
        place = _journal.first_difference(np.ascontiguousarray(whole[: len(recorded)]), recorded)
        if place >= 0:
            raise refusal(REPLAY_DIFFERS, "an event differs", sequence=int(sequences[place]))
        self.compared += len(recorded)
        self._made = self._made[len(recorded) * SIZE :]

    def rest(self) -> NDArray[np.void]:
        return np.frombuffer(self._made, RECORD)


def _as_made(recorded: NDArray[np.void]) -> NDArray[np.void]:
    """The records as the engine hands them out: without the line that carried each instruction."""
    carried = (recorded["kind"] >= Kind.NEW) & (recorded["kind"] <= Kind.REPRICE) & (recorded["reserved"] != 0)
    if not carried.any():
        return recorded
    made = recorded.copy()
    made["reserved"][carried] = 0
    return made


def _chunks(recorded: Iterable[Recorded]) -> Iterator[Recorded]:
    """(sequences, records), some `CHUNK_RECORDS` at once."""
    sequences: list[NDArray[np.int64]] = []
    parts: list[bytes] = []
    held = 0
    for numbers, records in recorded:
        sequences.append(numbers)
        parts.append(records.tobytes())
        held += len(records)
        if held >= CHUNK_RECORDS:
            yield np.concatenate(sequences), np.frombuffer(b"".join(parts), RECORD)
            sequences, parts, held = [], [], 0
    if held:
        yield np.concatenate(sequences), np.frombuffer(b"".join(parts), RECORD)
