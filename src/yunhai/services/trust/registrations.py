"""Who is registered at which broker and who consented: applied for by one, decided by another, ended by two or the operator.

Functions run inside a transaction; the caller's right is checked where the request comes in. `api.py` gives them on.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils import timezone

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import CERTIFICATES_LISTED_MAX
from yunhai.platform.identity.models import Membership, Person, SigningKey
from yunhai.platform.outbox.api import put
from yunhai.platform.tenancy import rls
from yunhai.platform.tenancy.models import Tenant
from yunhai.services.trust import issuing, rules
from yunhai.services.trust.errors import (
    BROKER_UNKNOWN,
    CONSENT_UNKNOWN,
    PERSON_UNKNOWN,
    REGISTRATION_BY_ONE,
    REGISTRATION_DECIDED,
    REGISTRATION_KIND,
    REGISTRATION_NOT_STANDING,
    REGISTRATION_OWN,
    REGISTRATION_STANDS,
    REGISTRATION_UNKNOWN,
)
from yunhai.services.trust.models import Consent, Registration
from yunhai.services.trust.views import ConsentView, RegistrationView, iso
from yunhai.trading.facts import ConsentSet

# --- registrations -----------------------------------------------------------------------------------------------------


def apply(
    *, tenant: int, person: int, documents: Iterable[Mapping[str, Any]], by: int, kind: str = "investor", note: str = ""
) -> RegistrationView:
    """A desk puts a person's documents on record; another of its people approves, and neither is that person.
    REGISTRATION_OWN, PERSON_UNKNOWN, REGISTRATION_KIND, DOCUMENTS_WRONG, ID_NUMBER_WRITTEN, REGISTRATION_STANDS."""
    if person == by:
        raise YunhaiError(REGISTRATION_OWN)
    with rls.acting(tenant=tenant):
        roles = set(
            Membership.objects.filter(tenant_id=tenant, person_id=person, allowed=True).values_list("role", flat=True)
        )
        if not roles:
            raise YunhaiError(PERSON_UNKNOWN)
        fits = {"investor": {"investor"}, "clerk": rules.CLERK_ROLES, "program": {"api", "investor"}}
        if not roles & fits.get(kind, frozenset()):
            raise YunhaiError(REGISTRATION_KIND, kind=kind)
        found = rules.checked_documents(documents, today=timezone.localdate())
        note = rules.checked_note(note)
        Person.objects.select_for_update().get(pk=person)
        standing = ("applied", "approved")
        if Registration.objects.filter(tenant_id=tenant, person_id=person, kind=kind, status__in=standing).exists():
            raise YunhaiError(REGISTRATION_STANDS)
    with rls.acting(person=person):
        earlier = Registration.objects.filter(person_id=person).order_by("id").first()
    with rls.acting(tenant=tenant):
        row = Registration.objects.create(
            tenant_id=tenant,
            person_id=person,
            kind=kind,
            documents=[one.as_json() for one in found],
            pseudonym=earlier.pseudonym if earlier is not None else rules.new_pseudonym(),
            applied_by=by,
            note=note,
        )
        return _registration(row)


def decide(registration: int, *, tenant: int, by: int, approve: bool, note: str = "") -> RegistrationView:
    """Another person approves or refuses. Approved: the broker has the person's consent, unless they once withdrew it, which
    is theirs alone to give back; and their keys get certificates where the trust process can be reached.
    REGISTRATION_UNKNOWN, REGISTRATION_DECIDED, REGISTRATION_BY_ONE, REGISTRATION_OWN, ID_NUMBER_WRITTEN."""
    with rls.acting(tenant=tenant):
        row = _registration_row(registration, tenant)
        if row.status != "applied":
            raise YunhaiError(REGISTRATION_DECIDED, status=row.status)
        if row.applied_by == by:
            raise YunhaiError(REGISTRATION_BY_ONE)
        if row.person_id == by:
            raise YunhaiError(REGISTRATION_OWN)
        row.status = "approved" if approve else "refused"
        row.decided_by, row.decided_at, row.note = by, timezone.now(), rules.checked_note(note) or row.note
        row.save()
        if approve and _consent_row(row.person_id, tenant) is None:
            _set_consent(row.person_id, tenant, allowed=True, by=by, registration=row)
    if approve:
        issuing.issue_missing(row.person, by=by)
    return _registration(row)


def ask_end(registration: int, *, tenant: int, by: int, note: str = "") -> RegistrationView:
    """One of the desk's people asks that an approved registration end; another decides (`decide_end`). Asked again it stays as
    it was asked first. REGISTRATION_UNKNOWN, REGISTRATION_NOT_STANDING, ID_NUMBER_WRITTEN."""
    with rls.acting(tenant=tenant):
        row = _registration_row(registration, tenant)
        if row.status != "approved":
            raise YunhaiError(REGISTRATION_NOT_STANDING)
        if not row.ending_by:
            row.ending_by, row.ending_at, row.note = by, timezone.now(), rules.checked_note(note) or row.note
            row.save()
        return _registration(row)


def decide_end(registration: int, *, tenant: int, by: int, approve: bool, note: str = "") -> RegistrationView:
    """Another person ends it, or keeps it. Ended: its certificates are revoked, and no other rests on it.
    REGISTRATION_UNKNOWN, REGISTRATION_NOT_STANDING (nobody asked), REGISTRATION_BY_ONE, REGISTRATION_OWN, ID_NUMBER_WRITTEN."""
    row = _locked_to_end(registration, tenant)
    if row.status != "approved" or not row.ending_by:
        raise YunhaiError(REGISTRATION_NOT_STANDING)
    if row.ending_by == by:
        raise YunhaiError(REGISTRATION_BY_ONE)
    if row.person_id == by:
        raise YunhaiError(REGISTRATION_OWN)
    note = rules.checked_note(note)
    if approve:
        return _end(row, by=by, note=note, revoker="desk")
    with rls.acting(tenant=tenant):
        row.ending_by, row.ending_at, row.note = 0, None, note or row.note
        row.save()
        return _registration(row)


def operator_end(*, tenant: int, person: int, by: int, note: str) -> int:
    """The operator ends a person's registrations at a broker, alone, without seeing their documents. How many.
    BROKER_UNKNOWN, REGISTRATION_NOT_STANDING, ID_NUMBER_WRITTEN."""
    broker_of(tenant)
    note = rules.checked_note(note)
    with rls.acting(tenant=tenant):
        rows = Registration.objects.filter(tenant_id=tenant, person_id=person, status="approved").order_by("id")
        numbers = list(rows.values_list("id", flat=True))
    ended = 0
    for number in numbers:
        row = _locked_to_end(number, tenant)
        if row.status == "approved":
            _end(row, by=by, note=note, revoker="operator")
            ended += 1
    if not ended:
        raise YunhaiError(REGISTRATION_NOT_STANDING)
    return ended


def _locked_to_end(number: int, tenant: int) -> Registration:
    """The registration, its person's keys locked before it, as whoever issues over a key does. REGISTRATION_UNKNOWN."""
    with rls.acting(tenant=tenant):
        found = Registration.objects.filter(pk=number, tenant_id=tenant).first()
    if found is None:
        raise YunhaiError(REGISTRATION_UNKNOWN, registration=number)
    with rls.acting(person=found.person_id):
        list(SigningKey.objects.select_for_update().filter(person_id=found.person_id).order_by("id"))
    with rls.acting(tenant=tenant):
        return _registration_row(number, tenant)


