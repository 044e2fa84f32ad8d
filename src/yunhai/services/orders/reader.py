"""The orders reading 委託讀面: instructions, orders, what the exchange answered, and fills, as rows.

Everything comes from the journal: facts 256 and 257 (an `INSTRUCTION` record each) and the trading records. A batch is
gathered as it was read and turned into rows by NumPy, column by column, so that a record costs a few microseconds; rows
go in by COPY within the reader's one transaction. An order's row is kept as sums (filled, value, removed), which every
batch adds to: the reading needs nothing of the order's path in memory but which book is which security, and asks the
tables for that after a restart.

What can go wrong: a batch applied twice would add twice. It cannot be, for the offset moves in the same transaction,
and the primary keys (a journal sequence each) refuse a second row.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from psycopg import Cursor

from yunhai.kernel.records import FILL, RECORD, TRADE, Kind, State
from yunhai.platform.readings.staging import Staged
from yunhai.services.orders.rules import OrderState
from yunhai.trading.facts import DayOpened, KeySet, LineState
from yunhai.trading.instructions import INSTRUCTION
from yunhai.trading.words import Action, Segment

_PLAIN_RECORD: Final = np.dtype((np.void, RECORD.itemsize))
_COMMANDS: Final = (Kind.NEW, Kind.CANCEL, Kind.CUT, Kind.REPRICE)
_ORDERS_KINDS: Final = np.zeros(256, bool)
"""By a record's kind, whether it is about an order."""
_ORDERS_KINDS[[*(int(kind) for kind in _COMMANDS), int(Kind.REMOVED), int(Kind.FILL)]] = True

_INSTRUCTIONS: Final = Staged(
    "orders_instruction",
    (
        "sequence",
        "tenant_id",
        "account",
        "number",
        "order_id",
        "action",
        "code",
        "person",
        "key",
        "channel",
        "client_id",
        "price",
        "quantity",
        "reserved_cash",
        "reserved_shares",
        "market_ns",
        "accepted_ns",
    ),
)
_INSTRUCTION_ROW: Final = "%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%d\t%d\t%d\t%d\t%d\t%d\n"
_ORDERS: Final = Staged(
    "orders_order",
    (
        "order_id",
        "tenant_id",
        "account",
        "person",
        "day",
        "security",
        "book",
        "segment",
        "side",
        "order_type",
        "time_in_force",
        "credit",
        "channel",
        "price",
        "quantity",
        "order_number",
        "told_by",
        "sequence",
        "accepted_ns",
        "market_ns",
        "filled",
        "value",
        "removed",
        "state",
        "code",
        "last_sequence",
    ),
)
_ORDER_ROW: Final = (
    "%d\t%d\t%d\t%d\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\n"
)
_ANSWERS: Final = Staged(
    "orders_answer",
    (
        "sequence",
        "tenant_id",
        "account",
        "order_id",
        "kind",
        "code",
        "state",
        "price",
        "quantity",
        "filled",
        "leaves",
        "removed",
        "market_ns",
    ),
)
_ANSWER_ROW: Final = "%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\n"
_FILLS: Final = Staged(
    "orders_fill",
    (
        "sequence",
        "tenant_id",
        "account",
        "order_id",
        "trade",
        "day",
        "security",
        "segment",
        "side",
        "price",
        "quantity",
        "leaves",
        "liquidity",
        "market_ns",
    ),
)
_FILL_ROW: Final = "%d\t%d\t%d\t%d\t%d\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\n"
_SECURITIES: Final = Staged(
    "orders_security", ("day", "code", "name", "kind", "reference", "last", "shares", "value", "trades")
)
_EXPIRE: Final = (
    "UPDATE orders_order SET removed = quantity - filled, state = %(gone)s, last_sequence = %(sequence)s"
    " WHERE day = %(day)s AND state < 2"
)
_KEY: Final = (
    "INSERT INTO orders_key (key, person, public, kind, status, until, sequence) VALUES (%s, %s, %s, %s, %s, %s, %s)"
    " ON CONFLICT (key) DO UPDATE SET public = EXCLUDED.public, kind = EXCLUDED.kind, status = EXCLUDED.status,"
    " until = EXCLUDED.until, sequence = EXCLUDED.sequence"
)
_LINE: Final = (
    "INSERT INTO orders_linesession (sequence, line, state, reason, market_ns, wall_ns) VALUES (%s, %s, %s, %s, %s, %s)"
)
_UPDATE: Final = """
UPDATE orders_order o SET
    filled = o.filled + c.filled, value = o.value + c.value, removed = o.removed + c.removed,
    price = CASE WHEN c.price > 0 THEN c.price ELSE o.price END,
    code = CASE WHEN c.refused > 0 THEN c.refused ELSE o.code END,
    last_sequence = c.last,
    state = CASE WHEN c.refused > 0 THEN %(refused)s
                 WHEN o.quantity > o.filled + c.filled + o.removed + c.removed
                      THEN CASE WHEN c.reached OR o.state = %(open)s THEN %(open)s ELSE o.state END
                 WHEN o.removed + c.removed = 0 THEN %(filled)s ELSE %(gone)s END
FROM unnest(%(ids)s::bigint[], %(fills)s::bigint[], %(values)s::bigint[], %(removals)s::bigint[], %(prices)s::int[],
            %(refusals)s::int[], %(reached)s::bool[], %(lasts)s::bigint[])
     AS c (order_id, filled, value, removed, price, refused, reached, last)
WHERE o.order_id = c.order_id
"""


