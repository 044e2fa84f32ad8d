"""Numbers that name things on the order's path. Names of people and their ID numbers never stand in a record.

Every id is an unsigned integer of the width its trading record gives it (docs/reference/records.md); 0 means "none".
A sequence hands out consecutive ids from a start that its owner keeps, so that a replay hands out the same.
"""

from typing import NewType

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import U64_MAX

OrderId = NewType("OrderId", int)
TradeNumber = NewType("TradeNumber", int)
BookNumber = NewType("BookNumber", int)
TenantId = NewType("TenantId", int)
"""The broker 證券商."""
AccountId = NewType("AccountId", int)


class Sequence:
    """Consecutive ids from `first` to `last`, both included."""

    __slots__ = ("_last", "_next")

    def __init__(self, first: int = 1, *, last: int = U64_MAX) -> None:
        if not 1 <= first <= last <= U64_MAX:
            raise ValueError(f"a sequence from {first} to {last} is not within 1 and {U64_MAX}")
        self._next = first
        self._last = last

    @property
    def upcoming(self) -> int:
        """The id that `take` would give next."""
        return self._next

    def take(self) -> int:
        """The next id. YunhaiError 2103, and nothing changed, when the sequence is used up."""
        if self._next > self._last:
            raise YunhaiError(2103, text=str(self._next))
        self._next += 1
        return self._next - 1
