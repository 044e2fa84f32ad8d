"""Client certificates at the parts' doors: who came in by mutual TLS, whether that still holds, and tokens bound to it.

The origin proves key and path (`door.py`); here a certificate is looked up, on every request and every message of a
WebSocket: registered, neither revoked nor held, within its time, of a profile for this interface. So a revocation is
effective as soon as its fact is applied, also on connections that stand. A token got with a certificate is good with
that certificate only (RFC 8705 §3), and a certificate with tokens of its own tenant only.

Whoever came by no certificate has only tokens that are bound to none: the ordinary port is what it was. That is who has no
door header at all: the origin takes what others write under that name off, so one that is there and wrong is never honest (a
secret that was changed and not read again, somebody at the socket) and is refused, 6831, and logged.
"""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from contextvars import ContextVar
from typing import Any, Final, Protocol

import msgspec
import structlog

from yunhai.kernel.errors import YunhaiError
from yunhai.trading.trust.door import DOOR_HEADER, Door
from yunhai.trading.trust.interface_errors import (
    BOUND_TOKEN,
    CERTIFICATE_DEAD,
    CERTIFICATE_NOT_FOR_THIS,
    CERTIFICATE_OTHER_TENANT,
    CERTIFICATE_UNKNOWN,
)

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

FOR_THE_CLOUD: Final = frozenset(("broker", "software", "api"))
"""Profiles that the cloud's own doors take; a line's is for the line server."""
REFUSED_CODE: Final = 4003
log: Final = structlog.get_logger("yunhai.door")
_HEADER: Final = DOOR_HEADER.lower().encode()


class Registered(Protocol):
    """A certificate as facts and tables know it. Times in wall ms."""

    @property
    def sha256(self) -> bytes: ...
    @property
    def profile(self) -> str: ...
    @property
    def tenant(self) -> int: ...
    @property
    def status(self) -> str: ...
    @property
    def not_before(self) -> int: ...
    @property
    def not_after(self) -> int: ...


class Bound(Protocol):
    """Of a token: its tenant, and the certificate it is bound to."""

    @property
    def tenant(self) -> int: ...
    @property
    def bound(self) -> bytes: ...


came_by: Final[ContextVar[Registered | None]] = ContextVar("came_by", default=None)
"""The certificate that the request at hand came by."""


def require_alive(found: Registered | None, now_ms: int, *, profiles: frozenset[str] = FOR_THE_CLOUD) -> Registered:
    """CERTIFICATE_UNKNOWN, CERTIFICATE_NOT_FOR_THIS, CERTIFICATE_DEAD, in this order."""
    if found is None:
        raise YunhaiError(CERTIFICATE_UNKNOWN)
    if found.profile not in profiles:
        raise YunhaiError(CERTIFICATE_NOT_FOR_THIS, profile=found.profile)
    if found.status != "valid" or not found.not_before <= now_ms < found.not_after:
        raise YunhaiError(CERTIFICATE_DEAD)
    return found


def require_bound(claims: Bound) -> None:
    """BOUND_TOKEN unless the token's certificate, if it has one, is the one that the request came by; CERTIFICATE_OTHER_TENANT
    for a certificate with another tenant's token."""
    certificate = came_by.get()
    if claims.bound and (certificate is None or certificate.sha256 != claims.bound):
        raise YunhaiError(BOUND_TOKEN)
    if certificate is not None and certificate.tenant != claims.tenant:
        raise YunhaiError(CERTIFICATE_OTHER_TENANT)


def said_by_the_door(door: Door | None, said: Sequence[str]) -> bytes:
    """SHA-256 of the certificate that the door's header names. CERTIFICATE_UNKNOWN, and logged, unless it is said once, by who
    has the secret; `door` None: the secret cannot be read."""
    fingerprint = door.fingerprint(said[0]) if door is not None and len(said) == 1 else None
    if fingerprint is None:
        log.warning("door header refused", headers=len(said), checkable=door is not None)
        raise YunhaiError(CERTIFICATE_UNKNOWN)
    return fingerprint


class Mutual:
    """An ASGI application behind another's door. `find` gives the certificate of a SHA-256, `now_ms` wall time."""

    def __init__(
        self,
        application: Application,
        door: Door,
        *,
        find: Callable[[bytes], Registered | None],
        now_ms: Callable[[], int],
    ) -> None:
        self._application = application
        self._door = door
        self._find = find
        self._now_ms = now_ms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        said = [value for name, value in scope.get("headers", ()) if name == _HEADER]
        if not said:
            came_by.set(None)
            await self._application(scope, receive, send)
            return
        try:
            fingerprint = said_by_the_door(self._door, [value.decode("latin-1") for value in said])
            came_by.set(self._alive(fingerprint))
        except YunhaiError as problem:
            await _refuse(problem, scope, receive, send)
            return
        if scope["type"] == "websocket":
            await self._watched(fingerprint, scope, receive, send)
        else:
            await self._application(scope, receive, send)

    def _alive(self, fingerprint: bytes) -> Registered:
        return require_alive(self._find(fingerprint), self._now_ms())

    async def _watched(self, fingerprint: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        """A WebSocket that ends with its certificate: before a message is taken, and before one is given."""
        ended = False

        async def take() -> Event:
            event = await receive()
            if event["type"] == "websocket.receive" and await gone():
                return {"type": "websocket.disconnect", "code": REFUSED_CODE}
            return event

        async def give(event: Event) -> None:
            if event["type"] == "websocket.send" and await gone():
                return
            if not ended:
                await send(event)

        async def gone() -> bool:
            nonlocal ended
            try:
                self._alive(fingerprint)
            except YunhaiError:
                if not ended:
                    ended = True
                    await send({"type": "websocket.close", "code": REFUSED_CODE})
            return ended

        await self._application(scope, take, give)


async def _refuse(problem: YunhaiError, scope: Scope, receive: Receive, send: Send) -> None:
    """A refusal: its JSON, or a WebSocket that is not accepted."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": REFUSED_CODE})
        return
    if scope["type"] != "http":
        return
    body = msgspec.json.encode({"error": problem.as_json()})
    head = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": problem.entry.http, "headers": head})
    await send({"type": "http.response.body", "body": body})
