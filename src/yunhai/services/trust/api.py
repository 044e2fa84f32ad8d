"""Central authentication for others: who is registered, whose certificates stand, who consented, what was signed.

Functions run inside a transaction. Those of a person take the person; those of a desk take the broker's tenant and who does
it, and the caller's right to do so is checked where the request comes in. Views are frozen; times ISO 8601.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import CERTIFICATES_LISTED_MAX, RENEWAL_NOTICE_DAYS
from yunhai.platform.console.inner import ask
from yunhai.platform.identity.models import Person, SigningKey
from yunhai.platform.tenancy import rls
from yunhai.services.trust import issuing, process, proposals, rules
from yunhai.services.trust.errors import (
    CERTIFICATE_UNKNOWN,
    PROFILE_NOT_FOR_KEY,
)
from yunhai.services.trust.models import (
    Authorisation,
    Certificate,
    Credential,
    ProfileSetting,
)
from yunhai.services.trust.proposals import (
    decide_interface,
    decide_off,
    demand,
    interfaces,
    offs,
    propose_interface,
)
from yunhai.services.trust.registrations import (
    apply,
    ask_end,
    consent,
    consents,
    decide,
    decide_end,
    is_registered,
    operator_end,
    registration,
    registrations,
    withdraw,
)
from yunhai.services.trust.views import (
    CertificateView,
    ConsentView,
    DeviceView,
    Person360,
    ProfileView,
    ProposalView,
    RegistrationView,
    SignatureView,
    iso,
)
from yunhai.trading.trust.profiles import PROFILES

__all__ = [
    "CertificateView",
    "ConsentView",
    "DeviceView",
    "Person360",
    "ProfileView",
    "ProposalView",
    "RegistrationView",
    "SignatureView",
    "apply",
    "ask_end",
    "consent",
    "consents",
    "decide",
    "decide_end",
    "decide_interface",
    "decide_off",
    "demand",
    "interfaces",
    "is_registered",
    "offs",
    "operator_end",
    "propose_interface",
    "registration",
    "registrations",
    "withdraw",
]


# --- certificates ------------------------------------------------------------------------------------------------------


def issue(person: Person, key: int, *, profile: str = "") -> CertificateView:
    """A certificate over one of the person's keys. 7801, 7813, 7815, 7818, 7860, 6806."""
    made = issuing.issue_for_key(person, key, wanted=profile)
    with rls.acting(person=person.pk):
        return view(_of_person(person.pk).get(pk=made.pk))


def certificates(person: Person) -> tuple[CertificateView, ...]:
    """All of a person's, newest first."""
    with rls.acting(person=person.pk):
        return tuple(view(row) for row in _of_person(person.pk)[:CERTIFICATES_LISTED_MAX])


def certificate(person: Person, number: int) -> CertificateView:
    """One of the person's own. CERTIFICATE_UNKNOWN."""
    with rls.acting(person=person.pk):
        return view(_row(_of_person(person.pk), number))


def der(person: Person, number: int) -> bytes:
    """The X.509 of one of the person's own. CERTIFICATE_UNKNOWN."""
    with rls.acting(person=person.pk):
        return bytes(_row(_of_person(person.pk), number).der)


def renew(person: Person, number: int) -> CertificateView:
    """Self-service, in the last days of a certificate: no new application. CERTIFICATE_UNKNOWN, 7811, 7812, 7860, 6806."""
    with rls.acting(person=person.pk):
        made = issuing.renew(_row(_of_person(person.pk), number), by=person.pk)
        return view(_of_person(person.pk).get(pk=made.pk))


def revoke(person: Person, number: int, *, reason: str = "unspecified") -> CertificateView:
    """The person revokes or holds one of their own. CERTIFICATE_UNKNOWN, REASON_UNKNOWN."""
    with rls.acting(person=person.pk):
        rows = _of_person(person.pk)
        issuing.revoke(_row(rows, number), reason=reason, by=person.pk, revoker="person")
        return view(_row(rows, number))


def release(person: Person, number: int) -> CertificateView:
    """The person ends a hold that they put. CERTIFICATE_UNKNOWN, REVOKED_FOR_GOOD, HOLD_OF_ANOTHER."""
    with rls.acting(person=person.pk):
        rows = _of_person(person.pk)
        issuing.release(_row(rows, number), by=person.pk, side="person")
        return view(_row(rows, number))


def core_knows(outbox: int) -> bool:
    """Whether the core has what that outbox row told it: a revocation is in force at the gate. 7340 if it is away."""
    return not outbox or bool(ask(f"/facts/{outbox}")["taken"])


def desk_certificates(tenant: int, *, person: int = 0) -> tuple[CertificateView, ...]:
    """Certificates that rest on a broker's registrations, newest first."""
    with rls.acting(tenant=tenant):
        rows = _rows().filter(tenant_id=tenant)
        rows = rows.filter(person_id=person) if person else rows
        return tuple(view(row) for row in rows[:CERTIFICATES_LISTED_MAX])


