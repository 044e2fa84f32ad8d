"""A screen evaluated over all stocks at one session, and why each stock is in.

The conditions joined by `and` at the top are taken one by one, the cheap ones first; indicators are computed only for stocks
that the others left. Missing values make a comparison false, whichever way it points.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from yunhai.kernel.clock import DAY
from yunhai.kernel.limits import SCREEN_SESSIONS_MAX, SCREEN_STEPS_MAX
from yunhai.market.indicators import lookback
from yunhai.market.lake.reading import Lake
from yunhai.market.screener.expressions import COMPARISONS, Call, Name, Node, Number, Sign, refuse, whole
from yunhai.market.screener.names import BAR_COLUMNS, COLUMNS, CROSSES, FUNCTIONS, REVENUE_COLUMNS, indicator_request
from yunhai.market.screener.universe import Universe, load

Floats = NDArray[np.float64]
Truth = NDArray[np.bool_]

SESSIONS: Final = 505
"""Sessions that a screen reads: two years, so that averages that remember all the past have settled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One top condition of the screen and the values of its sides for a stock; NaN where nothing is known."""

    condition: str
    values: tuple[tuple[str, float], ...]
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A stock that the screen found. `beside`: values asked for besides the conditions'."""

    code: str
    reasons: tuple[Reason, ...]
    beside: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """What a screen found. `session`: start_ns of the day looked at; `stocks` looked at, `absent`: with bars, but none that
    day; `rows` daily bars read; `known`: each column that the screen names, with how many stocks have a value that day."""

    session: int
    as_of: int | None
    stocks: int
    absent: int
    rows: int
    matches: tuple[Match, ...]
    known: tuple[tuple[str, int], ...] = ()


def screen(
    lake: Lake,
    expression: Node,
    *,
    session: int | None = None,
    as_of: int | None = None,
    explain: tuple[str, ...] = (),
    beside: tuple[str, ...] = (),
) -> Screened:
    """Hold every stock against `expression` (of `parse` or `parse_tree`) at the last session up to `session` (start_ns).

    `as_of`: nothing known later is seen; without it, of a past session, what was known by the end of its day. `explain`: codes
    whose reasons are wanted even if they are not found; `beside`: columns whose values come with each stock. YunhaiError 7457
    too much to compute, 7456 (`NoBars`), 7450, 7453.
    """
    if as_of is None and session is not None:
        as_of = session + DAY - 1
    names = set(_names(expression))
    more = {name for each in beside for name in _names(Name(each, 0))}
    universe = load(lake, names | more, sessions=_sessions(expression), session=session, as_of=as_of)
    evaluation = _Evaluation(universe)
    conditions = top_conditions(expression)
    alive = np.ones(len(universe.codes), np.bool_)
    for condition in sorted(conditions, key=_cost):
        alive &= evaluation.truth(condition, 0, alive)
    shown = alive | np.isin(universe.codes.astype(str), list(explain))
    matches = _reasons(evaluation, conditions, shown, beside)
    return Screened(
        session=universe.session,
        as_of=as_of,
        stocks=len(universe.codes),
        absent=universe.absent,
        rows=universe.rows,
        matches=matches,
        known=tuple((name, _known(universe, name)) for name in sorted(columns_named(expression))),
    )


def top_conditions(expression: Node) -> list[Node]:
    """What `and` joins at the top: each is a reason."""
    return list(expression.parts) if isinstance(expression, Sign) and expression.sign == "and" else [expression]


def columns_named(node: Node) -> set[str]:
    """The columns that a screen names itself; indicators are of prices and volume."""
    own = {node.name} if isinstance(node, Name) and node.name in COLUMNS else set()
    return own.union(*(columns_named(part) for part in _parts(node)))


def _known(universe: Universe, name: str) -> int:
    """Stocks with a value on the screen's day. A turnover of 0 is one that the source does not tell."""
    values = universe.level[name] if name in REVENUE_COLUMNS else universe.at(universe.flat[name], 0)
    return int((~np.isnan(values) & ((values != 0) | (name != "value"))).sum())


def _parts(node: Node) -> tuple[Node, ...]:
    match node:
        case Sign(_, parts, _):
            return parts
        case Call(name, arguments, _) if name in FUNCTIONS or name in CROSSES:
            return arguments
        case _:
            return ()


def _is_indicator(node: Node) -> bool:
    match node:
        case Name(name, _):
            return name not in COLUMNS
        case Call(name, _, _):
            return name not in FUNCTIONS and name not in CROSSES
        case _:
            return False


def _names(node: Node) -> Iterator[str]:
    """Every column that has to be loaded."""
    if _is_indicator(node):
        yield from BAR_COLUMNS
    elif isinstance(node, Name):
        yield node.name
        if node.name in ("reference", "change"):
            yield "close"
    for part in _parts(node):
        yield from _names(part)


def _cost(node: Node) -> int:
    """Indicators in a condition: what takes long."""
    return int(_is_indicator(node)) + sum(_cost(part) for part in _parts(node))


def _sessions(node: Node) -> int:
    """Sessions the screen has to read. YunhaiError 7457 more than are ever read."""
    needed = SESSIONS + _back(node)
    if needed > SCREEN_SESSIONS_MAX + SESSIONS:
        raise refuse(node.at, f"more than {SCREEN_SESSIONS_MAX} sessions back", f"回看超過 {SCREEN_SESSIONS_MAX} 日")
    return needed


def _back(node: Node) -> int:
    """Sessions before the last that a node looks at."""
    if _is_indicator(node):
        numbers = (
            tuple(part.value for part in node.arguments if isinstance(part, Number)) if isinstance(node, Call) else ()
        )
        assert isinstance(node, Name | Call)
        return lookback(indicator_request(node.name, numbers, node.at)[0])
    below = max((_back(part) for part in _parts(node)), default=0)
    if isinstance(node, Call):
        return below + (1 if node.name in CROSSES else whole(node.arguments[1]))
    return below


