"""What a chart is asked for, read from text: indicators, moments, the last bar; nothing here touches a file or a table.

Indicators are written "kd(9,3,3),ma(timeperiod=5),macd": a name, and its parameters in their order, by name, or left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final

from yunhai.kernel.clock import FIRST_DATE, LAST_DATE, SECOND, TAIPEI_OFFSET
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import (
    CHART_INDICATOR_CHARACTERS_MAX,
    CHART_SETUP_NAME_CHARACTERS_MAX,
    HISTORY_CODE_CHARACTERS_MAX,
    INDICATORS_A_CHART_MAX,
)
from yunhai.kernel.money import MONEY_MAX, price_of, scaled
from yunhai.market.indicators import Parameter, Request, indicator, request
from yunhai.services.charts.errors import CODE_WRONG, DRAWING_WRONG, INDICATOR_TEXT, RANGE_WRONG, SETUP_NAME

DAY_SPANS: Final = ("1d", "1w", "1mo")
_CALL: Final = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)\s*(?:\(([^()]*)\))?\s*(,|$)")
_NUMBER: Final = re.compile(r"[+-]?(?:\d{1,19}|\d{1,19}\.\d{1,15}|\.\d{1,15})")
_CODE: Final = re.compile(rf"[0-9A-Za-z][0-9A-Za-z._-]{{0,{HISTORY_CODE_CHARACTERS_MAX - 1}}}")
_TAIPEI: Final = timezone(timedelta(microseconds=TAIPEI_OFFSET // 1_000))
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_FIELDS: Final = 6


def code_of(text: str) -> str:
    """A security's code in capitals. YunhaiError 7336."""
    if not _CODE.fullmatch(text):
        raise YunhaiError(CODE_WRONG, code=text[:HISTORY_CODE_CHARACTERS_MAX])
    return text.upper()


# --- indicators --------------------------------------------------------------------------------------------------------


def indicators_of(text: str) -> tuple[Request, ...]:
    """The indicators of a text, each once. YunhaiError 7331, and the indicators' own 7700, 7701, 7702, 7709."""
    if len(text) > CHART_INDICATOR_CHARACTERS_MAX:
        most = CHART_INDICATOR_CHARACTERS_MAX
        raise _unread(most, f"longer than {most} characters", f"超過 {most} 字")
    found = tuple(dict.fromkeys(_requests(text)))
    if len(found) > INDICATORS_A_CHART_MAX:
        most = INDICATORS_A_CHART_MAX
        raise _unread(len(text), f"more than {most} indicators", f"超過 {most} 個指標")
    return found


def _requests(text: str) -> Iterator[Request]:
    at = 0
    while text[at:].strip():
        call = _CALL.match(text, at)
        if call is None:
            raise _unread(at + 1, "here stands no NAME or NAME(…)", "此處應為 名稱 或 名稱(…)")
        yield _request(call[1].upper(), call[2] or "", at)
        at = call.end()
        if call[3] and not text[at:].strip():
            raise _unread(at, "nothing follows the comma", "逗號後無內容")


def _request(name: str, given: str, at: int) -> Request:
    parameters = {one.name: one for one in indicator(name).parameters}
    order = iter(parameters)
    values: dict[str, object] = {}
    for piece in given.split(",") if given.strip() else ():
        key, sign, value = (part.strip() for part in piece.rpartition("="))
        if not sign:
            key = next(order, "")
        key = key.lower()
        if not value or not key or key in values:
            raise _unread(
                at + 1, f"{piece.strip() or 'nothing'} among {name}'s values", f"{name} 的參數 {piece.strip()}"
            )
        values[key] = _value(value, parameters.get(key))
    return request(name, values)


def _value(text: str, parameter: Parameter | None) -> object:
    if parameter is not None and parameter.kind == "choice":
        return next((choice for choice in parameter.choices if choice.lower() == text.lower()), text)
    if not _NUMBER.fullmatch(text):
        return text
    number = float(text)
    return int(text) if "." not in text else int(number) if number == int(number) else number


def label(of: Request) -> str:
    """As people write it: "KD(9,3,3)"; parameters at the end that have their defaults are left out unless they are numbers."""
    known = indicator(of.name).parameters
    values = [value for _, value in of.parameters]
    while values and isinstance(values[-1], str) and values[-1] == known[len(values) - 1].default:
        values.pop()
    return f"{of.name}({','.join(_plain(value) for value in values)})" if values else of.name


def _plain(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)


