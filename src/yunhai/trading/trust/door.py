"""What the origin tells the parts about who came in by mutual TLS: one header, that nobody else can write.

Its value is the door's secret and the SHA-256 of the client's certificate, `SECRET:HEX`. The origin takes whatever came under
that name off every request; the secret (the credential `door.key`) keeps apart who would write it under a like name, or reach
a part's socket past the origin. The origin has proven possession of the key and the path to our CA; whether the certificate is
registered, alive and meant for this is the parts' to know, from the journal's facts or the tables.
"""

import binascii
import hmac
from typing import Final

DOOR_HEADER: Final = "X-Yunhai-Door"
_HEX: Final = 64


class Door:
    """Reads the header. Without a secret nobody came by a certificate."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        self._secret = secret.strip()

    def fingerprint(self, value: str | None) -> bytes | None:
        """SHA-256 of the client's certificate, 32 bytes; None if nobody says so who may."""
        if not value or not self._secret or not value.isascii():
            return None
        secret, _, said = value.rpartition(":")
        if not hmac.compare_digest(secret.encode(), self._secret) or len(said) != _HEX:
            return None
        try:
            return binascii.unhexlify(said)
        except binascii.Error:
            return None

    def header(self, fingerprint: bytes) -> str:
        """The header's value, for the origin's stand-in in tests."""
        return f"{self._secret.decode()}:{fingerprint.hex()}"
