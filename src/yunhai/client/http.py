"""The client over HTTP, one call at a time: `Client` waits, `AsyncClient` is awaited. Both send the same `calls`.

A call that may be sent again is, after a broken connection or 502-504, with the same body and so the same client id: the
cloud answers the second as it answered the first. A token refused (401) is fetched anew once.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Final, Self

import httpx
import msgspec

from yunhai.client import calls
from yunhai.client.answers import Rate, ack_of, not_understood, refusal_of, typed
from yunhai.client.calls import Call
from yunhai.client.origin import Origin, unreachable
from yunhai.client.tokens import NoToken, Token, Tokens
from yunhai.trading.http import structs
from yunhai.trading.http.structs import Ack
from yunhai.trading.instructions import Instruction, SignedInstruction

PAUSES_S: Final = (0.1, 0.5, 2.0)
"""Waits before the second, third and fourth try."""
TIMEOUT_S: Final = 10.0
_AGAIN: Final = frozenset({502, 503, 504})


class _Shared:
    """What both clients know: where, with which tokens, and what the last answer said of rates."""

    def __init__(self, origin: "str | Origin", tokens: Tokens | None) -> None:
        self._origin = Origin.of(origin)
        self._tokens: Tokens = tokens or NoToken()
        self.rate: Rate | None = None

    def _answer(self, response: httpx.Response) -> Any:
        self.rate = Rate.of(response.headers)
        if response.status_code >= httpx.codes.BAD_REQUEST:
            raise refusal_of(response.status_code, response.content)
        try:
            return msgspec.json.decode(response.content)
        except msgspec.DecodeError as error:
            raise not_understood(response.status_code, str(error)) from None


def _request(call: Call, token: Token | None) -> dict[str, Any]:
    headers = {"Accept": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token.text}"
    if call.body is not None:
        headers["Content-Type"] = "application/json"
    content = None if call.body is None else msgspec.json.encode(call.body)
    return {
        "method": call.method,
        "url": call.path,
        "params": dict(call.query) or None,
        "content": content,
        "headers": headers,
    }


def _pauses(call: Call) -> Iterator[float | None]:
    """The wait before each next try; None: no more."""
    yield from PAUSES_S if call.repeatable else ()
    yield None


class Client(_Shared):
    """Waits for every answer. Not for use by several threads at once.

    Every method raises `Refused` (the cloud's no), YunhaiError 7400 (unreachable after all tries), 7401, 7406.
    """

    def __init__(self, origin: "str | Origin", tokens: Tokens | None = None, *, timeout_s: float = TIMEOUT_S) -> None:
        super().__init__(origin, tokens)
        self._http = self._origin.client(timeout_s=timeout_s)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def send(self, call: Call) -> Any:
        """Send a call; the decoded answer."""
        renewed = False
        pauses = _pauses(call)
        while True:
            token = None if call.open else self._tokens.get()
            pause = None
            try:
                response = self._http.request(**_request(call, token))
            except httpx.TransportError as error:
                if (pause := next(pauses)) is None:
                    raise unreachable(self._origin, error) from error
            else:
                if response.status_code == httpx.codes.UNAUTHORIZED and not renewed and token is not None:
                    renewed = True
                    self._tokens.forget()
                    continue
                if response.status_code not in _AGAIN or (pause := next(pauses)) is None:
                    return self._answer(response)
            time.sleep(pause)

    def place(self, signed: SignedInstruction) -> Ack:
        """Send a signed instruction of any action."""
        return ack_of(self.send(calls.place(signed)))

    def preview(self, instruction: Instruction) -> structs.Preview:
        """Every check's verdict, the cost and the reservation; changes nothing."""
        return typed(self.send(calls.preview(instruction)), structs.Preview)

    def orders(self, account: int, *, state: str = "all") -> tuple[structs.OrderSaid, ...]:
        """Today's orders, `state` open | all, newest first, as many as one answer holds."""
        return typed(self.send(calls.orders(account, state)), structs.Orders).orders

    def order(self, order_id: int) -> structs.OrderSaid:
        return typed(self.send(calls.order(order_id)), structs.Order).order

    def account(self, number: int) -> structs.Account:
        """Live buying power, reservations, positions."""
        return typed(self.send(calls.account(number)), structs.Account)

    def market(self, codes: Sequence[str] = ()) -> structs.Market:
        """The open day, with all its securities or those asked for."""
        return typed(self.send(calls.market(codes)), structs.Market)

    def limits(self, account: int = 0) -> structs.LimitsSaid:
        """Quotas of who asks, and of an account if one is given."""
        return typed(self.send(calls.limits(account)), structs.LimitsSaid)

    def rejects(self) -> tuple[structs.RejectSaid, ...]:
        """The reject catalogue, in the order in which the gate checks."""
        return typed(self.send(calls.rejects()), structs.Rejects).rejects

    def cash(self, account: int, *, amount: str, kind: str, reference: str) -> structs.Done:
        """A deposit or withdrawal of `amount` NT$; the same reference again moves nothing more."""
        call = calls.cash(account=account, amount=amount, kind=kind, reference=reference)
        return typed(self.send(call), structs.Done)

    def timeline(self, any_id: str | int) -> dict[str, Any]:
        """Everything that happened to an order, trade, account or client id, as JSON."""
        return typed(self.send(calls.timeline(any_id)), dict)

    def get(self, path: str, **query: str | int) -> Any:
        """Any other GET."""
        return self.send(calls.get(path, query))


class AsyncClient(_Shared):
    """As `Client`, awaited."""

    def __init__(self, origin: "str | Origin", tokens: Tokens | None = None, *, timeout_s: float = TIMEOUT_S) -> None:
        super().__init__(origin, tokens)
        self._http = self._origin.async_client(timeout_s=timeout_s)

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    async def send(self, call: Call) -> Any:
        """Send a call; the decoded answer."""
        renewed = False
        pauses = _pauses(call)
        while True:
            token = None if call.open else await self._tokens.get_async()
            pause = None
            try:
                response = await self._http.request(**_request(call, token))
            except httpx.TransportError as error:
                if (pause := next(pauses)) is None:
                    raise unreachable(self._origin, error) from error
            else:
                if response.status_code == httpx.codes.UNAUTHORIZED and not renewed and token is not None:
                    renewed = True
                    self._tokens.forget()
                    continue
                if response.status_code not in _AGAIN or (pause := next(pauses)) is None:
                    return self._answer(response)
            await asyncio.sleep(pause)

    async def place(self, signed: SignedInstruction) -> Ack:
        """Send a signed instruction of any action."""
        return ack_of(await self.send(calls.place(signed)))

    async def preview(self, instruction: Instruction) -> structs.Preview:
        """Every check's verdict, the cost and the reservation; changes nothing."""
        return typed(await self.send(calls.preview(instruction)), structs.Preview)

    async def orders(self, account: int, *, state: str = "all") -> tuple[structs.OrderSaid, ...]:
        """Today's orders, `state` open | all, newest first, as many as one answer holds."""
        return typed(await self.send(calls.orders(account, state)), structs.Orders).orders

    async def order(self, order_id: int) -> structs.OrderSaid:
        return typed(await self.send(calls.order(order_id)), structs.Order).order

    async def account(self, number: int) -> structs.Account:
        """Live buying power, reservations, positions."""
        return typed(await self.send(calls.account(number)), structs.Account)

    async def market(self, codes: Sequence[str] = ()) -> structs.Market:
        """The open day, with all its securities or those asked for."""
        return typed(await self.send(calls.market(codes)), structs.Market)

    async def limits(self, account: int = 0) -> structs.LimitsSaid:
        """Quotas of who asks, and of an account if one is given."""
        return typed(await self.send(calls.limits(account)), structs.LimitsSaid)

    async def rejects(self) -> tuple[structs.RejectSaid, ...]:
        """The reject catalogue, in the order in which the gate checks."""
        return typed(await self.send(calls.rejects()), structs.Rejects).rejects

    async def cash(self, account: int, *, amount: str, kind: str, reference: str) -> structs.Done:
        """A deposit or withdrawal of `amount` NT$; the same reference again moves nothing more."""
        call = calls.cash(account=account, amount=amount, kind=kind, reference=reference)
        return typed(await self.send(call), structs.Done)

    async def timeline(self, any_id: str | int) -> dict[str, Any]:
        """Everything that happened to an order, trade, account or client id, as JSON."""
        return typed(await self.send(calls.timeline(any_id)), dict)

    async def get(self, path: str, **query: str | int) -> Any:
        """Any other GET."""
        return await self.send(calls.get(path, query))
