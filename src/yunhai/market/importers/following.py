"""A journal's days into the lake by themselves, and the running day's bars while it runs.

Runs as a thread of the reader process. Every half second it takes what the journal has got: the trades of the running day are
kept in memory (32 bytes each), and asked for as bars of any span; when the day's closing step comes, the day is imported, so
that it is history at once. Live bars and imported bars come from the same trades by the same function: they are equal.

How far it has come stands in `lake/journal.json`. It is written when a day begins, is imported or fails, never more often:
killed anywhere, the next start reads the running day again from its first record, and a day that was imported already changes
nothing. A lake that cannot be written (another import is at work, the disk is full) is tried again; trading knows nothing of it.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import structlog
from prometheus_client import Counter, Gauge

from yunhai.journal.errors import NOT_FOUND as NO_JOURNAL
from yunhai.journal.files import make_folder, read_up_to, whole_file
from yunhai.journal.reader import Group, Reader
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import HISTORY_DAYS_WAITING_MAX, HISTORY_STATE_BYTES_MAX
from yunhai.market.bars.journal import JournalDay, TradingDays
from yunhai.market.bars.making import BAR
from yunhai.market.bars.spans import span_named
from yunhai.market.importers.own_journal import import_day
from yunhai.market.lake.manifest import FOLLOWED
from yunhai.market.lake.writing import recover

NAME: Final = FOLLOWED
IDLE_SECONDS: Final = 0.5
RETRY_SECONDS: Final = 30.0
_log = structlog.get_logger("history")
_IMPORTED = Counter("yunhai_history_days", "Market days imported into the lake by this process")
_WAITING = Gauge("yunhai_history_days_waiting", "Closed days that could not be imported yet")
_SEQUENCE = Gauge("yunhai_history_sequence", "Journal sequence up to which days have been read")


class DaysState(msgspec.Struct, frozen=True, kw_only=True):
    """How far a journal's days are in the lake. `sequence`, `group`, `chain`: the commit group up to which every closed day is
    in it; `packs` the rules published until then; `imported` the newest day in it, `running` the day that is read, `trades`
    of the newest one; `failed` why it cannot be imported now: an error's code, or the system's name for it."""

    journal: str = ""
    sequence: int = 0
    group: int = 0
    chain: str = ""
    packs: dict[str, bytes] = {}
    imported: str = ""
    running: str = ""
    trades: int = 0
    failed: str = ""
    at_ns: int = 0


class LiveBars(msgspec.Struct, frozen=True, kw_only=True):
    """The running day's bars of one book, BAR rows as bytes. `closed`: the venue has finished, no other will come. `since_ns`:
    of the day's bars only those that begin then or later; 0 all."""

    date: str
    closed: bool
    bars: bytes
    since_ns: int = 0


def load_state(lake: Path) -> DaysState:
    """What was kept last; an empty one if nothing was, or nothing readable."""
    try:
        return msgspec.json.decode(read_up_to(lake / NAME, HISTORY_STATE_BYTES_MAX), type=DaysState)
    except (FileNotFoundError, msgspec.MsgspecError):
        return DaysState()


