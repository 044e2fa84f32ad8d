"""A stream's books keep what is open in memory and all of the day within reach."""

import errno
import gc
import os
import tracemalloc
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from tests.trading.scene import ANNE, CARL, EAST, NT, OPENED, WALL, Scene, opened_state
from tests.trading.stream.same import require_same
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import STREAM_ORDERS_MAX
from yunhai.kernel.records import RECORD, Kind, State
from yunhai.trading import facts
from yunhai.trading.books.books import Books
from yunhai.trading.books.state import Order, OrderState
from yunhai.trading.books.steps import EXPIRED, STEPS
from yunhai.trading.gate.gate import Gate
from yunhai.trading.instructions import INSTRUCTION, INSTRUCTION_BYTES
from yunhai.trading.shape import checked
from yunhai.trading.stream import watched as module
from yunhai.trading.stream.following import Following, Turn
from yunhai.trading.stream.orders import lines_of, snapshot_of
from yunhai.trading.stream.watched import SLOT_BYTES, DayOrders, WatchedBooks
from yunhai.trading.words import Action, Segment

BYTES_AN_INSTRUCTION = 8
"""Of memory that may remain of each of a day's instructions, when what they ordered is over: less than one reference."""


def watching(scene: Scene) -> WatchedBooks:
    books = WatchedBooks.of_snapshot(opened_state())
    scene.replay_into(books)
    return books


def one_of_each() -> tuple[Scene, dict[str, int]]:
    """A day with an order in every state, by the word for it; the cut one still rests."""
    scene = Scene.open()
    made = {
        OrderState.FILLED: scene.new(ANNE, quantity=2000),
        "sold": scene.new(CARL, side="sell", quantity=3000),
        OrderState.RESTING: scene.new(ANNE, code="1101", price=40 * NT, quantity=3000),
        OrderState.CANCELLED: scene.new(ANNE, code="1101", price=41 * NT),
    }
    scene.change("cancel", made[OrderState.CANCELLED])
    scene.change("cut", made[OrderState.RESTING], quantity=1000)
    scene.held = True
    made[OrderState.QUEUED] = scene.new(ANNE, code="1101", price=39 * NT)
    return scene, made


def test_orders_that_are_over_are_read_back_as_they_were() -> None:
    scene, made = one_of_each()
    books = watching(scene)
    require_same(books, scene.books)
    assert set(books.orders) == {made[OrderState.RESTING], made[OrderState.QUEUED], made["sold"]}
    shown = {line.order_id: line for line in snapshot_of(books, ANNE).orders}
    assert list(shown) == sorted(scene.books.orders_by_account[ANNE], reverse=True)
    filled, cancelled = shown[made[OrderState.FILLED]], shown[made[OrderState.CANCELLED]]
    assert (filled.state, filled.filled, filled.average_price) == ("filled", 2000, "100.00")
    assert (cancelled.state, cancelled.leaves) == ("cancelled", 0)
    assert lines_of(books, [made["sold"], 99]) == lines_of(books, [made["sold"]]), "a number that is none"


def test_orders_that_rest_for_long_leave_memory_and_come_back_when_they_change(tmp_path: Path) -> None:
    books = WatchedBooks.of_snapshot(opened_state(), tmp_path, kept=2)
    scene = Scene.open()
    rest = [scene.new(ANNE, code="1101", price=39 * NT + place * 500, quantity=2000) for place in range(6)]
    scene.replay_into(books)
    require_same(books, scene.books)
    assert (list(books.orders), books.orders.open_count()) == (rest[-2:], 6)
    start = len(scene.log)
    scene.change("cut", rest[0], quantity=1000)
    scene.change("cancel", rest[1])
    scene.new(CARL, code="1101", side="sell", price=39 * NT, quantity=3000)
    scene.replay_into(books, start=start)
    require_same(books, scene.books)
    assert len(books.orders) <= 2
    start = len(scene.log)
    scene.close()
    scene.replay_into(books, start=start)
    require_same(books, scene.books)
    assert not books.orders


def test_the_days_end_puts_everything_away() -> None:
    scene, made = one_of_each()
    scene.dispatch()
    scene.close()
    books = watching(scene)
    require_same(books, scene.books)
    assert (len(books.orders), books.orders.open_numbers()) == (0, [])
    rested = books.orders.look(made[OrderState.RESTING])
    assert rested is not None
    assert rested.state == OrderState.EXPIRED


