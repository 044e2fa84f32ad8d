"""What the rules say of a report's securities on its day: kind, reference, limits; and which rows contradict them.

The reference price 開盤競價基準 is the one stated by the caller, else the previous close of the daily bars, else an
assumed one: the price nearest the report's average price whose daily limits contain every reported price. A row whose
code is unknown, or whose price is off tick or outside the limits, is refused.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from yunhai.apps.day import failures
from yunhai.apps.day.bars import History
from yunhai.apps.day.failures import RefusedRow, RowsRefusedError
from yunhai.apps.day.levels import Levels
from yunhai.apps.day.path import Bar
from yunhai.apps.day.report import Report
from yunhai.apps.day.timetable import Hours
from yunhai.exchange.instruments import Instrument
from yunhai.exchange.rules.pack import RulePack, Span
from yunhai.exchange.rules.prices import Limits, daily_limits, is_on_grid, ladder, opening_base
from yunhai.exchange.rules.words import Match, SegmentName, SpanPhase
from yunhai.exchange.venue_config import TradedToday, of_listing
from yunhai.kernel.clock import SECOND, market_time
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.money import price_text

LADDER_TOO_LONG: Final = 2207


class ReferenceSource(StrEnum):
    STATED = "stated"
    PREVIOUS_CLOSE = "previous close"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """One security of the day. Prices in 1/10,000 NT$."""

    listing: Instrument
    reference: int
    source: ReferenceSource
    limits: Limits
    bar: Bar | None

    def for_venue(self) -> TradedToday:
        """As listed, but matched like any other and not suspended: the report says that it was traded, and the plan's
        clock knows continuous trading only (`output.assumptions` names a treatment passed over)."""
        untreated = replace(self.listing, treatment=None, suspended=False)
        return of_listing(untreated, reference=self.reference, limits=self.limits)


def settle_securities(
    report: Report,
    levels: Levels,
    pack: RulePack,
    *,
    listing_of: Callable[[str], Instrument | None],
    history: Mapping[str, History],
    stated: Mapping[str, int],
) -> tuple[Security, ...]:
    """The report's securities in its order. RowsRefusedError (4005) for its rows, 4032 for a stated reference."""
    refused = _Refused(report)
    securities = []
    for at, code in enumerate(report.codes):
        place = levels.of_security(at)
        prices = levels.price[place]
        listing = listing_of(code)
        if listing is None:
            refused.add(report.security == at, failures.UNKNOWN_SECURITY, "stock")
            continue
        on = np.array([is_on_grid(pack, listing.kind, int(price)) for price in prices])
        off_tick = np.zeros(levels.price.size, np.bool_)
        off_tick[place] = ~on
        refused.add(off_tick[levels.of_row], failures.OFF_TICK, "price")
        if not on.any():
            continue
        weights = np.maximum(levels.bought[place], levels.sold[place])[on]
        found = history.get(code, History(None, None))
        security = _settled(pack, listing, prices[on], weights, history=found, stated=stated.get(code))
        limits = security.limits
        low, high = limits.down or 0, limits.up or 2**31
        outside = (report.security == at) & ((report.price < low) | (report.price > high))
        refused.add(outside & ~off_tick[levels.of_row], failures.OUTSIDE_LIMITS, "price")
        securities.append(security)
    refused.raise_if_any()
    return tuple(securities)


