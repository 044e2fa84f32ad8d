"""Client certificates at a part's door: what is refused, with which number, and that a standing connection ends with them."""

import asyncio
import time
from collections.abc import MutableMapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from yunhai.kernel.errors import YunhaiError
from yunhai.trading import tokens
from yunhai.trading.trust.door import DOOR_HEADER, Door
from yunhai.trading.trust.mutual import Mutual, Registered, came_by, require_alive, require_bound

SECRET = b"a-secret-of-the-door"
NOW = 1_000_000


@dataclass(frozen=True)
class Certificate:
    sha256: bytes = b"\x01" * 32
    profile: str = "software"
    tenant: int = 7
    status: str = "valid"
    not_before: int = NOW - 10
    not_after: int = NOW + 10


GOOD = Certificate()


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (None, 6831),
        (replace(GOOD, profile="line"), 6833),
        (replace(GOOD, profile="investor"), 6833),
        (replace(GOOD, profile="line", status="revoked"), 6833),
        (replace(GOOD, status="revoked"), 6832),
        (replace(GOOD, status="held"), 6832),
        (replace(GOOD, not_before=NOW + 1), 6832),
        (replace(GOOD, not_after=NOW), 6832),
    ],
)
def test_a_certificate_that_does_not_hold(found: Certificate | None, code: int) -> None:
    with pytest.raises(YunhaiError) as problem:
        require_alive(found, NOW)
    assert problem.value.code == code


@pytest.mark.parametrize("profile", ["broker", "software", "api"])
def test_one_that_holds(profile: str) -> None:
    assert require_alive(replace(GOOD, profile=profile), NOW).profile == profile


@pytest.mark.parametrize(
    ("value", "right"),
    [
        (f"{SECRET.decode()}:{'01' * 32}", True),
        (f"{SECRET.decode()}:{'01' * 31}", False),
        (f"{SECRET.decode()}:{'zz' * 32}", False),
        (f"guess:{'01' * 32}", False),
        (f":{'01' * 32}", False),
        ("01" * 32, False),
        (f"{SECRET.decode()}:{'01' * 32}, {SECRET.decode()}:{'02' * 32}", False),
        ("台", False),
        ("", False),
        (None, False),
    ],
)
def test_only_the_origin_can_say_who_came(value: str | None, right: bool) -> None:
    assert Door(SECRET).fingerprint(value) == (GOOD.sha256 if right else None)
    assert Door(b"").fingerprint(value) is None


def claims(*, tenant: int = 7, bound: bytes = b"") -> tokens.Claims:
    private, public = tokens.new_key()
    now = int(time.time())
    text = tokens.issue(private, person=1, session="s", tenant=tenant, role="api", mfa=False, now_s=now, bound=bound)
    found = tokens.Verifier(public).claims(text, now_s=now)
    assert found.bound == bound
    return found


@pytest.mark.parametrize(
    ("by", "tenant", "bound", "code"),
    [
        (None, 7, b"", 0),
        (None, 7, GOOD.sha256, 6835),
        (GOOD, 7, b"", 0),
        (GOOD, 7, GOOD.sha256, 0),
        (GOOD, 7, b"\x02" * 32, 6835),
        (GOOD, 8, b"", 6834),
        (GOOD, 8, GOOD.sha256, 6834),
    ],
)
def test_a_token_and_the_certificate_it_came_by(by: Certificate | None, tenant: int, bound: bytes, code: int) -> None:
    mark = came_by.set(by)
    try:
        if not code:
            require_bound(claims(tenant=tenant, bound=bound))
            return
        with pytest.raises(YunhaiError) as problem:
            require_bound(claims(tenant=tenant, bound=bound))
        assert problem.value.code == code
    finally:
        came_by.reset(mark)


def test_a_binding_that_is_none_is_refused() -> None:
    """A `cnf` of another shape is no token of ours."""
    from joserfc import jwt
    from joserfc.jwk import OKPKey

    private, public = tokens.new_key()
    now = int(time.time())
    said = {
        "sub": "1", "sid": "s", "tenant": 1, "role": "", "mfa": False, "iat": now, "exp": now + 60, "aud": "yunhai",
    }  # fmt: skip
    for cnf in ({"x5t#S256": "short"}, {"x5t#S256": "*" * 43}, {"jkt": "x"}, "text"):
        key = OKPKey.import_key(private)
        text = jwt.encode({"alg": "Ed25519", "typ": "JWT"}, {**said, "cnf": cnf}, key, algorithms=["Ed25519"])
        with pytest.raises(YunhaiError) as problem:
            tokens.Verifier(public).claims(text, now_s=now)
        assert problem.value.code == 6526


