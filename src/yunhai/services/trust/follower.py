"""The follower: from accepted instructions to sealed evidence, after the acknowledgement and never in its way.

Runs in the reader process, as the reader's role, with its own place in the journal (`trust_evidencemark`). Each round: read
what is new and note every accepted instruction whose key has a certificate; fetch for each the time stamp over its signature
and then, never before, its certificate's status; seal what is complete and verifies (fact 110, by the inner socket, each with a
number of the outbox's, so that the core takes it once); and, when seals have come back in the journal, have a checkpoint stamped by
the trust process's stamp for checkpoints, under which they can be exported.

What cannot be had (the trust process, its HSM, its TSA away) waits, in order, and is counted by age; orders go on. A bundle that
would not verify is not sealed: it waits with its code, is told, and is made anew, at longer and longer intervals. A seal that
the core refuses for good is set aside, and the others go on. Where a certificate was revoked between an acceptance and its stamp,
the file will show where in the journal that was: the follower notes the place of every revocation. Killed anywhere, it goes on
from its mark: a bundle that was sealed and not marked is sealed again under the same number, and the core changes nothing.
"""

import base64
import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import psycopg
import structlog
from prometheus_client import Counter, Gauge
from psycopg import Connection, Cursor
from psycopg.rows import namedtuple_row
from psycopg.types.json import Jsonb

from yunhai.journal.errors import NOT_FOUND as NO_JOURNAL
from yunhai.journal.facts import FACT_KIND
from yunhai.journal.reader import Group, Reader
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import EVIDENCE_BATCH_MAX, EVIDENCE_LIST_BYTES_MAX, FACTS_A_REQUEST_MAX
from yunhai.platform.outbox.relay import Post
from yunhai.services.trust.errors import PROCESS_AWAY
from yunhai.services.trust.evidence_errors import EVIDENCE_DEFECT, EVIDENCE_OTHER_JOURNAL, EVIDENCE_SET_ASIDE
from yunhai.services.trust.evidence_models import EvidenceState
from yunhai.services.trust.evidence_process import Trust, TrustSocket
from yunhai.trading import facts
from yunhai.trading.core.packing import Accepted, Told, pieces
from yunhai.trading.facts import CertificateSet, EvidenceSealed
from yunhai.trading.instructions import INSTRUCTION, canonical, instruction_of
from yunhai.trading.trust import cms, evidence, profiles, stamps, status
from yunhai.trading.trust.errors import EVIDENCE_REVOKED, refused
from yunhai.trading.trust.evidence_file import Bundle
from yunhai.trading.trust.placing import Heads
from yunhai.trading.trust.profiles import Profile

AWAY_SECONDS: Final = 2.0
LONGEST_PAUSE_SECONDS: Final = 60.0
IDLE_SECONDS: Final = 0.25
RETRY_SECONDS: Final = 30
"""How long one waits for its next try, times the tries that failed, of which so many count."""
RETRIES_COUNTED: Final = 120
CHECKPOINT_SECONDS: Final = 10.0
LIST_SECONDS: Final = 60.0
_POLICIES: Final = {Profile.TSA: profiles.TSA_POLICY, Profile.CHECKPOINT: profiles.CHECKPOINT_POLICY}
_SEALED: Final = facts.NUMBERS[EvidenceSealed]
_REVOKED: Final = (
    "INSERT INTO trust_evidencerevocation (sequence, certificate, at_ns, chained, head) VALUES (%s, %s, %s, %s, %s)"
    " ON CONFLICT DO NOTHING"
)
_log = structlog.get_logger("evidence")
_WAITING = Gauge("yunhai_evidence_waiting", "Instructions whose evidence is not yet sealed")
_OLDEST = Gauge("yunhai_evidence_oldest_seconds", "Age of the oldest of them")
_BUILT = Counter("yunhai_evidence_built", "Bundles made by this process")
_FAILED = Counter(
    "yunhai_evidence_failed", "Tries that got no stamp or no status, or made what does not verify", ["code"]
)
_ASIDE = Gauge("yunhai_evidence_set_aside", "Instructions whose seal the core refused: somebody has to look")
_BROKEN = Gauge("yunhai_evidence_broken", "1 while the making of evidence fails and is begun anew, 0 while it goes on")


