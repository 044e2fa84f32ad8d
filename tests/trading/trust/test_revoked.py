"""Signed, then revoked 簽後廢止: whoever revokes chooses the moment, and still takes no accepted order back; and nobody puts an
order before a revocation that it did not precede."""

import base64
import random
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.trading.trust.making import Maker
from tests.trading.trust.pki import Authority
from tests.trading.trust.test_evidence import flipped, forged, values
from yunhai.journal import leaves
from yunhai.trading.facts import CertificateSet
from yunhai.trading.instructions import INSTRUCTION, canonical, instruction_of
from yunhai.trading.trust import cms, evidence
from yunhai.trading.trust.evidence_file import Bundle, Revocation
from yunhai.trading.trust.profiles import Profile

HOUR = 3_600


@dataclass(frozen=True, kw_only=True)
class Told:
    """A fact about a certificate in the journal: when by its own time (s after the acceptance), and what."""

    at: float
    status: str = "revoked"
    another: bool = False


@dataclass(frozen=True, kw_only=True)
class Case:
    """Seconds are after the acceptance. `revoked` as the issuer says, None: it says good; `earlier`, `later`: what stands in the
    journal before and behind the record; `shown` which of them the file shows."""

    what: str
    revoked: float | None
    stamped: float = 5
    earlier: tuple[Told, ...] = ()
    later: tuple[Told, ...] = ()
    shown: int | None = None
    code: int


CASES = [
    Case(what="never revoked", revoked=None, code=0),
    Case(what="revoked after the stamp", revoked=60, later=(Told(at=60),), code=0),
    Case(what="revoked a day before", revoked=-24 * HOUR, earlier=(Told(at=-24 * HOUR),), shown=0, code=6894),
    Case(what="revoked 3 s before, known to the core", revoked=-3, earlier=(Told(at=-3),), shown=0, code=6894),
    Case(what="revoked 3 s before, not known to the core", revoked=-3, later=(Told(at=-3),), shown=0, code=6894),
    Case(what="revoked 1 s before, known to the core", revoked=-1, earlier=(Told(at=-1),), shown=0, code=6894),
    Case(what="revoked 1 s before, on its way to the core", revoked=-1, later=(Told(at=-1),), shown=0, code=0),
    Case(what="revoked in the same second, known", revoked=0, earlier=(Told(at=0.2),), shown=0, code=6894),
    Case(what="revoked in the same second, behind it", revoked=0, later=(Told(at=0.9),), shown=0, code=0),
    Case(what="revoked at once", revoked=2, later=(Told(at=2.5),), shown=0, code=0),
    Case(what="held at once", revoked=2, later=(Told(at=2, status="held"),), shown=0, code=0),
    Case(what="revoked in the stamp's second", revoked=5, later=(Told(at=5),), shown=0, code=0),
    Case(
        what="revoked in an outage of a day", revoked=HOUR, stamped=24 * HOUR, later=(Told(at=HOUR),), shown=0, code=0
    ),
    Case(
        what="held, released, revoked",
        revoked=HOUR,
        stamped=2 * HOUR,
        later=(Told(at=60, status="held"), Told(at=90, status="valid"), Told(at=HOUR)),
        shown=2,
        code=0,
    ),
    Case(what="the place is not shown", revoked=2, later=(Told(at=2),), code=6894),
    Case(what="written down late, with a time of before", revoked=2, earlier=(Told(at=2),), shown=0, code=6894),
    Case(
        what="the same, and a later revocation shown in its place",
        revoked=2,
        earlier=(Told(at=2),),
        later=(Told(at=HOUR),),
        shown=1,
        code=6894,
    ),
    Case(what="another certificate's revocation", revoked=2, later=(Told(at=2, another=True),), shown=0, code=6894),
    Case(what="a release in its place", revoked=2, later=(Told(at=2, status="valid"),), shown=0, code=6894),
    Case(
        what="an earlier hold in its place",
        revoked=4,
        later=(Told(at=2, status="held"), Told(at=4)),
        shown=0,
        code=6894,
    ),
    Case(what="a place that nobody asks for", revoked=None, later=(Told(at=60),), shown=0, code=6884),
]


