"""When which event is due 播放排程: pure arithmetic between a wall clock, which is given, and market time.

Everything is reckoned from the moment playing began (or was last set), never summed up step by step: however irregular the
moments at which one asks, the same wall time makes the same events due, in order, none left out. With `idle` a stretch of the
day in which nothing happens for longer than that lasts only so long.
"""

from dataclasses import dataclass

import numpy as np

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import REPLAY_SPEED_MAX, REPLAY_SPEED_MIN
from yunhai.market.replay.errors import SPEED_UNFIT
from yunhai.market.replay.source import Places

THOUSAND = 1_000


def speed_of(text: str) -> int:
    """ "0.1" … "1000" as thousandths. SPEED_UNFIT."""
    whole, _, part = text.partition(".")
    if not (whole.isascii() and whole.isdigit()) or len(text) > 8 or not (part + "0").isdigit() or len(part) > 3:
        raise YunhaiError(SPEED_UNFIT, speed=text[:20])
    return require_speed(int(whole) * THOUSAND + int(part.ljust(3, "0")))


def require_speed(speed: int) -> int:
    """The speed, in thousandths. SPEED_UNFIT if it is out of bounds."""
    if not REPLAY_SPEED_MIN <= speed <= REPLAY_SPEED_MAX:
        raise YunhaiError(SPEED_UNFIT, speed=f"×{speed / THOUSAND:g}")
    return speed


class Timeline:
    """Market times of events, and the same with long silences cut short. `idle` ns, 0: nothing is cut."""

    def __init__(self, times: Places, idle: int = 0) -> None:
        self.times = times
        self.idle = idle
        self._played = times
        if idle and len(times):
            gaps = np.minimum(np.diff(times), idle)
            self._played = np.concatenate(([0], np.cumsum(gaps))) + times[0]

    def played(self, moment: int) -> int:
        """Market time as time on this line."""
        place = int(np.searchsorted(self.times, moment, "right")) - 1
        if place < 0 or not self.idle:
            return moment
        since = min(moment - int(self.times[place]), self.idle)
        return int(self._played[place]) + since

    def due(self, played: int) -> int:
        """How many events have happened by a time on this line."""
        return int(np.searchsorted(self._played, played, "right"))

    def market(self, played: int) -> int:
        """The market time of a time on this line."""
        place = self.due(played) - 1
        if place < 0:
            return played
        return int(self.times[place]) + played - int(self._played[place])


@dataclass(frozen=True, slots=True)
class Playing:
    """Playing since `wall` (ns) and `begun` (time on the line), at `speed` thousandths."""

    line: Timeline
    wall: int
    begun: int
    speed: int

    def played(self, wall: int) -> int:
        """Time on the line at a wall time."""
        return self.begun + max(0, wall - self.wall) * self.speed // THOUSAND

    def wall_of(self, played: int) -> int:
        """The first wall time at which a time on the line is reached."""
        return self.wall - (self.begun - played) * THOUSAND // self.speed