@dataclass(slots=True)
class _Kept:
    """A status answer, and when it was asked for: it serves instructions accepted before, stamped while it holds."""

    answer: bytes
    asked_at: datetime
    said: status.Status

    def serves(self, accepted: datetime, stamped: datetime) -> bool:
        until = self.said.next_update
        fresh = self.said.this_update + status.FRESH >= accepted
        return fresh and self.asked_at >= accepted and until is not None and stamped <= until


class EvidenceFollower:
    """One journal's evidence in one database. `round` does all that can be done now; False: there was nothing."""

    def __init__(
        self,
        journal: Path,
        connection: "Connection[Any]",
        trust: Trust,
        post: Post,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        checkpoint_seconds: float = CHECKPOINT_SECONDS,
    ) -> None:
        """`connection` is this object's own, in autocommit."""
        self._journal, self._connection, self._trust, self._post = journal, connection, trust, post
        self._clock, self._checkpoint_seconds = clock, checkpoint_seconds
        self._reader: Reader | None = None
        self._heads: Heads | None = None
        self._at: tuple[int, int, bytes] | None = None
        self._sequence = 0
        self._keys: dict[int, tuple[int, bytes]] = {}
        self._certificates: dict[bytes, bytes] = {}
        self._answers: dict[bytes, _Kept] = {}
        self._issuer = self._root = b""
        self._list: tuple[float, bytes] = (0.0, b"")
        self._checkpoint_at = 0.0

    # -- reading -------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Find the mark and go on behind it. 3002 while there is no journal."""
        with self._connection.cursor(row_factory=namedtuple_row) as cursor:
            cursor.execute('SELECT journal, sequence, "group", chain, heads FROM trust_evidencemark')
            mark: Any = cursor.fetchone()
            cursor.execute("SELECT key, certificate, sha256 FROM trust_evidencekey")
            self._keys = {row.key: (row.certificate, bytes(row.sha256)) for row in cursor.fetchall()}  # type: ignore[attr-defined]
            cursor.execute("UPDATE trust_evidence SET state = 1 WHERE state = 5")  # the core may take them now
        self._sequence = mark.sequence if mark is not None else 0
        reader = Reader(self._journal, self._sequence + 1, follow=True)
        if mark is not None and bytes(mark.journal) != reader.journal_id():
            raise YunhaiError(EVIDENCE_OTHER_JOURNAL)
        if mark is not None:
            self._at = (mark.group, mark.sequence, bytes(mark.chain))
        heads = {int(tenant): bytes.fromhex(head) for tenant, head in (mark.heads if mark is not None else {}).items()}
        self._heads = Heads(reader.journal_id(), heads)
        self._reader = reader

    def round(self) -> bool:
        """Read, build, seal, stamp a checkpoint. PROCESS_AWAY when the trust process or its keys are away: after what could
        be done was done."""
        if self._reader is None:
            self.start()
        read = self.read()
        away: YunhaiError | None = None
        built = 0
        try:
            built = self.build()
        except YunhaiError as error:
            away = error
        sealed = self.seal()
        try:
            placed = self.checkpoint()
        except YunhaiError as error:
            away, placed = error, False
        self._measure()
        if away is not None:
            raise away
        return bool(read or built or sealed or placed)

    def read(self, groups: int = 200) -> int:
        """Take up to so many commit groups, in one transaction with the mark. How many there were."""
        assert self._reader is not None
        assert self._heads is not None
        taken = 0
        rows: list[tuple[Any, ...]] = []
        keys: dict[int, tuple[int, bytes]] = {}
        seals: list[tuple[int, int]] = []
        revocations: list[tuple[int, int, int, int, bytes]] = []
        while taken < groups and (group := self._reader.next()) is not None:
            taken += 1
            if not group.count:
                continue
            self._take(group, rows, keys, seals, revocations)
            self._heads.take(group.first_sequence, self._reader.parts())
            self._at = (group.number, group.last_sequence, group.chain)
        if taken:
            with self._connection.transaction(), self._connection.cursor() as cursor:
                self._write(cursor, rows, keys, seals)
                if revocations:
                    cursor.executemany(_REVOKED, revocations)
        return taken

    def _take(
        self,
        group: Group,
        rows: list[tuple[Any, ...]],
        keys: dict[int, tuple[int, bytes]],
        seals: list[tuple[int, int]],
        revocations: list[tuple[int, int, int, int, bytes]],
    ) -> None:
        assert self._heads is not None
        starts = group.starts() if bool((group.slots["kind"] == FACT_KIND).any()) else None
        for piece in pieces(group, self._sequence + 1):
            if isinstance(piece, Accepted) and starts is not None:
                record = np.frombuffer(piece.record, INSTRUCTION)[0]
                known = self._keys.get(int(record["key"]))
                if int(record["code"]) or known is None:
                    continue
                place = piece.sequence - group.first_sequence
                end = int(starts[place + 1]) if place + 1 < len(starts) else len(group.slots)
                tenant = int(record["tenant"])
                rows.append(
                    (
                        piece.sequence,
                        tenant,
                        int(record["account"]),
                        int(record["person"]),
                        int(record["number"]),
                        int(record["order_id"]),
                        int(record["key"]),
                        known[0],
                        int(record["accepted_at"]),
                        group.slots[int(starts[place]) : end].tobytes(),
                        self._heads.before(tenant),
                    )
                )
            elif isinstance(piece, Told):
                fact = facts.decode(piece.fact.number, piece.fact.content)
                if isinstance(fact, CertificateSet):
                    if fact.certificate >= self._keys.get(fact.key, (0, b""))[0]:
                        self._keys[fact.key] = keys[fact.key] = (fact.certificate, fact.sha256)
                    self._answers.pop(fact.sha256, None)
                    if fact.status in evidence.SHUT:
                        owner = piece.fact.tenant
                        head = self._heads.before(owner)
                        revocations.append((piece.sequence, fact.certificate, fact.wall_ns, owner, head))
                elif isinstance(fact, EvidenceSealed):
                    seals.append((piece.sequence, fact.sequence))

    def _write(
        self,
        cursor: "Cursor[Any]",
        rows: Sequence[tuple[Any, ...]],
        keys: dict[int, tuple[int, bytes]],
        seals: Sequence[tuple[int, int]],
    ) -> None:
        assert self._heads is not None
        if rows:
            cursor.executemany(
                "INSERT INTO trust_evidence (sequence, tenant_id, account, person, number, order_id, key, certificate,"
                " accepted_ns, record, head, state, outbox, seal, revocation, tries, code)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 0, 0, 0, 0, 0, 0) ON CONFLICT DO NOTHING",
                rows,
            )
        for key, (certificate, digest) in keys.items():
            cursor.execute(
                "INSERT INTO trust_evidencekey (key, certificate, sha256) VALUES (%s, %s, %s)"
                " ON CONFLICT (key) DO UPDATE SET certificate = EXCLUDED.certificate, sha256 = EXCLUDED.sha256",
                (key, certificate, digest),
            )
        if seals:
            cursor.executemany(
                "UPDATE trust_evidence SET seal = %s, state = 3 WHERE sequence = %s AND state IN (1, 2, 5)", seals
            )
        if self._at is not None:
            number, self._sequence, chain = self._at
            cursor.execute(
                'INSERT INTO trust_evidencemark (id, journal, sequence, "group", chain, heads)'
                " VALUES (1, %s, %s, %s, %s, %s) ON CONFLICT (id) DO UPDATE SET journal = EXCLUDED.journal,"
                ' sequence = EXCLUDED.sequence, "group" = EXCLUDED."group", chain = EXCLUDED.chain, heads = EXCLUDED.heads',
                (
                    self._heads.journal,
                    self._sequence,
                    number,
                    chain,
                    Jsonb({str(tenant): head.hex() for tenant, head in self._heads.heads.items()}),
                ),
            )

    # -- building ------------------------------------------------------------------------------------------------------

    def build(self, most: int = EVIDENCE_BATCH_MAX) -> int:
        """Complete up to so many, the oldest first. How many. PROCESS_AWAY when none can be completed now."""
        with self._connection.cursor(row_factory=namedtuple_row) as cursor:
            cursor.execute(
                "SELECT sequence, certificate, accepted_ns, record FROM trust_evidence WHERE state = 0"
                " AND (tried_at IS NULL OR tried_at < %s - least(tries, %s) * %s) ORDER BY sequence LIMIT %s",
                (self._clock(), RETRIES_COUNTED, timedelta(seconds=RETRY_SECONDS), most),
            )
            waiting: list[Any] = cursor.fetchall()
        done: list[tuple[Any, ...]] = []
        try:
            for row in waiting:
                try:
                    bundle, stamped_at, revocation = self._bundle(row)
                except YunhaiError as error:
                    if error.code == PROCESS_AWAY:
                        raise
                    self._failed(row.sequence, error)
                    continue
                except psycopg.Error:
                    raise
                except Exception as problem:  # noqa: BLE001 - one that cannot be made holds up no other
                    _log.error("evidence waits", sequence=row.sequence, kind=type(problem).__name__, exc_info=True)
                    self._failed(row.sequence, YunhaiError(EVIDENCE_DEFECT))
                    continue
                encoded = bundle.encoded()
                digest = hashlib.sha256(encoded).digest()
                done.append((encoded, digest, stamped_at, revocation, row.sequence))
        finally:
            self._keep(done)
        return len(done)

    def _keep(self, done: Sequence[tuple[Any, ...]]) -> None:
        if not done:
            return
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE trust_evidence SET bundle = %s, sha256 = %s, stamped_at = %s, revocation = %s, state = 1, code = 0,"
                " outbox = nextval(pg_get_serial_sequence('outbox_row', 'id')) WHERE sequence = %s AND state = 0",
                done,
            )
        _BUILT.inc(len(done))

    def _failed(self, sequence: int, error: YunhaiError) -> None:
        self._issuer = self._root = b""  # perhaps another ceremony was held
        _FAILED.labels(code=str(error.code)).inc()
        _log.warning("evidence waits", sequence=sequence, code=error.code, reason=error.text("en"))
        self._connection.execute(
            "UPDATE trust_evidence SET tries = tries + 1, tried_at = %s, code = %s WHERE sequence = %s",
            (self._clock(), error.code, sequence),
        )

    def _authority(self) -> tuple[bytes, bytes]:
        """(issuing CA, root), DER."""
        self._issuer = self._issuer or self._trust.issuer()
        self._root = self._root or self._trust.root()
        return self._issuer, self._root

    def _bundle(self, row: Any) -> tuple[Bundle, datetime, int]:
        """(a bundle that verifies, its stamp's time, the sequence of the revocation that its file has to show or 0).
        PROCESS_AWAY, or why there is none."""
        issuer, root = self._authority()
        certificate = self._certificate(row.certificate)
        raw = bytes(row.record)
        record = np.frombuffer(raw[64:], INSTRUCTION)[0]
        text = canonical(instruction_of(record))
        one = cms.InstructionSignature(
            text=text, signature=record["signature"].tobytes(), certificates=(certificate, issuer)
        )
        token, stamp = self._stamped(self._trust.stamp, hashlib.sha256(one.value).digest(), Profile.TSA)
        accepted = datetime.fromtimestamp(int(row.accepted_ns) / 1e9, UTC)
        answer = self._status(certificate, issuer, accepted, stamp.at)
        bundle = Bundle(
            text=text,
            cms=cms.stamped(cms.build(one), token),
            certificates=(certificate, issuer),
            ocsp=answer,
            crl=self._revocation_list(),
            record=raw,
        )
        sequence = int(row.sequence)
        revoked = evidence.require_bundle(bundle, tenant=int(record["tenant"]), sequence=sequence, root=root)
        return bundle, stamp.at, 0 if revoked is None else self._revocation(int(row.certificate), sequence, revoked)

    def _revocation(self, certificate: int, sequence: int, revoked: datetime) -> int:
        """The sequence of the fact that revoked the certificate then, behind the instruction's record. EVIDENCE_REVOKED if the
        journal holds none: it stands before, or is still to come."""
        with self._connection.cursor() as cursor:
            cursor.execute(
                "SELECT min(sequence) FROM trust_evidencerevocation WHERE certificate = %s AND sequence > %s"
                " AND at_ns / 1000000000 = %s",
                (certificate, sequence, int(revoked.timestamp())),
            )
            found = cursor.fetchone()
        if found is None or found[0] is None:
            raise refused(EVIDENCE_REVOKED, "no such revocation stands behind it", "日誌中其後無此廢止")
        return int(found[0])

    def _stamped(self, ask: Callable[[bytes], bytes], digest: bytes, profile: Profile) -> tuple[bytes, stamps.Stamp]:
        """A token of the public authority or of the one for checkpoints. PROCESS_AWAY if there is none now."""
        policy = _POLICIES[profile]
        nonce = int.from_bytes(hashlib.sha256(digest + time.time_ns().to_bytes(8, "big")).digest()[:8], "big")
        response = ask(stamps.request(digest, nonce=nonce, policy=policy))
        try:
            token = stamps.token_of(response)
        except YunhaiError as error:
            if "system_failure" in error.text("en"):
                raise YunhaiError(PROCESS_AWAY) from error
            raise
        stamp = stamps.checked(token, digest, nonce=nonce, policy=policy, exact=True, known=(self._issuer,))
        return token, stamp

    def _certificate(self, number: int) -> bytes:
        digest = next((sha for certificate, sha in self._keys.values() if certificate == number), b"")
        found = self._certificates.get(digest)
        if found is None:
            with self._connection.cursor() as cursor:
                cursor.execute("SELECT der FROM trust_certificate WHERE id = %s", (number,))
                row = cursor.fetchone()
            if row is None:
                raise YunhaiError(PROCESS_AWAY)
            found = bytes(row[0])
            self._certificates[hashlib.sha256(found).digest()] = found
        return found

    def _status(self, certificate: bytes, issuer: bytes, accepted: datetime, stamped: datetime) -> bytes:
        """An answer asked for after the acceptance that holds when it was stamped: one that was kept, else a new one. PROCESS_AWAY
        if there is none now."""
        name = hashlib.sha256(certificate).digest()
        kept = self._answers.get(name)
        if kept is None or not kept.serves(accepted, stamped):
            asked_at = self._clock()
            answer = self._trust.status(status.request(certificate, issuer))
            try:
                said = status.checked_ocsp(answer, certificate, issuer)
            except YunhaiError as error:
                if "try_later" in error.text("en"):
                    raise YunhaiError(PROCESS_AWAY) from error
                raise
            if len(self._answers) > EVIDENCE_BATCH_MAX * 10:
                self._answers.clear()
            kept = self._answers[name] = _Kept(answer, asked_at, said)
        return kept.answer

    def _revocation_list(self) -> bytes:
        if time.monotonic() - self._list[0] > LIST_SECONDS or not self._list[0]:
            try:
                found = self._trust.revocation_list()
            except YunhaiError:
                found = b""  # the answer says it; the list is beside it
            self._list = (time.monotonic(), found if len(found) <= EVIDENCE_LIST_BYTES_MAX else b"")
        return self._list[1]

    # -- sealing -------------------------------------------------------------------------------------------------------

    def seal(self) -> int:
        """Post the seals of what is built. How many the core took."""
        with self._connection.cursor(row_factory=namedtuple_row) as cursor:
            cursor.execute(
                "SELECT sequence, tenant_id, number, sha256, outbox FROM trust_evidence WHERE state = 1"
                " ORDER BY sequence LIMIT %s",
                (FACTS_A_REQUEST_MAX,),
            )
            rows: list[Any] = cursor.fetchall()
        if not rows:
            return 0
        answer = self._post([_seal_of(row) for row in rows])
        if answer.refused_for_good:
            return self._one_by_one(rows)
        return self._sent(rows) if answer.taken else 0

    def _sent(self, rows: Sequence[Any]) -> int:
        self._connection.execute(
            "UPDATE trust_evidence SET state = 2 WHERE state = 1 AND sequence = ANY(%s)",
            ([row.sequence for row in rows],),
        )
        return len(rows)

    def _one_by_one(self, rows: Sequence[Any]) -> int:
        """Find the seals that the core refuses for good, set each aside, and have the others taken."""
        taken = 0
        for row in rows:
            answer = self._post([_seal_of(row)])
            if answer.taken:
                taken += self._sent([row])
            elif answer.refused_for_good:
                _log.error("seal set aside", number=row.number, status=answer.status, reason=answer.text)
                self._connection.execute(
                    "UPDATE trust_evidence SET state = 5, code = %s WHERE state = 1 AND sequence = %s",
                    (EVIDENCE_SET_ASIDE, row.sequence),
                )
            else:
                break
        return taken

    def checkpoint(self) -> bool:
        """Stamp a checkpoint if seals have come back that have none, and the last one is old enough."""
        if self._at is None or time.monotonic() - self._checkpoint_at < self._checkpoint_seconds:
            return False
        with self._connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM trust_evidence WHERE state = 3 LIMIT 1")
            if cursor.fetchone() is None:
                return False
        assert self._heads is not None
        group, sequence, chain = self._at
        said = self._heads.checkpoint(group=group, sequence=sequence, chain=chain, wall_ns=time.time_ns())
        statement = msgspec.json.encode(said)
        token, stamp = self._held_fast(hashlib.sha256(statement).digest())
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.execute(
                'INSERT INTO trust_evidencecheckpoint (sequence, "group", statement, token, stamped_at)'
                " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (sequence) DO UPDATE SET statement = EXCLUDED.statement,"
                " token = EXCLUDED.token, stamped_at = EXCLUDED.stamped_at",
                (said.sequence, said.group, statement, token, stamp.at),
            )
            cursor.execute(
                "UPDATE trust_evidence SET checkpoint_id = %s, state = 4 WHERE state = 3 AND seal <= %s",
                (said.sequence, said.sequence),
            )
        self._checkpoint_at = time.monotonic()
        return True

    def _held_fast(self, digest: bytes) -> tuple[bytes, stamps.Stamp]:
        """A token for a checkpoint that verifies. PROCESS_AWAY if there is none now, whatever is wrong with it."""
        try:
            issuer, root = self._authority()
            token, stamp = self._stamped(self._trust.checkpoint, digest, Profile.CHECKPOINT)
            evidence.proven_stamp(token, digest, Profile.CHECKPOINT, issuers=(issuer,), root=root)
        except YunhaiError as error:
            self._issuer = self._root = b""
            if error.code != PROCESS_AWAY:
                _FAILED.labels(code=str(error.code)).inc()
                _log.warning("no checkpoint", code=error.code, reason=error.text("en"))
            raise YunhaiError(PROCESS_AWAY) from error
        return token, stamp

    def _measure(self) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*), min(accepted_ns), (SELECT count(*) FROM trust_evidence WHERE state = 5)"
                " FROM trust_evidence WHERE state < 3"
            )
            found = cursor.fetchone()
        count, oldest, aside = found if found is not None else (0, None, 0)
        _ASIDE.set(aside)
        _WAITING.set(count)
        _OLDEST.set(max(0.0, self._clock().timestamp() - oldest / 1e9) if oldest else 0.0)


