"""Signature activation 簽章啟用資料 (SAD): the word of the web that one key may sign these very hashes, once, within a minute.

The web makes one after a second factor was given; the trust process, the only one that reaches the keys, takes it and burns
it. It is a JWT signed with Ed25519 by `activation.key`, which the web alone has; the trust process has `activation.pub`. It
names one key of the HSM, the SHA-256 hashes (at most ACTIVATION_HASHES_MAX, each once) and two times; who may sign what was
decided before it was made. `Verifier` says whether it is right, `Burned` whether it is used: a hash of an activation is
signed once, and after a restart nothing that was made before it is taken.
"""

import base64
import binascii
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc import jws, jwt
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import OKPKey

from yunhai.kernel.errors import YunhaiError, register, rows
from yunhai.kernel.limits import ACTIVATION_BYTES_MAX, ACTIVATION_HASHES_MAX, ACTIVATION_SECONDS_MAX, KEY_FILE_BYTES_MAX

ALGORITHM: Final = "Ed25519"
AUDIENCE: Final = "yunhai-activation"
HASH_BYTES: Final = 32
EARLY_S: Final = 5
"""How far ahead of this clock the web's may be: the two are of one machine."""

MALFORMED: Final = 7880
WRONG_SIGNATURE: Final = 7881
EXPIRED: Final = 7882
OTHER_KEY: Final = 7883
OTHER_HASH: Final = 7884
USED: Final = 7885

_AGAIN: Final = ("請重新確認後再簽。", "Confirm again, then sign.")
register(
    *rows(
        (MALFORMED, "activation-malformed", None, 400, "簽章啟用資料格式不符", "The activation is not one", *_AGAIN),
        (
            WRONG_SIGNATURE,
            "activation-not-ours",
            None,
            403,
            "簽章啟用資料不是本平台所發",
            "The activation was not made here",
            *_AGAIN,
        ),
        (
            EXPIRED,
            "activation-expired",
            None,
            403,
            "簽章啟用資料已逾 {seconds} 秒",
            "The activation is older than {seconds} s",
            *_AGAIN,
        ),
        (
            OTHER_KEY,
            "activation-of-another-key",
            None,
            403,
            "簽章啟用資料屬於另一把金鑰",
            "The activation is for another key",
            *_AGAIN,
        ),
        (
            OTHER_HASH,
            "activation-of-another-hash",
            None,
            403,
            "簽章啟用資料不含此雜湊",
            "The activation is for other hashes",
            *_AGAIN,
        ),
        (USED, "activation-used", None, 403, "簽章啟用資料已使用過", "The activation is used already", *_AGAIN),
    )
)
_REGISTRY: Final = jws.JWSRegistry(algorithms=[ALGORITHM])


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """`number` names it, 32 hex digits; `key` the key's label in the HSM; times in seconds since 1970."""

    number: str
    key: str
    hashes: tuple[bytes, ...]
    issued: int
    expires: int


class _Payload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    jti: str
    key: str
    hashes: tuple[str, ...]
    iat: int
    exp: int
    aud: str


def new_pair() -> tuple[bytes, bytes]:
    """A fresh Ed25519 pair as PEM: (`activation.key`, `activation.pub`)."""
    key = OKPKey.generate_key("Ed25519")
    return key.as_pem(private=True), key.as_pem(private=False)


def public_of(private: bytes) -> bytes:
    """`activation.pub` of an `activation.key`."""
    return OKPKey.import_key(private).as_pem(private=False)


