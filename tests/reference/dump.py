"""The canonical state bytes, out and in (docs/reference/records.md §5)."""

import struct
from typing import TYPE_CHECKING

from tests.reference.state import Book, Order, Queues

if TYPE_CHECKING:
    from tests.reference.engine import ReferenceEngine

ENGINE = struct.Struct("<qQII")
BOOK_FLAGS = struct.Struct("<BB6x")
BOOK_COUNTS = struct.Struct("<II")
BOOK_PRICES = struct.Struct("<iiii")
COUNT = struct.Struct("<II")
SECOND = struct.Struct("<q16sQ")
ORDER = struct.Struct("<QiIIIII")
ID = struct.Struct("<QIB3x")


def state_of(engine: "ReferenceEngine") -> bytes:
    parts = [ENGINE.pack(engine.now, engine.next_trade, len(engine.books), len(engine.live))]
    for book in engine.books:
        parts += _book(book, engine.now)
    parts.append(COUNT.pack(len(engine.tenants), 0))
    parts += [ID.pack(order_id, tenant, order_id in engine.live) for order_id, tenant in sorted(engine.tenants.items())]
    return b"".join(parts)


def _book(book: Book, clock: int) -> list[bytes]:
    seconds = book.window_seconds(clock)
    return [
        BOOK_FLAGS.pack(book.phase, book.uncrossed),
        BOOK_COUNTS.pack(book.entry, len(book.buys) + len(book.sells)),
        BOOK_PRICES.pack(book.last, book.open, book.centre_last_used, 0),
        COUNT.pack(len(seconds), 0),
        *(SECOND.pack(second, value.to_bytes(16, "little"), shares) for second, value, shares in seconds),
        *_side(book.buys),
        *_side(book.sells),
    ]


def _side(queues: Queues) -> list[bytes]:
    return [
        COUNT.pack(len(queues), 0),
        *(
            ORDER.pack(order.id, order.price, order.leaves, order.entry, order.tenant, order.account, 0)
            for order in queues.in_priority()
        ),
    ]


class _Reader:
    def __init__(self, state: bytes) -> None:
        self.state, self.at = state, 0

    def take(self, layout: struct.Struct) -> tuple[int, ...]:
        if self.at + layout.size > len(self.state):
            raise ValueError(f"the state ends at byte {len(self.state)}, within a field")
        row = layout.unpack_from(self.state, self.at)
        self.at += layout.size
        return row


def restore(engine: "ReferenceEngine", state: bytes) -> None:
    """Take over a state dumped by an engine with the same books; ValueError, and nothing changed, if it is not one."""
    reader = _Reader(state)
    now, next_trade, count, _ = reader.take(ENGINE)
    if count != len(engine.books):
        raise ValueError(f"state of {count} books for an engine of {len(engine.books)}")
    books = [_read_book(reader, Book(number=book.number, config=book.config)) for book in engine.books]
    ids, _ = reader.take(COUNT)
    rows = [reader.take(ID) for _ in range(ids)]
    if reader.at != len(state):
        raise ValueError(f"{len(state) - reader.at} bytes too many")
    engine.now, engine.next_trade, engine.books = now, next_trade, books
    engine.tenants = {order_id: tenant for order_id, tenant, _ in rows}
    sides = [side for book in books for side in (book.buys, book.sells)]
    engine.live = {order.id: order for side in sides for order in side.in_priority()}


def _read_book(reader: _Reader, book: Book) -> Book:
    book.phase, uncrossed = reader.take(BOOK_FLAGS)
    book.uncrossed = bool(uncrossed)
    book.entry, _ = reader.take(BOOK_COUNTS)
    book.last, book.open, book.centre_last_used, _ = reader.take(BOOK_PRICES)
    seconds, _ = reader.take(COUNT)
    for _ in range(seconds):
        second, turnover, shares = reader.take(SECOND)
        book.window[second] = (int.from_bytes(turnover, "little"), shares)
    for queues in (book.buys, book.sells):
        orders, _ = reader.take(COUNT)
        for _ in range(orders):
            order_id, price, leaves, entry, tenant, account, _ = reader.take(ORDER)
            queues.append(Order(order_id, tenant, account, book.number, queues.side, price, leaves, entry))
    return book