def _end(row: Registration, *, by: int, note: str, revoker: str) -> RegistrationView:
    with rls.acting(tenant=row.tenant_id):
        row.status, row.ended_by, row.ended_at, row.note = "withdrawn", by, timezone.now(), note or row.note
        if revoker == "operator":
            row.ending_by, row.ending_at = 0, None
        row.save()
    issuing.revoke_resting_on(row, by=by, revoker=revoker)
    return _registration(row)


def registrations(tenant: int, *, status: str = "", person: int = 0) -> tuple[RegistrationView, ...]:
    """A broker's registrations, newest first."""
    with rls.acting(tenant=tenant):
        rows = Registration.objects.filter(tenant_id=tenant)
        rows = rows.filter(status=status) if status else rows
        rows = rows.filter(person_id=person) if person else rows
        return tuple(_registration(row) for row in rows[:CERTIFICATES_LISTED_MAX])


def registration(number: int, *, tenant: int) -> RegistrationView:
    """REGISTRATION_UNKNOWN, another broker's too."""
    with rls.acting(tenant=tenant):
        return _registration(_registration_row(number, tenant))


def is_registered(person: int) -> bool:
    """Whether any broker has registered a person: what a later broker relies on, without seeing the documents."""
    with rls.acting(person=person):
        return bool(issuing.registrations_of(person))


