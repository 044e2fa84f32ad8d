"""An instruction takes effect 委託處理: the exchange's checks in their order (docs/concepts/matching.md §4), then the account's.

A refused instruction changes nothing and is kept with its number. Orders are checked when they arrive, not when they are given.
"""

from typing import TYPE_CHECKING, Final

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.records import OrderType, Phase, TimeInForce
from yunhai.market.paper.account import Account, Order
from yunhai.market.paper.errors import NO_PRICE, NOT_OFFERED
from yunhai.market.paper.field import Field
from yunhai.market.paper.words import BUY, SELL, Change, Instruction, OrderState, PaperChange, PaperOrder, Refusal
from yunhai.trading.market import kind_bit

if TYPE_CHECKING:
    from yunhai.market.paper.market import PaperMarket

_CLOSED: Final = {int(Phase.BEFORE): 1004, int(Phase.AFTER): 1005, int(Phase.SUSPENDED): 1006}
_ACTION: Final = {int(Change.CANCEL): 1, int(Change.CUT): 2, int(Change.REPRICE): 4}
_TAPE_MARKET: Final = (11, 10)
"""On a tape a market order gets no price further from the last trade than a tenth: as far as cash is reserved."""


def deal(market: "PaperMarket", account: Account, one: Instruction, *, position: int, moment: int) -> None:
    """Carry an instruction out, or refuse it."""
    try:
        if isinstance(one, PaperOrder):
            _new(market, account, one, position, moment)
        else:
            _change(market, account, one, position, moment)
    except YunhaiError as refused:
        details = tuple((name, str(value)) for name, value in refused.details.items())
        account.refusals.append(
            Refusal(number=one.number, position=position, time=moment, code=refused.code, details=details)
        )


def _new(market: "PaperMarket", account: Account, one: PaperOrder, position: int, moment: int) -> None:
    field = market.offered.get(one.name)
    order = Order(account, one, field.terms if field else None, moment)
    order.entered = position
    order.state = OrderState.REFUSED
    account.orders[one.number] = order
    if field is None:
        raise YunhaiError(NOT_OFFERED, name=one.name[:40])
    _check_new(field, one)
    order.bound = one.price or _market_bound(field, one.side)
    account.admit(order)
    if not field.arrive(order, position, moment):
        account.release(order)
        order.state = OrderState.REFUSED
        raise YunhaiError(1027)


def _check_new(field: Field, one: PaperOrder) -> None:
    terms, phase = field.terms, field.phase
    market = one.order_type == OrderType.MARKET
    checks = (
        (phase in _CLOSED, _CLOSED.get(phase, 0)),
        (one.side not in (BUY, SELL), 1007),
        (one.order_type not in (OrderType.MARKET, OrderType.LIMIT), 1008),
        (one.time_in_force not in (TimeInForce.ROD, TimeInForce.IOC, TimeInForce.FOK), 1009),
    )
    for fails, code in checks:
        if fails:
            raise YunhaiError(code)
    kinds = (
        (not terms.allowed[phase] & kind_bit(one.order_type, one.time_in_force), 1010),
        (one.quantity == 0, 1011),
        (one.quantity % terms.lot != 0, 1012),
        (one.quantity > terms.most, 1013),
        (market and one.price != 0, 1014),
    )
    for fails, code in kinds:
        if fails:
            raise YunhaiError(code)
    if not market:
        _check_price(field, one.price)


def _check_price(field: Field, price: int) -> None:
    fault = field.terms.price_fault(price)
    if fault:
        raise YunhaiError(fault)


def _market_bound(field: Field, side: int) -> int:
    """The worst price of a market order. NO_PRICE on a tape without a trade."""
    if not field.tape:
        return field.terms.ceiling if side == BUY else field.terms.floor
    last = field.book.last
    if last <= 0:
        raise YunhaiError(NO_PRICE, name=field.terms.listing.name)
    up, down = _TAPE_MARKET
    return last * up // down if side == BUY else max(1, last * (2 * down - up) // down)


def _change(market: "PaperMarket", account: Account, one: PaperChange, position: int, moment: int) -> None:
    order = account.orders.get(one.order)
    if order is None:
        raise YunhaiError(1021)
    if order.state is not OrderState.RESTING:
        raise YunhaiError(1022)
    field = market.offered[order.given.name]
    if field.phase in _CLOSED:
        raise YunhaiError(_CLOSED[field.phase])
    if one.change not in _ACTION:
        raise YunhaiError(1001)
    if not field.terms.actions[field.phase] & _ACTION[one.change]:
        raise YunhaiError(1025 if one.change == Change.REPRICE else 1024)
    if one.change == Change.REPRICE:
        _reprice(field, account, order, one, position, moment)
    else:
        _cut(field, account, order, one)


def _cut(field: Field, account: Account, order: Order, one: PaperChange) -> None:
    quantity = order.leaves
    if one.change == Change.CUT:
        if one.price or not one.quantity:
            raise YunhaiError(1026)
        if one.quantity % field.terms.lot:
            raise YunhaiError(1012)
        quantity = min(quantity, one.quantity)
    if quantity == order.leaves:
        field.leave(order)
    account.cut(order, quantity)


def _reprice(field: Field, account: Account, order: Order, one: PaperChange, position: int, moment: int) -> None:
    """Loses its place, and may trade at once."""
    if one.quantity or not one.price:
        raise YunhaiError(1026)
    if not order.price:
        raise YunhaiError(1025)
    _check_price(field, one.price)
    account.rebound(order, one.price)
    field.leave(order)
    order.price = one.price
    field.arrive_again(order, position, moment)
