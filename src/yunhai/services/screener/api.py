"""Screens: what they may say, what they find and why, and those that a person keeps.

Values of an answer are figures for people who compare (binary64, as the screener computes them), no amounts of anybody's
books. A person's screens are shown to that person alone; the database holds to it (row-level security).
"""

import math
import time
from dataclasses import dataclass
from typing import Final

from django.db import IntegrityError, transaction

from yunhai.kernel.clock import date_of
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import SCREEN_MATCHES_MAX, SCREENS_KEPT_MAX
from yunhai.market.indicators import Indicator, catalogue
from yunhai.market.screener import Match, Screened, conditions, parse, sides_of, top_conditions
from yunhai.market.screener.expressions import Node
from yunhai.platform.identity.api import in_turn
from yunhai.platform.identity.caller import Caller
from yunhai.services.orders import api as orders
from yunhai.services.screener.errors import NAME_TAKEN, SCREEN_UNKNOWN, SCREENS_FULL
from yunhai.services.screener.fields import BY_NAME
from yunhai.services.screener.models import SavedScreen
from yunhai.services.screener.rules import checked_codes, checked_name, moment_of, session_of
from yunhai.services.screener.screens import newest, screened
from yunhai.services.screener.telling import told, unit_of

DECIMALS: Final = 6
TABLES: Final = ("bars-1d", "flows", "margin", "revenue")
"""What screens read, each with a date of its own."""


# --- what a screen says -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SideView:
    """A value that a condition compares."""

    text: str
    zh: str
    en: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionView:
    """A condition as written and in words, and the values it compares."""

    text: str
    zh: str
    en: str
    sides: tuple[SideView, ...]


def read(text: str) -> tuple[ConditionView, ...]:
    """The conditions of a screen, as they were written. YunhaiError 7457, 7700-7702."""
    return tuple(_condition(parse(piece), piece) for piece in conditions(text))


def _condition(node: Node, text: str) -> ConditionView:
    zh, en = told(node)
    sides = []
    for side in sides_of(node):
        side_zh, side_en = told(side)
        sides.append(SideView(text=str(side), zh=side_zh, en=side_en, unit=unit_of(side)))
    return ConditionView(text=text, zh=zh, en=en, sides=tuple(sides))


def indicators() -> list[Indicator]:
    """The registry, Taiwan's own first."""
    return list(catalogue().values())


@dataclass(frozen=True, slots=True, kw_only=True)
class DataView:
    """Dates that the lake's daily bars, institutional flows, margin balances and revenue (its newest month's first day) reach; ""
    where there is nothing."""

    bars: str
    flows: str
    margin: str
    revenue: str


def data() -> DataView:
    """YunhaiError 7450, 7453."""
    bars, flows, margin, revenue = (_date(newest(table)) for table in TABLES)
    return DataView(bars=bars, flows=flows, margin=margin, revenue=revenue)


def _date(start_ns: int | None) -> str:
    return "" if start_ns is None else date_of(start_ns).isoformat()


# --- what it finds ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnView:
    """A column that the screen names. `known`: stocks with a value that day; where none has, `latest` is the newest date that the
    lake knows of it ("": none, or a source of bars that does not tell it)."""

    name: str
    zh: str
    en: str
    known: int
    latest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StockView:
    """A stock with its session. `holds` by condition, `values` by condition and side; null where nothing is known."""

    code: str
    name: str
    close: float | None
    change: float | None
    volume: float | None
    holds: tuple[bool, ...]
    values: tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenedView:
    """`date` is the session looked at, "" if no daily bars are known at that moment (`empty`: none at all). `found` stocks fit,
    `matches` are the first of them by code; `explained` was asked for, in or not; `unlisted` of these had no session that day."""

    date: str
    empty: bool
    stocks: int
    absent: int
    rows: int
    milliseconds: int
    conditions: tuple[ConditionView, ...]
    columns: tuple[ColumnView, ...]
    found: int
    matches: tuple[StockView, ...]
    explained: tuple[StockView, ...]
    unlisted: tuple[str, ...]


