"""Opening a market day from the Control Room: what it would be, and doing it.

A day is planned from the last one: its securities, each with the last board price (or, untraded, the old reference) as the new
reference 開盤競價基準, rounded by the pack. Whatever the exchange prices otherwise, an ex-dividend day above all, is given as
lines `code,reference`; so are securities that are new. Dates come from the market's calendar, names and treatments from the
reference data of the day, settlement from the pack. Nothing is changed by planning; the core checks all of it again.
"""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import msgspec
from django.conf import settings
from django.utils.module_loading import import_string

from yunhai.exchange.calendar import TradingCalendar
from yunhai.exchange.instruments import Instrument
from yunhai.exchange.rules.charges import settlement_date
from yunhai.exchange.rules.pack import RulePack
from yunhai.exchange.rules.prices import opening_base
from yunhai.exchange.rules.words import SecurityKind
from yunhai.kernel.clock import date_of, parse_date
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.money import price_of
from yunhai.platform.console import packs
from yunhai.platform.console.errors import ANOTHER_BROKER, NO_SECURITIES, REFERENCE_LINE
from yunhai.platform.console.inner import ask
from yunhai.platform.identity.caller import Caller
from yunhai.services.lines.access import is_operator
from yunhai.services.orders import api as orders
from yunhai.services.settlement import api as settlement
from yunhai.trading.facts import Listed

