"""Signing an instruction with a P-256 key, as a browser does with WebCrypto.

What is signed is the DER of the CMS signed attributes over the SHA-256 of the canonical text
(`yunhai.trading.instructions`), so the gate's verifier and every later proof take the same bytes.
"""

import base64
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from yunhai.client import failures
from yunhai.kernel.errors import YunhaiError
from yunhai.trading.instructions import Instruction, SignedInstruction, canonical, signed_attributes

HALF: Final = 32
_ALGORITHM: Final = ec.ECDSA(hashes.SHA256())


class Signer:
    """A private key with the id under which its public half is registered."""

    __slots__ = ("_private", "key")

    def __init__(self, private: ec.EllipticCurvePrivateKey, *, key: int) -> None:
        """YunhaiError 7404 for a key of another curve."""
        if not isinstance(private, ec.EllipticCurvePrivateKey) or private.curve.name != "secp256r1":
            raise _unusable("not P-256", "不是 P-256")
        self._private = private
        self.key = key

    @classmethod
    def generate(cls, *, key: int = 0) -> Self:
        """A new key. Register `public`, then use `numbered` with the id it got."""
        return cls(ec.generate_private_key(ec.SECP256R1()), key=key)

    @classmethod
    def from_pem(cls, pem: bytes, *, key: int, password: bytes | None = None) -> Self:
        """YunhaiError 7404 if it is no private P-256 key."""
        try:
            private = serialization.load_pem_private_key(pem, password)
        except (ValueError, TypeError) as error:
            raise _unusable(str(error), "無法讀取") from None
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise _unusable("not P-256", "不是 P-256")
        return cls(private, key=key)

    def numbered(self, key: int) -> "Signer":
        """The same private key under another id."""
        return Signer(self._private, key=key)

    def pem(self, password: bytes | None = None) -> bytes:
        """PKCS#8, encrypted if a password is given. Keep it where only its owner reads."""
        protection: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if password is not None:
            protection = serialization.BestAvailableEncryption(password)
        return self._private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)

    @property
    def public(self) -> bytes:
        """The point, 65 bytes uncompressed, as it is registered."""
        return self._private.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )

    def sign(self, instruction: Instruction) -> SignedInstruction:
        """Sign exactly what the instruction says; its `key` should be this signer's."""
        return SignedInstruction(
            instruction=instruction, signature=self._signature(signed_attributes(canonical(instruction)))
        )

    def prove(self, challenge: str) -> str:
        """The signature of a challenge's text, which shows that the private key is here (`POST /api/v1/keys`)."""
        return self._signature(challenge.encode())

    def _signature(self, content: bytes) -> str:
        """r ‖ s in base64url without padding."""
        r, s = decode_dss_signature(self._private.sign(content, _ALGORITHM))
        raw = r.to_bytes(HALF, "big") + s.to_bytes(HALF, "big")
        return base64.urlsafe_b64encode(raw)[:86].decode()

    def verifies(self, signed: SignedInstruction) -> bool:
        """Whether a signature is this key's over exactly this instruction."""
        raw = base64.urlsafe_b64decode(signed.signature + "==")
        if len(raw) != 2 * HALF:
            return False
        der = encode_dss_signature(int.from_bytes(raw[:HALF], "big"), int.from_bytes(raw[HALF:], "big"))
        try:
            self._private.public_key().verify(der, signed_attributes(canonical(signed.instruction)), _ALGORITHM)
        except InvalidSignature:
            return False
        return True


def _unusable(reason: str, reason_zh: str) -> YunhaiError:
    return YunhaiError(failures.BAD_KEY, reason=reason, reason_zh=reason_zh)
