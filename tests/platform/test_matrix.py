"""The service matrix: the study's figure row by row, and what one cell opens and closes."""

from typing import Any

import pytest
from django.db import connection

from tests.isolation.routes import Route, api_routes
from tests.platform.factories import BROKER, EXCHANGE, OTHER_BROKER, browser, place, tenant
from tests.platform.test_identity import code_of, told
from yunhai.kernel.errors import YunhaiError
from yunhai.platform.entitlements import api as entitlements
from yunhai.platform.entitlements.manifests import manifests, menu
from yunhai.platform.entitlements.models import Service
from yunhai.platform.shell.menu import ROOMS
from yunhai.platform.tenancy.models import Tenant
from yunhai.trading import facts

FIGURE = """
1.1 – ● ● ● –
1.2 – ● ● ● –
1.3 ● ◐ ◐ ● –
1.4 – ◐ ◐ ● –
1.6 ○ ○ ○ – –
1.5 ● ● ● ● –
1.9 ● ● ● ● –
3.7 ○ ○ ○ ○ ○
1.8 ◐ ◐ ◐ ● ◐
3.1 ○ – – – –
3.2 ● – – – –
3.6 ◐ ◐ ◐ ◐ ◐
3.4 ◐ ◐ ◐ ◐ ◐
3.5 ◐ ● ● ● ●
1.7 ○ ○ ○ – ○
3.3 ◐ ◐ ◐ – ◐
3.8 ○ ○ ○ – ○
3.9 ○ ○ ○ – ○
"""
"""Fig. 4.2.5 of the study: exchange, public edition, brokerage, proprietary, underwriting."""
LEVELS = {"●": "full", "◐": "partial", "○": "external", "–": "none"}
COLUMNS = ("exchange", "public", "brokerage", "proprietary", "underwriting")


@pytest.fixture
def house(db: None) -> None:
    tenant(EXCHANGE)
    tenant(BROKER)
    tenant(OTHER_BROKER)


@pytest.fixture
def replay_open(house: None) -> None:
    """The one row of a menu that the study keeps from brokers, open as the demo has it."""
    entitlements.set_cell("3.1", "brokerage", "full", by=1)


def test_the_table_begins_as_the_figure(db: None) -> None:
    drawn = {}
    for line in FIGURE.strip().splitlines():
        service, *marks = line.split()
        drawn |= {(service, column): LEVELS[mark] for column, mark in zip(COLUMNS, marks, strict=True)}
    planted = {(cell.service, cell.column): cell.level for cell in entitlements.cells() if cell.service[0] != "2"}
    assert planted == drawn
    assert Service.objects.filter(in_figure=True).count() == 18
    assert list(Service.objects.filter(in_figure=False).values_list("number", flat=True)) == [
        f"2.{n}" for n in range(1, 6)
    ]


def test_every_manifest_names_known_services_and_rooms(db: None) -> None:
    known = set(Service.objects.values_list("number", flat=True))
    assert {number for manifest in manifests() for number in manifest.services} <= known
    assert {entry.service for entry in menu() if entry.service} <= known
    assert {entry.room for entry in menu()} <= {room.name for room in ROOMS}


@pytest.mark.parametrize(
    ("level", "allowed", "here", "there"),
    [
        ("full", [], True, True),
        ("partial", [], True, True),
        ("partial", [BROKER], True, False),
        ("external", [OTHER_BROKER], False, True),
        ("none", [], False, False),
    ],
)
def test_what_a_cell_opens(house: None, level: str, allowed: list[int], here: bool, there: bool) -> None:
    entitlements.set_cell("1.3", "brokerage", level, allowed, by=1)
    found = [entitlements.entitled(Tenant.objects.get(pk=number), "1.3") for number in (BROKER, OTHER_BROKER)]
    assert found == [here, there]
    listed = ["1.3" in entitlements.open_services(Tenant.objects.get(pk=n)) for n in (BROKER, OTHER_BROKER)]
    assert listed == found


def test_a_suspended_tenant_has_nothing(house: None) -> None:
    tenant(BROKER, status="suspended")
    assert entitlements.open_services(Tenant.objects.get(pk=BROKER)) == frozenset()


def test_an_operator_changes_a_cell_and_it_is_told_and_kept(house: None, as_role: Any) -> None:
    operator = place("operator", EXCHANGE)
    client = browser(operator)
    off = {"level": "none", "reason": "for the test"}
    path = "/api/v1/console/matrix/1.3/brokerage"
    answer = client.put(path, off, content_type="application/json")
    assert (answer.status_code, answer.json()["after"]["level"]) == (200, "none")
    fact = told(as_role, facts.CellSet)[-1]
    assert (fact.service, fact.column, fact.level, fact.by) == ("1.3", "brokerage", "none", operator.pk)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.level, e.changed_by, (c.metadata->>'person')::bigint FROM entitlements_cellevent e"
            " JOIN pghistory_context c ON c.id = e.pgh_context_id WHERE e.service_id = '1.3' AND e.pgh_label = 'update'"
        )
        assert cursor.fetchall() == [("none", operator.pk, operator.pk)]
    same = client.put(path, off, content_type="application/json")
    assert (same.status_code, code_of(same)) == (409, 7363)
    without = client.put("/api/v1/matrix/1.3/brokerage", {"level": "full"}, content_type="application/json")
    assert without.status_code in (404, 405), "no way round the reason"
    assert len(told(as_role, facts.CellSet)) == 1, "what changes nothing is told to nobody"


