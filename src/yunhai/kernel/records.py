"""The 64-byte trading record, as NumPy sees it.

Commands and events share one layout (docs/reference/records.md), so that a batch of commands, the events
they cause and a journal's payload are the same kind of array and none is ever converted. `RECORD` names the
fields of order and control records; the other dtypes name the same 64 bytes as their kind uses them.
"""

from enum import IntEnum
from typing import Final

import numpy as np

VERSION: Final = 1
SIZE: Final = 64


class Kind(IntEnum):
    """What a record is. 1-4 orders, 16-19 controls (both commands), 32-35 events, 0 a refused command of no known kind."""

    NONE = 0
    NEW = 1
    CANCEL = 2
    CUT = 3
    REPRICE = 4
    PHASE = 16
    UNCROSS = 17
    TRIAL = 18
    EXPIRE = 19
    TRADE = 32
    FILL = 33
    REMOVED = 34
    HALTED = 35


class Phase(IntEnum):
    BEFORE = 0
    COLLECT = 1
    CONTINUOUS = 2
    HALTED = 3
    AFTER = 4
    SUSPENDED = 5


class Side(IntEnum):
    BUY = 1
    SELL = 2


class OrderType(IntEnum):
    MARKET = 1
    LIMIT = 2


class TimeInForce(IntEnum):
    """The exchange's own numbers."""

    ROD = 0
    IOC = 3
    FOK = 4


class State(IntEnum):
    """An order's state after a command."""

    REFUSED = 0
    RESTING = 1
    FILLED = 2
    GONE = 3


def _layout(fields: dict[str, tuple[int, str]]) -> np.dtype:
    return np.dtype(
        {
            "names": list(fields),
            "offsets": [offset for offset, _ in fields.values()],
            "formats": [kind for _, kind in fields.values()],
            "itemsize": SIZE,
        }
    )


_HEAD: Final = {
    "kind": (0, "u1"),
    "version": (1, "u1"),
    "code": (2, "<u2"),
    "tenant": (4, "<u4"),
    "time": (8, "<i8"),
    "order_id": (16, "<u8"),
    "book": (24, "<u4"),
    "price": (28, "<i4"),
    "quantity": (32, "<u4"),
    "account": (36, "<u4"),
}
_TAIL: Final = {"crc": (60, "<u4")}

RECORD: Final = _layout(
    _HEAD
    | {
        "side": (40, "u1"),
        "order_type": (41, "u1"),
        "time_in_force": (42, "u1"),
        "source": (43, "u1"),
        "status": (44, "u1"),
        "state": (45, "u1"),
        "reserved": (46, "<u2"),
        "filled": (48, "<u4"),
        "leaves": (52, "<u4"),
        "removed": (56, "<u4"),
    }
    | _TAIL
)
TRADE: Final = _layout(
    {name if name != "order_id" else "trade": place for name, place in _HEAD.items()}
    | {"buy_id": (40, "<u8"), "sell_id": (48, "<u8"), "auction": (56, "u1"), "taker_side": (57, "u1")}
    | _TAIL
)
FILL: Final = _layout(
    _HEAD | {"trade": (40, "<u8"), "leaves": (48, "<u4"), "side": (52, "u1"), "liquidity": (53, "u1")} | _TAIL
)
REMOVED: Final = _layout(_HEAD | {"side": (40, "u1"), "order_type": (41, "u1")} | _TAIL)
HALTED: Final = _layout(
    {name if name != "order_id" else "until": place for name, place in _HEAD.items()}
    | {"cause": (40, "<u8"), "outside": (48, "<i4")}
    | _TAIL
)
