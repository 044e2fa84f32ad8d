"""Orders over a WebSocket: many in flight, one future each, answered as they become durable.

A batch goes as one message and comes back as one (msgpack, which is half as long as JSON and quicker to read). When the
connection breaks, every future fails with 7402: connect again and send the same signed instructions again; the cloud
answers what it had taken as it would have answered then.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import msgspec
import websockets

from yunhai.client import failures
from yunhai.client.answers import Batch, Refused, answer_of, not_understood
from yunhai.client.origin import Origin
from yunhai.client.tokens import EARLY_S, NoToken, Token, Tokens
from yunhai.kernel.errors import YunhaiError
from yunhai.trading.http.structs import Ack
from yunhai.trading.instructions import SignedInstruction

PATH: Final = "/trade/v1/ws"
TIMEOUT_S: Final = 30.0
Answer = TypeVar("Answer")
_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder()


class Socket:
    """A WebSocket of the cloud with a token that is renewed before it ends. The base of `OrderSocket` and `Stream`."""

    def __init__(
        self, origin: "str | Origin", tokens: Tokens | None = None, *, path: str, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._origin = Origin.of(origin)
        self._tokens = tokens
        self._path = path
        self._timeout_s = timeout_s
        self._connection: websockets.ClientConnection | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def connect(self) -> Self:
        """Open and sign in. YunhaiError 7400, 7403; `Refused`."""
        token = None if self._tokens is None or isinstance(self._tokens, NoToken) else await self._tokens.get_async()
        self._connection = await self._origin.open(self._path, timeout_s=self._timeout_s)
        if token is not None:
            await self._sign_in(token)
            self._tasks.append(asyncio.create_task(self._renew(token)))
        self._tasks.append(asyncio.create_task(self._read()))
        return self

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._connection is not None:
            await self._connection.close()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError, YunhaiError):
                await task
        self._tasks.clear()

    async def __aenter__(self) -> Self:
        return await self.connect()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    async def _sign_in(self, token: Token) -> None:
        await self._send_text({"op": "auth", "token": token.text})
        try:
            answer = decoded(await asyncio.wait_for(self._open().recv(), self._timeout_s))
        except TimeoutError:
            raise YunhaiError(failures.TIMED_OUT, seconds=self._timeout_s) from None
        except websockets.ConnectionClosed:
            raise YunhaiError(failures.CLOSED, waiting=1) from None
        if answer.get("op") == "refused":
            raise Refused(answer.get("error") or {}, mode=str(answer.get("mode", "")))

    async def _renew(self, token: Token) -> None:
        """Sign in again before the token ends; the answer is read with the others."""
        tokens = self._tokens
        while tokens is not None:
            await asyncio.sleep(max(token.expires_at - time.time() - EARLY_S, 1.0))
            token = await tokens.get_async()
            await self._send_text({"op": "auth", "token": token.text})

    async def _send_text(self, value: object) -> None:
        await self._send(msgspec.json.encode(value).decode())

    async def _send(self, frame: str | bytes) -> None:
        try:
            await self._open().send(frame)
        except websockets.ConnectionClosed:
            raise YunhaiError(failures.CLOSED, waiting=0) from None

    def _open(self) -> websockets.ClientConnection:
        if self._connection is None:
            raise YunhaiError(failures.CLOSED, waiting=0)
        return self._connection

    async def _read(self) -> None:
        """Take messages until the connection ends."""
        try:
            async for frame in self._open():
                self._take(decoded(frame))
        except websockets.ConnectionClosed:
            pass
        finally:
            self._ended()

    def _take(self, message: dict[str, Any]) -> None:
        raise NotImplementedError

    def _ended(self) -> None:
        raise NotImplementedError


def decoded(frame: str | bytes) -> dict[str, Any]:
    """A message. YunhaiError 7401."""
    try:
        value = msgspec.json.decode(frame) if isinstance(frame, str) else _DECODER.decode(frame)
    except msgspec.DecodeError as error:
        raise not_understood(0, str(error)) from None
    if not isinstance(value, dict):
        raise not_understood(0, "not an object")
    return value


class OrderSocket(Socket):
    """`async with OrderSocket(origin, tokens) as orders: ack = await orders.place(signed)`."""

    def __init__(
        self, origin: "str | Origin", tokens: Tokens | None = None, *, path: str = PATH, timeout_s: float = TIMEOUT_S
    ) -> None:
        super().__init__(origin, tokens, path=path, timeout_s=timeout_s)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._next = 1
        self._broken = False

    @property
    def in_flight(self) -> int:
        return len(self._waiting)

    async def send(self, signed: SignedInstruction) -> asyncio.Future[Ack]:
        """Send and return at once; the future gives the Ack or raises `Refused`, YunhaiError 7402."""
        number, future = self._expect()
        await self._send_text({"op": "order", "id": number, "body": signed})
        return future

    async def place(self, signed: SignedInstruction) -> Ack:
        """Send and wait. `Refused`; YunhaiError 7402, 7403."""
        return await self._within(await self.send(signed))

    async def send_many(
        self, bodies: Sequence[SignedInstruction], *, at: Sequence[int] | None = None
    ) -> asyncio.Future[Batch]:
        """One message of many instructions, taken in their order; one future for all answers.

        `at`, on the inner socket of a driven day only: market times (ns since 1970), the clock is moved to before each.
        """
        return await self.send_packed(msgspec.Raw(_ENCODER.encode(list(bodies))), at=at)

    async def send_packed(self, bodies: msgspec.Raw, *, at: Sequence[int] | None = None) -> asyncio.Future[Batch]:
        """As `send_many`, of an already encoded msgpack array of signed instructions."""
        number, future = self._expect()
        message: dict[str, Any] = {"op": "orders", "id": number, "bodies": bodies}
        if at is not None:
            message["at"] = list(at)
        await self._send(_ENCODER.encode(message))
        return future

    async def place_many(self, bodies: Sequence[SignedInstruction], *, at: Sequence[int] | None = None) -> Batch:
        """Send a batch and wait for its answers; refusals stand among them, they are not raised."""
        return await self._within(await self.send_many(bodies, at=at))

    async def ask(self, op: str, **fields: object) -> dict[str, Any]:
        """Any other operation with an id; its answer."""
        number, expected = self._expect()
        future: asyncio.Future[dict[str, Any]] = expected
        await self._send_text({"op": op, "id": number, **fields})
        return await self._within(future)

    def _expect(self) -> tuple[int, "asyncio.Future[Any]"]:
        if self._broken:
            raise YunhaiError(failures.CLOSED, waiting=0)
        number, self._next = self._next, self._next + 1
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        return number, future

    async def _within(self, future: "asyncio.Future[Answer]") -> Answer:
        try:
            return await asyncio.wait_for(future, self._timeout_s)
        except TimeoutError:
            raise YunhaiError(failures.TIMED_OUT, seconds=self._timeout_s) from None

    def _take(self, message: dict[str, Any]) -> None:
        number = message.get("id")
        future = None if number is None else self._waiting.pop(number, None)
        if future is None or future.done():
            return
        try:
            match message.get("op"):
                case "ack":
                    future.set_result(answer_of(message))
                case "refused":
                    future.set_exception(_raised(answer_of(message)))
                case "answers":
                    future.set_result(Batch(tuple(answer_of(one) for one in message["answers"])))
                case _:
                    future.set_result(message)
        except YunhaiError as error:
            future.set_exception(error)

    def _ended(self) -> None:
        self._broken = True
        waiting = len(self._waiting)
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(YunhaiError(failures.CLOSED, waiting=waiting))
                future.exception()  # nobody may be waiting for it any more
        self._waiting.clear()


def _raised(answer: Ack | Refused) -> Exception:
    return answer if isinstance(answer, Refused) else not_understood(0, "a refusal without an error")
