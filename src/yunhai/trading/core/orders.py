"""What goes through the core for one instruction: the asking and its outcome."""

from collections.abc import Callable

import msgspec

from yunhai.kernel.errors import YunhaiError
from yunhai.trading.instructions import SignedInstruction
from yunhai.trading.tokens import Claims


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """An instruction accepted and durable. `again`: it had been accepted before, and this is the same answer."""

    number: int
    order_id: int
    order_number: str
    client_id: str
    sequence: int
    accepted_at: str
    market_time: str
    cash: str
    shares: int
    again: bool = False


Outcome = Accepted | YunhaiError


class Ask(msgspec.Struct, frozen=True):
    """A signed instruction on its way to the gate. `claims` None: by the inner socket; `told` is called once, in the loop,
    when the outcome is durable; `at`: market time to move a driven clock to first, 0: now."""

    signed: SignedInstruction
    claims: Claims | None
    told: Callable[[Outcome], None]
    at: int = 0
