"""The second factor of a signature: a code of the authenticator app, or a passkey's answer to a challenge made of the hashes.

Both are checked by what allauth keeps. A code counts once, in whichever process: it is marked in the database
(`identity.codes`), as a code that opens a session or gives a program leave is, so that none does another's work too. A
passkey's challenge is the SHA-256 of a random part and the very hashes: what the device signs is the wish to sign these and no
others. The state of a challenge travels with the client, signed.
"""

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from allauth.core import ratelimit
from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.utils import decrypt
from allauth.mfa.webauthn.internal import auth as webauthn
from django.core import signing
from django.http import HttpRequest
from fido2.utils import websafe_encode
from fido2.webauthn import UserVerificationRequirement

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import ACTIVATION_SECONDS_MAX
from yunhai.platform.identity.codes import mark_used
from yunhai.platform.identity.models import Person
from yunhai.services.trust.errors import CHALLENGE_STALE, FACTOR_MISSING, FACTOR_USED, FACTOR_WRONG, TOO_MANY_TRIES

SALT: Final = "yunhai.trust.challenge"
TOTP: Final = "totp"
PASSKEY: Final = "passkey"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A factor that was given. `proof` hex: the same again is the same factor."""

    factor: str
    proof: str


def kinds_of(person: Person) -> tuple[str, ...]:
    """Which factors a person has."""
    found = set(Authenticator.objects.filter(user=person).values_list("type", flat=True))
    kinds = ((TOTP, Authenticator.Type.TOTP), (PASSKEY, Authenticator.Type.WEBAUTHN))
    return tuple(name for name, kind in kinds if kind in found)


def check(
    request: HttpRequest, person: Person, hashes: Sequence[bytes], *, code: str = "", answer: Any = None
) -> Given:
    """The factor given for these hashes: an app's `code`, or the passkey's `answer` {state, response}.

    FACTOR_MISSING, TOO_MANY_TRIES, FACTOR_WRONG, FACTOR_USED, CHALLENGE_STALE."""
    if not kinds_of(person):
        raise YunhaiError(FACTOR_MISSING)
    if not ratelimit.consume(request, action="login_failed", key=f"mfa-auth-user-{person.pk}", dry_run=True):
        raise YunhaiError(TOO_MANY_TRIES)
    try:
        return _by_passkey(person, hashes, answer) if answer is not None else _by_code(person, code)
    except YunhaiError as refused:
        if refused.code == FACTOR_WRONG:
            ratelimit.consume(request, action="login_failed", key=f"mfa-auth-user-{person.pk}")
        raise


def _by_code(person: Person, code: str) -> Given:
    for one in Authenticator.objects.filter(user=person, type=Authenticator.Type.TOTP):
        secret = decrypt(one.data["secret"])
        for counter in totp.yield_hotp_counters_from_time():
            value = totp.format_hotp_value(totp.hotp_value(secret, counter))
            if compare_user_code(actual=code, expected=value):
                if not mark_used(one, code):
                    raise YunhaiError(FACTOR_USED)
                return Given(factor=TOTP, proof=hashlib.sha256(f"{TOTP}|{one.pk}|{counter}".encode()).hexdigest())
    raise YunhaiError(FACTOR_WRONG)


# --- passkeys ----------------------------------------------------------------------------------------------------------


def challenge(person: Person, hashes: Sequence[bytes]) -> dict[str, Any]:
    """What a passkey is asked, as WebAuthn options, and the `state` to hand back with its answer. FACTOR_MISSING."""
    if PASSKEY not in kinds_of(person):
        raise YunhaiError(FACTOR_MISSING)
    salt = secrets.token_bytes(16)
    options, state = webauthn.get_server().authenticate_begin(
        credentials=webauthn.get_credentials(person),
        user_verification=UserVerificationRequirement(app_settings.WEBAUTHN_USER_VERIFICATION),
        challenge=challenge_bytes(salt, hashes),
    )
    kept = signing.dumps([person.pk, salt.hex(), dict(state)], salt=SALT)
    return {"options": _plain(dict(options)), "state": kept}


def _plain(value: Any) -> Any:
    """WebAuthn's options as JSON: bytes as base64url."""
    if isinstance(value, bytes):
        return websafe_encode(value)
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if hasattr(value, "items"):
        return {str(name): _plain(one) for name, one in value.items() if one is not None}
    return value


def challenge_bytes(salt: bytes, hashes: Sequence[bytes]) -> bytes:
    """A challenge that is of these hashes, in this order, and of nothing else."""
    return hashlib.sha256(salt + b"".join(hashes)).digest()


def _by_passkey(person: Person, hashes: Sequence[bytes], answer: Any) -> Given:
    if isinstance(answer, str):
        try:
            answer = json.loads(answer)
        except ValueError:
            answer = None
    if not isinstance(answer, dict):
        raise YunhaiError(FACTOR_WRONG)
    try:
        whose, salt, state = signing.loads(str(answer.get("state", "")), salt=SALT, max_age=ACTIVATION_SECONDS_MAX)
    except (signing.BadSignature, ValueError):
        raise YunhaiError(CHALLENGE_STALE) from None
    asked = challenge_bytes(bytes.fromhex(salt), hashes)
    server = webauthn.get_server()
    if whose != person.pk or state.get("challenge") != websafe_encode(asked):
        raise YunhaiError(CHALLENGE_STALE)
    try:
        server.authenticate_complete(state, webauthn.get_credentials(person), answer.get("response") or {})
    except (ValueError, TypeError, KeyError):
        raise YunhaiError(FACTOR_WRONG) from None
    return Given(factor=PASSKEY, proof=hashlib.sha256(PASSKEY.encode() + asked).hexdigest())
