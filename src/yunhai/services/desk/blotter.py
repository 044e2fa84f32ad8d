"""The desk's orders of the day and which record stood behind which order, from the orders' reading."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from yunhai.kernel.limits import LIST_ROWS_MAX
from yunhai.kernel.money import price_text
from yunhai.platform.identity.caller import Caller
from yunhai.services.accounts import api as accounts
from yunhai.services.orders import api as orders
from yunhai.services.settlement import api as settlement
from yunhai.trading.words import Channel

DESK: Final = (Channel.DESK, Channel.KEYIN)
MARKET_ZONE: Final = timezone(timedelta(hours=8))


def orders_of_desk(caller: Caller) -> list[dict[str, Any]]:
    """This clerk's orders of the latest market day, newest first, as the blotter's rows."""
    day = settlement.latest_day()
    if day is None:
        return []
    found = orders.orders_of(person=caller.person_id, channels=DESK, day=day.day, limit=LIST_ROWS_MAX)
    numbers = {account: accounts.view(account) for account in {one.account for one in found}}
    return [_row(one, numbers[one.account]) for one in found]


def _row(one: orders.OrderView, account: accounts.AccountView | None) -> dict[str, Any]:
    return {
        "order_id": one.order_id,
        "order_number": one.order_number,
        "account": one.account,
        "number": account.number if account else "",
        "time": clock(one.market_ns),
        "code": one.security,
        "segment": one.segment,
        "side": one.side,
        "order_type": one.order_type,
        "price": price_text(one.price) if one.price else "",
        "quantity": one.quantity,
        "filled": one.filled,
        "state": one.state,
        "record": one.told_by,
    }


def clock(market_ns: int) -> str:
    """HH:MM:SS of market time."""
    return datetime.fromtimestamp(market_ns / 1_000_000_000, UTC).astimezone(MARKET_ZONE).strftime("%H:%M:%S")


def orders_with_record(account: int) -> dict[str, list[orders.OrderView]]:
    """A client's latest desk orders by the id of the record behind them."""
    found: dict[str, list[orders.OrderView]] = {}
    for one in orders.orders_of(account, channels=DESK, limit=LIST_ROWS_MAX):
        found.setdefault(one.told_by, []).append(one)
    return found
