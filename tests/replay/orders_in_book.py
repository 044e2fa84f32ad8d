"""The orders of a book, in priority order, from an engine's canonical state (docs/reference/records.md §5)."""

import struct
from typing import NamedTuple


class InBook(NamedTuple):
    """An order that rests; price 0 = market."""

    order: int
    price: int
    leaves: int


def orders_in_book(state: bytes) -> tuple[list[InBook], list[InBook]]:
    """(buys, sells) of the only book of a state."""
    engine = struct.Struct("<qQII")
    _, _, books, _ = engine.unpack_from(state, 0)
    assert books == 1
    place = engine.size
    head = struct.Struct("<BB6xIIiiiiII")
    *_, seconds, _ = head.unpack_from(state, place)
    place += head.size + seconds * struct.calcsize("<qQQQ")
    sides = []
    row = struct.Struct("<QiIIIII")
    for _ in range(2):
        count, _ = struct.unpack_from("<II", state, place)
        place += 8
        rows = [row.unpack_from(state, place + number * row.size) for number in range(count)]
        sides.append([InBook(fields[0], fields[1], fields[2]) for fields in rows])
        place += count * row.size
    return sides[0], sides[1]