def test_the_day_step_that_ends_open_orders_is_told_with_them(tmp_path: Path) -> None:
    scene, made = one_of_each()
    following = Following(tmp_path, tmp_path, wall=lambda: 0)
    following.books = watching(scene)
    for step in STEPS:
        turn, sequence = Turn(sequence=0), scene.books.sequence + 1
        scene.step(step)
        number, content = facts.encode(scene.log[-1].content)
        following._fact(sequence, number, 5, 0, content, turn)
        ended = {made[OrderState.RESTING], made[OrderState.QUEUED]} if step == EXPIRED else set()
        assert {order for order, account in turn.expired if account == ANNE} == ended
    assert not following.books.orders
    queued = following.books.orders.look(made[OrderState.QUEUED])
    assert queued is not None
    assert (queued.state, queued.leaves) == (OrderState.EXPIRED, 0)


def test_a_new_day_knows_no_order_of_the_last() -> None:
    scene, made = one_of_each()
    scene.dispatch()
    scene.close()
    books = watching(scene)
    scene.fact(
        msgspec.structs.replace(OPENED, date="2026-08-24", settles_on="2026-08-26", wall_ns=WALL + 86_400 * 10**9),
    )
    entry = scene.log[-1]
    books.apply_fact(entry.sequence, entry.time, entry.tenant, entry.content)
    require_same(books, scene.books)
    assert [books.orders.look(number) for number in made.values()] == [None] * len(made)
    assert books.newest_of(ANNE, 10) == ([], False)


def test_from_a_snapshot_in_the_middle_of_the_day() -> None:
    scene, made = one_of_each()
    state, place = scene.books.state(), len(scene.log)
    scene.held = False
    scene.dispatch()
    scene.change("reprice", made[OrderState.RESTING], price=int(40.5 * NT))
    scene.new(CARL, code="1101", side="sell", price=int(40.5 * NT), quantity=1000)
    books = WatchedBooks.of_snapshot(state)
    scene.replay_into(books, start=place)
    require_same(books, scene.books)


def test_what_is_no_snapshot_is_refused() -> None:
    other = Books.restore(opened_state()).state()
    for state in (b"\x80", other[:-1], other.replace(b"\x04", b"\x03", 1)):
        with pytest.raises(YunhaiError, match=r"^6441"):
            WatchedBooks.of_snapshot(state)


def test_a_gate_on_these_books_fails_and_lets_nothing_pass_twice() -> None:
    scene = Scene.open()
    instruction = scene.instruction(ANNE)
    scene.send(instruction)
    gate = Gate(watching(scene), scene.market)
    with pytest.raises(AttributeError):
        gate.known(checked(instruction))
    scene.gate = gate
    with pytest.raises(AttributeError):
        scene.decide(scene.instruction(ANNE))


def test_what_the_disk_refuses_stays_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    scene, made = one_of_each()
    asked: list[int] = []

    def full(*_: Any) -> int:
        asked.append(1)
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "pwrite", full)
    books = watching(scene)
    require_same(books, scene.books)
    assert set(books.orders) == set(scene.books.orders)
    assert len(asked) == 1, "it is not asked again before the next day"
    missing = WatchedBooks.of_snapshot(opened_state(), Path("/nowhere/at/all"))
    scene.replay_into(missing)
    require_same(missing, scene.books)
    assert made.keys()


def test_an_order_changed_after_it_was_put_away_is_not_the_old_one(tmp_path: Path) -> None:
    orders = DayOrders(tmp_path)
    for number in (7, 9):
        orders[number] = _order(number)
    orders.settle((7, 8, 9))
    assert not orders
    again = orders.get(9)
    again.leaves, again.state = 5, OrderState.RESTING
    assert orders.look(9) is again
    again.leaves, again.state, again.value = 0, OrderState.FILLED, 1
    orders.settle((9,))
    assert not orders
    read = orders.look(9)
    assert read is not None
    assert (read.state, read.value, orders.look(7)) == (OrderState.FILLED, 1, _order(7))
    assert (orders.look(6), orders.look(8), orders.get(8, "none")) == (None, None, "none")
    assert not list(tmp_path.iterdir()), "the file has no name"


