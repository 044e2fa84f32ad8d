"""Certificate profiles 憑證樣板: what each kind of certificate may be used for, as data, and the extensions that say so.

One table says it all: `PROFILES`. `build` makes what is to be signed of it (DER of the TBSCertificate), `assembled` puts the
signature to it, and `profile_of` reads from a certificate which profile it has: by its one policy, and only if key usage,
extended usage and basic constraints are exactly that profile's. Nothing here signs, or knows where keys are.

Identifiers stand below `ARC`, a UUID of this project (ITU-T X.667: 2.25 and the UUID as a number). Its one number is larger
than Go's TLS reads in an extended key usage, so certificates that open a TLS connection (api, broker, software, line) have no
usage of ours: their policy says what they are.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final

from asn1crypto import algos, core, keys, x509

from yunhai.trading.signatures import public_key

ARC: Final = "2.25.169459746352110296097400854895131017028"
ORDER_SIGNING: Final = f"{ARC}.1.1"
"""Extended key usage: signs instructions 委託簽章."""
TSA_POLICY: Final = f"{ARC}.3.1"
"""The policy under which our time stamps are made for anybody who asks (RFC 3161)."""
CHECKPOINT_POLICY: Final = f"{ARC}.3.2"
"""The policy of the stamps that hold the journal's checkpoints fast: made inside alone, by a key of their own."""
ANY_POLICY: Final = "2.5.29.32.0"
SERVER_AUTH: Final = "1.3.6.1.5.5.7.3.1"
CLIENT_AUTH: Final = "1.3.6.1.5.5.7.3.2"
TIME_STAMPING: Final = "1.3.6.1.5.5.7.3.8"
OCSP_SIGNING: Final = "1.3.6.1.5.5.7.3.9"
DOCUMENT_SIGNING: Final = "1.3.6.1.5.5.7.3.36"

SERIAL_BITS: Final = 159
ROOT_DAYS: Final = 20 * 365 + 5
ISSUING_DAYS: Final = 10 * 365 + 3
ROOT_NAME: Final = "Yunhai Root CA"
ISSUING_NAME: Final = "Yunhai Issuing CA"
ORGANIZATION: Final = "Yunhai"
COUNTRY: Final = "TW"
_UTC_TIME_UNTIL: Final = 2050
"""RFC 5280 §4.1.2.5: UTCTime before this year, GeneralizedTime from it on."""


class Profile(StrEnum):
    """The word of a profile, as facts, tables and routes write it."""

    INVESTOR = "investor"
    CLERK = "clerk"
    DOCUMENT = "document"
    API = "api"
    BROKER = "broker"
    SOFTWARE = "software"
    LINE = "line"
    SERVER = "server"
    OCSP = "ocsp"
    TSA = "tsa"
    CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateProfile:
    """One row. `usage` as asn1crypto names the bits; `extended` dotted; `days` the usual life, which the Console may change;
    `renew_days` before its end a certificate of the system's own is renewed; `orders` whether it may sign instructions."""

    name: Profile
    zh: str
    en: str
    policy: str
    usage: frozenset[str]
    extended: tuple[str, ...]
    days: int
    extended_critical: bool = False
    no_check: bool = False
    orders: bool = False
    renew_days: int = 30

    @property
    def opens_tls(self) -> bool:
        """Whether its holder may open a mutual TLS connection with it."""
        return CLIENT_AUTH in self.extended


_SIGN: Final = frozenset({"digital_signature"})
_COMMIT: Final = frozenset({"digital_signature", "non_repudiation"})

