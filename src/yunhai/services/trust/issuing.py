"""Certificates issued, renewed and revoked: each a row, and the core's fact in the same transaction.

What a person's certificates rest on is the first approved registration, at whichever broker. The trust process is asked
inside the transaction: without its certificate there is no row. CRL and OCSP are told after the commit, and again every
minute by a job (`tasks.py`), because the process may be away just then; the gate does not wait for either.

Whoever issues, renews or revokes over a signing key locks the key first, then its certificates by their numbers: a renewal
and a revocation come one after the other, and the later one sees what the earlier one left.
"""

import hashlib
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any, Final

import structlog
from cryptography import x509
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import RENEWAL_NOTICE_DAYS
from yunhai.platform.identity import api as identity
from yunhai.platform.identity.models import Person, SigningKey
from yunhai.platform.outbox.api import put
from yunhai.platform.tenancy import rls
from yunhai.services.trust import process, rules
from yunhai.services.trust.errors import (
    CERTIFICATE_NOT_VALID,
    CERTIFICATE_STANDS,
    HOLD_OF_ANOTHER,
    KEY_NOT_ACTIVE,
    REGISTRATION_MISSING,
    RENEWAL_EARLY,
    REVOKED_FOR_GOOD,
)
from yunhai.services.trust.models import Certificate, Credential, ProfileSetting, Registration
from yunhai.trading.facts import CertificateSet
from yunhai.trading.trust.profiles import info_of_point

log: Final = structlog.get_logger("trust")
STANDING: Final = ("valid", "held")


def registrations_of(person: int) -> list[Registration]:
    """A person's approved registrations, the first one first. The database must show them: staff's own, or the person's."""
    return list(Registration.objects.filter(person_id=person, status="approved").order_by("id"))


def require_registered(person: int) -> list[Registration]:
    """The same, locked until something rests on one: an end waits, or is seen. REGISTRATION_MISSING if there is none."""
    rows = Registration.objects.select_for_update(of=("self",), no_key=True)
    found = list(rows.filter(person_id=person, status="approved").order_by("id"))
    if not found:
        raise YunhaiError(REGISTRATION_MISSING)
    return found


def standing(key: int) -> QuerySet[Certificate]:
    """Certificates of a signing key that are valid or on hold, not past their end and not renewed, newest first."""
    return Certificate.objects.filter(
        key=key, status__in=STANDING, not_after__gt=timezone.now(), renewed_by__isnull=True
    ).order_by("-id")


# --- issuing -----------------------------------------------------------------------------------------------------------


def issue_for_key(person: Person, key_id: int, *, wanted: str = "", by: int = 0) -> Certificate:
    """A certificate over one of the person's signing keys.

    KEY_NOT_ACTIVE, REGISTRATION_MISSING, PROFILE_NOT_FOR_KEY, CERTIFICATE_STANDS, CERTIFICATE_NOT_VALID (it was revoked: take
    a new key), PROCESS_AWAY, 6806, in this order."""
    with rls.acting(person=person.pk):
        key = SigningKey.objects.select_for_update().filter(pk=key_id, person=person, status="active").first()
        if key is None:
            raise YunhaiError(KEY_NOT_ACTIVE, key=key_id)
        found = require_registered(person.pk)
        profile = rules.profile_of_key(key.kind, [one.kind for one in found], wanted=wanted)
        if standing(key.pk).exists():
            raise YunhaiError(CERTIFICATE_STANDS, key=key_id)
        if Certificate.objects.filter(key=key.pk, status="revoked").exists():  # a key is not trusted a second time
            raise YunhaiError(CERTIFICATE_NOT_VALID, status="revoked")
        return _issue(found[0], profile, bytes(key.public), key=key.pk, by=by or person.pk)


def issue_for_credential(credential: Credential, *, by: int = 0) -> Certificate:
    """The certificate of a new key in the HSM: of profile document, or as its signing key has it."""
    with rls.acting(person=credential.person_id):
        found = require_registered(credential.person_id)
        if credential.kind == "document":
            return _issue(found[0], "document", bytes(credential.public), credential=credential, by=by)
        kinds = [one.kind for one in found]
        profile = rules.profile_of_key("cloud", kinds)
        return _issue(
            found[0],
            profile,
            bytes(credential.public),
            key=credential.signing_key,
            credential=credential,
            by=by,
        )


def issue_if_registered(key: SigningKey) -> None:
    """What follows from a new signing key: its certificate where that can be had now. Never in the key's way."""
    with rls.acting(person=key.person_id):
        if key.kind == "cloud" or not registrations_of(key.person_id):
            return
        try:
            with transaction.atomic():
                issue_for_key(key.person, key.pk)
        except YunhaiError as refused:
            log.warning("no certificate yet", key=key.pk, code=refused.code)


