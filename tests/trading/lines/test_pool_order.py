"""What goes before what, and that nothing is lost or doubled inside the pool."""

import random
import time

import pytest

from tests.trading.lines.pools import MS, Drive, even, percentile, pool_of
from yunhai.kernel.clock import SECOND
from yunhai.kernel.errors import YunhaiError
from yunhai.trading.facts import LineState
from yunhai.trading.lines.pool import Pool
from yunhai.trading.lines.words import Reason, Waiting
from yunhai.trading.words import Action

NEW, CANCEL, CUT, REPRICE = Action.NEW, Action.CANCEL, Action.CUT, Action.REPRICE


def drained(drive: Drive) -> list[int]:
    while (at := drive.pool.next_time(drive.now)) is not None:
        drive.now = at
        drive.take()
    return drive.order


def test_cancels_and_cuts_then_reprices_then_news() -> None:
    drive = Drive(pool_of(1, 1))
    new, reprice = drive.offer(1), drive.offer(1, REPRICE, 901)
    cut, cancel = drive.offer(1, CUT, 902), drive.offer(1, CANCEL, 903)
    assert drained(drive) == [cut, cancel, reprice, new]


def test_a_cancel_overtakes_a_long_queue_of_new_orders() -> None:
    drive = Drive(pool_of(1, 2))
    for _ in range(10_000):
        drive.offer(1)
    drive.run(2)
    gone = drive.order[0]
    drive.offer(1, CANCEL, gone)
    before = drive.now
    drive.run(0.2)
    assert drive.number in drive.order
    assert drive.now - before <= 200 * MS
    assert drive.pool.view(drive.now).brokers[0].queued[2] > 9_000


def test_a_cancel_waits_behind_its_own_unsent_order() -> None:
    drive = Drive(pool_of(1, 1))
    for _ in range(30):
        drive.offer(1)
    order = drive.offer(1)
    cancel = drive.offer(1, CANCEL, order)
    assert drive.pool.reason_of(cancel, 0) is Reason.BEHIND_OWN
    sent = drained(drive)
    assert sent.index(order) < sent.index(cancel)


def test_instructions_for_one_order_wait_for_the_answer_of_the_one_before() -> None:
    pool = pool_of(1, 2)
    pool.offer(Waiting(1, 1, NEW, 1, 0))
    pool.offer(Waiting(2, 1, CUT, 1, 0))
    pool.offer(Waiting(3, 1, CANCEL, 1, 0))
    assert [sent.waiting.number for sent in pool.take(0)] == [1]
    assert pool.reason_of(2, 0) is Reason.ORDER_IN_FLIGHT
    assert pool.reason_of(3, 0) is Reason.BEHIND_OWN or pool.reason_of(3, 0) is Reason.ORDER_IN_FLIGHT
    assert pool.take(SECOND) == []
    pool.answered(1)
    assert [sent.waiting.number for sent in pool.take(SECOND)] == [2]
    pool.answered(2)
    assert [sent.waiting.number for sent in pool.take(2 * SECOND)] == [3]


def test_one_brokers_order_never_holds_up_another_order() -> None:
    pool = pool_of(1, 2)
    pool.offer(Waiting(1, 1, NEW, 1, 0))
    pool.take(0)
    pool.offer(Waiting(2, 1, CANCEL, 1, 0))
    pool.offer(Waiting(3, 1, NEW, 3, 0))
    assert [sent.waiting.number for sent in pool.take(SECOND)] == [3]


def test_a_full_queue_is_refused_and_nothing_changes() -> None:
    pool = pool_of(2, 1, queue_max=3)
    for number in (1, 2, 3):
        pool.offer(Waiting(number, 1, NEW, number, 0))
    before = pool.pending()
    assert pool.room(1) == 0
    with pytest.raises(YunhaiError) as refused:
        pool.offer(Waiting(4, 1, NEW, 4, 0))
    assert refused.value.code == 6310
    assert pool.pending() == before
    pool.offer(Waiting(5, 2, NEW, 5, 0))
    pool.take(0)
    assert pool.room(1) == 0, "sent and unanswered counts too: it may have to come back"
    for number in (1, 2, 3):
        pool.answered(number)
    assert pool.room(1) >= 1


