"""Evidence files: they hold with the root alone; any bit that is changed is found and named; a forger who repairs every sum
is met by the proofs inside."""

import base64
import hashlib
import random
import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import msgspec
import numpy as np
import pytest
from cryptography import x509
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.trading.trust.making import Maker
from tests.trading.trust.pki import DAY, Authority
from yunhai.kernel.errors import YunhaiError
from yunhai.trading.instructions import INSTRUCTION, canonical, instruction_of
from yunhai.trading.signatures import sign
from yunhai.trading.trust import evidence, evidence_file
from yunhai.trading.trust.evidence_file import MEMBERS, Anchor, text_of
from yunhai.trading.trust.profiles import Profile


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    return Maker(tmp_path_factory.mktemp("evidence") / "journal", count=4)


@pytest.fixture(scope="module")
def file(maker: Maker) -> bytes:
    return maker.file(0)


def values(file: bytes) -> dict[str, bytes]:
    return {name: value for name, (_, value) in evidence_file._lines(file, MEMBERS).items()}


def forged(file: bytes, **changed: bytes) -> bytes:
    """The file with members replaced and every sum made anew."""
    said = values(file) | changed
    body = b"".join(evidence_file._line(name, said[name]) for name in MEMBERS[:-2])
    body += evidence_file._line("sums", evidence_file._sums(said))
    return body + evidence_file._line("check", msgspec.json.encode(hashlib.sha256(body).hexdigest()))


def flipped(raw: bytes, chance: random.Random) -> bytes:
    changed = bytearray(raw)
    changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def test_each_holds_with_the_root_alone(maker):
    for place in range(4):
        report = evidence.verify(maker.file(place), maker.authority.root)
        assert report.holds, report.first_error
        assert report.number == maker.made[place].number
        assert [step.name for step in report.steps] == [name for name, _, _ in evidence.STEPS]
        assert report.stamped_at == maker.authority.now + timedelta(seconds=1)
    assert maker.file(0) == maker.file(0), "written again, the same"


def test_another_root_is_no_root(maker, file):
    report = evidence.verify(file, Authority().root)
    assert not report.holds
    assert report.first_error is not None
    assert report.first_error.code == 6852, "a root of the same name and another key"
    with pytest.raises(YunhaiError) as refused:
        evidence.require(file, Authority().root)
    assert refused.value.details["member"] == "cms"


@pytest.mark.parametrize("apart", [41, pytest.param(1, marks=pytest.mark.full)])
def test_every_byte_with_a_random_bit_is_found_where_it_is(maker, file, apart):
    """Every byte of a file, by default every 41st: the file step names the member and a range that holds the byte."""
    chance = random.Random(11)
    spans = evidence_file.decode(file).spans
    codes: Counter[int] = Counter()
    for place in range(0, len(file), apart):
        changed = bytearray(file)
        changed[place] ^= 1 << chance.randrange(8)
        with pytest.raises(YunhaiError) as found:
            evidence_file.decode(bytes(changed))
        details = found.value.details
        assert details["first"] <= place <= details["last"], (place, found.value)
        inside = [name for name, (first, last) in spans.items() if first <= place <= last]
        assert not inside or details["member"] == inside[0], (place, found.value)
        codes[found.value.code] += 1
    assert set(codes) == {6884, 6885}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_cut_moved_or_lengthened_it_does_not_hold(data, maker, file):
    place = data.draw(st.integers(0, len(file) - 1))
    length = data.draw(st.integers(1, 64))
    changed = data.draw(
        st.sampled_from(
            [
                file[:place],
                file[:place] + file[place + length :],
                file[:place] + b"\n" * length + file[place:],
                file + file[:length],
                file[place:] + file[:place],
            ]
        )
    )
    if changed == file:
        return
    report = evidence.verify(changed, maker.authority.root)
    assert not report.holds
    assert report.first_error is not None


@pytest.mark.parametrize("member", ["text", "cms", "ocsp", "crl", "record"])
def test_a_forger_of_the_bundle_is_met_by_a_proof(maker, file, member):
    chance = random.Random(member)
    raw = base64.b64decode(msgspec.json.decode(values(file)[member]))
    for _ in range(8):
        changed = forged(file, **{member: msgspec.json.encode(text_of(flipped(raw, chance)))})
        report = evidence.verify(changed, maker.authority.root)
        assert report.steps[0].holds, "every sum is right again"
        assert not report.holds


def test_a_forger_of_the_places_is_met_by_the_chain(maker, file):
    chance = random.Random(3)
    tried = 0
    for member in ("journal", "seal", "revocation"):
        for _ in range(25):
            report = evidence.verify(
                forged(file, **{member: flipped(values(file)[member], chance)}), maker.authority.root
            )
            assert not report.holds
            tried += 1
    anchor = msgspec.json.decode(values(file)["checkpoint"], type=Anchor)
    token = base64.b64decode(anchor.token)
    for _ in range(25):
        other = Anchor(statement=anchor.statement, token=text_of(flipped(token, chance)))
        report = evidence.verify(forged(file, checkpoint=msgspec.json.encode(other)), maker.authority.root)
        assert not report.holds
        tried += 1
    assert tried == 100


