"""The worked examples of another exchange: auctions with market orders, and market orders that rest.

`auction_vectors/euronext_auction_vectors.json` holds 21; three use market-to-limit orders, which the book does not have.
The other 18 must come out as printed: indicative prices, trades and books, order by order, on both engines.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.reference.engine import ReferenceEngine
from tests.replay.orders_in_book import InBook, orders_in_book
from yunhai.apps.reference_data import pack_named
from yunhai.exchange.books import Engine
from yunhai.kernel.money import price_of
from yunhai.kernel.records import RECORD, TRADE, VERSION, Kind, OrderType, Phase, Side, State
from yunhai.market.l3.book import book_config
from yunhai.market.l3.engines import native_engine

CALL = "Euronext_-_pure_market_order::Call Phase - Example "
SESSION = "Euronext_-_pure_market_order::Trading session Phase - Example "
SIMPLE = "auction-market-order::Simple"
BOOK = "basic-order-book-construction::"
CLEARING = "indicative-market-price::- The Indicative Matching Price should be the one clearing most shares"
EXAMPLES = [
    CALL + "3 - the Indicative Matching Price is higher than the best limit & equal to the reference price",
    CALL
    + "4 - the Indicative Matching Price is equal to the best limit & lower to the reference price Reference price",
    CALL
    + "5 - the Indicative Matching Price is equal to the best limit & higher to the reference price Reference price",
    SESSION + "1 - the Market order is totally executed upon entry",
    SESSION + "2 - the Market order is partially executed upon entry",
    SESSION + "3 - there are only Market orders in the order book, trade price is the last traded price",
    SESSION + "4 - the best limit is higher that the last traded price",
    SESSION + "5 - the best limit is lower that the last traded price",
    SIMPLE + "st single trade full match on offsetting limit orders",
    SIMPLE + "st single trade partial match on offsetting limit orders",
    SIMPLE + " multi trade full match on offsetting orders (multiple fills due to to sell side)",
    SIMPLE + " multi trade full match on offsetting orders (multiple fills due to to buy side)",
    BOOK + "Limit buy orders are sorted from high to low",
    BOOK + "Limit sell orders are sorted from low to high",
    BOOK + "Equal limit orders are sorted by their arrival",
    CLEARING + " in the presence of multiple sell limit prices",
    CLEARING + " in the presence of multiple buy limit prices",
    "pure-market-orders::Resting market order is partially filled by incoming limit order",
]
ORDERS_MAX = 64
LADDER_ABOUT = 100_000
"""The ladder's middle, 10.00: every example lies within a tenth and ten times of it."""


def reference_engine(orders: int) -> Engine:
    return ReferenceEngine(order_capacity=orders, first_order_id=1, id_capacity=orders)