def desk_revoke(tenant: int, number: int, *, reason: str, by: int, interfaces: bool = False) -> CertificateView:
    """The desk that registered the person revokes or holds. `interfaces`: who asks may do so to certificates of the broker's
    systems, software and lines too, which are nobody's. CERTIFICATE_UNKNOWN, REASON_UNKNOWN."""
    with rls.acting(tenant=tenant):
        rows = _of_desk(tenant, interfaces=interfaces)
        issuing.revoke(_row(rows, number), reason=reason, by=by, revoker="desk")
        return view(_row(rows, number))


def desk_release(tenant: int, number: int, *, by: int, interfaces: bool = False) -> CertificateView:
    """The desk ends a hold that a desk put. CERTIFICATE_UNKNOWN, REVOKED_FOR_GOOD, HOLD_OF_ANOTHER."""
    with rls.acting(tenant=tenant):
        rows = _of_desk(tenant, interfaces=interfaces)
        issuing.release(_row(rows, number), by=by, side="desk")
        return view(_row(rows, number))


def _of_desk(tenant: int, *, interfaces: bool) -> QuerySet[Certificate]:
    """Those of people whom the broker registered; with `interfaces` the broker's own too."""
    rows = _rows().filter(tenant_id=tenant)
    return rows if interfaces else rows.filter(person__isnull=False)


def every_certificate(*, serial: str = "", profile: str = "", state: str = "") -> tuple[CertificateView, ...]:
    """The operator's: of every broker, newest first; by the beginning of a serial number, by profile, by state."""
    rows = _rows()
    rows = rows.filter(profile=profile) if profile else rows
    rows = rows.filter(status=state) if state else rows
    found = [view(row) for row in rows[: CERTIFICATES_LISTED_MAX if not serial else None]]
    return tuple(one for one in found if one.serial.startswith(serial.lower()))[:CERTIFICATES_LISTED_MAX]


def operator_revoke(number: int, *, reason: str, by: int) -> CertificateView:
    """The operator revokes or holds any. CERTIFICATE_UNKNOWN, REASON_UNKNOWN."""
    issuing.revoke(_row(_rows(), number), reason=reason, by=by, revoker="operator")
    return view(_row(_rows(), number))


def operator_release(number: int, *, by: int) -> CertificateView:
    """The operator ends any hold. CERTIFICATE_UNKNOWN, REVOKED_FOR_GOOD."""
    issuing.release(_row(_rows(), number), by=by, side="operator")
    return view(_row(_rows(), number))


def devices(person: Person) -> tuple[DeviceView, ...]:
    """The person's signing keys, newest first, and what each lacks."""
    with rls.acting(person=person.pk):
        registered = bool(issuing.registrations_of(person.pk))
        newest: dict[int, CertificateView] = {}
        for row in _of_person(person.pk).filter(key__gt=0):
            newest.setdefault(row.key, view(row))
        made = []
        for key in SigningKey.objects.filter(person=person):
            held = newest.get(key.pk)
            missing = "" if held is not None and held.state == "valid" else _missing(held, registered=registered)
            made.append(
                DeviceView(
                    key=key.pk, name=key.name, kind=key.kind, status=key.status, certificate=held, missing=missing
                )
            )
        return tuple(made)


def _missing(held: CertificateView | None, *, registered: bool) -> str:
    if held is not None:
        return held.state
    return "certificate" if registered else "registration"


def overview(person: Person) -> Person360:
    """What a person is shown of all this."""
    with rls.acting(person=person.pk):
        found = issuing.registrations_of(person.pk)
    held = certificates(person)
    return Person360(
        registered=bool(found),
        pseudonym=found[0].pseudonym if found else "",
        brokers=tuple(one.tenant_id for one in found),
        devices=devices(person),
        consents=consents(person),
        notices=tuple(one for one in held if one.renewable),
    )


def ending(person: Person) -> tuple[CertificateView, ...]:
    """The person's certificates that end within the notice's days and are not renewed, the first to end first."""
    now = timezone.now()
    with rls.acting(person=person.pk):
        rows = _of_person(person.pk).filter(
            status="valid",
            renewed_by__isnull=True,
            not_after__gt=now,
            not_after__lte=now + timedelta(days=RENEWAL_NOTICE_DAYS),
        )
        return tuple(view(row) for row in rows.order_by("not_after")[:CERTIFICATES_LISTED_MAX])


def signatures(person: Person) -> tuple[SignatureView, ...]:
    """What the person authorised in the cloud, newest first."""
    with rls.acting(person=person.pk):
        rows = Authorisation.objects.filter(person=person).select_related("credential", "client")
        return tuple(
            SignatureView(
                number=row.number,
                credential=row.credential.name,
                kind=row.credential.kind,
                factor=row.factor,
                what=row.what,
                client=row.client.name if row.client is not None else "",
                hashes=tuple(row.hashes),
                signed=tuple(row.signed),
                made_at=iso(row.given_at),
                signed_at=iso(row.signed_at),
            )
            for row in rows[:CERTIFICATES_LISTED_MAX]
        )


