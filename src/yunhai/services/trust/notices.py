"""Letters to people whose certificates end soon: one mail for all of a person's, at each of `NOTICE_DAYS`.

The reader sends them and sees nobody's address, but for those whom the database says are to be told now (`trust_notices`, which
answers the reader alone). What was sent is marked afterwards: a mail server that is away is asked again an hour later, and a
crash between the two sends a letter twice rather than never.
"""

import smtplib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from yunhai.kernel.limits import NOTICE_DAYS, NOTICES_MAX
from yunhai.platform.shell.context import english
from yunhai.services.trust.models import Certificate
from yunhai.trading.trust.profiles import PROFILES, Profile

log = structlog.get_logger("trust.mails")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A certificate whose person is to be told. `days` the notice that is due."""

    certificate: int
    profile: str
    serial: str
    not_after: datetime
    days: int
    person: int
    address: str
    language: str

    @property
    def name(self) -> str:
        """The profile in the language that is active."""
        found = PROFILES[Profile(self.profile)]
        return found.en if english() else found.zh

    @property
    def days_left(self) -> int:
        return (self.not_after - timezone.now()).days

    @property
    def day(self) -> str:
        return timezone.localtime(self.not_after).date().isoformat()


def due() -> list[Notice]:
    """Who is to be told now, of what; by person. Only the reader is answered."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT certificate, profile, serial, not_after, days, person, address, language FROM trust_notices(%s, %s)",
            [list(NOTICE_DAYS), NOTICES_MAX],
        )
        return [
            Notice(
                certificate=row[0],
                profile=row[1],
                serial=bytes(row[2]).hex(),
                not_after=row[3],
                days=row[4],
                person=row[5],
                address=row[6],
                language=row[7],
            )
            for row in cursor.fetchall()
        ]


def send() -> int:
    """Write to everybody who is to be told, and mark it. How many certificates were told of."""
    told = 0
    for person, group in groupby(due(), key=lambda one: one.person):
        found = list(group)
        try:
            letter(found).send()
        except (OSError, smtplib.SMTPException) as problem:
            log.warning("not told", person=person, reason=type(problem).__name__)
            continue
        _mark(found)
        told += len(found)
    return told


def letter(found: list[Notice]) -> EmailMessage:
    """One person's mail, in their language. It names no order, no account and no whole serial number."""
    first = found[0]
    with translation.override(first.language):
        days = min(one.days_left for one in found)
        subject = _("A certificate of yours ends in %(days)s days") % {"days": days}
        body = render_to_string("trust/mail/ends.txt", {"found": found, "origin": settings.YUNHAI_ORIGIN})
    return EmailMessage(subject=f"{settings.ACCOUNT_EMAIL_SUBJECT_PREFIX}{subject}", body=body, to=[first.address])


def _mark(found: Iterable[Notice]) -> None:
    with transaction.atomic():
        for one in found:
            Certificate.objects.filter(pk=one.certificate).update(told_days=one.days)
