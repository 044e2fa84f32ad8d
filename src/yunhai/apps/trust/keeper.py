"""The trust process's work in one place: issue, make keys, sign hashes, take statuses, and keep everything fresh.

Routes are thin over it (`app.py`). What needs the HSM says 6806 or 6807 while it is away; what does not goes on.
"""

import asyncio
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import structlog
from asn1crypto import x509

from yunhai.apps.trust.ca import ISSUED_TO_OTHERS, OWN, Authority, Wanted, milliseconds
from yunhai.apps.trust.crl import Lists
from yunhai.apps.trust.hsm import Hsm
from yunhai.apps.trust.ocsp import Responder
from yunhai.apps.trust.store import Told
from yunhai.apps.trust.token_words import CLOUD, DOCUMENT
from yunhai.apps.trust.tsa import Stamper
from yunhai.apps.trust.words import (
    AuthoritySaid,
    CrlSaid,
    HsmSaid,
    IssueAsked,
    IssueSaid,
    KeySaid,
    ListSaid,
    OwnSaid,
    SignAsked,
    SignSaid,
    StatusAsked,
    StatusSaid,
)
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import ACTIVATION_HASHES_MAX
from yunhai.trading.trust import profiles
from yunhai.trading.trust.activations import HASH_BYTES, Burned, Verifier
from yunhai.trading.trust.process_errors import (
    CA_MISSING,
    HASH_NOT_USABLE,
    ISSUING_DOWN,
    KEY_UNKNOWN,
    PROFILE_UNKNOWN,
    REQUEST_MALFORMED,
    SIGNING_DOWN,
    STATUS_NOT_USABLE,
)
from yunhai.trading.trust.profiles import Profile, Subject

log: Final = structlog.get_logger("yunhai.trust")
MAINTAIN_S: Final = 20.0
_KINDS: Final = (CLOUD, DOCUMENT)


