"""Every route × {anonymous, other tenant same role, same tenant lower role, right}, made from the route table itself.

A route that is added is tested from the moment it is served; one without a guard fails here until it is named as open
with a reason.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from tests.isolation.routes import Route, api_routes, pages
from tests.platform.factories import BROKER, EXCHANGE, OTHER_BROKER, browser, place, tenant
from yunhai.platform.entitlements.api import set_cell
from yunhai.platform.identity import api as identity
from yunhai.platform.identity.caller import session_id
from yunhai.platform.identity.models import ROLES, Membership, Person
from yunhai.platform.tenancy import api as tenancy
from yunhai.platform.tenancy import rls
from yunhai.services.accounts import api as accounts
from yunhai.services.alerts.models import Alert, Firing
from yunhai.services.quotes.models import Watchlist
from yunhai.services.replay.models import Bookmark
from yunhai.services.screener.models import SavedScreen

OPEN = {
    "POST /api/v1/token": "checks session, or key and secret, itself",
    "GET /language/": "a cookie of one's own",
    "GET /look/": "a cookie of one's own",
    "GET /demo/sign-in/{token}": "the link is the proof",
    "GET /style": "components without data; 404 for whoever is no operator",
    "GET /health": "inside the machine only",
    "GET /ready": "inside the machine only",
    "GET /metrics": "inside the machine only",
    "GET /csc/v1/info": "says what the service is",
    "GET /csc/v2/info": "says what the service is",
} | {
    f"GET /csc/{version}/{route}": "programs, by OAuth's own token; POST only"
    for version in ("v1", "v2")
    for route in (
        "oauth2/token",
        "oauth2/revoke",
        "credentials/list",
        "credentials/info",
        "credentials/authorize",
        "credentials/getChallenge",
        "signatures/signHash",
    )
}
"""Routes without a guard, each with why."""
ROUTES = sorted([*pages(), *api_routes()], key=lambda route: ("sign-out" in route.path, str(route)))
GUARDED = [route for route in ROUTES if str(route) not in OPEN]
OF_ONE_TENANT = {
    "account",
    "key",
    "client",
    "sid",
    "asked",
    "any_id",
    "order_id",
    "certificate",
    "registration",
    "proposal",
    "credential",
    "instruction",
    "watchlist",
    "contest",
    "paper",
    "drawing",
    "setup",
    "screen",
    "bookmark",
    "alert",
    "firing",
}
"""Places in a path that name something of one tenant or one person; the rest name what is everybody's or the platform's."""
SAMPLES = {
    "code": "2330",
    "service": "1.3",
    "column": "brokerage",
    "day": "2026-01-05",
    "number": OTHER_BROKER,
    "change": 1,
}
SAMPLES |= {
    "date": "2026-01-05",
    "purpose": "contact",
    "name": "nothing",
    "first": "nothing",
    "second": "nothing",
    "line": "ZZ",
    "certificate": 4_242,
    "registration": 4_242,
    "proposal": 4_242,
    "instruction": 4_242,
    "drawing": 4_242,
    "setup": 4_242,
    "credential": "yh-nothing",
    "broker": OTHER_BROKER,
    "profile": "investor",
    "program": "yh-nothing",
    "person": 4_242,
    "contest": 4_242,
    "paper": 4_242,
    "dataset": "bars-1d",
    "imported": 4_242,
}
MARK = "獨一無二的標記"
QUIET = {"identity_session", "pghistory_context", "identity_endedsession"}
BODIES: dict[str, dict[str, Any]] = {
    "PUT /api/v1/alerts/{alert}": {"state": "paused"},
    "PUT /api/v1/contests/{contest}": {"name": "x", "source": "journal/2026-01-05", "codes": ["2330"]},
    "POST /api/v1/contests/{contest}/steps": {"do": "open"},
    "PUT /api/v1/contests/{contest}/clock": {"speed": "0"},
    "POST /api/v1/contests/papers/{paper}/orders": {"code": "2330", "side": "buy", "quantity": 1_000, "price": "1080"},
    "PUT /api/v1/charts/drawings/{drawing}": {"points": [{"time": 1_787_241_600, "price": "1080.5"}]},
    "POST /api/v1/clients/{account}/open": {"reason": "phone_order"},
    "POST /api/v1/operations/sessions/{sid}/revoke": {"reason": "a test of isolation"},
    "POST /api/v1/trust/credentials/{credential}/sign": {"activation": "nothing"},
    "POST /api/v1/trust/registrations/{registration}/decide": {"approve": False},
    "POST /api/v1/trust/registrations/{registration}/end/decide": {"approve": True},
    "POST /api/v1/trust/interfaces/{proposal}/decide": {"approve": True},
    "POST /api/v1/trust/authority/proposals/{proposal}/decide": {"approve": True},
    "POST /api/v1/trust/authority/brokers/{broker}/people/{person}/end": {"note": "a test of isolation"},
}


def roles(*always: str) -> list[Any]:
    """Every role as a parameter: some in every run, the rest in the full one."""
    return [role if role in always else pytest.param(role, marks=pytest.mark.full) for role in ROLES if role != "api"]


@dataclass
class House:
    """Two brokers; everything addressed belongs to the first."""

    ids: dict[str, Any]
    investor: Person

    def somebody(self, role: str, number: int) -> Person:
        """A person with a role at a tenant; an operator outside the exchange is forged past `grant`."""
        if role == "operator" and number != EXCHANGE:
            forged = place("sales", number)
            with rls.acting(tenant=number):
                Membership.objects.filter(person=forged).update(role="operator")
            return forged
        return place(role, number, account=99 if role == "investor" else 0)


@pytest.fixture
def house(db: None) -> House:
    tenant(EXCHANGE)
    tenant(BROKER)
    tenant(OTHER_BROKER)
    set_cell("3.1", "brokerage", "full", by=0)
    tenancy.set_branch(BROKER, "A001", name_zh=MARK)
    investor = place("keyin", name_zh=MARK, name_en=MARK)
    with rls.acting(tenant=BROKER, person=investor.pk):
        account = accounts.open_account(tenant=BROKER, branch="A001", number="0000017", person=investor).account
        key = identity.add_key(investor, b"\x04" + bytes(64), kind="device", name=MARK)
        client, _ = identity.make_client(investor, BROKER, "investor", MARK)
        watchlist = Watchlist.objects.create(person=investor, name=MARK, codes=["2330"])
        screen = SavedScreen.objects.create(person=investor, name=MARK, text="close > 1")
        alert = Alert.objects.create(person=investor, security="2330", kind="price_up", threshold=1, note=MARK)
        firing = Firing.objects.create(
            alert=alert,
            person=investor,
            security="2330",
            kind="price_up",
            threshold=1,
            note=MARK,
            sequence=1,
            value=1,
            price=1,
            market_ns=0,
            day="2026-01-05",
        )
        bookmark = Bookmark.objects.create(tenant_id=BROKER, person=investor, name=MARK, link=MARK, at_ns=0)
    signed_in = browser(investor)
    sid = session_id(signed_in.session.session_key)
    ids = SAMPLES | {
        "account": account,
        "key": key.pk,
        "client": client.pk,
        "watchlist": watchlist.pk,
        "screen": screen.pk,
        "bookmark": bookmark.pk,
        "alert": alert.pk,
        "firing": firing.pk,
        "sid": sid,
        "asked": account,
        "any_id": account,
        "order_id": 4_242,
    }
    return House(ids, investor)


def ask(client: Client, route: Route, ids: dict[str, Any]) -> Any:
    body = BODIES.get(str(route), {})
    return client.generic(route.method, route.filled(ids), data=_json(body), content_type="application/json")


def _json(body: dict[str, Any]) -> str:
    import json

    return json.dumps(body) if body else "{}"


def code_of(answer: Any) -> int:
    return int(answer.json()["error"]["code"])


@pytest.fixture
def state(as_role: Any) -> Callable[[], dict[str, Any]]:
    """Every table's rows as counts and hashes."""

    def read() -> dict[str, Any]:
        found = {}
        with as_role("superuser"), connection.cursor() as cursor:
            cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
            for (table,) in cursor.fetchall():
                if table not in QUIET:
                    cursor.execute(f'SELECT count(*), sum(hashtext(t::text)::bigint) FROM "{table}" t')
                    found[table] = cursor.fetchone()
        return found

    return read


