"""The statement of the day 日對帳單: what an account did on a market day, what it was charged, what it has and owes.

Made from the tables whenever it is asked for, so it is the same however often. While the day is open it is a draft: its
holdings are those of now.
"""

import csv
import io
from dataclasses import dataclass
from datetime import date

from yunhai.kernel.clock import parse_date
from yunhai.kernel.errors import YunhaiError
from yunhai.platform.readings.shown import moment, money
from yunhai.services.accounts import api
from yunhai.services.accounts.errors import DAY_UNKNOWN
from yunhai.services.accounts.rules import Holding, Totals, totals
from yunhai.services.ledger import api as ledger
from yunhai.services.orders import api as orders
from yunhai.services.settlement import api as settlement
from yunhai.trading.words import PostingKind

_COLUMNS = (
    "日期 day",
    "時間 time",
    "成交序號 trade",
    "委託 order",
    "代號 code",
    "名稱 name",
    "買賣 side",
    "股數 shares",
    "價格 price",
    "價金 value",
    "手續費 fee",
    "交易稅 tax",
    "淨收付 net",
)
_CASH_KINDS = (PostingKind.DEPOSIT, PostingKind.WITHDRAWAL, PostingKind.TRANSFER, PostingKind.OPENING)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementFill:
    """A fill with what it was charged. `net`: what it brought (> 0) or took (< 0) in cash."""

    fill: orders.FillView
    name: str
    value: int
    fee: int
    tax: int
    net: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A day of an account. `final` once the day's closing steps are done. `tax_back`: day-trade tax returned at the close;
    `settlement` what the day's trades come to on their settlement day."""

    account: api.AccountView
    day: str
    settles_on: str
    final: bool
    mode: str
    fills: tuple[StatementFill, ...]
    bought: int
    sold: int
    fees: int
    taxes: int
    tax_back: int
    movements: tuple[ledger.Entry, ...]
    holdings: tuple[Holding, ...]
    totals: Totals
    cash: int
    settlement: tuple[settlement.Due, ...]
    sequence: int


def statement(account: int, day: str) -> Statement:
    """The statement of an account for a market day (YYYY-MM-DD). 7240 no such account, 2104 no date, DAY_UNKNOWN."""
    of = api.require(account)
    wanted = parse_date(day)
    board = next((one for one in settlement.board(days=2_000) if one.day == wanted.isoformat()), None)
    if board is None:
        raise YunhaiError(DAY_UNKNOWN, day=wanted.isoformat())
    fills = _fills(account, wanted)
    held, cash = _held(account, wanted, closed=board.closed)
    back = ledger.entries_of_day(account, board.day, (PostingKind.TAX_BACK,))
    return Statement(
        account=of,
        day=board.day,
        settles_on=board.settles_on,
        final=board.closed,
        mode=board.mode,
        fills=fills,
        bought=sum(one.value for one in fills if one.fill.side == "buy"),
        sold=sum(one.value for one in fills if one.fill.side == "sell"),
        fees=sum(one.fee for one in fills),
        taxes=sum(one.tax for one in fills),
        tax_back=sum(entry.amount for entry in back),
        movements=tuple(ledger.entries_of_day(account, board.day, _CASH_KINDS)),
        holdings=held,
        totals=totals(held),
        cash=cash,
        settlement=tuple(due for due in settlement.calendar(account) if due.settles_on == board.settles_on),
        sequence=ledger.freshness().sequence,
    )


def _fills(account: int, day: date) -> tuple[StatementFill, ...]:
    fills = orders.day_fills(account, day.isoformat())
    names = orders.prices({fill.security for fill in fills}, day=day.isoformat())
    charged: dict[tuple[int, str], int] = {}
    for entry in ledger.entries_of_day(account, day.isoformat(), (PostingKind.FEE, PostingKind.TAX)):
        charged[entry.sequence, entry.kind] = charged.get((entry.sequence, entry.kind), 0) + entry.amount
    made = []
    for fill in fills:
        value = fill.price * fill.quantity
        fee, tax = charged.get((fill.sequence, "fee"), 0), charged.get((fill.sequence, "tax"), 0)
        name = names[fill.security].name if fill.security in names else fill.security
        net = -value - fee if fill.side == "buy" else value - fee - tax
        made.append(StatementFill(fill=fill, name=name, value=value, fee=fee, tax=tax, net=net))
    return tuple(made)


def _held(account: int, day: date, *, closed: bool) -> tuple[tuple[Holding, ...], int]:
    if closed:
        return api.holdings_on(account, day)
    now = api.portfolio(account)
    return now.holdings, now.buying_power + now.reserved


def as_csv(of: Statement) -> str:
    """The fills as a table for a spreadsheet, with a byte-order mark so that it opens in Chinese."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(_COLUMNS)
    for one in of.fills:
        fill = one.fill
        amounts = [money(value) for value in (fill.price, one.value, one.fee, one.tax, one.net)]
        places = [of.day, moment(fill.market_ns), fill.trade, fill.order_id, fill.security, one.name, fill.side]
        table.writerow([*places, fill.quantity, *amounts])
    return "\ufeff" + text.getvalue()