def test_the_same_number_twice_is_refused_and_nothing_changes() -> None:
    pool = pool_of(1, 1)
    pool.offer(Waiting(1, 1, NEW, 1, 0))
    for _ in range(2):
        with pytest.raises(YunhaiError) as refused:
            pool.offer(Waiting(1, 1, NEW, 1, 0))
        assert refused.value.code == 6311
        assert len(pool.pending()) == 1
        pool.take(0)


def test_an_answer_that_comes_twice_counts_once() -> None:
    pool = pool_of(1, 1)
    pool.offer(Waiting(1, 1, NEW, 1, 0))
    pool.take(0)
    assert pool.answered(1)
    assert not pool.answered(1)
    assert not pool.answered(77)
    assert pool.view(0).brokers[0].in_flight == 0


def test_what_a_lost_line_carried_is_taken_as_sent_or_returns_to_its_place() -> None:
    pool = pool_of(1, 1)
    for number in range(1, 6):
        pool.offer(Waiting(number, 1, NEW, number, 0))
    sent = [one.waiting.number for one in pool.take(0)]
    sent += [one.waiting.number for one in pool.take(50 * MS)]
    assert sent == [1, 2]
    assert pool.lose("1A", 60 * MS).state == "lost"
    assert [one.waiting.number for one in pool.in_doubt()] == [1, 2]
    assert pool.next_time(60 * MS) is None
    assert pool.reason_of(1, 60 * MS) is Reason.ORDER_IN_FLIGHT
    assert pool.reason_of(3, 60 * MS) is Reason.LINES_DOWN
    pool.recovered(1, known=True)
    pool.recovered(2, known=False)
    pool.recovered(2, known=False)
    pool.apply(LineState(line="1A", state="up"), SECOND)
    drive = Drive(pool, now=SECOND)
    assert drained(drive) == [2, 3, 4, 5]
    assert pool.pending() == ()


def test_a_restart_offers_the_rest_again_in_the_same_order() -> None:
    first = Drive(pool_of(2, 1))
    chance = random.Random(4)
    orders: list[int] = []
    for _ in range(200):
        tenant = chance.choice((1, 2))
        if orders and chance.random() < 0.4:
            first.offer(tenant, chance.choice((CANCEL, CUT, REPRICE)), chance.choice(orders))
        else:
            orders.append(first.offer(tenant))
    first.run(1)
    rest = first.pool.pending()
    assert rest
    again = Drive(pool_of(2, 1))
    for waiting in reversed(rest):  # the order of offering does not matter between orders, only the numbers do
        if all(other.order_id != waiting.order_id or other is waiting for other in rest):
            again.pool.offer(waiting)
    for waiting in rest:
        if again.pool.reason_of(waiting.number, 0) is None:
            again.pool.offer(waiting)
    assert sorted(drained(again)) == [waiting.number for waiting in rest]


def test_random_traffic_loses_nothing_doubles_nothing_and_keeps_each_orders_order() -> None:
    for seed in range(60):
        chance = random.Random(seed)
        pool = pool_of(3, 2)
        lines = [line.line for line in pool.view(0).lines]
        now, number, sent, orders = 0, 0, [], [0]
        asked: dict[int, int] = {}
        while number < 150 or pool.pending():
            now += chance.randrange(30 * MS)
            if number < 150 and chance.random() < 0.8:
                number += 1
                fresh = chance.random() < 0.5
                order = number if fresh else chance.choice(orders) or number
                action = NEW if order == number else chance.choice((CANCEL, CUT, REPRICE))
                orders.append(order)
                asked[number] = order
                pool.offer(Waiting(number, 1 + order % 3, action, order, now))
            if chance.random() < 0.05:
                pool.lose(chance.choice(lines), now)
            if chance.random() < 0.2:
                pool.apply(LineState(line=chance.choice(lines), state="up"), now)
            for one in pool.in_doubt():
                known = chance.random() < 0.5
                if known:
                    sent.append(one.waiting.number)
                pool.recovered(one.waiting.number, known=known)
            for one in pool.take(now):
                if chance.random() < 0.9:
                    sent.append(one.waiting.number)
                    assert pool.answered(one.waiting.number)
                else:
                    pool.lose(one.line, now)
        assert sorted(sent) == list(range(1, 151)), seed
        for order in set(asked.values()):
            mine = [one for one in sent if asked[one] == order]
            assert mine == sorted(mine), (seed, order)
        assert all(broker.in_flight == broker.held == 0 for broker in pool.view(now).brokers)
        assert all(pool.room(tenant) == pool_of(1).room(1) for tenant in (1, 2, 3))


