"""The books as a stream needs them: what accounts hold, who may see what, and today's orders; few of these in memory.

The core's books remember every instruction of the day, to give the same one its answer again and to refuse another with its
client id or nonce. Nobody asks a stream for that. `WatchedBooks` is changed by the same records through the same code and keeps
less: what only a gate asks is not there at all (a gate on these books would fail, not let something pass twice), and an order
that is over, or rests for long, goes to a file, from which it is read when something happens to it or somebody asks. So memory
is that of the accounts, however long the day and however many orders rest.

The file has no name, belongs to the process and ends with it. Orders stand in it by number, in slots of one size: no index.
"""

import os
import tempfile
from array import array
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

import msgspec
import numpy as np
import structlog
from numpy.typing import NDArray

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import REPLAY_OWN_ORDERS_MAX, STREAM_ORDERS_MAX
from yunhai.kernel.records import Kind
from yunhai.trading.books.books import STATE_VERSION, Books
from yunhai.trading.books.ranges import Ranges
from yunhai.trading.books.state import Order, State
from yunhai.trading.shape import Packed

log: Final = structlog.get_logger("yunhai.stream")

SLOT_BYTES: Final = 256
"""An order's length in one byte, and its msgpack: some 130 bytes, 210 if every field of it is as wide as it can be."""
NEWEST_KEPT: Final = max(STREAM_ORDERS_MAX, REPLAY_OWN_ORDERS_MAX) + 1
"""Of each account, by number: what one snapshot shows, and whether there are more."""
ORDERS_KEPT: Final = 4_096
"""Open orders in memory, of which the longest there go first, some at once."""
_SIXTEENTH: Final = 16
_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Order)
_LAST_ANSWER: Final = int(Kind.REPRICE)
_ENDS: Final = (int(Kind.FILL), int(Kind.REMOVED))
_UNREAD: Final = frozenset(("nonces", "known"))
_STATE: Final = msgspec.msgpack.Decoder(
    msgspec.defstruct(
        "_WatchedState",
        [
            (field.name, msgspec.Raw if field.name in _UNREAD else list[msgspec.Raw])
            if field.name in {*_UNREAD, "orders"}
            else (field.name, field.type)
            for field in msgspec.structs.fields(State)
        ],
        array_like=True,
    )
)
"""A snapshot's state without what is not kept; orders one by one, since all of a day's at once would be the peak."""


