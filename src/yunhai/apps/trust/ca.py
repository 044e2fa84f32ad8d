"""The issuing CA: certificates by a key that never leaves the HSM.

What is to be signed is built by `yunhai.trading.trust.profiles`; its SHA-256 is signed in the token and the two are put
together and checked before anything is kept or handed out: a module that signs wrongly is found here. Everything issued is in
the store before it leaves. The process's own certificates (OCSP, TSA, checkpoint: keys in the HSM; server: a key file, 0600) are
renewed before they end, each time over a new key.
"""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from asn1crypto import pem, x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from yunhai.apps.trust.folder import TrustPlaces
from yunhai.apps.trust.hsm import Hsm
from yunhai.apps.trust.store import Issued, Own, Store
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import CERTIFICATE_DAYS_MAX, SUBJECT_CHARACTERS_MAX
from yunhai.trading.signatures import der_of, point_of, public_key
from yunhai.trading.trust import profiles
from yunhai.trading.trust.process_errors import (
    CA_MISSING,
    HSM_FAILED,
    ISSUING_DOWN,
    KEY_NOT_USABLE,
    LIFE_NOT_USABLE,
    PROFILE_UNKNOWN,
    SUBJECT_NOT_USABLE,
)
from yunhai.trading.trust.profiles import PROFILES, Addresses, Profile, Subject

CA_LABEL: Final = "ca"
EARLY: Final = timedelta(minutes=5)
"""Certificates begin a little before they are made, for clocks that are behind."""
OWN: Final = (Profile.OCSP, Profile.TSA, Profile.CHECKPOINT)
"""Profiles of the process's own keys in the HSM."""
ISSUED_TO_OTHERS: Final = frozenset(set(Profile) - {*OWN, Profile.SERVER})

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A certificate asked for. `public` DER SubjectPublicKeyInfo of P-256; `days` 0: the profile's usual life."""

    profile: str
    subject: Subject
    public: bytes
    days: int = 0


