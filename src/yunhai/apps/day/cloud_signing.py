"""Signing the day's orders in a process of its own, a little ahead of the sending.

A chunk is a msgpack array of signed instructions, ready to be sent as it is, with the market time of each. At most
`CHUNKS_AHEAD` wait, so that a signature is never older than the gate allows. Client ids and nonces come from the run's
random mark and the order's place: the same order sent again is the same instruction, byte for byte.
"""

import multiprocessing
import queue
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from yunhai.apps.day import cloud_failures
from yunhai.apps.day.cloud_plan import CloudPlan
from yunhai.client import Signer
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import BATCH_ORDERS_MAX
from yunhai.kernel.money import price_text
from yunhai.kernel.records import Side
from yunhai.trading.instructions import Instruction

CHUNK_ORDERS: Final = 512
CHUNKS_AHEAD: Final = 16
MARK_BYTES: Final = 8
_POLL_S: Final = 1.0
_SIDES: Final = {Side.BUY: "buy", Side.SELL: "sell"}


@dataclass(frozen=True, slots=True)
class Chunk:
    """Orders `first` up to `first + count`, packed; `at` their market times, ns since 1970."""

    first: int
    count: int
    packed: bytes
    at: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningOrder:
    """What the signing process is told. `keys`: of each tenant the key's id and its PEM."""

    plan: CloudPlan
    date: str
    keys: Mapping[int, tuple[int, bytes]]
    mark: str
    start: int = 0


def new_mark() -> str:
    """16 hex digits that no other run has."""
    return secrets.token_hex(MARK_BYTES)


def client_id(mark: str, place: int) -> str:
    """The client id of the order at a place of the plan, a UUID.

    >>> client_id("00112233aabbccdd", 258)
    '00112233-aabb-8cdd-8000-000000000102'
    """
    return f"{mark[:8]}-{mark[8:12]}-8{mark[13:16]}-8000-{place:012x}"


def instruction(order: SigningOrder, record: np.void, place: int, signed_at_ms: int) -> Instruction:
    """The plan's record as an instruction of its tenant's key."""
    plan = order.plan
    book = int(record["book"])
    tenant = int(record["tenant"])
    return Instruction(
        action="new",
        mode="simulated",
        tenant=tenant,
        account=int(record["account"]),
        client_id=client_id(order.mark, place),
        date=order.date,
        nonce=f"{order.mark}{place:016x}",
        signed_at=signed_at_ms,
        key=order.keys[tenant][0],
        channel="api",
        code=plan.book_codes[book],
        segment=plan.book_segments[book].word,
        side=_SIDES[Side(int(record["side"]))],
        order_type="limit",
        time_in_force="rod",
        credit="cash",
        price=price_text(int(record["price"])),
        quantity=int(record["quantity"]),
    )


def chunks(order: SigningOrder) -> Iterator[Chunk]:
    """Sign from `start` to the end."""
    signers = {tenant: Signer.from_pem(pem, key=key) for tenant, (key, pem) in order.keys.items()}
    orders: NDArray[np.void] = order.plan.orders
    encoder = msgspec.msgpack.Encoder()
    for first in range(order.start, orders.size, CHUNK_ORDERS):
        part = orders[first : first + CHUNK_ORDERS]
        now = time.time_ns() // 1_000_000
        signed = [
            signers[int(record["tenant"])].sign(instruction(order, record, first + at, now))
            for at, record in enumerate(part)
        ]
        yield Chunk(first, len(signed), encoder.encode(signed), tuple(part["time"].tolist()))


class SigningProcess:
    """`chunks` in another process, taken by `take` in their order."""

    def __init__(self, order: SigningOrder) -> None:
        context = multiprocessing.get_context("spawn")
        self._ready: multiprocessing.Queue[Chunk | None] = context.Queue(CHUNKS_AHEAD)
        self._process = context.Process(target=_sign_all, args=(order, self._ready), name="yunhai-signing", daemon=True)
        self._process.start()

    def take(self) -> Chunk | None:
        """The next chunk, None after the last. Waits. YunhaiError 7603."""
        while True:
            try:
                return self._ready.get(timeout=_POLL_S)
            except queue.Empty:
                if not self._process.is_alive():
                    raise YunhaiError(cloud_failures.SIGNING_ENDED) from None

    def stop(self) -> None:
        self._process.terminate()
        self._process.join()


def _sign_all(order: SigningOrder, ready: "multiprocessing.Queue[Chunk | None]") -> None:
    for chunk in chunks(order):
        ready.put(chunk)
    ready.put(None)


assert CHUNK_ORDERS <= BATCH_ORDERS_MAX, "a chunk is one message"
