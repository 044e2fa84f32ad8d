"""A class with a teacher at one broker, a stranger's class at another, and two days to trade: one over, one running."""

from typing import Any

from tests.platform import factories as make
from yunhai.kernel.clock import SECOND
from yunhai.platform.entitlements.api import set_cell
from yunhai.platform.identity.caller import Caller
from yunhai.platform.identity.models import Person
from yunhai.platform.tenancy import rls
from yunhai.platform.tenancy.models import Tenant

PATH = "/api/v1/contests"
DAY = "journal/2026-08-21"
RUNNING = "journal/2026-08-24"
FIELDS: dict[str, Any] = {
    "name": "期中競賽",
    "source": DAY,
    "codes": ["2330", "2317"],
    "cash": "10000000",
    "begins": "09:00:05",
    "ends": "13:30:00",
}


class Classroom:
    """`wall` is the wall time that contests see; a test moves it."""

    def __init__(self, monkeypatch: Any) -> None:
        from yunhai.services.contests import places
        from yunhai.services.contests.floors import floors

        floors.clear()
        self.wall = 1_000 * SECOND
        monkeypatch.setattr(places, "wall_now", lambda: self.wall)
        for number in (make.EXCHANGE, make.BROKER, make.OTHER_BROKER):
            make.tenant(number)
        set_cell("3.1", "brokerage", "partial", by=0)
        self.leader = make.place("operations")
        self.teacher = make.browser(self.leader, number=make.BROKER)
        self.watcher = make.browser(make.place("compliance"), number=make.BROKER)
        self.stranger = make.browser(make.place("operations", make.OTHER_BROKER), number=make.OTHER_BROKER)
        self._accounts = 1_000

    def student(self, number: int = make.BROKER) -> Any:
        return make.browser(self.person(number), number=number)

    def person(self, number: int = make.BROKER) -> Person:
        self._accounts += 1
        return make.place("investor", number, account=self._accounts)

    def caller(self, person: Person) -> Caller:
        return Caller(person=person, tenant=Tenant.objects.get(pk=make.BROKER), roles=frozenset({"investor"}))

    def acting(self, person: Person) -> Any:
        return rls.acting(tenant=make.BROKER, person=person.pk, accounts=(1,))

    def made(self, **fields: Any) -> dict[str, Any]:
        answer = ask(self.teacher, "POST", "", FIELDS | fields)
        assert answer.status_code == 201, answer.content
        found: dict[str, Any] = answer.json()
        return found

    def opened(self, **fields: Any) -> dict[str, Any]:
        found = self.made(**fields)
        assert self.step(found, "open").status_code == 200
        return found

    def step(self, contest: dict[str, Any], do: str, **more: str) -> Any:
        return ask(self.teacher, "POST", f"/{contest['id']}/steps", {"do": do, **more})

    def end(self, contest: dict[str, Any]) -> dict[str, Any]:
        answer = self.step(contest, "end", confirm=contest["name"])
        assert answer.status_code == 200, answer.content
        found: dict[str, Any] = answer.json()
        return found

    def clock(self, contest: dict[str, Any], **said: str) -> Any:
        return ask(self.teacher, "PUT", f"/{contest['id']}/clock", said)


def ask(browser: Any, method: str, path: str, body: Any = None) -> Any:
    import json

    text = json.dumps(body) if body is not None else ""
    return browser.generic(method, PATH + path, data=text, content_type="application/json")


def code(answer: Any) -> tuple[int, int]:
    return int(answer.status_code), int(answer.json()["error"]["code"])


def join(student: Any, contest: dict[str, Any], name: str = "") -> int:
    answer = ask(student, "POST", "/join", {"code": contest["join_code"], "name": name})
    assert answer.status_code == 200, answer.content
    return int(answer.json()["paper"])


def order(student: Any, paper: int, **fields: Any) -> Any:
    ticket = {"code": "2330", "side": "buy", "quantity": 1_000, "price": "100"}
    return ask(student, "POST", f"/papers/{paper}/orders", ticket | fields)
