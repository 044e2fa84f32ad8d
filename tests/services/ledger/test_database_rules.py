"""The database believes nobody: postings only come in, balances are made of them, no customer's is below zero."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

Roles = Callable[[str], AbstractContextManager[None]]

COLUMNS = "sequence, line, tenant_id, account, kind, asset, debit, credit, amount, order_id, trade, settles_on, day"
DEPOSIT = (1, 0, 7, 70, 8, "TWD", 13, 1, 1_000, 0, 0, None, None)
RESERVE = (2, 0, 7, 70, 1, "TWD", 1, 2, 600, 5, 0, None, "2026-08-21")
BUY_VALUE = (3, 0, 7, 70, 3, "TWD", 2, 10, 500, 5, 9, "2026-08-25", "2026-08-21")
BUY_FEE = (3, 1, 7, 70, 5, "TWD", 2, 11, 20, 5, 9, "2026-08-25", "2026-08-21")
BUY_SHARES = (3, 2, 7, 70, 4, "2330", 10, 1, 3, 5, 9, "2026-08-25", "2026-08-21")
RELEASE = (3, 3, 7, 70, 2, "TWD", 2, 1, 80, 5, 9, "2026-08-25", "2026-08-21")
SETTLE_CASH = (4, 0, 7, 70, 12, "TWD", 10, 13, 500, 0, 0, "2026-08-25", "2026-08-25")
SETTLE_SHARES = (4, 1, 7, 70, 12, "2330", 14, 10, 3, 0, 0, "2026-08-25", "2026-08-25")
BOUGHT = (DEPOSIT, RESERVE, BUY_VALUE, BUY_FEE, BUY_SHARES, RELEASE)


def add(*rows: tuple[Any, ...]) -> None:
    """Insert postings in one statement, as the reader does."""
    places = ", ".join(["(" + ", ".join(["%s"] * 13) + ")"] * len(rows))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO ledger_posting ({COLUMNS}) VALUES {places}", [value for row in rows for value in row]
        )


def balances() -> dict[tuple[int, int, str], int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT account, bucket, asset, balance FROM ledger_balance WHERE tenant_id = 7")
        return {(account, bucket, asset): balance for account, bucket, asset, balance in cursor.fetchall()}


def test_balances_follow_from_postings(db: None, as_role: Roles) -> None:
    with as_role("reader"):
        add(*BOUGHT)
        expected = {
            (70, 1, "TWD"): 480,
            (70, 2, "TWD"): 0,
            (70, 1, "2330"): 3,
            (0, 10, "TWD"): 500,
            (0, 10, "2330"): -3,
            (0, 11, "TWD"): 20,
            (0, 13, "TWD"): -1_000,
        }
        assert balances() == expected
        add(SETTLE_CASH, SETTLE_SHARES)
        settled = {(0, 10, "TWD"): 0, (0, 13, "TWD"): -500, (0, 10, "2330"): 0, (0, 14, "2330"): -3}
        assert balances() == expected | settled
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM ledger_unbalanced()")
            assert cursor.fetchall() == []


def test_obligations_follow_from_postings(db: None, as_role: Roles) -> None:
    def owed() -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT asset, owed, due, settled_owed, settled_due, fee, tax FROM settlement_obligation ORDER BY asset"
            )
            return cursor.fetchall()

    with as_role("reader"):
        add(*BOUGHT)
        assert owed() == [("2330", 0, 3, 0, 0, 0, 0), ("TWD", 500, 0, 0, 0, 20, 0)]
        add(SETTLE_CASH, SETTLE_SHARES)
        assert owed() == [("2330", 0, 3, 0, 3, 0, 0), ("TWD", 500, 0, 500, 0, 20, 0)]


WRONG = {
    "a customer's cash below zero": (9, 0, 7, 70, 9, "TWD", 1, 13, 1_001, 0, 0, None, None),
    "a customer's shares below zero": (9, 0, 7, 70, 9, "2330", 1, 14, 1, 0, 0, None, None),
    "more released than reserved": (9, 0, 7, 70, 2, "TWD", 2, 1, 1, 0, 0, None, None),
    "an amount of nothing": (9, 0, 7, 70, 8, "TWD", 13, 1, 0, 0, 0, None, None),
    "a negative amount": (9, 0, 7, 70, 8, "TWD", 13, 1, -5, 0, 0, None, None),
    "one bucket to itself": (9, 0, 7, 70, 8, "TWD", 1, 1, 5, 0, 0, None, None),
    "a customer's bucket of nobody": (9, 0, 7, 0, 8, "TWD", 13, 1, 5, 0, 0, None, None),
    "the same place twice": DEPOSIT,
    "no tenant": (9, 0, None, 70, 8, "TWD", 13, 1, 5, 0, 0, None, None),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_posting_is_refused_and_changes_nothing(db: None, as_role: Roles, wrong: tuple[Any, ...]) -> None:
    with as_role("reader"):
        add(DEPOSIT)
        before = balances()
        with pytest.raises(DatabaseError), transaction.atomic():
            add((8, 0, 7, 71, 8, "TWD", 13, 1, 5, 0, 0, None, None), wrong)
        assert balances() == before
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM ledger_posting")
            assert cursor.fetchone() == (1,)


FORBIDDEN = (
    "UPDATE ledger_posting SET amount = 1",
    "DELETE FROM ledger_posting",
    "TRUNCATE ledger_posting",
    "UPDATE ledger_balance SET balance = balance + 1",
    "INSERT INTO ledger_balance (tenant_id, account, bucket, asset, balance) VALUES (7, 71, 1, 'TWD', 5)",
    "DELETE FROM ledger_balance",
    "UPDATE settlement_obligation SET owed = 0",
    "DELETE FROM settlement_obligation",
)


@pytest.mark.parametrize("role", ["app", "reader", "migrator"])
@pytest.mark.parametrize("statement", FORBIDDEN)
def test_nobody_alters_entries_or_writes_balances(db: None, as_role: Roles, role: str, statement: str) -> None:
    """Working roles have no privilege; the owner, who has, is refused by the tables' own triggers."""
    with as_role("reader"):
        add(*BOUGHT)
        before = balances()
    with as_role(role), pytest.raises(DatabaseError) as refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    if role == "migrator":
        assert "7202" in str(refused.value) or "7203" in str(refused.value)
    with as_role("reader"):
        assert balances() == before


@pytest.mark.parametrize("said", ["", "tenant", "stranger", "other account"])
def test_the_application_sees_no_more_than_it_was_told(db: None, as_role: Roles, said: str) -> None:
    from yunhai.platform.tenancy import rls

    with as_role("reader"):
        add(*BOUGHT)
    if said:
        accounts = {"tenant": None, "stranger": None, "other account": (71,)}[said]
        rls.tell(tenant=8 if said == "stranger" else 7, person=1, accounts=accounts)
    with connection.cursor() as cursor:
        for table in ("ledger_posting", "ledger_balance", "settlement_obligation"):
            cursor.execute(f"SELECT count(*) FROM {table}")
            (count,) = cursor.fetchone()
            assert (count > 0) == (said == "tenant"), table


def test_the_application_cannot_post(db: None) -> None:
    from yunhai.platform.tenancy import rls

    rls.tell(tenant=7, person=1, accounts=None)
    with pytest.raises(DatabaseError), transaction.atomic():
        add(DEPOSIT)
