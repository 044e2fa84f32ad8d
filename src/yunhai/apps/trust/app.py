"""The routes of the trust process: `inner_application` on trust.sock (mode 0600), `public_application` below `/pki/`.

Inside, a request is JSON with bytes in base64 and is refused with `{"error": …}`. Outside stand the four things a relying
party needs: the certificates, the list, the status, the time.
"""

import base64
import binascii
import time
from collections.abc import Awaitable, Callable
from hashlib import sha256
from ipaddress import IPv6Address, ip_address
from typing import Any, Final, TypeVar
from urllib.parse import unquote

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yunhai.apps.trust import ocsp, tsa
from yunhai.apps.trust.ca import milliseconds
from yunhai.apps.trust.keeper import Keeper
from yunhai.apps.trust.words import IssueAsked, KeyAsked, ListAsked, SignAsked, StatusAsked
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import PKI_BODY_BYTES_MAX, STATUS_ENTRIES_MAX, TRUST_BODY_BYTES_MAX
from yunhai.trading.rates import Quota, Rates
from yunhai.trading.trust.process_errors import CA_MISSING, REQUEST_MALFORMED, TOO_OFTEN
from yunhai.trading.trust.profiles import Profile

STAMPS: Final = Quota("address:stamps", 100, 10.0)
STATUSES: Final = Quota("address:statuses", 300, 10.0)
STAMPS_OF_ALL: Final = Quota("everybody:stamps", 1_000, 10.0)
STATUSES_OF_ALL: Final = Quota("everybody:statuses", 3_000, 10.0)
"""What all addresses together may ask for: a crowd of them is no way round the quota of one."""
HOUSE_BITS: Final = 64
"""Of an IPv6 address: what a household or a machine has for itself, and may change within as it likes."""
JSON: Final = "application/json; charset=utf-8"
_ENCODER: Final = msgspec.json.Encoder()
Shape = TypeVar("Shape")
Handler = Callable[[Request], Awaitable[Response]]