def test_the_largest_order_fits_its_slot() -> None:
    u32, i64 = 2**32 - 1, 2**63 - 1
    largest = Order(
        2**64 - 1, u32, u32, u32, "W" * 12, u32, 255, 255, 255, 255, 255, 2**31 - 1, 2**31 - 1, u32, 0, i64, i64, "W" * 5,
        b"\xff" * 16, i64, i64, i64, OrderState.CANCELLED, 0, u32, i64, i64, i64, 2**16 - 1, i64,
    )  # fmt: skip
    orders = DayOrders(None)
    orders[2**64 - 1] = largest
    orders.settle((2**64 - 1,))
    assert not orders
    assert orders.look(2**64 - 1) == largest
    assert len(module._ENCODER.encode(largest)) < SLOT_BYTES


def _order(number: int) -> Order:
    return Order(
        number, EAST, ANNE, 1, "2330", 0, 1, 1, 1, 2, 0, 100 * NT, 100 * NT, 1000, 0, 1425, 20 * NT, "W0001",
        number.to_bytes(16, "big"), number, 5, 6, OrderState.CANCELLED,
    )  # fmt: skip


# -- many ------------------------------------------------------------------------------------------------------------------


def many(books: WatchedBooks, count: int) -> None:
    """`count` orders of Anne, each accepted, resting, and cancelled before the next; two instructions each."""
    first = books.number + 1
    numbers = np.arange(first, first + 2 * count)
    rows = np.zeros(2 * count, INSTRUCTION)
    rows["version"], rows["number"] = 1, numbers
    rows["order_id"] = numbers - (numbers - first) % 2
    rows["action"] = np.where((numbers - first) % 2, int(Action.CANCEL), int(Action.NEW))
    rows["tenant"], rows["account"], rows["person"], rows["key"] = EAST, ANNE, 1, 101
    rows["security"], rows["terminal"], rows["order_number"] = b"1101", b"W", b"W0000"
    rows["segment"], rows["side"], rows["order_type"] = int(Segment.BOARD), 1, 2
    rows["price"], rows["quantity"], rows["reserved_cash"] = 42 * NT, 1000, 0
    rows["reserved_cash"][::2] = 43_000 * NT
    rows["client_id"] = rows["nonce"] = np.frombuffer(os.urandom(32 * count), "V16")
    said = np.zeros(2 * count, RECORD)
    said["kind"] = np.where((numbers - first) % 2, int(Kind.CANCEL), int(Kind.NEW))
    said["order_id"] = rows["order_id"]
    said["state"] = np.where((numbers - first) % 2, int(State.GONE), int(State.RESTING))
    said["removed"] = np.where((numbers - first) % 2, 1000, 0)
    content = rows.tobytes()
    sequence = books.sequence
    for place in range(2 * count):
        at = place * INSTRUCTION_BYTES
        books.apply_instruction(sequence + 1, 5, content[at : at + INSTRUCTION_BYTES])
        books.apply_events(sequence + 2, said[place : place + 1])
        sequence += 2


def grown(instructions: int) -> float:
    """Bytes of memory that remain of each of so many instructions, after as many as one account's newest fill."""
    books = WatchedBooks.of_snapshot(opened_state())
    many(books, 2 * STREAM_ORDERS_MAX + 10)
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(4):
            many(books, instructions // 8)
        gc.collect()
        remains = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert not books.orders
    numbers, more = books.newest_of(ANNE, STREAM_ORDERS_MAX)
    assert (len(numbers), more, numbers[-1]) == (STREAM_ORDERS_MAX, True, books.number - 1)
    shown = snapshot_of(books, ANNE)
    assert (len(shown.orders), shown.more, {one.state for one in shown.orders}) == (
        STREAM_ORDERS_MAX,
        True,
        {"cancelled"},
    )
    assert shown.account.reserved == "0.00"
    first = books.orders.look(1)
    assert first is not None, "the day's first order is within reach"
    assert first.state == OrderState.CANCELLED
    return remains / instructions


@pytest.mark.full
def test_memory_does_not_grow_with_the_days_instructions() -> None:
    assert grown(8_000) < BYTES_AN_INSTRUCTION


@pytest.mark.full
def test_memory_does_not_grow_with_two_hundred_thousand_instructions() -> None:
    assert grown(200_000) < BYTES_AN_INSTRUCTION / 4
