"""A code of an authenticator app counts once, whichever web process it comes to.

allauth keeps what was used in Django's cache, which each process has for itself; `install` has it ask the database. The mark
is part of the request's transaction: of two that bring the same code at once the later waits for the first, and a request
that is undone leaves its code unused.
"""

import hashlib
from datetime import timedelta
from typing import Any, Final

from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.db import connection
from django.utils import timezone

from yunhai.kernel.limits import USED_CODES_CLEARED_MAX

_MARK: Final = """
INSERT INTO identity_usedcode (mark, until) VALUES (%(mark)s, %(until)s)
ON CONFLICT (mark) DO UPDATE SET until = excluded.until WHERE identity_usedcode.until < %(now)s RETURNING mark
"""
_CLEAR: Final = """
DELETE FROM identity_usedcode WHERE mark IN
(SELECT mark FROM identity_usedcode WHERE until < %(now)s LIMIT %(most)s FOR UPDATE SKIP LOCKED)
"""


def mark_used(authenticator: Authenticator, code: str) -> bool:
    """Whether the code counts, which it does once; old marks are cleared on the way."""
    text = f"{authenticator.pk}|{normalize_user_code(code)}"
    now = timezone.now()
    valid = timedelta(seconds=app_settings.TOTP_PERIOD * (2 * app_settings.TOTP_TOLERANCE + 2))
    said: dict[str, Any] = {
        "mark": hashlib.sha256(text.encode()).hexdigest(),
        "until": now + valid,
        "now": now,
        "most": USED_CODES_CLEARED_MAX,
    }
    with connection.cursor() as cursor:
        cursor.execute(_MARK, said)
        counts = cursor.fetchone() is not None
        cursor.execute(_CLEAR, said)
    return counts


def install() -> None:
    """Have allauth ask the database: it has no public name for this."""

    def asked(totp: TOTP, code: str) -> bool:
        return mark_used(totp.instance, code)

    TOTP._mark_code_used = asked
