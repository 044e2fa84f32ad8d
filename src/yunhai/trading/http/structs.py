"""What the core's API takes and answers, as types: `openapi_paths` and the decoders are made of them.

Amounts and prices are decimal text in NT$, share counts and ids integers, times ISO 8601 with offset. What a request
does not know is refused, not passed over.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from yunhai.trading.facts import Listed
from yunhai.trading.lines.words import View

Id = Annotated[int, Meta(ge=1, lt=2**32)]
Count = Annotated[int, Meta(ge=1, lt=2**32)]
AmountText = Annotated[str, Meta(pattern=r"^-?[0-9]{1,15}(\.[0-9]{1,4})?$", description="NT$, decimal text")]
Reference = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z._:/-]+$")]
SecurityCode = Annotated[str, Meta(pattern=r"^[0-9A-Z]{0,12}$")]
DateText = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]


class Taken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of requests."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """The base of answers. `mode` is simulated or live."""

    mode: str


# --- orders ---


class Reserved(msgspec.Struct, frozen=True, kw_only=True):
    """What an acceptance holds back."""

    cash: str
    shares: int


class Ack(Said, frozen=True, kw_only=True):
    """An accepted and durable instruction. `number` its own, `order_id` its order's; `order_number` 委託書編號 of a new
    order; `sequence` its journal record."""

    number: int
    order_id: int
    order_number: str
    client_id: str
    sequence: int
    accepted_at: str
    market_time: str
    reserved: Reserved


class RefusalBody(msgspec.Struct, frozen=True, kw_only=True):
    """One refusal of the catalogue, in both languages, with what to do."""

    code: int
    name: str
    en: str
    zh: str
    remedy_en: str
    remedy_zh: str
    details: dict[str, int | str | bool | None]


class RefusedAnswer(Said, frozen=True, kw_only=True):
    """Every refusal's body."""

    error: RefusalBody


class CheckSaid(msgspec.Struct, frozen=True, kw_only=True):
    """One check of the gate: `verdict` passed | refused | skipped; `error` of a refused one."""

    check: str
    zh: str
    en: str
    verdict: str
    error: RefusalBody | None = None


class Preview(Said, frozen=True, kw_only=True):
    """What would happen now. `error` is the first failure, null if the instruction would be accepted. `price` the one its
    value is reckoned at; `total` what a buy pays or a sale brings, filled whole at it."""

    checks: tuple[CheckSaid, ...]
    error: RefusalBody | None
    price: str
    value: str
    commission: str
    tax: str
    total: str
    reserved: Reserved
    buying_power_after: str
    sellable_after: int
    market_time: str


class InstructionSaid(msgspec.Struct, frozen=True, kw_only=True):
    """A cancel, cut or change of price that the exchange has not answered yet. `quantity` shares to cut."""

    number: int
    action: str
    price: str
    quantity: int
    queue: str


class OrderSaid(msgspec.Struct, frozen=True, kw_only=True):
    """An order of today, live.

    `state` queued | resting | partly | filled | cancelled | refused | expired; `queue` why it still waits for a line
    (empty once sent); `price` empty: market; `reason` the code with which the exchange refused or removed it, 0 none;
    `instructions` those still unanswered; `commission`, `tax` charged so far."""

    order_id: int
    order_number: str
    account: int
    client_id: str
    code: str
    segment: str
    side: str
    order_type: str
    time_in_force: str
    channel: str
    price: str
    quantity: int
    leaves: int
    filled: int
    average_price: str
    value: str
    commission: str
    tax: str
    state: str
    reason: int
    queue: str
    reserved: Reserved
    accepted_at: str
    market_time: str
    changed_at: str
    sequence: int
    instructions: tuple[InstructionSaid, ...]


class Orders(Said, frozen=True, kw_only=True):
    """The account's orders of the open day, newest first; `more` if there are more than one answer holds."""

    orders: tuple[OrderSaid, ...]
    more: bool


class Order(Said, frozen=True, kw_only=True):
    order: OrderSaid


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """A holding: shares free and reserved, bought and sold today; `sellable` now (board lots); `cost` of all of it,
    commission included; `realised` today."""

    code: str
    free: int
    reserved: int
    bought_today: int
    sold_today: int
    sellable: int
    sellable_odd_lot: int
    cost: str
    average_cost: str
    realised: str


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """What settles on `date`: `cash` paid to (> 0) or by the account."""

    date: str
    cash: str
    shares: dict[str, int]


