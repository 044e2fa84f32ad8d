"""Certificates of the demo's own lines, where they are on a wire (`--line-wire`): one for each, key and certificate as files.

A broker in earnest proposes its lines' certificates itself and brings requests whose keys stay with it; the demo's brokers are
this machine. What is there and good for a while longer is left as it is.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import transaction

from yunhai.apps.cloud.places import Places
from yunhai.apps.cloud.seed import LineLogin
from yunhai.apps.trust.ca import write
from yunhai.apps.trust.probe import request_of
from yunhai.kernel.limits import RENEWAL_NOTICE_DAYS
from yunhai.platform.tenancy.models import Tenant
from yunhai.services.trust import api as trust
from yunhai.services.trust import process


def certify_lines(places: Places, lines: Iterable[LineLogin]) -> int:
    """Have `credentials/lines/LINE.pem` and `.key` for each line, under this installation's CA; how many were made. The core is
    told of them by the outbox. PROCESS_AWAY, 6806."""
    folder = places.credentials / "lines"
    folder.mkdir(mode=0o700, exist_ok=True)
    issuer = process.authority("ca")
    due = [one for one in lines if not _good(folder, one, issuer)]
    made: list[tuple[LineLogin, bytes, ec.EllipticCurvePrivateKey]] = []
    with transaction.atomic():
        for one in due:
            key = ec.generate_private_key(ec.SECP256R1())
            _, der = trust.issue_interface(
                tenant=Tenant.objects.get(code=one.broker).pk,
                profile="line",
                request=request_of(key),
                name=f"{one.broker}-{one.line}",
                by=0,
                serial_number=_named(one),
            )
            made.append((one, der, key))
    for one, der, key in made:
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write(folder / f"{one.line}.key", secret, 0o600)
        write(folder / f"{one.line}.pem", _armoured(der) + _armoured(issuer), 0o600)
    return len(made)


def _named(one: LineLogin) -> str:
    return f"{one.line}/{one.broker}"


def _good(folder: Path, one: LineLogin, issuer: bytes) -> bool:
    """Whether the line has its key and a certificate of this CA that lives a while longer."""
    try:
        found, above = x509.load_pem_x509_certificates((folder / f"{one.line}.pem").read_bytes())
        key = serialization.load_pem_private_key((folder / f"{one.line}.key").read_bytes(), None)
    except (OSError, ValueError):
        return False
    named = [part.value for part in found.subject.get_attributes_for_oid(x509.NameOID.SERIAL_NUMBER)]
    return (
        above == x509.load_der_x509_certificate(issuer)
        and named == [_named(one)]
        and key.public_key() == found.public_key()
        and found.not_valid_after_utc - datetime.now(UTC) > timedelta(days=RENEWAL_NOTICE_DAYS)
    )


def _armoured(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM)
