"""Certificate paths 憑證路徑: from a certificate to a trusted root, after RFC 5280 §6 (and RFC 9618 for policies).

`validate` searches the certificates given with one for chains to an anchor, and takes the first that holds in every check:
signatures, validity at the time passed in, authority and path length, key usage, name constraints, policies with their mappings,
critical extensions, and, if asked for, the status of every certificate below the root. The search is bounded, so that a heap
of crossed certificates costs no more than a refusal.

Two strictnesses. `form=True`, as Yunhai's own paths are checked, also demands what RFC 5280 demands of issuers (`forms`);
`form=False` is the relying party's algorithm alone, which NIST's suite is written for. `web=True` adds a web server's rules.

What is whose: the walk, signatures, names, forms are here; the graph of policies and the processing of revocation lists are
pyhanko-certvalidator's. Verdicts on public test suites: docs/reference/pki-verdicts.md.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from asn1crypto import keys, x509
from pyhanko_certvalidator.policy_graph import (
    PolicyGraph,
    PolicyGraphSizeExceeded,
    apply_policy_mapping,
    update_policy_graph,
    user_constrained_policies,
)

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import (
    FOREIGN_CERTIFICATE_BYTES_MAX,
    PATH_CERTIFICATES_MAX,
    PATH_DEPTH_MAX,
    PATH_POLICIES_MAX,
    PATH_TRIES_MAX,
)
from yunhai.trading.trust import forms
from yunhai.trading.trust.algorithms import MODERN, Taken, holds, public_key
from yunhai.trading.trust.errors import (
    CERTIFICATE_MALFORMED,
    CERTIFICATE_SIGNATURE,
    EXPIRED,
    NOT_AN_AUTHORITY,
    NOT_YET_VALID,
    PATH_NOT_FOUND,
    PATH_TOO_LONG,
    POLICY_NOT_VALID,
    SEARCH_TOO_LARGE,
    USAGE_WRONG,
    refused,
)
from yunhai.trading.trust.forms import Certificate
from yunhai.trading.trust.names import Constraints, require_server
from yunhai.trading.trust.revocation import require_unrevoked

ANY_POLICY: Final = "any_policy"
_ANY_USAGE: Final = "2.5.29.37.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of a path. `at` in UTC; `policies` dotted, empty: any; `extended_usage` dotted, `usage` asn1crypto's names:
    what the leaf must be for; `status`: every certificate below the root must be known not to be revoked; `server` a host's
    name or address that it must hold; `depth` certificates between leaf and root at most."""

    at: datetime
    policies: frozenset[str] = frozenset()
    explicit_policy: bool = False
    inhibit_mapping: bool = False
    inhibit_any: bool = False
    extended_usage: str = ""
    usage: frozenset[str] = frozenset()
    status: bool = False
    form: bool = True
    web: bool = False
    server: str = ""
    depth: int = PATH_DEPTH_MAX
    taken: Taken = MODERN


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidPath:
    """A path that holds: DER of its certificates from the leaf to the root; `policies` that hold for the leaf, dotted (with
    ANY_POLICY where any does); `notices` the texts that their issuers want shown."""

    certificates: tuple[bytes, ...]
    policies: frozenset[str]
    notices: tuple[str, ...]


def validate(
    leaf: bytes,
    others: Sequence[bytes],
    anchors: Sequence[bytes],
    question: Question,
    *,
    lists: Sequence[bytes] = (),
    answers: Sequence[bytes] = (),
) -> ValidPath:
    """The first path from `leaf` to one of `anchors` that answers the question. Everything DER.

    PATH_NOT_FOUND if there is no chain at all; otherwise the first reason (6850-6867) why a chain did not hold.
    """
    if len(others) + len(anchors) > PATH_CERTIFICATES_MAX:
        raise refused(
            SEARCH_TOO_LARGE, f"{len(others) + len(anchors)} certificates", f"{len(others) + len(anchors)} 張憑證"
        )
    found = _load(leaf)
    pool = [one for one in (_load(each, lenient=True) for each in dict.fromkeys(others)) if one is not None]
    roots = [one for one in (_load(each, lenient=True) for each in dict.fromkeys(anchors)) if one is not None]
    assert found is not None
    search = _Search(pool, roots, question)
    reasons: list[YunhaiError] = []
    for chain in search.chains([found]):
        path = chain[::-1]
        try:
            walk = _Walk(path, question, search.proven)
            walk.run()
            if question.status:
                others_here = [one for one in pool if one not in path]
                require_unrevoked(
                    path, others=others_here, lists=lists, answers=answers, at=question.at, taken=question.taken
                )
        except YunhaiError as error:
            reasons.append(error)
            continue
        return ValidPath(
            certificates=tuple(one.received for one in chain),
            policies=walk.policies,
            notices=tuple(sorted(walk.notices)),
        )
    reasons += search.reasons
    if reasons:
        raise reasons[0]
    name = found.subject.human_friendly
    raise refused(PATH_NOT_FOUND, name, name)


