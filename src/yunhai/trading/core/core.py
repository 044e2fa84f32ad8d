"""The core: the only writer of the journal, and the order's path from a signed instruction to durable events.

Everything that changes happens in one event loop. What arrives in one turn of it is decided in order, appended as one
stretch of the journal, sent on as the lines allow, run by the venue in one call, and its events appended too; an answer
leaves when the disk has what it tells. There is no other state than what the journal makes: a restart reads it back
(`yunhai.trading.core.restore`) and goes on.

When the journal's disk fails, the core halts: it refuses everything (6501), acknowledges nothing and says so by `/ready`.
"""

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import structlog
from numpy.typing import NDArray

from yunhai.journal.facts import Fact
from yunhai.journal.facts import encode as slots_of
from yunhai.journal.folder import Place
from yunhai.journal.writer import SEGMENT_BYTES, Writer
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import SNAPSHOT_RECORDS, VENUE_IDS_MAX, VENUE_ORDERS_MAX
from yunhai.trading import facts
from yunhai.trading.books import steps
from yunhai.trading.books.books import Books
from yunhai.trading.core import errors, restore
from yunhai.trading.core.appender import Appender
from yunhai.trading.core.carrying import Carrying
from yunhai.trading.core.clock import ClockKind, MarketClock
from yunhai.trading.core.counted import Counted
from yunhai.trading.core.deciding import Deciding
from yunhai.trading.core.line_wire import LineWire
from yunhai.trading.core.lines import Dispatch
from yunhai.trading.core.market_day import OpenDay
from yunhai.trading.core.orders import Ask
from yunhai.trading.facts import Decided
from yunhai.trading.rates import Rates
from yunhai.trading.tokens import Claims, Revocations, Verifier
from yunhai.trading.trust.mutual import require_bound
from yunhai.trading.words import Mode

log: Final = structlog.get_logger("yunhai.core")
_LONGEST_SLEEP_S: Final = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreSettings:
    """What a core is started with.

    `journal`: a folder (a simulated disk in tests); `token_public`: PEM; `orders`, `ids`: the venue's capacities;
    `snapshot_records`: records between two snapshots; `door`: the origin's secret, b"": nobody comes by mutual TLS;
    `line_wire`: the lines on a wire;
    `lift_line_caps`, `lift_rates`: for drivers and benches, never live.
    """

    journal: Place
    snapshots: Path
    token_public: bytes
    clock: ClockKind = "driven"
    mode: Mode = Mode.SIMULATED
    lift_line_caps: bool = False
    lift_rates: bool = False
    orders: int = VENUE_ORDERS_MAX
    ids: int = VENUE_IDS_MAX
    snapshot_records: int = SNAPSHOT_RECORDS
    segment_bytes: int = SEGMENT_BYTES
    door: bytes = b""
    line_wire: LineWire | None = None


