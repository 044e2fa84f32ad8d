"""What undoes trust lasts: who may end a hold or a registration, what goes with a key, which consent and factor count."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import transaction
from django.utils import timezone

from tests.platform import factories
from tests.platform.factories import BROKER, EXCHANGE, OTHER_BROKER
from tests.services.trust.csc_client import Program, pkce
from tests.services.trust.fake_process import FakeProcess
from tests.services.trust.house import DOCUMENTS, House, b64, code_of, forget_tries, sha
from tests.services.trust.test_registrations import as_reader
from yunhai.kernel.errors import YunhaiError
from yunhai.platform.tenancy import api as tenancy
from yunhai.platform.tenancy import rls
from yunhai.services.trust import issuing, rules, tasks
from yunhai.services.trust.models import Authorisation, Certificate, Registration
from yunhai.trading import signatures

pytestmark = pytest.mark.full

__all__ = ["as_reader"]


def states(house: House) -> list[tuple[str, str]]:
    """(state, reason) of the investor's certificates, oldest first."""
    _, said = house.call(house.investor, "GET", "/certificates")
    return [(one["state"], one["reason"]) for one in reversed(said)]


def ends_in(house: House, number: int, days: int) -> None:
    with rls.acting(person=house.investor.pk):
        Certificate.objects.filter(pk=number).update(not_after=timezone.now() + timedelta(days=days))


# --- consents ----------------------------------------------------------------------------------------------------------


def test_no_desk_gives_back_a_consent_that_the_person_withdrew(house: House) -> None:
    house.register()
    assert house.call(house.investor, "DELETE", f"/consents/{BROKER}")[1]["state"] == "withdrawn"
    house.register(kind="program")
    _, said = house.call(house.investor, "GET", "/consents")
    assert {one["tenant"]: one["state"] for one in said}[BROKER] == "withdrawn"
    assert house.call(house.investor, "PUT", f"/consents/{BROKER}")[1]["state"] == "given", "the person may"


# --- holds -------------------------------------------------------------------------------------------------------------

SIDES = {
    "person": ("investor", "/certificates", None),
    "desk": ("clerk", "/desk/certificates", BROKER),
    "operator": ("operator", "/authority/certificates", EXCHANGE),
}
HOLDS = [
    pytest.param(("person",), {"person", "operator"}, marks=pytest.mark.full),
    (("desk",), {"desk", "operator"}),
    pytest.param(("operator",), {"operator"}, marks=pytest.mark.full),
    pytest.param(("person", "desk"), {"desk", "operator"}, marks=pytest.mark.full),
    (("operator", "person", "desk"), {"operator"}),
]


@pytest.mark.parametrize(("holders", "may"), HOLDS, ids=lambda one: "+".join(sorted(one)))
def test_a_hold_is_ended_by_the_side_that_put_it_or_the_operator(
    house: House, holders: tuple[str, ...], may: set[str]
) -> None:
    house.register()
    held = house.certificate()["certificate"]

    def ask(side: str, what: str, body: Any = None) -> tuple[int, Any]:
        who, path, number = SIDES[side]
        return house.call(getattr(house, who), "POST", f"{path}/{held}/{what}", body, number=number)

    for side in ("person", "desk", "operator"):
        for holder in holders:
            assert ask(holder, "revoke", {"reason": "hold"})[1]["state"] == "held"
        status, said = ask(side, "release")
        if side in may:
            assert (status, said["state"]) == (200, "valid")
        else:
            assert (status, code_of(said)) == (403, 7823)
            assert states(house) == [("held", "hold")]


@pytest.mark.full
def test_no_other_desk_ends_a_hold(house: House) -> None:
    house.register()
    held = house.certificate()["certificate"]
    house.call(house.clerk, "POST", f"/desk/certificates/{held}/revoke", {"reason": "hold"}, number=BROKER)
    answer = house.call(house.other_officer, "POST", f"/desk/certificates/{held}/release", number=OTHER_BROKER)
    assert (answer[0], code_of(answer[1])) == (404, 7810)
    assert states(house) == [("held", "hold")]


def test_the_process_that_missed_a_release_is_told_it_again(house: House, as_reader: Any) -> None:
    house.register()
    one = house.certificate()
    path = f"/certificates/{one['certificate']}"
    house.call(house.investor, "POST", f"{path}/revoke", {"reason": "hold"})
    with as_reader():
        assert tasks.tell_status() == 1
    assert house.fake.told[one["serial"]]["status"] == "held"
    house.call(house.investor, "POST", f"{path}/release")
    with as_reader():
        assert tasks.tell_status() == 1
    assert house.fake.told[one["serial"]]["status"] == "valid"


# --- registrations -----------------------------------------------------------------------------------------------------


