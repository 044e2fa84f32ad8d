"""Time stamps 時戳 (RFC 3161): asking for one, and checking a token with nothing but its bytes.

A token is a SignedData over a TSTInfo: "this digest was shown to me at that time". `checked` proves the digest, the
signature, that the certificate inside is the one the signer bound by signing-certificate(-v2) (ESS, RFC 5816), and that it is
for time stamping and nothing else (critical, alone: RFC 3161 §2.3). Whether that certificate leads to the root is
`yunhai.trading.trust.paths`'s to say, at the token's own time.

A token has parts that nobody signs (its certificates, the list of digest algorithms). `checked(..., exact=True)` takes only
a token that is DER throughout, with one signer, its certificate, no other but `known` ones, and nothing unsigned beside: then no
byte can be changed unseen.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from asn1crypto import cms, core, tsp, x509

from yunhai.kernel.errors import YunhaiError
from yunhai.trading.trust import signed_data
from yunhai.trading.trust.algorithms import MODERN, Taken
from yunhai.trading.trust.cms import SignedData, Signer, proven, read
from yunhai.trading.trust.errors import (
    BROKEN,
    STAMP_CERTIFICATE,
    STAMP_IMPRINT,
    STAMP_MALFORMED,
    STAMP_OTHER,
    STAMP_REFUSED,
    STAMP_SIGNATURE,
    refused,
)
from yunhai.trading.trust.forms import load

TIME_STAMPING: Final = "time_stamping"
_GRANTED: Final = ("granted", "granted_with_mods")
_IMPRINTS: Final = frozenset({"sha256", "sha384", "sha512"})


class TimeStampResponse(core.Sequence):  # type: ignore[misc]
    """A TimeStampResp, whose token is left out of a refusal (RFC 3161 §2.4.2); asn1crypto's own demands one."""

    _fields: ClassVar = [
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms.ContentInfo, {"optional": True}),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What a token says. `at` its time (UTC), good to `accuracy_ms`; `serial` unique at its authority; `policy` dotted;
    `certificate` the signer's, DER; `nonce` as asked, None if none was."""

    at: datetime
    accuracy_ms: int
    serial: int
    policy: str
    certificate: bytes
    nonce: int | None
    digest: str
    imprint: bytes


def request(digest: bytes, *, nonce: int | None = None, policy: str = "", certificate: bool = True) -> bytes:
    """DER of a TimeStampReq over a SHA-256 digest. ValueError for another length."""
    if len(digest) != hashlib.sha256().digest_size:
        raise ValueError("not a SHA-256 digest")
    asked: dict[str, Any] = {
        "version": "v1",
        "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest},
        "cert_req": certificate,
    }
    if nonce is not None:
        asked["nonce"] = nonce
    if policy:
        asked["req_policy"] = policy
    encoded: bytes = tsp.TimeStampReq(asked).dump()
    return encoded


def token_of(response: bytes) -> bytes:
    """The token in a TimeStampResp. STAMP_REFUSED with the authority's word if it gave none, STAMP_MALFORMED."""
    try:
        said = TimeStampResponse.load(response, strict=True)
        status = said["status"]["status"].native
        if status not in _GRANTED:
            why = said["status"]["fail_info"]
            reason = status if isinstance(why, core.Void) else f"{status}: {', '.join(sorted(why.native))}"
            raise refused(STAMP_REFUSED, reason, reason)
        if isinstance(said["time_stamp_token"], core.Void):
            raise refused(STAMP_MALFORMED, "granted, and no token", "已核發卻沒有時戳")
        token: bytes = said["time_stamp_token"].dump()
    except BROKEN:
        raise refused(STAMP_MALFORMED, "not a time stamp answer", "不是時戳回覆") from None
    return token


def checked(
    token: bytes,
    digest: bytes,
    *,
    nonce: int | None = None,
    policy: str = "",
    exact: bool = False,
    known: Sequence[bytes] = (),
    certificate: bytes | None = None,
    taken: Taken = MODERN,
) -> Stamp:
    """What the token says, if it holds over data with this digest (of the token's own algorithm).

    `nonce` and `policy`, where given, must be the token's (STAMP_OTHER); `certificate` is the signer's where the token holds
    none. STAMP_MALFORMED, STAMP_IMPRINT, STAMP_SIGNATURE, STAMP_CERTIFICATE otherwise.
    """
    data = read(token, malformed=STAMP_MALFORMED)
    if len(data.signers) != 1 or data.content_type != "tst_info" or data.content is None:
        raise refused(STAMP_MALFORMED, "not one signer of a TSTInfo", "不是單一簽署者之 TSTInfo")
    found = _named(data, certificate)
    try:
        said = tsp.TSTInfo.load(data.content, strict=True)
        stamp = _stamp(said, found)
        if exact:
            _exact(token, data, known)
    except BROKEN:
        raise refused(STAMP_MALFORMED, "its TSTInfo cannot be read", "TSTInfo 無法讀取") from None
    if stamp.digest not in _IMPRINTS or stamp.imprint != digest:
        raise YunhaiError(STAMP_IMPRINT)
    if nonce is not None and stamp.nonce != nonce:
        raise refused(STAMP_OTHER, "another nonce", "隨機數不同")
    if policy and stamp.policy != policy:
        raise refused(STAMP_OTHER, "another policy", "政策不同")
    _require_bound(data.signers[0], stamp.certificate)
    _require_usage(load(stamp.certificate))
    _require_signed(data, stamp.certificate, taken)
    return stamp


