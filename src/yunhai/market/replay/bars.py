"""A whole source's prices of one security as bars 走勢, to be drawn: of so many seconds each, those without a trade left out.

Whatever the replay's position, all of the source is told: who draws it marks where the replay stands.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yunhai.kernel.clock import SECOND
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import REPLAY_BAR_SECONDS_MAX, REPLAY_BARS_MAX
from yunhai.market.replay.errors import MESSAGE_UNFIT
from yunhai.market.replay.replay import Replay
from yunhai.market.replay.source import trades_at

Column = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Columns of one length. `time`: where a bar begins, seconds of the market's local clock since 1970; prices 1/10,000;
    `volume` shares; `position`: the one just after the bar's last trade."""

    name: str
    seconds: int
    time: Column
    opening: Column
    high: Column
    low: Column
    closing: Column
    volume: Column
    position: Column


def bars(replay: Replay, name: str, seconds: int) -> Bars:
    """All trades of a chosen security. CODES_UNFIT; MESSAGE_UNFIT for a length out of bounds, or too many bars."""
    if not 1 <= seconds <= REPLAY_BAR_SECONDS_MAX:
        most = REPLAY_BAR_SECONDS_MAX
        raise YunhaiError(MESSAGE_UNFIT, reason=f"seconds are 1 to {most}", reason_zh=f"seconds 須為 1 至 {most}")
    source = replay.source
    places = source.trades_of(replay.kept(name).listing.book)
    trades = trades_at(source, places)
    buckets = (source.times[places] + source.offset) // (seconds * SECOND)
    starts = np.flatnonzero(np.diff(buckets, prepend=-1))
    if len(starts) > REPLAY_BARS_MAX:
        raise YunhaiError(
            MESSAGE_UNFIT,
            reason=f"more than {REPLAY_BARS_MAX} bars, choose longer ones",
            reason_zh=f"超過 {REPLAY_BARS_MAX} 根，請加長每根秒數",
        )
    ends = np.append(starts[1:], len(places)) - 1 if len(starts) else starts
    prices, sizes = (trades[field].astype(np.int64) for field in ("price", "quantity"))
    return Bars(
        name=name,
        seconds=seconds,
        time=buckets[starts] * seconds,
        opening=prices[starts],
        high=_folded(np.maximum, prices, starts),
        low=_folded(np.minimum, prices, starts),
        closing=prices[ends],
        volume=_folded(np.add, sizes, starts),
        position=places[ends] + 1,
    )


def _folded(how: np.ufunc, column: Column, starts: Column) -> Column:
    return how.reduceat(column, starts).astype(np.int64) if len(starts) else column
