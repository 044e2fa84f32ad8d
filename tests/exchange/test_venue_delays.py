"""Delayed opening and closing 暫緩開收盤: both triggers, their edges, and what follows."""

from functools import partial

import numpy as np
import pytest

from tests.exchange import venue_days
from tests.exchange.venue_days import BOARD, FIXED, Day, pack_of, price, stock
from yunhai.exchange.delays import DelayWatch
from yunhai.exchange.sessions import Cause, Delay
from yunhai.exchange.venue import commands
from yunhai.kernel.money import QUANTITY_MAX
from yunhai.kernel.records import Kind

day_of = partial(venue_days.day_of, segments=(BOARD, FIXED))


def trial_at(day: Day, at: str, limit: str, lots: int) -> None:
    """Orders at `at` that move the trial price to `limit` with a larger volume than any before."""
    day.buy(at, lots, limit)
    day.sell(at, 2 * lots, limit)


@pytest.mark.parametrize(
    ("first", "then", "at", "late"),
    [
        ("100", "103.5", "08:59:12", False),  # exactly 3.5 % is not more than 3.5 %
        ("100", "104", "08:59:12", True),
        ("100", "96.5", "08:59:12", False),
        ("100", "96.4", "08:59:12", True),
        ("100", "104", "08:59:57", True),  # seen by the trial at 09:00:00 itself
        ("100", "104", "08:58:59", True),  # the trial at 08:59:00 differs from the one at 08:58:55
        ("100", "104", "08:58:50", False),  # before the last minute
    ],
)
def test_a_jump_of_the_trial_price_delays_the_opening(first: str, then: str, at: str, late: bool) -> None:
    day = day_of()
    trial_at(day, "08:40:00", first, 5)
    trial_at(day, at, then, 30)
    day.play(until="09:10:00")
    opened = [at for at, what in day.controls() if what.startswith("uncross")]
    assert opened == (["09:02:00"] if late else ["09:00:00"])
    assert next(trade[0] for trade in day.trades()) == opened[0]
    trials = [at for at, what in day.controls(trials=True, since="09:00:01") if what.startswith("trial")]
    assert len(trials) == (24 if late else 0), "trials go on every 5 s until the late opening"


def test_a_delayed_opening_takes_orders_and_changes_but_only_limit_rod() -> None:
    day = day_of()
    trial_at(day, "08:40:00", "100", 5)
    trial_at(day, "08:59:30", "104", 30)
    limit = day.buy("09:01:00", 1, "105")
    market = day.buy("09:01:01", 1)
    late = day.buy("09:02:00", 1)
    day.change(Kind.CANCEL, "09:01:30", limit)
    events = day.play(until="09:05:00")
    assert (day.outcomes()[limit], day.outcomes()[market], day.outcomes()[late]) == (0, 1010, 0)
    cancelled = events[events["kind"] == Kind.CANCEL]
    assert (cancelled["code"][0], cancelled["removed"][0]) == (0, 1000)
    opening = events[(events["kind"] == Kind.UNCROSS) & (events["book"] == day.venue.book("2330"))]
    assert opening["source"].tolist() == [Cause.DELAYED_OPEN]


@pytest.mark.parametrize(
    ("cancelled", "at", "late"),
    [(30, "08:59:00", True), (29, "08:59:00", False), (30, "08:58:59", False), (30, "08:59:59.9", True)],
)
def test_cancelling_three_tenths_in_the_last_minute_delays_the_opening(cancelled: int, at: str, late: bool) -> None:
    """30 % of the quantity entered before the opening: 30 of 100 lots delay, 29 do not."""
    day = day_of()
    small = [day.buy("08:30:00", 1, "98") for _ in range(cancelled)]
    day.buy("08:30:00", 100 - cancelled - 10, "97")
    trial_at(day, "08:31:00", "100", 3)
    day.sell("08:31:00", 1, "101")
    for order in small:
        day.change(Kind.CANCEL, at, order)
    day.play(until="09:10:00")
    assert [at for at, what in day.controls() if what == "continuous"] == (["09:02:00"] if late else ["09:00:00"])


