"""From a rule pack and the day's instruments to the day's books.

`plan_day` works out, for every instrument, the settings and the program of each book it has on the day. Nothing is read
from anywhere: pack, date, instruments and seed decide all. Units: prices 1/10,000 NT$, quantities shares.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from yunhai.exchange import instruments
from yunhai.exchange.books import BookConfig
from yunhai.exchange.rules.pack import RulePack, Segment
from yunhai.exchange.rules.prices import Limits, daily_limits, day_ladder
from yunhai.exchange.rules.words import OrderKind, PriceBasis, Rank, SecurityKind, SegmentName
from yunhai.exchange.sessions import Program, program_of
from yunhai.exchange.venue_errors import REGISTERED
from yunhai.kernel.clock import SECOND, market_time
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.money import QUANTITY_MAX

assert REGISTERED
MARKET_KINDS = sum(kind.bit for kind in (OrderKind.MARKET_ROD, OrderKind.MARKET_IOC, OrderKind.MARKET_FOK))

PhaseMasks = tuple[int, int, int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class TradedToday:
    """What the venue needs of a security on one day; `of_listing` makes one of what is listed (`Instrument`).

    `reference`: auction reference 開盤競價基準, above 0. `limits`: the day's limits if they are given from outside (the
    exchange's day file, a warrant's); None: the pack works them out. `unlimited`: a new listing's first days 初次上市.
    `multiple`: of a leveraged or inverse fund. `treatment`: key of the pack's treatments (disposition 處置, altered
    trading 變更交易方法), and `match_seconds` its own matching interval when the day's list gives one (T30).
    `suspended`: 暫停交易 all day unless resumed. `lot`: trading unit where it is not the pack's.
    """

    code: str
    kind: SecurityKind
    reference: int
    name: str = ""
    limits: Limits | None = None
    unlimited: bool = False
    multiple: int = 1
    treatment: str | None = None
    match_seconds: int | None = None
    suspended: bool = False
    lot: int | None = None


def of_listing(
    listing: instruments.Instrument, *, reference: int | None = None, limits: Limits | None = None
) -> TradedToday:
    """A listed security as the venue's instrument. `reference` where the list has none; YunhaiError 2205 if neither
    has."""
    known = reference or listing.reference
    if not known:
        raise YunhaiError(2205, reason=f"{listing.code} has none")
    return TradedToday(
        code=listing.code,
        kind=listing.kind,
        reference=known,
        name=listing.name,
        limits=limits,
        unlimited=listing.no_limit,
        multiple=listing.multiple,
        treatment=listing.treatment,
        suspended=listing.suspended,
        lot=listing.lot,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BookPlan:
    """One book of the day. A fixed-price book's ladder is set when the close is known (`listed_later`)."""

    code: str
    config: BookConfig
    program: Program
    suspended: bool
    listed_later: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPlan:
    """A day: its pack, its instruments and its books, whose numbers are their places."""

    pack: RulePack
    day: date
    instruments: tuple[TradedToday, ...]
    books: tuple[BookPlan, ...]
    seed: int

    def at(self, time_of_day: int) -> int:
        """A local time of day (ns since midnight) as market time, ns since 1970 UTC."""
        return market_time(self.day, time_of_day, offset=self.pack.utc_offset)


def plan_day(*, pack: RulePack, day: date, instruments: Iterable[TradedToday], seed: int) -> DayPlan:
    """The day's books, numbered in order: of each instrument, in the order given, one book per segment of the pack that
    has its prices beforehand; then the fixed-price books. YunhaiError 2510 a code twice, 2511 unknown treatment, 2512
    no trading unit, 2202, 2205, 2206, 2207 as of the ladder."""
    listed = tuple(instruments)
    seen: set[str] = set()
    programs: dict[tuple[SegmentName, int], Program] = {}
    early: list[BookPlan] = []
    late: list[BookPlan] = []
    for instrument in listed:
        if instrument.code in seen:
            raise YunhaiError(2510, code=instrument.code)
        seen.add(instrument.code)
        interval = match_seconds(pack, instrument)
        ladder = day_ladder(pack, instrument.kind, instrument.reference, day_limits(pack, instrument))
        for segment, rules in pack.segments.items():
            if not _has_book(pack, rules, instrument):
                continue
            key = (segment, interval if rules.makes_prices else 0)
            if key not in programs:
                programs[key] = program_of(pack, segment=segment, day=day, match_seconds=key[1])
            later = rules.price_basis is PriceBasis.CLOSING_PRICE
            plan = BookPlan(
                code=instrument.code,
                config=book_config(pack, instrument, segment=segment, day=day, seed=seed, ladder=ladder),
                program=programs[key],
                suspended=instrument.suspended,
                listed_later=later,
            )
            (late if later else early).append(plan)
    return DayPlan(pack=pack, day=day, instruments=listed, books=(*early, *late), seed=seed)


