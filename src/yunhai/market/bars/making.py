"""Bars of trades: one definition, for a day at once and for trades as they come.

A trade is a bar of one trade; `folded` joins bars of the same security and span that follow each other. Joining is
associative, so bars of bars are the bars of the trades, and a builder that is fed in pieces gives what it would have given
for the whole. Prices and values are in 1/10,000 NT$, volumes in shares (futures: contracts), all 64-bit integers.

Rows of a security come in the order of their spans; one that goes back is refused, for its open and close could not be told.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from yunhai.kernel.clock import TAIPEI_OFFSET
from yunhai.kernel.errors import YunhaiError
from yunhai.market.bars.spans import SessionClock, Span, starts
from yunhai.market.lake.errors import QUESTION_WRONG, TICKS_BACKWARDS

BAR: Final = np.dtype(
    [
        ("security", "<u4"),
        ("start_ns", "<i8"),
        ("open", "<i8"),
        ("high", "<i8"),
        ("low", "<i8"),
        ("close", "<i8"),
        ("volume", "<i8"),
        ("value", "<i8"),
        ("trades", "<i8"),
    ]
)
"""One bar. `security`: the caller's own number of a security, or of one of its books."""
TICK: Final = np.dtype(
    [("security", "<u4"), ("placed_ns", "<i8"), ("day", "<i4"), ("price", "<i8"), ("quantity", "<i8")]
)
"""One trade: the moment its span is told by, its session's date in days since 1970, price, quantity."""
_LARGEST: Final = float(2**63 - 2**54)
"""Sums above this, as binary64 has them, may have overflowed."""

Bars = NDArray[np.void]
Ticks = NDArray[np.void]


def ticks(
    clock: SessionClock,
    *,
    security: NDArray[Any],
    times: NDArray[Any],
    prices: NDArray[Any],
    quantities: NDArray[Any],
    days: NDArray[Any] | None = None,
) -> Ticks:
    """Trades as TICK rows. `times` market times in ns; `days` session dates, where they are not those of the local clock."""
    made = np.empty(len(times), TICK)
    moments = np.asarray(times, np.int64)
    made["security"] = security
    made["placed_ns"] = clock.placed(moments)
    made["day"] = clock.days(moments) if days is None else days
    made["price"] = prices
    made["quantity"] = quantities
    return made


def rows_of(trades: Ticks, span: Span, *, offset: int = TAIPEI_OFFSET) -> Bars:
    """Each trade as a bar of one trade."""
    rows = np.empty(len(trades), BAR)
    rows["security"] = trades["security"]
    rows["start_ns"] = starts(span, trades["placed_ns"], trades["day"].astype(np.int64), offset=offset)
    for name in ("open", "high", "low", "close"):
        rows[name] = trades["price"]
    rows["volume"] = trades["quantity"]
    rows["value"] = _bounded(trades["price"], trades["quantity"])
    rows["trades"] = 1
    return rows


def _bounded(prices: NDArray[Any], quantities: NDArray[Any]) -> NDArray[np.int64]:
    if len(prices) and float(np.abs(prices.astype(np.float64) * quantities.astype(np.float64)).max()) > _LARGEST:
        raise YunhaiError(QUESTION_WRONG, reason="a trade's value does not fit", reason_zh="單筆成交金額過大")
    return np.asarray(prices * quantities, np.int64)


def folded(rows: Bars) -> Bars:
    """Rows of the same security and span joined; ascending by security, then span.

    YunhaiError 7458 if a security's rows go back in time, 7456 if a sum does not fit 64 bits.
    """
    if not len(rows):
        return rows.copy()
    security = rows["security"]
    if (security[1:] < security[:-1]).any():
        rows = rows[np.argsort(security, kind="stable")]
        security = rows["security"]
    start = rows["start_ns"]
    other = security[1:] != security[:-1]
    back = ~other & (start[1:] < start[:-1])
    if back.any():
        place = int(np.flatnonzero(back)[0]) + 1
        raise YunhaiError(TICKS_BACKWARDS, security=int(security[place]), start_ns=int(start[place]))
    begins = np.flatnonzero(np.concatenate([[True], other | (start[1:] != start[:-1])]))
    ends = np.append(begins[1:], len(rows)) - 1
    made = np.empty(len(begins), BAR)
    made["security"] = security[begins]
    made["start_ns"] = start[begins]
    made["open"] = rows["open"][begins]
    made["high"] = np.maximum.reduceat(rows["high"], begins)
    made["low"] = np.minimum.reduceat(rows["low"], begins)
    made["close"] = rows["close"][ends]
    for name in ("volume", "value", "trades"):
        column = rows[name]
        if float(np.add.reduceat(column.astype(np.float64), begins).max()) > _LARGEST:
            raise YunhaiError(QUESTION_WRONG, reason=f"a bar's {name} does not fit", reason_zh=f"K 線的 {name} 過大")
        made[name] = np.add.reduceat(column, begins)
    return made


def coarser(bars: Bars, span: Span, *, offset: int = TAIPEI_OFFSET) -> Bars:
    """Bars of a wider span. Bars of days and longer come of bars of a day, whose start is their session's midnight."""
    rows = bars.copy()
    days = (bars["start_ns"] + offset) // (24 * 3_600_000_000_000)
    rows["start_ns"] = starts(span, bars["start_ns"], days, offset=offset)
    return folded(rows)


class BarBuilder:
    """Bars as trades come. `add` gives the bars that are complete; `open` the last of each security, as it stands."""

    def __init__(self, span: Span, *, offset: int = TAIPEI_OFFSET) -> None:
        self._span = span
        self._offset = offset
        self.open: Bars = np.empty(0, BAR)

    def add(self, trades: Ticks) -> Bars:
        """Take trades. YunhaiError 7458, 7456, and nothing taken, as of `folded`."""
        rows = folded(np.concatenate([self.open, rows_of(trades, self._span, offset=self._offset)]))
        last = np.ones(len(rows), np.bool_)
        last[:-1] = rows["security"][1:] != rows["security"][:-1]
        self.open = rows[last]
        return rows[~last]

    def close(self) -> Bars:
        """The bars that were still open; the builder is as new."""
        rest, self.open = self.open, np.empty(0, BAR)
        return rest
