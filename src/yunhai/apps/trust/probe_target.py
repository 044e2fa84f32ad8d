"""The running cloud as the probe needs it: two brokers, and certificates issued and revoked as the operator's pages do it."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import transaction

from yunhai.apps.cloud.places import Places
from yunhai.apps.trust.folder import TrustPlaces
from yunhai.apps.trust.probe import FACT_S, Holder, Target, Try, kept, request_of
from yunhai.apps.trust.words import IssueSaid
from yunhai.kernel.errors import YunhaiError
from yunhai.trading.http.unix import unix_transport
from yunhai.trading.trust.process_errors import PROBE_NOT_POSSIBLE

NAME: Final = "YH-PROBE"
NO_LINE: Final = "ZZ"
BY: Final = 0


def target_of(places: Places, *, port: int, mutual: int, line_wire: int = 0) -> Target:
    """Django is set up. PROBE_NOT_POSSIBLE without a ceremony or two brokers."""
    from yunhai.platform.tenancy.models import Tenant

    at = TrustPlaces(places)
    brokers = list(Tenant.objects.filter(columns__contains=["brokerage"]).order_by("pk")[:2])
    if len(brokers) < 2 or not at.root.is_file():
        raise YunhaiError(PROBE_NOT_POSSIBLE, reason="no CA, or no two brokers", reason_zh="沒有憑證機構或不足兩家券商")
    return Target(
        at=at,
        port=port,
        mutual=mutual,
        tenants=(brokers[0].pk, brokers[1].pk),
        line_wire=line_wire,
        lines=_lines,
        issue=_issue,
        unregistered=_unregistered(at),
    )


def _issue(
    tenant: int, profile: str, key: ec.EllipticCurvePrivateKey, folder: Path, *, serial_number: str = ""
) -> Holder:
    from yunhai.platform.tenancy import rls
    from yunhai.services.trust import api

    with transaction.atomic():
        view, der = api.issue_interface(
            tenant=tenant,
            profile=profile,
            request=request_of(key),
            name=f"{NAME}-{profile}",
            by=BY,
            serial_number=serial_number,
        )

    def revoke() -> None:
        with transaction.atomic(), rls.acting(tenant=tenant):
            api.operator_revoke(view.certificate, reason="cessation", by=BY)

    return kept(der, key, folder, revoke)


def _lines(target: Target, folder: Path) -> list[Try]:
    """The tries on the line server, with certificates of the first broker: of its line, of no line there is, of itself."""
    from yunhai.apps.trust.probe_lines import LineTarget, tried
    from yunhai.platform.console.models import Line
    from yunhai.platform.tenancy.models import Tenant

    tenant = target.tenants[0]
    broker = Tenant.objects.get(pk=tenant).code
    known = Line.objects.filter(tenant_id=tenant).first()
    line = known.line if known is not None else NO_LINE
    held = []
    for name, profile, serial in (
        ("own", "line", f"{line}/{broker}"),
        ("other", "line", f"{NO_LINE}/{broker}"),
        ("b", "broker", ""),
    ):
        (folder / name).mkdir()
        key = ec.generate_private_key(ec.SECP256R1())
        held.append(_issue(tenant, profile, key, folder / name, serial_number=serial))
    time.sleep(FACT_S / 2)  # the facts are on their way to the core
    found = tried(
        LineTarget(
            port=target.line_wire,
            chain=target.at.chain,
            line=line,
            broker=broker,
            own=held[0],
            other=held[1],
            of_broker=held[2],
        )
    )
    for one in held:
        one.revoke()
    return found


def _unregistered(at: TrustPlaces) -> Callable[[str, ec.EllipticCurvePrivateKey, Path], Holder]:
    """A maker of certificates that no fact tells of: straight from the trust process."""

    def made(profile: str, key: ec.EllipticCurvePrivateKey, folder: Path) -> Holder:
        import base64

        import msgspec

        spki = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        asked = {"profile": profile, "subject": NAME, "spki": base64.b64encode(spki).decode(), "days": 1}
        with httpx.Client(transport=unix_transport(at.socket), trust_env=False) as client:
            said = msgspec.json.decode(client.post("http://trust/issue", json=asked).content, type=IssueSaid)
            revoked = {"serial": said.serial.hex(), "status": "revoked", "reason": 5}
            client.post("http://trust/status", json=revoked)
        return kept(said.certificate, key, folder, lambda: None)

    return made