@pytest.mark.parametrize(("kind", "late"), [(Kind.CUT, True), (Kind.REPRICE, True), (None, False)])
def test_cuts_and_price_changes_count_as_changed(kind: Kind | None, late: bool) -> None:
    day = day_of()
    order = day.buy("08:30:00", 50, "98")
    day.sell("08:30:00", 50, "101")
    if kind is Kind.CUT:
        day.change(kind, "08:59:30", order, quantity=30_000)
    elif kind is Kind.REPRICE:
        day.change(kind, "08:59:30", order, limit="97.5")
    day.play(until="09:10:00")
    assert [at for at, what in day.controls() if what == "continuous"] == (["09:02:00"] if late else ["09:00:00"])


def test_a_delayed_close_stops_for_a_minute_and_matches_three_minutes_late() -> None:
    day = day_of()
    trial_at(day, "13:26:00", "100", 5)
    trial_at(day, "13:29:30", "104", 30)
    pause = day.buy("13:30:30", 1, "104")
    again = day.buy("13:31:00", 1, "105")
    over = day.buy("13:33:00", 1, "105")
    fixed = day.buy("14:00:00", 1, "104", segment=FIXED)
    day.play()
    assert {order: day.outcomes()[order] for order in (pause, again, over, fixed)} == {
        pause: 1004,
        again: 0,
        over: 1005,
        fixed: 0,
    }
    assert day.controls(since="13:25:00") == [
        ("13:25:00", "collect"),
        ("13:30:00", "before"),
        ("13:31:00", "collect"),
        ("13:33:00", "uncross 104.00 x 31000"),
        ("13:33:00", "expire"),
        ("13:33:00", "after"),
    ]
    assert day.venue.closing_prices() == {"2330": price("104")}


def test_one_security_late_the_others_not() -> None:
    day = day_of(stock("2330"), stock("2317"))
    for code in ("2330", "2317"):
        day.buy("13:26:00", 5, "100", code=code)
        day.sell("13:26:00", 5, "100", code=code)
    trial_at(day, "13:29:30", "104", 30)
    day.play()
    assert day.trades(code="2317") == [("13:30:00", "100.00", 5000)]
    assert next(at for at, _, _ in day.trades(code="2330")) == "13:33:00"


def test_a_close_is_not_delayed_twice_unless_the_pack_says_so() -> None:
    assert not pack_of("twse-2026").settings.second_delayed_close.value
    day = day_of()
    trial_at(day, "13:26:00", "100", 5)
    trial_at(day, "13:29:30", "104", 30)
    trial_at(day, "13:32:30", "96", 300)
    day.play()
    assert [at for at, what in day.controls(segment=BOARD) if what == "expire"] == ["13:33:00"]


def test_suspension_during_a_late_close_still_ends_the_session() -> None:
    """What rests stays until the delayed close; there is no auction."""
    day = day_of()
    trial_at(day, "13:26:00", "100", 5)
    trial_at(day, "13:29:30", "104", 30)
    day.play(until="13:31:30")
    day.venue.suspend("2330", day.venue.now)
    day.play()
    assert day.controls(since="13:31:01") == [("13:31:30", "suspended"), ("13:33:00", "expire")]
    assert not any(quantity.orders.sum() for quantity in day.engine.depth(day.venue.book("2330"), 5))


def resumed(day: Day, suspend: str, resume: str) -> Day:
    """Suspended and resumed at these times, then played to the end."""
    day.play(until=suspend)
    day.venue.suspend("2330", day.plan.at(venue_days.ns(suspend)))
    day.play(until=resume)
    day.venue.resume("2330", day.plan.at(venue_days.ns(resume)))
    day.play()
    return day


