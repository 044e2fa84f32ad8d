"""/api/v1/settlement: calendars, a broker's net, the market days and their steps."""

from typing import Any, Final

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from yunhai.kernel.clock import parse_date
from yunhai.platform.readings.shown import moment, quantity_of
from yunhai.platform.shell.api import open_to, signed_in
from yunhai.services.ledger.api import require_books
from yunhai.services.settlement import api

PREFIX: Final = "/settlement"
router = Router(tags=["settlement"], auth=signed_in)

_READERS: Final = ("investor", "api", "operations", "compliance")
_BIG: Final = 2**63 - 1


class DueOut(Schema):
    """`net` comes in (positive) or goes out; cash as decimal text in NT$, shares whole. Fee and tax were taken on the trade
    day. `account` 0: the whole broker."""

    account: int
    settles_on: str
    asset: str
    owed: str
    due: str
    net: str
    fee: str
    tax: str
    settled: bool


class StepOut(Schema):
    name: str
    state: str
    sequence: int
    by: int
    market_time: str
    wall_time: str


class DayOut(Schema):
    day: str
    settles_on: str
    pack: str
    mode: str
    clock: str
    opened_at: str
    sequence: int
    closed: bool
    settled: bool
    steps: list[StepOut]


class Since(Schema):
    """From which settlement day on."""

    since: str = Field("", max_length=10, examples=["2026-08-25"])


class Days(Schema):
    days: int = Field(5, ge=1, le=250)


@router.get("/days", response=list[DayOut], summary="Market days and their steps 開收盤進度")
@open_to()
def days(request: HttpRequest, page: Query[Days]) -> list[dict[str, Any]]:
    """Newest first: opened, closed, expired, day-trade tax returned, settled."""
    return [_day_out(row) for row in api.board(days=page.days)]


def _day_out(row: api.DayBoard) -> dict[str, Any]:
    return {
        "day": row.day,
        "settles_on": row.settles_on,
        "pack": row.pack,
        "mode": row.mode,
        "clock": row.clock,
        "opened_at": moment(row.opened_ns),
        "sequence": row.sequence,
        "closed": row.closed,
        "settled": row.settled,
        "steps": [
            {
                "name": step.name,
                "state": step.state,
                "sequence": step.sequence,
                "by": step.by,
                "market_time": moment(step.market_ns),
                "wall_time": moment(step.wall_ns),
            }
            for step in row.steps
        ],
    }


@router.get("/broker/{date}", response=list[DueOut], summary="What the broker settles on a day 券商應收付")
@open_to("operations", "compliance", service="1.5")
def broker(request: HttpRequest, date: str) -> list[dict[str, Any]]:
    """Net with the exchange by asset. 2104 no date."""
    return [due_out(due) for due in api.broker_net(parse_date(date).isoformat())]


@router.get("/{int:account}", response=list[DueOut], summary="An account's settlement calendar 交割行事曆")
@open_to(*_READERS, service="1.5")
def calendar(request: HttpRequest, account: int, page: Query[Since]) -> list[dict[str, Any]]:
    """By date, cash first. 7201 for an account that the caller may not see or that has no books yet."""
    require_books(min(account, _BIG))
    since = parse_date(page.since).isoformat() if page.since else ""
    return [due_out(due) for due in api.calendar(min(account, _BIG), since=since)]


def due_out(due: api.Due) -> dict[str, Any]:
    """An obligation as an answer."""
    values: dict[str, Any] = {name: getattr(due, name) for name in type(due).__slots__}
    for name in ("owed", "due", "net"):
        values[name] = quantity_of(due.asset, values[name])
    for name in ("fee", "tax"):
        values[name] = quantity_of("TWD", values[name])
    return values