def test_every_route_has_a_guard_or_a_reason() -> None:
    assert [str(route) for route in ROUTES if route.access is None and str(route) not in OPEN] == []
    assert [str(route) for route in ROUTES if route.access is not None and str(route) in OPEN] == []
    assert set(OPEN) <= {str(route) for route in ROUTES}
    assert len(ROUTES) > 60


def test_every_place_in_a_path_is_known_here() -> None:
    assert {name for route in GUARDED for name in route.names} <= set(SAMPLES) | OF_ONE_TENANT


@pytest.mark.parametrize("program", [False, True], ids=["pages", "api"])
def test_nobody_gets_nothing(house: House, state: Callable[[], dict[str, Any]], program: bool) -> None:
    before = state()
    for route in GUARDED:
        if route.program is program:
            answer = ask(Client(), route, house.ids)
            if program:
                assert (answer.status_code, code_of(answer)) == (401, 7001), str(route)
            else:  # a page that takes no GET says so before it looks at anybody
                assert answer.status_code in (302, 405), str(route)
                assert answer.status_code == 405 or answer.headers["Location"].startswith("/account/login/"), str(route)
    assert state() == before


@pytest.mark.parametrize("role", roles("compliance"))
def test_a_role_without_the_right_gets_nothing(house: House, state: Callable[[], dict[str, Any]], role: str) -> None:
    """Same tenant, a role that the route does not take."""
    number = EXCHANGE if role == "operator" else BROKER
    client = browser(house.somebody(role, number))
    before = state()
    for route in GUARDED:
        assert route.access is not None
        if route.access.roles and role not in route.access.roles:
            answer = ask(client, route, house.ids)
            if route.program:  # a body of the wrong shape may be told of first
                told = {(403, 7102), (403, 7103)} | ({(422, 7104)} if route.method in ("POST", "PUT") else set())
                assert (answer.status_code, code_of(answer)) in told, (str(route), role)
            else:
                assert answer.status_code in (404, 405), (str(route), role)
            assert MARK not in answer.content.decode(), (str(route), role)
    assert state() == before


