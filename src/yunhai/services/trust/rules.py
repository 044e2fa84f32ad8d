"""What is decided without a database: which profile a key gets, what a registration needs, when a certificate is renewed."""

import base64
import binascii
import hashlib
import re
import secrets
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import (
    ACTIVATION_HASHES_MAX,
    CERTIFICATE_DAYS_MAX,
    DOCUMENT_REFERENCE_CHARACTERS_MAX,
    REGISTRATION_DOCUMENTS_MAX,
    RENEWAL_NOTICE_DAYS,
)
from yunhai.services.trust.errors import (
    DAYS_WRONG,
    DOCUMENTS_WRONG,
    HASHES_WRONG,
    ID_NUMBER_WRITTEN,
    NAME_OF_ANOTHER,
    PROFILE_NOT_FOR_KEY,
    REASON_UNKNOWN,
    TEXT_WRONG,
)
from yunhai.trading.instructions import FIELDS, VERSION_LINE, signed_attributes
from yunhai.trading.trust.profiles import PROFILES, Profile

DOCUMENTS: Final = ("id_card", "passport", "resident_certificate", "second_document", "company_registration", "mandate")
"""Kinds of identity documents; what they are called stands with the pages."""
REASONS: Final[Mapping[str, int]] = {
    "unspecified": 0,
    "key_compromise": 1,
    "affiliation_changed": 3,
    "superseded": 4,
    "cessation": 5,
    "hold": 6,
    "privilege_withdrawn": 9,
}
"""Why a certificate is revoked, RFC 5280 §5.3.1; `hold` may be taken back."""
KEY_COMPROMISE: Final = 1
HOLD: Final = 6
PRIVILEGE_WITHDRAWN: Final = 9
OF_THE_KEY: Final = (KEY_COMPROMISE, PRIVILEGE_WITHDRAWN)
"""Reasons that speak of the key or its person: every certificate over the key goes, not one alone."""
SIDES: Final[Mapping[str, int]] = {"person": 0, "key": 0, "desk": 1, "operator": 2}
"""Who revokes or holds; what a higher side did, a lower one does not undo."""
CLERK_ROLES: Final = frozenset({"sales", "keyin"})
INTERFACES: Final = ("broker", "software", "line")
PROGRAM_KINDS: Final = frozenset({"program", "investor"})
"""Registrations that a program's key may rest on; a clerk's alone does not carry it."""
_ID_SHAPE: Final = re.compile(r"(?<![A-Z0-9])[A-Z][- ]?[A-Z0-9](?:[- ]?\d){8}(?![- ]?\d)")
_ID_RUN: Final = re.compile(r"(?=([A-Z][1289]\d{8}))")
_ID_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVXYWZIO"
"""In the order of their numbers, from 10, as ID numbers count them."""
_ID_WEIGHTS: Final = (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)
_ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An identity document by reference: its kind, where the copy is kept, the day it was looked at (YYYY-MM-DD)."""

    kind: str
    reference: str
    checked_on: str

    def as_json(self) -> dict[str, str]:
        return {"kind": self.kind, "reference": self.reference, "checked_on": self.checked_on}


def checked_documents(documents: Iterable[Mapping[str, Any]], *, today: date) -> list[Document]:
    """DOCUMENTS_WRONG unless each has a known kind, a reference that holds no ID number, and a day that is not to come."""
    found = list(documents)
    wrong = YunhaiError(DOCUMENTS_WRONG, most=REGISTRATION_DOCUMENTS_MAX)
    if not 0 < len(found) <= REGISTRATION_DOCUMENTS_MAX:
        raise wrong
    made = []
    for one in found:
        kind, reference = str(one.get("kind", "")), str(one.get("reference", "")).strip()
        try:
            day = date.fromisoformat(str(one.get("checked_on", "")))
        except ValueError:
            raise wrong from None
        if kind not in DOCUMENTS or not 0 < len(reference) <= DOCUMENT_REFERENCE_CHARACTERS_MAX or day > today:
            raise wrong
        if looks_like_an_id(reference):
            raise wrong
        made.append(Document(kind=kind, reference=reference, checked_on=day.isoformat()))
    return made


def looks_like_an_id(text: str) -> bool:
    """Whether a Taiwanese ID number may stand anywhere in a text: standing alone, whatever has its shape (a letter and nine
    digits, or two letters and eight, with hyphens or spaces); run together with more, one whose check digit is right."""
    plain = unicodedata.normalize("NFKC", text).upper()
    return bool(_ID_SHAPE.search(plain)) or any(_check_digit_right(one) for one in _ID_RUN.findall(plain))


def _check_digit_right(number: str) -> bool:
    digits = f"{_ID_LETTERS.index(number[0]) + 10}{number[1:]}"
    return sum(int(digit) * weight for digit, weight in zip(digits, _ID_WEIGHTS, strict=True)) % 10 == 0


def checked_note(note: str) -> str:
    """A note's first 200 characters. ID_NUMBER_WRITTEN if it may hold one."""
    if looks_like_an_id(note):
        raise YunhaiError(ID_NUMBER_WRITTEN)
    return note[:200]


def checked_name(name: str, *, code: str) -> str:
    """The common name of a broker's interface: its code, or its code, a hyphen and more. NAME_OF_ANOTHER."""
    if name != code and not name.startswith(f"{code}-"):
        raise YunhaiError(NAME_OF_ANOTHER, code=code)
    return name


def may_release(revoker: str, *, side: str) -> bool:
    """Whether a side (person, desk, operator) may end a hold: its own, and the operator any."""
    return side in (revoker, "operator")