def test_uncapped_everything_goes_at_once_in_the_order_offered() -> None:
    pool = pool_of(2, 1, uncapped=True)
    for number in range(1, 3_001):
        action = CANCEL if number % 3 == 0 else NEW
        pool.offer(Waiting(number, 1 + number % 2, action, number - (number % 3 == 0), 0))
    sent = [one.waiting.number for one in pool.take(0)]
    assert sent == list(range(1, 3_001))
    pool.answered_all(sent)
    assert pool.pending() == ()
    assert pool.room(1) == pool.room(2) == Pool().room(1)


def test_caps_can_be_lifted_and_set_again_while_orders_wait() -> None:
    drive = Drive(pool_of(1, 1))
    orders = [drive.offer(1) for _ in range(50)]
    cancel = drive.offer(1, CANCEL, orders[40])
    drive.take()
    drive.pool.uncapped = True
    assert len(drive.pool.take(0, most=20)) == 20
    drive.pool.uncapped = False
    for waiting in drive.pool.pending():
        drive.pool.answered(waiting.number)
    sent = drained(drive)
    assert sent.index(orders[40]) < sent.index(cancel)
    assert drive.pool.pending() == ()


def test_uncapped_lines_that_are_down_carry_nothing() -> None:
    pool = pool_of(2, 1, uncapped=True, shared=False)
    pool.lose("1A", 0)
    pool.offer(Waiting(1, 1, NEW, 1, 0))
    pool.offer(Waiting(2, 2, NEW, 2, 0))
    assert [one.waiting.number for one in pool.take(0)] == [2]
    assert pool.reason_of(1, 0) is Reason.LINES_DOWN
    assert pool.next_time(0) is None
    pool.apply(LineState(line="1A", state="up"), 0)
    assert [one.waiting.number for one in pool.take(0)] == [1]


def test_the_view_adds_up() -> None:
    drive = Drive(pool_of(10, 2))
    drive.run(3, even(2, 20), even(3, 20), flood=(1,))
    drive.take()
    view = drive.pool.view(drive.now)
    assert view.capacity == 400
    assert sum(line.rate for line in view.lines) == view.rate == sum(broker.rate for broker in view.brokers)
    flooder = view.brokers[0]
    assert flooder.guarantee == 40
    assert 190 <= flooder.queued[2] <= 200
    assert flooder.burst == pytest.approx(400 - 40 - 40, abs=12)
    assert flooder.reason == Reason.GUARANTEE_USED.value
    assert view.brokers[1].wait_p99_ns <= percentile(drive.waits[2], 1.0)
    assert sum(line.lent for line in view.lines) > 200


def test_a_message_costs_little_uncapped() -> None:
    """Stated in the docs: 3 µs at most in batches; measured at about 1. The bound here allows for a busy machine."""
    pool = pool_of(10, 2, uncapped=True)
    work = [Waiting(number, 1 + number % 10, NEW, number, 0) for number in range(1, 50_001)]
    best = 1e9
    for start in range(0, 50_000, 10_000):
        began = time.thread_time()
        for first in range(start, start + 10_000, 1_000):
            for waiting in work[first : first + 1_000]:
                pool.offer(waiting)
            pool.answered_all(sent.waiting.number for sent in pool.take(0))
        best = min(best, (time.thread_time() - began) / 10_000)
    assert best <= 6e-6


def test_a_hundred_thousand_waiting_cost_no_more_each_than_a_thousand() -> None:
    def cost(waiting: int) -> float:
        pool = pool_of(10, 2)
        for number in range(1, waiting + 1):
            pool.offer(Waiting(number, 1 + number % 10, NEW, number, 0))
        now, count, began = 0, 0, time.thread_time()
        while count < 1_000:
            now += 100 * MS
            for sent in pool.take(now):
                pool.answered(sent.waiting.number)
                count += 1
        return (time.thread_time() - began) / count

    assert min(cost(100_000) for _ in range(2)) < 5 * min(cost(1_200) for _ in range(3))


def test_thousands_of_facts_at_once_are_arranged_once() -> None:
    began = time.thread_time()
    pool = pool_of(1_000, 3)
    pool.offer(Waiting(1, 1_000, NEW, 1, 0))
    assert len(pool.take(0)) == 1
    assert pool.view(0).capacity == 60_000
    assert time.thread_time() - began < 2.0