class Core:
    """One core on one journal. Made outside the loop (it reads the journal); `start` and everything after in the loop.

    YunhaiError 3001 another writer is there, 3003-3008 damage, 3031 the venue says otherwise, 6440 a record cannot follow.
    """

    def __init__(self, settings: CoreSettings, *, wall: Callable[[], int] = time.time_ns) -> None:
        self.settings = settings
        self.wall = wall
        self.verifier = Verifier(settings.token_public)
        self.rates = Rates(lifted=settings.lift_rates)
        self.counted = Counted()
        self.stopping = False
        self.ready = False
        writer = Writer(settings.journal, segment_bytes=settings.segment_bytes, clock=wall)
        try:
            self.restored = restore.restore(
                settings.journal,
                settings.snapshots,
                passed_over=lambda path, error: log.warning("snapshot", file=path.name, reason=str(error)),
                orders=settings.orders,
                ids=settings.ids,
            )
        except BaseException:
            writer.close()
            raise
        self.books: Books = self.restored.books
        self.day: OpenDay | None = self.restored.day
        self.first_number = self.restored.first_number
        self.clock = MarketClock(settings.clock, wall, self.restored.time)
        self.revocations = Revocations(self.books.revoked)
        self.dispatch = Dispatch(uncapped=settings.lift_line_caps)
        self.carrying = None if settings.lift_line_caps else Carrying(self)
        self.appender = Appender(writer, self._halt)
        self.deciding = Deciding(self)
        self.snapshot_at = self.restored.snapshot
        self.day_lock = asyncio.Lock()
        self._timer: asyncio.Handle | None = None
        self._wakes_at = 0.0  # uvloop gives a plain handle, without its time, for one that is due already
        self._snapshotting: asyncio.Task[int] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    # -- life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """In the running loop: append what a crash kept from the journal, take up what was waiting, be ready."""
        self._loop = asyncio.get_running_loop()
        self.appender.start(self._loop)
        if len(self.restored.missing):
            log.warning("torn", events=len(self.restored.missing))
            self.keep_events(self.restored.missing)
        now = time.monotonic_ns()
        self.dispatch.restore(self.books, now, trading=self.day is not None)
        if self.carrying is not None:
            self.carrying.restore(self.books, now)
        self._resume_halts()
        self.ready = True
        self.advance()
        self.send_on()
        self.arm()
        log.info(
            "ready",
            sequence=self.restored.sequence,
            snapshot=self.restored.snapshot,
            records=self.restored.records,
            seconds=round(self.restored.seconds, 3),
        )

    async def drain(self) -> None:
        """Take nothing more, wait until everything taken is durable and told."""
        self.stopping = True
        if self._timer is not None:
            self._timer.cancel()
        if self.carrying is not None:
            self.carrying.close()
        if self.failed is None:
            await self.appender.settled()

    async def stop(self, *, snapshot: bool = True) -> None:
        """End cleanly: drain, a snapshot, close the journal."""
        await self.drain()
        if self._snapshotting is not None:
            await asyncio.gather(self._snapshotting, return_exceptions=True)
        if snapshot and self.failed is None and self.appender.writer.submitted() > self.snapshot_at:
            try:
                await self.snapshot()
            except (YunhaiError, OSError) as error:
                log.warning("snapshot", reason=str(error))
        self.ready = False
        self.deciding.close()
        self.appender.close()
        with suppress(YunhaiError):  # of a failed disk there is nothing to close but the lock
            self.appender.writer.close()

    @property
    def failed(self) -> YunhaiError | None:
        """Why the core halted; None while it does not."""
        return self.appender.failed

    def _halt(self, error: YunhaiError) -> None:
        log.error("halted", reason=str(error))
        self.counted.halted.set(1)
        self.ready = False

    def give_up(self, fault: Exception) -> None:
        """Halt because of `fault`: the disk failed, or a record did not fit, and what is in memory can no longer be
        trusted. What is durable stays; a restart reads it back."""
        if isinstance(fault, YunhaiError):
            self.appender.fail(fault)
            return
        log.error("fault", exc_info=fault)
        self.appender.fail(YunhaiError(errors.CORE_FAULT, reason=type(fault).__name__))

    def require_ready(self) -> None:
        """CORE_HALTED, CORE_NOT_READY."""
        if self.failed is not None:
            raise YunhaiError(errors.CORE_HALTED)
        if not self.ready or self.stopping:
            reason = ("it is stopping", "正在停止") if self.stopping else ("it is starting", "正在啟動")
            raise YunhaiError(errors.CORE_NOT_READY, reason=reason[0], reason_zh=reason[1])

    # -- who and when ----------------------------------------------------------------------------------------------

    @property
    def mode(self) -> str:
        """simulated or live: the open day's, else the setting."""
        return self.books.day.mode if self.books.day is not None else self.settings.mode.word

    def who(self, token: str) -> Claims:
        """Who asks. 6520-6528, and 6834, 6835 of a token that came by another certificate than its own."""
        claims = self.verifier.claims(token, now_s=self.wall() / 1e9)
        self.revocations.require(claims)
        require_bound(claims)
        return claims

    def open_day(self) -> OpenDay:
        """The open market day; DAY_NOT_OPEN."""
        if self.day is None:
            raise YunhaiError(errors.DAY_NOT_OPEN)
        return self.day

    # -- the order's path ------------------------------------------------------------------------------------------

    def ask(self, ask: Ask) -> None:
        """Take an instruction; its outcome is told when it is durable."""
        self.deciding.ask(ask)

    def append(self, slots: NDArray[np.void], *, hold: bool = False) -> int:
        """Hand slots to the journal; the last sequence. CORE_HALTED. `hold`: see `Appender.append`."""
        return self.appender.append(slots, hold=hold)

    def keep_events(self, events: NDArray[np.void]) -> None:
        """Apply the venue's events and journal them. Applied first: should the books refuse them, the core halts and the
        journal can still be read."""
        if not len(events):
            return
        self.books.apply_events(self.appender.next_sequence, events)
        self.append(events, hold=True)
        self.counted.events.inc(len(events))

    def keep_fact(self, fact: Decided, tenant: int) -> int:
        """Apply a fact to books and lines and journal it; its sequence. 3009 of one too large; then nothing is applied.

        Applied first: should the books refuse it, though it was checked, the core halts and the journal can still be read.
        Whatever else goes wrong meanwhile halts it too: what is in memory then is in no journal."""
        moment, sequence = self.clock.now(), self.appender.next_sequence
        number, content = facts.encode(fact)
        slots = slots_of(Fact(number=number, tenant=tenant, time=moment, content=content))
        try:
            self.books.apply_fact(sequence, moment, tenant, fact)
            self.dispatch.apply(fact, time.monotonic_ns())
            if self.carrying is not None:
                self.carrying.apply(fact)
        except Exception as fault:
            self.give_up(fault)
            raise
        self.append(slots)
        return sequence

    def send_on(self) -> None:
        """Give the venue whatever the lines may carry now."""
        if self.carrying is not None:
            if self.failed is None:
                self.carrying.step()
            return
        day = self.day
        if day is None or self.failed is not None:
            return
        now = time.monotonic_ns()
        while True:
            first = day.venue.now
            taken = self.dispatch.take(self.books, first, max(self.clock.now(), first), now)
            if taken is None:
                return
            commands, numbers = taken
            day.venue.process(commands)
            self.keep_events(day.taken())
            self.dispatch.pool.answered_all(numbers)

    def advance(self) -> None:
        """Let the venue do what is due by now."""
        day = self.day
        if day is None or self.failed is not None:
            return
        due = day.venue.next_due()
        now = self.clock.now()
        if due is not None and due <= now:
            day.venue.advance(now)
            self.keep_events(day.taken())

    def move_clock(self, moment: int) -> None:
        """Move a demo or driven clock to `moment` and do what is due. CLOCK_NOT_DRIVEN, CLOCK_BACKWARDS."""
        self.clock.to(moment)
        self.advance()

    # -- time ------------------------------------------------------------------------------------------------------

    def arm(self) -> None:
        """Wake up for the venue's or the lines' next moment."""
        if self._loop is None or self.stopping or self.failed is not None:
            return
        wait = _LONGEST_SLEEP_S
        day = self.day
        if day is not None and self.clock.runs and (due := day.venue.next_due()) is not None:
            wait = self.clock.until(due)
        now = time.monotonic_ns()
        soonest = None
        if self.carrying is not None:
            soonest = self.carrying.next_time(now)
        elif day is not None:
            soonest = self.dispatch.pool.next_time(now)
        if soonest is not None:
            wait = min(wait, max(0, soonest - now) / 1e9)
        at = self._loop.time() + min(wait, _LONGEST_SLEEP_S)
        if self._timer is not None:
            if not self._timer.cancelled() and abs(self._wakes_at - at) < 1e-4:
                return
            self._timer.cancel()
        self._wakes_at = at
        self._timer = self._loop.call_at(at, self._tick)

    def _tick(self) -> None:
        self._timer = None
        if self.failed is not None or self.stopping:
            return
        try:
            self.advance()
            self.send_on()
        except Exception as fault:  # noqa: BLE001 as of a turn: what is in memory can no longer be trusted
            self.give_up(fault)
            return
        self.appender.look()
        self.arm()
        self.consider_snapshot()

    def _resume_halts(self) -> None:
        """An operator's suspension whose fact is in the journal and whose venue records a crash lost: do it again."""
        if self.day is None or self.books.day is None:
            return
        for code, on in self.books.day.halted.items():
            self.halt(code, on=on)

    def halt(self, code: str, *, on: bool) -> None:
        """Suspend or resume a security at the venue; nothing happens to one that is so already. YunhaiError 2301."""
        day = self.open_day()
        moment = max(self.clock.now(), day.venue.now)
        if on:
            day.venue.suspend(code, moment)
        else:
            day.venue.resume(code, moment)
        self.keep_events(day.taken())

    # -- snapshots -------------------------------------------------------------------------------------------------

    def consider_snapshot(self) -> None:
        """Begin one if enough has happened since the last."""
        if self._snapshotting is not None and not self._snapshotting.done():
            return
        if self.appender.writer.submitted() - self.snapshot_at >= self.settings.snapshot_records:
            self._snapshotting = asyncio.create_task(self._snapshot_aside())

    async def _snapshot_aside(self) -> int:
        try:
            return await self.snapshot()
        except (YunhaiError, OSError) as error:
            log.warning("snapshot", reason=str(error))
            return 0

    async def snapshot(self) -> int:
        """Write a snapshot of now; its sequence. A forked child takes the state as it is and writes it.

        SNAPSHOT_REFUSED if there is nothing to take or the child failed; OSError if there can be no child."""
        if self.failed is not None:
            raise YunhaiError(errors.SNAPSHOT_REFUSED, reason="the journal has failed", reason_zh="日誌已無法寫入")
        writer = self.appender.writer
        writer.flush()  # so that a commit group ends at this record; milliseconds
        sequence = writer.submitted()
        if sequence == 0:
            raise YunhaiError(errors.SNAPSHOT_REFUSED, reason="the journal is empty", reason_zh="日誌尚無紀錄")
        began = time.perf_counter()
        child = restore.save_aside(self.settings.snapshots, self.settings.journal, sequence, self._state)
        held = time.perf_counter() - began
        self.snapshot_at = sequence
        _, status = await asyncio.to_thread(os.waitpid, child, 0)
        if status:
            raise YunhaiError(errors.SNAPSHOT_REFUSED, reason="it could not be written", reason_zh="快照無法寫入")
        log.info(
            "snapshot", sequence=sequence, held_ms=round(held * 1e3, 1), seconds=round(time.perf_counter() - began, 2)
        )
        return sequence

    def _state(self) -> restore.CoreState:
        return restore.CoreState(
            version=restore.STATE_VERSION,
            time=self.clock.now(),
            first_number=self.first_number,
            books=self.books.state(),
        )

    # -- the day ---------------------------------------------------------------------------------------------------

    @property
    def day_steps(self) -> tuple[str, ...]:
        """Closing steps done of the last day opened."""
        return tuple(self.books.day.steps) if self.books.day is not None else ()

    @property
    def closed(self) -> bool:
        """Whether every closing step of the last day opened is done."""
        return set(steps.STEPS) <= set(self.day_steps)
