"""Proving the books: the tables against themselves, against the journal's bytes, and against books rebuilt from record 1.

Three witnesses that share as little as possible: what the database sums by itself; what NumPy counts in the journal's
FILL records without any books; and what the books say when every record is applied again from the beginning. All of it
as of one journal sequence, the tables' own, seen in one database snapshot, so that a living cloud can be checked.

The database works while the journal is replayed here: on one connection it sums, on another it gives the ledger's rows,
which are compared one by one (`books_rows`); both see the one snapshot.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from yunhai.apps.cloud.books_rows import ABOVE_ALL, BELOW_ALL, STRETCH, Comparing, Stretch
from yunhai.apps.cloud.fill_count import FillCount
from yunhai.apps.cloud.readers import NAME, POSITIONS
from yunhai.apps.cloud.snapshots import apply
from yunhai.journal.reader import Reader
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import DIFFERENCES_NAMED_MAX
from yunhai.services.ledger.errors import OTHER_JOURNAL
from yunhai.trading.books.books import Books
from yunhai.trading.books.orders import cash_needed
from yunhai.trading.books.state import CASH, Posting
from yunhai.trading.books.steps import STEPS
from yunhai.trading.core.packing import Accepted, Told, pieces
from yunhai.trading.facts import DayOpened, DayStep, decode
from yunhai.trading.words import Bucket

Progress = Callable[[str, int, int], None]
"""Told (what, done, of)."""


@dataclass(slots=True)
class Check:
    """One thing proven, or not. `found` counts differences, `named` says the first of them."""

    name: str
    zh: str
    en: str
    compared: int = 0
    found: int = 0
    named: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.found

    def differs(self, text: str) -> None:
        """Note a difference."""
        self.found += 1
        if len(self.named) < DIFFERENCES_NAMED_MAX:
            self.named.append(text)

    def same(self, what: str, table: object, other: object) -> None:
        """Compare two values."""
        self.compared += 1
        if table != other:
            self.differs(f"{what}: {table} ≠ {other}")


@dataclass(slots=True)
class Proof:
    """What `yunhai books check` found."""

    sequence: int
    postings: int
    fills: int
    checks: list[Check]
    seconds: float

    @property
    def holds(self) -> bool:
        return all(check.holds for check in self.checks)


def prove(journal: Path, connection: "psycopg.Connection[Any]", progress: Progress) -> Proof:
    """Check everything. `connection`: the reader's role, not in a transaction. YunhaiError OTHER_JOURNAL, 3002-3007, 6440
    (a record cannot follow: the journal, not the tables, is at fault)."""
    began = time.perf_counter()
    connection.autocommit = False
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    postings = Check(
        "postings-of-journal",
        "分錄與日誌重建逐筆相同",
        "every ledger row is that of the books rebuilt from the journal",
    )
    with connection.transaction():
        tables = _Tables(connection)
        _require_same(journal, tables)
        with _beside(connection) as second:
            comparing = Comparing(second, postings.differs)
            tables.ask_ahead()
            rebuilt = _Rebuilt(tables.sequence, comparing)
            try:
                rebuilt.run(journal, progress)
            finally:
                comparing.end()
                tables.answered()
        postings.compared = comparing.compared
        postings.same("number of rows written", tables.counted, comparing.rows)
        steps: tuple[tuple[str, Callable[[], list[Check]]], ...] = (
            ("sums 加總", lambda: _sums(tables)),
            ("balances 餘額", lambda: [postings, _balances(tables, rebuilt)]),
            ("reservations 圈存", lambda: _reservations(tables, rebuilt)),
            ("fills 成交", lambda: _fills(tables, rebuilt)),
            ("holdings 庫存", lambda: _holdings(tables, rebuilt)),
            ("orders 委託", lambda: [_orders(tables, rebuilt)]),
        )
        checks: list[Check] = []
        for number, (name, step) in enumerate(steps):
            progress(name, number, len(steps))
            checks += step()
        progress("done 完成", len(steps), len(steps))
    return Proof(
        sequence=tables.sequence,
        postings=comparing.rows,
        fills=rebuilt.count.fills,
        checks=checks,
        seconds=time.perf_counter() - began,
    )


@contextmanager
def _beside(connection: "psycopg.Connection[Any]") -> Iterator["psycopg.Connection[Any]"]:
    """One more connection of the same role, in the very snapshot of this one's transaction; it walks the ledger in its
    key's order."""
    row = connection.execute("SELECT pg_export_snapshot()").fetchone()
    assert row is not None
    info = connection.info
    with psycopg.connect(info.dsn, password=info.password) as second:
        second.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with second.transaction():
            second.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(row[0]))
            for setting in ("enable_seqscan = off", "enable_bitmapscan = off", "work_mem = '64MB'"):
                second.execute(f"SET LOCAL {setting}")
            yield second


