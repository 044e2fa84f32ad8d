"""The catalogue of indicators by name, and the one way to compute one: settle a request, then compute it over bars.

    catalogue()                                   every indicator
    request("KD", {"fastk_period": 9})            checked, defaults filled in; equal requests are equal values
    compute(request, columns)                     rows as long as the bars; NaN is missing, infinity never stands there

Errors: 7700 unknown indicator, 7701 unknown parameter, 7702 unfit value, 7703 too few bars, 7706 a column is missing, 7709 values
that do not go together.
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import numpy as np

from yunhai.kernel.errors import YunhaiError
from yunhai.market.indicators import errors, taiwan, talib_functions, vwap
from yunhai.market.indicators.columns import Columns, Floats
from yunhai.market.indicators.words import Indicator, Parameter, Request, Value, Values


@cache
def catalogue() -> Mapping[str, Indicator]:
    """Every indicator by its name: Taiwan's own first, then TA-Lib's in its order."""
    found = (*taiwan.indicators(), *vwap.indicators(), *talib_functions.indicators())
    by_name = {indicator.name: indicator for indicator in found}
    assert len(by_name) == len(found), "a name is used twice"
    return MappingProxyType(by_name)


def indicator(name: str) -> Indicator:
    """The indicator of this name, in capitals. Error: 7700."""
    found = catalogue().get(name)
    if found is None:
        raise YunhaiError(errors.UNKNOWN_INDICATOR, name=name)
    return found


def request(name: str, parameters: Mapping[str, object] | None = None) -> Request:
    """A request for this indicator; parameters not given have their defaults. Errors: 7700, 7701, 7702, 7709."""
    known = indicator(name)
    given = dict(parameters or {})
    settled = tuple((one.name, _settled(name, one, given.pop(one.name, one.default))) for one in known.parameters)
    if given:
        listed = ", ".join(one.name for one in known.parameters) or "–"
        raise YunhaiError(errors.UNKNOWN_PARAMETER, indicator=name, parameter=next(iter(given)), known=listed)
    made = Request(name, settled)
    known.lookback(made)
    return made


def _settled(name: str, parameter: Parameter, value: object) -> Value:
    if not parameter.fits(value):
        wanted, wanted_zh = parameter.wanted()
        raise YunhaiError(
            errors.BAD_PARAMETER,
            indicator=name,
            parameter=parameter.name,
            value=str(value),
            wanted=wanted,
            wanted_zh=wanted_zh,
        )
    assert isinstance(value, int | float | str)
    return float(value) if parameter.kind == "real" else value


def lookback(asked: Request) -> int:
    """Bars before the request's first value."""
    return indicator(asked.name).lookback(asked)


def compute(asked: Request, columns: Columns) -> Values:
    """The indicator over all of `columns`. Errors: 7703 fewer than lookback + 1 bars, 7706, 7709."""
    needed = lookback(asked) + 1
    if len(columns) < needed:
        raise YunhaiError(errors.TOO_FEW_BARS, indicator=asked.name, needed=needed, given=len(columns))
    return _computed(asked, columns)


def compute_or_missing(asked: Request, columns: Columns) -> Values:
    """The same, but too few bars give rows in which every value is missing: what a chart that begins shows."""
    if len(columns) > lookback(asked):
        return _computed(asked, columns)
    nothing = np.full(len(columns), np.nan)
    return Values(asked, MappingProxyType({output.name: nothing for output in indicator(asked.name).outputs}))


def _computed(asked: Request, columns: Columns) -> Values:
    known = indicator(asked.name)
    for column in known.needs(asked):
        if columns.source(column) is None:
            raise YunhaiError(errors.INPUT_MISSING, indicator=asked.name, input=column)
    rows = known.compute(asked, columns)
    named = zip(known.outputs, rows, strict=True)
    return Values(asked, MappingProxyType({output.name: _without_infinity(row) for output, row in named}))


def _without_infinity(row: Floats) -> Floats:
    row[np.isinf(row)] = np.nan
    return row
