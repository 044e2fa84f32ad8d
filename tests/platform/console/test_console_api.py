"""Every change in the Console is one transaction: the row, the fact for the core, and why."""

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest

from yunhai.kernel.errors import YunhaiError
from yunhai.platform.console import rules

pytestmark = pytest.mark.usefixtures("db")
As = Callable[[str], AbstractContextManager[None]]
OPERATOR = 1
BROKER = rules.TenantState(
    code="Y100",
    kind="broker",
    name_zh="山嵐示範證券",
    name_en="Shanlan Demo Securities",
    columns=("brokerage",),
    status="open",
    commission_ppm=1425,
    commission_minimum=200_000,
    commission_minimum_odd_lot=10_000,
)
WHY = "as the contract says"


@pytest.fixture
def api(db: None) -> Any:
    """The Console's api, acting for an operator in the exchange's own tenant."""
    from yunhai.platform.console import api
    from yunhai.platform.identity.models import Person
    from yunhai.platform.tenancy.models import Tenant
    from yunhai.platform.tenancy.rls import tell

    Tenant.objects.update_or_create(
        pk=1,
        defaults={
            "code": "TWSE",
            "kind": "exchange",
            "name_zh": "交易所",
            "name_en": "Exchange",
            "columns": ["exchange"],
        },
    )
    person = Person.objects.create_user("operator@test.example", name_zh="何總控")
    tell(tenant=1, person=person.pk, accounts=None)
    api.person = person.pk
    return api


@pytest.fixture
def facts(as_role: As) -> Callable[[], list[tuple[int, dict[str, Any]]]]:
    """(number, value) of every outbox row, in order; the application itself cannot read them."""

    def read() -> list[tuple[int, dict[str, Any]]]:
        from yunhai.platform.outbox.models import Row

        with as_role("reader"):
            return [(row.number, row.value) for row in Row.objects.order_by("id")]

    return read


def changes() -> list[Any]:
    from yunhai.platform.console.models import Change

    return list(Change.objects.order_by("id"))


def refused(call: Callable[[], object]) -> int:
    before = len(changes())
    with pytest.raises(YunhaiError) as problem:
        call()
    assert len(changes()) == before, "a refusal leaves nothing"
    return problem.value.code


def add_broker(api: Any, number: int = 11, **fields: Any) -> Any:
    return api.add_tenant(replace(BROKER, **fields), number=number, reason=WHY, by=api.person)


def test_a_new_broker_is_told_to_the_core_with_its_terminals(api: Any, facts: Any) -> None:
    tenant = add_broker(api)
    told = facts()
    assert [number for number, _ in told] == [1, *[10] * 8]
    assert (told[0][1]["tenant"], told[0][1]["code"], told[0][1]["by"]) == (11, "Y100", api.person)
    assert api.terminal_of(tenant.pk, "desk") == "D"
    (change,) = changes()
    assert (change.subject, change.key, change.before, change.reason) == ("tenant", "11", None, WHY)
    assert change.after["code"] == "Y100"


def test_a_code_belongs_to_one(api: Any) -> None:
    add_broker(api)
    assert refused(lambda: add_broker(api, 12)) == 7367


def test_suspending_wants_the_code_typed_and_is_undone(api: Any, facts: Any) -> None:
    tenant = add_broker(api)
    suspended = replace(BROKER, status="suspended")
    assert refused(lambda: api.change_tenant(11, suspended, reason=WHY, by=api.person)) == 7369
    change = api.change_tenant(11, suspended, reason=WHY, by=api.person, confirm="y100")
    tenant.refresh_from_db()
    assert tenant.status == "suspended"
    assert facts()[-1][1]["status"] == "suspended"
    back = api.undo(change.pk, reason="by mistake", by=api.person)
    tenant.refresh_from_db()
    assert (tenant.status, back.undoes_id) == ("open", change.pk)
    assert refused(lambda: api.undo(change.pk, reason="once more", by=api.person)) == 7365


def test_a_change_that_changes_nothing_is_none(api: Any) -> None:
    add_broker(api)
    assert refused(lambda: api.change_tenant(11, BROKER, reason=WHY, by=api.person)) == 7363
    assert refused(lambda: api.change_tenant(11, replace(BROKER, kind="vendor"), reason=WHY, by=api.person)) == 7366
    assert refused(lambda: api.change_tenant(99, BROKER, reason=WHY, by=api.person)) == 7368