def _load(encoded: bytes, *, lenient: bool = False) -> Certificate | None:
    if len(encoded) > FOREIGN_CERTIFICATE_BYTES_MAX:
        raise refused(CERTIFICATE_MALFORMED, "too large", "過大")
    try:
        return forms.load(encoded)
    except YunhaiError:
        if lenient:  # one of many that were handed over: it cannot be part of a path
            return None
        raise


# --- the search --------------------------------------------------------------------------------------------------------


@dataclass
class _Search:
    """Chains from a leaf to an anchor, depth first, the likeliest issuer first; a wrong signature ends a branch."""

    pool: list[Certificate]
    roots: list[Certificate]
    question: Question
    tries: int = 0
    proven: set[tuple[bytes, bytes]] = field(default_factory=set)
    reasons: list[YunhaiError] = field(default_factory=list)

    def chains(self, chain: list[Certificate]) -> Iterator[list[Certificate]]:
        """Every chain that begins with `chain`. SEARCH_TOO_LARGE after so many tries."""
        last = chain[-1]
        for issuer in self._issuers(self.roots, last):
            if issuer.received not in [one.received for one in chain] and self._signed(last, issuer):
                yield [*chain, issuer]
        if len(chain) > self.question.depth:
            return
        taken = {(one.subject.hashable, one.public_key.dump()) for one in chain}
        known = {one.received for one in self.roots}
        for issuer in self._issuers(self.pool, last):
            if issuer.received in known or (issuer.subject.hashable, issuer.public_key.dump()) in taken:
                continue
            if self._signed(last, issuer):
                yield from self.chains([*chain, issuer])

    def _issuers(self, among: list[Certificate], certificate: Certificate) -> list[Certificate]:
        wanted = certificate.issuer.hashable
        named = [one for one in among if one.subject.hashable == wanted]
        key = certificate.authority_key_identifier
        return sorted(named, key=lambda one: key is not None and one.key_identifier not in (None, key))

    def _signed(self, certificate: Certificate, issuer: x509.Certificate) -> bool:
        self.tries += 1
        if self.tries > PATH_TRIES_MAX:
            raise refused(SEARCH_TOO_LARGE, f"more than {PATH_TRIES_MAX} tries", f"嘗試逾 {PATH_TRIES_MAX} 次")
        if _inherits(issuer.public_key):
            return True  # its parameters are known on the way down
        try:
            _require_signed(certificate, issuer.public_key, self.question.taken, None)
        except YunhaiError as error:
            self.reasons.append(error)
            return False
        self.proven.add((certificate.received, issuer.received))
        return True


def _inherits(info: keys.PublicKeyInfo) -> bool:
    return bool(info.algorithm == "dsa" and not info["algorithm"]["parameters"].native)


def _require_signed(
    certificate: Certificate, by: keys.PublicKeyInfo, taken: Taken, parameters: keys.DSAParams | None
) -> None:
    if not holds(
        by,
        certificate["signature_algorithm"],
        certificate.signature,
        certificate.signed_part,
        taken=taken,
        parameters=parameters,
    ):
        name = certificate.subject.human_friendly
        raise refused(CERTIFICATE_SIGNATURE, name, name)


# --- the walk ----------------------------------------------------------------------------------------------------------


