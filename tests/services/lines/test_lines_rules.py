"""What a broker sees of the pool it shares: its own, and an anonymous rest."""

import json
from dataclasses import asdict
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yunhai.services.lines.rules import BrokerRow, LineRow, PoolView, pool_view, seen_by, seen_whole

VIEW = PoolView(
    capacity=80,
    rate=57,
    lines=(
        LineRow(line="A1", tenant=1, cap=20, state="up", rate=20, lent=3, in_flight=1),
        LineRow(line="A2", tenant=1, cap=20, state="lost"),
        LineRow(line="B1", tenant=2, cap=20, state="up", rate=18),
        LineRow(line="C1", tenant=3, cap=20, state="up", rate=19),
        LineRow(line="D1", tenant=4, cap=20, state="up", rate=0),
    ),
    brokers=(
        BrokerRow(tenant=1, pool="main", guarantee=20, rate=17, burst=2, queued=(1, 0, 7), held=2, reason="pool-busy"),
        BrokerRow(tenant=2, pool="main", guarantee=20, rate=20, queued=(0, 1, 3), held=1),
        BrokerRow(tenant=3, pool="main", guarantee=20, rate=20, queued=(0, 0, 40)),
        BrokerRow(tenant=4, pool="alone", guarantee=20, rate=0),
    ),
)


def test_a_broker_sees_its_own_lines_and_the_rest_as_one() -> None:
    seen = seen_by(VIEW, 1)
    assert [line.line for line in seen.lines] == ["A1", "A2"]
    assert (seen.guarantee, seen.rate, seen.burst, seen.held, seen.reason) == (20, 17, 2, 2, "pool-busy")
    assert seen.queued == {"cancel": 1, "reprice": 0, "new": 7}
    assert seen.others is not None
    assert asdict(seen.others) == {"brokers": 2, "lines": 2, "lines_all": 2, "rate": 40, "queued": 45}
    assert (seen.capacity, seen.pool_rate) == (60, 57)
    assert seen.brokers == ()


def test_one_other_broker_is_not_anonymous_and_is_not_shown() -> None:
    pair = PoolView(capacity=40, rate=9, lines=VIEW.lines[:3], brokers=VIEW.brokers[:2])
    seen = seen_by(pair, 1)
    assert seen.others is None
    assert (seen.capacity, seen.pool_rate) == (20, 17), "nor by difference from the pool's own figures"


def test_a_broker_outside_every_pool_sees_nothing_of_any() -> None:
    seen = seen_by(VIEW, 9)
    assert (seen.lines, seen.others, seen.rate, seen.capacity) == ((), None, 0, 0)


def test_the_operator_sees_everybody() -> None:
    seen = seen_whole(VIEW)
    assert len(seen.lines) == 5
    assert len(seen.brokers) == 4
    assert (seen.capacity, seen.rate, seen.held) == (80, 57, 3)
    assert seen.queued == {"cancel": 1, "reprice": 1, "new": 50}


def test_the_cores_answer_may_say_more_than_rooms_read() -> None:
    value = {**msgspec.to_builtins(VIEW), "now_ns": 5, "mode": "simulated"}
    assert pool_view(value) == VIEW
    assert pool_view({"mode": "simulated", "pool": value}) == VIEW


numbers = st.integers(0, 10_000)
brokers = st.lists(
    st.builds(
        BrokerRow,
        tenant=st.integers(100_001, 100_006),
        pool=st.sampled_from(["main", "other"]),
        guarantee=numbers,
        rate=numbers,
        queued=st.tuples(numbers, numbers, numbers),
        held=numbers,
    ),
    unique_by=lambda row: row.tenant,
    max_size=6,
)
lines = st.lists(
    st.builds(
        LineRow,
        line=st.text("ABCDEFGH", min_size=2, max_size=2),
        tenant=st.integers(100_001, 100_006),
        cap=st.integers(1, 100),
        state=st.sampled_from(["up", "lost", "down"]),
    ),
    unique_by=lambda row: row.line,
    max_size=12,
)


unhurried = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def shown(value: Any) -> str:
    return json.dumps(msgspec.to_builtins(value))


@unhurried
@given(brokers, lines)
def test_no_other_broker_is_ever_named(rows: list[BrokerRow], their: list[LineRow]) -> None:
    view = PoolView(lines=tuple(their), brokers=tuple(rows))
    text = shown(seen_by(view, 100_001))
    for tenant in range(100_002, 100_007):
        assert str(tenant) not in text
    for line in their:
        if line.tenant != 100_001:
            assert f'"{line.line}"' not in text


@unhurried
@given(brokers, lines, st.integers(0, 5))
def test_swapping_two_others_changes_nothing(rows: list[BrokerRow], their: list[LineRow], pick: int) -> None:
    """Whatever is seen depends on the others' sums alone."""
    rest = [row for row in rows if row.tenant != 100_001 and row.pool == "main"]
    if len(rest) < 2:
        return
    one, other = rest[0], rest[1]
    exchanged = {one.tenant: other.tenant, other.tenant: one.tenant}
    swapped = PoolView(
        lines=tuple(msgspec.structs.replace(line, tenant=exchanged.get(line.tenant, line.tenant)) for line in their),
        brokers=tuple(msgspec.structs.replace(row, tenant=exchanged.get(row.tenant, row.tenant)) for row in rows),
    )
    view = PoolView(lines=tuple(their), brokers=tuple(rows))
    assert seen_by(view, 100_001) == seen_by(swapped, 100_001)
