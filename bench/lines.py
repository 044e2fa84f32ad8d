"""`./dev bench lines`: the pool of exchange lines in real time, and what a message costs.

Ten brokers with two lines of 20 messages a second each (study 表4.5.3), driven by the machine's clock through the pool that the
core runs, each answer at once. Two runs of `--seconds`: one broker active; all ten. Waits count from the
intended time of sending (open model), and hold the lateness of this loop. Then, without a clock: nine at random at 75 % of their
guarantee and a tenth that floods (`./dev bench flood` does the same from end to end), the cost of a message, and twelve lines
for ten brokers (A3).
"""

import random
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import common
from yunhai.kernel.clock import SECOND
from yunhai.trading.facts import LineSet, LineState, PoolSet
from yunhai.trading.lines.pool import Pool
from yunhai.trading.lines.words import Waiting
from yunhai.trading.words import Action

BROKERS = tuple(range(1, 11))
WARM_S = 1
KEPT = 200
"""What a flooding broker always has waiting."""
NAP_S = 0.005
QUIET, FLOODING = range(2)
NEW, CANCEL = int(Action.NEW), int(Action.CANCEL)
Arrival = tuple[int, int, int]
"""(ns since the start, broker, action)."""


def pool_of(lines: dict[int, int], *, uncapped: bool = False) -> Pool:
    """Brokers and how many lines each owns, all up, in one pool."""
    pool = Pool(uncapped=uncapped)
    now = time.monotonic_ns()
    for tenant, count in lines.items():
        for place in range(count):
            pool.apply(LineSet(line=f"{tenant:X}{place}", tenant=tenant, verifier=b""), now)
    pool.apply(PoolSet(pool="all", tenants=tuple(lines)), now)
    for tenant, count in lines.items():
        for place in range(count):
            pool.apply(LineState(line=f"{tenant:X}{place}", state="up"), now)
    return pool


class Run:
    """One run by the machine's clock."""

    def __init__(self, pool: Pool, seconds: float, arrivals: Iterator[Arrival], flood: tuple[int, ...] = ()) -> None:
        """`flood`: these always have `KEPT` waiting."""
        self.pool = pool
        self.seconds = seconds
        self.arrivals = arrivals
        self.flood = flood
        self.kept: list[tuple[int, int, int, int, str]] = []  # broker, action, when, waited, line
        self.number = 0

    def offer(self, tenant: int, intended: int, action: int = NEW, order: int = 0) -> int:
        self.number += 1
        self.pool.offer(Waiting(self.number, tenant, action, order or self.number, intended))
        return self.number

    def begin(self, began: int) -> None:
        """Count from `WARM_S` after this moment."""
        self.began, self.from_ns = began, began + WARM_S * SECOND
        self.waiting = dict.fromkeys(self.flood, 0)
        self.head = next(self.arrivals, None)

    def step(self) -> int | None:
        """Offer what is due, send what may go. When to come again."""
        now = time.monotonic_ns()
        while self.head is not None and self.began + self.head[0] <= now:
            self.offer(self.head[1], self.began + self.head[0], self.head[2])
            self.head = next(self.arrivals, None)
        for tenant in self.flood:
            while self.waiting[tenant] < KEPT:
                self.offer(tenant, now)
                self.waiting[tenant] += 1
        for sent in self.pool.take(now):
            one = sent.waiting
            if now >= self.from_ns:
                self.kept.append((one.tenant, one.action, now, now - one.offered_ns, sent.line))
            if one.tenant in self.waiting and one.action == NEW:
                self.waiting[one.tenant] -= 1
            self.pool.answered(one.number)
        times = [at for at in (self.pool.next_time(time.monotonic_ns()),) if at is not None]
        if self.head is not None:
            times.append(self.began + self.head[0])
        return min(times, default=None)

    def times(self, tenant: int) -> NDArray[np.int64]:
        return np.array([at for one, _, at, _, _ in self.kept if one == tenant], np.int64)

    def rate(self, tenant: int) -> float:
        return len(self.times(tenant)) / self.seconds

    def least_second(self, tenant: int) -> int:
        """The fewest in any whole second."""
        seconds = (self.times(tenant) - self.from_ns) // SECOND
        return int(np.bincount(seconds, minlength=int(self.seconds))[: int(self.seconds)].min())

    def most_on_a_line(self) -> int:
        """The most that any line carried in any one second."""
        most = 0
        for name in {line for *_, line in self.kept}:
            at = np.array([at for _, _, at, _, line in self.kept if line == name])
            most = max(most, int((np.searchsorted(at, at + SECOND) - np.arange(len(at))).max()))
        return most

    def wait_ms(self, action: int, part: float) -> float:
        return float(np.percentile([wait for _, one, _, wait, _ in self.kept if one == action], part)) / 1e6


