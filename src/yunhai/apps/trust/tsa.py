"""The time-stamping authority (RFC 3161, RFC 5816): one token a request, by a key in the HSM, serials never twice.

The time is this machine's, with an accuracy of one second: keep its clock by NTP. A token is a CMS SignedData over the
TSTInfo with content type, digest and signing certificate (v2) signed; nothing is kept of it here.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any, Final

from asn1crypto import algos, cms, core, tsp, x509

from yunhai.apps.trust.ca import Authority
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import PKI_BODY_BYTES_MAX
from yunhai.trading.trust import profiles
from yunhai.trading.trust.profiles import TSA_POLICY, Profile

QUERY_TYPE: Final = "application/timestamp-query"
REPLY_TYPE: Final = "application/timestamp-reply"
ACCURACY_S: Final = 1
_DIGEST_BYTES: Final = {"sha256": 32, "sha384": 48, "sha512": 64}
_VERSION: Final = "v1"


class RefusedError(Exception):
    """A request that gets no token: `failure` as RFC 3161 §2.4.2 names it."""

    def __init__(self, failure: str) -> None:
        super().__init__(failure)
        self.failure = failure


class Stamper:
    """Answers time-stamp requests."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self.stamped = 0
        self.behind = 0

    async def answer(self, request: bytes) -> bytes:
        """The TimeStampResp, DER; a refusal is one too."""
        try:
            asked = _read(request)
            token = await self._token(asked)
        except RefusedError as refusal:
            return _reply({"status": "rejection", "fail_info": {refusal.failure}})
        except YunhaiError:
            self.behind += 1
            return _reply({"status": "rejection", "fail_info": {"system_failure"}})
        self.stamped += 1
        return _reply({"status": "granted"}, token)

    async def _token(self, asked: tsp.TimeStampReq) -> cms.ContentInfo:
        authority = self._authority
        own = await authority.own(Profile.TSA)
        certificate = x509.Certificate.load(own.certificate)
        info = _info(asked, authority.now())
        attributes = _attributes(info, certificate)
        signature = await authority.signed(
            own.label, attributes.dump(), profiles.point_of_info(certificate.public_key.dump())
        )
        signer = {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                name="issuer_and_serial_number",
                value=cms.IssuerAndSerialNumber(
                    {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
                ),
            ),
            "digest_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
            "signed_attrs": attributes,
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
            "signature": signature,
        }
        signed: dict[str, Any] = {
            "version": "v3",
            "digest_algorithms": [algos.DigestAlgorithm({"algorithm": "sha256"})],
            "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(info)},
            "signer_infos": [signer],
        }
        if asked["cert_req"].native:
            signed["certificates"] = [certificate, authority.issuer]
        return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)})


def _read(request: bytes) -> tsp.TimeStampReq:
    """The request. `RefusedError`."""
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
    if policy not in (None, TSA_POLICY):
        raise RefusedError("unaccepted_policy")
    if extensions:
        raise RefusedError("unaccepted_extensions")
    return asked


def _info(asked: tsp.TimeStampReq, now: datetime) -> bytes:
    """DER of the TSTInfo. Milliseconds, well within the accuracy."""
    moment = now.astimezone(UTC)
    content: dict[str, Any] = {
        "version": "v1",
        "policy": TSA_POLICY,
        "message_imprint": asked["message_imprint"],
        "serial_number": profiles.new_serial(),
        "gen_time": moment.replace(microsecond=moment.microsecond // 1_000 * 1_000),
        "accuracy": {"seconds": ACCURACY_S},
    }
    if asked["nonce"].native is not None:
        content["nonce"] = asked["nonce"]
    encoded: bytes = tsp.TSTInfo(content).dump()
    return encoded


def _attributes(info: bytes, certificate: x509.Certificate) -> cms.CMSAttributes:
    """What the token's signature is over."""
    named = tsp.SigningCertificateV2(
        {
            "certs": [
                tsp.ESSCertIDv2(
                    {
                        "hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
                        "cert_hash": hashlib.sha256(certificate.dump()).digest(),
                        "issuer_serial": {
                            "issuer": [x509.GeneralName(name="directory_name", value=certificate.issuer)],
                            "serial_number": certificate.serial_number,
                        },
                    }
                )
            ]
        }
    )
    return cms.CMSAttributes(
        [
            cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
            cms.CMSAttribute({"type": "message_digest", "values": [hashlib.sha256(info).digest()]}),
            cms.CMSAttribute({"type": "signing_certificate_v2", "values": [named]}),
        ]
    )


def _reply(status: dict[str, Any], token: cms.ContentInfo | None = None) -> bytes:
    content: dict[str, Any] = {"status": tsp.PKIStatusInfo(status)}
    if token is not None:
        content["time_stamp_token"] = token
    encoded: bytes = tsp.TimeStampResp(content).dump()
    return encoded
