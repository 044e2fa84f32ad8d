"""What a quote shows through a day, and how quotes are conflated for readers: without journal or sockets."""

import asyncio
import json
from datetime import date
from typing import Any

import numpy as np
import pytest

from tests.exchange.venue_days import pack_of
from yunhai.exchange.venue import commands
from yunhai.kernel.clock import SECOND
from yunhai.kernel.limits import STREAM_BEHIND_SECONDS_MAX
from yunhai.kernel.records import TRADE, Kind, OrderType, Side
from yunhai.trading.core.market_day import OpenDay
from yunhai.trading.facts import DayOpened, Listed
from yunhai.trading.stream import pool_view
from yunhai.trading.stream.client import TOO_SLOW, Client
from yunhai.trading.stream.dealt import Dealt
from yunhai.trading.stream.quotes import Board, Quote

NT = 10_000
OPENED = DayOpened(
    date="2026-08-21",
    pack="twse-2026",
    pack_sha256=b"",
    settles_on="2026-08-25",
    listed=(
        Listed(code="2330", kind="stock", reference=100 * NT, name="台積電"),
        Listed(code="1101", kind="stock", reference=42 * NT, suspended=True),
    ),
    seed=3,
)


class Market:
    """A day whose records go to a board as a journal would bring them."""

    def __init__(self) -> None:
        assert date.fromisoformat(OPENED.date)
        self.day = OpenDay(OPENED, pack_of("twse-2026"), first_number=1, orders=1 << 10, ids=1 << 12)
        self.board = Board(self.day)
        self.next = 1

    def to(self, at: str) -> None:
        self.day.venue.advance(self.day.at(at))
        self.board.take(self.day.taken())

    def order(self, at: str, side: Side, quantity: int, price: float | None, segment: str = "board") -> None:
        record = commands(1)
        record["kind"], record["time"], record["order_id"] = Kind.NEW, self.day.at(at), self.next
        record["book"] = self.board.books["2330"][segment]
        record["side"], record["quantity"] = side, quantity
        record["order_type"] = OrderType.LIMIT if price else OrderType.MARKET
        record["price"] = int((price or 0) * NT)
        record["tenant"] = record["account"] = 1
        self.next += 1
        self.day.venue.process(record)
        self.board.take(self.day.taken())

    def quote(self, code: str = "2330", segment: str = "board") -> Quote:
        return self.board.quote(self.board.books[code][segment])


def test_a_day_of_quotes() -> None:
    market = Market()
    assert (market.quote().phase, market.quote().trial, market.quote().name) == ("before", None, "台積電")
    market.to("08:30")
    market.order("08:40", Side.BUY, 3_000, 102)
    market.order("08:40", Side.SELL, 2_000, 99)
    market.order("08:40:01", Side.SELL, 1_000, 103)
    quote = market.quote()
    assert quote.phase == "collect"
    assert quote.bids == (("102.00", 3_000),)
    assert quote.asks == (("99.00", 2_000), ("103.00", 1_000)), "an auction's book may be crossed"
    market.to("08:40:05")
    trial = market.quote().trial
    assert trial is not None
    assert (trial.price, trial.quantity) == ("102.00", 2_000)
    market.to("09:00:00")
    quote = market.quote()
    assert (quote.phase, quote.trial) == ("continuous", None)
    assert (quote.last, quote.change, quote.open, quote.volume, quote.value) == (
        "102.00",
        "2.00",
        "102.00",
        2_000,
        "204000.00",
    )
    assert (quote.bids, quote.asks) == ((("102.00", 1_000),), (("103.00", 1_000),))
    market.to("13:25")
    assert market.quote().phase == "collect"
    market.to("13:31")
    assert market.quote().phase == "after"
    assert market.quote().last == "102.00"


def test_five_levels_and_market_orders_beside_them() -> None:
    market = Market()
    market.to("09:00:01")
    for place in range(7):
        market.order("09:01", Side.BUY, 1_000 * (place + 1), 99.5 - place * 0.5)
    quote = market.quote()
    assert [level[0] for level in quote.bids] == ["99.50", "99.00", "98.50", "98.00", "97.50"]
    assert [level[1] for level in quote.bids] == [1_000, 2_000, 3_000, 4_000, 5_000]
    assert (quote.asks, quote.market_bid, quote.market_ask) == ((), 0, 0)


def test_how_a_book_has_dealt() -> None:
    """Outside: a buyer came to the ask; inside: a seller to the bid; an auction in neither. The last match by its last price."""
    market = Market()
    market.to("08:30")
    market.order("08:40", Side.BUY, 2_000, 102)
    market.order("08:40", Side.BUY, 3_000, 102)
    market.order("08:40:01", Side.SELL, 4_000, 99)
    assert (market.quote().last_quantity, market.quote().last_time) == (0, "")
    market.to("09:00:00")
    opened = market.quote()
    assert (opened.last_quantity, opened.outside, opened.inside) == (4_000, 0, 0), "an auction is one match of nobody's"
    assert opened.last_time[11:19] == "09:00:00"
    market.order("09:01", Side.SELL, 1_000, 102)
    market.order("09:02", Side.SELL, 2_000, 103)
    market.order("09:02", Side.SELL, 3_000, 103.5)
    market.order("09:03", Side.BUY, 4_000, 103.5)
    dealt = market.quote()
    assert (dealt.outside, dealt.inside) == (4_000, 1_000)
    assert (dealt.last, dealt.last_quantity, dealt.last_time[11:19]) == ("103.50", 2_000, "09:03:00")
    assert market.quote(segment="odd_lot").outside == 0