@dataclass(slots=True)
class _Part:
    """What was read of one market day."""

    day: str
    contents: list[bytes] = field(default_factory=list)
    places: list[tuple[int, int]] = field(default_factory=list)
    records: list[tuple[int, NDArray[np.void]]] = field(default_factory=list)


@dataclass(slots=True)
class SecurityDay:
    """A security of the running day: its reference price and what its board lots have done so far."""

    name: str
    kind: str
    reference: int
    last: int = 0
    shares: int = 0
    value: int = 0
    trades: int = 0


Trades = Callable[[NDArray[np.void], NDArray[np.int64], Mapping[int, tuple[str, int]], bool], None]
"""TRADE records, their sequences, which book is which (security, segment), and whether a market day begins with them."""


def _nobody(*_: object) -> None:
    """Nobody wants to know."""


class OrdersReading:
    """Gathers what one batch read and writes it. `securities` are those of the market day that was opened last."""

    def __init__(self, traded: Trades = _nobody) -> None:
        """`traded` is told of every batch's trades, a market day at a time, before the securities' rows move on."""
        self.securities: dict[str, SecurityDay] = {}
        self._traded = traded
        self._parts = [_Part("1970-01-01")]
        self._books: dict[int, tuple[str, int]] = {}
        self._keys: list[tuple[object, ...]] = []
        self._lines: list[tuple[object, ...]] = []
        self._expired: list[tuple[int, str]] = []
        self._count = 0

    def __len__(self) -> int:
        """Records and instructions gathered and not yet written."""
        return self._count

    def restart(self, cursor: Cursor[Any], day: str) -> None:
        """Forget what was gathered; learn the running day's securities and books from the tables. `day` "" before the
        first."""
        for staged in (_INSTRUCTIONS, _ORDERS, _ANSWERS, _FILLS, _SECURITIES):
            staged.prepare(cursor)
        self._parts = [_Part(day or "1970-01-01")]
        self._keys.clear()
        self._lines.clear()
        self._expired.clear()
        self._count = 0
        cursor.execute(
            "SELECT DISTINCT book, security, segment FROM orders_order WHERE day = %s", (self._parts[0].day,)
        )
        self._books = {book: (security, segment) for book, security, segment in cursor}
        cursor.execute(
            "SELECT code, name, kind, reference, last, shares, value, trades FROM orders_security WHERE day = %s",
            (self._parts[0].day,),
        )
        self.securities = {row[0]: SecurityDay(*row[1:]) for row in cursor}

    def open_day(self, fact: DayOpened) -> None:
        """A market day begins: books get new numbers."""
        self._parts.append(_Part(fact.date))
        self.securities = {
            listed.code: SecurityDay(listed.name, listed.kind, listed.reference) for listed in fact.listed
        }
        self._count += len(fact.listed)

    def expire(self, sequence: int, day: str) -> None:
        """The day's orders that are still open are over: those that never reached the exchange, above all."""
        self._expired.append((sequence, day))
        self._count += 1

    def take_key(self, sequence: int, fact: KeySet) -> None:
        """A signer's key was registered or changed."""
        self._keys.append((fact.key, fact.person, fact.public, fact.kind, fact.status, fact.until, sequence))
        self._count += 1

    def take_line(self, sequence: int, time: int, fact: LineState) -> None:
        """A line's session began or ended."""
        self._lines.append((sequence, fact.line, fact.state, fact.reason, time, fact.wall_ns))
        self._count += 1

    def take_instruction(self, sequence: int, time: int, content: bytes) -> None:
        """A fact 256 or 257: `time` market ns, `content` one INSTRUCTION record."""
        part = self._parts[-1]
        part.contents.append(content)
        part.places.append((sequence, time))
        self._count += 1

    def take_events(self, first_sequence: int, records: NDArray[np.void]) -> None:
        """Trading records, one a sequence from `first_sequence`. They are kept, not copied, until `write`."""
        self._parts[-1].records.append((first_sequence, records))
        self._count += len(records)

    def close_of(self, code: str) -> int:
        """A security's last board-lot price of the running day, else its reference; 0 if it is not listed."""
        known = self.securities.get(code)
        return (known.last or known.reference) if known else 0

    def write(self, cursor: Cursor[Any]) -> int:
        """All rows of what was gathered; the number of fills. The caller's transaction decides whether it happened."""
        fills = 0
        if self._keys:
            cursor.executemany(_KEY, self._keys)
            self._keys.clear()
        if self._lines:
            cursor.executemany(_LINE, self._lines)
            self._lines.clear()
        for number, part in enumerate(self._parts):
            if number:
                self._books.clear()
            fills += self._write(cursor, part, begins=number > 0, last=number == len(self._parts) - 1)
        for sequence, day in self._expired:
            cursor.execute(_EXPIRE, {"gone": int(OrderState.GONE), "sequence": sequence, "day": day})
        self._expired.clear()
        self._parts = [_Part(self._parts[-1].day)]
        self._count = 0
        return fills

    def _write(self, cursor: Cursor[Any], part: _Part, *, begins: bool, last: bool) -> int:
        instructions = np.frombuffer(b"".join(part.contents), INSTRUCTION)
        places = np.array(part.places, np.int64).reshape(-1, 2)
        sequences, times = places[:, 0], places[:, 1]
        new = (instructions["code"] == 0) & (instructions["action"] == Action.NEW)
        for book, security, segment in zip(
            *(instructions[name][new].tolist() for name in ("book", "security", "segment")), strict=True
        ):
            self._books[book] = (security.decode(), segment)
        everything, places_of_all = _joined(part.records)
        ours = _ORDERS_KINDS[everything["kind"]] & (everything["tenant"] != 0)
        records, at = _chosen(everything, places_of_all, ours)
        changes = Changes(records, at)
        _INSTRUCTIONS.copy(cursor, _instruction_rows(instructions, sequences, times))
        known = _copy_orders(cursor, instructions[new], sequences[new], times[new], changes)
        changes.update(cursor, known)
        _ANSWERS.copy(cursor, _answer_rows(records, at))
        fills = records[records["kind"] == Kind.FILL].view(FILL)
        _FILLS.copy(cursor, self._fill_rows(fills, at[records["kind"] == Kind.FILL], part.day))
        trades, trades_at = _chosen(everything, places_of_all, everything["kind"] == Kind.TRADE)
        self._traded(trades.view(TRADE), trades_at, self._books, begins)
        if last:
            self._write_securities(cursor, part.day, trades.view(TRADE))
        return len(fills)

    def _fill_rows(self, fills: NDArray[np.void], at: NDArray[np.int64], day: str) -> Iterable[str]:
        securities = [self._books.get(book, ("", 0)) for book in fills["book"].tolist()]
        columns = zip(
            at.tolist(),
            *(fills[name].tolist() for name in ("tenant", "account", "order_id", "trade")),
            [day] * len(fills),
            [code for code, _ in securities],
            [segment for _, segment in securities],
            *(fills[name].tolist() for name in ("side", "price", "quantity", "leaves", "liquidity", "time")),
            strict=True,
        )
        return (_FILL_ROW % row for row in columns)

    def _write_securities(self, cursor: Cursor[Any], day: str, trades: NDArray[np.void]) -> None:
        """The day's securities, those that traded in board lots brought up to date."""
        touched = set() if len(self._parts) == 1 else set(self.securities)
        for book, price, quantity in zip(
            *(trades[name].tolist() for name in ("book", "price", "quantity")), strict=True
        ):
            code, segment = self._books.get(book, ("", 0))
            security = self.securities.get(code)
            if security is not None and segment == Segment.BOARD:
                security.last = price
                security.shares += quantity
                security.value += price * quantity
                security.trades += 1
                touched.add(code)
        rows = []
        for code in sorted(touched):
            of = self.securities[code]
            values = (day, code, of.name or code, of.kind, of.reference, of.last, of.shares, of.value, of.trades)
            rows.append("\t".join(_escaped(str(value)) for value in values) + "\n")
        _SECURITIES.put(cursor, rows, key=2)


