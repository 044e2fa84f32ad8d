"""A set-up as people write it: amounts, securities and times of day as text, held against the day they name."""

from collections.abc import Iterable

from yunhai.kernel.clock import DAY, market_time, parse_time
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.money import money_of
from yunhai.market.replay.playing import speed_of
from yunhai.services.contests import sources
from yunhai.services.contests.floors import Floor
from yunhai.services.contests.rules import KINDS, Draft, Weights, checked, wrong


def draft(
    *,
    source: str,
    codes: Iterable[str],
    odd_lots: bool,
    cash: str,
    fee: bool,
    begins: str,
    ends: str,
    name: str = "-",
    text: str = "",
    kinds: Iterable[str] = KINDS,
    weights: Weights | None = None,
) -> Draft:
    """What was written, read; an hour that is left empty is the day's first or last event's. A practice has no name, no
    chosen kinds and no weights. CONTEST_SOURCE_UNFIT, CONTEST_WRONG, 2101-2103 of an amount."""
    sources.day_of(source)
    first, last = sources.span(sources.opened(source))
    return Draft(
        name=name,
        text=text,
        source=source,
        codes=tuple(codes),
        odd_lots=odd_lots,
        cash=money_of(cash.replace(",", "").strip()),
        fee=fee,
        kinds=tuple(kinds),
        begins=moment(source, begins) if begins.strip() else first,
        ends=moment(source, ends) if ends.strip() else last,
        weights=weights or Weights(),
    )


def fitted(wanted: Draft) -> tuple[Draft, bool]:
    """The draft in its normal form, held against its day; whether the day still runs. CONTEST_WRONG, CONTEST_SOURCE_UNFIT."""
    wanted = checked(wanted)
    live = not sources.day_of(wanted.source).closed
    source = sources.opened(wanted.source, fresh=True)
    listed = {one.code for one in sources.stocks(source)}
    missing = [code for code in wanted.codes if code not in listed]
    if missing:
        raise wrong(f"{missing[0]} is not traded that day", f"該日沒有 {missing[0]}")
    if wanted.odd_lots and not sources.has_odd_lots(source):
        raise wrong("odd lots are not traded that day", "該日沒有盤中零股")
    if not live and len(source) and wanted.begins > source.time_of(len(source)):
        raise wrong("that day is over before it begins", "開始時刻晚於該日最後一筆事件")
    rules = sources.rules_of(source, cash=wanted.cash, codes=wanted.codes, fee=wanted.fee, odd_lots=wanted.odd_lots)
    Floor(source, rules)
    return wanted, live


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


def turning(source: str, *, speed: str, to: str) -> dict[str, int | None]:
    """What a clock is asked: a speed ("0" pauses, "" as it is) and a later time of the day ("": none). SPEED_UNFIT,
    CONTEST_WRONG."""
    speed, to = speed.strip(), to.strip()
    return {
        "speed": None if not speed else 0 if speed == "0" else speed_of(speed),
        "to": moment(source, to) if to else None,
    }
