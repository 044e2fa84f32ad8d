"""The services' API over a market that was read: right people see right figures, others see nothing."""

import json
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from tests.platform import factories
from tests.services.conftest import Read
from yunhai.kernel.money import decimal_text
from yunhai.platform.identity.models import Person
from yunhai.platform.tenancy import api as tenancy
from yunhai.platform.tenancy import rls
from yunhai.services.accounts import api as accounts

DAY = "2026-08-21"


class House:
    """Two brokers with the market's accounts, an investor of 101, another of 102, staff of both."""

    def __init__(self, read: Read) -> None:
        self.read = read
        for number in (1, 2):
            factories.tenant(number, code=f"900{number}")
            with rls.acting(tenant=number):
                tenancy.set_branch(number, "B001", name_zh="總公司")
        self.investor, self.neighbour = factories.person(), factories.person()
        self._open(1, 101, self.investor)
        self._open(1, 102, self.neighbour)
        self._open(1, 103, None)
        self._open(2, 201, None)
        self.operations = factories.place("operations", 1)
        self.sales = factories.place("sales", 1)
        self.stranger = factories.place("operations", 2)

    def _open(self, tenant: int, account: int, person: Person | None) -> None:
        with rls.acting(tenant=tenant):
            accounts.open_account(tenant=tenant, branch="B001", number=f"{account:07}", person=person, account=account)

    def get(self, somebody: Person, path: str) -> tuple[int, Any]:
        answer = factories.browser(somebody).get(f"/api/v1{path}")
        return answer.status_code, answer.json() if "json" in answer["Content-Type"] else answer.content.decode()


@pytest.fixture
def house(read_market: Read, db: None) -> House:
    return House(read_market)


def test_a_portfolio_is_the_books(house: House) -> None:
    status, said = house.get(house.investor, "/accounts/101/portfolio")
    assert status == 200
    held = house.read.market.books.accounts[101]
    assert said["buying_power"] == decimal_text(held.free, places=2)
    assert said["reserved"] == decimal_text(held.reserved, places=2)
    assert {one["security"]: one["shares"] for one in said["holdings"]} == {
        code: position.quantity for code, position in held.positions.items()
    }
    assert {one["security"]: one["cost"] for one in said["holdings"]} == {
        code: decimal_text(position.cost, places=2) for code, position in held.positions.items()
    }
    assert said["sequence"] == house.read.market.books.sequence
    assert house.get(house.investor, "/ledger/freshness")[1]["sequence"] == said["sequence"]


def test_a_statement_adds_up(house: House) -> None:
    status, said = house.get(house.investor, f"/statements/101/{DAY}")
    assert status == 200
    assert said["final"]

    def cents(text: str) -> int:
        whole, _, part = text.replace("-", "").partition(".")
        return int(whole + part.ljust(4, "0")) * (-1 if text.startswith("-") else 1)

    fills = said["fills"]
    assert fills
    assert cents(said["fees"]) == sum(cents(one["fee"]) for one in fills)
    assert cents(said["taxes"]) == sum(cents(one["tax"]) for one in fills)
    net = sum(cents(one["net"]) for one in fills)
    assert said["movements"] == []  # the opening balances came before the first day
    assert cents(said["cash"]) == 10**12 + net + cents(said["tax_back"])
    cash = next(one for one in said["settlement"] if one["asset"] == "TWD")
    assert cents(cash["net"]) == cents(said["sold"]) - cents(said["bought"])
    assert cash["settled"]
    status, table = house.get(house.investor, f"/statements/101/{DAY}/csv")
    assert status == 200
    assert len(table.splitlines()) == len(fills) + 1
    assert house.get(house.investor, "/statements/101/2026-08-22")[1]["error"]["code"] == 7244
    assert house.get(house.investor, "/statements/101/yesterday")[1]["error"]["code"] == 2104


def order_of(house: House, account: int) -> int:
    return next(order.order_id for order in house.read.market.books.orders.values() if order.account == account)


