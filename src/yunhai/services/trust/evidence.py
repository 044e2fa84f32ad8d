"""Evidence for others: how far it has come, the file, and what is deleted after its years.

`states_of`, `on_timeline` and `view_of` answer within a request's scope (row-level security shows a person their own, staff
their broker's).
`file_of` writes the evidence file of one instruction from its row, its checkpoint and the journal. `delete_old` is the
retention job: nothing younger than the years, nothing held for a dispute, and a line in `EvidenceDeleted` for each.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from yunhai.journal.checkpoints import Checkpoint
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import EVIDENCE_BATCH_MAX
from yunhai.services.trust.evidence_errors import EVIDENCE_DELETED, EVIDENCE_UNKNOWN
from yunhai.services.trust.evidence_models import Evidence, EvidenceHold, EvidenceState
from yunhai.trading.trust.errors import EVIDENCE_NOT_PLACED, refused
from yunhai.trading.trust.evidence_file import SUFFIX, Anchor, encode, text_of
from yunhai.trading.trust.placing import Beginning, placed

RETENTION_YEARS: Final = 7
"""Unless settings say `EVIDENCE_RETENTION_YEARS`; the law asks for five."""
_YEARS_MIN: Final = 5
_log = structlog.get_logger("evidence")
_WORDS: Final = {
    EvidenceState.WAITING: ("等待時戳", "waiting for its stamp"),
    EvidenceState.BUILT: ("待封存", "to be sealed"),
    EvidenceState.SENT: ("封存中", "being sealed"),
    EvidenceState.SEALED: ("已封存，待檢查點", "sealed, waiting for a checkpoint"),
    EvidenceState.PLACED: ("可匯出", "ready"),
    EvidenceState.ASIDE: ("已擱置，核心拒絕其封存", "set aside, the core refused its seal"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceView:
    """The evidence of one instruction as pages show it. `state` the word of `EvidenceState`, in lower case; `code` why the
    last try failed (0: none did); times ISO 8601."""

    number: int
    order_id: int
    sequence: int
    tenant: int
    account: int
    state: str
    zh: str
    en: str
    code: int
    sha256: str
    accepted_at: str
    stamped_at: str
    certificate: int

    @property
    def ready(self) -> bool:
        """Whether the file can be written."""
        return self.state == "placed"


def view_of(row: Evidence) -> EvidenceView:
    """A row as pages show it."""
    state = EvidenceState(row.state)
    zh, en = _WORDS[state]
    return EvidenceView(
        number=row.number,
        order_id=row.order_id,
        sequence=row.sequence,
        tenant=row.tenant_id,
        account=row.account,
        state=state.name.lower(),
        zh=zh,
        en=en,
        code=row.code,
        sha256=bytes(row.sha256).hex() if row.sha256 is not None else "",
        accepted_at=datetime.fromtimestamp(row.accepted_ns // 10**9, UTC).isoformat(),
        stamped_at=row.stamped_at.isoformat() if row.stamped_at is not None else "",
        certificate=row.certificate,
    )


def states_of(orders: Iterable[int]) -> dict[int, EvidenceView]:
    """By order id: the evidence of its new-order instruction, where there is one, as far as the scope sees."""
    rows = Evidence.objects.filter(number__in=list(orders)).defer("bundle", "record")
    return {row.order_id: view_of(row) for row in rows}


def of_order(order: int) -> list[EvidenceView]:
    """The evidence of every instruction about an order, the first first."""
    rows = Evidence.objects.filter(order_id=order).order_by("sequence").defer("bundle", "record")
    return [view_of(row) for row in rows]


def on_timeline(numbers: Iterable[int]) -> dict[int, dict[str, object]]:
    """How far the evidence of instructions has come, as an order's timeline says it: by number, as far as the scope sees."""
    found = {}
    for row in Evidence.objects.filter(number__in=list(numbers)).defer("bundle", "record"):
        zh, en = _WORDS[EvidenceState(row.state)]
        said: dict[str, object] = {"evidence": EvidenceState(row.state).name.lower()}
        if row.code:
            said |= {"evidence_code": row.code}
            zh, en = f"{zh}（{row.code}）", f"{en} ({row.code})"
        found[int(row.number)] = said | {"evidence_zh": zh, "evidence_en": en}
    return found


def file_name(number: int) -> str:
    """What a file of an instruction is called."""
    return f"yunhai-{number}{SUFFIX}"


def file_of(number: int, *, journal: Path | None = None) -> bytes:
    """The evidence file of an instruction, as the scope sees it. EVIDENCE_UNKNOWN, EVIDENCE_DELETED; EVIDENCE_NOT_PLACED
    while its stamp, its seal or its checkpoint is still to come."""
    with connection.cursor() as cursor:
        row = _row(cursor, number)
    return written(row, journal or settings.PLACES.journal)


