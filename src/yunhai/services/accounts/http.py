"""/api/v1: accounts, portfolios, statements of the day, consents."""

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema, Status
from pydantic import ConfigDict, Field

from yunhai.kernel.limits import CHARGE_PPM_MAX, LIST_ROWS_MAX, MONEY_MAX
from yunhai.kernel.money import money_of
from yunhai.platform.readings.shown import money, quantity_of
from yunhai.platform.shell.api import caller_of, open_to, signed_in
from yunhai.services.accounts import api
from yunhai.services.accounts.statement import Statement, as_csv, statement
from yunhai.services.settlement.api import Due

router = Router(tags=["accounts"], auth=signed_in)

_READERS: Final = ("investor", "api", "operations", "compliance")
_BIG: Final = 2**63 - 1


class Strict(Schema):
    """A body that names only what is known."""

    model_config = ConfigDict(extra="forbid")


class AccountOut(Schema):
    """Quotas are decimal text in NT$, "0.00": none. `commission_ppm` -1: the broker's."""

    account: int
    label: str
    branch: str
    number: str
    person: int
    name_zh: str
    name_en: str
    status: str
    day_quota: str
    order_quota: str
    day_trade: str
    credit: list[str]
    commission_ppm: int
    odd_lot: bool


class AccountIn(Strict):
    """`branch` its code, `number` 7 digits, `person` the id of whom it is for."""

    branch: str = Field(max_length=4, examples=["8880"])
    number: str = Field(pattern=r"^[0-9]{7}$", examples=["1000018"])


class ChangeIn(Strict):
    """What is left out stays. Quotas as decimal text in NT$."""

    status: str | None = Field(None, pattern="^(open|sell_only|frozen|closed)$")
    day_quota: str | None = Field(None, max_length=24, examples=["5000000"])
    order_quota: str | None = Field(None, max_length=24)
    day_trade: str | None = Field(None, pattern="^(none|buy_first)$")
    credit: list[str] | None = Field(None, max_length=3, examples=[["cash"]])
    commission_ppm: int | None = Field(None, ge=-1, le=CHARGE_PPM_MAX)
    odd_lot: bool | None = None


class HoldingOut(Schema):
    security: str
    name: str
    shares: int
    reserved: int
    average: str
    cost: str
    price: str
    value: str
    unrealised: str
    realised: str


class PortfolioTotalsOut(Schema):
    cost: str
    value: str
    unrealised: str
    realised: str


class PortfolioOut(Schema):
    """`unsettled`: cash still to come in (positive) or be paid. `sequence`: the journal's, up to which this is true."""

    account: int
    buying_power: str
    reserved: str
    unsettled: str
    holdings: list[HoldingOut]
    totals: PortfolioTotalsOut
    sequence: int


class StatementFillOut(Schema):
    trade: int
    order_id: int
    security: str
    name: str
    side: str
    price: str
    quantity: int
    value: str
    fee: str
    tax: str
    net: str


class MovementOut(Schema):
    sequence: int
    kind: str
    asset: str
    amount: str
    debit: str
    credit: str


class SettlementOut(Schema):
    asset: str
    net: str
    settled: bool


class StatementOut(Schema):
    account: AccountOut
    day: str
    settles_on: str
    final: bool
    mode: str
    fills: list[StatementFillOut]
    bought: str
    sold: str
    fees: str
    taxes: str
    tax_back: str
    movements: list[MovementOut]
    holdings: list[HoldingOut]
    totals: PortfolioTotalsOut
    cash: str
    settlement: list[SettlementOut]
    sequence: int


class ConsentIn(Strict):
    purpose: str = Field(pattern="^(trading|statements|research|marketing)$")


class PositionsPage(Schema):
    after: int = Field(0, ge=0, le=_BIG)
    limit: int = Field(100, ge=1, le=LIST_ROWS_MAX)


def account_out(found: api.AccountView) -> dict[str, Any]:
    """An account as an answer."""
    values = {name: getattr(found, name) for name in type(found).__slots__}
    return values | {
        "label": found.label,
        "day_quota": money(found.day_quota),
        "order_quota": money(found.order_quota),
        "credit": list(found.credit),
    }


@router.get("/accounts", response=list[AccountOut], summary="Accounts 帳戶")
@open_to(*_READERS)
def accounts(request: HttpRequest, page: Query[PositionsPage]) -> list[dict[str, Any]]:
    """An investor's own; all of the broker's for operations and compliance."""
    return [account_out(row) for row in api.accounts(after=page.after, limit=page.limit)]


@router.post("/accounts", response={201: AccountOut}, summary="Open an account 開戶")
@open_to("operations", service="1.5", mfa=True)
def open_account(request: HttpRequest, body: AccountIn) -> Status[dict[str, Any]]:
    """For a branch; whose it is comes by an invitation. 7241 the number is taken, 7242 no such branch."""
    caller = caller_of(request)
    made = api.open_account(tenant=caller.tenant_id, branch=body.branch, number=body.number, by=caller.person_id)
    return Status(201, account_out(made))