class Authority:
    """Root and issuing CA as the ceremony left them, and the way to the issuing key. CA_MISSING by whatever needs them
    before a ceremony."""

    def __init__(self, at: TrustPlaces, store: Store, hsm: Hsm, *, origin: str = "", now: Clock = utc_now) -> None:
        self.at = at
        self.store = store
        self.hsm = hsm
        self.now = now
        self.addresses = Addresses(origin=origin)
        self._root: x509.Certificate | None = None
        self._issuer: x509.Certificate | None = None
        self.load()

    def load(self) -> bool:
        """Read the two certificates; whether they are there."""
        if not (self.at.root.is_file() and self.at.authority.is_file()):
            return False
        self._root = x509.Certificate.load(self.at.root.read_bytes())
        self._issuer = x509.Certificate.load(self.at.authority.read_bytes())
        return True

    def refresh(self) -> bool:
        """Take a renewed issuing certificate up; whether there was one. OSError, ValueError of a file that is none."""
        if self._issuer is None or self.at.authority.read_bytes() == self._issuer.dump():
            return False
        return self.load()

    @property
    def made(self) -> bool:
        return self._issuer is not None or self.load()

    @property
    def root(self) -> x509.Certificate:
        if not self.made or self._root is None:
            raise YunhaiError(CA_MISSING)
        return self._root

    @property
    def issuer(self) -> x509.Certificate:
        if not self.made or self._issuer is None:
            raise YunhaiError(CA_MISSING)
        return self._issuer

    # -- signing ---------------------------------------------------------------------------------------------------------

    async def signed(self, label: str, content: bytes, point: bytes) -> bytes:
        """DER signature (ECDSA, SHA-256) over `content` by a key of the HSM, found right under its public point."""
        digest = hashlib.sha256(content).digest()
        (raw,) = await self.hsm.sign(label, [digest])
        der = der_of(raw)
        try:
            if der is None:
                raise InvalidSignature
            public_key(point).verify(der, digest, ec.ECDSA(Prehashed(SHA256())))
        except InvalidSignature:
            reason, chinese = "a signature is not its key's", "簽章與金鑰不符"
            raise YunhaiError(HSM_FAILED, reason=reason, reason_zh=chinese) from None
        return der

    async def signed_as_ca(self, content: bytes) -> bytes:
        """DER signature of the issuing CA."""
        return await self.signed(CA_LABEL, content, profiles.point_of_info(self.issuer.public_key.dump()))

    # -- issuing ---------------------------------------------------------------------------------------------------------

    async def issue(self, wanted: Wanted, *, hosts: tuple[str, ...] = ()) -> tuple[bytes, Issued]:
        """A certificate, DER, kept already. CA_MISSING, PROFILE_UNKNOWN, SUBJECT_NOT_USABLE, LIFE_NOT_USABLE, KEY_NOT_USABLE;
        ISSUING_DOWN if the HSM is away, and then nothing was issued."""
        issuer = self.issuer
        row = PROFILES.get(Profile(wanted.profile)) if wanted.profile in set(Profile) else None
        if row is None:
            raise YunhaiError(PROFILE_UNKNOWN, profile=wanted.profile)
        _require_subject(wanted.subject)
        days = wanted.days or row.days
        if not 0 < days <= CERTIFICATE_DAYS_MAX:
            raise YunhaiError(LIFE_NOT_USABLE, most=CERTIFICATE_DAYS_MAX)
        serial = profiles.new_serial()
        begins = self.now() - EARLY
        try:
            tbs = profiles.build(
                row.name,
                public=wanted.public,
                subject=wanted.subject,
                issuer=issuer,
                serial=serial,
                not_before=begins,
                not_after=min(begins + EARLY + timedelta(days=days), issuer.not_valid_after),
                addresses=self.addresses,
                hosts=hosts,
            )
        except (ValueError, TypeError):
            raise YunhaiError(KEY_NOT_USABLE) from None
        try:
            certificate = profiles.assembled(tbs, await self.signed_as_ca(tbs))
        except YunhaiError as problem:
            raise YunhaiError(ISSUING_DOWN, reason=problem.text("en"), reason_zh=problem.text("zh")) from problem
        issued = issued_of(certificate, row.name)
        self.store.add(issued)
        return certificate, issued

    # -- the system's own --------------------------------------------------------------------------------------------------

    async def own(self, profile: Profile) -> Own:
        """The certificate of one of the `OWN`, made or renewed where it is time. One that cannot be renewed is
        used until it ends; ISSUING_DOWN after that."""
        found = self.store.own(profile)
        now = milliseconds(self.now())
        fresh = found is not None and found.not_after - now > PROFILES[profile].renew_days * 86_400_000
        if found is not None and (fresh or self._ends_with_issuer(found.not_after)):
            return found
        try:
            return await self._renewed(profile)
        except YunhaiError:
            if found is None or found.not_after <= now:
                raise
            return found

    def _ends_with_issuer(self, not_after: int) -> bool:
        """Whether another would end no later, because the issuing CA itself ends: a new key each time would help nobody."""
        return not_after >= milliseconds(self.issuer.not_valid_after)

    async def _renewed(self, profile: Profile) -> Own:
        label = f"{profile}-{self.now():%Y%m%d%H%M%S}-{os.urandom(2).hex()}"
        try:
            point = await self.hsm.make(label)
        except YunhaiError as problem:
            raise YunhaiError(ISSUING_DOWN, reason=problem.text("en"), reason_zh=problem.text("zh")) from problem
        wanted = Wanted(
            profile=profile,
            subject=Subject(common=f"Yunhai {PROFILES[profile].en}", organization=profiles.ORGANIZATION),
            public=profiles.info_of_point(point),
        )
        certificate, issued = await self.issue(wanted)
        own = Own(profile=profile, label=label, certificate=certificate, not_after=issued.not_after)
        self.store.keep_own(own)
        return own

    async def serve_tls(self, hosts: tuple[str, ...]) -> bool:
        """Have `server.pem` and `server.key` for these host names; whether they were made anew. The key is a file: a TLS
        server holds its key in memory anyway."""
        if not self._server_due(hosts):
            return False
        key = ec.generate_private_key(ec.SECP256R1())
        subject = Subject(common=hosts[0], organization=profiles.ORGANIZATION)
        wanted = Wanted(profile=Profile.SERVER, subject=subject, public=profiles.info_of_point(point_of(key)))
        certificate, _ = await self.issue(wanted, hosts=hosts)
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write(self.at.server_key, secret, 0o600)
        write(self.at.server_certificate, armoured(certificate) + armoured(self.issuer.dump()), 0o644)
        return True

    def _server_due(self, hosts: tuple[str, ...]) -> bool:
        try:
            chain = [der for _, _, der in pem.unarmor(self.at.server_certificate.read_bytes(), multiple=True)]
            found = x509.Certificate.load(chain[0])
        except (OSError, ValueError, IndexError):
            return True
        named = {str(one.native) for one in found.subject_alt_name_value or ()}
        until = found.not_valid_after
        late = until - self.now() < timedelta(days=PROFILES[Profile.SERVER].renew_days)
        late = late and not self._ends_with_issuer(milliseconds(until))
        return named != set(hosts) or late or chain[1:] != [self.issuer.dump()]


def issued_of(certificate: bytes, profile: str) -> Issued:
    """The store's row of a certificate."""
    inner = x509.Certificate.load(certificate)
    validity = inner["tbs_certificate"]["validity"]
    return Issued(
        serial=profiles.serial_bytes(inner.serial_number),
        profile=profile,
        subject=inner.subject.native.get("common_name", ""),
        sha256=profiles.fingerprint(certificate),
        not_before=milliseconds(validity["not_before"].native),
        not_after=milliseconds(validity["not_after"].native),
    )


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000)


def armoured(certificate: bytes) -> bytes:
    """PEM of a certificate."""
    text: bytes = pem.armor("CERTIFICATE", certificate)
    return text


def write(path: Path, content: bytes, mode: int) -> None:
    """Replace a file whole, with these rights from its first moment."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _require_subject(subject: Subject) -> None:
    parts = (subject.common, subject.serial_number, subject.organization)
    if not subject.common or any(len(one) > SUBJECT_CHARACTERS_MAX or not one.isprintable() for one in parts):
        most = SUBJECT_CHARACTERS_MAX
        reason, chinese = f"1 to {most} printable characters", f"1 至 {most} 個可列印字元"
        raise YunhaiError(SUBJECT_NOT_USABLE, reason=reason, reason_zh=chinese)
    if not (subject.serial_number.isascii()):
        raise YunhaiError(SUBJECT_NOT_USABLE, reason="a serial number is ASCII", reason_zh="序號屬性須為 ASCII")
