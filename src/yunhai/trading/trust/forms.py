"""Form of certificates: what RFC 5280 demands of those who issue them (§4), and what is demanded of a web server's besides.

A relying party that only follows RFC 5280 §6 takes certificates that no authority should have issued. Yunhai's own paths are
held to `require_form` too: a certificate that breaks a rule is refused, even if every signature along its path is right.
"""

import ipaddress
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

from asn1crypto import core, x509

from yunhai.kernel.limits import CERTIFICATES_READ_KEPT, SERIAL_BYTES_MAX
from yunhai.trading.trust.errors import (
    BROKEN,
    CERTIFICATE_MALFORMED,
    CRITICAL_UNKNOWN,
    FORM_WRONG,
    USAGE_WRONG,
    refused,
)
from yunhai.trading.trust.names import require_sound_names

_ADDRESS: Final = re.compile(r":|(?:^|\.)(?:[0-9]+|0[xX][0-9a-fA-F]*)$")
"""What is meant for an address, well written or not."""
UNDERSTOOD: Final = frozenset(
    {
        "authority_information_access",
        "authority_key_identifier",
        "basic_constraints",
        "certificate_policies",
        "crl_distribution_points",
        "extended_key_usage",
        "freshest_crl",
        "inhibit_any_policy",
        "issuer_alt_name",
        "key_identifier",
        "key_usage",
        "name_constraints",
        "ocsp_no_check",
        "policy_constraints",
        "policy_mappings",
        "subject_alt_name",
        "subject_information_access",
    }
)
"""Extensions that are processed, or that say nothing a path depends on."""
_ALWAYS_PLAIN: Final = (
    "authority_key_identifier",
    "key_identifier",
    "authority_information_access",
    "subject_information_access",
    "freshest_crl",
)
_ALWAYS_CRITICAL: Final = ("name_constraints", "policy_constraints", "inhibit_any_policy")
_AUTHORITIES_ONLY: Final = ("name_constraints", "policy_constraints", "inhibit_any_policy", "policy_mappings")


class Certificate(x509.Certificate):  # type: ignore[misc]
    """A certificate with its bytes as they were received: nothing that is checked or handed on is encoded again."""

    received: bytes = b""

    @property
    def signed_part(self) -> bytes:
        """The bytes that its issuer signed."""
        found: bytes = core.Sequence.load(self.received)[0].dump()
        return found


@lru_cache(CERTIFICATES_READ_KEPT)
def load(encoded: bytes) -> Certificate:
    """A certificate, every part of it read. CERTIFICATE_MALFORMED if a part is not DER of what it should be, if an extension
    is there twice, or if the two places of the signature's algorithm differ. The last ones read are kept: nobody changes them."""
    try:
        certificate: Certificate = Certificate.load(encoded, strict=True)
        certificate.received = encoded
        inner = certificate["tbs_certificate"]
        _ = (
            inner["validity"].native,
            inner["serial_number"].native,
            inner["signature"].native,
            inner["version"].native,
        )
        _ = (certificate.issuer.native, certificate.subject.native, certificate.signature)
        _ = inner["subject_public_key_info"]["algorithm"].native
        seen = set()
        for one in inner["extensions"]:
            name = one["extn_id"].native
            if name in seen:
                raise refused(CERTIFICATE_MALFORMED, f"extension {name} twice", f"擴充 {name} 重複")
            seen.add(name)
            _ = one["critical"].native
            if name in UNDERSTOOD or name == "subject_directory_attributes":
                _read(one)
        if inner["signature"].dump() != certificate["signature_algorithm"].dump():
            raise refused(CERTIFICATE_MALFORMED, "two signature algorithms", "兩處簽章演算法不同")
    except BROKEN as problem:
        kind = type(problem).__name__
        raise refused(
            CERTIFICATE_MALFORMED, f"not DER of a certificate ({kind})", f"不是憑證的 DER 編碼（{kind}）"
        ) from None
    return certificate


