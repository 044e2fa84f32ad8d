"""Volume-weighted average prices 成交量加權平均價: of each session, and from an anchor on.

`basis` says which price a bar counts with: `typical`, (high + low + close) / 3, is what charting programs take and needs
no more than the bar; `traded` takes the bar's own value 成交金額 and so is the true average price 均價 paid, where the bars
carry it.

A session begins at `session_minute` of the market's day (minutes after its midnight, `offset_minutes` from UTC): 0 for the stock
market's day; 900 for the futures' day, which begins with the night session at 15:00. While nothing has traded since the beginning
there is no average: the value is missing. TA-Lib's VWAP, from the first loaded bar on, is in the registry under its own name.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import MONEY_MAX, OFFSET_MINUTES_MAX
from yunhai.market.indicators import errors
from yunhai.market.indicators.columns import Columns, Floats
from yunhai.market.indicators.words import Indicator, Output, Parameter, Request

_MINUTE_NS: Final = 60_000_000_000
_DAY_NS: Final = 1_440 * _MINUTE_NS
_TAIPEI_MINUTES: Final = 480

_BASIS: Final = Parameter(name="basis", kind="choice", default="typical", choices=("typical", "traded"))
_LINE: Final = (Output(name="real", zh="均價", pane="price", style="line"),)
_GAPS: Final = "before anything has traded since the beginning"
_GAPS_ZH: Final = "起算後尚無成交之處"


def indicators() -> Iterator[Indicator]:
    """VWAP_SESSION, VWAP_ANCHORED."""
    yield Indicator(
        name="VWAP_SESSION",
        zh="當日成交量加權平均價",
        en="Volume-weighted average price of the session",
        group="Volume Indicators",
        maker="Yunhai",
        parameters=(
            _BASIS,
            Parameter(name="session_minute", kind="int", default=0, lowest=0, highest=1_439),
            Parameter(
                name="offset_minutes",
                kind="int",
                default=_TAIPEI_MINUTES,
                lowest=-OFFSET_MINUTES_MAX,
                highest=OFFSET_MINUTES_MAX,
            ),
        ),
        inputs=("high", "low", "close", "volume"),
        outputs=_LINE,
        starts="window",
        lookback=_none,
        compute=_of_sessions,
        gaps=_GAPS,
        gaps_zh=_GAPS_ZH,
    )
    yield Indicator(
        name="VWAP_ANCHORED",
        zh="錨定成交量加權平均價",
        en="Volume-weighted average price from an anchor on",
        group="Volume Indicators",
        maker="Yunhai",
        parameters=(_BASIS, Parameter(name="anchor_ns", kind="int", default=0, lowest=0, highest=MONEY_MAX)),
        inputs=("high", "low", "close", "volume"),
        outputs=_LINE,
        starts="cumulative",
        lookback=_none,
        compute=_from_anchor,
        gaps=f"before the anchor, and {_GAPS}",
        gaps_zh=f"錨點之前，及{_GAPS_ZH}",
    )


def _none(request: Request) -> int:  # noqa: ARG001  the first bar has a value
    return 0


def sessions(columns: Columns, session_minute: int, offset_minutes: int) -> NDArray[np.int64]:
    """A number for each bar's session, ascending."""
    return (columns.start_ns + (offset_minutes - session_minute) * _MINUTE_NS) // _DAY_NS


def _of_sessions(request: Request, columns: Columns) -> tuple[Floats, ...]:
    numbers = sessions(columns, request.integer("session_minute"), request.integer("offset_minutes"))
    first = np.flatnonzero(np.diff(numbers, prepend=numbers[:1] - 1))
    return (_averages(request, columns, first),)


def _from_anchor(request: Request, columns: Columns) -> tuple[Floats, ...]:
    begins = int(np.searchsorted(columns.start_ns, request.integer("anchor_ns")))
    averages = _averages(request, columns, np.array([0, begins] if begins else [0]))
    averages[:begins] = np.nan
    return (averages,)


def _averages(request: Request, columns: Columns, first: NDArray[np.intp]) -> Floats:
    """Traded value over volume, both summed anew from each index of `first`."""
    if request.text("basis") == "typical":
        value = (columns.high + columns.low + columns.close) / 3 * columns.volume
    elif columns.value is None:
        raise YunhaiError(errors.INPUT_MISSING, indicator=request.name, input="value")
    else:
        value = columns.value
    averages = np.full(len(columns), np.nan)
    for begins, ends in zip(first, [*first[1:], len(columns)], strict=True):
        volume = np.cumsum(columns.volume[begins:ends])
        traded = volume > 0
        averages[begins:ends][traded] = np.cumsum(value[begins:ends])[traded] / volume[traded]
    return averages