# --- the door of an application ---


class Doorkeeper:
    """An application that says who came, behind a door whose registry a test may change."""

    def __init__(self) -> None:
        self.known: dict[bytes, Registered] = {GOOD.sha256: GOOD}
        self.seen: list[int] = []
        self.application = Mutual(self._answer, Door(SECRET), find=self.known.get, now_ms=lambda: NOW)

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        found = came_by.get()
        if scope["type"] == "http":
            self.seen.append(found.tenant if found is not None else 0)
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await send({"type": "websocket.accept"})
        while (event := await receive())["type"] == "websocket.receive":
            self.seen.append(int(event["text"]))
            await send({"type": "websocket.send", "text": "taken"})

    def ask(self, *headers: tuple[bytes, bytes]) -> int:
        sent: list[MutableMapping[str, Any]] = []

        async def run() -> None:
            await self.application({"type": "http", "headers": list(headers)}, _nothing, _into(sent))

        asyncio.run(run())
        status: int = sent[0]["status"]
        return status


async def _nothing() -> dict[str, Any]:
    return {"type": "websocket.connect"}


def _into(sent: list[Any]) -> Any:
    async def send(event: Any) -> None:
        sent.append(event)

    return send


HEADER = (DOOR_HEADER.lower().encode(), Door(SECRET).header(GOOD.sha256).encode())


def test_requests_through_the_door() -> None:
    keeper = Doorkeeper()
    assert keeper.ask() == 200
    assert keeper.ask(HEADER) == 200
    assert keeper.seen == [0, 7]
    keeper.known[GOOD.sha256] = replace(GOOD, status="revoked")
    assert keeper.ask(HEADER) == 403
    keeper.known.clear()
    assert keeper.ask(HEADER) == 403
    assert keeper.seen == [0, 7]


@pytest.mark.parametrize(
    "said",
    [
        [b"guess:" + b"01" * 32],
        [HEADER[1][:-1]],
        [b""],
        [HEADER[1], HEADER[1]],
        [HEADER[1], b"guess:" + b"01" * 32],
    ],
)
def test_a_wrong_door_header_is_not_the_ordinary_port(said: list[bytes]) -> None:
    """A secret that was changed would else let revoked certificates in with unbound tokens, and nobody would know."""
    keeper = Doorkeeper()
    with capture_logs() as logged:
        assert keeper.ask(*((HEADER[0], value) for value in said)) == 403
    assert keeper.seen == []
    assert [one["event"] for one in logged] == ["door header refused"]
    assert SECRET.decode() not in str(logged)


def test_without_a_secret_every_door_header_is_wrong() -> None:
    keeper = Doorkeeper()
    keeper.application = Mutual(keeper._answer, Door(b""), find=keeper.known.get, now_ms=lambda: NOW)
    assert keeper.ask(HEADER) == 403
    assert keeper.ask() == 200


def test_a_standing_websocket_ends_with_its_certificate() -> None:
    keeper = Doorkeeper()
    sent: list[Any] = []
    texts = iter(("1", "2", "3"))

    async def receive() -> dict[str, Any]:
        text = next(texts)
        if text == "3":
            keeper.known[GOOD.sha256] = replace(GOOD, status="held")
        return {"type": "websocket.receive", "text": text}

    async def run() -> None:
        await keeper.application({"type": "websocket", "headers": [HEADER]}, receive, _into(sent))

    asyncio.run(run())
    assert keeper.seen == [1, 2]
    assert [event["type"] for event in sent] == [
        "websocket.accept", "websocket.send", "websocket.send", "websocket.close",
    ]  # fmt: skip
    assert sent[-1]["code"] == 4003


def test_a_websocket_of_a_dead_certificate_is_not_opened() -> None:
    keeper = Doorkeeper()
    keeper.known.clear()
    sent: list[Any] = []
    asyncio.run(keeper.application({"type": "websocket", "headers": [HEADER]}, _nothing, _into(sent)))  # type: ignore[arg-type]
    assert sent == [{"type": "websocket.close", "code": 4003}]
    assert keeper.seen == []