def end(house: House, who: Any, number: int, what: str = "", **body: Any) -> tuple[int, Any]:
    return house.call(who, "POST", f"/registrations/{number}/end{what}", body, number=BROKER)


def registration(number: int) -> Registration:
    with rls.acting(tenant=BROKER):
        return Registration.objects.get(pk=number)


def require_nothing_rests_on_it(house: House) -> None:
    """Revoked, and a new key has no certificate, nor gets one."""
    assert states(house) == [("revoked", "privilege_withdrawn")]
    key = house.register_key(house.investor, signatures.key_from_seed(b"after"))
    assert len(states(house)) == 1
    assert code_of(house.call(house.investor, "POST", "/certificates", {"key": key.pk})[1]) == 7801
    assert code_of(house.call(house.investor, "POST", "/credentials", {"kind": "order"})[1]) == 7801


def test_two_people_end_a_registration_and_nothing_rests_on_it(house: House) -> None:
    number = house.register()
    assert code_of(end(house, house.officer, number, "/decide", approve=True)[1]) == 7822, "nobody asked"
    there = house.call(house.other_officer, "POST", f"/registrations/{number}/end", {}, number=OTHER_BROKER)
    assert (there[0], code_of(there[1])) == (404, 7802)
    status, said = end(house, house.officer, number, note="文件有疑義")
    assert (status, said["status"], said["ending_by"]) == (200, "approved", house.officer.pk)
    status, said = end(house, house.officer, number, "/decide", approve=True)
    assert (status, code_of(said)) == (403, 7804)
    assert end(house, house.clerk, number, "/decide", approve=True)[0] == 403
    assert states(house) == [("valid", "")]
    auditor = factories.place("compliance", BROKER)
    status, said = end(house, auditor, number, "/decide", approve=True)
    assert (status, said["status"], said["ended_by"]) == (200, "withdrawn", auditor.pk)
    require_nothing_rests_on_it(house)
    assert house.register() != number, "another may be applied for"


@pytest.mark.full
def test_an_end_that_was_asked_for_may_be_refused(house: House) -> None:
    number = house.register()
    end(house, house.clerk, number)
    status, said = end(house, house.officer, number, "/decide", approve=False)
    assert (status, said["status"], said["ending_by"]) == (200, "approved", 0)
    assert states(house) == [("valid", "")]


def test_the_operator_ends_a_persons_registrations_at_a_broker(house: House) -> None:
    number = house.register()
    path = f"/authority/brokers/{BROKER}/people/{house.investor.pk}/end"
    assert house.call(house.officer, "POST", path, {"note": "x"}, number=BROKER)[0] == 403
    elsewhere = f"/authority/brokers/{OTHER_BROKER}/people/{house.investor.pk}/end"
    assert code_of(house.call(house.operator, "POST", elsewhere, {"note": "x"}, number=EXCHANGE)[1]) == 7822
    assert states(house) == [("valid", "")]
    assert house.call(house.operator, "POST", path, {"note": "主管機關來函"}, number=EXCHANGE) == (200, {"ended": 1})
    assert registration(number).status == "withdrawn"
    require_nothing_rests_on_it(house)


def test_what_the_brokers_other_registration_carries_stays(house: House) -> None:
    number = house.register()
    house.register(kind="program")
    api_key = house.register_key(house.investor, signatures.key_from_seed(b"program"), kind="api")
    end(house, house.clerk, number)
    assert end(house, house.officer, number, "/decide", approve=True)[0] == 200
    found = {one["key"]: one["state"] for one in house.call(house.investor, "GET", "/certificates")[1]}
    assert found == {house.key.pk: "revoked", api_key.pk: "valid"}


def test_the_page_of_a_registration_ends_it_by_two(house: House) -> None:
    number = house.register()
    house.call(
        house.clerk, "POST", f"/desk/certificates/{house.certificate()['certificate']}/revoke", {"reason": "hold"},
        number=BROKER,
    )  # fmt: skip
    desk, control = house.browser(house.clerk, BROKER), house.browser(house.officer, BROKER)
    there, here = f"/desk/registrations/{number}/", f"/control/registrations/{number}/"
    text = desk.get(there).content.decode()
    assert 'value="ask-end"' in text
    assert 'value="release"' in text, "the desk ends the hold it put"
    assert desk.post(there, {"do": "release", "certificate": house.certificate()["certificate"]}).status_code == 302
    assert states(house) == [("valid", "")]
    assert desk.post(there, {"do": "ask-end", "note": "離職"}).status_code == 302
    assert 'value="end"' not in desk.get(there).content.decode()
    assert desk.post(there, {"do": "end"}).status_code == 403
    assert 'value="end"' in control.get(here).content.decode()
    assert control.post(here, {"do": "end"}).status_code == 302
    assert registration(number).status == "withdrawn"
    assert states(house) == [("revoked", "privilege_withdrawn")]
    assert 'value="ask-end"' not in control.get(here).content.decode()


