"""A rule pack: everything a market's rules say, as dated data.

A pack is a TOML file (`packs/*.toml`) whose tables have the shape of the dataclasses below, field by field; `loader`
reads it strictly. The engine, the venue and the platform read rules from here and from nowhere else, so that a change
of the rules is a new pack and never an `if`. What the rules leave open is a `Setting` with its default and reason.

Units: prices 1/10,000 NT$, quantities shares, rates parts per million, times of day ns since local midnight.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from yunhai.exchange.rules.words import (
    Action,
    Candidates,
    Centre,
    ChangedBase,
    Confidence,
    EqualDistance,
    Fallback,
    FirstTrial,
    IntervalSetting,
    LimitRule,
    Match,
    OddLotCycle,
    OrderKind,
    PriceBasis,
    Rank,
    RankDrawn,
    RateSetting,
    RestingMarketPrice,
    Rounding,
    SecurityKind,
    SegmentName,
    SpanPhase,
    Tie,
    TieBreak,
)
from yunhai.kernel.clock import SECOND, TimeOfDay
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.money import Money, Price, Quantity, Rate

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """Which market the rules are of."""

    code: str
    """ISO 10383 market identifier; also the calendar's name."""
    name_zh: str
    name_en: str
    currency: str
    utc_offset_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TickStep:
    """From this price up (the edge belongs to the step), prices are multiples of `tick`."""

    at: Price
    tick: Price


