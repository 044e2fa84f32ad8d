"""The follower: from accepted instructions to files that verify; what is away is waited for, killed it goes on, nothing twice."""

import hashlib
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from asn1crypto import ocsp, tsp, x509
from click.testing import CliRunner

from tests.trading.trust.making import Maker
from tests.trading.trust.pki import Authority, answer, pem
from yunhai.journal import Fact, Reader, Writer
from yunhai.journal.facts import encode as fact_slots
from yunhai.kernel.errors import YunhaiError
from yunhai.platform.outbox.relay import Answer
from yunhai.trading import facts
from yunhai.trading.core.packing import instruction_head, slots
from yunhai.trading.facts import CertificateSet, EvidenceSealed
from yunhai.trading.instructions import ACCEPTED_FACT, INSTRUCTION, REFUSED_FACT
from yunhai.trading.trust.evidence import verify

NUMBER = 7  # the certificate's number


class Core:
    """What the core does with seals: each outbox number once, into the journal."""

    def __init__(self, writer: Writer) -> None:
        self.writer, self.taken, self.posts, self.down = writer, set[int](), 0, False

    def post(self, batch: Sequence[dict[str, Any]]) -> Answer:
        if self.down:
            return Answer(0, "away")
        self.posts += 1
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

    def _up(self) -> None:
        from yunhai.services.trust.errors import PROCESS_AWAY

        self.asked += 1
        if self.down:
            raise YunhaiError(PROCESS_AWAY)

    def issuer(self) -> bytes:
        self._up()
        return self.authority.ca

    def stamp(self, request: bytes) -> bytes:
        self._up()
        asked = tsp.TimeStampReq.load(request)
        digest = asked["message_imprint"]["hashed_message"].native
        return answer(self.authority.stamp(digest, at=datetime.now(UTC), nonce=asked["nonce"].native))

    def status(self, request: bytes) -> bytes:
        self._up()
        serial = ocsp.OCSPRequest.load(request)["tbs_request"]["request_list"][0]["req_cert"]["serial_number"].native
        return self.authority.status(self.certificates[serial], at=datetime.now(UTC).replace(microsecond=0))

    def revocation_list(self) -> bytes:
        self._up()
        return self.authority.revocation_list(at=datetime.now(UTC).replace(microsecond=0))


class Scene:
    """A journal with one certified key and one that is not, the process, the core and a follower in a fresh database."""

    def __init__(self, folder: Path, server: Any) -> None:
        self.maker = Maker.__new__(Maker)
        import random

        from yunhai.trading.signatures import new_key
        from yunhai.trading.trust.profiles import Profile

        self.authority = Authority(now=datetime.now(UTC) - timedelta(seconds=5))
        self.maker.authority, self.maker.random, self.maker.key = self.authority, random.Random(1), new_key()
        self.certificate = self.authority.issue(Profile.INVESTOR, self.maker.key, "YH-000123")
        self.folder, self.server = folder, server
        self.writer = Writer(folder)
        self.core = Core(self.writer)
        found = x509.Certificate.load(self.certificate)
        self.process = Process(self.authority, {found.serial_number: self.certificate})
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


@pytest.fixture
def scene(tmp_path: Path, committed_db: Any) -> Iterator[Scene]:
    made = Scene(tmp_path / "journal", committed_db)
    yield made
    made.close()


def test_what_is_accepted_is_stamped_sealed_placed_and_verifies(scene: Scene) -> None:
    scene.accept(5)
    scene.accept(1, key=99)  # no certificate: no evidence
    scene.accept(1, fact=REFUSED_FACT)
    follower = scene.follower()
    scene.settle(follower)
    assert scene.rows() == [4] * 5
    assert scene.rows("number") == [1, 2, 3, 4, 5]
    for number in range(1, 6):
        report = verify(scene.file(number), scene.authority.root)
        assert report.holds, report.first_error
        assert (report.number, report.subject) == (number, "YH-000123")
    with pytest.raises(YunhaiError) as unknown:
        scene.file(6)
    assert unknown.value.code == 7890


