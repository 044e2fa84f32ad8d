"""What the Control Room knows: the pool now, rejects, sessions, totals, the day's steps and the books' last verdict.

The pool and the core's state are asked of the core as it is this moment; the rest are readings that follow the journal by
a moment. A broker is given its own part of everything; the exchange's operators the whole.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import ROOM_ROWS_MAX
from yunhai.platform.console.errors import (
    ANOTHER_BROKER,
    CORE_UNREACHABLE,
    SESSION_NOT_FOUND,
)
from yunhai.platform.console.inner import ask
from yunhai.platform.console.models import Line
from yunhai.platform.identity import api as identity
from yunhai.platform.identity.caller import Caller
from yunhai.platform.identity.models import Membership, Person, Session
from yunhai.services.ledger import api as ledger
from yunhai.services.lines.access import is_operator, may_act
from yunhai.services.lines.rules import Seen, pool_view, seen_by, seen_whole
from yunhai.services.orders import api as orders
from yunhai.services.settlement import api as settlement
from yunhai.trading.lines.errors import LOGIN_REFUSED

CASH: Final = "TWD"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LAST_CHECK: Final = "books_check.json"
"""In the installation's `run` folder: the last verdict of `yunhai books check`."""


def pool_now(caller: Caller) -> Seen:
    """The pool this second, as far as the caller may see it. YunhaiError 7340."""
    try:
        view = pool_view(ask("/pool"))
    except msgspec.ValidationError as error:
        raise YunhaiError(CORE_UNREACHABLE) from error
    return seen_whole(view) if is_operator(caller) else seen_by(view, caller.tenant_id)


def command_line(caller: Caller, line: str, do: str, *, broker: str = "", password: str = "") -> Any:
    """Log a line in or out, or cut it. A line that is not the caller's is refused like one that is not there (6300).

    YunhaiError 6300, 7340, 7344, and the core's own.
    """
    if not may_act(caller):
        raise YunhaiError(ANOTHER_BROKER)
    if not Line.objects.filter(pk=line).exists():
        raise YunhaiError(LOGIN_REFUSED)
    return ask(f"/lines/{line}", {"do": do, "broker": broker, "password": password})


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """A broker's day. Money in 1/10,000 NT$; `fees` and `tax` earned and withheld so far, `sequence` how far the reading is."""

    day: str
    orders: int
    open: int
    fills: int
    shares: int
    value: int
    fees: int
    tax: int
    accounts: int
    refused: int
    refused_by_exchange: int
    sequence: int


def totals() -> Totals | None:
    """The day's totals of the caller's broker; None before the first day."""
    day = settlement.latest_day()
    if day is None:
        return None
    found = orders.day_totals(day.day)
    house = ledger.house_balances()
    return Totals(
        day=day.day,
        orders=found.orders,
        open=found.open,
        fills=found.fills,
        shares=found.shares,
        value=found.value,
        fees=house.get(("fee", CASH), 0),
        tax=house.get(("tax", CASH), 0),
        accounts=found.accounts,
        refused=sum(orders.refusal_counts(since_ns=day.opened_ns).values()),
        refused_by_exchange=found.refused_by_exchange,
        sequence=ledger.freshness().sequence,
    )


def reject_counts() -> dict[int, int]:
    """How often each check refused since the latest day was opened, most frequent first."""
    day = settlement.latest_day()
    counts = orders.refusal_counts(since_ns=day.opened_ns if day else 0)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


# --- the day ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """What stands in the way of closing or settling now: a word and a count."""

    what: str
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DayState:
    """The latest days' steps, the core as it is now (None: it does not answer), and what blocks the next step."""

    board: tuple[settlement.DayBoard, ...]
    core: dict[str, Any] | None
    blocks: tuple[Blocks, ...]


def day_state() -> DayState:
    """For the day board."""
    board = tuple(settlement.board())
    try:
        core = ask("/status")
    except YunhaiError as error:
        if error.code != CORE_UNREACHABLE:
            raise
        core = None
    return DayState(board=board, core=core, blocks=tuple(_blocks(board, core)))


def _blocks(board: tuple[settlement.DayBoard, ...], core: dict[str, Any] | None) -> list[Blocks]:
    if core is None:
        return [Blocks(what="core")]
    found = []
    if core.get("halted"):
        found.append(Blocks(what="halted"))
    if core.get("queued"):
        found.append(Blocks(what="queued", count=int(core["queued"])))
    behind = int(core.get("durable", 0)) - ledger.freshness().sequence
    if behind > READING_BEHIND:
        found.append(Blocks(what="reading", count=behind))
    if not board:
        found.append(Blocks(what="no-day"))
    return found