def test_a_cell_is_off_for_the_very_next_request_and_on_again_by_undo(api: Any, facts: Any) -> None:
    from yunhai.platform.entitlements.api import entitled

    tenant = add_broker(api)
    assert entitled(tenant, "1.2")
    assert api.cell_reach("1.2", "brokerage", "none", []).loses == (11,)
    change = api.change_cell("1.2", "brokerage", "none", [], reason=WHY, by=api.person)
    assert not entitled(tenant, "1.2")
    number, value = facts()[-1]
    assert (number, value["service"], value["column"], value["level"], value["by"]) == (
        6,
        "1.2",
        "brokerage",
        "none",
        api.person,
    )
    assert (change.before, change.after) == ({"level": "full", "allowed": []}, {"level": "none", "allowed": []})
    api.undo(change.pk, reason="by mistake", by=api.person)
    assert entitled(tenant, "1.2")


@pytest.mark.parametrize(
    ("cell", "reason", "code"),
    [
        (("9.9", "brokerage", "none", []), WHY, 7360),
        (("1.2", "sky", "none", []), WHY, 7360),
        (("1.2", "brokerage", "some", []), WHY, 7361),
        (("1.2", "brokerage", "none", []), "no", 7362),
        (("1.2", "brokerage", "full", []), WHY, 7363),
        (("1.2", "brokerage", "partial", [999]), WHY, 7110),
    ],
)
def test_a_wrong_change_of_a_cell_is_refused(api: Any, facts: Any, cell: Any, reason: str, code: int) -> None:
    before = facts()
    assert refused(lambda: api.change_cell(*cell, reason=reason, by=api.person)) == code
    assert facts() == before


def test_an_older_change_is_not_undone_past_a_newer(api: Any) -> None:
    first = api.change_cell("1.2", "brokerage", "none", [], reason=WHY, by=api.person)
    api.change_cell("1.2", "brokerage", "external", [], reason=WHY, by=api.person)
    assert refused(lambda: api.undo(first.pk, reason=WHY, by=api.person)) == 7364


def test_a_lines_password_is_shown_once_and_proves_itself(api: Any, facts: Any) -> None:
    from yunhai.trading.lines.login import checked_login

    add_broker(api)
    line, password = api.add_line("A1", 11, cap=20, reason=WHY, by=api.person)
    assert checked_login("A1", "Y100", password, owner="Y100", verifier=bytes(line.verifier)) == 0
    assert facts()[-1][0] == 7
    assert password not in str([(change.before, change.after, change.reason) for change in changes()])
    other = api.new_line_password("A1", reason="the old one was seen", by=api.person)
    line.refresh_from_db()
    assert checked_login("A1", "Y100", password, owner="Y100", verifier=bytes(line.verifier)) == 6303
    assert checked_login("A1", "Y100", other, owner="Y100", verifier=bytes(line.verifier)) == 0
    assert refused(lambda: api.add_line("A1", 11, reason=WHY, by=api.person)) == 7370
    assert refused(lambda: api.add_line("A2", 99, reason=WHY, by=api.person)) == 7368


def test_a_line_is_capped_and_closed(api: Any, facts: Any) -> None:
    add_broker(api)
    api.add_line("A1", 11, reason=WHY, by=api.person)
    change = api.change_line("A1", cap=5, status="closed", reason=WHY, by=api.person)
    assert (facts()[-1][1]["cap"], facts()[-1][1]["status"]) == (5, "closed")
    api.undo(change.pk, reason="opened again", by=api.person)
    assert (facts()[-1][1].get("cap", 20), facts()[-1][1].get("status", "open")) == (20, "open")


def test_a_broker_shares_one_pool(api: Any, facts: Any) -> None:
    from yunhai.platform.console.models import Pool

    add_broker(api)
    add_broker(api, 12, code="Y200")
    api.set_pool("main", [11, 12], {11: 3}, reason=WHY, by=api.person)
    api.set_pool("small", [12], {}, reason=WHY, by=api.person)
    assert Pool.objects.get(pk="main").tenants == [11]
    assert [value["tenants"] for number, value in facts() if number == 8] == [[11, 12], [11], [12]]
    assert refused(lambda: api.set_pool("main", [1], {}, reason=WHY, by=api.person)) == 7372, (
        "the exchange is no broker"
    )


