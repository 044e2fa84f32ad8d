"""The evidence file 證據檔 (`*.yhe`): how it is written, and how it is taken apart again, byte for byte.

One JSON object, a member a line, in one order; bytes are base64, hashes hexadecimal. There is one encoding: what is read is
encoded again and must be the same, so that no byte can differ without meaning something else. `sums` holds a SHA-256 of every
member, `check` one of everything before it: not against a forger, who can make them anew and is met by the proofs inside, but
so that damage is named, with the member and its bytes, before anything is believed.

The first seven members are the **bundle**, made when the order had its stamp and its status. Its hash is what the seal in the
journal says. `journal`, `seal`, `checkpoint` and `revocation` are the proof of their places, added at export.

Of the journal a file holds three records at most: the instruction's, its seal's and its certificate's revocation. All that
stood beside them is a hash, salted with what never leaves the journal (docs/reference/journal-format.md).
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import EVIDENCE_BYTES_MAX
from yunhai.trading.trust.errors import EVIDENCE_DAMAGED, EVIDENCE_MALFORMED

FORMAT: Final = "yunhai-evidence-2"
BUNDLE: Final = ("format", "text", "cms", "certificates", "ocsp", "crl", "record")
MEMBERS: Final = (*BUNDLE, "journal", "seal", "checkpoint", "revocation", "sums", "check")
MEDIA_TYPE: Final = "application/vnd.yunhai.evidence+json"
SUFFIX: Final = ".yhe"
_SUMMED: Final = MEMBERS[:-2]
_HASH_CHARACTERS: Final = 64
Shape = TypeVar("Shape")


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A member that is an object."""


class Step(_Part, frozen=True, kw_only=True):
    """A commit group's part of one tenant: its first sequence, how many slots the tenant has in it, and their digest."""

    first: int
    count: int
    digest: str


class Leaf(_Part, frozen=True, kw_only=True):
    """Where in a tenant's part of a group a record stands: `step` which of the steps (from 0), leaf `at` of `of`, its `salt`, and
    the hashes beside its way up (`path`, from below)."""

    step: int
    at: int
    of: int
    salt: str
    path: tuple[str, ...]


class Place(_Part, frozen=True, kw_only=True):
    """Where the record stands: journal id, tenant, sequence, the tenant's chain before its group (`head`), every group with
    records of the tenant from there to the checkpoint, and the record's `leaf` in the first of them."""

    id: str
    tenant: int
    sequence: int
    head: str
    steps: tuple[Step, ...]
    leaf: Leaf


class Seal(_Part, frozen=True, kw_only=True):
    """The fact 110 that sealed the bundle: its sequence, its slots (base64) and its `leaf` among the steps of `journal`."""

    sequence: int
    record: str
    leaf: Leaf


class Revocation(_Part, frozen=True, kw_only=True):
    """The fact 11 by which the signer's certificate was revoked or held before the signature was stamped: `record` its slots, and
    its own place, as `Place` says it, in the chain of its tenant (0, the platform's)."""

    tenant: int
    sequence: int
    record: str
    head: str
    steps: tuple[Step, ...]
    leaf: Leaf