@pytest.mark.full
def test_the_console_ends_any_hold(house: House) -> None:
    house.register()
    number = house.certificate()["certificate"]
    house.call(house.investor, "POST", f"/certificates/{number}/revoke", {"reason": "hold"})
    console = house.browser(house.operator, EXCHANGE)
    path = "/console/trust/certificates/"
    assert 'value="release"' in console.get(path).content.decode()
    assert console.post(path, {"do": "release", "certificate": number}).status_code == 302
    assert states(house) == [("valid", "")]


def test_nobody_applies_for_themselves_or_decides_about_themselves(house: House) -> None:
    house._open(BROKER, house.officer, 9)
    body = {"person": house.officer.pk, "documents": DOCUMENTS}
    answer = house.call(house.officer, "POST", "/registrations", body, number=BROKER)
    assert (answer[0], code_of(answer[1])) == (403, 7809)
    number = house.apply(house.officer)
    answer = house.call(house.officer, "POST", f"/registrations/{number}/decide", {"approve": True}, number=BROKER)
    assert (answer[0], code_of(answer[1])) == (403, 7809)
    assert registration(number).status == "applied"


# --- a key's certificates ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", [pytest.param("key_compromise", marks=pytest.mark.full), "privilege_withdrawn"])
@pytest.mark.parametrize("which", [0, 1], ids=["the older", "the newer"])
def test_every_certificate_over_a_key_goes_with_it(house: House, reason: str, which: int) -> None:
    house.register()
    first = house.certificate()["certificate"]
    ends_in(house, first, 20)
    second = house.call(house.investor, "POST", f"/certificates/{first}/renew")[1]["certificate"]
    assert [state for state, _ in states(house)] == ["renewed", "valid"]
    house.call(house.investor, "POST", f"/certificates/{(first, second)[which]}/revoke", {"reason": reason})
    assert states(house) == [("revoked", reason)] * 2


def test_a_document_keys_older_certificate_goes_with_it_too(house: House) -> None:
    house.register()
    first = house.credential("document")["certificate"]["certificate"]
    ends_in(house, first, 20)
    second = house.call(house.investor, "POST", f"/certificates/{first}/renew")[1]["certificate"]
    path = f"/desk/certificates/{second}/revoke"
    status, said = house.call(house.officer, "POST", path, {"reason": "key_compromise"}, number=BROKER)
    assert (status, said["state"]) == (200, "revoked")
    assert states(house) == [("valid", ""), ("revoked", "key_compromise"), ("revoked", "key_compromise")]


@pytest.mark.full
def test_a_certificate_that_was_superseded_takes_no_other_along(house: House) -> None:
    house.register()
    first = house.certificate()["certificate"]
    ends_in(house, first, 20)
    house.call(house.investor, "POST", f"/certificates/{first}/renew")
    house.call(house.investor, "POST", f"/certificates/{first}/revoke", {"reason": "superseded"})
    assert states(house) == [("revoked", "superseded"), ("valid", "")]


def test_a_renewal_sees_the_revocation_that_came_before_it(house: House) -> None:
    house.register()
    number = house.certificate()["certificate"]
    ends_in(house, number, 20)
    with rls.acting(person=house.investor.pk):
        read_before = Certificate.objects.get(pk=number)
    house.call(house.investor, "POST", f"/certificates/{number}/revoke", {"reason": "cessation"})
    with rls.acting(person=house.investor.pk), pytest.raises(YunhaiError) as refused:
        issuing.renew(read_before, by=house.investor.pk)
    assert refused.value.code == 7811
    assert states(house) == [("revoked", "cessation")]


# --- interfaces --------------------------------------------------------------------------------------------------------


def asked_for(house: House, name: str, key: ec.EllipticCurvePrivateKey | None = None) -> tuple[int, Any]:
    """Proposed by one of operations."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    body = {"profile": "software", "name": name, "request": request.public_bytes(Encoding.PEM).decode()}
    return house.call(house.officer, "POST", "/interfaces", body, number=BROKER)


def test_an_interface_is_named_by_its_brokers_code(house: House) -> None:
    code, other = tenancy.tenant(BROKER).code, tenancy.tenant(OTHER_BROKER).code
    for name in ("YH-ABCDEFGHJKLM", other, f"{other}-desk", f"{code}x", f" {code}"):
        status, said = asked_for(house, name)
        assert (status, code_of(said)) == (422, 7824), name
    assert house.call(house.officer, "GET", "/desk/certificates", number=BROKER)[1] == []
    assert asked_for(house, code)[0] == 201
    assert asked_for(house, f"{code}-desk")[0] == 201


def issued(house: House, name: str, key: ec.EllipticCurvePrivateKey | None = None) -> int:
    """Proposed by one, approved by another; the certificate's number."""
    path = f"/interfaces/{asked_for(house, name, key)[1]['proposal']}/decide"
    status, said = house.call(factories.place("compliance", BROKER), "POST", path, {"approve": True}, number=BROKER)
    assert status == 200, said
    return int(said["certificate"])


