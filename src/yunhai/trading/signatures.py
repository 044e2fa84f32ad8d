"""Signatures of instructions: ECDSA P-256 with SHA-256 over the DER of the CMS signed attributes.

On the wire and in the record a signature is r ‖ s, 64 bytes, as WebCrypto makes it; a public key is its uncompressed
point, 65 bytes. Both r and s must lie in [1, n − 1]. A signature (r, n − s) of the same text is as good as (r, s): signers
do not agree on one of the two, and since the text is taken once, a second signature of it changes nothing.

`Verifier` keeps decoded keys, up to a bound. Nothing here draws random numbers but `new_key` and `sign`, which are for
clients, tests and drivers.
"""

import hashlib
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from yunhai.kernel.limits import PUBLIC_KEYS_CACHED_MAX
from yunhai.trading.instructions import signed_attributes

SIGNATURE_BYTES: Final = 64
POINT_BYTES: Final = 65
_HALF: Final = SIGNATURE_BYTES // 2
_N: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The order of P-256."""
_ALGORITHM: Final = ec.ECDSA(SHA256())
_CURVE: Final = ec.SECP256R1()


def der_of(raw: bytes) -> bytes | None:
    """DER of r ‖ s; None if it is not 64 bytes or r or s is out of range."""
    if len(raw) != SIGNATURE_BYTES:
        return None
    r, s = int.from_bytes(raw[:_HALF], "big"), int.from_bytes(raw[_HALF:], "big")
    if not (0 < r < _N and 0 < s < _N):
        return None
    return encode_dss_signature(r, s)


def raw_of(der: bytes) -> bytes:
    """r ‖ s of a DER signature. ValueError if it is none of P-256."""
    r, s = decode_dss_signature(der)
    if not (0 < r < _N and 0 < s < _N):
        raise ValueError("r or s is out of range")
    return r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")


def public_key(point: bytes) -> ec.EllipticCurvePublicKey:
    """The key of an uncompressed point. ValueError if it is not 65 bytes or not on the curve."""
    if len(point) != POINT_BYTES or point[0] != 4:
        raise ValueError("not an uncompressed point of P-256")
    return ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, point)


class Verifier:
    """Checks signatures, with the decoded keys of those who signed last. Not thread-safe."""

    __slots__ = ("_keys", "_most")

    def __init__(self, *, most: int = PUBLIC_KEYS_CACHED_MAX) -> None:
        self._keys: dict[bytes, ec.EllipticCurvePublicKey] = {}
        self._most = most

    def _key(self, point: bytes) -> ec.EllipticCurvePublicKey:
        key = self._keys.get(point)
        if key is None:
            key = public_key(point)
            if len(self._keys) >= self._most:
                del self._keys[next(iter(self._keys))]
            self._keys[point] = key
        return key

    def verify(self, point: bytes, attributes: bytes, signature: bytes) -> bool:
        """Whether `signature` (r ‖ s) over the DER of the signed attributes is of the key with that point."""
        der = der_of(signature)
        if der is None:
            return False
        try:
            self._key(point).verify(der, attributes, _ALGORITHM)
        except (InvalidSignature, ValueError):
            return False
        return True


_verifier: Final = Verifier()
_proven: Final[dict[tuple[bytes, bytes, bytes], bool]] = {}


def verify(point: bytes, attributes: bytes, signature: bytes) -> bool:
    """`Verifier.verify` with this process's cache; what was noted of the very same three is taken."""
    found = _proven.get((point, attributes, signature)) if _proven else None
    return _verifier.verify(point, attributes, signature) if found is None else found


def note(point: bytes, attributes: bytes, signature: bytes, *, right: bool) -> None:
    """What a process of ours found ahead; `verify` takes it until `forget`."""
    _proven[point, attributes, signature] = right


def forget(point: bytes, attributes: bytes, signature: bytes) -> None:
    """Drop what was noted."""
    _proven.pop((point, attributes, signature), None)


def new_key() -> ec.EllipticCurvePrivateKey:
    """A new signing key, for clients, tests and drivers."""
    return ec.generate_private_key(_CURVE)


def key_from_seed(seed: bytes) -> ec.EllipticCurvePrivateKey:
    """A key that depends on `seed` only: for drivers and tests whose keys must be the same again, never for a person."""
    number = int.from_bytes(hashlib.sha512(b"yunhai-signing-key/" + seed).digest(), "big")
    return ec.derive_private_key(1 + number % (_N - 1), _CURVE)


def point_of(key: ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey) -> bytes:
    """The public point, 65 bytes uncompressed, as a KeySet fact has it."""
    public = key.public_key() if isinstance(key, ec.EllipticCurvePrivateKey) else key
    return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def sign(key: ec.EllipticCurvePrivateKey, text: bytes) -> bytes:
    """r ‖ s over the signed attributes of a canonical text."""
    return raw_of(key.sign(signed_attributes(text), _ALGORITHM))
