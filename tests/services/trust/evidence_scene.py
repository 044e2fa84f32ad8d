"""A journal, a core that takes seals, and a trust process, for everything that makes evidence in a database.

`Scene(folder, server)` has the process made of a test authority in memory; `HsmProcess` is the real one over SoftHSM.
"""

import hashlib
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from asn1crypto import ocsp, tsp, x509

from tests.trading.trust.making import Maker
from tests.trading.trust.pki import Authority, answer
from yunhai.journal import Fact, Writer
from yunhai.journal.facts import encode as fact_slots
from yunhai.kernel.errors import YunhaiError
from yunhai.platform.outbox.relay import Answer
from yunhai.trading import facts
from yunhai.trading.core.packing import instruction_head, slots
from yunhai.trading.facts import CertificateSet
from yunhai.trading.instructions import ACCEPTED_FACT, INSTRUCTION, REFUSED_FACT
from yunhai.trading.signatures import new_key
from yunhai.trading.trust.profiles import Profile

NUMBER = 7
"""The certificate's number."""


class Core:
    """What the core does with seals: each outbox number once, into the journal."""

    def __init__(self, writer: Writer) -> None:
        self.writer, self.taken, self.posts, self.down = writer, set[int](), 0, False
        self.refuses = set[int]()

    def post(self, batch: Sequence[dict[str, Any]]) -> Answer:
        if self.down:
            return Answer(0, "away")
        self.posts += 1
        if self.refuses.intersection(row["value"]["number"] for row in batch):
            return Answer(422, "not taken, ever")
        for row in batch:
            if row["outbox"] in self.taken:
                continue
            self.taken.add(row["outbox"])
            fact = facts.from_json(row["number"], row["value"] | {"outbox": row["outbox"]})
            number, content = facts.encode(fact)
            self.writer.submit(fact_slots(Fact(number=number, tenant=row["tenant"], time=0, content=content)))
        self.writer.wait(self.writer.submitted())
        return Answer(200)


class Process:
    """The trust process, made of the test authority."""

    def __init__(self, authority: Authority, certificates: dict[int, bytes]) -> None:
        self.authority, self.certificates, self.down, self.asked = authority, certificates, False, 0
        self.ahead, self.no_stamps = timedelta(), False
        self.revoked_at: datetime | None = None

    def _now(self) -> datetime:
        return datetime.now(UTC).replace(microsecond=0) + self.ahead

    def _up(self) -> None:
        from yunhai.services.trust.errors import PROCESS_AWAY

        self.asked += 1
        if self.down:
            raise YunhaiError(PROCESS_AWAY)

    def issuer(self) -> bytes:
        self._up()
        return self.authority.ca

    def root(self) -> bytes:
        self._up()
        return self.authority.root

    def stamp(self, request: bytes) -> bytes:
        from yunhai.services.trust.errors import PROCESS_AWAY

        self._up()
        if self.no_stamps:
            raise YunhaiError(PROCESS_AWAY)
        return self._answer(self.authority.stamp, request)

    def checkpoint(self, request: bytes) -> bytes:
        self._up()
        return self._answer(self.authority.hold_fast, request)

    def _answer(self, stamp: Callable[..., bytes], request: bytes) -> bytes:
        asked = tsp.TimeStampReq.load(request)
        digest = asked["message_imprint"]["hashed_message"].native
        return answer(stamp(digest, at=self._now(), nonce=asked["nonce"].native))

    def status(self, request: bytes) -> bytes:
        self._up()
        serial = ocsp.OCSPRequest.load(request)["tbs_request"]["request_list"][0]["req_cert"]["serial_number"].native
        return self.authority.status(self.certificates[serial], at=self._now(), revoked_at=self.revoked_at)

    def revocation_list(self) -> bytes:
        self._up()
        return self.authority.revocation_list(at=self._now())


class HsmProcess:
    """The trust process's own parts, with keys in SoftHSM."""

    def __init__(self, scene: Any) -> None:
        self.scene = scene

    def issuer(self) -> bytes:
        found: bytes = self.scene.authority.issuer.dump()
        return found

    def root(self) -> bytes:
        found: bytes = self.scene.authority.root.dump()
        return found

    def checkpoint(self, request: bytes) -> bytes:
        found: bytes = self.scene.do(self.scene.keeper.checkpoints.answer(request))
        return found

    def stamp(self, request: bytes) -> bytes:
        found: bytes = self.scene.do(self.scene.keeper.stamper.answer(request))
        return found

    def status(self, request: bytes) -> bytes:
        found: bytes = self.scene.do(self.scene.keeper.responder.answer(request)).content
        return found

    def revocation_list(self) -> bytes:
        made = self.scene.keeper.lists.made
        return b"" if made is None else made.content