def go(run: Run) -> None:
    """Drive a run to its end."""
    time.sleep(WARM_S)
    began = time.monotonic_ns()
    run.begin(began)
    end = began + int((WARM_S + run.seconds) * SECOND)
    while (now := time.monotonic_ns()) < end:
        wake = run.step()
        time.sleep(max(0.0, min(NAP_S, ((end if wake is None else wake) - now) / 1e9)))


def at_random(tenants: tuple[int, ...], rate: float, seconds: float, action: int = NEW) -> Iterator[Arrival]:
    """Arrivals of several brokers, each at random."""
    chance = random.Random(5)
    rows = []
    for tenant in tenants:
        at = 0.0
        while at < seconds + WARM_S:
            at += chance.expovariate(rate)
            rows.append((int(at * SECOND), tenant, action))
    return iter(sorted(rows))


def rates(seconds: float) -> dict[str, Any]:
    two_each = dict.fromkeys(BROKERS, 2)
    one = Run(pool_of(two_each), seconds, at_random((1,), 10, seconds, CANCEL), flood=(1,))
    every = Run(pool_of(two_each), seconds, iter(()), flood=BROKERS)
    go(one)
    go(every)
    return {
        "seconds": seconds,
        "one_active_of_ten_per_s": one.rate(1),
        "one_active_most_on_a_line_in_a_second": one.most_on_a_line(),
        "its_new_orders_wait_p50_ms": one.wait_ms(NEW, 50),
        "its_cancels_wait_p50_ms": one.wait_ms(CANCEL, 50),
        "its_cancels_wait_p99_ms": one.wait_ms(CANCEL, 99),
        "ten_active_least_broker_per_s": min(every.rate(tenant) for tenant in BROKERS),
        "ten_active_most_broker_per_s": max(every.rate(tenant) for tenant in BROKERS),
        "ten_active_least_in_any_second": min(every.least_second(tenant) for tenant in BROKERS),
        "ten_active_most_on_a_line_in_a_second": every.most_on_a_line(),
    }


def moved(waits: dict[tuple[int, int], list[int]], name: str) -> dict[str, Any]:
    """Others' p99 in quiet and in flooding turns, the median broker's and the most that any one's moved."""
    pairs = [
        [float(np.percentile(waits[turn, tenant], 99)) / 1e6 for turn in (QUIET, FLOODING)] for tenant in BROKERS[:9]
    ]
    whole = [
        float(np.percentile([one for tenant in BROKERS[:9] for one in waits[turn, tenant]], 99)) / 1e6
        for turn in (QUIET, FLOODING)
    ]
    return {
        f"{name}_others_p99_quiet_ms": whole[0],
        f"{name}_others_p99_flooded_ms": whole[1],
        f"{name}_others_p99_moved_by": whole[1] / whole[0] - 1,
        f"{name}_most_any_brokers_p99_moved_by_ms": max(after - before for before, after in pairs),
    }