def issue_missing(person: Person, *, by: int = 0) -> int:
    """Certificates for every active key of a person that has none: after a registration was approved. How many."""
    made = 0
    with rls.acting(person=person.pk):
        keys = SigningKey.objects.filter(person=person, status="active").exclude(kind="cloud").order_by("id")
        for key in keys:
            try:
                with transaction.atomic():
                    issue_for_key(person, key.pk, by=by)
                made += 1
            except YunhaiError as refused:
                log.info("no certificate", key=key.pk, code=refused.code)
    return made


def renew(certificate: Certificate, *, by: int) -> Certificate:
    """A new certificate over the same key, which counts from now on. CERTIFICATE_NOT_VALID, RENEWAL_EARLY, PROCESS_AWAY."""
    with _as_its_person(certificate):
        certificate = _locked(certificate)
    now = timezone.now()
    if certificate.status != "valid" or certificate.not_after <= now or hasattr(certificate, "renewed_by"):
        raise YunhaiError(CERTIFICATE_NOT_VALID, status=_state(certificate, now))
    if not rules.renewable(certificate.not_after, now):
        raise YunhaiError(RENEWAL_EARLY, days=RENEWAL_NOTICE_DAYS)
    with rls.acting(person=certificate.person_id):
        found = require_registered(certificate.person_id or 0)
        public = _point_of(bytes(certificate.der))
        return _issue(
            found[0],
            certificate.profile,
            public,
            key=certificate.key,
            credential=certificate.credential,
            renews=certificate,
            by=by,
        )


def _state(certificate: Certificate, now: datetime) -> str:
    if certificate.status in STANDING and certificate.not_after <= now:
        return "expired"
    return "renewed" if hasattr(certificate, "renewed_by") else str(certificate.status)


def _issue(
    registration: Registration,
    profile: str,
    point: bytes,
    *,
    key: int = 0,
    credential: Credential | None = None,
    renews: Certificate | None = None,
    by: int,
) -> Certificate:
    der = process.issue(
        profile=profile, subject=registration.pseudonym, spki=info_of_point(point), days=life_of(profile)
    )
    return keep(
        der,
        tenant=registration.tenant_id,
        person=registration.person_id,
        profile=profile,
        subject=registration.pseudonym,
        key=key,
        credential=credential,
        renews=renews,
        by=by,
    )


def life_of(profile: str) -> int:
    """Days that a certificate of a profile lives from now on."""
    return rules.days_of(profile, dict(ProfileSetting.objects.values_list("profile", "days")))


def keep(
    der: bytes,
    *,
    tenant: int,
    person: int | None,
    profile: str,
    subject: str,
    key: int = 0,
    credential: Credential | None = None,
    renews: Certificate | None = None,
    by: int,
) -> Certificate:
    """The row of a certificate that was issued; the core is told where it signs orders."""
    found = x509.load_der_x509_certificate(der)
    row = Certificate(
        tenant_id=tenant,
        person_id=person,
        key=key,
        credential=credential,
        profile=profile,
        subject=subject,
        serial=found.serial_number.to_bytes(20, "big"),
        sha256=hashlib.sha256(der).digest(),
        der=der,
        not_before=found.not_valid_before_utc,
        not_after=found.not_valid_after_utc,
        renews=renews,
    )
    row.save()
    _tell(row, by=by, new=True)
    return row


# --- revoking ----------------------------------------------------------------------------------------------------------


def revoke(certificate: Certificate, *, reason: str, by: int, revoker: str) -> Certificate:
    """Revoke a certificate, or hold it (reason `hold`). The gate knows within a second of the commit; CRL and OCSP are told
    then too.

    Where the reason speaks of the key or its person (`rules.OF_THE_KEY`) every standing certificate over the same key goes
    with it, older ones that were renewed too; and a key that others may have is revoked itself: it signs nowhere, where a
    certificate is demanded or not. What is revoked stays as it is. A hold that a higher side puts on what is held already is
    that side's from then on. REASON_UNKNOWN."""
    number = rules.reason_number(reason)
    with _as_its_person(certificate):
        row = _locked(certificate)
        _revoke_one(row, number, by=by, revoker=revoker)
        if number in rules.OF_THE_KEY:
            for other in _over_the_same_key(row):
                _revoke_one(other, number, by=by, revoker=revoker)
        if number == rules.KEY_COMPROMISE and row.key and row.person is not None:
            identity.revoke_key(row.person, row.key, by=by)
    return row


def _revoke_one(row: Certificate, number: int, *, by: int, revoker: str) -> None:
    """Write and tell it, unless it is so already. The row is locked."""
    if row.status == "revoked":
        return
    if row.status == "held" and number == rules.HOLD:
        if rules.SIDES[revoker] > rules.SIDES.get(row.revoker, 0):
            row.revoker, row.revoked_by = revoker, by
            row.save(update_fields=["revoker", "revoked_by"])
        return
    row.status = "held" if number == rules.HOLD else "revoked"
    row.reason, row.revoked_at, row.revoked_by, row.revoker = number, timezone.now(), by, revoker
    row.save()
    _tell(row, by=by)


def _as_its_person(certificate: Certificate) -> AbstractContextManager[None]:
    """The database shows a person's keys and all their certificates to themselves alone; an interface is nobody's."""
    return rls.acting(person=certificate.person_id) if certificate.person_id else nullcontext()


