"""The reader: one process that turns the journal into the tables of ledger, orders, accounts and settlement.

It runs the same `Books` as the core over the same records, takes the postings, and writes everything that a batch of
commit groups brought in one transaction together with the offset. So the tables are always those of one journal sequence;
killed anywhere, it goes on from the offset with neither gap nor double. Its connection does not wait for PostgreSQL's
disk (`synchronous_commit` off): a crash of the server loses the last batches whole, offset included, and the journal,
which was synced before anyone was told, gives them again.

Starting at an offset it needs the books as they were there: from the newest snapshot of the core at or below it, else
from the beginning, replaying without posting.

A batch ends when it is large enough, old enough, or when the journal has nothing more: an order by hand is in the tables
within a few hundredths of a second, a flood goes in by ten thousands. Only one reader writes: it holds an advisory lock.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
import structlog

from yunhai.apps.cloud.snapshots import newest_books
from yunhai.exchange.rules.pack import RulePack
from yunhai.journal.errors import NOT_FOUND as NO_JOURNAL
from yunhai.journal.reader import Group, Reader
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import READER_BATCH_POSTINGS_MAX, READER_BATCH_RECORDS_MAX
from yunhai.services.accounts.reader import HoldingsReading
from yunhai.services.alerts.reader import AlertsReading
from yunhai.services.ledger.errors import OTHER_JOURNAL
from yunhai.services.ledger.reader import LedgerReading
from yunhai.services.orders.reader import OrdersReading
from yunhai.services.settlement.reader import SettlementReading
from yunhai.trading.books.books import Books
from yunhai.trading.books.steps import EXPIRED, STEPS
from yunhai.trading.core.packing import Accepted, Events, Told, pieces
from yunhai.trading.facts import DayOpened, DayStep, KeySet, LineState, decode

NAME: Final = "books"
POSITIONS: Final = "positions"
"""Names of the offsets: of all tables, and of the positions, which follow a moment later."""
LOCK: Final = 7_200_001
"""The advisory lock of the one reader."""
RARELY: Final = (100_000, 20, 50)
"""Thresholds of Python's collector for processes that make millions of tuples and no cycles: an eighth less time."""
BATCH_SECONDS: Final = 1.0
"""How old a batch may get while the journal has more: small ones would cost more than they are worth."""
POSITIONS_SECONDS: Final = 3.0
IDLE_SECONDS: Final = 0.02
ARMING_SECONDS: Final = 1.0
"""How soon an alert is armed while the journal is quiet."""

