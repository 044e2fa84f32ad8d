"""Following the cloud: quotes, one's own orders, the pool, the market. First a snapshot, then updates with a sequence."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from yunhai.client import failures
from yunhai.client.answers import Refused
from yunhai.client.origin import Origin
from yunhai.client.sockets import TIMEOUT_S, Socket
from yunhai.client.tokens import Tokens
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import CLIENT_MESSAGES_WAITING_MAX

PATH: Final = "/stream/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """`op` snapshot or update; `sequence` per channel; `body` the whole message."""

    op: str
    channel: str
    sequence: int
    body: dict[str, Any]


class Stream(Socket):
    """`async with Stream(origin, tokens) as stream: await stream.subscribe("quotes", codes=["2330"])`, then
    `async for message in stream`. Ends with YunhaiError 7402, or `Refused` if the cloud says why."""

    def __init__(
        self, origin: "str | Origin", tokens: Tokens | None = None, *, path: str = PATH, timeout_s: float = TIMEOUT_S
    ) -> None:
        super().__init__(origin, tokens, path=path, timeout_s=timeout_s)
        self._messages: asyncio.Queue[Message | Exception] = asyncio.Queue()
        self.dropped = 0

    async def subscribe(self, channel: str, **what: object) -> None:
        """`quotes` with `codes`, `boards`, `orders` with `account`, `pool`, `market`."""
        await self._send_text({"op": "subscribe", "channel": channel, **what})

    async def unsubscribe(self, channel: str, **what: object) -> None:
        await self._send_text({"op": "unsubscribe", "channel": channel, **what})

    async def next(self, *, timeout_s: float | None = None) -> Message:
        """The next message. YunhaiError 7402, 7403; `Refused`."""
        try:
            found = await asyncio.wait_for(self._messages.get(), timeout_s)
        except TimeoutError:
            raise YunhaiError(failures.TIMED_OUT, seconds=timeout_s) from None
        if isinstance(found, Exception):
            self._messages.put_nowait(found)  # the end stays the end
            raise found
        return found

    async def __aiter__(self) -> AsyncIterator[Message]:
        while True:
            yield await self.next()

    def _take(self, message: dict[str, Any]) -> None:
        op = str(message.get("op", ""))
        if op == "refused":
            self._messages.put_nowait(Refused(message.get("error") or {}, mode=str(message.get("mode", ""))))
        elif op in ("snapshot", "update"):
            if self._messages.qsize() >= CLIENT_MESSAGES_WAITING_MAX:
                self._messages.get_nowait()
                self.dropped += 1
            self._messages.put_nowait(
                Message(
                    op=op,
                    channel=str(message.get("channel", "")),
                    sequence=int(message.get("sequence", 0)),
                    body=message,
                )
            )

    def _ended(self) -> None:
        self._messages.put_nowait(YunhaiError(failures.CLOSED, waiting=0))