def test_parts_of_two_orders_do_not_mix(maker):
    """The member of one order's evidence under another's, sums repaired: each refused, with its own code."""
    first, second = maker.file(0), maker.file(2)
    expected = {
        "text": 6886, "cms": 6886, "record": 6888, "journal": 6888, "seal": 6890,
    }  # fmt: skip
    for member, code in expected.items():
        report = evidence.verify(forged(first, **{member: values(second)[member]}), maker.authority.root)
        assert report.first_error is not None, member
        assert report.first_error.code == code, (member, report.first_error)
    both = {member: values(second)[member] for member in ("text", "cms", "record")}
    report = evidence.verify(forged(first, **both), maker.authority.root)
    assert not report.holds, "a whole other order in this one's place"


@pytest.mark.full
def test_sealed_wrongly_it_still_does_not_hold(tmp_path):
    """What the seal covers is proven too: an honest seal over a wrong status, stamp or certificate proves nothing."""
    authority = Authority()
    root = authority.root

    def made(name: str, **patched) -> evidence.Report:
        class Other(Maker):
            def bundle(self, record, sequence):
                for attribute, value in patched.items():
                    setattr(self.authority, attribute, value)
                found = super().bundle(record, sequence)
                for attribute in patched:
                    delattr(self.authority, attribute)
                return found

        return evidence.verify(Other(tmp_path / name, count=1, authority=authority).file(0), root)

    whole_status, whole_stamp = authority.status, authority.stamp
    revoked = made("revoked", status=lambda leaf: whole_status(leaf, revoked_at=authority.now - DAY))
    late = made("late", status=lambda leaf: whole_status(leaf, revoked_at=authority.now + DAY))
    stale = made("stale", status=lambda leaf: whole_status(leaf, at=authority.now - DAY))
    early = made("early", stamp=lambda digest, at: whole_stamp(digest, at=authority.now - timedelta(hours=1)))
    assert revoked.first_error is not None
    assert revoked.first_error.code == 6894
    assert late.holds, "revoked after it was stamped"
    assert stale.first_error is not None
    assert stale.first_error.code == 6883
    assert early.first_error is not None
    assert early.first_error.code == 6893


class _Forger(Maker):
    """Has one certificate and its key, asks the public stamp and the public status, and writes a journal of its own."""

    def checkpoint_stamp(self, digest: bytes) -> bytes:
        return self.authority.stamp(digest, at=self.authority.now + timedelta(seconds=40))


def test_what_only_public_stamps_hold_is_no_evidence(tmp_path):
    """An order that no broker ever took, in a journal that was never the platform's: all but the checkpoint is right."""
    forger = _Forger(tmp_path / "journal", count=1)
    report = evidence.verify(forger.file(0), forger.authority.root)
    assert not report.holds
    assert [step.name for step in report.steps if step.error is not None] == ["journal"]
    assert report.first_error is not None
    assert report.first_error.code == 6878


def test_a_real_checkpoint_holds_no_other_journal(tmp_path, maker):
    """The forger's file with the statement and the stamp of a file of the platform's."""
    forger = _Forger(tmp_path / "journal", count=1, authority=maker.authority)
    changed = forged(forger.file(0), checkpoint=values(maker.file(0))["checkpoint"])
    report = evidence.verify(changed, maker.authority.root)
    assert report.first_error is not None
    assert report.first_error.code == 6891


@pytest.mark.parametrize(
    ("apart", "code"),
    [
        (timedelta(days=-20), 6893),
        (timedelta(days=20), 6893),
        (timedelta(seconds=-125), 6893),
        (timedelta(seconds=125), 6893),
        (timedelta(seconds=-119), 0),
        (timedelta(seconds=119), 0),
        (timedelta(days=400_000_000), 6888),
    ],
)
def test_it_was_accepted_when_it_was_signed(tmp_path, apart, code):
    authority = Authority()

    class Other(Maker):
        def record(self, number, tenant):
            row = np.frombuffer(super().record(number, tenant), INSTRUCTION).copy()
            row["signed_at"] = int(authority.now.timestamp()) * 1_000 + apart // timedelta(milliseconds=1)
            row["signature"] = np.void(sign(self.key, canonical(instruction_of(row[0]))))
            return row.tobytes()

    report = evidence.verify(Other(tmp_path / "journal", count=1, authority=authority).file(0), authority.root)
    assert (report.first_error.code if report.first_error is not None else 0) == code


