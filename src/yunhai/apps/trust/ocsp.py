"""The status responder (RFC 6960), by a delegated certificate whose key is in the HSM; nonces as RFC 8954.

An answer is made of the store, which the web tells every change. One without a nonce is kept and given again for a while; while
the HSM is away, an answer that was made before and still says what is so is given until its `nextUpdate`, without the nonce
that was asked for, and everything else is `tryLater`. A certificate that was not issued here is `unknown`, never good.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from asn1crypto import core, ocsp, x509

from yunhai.apps.trust import der
from yunhai.apps.trust.ca import Authority, milliseconds
from yunhai.apps.trust.store import HELD, HOLD, REVOKED, Issued, Own
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import (
    OCSP_ANSWERS_KEPT_MAX,
    OCSP_MINUTES,
    OCSP_NONCE_BYTES_MAX,
    OCSP_REQUESTS_MAX,
    PKI_BODY_BYTES_MAX,
)
from yunhai.trading.trust import profiles
from yunhai.trading.trust.profiles import Profile
from yunhai.trading.trust.status import FRESH

REQUEST_TYPE: Final = "application/ocsp-request"
RESPONSE_TYPE: Final = "application/ocsp-response"
FRESH_MS: Final = int(FRESH.total_seconds()) * 1_000
"""For so long an answer without a nonce is given again."""
MALFORMED: Final = "malformed_request"
INTERNAL: Final = "internal_error"
TRY_LATER: Final = "try_later"
_NONCE: Final = der.identifier("1.3.6.1.5.5.7.48.1.2")
_BASIC: Final = der.identifier("1.3.6.1.5.5.7.48.1.1")
_DIGESTS: Final = {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}

_Standing = tuple[str, int, int]
"""(status, reason, since) of a certificate, as an answer says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response, DER. `until` in milliseconds since 1970: how long it may be kept by whoever asked; 0: not at all."""

    content: bytes
    until: int = 0


@dataclass(frozen=True, slots=True)
class _Kept:
    content: bytes
    standing: tuple[_Standing, ...]
    made: int
    until: int


class Responder:
    """Answers requests. `behind` counts answers that could not be signed."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._signer: _Signer | None = None
        self.answered = 0
        self.behind = 0

    async def answer(self, request: bytes) -> Answer:
        """The response to a request, DER. Never an error: what cannot be answered is answered with its status."""
        try:
            asked, nonce = _read(request)
        except (ValueError, TypeError, KeyError):
            return failed(MALFORMED)
        if not self._authority.made:
            return failed(TRY_LATER)
        now = milliseconds(self._authority.now())
        found = [self._find(one) for one in asked]
        standing = tuple(_standing(one) for one in found)
        name = b"".join(one.dump() for one in asked)
        kept = self._kept.get(name)
        if kept is not None and (kept.standing != standing or kept.until <= now):
            del self._kept[name]
            kept = None
        if kept is not None and nonce is None and now - kept.made < FRESH_MS:
            return Answer(content=kept.content, until=kept.until)
        try:
            content, until = await self._made(asked, standing, nonce)
        except YunhaiError:
            self.behind += 1
            return Answer(content=kept.content, until=kept.until) if kept is not None else failed(TRY_LATER)
        self.answered += 1
        if nonce is not None:
            return Answer(content=content)
        self._kept[name] = _Kept(content, standing, now, until)
        if len(self._kept) > OCSP_ANSWERS_KEPT_MAX:
            self._kept.popitem(last=False)
        return Answer(content=content, until=until)

    def _find(self, asked: ocsp.CertId) -> Issued | None:
        """The certificate asked about, if it is of our issuing CA."""
        issuer = self._authority.issuer
        digest = _DIGESTS[asked["hash_algorithm"]["algorithm"].native]
        name = digest(issuer.subject.dump()).digest()
        key = digest(bytes(issuer.public_key["public_key"])).digest()
        if (asked["issuer_name_hash"].native, asked["issuer_key_hash"].native) != (name, key):
            return None
        serial = asked["serial_number"].native
        if not 0 < serial < 1 << 160:
            return None
        return self._authority.store.find(profiles.serial_bytes(serial))

    async def _made(
        self, asked: list[ocsp.CertId], standing: tuple[_Standing, ...], nonce: bytes | None
    ) -> tuple[bytes, int]:
        """(response DER, its nextUpdate)."""
        authority = self._authority
        own = await authority.own(Profile.OCSP)
        if self._signer is None or self._signer.own != own:
            self._signer = _Signer(own)
        now = authority.now().replace(microsecond=0)
        until = now + timedelta(minutes=OCSP_MINUTES)
        times = der.moment(now) + der.context(0, der.moment(until))
        answers = [der.sequence(one.dump(), _status(state), times) for one, state in zip(asked, standing, strict=True)]
        extensions = b""
        if nonce is not None:
            extensions = der.context(1, der.sequence(der.sequence(_NONCE, der.octets(der.octets(nonce)))))
        data = der.sequence(self._signer.named, der.moment(now), der.sequence(*answers), extensions)
        signature = await authority.signed(own.label, data, self._signer.point)
        basic = der.sequence(data, der.ECDSA_SHA256, der.bits(signature), self._signer.certificates)
        inner = der.sequence(_BASIC, der.octets(basic))
        return der.sequence(der.enumerated(0), der.context(0, inner)), milliseconds(until)


