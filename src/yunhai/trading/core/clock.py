"""The market's clock 市場時鐘, in one of three kinds.

`live`: market time is wall time. `demo`: wall time plus an offset, so that a day can be traded at any hour; it stands at 0
until a day first puts it somewhere, and after a restart goes on from the journal's last market time. `driven`: it stands
still until a command moves it. None ever goes back. Wall time is an argument: nothing here reads it.
"""

from collections.abc import Callable
from typing import Final, Literal

from yunhai.kernel.errors import YunhaiError
from yunhai.trading.core.errors import CLOCK_BACKWARDS, CLOCK_NOT_DRIVEN

ClockKind = Literal["live", "demo", "driven"]
KINDS: Final[tuple[ClockKind, ...]] = ("live", "demo", "driven")


class MarketClock:
    """Market time in ns since 1970, never before `last`. `wall` gives wall time in ns."""

    __slots__ = ("_last", "_offset", "_wall", "kind")

    def __init__(self, kind: ClockKind, wall: Callable[[], int], last: int = 0) -> None:
        self.kind = kind
        self._wall = wall
        self._last = last
        self._offset = last - wall() if kind == "demo" else 0

    @property
    def runs(self) -> bool:
        """Whether it goes on by itself."""
        return self.kind == "live" or (self.kind == "demo" and self._last > 0)

    def now(self) -> int:
        if self.runs:
            self._last = max(self._last, self._wall() + self._offset)
        return self._last

    def until(self, moment: int) -> float:
        """Seconds until the clock reaches `moment` by itself (0 if it has)."""
        return max(0, moment - self.now()) / 1e9

    def to(self, moment: int) -> None:
        """Move on to `moment`. CLOCK_NOT_DRIVEN of a live clock, CLOCK_BACKWARDS if that has passed."""
        if self.kind == "live":
            raise YunhaiError(CLOCK_NOT_DRIVEN, clock=self.kind)
        if moment < self.now():
            raise YunhaiError(CLOCK_BACKWARDS, to=moment, now=self._last)
        self.forward(moment)

    def forward(self, moment: int) -> None:
        """Be at `moment` at least: what the journal or the venue has reached."""
        if moment > self.now():
            self._last = moment
            if self.kind == "demo":
                self._offset = moment - self._wall()
