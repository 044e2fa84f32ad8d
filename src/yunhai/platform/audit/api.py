"""Writing and reading the look-up register."""

import time
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Max

from yunhai.kernel.limits import LOOKUP_HOURS_MAX
from yunhai.platform.audit.models import Lookup
from yunhai.platform.outbox.api import put
from yunhai.trading import facts


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupView:
    """One look, as compliance reads it."""

    serial: int
    person: int
    account: int
    reason: str
    reference: str
    at: datetime


def record_lookup(*, tenant: int, person: int, account: int, reason: str, reference: str = "") -> int:
    """Write down that `person` looks at `account` (0: at a list of several), and tell the journal. Returns the serial
    number, gapless per tenant. For LOOKUP_HOURS_MAX the core then shows that account live to a clerk who is this person.

    `reason` is a word of a list that the caller has checked; a look whose row is rolled back was not shown either.
    """
    with connection.cursor() as cursor:  # one look of a tenant after another, so that serials have no gap
        cursor.execute("SELECT pg_advisory_xact_lock(7001, %s::bigint::int)", [tenant % 2**31])
    last = Lookup.objects.aggregate(last=Max("serial"))["last"] or 0
    row = Lookup.objects.create(
        tenant_id=tenant, serial=last + 1, person_id=person, account=account, reason=reason, reference=reference
    )
    until = 0 if not account else int(time.time() * 1_000) + LOOKUP_HOURS_MAX * 3_600_000
    put(facts.Lookup(account=account, reason=reason, reference=reference, until=until), tenant=tenant, by=person)
    return int(row.serial)


def lookups(*, account: int | None = None, limit: int = 200) -> tuple[LookupView, ...]:
    """The tenant's register, newest first."""
    rows = Lookup.objects.all() if account is None else Lookup.objects.filter(account=account)
    return tuple(
        LookupView(
            serial=row.serial,
            person=row.person_id,
            account=row.account,
            reason=row.reason,
            reference=row.reference,
            at=row.at,
        )
        for row in rows[:limit]
    )


def has_looked(person: int, account: int, *, since: datetime) -> bool:
    """Whether the person has a line of the register for that account from `since` on."""
    return bool(Lookup.objects.filter(person=person, account=account, at__gte=since).exists())
