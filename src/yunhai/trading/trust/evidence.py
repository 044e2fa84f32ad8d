"""Verification of evidence 證據驗證: a file and a root certificate, nobody else.

Eight steps, each proving one sentence; `verify` runs them all, tells each with its member and bytes, and stops believing where
one fails: what depends on it is not checked.

| step | proves |
| --- | --- |
| file | every byte is as it was written |
| record | the record of the instruction is whole, in the journal's form, of an accepted instruction, accepted when it was signed |
| text | the signed text is that record's, word for word |
| signature | the CMS holds that text and that very signature, by the key of the certificate inside |
| stamp | the time stamp is over that signature, by an authority beneath the root, and not before the acceptance |
| certificate | the certificate leads to the root at the stamped time and may sign instructions |
| status | its issuer's answer, no older than the acceptance, says that it was not revoked when it was stamped |
| journal | the record stands in the tenant's chain where it says; the seal, later in the chain, says this bundle's hash; and
  the chain arrives at the checkpoint, which the platform's own stamp for checkpoints holds fast |

A checkpoint's stamp is of `CHECKPOINT_POLICY`, by a certificate of profile checkpoint, which the trust process makes for nobody
outside. The public time-stamping authority stamps whatever anybody shows it: its tokens prove a time, never a place in the journal.
`Report.waited` tells how long after the acceptance the stamp came; what was revoked in that time is not told apart from what was
revoked before.

What it does not prove: that the person named by the pseudonym was who the desk saw (the registration's documents do), and
that nothing else was signed. The key's number in the text is bound to the certificate by the journal's facts (fact 11); in the
file by the signature itself, which no other key makes.
"""

import hashlib
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from yunhai.journal.checkpoints import Checkpoint
from yunhai.journal.facts import FACT_KIND, decode, slots_of
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import EVIDENCE_STEPS_MAX, JOURNAL_GROUP_SLOTS_MAX, SIGNATURE_AGE_SECONDS_MAX
from yunhai.kernel.records import RECORD, SIZE
from yunhai.native import _journal
from yunhai.trading import facts
from yunhai.trading.facts import EvidenceSealed
from yunhai.trading.instructions import ACCEPTED_FACT, INSTRUCTION, INSTRUCTION_BYTES, canonical, instruction_of
from yunhai.trading.trust import cms, forms, paths, profiles, stamps, status
from yunhai.trading.trust.errors import (
    BROKEN,
    EVIDENCE_ANCHOR,
    EVIDENCE_CHECKPOINT,
    EVIDENCE_JOURNAL,
    EVIDENCE_KEY,
    EVIDENCE_MALFORMED,
    EVIDENCE_RECORD,
    EVIDENCE_REVOKED,
    EVIDENCE_SEAL,
    EVIDENCE_TEXT,
    EVIDENCE_TIME,
    STATUS_TIME,
    STATUS_UNKNOWN,
    refused,
)
from yunhai.trading.trust.evidence_file import BUNDLE, Anchor, Bundle, Evidence, Place, Seal, unpacked
from yunhai.trading.trust.evidence_file import decode as decode_file
from yunhai.trading.trust.profiles import PROFILES, Profile, profile_of

CLOCKS: Final = timedelta(seconds=2)
"""How far the clocks of core and time stamping may differ."""
_SIGNED: Final = timedelta(seconds=SIGNATURE_AGE_SECONDS_MAX)
_SEQUENCES: Final = 1 << 64
_POLICIES: Final = {Profile.TSA: profiles.TSA_POLICY, Profile.CHECKPOINT: profiles.CHECKPOINT_POLICY}
_LINK: Final = struct.Struct("<QI")
_HASH_BYTES: Final = 32

