"""/api/v1: token, me, keys, clients of one's own."""

import time
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja import Field, Router, Schema, Status
from pydantic import ConfigDict

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import CHALLENGE_SECONDS
from yunhai.platform.entitlements.api import open_services
from yunhai.platform.errors import MEMBERSHIP_MISSING, NOT_SIGNED_IN
from yunhai.platform.identity import api as identity
from yunhai.platform.identity.caller import Caller, caller_at
from yunhai.platform.identity.client_certificates import require_tenant
from yunhai.platform.identity.models import ApiClient, Person
from yunhai.platform.identity.rules import key_kind
from yunhai.platform.shell.api import caller_of, open_to, signed_in
from yunhai.platform.tenancy import rls
from yunhai.trading.tokens import LIFE_S, issue
from yunhai.trading.trust.mutual import came_by

router = Router(tags=["identity"])


class Strict(Schema):
    """A body that names only what is known."""

    model_config = ConfigDict(extra="forbid")


class TokenIn(Strict):
    """Nothing: for the session's tenant and role. Or an API client's `client` and `secret`. Or another of the caller's
    own tenants and roles."""

    client: str = Field("", max_length=64)
    secret: str = Field("", max_length=128)
    tenant: int = Field(0, ge=0, lt=2**32)
    role: str = Field("", max_length=10)


class TokenOut(Schema):
    token: str
    expires_in: int
    expires_at: int
    person: int
    tenant: int
    role: str
    mfa: bool
    mode: str


class PlaceOut(Schema):
    tenant: int
    code: str
    name_zh: str
    name_en: str
    current: bool


class MeOut(Schema):
    person: int
    name_zh: str
    name_en: str
    email: str
    language: str
    mfa: bool
    second_factor: bool
    may_trade: bool
    demo: bool
    tenant: int
    roles: list[str]
    accounts: list[int]
    services: list[str]
    tenants: list[PlaceOut]
    mode: str


class ChallengeOut(Schema):
    challenge: str
    expires_in: int


class KeyIn(Strict):
    """`public` base64url of the 65-byte point or its SPKI; `proof` base64url of r ‖ s over the challenge's text."""

    public: str = Field(max_length=400)
    challenge: str = Field(max_length=200)
    proof: str = Field(max_length=100)
    kind: str = Field("device", pattern="^(device|api|clerk)$")
    name: str = Field("", max_length=60)


class ClientIn(Strict):
    name: str = Field(min_length=1, max_length=60)
    role: str = Field("", max_length=10)


class ClientOut(Schema):
    id: int
    client: str
    name: str
    tenant: int
    role: str
    status: str


class NewClientOut(ClientOut):
    """With the secret, this once."""

    secret: str


@router.post("/token", response=TokenOut, auth=None, summary="A token for core and stream 取得權杖")
def make_token(request: HttpRequest, body: TokenIn) -> dict[str, Any]:
    """From the session (with the CSRF token), or from an API client's key and secret. Lives 300 s. Got by mutual TLS, it is
    good with that certificate only (RFC 8705)."""
    caller = _client_caller(body) if body.client else signed_in(request)
    if caller.bearer and not body.client:
        raise YunhaiError(NOT_SIGNED_IN)  # a token does not beget tokens: it would never end
    if body.tenant and body.tenant != caller.tenant_id:
        if body.client:
            raise YunhaiError(MEMBERSHIP_MISSING)  # an API client is of one place, whatever else its person is
        assert caller.person is not None
        caller = caller_at(caller.person, body.tenant, mfa=caller.mfa, session=caller.session, demo=caller.demo)
        if caller.tenant_id != body.tenant:
            raise YunhaiError(MEMBERSHIP_MISSING)
    role = body.role or caller.role
    if role and role not in caller.roles:
        raise YunhaiError(MEMBERSHIP_MISSING)
    certificate = came_by.get()
    require_tenant(certificate, caller.tenant_id)
    now_s = int(time.time())
    token = issue(
        settings.YUNHAI_TOKEN_KEY.read_bytes(),
        person=caller.person_id,
        session=caller.session,
        tenant=caller.tenant_id,
        role=role,
        mfa=caller.mfa,
        now_s=now_s,
        bound=certificate.sha256 if certificate is not None else b"",
    )
    return {
        "token": token,
        "expires_in": LIFE_S,
        "expires_at": now_s + LIFE_S,
        "person": caller.person_id,
        "tenant": caller.tenant_id,
        "role": role,
        "mfa": caller.mfa,
        "mode": settings.YUNHAI_MODE,
    }


def _client_caller(body: TokenIn) -> Caller:
    client = identity.client_of(body.client, body.secret)
    rls.tell(tenant=None, person=client.person_id)
    caller = caller_at(
        client.person,
        client.tenant_id,
        mfa=identity.may_trade(client.person),
        session=identity.client_session(client),
        only_role=client.role,
    )
    if caller.tenant_id != client.tenant_id or not caller.roles:
        raise YunhaiError(MEMBERSHIP_MISSING)
    return caller


