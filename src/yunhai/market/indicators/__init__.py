"""Technical indicators by name over bars: one registry, one batch function, one live object that equals it.

A number here is binary64; money elsewhere is whole. See `words` for what an indicator promises, and
docs/reference/indicators.md for all of them with the peers that each equals.
"""

from yunhai.market.indicators.columns import Candle, Columns, columns_of_candles, columns_of_integers
from yunhai.market.indicators.live import LiveIndicators
from yunhai.market.indicators.registry import catalogue, compute, compute_or_missing, indicator, lookback, request
from yunhai.market.indicators.words import Indicator, Output, Parameter, Request, Values

__all__ = [
    "Candle",
    "Columns",
    "Indicator",
    "LiveIndicators",
    "Output",
    "Parameter",
    "Request",
    "Values",
    "catalogue",
    "columns_of_candles",
    "columns_of_integers",
    "compute",
    "compute_or_missing",
    "indicator",
    "lookback",
    "request",
]
