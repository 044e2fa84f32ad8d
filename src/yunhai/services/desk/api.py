"""Clients opened for a reason, and records of how they gave their orders.

Nothing of a client leaves this module before the look-up register has a line that says who looked and why; a record can
only be made of a client whom the same clerk has opened this day. Everything runs in the caller's tenant and transaction.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import CLIENT_MATCHES_MAX, LOOKUP_HOURS_MAX, RECORD_NOTE_CHARACTERS_MAX, ROOM_ROWS_MAX
from yunhai.platform.audit import api as audit
from yunhai.platform.identity.caller import Caller
from yunhai.platform.identity.models import Membership
from yunhai.services.accounts import api as accounts
from yunhai.services.desk.models import Record
from yunhai.services.desk.rules import (
    CLIENT_UNKNOWN,
    LOOKUP_FIRST,
    RECORD_TAKEN,
    checked_query,
    checked_reason,
    checked_record,
    masked,
)

LIST: Final = 0
"""The account of a register's line for a search that showed several clients, masked, and opened none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A client found and not opened: number and branch, the name masked."""

    account: int
    number: str
    branch: str
    name: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A client opened. `serial`: the register's line; `spoken` and `spoken_en` how they are spoken to."""

    account: int
    number: str
    branch: str
    name: str
    spoken: str
    spoken_en: str
    status: str
    serial: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordView:
    """A record as rooms show it; `kind`, `record_id` and `at_ms` go into an instruction."""

    id: int
    account: int
    kind: str
    record_id: str
    at: str
    at_ms: int
    caller: str
    note: str
    handler: int
    handler_name: str


def _match(found: accounts.AccountView) -> Match:
    return Match(
        account=found.account,
        number=found.number,
        branch=found.branch,
        name=masked(found.name_zh or found.name_en),
        status=found.status,
    )


def branches_of(caller: Caller) -> frozenset[str]:
    """Codes of the branches whose clients this clerk serves; none: every branch."""
    places = Membership.objects.filter(
        person=caller.person, tenant=caller.tenant, role__in=["sales", "keyin"], allowed=True
    )
    found = [frozenset(place.branches) for place in places]
    return frozenset() if not all(found) else frozenset[str]().union(*found)


def search(caller: Caller, query: str, reason: str, reference: str) -> tuple[Client | None, tuple[Match, ...]]:
    """The one client that the query names, opened; or several, masked. YunhaiError 7320, 7321, 7326, 7327."""
    query = checked_query(query)
    word, reference = checked_reason(reason, reference)
    found = accounts.find(query, branches=branches_of(caller), limit=CLIENT_MATCHES_MAX)
    if not found:
        raise YunhaiError(CLIENT_UNKNOWN)
    if len(found) == 1:
        return _opened(caller, found[0], word, reference), ()
    audit.record_lookup(
        tenant=caller.tenant_id, person=caller.person_id, account=LIST, reason=word, reference=reference
    )
    return None, tuple(_match(one) for one in found)


def open_client(caller: Caller, account: int, reason: str, reference: str) -> Client:
    """One client in full, for a reason. YunhaiError 7320, 7321, 7327."""
    word, reference = checked_reason(reason, reference)
    return _opened(caller, account_of(caller, account), word, reference)


def account_of(caller: Caller, account: int) -> accounts.AccountView:
    """An account of the caller's tenant and branches. YunhaiError 7327."""
    found, branches = accounts.view(account), branches_of(caller)
    if found is None or (branches and found.branch not in branches):
        raise YunhaiError(CLIENT_UNKNOWN)
    return found


def _opened(caller: Caller, found: accounts.AccountView, reason: str, reference: str) -> Client:
    serial = audit.record_lookup(
        tenant=caller.tenant_id, person=caller.person_id, account=found.account, reason=reason, reference=reference
    )
    name = found.name_zh or found.name_en
    return Client(
        account=found.account,
        number=found.number,
        branch=found.branch,
        name=name,
        spoken=name,
        spoken_en=found.name_en,
        status=found.status,
        serial=serial,
    )


def require_opened(caller: Caller, account: int) -> accounts.AccountView:
    """The account, if this clerk opened it within the last hours. YunhaiError 7327, 7329."""
    found = account_of(caller, account)
    since = datetime.now(UTC) - timedelta(hours=LOOKUP_HOURS_MAX)
    if not audit.has_looked(caller.person_id, account, since=since):
        raise YunhaiError(LOOKUP_FIRST)
    return found


def make_record(
    caller: Caller, account: int, *, kind: str, record_id: str, at_ms: int, number: str = "", note: str = ""
) -> RecordView:
    """Keep how a customer gave an order; the same again is the same record. `number`: the caller's telephone.

    YunhaiError 7322-7325, 7327, 7329, 7330.
    """
    require_opened(caller, account)
    now_ms = int(datetime.now(UTC).timestamp() * 1_000)
    record = checked_record(kind=kind, record_id=record_id, at_ms=at_ms or now_ms, caller=number, now_ms=now_ms)
    known = Record.objects.filter(kind=record.kind.word, record_id=record.record_id).first()
    if known is None:
        try:
            with transaction.atomic():
                known = Record.objects.create(
                    tenant_id=caller.tenant_id,
                    account=account,
                    kind=record.kind.word,
                    record_id=record.record_id,
                    at=datetime.fromtimestamp(record.at_ms / 1_000, UTC),
                    caller=record.caller,
                    note=" ".join(note.split())[:RECORD_NOTE_CHARACTERS_MAX],
                    handler_id=caller.person_id,
                )
        except IntegrityError:  # another clerk was quicker, with the same id
            known = Record.objects.get(kind=record.kind.word, record_id=record.record_id)
    if (known.account, known.handler_id) != (account, caller.person_id):
        raise YunhaiError(RECORD_TAKEN, record=record_id)
    return _view(known)


def records_of(caller: Caller, account: int) -> tuple[RecordView, ...]:
    """A client's records, newest first. YunhaiError 7327, 7329."""
    require_opened(caller, account)
    return tuple(
        _view(record) for record in Record.objects.filter(account=account).select_related("handler")[:ROOM_ROWS_MAX]
    )


def _view(record: Record) -> RecordView:
    return RecordView(
        id=record.pk,
        account=record.account,
        kind=record.kind,
        record_id=record.record_id,
        at=record.at.isoformat(),
        at_ms=round(record.at.timestamp() * 1_000),
        caller=record.caller,
        note=record.note,
        handler=record.handler_id,
        handler_name=str(record.handler),
    )
