"""What other services may ask of the orders. Every answer is of the caller's tenant and accounts: the scope and the
database's row security see to it. Live states come from the core; these tables follow it by a moment (`ledger.api.freshness`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from django.conf import settings
from django.db.models import Count, Q, Sum

from yunhai.journal import facts as journal_facts
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import LIST_ROWS_MAX
from yunhai.kernel.records import RECORD
from yunhai.services.orders.errors import SECURITY_NOT_FOUND
from yunhai.services.orders.models import Fill, Instruction, Order, Security
from yunhai.services.orders.places import places
from yunhai.services.orders.rules import OrderState
from yunhai.services.orders.timeline import Event, Timeline, also_tell, timeline
from yunhai.trading import facts
from yunhai.trading.facts import DayOpened, Listed
from yunhai.trading.words import Action, Channel, Segment

__all__ = [
    "DayTotals",
    "Event",
    "FillView",
    "OrderView",
    "RefusalView",
    "SecurityView",
    "Timeline",
    "also_tell",
    "day_totals",
    "fills_of",
    "listed_at",
    "order",
    "orders_of",
    "prices",
    "refusals",
    "securities",
    "security",
    "timeline",
]

_SIDES: Final = {1: "buy", 2: "sell"}
_TYPES: Final = {1: "market", 2: "limit"}
_TIMES: Final = {0: "rod", 3: "ioc", 4: "fok"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """An order. `price` and `value` in 1/10,000 NT$ (price 0: market); `state` a word of `rules.OrderState`; `told_by` the
    record of the customer's instruction to a clerk."""

    order_id: int
    account: int
    person: int
    day: str
    security: str
    segment: str
    side: str
    order_type: str
    time_in_force: str
    channel: str
    price: int
    quantity: int
    filled: int
    leaves: int
    removed: int
    value: int
    state: str
    code: int
    order_number: str
    told_by: str
    sequence: int
    accepted_ns: int
    market_ns: int

    @property
    def average(self) -> int:
        """Average price of what is filled, 1/10,000 NT$, rounded down; 0 before the first fill."""
        return self.value // self.filled if self.filled else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FillView:
    """A fill. Price in 1/10,000 NT$."""

    sequence: int
    account: int
    order_id: int
    trade: int
    day: str
    security: str
    segment: str
    side: str
    price: int
    quantity: int
    market_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalView:
    """An instruction that the gate refused."""

    sequence: int
    account: int
    person: int
    action: str
    channel: str
    code: int
    client_id: str
    accepted_ns: int
    market_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityView:
    """A security on the latest market day. `price`: last board-lot trade, else the reference."""

    day: str
    code: str
    name: str
    kind: str
    reference: int
    last: int
    shares: int
    value: int
    trades: int

    @property
    def price(self) -> int:
        return self.last or self.reference


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTotals:
    """A broker's day: how many orders, how many still open, refused by the gate and by the exchange, fills, value."""

    day: str
    orders: int
    open: int
    refused_by_exchange: int
    fills: int
    shares: int
    value: int
    accounts: int


def view_of(row: Order) -> OrderView:
    """A row as an answer."""
    return OrderView(
        order_id=row.order_id,
        account=row.account,
        person=row.person,
        day=row.day.isoformat(),
        security=row.security,
        segment=Segment(row.segment).word,
        side=_SIDES[row.side],
        order_type=_TYPES[row.order_type],
        time_in_force=_TIMES[row.time_in_force],
        channel=Channel(row.channel).word,
        price=row.price,
        quantity=row.quantity,
        filled=row.filled,
        leaves=row.leaves,
        removed=row.removed,
        value=row.value,
        state=OrderState(row.state).name.lower(),
        code=row.code,
        order_number=row.order_number,
        told_by=row.told_by or "",
        sequence=row.sequence,
        accepted_ns=row.accepted_ns,
        market_ns=row.market_ns,
    )


def orders_of(
    account: int = 0,
    *,
    person: int = 0,
    channels: tuple[Channel, ...] = (),
    day: str = "",
    security: str = "",
    open_only: bool = False,
    before: int = 0,
    limit: int = 100,
) -> list[OrderView]:
    """Orders, newest first: of an account, else of all that the caller may see; signed by a person, come in by some
    channels, in a security, with an id below `before` if given."""
    found = Order.objects.all()
    if account:
        found = found.filter(account=account)
    if person:
        found = found.filter(person=person)
    if channels:
        found = found.filter(channel__in=[int(channel) for channel in channels])
    if day:
        found = found.filter(day=day)
    if security:
        found = found.filter(security=security)
    if open_only:
        found = found.filter(state__lt=int(OrderState.FILLED))
    if before:
        found = found.filter(order_id__lt=before)
    return [view_of(row) for row in found.order_by("-order_id")[: min(limit, LIST_ROWS_MAX)]]


