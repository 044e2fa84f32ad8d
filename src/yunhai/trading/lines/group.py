"""One pool's brokers and lines, and the choice of who goes next on which line.

1. Brokers **within their guarantee** first, on any line that has a token, the fullest line first. Among several, start-time
   fair queueing: each one's `turn` grows by 1 / guarantee with every message, the smallest goes next, so that one who saved
   credit is not served all of it before the others. All guarantees together are all lines' caps: none is ever short for long.
2. Else, what the pool has **beyond its reserve** is lent to brokers beyond their guarantee: start-time fair queueing, each
   one's `share` grows by 1 / weight with every message, the smallest goes next.

The reserve, a token for each line, is what makes a guarantee worth something: however much others send, a token is there at
once for a broker within its own, and what was taken from the reserve is put back before anything is lent again. It is kept
as one more bucket, with the caps of all lines together; the lines' own buckets follow it closely because the fullest goes first.

Four heaps hold (key, name), with stale entries left in place and dropped when they come up: O(log n) a message.
"""

import heapq
from typing import Final

from yunhai.kernel.clock import SECOND
from yunhai.trading.lines.buckets import LINE_KEPT, NEVER, Broker, Line

SHARE: Final = 720_720
"""One message of weight 1; divisible by every weight up to 16 and most others."""

GOLDEN: Final = 618
"""Thousandths of an interval between the phases of one line and the next: they spread evenly, however many lines there are."""


class Group:
    """A pool. The caller keeps the queues; `chosen` names the next broker and line."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[str, Line] = {}
        self.brokers: dict[int, Broker] = {}
        self._ready: list[tuple[int, str]] = []
        self._credit: list[tuple[int, int]] = []
        self._turns: list[tuple[int, int]] = []
        self._share: list[tuple[int, int]] = []
        self._served = 0
        self._turn = 0
        self._interval = 0
        self._ready_at = 0
        self._reserve_ns = 0
        self._kept_ns = 0

    def arrange(self, lines: list[Line], brokers: list[Broker]) -> None:
        """Take these lines (those that are up) and brokers, and forget all heaps."""
        self.lines = {line.name: line for line in lines}
        self.brokers = {broker.tenant: broker for broker in brokers}
        capacity = sum(line.cap for line in lines)
        self._interval = SECOND // capacity if capacity else 0
        self._reserve_ns = len(lines) * self._interval
        self._kept_ns = (2 * LINE_KEPT - 1) * len(lines) * self._interval // 2
        for place, line in enumerate(lines):
            line.phase = line.interval * (place * GOLDEN % 1_000) // 1_000
            line.begin()
        self._ready = [(line.ready_at, line.name) for line in lines]
        heapq.heapify(self._ready)
        self._credit, self._turns, self._share = [], [], []
        for broker in brokers:
            broker.credit_key = broker.turn_key = broker.share_key = -1
            if broker.active:
                self.enter(broker)

    def enter(self, broker: Broker) -> None:
        """`broker` has something to send now."""
        broker.share = max(broker.share, self._served)
        broker.turn = max(broker.turn, self._turn)
        self._note(broker)

    def _note(self, broker: Broker) -> None:
        """Keep each heap's one live entry for a broker; a moment of credit that changed takes its turn back."""
        if broker.credit_key != broker.credit_at:
            broker.credit_key = broker.credit_at
            broker.turn_key = -1
            heapq.heappush(self._credit, (broker.credit_at, broker.tenant))
        if broker.share_key != broker.share:
            broker.share_key = broker.share
            heapq.heappush(self._share, (broker.share, broker.tenant))

    def _first_entitled(self, now: int) -> Broker | None:
        """Of the brokers in credit, whose turn it is."""
        while (broker := self._first_credit()) is not None and broker.credit_at <= now:
            heapq.heappop(self._credit)
            broker.turn_key = broker.turn
            heapq.heappush(self._turns, (broker.turn, broker.tenant))
        heap = self._turns
        while heap:
            key, tenant = heap[0]
            broker = self.brokers[tenant]
            if broker.active and broker.turn_key == key:
                return broker
            heapq.heappop(heap)
            if broker.turn_key == key:
                broker.turn_key = broker.credit_key = -1
        return None

    def _first_credit(self) -> Broker | None:
        """Of the brokers not known to be in credit, who will be first."""
        heap = self._credit
        while heap:
            key, tenant = heap[0]
            broker = self.brokers[tenant]
            if broker.active and broker.credit_key == key and broker.turn_key < 0:
                return broker
            heapq.heappop(heap)
            if broker.credit_key == key and broker.turn_key < 0:
                broker.credit_key = -1
        return None

    def _first_share(self) -> Broker | None:
        heap = self._share
        while heap:
            key, tenant = heap[0]
            broker = self.brokers[tenant]
            if broker.active and broker.share_key == key:
                return broker
            heapq.heappop(heap)
            if broker.share_key == key:
                broker.share_key = -1
        return None

    def _first_ready(self) -> Line | None:
        heap = self._ready
        while heap:
            key, name = heap[0]
            line = self.lines[name]
            if line.ready_at == key:
                return line
            heapq.heappop(heap)
        return None

    def choose(self, now: int) -> tuple[Broker, Line, bool] | None:
        """Who goes now, on which line, and whether on lent capacity; both are charged. None: nobody may."""
        line = self._first_ready()
        if line is None or line.ready_at > now:
            return None
        entitled = self._first_entitled(now)
        if entitled is not None:
            self._turn = entitled.turn
            entitled.turn += entitled.interval
            entitled.spend_credit(now)
            return self._charged(entitled, line, now, burst=False)
        if self._ready_at + self._reserve_ns > now:
            return None
        borrower = self._first_share()
        if borrower is None:
            return None
        self._served = borrower.share
        borrower.share += SHARE // borrower.weight
        borrower.burst_meter.add(now)
        return self._charged(borrower, line, now, burst=True)

    def _charged(self, broker: Broker, line: Line, now: int, *, burst: bool) -> tuple[Broker, Line, bool]:
        line.spend(now)
        self._ready_at = max(self._ready_at, now - self._kept_ns) + self._interval
        if line.tenant != broker.tenant:
            line.lent.add(now)
        heapq.heappush(self._ready, (line.ready_at, line.name))
        broker.meter.add(now)
        self._note(broker)
        return broker, line, burst

    def next_time(self, now: int) -> int:
        """The earliest moment at which `choose` would find something; NEVER if nothing waits or no line is up."""
        line = self._first_ready()
        if line is None or self._first_share() is None:
            return NEVER
        may_at = self._ready_at + self._reserve_ns
        if self._first_entitled(now) is not None:
            may_at = now
        elif (coming := self._first_credit()) is not None:
            may_at = min(may_at, coming.credit_at)
        return max(now, line.ready_at, may_at)

    def others_waiting(self, broker: Broker) -> bool:
        """Whether another broker of the pool has something to send now."""
        return any(other.active for other in self.brokers.values() if other is not broker)
