"""What goes on and what fails closed when the HSM is removed, killed, slow, or never was there (docs/concepts/trust.md §9).

Each begins with a ceremony; those that wait for something to come back are `full`."""

import os
import shutil
import signal
import time
from datetime import timedelta
from pathlib import Path

import pytest
from asn1crypto import ocsp, tsp

from tests.apps.trust.scene import PATIENCE_S, OpenSsl, Scene, digest, needs_softhsm, new_key, spki
from tests.apps.trust.test_authority import activation_of
from yunhai.apps.trust.hsm import RETRY_S, Hsm
from yunhai.apps.trust.tsa import Refusal
from yunhai.apps.trust.words import IssueAsked, SignAsked, StatusAsked
from yunhai.kernel.errors import YunhaiError

pytestmark = needs_softhsm


def code_of(scene: Scene, work: object) -> int:
    with pytest.raises(YunhaiError) as problem:
        scene.do(work)  # type: ignore[arg-type]
    return problem.value.code


class Standing:
    """What an installation had before its HSM went."""

    def __init__(self, scene: Scene, folder: Path) -> None:
        self.scene = scene
        scene.do(scene.keeper.maintain_once())
        self.leaf = scene.issue()
        self.cloud = scene.do(scene.keeper.make_key("cloud")).key
        openssl = OpenSsl(folder)
        assert scene.held is not None
        openssl.pem("ca.pem", scene.held.issuing)
        openssl.pem("leaf.pem", self.leaf.certificate)
        for name, more in (("plain.der", "-no_nonce"), ("nonce.der", "-nonce")):
            openssl("ocsp", "-issuer", "ca.pem", "-cert", "leaf.pem", more, "-reqout", name)
        self.plain, self.with_nonce = openssl.read("plain.der"), openssl.read("nonce.der")
        self.good = scene.do(scene.keeper.responder.answer(self.plain)).content
        self.list = scene.keeper.lists.made

    def require_closed(self) -> None:
        """Nothing is issued, signed or stamped; nothing is kept of a try; what was made before holds."""
        scene, keeper = self.scene, self.scene.keeper
        before, signed = scene.counts(), scene.hsm.counts.signatures
        assert code_of(scene, keeper.issue(IssueAsked(profile="api", subject="YH-2", spki=spki(new_key())))) == 6806
        assert code_of(scene, keeper.make_key("cloud")) == 6806
        leave = activation_of(scene, self.cloud, digest(b"o"))
        assert code_of(scene, keeper.sign(SignAsked(key=self.cloud, hash=digest(b"o"), activation=leave))) == 6807
        assert (scene.counts(), scene.hsm.counts.signatures) == (before, signed)
        query = tsp.TimeStampReq(
            {
                "version": "v1",
                "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest(b"x")},
            }
        ).dump()
        stamp = Refusal.load(scene.do(keeper.stamper.answer(query)), strict=True)
        assert stamp["status"]["fail_info"].native == {"system_failure"}
        assert scene.do(keeper.responder.answer(self.plain)).content == self.good
        assert scene.do(keeper.responder.answer(self.with_nonce)).content in (self.good, TRY_LATER)
        assert keeper.lists.made == self.list

    def require_working(self) -> None:
        scene, keeper = self.scene, self.scene.keeper
        assert scene.issue("api").certificate
        leave = activation_of(scene, self.cloud, digest(b"o"))
        assert scene.do(keeper.sign(SignAsked(key=self.cloud, hash=digest(b"o"), activation=leave))).signature


TRY_LATER = ocsp.OCSPResponse({"response_status": "try_later"}).dump()


@pytest.mark.full
def test_the_token_removed_and_put_back(own_scene: Scene, tmp_path: Path) -> None:
    had = Standing(own_scene, tmp_path)
    tokens = own_scene.at.soft / "tokens"
    tokens.rename(tmp_path / "away")
    had.require_closed()
    time.sleep(RETRY_S)
    had.require_closed()
    shutil.rmtree(tokens, ignore_errors=True)
    (tmp_path / "away").rename(tokens)
    time.sleep(RETRY_S)
    had.require_working()


@pytest.mark.full
def test_the_worker_killed_is_started_again_at_once(own_scene: Scene, tmp_path: Path) -> None:
    had = Standing(own_scene, tmp_path)
    pid = own_scene.hsm.worker_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    had.require_working()
    assert own_scene.hsm.worker_pid not in (None, pid)


