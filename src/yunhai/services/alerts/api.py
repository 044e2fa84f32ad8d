"""Alerts of the caller and what they announced. The reader arms and fires them (`reader.py`, `daily.py`); here they are made,
changed, paused, armed again, removed and brought back. A person's alerts are shown to that person alone; the database holds to
it (row-level security)."""

from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import ALERT_FIRINGS_SHOWN_MAX, ALERTS_MAX, ALERTS_REMOVED_MAX
from yunhai.platform.identity.api import in_turn
from yunhai.platform.identity.caller import Caller
from yunhai.platform.readings.shown import moment
from yunhai.services.alerts.errors import ALERT_UNKNOWN, ALERTS_FULL
from yunhai.services.alerts.models import Alert, Firing
from yunhai.services.alerts.rules import (
    TRADE_KINDS,
    WITHOUT_VALUE,
    SecurityNow,
    checked_note,
    expiry_of,
    holds,
    shown,
    threshold_of,
    value_shown,
)
from yunhai.services.orders import api as orders
from yunhai.services.replay import api as replay

ARMED: Final = "armed"
PAUSED: Final = "paused"
_BIG: Final = 1 << 63


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertView:
    """An alert as its owner sees it. `value`: NT$, percent, shares or days by `kind`, "" where it has none. `state`: armed, paused,
    fired, expired. `holds`: the condition held at the last look, so it waits for the next crossing. `armed`: the reader has taken
    it, every trade is looked at. `last`: the security's newest price."""

    id: int
    code: str
    name: str
    kind: str
    value: str
    state: str
    repeat: bool
    note: str
    expires_on: str
    holds: bool
    armed: bool
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FiringView:
    """What an alert announced. `sequence`: the trade's in the journal, 0 at the close of a day; `value`: what was seen there, in
    NT$, percent, shares or K; `at`: market time. `alert` 0: it is gone."""

    id: int
    alert: int
    code: str
    name: str
    kind: str
    threshold: str
    value: str
    price: str
    note: str
    sequence: int
    day: str
    at: str
    seen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What an alert is to be; of a change None stays as it is."""

    kind: str | None = None
    value: str | None = None
    note: str | None = None
    expires_on: str | None = None
    repeat: bool | None = None


def alerts(caller: Caller) -> tuple[AlertView, ...]:
    """The caller's alerts, newest first."""
    rows = list(_kept(caller))
    known = orders.prices({row.security for row in rows})
    return tuple(_view(row, known.get(row.security)) for row in rows)


def make(caller: Caller, code: str, wanted: Wanted) -> AlertView:
    """A new alert, armed. YunhaiError 7578-7582, and the orders' SECURITY_NOT_FOUND."""
    row = Alert(person_id=caller.person_id, threshold=0, kind="")
    threshold_of(wanted.kind or "", wanted.value or "")
    security = orders.security(code)
    row.security = security.code
    _put(row, wanted, security)
    row.held = _holds(row, security)
    with transaction.atomic():
        _with_room(caller)
        row.save()
    return _view(row, security)


def change(caller: Caller, alert: int, wanted: Wanted, *, state: str | None = None) -> AlertView:
    """Another condition, note or end; pause it, or arm it (again): from then on it counts. The same again changes nothing.
    YunhaiError 7577, 7579-7582."""
    with transaction.atomic():
        row = _own(caller, alert)
        security = orders.security(row.security)
        before = (row.kind, row.threshold, row.repeat, row.expires_on)
        _put(row, wanted, security)
        anew = before != (row.kind, row.threshold, row.repeat, row.expires_on)
        if state == ARMED and row.state != ARMED:
            anew = True
        row.state = state or (ARMED if anew and row.state != PAUSED else row.state)
        if anew and row.state == ARMED:
            expiry_of(row.expires_on.isoformat() if row.expires_on else "", security.day)
            _arm(row, security)
        row.save()
    return _view(row, security)


def remove(caller: Caller, alert: int) -> None:
    """Take an alert away; the last few may be brought back. What it announced stays. YunhaiError 7577."""
    with transaction.atomic():
        row = _own(caller, alert)
        row.removed_at = timezone.now()
        row.save()
        removed = Alert.objects.filter(person=caller.person, removed_at__isnull=False).order_by("-removed_at", "-id")
        Alert.objects.filter(pk__in=list(removed.values_list("pk", flat=True)[ALERTS_REMOVED_MAX:])).delete()


def restore(caller: Caller, alert: int) -> AlertView:
    """Bring a removed alert back as it was; an armed one counts from now on. One that is there stays as it is. 7577, 7578."""
    with transaction.atomic():
        row = _own(caller, alert, removed=True)
        security = orders.security(row.security)
        if row.removed_at is not None:
            _with_room(caller)
            row.removed_at = None
            if row.state == ARMED:
                _arm(row, security)
            row.save()
    return _view(row, security)