class _Walk:
    """RFC 5280 §6.1 down one path, `path[0]` the anchor. `run` raises the first reason why it does not hold."""

    def __init__(self, path: list[Certificate], question: Question, proven: set[tuple[bytes, bytes]]) -> None:
        self.path, self.question, self._proven = path, question, proven
        self.policies: frozenset[str] = frozenset()
        self.notices: set[str] = set()
        count = len(path) - 1
        self._constraints = Constraints()
        self._left = count
        self._explicit = 0 if question.explicit_policy else count + 1
        self._mapping = 0 if question.inhibit_mapping else count + 1
        self._any = 0 if question.inhibit_any else count + 1
        self._graph: PolicyGraph | None = PolicyGraph(max_nodes=PATH_POLICIES_MAX)
        self._parameters: keys.DSAParams | None = None

    def run(self) -> None:
        """Every check. Refused as `validate` says."""
        question = self.question
        root = self.path[0]
        self._require_time(root)
        forms.require_understood(root)
        if question.form:
            forms.require_form(root, authority=True, anchor=True)
            self._require_authority(root)
        public_key(root.public_key, question.taken)
        self._parameters_of(root.public_key)
        self._take_limits(root)
        try:
            for place, certificate in enumerate(self.path[1:], 1):
                self._step(place, certificate)
            self._finish()
        except PolicyGraphSizeExceeded:
            raise refused(SEARCH_TOO_LARGE, "policies", "政策過多") from None
        self._require_use()

    def _step(self, place: int, certificate: Certificate) -> None:
        last = place == len(self.path) - 1
        above = self.path[place - 1]
        if (certificate.received, above.received) not in self._proven:
            _require_signed(certificate, above.public_key, self.question.taken, self._parameters)
        self._require_time(certificate)
        if certificate.issuer != above.subject:
            raise refused(PATH_NOT_FOUND, "the names do not chain", "名稱不相連")
        if last or not _self_issued(certificate):
            self._constraints.check(certificate)
        self._take_policies(place, certificate, last=last)
        forms.require_understood(certificate)
        if self.question.form:
            forms.require_form(certificate, authority=not last, anchor=False)
        if last:
            public_key(certificate.public_key, self.question.taken, parameters=self._parameters)
            return
        self._map_policies(place, certificate)
        self._parameters_of(certificate.public_key)
        self._require_authority(certificate)
        if not _self_issued(certificate):
            if self._left <= 0:
                name = certificate.subject.human_friendly
                raise refused(PATH_TOO_LONG, name, name)
            self._left -= 1
        self._take_limits(certificate)
        self._take_policy_limits(certificate)

    def _require_time(self, certificate: Certificate) -> None:
        at = self.question.at.astimezone(UTC).replace(microsecond=0)
        validity = certificate["tbs_certificate"]["validity"]
        begin, end = validity["not_before"].native, validity["not_after"].native
        name = certificate.subject.human_friendly
        if at < begin:
            raise refused(
                NOT_YET_VALID, f"{name}, from {begin:%Y-%m-%d %H:%M:%S}Z", f"{name}，{begin:%Y-%m-%d %H:%M:%S}Z 起"
            )
        if at > end:
            raise refused(EXPIRED, f"{name}, until {end:%Y-%m-%d %H:%M:%S}Z", f"{name}，至 {end:%Y-%m-%d %H:%M:%S}Z")

    def _require_authority(self, certificate: Certificate) -> None:
        name = certificate.subject.human_friendly
        if not certificate.ca:
            raise refused(NOT_AN_AUTHORITY, f"{name} is not a CA's", f"{name} 不是簽發機構")
        usage = certificate.key_usage_value
        if usage is not None and "key_cert_sign" not in usage.native:
            raise refused(
                NOT_AN_AUTHORITY, f"the key of {name} may not sign certificates", f"{name} 之金鑰不得簽發憑證"
            )

    def _parameters_of(self, info: keys.PublicKeyInfo) -> None:
        if info.algorithm != "dsa":
            self._parameters = None
        elif not _inherits(info):
            self._parameters = info["algorithm"]["parameters"]

    def _take_limits(self, certificate: Certificate) -> None:
        constraints = certificate.name_constraints_value
        if constraints is not None:
            self._constraints.add(constraints)
        length = certificate.max_path_length
        if length is not None:
            self._left = min(self._left, length)

    # -- policies ------------------------------------------------------------------------------------------------------

    def _take_policies(self, place: int, certificate: Certificate, *, last: bool) -> None:
        said = certificate.certificate_policies_value
        if said is None:
            self._graph = None
        elif self._graph is not None:
            free = self._any > 0 or (not last and _self_issued(certificate))
            self._graph = update_policy_graph(said, self._graph, depth=place, any_policy_uninhibited=free)
        if self._graph is None and self._explicit <= 0:
            self._no_policy(certificate)

    def _no_policy(self, certificate: Certificate) -> None:
        name = certificate.subject.human_friendly
        raise refused(POLICY_NOT_VALID, name, name)

    def _map_policies(self, place: int, certificate: Certificate) -> None:
        mappings = certificate.policy_mappings_value
        if mappings is None:
            return
        mapped: dict[str, set[str]] = {}
        for one in mappings:
            issuer, subject = one["issuer_domain_policy"].native, one["subject_domain_policy"].native
            if ANY_POLICY in (issuer, subject):
                raise refused(POLICY_NOT_VALID, "any policy is mapped", "對應了任意政策")
            mapped.setdefault(issuer, set()).add(subject)
        if self._graph is not None:
            self._graph = apply_policy_mapping(
                mapped, self._graph, depth=place, policy_mapping_uninhibited=self._mapping > 0
            )

    def _take_policy_limits(self, certificate: Certificate) -> None:
        if not _self_issued(certificate):
            self._explicit, self._mapping, self._any = (
                max(0, left - 1) for left in (self._explicit, self._mapping, self._any)
            )
        limits = certificate.policy_constraints_value
        if limits is not None:
            explicit, mapping = limits["require_explicit_policy"].native, limits["inhibit_policy_mapping"].native
            self._explicit = self._explicit if explicit is None else min(self._explicit, explicit)
            self._mapping = self._mapping if mapping is None else min(self._mapping, mapping)
        inhibited = certificate.inhibit_any_policy_value
        if inhibited is not None:
            self._any = min(self._any, inhibited.native)

    def _finish(self) -> None:
        leaf = self.path[-1]
        self._explicit = max(0, self._explicit - 1)
        limits = leaf.policy_constraints_value
        if limits is not None and limits["require_explicit_policy"].native == 0:
            self._explicit = 0
        wanted = self.question.policies or frozenset({ANY_POLICY})
        held = user_constrained_policies(
            self._graph, path_length=len(self.path) - 1, user_initial_policy_set=frozenset(wanted)
        )
        if not held and self._explicit == 0:
            self._no_policy(leaf)
        self.policies = frozenset(one.user_domain_policy_id for one in held)
        for one in held:
            for qualifier in one.qualifiers:
                if qualifier["policy_qualifier_id"].native == "user_notice":
                    text = qualifier["qualifier"]["explicit_text"].native
                    if text:
                        self.notices.add(text)

    # -- the leaf ------------------------------------------------------------------------------------------------------

    def _require_use(self) -> None:
        question, leaf = self.question, self.path[-1]
        usage = leaf.key_usage_value
        if question.usage and usage is not None and not question.usage <= usage.native:
            raise refused(USAGE_WRONG, "the key's usage", "金鑰用途")
        if question.extended_usage:
            for certificate in self.path[1:]:
                said = certificate.extended_key_usage_value
                purposes = [one.dotted for one in said] if said is not None else [_ANY_USAGE]
                if question.extended_usage not in purposes and _ANY_USAGE not in purposes:
                    raise refused(USAGE_WRONG, "the extended usage", "擴充用途")
        if question.web:
            forms.require_web(self.path)
        if question.server:
            require_server(leaf, question.server)


def _self_issued(certificate: Certificate) -> bool:
    return bool(certificate.subject == certificate.issuer)


def names_in(path: ValidPath) -> tuple[str, ...]:
    """The subjects of a path's certificates, leaf first, for people to read."""
    return tuple(str(x509.Certificate.load(one).subject.human_friendly) for one in path.certificates)
