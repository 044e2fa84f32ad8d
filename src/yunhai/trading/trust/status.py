"""Status of a certificate 憑證狀態: OCSP answers (RFC 6960, 5019) and revocation lists (RFC 5280 §5), checked by their bytes.

`checked_ocsp` takes an answer for one certificate of one issuer: signed by the issuer, or by a responder whom that very issuer
certified for OCSP signing. `checked_list` takes the issuer's own complete list. Both answer with a `Status`; whether its time
is good enough is asked with `at`. Delta lists, lists by reason and indirect lists are not made here and not taken here; the
general case is in `yunhai.trading.trust.paths`.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from asn1crypto import core, crl, ocsp, x509

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import REVOCATION_LIST_BYTES_MAX, STATUS_BYTES_MAX
from yunhai.trading.trust.algorithms import holds
from yunhai.trading.trust.errors import (
    BROKEN,
    STATUS_MALFORMED,
    STATUS_OTHER,
    STATUS_RESPONDER,
    STATUS_SIGNATURE,
    STATUS_TIME,
    refused,
)
from yunhai.trading.trust.forms import load

CLOCKS: Final = timedelta(seconds=60)
"""How far an answer's clock may run ahead."""
FRESH: Final = timedelta(minutes=5)
"""For so long our responder gives an answer again: what was asked for at a moment is from no earlier than this before it."""


class State(StrEnum):
    """What is said of a certificate."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """`revoked_at` and `reason` (a name of asn1crypto) of a revoked one; `produced_at` when the answer was signed;
    `responder` the certificate that signed it, DER."""

    state: State
    revoked_at: datetime | None
    reason: str
    this_update: datetime
    next_update: datetime | None
    produced_at: datetime
    responder: bytes


def certificate_id(certificate: x509.Certificate, issuer: x509.Certificate, *, digest: str = "sha1") -> ocsp.CertId:
    """Which certificate is asked for. SHA-1 is the field's custom (RFC 5019) and names only; SHA-256 is understood too."""
    key: bytes = issuer.public_key["public_key"].contents[1:]
    return ocsp.CertId(
        {
            "hash_algorithm": {"algorithm": digest},
            "issuer_name_hash": _hash(digest, certificate.issuer.dump()),
            "issuer_key_hash": _hash(digest, key),
            "serial_number": certificate.serial_number,
        }
    )


def request(certificate: bytes, issuer: bytes, *, digest: str = "sha1", nonce: bytes = b"") -> bytes:
    """DER of an OCSPRequest for one certificate."""
    found, by = load(certificate), load(issuer)
    asked: dict[str, Any] = {"request_list": [{"req_cert": certificate_id(found, by, digest=digest)}]}
    if nonce:
        asked["request_extensions"] = [{"extn_id": "nonce", "critical": False, "extn_value": core.OctetString(nonce)}]
    encoded: bytes = ocsp.OCSPRequest({"tbs_request": asked}).dump()
    return encoded


def checked_ocsp(answer: bytes, certificate: bytes, issuer: bytes, *, at: datetime | None = None) -> Status:
    """What an OCSP answer says of the certificate, its signature proven.

    STATUS_MALFORMED (also for an answer that is an error), STATUS_OTHER, STATUS_RESPONDER, STATUS_SIGNATURE; with `at`,
    STATUS_TIME unless the answer holds at that time.
    """
    if len(answer) > STATUS_BYTES_MAX:
        raise refused(STATUS_MALFORMED, "too large", "過大")
    found, by = load(certificate), load(issuer)
    try:
        whole = ocsp.OCSPResponse.load(answer, strict=True)
        outcome = whole["response_status"].native
        if outcome != "successful":
            raise refused(STATUS_MALFORMED, f"the responder answered {outcome}", f"回覆者答覆 {outcome}")
        if whole["response_bytes"]["response_type"].native != "basic_ocsp_response":
            raise refused(STATUS_MALFORMED, "not a basic answer", "不是基本型回覆")
        basic = whole["response_bytes"]["response"].parsed
        data = basic["tbs_response_data"]
        if data["version"].native != "v1":
            raise refused(STATUS_MALFORMED, "another version", "版本不符")
        _refuse_critical(data["response_extensions"])
        single = next((one for one in data["responses"] if _is_of(one["cert_id"], found, by)), None)
        if single is None:
            raise YunhaiError(STATUS_OTHER)
        _refuse_critical(single["single_extensions"])
        produced = data["produced_at"].native.astimezone(UTC)
        responder = _responder(basic, by, produced)
        status = _status(single, produced, responder.dump())
        signed = data.dump()
        right = holds(responder.public_key, basic["signature_algorithm"], basic["signature"].native, signed)
    except BROKEN:
        raise refused(STATUS_MALFORMED, "not an OCSP answer", "不是 OCSP 回覆") from None
    if not right:
        raise refused(STATUS_SIGNATURE, "not the responder's", "不是回覆者的簽章")
    if at is not None:
        _require_current(status, at)
    return status


