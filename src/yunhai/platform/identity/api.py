"""People, their places, keys, clients and sessions, for other apps: each decision with the fact that tells the core.

Functions run inside a transaction. Those that name a tenant work in it (`rls.acting`), whoever asks: the caller's right to
do so is checked where the request comes in.
"""

import hashlib
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core import signing
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import API_CLIENTS_PER_PERSON_MAX, CHALLENGE_SECONDS, KEYS_PER_PERSON_MAX
from yunhai.platform.errors import (
    CHALLENGE_STALE,
    CLIENT_REFUSED,
    KEY_TAKEN,
    KEYS_TOO_MANY,
    LINK_DEAD,
    MEMBERSHIP_MISSING,
    NOT_THERE,
    OPERATOR_ELSEWHERE,
)
from yunhai.platform.identity import rules
from yunhai.platform.identity.models import (
    STAFF,
    ApiClient,
    DemoLink,
    EndedSession,
    Membership,
    Person,
    SigningKey,
)
from yunhai.platform.outbox.api import put
from yunhai.platform.tenancy import rls
from yunhai.platform.tenancy.models import Tenant
from yunhai.trading.facts import GrantSet, KeySet, SessionRevoked
from yunhai.trading.tokens import CLIENT_SESSION

CHALLENGE_SALT = "yunhai.identity.key"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyView:
    """A signing key as pages and routes show it."""

    key: int
    name: str
    kind: str
    status: str
    made_at: str


# --- people ------------------------------------------------------------------------------------------------------------


def make_person(  # each is a field
    email: str,
    *,
    name_zh: str = "",
    name_en: str = "",
    password: str | None = None,
    language: str = "zh-hant",
    demo: bool = False,
    verified: bool = True,
) -> Person:
    """A person with a (verified) e-mail address. IntegrityError if the address is somebody's."""
    person = Person.objects.create_user(email, password, name_zh=name_zh, name_en=name_en, language=language, demo=demo)
    EmailAddress.objects.create(user=person, email=person.email, primary=True, verified=verified)
    return person


def has_second_factor(person: Person) -> bool:
    """Whether the person has an authenticator app or a passkey. Recovery codes alone do not count."""
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    return bool(Authenticator.objects.filter(user=person, type__in=kinds).exists())


def may_trade(person: Person) -> bool:
    """Whether a person's orders may be taken: only with a second factor. The demo's people have a mark instead."""
    return has_second_factor(person) or bool(person.demo and settings.YUNHAI_DEMO)


# --- places ------------------------------------------------------------------------------------------------------------


def grant(
    person: Person, tenant: int, role: str, *, account: int = 0, branches: Sequence[str] = (), by: int = 0
) -> Membership:
    """Give a person a place: staff of a tenant (account 0), or investor of one account. Giving it again changes nothing
    but the branches. OPERATOR_ELSEWHERE for an operator anywhere but at the exchange."""
    if role == "operator" and not Tenant.objects.filter(pk=tenant, kind="exchange").exists():
        raise YunhaiError(OPERATOR_ELSEWHERE)
    with rls.acting(tenant=tenant):
        place, made = Membership.objects.get_or_create(
            person=person,
            tenant_id=tenant,
            role=role,
            account=account,
            defaults={"branches": list(branches)},
        )
        if not made:
            place = _locked().get(pk=place.pk)
        if not place.allowed or place.branches != list(branches):
            place.allowed, place.branches = True, list(branches)
            place.save()
        _tell_place(place, person, by=by)
    return place


def withdraw(person: Person, tenant: int, role: str, *, account: int = 0, by: int = 0) -> None:
    """Take a place away, at once: sight in every room, and trading in the core. MEMBERSHIP_MISSING if there is none."""
    with rls.acting(tenant=tenant):
        place = _locked().filter(person=person, tenant_id=tenant, role=role, account=account, allowed=True).first()
        if place is None:
            raise YunhaiError(MEMBERSHIP_MISSING)
        place.allowed = False
        place.save()
        _tell_place(place, person, by=by)


def refresh_trade(person: Person) -> None:
    """Tell the core again what the person may do: their second factor was added or removed."""
    with rls.acting(person=person.pk):
        for place in _locked().filter(person=person).order_by("id"):
            _tell_place(place, person, by=person.pk)