class Account(Said, frozen=True, kw_only=True):
    """An account, live. `buying_power` is free cash; `day_quota` empty: none."""

    account: int
    tenant: int
    branch: str
    number: str
    status: str
    buying_power: str
    reserved: str
    withdrawable: str
    day_quota: str
    day_quota_used: str
    commission_today: str
    tax_today: str
    positions: tuple[Position, ...]
    unsettled: tuple[Due, ...]
    market_time: str


# --- commands that move money or shares ---


class CashCommand(Taken, frozen=True, kw_only=True):
    """A deposit or a withdrawal. `amount` above 0."""

    account: Id
    amount: AmountText
    kind: Literal["deposit", "withdrawal"]
    reference: Reference


class SharesCommand(Taken, frozen=True, kw_only=True):
    """Shares into (`quantity` above 0) or out of the depository 集保. `cost` of what comes in, in all."""

    account: Id
    code: SecurityCode
    quantity: Annotated[int, Meta(gt=-(2**32), lt=2**32)]
    reference: Reference
    cost: AmountText = "0"


class TransferCommand(Taken, frozen=True, kw_only=True):
    """Cash (`code` empty: `amount` NT$) or shares (`quantity`) from one account to another of the same broker."""

    source: Id
    target: Id
    reference: Reference
    amount: AmountText = "0"
    code: SecurityCode = ""
    quantity: Annotated[int, Meta(ge=0, lt=2**32)] = 0


class Done(Said, frozen=True, kw_only=True):
    """A command taken and durable. The same reference again: the same answer."""

    sequence: int
    reference: str
    market_time: str


# --- the market, limits, catalogue ---


class TickRow(msgspec.Struct, frozen=True, kw_only=True):
    """From `price` on the price moves by `tick`."""

    price: str
    tick: str


class SecuritySaid(msgspec.Struct, frozen=True, kw_only=True):
    """A security of the day; prices empty where there is none. `ticks` those that its prices of today need."""

    code: str
    name: str
    kind: str
    reference: str
    limit_up: str
    limit_down: str
    lot: int
    day_trade: str
    suspended: bool
    segments: tuple[str, ...]
    ticks: tuple[TickRow, ...]


class Market(Said, frozen=True, kw_only=True):
    """The open day. `phases`: by segment, the phase that most of its books are in now."""

    date: str
    market_time: str
    clock: str
    pack: str
    settles_on: str
    phases: dict[str, str]
    securities: tuple[SecuritySaid, ...]


class LimitSaid(msgspec.Struct, frozen=True, kw_only=True):
    """One quota. `reset`: seconds until it is whole."""

    scope: str
    limit: int
    window: float
    remaining: int
    reset: int


class LimitsSaid(Said, frozen=True, kw_only=True):
    limits: tuple[LimitSaid, ...]


