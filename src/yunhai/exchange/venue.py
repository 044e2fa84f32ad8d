"""The venue 虛擬交易所: one market day, deterministic, above an order book engine.

The venue owns the clock's work. A `DayPlan` (`yunhai.exchange.venue_config`) lists the day's books and the program of
each; the venue issues the programs' control commands and merges them with the orders by time: **before an order of
time t is handled, every control due at or before t has been issued**. What only the day itself can tell it adds: the
end of a volatility interruption 瞬間價格穩定措施, a delayed opening or closing 暫緩開收盤, a deferred auction 延緩撮合,
an operator's suspension 暫停交易.

Its output is one stream of 64-byte events (docs/reference/records.md), handed to `sink` array by array, in order; each
array is valid only until `sink` returns. The same plan and the same orders give the same bytes, however the orders are
cut into calls. So a venue is rebuilt by feeding a journal's commands again (`rebuild`), and a bare engine that is given
the recorded commands, books added from `configs()`, says the same.

Trial matches are issued for empty books too: a trial without a price is a fact of the stream.
"""

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from yunhai.exchange.books import BookConfig, Engine
from yunhai.exchange.delays import DelayWatch
from yunhai.exchange.rules.words import SegmentName
from yunhai.exchange.sessions import Act, Cause, Delay, Program, Step
from yunhai.exchange.tally import BookTally, Tally
from yunhai.exchange.venue_config import DayPlan
from yunhai.kernel.clock import VirtualClock
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.records import HALTED, RECORD, VERSION, Kind, Phase

Sink = Callable[[NDArray[np.void]], None]
Books = NDArray[np.int64]

CROSSED_CODE: Final = 1202
DEFERRED_CODE: Final = 1203
NEVER: Final = (1 << 63) - 1

# Plain ints: these are compared with an array for every array of events.
_FIRST_ORDER: Final = int(Kind.NEW)
_LAST_ORDER: Final = int(Kind.REPRICE)
_FIRST_CONTROL: Final = int(Kind.PHASE)
_LAST_CONTROL: Final = int(Kind.EXPIRE)
_HALTED: Final = int(Kind.HALTED)


class _Timer(IntEnum):
    """What a book waits for; the order at one moment."""

    HALT_END = 1
    OPEN = 2
    MATCH = 3
    ENTRY = 4
    CLOSE = 5


_CAUSE: Final = {
    _Timer.HALT_END: Cause.HALT_END,
    _Timer.OPEN: Cause.DELAYED_OPEN,
    _Timer.MATCH: Cause.DEFERRED,
    _Timer.ENTRY: Cause.DELAYED_CLOSE,
    _Timer.CLOSE: Cause.DELAYED_CLOSE,
}


def commands(count: int) -> NDArray[np.void]:
    """`count` blank commands (dtype RECORD, version set) for the caller to fill in."""
    blank = np.zeros(count, RECORD)
    blank["version"] = VERSION
    return blank


