"""The rooms of trust as their people use them: what each page says, who may act, and what a refused act leaves as it was."""

import json
from typing import Any

import pytest

from tests.platform.factories import BROKER, EXCHANGE, OTHER_BROKER, place
from tests.services.trust.fake_process import FakeProcess
from tests.services.trust.house import House
from yunhai.platform.audit import api as audit
from yunhai.platform.console.models import Change
from yunhai.platform.identity.models import SigningKey
from yunhai.platform.tenancy import rls
from yunhai.services.trust.models import Certificate, ProfileSetting, Registration

DOCUMENT = {"kind-0": "id_card", "archive-0": "RA-2026-7", "last-0": "1234", "where-0": "B001", "seen-0": "2026-01-05"}


def get(house: House, person: Any, path: str, number: int) -> tuple[int, str]:
    answer = house.browser(person, number).get(path, headers={"Accept-Language": "en"})
    return answer.status_code, answer.content.decode()


def post(house: House, person: Any, path: str, number: int, *, mfa: bool = True, **said: Any) -> Any:
    return house.browser(person, number, mfa=mfa).post(path, said)


def everything(person: Any, model: Any) -> list[Any]:
    with rls.acting(person=person.pk):
        return list(model.objects.order_by("pk"))


# --- one's own ---------------------------------------------------------------------------------------------------------


@pytest.mark.full
def test_who_is_not_registered_is_told_so_and_has_no_certificate(house: House) -> None:
    status, text = get(house, house.investor, "/trust/", BROKER)
    assert status == 200
    assert 'data-key="' in text, "the device is listed"
    assert "/api/v1/trust/certificates/" not in text


def test_a_certificate_is_held_released_and_revoked_on_the_page(house: House) -> None:
    house.register()
    (row,) = everything(house.investor, Certificate)
    said = {"certificate": row.pk}
    assert post(house, house.investor, "/trust/", BROKER, do="revoke", reason="hold", **said).status_code == 302
    assert everything(house.investor, Certificate)[0].status == "held"
    without = post(house, house.investor, "/trust/", BROKER, mfa=False, do="release", **said)
    assert without.status_code == 403, "what makes trust wants a second factor"
    assert everything(house.investor, Certificate)[0].status == "held"
    post(house, house.investor, "/trust/", BROKER, do="release", **said)
    assert everything(house.investor, Certificate)[0].status == "valid"
    post(house, house.investor, "/trust/", BROKER, mfa=False, do="revoke", reason="key_compromise", **said)
    assert everything(house.investor, Certificate)[0].status == "revoked", "what undoes it does not"
    again = post(house, house.investor, "/trust/", BROKER, do="release", **said)
    assert again.status_code == 409
    assert "7816" in again.content.decode()


@pytest.mark.full
def test_anothers_certificate_is_not_there(house: House) -> None:
    house.register()
    (row,) = everything(house.investor, Certificate)
    refused = post(house, house.neighbour, "/trust/", BROKER, do="revoke", reason="hold", certificate=row.pk)
    assert refused.status_code == 404
    assert everything(house.investor, Certificate)[0].status == "valid"


def test_a_device_is_named_and_removed_and_its_certificate_goes_with_it(house: House) -> None:
    house.register()
    post(house, house.investor, "/trust/", BROKER, do="rename", key=house.key.pk, name="  New   phone ")
    assert everything(house.investor, SigningKey)[0].name == "New phone"
    post(house, house.investor, "/trust/", BROKER, do="end", key=house.key.pk)
    assert everything(house.investor, SigningKey)[0].status == "revoked"
    assert [one.status for one in everything(house.investor, Certificate)] == ["revoked"]


@pytest.mark.full
def test_a_cloud_key_is_made_and_disabled(house: House) -> None:
    house.register()
    assert post(house, house.investor, "/trust/", BROKER, do="make", kind="order").status_code == 302
    _, text = get(house, house.investor, "/trust/", BROKER)
    name = next(one.name for one in everything(house.investor, Certificate.credential.field.related_model))
    assert name in text
    post(house, house.investor, "/trust/", BROKER, do="disable", credential=name)
    _, text = get(house, house.investor, "/trust/", BROKER)
    assert name not in text


def test_without_the_trust_process_the_page_says_what_still_works(house: House, fake: FakeProcess) -> None:
    house.register()
    (row,) = everything(house.investor, Certificate)
    fake.down = True
    status, text = get(house, house.investor, "/trust/", BROKER)
    assert status == 200
    assert "notice wait" in text
    made = post(house, house.investor, "/trust/", BROKER, do="make", kind="order")
    assert made.status_code == 503
    assert "7860" in made.content.decode()
    post(house, house.investor, "/trust/", BROKER, do="revoke", reason="key_compromise", certificate=row.pk)
    assert everything(house.investor, Certificate)[0].status == "revoked", "revoking needs no process"


