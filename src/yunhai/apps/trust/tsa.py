"""The time-stamping authority (RFC 3161, RFC 5816): one token a request, by a key in the HSM, serials never twice.

There are two. The public one gives a token to anybody over anything, under `TSA_POLICY`. The other stamps the journal's
checkpoints, under `CHECKPOINT_POLICY`, with a key and a certificate of its own, and is asked on the inner socket alone: what
holds a checkpoint fast must be nothing that somebody outside can have made.

The time is this machine's, with an accuracy of one second: keep its clock by NTP. A token is a CMS SignedData over the
TSTInfo with content type, digest and signing certificate (v2) signed; nothing is kept of it here.
"""

import hashlib
from datetime import datetime
from typing import Any, ClassVar, Final

from asn1crypto import core, tsp, x509

from yunhai.apps.trust import der
from yunhai.apps.trust.ca import Authority
from yunhai.apps.trust.store import Own
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import PKI_BODY_BYTES_MAX
from yunhai.trading.trust import profiles
from yunhai.trading.trust.profiles import CHECKPOINT_POLICY, TSA_POLICY, Profile

QUERY_TYPE: Final = "application/timestamp-query"
REPLY_TYPE: Final = "application/timestamp-reply"
ACCURACY_S: Final = 1
_DIGEST_BYTES: Final = {"sha256": 32, "sha384": 48, "sha512": 64}
_VERSION: Final = "v1"
_POLICIES: Final = {Profile.TSA: TSA_POLICY, Profile.CHECKPOINT: CHECKPOINT_POLICY}
_SIGNED_DATA: Final = der.identifier("1.2.840.113549.1.7.2")
_TST_INFO: Final = der.identifier("1.2.840.113549.1.9.16.1.4")
_CONTENT_TYPE: Final = der.identifier("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST: Final = der.identifier("1.2.840.113549.1.9.4")
_SIGNING_CERTIFICATE: Final = der.identifier("1.2.840.113549.1.9.16.2.47")


class RefusedError(Exception):
    """A request that gets no token: `failure` as RFC 3161 §2.4.2 names it."""

    def __init__(self, failure: str) -> None:
        super().__init__(failure)
        self.failure = failure


class _Signer:
    """What every token of one certificate has in common, written once."""

    def __init__(self, own: Own, issuer: x509.Certificate) -> None:
        certificate = x509.Certificate.load(own.certificate)
        name, serial = certificate.issuer.dump(), der.integer(certificate.serial_number)
        named = der.context(4, name)
        certificate_id = der.sequence(  # SHA-256 is the default, so it is not written
            der.octets(hashlib.sha256(own.certificate).digest()), der.sequence(der.sequence(named), serial)
        )
        self.own, self.issuer = own, issuer
        self.point = profiles.point_of_info(certificate.public_key.dump())
        self.content_type = _attribute(_CONTENT_TYPE, _TST_INFO)
        self.signing = _attribute(_SIGNING_CERTIFICATE, der.sequence(der.sequence(certificate_id)))
        self.named = der.sequence(name, serial)
        self.certificates = der.context(0, *sorted((own.certificate, issuer.dump())))

    def attributes(self, info: bytes) -> bytes:
        """What a token's signature is over: a SET OF."""
        digest = _attribute(_MESSAGE_DIGEST, der.octets(hashlib.sha256(info).digest()))
        return der.set_of(self.content_type, digest, self.signing)


class Stamper:
    """Answers time-stamp requests by the certificate of one profile: TSA for anybody, CHECKPOINT for the house."""

    def __init__(self, authority: Authority, profile: Profile) -> None:
        self._authority = authority
        self._profile, self._policy = profile, _POLICIES[profile]
        self._encoded_policy = der.identifier(self._policy)
        self._signer: _Signer | None = None
        self.stamped = 0
        self.behind = 0

    async def answer(self, request: bytes) -> bytes:
        """The TimeStampResp, DER; a refusal is one too."""
        try:
            token = await self._token(_read(request, self._policy))
        except RefusedError as refusal:
            return _refused({refusal.failure})
        except YunhaiError:
            self.behind += 1
            return _refused({"system_failure"})
        self.stamped += 1
        return der.sequence(der.sequence(der.integer(0)), token)

    async def _token(self, asked: tsp.TimeStampReq) -> bytes:
        """The ContentInfo of the SignedData (CMS version 3: its content is not plain data)."""
        authority = self._authority
        own = await authority.own(self._profile)
        signer = self._signer
        if signer is None or signer.own != own or signer.issuer is not authority.issuer:
            signer = self._signer = _Signer(own, authority.issuer)
        info = _info(asked, self._encoded_policy, authority.now())
        attributes = signer.attributes(info)
        signature = await authority.signed(own.label, attributes, signer.point)
        signed = der.sequence(
            der.integer(3),
            der.set_of(der.SHA256),
            der.sequence(_TST_INFO, der.context(0, der.octets(info))),
            signer.certificates if asked["cert_req"].native else b"",
            der.set_of(
                der.sequence(
                    der.integer(1),
                    signer.named,
                    der.SHA256,
                    b"\xa0" + attributes[1:],  # the same, tagged [0]
                    der.ECDSA_SHA256,
                    der.octets(signature),
                )
            ),
        )
        return der.sequence(_SIGNED_DATA, der.context(0, signed))


def _read(request: bytes, only: str) -> tsp.TimeStampReq:
    """The request; a policy that it names must be `only`. `RefusedError`."""
    if len(request) > PKI_BODY_BYTES_MAX:
        raise RefusedError("bad_data_format")
    try:
        asked = tsp.TimeStampReq.load(request, strict=True)
        imprint = asked["message_imprint"]
        algorithm, digest = imprint["hash_algorithm"]["algorithm"].native, imprint["hashed_message"].native
        version, policy, extensions = asked["version"].native, asked["req_policy"].native, asked["extensions"].native
        _ = asked["nonce"].native, asked["cert_req"].native
    except (ValueError, TypeError, KeyError):
        raise RefusedError("bad_data_format") from None
    if version != _VERSION:
        raise RefusedError("bad_request")
    if _DIGEST_BYTES.get(algorithm) is None:
        raise RefusedError("bad_alg")
    if len(digest) != _DIGEST_BYTES[algorithm]:
        raise RefusedError("bad_data_format")
    if policy not in (None, only):
        raise RefusedError("unaccepted_policy")
    if extensions:
        raise RefusedError("unaccepted_extensions")
    return asked


def _info(asked: tsp.TimeStampReq, policy: bytes, now: datetime) -> bytes:
    """DER of the TSTInfo. Milliseconds, well within the accuracy."""
    return der.sequence(
        der.integer(1),
        policy,
        asked["message_imprint"].dump(),
        der.integer(profiles.new_serial()),
        der.moment(now),
        der.sequence(der.integer(ACCURACY_S)),
        asked["nonce"].dump() if asked["nonce"].native is not None else b"",
    )


def _attribute(kind: bytes, value: bytes) -> bytes:
    return der.sequence(kind, der.set_of(value))


class Refusal(core.Sequence):  # type: ignore[misc]
    """A TimeStampResp without a token, which asn1crypto's own has not."""

    _fields: ClassVar[Any] = [("status", tsp.PKIStatusInfo)]


def _refused(failures: set[str]) -> bytes:
    encoded: bytes = Refusal({"status": {"status": "rejection", "fail_info": failures}}).dump()
    return encoded
