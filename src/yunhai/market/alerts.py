"""Conditions on prices and indicators that announce themselves: evaluated bar by bar, once per crossing.

Pure: bars in, firings out; whoever watches a chart keeps the small `Watch` state and sends the messages.

A condition looks at one bar and answers +1 (it holds, or the left side is past the right one), -1 (it does not, or is not)
or 0 (nothing to say: a value is missing, or both sides are equal). 0 leaves everything as it was, so that touching a line is
no crossing of it and a missing value ends none.

- `Crosses`: the left side was on the other side of the right one, and is past it now. Where it stood at first is no crossing.
- `Within`, `Moves`, `Volume`: it holds now and did not before; what holds at the very first look is announced.

A bar that is not finished may change its answer any number of times. It is measured against the last finished bar (against
the very first look, while there is none), may fire once, and counts as passed only with the answer it finishes with. A bar
is finished when it is said to be, or when a later one is there: whoever misses looks gets the missed bars' firings late, not
never.
"""

from collections.abc import Iterator
from typing import Final, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import (
    CONDITION_LEVEL_MAX,
    CONDITION_MULTIPLE_MAX,
    CONDITION_PERCENT_MAX,
    INDICATOR_PERIOD_MAX,
)
from yunhai.market.indicators import Columns, Request, compute_or_missing, errors, indicator, request
from yunhai.market.indicators.columns import SOURCES, Floats

Answers = NDArray[np.int8]
"""One answer per bar: +1, -1 or 0."""


class Price(msgspec.Struct, frozen=True, tag="price"):
    """A column of the bars, or a mix of prices (`columns.SOURCES`)."""

    source: str = "close"


class Level(msgspec.Struct, frozen=True, tag="level"):
    """A fixed value, in the other side's unit."""

    value: float


class Line(msgspec.Struct, frozen=True, tag="line"):
    """An output of an indicator; the first one if not named."""

    indicator: str
    parameters: dict[str, int | float | str] = {}
    output: str = ""


Side = Price | Level | Line


class Crosses(msgspec.Struct, frozen=True, tag="crosses"):
    """`left` passes `right` upwards or downwards (黃金交叉, 死亡交叉)."""

    left: Price | Line
    right: Side
    direction: Literal["above", "below"]


class Within(msgspec.Struct, frozen=True, tag="within"):
    """`left` is from `low` to `high`, both included; with `outside`, it is not."""

    left: Price | Line
    low: float
    high: float
    outside: bool = False


class Moves(msgspec.Struct, frozen=True, tag="moves"):
    """`left` is at least `percent` above ("up"), below ("down") or off ("either") what it was `bars` bars before, or `reference` if
    one is given (NT$: yesterday's close 昨收, for one)."""

    percent: float
    left: Price | Line = Price()
    direction: Literal["up", "down", "either"] = "either"
    bars: int = 1
    reference: float | None = None


class Volume(msgspec.Struct, frozen=True, tag="volume"):
    """A bar's volume is at least `multiple` times the average of the `bars` bars before it (爆量)."""

    multiple: float
    bars: int = 5


Condition = Crosses | Within | Moves | Volume


class Watch(msgspec.Struct, frozen=True):
    """What must be remembered between two looks: the answer of the last finished bar that had one (or of the first look), the
    last bar that counts as finished and the bar of the last firing (start_ns)."""

    answer: int = 0
    finished_ns: int | None = None
    fired_ns: int | None = None


class Firing(msgspec.Struct, frozen=True):
    """A condition came true at the bar that begins at `start_ns`; `left` is its left side's value there."""

    start_ns: int
    left: float


def checked(condition: Condition) -> Condition:
    """The condition, if it can be asked. Errors: 7730, and of its indicators 7700-7702."""
    for side in _sides(condition):
        _check_side(side)
    fault: tuple[str, str] | None = None
    match condition:
        case Within(low=low, high=high) if not -CONDITION_LEVEL_MAX <= low <= high <= CONDITION_LEVEL_MAX:
            fault = "the range is empty or out of bounds", "區間為空或超出範圍"
        case Moves(percent=percent) if not 0 < percent <= CONDITION_PERCENT_MAX:
            fault = f"percent must be above 0, at most {CONDITION_PERCENT_MAX:g}", "百分比超出範圍"
        case Moves(reference=reference) if reference is not None and not 0 < reference <= CONDITION_LEVEL_MAX:
            fault = "the reference is not above 0", "基準價須大於 0"
        case Moves(bars=bars) | Volume(bars=bars) if not 1 <= bars <= INDICATOR_PERIOD_MAX:
            fault = f"bars must be 1 … {INDICATOR_PERIOD_MAX}", f"根數須為 1 … {INDICATOR_PERIOD_MAX}"
        case Volume(multiple=multiple) if not 0 < multiple <= CONDITION_MULTIPLE_MAX:
            fault = f"the multiple must be above 0, at most {CONDITION_MULTIPLE_MAX:g}", "倍數超出範圍"
    if fault:
        raise YunhaiError(errors.BAD_CONDITION, reason=fault[0], reason_zh=fault[1])
    return condition