def _read(extension: Any) -> None:
    value = extension["extn_value"]
    parsed = value.parsed
    if len(parsed.dump()) != len(value.contents):
        raise ValueError("more than the extension's value")
    if extension["extn_id"].native not in ("subject_alt_name", "issuer_alt_name", "name_constraints"):
        _ = parsed.native  # names are read by their own rules


def critical(certificate: x509.Certificate, name: str) -> bool | None:
    """Whether an extension is critical; None if it is not there."""
    for one in certificate["tbs_certificate"]["extensions"]:
        if one["extn_id"].native == name:
            found: bool = one["critical"].native
            return found
    return None


def require_understood(certificate: x509.Certificate) -> None:
    """CRITICAL_UNKNOWN if a critical extension is not one that is processed."""
    unknown = certificate.critical_extensions - UNDERSTOOD
    if unknown:
        listed = ", ".join(sorted(unknown))
        raise refused(CRITICAL_UNKNOWN, listed, listed)


def require_form(certificate: x509.Certificate, *, authority: bool, anchor: bool) -> None:
    """FORM_WRONG, with the rule, unless the certificate keeps RFC 5280's rules for issuers. `authority`: it stands above
    another in the path; `anchor`: it is the trusted one."""
    for rule, broken in _rules(certificate, authority=authority, anchor=anchor):
        if broken:
            raise refused(FORM_WRONG, rule[0], rule[1])
    require_sound_names(certificate)


def _rules(certificate: x509.Certificate, *, authority: bool, anchor: bool) -> Iterable[tuple[tuple[str, str], bool]]:
    inner = certificate["tbs_certificate"]
    serial = inner["serial_number"]
    constraints = certificate.basic_constraints_value
    is_authority = constraints is not None and bool(constraints["ca"].native)
    usage = certificate.key_usage_value
    signs = usage is not None and "key_cert_sign" in usage.native
    access = certificate.authority_key_identifier_value
    yield ("version 3 (§4.1.2.1)", "版本 3"), inner["version"].native != "v3"
    yield (
        (
            "serial number positive (of the trusted one: or 0), at most 20 bytes (§4.1.2.2)",
            "序號須為正數（信任根可為 0）且不逾 20 位元組",
        ),
        serial.native < (0 if anchor else 1) or serial.native.bit_length() > 8 * SERIAL_BYTES_MAX,
    )
    yield ("issuer not empty (§4.1.2.4)", "簽發者不得為空"), not len(certificate.issuer.chosen)
    empty = not len(certificate.subject.chosen)
    yield (
        ("an authority's subject not empty (§4.1.2.6)", "簽發機構之主體不得為空"),
        empty and (authority or is_authority),
    )
    yield (
        ("alternative names critical where the subject is empty (§4.2.1.6)", "主體為空時別名須為關鍵"),
        empty and critical(certificate, "subject_alt_name") is not True,
    )
    for name in _ALWAYS_PLAIN:
        yield (f"{name} not critical (§4.2)", f"{name} 不得為關鍵"), critical(certificate, name) is True
    for name in _ALWAYS_CRITICAL:
        yield (f"{name} critical (§4.2.1)", f"{name} 須為關鍵"), critical(certificate, name) is False
    for name in _AUTHORITIES_ONLY:
        yield (
            (f"{name} in an authority's only (§4.2.1)", f"{name} 僅限簽發機構"),
            not is_authority and critical(certificate, name) is not None,
        )
    yield (
        ("authority key identifier, but for the trusted one (§4.2.1.1)", "須有簽發者金鑰識別碼（信任根除外）"),
        not anchor and (access is None or access["key_identifier"].native is None),
    )
    yield (
        ("an authority's subject key identifier (§4.2.1.2)", "簽發機構須有主體金鑰識別碼"),
        (authority or is_authority) and certificate.key_identifier is None,
    )
    yield (
        ("basic constraints critical in an authority's (§4.2.1.9)", "簽發機構之基本限制須為關鍵"),
        is_authority and critical(certificate, "basic_constraints") is not True,
    )
    yield (
        ("keyCertSign and cA together (§4.2.1.9)", "keyCertSign 與 cA 須一致"),
        (signs and not is_authority) or (is_authority and usage is not None and not signs),
    )
    yield (
        ("a path length only with cA (§4.2.1.9)", "路徑長度僅限 cA"),
        constraints is not None
        and not is_authority
        and not isinstance(constraints["path_len_constraint"], core.Void)
        and constraints["path_len_constraint"].native is not None,
    )
    yield ("key usage not empty (§4.2.1.3)", "金鑰用途不得為空"), usage is not None and not usage.native
    extended = certificate.extended_key_usage_value
    yield ("extended key usage not empty (§4.2.1.12)", "擴充用途不得為空"), extended is not None and not len(extended)
    policies = certificate.certificate_policies_value
    named = [one["policy_identifier"].dotted for one in policies] if policies is not None else []
    yield ("each policy once (§4.2.1.4)", "政策不得重複"), len(set(named)) != len(named)
    limits = certificate.policy_constraints_value
    yield (
        ("policy constraints not empty (§4.2.1.11)", "政策限制不得為空"),
        limits is not None and all(value is None for value in limits.native.values()),
    )
    names = certificate.name_constraints_value
    yield (
        ("name constraints not empty (§4.2.1.10)", "名稱限制不得為空"),
        names is not None and not any(not isinstance(names[part], core.Void) and len(names[part]) for part in names),
    )