def test_a_pack_is_published_whole_or_not_at_all(api: Any, facts: Any) -> None:
    from yunhai.platform.console import packs

    name = "twse-t2-short"
    toml = packs.house_files()["twse-t1"].replace(b'"twse-t1"', f'"{name}"'.encode())
    api.publish_pack(toml, reason=WHY, by=api.person)
    assert facts()[-1][0] == 9
    assert name in [one.name for one in packs.known()]
    assert packs.loaded(name).id == name
    assert refused(lambda: api.publish_pack(toml, reason=WHY, by=api.person)) == 7373
    assert refused(lambda: api.publish_pack(b"not = [toml", reason=WHY, by=api.person)) == 2001


def test_a_packs_base_is_published_with_it(api: Any, facts: Any) -> None:
    """Else the core, which has what was published and nothing else, could open no day by the pack."""
    from yunhai.platform.console import packs
    from yunhai.platform.console.models import Change
    from yunhai.trading import facts as words
    from yunhai.trading.books.books import Books

    house = packs.house_files()
    middle = house["twse-t1"].replace(b'"twse-t1"', b'"twse-middle"')
    top = (
        house["twse-t1"]
        .replace(b'"twse-t1"', b'"twse-top"')
        .replace(b'based_on = "twse-2026"', b'based_on = "twse-t1"')
    )
    before = len(facts())
    api.publish_pack(top, reason=WHY, by=api.person)
    told = [value for _, value in facts()[before:]]
    assert [value["pack"] for value in told] == ["twse-2026", "twse-t1", "twse-top"]
    assert sorted(Change.objects.filter(subject="pack").values_list("key", flat=True)) == [
        "twse-2026",
        "twse-t1",
        "twse-top",
    ]
    books = Books()
    for sequence, value in enumerate(told, 1):
        books.apply_fact(sequence, 0, 0, words.from_json(9, value))
    assert books.rule_pack("twse-top", hashlib.sha256(top).digest()).id == "twse-top"
    api.publish_pack(middle, reason=WHY, by=api.person)
    assert facts()[before + 3 :][0][1]["pack"] == "twse-middle", "a base is published once"
    assert len(facts()) == before + 4


def test_whoever_sets_a_tenants_field_leaves_a_change(api: Any, facts: Any) -> None:
    from yunhai.platform.console.models import Change
    from yunhai.platform.tenancy.api import set_tenant
    from yunhai.platform.tenancy.rls import acting

    add_broker(api)
    with acting(tenant=11, person=api.person):  # from a broker's own room
        set_tenant(11, by=api.person, reason=WHY, commission_ppm=1_000)
    change = Change.objects.order_by("-id").first()
    assert change is not None
    assert (change.subject, change.key, change.reason, change.by_id) == ("tenant", "11", WHY, api.person)
    assert (change.before, change.after) == ({"commission_ppm": 1425}, {"commission_ppm": 1_000})
    assert facts()[-1][1]["commission_ppm"] == 1_000
    api.undo(change.pk, reason=WHY, by=api.person)
    assert facts()[-1][1].get("commission_ppm", 1425) == 1425


def test_nobody_but_the_exchanges_operators_sees_changes_pools_or_others_lines(api: Any) -> None:
    from yunhai.platform.console.models import Change, Line, Pool
    from yunhai.platform.tenancy.rls import acting

    add_broker(api)
    add_broker(api, 12, code="Y200")
    api.add_line("A1", 11, reason=WHY, by=api.person)
    api.add_line("B1", 12, reason=WHY, by=api.person)
    api.set_pool("main", [11, 12], {}, reason=WHY, by=api.person)
    with acting(tenant=11, person=api.person):
        assert [line.pk for line in Line.objects.all()] == ["A1"]
        assert (Pool.objects.count(), Change.objects.count()) == (0, 0)
    assert Line.objects.count() == 2
