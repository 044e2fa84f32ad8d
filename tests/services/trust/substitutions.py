"""Substitutions in evidence files: what somebody would put in the place of what was signed, stamped, issued or sealed."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import msgspec
from cryptography import x509

from tests.trading.trust.making import Maker
from tests.trading.trust.pki import DAY, Authority
from yunhai.trading.signatures import new_key, sign
from yunhai.trading.trust import cms, profiles
from yunhai.trading.trust.evidence_file import Bundle, encode, text_of
from yunhai.trading.trust.profiles import Profile


@dataclass
class Whole:
    """Everything of one instruction's file, to be changed and written again."""

    maker: Maker
    bundle: Bundle
    journal: Any
    seal: Any
    anchor: Any
    revocation: Any = None

    @classmethod
    def of(cls, maker: Maker, place: int = 0) -> "Whole":
        found = maker.placed(place)
        return cls(maker, maker.made[place].bundle, found.journal, found.seal, maker.anchor)

    def written(self) -> bytes:
        return encode(self.bundle.encoded(), self.journal, self.seal, self.anchor, self.revocation)

    def signed(self, certificate: bytes, *, key: Any = None, at: timedelta = timedelta(seconds=1), **how: Any) -> None:
        """The same text and signature under another certificate, newly stamped, its status said."""
        authority: Authority = how.pop("authority", self.maker.authority)
        found = cms.opened(self.bundle.cms)
        signature = found.signature if key is None else sign(key, found.text)
        certificates = (certificate, how.pop("issuer", authority.ca))
        one = cms.InstructionSignature(text=found.text, signature=signature, certificates=certificates)
        token = how.pop("token", None) or authority.stamp(
            hashlib.sha256(one.value).digest(), at=authority.now + at, **how
        )
        self.bundle = replace(
            self.bundle,
            cms=cms.stamped(cms.build(one), token),
            certificates=certificates,
            ocsp=authority.status(certificate),
        )


def _bundle(**of_other: str) -> Callable[[Whole], None]:
    """Members taken from the second instruction's bundle."""

    def change(whole: Whole) -> None:
        other = whole.maker.made[1].bundle
        whole.bundle = replace(whole.bundle, **{name: getattr(other, source) for name, source in of_other.items()})

    return change


def _of_same_key(profile: Profile, **life: Any) -> Callable[[Whole], None]:
    """A certificate over the very key, of another profile or time."""

    def change(whole: Whole) -> None:
        maker = whole.maker
        whole.signed(maker.authority.issue(profile, maker.key, "YH-000123", **life))

    return change


def _another_person(whole: Whole) -> None:
    key = new_key()
    whole.signed(whole.maker.authority.issue(Profile.INVESTOR, key, "YH-000999"), key=key)


def _another_ca(whole: Whole) -> None:
    """A whole authority of the attacker's, with the same names."""
    forged = Authority()
    whole.signed(forged.issue(Profile.INVESTOR, whole.maker.key, "YH-000123"), authority=forged)


def _broken_chain(whole: Whole) -> None:
    """The right leaf with another issuer beside it."""
    whole.signed(whole.maker.certificate, issuer=Authority().ca)


def _stamp(**how: Any) -> Callable[[Whole], None]:
    return lambda whole: whole.signed(whole.maker.certificate, **how)


def _stamp_of_another(whole: Whole) -> None:
    token = cms.opened(whole.maker.made[1].bundle.cms).token
    assert token is not None
    whole.signed(whole.maker.certificate, token=token)


def _stamp_by_an_investor(whole: Whole) -> None:
    maker = whole.maker
    whole.signed(maker.certificate, by=(maker.certificate, maker.key))


def _stamp_by_another_tsa(whole: Whole) -> None:
    forged = Authority()
    whole.signed(whole.maker.certificate, by=(forged.tsa, forged.tsa_key))


def _status(change: Callable[[Maker], bytes]) -> Callable[[Whole], None]:
    def put(whole: Whole) -> None:
        whole.bundle = replace(whole.bundle, ocsp=change(whole.maker))

    return put


def _revoked_before(maker: Maker) -> bytes:
    return maker.authority.status(maker.certificate, revoked_at=maker.authority.now - DAY)


def _from_before(maker: Maker) -> bytes:
    """Good and not yet over, and asked for long before the order was given."""
    return maker.authority.status(maker.certificate, at=maker.authority.now - timedelta(minutes=50))


def _of_another_certificate(maker: Maker) -> bytes:
    return maker.authority.status(maker.authority.issue(Profile.INVESTOR, new_key(), "YH-000777"))


def _by_no_responder(maker: Maker) -> bytes:
    return maker.authority.status(maker.certificate, by=(maker.certificate, maker.key))