class Scene:
    """A journal with one certified key and one that is not, the process, the core and a follower in a fresh database."""

    def __init__(self, folder: Path, server: Any, *, hsm: Any = None) -> None:
        """`hsm` a scene of `tests.apps.trust`, whose keys then issue, stamp and answer."""
        self.maker = Maker.__new__(Maker)
        self.authority = Authority(now=datetime.now(UTC) - timedelta(seconds=5))
        self.maker.authority, self.maker.random, self.maker.key = self.authority, random.Random(1), new_key()
        self.folder, self.server = folder, server
        self.writer = Writer(folder)
        self.core = Core(self.writer)
        self.process: Any
        if hsm is None:
            self.certificate = self.authority.issue(Profile.INVESTOR, self.maker.key, "YH-000123")
            found = x509.Certificate.load(self.certificate)
            self.process, self.root = (
                Process(self.authority, {found.serial_number: self.certificate}),
                self.authority.root,
            )
        else:
            self.certificate = hsm.issue("investor", self.maker.key, days=30).certificate
            found = x509.Certificate.load(self.certificate)
            self.process, self.root = HsmProcess(hsm), hsm.authority.root.dump()
        self._register(found)
        self.numbers = 0
        self.connections: list[Any] = []

    def _register(self, found: x509.Certificate) -> None:
        fact = CertificateSet(
            certificate=NUMBER, key=7, person=5, serial=found.serial_number.to_bytes(20, "big"),
            sha256=hashlib.sha256(self.certificate).digest(), profile="investor", not_before=0, not_after=2**40, outbox=1,
        )  # fmt: skip
        number, content = facts.encode(fact)
        self.writer.submit(fact_slots(Fact(number=number, tenant=0, time=0, content=content)))
        superuser = psycopg.connect(**self.server.superuser("yunhai"), autocommit=True)
        with superuser as connection:
            connection.execute("SET session_replication_role = replica")  # one row, without everything it belongs to
            validity = found["tbs_certificate"]["validity"]
            connection.execute(
                "INSERT INTO trust_certificate (id, tenant_id, key, profile, subject, serial, sha256, der, not_before, not_after,"
                " status, reason, revoked_by, revoker, outbox, made_at) VALUES (%s, 9, 7, 'investor', 'YH-000123', %s, %s, %s,"
                " %s, %s, 'valid', 0, 0, '', 0, now())",
                (
                    NUMBER, fact.serial, fact.sha256, self.certificate, validity["not_before"].native,
                    validity["not_after"].native,
                ),
            )  # fmt: skip

    def accept(self, count: int, *, key: int = 7, fact: int = ACCEPTED_FACT, group: int = 1) -> None:
        for _ in range(count):
            self.numbers += 1
            tenant = 9 if self.numbers % 2 else 8
            row = np.frombuffer(self.maker.record(self.numbers, tenant), INSTRUCTION).copy()
            if key != 7:
                row["key"] = key
            if fact == REFUSED_FACT:
                row["code"] = 6103
            self.writer.submit(slots([instruction_head(fact, tenant, 0), row.tobytes()]))
            if self.numbers % group == 0:
                self.writer.wait(self.writer.submitted())
        self.writer.wait(self.writer.submitted())

    def revoke(self, at: datetime, *, status: str = "revoked", tell: bool = True, fact: bool = True) -> None:
        """The certificate is revoked: in the status answers (`tell`) and in the journal (`fact`)."""
        if tell:
            self.process.revoked_at = at.replace(microsecond=0)
        if fact:
            self.maker.certificate = self.certificate
            number, content = facts.encode(self.maker.changed(at, status=status))
            sequence = self.writer.submit(fact_slots(Fact(number=number, tenant=0, time=0, content=content)))
            self.writer.wait(sequence)

    def follower(self) -> Any:
        from yunhai.services.trust.follower import EvidenceFollower

        connection = psycopg.connect(**self.server.connection("reader"), autocommit=True)
        self.connections.append(connection)
        return EvidenceFollower(self.folder, connection, self.process, self.core.post, checkpoint_seconds=0.0)

    def settle(self, follower: Any) -> None:
        while follower.round():
            pass

    def rows(self, what: str = "state") -> list[Any]:
        with psycopg.connect(**self.server.connection("reader")) as connection:
            found = connection.execute(f"SELECT {what} FROM trust_evidence ORDER BY sequence").fetchall()
        return [row[0] for row in found]

    def file(self, number: int) -> bytes:
        from yunhai.services.trust.evidence import exported

        with psycopg.connect(**self.server.connection("reader")) as connection, connection.cursor() as cursor:
            return exported(cursor, number, self.folder)

    def close(self) -> None:
        for connection in self.connections:
            connection.close()
        self.writer.close()
