"""Renewal of the issuing CA 簽發憑證更新: the root's key comes out of the safe, signs one certificate, and goes back.

The new certificate is over the same key in the HSM, under the same name, so whatever was signed stays right by the old one and
by the new one: leaves, lists, status answers, time stamps, evidence files with the old certificate inside. Only its serial number
and its times are new. The root's key is opened in this process's memory by both witnesses' halves, is found to be the root's, and
is written nowhere. A running trust process takes the new certificate up by itself within half a minute.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from asn1crypto import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import load_der_x509_certificate

from yunhai import __version__
from yunhai.apps.trust.ca import CA_LABEL, Clock, armoured, utc_now, write
from yunhai.apps.trust.ceremony import ROOT_KEY_FILE, Say, issuing_certificate, pass_phrase, require_witnesses
from yunhai.apps.trust.folder import TrustPlaces
from yunhai.apps.trust.hsm import Hsm
from yunhai.apps.trust.token_words import Info
from yunhai.kernel.errors import YunhaiError
from yunhai.trading.trust import profiles
from yunhai.trading.trust.process_errors import (
    CA_MISSING,
    HSM_FAILED,
    NOTHING_TO_RENEW,
    ROOT_KEY_MISSING,
    ROOT_KEY_OTHER,
    ROOT_KEY_SHUT,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`witnesses` the two names, `halves` the pass phrase's as they typed them, in the first ceremony's order; `safe` the
    medium's folder."""

    witnesses: tuple[str, ...]
    safe: Path
    halves: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Renewed:
    """What came of it. `before`, `issuing` the issuing CA's certificates, DER; `kept` where the one before stands now."""

    root: bytes
    before: bytes
    issuing: bytes
    token: Info
    kept: Path
    file: Path
    minutes: str = ""
    steps: list[tuple[datetime, str, str]] = field(default_factory=list)


async def renew(at: TrustPlaces, hsm: Hsm, plan: Plan, *, say: Say, now: Clock = utc_now) -> Renewed:
    """Renew the issuing CA's certificate. WITNESSES, CA_MISSING, ROOT_KEY_MISSING, ROOT_KEY_SHUT, ROOT_KEY_OTHER,
    NOTHING_TO_RENEW, the HSM's errors; of one that failed nothing is kept."""
    require_witnesses(plan.witnesses)
    if not (at.root.is_file() and at.authority.is_file()):
        raise YunhaiError(CA_MISSING)
    root, before = at.root.read_bytes(), at.authority.read_bytes()
    steps: list[tuple[datetime, str, str]] = []

    def step(zh: str, en: str) -> None:
        steps.append((now(), zh, en))
        say(f"{zh} {en}")

    token = await hsm.ping()
    point = await _standing_key(hsm, before)
    step(f"已連線至 HSM：{token.model}（{token.serial}），簽發金鑰在內", "HSM session open, the issuing key is in it")
    key = _opened(plan, root)
    step("根金鑰已由兩半通行碼開啟，且為本根憑證之金鑰", "Root key opened with both halves, and it is the root's")
    issuing = issuing_certificate(key, root, point, now())
    del key
    _require_better(root, before, issuing)
    step("根金鑰已簽發新的簽發憑證機構憑證", "The root signed the issuing CA's new certificate")
    number = profiles.serial_bytes(x509.Certificate.load(before).serial_number).hex()[:16]
    kept = at.folder / f"ca-{number}.cer"
    file = at.folder / f"renewal-{steps[0][0]:%Y%m%d-%H%M%S}.md"
    made = Renewed(root=root, before=before, issuing=issuing, token=token, kept=kept, file=file, steps=steps)
    made.minutes = minutes(made, plan)
    write(kept, before, 0o644)
    write(file, made.minutes.encode(), 0o644)
    write(at.chain, armoured(issuing) + armoured(root), 0o644)
    write(at.authority, issuing, 0o644)  # last: with it the renewal is done
    return made