def _registration_row(number: int, tenant: int) -> Registration:
    found = Registration.objects.select_for_update(of=("self",)).filter(pk=number, tenant_id=tenant).first()
    if found is None:
        raise YunhaiError(REGISTRATION_UNKNOWN, registration=number)
    return found


def _registration(row: Registration) -> RegistrationView:
    return RegistrationView(
        registration=row.pk,
        tenant=row.tenant_id,
        person=row.person_id,
        kind=row.kind,
        pseudonym=row.pseudonym,
        status=row.status,
        documents=tuple(row.documents),
        applied_by=row.applied_by,
        applied_at=iso(row.applied_at),
        decided_by=row.decided_by,
        decided_at=iso(row.decided_at),
        note=row.note,
        ending_by=row.ending_by,
        ending_at=iso(row.ending_at),
        ended_by=row.ended_by,
        ended_at=iso(row.ended_at),
    )


# --- consents ----------------------------------------------------------------------------------------------------------


def consent(person: Person, tenant: int) -> ConsentView:
    """The person lets a broker take what they sign. Giving it again changes nothing. BROKER_UNKNOWN."""
    broker = broker_of(tenant)
    with rls.acting(person=person.pk):
        _set_consent(person.pk, tenant, allowed=True, by=person.pk)
        return _consent(broker, _consent_row(person.pk, tenant), issuing.registrations_of(person.pk))


def withdraw(person: Person, tenant: int) -> ConsentView:
    """The person takes it back; the gate refuses within a second. BROKER_UNKNOWN, CONSENT_UNKNOWN."""
    broker = broker_of(tenant)
    with rls.acting(person=person.pk):
        if _consent_row(person.pk, tenant) is None:
            raise YunhaiError(CONSENT_UNKNOWN)
        _set_consent(person.pk, tenant, allowed=False, by=person.pk)
        return _consent(broker, _consent_row(person.pk, tenant), issuing.registrations_of(person.pk))


def consents(person: Person) -> tuple[ConsentView, ...]:
    """For every broker where the person has a place or ever consented, by code."""
    with rls.acting(person=person.pk):
        rows = {row.tenant_id: row for row in Consent.objects.filter(person=person)}
        places = Membership.objects.filter(person=person, allowed=True).values_list("tenant_id", flat=True)
        registered = issuing.registrations_of(person.pk)
        brokers = Tenant.objects.filter(pk__in={*rows, *places}, kind="broker")
        return tuple(_consent(broker, rows.get(broker.pk), registered) for broker in brokers)


def broker_of(tenant: int) -> Tenant:
    found = Tenant.objects.filter(pk=tenant, kind="broker").exclude(status="closed").first()
    if found is None:
        raise YunhaiError(BROKER_UNKNOWN, tenant=tenant)
    return found


def _consent_row(person: int, tenant: int) -> Consent | None:
    return Consent.objects.select_for_update(of=("self",)).filter(person_id=person, tenant_id=tenant).first()


def _set_consent(person: int, tenant: int, *, allowed: bool, by: int, registration: Registration | None = None) -> None:
    row = _consent_row(person, tenant)
    if row is not None and row.allowed == allowed:
        return
    if row is None:
        row = Consent(person_id=person, tenant_id=tenant, registration=registration)
    row.allowed = allowed
    row.save()
    put(ConsentSet(person=person, tenant=tenant, allowed=allowed), tenant=tenant, by=by)


def _consent(broker: Tenant, row: Consent | None, registered: Iterable[Registration]) -> ConsentView:
    return ConsentView(
        tenant=broker.pk,
        code=broker.code,
        name_zh=broker.name_zh,
        name_en=broker.name_en,
        state="missing" if row is None else "given" if row.allowed else "withdrawn",
        demanded=broker.certificates,
        registered=any(one.tenant_id == broker.pk for one in registered),
        changed_at=iso(row.changed_at) if row is not None else "",
    )
