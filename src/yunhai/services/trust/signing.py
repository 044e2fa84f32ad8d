"""Cloud signing 雲端簽章: keys in the HSM, and one second factor for every set of hashes they sign.

`authorise` takes the factor and makes the activation (SAD); `sign` spends it, hash by hash. Both are recorded in the row of
the `Authorisation`, which is locked while it is spent: a hash is signed once whatever comes at the same time, and the trust
process, which checks the activation again, burns it once more. Whoever spends it must be the person who gave the factor.
"""

import secrets
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import ACTIVATION_HASHES_MAX, ACTIVATION_SECONDS_MAX, CLOUD_CREDENTIALS_PER_PERSON_MAX
from yunhai.platform.identity.models import Person, SigningKey
from yunhai.platform.outbox.api import put
from yunhai.services.trust import factors, issuing, process, rules
from yunhai.services.trust.errors import (
    AUTHORISATION_UNKNOWN,
    CREDENTIAL_NOT_USABLE,
    CREDENTIAL_UNKNOWN,
    CREDENTIALS_TOO_MANY,
    FACTOR_USED,
    HASHES_WRONG,
)
from yunhai.services.trust.models import Authorisation, Certificate, Client, Credential, Grant
from yunhai.trading.facts import KeySet
from yunhai.trading.trust import activations
from yunhai.trading.trust.profiles import point_of_info

CLOUD: Final = "cloud"
ACTIVATION_KEY: Final = "activation.key"
ACTIVATION_PUBLIC: Final = "activation.pub"


# --- credentials -------------------------------------------------------------------------------------------------------


def make_credential(person: Person, kind: str) -> tuple[Credential, Certificate]:
    """A key in the HSM with its certificate: `order` for instructions, `document` for documents.

    REGISTRATION_MISSING, CREDENTIALS_TOO_MANY, PROCESS_AWAY, 6806, 6807."""
    Person.objects.select_for_update().get(pk=person.pk)  # two at once are counted one after the other
    issuing.require_registered(person.pk)
    if Credential.objects.filter(person=person, enabled=True).count() >= CLOUD_CREDENTIALS_PER_PERSON_MAX:
        raise YunhaiError(CREDENTIALS_TOO_MANY, most=CLOUD_CREDENTIALS_PER_PERSON_MAX)
    made = process.make_key("document" if kind == "document" else CLOUD)
    point = point_of_info(made.spki)
    signing_key = 0
    if kind == "order":
        key = SigningKey.objects.create(person=person, public=point, kind=CLOUD, name="雲端金鑰 Cloud key")
        put(KeySet(key=key.pk, person=person.pk, public=point, kind=CLOUD), by=person.pk)
        signing_key = key.pk
    credential = Credential.objects.create(
        person=person,
        name=f"yh-{secrets.token_hex(12)}",
        kind=kind,
        label=made.label,
        public=point,
        signing_key=signing_key,
    )
    return credential, issuing.issue_for_credential(credential, by=person.pk)


def credential_of(person: Person, name: str, *, lock: bool = False) -> Credential:
    """A person's credential by its name. CREDENTIAL_UNKNOWN, another's too."""
    rows = Credential.objects.select_for_update(of=("self",)) if lock else Credential.objects
    found = rows.filter(person=person, name=name[:40]).first()
    if found is None:
        raise YunhaiError(CREDENTIAL_UNKNOWN)
    return found


def certificate_of(credential: Credential) -> Certificate | None:
    """The newest certificate of a credential, whatever its state."""
    return Certificate.objects.filter(credential=credential).order_by("-id").first()


def usable(credential: Credential) -> bool:
    """Whether it may sign now: enabled, its certificate valid and within its time."""
    certificate, now = certificate_of(credential), timezone.now()
    if certificate is None or not credential.enabled or certificate.status != "valid":
        return False
    return bool(certificate.not_before <= now <= certificate.not_after)


