"""Paper orders in a whole day of the house's own venue: board lots and odd lots of two securities, auctions ranked by chance."""

from dataclasses import replace
from datetime import date
from functools import cache

import numpy as np
import pytest

from tests.market.paper_scene import FINE, NT, PACK, fills, order, refused, rules
from tests.market.replay_scene import LISTINGS, engine_events, hand_worked, price, source_of
from yunhai.exchange.rules.words import SecurityKind, SegmentName
from yunhai.exchange.venue import Venue, commands
from yunhai.exchange.venue_config import TradedToday, plan_day
from yunhai.kernel.clock import MINUTE, SECOND, TAIPEI_OFFSET
from yunhai.kernel.records import Kind, OrderType
from yunhai.market.paper.market import PaperMarket, evaluate
from yunhai.market.paper.score import rank
from yunhai.market.paper.students import play, students
from yunhai.market.paper.words import BUY, SELL, PaperOrder, Rules
from yunhai.market.replay.book import mix
from yunhai.market.replay.events import public_events
from yunhai.market.replay.source import Listing, Source, SourceKind
from yunhai.native import _book

DAY = date(2026, 8, 21)
CODES = ("2330", "2317")
HELD = Rules(pack=PACK, cash=5_000_000 * NT, holdings=(("2330", 5_500),))


