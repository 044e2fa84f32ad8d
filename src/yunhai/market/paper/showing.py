"""A result 結果: an account as it stands, as data, with a digest over all of it."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import msgspec

from yunhai.market.paper.account import Account, Order
from yunhai.market.paper.words import OrderState, OrderView, Point, Position, Result

if TYPE_CHECKING:
    from yunhai.market.paper.market import PaperMarket

_ENCODER: Final = msgspec.json.Encoder()


def result_of(market: "PaperMarket", account: Account, pending: Iterable[Order]) -> Result:
    """Everything of an account as of the market's position."""
    marks = market.marks()
    time = market.source.time_of(market.position)
    equity = account.worth(marks)
    shown = Result(
        position=market.position,
        time=time,
        began=account.began,
        cash=account.cash,
        reserved=account.reserved + account.locked,
        power=account.power,
        equity=equity,
        fees=account.fees,
        taxes=account.taxes,
        positions=tuple(
            Position(
                code=code,
                quantity=held.quantity,
                selling=held.selling,
                cost=held.cost,
                realised=held.realised,
                mark=marks[code],
            )
            for code, held in sorted(account.holdings.items())
            if held.quantity or held.realised or held.selling
        ),
        orders=tuple(_view(market, order) for order in (*account.orders.values(), *pending)),
        fills=tuple(account.fills),
        refusals=tuple(account.refusals),
        curve=(*account.curve, Point(time, equity)),
        digest="",
    )
    return replace(shown, digest=digest_of(shown))


def digest_of(result: Result) -> str:
    """SHA-256 over the result without its digest, in canonical JSON, hex."""
    return hashlib.sha256(_ENCODER.encode(replace(result, digest=""))).hexdigest()


def _view(market: "PaperMarket", order: Order) -> OrderView:
    given, resting = order.given, order.state is OrderState.RESTING
    return OrderView(
        number=given.number,
        name=given.name,
        side=given.side,
        order_type=given.order_type,
        time_in_force=given.time_in_force,
        price=order.price,
        quantity=given.quantity,
        filled=order.filled,
        removed=order.removed,
        value=order.value,
        fee=order.fee,
        tax=order.tax,
        reserved=order.reserved,
        state=order.state,
        entered=order.entered,
        entered_ns=order.entered_ns,
        ahead=market.offered[given.name].ahead(order) if resting else None,
    )