class Anchor(_Part, frozen=True, kw_only=True):
    """A checkpoint of the journal: its statement, as `yunhai.journal.checkpoints` writes it, and a time stamp over it (base64)."""

    statement: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What is sealed. `text` canonical; `cms` with its time stamp; `certificates` the signer's and its issuer's; `ocsp` an answer,
    `crl` a list or empty; `record` the slots of fact 256 (320 bytes). Everything DER but text and record."""

    text: bytes
    cms: bytes
    certificates: tuple[bytes, ...]
    ocsp: bytes
    crl: bytes
    record: bytes

    def encoded(self) -> bytes:
        """The file's first lines, as they are sealed and kept."""
        values = (
            FORMAT,
            text_of(self.text),
            text_of(self.cms),
            [text_of(one) for one in self.certificates],
            text_of(self.ocsp),
            text_of(self.crl),
            text_of(self.record),
        )
        return b"".join(_line(name, msgspec.json.encode(value)) for name, value in zip(BUNDLE, values, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A whole file's content. `spans` the first and the last byte of each member's value, in a file that was read."""

    bundle: Bundle
    sealed: bytes
    journal: Place
    seal: Seal
    checkpoint: Anchor
    revocation: Revocation | None
    spans: dict[str, tuple[int, int]]


def text_of(raw: bytes) -> str:
    """Base64."""
    return base64.b64encode(raw).decode()


def _line(name: str, value: bytes) -> bytes:
    begin = b"{" if name == MEMBERS[0] else b""
    end = b"}\n" if name == MEMBERS[-1] else b",\n"
    return b'%s"%s":%s%s' % (begin, name.encode(), value, end)


def encode(
    sealed: bytes, journal: Place, seal: Seal, checkpoint: Anchor, revocation: Revocation | None = None
) -> bytes:
    """The file. `sealed` is a bundle as `Bundle.encoded` gave it; `revocation` where `evidence.require_bundle` asked for one."""
    body = sealed + b"".join(
        _line(name, msgspec.json.encode(value))
        for name, value in zip(MEMBERS[len(BUNDLE) : -2], (journal, seal, checkpoint, revocation), strict=True)
    )
    values = {name: value for name, (_, value) in _lines(body, _SUMMED).items()}
    body += _line("sums", _sums(values))
    return body + _line("check", msgspec.json.encode(hashlib.sha256(body).hexdigest()))


def _sums(values: dict[str, bytes]) -> bytes:
    return msgspec.json.encode({name: hashlib.sha256(values[name]).hexdigest() for name in _SUMMED})


# --- reading -----------------------------------------------------------------------------------------------------------


def _malformed(member: str, span: tuple[int, int], english: str, chinese: str) -> YunhaiError:
    return YunhaiError(
        EVIDENCE_MALFORMED, member=member, first=span[0], last=span[1], reason=english, reason_zh=chinese
    )


def _lines(file: bytes, names: tuple[str, ...]) -> dict[str, tuple[int, bytes]]:
    """(offset of the value, the value) by member. EVIDENCE_MALFORMED at the first line that is not as it must be."""
    found: dict[str, tuple[int, bytes]] = {}
    at = 0
    for number, name in enumerate(names):
        frame = _line(name, b"")
        begin, end = frame[: frame.index(b":") + 1], frame[frame.index(b":") + 1 :]
        stop = file.find(b"\n", at)
        line = file[at : stop + 1] if stop >= 0 else file[at:]
        if not line.startswith(begin) or not line.endswith(end) or len(line) < len(begin) + len(end):
            raise _malformed(
                name, (at, at + max(0, len(line) - 1)), "its line is not in the file's form", "該行不符檔案格式"
            )
        value = line[len(begin) : len(line) - len(end)]
        merged = value.find(b'"%s":' % names[number + 1].encode()) if number + 1 < len(names) else -1
        if merged >= 0:
            lost = at + len(begin) + merged - 1
            raise _malformed(name, (lost, lost), "the line's end is not there", "缺少換行")
        found[name] = (at + len(begin), value)
        at += len(line)
    if at != len(file):
        raise _malformed(names[-1], (at, len(file) - 1), "something follows the end", "結尾之後另有資料")
    return found


def decode(file: bytes) -> Evidence:
    """What a file holds, whole and undamaged; nothing of it is proven yet.

    EVIDENCE_MALFORMED or EVIDENCE_DAMAGED with `member`, `first` and `last`: the member that is not as it was written, and its
    bytes, from 0.
    """
    if len(file) > EVIDENCE_BYTES_MAX:
        raise _malformed("check", (EVIDENCE_BYTES_MAX, len(file) - 1), "too large", "過大")
    lines = _lines(file, MEMBERS)
    spans = {name: (at, at + len(value) - 1) for name, (at, value) in lines.items()}
    values = {name: value for name, (_, value) in lines.items()}
    _require_whole(file, values, spans)

    def read(name: str, kind: type[Shape]) -> Shape:
        try:
            value = msgspec.json.decode(values[name], type=kind)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            raise _malformed(name, spans[name], "not of its shape", "結構不符") from None
        if msgspec.json.encode(value) != values[name]:
            raise _malformed(name, spans[name], "not in its one encoding", "不是唯一編碼")
        return value

    def raw(name: str, text: str) -> bytes:
        return unpacked(text, name, spans[name])

    if read("format", str) != FORMAT:
        raise _malformed("format", spans["format"], "another format", "格式不同")
    bundle = Bundle(
        text=raw("text", read("text", str)),
        cms=raw("cms", read("cms", str)),
        certificates=tuple(raw("certificates", one) for one in read("certificates", list[str])),
        ocsp=raw("ocsp", read("ocsp", str)),
        crl=raw("crl", read("crl", str)),
        record=raw("record", read("record", str)),
    )
    return Evidence(
        bundle=bundle,
        sealed=b"".join(_line(name, values[name]) for name in BUNDLE),
        journal=read("journal", Place),
        seal=read("seal", Seal),
        checkpoint=read("checkpoint", Anchor),
        revocation=None if values["revocation"] == b"null" else read("revocation", Revocation),
        spans=spans,
    )


def unpacked(text: str, member: str, span: tuple[int, int]) -> bytes:
    """The bytes of base64 in its one encoding. EVIDENCE_MALFORMED."""
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _malformed(member, span, "not base64", "不是 base64") from None
    if text_of(found) != text:
        raise _malformed(member, span, "base64 that is not in its one encoding", "base64 不是唯一編碼")
    return found


def _require_whole(file: bytes, values: dict[str, bytes], spans: dict[str, tuple[int, int]]) -> None:
    """EVIDENCE_DAMAGED, with the member, unless `check` and `sums` are of these very bytes."""
    body = file[: spans["check"][0] - len(b'"check":')]
    said = _text(values["check"])
    right = _sums(values)
    if said == hashlib.sha256(body).hexdigest() and values["sums"] == right:
        return
    named = "check"
    try:
        stated: dict[str, Any] = msgspec.json.decode(values["sums"], type=dict[str, str])
    except (msgspec.MsgspecError, ValueError):
        stated = {}
    made_good = body[: spans["sums"][0]] + right + body[spans["sums"][1] + 1 :]
    if hashlib.sha256(made_good).hexdigest() == said or list(stated) != list(_SUMMED):
        named = "sums"
    else:
        named = next(
            (name for name in _SUMMED if stated[name] != hashlib.sha256(values[name]).hexdigest()),
            "sums" if values["sums"] != right else "check",
        )
    first, last = spans[named]
    raise YunhaiError(EVIDENCE_DAMAGED, member=named, first=first, last=last)


def _text(value: bytes) -> str:
    try:
        found = msgspec.json.decode(value, type=str)
    except (msgspec.MsgspecError, ValueError):
        return ""
    return found if len(found) == _HASH_CHARACTERS and msgspec.json.encode(found) == value else ""
