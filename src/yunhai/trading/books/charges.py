"""Commission and tax as the books charge them: the pack's rules with the broker's schedule, worked out once a day.

`yunhai.exchange.rules.charges` says what the rules are; here their rates are looked up when the day opens, so that a
fill costs two multiplications. A test holds the two equal. Amounts are 1/10,000 NT$ and come out in whole dollars.
"""

from datetime import date
from typing import Final

from yunhai.exchange.rules.charges import tax_row
from yunhai.exchange.rules.pack import RulePack
from yunhai.exchange.rules.prices import Limits, day_ladder
from yunhai.exchange.rules.words import Rounding, SecurityKind
from yunhai.exchange.venue_config import TradedToday, day_limits
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.money import MILLION, SCALE, Price
from yunhai.trading.books.state import DaySecurity
from yunhai.trading.facts import Listed

_SCALE: Final = MILLION * SCALE
ROUNDINGS: Final = (Rounding.DOWN, Rounding.HALF_UP, Rounding.UP)


def dollars(value: int, ppm: int, rounding: int) -> int:
    """value × ppm in whole dollars; `rounding` a place in `ROUNDINGS`."""
    if rounding == 0:
        return value * ppm // _SCALE * SCALE
    if rounding == 2:
        return -(-value * ppm // _SCALE) * SCALE
    return (2 * value * ppm + _SCALE) // (2 * _SCALE) * SCALE


def commission(value: int, ppm: int, minimum: int, rounding: int) -> int:
    """Commission on an order's whole executed value; 0 for nothing executed."""
    if value <= 0:
        return 0
    charged = value * ppm // _SCALE * SCALE if rounding == 0 else dollars(value, ppm, rounding)
    return charged if charged > minimum else minimum


def traded(listed: Listed) -> TradedToday:
    """A fact's security as the venue takes it. YunhaiError 6425 for a kind that is none."""
    try:
        kind = SecurityKind(listed.kind)
    except ValueError:
        raise YunhaiError(6425, reason=f"{listed.code}: kind {listed.kind}") from None
    limits = None
    if listed.limit_up or listed.limit_down:
        limits = Limits(Price(listed.limit_up) or None, Price(listed.limit_down) or None)
    return TradedToday(
        code=listed.code,
        kind=kind,
        reference=listed.reference,
        name=listed.name,
        limits=limits,
        unlimited=listed.unlimited,
        multiple=listed.multiple,
        treatment=listed.treatment,
        match_seconds=listed.match_seconds,
        suspended=listed.suspended,
        lot=listed.lot,
    )


def day_security(pack: RulePack, day: date, listed: Listed) -> DaySecurity:
    """Taxes, highest price and day-trade mark of one security. YunhaiError 2202-2208, 2511, 6425."""
    instrument = traded(listed)
    limits = day_limits(pack, instrument)
    ceiling = limits.up or int(day_ladder(pack, instrument.kind, instrument.reference, limits)[-1])
    treatment = pack.treatments.get(listed.treatment) if listed.treatment else None
    allowed = listed.day_trade in ("buy_first", "both") and (treatment is None or treatment.day_trade)
    return DaySecurity(
        kind=listed.kind,
        tax_ppm=pack.tax_rate(tax_row(pack, instrument.kind, day)),
        day_tax_ppm=pack.tax_rate(tax_row(pack, instrument.kind, day, day_trade=True)),
        ceiling=ceiling,
        day_trade=allowed,
    )
