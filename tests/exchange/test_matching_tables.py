"""The matching rules as tables a broker could read. Both engines must give these exact answers.

The rules stand in docs/concepts/matching.md; the examples are teaching examples of the exchanges where there is
one (named), else the smallest case that tells a rule from its neighbour. Every refusal is checked by the desk to
have changed nothing.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from tests.reference.auction import mix
from tests.reference.desk import BOTH_ROD, NINE, Answer, Desk, S, board, nt
from tests.reference.wire import (
    AFTER,
    BEFORE,
    COLLECT,
    CONTINUOUS,
    FILLED,
    FOK,
    GONE,
    HALT,
    IOC,
    RESTING,
    ROD,
    STATUS,
    SUSPENDED,
)
from yunhai.exchange.books import ALL_KINDS, LIMIT_ROD
from yunhai.kernel import errors

Opener = Callable[..., Desk]
LOT = 1_000
BUY, SELL = 1, 2

# Call auction 集合競價 ------------------------------------------------------------------------------------
# What it shows, settings, buys, sells, price, lots. Orders are (NT$, lots), NT$ 0 = market; reference 100.

MARKET_TOO = (0, BOTH_ROD, ALL_KINDS, BOTH_ROD, 0, 0)
LOWER = {"candidates": 1, "equal_distance": 1}
AUCTIONS = [
    ("TPEx's example: 105 executes 60, 104 only 40", {}, [(105, 60)], [(104, 40), (105, 20)], 105, 60),
    ("nothing crosses", {}, [(99, 5)], [(100, 5)], 0, 0),
    ("one side empty", {}, [(99, 5)], [], 0, 0),
    ("tie: the tick nearest the reference, order on it or not", {}, [(101, 10)], [(99, 10)], 100, 10),
    ("tie below the reference: its upper end", {}, [(99, 10)], [(97, 10)], 99, 10),
    ("orders' prices only, equally near: the higher", {"candidates": 1}, [(101, 10)], [(99, 10)], 101, 10),
    ("orders' prices only, equally near: the lower", LOWER, [(101, 10)], [(99, 10)], 99, 10),
    ("no reference: the middle of the range", {"reference": 0}, [(108, 10)], [(102, 10)], 105, 10),
    ("midpoint rule, whatever the reference", {"tie_break": 1}, [(104, 10)], [(102, 10)], 103, 10),
    ("midpoint between two ticks: the higher", {"tie_break": 1}, [(104, 10)], [(102.5, 10)], 103.5, 10),
    ("midpoint: the lower", {"tie_break": 1, "equal_distance": 1}, [(104, 10)], [(102.5, 10)], 103, 10),
    ("a better sell must be filled", {"reference": 102}, [(102, 10)], [(100, 10), (101, 5)], 101, 10),
    (
        "not without that rule",
        {"reference": 102, "better_filled": False},
        [(102, 10)],
        [(100, 10), (101, 5)],
        102,
        10,
    ),
    ("a better buy must be filled", {"reference": 98}, [(101, 10), (100, 5)], [(99, 10)], 100, 10),
    ("market buy, limit sell", {"allowed": MARKET_TOO}, [(0, 10)], [(99, 10)], 100, 10),
    ("market against market", {"allowed": MARKET_TOO}, [(0, 10)], [(0, 10)], 100, 10),
    ("market buys left over at every price: all stay tied", {"allowed": MARKET_TOO}, [(0, 20)], [(102, 10)], 102, 10),
    ("more volume beats nearer", {}, [(101, 10), (104, 20)], [(100, 15), (103, 15)], 103, 20),
]


@pytest.mark.parametrize(
    ("shows", "settings", "buys", "sells", "price", "lots"), AUCTIONS, ids=[a[0] for a in AUCTIONS]
)
def test_auction_price(
    opened: Opener,
    shows: str,
    settings: dict[str, Any],
    buys: list[tuple[float, int]],
    sells: list[tuple[float, int]],
    price: float,
    lots: int,
) -> None:
    desk = opened(board(**({"reference": 100} | settings)), phase=COLLECT)
    for side, orders in ((BUY, buys), (SELL, sells)):
        for limit, quantity in orders:
            assert desk.new(side, quantity * LOT, limit).code == 0
    trial = desk.trial()
    assert (trial.price, trial.volume) == (price, lots * LOT)
    answer = desk.uncross()
    assert (answer.price, answer.volume, answer.state) == (price, lots * LOT, 1)
    assert sum(trade[1] for trade in answer.trades) == lots * LOT
    assert {trade[0] for trade in answer.trades} <= {price}
    assert desk.trial().volume == 0, "what is left does not cross"


def test_after_a_trade_the_tie_goes_to_the_last_price(opened: Opener) -> None:
    desk = opened(board(100), phase=COLLECT)
    desk.buy(LOT, 103), desk.sell(LOT, 103)
    assert desk.uncross().price == 103
    desk.buy(LOT, 105), desk.sell(LOT, 95)
    assert desk.uncross().price == 103


def test_auction_pairs_market_then_price_then_time(opened: Opener) -> None:
    desk = opened(board(100, allowed=MARKET_TOO), phase=COLLECT)
    desk.buy(2 * LOT, 101), desk.buy(2 * LOT, 102), desk.buy(LOT), desk.buy(LOT, 101)  # 1, 2, 3, 4
    desk.sell(3 * LOT, 99), desk.sell(2 * LOT, 98)  # 5, 6
    answer = desk.uncross()
    assert answer.price == 101
    assert answer.trades == [(101, LOT, 3, 6), (101, LOT, 2, 6), (101, LOT, 2, 5), (101, 2 * LOT, 1, 5)]
    assert desk.queue(BUY) == [(101, LOT, 1)]


def test_an_auction_too_far_from_the_last_trade_is_put_off(opened: Opener) -> None:
    desk = opened(board(100, defer_ppm=35_000), phase=COLLECT)
    desk.buy(LOT, 104), desk.sell(LOT, 104)
    assert desk.uncross(1).code == 0, "no last trade yet, nothing to compare with"
    desk.buy(LOT, 108), desk.sell(LOT, 108)  # 104 × 1.035 = 107.64
    put_off = desk.uncross(1)
    assert (put_off.code, put_off.status, put_off.state) == (1203, 0, 1)
    assert (put_off.price, put_off.volume, put_off.trades) == (108, LOT, [])
    assert desk.uncross(0).trades == [(108, LOT, 3, 4)], "option 0 does not look"
    desk.buy(LOT, 105), desk.sell(LOT, 105)
    assert desk.uncross(1).code == 0, "105 is inside 108 ± 3.5 % (104.22)"


def test_random_rank_among_orders_before_the_first_uncross(opened: Opener) -> None:
    first = [mix(0, entry) for entry in (1, 2, 3, 4)]
    assert first == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F, 0xF88BB8A8724C81EC], "splitmix64"
    desk = opened(board(100, shuffle=True, seed=0), phase=COLLECT)
    for _ in range(4):
        desk.buy(LOT, 100)
    desk.cut(1, 0), desk.reprice(2, 100)  # refused, and re-priced: entry 5 now
    desk.sell(LOT, 100)
    expected = sorted([(mix(0, 1), 1), (mix(0, 3), 3), (mix(0, 4), 4), (mix(0, 5), 2)])
    assert [trade[2] for trade in desk.uncross().trades] == [expected[0][1]]
    late = desk.buy(LOT, 100)
    assert late.code == 0
    for _ in range(4):
        desk.sell(LOT, 100)
    assert [trade[2] for trade in desk.uncross().trades] == [order for _, order in expected[1:]] + [6]


def test_without_shuffle_time_ranks_before_the_open_too(opened: Opener) -> None:
    desk = opened(board(100), phase=COLLECT)
    for _ in range(4):
        desk.buy(LOT, 100)
    desk.sell(4 * LOT, 100)
    assert [trade[2] for trade in desk.uncross().trades] == [1, 2, 3, 4]


# Volatility interruption 瞬間價格穩定 --------------------------------------------------------------------------
# Reference 100, band 96.5 to 103.5, asks 103 × 10, 103.5 × 10, 104 × 10 (the brokers' teaching example).
# Arriving buy: NT$ (0 = market), time in force, lots; code, status, filled, leaves, removed (lots), halts.

HOURS = {"band_from": NINE, "band_open_until": NINE + 300 * S, "band_until": NINE + 15_900 * S}
BANDED = {"band_ppm": 35_000, **HOURS}
ARRIVALS = [
    ("limit ROD: 20 trade, 10 rest, interruption", 104, ROD, 30, 0, 0, 20, 10, 0, True),
    ("limit ROD at the edge: rests, none", 103.5, ROD, 30, 0, 0, 20, 10, 0, False),
    ("limit ROD just enough inside: none", 104, ROD, 20, 0, 0, 20, 0, 0, False),
    ("market ROD: 51, the rest removed, none", 0, ROD, 30, 1102, 51, 20, 0, 10, False),
    ("market IOC: 51", 0, IOC, 30, 1102, 51, 20, 0, 10, False),
    ("limit IOC: 51", 104, IOC, 30, 1102, 51, 20, 0, 10, False),
    ("limit IOC stopped by its own limit: no notice", 103.5, IOC, 30, 0, 0, 20, 0, 10, False),
    ("limit FOK short only for the band: 52", 104, FOK, 30, 1028, 52, 0, 0, 0, False),
    ("market FOK short only for the band: 52", 0, FOK, 30, 1028, 52, 0, 0, 0, False),
    ("market FOK short anyway: 48", 0, FOK, 40, 1027, 48, 0, 0, 0, False),
    ("limit FOK short within its limit: 48", 103.5, FOK, 30, 1027, 48, 0, 0, 0, False),
    ("FOK that fits inside fills", 104, FOK, 20, 0, 0, 20, 0, 0, False),
]


def _mirrored(side: int, price: float) -> float:
    """The price for a buy, its mirror around 100 for a sell; 0 stays a market order."""
    return price if side == BUY or not price else 200 - price


@pytest.mark.parametrize("row", ARRIVALS, ids=[row[0] for row in ARRIVALS])
def test_arriving_at_the_band(opened: Opener, row: tuple[str, float, int, int, int, int, int, int, int, bool]) -> None:
    _, price, tif, lots, code, status, filled, leaves, removed, halts = row
    for side in (BUY, SELL):  # the sell case is the mirror around 100
        desk = opened(board(100, **BANDED))
        mirror = partial(_mirrored, side)
        for ask in (103, 103.5, 104):
            desk.new(3 - side, 10 * LOT, mirror(ask))
        answer = desk.new(side, lots * LOT, mirror(price), tif=tif)
        assert (answer.code, answer.status) == (code, status)
        assert (answer.filled, answer.leaves, answer.removed) == (filled * LOT, leaves * LOT, removed * LOT)
        assert [(p, q) for p, q, _, _ in answer.trades] == [(mirror(103), 10 * LOT), (mirror(103.5), 10 * LOT)][
            : filled // 10
        ]
        assert answer.halted == ([desk.time + 120 * S, 100, mirror(104)] if halts else None)
        assert desk.engine.phase(desk.book) == (HALT if halts else CONTINUOUS)


@pytest.mark.parametrize(
    ("price", "tif", "code", "status"),
    [
        (0, ROD, 1028, 52),
        (0, IOC, 1028, 52),
        (0, FOK, 1028, 52),
        (104, IOC, 1028, 52),
        (104, FOK, 1028, 52),
        (103, IOC, 1027, 48),
        (103, FOK, 1027, 48),
    ],
)
def test_first_resting_price_already_outside(opened: Opener, price: float, tif: int, code: int, status: int) -> None:
    desk = opened(board(100, **BANDED))
    desk.sell(10 * LOT, 104)
    answer = desk.buy(5 * LOT, price, tif=tif)
    assert (answer.code, answer.status) == (code, status)


def test_a_limit_order_that_only_meets_prices_outside_halts_without_a_trade(opened: Opener) -> None:
    desk = opened(board(100, **BANDED))
    desk.sell(LOT, 104)
    answer = desk.buy(2 * LOT, 104)
    assert (answer.code, answer.filled, answer.leaves, answer.state) == (0, 0, 2 * LOT, RESTING)
    assert answer.halted == [desk.time + 120 * S, 100, 104]


def test_a_halt_removes_resting_market_orders(opened: Opener) -> None:
    for allowed, gone in ((board(100).allowed, (2, 3)), (MARKET_TOO, ())):
        desk = opened(board(100, allowed=allowed, **BANDED))
        desk.buy(LOT, 104), desk.buy(LOT), desk.buy(LOT)  # market orders 2 and 3 would pay 104: outside
        answer = desk.sell(LOT, 96)
        assert answer.halted == [desk.time + 120 * S, 100, 104]
        assert (answer.trades, answer.gone) == ([], gone)


def test_the_halted_book_collects_and_opens_by_auction(opened: Opener) -> None:
    desk = opened(board(100, **BANDED))
    desk.sell(LOT, 104)
    assert desk.buy(2 * LOT, 104).halted
    assert desk.buy(LOT, 105).trades == [], "nothing trades on arrival"
    assert desk.phase(CONTINUOUS).code == 1202, "not while crossed"
    assert desk.uncross().trades == [(104, LOT, 3, 1)]
    assert desk.phase(CONTINUOUS).code == 0
    assert desk.queue(BUY) == [(104, 2 * LOT, 1)]


def _centre(desk: Desk, time: int) -> float | None:
    """Centre of the band at a time, as a halt on a copy of the book tells it."""
    desk.time = time
    desk.sell(LOT, 110)
    halted = desk.buy(LOT, 110).halted
    return halted[1] if halted else None


CENTRES = [
    ("no trade yet, before 09:05: the reference", [], 60, {}, 100),
    ("before 09:05: the opening price, not the last", [(10, 102, 1), (20, 101, 3)], 60, {}, 102),
    ("from 09:05: the 5-minute average by volume", [(10, 102, 1), (20, 101, 3)], 300, {}, 101.25),
    ("the second 300 s ago has left the window", [(10, 102, 1), (20, 101, 3)], 310, {}, 101),
    ("empty window: the centre last used", [(10, 102, 1), (20, 101, 3)], 400, {}, 102),
    ("empty window, other setting: the last trade", [(10, 102, 1), (20, 101, 3)], 400, {"band_fallback": 1}, 101),
    ("rounded down to 1/10,000", [(10, 100, 1), (20, 101, 2)], 300, {}, 100.6666),
    ("2013's rule: the last trade", [(10, 102, 1), (20, 101, 3)], 300, {"band_mode": 1}, 101),
    ("2013's rule before a trade: the reference", [], 60, {"band_mode": 1}, 100),
    ("hours not begun: no band", [], -1, {}, None),
    ("hours over: no band", [(10, 101, 1)], 15_900, {}, None),
    ("no reference, no trade: no band", [], 60, {"reference": 0}, None),
]


@pytest.mark.parametrize(("shows", "trades", "at", "settings", "centre"), CENTRES, ids=[row[0] for row in CENTRES])
def test_centre_of_the_band(
    opened: Opener,
    shows: str,
    trades: list[tuple[int, float, int]],
    at: int,
    settings: dict[str, Any],
    centre: float | None,
) -> None:
    desk = opened(board(**({"reference": 100} | BANDED | settings)), time=NINE - 10 * S)
    for second, price, lots in trades:
        desk.time = NINE + second * S
        desk.sell(lots * LOT, price)
        assert desk.buy(lots * LOT, price).filled == lots * LOT
    assert _centre(desk, NINE + at * S) == centre


@pytest.mark.parametrize(("fallback", "centre"), [(0, 101.25), (1, 101)])
def test_empty_window_falls_back_to_the_centre_last_used_or_the_last_trade(
    opened: Opener, fallback: int, centre: float
) -> None:
    desk = opened(board(100, band_fallback=fallback, **BANDED), time=NINE + 10 * S)
    desk.sell(LOT, 102), desk.buy(LOT, 102), desk.sell(4 * LOT, 101), desk.buy(3 * LOT, 101)
    desk.time = NINE + 300 * S
    assert desk.buy(2 * LOT, 101, tif=FOK).code == 1027, "refused: its look at the band does not count"
    desk.time = NINE + 309 * S
    desk.reprice(3, 104.5)
    assert desk.buy(LOT, 104.5, tif=FOK).filled == LOT, "101.25 ± 3.5 % reaches 104.79; centre used: 101.25"
    assert _centre(desk, NINE + 609 * S) == (centre if fallback == 0 else 104.5)


# Price of a resting market order 市價轉換 ----------------------------------------------------------------------
# Rule (0 Taiwan, 1 own side), reference, best limit of its own side, arriving limit (0 = market), price.
# The resting order is a buy; a sell is the mirror around 100.

CONVERSIONS = [
    (0, 100, 98, 0, 100),  # the highest of reference and best buy
    (0, 100, 103, 0, 103),
    (0, 100, 0, 0, 100),
    (0, 100, 98, 97, 100),  # an arriving limit counts as best sell, never worse than it allows
    (0, 100, 0, 101, 101),
    (0, 0, 0, 97, 97),
    (0, 0, 98, 0, 98),
    (1, 100, 98, 0, 98),  # best own limit first
    (1, 100, 0, 0, 100),  # else the reference
    (1, 100, 98, 101, 101),  # never worse than the arriving limit
    (1, 0, 0, 97, 97),  # else the arriving limit
]


@pytest.mark.parametrize(("rule", "reference", "own", "arriving", "price"), CONVERSIONS)
@pytest.mark.parametrize("side", [BUY, SELL])
def test_price_of_a_resting_market_order(
    opened: Opener, side: int, rule: int, reference: float, own: float, arriving: float, price: float
) -> None:
    desk = opened(board(reference, market_price_rule=rule))
    mirror = partial(_mirrored, side)
    if own:
        desk.new(side, LOT, mirror(own))
    market = desk.new(side, LOT)
    assert (market.state, market.leaves) == (RESTING, LOT)
    answer = desk.new(3 - side, LOT, mirror(arriving))
    assert [(p, q) for p, q, _, _ in answer.trades] == [(mirror(price), LOT)]
    assert desk.next_id - 1 in answer.trades[0][2:], "the market order has priority over the limit"


def test_market_orders_without_any_price_do_not_meet(opened: Opener) -> None:
    desk = opened(board(0))
    desk.buy(LOT), desk.sell(LOT)
    assert (desk.queue(BUY), desk.queue(SELL)) == ([(0, LOT, 1)], [(0, LOT, 1)])
    assert desk.sell(LOT, tif=IOC).code == 1027
    assert desk.phase(CONTINUOUS).code == 1202, "market orders on both sides cross"
    assert desk.buy(2 * LOT, 99).trades == [(99, LOT, 3 + 1, 2)]


# Priority 優先順序, cut 減量, re-price 改價 ---------------------------------------------------------------------

PRIORITIES = [
    ("time at one price", lambda desk: None, [1, 2, 3]),
    ("a cut keeps the place", lambda desk: desk.cut(1, LOT), [1, 2, 3]),
    ("a re-price loses it", lambda desk: desk.reprice(1, 99), [2, 3, 1]),
    ("a better price comes first", lambda desk: desk.reprice(3, 99.5), [3, 1, 2]),
    ("a market order comes first", lambda desk: desk.buy(2 * LOT), [4, 1, 2]),
    ("a cancelled order is gone", lambda desk: desk.cancel(2), [1, 3]),
    ("a new order at the price queues last", lambda desk: desk.buy(2 * LOT, 99), [1, 2, 3]),
]


@pytest.mark.parametrize(("shows", "act", "order"), PRIORITIES, ids=[row[0] for row in PRIORITIES])
def test_priority(opened: Opener, shows: str, act: Callable[[Desk], Answer | None], order: list[int]) -> None:
    desk = opened(board(100))
    for _ in range(3):
        desk.buy(2 * LOT, 99)
    act(desk)
    met = [desk.sell(LOT, 95, tif=IOC).trades for _ in range(8)]
    buyers = [trade[2] for trades in met for trade in trades]
    assert list(dict.fromkeys(buyers))[: len(order)] == order


CUTS = [  # quantity to cut of 10 lots; code, status, state, leaves, removed
    (4, 0, 0, RESTING, 6, 4),
    (10, 0, 0, GONE, 0, 10),
    (11, 1101, 32, GONE, 0, 10),
    (499, 1101, 32, GONE, 0, 10),
]


@pytest.mark.parametrize(("lots", "code", "status", "state", "leaves", "removed"), CUTS)
def test_cut_carries_the_quantity_to_cut(
    opened: Opener, lots: int, code: int, status: int, state: int, leaves: int, removed: int
) -> None:
    desk = opened(board(100))
    desk.buy(10 * LOT, 99)
    answer = desk.cut(1, lots * LOT)
    assert (answer.code, answer.status, answer.state) == (code, status, state)
    assert (answer.leaves, answer.removed, answer.filled) == (leaves * LOT, removed * LOT, 0)
    assert desk.queue(BUY) == ([(99, leaves * LOT, 1)] if leaves else [])


def test_a_re_priced_order_may_trade_rest_or_halt(opened: Opener) -> None:
    desk = opened(board(100, **BANDED))
    desk.buy(3 * LOT, 99), desk.sell(LOT, 100), desk.sell(LOT, 101), desk.sell(LOT, 104)
    answer = desk.reprice(1, 100)
    assert (answer.filled, answer.leaves, answer.state) == (LOT, 2 * LOT, RESTING)
    assert answer.trades == [(100, LOT, 1, 2)]
    answer = desk.reprice(1, 104)
    assert answer.trades == [(101, LOT, 1, 3)]
    assert answer.halted == [desk.time + 120 * S, 100, 104]
    desk.uncross()
    assert desk.reprice(1, 103).code == 1022, "it was filled in the auction"


def test_continuous_trades_at_the_resting_price_best_first(opened: Opener) -> None:
    desk = opened(board(100))
    desk.sell(LOT, 101), desk.sell(LOT, 100), desk.sell(LOT, 100.5)
    answer = desk.buy(5 * LOT, 100.5)
    assert answer.trades == [(100, LOT, 4, 2), (100.5, LOT, 4, 3)]
    assert (answer.state, answer.filled, answer.leaves) == (RESTING, 2 * LOT, 3 * LOT)
    assert desk.buy(LOT, 101, tif=FOK).state == FILLED
    assert desk.queue(SELL) == []


# Refusals ---------------------------------------------------------------------------------------------------
# On a book with order 1, a buy of 10 lots at 99 (tenant 0, account 0), order 2 gone, order 3 a market buy; room 4.

REFUSALS: list[tuple[int, int, Callable[[Desk], Answer]]] = [
    (1001, 99, lambda desk: desk.send(5)),
    (1001, 99, lambda desk: desk.send(32)),
    (1002, 20, lambda desk: desk.buy(LOT, 99, book=1)),
    (1002, 20, lambda desk: desk.send(19, book=7)),
    (1003, 97, lambda desk: desk.buy(LOT, 99, time=desk.time - 1)),
    (1003, 97, lambda desk: desk.send(5, time=-1)),
    (1007, 24, lambda desk: desk.new(3, LOT, 99)),
    (1007, 24, lambda desk: desk.new(0, 0, 99)),
    (1008, 46, lambda desk: desk.buy(LOT, 99, order_type=3)),
    (1009, 47, lambda desk: desk.buy(LOT, 99, tif=1)),
    (1011, 22, lambda desk: desk.buy(0, 99)),
    (1012, 22, lambda desk: desk.buy(1_500, 99)),
    (1013, 22, lambda desk: desk.buy(500 * LOT, 99)),
    (1014, 21, lambda desk: desk.buy(LOT, 99, order_type=1)),
    (1015, 21, lambda desk: desk.buy(LOT, 110.5)),
    (1016, 21, lambda desk: desk.buy(LOT, 89.9)),
    (1016, 21, lambda desk: desk.buy(LOT, 0, order_type=2)),
    (1016, 21, lambda desk: desk.buy(LOT, -99, order_type=2)),
    (1017, 21, lambda desk: desk.buy(LOT, 100.1)),
    (1018, 40, lambda desk: desk.buy(LOT, 99, order_id=1)),
    (1018, 40, lambda desk: desk.buy(LOT, 99, order_id=2)),
    (1019, 18, lambda desk: desk.buy(LOT, 99, order_id=0)),
    (1019, 18, lambda desk: desk.buy(LOT, 99, order_id=1_001)),
    (1021, 5, lambda desk: desk.cancel(9)),
    (1021, 5, lambda desk: desk.cancel(1, tenant=1)),
    (1022, 50, lambda desk: desk.cut(2, LOT)),
    (1023, 14, lambda desk: desk.reprice(1, 99.5, account=1)),
    (1025, 53, lambda desk: desk.reprice(3, 99)),
    (1026, 11, lambda desk: desk.reprice(1, 99.5, quantity=LOT)),
    (1026, 11, lambda desk: desk.reprice(1, 0)),
    (1026, 11, lambda desk: desk.cut(1, LOT, price=1)),
    (1026, 11, lambda desk: desk.cut(1, 0)),
    (1012, 22, lambda desk: desk.cut(1, 500)),
    (1015, 21, lambda desk: desk.reprice(1, 111)),
    (1017, 21, lambda desk: desk.reprice(1, 99.55)),
    (1027, 48, lambda desk: desk.buy(LOT, 99, tif=IOC)),
    (1027, 48, lambda desk: desk.sell(99 * LOT, 99, tif=FOK)),
    (1201, 99, lambda desk: desk.phase(6)),
    (1204, 99, lambda desk: desk.uncross()),
    (1204, 99, lambda desk: desk.trial()),
]


@pytest.mark.parametrize("row", range(len(REFUSALS)), ids=[f"{row[0]}-{i}" for i, row in enumerate(REFUSALS)])
def test_refusal(opened: Opener, row: int) -> None:
    code, status, act = REFUSALS[row]
    desk = opened(board(100))
    desk.buy(10 * LOT, 99), desk.buy(LOT, 99), desk.cancel(2), desk.buy(LOT)
    answer = act(desk)
    assert (answer.code, answer.status, answer.state) == (code, status, 0)
    assert (answer.filled, answer.leaves, answer.removed) == (0, 0, 0)


def test_the_first_failing_check_answers(opened: Opener) -> None:
    desk = opened(board(100), room=1)
    wrong = {"book": 0, "order_type": 2, "tif": ROD, "order_id": 1}
    desk.buy(LOT, 99)
    steps: list[tuple[int, dict[str, int]]] = [
        (1020, wrong | {"order_id": 2}),
        (1018, wrong),
        (1019, wrong | {"order_id": 0}),
        (1017, wrong | {"order_id": 0, "price": nt(99) + 1}),
        (1013, wrong | {"order_id": 0, "price": nt(99) + 1, "quantity": 500 * LOT}),
        (1012, wrong | {"order_id": 0, "price": nt(99) + 1, "quantity": 500 * LOT + 1}),
        (1009, wrong | {"order_id": 0, "quantity": 1, "tif": 9}),
        (1008, wrong | {"quantity": 1, "tif": 9, "order_type": 9}),
        (1007, wrong | {"quantity": 1, "tif": 9, "order_type": 9, "side": 9}),
        (1002, wrong | {"side": 9, "book": 9}),
        (1003, wrong | {"side": 9, "book": 9, "time": desk.time - 1}),
    ]
    for code, fields in steps:
        sent = {"side": BUY, "quantity": LOT, "price": nt(99), "time_in_force": fields.pop("tif"), **fields}
        assert desk.send(1, **sent).code == code


def test_room_for_live_orders(opened: Opener) -> None:
    desk = opened(board(100), room=2)
    desk.buy(LOT, 99), desk.buy(LOT, 98)
    assert (full := desk.sell(LOT, 99, tif=IOC)).code == 1020, "even an order that would not rest"
    assert full.status == 99
    desk.cancel(2)
    assert desk.sell(LOT, 99, tif=IOC).code == 0


@pytest.mark.parametrize(("lots", "code"), [(1, 0), (499, 0), (500, 1013)], ids=["one unit", "499 units", "500 units"])
def test_at_most_499_units(opened: Opener, lots: int, code: int) -> None:
    assert opened(board(100)).buy(lots * LOT, 99).code == code


@pytest.mark.parametrize(("shares", "code"), [(1, 0), (999, 0), (1_000, 1013), (0, 1011)])
def test_odd_lots_are_1_to_999_shares(opened: Opener, shares: int, code: int) -> None:
    config = board(100, lot=1, max_quantity=999, allowed=(0, LIMIT_ROD, 0, LIMIT_ROD, 0, 0))
    assert opened(config, phase=COLLECT).buy(shares, 99).code == code


@pytest.mark.parametrize("phase", [COLLECT, HALT])
@pytest.mark.parametrize(("price", "tif", "code"), [(99, ROD, 0), (99, IOC, 1010), (99, FOK, 1010)])
@pytest.mark.parametrize("market", [False, True])
def test_auctions_take_limit_rod_only(
    opened: Opener, phase: int, price: float, tif: int, code: int, market: bool
) -> None:
    answer = opened(board(100), phase=phase).buy(LOT, 0 if market else price, tif=tif)
    assert (answer.code, answer.status) == ((1010, 49) if market or code else (0, 0))


@pytest.mark.parametrize(("phase", "code", "status"), [(BEFORE, 1004, 2), (AFTER, 1005, 1), (SUSPENDED, 1006, 43)])
def test_closed_phases(opened: Opener, phase: int, code: int, status: int) -> None:
    desk = opened(board(100))
    desk.buy(LOT, 99)
    desk.phase(phase)
    for answer in (desk.buy(LOT, 99), desk.cancel(1), desk.cut(1, LOT), desk.reprice(1, 98)):
        assert (answer.code, answer.status) == (code, status)
    assert desk.expire().gone == (1,), "the end of the session comes in any phase"


@pytest.mark.parametrize(("mask", "allowed"), [(1, "cancel"), (2, "cut"), (4, "reprice")])
def test_actions_of_a_phase(opened: Opener, mask: int, allowed: str) -> None:
    desk = opened(board(100, actions=(0, 0, mask, 0, 0, 0)))
    for name in ("reprice", "cut", "cancel"):
        desk.buy(2 * LOT, 99)
        answer = {
            "cancel": lambda: desk.cancel(desk.next_id),
            "cut": lambda: desk.cut(desk.next_id, LOT),
            "reprice": lambda: desk.reprice(desk.next_id, 98),
        }[name]()
        assert (answer.code, answer.status) == (
            (0, 0) if name == allowed else (1025, 53) if name == "reprice" else (1024, 49)
        )


def test_an_order_is_found_only_in_its_own_book(opened: Opener) -> None:
    desk = opened(board(100))
    other = Desk(desk.engine, board(100), time=desk.time)
    desk.buy(LOT, 99)
    assert other.cancel(1).code == 1021
    desk.cancel(1)
    assert other.cancel(1).code == 1022, "what is gone is in no book"


# Phases -----------------------------------------------------------------------------------------------------


def test_market_orders_leave_when_the_closing_call_begins(opened: Opener) -> None:
    desk = opened(board(0))
    desk.sell(LOT), desk.buy(2 * LOT), desk.buy(LOT)
    assert desk.phase(COLLECT).gone == (2, 3, 1), "buys first, each side in queue order"
    assert (desk.queue(BUY), desk.queue(SELL)) == ([], [])


def test_expire_removes_in_priority_order(opened: Opener) -> None:
    desk = opened(board(100))
    desk.buy(LOT, 98), desk.sell(LOT, 102), desk.buy(LOT, 99), desk.buy(LOT, 98), desk.sell(LOT, 101)
    desk.buy(LOT, 99), desk.cut(1, LOT)
    assert desk.expire().gone == (3, 6, 4, 5, 2)
    assert desk.cancel(3).code == 1022


@pytest.mark.parametrize("to", range(6))
def test_every_phase_can_follow_every_other(opened: Opener, to: int) -> None:
    for before in range(6):
        desk = opened(board(100), phase=before)
        answer = desk.phase(to)
        assert (answer.code, answer.state, answer.gone) == (0, 1, ())
        assert answer.events[0][41] == before, "the record tells the phase before"
        assert desk.engine.phase(desk.book) == to


# State and registry -----------------------------------------------------------------------------------------


def test_a_broken_state_is_refused_and_changes_nothing(opened: Opener) -> None:
    desk = opened(board(100, shuffle=True, **BANDED))
    desk.buy(LOT, 99), desk.buy(LOT), desk.sell(LOT, 98), desk.cancel(1)
    state = desk.engine.state()
    for broken in (b"", state[:10], state[:-1], state + b"\0", state[:-16]):
        with pytest.raises(ValueError, match=r"."):
            desk.engine.restore(broken)
        assert desk.engine.state() == state
    desk.engine.restore(state)
    assert desk.engine.state() == state


def test_status_numbers_are_those_of_the_error_registry() -> None:
    assert {code: errors.status_of(code) for code in STATUS if code} == {c: s for c, s in STATUS.items() if c}


def test_settings_of_two_books_do_not_mix(opened: Opener) -> None:
    desk = opened(board(100))
    other = Desk(desk.engine, replace(board(50), lot=1, max_quantity=10), time=desk.time)
    assert desk.buy(LOT, 99).code == 0
    other.next_id = desk.next_id
    assert other.buy(LOT, 50).code == 1013
    assert other.sell(10, 50).trades == []
    assert desk.queue(SELL) == []