# -- the witnesses -----------------------------------------------------------------------------------------------------


class _Tables:
    """The database's side, in one snapshot."""

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self.connection = connection
        self._answers: dict[str, list[tuple[Any, ...]]] = {}
        self._asking: threading.Thread | None = None
        self._failure: psycopg.Error | None = None
        found = {
            row[0]: row[1:] for row in self.rows('SELECT name, sequence, "group", chain, postings FROM ledger_offset')
        }
        self.sequence, self.group, chain, self.counted = found.get(NAME, (0, 0, b"", 0))
        self.chain = bytes(chain)
        self.positions_at = found.get(POSITIONS, (0,))[0]

    def rows(self, statement: str, arguments: Iterable[object] = ()) -> list[tuple[Any, ...]]:
        """What a statement gives; what was asked ahead, only once."""
        known = self._answers.pop(statement, None)
        return self.connection.execute(statement, tuple(arguments)).fetchall() if known is None else known

    def ask_ahead(self) -> None:
        """Begin the long sums in a thread. Nothing else may ask until `answered`."""
        self._asking = threading.Thread(target=self._ask, name="sums", daemon=True)
        self._asking.start()

    def answered(self) -> None:
        """Until they are there. psycopg.Error if the database failed."""
        if self._asking is not None:
            self._asking.join()
        if self._failure is not None:
            raise self._failure

    def _ask(self) -> None:
        try:
            for statement in (_SUMMED, _OWED, _FILLS_SUMMED):
                self._answers[statement] = self.connection.execute(statement).fetchall()
        except psycopg.Error as failure:
            self._failure = failure


def _require_same(journal: Path, tables: _Tables) -> None:
    if not tables.sequence:
        return
    group = Reader(journal, tables.sequence, follow=True).next()
    if group is None or (group.number, group.chain) != (tables.group, tables.chain):
        raise YunhaiError(OTHER_JOURNAL, sequence=tables.sequence)


class _Rebuilt:
    """The journal's side: books from record 1, their postings given on to be compared, and the plain count of fills."""

    def __init__(self, sequence: int, comparing: Comparing) -> None:
        self.sequence = sequence
        self.books = Books()
        self.count = FillCount()
        self.closed: dict[tuple[str, int, str], tuple[int, ...]] = {}
        self._comparing = comparing
        self._given = BELOW_ALL
        self._parts: list[tuple[str, list[Posting]]] = []
        self._open_part("")

    def run(self, journal: Path, progress: Progress) -> None:
        """Everything up to the tables' sequence, and a last stretch of whatever the table holds beyond it."""
        for group in Reader(journal, 1, follow=True).ahead() if self.sequence else ():
            for piece in pieces(group):
                if isinstance(piece, Told):
                    self._fact(piece)
                    continue
                if isinstance(piece, Accepted):
                    self.count.take_instruction(piece.record)
                else:
                    self.count.take(piece.records)
                apply(self.books, piece)
            if group.last_sequence >= self.sequence:
                break
            if sum(len(rows) for _, rows in self._parts) >= STRETCH:
                self._give(group.last_sequence)
                progress("replay 重放", group.last_sequence, self.sequence)
        self._give(ABOVE_ALL)
        self.count.sum_up()

    def _open_part(self, day: str) -> None:
        rows: list[Posting] = []
        self._parts.append((day, rows))
        self.books.posted = rows.append

    def _give(self, last: int) -> None:
        parts, self._parts = self._parts, []
        self._open_part(parts[-1][0])
        self._comparing.take(Stretch(self._given, last, parts))
        self._given = last

    def _fact(self, piece: Told) -> None:
        fact = decode(piece.fact.number, piece.fact.content)
        if isinstance(fact, DayOpened):
            self._open_part(fact.date)
            self.count.open_day(fact.date, fact.settles_on)
        apply(self.books, piece)
        if isinstance(fact, DayStep) and fact.step == STEPS[-1]:
            for account in self.books.accounts.values():
                number = account.fact.account
                self.closed[fact.date, number, CASH] = (account.free + account.reserved, 0, 0)
                for code, held in account.positions.items():
                    if held.quantity or held.realised:
                        self.closed[fact.date, number, code] = (held.quantity, held.cost, held.realised)


