"""The origin's two sites with the real Caddy: who is told to the part behind it, and that nobody else can say it."""

import asyncio
import http.client
import json
import os
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.apps.ports import free_port
from tests.trading.lines.test_wire import Authority, Fact
from yunhai.apps.cloud.origin import Door as Site
from yunhai.apps.cloud.origin import caddyfile, program
from yunhai.apps.cloud.places import Places
from yunhai.kernel.errors import YunhaiError
from yunhai.trading.http.listening import quiet_server, unix_socket
from yunhai.trading.trust.door import DOOR_HEADER, Door
from yunhai.trading.trust.mutual import Mutual, came_by
from yunhai.trading.trust.profiles import Profile, Subject

STARTS_S = 60


class Part:
    """Stands where the core does: says who came."""

    def __init__(self, secret: bytes, facts: dict[bytes, Fact]) -> None:
        now_ms = lambda: int(time.time() * 1_000)  # noqa: E731
        self.application = Mutual(self._answer, Door(secret), find=facts.get, now_ms=now_ms)

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        found = came_by.get()
        said = json.dumps({"came": found.sha256.hex() if found is not None else ""}).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": said})


class Standing:
    def __init__(self, home: Path) -> None:
        self.places = Places(home)
        self.places.make()
        trust = home / "trust"
        trust.mkdir()
        self.authority = Authority(trust)
        self.server = self.authority.issue("server", Profile.SERVER, Subject(common="x"), hosts=("localhost",))
        self.certificate, self.key, self.sha256 = self.authority.issue("broker", Profile.BROKER, Subject(common="b"))
        self.investor = self.authority.issue("investor", Profile.INVESTOR, Subject(common="i"))
        self.secret = self.places.credential("door.key", lambda: b"the-doors-secret")
        self.port, self.mutual = free_port(), free_port()
        site = Site(origin=f"http://localhost:{self.port}", mutual=self.mutual)
        self.places.caddyfile.write_text(caddyfile(site, self.places))
        self.part = Part(self.secret, self.authority.facts)
        self.listener = unix_socket(self.places.core_socket, 0o600)
        self.web = quiet_server(self.part.application)  # type: ignore[arg-type]
        self.thread = threading.Thread(target=lambda: asyncio.run(self.web.serve(sockets=[self.listener])), daemon=True)
        self.thread.start()
        command = [program(), "run", "--adapter", "caddyfile", "--config", str(self.places.caddyfile)]
        folders = {"XDG_DATA_HOME": str(home / "caddy"), "XDG_CONFIG_HOME": str(home / "caddy")}
        self.log = home / "caddy.log"
        with self.log.open("wb") as log:
            self.caddy = subprocess.Popen(command, stderr=log, env=os.environ | folders)
        until = time.monotonic() + STARTS_S
        while not (self.web.started and self._listens(self.port) and self._listens(self.mutual)):
            assert self.caddy.poll() is None, self.log.read_text()
            assert time.monotonic() < until, f"the origin did not start\n{self.log.read_text()}"
            time.sleep(0.05)

    @staticmethod
    def _listens(port: int) -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True

    def end(self) -> None:
        self.caddy.terminate()
        self.caddy.wait(60)
        self.web.should_exit = True
        self.thread.join(5)

    def ask(
        self, *, mutual: bool, by: tuple[Path, Path] | None = None, headers: tuple[tuple[str, str], ...] = ()
    ) -> Any:
        link: http.client.HTTPConnection
        if mutual:
            context = ssl.create_default_context(cafile=str(self.authority.chain))
            if by is not None:
                context.load_cert_chain(*by)
            link = http.client.HTTPSConnection("localhost", self.mutual, timeout=60, context=context)
        else:
            link = http.client.HTTPConnection("localhost", self.port, timeout=60)
        try:
            link.putrequest("GET", "/trade/v1/x")
            for name, value in headers:
                link.putheader(name, value)
            link.endheaders()
            answer = link.getresponse()
            body = json.loads(answer.read())
        except (ssl.SSLError, ConnectionError):
            return "handshake"
        finally:
            link.close()
        return body["came"] if answer.status == 200 else body["error"]["code"]


@pytest.fixture(scope="module")
def standing() -> Iterator[Standing]:
    try:
        program()
    except YunhaiError:
        pytest.skip("caddy is not here")
    with tempfile.TemporaryDirectory(prefix="yh-") as folder:
        found = Standing(Path(folder) / "h")
        yield found
        found.end()


def forgeries(sha256: bytes) -> list[tuple[tuple[str, str], ...]]:
    """Ways to say that somebody came, for who does not have the secret, and names that look alike for who should."""
    value = f"guess:{sha256.hex()}"
    alike = ("X_Yunhai_Door", "X-Yunhai_Door", "x-yunhai-door", "X-YUNHAI-DOOR", "X-Yunhai-Door ")
    found = [((name, value),) for name in (DOOR_HEADER, *alike[:4])]
    found.append(((DOOR_HEADER, value), (DOOR_HEADER, value)))
    return found


