"""The key ceremony: two witnesses, a key that only both open, minutes with hashes, and no root key on the server."""

import hashlib
from pathlib import Path

import pytest
from asn1crypto import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_der_x509_certificate

from tests.apps.trust.scene import OpenSsl, Scene, needs_softhsm
from yunhai.apps.trust.ceremony import ROOT_KEY_FILE, Plan, hold, pass_phrase
from yunhai.kernel.errors import YunhaiError

pytestmark = needs_softhsm
NAMES = ("王小明", "李大華")


@pytest.fixture
def bare(tmp_path: Path):  # type: ignore[no-untyped-def]
    scene = Scene(tmp_path / "home", ceremony=False)
    yield scene
    scene.close()


@pytest.fixture
def safe(tmp_path: Path) -> Path:
    found = tmp_path / "safe"
    found.mkdir()
    return found


def code_of(scene: Scene, *names: str, safe: Path | None) -> int:
    with pytest.raises(YunhaiError) as problem:
        scene.do(hold(scene.at, scene.hsm, Plan(witnesses=names, safe=safe), say=lambda _: None))
    return problem.value.code


def test_a_ceremony_leaves_a_chain_minutes_and_an_encrypted_key(bare: Scene, safe: Path, tmp_path: Path) -> None:
    held = bare.do(hold(bare.at, bare.hsm, Plan(witnesses=NAMES, safe=safe), say=lambda _: None))
    root, issuing = x509.Certificate.load(held.root), x509.Certificate.load(held.issuing)
    assert (root.ca, root.max_path_length, root.public_key.curve) == (True, 1, ("named", "secp384r1"))
    assert (issuing.ca, issuing.max_path_length, issuing.public_key.curve) == (True, 0, ("named", "secp256r1"))
    openssl = OpenSsl(tmp_path)
    openssl.pem("root.pem", held.root)
    openssl.pem("ca.pem", held.issuing)
    openssl("verify", "-x509_strict", "-CAfile", "root.pem", "root.pem")
    openssl("verify", "-x509_strict", "-CAfile", "root.pem", "ca.pem")
    content = (safe / ROOT_KEY_FILE).read_bytes()
    for wrong in (held.halves[:1], held.halves[1:], held.halves[::-1], ("", "")):
        with pytest.raises(ValueError, match=r".+"):
            load_pem_private_key(content, pass_phrase(wrong))
    key = load_pem_private_key(content, pass_phrase(held.halves))
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.public_key() == load_der_x509_certificate(held.root).public_key()
    said = bare.at.minutes.read_text()
    assert said == held.minutes
    for expected in (*NAMES, *(hashlib.sha256(one).hexdigest() for one in (held.root, held.issuing, content))):
        assert expected in said
    assert "軟體 HSM" in said
    assert not any(half in said for half in held.halves)
    number = key.private_numbers().private_value.to_bytes(48, "big")
    for path in bare.places.home.rglob("*"):
        if path.is_file():
            assert number not in path.read_bytes(), path
            assert b"ENCRYPTED PRIVATE KEY" not in path.read_bytes(), path


def test_what_a_ceremony_refuses_and_that_it_is_held_once(bare: Scene, safe: Path) -> None:
    inside = bare.at.folder / "safe"
    inside.mkdir()
    assert code_of(bare, "王小明", safe=safe) == 6827
    assert code_of(bare, "王小明", " 王小明 ", safe=safe) == 6827
    assert code_of(bare, "a", "b", "c", safe=safe) == 6827
    assert code_of(bare, *NAMES, safe=inside) == 6828
    assert code_of(bare, *NAMES, safe=safe / "none") == 6828
    (safe / ROOT_KEY_FILE).write_bytes(b"another's")
    assert code_of(bare, *NAMES, safe=safe) == 6828
    assert not bare.at.root.exists()
    (safe / ROOT_KEY_FILE).unlink()
    bare.do(hold(bare.at, bare.hsm, Plan(witnesses=NAMES, safe=safe), say=lambda _: None))
    before = bare.at.root.read_bytes()
    assert code_of(bare, *NAMES, safe=None) == 6826
    assert bare.at.root.read_bytes() == before


def test_a_ceremony_that_broke_off_is_taken_up_with_the_tokens_key(bare: Scene, safe: Path) -> None:
    point = bare.do(bare.hsm.make("ca"))
    held = bare.do(hold(bare.at, bare.hsm, Plan(witnesses=NAMES, safe=safe), say=lambda _: None))
    assert point in held.issuing
    assert "沿用前次" in held.minutes
