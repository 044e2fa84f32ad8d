"""Every row of the ledger against the posting that the rebuilt books made, value by value.

The replay hands over stretches of postings, each with the sequences it covers; one stretch ends where the next begins, the
first begins below everything and the last ends above everything, so no row of the table is outside. A thread with a
connection of its own, in the database snapshot of the check, has the server give the stretch's rows as one array a
column, in PostgreSQL's binary form: fixed places, which NumPy compares as they stand, and text and dates as the very
bytes. Neither side formats, sorts or hashes a row, and the server works while Python replays.

Only a stretch that differs is fetched once more, row by row, so that the first differing ones can be named.
"""

import queue
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import psycopg

from yunhai.services.ledger.reader import POSTINGS
from yunhai.trading.books.state import Posting

STRETCH: Final = 60_000
"""Postings of a stretch, or a commit group more."""
_STRETCHES_AHEAD: Final = 4
BELOW_ALL: Final = -(2**63)
ABOVE_ALL: Final = 2**63 - 1
"""No row's sequence is outside."""
_ARRAY_HEAD: Final = 20
"""Bytes before an array's first element: dimensions, flags, type, count, first index."""
_EPOCH: Final = date(2000, 1, 1)
"""PostgreSQL counts days from here."""
_WIDTHS: Final = {
    "sequence": 8,
    "line": 2,
    "tenant_id": 8,
    "account": 8,
    "kind": 2,
    "debit": 2,
    "credit": 2,
    "amount": 8,
    "order_id": 8,
    "trade": 8,
}
"""Bytes of the columns of whole numbers; the others are text and dates."""
_BETWEEN: Final = "FROM ledger_posting WHERE sequence > %s AND sequence <= %s ORDER BY sequence, line"
_NAMES: Final = ", ".join(POSTINGS.columns)
_ARRAYS: Final = ", ".join(f"array_agg({name})" for name in POSTINGS.columns)
_COLUMNS: Final = f"SELECT {_ARRAYS} FROM (SELECT {_NAMES} {_BETWEEN}) AS rows"  # noqa: S608 - own columns
_ROWS: Final = f"SELECT {_NAMES} {_BETWEEN}"

Row = tuple[int | str, ...]
"""A posting and its day, as the table has them; dates as text, "" where there is none."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Postings of the sequences above `after` up to `last`: of each market day in it ("" before the first), in order."""

    after: int
    last: int
    parts: Sequence[tuple[str, Sequence[Posting]]]

    def __len__(self) -> int:
        return sum(len(rows) for _, rows in self.parts)

    def rows(self) -> Iterator[Row]:
        """Each as the table should have it."""
        for day, postings in self.parts:
            for posting in postings:
                yield (*(value if isinstance(value, str) else int(value) for value in posting), day)

    def columns(self) -> list[Sequence[Any]]:
        """The values column by column, in the order of the table's columns."""
        columns: list[list[Any]] = [[] for _ in POSTINGS.columns]
        for day, postings in self.parts:
            for column, values in zip(columns, (*zip(*postings, strict=True), [day] * len(postings)), strict=False):
                column += values
        return list(columns)


