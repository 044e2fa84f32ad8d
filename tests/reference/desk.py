"""A trader's view of one engine, for tests that read like a broker's examples: prices in NT$, answers in words."""

from dataclasses import dataclass, field, replace

import numpy as np

from tests.reference.markets import BOTH_ROD, NINE, S, ladder, stock_ladder
from tests.reference.wire import (
    CANCEL,
    CONTINUOUS,
    CUT,
    EXPIRE,
    LIMIT,
    MARKET,
    NEW,
    PHASE,
    REPRICE,
    ROD,
    TRIAL,
    UNCROSS,
    Command,
)
from yunhai.exchange.books import BookConfig, Engine
from yunhai.kernel.records import FILL, HALTED, RECORD, REMOVED, TRADE, Kind

__all__ = ["BOTH_ROD", "NINE", "Answer", "Desk", "S", "board", "nt"]


def nt(dollars: float) -> int:
    """NT$ to the record's 1/10,000 NT$."""
    return round(dollars * 10_000)


def board(reference: float = 100, **settings: object) -> BookConfig:
    """A board-lot book around a reference of `reference` NT$ ±10 %, all kinds in continuous, no band, no shuffle."""
    config = BookConfig(
        prices=ladder(stock_ladder(nt(reference or 100), 10)), lot=1000, max_quantity=499_000, reference=nt(reference)
    )
    return replace(config, **settings)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the outcome, then the trades as (price, lots or shares, buy id, sell id)."""

    code: int
    status: int
    state: int
    filled: int
    leaves: int
    removed: int
    price: float
    volume: int
    trades: list[tuple[float, int, int, int]] = field(default_factory=list)
    gone: tuple[int, ...] = ()
    halted: list[float] | None = None  # until, centre, first price outside
    events: tuple[bytes, ...] = field(default=(), repr=False)


class Desk:
    """One book on one engine. Every refusal is checked to have changed nothing."""

    def __init__(self, engine: Engine, config: BookConfig, *, phase: int = CONTINUOUS, time: int = NINE) -> None:
        self.engine = engine
        self.time = time
        self.book = engine.add_book(config)
        self.next_id = 0
        if phase:
            self.phase(phase)

    def buy(self, quantity: int, price: float = 0, **fields: int) -> Answer:
        return self.new(1, quantity, price, **fields)

    def sell(self, quantity: int, price: float = 0, **fields: int) -> Answer:
        return self.new(2, quantity, price, **fields)

    def new(self, side: int, quantity: int, price: float = 0, **fields: int) -> Answer:
        """A new order with the next id; no price = a market order; ROD unless `tif` says otherwise."""
        self.next_id += 1
        order_type = MARKET if price == 0 else LIMIT
        sent = {
            "order_id": self.next_id,
            "side": side,
            "order_type": order_type,
            "time_in_force": fields.pop("tif", ROD),
        }
        return self.send(NEW, price=nt(price), quantity=quantity, **(sent | fields))

    def cancel(self, order_id: int, **fields: int) -> Answer:
        return self.send(CANCEL, order_id=order_id, **fields)

    def cut(self, order_id: int, quantity: int, **fields: int) -> Answer:
        return self.send(CUT, order_id=order_id, quantity=quantity, **fields)

    def reprice(self, order_id: int, price: float, **fields: int) -> Answer:
        return self.send(REPRICE, order_id=order_id, price=nt(price), **fields)

    def phase(self, phase: int) -> Answer:
        return self.send(PHASE, side=phase)

    def uncross(self, option: int = 0) -> Answer:
        return self.send(UNCROSS, side=option)

    def trial(self) -> Answer:
        return self.send(TRIAL)

    def expire(self) -> Answer:
        return self.send(EXPIRE)

    def send(self, kind: int, **fields: int) -> Answer:
        """One command as the engine's own record; fields not named are 0, time and book are the desk's."""
        sent = dict.fromkeys(Command.__dataclass_fields__, 0) | {"time": self.time, "book": self.book}
        record = Command(**(sent | {"kind": kind} | fields)).pack()
        before = self.engine.state()
        events, consumed = self.engine.process(np.frombuffer(record, dtype=RECORD))
        assert consumed == 1
        answer = _answer(events.tobytes())
        if answer.state == 0:
            assert len(answer.events) == 1, "a refusal caused events"
            assert self.engine.state() == before, "a refusal changed the state"
        return answer

    def queue(self, side: int) -> list[tuple[float, int, int]]:
        """(price, quantity, orders) of one side, best first."""
        depth = self.engine.depth(self.book, 100)[side - 1]
        return [
            (int(price) / 10_000, int(quantity), int(orders))
            for price, quantity, orders in zip(depth.price, depth.quantity, depth.orders, strict=True)
        ]


def _answer(events: bytes) -> Answer:
    rows = [events[i : i + 64] for i in range(0, len(events), 64)]
    own = np.frombuffer(rows[0], dtype=RECORD)[0]
    trades, gone, halted = [], [], None
    for row in rows[1:]:
        if row[0] == Kind.TRADE:
            trade = np.frombuffer(row, dtype=TRADE)[0]
            pair = int(trade["buy_id"]), int(trade["sell_id"])
            trades.append((int(trade["price"]) / 10_000, int(trade["quantity"]), *pair))
        elif row[0] == Kind.REMOVED:
            gone.append(int(np.frombuffer(row, dtype=REMOVED)[0]["order_id"]))
        elif row[0] == Kind.HALTED:
            halt = np.frombuffer(row, dtype=HALTED)[0]
            halted = [int(halt["until"]), int(halt["price"]) / 10_000, int(halt["outside"]) / 10_000]
        else:
            assert np.frombuffer(row, dtype=FILL)[0]["kind"] == Kind.FILL
    names = ("code", "status", "state", "filled", "leaves", "removed")
    return Answer(
        **{name: int(own[name]) for name in names},
        price=int(own["price"]) / 10_000,
        volume=int(own["order_id"]),
        trades=trades,
        gone=tuple(gone),
        halted=halted,
        events=tuple(rows),
    )