_log = structlog.get_logger("reader")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Up to where has been read. `group` 0: nothing yet."""

    journal: bytes = b""
    sequence: int = 0
    group: int = 0
    chain: bytes = b""


class JournalReading:
    """The readings of one journal in one database. `step` reads and perhaps writes; `run` goes on until told to stop."""

    def __init__(self, journal: Path, snapshots: Path, connection: "psycopg.Connection[Any]") -> None:
        """`connection` is the reader's own, in autocommit; it is used by this object alone."""
        self.mark = Mark()
        self.books = Books()
        self.postings = 0
        self._journal, self._snapshots = journal, snapshots
        self._connection = connection
        self._ledger = LedgerReading()
        self._alerts = AlertsReading()
        self._orders = OrdersReading(self._alerts.take)
        self._holdings = HoldingsReading(self._orders.close_of)
        self._settlement = SettlementReading()
        self._reader: Reader | None = None
        self._read: Group | None = None
        self._began = 0.0
        self._positions_at = 0.0
        self._armed_at = 0.0

    @property
    def started(self) -> bool:
        """Whether it has found its place in a journal."""
        return self._reader is not None

    def take_count(self) -> int:
        """Postings written since this was asked last."""
        count, self.postings = self.postings, 0
        return count

    # -- where to go on ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Find the offset, have the books as they were there, and go on behind it. YunhaiError OTHER_JOURNAL if the
        journal is not the one that the tables came from, 3002 while there is none."""
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = off")
            self.mark = _mark(cursor)
            reader = Reader(self._journal, self.mark.sequence + 1, follow=True)
            self._check(reader)
            began = time.perf_counter()
            self.books = newest_books(self._journal, self._snapshots, self.mark.sequence)
            day = self.books.day.date if self.books.day else ""
            self._ledger.restart(cursor, day)
            self._orders.restart(cursor, day)
            self._alerts.restart(cursor, self._opened(), self._orders.securities)
            self._alerts.arm(cursor, self.mark.sequence, self._orders.securities)
            self._holdings.restart(cursor, self.books)
            self._settlement.restart()
        self.books.posted = self._ledger.take
        self._reader = reader
        self._read = None
        _log.info(
            "reading", sequence=self.mark.sequence, day=day, rebuilt_ms=round((time.perf_counter() - began) * 1000)
        )

    def _opened(self) -> tuple[DayOpened, RulePack] | None:
        """The fact and the rules of the day that the books stand in; None before the first."""
        day = self.books.day
        if day is None:
            return None
        group = Reader(self._journal, day.sequence, follow=True).next()
        for piece in pieces(group, day.sequence) if group is not None else ():
            if isinstance(piece, Told) and piece.sequence == day.sequence:
                fact = decode(piece.fact.number, piece.fact.content)
                assert isinstance(fact, DayOpened), "the books' day begins with its fact"
                return fact, self.books.rule_pack(fact.pack, fact.pack_sha256)
        return None

    def _check(self, reader: Reader) -> None:
        if not self.mark.group:
            self.mark = Mark(journal=reader.journal_id())
            return
        found = Reader(self._journal, self.mark.sequence, follow=True).next()
        if (
            reader.journal_id() != self.mark.journal
            or found is None
            or (found.number, found.last_sequence, found.chain)
            != (self.mark.group, self.mark.sequence, self.mark.chain)
        ):
            raise YunhaiError(OTHER_JOURNAL, sequence=self.mark.sequence)

    # -- reading -------------------------------------------------------------------------------------------------------

    def step(self) -> bool:
        """Take the journal's next commit group, or write what is gathered if there is none. False: nothing to do."""
        assert self._reader is not None, "start first"
        group = self._reader.next()
        now = time.monotonic()
        if group is None:
            if self._read is None and not self._holdings.waiting:
                self._arm()
                return False
            self._write(positions=True)
            return True
        if self._read is None:
            self._began = now
        self._take(group)
        self._read = group
        if (
            len(self._ledger) >= READER_BATCH_POSTINGS_MAX
            or len(self._orders) >= READER_BATCH_RECORDS_MAX
            or now - self._began > BATCH_SECONDS
        ):
            self._write(positions=now - self._positions_at > POSITIONS_SECONDS)
        return True

    def run(self, stop: threading.Event) -> None:
        """Follow the journal until `stop`; what is gathered then is written first."""
        while not stop.is_set():
            try:
                self.start()
                break
            except YunhaiError as error:
                if error.code != NO_JOURNAL:
                    raise
                stop.wait(0.2)
        while not stop.is_set():
            if not self.step():
                stop.wait(IDLE_SECONDS)
        if self._read is not None:
            self._write(positions=True)

    def _take(self, group: Group) -> None:
        books = self.books
        for piece in pieces(group, self.mark.sequence + 1):
            if isinstance(piece, Events):
                self._orders.take_events(piece.first_sequence, piece.records)
                books.apply_events(piece.first_sequence, piece.records)
            elif isinstance(piece, Accepted):
                self._orders.take_instruction(piece.sequence, piece.time, piece.record)
                books.apply_instruction(piece.sequence, piece.time, piece.record)
            else:
                fact = decode(piece.fact.number, piece.fact.content)
                if isinstance(fact, DayOpened):
                    self._open_day(piece.sequence, piece.fact.time, group.wall_ns, fact)
                books.apply_fact(piece.sequence, piece.fact.time, piece.fact.tenant, fact)
                if isinstance(fact, DayOpened):
                    self._alerts.open_day(fact, books.rule_pack(fact.pack, fact.pack_sha256))
                if isinstance(fact, KeySet):
                    self._orders.take_key(piece.sequence, fact)
                elif isinstance(fact, LineState):
                    self._orders.take_line(piece.sequence, piece.fact.time, fact)
                elif isinstance(fact, DayStep):
                    self._settlement.take_step(piece.sequence, piece.fact.time, group.wall_ns, fact)
                    if fact.step == EXPIRED:
                        self._orders.expire(piece.sequence, fact.date)
                    if fact.step == STEPS[-1]:
                        self._holdings.close_day(piece.sequence, fact.date)

    def _open_day(self, sequence: int, market_ns: int, wall_ns: int, fact: DayOpened) -> None:
        self._ledger.open_day(fact.date)
        self._orders.open_day(fact)
        self._holdings.open_day()
        self._settlement.open_day(sequence, market_ns, wall_ns, fact)

    # -- writing -------------------------------------------------------------------------------------------------------

    def _arm(self) -> None:
        """Now and then while the journal is quiet: alerts that people made meanwhile."""
        if time.monotonic() - self._armed_at < ARMING_SECONDS:
            return
        with self._connection.transaction(), self._connection.cursor() as cursor:
            self._alerts.arm(cursor, self.mark.sequence, self._orders.securities)
        self._armed_at = time.monotonic()

    def _write(self, *, positions: bool) -> None:
        self._holdings.touch(self._ledger.accounts())
        with self._connection.transaction(), self._connection.cursor() as cursor:
            written = self._ledger.write(cursor)
            self._orders.write(cursor)
            self._alerts.write(cursor)
            self._settlement.write(cursor)
            self._holdings.write(cursor, positions=positions)
            group = self._read
            if group is not None:
                self.mark = Mark(
                    journal=self.mark.journal, sequence=group.last_sequence, group=group.number, chain=group.chain
                )
                _keep(cursor, NAME, self.mark, group.wall_ns, written)
            if positions:
                _keep(cursor, POSITIONS, self.mark, group.wall_ns if group is not None else 0, 0)
            self._alerts.arm(cursor, self.mark.sequence, self._orders.securities)
        self.postings += written
        self._read = None
        self._armed_at = time.monotonic()
        if positions:
            self._positions_at = time.monotonic()