def inner_application(keeper: Keeper) -> Starlette:
    """What the web, the reader and `yunhai ca` ask."""

    async def issue(request: Request) -> Response:
        return said(await keeper.issue(await _body(request, IssueAsked)))

    async def keys(request: Request) -> Response:
        return said(await keeper.make_key((await _body(request, KeyAsked)).kind))

    async def sign(request: Request) -> Response:
        return said(await keeper.sign(await _body(request, SignAsked)))

    async def tell(request: Request) -> Response:
        return said(await keeper.tell([await _body(request, StatusAsked)], new=False))

    async def tell_all(request: Request) -> Response:
        asked = await _body(request, ListAsked)
        if len(asked.entries) > STATUS_ENTRIES_MAX:
            raise YunhaiError(REQUEST_MALFORMED, reason="too many entries", reason_zh="筆數過多")
        return said(await keeper.tell(asked.entries, new=True))

    async def status(request: Request) -> Response:
        return said(await keeper.status())

    async def checkpoint(request: Request) -> Response:
        """A time stamp over a journal checkpoint: on this socket alone, and never below `/pki/`."""
        body = await _raw(request, PKI_BODY_BYTES_MAX)
        return _file(await keeper.checkpoints.answer(body or b""), tsa.REPLY_TYPE, 0)

    async def health(request: Request) -> Response:
        return said({"part": "trust", "alive": True})

    async def ready(request: Request) -> Response:
        """It answers: what needs no HSM works. Whether there is one stands beside."""
        hsm = "open" if keeper.hsm.info is not None else "away"
        return said({"part": "trust", "ready": True, "hsm": hsm, "made": keeper.authority.made})

    registry = _metrics(keeper)

    async def metrics(request: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return Starlette(
        routes=[
            Route("/issue", _guarded(issue), methods=["POST"]),
            Route("/keys", _guarded(keys), methods=["POST"]),
            Route("/sign", _guarded(sign), methods=["POST"]),
            Route("/status", _guarded(tell), methods=["POST"]),
            Route("/crl", _guarded(tell_all), methods=["POST"]),
            Route("/checkpoint", _guarded(checkpoint), methods=["POST"]),
            Route("/status", _guarded(status), methods=["GET"]),
            Route("/health", health),
            Route("/ready", ready),
            Route("/metrics", metrics),
            *public_routes(keeper),
        ]
    )


def public_application(keeper: Keeper) -> Starlette:
    """What anybody may ask."""
    return Starlette(routes=public_routes(keeper))


def public_routes(keeper: Keeper) -> list[Route]:
    authority, rates = keeper.authority, _Outside()

    async def root(request: Request) -> Response:
        return _file(authority.root.dump(), "application/pkix-cert", 86_400)

    async def issuer(request: Request) -> Response:
        return _file(authority.issuer.dump(), "application/pkix-cert", 86_400)

    async def chain(request: Request) -> Response:
        _ = authority.root  # CA_MISSING
        return _file(authority.at.chain.read_bytes(), "application/pem-certificate-chain", 86_400)

    async def crl(request: Request) -> Response:
        made = keeper.lists.made
        if made is None:
            raise YunhaiError(CA_MISSING)
        return _file(made.content, "application/pkix-crl", 300)

    async def status(request: Request) -> Response:
        rates.require(STATUSES, STATUSES_OF_ALL, request)
        if request.method == "POST":
            body = await _raw(request, PKI_BODY_BYTES_MAX)
        else:
            body = _from_path(request)
        answer = await keeper.responder.answer(body) if body is not None else ocsp.failed(ocsp.MALFORMED)
        left = (answer.until - milliseconds(authority.now())) // 1_000 if answer.until else 0
        return _file(answer.content, ocsp.RESPONSE_TYPE, max(0, min(left, ocsp.FRESH_MS // 1_000)))

    async def stamp(request: Request) -> Response:
        rates.require(STAMPS, STAMPS_OF_ALL, request)
        body = await _raw(request, PKI_BODY_BYTES_MAX)
        return _file(await keeper.stamper.answer(body or b""), tsa.REPLY_TYPE, 0)

    return [
        Route("/pki/root.cer", _guarded(root), methods=["GET"]),
        Route("/pki/ca.cer", _guarded(issuer), methods=["GET"]),
        Route("/pki/chain.pem", _guarded(chain), methods=["GET"]),
        Route("/pki/ca.crl", _guarded(crl), methods=["GET"]),
        Route("/pki/ocsp", _guarded(status), methods=["POST"]),
        Route("/pki/ocsp/{request:path}", _guarded(status), methods=["GET"]),
        Route("/pki/tsa", _guarded(stamp), methods=["POST"]),
    ]


class _Outside:
    """How often one address outside, and all of them, may ask for what costs a signature. Whoever asks on the socket itself is
    of the house."""

    def __init__(self) -> None:
        self._rates = Rates()
        self._of_all = Rates()  # apart: so many addresses that the oldest are forgotten do not empty it

    def require(self, quota: Quota, of_all: Quota, request: Request) -> None:
        """TOO_OFTEN."""
        address = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        if not address:
            return
        now = time.monotonic()
        verdict = self._rates.take(quota, _house(address), now)
        if verdict.allowed:
            verdict = self._of_all.take(of_all, 0, now)
        if not verdict.allowed:
            raise YunhaiError(TOO_OFTEN, limit=verdict.quota.limit, seconds=int(verdict.quota.window))


def _house(address: str) -> int:
    """A number for whose an address is: an IPv4 address, the first half of an IPv6 one; of what is neither, its text."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return int.from_bytes(sha256(address.encode()).digest()[:8], "big")
    plain = found.ipv4_mapped if isinstance(found, IPv6Address) else found
    if plain is not None:
        return int(plain)
    return (int(found) >> HOUSE_BITS) | (1 << HOUSE_BITS)  # never one of IPv4's


def said(value: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(_ENCODER.encode(value), status_code=status, media_type=JSON, headers={"cache-control": "no-store"})


def _guarded(handler: Handler) -> Handler:
    """A refusal becomes its JSON."""

    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except YunhaiError as problem:
            return said({"error": problem.as_json()}, problem.entry.http)

    return answered


async def _body(request: Request, shape: type[Shape]) -> Shape:
    raw = await _raw(request, TRUST_BODY_BYTES_MAX)
    try:
        return msgspec.json.decode(raw or b"", type=shape)
    except msgspec.MsgspecError as problem:
        raise YunhaiError(REQUEST_MALFORMED, reason=str(problem), reason_zh="JSON 內容不符") from None


async def _raw(request: Request, most: int) -> bytes | None:
    """The body; None if it is longer."""
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > most:
            return None
    return bytes(content)


def _from_path(request: Request) -> bytes | None:
    """RFC 6960 A.1: the base64 of a request, its reserved characters escaped, after the address."""
    raw = request.scope.get("raw_path", b"").decode("latin-1").split("/pki/ocsp/", 1)[-1]
    try:
        text = unquote(raw)
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _file(content: bytes, kind: str, seconds: int) -> Response:
    cache = f"public, max-age={seconds}" if seconds else "no-store"
    return Response(content, media_type=kind, headers={"cache-control": cache})


def _metrics(keeper: Keeper) -> CollectorRegistry:
    registry = CollectorRegistry()

    def gauge(name: str, text: str, value: Callable[[], float]) -> None:
        Gauge(f"yunhai_trust_{name}", text, registry=registry).set_function(value)

    def left(profile: Profile) -> float:
        own = keeper.authority.store.own(profile)
        return (own.not_after - milliseconds(keeper.authority.now())) / 1_000 if own is not None else 0.0

    def crl_left() -> float:
        made = keeper.lists.made
        return (made.next_update - milliseconds(keeper.authority.now())) / 1_000 if made is not None else 0.0

    gauge("hsm_open", "1 while a session with the HSM is open", lambda: float(keeper.hsm.info is not None))
    gauge("ca_made", "1 after the key ceremony", lambda: float(keeper.authority.made))
    gauge("hsm_signatures", "Signatures made in the HSM", lambda: float(keeper.hsm.counts.signatures))
    gauge("hsm_failures", "Failures of the HSM", lambda: float(keeper.hsm.counts.failures))
    gauge("issued", "Certificates issued", lambda: float(keeper.issued))
    gauge("signed", "Hashes signed by people's keys", lambda: float(keeper.signed))
    gauge("ocsp_answers", "Status answers signed", lambda: float(keeper.responder.answered))
    gauge("ocsp_behind", "Status answers that could not be signed", lambda: float(keeper.responder.behind))
    gauge("stamps", "Time stamps made", lambda: float(keeper.stamper.stamped))
    gauge("stamps_behind", "Time stamps that could not be made", lambda: float(keeper.stamper.behind))
    gauge("checkpoints", "Journal checkpoints stamped", lambda: float(keeper.checkpoints.stamped))
    gauge(
        "checkpoints_behind", "Journal checkpoints that could not be stamped", lambda: float(keeper.checkpoints.behind)
    )
    gauge("crl_behind", "1 while the list lacks a change", lambda: float(keeper.lists.behind))
    gauge("crl_seconds_left", "Until the list's nextUpdate", crl_left)
    gauge("ocsp_certificate_seconds_left", "Until the responder's certificate ends", lambda: left(Profile.OCSP))
    gauge("tsa_certificate_seconds_left", "Until the time stamp certificate ends", lambda: left(Profile.TSA))
    gauge(
        "checkpoint_certificate_seconds_left",
        "Until the checkpoints' certificate ends",
        lambda: left(Profile.CHECKPOINT),
    )
    return registry
