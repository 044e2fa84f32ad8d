"""/api/v1 of the Control Room: lines and their pool, rejects, sessions, totals, the day."""

from typing import Any

import msgspec
from django.http import HttpRequest
from ninja import Field, Router, Schema
from pydantic import ConfigDict

from yunhai.kernel.errors import entry_of
from yunhai.kernel.limits import LIST_ROWS_MAX, ROOM_ROWS_MAX
from yunhai.kernel.money import decimal_text
from yunhai.platform.console.models import Line
from yunhai.platform.shell.api import caller_of, open_to, signed_in
from yunhai.services.lines import api as lines
from yunhai.services.lines import opening
from yunhai.services.lines.access import ACTS, SEES
from yunhai.services.orders import api as orders

router = Router(tags=["operations"], auth=signed_in)


class PoolLineOut(Schema):
    line: str
    tenant: int
    cap: int
    status: str


class LineRowOut(Schema):
    """A line now; `rate` and `lent` messages of the last second."""

    line: str
    tenant: int
    cap: int
    state: str
    rate: int
    lent: int
    in_flight: int


class BrokerRowOut(Schema):
    tenant: int
    pool: str
    guarantee: int
    weight: int
    rate: int
    burst: int
    queued: list[int]
    held: int
    in_flight: int
    reason: str


class OthersOut(Schema):
    """Everybody else of the pool as one; absent where they are fewer than two."""

    brokers: int
    lines: int
    lines_all: int
    rate: int
    queued: int


class QueuedOut(Schema):
    cancel: int
    reprice: int
    new: int


class PoolViewOut(Schema):
    """A broker's own part of the pool; `brokers` for the exchange's operators only."""

    pool: str
    capacity: int
    pool_rate: int
    uncapped: bool
    guarantee: int
    rate: int
    burst: int
    queued: QueuedOut
    held: int
    in_flight: int
    wait_p50_ms: float
    wait_p99_ms: float
    sent: int
    reason: str
    lines: list[LineRowOut]
    others: OthersOut | None
    brokers: list[BrokerRowOut]


class LineCommandIn(Schema):
    """`login` needs broker number and password of the line, all right; `lose` cuts it as a broken wire would."""

    model_config = ConfigDict(extra="forbid")
    do: str = Field(pattern="^(login|logout|lose)$", examples=["login"])
    broker: str = Field("", max_length=4)
    password: str = Field("", max_length=80)


class DoneOut(Schema):
    done: bool


class OperationsTotalsOut(Schema):
    """Money in NT$, decimal text. `sequence`: how far the reading has come."""

    day: str
    orders: int
    open: int
    fills: int
    shares: int
    value: str
    fees: str
    tax: str
    accounts: int
    refused: int
    refused_by_exchange: int
    sequence: int


class RejectCountOut(Schema):
    code: int
    name: str
    zh: str
    en: str
    count: int


class RejectOut(Schema):
    sequence: int
    account: int
    person: int
    action: str
    channel: str
    code: int
    client_id: str
    market_ns: int


class OperationsStepOut(Schema):
    name: str
    state: str
    sequence: int
    by: int
    market_ns: int
    wall_ns: int


class DayBoardOut(Schema):
    day: str
    settles_on: str
    pack: str
    mode: str
    clock: str
    opened_ns: int
    sequence: int
    steps: list[OperationsStepOut]


class BlockOut(Schema):
    what: str
    count: int


class OperationsDayOut(Schema):
    board: list[DayBoardOut]
    blocks: list[BlockOut]