@pytest.mark.parametrize("role", ["investor", "sales", "keyin", "operations", "compliance"])
def test_nobody_else_may(house: None, as_role: Any, role: str) -> None:
    client = browser(place(role, account=7 if role == "investor" else 0))
    off = {"level": "none", "reason": "for the test"}
    answer = client.put("/api/v1/console/matrix/1.3/brokerage", off, content_type="application/json")
    assert (answer.status_code, code_of(answer)) == (403, 7102)
    assert told(as_role, facts.CellSet) == []


@pytest.mark.parametrize(
    ("service", "column", "level", "allowed"),
    [
        ("9.9", "brokerage", "none", []),
        ("1.3", "nowhere", "none", []),
        ("1.3", "brokerage", "some", []),
        ("1.3", "brokerage", "full", [BROKER]),
        ("1.3", "exchange", "partial", [BROKER]),
        ("1.3", "brokerage", "partial", [4_000_000]),
    ],
)
def test_refused(house: None, as_role: Any, service: str, column: str, level: str, allowed: list[int]) -> None:
    before = entitlements.cells()
    with pytest.raises(YunhaiError) as refused:
        entitlements.set_cell(service, column, level, allowed, by=1)
    assert refused.value.code == 7110
    assert entitlements.cells() == before
    assert told(as_role, facts.CellSet) == []


FULL = pytest.mark.full


@pytest.mark.parametrize("service", ["1.1", *(pytest.param(one, marks=FULL) for one in ("1.2", "1.3", "1.5"))])
def test_switching_one_cell_off_closes_the_api_for_exactly_what_it_covers(replay_open: None, service: str) -> None:
    """Every route asked before and after; what changes is refused with 7103 and is the service's, nothing else changes."""
    desk = {"sales": "1.2", "keyin": "1.1"}
    for role in ("investor", "sales", "keyin", "operations"):
        client = browser(place(role, account=7 if role == "investor" else 0))
        routes = [
            route
            for route in api_routes()
            if route.access and route.method == "GET" and (not route.access.roles or role in route.access.roles)
        ]
        values = {name: 1 for route in routes for name in route.names} | {"day": "2026-01-05", "date": "2026-01-05"}
        before = {str(route): client.get(route.filled(values)).status_code for route in routes}
        entitlements.set_cell(service, "brokerage", "none", by=1)
        for route in routes:
            assert route.access is not None
            covered = route.access.service == service or (role in desk and desk[role] == service and _of_desk(route))
            answer = client.get(route.filled(values))
            if covered:
                assert (answer.status_code, code_of(answer)) == (403, 7103), (str(route), role)
            else:
                assert answer.status_code == before[str(route)], (str(route), role)
        entitlements.set_cell(service, "brokerage", "full", by=1)


def _of_desk(route: Route) -> bool:
    return route.path.startswith(("/api/v1/clients", "/api/v1/instructions", "/api/v1/desk"))


ROLE_OF_ROOM = {"pocket": "investor", "desk": "sales", "control": "operations"}


@pytest.mark.parametrize("service", ["1.1", pytest.param("1.2", marks=FULL), "1.3", pytest.param("1.5", marks=FULL)])
def test_switching_one_cell_off_takes_menu_and_page_for_exactly_what_it_covers(replay_open: None, service: str) -> None:
    """Every menu entry of a broker's rooms: there before; after, those of the service are gone and 404, the rest as was."""
    for room, role in ROLE_OF_ROOM.items():
        client = browser(place(role, account=7 if role == "investor" else 0))
        entries = [entry for entry in menu() if entry.room == room and (not entry.roles or role in entry.roles)]
        answers = {entry.url: client.get(entry.url).status_code for entry in entries}
        entitlements.set_cell(service, "brokerage", "none", by=1)
        for entry in entries:
            answer = client.get(entry.url)
            expected = 404 if entry.service == service else answers[entry.url]
            assert answer.status_code == expected, (entry.url, service)
            if entry.service == service:
                assert f"服務 {service} 未對此租戶開放" in answer.content.decode(), "a closed service is said"
            if answer.status_code == 200:
                shown = {shown["url"] for shown in answer.context["shell"]["menu"]}
                assert shown == {other.url for other in entries if other.service != service}
        entitlements.set_cell(service, "brokerage", "full", by=1)
