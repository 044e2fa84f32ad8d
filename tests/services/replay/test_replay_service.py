"""The replay service over a real journal: who sees how much, one's own order's card, permalinks and bookmarks."""

import json
from typing import Any

import pytest

from tests.platform import factories as make
from tests.services.conftest import Read
from yunhai.kernel.clock import MINUTE, SECOND
from yunhai.kernel.limits import REPLAY_BOOKMARKS_MAX
from yunhai.market.replay.source import Source
from yunhai.platform.entitlements.api import set_cell
from yunhai.platform.tenancy import rls
from yunhai.services.replay import rules, viewing
from yunhai.trading.books.state import Order

API = "/api/v1/replay"
RUNNING, CLOSED = "journal/2026-08-24", "journal/2026-08-21"
pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """The market's clock: `now` ns; 0: of the running day's last event."""
    told = {"now": 0}
    monkeypatch.setattr(viewing, "_market_now", lambda source: told["now"] or source.time_of(len(source)))
    return told


@pytest.fixture
def owner(read_market: Read, clock: dict[str, int]) -> Any:
    """The browser of account 101's investor at the first broker, whose row 3.1 is open in full."""
    return investor(1, 101)


def investor(tenant: int, account: int, level: str = "full") -> Any:
    make.tenant(tenant)
    set_cell("3.1", "brokerage", level, by=0)
    return make.browser(make.place("investor", tenant, account=account), number=tenant)


def send(browser: Any, method: str, path: str, body: Any = None) -> Any:
    text = json.dumps(body) if body is not None else ""
    return browser.generic(method, API + path, data=text, content_type="application/json")


def code(answer: Any) -> tuple[int, int]:
    return answer.status_code, int(answer.json()["error"]["code"])


def orders_of(read: Read, account: int) -> list[Order]:
    """An account's orders of the running day that came to the market, oldest first."""
    held = [one for one in read.market.books.orders.values() if one.account == account]
    return sorted(held, key=lambda one: one.order_id)


def running() -> Source:
    return viewing.catalogue().open(RUNNING)[0]


# -- rules -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kept"),
    [(" 開盤 ", "開盤"), ("a  b", "a b"), ("x" * 80, "x" * 80), ("", None), ("x" * 81, None), ("a\x07", None)],
)
def test_a_bookmarks_name_is_short_and_plain(name: str, kept: str | None) -> None:
    from yunhai.kernel.errors import YunhaiError

    if kept is None:
        with pytest.raises(YunhaiError) as refused:
            rules.checked_name(name)
        assert refused.value.code == 7282
    else:
        assert rules.checked_name(name) == kept


@pytest.mark.parametrize(("segment", "name"), [("board", "2330"), ("odd_lot", "2330:odd_lot")])
def test_a_security_is_called_as_its_replay_calls_it(segment: str, name: str) -> None:
    assert rules.listing_name("2330", segment) == name


# -- the matrix ----------------------------------------------------------------------------------------------------------------

LEVELS = [
    # level of row 3.1 for brokers, status of the API, of the page, real time, export
    ("none", 403, 404, None, None),
    ("partial", 200, 200, False, False),
    ("external", 200, 200, False, False),
    ("full", 200, 200, True, True),
]


@pytest.mark.parametrize(("level", "api", "page", "real_time", "export"), LEVELS)
def test_the_cell_opens_and_closes_it_all(
    read_market: Read, clock: dict[str, int], level: str, api: int, page: int, real_time: bool, export: bool
) -> None:
    browser = investor(1, 101, level)
    assert browser.get("/pocket/replay/").status_code == page
    menu = browser.get("/pocket/orders/").content.decode()
    assert ("/pocket/replay/" in menu) is (page == 200)
    answer = browser.get(f"{API}/sources")
    assert answer.status_code == api
    if api != 200:
        assert code(answer) == (403, 7103)
        for method, path in (("GET", "/bookmarks"), ("GET", "/orders/1"), ("POST", "/bookmarks"), ("POST", "/check")):
            assert send(browser, method, path, {}).status_code in (403, 422), path
        return
    told = answer.json()
    assert (told["real_time"], told["delay_minutes"], told["export"]) == (real_time, 0 if real_time else 20, export)
    assert [(one["source"], one["closed"]) for one in told["sources"]] == [(RUNNING, False), (CLOSED, True)]


