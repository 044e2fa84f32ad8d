"""The trust process, asked over its socket: certificates are issued and hashes signed there and nowhere else.

A thin client (docs/concepts/trust.md §5). Every call is short and bounded; a process that is not there is one refusal
(7860), never a page that hangs; what it refuses is the same refusal here. The socket's file rights are its guard.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import httpx
from django.conf import settings

from yunhai.kernel.errors import YunhaiError, catalogue
from yunhai.services.trust.errors import PROCESS_ANSWER, PROCESS_AWAY
from yunhai.trading.http.unix import unix_transport
from yunhai.trading.trust import process_errors as _its_refusals  # noqa: F401 - so that they are known here by number

SOCKET: Final = "trust.sock"
TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HsmKey:
    """A key made in the HSM: its label and its public half, DER SubjectPublicKeyInfo."""

    label: str
    spki: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What a certificate is now, as CRL and OCSP are told. Times in wall ms; `reason` of RFC 5280 §5.3.1."""

    serial: bytes
    status: str
    reason: int = 0
    at_ms: int = 0
    not_after_ms: int = 0


@cache
def _client(socket: str) -> httpx.Client:
    transport = unix_transport(socket)
    return httpx.Client(transport=transport, base_url="http://trust", timeout=TIMEOUT_S)


def ask(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """The process's JSON answer. PROCESS_AWAY, or its own refusal."""
    client = _client(str(settings.PLACES.run / SOCKET))
    try:
        answer = client.request(method, path, json=body)
        value = answer.json()
    except (httpx.HTTPError, ValueError) as problem:
        raise YunhaiError(PROCESS_AWAY) from problem
    if answer.is_success:
        return value
    error = value.get("error", {}) if isinstance(value, dict) else {}
    code, details = int(error.get("code") or 0), error.get("details") or {}
    if code in catalogue():
        raise YunhaiError(code, **details)
    raise YunhaiError(PROCESS_ANSWER, reason=str(error.get("en", ""))[:200])


def issue(
    *, profile: str, subject: str, spki: bytes, days: int, serial_number: str = "", organization: str = ""
) -> bytes:
    """The DER of a new certificate over a public key (DER SubjectPublicKeyInfo). `subject` the common name, a pseudonym;
    `serial_number` the attribute of that name. PROCESS_AWAY, 6806."""
    said = {
        "profile": profile,
        "subject": subject,
        "spki": _text(spki),
        "days": days,
        "serial_number": serial_number,
        "organization": organization,
    }
    return _bytes(ask("POST", "/issue", {name: value for name, value in said.items() if value}), "certificate")


def make_key(kind: str) -> HsmKey:
    """A new key in the HSM, `kind` cloud | document. PROCESS_AWAY, 6807."""
    answer = ask("POST", "/keys", {"kind": kind})
    return HsmKey(label=str(answer["key"]), spki=_bytes(answer, "spki"))


def sign(*, label: str, digests: Sequence[bytes], activation: str) -> list[bytes]:
    """One signature, r ‖ s, over each hash. PROCESS_AWAY, 6807, 7880-7885; if one cannot be made none is given."""
    said = {"key": label, "hashes": [_text(one) for one in digests], "activation": activation}
    answer = ask("POST", "/sign", said)
    found = answer.get("signatures") if isinstance(answer, dict) else None
    if not isinstance(found, list) or len(found) != len(digests):
        raise YunhaiError(PROCESS_ANSWER, reason="no signatures")
    return [_bytes({"signature": one}, "signature") for one in found]


def tell_status(one: Status) -> None:
    """Have CRL and OCSP say what a certificate is now. PROCESS_AWAY."""
    ask("POST", "/status", _entry(one))


def tell_all(entries: list[Status]) -> None:
    """Every certificate that is revoked, on hold or released from one, for the next CRL. PROCESS_AWAY."""
    ask("POST", "/crl", {"entries": [_entry(one) for one in entries]})


def status() -> dict[str, Any]:
    """HSM session, key labels, expiries, as the process says. PROCESS_AWAY."""
    answer = ask("GET", "/status")
    return answer if isinstance(answer, dict) else {}


def authority(name: str) -> bytes:
    """The DER of `root` or `ca`, as everybody may fetch it. PROCESS_AWAY."""
    try:
        answer = _client(str(settings.PLACES.run / SOCKET)).get(f"/pki/{name}.cer")
    except httpx.HTTPError as problem:
        raise YunhaiError(PROCESS_AWAY) from problem
    if not answer.is_success:
        raise YunhaiError(PROCESS_AWAY)
    return answer.content


def _entry(one: Status) -> dict[str, Any]:
    return {
        "serial": one.serial.hex(),
        "status": one.status,
        "reason": one.reason,
        "at": one.at_ms,
        "not_after": one.not_after_ms,
    }


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _bytes(answer: Any, name: str) -> bytes:
    try:
        return base64.b64decode(answer[name], validate=True)
    except (KeyError, TypeError, ValueError) as problem:
        raise YunhaiError(PROCESS_ANSWER, reason=f"no {name}") from problem
