"""Periodic matching 分盤集合競價: disposition and altered trading, odd lots, the market of 2013; deferred auctions."""

from dataclasses import replace
from datetime import date

import pytest

from tests.exchange.venue_days import BOARD, ODD, ODD_AFTER, Day, day_of, ns, pack_of, stock
from yunhai.exchange.sessions import Cause
from yunhai.exchange.venue_config import TradedToday
from yunhai.kernel.records import Kind, Side, TimeInForce


def pair(day: Day, at: str, limit: str, lots: int = 1) -> None:
    day.buy(at, lots, limit)
    day.sell(at, lots, limit)


@pytest.mark.parametrize(
    ("instrument", "matched"),
    [
        (stock("2330", treatment="disposition-first"), "09:05:00"),
        (stock("2330", treatment="disposition-second"), "09:20:00"),
        (stock("2330", treatment="altered-periodic"), "09:30:00"),
        (stock("2330", treatment="altered-periodic", match_seconds=2700), "09:45:00"),  # the day's list says 45 minutes
        (stock("2330", treatment="altered"), "09:01:00"),  # full delivery alone trades continuously
    ],
)
def test_treated_securities_wait_for_their_match(instrument: TradedToday, matched: str) -> None:
    day = day_of(instrument)
    pair(day, "08:40:00", "100")
    pair(day, "09:01:00", "101")
    market = day.buy("09:02:00", 1)
    ioc = day.buy("09:02:00", 1, "100", tif=TimeInForce.IOC)
    pair(day, "13:26:00", "102")
    day.play()
    assert [at for at, _, _ in day.trades()] == ["09:00:00", matched, "13:30:00"]
    continuous = instrument.treatment == "altered"
    assert day.outcomes()[market] == (0 if continuous else 1010)
    assert day.outcomes()[ioc] == (1027 if continuous else 1010)


def test_a_match_far_from_the_last_trade_is_put_off_two_minutes() -> None:
    """Art. 58-9: 104 after 100 waits from 09:05 to 09:07 and is then matched whatever the price; the cycle goes on."""
    day = day_of(stock("2330", treatment="disposition-first"))
    pair(day, "08:40:00", "100")
    pair(day, "09:02:00", "104")
    pair(day, "09:08:00", "104.5")
    events = day.play(until="09:30:00")
    assert day.trades()[1:] == [("09:07:00", "104.00", 1000), ("09:10:00", "104.50", 1000)]
    assert day.controls(since="09:00:01")[:3] == [
        ("09:05:00", "uncross 104.00 x 1000 (1203)"),
        ("09:07:00", "uncross 104.00 x 1000"),
        ("09:10:00", "uncross 104.50 x 1000"),
    ]
    late = events[(events["kind"] == Kind.UNCROSS) & (events["source"] == Cause.DEFERRED)]
    assert len(late) == 1
    assert not day.kinds(Kind.HALTED), "no interruption of the other kind"


def test_odd_lots_put_off_and_taken_up_again() -> None:
    """3.5 % from the last odd-lot trade: the match waits two minutes, trials are shown, the cycle resumes after it."""
    day = day_of()
    for at, limit in (("09:05:00", "100"), ("09:30:01", "104"), ("09:32:06", "104.5")):
        day.new(at, Side.BUY, 5, limit, segment=ODD)
        day.new(at, Side.SELL, 5, limit, segment=ODD)
    day.play(until="09:40:00")
    assert day.trades(segment=ODD) == [
        ("09:10:00", "100.00", 5),
        ("09:32:05", "104.00", 5),
        ("09:32:10", "104.50", 5),
    ]
    shown = [at for at, what in day.controls(segment=ODD, trials=True, since="09:30:05") if what.startswith("trial")]
    assert (shown[0], shown[-1], len(shown)) == ("09:30:10", "09:32:05", 24)
    assert ("09:30:05", "uncross 104.00 x 5 (1203)") in day.controls(segment=ODD)


@pytest.mark.parametrize(
    ("at", "matched"), [("13:24:51", "13:26:55"), ("13:24:56", "13:25:00"), ("13:29:56", "13:30:00")]
)
def test_odd_lots_are_not_put_off_after_13_25(at: str, matched: str) -> None:
    day = day_of()
    for moment, limit in (("09:05:00", "100"), (at, "104")):
        day.new(moment, Side.BUY, 5, limit, segment=ODD)
        day.new(moment, Side.SELL, 5, limit, segment=ODD)
    day.play()
    assert day.trades(segment=ODD)[1:] == [(matched, "104.00", 5)]


def test_no_deferral_without_limits() -> None:
    day = day_of(stock("2330", unlimited=True))
    for moment, limit in (("09:05:00", "100"), ("10:00:01", "150")):
        day.new(moment, Side.BUY, 5, limit, segment=ODD)
        day.new(moment, Side.SELL, 5, limit, segment=ODD)
    day.play(until="11:00:00")
    assert day.trades(segment=ODD)[1:] == [("10:00:05", "150.00", 5)]


