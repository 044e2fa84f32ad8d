"""Paper accounts worked out 評估: from stored instructions and a day's events, by the engine, and kept until something is new.

A floor is the engine's market over one day with the accounts of a contest (or one person's own) in it. It only goes forward: asked
for a later position it applies what lies between; an instruction that turns out to lie before where it has come to (it was being
written while somebody looked) makes it begin again. Either way what it says of a position is what `evaluate_all` says of it.
Floors are a process's memory and nothing else: they are made again from the rows after a restart.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from yunhai.kernel.limits import PAPER_FLOORS_KEPT_MAX
from yunhai.kernel.records import Side
from yunhai.market.paper.market import PaperMarket
from yunhai.market.paper.score import Score, score
from yunhai.market.paper.words import Change, Instruction, PaperChange, PaperOrder, Result, Rules
from yunhai.market.replay.source import Source
from yunhai.services.contests.models import PaperOrder as Row

LEVELS: Final = 5
_CHANGES: Final = {"cancel": Change.CANCEL, "cut": Change.CUT, "reprice": Change.REPRICE}
Given = Mapping[int, Sequence[Row]]
"""The stored instructions of each account, in order."""


def instruction(row: Row) -> Instruction:
    """A stored instruction as the engine reads it."""
    if row.action == "new":
        return PaperOrder(
            number=row.number,
            position=row.position,
            name=row.code,
            side=row.side,
            quantity=row.quantity,
            price=row.price,
            order_type=row.order_type,
            time_in_force=row.time_in_force,
        )
    return PaperChange(
        number=row.number,
        position=row.position,
        order=row.target,
        change=_CHANGES[row.action],
        quantity=row.quantity,
        price=row.price,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A security at the floor's position. Prices 1/10,000, 0 none; levels (price, shares, orders), best first."""

    code: str
    phase: int
    last: int
    reference: int
    volume: int
    bids: tuple[tuple[int, int, int], ...]
    asks: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Every account at a position; `time` market ns of the last event before it."""

    position: int
    time: int
    results: Mapping[int, Result]
    scores: Mapping[int, Score]
    quotes: tuple[Quote, ...]


@dataclass(slots=True)
class Floor:
    """One engine with its accounts. `standing` of its position, until something changes."""

    source: Source
    rules: Rules
    market: PaperMarket = field(init=False)
    entered: dict[int, int] = field(init=False)
    lock: threading.Lock = field(default_factory=threading.Lock)
    standing: Standing | None = None

    def __post_init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self.market = PaperMarket(self.source, self.rules)
        self.entered = {}
        self.standing = None

    def bring(self, source: Source, given: Given, position: int, *, exact: bool = False) -> Standing:
        """Everything given up to `position`, worked out up to there, or to where the floor has come already unless `exact`.
        YunhaiError as of the engine."""
        with self.lock:
            if exact and self.market.position > position:
                self._begin()
            if len(source) > len(self.source):
                self.market.grow(source)
                self.source = source
            target = max(position, self.market.position)
            fresh = self._new(given, target)
            if any(row.position < self.market.position for rows in fresh.values() for row in rows):
                self._begin()
                fresh = self._new(given, target)
            if self.standing is not None and not fresh and target == self.market.position:
                return self.standing
            for paper, rows in fresh.items():
                self.market.enter(str(paper), (instruction(row) for row in rows))
                self.entered[paper] = self.entered.get(paper, 0) + len(rows)
            self.market.run(target)
            self.standing = self._stand()
            return self.standing

    def _new(self, given: Given, target: int) -> dict[int, list[Row]]:
        """What was not entered yet and is not later than the target; of an account that is new, perhaps nothing."""
        found = {}
        for paper, rows in given.items():
            later = [row for row in rows[self.entered.get(paper, 0) :] if row.position <= target]
            if later or paper not in self.entered:
                found[paper] = later
        return found

    def _stand(self) -> Standing:
        market = self.market
        results = {paper: market.result(str(paper)) for paper in self.entered}
        return Standing(
            position=market.position,
            time=market.source.time_of(market.position),
            results=results,
            scores={paper: score(result) for paper, result in results.items()},
            quotes=tuple(_quote(market, name) for name in market.offered),
        )


def _quote(market: PaperMarket, name: str) -> Quote:
    held = market.offered[name]
    book = held.book
    bids, asks = (
        tuple((one.price, one.quantity, one.orders) for one in book.levels(side, LEVELS))
        for side in (Side.BUY, Side.SELL)
    )
    return Quote(
        code=name,
        phase=book.phase,
        last=book.last,
        reference=held.terms.listing.reference,
        volume=book.volume,
        bids=bids,
        asks=asks,
    )


class Floors:
    """The floors that a process keeps; those asked for least recently go."""

    def __init__(self) -> None:
        self._found: OrderedDict[Hashable, Floor] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, key: Hashable, make: Callable[[], Floor]) -> Floor:
        """The floor of a key, made where there is none."""
        with self._lock:
            held = self._found.get(key)
            if held is not None:
                self._found.move_to_end(key)
                return held
        made = make()
        with self._lock:
            held = self._found.setdefault(key, made)
            while len(self._found) > PAPER_FLOORS_KEPT_MAX:
                self._found.popitem(last=False)
            return held

    def drop(self, key: Hashable) -> None:
        """Forget one."""
        with self._lock:
            self._found.pop(key, None)

    def clear(self) -> None:
        """Forget all, as a restart does."""
        with self._lock:
            self._found.clear()


floors: Final = Floors()
"""This process's."""


def alone(source: Source, rules: Rules, given: Given, position: int) -> Standing:
    """The same of a position, worked out from nothing and kept nowhere."""
    return Floor(source, rules).bring(source, given, position)
