"""Ex-right steps 除權息 taken out of prices, when they are read.

On an ex-date the exchange lowers the reference price from the close before by what the right or dividend is worth. The step's
factor is reference ÷ close before. *Backward* (還原, the newest price is raw) multiplies every price before the date by it;
*forward* (the oldest price is raw) divides every price from the date on. Only events known at the asked moment count, so a
question about the past sees the prices as they were adjusted then.

Computed in binary64 and rounded to 1/10,000 NT$; volumes and values stay as they were traded.
"""

from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from yunhai.kernel.clock import DAY, TAIPEI_OFFSET

Adjust = Literal["raw", "backward", "forward"]
ADJUSTMENTS: Final = ("raw", "backward", "forward")
PRICES: Final = ("open", "high", "low", "close")


def factors(
    start_ns: NDArray[np.int64],
    ex_ns: NDArray[np.int64],
    close_before: NDArray[np.int64],
    reference: NDArray[np.int64],
    how: Adjust,
    *,
    offset: int = TAIPEI_OFFSET,
) -> NDArray[np.float64]:
    """What each row's price is multiplied by. Events without both prices, or below 0, do nothing."""
    good = (close_before > 0) & (reference > 0)
    order = np.argsort(ex_ns[good], kind="stable")
    ex_day = (ex_ns[good][order] + offset) // DAY
    step = reference[good][order] / close_before[good][order]
    day = (start_ns + offset) // DAY
    passed = np.searchsorted(ex_day, day, side="right")
    before = np.concatenate([[1.0], np.cumprod(step)])
    if how == "backward":
        return np.asarray(before[-1] / before[passed], np.float64)
    if how == "forward":
        return np.asarray(1.0 / before[passed], np.float64)
    return np.ones(len(start_ns))


def adjusted(rows: NDArray[Any], factor: NDArray[np.float64]) -> NDArray[Any]:
    """The rows with their prices multiplied and rounded."""
    made = rows.copy()
    for name in PRICES:
        made[name] = np.rint(rows[name] * factor).astype(np.int64)
    return made
