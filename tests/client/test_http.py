"""Calls over HTTP against a server that fails on purpose: what is sent again is the same bytes, and nothing else is."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from yunhai.client import ApiKey, AsyncClient, Call, Client, Draft, FixedToken, Refused, Signer
from yunhai.client import http as client_http
from yunhai.kernel.errors import YunhaiError

ACK = {
    "number": 9,
    "order_id": 9,
    "order_number": "A0001",
    "client_id": "c",
    "sequence": 77,
    "accepted_at": "2026-08-21T09:00:00.000+08:00",
    "market_time": "2026-08-21T09:00:00.000+08:00",
    "reserved": {"cash": "2163078.0", "shares": 0},
    "mode": "simulated",
}
NO_CASH = {
    "error": {
        "code": 6160,
        "name": "cash-short",
        "en": "Not enough",
        "zh": "現金不足",
        "remedy_en": "Deposit.",
        "remedy_zh": "請入金。",
        "details": {"missing": "1.5"},
    },
    "mode": "simulated",
}
BREAK = 0
Scripted = tuple[int, dict[str, Any] | str, dict[str, str]]


class Server:
    """Answers each request with the next of `script` (status 0: hangs up) and keeps what was asked."""

    def __init__(self) -> None:
        self.script: list[Scripted] = []
        self.asked: list[tuple[str, str, str, bytes]] = []
        handler = self._handler()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def then(self, status: int, body: dict[str, Any] | str = "", **headers: str) -> "Server":
        self.script.append((status, body, headers))
        return self

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(server) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                server.asked.append((self.command, self.path, self.headers.get("authorization") or "", body))
                status, answer, headers = server.script.pop(0)
                if status == BREAK:
                    self.close_connection = True
                    self.connection.close()
                    return
                content = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST

            def log_message(self, *words: object) -> None:
                pass

        return Handler


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(client_http, "PAUSES_S", (0.001, 0.001, 0.001))
    started = Server()
    yield started
    started.close()
    assert not started.script, "every scripted answer was asked for"


def sync_send(url: str, call: Call, tokens: Any = None) -> Any:
    with Client(url, tokens or FixedToken("t")) as client:
        return client.send(call)


def async_send(url: str, call: Call, tokens: Any = None) -> Any:
    async def go() -> Any:
        async with AsyncClient(url, tokens or FixedToken("t")) as client:
            return await client.send(call)

    return asyncio.run(go())


ways = pytest.mark.parametrize("send", [sync_send, async_send])
Send = Callable[..., Any]
LOOK = Call(method="GET", path="/trade/v1/market")


def signed_call() -> Call:
    draft = Draft(tenant=1, account=2, date="2026-08-21", key=7)
    body = Signer.generate(key=7).sign(draft.buy("2330", price="1080", quantity=1000))
    return Call(method="POST", path="/trade/v1/orders", body=body)


@ways
def test_an_order_is_sent_again_byte_for_byte_until_it_is_answered(server: Server, send: Send) -> None:
    server.then(BREAK).then(503, "busy").then(504).then(201, ACK)
    assert send(server.url, signed_call()) == ACK
    assert len(server.asked) == 4
    assert len({body for _, _, _, body in server.asked}) == 1
    assert {authorization for _, _, authorization, _ in server.asked} == {"Bearer t"}


@ways
def test_what_cannot_be_repeated_is_not(server: Server, send: Send) -> None:
    server.then(BREAK)
    with pytest.raises(YunhaiError) as refusal:
        send(server.url, Call(method="POST", path="/x", body={}, repeatable=False))
    assert refusal.value.code == 7400
    assert len(server.asked) == 1


@ways
def test_a_refusal_is_the_clouds_own(server: Server, send: Send) -> None:
    server.then(409, NO_CASH)
    with pytest.raises(Refused) as refusal:
        send(server.url, signed_call())
    no = refusal.value
    assert (no.code, no.name, no.status, no.mode) == (6160, "cash-short", 409, "simulated")
    assert (no.text("zh"), no.remedy("en"), no.details["missing"]) == ("現金不足", "Deposit.", "1.5")
    assert len(server.asked) == 1, "a refusal is not asked for twice"


@ways
def test_four_failures_are_told_as_unreachable(server: Server, send: Send) -> None:
    for _ in range(4):
        server.then(BREAK)
    with pytest.raises(YunhaiError) as refusal:
        send(server.url, LOOK)
    assert refusal.value.code == 7400


@ways
def test_a_proxys_page_is_not_taken_for_an_answer(server: Server, send: Send) -> None:
    server.then(200, "<html>").then(403, "<html>")
    for _ in range(2):
        with pytest.raises(YunhaiError) as refusal:
            send(server.url, LOOK)
        assert refusal.value.code == 7401


@ways
def test_a_dead_token_is_fetched_anew_once(server: Server, send: Send) -> None:
    refused = {"error": {"code": 6502, "name": "token-expired", "en": "", "zh": ""}, "mode": "simulated"}
    token = {"token": "one", "expires_in": 300}
    server.then(200, token).then(401, refused).then(200, token | {"token": "two"}).then(200, {})
    assert send(server.url, LOOK, ApiKey(server.url, "k", "s")) == {}
    assert [authorization for _, path, authorization, _ in server.asked if path == LOOK.path] == [
        "Bearer one",
        "Bearer two",
    ]
    assert json.loads(server.asked[0][3]) == {"client": "k", "secret": "s"}
    server.then(200, token).then(401, refused).then(200, token).then(401, refused)
    with pytest.raises(Refused):
        send(server.url, LOOK, ApiKey(server.url, "k", "s"))


def test_rate_headers_are_read(server: Server) -> None:
    server.then(200, {}, ratelimit_limit="40", ratelimit_remaining="39", ratelimit_reset="1", ratelimit_scope="person")
    with Client(server.url, FixedToken("t")) as client:
        client.send(LOOK)
        assert client.rate is not None
        assert (client.rate.limit, client.rate.remaining, client.rate.scope) == (40, 39, "person")


def test_without_a_token_only_open_calls_go_out(server: Server) -> None:
    server.then(200, {"rejects": [], "mode": "simulated"})
    with Client(server.url) as client:
        assert client.rejects() == ()
        with pytest.raises(YunhaiError) as refusal:
            client.market()
    assert refusal.value.code == 7406
    assert len(server.asked) == 1


@pytest.mark.parametrize("address", ["ftp://x", "localhost:8600", "unix:core.sock", "", "http://"])
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(YunhaiError) as refusal:
        Client(address)
    assert refusal.value.code == 7405


def test_an_ack_is_read_into_its_type(server: Server) -> None:
    server.then(201, ACK | {"something": "of a later version"})
    signed = Signer.generate(key=7).sign(Draft(tenant=1, account=2, date="2026-08-21", key=7).cancel(5))
    with Client(server.url, FixedToken("t")) as client:
        ack = client.place(signed)
    assert (ack.order_id, ack.sequence, ack.reserved.cash) == (9, 77, "2163078.0")