class DayOrders(dict[int, Order]):
    """Today's orders by number. The dict has those that are open and were changed lately; `settle` puts the others into a file in
    `folder` (None: where the system keeps its temporary files). What the disk refuses stays in memory."""

    def __init__(self, folder: Path | None, kept: int = ORDERS_KEPT) -> None:
        super().__init__()
        self._folder = folder
        self._kept = kept
        self._file: IO[bytes] | None = None
        self._first: int | None = None
        self._open = bytearray()  # by number: 1 of an order that is not over
        self._refused = False

    def __setitem__(self, number: int, order: Order) -> None:
        if self._first is None:
            self._first = number
        at = number - self._first
        if at >= len(self._open):
            self._open.extend(bytes(at + 1 - len(self._open)))
        self._open[at] = 1
        super().__setitem__(number, order)

    def get(self, number: int, default: Any = None) -> Any:
        """An order to be changed: one that was over counts as open until it is settled again."""
        order = super().get(number)
        if order is None and (order := self._read(number)) is not None:
            self[number] = order
        return default if order is None else order

    def open_numbers(self) -> list[int]:
        """Of all orders that are not over, wherever they are."""
        first = self._first or 0
        return (np.flatnonzero(np.frombuffer(bytes(self._open), np.uint8)) + first).tolist()

    def open_count(self) -> int:
        return self._open.count(1)

    def values(self) -> Iterator[Order]:  # type: ignore[override]
        """All orders that are not over, each put away before the next if it is over by then: none else may be changed."""
        for number in self.open_numbers():
            yield self.get(number)
            self.settle((number,))

    def look(self, number: int) -> Order | None:
        """An order as it is now, not to be changed."""
        order = super().get(number)
        return self._read(number) if order is None else order

    def clear(self) -> None:
        super().clear()
        self._first = None
        self._open.clear()
        self._refused = False
        if self._file is not None:
            self._file.truncate(0)

    def settle(self, numbers: Iterable[int]) -> None:
        """Of these, put away those that are over: nothing is left of them and nothing asked for. If many stay, those that have
        been here longest."""
        for number in numbers:
            order = super().get(number)
            if order is not None and not order.leaves and not order.pending:
                self._open[number - (self._first or 0)] = 0
                if self._write(number, order):
                    del self[number]
        if len(self) > self._kept and not self._refused:
            for number in list(islice(self, len(self) - self._kept + self._kept // _SIXTEENTH)):
                if self._write(number, self[number]):
                    del self[number]

    def _place(self, number: int) -> int:
        assert self._first is not None
        return (number - self._first) * SLOT_BYTES

    def _read(self, number: int) -> Order | None:
        if self._file is None or self._first is None or number < self._first:
            return None
        slot = os.pread(self._file.fileno(), SLOT_BYTES, self._place(number))
        return _DECODER.decode(memoryview(slot)[1 : 1 + slot[0]]) if slot and slot[0] else None

    def _write(self, number: int, order: Order) -> bool:
        content = _ENCODER.encode(order)
        if len(content) >= SLOT_BYTES or self._refused:
            return False
        slot = bytes((len(content),)) + content
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115 - it lives as long as this
            whole = os.pwrite(self._file.fileno(), slot, self._place(number)) == len(slot)
        except OSError as error:
            log.warning("orders-stay-in-memory", reason=str(error))
            self._refused = True
            return False
        return whole


class WatchedBooks(Books):
    """See the module. `folder`: where orders are put; `kept`: so many open ones are in memory."""

    orders: DayOrders

    def __init__(self, folder: Path | None = None, kept: int = ORDERS_KEPT) -> None:
        super().__init__()
        self.orders = DayOrders(folder, kept)
        self.orders_by_account: dict[int, array[int]] = {}  # type: ignore[assignment] # an eighth of a list; the newest
        del self.known, self.nonces

    @classmethod
    def of_snapshot(cls, state: bytes, folder: Path | None = None, kept: int = ORDERS_KEPT) -> "WatchedBooks":
        """The books as a core's `Books.state()` left them. YunhaiError 6441."""
        books = cls(folder, kept)
        try:
            held: Any = _STATE.decode(state)
            if held.version != STATE_VERSION:
                raise YunhaiError(6441, reason=f"version {held.version}")
            for written in held.orders:
                order = _DECODER.decode(written)
                books.place(order)
                books.orders.settle((order.order_id,))
        except msgspec.MsgspecError as error:
            raise YunhaiError(6441, reason=str(error)) from None
        for name in State.__struct_fields__:
            if name not in ("version", "outbox", "orders", *_UNREAD):
                setattr(books, name, getattr(held, name))
        books.outbox = Ranges(held.outbox)
        return books

    # -- what readers ask ------------------------------------------------------------------------------------------------

    def newest_of(self, account: int, most: int) -> tuple[list[int], bool]:
        """(numbers of an account's newest orders of today, oldest first; whether there are more). `most` < NEWEST_KEPT."""
        kept = self.orders_by_account.get(account, ())
        return list(kept[-most:]), len(kept) > most

    # -- what is kept ----------------------------------------------------------------------------------------------------

    def place(self, order: Order) -> None:
        self.orders[order.order_id] = order
        newest = self.orders_by_account.get(order.account)
        if newest is None:
            newest = self.orders_by_account[order.account] = array("Q")
        newest.append(order.order_id)
        if len(newest) > 2 * NEWEST_KEPT:
            del newest[:-NEWEST_KEPT]

    def remember(self, sequence: int, time: int, content: bytes, record: Packed) -> None:
        """Nothing: no instruction is decided here."""

    def forget_orders(self) -> None:
        self.orders.clear()
        self.orders_by_account.clear()

    def apply_events(self, first_sequence: int, records: NDArray[np.void]) -> None:
        super().apply_events(first_sequence, records)
        kinds = records["kind"]
        told = (kinds <= _LAST_ANSWER) | (kinds == _ENDS[0]) | (kinds == _ENDS[1])
        self.orders.settle(set(records["order_id"][told].tolist()))
