"""Writing DER by hand, where one answer must not take milliseconds: a few types, each one line."""

from datetime import UTC, datetime
from typing import Final

NULL: Final = b"\x05\x00"
TRUE: Final = b"\x01\x01\xff"


def tlv(tag: int, *parts: bytes) -> bytes:
    """A value of a tag below 31: its length in the one shortest form."""
    content = b"".join(parts)
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(size))) + size + content


def sequence(*parts: bytes) -> bytes:
    return tlv(0x30, *parts)


def set_of(*parts: bytes) -> bytes:
    """In the order that DER wants."""
    return tlv(0x31, *sorted(parts))


def context(number: int, *parts: bytes) -> bytes:
    """A constructed context-specific value: explicit tags, and implicit ones of what is constructed."""
    return tlv(0xA0 | number, *parts)


def integer(value: int) -> bytes:
    """Not negative."""
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def enumerated(value: int) -> bytes:
    return tlv(0x0A, bytes((value,)))


def octets(content: bytes) -> bytes:
    return tlv(0x04, content)


def bits(content: bytes) -> bytes:
    """A bit string of whole bytes."""
    return tlv(0x03, b"\x00", content)


def identifier(dotted: str) -> bytes:
    """An object identifier."""
    first, second, *rest = (int(part) for part in dotted.split("."))
    return tlv(0x06, *(_base128(part) for part in (first * 40 + second, *rest)))


def _base128(value: int) -> bytes:
    found = bytearray((value & 0x7F,))
    while value := value >> 7:
        found.append(0x80 | value & 0x7F)
    return bytes(reversed(found))


def moment(at: datetime) -> bytes:
    """GeneralizedTime in UTC, with milliseconds where there are any (RFC 3161 §2.4.2: no trailing zeros)."""
    utc = at.astimezone(UTC)
    text = utc.strftime("%Y%m%d%H%M%S")
    if milliseconds := utc.microsecond // 1_000:
        text += f".{milliseconds:03d}".rstrip("0")
    return tlv(0x18, text.encode(), b"Z")


SHA256: Final = sequence(identifier("2.16.840.1.101.3.4.2.1"))
ECDSA_SHA256: Final = sequence(identifier("1.2.840.10045.4.3.2"))
