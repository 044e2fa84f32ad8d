"""Bars as columns of binary64: what indicators are computed over.

The house counts money in integers; an indicator is no money, so that its inputs are turned once into NT$ and shares as binary64,
here and nowhere else. A span without a trade has no bar, hence no column ever holds a NaN: a missing price in the input is a fault
of the source and is refused, not spread over the results. What looks odd but can be computed (a high below its close, a price or
a volume of zero) is let through: whether bars are clean is the importer's question.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import INDICATOR_BARS_MAX, INDICATOR_INPUT_MAX
from yunhai.market.indicators import errors

Floats = NDArray[np.float64]

_PRICE_SCALE: Final = 10_000
_REQUIRED: Final = ("open", "high", "low", "close", "volume")
_OPTIONAL: Final = ("value", "other")

MIXES: Final = ("hl2", "hlc3", "hlcc4", "ohlc4")
"""Prices mixed from one bar's: (high+low)/2, (high+low+close)/3, (high+low+2 close)/4 需求指數, (open+high+low+close)/4."""
SOURCES: Final = ("close", "open", "high", "low", *MIXES, "volume", "value", "other")
"""What an indicator of a single series may be computed of."""
PRICE_SOURCES: Final = frozenset(("close", "open", "high", "low", *MIXES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Candle:
    """One bar: `start_ns` market time (UTC ns) of its beginning, prices in NT$, `volume` in shares, `value` in NT$ if known,
    `other` a second series' value at the same bar (an index's close, say) if there is one."""

    start_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    value: float | None = None
    other: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns:
    """Bars in ascending order, one array each (see `Candle`). Errors: 7704 too many bars, 7705 not bars."""

    start_ns: NDArray[np.int64]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    value: Floats | None = None
    other: Floats | None = None

    def __post_init__(self) -> None:
        count = len(self.start_ns)
        if count > INDICATOR_BARS_MAX:
            raise YunhaiError(errors.TOO_MANY_BARS, most=INDICATOR_BARS_MAX, given=count)
        if self.start_ns.dtype != np.int64 or self.start_ns.ndim != 1:
            raise _unfit("start_ns is no row of 64-bit integers", "start_ns 不是 64 位元整數列")
        later = np.diff(self.start_ns) > 0
        if not later.all():
            raise _unfit("times do not ascend", "時間未遞增", int(np.argmin(later)) + 1)
        for name in (*_REQUIRED, *_OPTIONAL):
            column = getattr(self, name)
            if column is not None:
                _check(name, column, count)

    def __len__(self) -> int:
        return len(self.start_ns)

    def source(self, name: str) -> Floats | None:
        """A column, or a mix of prices (`SOURCES`), or None where these bars have no such column."""
        match name:
            case "hl2":
                return (self.high + self.low) / 2
            case "hlc3":
                return (self.high + self.low + self.close) / 3
            case "hlcc4":
                return (self.high + self.low + 2 * self.close) / 4
            case "ohlc4":
                return (self.open + self.high + self.low + self.close) / 4
        column: Floats | None = getattr(self, name)
        return column

    def head(self, count: int) -> "Columns":
        """The first `count` bars."""
        return self._cut(slice(count))

    def tail(self, count: int) -> "Columns":
        """The last `count` bars."""
        return self._cut(slice(max(len(self) - count, 0), None))

    def candle(self, index: int) -> Candle:
        """The bar at `index`."""
        row: dict[str, Any] = {name: column[index].item() for name, column in self._all().items()}
        return Candle(**row)

    def _cut(self, part: slice) -> "Columns":
        rows: dict[str, Any] = {name: column[part] for name, column in self._all().items()}
        return Columns(**rows)

    def _all(self) -> dict[str, Any]:
        every = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: column for name, column in every.items() if column is not None}


def columns_of_candles(candles: Sequence[Candle]) -> Columns:
    """Columns of bars; an optional one is there if every bar has it. Errors: 7704, 7705."""
    start_ns = np.array([candle.start_ns for candle in candles], np.int64)
    found: dict[str, Floats | None] = {}
    for name in (*_REQUIRED, *_OPTIONAL):
        column = [getattr(candle, name) for candle in candles]
        found[name] = None if None in column or (name in _OPTIONAL and not column) else np.array(column, np.float64)
    return _made(start_ns, found)


def columns_of_integers(
    start_ns: NDArray[np.int64],
    *,
    prices: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
    volume: NDArray[np.int64],
    value: NDArray[np.int64] | None = None,
) -> Columns:
    """Columns of the house's bars: `prices` are open, high, low, close and `value`, all in 1/10,000 NT$, `volume` in shares.
    Errors: 7704, 7705."""
    found: dict[str, Floats | None] = {
        name: np.asarray(column, np.float64) / _PRICE_SCALE for name, column in zip(_REQUIRED[:4], prices, strict=True)
    }
    found["volume"] = np.asarray(volume, np.float64)
    found["value"] = None if value is None else np.asarray(value, np.float64) / _PRICE_SCALE
    return _made(np.ascontiguousarray(start_ns, np.int64), found)


def _made(start_ns: NDArray[np.int64], found: dict[str, Floats | None]) -> Columns:
    needed = {name: column for name, column in found.items() if column is not None}
    missing = [name for name in _REQUIRED if name not in needed]
    if missing:
        raise _unfit(f"{missing[0]} is missing", f"缺少 {missing[0]}")
    every: dict[str, Any] = {name: needed.get(name) for name in (*_REQUIRED, *_OPTIONAL)}
    return Columns(start_ns=start_ns, **every)


def _check(name: str, column: Floats, count: int) -> None:
    if column.dtype != np.float64 or column.shape != (count,):
        raise _unfit(f"{name} is no row of {count} binary64 numbers", f"{name} 不是 {count} 個 binary64 數")
    fit = np.abs(column) <= INDICATOR_INPUT_MAX
    if not fit.all():
        row = int(np.argmin(fit))
        raise _unfit(f"{name} is {column[row]}", f"{name} 為 {column[row]}", row)
    if name in ("volume", "value") and count and column.min() < 0:
        raise _unfit(f"{name} is negative", f"{name} 為負", int(np.argmin(column)))


def _unfit(reason: str, reason_zh: str, row: int = 0) -> YunhaiError:
    return YunhaiError(errors.BAD_BARS, reason=reason, reason_zh=reason_zh, row=row)