_SELECT: Final = (
    "SELECT e.state, e.tenant_id, e.sequence, e.seal, e.head, e.bundle, c.statement, c.token, e.revocation, r.chained, r.head"
    " FROM trust_evidence e LEFT JOIN trust_evidencecheckpoint c ON c.sequence = e.checkpoint_id"
    " LEFT JOIN trust_evidencerevocation r ON r.sequence = e.revocation WHERE e.number = %s"
)


def _row(cursor: Any, number: int) -> tuple[Any, ...]:
    cursor.execute(_SELECT, [number])
    row: tuple[Any, ...] | None = cursor.fetchone()
    if row is not None:
        return row
    cursor.execute("SELECT deleted_at FROM trust_evidencedeleted WHERE number = %s", [number])
    gone = cursor.fetchone()
    if gone is not None:
        raise YunhaiError(EVIDENCE_DELETED, number=number, date=f"{gone[0]:%Y-%m-%d}")
    raise YunhaiError(EVIDENCE_UNKNOWN, number=number)


def written(row: tuple[Any, ...], journal: Path) -> bytes:
    """The file of a row of `_SELECT`."""
    state, tenant, sequence, seal, head, bundle, statement, token, revocation, chained, before = row
    if state != EvidenceState.PLACED:
        zh, en = _WORDS[EvidenceState(state)]
        raise refused(EVIDENCE_NOT_PLACED, en, zh)
    said = msgspec.json.decode(bytes(statement), type=Checkpoint)
    found = placed(
        journal,
        Beginning(tenant=tenant, sequence=sequence, head=bytes(head)),
        seal=seal,
        checkpoint=said,
        revocation=Beginning(tenant=chained, sequence=revocation, head=bytes(before)) if revocation else None,
    )
    anchor = Anchor(statement=bytes(statement).decode(), token=text_of(bytes(token)))
    return encode(bytes(bundle), found.journal, found.seal, anchor, found.revocation)


def exported(cursor: Any, number: int, journal: Path) -> bytes:
    """The same by a cursor of the reader's role: what `yunhai evidence export` writes."""
    return written(_row(cursor, number), journal)


# --- retention ---------------------------------------------------------------------------------------------------------


def hold(number: int, *, tenant: int, by: int, reason: str) -> None:
    """Keep the evidence of an instruction while a dispute lasts. EVIDENCE_UNKNOWN if the scope sees none; held once."""
    with transaction.atomic():
        if not Evidence.objects.filter(number=number, tenant_id=tenant).exists():
            raise YunhaiError(EVIDENCE_UNKNOWN, number=number)
        if not EvidenceHold.objects.filter(number=number, released_at__isnull=True).exists():
            EvidenceHold.objects.create(tenant_id=tenant, number=number, by=by, reason=reason)


def release(number: int) -> bool:
    """The dispute is over. Whether there was one."""
    with transaction.atomic():
        held = EvidenceHold.objects.filter(number=number, released_at__isnull=True)
        return bool(held.update(released_at=timezone.now()))


def retention_years() -> int:
    """How long evidence is kept: never less than the law asks."""
    return max(_YEARS_MIN, int(getattr(settings, "EVIDENCE_RETENTION_YEARS", RETENTION_YEARS)))


def delete_old(now: datetime | None = None) -> int:
    """Delete what is past its years and held by nothing, with a line for each. How many. By the reader's role."""
    edge = (now or timezone.now()) - timedelta(days=retention_years() * 365 + 2)
    deleted = count = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "WITH old AS (DELETE FROM trust_evidence WHERE sequence IN (SELECT sequence FROM trust_evidence"
                " e WHERE accepted_ns < %s AND NOT EXISTS (SELECT 1 FROM trust_evidencehold h WHERE h.number = e.number"
                " AND h.released_at IS NULL) ORDER BY sequence LIMIT %s)"
                " RETURNING sequence, tenant_id, number, account, person, sha256, accepted_ns)"
                " INSERT INTO trust_evidencedeleted (sequence, tenant_id, number, account, person, sha256, accepted_ns,"
                " deleted_at) SELECT sequence, tenant_id, number, account, person, sha256, accepted_ns, now() FROM old",
                [int(edge.timestamp()) * 10**9, EVIDENCE_BATCH_MAX],
            )
            count = int(cursor.rowcount)
        deleted += count
        if count < EVIDENCE_BATCH_MAX:
            break
    if deleted:
        _log.info("evidence past its years deleted", rows=deleted, before=edge.isoformat())
    return deleted


@app.periodic(cron="40 3 * * *")
@app.task(name="trust.evidence_retention", queueing_lock="trust.evidence_retention", pass_context=False)
def retention(timestamp: int = 0) -> int:
    """The nightly job."""
    return delete_old()
