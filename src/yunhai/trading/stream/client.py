"""One connection: who it is, what it follows, what waits to be sent to it. Knows no transport but "send this text".

Nothing ever waits for a reader. Quotes are conflated: while anything waits for it, a reader's changed books are only
remembered, and it gets their newest state when it has caught up. Orders are not: they wait, up to a bound. Whoever leaves more
waiting, or leaves quotes waiting for too long, is cut off.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from yunhai.kernel.limits import STREAM_BEHIND_SECONDS_MAX, STREAM_UNSENT_BYTES_MAX
from yunhai.trading.stream.messages import message, quotes_data
from yunhai.trading.tokens import Claims

SendText = Callable[[str], Awaitable[None]]
TOO_SLOW: Final = 4008
POLICY: Final = 1008
GOING_AWAY: Final = 1012
TRY_LATER: Final = 1013

QuotesKey = tuple[tuple[str, ...], tuple[str, ...]]
"""(codes, segments) as they were asked for."""


class Client:
    """A connection's state. `fresh`: books that changed and were not sent yet; `boards_due`: so are the boards."""

    def __init__(self, send: SendText, cut_off: Callable[[], object], now: float) -> None:
        self._send = send
        self._cut_off = cut_off
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._sending = False
        self._wake = asyncio.Event()
        self._behind_since: float | None = None
        self.since = now
        self.closing: int | None = None
        self.claims: Claims | None = None
        self.quotes: dict[QuotesKey, None] = {}
        self.books: set[int] = set()
        self.fresh: set[int] = set()
        self.accounts: set[int] = set()
        self.pool = False
        self.market = False
        self.boards = False
        self.boards_due = False
        self._sequences: dict[tuple[str, int], int] = {}

    # -- what is said ------------------------------------------------------------------------------------------------

    @property
    def subscriptions(self) -> int:
        return len(self.quotes) + len(self.accounts) + self.pool + self.market + self.boards

    def tell(self, op: str, channel: str, data: bytes, *, account: int = 0, as_of: int | None = None) -> None:
        """A snapshot or an update, numbered."""
        key = (channel, account)
        sequence = self._sequences[key] = self._sequences.get(key, 0) + 1
        self.put(message(op, channel, sequence, data, account=account, as_of=as_of))

    def is_behind(self, now: float) -> bool:
        """Whether something waits for this reader still, so that quotes are not for it now; for too long: it is cut off."""
        if not (self._waiting or self._sending):
            self._behind_since = None
            return False
        if self._behind_since is None:
            self._behind_since = now
        elif now - self._behind_since > STREAM_BEHIND_SECONDS_MAX:
            self.too_slow()
        return True

    def tell_quotes(self, parts: list[bytes], now: float, as_of: int | None = None) -> None:
        """Send changed quotes if nothing waits for this reader; else it is behind."""
        if not self.is_behind(now):
            self.send_quotes(parts, as_of)

    def send_quotes(self, parts: list[bytes], as_of: int | None = None) -> None:
        """All that was remembered, now."""
        self.fresh.clear()
        self.tell("update", "quotes", quotes_data(parts), as_of=as_of)

    def put(self, text: bytes) -> None:
        if self.closing is not None:
            return
        self._waiting.append(text)
        self._bytes += len(text)
        if (
            self._bytes > STREAM_UNSENT_BYTES_MAX and len(self._waiting) > 1
        ):  # one snapshot of the whole market is larger
            self.too_slow()
        self._wake.set()

    # -- how it ends -------------------------------------------------------------------------------------------------

    def too_slow(self) -> None:
        """Cut it off: a word of farewell would wait behind what it does not read."""
        if self.closing is None:
            self._waiting.clear()
            self.closing = TOO_SLOW
            self._cut_off()

    def close(self, code: int) -> None:
        """Close when what waits was sent."""
        if self.closing is None:
            self.closing = code
            self._wake.set()

    async def run(self, close: Callable[[int], Awaitable[None]]) -> None:
        """Send until closed."""
        while True:
            while self._waiting:
                text = self._waiting.popleft()
                self._bytes -= len(text)
                self._sending = True
                await self._send(text.decode())
                self._sending = False
            if self.closing is not None:
                await close(self.closing)
                return
            self._wake.clear()
            await self._wake.wait()
