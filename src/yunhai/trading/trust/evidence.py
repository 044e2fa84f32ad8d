"""Verification of evidence 證據驗證: a file and a root certificate, nobody else.

Nine steps, each proving one sentence; `verify` runs them all, tells each with its member and bytes, and stops believing where
one fails: what depends on it is not checked.

| step | proves |
| --- | --- |
| file | every byte is as it was written |
| record | the record of the instruction is whole, in the journal's form, of an accepted instruction, accepted when it was signed |
| text | the signed text is that record's, word for word |
| signature | the CMS holds that text and that very signature, by the key of the certificate inside |
| stamp | the time stamp is over that signature, by an authority beneath the root, and not before the acceptance |
| certificate | the certificate leads to the root at the stamped time and may sign instructions |
| status | its issuer's answer, no older than the acceptance, says that it was not revoked when the instruction was accepted |
| journal | the record stands in the tenant's chain where it says; the seal, later in the chain, says this bundle's hash; and
  the chain arrives at the checkpoint, which the platform's own stamp for checkpoints holds fast |
| revocation | where it was revoked before it was stamped: the record stands in the journal before that revocation |

A checkpoint's stamp is of `CHECKPOINT_POLICY`, by a certificate of profile checkpoint, which the trust process makes for nobody
outside. The public time-stamping authority stamps whatever anybody shows it: its tokens prove a time, never a place in the journal.
`Report.waited` tells how long after the acceptance the stamp came. A certificate that was revoked in that time proves by its stamp
nothing about before or after; its place in the journal does (docs/concepts/evidence.md, "Signed, then revoked").

What it does not prove: that the person named by the pseudonym was who the desk saw (the registration's documents do), and
that nothing else was signed. The key's number in the text is bound to the certificate by the journal's facts (fact 11); in the
file by the signature itself, which no other key makes.
"""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
import numpy as np

from yunhai.journal.checkpoints import Checkpoint
from yunhai.journal.facts import Fact, decode
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import SIGNATURE_AGE_SECONDS_MAX
from yunhai.trading import facts
from yunhai.trading.facts import CertificateSet, EvidenceSealed
from yunhai.trading.instructions import ACCEPTED_FACT, INSTRUCTION, INSTRUCTION_BYTES, canonical, instruction_of
from yunhai.trading.trust import chain, cms, forms, paths, profiles, stamps, status
from yunhai.trading.trust.errors import (
    BROKEN,
    EVIDENCE_ANCHOR,
    EVIDENCE_AUTHORITY,
    EVIDENCE_CHECKPOINT,
    EVIDENCE_JOURNAL,
    EVIDENCE_KEY,
    EVIDENCE_MALFORMED,
    EVIDENCE_RECORD,
    EVIDENCE_REVOKED,
    EVIDENCE_SEAL,
    EVIDENCE_TEXT,
    EVIDENCE_TIME,
    STATUS_OTHER,
    STATUS_TIME,
    STATUS_UNKNOWN,
    refused,
)
from yunhai.trading.trust.evidence_file import BUNDLE, Anchor, Bundle, Evidence, Leaf, Place, Seal, unpacked
from yunhai.trading.trust.evidence_file import decode as decode_file
from yunhai.trading.trust.profiles import PROFILES, Profile, profile_of

CLOCKS: Final = timedelta(seconds=2)
"""How far the clocks of core and time stamping may differ."""
_SIGNED: Final = timedelta(seconds=SIGNATURE_AGE_SECONDS_MAX)
TOLD: Final = timedelta(seconds=2)
"""A revocation takes effect when the core has it, within a second, and answers say whole seconds: by so much the issuer's word may
be earlier than an acceptance that stands before it in the journal."""
SHUT: Final = ("revoked", "held")
"""States of a certificate under which nothing is accepted."""
_EARLIER_HOLDS: Final = frozenset({"affiliation_changed", "superseded", "cessation_of_operation"})
"""Why an authority's certificate may be revoked and what it signed before still hold (RFC 3161 §4); for any other reason, or none,
nothing that it ever signed does."""
_POLICIES: Final = {Profile.TSA: profiles.TSA_POLICY, Profile.CHECKPOINT: profiles.CHECKPOINT_POLICY}

