"""Refuses a rule pack that contradicts itself (errors 2007 and 2008, each with its line).

The loader has made sure of shapes; here is what only the whole pack can tell: grids that do not fit together, kinds
without limits, times that overlap, rates that are dated twice.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date

from yunhai.exchange.rules.lines import Path
from yunhai.exchange.rules.pack import Deferral, RulePack, Segment, Span, Tax, Volatility
from yunhai.exchange.rules.reasons import refusal
from yunhai.exchange.rules.words import LimitRule, Match, OrderKind, SecurityKind, SegmentName, SpanPhase
from yunhai.kernel.clock import SECOND
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import (
    CHARGE_PPM_MAX,
    LADDER_PRICES_MAX,
    NEW_LISTING_DAYS_MAX,
    NO_LIMIT_MULTIPLE_MAX,
    NO_LIMIT_PRICES_MIN,
    OFFSET_MINUTES_MAX,
    PACK_ID_CHARACTERS_MAX,
    PERIOD_SECONDS_MAX,
    REFERENCE_DECIMALS_MAX,
    SETTLEMENT_DAYS_MAX,
    WAIT_SECONDS_MAX,
)
from yunhai.kernel.money import MILLION

_ID = re.compile(rf"[a-z0-9][a-z0-9.-]{{0,{PACK_ID_CHARACTERS_MAX - 1}}}")


def check_pack(pack: RulePack, line: Callable[[Path], int]) -> None:
    """YunhaiError 2007 or 2008 for the first contradiction; `line` places a key path in the file."""
    checks = _Checks(line)
    checks.head(pack)
    checks.ticks(pack)
    checks.limits(pack)
    for name, segment in pack.segments.items():
        checks.segment(("segments", name.value), segment, pack)
    checks.treatments(pack)
    checks.taxes(pack)
    checks.settlement(pack)
    checks.settings(pack)
    checks.gaps(pack)


class _Checks:
    def __init__(self, line: Callable[[Path], int]) -> None:
        self.line = line

    def _refuse(self, code: int, path: Path, reason: str) -> YunhaiError:
        key = ".".join(str(part) for part in path)
        return refusal(code, line=self.line(path), key=key, reason=reason)

    def value(self, good: bool, path: Path, reason: str) -> None:
        if not good:
            raise self._refuse(2007, path, reason)

    def agree(self, good: bool, path: Path, reason: str) -> None:
        if not good:
            raise self._refuse(2008, path, reason)

    def head(self, pack: RulePack) -> None:
        self.value(_ID.fullmatch(pack.id) is not None, ("id",), "lower-case letters, digits, points and hyphens only")
        self.agree(
            pack.effective_to is None or pack.effective_from <= pack.effective_to,
            ("effective_to",),
            "it ends before it begins",
        )
        self.value(
            pack.market.utc_offset_minutes <= OFFSET_MINUTES_MAX,
            ("market", "utc_offset_minutes"),
            f"at most {OFFSET_MINUTES_MAX}",
        )
        self.agree(SegmentName.BOARD in pack.segments, ("segments",), "there is no board segment")

    def ticks(self, pack: RulePack) -> None:
        self.value(bool(pack.ticks), ("ticks",), "no tick table")
        self.once("ticks", (table.kinds for table in pack.ticks))
        for place, table in enumerate(pack.ticks):
            path: Path = ("ticks", place, "steps")
            self.value(bool(table.steps), path, "no step")
            self.value(table.steps[0].at == 0, (*path, 0, "at"), "the first step begins at 0")
            for index, step in enumerate(table.steps):
                self.value(step.tick > 0, (*path, index, "tick"), "a tick is above 0")
                if index == 0:
                    continue
                before = table.steps[index - 1]
                self.agree(step.at > before.at, (*path, index, "at"), "steps do not ascend")
                self.agree(step.tick > before.tick, (*path, index, "tick"), "ticks do not ascend")
                fits = step.at % step.tick == 0 and step.at % before.tick == 0
                self.agree(fits, (*path, index, "at"), "the edge is not on the grids that meet there")

    def once(self, table: str, rows: Iterable[tuple[SecurityKind, ...]]) -> None:
        """No kind may stand in two rows of a table."""
        seen: set[SecurityKind] = set()
        for place, kinds in enumerate(rows):
            self.value(bool(kinds), (table, place, "kinds"), "no kind")
            for index, kind in enumerate(kinds):
                self.agree(kind not in seen, (table, place, "kinds", index), f"{kind.value} stands twice")
                seen.add(kind)

    def limits(self, pack: RulePack) -> None:
        self.once("limits", (rule.kinds for rule in pack.limits))
        ticked = {kind for table in pack.ticks for kind in table.kinds}
        limited = {kind for rule in pack.limits for kind in rule.kinds}
        missing = sorted(kind.value for kind in ticked ^ limited)
        self.agree(not missing, ("limits",), f"only one of ticks and limits has {', '.join(missing)}")
        for place, rule in enumerate(pack.limits):
            path: Path = ("limits", place)
            by_rate = rule.rule in (LimitRule.PERCENT, LimitRule.LEVERAGED)
            self.agree(rule.setting is None or by_rate, (*path, "setting"), f"the rule is {rule.rule.value}")
            for name, rate in (("up", rule.up), ("down", rule.down)):
                both = rule.setting is not None and rate is not None
                self.agree(not both, (*path, name), "a setting is named for it too")
                stated = rate is not None or rule.setting is not None
                self.agree(stated == by_rate, (*path, name), f"the rule is {rule.rule.value}")
                self.value(rate is None or 0 < rate < MILLION, (*path, name), "above 0 % and below 100 %")
        most = NEW_LISTING_DAYS_MAX
        self.value(pack.new_listing.days <= most, ("new_listing", "days"), f"at most {most}")
        for index, kind in enumerate(pack.new_listing.kinds):
            self.agree(kind in ticked, ("new_listing", "kinds", index), f"there are no ticks for {kind.value}")
        most = REFERENCE_DECIMALS_MAX
        self.value(pack.reference.ex_decimals <= most, ("reference", "ex_decimals"), f"at most {most}")

    def segment(self, path: Path, segment: Segment, pack: RulePack) -> None:
        self.value(segment.lot > 0, (*path, "lot"), "above 0")
        cap = segment.max_quantity
        self.agree(cap % segment.lot == 0, (*path, "max_quantity"), "not a multiple of the lot")
        self.value(bool(segment.spans), (*path, "spans"), "no span")
        end = 0
        names: set[str] = set()
        for index, span in enumerate(segment.spans):
            place: Path = (*path, "spans", index)
            self.agree(span.name not in names, (*place, "name"), f"{span.name} stands twice")
            names.add(span.name)
            self.agree(span.start >= end, (*place, "start"), "it begins before the span before it ends")
            end = span.end
            self.span(place, span, pack.effective_from)
        self.orders(path, segment)
        if segment.volatility is not None:
            self.volatility((*path, "volatility"), segment.volatility, segment)
        if segment.deferral is not None:
            self.deferral((*path, "deferral"), segment.deferral, segment)

    def span(self, path: Path, span: Span, since: date) -> None:
        self.agree(span.start < span.end, (*path, "end"), "it ends before it begins")
        continuous = span.match is Match.CONTINUOUS
        phase_fits = (span.phase is SpanPhase.CONTINUOUS) == continuous
        self.agree(phase_fits, (*path, "match"), f"the phase is {span.phase.value}")
        periodic = span.match is Match.PERIODIC
        self.agree(bool(span.cycles) == periodic, (*path, "cycles"), f"the match is {span.match.value}")
        if span.first_match is not None:
            self.agree(periodic, (*path, "first_match"), f"the match is {span.match.value}")
            inside = span.start <= span.first_match <= span.end
            self.agree(inside, (*path, "first_match"), "it is outside the span")
        for index, cycle in enumerate(span.cycles):
            place: Path = (*path, "cycles", index)
            self.value(1 <= cycle.seconds <= PERIOD_SECONDS_MAX, (*place, "seconds"), f"1 to {PERIOD_SECONDS_MAX}")
            ascending = index == 0 or cycle.since > span.cycles[index - 1].since
            self.agree(ascending, (*place, "since"), "dates do not ascend")
            self.agree(index > 0 or cycle.since <= since, (*place, "since"), "it begins after the pack does")
        self.trials(path, span)

    def trials(self, path: Path, span: Span) -> None:
        stated = span.trial_from is not None
        self.agree(stated == (span.trial_seconds is not None), (*path, "trial_seconds"), "state both or neither")
        if span.trial_from is not None and span.trial_seconds is not None:
            self.agree(span.start <= span.trial_from < span.end, (*path, "trial_from"), "it is outside the span")
            self.agree(span.phase is SpanPhase.COLLECT, (*path, "trial_from"), "trials are of call auctions")
            self.value(
                1 <= span.trial_seconds <= WAIT_SECONDS_MAX, (*path, "trial_seconds"), f"1 to {WAIT_SECONDS_MAX}"
            )
        if span.delay is not None:
            place: Path = (*path, "delay")
            self.agree(span.match is Match.AT_END, place, "only an auction at the end can be delayed")
            self.agree(stated, place, "the test needs trial matches")
            self.agree(span.start <= span.delay.test_from < span.end, (*place, "test_from"), "outside the span")
            self.value(0 < span.delay.move < MILLION, (*place, "move"), "above 0 % and below 100 %")
            self.value(
                1 <= span.delay.delay_seconds <= WAIT_SECONDS_MAX, (*place, "delay_seconds"), f"1 to {WAIT_SECONDS_MAX}"
            )
            shorter = span.delay.collect_again_seconds < span.delay.delay_seconds
            self.agree(shorter, (*place, "collect_again_seconds"), "not shorter than the delay")

    def orders(self, path: Path, segment: Segment) -> None:
        phases = {span.phase for span in segment.spans}
        for phase in SpanPhase:
            kinds: tuple[OrderKind, ...] = getattr(segment.orders, phase.value)
            self.agree(phase not in phases or bool(kinds), (*path, "orders", phase.value), "no order could be entered")
        for phase_name in ("collect", "continuous", "halted"):
            for table in ("orders", "actions"):
                words = getattr(getattr(segment, table), phase_name)
                self.agree(len(set(words)) == len(words), (*path, table, phase_name), "a word stands twice")

    def volatility(self, path: Path, rule: Volatility, segment: Segment) -> None:
        self.value(0 < rule.move < MILLION, (*path, "move"), "above 0 % and below 100 %")
        self.agree(rule.start <= rule.opening_until, (*path, "opening_until"), "it is before the start")
        self.agree(rule.opening_until <= rule.until, (*path, "until"), "it is before opening_until")
        spans = [span for span in segment.spans if span.match is Match.CONTINUOUS]
        self.agree(bool(spans), path, "there is no continuous span")
        inside = any(span.start <= rule.start and rule.until <= span.end for span in spans)
        self.agree(inside, (*path, "until"), "it is not within the continuous span")
        self.value(1 <= rule.window_seconds <= WAIT_SECONDS_MAX, (*path, "window_seconds"), f"1 to {WAIT_SECONDS_MAX}")
        self.value(1 <= rule.halt_seconds <= WAIT_SECONDS_MAX, (*path, "halt_seconds"), f"1 to {WAIT_SECONDS_MAX}")

    def deferral(self, path: Path, rule: Deferral, segment: Segment) -> None:
        self.value(0 < rule.move < MILLION, (*path, "move"), "above 0 % and below 100 %")
        inside = segment.spans[0].start <= rule.until <= segment.spans[-1].end
        self.agree(inside, (*path, "until"), "it is outside the segment's day")

    def treatments(self, pack: RulePack) -> None:
        for name, rule in pack.treatments.items():
            path: Path = ("treatments", name)
            one = (rule.match_seconds is None) != (rule.setting is None)
            self.agree(one, (*path, "match_seconds"), "state either it or a setting")
            seconds = rule.match_seconds or 0
            self.value(seconds <= PERIOD_SECONDS_MAX, (*path, "match_seconds"), f"at most {PERIOD_SECONDS_MAX}")
            by_lots = rule.prepay_order_lots or rule.prepay_day_lots
            self.agree(not (rule.prepay_all and by_lots), (*path, "prepay_all"), "it also states a number of lots")
            if rule.longer is not None:
                place: Path = (*path, "longer")
                share, days = rule.longer.day_trade_share, rule.longer.business_days
                self.value(0 < share < MILLION, (*place, "day_trade_share"), "above 0 % and below 100 %")
                self.agree(days > rule.business_days, (*place, "business_days"), "it is not longer")
        caps = pack.order_caps
        if caps is not None:
            self.agree(0 < caps.branch <= caps.head_office, ("order_caps", "branch"), "above the head office's")

    def taxes(self, pack: RulePack) -> None:
        for place, tax in enumerate(pack.taxes):
            path: Path = ("taxes", place)
            self.agree(tax.until is None or tax.since <= tax.until, (*path, "until"), "it ends before it begins")
            self.agree((tax.rate is None) != (tax.setting is None), (*path, "rate"), "state either it or a setting")
            self.value(tax.rate is None or tax.rate <= CHARGE_PPM_MAX, (*path, "rate"), "at most 10 %")
            self.agree(not (tax.day_trade and tax.hedge), (*path, "hedge"), "the row is for day trades")
            for other in pack.taxes[:place]:
                clash = sorted(kind.value for kind in set(tax.kinds) & set(other.kinds))
                alike = (tax.day_trade, tax.hedge) == (other.day_trade, other.hedge)
                twice = bool(clash) and alike and _overlap(tax, other)
                self.agree(not twice, (*path, "since"), f"{', '.join(clash)} is taxed twice on a day")
        self.value(pack.fees.commission <= CHARGE_PPM_MAX, ("fees", "commission"), "at most 10 %")

    def settlement(self, pack: RulePack) -> None:
        self.value(
            pack.settlement.days <= SETTLEMENT_DAYS_MAX, ("settlement", "days"), f"at most {SETTLEMENT_DAYS_MAX}"
        )

    def settings(self, pack: RulePack) -> None:
        settings = pack.settings
        bounds = (
            ("put_off_seconds", settings.put_off_seconds.value, 1, WAIT_SECONDS_MAX),
            ("altered_match_seconds", settings.altered_match_seconds.value, 1, PERIOD_SECONDS_MAX),
            ("full_delivery_match_seconds", settings.full_delivery_match_seconds.value, 0, PERIOD_SECONDS_MAX),
            ("no_limit_multiple", settings.no_limit_multiple.value, 2, NO_LIMIT_MULTIPLE_MAX),
            ("no_limit_prices", settings.no_limit_prices.value, NO_LIMIT_PRICES_MIN, LADDER_PRICES_MAX),
        )
        for name, number, low, high in bounds:
            self.value(low <= number <= high, ("settings", name, "value"), f"{low} to {high}")
        limit, tax = settings.corporate_bond_limit.value, settings.tdr_tax.value
        self.value(0 < limit < MILLION, ("settings", "corporate_bond_limit", "value"), "above 0 % and below 100 %")
        self.value(tax <= CHARGE_PPM_MAX, ("settings", "tdr_tax", "value"), "at most 10 %")
        fixed = pack.segments.get(SegmentName.FIXED_PRICE)
        if fixed is not None:
            match = settings.fixed_price_match.value
            whole = match >= fixed.spans[0].start and match % SECOND == 0
            self.agree(whole, ("settings", "fixed_price_match", "value"), "before the segment begins")

    def gaps(self, pack: RulePack) -> None:
        for place, gap in enumerate(pack.not_modelled):
            for index, field in enumerate(gap.fields):
                path: Path = ("not_modelled", place, "fields", index)
                self.value(_has(pack, field.split(".")), path, f"the pack has no {field}")


def _has(table: object, parts: list[str]) -> bool:
    """Whether a key path leads anywhere in a pack; rows of arrays are not told apart."""
    for part in parts:
        table = table.get(part) if isinstance(table, Mapping) else getattr(table, part, None)
        if table is None:
            return False
    return True


def _overlap(one: Tax, other: Tax) -> bool:
    ends = one.until or date.max, other.until or date.max
    return one.since <= ends[1] and other.since <= ends[0]