def _has_book(pack: RulePack, rules: Segment, instrument: TradedToday) -> bool:
    """Whether an instrument is traded in a segment: where the trading unit is one share there is no odd lot."""
    lot, most = _lots(pack, rules, instrument)
    return most >= lot


def match_seconds(pack: RulePack, instrument: TradedToday) -> int:
    """Interval of an instrument's periodic matching, seconds; 0 = matched as any other. YunhaiError 2511."""
    if instrument.treatment is None:
        return instrument.match_seconds or 0
    if instrument.treatment not in pack.treatments:
        raise YunhaiError(2511, treatment=instrument.treatment, known=", ".join(sorted(pack.treatments)))
    return pack.match_seconds(instrument.treatment) if instrument.match_seconds is None else instrument.match_seconds


def day_limits(pack: RulePack, instrument: TradedToday) -> Limits:
    """Limits as given, else by the pack. YunhaiError 2202, 2205, 2206."""
    if instrument.limits is not None:
        return instrument.limits
    return daily_limits(
        pack,
        instrument.kind,
        instrument.reference,
        multiple=instrument.multiple,
        unlimited=instrument.unlimited,
    )


def book_seed(seed: int, *, day: date, code: str, segment: SegmentName) -> int:
    """The seed of a book's random rank: one of its own for each day, security and segment."""
    text = f"{seed}/{day.isoformat()}/{code}/{segment.value}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")


def book_config(
    pack: RulePack, instrument: TradedToday, *, segment: SegmentName, day: date, seed: int, ladder: NDArray[np.int32]
) -> BookConfig:
    """A book's settings (docs/concepts/matching.md §2). `ladder`: the instrument's prices of the day."""
    rules = pack.segments[segment]
    deferral = rules.deferral
    deferred = deferral and not instrument.unlimited and instrument.reference >= deferral.minimum_price
    allowed = rules.orders.masks()
    if instrument.unlimited and not pack.new_listing.market_orders:
        allowed = _without_market(allowed)
    lot, max_quantity = _lots(pack, rules, instrument)
    config = BookConfig(
        prices=ladder,
        lot=lot,
        max_quantity=max_quantity,
        reference=instrument.reference,
        allowed=allowed,
        actions=rules.actions.masks(),
        shuffle=rules.rank is Rank.RANDOM_BEFORE_FIRST_MATCH,
        seed=book_seed(seed, day=day, code=instrument.code, segment=segment),
        tie_break=pack.auction.tie_break.code,
        candidates=pack.settings.candidates.value.code,
        equal_distance=pack.settings.equal_distance.value.code,
        better_filled=pack.auction.better_filled,
        market_price_rule=pack.market_orders.resting_price.code,
        band_fallback=pack.settings.volatility_fallback.value.code,
        defer_ppm=deferral.move if deferral and deferred else 0,
    )
    if instrument.unlimited or match_seconds(pack, instrument):
        return config
    return _with_band(config, rules, day=day, offset=pack.utc_offset)


def _lots(pack: RulePack, rules: Segment, instrument: TradedToday) -> tuple[int, int]:
    """(lot, largest quantity) of a book. A trading unit of its own scales the cap of a board-lot book; an odd lot is
    then anything less than that unit. YunhaiError 2512 if the unit is no quantity."""
    most = rules.max_quantity or QUANTITY_MAX
    if instrument.lot is None or instrument.lot == pack.board.lot:
        return rules.lot, most
    if not 0 < instrument.lot <= QUANTITY_MAX:
        raise YunhaiError(2512, security=instrument.code, lot=instrument.lot)
    if rules.lot == pack.board.lot:
        return instrument.lot, min(most // rules.lot, QUANTITY_MAX // instrument.lot) * instrument.lot
    return rules.lot, min(most, instrument.lot - 1)


def _with_band(config: BookConfig, rules: Segment, *, day: date, offset: int) -> BookConfig:
    """The volatility band of continuous trading; none for a security priced below the rule's minimum."""
    rule = rules.volatility
    if rule is None or config.reference < rule.minimum_price:
        return config
    return replace(
        config,
        band_ppm=rule.move,
        band_mode=rule.centre.code,
        band_from=market_time(day, rule.start, offset=offset),
        band_open_until=market_time(day, rule.opening_until, offset=offset),
        band_until=market_time(day, rule.until, offset=offset),
        band_window_s=rule.window_seconds,
        halt_ns=rule.halt_seconds * SECOND,
    )


def _without_market(allowed: PhaseMasks) -> PhaseMasks:
    before, collect, continuous, halted, after, suspended = (mask & ~MARKET_KINDS for mask in allowed)
    return (before, collect, continuous, halted, after, suspended)
