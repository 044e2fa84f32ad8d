"""A Taiwanese project's own indicators of twenty stocks, 2024-07 to 2026-08: a peer, not an oracle."""

import csv
import dataclasses
import gzip
import math
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from tools.indicator_peers.comparing import Compared, Ours, compared
from yunhai.market.indicators import Columns
from yunhai.market.indicators.columns import Floats

PEER: Final = "tw_stock_db"
_DAY_NS: Final = 86_400_000_000_000
_PRICES: Final = ("open", "high", "low", "close", "volume")
_SAMPLE: Final = "tw_indicators_sample20_2024-07_2026-08.csv.gz"
_BARS: Final = "tw_all_daily_ohlcv_2024-07_2026-08.csv.gz"

_N_LESS_ONE: Final = math.sqrt(20 / 19)
_FROM_FIFTY: Final = "the project writes 50 before the first RSV, where ours is missing; equal from the ninth bar on"
_FIRST_VALUE: Final = "the project's exponential averages begin with the first value, ours with the mean of the first n"
_RSI: Final = (
    "the project's averages begin with the first change (50 before it), ours with the mean of the first n changes"
)
_SAMPLE_DEVIATION: Final = "the project divides by n − 1; ours, as TA-Lib and Skender do, by n"
REASONS: Final = {
    "kd_k": _FROM_FIFTY,
    "kd_d": _FROM_FIFTY,
    "macd_dif": _FIRST_VALUE,
    "macd_macd": _FIRST_VALUE,
    "macd_osc": _FIRST_VALUE,
    "rsi6": _RSI,
    "rsi12": _RSI,
    "bb_upper": _SAMPLE_DEVIATION,
    "bb_lower": _SAMPLE_DEVIATION,
}
ADJUSTED: Final = ("0050", "5347")
"""Stocks whose prices the project had adjusted to fractions of a cent; its bars print them rounded, so that inputs differ."""
_INPUTS_DIFFER: Final = "its bars of this stock are adjusted prices, printed rounded: the inputs differ"

SERIES: Final[dict[str, Ours]] = {
    "ma5": Ours(name="SMA", parameters={"timeperiod": 5}),
    "ma10": Ours(name="SMA", parameters={"timeperiod": 10}),
    "ma20": Ours(name="SMA", parameters={"timeperiod": 20}),
    "ma60": Ours(name="SMA", parameters={"timeperiod": 60}),
    "vol_ma5": Ours(name="SMA", parameters={"timeperiod": 5, "source": "volume"}),
    "kd_k": Ours(name="KD", parameters={}, output="k"),
    "kd_d": Ours(name="KD", parameters={}, output="d"),
    "macd_dif": Ours(name="MACD", parameters={}, output="macd"),
    "macd_macd": Ours(name="MACD", parameters={}, output="macdsignal"),
    "macd_osc": Ours(name="MACD", parameters={}, output="macdhist"),
    "rsi6": Ours(name="RSI", parameters={"timeperiod": 6}),
    "rsi12": Ours(name="RSI", parameters={"timeperiod": 12}),
    "bb_upper": Ours(name="BBANDS", parameters={}, output="upperband"),
    "bb_mid": Ours(name="BBANDS", parameters={}, output="middleband"),
    "bb_lower": Ours(name="BBANDS", parameters={}, output="lowerband"),
    "bb_upper (n − 1)": Ours(name="BBANDS", parameters={"nbdevup": 2 * _N_LESS_ONE}, output="upperband"),
    "bb_lower (n − 1)": Ours(name="BBANDS", parameters={"nbdevdn": 2 * _N_LESS_ONE}, output="lowerband"),
    "bias20": Ours(name="BIAS", parameters={"timeperiod": 20}),
}


def rounded(case: str) -> bool:
    """Whether a case's bars are not the ones it was computed from."""
    return case.startswith(ADJUSTED)


@lru_cache(maxsize=1)
def rows(folder: Path) -> dict[str, tuple[Columns, dict[str, Floats]]]:
    """Each stock's bars and the project's series over them."""
    with gzip.open(folder / _SAMPLE, "rt", encoding="utf-8", newline="") as text:
        sample: dict[str, list[dict[str, str]]] = {}
        for row in csv.DictReader(text):
            sample.setdefault(row["stock_code"], []).append(row)
    bars = _bars(folder, set(sample))
    found = {}
    for code, own in sample.items():
        days = np.array([row["trade_date"] for row in own], "datetime64[D]").astype(np.int64) * _DAY_NS
        assert np.array_equal(days, bars[code].start_ns), code
        names = {case.partition(" ")[0] for case in SERIES}
        found[code] = bars[code], {name: _values([row[name] for row in own]) for name in names}
    return found


def _values(texts: list[str]) -> Floats:
    return np.array([float(text) if text else np.nan for text in texts])


def comparisons(folder: Path) -> Iterator[Compared]:
    """Every series of every stock."""
    for code, (columns, theirs) in rows(folder).items():
        for case, ours in SERIES.items():
            reason = REASONS.get(case, "")
            if code in ADJUSTED and case != "vol_ma5":
                reason = f"{reason}; {_INPUTS_DIFFER}" if reason else _INPUTS_DIFFER
            excused = dataclasses.replace(ours, reason=reason)
            yield compared(PEER, f"{code} {case}", excused, columns, theirs[case.partition(" ")[0]])


def _bars(folder: Path, codes: set[str]) -> dict[str, Columns]:
    lines: dict[str, list[list[str]]] = {code: [] for code in codes}
    with gzip.open(folder / _BARS, "rt", encoding="utf-8", newline="") as text:
        for line in text:
            code, _, rest = line.partition(",")
            if code in lines:
                lines[code].append(rest.rstrip().split(","))
    return {code: _columns(sorted(own)) for code, own in lines.items()}


def _columns(own: list[list[str]]) -> Columns:
    days, *prices = zip(*own, strict=True)
    named: dict[str, Floats] = {
        name: _single([float(value) for value in column]) for name, column in zip(_PRICES, prices, strict=True)
    }
    named["volume"] = np.array([float(value) for value in prices[-1]])
    return Columns(start_ns=np.array(days, "datetime64[D]").astype(np.int64) * _DAY_NS, **named)


def _single(prices: list[float]) -> Floats:
    """The numbers that the project computed with: binary32, which its bars print rounded to 0.01."""
    return np.array(prices, np.float32).astype(np.float64)
