"""/api/v1: timelines, orders, fills, gate refusals, securities and a broker's day: from the tables.

Live orders are the core's (`/trade/v1/orders`); these answers follow it by a moment and reach back as far as the journal.
Amounts are decimal text in NT$, times ISO 8601. A list's `next` goes into `before` for the page after it.
"""

from collections.abc import Sequence
from typing import Any, Final

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from yunhai.kernel.clock import parse_date
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import LIST_ROWS_MAX
from yunhai.platform.readings.shown import moment, money, quantity_of
from yunhai.platform.shell.api import open_to, signed_in
from yunhai.services.ledger.api import Entry
from yunhai.services.orders import api
from yunhai.services.orders.errors import NOTHING_FOUND

router = Router(tags=["orders"], auth=signed_in)

READERS: Final = ("investor", "api", "operations", "compliance")
"""Who reads a customer's rows directly. Clerks go by the desk, which asks them why."""
STAFF: Final = ("operations", "compliance")
_BIG: Final = 2**63 - 1


class EntryOut(Schema):
    """A ledger posting: `amount` of `asset` (NT$ as decimal text, shares whole) from one bucket to another."""

    sequence: int
    line: int
    account: int
    kind: str
    asset: str
    debit: str
    credit: str
    amount: str
    order_id: int
    trade: int
    settles_on: str
    day: str


class EventOut(Schema):
    """One record of the journal, with its proof: SHA-256 of the record, its commit group and the journal's chain after it."""

    sequence: int
    kind: str
    zh: str
    en: str
    order_id: int
    market_time: str
    wall_time: str
    details: dict[str, Any]
    entries: list[EntryOut]
    record_hash: str
    group: int
    chain: str
    segment: str
    offset: int


class TimelineOut(Schema):
    id: str
    kind: str
    title: str
    orders: list[int]
    account: int
    events: list[EventOut]
    whole: bool
    sequence: int


class OrderOut(Schema):
    order_id: int
    account: int
    day: str
    security: str
    segment: str
    side: str
    order_type: str
    time_in_force: str
    channel: str
    price: str = Field(examples=["101.50"], description="empty for a market order")
    quantity: int
    filled: int
    leaves: int
    removed: int
    value: str
    average: str
    state: str
    code: int
    order_number: str
    sequence: int
    accepted_at: str
    market_time: str


class OrdersOut(Schema):
    orders: list[OrderOut]
    next: int


class FillOut(Schema):
    sequence: int
    account: int
    order_id: int
    trade: int
    day: str
    security: str
    segment: str
    side: str
    price: str
    quantity: int
    value: str
    market_time: str


class FillsOut(Schema):
    fills: list[FillOut]
    next: int


class RefusalOut(Schema):
    sequence: int
    account: int
    person: int
    action: str
    channel: str
    code: int
    client_id: str
    refused_at: str
    market_time: str


class RefusalsOut(Schema):
    refusals: list[RefusalOut]
    next: int


class SecurityOut(Schema):
    day: str
    code: str
    name: str
    kind: str
    reference: str
    last: str
    shares: int
    value: str
    trades: int


class TotalsOut(Schema):
    day: str
    orders: int
    open: int
    refused_by_exchange: int
    fills: int
    shares: int
    value: str
    accounts: int


class Page(Schema):
    """Of what: an account (0: all that may be seen), a day, a page."""

    account: int = Field(0, ge=0, le=_BIG)
    day: str = Field("", max_length=10, examples=["2026-08-21"])
    before: int = Field(0, ge=0, le=_BIG)
    limit: int = Field(100, ge=1, le=LIST_ROWS_MAX)

    def date(self) -> str:
        """The day in its one form, "" if none was given. YunhaiError 2104."""
        return parse_date(self.day).isoformat() if self.day else ""


class OrdersPage(Page):
    open: bool = False


def entry_out(entry: Entry) -> dict[str, Any]:
    """A posting as an answer."""
    return {name: getattr(entry, name) for name in Entry.__slots__} | {"amount": quantity_of(entry.asset, entry.amount)}


def event_out(event: api.Event) -> dict[str, Any]:
    """An event as an answer."""
    values = {name: getattr(event, name) for name in type(event).__slots__}
    return values | {"entries": [entry_out(entry) for entry in event.entries]}