READING_BEHIND: Final = 10_000
"""Records the readings may be behind before the board says so."""


def run_day(caller: Caller, do: str, date: str = "") -> Any:
    """Close the open day, or settle a date, for everybody: the exchange's operators only. YunhaiError 7340, 7344."""
    if not is_operator(caller):
        raise YunhaiError(ANOTHER_BROKER)
    return ask(f"/day/{do}", {"date": date, "by": caller.person_id}, slow=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The last `yunhai books check`: when, whether it held, and what it said."""

    at: str
    held: bool
    findings: int
    sequence: int


def last_check() -> Verdict | None:
    """None if it was never run here."""
    path = settings.PLACES.run / LAST_CHECK
    try:
        said = json.loads(path.read_text("utf-8"))
        return Verdict(
            at=datetime.fromtimestamp(path.stat().st_mtime, timezone.get_current_timezone()).isoformat(),
            held=bool(said["ok"]),
            findings=sum(1 for check in said["checks"] if not check["ok"]),
            sequence=int(said.get("sequence", 0)),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


# --- sessions --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """Somebody signed in at this broker. `sid` the session's public name; `until` when it ends by itself."""

    sid: str
    person: int
    name: str
    email: str
    roles: tuple[str, ...]
    renewed_at: str
    until: str
    own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPage:
    """`rows`: some of a broker's sessions; `count`: of all; `next`: what `before` is for the page behind, "" after the last."""

    rows: tuple[SessionView, ...]
    count: int
    next: str


def sessions(caller: Caller, *, before: str = "", limit: int = ROOM_ROWS_MAX) -> SessionPage:
    """Who is signed in and works at the caller's tenant, latest first, `limit` of them, behind the place `before`."""
    every = _sessions(caller)
    rows = list(_behind(every, before)[: limit + 1])
    more = len(rows) > limit
    rows = rows[:limit]
    return SessionPage(rows=_shown(caller, rows), count=every.count(), next=_place(rows[-1]) if more else "")


def _sessions(caller: Caller) -> QuerySet[Session]:
    """Every session of the caller's tenant, latest first, of people who have a place there."""
    places = Membership.objects.filter(tenant=caller.tenant, allowed=True).values("person_id")
    living = Session.objects.filter(tenant=caller.tenant_id, person__in=places, expire_date__gt=timezone.now())
    return living.order_by("-expire_date", "-sid")


def _place(row: Session) -> str:
    """A session's place in the list: the microsecond of its end, and its name."""
    return f"{(row.expire_date - _EPOCH) // timedelta(microseconds=1)}.{row.sid}"


def _behind(rows: QuerySet[Session], place: str) -> QuerySet[Session]:
    """The rows behind a place; all for what is none."""
    at, _, sid = place.partition(".")
    if not (at.isascii() and at.isdigit() and len(at) <= 16):
        return rows
    end = _EPOCH + timedelta(microseconds=int(at))
    return rows.filter(Q(expire_date__lt=end) | Q(expire_date=end, sid__lt=sid))


def _shown(caller: Caller, rows: list[Session]) -> tuple[SessionView, ...]:
    people = Person.objects.in_bulk({row.person for row in rows})
    roles: dict[int, set[str]] = {}
    for place in Membership.objects.filter(tenant=caller.tenant, allowed=True, person__in=people):
        roles.setdefault(place.person_id, set()).add(place.role)
    life = timedelta(seconds=settings.SESSION_COOKIE_AGE)
    return tuple(
        SessionView(
            sid=row.sid,
            person=row.person,
            name=str(people[row.person]),
            email=people[row.person].email,
            roles=tuple(sorted(roles[row.person])),
            renewed_at=(row.expire_date - life).isoformat(),
            until=row.expire_date.isoformat(),
            own=row.sid == caller.session,
        )
        for row in rows
    )


def revoke(caller: Caller, sid: str) -> SessionView:
    """End one session of this broker and every token made from it, here and in the core. YunhaiError 7343, 7344."""
    if not may_act(caller):
        raise YunhaiError(ANOTHER_BROKER)
    row = _sessions(caller).filter(sid=sid).first()
    if row is None:
        raise YunhaiError(SESSION_NOT_FOUND)
    (view,) = _shown(caller, [row])
    row.delete()
    identity.end_session(Person.objects.get(pk=view.person), sid)
    return view
