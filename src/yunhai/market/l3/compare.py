"""The engine's answer against what the exchange published, with no allowance.

Trades must be equal one by one and in number. A published book is right if it equals the engine's state at some event
with the same trade count, books in their published order; an indicative price while an auction collects likewise,
with its volume and surplus. Cumulative volume and value are compared with every snapshot.
"""

from dataclasses import dataclass, field
from typing import Final

from yunhai.kernel.clock import SECOND
from yunhai.kernel.money import decimal_text, price_text
from yunhai.market.l3.feed import FeedSnapshot, Levels

Trade = tuple[int, int, int, int]
"""(buy order, sell order, price in 1/10,000, shares), the exchange's order numbers."""
Trial = tuple[int, int, tuple[int, int]]
"""(indicative price, volume, surplus of buys and sells)."""
SHOWN: Final = 5
"""Differences kept for the reader; all are counted."""


@dataclass(slots=True)
class Score:
    """How many were compared and how many were equal, and the first differences."""

    compared: int = 0
    equal: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return self.compared == self.equal

    def add(self, equal: bool, difference: str) -> None:
        self.compared += 1
        self.equal += equal
        if not equal and len(self.differences) < SHOWN:
            self.differences.append(difference)


def _trade_text(trade: Trade | None) -> str:
    """A trade as a reader knows it: the price as the market writes it."""
    if trade is None:
        return "none 無"
    bid, ask, price, quantity = trade
    return f"bid 買 {bid}, ask 賣 {ask}, {price_text(price)} × {quantity}"


def _total_text(total: tuple[int, int] | None) -> str:
    return "none 無" if total is None else f"{total[0]} shares 股 for {decimal_text(total[1])}"


def compare_trades(published: list[Trade], made: list[Trade]) -> Score:
    """Trade by trade; what one side lacks counts as different."""
    score = Score()
    for number in range(max(len(published), len(made))):
        theirs = published[number] if number < len(published) else None
        ours = made[number] if number < len(made) else None
        score.add(theirs == ours, f"trade {number + 1}: published {_trade_text(theirs)}, engine {_trade_text(ours)}")
    return score


def compare_totals(snapshots: tuple[FeedSnapshot, ...], made: list[Trade]) -> Score:
    """Cumulative volume and value of every snapshot against the engine's trades up to its count."""
    totals = [(0, 0)]
    for _, _, price, quantity in made:
        volume, value = totals[-1]
        totals.append((volume + quantity, value + price * quantity))
    score = Score()
    for snapshot in snapshots:
        theirs = (snapshot.volume, snapshot.value)
        ours = totals[snapshot.trades] if snapshot.trades < len(totals) else None
        score.add(
            theirs == ours,
            f"after {snapshot.trades} trades: published {_total_text(theirs)}, engine {_total_text(ours)}",
        )
    return score


@dataclass(frozen=True, slots=True)
class BookState:
    """The book after one event. `inside`: between two trades of one order. `trial`: while an auction collects."""

    trades: int
    time: int
    book: tuple[Levels, Levels]
    trial: Trial | None = None
    inside: bool = False

    def shows(self, snapshot: FeedSnapshot) -> bool:
        """Whether the exchange could have published that snapshot of this state."""
        if snapshot.is_trial:
            return self.trial == (snapshot.bids[0][0], snapshot.bids[0][1], snapshot.surplus)
        return self.book == (snapshot.bids, snapshot.asks)


class BookComparison:
    """Takes the engine's states as they come; settles the snapshots of a trade count when it has passed."""

    def __init__(self, snapshots: tuple[FeedSnapshot, ...]) -> None:
        self.books = Score()
        self.trials = Score()
        self.empty = Score()
        self.inside = 0
        """Books that equal only states between two trades of one order."""
        self.timely = 0
        """Books and trials whose state was current within a second of the stamp."""
        self._snapshots = snapshots
        self._place = 0
        self._states: list[BookState] = []

    def expects(self, trades: int, time: int) -> bool:
        """Told of every event: settles a trade count that has passed; True if a state of this one is wanted."""
        if self._states and self._states[-1].trades != trades:
            self._settle(until=time)
            self._states.clear()
        return self._wants(trades)

    def observe(self, state: BookState) -> None:
        """One state of the engine, in order; `expects` was asked first."""
        self._states.append(state)

    def _wants(self, trades: int) -> bool:
        return self._place < len(self._snapshots) and self._snapshots[self._place].trades <= trades

    def finish(self) -> None:
        """Settle what is left."""
        self._settle(until=None)
        while self._place < len(self._snapshots):
            self._miss(self._snapshots[self._place])
            self._place += 1

    def _settle(self, *, until: int | None) -> None:
        """Match the snapshots of a trade count with its states, both in order."""
        if not self._states:
            return
        trades = self._states[0].trades
        first = 0
        while self._wants(trades):
            snapshot = self._snapshots[self._place]
            self._place += 1
            alike = [place for place in range(first, len(self._states)) if self._states[place].shows(snapshot)]
            if snapshot.trades != trades or not alike:
                self._miss(snapshot)
                continue
            timely = [place for place in alike if self._is_timely(snapshot, place, until)]
            first = (timely or alike)[0]
            score = self._score(snapshot)
            score.add(True, "")
            if score is not self.empty:
                self.timely += bool(timely)
                self.inside += all(self._states[place].inside for place in alike)

    def _score(self, snapshot: FeedSnapshot) -> Score:
        if snapshot.is_trial:
            return self.trials
        return self.books if snapshot.trades or snapshot.bids or snapshot.asks else self.empty

    def _miss(self, snapshot: FeedSnapshot) -> None:
        clock = snapshot.time // SECOND
        stamp = f"{clock // 3600:02}:{clock // 60 % 60:02}:{clock % 60:02}"
        reason = "no state of the engine equals it"
        self._score(snapshot).add(False, f"snapshot {stamp} after {snapshot.trades} trades: {reason}")

    def _is_timely(self, snapshot: FeedSnapshot, place: int, until: int | None) -> bool:
        after = self._states[place + 1].time if place + 1 < len(self._states) else until
        begun = self._states[place].time < snapshot.time + SECOND
        return begun and (after is None or after >= snapshot.time - SECOND)
