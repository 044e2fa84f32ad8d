"""The indicators that Taiwan's screens have and TA-Lib has not, or has in another way.

**KD** (9, 3, 3): the raw stochastic value 未成熟隨機值 RSV places the close within the range of the last nine bars, in
percent. Then K = 2/3 of the bar before's K + 1/3 RSV, D = 2/3 of the bar before's D + 1/3 K, both beginning at 50 before the
first RSV: the ninth bar is the first to have a value. Where the nine bars have no range (locked at one price), the close has
no place in it and RSV repeats the last known one, 50 if there is none. J = 3 K − 2 D. TA-Lib's STOCH smooths by simple
averages and its KDJ begins with an average of the first three RSVs instead: both are offered under their names.

**BIAS** 乖離率: the close's distance from its simple average, in percent of the average.
**PSY** 心理線: bars of the last n that closed above the bar before, in percent. An unchanged close is no rise.
**DMI** 趨向指標: +DI, −DI and ADX of one period together, each TA-Lib's, from the first bar that has all three.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
import talib

from yunhai.kernel.limits import INDICATOR_PERIOD_MAX
from yunhai.market.indicators.columns import SOURCES, Columns, Floats
from yunhai.market.indicators.words import Indicator, Output, Parameter, Request

KD_INITIAL: Final = 50.0
"""K, D and RSV before there is any."""


def indicators() -> Iterator[Indicator]:
    """KD, BIAS, PSY, DMI."""
    yield Indicator(
        name="KD",
        zh="KD 隨機指標",
        en="Stochastic KD as Taiwan computes it",
        group="Momentum Indicators",
        maker="Yunhai",
        parameters=(_period("fastk_period", 9, 2), _period("slowk_period", 3), _period("slowd_period", 3)),
        inputs=("high", "low", "close"),
        outputs=(_line("k", "K"), _line("d", "D"), _line("j", "J")),
        starts="fading",
        lookback=lambda request: request.integer("fastk_period") - 1,
        compute=_kd,
    )
    yield Indicator(
        name="BIAS",
        zh="乖離率",
        en="Bias from the moving average",
        group="Momentum Indicators",
        maker="Yunhai",
        parameters=(_period("timeperiod", 6, 2), _source()),
        inputs=(),
        outputs=(_line("real", "乖離率"),),
        starts="window",
        lookback=lambda request: request.integer("timeperiod") - 1,
        compute=_bias,
        gaps="where the average is zero",
        gaps_zh="平均為零之處",
    )
    yield Indicator(
        name="PSY",
        zh="心理線",
        en="Psychological line",
        group="Momentum Indicators",
        maker="Yunhai",
        parameters=(_period("timeperiod", 12), _source()),
        inputs=(),
        outputs=(_line("real", "心理線"),),
        starts="window",
        lookback=lambda request: request.integer("timeperiod"),
        compute=_psy,
    )
    yield Indicator(
        name="DMI",
        zh="趨向指標",
        en="Directional movement: +DI, −DI, ADX",
        group="Momentum Indicators",
        maker="Yunhai",
        parameters=(_period("timeperiod", 14, 2),),
        inputs=("high", "low", "close"),
        outputs=(_line("plus_di", "+DI"), _line("minus_di", "−DI"), _line("adx", "ADX")),
        starts="fading",
        lookback=lambda request: 2 * request.integer("timeperiod") - 1,
        compute=_dmi,
    )


def _period(name: str, default: int, lowest: int = 1) -> Parameter:
    return Parameter(name=name, kind="int", default=default, lowest=lowest, highest=INDICATOR_PERIOD_MAX)


def _source() -> Parameter:
    return Parameter(name="source", kind="choice", default="close", choices=SOURCES)


def _line(name: str, zh: str) -> Output:
    return Output(name=name, zh=zh, pane="own", style="line")


def _of(columns: Columns, request: Request) -> Floats:
    source = columns.source(request.text("source"))
    assert source is not None, "the registry has looked"
    return source


def _kd(request: Request, columns: Columns) -> tuple[Floats, ...]:
    rsv = raw_stochastic_value(columns, request.integer("fastk_period"))
    lookback = request.integer("fastk_period") - 1
    k = _smoothed(rsv[lookback:], request.integer("slowk_period"))
    d = _smoothed(k, request.integer("slowd_period"))
    before = np.full(lookback, np.nan)
    return tuple(np.concatenate((before, row)) for row in (k, d, 3 * k - 2 * d))


def raw_stochastic_value(columns: Columns, period: int) -> Floats:
    """RSV in percent; NaN in the first `period` − 1 bars, the last known value where the bars have no range."""
    lowest = talib.MIN(columns.low, period)
    spread = talib.MAX(columns.high, period) - lowest
    ranged = spread != 0  # true also before the lookback, where it is NaN
    with np.errstate(divide="ignore", invalid="ignore"):
        rsv: Floats = (columns.close - lowest) / spread * 100
    last_known = np.maximum.accumulate(np.where(ranged & ~np.isnan(rsv), np.arange(len(rsv)), -1))
    flat = ~ranged
    rsv[flat] = np.where(last_known[flat] < 0, KD_INITIAL, rsv[np.maximum(last_known[flat], 0)])
    return rsv


def _smoothed(row: Floats, period: int) -> Floats:
    """Each value: (period − 1)/period of the one before and 1/period of the row's, beginning at 50.

    It is TA-Lib's Wilder average of the row with 50 set before it `period` times, which makes its first average 50."""
    if period == 1:
        return row
    averaged: Floats = talib.RMA(np.concatenate((np.full(period, KD_INITIAL), row)), period)
    return averaged[period:]


def _bias(request: Request, columns: Columns) -> tuple[Floats, ...]:
    source = _of(columns, request)
    average = talib.SMA(source, request.integer("timeperiod"))
    with np.errstate(divide="ignore", invalid="ignore"):
        return ((source - average) / average * 100,)


def _psy(request: Request, columns: Columns) -> tuple[Floats, ...]:
    source, period = _of(columns, request), request.integer("timeperiod")
    risen = np.concatenate(([0], np.cumsum(source[1:] > source[:-1])))
    result = np.full(len(source), np.nan)
    result[period:] = (risen[period:] - risen[:-period]) * 100 / period
    return (result,)


def _dmi(request: Request, columns: Columns) -> tuple[Floats, ...]:
    period = request.integer("timeperiod")
    prices = (columns.high, columns.low, columns.close)
    rows = (talib.PLUS_DI(*prices, period), talib.MINUS_DI(*prices, period), talib.ADX(*prices, period))
    for row in rows:
        row[: 2 * period - 1] = np.nan
    return rows
