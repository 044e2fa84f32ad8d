"""The moving parts of the pool: a line with its token bucket, a broker with its queue and its credit.

A bucket is one number: the time at which its next token is due (`ready_at`). A token is there when that time has come; using
one moves it on by the interval. Time that passed unused is kept for `depth` tokens and no more: so a bucket needs
no timer and no arithmetic but with integers.

A line keeps two tokens besides the one that is due, so it never carries more than `cap` + 2 messages in any one second: the
tolerance. Logging in again or another cap brings no fresh tokens. Each line has a **phase**, a part of its interval, so that the
tokens of a pool's lines fall due one after another and not all at once.
"""

import heapq
from collections import deque
from itertools import islice
from typing import Final

from yunhai.kernel.clock import SECOND
from yunhai.kernel.limits import LINE_WAITS_KEPT
from yunhai.trading.lines.words import Class, Waiting

NEVER: Final = (1 << 63) - 1
LINE_KEPT: Final = 2
"""Tokens that an idle line keeps, less its phase."""
CREDIT_NS: Final = SECOND // 2
"""How long an unused guarantee is kept as credit: long enough for arrivals at random, short enough that one broker's
savings do not empty the pool's reserve."""

_SLOTS: Final = 11
_SLOT_NS: Final = SECOND // (_SLOTS - 1)


class Meter:
    """How many in a second, the one before the 100 ms that are running."""

    __slots__ = ("_counts", "_slot")

    def __init__(self) -> None:
        self._counts = [0] * _SLOTS
        self._slot = 0

    def add(self, now: int, count: int = 1) -> None:
        self._move(now)
        self._counts[self._slot % _SLOTS] += count

    def rate(self, now: int) -> int:
        self._move(now)
        return sum(self._counts) - self._counts[self._slot % _SLOTS]

    def _move(self, now: int) -> None:
        slot = now // _SLOT_NS
        if slot > self._slot:
            for passed in range(max(self._slot + 1, slot - _SLOTS + 1), slot + 1):
                self._counts[passed % _SLOTS] = 0
            self._slot = slot


class Line:
    """A line and its bucket. `state` up | lost | down; `lent` counts what it carried for others than its owner."""

    __slots__ = (
        "begun_at",
        "cap",
        "in_flight",
        "interval",
        "lent",
        "meter",
        "name",
        "phase",
        "ready_at",
        "state",
        "tenant",
        "verifier",
    )

    def __init__(self, name: str, *, tenant: int, cap: int, verifier: bytes) -> None:
        self.name = name
        self.tenant = tenant
        self.verifier = verifier
        self.state = "down"
        self.in_flight = 0
        self.meter = Meter()
        self.lent = Meter()
        self.ready_at = 0
        self.phase = 0
        self.begun_at: int | None = None
        self.set_cap(cap)

    def set_cap(self, cap: int) -> None:
        self.cap = cap
        self.interval = SECOND // cap

    def begin(self) -> None:
        """If it has logged in since: the next token falls due in its phase, no stock."""
        if self.begun_at is not None:
            self.ready_at = max(self.ready_at, self.begun_at) + self.phase
            self.begun_at = None

    def spend(self, now: int) -> None:
        self.ready_at = max(self.ready_at, now - LINE_KEPT * self.interval + self.phase) + self.interval
        self.meter.add(now)


class Broker:
    """A broker's queue and its accounts: `credit_at` (its guarantee, a bucket), `turn` (what it has had of its guarantee)
    and `share` (what it has had of the lent capacity, divided by its weight). The queue is a heap for each class, by number:
    so what returns from a lost line stands where it stood."""

    __slots__ = (
        "active",
        "burst_meter",
        "credit_at",
        "credit_key",
        "guarantee",
        "held",
        "in_flight",
        "interval",
        "meter",
        "queues",
        "sent",
        "share",
        "share_key",
        "tenant",
        "turn",
        "turn_key",
        "waits",
        "weight",
    )

    def __init__(self, tenant: int) -> None:
        self.tenant = tenant
        self.weight = 1
        self.queues: tuple[list[tuple[int, Waiting]], ...] = ([], [], [])
        self.active = False
        self.held = 0
        self.in_flight = 0
        self.sent = 0
        self.guarantee = 0
        self.interval = 0
        self.credit_at = NEVER
        self.credit_key = -1
        self.turn = 0
        self.turn_key = -1
        self.share = 0
        self.share_key = -1
        self.meter = Meter()
        self.burst_meter = Meter()
        self.waits: deque[int] = deque(maxlen=LINE_WAITS_KEPT)

    def guarantee_is(self, guarantee: int, now: int) -> None:
        """Σ caps of its lines that are up."""
        if guarantee == self.guarantee:
            return
        first = not self.guarantee
        self.guarantee = guarantee
        self.interval = SECOND // guarantee if guarantee else 0
        if not guarantee:
            self.credit_at = NEVER
        elif first:
            self.credit_at = now - CREDIT_NS + self.interval

    def spend_credit(self, now: int) -> None:
        self.credit_at = max(self.credit_at, now - CREDIT_NS) + self.interval

    def push(self, cls: Class, waiting: Waiting) -> None:
        heapq.heappush(self.queues[cls], (waiting.number, waiting))
        self.active = True

    def pop(self) -> Waiting:
        """Its next: the highest class's oldest. There must be one."""
        for queue in self.queues:
            if queue:
                found = heapq.heappop(queue)[1]
                break
        self.active = any(self.queues)
        return found

    def head(self) -> Waiting | None:
        return next((queue[0][1] for queue in self.queues if queue), None)

    def queued(self) -> int:
        return sum(map(len, self.queues))

    def percentiles(self) -> tuple[int, int]:
        """p50 and p99 of the latest waits, ns; (0, 0) if nothing was sent."""
        waits = sorted(self.waits)
        if not waits:
            return 0, 0
        return waits[len(waits) // 2], next(islice(waits, (len(waits) * 99) // 100, None), waits[-1])