class _Refused:
    """Rows of a report that the rules contradict, no row twice."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._rows: list[RefusedRow] = []
        self._count = 0

    def add(self, bad: NDArray[np.bool_], code: int, field: str) -> None:
        report = self._report
        found = np.flatnonzero(bad)
        self._count += found.size
        for at in found[: failures.ROWS_TOLD]:
            security = report.codes[report.security[at]]
            value = security if field == "stock" else f"{security} {price_text(int(report.price[at]))}"
            self._rows.append(RefusedRow(int(report.row[at]), code, field, value))

    def raise_if_any(self) -> None:
        if self._rows:
            told = sorted(self._rows, key=lambda one: one.row)[: failures.ROWS_TOLD]
            raise RowsRefusedError(tuple(told), count=self._count)


def _settled(
    pack: RulePack,
    listing: Instrument,
    prices: NDArray[np.int32],
    weights: NDArray[np.int64],
    *,
    history: History,
    stated: int | None,
) -> Security:
    """Where no reference has limits around all prices, the middle share's price is taken, and rows outside its limits
    are then refused by the caller."""
    if stated is not None:
        if not is_on_grid(pack, listing.kind, stated):
            raise YunhaiError(
                failures.BAD_REFERENCE,
                reason=f"{listing.code}={price_text(stated)} is off tick",
                reason_zh=f"{listing.code}={price_text(stated)} 不在升降單位上",
            )
        reference, source = stated, ReferenceSource.STATED
    elif history.previous_close is not None:
        reference, source = opening_base(pack, listing.kind, history.previous_close), ReferenceSource.PREVIOUS_CLOSE
    else:
        average = round(float(np.average(prices, weights=weights)))
        found = assumed_reference(pack, listing, int(prices[0]), int(prices[-1]), average)
        middle = int(prices[np.searchsorted(np.cumsum(weights), weights.sum() / 2)])
        reference, source = found or middle, ReferenceSource.ASSUMED
    limits = limits_of(pack, listing, reference)
    return Security(listing=listing, reference=reference, source=source, limits=limits, bar=history.bar)


def limits_of(pack: RulePack, listing: Instrument, reference: int) -> Limits:
    return daily_limits(pack, listing.kind, reference, multiple=listing.multiple, unlimited=listing.no_limit)


def assumed_reference(pack: RulePack, listing: Instrument, low: int, high: int, average: int) -> int | None:
    """The price nearest `average` whose limits contain `low` to `high`; None if there is none.

    A higher reference has higher limits, so the references whose limit-up reaches `high` begin somewhere and those whose
    limit-down reaches `low` end somewhere; where any is common to both, one between `low` and `high` is.
    """
    try:
        prices = ladder(pack, listing.kind, low, high)
    except YunhaiError as error:
        if error.code == LADDER_TOO_LONG:
            return None
        raise

    def short_above(at: int) -> bool:
        up = limits_of(pack, listing, int(prices[at])).up
        return up is not None and up < high

    def short_below(at: int) -> bool:
        down = limits_of(pack, listing, int(prices[at])).down
        return down is not None and down > low

    first = bisect_left(range(prices.size), True, key=lambda at: not short_above(at))
    last = bisect_left(range(prices.size), True, key=short_below) - 1
    if first > last:
        return None
    nearest = int(np.argmin(np.abs(prices.astype(np.int64) - average)))
    return int(prices[min(max(nearest, first), last)])


def hours_of(pack: RulePack, day: date) -> Hours:
    """The pack's times on a day. 4036 if it has no continuous trading between two auctions, or no odd-lot auctions."""
    board, odd = pack.board, pack.segments.get(SegmentName.ODD_LOT)
    if odd is None or board.volatility is None:
        raise _unfit(pack, "no odd-lot auctions or no volatility interruption", "沒有盤中零股或瞬間價格穩定措施")
    continuous = _span(pack, board.spans, Match.CONTINUOUS)
    before = [span for span in board.spans if span.end == continuous.start and span.phase is SpanPhase.COLLECT]
    after = [span for span in board.spans if span.start == continuous.end and span.phase is SpanPhase.COLLECT]
    session = _span(pack, odd.spans, Match.PERIODIC)
    if not before or not after or session.first_match is None:
        raise _unfit(pack, "no opening or no closing auction", "沒有開盤或收盤集合競價")

    def at(time_of_day: int) -> int:
        return market_time(day, time_of_day, offset=pack.utc_offset)

    return Hours(
        collect_from=at(before[0].start),
        open_at=at(continuous.start),
        continuous_until=at(continuous.end),
        close_at=at(after[0].end),
        opening_until=at(board.volatility.opening_until),
        window_ns=board.volatility.window_seconds * SECOND,
        halt_ns=board.volatility.halt_seconds * SECOND,
        band_ppm=board.volatility.move,
        odd_from=at(session.start),
        odd_first=at(session.first_match),
        odd_until=at(session.end),
        odd_cycle_ns=session.cycle_seconds(day) * SECOND,
        odd_ppm=odd.deferral.move if odd.deferral else 0,
        odd_put_off_ns=pack.settings.put_off_seconds.value * SECOND,
    )


def _span(pack: RulePack, spans: tuple[Span, ...], match: Match) -> Span:
    found = [span for span in spans if span.match is match]
    if not found:
        raise _unfit(pack, f"no span matched by {match.value}", f"沒有以 {match.value} 撮合的時段")
    return found[0]


def _unfit(pack: RulePack, reason: str, reason_zh: str) -> YunhaiError:
    return YunhaiError(failures.PACK_UNFIT, pack=pack.id, reason=reason, reason_zh=reason_zh)
