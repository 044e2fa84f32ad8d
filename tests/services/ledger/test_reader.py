"""The reader: the tables are those of one journal sequence, whenever it is stopped, and follow a living journal."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest

from tests.services.small_market import CODES, DAY, SETTLES, SmallMarket
from yunhai.apps.cloud.readers import JournalReading
from yunhai.journal import Reader
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.records import FILL, Kind, Side
from yunhai.trading.books.state import CASH
from yunhai.trading.words import Bucket


@pytest.fixture
def market(tmp_path: Path) -> Iterator[SmallMarket]:
    """A day half over, its journal alive."""
    market = SmallMarket(tmp_path / "journal")
    market.endow()
    market.open_day()
    market.trade(120)
    yield market
    market.close_journal()


@pytest.fixture
def reading(market: SmallMarket, committed_db: Any) -> Iterator[JournalReading]:
    with psycopg.connect(**committed_db.connection("reader"), autocommit=True) as connection:
        yield JournalReading(market.folder, market.folder.parent / "snapshots", connection)


def read_all(reading: JournalReading) -> None:
    while reading.step():
        pass


def rows(reading: JournalReading, statement: str) -> list[tuple[Any, ...]]:
    return reading._connection.execute(statement).fetchall()


def assert_tables_are_the_books(reading: JournalReading, market: SmallMarket) -> None:
    """Every balance, every open order, every fill."""
    market.flush()
    books = market.books
    held = {
        row[:4]: row[4]
        for row in rows(reading, "SELECT tenant_id, account, bucket, asset, balance FROM ledger_balance")
    }
    expected: dict[tuple[int, int, int, str], int] = {}
    for account in books.accounts.values():
        tenant, number = account.fact.tenant, account.fact.account
        for asset in (CASH, *account.positions):
            for bucket in (Bucket.FREE, Bucket.RESERVED):
                expected[tenant, number, int(bucket), asset] = books.balance(tenant, number, asset, bucket)
    for number, house in books.tenants.items():
        for asset, values in house.house.items():
            expected |= {(number, 0, 10 + place, asset): value for place, value in enumerate(values)}
    assert {key: value for key, value in held.items() if value} == {
        key: value for key, value in expected.items() if value
    }
    assert rows(reading, "SELECT * FROM ledger_unbalanced()") == []
    orders = rows(
        reading, "SELECT order_id, quantity - filled - removed, filled, value, price FROM orders_order WHERE state < 2"
    )
    living = [order for order in books.orders.values() if order.leaves]
    assert sorted(orders) == sorted(
        (order.order_id, order.leaves, order.filled, order.value, order.price) for order in living
    )
    fills = rows(reading, "SELECT sequence, order_id, trade, price, quantity FROM orders_fill ORDER BY sequence")
    assert fills == fills_in_the_journal(market.folder)


def fills_in_the_journal(folder: Path) -> list[tuple[int, ...]]:
    found = []
    for group in Reader(folder, follow=True):
        records = group.records()
        for place in np.flatnonzero(records["kind"] == Kind.FILL).tolist():
            fill = records[place : place + 1].view(FILL)[0]
            numbers = (int(fill[name]) for name in ("order_id", "trade", "price", "quantity"))
            found.append((group.first_sequence + place, *numbers))
    return found


def test_a_whole_day_read_at_once(market: SmallMarket, reading: JournalReading) -> None:
    market.end_day()
    market.settle()
    reading.start()
    read_all(reading)
    assert_tables_are_the_books(reading, market)
    assert reading.mark.sequence == market.books.sequence
    assert rows(reading, "SELECT count(*) FROM orders_order WHERE state < 2") == [(0,)]
    assert rows(reading, "SELECT day::text, settles_on::text FROM settlement_marketday") == [(DAY, SETTLES)]
    assert [row[0] for row in rows(reading, "SELECT step FROM settlement_step ORDER BY sequence")] == [
        "closed",
        "expired",
        "day_trade_tax",
        f"settled:{SETTLES}",
    ]
    open_obligations = "SELECT count(*) FROM settlement_obligation WHERE due - owed <> settled_due - settled_owed"
    assert rows(reading, open_obligations) == [(0,)]
    held = rows(reading, "SELECT account, security, shares, cost FROM accounts_holdingday WHERE security <> 'TWD'")
    positions = [
        (account.fact.account, code, position.quantity, position.cost)
        for account in market.books.accounts.values()
        for code, position in account.positions.items()
    ]
    assert sorted(held) == sorted(positions)
    assert rows(reading, "SELECT count(*) FROM orders_security WHERE trades > 0") == [(len(CODES),)]


def test_it_follows_a_living_journal_batch_by_batch(market: SmallMarket, reading: JournalReading) -> None:
    reading.start()
    for _ in range(4):
        read_all(reading)
        assert_tables_are_the_books(reading, market)
        market.trade(25)
    market.order(101, "2330", Side.BUY, 1_000_000, 1_000)
    market.flush()
    read_all(reading)
    assert_tables_are_the_books(reading, market)


@pytest.mark.parametrize("stops", [3, *(pytest.param(stops, marks=pytest.mark.full) for stops in (1, 7))])
def test_a_reader_that_dies_leaves_neither_gap_nor_double(
    market: SmallMarket, committed_db: Any, stops: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dies after reading some groups, or when all rows are written and the offset is not; another goes on."""

    def die(*_: Any) -> None:
        raise RuntimeError("killed")

    market.end_day()
    groups = sum(1 for _ in Reader(market.folder, follow=True))
    for attempt in range(4):
        with psycopg.connect(**committed_db.connection("reader"), autocommit=True) as connection:
            reading = JournalReading(market.folder, market.folder.parent / "snapshots", connection)
            reading.start()
            for _ in range(groups * (attempt + 1) // (4 + stops)):
                reading.step()
            if reading._read is not None and attempt % 2:
                with monkeypatch.context() as patch:
                    patch.setattr("yunhai.apps.cloud.readers._keep", die)
                    with pytest.raises(RuntimeError):
                        reading._write(positions=True)
            elif reading._read is not None and attempt:
                reading._write(positions=False)
    with psycopg.connect(**committed_db.connection("reader"), autocommit=True) as connection:
        reading = JournalReading(market.folder, market.folder.parent / "snapshots", connection)
        reading.start()
        read_all(reading)
        assert_tables_are_the_books(reading, market)


def test_two_days_have_books_of_their_own(market: SmallMarket, reading: JournalReading) -> None:
    market.end_day()
    market.open_day("2026-08-24", "2026-08-26")
    market.trade(40)
    reading.start()
    read_all(reading)
    assert_tables_are_the_books(reading, market)
    days = rows(reading, "SELECT DISTINCT day::text FROM ledger_posting ORDER BY 1")
    assert [day for (day,) in days] == [DAY, "2026-08-24", None]
    assert rows(reading, "SELECT count(*) FROM orders_fill WHERE security = ''") == [(0,)]


def test_the_tables_of_another_journal_are_refused(
    market: SmallMarket, reading: JournalReading, tmp_path: Path, committed_db: Any
) -> None:
    reading.start()
    read_all(reading)
    other = SmallMarket(tmp_path / "other", seed=2)
    other.endow()
    other.close_journal()
    with psycopg.connect(**committed_db.connection("reader"), autocommit=True) as connection:
        wrong = JournalReading(other.folder, tmp_path / "none", connection)
        with pytest.raises(YunhaiError) as refused:
            wrong.start()
    assert refused.value.code == 7204
    assert_tables_are_the_books(reading, market)


def test_it_waits_for_a_journal_and_stops_when_told(tmp_path: Path, committed_db: Any) -> None:
    stop = threading.Event()
    with psycopg.connect(**committed_db.connection("reader"), autocommit=True) as connection:
        reading = JournalReading(tmp_path / "journal", tmp_path / "snapshots", connection)
        thread = threading.Thread(target=reading.run, args=(stop,))
        thread.start()
        market = SmallMarket(tmp_path / "journal")
        market.endow()
        last = market.deposit(101, 5_000, "one")
        until = time.monotonic() + 60
        while reading.mark.sequence != last and thread.is_alive() and time.monotonic() < until:
            time.sleep(0.05)
        stop.set()
        thread.join(60)
        assert not thread.is_alive()
        assert_tables_are_the_books(reading, market)
        market.close_journal()
