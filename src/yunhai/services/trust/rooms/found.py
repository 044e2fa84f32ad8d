"""Evidence as the rooms read it: how far each instruction's has come, its file, the root it is verified by.

Rows are written by the follower alone (`follower.py`); a person sees their own accounts', compliance the broker's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from yunhai.kernel.errors import YunhaiError
from yunhai.services.trust import evidence, process
from yunhai.services.trust.errors import PROCESS_AWAY
from yunhai.services.trust.evidence_models import Evidence, EvidenceState

_BIG: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceView:
    """The evidence of one instruction. `state` a word, `code` why the last try failed (0: it did not)."""

    number: int
    order_id: int
    account: int
    person: int
    key: int
    certificate: int
    accepted_ns: int
    state: str
    name: str
    tone: str
    stamped_at: datetime | None
    seal: int
    sha256: str
    tries: int
    code: int

    @property
    def exportable(self) -> bool:
        return self.state == EvidenceState.PLACED.name.lower()


def states() -> dict[str, tuple[str, str]]:
    """(name, tone) of how far evidence has come."""
    return {
        "waiting": (_("waits for stamp or status"), "wait"),
        "built": (_("to be sealed"), "wait"),
        "sent": (_("seal under way"), "wait"),
        "sealed": (_("sealed, waits for a checkpoint"), "note"),
        "placed": (_("complete"), "good"),
        "aside": (_("set aside: the core refused its seal"), "bad"),
    }


def look_reasons() -> dict[str, str]:
    """Why clients are looked at."""
    return {
        "phone_order": _("Order by phone or ticket"),
        "service": _("Account service"),
        "complaint": _("Complaint"),
        "audit": _("Audit"),
        "other": pgettext("reason", "Other"),
    }


def _view(row: Evidence) -> EvidenceView:
    word = EvidenceState(row.state).name.lower()
    name, tone = states()[word]
    return EvidenceView(
        number=row.number,
        order_id=row.order_id,
        account=row.account,
        person=row.person,
        key=row.key,
        certificate=row.certificate,
        accepted_ns=row.accepted_ns,
        state=word,
        name=name,
        tone=tone,
        stamped_at=row.stamped_at,
        seal=row.seal,
        sha256=bytes(row.sha256).hex() if row.sha256 else "",
        tries=row.tries,
        code=row.code,
    )


def _rows() -> Any:
    return Evidence.objects.defer("record", "head", "bundle").order_by("-sequence")


def latest(limit: int) -> list[EvidenceView]:
    """The newest that the caller may see."""
    return [_view(row) for row in _rows()[:limit]]


def of_orders(numbers: Iterable[int]) -> list[EvidenceView]:
    """Of all instructions of some orders, oldest first."""
    return [_view(row) for row in _rows().filter(order_id__in=list(numbers)).order_by("sequence")]


def of_number(number: int) -> EvidenceView | None:
    """Of one instruction; None if there is none that the caller may see."""
    row = _rows().filter(number=min(number, _BIG)).first()
    return None if row is None else _view(row)


def evidence_states(order_ids: Iterable[int]) -> dict[int, EvidenceView]:
    """Of each order's own instruction (its first), by order."""
    return {row.order_id: _view(row) for row in _rows().filter(order_id__in=list(order_ids))}


def counts() -> list[dict[str, Any]]:
    """How many stand where, in the order they are gone through."""
    found = dict(Evidence.objects.values_list("state").annotate(n=Count("sequence")).order_by())
    return [
        {"name": states()[one.name.lower()][0], "tone": states()[one.name.lower()][1], "count": found.get(int(one), 0)}
        for one in EvidenceState
    ]


def file_of(number: int) -> bytes:
    """The evidence file of an instruction, as `yunhai evidence export` writes it; the refusals of its making."""
    return evidence.file_of(number)


def root() -> bytes:
    """The root certificate, from this installation's home; from the trust process if it is not there. PROCESS_AWAY."""
    file = Path(settings.PLACES.home) / "trust" / "root.cer"
    try:
        return file.read_bytes()
    except OSError:
        pass
    try:
        return process.authority("root")
    except YunhaiError as error:
        raise YunhaiError(PROCESS_AWAY) from error
