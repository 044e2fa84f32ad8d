"""Background work of certificates, in the reader's process: notices before the end, what has ended, and CRL and OCSP kept true.

Every job may run twice, or late: each says what is so, not what changed. A certificate that ends soon is marked, and pages and
API show it (`renewable`, `noticed_at`); its person is told by mail too (`notices.py`).
"""

from datetime import timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from procrastinate.contrib.django import app

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import RENEWAL_NOTICE_DAYS
from yunhai.services.trust import issuing, notices, process
from yunhai.services.trust.models import Certificate

log = structlog.get_logger("trust.jobs")


@app.periodic(cron="5 * * * *")
@app.task(queueing_lock="trust.notices", pass_context=False)
def mark_notices(timestamp: int = 0) -> int:
    """Mark certificates that end within the notice's days and are not renewed. How many were marked now."""
    now = timezone.now()
    with transaction.atomic():
        return int(
            Certificate.objects.filter(
                status="valid",
                noticed_at__isnull=True,
                renewed_by__isnull=True,
                not_after__gt=now,
                not_after__lte=now + timedelta(days=RENEWAL_NOTICE_DAYS),
            ).update(noticed_at=now)
        )


@app.periodic(cron="7 * * * *")
@app.task(queueing_lock="trust.mails", lock="trust.mails", pass_context=False)
def mail_notices(timestamp: int = 0) -> int:
    """Tell by mail whose certificates end soon, once for each of `NOTICE_DAYS`. How many were told now."""
    return notices.send()


@app.periodic(cron="10 * * * *")
@app.task(queueing_lock="trust.expiry", pass_context=False)
def close_expired(timestamp: int = 0) -> int:
    """Mark what is past its end. The gate needs no telling: it looks at the time."""
    with transaction.atomic():
        found = Certificate.objects.filter(status__in=issuing.STANDING, not_after__lte=timezone.now())
        return int(found.update(status="expired"))


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="trust.status", pass_context=False)
def tell_status(timestamp: int = 0) -> int:
    """Tell the trust process all that is revoked, on hold, or valid again after a hold, and not past its end: for a process
    that was away, or new. A release it missed would else be a hold for ever."""
    changed = Q(status__in=("revoked", "held")) | Q(status="valid", released_at__isnull=False)
    rows: Any = Certificate.objects.filter(changed, not_after__gt=timezone.now()).order_by("id")
    entries = issuing.revoked_entries(rows)
    if not entries:
        return 0
    try:
        process.tell_all(entries)
    except YunhaiError as refused:
        log.warning("status not told yet", code=refused.code, entries=len(entries))
        return 0
    return len(entries)
