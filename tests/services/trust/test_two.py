"""What nobody does alone: a certificate of an interface, and a broker that demands certificates no more."""

from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import IntegrityError, transaction

from tests.platform import factories
from tests.platform.factories import BROKER, EXCHANGE, OTHER_BROKER
from tests.services.trust.house import House, code_of
from tests.services.trust.test_registrations import told
from yunhai.platform.identity.models import Person
from yunhai.platform.tenancy import api as tenancy
from yunhai.platform.tenancy import rls
from yunhai.platform.tenancy.models import Tenant
from yunhai.services.trust.models import Certificate, Proposal
from yunhai.trading import facts

__all__ = ["told"]


def request_by(key: ec.EllipticCurvePrivateKey) -> str:
    made = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    return made.public_bytes(Encoding.PEM).decode()


def proposed(house: House, **change: Any) -> tuple[int, Any]:
    code = tenancy.tenant(BROKER).code
    body = {"profile": "software", "name": code, "request": request_by(ec.generate_private_key(ec.SECP256R1()))}
    return house.call(house.officer, "POST", "/interfaces", body | change, number=BROKER)


def decided(house: House, who: Person, proposal: int, *, approve: bool = True, number: int = BROKER) -> tuple[int, Any]:
    return house.call(who, "POST", f"/interfaces/{proposal}/decide", {"approve": approve}, number=number)


def issued() -> int:
    with rls.acting(tenant=BROKER):
        return Certificate.objects.filter(person=None).count()


# --- interfaces --------------------------------------------------------------------------------------------------------


def test_an_interface_s_certificate_is_issued_by_another(house: House, told: Any) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    status, said = proposed(house, request=request_by(key))
    assert (status, said["status"], said["pem"]) == (201, "open", "")
    assert issued() == 0
    number = said["proposal"]
    status, said = decided(house, house.officer, number)
    assert (status, code_of(said)) == (403, 7828)
    assert issued() == 0
    other = factories.place("compliance", BROKER)
    status, said = decided(house, other, number)
    assert (status, said["status"], said["decided_by"]) == (200, "approved", other.pk)
    found = x509.load_pem_x509_certificate(said["pem"].encode())
    assert found.public_key() == key.public_key()
    assert told(facts.CertificateSet)[-1].certificate == said["certificate"]
    status, said = decided(house, other, number)
    assert (status, code_of(said)) == (409, 7827)
    assert issued() == 1


def test_a_line_s_is_of_that_line_and_nothing_else_names_one(house: House) -> None:
    other = factories.place("operations", BROKER)
    number = proposed(house, profile="line", line="7A")[1]["proposal"]
    said = decided(house, other, number)[1]
    found = x509.load_pem_x509_certificate(said["pem"].encode())
    named = found.subject.get_attributes_for_oid(x509.NameOID.SERIAL_NUMBER)[0].value
    assert named == f"7A/{tenancy.tenant(BROKER).code}"
    for change in ({"profile": "line"}, {"profile": "software", "line": "7A"}):
        status, said = proposed(house, **change)
        assert (status, code_of(said)) == (422, 7815)


def test_what_was_refused_issues_nothing(house: House) -> None:
    number = proposed(house)[1]["proposal"]
    other = factories.place("operations", BROKER)
    assert decided(house, other, number, approve=False)[1]["status"] == "refused"
    assert code_of(decided(house, other, number)[1]) == 7827
    assert issued() == 0


def test_while_the_process_is_away_it_goes_on_waiting(house: House) -> None:
    number = proposed(house)[1]["proposal"]
    other = factories.place("operations", BROKER)
    house.fake.down = True
    status, said = decided(house, other, number)
    assert (status, code_of(said)) == (503, 7860)
    house.fake.down = False
    assert decided(house, other, number)[1]["status"] == "approved"


def test_nobody_else_decides(house: House) -> None:
    """Sales, another broker's operations, an investor, somebody without a second factor."""
    number = proposed(house)[1]["proposal"]
    assert decided(house, house.clerk, number)[0] == 403
    assert decided(house, house.investor, number)[0] == 403
    status, said = decided(house, house.other_officer, number, number=OTHER_BROKER)
    assert (status, code_of(said)) == (404, 7826)
    assert house.call(house.other_officer, "GET", "/interfaces", number=OTHER_BROKER)[1] == []
    other = factories.place("operations", BROKER)
    path = f"/interfaces/{number}/decide"
    assert house.call(other, "POST", path, {"approve": True}, number=BROKER, mfa=False)[0] == 403
    assert issued() == 0


@pytest.mark.parametrize(
    "request_text", ["", "none", "-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----"]
)
def test_a_request_that_proves_no_key_is_not_proposed(house: House, request_text: str) -> None:
    status, said = proposed(house, request=request_text)
    assert (status, code_of(said)) == (422, 7819)


def test_the_database_too_wants_two(house: House) -> None:
    with rls.acting(tenant=BROKER), pytest.raises(IntegrityError), transaction.atomic():
        Proposal.objects.create(tenant_id=BROKER, kind="interface", proposed_by=5, decided_by=5, status="approved")


