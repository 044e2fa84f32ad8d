"""Volatility interruptions 瞬間價格穩定措施: two minutes of collecting, an auction, then on; and at awkward times."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from tests.exchange import venue_days
from tests.exchange.venue_days import BOARD, FIXED, Day, ns, pack_of, stock
from yunhai.kernel.records import Kind, TimeInForce

day_of = partial(venue_days.day_of, segments=(BOARD, FIXED))


def ladder_up(day: Day, at: str) -> None:
    """Opens at 100, then asks at 103, 103.5 and 104 (market-rules 2.10)."""
    day.buy("08:40:00", 1, "100")
    day.sell("08:40:00", 1, "100")
    for limit in ("103", "103.5", "104"):
        day.sell(at, 10, limit)


def test_the_rule_books_example() -> None:
    """Reference 100, band 96.5-103.5: a limit buy at 104 for 30 trades 20, rests 10 and stops the stock two minutes."""
    day = day_of()
    ladder_up(day, "09:00:30")
    buyer = day.buy("09:01:00", 30, "104")
    market = day.buy("09:01:30", 1)
    inside = day.sell("09:02:00", 3, "104")
    day.play(until="09:05:00")
    assert day.trades()[1:] == [
        ("09:01:00", "103.00", 10_000),
        ("09:01:00", "103.50", 10_000),
        ("09:03:00", "104.00", 10_000),
    ]
    assert (day.outcomes()[buyer], day.outcomes()[market], day.outcomes()[inside]) == (0, 1010, 0)
    assert day.controls(since="09:00:01") == [("09:03:00", "uncross 104.00 x 10000"), ("09:03:00", "continuous")]
    trials = [at for at, what in day.controls(trials=True, since="09:00:01") if what.startswith("trial")]
    assert (trials[0], trials[-1], len(trials)) == ("09:01:05", "09:03:00", 24)


@pytest.mark.parametrize(("tif", "code", "traded"), [(TimeInForce.IOC, 1102, 20_000), (TimeInForce.FOK, 1028, 0)])
def test_only_limit_rod_interrupts(tif: TimeInForce, code: int, traded: int) -> None:
    day = day_of()
    ladder_up(day, "09:00:30")
    order = day.buy("09:01:00", 30, "104", tif=tif)
    day.play(until="09:05:00")
    assert day.outcomes()[order] == code
    assert sum(quantity for _, _, quantity in day.trades()[1:]) == traded
    assert not day.kinds(Kind.HALTED)


def test_an_interruption_that_reaches_into_the_closing_collection_joins_it() -> None:
    """13:24:00 + 2 min lies beyond 13:25: no auction at 13:26, the stock closes with the others at 13:30."""
    day = day_of()
    ladder_up(day, "13:23:00")
    day.buy("13:24:00", 30, "104")
    day.play()
    assert day.kinds(Kind.HALTED) == [("13:24:00", "100.00")]
    assert day.controls(since="13:20:00") == [
        ("13:25:00", "collect"),
        ("13:30:00", "uncross 104.00 x 10000"),
        ("13:30:00", "expire"),
        ("13:30:00", "after"),
    ]


@pytest.mark.parametrize(
    ("halted", "ends"),
    [("13:22:59.999999999", "13:24:59.999999999"), ("13:23:00", None), ("13:24:59.999999999", None)],
)
def test_the_last_moment_to_end_before_the_closing_collection(halted: str, ends: str | None) -> None:
    day = day_of()
    ladder_up(day, "13:20:00")
    day.buy(halted, 30, "104")
    day.play()
    assert day.kinds(Kind.HALTED) == [(halted, "100.00")]
    ended = [at for at, what in day.controls(since="13:20:00") if what == "continuous"]
    assert ended == ([ends] if ends else [])


def test_no_interruption_in_the_closing_collection_nor_before_the_open() -> None:
    day = day_of()
    ladder_up(day, "09:00:30")
    day.buy("13:25:00", 30, "104")
    day.play()
    assert not day.kinds(Kind.HALTED)
    assert day.trades()[-1][:2] == ("13:30:00", "104.00")


def test_two_interruptions_in_a_row_and_two_stocks_at_once() -> None:
    day = day_of(stock("2330"), stock("2317"))
    for code in ("2330", "2317"):
        day.buy("08:40:00", 1, "100", code=code)
        day.sell("08:40:00", 1, "100", code=code)
        day.sell("09:10:00", 10, "104", code=code)
    day.buy("09:20:00", 10, "104", code="2330")
    day.buy("09:20:01", 5, "104", code="2317")
    day.sell("09:30:00", 10, "109", code="2330")
    day.buy("09:30:01.5", 10, "109", code="2330")
    day.play(until="10:00:00")
    assert day.kinds(Kind.HALTED, code="2330") == [("09:20:00", "100.00"), ("09:30:01.5", "100.00")]
    assert [at for at, _, _ in day.trades(code="2330")] == ["09:00:00", "09:22:00", "09:32:01.5"]
    assert [at for at, _, _ in day.trades(code="2317")] == ["09:00:00", "09:22:01"]


def test_a_halt_inside_a_burst_of_orders_ends_on_time() -> None:
    """Orders without a pause around the halt: the auction comes between them at its own moment."""
    day = day_of()
    ladder_up(day, "09:00:30")
    day.buy("09:01:00", 30, "104")
    for hundredth in range(300):
        moment = 58 * 100 + hundredth
        day.buy(f"09:{2 + moment // 6000:02d}:{moment % 6000 // 100:02d}.{moment % 100:02d}", 1, "95")
    events = day.play(until="09:05:00")
    board = events[events["book"] == day.venue.book("2330")]
    at_end = day.plan.at(ns("09:03:00"))
    auctions = np.flatnonzero((board["kind"] == Kind.UNCROSS) & (board["time"] == at_end))
    before = np.flatnonzero((board["kind"] == Kind.NEW) & (board["time"] < at_end))
    after = np.flatnonzero((board["kind"] == Kind.NEW) & (board["time"] >= at_end))
    assert before.max() < auctions[0] < after.min()
    assert (len(auctions), len(before), len(after)) == (1, 6 + 200, 100)


def test_suspension_ends_an_interruption() -> None:
    day = day_of()
    ladder_up(day, "09:00:30")
    day.buy("09:01:00", 30, "104")
    day.play(until="09:02:00")
    day.venue.suspend("2330", day.venue.now)
    day.play(until="09:30:00")
    assert day.controls(since="09:00:01") == [("09:02:00", "suspended")], "no auction while suspended"


@pytest.mark.parametrize(("reference", "halts"), [("0.99", False), ("1", True)])  # 1.04 is outside both bands
def test_cheap_securities_are_not_watched(reference: str, halts: bool) -> None:
    day = day_of(stock("2330", reference))
    day.buy("08:40:00", 1, reference)
    day.sell("08:40:00", 1, reference)
    day.sell("09:10:00", 1, "1.04")
    day.buy("09:11:00", 1, "1.04")
    day.play(until="09:20:00")
    assert bool(day.kinds(Kind.HALTED)) is halts


def test_an_interruption_cut_short_by_a_break_owes_its_auction() -> None:
    """A market with a lunch break: the book is crossed at 11:30 and is matched when trading goes on at 13:00."""
    pack = pack_of("twse-2026")
    opening, continuous, closing = pack.board.spans
    morning = replace(continuous, name="morning", end=ns("11:30:00"))
    afternoon = replace(continuous, name="afternoon", start=ns("13:00:00"))
    board = replace(pack.board, spans=(opening, morning, afternoon, closing))
    day = venue_days.day_of(pack=replace(pack, segments={BOARD: board}))
    ladder_up(day, "11:20:00")
    day.buy("11:29:30", 30, "104")
    lunch = day.buy("12:00:00", 1, "104")
    after = day.buy("13:00:00", 1)
    day.play()
    assert (day.outcomes()[lunch], day.outcomes()[after]) == (1004, 0)
    assert day.controls(since="11:00:00")[:5] == [
        ("11:30:00", "before"),
        ("13:00:00", "continuous (1202)"),
        ("13:00:00", "collect"),
        ("13:00:00", "uncross 104.00 x 10000"),
        ("13:00:00", "continuous"),
    ]


def test_a_suspension_does_not_cut_an_interruption_short() -> None:
    """Resumed before the interruption would have ended, the book is still interrupted; later it opens at once."""
    for resume, entered, opened in (("10:01:00", "halted", "10:02:00"), ("10:02:00", "collect", "10:02:00")):
        day = day_of()
        ladder_up(day, "09:59:00")
        day.buy("10:00:00", 30, "104")
        day.play(until="10:00:30")
        day.venue.suspend("2330", day.plan.at(ns("10:00:30")))
        day.play(until=resume)
        day.venue.resume("2330", day.plan.at(ns(resume)))
        day.play()
        assert day.controls(since=resume)[:3] == [
            (resume, entered),
            (opened, "uncross 104.00 x 10000"),
            (opened, "continuous"),
        ]
