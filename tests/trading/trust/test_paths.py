"""Our path validation on chains of our own: name constraints by kind, usage, policies, bounds, revocation, hostile bytes."""

import ipaddress
import random
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.trading.trust.pki import DAY, NOW, Authority
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import PATH_CERTIFICATES_MAX
from yunhai.trading.trust.paths import Question, names_in, validate
from yunhai.trading.trust.profiles import ORDER_SIGNING, PROFILES, Profile

DER = serialization.Encoding.DER


class Chain:
    """Root, one authority with `constraints`, one leaf with alternative names `names`."""

    def __init__(
        self, names: list[Any] = (), *, authority: list[Any] = (), leaf: list[Any] = (), subject: str = "leaf"
    ) -> None:
        self.root_key, self.ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
        self.root = self._made("root", self.root_key, None, self.root_key, True, ())
        self.ca = self._made("authority", self.ca_key, self.root, self.root_key, True, authority)
        more = [(x509.SubjectAlternativeName(list(names)), False)] if names else []
        self.leaf = self._made(subject, key, self.ca, self.ca_key, False, [*more, *leaf])

    def _made(self, name: str, key: Any, issuer: Any, signer: Any, authority: bool, more: Any) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.subject if issuer is not None else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - DAY)
            .not_valid_after(NOW + DAY)
            .add_extension(x509.BasicConstraints(authority, None), True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False)
        )
        if authority:
            builder = builder.add_extension(_usage(), True)
        for extension, critical in more:
            builder = builder.add_extension(extension, critical)
        return builder.sign(signer, hashes.SHA256())

    def verdict(self, **asked: Any) -> int:
        question = Question(at=asked.pop("at", NOW), **asked)
        return code(self.leaf.public_bytes(DER), [self.ca.public_bytes(DER)], [self.root.public_bytes(DER)], question)


def _usage() -> x509.KeyUsage:
    return x509.KeyUsage(False, False, False, False, False, True, True, False, False)


def code(*arguments: Any, **named: Any) -> int:
    try:
        validate(*arguments, **named)
    except YunhaiError as error:
        return error.code
    return 0


def permitted(*names: Any) -> list[Any]:
    return [(x509.NameConstraints(list(names), None), True)]


def excluded(*names: Any) -> list[Any]:
    return [(x509.NameConstraints(None, list(names)), True)]


def net(text: str) -> x509.IPAddress:
    return x509.IPAddress(ipaddress.ip_network(text))


def ip(text: str) -> x509.IPAddress:
    return x509.IPAddress(ipaddress.ip_address(text))


dns, mail, uri = x509.DNSName, x509.RFC822Name, x509.UniformResourceIdentifier


@pytest.mark.parametrize(
    ("constraints", "name", "holds"),
    [
        (permitted(dns("example.tw")), dns("a.example.tw"), True),
        (permitted(dns("example.tw")), dns("A.EXAMPLE.TW"), True),
        (permitted(dns("example.tw")), dns("example.tw"), True),
        (permitted(dns("example.tw")), dns("badexample.tw"), False),
        (permitted(dns("example.tw")), ip("10.0.0.1"), True),
        (permitted(dns("a.example.tw")), dns("*.example.tw"), False),
        (excluded(dns("a.example.tw")), dns("*.example.tw"), False),
        (excluded(dns("example.tw")), dns("b.example.tw"), False),
        (excluded(dns("other.tw")), dns("b.example.tw"), True),
        (permitted(dns(".example.tw")), dns("a.example.tw"), False),
        (permitted(net("10.1.0.0/16")), ip("10.1.200.3"), True),
        (permitted(net("10.1.0.0/16")), ip("10.2.0.1"), False),
        (permitted(net("10.1.0.0/16")), ip("2001:db8::1"), False),
        (excluded(net("2001:db8::/32")), ip("2001:db8::1"), False),
        (excluded(net("0.0.0.0/0")), ip("192.168.1.1"), False),
        (permitted(mail("example.tw")), mail("a@example.tw"), True),
        (permitted(mail("example.tw")), mail("a@b.example.tw"), False),
        (permitted(mail(".example.tw")), mail("a@b.example.tw"), True),
        (permitted(mail("a@example.tw")), mail("b@example.tw"), False),
        (permitted(uri("example.tw")), uri("https://example.tw/x"), True),
        (permitted(uri(".example.tw")), uri("https://example.tw/x"), False),
        (permitted(uri("example.tw")), uri("https://10.0.0.1/x"), False),
        (permitted(x509.RegisteredID(x509.ObjectIdentifier("1.2.3"))), dns("a.tw"), False),
    ],
)
def test_name_constraints(constraints, name, holds):
    found = Chain([name], authority=constraints).verdict()
    assert found in ((0,) if holds else (6860, 6863))
    assert (found == 0) == holds