# -- the checks --------------------------------------------------------------------------------------------------------


def _sums(tables: _Tables) -> list[Check]:
    zero = Check("zero-sum", "各券商各資產餘額總和為零", "all balances of a tenant and asset sum to zero")
    for tenant, asset, total in tables.rows("SELECT tenant_id, asset, sum(balance) FROM ledger_balance GROUP BY 1, 2"):
        zero.same(f"tenant {tenant} {asset}", total, 0)
    negative = Check("not-negative", "客戶餘額不為負", "no customer's balance is negative")
    negative.compared = tables.rows("SELECT count(*) FROM ledger_balance WHERE bucket < 10")[0][0]
    for row in tables.rows(
        "SELECT account, bucket, asset, balance FROM ledger_balance WHERE bucket < 10 AND balance < 0"
    ):
        negative.differs(f"account {row[0]} {Bucket(row[1]).word} {row[2]}: {row[3]}")
    summed = Check("balances-of-postings", "餘額等於分錄加總", "balances are the sums of the postings")
    rows = tables.rows(_SUMMED)
    summed.compared = tables.rows("SELECT count(*) FROM ledger_balance")[0][0]
    for tenant, account, bucket, asset, balance, total in rows:
        summed.differs(f"tenant {tenant} account {account} {Bucket(bucket).word} {asset}: {balance} ≠ {total}")
    owed = Check("obligations-of-postings", "交割義務等於分錄加總", "obligations are the sums of the postings")
    owed.compared = tables.rows("SELECT count(*) FROM settlement_obligation")[0][0]
    for row in tables.rows(_OWED):
        owed.differs(f"tenant {row[0]} account {row[1]} {row[2]} {row[3]}: {row[4]} ≠ {row[5]}")
    return [zero, negative, summed, owed]


_SUMMED: Final = """
WITH sides AS (
    SELECT tenant_id, CASE WHEN debit < 10 THEN account ELSE 0 END AS account, debit AS bucket, asset, -sum(amount) AS total
    FROM ledger_posting GROUP BY 1, 2, 3, 4
    UNION ALL
    SELECT tenant_id, CASE WHEN credit < 10 THEN account ELSE 0 END, credit, asset, sum(amount)
    FROM ledger_posting GROUP BY 1, 2, 3, 4),
made AS (SELECT tenant_id, account, bucket, asset, sum(total) AS total FROM sides GROUP BY 1, 2, 3, 4)
SELECT tenant_id, account, bucket, asset, b.balance, m.total
FROM ledger_balance b FULL JOIN made m USING (tenant_id, account, bucket, asset)
WHERE b.balance IS DISTINCT FROM m.total
"""
_OWED: Final = """
WITH made AS (
    SELECT tenant_id, account, settles_on, asset,
        sum(CASE WHEN debit = 10 THEN amount ELSE -amount END) AS total
    FROM ledger_posting WHERE settles_on IS NOT NULL AND (debit = 10 OR credit = 10) GROUP BY 1, 2, 3, 4)
SELECT tenant_id, account, settles_on, asset, o.due - o.owed - o.settled_due + o.settled_owed, m.total
FROM settlement_obligation o FULL JOIN made m USING (tenant_id, account, settles_on, asset)
WHERE coalesce(o.due - o.owed - o.settled_due + o.settled_owed, 0) <> coalesce(m.total, 0)
"""


