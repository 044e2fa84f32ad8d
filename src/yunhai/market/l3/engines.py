"""The native engine, sized for a replay."""

from typing import Final

from yunhai.exchange.books import Engine
from yunhai.native._book import Engine as NativeEngine

EVENTS: Final = 1 << 17
"""The event buffer; an uncross needs three events a trade and stops no sooner."""


def native_engine(orders: int) -> Engine:
    """An empty engine with room for so many order ids, from 1."""
    engine: Engine = NativeEngine(order_capacity=orders, first_order_id=1, id_capacity=orders, event_capacity=EVENTS)
    return engine