@pytest.mark.full
def test_consents_are_given_and_withdrawn_for_each_broker(house: House) -> None:
    house.register()
    post(house, house.investor, "/trust/consents/", OTHER_BROKER, do="give", tenant=OTHER_BROKER)
    states = {one["tenant"]: one["state"] for one in house.call(house.investor, "GET", "/consents")[1]}
    assert states == {BROKER: "given", OTHER_BROKER: "given"}
    post(house, house.investor, "/trust/consents/", OTHER_BROKER, mfa=False, do="withdraw", tenant=OTHER_BROKER)
    states = {one["tenant"]: one["state"] for one in house.call(house.investor, "GET", "/consents")[1]}
    assert states == {BROKER: "given", OTHER_BROKER: "withdrawn"}
    assert get(house, house.investor, "/trust/consents/", BROKER)[0] == 200


@pytest.mark.full
def test_signatures_show_what_was_authorised_in_the_cloud(house: House) -> None:
    assert get(house, house.investor, "/trust/signatures/?q=2330", BROKER)[0] == 200
    assert get(house, house.investor, "/trust/signatures/5/file/", BROKER)[0] == 404


# --- the desk ----------------------------------------------------------------------------------------------------------


def applied(house: House, by: Any, **more: Any) -> Any:
    room = "control" if by is house.officer else "desk"
    return post(
        house, by, f"/{room}/registrations/new/", BROKER, kind="investor", **{"account": "0000001", **DOCUMENT, **more}
    )


def rows() -> list[Registration]:
    with rls.acting(tenant=BROKER):
        return list(Registration.objects.order_by("pk"))


def test_one_applies_by_account_number_and_another_approves(house: House) -> None:
    answer = applied(house, house.clerk)
    (row,) = rows()
    assert answer.headers["Location"] == f"/desk/registrations/{row.pk}/"
    assert row.documents == [{"kind": "id_card", "reference": "RA-2026-7 · …1234 · B001", "checked_on": "2026-01-05"}]
    with rls.acting(tenant=BROKER):
        looks = audit.lookups()
    assert [(one.person, one.reason) for one in looks] == [(house.clerk.pk, "service")], (
        "a look at a client is on record"
    )
    _, text = get(house, house.officer, "/control/registrations/", BROKER)
    assert f"/control/registrations/{row.pk}/" in text
    done = post(house, house.officer, f"/control/registrations/{row.pk}/", BROKER, do="approve")
    assert done.status_code == 302
    assert rows()[0].status == "approved"
    assert get(house, house.clerk, f"/desk/registrations/{row.pk}/", BROKER)[0] == 200


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"account": "9999999"}, "7807"),
        ({"account": ""}, "7807"),
        ({"archive-0": "A123456789", "last-0": "", "where-0": ""}, "7805"),
        ({"seen-0": "2999-01-01"}, "7805"),
    ],
)
def test_an_application_that_is_not_right_says_why_and_keeps_what_was_typed(
    house: House, more: dict[str, str], code: str
) -> None:
    answer = applied(house, house.clerk, **more)
    text = answer.content.decode()
    assert answer.status_code >= 400
    assert code in text
    assert more.get("archive-0", "RA-2026-7") in text
    assert rows() == []


def test_whoever_applied_does_not_approve(house: House) -> None:
    applied(house, house.officer)
    number = rows()[0].pk
    refused = post(house, house.officer, f"/control/registrations/{number}/", BROKER, do="approve")
    assert "7804" in refused.content.decode()
    refused = post(house, house.clerk, f"/desk/registrations/{number}/", BROKER, do="approve")
    assert refused.status_code == 403
    assert rows()[0].status == "applied"


@pytest.mark.full
def test_another_brokers_registration_is_not_there(house: House) -> None:
    applied(house, house.clerk)
    number = rows()[0].pk
    assert get(house, house.other_officer, f"/control/registrations/{number}/", OTHER_BROKER)[0] == 404


@pytest.mark.full
def test_the_desk_revokes_for_a_person(house: House) -> None:
    number = house.register()
    (row,) = everything(house.investor, Certificate)
    path = f"/desk/registrations/{number}/"
    said = {"do": "revoke", "certificate": row.pk, "reason": "key_compromise"}
    assert post(house, house.clerk, path, BROKER, **said).status_code == 302
    (row,) = everything(house.investor, Certificate)
    assert (row.status, row.revoker, row.revoked_by) == ("revoked", "desk", house.clerk.pk)