def _place_of_another(whole: Whole) -> None:
    whole.journal = Whole.of(whole.maker, 1).journal


def _seal_of_another(whole: Whole) -> None:
    whole.seal = Whole.of(whole.maker, 1).seal


def _checkpoint_altered(whole: Whole) -> None:
    statement = whole.anchor.statement
    at = statement.index('"sequence":') + len('"sequence":')
    whole.anchor = msgspec.structs.replace(whole.anchor, statement=statement[:at] + "1" + statement[at:])


def _checkpoint_stamp(whole: Whole) -> None:
    token = cms.opened(whole.bundle.cms).token
    assert token is not None
    whole.anchor = msgspec.structs.replace(whole.anchor, token=text_of(token))


def _checkpoint_public(whole: Whole) -> None:
    """The very checkpoint, under a token that the public authority gives to anybody."""
    maker = whole.maker
    digest = hashlib.sha256(whole.anchor.statement.encode()).digest()
    token = maker.authority.stamp(digest, at=maker.authority.now + timedelta(seconds=40))
    whole.anchor = msgspec.structs.replace(whole.anchor, token=text_of(token))


def _checkpoint_public_key(whole: Whole) -> None:
    """The same with the policy of checkpoints written into it, were that ever given."""
    maker = whole.maker
    digest = hashlib.sha256(whole.anchor.statement.encode()).digest()
    token = maker.authority.stamp(
        digest, at=maker.authority.now + timedelta(seconds=40), policy=profiles.CHECKPOINT_POLICY
    )
    whole.anchor = msgspec.structs.replace(whole.anchor, token=text_of(token))


def _leaf_of_another(whole: Whole) -> None:
    """The record where its neighbour in the same group stands."""
    leaf = whole.journal.leaf
    whole.journal = msgspec.structs.replace(whole.journal, leaf=msgspec.structs.replace(leaf, at=leaf.at ^ 1))


def _stamp_given_up(whole: Whole) -> None:
    """A list beside, newer than the stamp, that says the authority's key was compromised."""
    authority = whole.maker.authority
    serial = x509.load_der_x509_certificate(authority.tsa).serial_number
    authority.revoked[serial] = (authority.now + DAY, x509.ReasonFlags.key_compromise)
    whole.bundle = replace(whole.bundle, crl=authority.revocation_list())
    del authority.revoked[serial]


EVIDENCE: list[tuple[str, Callable[[Whole], None], int]] = [
    ("the text of another order", _bundle(text="text"), 6886),
    ("the signature of another order", _bundle(cms="cms"), 6886),
    ("text and signature of another order", _bundle(text="text", cms="cms"), 6886),
    ("the record of another order", _bundle(record="record"), 6888),
    ("signed by another person", _another_person, 6887),
    ("a certificate of profile document", _of_same_key(Profile.DOCUMENT), 6887),
    ("a certificate of a line", _of_same_key(Profile.LINE), 6887),
    ("expired when stamped", _of_same_key(Profile.INVESTOR, end=Authority().now - DAY / 2), 6854),
    ("not yet valid when stamped", _of_same_key(Profile.INVESTOR, begin=Authority().now + DAY), 6853),
    ("an authority of the forger's", _another_ca, 6852),
    ("another issuer beside the leaf", _broken_chain, 6852),
    ("the stamp of another signature", _stamp_of_another, 6875),
    ("stamped by an investor's key", _stamp_by_an_investor, 6877),
    ("stamped by another authority", _stamp_by_another_tsa, 6852),
    ("stamped under another policy", _stamp(policy="1.2.3.4"), 6878),
    ("a stamp not bound to its certificate", _stamp(bind=False), 6877),
    ("stamped before it was accepted", _stamp(at=-timedelta(hours=2)), 6893),
    ("the status of another certificate", _status(_of_another_certificate), 6880),
    ("a status that says revoked", _status(_revoked_before), 6894),
    ("a status by who is no responder", _status(_by_no_responder), 6882),
    ("the place of another order", _place_of_another, 6888),
    ("the seal of another order", _seal_of_another, 6890),
    ("a checkpoint altered", _checkpoint_altered, 6875),
    ("a checkpoint under another stamp", _checkpoint_stamp, 6875),
    ("a checkpoint under a public stamp", _checkpoint_public, 6878),
    ("a checkpoint stamped by the public key", _checkpoint_public_key, 6892),
    ("a status from before the acceptance", _status(_from_before), 6883),
    ("a neighbour's leaf in the group", _leaf_of_another, 6889),
    ("a stamp by a key that was given up", _stamp_given_up, 6896),
]
