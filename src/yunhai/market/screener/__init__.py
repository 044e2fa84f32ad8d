"""Screens 選股: all stocks held against conditions on price, indicators, revenue, institutional flows and margin.

`expressions` reads a screen (text or a JSON tree; never SQL), `universe` loads what it names from the lake as it was known at
the asked moment, `screening` evaluates it and says why each stock is in.
"""

from yunhai.market.screener.expressions import conditions, parse, parse_tree
from yunhai.market.screener.screening import Match, Reason, Screened, columns_named, screen, sides_of, top_conditions
from yunhai.market.screener.universe import NoBars, newest_session

__all__ = [
    "Match",
    "NoBars",
    "Reason",
    "Screened",
    "columns_named",
    "conditions",
    "newest_session",
    "parse",
    "parse_tree",
    "screen",
    "sides_of",
    "top_conditions",
]