PROFILES: Final[Mapping[Profile, CertificateProfile]] = MappingProxyType(
    {
        row.name: row
        for row in (
            CertificateProfile(
                name=Profile.INVESTOR, zh="投資人", en="Investor", policy=f"{ARC}.2.1",
                usage=_COMMIT, extended=(ORDER_SIGNING,), days=730, orders=True,
            ),
            CertificateProfile(
                name=Profile.CLERK, zh="營業員", en="Clerk", policy=f"{ARC}.2.2",
                usage=_COMMIT, extended=(ORDER_SIGNING,), days=365, orders=True,
            ),
            CertificateProfile(
                name=Profile.DOCUMENT, zh="文件", en="Document", policy=f"{ARC}.2.3",
                usage=frozenset({"non_repudiation"}), extended=(DOCUMENT_SIGNING,), days=730,
            ),
            CertificateProfile(
                name=Profile.API, zh="程式", en="API client", policy=f"{ARC}.2.4",
                usage=_SIGN, extended=(CLIENT_AUTH,), days=365, orders=True,
            ),
            CertificateProfile(
                name=Profile.BROKER, zh="券商介面", en="Broker interface", policy=f"{ARC}.2.5",
                usage=_SIGN, extended=(CLIENT_AUTH,), days=365,
            ),
            CertificateProfile(
                name=Profile.SOFTWARE, zh="軟體介面", en="Software interface", policy=f"{ARC}.2.6",
                usage=_SIGN, extended=(CLIENT_AUTH,), days=365,
            ),
            CertificateProfile(
                name=Profile.LINE, zh="線路", en="Exchange line", policy=f"{ARC}.2.7",
                usage=_SIGN, extended=(CLIENT_AUTH,), days=365,
            ),
            CertificateProfile(
                name=Profile.SERVER, zh="伺服器", en="Server of an interface", policy=f"{ARC}.2.8",
                usage=_SIGN, extended=(SERVER_AUTH,), days=90,
            ),
            CertificateProfile(
                name=Profile.OCSP, zh="憑證狀態", en="OCSP responder", policy=f"{ARC}.2.9",
                usage=_SIGN, extended=(OCSP_SIGNING,), days=90, no_check=True,
            ),
            CertificateProfile(
                name=Profile.TSA, zh="時戳", en="Time stamping", policy=f"{ARC}.2.10",
                usage=_SIGN, extended=(TIME_STAMPING,), days=730, extended_critical=True,
            ),
            CertificateProfile(
                name=Profile.CHECKPOINT, zh="檢查點", en="Journal checkpoints", policy=f"{ARC}.2.11",
                usage=_SIGN, extended=(TIME_STAMPING,), days=730, extended_critical=True,
            ),
        )
    }
)  # fmt: skip
_BY_POLICY: Final = {row.policy: row for row in PROFILES.values()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where a relying party finds the issuer, the status and the list: the origin's `/pki/`. Empty: none is written."""

    origin: str = ""

    @property
    def ocsp(self) -> str:
        return f"{self.origin}/pki/ocsp"

    @property
    def issuer(self) -> str:
        return f"{self.origin}/pki/ca.cer"

    @property
    def crl(self) -> str:
        return f"{self.origin}/pki/ca.crl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom a certificate names. `common` a pseudonym (`YH-…`), never a name or an ID number of a person; `serial_number` the
    attribute 2.5.4.5: of a line `7A/9801` (`line_subject`), of a broker its code; `organization` of a broker or a server."""

    common: str
    serial_number: str = ""
    organization: str = ""

    def name(self) -> x509.Name:
        """The distinguished name."""
        parts = {"country_name": COUNTRY}
        if self.organization:
            parts["organization_name"] = self.organization
        parts["common_name"] = self.common
        if self.serial_number:
            parts["serial_number"] = self.serial_number
        return x509.Name.build(parts)


def line_subject(line: str, broker: str) -> Subject:
    """A line's: its number and its broker's code."""
    return Subject(common=f"YH-LINE-{line}", serial_number=f"{line}/{broker}")


def new_serial() -> int:
    """A serial number of 159 random bits, never 0."""
    return secrets.randbits(SERIAL_BITS) | 1 << (SERIAL_BITS - 1)


def serial_bytes(serial: int) -> bytes:
    """As facts and tables keep it: 20 bytes, big-endian."""
    return serial.to_bytes(20, "big")


def key_id(public: keys.PublicKeyInfo) -> bytes:
    """Subject key identifier: SHA-1 of the key's bits (RFC 5280 §4.2.1.2 method 1): a name, not a proof."""
    found: bytes = public.sha1
    return found


def _point(public: keys.PublicKeyInfo) -> bytes:
    point: bytes = public["public_key"].native
    return point


def fingerprint(certificate: bytes) -> bytes:
    """SHA-256 of a certificate's DER: `x5t#S256` of RFC 8705."""
    return sha256(certificate).digest()


# --- what is to be signed --------------------------------------------------------------------------------------------


def build(
    profile: Profile,
    *,
    public: bytes,
    subject: Subject,
    issuer: x509.Certificate,
    serial: int,
    not_before: datetime,
    not_after: datetime,
    addresses: Addresses,
    hosts: Iterable[str] = (),
) -> bytes:
    """DER of the TBSCertificate of a leaf over `public` (DER SubjectPublicKeyInfo of P-256); `hosts` DNS names and IP
    addresses of a server. ValueError unless the key is one of P-256. The life is cut at the issuer's end."""
    row = PROFILES[profile]
    info = p256(public)
    extensions = [
        _extension("basic_constraints", x509.BasicConstraints({"ca": False}), critical=True),
        _extension("key_usage", x509.KeyUsage(set(row.usage)), critical=True),
        _extension("extended_key_usage", x509.ExtKeyUsageSyntax(list(row.extended)), critical=row.extended_critical),
        _extension("certificate_policies", x509.CertificatePolicies([{"policy_identifier": row.policy}])),
        _extension("key_identifier", core.OctetString(key_id(info))),
        _extension("authority_key_identifier", x509.AuthorityKeyIdentifier({"key_identifier": issuer.key_identifier})),
    ]
    if row.no_check:
        extensions.append(_extension("ocsp_no_check", core.Null()))
    elif addresses.origin:
        extensions += _where(addresses, ocsp=True)
    if names := list(hosts):
        extensions.append(_extension("subject_alt_name", x509.GeneralNames([_general(one) for one in names])))
    end = min(not_after, issuer["tbs_certificate"]["validity"]["not_after"].native)
    return _tbs(
        info,
        subject=subject.name(),
        issuer=issuer.subject,
        serial=serial,
        life=(not_before, end),
        signature="sha256_ecdsa",
        extensions=extensions,
    )


def build_root(public: bytes, *, serial: int, not_before: datetime, not_after: datetime) -> bytes:
    """DER of the root's TBSCertificate: P-384, path length 1, signed by itself with SHA-384."""
    info = keys.PublicKeyInfo.load(public)
    name = Subject(common=ROOT_NAME, organization=ORGANIZATION).name()
    return _tbs(
        info,
        subject=name,
        issuer=name,
        serial=serial,
        life=(not_before, not_after),
        signature="sha384_ecdsa",
        extensions=_authority_extensions(info, path_length=1),
    )


def build_issuing(
    public: bytes, *, root: x509.Certificate, serial: int, not_before: datetime, not_after: datetime
) -> bytes:
    """DER of the issuing CA's TBSCertificate: P-256, path length 0, any policy, signed by the root with SHA-384."""
    info = p256(public)
    extensions = _authority_extensions(info, path_length=0)
    extensions.append(_extension("certificate_policies", x509.CertificatePolicies([{"policy_identifier": ANY_POLICY}])))
    extensions.append(
        _extension("authority_key_identifier", x509.AuthorityKeyIdentifier({"key_identifier": root.key_identifier}))
    )
    return _tbs(
        info,
        subject=Subject(common=ISSUING_NAME, organization=ORGANIZATION).name(),
        issuer=root.subject,
        serial=serial,
        life=(not_before, not_after),
        signature="sha384_ecdsa",
        extensions=extensions,
    )


def assembled(tbs: bytes, signature: bytes) -> bytes:
    """DER of the certificate: what was signed and the signature over it, DER (r, s). The algorithm is the one named inside."""
    inner = x509.TbsCertificate.load(tbs)
    whole = x509.Certificate(
        {"tbs_certificate": inner, "signature_algorithm": inner["signature"].copy(), "signature_value": signature}
    )
    encoded: bytes = whole.dump()
    return encoded


def p256(public: bytes) -> keys.PublicKeyInfo:
    """The key of a DER SubjectPublicKeyInfo. ValueError unless it is a point of P-256, uncompressed, in its one encoding."""
    info = keys.PublicKeyInfo.load(public, strict=True)
    if info.algorithm != "ec" or info.curve != ("named", "secp256r1"):
        raise ValueError("not a key of P-256")
    point = _point(info)
    public_key(point)
    if info_of_point(point) != public:
        raise ValueError("not the one encoding of a key of P-256")
    return info


_SPKI_P256: Final = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")


def info_of_point(point: bytes) -> bytes:
    """DER SubjectPublicKeyInfo of an uncompressed point of P-256 (65 bytes, as a KeySet fact has it)."""
    return _SPKI_P256 + point


def point_of_info(public: bytes) -> bytes:
    """The point of a DER SubjectPublicKeyInfo of P-256, 65 bytes. ValueError."""
    return _point(p256(public))


# --- which profile a certificate has -----------------------------------------------------------------------------------


def profile_of(certificate: "x509.Certificate | bytes") -> Profile:
    """The profile a certificate has. ValueError, with the reason, unless it is exactly one's: its one policy, its key
    usage, its extended usage, not a CA. Says nothing of who signed it, or when."""
    found = x509.Certificate.load(certificate, strict=True) if isinstance(certificate, bytes) else certificate
    policies = found.certificate_policies_value
    named = [one["policy_identifier"].dotted for one in policies] if policies is not None else []
    row = _BY_POLICY.get(named[0]) if len(named) == 1 else None
    if row is None:
        raise ValueError("its policy is none of ours")
    constraints = found.basic_constraints_value
    if constraints is None or constraints["ca"].native:
        raise ValueError("it is, or may be, a CA's")
    usage = found.key_usage_value
    if usage is None or usage.native != row.usage:
        raise ValueError(f"its key usage is not that of {row.name}")
    extended = found.extended_key_usage_value
    purposes = [one.dotted for one in extended] if extended is not None else []
    if sorted(purposes) != sorted(row.extended):
        raise ValueError(f"its extended usage is not that of {row.name}")
    return row.name


def policy_profile(policy: str) -> CertificateProfile | None:
    """The profile that has this policy."""
    return _BY_POLICY.get(policy)


# --- parts -------------------------------------------------------------------------------------------------------------


def _authority_extensions(info: keys.PublicKeyInfo, *, path_length: int) -> list[x509.Extension]:
    constraints = x509.BasicConstraints({"ca": True, "path_len_constraint": path_length})
    return [
        _extension("basic_constraints", constraints, critical=True),
        _extension("key_usage", x509.KeyUsage({"key_cert_sign", "crl_sign"}), critical=True),
        _extension("key_identifier", core.OctetString(key_id(info))),
    ]


def _where(addresses: Addresses, *, ocsp: bool) -> list[x509.Extension]:
    access = [{"access_method": "ca_issuers", "access_location": _address(addresses.issuer)}]
    if ocsp:
        access.insert(0, {"access_method": "ocsp", "access_location": _address(addresses.ocsp)})
    point = x509.DistributionPointName(name="full_name", value=x509.GeneralNames([_address(addresses.crl)]))
    return [
        _extension("authority_information_access", x509.AuthorityInfoAccessSyntax(access)),
        _extension("crl_distribution_points", x509.CRLDistributionPoints([{"distribution_point": point}])),
    ]


def _address(address: str) -> x509.GeneralName:
    return x509.GeneralName(name="uniform_resource_identifier", value=address)


def _general(host: str) -> x509.GeneralName:
    numeric = ":" in host or host.replace(".", "").isdigit()
    return x509.GeneralName(name="ip_address" if numeric else "dns_name", value=host)


def _extension(name: str, value: Any, *, critical: bool = False) -> x509.Extension:
    return x509.Extension({"extn_id": name, "critical": critical, "extn_value": value})


def _tbs(
    info: keys.PublicKeyInfo,
    *,
    subject: x509.Name,
    issuer: x509.Name,
    serial: int,
    life: tuple[datetime, datetime],
    signature: str,
    extensions: list[x509.Extension],
) -> bytes:
    tbs = x509.TbsCertificate(
        {
            "version": "v3",
            "serial_number": serial,
            "signature": algos.SignedDigestAlgorithm({"algorithm": signature}),
            "issuer": issuer,
            "validity": {"not_before": time_of(life[0]), "not_after": time_of(life[1])},
            "subject": subject,
            "subject_public_key_info": info,
            "extensions": extensions,
        }
    )
    encoded: bytes = tbs.dump()
    return encoded


def time_of(moment: datetime) -> x509.Time:
    """A time of a certificate or a list, whole seconds in UTC."""
    whole = moment.astimezone(UTC).replace(microsecond=0)
    kind = "utc_time" if whole.year < _UTC_TIME_UNTIL else "general_time"
    return x509.Time(name=kind, value=whole)
