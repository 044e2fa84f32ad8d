"""A regular day: when what is accepted, what trades, what the day's prices are."""

from dataclasses import replace

import numpy as np
import pytest

from tests.exchange.venue_days import (
    BOARD,
    FIXED,
    ODD,
    ODD_AFTER,
    SegmentName,
    day_of,
    native_engine,
    ns,
    pack_of,
    price,
    stock,
)
from yunhai.exchange.tally import Tally
from yunhai.exchange.venue import Venue, commands
from yunhai.exchange.venue_config import plan_day
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.money import PRICE_MAX, QUANTITY_MAX
from yunhai.kernel.records import RECORD, TRADE, Kind, Side, TimeInForce


def test_a_regular_day_step_by_step() -> None:
    day = day_of()
    day.buy("08:30:00", 5, "100.5")
    day.sell("08:45:00", 3, "99.5")
    day.sell("10:00:00", 1, "100.5")
    day.buy("13:26:00", 2, "101")
    day.sell("13:27:00", 4, "101")
    day.play()
    assert day.controls() == [
        ("08:30:00", "collect"),
        ("09:00:00", "uncross 100.50 x 3000"),
        ("09:00:00", "continuous"),
        ("13:25:00", "collect"),
        ("13:30:00", "uncross 101.00 x 2000"),
        ("13:30:00", "expire"),
        ("13:30:00", "after"),
    ]
    assert day.trades() == [("09:00:00", "100.50", 3000), ("10:00:00", "100.50", 1000), ("13:30:00", "101.00", 2000)]
    tally = day.venue.tally("2330")
    assert (tally.open, tally.high, tally.low, tally.last) == tuple(price(p) for p in ("100.5", "101", "100.5", "101"))
    assert (tally.volume, tally.trades, tally.value) == (6000, 3, price("604000"))
    assert day.venue.closing_prices() == {"2330": price("101")}
    assert day.kinds(Kind.REMOVED) == [("13:30:00", "100.50"), ("13:30:00", "101.00")], "rests of both sides expire"


TAKEN = (
    ("08:29:59.999999999", BOARD, "100", TimeInForce.ROD, 1004),
    ("08:30:00", BOARD, "100", TimeInForce.ROD, 0),
    ("08:59:59.999999999", BOARD, "", TimeInForce.ROD, 1010),
    ("09:00:00", BOARD, "", TimeInForce.ROD, 0),
    ("09:00:00", BOARD, "100", TimeInForce.IOC, 1027),
    ("13:24:59.999999999", BOARD, "", TimeInForce.ROD, 0),
    ("13:25:00", BOARD, "", TimeInForce.ROD, 1010),
    ("13:25:00", BOARD, "100", TimeInForce.FOK, 1010),
    ("13:29:59.999999999", BOARD, "100", TimeInForce.ROD, 0),
    ("13:30:00", BOARD, "100", TimeInForce.ROD, 1005),
    ("08:59:59", ODD, "100", TimeInForce.ROD, 1004),
    ("09:00:00", ODD, "100", TimeInForce.ROD, 0),
    ("10:00:00", ODD, "", TimeInForce.ROD, 1010),
    ("13:30:00", ODD, "100", TimeInForce.ROD, 1005),
    ("13:39:59", ODD_AFTER, "100", TimeInForce.ROD, 1004),
    ("13:40:00", ODD_AFTER, "100", TimeInForce.ROD, 0),
    ("14:30:00", ODD_AFTER, "100", TimeInForce.ROD, 1005),
    ("13:59:59", FIXED, "100", TimeInForce.ROD, 1002),
    ("14:00:00", FIXED, "100", TimeInForce.ROD, 0),
    ("14:00:00", FIXED, "100.5", TimeInForce.ROD, 1015),
    ("14:30:00", FIXED, "100", TimeInForce.ROD, 1005),
)