def test_however_records_are_cut_a_book_has_dealt_the_same() -> None:
    records = np.zeros(6, TRADE)
    records["kind"], records["book"] = Kind.TRADE, [0, 0, 1, 0, 0, 0]
    records["time"], records["price"] = [5, 5, 5, 5, 7, 7], [100, 100, 100, 101, 101, 101]
    records["quantity"], records["taker_side"] = [1, 2, 4, 8, 16, 32], [1, 1, 2, 1, 2, 0]
    made = []
    for step in (1, 4, 6):
        dealt = Dealt(2)
        for at in range(0, 6, step):
            dealt.take(records[at : at + step])
        made.append((dealt.outside, dealt.inside, dealt.quantity, dealt.time))
    assert made[0] == made[1] == made[2] == ([11, 0], [16, 4], [48, 4], [7, 5])


def test_segments_are_books_of_their_own() -> None:
    market = Market()
    market.to("09:05")
    market.order("09:06", Side.BUY, 7, 100, "odd_lot")
    assert market.quote(segment="odd_lot").bids == (("100.00", 7),)
    assert market.quote().bids == ()
    assert market.quote(segment="fixed_price").phase == "before"
    assert market.board.wanted(("2330", "0000"), ("board", "odd_lot"))[1] == ["0000"]


def test_a_suspended_security_says_so() -> None:
    market = Market()
    market.to("09:05")
    assert (market.quote("1101").phase, market.quote("1101").halted) == ("suspended", True)
    assert market.board.halted() == ["1101"]
    assert market.board.phases()["odd_lot"] in ("collect", "suspended")


def test_a_quote_is_written_once_and_again_only_after_a_change() -> None:
    market = Market()
    market.to("09:05")
    book = market.board.books["2330"]["board"]
    first = market.board.written(book)
    assert market.board.written(book) is first
    market.order("09:06", Side.BUY, 1_000, 100)
    assert market.board.is_changed(book)
    assert book in market.board.take_changed()
    assert market.board.take_changed() == []
    assert market.board.written(book) != first
    assert json.loads(market.board.written(book))["bids"] == [["100.00", 1000]]
    assert market.board.renewed(book)
    market.order("09:06", Side.BUY, 1_500, 100)
    assert book in market.board.take_changed()
    assert not market.board.renewed(book), "a refused order changes nothing that is shown"


class Wire:
    """The far end of a client that can be held up."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.open = asyncio.Event()
        self.cut = False

    async def send(self, text: str) -> None:
        await self.open.wait()
        self.got.append(json.loads(text))

    def cut_off(self) -> None:
        self.cut = True


async def _turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.asyncio
async def test_a_reader_that_is_behind_gets_the_newest_quotes_and_no_gap() -> None:
    wire = Wire()
    client = Client(wire.send, wire.cut_off, 0.0)
    running = asyncio.create_task(client.run(lambda code: asyncio.sleep(0)))
    client.fresh = {1}
    client.tell_quotes([b'{"n":0}'], 0.0)
    await _turns()
    for tick in range(1, 50):
        client.fresh.add(1)
        client.tell_quotes([b'{"n":%d}' % tick], tick / 10)
    assert client.fresh == {1}, "remembered once, however often it changed"
    wire.open.set()
    await _turns()
    client.tell_quotes([b'{"n":50}'], 5.0)
    await _turns()
    assert [one["data"]["quotes"][0]["n"] for one in wire.got] == [0, 50]
    assert [one["sequence"] for one in wire.got] == [1, 2]
    assert not client.fresh
    running.cancel()


@pytest.mark.asyncio
async def test_a_reader_that_leaves_quotes_waiting_too_long_is_cut_off() -> None:
    wire = Wire()
    client = Client(wire.send, wire.cut_off, 0.0)
    running = asyncio.create_task(client.run(lambda code: asyncio.sleep(0)))
    client.tell_quotes([b"{}"], 0.0)
    await _turns()
    client.tell_quotes([b"{}"], 1.0)
    client.tell_quotes([b"{}"], 1.0 + STREAM_BEHIND_SECONDS_MAX)
    assert client.closing is None
    client.tell_quotes([b"{}"], 1.1 + STREAM_BEHIND_SECONDS_MAX)
    assert (client.closing, wire.cut) == (TOO_SLOW, True)
    running.cancel()


BROKERS = [
    {"tenant": tenant, "pool": "all", "rate": tenant, "queued": (1, 0, tenant), "held": 1} for tenant in (1, 2, 3)
] + [{"tenant": 9, "pool": "9", "rate": 5, "queued": (0, 0, 0), "held": 0}]
LINES = [{"line": f"{tenant}A", "tenant": tenant, "state": "up", "cap": 20} for tenant in (1, 2, 3, 9)]
VIEW = {"uncapped": False, "brokers": BROKERS, "lines": LINES}


def test_of_a_pool_a_broker_sees_its_own_part_and_the_others_as_a_sum() -> None:
    seen = pool_view.seen(VIEW, 1, whole=False)
    assert seen["own"]["tenant"] == 1
    assert [line["line"] for line in seen["lines"]] == ["1A"]
    assert seen["others"] == {"brokers": 2, "lines": 2, "lines_up": 2, "capacity": 40, "rate": 5, "queued": 9}
    assert pool_view.seen({**VIEW, "brokers": BROKERS[:2]}, 1, whole=False)["others"] is None
    assert pool_view.seen(VIEW, 9, whole=False)["others"] is None
    assert pool_view.seen(VIEW, 77, whole=False)["own"] is None
    assert pool_view.seen(None, 1, whole=True) == {"available": False}
    assert pool_view.seen(VIEW, 5, whole=True)["brokers"] == BROKERS


def test_the_bound_for_being_behind_is_longer_than_a_tick() -> None:
    assert STREAM_BEHIND_SECONDS_MAX * SECOND > SECOND
