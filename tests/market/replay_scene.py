"""Small days for the replay's tests: two shares written by hand, and any seed of the engine's own generator.

The hand-worked day (prices in NT$, one share a lot, no auction rank by chance); `A` and `B` are its securities:

    09:00:00.000  A, B collect          09:00:04  A uncross, both continuous
    09:00:01.000  A  1 buy  10.00 × 100
    09:00:01.000  A  2 buy  10.00 × 200
    09:00:02.000  A  3 sell 10.00 ×  50         4 sell 10.10 × 300        the auction: 50 at 10.00 from order 1
    09:00:05.000  A  5 buy  10.00 ×  30         B  6 sell 20.00 × 10
    09:00:06.000  A  1 cut by 20                                          30 of it are left, ahead of 2 and 5
    09:00:07.000  A  7 buy  10.10 × 400                                   takes 4 whole, 100 of it rest at 10.10
    09:00:08.000  A  2 re-priced to 9.90
    09:00:09.000  B  8 buy  20.00 ×  4 IOC
    09:00:10.000  A  9 sell 10.00 × 115                                   100 from 7, then 15 from 1
    09:00:11.000  A  5 cancelled                B 10 refused: quantity 0
"""

import struct
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from yunhai.exchange.books import ALL_ACTIONS, ALL_KINDS, LIMIT_ROD, BookConfig
from yunhai.kernel.clock import SECOND, market_time
from yunhai.kernel.records import RECORD, VERSION, Kind, Side
from yunhai.market.replay.book import QueueBook
from yunhai.market.replay.events import public_events
from yunhai.market.replay.source import Listing, Source, SourceKind
from yunhai.native import _book

NT = 10_000
DAY = date(2026, 8, 21)
NINE = int(market_time(DAY, 9 * 3600 * SECOND))
BUY, SELL = Side.BUY, Side.SELL
LISTINGS = (Listing(book=0, code="A", reference=10 * NT), Listing(book=1, code="B", reference=20 * NT))
A, B = 0, 1


def price(figure: float) -> int:
    return round(figure * NT)


def config(reference: int) -> BookConfig:
    return BookConfig(
        prices=np.arange(reference // 2, reference * 2, 1_000, dtype=np.int32),
        lot=1,
        max_quantity=10_000,
        reference=reference,
        allowed=(0, LIMIT_ROD, ALL_KINDS, LIMIT_ROD, 0, 0),
        actions=(0, ALL_ACTIONS, ALL_ACTIONS, ALL_ACTIONS, 0, 0),
    )


def command(kind: Kind, second: float, book: int, **fields: int) -> NDArray[np.void]:
    made = np.zeros(1, RECORD)
    made["version"], made["kind"], made["book"] = VERSION, kind, book
    made["time"] = NINE + round(second * 1_000) * 1_000_000
    made["tenant"], made["account"], made["source"] = 7, 70, 3
    for name, value in fields.items():
        made[name] = value
    return made


def new(
    second: float, book: int, order: int, side: Side, at: float, quantity: int, *, force: int = 0
) -> NDArray[np.void]:
    return command(
        Kind.NEW,
        second,
        book,
        order_id=order,
        side=side,
        price=price(at),
        quantity=quantity,
        order_type=2,
        time_in_force=force,
    )


def hand_worked() -> NDArray[np.void]:
    """The module's day as commands."""
    return np.concatenate(
        [
            command(Kind.PHASE, 0, A, side=1),
            command(Kind.PHASE, 0, B, side=1),
            new(1, A, 1, BUY, 10.0, 100),
            new(1, A, 2, BUY, 10.0, 200),
            new(2, A, 3, SELL, 10.0, 50),
            new(2, A, 4, SELL, 10.1, 300),
            command(Kind.TRIAL, 3, A),
            command(Kind.UNCROSS, 4, A),
            command(Kind.PHASE, 4, A, side=2),
            command(Kind.PHASE, 4, B, side=2),
            new(5, A, 5, BUY, 10.0, 30),
            new(5, B, 6, SELL, 20.0, 10),
            command(Kind.CUT, 6, A, order_id=1, quantity=20),
            new(7, A, 7, BUY, 10.1, 400),
            command(Kind.REPRICE, 8, A, order_id=2, price=price(9.9)),
            new(9, B, 8, BUY, 20.0, 4, force=3),
            new(10, A, 9, SELL, 10.0, 115),
            command(Kind.CANCEL, 11, A, order_id=5),
            new(11, B, 10, BUY, 20.0, 0),
        ]
    )


def engine_events(commands: NDArray[np.void], *configs: BookConfig) -> NDArray[np.void]:
    """What the native engine says to the commands."""
    engine = _book.Engine(order_capacity=1_000, first_order_id=1, id_capacity=100_000)
    for one in configs or (config(10 * NT), config(20 * NT)):
        engine.add_book(one)
    parts, done = [], 0
    while done < len(commands):
        events, consumed = engine.process(commands[done:])
        parts.append(events.copy())
        done += consumed
    return np.concatenate(parts)


def source_of(events: NDArray[np.void], listings: tuple[Listing, ...] = LISTINGS, name: str = "test/day") -> Source:
    """The events as a source."""
    return Source(
        id=name,
        kind=SourceKind.ORDERS,
        day=DAY,
        offset=8 * 3600 * SECOND,
        listings=listings,
        events=public_events(events),
    )


def small_source() -> Source:
    """The hand-worked day."""
    return source_of(engine_events(hand_worked()))


@dataclass(frozen=True)
class EngineBook:
    """One book of `engine.state()`: orders as (id, price, leaves, entry) in queue order."""

    phase: int
    entry: int
    last: int
    opening: int
    buys: list[tuple[int, int, int, int]]
    sells: list[tuple[int, int, int, int]]


def engine_books(state: bytes) -> list[EngineBook]:
    """The books of a state (docs/reference/records.md §5)."""
    _, _, count, _ = struct.unpack_from("<qQII", state)
    at = 24
    books = []
    for _ in range(count):
        phase, _, entry, _, last, opening, _, _, seconds, _ = struct.unpack_from("<BB6xIIiiiiII", state, at)
        at += 40 + 32 * seconds
        sides = []
        for _ in range(2):
            (orders,) = struct.unpack_from("<I4x", state, at)
            rows = [struct.unpack_from("<QiIIIII", state, at + 8 + 32 * place)[:4] for place in range(orders)]
            at += 8 + 32 * orders
            sides.append(rows)
        books.append(EngineBook(phase, entry, last, opening, *sides))
    return books


def queues(book: QueueBook, side: Side) -> list[tuple[int, int, int]]:
    """A side of a book as (order, price, leaves), best first."""
    return [
        (one.order, level.price, one.leaves)
        for level in book.levels(side, 1 << 20)
        for one in book.queue(side, level.price, 1 << 20)
    ]