class _Signer:
    """What every answer of one responder's certificate has in common."""

    def __init__(self, own: Own) -> None:
        certificate = x509.Certificate.load(own.certificate)
        self.own = own
        self.point = profiles.point_of_info(certificate.public_key.dump())
        self.named = der.context(2, der.octets(certificate.public_key.sha1))
        self.certificates = der.context(0, der.sequence(own.certificate))


def _read(request: bytes) -> tuple[list[ocsp.CertId], bytes | None]:
    """(what is asked about, the nonce). ValueError and its like for what is no request."""
    if len(request) > PKI_BODY_BYTES_MAX:
        raise ValueError("too long")
    whole = ocsp.OCSPRequest.load(request, strict=True)
    inner = whole["tbs_request"]
    asked = [one["req_cert"] for one in inner["request_list"]]
    if not 0 < len(asked) <= OCSP_REQUESTS_MAX:
        raise ValueError("no certificate, or too many")
    for one in asked:
        if one["hash_algorithm"]["algorithm"].native not in _DIGESTS:
            raise ValueError("another hash")
        _ = one["serial_number"].native, one["issuer_name_hash"].native, one["issuer_key_hash"].native
    nonce: bytes | None = None
    for extension in inner["request_extensions"]:
        if extension["extn_id"].native == "nonce":
            nonce = _nonce(extension)
        elif extension["critical"].native:
            raise ValueError("a critical extension")
    return asked, nonce


def _nonce(extension: Any) -> bytes:
    """A nonce of 1 to 32 bytes."""
    value = extension["extn_value"].parsed
    found: bytes = value.native if isinstance(value, core.OctetString) else bytes(extension["extn_value"].native)
    if not 0 < len(found) <= OCSP_NONCE_BYTES_MAX:
        raise ValueError("a nonce of another length")
    return found


def _standing(one: Issued | None) -> _Standing:
    if one is None:
        return "unknown", 0, 0
    return (one.status, one.reason, one.at) if one.status in (HELD, REVOKED) else ("good", 0, 0)


def _status(standing: _Standing) -> bytes:
    """CertStatus: [0] good, [1] revoked with its time and reason, [2] unknown."""
    status, reason, at = standing
    if status in ("good", "unknown"):
        return der.tlv(0x80 if status == "good" else 0x82)
    since = der.moment(datetime.fromtimestamp(at // 1_000, UTC))
    why = HOLD if status == HELD else reason
    return der.context(1, since, der.context(0, der.enumerated(why)) if why else b"")


def failed(status: str) -> Answer:
    """A response that only says why there is none."""
    content: bytes = ocsp.OCSPResponse({"response_status": status}).dump()
    return Answer(content=content)
