"""Registration, certificates and consents, as the API tells them; each refusal its own code, and nothing changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from tests.platform.factories import BROKER, EXCHANGE, OTHER_BROKER
from tests.services.trust.house import DOCUMENTS, House, code_of
from yunhai.platform.identity import api as identity
from yunhai.platform.tenancy import rls
from yunhai.services.trust import tasks
from yunhai.services.trust.models import Certificate, Registration
from yunhai.trading import facts, signatures


@pytest.fixture
def told(as_role: Any) -> Any:
    """The facts of a kind that the outbox holds, oldest first."""

    def read(kind: type[facts.Decided]) -> list[Any]:
        with as_role("superuser"), connection.cursor() as cursor:
            cursor.execute("SELECT number, value FROM outbox_row WHERE number = %s ORDER BY id", [facts.NUMBERS[kind]])
            rows = cursor.fetchall()
        import json

        return [
            facts.from_json(number, json.loads(value) if isinstance(value, str) else value) for number, value in rows
        ]

    return read


@pytest.fixture
def as_reader(as_role: Any) -> Any:
    """The reader's role, as in its own process, where no request's author is told to the audit triggers."""

    @contextmanager
    def enter() -> Iterator[None]:
        with as_role("reader"), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('pghistory.context_id', '', true)")
            yield

    return enter


def test_one_applies_another_approves_and_the_certificate_is_there(house: House, told: Any) -> None:
    number = house.apply()
    assert house.call(house.investor, "POST", "/certificates", {"key": house.key.pk})[1]["error"]["code"] == 7801
    said = house.call(house.clerk, "POST", f"/registrations/{number}/decide", {"approve": True}, number=BROKER)
    assert said[0] == 403  # a sales rep approves nothing
    status, said = house.call(
        house.officer, "POST", f"/registrations/{number}/decide", {"approve": True}, number=BROKER
    )
    assert (status, said["status"]) == (200, "approved")
    assert said["pseudonym"].startswith("YH-")
    held = house.certificate()
    assert (held["key"], held["profile"], held["state"], held["tenant"]) == (house.key.pk, "investor", "valid", BROKER)
    assert held["subject"] == said["pseudonym"]
    (fact,) = told(facts.CertificateSet)
    assert (fact.certificate, fact.key, fact.person) == (held["certificate"], house.key.pk, house.investor.pk)
    assert (fact.profile, fact.status, fact.tenant) == ("investor", "valid", BROKER)
    assert fact.serial.hex() == held["serial"]
    assert fact.sha256.hex() == held["sha256"]
    assert [(one.person, one.tenant, one.allowed) for one in told(facts.ConsentSet)] == [
        (house.investor.pk, BROKER, True)
    ]


def test_who_applied_does_not_approve(house: House) -> None:
    number = house.apply(by=house.officer)
    status, said = house.call(
        house.officer, "POST", f"/registrations/{number}/decide", {"approve": True}, number=BROKER
    )
    assert (status, code_of(said)) == (403, 7804)
    with rls.acting(tenant=BROKER):
        assert Registration.objects.get(pk=number).status == "applied"


APPLICATIONS = [
    ("nobody's client", {"person": 4_000_000}, 7807),
    ("no document", {"documents": []}, 7805),
    ("an ID number for a reference", {"documents": [DOCUMENTS[0] | {"reference": "A123456789"}]}, 7805),
    ("a document of tomorrow", {"documents": [DOCUMENTS[0] | {"checked_on": "2999-01-01"}]}, 7805),
    ("a kind of document nobody knows", {"documents": [DOCUMENTS[0] | {"kind": "library_card"}]}, 7805),
    ("an investor as a clerk", {"kind": "clerk"}, 7808),
]


@pytest.mark.parametrize(("what", "change", "code"), APPLICATIONS, ids=str)
def test_applications_refused(house: House, what: str, change: dict[str, Any], code: int) -> None:
    body = {"person": house.investor.pk, "documents": DOCUMENTS} | change
    assert code_of(house.call(house.clerk, "POST", "/registrations", body, number=BROKER)[1]) == code
    with rls.acting(tenant=BROKER):
        assert not Registration.objects.exists()


def test_a_second_application_and_a_second_decision_are_refused(house: House) -> None:
    number = house.register()
    body = {"person": house.investor.pk, "documents": DOCUMENTS}
    assert code_of(house.call(house.clerk, "POST", "/registrations", body, number=BROKER)[1]) == 7803
    again = house.call(house.officer, "POST", f"/registrations/{number}/decide", {"approve": False}, number=BROKER)
    assert code_of(again[1]) == 7806


def test_another_broker_sees_no_registration_and_relies_on_it(house: House, told: Any) -> None:
    number = house.register()
    assert house.call(house.other_officer, "GET", "/registrations", number=OTHER_BROKER)[1] == []
    there = house.call(
        house.other_officer, "POST", f"/registrations/{number}/decide", {"approve": False}, number=OTHER_BROKER
    )
    assert (there[0], code_of(there[1])) == (404, 7802)
    assert house.call(house.other_officer, "GET", "/desk/certificates", number=OTHER_BROKER)[1] == []
    _, before = house.call(house.investor, "GET", "/consents")
    assert {one["tenant"]: one["state"] for one in before} == {BROKER: "given", OTHER_BROKER: "missing"}
    status, said = house.call(house.investor, "PUT", f"/consents/{OTHER_BROKER}")
    assert (status, said["state"], said["registered"]) == (200, "given", False)
    assert len(house.call(house.investor, "GET", "/certificates")[1]) == 1  # no new application, no new certificate
    assert told(facts.ConsentSet)[-1] == facts.ConsentSet(
        person=house.investor.pk,
        tenant=OTHER_BROKER,
        by=house.investor.pk,
        wall_ns=told(facts.ConsentSet)[-1].wall_ns,
    )
    assert house.call(house.investor, "DELETE", f"/consents/{OTHER_BROKER}")[1]["state"] == "withdrawn"
    assert not told(facts.ConsentSet)[-1].allowed
    assert code_of(house.call(house.neighbour, "DELETE", f"/consents/{OTHER_BROKER}")[1]) == 7820
    assert code_of(house.call(house.investor, "PUT", f"/consents/{EXCHANGE}")[1]) == 7821


def test_a_new_device_of_a_registered_person_has_its_certificate_at_once(house: House) -> None:
    house.register()
    key = house.register_key(house.investor, signatures.key_from_seed(b"tablet"))
    assert house.certificate(key=key.pk)["state"] == "valid"
    _, said = house.call(house.investor, "GET", "/devices")
    assert {one["key"]: one["missing"] for one in said} == {house.key.pk: "", key.pk: ""}
    assert code_of(house.call(house.investor, "POST", "/certificates", {"key": key.pk})[1]) == 7818


def test_a_device_says_what_it_lacks(house: House) -> None:
    assert house.call(house.investor, "GET", "/devices")[1][0]["missing"] == "registration"
    house.fake.down = True
    house.register()
    assert house.call(house.investor, "GET", "/devices")[1][0]["missing"] == "certificate"
    status, said = house.call(house.investor, "POST", "/certificates", {"key": house.key.pk})
    assert (status, code_of(said)) == (503, 7860)
    house.fake.down = False
    assert house.call(house.investor, "POST", "/certificates", {"key": house.key.pk})[0] == 201
    assert code_of(house.call(house.neighbour, "POST", "/certificates", {"key": house.key.pk})[1]) == 7813


def test_a_clerk_registers_as_a_clerk(house: House) -> None:
    key = house.register_key(house.clerk, signatures.key_from_seed(b"desk"))
    body = {"person": house.clerk.pk, "documents": DOCUMENTS, "kind": "clerk"}
    _, said = house.call(house.officer, "POST", "/registrations", body, number=BROKER)
    from tests.platform import factories

    second = factories.place("compliance", BROKER)
    house.call(second, "POST", f"/registrations/{said['registration']}/decide", {"approve": True}, number=BROKER)
    assert house.certificate(house.clerk, key.pk)["profile"] == "clerk"


REVOKERS = [
    ("the person", "investor", "/certificates/{}/revoke", None, "person"),
    ("the desk that registered them", "officer", "/desk/certificates/{}/revoke", BROKER, "desk"),
    ("the operator", "operator", "/authority/certificates/{}/revoke", EXCHANGE, "operator"),
]


@pytest.mark.parametrize(("what", "who", "path", "number", "revoker"), REVOKERS, ids=str)
def test_revocation_is_told_in_the_same_transaction(
    house: House, told: Any, what: str, who: str, path: str, number: int | None, revoker: str
) -> None:
    house.register()
    held = house.certificate()["certificate"]
    status, said = house.call(
        getattr(house, who), "POST", path.format(held), {"reason": "key_compromise"}, number=number
    )
    assert (status, said["state"], said["reason"], said["revoker"]) == (200, "revoked", "key_compromise", revoker)
    fact = told(facts.CertificateSet)[-1]
    assert (fact.certificate, fact.status, fact.reason) == (held, "revoked", 1)
    key = told(facts.KeySet)[-1]
    assert (key.key, key.status) == (house.key.pk, "revoked"), "a key that others may have signs nowhere"
    again = house.call(getattr(house, who), "POST", path.format(held), {"reason": "hold"}, number=number)
    assert again[1]["state"] == "revoked"
    assert len(told(facts.CertificateSet)) == 2
    assert code_of(house.call(house.investor, "POST", f"/certificates/{held}/release")[1]) == 7816
    assert code_of(house.call(house.investor, "POST", "/certificates", {"key": house.key.pk})[1]) == 7813


def test_nobody_else_revokes(house: House, told: Any) -> None:
    house.register()
    held = house.certificate()["certificate"]
    for who, path, number in (
        (house.neighbour, f"/certificates/{held}/revoke", None),
        (house.other_officer, f"/desk/certificates/{held}/revoke", OTHER_BROKER),
    ):
        status, said = house.call(who, "POST", path, {"reason": "unspecified"}, number=number)
        assert (status, code_of(said)) == (404, 7810)
    assert house.call(house.officer, "POST", f"/authority/certificates/{held}/revoke", {})[0] == 403
    assert len(told(facts.CertificateSet)) == 1


def test_a_hold_can_be_ended(house: House, told: Any) -> None:
    house.register()
    held = house.certificate()["certificate"]
    assert house.call(house.investor, "POST", f"/certificates/{held}/revoke", {"reason": "hold"})[1]["state"] == "held"
    assert house.call(house.investor, "POST", f"/certificates/{held}/release")[1]["state"] == "valid"
    assert [one.status for one in told(facts.CertificateSet)] == ["valid", "held", "valid"]


def test_a_revoked_key_takes_its_certificate_with_it(house: House, told: Any) -> None:
    house.register()
    with rls.acting(person=house.investor.pk):
        identity.revoke_key(house.investor, house.key.pk)
    assert house.certificate()["state"] == "revoked"
    assert told(facts.CertificateSet)[-1].reason == 5


def test_renewal_by_oneself_in_the_last_days_only(house: House, told: Any, as_reader: Any) -> None:
    house.register()
    held = house.certificate()["certificate"]
    assert code_of(house.call(house.investor, "POST", f"/certificates/{held}/renew")[1]) == 7812
    with rls.acting(person=house.investor.pk):
        Certificate.objects.filter(pk=held).update(not_after=timezone.now() + timedelta(days=29))
    with as_reader():
        assert tasks.mark_notices() == 1
        assert tasks.mark_notices() == 0
    assert house.call(house.investor, "GET", "")[1]["notices"][0]["certificate"] == held
    status, said = house.call(house.investor, "POST", f"/certificates/{held}/renew")
    assert (status, said["state"], said["key"]) == (201, "valid", house.key.pk)
    assert said["certificate"] > held
    assert house.call(house.investor, "GET", f"/certificates/{held}")[1]["state"] == "renewed"
    assert code_of(house.call(house.investor, "POST", f"/certificates/{held}/renew")[1]) == 7811
    assert told(facts.CertificateSet)[-1].certificate == said["certificate"]


def test_what_has_ended_is_closed_and_not_renewed(house: House, as_reader: Any) -> None:
    house.register()
    held = house.certificate()["certificate"]
    with rls.acting(person=house.investor.pk):
        Certificate.objects.filter(pk=held).update(not_after=timezone.now() - timedelta(seconds=1))
    assert house.certificate()["state"] == "expired"
    with as_reader():
        assert tasks.close_expired() == 1
    assert code_of(house.call(house.investor, "POST", f"/certificates/{held}/renew")[1]) == 7811
    assert house.call(house.investor, "POST", "/certificates", {"key": house.key.pk})[0] == 201


def test_crl_and_ocsp_are_told_again_until_they_know(house: House, as_reader: Any) -> None:
    house.register()
    one = house.certificate()
    house.call(house.investor, "POST", f"/certificates/{one['certificate']}/revoke", {"reason": "key_compromise"})
    house.fake.told.clear()
    with as_reader():
        house.fake.down = True
        assert tasks.tell_status() == 0
        house.fake.down = False
        assert tasks.tell_status() == 1
    assert house.fake.told[one["serial"]]["status"] == "revoked"
    assert house.fake.told[one["serial"]]["reason"] == 1


def test_lives_are_the_operators_to_choose(house: House) -> None:
    status, _ = house.call(house.operator, "PUT", "/authority/profiles/investor", {"days": 45}, number=EXCHANGE)
    assert status == 204
    house.register()
    assert house.certificate()["days_left"] == 44
    for profile, days, code in (("investor", 0, 7817), ("investor", 1_096, 7817), ("nonsense", 5, 7815)):
        said = house.call(house.operator, "PUT", f"/authority/profiles/{profile}", {"days": days}, number=EXCHANGE)[1]
        assert code_of(said) == code
    found = house.call(house.operator, "GET", "/authority/profiles", number=EXCHANGE)[1]
    assert {one["profile"]: one["days"] for one in found}["investor"] == 45


def test_a_broker_that_demands_certificates_is_told_to_the_core(house: House, told: Any) -> None:
    body = {"on": True, "reason": "集中認證上線"}
    assert house.call(house.operator, "PUT", f"/authority/brokers/{BROKER}", body, number=EXCHANGE)[0] == 204
    assert [one.certificates for one in told(facts.TenantSet) if one.tenant == BROKER] == [False, True]
    said = house.call(house.investor, "GET", "/consents")[1]
    assert {one["tenant"]: one["demanded"] for one in said} == {BROKER: True, OTHER_BROKER: False}