def test_operations_alone_revokes_an_interface(house: House) -> None:
    code, key = tenancy.tenant(BROKER).code, ec.generate_private_key(ec.SECP256R1())
    first, second, third = (issued(house, code, one) for one in (key, key, None))
    path, body = f"/desk/certificates/{first}/revoke", {"reason": "key_compromise"}
    status, said = house.call(house.clerk, "POST", path, body, number=BROKER)
    assert (status, code_of(said)) == (404, 7810)
    assert house.call(house.officer, "POST", path, body, number=BROKER)[1]["state"] == "revoked"
    rows = house.call(house.officer, "GET", "/desk/certificates", number=BROKER)[1]
    found = {one["certificate"]: one["state"] for one in rows}
    assert found == {first: "revoked", second: "revoked", third: "valid"}


# --- factors and codes -------------------------------------------------------------------------------------------------


def test_a_code_that_opened_a_session_signs_nothing_and_the_other_way_round(house: House) -> None:
    house.register()
    made = house.credential("document")
    path = f"/credentials/{made['credential']}/authorise"
    body = {"hashes": [b64(sha("one"))], "code": house.code()}
    authenticator = TOTP(Authenticator.objects.get(user=house.investor))
    assert authenticator.validate_code(body["code"]), "as a login does"
    forget_tries()  # another web process: its cache knows nothing of this one's
    status, said = house.call(house.investor, "POST", path, body)
    assert (status, code_of(said)) == (403, 7834)
    assert not Authorisation.objects.exists()


@pytest.mark.full
def test_a_code_that_signed_opens_no_session(house: House) -> None:
    house.register()
    made = house.credential("document")
    body = {"hashes": [b64(sha("one"))], "code": house.code()}
    assert house.call(house.investor, "POST", f"/credentials/{made['credential']}/authorise", body)[0] == 201
    forget_tries()
    assert not TOTP(Authenticator.objects.get(user=house.investor)).validate_code(body["code"])


def test_a_code_used_twice_revokes_where_every_request_commits(fake: FakeProcess, committed_db: Any) -> None:
    with transaction.atomic():
        house = House(fake)
    house.register()
    program = Program(house)
    verifier, challenge = pkce()
    code = program.code(house.investor, challenge)
    _, said = program.exchange(code, verifier)
    assert program.call(said["access_token"], "credentials/list")[0] == 200
    status, again = program.exchange(code, verifier)
    assert (status, again["code"]) == (400, 7854)
    assert program.call(said["access_token"], "credentials/list")[0] == 401


# --- what is written down ----------------------------------------------------------------------------------------------

TEXTS = [
    ("A123456789", True),
    ("A123456789號", True),
    ("RA A123456789", True),
    ("身分證Ａ１２３４５６７８９", True),
    ("XA123456789", True),
    ("a1234-56789", True),
    ("AB12345678", True),
    ("A123456780", True),
    ("RA-2026-000123", False),
    ("RA-2026-7 · …1234 · B001", False),
    ("DEMO-000123", False),
    ("TPE20261122000123", False),
    ("", False),
]


@pytest.mark.parametrize(("text", "found"), TEXTS, ids=str)
def test_an_id_number_is_found_wherever_it_stands(text: str, found: bool) -> None:
    assert rules.looks_like_an_id(text) is found


def test_a_note_holds_no_id_number(house: House) -> None:
    body = {"person": house.investor.pk, "documents": DOCUMENTS, "note": "證號 A123456789"}
    status, said = house.call(house.clerk, "POST", "/registrations", body, number=BROKER)
    assert (status, code_of(said)) == (422, 7825)
    number = house.apply()
    body = {"approve": True, "note": "A123456789"}
    said = house.call(house.officer, "POST", f"/registrations/{number}/decide", body, number=BROKER)[1]
    assert code_of(said) == 7825
    assert registration(number).status == "applied"


@pytest.mark.parametrize("kinds", [["program"], ["investor"], ["clerk", "program"]], ids="+".join)
def test_a_programs_key_rests_on_an_investors_or_a_programs_registration(kinds: list[str]) -> None:
    assert rules.profile_of_key("api", kinds) == "api"
    with pytest.raises(YunhaiError) as refused:
        rules.profile_of_key("api", ["clerk"])
    assert refused.value.code == 7815
