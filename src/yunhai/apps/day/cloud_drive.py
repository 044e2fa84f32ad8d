"""Sending a day's signed orders and outliving a core that is killed.

A few chunks are in flight over one connection, taken by the core in their order. When the connection breaks, everything
that has no answer yet is sent again, in the same order and byte for byte: what the core had made durable is a beginning
of it and is answered as it was then; the rest is taken now. So the market sees each order once and in the plan's order.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

import msgspec

from yunhai.apps.day import cloud_failures
from yunhai.apps.day.cloud_signing import Chunk
from yunhai.client import Batch, OrderSocket, Refused
from yunhai.client import failures as client_failures
from yunhai.kernel.errors import YunhaiError

IN_FLIGHT: Final = 6
RECOVERY_S: Final = 60.0
RETRY_S: Final = 0.1
_BROKEN: Final = frozenset({client_failures.CLOSED, client_failures.UNREACHABLE, client_failures.TIMED_OUT})


class Source(Protocol):
    """Gives the chunks in their order."""

    def take(self) -> Chunk | None: ...


@dataclass(slots=True)
class Driven:
    """What a drive did. `sequence` the highest journal sequence acknowledged."""

    accepted: int = 0
    sequence: int = 0
    reconnections: int = 0
    seconds: float = 0.0
    refused: list[tuple[int, Refused]] = field(default_factory=list)


class Drive:
    """One drive over sockets that `connect` makes."""

    def __init__(
        self,
        connect: Callable[[], OrderSocket],
        source: Source,
        *,
        total: int,
        progress: Callable[[float], None],
        in_flight: int = IN_FLIGHT,
    ) -> None:
        self._connect = connect
        self._source = source
        self._total = max(total, 1)
        self._progress = progress
        self._most = in_flight
        self._socket: OrderSocket | None = None
        self._unanswered: deque[tuple[Chunk, asyncio.Future[Batch]]] = deque()
        self.result = Driven()

    async def run(self) -> Driven:
        """Send everything. YunhaiError 7600 (an order refused), 7601 (the core stayed away), 7603."""
        began = time.perf_counter()
        await self._reconnect()
        try:
            while (chunk := await asyncio.to_thread(self._source.take)) is not None:
                await self._send(chunk)
                while len(self._unanswered) >= self._most:
                    await self._settle()
            while self._unanswered:
                await self._settle()
        finally:
            if self._socket is not None:
                await self._socket.close()
        self.result.seconds = time.perf_counter() - began
        return self.result

    async def _send(self, chunk: Chunk) -> None:
        """Put a chunk in flight; if the connection is broken, it joins the others at the next settling."""
        if self._socket is None:
            raise AssertionError("no socket")
        try:
            future = await self._socket.send_packed(msgspec.Raw(chunk.packed), at=chunk.at)
        except YunhaiError as error:
            if error.code not in _BROKEN:
                raise
            future = asyncio.get_running_loop().create_future()
            future.set_exception(error)
        self._unanswered.append((chunk, future))

    async def _settle(self) -> None:
        """Wait for the oldest chunk's answers; after a break, send everything unanswered again."""
        chunk, future = self._unanswered[0]
        try:
            batch = await asyncio.wait_for(asyncio.shield(future), RECOVERY_S)
        except (YunhaiError, TimeoutError) as error:
            if isinstance(error, YunhaiError) and error.code not in _BROKEN:
                raise
            await self._again()
            return
        self._unanswered.popleft()
        self._note(chunk, batch)

    def _note(self, chunk: Chunk, batch: Batch) -> None:
        for at, answer in enumerate(batch.answers):
            if isinstance(answer, Refused):
                raise YunhaiError(
                    cloud_failures.ORDER_REFUSED,
                    order=chunk.first + at,
                    reason=str(answer),
                    reason_zh=f"{answer.code} {answer.text('zh')}",
                )
            self.result.sequence = max(self.result.sequence, answer.sequence)
        self.result.accepted += len(batch.answers)
        self._progress(self.result.accepted / self._total)

    async def _again(self) -> None:
        waiting = [chunk for chunk, _ in self._unanswered]
        for _, future in self._unanswered:
            future.cancel()
        self._unanswered.clear()
        self.result.reconnections += 1
        await self._reconnect()
        for chunk in waiting:
            await self._send(chunk)

    async def _reconnect(self) -> None:
        """A new connection, however long the core takes to come back, up to `RECOVERY_S`."""
        if self._socket is not None:
            await self._socket.close()
            self._socket = None
        until = time.monotonic() + RECOVERY_S
        while True:
            socket = self._connect()
            try:
                self._socket = await socket.connect()
            except (YunhaiError, Refused) as error:
                await socket.close()
                if time.monotonic() > until or (isinstance(error, YunhaiError) and error.code not in _BROKEN):
                    raise YunhaiError(cloud_failures.NOT_RECOVERED, seconds=RECOVERY_S) from error
                await asyncio.sleep(RETRY_S)
            else:
                return
