"""The appender: hands records to the journal's writer and says when they are durable, without a thread for each.

One thread waits for the disk. Whoever needs to know gives a callback with the sequence it waits for; callbacks run in
the event loop in the order of sequences. The loop also looks at `Writer.durable()` each turn that it appends: while it
is busy, the waiting thread would get Python's lock late.

Once the disk has failed nothing is ever acknowledged again: what waits is told `lost`, and `failed` says why.
"""

import asyncio
import heapq
import threading
from collections.abc import Callable
from itertools import count
from typing import Any, Final

from numpy.typing import NDArray

from yunhai.journal.writer import Writer
from yunhai.kernel.errors import YunhaiError
from yunhai.trading.core.errors import CORE_HALTED

Told = Callable[[YunhaiError | None], None]
"""Called with None when the sequence is durable, with the error when it never will be."""

HOLD_S: Final = 0.002
_CLOSE_S: Final = 5.0


class Appender:
    """For one event loop, after `start`. `on_failure` is called once, in the loop, when the disk fails."""

    def __init__(self, writer: Writer, on_failure: Callable[[YunhaiError], None]) -> None:
        self.writer = writer
        self.failed: YunhaiError | None = None
        self._on_failure = on_failure
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: list[tuple[int, int, Told]] = []
        self._order = count()
        self._wake = threading.Condition()
        self._target = 0
        self._closing = False
        self._held: asyncio.TimerHandle | None = None
        self._thread = threading.Thread(target=self._watch, name="journal durable", daemon=True)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._thread.start()

    @property
    def next_sequence(self) -> int:
        """The sequence of the record appended next."""
        return self.writer.submitted() + 1

    def append(self, slots: NDArray[Any], *, hold: bool = False) -> int:
        """Hand over; the last sequence. CORE_HALTED once the disk has failed. `hold`: nobody waits for these yet: they go to the
        disk with the next, at most HOLD_S later."""
        if self.failed is not None:
            raise YunhaiError(CORE_HALTED)
        if hold and self._held is None and self._loop is not None:
            self._held = self._loop.call_later(HOLD_S, self._let_go)
        try:
            return self.writer.submit(slots, hold=self._held is not None and hold)
        except YunhaiError as error:
            self.fail(error)
            raise YunhaiError(CORE_HALTED) from error

    def _let_go(self) -> None:
        """Send on what was held, if anything still is."""
        if self._held is not None:
            self._held.cancel()
            self._held = None
            self.writer.wake()

    def when_durable(self, sequence: int, told: Told) -> None:
        """Have `told` called, in the loop, once `sequence` is durable; at once if it is."""
        if self.failed is not None:
            told(YunhaiError(CORE_HALTED))
            return
        heapq.heappush(self._waiting, (sequence, next(self._order), told))
        if sequence > self._target:
            self._let_go()
            with self._wake:
                self._target = sequence
                self._wake.notify()

    def look(self) -> None:
        """Tell whoever waits for what is durable by now."""
        if self._waiting:
            self._tell(self.writer.durable())

    async def settled(self, sequence: int | None = None) -> None:
        """Until `sequence` (all that was appended so far) is durable. CORE_HALTED if it never will be."""
        wanted = self.writer.submitted() if sequence is None else sequence
        if self.failed is None and self.writer.durable() >= wanted:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def told(error: YunhaiError | None) -> None:
            if future.done():
                return
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

        self.when_durable(wanted, told)
        await future

    def close(self) -> None:
        """Tell what is durable, stop the thread. The writer stays open."""
        self._let_go()
        with self._wake:
            self._closing = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join(_CLOSE_S)
        if self.failed is None:
            self.look()

    def _tell(self, durable: int) -> None:
        waiting = self._waiting
        while waiting and waiting[0][0] <= durable:
            heapq.heappop(waiting)[2](None)

    def fail(self, error: YunhaiError) -> None:
        """Acknowledge nothing from now on."""
        if self.failed is not None:
            return
        self.failed = error
        lost, self._waiting = sorted(self._waiting, key=lambda one: one[:2]), []
        for _, _, told in lost:
            told(YunhaiError(CORE_HALTED))
        self._on_failure(error)

    def _watch(self) -> None:
        """The thread: wait for the disk, wake the loop."""
        reached = 0
        assert self._loop is not None
        while True:
            with self._wake:
                while self._target <= reached and not self._closing:
                    self._wake.wait()
                if self._closing:
                    return
            try:
                self.writer.wait(reached + 1)
                reached = self.writer.durable()
                self._loop.call_soon_threadsafe(self.look)
            except YunhaiError as error:
                self._loop.call_soon_threadsafe(self.fail, error)
                return
            except RuntimeError:  # the loop is closed
                return