@router.get("/me", response=MeOut, auth=signed_in, summary="Who I am here 我是誰")
@open_to()
def me(request: HttpRequest) -> dict[str, Any]:
    """The person, their tenants, and what they have in the current one."""
    caller = caller_of(request)
    person = _person(caller)
    return {
        "person": person.pk,
        "name_zh": person.name_zh,
        "name_en": person.name_en,
        "email": person.email,
        "language": person.language,
        "mfa": caller.mfa,
        "second_factor": identity.has_second_factor(person),
        "may_trade": identity.may_trade(person),
        "demo": caller.demo,
        "tenant": caller.tenant_id,
        "roles": sorted(caller.roles),
        "accounts": list(caller.accounts),
        "services": sorted(open_services(caller.tenant)),
        "tenants": [
            {
                "tenant": one.pk,
                "code": one.code,
                "name_zh": one.name_zh,
                "name_en": one.name_en,
                "current": one.pk == caller.tenant_id,
            }
            for one in caller.tenants
        ],
        "mode": settings.YUNHAI_MODE,
    }


@router.post(
    "/keys/challenge", response=ChallengeOut, auth=signed_in, summary="A text to sign with a new key 取得驗證題"
)
@open_to(mfa=True)
def key_challenge(request: HttpRequest) -> dict[str, Any]:
    return {"challenge": identity.challenge(_person(caller_of(request))), "expires_in": CHALLENGE_SECONDS}


@router.post("/keys", response={201: identity.KeyView}, auth=signed_in, summary="Register a signing key 登記簽章金鑰")
@open_to(mfa=True)
def register_key(request: HttpRequest, body: KeyIn) -> Status[identity.KeyView]:
    """Takes a P-256 public key that proves itself by signing a challenge. The key of somebody who works as a clerk here is
    a clerk's, whatever is asked; a program's is one by its own word."""
    caller = caller_of(request)
    key = identity.register_key(
        _person(caller),
        public=body.public,
        text=body.challenge,
        proof=body.proof,
        kind=key_kind(body.kind, caller.roles),
        name=body.name,
    )
    return Status(201, identity.view_of(key))


@router.get("/keys", response=list[identity.KeyView], auth=signed_in, summary="My signing keys 我的金鑰")
@open_to()
def list_keys(request: HttpRequest) -> list[identity.KeyView]:
    return identity.keys_of(_person(caller_of(request)))


@router.delete("/keys/{int:key}", response={204: None}, auth=signed_in, summary="Revoke a key 停用金鑰")
@open_to()
def revoke_key(request: HttpRequest, key: int) -> Status[None]:
    identity.revoke_key(_person(caller_of(request)), key)
    return Status(204, None)


@router.post("/api-clients", response={201: NewClientOut}, auth=signed_in, summary="A new API client 新增 API 用戶端")
@open_to(mfa=True)
def make_client(request: HttpRequest, body: ClientIn) -> Status[dict[str, Any]]:
    """For one of the caller's own roles in the current tenant; the secret is shown this once."""
    caller = caller_of(request)
    role = body.role or caller.role
    if role not in caller.roles:  # those of a token are fewer than its person's
        raise YunhaiError(MEMBERSHIP_MISSING)
    client, secret = identity.make_client(_person(caller), caller.tenant_id, role, body.name)
    return Status(201, _client(client) | {"secret": secret})


@router.get("/api-clients", response=list[ClientOut], auth=signed_in, summary="My API clients 我的 API 用戶端")
@open_to()
def list_clients(request: HttpRequest) -> list[dict[str, Any]]:
    return [_client(one) for one in ApiClient.objects.filter(person=_person(caller_of(request)))]


@router.delete(
    "/api-clients/{int:client}", response={204: None}, auth=signed_in, summary="Revoke an API client 停用 API 用戶端"
)
@open_to()
def revoke_client(request: HttpRequest, client: int) -> Status[None]:
    identity.revoke_client(_person(caller_of(request)), client)
    return Status(204, None)


@router.post("/sign-out-everywhere", response={204: None}, auth=signed_in, summary="End all my sessions 全部登出")
@open_to()
def sign_out_everywhere(request: HttpRequest) -> Status[None]:
    identity.end_all_sessions(_person(caller_of(request)))
    return Status(204, None)


def _person(caller: Caller) -> Person:
    assert caller.person is not None  # open_to has seen to it
    return caller.person


def _client(client: ApiClient) -> dict[str, Any]:
    return {
        "id": client.pk,
        "client": client.key,
        "name": client.name,
        "tenant": client.tenant_id,
        "role": client.role,
        "status": client.status,
    }