class DaysFollower:
    """One journal's days and one lake. `round` takes what is there; `live` may be asked by other threads meanwhile."""

    def __init__(self, lake: Path, journal: Path, *, clock: Callable[[], int] = time.time_ns) -> None:
        self.state = DaysState()
        self._lake, self._journal, self._clock = lake, journal, clock
        self._days = TradingDays()
        self._reader: Reader | None = None
        self._waiting: deque[JournalDay] = deque()
        self._mark: tuple[int, int, str, dict[str, bytes]] = (0, 0, "", {})
        self._retry_at = 0.0

    # -- reading -------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Find the place to go on from: after the last imported day, else the journal's beginning. YunhaiError 3001-3007."""
        self._clear()
        kept = load_state(self._lake)
        reader = Reader(self._journal, follow=True)
        identity = reader.journal_id().hex()
        if kept.journal == identity and kept.sequence and self._stands(kept):
            reader = Reader(self._journal, kept.sequence + 1, follow=True)
        else:
            kept = DaysState(journal=identity)
        self.state, self._days, self._reader = kept, TradingDays(kept.packs), reader

    def _clear(self) -> None:
        """What was being written when the last process was killed; another writer or a damaged lake is found out later."""
        with suppress(YunhaiError, OSError):
            recover(self._lake)
            for path in self._lake.glob(".yunhai-*.tmp"):  # nobody but a follower writes beside the manifest
                path.unlink(missing_ok=True)

    def _stands(self, kept: DaysState) -> bool:
        """Whether the journal still has the group that was read last (one restored from an older copy has not)."""
        try:
            found = Reader(self._journal, kept.sequence, follow=True).next()
        except YunhaiError:
            return False
        return found is not None and (found.number, found.chain.hex()) == (kept.group, kept.chain)

    def round(self) -> bool:
        """Take the next commit group, or try what waits again. False: nothing to do now."""
        if self._waiting and time.monotonic() >= self._retry_at:
            self._import()
        if len(self._waiting) >= HISTORY_DAYS_WAITING_MAX:
            return False
        if self._reader is None:
            self.start()
        assert self._reader is not None
        group = self._reader.next()
        if group is None:
            return False
        before = self._days.running
        ended = self._days.take(group)
        _SEQUENCE.set(group.last_sequence)
        running = self._days.running
        if running is not None and running is not before and not running.closed:
            self._keep(running=running.date, trades=0)
        for day in ended:
            self._end(day, group)
        return True

    def _end(self, day: JournalDay, group: Group) -> None:
        if not day.closed:
            _log.warning("day never closed", date=day.date)
            return
        self._waiting.append(day)
        self._mark = (group.last_sequence, group.number, group.chain.hex(), dict(self._days.packs))
        self._import()

    # -- importing -----------------------------------------------------------------------------------------------------

    def _import(self) -> None:
        """The days that wait, the oldest first; what cannot be now waits on."""
        while self._waiting:
            day = self._waiting[0]
            began = time.perf_counter()
            _log.info("day closed", date=day.date, trades=len(day.trades))
            try:
                made = import_day(self._lake, bytes.fromhex(self.state.journal), day, now_ns=self._clock())
            except (YunhaiError, OSError) as problem:
                failed = str(problem.code) if isinstance(problem, YunhaiError) else type(problem).__name__
                self._retry_at = time.monotonic() + RETRY_SECONDS
                _log.warning("day waits", date=day.date, reason=failed)
                self._keep(failed=failed)
                break
            self._waiting.popleft()
            rows = {each.table: each.rows for each in made.imports}
            milliseconds = round((time.perf_counter() - began) * 1000)
            _log.info("day imported", date=day.date, rows=rows, again=made.again, took_ms=milliseconds)
            _IMPORTED.inc()
            done: dict[str, object] = {"imported": day.date, "trades": len(day.trades), "failed": ""}
            if not self._waiting:
                sequence, number, chain, packs = self._mark
                done |= {"running": "", "sequence": sequence, "group": number, "chain": chain, "packs": packs}
            self._keep(**done)
        _WAITING.set(len(self._waiting))

    def _keep(self, **changed: object) -> None:
        self.state = msgspec.structs.replace(self.state, at_ns=self._clock(), **changed)
        try:
            make_folder(self._lake)
            with whole_file(self._lake / NAME) as file:
                file.write(msgspec.json.encode(self.state))
        except OSError as problem:
            _log.warning("place not kept", kind=type(problem).__name__)

    # -- being asked ---------------------------------------------------------------------------------------------------

    def live(self, code: str, segment: str, span: str, *, date: str = "", since_ns: int = 0) -> LiveBars | None:
        """The running day's bars of one book, or the last closed day's until another opens; None before any. Bars of an hour
        and less, and the day's own. Who has the bars of this `date` already asks for those from `since_ns` on. What it costs
        are the trades since the book's bars of that span were last asked for. YunhaiError 7456, 7458.
        """
        wanted = span_named(span)
        running = self._days.running
        since = since_ns if running is not None and running.date == date else 0
        found = self._days.bars(code, segment, wanted, since_ns=since)
        if found is None:
            return None
        day, bars = found
        if since and day.date != date:  # another day has opened meanwhile
            return self.live(code, segment, span)
        return LiveBars(date=day.date, closed=day.closed, bars=bars.tobytes(), since_ns=since)

    def run(self, stop: threading.Event) -> None:
        """Follow the journal until `stop`; a journal that is not there yet or cannot be read is tried again."""
        while not stop.is_set():
            try:
                while not stop.is_set() and self.round():
                    pass
            except YunhaiError as problem:
                self._reader = None
                if problem.code != NO_JOURNAL:
                    _log.error("days not read", code=problem.code)
                    stop.wait(RETRY_SECONDS)
            stop.wait(IDLE_SECONDS)


def bars_of(live: LiveBars) -> "np.ndarray[tuple[int], np.dtype[np.void]]":
    """The rows of an answer."""
    return np.frombuffer(live.bars, BAR)


def joined(before: LiveBars, after: LiveBars) -> LiveBars:
    """The day's bars as they are after an answer with those since some moment: bars that begin before it do not change."""
    if not after.since_ns or before.date != after.date:
        return after
    held = bars_of(before)
    kept = held[: int(np.searchsorted(held["start_ns"], after.since_ns))]
    return msgspec.structs.replace(after, bars=kept.tobytes() + after.bars, since_ns=before.since_ns)