def _unread(at: int, reason: str, reason_zh: str) -> YunhaiError:
    return YunhaiError(INDICATOR_TEXT, at=at, reason=reason, reason_zh=reason_zh)


def setup_name_of(text: str) -> str:
    """A set-up's name without blanks around it. YunhaiError 7339."""
    name = " ".join(text.split())
    most = CHART_SETUP_NAME_CHARACTERS_MAX
    if not 0 < len(name) <= most:
        raise YunhaiError(SETUP_NAME, most=most, reason=f"{len(name)} characters", reason_zh=f"{len(name)} 個字")
    if not name.isprintable():
        raise YunhaiError(SETUP_NAME, most=most, reason="not all can be seen", reason_zh="含看不見的字")
    return name


# --- moments ------------------------------------------------------------------------------------------------------------


def moment_of(text: str, *, end: bool = False) -> int | None:
    """Market time (UTC ns) of a date or a moment with its offset; None of "". A date is its midnight in Taipei, `end`: the last
    nanosecond of that day. YunhaiError 7335."""
    if not text:
        return None
    try:
        if len(text) == len("2026-08-21"):
            day = date.fromisoformat(text) + timedelta(days=1 if end else 0)
            return _ns(datetime.combine(day, time(), _TAIPEI)) - (1 if end else 0)
        moment = datetime.fromisoformat(text)
        return _ns(moment if moment.tzinfo is not None else moment.replace(tzinfo=_TAIPEI))
    except (ValueError, OverflowError):
        raise YunhaiError(
            RANGE_WRONG, reason=f"{text[:40]!r} is no date", reason_zh=f"{text[:40]!r} 不是日期"
        ) from None


def _ns(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Latest:
    """A day's bar as it stands now, of which the lake does not know yet: market time of its date's midnight, prices in 1/10,000
    NT$, volume in shares."""

    start_ns: int
    open: int
    high: int
    low: int
    close: int
    volume: int


def latest_of(text: str) -> Latest | None:
    """Of "2026-08-21,1080,1095,1075,1090,31250000": date, open, high, low, close, shares; None of "". YunhaiError 7335."""
    if not text:
        return None
    parts = text.split(",")
    if len(parts) != _LATEST_FIELDS or len(parts[0]) != len("2026-08-21"):
        raise YunhaiError(RANGE_WRONG, reason="latest has not six values", reason_zh="latest 應有六個值")
    start = moment_of(parts[0])
    assert start is not None
    opened, high, low, close = (price_of(part) for part in parts[1:5])
    if not 0 < low <= min(opened, close) or high < max(opened, close):
        raise YunhaiError(RANGE_WRONG, reason="latest contradicts itself", reason_zh="latest 的開高低收矛盾")
    volume = scaled(parts[5], decimals=0)
    if volume > MONEY_MAX or not FIRST_DATE <= date.fromisoformat(parts[0]) <= LAST_DATE:
        raise YunhaiError(RANGE_WRONG, reason="latest is out of bounds", reason_zh="latest 超出範圍")
    return Latest(start_ns=start, open=opened, high=high, low=low, close=close, volume=volume)


# --- drawings -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A place on a chart: market time (UTC ns) and price in 1/10,000 NT$."""

    at_ns: int
    price: int


def points_of(kind: str, points: list[tuple[int, str]]) -> tuple[Point, ...]:
    """A drawing's points, earlier first: (seconds since 1970, price as decimal text) each. YunhaiError 7334."""
    wanted = {"trend": 2, "horizontal": 1}.get(kind)
    if wanted is None:
        raise YunhaiError(DRAWING_WRONG, reason=f"no kind {kind[:20]!r}", reason_zh=f"沒有 {kind[:20]!r} 這種畫線")
    if len(points) != wanted:
        raise YunhaiError(DRAWING_WRONG, reason=f"{kind} has {wanted} points", reason_zh=f"{kind} 應有 {wanted} 點")
    try:
        found = [Point(at_ns=seconds * SECOND, price=price_of(price)) for seconds, price in points]
    except YunhaiError as error:
        raise YunhaiError(DRAWING_WRONG, reason="a price is no price", reason_zh="價格有誤") from error
    if any(one.price <= 0 for one in found):
        raise YunhaiError(DRAWING_WRONG, reason="a price is not above 0", reason_zh="價格須大於 0")
    found.sort(key=lambda one: one.at_ns)
    if len({one.at_ns for one in found}) != len(found):
        raise YunhaiError(DRAWING_WRONG, reason="both points have the same time", reason_zh="兩點時間相同")
    return tuple(found)