def test_what_is_taken_when() -> None:
    """Controls due at an order's own moment come before it. 2330 closes at 100."""
    day = day_of()
    day.buy("08:30:00", 1, "100")
    day.sell("08:30:00", 1, "100")
    expected = {}
    for at, segment, limit, tif, code in TAKEN:
        quantity = 1000 if segment in (BOARD, FIXED) else 10
        expected[day.new(at, Side.BUY, quantity, limit, segment=segment, tif=tif)] = (at, segment, code)
    day.play()
    outcomes = day.outcomes()
    assert [(at, segment, outcomes[order]) for order, (at, segment, _) in expected.items()] == [*expected.values()]


def test_odd_lots_and_fixed_price_leave_the_day_prices_alone() -> None:
    day = day_of()
    day.buy("08:30:00", 1, "100")
    day.sell("08:30:00", 1, "100")
    for segment, at, limit in ((ODD, "09:05:00", "102"), (ODD_AFTER, "13:45:00", "98"), (FIXED, "14:10:00", "100")):
        quantity = 2000 if segment is FIXED else 7
        day.new(at, Side.BUY, quantity, limit, segment=segment)
        day.new(at, Side.SELL, quantity, limit, segment=segment)
    day.play()
    assert day.trades(segment=ODD) == [("09:10:00", "102.00", 7)]
    assert day.trades(segment=ODD_AFTER) == [("14:30:00", "98.00", 7)]
    assert day.trades(segment=FIXED) == [("14:30:00", "100.00", 2000)]
    tally = day.venue.tally("2330")
    assert (tally.open, tally.high, tally.low, tally.last, tally.volume) == (*[price("100")] * 4, 1000)
    assert day.venue.tally("2330", ODD).volume == 7


def test_odd_lots_do_not_carry_over() -> None:
    day = day_of()
    day.new("10:00:00", Side.BUY, 9, "100", segment=ODD)
    day.new("13:50:00", Side.SELL, 9, "100", segment=ODD_AFTER)
    day.play()
    assert day.trades(segment=ODD_AFTER) == []
    assert day.kinds(Kind.REMOVED, segment=ODD) == [("13:30:00", "100.00")]


def test_fixed_price_rank_is_random_and_comes_from_the_seed() -> None:
    """Forty buys want the one lot on offer each: who gets it is not the order of arrival, and repeats with the seed."""

    def winners(seed: int) -> list[int]:
        day = day_of(seed=seed)
        day.buy("08:30:00", 1, "100")
        day.sell("08:30:00", 1, "100")
        for second in range(40):
            day.buy(f"14:01:{second:02d}", 1, "100", segment=FIXED)
        day.sell("14:05:00", 10, "100", segment=FIXED)
        events = day.play()
        fills = events[(events["kind"] == Kind.FILL) & (events["book"] == day.venue.book("2330", FIXED))]
        return [int(row["order_id"]) for row in fills if row["order_id"] < 43]

    first = winners(1)
    assert len(first) == 10
    assert first != sorted(first)
    assert winners(1) == first
    assert winners(2) != first


def test_no_close_means_no_fixed_price_trading() -> None:
    """Only securities with a closing price are listed after hours; the number of the book exists all the same."""
    day = day_of(stock("2330"), stock("2317", "200"))
    day.buy("08:30:00", 1, "200", code="2317")
    day.sell("08:30:00", 1, "200", code="2317")
    refused = day.buy("14:00:01", 1, "100", code="2330", segment=FIXED)
    taken = day.buy("14:00:02", 1, "200", code="2317", segment=FIXED)
    day.play()
    assert (day.outcomes()[refused], day.outcomes()[taken]) == (1006, 0)


def test_suspended_all_day() -> None:
    day = day_of(stock("2330", suspended=True), stock("2317"))
    orders = [day.buy(at, 1, "100") for at in ("08:30:00", "10:00:00", "13:26:00")]
    other = day.buy("10:00:00", 1, "100", code="2317")
    day.play()
    assert [day.outcomes()[order] for order in orders] == [1006, 1006, 1006]
    assert day.outcomes()[other] == 0
    assert day.controls() == [("08:30:00", "suspended"), ("13:30:00", "expire")]


