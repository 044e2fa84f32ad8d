"""What must hold whatever the orders are: shares are conserved, the auction price is the one its definition names.

Hypothesis draws small books, where orders meet often, and shrinks a failure to the fewest orders that show it.
"""

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.exchange.conftest import new_engine
from tests.reference.desk import NINE, Answer, Desk, board
from tests.reference.markets import ladder
from tests.reference.wire import COLLECT, CONTINUOUS, FOK, HALT, IOC, RESTING, ROD
from yunhai.exchange.books import ALL_KINDS, BookConfig
from yunhai.kernel.records import FILL, RECORD, REMOVED, TRADE, Kind

BUY, SELL = 1, 2
OPEN = (0, ALL_KINDS, ALL_KINDS, ALL_KINDS, 0, 0)
QUICK = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

prices = st.integers(1_000, 1_009)
lots = st.integers(1, 6)
both_engines = pytest.mark.parametrize("kind", ["reference", "native"])


def small_book(**options: object) -> BookConfig:
    """Ten prices one apart, one share a lot, every kind of order in every phase."""
    config = board(100, prices=ladder(range(1_000, 1_010)), lot=1, max_quantity=1_000, allowed=OPEN)
    return replace(config, **({"reference": 1_004} | options))  # type: ignore[arg-type]


def desk_of(kind: str, config: BookConfig, phase: int) -> Desk:
    engine = new_engine(kind, order_capacity=200, first_order_id=1, id_capacity=1_000)
    return Desk(engine, config, phase=phase, time=NINE)


# The auction price, word for word from its definition ----------------------------------------------------

Offer = tuple[int, int, int]  # side, price (0 = market), shares
offers = st.lists(st.tuples(st.sampled_from([BUY, SELL]), st.one_of(st.just(0), prices, prices), lots), max_size=12)
auction_settings = st.fixed_dictionaries(
    {
        "tie_break": st.integers(0, 1),
        "candidates": st.integers(0, 1),
        "equal_distance": st.integers(0, 1),
        "better_filled": st.booleans(),
        "reference": st.sampled_from([0, 1, 999, 1_000, 1_003, 1_004, 1_009, 2_000]),
    }
)


def defined_price(config: BookConfig, book: list[Offer]) -> tuple[int, int]:
    """matching.md §7, said for one price at a time."""
    ticks = [int(price) for price in config.prices]

    def wanted(price: int) -> int:
        return sum(shares for side, limit, shares in book if side == BUY and (limit == 0 or limit >= price))

    def offered(price: int) -> int:
        return sum(shares for side, limit, shares in book if side == SELL and (limit == 0 or limit <= price))

    most = max(min(wanted(price), offered(price)) for price in ticks)
    if most == 0:
        return 0, 0
    tied = [price for price in ticks if min(wanted(price), offered(price)) == most]
    if config.better_filled:
        tied = [price for price in tied if wanted(price + 1) <= most and offered(price - 1) <= most] or tied
    if config.candidates:
        tied = [price for price in tied if any(limit == price for _, limit, _ in book)] or tied
    target = float(config.reference) if config.tie_break == 0 and config.reference else (tied[0] + tied[-1]) / 2
    nearest = min(abs(price - target) for price in tied)
    choice = [price for price in tied if abs(price - target) == nearest]
    return (min(choice) if config.equal_distance else max(choice)), most


@both_engines
@QUICK
@given(book=offers, chosen=auction_settings)
def test_auction_price_is_the_defined_one(kind: str, book: list[Offer], chosen: dict[str, int]) -> None:
    config = small_book(**chosen)
    desk = desk_of(kind, config, COLLECT)
    for side, price, shares in book:
        assert desk.new(side, shares, price / 10_000).code == 0
    expected = defined_price(config, book)
    trial, uncross = desk.trial(), desk.uncross()
    assert (round(trial.price * 10_000), trial.volume) == expected
    assert (round(uncross.price * 10_000), uncross.volume) == expected
    assert sum(trade[1] for trade in uncross.trades) == expected[1]
    assert desk.trial().volume == 0


# Continuous trading ------------------------------------------------------------------------------------------

actions = st.one_of(
    st.tuples(st.just("new"), st.sampled_from([BUY, SELL]), st.sampled_from([ROD, ROD, IOC, FOK]), prices, lots),
    st.tuples(st.just("new"), st.sampled_from([BUY, SELL]), st.sampled_from([ROD, IOC, FOK]), st.just(0), lots),
    st.tuples(st.just("cut"), st.integers(1, 30), lots),
    st.tuples(st.just("reprice"), st.integers(1, 30), prices),
    st.tuples(st.just("cancel"), st.integers(1, 30)),
    st.tuples(st.just("phase"), st.sampled_from([COLLECT, CONTINUOUS, CONTINUOUS, HALT])),
    st.tuples(st.just("uncross")),
    st.tuples(st.just("expire")),
)
Action = tuple[object, ...]


