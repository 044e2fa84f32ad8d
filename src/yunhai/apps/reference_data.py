"""Reads the reference data that ships with packages: rule packs, code lists, the calendar.

The exchange itself reads no files; here they become bytes and rows for it.
"""

import csv
import warnings
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

from yunhai.exchange.calendar import TradingCalendar, overlaid
from yunhai.exchange.instruments import NEW_LISTING, Instrument, Overlay, from_row, is_new_listing
from yunhai.exchange.rules.loader import load_pack
from yunhai.exchange.rules.overlay import load_closures, load_overlay
from yunhai.exchange.rules.pack import NewListing, RulePack
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import PACK_BYTES_MAX

_PACKS = files("yunhai.exchange.rules") / "packs"
_OVERLAYS = files("yunhai.exchange.rules") / "overlays"
_LISTS = (("twse_equities.csv", "TWSE"), ("tpex_equities.csv", "TPEX"))
_HOME_PACKS = ("twse-2026", "twse-2013")
"""Packs of Taiwan's own rules, of which the one in force tells new listings when a caller names none."""
_LONGEST_CLOSURE = timedelta(days=21)
"""No run of days without trading is longer."""
CALENDAR_FROM = date(2000, 1, 4)


def pack_ids() -> list[str]:
    """Ids of the rule packs that ship with Yunhai, in order."""
    return sorted(entry.name.removesuffix(".toml") for entry in _PACKS.iterdir() if entry.name.endswith(".toml"))


def pack_bytes(pack_id: str) -> bytes | None:
    """The file of a shipped pack; None if there is none of that id."""
    return (_PACKS / f"{pack_id}.toml").read_bytes() if pack_id in pack_ids() else None


@cache
def rule_pack(pack_id: str) -> RulePack:
    """A shipped pack, read and checked. YunhaiError 2010."""
    data = pack_bytes(pack_id)
    if data is None:
        raise YunhaiError(2010, pack=pack_id, known=", ".join(pack_ids()))
    return load_pack(data, base=pack_bytes)


def pack_file(path: Path) -> RulePack:
    """The pack of a TOML file, of which no more is read than shows that it is too large.

    One that bears a shipped pack's id is shown with its file's name, so that nobody takes it for that pack.
    YunhaiError 2001-2009; OSError if it cannot be read.
    """
    with path.open("rb") as file:
        pack = load_pack(file.read(PACK_BYTES_MAX + 1), base=pack_bytes)
    return replace(pack, id=f"{path.name}:{pack.id}") if pack.id in pack_ids() else pack


def pack_named(name: str) -> RulePack:
    """A shipped pack by its id, else a file's. YunhaiError 2001-2010; OSError if the file cannot be read."""
    path = Path(name)
    if name not in pack_ids() and (path.suffix == ".toml" or path.is_file()):
        return pack_file(path)
    return rule_pack(name)


def pack_toml(name: str) -> bytes:
    """The file that `pack_named` reads. YunhaiError 2010; OSError."""
    path = Path(name)
    shipped = pack_bytes(name)
    if shipped is not None:
        return shipped
    if path.suffix == ".toml" or path.is_file():
        with path.open("rb") as file:
            return file.read(PACK_BYTES_MAX + 1)
    raise YunhaiError(2010, pack=name, known=", ".join(pack_ids()))


@cache
def overlay(day: date) -> Overlay:
    """What the shipped overlay says of `day`."""
    return load_overlay((_OVERLAYS / "instruments.toml").read_bytes(), day)


def _code_lists() -> Path:
    """The folder of the code lists. Importing the package would load its network client for nothing."""
    found = find_spec("twstock")
    if found is None or not found.submodule_search_locations:
        raise YunhaiError(2303, what="twstock")
    return Path(found.submodule_search_locations[0]) / "codes"


def instruments(day: date, *, pack: RulePack | None = None) -> Mapping[str, Instrument]:
    """Every security known to be listed on `day`, by code; the overlay's rows replace the lists'.

    `no_limit` holds on the first trading days of a new listing by `pack` (without one: Taiwan's pack in force on
    `day`, none if none is), and where the overlay's exceptions say so. Where a share was listed elsewhere before, the
    lists do not tell. Warrants and whatever else ended before the lists were made are not in them. YunhaiError 2303.
    """
    packs = [pack] if pack is not None else [rule_pack(name) for name in _HOME_PACKS]
    rule = next((each.new_listing for each in packs if each.in_force(day)), None)
    return _instruments(day, rule)


@cache
def _instruments(day: date, rule: NewListing | None) -> Mapping[str, Instrument]:
    known = dict(_listed(day))
    above = overlay(day)
    free = {code for code, exception in above.exceptions.items() if exception.rule == NEW_LISTING and code in known}
    if rule is not None and rule.days:
        free |= _new_listings(known, rule, day)
    for code in free:
        known[code] = replace(known[code], no_limit=True)
    return MappingProxyType(known)


def _new_listings(known: Mapping[str, Instrument], rule: NewListing, day: date) -> set[str]:
    """Codes within their first trading days; the calendar is opened only if one was listed lately."""
    first = max(CALENDAR_FROM, day - timedelta(days=2 * rule.days) - _LONGEST_CLOSURE)
    late = [each for each in known.values() if each.listed and each.listed >= first and each.kind in rule.kinds]
    if not late:
        return set()
    days = trading_days(first, day)
    return {each.code for each in late if is_new_listing(rule, each, day, days)}


@cache
def _listed(day: date) -> Mapping[str, Instrument]:
    known: dict[str, Instrument] = {}
    above = overlay(day)
    for name, market in _LISTS:
        path = _code_lists() / name
        if not path.is_file():
            raise YunhaiError(2303, what=name)
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            next(rows)
            for row in rows:
                made = from_row(tuple(part.strip() for part in row), market=market, overlay=above)
                if made is not None and (made.listed is None or made.listed <= day):
                    known[made.code] = made
    known.update(above.instruments)
    return MappingProxyType(known)


def instrument(code: str, day: date) -> Instrument:
    """One security. YunhaiError 2301."""
    found = instruments(day).get(code)
    if found is None:
        raise YunhaiError(2301, code=code)
    return found


@cache
def trading_calendar(first: date, last: date) -> TradingCalendar:
    """The market's trading days from `first` to `last`, closures taken out. Slow once (2 s): it loads pandas.

    YunhaiError 2209 if the calendar does not reach so far.
    """
    if first < CALENDAR_FROM or last < first:
        raise YunhaiError(2209, date=first.isoformat())
    from exchange_calendars import get_calendar
    from exchange_calendars.errors import CalendarError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library's own quarrel with newer pandas
            sessions = get_calendar("XTAI", start=first.isoformat(), end=last.isoformat()).sessions
    except (CalendarError, ValueError) as error:
        raise YunhaiError(2209, date=last.isoformat(), reason=str(error), reason_zh="超出行事曆套件之範圍") from None
    closures = load_closures((_OVERLAYS / "closures.toml").read_bytes())
    return overlaid((session.date() for session in sessions), closures)


def trading_days(first: date, last: date) -> tuple[date, ...]:
    """Trading days from `first` to `last`, both included. YunhaiError 2209."""
    return trading_calendar(first, last).days


def calendar_around(day: date) -> TradingCalendar:
    """Trading days from a month before `day` until all its trades are surely settled."""
    return trading_calendar(max(CALENDAR_FROM, day - timedelta(days=31)), day + timedelta(days=62))