@pytest.mark.parametrize("minutes", [0, 4, 6, 59])
def test_a_status_is_no_older_than_the_acceptance(tmp_path, minutes):
    """Good and not yet over; but what was asked for long before says nothing of a revocation since."""
    authority = Authority()

    class Other(Maker):
        def bundle(self, record, sequence):
            found = super().bundle(record, sequence)
            old = authority.now - timedelta(minutes=minutes)
            return replace(found, ocsp=authority.status(self.certificate, at=old))

    report = evidence.verify(Other(tmp_path / "journal", count=1, authority=authority).file(0), authority.root)
    assert (report.first_error.code if report.first_error is not None else 0) == (6883 if minutes > 5 else 0)


def test_how_long_the_stamp_was_waited_for_is_told(maker, file):
    assert evidence.verify(file, maker.authority.root).waited == timedelta(seconds=1)
    assert evidence.verify(b"", maker.authority.root).waited is None


@pytest.mark.parametrize("number", [-1, 2**63, 2**64, 10**30])
@pytest.mark.parametrize(
    ("member", "name"),
    [
        ("journal", "sequence"), ("journal", "tenant"), ("journal", "first"), ("journal", "count"), ("seal", "sequence"),
        ("checkpoint", "sequence"), ("checkpoint", "group"), ("checkpoint", "wall_ns"),
    ],
)  # fmt: skip
def test_a_number_out_of_range_is_refused_and_never_raised(maker, file, member, name, number):
    quote = rb"\\?\"" if member == "checkpoint" else b'"'
    changed, count = re.subn(
        b"(%s%s%s:)-?[0-9]+" % (quote, name.encode(), quote),
        lambda found: found[1] + str(number).encode(),
        values(file)[member],
    )
    assert count
    report = evidence.verify(forged(file, **{member: changed}), maker.authority.root)
    assert not report.holds
    assert report.first_error is not None
    assert 6850 <= report.first_error.code < 6900


@pytest.mark.parametrize(
    ("profile", "begin", "end", "code"),
    [
        (Profile.DOCUMENT, -1, 300, 6887),
        (Profile.BROKER, -1, 300, 6887),
        (Profile.INVESTOR, -20, -10, 6854),
        (Profile.INVESTOR, 10, 300, 6853),
        (Profile.CLERK, -1, 300, 0),
        (Profile.API, -1, 300, 0),
    ],
)
def test_the_certificate_must_be_for_it_and_of_that_time(tmp_path, profile, begin, end, code):
    authority = Authority()

    class Other(Maker):
        def bundle(self, record, sequence):
            self.certificate = self.authority.issue(
                profile, self.key, "YH-5", begin=authority.now + begin * DAY, end=authority.now + end * DAY
            )
            return super().bundle(record, sequence)

    report = evidence.verify(Other(tmp_path / "journal", count=1, authority=authority).file(0), authority.root)
    assert (report.first_error.code if report.first_error is not None else 0) == code
    assert report.holds == (code == 0)


@pytest.mark.parametrize(
    ("whose", "step"),
    [("tsa", "stamp"), ("ocsp", "status"), ("checkpoint", "journal"), ("ca", ""), ("certificate", "")],
)
@pytest.mark.parametrize(
    ("days", "reason", "code"),
    [
        (-1, "superseded", 6896),
        (2, "superseded", 0),
        (2, "cessation_of_operation", 0),
        (2, "key_compromise", 6896),
        (2, "unspecified", 6896),
    ],
)
def test_a_list_that_the_verifier_brings_gives_up_an_authority_s_key(maker, file, whose, step, days, reason, code):
    """What was given up since the file was made. The signer's own status is the file's to say; the root's is nobody's."""
    authority = maker.authority
    given = getattr(authority, whose, maker.certificate)
    serial = x509.load_der_x509_certificate(given).serial_number
    authority.revoked[serial] = (authority.now + days * DAY, x509.ReasonFlags[reason])
    newer = authority.revocation_list(at=authority.now + 3 * DAY)
    del authority.revoked[serial]
    report = evidence.verify(file, authority.root, lists=[newer])
    assert report.holds == (not step or not code)
    assert [one.name for one in report.steps if one.error is not None] == ([step] if step and code else [])
    if report.first_error is not None:
        assert report.first_error.code == code
    else:
        assert report.lists == 1
    assert evidence.verify(file, authority.root).holds


def test_a_list_of_another_authority_says_nothing(maker, file):
    forged_list = Authority().revocation_list()
    report = evidence.verify(file, maker.authority.root, lists=[forged_list])
    assert not report.holds, "of the same name, by another key"
    assert report.first_error is not None
    assert report.first_error.code == 6881
    of_root = maker.authority.revocation_list(root=True)
    report = evidence.verify(file, maker.authority.root, lists=[of_root])
    assert (report.holds, report.lists) == (True, 0)