@pytest.mark.parametrize("suspend", ["08:59:45", "09:00:30"])
def test_a_book_resumed_while_its_opening_is_delayed_still_opens_late(suspend: str) -> None:
    """Suspended after the test it waits for 09:02 when resumed before; suspended before the test it was never put off."""
    day = day_of()
    trial_at(day, "08:40:00", "100", 5)
    trial_at(day, "08:59:30", "104", 30)
    resumed(day, suspend, "09:01:00")
    put_off = suspend > "09:00:00"
    opened = "09:02:00" if put_off else "09:01:00"
    assert day.controls(since="09:01:00")[:3] == [
        ("09:01:00", "collect"),
        (opened, "uncross 104.00 x 30000"),
        (opened, "continuous"),
    ]
    trials = [at for at, what in day.controls(trials=True, since="09:01:01") if what.startswith("trial") and at < "13"]
    assert len(trials) == (12 if put_off else 0), "trials are shown again until the late opening"


def test_a_book_resumed_after_the_delayed_opening_opens_at_once() -> None:
    day = day_of()
    trial_at(day, "08:40:00", "100", 5)
    trial_at(day, "08:59:30", "104", 30)
    resumed(day, "09:00:30", "09:02:00")
    assert day.trades()[0][0] == "09:02:00"
    later = day_of()
    trial_at(later, "08:40:00", "100", 5)
    trial_at(later, "08:59:30", "104", 30)
    resumed(later, "09:00:30", "09:05:00")
    assert later.trades()[0][0] == "09:05:00"


@pytest.mark.parametrize(
    ("suspend", "resume", "entered"),
    [
        ("13:30:20", "13:30:40", [("13:30:40", "before"), ("13:31:00", "collect")]),
        ("13:30:20", "13:31:00", [("13:31:00", "collect")]),
        ("13:31:10", "13:32:00", [("13:32:00", "collect")]),
    ],
)
def test_a_book_resumed_while_its_close_is_delayed_still_closes_late(
    suspend: str, resume: str, entered: list[tuple[str, str]]
) -> None:
    day = day_of()
    trial_at(day, "13:26:00", "100", 5)
    trial_at(day, "13:29:30", "104", 30)
    resumed(day, suspend, resume)
    assert day.controls(since=resume) == [
        *entered,
        ("13:33:00", "uncross 104.00 x 30000"),
        ("13:33:00", "expire"),
        ("13:33:00", "after"),
    ]
    fresh = day_of()
    fresh.venue.rebuild([day.events()])
    assert fresh.events().tobytes() == day.events().tobytes()


def test_the_watch_adds_up_what_64_bits_times_a_million_would_not_hold() -> None:
    """9,000 orders of the largest quantity, a third of them cancelled: 29 % do not delay, 30 % do."""
    watch = DelayWatch(1)
    book = np.zeros(1, np.int64)
    orders = commands(9_000)
    orders["kind"], orders["state"], orders["quantity"] = Kind.NEW, 1, QUANTITY_MAX
    for cancelled, late in ((2_699, False), (2_700, True)):
        watch.collect(book, counting=True)
        watch.watch(book, Delay(price_ppm=0, changed_ppm=300_000, delay_ns=1, entry_ns=0, repeat=False))
        gone = orders[:cancelled].copy()
        gone["kind"], gone["removed"] = Kind.CANCEL, QUANTITY_MAX
        watch.observe_orders(orders)
        watch.observe_orders(gone)
        assert watch.test(book).tolist() == [late]


def test_a_day_of_delays_is_rebuilt_from_its_events_and_equal_on_both_engines() -> None:
    def delayed(engine: venue_days.MakeEngine) -> Day:
        day = day_of(engine=engine)
        trial_at(day, "08:40:00", "100", 5)
        trial_at(day, "08:59:30", "104", 30)
        trial_at(day, "13:26:00", "100", 5)
        trial_at(day, "13:29:30", "104", 90)
        day.buy("13:31:05", 2, "106")
        day.play()
        return day

    native, readable = delayed(venue_days.native_engine), delayed(venue_days.reference_engine)
    events = native.events()
    assert set(events["source"][events["kind"] == Kind.UNCROSS]) >= {Cause.DELAYED_OPEN, Cause.DELAYED_CLOSE}
    assert events.tobytes() == readable.events().tobytes()
    fresh = day_of()
    fresh.venue.rebuild([events[:77], events[77:700], events[700:]])
    assert fresh.events().tobytes() == events.tobytes()
