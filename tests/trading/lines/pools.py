"""Pools for the tests, written as the study writes them: so many brokers, each with so many lines of 20 a second."""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from yunhai.kernel.clock import SECOND
from yunhai.trading.facts import LineSet, LineState, PoolSet, TenantSet
from yunhai.trading.lines.pool import Pool
from yunhai.trading.lines.words import Waiting
from yunhai.trading.words import Action

MS = 1_000_000


def lines_of(tenant: int, count: int) -> list[str]:
    return [f"{tenant:X}{chr(ord('A') + place)}" for place in range(count)]


def pool_of(
    brokers: int = 10, lines: int = 2, *, cap: int = 20, shared: bool = True, uncapped: bool = False, **more: object
) -> Pool:
    """`brokers` with `lines` each, all up at time 0."""
    pool = Pool(uncapped=uncapped, **more)  # type: ignore[arg-type]
    for tenant in range(1, brokers + 1):
        pool.apply(TenantSet(tenant=tenant, code=f"{tenant:04d}"), 0)
        for line in lines_of(tenant, lines):
            pool.apply(LineSet(line=line, tenant=tenant, verifier=b"", cap=cap), 0)
    if shared:
        pool.apply(PoolSet(pool="all", tenants=tuple(range(1, brokers + 1))), 0)
    for tenant in range(1, brokers + 1):
        for line in lines_of(tenant, lines):
            pool.apply(LineState(line=line, state="up"), 0)
    return pool


@dataclass
class Drive:
    """Offers and takes in virtual time, 1 ms a step, every answer at once; keeps who was sent when on what."""

    pool: Pool
    now: int = 0
    number: int = 0
    sent: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    waits: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    on_line: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    order: list[int] = field(default_factory=list)

    def offer(self, tenant: int, action: Action = Action.NEW, order: int = 0, *, at: int | None = None) -> int:
        self.number += 1
        at = self.now if at is None else at
        self.pool.offer(Waiting(self.number, tenant, int(action), order or self.number, at))
        return self.number

    def take(self) -> list[int]:
        numbers = []
        for sent in self.pool.take(self.now):
            waiting = sent.waiting
            self.sent[waiting.tenant].append(self.now)
            self.waits[waiting.tenant].append(self.now - waiting.offered_ns)
            self.on_line[sent.line].append(self.now)
            self.order.append(waiting.number)
            numbers.append(waiting.number)
            self.pool.answered(waiting.number)
        return numbers

    def run(
        self, seconds: float, *loads: Iterator[tuple[int, int]], flood: tuple[int, ...] = (), step: int = MS
    ) -> None:
        """`loads` give (moment, tenant), rising; a flooding broker always has 200 waiting."""
        until = self.now + int(seconds * SECOND)
        heads = [next(load, (until + 1, 0)) for load in loads]
        while self.now < until:
            for place, load in enumerate(loads):
                while heads[place][0] <= self.now:
                    self.offer(heads[place][1], at=heads[place][0])
                    heads[place] = next(load, (until + 1, 0))
            for tenant in flood:
                while self.pool.room(tenant) > QUEUE - 200:
                    self.offer(tenant)
            self.take()
            self.now += step

    def rate(self, tenant: int, since: float, until: float) -> float:
        """Messages a second between two moments, seconds."""
        chosen = [at for at in self.sent[tenant] if since * SECOND <= at < until * SECOND]
        return len(chosen) / (until - since)


QUEUE = 250_000


def poisson(tenant: int, rate: float, *, seed: int, start: int = 0) -> Iterator[tuple[int, int]]:
    """Arrivals of one broker at random."""
    chance = random.Random(f"{seed}/{tenant}")
    at = float(start)
    while True:
        at += chance.expovariate(rate) * SECOND
        yield int(at), tenant


def even(tenant: int, rate: float, *, start: int = 0) -> Iterator[tuple[int, int]]:
    """Arrivals at one pace."""
    count = 0
    while True:
        yield start + int(count * SECOND / rate), tenant
        count += 1


def percentile(values: list[int], part: float) -> int:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]
