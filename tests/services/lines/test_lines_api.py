"""The Control Room by API: one's own lines and sessions only, and a core that does not answer is said, not hung upon."""

from datetime import timedelta
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def room(db: None) -> Any:
    """Two brokers with a line each, an operations clerk of each, an operator of the exchange."""
    from tests.platform import factories as make
    from yunhai.platform.console import api as console
    from yunhai.platform.tenancy.rls import acting

    class Room:
        def __init__(self) -> None:
            for number in (make.EXCHANGE, make.BROKER, make.OTHER_BROKER):
                make.tenant(number)
            with acting(tenant=make.EXCHANGE):
                for line, owner in (("A1", make.BROKER), ("B1", make.OTHER_BROKER)):
                    console.add_line(line, owner, reason="for the test", by=None)
            self.clerk = make.browser(make.place("operations", make.BROKER), number=make.BROKER)
            self.other = make.browser(make.place("operations", make.OTHER_BROKER), number=make.OTHER_BROKER)
            self.operator = make.browser(make.place("operator", make.EXCHANGE), number=make.EXCHANGE)

        @staticmethod
        def post(client: Any, path: str, body: dict[str, Any] | None = None) -> Any:
            return client.post(f"/api/v1{path}", body or {}, content_type="application/json")

        @staticmethod
        def sessions(client: Any) -> list[dict[str, Any]]:
            return list(client.get("/api/v1/operations/sessions").json()["rows"])

    return Room()


def test_a_broker_lists_its_own_lines_and_the_operator_all(room: Any) -> None:
    assert [one["line"] for one in room.clerk.get("/api/v1/lines").json()] == ["A1"]
    assert [one["line"] for one in room.other.get("/api/v1/lines").json()] == ["B1"]
    assert [one["line"] for one in room.operator.get("/api/v1/lines").json()] == ["A1", "B1"]


def test_anothers_line_is_refused_like_one_that_is_not_there(room: Any) -> None:
    login = {"do": "login", "broker": "9003", "password": "guess"}
    answers = [room.post(room.clerk, f"/lines/{line}", login).json()["error"]["code"] for line in ("B1", "Q9")]
    assert answers == [6300, 6300]
    assert room.post(room.clerk, "/lines/B1", {"do": "lose"}).json()["error"]["code"] == 6300


@pytest.mark.parametrize("path", ["/lines/pool"])
def test_a_core_that_is_away_is_said(room: Any, path: str) -> None:
    answer = room.clerk.get(f"/api/v1{path}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, 7340)


def test_the_day_board_says_that_the_core_blocks(room: Any) -> None:
    said = room.clerk.get("/api/v1/operations/day").json()
    assert [one["what"] for one in said["blocks"]] == ["core"]
    assert room.clerk.get("/control/day/").status_code == 200


def test_before_the_first_day_there_are_no_totals(room: Any) -> None:
    assert room.clerk.get("/api/v1/operations/totals").json() is None
    for path in ("", "totals/", "rejects/", "sessions/"):
        assert room.clerk.get(f"/control/{path}").status_code == 200


def test_a_broker_sees_and_revokes_its_own_sessions_only(room: Any) -> None:
    from tests.platform import factories as make

    sales = make.browser(make.place("sales", make.BROKER), number=make.BROKER)
    assert sales.get("/desk/").status_code == 200
    mine, theirs = room.sessions(room.clerk), room.sessions(room.other)
    assert sorted(role for one in mine for role in one["roles"]) == ["operations", "sales"]
    assert [one["roles"] for one in theirs] == [["operations"]]
    assert [one["own"] for one in theirs] == [True]
    victim = next(one["sid"] for one in mine if one["roles"] == ["sales"])
    refused = room.post(room.other, f"/operations/sessions/{victim}/revoke")
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, 7343)
    assert sales.get("/desk/").status_code == 200
    assert room.post(room.clerk, f"/operations/sessions/{victim}/revoke").status_code == 200
    assert sales.get("/desk/").status_code == 302, "signed out"