def _sides(condition: Condition) -> Iterator[Side]:
    match condition:
        case Crosses(left=left, right=right):
            yield left
            yield right
        case Within(left=left) | Moves(left=left):
            yield left


def _check_side(side: Side) -> None:
    match side:
        case Price(source=source) if source not in SOURCES:
            raise YunhaiError(errors.BAD_CONDITION, reason=f"no column {source}", reason_zh=f"沒有「{source}」欄")
        case Level(value=value) if not abs(value) <= CONDITION_LEVEL_MAX:
            raise YunhaiError(errors.BAD_CONDITION, reason="the level is out of bounds", reason_zh="價位超出範圍")
        case Line(output=output):
            known = indicator(requested(side).name)
            if output and output not in (one.name for one in known.outputs):
                reason, reason_zh = f"{known.name} has no output {output}", f"{known.name} 沒有「{output}」"
                raise YunhaiError(errors.BAD_CONDITION, reason=reason, reason_zh=reason_zh)


def requested(line: Line) -> Request:
    """The indicator that a side asks for. Errors: 7700-7702."""
    return request(line.indicator, line.parameters)


def answers(condition: Condition, columns: Columns) -> Answers:
    """The condition's answer at every bar. Error: 7706 if the bars lack a column."""
    match condition:
        case Crosses(left=left, right=right, direction=direction):
            return _signs(_row(left, columns) - _row(right, columns), upwards=direction == "above")
        case Within(left=left, low=low, high=high, outside=outside):
            row = _row(left, columns)
            return _truths(((row >= low) & (row <= high)) != outside, ~np.isnan(row))
        case Moves(left=left):
            return _moved(condition, _row(left, columns))
        case Volume(multiple=multiple, bars=bars):
            before = _sum_before(columns.volume, bars)
            return _truths(columns.volume * bars >= multiple * (1 - _MULTIPLE_SLACK) * before, before > 0)


def left_values(condition: Condition, columns: Columns) -> Floats:
    """What the condition looks at, bar by bar: a firing's value."""
    return columns.volume if isinstance(condition, Volume) else _row(condition.left, columns)


def _row(side: Side, columns: Columns) -> Floats:
    match side:
        case Price(source=source):
            row = columns.source(source)
            if row is None:
                raise YunhaiError(errors.INPUT_MISSING, indicator="alert", input=source)
            return row
        case Level(value=value):
            return np.full(len(columns), value)
        case Line(output=output):
            values = compute_or_missing(requested(side), columns).outputs
            return values[output or next(iter(values))]


def _signs(difference: Floats, *, upwards: bool) -> Answers:
    known = np.where(np.isnan(difference), 0.0, difference)
    return np.sign(known if upwards else -known).astype(np.int8)


def _truths(holds: NDArray[np.bool_], known: NDArray[np.bool_]) -> Answers:
    return np.where(known, np.where(holds, 1, -1), 0).astype(np.int8)


def _moved(condition: Moves, row: Floats) -> Answers:
    before = np.full(len(row), np.nan if condition.reference is None else condition.reference)
    if condition.reference is None:
        before[condition.bars :] = row[: -condition.bars]
    known = ~np.isnan(row) & (before > 0)
    # Decimal prices are not binary ones: 121 to 108.9 is ten percent, a few units of the last place less in binary64.
    step = before * (condition.percent - _PERCENT_SLACK)
    up, down = (row - before) * 100 >= step, (before - row) * 100 >= step
    return _truths({"up": up, "down": down, "either": up | down}[condition.direction], known)


def _sum_before(volume: Floats, bars: int) -> Floats:
    """The volume of the `bars` bars before each; NaN while there are fewer."""
    before = np.full(len(volume), np.nan)
    if len(volume) > bars:
        before[bars:] = np.lib.stride_tricks.sliding_window_view(volume[:-1], bars).sum(axis=1)
    return before


_PERCENT_SLACK: Final = 1e-11
"""What a move may lack of the percentage asked for."""
_MULTIPLE_SLACK: Final = 1e-13
"""The part of a multiple of volume that may be lacking."""

_FIRST_LOOK: Final = {Crosses: 0, Within: -1, Moves: -1, Volume: -1}
"""The answer taken to have stood before the first."""


