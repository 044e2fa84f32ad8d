"""Bars K 線: what securities traded in spans of time, one second to one month, by one definition.

`spans` says where a span begins, `making` folds trades into bars and bars into wider ones (all at once, or as trades come:
the same rows), `journal` takes the trades of our own journal's days.
"""

from yunhai.market.bars.making import BAR, TICK, BarBuilder, coarser, folded, rows_of, ticks
from yunhai.market.bars.spans import BOARD_CLOCK, FUTURES_CLOCK, SPANS, SessionClock, Span, span_named

__all__ = [
    "BAR",
    "BOARD_CLOCK",
    "FUTURES_CLOCK",
    "SPANS",
    "TICK",
    "BarBuilder",
    "SessionClock",
    "Span",
    "coarser",
    "folded",
    "rows_of",
    "span_named",
    "ticks",
]