def test_the_control_room_s_page_does_the_same(house: House) -> None:
    code = tenancy.tenant(BROKER).code
    first = house.browser(house.officer, BROKER)
    form = {"do": "propose", "profile": "broker", "name": code, "line": "7A"}
    form["request"] = request_by(ec.generate_private_key(ec.SECP256R1()))
    assert first.post("/control/interfaces/", form | {"name": "x"}).status_code == 422
    assert first.post("/control/interfaces/", form).status_code == 302
    with rls.acting(tenant=BROKER):
        number = Proposal.objects.get().pk
    assert first.post("/control/interfaces/", {"do": "approve", "proposal": number}).status_code == 403
    other = house.browser(factories.place("compliance", BROKER), BROKER)
    assert other.post("/control/interfaces/", form).status_code == 403, "compliance decides and proposes nothing"
    assert other.post("/control/interfaces/", {"do": "approve", "proposal": number}).status_code == 302
    page = first.get("/control/interfaces/").content.decode()
    assert "BEGIN CERTIFICATE-----" in page


# --- a broker's demand -------------------------------------------------------------------------------------------------


def asked(house: House, who: Person, *, on: bool, reason: str = "測試切換") -> tuple[int, Any]:
    return house.call(who, "PUT", f"/authority/brokers/{BROKER}", {"on": on, "reason": reason}, number=EXCHANGE)


def demands() -> bool:
    return Tenant.objects.get(pk=BROKER).certificates


def confirmed(house: House, who: Person, proposal: int, *, approve: bool = True) -> tuple[int, Any]:
    path = f"/authority/proposals/{proposal}/decide"
    return house.call(who, "POST", path, {"approve": approve}, number=EXCHANGE)


def test_a_demand_goes_on_at_once_and_off_by_two(house: House, told: Any) -> None:
    from yunhai.platform.console.models import Change

    assert asked(house, house.operator, on=True)[0] == 204
    assert demands()
    status, said = asked(house, house.operator, on=False, reason="系統移轉")
    assert (status, said["status"], said["kind"]) == (202, "open", "demand_off")
    assert demands(), "nothing is off yet"
    number = said["proposal"]
    status, said = confirmed(house, house.operator, number)
    assert (status, code_of(said)) == (403, 7828)
    assert code_of(asked(house, house.operator, on=False)[1]) == 7829
    assert demands()
    second = factories.place("operator", EXCHANGE)
    status, said = confirmed(house, second, number)
    assert (status, said["status"]) == (200, "approved")
    assert not demands()
    assert [one.certificates for one in told(facts.TenantSet) if one.tenant == BROKER] == [False, True, False]
    with rls.acting(tenant=EXCHANGE):
        line = Change.objects.filter(subject="tenant", key=str(BROKER)).order_by("-pk").first()
    assert line is not None
    assert (line.before, line.after) == ({"certificates": True}, {"certificates": False})
    assert (line.by_id, "系統移轉" in line.reason, f"#{house.operator.pk}" in line.reason) == (second.pk, True, True)


def test_a_second_operator_may_refuse_and_what_is_off_needs_no_proposal(house: House) -> None:
    assert asked(house, house.operator, on=False)[0] == 204, "it was never on"
    asked(house, house.operator, on=True)
    number = asked(house, house.operator, on=False)[1]["proposal"]
    second = factories.place("operator", EXCHANGE)
    assert confirmed(house, second, number, approve=False)[1]["status"] == "refused"
    assert demands()
    again = asked(house, second, on=False)[1]["proposal"]
    assert asked(house, house.operator, on=True)[0] == 204, "said on again, what waits is answered"
    assert code_of(confirmed(house, house.operator, again)[1]) == 7827
    assert demands()


def test_a_broker_s_own_people_have_no_say(house: House) -> None:
    asked(house, house.operator, on=True)
    number = asked(house, house.operator, on=False)[1]["proposal"]
    assert confirmed(house, house.officer, number)[0] == 403
    assert decided(house, house.officer, number)[0] == 404, "it is no interface's"
    assert demands()


def test_the_console_s_page_does_the_same(house: House) -> None:
    asked(house, house.operator, on=True)
    first = house.browser(house.operator, EXCHANGE)
    form = {"do": "demand", "tenant": BROKER, "on": "0", "reason": "系統移轉測試"}
    assert first.post("/console/trust/", form).status_code == 302
    assert demands()
    with rls.acting(tenant=EXCHANGE):
        number = Proposal.objects.get().pk
    assert "系統移轉測試" in first.get("/console/trust/").content.decode()
    assert first.post("/console/trust/", {"do": "confirm-off", "proposal": number}).status_code == 403
    second = house.browser(factories.place("operator", EXCHANGE), EXCHANGE)
    assert second.post("/console/trust/", {"do": "confirm-off", "proposal": number}).status_code == 302
    assert not demands()