class Story(Maker):
    """The journal of a case."""

    def __init__(self, folder: Path, case: Case, authority: Authority) -> None:
        self.case = case
        super().__init__(folder, count=1, authority=authority)

    def _facts(self, told: tuple[Told, ...]) -> list[CertificateSet]:
        other = self.authority.issue(Profile.INVESTOR, self.key, "YH-000999")
        return [
            self.changed(
                self.authority.now + timedelta(seconds=one.at),
                status=one.status,
                certificate=other if one.another else b"",
            )
            for one in told
        ]

    def earlier(self) -> list[CertificateSet]:
        return self._facts(self.case.earlier)

    def later(self) -> list[CertificateSet]:
        return self._facts(self.case.later)

    def checkpoint_stamp(self, digest: bytes) -> bytes:
        return self.authority.hold_fast(digest, at=self.authority.now + timedelta(seconds=self.case.stamped + 40))

    def bundle(self, record: bytes, sequence: int) -> Bundle:
        found = super().bundle(record, sequence)
        at = self.authority.now + timedelta(seconds=self.case.stamped)
        row = np.frombuffer(record, INSTRUCTION)[0]
        one = cms.InstructionSignature(
            text=canonical(instruction_of(row)), signature=row["signature"].tobytes(), certificates=found.certificates
        )
        revoked = None if self.case.revoked is None else self.authority.now + timedelta(seconds=self.case.revoked)
        return Bundle(
            text=found.text,
            cms=cms.stamped(cms.build(one), self.authority.stamp(evidence.hashlib.sha256(one.value).digest(), at=at)),
            certificates=found.certificates,
            ocsp=self.authority.status(self.certificate, at=at, revoked_at=revoked),
            crl=b"",
            record=b"",
        )


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_where_it_was_revoked(tmp_path: Path, authority: Authority, case: Case) -> None:
    story = Story(tmp_path / "journal", case, authority)
    report = evidence.verify(story.file(0, case.shown), story.authority.root)
    assert (report.first_error.code if report.first_error is not None else 0) == case.code, report.first_error
    assert report.holds == (case.code == 0)
    late = case.code == 0 and case.revoked is not None and case.revoked <= case.stamped
    assert (report.revoked_at is not None) == (
        late or (case.code == 6894 and case.revoked is not None and case.revoked > -3)
    )


AT_ONCE = next(case for case in CASES if case.what == "revoked at once")


def test_a_forger_of_the_revocation_s_place_is_met_by_the_chain(tmp_path: Path, authority: Authority) -> None:
    story = Story(tmp_path / "journal", AT_ONCE, authority)
    file, chance = story.file(0, 0), random.Random(5)
    whole = values(file)["revocation"]
    for _ in range(60):
        report = evidence.verify(forged(file, revocation=flipped(whole, chance)), story.authority.root)
        assert report.steps[0].error is not None or not report.holds
        assert not report.holds


def test_the_revocation_of_another_journal_is_none(tmp_path: Path, authority: Authority) -> None:
    """The very fact, in a journal in which the record stands before it: not that of the checkpoint."""
    late = next(case for case in CASES if case.what == "written down late, with a time of before")
    honest = Story(tmp_path / "first", AT_ONCE, authority)
    key, certificate = honest.key, honest.certificate

    class Again(Story):
        def __init__(self) -> None:
            super().__init__(tmp_path / "second", late, authority)

        def record(self, number: int, tenant: int) -> bytes:
            self.key, self.certificate = key, certificate
            return super().record(number, tenant)

        def earlier(self) -> list[CertificateSet]:
            self.key, self.certificate = key, certificate
            return super().earlier()

    lying = Again()
    moved = values(honest.file(0, 0))["revocation"]
    raised = msgspec.structs.replace(msgspec.json.decode(moved, type=Revocation), sequence=lying.made[0].sequence + 1)
    for revocation in (moved, msgspec.json.encode(raised)):
        report = evidence.verify(forged(lying.file(0, 0), revocation=revocation), authority.root)
        assert not report.holds
        assert report.first_error is not None
        assert report.first_error.code in (6888, 6891, 6894)


def test_a_file_shows_no_neighbour(tmp_path: Path, authority: Authority) -> None:
    """Of the journal three records: the order's, its seal's, its revocation's. Of what stood beside them neither bytes nor a hash
    that somebody could make who guesses them."""
    story = Story(tmp_path / "journal", AT_ONCE, authority)
    file = story.file(0, 0)
    members = values(file)
    inside = b"".join(base64.b64decode(value) for value in _texts(msgspec.json.decode(file))) + file
    neighbour = np.frombuffer(story.neighbours[0], INSTRUCTION)[0]
    own = np.frombuffer(story.made[0].bundle.record[64:], INSTRUCTION)[0]
    for name in ("signature", "nonce", "client_id"):
        assert own[name].tobytes() in inside
        assert neighbour[name].tobytes() not in inside
    plain = story.plain(story.made[0].tenant).tobytes()
    assert plain[8:60] not in inside
    for guessed in _records_of(story):
        for form in (guessed, guessed[:60], guessed[64:], leaves.leaf_hash(bytes(32), guessed)):
            assert evidence.hashlib.sha256(form).hexdigest().encode() not in file
    assert set(msgspec.json.decode(members["journal"])) == {"id", "tenant", "sequence", "head", "steps", "leaf"}
    assert all(set(step) == {"first", "count", "digest"} for step in msgspec.json.decode(members["journal"])["steps"])


def _texts(value: object) -> list[str]:
    """Every string of a JSON value that is base64."""
    if isinstance(value, str):
        return [value] if len(value) % 4 == 0 and value.replace("+", "").replace("/", "").rstrip("=").isalnum() else []
    if isinstance(value, dict):
        return [one for of in value.values() for one in _texts(of)]
    return [one for of in value for one in _texts(of)] if isinstance(value, list) else []


def _records_of(story: Story) -> list[bytes]:
    """Every record of the journal but the three that are shown."""
    from yunhai.journal import Reader
    from yunhai.trading.trust.placing import record_at

    shown = {story.made[0].sequence, story.made[0].outbox, story.told[0].sequence}
    return [
        record_at(group, sequence)
        for group in Reader(story.folder)
        for sequence in range(group.first_sequence, group.last_sequence + 1)
        if sequence not in shown
    ]
