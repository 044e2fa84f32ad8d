"""The driver against a core that breaks the connection at every awkward moment: each order once, in the plan's order."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from websockets.asyncio.server import ServerConnection, unix_serve

from yunhai.apps.day.cloud_drive import Drive, Driven
from yunhai.apps.day.cloud_signing import Chunk
from yunhai.client import OrderSocket
from yunhai.kernel.errors import YunhaiError

ACK = {
    "op": "ack",
    "order_number": "A0001",
    "accepted_at": "2026-07-29T09:00:00+08:00",
    "market_time": "2026-07-29T09:00:00+08:00",
    "reserved": {"cash": "0", "shares": 0},
    "mode": "simulated",
}


class Core:
    """Takes what is new, answers what it knows, and dies: after taking a part of a batch, or before answering it."""

    def __init__(self, seed: int, *, deaths: int, refuse: int = -1) -> None:
        self.random = random.Random(seed)
        self.deaths = deaths
        self.refuse = refuse
        self.taken: list[str] = []
        self.clock = 0

    async def serve(self, connection: ServerConnection) -> None:
        async for frame in connection:
            message = msgspec.msgpack.decode(frame)
            dies = self.deaths > 0 and self.random.random() < 0.3
            bodies = message["bodies"]
            until = self.random.randrange(len(bodies) + 1) if dies else len(bodies)
            answers = [self.take(body, at) for body, at in zip(bodies[:until], message["at"], strict=False)]
            if dies:
                self.deaths -= 1
                await connection.close()
                return
            await connection.send(msgspec.msgpack.encode({"op": "answers", "id": message["id"], "answers": answers}))

    def take(self, body: str, at: int) -> dict[str, object]:
        if self.refuse == at:
            return {"op": "refused", "error": {"code": 6103, "name": "stale", "en": "stale", "zh": "過期"}}
        if body not in self.taken:
            assert at >= self.clock, "the clock never goes back"
            self.clock = at
            self.taken.append(body)
        number = self.taken.index(body) + 1
        return ACK | {"number": number, "order_id": number, "client_id": body, "sequence": number * 3}


class Chunks:
    def __init__(self, orders: int, size: int) -> None:
        self._chunks = self._cut(orders, size)

    @staticmethod
    def _cut(orders: int, size: int) -> Iterator[Chunk]:
        for first in range(0, orders, size):
            places = range(first, min(first + size, orders))
            yield Chunk(first, len(places), msgspec.msgpack.encode([f"order {at}" for at in places]), tuple(places))

    def take(self) -> Chunk | None:
        return next(self._chunks, None)


def drive(core: Core, folder: Path, *, orders: int = 400, size: int = 7) -> Driven:
    async def run() -> Driven:
        path = str(folder / "core.sock")
        async with unix_serve(core.serve, path):
            connect = lambda: OrderSocket(f"unix:{path}", path="/ws", timeout_s=60)  # noqa: E731
            return await Drive(connect, Chunks(orders, size), total=orders, progress=lambda part: None).run()

    return asyncio.run(run())


@pytest.mark.parametrize("seed", range(5))
def test_each_order_is_taken_once_in_order_whatever_breaks(tmp_path: Path, seed: int) -> None:
    core = Core(seed, deaths=12)
    result = drive(core, tmp_path)
    assert core.taken == [f"order {at}" for at in range(400)]
    assert core.deaths < 6, "it died often"
    assert result.accepted == 400
    assert result.sequence == 1_200
    assert 1 <= result.reconnections <= 12


def test_a_refusal_stops_the_day_and_names_the_order(tmp_path: Path) -> None:
    with pytest.raises(YunhaiError) as refusal:
        drive(Core(1, deaths=0, refuse=33), tmp_path)
    assert refusal.value.code == 7600
    assert refusal.value.details["order"] == 33