class Keeper:
    """Everything the process does. `activations` verifies what the web made; `hosts` the names its TLS servers have."""

    def __init__(
        self, authority: Authority, hsm: Hsm, activations: Verifier, *, hosts: tuple[str, ...] = ("localhost",)
    ) -> None:
        self.authority = authority
        self.hsm = hsm
        self.lists = Lists(authority)
        self.responder = Responder(authority)
        self.stamper = Stamper(authority, Profile.TSA)
        self.checkpoints = Stamper(authority, Profile.CHECKPOINT)
        self.issued = 0
        self.signed = 0
        self._activations = activations
        self._burned = Burned(since=time.time())
        self._hosts = hosts
        self._listing: asyncio.Task[None] | None = None
        self._said = ""

    # -- issuing ---------------------------------------------------------------------------------------------------------

    async def issue(self, asked: IssueAsked) -> IssueSaid:
        """A leaf for somebody else's key. The errors of `Authority.issue`."""
        if asked.profile not in ISSUED_TO_OTHERS:
            raise YunhaiError(PROFILE_UNKNOWN, profile=asked.profile)
        subject = Subject(common=asked.subject, serial_number=asked.serial_number, organization=asked.organization)
        wanted = Wanted(profile=asked.profile, subject=subject, public=asked.spki, days=asked.days)
        certificate, issued = await self.authority.issue(wanted)
        self.issued += 1
        log.info("issued", profile=issued.profile, serial=issued.serial.hex())
        return IssueSaid(
            certificate=certificate,
            serial=issued.serial,
            sha256=issued.sha256,
            not_before=issued.not_before,
            not_after=issued.not_after,
        )

    # -- keys of people --------------------------------------------------------------------------------------------------

    async def make_key(self, kind: str) -> KeySaid:
        """A new key in the HSM. REQUEST_MALFORMED, ISSUING_DOWN."""
        if kind not in _KINDS:
            raise YunhaiError(REQUEST_MALFORMED, reason=f"no kind {kind}", reason_zh=f"沒有種類 {kind}")
        label = f"{kind}-{secrets.token_hex(16)}"
        try:
            point = await self.hsm.make(label)
        except YunhaiError as problem:
            raise _down(ISSUING_DOWN, problem) from problem
        return KeySaid(key=label, spki=profiles.info_of_point(point))

    async def sign(self, asked: SignAsked) -> SignSaid:
        """Signatures over hashes by a person's key. HASH_NOT_USABLE, KEY_UNKNOWN, those of an activation (7880-7885),
        SIGNING_DOWN. The activation's hashes are burnt before anything is signed, and stay so if signing fails."""
        hashes = asked.hashes or (asked.hash,)
        if not 0 < len(hashes) <= ACTIVATION_HASHES_MAX or any(len(one) != HASH_BYTES for one in hashes):
            raise YunhaiError(HASH_NOT_USABLE, most=ACTIVATION_HASHES_MAX)
        if asked.key.split("-", 1)[0] not in _KINDS:
            raise YunhaiError(KEY_UNKNOWN)
        self._burn(asked, hashes)
        try:
            raw = await self.hsm.sign(asked.key, hashes)
        except YunhaiError as problem:
            raise problem if problem.code == KEY_UNKNOWN else _down(SIGNING_DOWN, problem) from problem
        self.signed += len(raw)
        return SignSaid(signature=raw[0], signatures=tuple(raw))

    def _burn(self, asked: SignAsked, hashes: Sequence[bytes]) -> None:
        """Check all first, then burn all: between the two nothing else runs."""
        now = time.time()
        found = [self._activations.activation(asked.activation, key=asked.key, digest=one, now_s=now) for one in hashes]
        for activation, one in zip(found, hashes, strict=True):
            self._burned.burn(activation, one, now_s=now)

    # -- status ----------------------------------------------------------------------------------------------------------

    async def tell(self, asked: Sequence[StatusAsked], *, new: bool) -> ListSaid:
        """Take statuses; a new list is made before the answer where it can be. SERIAL_UNKNOWN, STATUS_NOT_USABLE."""
        now = milliseconds(self.authority.now())
        told = [_told(one, now) for one in asked]
        changed = self.authority.store.tell(told, new=new)
        if changed:
            self.lists.behind = True
            log.info("status", changed=changed)
            await self._list()
        made = self.lists.made
        return ListSaid(changed=changed, crl=made.number if made is not None else 0, behind=self.lists.behind)

    async def _list(self) -> None:
        """A new list, one at a time; one that cannot be signed is tried again by `maintain`."""
        while self._listing is not None:
            await asyncio.wait([self._listing])
        if not self.lists.behind and not self.lists.due():
            return
        self._listing = asyncio.ensure_future(self._renew_list())
        try:
            await asyncio.shield(self._listing)
        finally:
            self._listing = None

    async def _renew_list(self) -> None:
        try:
            await self.lists.renew()
        except YunhaiError as problem:
            log.warning("list not made", code=problem.code)

    # -- keeping fresh ---------------------------------------------------------------------------------------------------

    async def maintain(self) -> None:
        """For ever: the session, the list, the system's own certificates."""
        while True:
            await self.maintain_once()
            await asyncio.sleep(MAINTAIN_S)

    async def maintain_once(self) -> None:
        """What is due now. Failures are logged once each and tried again."""
        said = ""
        try:
            if self.authority.refresh():
                log.info("issuing certificate renewed", sha256=profiles.fingerprint(self.authority.issuer.dump()).hex())
            await self.hsm.ping()
            if self.authority.made:
                for profile in OWN:
                    await self.authority.own(profile)
                if self.lists.due():
                    await self._list()
                await self.authority.serve_tls(self._hosts)
        except YunhaiError as problem:
            said = str(problem)
            if said != self._said:
                log.warning("away", code=problem.code, reason=problem.text("en"))
        except (OSError, ValueError) as problem:
            log.warning("not kept", reason=str(problem))
        if not said and self._said:
            log.info("back")
        self._said = said

    # -- what is so ------------------------------------------------------------------------------------------------------

    async def status(self) -> StatusSaid:
        """All of it, for the Console and `yunhai ca status`."""
        authority = self.authority
        made = self.lists.made
        own = [authority.store.own(profile) for profile in OWN]
        return StatusSaid(
            made=authority.made,
            hsm=await self._hsm_said(),
            root=_authority_said(authority.root) if authority.made else None,
            issuing=_authority_said(authority.issuer) if authority.made else None,
            own=tuple(
                OwnSaid(profile=one.profile, key=one.label, not_after=one.not_after) for one in own if one is not None
            ),
            crl=CrlSaid(
                number=made.number,
                entries=made.entries,
                this_update=made.this_update,
                next_update=made.next_update,
                behind=self.lists.behind,
            )
            if made is not None
            else None,
            certificates=authority.store.counts(),
            issued=self.issued,
            signed=self.signed,
            ocsp=self.responder.answered,
            ocsp_behind=self.responder.behind,
            tsa=self.stamper.stamped,
            tsa_behind=self.stamper.behind,
            origin=authority.addresses.origin,
        )

    async def _hsm_said(self) -> HsmSaid:
        keys: dict[str, int] = {}
        with suppress(YunhaiError):
            keys = await self.hsm.labels()
        info, failure = self.hsm.info, self.hsm.failure
        times = sorted(self.hsm.counts.times)
        return HsmSaid(
            state="open" if info is not None else "away",
            label=self.hsm.label,
            software=info.software if info is not None else False,
            token=f"{info.manufacturer} · {info.model} · {info.serial}" if info is not None else "",
            library=info.library if info is not None else "",
            failure=failure.code if failure is not None else 0,
            failure_zh=failure.text("zh") if failure is not None else "",
            failure_en=failure.text("en") if failure is not None else "",
            keys=keys,
            signatures=self.hsm.counts.signatures,
            sign_p50_us=int(times[len(times) // 2] * 1e6) if times else 0,
            sign_p99_us=int(times[len(times) * 99 // 100] * 1e6) if times else 0,
        )


def _told(asked: StatusAsked, now: int) -> Told:
    """STATUS_NOT_USABLE for a serial number that is none."""
    try:
        serial = bytes.fromhex(asked.serial).rjust(20, b"\0")
    except ValueError:
        raise YunhaiError(STATUS_NOT_USABLE, reason="not a serial number", reason_zh="不是序號") from None
    return Told(serial=serial, status=asked.status, reason=asked.reason, at=asked.at or now, not_after=asked.not_after)


def _authority_said(certificate: x509.Certificate) -> AuthoritySaid:
    return AuthoritySaid(
        subject=certificate.subject.human_friendly,
        serial=profiles.serial_bytes(certificate.serial_number),
        sha256=profiles.fingerprint(certificate.dump()),
        not_after=milliseconds(certificate["tbs_certificate"]["validity"]["not_after"].native),
    )


def _down(code: int, problem: YunhaiError) -> YunhaiError:
    """6806 or 6807 with what is wrong with the HSM; a missing CA stays what it is."""
    if problem.code in (CA_MISSING, code):
        return problem
    return YunhaiError(code, reason=problem.text("en"), reason_zh=problem.text("zh"))
