"""The checks of a command, in their order; the first failure wins (matching.md §4). 0 = accepted so far."""

from typing import TYPE_CHECKING

from tests.reference.continuous import is_crossed
from tests.reference.state import Book
from tests.reference.wire import (
    AFTER,
    BEFORE,
    BUY,
    CANCEL,
    COLLECT,
    CONTINUOUS,
    CONTROLS,
    CUT,
    FOK,
    HALT,
    IOC,
    LIMIT,
    MARKET,
    NEW,
    ORDERS,
    PHASE,
    REPRICE,
    ROD,
    SELL,
    SUSPENDED,
    TRIAL,
    UNCROSS,
    Command,
)

if TYPE_CHECKING:
    from tests.reference.engine import ReferenceEngine

ACTION_BIT = {CANCEL: 1, CUT: 2, REPRICE: 4}


def refusal(engine: "ReferenceEngine", command: Command) -> int:
    """Code of the first check that fails, 0 if none does."""
    if command.time < engine.now:
        return 1003
    if command.kind not in ORDERS and command.kind not in CONTROLS:
        return 1001
    if command.book >= len(engine.books):
        return 1002
    book = engine.books[command.book]
    if command.kind in CONTROLS:
        return control_refusal(book, command)
    if book.phase == BEFORE:
        return 1004
    if book.phase == AFTER:
        return 1005
    if book.phase == SUSPENDED:
        return 1006
    if command.kind == NEW:
        return new_refusal(engine, book, command)
    return change_refusal(engine, book, command)


def control_refusal(book: Book, command: Command) -> int:
    """§3 for PHASE, §7 for UNCROSS and TRIAL; EXPIRE is accepted in any phase."""
    if command.kind == PHASE and command.side > SUSPENDED:
        return 1201
    if command.kind == PHASE and command.side == CONTINUOUS and is_crossed(book):
        return 1202
    if command.kind in (UNCROSS, TRIAL) and book.phase not in (COLLECT, HALT):
        return 1204
    return 0


def new_refusal(engine: "ReferenceEngine", book: Book, command: Command) -> int:
    """Checks 5 to 18 of a new order."""
    if command.side not in (BUY, SELL):
        return 1007
    if command.order_type not in (MARKET, LIMIT):
        return 1008
    if command.time_in_force not in (ROD, IOC, FOK):
        return 1009
    if not book.allows(command.order_type, command.time_in_force, book.phase):
        return 1010
    if command.quantity == 0:
        return 1011
    if command.quantity % book.config.lot:
        return 1012
    if command.quantity > book.config.max_quantity:
        return 1013
    if command.order_type == MARKET and command.price != 0:
        return 1014
    if command.order_type == LIMIT and (code := price_refusal(book, command.price)):
        return code
    if not engine.in_range(command.order_id):
        return 1019
    if command.order_id in engine.tenants:
        return 1018
    if len(engine.live) >= engine.order_capacity:
        return 1020
    return 0


def price_refusal(book: Book, price: int) -> int:
    """Checks 13 to 15: above the ladder, below it, off its ticks."""
    if price > book.ladder[-1]:
        return 1015
    if price < book.ladder[0]:
        return 1016
    if price not in book.place:
        return 1017
    return 0


def change_refusal(engine: "ReferenceEngine", book: Book, command: Command) -> int:
    """Cancel, cut and re-price: whose order, is it alive, is it here, may it be done now."""
    if engine.tenants.get(command.order_id) != command.tenant:
        return 1021
    order = engine.live.get(command.order_id)
    if order is None:
        return 1022
    if order.book != command.book:
        return 1021
    if order.account != command.account:
        return 1023
    if not book.config.actions[book.phase] & ACTION_BIT[command.kind]:
        return 1025 if command.kind == REPRICE else 1024
    if command.kind == CUT:
        if command.price != 0 or command.quantity == 0:
            return 1026
        return 1012 if command.quantity % book.config.lot else 0
    if command.kind == REPRICE:
        if command.quantity != 0 or command.price == 0:
            return 1026
        return 1025 if order.order_type == MARKET else price_refusal(book, command.price)
    return 0