LIVE: Final = "live"
NEW_SECURITY: Final = "none"
"""Day trading of a security that was in no day before, until somebody says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What an operator asked for. Empty: the next trading day, the last day's pack, the day's beginning, the last prices.
    `references` lines of `code,price`; `at` HH:MM[:SS] where the clock is no live one."""

    date: str = ""
    pack: str = ""
    at: str = ""
    references: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRow:
    """A security of the day. Prices in 1/10,000 NT$, 0: none; `source` close | reference | given."""

    code: str
    name: str
    before: int
    close: int
    reference: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A day as it would be opened. `left_out` codes of the last day that are not listed any more."""

    date: str
    pack: str
    settles_on: str
    clock: str
    at: str
    rows: tuple[PlannedRow, ...]
    left_out: tuple[str, ...]
    listed: tuple[Listed, ...]


def plan(wanted: Wanted) -> Plan:
    """What `open_day` would open now. YunhaiError 2104, 2209, 2210, 7340, 7345, 7346, 7374."""
    last = settlement.latest_day()
    clock = str(ask("/status")["clock"])
    day = parse_date(wanted.date) if wanted.date else _next_day(last.day if last else "", clock)
    calendar = _calendar(day)
    calendar.require_open(day)
    name = wanted.pack or (last.pack if last else "") or _pack_in_force(day)
    pack = packs.loaded(name)
    rows, listed, left_out = _securities(pack, day, _given(wanted.references), last)
    if not listed:
        raise YunhaiError(NO_SECURITIES)
    return Plan(
        date=day.isoformat(),
        pack=name,
        settles_on=settlement_date(pack, day, calendar.days).isoformat(),
        clock=clock,
        at="" if clock == LIVE else wanted.at,
        rows=rows,
        left_out=left_out,
        listed=listed,
    )


def open_day(caller: Caller, wanted: Wanted) -> tuple[Plan, int]:
    """Open the planned day for everybody, by the exchange's operators only: the plan and its fact's journal sequence. The
    same day again, while it is open, gives the same sequence. Also YunhaiError 6420-6422, 6425, 65xx, 7344."""
    if not is_operator(caller):
        raise YunhaiError(ANOTHER_BROKER)
    found = plan(wanted)
    body = {
        "date": found.date,
        "pack": found.pack,
        "settles_on": found.settles_on,
        "listed": msgspec.to_builtins(found.listed),
        "seed": secrets.randbelow(2**31 - 1) + 1,
        "at": found.at,
        "by": caller.person_id,
    }
    return found, int(ask("/day/open", body, slow=True)["sequence"])


def _calendar(day: date) -> TradingCalendar:
    around: Callable[[date], TradingCalendar] = import_string(settings.YUNHAI_CALENDAR)
    return around(day)


def _instruments(day: date, pack: RulePack) -> Mapping[str, Instrument]:
    listed: Callable[..., Mapping[str, Instrument]] = import_string(settings.YUNHAI_INSTRUMENTS)
    return listed(day, pack=pack)


def _next_day(last: str, clock: str) -> date:
    """The trading day after the last one; with a live clock, or before any day, none before today."""
    today = date_of(time.time_ns())
    start = parse_date(last) if last else None
    if start is not None and (clock != LIVE or start >= today):
        return _calendar(start).shifted(start, 1)
    calendar = _calendar(today)
    return today if calendar.is_open(today) else calendar.shifted(today, 1)


def _pack_in_force(day: date) -> str:
    """The first published pack in force on a day, before any day has named one; "" if there is none (7374 follows)."""
    published = [one.name for one in packs.known() if one.source == "published"]
    return next((name for name in published if packs.loaded(name).in_force(day)), "")


def _given(text: str) -> dict[str, tuple[int, int]]:
    """Code to (line, reference), of lines `code,price`; blank ones are passed over. YunhaiError 7345 with the line's number."""
    found: dict[str, tuple[int, int]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        code, comma, price = (part.strip() for part in line.replace("\t", ",").partition(","))
        try:
            value = int(price_of(price))
        except YunhaiError as error:
            raise _wrong_line(number, error.text("en"), error.text("zh")) from None
        if not comma or not code or not value:
            raise _wrong_line(number, "a code, a comma and a price are wanted", "格式應為：代號,價格")
        if code in found:
            raise _wrong_line(number, f"{code} stands twice", f"{code} 重複")
        found[code] = (number, value)
    return found


def _wrong_line(number: int, reason: str, reason_zh: str) -> YunhaiError:
    return YunhaiError(REFERENCE_LINE, line=number, reason=reason, reason_zh=reason_zh)


def _securities(
    pack: RulePack, day: date, given: Mapping[str, tuple[int, int]], last: Any
) -> tuple[tuple[PlannedRow, ...], tuple[Listed, ...], tuple[str, ...]]:
    known = _instruments(day, pack)
    before = {one.code: one for one in orders.listed_at(last.sequence)} if last else {}
    closes = {one.code: one.last for one in orders.securities()} if last else {}
    for code, (line, _) in given.items():
        if code not in known and code not in before:
            raise _wrong_line(line, f"{code} is not listed on {day}", f"{code} 於 {day} 未上市")
    rows, listed, left_out = [], [], []
    for code in sorted({*before, *given}):
        old, today = before.get(code), known.get(code)
        if today is None and code not in given:
            left_out.append(code)
            continue
        kind = today.kind if today is not None else SecurityKind(old.kind) if old else SecurityKind.STOCK
        source = "given" if code in given else "close" if closes.get(code) else "reference"
        price = given[code][1] if code in given else closes.get(code) or (old.reference if old else 0)
        reference = int(opening_base(pack, kind, price))
        name = today.name if today is not None else old.name if old else ""
        rows.append(
            PlannedRow(
                code=code,
                name=name,
                before=old.reference if old else 0,
                close=closes.get(code, 0),
                reference=reference,
                source=source,
            )
        )
        listed.append(_listed(code, name, kind, reference, old, today))
    return tuple(rows), tuple(listed), tuple(left_out)


def _listed(
    code: str, name: str, kind: SecurityKind, reference: int, old: Listed | None, today: Instrument | None
) -> Listed:
    """What a day may say of a security anew is of the day; limits are the pack's again; day trading is as it was."""
    return Listed(
        code=code,
        kind=kind.value,
        reference=reference,
        name=name,
        unlimited=today.no_limit if today is not None else False,
        multiple=today.multiple if today is not None else old.multiple if old else 1,
        treatment=today.treatment if today is not None else old.treatment if old else None,
        match_seconds=old.match_seconds if old else None,
        suspended=today.suspended if today is not None else old.suspended if old else False,
        lot=int(today.lot) if today is not None and today.lot else old.lot if old else None,
        day_trade=old.day_trade if old else NEW_SECURITY,
    )
