"""The running day's bars 當日 K 線: kept as its trades come, so that a question costs what is new and not what the day has.

`Tape` keeps the trades once, in pieces that never move: what was given of them stays true while more come. `RunningBars`
keeps the series that are asked for, one a book and a span. Each remembers how many trades it has folded, and which of its bars
is still open; asked again, it folds those that came since. A series that was not asked for among the last so many is dropped,
and made anew of the whole tape if it is asked for again. Bars come of the same function as those of a closed day.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from yunhai.kernel.limits import HISTORY_LIVE_SERIES_MAX
from yunhai.market.bars.making import BAR, TICK, BarBuilder
from yunhai.market.bars.spans import Span

PIECE: Final = 65_536
"""Trades of a piece of the tape."""


class Tape:
    """Trades as TICK rows, in the order in which they came. One thread puts; others may read what was there before."""

    def __init__(self) -> None:
        self._pieces: list[NDArray[np.void]] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def put(self, trades: NDArray[np.void]) -> None:
        """More trades. What `since` has given is not touched."""
        done = 0
        while done < len(trades):
            if self._count == len(self._pieces) * PIECE:
                self._pieces.append(np.empty(PIECE, TICK))
            at = self._count % PIECE
            part = trades[done : done + PIECE - at]
            self._pieces[-1][at : at + len(part)] = part
            self._count += len(part)
            done += len(part)

    def since(self, start: int, end: int) -> Iterator[NDArray[np.void]]:
        """The trades from the `start`-th on, before the `end`-th, piece by piece."""
        while start < end:
            at = start % PIECE
            part = self._pieces[start // PIECE][at : min(PIECE, at + end - start)]
            yield part
            start += len(part)

    def whole(self) -> NDArray[np.void]:
        """All trades as one array of its own."""
        return np.concatenate([*self.since(0, self._count), np.empty(0, TICK)])


class _Series:
    """One book's bars of one span."""

    def __init__(self, book: int, span: Span, *, offset: int) -> None:
        self._book = book
        self._builder = BarBuilder(span, offset=offset)
        self._closed = np.empty(64, BAR)
        self._bars = 0
        self._taken = 0

    def upto(self, tape: Tape, end: int) -> None:
        """Fold the trades before the `end`-th. YunhaiError 7458, 7456: then they are not taken."""
        for part in tape.since(self._taken, end):
            mine = part[part["security"] == self._book]
            if len(mine):
                self._keep(self._builder.add(mine))
            self._taken += len(part)

    def _keep(self, closed: NDArray[np.void]) -> None:
        needed = self._bars + len(closed)
        if needed > len(self._closed):
            grown = np.empty(max(needed, 2 * len(self._closed)), BAR)
            grown[: self._bars] = self._closed[: self._bars]
            self._closed = grown
        self._closed[self._bars : needed] = closed
        self._bars = needed

    def bars(self, since_ns: int) -> NDArray[np.void]:
        """Those that begin at `since_ns` or later, ascending; `security` 0."""
        closed = self._closed[: self._bars]
        begin = int(np.searchsorted(closed["start_ns"], since_ns))
        still = self._builder.open
        made = np.concatenate([closed[begin:], still[still["start_ns"] >= since_ns]])
        made["security"] = 0
        return made


class RunningBars:
    """The series of one day that are asked for. Threads may ask at once."""

    def __init__(self, tape: Tape, *, offset: int) -> None:
        self._tape = tape
        self._offset = offset
        self._lock = threading.Lock()
        self._series: OrderedDict[tuple[int, str], _Series] = OrderedDict()

    def of(self, book: int, span: Span, *, since_ns: int = 0) -> NDArray[np.void]:
        """A book's bars with the trades that are there now. YunhaiError 7458, 7456."""
        end = len(self._tape)
        with self._lock:
            series = self._series.pop((book, span.name), None) or _Series(book, span, offset=self._offset)
            self._series[book, span.name] = series
            while len(self._series) > HISTORY_LIVE_SERIES_MAX:
                self._series.popitem(last=False)
            series.upto(self._tape, end)
            return series.bars(since_ns)