# --- the Console -------------------------------------------------------------------------------------------------------


def test_a_life_is_changed_with_its_reason(house: House) -> None:
    path = "/console/trust/"
    said = {"do": "life", "profile": "investor", "days": 365}
    assert post(house, house.operator, path, EXCHANGE, reason="x", **said).status_code == 422
    assert not ProfileSetting.objects.exists()
    assert post(house, house.operator, path, EXCHANGE, reason="the audit asks for it", **said).status_code == 302
    assert ProfileSetting.objects.get().days == 365
    with rls.acting(tenant=EXCHANGE):
        change = Change.objects.get(subject="profile")
    assert (change.key, change.before, change.after) == ("investor", {"days": 730}, {"days": 365})


@pytest.mark.full
def test_a_demand_is_switched_with_its_reason(house: House) -> None:
    said = {"do": "demand", "tenant": BROKER, "on": "1"}
    assert post(house, house.operator, "/console/trust/", EXCHANGE, reason="", **said).status_code == 422
    assert post(house, house.operator, "/console/trust/", EXCHANGE, reason="they asked", **said).status_code == 302
    assert {one["tenant"]: one["demanded"] for one in house.call(house.investor, "GET", "/consents")[1]}[BROKER]


def test_the_authoritys_page_stands_when_the_process_does_not(house: House, fake: FakeProcess) -> None:
    fake.down = True
    status, text = get(house, house.operator, "/console/trust/", EXCHANGE)
    assert status == 200
    assert "7860" in text
    assert get(house, house.operator, "/console/trust/minutes/", EXCHANGE)[0] == 200


@pytest.mark.full
def test_the_operator_finds_and_revokes_a_certificate(house: House) -> None:
    house.register()
    (row,) = everything(house.investor, Certificate)
    serial = bytes(row.serial).hex()
    _, text = get(house, house.operator, f"/console/trust/certificates/?serial={serial[:8]}", EXCHANGE)
    assert serial in text
    said = {"certificate": row.pk, "reason": "privilege_withdrawn"}
    post(house, house.operator, "/console/trust/certificates/", EXCHANGE, **said)
    assert everything(house.investor, Certificate)[0].revoker == "operator"


# --- the four interfaces -----------------------------------------------------------------------------------------------


def test_the_interfaces_say_how_to_probe_and_then_what_the_probe_found(house: House, cloud_places: Any) -> None:
    file = cloud_places.home / "trust" / "probe.json"
    file.unlink(missing_ok=True)
    _, text = get(house, house.operator, "/trust/conformance/", EXCHANGE)
    assert "yunhai trust probe" in text
    tries = [
        {"interface": "broker – cloud 券商－雲", "zh": "沒有憑證", "en": "No certificate", "expected": "handshake",
         "found": "handshake", "milliseconds": 3},
        {"interface": "software – platform 軟體－平台", "zh": "偽造", "en": "Forged", "expected": "6835", "found": "200",
         "milliseconds": 4},
    ]  # fmt: skip
    file.parent.mkdir(exist_ok=True)
    try:
        file.write_text(json.dumps({"at": "2026-08-21T09:00:00+08:00", "by": "somebody", "tries": tries}))
        _, text = get(house, house.operator, "/trust/conformance/", EXCHANGE)
        assert "6835" in text
        assert 'data-verdict="wrong"' in text, "a try that was not refused is not called good"
        file.write_text("{")
        status, text = get(house, house.operator, "/trust/conformance/", EXCHANGE)
        assert (status, "yunhai trust probe" in text) == (200, True)
    finally:
        file.unlink(missing_ok=True)


# --- the Evidence Room -------------------------------------------------------------------------------------------------


def test_the_evidence_room_is_compliances(house: House) -> None:
    auditor = place("compliance", BROKER)
    for path in ("/evidence/", "/evidence/?q=nothing", "/evidence/file/", "/evidence/lookups/"):
        assert get(house, auditor, path, BROKER)[0] == 200, path
        assert get(house, house.clerk, path, BROKER)[0] == 404, path
    assert get(house, auditor, "/evidence/instructions/5/", BROKER)[0] == 404


@pytest.mark.full
def test_the_register_shows_who_looked_and_why(house: House) -> None:
    applied(house, house.clerk)
    auditor = place("compliance", BROKER)
    _, text = get(house, auditor, "/evidence/lookups/?account=0000001", BROKER)
    assert "registration" in text
    _, text = get(house, auditor, "/evidence/lookups/?account=7777777", BROKER)
    assert "registration" not in text
