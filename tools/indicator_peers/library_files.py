"""TA-Lib's own results in files: every function by its defaults, on twelve or fewer stocks (ten significant digits)."""

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from tools.indicator_peers.comparing import Compared, Ours, compared
from yunhai.market.indicators import Columns, lookback, request
from yunhai.market.indicators.columns import Floats

PEER: Final = "TA-Lib"
_DAY_NS: Final = 86_400_000_000_000
_MAVP_PERIOD: Final = 14.0
"""The constant period with which the files' MAVP was run."""
_PRICES: Final = ("open", "high", "low", "close", "volume")


_ALL_THREE: Final = "ours begins where all three lines of DMI are there"
ALSO: Final = {
    "PLUS_DI.real": Ours(name="DMI", parameters={}, output="plus_di", reason=_ALL_THREE),
    "MINUS_DI.real": Ours(name="DMI", parameters={}, output="minus_di", reason=_ALL_THREE),
    "ADX.real": Ours(name="DMI", parameters={}, output="adx"),
    "VWAP.real": Ours(name="VWAP_ANCHORED", parameters={}),
}
"""Our own indicators that stand on one of TA-Lib's."""


def files(folder: Path) -> list[Path]:
    """The files of results."""
    return sorted(folder.glob("*bars.csv.gz"))


def comparisons(file: Path) -> Iterator[Compared]:
    """Every series of a file; a whole-number output's zeros before the lookback are TA-Lib's way of writing missing."""
    with gzip.open(file, "rt", encoding="utf-8", newline="") as text:
        names, *rows = csv.reader(text)
    series = dict(zip(names, zip(*rows, strict=True), strict=True))
    columns = bars(series)
    for case in names[1 + len(_PRICES) :]:
        name, _, output = case.partition(".")
        ours = Ours(name=name, parameters={}, output=output)
        theirs = _row(series[case])
        if _whole(output):
            before = theirs[: lookback(request(name))]
            assert not np.nan_to_num(before).any(), f"{case}: a value before the lookback"
            theirs[: len(before)] = np.nan
        shown = f"{file.name.partition('.')[0]} {case}"
        yield compared(PEER, shown, ours, columns, theirs, both_ways=True)
        if case in ALSO:
            yield compared(PEER, shown, ALSO[case], columns, theirs)


def bars(series: dict[str, tuple[str, ...]]) -> Columns:
    """The bars that stand in a file's first columns."""
    days = np.array(series["date"], "datetime64[D]").astype(np.int64)
    prices = {name: _row(series[name]) for name in _PRICES}
    return Columns(start_ns=days * _DAY_NS, **prices, other=np.full(len(days), _MAVP_PERIOD))


def _whole(output: str) -> bool:
    """Whether TA-Lib counts this output in whole numbers."""
    return output in ("integer", "minidx", "maxidx", "trend", "swinghigh", "swinglow")


def _row(texts: tuple[str, ...]) -> Floats:
    row = np.array([float(text) if text else np.nan for text in texts])
    row[np.isinf(row)] = np.nan
    return row