_FILLS_SUMMED: Final = """
SELECT day::text, tenant_id, security, side, count(*), sum(quantity), sum(quantity * price::bigint)
FROM orders_fill GROUP BY 1, 2, 3, 4
"""


def _balances(tables: _Tables, rebuilt: _Rebuilt) -> Check:
    check = Check("balances-of-journal", "餘額與日誌重建相同", "every balance is that of the rebuilt books")
    held = {
        row[:4]: row[4] for row in tables.rows("SELECT tenant_id, account, bucket, asset, balance FROM ledger_balance")
    }
    for key, value in book_balances(rebuilt.books):
        check.same(f"tenant {key[0]} account {key[1]} {Bucket(key[2]).word} {key[3]}", held.pop(key, 0), value)
    for key, value in held.items():
        check.same(f"tenant {key[0]} account {key[1]} {Bucket(key[2]).word} {key[3]}", value, 0)
    for (tenant, asset), total in rebuilt.books.sums().items():
        check.same(f"rebuilt books, tenant {tenant} {asset}", total, 0)
    return check


def book_balances(books: Books) -> Iterable[tuple[tuple[int, int, int, str], int]]:
    """((tenant, account or 0, bucket, asset), balance) of everything the books hold."""
    free, reserved = int(Bucket.FREE), int(Bucket.RESERVED)
    for account in books.accounts.values():
        tenant, number = account.fact.tenant, account.fact.account
        yield (tenant, number, free, CASH), account.free
        yield (tenant, number, reserved, CASH), account.reserved
        for code, position in account.positions.items():
            yield (tenant, number, free, code), position.free
            yield (tenant, number, reserved, code), position.reserved
    for number, house in books.tenants.items():
        for asset, values in house.house.items():
            for place, value in enumerate(values):
                yield (number, 0, int(Bucket.CLEARING) + place, asset), value


def _reservations(tables: _Tables, rebuilt: _Rebuilt) -> list[Check]:
    needs = Check(
        "reservations", "圈存等於未成交委託所需", "what is reserved is what the open orders need, order by order"
    )
    books = rebuilt.books
    rounding = books.day.commission_rounding if books.day is not None else 0
    cash: dict[int, int] = defaultdict(int)
    shares: dict[tuple[int, str], int] = defaultdict(int)
    for order in books.orders.values():
        if order.side == 1:
            needs.compared += 1
            needed = cash_needed(order, order.ceiling, rounding)
            if order.held_cash != needed:
                needs.differs(f"order {order.order_id}: {order.held_cash} ≠ {needed}")
            cash[order.account] += order.held_cash
        else:
            shares[order.account, order.security] += order.leaves
    held = tables.rows("SELECT account, asset, balance FROM ledger_balance WHERE bucket = 2")
    for account, asset, balance in held:
        needed = cash.get(account, 0) if asset == CASH else shares.get((account, asset), 0)
        needs.same(f"account {account} reserved {asset}", balance, needed)
    sells = Check(
        "reserved-shares",
        "圈存股數等於委託表未成交賣單",
        "reserved shares are the leaves of the open sells in the table",
    )
    leaves = {
        (row[0], row[1]): int(row[2])
        for row in tables.rows(
            "SELECT account, security, sum(quantity - filled - removed) FROM orders_order"
            " WHERE side = 2 AND state < 2 AND day = (SELECT max(day) FROM orders_order) GROUP BY 1, 2"
        )
    }
    for account, asset, balance in held:
        if asset != CASH:
            sells.same(f"account {account} {asset}", balance, leaves.get((account, asset), 0))
    return [needs, sells]


