"""Clients are opened for a reason that is written down, and orders' records are made once, by who opened the client."""

from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("db")

RECORD = {"kind": "phone", "record_id": "REC-1", "caller": "02-2381-0000"}


@pytest.fixture
def desk(db: None) -> Any:
    """A broker with three clients at two branches, a sales rep, and what a test asks of the API."""
    from tests.platform import factories as make
    from yunhai.platform.tenancy.api import set_branch
    from yunhai.platform.tenancy.rls import acting
    from yunhai.services.accounts import api as accounts

    class Desk:
        def __init__(self) -> None:
            make.tenant(make.BROKER)
            make.tenant(make.OTHER_BROKER)
            self.accounts = {}
            for broker, branch, number, name in (
                (make.BROKER, "9002", "1000018", "林小雲"),
                (make.BROKER, "9002", "1000026", "林大明"),
                (make.BROKER, "9003", "1000034", "王美玲"),
                (make.OTHER_BROKER, "9004", "1000042", "林外人"),
            ):
                set_branch(broker, branch, name_zh="分公司")
                with acting(tenant=broker):
                    somebody = make.person(name_zh=name)
                    made = accounts.open_account(tenant=broker, branch=branch, number=number, person=somebody)
                    self.accounts[number] = made.account
            self.clerk = self.clerk_of("sales")

        def clerk_of(self, role: str, **fields: Any) -> Any:
            return make.browser(make.place(role, **fields), number=make.BROKER)

        def post(self, path: str, body: dict[str, Any], *, by: Any = None) -> Any:
            return (by or self.clerk).post(f"/api/v1{path}", body, content_type="application/json")

        def search(self, query: str, reason: str = "phone_order", *, by: Any = None, **more: str) -> Any:
            return self.post("/clients/search", {"query": query, "reason": reason, **more}, by=by)

        def register(self) -> list[tuple[int, int, str]]:
            from yunhai.platform.audit.api import lookups

            with acting(tenant=make.BROKER):
                return [(one.serial, one.account, one.reason) for one in reversed(lookups())]

    return Desk()


def code(answer: Any) -> int:
    return int(answer.json()["error"]["code"])


def test_a_number_opens_its_client_and_the_register_says_so(desk: Any) -> None:
    client = desk.search("1000018").json()["client"]
    assert (client["number"], client["name"], client["serial"]) == ("1000018", "林小雲", 1)
    desk.search("9002-1000018", "audit", reference="A-7")
    account = desk.accounts["1000018"]
    assert desk.register() == [(1, account, "phone_order"), (2, account, "audit")]


def test_a_name_of_several_shows_masked_names_until_one_is_opened(desk: Any) -> None:
    assert desk.search("林").status_code == 422, "one letter is not a search"
    found = desk.search("Test").json()
    assert found["client"] is None
    assert sorted(one["name"] for one in found["matches"]) == ["林○明", "林○雲", "王○玲"]
    assert desk.register() == [(1, 0, "phone_order")]
    opened = desk.post(f"/clients/{desk.accounts['1000026']}/open", {"reason": "service"}).json()
    assert opened["name"] == "林大明"


def test_the_core_is_told_whom_a_clerk_may_look_at_and_until_when(desk: Any, as_role: Any) -> None:
    """Of a list of several, masked, it is told that somebody looked, and nobody may look further for it."""
    import time

    from yunhai.platform.outbox.models import Row
    from yunhai.trading import facts

    before = int(time.time() * 1_000)
    desk.search("Test")
    desk.search("1000018")
    after = int(time.time() * 1_000)
    with as_role("reader"):
        rows = Row.objects.filter(number=facts.NUMBERS[facts.Lookup]).order_by("id")
        told = [facts.from_json(row.number, row.value) for row in rows]
    many, one = told
    assert isinstance(many, facts.Lookup)
    assert isinstance(one, facts.Lookup)
    assert (many.account, many.until) == (0, 0)
    assert (one.account, one.by) == (desk.accounts["1000018"], desk.clerk.get("/api/v1/me").json()["person"])
    assert before <= one.until - 12 * 3_600_000 <= after