def read_time(token: bytes) -> datetime:
    """The time a token states, nothing checked. STAMP_MALFORMED."""
    data = read(token, malformed=STAMP_MALFORMED)
    try:
        found: datetime = tsp.TSTInfo.load(data.content or b"", strict=True)["gen_time"].native
    except BROKEN:
        raise refused(STAMP_MALFORMED, "its TSTInfo cannot be read", "TSTInfo 無法讀取") from None
    return found.astimezone(UTC)


def _named(data: SignedData, certificate: bytes | None) -> bytes:
    found = data.signers[0].certificate or certificate
    if found is None:
        raise refused(STAMP_CERTIFICATE, "the signer's certificate is not there", "缺少簽署者憑證")
    return found


def _stamp(said: Any, certificate: bytes) -> Stamp:
    accuracy = said["accuracy"]
    milliseconds = 0
    if not isinstance(accuracy, core.Void):
        seconds, millis = accuracy["seconds"].native or 0, accuracy["millis"].native or 0
        milliseconds = seconds * 1_000 + millis + (1 if accuracy["micros"].native else 0)
    imprint = said["message_imprint"]
    if said["version"].native != "v1":
        raise ValueError("another version")
    if not isinstance(said["extensions"], core.Void) and any(one["critical"].native for one in said["extensions"]):
        raise ValueError("a critical extension")
    return Stamp(
        at=said["gen_time"].native.astimezone(UTC),
        accuracy_ms=milliseconds,
        serial=said["serial_number"].native,
        policy=said["policy"].dotted,
        certificate=certificate,
        nonce=said["nonce"].native,
        digest=imprint["hash_algorithm"]["algorithm"].native,
        imprint=imprint["hashed_message"].native,
    )


def _require_bound(signer: Signer, certificate: bytes) -> None:
    """ESS: the first certificate that the signed attributes name is the signer's."""
    second, first = signer.signed("signing_certificate_v2"), signer.signed("signing_certificate")
    try:
        if second:
            named = second[0]["certs"][0]
            algorithm = named["hash_algorithm"]["algorithm"].native
            bound = algorithm in _IMPRINTS and hashlib.new(algorithm, certificate).digest() == named["cert_hash"].native
        elif first:
            named = first[0]["certs"][0]
            bound = hashlib.sha1(certificate, usedforsecurity=False).digest() == named["cert_hash"].native
        else:
            raise refused(STAMP_CERTIFICATE, "no certificate is bound", "簽署屬性未綁定憑證")
    except BROKEN:
        raise refused(STAMP_MALFORMED, "the bound certificate cannot be read", "綁定之憑證無法讀取") from None
    if not bound:
        raise refused(STAMP_CERTIFICATE, "another certificate is bound", "綁定的是另一張憑證")


def _require_usage(certificate: x509.Certificate) -> None:
    extension = next(
        (one for one in certificate["tbs_certificate"]["extensions"] if one["extn_id"].native == "extended_key_usage"),
        None,
    )
    if (
        extension is None
        or extension["extn_value"].parsed.native != [TIME_STAMPING]
        or not extension["critical"].native
    ):
        raise refused(STAMP_CERTIFICATE, "not for time stamping alone, critical", "擴充用途不是單一且關鍵之時戳")
    usage = certificate.key_usage_value
    if usage is not None and not usage.native & {"digital_signature", "non_repudiation"}:
        raise refused(STAMP_CERTIFICATE, "its key may not sign", "金鑰用途不含簽章")


def _require_signed(data: SignedData, certificate: bytes, taken: Taken) -> None:
    signer = data.signers[0]
    if not signer.attributes:
        raise refused(STAMP_MALFORMED, "no signed attributes", "缺少簽署屬性")
    whole = SignedData(
        content_type=data.content_type,
        content=data.content,
        certificates=data.certificates,
        signers=(
            Signer(
                certificate=certificate,
                attributes=signer.attributes,
                digest=signer.digest,
                content_type=signer.content_type,
                info=signer.info,
            ),
        ),
        version=data.version,
    )
    try:
        proven(whole, taken=taken)
    except YunhaiError as error:
        reason = error.details.get("reason", error.text("en"))
        raise refused(STAMP_SIGNATURE, str(reason), str(error.details.get("reason_zh", error.text("zh")))) from None


def _exact(token: bytes, data: SignedData, known: Sequence[bytes]) -> None:
    """STAMP_MALFORMED unless the token is as our authority writes one: every part that is not signed has one value."""
    signer = data.signers[0].info
    own = data.signers[0].certificate
    others = [one for one in data.certificates if one != own]
    if own is None or not set(others) <= set(known) or len(set(data.certificates)) != len(data.certificates):
        raise refused(STAMP_MALFORMED, "certificates that have no business in it", "夾帶無關之憑證")
    if not isinstance(signer["unsigned_attrs"], core.Void):
        raise refused(STAMP_MALFORMED, "something unsigned", "有未簽署屬性")
    certificate = x509.Certificate.load(own)
    inner = certificate["tbs_certificate"]
    again = signed_data.encoded(
        content_type=signed_data.TST_INFO,
        content=data.content or b"",
        certificates=data.certificates,
        signer=signed_data.named(inner["issuer"].dump(), inner["serial_number"].dump()),
        attributes=data.signers[0].attributes,
        signature=data.signers[0].signature,
    )
    if again != token:
        raise refused(STAMP_MALFORMED, "its bytes are not in their one encoding", "位元組與規定編碼不同")
