"""The expected series of Stock.Indicators for .NET (Skender) on its 502 bars."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

import numpy as np

from tools.indicator_peers.comparing import Compared, Ours, compared
from yunhai.market.indicators import Columns
from yunhai.market.indicators.columns import Floats
from yunhai.market.indicators.words import Value

PEER: Final = "Skender"
_DAY_NS: Final = 86_400_000_000_000


_TOGETHER: Final = (
    "TA-Lib begins both averages at the slow one's first bar, shown from the signal's on; Skender each at its own"
)
_FIRST: Final = "TA-Lib's averages begin one after the other, each with the mean of n values; Skender's all at once"
_FIRST_VALUE: Final = (
    "TA-Lib's averages begin with means of n values, one after the other; Skender's with their first value"
)
_NO_CHANGE: Final = "Skender writes 0 for the first bar, which has no bar before it"
_SUMS: Final = "TA-Lib's averages begin with the first value, Skender's with the mean of the first n"
_WITH_D: Final = "TA-Lib shows K only from where D begins"


def _our(
    name: str,
    output: str = "",
    /,
    *,
    shift: int = 0,
    mean: int = 1,
    marks: Literal["", "high", "low", "any"] = "",
    factor: float = 1.0,
    reason: str = "",
    **parameters: Value,
) -> Ours:
    return Ours(
        name=name,
        parameters=parameters,
        output=output,
        shift=shift,
        mean=mean,
        marks=marks,
        factor=factor,
        reason=reason,
    )


SERIES: Final[dict[str, Ours]] = {
    "adl.adl": _our("AD"),
    "alligator.jaw": _our("RMA", timeperiod=13, source="hl2", shift=8),
    "alligator.teeth": _our("RMA", timeperiod=8, source="hl2", shift=5),
    "alligator.lips": _our("RMA", timeperiod=5, source="hl2", shift=3),
    "atr-stop.atr": _our("ATR", timeperiod=21),
    "atr.tr": _our("TRANGE"),
    "atr.atr": _our("ATR", timeperiod=14),
    "atr.atrp": _our("NATR", timeperiod=14),
    "awesome.oscillator": _our("AO"),
    "barpart.value": _our("SMA", timeperiod=1),
    "bb.sma": _our("SMA", timeperiod=20),
    "bb.upperBand": _our("BBANDS", "upperband", timeperiod=20),
    "bb.lowerBand": _our("BBANDS", "lowerband", timeperiod=20),
    "beta.returnsEval": _our("ROCP", timeperiod=1, source="other", reason=_NO_CHANGE),
    "beta.returnsMrkt": _our("ROCP", timeperiod=1, source="close", reason=_NO_CHANGE),
    "beta.beta": _our("BETA", timeperiod=50, source0="close", source1="other"),
    "bop.bop": _our("BOP", mean=14),
    "cci.cci": _our("CCI", timeperiod=20),
    "chaikin-osc.adl": _our("AD"),
    "chaikin-osc.oscillator": _our("ADOSC", reason=_SUMS),
    "cmo.cmo": _our("CMOU", timeperiod=14),
    "corr.varianceA": _our("VAR", timeperiod=20, source="other"),
    "corr.varianceB": _our("VAR", timeperiod=20, source="close"),
    "corr.correlation": _our("CORREL", timeperiod=20, source0="close", source1="other"),
    "crsi.rsi": _our("RSI", timeperiod=3),
    "dema.dema": _our("DEMA", timeperiod=14, reason=_FIRST),
    "doji.match": _our(
        "CDLDOJI",
        marks="any",
        reason="TA-Lib: a body of at most a tenth of the mean range of ten bars; Skender: of at most 0.1 % of the price",
    ),
    "marubozu.match": _our(
        "CDLMARUBOZU",
        marks="any",
        reason="TA-Lib: a long body, shadows below a tenth of the mean range; Skender: a body of 95 % of the bar's range",
    ),
    "donchian.upperBand": _our("DONCHIAN", "upperband", timeperiod=20, shift=1),
    "donchian.centerline": _our("DONCHIAN", "middleband", timeperiod=20, shift=1),
    "donchian.lowerBand": _our("DONCHIAN", "lowerband", timeperiod=20, shift=1),
    "dpo.sma": _our("SMA", timeperiod=14, shift=-8),
    "dpo.dpo": _our("DPO", timeperiod=14, shift=-8),
    "elder-ray.ema": _our("EMA", timeperiod=13),
    "elder-ray.bullPower": _our("ERI", "bullpower", timeperiod=13),
    "elder-ray.bearPower": _our("ERI", "bearpower", timeperiod=13),
    "ema.ema": _our("EMA", timeperiod=20),
    "epma.epma": _our("LINEARREG", timeperiod=10),
    "force.forceIndex": _our("EFI", timeperiod=2),
    "fractal.fractalBear": _our("FRACTAL", "swinghigh", leftbars=2, rightbars=2, shift=-2, marks="high"),
    "fractal.fractalBull": _our("FRACTAL", "swinglow", leftbars=2, rightbars=2, shift=-2, marks="low"),
    "heikinashi.open": _our("HA", "haopen"),
    "heikinashi.high": _our("HA", "hahigh"),
    "heikinashi.low": _our("HA", "halow"),
    "heikinashi.close": _our("HA", "haclose"),
    "heikinashi.volume": _our("SMA", timeperiod=1, source="volume"),
    "hma.hma": _our("HMA", timeperiod=14),
    "htl.smoothPrice": _our("WMA", timeperiod=4, source="hl2"),
    "htl.trendline": _our(
        "HT_TRENDLINE",
        source="hl2",
        reason="Skender begins at the first bar, TA-Lib waits for 63 and lets the beginning fade",
    ),
    "htl.dcPeriods": _our(
        "HT_DCPERIOD",
        source="hl2",
        reason="Skender rounds it to whole bars, and begins at the eighth bar where TA-Lib waits for 32",
    ),
    "ma-env.centerline": _our("SMA", timeperiod=20),
    "ma-env.upperEnvelope": _our("SMA", timeperiod=20, factor=1.025),
    "ma-env.lowerEnvelope": _our("SMA", timeperiod=20, factor=0.975),
    "macd.macd": _our("MACD", "macd", reason=_TOGETHER),
    "macd.signal": _our("MACD", "macdsignal", reason=_TOGETHER),
    "macd.histogram": _our("MACD", "macdhist", reason=_TOGETHER),
    "macd.fastEma": _our("EMA", timeperiod=12),
    "macd.slowEma": _our("EMA", timeperiod=26),
    "mfi.mfi": _our("MFI", timeperiod=14),
    "obv.obv": _our(
        "OBV", reason="TA-Lib begins with the first bar's volume, Skender with zero: always the same distance"
    ),
    "prs.prs": _our("DIV", source0="other", source1="close"),
    "pvo.pvo": _our("PVO"),
    "roc-wb.roc": _our("ROC", timeperiod=20),
    "roc.momentum": _our("MOM", timeperiod=14),
    "roc.roc": _our("ROC", timeperiod=14),
    "rsi.rsi": _our("RSI", timeperiod=14),
    "slope.slope": _our("LINEARREG_SLOPE", timeperiod=14),
    "slope.intercept": _our(
        "LINEARREG_INTERCEPT",
        timeperiod=14,
        reason="TA-Lib: at the window's first bar; Skender: at the first bar of all",
    ),
    "slope.stdDev": _our("STDDEV", timeperiod=14),
    "sma-analysis.sma": _our("SMA", timeperiod=20),
    "sma-analysis.mad": _our("AVGDEV", timeperiod=20),
    "sma.sma": _our("SMA", timeperiod=20),
    "smi.smi": _our("SMI", "smi", timeperiod=13, fastperiod=2, slowperiod=25, signalperiod=3, reason=_FIRST_VALUE),
    "smi.signal": _our(
        "SMI", "smisignal", timeperiod=13, fastperiod=2, slowperiod=25, signalperiod=3, reason=_FIRST_VALUE
    ),
    "smma.smma": _our("RMA", timeperiod=20),
    "starc.centerline": _our("SMA", timeperiod=5),
    "stdev.stdDev": _our("STDDEV", timeperiod=14),
    "stdev.mean": _our("SMA", timeperiod=14),
    "stoch.oscillator": _our("KDJ", "k", fastk_period=14, slowk_matype="SMA", slowd_matype="SMA", reason=_WITH_D),
    "stoch.signal": _our("STOCH", "slowd", fastk_period=14),
    "stoch.percentJ": _our("KDJ", "j", fastk_period=14, slowk_matype="SMA", slowd_matype="SMA"),
    "stoch.k": _our("STOCH", "slowk", fastk_period=14, slowk_period=3, slowd_period=3, reason=_WITH_D),
    "stoch.d": _our("STOCH", "slowd", fastk_period=14, slowk_period=3, slowd_period=3),
    "stoch.j": _our(
        "KDJ", "j", fastk_period=14, slowk_period=3, slowk_matype="SMA", slowd_period=3, slowd_matype="SMA"
    ),
    "t3.t3": _our("T3", timeperiod=5, reason=_FIRST_VALUE),
    "tema.tema": _our("TEMA", timeperiod=20, reason=_FIRST),
    "tr.tr": _our("TRANGE"),
    "trix.trix": _our("TRIX", timeperiod=14, reason=_FIRST),
    "tsi.tsi": _our("TSI"),
    "uo.ultimate": _our("ULTOSC"),
    "vwap.vwap": _our("VWAP"),
    "vwma.vwma": _our("VWMA", timeperiod=14),
    "willr.williamsR": _our("WILLR", timeperiod=14),
    "wma.wma": _our("WMA", timeperiod=14),
}
"""What of ours stands for which of their series."""


def bars(folder: Path) -> Columns:
    """Their default quotes, with the closes of their second series as `other`."""
    rows = list(csv.DictReader((folder / "quotes/default.csv").open(encoding="utf-8-sig")))
    second = list(csv.DictReader((folder / "quotes/compare.csv").open(encoding="utf-8-sig")))
    row = {name: np.array([float(one[name]) for one in rows]) for name in ("open", "high", "low", "close", "volume")}
    other = np.array([float(one["close"]) for one in second])
    days = np.array([one["date"] for one in rows], "datetime64[D]").astype(np.int64)
    return Columns(start_ns=days * _DAY_NS, **row, other=other if len(other) == len(rows) else None)


def comparisons(folder: Path) -> Iterator[Compared]:
    """Every series of every file of results, those of numbers bar by bar first of all."""
    columns = bars(folder)
    for file in sorted((folder / "results").glob("*.json")):
        rows = json.loads(file.read_text(encoding="utf-8"))
        for key in (key for key in rows[0] if key != "timestamp"):
            case = f"{file.name.partition('.')[0]}.{key}"
            ours = SERIES.get(case)
            if ours is None or len(rows) != len(columns):
                yield Compared(peer=PEER, case=case, ours=None)
            else:
                yield compared(PEER, case, ours, columns, _row([one.get(key) for one in rows]))


def _row(values: list[float | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], float)
