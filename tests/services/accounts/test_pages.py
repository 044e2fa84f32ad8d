"""The Pocket's pages over a market that was read: whose they are, what they say, in which language."""

import re
from typing import Any

import pytest
from django.test import Client

from tests.platform import factories
from tests.services.accounts.test_http import DAY, House
from tests.services.conftest import Read
from yunhai.platform.identity.models import Person
from yunhai.platform.shell.templatetags.shell import nt, price
from yunhai.trading.books.state import Order

PAGES = (
    "/pocket/",
    "/pocket/orders/",
    "/pocket/fills/",
    "/pocket/holdings/",
    "/pocket/cash/",
    "/pocket/statements/",
    f"/pocket/statements/{DAY}/",
)


@pytest.fixture
def house(read_market: Read, db: None) -> House:
    return House(read_market)


def browser(somebody: Person | None, language: str = "zh-hant") -> Client:
    client = factories.browser(somebody)
    client.cookies["yunhai_language"] = language
    return client


def order_of(house: House, account: int) -> Order:
    return next(one for one in house.read.market.books.orders.values() if one.account == account and one.filled)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_the_investors(house: House, path: str) -> None:
    assert browser(house.investor).get(path).status_code == 200
    assert browser(house.operations).get(path).status_code == 404  # staff live in other rooms
    signed_out = browser(None).get(path)
    assert signed_out.status_code == 302
    assert signed_out["Location"].startswith("/account/login/?next=")


@pytest.mark.parametrize("path", [path for path in PAGES if path != "/pocket/fills/"])
def test_a_page_speaks_one_language_and_keeps_its_policy(house: House, path: str) -> None:
    for language, tag, word in (("zh-hant", "zh-Hant-TW", "口袋"), ("en", "en", "Pocket")):
        answer = browser(house.investor, language).get(path)
        text = answer.content.decode()
        assert f'<html lang="{tag}"' in text
        assert word in text
        assert not re.search(r"<[^>]+ (?:style|on[a-z]+)=", text)
        assert "<script>" not in text
        assert "'unsafe-inline'" not in answer["Content-Security-Policy"]


def test_an_account_that_is_not_mine_cannot_be_chosen(house: House) -> None:
    client = browser(house.investor)
    for wanted in ("102", "201", "0", "-1", "x", ""):
        client.post("/pocket/account/", {"account": wanted, "next": "/pocket/"})
        assert b'"account": 101' in client.get("/pocket/").content
    away = client.post("/pocket/account/", {"account": "101", "next": "https://elsewhere.example/"})
    assert away["Location"] == "/"


def test_fills_are_the_journals(house: House) -> None:
    text = browser(house.investor).get("/pocket/fills/").content.decode()
    fills = re.findall(r"<a class=\"mono\" href=\"/timeline/order:(\d+)/\"", text)
    orders = {str(one.order_id): one.account for one in house.read.market.books.orders.values()}
    assert fills
    assert {orders[order] for order in fills} == {101}


def test_cash_and_statement_are_the_ledgers(house: House) -> None:
    client = browser(house.investor)
    cash = client.get("/pocket/cash/").content.decode()
    assert "2026-08-26" in cash
    assert "已交割" in cash
    assert "待交割" in cash
    said = house.get(house.investor, f"/statements/101/{DAY}")[1]
    page = client.get(f"/pocket/statements/{DAY}/").content.decode()
    figures = dict(re.findall(r"<dt>([^<]+)</dt>\s*<dd>([\d,.−-]+)</dd>", page))
    assert figures, page[-3000:]
    assert figures["手續費"].replace(",", "") == re.sub(r"\.00$", "", said["fees"])
    assert page.count(f'href="/timeline/order:{said["fills"][0]["order_id"]}/"') >= 1
    csv = client.get(f"/pocket/statements/{DAY}/?format=csv")
    assert csv["Content-Type"].startswith("text/csv")
    assert client.get("/pocket/statements/1999-01-01/").status_code == 404


def test_a_timeline_is_whole_for_its_owner_and_not_there_for_others(house: House) -> None:
    mine, theirs = order_of(house, 101), order_of(house, 102)
    text = browser(house.investor).get(f"/timeline/{mine.order_id}/").content.decode()
    assert "委託受理" in text
    assert "yunhai-instruction-1" in text
    assert re.search(r'<dd class="mono">[0-9a-f]{64}</dd>', text)
    refused = browser(house.investor).get(f"/timeline/{theirs.order_id}/")
    assert refused.status_code == 404
    assert "yunhai-instruction-1" not in refused.content.decode()
    assert browser(house.operations).get(f"/timeline/{theirs.order_id}/").status_code == 200
    assert browser(house.stranger).get(f"/timeline/{mine.order_id}/").status_code == 404
    search = browser(house.investor).get("/timeline/", {"id": str(mine.order_id)})
    assert search["Location"] == f"/timeline/{mine.order_id}/"
    for odd in ("' or 1=1--", "<script>alert(1)</script>", "9" * 60, "%00"):
        answer = browser(house.investor).get("/timeline/" + odd.replace("/", "_") + "/")
        assert answer.status_code == 404
        assert b"<script>alert" not in answer.content


def test_a_security_that_never_stood_is_not_there(house: House) -> None:
    code = order_of(house, 101).security
    assert code.encode() in browser(house.investor).get(f"/pocket/s/{code}/").content
    assert browser(house.investor).get("/pocket/s/NONE/").status_code == 404


def test_somebody_without_an_account_is_told_so(house: House, db: None) -> None:
    somebody: Any = factories.place("investor", 1)
    text = browser(somebody).get("/pocket/").content.decode()
    assert "尚無帳戶" in text


def test_amounts_as_people_read_them() -> None:
    table = [
        (0, "0"),
        (10_000, "1"),
        (10_866_546_0000, "10,866,546"),
        (8_155_000, "815.50"),
        (-12_345_678, "−1,234.5678"),
    ]
    assert [nt(amount) for amount, _ in table] == [text for _, text in table]
    assert [price(one) for one in (0, 1_165_000, 10_850_000, 90_950)] == ["–", "116.50", "1,085.00", "9.095"]


@pytest.mark.parametrize("role", ["sales", "keyin"])
def test_a_clerk_reads_a_timeline_only_after_saying_why(house: House, role: str) -> None:
    from yunhai.platform.audit.api import record_lookup
    from yunhai.platform.tenancy.rls import acting

    of, tenant = order_of(house, 102), 1
    clerk = factories.place(role, tenant)
    paths = (f"/timeline/{of.order_id}/", "/timeline/account:102/")
    for path in paths:
        answer = browser(clerk).get(path)
        assert (answer.status_code, b"yunhai-instruction-1" in answer.content) == (404, False)
    with acting(tenant=tenant, person=clerk.pk):
        record_lookup(tenant=tenant, person=clerk.pk, account=102, reason="service")
    assert [browser(clerk).get(path).status_code for path in paths] == [200, 200]
    assert browser(clerk).get("/timeline/account:101/").status_code == 404, "one client opened is not another"
