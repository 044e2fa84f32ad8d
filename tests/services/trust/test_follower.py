"""The follower: from accepted instructions to files that verify; what is away is waited for, killed it goes on, nothing twice."""

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from asn1crypto import x509
from click.testing import CliRunner
from django.db import transaction
from django_scopes import scopes_disabled
from prometheus_client import REGISTRY

from tests.services.trust.evidence_scene import Scene
from tests.trading.trust.pki import pem
from yunhai.journal import Reader
from yunhai.kernel.errors import YunhaiError
from yunhai.platform.outbox.relay import Answer
from yunhai.platform.tenancy import rls
from yunhai.trading import facts
from yunhai.trading.facts import EvidenceSealed
from yunhai.trading.instructions import REFUSED_FACT
from yunhai.trading.trust.evidence import verify

pytestmark = pytest.mark.full


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


@pytest.mark.full
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


@pytest.mark.full
def test_a_revoked_certificate_s_evidence_waits_with_its_reason(scene: Scene) -> None:
    scene.accept(1)
    scene.process.certificates.clear()
    scene.process.certificates[x509.Certificate.load(scene.certificate).serial_number] = scene.authority.tsa
    follower = scene.follower()
    follower.round()
    assert scene.rows() == [0]
    assert scene.rows("code") == [6880], "an answer about another certificate is none"
    assert scene.rows("tries") == [1]


def _later(follower: Any, minutes: int) -> None:
    """What failed is tried again after a while."""
    follower._clock = lambda: datetime.now(UTC) + timedelta(minutes=minutes)


def test_after_an_outage_of_more_than_an_hour_the_status_is_of_the_stamp_s_time(scene: Scene) -> None:
    """An answer was had, the stamps were not; the answer is over when the stamps come."""
    scene.accept(2)
    follower = scene.follower()
    scene.process.no_stamps = True
    with pytest.raises(YunhaiError) as away:
        follower.round()
    assert away.value.code == 7860
    assert scene.rows() == [0, 0]
    scene.process.no_stamps, scene.process.ahead = False, timedelta(minutes=70)
    scene.settle(follower)
    assert scene.rows() == [4, 4]
    for number in (1, 2):
        report = verify(scene.file(number), scene.root)
        assert report.holds, report.first_error
        assert report.waited is not None
        assert report.waited > timedelta(hours=1)


@pytest.mark.full
def test_an_answer_that_was_kept_is_asked_for_again_when_it_is_over(scene: Scene) -> None:
    """Two orders of one certificate, one stamped before and one long after the first answer's end."""
    scene.accept(2)
    follower = scene.follower()
    follower.start()
    follower.read()
    assert follower.build(most=1) == 1
    scene.process.ahead = timedelta(minutes=70)
    scene.settle(follower)
    assert scene.rows() == [4, 4]
    assert all(verify(scene.file(number), scene.root).holds for number in (1, 2))


@pytest.mark.parametrize("code", [6883, 6894])
def test_what_would_not_verify_is_not_sealed_waits_and_is_told(scene: Scene, code: int) -> None:
    """A status from long before the acceptance, as a responder gives while its HSM is away; and one that says revoked."""
    scene.accept(1)
    follower = scene.follower()
    right = scene.process.status
    if code == 6883:
        leaf = scene.certificate
        early = scene.authority.status(leaf, at=scene.authority.now.replace(microsecond=0) - timedelta(minutes=50))
        scene.process.status = lambda request: early
    else:
        scene.process.revoked_at = scene.authority.now.replace(microsecond=0) - timedelta(minutes=1)
    for tries in (1, 2, 3):
        _later(follower, 60 * tries)
        follower.round()
        assert scene.rows() == [0]
        assert scene.rows("code") == [code]
        assert scene.rows("tries") == [tries]
    assert scene.core.posts == 0, "nothing was sealed"
    assert scene.rows("bundle") == [None]
    if code == 6883:
        scene.process.status = right
        _later(follower, 240)
        scene.settle(follower)
        assert scene.rows() == [4]
        assert verify(scene.file(1), scene.root).holds


def test_a_checkpoint_by_the_public_stamp_is_not_taken(scene: Scene) -> None:
    """A trust process that gave the wrong stamp: sealed evidence waits for a checkpoint that verifies."""
    scene.accept(1)
    follower = scene.follower()
    right, scene.process.checkpoint = scene.process.checkpoint, scene.process.stamp
    for _ in range(3):
        with pytest.raises(YunhaiError) as away:
            scene.settle(follower)
        assert away.value.code == 7860
    assert scene.rows() == [3]
    scene.process.checkpoint = right
    scene.settle(follower)
    assert verify(scene.file(1), scene.root).holds


@pytest.mark.parametrize("status", ["revoked", pytest.param("held", marks=pytest.mark.full)])
def test_signed_then_revoked_at_once_holds_by_its_place(scene: Scene, status: str) -> None:
    """The stamp comes after the revocation, and the record stands before it in the journal: nobody takes an order back so."""
    scene.accept(2)
    scene.revoke(datetime.now(UTC), status=status)
    scene.process.ahead = timedelta(seconds=3)
    scene.settle(scene.follower())
    assert scene.rows() == [4, 4]
    for number in (1, 2):
        report = verify(scene.file(number), scene.root)
        assert report.holds, report.first_error
        assert report.revoked_at == scene.process.revoked_at
        assert report.stamped_at is not None
        assert report.stamped_at >= report.revoked_at