@dataclass(frozen=True, slots=True, kw_only=True)
class TickTable:
    """Tick sizes 升降單位 (TWSE Operating Rules Art. 62). Steps ascend and begin at 0."""

    kinds: tuple[SecurityKind, ...]
    steps: tuple[TickStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyLimit:
    """Daily price limits 漲跌幅 of some kinds (Art. 63). The rates are there for `percent` and `leveraged` only.

    `setting` instead of both: that setting holds the rate, up and down alike; ask `RulePack.limit_rates`.
    """

    kinds: tuple[SecurityKind, ...]
    rule: LimitRule
    up: Rate | None = None
    down: Rate | None = None
    setting: RateSetting | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewListing:
    """No daily limit on the first trading days of a new listing 初次上市普通股."""

    kinds: tuple[SecurityKind, ...]
    days: int
    market_orders: bool
    """Whether market orders are taken in a security without limits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceRules:
    """Reference price 開盤競價基準 after an ex-date (TWSE notes to table TWT49U)."""

    ex_decimals: int
    """Decimals kept of the theoretical ex-price; the rest is dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """From `since` on, a periodic auction every `seconds`."""

    since: date
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayTest:
    """Delayed open or close 暫緩開盤、暫緩收盤: tested on the trial matches of the span's last part."""

    test_from: TimeOfDay
    move: Rate
    """Delay if two trial prices in a row differ by more than this."""
    delay_seconds: int
    collect_again_seconds: int
    """Seconds after the planned match before orders are taken again (0 = without a break)."""
    cancelled: Rate | None = None
    """Delay also if quantity cancelled and changed in the test reaches this share of the quantity entered before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One stretch of a segment's day, [start, end)."""

    name: str
    start: TimeOfDay
    end: TimeOfDay
    phase: SpanPhase
    match: Match
    first_match: TimeOfDay | None = None
    """Periodic only: moment of the first match, one cycle after `start` if not stated."""
    cycles: tuple[Cycle, ...] = ()
    trial_from: TimeOfDay | None = None
    trial_seconds: int | None = None
    """Trial matches 試撮 are shown every so many seconds from `trial_from` on."""
    delay: DelayTest | None = None

    def cycle_seconds(self, day: date) -> int:
        """Seconds between matches on `day`; 0 if the span is not periodic."""
        current = [cycle.seconds for cycle in self.cycles if cycle.since <= day]
        return current[-1] if current else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseOrders:
    """Order kinds taken in each phase."""

    collect: tuple[OrderKind, ...]
    continuous: tuple[OrderKind, ...]
    halted: tuple[OrderKind, ...]

    def masks(self) -> tuple[int, int, int, int, int, int]:
        """`BookConfig.allowed`."""
        collect, continuous, halted = (
            sum(kind.bit for kind in kinds) for kinds in (self.collect, self.continuous, self.halted)
        )
        return (0, collect, continuous, halted, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseActions:
    """Changes of resting orders taken in each phase."""

    collect: tuple[Action, ...]
    continuous: tuple[Action, ...]
    halted: tuple[Action, ...]

    def masks(self) -> tuple[int, int, int, int, int, int]:
        """`BookConfig.actions`."""
        collect, continuous, halted = (
            sum(action.bit for action in actions) for actions in (self.collect, self.continuous, self.halted)
        )
        return (0, collect, continuous, halted, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Volatility:
    """Volatility interruption 瞬間價格穩定措施 of continuous trading."""

    move: Rate
    centre: Centre
    start: TimeOfDay
    opening_until: TimeOfDay
    """Before this the centre is the opening price."""
    until: TimeOfDay
    window_seconds: int
    halt_seconds: int
    minimum_price: Price
    """Securities whose reference is lower are not watched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferral:
    """A periodic match is put off when its price is more than `move` from the last trade (Art. 58-9; odd lots)."""

    move: Rate
    until: TimeOfDay
    minimum_price: Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One market segment: its lots, orders, timetable and stabilisation."""

    name_zh: str
    name_en: str
    lot: Quantity
    max_quantity: Quantity
    """Largest quantity of one order; 0 = no cap."""
    rank: Rank
    price_basis: PriceBasis
    makes_prices: bool
    """Whether its trades count for open, high, low and close."""
    orders: PhaseOrders
    actions: PhaseActions
    spans: tuple[Span, ...]
    volatility: Volatility | None = None
    deferral: Deferral | None = None

    def span(self, name: str) -> Span:
        """The span of that name; KeyError if there is none."""
        for span in self.spans:
            if span.name == name:
                return span
        raise KeyError(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Auction:
    """Call auction price 集合競價 (Art. 58-3); what is open about it stands in `Settings`."""

    tie_break: TieBreak
    better_filled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketOrders:
    """Conversion of a resting market order 市價轉換 (Art. 58-8)."""

    resting_price: RestingMarketPrice


@dataclass(frozen=True, slots=True, kw_only=True)
class LongerTreatment:
    """A disposition lasts longer where day trades 當日沖銷 were more than a share of the volume, from `since` on."""

    day_trade_share: Rate
    business_days: int
    since: date
    source: str
    confidence: Confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """What a marked security's trading is like: disposition 處置, altered trading 變更交易方法.

    `match_seconds` 0 = as any other. `setting` instead of it: that setting holds the interval. Ask
    `RulePack.match_seconds`.
    Prepayment 預收款券 is due on every order with `prepay_all`, else when one order reaches `prepay_order_lots`
    or a customer's day `prepay_day_lots` (0 = never).
    """

    name_zh: str
    name_en: str
    prepay_all: bool
    prepay_order_lots: int
    prepay_day_lots: int
    business_days: int
    """How long it lasts; 0 = until lifted."""
    day_trade: bool
    match_seconds: int | None = None
    setting: IntervalSetting | None = None
    longer: LongerTreatment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCaps:
    """Most that one broker's orders in a marked security may amount to in a day (MARK-L of the day's list 委託額度管制)."""

    head_office: Money
    branch: Money
    source: str
    confidence: Confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Fees:
    """Broker's commission 手續費: the ceiling approved; discounts and minima are each broker's."""

    commission: Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Tax:
    """Securities transaction tax 證券交易稅, paid by the seller, in force from `since` to `until` (both included).

    `rate`, or `setting`: the setting that holds it; ask `RulePack.tax_rate`.
    """

    name: str
    kinds: tuple[SecurityKind, ...]
    since: date
    until: date | None = None
    rate: Rate | None = None
    setting: RateSetting | None = None
    day_trade: bool = False
    """The row is for day trades 當日沖銷 only; a day trade without such a row pays as any other sale."""
    hedge: bool = False
    """The row is for a warrant issuer's hedge sales of the underlying 權證避險 only; without one, as any other sale."""
    source: str | None = None
    confidence: Confidence | None = None
    """Of rows whose dates or rates are less than certain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """Settlement 交割: business days after the trade day, and the hours of that day."""

    days: int
    customer_by: TimeOfDay
    broker_securities_by: TimeOfDay
    broker_cash_by: TimeOfDay


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting(Generic[T]):
    """Something the rules read do not state: its value here, our default, why, and how sure that is."""

    value: T
    default: T
    reason: str
    confidence: Confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every uncertain rule by name. All must be present in a pack."""

    equal_distance: Setting[EqualDistance]
    candidates: Setting[Candidates]
    volatility_fallback: Setting[Fallback]
    nearest_tick_tie: Setting[Tie]
    put_off_seconds: Setting[int]
    second_delayed_close: Setting[bool]
    fixed_price_match: Setting[TimeOfDay]
    treated_opening_match: Setting[bool]
    altered_match_seconds: Setting[int]
    full_delivery_match_seconds: Setting[int]
    corporate_bond_limit: Setting[Rate]
    tdr_tax: Setting[Rate]
    # These four have one word each so far: the venue and the book do as it says, and a pack that says otherwise is
    # refused. Whoever builds a second way adds its word in `words`.
    random_rank: Setting[RankDrawn]
    delayed_open_base: Setting[ChangedBase]
    first_watched_trial: Setting[FirstTrial]
    treated_odd_lots: Setting[OddLotCycle]
    no_limit_multiple: Setting[int]
    no_limit_prices: Setting[int]
    commission_rounding: Setting[Rounding]
    commission_minimum: Setting[Money]
    commission_minimum_odd_lot: Setting[Money]
    tax_rounding: Setting[Rounding]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something of the market that the pack does not claim: a rule that is left out, or fields that only fill a place."""

    what: str
    reason: str
    fields: tuple[str, ...] = ()
    """Key paths whose values are placeholders, with all below them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePack:
    """A whole pack, checked. `effective_to` None = still in force when written."""

    id: str
    version: str
    name_zh: str
    name_en: str
    effective_from: date
    effective_to: date | None = None
    based_on: str | None = None
    market: Market
    ticks: tuple[TickTable, ...]
    limits: tuple[DailyLimit, ...]
    new_listing: NewListing
    reference: ReferenceRules
    auction: Auction
    market_orders: MarketOrders
    segments: Mapping[SegmentName, Segment]
    treatments: Mapping[str, Treatment]
    fees: Fees
    taxes: tuple[Tax, ...]
    settlement: Settlement
    settings: Settings
    order_caps: OrderCaps | None = None
    not_modelled: tuple[Gap, ...] = ()

    @property
    def board(self) -> Segment:
        return self.segments[SegmentName.BOARD]

    def in_force(self, day: date) -> bool:
        return self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)

    def require_in_force(self, day: date) -> None:
        """YunhaiError 2011 if the pack does not hold on `day`."""
        if not self.in_force(day):
            to = self.effective_to.isoformat() if self.effective_to else "…"
            raise YunhaiError(2011, pack=self.id, date=day.isoformat(), from_=self.effective_from.isoformat(), to=to)

    def gap(self, path: tuple[str, ...]) -> Gap | None:
        """Why the value at a key path is a placeholder; None if the pack stands by it."""
        for gap in self.not_modelled:
            for field in gap.fields:
                parts = tuple(field.split("."))
                if path[: len(parts)] == parts:
                    return gap
        return None

    def match_seconds(self, treatment: str) -> int:
        """Seconds between periodic matches of a security under this treatment; 0 = traded as any other. KeyError."""
        rule = self.treatments[treatment]
        if rule.setting is None:
            return rule.match_seconds or 0
        held: Setting[int] = getattr(self.settings, rule.setting.value)
        return held.value

    def _held(self, name: RateSetting) -> Rate:
        held: Setting[Rate] = getattr(self.settings, name.value)
        return held.value

    def limit_rates(self, rule: DailyLimit) -> tuple[Rate, Rate] | None:
        """A row's rates up and down, its own or a setting's; None if its rule has none."""
        if rule.setting is not None:
            return self._held(rule.setting), self._held(rule.setting)
        return None if rule.up is None or rule.down is None else (rule.up, rule.down)

    def tax_rate(self, tax: Tax) -> Rate:
        """A tax row's rate, its own or a setting's."""
        return self._held(tax.setting) if tax.setting is not None else tax.rate or Rate(0)

    @property
    def utc_offset(self) -> int:
        """Nanoseconds to add to UTC for the market's local time."""
        return self.market.utc_offset_minutes * 60 * SECOND