class Venue:
    """One day of trading. Not thread-safe; nothing here reads a clock or draws an unseeded number."""

    def __init__(self, plan: DayPlan, *, engine: Engine, sink: Sink) -> None:
        """`engine` must be empty. Books are numbered in the plan's order; fixed-price books come last and are added
        when their closing price is known. YunhaiError 2504 if the engine has books."""
        self.plan = plan
        self._engine = engine
        self._sink = sink
        self._number: dict[tuple[str, SegmentName], int] = {}
        self._configs: dict[int, BookConfig] = {}
        self._late_close: dict[int, tuple[int, Delay]] = {}
        self._put_off: dict[int, tuple[_Timer, int]] = {}  # outlives a suspension, which ends the wait itself
        size = len(plan.books)
        self._added = np.zeros(size, np.bool_)
        self._phase = np.zeros(size, np.uint8)  # what the program says, suspended or not
        self._exception = np.zeros(size, np.bool_)
        self._waiting = np.zeros(size, np.int64)
        self._suspended = np.zeros(size, np.bool_)
        self._unlisted = np.zeros(size, np.bool_)
        self._watch = DelayWatch(size)
        self._tally = Tally(size)
        self._last_quotes: dict[int, tuple[int, int]] = {}
        self._timers: list[tuple[int, int, int, int]] = []
        self._token = 0
        self._clock = VirtualClock(refusal=2502)
        self._begun = False
        for number, place in enumerate(plan.books):
            self._number[place.code, place.program.segment] = number
            self._suspended[number] = place.suspended
            if not place.listed_later:
                self._add(number, place.config)
        self._schedule = _merged(plan)
        self._next = 0
        watched = (place.config.halt_ns for place in plan.books if place.config.band_ppm)
        self._slice_ns = max(1, min(watched, default=NEVER >> 1))

    # -- what callers use ------------------------------------------------------------------------------------------

    def book(self, code: str, segment: SegmentName = SegmentName.BOARD) -> int:
        """The engine's number of a book, known from the start of the day. YunhaiError 2503 if there is none."""
        number = self._number.get((code, segment))
        if number is None:
            raise YunhaiError(2503, code=code, segment=str(segment))
        return number

    def place(self, book: int) -> tuple[str, SegmentName]:
        """(code, segment) of a book number. IndexError if there is no such book."""
        plan = self.plan.books[book]
        return plan.code, plan.program.segment

    def configs(self) -> tuple[BookConfig, ...]:
        """The settings of the books added so far, in the order of their numbers."""
        return tuple(self._configs[number] for number in sorted(self._configs))

    @property
    def now(self) -> int:
        """The venue's clock, ns since 1970 UTC: nothing earlier is taken."""
        return self._clock.now

    def next_due(self) -> int | None:
        """When the next control is due, or None when the day is over."""
        due = self._due()
        return None if due == NEVER else due

    def process(self, orders: NDArray[np.void]) -> None:
        """Run order commands (dtype RECORD, kinds 1-4, times not descending, none before `now`), and every control due
        on the way. YunhaiError 2501 or 2502 if the times are wrong, 2506 if a command is no order, 2507 if the array is
        none of records; nothing is done."""
        if orders.dtype != RECORD or orders.ndim != 1:
            raise YunhaiError(2507, dtype=str(orders.dtype.name), dimensions=orders.ndim)
        if not len(orders):
            return
        orders = np.ascontiguousarray(orders)  # the engine reads one stretch of memory; refusing midway is too late
        kinds = orders["kind"]
        strange = (kinds < _FIRST_ORDER) | (kinds > _LAST_ORDER)
        if strange.any():
            row = int(strange.argmax())
            raise YunhaiError(2506, row=row, kind=int(kinds[row]))
        times = np.ascontiguousarray(orders["time"])
        self._clock.require(int(times[0]))
        descents = times[1:] < times[:-1]
        if descents.any():
            raise YunhaiError(2501, row=int(descents.argmax()) + 1)
        start = 0
        while start < len(orders):
            time = int(times[start])
            due = self._due()
            if due <= time:
                self._issue(due)
                continue
            stop = int(np.searchsorted(times, min(due, time + self._slice_ns), side="left"))
            self._run(orders[start:stop])
            start = stop
        self._clock.advance(int(times[-1]))

    def advance(self, time: int) -> None:
        """Let the clock reach `time`: every control due by then is issued. YunhaiError 2502 if it lies back."""
        self._clock.require(time)
        while (due := self._due()) <= time:
            self._issue(due)
        self._clock.advance(time)

    def finish(self) -> None:
        """Run the rest of the day: everything that is still due."""
        while (due := self._due()) != NEVER:
            self.advance(due)

    def suspend(self, code: str, time: int) -> None:
        """Suspend a security 暫停交易 at `time`: its books take nothing; what rests stays until the session ends.
        Nothing happens to a book that is suspended already."""
        books = self._books_of(code)
        self.advance(time)
        books = self._live(books)
        self._suspended[books] = True
        self._clear(books[~self._closes_late(books)])
        self._control(self._phases(self._present(books), Phase.SUSPENDED, time, Cause.OPERATOR))

    def resume(self, code: str, time: int) -> None:
        """End a suspension 恢復交易 at `time`: each book enters the phase its program has now; where that is
        continuous trading, a call auction of what rests comes first, but not before the moment to which an opening or
        an interruption had put it off. Nothing happens to a book not suspended."""
        books = self._books_of(code)
        self.advance(time)
        books = books[self._suspended[books] & ~self._unlisted[books]]
        self._suspended[books] = False
        for book in self._present(books):
            one = np.array([book])
            phase = Phase(self._phase[book])
            timer, until = self._put_off.get(int(book), (_Timer.OPEN, 0))
            if phase is Phase.CONTINUOUS and until > time:
                held = Phase.HALTED if timer is _Timer.HALT_END else Phase.COLLECT
                self._control(self._phases(one, held, time, Cause.OPERATOR))
                self._wait(timer, one, until, trials=True)
                continue
            if phase is Phase.CONTINUOUS:
                self._control(self._phases(one, Phase.COLLECT, time, Cause.OPERATOR))
                self._control(self._uncross(one, time, Cause.OPERATOR))
            elif self._closes_late(one).any():
                regular, delay = self._late_close[int(book)]
                phase = Phase.BEFORE if time < regular + delay.entry_ns else Phase.COLLECT
            self._control(self._phases(one, phase, time, Cause.OPERATOR))

    def tally(self, code: str, segment: SegmentName = SegmentName.BOARD) -> BookTally:
        """What a book has traded so far. YunhaiError 2503 if there is no such book."""
        return self._tally.of(self.book(code, segment))

    def closing_quotes(self, code: str) -> tuple[int, int]:
        """Best bid and ask left on the board-lot book after its closing auction (0 = none), 1/10,000 NT$."""
        return self._last_quotes.get(self.book(code), (0, 0))

    def closing_prices(self) -> dict[str, int]:
        """Last board-lot trade price of each security that has one, 1/10,000 NT$; the close once the day is over."""
        prices = {
            place.code: self._tally.last(book)
            for book, place in enumerate(self.plan.books)
            if place.program.segment is SegmentName.BOARD
        }
        return {code: price for code, price in prices.items() if price}

    def rebuild(self, events: Iterable[NDArray[np.void]]) -> None:
        """Bring a fresh venue to where a recorded one stood: feed it the recorded event stream. The orders and the
        operator's commands in it are run again, the timetable issues its own; the sink sees the same bytes again."""
        for chunk in events:
            chosen = chunk[
                (chunk["kind"] <= Kind.REPRICE) | ((chunk["kind"] == Kind.PHASE) & (chunk["source"] == Cause.OPERATOR))
            ]
            edges = np.flatnonzero(chosen["kind"] == Kind.PHASE)
            start = 0
            for edge in edges:
                self.process(chosen[start:edge])
                self._repeat_operator(chosen[edge])
                start = int(edge) + 1
            self.process(chosen[start:])
            if len(chunk):
                last = chunk[chunk["kind"] < Kind.TRADE]
                if len(last):
                    self.advance(max(self.now, int(last["time"].max())))

    # -- time ------------------------------------------------------------------------------------------------------

    def _due(self) -> int:
        static = self._schedule[self._next][0] if self._next < len(self._schedule) else NEVER
        return min(static, self._timers[0][0]) if self._timers else static

    def _issue(self, time: int) -> None:
        """Everything due at `time`: the programs' steps, then the timers."""
        if not self._begun:
            self._begin(time)
        while self._next < len(self._schedule) and self._schedule[self._next][0] == time:
            step, program, books = self._schedule[self._next][3:]
            self._next += 1
            self._take_step(step, program, books)
        while self._timers and self._timers[0][0] == time:
            timer = self._timers[0][1]
            due: list[int] = []
            while self._timers and self._timers[0][:2] == (time, timer):
                _, _, book, token = heapq.heappop(self._timers)
                if self._waiting[book] == token:
                    due.append(book)
            if due:
                self._ring(_Timer(timer), np.array(due, np.int64), time)
        self._clock.advance(max(self.now, time))

    def _begin(self, time: int) -> None:
        self._begun = True
        closed = self._present(np.flatnonzero(self._suspended))
        self._control(self._phases(closed, Phase.SUSPENDED, time, Cause.TIMETABLE))

    def _wait(self, timer: _Timer, books: Sequence[int] | Books, until: int, *, trials: bool) -> None:
        for book in books:
            self._token += 1
            self._waiting[book] = self._token
            self._exception[book] = trials
            if timer in (_Timer.HALT_END, _Timer.OPEN):
                self._put_off[int(book)] = (timer, until)
            heapq.heappush(self._timers, (until, int(timer), int(book), self._token))

    def _closes_late(self, books: Books) -> NDArray[np.bool_]:
        """Which of `books` are past their program's end and still wait for their delayed close."""
        late: NDArray[np.bool_] = (self._phase[books] == Phase.AFTER) & (self._waiting[books] > 0)
        return late

    def _clear(self, books: Books) -> None:
        self._waiting[books] = 0
        self._exception[books] = False

    # -- steps of the programs -------------------------------------------------------------------------------------

    def _take_step(self, step: Step, program: Program, books: Books) -> None:
        match step.act:
            case Act.TRIAL:
                self._show(step, books)
            case Act.MATCH:
                self._match(step, program, books)
            case Act.ENTER:
                self._enter(step, books)
            case Act.OPEN:
                self._open(step, books)
            case Act.CLOSE:
                self._close(step, books)
            case Act.LIST:
                self._list_fixed(books)
            case Act.WATCH:
                if step.delay:
                    self._watch.watch(books, step.delay)

    def _show(self, step: Step, books: Books) -> None:
        """Trial matches of the books that show one now: every one that waits for nothing, or only the exceptions."""
        shown = self._exception[books]
        if step.every_book:
            shown = shown | (self._waiting[books] == 0)
        self._trial(books[shown & ~self._suspended[books]], step.time)

    def _enter(self, step: Step, books: Books) -> None:
        self._phase[books] = step.phase
        self._clear(books)
        self._watch.collect(books, counting=step.counts)
        records = self._control(self._phases(self._live(books), step.phase, step.time, Cause.TIMETABLE))
        crossed = records["book"][records["code"] == CROSSED_CODE].astype(np.int64)
        if len(crossed):  # a break cut an interruption or a delay short: the auction that is owed comes now
            self._control(self._phases(crossed, Phase.COLLECT, step.time, Cause.HALT_END))
            self._uncross_into(crossed, step.phase, step.time, Cause.HALT_END)

    def _trial(self, books: Books, time: int) -> None:
        if len(books):
            records = self._control(self._batch(Kind.TRIAL, books, time, Cause.TIMETABLE))
            shown = records[records["state"] > 0]
            self._watch.observe_trials(shown["book"].astype(np.int64), shown["price"])

    def _match(self, step: Step, program: Program, books: Books) -> None:
        live = self._live(books)
        waiting = self._waiting[live] > 0
        if program.trials_from is not None and program.trials_from <= step.time:
            self._trial(live[waiting & self._exception[live]], step.time)
        free = live[~waiting]
        records = self._control(self._uncross(free, step.time, Cause.TIMETABLE, option=int(step.deferrable)))
        deferred = records["book"][records["code"] == DEFERRED_CODE].astype(np.int64)
        self._wait(_Timer.MATCH, deferred, step.time + program.defer_ns, trials=True)

    def _open(self, step: Step, books: Books) -> None:
        self._phase[books] = step.phase
        live = self._live(books)
        late = self._test(live, step)
        self._watch.stop(books)
        if step.delay:
            self._wait(_Timer.OPEN, live[late], step.time + step.delay.delay_ns, trials=True)
        self._uncross_into(live[~late], step.phase, step.time, Cause.TIMETABLE)

    def _test(self, books: Books, step: Step) -> NDArray[np.bool_]:
        """Which of `books` are put off; the last trial of the watch is shown first."""
        if not step.delay:
            return np.zeros(len(books), np.bool_)
        self._trial(books, step.time)
        return self._watch.test(books)

    def _close(self, step: Step, books: Books) -> None:
        live = self._live(books)
        self._clear(live)
        late = self._test(live, step)
        delay = step.delay
        if delay:
            put_off = live[late]
            if delay.entry_ns:
                self._control(self._phases(put_off, Phase.BEFORE, step.time, Cause.DELAYED_CLOSE))
                self._wait(_Timer.ENTRY, put_off, step.time + delay.entry_ns, trials=False)
            else:
                self._wait(_Timer.CLOSE, put_off, step.time + delay.delay_ns, trials=True)
            for book in put_off:
                self._late_close[int(book)] = (step.time, delay)
        self._phase[books] = step.phase
        self._end(live[~late], step.time, Cause.TIMETABLE)
        closed = books[self._suspended[books]]
        self._control(self._batch(Kind.EXPIRE, self._present(closed), step.time, Cause.TIMETABLE))

    def _end(self, books: Books, time: int, cause: Cause) -> None:
        """The last auction of `books`; what rests expires; no more orders."""
        self._control(self._uncross(books, time, cause))
        for book in books:
            if self.plan.books[book].program.segment is SegmentName.BOARD and not self._tally.last(int(book)):
                bids, asks = self._engine.depth(int(book), 1)
                self._last_quotes[int(book)] = (_best(bids.price), _best(asks.price))
        self._control(self._batch(Kind.EXPIRE, books, time, cause))
        self._control(self._phases(books, Phase.AFTER, time, cause))

    def _list_fixed(self, books: Books) -> None:
        """Fixed-price books: the ladder is the close. A security without one has a closed book, so that the numbers
        of all books are known beforehand."""
        for book in books:
            place = self.plan.books[book]
            close = self._tally.last(self._number[place.code, SegmentName.BOARD])
            price = close or place.config.reference
            self._add(int(book), replace(place.config, prices=np.array([price], np.int32), reference=price))
            self._unlisted[book] = not close
            self._suspended[book] |= not close
        time = self._schedule[self._next - 1][0]
        self._control(self._phases(books[self._suspended[books]], Phase.SUSPENDED, time, Cause.TIMETABLE))

    # -- timers of single books ------------------------------------------------------------------------------------

    def _ring(self, timer: _Timer, books: Books, time: int) -> None:
        cause = _CAUSE[timer]
        self._clear(books)
        match timer:
            case _Timer.HALT_END | _Timer.OPEN:
                for phase in np.unique(self._phase[books]):
                    self._uncross_into(books[self._phase[books] == phase], Phase(phase), time, cause)
            case _Timer.MATCH:
                self._control(self._uncross(books, time, cause))
            case _Timer.ENTRY:
                self._control(self._phases(self._live(books), Phase.COLLECT, time, cause))
                for book in books:
                    regular, delay = self._late_close[int(book)]
                    self._wait(_Timer.CLOSE, [int(book)], regular + delay.delay_ns, trials=True)
                    if delay.repeat:
                        self._watch.watch(np.array([book]), delay)
            case _Timer.CLOSE:
                live = self._live(books)
                self._trial(live, time)
                late = self._watch.test(live)
                for book in live[late]:
                    self._wait(_Timer.CLOSE, [int(book)], time + self._late_close[int(book)][1].delay_ns, trials=True)
                self._end(live[~late], time, cause)
                self._control(self._batch(Kind.EXPIRE, books[self._suspended[books]], time, cause))

    # -- commands and what comes of them ---------------------------------------------------------------------------

    def _batch(self, kind: Kind, books: Books, time: int, cause: Cause, argument: int = 0) -> NDArray[np.void]:
        batch = commands(len(books))
        batch["kind"] = kind
        batch["time"] = time
        batch["book"] = books
        batch["side"] = argument
        batch["source"] = cause
        return batch

    def _phases(self, books: Books, phase: Phase, time: int, cause: Cause) -> NDArray[np.void]:
        return self._batch(Kind.PHASE, books, time, cause, int(phase))

    def _uncross(self, books: Books, time: int, cause: Cause, option: int = 0) -> NDArray[np.void]:
        return self._batch(Kind.UNCROSS, books, time, cause, option)

    def _uncross_into(self, books: Books, phase: Phase, time: int, cause: Cause) -> None:
        self._control(self._uncross(books, time, cause))
        self._control(self._phases(books, phase, time, cause))

    def _control(self, batch: NDArray[np.void]) -> NDArray[np.void]:
        """Run control commands; returns their outcomes."""
        if not len(batch):
            return batch
        outcomes: list[NDArray[np.void]] = []
        for events in self._events(batch):
            kind = events["kind"]
            outcomes.append(events[(kind >= _FIRST_CONTROL) & (kind <= _LAST_CONTROL)])
            self._tally.add(events)
        return outcomes[0] if len(outcomes) == 1 else np.concatenate(outcomes)

    def _run(self, orders: NDArray[np.void]) -> None:
        """Run order commands; interruptions that they cause start their timer."""
        for events in self._events(orders):
            self._tally.add(events)
            if self._watch.counts_orders:
                self._watch.observe_orders(events)
            kind = events["kind"]
            if not (kind == _HALTED).any():
                continue
            for halted in events[kind == _HALTED].view(HALTED):
                self._wait(_Timer.HALT_END, [int(halted["book"])], int(halted["until"]), trials=True)

    def _events(self, batch: NDArray[np.void]) -> Iterable[NDArray[np.void]]:
        """The engine's event arrays, each given to the sink first."""
        while len(batch):
            events, consumed = self._engine.process(batch)
            if not consumed:
                raise YunhaiError(2505)
            self._sink(events)
            yield events
            batch = batch[consumed:]

    # -- books -----------------------------------------------------------------------------------------------------

    def _add(self, number: int, config: BookConfig) -> None:
        given = self._engine.add_book(config)
        if given != number:
            raise YunhaiError(2504, expected=number, given=given)
        self._configs[number] = config
        self._added[number] = True

    def _present(self, books: Books) -> Books:
        """Those of `books` that the engine has already."""
        return books[self._added[books]]

    def _live(self, books: Books) -> Books:
        return books[~self._suspended[books]]

    def _books_of(self, code: str) -> Books:
        books = [number for (owner, _), number in self._number.items() if owner == code]
        if not books:
            raise YunhaiError(2301, code=code)
        return np.array(sorted(books), np.int64)

    def _repeat_operator(self, record: np.void) -> None:
        code, _ = self.place(int(record["book"]))
        if record["side"] == Phase.SUSPENDED:
            self.suspend(code, int(record["time"]))
        else:
            self.resume(code, int(record["time"]))


_Due = tuple[int, int, int, Step, Program, Books]


def _merged(plan: DayPlan) -> list[_Due]:
    """All programs' steps in the order in which they are taken, each with the books that follow it."""
    followers: dict[int, list[int]] = {}
    programs: dict[int, Program] = {}
    for number, place in enumerate(plan.books):
        followers.setdefault(id(place.program), []).append(number)
        programs[id(place.program)] = place.program
    due: list[_Due] = []
    for place_in_plan, (key, numbers) in enumerate(followers.items()):
        books = np.array(numbers, np.int64)
        due += [(step.time, int(step.act), place_in_plan, step, programs[key], books) for step in programs[key].steps]
    return sorted(due, key=lambda entry: entry[:3])


def _best(prices: NDArray[np.int32]) -> int:
    limits = prices[prices > 0]
    return int(limits[0]) if len(limits) else 0
