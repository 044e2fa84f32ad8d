"""The orders' WebSocket: sign-in, messages in flight, batches, what is malformed, and a reader who does not read."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed

from tests.trading.core.sockets import Orders
from tests.trading.core_harness import ANNE, BEN, CARL, CoreHere, running
from yunhai.trading.http import session
from yunhai.trading.http import socket as served

NT = 10_000


def with_core(home: Path, act: Callable[[CoreHere], Awaitable[None]], **settings: Any) -> None:
    async def run() -> None:
        usual: dict[str, Any] = {"lift_line_caps": True, "lift_rates": True}
        async with running(home, snapshot=False, **(usual | settings)) as here:
            await asyncio.to_thread(here.prepare)
            await act(here)

    asyncio.run(run())


def test_nothing_is_taken_before_a_token_and_a_bad_one_ends_it(tmp_path: Path) -> None:
    async def act(here: CoreHere) -> None:
        async with Orders(here, token=None) as orders:
            answer = await orders.order(here.signed(ANNE))
            assert (answer["op"], answer["id"], answer["error"]["code"]) == ("refused", 1, 6520)
        for token, code in (("x.y.z", 6521), (here.token(ANNE, now_s=int(time.time()) - 301), 6524)):
            async with Orders(here, token=None) as orders:
                await orders.say({"op": "auth", "token": token})
                assert (await orders.hear())["error"]["code"] == code
                with pytest.raises(ConnectionClosed):
                    await orders.hear()
        assert here.core.books.number == 0

    with_core(tmp_path, act)


@pytest.mark.full
def test_a_token_that_ends_must_be_renewed_and_cannot_change_the_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def act(here: CoreHere) -> None:
        issued = int(time.time())
        async with Orders(here, token=here.token(ANNE, now_s=issued)) as orders:
            for now, answer in ((issued + 299, "ack"), (issued + 300, "refused")):
                with monkeypatch.context() as later:
                    later.setattr(session, "time", SimpleNamespace(time=lambda now=now: now))
                    said = await orders.order(here.signed(ANNE))
                assert said["op"] == answer
            assert said["error"]["code"] == 6524
        async with Orders(here) as orders:
            await orders.say({"op": "auth", "token": here.token(ANNE)})
            assert (await orders.hear())["op"] == "authenticated"
            await orders.say({"op": "auth", "token": here.token(BEN)})
            assert (await orders.hear())["error"]["code"] == 6526

    with_core(tmp_path, act)


@pytest.mark.parametrize(
    ("message", "number", "code"),
    [
        ("{", None, 6530),
        ('{"op":"nothing","id":3}', 3, 6530),
        ('{"op":"order","id":4,"body":{}}', 4, 6530),
        ('{"op":"order","id":"x","body":{}}', None, 6530),
        ('{"op":"orders","id":5,"bodies":[],"at":[1]}', 5, 6530),
        ("[1,2]", None, 6530),
    ],
)
def test_a_malformed_message_is_answered_and_the_next_is_taken(
    tmp_path: Path, message: str, number: int | None, code: int
) -> None:
    async def act(here: CoreHere) -> None:
        async with Orders(here) as orders:
            await orders.connection.send(message)
            answer = await orders.hear()
            assert (answer["op"], answer.get("id"), answer["error"]["code"]) == ("refused", number, code)
            assert (await orders.order(here.signed(ANNE)))["op"] == "ack"

    with_core(tmp_path, act)


def test_answers_come_in_the_order_of_durability_with_their_ids(tmp_path: Path) -> None:
    async def act(here: CoreHere) -> None:
        async with Orders(here) as orders:
            for number in range(300):
                body = here.signed(ANNE, code="1101", price=42 * NT, quantity=1000 if number % 3 else 7)
                await orders.say({"op": "order", "id": number, "body": body}, packed=number % 2 == 1)
            heard = [await orders.hear() for _ in range(300)]
        assert sorted(answer["id"] for answer in heard) == list(range(300))
        acks = [answer for answer in heard if answer["op"] == "ack"]
        assert [answer["sequence"] for answer in acks] == sorted(answer["sequence"] for answer in acks)
        assert {answer["error"]["code"] for answer in heard if answer["op"] == "refused"} <= {6134, 6150}
        assert here.core.appender.writer.durable() >= acks[-1]["sequence"]

    with_core(tmp_path, act)


def test_a_batch_is_answered_as_one_in_its_order(tmp_path: Path) -> None:
    async def act(here: CoreHere) -> None:
        async with Orders(here) as orders:
            one = here.instruction(ANNE, code="1101", price=42 * NT)
            bodies = [one, one, here.instruction(ANNE, quantity=7), here.instruction(CARL), here.instruction(ANNE)]
            answers = await orders.batch([here.sign(each) for each in bodies])
            assert [answer["op"] for answer in answers] == ["ack", "ack", "refused", "refused", "ack"]
            assert answers[0] == answers[1]
            assert [answer["error"]["code"] for answer in answers[2:4]] == [6134, 6513]

    with_core(tmp_path, act)


def test_a_reader_who_does_not_read_is_cut_off_and_stalls_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served, "SOCKET_UNSENT_BYTES_MAX", 200_000)

    async def act(here: CoreHere) -> None:
        loop = asyncio.get_running_loop()
        deaf = socket.socket(socket.AF_UNIX)
        deaf.setblocking(False)
        await loop.sock_connect(deaf, str(here.places.core_socket))
        await loop.sock_sendall(
            deaf,
            b"GET /trade/v1/ws HTTP/1.1\r\nHost: core\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        )
        assert b"101" in await loop.sock_recv(deaf, 4096)
        async with Orders(here) as orders:
            longest = 0.0
            cut_off = False
            for _ in range(60):
                with_nothing = frame(b'{"op":"x","id":1}') * 300
                try:
                    await asyncio.wait_for(loop.sock_sendall(deaf, with_nothing), 0.05)
                except (TimeoutError, OSError):
                    cut_off = True
                began = time.perf_counter()
                body = here.signed(ANNE, code="1101", price=42 * NT, quantity=7)
                assert (await orders.order(body))["op"] == "refused"
                longest = max(longest, time.perf_counter() - began)
                if cut_off:
                    break
            assert cut_off
            assert longest < 30.0
        deaf.close()

    with_core(tmp_path, act)


def frame(message: bytes) -> bytes:
    return bytes((0x81, 0x80 | len(message))) + bytes(4) + message


def test_what_was_in_flight_when_the_connection_broke_is_answered_again(tmp_path: Path) -> None:
    async def act(here: CoreHere) -> None:
        body = here.signed(ANNE)
        async with Orders(here) as orders:
            await orders.say({"op": "order", "id": 1, "body": body})
        await asyncio.sleep(0.05)
        async with Orders(here) as orders:
            answer = await orders.order(body)
        assert answer["op"] == "ack"
        assert answer["number"] == 1
        assert here.core.books.number == 1
        assert msgspec.json.encode(answer)

    with_core(tmp_path, act)


def test_without_a_token_a_place_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "SOCKET_TOKEN_SECONDS_MAX", 60)
    monkeypatch.setattr(served, "SOCKETS_UNSIGNED_MAX", 2)

    async def act(here: CoreHere) -> None:
        async with Orders(here) as signed, Orders(here, token=None), Orders(here, token=None):
            async with Orders(here, token=None) as third:
                with pytest.raises(ConnectionClosed):
                    await third.hear()
            monkeypatch.setattr(served, "SOCKET_TOKEN_SECONDS_MAX", 0.3)
            monkeypatch.setattr(served, "SOCKETS_UNSIGNED_MAX", 3)
            async with Orders(here, token=None) as last:
                assert (await last.hear())["error"]["code"] == 6520
                with pytest.raises(ConnectionClosed):
                    await last.hear()
            assert (await signed.order(here.signed(ANNE)))["op"] == "ack"

    with_core(tmp_path, act)


def test_one_person_cannot_take_all_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "SOCKETS_OF_ONE_MAX", 1)

    async def act(here: CoreHere) -> None:
        async with (
            Orders(here) as first,
            Orders(here, token=here.token(BEN)) as other,
            Orders(here, token=None) as more,
        ):
            await more.say({"op": "auth", "token": here.token(ANNE)})
            assert (await more.hear())["error"]["code"] == 6532
            with pytest.raises(ConnectionClosed):
                await more.hear()
            await first.say({"op": "auth", "token": here.token(ANNE)})
            assert (await first.hear())["op"] == "authenticated", "a renewal is no new connection"
            assert (await other.order(here.signed(ANNE)))["op"] == "refused"

    with_core(tmp_path, act)
