"""The one encoding of our two SignedData, written in DER by hand: an instruction's CMS and a time-stamp token.

asn1crypto encodes what is nested in new values again at every level, so that a token takes it a tenth of a second; these few
lines take microseconds, and say byte for byte what is allowed.
"""

from collections.abc import Sequence
from typing import Final


def tlv(tag: int, *parts: bytes) -> bytes:
    """A value with a one-byte tag, its length in the shortest form."""
    content = b"".join(parts)
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(size))) + size + content


def sequence(*parts: bytes) -> bytes:
    """SEQUENCE."""
    return tlv(0x30, *parts)


def set_of(*parts: bytes) -> bytes:
    """SET OF, in DER's order."""
    return tlv(0x31, *sorted(parts))


_SIGNED_DATA: Final = bytes.fromhex("06092a864886f70d010702")
_ONE: Final = b"\x02\x01\x01"
_STAMP_ATTRIBUTE: Final = bytes.fromhex("060b2a864886f70d010910020e")  # signature-time-stamp-token
DATA: Final = bytes.fromhex("06092a864886f70d010701")
TST_INFO: Final = bytes.fromhex("060b2a864886f70d0109100104")
SHA256: Final = bytes.fromhex("300b0609608648016503040201")
"""With its parameters left out (RFC 5754 §2)."""
ECDSA_SHA256: Final = bytes.fromhex("300a06082a8648ce3d040302")


def encoded(
    *,
    content_type: bytes,
    content: bytes,
    certificates: Sequence[bytes],
    signer: bytes,
    attributes: bytes,
    signature: bytes,
    token: bytes | None = None,
) -> bytes:
    """A ContentInfo of a SignedData with one signer, SHA-256 and ECDSA. `content_type` the DER of its identifier; `certificates`
    DER; `signer` the IssuerAndSerialNumber, `attributes` the SET OF that is signed, `signature` DER (r, s); `token` a time stamp
    over the signature."""
    unsigned = b"" if token is None else tlv(0xA1, sequence(_STAMP_ATTRIBUTE, set_of(token)))
    version = _ONE if content_type == DATA else b"\x02\x01\x03"
    info = sequence(
        _ONE,
        signer,
        SHA256,
        b"\xa0" + attributes[1:],
        ECDSA_SHA256,
        tlv(0x04, signature),
        unsigned,
    )
    data = sequence(
        version,
        set_of(SHA256),
        sequence(content_type, tlv(0xA0, tlv(0x04, content))),
        tlv(0xA0, *sorted(certificates)),
        set_of(info),
    )
    return sequence(_SIGNED_DATA, tlv(0xA0, data))


def named(issuer: bytes, serial: bytes) -> bytes:
    """IssuerAndSerialNumber of the DER of both."""
    return sequence(issuer, serial)