class _Evaluation:
    """Values of nodes for all stocks at a lag. Work is counted, since functions of functions multiply."""

    def __init__(self, universe: Universe) -> None:
        self.universe = universe
        self._steps = 0
        self._count = len(universe.codes)

    def truth(self, node: Node, lag: int, wanted: Truth) -> Truth:
        """Which stocks a condition holds for; right for the wanted ones only."""
        self._step(node)
        match node:
            case Sign("and", parts, _):
                found = wanted.copy()
                for part in parts:
                    found &= self.truth(part, lag, found)
                return found
            case Sign("or", parts, _):
                found = np.zeros(self._count, np.bool_)
                for part in parts:
                    found |= self.truth(part, lag, wanted & ~found)
                return found
            case Sign("not", (part,), _):
                return ~self.truth(part, lag, wanted)
            case Sign(sign, (left, right), _):
                return _compared(sign, self.value(left, lag, wanted), self.value(right, lag, wanted))
            case Call("always", (condition, sessions), _):
                found = wanted.copy()
                for back in range(whole(sessions)):
                    found &= self.truth(condition, lag + back, found)
                return found
            case Call(name, (left, right), _) if name in CROSSES:
                signs = (">", "<=") if name == "cross_above" else ("<", ">=")
                now = _compared(signs[0], self.value(left, lag, wanted), self.value(right, lag, wanted))
                before = _compared(signs[1], self.value(left, lag + 1, wanted), self.value(right, lag + 1, wanted))
                return now & before
        raise refuse(node.at, "a comparison is wanted", "此處應為比較")

    def value(self, node: Node, lag: int, wanted: Truth) -> Floats:
        self._step(node)
        universe = self.universe
        match node:
            case Number(value, _):
                return np.full(self._count, value)
            case Name(name, _) if name in REVENUE_COLUMNS:
                return universe.level[name]
            case Name(name, _) if name in COLUMNS:
                return universe.at(universe.flat[name], lag)
            case Sign("-", (part,), _):
                return -self.value(part, lag, wanted)
            case Sign(sign, (left, right), _):
                return _combined(sign, self.value(left, lag, wanted), self.value(right, lag, wanted))
            case Call(name, (part, sessions), _) if name in FUNCTIONS:
                return self._over(name, part, whole(sessions), lag, wanted)
            case Name(name, at):
                return universe.at(universe.indicator(*indicator_request(name, (), at), wanted), lag)
            case Call(name, arguments, at):
                numbers = tuple(part.value for part in arguments if isinstance(part, Number))
                return universe.at(universe.indicator(*indicator_request(name, numbers, at), wanted), lag)
        raise refuse(node.at, "a value is wanted", "此處應為數值")

    def _over(self, name: str, part: Node, sessions: int, lag: int, wanted: Truth) -> Floats:
        if name == "prev":
            return self.value(part, lag + sessions, wanted)
        total = self.value(part, lag, wanted).copy()
        for back in range(1, sessions):
            other = self.value(part, lag + back, wanted)
            if name == "highest":
                total = np.maximum(total, other)
            elif name == "lowest":
                total = np.minimum(total, other)
            else:
                total += other
        return total / sessions if name == "mean" else total

    def _step(self, node: Node) -> None:
        self._steps += 1
        if self._steps > SCREEN_STEPS_MAX:
            raise refuse(node.at, "too much to compute: shorten the periods", "計算量過大，請縮短日數")


def _compared(sign: str, left: Floats, right: Floats) -> Truth:
    known = ~(np.isnan(left) | np.isnan(right))
    with np.errstate(invalid="ignore"):
        match sign:
            case "<":
                found = left < right
            case "<=":
                found = left <= right
            case ">":
                found = left > right
            case ">=":
                found = left >= right
            case "=":
                found = left == right
            case _:
                found = left != right
    return np.asarray(found & known, np.bool_)


def _combined(sign: str, left: Floats, right: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        match sign:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
            case _:
                return np.where(right == 0, np.nan, left / right)


def _reasons(
    evaluation: _Evaluation, conditions: list[Node], shown: Truth, beside: tuple[str, ...]
) -> tuple[Match, ...]:
    """For each shown stock every top condition with the values of its sides, and the values asked for beside."""
    told: list[tuple[str, list[tuple[str, Floats]], Truth]] = []
    for condition in conditions:
        sides = [(str(side), evaluation.value(side, 0, shown)) for side in sides_of(condition)]
        told.append((str(condition), sides, evaluation.truth(condition, 0, shown)))
    others = [evaluation.value(Name(name, 0), 0, shown) for name in beside]
    return tuple(
        Match(
            code=str(evaluation.universe.codes[place]),
            reasons=tuple(
                Reason(
                    condition=text,
                    values=tuple((name, float(values[place])) for name, values in sides),
                    holds=bool(holds[place]),
                )
                for text, sides, holds in told
            ),
            beside=tuple(float(values[place]) for values in others),
        )
        for place in np.flatnonzero(shown).tolist()
    )


def sides_of(condition: Node) -> list[Node]:
    """The values that a condition compares, numbers left out, each once."""
    found: list[Node]
    match condition:
        case Sign(sign, parts, _) if sign in COMPARISONS:
            found = [part for part in parts if not isinstance(part, Number)]
        case Sign(_, parts, _):
            found = [side for part in parts for side in sides_of(part)]
        case Call("always", (inner, _), _):
            found = sides_of(inner)
        case Call(name, parts, _) if name in CROSSES:
            found = [part for part in parts if not isinstance(part, Number)]
        case _:
            found = []
    return list({str(side): side for side in found}.values())
