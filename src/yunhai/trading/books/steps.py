"""Names of the steps that close a market day and settle its trades, as `DayStep` facts carry them.

The steps of `STEPS` come in this order, each once; a step taken already is done nothing for. Settlement of a date may
come any day after, dates in order: `DayStep(date=<market date>, step=settled(<settlement date>))`.
"""

from typing import Final

CLOSED: Final = "closed"
"""The venue has finished: no event of the day follows."""
EXPIRED: Final = "expired"
"""Whatever is still open, at the exchange or waiting for a line, is released."""
DAY_TRADE_TAX: Final = "day_trade_tax"
"""The tax that day trades were charged too much is given back 當沖降稅."""

STEPS: Final = (CLOSED, EXPIRED, DAY_TRADE_TAX)

_SETTLED: Final = "settled:"


def settled(date: str) -> str:
    """The step that settles what is due on `date` (YYYY-MM-DD)."""
    return _SETTLED + date


def settlement_date(step: str) -> str | None:
    """The date a step settles; None if it is another step."""
    return step[len(_SETTLED) :] if step.startswith(_SETTLED) else None