def checked_list(encoded: bytes, certificate: bytes, issuer: bytes, *, at: datetime | None = None) -> Status:
    """What the issuer's own complete list says of the certificate. The same errors as `checked_ocsp`."""
    if len(encoded) > REVOCATION_LIST_BYTES_MAX:
        raise refused(STATUS_MALFORMED, "too large", "過大")
    found, by = load(certificate), load(issuer)
    if by.subject != found.issuer:
        raise YunhaiError(STATUS_OTHER)
    whole = _proven_list(encoded, issuer)
    revoked_at, reason = whole.entries.get(found.serial_number, (None, ""))
    if isinstance(reason, YunhaiError):
        raise YunhaiError(reason.code, **reason.details)
    status = Status(
        state=State.GOOD if revoked_at is None else State.REVOKED,
        revoked_at=revoked_at,
        reason=reason,
        this_update=whole.this_update,
        next_update=whole.next_update,
        produced_at=whole.this_update,
        responder=issuer,
    )
    if at is not None:
        _require_current(status, at)
    return status


@dataclass(frozen=True, slots=True)
class _List:
    """A list whose signature holds. `entries` by serial number: when, and why (or what is wrong with that entry)."""

    this_update: datetime
    next_update: datetime | None
    entries: dict[int, tuple[datetime, "str | YunhaiError"]]


@lru_cache(maxsize=8)
def _proven_list(encoded: bytes, issuer: bytes) -> _List:
    """Read and proven once: a list is looked up for several certificates of a file, and stands in every file of a minute."""
    by = load(issuer)
    try:
        whole = crl.CertificateList.load(encoded, strict=True)
        said = whole["tbs_cert_list"]
        if said["issuer"] != by.subject:
            raise YunhaiError(STATUS_OTHER)
        if whole["signature_algorithm"].dump() != said["signature"].dump():
            raise refused(STATUS_MALFORMED, "two signature algorithms", "兩處簽章演算法不同")
        if any(one["critical"].native for one in said["crl_extensions"]):
            raise refused(
                STATUS_MALFORMED, "a partial list, or an unknown critical extension", "非完整清冊或有未知關鍵擴充"
            )
        if by.key_usage_value is not None and "crl_sign" not in by.key_usage_value.native:
            raise refused(STATUS_RESPONDER, "the issuer's key may not sign lists", "簽發者金鑰不得簽署清冊")
        right = holds(by.public_key, whole["signature_algorithm"], whole["signature"].native, said.dump())
        entries: dict[int, tuple[datetime, str | YunhaiError]] = {}
        for one in said["revoked_certificates"] or ():
            when = one["revocation_date"].native.astimezone(UTC)
            entries.setdefault(one["user_certificate"].native, (when, _why(one)))
        found = _List(said["this_update"].native.astimezone(UTC), _moment(said["next_update"]), entries)
    except BROKEN:
        raise refused(STATUS_MALFORMED, "not a revocation list", "不是憑證廢止清冊") from None
    if not right:
        raise refused(STATUS_SIGNATURE, "not the issuer's", "不是簽發者的簽章")
    return found