def test_market_data_younger_than_twenty_minutes_is_withheld_but_for_ones_own_order(
    read_market: Read, clock: dict[str, int]
) -> None:
    """link to what · asked with one's own order · what the delayed are told · what the real-time ones are."""
    source = running()
    mine = next(one for one in orders_of(read_market, 101) if one.filled)
    owner, whole = investor(1, 101, "partial"), len(source)
    card = owner.get(f"{API}/orders/{mine.order_id}").json()
    last = card["until_position"]
    early = source.position_at(source.time_of(whole) - 20 * MINUTE)
    name = card["security"]
    other = next(one.name for one in source.listings if one.name != name and one.segment == "board")
    rows = [
        (early, name, 0, 0, 0),
        (early + 1, name, 0, 7497, 0),
        (last, name, 0, 7497, 0),
        (last, name, mine.order_id, 0, 0),
        (card["entered_position"], name, mine.order_id, 0, 0),
        (last, other, mine.order_id, 7486, 0),
        (whole, name, mine.order_id, 0 if last == whole else 7497, 0),
    ]

    def refusal(position: int, codes: str, order: int) -> int:
        link = f"source={RUNNING}&at={position}&codes={codes}&hash={source.hash_at(position).hex()}"
        answer = send(owner, "POST", "/check", {"link": link, "order": order})
        return 0 if answer.status_code == 200 else code(answer)[1]

    assert [refusal(*row[:3]) for row in rows] == [row[3] for row in rows]
    clock["now"] = source.time_of(whole) + 20 * MINUTE
    assert refusal(whole, other, 0) == 0  # twenty minutes on it is everybody's
    clock["now"] -= 1 * SECOND
    assert refusal(whole, other, 0) == 7497
    set_cell("3.1", "brokerage", "full", by=0)
    assert [refusal(*row[:3]) for row in rows] == [row[4] for row in rows]


def test_an_earlier_day_is_whole_for_the_delayed(read_market: Read, clock: dict[str, int]) -> None:
    browser = investor(1, 101, "partial")
    source = viewing.catalogue().open(CLOSED)[0]
    link = f"source={CLOSED}&at={len(source)}&codes=2330,2317&hash={source.hash_at(len(source)).hex()}"
    assert send(browser, "POST", "/check", {"link": link}).json()["position"] == len(source)


# -- what happened to an order ---------------------------------------------------------------------------------------------------


def test_the_card_says_what_the_books_say(owner: Any, read_market: Read) -> None:
    """Orders of the account in the running day: shares, state and trades as the venue's own books have them."""
    seen = 0
    for order in orders_of(read_market, 101)[:9]:
        answer = owner.get(f"{API}/orders/{order.order_id}")
        if answer.status_code != 200:
            assert code(answer) == (409, 7283)
            continue
        card = answer.json()
        seen += 1
        assert (card["account"], card["security"], card["quantity"]) == (101, order.security, order.quantity)
        assert (card["filled"], card["ended"]) == (order.filled, order.leaves == 0)
        assert sum(one["quantity"] for one in card["deals"]) == order.filled
        assert (card["average"] == "") is (order.filled == 0)
        assert card["entered_position"] <= card["until_position"] <= len(running())
        assert card["inside"] >= order.filled
        waited = any(not one["took"] for one in card["deals"]) or order.filled < order.quantity
        assert (card["place"] is not None) is waited
        checked = send(owner, "POST", "/check", {"link": card["link"]}).json()
        assert (checked["position"], checked["hash"]) == (card["entered_position"], card["hash"])
        page = owner.get(f"/pocket/replay/order/{order.order_id}/")
        assert page.status_code == 200
        assert card["hash"] in page.content.decode()
    assert seen > 5


