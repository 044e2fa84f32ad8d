"""The call auction 集合競價 (matching.md §7): one price, the volume at it, and the pairs in priority order."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tests.reference.marks import mark
from tests.reference.state import Book, Order, Queues

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15


def mix(seed: int, entry: int) -> int:
    """§5: splitmix64's output function of seed + entry × the golden ratio."""
    z = (seed + entry * GOLDEN) & MASK
    z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
    return z ^ z >> 31


def shuffle_queues(book: Book) -> None:
    """§5: at the first executed uncross every queue takes its random rank, once and for all."""
    for queue in book.buys.all_queues() + book.sells.all_queues():
        before = list(queue)
        queue.sort(key=lambda order: (mix(book.config.seed, order.entry), order.entry))
        if queue != before:
            mark("shuffle: a queue changed its order")


def clearing(book: Book) -> tuple[int, int]:
    """§7: the auction price and the volume at it; (0, 0) if nothing can trade."""
    demand, supply = _demand_and_supply(book)
    volume = np.minimum(demand, supply)
    most = int(volume.max())
    if most == 0:
        return 0, 0
    tied = volume == most
    if book.config.better_filled:
        tied = _better_priced_filled(book, demand, supply, tied, most)
    if book.config.candidates == 1:
        tied = _with_an_order(book, tied)
    return _choose(book, np.asarray(book.ladder)[tied]), most


def _demand_and_supply(book: Book) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """D(p) and S(p) for every price of the ladder: market orders plus limits at p or better."""
    buys_at = _quantity_at(book, book.buys)
    sells_at = _quantity_at(book, book.sells)
    demand = _market_quantity(book.buys) + buys_at[::-1].cumsum()[::-1]
    supply = _market_quantity(book.sells) + sells_at.cumsum()
    return demand, supply


def _quantity_at(book: Book, queues: Queues) -> NDArray[np.int64]:
    quantities = np.zeros(len(book.ladder), dtype=np.int64)
    for price, queue in queues.levels.items():
        quantities[book.place[price]] = sum(order.leaves for order in queue)
    return quantities


def _market_quantity(queues: Queues) -> int:
    return sum(order.leaves for order in queues.market)


def _better_priced_filled(
    book: Book, demand: NDArray[np.int64], supply: NDArray[np.int64], tied: NDArray[np.bool_], most: int
) -> NDArray[np.bool_]:
    """§7: D(next higher tick) ≤ V and S(next lower tick) ≤ V; beyond the ladder only market orders are left."""
    demand_above = np.append(demand[1:], _market_quantity(book.buys))
    supply_below = np.insert(supply[:-1], 0, _market_quantity(book.sells))
    filled = tied & (demand_above <= most) & (supply_below <= most)
    if not filled.any():
        mark("auction: no price fills all better orders")
        return tied
    if filled.sum() < tied.sum():
        mark("auction: a tied price leaves a better order unfilled")
    return filled


def _with_an_order(book: Book, tied: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """§7, candidates 1: only the tied prices that carry a limit order, if one does."""
    carrying = np.zeros(len(book.ladder), dtype=np.bool_)
    for price in (*book.buys.prices, *book.sells.prices):
        carrying[book.place[price]] = True
    if not (tied & carrying).any():
        mark("auction: no tied price carries an order")
        return tied
    return tied & carrying


def _choose(book: Book, tied: NDArray[np.int64]) -> int:
    """§7: the tied price nearest the last trade or reference, or nearest the middle of the tied range."""
    low, high = int(tied[0]), int(tied[-1])
    if book.config.tie_break == 0 and book.base():
        target_twice = 2 * book.base()
        if low < high:
            mark("auction: tie broken by the last trade" if book.last else "auction: tie broken by the reference")
    else:
        target_twice = low + high
        if low < high:
            mark("auction: tie broken by the middle")
    distance = np.abs(2 * tied - target_twice)
    nearest = tied[distance == distance.min()]
    if len(nearest) == 1:
        return int(nearest[0])
    if book.config.equal_distance == 0:
        mark("auction: equally near, the higher price")
        return int(nearest.max())
    mark("auction: equally near, the lower price")
    return int(nearest.min())


def pairs(book: Book, volume: int) -> Iterator[tuple[Order, Order, int]]:
    """§7: buys and sells in priority order, paired from the front until `volume` shares have met."""
    buys, sells = book.buys.in_priority(), book.sells.in_priority()
    buy, sell = next(buys), next(sells)
    buy_left, sell_left = buy.leaves, sell.leaves
    while volume:
        shares = min(buy_left, sell_left, volume)
        yield buy, sell, shares
        volume -= shares
        buy_left -= shares
        sell_left -= shares
        if volume and not buy_left:
            buy = next(buys)
            buy_left = buy.leaves
        if volume and not sell_left:
            sell = next(sells)
            sell_left = sell.leaves
