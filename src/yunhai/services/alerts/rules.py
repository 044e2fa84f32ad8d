"""Conditions of alerts, purely: whether one holds at a trade, what a day kind looks at, and how values and notes are read.

A condition fires where it holds and did not at the look before: once per crossing. Kinds of two sorts: those held against every
trade (price, change, volume, the day's limits), and those held against finished day bars (`DAY_KINDS`: KD, moving averages),
which `market.alerts` evaluates. Change, volume and limits are of a day and begin anew with each; a price goes on from the day
before.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import (
    ALERT_AVERAGE_DAYS_MAX,
    ALERT_CHANGE_MAX,
    ALERT_NOTE_CHARACTERS_MAX,
    ALERT_REPEAT_SECONDS,
    ALERT_VOLUME_MAX,
    PRICE_MAX,
)
from yunhai.kernel.money import decimal_text, scaled
from yunhai.market.alerts import Condition, Crosses, Line, Price
from yunhai.services.alerts.errors import BAD_EXPIRY, BAD_KIND, BAD_NOTE, BAD_THRESHOLD

PRICES: Final = ("price_up", "price_down")
CHANGES: Final = ("change_up", "change_down")
LIMITS: Final = ("limit_up", "limit_down")
TRADE_KINDS: Final = (*PRICES, *CHANGES, "volume_up", *LIMITS)
"""Held against every trade."""
AVERAGES: Final = ("over_ma", "under_ma")
CROSSES: Final = ("kd_up", "kd_down", "ma_up", "ma_down")
DAY_KINDS: Final = (*CROSSES, *AVERAGES)
"""Held against every finished day bar."""
KINDS: Final = (*TRADE_KINDS, *DAY_KINDS)
WITHOUT_VALUE: Final = frozenset({*LIMITS, *CROSSES})
OF_A_DAY: Final = frozenset({*CHANGES, "volume_up", *LIMITS})
_SHORT, _LONG = 5, 20
"""Days of the two averages of `ma_up` and `ma_down`."""
_REPEAT_NS: Final = ALERT_REPEAT_SECONDS * 1_000_000_000


@dataclass(slots=True)
class SecurityNow:
    """What a condition looks at: reference price, last trade and the day's limits (1/10,000 NT$; 0: none), shares of the day."""

    reference: int
    last: int = 0
    shares: int = 0
    limit_up: int = 0
    limit_down: int = 0


def holds(kind: str, threshold: int, now: SecurityNow) -> bool:
    """Whether a trade kind's condition holds now. Without a trade the price is the reference and no limit is reached."""
    price = now.last or now.reference
    match kind:
        case "price_up":
            return price >= threshold
        case "price_down":
            return 0 < price <= threshold
        case "change_up":
            return now.reference > 0 and (price - now.reference) * 10_000 >= threshold * now.reference
        case "change_down":
            return now.reference > 0 and (price - now.reference) * 10_000 <= threshold * now.reference
        case "limit_up":
            return 0 < now.limit_up <= now.last
        case "limit_down":
            return 0 < now.last <= now.limit_down
    return now.shares >= threshold


def value_of(kind: str, now: SecurityNow) -> int:
    """What a trade kind compares, in the threshold's unit; a change towards zero."""
    if kind == "volume_up":
        return now.shares
    if kind not in CHANGES:
        return now.last or now.reference
    moved = ((now.last or now.reference) - now.reference) * 10_000
    return abs(moved) // now.reference * (1 if moved > 0 else -1) if now.reference else 0


def told_again(repeat: bool, fired_ns: int, market_ns: int) -> bool:
    """Whether a crossing is announced: the first one always, of a repeating alert one a minute of market time at most."""
    return not repeat or not fired_ns or not 0 <= market_ns - fired_ns < _REPEAT_NS


def condition_of(kind: str, threshold: int) -> Condition:
    """What a day kind looks at on day bars; `threshold` days of the average where it has one."""
    direction = "above" if kind.endswith("_up") or kind == "over_ma" else "below"
    if kind in AVERAGES:
        return Crosses(Price(), _average(threshold), direction)  # type: ignore[arg-type]
    if kind in ("ma_up", "ma_down"):
        return Crosses(_average(_SHORT), _average(_LONG), direction)  # type: ignore[arg-type]
    return Crosses(Line("KD", output="k"), Line("KD", output="d"), direction)  # type: ignore[arg-type]


def _average(days: int) -> Line:
    return Line("SMA", {"timeperiod": days})


def threshold_of(kind: str, text: str) -> int:
    """A threshold as written: NT$, percent (a fall with or without its minus), shares or days; 0 of "" where the kind has none.
    BAD_KIND, BAD_THRESHOLD."""
    if kind not in KINDS:
        raise YunhaiError(BAD_KIND, kind=kind[:20])
    plain = text.strip()
    if kind in WITHOUT_VALUE:
        if plain:
            raise YunhaiError(BAD_THRESHOLD, value=text[:24])
        return 0
    decimals, least, most = _bounds(kind)
    try:
        found = scaled(plain.removeprefix("-") if kind == "change_down" else plain, decimals=decimals)
    except YunhaiError:
        raise YunhaiError(BAD_THRESHOLD, value=text[:24]) from None
    if not least <= found <= most:
        raise YunhaiError(BAD_THRESHOLD, value=text[:24])
    return -found if kind == "change_down" else found


def _bounds(kind: str) -> tuple[int, int, int]:
    """Decimals, least and most of a kind's threshold."""
    if kind in PRICES:
        return 4, 1, PRICE_MAX
    if kind in CHANGES:
        return 2, 1, ALERT_CHANGE_MAX
    if kind in AVERAGES:
        return 0, 2, ALERT_AVERAGE_DAYS_MAX
    return 0, 1, ALERT_VOLUME_MAX


def shown(kind: str, threshold: int) -> str:
    """A threshold as text: NT$, percent, shares or days; "" where the kind has none."""
    if kind in WITHOUT_VALUE:
        return ""
    if kind in PRICES:
        return decimal_text(threshold, places=2)
    if kind in CHANGES:
        return decimal_text(threshold, decimals=2, places=2)
    return str(threshold)


def value_shown(kind: str, value: int) -> str:
    """What was seen at a firing, as text: NT$, percent, shares; of KD its K, of averages the shorter one or the close."""
    if kind in CHANGES or kind in ("kd_up", "kd_down"):
        return decimal_text(value, decimals=2, places=2)
    return str(value) if kind == "volume_up" else decimal_text(value, places=2)


def day_value(kind: str, left: float) -> int:
    """A day kind's left side as it is kept: K in hundredths, else 1/10,000 NT$."""
    return round(left * (100 if kind in ("kd_up", "kd_down") else 10_000))


def checked_note(note: str) -> str:
    """A note without needless blanks. BAD_NOTE."""
    found = " ".join(note.split())
    if len(found) > ALERT_NOTE_CHARACTERS_MAX or not found.isprintable():
        raise YunhaiError(BAD_NOTE, most=ALERT_NOTE_CHARACTERS_MAX)
    return found


def expiry_of(text: str, today: str) -> date | None:
    """The last market day of an alert (YYYY-MM-DD); None of "". BAD_EXPIRY if it is no date, or before `today`."""
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise YunhaiError(BAD_EXPIRY, value=text[:24]) from None
    if found.isoformat() != text or text < today:
        raise YunhaiError(BAD_EXPIRY, value=text[:24])
    return found
