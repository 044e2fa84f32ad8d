"""Indicators that follow a chart: bars one by one, the unfinished last one replaced as often as it changes.

After every bar the indicators are computed anew over all loaded bars, by the very function that computes history: a live
value is the batch value over the same bars, bit by bit. That is cheap (microseconds for a few hundred bars) and leaves
nothing to go wrong; what it cannot hide is that a recursive average depends on where the loaded bars begin. Load more bars
before the ones that are shown (the reference page says how many let the beginning fade), and load the same ones where two
charts are to agree.

No value changes because a later bar came, so that a chart need only redraw its last point.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import INDICATORS_A_CHART_MAX
from yunhai.market.indicators import errors
from yunhai.market.indicators.columns import Candle, Columns
from yunhai.market.indicators.registry import compute_or_missing
from yunhai.market.indicators.words import Request, Values

_NAMES: Final = tuple(field.name for field in fields(Columns))
_ROOM_AT_FIRST: Final = 256


class LiveIndicators:
    """The loaded bars of one chart and the indicators drawn over them."""

    def __init__(self, columns: Columns, requests: Iterable[Request] = ()) -> None:
        """Begin with the bars of `columns` (its optional columns decide which ones later bars must bring). Errors: 7706, 7708."""
        self._count = len(columns)
        self._rows: dict[str, NDArray[Any]] = {}
        for name in _NAMES:
            column = getattr(columns, name)
            if column is not None:
                room = np.empty(max(_ROOM_AT_FIRST, 2 * len(columns)), column.dtype)
                room[: len(columns)] = column
                self._rows[name] = room
        self._requests: dict[Request, None] = {}
        self._values: dict[Request, Values] = {}
        for request in requests:
            self.add(request)

    def __len__(self) -> int:
        return self._count

    def add(self, request: Request) -> Values:
        """Draw one more indicator; its values over the loaded bars. Errors: 7706 a column is missing, 7708 too many."""
        if request not in self._requests and len(self._requests) >= INDICATORS_A_CHART_MAX:
            given = len(self._requests) + 1
            raise YunhaiError(errors.TOO_MANY_INDICATORS, most=INDICATORS_A_CHART_MAX, given=given)
        values = compute_or_missing(request, self.columns())
        self._requests[request] = None
        self._values[request] = values
        return values

    def remove(self, request: Request) -> None:
        """Draw it no more."""
        self._requests.pop(request, None)
        self._values.pop(request, None)

    def put(self, candle: Candle) -> Mapping[Request, tuple[float, ...]]:
        """Take a bar: one of the last bar's time replaces it, a later one follows it. Every indicator's outputs at this bar.

        Errors, and then nothing has changed: 7707 earlier than the last bar, 7704 the chart is full, 7705 the bar is unfit,
        7706 an optional column is missing from it."""
        columns = self._with(candle)
        values = {request: compute_or_missing(request, columns) for request in self._requests}
        count = len(columns)
        if count > len(self._rows["start_ns"]):
            self._rows = {name: np.concatenate((row, np.empty_like(row))) for name, row in self._rows.items()}
        for name, row in self._rows.items():
            row[count - 1] = getattr(candle, name)
        self._count, self._values = count, values
        return {request: found.last() for request, found in values.items()}

    def _with(self, candle: Candle) -> Columns:
        """A copy of the bars, with this one."""
        last = int(self._rows["start_ns"][self._count - 1]) if self._count else None
        if last is not None and candle.start_ns < last:
            raise YunhaiError(errors.BAR_OUT_OF_ORDER, start_ns=candle.start_ns, last_ns=last)
        kept = self._count - (candle.start_ns == last)
        copies = {}
        for name, row in self._rows.items():
            value = getattr(candle, name)
            if value is None:
                raise YunhaiError(errors.INPUT_MISSING, indicator="live", input=name)
            copies[name] = np.append(row[:kept], np.array([value], row.dtype))
        return Columns(**copies)

    def columns(self) -> Columns:
        """A copy of the loaded bars."""
        copies = {name: row[: self._count].copy() for name, row in self._rows.items()}
        return Columns(**copies)

    def values(self, request: Request) -> Values:
        """All values of a drawn indicator over the loaded bars. KeyError if it is not drawn."""
        return self._values[request]
