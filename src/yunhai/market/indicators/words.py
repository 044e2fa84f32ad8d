"""What an indicator is: its names, parameters, inputs, outputs, and the function that computes it.

An indicator is a pure function of bars and parameters. Its outputs are binary64 rows as long as the bars:

- NaN in the first `lookback` bars, where there is nothing to say yet;
- finite from then on, but for the indicators that say in `gaps` where a later bar may have no value (a logarithm of zero, a
  quotient by zero): that is NaN too. Infinity never stands in a result;
- whole numbers (counts, positions, patterns) are binary64 as well, so that missing is one thing everywhere.

A value depends on its own and earlier bars alone: a later bar never changes it (tests hold this for every indicator, bit by bit).
It may depend on where the loaded bars begin: `starts` says whether, with the default parameters.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from yunhai.market.indicators.columns import PRICE_SOURCES, Columns, Floats

Value = int | float | str
Pane = Literal["price", "own"]
Style = Literal["line", "histogram", "band", "points", "mark"]
Starts = Literal["window", "fading", "cumulative"]
"""How a value depends on where the loaded bars begin: not at all beyond its own window; ever less (recursive averages); for ever
(sums from the first bar on, positions in the row, a state that is carried)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A whole number or a real one from `lowest` to `highest`, or one of `choices`."""

    name: str
    kind: Literal["int", "real", "choice"]
    default: Value
    lowest: float = 0
    highest: float = 0
    choices: tuple[str, ...] = ()

    def wanted(self) -> tuple[str, str]:
        """What is allowed, in English and Chinese."""
        if self.kind == "choice":
            listed = ", ".join(self.choices)
            return f"one of {listed}", f"其中之一：{listed}"
        span = f"{_number(self.lowest)} … {_number(self.highest)}"
        return (
            (f"a whole number {span}", f"整數 {span}") if self.kind == "int" else (f"a number {span}", f"數值 {span}")
        )

    def fits(self, value: object) -> bool:
        """Whether it may have this value; a whole number stands for a real one, a truth value for none."""
        if isinstance(value, bool):
            return False
        match self.kind:
            case "choice":
                return isinstance(value, str) and value in self.choices
            case "int":
                return isinstance(value, int) and self.lowest <= value <= self.highest
            case "real":
                return isinstance(value, int | float) and self.lowest <= value <= self.highest


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One row of results; `zh` as Taiwan's screens label it."""

    name: str
    zh: str
    pane: Pane
    style: Style


@dataclass(frozen=True, slots=True)
class Request:
    """An indicator with every parameter settled and checked; made by `registry.request`. Equal requests give equal results."""

    name: str
    parameters: tuple[tuple[str, Value], ...]

    def __getitem__(self, parameter: str) -> Value:
        return dict(self.parameters)[parameter]

    def integer(self, parameter: str) -> int:
        value = self[parameter]
        assert isinstance(value, int)
        return value

    def text(self, parameter: str) -> str:
        value = self[parameter]
        assert isinstance(value, str)
        return value

    def real(self, parameter: str) -> float:
        value = self[parameter]
        assert isinstance(value, int | float)
        return float(value)

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{name}={value}' for name, value in self.parameters)})"


Compute = Callable[[Request, Columns], tuple[Floats, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One indicator of the registry. `inputs` names the columns it reads besides its chosen sources."""

    name: str
    zh: str
    en: str
    group: str
    maker: Literal["TA-Lib", "Yunhai"]
    parameters: tuple[Parameter, ...]
    inputs: tuple[str, ...]
    outputs: tuple[Output, ...]
    starts: Starts
    lookback: Callable[[Request], int]
    """Bars before the first value."""
    compute: Compute
    """Results over at least lookback + 1 bars, before infinity is taken out."""
    gaps: str = ""
    """Where a value may be missing after the lookback, in English; empty: nowhere."""
    gaps_zh: str = ""

    def needs(self, request: Request) -> tuple[str, ...]:
        """Every column that this request reads."""
        return (*self.inputs, *_sources(request))

    def panes(self, request: Request) -> tuple[Pane, ...]:
        """Each output's pane: one on the scale of its source lies over the prices only if the source is a price."""
        if PRICE_SOURCES.issuperset(_sources(request)):
            return tuple(output.pane for output in self.outputs)
        return tuple("own" for _ in self.outputs)


def _sources(request: Request) -> tuple[str, ...]:
    return tuple(str(value) for name, value in request.parameters if name.startswith("source"))


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """What an indicator says about bars: one row per output, each as long as the bars."""

    request: Request
    outputs: Mapping[str, Floats]

    def last(self) -> tuple[float, ...]:
        """Every output at the last bar."""
        return tuple(float(row[-1]) for row in self.outputs.values())