def test_a_page_writes_the_very_file_of_the_shell(scene: Scene) -> None:
    """By the application's role, the place of the revocation too; and of another broker's nothing."""
    from yunhai.services.trust import evidence

    scene.accept(2)
    scene.revoke(datetime.now(UTC))
    scene.process.ahead = timedelta(seconds=3)
    scene.settle(scene.follower())
    with transaction.atomic():
        rls.tell(tenant=9, person=5, accounts=None)
        file = evidence.file_of(1, journal=scene.folder)
        assert file == scene.file(1)
        assert verify(file, scene.root).revoked_at is not None
        rls.tell(tenant=9, person=6, accounts=())
        with pytest.raises(YunhaiError) as hidden:
            evidence.file_of(2, journal=scene.folder)
    assert hidden.value.code == 7890


def test_revoked_in_an_outage_it_waits_for_the_revocation_in_the_journal(scene: Scene) -> None:
    """The issuer says revoked before the follower has read it: not sealed, and made anew once the journal says it too."""
    scene.accept(1)
    follower = scene.follower()
    moment = datetime.now(UTC)
    scene.revoke(moment, fact=False)
    scene.process.ahead = timedelta(hours=2)
    follower.round()
    assert (scene.rows(), scene.rows("code"), scene.core.posts) == ([0], [6894], 0)
    scene.revoke(moment, tell=False)
    _later(follower, 60)
    scene.settle(follower)
    assert (scene.rows(), scene.rows("code")) == ([4], [0])
    assert verify(scene.file(1), scene.root).holds


@pytest.mark.full  # by default the table of tests/trading/trust/test_revoked.py
def test_what_stands_behind_its_revocation_is_never_sealed(scene: Scene) -> None:
    """As if a core wrote an instruction down late, with the time of before: the journal's order says so."""
    scene.revoke(scene.authority.now + timedelta(seconds=1))
    scene.accept(1)
    follower = scene.follower()
    for tries in (1, 2):
        _later(follower, 60 * tries)
        follower.round()
    assert (scene.rows(), scene.rows("code"), scene.core.posts) == ([0], [6894], 0)


def test_a_seal_refused_for_good_is_set_aside_and_the_others_go_on(scene: Scene) -> None:
    scene.accept(4)
    scene.core.refuses = {2}
    follower = scene.follower()
    scene.settle(follower)
    assert scene.rows() == [4, 5, 4, 4]
    assert scene.rows("code") == [0, 7893, 0, 0]
    assert REGISTRY.get_sample_value("yunhai_evidence_set_aside") == 1
    with pytest.raises(YunhaiError) as aside:
        scene.file(2)
    assert aside.value.code == 6895
    scene.accept(1)
    scene.settle(follower)
    assert scene.rows() == [4, 5, 4, 4, 4], "what comes later is not held up"
    scene.core.refuses = set()
    again = scene.follower()
    scene.settle(again)
    assert scene.rows() == [4] * 5, "tried again at the next start"
    assert REGISTRY.get_sample_value("yunhai_evidence_set_aside") == 0
    assert verify(scene.file(2), scene.root).holds


def test_one_that_a_defect_keeps_from_being_made_holds_up_no_other(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    from yunhai.services.trust import follower as module

    right = module.cms.build

    def breaks(one: Any) -> bytes:
        if b"quantity=2000\n" in one.text:
            raise ZeroDivisionError("a defect")
        return right(one)

    scene.accept(3)
    monkeypatch.setattr(module.cms, "build", breaks)
    follower = scene.follower()
    scene.settle(follower)
    assert (scene.rows("code"), scene.rows("state").count(4)) == ([7894, 0, 0], 2)
    monkeypatch.setattr(module.cms, "build", right)
    _later(follower, 60)
    scene.settle(follower)
    assert scene.rows() == [4, 4, 4]


def test_what_fails_is_told_and_begun_anew(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    from yunhai.services.trust import follower as module

    stop, rounds = threading.Event(), []

    def breaks(self: Any) -> bool:
        rounds.append(REGISTRY.get_sample_value("yunhai_evidence_broken"))
        if len(rounds) == 1:
            raise ZeroDivisionError("a defect")
        if len(rounds) == 3:
            stop.set()
        return False

    monkeypatch.setattr(module.EvidenceFollower, "round", breaks)
    for name in ("AWAY_SECONDS", "IDLE_SECONDS"):
        monkeypatch.setattr(module, name, 0.01)
    arguments = scene.server.connection("reader")
    module.follow(
        scene.folder,
        lambda: psycopg.connect(**arguments, autocommit=True),
        scene.folder / "no.sock",
        scene.core.post,
        stop,
    )
    assert rounds[1:] == [1, 0], "shown while it is begun anew, and no more once a round went well"


def test_timelines_say_how_far_the_evidence_has_come(scene: Scene, as_role: Any) -> None:
    from yunhai.services.trust import evidence

    scene.accept(2)
    follower = scene.follower()
    follower.start()
    follower.read()
    follower.build(most=1)
    with as_role("reader"), scopes_disabled():
        said = evidence.on_timeline([1, 2, 3])
    assert {number: one["evidence"] for number, one in said.items()} == {1: "built", 2: "waiting"}
    assert (said[2]["evidence_zh"], said[2]["evidence_en"]) == ("等待時戳", "waiting for its stamp")
    scene.settle(follower)
    with as_role("reader"), scopes_disabled():
        assert evidence.on_timeline([1])[1]["evidence"] == "placed"


@pytest.mark.full
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
    thread.join(60)
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
