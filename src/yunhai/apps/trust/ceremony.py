"""The key ceremony 金鑰儀式: root, issuing CA, the root's key into the safe, and minutes that two people sign.

Once in the life of an installation. The issuing CA's key is made in the HSM. The root's key (P-384) is made in this process's
memory, signs two certificates, and leaves encrypted under a pass phrase of two halves, one for each witness: neither opens it
alone. It is written nowhere else, and opened once again from where it was written before the ceremony ends. Afterwards the
process ends; Python cannot wipe memory for certain, so a ceremony in earnest is held on a machine without swap that is
switched off afterwards (docs/guides/key-ceremony.md).
"""

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from asn1crypto import x509
from cryptography import __version__ as library
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA384

from yunhai import __version__
from yunhai.apps.trust.ca import CA_LABEL, EARLY, Clock, armoured, utc_now, write
from yunhai.apps.trust.folder import TrustPlaces
from yunhai.apps.trust.hsm import Hsm
from yunhai.apps.trust.token_words import Info
from yunhai.kernel.errors import YunhaiError
from yunhai.trading.trust import profiles
from yunhai.trading.trust.process_errors import CEREMONY_DONE, HSM_FAILED, KEY_UNKNOWN, SAFE_NOT_APART, WITNESSES

ROOT_KEY_FILE: Final = "yunhai-root-key.pem"
HALF_BYTES: Final = 20
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`witnesses` two names; `safe` the folder of a medium that leaves, None: a demonstration, the root's key is thrown away."""

    witnesses: tuple[str, ...]
    safe: Path | None


@dataclass(slots=True, kw_only=True)
class Held:
    """What came of it. `halves` of the pass phrase, by witness; empty of a demonstration. `minutes` is the text."""

    root: bytes
    issuing: bytes
    token: Info
    minutes: str = ""
    halves: tuple[str, ...] = ()
    steps: list[tuple[datetime, str, str]] = field(default_factory=list)


async def hold(at: TrustPlaces, hsm: Hsm, plan: Plan, *, say: Say, now: Clock = utc_now) -> Held:
    """Hold the ceremony. WITNESSES, CEREMONY_DONE, SAFE_NOT_APART, the HSM's errors; nothing is kept of one that failed but
    perhaps the issuing key in the token, which the next one takes up."""
    _require(at, plan)
    at.make()
    steps: list[tuple[datetime, str, str]] = []

    def step(zh: str, en: str) -> None:
        steps.append((now(), zh, en))
        say(f"{zh} {en}")

    token = await hsm.ping()
    kind = (
        ("，軟體 HSM，僅供測試與示範", ", a software HSM for tests and demonstrations") if token.software else ("", "")
    )
    step(f"已連線至 HSM：{token.model}（{token.serial}）{kind[0]}", f"HSM session open{kind[1]}")
    point, taken_up = await _issuing_key(hsm)
    was = ("沿用前次未完成儀式的", "taken up from an unfinished ceremony") if taken_up else ("新製", "made")
    step(f"簽發金鑰於 HSM 內{was[0]}（P-256，不可匯出）", f"Issuing key {was[1]} in the HSM (P-256, not extractable)")
    key = ec.generate_private_key(ec.SECP384R1())
    root = _root(key, now())
    step("根金鑰（P-384）與根憑證已製", "Root key (P-384) and root certificate made")
    issuing = issuing_certificate(key, root, point, now())
    step("根金鑰已簽發簽發憑證機構之憑證", "The root signed the issuing CA's certificate")
    halves: tuple[str, ...] = ()
    exported = b""
    if plan.safe is not None:
        halves = (_half(), _half())
        exported = _exported(key, plan.safe, halves)
        step("根金鑰已加密匯出，並以兩半通行碼開啟核對", "Root key exported encrypted, opened again with both halves")
    else:
        step("示範：根金鑰未匯出，即行拋棄", "Demonstration: the root key was not exported and is thrown away")
    del key
    held = Held(root=root, issuing=issuing, token=token, halves=halves, steps=steps)
    held.minutes = minutes(held, plan, exported)
    write(at.chain, armoured(issuing) + armoured(root), 0o644)
    write(at.authority, issuing, 0o644)
    write(at.minutes, held.minutes.encode(), 0o644)
    write(at.root, root, 0o644)  # last: with it the ceremony is done
    return held


def require_witnesses(witnesses: tuple[str, ...]) -> None:
    """WITNESSES unless they are two different names."""
    names = {one.strip().casefold() for one in witnesses if one.strip()}
    if len(names) != 2 or len(witnesses) != 2:
        raise YunhaiError(WITNESSES)


def _require(at: TrustPlaces, plan: Plan) -> None:
    require_witnesses(plan.witnesses)
    if at.root.exists():
        held_at = datetime.fromtimestamp(at.root.stat().st_mtime).astimezone().isoformat(timespec="minutes")
        raise YunhaiError(CEREMONY_DONE, at=held_at)
    if plan.safe is None:
        return
    safe, home = plan.safe.resolve(), at.places.home.resolve()
    if not safe.is_dir():
        raise YunhaiError(SAFE_NOT_APART, path=safe, reason="it is not a folder", reason_zh="不是資料夾")
    if safe == home or home in safe.parents:
        raise YunhaiError(
            SAFE_NOT_APART, path=safe, reason="it is inside YUNHAI_HOME", reason_zh="位於 YUNHAI_HOME 之內"
        )
    if (safe / ROOT_KEY_FILE).exists():
        raise YunhaiError(SAFE_NOT_APART, path=safe, reason="it has a root key already", reason_zh="已有一把根金鑰")