@cache
def house_day() -> Source:
    """1,500 seeded orders over two securities, a quarter of them odd lots, 08:30 to 13:30."""
    shares = [TradedToday(code=code, kind=SecurityKind.STOCK, reference=100 * NT) for code in CODES]
    plan = plan_day(pack=PACK, day=DAY, instruments=shares, seed=9)
    parts: list[np.ndarray] = []
    engine = _book.Engine(order_capacity=4_000, first_order_id=1, id_capacity=4_001)
    venue = Venue(plan, engine=engine, sink=lambda events: parts.append(public_events(events)))
    rng = np.random.default_rng(3)
    count = 1_500
    orders = commands(count)
    odd = rng.random(count) < 0.25
    begins = np.where(odd, 9 * 60 + 1, 8 * 60 + 31) * MINUTE
    moments = begins + (rng.random(count) * (13 * 60 + 25 - begins // MINUTE) * MINUTE).astype(np.int64)
    place = np.argsort(moments)
    odd, moments = odd[place], moments[place]
    orders["kind"], orders["order_type"] = Kind.NEW, OrderType.LIMIT
    orders["time"] = plan.at(0) + moments
    orders["order_id"] = np.arange(1, count + 1)
    board = np.array([venue.book(code) for code in CODES])
    small = np.array([venue.book(code, SegmentName.ODD_LOT) for code in CODES])
    chosen = rng.integers(0, 2, count)
    orders["book"] = np.where(odd, small[chosen], board[chosen])
    orders["side"] = rng.integers(1, 3, count)
    drift = np.cumsum(rng.integers(-1, 2, count)) // 25
    orders["price"] = (200 + np.clip(drift, -4, 4) + rng.integers(-2, 3, count)) * 5_000
    orders["quantity"] = np.where(odd, rng.integers(1, 900, count), 1_000 * rng.integers(1, 8, count))
    venue.process(orders)
    venue.finish()
    listings = tuple(
        Listing(
            book=number,
            code=one.code,
            segment=one.program.segment.value,
            lot=one.config.lot,
            reference=one.config.reference,
            shuffle=one.config.shuffle,
            seed=one.config.seed if one.config.shuffle else 0,
        )
        for number, one in enumerate(plan.books)
    )
    return Source(
        id="test/house",
        kind=SourceKind.JOURNAL,
        day=DAY,
        offset=TAIPEI_OFFSET,
        listings=listings,
        events=np.concatenate(parts),
    )


def at(hour: int, minute: int) -> int:
    """The position at a time of day."""
    source = house_day()
    midnight = int(source.times[0]) // (1_440 * MINUTE) * 1_440 * MINUTE - TAIPEI_OFFSET + 1_440 * MINUTE
    midnight -= 1_440 * MINUTE if midnight > int(source.times[0]) else 0
    return source.position_at(midnight + (hour * 60 + minute) * MINUTE)


def asked(number: int, position: int, name: str, side: int, shares: int, limit: float) -> PaperOrder:
    return PaperOrder(
        number=number, position=position, name=name, side=side, quantity=shares, price=price(limit) if limit else 0,
        order_type=2 if limit else 1,
    )  # fmt: skip


def test_board_and_odd_lots_of_one_holding() -> None:
    """5,500 shares held: five lots go on the board, the 500 as odd lots; the sixth lot is not there."""
    source = house_day()
    told = [
        asked(1, at(10, 0), "2330", SELL, 5_000, 95),
        asked(2, at(10, 0), "2330:odd_lot", SELL, 500, 95),
        asked(3, at(10, 0), "2330:odd_lot", SELL, 1, 95),
        asked(4, at(10, 1), "2330", BUY, 1_500, 105),
        asked(5, at(10, 1), "2330:odd_lot", BUY, 1_000, 105),
        asked(6, at(10, 1), "2330:odd_lot", BUY, 999, 0),
        asked(7, at(10, 2), "2330:odd_lot", BUY, 200, 105),
        asked(8, at(10, 2), "2330:fixed_price", BUY, 1_000, 100),
    ]
    result = evaluate(source, HELD, told)
    assert refused(result) == [(3, 7523), (4, 1012), (5, 1013), (6, 1010), (8, 7524)]
    by = {number: [one for one in result.fills if one.number == number] for number in (1, 2, 7)}
    assert {str(one.how) for one in by[1]} == {"took"}
    assert {str(one.how) for one in by[2] + by[7]} == {"auction"}
    assert sum(one.quantity for one in by[2]) == 500
    assert all(one.time % (5 * SECOND) == 0 for one in by[2] + by[7])  # the odd lots' auctions are every five seconds
    (held,) = result.positions
    assert held.quantity == 5_500 - sum(one.quantity for one in by[1]) - 500 + 200
    assert result.reserved == 0  # what was left expired


def test_the_first_auction_is_by_lot_and_then_places_only_improve() -> None:
    source = house_day()
    market = PaperMarket(source, HELD)
    market.enter("a", [asked(1, at(8, 45), "2330", BUY, 1_000, 97.5)])
    market.run(at(8, 59))
    assert market.result("a").orders[0].ahead is None
    places = []
    for position in range(at(9, 1), at(13, 20), 50):
        market.run(position)
        place = market.result("a").orders[0].ahead
        assert place is not None or market.result("a").orders[0].state == "filled"
        places.append(place or 0)
    assert places == sorted(places, reverse=True)


@pytest.mark.parametrize("seed", range(1, 9))
def test_the_lot_of_a_first_auction(seed: int) -> None:
    """Orders 1 (100) and 2 (200) and a paper order of 30 all bid 10.00, 50 are offered: as the seed ranks them."""
    listing = Listing(book=0, code="A", reference=10 * NT, shuffle=True, seed=seed)
    events = engine_events(hand_worked(), replace(FINE, shuffle=True, seed=seed), FINE)
    source = source_of(events, (listing, LISTINGS[1]))
    drawn = mix(seed, (1 << 40) + 1)
    before = sum(shares for entry, shares in ((1, 100), (2, 200)) if mix(seed, entry) < drawn)
    expected = [f"1 {min(30, 50 - before)} 10.00 auction"] if before < 50 else []
    result = evaluate(source, rules(), [order("4 buy 30 10.00")], upto=9)
    assert fills(result) == expected


@pytest.mark.full
def test_a_contest_over_the_house_day() -> None:
    source = house_day()
    first = play(source, HELD, students(100))
    assert sum(len(result.fills) for result in first.results.values()) > 500
    assert rank(first.results) == rank(play(source, HELD, students(100)).results)