def step(condition: Condition, watch: Watch, answer: int, *, start_ns: int, finished: bool) -> tuple[Watch, bool]:
    """One look at one bar: the state after it, and whether the condition fires. Bars come in order; an unfinished one as often as
    it changes, then once more when it is finished."""
    before = watch.answer or _FIRST_LOOK[type(condition)]
    fires = answer == 1 and before == -1 and watch.fired_ns != start_ns
    return Watch(
        answer=answer if answer and (finished or not before) else watch.answer,
        finished_ns=start_ns if finished else watch.finished_ns,
        fired_ns=start_ns if fires else watch.fired_ns,
    ), fires


def firings(condition: Condition, columns: Columns) -> list[Firing]:
    """Every firing over finished bars: what an alert would have said in the past. Errors: 7700-7702, 7706, 7730."""
    return _stepped(checked(condition), Watch(), columns, 0, finished=True)[1]


def look(condition: Condition, watch: Watch, columns: Columns, *, finished: bool) -> tuple[Watch, list[Firing]]:
    """Look at these bars: at those that have finished since the last look, and at the last one, which is `finished` or not. The
    first look of all is at the last bar alone. With no bars nothing is seen. Error: 7706."""
    if not len(columns):
        return watch, []
    first = len(columns) - 1
    if watch.finished_ns is not None:
        first = int(np.searchsorted(columns.start_ns, watch.finished_ns, side="right"))
    elif not finished:
        watch = msgspec.structs.replace(watch, finished_ns=int(columns.start_ns[-1]) - 1)
    return _stepped(condition, watch, columns, first, finished=finished)


def _stepped(
    condition: Condition, watch: Watch, columns: Columns, first: int, *, finished: bool
) -> tuple[Watch, list[Firing]]:
    """Every bar from `first` on; all but the last are finished."""
    found: list[Firing] = []
    given, left = answers(condition, columns), left_values(condition, columns)
    for row in range(first, len(columns)):
        start_ns = int(columns.start_ns[row])
        done = finished or row < len(columns) - 1
        watch, fires = step(condition, watch, int(given[row]), start_ns=start_ns, finished=done)
        if fires:
            found.append(Firing(start_ns=start_ns, left=float(left[row])))
    return watch, found


_SIDES_ZH: Final = {
    "open": "開盤價",
    "high": "最高價",
    "low": "最低價",
    "close": "收盤價",
    "volume": "成交量",
    "value": "成交金額",
}


def described(condition: Condition) -> tuple[str, str]:
    """The condition in words: (zh-Hant, English)."""
    match condition:
        case Crosses(left=left, right=right, direction=direction):
            (left_zh, left_en), (right_zh, right_en) = _side_words(left), _side_words(right)
            way_zh = "向上突破" if direction == "above" else "向下跌破"
            return f"{left_zh}{way_zh}{right_zh}", f"{left_en} crosses {direction} {right_en}"
        case Within(left=left, low=low, high=high, outside=outside):
            left_zh, left_en = _side_words(left)
            way_zh, way_en = ("離開", "is outside") if outside else ("進入", "is within")
            return f"{left_zh}{way_zh} {low:g} 至 {high:g}", f"{left_en} {way_en} {low:g} to {high:g}"
        case Moves():
            return _moves_words(condition)
        case Volume(multiple=multiple, bars=bars):
            return (
                f"成交量達前 {bars} 根均量 {multiple:g} 倍",
                f"volume is {multiple:g} times its average of {bars} bars",
            )


def _moves_words(condition: Moves) -> tuple[str, str]:
    left_zh, left_en = _side_words(condition.left)
    way_zh, way_en = {"up": ("上漲", "up"), "down": ("下跌", "down"), "either": ("漲跌", "up or down")}[
        condition.direction
    ]
    since_zh, since_en = f"較前 {condition.bars} 根", f"in {condition.bars} bars"
    if condition.reference is not None:
        since_zh, since_en = f"較 {condition.reference:g} ", f"from {condition.reference:g}"
    return (
        f"{left_zh}{since_zh}{way_zh} {condition.percent:g}%",
        f"{left_en} {way_en} {condition.percent:g}% {since_en}",
    )


def _side_words(side: Side) -> tuple[str, str]:
    match side:
        case Price(source=source):
            return _SIDES_ZH.get(source, source), source
        case Level(value=value):
            return f" {value:g}", f"{value:g}"
        case Line(indicator=name, output=output):
            asked = requested(side)
            numbers = [str(value) for _, value in asked.parameters if not isinstance(value, str)]
            given = f"({','.join(numbers)})" if numbers else ""
            label = next((one.zh for one in indicator(name).outputs if one.name == output), "")
            return f" {name}{given} {label}".rstrip(), f"{name}{given} {output}".rstrip()
