"""What the trust process is asked and what it says, as JSON (bytes in base64)."""

import msgspec


class IssueAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /issue`. `subject` the common name, a pseudonym; `spki` DER of a P-256 key; `days` 0: the profile's usual life."""

    profile: str
    subject: str
    spki: bytes
    serial_number: str = ""
    organization: str = ""
    days: int = 0


class IssueSaid(msgspec.Struct, frozen=True, kw_only=True):
    """`certificate` DER; `serial` 20 bytes; times in milliseconds since 1970."""

    certificate: bytes
    serial: bytes
    sha256: bytes
    not_before: int
    not_after: int


class KeyAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /keys`: `kind` cloud | document."""

    kind: str


class KeySaid(msgspec.Struct, frozen=True, kw_only=True):
    """`key` names it from now on."""

    key: str
    spki: bytes


class SignAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /sign`: one `hash`, or `hashes`, SHA-256 each; `activation` names every one of them."""

    key: str
    activation: str
    hash: bytes = b""
    hashes: tuple[bytes, ...] = ()


class SignSaid(msgspec.Struct, frozen=True, kw_only=True):
    """Raw r ‖ s, 64 bytes each; `signature` the first."""

    signature: bytes
    signatures: tuple[bytes, ...]


class StatusAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /status`: `serial` in hexadecimal; `status` valid | held | revoked since `at`; `reason` as RFC 5280 §5.3.1 numbers
    it. Times in milliseconds since 1970; `not_after` is taken of a certificate that is not known here any more."""

    serial: str
    status: str
    reason: int = 0
    at: int = 0
    not_after: int = 0


class ListAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /crl`: whatever is not valid, all of it, when the trust process or its store began anew."""

    entries: tuple[StatusAsked, ...] = ()


class ListSaid(msgspec.Struct, frozen=True, kw_only=True):
    """`changed` statuses; `crl` the number of the list in force; `behind`: it does not say the change yet, because it cannot
    be signed now."""

    changed: int
    crl: int
    behind: bool


class AuthoritySaid(msgspec.Struct, frozen=True, kw_only=True):
    subject: str
    serial: bytes
    sha256: bytes
    not_after: int


class OwnSaid(msgspec.Struct, frozen=True, kw_only=True):
    profile: str
    key: str
    not_after: int


class HsmSaid(msgspec.Struct, frozen=True, kw_only=True):
    """`state` open | away. `software`: SoftHSM, a token of files."""

    state: str
    label: str
    software: bool
    token: str = ""
    library: str = ""
    failure: int = 0
    failure_zh: str = ""
    failure_en: str = ""
    keys: dict[str, int] = {}
    signatures: int = 0
    sign_p50_us: int = 0
    sign_p99_us: int = 0


class CrlSaid(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    entries: int
    this_update: int
    next_update: int
    behind: bool


class StatusSaid(msgspec.Struct, frozen=True, kw_only=True):
    """`GET /status`. `made`: the ceremony was held. Times in milliseconds since 1970."""

    made: bool
    hsm: HsmSaid
    root: AuthoritySaid | None = None
    issuing: AuthoritySaid | None = None
    own: tuple[OwnSaid, ...] = ()
    crl: CrlSaid | None = None
    certificates: dict[str, dict[str, int]] = {}
    issued: int = 0
    signed: int = 0
    ocsp: int = 0
    ocsp_behind: int = 0
    tsa: int = 0
    tsa_behind: int = 0
    origin: str = ""
