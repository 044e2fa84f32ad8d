"""The pool's promises about rates (study 表4.5.3, A1-A4), in virtual time."""

import pytest

from tests.trading.lines.pools import QUEUE, Drive, even, lines_of, percentile, poisson, pool_of
from yunhai.kernel.clock import SECOND
from yunhai.kernel.limits import LINE_QUEUE_MAX
from yunhai.trading.facts import LineSet, LineState, PoolSet
from yunhai.trading.lines.words import Reason

MS = 1_000_000


def test_a_broker_alone_has_what_its_own_two_lines_carry() -> None:
    drive = Drive(pool_of(1, 2))
    drive.run(11, flood=(1,))
    assert drive.rate(1, 1, 11) == pytest.approx(40, rel=0.02)


@pytest.mark.parametrize("step", [MS, 7 * MS])
def test_one_active_broker_of_ten_has_the_whole_pool(step: int) -> None:
    drive = Drive(pool_of(10, 2))
    drive.run(11, flood=(3,), step=step)
    assert drive.rate(3, 1, 11) == pytest.approx(400, rel=0.02)


def test_all_ten_active_each_has_its_guarantee_in_every_second_of_a_minute() -> None:
    drive = Drive(pool_of(10, 2))
    drive.run(61, flood=tuple(range(1, 11)), step=2 * MS)
    for tenant in range(1, 11):
        assert drive.rate(tenant, 1, 61) == pytest.approx(40, rel=0.02)
        for second in range(1, 60):
            assert drive.rate(tenant, second, second + 1) >= 38, (tenant, second)


def test_what_is_idle_is_shared_equally_by_those_who_want_it() -> None:
    drive = Drive(pool_of(10, 2))
    drive.run(11, flood=(1, 2, 3))
    for tenant in (1, 2, 3):
        assert drive.rate(tenant, 1, 11) == pytest.approx(400 / 3, rel=0.02)


def test_what_is_idle_is_shared_by_weight_above_the_guarantees() -> None:
    pool = pool_of(10, 2)
    pool.apply(PoolSet(pool="all", tenants=tuple(range(1, 11)), weights={1: 3}), 0)
    drive = Drive(pool)
    drive.run(11, flood=(1, 2))
    assert drive.rate(1, 1, 11) == pytest.approx(40 + 320 * 3 / 4, rel=0.02)
    assert drive.rate(2, 1, 11) == pytest.approx(40 + 320 / 4, rel=0.02)


def test_an_owner_takes_its_guarantee_back_at_once() -> None:
    drive = Drive(pool_of(10, 2))
    drive.run(5, flood=(1,))
    first = drive.offer(7)
    assert first in drive.take(), "the very moment it is wanted"
    drive.run(5, even(7, 40, start=drive.now), flood=(1,))
    assert max(drive.waits[7]) <= 2 * MS
    assert drive.rate(7, 5, 10) == pytest.approx(40, rel=0.02)


@pytest.mark.parametrize("load", [10, 20, 30, 34])
def test_a_flood_moves_no_other_p99_by_a_fifth(load: int) -> None:
    """Nine brokers send at random, up to 85 % of their guarantees on average; the tenth is like them, then floods."""

    def p99s(*, flooding: bool) -> dict[int, int]:
        drive = Drive(pool_of(10, 2))
        drive.run(1)
        loads = [poisson(tenant, load, seed=5, start=drive.now) for tenant in range(1, 10)]
        if not flooding:
            loads.append(poisson(10, load, seed=5, start=drive.now))
        drive.run(30, *loads, flood=(10,) if flooding else ())
        return {tenant: percentile(drive.waits[tenant], 0.99) for tenant in range(1, 10)}

    quiet, flooded = p99s(flooding=False), p99s(flooding=True)
    for tenant in range(1, 10):
        assert flooded[tenant] < 1.2 * max(quiet[tenant], MS), (quiet, flooded)


def test_no_line_carries_more_than_its_cap_and_two_in_any_second() -> None:
    drive = Drive(pool_of(10, 2))
    drive.run(20, *[poisson(tenant, 35, seed=2) for tenant in range(2, 11)], flood=(1,))
    for line, times in drive.on_line.items():
        assert all(times[place + 22] - times[place] >= SECOND for place in range(len(times) - 22)), line


