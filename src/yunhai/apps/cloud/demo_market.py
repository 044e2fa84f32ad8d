"""The demo's market: which securities, which day, at what hour it wakes.

Real codes, with the closing prices of 2026-08-21 as the first day's references. From the second day on the references
are the demo's own closing prices. Who trades is invented (`agents`), so prices mean nothing beyond the demo.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from yunhai.apps.reference_data import calendar_around, instruments, rule_pack
from yunhai.exchange.instruments import Instrument
from yunhai.exchange.rules.charges import settlement_date
from yunhai.exchange.rules.pack import RulePack
from yunhai.exchange.rules.prices import opening_base
from yunhai.kernel.money import price_of
from yunhai.trading.facts import Listed

PACK: Final = "twse-2026"
OPENS_AT: Final = "08:59:50"
"""Market time at which a demo day begins: ten seconds of collecting, then continuous trading."""
QUIET_FROM: Final = "09:00:15"
QUIET_UNTIL: Final = "09:09:50"
"""The clock is moved over this stretch: a visitor need not wait ten minutes for the first odd-lot auction at 09:10."""
RESTS_AT: Final = "13:33:00"
"""From here on the demo waits for nothing more: the day is closed and the next one opened."""
TAIPEI: Final = timedelta(hours=8)

CLOSES: Final[Mapping[str, str]] = {
    "2330": "2410",
    "2317": "245.5",
    "2454": "3790",
    "2308": "1750",
    "2303": "116.5",
    "2412": "136.5",
    "2882": "100.5",
    "2881": "134",
    "2891": "65",
    "2884": "38",
    "2603": "251.5",
    "2609": "64",
    "2002": "19.45",
    "1301": "59.4",
    "1216": "77.5",
    "2618": "42.6",
    "3231": "175.5",
    "2382": "321.5",
    "0050": "104.65",
    "0056": "52.4",
    "00929": "28.33",
}
"""Code to the close of 2026-08-21, NT$ (docs/guides/demo.md says where it is from)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoDay:
    """A day to open. Dates YYYY-MM-DD."""

    date: str
    settles_on: str
    listed: tuple[Listed, ...]
    seed: int


def today() -> date:
    """The date in Taipei by the wall clock."""
    return (datetime.now(UTC) + TAIPEI).date()


def first_day(start: date) -> date:
    """`start` if the market trades then, else the next day it does. YunhaiError 2209 past the calendar's end."""
    return start if calendar_around(start).is_open(start) else day_after(start)


def day_after(day: date) -> date:
    """The trading day that follows. YunhaiError 2209."""
    return calendar_around(day).shifted(day, 1)


def demo_day(day: date, *, closes: Mapping[str, int] | None = None) -> DemoDay:
    """The day with its securities; `closes` (1/10,000 NT$) replace the built-in ones, code by code."""
    pack = rule_pack(PACK)
    known = {code: int(price_of(text)) for code, text in CLOSES.items()} | dict(closes or {})
    listings = instruments(day, pack=pack)
    listed = tuple(_listed(listings[code], known[code], pack) for code in CLOSES if code in listings)
    settles_on = settlement_date(pack, day, calendar_around(day).days)
    return DemoDay(date=day.isoformat(), settles_on=settles_on.isoformat(), listed=listed, seed=day.toordinal())


def _listed(listing: Instrument, close: int, pack: RulePack) -> Listed:
    return Listed(
        code=listing.code,
        kind=listing.kind.value,
        reference=opening_base(pack, listing.kind, close),
        name=listing.name,
        multiple=listing.multiple,
        day_trade="buy_first",
    )