def _why(entry: Any) -> "str | YunhaiError":
    try:
        return _entry_reason(entry)
    except YunhaiError as error:
        return error


def _hash(digest: str, data: bytes) -> bytes:
    return hashlib.new(digest, data, usedforsecurity=False).digest()


def _is_of(identifier: Any, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    digest = identifier["hash_algorithm"]["algorithm"].native
    if digest not in ("sha1", "sha256", "sha384", "sha512"):
        return False
    wanted = certificate_id(certificate, issuer, digest=digest)
    return all(
        identifier[name].native == wanted[name].native
        for name in ("issuer_name_hash", "issuer_key_hash", "serial_number")
    )


def _refuse_critical(extensions: Any) -> None:
    if isinstance(extensions, core.Void):
        return
    if any(one["critical"].native and one["extn_id"].native != "nonce" for one in extensions):
        raise refused(STATUS_MALFORMED, "an unknown critical extension", "未知之關鍵擴充")


def _responder(basic: Any, issuer: x509.Certificate, at: datetime) -> x509.Certificate:
    """The certificate whose key must have signed: the issuer's own, or one inside that the issuer certified for it."""
    certificates = basic["certs"]
    inside = [] if isinstance(certificates, core.Void) else list(certificates)
    wanted = basic["tbs_response_data"]["responder_id"]
    found = next((one for one in (issuer, *inside) if _is_responder(wanted, one)), None)
    if found is None:
        raise refused(STATUS_RESPONDER, "its certificate is not there", "缺少回覆者憑證")
    if found.dump() == issuer.dump():
        return issuer
    usage = found.extended_key_usage_value
    if usage is None or "ocsp_signing" not in usage.native:
        raise refused(STATUS_RESPONDER, "its certificate is not for OCSP signing", "憑證用途不含 OCSP 簽署")
    if found.issuer != issuer.subject or not holds(
        issuer.public_key,
        found["signature_algorithm"],
        found.signature,
        found["tbs_certificate"].dump(),
    ):
        raise refused(STATUS_RESPONDER, "another issuer certified it", "由其他簽發者發給")
    validity = found["tbs_certificate"]["validity"]
    if not validity["not_before"].native <= at <= validity["not_after"].native:
        raise refused(STATUS_RESPONDER, "its certificate was not valid then", "當時憑證不在效期內")
    return found


def _is_responder(wanted: Any, certificate: x509.Certificate) -> bool:
    if wanted.name == "by_name":
        return bool(certificate.subject == wanted.chosen)
    return bool(certificate.public_key.sha1 == wanted.chosen.native)


def _status(single: Any, produced: datetime, responder: bytes) -> Status:
    said = single["cert_status"]
    state = State(said.name)
    revoked_at, reason = None, ""
    if state is State.REVOKED:
        revoked_at = said.chosen["revocation_time"].native.astimezone(UTC)
        why = said.chosen["revocation_reason"]
        reason = "unspecified" if isinstance(why, core.Void) or why.native is None else why.native
    return Status(
        state=state,
        revoked_at=revoked_at,
        reason=reason,
        this_update=single["this_update"].native.astimezone(UTC),
        next_update=_moment(single["next_update"]),
        produced_at=produced,
        responder=responder,
    )


def _moment(value: Any) -> datetime | None:
    found: datetime | None = None if isinstance(value, core.Void) else value.native
    return None if found is None else found.astimezone(UTC)


def _entry_reason(entry: Any) -> str:
    for one in entry["crl_entry_extensions"]:
        if one["extn_id"].native == "crl_reason":
            reason: str = one["extn_value"].parsed.native
            return reason
        if one["critical"].native:
            raise refused(STATUS_MALFORMED, "an entry's unknown critical extension", "項目有未知之關鍵擴充")
    return "unspecified"


def _require_current(status: Status, at: datetime) -> None:
    if status.this_update > at + CLOCKS:
        raise refused(STATUS_TIME, "it is from later", "狀態晚於該時點")
    if status.next_update is None or at > status.next_update:
        raise refused(STATUS_TIME, "a newer one was due", "已逾下次更新時間")
