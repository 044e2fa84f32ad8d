"""Many in flight over one connection: each future gets its own answer, whatever the order, and a break fails them all."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from websockets.asyncio.server import ServerConnection, unix_serve

from tests.client.test_http import ACK
from yunhai.client import Draft, FixedToken, OrderSocket, Refused, Signer, Stream, Token
from yunhai.client import sockets as client_sockets
from yunhai.kernel.errors import YunhaiError

SIGNER = Signer.generate(key=7)
DRAFT = Draft(tenant=1, account=2, date="2026-08-21", key=7)
ERROR = {"code": 6103, "name": "signature-stale", "en": "stale", "zh": "逾時"}
Serve = Callable[[ServerConnection], Awaitable[None]]


def run(folder: Path, serve: Serve, client: Callable[[str], Awaitable[None]]) -> None:
    async def go() -> None:
        path = str(folder / "s.sock")
        async with unix_serve(serve, path):
            await client(f"unix:{path}")

    asyncio.run(asyncio.wait_for(go(), 90))


def signed(code: str = "2330") -> Any:
    return SIGNER.sign(DRAFT.buy(code, price="1080", quantity=1000))


async def messages(connection: ServerConnection) -> Any:
    async for frame in connection:
        yield msgspec.json.decode(frame) if isinstance(frame, str) else msgspec.msgpack.decode(frame)


async def say(connection: ServerConnection, **message: Any) -> None:
    await connection.send(msgspec.json.encode(message).decode())


def test_answers_find_their_futures_in_any_order(tmp_path: Path) -> None:
    async def serve(connection: ServerConnection) -> None:
        held = []
        async for message in messages(connection):
            held.append(message)
            if len(held) == 50:
                for one in reversed(held):
                    said = {"client_id": one["body"]["instruction"]["client_id"], "number": one["id"]}
                    await say(connection, **(ACK | said), op="ack", id=one["id"])

    async def client(address: str) -> None:
        async with OrderSocket(address) as orders:
            sent = [signed() for _ in range(50)]
            futures = [await orders.send(one) for one in sent]
            assert orders.in_flight == 50
            for one, ack in zip(sent, await asyncio.gather(*futures), strict=True):
                assert ack.client_id == one.instruction.client_id
            assert orders.in_flight == 0

    run(tmp_path, serve, client)


def test_a_refusal_is_raised_and_a_batch_keeps_its_order(tmp_path: Path) -> None:
    async def serve(connection: ServerConnection) -> None:
        async for message in messages(connection):
            if message["op"] == "order":
                await say(connection, op="refused", id=message["id"], error=ERROR, mode="simulated")
            else:
                answers = [
                    {"op": "refused", "error": ERROR, "mode": "simulated"}
                    if at % 2
                    else {"op": "ack"} | ACK | {"client_id": body["instruction"]["client_id"]}
                    for at, body in enumerate(message["bodies"])
                ]
                packed = msgspec.msgpack.encode({"op": "answers", "id": message["id"], "answers": answers})
                await connection.send(packed)

    async def client(address: str) -> None:
        async with OrderSocket(address) as orders:
            with pytest.raises(Refused) as refusal:
                await orders.place(signed())
            assert (refusal.value.code, refusal.value.text("zh")) == (6103, "逾時")
            sent = [signed() for _ in range(6)]
            batch = await orders.place_many(sent)
            assert [isinstance(one, Refused) for one in batch.answers] == [False, True] * 3
            assert [ack.client_id for ack in batch.acks] == [one.instruction.client_id for one in sent[::2]]

    run(tmp_path, serve, client)


def test_a_break_fails_everything_in_flight_and_everything_after(tmp_path: Path) -> None:
    async def serve(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.recv()
        await connection.close()

    async def client(address: str) -> None:
        async with OrderSocket(address) as orders:
            futures = [await orders.send(signed()) for _ in range(2)]
            for future in futures:
                with pytest.raises(YunhaiError) as refusal:
                    await future
                assert refusal.value.code == 7402
            with pytest.raises(YunhaiError) as refusal:
                await orders.place(signed())
            assert refusal.value.code == 7402

    run(tmp_path, serve, client)


def test_silence_is_told_as_overdue(tmp_path: Path) -> None:
    async def serve(connection: ServerConnection) -> None:
        await connection.wait_closed()

    async def client(address: str) -> None:
        async with OrderSocket(address) as orders:
            orders._timeout_s = 0.1  # not for connecting
            with pytest.raises(YunhaiError) as refusal:
                await orders.place(signed())
            assert refusal.value.code == 7403

    run(tmp_path, serve, client)


class ShortLived:
    """Tokens so short that the socket must renew them at once."""

    def __init__(self) -> None:
        self.given = 0

    def get(self) -> Token:
        self.given += 1
        return Token(f"token {self.given}", time.time() + client_sockets.EARLY_S + 0.2)

    async def get_async(self) -> Token:
        return self.get()

    def forget(self) -> None: ...


def test_a_socket_signs_in_first_and_again_before_its_token_ends(tmp_path: Path) -> None:
    heard: list[str] = []
    twice = asyncio.Event()

    async def serve(connection: ServerConnection) -> None:
        async for message in messages(connection):
            assert message["op"] == "auth"
            heard.append(message["token"])
            if len(heard) == 2:
                twice.set()
            await say(connection, op="authenticated", expires=1, mode="simulated")

    async def client(address: str) -> None:
        async with OrderSocket(address, ShortLived()):
            await twice.wait()

    run(tmp_path, serve, client)
    assert heard[:2] == ["token 1", "token 2"]


def test_a_refused_sign_in_is_raised_on_connecting(tmp_path: Path) -> None:
    async def serve(connection: ServerConnection) -> None:
        await connection.recv()
        await say(connection, op="refused", error=ERROR | {"code": 6501}, mode="simulated")

    async def client(address: str) -> None:
        with pytest.raises(Refused) as refusal:
            await OrderSocket(address, FixedToken("bad")).connect()
        assert refusal.value.code == 6501

    run(tmp_path, serve, client)


def test_a_stream_gives_snapshots_and_updates_and_then_its_end(tmp_path: Path) -> None:
    async def serve(connection: ServerConnection) -> None:
        async for message in messages(connection):
            if message["op"] == "auth":
                await say(connection, op="authenticated", expires=1, mode="simulated")
            else:
                assert message == {"op": "subscribe", "channel": "quotes", "codes": ["2330"]}
                await say(connection, op="snapshot", channel="quotes", sequence=1, quotes={})
                await say(connection, op="update", channel="quotes", sequence=2, quotes={})
                await say(connection, op="refused", error=ERROR | {"code": 6601}, mode="simulated")
                await connection.close()

    async def client(address: str) -> None:
        async with Stream(address, FixedToken("t")) as stream:
            await stream.subscribe("quotes", codes=["2330"])
            assert [(one.op, one.sequence) for one in [await stream.next(), await stream.next()]] == [
                ("snapshot", 1),
                ("update", 2),
            ]
            with pytest.raises(Refused) as refusal:
                await stream.next()
            assert refusal.value.code == 6601

    run(tmp_path, serve, client)
