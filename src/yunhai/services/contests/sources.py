"""The days that are traded on paper: the one place of this service that knows the journal's folder and the replay's.

A paper order's place is set from here, by what is durable now; a day that runs is shown as it is, since an order placed against an
older picture of it could look ahead (docs/guides/contests.md says what that shows whom).
"""

import threading
import time
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from django.conf import settings

from yunhai.exchange.rules.loader import load_pack
from yunhai.exchange.rules.pack import RulePack
from yunhai.exchange.rules.words import SecurityKind
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import REPLAY_SOURCES_MAX
from yunhai.market.paper.words import Rules
from yunhai.market.replay.catalogue import Catalogue
from yunhai.market.replay.source import BOARD, Source, SourceKind
from yunhai.platform.console import packs
from yunhai.services.contests.errors import CONTEST_SOURCE_UNFIT, NO_RUNNING_DAY
from yunhai.services.contests.rules import ODD_LOT
from yunhai.services.orders import api as orders
from yunhai.services.settlement import api as settlement

FRESH_S: Final = 1.0
"""How old a picture of the running day may be for looking; never for placing an order."""
_DAYS: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day that a contest can be held over. `closed`: nothing follows in it."""

    source: str
    kind: str
    day: str
    closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """A security of a day. `reference` 1/10,000."""

    code: str
    name: str
    reference: int


@cache
def _catalogue(home: Path, journal: Path) -> Catalogue:
    return Catalogue(journal, home / "replay", packs.loaded)


def _installation() -> Catalogue:
    return _catalogue(Path(settings.PLACES.home), Path(settings.PLACES.journal))


def days() -> tuple[Day, ...]:
    """Every day with a book, the journal's first, newest first."""
    found = _installation().offered()
    return tuple(
        Day(source=one.id, kind=one.kind.value, day=one.day, closed=one.closed)
        for one in found
        if one.kind is not SourceKind.TRADES
    )


def day_of(source: str) -> Day:
    """CONTEST_SOURCE_UNFIT for what is not offered."""
    for one in days():
        if one.source == source:
            return one
    raise unfit(source, "it is not offered", "不在清單中")


def running() -> Day:
    """The market day that runs now. NO_RUNNING_DAY."""
    newest = next((one for one in days() if one.kind == SourceKind.JOURNAL), None)
    if newest is None or newest.closed:
        raise YunhaiError(NO_RUNNING_DAY)
    return newest


class _Held:
    """Sources as they were opened last, and when."""

    def __init__(self) -> None:
        self._found: dict[tuple[Path, str], tuple[Source, float]] = {}
        self._lock = threading.Lock()

    def of(self, source: str, *, fresh: bool) -> Source:
        key = (Path(settings.PLACES.home), source)
        now = time.monotonic()
        with self._lock:
            held = self._found.get(key)
        if held is not None and not fresh and now - held[1] < FRESH_S:
            return held[0]
        made, _ = _installation().open(source)
        with self._lock:
            self._found[key] = made, now
            while len(self._found) > REPLAY_SOURCES_MAX:
                self._found.pop(next(iter(self._found)))
        return made


_held: Final = _Held()


def opened(source: str, *, fresh: bool = False) -> Source:
    """A day as far as it is durable: now (`fresh`), or up to a second ago. CONTEST_SOURCE_UNFIT."""
    try:
        made = _held.of(source, fresh=fresh)
    except YunhaiError as error:
        raise unfit(source, error.text("en"), error.text("zh")) from error
    if not made.has_book:
        raise unfit(source, "it has trades only", "只有成交，沒有委託簿")
    return made


def unfit(source: str, reason: str, reason_zh: str) -> YunhaiError:
    """CONTEST_SOURCE_UNFIT."""
    return YunhaiError(CONTEST_SOURCE_UNFIT, source=source[:80] or "?", reason=reason, reason_zh=reason_zh)


def stocks(source: Source) -> tuple[Stock, ...]:
    """The board-lot securities of a day, by code."""
    found = {one.code: one.reference for one in source.listings if one.segment == BOARD}
    named = orders.prices(found, day=source.day.isoformat()) if source.kind is SourceKind.JOURNAL else {}
    return tuple(
        Stock(code=code, name=named[code].name if code in named else "", reference=reference)
        for code, reference in sorted(found.items())
    )


@lru_cache(maxsize=8)
def _loaded(name: str, content: bytes) -> RulePack:
    return load_pack(content, base=packs.base)


def names(source: Source, codes: tuple[str, ...], *, odd_lots: bool) -> tuple[str, ...]:
    """What an order may name: the codes, and with `odd_lots` their odd-lot books, as far as the day has them."""
    wanted = {f"{code}:{ODD_LOT}" for code in codes} if odd_lots else set()
    return (*codes, *sorted(one.name for one in source.listings if one.name in wanted))


def has_odd_lots(source: Source) -> bool:
    """Whether odd lots are traded during the day's session."""
    return any(one.segment == ODD_LOT for one in source.listings)


def span(source: Source) -> tuple[int, int]:
    """Market ns of a day's first and last event."""
    return source.time_of(1), source.time_of(len(source))


def pack_of(source: Source) -> RulePack:
    """The rules that a day was traded under. CONTEST_SOURCE_UNFIT."""
    if source.kind is SourceKind.ORDERS:
        name = source.id.split("/")[1]
        return _loaded(name, packs.content(name))
    day = source.day.isoformat()
    name = next((one.pack for one in settlement.board(days=_DAYS) if one.day == day), "")
    if not name:
        raise unfit(source.id, "its rules are not known yet", "尚無該日規則")
    return _loaded(name, packs.content(name))


def rules_of(
    source: Source,
    *,
    cash: int,
    codes: tuple[str, ...],
    fee: bool,
    odd_lots: bool,
    holdings: tuple[tuple[str, int], ...] = (),
) -> Rules:
    """What paper accounts over a day begin with and pay: the pack's charges, or none. CONTEST_SOURCE_UNFIT."""
    wanted = {*codes, *(code for code, _ in holdings)}
    named = orders.prices(wanted, day=source.day.isoformat()) if source.kind is SourceKind.JOURNAL else {}
    free = None if fee else 0
    return Rules(
        pack=pack_of(source),
        cash=cash,
        holdings=holdings,
        names=names(source, codes, odd_lots=odd_lots),
        kinds=tuple((code, SecurityKind(one.kind)) for code, one in sorted(named.items())),
        commission_ppm=free,
        commission_minimum=free,
        tax_ppm=free,
    )
