"""Tokens 權杖: who asks, for a few minutes, proven without asking anybody.

A token is a JWT signed with Ed25519 by the web process, the only one that has the private key; core and stream hold the
public one. It says who asks and how they signed in, never what they may do: that is in the journal's facts. It is taken
only in the one form that `issue` makes: algorithm Ed25519, type JWT, audience "yunhai", a life of at most 300 s. What was
revoked since it was issued is a fact of the journal (`Revocations`).
"""

import base64
import binascii
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc import jws, jwt
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import OKPKey

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import KEY_FILE_BYTES_MAX, TOKEN_BYTES_MAX, TOKEN_LIFE_S_MAX, TOKENS_KEPT_MAX
from yunhai.trading.core.errors import (
    KEY_NOT_USABLE,
    TOKEN_ALGORITHM,
    TOKEN_AUDIENCE,
    TOKEN_CLAIMS,
    TOKEN_EXPIRED,
    TOKEN_MALFORMED,
    TOKEN_MISSING,
    TOKEN_REVOKED,
    TOKEN_SIGNATURE,
    TOKEN_TYPE,
)
from yunhai.trading.facts import SessionRevoked

ALGORITHM: Final = "Ed25519"
"""EdDSA with the curve named (RFC 9864); the older name `EdDSA` leaves the curve open and is not taken."""
AUDIENCE: Final = "yunhai"
TYPE: Final = "JWT"
CLIENT_SESSION: Final = "client-"
"""How the session of an API client's tokens begins."""
LIFE_S: Final = 300
EARLY_S: Final = 30
"""How far ahead of this machine's clock the issuer's may be."""

_THUMBPRINT_BYTES: Final = 32
_REGISTRY: Final = jws.JWSRegistry(algorithms=[ALGORITHM])


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Who asks. `bound` SHA-256 of the client certificate that the token may be used with, b"" of any (RFC 8705).
    `session` names the sign-in (or the API client); `issued` and `expires` in seconds since 1970; `role` as signed
    in, for pages only: what may be done stands in grants, which an API client's role narrows. `mfa`: a second
    factor was given."""

    person: int
    session: str
    tenant: int
    role: str
    mfa: bool
    issued: int
    expires: int
    bound: bytes = b""

    @property
    def only_role(self) -> str:
        """The one role an API client was made for, "" of a person's own session: grants of other roles are not the
        client's, though they are its person's."""
        return self.role if self.session.startswith(CLIENT_SESSION) else ""


class _Confirmation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """RFC 8705 §3.1: base64url of the certificate's SHA-256, without padding."""

    thumbprint: str = msgspec.field(name="x5t#S256")


class _Payload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The JWT's claims as they stand in it."""

    sub: str
    sid: str
    tenant: int
    role: str
    mfa: bool
    iat: int
    exp: int
    aud: str
    cnf: _Confirmation | None = None


class _Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    alg: str
    typ: str = ""


def new_key() -> tuple[bytes, bytes]:
    """A fresh Ed25519 pair as PEM: (private, public)."""
    key = OKPKey.generate_key("Ed25519")
    return key.as_pem(private=True), key.as_pem(private=False)


def issue(  # each is a claim
    key: bytes,
    *,
    person: int,
    session: str,
    tenant: int,
    role: str,
    mfa: bool,
    now_s: int,
    life_s: int = LIFE_S,
    bound: bytes = b"",
) -> str:
    """A token signed with `key` (Ed25519 private key, PEM) that lives `life_s` (at most 300) from `now_s`; `bound` SHA-256
    of the one client certificate that it is good with."""
    if not 0 < life_s <= TOKEN_LIFE_S_MAX:
        raise ValueError(f"a token lives 1 to {TOKEN_LIFE_S_MAX} s, not {life_s}")
    claims: dict[str, Any] = {
        "sub": str(person),
        "sid": session,
        "tenant": tenant,
        "role": role,
        "mfa": mfa,
        "iat": now_s,
        "exp": now_s + life_s,
        "aud": AUDIENCE,
    }
    if bound:
        claims["cnf"] = {"x5t#S256": base64.urlsafe_b64encode(bound).rstrip(b"=").decode()}
    return jwt.encode({"alg": ALGORITHM, "typ": TYPE}, claims, OKPKey.import_key(key), registry=_REGISTRY)