def firings(caller: Caller, *, since: int = 0, limit: int = ALERT_FIRINGS_SHOWN_MAX) -> tuple[FiringView, ...]:
    """What the caller's alerts announced after the firing `since`, newest first, at most `limit`."""
    rows = list(Firing.objects.filter(person=caller.person, id__gt=since)[: min(limit, ALERT_FIRINGS_SHOWN_MAX)])
    known = orders.prices({row.security for row in rows})
    return tuple(_fired(row, known[row.security].name if row.security in known else "") for row in rows)


def unseen(caller: Caller) -> tuple[int, int]:
    """How many firings are not seen, and the newest one's id (0: none)."""
    mine = Firing.objects.filter(person=caller.person)
    newest: int | None = mine.aggregate(newest=Max("id"))["newest"]
    return mine.filter(seen=False).count(), newest or 0


def see(caller: Caller, upto: int) -> None:
    """Firings up to an id are seen."""
    Firing.objects.filter(person=caller.person, seen=False, id__lte=upto).update(seen=True)


def moment_of(caller: Caller, firing: int) -> str:
    """The replay's permalink of the moment when a firing came: everything up to its trade has happened. YunhaiError 7577, and
    the replay's 7480, 7497."""
    row = Firing.objects.filter(person=caller.person, pk=firing).first() if 0 < firing < _BIG else None
    if row is None:
        raise YunhaiError(ALERT_UNKNOWN, alert=firing)
    return replay.moment(caller, day=row.day.isoformat(), code=row.security, at_ns=row.market_ns)


def _put(row: Alert, wanted: Wanted, security: orders.SecurityView) -> None:
    """Lay what is wanted into a row. 7579-7582."""
    if wanted.kind is not None or wanted.value is not None:
        kind = row.kind if wanted.kind is None else wanted.kind
        kept = "" if kind in WITHOUT_VALUE else shown(row.kind, row.threshold)
        value = kept if wanted.value is None else wanted.value
        row.threshold = threshold_of(kind, value)
        row.kind = kind
    if wanted.note is not None:
        row.note = checked_note(wanted.note)
    if wanted.expires_on is not None:
        row.expires_on = expiry_of(wanted.expires_on, security.day)
    if wanted.repeat is not None:
        row.repeat = wanted.repeat


def _arm(row: Alert, security: orders.SecurityView) -> None:
    """Let it count from now on, if it is not over: the reader says so."""
    row.held = _holds(row, security)
    row.from_sequence, row.arming, row.fired_ns, row.watch = None, row.arming + 1, 0, ""


def _holds(row: Alert, security: orders.SecurityView) -> bool:
    if row.kind not in TRADE_KINDS:
        return False
    now = SecurityNow(reference=security.reference, last=security.last, shares=security.shares)
    return holds(row.kind, row.threshold, now)


def _with_room(caller: Caller) -> None:
    """There is room for one more. ALERTS_FULL."""
    in_turn(caller.person_id)
    if _kept(caller).count() >= ALERTS_MAX:
        raise YunhaiError(ALERTS_FULL, most=ALERTS_MAX)


def _kept(caller: Caller) -> QuerySet[Alert]:
    found: QuerySet[Alert] = Alert.objects.filter(person=caller.person, removed_at__isnull=True)
    return found


def _own(caller: Caller, alert: int, *, removed: bool = False) -> Alert:
    known = Alert.objects.filter(person=caller.person) if removed else _kept(caller)
    row = known.select_for_update(of=("self",)).filter(pk=alert).first() if 0 < alert < _BIG else None
    if row is None:
        raise YunhaiError(ALERT_UNKNOWN, alert=alert)
    return row


def _view(row: Alert, security: orders.SecurityView | None) -> AlertView:
    return AlertView(
        id=row.pk,
        code=row.security,
        name=security.name if security else "",
        kind=row.kind,
        value=shown(row.kind, row.threshold),
        state=row.state,
        repeat=row.repeat,
        note=row.note,
        expires_on=row.expires_on.isoformat() if row.expires_on else "",
        holds=row.held,
        armed=row.state == ARMED and row.from_sequence is not None,
        last=shown("price_up", security.last or security.reference) if security else "",
    )


def _fired(row: Firing, name: str) -> FiringView:
    return FiringView(
        id=row.pk,
        alert=row.alert_id or 0,
        code=row.security,
        name=name,
        kind=row.kind,
        threshold=shown(row.kind, row.threshold),
        value=value_shown(row.kind, row.value),
        price=shown("price_up", row.price),
        note=row.note,
        sequence=row.sequence,
        day=row.day.isoformat(),
        at=moment(row.market_ns),
        seen=row.seen,
    )
