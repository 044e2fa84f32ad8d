"""Decisions about people and keys, without a database."""

import base64
import binascii
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import KEY_ENCODED_CHARACTERS_MAX
from yunhai.platform.errors import KEY_NOT_P256, KEY_NOT_PROVEN

POINT_BYTES: Final = 65
SIGNATURE_BYTES: Final = 64
TOLD_TO_CORE: Final = frozenset({"investor", "sales", "keyin", "operations", "compliance", "api"})
"""Roles that the order's path knows; an operator works the platform, not the orders."""
CLERKS: Final = frozenset({"sales", "keyin"})
"""Roles whose holders sign for customers."""


def key_kind(wanted: str, roles: frozenset[str]) -> str:
    """The kind of a key that somebody of these roles registers: a program's where they say so; in a browser a clerk's at a
    broker's desk, else a device's."""
    if wanted == "api":
        return wanted
    return "clerk" if roles & CLERKS else "device"


def decoded(text: str) -> bytes | None:
    """base64url with or without padding; None if it is not."""
    if len(text) > KEY_ENCODED_CHARACTERS_MAX:
        return None
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None


def public_point(text: str) -> bytes:
    """The 65 bytes of a P-256 point from base64url of the point or of its SubjectPublicKeyInfo. KEY_NOT_P256."""
    raw = decoded(text)
    if raw is None:
        raise YunhaiError(KEY_NOT_P256)
    try:
        if len(raw) == POINT_BYTES:
            ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
            return raw
        key = load_der_public_key(raw)
    except (ValueError, UnsupportedAlgorithm):
        raise YunhaiError(KEY_NOT_P256) from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise YunhaiError(KEY_NOT_P256)
    numbers = key.public_numbers()
    return b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


def require_proof(point: bytes, challenge: str, proof: str) -> None:
    """KEY_NOT_PROVEN unless `proof` (base64url of r ‖ s) is the key's ECDSA-SHA-256 signature of the challenge's text."""
    raw = decoded(proof)
    if raw is None or len(raw) != SIGNATURE_BYTES:
        raise YunhaiError(KEY_NOT_PROVEN)
    signature = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    try:
        key.verify(signature, challenge.encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise YunhaiError(KEY_NOT_PROVEN) from None