def _fills(tables: _Tables, rebuilt: _Rebuilt) -> list[Check]:
    count = rebuilt.count
    read = Check(
        "fills", "成交表等於日誌成交紀錄", "the table of fills is the journal's FILL records, counted by NumPy"
    )
    held = tables.rows(_FILLS_SUMMED)
    of_table = {row[:4]: tuple(int(value) for value in row[4:]) for row in held}
    for key in sorted(of_table.keys() | count.sides.keys()):
        read.same(f"{key[0]} tenant {key[1]} {key[2]} side {key[3]}", of_table.get(key), count.sides.get(key))
    market = Check(
        "trades", "每筆成交買賣相符", "every trade has one buy and one sell fill of the same price and shares"
    )
    market.compared = count.trades
    for text in count.unmatched():
        market.differs(text)
    clearing = Check(
        "clearing", "交割款券等於未交割成交", "CLEARING is the fills not yet settled, and nets to zero over all"
    )
    due = count.unsettled(rebuilt.books)
    balances = {
        row[:2]: row[2] for row in tables.rows("SELECT tenant_id, asset, balance FROM ledger_balance WHERE bucket = 10")
    }
    for key in sorted(balances.keys() | due.keys()):
        clearing.same(f"tenant {key[0]} {key[1]}", balances.get(key, 0), due.get(key, 0))
    total: dict[str, int] = defaultdict(int)
    for (_, asset), balance in balances.items():
        total[asset] += balance
    for asset, balance in total.items():
        clearing.same(f"all tenants {asset}", balance, 0)
    return [read, market, clearing]


def _holdings(tables: _Tables, rebuilt: _Rebuilt) -> list[Check]:
    custody = Check("holdings", "庫存等於集保加未交割", "customers' shares are custody and what is not yet settled")
    due = rebuilt.count.unsettled(rebuilt.books)
    for tenant, asset, held, kept in tables.rows(
        "SELECT tenant_id, asset, sum(balance) FILTER (WHERE bucket < 10),"
        " coalesce(sum(balance) FILTER (WHERE bucket IN (14, 15)), 0) FROM ledger_balance WHERE asset <> 'TWD' GROUP BY 1, 2"
    ):
        custody.same(f"tenant {tenant} {asset}", int(held or 0), -int(kept) - due.get((tenant, asset), 0))
    days = Check("closes", "日終庫存與日誌重建相同", "the holdings of each day's close are those of the rebuilt books")
    kept_days = {
        (row[0], row[1], row[2]): tuple(row[3:])
        for row in tables.rows("SELECT day::text, account, security, shares, cost, realised FROM accounts_holdingday")
    }
    for key in sorted(kept_days.keys() | rebuilt.closed.keys()):
        days.same(f"{key[0]} account {key[1]} {key[2]}", kept_days.get(key), rebuilt.closed.get(key))
    checks = [custody, days]
    if tables.positions_at == tables.sequence:
        checks.append(_positions(tables, rebuilt))
    return checks


def _positions(tables: _Tables, rebuilt: _Rebuilt) -> Check:
    """Only where the reader has had a quiet moment: while it is busy positions follow a few seconds later."""
    now = Check("positions", "庫存成本與日誌重建相同", "positions and their cost are those of the rebuilt books")
    held = {
        row[:2]: row[2:]
        for row in tables.rows("SELECT account, security, shares, reserved, cost, realised FROM accounts_position")
    }
    for account in rebuilt.books.accounts.values():
        for code, position in account.positions.items():
            values = (position.free, position.reserved, position.cost, position.realised)
            now.same(f"account {account.fact.account} {code}", held.pop((account.fact.account, code), None), values)
    for key, values in held.items():
        now.same(f"account {key[0]} {key[1]}", values, None)
    return now


def _orders(tables: _Tables, rebuilt: _Rebuilt) -> Check:
    check = Check("orders", "委託表與日誌重建相同", "the day's orders in the table are those of the rebuilt books")
    books = rebuilt.books
    if books.day is None:
        return check
    held = {
        row[0]: row[1:]
        for row in tables.rows(
            "SELECT order_id, filled, value, price FROM orders_order WHERE day = %s", (books.day.date,)
        )
    }
    for order in books.orders.values():
        check.compared += 1
        there, made = held.pop(order.order_id, None), (order.filled, order.value, order.price)
        if there != made:
            check.differs(f"order {order.order_id}: {there} ≠ {made}")
    for order_id in held:
        check.differs(f"order {order_id} is in the table only")
    return check