def test_suspended_and_resumed_in_the_session() -> None:
    """What rests stays; on resumption a call auction comes first, then continuous trading."""
    day = day_of()
    day.buy("09:30:00", 2, "100")
    day.play(until="10:00:00")
    day.venue.suspend("2330", day.plan.at(ns("10:00:00")))
    refused = day.sell("10:30:00", 1, "100")
    day.play(until="11:00:00")
    day.venue.resume("2330", day.plan.at(ns("11:00:00")))
    day.sell("11:00:00", 1, "100")
    day.play()
    assert day.outcomes()[refused] == 1006
    assert day.trades() == [("11:00:00", "100.00", 1000)]
    assert day.controls(since="09:00:01")[:4] == [
        ("10:00:00", "suspended"),
        ("11:00:00", "collect"),
        ("11:00:00", "uncross"),
        ("11:00:00", "continuous"),
    ]


def test_suspended_before_the_open_and_resumed_after_opens_by_auction() -> None:
    """A crossed book never enters continuous trading."""
    day = day_of()
    day.buy("08:40:00", 1, "101")
    day.sell("08:41:00", 1, "99")
    day.play(until="08:50:00")
    day.venue.suspend("2330", day.plan.at(ns("08:50:00")))
    day.venue.suspend("2330", day.plan.at(ns("08:55:00")))
    day.venue.resume("2330", day.plan.at(ns("09:30:00")))
    day.play()
    assert day.trades() == [("09:30:00", "100.00", 1000)]
    assert day.controls()[:5] == [
        ("08:30:00", "collect"),
        ("08:50:00", "suspended"),
        ("09:30:00", "collect"),
        ("09:30:00", "uncross 100.00 x 1000"),
        ("09:30:00", "continuous"),
    ]


def test_new_listing_has_no_limit_no_market_orders_and_no_interruption() -> None:
    day = day_of(stock("2330", unlimited=True))
    market = day.buy("10:00:00", 1)
    wide = day.sell("10:00:01", 1, "300")
    taker = day.buy("10:00:02", 1, "300")
    day.play()
    assert day.outcomes() == {market: 1010, wide: 0, taker: 0}
    assert day.trades() == [("10:00:02", "300.00", 1000)]
    assert not day.kinds(Kind.HALTED)


def test_book_numbers_are_known_beforehand() -> None:
    day = day_of(stock("2330"), stock("2317"))
    numbers = {(code, segment): day.venue.book(code, segment) for code in ("2330", "2317") for segment in SegmentName}
    assert sorted(numbers.values()) == list(range(8))
    assert all(day.venue.place(number) == place for place, number in numbers.items())
    day.play()
    assert len(day.venue.configs()) == 8


@pytest.mark.parametrize(
    ("times", "code"),
    [(("10:00:01", "10:00:00"), 2501), (("08:00:00",), 2502)],
)
def test_orders_out_of_time_change_nothing(times: tuple[str, ...], code: int) -> None:
    day = day_of()
    day.play(until="09:30:00")
    before = (day.engine.state(), len(day.events()))
    batch = commands(len(times))
    batch["kind"] = Kind.NEW
    batch["time"] = [day.plan.at(ns(text)) for text in times]
    with pytest.raises(YunhaiError) as refused:
        day.venue.process(batch)
    assert refused.value.code == code
    assert (day.engine.state(), len(day.events())) == before


@pytest.mark.parametrize("kind", [0, 5, Kind.PHASE, Kind.UNCROSS, Kind.EXPIRE, Kind.TRADE, 255])
def test_only_order_commands_come_from_outside(kind: int) -> None:
    """Nobody opens, uncrosses or closes a book but the venue; a good order beside the bad one is not run either."""
    day = day_of(segments=(BOARD,))
    day.buy("09:00:00", 1, "100")
    day.buy("09:00:01", 1, "100")
    orders = day.order_array()
    orders["kind"][1] = kind
    with pytest.raises(YunhaiError) as refused:
        day.venue.process(orders)
    assert (refused.value.code, refused.value.details["row"]) == (2506, 1)
    assert not len(day.events())


