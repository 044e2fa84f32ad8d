"""The cloud's end of one line: numbers what goes out, checks what comes in, and knows when to give the line up.

Rules of time: a heartbeat after `HEARTBEAT_NS` without anything sent; the line is given up (6322) when nothing has come for
`SILENCE_NS`, or an instruction or a question is unanswered for as long.
"""

from typing import Final

from yunhai.kernel.clock import SECOND
from yunhai.kernel.limits import LINE_SILENCE_SECONDS_MAX
from yunhai.trading.lines.errors import LINE_SILENT, SEQUENCE_GAP
from yunhai.trading.lines.frames import Answer, AnyFrame, Heartbeat, Known, Query, Submit

SILENCE_NS: Final = LINE_SILENCE_SECONDS_MAX * SECOND
HEARTBEAT_NS: Final = SILENCE_NS // 3


class LineSession:
    """One session, from login to loss. `failed`: 0, or why the line must be given up."""

    __slots__ = ("_asked", "_expected", "_heard_at", "_next", "_open", "_sent_at", "failed", "line")

    def __init__(self, line: str, now: int) -> None:
        self.line = line
        self.failed = 0
        self._next = 1
        self._expected = 1
        self._sent_at = now
        self._heard_at = now
        self._open: dict[int, int] = {}
        self._asked: list[tuple[int, Query]] = []

    def submit(self, tenant: int, number: int, body: bytes, now: int) -> Submit:
        self._open[number] = now
        frame = Submit(sequence=self._next, tenant=tenant, number=number, body=body)
        self._went(now)
        return frame

    def query(self, asked: tuple[tuple[int, int], ...], now: int) -> Query:
        frame = Query(sequence=self._next, asked=asked)
        self._asked.append((now, frame))
        self._went(now)
        return frame

    def heartbeat(self, now: int) -> Heartbeat | None:
        """One, if it is time for it."""
        if now - self._sent_at < HEARTBEAT_NS:
            return None
        frame = Heartbeat(sequence=self._next)
        self._went(now)
        return frame

    def _went(self, now: int) -> None:
        self._next += 1
        self._sent_at = now

    def came(self, frame: AnyFrame, now: int) -> AnyFrame | None:
        """The frame if it is the next one; None if it came before. A gap fails the session."""
        if frame.sequence < self._expected:
            return None
        if frame.sequence > self._expected:
            self.failed = self.failed or SEQUENCE_GAP
            return None
        self._expected += 1
        self._heard_at = now
        match frame:
            case Answer():
                self._open.pop(frame.number, None)
            case Known() if self._asked:
                self._asked.pop(0)
            case _:
                pass
        return frame

    @property
    def asking(self) -> frozenset[int]:
        """Numbers that a question on this line is out for."""
        return frozenset(number for _, query in self._asked for _, number in query.asked)

    def check(self, now: int) -> int:
        """0, or why the line is to be given up now."""
        oldest = min((*self._open.values(), *(at for at, _ in self._asked), now))
        if now - oldest >= SILENCE_NS or now - self._heard_at >= SILENCE_NS:
            self.failed = self.failed or LINE_SILENT
        return self.failed

    def next_time(self) -> int:
        """When `heartbeat` or `check` has something to say next."""
        oldest = min((*self._open.values(), *(at for at, _ in self._asked), self._heard_at))
        return min(self._sent_at + HEARTBEAT_NS, oldest + SILENCE_NS)
