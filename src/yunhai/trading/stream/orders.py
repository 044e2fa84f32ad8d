"""An account's orders and fills as the stream tells them. Names and words are those of `GET /trade/v1/orders`."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

from yunhai.kernel.limits import STREAM_ORDERS_MAX
from yunhai.kernel.money import price_text
from yunhai.kernel.records import FILL, Kind, OrderType, Side, TimeInForce
from yunhai.trading.books.books import Books
from yunhai.trading.books.state import Order
from yunhai.trading.core.deciding import moment_of
from yunhai.trading.stream.watched import WatchedBooks
from yunhai.trading.words import Segment

_FILL: Final = int(Kind.FILL)
_LIQUIDITY: Final = {1: "maker", 2: "taker", 3: "auction"}
_TIMES: Final = {int(one): one.name.lower() for one in TimeInForce}


class OrderLine(msgspec.Struct, frozen=True, kw_only=True):
    """An order now. `reason`: the exchange's refusal, or why the rest was removed (0: none)."""

    order_id: int
    order_number: str
    account: int
    client_id: str
    code: str
    segment: str
    side: str
    order_type: str
    time_in_force: str
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
    market_time: str
    changed_at: str
    sequence: int


class FillLine(msgspec.Struct, frozen=True, kw_only=True):
    """One execution; `sequence`: its journal record. `liquidity` maker | taker | auction."""

    sequence: int
    order_id: int
    trade: int
    side: str
    price: str
    quantity: int
    leaves: int
    liquidity: str
    market_time: str


class AccountLine(msgspec.Struct, frozen=True, kw_only=True):
    """The account's cash now."""

    buying_power: str
    reserved: str


class OrdersData(msgspec.Struct, frozen=True, kw_only=True):
    """Of a snapshot: today's orders, newest first, `more` if there are more. Of an update: what changed."""

    account: AccountLine
    orders: tuple[OrderLine, ...]
    fills: tuple[FillLine, ...] = ()
    more: bool = False


def line_of(order: Order) -> OrderLine:
    average = order.value // order.filled if order.filled else 0
    return OrderLine(
        order_id=order.order_id,
        order_number=order.order_number,
        account=order.account,
        client_id=str(UUID(bytes=order.client_id)),
        code=order.security,
        segment=Segment(order.segment).word,
        side=Side(order.side).name.lower(),
        order_type=OrderType(order.order_type).name.lower(),
        time_in_force=_TIMES[order.time_in_force],
        price=price_text(order.price) if order.price else "",
        quantity=order.quantity,
        leaves=order.leaves,
        filled=order.filled,
        average_price=price_text(average) if average else "",
        value=price_text(order.value),
        commission=price_text(order.fee),
        tax=price_text(order.tax),
        state=order.state,
        reason=order.code,
        market_time=moment_of(order.time),
        changed_at=moment_of(order.changed or order.time),
        sequence=order.sequence,
    )


def cash_of(books: Books, account: int) -> AccountLine:
    held = books.accounts[account]
    return AccountLine(buying_power=price_text(held.free), reserved=price_text(held.reserved))


def lines_of(books: WatchedBooks, numbers: Iterable[int]) -> tuple[OrderLine, ...]:
    """Orders of today as they are now; a number that is none is left out."""
    return tuple([line_of(order) for number in numbers if (order := books.orders.look(number)) is not None])


def snapshot_of(books: WatchedBooks, account: int) -> OrdersData:
    numbers, more = books.newest_of(account, STREAM_ORDERS_MAX)
    return OrdersData(account=cash_of(books, account), orders=lines_of(books, reversed(numbers)), more=more)


def touched(first_sequence: int, records: NDArray[np.void], accounts: NDArray[np.int64]) -> list[tuple[int, np.void]]:
    """(sequence, record) of the records that concern one of `accounts`."""
    rows = np.flatnonzero(np.isin(records["account"], accounts))
    return [(first_sequence + int(row), records[row]) for row in rows]


def fill_of(sequence: int, record: np.void) -> FillLine | None:
    """The execution a record tells; None if it is another kind."""
    if int(record["kind"]) != _FILL:
        return None
    fill = np.frombuffer(record.tobytes(), FILL)[0]
    return FillLine(
        sequence=sequence,
        order_id=int(fill["order_id"]),
        trade=int(fill["trade"]),
        side=Side(int(fill["side"])).name.lower(),
        price=price_text(int(fill["price"])),
        quantity=int(fill["quantity"]),
        leaves=int(fill["leaves"]),
        liquidity=_LIQUIDITY[int(fill["liquidity"])],
        market_time=moment_of(int(fill["time"])),
    )