class Comparing:
    """Compares stretches as they are handed over. `compared` rows, of either side; `rows` in the table; `differs` is
    told each differing row, in the thread.

    `end` waits for the rest; psycopg.Error if the database failed meanwhile."""

    def __init__(self, connection: "psycopg.Connection[Any]", differs: Callable[[str], None]) -> None:
        """`connection`: this object's own, in a transaction in the check's snapshot."""
        self.compared = 0
        self.rows = 0
        self._connection = connection
        self._differs = differs
        self._texts = _Texts()
        self._dates = _Dates()
        self._failure: BaseException | None = None
        self._ready: queue.Queue[Stretch | None] = queue.Queue(_STRETCHES_AHEAD)
        self._thread = threading.Thread(target=self._work, name="comparing", daemon=True)
        self._thread.start()

    def take(self, stretch: Stretch) -> None:
        """One more; waits while too many are waiting."""
        self._ready.put(stretch)

    def end(self) -> None:
        """There are no more: until all are compared."""
        self._ready.put(None)
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        while (stretch := self._ready.get()) is not None:
            if self._failure is not None:  # whoever hands over must not wait for ever
                continue
            try:
                self._compare(stretch)
            except BaseException as failure:  # noqa: BLE001 - raised by `end`
                self._failure = failure

    def _compare(self, stretch: Stretch) -> None:
        cursor = self._connection.cursor(binary=True)
        cursor.execute(_COLUMNS, (stretch.after, stretch.last))
        result = cursor.pgresult
        assert result is not None
        found = [result.get_value(0, place) for place in range(len(POSTINGS.columns))]
        cursor.close()
        count = _count(found[0])
        self.rows += count
        if count == len(stretch) and (not count or self._same(found, stretch.columns())):
            self.compared += count
            return
        self._name(stretch)

    def _same(self, found: Sequence[bytes | None], columns: Sequence[Sequence[Any]]) -> bool:
        """Whether every array holds exactly the values of its column."""
        for name, data, values in zip(POSTINGS.columns, found, columns, strict=True):
            assert data is not None
            width = _WIDTHS.get(name)
            if width is not None:
                if not _same_numbers(data, width, values):
                    return False
                continue
            known = self._texts if name == "asset" else self._dates
            if data[_ARRAY_HEAD:] != b"".join([known[value] for value in values]):
                return False
        return True

    def _name(self, stretch: Stretch) -> None:
        """Fetch a differing stretch as rows, hold them against the postings, tell every difference."""
        held: dict[Row, Row] = {}
        for found in self._connection.execute(_ROWS, (stretch.after, stretch.last)):
            row = tuple("" if value is None else str(value) if isinstance(value, date) else value for value in found)
            held[row[:2]] = row
        for row in stretch.rows():
            self.compared += 1
            sequence, line = row[:2]
            there = held.pop(row[:2], None)
            if there is None:
                self._differs(f"sequence {sequence}: line {line} is missing")
            elif there != row:
                what = ", ".join(
                    f"{name} {table} ≠ {made}"
                    for name, table, made in zip(POSTINGS.columns, there, row, strict=True)
                    if table != made
                )
                self._differs(f"sequence {sequence} line {line}: {what}")
        for sequence, line in held:
            self.compared += 1
            self._differs(f"sequence {sequence}: line {line} is in the table only")


def _count(data: bytes | None) -> int:
    """Elements of an array in binary form; no rows give no array."""
    return 0 if data is None else int.from_bytes(data[12:16], "big")


def _same_numbers(data: bytes, width: int, values: Sequence[int]) -> bool:
    form = np.dtype([("length", ">i4"), ("value", f">i{width}")])
    if len(data) != _ARRAY_HEAD + len(values) * form.itemsize:
        return False
    elements = np.frombuffer(data, form, offset=_ARRAY_HEAD)
    return bool((elements["length"] == width).all() and (elements["value"] == np.array(values, dtype=np.int64)).all())


class _Texts(dict[str, bytes]):
    """A text as an array's element."""

    def __missing__(self, text: str) -> bytes:
        content = text.encode()
        found = self[text] = struct.pack(">i", len(content)) + content
        return found


class _Dates(dict[str, bytes]):
    """A date as an array's element; "" is NULL."""

    def __missing__(self, text: str) -> bytes:
        found = self[text] = (
            struct.pack(">ii", 4, (date.fromisoformat(text) - _EPOCH).days) if text else struct.pack(">i", -1)
        )
        return found


assert set(POSTINGS.columns) - set(_WIDTHS) == {"asset", "settles_on", "day"}
assert POSTINGS.columns[:2] == ("sequence", "line")
