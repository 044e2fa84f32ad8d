"""What goes into the pool, what comes out, and how it looks from outside. Times are ns of one steady clock."""

from enum import Enum, IntEnum
from typing import Final

import msgspec

from yunhai.trading.words import Action


class Reason(Enum):
    """Why an instruction has not gone yet; the value is the word that people and programs read."""

    LINE_CAP = "line-cap"
    """It is its broker's next and within the guarantee; every line has carried its cap for the moment."""
    GUARANTEE_USED = "guarantee-used"
    """Its broker has used its guarantee and nobody else wants the pool: it goes as soon as a line has capacity to lend."""
    BEHIND_OWN = "behind-own"
    """Others of the same broker go first: earlier ones, or of a higher class, or an unsent one for the same order."""
    POOL_BUSY = "pool-busy"
    """Its broker has used its guarantee; what the pool has to lend is shared with other brokers."""
    LINES_DOWN = "lines-down"
    """No line of the pool is logged in."""
    ORDER_IN_FLIGHT = "order-in-flight"
    """An earlier instruction for the same order (or this one) is on a line and not yet answered."""


class Class(IntEnum):
    """The order of service within a broker."""

    CANCEL = 0  # cancel and cut
    REPRICE = 1
    NEW = 2


CLASS_OF: Final = {
    Action.CANCEL: Class.CANCEL,
    Action.CUT: Class.CANCEL,
    Action.REPRICE: Class.REPRICE,
    Action.NEW: Class.NEW,
}


LINE_CHARACTERS: Final = 2


class Waiting(msgspec.Struct, frozen=True, gc=False):
    """An accepted instruction on its way: `number` its own, rising in the order of acceptance; `order_id` of its order;
    `offered_ns` when it came."""

    number: int
    tenant: int
    action: int
    order_id: int
    offered_ns: int


class Sent(msgspec.Struct, frozen=True):
    """What may go now on `line`. `burst`: beyond the broker's guarantee, on lent capacity."""

    line: str
    waiting: Waiting
    burst: bool = False


def mark_of(line: str) -> int:
    """A line's two characters as the u16 `reserved` of an outcome's record (records.md §1); 0 for none."""
    return int.from_bytes(line.encode("ascii"), "little") if len(line) == LINE_CHARACTERS else 0


def line_of(mark: int) -> str:
    """The line that a record's `reserved` names; "" where none is recorded."""
    return mark.to_bytes(LINE_CHARACTERS, "little").decode("ascii", "replace") if mark else ""


class LineView(msgspec.Struct, frozen=True, kw_only=True):
    """A line now. `rate` and `lent` messages of the last second, in all and for others than the owner; `state` up | lost |
    down | closed; `in_flight` sent and not answered."""

    line: str
    tenant: int
    cap: int
    state: str
    rate: int
    lent: int
    in_flight: int


class BrokerView(msgspec.Struct, frozen=True, kw_only=True):
    """A broker now. `guarantee` messages a second; `rate` and `burst` of the last second; `queued` by class (cancel,
    reprice, new), `held` behind an instruction for the same order; waiting p50 and p99 of the latest sent, ns."""

    tenant: int
    pool: str
    guarantee: int
    weight: int
    rate: int
    burst: int
    queued: tuple[int, int, int]
    held: int
    in_flight: int
    wait_p50_ns: int
    wait_p99_ns: int
    sent: int
    reason: str


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Everything for the Control Room. `capacity`: caps of the lines that are up."""

    now_ns: int
    uncapped: bool
    capacity: int
    rate: int
    lines: tuple[LineView, ...]
    brokers: tuple[BrokerView, ...]