def order(order_id: int) -> OrderView | None:
    """One order; None if there is none that the caller may see."""
    row = Order.objects.filter(order_id=order_id).first()
    return None if row is None else view_of(row)


def fills_of(
    account: int = 0, *, order_id: int = 0, day: str = "", before: int = 0, limit: int = 100
) -> list[FillView]:
    """Fills, newest first."""
    found = Fill.objects.all()
    for name, value in (("account", account), ("order_id", order_id), ("day", day)):
        if value:
            found = found.filter(**{name: value})
    if before:
        found = found.filter(sequence__lt=before)
    return [_fill(row) for row in found.order_by("-sequence")[: min(limit, LIST_ROWS_MAX)]]


def day_fills(account: int, day: str) -> list[FillView]:
    """All fills of an account on a day, oldest first."""
    return [_fill(row) for row in Fill.objects.filter(account=account, day=day).order_by("sequence")]


def _fill(row: Fill) -> FillView:
    return FillView(
        sequence=row.sequence,
        account=row.account,
        order_id=row.order_id,
        trade=row.trade,
        day=row.day.isoformat(),
        security=row.security,
        segment=Segment(row.segment).word if row.segment else "",
        side=_SIDES[row.side],
        price=row.price,
        quantity=row.quantity,
        market_ns=row.market_ns,
    )


def refusals(*, account: int = 0, code: int = 0, before: int = 0, limit: int = 100) -> list[RefusalView]:
    """What the gate refused, newest first; `code`: of one refusal."""
    found = Instruction.objects.filter(code=code) if code > 0 else Instruction.objects.filter(code__gt=0)
    if account:
        found = found.filter(account=account)
    if before:
        found = found.filter(sequence__lt=before)
    return [
        RefusalView(
            sequence=row.sequence,
            account=row.account,
            person=row.person,
            action=Action(row.action).word,
            channel=Channel(row.channel).word,
            code=row.code,
            client_id=str(row.client_id),
            accepted_ns=row.accepted_ns,
            market_ns=row.market_ns,
        )
        for row in found.order_by("-sequence")[: min(limit, LIST_ROWS_MAX)]
    ]


def refusal_counts(*, since_ns: int = 0) -> dict[int, int]:
    """How often the gate refused with each code, from a market time on."""
    found = Instruction.objects.filter(code__gt=0, market_ns__gte=since_ns)
    return dict(found.values_list("code").annotate(Count("sequence")))


def day_totals(day: str) -> DayTotals:
    """A broker's day in numbers."""
    of: dict[str, Any] = Order.objects.filter(day=day).aggregate(
        orders=Count("order_id"),
        open=Count("order_id", filter=Q(state__lt=int(OrderState.FILLED))),
        refused=Count("order_id", filter=Q(state=int(OrderState.REFUSED))),
        shares=Sum("filled"),
        value=Sum("value"),
        accounts=Count("account", distinct=True),
    )
    return DayTotals(
        day=day,
        orders=of["orders"],
        open=of["open"],
        refused_by_exchange=of["refused"],
        fills=Fill.objects.filter(day=day).count(),
        shares=of["shares"] or 0,
        value=of["value"] or 0,
        accounts=of["accounts"],
    )


def securities() -> list[SecurityView]:
    """Every security of the latest market day, by code."""
    latest = Security.objects.order_by("-day").values_list("day", flat=True).first()
    return [_security(row) for row in Security.objects.filter(day=latest).order_by("code")] if latest else []


def listed_at(sequence: int) -> tuple[Listed, ...]:
    """The securities that a day was opened with, by the sequence of its fact in the journal; none where that is not at hand."""
    place = places(Path(settings.PLACES.journal), [sequence]).get(sequence)
    if place is None:
        return ()
    held = journal_facts.decode(np.frombuffer(place.content, RECORD))
    fact = facts.decode(held.number, held.content)
    return fact.listed if isinstance(fact, DayOpened) else ()


def security(code: str) -> SecurityView:
    """A security on the latest day that it stood in. SECURITY_NOT_FOUND."""
    row = Security.objects.filter(code=code).order_by("-day").first()
    if row is None:
        raise YunhaiError(SECURITY_NOT_FOUND, code=code[:12])
    return _security(row)


def prices(codes: Iterable[str], *, day: str = "") -> dict[str, SecurityView]:
    """The latest of each code, on or before a day if given; codes that never stood in a market are left out."""
    found = Security.objects.filter(code__in=list(codes))
    if day:
        found = found.filter(day__lte=day)
    return {row.code: _security(row) for row in found.order_by("code", "-day").distinct("code")}


def _security(row: Security) -> SecurityView:
    return SecurityView(
        day=row.day.isoformat(),
        code=row.code,
        name=row.name,
        kind=row.kind,
        reference=row.reference,
        last=row.last,
        shares=row.shares,
        value=row.value,
        trades=row.trades,
    )
