"""The day of a book as a list of dated steps 交易時段.

A **program** is what the clock does to the books of a segment that share the same rules: enter a phase, show a trial
match, open, match, close. `program_of` works one out from a rule pack's timetable; nothing here knows a time, a
percentage or a year. The venue carries the steps out and adds what only the day can tell: interruptions, delayed
openings and closings, deferred auctions.

At one moment the steps of all programs run in the order of `Act`: an auction that ends a span comes before the next
span is entered, a phase is entered before it is shown, and shown before it opens. All times of steps are ns since 1970
UTC, market time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import IntEnum

from yunhai.exchange.rules.pack import DelayTest, RulePack, Segment, Span
from yunhai.exchange.rules.words import Match, PriceBasis, SegmentName
from yunhai.kernel.clock import SECOND, market_time
from yunhai.kernel.records import Phase


class Act(IntEnum):
    """What a step does; the number is its place among steps of the same moment."""

    MATCH = 0
    """One call auction of periodic matching 分盤集合競價."""
    LIST = 1
    """Create the fixed-price books of the securities that have a close."""
    ENTER = 2
    """Enter `Step.phase`."""
    WATCH = 3
    """Begin the last stretch before an opening or a closing, in which a jump delays it."""
    TRIAL = 4
    """Show a trial match 試撮."""
    OPEN = 5
    """Opening auction, then `Step.phase`; put off if the watch says so."""
    CLOSE = 6
    """Last auction, every rest expires, then `Step.phase`; put off if the watch says so."""


class Cause(IntEnum):
    """Why the venue issued a control command: its record's `source`."""

    TIMETABLE = 1
    OPERATOR = 2
    HALT_END = 3
    DELAYED_OPEN = 4
    DELAYED_CLOSE = 5
    DEFERRED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """When an opening or closing is put off (暫緩開盤, 暫緩收盤) and for how long.

    `price_ppm`: successive trial prices further apart than this delay it. `changed_ppm`: quantity cancelled and
    changed during the watch, against all quantity entered before, that delays it (0: no such test). `delay_ns`: from
    the regular moment to the late one. `entry_ns`: from the regular moment until orders are taken again (0: entry
    never stops). `repeat`: the late auction may be put off once more.
    """

    price_ppm: int
    changed_ppm: int
    delay_ns: int
    entry_ns: int
    repeat: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing the clock does.

    `every_book` (TRIAL): the span shows trials; otherwise only books interrupted, delayed or deferred do.
    `deferrable` (MATCH): put off when the price leaves the band around the last trade. `delay`: the test of a WATCH,
    and of the OPEN or CLOSE that it leads to. `counts` (ENTER): quantities entered and changed are added up.
    """

    time: int
    act: Act
    phase: Phase = Phase.BEFORE
    every_book: bool = False
    deferrable: bool = False
    counts: bool = False
    delay: Delay | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """The steps of one kind of book, ascending in (time, act), and how long a deferred auction waits.

    `trials_from`: no trial match is shown before this moment, not even of a deferred book (None: never).
    """

    segment: SegmentName
    steps: tuple[Step, ...]
    defer_ns: int
    trials_from: int | None


def program_of(pack: RulePack, *, segment: SegmentName, day: date, match_seconds: int = 0) -> Program:
    """The program of a segment's books on `day`. `match_seconds` > 0: a treated security (disposition, altered
    trading) whose continuous spans become periodic matching at that interval."""
    rules = pack.segments[segment]
    builder = _Builder(pack=pack, rules=rules, day=day, match_seconds=match_seconds)
    steps = sorted(builder.steps(), key=lambda step: (step.time, step.act))
    return Program(
        segment=segment,
        steps=tuple(steps),
        defer_ns=pack.settings.put_off_seconds.value * SECOND,
        trials_from=next((step.time for step in steps if step.act is Act.TRIAL), None),
    )


class _Builder:
    def __init__(self, *, pack: RulePack, rules: Segment, day: date, match_seconds: int) -> None:
        self._pack = pack
        self._rules = rules
        self._day = day
        self._treated = match_seconds * SECOND
        self._origin = market_time(day, offset=pack.utc_offset)

    def steps(self) -> Iterator[Step]:
        spans = self._rules.spans
        matches: set[int] = set()
        if self._rules.price_basis is PriceBasis.CLOSING_PRICE:
            yield Step(time=self._origin + spans[0].start, act=Act.LIST)
        for place, span in enumerate(spans):
            before = spans[place - 1] if place else None
            after = spans[place + 1] if place + 1 < len(spans) else None
            if before is None or before.end != span.start or not self._auction_at_end(before):
                yield self._enter(span, counts=span.delay is not None and bool(span.delay.cancelled))
            for step in self._matching(span, last=after is None):
                matches.add(step.time)
                yield step
            yield from self._ending(span, after)
        yield from self._trials(matches)

    def _phase(self, span: Span) -> Phase:
        return Phase.COLLECT if self._periodic(span) else Phase(span.phase.code)

    def _enter(self, span: Span, *, counts: bool) -> Step:
        return Step(time=self._origin + span.start, act=Act.ENTER, phase=self._phase(span), counts=counts)

    def _cycle(self, span: Span) -> int:
        """Interval of a span's periodic matching in ns; 0 if it has none."""
        if span.match is Match.PERIODIC:
            return max(self._treated, span.cycle_seconds(self._day) * SECOND)
        return self._treated if span.match is Match.CONTINUOUS else 0

    def _periodic(self, span: Span) -> bool:
        return self._cycle(span) > 0

    def _auction_at_end(self, span: Span) -> bool:
        return span.match is Match.AT_END

    def _matching(self, span: Span, *, last: bool) -> Iterator[Step]:
        """The auctions of a periodic span, after its start; the one at the end of the last span is its close."""
        cycle = self._cycle(span)
        if not cycle:
            return
        first = span.start + cycle if self._treated or span.first_match is None else span.first_match
        until = self._rules.deferral.until if self._rules.deferral else 0
        moment = first if first > span.start else first + cycle
        while moment < span.end or (moment == span.end and not last):
            yield Step(time=self._origin + moment, act=Act.MATCH, deferrable=moment < until)
            moment += cycle

    def _ending(self, span: Span, after: Span | None) -> Iterator[Step]:
        end = self._origin + span.end
        delay = self._delay(span.delay) if span.delay else None
        if span.delay:
            yield Step(time=self._origin + span.delay.test_from, act=Act.WATCH, delay=delay)
        if after is None:
            yield from self._closing(end, delay)
        elif self._auction_at_end(span):
            follows = self._phase(after) if after.start == span.end else Phase.BEFORE
            skipped = self._treated and self._periodic(after) and not self._pack.settings.treated_opening_match.value
            act = Act.ENTER if skipped else Act.OPEN
            yield Step(time=end, act=act, phase=follows, delay=None if skipped else delay)
        elif after.start != span.end:
            yield Step(time=end, act=Act.ENTER, phase=Phase.BEFORE)

    def _closing(self, end: int, delay: Delay | None) -> Iterator[Step]:
        """The last auction; a fixed-price session may be matched later than its last order."""
        moment = end
        if self._rules.price_basis is PriceBasis.CLOSING_PRICE:
            moment = max(end, self._origin + self._pack.settings.fixed_price_match.value)
        if moment > end:
            yield Step(time=end, act=Act.ENTER, phase=Phase.HALTED)
        yield Step(time=moment, act=Act.CLOSE, phase=Phase.AFTER, delay=delay)

    def _delay(self, test: DelayTest) -> Delay:
        return Delay(
            price_ppm=test.move,
            changed_ppm=test.cancelled or 0,
            delay_ns=test.delay_seconds * SECOND,
            entry_ns=test.collect_again_seconds * SECOND,
            repeat=test.collect_again_seconds > 0 and self._pack.settings.second_delayed_close.value,
        )

    def _trials(self, matches: set[int]) -> Iterator[Step]:
        """Trial matches on one grid from the first to the last moment that may show one, but not where a match is."""
        spans = self._rules.spans
        shown = [(span, span.trial_from, span.trial_seconds) for span in spans if span.trial_seconds]
        if not shown:
            return
        late = max((span.end + span.delay.delay_seconds * SECOND for span in spans if span.delay), default=0)
        interval = min(seconds for _, _, seconds in shown if seconds) * SECOND
        first = min(start if start is not None else span.start for span, start, _ in shown)
        for moment in range(first, max(late, spans[-1].end), interval):
            if self._origin + moment in matches:
                continue
            every = any(
                (start or span.start) <= moment < span.end
                and (moment - (start or span.start)) % (seconds * SECOND) == 0
                for span, start, seconds in shown
                if seconds
            )
            yield Step(time=self._origin + moment, act=Act.TRIAL, every_book=every)
