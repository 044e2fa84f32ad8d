"""Every TA-Lib function as an indicator, built from TA-Lib's own description of it and the tables of `talib_names`.

Parameters keep TA-Lib's names and defaults. Added to them: the series a function of one price is computed of (`source`; two prices:
`source0`, `source1`), because a broker's average of volume is the same function as one of closes. Kinds of average go by name
(`SMA`) where TA-Lib counts them. MAVP reads its periods from the bars' `other` column.

TA-Lib's whole-number outputs carry 0 before the lookback in Python; here they are NaN there, as all others are.
"""

from collections.abc import Callable, Iterator
from functools import cache, lru_cache, partial
from typing import Any, Final

import numpy as np
import talib
from talib import abstract

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import INDICATOR_PERIOD_MAX
from yunhai.market.indicators import errors
from yunhai.market.indicators.columns import SOURCES, Columns, Floats
from yunhai.market.indicators.talib_names import (
    AVERAGES,
    CUMULATIVE,
    FADING,
    FROM_TWO,
    GAPS,
    NAMES,
    OUTPUTS,
    REAL_BOUNDS,
)
from yunhai.market.indicators.words import Indicator, Output, Pane, Parameter, Request, Starts, Style, Value

_library: Any = talib
_described: Any = abstract
# The library types its functions one by one; here they are called by name.

_SINGLE: Final = {"price": "source", "price0": "source0", "price1": "source1"}
"""TA-Lib's inputs of one chosen series, and the parameters that choose it."""
_OWN_PANE: Final = frozenset((("SUPERTREND", "trend"), ("AVGDEV", "real")))
_POINTS: Final = frozenset(("SAR", "SAREXT"))


def indicators() -> Iterator[Indicator]:
    """One indicator for each function of the installed TA-Lib that has a name in our table."""
    for name in _library.get_functions():
        if name in NAMES:
            yield _indicator(name, _described.Function(name))


def _indicator(name: str, function: Any) -> Indicator:
    info = function.info
    series = tuple(_series(info["input_names"]))
    chosen = tuple(_source_parameter(given, default) for given, default in series if given in _SINGLE)
    own = tuple(_parameter(name, given, default) for given, default in info["parameters"].items())
    starts: Starts = "cumulative" if name in CUMULATIVE else "fading" if name in FADING else "window"
    gaps = name in GAPS
    return Indicator(
        name=name,
        zh=NAMES[name],
        en=info["display_name"],
        group=info["group"],
        maker="TA-Lib",
        parameters=(*own, *chosen),
        inputs=tuple(default for given, default in series if given not in _SINGLE),
        outputs=tuple(_output(name, function, output) for output in info["output_names"]),
        starts=starts,
        lookback=partial(_lookback, name),
        compute=partial(_compute, name, series),
        gaps="where it is undefined, or too large for binary64" if gaps else "",
        gaps_zh="無定義或超出 binary64 之處" if gaps else "",
    )


def _series(inputs: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(TA-Lib's input, default column), in the order in which the function takes them."""
    for given, columns in inputs.items():
        if given == "periods":
            yield given, "other"
        elif given in _SINGLE:
            yield given, columns
        else:
            for column in columns:
                yield given, column


def _source_parameter(given: str, default: str) -> Parameter:
    return Parameter(name=_SINGLE[given], kind="choice", default=default, choices=SOURCES)


def _parameter(function: str, name: str, default: Value) -> Parameter:
    if name.endswith("matype"):
        kinds = {number: kind for kind, number in _average_numbers().items()}
        return Parameter(name=name, kind="choice", default=kinds[int(default)], choices=AVERAGES)
    if isinstance(default, float):
        lowest, highest = REAL_BOUNDS[name]
        return Parameter(name=name, kind="real", default=default, lowest=lowest, highest=highest)
    lowest = 2 if function in FROM_TWO.get(name, ()) else 1
    return Parameter(name=name, kind="int", default=default, lowest=lowest, highest=INDICATOR_PERIOD_MAX)


@cache
def _average_numbers() -> dict[str, int]:
    return {kind: getattr(_library.MA_Type, kind) for kind in AVERAGES}


def _output(name: str, function: Any, output: str) -> Output:
    flags = function.info["output_flags"][output]
    same_scale = "Output scale same as input" in function.function_flags
    marks = name.startswith("CDL") or name == "FRACTAL"
    pane: Pane = "price" if same_scale or marks else "own"
    style: Style = "line"
    if marks:
        style = "mark"
    elif name in _POINTS:
        style = "points"
    elif "Histogram" in flags:
        style = "histogram"
    elif any("limit" in flag for flag in flags) and name != "HA":
        style = "band"
    return Output(
        name=output, zh=OUTPUTS[output] or NAMES[name], pane="own" if (name, output) in _OWN_PANE else pane, style=style
    )


def _arguments(request: Request) -> dict[str, Value]:
    """The request's parameters as TA-Lib takes them."""
    numbers = _average_numbers()
    return {
        name: numbers[str(value)] if name.endswith("matype") else value
        for name, value in request.parameters
        if not name.startswith("source")
    }


@lru_cache(maxsize=4_096)
def _lookback(name: str, request: Request) -> int:
    bars: int = _described.Function(name, **_arguments(request)).lookback
    if bars < 0:
        raise YunhaiError(errors.PARAMETERS_REFUSED, indicator=name, reason="TA-Lib states no lookback")
    return bars


def _compute(name: str, series: tuple[tuple[str, str], ...], request: Request, columns: Columns) -> tuple[Floats, ...]:
    function: Callable[..., Any] = getattr(_library, name)
    inputs = [
        columns.source(request.text(_SINGLE[given]) if given in _SINGLE else default) for given, default in series
    ]
    try:  # TA-Lib raises nothing narrower than Exception
        results = function(*inputs, **_arguments(request))
    except Exception as refused:
        raise YunhaiError(errors.PARAMETERS_REFUSED, indicator=name, reason=str(refused)) from refused
    rows = results if isinstance(results, tuple) else (results,)
    return tuple(row if row.dtype == np.float64 else _whole(row, _lookback(name, request)) for row in rows)


def _whole(row: Any, lookback: int) -> Floats:
    """Whole numbers as binary64, missing before the lookback."""
    floats: Floats = row.astype(np.float64)
    floats[:lookback] = np.nan
    return floats