def new_pseudonym() -> str:
    """What certificates call a person: `YH-` and twelve legible characters, 60 random bits."""
    return "YH-" + "".join(secrets.choice(_ALPHABET) for _ in range(12))


def profile_of_key(kind: str, registrations: Iterable[str], *, wanted: str = "") -> str:
    """The profile of a certificate over a key of `kind` (device, api, clerk, cloud), by what its person is registered as.

    A clerk's device signs as a clerk unless they are an investor too and ask for that. PROFILE_NOT_FOR_KEY."""
    kinds = set(registrations)
    possible = []
    if kind == "api":
        possible = ["api"] if kinds & PROGRAM_KINDS else []
    elif kind == "clerk":
        possible = ["clerk"] if "clerk" in kinds else []
    else:
        possible = [one for one in ("investor", "clerk") if one in kinds]
    if wanted and wanted not in possible:
        raise YunhaiError(PROFILE_NOT_FOR_KEY, profile=wanted)
    if not possible:
        raise YunhaiError(PROFILE_NOT_FOR_KEY, profile=wanted or kind)
    return wanted or possible[0]


def carried(profile: str, registrations: Iterable[str]) -> bool:
    """Whether registrations of these kinds carry a certificate of a person's profile."""
    kinds = set(registrations)
    return bool(kinds & {"api": PROGRAM_KINDS, "document": kinds}.get(profile, {profile}))


def reason_number(word: str) -> int:
    """The number of a reason. REASON_UNKNOWN."""
    if word not in REASONS:
        raise YunhaiError(REASON_UNKNOWN, reason=word)
    return REASONS[word]


def reason_word(number: int) -> str:
    """The word of a reason's number."""
    return next((word for word, one in REASONS.items() if one == number), "unspecified")


def days_of(profile: str, chosen: Mapping[str, int]) -> int:
    """How long a certificate of a profile lives: as the operator chose, else as the profile says."""
    return chosen.get(profile) or PROFILES[Profile(profile)].days


def checked_days(days: int) -> int:
    """DAYS_WRONG unless within the bounds."""
    if not 1 <= days <= CERTIFICATE_DAYS_MAX:
        raise YunhaiError(DAYS_WRONG, most=CERTIFICATE_DAYS_MAX)
    return days


def renewable(not_after: datetime, now: datetime) -> bool:
    """Whether a certificate is in its last RENEWAL_NOTICE_DAYS."""
    return not_after - timedelta(days=RENEWAL_NOTICE_DAYS) <= now


# --- hashes and signatures ---------------------------------------------------------------------------------------------


def checked_hashes(hashes: Sequence[str]) -> list[bytes]:
    """SHA-256 hashes of their base64 (either alphabet). HASHES_WRONG unless 1 to the most, different, 32 bytes each."""
    wrong = YunhaiError(HASHES_WRONG, most=ACTIVATION_HASHES_MAX)
    if not 0 < len(hashes) <= ACTIVATION_HASHES_MAX:
        raise wrong
    made = []
    for text in hashes:
        raw = from_base64(text)
        if raw is None or len(raw) != hashlib.sha256().digest_size:
            raise wrong
        made.append(raw)
    if len(set(made)) != len(made):
        raise wrong
    return made


def from_base64(text: object) -> bytes | None:
    """The bytes of base64 of either alphabet, padded or not; None of anything else."""
    if not isinstance(text, str) or len(text) > 1_000 or not text.isascii():
        return None
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def order_hash(text: bytes, *, key: int) -> bytes:
    """What is signed for an instruction's canonical text: SHA-256 of its signed attributes. TEXT_WRONG unless it is one, to
    be signed with `key`."""
    lines = text.split(b"\n")
    names = [line.partition(b"=")[0].decode("ascii", "replace") for line in lines[1:-1]]
    if lines[0] != VERSION_LINE.encode() or lines[-1] or tuple(names) != FIELDS:
        raise YunhaiError(TEXT_WRONG)
    if lines[1 + FIELDS.index("key")] != f"key={key}".encode():
        raise YunhaiError(TEXT_WRONG)
    return hashlib.sha256(signed_attributes(text)).digest()


def summary_of(text: bytes) -> str:
    """A line about a canonical text, for the list of signatures: the fields that say what was ordered."""
    shown = ("action", "order", "code", "side", "price", "quantity", "account")
    fields = dict(line.partition("=")[::2] for line in text.decode("utf-8", "replace").split("\n")[1:-1])
    return " ".join(f"{name}={fields[name]}" for name in shown if fields.get(name))[:200]


def plain_signature(signature: bytes) -> bytes:
    """r ‖ s, 64 bytes, of a P-256 signature in either form. ValueError."""
    if len(signature) == 64:
        return signature
    first, second = decode_dss_signature(signature)
    return first.to_bytes(32, "big") + second.to_bytes(32, "big")


def der_signature(signature: bytes) -> bytes:
    """The DER of (r, s) of a P-256 signature in either form."""
    raw = plain_signature(signature)
    return encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))


# --- OAuth -------------------------------------------------------------------------------------------------------------


def sha256_hex(text: str) -> str:
    """How a code or token is kept."""
    return hashlib.sha256(text.encode()).hexdigest()


def challenge_of(verifier: str) -> str:
    """PKCE's S256 of a verifier (RFC 7636 §4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii", "replace")).digest()).rstrip(b"=").decode()


assert set(INTERFACES) | {"investor", "clerk", "document", "api"} < {one.value for one in Profile}
