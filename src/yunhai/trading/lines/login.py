"""A line's login: line number, broker number and password, all three right (study §4.4).

The verifier in the fact `LineSet` is `salt (16) ‖ scrypt(line ‖ broker ‖ password)`, 48 bytes, so that a stolen fact opens no
line and a verifier moved to another line is worth nothing. Outside there is one answer, 6300; which of the three was wrong
stands in the journal only.
"""

import hashlib
import hmac
import secrets
from typing import Final

from yunhai.trading.lines.errors import LINE_CLOSED, UNKNOWN_LINE, WRONG_BROKER, WRONG_PASSWORD

SALT_BYTES: Final = 16
VERIFIER_BYTES: Final = 48
_N, _R, _P = 1 << 14, 8, 1


def verifier_of(line: str, broker: str, password: str, *, salt: bytes | None = None) -> bytes:
    """The verifier of the three; a new random salt unless one is given. Some 50 ms."""
    salt = secrets.token_bytes(SALT_BYTES) if salt is None else salt
    secret = "\0".join((line, broker, password)).encode()
    return salt + hashlib.scrypt(secret, salt=salt, n=_N, r=_R, p=_P, dklen=VERIFIER_BYTES - SALT_BYTES)


def checked_login(
    line: str, broker: str, password: str, *, owner: str | None, verifier: bytes, closed: bool = False
) -> int:
    """0, or the reason inside: 6301 no such line (`owner` None), 6302 not its broker, 6303 not its password, 6304 closed.

    One scrypt is worked whatever is wrong, so that the time taken says nothing."""
    salt = verifier[:SALT_BYTES].ljust(SALT_BYTES, b"\0")
    made = verifier_of(line, broker, password, salt=salt)
    right = hmac.compare_digest(made, verifier)
    if owner is None:
        return UNKNOWN_LINE
    if not hmac.compare_digest(owner.encode(), broker.encode()):
        return WRONG_BROKER
    if not right:
        return WRONG_PASSWORD
    return LINE_CLOSED if closed else 0
