"""A bare client of the orders' WebSocket: what it sends and gets is seen as it is."""

from types import TracebackType
from typing import Any, Self

import msgspec
from websockets.asyncio.client import ClientConnection, unix_connect

from tests.trading.core_harness import ANNE, Cloud
from yunhai.trading.instructions import SignedInstruction


class Orders:
    """One connection. `token` None: no sign-in; "": Anne's."""

    def __init__(self, cloud: Cloud, *, inner: bool = False, token: str | None = "") -> None:
        self.cloud = cloud
        self.inner = inner
        self.token = None if inner else cloud.token(ANNE) if token == "" else token
        self.number = 0
        self.connection: ClientConnection

    async def __aenter__(self) -> Self:
        places = self.cloud.places
        path = places.inner_socket if self.inner else places.core_socket
        self.connection = await unix_connect(str(path), "ws://core/trade/v1/ws", max_size=1 << 24, compression=None)
        if self.token is not None:
            await self.say({"op": "auth", "token": self.token})
            assert (await self.hear())["op"] == "authenticated"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.connection.close()

    async def say(self, message: Any, *, packed: bool = False) -> None:
        encoded = msgspec.msgpack.encode(message) if packed else msgspec.json.encode(message).decode()
        await self.connection.send(encoded)

    async def hear(self) -> dict[str, Any]:
        heard = await self.connection.recv()
        found: dict[str, Any] = msgspec.json.decode(heard) if isinstance(heard, str) else msgspec.msgpack.decode(heard)
        return found

    async def order(self, body: Any) -> dict[str, Any]:
        self.number += 1
        await self.say({"op": "order", "id": self.number, "body": body})
        return await self.hear()

    async def batch(self, bodies: list[SignedInstruction], at: list[int] | None = None) -> list[dict[str, Any]]:
        self.number += 1
        message: dict[str, Any] = {"op": "orders", "id": self.number, "bodies": bodies}
        if at is not None:
            message["at"] = at
        await self.say(message, packed=True)
        answer = await self.hear()
        assert answer["op"] == "answers", answer
        found: list[dict[str, Any]] = answer["answers"]
        return found