def test_a_line_that_logs_in_again_brings_no_fresh_second() -> None:
    pool = pool_of(1, 1)
    drive = Drive(pool)
    drive.run(1, flood=(1,))
    for _ in range(30):
        pool.apply(LineState(line="1A", state="down"), drive.now)
        pool.apply(LineState(line="1A", state="up"), drive.now)
        drive.run(0.01, flood=(1,))
    times = drive.on_line["1A"]
    assert all(times[place + 22] - times[place] >= SECOND for place in range(len(times) - 22))


def test_lines_of_different_caps_each_keep_theirs() -> None:
    pool = pool_of(2, 1)
    pool.apply(LineSet(line="1A", tenant=1, verifier=b"", cap=100), 0)
    drive = Drive(pool)
    drive.run(11, flood=(2,))
    assert len(drive.on_line["1A"]) / 11 == pytest.approx(100, rel=0.02)
    assert len(drive.on_line["2A"]) / 11 == pytest.approx(20, rel=0.02)


def test_brokers_outside_a_pool_keep_their_lines_to_themselves() -> None:
    drive = Drive(pool_of(3, 2, shared=False))
    drive.run(6, flood=(1, 2))
    assert drive.rate(1, 1, 6) == drive.rate(2, 1, 6) == pytest.approx(40, rel=0.02)
    assert not {line for line in drive.on_line if line in lines_of(3, 2)}


def test_a_lost_line_takes_its_cap_from_its_owners_guarantee_alone() -> None:
    pool = pool_of(10, 2)
    pool.lose("1A", 0)
    drive = Drive(pool)
    drive.run(11, flood=tuple(range(1, 11)))
    assert drive.rate(1, 1, 11) == pytest.approx(20, rel=0.02)
    assert drive.rate(2, 1, 11) == pytest.approx(40, rel=0.02)


def test_twelve_lines_for_ten_brokers_carry_staggered_days_and_not_a_common_peak() -> None:
    """A3: 40 % fewer lines. Staggered peaks of 40/s fit; all ten at once get 24/s each, as the arithmetic says."""
    staggered = Drive(pool_of(12, 1))
    loads = [even(tenant, 40, start=tenant * SECOND) for tenant in (1, 2, 3, 4, 5, 6)]
    staggered.run(12, *loads)
    assert max(staggered.waits[1]) <= 100 * MS

    pool = pool_of(10, 1)
    for line in ("X1", "X2"):
        pool.apply(LineSet(line=line, tenant=99, verifier=b""), 0)
        pool.apply(LineState(line=line, state="up"), 0)
    pool.apply(PoolSet(pool="all", tenants=(*range(1, 11), 99)), 0)
    peak = Drive(pool)
    peak.run(11, flood=tuple(range(1, 11)))
    for tenant in range(1, 11):
        assert peak.rate(tenant, 1, 11) == pytest.approx(24, rel=0.03)


def test_the_next_time_is_when_the_next_take_finds_something() -> None:
    drive = Drive(pool_of(3, 1))
    assert drive.pool.next_time(0) is None
    for _ in range(60):
        drive.offer(1)
    moments = []
    while (at := drive.pool.next_time(drive.now)) is not None:
        assert at >= drive.now
        drive.now = at
        assert drive.take(), f"nothing at {at}"
        moments.append(at)
    assert len(drive.order) == 60


def test_the_bound_in_the_tests_is_the_pools() -> None:
    assert QUEUE == LINE_QUEUE_MAX


def test_reasons_say_what_an_order_waits_for() -> None:
    pool = pool_of(2, 1)
    drive = Drive(pool)
    drive.run(1)
    numbers = [drive.offer(1) for _ in range(300)]
    assert pool.reason_of(numbers[0], drive.now) is Reason.LINE_CAP
    assert pool.reason_of(numbers[1], drive.now) is Reason.BEHIND_OWN
    drive.run(3)
    drive.take()
    head = pool.pending()[0].number
    assert pool.reason_of(head, drive.now) is Reason.GUARANTEE_USED
    for _ in range(100):
        drive.offer(2)
    drive.run(1.5)
    drive.take()
    head = pool.pending()[0].number
    assert pool.reason_of(head, drive.now) is Reason.POOL_BUSY
    assert pool.reason_of(numbers[-1], drive.now) is Reason.BEHIND_OWN
    for line in ("1A", "2A"):
        pool.apply(LineState(line=line, state="down"), drive.now)
    assert pool.reason_of(head, drive.now) is Reason.LINES_DOWN
    assert pool.reason_of(123_456, drive.now) is None