STEPS: Final = (
    ("file", "檔案完整", "The file is whole"),
    ("record", "委託紀錄完整且已受理", "The record is whole, of an accepted instruction"),
    ("text", "簽署文字即紀錄之內容", "The signed text is the record's"),
    ("signature", "簽章為憑證金鑰對此文字所作", "The signature is the certificate's key's, over this text"),
    ("stamp", "時戳屬於此簽章", "The time stamp is over this signature"),
    ("certificate", "憑證於時戳時間有效並通往信任根", "The certificate leads to the root at the stamped time"),
    ("status", "憑證於受理時未廢止", "The certificate was not revoked when the instruction was accepted"),
    ("journal", "紀錄、封存與檢查點在日誌鏈上相連", "Record, seal and checkpoint stand in one chain"),
    ("revocation", "受理先於任何廢止", "The acceptance stands before any revocation"),
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
    "revocation": "revocation",
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
    """All steps, and what the evidence is about where it can be read (None where it cannot). `revoked_at` when the certificate was
    revoked, if that was after the acceptance and before the stamp; `lists` how many of the verifier's own revocation lists
    were of the file's issuer."""

    steps: tuple[Verdict, ...]
    number: int = 0
    order_id: int = 0
    tenant: int = 0
    accepted_at: datetime | None = None
    stamped_at: datetime | None = None
    checkpoint_at: datetime | None = None
    revoked_at: datetime | None = None
    lists: int = 0
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


def verify(file: bytes, root: bytes, *, lists: Sequence[bytes] = ()) -> Report:
    """Every step's verdict on an evidence file, with `root` (DER) as the one thing that is trusted. `lists`: revocation lists
    (DER) that the verifier has of the issuing CA, newer than the file's: the certificates of time stamping, checkpoints and
    status answers are looked up in them too. Never raises for what stands in the file; CERTIFICATE_MALFORMED if `root` is no
    certificate."""
    forms.load(root)
    check = _Check(file, root, lists=tuple(lists))
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


def require_bundle(bundle: Bundle, *, tenant: int, sequence: int, root: bytes) -> datetime | None:
    """Raise the first refusal of a bundle that is not sealed yet: every step of `verify` but the file's and the journal's two.
    `tenant` and `sequence` are where its record stands. When the certificate was revoked, if that was before the stamp: a file
    then needs the place of that revocation; None: it needs none."""
    nowhere, leaf = (0, 0), Leaf(step=0, at=0, of=1, salt="", path=())
    evidence = Evidence(
        bundle=bundle,
        sealed=b"",
        journal=Place(id="", tenant=tenant, sequence=sequence, head="", steps=(), leaf=leaf),
        seal=Seal(sequence=0, record="", leaf=leaf),
        checkpoint=Anchor(statement="", token=""),
        revocation=None,
        spans=dict.fromkeys((*BUNDLE, "journal"), nowhere),
    )
    check = _Check(b"", root, evidence=evidence, done={"file"})
    for name, zh, en in STEPS[1:-2]:
        verdict = check.run(name, zh, en)
        if verdict.error is not None:
            raise verdict.error
    return check.revoked


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
    lists: tuple[bytes, ...] = ()
    lists_used: int = 0
    revoked: datetime | None = None
    statement: Checkpoint | None = None
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
            "revocation": ("status", "journal"),
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
        slots = chain.record_slots(found.journal.sequence, found.bundle.record)
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
        """A token beneath the root, whose certificate no list at hand gives up."""
        stamp = proven_stamp(token, digest, profile, issuers=self._found.bundle.certificates[1:], root=self.root)
        self._require_standing(stamp.certificate, stamp.at)
        return stamp

    def _require_standing(self, certificate: bytes, at: datetime) -> None:
        """EVIDENCE_AUTHORITY if the file's list, or one of the verifier's, says that the certificate of an authority was revoked:
        at `at` already, or for a reason after which nothing that it signed holds."""
        bundle, used = self._found.bundle, 0
        for number, encoded in enumerate((bundle.crl, *self.lists)):
            if not encoded:
                continue
            try:
                said = status.checked_list(encoded, certificate, bundle.certificates[1])
            except YunhaiError as error:
                if error.code == STATUS_OTHER:
                    continue
                raise _FaultError("crl", error) from None
            used += number > 0
            if said.revoked_at is not None and (said.revoked_at <= at or said.reason not in _EARLIER_HOLDS):
                when = f"{said.revoked_at:%Y-%m-%d %H:%M:%S}Z, {said.reason}"
                raise _FaultError("crl", refused(EVIDENCE_AUTHORITY, when, when))
        self.lists_used = used

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
            self._require_standing(responder, answers[0][1].this_update)
        if bundle.crl:
            try:
                answers.append(("crl", status.checked_list(bundle.crl, leaf, issuer)))
            except YunhaiError as error:
                raise _FaultError("crl", error) from None
        for member, one in answers:
            if one.state is status.State.UNKNOWN:
                raise _FaultError(member, refused(STATUS_UNKNOWN, "its issuer does not know it", "簽發者不認得此憑證"))
            if one.revoked_at is None or one.revoked_at > at:
                continue
            if one.revoked_at + TOLD < self._accepted:
                raise _FaultError(member, _revoked(one.revoked_at))
            self.revoked = one.revoked_at if self.revoked is None else min(self.revoked, one.revoked_at)

    def _journal(self) -> None:
        found, place = self._found, self._found.journal
        seal = self._sealed()
        head = chain.walked(place.head, place.steps)
        if place.leaf.step:
            raise refused(EVIDENCE_JOURNAL, "the record is not in the first group", "紀錄不在第一個批次")
        chain.require_in(place.steps, place.leaf, found.bundle.record, place.sequence)
        try:
            chain.require_in(place.steps, found.seal.leaf, seal, found.seal.sequence)
        except YunhaiError as error:
            raise _FaultError("seal", error) from None
        self.statement = self._statement()
        self._require_head(place.tenant, head)
        if self.statement.journal != place.id:
            raise _FaultError("checkpoint", refused(EVIDENCE_CHECKPOINT, "of another journal", "屬於另一日誌"))

    def _require_head(self, tenant: int, head: str) -> None:
        """EVIDENCE_CHECKPOINT unless the checkpoint states that head for the tenant."""
        assert self.statement is not None
        if self.statement.tenants.get(str(tenant)) != head:
            raise _FaultError(
                "checkpoint", refused(EVIDENCE_CHECKPOINT, "the tenant's chain ends elsewhere", "租戶鏈不在此終結")
            )

    def _revocation(self) -> None:
        """The record stands before the very fact that revoked the certificate, in chains of one checkpoint."""
        found, revoked = self._found.revocation, self.revoked
        if revoked is None:
            if found is not None:
                raise refused(EVIDENCE_MALFORMED, "no revocation is to be shown", "不應附有廢止紀錄")
            return
        if found is None:
            raise _revoked(revoked)
        slots = unpacked(found.record, "revocation", self._found.spans["revocation"])
        fact, said = _fact(found.sequence, slots)
        right = (
            isinstance(said, CertificateSet)
            and fact.tenant == found.tenant
            and said.sha256 == hashlib.sha256(self._found.bundle.certificates[0]).digest()
            and said.status in SHUT
            and said.wall_ns // 10**9 == int(revoked.timestamp())
        )
        if not right or found.sequence <= self._found.journal.sequence:
            raise _revoked(revoked)
        if found.leaf.step:
            raise refused(EVIDENCE_JOURNAL, "the revocation is not in the first group", "廢止不在第一個批次")
        chain.require_in(found.steps, found.leaf, slots, found.sequence)
        self._require_head(found.tenant, chain.walked(found.head, found.steps))

    def _sealed(self) -> bytes:
        """The seal's slots, which say this bundle's hash."""
        found = self._found
        slots = unpacked(found.seal.record, "seal", found.spans["seal"])
        try:
            fact, said = _fact(found.seal.sequence, slots)
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
            revoked_at=self.revoked,
            lists=self.lists_used,
            subject=subject,
            text=found.bundle.text.decode("utf-8", "replace") if found is not None else "",
        )


def _moment(nanoseconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC)
    except (ValueError, OverflowError, OSError):
        raise refused(EVIDENCE_RECORD, "its time is out of range", "時間超出範圍") from None


def _revoked(at: datetime) -> YunhaiError:
    when = f"{at:%Y-%m-%d %H:%M:%S}Z"
    return refused(EVIDENCE_REVOKED, when, when)


def _fact(sequence: int, slots: bytes) -> tuple[Fact, object]:
    """The fact in a record's slots, and what it says; None of one that is not known. EVIDENCE_RECORD."""
    fact = decode(chain.record_slots(sequence, slots))
    try:
        return fact, facts.decode(fact.number, fact.content)
    except (KeyError, msgspec.MsgspecError):
        return fact, None
