"""The issuing CA renewed under the root from the safe: by both halves alone, over the same key, the old one right as before."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from asn1crypto import crl, x509
from click.testing import CliRunner

from tests.apps.trust.scene import Clock, OpenSsl, Scene, needs_softhsm
from yunhai.apps.trust.app import public_application
from yunhai.apps.trust.ceremony import ROOT_KEY_FILE, Held, hold
from yunhai.apps.trust.ceremony import Plan as Ceremony
from yunhai.apps.trust.renewal import Plan, Renewed, half_of, renew
from yunhai.kernel.errors import YunhaiError
from yunhai.trading.trust.profiles import ISSUING_DAYS

pytestmark = needs_softhsm
NAMES = ("王小明", "李大華")
YEARS_LATER = timedelta(days=8 * 365)


class Standing:
    """An installation in its first days, its root's key on a medium."""

    def __init__(self, folder: Path) -> None:
        self.safe = folder / "safe"
        self.safe.mkdir()
        self.scene = Scene(folder / "home", ceremony=False)
        plan = Ceremony(witnesses=NAMES, safe=self.safe)
        self.held: Held = self.scene.do(hold(self.scene.at, self.scene.hsm, plan, say=lambda _: None))

    def renew(self, *, halves: tuple[str, ...] = (), safe: Path | None = None, **how: Any) -> Renewed:
        plan = Plan(witnesses=NAMES, safe=safe or self.safe, halves=halves or self.held.halves)
        clock = Clock()
        clock.ahead = how.pop("ahead", YEARS_LATER)
        return self.scene.do(renew(self.scene.at, self.scene.hsm, plan, say=lambda _: None, now=clock))


@pytest.fixture
def standing(tmp_path: Path) -> Iterator[Standing]:
    found = Standing(tmp_path)
    yield found
    found.scene.close()


def kept(standing: Standing) -> dict[str, bytes]:
    """Every file that a renewal could change."""
    folder = standing.scene.at.folder
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".cer", ".pem", ".md")}


def test_the_new_certificate_and_the_old_one_verify_what_either_issued(standing: Standing, tmp_path: Path) -> None:
    scene = standing.scene
    scene.do(scene.keeper.maintain_once())
    before = scene.issue().certificate
    made = standing.renew()
    scene.do(scene.keeper.maintain_once())
    after = scene.issue().certificate
    old, new = x509.Certificate.load(made.before), x509.Certificate.load(made.issuing)
    assert old.dump() == standing.held.issuing
    assert (new.subject, new.public_key.dump(), new.key_identifier) == (
        old.subject,
        old.public_key.dump(),
        old.key_identifier,
    )
    assert new.serial_number != old.serial_number
    wanted = datetime.now(UTC) + YEARS_LATER + timedelta(days=ISSUING_DAYS)
    assert abs(new.not_valid_after - wanted) < timedelta(days=1)
    openssl = OpenSsl(tmp_path)
    for name, der in (("root.pem", made.root), ("old.pem", made.before), ("new.pem", made.issuing)):
        openssl.pem(name, der)
    for name, der in (("before.pem", before), ("after.pem", after)):
        openssl.pem(name, der)
        openssl("verify", "-x509_strict", "-CAfile", "root.pem", "-untrusted", "old.pem", name)
        later = str(int((datetime.now(UTC) + timedelta(days=30)).timestamp()))
        openssl("verify", "-x509_strict", "-attime", later, "-CAfile", "root.pem", "-untrusted", "old.pem", name)
    then = str(int((datetime.now(UTC) + YEARS_LATER + timedelta(days=1)).timestamp()))
    openssl("verify", "-x509_strict", "-attime", then, "-CAfile", "root.pem", "new.pem")


def test_a_running_process_takes_it_up_and_gives_it_out(standing: Standing) -> None:
    scene = standing.scene
    scene.do(scene.keeper.maintain_once())
    server = scene.at.server_certificate.read_bytes()
    made = standing.renew()
    application = public_application(scene.keeper)

    async def got(path: str) -> bytes:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=application), base_url="http://x") as client:
            return (await client.get(path)).content

    assert scene.do(got("/pki/ca.cer")) == made.before, "not before it looks"
    scene.do(scene.keeper.maintain_once())
    assert scene.do(got("/pki/ca.cer")) == made.issuing
    assert made.kept.read_bytes() == made.before
    assert scene.at.server_certificate.read_bytes() != server, "the servers show the new one behind theirs"
    listed = crl.CertificateList.load(scene.do(got("/pki/ca.crl")))
    assert listed.issuer == x509.Certificate.load(made.issuing).subject
    again = scene.at.server_certificate.read_bytes()
    scene.do(scene.keeper.maintain_once())
    assert scene.at.server_certificate.read_bytes() == again, "and that once"


@pytest.mark.full
def test_what_is_issued_ends_with_its_issuer(standing: Standing) -> None:
    scene = standing.scene
    scene.do(scene.keeper.maintain_once())
    issuer = x509.Certificate.load(standing.held.issuing)
    scene.clock.ahead = timedelta(days=ISSUING_DAYS - 10)
    short = x509.Certificate.load(scene.issue(days=365).certificate)
    assert short.not_valid_after == issuer.not_valid_after


