"""/api/v1 of the Client Desk: clients for a reason, records, read-back, the desk's orders."""

from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema
from pydantic import ConfigDict

from yunhai.kernel.limits import (
    CLIENT_QUERY_CHARACTERS_MAX,
    LOOKUP_REFERENCE_CHARACTERS_MAX,
    RECORD_ID_CHARACTERS_MAX,
    RECORD_NOTE_CHARACTERS_MAX,
)
from yunhai.platform.shell.api import caller_of, open_to, signed_in
from yunhai.services.desk import api as desk
from yunhai.services.desk.access import ROLES, channel_of
from yunhai.services.desk.blotter import orders_of_desk
from yunhai.services.desk.rules import Spoken, read_back

router = Router(tags=["desk"], auth=signed_in)


class Strict(Schema):
    """A body that names only what is known."""

    model_config = ConfigDict(extra="forbid")


class ReasonIn(Strict):
    """Why a client is looked at: phone_order, service, complaint, audit, other; the last three with a reference."""

    reason: str = Field(max_length=20, examples=["phone_order"])
    reference: str = Field("", max_length=LOOKUP_REFERENCE_CHARACTERS_MAX)


class SearchIn(ReasonIn):
    """`query`: an account number (with or without its branch and a hyphen), or a part of a name."""

    query: str = Field(max_length=CLIENT_QUERY_CHARACTERS_MAX, examples=["1000018"])


class MatchOut(Schema):
    account: int
    number: str
    branch: str
    name: str
    status: str


class OpenedClientOut(MatchOut):
    """An opened client; `serial` is the register's line."""

    spoken: str
    spoken_en: str
    serial: int


class SearchOut(Schema):
    """One client opened, or several with their names masked."""

    client: OpenedClientOut | None
    matches: list[MatchOut]


class RecordIn(Strict):
    """`kind` phone, in_person or written; `at_ms` wall time in ms, 0: now; `caller` the telephone number of a phone record."""

    account: int = Field(ge=1, lt=2**32)
    kind: str = Field(max_length=9, examples=["phone"])
    record_id: str = Field(max_length=RECORD_ID_CHARACTERS_MAX, examples=["REC-20261123-0001"])
    at_ms: int = Field(0, ge=0, lt=2**53)
    caller: str = Field("", max_length=24)
    note: str = Field("", max_length=RECORD_NOTE_CHARACTERS_MAX)


class OrderIn(Strict):
    """An order as it is read back; `price` decimal text, empty at market; `quantity` in shares."""

    client: str = Field("", max_length=100)
    client_en: str = Field("", max_length=100)
    account: str = Field(max_length=16)
    side: str = Field(max_length=4, examples=["buy"])
    code: str = Field(max_length=12, examples=["2330"])
    name: str = Field(max_length=80)
    quantity: int = Field(ge=0, lt=2**32)
    price: str = Field("", max_length=24)
    lot: int = Field(1_000, ge=1, lt=2**32)
    time_in_force: str = Field("rod", max_length=3)


class ReadBackOut(Schema):
    zh: str
    en: str


class DeskOrderOut(Schema):
    """An order of this clerk today, as the reading has it."""

    order_id: int
    order_number: str
    account: int
    number: str
    time: str
    code: str
    segment: str
    side: str
    order_type: str
    price: str
    quantity: int
    filled: int
    state: str
    record: str


class DeskOrdersOut(Schema):
    orders: list[DeskOrderOut]


@router.post("/clients/search", response=SearchOut, summary="Find clients, for a reason 查詢客戶")
@open_to(*ROLES)
def search(request: HttpRequest, body: SearchIn) -> dict[str, Any]:
    """Writes a line of the look-up register. One client is opened, several are listed with masked names."""
    caller = caller_of(request)
    channel_of(caller)
    client, matches = desk.search(caller, body.query, body.reason, body.reference)
    return {"client": client, "matches": matches}


@router.post("/clients/{int:account}/open", response=OpenedClientOut, summary="Open a client, for a reason 開啟客戶")
@open_to(*ROLES)
def open_client(request: HttpRequest, account: int, body: ReasonIn) -> desk.Client:
    """Writes a line of the look-up register."""
    caller = caller_of(request)
    channel_of(caller)
    return desk.open_client(caller, account, body.reason, body.reference)


@router.get("/clients/{int:account}/calls", response=list[desk.RecordView], summary="A client's records 委託紀錄")
@open_to(*ROLES)
def calls(request: HttpRequest, account: int) -> tuple[desk.RecordView, ...]:
    """Newest first. 7329 unless this clerk has opened the client within the last hours."""
    caller = caller_of(request)
    channel_of(caller)
    return desk.records_of(caller, account)


@router.post("/instructions", response=desk.RecordView, summary="Keep how a customer gave an order 登記委託紀錄")
@open_to(*ROLES)
def make_record(request: HttpRequest, body: RecordIn) -> desk.RecordView:
    """The same record again is the same answer; its id with anything else is 7325."""
    caller = caller_of(request)
    channel_of(caller)
    return desk.make_record(
        caller,
        body.account,
        kind=body.kind,
        record_id=body.record_id,
        at_ms=body.at_ms,
        number=body.caller,
        note=body.note,
    )


@router.post("/instructions/read-back", response=ReadBackOut, summary="What to say to the customer 複誦")
@open_to(*ROLES)
def say_back(request: HttpRequest, body: OrderIn) -> Any:
    """The sentences in both languages; keeps nothing."""
    channel_of(caller_of(request))
    return read_back(Spoken(**body.dict()))


@router.get("/desk/orders", response=DeskOrdersOut, summary="My desk orders of the day 本檯委託")
@open_to(*ROLES)
def desk_orders(request: HttpRequest) -> dict[str, Any]:
    """Of the clerk who asks, newest first."""
    caller = caller_of(request)
    channel_of(caller)
    return {"orders": orders_of_desk(caller)}
