"""From the pool of lines to the venue: accepted instructions wait, go as lines allow, and come back as events.

Where the caps are in force, instructions travel on sessions (`yunhai.trading.core.carrying`). Where they are lifted, for drivers
and benches, whatever waits goes to the venue in one call and is answered at once: nothing stays in flight from one turn of
the loop to the next.
"""

from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray

from yunhai.trading.books.books import Books
from yunhai.trading.books.state import Order, OrderState, Pending
from yunhai.trading.core.packing import order_command, slots
from yunhai.trading.facts import Decided, LineSet, LineState, PoolSet
from yunhai.trading.lines.pool import Pool
from yunhai.trading.lines.words import Waiting
from yunhai.trading.words import Action

_NEW: Final = int(Action.NEW)


class Dispatch:
    """The pool with what its instructions are. `now` is any steady clock in ns. `times`: market times by number, of
    instructions that named one (a driven clock); any other goes at the market time of its sending."""

    def __init__(self, *, uncapped: bool) -> None:
        self.pool = Pool(uncapped=uncapped)
        self.times: dict[int, int] = {}

    def restore(self, books: Books, now: int, *, trading: bool) -> None:
        """Lines as the facts left them and, while a day is open (`trading`), whatever was accepted and the exchange has not
        answered, in number order. Lines that were up are so only where caps are lifted; else a session must begin."""
        for tenant in books.tenants.values():
            if tenant.fact is not None:
                self.pool.apply(tenant.fact, now)
        known: tuple[dict[str, LineSet], dict[str, PoolSet], dict[str, LineState]] = (
            books.lines,
            books.pools,
            books.line_states,
        )
        for table in known:
            for fact in table.values():
                if self.pool.uncapped or not isinstance(fact, LineState) or fact.state != "up":
                    self.pool.apply(fact, now)
        for number, order, action in sorted(unanswered(books) if trading else (), key=lambda one: one[0]):
            self.pool.offer(Waiting(number, order.tenant, action, order.order_id, now))

    def apply(self, fact: Decided, now: int) -> None:
        """A fact as the pool needs it. What a session did to its line is in the pool already."""
        if self.pool.uncapped or not isinstance(fact, LineState):
            self.pool.apply(fact, now)

    def _own_times(self, numbers: list[int], first: int, last: int) -> list[int]:
        """Each one's own time from `first` to `last`, never before the one before it; who named none goes at `last`."""
        named = [max(first, self.times.pop(number, last)) for number in numbers]
        return list(accumulate(named, max))

    def take(self, books: Books, first: int, market_time: int, now: int) -> tuple[NDArray[np.void], list[int]] | None:
        """Commands that go now, at `market_time` (not before `first`, the venue's), with their numbers; None if there are
        none."""
        sent = self.pool.take(now)
        if not sent:
            return None
        orders = books.orders
        if self.times:
            times = self._own_times([one.waiting.number for one in sent], first, market_time)
        else:
            times = [market_time] * len(sent)
        parts = [
            command_of(orders[one.waiting.order_id], one.waiting, time) for one, time in zip(sent, times, strict=True)
        ]
        return slots(parts), [one.waiting.number for one in sent]


def unanswered(books: Books) -> list[tuple[int, Order, int]]:
    """(number, order, action) of each accepted instruction that the exchange has not answered."""
    found: list[tuple[int, Order, int]] = []
    for order in books.orders.values():
        if order.state == OrderState.QUEUED:
            found.append((order.order_id, order, _NEW))
        found += [(pending.number, order, pending.action) for pending in order.pending]
    return found


def command_of(order: Order, waiting: Waiting, time: int) -> bytes:
    """The venue's command of an instruction (records.md §1)."""
    if waiting.action == _NEW:
        return order_command(
            _NEW,
            tenant=order.tenant,
            time=time,
            order_id=order.order_id,
            book=order.book,
            price=order.price,
            quantity=order.quantity,
            account=order.account,
            side=order.side,
            order_type=order.order_type,
            time_in_force=order.time_in_force,
            source=order.channel,
        )
    pending = _pending(order, waiting.number)
    return order_command(
        waiting.action,
        tenant=order.tenant,
        time=time,
        order_id=order.order_id,
        book=order.book,
        price=pending.price,
        quantity=pending.quantity,
        account=order.account,
        side=0,
        order_type=0,
        time_in_force=0,
        source=order.channel,
    )


def _pending(order: Order, number: int) -> Pending:
    for pending in order.pending:
        if pending.number == number:
            return pending
    raise LookupError(f"order {order.order_id} has no instruction {number}")