async def _issuing_key(hsm: Hsm) -> tuple[bytes, bool]:
    """(the issuing key's point, whether it was there already)."""
    try:
        point, taken_up = await hsm.point(CA_LABEL), True
    except YunhaiError as problem:
        if problem.code != KEY_UNKNOWN:
            raise
        point, taken_up = await hsm.make(CA_LABEL), False
    if not await hsm.sealed(CA_LABEL):
        raise YunhaiError(HSM_FAILED, reason="the issuing key could leave the token", reason_zh="簽發金鑰可被匯出")
    return point, taken_up


def _root(key: ec.EllipticCurvePrivateKey, now: datetime) -> bytes:
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    tbs = profiles.build_root(
        public,
        serial=profiles.new_serial(),
        not_before=now - EARLY,
        not_after=now + timedelta(days=profiles.ROOT_DAYS),
    )
    return profiles.assembled(tbs, key.sign(tbs, ec.ECDSA(SHA384())))


def issuing_certificate(key: ec.EllipticCurvePrivateKey, root: bytes, point: bytes, now: datetime) -> bytes:
    """The issuing CA's certificate over `point`, signed by the root's `key`; it ends with the root at the latest."""
    signer = x509.Certificate.load(root)
    tbs = profiles.build_issuing(
        profiles.info_of_point(point),
        root=signer,
        serial=profiles.new_serial(),
        not_before=now - EARLY,
        not_after=min(now + timedelta(days=profiles.ISSUING_DAYS), signer.not_valid_after),
    )
    return profiles.assembled(tbs, key.sign(tbs, ec.ECDSA(SHA384())))


def _half() -> str:
    """160 random bits in groups of four letters: one witness's half of the pass phrase."""
    text = base64.b32encode(secrets.token_bytes(HALF_BYTES)).decode()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def pass_phrase(halves: tuple[str, ...]) -> bytes:
    """What opens the export: both halves, the first witness's first."""
    return "/".join(halves).encode()


def _exported(key: ec.EllipticCurvePrivateKey, safe: Path, halves: tuple[str, ...]) -> bytes:
    """Write the encrypted key, read it back, open it; its bytes. 320 random bits make the derivation's rounds matter little."""
    content = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(pass_phrase(halves)),
    )
    path = safe / ROOT_KEY_FILE
    write(path, content, 0o400)
    opened = serialization.load_pem_private_key(path.read_bytes(), pass_phrase(halves))
    if not isinstance(opened, ec.EllipticCurvePrivateKey) or opened.public_key() != key.public_key():
        path.unlink()
        raise YunhaiError(
            SAFE_NOT_APART, path=safe, reason="what was written is not the key", reason_zh="寫入內容與金鑰不符"
        )
    return content


def minutes(held: Held, plan: Plan, exported: bytes) -> str:
    """The minutes, Markdown, Chinese first. They hold no secret."""
    root, issuing = x509.Certificate.load(held.root), x509.Certificate.load(held.issuing)
    lines = [
        "# 金鑰儀式紀錄 Minutes of the key ceremony",
        "",
        f"日期 Date: {held.steps[0][0].isoformat(timespec='seconds')}  ",
        f"見證人 Witnesses: {plan.witnesses[0]} · {plan.witnesses[1]}  ",
        f"程式 Program: yunhai {__version__}, cryptography {library}  ",
        f"HSM: {held.token.manufacturer} · {held.token.model} · {held.token.serial} · {held.token.library}"
        + ("（軟體 HSM，僅供測試與示範 software HSM: tests and demonstrations only）" if held.token.software else ""),
        "",
        "| 時間 time | 步驟 | step |",
        "| --- | --- | --- |",
        *(f"| {moment.isoformat(timespec='seconds')} | {zh} | {en} |" for moment, zh, en in held.steps),
        "",
        "| 物件 object | SHA-256 |",
        "| --- | --- |",
        f"| 根憑證 root certificate, {root.subject.human_friendly} | `{hashlib.sha256(held.root).hexdigest()}` |",
        f"| 簽發憑證 issuing CA, {issuing.subject.human_friendly} | `{hashlib.sha256(held.issuing).hexdigest()}` |",
    ]
    if exported:
        lines.append(
            f"| 加密之根金鑰 encrypted root key `{ROOT_KEY_FILE}` | `{hashlib.sha256(exported).hexdigest()}` |"
        )
        kept_zh = "根金鑰已加密匯出至保險箱媒體；通行碼分為兩半，由兩位見證人各持其一。伺服器上沒有根金鑰。"
        kept_en = (
            "The root key was exported, encrypted, to the medium for the safe; each witness holds one half of its pass "
            "phrase. It is not on the server."
        )
        lines += ["", kept_zh, kept_en]
    else:
        lines += [
            "",
            "示範：根金鑰未保存，不能再簽發。Demonstration: the root key was not kept and signs nothing more.",
        ]
    lines += ["", *(f"簽名 Signature: ____________________  {name}" for name in plan.witnesses), ""]
    return "\n".join(lines)
