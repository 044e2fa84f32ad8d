"""What nobody does alone: a certificate that opens an interface, and a broker that is to demand certificates no more.

One proposes, another decides; a proposal is kept with both names whatever came of it. What opens a door for a broker's system,
software or line is the broker's operations' to propose and another of its people's to approve; what takes the demand for
certificates away is one operator's to propose and another's to confirm, and stands among the Console's changes with the reason.
Functions run inside a transaction; the caller's right is checked where the request comes in. `api.py` gives them on.
"""

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.utils import timezone

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import CERTIFICATES_LISTED_MAX
from yunhai.platform.tenancy import api as tenancy
from yunhai.platform.tenancy import rls
from yunhai.services.trust import issuing, process, rules
from yunhai.services.trust.errors import (
    PROFILE_NOT_FOR_KEY,
    PROPOSAL_BY_ONE,
    PROPOSAL_DECIDED,
    PROPOSAL_STANDS,
    PROPOSAL_UNKNOWN,
    REQUEST_NOT_PROVEN,
)
from yunhai.services.trust.models import Certificate, Proposal
from yunhai.services.trust.registrations import broker_of
from yunhai.services.trust.views import ProposalView, iso

INTERFACE = "interface"
DEMAND_OFF = "demand_off"


# --- interfaces --------------------------------------------------------------------------------------------------------


def propose_interface(*, tenant: int, profile: str, request: str, name: str, line: str = "", by: int) -> ProposalView:
    """Ask for a certificate for the broker's own system, software or line, whose key signed the PKCS#10 `request`. The common
    `name` is the broker's code or begins with it. PROFILE_NOT_FOR_KEY, REQUEST_NOT_PROVEN, NAME_OF_ANOTHER."""
    if profile not in rules.INTERFACES or (profile == "line") != bool(line):
        raise YunhaiError(PROFILE_NOT_FOR_KEY, profile=profile)
    proven_key(request.encode())
    what = {"profile": profile, "name": rules.checked_name(name, code=broker_of(tenant).code), "request": request}
    what |= {"line": line} if line else {}
    with rls.acting(tenant=tenant):
        return view(Proposal.objects.create(tenant_id=tenant, kind=INTERFACE, what=what, proposed_by=by))


def decide_interface(number: int, *, tenant: int, by: int, approve: bool) -> ProposalView:
    """Another person issues it or refuses. PROPOSAL_UNKNOWN, PROPOSAL_DECIDED, PROPOSAL_BY_ONE, PROCESS_AWAY, 6806: then it
    still waits."""
    with rls.acting(tenant=tenant):
        row = _open(number, INTERFACE, by=by, tenant=tenant)
        if approve:
            code = broker_of(tenant).code
            line = row.what.get("line", "")
            row.certificate, _ = issue_interface(
                tenant=tenant,
                profile=row.what["profile"],
                request=row.what["request"].encode(),
                name=row.what["name"],
                by=by,
                serial_number=f"{line}/{code}" if line else code,
            )
        return _decided(row, by=by, approve=approve)


def interfaces(tenant: int) -> tuple[ProposalView, ...]:
    """What was proposed for a broker's interfaces, newest first."""
    with rls.acting(tenant=tenant):
        rows = Proposal.objects.select_related("certificate").filter(tenant_id=tenant, kind=INTERFACE)
        return tuple(view(row) for row in rows[:CERTIFICATES_LISTED_MAX])


def issue_interface(
    *, tenant: int, profile: str, request: bytes, name: str, by: int, serial_number: str = ""
) -> tuple[Certificate, bytes]:
    """The certificate itself, without a second person: for what the machine's own operator does by command. Its row and DER.
    PROFILE_NOT_FOR_KEY, REQUEST_NOT_PROVEN, PROCESS_AWAY, 6806."""
    if profile not in rules.INTERFACES:
        raise YunhaiError(PROFILE_NOT_FOR_KEY, profile=profile)
    issued = process.issue(
        profile=profile,
        subject=name,
        spki=proven_key(request),
        days=issuing.life_of(profile),
        serial_number=serial_number,
        organization=tenancy.tenant(tenant).code,
    )
    with rls.acting(tenant=tenant):
        row = issuing.keep(issued, tenant=tenant, person=None, profile=profile, subject=name, by=by)
        return row, issued


