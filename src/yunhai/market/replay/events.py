"""A market's event 市場事件: one 64-byte trading record (docs/reference/records.md) without what is nobody else's to know.

From a journal are kept accepted orders, cancels, cuts and re-prices, controls and trials, trades, removals and halts; left
out are refused commands (they never were in the market) and fills (a trade tells both sides). Tenant, account, the line and
the channel are zero. So the bytes, and with them every hash, are the same for whoever looks, and say nothing of whose an
order is.

A command's events follow it. An order that trades on arrival is in hand until the last of its trades: what is left of it
rests then, not before.
"""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from yunhai.kernel.records import RECORD, SIZE, TRADE, Kind

Events = NDArray[np.void]
Row = tuple[int, int, int, int, int, int, int, int, int, int, int, int, int, int, int]
"""kind, order id, price, quantity, side, order type, state, filled, leaves, removed, code, buyer, seller, auction, taker."""

_PLAIN: Final = np.dtype((np.void, SIZE))
_FIRST_EVENT: Final = int(Kind.TRADE)
_LAST_ORDER: Final = int(Kind.REPRICE)
WORDS: Final = {
    Kind.NEW: "new",
    Kind.CANCEL: "cancel",
    Kind.CUT: "cut",
    Kind.REPRICE: "reprice",
    Kind.PHASE: "phase",
    Kind.UNCROSS: "uncross",
    Kind.TRIAL: "trial",
    Kind.EXPIRE: "expire",
    Kind.TRADE: "trade",
    Kind.REMOVED: "removed",
    Kind.HALTED: "halted",
}
ORDER_KINDS: Final = (Kind.NEW, Kind.CANCEL, Kind.CUT, Kind.REPRICE, Kind.REMOVED)
"""Events whose `order_id` is an order's number; of controls it is a volume, of a trade the trade's number."""


def chosen(events: Events, places: NDArray[np.int64]) -> Events:
    """The events at those places. As plain bytes: NumPy copies named fields one by one."""
    return events.view(_PLAIN)[places].view(RECORD)


def public_events(records: Events) -> Events:
    """The market's events among trading records (dtype RECORD), in order, as a copy."""
    kinds = records["kind"]
    commands = (kinds < _FIRST_EVENT) & (kinds != Kind.NONE) & (records["state"] != 0)
    made = chosen(records, np.flatnonzero(commands | ((kinds >= _FIRST_EVENT) & (kinds != Kind.FILL))))
    for field in ("tenant", "account", "crc"):
        made[field] = 0
    orders = made["kind"] <= _LAST_ORDER
    for field in ("source", "reserved"):
        made[field][orders] = 0
    return made


def rows_of(events: Events) -> Iterator[Row]:
    """The events as tuples, which plain Python reads ten times faster than records."""
    fills = events.view(TRADE)
    columns: list[Any] = [
        events[field]
        for field in (
            "kind",
            "order_id",
            "price",
            "quantity",
            "side",
            "order_type",
            "state",
            "filled",
            "leaves",
            "removed",
            "code",
        )
    ]
    columns += [fills[field] for field in ("buy_id", "sell_id", "auction", "taker_side")]
    return zip(*(column.tolist() for column in columns), strict=True)
