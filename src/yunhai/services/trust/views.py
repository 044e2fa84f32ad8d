"""What central authentication shows: frozen views, times ISO 8601. `api.py` makes them and gives them on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationView:
    """A registration as desks see it; `documents` by reference. `tenant` the broker that made it; `ending_by` who asked to end
    it, 0 nobody."""

    registration: int
    tenant: int
    person: int
    kind: str
    pseudonym: str
    status: str
    documents: tuple[Mapping[str, str], ...]
    applied_by: int
    applied_at: str
    decided_by: int
    decided_at: str
    note: str
    ending_by: int
    ending_at: str
    ended_by: int
    ended_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateView:
    """A certificate as its person, its desk and the operator see it. `key` its signing key, 0 none; `serial`, `sha256` hex;
    `state` valid | held | revoked | expired | renewed | not-yet-valid; `renewable` it may be renewed now; `tenant` the broker
    of the registration; `credential` the cloud credential's name, "" of a device's."""

    certificate: int
    person: int
    tenant: int
    key: int
    credential: str
    profile: str
    profile_zh: str
    profile_en: str
    subject: str
    serial: str
    sha256: str
    not_before: str
    not_after: str
    state: str
    reason: str
    revoked_at: str
    revoker: str
    renewable: bool
    days_left: int
    outbox: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentView:
    """Whether a broker may take what a person signs. `state` given | withdrawn | missing; `demanded`: the broker takes no
    signature without; `registered`: the broker itself registered the person."""

    tenant: int
    code: str
    name_zh: str
    name_en: str
    state: str
    demanded: bool
    registered: bool
    changed_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureView:
    """One authorisation and what was signed with it, in the cloud. Hashes hex."""

    number: str
    credential: str
    kind: str
    factor: str
    what: str
    client: str
    hashes: tuple[str, ...]
    signed: tuple[str, ...]
    made_at: str
    signed_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceView:
    """A signing key and what it still lacks. `missing` "" nothing, registration, certificate (process away or not asked
    for), or expired."""

    key: int
    name: str
    kind: str
    status: str
    certificate: CertificateView | None
    missing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person360:
    """What the Pocket shows a person about their trust: registered where, certificates, devices, consents."""

    registered: bool
    pseudonym: str
    brokers: tuple[int, ...]
    devices: tuple[DeviceView, ...]
    consents: tuple[ConsentView, ...]
    notices: tuple[CertificateView, ...] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileView:
    """A profile and how long its certificates live: `days` now, `usual_days` its own; `valid` how many stand."""

    profile: str
    zh: str
    en: str
    days: int
    usual_days: int
    valid: int
    ending: int
    revoked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalView:
    """What one proposes and another decides. `kind` interface (with `profile`, `name`, `line`) | demand_off; `status` open |
    approved | refused; `certificate` what was issued, 0 nothing, `pem` itself."""

    proposal: int
    tenant: int
    kind: str
    profile: str
    name: str
    line: str
    reason: str
    status: str
    proposed_by: int
    proposed_at: str
    decided_by: int
    decided_at: str
    certificate: int
    pem: str


def iso(moment: datetime | None) -> str:
    """A moment as views say it, in Taipei's time to the second; "" of none."""
    return timezone.localtime(moment).isoformat(timespec="seconds") if moment is not None else ""