def proven_key(request: bytes) -> bytes:
    """DER SubjectPublicKeyInfo of the P-256 key that signed a PKCS#10, PEM or DER. REQUEST_NOT_PROVEN."""
    try:
        found = x509.load_pem_x509_csr(request) if b"-----" in request else x509.load_der_x509_csr(request)
        key = found.public_key()
        right = found.is_signature_valid and isinstance(key, ec.EllipticCurvePublicKey)
        right = right and isinstance(getattr(key, "curve", None), ec.SECP256R1)
    except ValueError:
        right = False
    if not right:
        raise YunhaiError(REQUEST_NOT_PROVEN)
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


# --- a broker's demand -------------------------------------------------------------------------------------------------


def demand(tenant: int, *, on: bool, reason: str, by: int) -> ProposalView | None:
    """Have a broker take only what is signed under a certificate and with consent, at once; or propose that it no longer does,
    which another operator confirms. None where nothing waits. BROKER_UNKNOWN, PROPOSAL_STANDS."""
    broker = broker_of(tenant)
    if on:
        tenancy.set_tenant(tenant, by=by, reason=reason, certificates=True)
        waiting = Proposal.objects.select_for_update(of=("self",)).filter(
            tenant_id=tenant, kind=DEMAND_OFF, status="open"
        )
        for row in waiting:  # what was proposed before is answered by this
            _decided(row, by=by, approve=False)
        return None
    if not broker.certificates:
        return None
    if Proposal.objects.filter(tenant_id=tenant, kind=DEMAND_OFF, status="open").exists():
        raise YunhaiError(PROPOSAL_STANDS)
    return view(Proposal.objects.create(tenant_id=tenant, kind=DEMAND_OFF, reason=reason[:200], proposed_by=by))


def decide_off(number: int, *, by: int, approve: bool) -> ProposalView:
    """Another operator confirms or refuses. Confirmed, the gate takes what a registered key signed, certificate or not.
    PROPOSAL_UNKNOWN, PROPOSAL_DECIDED, PROPOSAL_BY_ONE."""
    row = _open(number, DEMAND_OFF, by=by)
    if approve:
        why = f"{row.reason} (#{row.proposed_by} + #{by})"[:200]
        tenancy.set_tenant(row.tenant_id, by=by, reason=why, certificates=False)
    return _decided(row, by=by, approve=approve)


def offs() -> tuple[ProposalView, ...]:
    """What operators proposed of brokers' demands, newest first."""
    rows = Proposal.objects.filter(kind=DEMAND_OFF)
    return tuple(view(row) for row in rows[:CERTIFICATES_LISTED_MAX])


# --- both --------------------------------------------------------------------------------------------------------------


def _open(number: int, kind: str, *, by: int, tenant: int = 0) -> Proposal:
    """The open proposal, locked, which is another's. PROPOSAL_UNKNOWN, PROPOSAL_DECIDED, PROPOSAL_BY_ONE."""
    rows = Proposal.objects.select_for_update(of=("self",)).filter(pk=min(number, 2**63 - 1), kind=kind)
    row = (rows.filter(tenant_id=tenant) if tenant else rows).first()
    if row is None:
        raise YunhaiError(PROPOSAL_UNKNOWN, proposal=number)
    if row.status != "open":
        raise YunhaiError(PROPOSAL_DECIDED, status=row.status)
    if row.proposed_by == by:
        raise YunhaiError(PROPOSAL_BY_ONE)
    return row


def _decided(row: Proposal, *, by: int, approve: bool) -> ProposalView:
    row.status = "approved" if approve else "refused"
    row.decided_by, row.decided_at = by, timezone.now()
    row.save()
    return view(row)


def view(row: Proposal) -> ProposalView:
    """A proposal as it is shown."""
    held = row.certificate
    return ProposalView(
        proposal=row.pk,
        tenant=row.tenant_id,
        kind=row.kind,
        profile=str(row.what.get("profile", "")),
        name=str(row.what.get("name", "")),
        line=str(row.what.get("line", "")),
        reason=row.reason,
        status=row.status,
        proposed_by=row.proposed_by,
        proposed_at=iso(row.proposed_at),
        decided_by=row.decided_by,
        decided_at=iso(row.decided_at),
        certificate=held.pk if held is not None else 0,
        pem=_armoured(bytes(held.der)) if held is not None else "",
    )


def _armoured(der: bytes) -> str:
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode()