STEPS: Final = (
    ("file", "檔案完整", "The file is whole"),
    ("record", "委託紀錄完整且已受理", "The record is whole, of an accepted instruction"),
    ("text", "簽署文字即紀錄之內容", "The signed text is the record's"),
    ("signature", "簽章為憑證金鑰對此文字所作", "The signature is the certificate's key's, over this text"),
    ("stamp", "時戳屬於此簽章", "The time stamp is over this signature"),
    ("certificate", "憑證於時戳時間有效並通往信任根", "The certificate leads to the root at the stamped time"),
    ("status", "憑證於時戳時間未廢止", "The certificate was not revoked when it was stamped"),
    ("journal", "紀錄、封存與檢查點在日誌鏈上相連", "Record, seal and checkpoint stand in one chain"),
)
"""Name, Chinese, English, in the order they are run."""
_OF_MEMBER: Final = {
    "file": "format",
    "record": "record",
    "text": "text",
    "signature": "cms",
    "stamp": "cms",
    "certificate": "certificates",
    "status": "ocsp",
    "journal": "journal",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One step. `error` None and `checked` True: it holds. `member`, `first`, `last`: where in the file (bytes from 0)."""

    name: str
    zh: str
    en: str
    checked: bool
    error: YunhaiError | None = None
    member: str = ""
    first: int = 0
    last: int = 0

    @property
    def holds(self) -> bool:
        return self.checked and self.error is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All steps, and what the evidence is about where it can be read (None where it cannot)."""

    steps: tuple[Verdict, ...]
    number: int = 0
    order_id: int = 0
    tenant: int = 0
    accepted_at: datetime | None = None
    stamped_at: datetime | None = None
    checkpoint_at: datetime | None = None
    subject: str = ""
    text: str = ""

    @property
    def holds(self) -> bool:
        return all(step.holds for step in self.steps)

    @property
    def waited(self) -> timedelta | None:
        """How long after the acceptance the time stamp was made; None unless both could be read."""
        if self.accepted_at is None or self.stamped_at is None:
            return None
        return self.stamped_at - self.accepted_at

    @property
    def first_error(self) -> YunhaiError | None:
        return next((step.error for step in self.steps if step.error is not None), None)


class _FaultError(Exception):
    """A refusal and the member it is in."""

    def __init__(self, member: str, error: YunhaiError) -> None:
        super().__init__(member)
        self.member, self.error = member, error


def verify(file: bytes, root: bytes) -> Report:
    """Every step's verdict on an evidence file, with `root` (DER) as the one thing that is trusted. Never raises for what
    stands in the file; CERTIFICATE_MALFORMED if `root` is no certificate."""
    forms.load(root)
    check = _Check(file, root)
    verdicts = []
    for name, zh, en in STEPS:
        verdicts.append(check.run(name, zh, en))
    return check.report(tuple(verdicts))


def require(file: bytes, root: bytes) -> Report:
    """The report of a file that holds; else its first refusal is raised, with `member`, `first` and `last`."""
    report = verify(file, root)
    for step in report.steps:
        if step.error is not None:
            details = dict(step.error.details) | {"member": step.member, "first": step.first, "last": step.last}
            raise YunhaiError(step.error.code, **details)
    return report


def require_bundle(bundle: Bundle, *, tenant: int, sequence: int, root: bytes) -> None:
    """Raise the first refusal of a bundle that is not sealed yet: every step of `verify` but the file's and the journal's.
    `tenant` and `sequence` are where its record stands."""
    nowhere = (0, 0)
    evidence = Evidence(
        bundle=bundle,
        sealed=b"",
        journal=Place(id="", tenant=tenant, sequence=sequence, head="", steps=()),
        seal=Seal(sequence=0, record=""),
        checkpoint=Anchor(statement="", token=""),
        spans=dict.fromkeys((*BUNDLE, "journal"), nowhere),
    )
    check = _Check(b"", root, evidence=evidence, done={"file"})
    for name, zh, en in STEPS[1:-1]:
        verdict = check.run(name, zh, en)
        if verdict.error is not None:
            raise verdict.error


def proven_stamp(
    token: bytes, digest: bytes, profile: Profile, *, issuers: Sequence[bytes], root: bytes
) -> stamps.Stamp:
    """A token over the digest by a certificate of `profile` (TSA or CHECKPOINT) that leads to the root at the token's own time,
    under that profile's policy. The errors of `stamps.checked` and `paths.validate`; EVIDENCE_ANCHOR for another profile."""
    stamp = stamps.checked(token, digest, policy=_POLICIES[profile], exact=True, known=issuers)
    _lead(stamp.certificate, profile, stamp.at, EVIDENCE_ANCHOR, issuers=issuers, root=root)
    return stamp


def _lead(
    certificate: bytes, wanted: Profile, at: datetime, code: int, *, issuers: Sequence[bytes], root: bytes
) -> None:
    row = PROFILES[wanted]
    try:
        found = profile_of(certificate)
    except (ValueError, TypeError, KeyError) as problem:
        raise refused(code, str(problem), "憑證樣板不符") from None
    if found is not wanted:
        raise refused(code, f"a certificate of profile {found}", f"憑證樣板為 {found}")
    question = paths.Question(
        at=at,
        policies=frozenset({row.policy}),
        explicit_policy=True,
        usage=row.usage,
        extended_usage=row.extended[0],
    )
    paths.validate(certificate, issuers, [root], question)


def record_slots(sequence: int, slots: bytes) -> NDArray[np.void]:
    """The slots of one journal record, its checksum proven with its sequence. EVIDENCE_RECORD."""
    if not 0 < sequence < _SEQUENCES:
        raise refused(EVIDENCE_RECORD, "no such sequence number", "序號超出範圍")
    if not slots or len(slots) % SIZE or len(slots) > JOURNAL_GROUP_SLOTS_MAX * SIZE:
        raise refused(EVIDENCE_RECORD, "not whole slots", "不是整數格")
    found = np.frombuffer(slots, RECORD)
    if int(found[0]["kind"]) != FACT_KIND or slots_of(found[0]) != len(found):
        raise refused(EVIDENCE_RECORD, "not one fact", "不是單一事實")
    bad, _ = _journal.first_bad_slot(found, sequence)
    if bad >= 0:
        raise refused(EVIDENCE_RECORD, "its checksum is not of these bytes at this sequence", "檢查碼與內容或序號不符")
    return found


def link(head: bytes, first: int, count: int, digest: bytes) -> bytes:
    """A tenant's chain after a group (docs/reference/journal-format.md)."""
    return hashlib.sha256(head + _LINK.pack(first, count) + digest).digest()


@dataclass
class _Check:
    """The steps over one file. A step that needs what another found is not run where that one failed."""

    file: bytes
    root: bytes
    evidence: Evidence | None = None
    record: np.void | None = None
    signature: cms.InstructionSignature | None = None
    stamp: stamps.Stamp | None = None
    anchor: stamps.Stamp | None = None
    text_holds: bool = False
    done: set[str] = field(default_factory=set)

    def run(self, name: str, zh: str, en: str) -> Verdict:
        step: Callable[[], None] | None = self._ready(name)
        if step is None:
            return Verdict(name=name, zh=zh, en=en, checked=False)
        try:
            step()
        except _FaultError as fault:
            first, last = self._span(fault.member, fault.error)
            return Verdict(
                name=name, zh=zh, en=en, checked=True, error=fault.error, member=fault.member, first=first, last=last
            )
        except YunhaiError as error:
            member = str(error.details.get("member") or _OF_MEMBER[name])
            first, last = self._span(member, error)
            return Verdict(name=name, zh=zh, en=en, checked=True, error=error, member=member, first=first, last=last)
        except BROKEN:  # somewhere deep in a file that was made to be read wrongly
            member = _OF_MEMBER[name]
            first, last = self._span(member, None)
            broken = refused(EVIDENCE_MALFORMED, "it cannot be read", "無法讀取", member=member, first=first, last=last)
            return Verdict(name=name, zh=zh, en=en, checked=True, error=broken, member=member, first=first, last=last)
        self.done.add(name)
        return Verdict(name=name, zh=zh, en=en, checked=True)

    def _ready(self, name: str) -> Callable[[], None] | None:
        needs = {
            "file": (),
            "record": ("file",),
            "text": ("record",),
            "signature": ("text",),
            "stamp": ("signature",),
            "certificate": ("stamp",),
            "status": ("certificate",),
            "journal": ("record",),
        }[name]
        if not self.done.issuperset(needs):
            return None
        step: Callable[[], None] = getattr(self, f"_{name}")
        return step

    def _span(self, member: str, error: YunhaiError | None) -> tuple[int, int]:
        if error is not None and "first" in error.details and "last" in error.details:
            return int(str(error.details["first"])), int(str(error.details["last"]))
        if self.evidence is None:
            return 0, max(0, len(self.file) - 1)
        return self.evidence.spans[member]

    @property
    def _found(self) -> Evidence:
        assert self.evidence is not None
        return self.evidence

    # -- the steps -----------------------------------------------------------------------------------------------------

    def _file(self) -> None:
        self.evidence = decode_file(self.file)

    def _record(self) -> None:
        found = self._found
        slots = record_slots(found.journal.sequence, found.bundle.record)
        fact = decode(slots)
        if fact.number != ACCEPTED_FACT or len(fact.content) != INSTRUCTION_BYTES:
            raise refused(EVIDENCE_RECORD, "not an accepted instruction", "不是已受理之委託")
        record = np.frombuffer(fact.content, INSTRUCTION)[0]
        if int(record["code"]) or int(record["tenant"]) != fact.tenant or fact.tenant != found.journal.tenant:
            raise refused(EVIDENCE_RECORD, "of another tenant, or refused", "屬於其他租戶或已退單")
        signed = int(record["signed_at"]) * 1_000_000
        if abs(_moment(int(record["accepted_at"])) - _moment(signed)) > _SIGNED + CLOCKS:
            raise refused(
                EVIDENCE_TIME, "not accepted when it was signed, as the gate demands", "受理與簽署時間相距過遠"
            )
        self.record = record

    def _text(self) -> None:
        assert self.record is not None
        try:
            text = canonical(instruction_of(self.record))
        except (ValueError, KeyError, UnicodeDecodeError, OverflowError):
            raise _FaultError("record", refused(EVIDENCE_RECORD, "it writes no text", "無法還原為文字")) from None
        if text != self._found.bundle.text:
            raise refused(EVIDENCE_TEXT, "another instruction's", "屬於其他委託")

    def _signature(self) -> None:
        assert self.record is not None
        bundle = self._found.bundle
        found = cms.opened(bundle.cms)
        if found.text != bundle.text:
            raise refused(EVIDENCE_TEXT, "the CMS holds another text", "CMS 內為其他文字")
        if found.signature != self.record["signature"].tobytes():
            raise refused(EVIDENCE_KEY, "the CMS holds another signature than the record", "CMS 內之簽章與紀錄不同")
        if found.certificates != bundle.certificates:
            raise _FaultError(
                "certificates", refused(EVIDENCE_KEY, "not the certificates of the CMS", "與 CMS 內之憑證不同")
            )
        self.signature = found

    def _stamp(self) -> None:
        assert self.signature is not None
        assert self.record is not None
        if self.signature.token is None:
            raise refused(EVIDENCE_TIME, "no time stamp", "沒有時戳")
        digest = hashlib.sha256(self.signature.value).digest()
        stamp = self._stamped(self.signature.token, digest, Profile.TSA)
        if stamp.at + CLOCKS < self._accepted:
            raise refused(EVIDENCE_TIME, "stamped before it was accepted", "時戳早於受理時間")
        self.stamp = stamp

    @property
    def _accepted(self) -> datetime:
        assert self.record is not None
        return _moment(int(self.record["accepted_at"]))

    def _stamped(self, token: bytes, digest: bytes, profile: Profile) -> stamps.Stamp:
        """A token beneath the root."""
        return proven_stamp(token, digest, profile, issuers=self._found.bundle.certificates[1:], root=self.root)

    def _lead(self, certificate: bytes, wanted: Profile, at: datetime, code: int) -> None:
        _lead(certificate, wanted, at, code, issuers=self._found.bundle.certificates[1:], root=self.root)

    def _certificate(self) -> None:
        assert self.stamp is not None
        leaf = self._found.bundle.certificates[0]
        try:
            found = profile_of(leaf)
        except (ValueError, TypeError, KeyError) as problem:
            raise refused(EVIDENCE_KEY, str(problem), "憑證樣板不符") from None
        if not PROFILES[found].orders:
            raise refused(EVIDENCE_KEY, f"profile {found} signs no instructions", f"樣板 {found} 不得簽署委託")
        self._lead(leaf, found, self.stamp.at, EVIDENCE_KEY)

    def _status(self) -> None:
        assert self.stamp is not None
        bundle, at = self._found.bundle, self.stamp.at
        leaf, issuer = bundle.certificates[0], bundle.certificates[1]
        answers = [("ocsp", status.checked_ocsp(bundle.ocsp, leaf, issuer, at=at))]
        if answers[0][1].this_update + status.FRESH + CLOCKS < self._accepted:
            raise refused(STATUS_TIME, "it is from before the acceptance", "狀態早於受理時間")
        responder = answers[0][1].responder
        if responder != issuer:
            self._lead(responder, Profile.OCSP, answers[0][1].this_update, EVIDENCE_KEY)
        if bundle.crl:
            try:
                answers.append(("crl", status.checked_list(bundle.crl, leaf, issuer)))
            except YunhaiError as error:
                raise _FaultError("crl", error) from None
        for member, one in answers:
            if one.state is status.State.UNKNOWN:
                raise _FaultError(member, refused(STATUS_UNKNOWN, "its issuer does not know it", "簽發者不認得此憑證"))
            if one.revoked_at is not None and one.revoked_at <= at:
                when = f"{one.revoked_at:%Y-%m-%d %H:%M:%S}Z"
                raise _FaultError(member, refused(EVIDENCE_REVOKED, when, when))

    def _journal(self) -> None:
        found = self._found
        seal = self._sealed()
        head, holds_record, holds_seal = self._chain(found.bundle.record, seal)
        if not holds_record or not holds_seal:
            missing = ("record", "紀錄") if not holds_record else ("seal", "封存")
            raise refused(EVIDENCE_JOURNAL, f"the {missing[0]} is not in its group", f"{missing[1]}不在所屬批次中")
        statement = self._statement()
        if statement.journal != found.journal.id or statement.tenants.get(str(found.journal.tenant)) != head.hex():
            raise _FaultError(
                "checkpoint", refused(EVIDENCE_CHECKPOINT, "the tenant's chain ends elsewhere", "租戶鏈不在此終結")
            )

    def _sealed(self) -> bytes:
        """The seal's slots, which say this bundle's hash."""
        found = self._found
        slots = unpacked(found.seal.record, "seal", found.spans["seal"])
        try:
            fact = decode(record_slots(found.seal.sequence, slots))
            said = facts.decode(fact.number, fact.content)
        except (KeyError, msgspec.MsgspecError):
            raise _FaultError("seal", refused(EVIDENCE_SEAL, "not a seal", "不是封存紀錄")) from None
        except YunhaiError as error:
            raise _FaultError("seal", error) from None
        assert self.record is not None
        right = (
            isinstance(said, EvidenceSealed)
            and fact.tenant == found.journal.tenant
            and said.number == int(self.record["number"])
            and said.sequence == found.journal.sequence
            and said.sha256 == hashlib.sha256(found.sealed).digest()
            and found.seal.sequence > found.journal.sequence
        )
        if not right:
            raise _FaultError("seal", refused(EVIDENCE_SEAL, "it seals something else", "封存的是其他內容"))
        return slots

    def _chain(self, record: bytes, seal: bytes) -> tuple[bytes, bool, bool]:
        """(the tenant's chain after the last group, whether the first group holds the record, whether one holds the seal)."""
        place = self._found.journal
        head = _hash(place.head)
        if not 0 < len(place.steps) <= EVIDENCE_STEPS_MAX:
            raise refused(EVIDENCE_JOURNAL, "no step, or too many", "步數為零或過多")
        before = 0
        holds_record = holds_seal = False
        for number, step in enumerate(place.steps):
            if step.first <= before or step.first >= 1 << 64:
                raise refused(EVIDENCE_JOURNAL, "the groups are not in order", "批次順序不符")
            before = step.first
            if not step.slots:
                head = link(head, step.first, _count(step.count), _hash(step.digest))
                continue
            slots = unpacked(step.slots, "journal", self._found.spans["journal"])
            if step.count or step.digest or len(slots) % SIZE or len(slots) > JOURNAL_GROUP_SLOTS_MAX * SIZE:
                raise refused(EVIDENCE_JOURNAL, "a group of another shape", "批次結構不符")
            head = link(head, step.first, len(slots) // SIZE, hashlib.sha256(slots).digest())
            holds_record = holds_record or (number == 0 and _holds(slots, record))
            holds_seal = holds_seal or _holds(slots, seal)
        return head, holds_record, holds_seal

    def _statement(self) -> Checkpoint:
        """The checkpoint's statement, held fast by the stamp that is made for checkpoints alone."""
        anchor, span = self._found.checkpoint, self._found.spans["checkpoint"]
        raw = anchor.statement.encode("utf-8", "surrogatepass")
        try:
            statement = msgspec.json.decode(raw, type=Checkpoint)
        except (msgspec.MsgspecError, ValueError):
            raise _FaultError(
                "checkpoint", refused(EVIDENCE_ANCHOR, "not a checkpoint's statement", "不是檢查點")
            ) from None
        try:
            token = unpacked(anchor.token, "checkpoint", span)
            stamp = self._stamped(token, hashlib.sha256(raw).digest(), Profile.CHECKPOINT)
        except YunhaiError as error:
            raise _FaultError("checkpoint", error) from None
        if statement.sequence < self._found.seal.sequence:
            raise _FaultError("checkpoint", refused(EVIDENCE_CHECKPOINT, "it is from before the seal", "早於封存"))
        if self.stamp is not None and stamp.at + CLOCKS < self.stamp.at:
            raise _FaultError(
                "checkpoint", refused(EVIDENCE_TIME, "stamped before the instruction", "檢查點時戳早於委託時戳")
            )
        self.anchor = stamp
        return statement

    # -- what it is about ----------------------------------------------------------------------------------------------

    def report(self, steps: tuple[Verdict, ...]) -> Report:
        """The verdicts with what could be read."""
        record, found = self.record, self.evidence
        subject = ""
        if self.signature is not None:
            with suppress(*BROKEN):
                subject = forms.load(self.signature.certificates[0]).subject.native.get("common_name", "")
        return Report(
            steps=steps,
            number=int(record["number"]) if record is not None else 0,
            order_id=int(record["order_id"]) if record is not None else 0,
            tenant=int(record["tenant"]) if record is not None else 0,
            accepted_at=_moment(int(record["accepted_at"])) if record is not None else None,
            stamped_at=self.stamp.at if self.stamp is not None else None,
            checkpoint_at=self.anchor.at if self.anchor is not None else None,
            subject=subject,
            text=found.bundle.text.decode("utf-8", "replace") if found is not None else "",
        )


def _moment(nanoseconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC)
    except (ValueError, OverflowError, OSError):
        raise refused(EVIDENCE_RECORD, "its time is out of range", "時間超出範圍") from None


def _hash(text: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != _HASH_BYTES or found.hex() != text:
        raise refused(EVIDENCE_JOURNAL, "not a hash", "不是雜湊值")
    return found


def _count(count: int) -> int:
    if not 0 < count <= JOURNAL_GROUP_SLOTS_MAX:
        raise refused(EVIDENCE_JOURNAL, "a group of no slots, or too many", "批次格數不符")
    return count


def _holds(slots: bytes, record: bytes) -> bool:
    """Whether a record stands in slots, beginning where a record begins."""
    found = np.frombuffer(slots, RECORD)
    at = 0
    while at < len(found):
        size = slots_of(found[at])
        if slots[at * SIZE : (at + size) * SIZE] == record:
            return True
        at += size
    return False