class Verifier:
    """Verifies tokens with the issuer's public key (PEM). Not thread-safe.

    A token that verified is remembered by its text until it expires (a signature takes some 150 µs), at most
    `TOKENS_KEPT_MAX` of them. KEY_NOT_USABLE unless the key is an Ed25519 public key.
    """

    def __init__(self, public: bytes) -> None:
        if len(public) > KEY_FILE_BYTES_MAX:
            raise YunhaiError(KEY_NOT_USABLE)
        try:
            known = serialization.load_pem_public_key(public)
        except (ValueError, UnsupportedAlgorithm):
            raise YunhaiError(KEY_NOT_USABLE) from None
        if not isinstance(known, Ed25519PublicKey):
            raise YunhaiError(KEY_NOT_USABLE)
        self._key = OKPKey.import_key(public)
        self._kept: OrderedDict[str, Claims] = OrderedDict()

    def claims(self, token: str, *, now_s: float) -> Claims:
        """What a token says. Its own error for each fault: TOKEN_MISSING, TOKEN_MALFORMED, TOKEN_ALGORITHM, TOKEN_TYPE,
        TOKEN_SIGNATURE, TOKEN_AUDIENCE, TOKEN_CLAIMS, TOKEN_EXPIRED, in this order."""
        known = self._kept.get(token)
        if known is None:
            known = self._verified(token, now_s)
            self._kept[token] = known
            if len(self._kept) > TOKENS_KEPT_MAX:
                self._kept.popitem(last=False)
        if known.expires <= now_s:
            self._kept.pop(token, None)
            raise YunhaiError(TOKEN_EXPIRED)
        return known

    def _verified(self, token: str, now_s: float) -> Claims:
        if not token:
            raise YunhaiError(TOKEN_MISSING)
        if len(token) > TOKEN_BYTES_MAX or not token.isascii() or token.count(".") != 2:
            raise YunhaiError(TOKEN_MALFORMED)
        self._require_header(token)
        try:
            content = jws.deserialize_compact(token, self._key, registry=_REGISTRY)
        except BadSignatureError:
            raise YunhaiError(TOKEN_SIGNATURE) from None
        except (JoseError, ValueError):
            raise YunhaiError(TOKEN_MALFORMED) from None
        return _claims_of(content.payload or b"", now_s)

    def _require_header(self, token: str) -> None:
        try:
            raw = jws.extract_compact(token.encode()).headers()
            header = msgspec.convert(raw, _Header)
        except (JoseError, ValueError, msgspec.ValidationError):
            raise YunhaiError(TOKEN_MALFORMED) from None
        if header.alg != ALGORITHM:
            raise YunhaiError(TOKEN_ALGORITHM)
        if header.typ != TYPE:
            raise YunhaiError(TOKEN_TYPE)


def _claims_of(payload: bytes, now_s: float) -> Claims:
    try:
        whole = msgspec.json.decode(payload)
    except msgspec.DecodeError:
        raise YunhaiError(TOKEN_MALFORMED) from None
    if not isinstance(whole, dict) or whole.get("aud") != AUDIENCE:
        raise YunhaiError(TOKEN_AUDIENCE)
    try:
        said = msgspec.convert(whole, _Payload)
    except msgspec.ValidationError as problem:
        raise YunhaiError(TOKEN_CLAIMS, claim=str(problem)) from None
    person = int(said.sub) if said.sub.isascii() and said.sub.isdigit() and len(said.sub) <= 10 else 0
    if not 0 < person < 2**32:
        raise YunhaiError(TOKEN_CLAIMS, claim="sub")
    if not 0 <= said.tenant < 2**32:
        raise YunhaiError(TOKEN_CLAIMS, claim="tenant")
    if said.iat > now_s + EARLY_S:
        raise YunhaiError(TOKEN_CLAIMS, claim="iat")
    if not 0 < said.exp - said.iat <= TOKEN_LIFE_S_MAX:
        raise YunhaiError(TOKEN_CLAIMS, claim="exp")
    try:
        bound = base64.b64decode(f"{said.cnf.thumbprint}=", altchars=b"-_", validate=True) if said.cnf else b""
    except binascii.Error:
        raise YunhaiError(TOKEN_CLAIMS, claim="cnf") from None
    if said.cnf and len(bound) != _THUMBPRINT_BYTES:
        raise YunhaiError(TOKEN_CLAIMS, claim="cnf")
    return Claims(
        bound=bound,
        person=person,
        session=said.sid,
        tenant=said.tenant,
        role=said.role,
        mfa=said.mfa,
        issued=said.iat,
        expires=said.exp,
    )


class Revocations:
    """Which sessions are over: what `SessionRevoked` facts said, the latest for each person and session.

    `before`: by person, by session ("" for every session), wall ms; given, it is looked at and not copied, so that the
    books' own table can be used."""

    __slots__ = ("_before",)

    def __init__(self, before: dict[int, dict[str, int]] | None = None) -> None:
        self._before = {} if before is None else before

    def take(self, fact: SessionRevoked) -> None:
        """From now on tokens issued before `fact.before` (wall ms) are dead."""
        sessions = self._before.setdefault(fact.person, {})
        sessions[fact.session] = max(fact.before, sessions.get(fact.session, 0))

    def require(self, claims: Claims) -> None:
        """TOKEN_REVOKED if the session, or every session of the person, was revoked after the token was issued.

        A token's time is in whole seconds, so one of the very second of the revocation is dead too."""
        sessions = self._before.get(claims.person)
        if sessions and claims.issued * 1_000 < max(sessions.get(claims.session, 0), sessions.get("", 0)):
            raise YunhaiError(TOKEN_REVOKED)
