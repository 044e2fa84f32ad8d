"""A contest's set-up as people write it: amounts, securities and times of day as text."""

from collections.abc import Iterable

from yunhai.kernel.clock import DAY, market_time, parse_time
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.money import money_of
from yunhai.services.contests import sources
from yunhai.services.contests.rules import Draft, Weights, wrong


def draft(
    *,
    name: str,
    text: str,
    source: str,
    codes: Iterable[str],
    cash: str,
    fee: bool,
    kinds: Iterable[str],
    begins: str,
    ends: str,
    weights: Weights,
) -> Draft:
    """What was written, read. CONTEST_SOURCE_UNFIT, CONTEST_WRONG, 2101-2103 of an amount."""
    sources.day_of(source)
    return Draft(
        name=name,
        text=text,
        source=source,
        codes=tuple(codes),
        cash=money_of(cash.replace(",", "").strip()),
        fee=fee,
        kinds=tuple(kinds),
        begins=moment(source, begins),
        ends=moment(source, ends),
        weights=weights,
    )


def moment(source: str, text: str) -> int:
    """A time of day, HH:MM[:SS], as market time of a source's day. CONTEST_WRONG, CONTEST_SOURCE_UNFIT."""
    opened = sources.opened(source)
    text = text.strip()
    try:
        at = parse_time(text + ":00" if text.count(":") == 1 else text)
    except (YunhaiError, ValueError):
        raise wrong(f"{text[:8]!r} is no time of day", f"{text[:8]!r} 不是時刻") from None
    if not 0 <= at < DAY:
        raise wrong(f"{text[:8]!r} is no time of day", f"{text[:8]!r} 不是時刻")
    return int(market_time(opened.day, at, offset=opened.offset))