def _locked(certificate: Certificate) -> Certificate:
    """The certificate as it is now, locked, its signing key before it."""
    if certificate.key:
        SigningKey.objects.select_for_update().filter(pk=certificate.key).first()
    return Certificate.objects.select_for_update(of=("self",)).get(pk=certificate.pk)


def _over_the_same_key(row: Certificate) -> list[Certificate]:
    """Its person's (an interface's: its broker's interfaces') other standing certificates over the same public key, locked."""
    rows = Certificate.objects.filter(status__in=STANDING, not_after__gt=timezone.now()).exclude(pk=row.pk)
    rows = rows.filter(person_id=row.person_id) if row.person_id else rows.filter(person=None, tenant_id=row.tenant_id)
    point = _point_of(bytes(row.der))
    same = [one.pk for one in rows if _point_of(bytes(one.der)) == point]
    return list(Certificate.objects.select_for_update(of=("self",)).filter(pk__in=same).order_by("id"))


def revoke_resting_on(registration: Registration, *, by: int, revoker: str) -> int:
    """What follows from a registration that ended: the certificates that rest on it, unless the broker's other registrations
    of the person carry them. How many were revoked."""
    with rls.acting(person=registration.person_id):
        here = {one.kind for one in registrations_of(registration.person_id) if one.tenant_id == registration.tenant_id}
        rows = Certificate.objects.filter(
            person_id=registration.person_id,
            tenant_id=registration.tenant_id,
            status__in=STANDING,
            not_after__gt=timezone.now(),
        ).order_by("id")
        ending = [one for one in rows if not rules.carried(one.profile, here)]
        for one in ending:
            revoke(one, reason="privilege_withdrawn", by=by, revoker=revoker)
    return len(ending)


def release(certificate: Certificate, *, by: int, side: str) -> Certificate:
    """End a hold, by the `side` (person, desk, operator) that put it or by the operator. REVOKED_FOR_GOOD, HOLD_OF_ANOTHER; one
    that is valid stays as it is."""
    with _as_its_person(certificate):
        row = _locked(certificate)
        if row.status == "revoked":
            raise YunhaiError(REVOKED_FOR_GOOD)
        if row.status == "held":
            if not rules.may_release(row.revoker, side=side):
                raise YunhaiError(HOLD_OF_ANOTHER, revoker=row.revoker)
            row.status, row.reason, row.revoked_at, row.revoked_by, row.revoker = "valid", 0, None, 0, ""
            row.released_at = timezone.now()
            row.save()
            _tell(row, by=by)
    return row


def revoke_of_key(key: SigningKey) -> None:
    """What follows from a revoked signing key: its certificates are, too."""
    with rls.acting(person=key.person_id):
        found = Certificate.objects.filter(key=key.pk, status__in=STANDING, not_after__gt=timezone.now())
        for one in found.order_by("id"):
            revoke(one, reason="cessation", by=key.person_id, revoker="key")


def _tell(row: Certificate, *, by: int, new: bool = False) -> None:
    """The core, by the outbox; CRL and OCSP, after the commit."""
    if row.key or row.profile in rules.INTERFACES:  # the core refuses client certificates too, as soon as it knows
        outbox = put(fact_of(row), by=by)
        row.outbox = outbox
        row.save(update_fields=["outbox"])
    if not new:
        told = status_of(row)
        transaction.on_commit(lambda: _tell_process(told))


def _tell_process(told: process.Status) -> None:
    try:
        process.tell_status(told)
    except YunhaiError as refused:
        log.warning("status not told yet", serial=told.serial.hex(), code=refused.code)


def fact_of(row: Certificate) -> CertificateSet:
    """What the core learns of a certificate. A revocation's wall time is the very one that the issuer's answers say: evidence finds
    its place in the journal by that."""
    return CertificateSet(
        wall_ns=_ms(row.revoked_at) * 1_000_000 if row.revoked_at is not None else 0,
        certificate=row.pk,
        key=row.key,
        person=row.person_id or 0,
        serial=bytes(row.serial),
        sha256=bytes(row.sha256),
        profile=row.profile,
        not_before=_ms(row.not_before),
        not_after=_ms(row.not_after),
        status=row.status if row.status in ("valid", "held") else "revoked",
        reason=row.reason,
        tenant=row.tenant_id,
    )


def status_of(row: Certificate) -> process.Status:
    """What CRL and OCSP are told of a certificate."""
    began = row.revoked_at or row.released_at
    return process.Status(
        serial=bytes(row.serial),
        status=row.status,
        reason=row.reason,
        at_ms=_ms(began) if began else 0,
        not_after_ms=_ms(row.not_after),
    )


def revoked_entries(rows: Iterable[Any]) -> list[process.Status]:
    """What CRL and OCSP are told of several."""
    return [status_of(row) for row in rows]


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000)


def _point_of(der: bytes) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = x509.load_der_x509_certificate(der).public_key()
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