def test_who_sees_what(house: House) -> None:
    """Rows: path, who sees it (200), who is told that it is not there (404) or is not asked in (403)."""
    order, foreign = order_of(house, 101), order_of(house, 201)
    everybody = (house.investor, house.neighbour, house.operations, house.sales, house.stranger)
    for path, expected in (
        ("/accounts/101", (200, 404, 200, 403, 404)),
        ("/accounts/101/portfolio", (200, 404, 200, 403, 404)),
        (f"/statements/101/{DAY}", (200, 404, 200, 403, 404)),
        (f"/orders/{order}", (200, 404, 200, 403, 404)),
        (f"/timeline/order:{order}", (200, 404, 200, 403, 404)),
        (f"/timeline/order:{foreign}", (404, 404, 404, 403, 200)),
        ("/ledger/101/cash", (200, 404, 200, 403, 404)),
        ("/ledger/101/postings", (200, 404, 200, 403, 404)),
        ("/settlement/101", (200, 404, 200, 403, 404)),
        ("/ledger/house", (403, 403, 200, 403, 200)),
        (f"/settlement/broker/{DAY}", (403, 403, 200, 403, 200)),
        (f"/totals/{DAY}", (403, 403, 200, 403, 200)),
        ("/settlement/days", (200, 200, 200, 200, 200)),
        ("/securities", (200, 200, 200, 200, 200)),
    ):
        found = tuple(house.get(somebody, path)[0] for somebody in everybody)
        assert found == expected, path
    for path, name in (
        ("/orders?account=101", "orders"),
        ("/fills?account=101", "fills"),
    ):
        assert house.get(house.investor, path)[1][name]
        assert house.get(house.neighbour, path)[1][name] == []
        assert house.get(house.stranger, path)[1][name] == []
    assert Client().get("/api/v1/accounts/101").status_code == 401


def test_pages_of_a_list_hold_every_row_once(house: House) -> None:
    whole = house.get(house.operations, "/fills?limit=500")[1]["fills"]
    paged: list[Any] = []
    before = 0
    while True:
        said = house.get(house.operations, f"/fills?limit=7&before={before}")[1]
        paged += said["fills"]
        before = said["next"]
        if not before:
            break
    assert paged == whole
    postings: list[Any] = []
    before = 0
    while True:
        said = house.get(house.investor, f"/ledger/101/postings?limit=9&before={before}")[1]
        postings += said["postings"]
        before = said["next"]
        if not before:
            break
    assert postings == house.get(house.investor, "/ledger/101/postings?limit=500")[1]["postings"]
    assert len({(one["sequence"], one["line"]) for one in postings}) == len(postings)


def outbox() -> list[tuple[int, Any]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_user")
        before = cursor.fetchone()[0]
        cursor.execute("SET SESSION AUTHORIZATION yunhai_reader")
        cursor.execute("SELECT number, value FROM outbox_row ORDER BY id")
        rows = cursor.fetchall()
        cursor.execute(f"SET SESSION AUTHORIZATION {before}")
    return list(rows)


def test_opening_and_changing_tell_the_core(house: House) -> None:
    browser = factories.browser(house.operations, number=1)
    before = len(outbox())
    made = browser.post("/api/v1/accounts", {"branch": "B001", "number": "0000999"}, content_type="application/json")
    assert made.status_code == 201, made.content
    account = made.json()["account"]
    changed = browser.patch(
        f"/api/v1/accounts/{account}",
        {"day_quota": "5000000", "status": "sell_only", "day_trade": "buy_first"},
        content_type="application/json",
    )
    assert changed.status_code == 200
    assert changed.json()["day_quota"] == "5000000.00"
    facts = outbox()[before:]
    assert [number for number, _ in facts] == [2, 2]
    last = facts[-1][1] if isinstance(facts[-1][1], dict) else json.loads(facts[-1][1])
    assert last["account"] == account
    assert last["day_quota"] == 50_000_000_000
    assert (last["status"], last["day_trade"], last["by"]) == ("sell_only", "buy_first", house.operations.pk)


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("post", "/accounts", {"branch": "B001", "number": "0000101"}, 7241),
        ("post", "/accounts", {"branch": "ZZZZ", "number": "0000777"}, 7242),
        ("patch", "/accounts/101", {"credit": ["margin"]}, 7243),
        ("patch", "/accounts/101", {"day_quota": "-1"}, 2101),
        ("patch", "/accounts/201", {"odd_lot": False}, 7240),
        ("patch", "/accounts/999999999999999999999", {"odd_lot": False}, 7240),
    ],
)
def test_a_refusal_changes_nothing(house: House, method: str, path: str, body: Any, code: int) -> None:
    browser = factories.browser(house.operations, number=1)
    before = outbox(), house.get(house.operations, "/accounts")
    with transaction.atomic():
        answer = getattr(browser, method)(f"/api/v1{path}", body, content_type="application/json")
    assert answer.json()["error"]["code"] == code
    assert (outbox(), house.get(house.operations, "/accounts")) == before
    assert not connection.needs_rollback


def test_consents_are_given_and_withdrawn(house: House) -> None:
    browser = factories.browser(house.investor)
    for _ in range(2):
        given = browser.post("/api/v1/consents", {"purpose": "research"}, content_type="application/json")
        assert given.status_code == 204
    assert browser.get("/api/v1/consents").json() == ["research"]
    assert browser.delete("/api/v1/consents/research").status_code == 204
    assert browser.get("/api/v1/consents").json() == []
    assert browser.delete("/api/v1/consents/research").json()["error"]["code"] == 7245