def follow(
    journal: Path,
    connect: Callable[[], "Connection[Any]"],
    trust: Path,
    post: Post,
    stop: threading.Event,
) -> None:
    """Make evidence until `stop`. A database, a journal or a trust process that is away is waited for; whatever else fails is
    logged, shown by `yunhai_evidence_broken`, and begun anew from the mark: it never ends silently, and never with the reader."""
    away, pause = False, AWAY_SECONDS
    while not stop.is_set():
        try:
            with connect() as connection:
                follower = EvidenceFollower(journal, connection, TrustSocket(trust), post)
                while not stop.is_set():
                    try:
                        busy = follower.round()
                        away, pause = False, AWAY_SECONDS
                        _BROKEN.set(0)
                    except YunhaiError as error:
                        if error.code not in (PROCESS_AWAY, NO_JOURNAL):
                            raise
                        busy = False
                        if not away and error.code == PROCESS_AWAY:
                            _log.warning("evidence waits for the trust process")
                        away = True
                    if not busy:
                        stop.wait(AWAY_SECONDS if away else IDLE_SECONDS)
        except psycopg.OperationalError as problem:
            _log.warning("database away", kind=type(problem).__name__)
            stop.wait(AWAY_SECONDS)
        except Exception as problem:  # noqa: BLE001 - told, and begun anew
            _BROKEN.set(1)
            _log.error("evidence is begun anew", kind=type(problem).__name__, reason=str(problem), exc_info=True)
            stop.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


def _seal_of(row: Any) -> dict[str, Any]:
    """What the core is asked to journal of a bundle."""
    return {
        "outbox": row.outbox,
        "number": _SEALED,
        "tenant": row.tenant_id,
        "value": {
            "number": row.number,
            "sequence": row.sequence,
            "sha256": base64.b64encode(bytes(row.sha256)).decode(),
            "wall_ns": time.time_ns(),
        },
    }


assert [int(state) for state in EvidenceState] == [0, 1, 2, 3, 4, 5], "the numbers in the statements above"
