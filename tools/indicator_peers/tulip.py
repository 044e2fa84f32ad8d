"""The test cases of Tulip Indicators: `untest.txt`, `atoz.txt` (from a book), `extra.txt`, and the marks of `candles.txt`.

A block is a line with a function and its options, rows of inputs, rows of results, which end with the inputs and begin later. The
results are printed with few digits, rounded in one place and cut off in another: ours may be off by one unit of the last digit
(or by 1e-8, the larger), and by no more.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from tools.indicator_peers.comparing import LIMIT, Compared, Ours, compared
from yunhai.market import alerts
from yunhai.market.indicators import Columns
from yunhai.market.indicators.words import Value

PEER: Final = "Tulip"
FILES: Final = ("untest", "atoz", "extra")
_BINARY_NOISE: Final = 12
_ROUNDED: Final = 4
_DAY_NS: Final = 86_400_000_000_000

_INPUTS: Final = {
    "h": "high",
    "l": "low",
    "c": "close",
    "o": "open",
    "v": "volume",
    "x": "other",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One test case: the rows as their texts."""

    name: str
    options: tuple[float, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function of theirs: its inputs by letter (`_INPUTS`), ours by result, our names of its options in their order."""

    inputs: str
    ours: tuple[Ours, ...]
    options: tuple[str, ...] = ()


def _function(
    inputs: str, name: str, outputs: str = "", options: str = "", *, factor: float = 1.0, **fixed: Value
) -> Function:
    ours = tuple(
        Ours(name=name, parameters=fixed, output=output.strip("_"), factor=factor)
        for output in outputs.split() or ("",)
    )
    return Function(inputs=inputs, ours=ours, options=tuple(options.split()))


def _pair(inputs: str, names: tuple[str, str], options: str) -> Function:
    return Function(
        inputs=inputs, ours=tuple(Ours(name=name, parameters={}) for name in names), options=tuple(options.split())
    )


_N: Final = "timeperiod"
FUNCTIONS: Final[dict[str, Function]] = {
    "abands": _function("hlc", "ACCBANDS", "lowerband upperband middleband", _N),
    "acos": _function("c", "ACOS"),
    "ad": _function("hlcv", "AD"),
    "add": _function("cx", "ADD", source0="close", source1="other"),
    "adosc": _function("hlcv", "ADOSC", "", "fastperiod slowperiod"),
    "adx": _function("hl", "ADX", "", _N),
    "adxr": _function("hl", "ADXR", "", _N),
    "ao": _function("hl", "AO"),
    "apo": _function("c", "APO", "", "fastperiod slowperiod"),
    "aroon": _function("hl", "AROON", "aroondown aroonup", _N),
    "aroonosc": _function("hl", "AROONOSC", "", _N),
    "asin": _function("c", "ASIN"),
    "atan": _function("c", "ATAN"),
    "atr": _function("hlc", "ATR", "", _N),
    "avgprice": _function("ohlc", "AVGPRICE"),
    "bbands": _function("c", "BBANDS", "lowerband middleband upperband", f"{_N} nbdevup"),
    "bop": _function("ohlc", "BOP"),
    "cci": _function("hlc", "CCI", "", _N),
    "ceil": _function("c", "CEIL"),
    "cmf": _function("hlcv", "CMF", "", _N),
    "cmo": _function("c", "CMOU", "", _N),
    "cos": _function("c", "COS"),
    "cosh": _function("c", "COSH"),
    "cvi": _function("hl", "CVI", "", f"{_N} rocperiod"),
    "dema": _function("c", "DEMA", "", _N),
    "di": _pair("hlc", ("PLUS_DI", "MINUS_DI"), _N),
    "div": _function("cx", "DIV", source0="close", source1="other"),
    "dm": _pair("hl", ("PLUS_DM", "MINUS_DM"), _N),
    "dpo": _function("c", "DPO", "", _N),
    "dx": _function("hl", "DX", "", _N),
    "ema": _function("c", "EMA", "", _N),
    "exp": _function("c", "EXP"),
    "floor": _function("c", "FLOOR"),
    "fosc": _function("c", "FOSC", "", _N),
    "hma": _function("c", "HMA", "", _N),
    "kama": _function("c", "KAMA", "", _N),
    "linreg": _function("c", "LINEARREG", "", _N),
    "linregintercept": _function("c", "LINEARREG_INTERCEPT", "", _N),
    "linregslope": _function("c", "LINEARREG_SLOPE", "", _N),
    "ln": _function("c", "LN"),
    "log10": _function("c", "LOG10"),
    "macd": _function("c", "MACD", "macd macdsignal macdhist", "fastperiod slowperiod signalperiod"),
    "marketfi": _function("hlv", "MARKETFI"),
    "mass": _function("hl", "MASSI", "", "slowperiod"),
    "max": _function("c", "MAX", "", _N),
    "md": _function("c", "AVGDEV", "", _N),
    "medprice": _function("hl", "MEDPRICE"),
    "mfi": _function("hlcv", "MFI", "", _N),
    "min": _function("c", "MIN", "", _N),
    "mom": _function("c", "MOM", "", _N),
    "mul": _function("cx", "MULT", source0="close", source1="other"),
    "natr": _function("hlc", "NATR", "", _N),
    "nvi": _function("cv", "NVI"),
    "obv": _function("cv", "OBV"),
    "ppo": _function("c", "PPO", "", "fastperiod slowperiod"),
    "psar": _function("hl", "SAR", "", "acceleration maximum"),
    "pvi": _function("cv", "PVI"),
    "qstick": _function("oc", "QSTICK", "", _N),
    "roc": _function("c", "ROCP", "", _N),
    "rocr": _function("c", "ROCR", "", _N),
    "rsi": _function("c", "RSI", "", _N),
    "sin": _function("c", "SIN"),
    "sinh": _function("c", "SINH"),
    "sma": _function("c", "SMA", "", _N),
    "sqrt": _function("c", "SQRT"),
    "stddev": _function("c", "STDDEV", "", _N),
    "stoch": _function("hlc", "STOCH", "slowk slowd", "fastk_period slowk_period slowd_period"),
    "stochrsi": _function("c", "STOCHRSI", "fastk", f"{_N} fastk_period", fastd_period=1, factor=0.01),
    "sub": _function("cx", "SUB", source0="close", source1="other"),
    "sum": _function("c", "SUM", "", _N),
    "tan": _function("c", "TAN"),
    "tanh": _function("c", "TANH"),
    "tema": _function("c", "TEMA", "", _N),
    "tr": _function("hlc", "TRANGE"),
    "trima": _function("c", "TRIMA", "", _N),
    "trix": _function("c", "TRIX", "", _N),
    "tsf": _function("c", "TSF", "", _N),
    "typprice": _function("hlc", "TYPPRICE"),
    "ultosc": _function("hlc", "ULTOSC", "", "timeperiod1 timeperiod2 timeperiod3"),
    "var": _function("c", "VAR", "", _N),
    "vhf": _function("c", "VHF", "", _N),
    "vosc": _function("v", "PVO", "", "fastperiod slowperiod", matype="SMA"),
    "vwma": _function("cv", "VWMA", "", _N),
    "wad": _function("hlc", "WAD"),
    "wcprice": _function("hlc", "WCLPRICE"),
    "wilders": _function("c", "RMA", "", _N),
    "willr": _function("hlc", "WILLR", "", _N),
    "wma": _function("c", "WMA", "", _N),
    "zlema": _function("c", "ZLEMA", "", _N),
}
"""Theirs by name, with what of ours stands for each."""

_FIRST_VALUE: Final = (
    "TA-Lib's exponential averages begin with the mean of the first n values, Tulip's with the first value"
)
_FIRST_RANGE: Final = "Tulip counts the first bar's high − low as its true range, TA-Lib begins with the second bar"
REASONS: Final[dict[str, str]] = {
    **dict.fromkeys(("apo", "cvi", "dema", "ema", "macd", "mass", "ppo", "tema", "trix", "zlema"), _FIRST_VALUE),
    **dict.fromkeys(("atr", "natr", "tr"), _FIRST_RANGE),
    **dict.fromkeys(("di", "dx"), "Tulip's first value is of n − 1 changes, a bar before TA-Lib's first"),
    **dict.fromkeys(("adx", "adxr"), "Tulip's average of DX begins a bar earlier, and so with other values"),
    "atoz macd": f"{_FIRST_VALUE}, and for 12 and 26 its weights are the book's 0.15 and 0.075",
    "extra natr": f"{_FIRST_RANGE}; printed after hand rounding",
    "untest kama": "Tulip shows the price before the first average as a value",
    "extra kama": "Tulip shows the price before the first average as a value; later ones carry their hand rounding, below 4e-6",
    "extra cmo": "one value is printed 4e-4 off what its inputs give",
    "obv": "TA-Lib begins with the first bar's volume, Tulip with zero: always the same distance",
    "atoz psar": "until the first reversal: Tulip begins with the first bar's extreme, TA-Lib with the second's",
}
"""Why a function differs."""

CANDLES: Final = {
    "abandoned_baby_bear": ("CDLABANDONEDBABY", -1),
    "abandoned_baby_bull": ("CDLABANDONEDBABY", 1),
    "black_marubozu": ("CDLMARUBOZU", -1),
    "doji": ("CDLDOJI", 0),
    "dragonfly_doji": ("CDLDRAGONFLYDOJI", 0),
    "engulfing_bear": ("CDLENGULFING", -1),
    "engulfing_bull": ("CDLENGULFING", 1),
    "evening_doji_star": ("CDLEVENINGDOJISTAR", 0),
    "evening_star": ("CDLEVENINGSTAR", 0),
    "gravestone_doji": ("CDLGRAVESTONEDOJI", 0),
    "hammer": ("CDLHAMMER", 0),
    "hanging_man": ("CDLHANGINGMAN", 0),
    "inverted_hammer": ("CDLINVERTEDHAMMER", 0),
    "long_legged_doji": ("CDLLONGLEGGEDDOJI", 0),
    "marubozu": ("CDLMARUBOZU", 0),
    "morning_doji_star": ("CDLMORNINGDOJISTAR", 0),
    "morning_star": ("CDLMORNINGSTAR", 0),
    "spinning_top": ("CDLSPINNINGTOP", 0),
    "three_black_crows": ("CDL3BLACKCROWS", 0),
    "three_white_soldiers": ("CDL3WHITESOLDIERS", 0),
    "white_marubozu": ("CDLMARUBOZU", 1),
}
"""Their patterns that TA-Lib has a function for, and the sign of its mark (0: either)."""
_OTHER_PATTERN: Final = "another rule under the same name"


def blocks(file: Path) -> Iterator[Block]:
    """The test cases of a file, candles' apart."""
    name = ""
    options: tuple[float, ...] = ()
    rows: list[tuple[str, ...]] = []
    for line in [*file.read_text(encoding="utf-8").splitlines(), "end"]:
        line = line.strip()
        if line.startswith("{"):
            rows.append(tuple(text.strip() for text in line.strip("{}").split(",") if text.strip()))
        elif line and not line.startswith("#"):
            if name:
                yield Block(name=name, options=options, rows=tuple(rows))
            name, *given = line.split()
            options, rows = tuple(float(text) for text in given), []


def comparisons(folder: Path) -> Iterator[Compared]:
    """Every result of every block."""
    yield from _crossings(folder)
    yield from _candles(folder)
    for file in FILES:
        counts: dict[str, int] = {}
        for block in blocks(folder / f"{file}.txt"):
            counts[block.name] = counts.get(block.name, 0) + 1
            case = f"{file} {block.name}" + (f" {counts[block.name]}" if counts[block.name] > 1 else "")
            if block.name not in _CROSSINGS:
                yield from _of_block(case, block)


_CROSSINGS: Final[dict[str, tuple[Literal["above", "below"], ...]]] = {
    "crossany": ("above", "below"),
    "crossover": ("above",),
}


def _crossings(folder: Path) -> Iterator[Compared]:
    """Where one series crosses another, beside our condition's firings."""
    for file in FILES:
        cases = [block for block in blocks(folder / f"{file}.txt") if block.name in _CROSSINGS]
        for number, block in enumerate(cases, 1):
            columns = _columns("cx", block.rows[:2])
            crossed = np.zeros(len(columns))
            for direction in _CROSSINGS[block.name]:
                for firing in alerts.firings(alerts.Crosses(alerts.Price(), alerts.Price("other"), direction), columns):
                    crossed[firing.start_ns // _DAY_NS] = 1
            theirs = np.array([float(text) for text in block.rows[2]])
            apart = np.abs(crossed[len(columns) - len(theirs) :] - theirs)
            name = f"alerts.Crosses({' or '.join(_CROSSINGS[block.name])})"
            yield Compared(
                peer=PEER,
                case=f"{file} {block.name} {number}",
                ours=Ours(name=name, parameters={}),
                values=len(theirs),
                beyond=int((apart > 0).sum()),
                worst=float(apart.max()),
            )


def _candles(folder: Path) -> Iterator[Compared]:
    """Every pattern of `candles.txt`: the bars that the case says are, or are not, one, and what TA-Lib says of them."""
    said: dict[str, list[bool]] = {}
    rows: list[tuple[str, ...]] = []
    for line in (folder / "candles.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("candle"):
            rows = []
        elif line.startswith("{"):
            rows.append(tuple(text.strip() for text in line.strip("{}").split(",")))
        elif line.strip():
            pattern, *numbers = line.lstrip("!").split()
            marks = _marks(pattern, _columns("ohlc", tuple(rows)))
            wanted = not line.startswith("!")
            said.setdefault(pattern, []).extend(marks[int(bar)] == wanted for bar in numbers if marks is not None)
    for pattern, agreed in sorted(said.items()):
        if pattern not in CANDLES:
            yield Compared(peer=PEER, case=f"candles {pattern}", ours=None)
            continue
        wrong = agreed.count(False)
        ours = Ours(name=CANDLES[pattern][0], parameters={}, reason=_OTHER_PATTERN if wrong else "")
        yield Compared(
            peer=PEER, case=f"candles {pattern}", ours=ours, values=len(agreed), beyond=wrong, worst=float(wrong > 0)
        )


def _marks(pattern: str, columns: Columns) -> NDArray[np.bool_] | None:
    if pattern not in CANDLES:
        return None
    name, sign = CANDLES[pattern]
    row = Ours(name=name, parameters={}).row(columns)
    return (row * sign > 0) if sign else (row != 0) & ~np.isnan(row)


def _of_block(case: str, block: Block) -> Iterator[Compared]:
    function = FUNCTIONS.get(block.name)
    if function is None:
        yield Compared(peer=PEER, case=case, ours=None)
        return
    inputs, results = block.rows[: len(function.inputs)], block.rows[len(function.inputs) :]
    columns = _columns(function.inputs, inputs)
    given = _parameters(block, function)
    for number, (ours, texts) in enumerate(zip(function.ours, results, strict=True)):
        settled = Ours(
            name=ours.name,
            parameters={**ours.parameters, **given},
            output=ours.output,
            factor=ours.factor,
            reason=REASONS.get(" ".join(case.split()[:2]), REASONS.get(block.name, "")),
        )
        named = f"{case}.{ours.output or number}" if len(function.ours) > 1 else case
        if texts:
            yield _compared(named, settled, columns, texts)


def _parameters(block: Block, function: Function) -> dict[str, Value]:
    whole = [int(value) if value == int(value) else value for value in block.options]
    given: dict[str, Value] = dict(zip(function.options, whole, strict=False))
    match block.name:
        case "bbands":
            given["nbdevdn"] = given["nbdevup"]
        case "stochrsi":
            given["fastk_period"] = given["timeperiod"]
        case "cvi":
            given["rocperiod"] = given["timeperiod"]
    return given


def columns_of(block: Block) -> Columns:
    """A block's bars."""
    letters = FUNCTIONS[block.name].inputs
    return _columns(letters, block.rows[: len(letters)])


def _columns(letters: str, rows: tuple[tuple[str, ...], ...]) -> Columns:
    """Bars from the inputs; a column that the function does not read has the first input's values."""
    numbers = [np.array([float(text) for text in row]) for row in rows]
    given = {_INPUTS[letter]: row for letter, row in zip(letters, numbers, strict=True)}
    prices = {name: given.get(name, numbers[0]) for name in ("open", "high", "low", "close")}
    count = len(numbers[0])
    return Columns(
        start_ns=np.arange(count) * _DAY_NS,
        **prices,
        volume=given.get("volume", np.zeros(count)),
        other=given.get("other"),
    )


def _compared(case: str, ours: Ours, columns: Columns, texts: tuple[str, ...]) -> Compared:
    """The printed results, at the end of the bars, each within a unit of its last digit."""
    theirs = np.full(len(columns), np.nan)
    limits = np.full(len(columns), LIMIT)
    begins = len(columns) - len(texts)
    theirs[begins:] = [float(text) for text in texts]
    units = np.array([unit(text) for text in texts])
    limits[begins:] = np.maximum(LIMIT, units * 1.001 / np.maximum(1, np.abs(theirs[begins:])))
    return compared(PEER, case, ours, columns, theirs, limits=limits)


def unit(text: str) -> float:
    """What a printed number leaves open: 210.72400000000002 is a value rounded to four digits, written as binary64 has it."""
    decimals = len(text.partition(".")[2])
    return 10.0 ** -(decimals if decimals < _BINARY_NOISE else _ROUNDED)
