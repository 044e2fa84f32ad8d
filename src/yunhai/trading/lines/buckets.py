"""The moving parts of the pool: a line with its token bucket, a broker with its queue and its credit.

A bucket is one number: the time at which its next token is due (`ready_at`). A token is there when that time has come; using
one moves it on by the interval. Time that passed unused is kept for `depth` tokens and no more: so a bucket needs
no timer and no arithmetic but with integers.

A line keeps three tokens: one that a late loop may make up for, one to lend, one in **reserve** for whoever is within his
guarantee. Besides, it never carries more than `cap` + 1 messages in any one second, by a record of the last sends.
"""

import heapq
from collections import deque
from itertools import islice
from typing import Final

from yunhai.kernel.clock import SECOND
from yunhai.kernel.limits import LINE_WAITS_KEPT
from yunhai.trading.lines.words import Class, Waiting

NEVER: Final = (1 << 63) - 1
LINE_DEPTH: Final = 3
LINE_RESERVE: Final = 1
"""Tokens that lending leaves on a line."""
CREDIT_NS: Final = SECOND // 4
"""How long an unused guarantee is kept as credit."""

_SLOTS: Final = 10
_SLOT_NS: Final = SECOND // _SLOTS


class Meter:
    """How many in the last second, in steps of 100 ms."""

    __slots__ = ("_counts", "_slot")

    def __init__(self) -> None:
        self._counts = [0] * _SLOTS
        self._slot = 0

    def add(self, now: int, count: int = 1) -> None:
        self._move(now)
        self._counts[self._slot % _SLOTS] += count

    def rate(self, now: int) -> int:
        self._move(now)
        return sum(self._counts)

    def _move(self, now: int) -> None:
        slot = now // _SLOT_NS
        if slot > self._slot:
            for passed in range(max(self._slot + 1, slot - _SLOTS + 1), slot + 1):
                self._counts[passed % _SLOTS] = 0
            self._slot = slot


class Line:
    """A line and its bucket. `state` up | lost | down | closed."""

    __slots__ = (
        "_last",
        "cap",
        "in_flight",
        "interval",
        "lent",
        "lent_at",
        "meter",
        "name",
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
        self.lent_at = 0
        self.set_cap(cap)

    def set_cap(self, cap: int) -> None:
        self.cap = cap
        self.interval = SECOND // cap
        self._last: deque[int] = deque(getattr(self, "_last", ()), maxlen=cap + 1)

    def begin(self, now: int) -> None:
        """Logged in: one token, no stock. What was sent before still counts against the second."""
        self.state = "up"
        self.ready_at = now
        self._bound()

    def spend(self, now: int) -> None:
        self.ready_at = max(self.ready_at, now - (LINE_DEPTH - 1) * self.interval) + self.interval
        self._last.append(now)
        self.meter.add(now)
        self._bound()

    def _bound(self) -> None:
        """`ready_at`: when a message within a guarantee may go; `lent_at`: when one beyond it may."""
        self.lent_at = self.ready_at + LINE_RESERVE * self.interval
        if len(self._last) > self.cap:
            free = self._last[0] + SECOND
            self.ready_at = max(self.ready_at, free)
            self.lent_at = max(self.lent_at, free)


class Broker:
    """A broker's queue and its two accounts: `credit_at` (its guarantee, a bucket) and `share` (what it has had of the
    lent capacity, divided by its weight). The queue is a heap for each class, by number: so what returns from a lost line
    stands where it stood."""

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
        self.share = 0
        self.share_key = -1
        self.meter = Meter()
        self.burst_meter = Meter()
        self.waits: deque[int] = deque(maxlen=LINE_WAITS_KEPT)

    def guarantee_is(self, guarantee: int, now: int) -> None:
        """Σ caps of its lines that are up."""
        if guarantee == self.guarantee:
            return
        self.guarantee = guarantee
        self.interval = SECOND // guarantee if guarantee else 0
        self.credit_at = now if guarantee else NEVER

    def spend_credit(self, now: int) -> None:
        self.credit_at = max(self.credit_at, now - CREDIT_NS + self.interval) + self.interval

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