def _mark(cursor: "psycopg.Cursor[Any]") -> Mark:
    cursor.execute('SELECT journal, sequence, "group", chain FROM ledger_offset WHERE name = %s', (NAME,))
    row = cursor.fetchone()
    if row is None:
        return Mark()
    return Mark(journal=bytes(row[0]), sequence=row[1], group=row[2], chain=bytes(row[3]))


def _keep(cursor: "psycopg.Cursor[Any]", name: str, mark: Mark, wall_ns: int, postings: int) -> None:
    cursor.execute(
        'INSERT INTO ledger_offset AS o (name, journal, sequence, "group", chain, wall_ns, postings)'
        " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (name) DO UPDATE SET sequence = EXCLUDED.sequence,"
        ' "group" = EXCLUDED."group", chain = EXCLUDED.chain, wall_ns = EXCLUDED.wall_ns,'
        " postings = o.postings + EXCLUDED.postings",
        (name, mark.journal, mark.sequence, mark.group, mark.chain, wall_ns, postings),
    )


def hold_lock(connection: "psycopg.Connection[Any]", stop: threading.Event, tick: Callable[[], None]) -> bool:
    """Become the one reader: wait for the lock, calling `tick` now and then. False if told to stop first."""
    while not stop.is_set():
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK,)).fetchone()
        if row is not None and row[0]:
            return True
        tick()
        stop.wait(0.5)
    return False