async def _standing_key(hsm: Hsm, certificate: bytes) -> bytes:
    """The issuing key's point. HSM_FAILED if it is not the certificate's, or could leave the token."""
    point = await hsm.point(CA_LABEL)
    if profiles.point_of_info(x509.Certificate.load(certificate).public_key.dump()) != point:
        raise YunhaiError(
            HSM_FAILED, reason="its key is not the issuing CA's", reason_zh="其中之金鑰不是簽發憑證機構的"
        )
    if not await hsm.sealed(CA_LABEL):
        raise YunhaiError(HSM_FAILED, reason="the issuing key could leave the token", reason_zh="簽發金鑰可被匯出")
    return point


def _opened(plan: Plan, root: bytes) -> ec.EllipticCurvePrivateKey:
    """The root's key. ROOT_KEY_MISSING, ROOT_KEY_SHUT, ROOT_KEY_OTHER."""
    path = plan.safe / ROOT_KEY_FILE
    try:
        content = path.read_bytes()
    except OSError:
        raise YunhaiError(ROOT_KEY_MISSING, path=path) from None
    try:
        key = serialization.load_pem_private_key(content, pass_phrase(tuple(half_of(one) for one in plan.halves)))
    except (ValueError, TypeError):
        raise YunhaiError(ROOT_KEY_SHUT) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or (
        key.public_key() != load_der_x509_certificate(root).public_key()
    ):
        raise YunhaiError(ROOT_KEY_OTHER)
    return key


def half_of(typed: str) -> str:
    """A half as it was shown, whatever spaces, hyphens and small letters it was typed with."""
    text = "".join(one for one in typed.upper() if one.isalnum())
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _require_better(root: bytes, before: bytes, issuing: bytes) -> None:
    """The new one is the root's and lives longer. NOTHING_TO_RENEW."""
    found = load_der_x509_certificate(issuing)
    found.verify_directly_issued_by(load_der_x509_certificate(root))
    if found.not_valid_after_utc <= load_der_x509_certificate(before).not_valid_after_utc + timedelta(days=1):
        raise YunhaiError(NOTHING_TO_RENEW, until=found.not_valid_after_utc.date().isoformat())


def minutes(made: Renewed, plan: Plan) -> str:
    """The minutes, Markdown, Chinese first. They hold no secret."""
    before, after = x509.Certificate.load(made.before), x509.Certificate.load(made.issuing)
    token = made.token
    lines = [
        "# 簽發憑證更新紀錄 Minutes of the issuing CA's renewal",
        "",
        f"日期 Date: {made.steps[0][0].isoformat(timespec='seconds')}  ",
        f"見證人 Witnesses: {plan.witnesses[0]} · {plan.witnesses[1]}  ",
        f"程式 Program: yunhai {__version__}  ",
        f"HSM: {token.manufacturer} · {token.model} · {token.serial} · {token.library}"
        + ("（軟體 HSM，僅供測試與示範 software HSM: tests and demonstrations only）" if token.software else ""),
        "",
        "| 時間 time | 步驟 | step |",
        "| --- | --- | --- |",
        *(f"| {moment.isoformat(timespec='seconds')} | {zh} | {en} |" for moment, zh, en in made.steps),
        "",
        "| 憑證 certificate | 至 until | SHA-256 |",
        "| --- | --- | --- |",
        f"| 根憑證 root | {_until(made.root)} | `{hashlib.sha256(made.root).hexdigest()}` |",
        f"| 前 before, {_number(before)} | {_until(made.before)} | `{hashlib.sha256(made.before).hexdigest()}` |",
        f"| 新 new, {_number(after)} | {_until(made.issuing)} | `{hashlib.sha256(made.issuing).hexdigest()}` |",
        "",
        "金鑰不變：已簽發之憑證、清冊、回應、時戳與證據，以新舊憑證皆可驗證。根金鑰未留在伺服器上。",
        "The key is the same: what was issued and signed verifies by both certificates. The root's key did not stay here.",
        "",
        *(f"簽名 Signature: ____________________  {name}" for name in plan.witnesses),
        "",
    ]
    return "\n".join(lines)


def _until(certificate: bytes) -> str:
    return load_der_x509_certificate(certificate).not_valid_after_utc.date().isoformat()


def _number(certificate: x509.Certificate) -> str:
    return profiles.serial_bytes(certificate.serial_number).hex()