def made(private: bytes, *, key: str, hashes: Iterable[bytes], now_s: int, number: str = "") -> str:
    """An activation of `key` for `hashes`, good for ACTIVATION_SECONDS_MAX from `now_s`; its `number` random unless given.
    ValueError for no hash, too many,
    one twice, or one that is not 32 bytes."""
    wanted = tuple(hashes)
    if not 0 < len(wanted) <= ACTIVATION_HASHES_MAX or len(set(wanted)) != len(wanted):
        raise ValueError(f"an activation is for 1 to {ACTIVATION_HASHES_MAX} different hashes")
    if any(len(one) != HASH_BYTES for one in wanted):
        raise ValueError("a hash is 32 bytes")
    claims: dict[str, Any] = {
        "jti": number or secrets.token_hex(16),
        "key": key,
        "hashes": [_text(one) for one in wanted],
        "iat": now_s,
        "exp": now_s + ACTIVATION_SECONDS_MAX,
        "aud": AUDIENCE,
    }
    return jwt.encode({"alg": ALGORITHM, "typ": "JWT"}, claims, OKPKey.import_key(private), registry=_REGISTRY)


class Verifier:
    """Verifies activations with `activation.pub`. ValueError unless that is an Ed25519 public key."""

    def __init__(self, public: bytes) -> None:
        if len(public) > KEY_FILE_BYTES_MAX:
            raise ValueError("not an Ed25519 public key")
        try:
            known = serialization.load_pem_public_key(public)
        except UnsupportedAlgorithm as problem:
            raise ValueError(str(problem)) from None
        if not isinstance(known, Ed25519PublicKey):
            raise ValueError("not an Ed25519 public key")
        self._key = OKPKey.import_key(public)

    def activation(self, text: str, *, key: str, digest: bytes, now_s: float) -> Activation:
        """The activation, if it is one of ours and lets `key` sign `digest` now. MALFORMED, WRONG_SIGNATURE, EXPIRED,
        OTHER_KEY, OTHER_HASH, in this order."""
        found = self.read(text)
        if not found.issued - EARLY_S <= now_s < found.expires:
            raise YunhaiError(EXPIRED, seconds=ACTIVATION_SECONDS_MAX)
        if found.key != key:
            raise YunhaiError(OTHER_KEY)
        if digest not in found.hashes:
            raise YunhaiError(OTHER_HASH)
        return found

    def read(self, text: str) -> Activation:
        """What it says, if its signature is right. MALFORMED, WRONG_SIGNATURE."""
        if len(text) > ACTIVATION_BYTES_MAX or not text.isascii() or text.count(".") != 2:
            raise YunhaiError(MALFORMED)
        try:
            content = jws.deserialize_compact(text, self._key, registry=_REGISTRY)
        except BadSignatureError:
            raise YunhaiError(WRONG_SIGNATURE) from None
        except (JoseError, ValueError):
            raise YunhaiError(MALFORMED) from None
        try:
            said = msgspec.json.decode(content.payload or b"", type=_Payload)
            hashes = tuple(_bytes(one) for one in said.hashes)
        except (msgspec.MsgspecError, binascii.Error):
            raise YunhaiError(MALFORMED) from None
        life = said.exp - said.iat
        if said.aud != AUDIENCE or not 0 < life <= ACTIVATION_SECONDS_MAX or len(hashes) > ACTIVATION_HASHES_MAX:
            raise YunhaiError(MALFORMED)
        return Activation(number=said.jti, key=said.key, hashes=hashes, issued=said.iat, expires=said.exp)


class Burned:
    """Which hashes of which activations are signed. Not thread-safe. `since` (seconds): when this process began; what was
    made in that second or before is taken as used, because what an earlier process burned is not known."""

    def __init__(self, *, since: float) -> None:
        self._since = since
        self._used: dict[tuple[str, bytes], int] = {}

    def burn(self, activation: Activation, digest: bytes, *, now_s: float) -> None:
        """Take one hash of an activation, before it is signed. USED."""
        if self._used and next(iter(self._used.values())) <= now_s:
            self._used = {one: until for one, until in self._used.items() if until > now_s}
        if activation.issued <= self._since or (activation.number, digest) in self._used:
            raise YunhaiError(USED)
        self._used[activation.number, digest] = activation.expires

    def __len__(self) -> int:
        return len(self._used)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    """32 bytes of base64url. binascii.Error."""
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if len(raw) != HASH_BYTES:
        raise binascii.Error("not a hash")
    return raw