def order_out(order: api.OrderView) -> dict[str, Any]:
    """An order as an answer."""
    values = {name: getattr(order, name) for name in type(order).__slots__}
    return values | {
        "price": money(order.price) if order.price else "",
        "value": money(order.value),
        "average": money(order.average) if order.filled else "",
        "accepted_at": moment(order.accepted_ns),
        "market_time": moment(order.market_ns),
    }


def fill_out(fill: api.FillView) -> dict[str, Any]:
    """A fill as an answer."""
    values = {name: getattr(fill, name) for name in type(fill).__slots__}
    return values | {
        "price": money(fill.price),
        "value": money(fill.price * fill.quantity),
        "market_time": moment(fill.market_ns),
    }


def _next(rows: Sequence[Any], limit: int, name: str) -> int:
    """What `before` must be for the next page; 0 if this was the last."""
    return int(getattr(rows[-1], name)) if len(rows) == limit else 0


@router.get("/timeline/{any_id}", response=TimelineOut, summary="Everything that happened to an id 時間軸")
@open_to(*READERS, service="1.5")
def timeline(request: HttpRequest, any_id: str) -> dict[str, Any]:
    """An order, number 委託書編號, client id, instruction, trade or account; a word and a colon before it say which. 7220."""
    found = api.timeline(any_id)
    values = {name: getattr(found, name) for name in type(found).__slots__}
    return values | {"events": [event_out(event) for event in found.events]}


@router.get("/orders", response=OrdersOut, summary="Orders 委託")
@open_to(*READERS, service="1.5")
def orders(request: HttpRequest, page: Query[OrdersPage]) -> dict[str, Any]:
    """Newest first."""
    rows = api.orders_of(page.account, day=page.date(), open_only=page.open, before=page.before, limit=page.limit)
    return {"orders": [order_out(row) for row in rows], "next": _next(rows, page.limit, "order_id")}


@router.get("/orders/{int:order_id}", response=OrderOut, summary="An order 一筆委託")
@open_to(*READERS, service="1.5")
def order(request: HttpRequest, order_id: int) -> dict[str, Any]:
    """7220 if there is none that the caller may see."""
    found = api.order(order_id) if order_id <= _BIG else None
    if found is None:
        raise YunhaiError(NOTHING_FOUND, id=order_id)
    return order_out(found)


@router.get("/fills", response=FillsOut, summary="Fills 成交")
@open_to(*READERS, service="1.5")
def fills(request: HttpRequest, page: Query[Page]) -> dict[str, Any]:
    """Newest first."""
    rows = api.fills_of(page.account, day=page.date(), before=page.before, limit=page.limit)
    return {"fills": [fill_out(row) for row in rows], "next": _next(rows, page.limit, "sequence")}


@router.get("/refusals", response=RefusalsOut, summary="What the gate refused 下單檢核退回")
@open_to(*READERS, service="1.5")
def refusals(request: HttpRequest, page: Query[Page]) -> dict[str, Any]:
    """Newest first; `code` stands in the reject catalogue."""
    rows = api.refusals(account=page.account, before=page.before, limit=page.limit)
    shown = [
        {name: getattr(row, name) for name in type(row).__slots__}
        | {"refused_at": moment(row.accepted_ns), "market_time": moment(row.market_ns)}
        for row in rows
    ]
    return {"refusals": shown, "next": _next(rows, page.limit, "sequence")}


@router.get("/securities", response=list[SecurityOut], summary="The latest market day's securities 當日證券")
@open_to()
def securities(request: HttpRequest) -> list[dict[str, Any]]:
    """By code."""
    return [_security_out(row) for row in api.securities()]


@router.get("/securities/{code}", response=SecurityOut, summary="A security 一檔證券")
@open_to()
def security(request: HttpRequest, code: str) -> dict[str, Any]:
    """On the latest day that it stood in. 7221."""
    return _security_out(api.security(code))


def _security_out(row: api.SecurityView) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in type(row).__slots__}
    return values | {
        "reference": money(row.reference),
        "last": money(row.last) if row.last else "",
        "value": money(row.value),
    }


@router.get("/totals/{day}", response=TotalsOut, summary="A broker's day in numbers 當日總數")
@open_to(*STAFF, service="1.5")
def totals(request: HttpRequest, day: str) -> dict[str, Any]:
    """Of the caller's broker. 2104 no date."""
    found = api.day_totals(parse_date(day).isoformat())
    return {name: getattr(found, name) for name in type(found).__slots__} | {"value": money(found.value)}