def test_a_brokers_sessions_are_all_found_among_everybodys(room: Any) -> None:
    """Of this broker an old one, behind many newer ones of others; a page at a time, none twice, none left out."""
    from django.utils import timezone

    from tests.platform import factories as make
    from yunhai.platform.identity import api as identity
    from yunhai.platform.identity.caller import Caller
    from yunhai.platform.identity.models import Session
    from yunhai.platform.tenancy.models import Tenant
    from yunhai.platform.tenancy.rls import acting
    from yunhai.services.lines import api as lines

    now = timezone.now()
    rep, stranger, gone = (make.place("sales", number) for number in (make.BROKER, make.OTHER_BROKER, make.BROKER))
    kept = []
    for number in range(40):
        end = now + timedelta(hours=1 + number // 4)  # some end in the same microsecond
        kept.append(_session(f"mine{number}", rep.pk, make.BROKER, end))
        for other in range(3):
            _session(f"theirs{number}-{other}", stranger.pk, make.OTHER_BROKER, end + timedelta(minutes=1))
    _session("elsewhere", rep.pk, make.OTHER_BROKER, now + timedelta(hours=2))
    _session("over", rep.pk, make.BROKER, now - timedelta(seconds=1))
    _session("gone", gone.pk, make.BROKER, now + timedelta(hours=2))
    identity.withdraw(gone, make.BROKER, "sales")
    caller = Caller(tenant=Tenant.objects.get(pk=make.BROKER), roles=frozenset({"operations"}), session="none")
    found: list[str] = []
    before, pages = "", 0
    with acting(tenant=make.BROKER):
        while before or not pages:
            page = lines.sessions(caller, before=before, limit=7)
            found += [row.sid for row in page.rows if row.person == rep.pk]
            before, pages = page.next, pages + 1
        assert lines.sessions(caller, before="no place") == lines.sessions(caller)
    assert sorted(found) == sorted(one.sid for one in kept)
    ends = dict(Session.objects.values_list("sid", "expire_date"))
    assert found == sorted(found, key=lambda sid: (ends[sid], sid), reverse=True)
    assert pages == -(-(page.count) // 7)
    oldest = found[-1]
    assert room.post(room.other, f"/operations/sessions/{oldest}/revoke").status_code == 404
    assert room.post(room.clerk, f"/operations/sessions/{oldest}/revoke").json()["person"] == rep.pk
    assert not Session.objects.filter(sid=oldest).exists()


def _session(key: str, person: int, tenant: int, end: Any) -> Any:
    from yunhai.platform.identity.caller import session_id
    from yunhai.platform.identity.models import Session

    return Session.objects.create(
        session_key=key, session_data="", expire_date=end, sid=session_id(key), person=person, tenant=tenant
    )


def test_the_page_of_sessions_leads_to_the_older_ones(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.utils import timezone

    from tests.platform import factories as make
    from yunhai.services.lines import api as lines

    rep = make.place("sales", make.BROKER)
    for number in range(3):
        _session(f"s{number}", rep.pk, make.BROKER, timezone.now() + timedelta(hours=1))
    monkeypatch.setitem(lines.sessions.__kwdefaults__, "limit", 2)
    said = room.clerk.get("/api/v1/operations/sessions").json()
    assert (len(said["rows"]), said["count"]) == (2, 4)
    page = room.clerk.get("/control/sessions/").content.decode()
    assert f"?before={said['next']}" in page
    assert "載入" not in page
    behind = room.clerk.get("/control/sessions/", {"before": said["next"]}).content.decode()
    assert "?before=" in behind, "what is asked for again every few seconds is this page"
    assert behind.count("data-once") == 2


def test_only_the_exchange_closes_a_day(room: Any) -> None:
    answer = room.post(room.clerk, "/operations/day/close")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, 7102)
    assert room.post(room.operator, "/operations/day/close").json()["error"]["code"] == 7340


@pytest.mark.parametrize("role", ["sales", "keyin", "investor"])
def test_the_room_is_for_operations(room: Any, role: str) -> None:
    from tests.platform import factories as make

    client = make.browser(make.place(role, account=5 if role == "investor" else 0), number=make.BROKER)
    assert client.get("/control/").status_code == 404
    assert client.get("/api/v1/lines/pool").status_code == 403


@pytest.mark.parametrize(("said", "shown"), [([True, True], "good"), ([True, False], "bad")])
def test_the_last_verdict_of_the_books_is_shown(room: Any, said: list[bool], shown: str) -> None:
    import json

    from django.conf import settings

    from yunhai.services.lines.api import LAST_CHECK, last_check

    path = settings.PLACES.run / LAST_CHECK
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"ok": all(said), "sequence": 7, "checks": [{"ok": one} for one in said]}))
    try:
        verdict = last_check()
        assert verdict is not None
        assert (verdict.held, verdict.findings, verdict.sequence) == (all(said), said.count(False), 7)
        assert f"badge {shown}" in room.clerk.get("/control/day/").content.decode()
    finally:
        path.unlink()


@pytest.mark.parametrize(
    ("role", "method", "path"),
    [
        ("operator", "post", "/console/tenants"),
        ("operator", "get", "/console/changes"),
        ("operator", "put", "/console/matrix/1.3/brokerage"),
        ("operator", "post", "/operations/day/close"),
        ("operations", "post", "/lines/A1"),
        ("operations", "get", "/operations/sessions"),
    ],
)
def test_a_password_alone_works_neither_platform_nor_lines(room: Any, role: str, method: str, path: str) -> None:
    from tests.platform import factories as make

    number = make.EXCHANGE if role == "operator" else make.BROKER
    body: dict[str, Any] = {
        "/lines/A1": {"do": "lose"},
        "/console/matrix/1.3/brokerage": {"level": "none", "reason": "for the test"},
        "/console/tenants": {
            "reason": "for the test",
            "code": "9X01",
            "kind": "broker",
            "name_zh": "甲",
            "name_en": "A",
            "columns": ["brokerage"],
        },
    }.get(path, {})
    by_password = make.browser(make.place(role, number), mfa=False, number=number)
    answer = getattr(by_password, method)(f"/api/v1{path}", body, content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, 7002)