def test_at_the_end_of_its_issuer_nothing_is_made_again_and_again(standing: Standing) -> None:
    """And what the renewed issuer allows is made at once."""
    scene = standing.scene
    scene.clock.ahead = timedelta(days=ISSUING_DAYS - 20)

    async def keys() -> dict[str, int]:
        await scene.keeper.maintain_once()
        return await scene.hsm.labels()

    first, server = scene.do(keys()), scene.at.server_certificate.read_bytes()
    assert scene.do(keys()) == first
    assert scene.at.server_certificate.read_bytes() == server
    standing.renew(ahead=scene.clock.ahead)
    assert scene.do(keys()) != first
    assert scene.at.server_certificate.read_bytes() != server
    assert scene.do(keys()) == scene.do(keys())


@pytest.mark.full
def test_minutes_name_both_certificates_and_hold_no_secret(standing: Standing) -> None:
    made = standing.renew()
    said = made.file.read_text()
    assert said == made.minutes
    for name in NAMES:
        assert name in said
    for half in standing.held.halves:
        assert half not in said
    for path in standing.scene.places.home.rglob("*"):
        if path.is_file():
            assert b"ENCRYPTED PRIVATE KEY" not in path.read_bytes(), path


@pytest.mark.full
def test_a_half_may_be_typed_as_one_likes(standing: Standing) -> None:
    first, second = standing.held.halves
    assert half_of(f"  {first.lower().replace('-', ' ')} ") == first
    standing.renew(halves=(first.replace("-", ""), second.lower()))


def test_what_a_renewal_refuses_leaves_everything_as_it_was(standing: Standing, tmp_path: Path) -> None:
    first, second = standing.held.halves
    other = tmp_path / "other"
    other.mkdir()
    (tmp_path / "second").mkdir()
    elsewhere = Standing(tmp_path / "second")
    strange = elsewhere.held
    elsewhere.scene.close()
    before = kept(standing)
    cases: list[tuple[str, int, dict[str, Any]]] = [
        ("no medium", 6844, {"safe": tmp_path / "none"}),
        ("an empty medium", 6844, {"safe": other}),
        ("one half twice", 6845, {"halves": (first, first)}),
        ("the halves the other way round", 6845, {"halves": (second, first)}),
        ("another installation's halves", 6845, {"halves": strange.halves}),
        ("another installation's medium", 6846, {"safe": elsewhere.safe, "halves": strange.halves}),
        ("too early to be of use", 6847, {"ahead": timedelta()}),
        ("when the root ends no later", 6847, {"ahead": timedelta(days=-400)}),
    ]
    for what, code, how in cases:
        with pytest.raises(YunhaiError) as refused:
            standing.renew(**how)
        assert refused.value.code == code, what
    plan = Plan(witnesses=("王小明", "王小明"), safe=standing.safe, halves=standing.held.halves)
    with pytest.raises(YunhaiError) as refused:
        standing.scene.do(renew(standing.scene.at, standing.scene.hsm, plan, say=lambda _: None))
    assert refused.value.code == 6827
    assert kept(standing) == before


@pytest.mark.full
def test_another_key_in_the_hsm_is_not_certified(standing: Standing, tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    elsewhere = Standing(tmp_path / "second")
    elsewhere.scene.close()
    standing.scene.at.authority.write_bytes(elsewhere.held.issuing)
    before = kept(standing)
    with pytest.raises(YunhaiError) as refused:
        standing.renew()
    assert refused.value.code == 6823
    assert kept(standing) == before


def test_the_command_as_the_guide_says(standing: Standing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the halves typed, and with the halves in files."""
    from yunhai.apps.commands import ca
    from yunhai.apps.trust import renewal

    later = Clock()
    later.ahead = YEARS_LATER
    real = renewal.renew
    monkeypatch.setattr(renewal, "renew", lambda *said, **how: real(*said, **how, now=later))
    words = ["renew", "--home", str(standing.scene.places.home), "--safe", str(standing.safe), "--json"]
    for name in NAMES:
        words += ["--witness", name]
    typed = "\n".join(standing.held.halves) + "\n"
    done = CliRunner().invoke(ca.command, words, input=typed, standalone_mode=False)
    assert done.exception is None, done.output
    said = json.loads(done.stdout.splitlines()[-1])
    assert Path(said["minutes"]).is_file()
    assert not any(half in done.output for half in standing.held.halves)
    later.ahead += timedelta(days=365)
    for number, half in enumerate(standing.held.halves, 1):
        (tmp_path / f"half-{number}.txt").write_text(half)
    done = CliRunner().invoke(ca.command, [*words, "--halves", str(tmp_path)], standalone_mode=False)
    assert done.exception is None, done.output
    assert json.loads(done.stdout.splitlines()[-1])["before_sha256"] == said["issuing_sha256"]
    assert (standing.safe / ROOT_KEY_FILE).is_file()
