"""What /api/v1/contests takes and gives: amounts, prices and rates as decimal text, times ISO 8601."""

from typing import Literal

from ninja import Field, Schema
from pydantic import ConfigDict

from yunhai.kernel.limits import (
    CONTEST_CODES_MAX,
    CONTEST_NAME_CHARACTERS_MAX,
    CONTEST_TEXT_CHARACTERS_MAX,
    HISTORY_CODE_CHARACTERS_MAX,
    PAPER_NAME_CHARACTERS_MAX,
    QUANTITY_MAX,
)
from yunhai.services.contests.rules import KINDS

Kind = Literal["limit-rod", "limit-ioc", "limit-fok", "market-rod", "market-ioc", "market-fok"]


class Strict(Schema):
    """A body that names only what is known."""

    model_config = ConfigDict(extra="forbid")


class ContestDayOut(Schema):
    """`closed` false: the day that runs."""

    source: str
    kind: str
    day: str
    closed: bool


class PaperStockOut(Schema):
    code: str
    name: str
    reference: str


class WeightsIn(Strict):
    """In per cent, 100 together."""

    gain: int = Field(60, ge=0, le=100)
    drawdown: int = Field(20, ge=0, le=100)
    sharpe: int = Field(20, ge=0, le=100)


class WeightsOut(Schema):
    gain: int
    drawdown: int
    sharpe: int


class OverDayIn(Strict):
    """What is held over a day. `cash` NT$ as decimal text; `odd_lots`: the securities' odd-lot books too, where the day has them;
    `begins`, `ends` times of the day as HH:MM[:SS], "": the day's first or last event."""

    source: str = Field(max_length=80, examples=["journal/2026-08-21"])
    codes: list[str] = Field(min_length=1, max_length=CONTEST_CODES_MAX, examples=[["2330", "2317"]])
    odd_lots: bool = False
    cash: str = Field("1000000", max_length=20)
    fee: bool = True
    begins: str = Field("", max_length=8, examples=["09:00:00"])
    ends: str = Field("", max_length=8, examples=["13:30:00"])


class ContestIn(OverDayIn):
    """A contest's set-up."""

    name: str = Field(max_length=CONTEST_NAME_CHARACTERS_MAX * 2, examples=["三年二班 期中競賽"])
    text: str = Field("", max_length=CONTEST_TEXT_CHARACTERS_MAX * 2)
    begins: str = Field("09:00:00", max_length=8)
    ends: str = Field("13:30:00", max_length=8)
    kinds: list[Kind] = Field(list(KINDS), min_length=1, max_length=len(KINDS))
    weights: WeightsIn = WeightsIn(gain=60, drawdown=20, sharpe=20)


class ContestOut(Schema):
    """`join_code` only for those who lead or watch; `now` market time of the contest's clock, `speed` a multiple, 0: it stands."""

    id: int
    name: str
    text: str
    source: str
    day: str
    live: bool
    codes: list[str]
    odd_lots: bool
    cash: str
    fee: bool
    kinds: list[str]
    begins: str
    ends: str
    weights: WeightsOut
    join_code: str
    state: str
    now: str
    speed: str
    students: int
    final_position: int | None
    final_source: str
    final_hash: str


class LeadIn(Strict):
    """`confirm`: of an end the contest's name."""

    do: Literal["open", "freeze", "resume", "end"]
    confirm: str = Field("", max_length=CONTEST_NAME_CHARACTERS_MAX * 2)


class ClockIn(Strict):
    """`speed` "0.1" to "1000", "0" pauses; `to` a later time of the day, HH:MM[:SS]. What is left out stays."""

    speed: str | None = Field(None, max_length=8, examples=["10"])
    to: str | None = Field(None, max_length=8, examples=["10:15:00"])


class ContestStepOut(Schema):
    """`at` wall time, `market` time of the contest's clock."""

    step: str
    person: int
    name_zh: str
    name_en: str
    at: str
    market: str
    speed: str


class RankedOut(Schema):
    """`points` 0 to 100; percentages and ratio as decimal text, amounts NT$; `digest` SHA-256 of the account's whole result."""

    place: int
    paper: int
    name: str
    points: str
    equity: str
    gain: str
    return_percent: str
    drawdown_percent: str
    ratio: str
    orders: int
    trades: int
    fees_and_tax: str
    digest: str


class RankingOut(Schema):
    """`hash` over the terms and the rows: the same at every evaluation of the position."""

    position: int
    time: str
    final: bool
    hash: str
    rows: list[RankedOut]


class VerifiedOut(Schema):
    same: bool
    hash: str