def test_orders_cut_out_of_a_larger_array_are_taken() -> None:
    """The controls due before the first order are not issued for nothing."""
    day, other = day_of(segments=(BOARD,)), day_of(segments=(BOARD,))
    for at in range(4):
        day.buy(f"09:00:0{at}", 1, "100")
    orders = day.order_array()
    day.venue.process(orders[::2])
    other.venue.process(orders[::2].copy())
    assert day.events().tobytes() == other.events().tobytes()
    assert [order for order, code in day.outcomes().items() if code == 0] == [1, 3]


@pytest.mark.parametrize(
    "strange", [np.zeros(3, np.int64), np.zeros(2, TRADE), np.zeros((1, 2), RECORD)], ids=["numbers", "trades", "table"]
)
def test_what_is_no_row_of_records_is_refused_before_anything_is_done(strange: np.ndarray) -> None:
    day = day_of(segments=(BOARD,))
    with pytest.raises(YunhaiError) as refused:
        day.venue.process(strange)
    assert refused.value.code == 2507
    assert not len(day.events())


def test_a_security_traded_by_the_share_has_no_odd_lots() -> None:
    day = day_of(stock("2330", lot=1), stock("2317"))
    day.new("10:00:00", Side.BUY, 7, "100")
    day.new("10:00:00", Side.SELL, 7, "100")
    day.play()
    assert day.trades() == [("10:00:00", "100.00", 7)]
    for segment in (ODD, ODD_AFTER):
        assert day.venue.book("2317", segment) > 0
        with pytest.raises(YunhaiError) as refused:
            day.venue.book("2330", segment)
        assert refused.value.code == 2503


def test_sums_of_values_never_wrap() -> None:
    """Each of five trades is worth 4.3e18, so that two and more of them pass 2^63."""
    tally = Tally(2)
    trades = np.zeros(5, TRADE)
    trades["kind"], trades["price"], trades["quantity"], trades["book"] = Kind.TRADE, PRICE_MAX, QUANTITY_MAX, 1
    for part in (trades[:2], trades[2:]):
        tally.add(part.view(RECORD))
    assert tally.of(1).value == 5 * PRICE_MAX * QUANTITY_MAX > 1 << 64
    assert tally.of(1).volume == 5 * QUANTITY_MAX
    assert tally.of(0).value == 0


def test_what_a_venue_refuses() -> None:
    day = day_of()
    for call, code in (
        (lambda: day.venue.book("9999"), 2503),
        (lambda: day.venue.suspend("9999", day.venue.now), 2301),
        (lambda: day_of(stock("2330"), stock("2330")), 2510),
        (lambda: day_of(stock("2330", treatment="nonsense")), 2511),
        (lambda: day_of(stock("2330", lot=0)), 2512),
        (lambda: day_of(stock("2330", lot=-1)), 2512),
        (lambda: day_of(stock("2330", lot=2**32)), 2512),
        (lambda: Venue(day.plan, engine=day.engine, sink=lambda _: None), 2504),
    ):
        with pytest.raises(YunhaiError) as refused:
            call()
        assert refused.value.code == code


def test_another_closing_price_rule_needs_no_code() -> None:
    """The timetable is data: the same venue closes at 13:00 when the pack says so."""
    pack = pack_of("twse-2026")
    opening, continuous, closing = pack.board.spans
    spans = (
        opening,
        replace(continuous, end=ns("12:55:00")),
        replace(closing, start=ns("12:55:00"), end=ns("13:00:00"), delay=None, trial_from=ns("12:55:00")),
    )
    segments = {BOARD: replace(pack.board, spans=spans)}
    plan = plan_day(pack=replace(pack, segments=segments), day=day_of().plan.day, instruments=[stock("1101")], seed=1)
    chunks: list[np.ndarray] = []
    venue = Venue(plan, engine=native_engine(), sink=lambda events: chunks.append(events.copy()))
    venue.finish()
    assert venue.now == chunks[-1]["time"][-1] == plan.at(ns("13:00:00"))