class RejectSaid(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the reject catalogue, in the order in which the gate checks."""

    code: int
    name: str
    check: str
    owner: str
    http: int
    retry: str
    zh: str
    en: str
    remedy_zh: str
    remedy_en: str


class Rejects(Said, frozen=True, kw_only=True):
    rejects: tuple[RejectSaid, ...]


# --- queries ---


class OrdersQuery(Taken, frozen=True, kw_only=True):
    account: Id
    state: Literal["open", "all"] = "all"


class MarketQuery(Taken, frozen=True, kw_only=True):
    """`codes`: only these, separated by commas."""

    codes: Annotated[str, Meta(max_length=400)] = ""


class LimitsQuery(Taken, frozen=True, kw_only=True):
    """`account`: its own quotas too."""

    account: Annotated[int, Meta(ge=0, lt=2**32)] = 0


# --- the inner socket ---


class OutboxRow(Taken, frozen=True, kw_only=True):
    """A fact of the control plane. `number` 1-99 (and what the relay may send besides); `value` its JSON, bytes in base64."""

    outbox: Annotated[int, Meta(ge=1)]
    number: int
    tenant: Annotated[int, Meta(ge=0, lt=2**32)]
    value: dict[str, Any]


class FactsTaken(Said, frozen=True, kw_only=True):
    """`sequences` of each row, 0 of one that had been taken before."""

    sequences: tuple[int, ...]


class FactTaken(Said, frozen=True, kw_only=True):
    """Whether the outbox row's fact is in the journal."""

    taken: bool


class DayOpenCommand(Taken, frozen=True, kw_only=True):
    """Open a day. `pack` a published one, the version `sha256` (hex), the latest if empty; `listed` as facts.Listed;
    `at`: market time of the day (HH:MM[:SS]) to begin at, demo and driven clocks only; `by` the person who opens it."""

    date: DateText
    pack: str
    settles_on: DateText
    listed: tuple[Listed, ...]
    seed: int = 1
    at: str = ""
    sha256: str = ""
    mode: Literal["simulated", "live"] = "simulated"
    by: int = 0


class DayCommand(Taken, frozen=True, kw_only=True):
    """Close or settle. `date` of the day (settle: the settlement date); of a closing, empty: the last day opened. `by` the
    person who does it."""

    date: Annotated[str, Meta(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$")] = ""
    by: int = 0


class OpeningCommand(Taken, frozen=True, kw_only=True):
    """A part of an import of opening balances, as facts.Opening: parallel columns; `code` empty is cash, 1/10,000 NT$."""

    tenant: Id
    batch: Reference
    part: Annotated[int, Meta(ge=0)]
    accounts: tuple[int, ...]
    codes: tuple[str, ...]
    amounts: tuple[int, ...]
    costs: tuple[int, ...]


class InnerCash(Taken, frozen=True, kw_only=True):
    """A deposit or withdrawal by the operator, for a driver or the demo. `amount` 1/10,000 NT$, < 0 out."""

    tenant: Id
    account: Id
    amount: int
    reference: Reference


class InnerShares(Taken, frozen=True, kw_only=True):
    """Shares in or out by the operator. `cost` 1/10,000 NT$."""

    tenant: Id
    account: Id
    code: SecurityCode
    quantity: int
    reference: Reference
    cost: int = 0


class DaySaid(Said, frozen=True, kw_only=True):
    """`steps` done by this call, `done` all of that day."""

    date: str
    steps: tuple[str, ...]
    done: tuple[str, ...]
    market_time: str


class ClockCommand(Taken, frozen=True, kw_only=True):
    """`to`: market time as ISO 8601 with offset, or HH:MM[:SS[.f]] of the open day."""

    to: str


class ClockSaid(Said, frozen=True, kw_only=True):
    market_time: str
    clock: str


class LineCommand(Taken, frozen=True, kw_only=True):
    """`when`, of a loss: now, or at the next instruction sent on the line, before its delivery or before its answer."""

    do: Literal["login", "lose", "logout"]
    broker: str = ""
    password: str = ""
    when: Literal["now", "before-delivery", "before-answer"] = "now"


class HaltCommand(Taken, frozen=True, kw_only=True):
    code: SecurityCode
    on: bool


class SequenceSaid(Said, frozen=True, kw_only=True):
    sequence: int


class Status(Said, frozen=True, kw_only=True):
    """How the core does. `date` of the last day opened, `open` while its venue runs, `steps` of its closing done;
    `phases` by segment; `seconds` the last start took, `restored_from` the snapshot's sequence (0: none)."""

    ready: bool
    halted: bool
    date: str
    market_time: str
    clock: str
    sequence: int
    durable: int
    next_number: int
    queued: int
    accepted: int
    refused: int
    sockets: int
    restored_from: int
    seconds: float
    snapshot: int
    open: bool
    steps: tuple[str, ...]
    next_due: str
    journal: str


class PoolSaid(Said, frozen=True, kw_only=True):
    """The pool of lines now, as `yunhai.trading.lines.words.View`."""

    pool: View


class InterfaceSaid(Said, frozen=True, kw_only=True):
    """A client certificate: `sha256` in hexadecimal, times in wall ms, `status` valid | held | revoked."""

    sha256: str
    profile: str
    tenant: int
    status: str
    not_before: int
    not_after: int