def run(
    text: str, *, on: str = "", as_of: str = "", explain: tuple[str, ...] = (), limit: int = SCREEN_MATCHES_MAX
) -> ScreenedView:
    """Hold every stock against a screen at the last session up to the date `on`, with what was known at `as_of` (without it,
    by the end of that date). YunhaiError 7457, 7574-7576, 7700-7702, 7450, 7453."""
    begun = time.perf_counter()
    node = parse(text)
    codes = checked_codes(explain)
    moment = moment_of(as_of)
    answer = screened(node, session=session_of(on), as_of=moment, explain=codes)
    views = tuple(_condition(part, str(part)) for part in top_conditions(node))
    if answer is None:
        return ScreenedView(
            date="",
            empty=newest("bars-1d") is None,
            stocks=0,
            absent=0,
            rows=0,
            milliseconds=_since(begun),
            conditions=views,
            columns=(),
            found=0,
            matches=(),
            explained=(),
            unlisted=codes,
        )
    fits = [match for match in answer.matches if all(reason.holds for reason in match.reasons)]
    asked = [match for match in answer.matches if match.code in codes]
    shown = fits[: min(limit, SCREEN_MATCHES_MAX)]
    names = {code: one.name for code, one in orders.prices({match.code for match in (*shown, *asked)}).items()}
    return ScreenedView(
        date=_date(answer.session),
        empty=False,
        stocks=answer.stocks,
        absent=answer.absent,
        rows=answer.rows,
        conditions=views,
        columns=_columns(answer),
        found=len(fits),
        matches=tuple(_stock(match, names) for match in shown),
        explained=tuple(_stock(match, names) for match in asked),
        unlisted=tuple(code for code in codes if code not in {match.code for match in asked}),
        milliseconds=_since(begun),
    )


def _since(begun: float) -> int:
    return round((time.perf_counter() - begun) * 1000)


def _columns(answer: Screened) -> tuple[ColumnView, ...]:
    found = []
    for name, known in answer.known:
        field = BY_NAME[name]
        own = not known and field.table != "bars-1d"  # days without a value are no days without bars
        latest = "" if not own else _date(newest(field.table, last_ns=answer.session, as_of=answer.as_of))
        found.append(ColumnView(name=name, zh=field.zh, en=field.en, known=known, latest=latest))
    return tuple(found)


def _stock(match: Match, names: dict[str, str]) -> StockView:
    close, change, volume = map(_number, match.beside)
    return StockView(
        code=match.code,
        name=names.get(match.code, ""),
        close=close,
        change=change,
        volume=volume,
        holds=tuple(reason.holds for reason in match.reasons),
        values=tuple(tuple(_number(value) for _, value in reason.values) for reason in match.reasons),
    )


def _number(value: float) -> float | None:
    return round(value, DECIMALS) if math.isfinite(value) else None


# --- what a person keeps ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedView:
    """A screen as its owner sees it."""

    id: int
    name: str
    text: str


def saved(caller: Caller) -> tuple[SavedView, ...]:
    """The caller's screens, oldest first."""
    return tuple(_view(row) for row in SavedScreen.objects.filter(person=caller.person))


def save(caller: Caller, *, name: str, text: str) -> SavedView:
    """Keep a new screen. YunhaiError 7571-7573, 7457, 7700-7702."""
    name = checked_name(name)
    parse(text)
    in_turn(caller.person_id)
    if SavedScreen.objects.filter(person=caller.person).count() >= SCREENS_KEPT_MAX:
        raise YunhaiError(SCREENS_FULL, most=SCREENS_KEPT_MAX)
    try:
        with transaction.atomic():
            return _view(SavedScreen.objects.create(person_id=caller.person_id, name=name, text=text))
    except IntegrityError:
        raise YunhaiError(NAME_TAKEN, name=name) from None


def change(caller: Caller, screen: int, *, name: str | None = None, text: str | None = None) -> SavedView:
    """Rename a screen, or have it say something else; what is None stays. YunhaiError 7570, 7572, 7573, 7457, 7700-7702."""
    row = _own(caller, screen)
    if name is not None:
        row.name = checked_name(name)
    if text is not None:
        parse(text)
        row.text = text
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise YunhaiError(NAME_TAKEN, name=row.name) from None
    return _view(row)


def remove(caller: Caller, screen: int) -> None:
    """Forget a screen. YunhaiError 7570."""
    _own(caller, screen).delete()


def _own(caller: Caller, screen: int) -> SavedScreen:
    known = SavedScreen.objects.filter(person=caller.person)
    row = known.filter(pk=screen).first() if 0 < screen < 1 << 63 else None
    if row is None:
        raise YunhaiError(SCREEN_UNKNOWN, screen=screen)
    return row


def _view(row: SavedScreen) -> SavedView:
    return SavedView(id=row.pk, name=row.name, text=row.text)
