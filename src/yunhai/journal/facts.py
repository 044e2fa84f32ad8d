"""Facts 事實: what is not a trading record (an account opened, a book configured), as msgpack after a 64-byte head.

The head is a record like any other (kind 64, tenant, time), `code` is the fact's number and `order_id`'s place holds the
content's length. The content follows in 64-byte slots, padded with zeros; head and content are one sequence.
"""

from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from yunhai.journal.errors import BAD_RECORDS, refusal
from yunhai.kernel.records import RECORD, SIZE
from yunhai.native._journal import FACT, MAX_FACT_BYTES

FACT_KIND: Final = FACT


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One control-plane fact.

    `number` says what kind of fact, 0-65535; `time` is market time in ns since 1970; `content` is msgpack.
    """

    number: int
    tenant: int
    time: int
    content: bytes

    def value(self) -> Any:
        """The content, decoded."""
        return msgspec.msgpack.decode(self.content)


def fact_of(value: object, *, number: int, tenant: int = 0, time: int = 0) -> Fact:
    """A fact holding `value` (anything msgspec encodes)."""
    return Fact(number=number, tenant=tenant, time=time, content=msgspec.msgpack.encode(value))


def encode(fact: Fact) -> NDArray[np.void]:
    """The fact as an array of RECORD slots, ready to be submitted. 3009 if it is too large or out of range."""
    if len(fact.content) > MAX_FACT_BYTES or not 0 <= fact.number < 2**16 or not 0 <= fact.tenant < 2**32:
        raise refusal(BAD_RECORDS, "a fact's number, tenant or length is out of range")
    slots = 1 + -(-len(fact.content) // SIZE)
    array = np.zeros(slots, RECORD)
    head = array[0]
    head["kind"], head["version"], head["code"] = FACT_KIND, 1, fact.number
    head["tenant"], head["time"], head["order_id"] = fact.tenant, fact.time, len(fact.content)
    array.view(np.uint8)[SIZE : SIZE + len(fact.content)] = np.frombuffer(fact.content, np.uint8)
    return array


def slots_of(head: np.void) -> int:
    """How many slots the record with this head takes."""
    if int(head["kind"]) != FACT_KIND:
        return 1
    return 1 + -(-(int(head["order_id"]) & 0xFFFFFFFF) // SIZE)


def decode(slots: NDArray[np.void]) -> Fact:
    """The fact that starts at `slots[0]`."""
    head = slots[0]
    length = int(head["order_id"]) & 0xFFFFFFFF
    content = slots[1:].tobytes()[:length]
    return Fact(number=int(head["code"]), tenant=int(head["tenant"]), time=int(head["time"]), content=content)