@pytest.mark.full
def test_a_slow_hsm_is_given_up_in_time_and_opened_again(own_scene: Scene, tmp_path: Path) -> None:
    had = Standing(own_scene, tmp_path)
    own_scene.hsm._seconds = 0.5
    pid = own_scene.hsm.worker_pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    leave = activation_of(own_scene, had.cloud, digest(b"slow"))
    began = time.monotonic()
    asked = SignAsked(key=had.cloud, hash=digest(b"slow"), activation=leave)
    assert code_of(own_scene, own_scene.keeper.sign(asked)) == 6807
    assert 0.5 <= time.monotonic() - began < PATIENCE_S / 2
    assert code_of(own_scene, own_scene.keeper.sign(asked)) == 7885  # its leave was burnt with the try
    own_scene.hsm._seconds = PATIENCE_S
    had.require_working()


@pytest.mark.full
def test_a_revocation_while_the_hsm_is_away_is_not_answered_good(own_scene: Scene, tmp_path: Path) -> None:
    had = Standing(own_scene, tmp_path)
    (own_scene.at.soft / "tokens").rename(tmp_path / "away")
    told = StatusAsked(serial=had.leaf.serial.hex(), status="revoked", reason=1)
    said = own_scene.do(own_scene.keeper.tell([told], new=False))
    assert (said.changed, said.behind) == (1, True)
    assert own_scene.do(own_scene.keeper.responder.answer(had.plain)).content == TRY_LATER
    shutil.rmtree(own_scene.at.soft / "tokens", ignore_errors=True)
    (tmp_path / "away").rename(own_scene.at.soft / "tokens")
    time.sleep(RETRY_S)
    own_scene.do(own_scene.keeper.maintain_once())
    made = own_scene.keeper.lists.made
    assert made is not None
    assert had.list is not None
    assert (made.entries, made.number > had.list.number) == (1, True)
    answer = ocsp.OCSPResponse.load(own_scene.do(own_scene.keeper.responder.answer(had.plain)).content)
    found = answer.basic_ocsp_response["tbs_response_data"]["responses"][0]["cert_status"]
    assert found.name == "revoked"


def test_an_answer_made_before_ends_with_its_next_update(own_scene: Scene, tmp_path: Path) -> None:
    had = Standing(own_scene, tmp_path)
    (own_scene.at.soft / "tokens").rename(tmp_path / "away")
    had.require_closed()
    own_scene.clock.ahead = timedelta(minutes=59)
    assert own_scene.do(own_scene.keeper.responder.answer(had.plain)).content == had.good
    own_scene.clock.ahead = timedelta(minutes=61)
    assert own_scene.do(own_scene.keeper.responder.answer(had.plain)).content == TRY_LATER


def test_no_module_no_token_wrong_pin_each_say_so(own_scene: Scene, tmp_path: Path) -> None:
    async def asked(hsm: Hsm) -> None:
        try:
            await hsm.ping()
        finally:
            await hsm.close()

    environment = {"SOFTHSM2_CONF": str(own_scene.at.soft / "softhsm2.conf")}
    module = own_scene.hsm.module
    assert code_of(own_scene, asked(Hsm(None, pin=own_scene.at.pin))) == 6820
    assert code_of(own_scene, asked(Hsm(tmp_path / "no.so", pin=own_scene.at.pin))) == 6820
    other = Hsm(module, pin=own_scene.at.pin, label="other", environment=environment)
    assert code_of(own_scene, asked(other)) == 6821
    assert code_of(own_scene, asked(Hsm(module, pin=lambda: "wrong", environment=environment))) == 6822
    broken = tmp_path / "broken.so"
    broken.write_bytes(b"not a module")
    assert code_of(own_scene, asked(Hsm(broken, pin=own_scene.at.pin))) == 6823


def test_before_the_ceremony_there_is_no_ca(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "home", ceremony=False)
    try:
        asked = IssueAsked(profile="api", subject="YH-2", spki=spki(new_key()))
        assert code_of(scene, scene.keeper.issue(asked)) == 6800
        scene.do(scene.keeper.maintain_once())
        assert scene.do(scene.keeper.status()).made is False
        assert scene.do(scene.keeper.responder.answer(b"\x30\x00")).content != b""
    finally:
        scene.close()
