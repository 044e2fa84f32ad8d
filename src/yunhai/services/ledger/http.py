"""/api/v1/ledger: postings, cash, the house's balances, and up to where the tables are true."""

from typing import Any, Final

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from yunhai.kernel.clock import parse_date
from yunhai.kernel.limits import LIST_ROWS_MAX
from yunhai.platform.readings.shown import moment, money, quantity_of
from yunhai.platform.shell.api import open_to, signed_in
from yunhai.services.ledger import api

PREFIX: Final = "/ledger"
router = Router(tags=["ledger"], auth=signed_in)

_READERS: Final = ("investor", "api", "operations", "compliance")
_BIG: Final = 2**63 - 1


class PostingOut(Schema):
    """`amount` of `asset` (NT$ as decimal text, shares whole) moved from `debit` to `credit`."""

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


class PostingsOut(Schema):
    """`next` goes into `before` for the page after; 0: this was the last."""

    postings: list[PostingOut]
    next: int


class CashOut(Schema):
    account: int
    buying_power: str
    reserved: str


class HouseOut(Schema):
    bucket: str
    asset: str
    balance: str


class FreshnessOut(Schema):
    """The journal's sequence that the tables are true at."""

    sequence: int
    written_at: str
    postings: int


class Postings(Schema):
    """Of which day and asset, and which page."""

    day: str = Field("", max_length=10, examples=["2026-08-21"])
    asset: str = Field("", max_length=12, examples=["TWD"])
    before: int = Field(0, ge=0, le=_BIG)
    limit: int = Field(100, ge=1, le=LIST_ROWS_MAX)


@router.get("/freshness", response=FreshnessOut, summary="Up to where the tables have read 讀取進度")
@open_to()
def freshness(request: HttpRequest) -> dict[str, Any]:
    """For whoever compares an acknowledgement's sequence with the tables."""
    found = api.freshness()
    return {"sequence": found.sequence, "written_at": moment(found.wall_ns), "postings": found.postings}


@router.get("/house", response=list[HouseOut], summary="The broker's own buckets 券商帳")
@open_to("operations", "compliance", service="1.5")
def house(request: HttpRequest) -> list[dict[str, str]]:
    """Clearing, fee, tax, bank, custody, transit, by asset. Credits less debits, so bank and custody are negative."""
    return [
        {"bucket": bucket, "asset": asset, "balance": quantity_of(asset, balance)}
        for (bucket, asset), balance in sorted(api.house_balances().items())
    ]


@router.get("/{int:account}/postings", response=PostingsOut, summary="An account's postings 帳戶分錄")
@open_to(*_READERS, service="1.5")
def postings(request: HttpRequest, account: int, page: Query[Postings]) -> dict[str, Any]:
    """Newest first. 7201 for an account that the caller may not see or that has no books yet. A page ends with a whole
    journal record, unless one record alone is longer than the page."""
    api.require_books(min(account, _BIG))
    day = parse_date(page.day).isoformat() if page.day else ""
    rows = api.entries_of(min(account, _BIG), day=day, asset=page.asset, before=page.before, limit=page.limit)
    last = 0
    if len(rows) == page.limit:
        whole = [row for row in rows if row.sequence != rows[-1].sequence] or rows
        rows, last = whole, whole[-1].sequence
    shown = [
        {name: getattr(row, name) for name in type(row).__slots__} | {"amount": quantity_of(row.asset, row.amount)}
        for row in rows
    ]
    return {"postings": shown, "next": last}


@router.get("/{int:account}/cash", response=CashOut, summary="An account's cash 帳戶現金")
@open_to(*_READERS, service="1.5")
def cash(request: HttpRequest, account: int) -> dict[str, Any]:
    """7201 as for the postings."""
    api.require_books(min(account, _BIG))
    found = api.cash_of(account)
    return {"account": account, "buying_power": money(found.free), "reserved": money(found.reserved)}