class Market:
    """One example's market: brokers' orders in, trades and books out."""

    def __init__(self, make_engine: Callable[[int], Engine], actions: list[dict[str, Any]], **changes: Any) -> None:
        given = [action["price"] for action in actions if action["op"] == "reference_price"]
        config = book_config(pack_named("euronext"), reference=LADDER_ABOUT)
        reference = price_of(str(given[0])) if given else 0
        self.engine = make_engine(ORDERS_MAX)
        self.engine.add_book(replace(config, reference=reference, **changes))
        self.brokers = [""]
        self.trades: list[tuple[str, str, int, int]] = []
        if not any(action["op"] == "phase" for action in actions):
            self.phase({"phase": "CoreContinuous"})

    def run(self, actions: list[dict[str, Any]]) -> None:
        for action in actions:
            getattr(self, action["op"])(action)

    def send(self, kind: Kind, **fields: int) -> Any:
        """One command; returns its record and keeps its trades."""
        commands = np.zeros(1, RECORD)
        commands["version"], commands["kind"] = VERSION, kind
        for name, value in fields.items():
            commands[name] = value
        events, consumed = self.engine.process(commands)
        assert consumed == 1
        record = events[0].copy()
        assert record["state"] != State.REFUSED, record
        for trade in events[events["kind"] == Kind.TRADE].view(TRADE):
            buyer, seller = self.brokers[int(trade["buy_id"])], self.brokers[int(trade["sell_id"])]
            self.trades.append((buyer, seller, int(trade["quantity"]), int(trade["price"])))
        return record

    def phase(self, action: dict[str, Any]) -> None:
        continuous = action["phase"] == "CoreContinuous"
        self.send(Kind.PHASE, side=Phase.CONTINUOUS if continuous else Phase.COLLECT)

    def reference_price(self, action: dict[str, Any]) -> None:
        """Already in the book's settings."""

    def submit(self, action: dict[str, Any]) -> None:
        for order in action["orders"]:
            self.brokers.append(order["Broker"])
            market = order["Price"] == "MO"
            self.send(
                Kind.NEW,
                order_id=len(self.brokers) - 1,
                side=Side.BUY if order["Side"] == "Buy" else Side.SELL,
                order_type=OrderType.MARKET if market else OrderType.LIMIT,
                price=0 if market else price_of(order["Price"]),
                quantity=int(order["Quantity"]),
            )

    def uncross(self, action: dict[str, Any]) -> None:
        self.send(Kind.UNCROSS)

    def expect_imp(self, action: dict[str, Any]) -> None:
        assert self.send(Kind.TRIAL)["price"] == price_of(str(action["price"]))

    def expect_trades(self, action: dict[str, Any]) -> None:
        rows = [{name.lower(): value for name, value in row.items()} for row in action["trades"]]
        expected = [
            (row["buying broker"], row["selling broker"], int(row["quantity"]), price_of(row["price"])) for row in rows
        ]
        assert self.trades == expected
        self.trades = []

    def expect_book(self, action: dict[str, Any]) -> None:
        buys, sells = orders_in_book(self.engine.state())
        expected_buys = [tuple(row[:3]) for row in action["rows"] if row[0]]
        expected_sells = [(row[5], row[4], row[3]) for row in action["rows"] if row[5]]
        assert [self.shown(order) for order in buys] == [(b, q, _printed(p)) for b, q, p in expected_buys]
        assert [self.shown(order) for order in sells] == [(b, q, _printed(p)) for b, q, p in expected_sells]

    def shown(self, order: InBook) -> tuple[str, str, int]:
        return self.brokers[order.order], str(order.leaves), order.price


def _printed(price: str) -> int:
    return 0 if price == "MO" else price_of(price)


@pytest.fixture(scope="module")
def vectors(data_folder: Path) -> dict[str, list[dict[str, Any]]]:
    path = data_folder / "auction_vectors" / "euronext_auction_vectors.json"
    return {vector["id"]: vector["actions"] for vector in json.loads(path.read_bytes())["vectors"]}


def test_the_examples_are_all_that_use_limit_and_market_orders_only(vectors: dict[str, list[dict[str, Any]]]) -> None:
    assert len(vectors) == 21
    without = [name for name, actions in vectors.items() if '"MTL"' not in json.dumps(actions)]
    assert sorted(without) == sorted(EXAMPLES)
    assert len(EXAMPLES) == 18


@pytest.mark.parametrize("make_engine", [native_engine, reference_engine], ids=["native", "reference"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_example_comes_out_as_printed(
    vectors: dict[str, list[dict[str, Any]]], name: str, make_engine: Callable[[int], Engine]
) -> None:
    actions = vectors[name]
    market = Market(make_engine, actions)
    market.run(actions)
    assert any(action["op"].startswith("expect") for action in actions)
    assert market.trades == [], "trades that the example does not print"


def test_a_resting_market_order_prices_differently_under_taiwans_rule(
    vectors: dict[str, list[dict[str, Any]]],
) -> None:
    """The examples do tell the two rules apart: example 5's trades fail under the other rule."""
    actions = vectors[SESSION + "5 - the best limit is lower that the last traded price"]

    market = Market(native_engine, actions, market_price_rule=0)
    with pytest.raises(AssertionError):
        market.run(actions)
