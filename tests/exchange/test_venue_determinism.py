"""Same plan, same orders, same bytes: twice, in any cuts, in another process, rebuilt, on a bare engine, on either engine."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.exchange.venue_days import (
    FIXED,
    ODD,
    ODD_AFTER,
    Day,
    MakeEngine,
    day_of,
    native_engine,
    ns,
    pack_of,
    reference_engine,
    stock,
)
from yunhai.exchange.rules.words import SegmentName
from yunhai.exchange.venue import Venue, commands
from yunhai.kernel.records import RECORD, Kind, OrderType, Phase, Side, TimeInForce

SECONDS = {
    SegmentName.BOARD: (8 * 3600 + 1700, 13 * 3600 + 1900),
    ODD: (9 * 3600, 13 * 3600 + 1900),
    ODD_AFTER: (13 * 3600 + 2300, 14 * 3600 + 1810),
    FIXED: (14 * 3600, 14 * 3600 + 1810),
}


def busy_day(engine: MakeEngine = native_engine, *, pack: str = "twse-2026") -> Day:
    """Securities in every state, none with orders yet."""
    return day_of(
        stock("2330"),
        stock("2317", "52.3"),
        stock("1101", "9.95", treatment="disposition-first"),
        stock("9999", "0.9"),
        stock("2888", suspended=True),
        *([stock("6999", "30", unlimited=True)] if pack == "twse-2026" else []),
        pack=pack_of(pack),
        engine=engine,
    )


def random_orders(day: Day, count: int, seed: int) -> NDArray[np.void]:
    """Orders of every kind in every segment, most near the reference, some wild, with cancels, cuts and re-prices."""
    rng = np.random.default_rng(seed)
    orders = commands(count)
    segments = [name for name in SECONDS if name in day.plan.pack.segments]
    chosen = rng.choice(
        len(segments), count, p=np.array([6, 2, 1, 1][: len(segments)]) / sum([6, 2, 1, 1][: len(segments)])
    )
    for row in range(count):
        segment = segments[chosen[row]]
        first, last = SECONDS[segment]
        instrument = day.plan.instruments[rng.integers(len(day.plan.instruments))]
        record = orders[row]
        record["time"] = day.plan.at(0) + int(rng.integers(first * 1000, last * 1000)) * 1_000_000
        record["book"] = day.venue.book(instrument.code, segment)
        record["kind"] = rng.choice([Kind.NEW] * 7 + [Kind.CANCEL, Kind.CUT, Kind.REPRICE])
        record["tenant"], record["account"] = 1, 1
        whole = segment in (SegmentName.BOARD, FIXED)
        record["quantity"] = int(rng.integers(1, 20)) * 1000 if whole else int(rng.integers(1, 1000))
        ladder = day.plan.books[day.venue.book(instrument.code, SegmentName.BOARD)].config.prices
        middle = int(np.searchsorted(ladder, instrument.reference))
        reach = int(rng.choice([2, 6, 60]))
        near = np.clip(middle + rng.integers(-reach, reach + 1), 0, len(ladder) - 1)
        record["price"] = ladder[near]
        record["side"] = rng.choice([Side.BUY, Side.SELL])
        record["order_type"] = OrderType.LIMIT
        record["time_in_force"] = rng.choice([TimeInForce.ROD] * 8 + [TimeInForce.IOC, TimeInForce.FOK])
        if rng.random() < 0.08:
            record["order_type"], record["price"] = OrderType.MARKET, 0
        if record["kind"] in (Kind.CANCEL, Kind.CUT):
            record["price"] = 0
        if record["kind"] == Kind.REPRICE:
            record["quantity"] = 0
    orders = orders[np.argsort(orders["time"], kind="stable")]
    new = orders["kind"] == Kind.NEW
    ids = np.cumsum(new)
    orders["order_id"] = np.where(new, ids, np.maximum(1, ids - rng.integers(0, 40, count)))
    return orders


def run(day: Day, orders: NDArray[np.void]) -> bytes:
    day.venue.process(orders)
    day.venue.finish()
    return day.events().tobytes()


@cache
def recorded(seed: int = 1, count: int = 2500) -> tuple[bytes, bytes]:
    """(orders, events) of a busy day on the native engine."""
    day = busy_day()
    orders = random_orders(day, count, seed)
    return orders.tobytes(), run(day, orders)


def orders_of(data: bytes) -> NDArray[np.void]:
    return np.frombuffer(data, RECORD)


def test_the_busy_day_is_busy() -> None:
    """What the other tests compare has trades of each segment, interruptions, deferrals and refusals in it."""
    events = orders_of(recorded()[1])
    day = busy_day()
    traded = {day.venue.place(int(book))[1] for book in np.unique(events["book"][events["kind"] == Kind.TRADE])}
    assert traded == set(SECONDS)
    assert (events["kind"] == Kind.HALTED).sum() >= 5
    assert ((events["kind"] == Kind.UNCROSS) & (events["code"] == 1203)).sum() >= 1
    refusals = set(np.unique(events["code"][events["kind"] <= Kind.REPRICE]).tolist())
    assert refusals >= {0, 1004, 1005, 1006, 1010, 1021, 1025, 1027}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_control_of_the_venue_is_ever_refused(seed: int) -> None:
    """Whatever the day brings, the timetable fits the books: nothing is uncrossed out of phase, nothing left crossed."""
    day = busy_day()
    events = orders_of(run(day, random_orders(day, 700, seed)))
    controls = events[(events["kind"] >= Kind.PHASE) & (events["kind"] <= Kind.EXPIRE)]
    assert set(np.unique(controls["code"]).tolist()) <= {0, 1203}
    assert {int(day.engine.phase(book)) for book in range(len(day.plan.books))} == {Phase.AFTER, Phase.SUSPENDED}


def test_the_same_orders_give_the_same_bytes_in_any_cuts() -> None:
    data, expected = recorded()
    orders = orders_of(data)
    rng = np.random.default_rng(3)
    for cuts in (np.arange(0, len(orders), 7), np.sort(rng.integers(0, len(orders), 50))):
        day = busy_day()
        for part in np.split(orders, cuts):
            day.venue.process(part)
            if len(part) and rng.random() < 0.3:
                day.venue.advance(int(part["time"][-1]))
        day.venue.finish()
        assert day.events().tobytes() == expected


def test_another_process_with_another_hash_seed_gives_the_same_bytes() -> None:
    """Nothing depends on the order of a set or on an address."""
    script = (
        "import hashlib; from tests.exchange.test_venue_determinism import recorded;"
        "print(hashlib.sha256(recorded()[1]).hexdigest())"
    )
    said = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert said == hashlib.sha256(recorded()[1]).hexdigest()


def test_a_bare_engine_given_the_recorded_commands_says_the_same() -> None:
    data, expected = recorded()
    day = busy_day()
    run(day, orders_of(data))
    bare = native_engine()
    for config in day.venue.configs():
        bare.add_book(config)
    events = orders_of(expected)
    batch = events[events["kind"] < Kind.TRADE]
    said = b""
    while len(batch):
        out, consumed = bare.process(batch)
        said += out.tobytes()
        batch = batch[consumed:]
    assert said == expected
    assert bare.state_hash() == day.engine.state_hash()


@pytest.mark.parametrize("pack", ["twse-2026", "twse-2013"])
def test_native_and_reference_agree(pack: str) -> None:
    native, readable = busy_day(pack=pack), busy_day(reference_engine, pack=pack)
    orders = random_orders(native, 500, seed=5)
    assert run(native, orders) == run(readable, orders)
    assert native.engine.state_hash() == readable.engine.state_hash()


def test_a_venue_is_rebuilt_from_its_events_and_goes_on_alike() -> None:
    """Cut a recorded stream anywhere: a fresh venue fed with it stands where the first one stood."""
    orders = orders_of(recorded()[0])

    def first_half(day: Day) -> None:
        day.venue.process(orders[:900])
        day.venue.suspend("2330", day.venue.now)
        day.venue.process(orders[900:1100])
        day.venue.resume("2330", day.venue.now)
        day.venue.resume("2888", day.venue.now)
        day.venue.process(orders[1100:1300])

    original = busy_day()
    first_half(original)
    stream = original.events()
    for parts in (1, 9):
        fresh = busy_day()
        fresh.venue.rebuild(np.array_split(stream, parts))
        assert fresh.events().tobytes() == stream.tobytes()
        assert fresh.engine.state_hash() == original.engine.state_hash()
    original.venue.process(orders[1300:])
    original.venue.finish()
    fresh.venue.process(orders[1300:])
    fresh.venue.finish()
    assert fresh.events().tobytes() == original.events().tobytes()
    assert fresh.venue.closing_prices() == original.venue.closing_prices()


def test_another_seed_changes_the_random_rank_only() -> None:
    data, expected = recorded()
    other = day_of(*busy_day().plan.instruments, seed=8)
    assert run(other, orders_of(data)) != expected
    assert [c.seed for c in other.venue.configs()] != [c.seed for c in busy_day().venue.configs()]


def test_a_small_event_buffer_changes_nothing() -> None:
    """The engine may consume a batch in pieces; the stream is the same."""
    from yunhai.native import _book

    def small() -> object:
        return _book.Engine(order_capacity=5000, first_order_id=1, id_capacity=1 << 17, event_capacity=20_000)

    data, expected = recorded()
    assert run(busy_day(small), orders_of(data)) == expected  # type: ignore[arg-type]


def test_the_day_ends_with_nothing_resting_and_nothing_lost() -> None:
    """Every share that entered a book was traded, cancelled or expired; buys traded equal sells traded."""
    data, expected = recorded()
    day = busy_day()
    run(day, orders_of(data))
    events = orders_of(expected)
    accepted = events[(events["kind"] == Kind.NEW) & (events["state"] > 0)]
    changed = events[np.isin(events["kind"], [Kind.NEW, Kind.CANCEL, Kind.CUT]) & (events["state"] > 0)]
    entered = int(accepted["quantity"].sum())
    traded = int(events["quantity"][events["kind"] == Kind.FILL].sum())
    gone = int(changed["removed"].sum()) + int(events["quantity"][events["kind"] == Kind.REMOVED].sum())
    assert entered == traded + gone
    for number in range(len(day.plan.books)):
        assert day.engine.phase(number) in (Phase.AFTER, Phase.SUSPENDED)
        assert not any(len(side.price) for side in day.engine.depth(number, 5))


Sink = Callable[[NDArray[np.void]], None]


def test_the_sink_has_each_array_before_the_next_command_runs() -> None:
    """Event views are valid until the engine's next call: whoever copies in the sink loses nothing."""
    data, expected = recorded()
    copies: list[bytes] = []
    plan = busy_day().plan
    venue = Venue(plan, engine=native_engine(), sink=lambda events: copies.append(events.tobytes()))
    venue.process(orders_of(data))
    assert venue.now == int(orders_of(data)["time"][-1])
    venue.advance(plan.at(ns("15:00:00")))
    assert venue.next_due() is None
    assert b"".join(copies) == expected