def test_odd_lot_actions() -> None:
    """Odd lots can be cancelled and cut, never re-priced; 1-999 shares."""
    day = day_of()
    order = day.new("09:01:00", Side.BUY, 999, "100", segment=ODD)
    too_many = day.new("09:01:00", Side.BUY, 1000, "100", segment=ODD)
    day.change(Kind.REPRICE, "09:02:00", order, limit="99")
    day.orders[-1]["book"] = day.venue.book("2330", ODD)
    day.play(until="09:10:00")
    events = day.events()
    assert day.outcomes()[too_many] == 1013
    assert events[events["kind"] == Kind.REPRICE]["code"].tolist() == [1025]


class Test2013:
    """Limit ROD only, 7 %, call auctions of 20 seconds, no change of price."""

    @staticmethod
    def day(when: date = date(2013, 6, 28)) -> Day:
        return day_of(pack=pack_of("twse-2013"), day=when)

    @pytest.mark.parametrize(
        ("when", "matched"),
        [(date(2013, 6, 28), "10:00:20"), (date(2013, 7, 1), "10:00:15"), (date(2014, 12, 29), "10:00:05")],
    )
    def test_every_trade_waits_for_the_cycle(self, when: date, matched: str) -> None:
        day = self.day(when)
        pair(day, "08:40:00", "100")
        pair(day, "10:00:01", "101", 3)
        day.play()
        assert day.trades() == [("09:00:00", "100.00", 1000), (matched, "101.00", 3000)]

    def test_what_is_refused(self) -> None:
        day = self.day()
        limit = day.buy("10:00:01", 1, "100")
        orders = {
            day.buy("10:00:01", 1): 1010,
            day.buy("10:00:01", 1, "100", tif=TimeInForce.IOC): 1010,
            day.buy("10:00:01", 1, "107.5"): 1015,
            day.buy("10:00:01", 1, "107"): 0,
        }
        day.change(Kind.REPRICE, "10:00:02", limit, limit="101")
        events = day.play()
        assert {order: day.outcomes()[order] for order in orders} == orders
        assert events[events["kind"] == Kind.REPRICE]["code"].tolist() == [1025]

    def test_a_price_far_from_the_last_trade_waits(self) -> None:
        """Two minutes, whatever its price is then; from 13:20 on nothing is put off."""
        day = self.day()
        pair(day, "08:40:00", "100")
        pair(day, "10:00:01", "104", 2)
        pair(day, "13:19:21", "100", 5)
        pair(day, "13:22:01", "104", 4)
        day.play()
        assert day.trades()[1:] == [
            ("10:02:20", "104.00", 2000),
            ("13:21:40", "100.00", 5000),
            ("13:22:20", "104.00", 4000),
        ]
        assert not any(what.startswith("trial") for _, what in day.controls(trials=True) if _ < "13:25:00")

    def test_what_waits_when_the_closing_collection_begins_joins_the_close(self) -> None:
        pack = pack_of("twse-2013")
        deferral = replace(pack.board.deferral, until=ns("13:25:00"))
        pack = replace(pack, segments={**pack.segments, BOARD: replace(pack.board, deferral=deferral)})
        day = day_of(pack=pack, day=date(2013, 6, 28))
        pair(day, "08:40:00", "104")
        pair(day, "13:24:01", "100", 5)
        day.play()
        assert day.trades()[1:] == [("13:30:00", "100.00", 5000)]

    def test_the_close_is_delayed_as_today(self) -> None:
        day = self.day()
        pair(day, "13:26:00", "100", 5)
        pair(day, "13:29:30", "104", 50)
        day.play()
        assert [at for at, what in day.controls() if what == "after"] == ["13:33:00"]

    def test_only_the_after_hours_auction_takes_odd_lots(self) -> None:
        day = self.day()
        day.new("13:45:00", Side.BUY, 5, "100", segment=ODD_AFTER)
        day.new("13:46:00", Side.SELL, 3, "99", segment=ODD_AFTER)
        day.play()
        assert [(at, shares) for at, _, shares in day.trades(segment=ODD_AFTER)] == [("14:30:00", 3)]


def test_a_second_delay_of_the_close_where_a_pack_allows_it() -> None:
    pack = pack_of("twse-2026")
    setting = replace(pack.settings.second_delayed_close, value=True)
    day = day_of(pack=replace(pack, settings=replace(pack.settings, second_delayed_close=setting)))
    for at, limit, lots in (("13:26:00", "100", 5), ("13:29:30", "104", 30), ("13:32:30", "96", 300)):
        pair(day, at, limit, lots)
    day.play()
    assert [at for at, what in day.controls() if what == "expire"] == ["13:36:00"]
