"""Tokens: each fault has its own number, and nothing but the one form passes."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import OKPKey

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import TOKEN_BYTES_MAX
from yunhai.trading import tokens
from yunhai.trading.facts import SessionRevoked
from yunhai.trading.tokens import Claims, Revocations, Verifier

NOW = 1_790_000_000
PRIVATE, PUBLIC = tokens.new_key()
OTHER, _ = tokens.new_key()


def good(**claims: Any) -> str:
    said: dict[str, Any] = {"person": 5, "session": "s", "tenant": 7, "role": "investor", "mfa": True, "now_s": NOW}
    return tokens.issue(PRIVATE, **(said | claims))


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def made(header: dict[str, Any], claims: Any, key: bytes = PRIVATE) -> str:
    """A token of any header and claims, rightly signed."""
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    registry = jws.JWSRegistry(algorithms=["Ed25519"], strict_check_header=False)
    return jws.serialize_compact(header, payload, OKPKey.import_key(key), registry=registry)


HEADER = {"alg": "Ed25519", "typ": "JWT"}
CLAIMS = {
    "sub": "5",
    "sid": "s",
    "tenant": 7,
    "role": "investor",
    "mfa": True,
    "iat": NOW,
    "exp": NOW + 300,
    "aud": "yunhai",
}


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in CLAIMS.items() if key != name}


def altered(token: str) -> str:
    head, _, signature = token.split(".")
    return f"{head}.{part(CLAIMS | {'sub': '6'})}.{signature}"


def hs256() -> str:
    """The classic confusion: the public key used as the secret of an HMAC."""
    signed = f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(CLAIMS)}"
    return f"{signed}.{part(hmac.digest(PUBLIC, signed.encode(), 'sha256'))}"


FAULTS: list[tuple[str, Callable[[], str], int]] = [
    ("nothing", lambda: "", 6520),
    ("no parts", lambda: "abc", 6521),
    ("two parts", lambda: "a.b", 6521),
    ("not base64", lambda: "!!.!!.!!", 6521),
    ("too long", lambda: "a" * TOKEN_BYTES_MAX + ".b.c", 6521),
    ("not ASCII", lambda: good() + "é", 6521),
    ("a header too many", lambda: f"{part(HEADER | {'crit': ['x']})}.{part(CLAIMS)}.{part(b'0' * 64)}", 6521),
    ("alg none", lambda: f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(CLAIMS)}.", 6522),
    ("alg HS256 with the public key", hs256, 6522),
    ("alg EdDSA", lambda: f"{part({'alg': 'EdDSA', 'typ': 'JWT'})}.{part(CLAIMS)}.{part(b'0' * 64)}", 6522),
    ("another type", lambda: made({"alg": "Ed25519", "typ": "at+jwt"}, CLAIMS), 6527),
    ("no type", lambda: made({"alg": "Ed25519"}, CLAIMS), 6527),
    ("another key", lambda: made(HEADER, CLAIMS, OTHER), 6523),
    ("altered claims", lambda: altered(good()), 6523),
    ("another audience", lambda: made(HEADER, CLAIMS | {"aud": "other"}), 6525),
    ("a list of audiences", lambda: made(HEADER, CLAIMS | {"aud": ["yunhai"]}), 6525),
    ("no audience", lambda: made(HEADER, without("aud")), 6525),
    ("claims no object", lambda: made(HEADER, [1]), 6525),
    ("claims no JSON", lambda: made(HEADER, b"\xff"), 6521),
    ("expired", lambda: good(now_s=NOW - 300), 6524),
    ("no expiry", lambda: made(HEADER, without("exp")), 6526),
    ("lives too long", lambda: made(HEADER, CLAIMS | {"exp": NOW + 301}), 6526),
    ("ends before it begins", lambda: made(HEADER, CLAIMS | {"exp": NOW}), 6526),
    ("issued in the future", lambda: good(now_s=NOW + 31), 6526),
    ("expiry as text", lambda: made(HEADER, CLAIMS | {"exp": str(NOW + 300)}), 6526),
    ("no subject", lambda: made(HEADER, without("sub")), 6526),
    ("subject no number", lambda: made(HEADER, CLAIMS | {"sub": "Anne"}), 6526),
    ("subject 0", lambda: made(HEADER, CLAIMS | {"sub": "0"}), 6526),
    ("subject too large", lambda: made(HEADER, CLAIMS | {"sub": str(2**32)}), 6526),
    ("tenant too large", lambda: made(HEADER, CLAIMS | {"tenant": 2**32}), 6526),
    ("a claim too many", lambda: made(HEADER, CLAIMS | {"admin": True}), 6526),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "token", "code"), FAULTS, ids=[name for name, _, _ in FAULTS])
def test_each_fault_has_its_number(name: str, token: Callable[[], str], code: int) -> None:
    verifier = Verifier(PUBLIC)
    for _ in range(2):  # a refused one is not remembered as good
        with pytest.raises(YunhaiError) as refused:
            verifier.claims(token(), now_s=NOW)
        assert refused.value.code == code


def test_a_good_token_says_who() -> None:
    found = Verifier(PUBLIC).claims(good(), now_s=NOW + 299)
    assert found == Claims(person=5, session="s", tenant=7, role="investor", mfa=True, issued=NOW, expires=NOW + 300)


def test_a_remembered_token_expires_all_the_same() -> None:
    verifier, token = Verifier(PUBLIC), good()
    verifier.claims(token, now_s=NOW)
    with pytest.raises(YunhaiError) as refused:
        verifier.claims(token, now_s=NOW + 300)
    assert refused.value.code == 6524


def test_verifying_twice_is_quick() -> None:
    verifier, token = Verifier(PUBLIC), good()
    verifier.claims(token, now_s=NOW)
    began = time.thread_time()
    for _ in range(1000):
        verifier.claims(token, now_s=NOW)
    assert time.thread_time() - began < 0.1


@pytest.mark.parametrize(
    ("session", "before", "dead"),
    [
        ("s", NOW * 1000 + 1, True),
        ("s", NOW * 1000, False),
        ("", NOW * 1000 + 1, True),
        ("other", NOW * 1000 + 1, False),
    ],
)
def test_revoked_sessions_are_dead(session: str, before: int, dead: bool) -> None:
    claims = Verifier(PUBLIC).claims(good(), now_s=NOW)
    revocations = Revocations()
    revocations.require(claims)
    revocations.take(SessionRevoked(person=5, session=session, before=before))
    revocations.take(
        SessionRevoked(person=5, session=session, before=before - 5_000)
    )  # an earlier one takes nothing back
    if not dead:
        revocations.require(claims)
        return
    with pytest.raises(YunhaiError) as refused:
        revocations.require(claims)
    assert refused.value.code == 6528


def test_only_an_ed25519_public_key_will_do() -> None:
    for key in (b"", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", b"x" * 20_000):
        with pytest.raises(YunhaiError) as refused:
            Verifier(key)
        assert refused.value.code == 6538
    with pytest.raises(ValueError, match="300"):
        good(life_s=301)