def _locked() -> QuerySet[Membership]:
    """Places, each held until the transaction ends: of two decisions about one place the later is told later, and tells
    what the earlier has made of it."""
    return Membership.objects.select_for_update(of=("self",))


def _tell_place(place: Membership, person: Person, *, by: int) -> None:
    if place.role not in rules.TOLD_TO_CORE:
        return
    fact = GrantSet(
        person=person.pk,
        tenant=place.tenant_id,
        role=place.role,
        account=place.account,
        allowed=place.allowed,
        trade=may_trade(person),
        branches=tuple(place.branches),
    )
    put(fact, tenant=place.tenant_id, by=by)


# --- signing keys ------------------------------------------------------------------------------------------------------


def challenge(person: Person) -> str:
    """A text for this person to sign with a new key, good for CHALLENGE_SECONDS."""
    return signing.dumps([person.pk, secrets.token_hex(8)], salt=CHALLENGE_SALT)


def register_key(person: Person, *, public: str, text: str, proof: str, kind: str, name: str) -> SigningKey:
    """Register a public key that signed the challenge `text`.

    CHALLENGE_STALE, KEY_NOT_P256, KEY_NOT_PROVEN, KEYS_TOO_MANY, KEY_TAKEN, in this order.
    """
    try:
        whose = signing.loads(text, salt=CHALLENGE_SALT, max_age=CHALLENGE_SECONDS)[0]
    except signing.BadSignature:
        whose = 0
    if whose != person.pk:
        raise YunhaiError(CHALLENGE_STALE)
    point = rules.public_point(public)
    rules.require_proof(point, text, proof)
    return add_key(person, point, kind=kind, name=name)


def add_key(person: Person, point: bytes, *, kind: str, name: str) -> SigningKey:
    """Keep a proven public key and tell the core. KEYS_TOO_MANY, KEY_TAKEN."""
    in_turn(person.pk)
    if SigningKey.objects.filter(person=person, status="active").count() >= KEYS_PER_PERSON_MAX:
        raise YunhaiError(KEYS_TOO_MANY, most=KEYS_PER_PERSON_MAX)
    try:
        with transaction.atomic():
            key = SigningKey.objects.create(person=person, public=point, kind=kind, name=name)
    except IntegrityError:
        raise YunhaiError(KEY_TAKEN) from None
    put(KeySet(key=key.pk, person=person.pk, public=point, kind=kind), by=person.pk)
    return key


def revoke_key(person: Person, key_id: int, *, by: int = 0) -> None:
    """Revoke one of the person's keys, for good; `by` whom, if not themselves. NOT_THERE if it is not theirs; again
    changes nothing."""
    key = SigningKey.objects.select_for_update().filter(person=person, pk=key_id).first()
    if key is None:
        raise YunhaiError(NOT_THERE)
    if key.status == "active":
        key.status, key.revoked_at = "revoked", timezone.now()
        key.save()
        fact = KeySet(key=key.pk, person=person.pk, public=bytes(key.public), kind=key.kind, status="revoked")
        put(fact, by=by or person.pk)


def rename_key(person: Person, key_id: int, name: str) -> None:
    """Give one of the person's keys another name. NOT_THERE if it is not theirs."""
    if not SigningKey.objects.filter(person=person, pk=key_id).update(name=name):
        raise YunhaiError(NOT_THERE)


def keys_of(person: Person) -> list[KeyView]:
    """Newest first."""
    return [view_of(key) for key in SigningKey.objects.filter(person=person)]


def view_of(key: SigningKey) -> KeyView:
    """A key as its owner sees it."""
    return KeyView(key=key.pk, name=key.name, kind=key.kind, status=key.status, made_at=key.made_at.isoformat())


def in_turn(person: int) -> None:
    """Wait for whoever else is adding to what a person keeps, and have the others wait until the transaction ends: who counts
    before adding counts what they have added. Inside a transaction; Person.DoesNotExist of nobody.

    The row is locked against its like only: what refers to the person may be written meanwhile.
    """
    Person.objects.select_for_update(of=("self",), no_key=True).only("pk").get(pk=person)


# --- API clients -------------------------------------------------------------------------------------------------------


