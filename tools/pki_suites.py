"""Public test suites of certificate paths and signatures, run through our own validation: NIST PKITS, x509-limbo, Wycheproof.

Each gives `Verdict`s: the case, what is expected, what was found, and, where a case does not apply, the reason. The table of all
of them is docs/reference/pki-verdicts.md (`python -m tools.pki_verdicts`). The suites are outside the repository, in the data
folder's `pki`.
"""

import json
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from asn1crypto import algos, crl, keys, pem, x509

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import PATH_DEPTH_MAX
from yunhai.trading.signatures import der_of, raw_of
from yunhai.trading.trust import paths
from yunhai.trading.trust.algorithms import MODERN, OLD, holds

AT: Final = datetime(2026, 8, 1, tzinfo=UTC)
EXTENDED: Final = {"serverAuth": "1.3.6.1.5.5.7.3.1", "clientAuth": "1.3.6.1.5.5.7.3.2"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`valid`: what the suite says; `found`: our code, 0 for valid; `reason`: why the case does not apply, empty: it does."""

    suite: str
    case: str
    valid: bool
    found: int
    reason: str = ""

    @property
    def right(self) -> bool:
        return bool(self.reason) or (self.found == 0) == self.valid


def _code(run: Callable[[], Any]) -> int:
    try:
        run()
    except YunhaiError as error:
        return error.code
    return 0


# --- NIST PKITS --------------------------------------------------------------------------------------------------------


@cache
def pkits_files(folder: Path) -> dict[str, bytes]:
    """By name: every certificate and list of the suite."""
    with tarfile.open(folder / "pkits/certs_and_crls.tar.gz") as tar:
        opened = ((member.name, tar.extractfile(member)) for member in tar if member.isfile())
        return {name.rsplit("/", 1)[-1]: file.read() for name, file in opened if file is not None}


def _pkits(files: dict[str, bytes], leaf: str, others: list[str], lists: list[str], **asked: Any) -> paths.ValidPath:
    question = paths.Question(at=AT, status=True, form=False, taken=OLD, **asked)
    return paths.validate(
        files[leaf],
        [files[name] for name in others],
        [files["TrustAnchorRootCertificate.crt"]],
        question,
        lists=[files["TrustAnchorRootCRL.crl"], *(files[name] for name in lists)],
    )


def _parameters(case: dict[str, Any]) -> dict[str, Any]:
    said = case.get("params", {})
    return {
        "policies": frozenset(said.get("user_initial_policy_set", ())),
        "explicit_policy": said.get("initial_explicit_policy", False),
        "inhibit_mapping": said.get("initial_policy_mapping_inhibit", False),
        "inhibit_any": said.get("initial_any_policy_inhibit", False),
    }


def pkits(folder: Path) -> Iterator[Verdict]:
    """Every case of `pkits.json`, with the status of every certificate demanded."""
    files = pkits_files(folder)
    for case in json.loads((folder / "pkits/pkits.json").read_text()):
        others, lists = case.get("other_certs", []), case.get("crls", [])
        found = _code(partial(_pkits, files, case["cert"], others, lists, **_parameters(case)))
        name = f"4.{int(case['id'][1:3])}.{int(case['id'][3:])} {case['name']}"
        yield Verdict(suite="PKITS", case=name, valid="error" not in case, found=found)


def pkits_notices(folder: Path) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """(case, the notice to be shown, the notices found) of `pkits-user-notice.json`."""
    files = pkits_files(folder)
    for case in json.loads((folder / "pkits/pkits-user-notice.json").read_text()):
        path = _pkits(files, case["cert"], case.get("other_certs", []), case.get("crls", []), **_parameters(case))
        yield f"{case['id']} {case['name']}", case["notice"], path.notices


def pkits_by_name(folder: Path) -> Iterator[Verdict]:
    """The end entities of the archive that no case of `pkits.json` is about and whose file name says the verdict (policies,
    mappings, name constraints): the path is searched among everything that could lead to the root."""
    files = pkits_files(folder)
    told = {case["cert"] for case in json.loads((folder / "pkits/pkits.json").read_text())}
    certificates = {name: x509.Certificate.load(raw) for name, raw in files.items() if name.endswith(".crt")}
    issuers: dict[str, list[str]] = {}
    for name, certificate in certificates.items():
        issuers.setdefault(certificate.subject.hashable, []).append(name)
    lists: dict[str, list[str]] = {}
    for name, raw in files.items():
        if name.endswith(".crl"):
            lists.setdefault(crl.CertificateList.load(raw).issuer.hashable, []).append(name)
    for leaf in sorted(certificates):
        if leaf in told or not leaf.startswith(("Valid", "Invalid")) or not leaf.endswith("EE.crt"):
            continue
        above, waiting = {leaf}, [leaf]
        while waiting:
            for name in issuers.get(certificates[waiting.pop()].issuer.hashable, []):
                if name not in above:
                    above.add(name)
                    waiting.append(name)
        others = [name for name in above if name != leaf and not name.startswith("TrustAnchor")]
        named = sorted({one for name in above for one in lists.get(certificates[name].subject.hashable, [])})
        found = _code(partial(_pkits, files, leaf, others, named))
        yield Verdict(suite="PKITS by name", case=leaf, valid=leaf.startswith("Valid"), found=found)


# --- x509-limbo --------------------------------------------------------------------------------------------------------

LIMBO_REASONS: Final = {
    "rfc5280::aki::cross-signed-root-missing-aki": (
        "the trusted certificate lacks an authority key identifier, and so does that of cve-2024-0567, which must be taken:"
        " what an anchor says of its own issuer is not looked at"
    ),
}
"""Cases whose expected verdict is not ours, and why."""


def _der(text: str) -> bytes:
    found: bytes = pem.unarmor(text.encode())[2]
    return found


def limbo_question(case: dict[str, Any]) -> paths.Question:
    """What a case asks: the rules of RFC 5280 with its forms; of a web server's besides where the case is one of webpki."""
    at = datetime.fromisoformat(case["validation_time"]) if case["validation_time"] else datetime.now(UTC)
    peer = case["expected_peer_name"]
    wanted = case["extended_key_usage"]
    depth = case["max_chain_depth"]
    asked = {} if depth is None else {"depth": min(depth, PATH_DEPTH_MAX)}
    return paths.Question(
        at=at,
        web=case["id"].startswith("webpki::"),
        server=peer["value"] if peer else "",
        extended_usage=EXTENDED[wanted[0]] if wanted else "",
        status=bool(case.get("crls")),
        **asked,
    )


def limbo(folder: Path) -> Iterator[Verdict]:
    """Every case of `limbo.json`."""
    for case in json.loads((folder / "x509_limbo/limbo.json").read_text())["testcases"]:
        others = [_der(one) for one in case["untrusted_intermediates"]]
        anchors = [_der(one) for one in case["trusted_certs"]]
        lists = [_der(one) for one in case.get("crls") or ()]
        question, leaf = limbo_question(case), _der(case["peer_certificate"])
        found = _code(partial(paths.validate, leaf, others, anchors, question, lists=lists))
        valid = case["expected_result"] == "SUCCESS"
        reason = LIMBO_REASONS.get(case["id"], "") if (found == 0) != valid else ""
        yield Verdict(suite="x509-limbo", case=case["id"], valid=valid, found=found, reason=reason)


# --- Wycheproof --------------------------------------------------------------------------------------------------------

WYCHEPROOF_REASONS: Final = {
    "aes_gcm_test.json": "no encryption in a path or in evidence",
    "hkdf_sha256_test.json": "no key derivation in a path or in evidence",
    "hmac_sha256_test.json": "no message authentication code in a path or in evidence",
    "pbkdf2_hmacsha256_test.json": "no passwords in a path or in evidence",
    "x25519_test.json": "no key agreement in a path or in evidence",
    "ecdsa_secp256k1_sha256_bitcoin_test.json": "secp256k1 is refused, whatever the signature (6864)",
    "ecdsa_secp256k1_sha256_test.json": "secp256k1 is refused, whatever the signature (6864)",
    "ed448_test.json": "Ed448 is refused, whatever the signature (6864)",
}
REFUSED_KEYS: Final = frozenset(
    {"ecdsa_secp256k1_sha256_bitcoin_test.json", "ecdsa_secp256k1_sha256_test.json", "ed448_test.json"}
)
"""Files whose keys are of a kind that is never taken: asserted case by case."""
_NONE: Final = frozenset(
    {
        "aes_gcm_test.json",
        "hkdf_sha256_test.json",
        "hmac_sha256_test.json",
        "pbkdf2_hmacsha256_test.json",
        "x25519_test.json",
    }
)


def _algorithm(name: str, group: dict[str, Any]) -> algos.SignedDigestAlgorithm:
    if name.startswith("ecdsa"):
        return algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"})
    if name.startswith("ed"):
        return algos.SignedDigestAlgorithm({"algorithm": name.split("_", maxsplit=1)[0]})
    if name.startswith("rsa_pss"):
        return algos.SignedDigestAlgorithm(
            {
                "algorithm": "rsassa_pss",
                "parameters": {
                    "hash_algorithm": {"algorithm": "sha256"},
                    "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": "sha256"}},
                    "salt_length": group["sLen"],
                },
            }
        )
    digest = group["sha"].replace("SHA-", "sha").lower()
    return algos.SignedDigestAlgorithm({"algorithm": f"{digest}_rsa"})


