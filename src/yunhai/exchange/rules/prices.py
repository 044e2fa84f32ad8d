"""Ticks, daily limits, reference prices and ladders, as functions of a rule pack.

All prices are ints in 1/10,000 NT$. A tick step's lower edge belongs to it: a price of exactly 50 moves up by 0.1 and
down by 0.05 (TWSE Operating Rules Art. 62). Limits are rounded inwards to the tick of the band the limit itself is in
(Art. 63).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yunhai.exchange.rules.pack import DailyLimit, RulePack, TickStep
from yunhai.exchange.rules.words import LimitRule, SecurityKind, Tie
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import LADDER_PRICES_MAX
from yunhai.kernel.money import MILLION, PRICE_MAX, Price, price_text


@dataclass(frozen=True, slots=True)
class Limits:
    """A day's limit-up 漲停 and limit-down 跌停; None where there is none."""

    up: Price | None
    down: Price | None


NO_LIMITS = Limits(None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Underlying:
    """What a warrant's limits need of its underlying: reference, limits, and securities per warrant in millionths."""

    reference: Price
    limits: Limits
    ratio: int


def steps_of(pack: RulePack, kind: SecurityKind) -> tuple[TickStep, ...]:
    """The tick table of a kind, ascending. YunhaiError 2206."""
    for table in pack.ticks:
        if kind in table.kinds:
            return table.steps
    raise YunhaiError(2206, pack=pack.id, kind=kind.value)


def _step(pack: RulePack, kind: SecurityKind, price: int) -> TickStep:
    found = steps_of(pack, kind)[0]
    for step in steps_of(pack, kind):
        if step.at <= price:
            found = step
    return found


def tick(pack: RulePack, kind: SecurityKind, price: int) -> Price:
    """The distance from `price` to the next valid price above it. YunhaiError 2206."""
    return _step(pack, kind, price).tick


def tick_below(pack: RulePack, kind: SecurityKind, price: int) -> Price:
    """The distance from `price` to the next valid price below it. YunhaiError 2206."""
    return _step(pack, kind, price - 1).tick


def is_on_grid(pack: RulePack, kind: SecurityKind, price: int) -> bool:
    """Whether `price` is a valid price of the kind, limits aside."""
    return 0 < price <= PRICE_MAX and price % tick(pack, kind, price) == 0


def round_down(pack: RulePack, kind: SecurityKind, price: int) -> Price:
    """The highest valid price not above `price`; 0 if there is none."""
    size = tick(pack, kind, price)
    return Price(price // size * size)


def round_up(pack: RulePack, kind: SecurityKind, price: int) -> Price:
    """The lowest valid price not below `price`."""
    size = tick(pack, kind, price)
    return Price(-(-price // size) * size)


def round_nearest(pack: RulePack, kind: SecurityKind, price: int) -> Price:
    """The nearest valid price; a tie goes as the pack's setting `nearest_tick_tie` says. Never 0."""
    below, above = round_down(pack, kind, price), round_up(pack, kind, price)
    if below == 0:
        return above
    if price - below == above - price:
        return above if pack.settings.nearest_tick_tie.value is Tie.UP else below
    return below if price - below < above - price else above


def limit_rule(pack: RulePack, kind: SecurityKind) -> DailyLimit:
    """How the pack limits a kind. YunhaiError 2206."""
    for rule in pack.limits:
        if kind in rule.kinds:
            return rule
    raise YunhaiError(2206, pack=pack.id, kind=kind.value)


def _bad_reference(reference: int) -> YunhaiError:
    price, most = price_text(reference), price_text(PRICE_MAX)
    reason, reason_zh = f"{price} is not above 0 and at most {most}", f"{price} 未大於 0 或超過 {most}"
    return YunhaiError(2205, reason=reason, reason_zh=reason_zh)


def daily_limits(
    pack: RulePack,
    kind: SecurityKind,
    reference: int,
    *,
    up_reference: int | None = None,
    multiple: int = 1,
    underlying: Underlying | None = None,
    unlimited: bool = False,
) -> Limits:
    """A security's limits of the day from its reference.

    `up_reference`: another base for limit-up on an ex-date. TWSE takes the price less dividend (減除股利參考價, which leaves
    the right of a cash-capital increase in), TPEx the auction reference; `reference` is then the ex-date price.
    `multiple`: of a leveraged or inverse fund, its absolute value. `unlimited`: a new listing's first days.
    YunhaiError 2202 a warrant without its underlying, 2205 bad reference, 2206 kind not in the pack.
    """
    rule = limit_rule(pack, kind)
    if not 0 < reference <= PRICE_MAX or (up_reference is not None and not 0 < up_reference <= PRICE_MAX):
        raise _bad_reference(reference)
    if unlimited or rule.rule is LimitRule.NONE:
        return NO_LIMITS
    if rule.rule is LimitRule.UNDERLYING:
        return _warrant_limits(pack, kind, reference, underlying)
    rates = pack.limit_rates(rule)
    assert rates is not None
    if rule.rule is LimitRule.LEVERAGED and not 1 <= multiple <= 9:
        raise YunhaiError(2205, reason=f"a multiple of {multiple}", reason_zh=f"倍數 {multiple}")
    times = multiple if rule.rule is LimitRule.LEVERAGED else 1
    up_base = reference if up_reference is None else up_reference
    up = up_base * (MILLION + times * rates[0]) // MILLION
    down = -(-reference * max(0, MILLION - times * rates[1]) // MILLION)
    return _rounded(pack, kind, up_base, reference, up, down)


def _rounded(pack: RulePack, kind: SecurityKind, up_base: int, down_base: int, up: int, down: int) -> Limits:
    """Inwards to the tick, but one tick each way at least, and never below one tick (Art. 63)."""
    limit_up = round_down(pack, kind, up)
    limit_down = round_up(pack, kind, down)
    if limit_up <= up_base:
        limit_up = Price(round_down(pack, kind, up_base) + tick(pack, kind, up_base))
    if limit_down >= down_base:
        limit_down = Price(round_up(pack, kind, down_base) - tick_below(pack, kind, down_base))
    limit_down = max(limit_down, steps_of(pack, kind)[0].tick)
    if limit_up > PRICE_MAX:
        most = price_text(PRICE_MAX)
        raise YunhaiError(2205, reason=f"limit-up would be above {most}", reason_zh=f"漲停價將超過 {most}")
    return Limits(limit_up, limit_down)


def _warrant_limits(pack: RulePack, kind: SecurityKind, reference: int, underlying: Underlying | None) -> Limits:
    """The underlying's room times the exercise ratio; a put swaps the two (warrant rules FL007277 Art. 7)."""
    if underlying is None:
        raise YunhaiError(2202)
    if underlying.limits.up is None or underlying.limits.down is None:
        return NO_LIMITS
    rise = underlying.limits.up - underlying.reference
    fall = underlying.reference - underlying.limits.down
    if kind is SecurityKind.WARRANT_PUT:
        rise, fall = fall, rise
    up = reference + rise * underlying.ratio // MILLION
    down = max(0, reference - fall * underlying.ratio // MILLION)
    return _rounded(pack, kind, reference, reference, up, down)


def _runs(pack: RulePack, kind: SecurityKind, low: int, high: int) -> list[range]:
    """The valid prices from `low` to `high`, one arithmetic run per tick step, ascending, none empty."""
    if high > PRICE_MAX:
        asked, most = price_text(high), price_text(PRICE_MAX)
        raise YunhaiError(2205, reason=f"{asked} is above {most}", reason_zh=f"{asked} 超過 {most}")
    steps = steps_of(pack, kind)
    ends = [step.at - 1 for step in steps[1:]] + [PRICE_MAX]
    runs = []
    for step, end in zip(steps, ends, strict=True):
        first = -(-max(low, step.at, 1) // step.tick) * step.tick
        runs.append(range(first, min(high, end) + 1, step.tick))
    return [run for run in runs if run]


def _array(runs: list[range]) -> NDArray[np.int32]:
    count = sum(map(len, runs))
    if count > LADDER_PRICES_MAX:
        raise YunhaiError(2207, steps=count, limit=LADDER_PRICES_MAX)
    parts = [np.arange(run.start, run.stop, run.step, dtype=np.int32) for run in runs]
    return np.concatenate(parts) if parts else np.empty(0, np.int32)


def ladder(pack: RulePack, kind: SecurityKind, low: int, high: int) -> NDArray[np.int32]:
    """Every valid price from `low` to `high`, both included, ascending.

    YunhaiError 2205 (`high` above the highest price there is), 2206, 2207 (more than LADDER_PRICES_MAX prices).
    """
    return _array(_runs(pack, kind, low, high))


def day_ladder(pack: RulePack, kind: SecurityKind, reference: int, limits: Limits) -> NDArray[np.int32]:
    """The ladder of a book: between the limits, or the pack's bounded width about the reference where there are none.

    Without limits it runs from a `no_limit_multiple`th of the reference to as many times it, with at most half of
    `no_limit_prices` on either side of the reference (both are settings). YunhaiError 2205, 2206, 2207.
    """
    if limits.up is not None and limits.down is not None:
        return ladder(pack, kind, limits.down, limits.up)
    if not 0 < reference <= PRICE_MAX:
        raise _bad_reference(reference)
    multiple = pack.settings.no_limit_multiple.value
    half = pack.settings.no_limit_prices.value // 2
    low = limits.down or max(1, reference // multiple)
    high = limits.up or min(PRICE_MAX, reference * multiple)
    below: list[range] = []
    for run in reversed(_runs(pack, kind, low, reference)):
        room = half - sum(map(len, below))
        below = [run[-room:], *below] if room > 0 else below
    above: list[range] = []
    for run in _runs(pack, kind, reference + 1, high):
        room = half - sum(map(len, above))
        above = [*above, run[:room]] if room > 0 else above
    return _array(below + above)


def ex_reference(
    pack: RulePack,
    close: int,
    *,
    dividend: int = 0,
    subscription_price: int = 0,
    subscription_ratio: int = 0,
    bonus_ratio: int = 0,
) -> Price:
    """The theoretical price after an ex-date 除權息參考價, cut to the pack's decimals.

    (close − dividend + subscription price × ratio) ÷ (1 + bonus ratio + subscription ratio); money in 1/10,000 NT$,
    ratios (new shares per share held) in millionths. YunhaiError 2205 if nothing is left.
    """
    above = (close - dividend) * MILLION + subscription_price * subscription_ratio
    below = MILLION + bonus_ratio + subscription_ratio
    unit = 10 ** max(0, 4 - pack.reference.ex_decimals)
    value = above // below // unit * unit
    if value <= 0:
        raise YunhaiError(2205, reason="nothing is left of the price after the ex-date", reason_zh="除權息後價格不足零")
    return Price(value)


def opening_base(pack: RulePack, kind: SecurityKind, price: int) -> Price:
    """The auction reference 開盤競價基準 of a day: the valid price nearest the ex-date price."""
    return round_nearest(pack, kind, price)
