"""Commission, securities transaction tax and settlement date, as functions of a rule pack.

Amounts are `Money` (1/10,000 NT$) and come out in whole dollars, rounded as the pack's settings say.
"""

from collections.abc import Sequence
from datetime import date

from yunhai.exchange.rules.pack import RulePack, Tax
from yunhai.exchange.rules.words import Rounding, SecurityKind
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.money import MILLION, SCALE, Money, Rate


def _dollars(value: int, rate: int, rounding: Rounding) -> Money:
    """value × rate in whole dollars."""
    scale = MILLION * SCALE
    product = value * rate
    if rounding is Rounding.DOWN:
        dollars = product // scale
    elif rounding is Rounding.UP:
        dollars = -(-product // scale)
    else:
        dollars = (2 * product + scale) // (2 * scale)
    return Money(dollars * SCALE)


def _refuse_negative(value: int) -> None:
    if value < 0:
        raise YunhaiError(2103, text=str(value))


def commission(pack: RulePack, value: int, *, odd_lot: bool = False, rate: Rate | None = None) -> Money:
    """The broker's commission 手續費 on a trade of `value`, both sides alike.

    `rate`: a broker's discounted rate; the pack's ceiling if not given. Never above the ceiling's amount except by the
    pack's minimum. Zero for a value of zero. YunhaiError 2103 negative value or a rate above the ceiling.
    """
    _refuse_negative(value)
    if rate is not None and not 0 <= rate <= pack.fees.commission:
        raise YunhaiError(2103, text=str(rate))
    if value == 0:
        return Money(0)
    settings = pack.settings
    least = settings.commission_minimum_odd_lot if odd_lot else settings.commission_minimum
    charged = _dollars(value, pack.fees.commission if rate is None else rate, settings.commission_rounding.value)
    return max(charged, least.value)


def tax_row(pack: RulePack, kind: SecurityKind, day: date, *, day_trade: bool = False, hedge: bool = False) -> Tax:
    """The tax row in force; `RulePack.tax_rate` has its rate. YunhaiError 2208.

    A day trade, or a warrant issuer's `hedge` sale of the underlying, without a row of its own pays as any other sale.
    """
    rows = [
        tax for tax in pack.taxes if kind in tax.kinds and tax.since <= day and (tax.until is None or day <= tax.until)
    ]
    wanted = [(False, True)] * hedge + [(True, False)] * day_trade + [(False, False)]
    for marks in wanted:
        for tax in rows:
            if (tax.day_trade, tax.hedge) == marks:
                return tax
    raise YunhaiError(
        2208, what=f"transaction tax on {kind.value}", what_zh=f"{kind.value} 之證券交易稅", date=day.isoformat()
    )


def transaction_tax(
    pack: RulePack, kind: SecurityKind, value: int, day: date, *, day_trade: bool = False, hedge: bool = False
) -> Money:
    """Securities transaction tax 證券交易稅 of a sale of `value` on `day`. YunhaiError 2103, 2208."""
    _refuse_negative(value)
    tax = tax_row(pack, kind, day, day_trade=day_trade, hedge=hedge)
    return _dollars(value, pack.tax_rate(tax), pack.settings.tax_rounding.value)


def settlement_date(pack: RulePack, day: date, trading_days: Sequence[date]) -> date:
    """The settlement day 交割日 of a trade on `day`; `trading_days` ascending.

    YunhaiError 2210 if `day` is no trading day, 2209 if the calendar ends too early.
    """
    if day not in trading_days:
        raise YunhaiError(2210, date=day.isoformat(), reason="not in the calendar", reason_zh="不在行事曆中")
    place = trading_days.index(day) + pack.settlement.days
    if place >= len(trading_days):
        late = f"{pack.settlement.days} trading days after {day.isoformat()}"
        raise YunhaiError(2209, date=late, date_zh=f"{day.isoformat()} 後第 {pack.settlement.days} 個交易日")
    return trading_days[place]