def _key(group: dict[str, Any]) -> keys.PublicKeyInfo:
    for name in ("publicKeyDer", "keyDer", "publicKeyAsn"):
        if name in group:
            return keys.PublicKeyInfo.load(bytes.fromhex(group[name]))
    public = group["privateKey"]
    return keys.PublicKeyInfo.wrap(
        keys.RSAPublicKey(
            {"modulus": int(public["modulus"], 16), "public_exponent": int(public["publicExponent"], 16)}
        ),
        "rsa",
    )


def wycheproof(folder: Path) -> Iterator[Verdict]:
    """Every signature of the 14 files; one line for each file that is about something else."""
    for file in sorted((folder / "wycheproof").glob("*.json")):
        said = json.loads(file.read_text())
        if file.name in _NONE:
            yield Verdict(
                suite="Wycheproof", case=f"{file.name} ({said['numberOfTests']} cases)", valid=True, found=0,
                reason=WYCHEPROOF_REASONS[file.name],
            )  # fmt: skip
            continue
        for group in said["testGroups"]:
            for test in group["tests"]:
                yield _signature(file.name, group, test)


def _signature(name: str, group: dict[str, Any], test: dict[str, Any]) -> Verdict:
    signature, message = bytes.fromhex(test["sig"]), bytes.fromhex(test["msg"])

    def run() -> None:
        if not holds(_key(group), _algorithm(name, group), signature, message, taken=MODERN):
            raise YunhaiError(6852, reason="signature")

    found = _code(run)
    valid = test["result"] == "valid" or (test["result"] == "acceptable" and found == 0)
    reason = ""
    if name in REFUSED_KEYS:
        reason = WYCHEPROOF_REASONS[name]
    elif found == 6864 and valid and group.get("sha") in ("SHA-1", "SHA-224"):
        reason = f"{group['sha']} is refused on purpose (6864)"
    return Verdict(suite="Wycheproof", case=f"{name} {test['tcId']}", valid=valid, found=found, reason=reason)


def wire_signature(der: bytes) -> bytes | None:
    """The same signature as an instruction carries it (r and s, 64 bytes) and back; None if it has no such form."""
    try:
        raw = raw_of(der)
    except ValueError:
        return None
    return der_of(raw)