def test_a_card_of_another_account_or_tenant_is_not_there(read_market: Read, clock: dict[str, int]) -> None:
    mine = orders_of(read_market, 101)[0].order_id
    for tenant, account in ((1, 102), (2, 201)):
        browser = investor(tenant, account)
        assert code(browser.get(f"{API}/orders/{mine}")) == (404, 7284)
        assert browser.get(f"/pocket/replay/order/{mine}/").status_code == 404
        assert browser.get(f"/pocket/replay/?order={mine}").status_code == 404
        answer = send(
            browser, "POST", "/check", {"link": f"source={RUNNING}&at=0&codes=2330&hash={'0' * 64}", "order": mine}
        )
        assert code(answer) == (404, 7284)
    for none in (0, 10**18, 2**63, 10**40):
        assert code(browser.get(f"{API}/orders/{none}"))[1] in (7284, 7005, 7104)


def test_the_room_opens_ones_own_order_and_a_links_moment(owner: Any, read_market: Read) -> None:
    mine = next(one for one in orders_of(read_market, 101) if one.filled)
    opens = owner.get(f"/pocket/replay/?order={mine.order_id}").context["page"]["opens"]
    assert opens == {"link": "", "source": RUNNING, "codes": [mine.security], "order": mine.order_id, "account": 101}
    link = owner.get(f"{API}/orders/{mine.order_id}").json()["link"]
    opens = owner.get(f"/pocket/replay/?{link}").context["page"]["opens"]
    assert (opens["link"], opens["order"]) == (link, 0)
    both = owner.get(f"/pocket/replay/?{link}&order={mine.order_id}").context["page"]["opens"]
    assert (both["link"], both["order"], both["source"]) == (link, mine.order_id, "")
    for strange in ("?order=x", "?order=", "?source=%00", "?hash=%F0%9F&at=-1", "?order=" + "9" * 30):
        assert owner.get(f"/pocket/replay/{strange}").status_code in (200, 400, 404, 422), strange


def test_from_a_holding_to_the_card_in_two_clicks(owner: Any, read_market: Read) -> None:
    mine = next(one for one in orders_of(read_market, 101) if one.filled)
    page = owner.get("/pocket/holdings/").context["page"]
    orders = owner.get(f"{page['orders']}{mine.security}/").content.decode()
    assert f'href="/pocket/replay/order/{mine.order_id}/"' in orders
    assert f'href="/pocket/replay/order/{mine.order_id}/"' in owner.get(f"/timeline/{mine.order_id}/").content.decode()
    assert "/pocket/replay/order/" in owner.get("/pocket/fills/").content.decode()
    set_cell("3.1", "brokerage", "none", by=0)
    assert owner.get("/pocket/holdings/").context["page"]["orders"] == ""
    assert "/pocket/replay/" not in owner.get(f"/timeline/{mine.order_id}/").content.decode()
    assert "/pocket/replay/" not in owner.get("/pocket/fills/").content.decode()


# -- permalinks and bookmarks ----------------------------------------------------------------------------------------------------


def link_at(position: int, **changed: str) -> str:
    source = running()
    said = {"source": RUNNING, "at": str(position), "codes": "2330", "view": ""}
    said |= {"hash": source.hash_at(position).hex()} | changed
    return "&".join(f"{name}={value}" for name, value in said.items() if value)


LINKS = [
    ({}, 0),
    ({"hash": "0" * 64}, 7485),
    ({"hash": "xyz"}, 7484),
    ({"at": "99999999"}, 7482),
    ({"at": "-1"}, 7484),
    ({"codes": "9999"}, 7486),
    ({"codes": ""}, 7484),
    ({"source": "journal/1999-01-01"}, 7480),
    ({"source": "../../etc/passwd"}, 7484),
    ({"view": "wide"}, 0),
    ({"more": "1"}, 7484),
]


