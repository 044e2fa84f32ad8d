"""Evidence with keys in an HSM (SoftHSM2): the real stamps and answers make files that verify, one or a thousand."""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.apps.trust.scene import Scene as Hsm
from tests.apps.trust.scene import needs_softhsm
from tests.services.trust.evidence_scene import Scene
from tests.trading.trust.pki import pem
from yunhai.trading.trust import cms, evidence_file
from yunhai.trading.trust.evidence import verify

pytestmark = needs_softhsm


@pytest.fixture
def scene(tmp_path: Path, committed_db: Any) -> Iterator[Scene]:
    hsm = Hsm(tmp_path / "home")
    made = Scene(tmp_path / "journal", committed_db, hsm=hsm)
    yield made
    made.close()
    hsm.close()


def test_the_real_authority_s_stamps_and_answers_make_evidence(scene: Scene, tmp_path: Path) -> None:
    scene.accept(3)
    scene.settle(scene.follower())
    assert scene.rows() == [4] * 3
    root = tmp_path / "root.pem"
    root.write_bytes(pem(scene.root))
    for number in (1, 2, 3):
        report = verify(scene.file(number), scene.root)
        assert report.holds, report.first_error
        _openssl_agrees(scene.file(number), root, tmp_path)


@pytest.mark.full
def test_a_thousand_orders_exported_and_verified_offline(scene: Scene, tmp_path: Path) -> None:
    """1,000 orders, in groups of 20: every file holds by `yunhai verify`; openssl agrees with the parts of each fiftieth."""
    from yunhai.apps.commands.verify import command

    count = 1_000
    scene.accept(count, group=20)
    began = time.perf_counter()
    scene.settle(scene.follower())
    made = time.perf_counter() - began
    folder, root = tmp_path / "files", tmp_path / "root.pem"
    folder.mkdir()
    root.write_bytes(pem(scene.root))
    began = time.perf_counter()
    for number in range(1, count + 1):
        (folder / f"{number}.yhe").write_bytes(scene.file(number))
    exported = time.perf_counter() - began
    files = [str(path) for path in sorted(folder.iterdir())]
    began = time.perf_counter()
    answer = CliRunner().invoke(command, [*files, "--root", str(root), "--quiet", "--json"], standalone_mode=False)
    verified = time.perf_counter() - began
    said = json.loads(answer.stdout.splitlines()[-1])
    assert answer.return_value == 0
    assert said["ok"]
    assert len({one["instruction"] for one in said["files"]}) == count
    for number in range(1, count + 1, 50):
        _openssl_agrees((folder / f"{number}.yhe").read_bytes(), root, tmp_path)
    size = sum(Path(name).stat().st_size for name in files) / count
    print(
        f"\n{count:,}: made {made:.1f} s, exported {exported:.1f} s, verified {verified:.1f} s, {size:,.0f} bytes a file"
    )


def _openssl_agrees(file: bytes, root: Path, folder: Path) -> None:
    bundle = evidence_file.decode(file).bundle
    one = cms.opened(bundle.cms)
    assert one.token is not None
    parts = {"order.cms": bundle.cms, "value": one.value, "token": one.token, "ocsp": bundle.ocsp}
    for name, content in parts.items():
        (folder / name).write_bytes(content)
    for name, content in (("leaf.pem", bundle.certificates[0]), ("ca.pem", bundle.certificates[1])):
        (folder / name).write_bytes(pem(content))
    for words in (
        "cms -verify -binary -inform DER -in order.cms -purpose any -out text",
        "ts -verify -in token -token_in -data value -untrusted ca.pem",
        "ocsp -respin ocsp -issuer ca.pem -cert leaf.pem",
    ):
        arguments = ["openssl", *words.split(), "-CAfile", str(root)]
        done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, (words, done.stderr)
    assert (folder / "text").read_bytes() == bundle.text