def make_client(person: Person, tenant: int, role: str, name: str) -> tuple[ApiClient, str]:
    """An API client and its secret, which is shown this once. KEYS_TOO_MANY; MEMBERSHIP_MISSING if the person has no such
    place."""
    in_turn(person.pk)
    if ApiClient.objects.filter(person=person, status="active").count() >= API_CLIENTS_PER_PERSON_MAX:
        raise YunhaiError(KEYS_TOO_MANY, most=API_CLIENTS_PER_PERSON_MAX)
    if not Membership.objects.filter(person=person, tenant_id=tenant, role=role, allowed=True).exists():
        raise YunhaiError(MEMBERSHIP_MISSING)
    secret = secrets.token_urlsafe(32)
    client = ApiClient.objects.create(
        person=person,
        tenant_id=tenant,
        role=role,
        name=name,
        key=secrets.token_hex(12),
        secret_hash=hashlib.sha256(secret.encode()).digest(),
    )
    return client, secret


def client_of(key: str, secret: str) -> ApiClient:
    """The API client that key and secret prove. CLIENT_REFUSED, the same for a wrong key and a wrong secret."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.client', %s, true)", [key[:64]])
    client = ApiClient.objects.select_related("person").filter(key=key, status="active").first()
    given = hashlib.sha256(secret.encode()).digest()
    kept = bytes(client.secret_hash) if client is not None else bytes(32)
    if not secrets.compare_digest(given, kept) or client is None or not client.person.is_active:
        raise YunhaiError(CLIENT_REFUSED)
    return client


def revoke_client(person: Person, client_id: int) -> None:
    """Revoke an API client and the tokens it has. NOT_THERE if it is not the person's."""
    client = ApiClient.objects.select_for_update().filter(person=person, pk=client_id).first()
    if client is None:
        raise YunhaiError(NOT_THERE)
    client.status = "revoked"
    client.save()
    end_session(person, client_session(client))


def client_session(client: ApiClient) -> str:
    """What a token of an API client names as its session."""
    return f"{CLIENT_SESSION}{client.key}"


# --- sessions ----------------------------------------------------------------------------------------------------------


def _just_after_now_ms() -> int:
    """A token's time is in whole seconds: one of this very second is to be dead too, one of the next is not."""
    return (int(time.time()) + 1) * 1_000


def end_session(person: Person, sid: str) -> None:
    """One session's tokens are dead from now on, here and in the core. What was ended long ago has no token left, and is
    forgotten."""
    EndedSession.objects.filter(ended_at__lt=timezone.now() - timedelta(hours=1)).delete()
    EndedSession.objects.get_or_create(sid=sid)
    put(SessionRevoked(person=person.pk, session=sid, before=_just_after_now_ms()), by=person.pk)


def end_all_sessions(person: Person, *, by: int = 0) -> None:
    """Sign a person out everywhere: every session and every token issued until now."""
    before = _just_after_now_ms()
    found = Person.objects.select_for_update().get(pk=person.pk)
    found.epoch += 1
    found.revoked_before = before
    found.save(update_fields=["epoch", "revoked_before"])
    put(SessionRevoked(person=person.pk, before=before), by=by or person.pk)


# --- the demo's sign-in links ------------------------------------------------------------------------------------------


def demo_link(person: Person, *, to: str = "/", minutes: int = 60) -> str:
    """A path that signs this demo person in, once. ValueError for a person who is not the demo's, or without the demo."""
    if not (settings.YUNHAI_DEMO and person.demo):
        raise ValueError("sign-in links are for the demo's people, while the demo runs")
    token = secrets.token_urlsafe(24)
    DemoLink.objects.create(
        token_hash=hashlib.sha256(token.encode()).digest(),
        person=person,
        next=to,
        until=timezone.now() + timedelta(minutes=minutes),
    )
    return f"/demo/sign-in/{token}"


def use_demo_link(token: str) -> DemoLink:
    """The link, marked as used. LINK_DEAD if it was used, has expired, never was, or the demo does not run."""
    if not settings.YUNHAI_DEMO:
        raise YunhaiError(LINK_DEAD)
    digest = hashlib.sha256(token.encode()).digest()
    link = DemoLink.objects.select_for_update().select_related("person").filter(token_hash=digest).first()
    if link is None or link.used_at is not None or link.until < timezone.now() or not link.person.demo:
        raise YunhaiError(LINK_DEAD)
    link.used_at = timezone.now()
    link.save(update_fields=["used_at"])
    return link


def is_staff(role: str) -> bool:
    return role in STAFF