def require_web(path: list[x509.Certificate]) -> None:
    """What a web server's path must keep besides (CA/Browser Forum Baseline Requirements, section 7). `path` root first.

    FORM_WRONG or USAGE_WRONG with the rule.
    """
    root, leaf = path[0], path[-1]
    extended = leaf.extended_key_usage_value
    purposes = extended.native if extended is not None else []
    if "server_auth" not in purposes or "any_extended_key_usage" in purposes:
        raise refused(USAGE_WRONG, "not for a server", "不是伺服器用途")
    if critical(leaf, "extended_key_usage"):
        raise refused(FORM_WRONG, "extended key usage not critical", "擴充用途不得為關鍵")
    if leaf.ca:
        raise refused(FORM_WRONG, "a server's certificate is not an authority's", "伺服器憑證不得為簽發機構")
    if critical(leaf, "subject_alt_name") and len(leaf.subject.chosen):
        raise refused(FORM_WRONG, "alternative names not critical beside a subject", "有主體時別名不得為關鍵")
    _require_common(leaf)
    if len(path) > 1:
        if root.extended_key_usage_value is not None:
            raise refused(FORM_WRONG, "no extended key usage in a root", "根憑證不得有擴充用途")
        access = root.authority_key_identifier_value
        if access is not None and (
            access["key_identifier"].native != root.key_identifier
            or access["authority_cert_issuer"].native is not None
            or access["authority_cert_serial_number"].native is not None
        ):
            raise refused(FORM_WRONG, "a root's authority key identifier is its own", "根憑證之簽發者識別碼須為其本身")


def _require_common(leaf: x509.Certificate) -> None:
    """A common name is one of the alternative names of its kind, in its very letters, or the domain below a wildcard."""
    alternatives = leaf.subject_alt_name_value
    hosts, addresses = set(), set()
    for one in alternatives if alternatives is not None else ():
        if one.name == "ip_address":
            addresses.add(str(ipaddress.ip_address(one.chosen.contents)))
        elif one.name == "dns_name":
            host = one.chosen.contents.decode("ascii", "replace")
            hosts |= {host, host.removeprefix("*.")}
    for part in leaf.subject.chosen:
        for pair in part:
            if pair["type"].native == "common_name":
                name = pair["value"].native
                known = addresses if _ADDRESS.search(name) else hosts
                if known and name not in known:
                    raise refused(FORM_WRONG, "the common name is not an alternative name", "通用名稱不在別名之中")