class JoinIn(Strict):
    code: str = Field(max_length=20, examples=["K7M2QX9A"])
    name: str = Field("", max_length=PAPER_NAME_CHARACTERS_MAX * 2)


class BeginIn(Strict):
    """A new personal account; the one before is kept. `cash` NT$."""

    cash: str = Field("1000000", max_length=20)
    fee: bool = True


class PracticeOut(Schema):
    """A practice, by its paper account. `now` market time of its clock, `speed` a multiple, 0: it stands; `closed`: it was ended;
    `over`: ended, or its clock has come to the end."""

    paper: int
    source: str
    day: str
    codes: list[str]
    odd_lots: bool
    cash: str
    fee: bool
    begins: str
    ends: str
    now: str
    speed: str
    closed: bool
    over: bool
    made_at: str


class TradeOut(Schema):
    """An order that closed shares. `gain` NT$, charges within."""

    number: int
    code: str
    odd_lot: bool
    side: str
    quantity: int
    gain: str
    time: str


class SummaryOut(Schema):
    """What came of it so far. Percentages and ratio as decimal text, amounts NT$; `won` and `lost`: orders that closed shares with
    a gain or a loss; `best`, `worst`: null where nothing was closed."""

    return_percent: str
    drawdown_percent: str
    ratio: str
    gain: str
    orders: int
    refused: int
    fills: int
    fees: str
    taxes: str
    realised: str
    won: int
    lost: int
    best: TradeOut | None
    worst: TradeOut | None


class PaperIdOut(Schema):
    paper: int


class PaperNameOut(Schema):
    """`contest` 0: a practice (`practice`) or a personal account."""

    id: int
    name: str
    contest: int
    contest_name: str
    practice: bool
    start_cash: str
    made_at: str
    closed: bool


class PaperOrderIn(Strict):
    """A paper order. `odd_lot`: 1 to 999 shares in the odd-lot book; `quantity` shares; `price` NT$ as decimal text, "" of a market
    order."""

    code: str = Field(max_length=HISTORY_CODE_CHARACTERS_MAX, examples=["2330"])
    odd_lot: bool = False
    side: Literal["buy", "sell"]
    order_type: Literal["limit", "market"] = "limit"
    time_in_force: Literal["rod", "ioc", "fok"] = "rod"
    quantity: int = Field(ge=1, le=QUANTITY_MAX, examples=[1000])
    price: str = Field("", max_length=12, examples=["1085"])


class AlterIn(Strict):
    """`cut`: shares to take off; or `price`: another one."""

    cut: int = Field(0, ge=0, le=QUANTITY_MAX)
    price: str = Field("", max_length=12)


class NumberOut(Schema):
    number: int


class RefusedOut(Schema):
    code: int
    zh: str
    en: str


class PaperOrderOut(Schema):
    """`state` sent (not worked out yet), pending, resting, filled, gone, refused; `ahead` shares before it at its price."""

    number: int
    code: str
    odd_lot: bool
    side: str
    order_type: str
    time_in_force: str
    price: str
    quantity: int
    filled: int
    leaves: int
    average: str
    state: str
    ahead: int | None
    at: str
    refused: RefusedOut | None


class PaperFillOut(Schema):
    """`how`: took, queue, through, met, auction (docs/concepts/paper.md)."""

    number: int
    code: str
    odd_lot: bool
    side: str
    price: str
    quantity: int
    time: str
    how: str
    fee: str
    tax: str


class PositionOut(Schema):
    code: str
    quantity: int
    cost: str
    realised: str
    mark: str
    value: str


class EquityPointOut(Schema):
    time: str
    equity: str


class QuoteOut(Schema):
    """Levels as price, shares, orders, best first."""

    code: str
    odd_lot: bool
    last: str
    reference: str
    volume: int
    bids: list[tuple[str, int, int]]
    asks: list[tuple[str, int, int]]


class DayEndOut(Schema):
    source: str
    equity: str


class PaperOut(Schema):
    """A paper account. Simulated: no order at the exchange, no money. `contest` 0: a practice (`practice`) or personal; `place` 0:
    no rank."""

    id: int
    name: str
    simulated: bool
    contest: int
    practice: bool
    source: str
    takes_orders: bool
    closed: bool
    now: str
    cash: str
    power: str
    reserved: str
    equity: str
    fees: str
    taxes: str
    place: int
    students: int
    points: str
    codes: list[str]
    odd_lots: bool
    kinds: list[str]
    orders: list[PaperOrderOut]
    fills: list[PaperFillOut]
    positions: list[PositionOut]
    curve: list[EquityPointOut]
    quotes: list[QuoteOut]
    days: list[DayEndOut]
    digest: str