def test_a_name_and_what_it_stands_for_on_a_server():
    server = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
    chain = Chain([dns("*.example.tw"), ip("10.0.0.1")], leaf=[server], subject="*.example.tw")
    for wanted, right in (
        ("a.example.tw", True),
        ("A.Example.TW", True),
        ("10.0.0.1", True),
        ("example.tw", False),
        ("a.b.example.tw", False),
        ("10.0.0.2", False),
        ("leaf", False),
    ):
        assert (chain.verdict(server=wanted, web=True) == 0) == right, wanted


def test_usage_time_depth_and_root():
    only_tls = Chain(leaf=[(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)])
    assert only_tls.verdict(extended_usage=ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string) == 0
    assert only_tls.verdict(extended_usage=ORDER_SIGNING) == 6865
    assert only_tls.verdict(at=NOW - 2 * DAY) == 6853
    assert only_tls.verdict(at=NOW + DAY) == 0, "the last second counts"
    assert only_tls.verdict(at=NOW + DAY + timedelta(seconds=1)) == 6854
    assert only_tls.verdict(depth=0) == 6851
    leaf, root = only_tls.leaf.public_bytes(DER), only_tls.root.public_bytes(DER)
    assert code(leaf, [], [root], Question(at=NOW)) == 6851, "the authority was not handed over"
    assert code(leaf, [only_tls.ca.public_bytes(DER)], [], Question(at=NOW)) == 6851
    assert code(root, [], [root], Question(at=NOW)) == 6851, "an anchor is no leaf"


def test_a_leaf_that_signs_is_no_authority():
    chain = Chain()
    key = ec.generate_private_key(ec.SECP256R1())
    below = chain._made("below", key, chain.leaf, chain.ca_key, False, ())
    others = [chain.ca.public_bytes(DER), chain.leaf.public_bytes(DER)]
    assert code(below.public_bytes(DER), others, [chain.root.public_bytes(DER)], Question(at=NOW)) in (6852, 6858)


def test_our_own_chain_and_its_policies():
    authority = Authority()
    leaf = authority.issue(Profile.INVESTOR, ec.generate_private_key(ec.SECP256R1()), "YH-1")
    row = PROFILES[Profile.INVESTOR]
    question = Question(
        at=NOW, policies=frozenset({row.policy}), explicit_policy=True, usage=row.usage, extended_usage=ORDER_SIGNING
    )
    path = validate(leaf, [authority.ca], [authority.root], question)
    assert path.policies == {row.policy}
    assert len(names_in(path)) == 3
    wrong = Question(at=NOW, policies=frozenset({PROFILES[Profile.CLERK].policy}), explicit_policy=True)
    assert code(leaf, [authority.ca], [authority.root], wrong) == 6861
    others, roots, asked = [authority.ca], [authority.root], Question(at=NOW, status=True)
    lists = [authority.revocation_list()]
    assert code(leaf, others, roots, asked, lists=lists) == 6856, "nothing is said of the CA"
    lists.append(authority.revocation_list(root=True))
    assert code(leaf, others, roots, asked, lists=lists) == 0
    assert code(leaf, others, roots, asked, lists=lists[1:], answers=[authority.status(leaf)]) == 0
    dead = [authority.status(leaf, revoked_at=NOW - DAY)]
    assert code(leaf, others, roots, asked, lists=lists[1:], answers=dead) == 6855
    authority.revoked[x509.load_der_x509_certificate(leaf).serial_number] = (NOW - DAY, x509.ReasonFlags.key_compromise)
    assert code(leaf, others, roots, asked, lists=[authority.revocation_list(), lists[1]]) == 6855
    late = Question(at=NOW + 30 * DAY, status=True)
    assert code(leaf, others, roots, late, lists=lists) == 6857


def test_a_heap_of_certificates_costs_no_more_than_a_refusal():
    chain = Chain()
    leaf, ca, root = (one.public_bytes(DER) for one in (chain.leaf, chain.ca, chain.root))
    crossed = [
        chain._made("authority", chain.ca_key, chain.ca, chain.ca_key, True, ()).public_bytes(DER) for _ in range(60)
    ]
    assert code(leaf, [*crossed[:50], ca], [root], Question(at=NOW)) in (0, 6867)
    assert code(leaf, crossed * 2, [root], Question(at=NOW)) == 6867
    assert len(crossed) * 2 > PATH_CERTIFICATES_MAX


def test_hostile_bytes_are_refused_by_number():
    """Any byte of any certificate of a path: the path holds no more, or the byte said nothing that is checked; never a fault."""
    chain = Chain([dns("a.example.tw")], authority=permitted(dns("example.tw")))
    given = [one.public_bytes(DER) for one in (chain.leaf, chain.ca, chain.root)]
    chance = random.Random(5)
    for _ in range(400):
        place = chance.randrange(3)
        changed = [bytearray(one) for one in given]
        changed[place][chance.randrange(len(changed[place]))] ^= 1 << chance.randrange(8)
        leaf, ca, root = (bytes(one) for one in changed)
        found = code(leaf, [ca], [root], Question(at=NOW))
        assert found == 0 or 6850 <= found < 6868
        if place != 2:
            assert found != 0, "everything in it is signed"