@dataclass
class Ledger:
    """Every order's shares, kept from the records alone."""

    quantity: Counter[int] = field(default_factory=Counter)
    filled: Counter[int] = field(default_factory=Counter)
    removed: Counter[int] = field(default_factory=Counter)
    sides: dict[int, int] = field(default_factory=dict)
    trades: int = 0
    clock: int = 0

    def read(self, answer: Answer) -> None:
        own = np.frombuffer(answer.events[0], dtype=RECORD)[0]
        if not own["state"]:
            return
        assert own["time"] >= self.clock
        self.clock = int(own["time"])
        order = int(own["order_id"])
        if own["kind"] == Kind.NEW:
            self.quantity[order], self.sides[order] = int(own["quantity"]), int(own["side"])
        if own["kind"] <= Kind.REPRICE:
            self.removed[order] += int(own["removed"])
        before = self.filled[order]
        for row in answer.events[1:]:
            self._read_event(row)
        if own["kind"] <= Kind.REPRICE:
            assert self.filled[order] - before == own["filled"]
            assert self.quantity[order] == self.filled[order] + self.removed[order] + int(own["leaves"])
            assert (own["state"] == RESTING) == (own["leaves"] > 0)
        if own["kind"] == Kind.NEW and own["time_in_force"] != ROD:
            assert own["leaves"] == 0
            assert own["time_in_force"] == IOC or own["filled"] == own["quantity"]

    def _read_event(self, row: bytes) -> None:
        if row[0] == Kind.TRADE:
            trade = np.frombuffer(row, dtype=TRADE)[0]
            self.trades += 1
            assert trade["trade"] == self.trades, "trades are numbered without a gap"
            assert (self.sides[int(trade["buy_id"])], self.sides[int(trade["sell_id"])]) == (BUY, SELL)
        elif row[0] == Kind.FILL:
            fill = np.frombuffer(row, dtype=FILL)[0]
            order = int(fill["order_id"])
            self.filled[order] += int(fill["quantity"])
        elif row[0] == Kind.REMOVED:
            gone = np.frombuffer(row, dtype=REMOVED)[0]
            order = int(gone["order_id"])
            self.removed[order] += int(gone["quantity"])
            assert self.leaves(order) == 0

    def leaves(self, order: int) -> int:
        return self.quantity[order] - self.filled[order] - self.removed[order]

    def total(self, shares: Counter[int], side: int) -> int:
        return sum(count for order, count in shares.items() if self.sides[order] == side)


def act(desk: Desk, action: Action) -> Answer:
    match action:
        case ("new", int(side), int(tif), int(price), int(shares)):
            return desk.new(side, shares, price / 10_000, tif=tif)
        case ("cut", int(order), int(shares)):
            return desk.cut(order, shares)
        case ("reprice", int(order), int(price)):
            return desk.reprice(order, price / 10_000)
        case ("cancel", int(order)):
            return desk.cancel(order)
        case ("phase", int(phase)):
            return desk.phase(phase)
        case ("uncross",):
            return desk.uncross()
        case _:
            return desk.expire()


@both_engines
@QUICK
@given(
    script=st.lists(actions, min_size=5, max_size=40),
    band=st.sampled_from([0, 1_000, 2_500]),
    rule=st.integers(0, 1),
    shuffle=st.booleans(),
)
def test_shares_are_conserved_and_the_book_is_never_crossed(
    kind: str, script: list[Action], band: int, rule: int, shuffle: bool
) -> None:
    config = small_book(
        band_ppm=band, band_from=0, band_until=2 * NINE, market_price_rule=rule, shuffle=shuffle, band_mode=1
    )
    desk, ledger = desk_of(kind, config, CONTINUOUS), Ledger()
    for step, action in enumerate(script):
        desk.time = NINE + step
        ledger.read(act(desk, action))
        bids, asks = desk.queue(BUY), desk.queue(SELL)
        for side, queue in ((BUY, bids), (SELL, asks)):
            resting = sum(ledger.leaves(order) for order, its in ledger.sides.items() if its == side)
            assert resting == sum(shares for _, shares, _ in queue), "the depth shows exactly what rests"
        assert ledger.total(ledger.filled, BUY) == ledger.total(ledger.filled, SELL)
        if desk.engine.phase(desk.book) == CONTINUOUS and bids and asks:
            assert 0 < bids[0][0] < asks[0][0]