def test_the_ordinary_port_takes_nobodys_word(standing: Standing) -> None:
    assert standing.ask(mutual=False) == ""
    right = Door(standing.secret).header(standing.sha256)
    for name in (DOOR_HEADER, "x-yunhai-door", "X-YUNHAI-DOOR"):
        assert standing.ask(mutual=False, headers=((name, right),)) == "", "taken off, even with the secret"
    for headers in forgeries(standing.sha256):
        assert standing.ask(mutual=False, headers=headers) == ""


def test_the_mutual_port_says_whose_certificate_it_was_whatever_is_said_beside(standing: Standing) -> None:
    mine = (standing.certificate, standing.key)
    assert standing.ask(mutual=True, by=mine) == standing.sha256.hex()
    for headers in forgeries(b"\x07" * 32):
        assert standing.ask(mutual=True, by=mine, headers=headers) == standing.sha256.hex()


def test_who_does_not_come_in(standing: Standing, tmp_path: Path) -> None:
    assert standing.ask(mutual=True) == "handshake"
    assert standing.ask(mutual=True, by=standing.investor[:2]) == "handshake"
    other = Authority(tmp_path)
    assert standing.ask(mutual=True, by=other.issue("b", Profile.BROKER, Subject(common="b"))[:2]) == "handshake"


def test_a_revoked_certificate_is_refused_at_once_and_a_stranger_always(standing: Standing) -> None:
    mine, facts = (standing.certificate, standing.key), standing.authority.facts
    kept = facts[standing.sha256]
    try:
        facts[standing.sha256] = replace(kept, status="revoked")
        assert standing.ask(mutual=True, by=mine) == 6832
        del facts[standing.sha256]
        assert standing.ask(mutual=True, by=mine) == 6831
    finally:
        facts[standing.sha256] = kept
    assert standing.ask(mutual=True, by=mine) == standing.sha256.hex()


def test_the_doors_secret_is_not_in_the_origins_log(standing: Standing) -> None:
    """A part that breaks off an answer makes Caddy log the request, as it went on to the part."""
    listener = unix_socket(standing.places.stream_socket, 0o600)
    taken: list[bytes] = []

    def break_off() -> None:
        link, _ = listener.accept()
        with link:
            taken.append(link.recv(65_536))
            link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")

    thread = threading.Thread(target=break_off, daemon=True)
    thread.start()
    context = ssl.create_default_context(cafile=str(standing.authority.chain))
    context.load_cert_chain(standing.certificate, standing.key)
    link = http.client.HTTPSConnection("localhost", standing.mutual, timeout=60, context=context)
    with pytest.raises((http.client.HTTPException, OSError)):  # noqa: PT012 - either of them may find it
        link.request("GET", "/stream/v1")
        link.getresponse().read()
    link.close()
    thread.join(60)
    listener.close()
    assert standing.secret in taken[0], "the part was told"
    until = time.monotonic() + STARTS_S
    while b"/stream/v1" not in (logged := standing.log.read_bytes()) and time.monotonic() < until:
        time.sleep(0.05)
    assert b"/stream/v1" in logged, "nothing was logged, so nothing was tried"
    assert standing.secret not in logged


def test_the_public_port_with_tls_takes_1_3_and_no_older(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="yh-") as folder:
        places = Places(Path(folder) / "h")
        places.make()
        authority = Authority(tmp_path)
        issued = authority.issue("server", Profile.SERVER, Subject(common="x"), hosts=("yunhai.test",))
        port = free_port()
        site = Site(origin=f"https://yunhai.test:{port}", certificate=issued[0], key=issued[1])
        places.caddyfile.write_text(caddyfile(site, places))
        command = [program(), "run", "--adapter", "caddyfile", "--config", str(places.caddyfile)]
        environment = os.environ | {"XDG_DATA_HOME": folder, "XDG_CONFIG_HOME": folder}
        caddy = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment)
        try:
            until = time.monotonic() + STARTS_S
            while _spoken(port, "yunhai.test", ssl.TLSVersion.TLSv1_3) != 404 and time.monotonic() < until:
                time.sleep(0.05)
            assert _spoken(port, "yunhai.test", ssl.TLSVersion.TLSv1_3) == 404  # /health stays inside
            assert _spoken(port, "yunhai.test", ssl.TLSVersion.TLSv1_2) == 0
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                assert _spoken(port, None, version) in (0, 421), "who names nobody is not answered"
                assert _spoken(port, "other.test", version) in (0, 421)
        finally:
            caddy.terminate()
            caddy.wait(60)


def _spoken(port: int, name: str | None, version: ssl.TLSVersion) -> int:
    """The status of one answer by TLS of this version and name; 0: no handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    try:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=30) as plain,
            context.wrap_socket(plain, server_hostname=name) as link,
        ):
            link.sendall(f"GET /health HTTP/1.1\r\nHost: yunhai.test:{port}\r\nConnection: close\r\n\r\n".encode())
            return int(link.recv(4_096).split()[1])
    except (OSError, IndexError):
        return 0
