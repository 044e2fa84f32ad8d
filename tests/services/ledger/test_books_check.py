"""`yunhai books check`: a right day proves itself; whatever is planted in the tables is found and named."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tests.services.conftest import Read
from yunhai.apps.cloud.books_check import Proof, prove


def proof_of(read: Read) -> Proof:
    with psycopg.connect(**read.server.connection("reader")) as connection:
        return prove(read.journal, connection, lambda *_: None)


@contextmanager
def planted(read: Read, statement: str, undo: str) -> Iterator[None]:
    """What only somebody with the superuser's power could do, for a block."""
    with psycopg.connect(**read.server.superuser("yunhai"), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(statement)
        try:
            yield
        finally:
            connection.execute(undo)


def test_a_right_day_proves_itself(read_market: Read) -> None:
    proof = proof_of(read_market)
    assert [check.named for check in proof.checks if not check.holds] == []
    assert proof.sequence == read_market.market.books.sequence
    assert {check.name for check in proof.checks} == {
        "zero-sum",
        "not-negative",
        "balances-of-postings",
        "obligations-of-postings",
        "postings-of-journal",
        "balances-of-journal",
        "reservations",
        "reserved-shares",
        "fills",
        "trades",
        "clearing",
        "holdings",
        "closes",
        "positions",
        "orders",
    }
    assert all(check.compared for check in proof.checks)
    assert proof.postings > 500
    assert proof.fills > 50


FILL = "(SELECT min(sequence) FROM orders_fill)"
PLANTED = {
    "a posting's amount": (
        "UPDATE ledger_posting SET amount = amount + 1 WHERE (sequence, line) = (SELECT max(sequence), 0 FROM ledger_posting)",
        "UPDATE ledger_posting SET amount = amount - 1 WHERE (sequence, line) = (SELECT max(sequence), 0 FROM ledger_posting)",
        {"postings-of-journal", "balances-of-postings"},
    ),
    "a posting's order": (
        f"UPDATE ledger_posting SET order_id = order_id + 1 WHERE sequence = {FILL}",
        f"UPDATE ledger_posting SET order_id = order_id - 1 WHERE sequence = {FILL}",
        {"postings-of-journal"},
    ),
    "money out of nothing": (
        "UPDATE ledger_balance SET balance = balance + 5 WHERE account = 101 AND bucket = 1 AND asset = 'TWD'",
        "UPDATE ledger_balance SET balance = balance - 5 WHERE account = 101 AND bucket = 1 AND asset = 'TWD'",
        {"zero-sum", "balances-of-postings", "balances-of-journal"},
    ),
    "cash from one to another": (
        (
            "UPDATE ledger_balance SET balance = balance + CASE account WHEN 101 THEN 5 ELSE -5 END"
            " WHERE account IN (101, 102) AND bucket = 1 AND asset = 'TWD'"
        ),
        (
            "UPDATE ledger_balance SET balance = balance + CASE account WHEN 101 THEN -5 ELSE 5 END"
            " WHERE account IN (101, 102) AND bucket = 1 AND asset = 'TWD'"
        ),
        {"balances-of-postings", "balances-of-journal"},
    ),
    "a fill's price": (
        f"UPDATE orders_fill SET price = price + 500 WHERE sequence = {FILL}",
        f"UPDATE orders_fill SET price = price - 500 WHERE sequence = {FILL}",
        {"fills"},
    ),
    "an obligation": (
        "UPDATE settlement_obligation SET owed = owed + 1 WHERE asset = '2330' AND account = 102",
        "UPDATE settlement_obligation SET owed = owed - 1 WHERE asset = '2330' AND account = 102",
        {"obligations-of-postings"},
    ),
    "an order's fills": (
        "UPDATE orders_order SET filled = filled + 1 WHERE order_id = (SELECT max(order_id) FROM orders_order)",
        "UPDATE orders_order SET filled = filled - 1 WHERE order_id = (SELECT max(order_id) FROM orders_order)",
        {"orders"},
    ),
    "a position's cost": (
        "UPDATE accounts_position SET cost = cost + 1 WHERE account = 203 AND security = '2317'",
        "UPDATE accounts_position SET cost = cost - 1 WHERE account = 203 AND security = '2317'",
        {"positions"},
    ),
    "a day's holding": (
        "UPDATE accounts_holdingday SET shares = shares - 1 WHERE account = 203 AND security = '2317'",
        "UPDATE accounts_holdingday SET shares = shares + 1 WHERE account = 203 AND security = '2317'",
        {"closes"},
    ),
}


@pytest.mark.parametrize(("statement", "undo", "found"), PLANTED.values(), ids=PLANTED.keys())
def test_what_is_planted_is_found(read_market: Read, statement: str, undo: str, found: set[str]) -> None:
    with planted(read_market, statement, undo):
        proof = proof_of(read_market)
    broken = {check.name for check in proof.checks if not check.holds}
    assert found <= broken, broken
    assert all(check.named for check in proof.checks if not check.holds)


def test_a_missing_row_is_named(read_market: Read) -> None:
    with psycopg.connect(**read_market.server.superuser("yunhai"), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(f"CREATE TABLE kept AS SELECT * FROM ledger_posting WHERE sequence = {FILL} AND line = 1")
        connection.execute(
            "DELETE FROM ledger_posting p USING kept k WHERE (p.sequence, p.line) = (k.sequence, k.line)"
        )
        proof = proof_of(read_market)
        connection.execute("INSERT INTO ledger_posting SELECT * FROM kept")
        connection.execute("DROP TABLE kept")
    check = next(check for check in proof.checks if check.name == "postings-of-journal")
    assert not check.holds
    assert any("is missing" in text for text in check.named)