def test_what_is_away_is_waited_for_and_nothing_is_lost(scene: Scene) -> None:
    scene.accept(3)
    follower = scene.follower()
    scene.process.down = True
    with pytest.raises(YunhaiError) as away:
        follower.round()
    assert away.value.code == 7860
    assert scene.rows() == [0, 0, 0]
    with pytest.raises(YunhaiError) as waiting:
        scene.file(1)
    assert waiting.value.code == 6895
    scene.process.down, scene.core.down = False, True
    scene.settle(follower)
    assert scene.rows() == [1, 1, 1], "the core is away: built, not sealed"
    scene.core.down = False
    scene.settle(follower)
    assert scene.rows() == [4, 4, 4]


def test_killed_anywhere_it_goes_on_and_seals_nothing_twice(scene: Scene) -> None:
    scene.accept(3)
    first = scene.follower()
    first.start()
    first.read()
    first.build()
    outboxes = scene.rows("outbox")
    original = scene.core.post

    def dies(batch: Sequence[dict[str, Any]]) -> Answer:
        original(batch)
        raise psycopg.OperationalError("killed between the core's answer and the mark")

    first._post = dies
    with pytest.raises(psycopg.OperationalError):
        first.seal()
    assert scene.rows() == [1, 1, 1]
    second = scene.follower()
    scene.accept(2)
    scene.settle(second)
    assert scene.rows() == [4] * 5
    assert scene.rows("outbox")[:3] == outboxes
    seals = [
        facts.decode(fact.number, fact.content)
        for group in Reader(scene.folder, follow=True)
        for _, fact in group.facts()
        if fact.number == facts.NUMBERS[EvidenceSealed]
    ]
    assert sorted(seal.number for seal in seals) == [1, 2, 3, 4, 5], "each once"
    third = scene.follower()
    third.start()
    assert third.read() == 0
    assert all(verify(scene.file(number), scene.authority.root).holds for number in range(1, 6))


def test_a_revoked_certificate_s_evidence_waits_with_its_reason(scene: Scene) -> None:
    scene.accept(1)
    scene.process.certificates.clear()
    scene.process.certificates[x509.Certificate.load(scene.certificate).serial_number] = scene.authority.tsa
    follower = scene.follower()
    follower.round()
    assert scene.rows() == [0]
    assert scene.rows("code") == [6880], "an answer about another certificate is none"
    assert scene.rows("tries") == [1]


def test_the_thread_ends_when_it_is_told(scene: Scene) -> None:
    from yunhai.services.trust.follower import follow

    stop = threading.Event()
    arguments = scene.server.connection("reader")
    thread = threading.Thread(
        target=follow,
        args=(
            scene.folder, lambda: psycopg.connect(**arguments, autocommit=True), scene.folder / "no.sock",
            scene.core.post, stop,
        ),
    )  # fmt: skip
    thread.start()
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def test_what_is_past_its_years_is_deleted_and_written_down_and_disputes_are_kept(scene: Scene, as_role: Any) -> None:
    from yunhai.services.trust import evidence

    scene.accept(3)
    scene.settle(scene.follower())
    with psycopg.connect(**scene.server.superuser("yunhai"), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "INSERT INTO trust_evidencehold (tenant_id, number, reason, by, made_at) VALUES (8, 2, 'complaint', 1, now())"
        )
    with as_role("reader"):
        assert evidence.delete_old(datetime.now(UTC)) == 0
        years = timedelta(days=evidence.retention_years() * 365 + 3)
        assert evidence.delete_old(datetime.now(UTC) + years) == 2
    assert scene.rows("number") == [2]
    with pytest.raises(YunhaiError) as gone:
        scene.file(1)
    assert gone.value.code == 7892


def test_the_command_tells_each_step(scene: Scene, tmp_path: Path) -> None:
    from yunhai.apps.commands.verify import command

    scene.accept(2)
    scene.settle(scene.follower())
    right, wrong, root = tmp_path / "1.yhe", tmp_path / "2.yhe", tmp_path / "root.pem"
    right.write_bytes(scene.file(1))
    content = bytearray(scene.file(2))
    content[100] ^= 1
    wrong.write_bytes(content)
    root.write_bytes(pem(scene.authority.root))
    run = CliRunner()
    answer = run.invoke(command, [str(right), "--root", str(root)], standalone_mode=False)
    assert answer.return_value == 0
    assert "holds 成立" in answer.output
    answer = run.invoke(command, [str(right), str(wrong), "--root", str(root), "--json"], standalone_mode=False)
    assert answer.return_value == 1
    assert '"member": "text"' in answer.output