@pytest.mark.parametrize(("changed", "refused"), LINKS, ids=[f"{place}" for place in range(len(LINKS))])
def test_a_link_is_held_against_the_events(owner: Any, changed: dict[str, str], refused: int) -> None:
    """And a bookmark is kept of what holds, of nothing else."""
    link = link_at(20, **changed)
    for path, body in (("/check", {"link": link}), ("/bookmarks", {"name": "x", "link": link})):
        answer = send(owner, "POST", path, body)
        assert (answer.status_code < 300) is (refused == 0)
        assert not refused or code(answer)[1] == refused
    kept = owner.get(f"{API}/bookmarks").json()["bookmarks"]
    assert [one["link"] for one in kept] == ([link] if not refused else [])


def test_a_bookmark_is_kept_renamed_and_forgotten(owner: Any) -> None:
    made = send(owner, "POST", "/bookmarks", {"name": " 開盤 ", "note": "第一筆", "link": link_at(20)}).json()
    assert (made["name"], made["note"], made["link"]) == ("開盤", "第一筆", link_at(20))
    path = f"/bookmarks/{made['id']}"
    assert send(owner, "PUT", path, {"name": "收盤"}).json() == made | {"name": "收盤"}
    assert send(owner, "PUT", path, {"note": ""}).json() == made | {"name": "收盤", "note": ""}
    assert code(send(owner, "PUT", path, {"name": " "})) == (422, 7282)
    assert code(send(owner, "POST", "/bookmarks", {"name": "", "link": link_at(20)})) == (422, 7282)
    assert owner.get(f"{API}/bookmarks").json()["bookmarks"] == [made | {"name": "收盤", "note": ""}]
    assert send(owner, "DELETE", path).status_code == 204
    assert code(send(owner, "DELETE", path)) == (404, 7280)
    assert owner.get(f"{API}/bookmarks").json()["bookmarks"] == []


def test_bookmarks_are_bounded(owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from yunhai.services.replay import api

    assert REPLAY_BOOKMARKS_MAX == 200
    monkeypatch.setattr(api, "REPLAY_BOOKMARKS_MAX", 2)
    body = {"name": "x", "link": link_at(1)}
    told = [send(owner, "POST", "/bookmarks", body).status_code for _ in range(3)]
    assert told == [201, 201, 409]
    assert len(owner.get(f"{API}/bookmarks").json()["bookmarks"]) == 2


def test_nobody_sees_or_changes_anothers_bookmark(owner: Any, as_role: Any) -> None:
    """Through the API; and past it, where the database itself shows it to its person in its tenant alone."""
    from yunhai.services.replay.models import Bookmark

    made = send(owner, "POST", "/bookmarks", {"name": "x", "link": link_at(1)}).json()
    person = int(owner.session["_auth_user_id"])
    for other in (investor(1, 102), investor(2, 201)):
        assert other.get(f"{API}/bookmarks").json()["bookmarks"] == []
        assert code(send(other, "PUT", f"/bookmarks/{made['id']}", {"name": "mine"})) == (404, 7280)
        assert code(send(other, "DELETE", f"/bookmarks/{made['id']}")) == (404, 7280)
    with as_role("app"):
        for tenant, who, seen in ((1, person, 1), (1, person + 1, 0), (2, person, 0)):
            with rls.acting(tenant=tenant, person=who):
                from django.db import connection

                with connection.cursor() as cursor:
                    cursor.execute("SELECT count(*) FROM replay_bookmark")
                    assert cursor.fetchone() == (seen,), (tenant, who)
    with rls.acting(tenant=1, person=person):
        assert Bookmark.objects.filter(pk=made["id"]).count() == 1