@router.get("/accounts/{int:account}", response=AccountOut, summary="An account 一個帳戶")
@open_to(*_READERS)
def account(request: HttpRequest, account: int) -> dict[str, Any]:
    """7240 if there is none that the caller may see."""
    return account_out(api.require(min(account, _BIG)))


@router.patch("/accounts/{int:account}", response=AccountOut, summary="Change an account's limits 變更額度")
@open_to("operations", service="1.5", mfa=True)
def change(request: HttpRequest, account: int, body: ChangeIn) -> dict[str, Any]:
    """The core hears of it in the same breath. 7240, 7243."""
    limits = {name: value for name, value in body.dict().items() if value is not None}
    for name in ("day_quota", "order_quota"):
        if name in limits:
            limits[name] = min(money_of(limits[name]), MONEY_MAX)
    return account_out(api.change(min(account, _BIG), by=caller_of(request).person_id, **limits))


@router.get("/accounts/{int:account}/portfolio", response=PortfolioOut, summary="Cash and holdings 庫存與損益")
@open_to(*_READERS, service="1.5")
def portfolio(request: HttpRequest, account: int) -> dict[str, Any]:
    """As the tables have them; the live figures are the core's (`/trade/v1/accounts/{id}`). 7240."""
    found = api.portfolio(min(account, _BIG))
    return {
        "account": account,
        "buying_power": money(found.buying_power),
        "reserved": money(found.reserved),
        "unsettled": money(found.unsettled),
        "holdings": [_holding_out(one) for one in found.holdings],
        "totals": _totals_out(found.totals),
        "sequence": found.sequence,
    }


def _holding_out(one: api.Holding) -> dict[str, Any]:
    amounts = ("average", "cost", "price", "value", "unrealised", "realised")
    whole = {name: getattr(one, name) for name in ("security", "name", "shares", "reserved")}
    return whole | {name: money(getattr(one, name)) for name in amounts}


def _totals_out(of: api.Totals) -> dict[str, str]:
    return {name: money(getattr(of, name)) for name in type(of).__slots__}


@router.get("/statements/{int:account}/{day}", response=StatementOut, summary="The statement of a day 日對帳單")
@open_to(*_READERS, service="1.5")
def statement_of_day(request: HttpRequest, account: int, day: str) -> dict[str, Any]:
    """`final` once the day's closing steps are done. 7240, 7244, 2104."""
    return statement_out(statement(min(account, _BIG), day))


@router.get("/statements/{int:account}/{day}/csv", summary="A day's fills as a table 日對帳單 CSV")
@open_to(*_READERS, service="1.5")
def statement_table(request: HttpRequest, account: int, day: str) -> HttpResponse:
    """CSV, UTF-8 with a byte-order mark. 7240, 7244, 2104."""
    found = statement(min(account, _BIG), day)
    answer = HttpResponse(as_csv(found), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="statement-{account}-{found.day}.csv"'
    return answer


def statement_out(found: Statement) -> dict[str, Any]:
    """A statement as an answer."""
    amounts = ("bought", "sold", "fees", "taxes", "tax_back", "cash")
    plain = {name: getattr(found, name) for name in ("day", "settles_on", "final", "mode", "sequence")}
    return (
        plain
        | {name: money(getattr(found, name)) for name in amounts}
        | {
            "account": account_out(found.account),
            "fills": [
                {
                    "trade": one.fill.trade,
                    "order_id": one.fill.order_id,
                    "security": one.fill.security,
                    "name": one.name,
                    "side": one.fill.side,
                    "price": money(one.fill.price),
                    "quantity": one.fill.quantity,
                    **{name: money(getattr(one, name)) for name in ("value", "fee", "tax", "net")},
                }
                for one in found.fills
            ],
            "movements": [
                {name: getattr(entry, name) for name in ("sequence", "kind", "asset", "debit", "credit")}
                | {"amount": quantity_of(entry.asset, entry.amount)}
                for entry in found.movements
            ],
            "holdings": [_holding_out(one) for one in found.holdings],
            "totals": _totals_out(found.totals),
            "settlement": [_due_out(due) for due in found.settlement],
        }
    )


def _due_out(due: Due) -> dict[str, Any]:
    return {"asset": due.asset, "net": quantity_of(due.asset, due.net), "settled": due.settled}


@router.get("/consents", response=list[str], summary="What the caller has consented to 個資同意")
@open_to()
def consents(request: HttpRequest) -> list[str]:
    """At the tenant that the request is made in."""
    person = caller_of(request).person
    return list(api.consents(person)) if person is not None else []


@router.post("/consents", response={204: None}, summary="Consent 同意")
@open_to("investor")
def consent(request: HttpRequest, body: ConsentIn) -> Status[None]:
    """Giving it again changes nothing."""
    caller = caller_of(request)
    assert caller.person is not None
    api.give_consent(caller.person, caller.tenant_id, body.purpose)
    return Status(204, None)


@router.delete("/consents/{purpose}", response={204: None}, summary="Withdraw a consent 撤回同意")
@open_to("investor")
def withdraw(request: HttpRequest, purpose: str) -> Status[None]:
    """7245 if there is none."""
    caller = caller_of(request)
    assert caller.person is not None
    api.withdraw_consent(caller.person, purpose)
    return Status(204, None)