def credentials(person: Person) -> tuple[Credential, ...]:
    """The person's keys in the HSM that are enabled."""
    with rls.acting(person=person.pk):
        return tuple(Credential.objects.filter(person=person, enabled=True))


# --- the Console -------------------------------------------------------------------------------------------------------


def profiles() -> tuple[ProfileView, ...]:
    """Profiles with their lives, and how many certificates of each stand, end soon, are revoked."""
    chosen = dict(ProfileSetting.objects.values_list("profile", "days"))
    now, soon = timezone.now(), timezone.now() + timedelta(days=RENEWAL_NOTICE_DAYS)
    made = []
    for name, row in PROFILES.items():
        held = Certificate.objects.filter(profile=name.value)
        valid = held.filter(status="valid", not_after__gt=now)
        made.append(
            ProfileView(
                profile=name.value,
                zh=row.zh,
                en=row.en,
                days=rules.days_of(name.value, chosen),
                usual_days=row.days,
                valid=valid.count(),
                ending=valid.filter(not_after__lt=soon).count(),
                revoked=held.filter(status="revoked").count(),
            )
        )
    return tuple(made)


def set_life(profile: str, days: int) -> None:
    """How long certificates of a profile live that are issued from now on; the operator's. DAYS_WRONG."""
    days = rules.checked_days(days)
    if profile not in PROFILES:
        raise YunhaiError(PROFILE_NOT_FOR_KEY, profile=profile)
    ProfileSetting.objects.update_or_create(profile=profile, defaults={"days": days})


def authority_state() -> Mapping[str, Any]:
    """What the trust process says of itself: HSM session, keys, expiries. PROCESS_AWAY."""
    return process.status()


# --- interfaces --------------------------------------------------------------------------------------------------------


def issue_interface(
    *, tenant: int, profile: str, request: bytes, name: str, by: int, serial_number: str = ""
) -> tuple[CertificateView, bytes]:
    """A certificate for a broker's system, software or line by the machine's own operator, alone; and its DER. Everybody else
    proposes one (`propose_interface`). PROFILE_NOT_FOR_KEY, REQUEST_NOT_PROVEN, PROCESS_AWAY, 6806."""
    row, issued = proposals.issue_interface(
        tenant=tenant, profile=profile, request=request, name=name, by=by, serial_number=serial_number
    )
    return view(row), issued


def interface_certificates(tenant: int) -> tuple[CertificateView, ...]:
    """Certificates of a broker's systems, software and lines, newest first."""
    with rls.acting(tenant=tenant):
        rows = _rows().filter(tenant_id=tenant, person=None)
        return tuple(view(row) for row in rows[:CERTIFICATES_LISTED_MAX])


# --- as they are shown -------------------------------------------------------------------------------------------------


def _rows() -> QuerySet[Certificate]:
    return Certificate.objects.select_related("credential", "renewed_by").order_by("-id")


def _of_person(person: int) -> QuerySet[Certificate]:
    return _rows().filter(person_id=person)


def _row(rows: QuerySet[Certificate], number: int) -> Certificate:
    found = rows.filter(pk=min(number, 2**63 - 1)).first()
    if found is None:
        raise YunhaiError(CERTIFICATE_UNKNOWN, certificate=number)
    return found


def state_of(row: Certificate, now: datetime) -> str:
    """What a certificate is at a moment, in one word."""
    if row.status == "revoked":
        return "revoked"
    if row.not_after <= now:
        return "expired"
    if row.status == "held":
        return "held"
    if row.not_before > now:
        return "not-yet-valid"
    return "renewed" if getattr(row, "renewed_by", None) is not None else "valid"


def view(row: Certificate) -> CertificateView:
    """A certificate as it is shown."""
    now = timezone.now()
    state, profile = state_of(row, now), PROFILES.get(row.profile)  # type: ignore[call-overload]
    return CertificateView(
        certificate=row.pk,
        person=row.person_id or 0,
        tenant=row.tenant_id,
        key=row.key,
        credential=row.credential.name if row.credential is not None else "",
        profile=row.profile,
        profile_zh=profile.zh if profile else row.profile,
        profile_en=profile.en if profile else row.profile,
        subject=row.subject,
        serial=bytes(row.serial).hex(),
        sha256=bytes(row.sha256).hex(),
        not_before=iso(row.not_before),
        not_after=iso(row.not_after),
        state=state,
        reason=rules.reason_word(row.reason) if row.status in ("revoked", "held") else "",
        revoked_at=iso(row.revoked_at),
        revoker=row.revoker,
        renewable=state == "valid" and rules.renewable(row.not_after, now),
        days_left=max(0, (row.not_after - now).days),
        outbox=row.outbox,
    )