def _joined(parts: list[tuple[int, NDArray[np.void]]]) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    """All records of a batch as one array, and their sequences. At once: a command and its events are a part, and a
    batch has thousands."""
    if not parts:
        return np.zeros(0, RECORD), np.zeros(0, np.int64)
    whole = np.concatenate([np.ascontiguousarray(records).view(_PLAIN_RECORD) for _, records in parts]).view(RECORD)
    lengths = np.array([len(records) for _, records in parts])
    firsts = np.array([first for first, _ in parts], np.int64)
    return whole, np.repeat(firsts - (np.cumsum(lengths) - lengths), lengths) + np.arange(len(whole))


def _chosen(
    records: NDArray[np.void], at: NDArray[np.int64], which: NDArray[np.bool_]
) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    """Some of the records. As plain bytes: NumPy copies named fields one by one."""
    return records.view(_PLAIN_RECORD)[which].view(RECORD), at[which]


def _escaped(text: str) -> str:
    """A text as COPY takes it. A name comes from a fact and may hold anything."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


class Changes:
    """What a batch's records add to each order: `ids` ascending, one entry of every other array for each."""

    def __init__(self, records: NDArray[np.void], at: NDArray[np.int64]) -> None:
        kinds, codes = records["kind"], records["code"]
        command = np.isin(kinds, _COMMANDS)
        refused = command & (records["state"] == State.REFUSED)
        counts = ~(refused & (kinds != Kind.NEW))
        self.ids, where = np.unique(records["order_id"].astype(np.int64), return_inverse=True)
        fill, removed = kinds == Kind.FILL, kinds == Kind.REMOVED
        quantity = records["quantity"].astype(np.int64)
        self.filled = self._sum(where, np.where(fill, quantity, 0))
        self.value = self._sum(where, np.where(fill, quantity * records["price"], 0))
        taken_away = np.where(removed, quantity, np.where(command, records["removed"], 0))
        self.removed = self._sum(where, np.where(refused, 0, taken_away))
        self.price = np.zeros(len(self.ids), np.int64)
        repriced = (kinds == Kind.REPRICE) & ~refused
        self.price[where[repriced]] = records["price"][repriced]
        self.refused = np.zeros(len(self.ids), np.int64)
        turned_down = refused & (kinds == Kind.NEW)
        self.refused[where[turned_down]] = codes[turned_down]
        self.reached = np.zeros(len(self.ids), bool)
        self.reached[where[counts]] = True
        self.last = np.zeros(len(self.ids), np.int64)
        np.maximum.at(self.last, where, at)

    def _sum(self, where: NDArray[np.intp], amounts: NDArray[np.int64]) -> NDArray[np.int64]:
        total = np.zeros(len(self.ids), np.int64)
        np.add.at(total, where, amounts)
        return total

    def of(self, ids: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
        """For each of `ids`: whether the batch changed it, and where it stands here if so."""
        if not len(self.ids):
            return np.zeros(len(ids), bool), np.zeros(len(ids), np.intp)
        where = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        return self.ids[where] == ids, where

    def update(self, cursor: Cursor[Any], done: NDArray[np.int64]) -> None:
        """Add to the orders that earlier batches wrote: those not in `done`."""
        older = ~np.isin(self.ids, done)
        if not older.any():
            return
        arguments = {
            "ids": self.ids,
            "fills": self.filled,
            "values": self.value,
            "removals": self.removed,
            "prices": self.price,
            "refusals": self.refused,
            "reached": self.reached,
            "lasts": self.last,
        }
        states = {state.name.lower(): int(state) for state in OrderState}
        cursor.execute(_UPDATE, {name: array[older].tolist() for name, array in arguments.items()} | states)


def _instruction_rows(
    instructions: NDArray[np.void], sequences: NDArray[np.int64], times: NDArray[np.int64]
) -> Iterable[str]:
    names = ("tenant", "account", "number", "order_id", "action", "code", "person", "key", "channel")
    last = ("price", "quantity", "reserved_cash", "reserved_shares")
    uuids = [str(UUID(bytes=value.tobytes())) for value in instructions["client_id"]]
    columns = zip(
        sequences.tolist(),
        *(instructions[name].tolist() for name in names),
        uuids,
        *(instructions[name].tolist() for name in last),
        times.tolist(),
        instructions["accepted_at"].tolist(),
        strict=True,
    )
    return (_INSTRUCTION_ROW % row for row in columns)


def _copy_orders(
    cursor: Cursor[Any],
    new: NDArray[np.void],
    sequences: NDArray[np.int64],
    times: NDArray[np.int64],
    changes: Changes,
) -> NDArray[np.int64]:
    """Rows of orders accepted in this batch, with what the batch did to them already in; their ids."""
    ids = new["order_id"].astype(np.int64)
    changed, where = changes.of(ids)

    def change(array: NDArray[Any]) -> NDArray[np.int64]:
        if not len(array):
            return np.zeros(len(ids), np.int64)
        return np.where(changed, array[where], 0).astype(np.int64)

    filled, removed, refused = change(changes.filled), change(changes.removed), change(changes.refused)
    price, last, reached = change(changes.price), change(changes.last), change(changes.reached)
    quantity = new["quantity"].astype(np.int64)
    over = np.where(removed == 0, OrderState.FILLED, OrderState.GONE)
    living = np.where(reached > 0, OrderState.OPEN, OrderState.WAITING)
    state = np.where(refused > 0, OrderState.REFUSED, np.where(quantity > filled + removed, living, over))
    days = new["market_date"].astype("datetime64[D]")
    columns = zip(
        ids.tolist(),
        *(new[name].tolist() for name in ("tenant", "account", "person")),
        np.datetime_as_string(days).tolist(),
        [code.decode() for code in new["security"].tolist()],
        *(
            new[name].tolist()
            for name in ("book", "segment", "side", "order_type", "time_in_force", "credit", "channel")
        ),
        np.where(price > 0, price, new["price"]).tolist(),
        quantity.tolist(),
        [number.decode() for number in new["order_number"].tolist()],
        [_escaped(record.decode()) for record in new["instruction_id"].tolist()],
        sequences.tolist(),
        new["accepted_at"].tolist(),
        times.tolist(),
        filled.tolist(),
        change(changes.value).tolist(),
        removed.tolist(),
        state.tolist(),
        refused.tolist(),
        np.maximum(last, sequences).tolist(),
        strict=True,
    )
    _ORDERS.copy(cursor, (_ORDER_ROW % row for row in columns))
    return ids


def _answer_rows(records: NDArray[np.void], at: NDArray[np.int64]) -> Iterable[str]:
    chosen = records["kind"] != Kind.FILL
    answers, sequences = records[chosen], at[chosen]
    removal = answers["kind"] == Kind.REMOVED
    whole = {name: answers[name].astype(np.int64) for name in ("state", "filled", "leaves", "removed")}
    whole["removed"][removal] = answers["quantity"][removal]
    for name in ("state", "filled", "leaves"):
        whole[name][removal] = State.GONE if name == "state" else 0
    columns = zip(
        sequences.tolist(),
        *(answers[name].tolist() for name in ("tenant", "account", "order_id", "kind", "code")),
        whole["state"].tolist(),
        *(answers[name].tolist() for name in ("price", "quantity")),
        *(whole[name].tolist() for name in ("filled", "leaves", "removed")),
        answers["time"].tolist(),
        strict=True,
    )
    return (_ANSWER_ROW % row for row in columns)
