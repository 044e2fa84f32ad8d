"""An arriving order in the continuous phase 逐筆撮合 (matching.md §6) and the price of resting market orders (§5).

Everything here only looks: `meet` says what an arriving order would do, the engine then does it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.reference.band import outside
from tests.reference.marks import mark
from tests.reference.state import Book, Order
from tests.reference.wire import BUY

Pairing = tuple[Order, int, int]  # resting order, price, quantity


@dataclass(slots=True)
class Meeting:
    """What an arriving order finds. `stopped_at` is the first price outside the band, 0 if the band stops nothing."""

    leaves: int
    trades: list[Pairing] = field(default_factory=list)
    stopped_at: int = 0
    anything_within_limit: bool = False


def resting_market_price(book: Book, resting_side: int, incoming: int) -> int:
    """§5: the price of a resting market order for an arriving order with limit `incoming` (0 = market); 0 = none.

    It cannot change while one order arrives: trades at this price make it the base, and no limit moves before
    the market orders are used up.
    """
    best_buy, best_sell = book.buys.best_limit(), book.sells.best_limit()
    if book.config.market_price_rule == 1:
        own = best_buy if resting_side == BUY else best_sell
        price = own or book.base() or incoming
        mark("own-side rule: best own limit" if own else "own-side rule: base or incoming")
    else:
        if incoming and resting_side == BUY:
            best_sell = min(best_sell or incoming, incoming)
        elif incoming:
            best_buy = max(best_buy, incoming)
        prices = [price for price in (book.base(), best_buy, best_sell) if price]
        if not prices:
            mark("market meets market without any price")
            return 0
        price = max(prices) if resting_side == BUY else min(prices)
    if not price or not incoming:
        return price
    return max(price, incoming) if resting_side == BUY else min(price, incoming)


def within_limit(book: Book, side: int, limit: int) -> Iterator[tuple[Order, int]]:
    """The other side's orders that an arriving order may trade with, best first, each with its price."""
    other = book.other_side(side)
    if other.market:
        price = resting_market_price(book, other.side, limit)
        if not price:
            return
        for order in other.market:
            yield order, price
    for price in other.best_first():
        if limit and (price > limit if side == BUY else price < limit):
            return
        for order in other.levels[price]:
            yield order, price


def meet(book: Book, side: int, limit: int, quantity: int, centre: int) -> Meeting:
    """§6: trade best first at the resting prices until done, out of limit, or stopped by the band."""
    meeting = Meeting(leaves=quantity)
    for resting, price in within_limit(book, side, limit):
        meeting.anything_within_limit = True
        if centre and outside(price, centre, book.config.band_ppm):
            meeting.stopped_at = price
            break
        shares = min(meeting.leaves, resting.leaves)
        meeting.trades.append((resting, price, shares))
        meeting.leaves -= shares
        if not meeting.leaves:
            break
    return meeting


def available_within_limit(book: Book, side: int, limit: int) -> int:
    """§6, B: what a fill-or-kill order would find if there were no band."""
    return sum(resting.leaves for resting, _ in within_limit(book, side, limit))


def is_crossed(book: Book) -> bool:
    """§3: best buy ≥ best sell, a resting market order counting as the best possible price."""
    if book.buys.market or book.sells.market:
        return len(book.buys) > 0 and len(book.sells) > 0
    return bool(book.buys.prices and book.sells.prices) and book.buys.best_limit() >= book.sells.best_limit()
