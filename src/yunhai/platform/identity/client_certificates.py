"""Client certificates at the web process: who came in by the origin's mutual TLS port.

The certificate's standing is the core's: its facts decide on the order's path, and the same answer holds here. So on that port
(only there) each request asks the core's inner socket, which takes less than a millisecond; without the core the port is closed.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import time
from typing import Final

import httpx
from django.conf import settings
from django.http import HttpRequest

from yunhai.kernel.errors import YunhaiError
from yunhai.trading.http.unix import unix_transport
from yunhai.trading.trust.door import DOOR_HEADER, Door
from yunhai.trading.trust.interface_errors import (
    CERTIFICATE_DEAD,
    CERTIFICATE_OTHER_TENANT,
    CERTIFICATE_UNKNOWN,
)
from yunhai.trading.trust.mutual import Registered, came_by, require_alive, said_by_the_door

DOOR_CREDENTIAL: Final = "door.key"
TIMEOUT_S: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A certificate as the core said it. Times in wall ms."""

    sha256: bytes
    profile: str
    tenant: int
    status: str
    not_before: int
    not_after: int


def came(request: HttpRequest) -> Registered | None:
    """The certificate a request came by, kept for the request in `came_by`; None by the ordinary port, which has no door
    header. 6831-6833; 6831 also for a header that the origin did not write, or that cannot be checked."""
    came_by.set(None)
    said = request.headers.get(DOOR_HEADER)
    if said is None:
        return None
    path: Path = settings.PLACES.credential_path(DOOR_CREDENTIAL)
    door: Door | None
    try:
        door = _door(path, path.stat().st_mtime_ns)
    except OSError:
        door = None
    fingerprint = said_by_the_door(door, [said])
    found = require_alive(_asked(fingerprint), int(time() * 1_000))
    came_by.set(found)
    return found


def require_tenant(certificate: Registered | None, tenant: int) -> None:
    """CERTIFICATE_OTHER_TENANT where somebody signed in at another broker than the certificate's."""
    if certificate is not None and tenant and tenant != certificate.tenant:
        raise YunhaiError(CERTIFICATE_OTHER_TENANT)


@cache
def _door(path: Path, _changed_ns: int) -> Door:
    return Door(path.read_bytes())


@cache
def _client(socket: str) -> httpx.Client:
    transport = unix_transport(socket)
    return httpx.Client(transport=transport, base_url="http://core", timeout=TIMEOUT_S)


def _asked(fingerprint: bytes) -> Known | None:
    """What the core's facts say; None for a certificate they do not know. CERTIFICATE_DEAD without the core: it fails closed."""
    try:
        answer = _client(settings.YUNHAI_INNER_SOCKET).get(f"/interfaces/{fingerprint.hex()}")
        value = answer.json()
    except (httpx.HTTPError, ValueError) as problem:
        raise YunhaiError(CERTIFICATE_DEAD) from problem
    if not answer.is_success:
        raise YunhaiError(CERTIFICATE_UNKNOWN)
    return Known(**{name: value[name] for name in Known.__slots__} | {"sha256": bytes.fromhex(value["sha256"])})
