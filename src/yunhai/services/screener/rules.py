"""Names, dates and codes of the screener's questions, purely."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

from yunhai.kernel.clock import DAY, TAIPEI_OFFSET, market_time
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import HISTORY_CODE_CHARACTERS_MAX, SCREEN_NAME_CHARACTERS_MAX
from yunhai.services.screener.errors import CODE_WRONG, DATE_WRONG, NAME_MALFORMED

_TAIPEI: Final = timezone(timedelta(microseconds=TAIPEI_OFFSET // 1_000))
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_YEARS: Final = range(1970, 2200)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_CODE: Final = re.compile(rf"[0-9A-Z][0-9A-Z._-]{{0,{HISTORY_CODE_CHARACTERS_MAX - 1}}}")


def checked_name(name: str) -> str:
    """A screen's name without needless blanks. NAME_MALFORMED."""
    found = " ".join(name.split())
    if not 0 < len(found) <= SCREEN_NAME_CHARACTERS_MAX or not found.isprintable():
        raise YunhaiError(NAME_MALFORMED, most=SCREEN_NAME_CHARACTERS_MAX)
    return found


def checked_codes(codes: Iterable[str]) -> tuple[str, ...]:
    """Codes in capitals, each once. CODE_WRONG."""
    found = tuple(dict.fromkeys(code.strip().upper() for code in codes))
    for code in found:
        if _CODE.fullmatch(code) is None:
            raise YunhaiError(CODE_WRONG, code=code[:HISTORY_CODE_CHARACTERS_MAX])
    return found


def session_of(text: str) -> int | None:
    """The midnight in Taipei of a date, market time (UTC ns); None of "". DATE_WRONG."""
    return int(market_time(_date(text))) if text else None


def moment_of(text: str) -> int | None:
    """Market time of a moment (Taipei's where it names no offset), or of a date's last nanosecond; None of "". DATE_WRONG."""
    if not text:
        return None
    if _DATE.fullmatch(text):
        return int(market_time(_date(text))) + DAY - 1
    if _DATE.match(text) is None:
        raise _wrong(text)
    try:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=_TAIPEI)
        if moment.year in _YEARS:
            return (moment - _EPOCH) // timedelta(microseconds=1) * 1_000
    except (ValueError, OverflowError):
        pass
    raise _wrong(text)


def _date(text: str) -> date:
    if _DATE.fullmatch(text) is None:
        raise _wrong(text)
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise _wrong(text) from None
    if found.year not in _YEARS:
        raise _wrong(text)
    return found


def _wrong(text: str) -> YunhaiError:
    return YunhaiError(DATE_WRONG, reason=f"{text[:40]!r} is no date", reason_zh=f"{text[:40]!r} 不是日期")