def test_many_looks_of_others_hide_none_of_ones_own(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from yunhai.services.desk import api

    monkeypatch.setattr(api, "ROOM_ROWS_MAX", 3)
    desk.search("1000018")
    colleague = desk.clerk_of("sales")
    for _ in range(4):
        desk.search("1000018", by=colleague)
    assert desk.post("/instructions", {"account": desk.accounts["1000018"], **RECORD}).status_code == 200


@pytest.mark.parametrize(
    ("query", "reason", "more", "refused"),
    [
        ("1000018", "", {}, 7320),
        ("1000018", "curiosity", {}, 7320),
        ("1000018", "complaint", {}, 7321),
        ("1", "service", {}, 7326),
        ("1999999", "service", {}, 7327),
        ("1000042", "service", {}, 7327),
        ("外人", "service", {}, 7327),
    ],
)
def test_a_refused_look_shows_nothing_and_writes_nothing(
    desk: Any, query: str, reason: str, more: dict[str, str], refused: int
) -> None:
    assert code(desk.search(query, reason, **more)) == refused
    assert desk.register() == []


def test_another_brokers_client_is_not_there(desk: Any) -> None:
    other = desk.accounts["1000042"]
    answer = desk.post(f"/clients/{other}/open", {"reason": "service"})
    assert (answer.status_code, code(answer)) == (404, 7327)
    assert desk.register() == []


def test_a_record_belongs_to_one_account_and_one_clerk(desk: Any) -> None:
    one, two = desk.accounts["1000018"], desk.accounts["1000026"]
    assert code(desk.post("/instructions", {"account": one, **RECORD})) == 7329, "the client was not opened"
    desk.search("1000018")
    desk.search("1000026")
    made = desk.post("/instructions", {"account": one, **RECORD}).json()
    again = desk.post("/instructions", {"account": one, **RECORD}).json()
    assert made == again
    assert code(desk.post("/instructions", {"account": two, **RECORD})) == 7325
    colleague = desk.clerk_of("sales")
    desk.search("1000018", by=colleague)
    assert code(desk.post("/instructions", {"account": one, **RECORD}, by=colleague)) == 7325
    calls = desk.clerk.get(f"/api/v1/clients/{one}/calls").json()
    assert [(call["record_id"], call["caller"]) for call in calls] == [("REC-1", "02-2381-0000")]


def test_a_record_is_never_altered(desk: Any) -> None:
    from django.db import ProgrammingError, transaction

    from tests.platform import factories as make
    from yunhai.platform.tenancy.rls import acting
    from yunhai.services.desk.models import Record

    desk.search("1000018")
    desk.post("/instructions", {"account": desk.accounts["1000018"], **RECORD})
    with acting(tenant=make.BROKER):
        for change in (lambda: Record.objects.update(caller="0"), lambda: Record.objects.all().delete()):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                change()
        assert Record.objects.get().caller == "02-2381-0000"


@pytest.mark.parametrize("role", ["operations", "compliance", "investor"])
def test_the_desk_is_for_clerks(desk: Any, role: str) -> None:
    other = desk.clerk_of(role, account=desk.accounts["1000018"] if role == "investor" else 0)
    assert desk.search("1000018", by=other).status_code == 403
    assert other.get("/desk/").status_code == 404


def test_each_clerk_goes_by_their_own_cell(desk: Any) -> None:
    from yunhai.platform.entitlements.api import set_cell

    keyin = desk.clerk_of("keyin")
    assert keyin.get("/desk/").headers["Location"] == "/desk/keyin/"
    assert keyin.get("/desk/paper/").status_code == 200
    set_cell("1.1", "brokerage", "none", by=0)
    assert keyin.get("/desk/keyin/").status_code == 404
    assert code(desk.search("1000018", by=keyin)) == 7103
    assert desk.search("1000018").status_code == 200


def test_a_read_back_is_said_by_the_api(desk: Any) -> None:
    said = desk.post(
        "/instructions/read-back",
        {"account": "9002-1000018", "side": "sell", "code": "2330", "name": "台積電", "quantity": 7, "price": "101.5"},
    ).json()
    assert "零股 7 股（七股）" in said["zh"]
    assert "7 odd shares" in said["en"]