def disable(person: Person, name: str) -> None:
    """Have a credential sign no more: its certificates are revoked, its signing key too. CREDENTIAL_UNKNOWN."""
    credential = credential_of(person, name, lock=True)
    if not credential.enabled:
        return
    credential.enabled = False
    credential.save()
    for one in Certificate.objects.filter(credential=credential, status__in=issuing.STANDING):
        issuing.revoke(one, reason="cessation", by=person.pk, revoker="person")
    key = SigningKey.objects.select_for_update().filter(pk=credential.signing_key, status="active").first()
    if key is not None:
        key.status, key.revoked_at = "revoked", timezone.now()
        key.save()
        put(
            KeySet(key=key.pk, person=person.pk, public=bytes(key.public), kind=key.kind, status="revoked"),
            by=person.pk,
        )


# --- authorising and signing -------------------------------------------------------------------------------------------


def authorise(
    request: HttpRequest,
    person: Person,
    credential: Credential,
    hashes: Sequence[bytes],
    *,
    code: str = "",
    answer: object = None,
    what: str = "",
    client: Client | None = None,
) -> Authorisation:
    """A second factor, given now for these hashes, on record; it counts this once. `activation_of` is what it gives.

    CREDENTIAL_NOT_USABLE, FACTOR_MISSING, TOO_MANY_TRIES, FACTOR_WRONG, CHALLENGE_STALE, FACTOR_USED."""
    if not hashes or len(hashes) > ACTIVATION_HASHES_MAX:
        raise YunhaiError(HASHES_WRONG, most=ACTIVATION_HASHES_MAX)
    if not usable(credential):
        raise YunhaiError(CREDENTIAL_NOT_USABLE)
    given = factors.check(request, person, hashes, code=code, answer=answer)
    now = timezone.now()
    try:
        with transaction.atomic():
            row = Authorisation.objects.create(
                credential=credential,
                person=person,
                client=client,
                number=secrets.token_hex(16),
                factor=given.factor,
                proof=given.proof,
                hashes=[one.hex() for one in hashes],
                what=what[:200],
                given_at=now,
                until=now + timedelta(seconds=ACTIVATION_SECONDS_MAX),
            )
    except IntegrityError:
        raise YunhaiError(FACTOR_USED) from None
    return row


def activation_of(row: Authorisation) -> str:
    """The SAD of an authorisation: the same words every time, good until a minute after the factor was given."""
    return activations.made(
        _activation_key(),
        key=row.credential.label,
        hashes=[bytes.fromhex(one) for one in row.hashes],
        now_s=int(row.given_at.timestamp()),
        number=row.number,
    )


def sign(
    person: Person, credential: Credential, sad: str, hashes: Sequence[bytes], *, client: int | None = None
) -> list[bytes]:
    """Signatures, r ‖ s, over the hashes in their order, by the credential's key; each hash of an activation once. `client`: the
    program that asks, None of our own pages: an activation is good for whom it was given to, and until its grant is ended.

    CREDENTIAL_NOT_USABLE, 7880-7885, AUTHORISATION_UNKNOWN, PROCESS_AWAY, 6807. If one cannot be made none is given."""
    if not usable(credential):
        raise YunhaiError(CREDENTIAL_NOT_USABLE)
    now, verifier = time.time(), _verifier()
    number = ""
    for digest in hashes:
        number = verifier.activation(sad, key=credential.label, digest=digest, now_s=now).number
    found = Authorisation.objects.select_for_update(of=("self",)).filter(number=number, person=person).first()
    if found is None or found.credential_id != credential.pk or found.client_id != client:
        raise YunhaiError(AUTHORISATION_UNKNOWN)
    if Grant.objects.filter(authorisation=found, revoked_at__isnull=False).exists():
        raise YunhaiError(AUTHORISATION_UNKNOWN)
    wanted = [one.hex() for one in hashes]
    if set(wanted) & set(found.signed):
        raise YunhaiError(activations.USED)
    found.signed, found.signed_at = [*found.signed, *wanted], timezone.now()
    found.save(update_fields=["signed", "signed_at"])
    made = process.sign(label=credential.label, digests=hashes, activation=sad)
    return [rules.plain_signature(one) for one in made]


def _activation_key() -> bytes:
    """The web's own key, made with its public half at the first start."""
    private = settings.PLACES.credential(ACTIVATION_KEY, lambda: activations.new_pair()[0])
    settings.PLACES.credential(ACTIVATION_PUBLIC, lambda: activations.public_of(private))
    return bytes(private)


def _verifier() -> activations.Verifier:
    return activations.Verifier(activations.public_of(_activation_key()))