def flooding(seconds: float) -> dict[str, Any]:
    """The tenth like the others, then flooding, by virtual time, 1 ms a step."""
    waits: dict[tuple[int, int], list[int]] = defaultdict(list)
    for turn in (QUIET, FLOODING):
        pool = pool_of(dict.fromkeys(BROKERS, 2))
        start = time.monotonic_ns() + SECOND
        arrivals = at_random(BROKERS[:9] if turn == FLOODING else BROKERS, 30, seconds)
        head, number, waiting = next(arrivals), 0, 0
        for now in range(start, start + int(seconds * SECOND), SECOND // 1_000):
            while head[0] <= now - start:
                number += 1
                pool.offer(Waiting(number, head[1], NEW, number, start + head[0]))
                head = next(arrivals)
            while turn == FLOODING and waiting < KEPT:
                number, waiting = number + 1, waiting + 1
                pool.offer(Waiting(number, 10, NEW, number, now))
            for sent in pool.take(now):
                waits[turn, sent.waiting.tenant].append(now - sent.waiting.offered_ns)
                waiting -= turn == FLOODING and sent.waiting.tenant == 10
                pool.answered(sent.waiting.number)
    return moved(waits, "virtual")


def cost() -> dict[str, Any]:
    """µs a message: offered, taken and answered."""
    count, batch = 200_000, 1_000
    work = [Waiting(number, 1 + number % 10, NEW, number, 0) for number in range(1, count + 1)]

    def lifted() -> float:
        pool = pool_of(dict.fromkeys(BROKERS, 2), uncapped=True)
        began = time.perf_counter()
        for first in range(0, count, batch):
            for waiting in work[first : first + batch]:
                pool.offer(waiting)
            pool.answered_all(sent.waiting.number for sent in pool.take(0))
        return (time.perf_counter() - began) / count * 1e6

    def queued() -> tuple[float, float]:
        pool = pool_of(dict.fromkeys(BROKERS, 2))
        began = time.perf_counter()
        for waiting in work:
            pool.offer(waiting)
        offered = (time.perf_counter() - began) / count * 1e6
        now, done, began = time.monotonic_ns(), 0, time.perf_counter()
        while done < 4_000:
            now += SECOND // 100
            for sent in pool.take(now):
                pool.answered(sent.waiting.number)
                done += 1
        return offered, (time.perf_counter() - began) / done * 1e6

    offered, taken = queued()
    return {
        "uncapped_us_a_message": common.best_of(3, lifted),
        "capped_us_to_offer": offered,
        "capped_us_to_take_of_200000": taken,
    }


def twelve(seconds: int) -> dict[str, Any]:
    """A3 by virtual time: the study's 40 % fewer lines. Ten brokers, twelve lines (one each and two in common); so many of them
    want 40 a second at once. A violation is a broker's second in which fewer than 39 were carried."""
    found: dict[str, Any] = {}
    for active in (2, 6, 7, 10):
        pool = pool_of(dict.fromkeys(BROKERS, 1) | {99: 2})
        start, number, violations = time.monotonic_ns() + SECOND, 0, 0
        for second in range(seconds):
            carried = dict.fromkeys(BROKERS, 0)
            for step in range(200):
                now = start + second * SECOND + step * SECOND // 200
                for tenant in BROKERS[:active] if step % 5 == 0 else ():
                    number += 1
                    pool.offer(Waiting(number, tenant, NEW, number, now))
                for sent in pool.take(now):
                    carried[sent.waiting.tenant] += 1
                    pool.answered(sent.waiting.number)
            violations += sum(carried[tenant] < 39 for tenant in BROKERS[:active])
        found[f"twelve_lines_{active}_of_ten_at_40_violations_of_{active * seconds}"] = violations
    return found


def main() -> None:
    parser = common.arguments(__doc__, rounds=1)
    parser.add_argument("--seconds", type=float, default=60.0, help="of a timed run (60)")
    options = parser.parse_args()
    found = rates(options.seconds) | flooding(60) | cost() | twelve(30)
    common.report("lines", found, options)


if __name__ == "__main__":
    main()