@pytest.mark.parametrize("role", roles("operations"))
def test_another_tenants_ids_are_not_there(house: House, state: Callable[[], dict[str, Any]], role: str) -> None:
    """The same role at the other broker, asking for what is the first one's: 404, nothing of it shown, nothing changed."""
    client = browser(house.somebody(role, OTHER_BROKER))
    before = state()
    for route in GUARDED:
        assert route.access is not None
        if route.access.roles and role not in route.access.roles:
            continue
        answer = ask(client, route, house.ids)
        if OF_ONE_TENANT.intersection(route.names):
            nowhere = (403, 404, 405) if role == "operator" else (404, 405)  # outside the exchange it is no role
            assert answer.status_code in nowhere, (str(route), role, answer.content[:300])
        shown = answer.content.decode()
        if "/tenants" not in route.path and not route.path.startswith("/api/v1/me"):  # a broker's name is public
            assert MARK not in shown, (str(route), role)
        assert answer.status_code < 500 or answer.status_code in (502, 503), (str(route), answer.status_code)
    changed = {table for table, rows in state().items() if rows != before[table]}
    assert not {
        table for table in changed if table.startswith(("accounts_", "identity_signingkey", "identity_apiclient"))
    }


@pytest.mark.parametrize("role", roles("operator"))
def test_the_right_role_gets_in(house: House, role: str) -> None:
    """No page that takes the role turns it away; what needs the core may say that it is away."""
    number = EXCHANGE if role == "operator" else BROKER
    somebody = house.investor if role in ("investor", "keyin") else house.somebody(role, number)
    client = browser(somebody)
    for route in GUARDED:
        assert route.access is not None
        if route.method == "GET" and not route.names and (not route.access.roles or role in route.access.roles):
            answer = ask(client, route, house.ids)
            asks = 401 if "oauth2/authorize" in route.path else 200  # for a registered program, before anything else
            asks = 422 if route.path == "/api/v1/replay/export" else asks  # for what is to be taken away
            assert answer.status_code in (asks, 200, 302, 405, 502, 503), (str(route), role, answer.status_code)


def test_an_operator_outside_the_exchange_is_nobody(house: House) -> None:
    client = browser(house.somebody("operator", OTHER_BROKER))
    assert client.get("/api/v1/me").json()["roles"] == []
    assert client.get("/console/").status_code == 404
