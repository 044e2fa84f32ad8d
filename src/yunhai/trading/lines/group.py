"""One pool's brokers and lines, and the choice of who goes next on which line.

1. Brokers **within their guarantee** first, the one whose credit is oldest before the others, on any line that has a
   token, the line with most tokens first. All guarantees together are all lines' caps, so none of them is ever short.
2. Else, what lines have **beyond their reserve** is lent to brokers beyond their guarantee: start-time fair queueing, each
   one's `share` grows by 1 / weight with every message, the smallest goes next.

A reserve that is never lent is what makes a guarantee worth something: however much others send, a token is there at
once for a broker within its own.

Four heaps hold (key, name), with stale entries left in place and dropped when they come up: O(log n) a message.
"""

import heapq
from typing import Final

from yunhai.trading.lines.buckets import NEVER, Broker, Line

SHARE: Final = 720_720
"""One message of weight 1; divisible by every weight up to 16 and most others."""


class Group:
    """A pool. The caller keeps the queues; `chosen` names the next broker and line."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[str, Line] = {}
        self.brokers: dict[int, Broker] = {}
        self._ready: list[tuple[int, str]] = []
        self._lent: list[tuple[int, str]] = []
        self._credit: list[tuple[int, int]] = []
        self._share: list[tuple[int, int]] = []
        self._served = 0

    def arrange(self, lines: list[Line], brokers: list[Broker]) -> None:
        """Take these lines (those that are up) and brokers, and forget all heaps."""
        self.lines = {line.name: line for line in lines}
        self.brokers = {broker.tenant: broker for broker in brokers}
        self._ready = [(line.ready_at, line.name) for line in lines]
        self._lent = [(line.lent_at, line.name) for line in lines]
        heapq.heapify(self._ready)
        heapq.heapify(self._lent)
        self._credit, self._share = [], []
        for broker in brokers:
            broker.credit_key = broker.share_key = -1
            if broker.active:
                self.enter(broker)

    def enter(self, broker: Broker) -> None:
        """`broker` has something to send now."""
        broker.share = max(broker.share, self._served)
        self._note(broker)

    def _note(self, broker: Broker) -> None:
        """Keep each heap's one live entry for a broker."""
        if broker.credit_key != broker.credit_at:
            broker.credit_key = broker.credit_at
            heapq.heappush(self._credit, (broker.credit_at, broker.tenant))
        if broker.share_key != broker.share:
            broker.share_key = broker.share
            heapq.heappush(self._share, (broker.share, broker.tenant))

    def _first_credit(self) -> Broker | None:
        heap = self._credit
        while heap:
            key, tenant = heap[0]
            broker = self.brokers[tenant]
            if broker.active and broker.credit_key == key:
                return broker
            heapq.heappop(heap)
            if broker.credit_key == key:
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

    def _first_lent(self) -> Line | None:
        heap = self._lent
        while heap:
            key, name = heap[0]
            line = self.lines[name]
            if line.lent_at == key:
                return line
            heapq.heappop(heap)
        return None

    def choose(self, now: int) -> tuple[Broker, Line, bool] | None:
        """Who goes now, on which line, and whether on lent capacity; both are charged. None: nobody may."""
        lent = self._first_lent()
        entitled = self._first_credit()
        if entitled is not None and entitled.credit_at <= now:
            line = lent if lent is not None and lent.lent_at <= now else self._first_ready()
            if line is None or line.ready_at > now:
                return None
            entitled.spend_credit(now)
            return self._charged(entitled, line, now, burst=False)
        if lent is None or lent.lent_at > now:
            return None
        borrower = self._first_share()
        if borrower is None:
            return None
        self._served = borrower.share
        borrower.share += SHARE // borrower.weight
        borrower.burst_meter.add(now)
        return self._charged(borrower, lent, now, burst=True)

    def _charged(self, broker: Broker, line: Line, now: int, *, burst: bool) -> tuple[Broker, Line, bool]:
        line.spend(now)
        if line.tenant != broker.tenant:
            line.lent.add(now)
        heapq.heappush(self._ready, (line.ready_at, line.name))
        heapq.heappush(self._lent, (line.lent_at, line.name))
        broker.meter.add(now)
        self._note(broker)
        return broker, line, burst

    def next_time(self, now: int) -> int:
        """The earliest moment at which `choose` would find something; NEVER if nothing waits or no line is up."""
        lent, ready = self._first_lent(), self._first_ready()
        if lent is None or ready is None or self._first_share() is None:
            return NEVER
        entitled = self._first_credit()
        soonest = lent.lent_at if entitled is None else min(lent.lent_at, max(ready.ready_at, entitled.credit_at))
        return max(now, soonest)

    def others_waiting(self, broker: Broker) -> bool:
        """Whether another broker of the pool has something to send now."""
        return any(other.active for other in self.brokers.values() if other is not broker)