class DayIn(Schema):
    """`date`: of the day to close, or the settlement date; empty: the open day's."""

    model_config = ConfigDict(extra="forbid")
    date: str = Field("", pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$")


class ReferenceIn(Schema):
    """A security's reference price in NT$, decimal text."""

    model_config = ConfigDict(extra="forbid")
    code: str = Field(pattern=r"^[0-9A-Z]{1,12}$", examples=["2330"])
    reference: str = Field(max_length=12, examples=["2410"])


class DayOpenIn(Schema):
    """Empty: the next trading day, the last day's pack, the day's beginning, the last prices. `at` HH:MM[:SS], only where
    the clock is no live one; `references` of an ex-dividend day or of new securities."""

    model_config = ConfigDict(extra="forbid")
    date: str = Field("", pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$")
    pack: str = Field("", max_length=60)
    at: str = Field("", pattern=r"^([0-9]{2}:[0-9]{2}(:[0-9]{2})?)?$")
    references: list[ReferenceIn] = Field(default_factory=list, max_length=LIST_ROWS_MAX)


class PlannedSecurityOut(Schema):
    """Prices in NT$, "0" where there is none; `source` of the reference: close, reference (nothing traded) or given."""

    code: str
    name: str
    before: str
    close: str
    reference: str
    source: str


class DayPlanOut(Schema):
    """`left_out`: of the last day's securities those that are listed no more."""

    date: str
    pack: str
    settles_on: str
    clock: str
    at: str
    securities: list[PlannedSecurityOut]
    left_out: list[str]


class DayOpenedOut(DayPlanOut):
    """`sequence`: of the fact in the journal."""

    sequence: int


class DayDoneOut(Schema):
    date: str
    steps: list[str]
    done: list[str]


@router.get("/lines", response=list[PoolLineOut], summary="My exchange lines 我的線路")
@open_to(*SEES)
def list_lines(request: HttpRequest) -> list[dict[str, Any]]:
    """A broker's own; every line for the exchange's operators. Never a password."""
    return [
        {"line": one.pk, "tenant": one.tenant_id, "cap": one.cap, "status": one.status} for one in Line.objects.all()
    ]


@router.get("/lines/pool", response=PoolViewOut, summary="The line pool now 線路池即時")
@open_to(*SEES)
def pool(request: HttpRequest) -> Any:
    """Own lines and queue in full, the other brokers as one anonymous sum."""
    return msgspec.to_builtins(lines.pool_now(caller_of(request)))


@router.post("/lines/{line}", response=DoneOut, summary="Log a line in or out, or cut it 線路登入、登出、斷線")
@open_to(*ACTS, mfa=True)
def command_line(request: HttpRequest, line: str, body: LineCommandIn) -> dict[str, bool]:
    """6300 whatever of line, broker and password is wrong."""
    lines.command_line(caller_of(request), line, body.do, broker=body.broker, password=body.password)
    return {"done": True}


@router.get("/operations/totals", response=OperationsTotalsOut | None, summary="The day's totals 當日總數")
@open_to(*SEES)
def totals(request: HttpRequest) -> dict[str, Any] | None:
    found = lines.totals()
    if found is None:
        return None
    said: dict[str, Any] = msgspec.to_builtins(found)
    return said | {name: decimal_text(said[name]) for name in ("value", "fees", "tax")}


@router.get("/operations/rejects/counts", response=list[RejectCountOut], summary="Rejects by check 退單統計")
@open_to(*SEES)
def reject_counts(request: HttpRequest) -> list[dict[str, Any]]:
    """Since the latest day was opened, most frequent first."""
    rows = []
    for code, count in lines.reject_counts().items():
        entry = entry_of(code)
        rows.append({"code": code, "name": entry.name, "zh": entry.zh, "en": entry.en, "count": count})
    return rows


@router.get("/operations/rejects", response=list[RejectOut], summary="Refused instructions 退單明細")
@open_to(*SEES)
def rejects(request: HttpRequest, code: int = 0, before: int = 0) -> list[orders.RefusalView]:
    """Newest first; `code`: of one refusal; `before`: with a journal sequence below."""
    return orders.refusals(code=code, before=before, limit=ROOM_ROWS_MAX)


@router.get("/operations/sessions", response=lines.SessionPage, summary="Who is signed in 登入者")
@open_to(*ACTS, mfa=True)
def sessions(request: HttpRequest, before: str = "") -> lines.SessionPage:
    """Latest first, a page at a time: `before` is the page before's `next`."""
    return lines.sessions(caller_of(request), before=before)


@router.post("/operations/sessions/{sid}/revoke", response=lines.SessionView, summary="End a session 撤銷登入")
@open_to(*ACTS, mfa=True)
def revoke(request: HttpRequest, sid: str) -> lines.SessionView:
    """The session and every token made from it, here and at the gate."""
    return lines.revoke(caller_of(request), sid)


@router.get("/operations/day", response=OperationsDayOut, summary="The day board 市場日看板")
@open_to(*SEES)
def day(request: HttpRequest) -> lines.DayState:
    return lines.day_state()


@router.post("/operations/day/plan", response=DayPlanOut, summary="What opening a day would be 開市預覽")
@open_to("operator")
def plan_day(request: HttpRequest, body: DayOpenIn) -> dict[str, Any]:
    """Changes nothing: date, settlement date, and each security's reference with where it is from."""
    return _plan_out(opening.plan(_wanted(body)))


@router.post("/operations/day/open", response=DayOpenedOut, summary="Open a market day 開市作業")
@open_to("operator")
def open_day(request: HttpRequest, body: DayOpenIn) -> dict[str, Any]:
    """For everybody. The same date again, while it is open, gives the same sequence; another day's is refused (6505)."""
    plan, sequence = opening.open_day(caller_of(request), _wanted(body))
    return _plan_out(plan) | {"sequence": sequence}


def _wanted(body: DayOpenIn) -> opening.Wanted:
    lines_of = "\n".join(f"{one.code},{one.reference}" for one in body.references)
    return opening.Wanted(date=body.date, pack=body.pack, at=body.at, references=lines_of)


def _plan_out(plan: opening.Plan) -> dict[str, Any]:
    prices = ("before", "close", "reference")
    rows = [
        {"code": one.code, "name": one.name, "source": one.source}
        | {name: decimal_text(getattr(one, name)) for name in prices}
        for one in plan.rows
    ]
    texts = {name: getattr(plan, name) for name in ("date", "pack", "settles_on", "clock", "at", "left_out")}
    return texts | {"securities": rows}


@router.post("/operations/day/close", response=DayDoneOut, summary="Close the market day 收盤作業")
@open_to("operator")
def close_day(request: HttpRequest, body: DayIn) -> Any:
    """For everybody; each step once, resumable."""
    return lines.run_day(caller_of(request), "close", body.date)


@router.post("/operations/day/settle", response=DayDoneOut, summary="Settle a date 交割")
@open_to("operator")
def settle(request: HttpRequest, body: DayIn) -> Any:
    return lines.run_day(caller_of(request), "settle", body.date)
