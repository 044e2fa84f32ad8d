"""CMS, time stamps and status: what we write openssl takes, what others wrote is read or refused by number, nothing is loose."""

import hashlib
import random
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from asn1crypto import pem as armour
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests.trading.trust.pki import DAY, Authority, answer, peer, pem, x509
from yunhai.kernel.errors import YunhaiError
from yunhai.trading.signatures import new_key, sign
from yunhai.trading.trust import cms, stamps, status
from yunhai.trading.trust.profiles import TSA_POLICY, Profile

TEXT = "yunhai-instruction-1\naction=new\nnote=雲海\n".encode()


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def signed(authority: Authority) -> cms.InstructionSignature:
    key = new_key()
    certificate = authority.issue(Profile.INVESTOR, key, "YH-1")
    one = cms.InstructionSignature(text=TEXT, signature=sign(key, TEXT), certificates=(certificate, authority.ca))
    token = authority.stamp(hashlib.sha256(one.value).digest())
    return cms.opened(cms.stamped(cms.build(one), token))


def _code(function, *arguments, **named) -> int:
    with pytest.raises(YunhaiError) as refused:
        function(*arguments, **named)
    return refused.value.code


def _verdict(look, content: bytes) -> int:
    """The refusal's number, 0 for none; anything else that is raised is a fault of ours."""
    try:
        look(content)
    except YunhaiError as error:
        return error.code
    return 0


def _openssl(folder: Path, *arguments: str) -> str:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here")
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_openssl_agrees_with_signature_stamp_and_status(authority, signed, tmp_path):
    at = str(int(authority.now.timestamp()))
    files = {
        "root.pem": pem(authority.root), "ca.pem": pem(authority.ca), "leaf.pem": pem(signed.certificates[0]),
        "order.cms": cms.build(signed), "value": signed.value, "token": signed.token,
        "ocsp": authority.status(signed.certificates[0]),
    }  # fmt: skip
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    said = _openssl(
        tmp_path, "cms", "-verify", "-binary", "-inform", "DER", "-in", "order.cms", "-CAfile", "root.pem", "-purpose", "any",
        "-attime", at, "-out", "text",
    )  # fmt: skip
    assert "successful" in said
    assert (tmp_path / "text").read_bytes() == TEXT
    said = _openssl(
        tmp_path, "ts", "-verify", "-in", "token", "-token_in", "-data", "value", "-CAfile", "root.pem", "-untrusted", "ca.pem",
        "-attime", at,
    )  # fmt: skip
    assert "Verification: OK" in said
    said = _openssl(
        tmp_path,
        "ocsp",
        "-respin",
        "ocsp",
        "-issuer",
        "ca.pem",
        "-cert",
        "leaf.pem",
        "-CAfile",
        "root.pem",
        "-attime",
        at,
    )
    assert "Response verify OK" in said
    assert "leaf.pem" in said
    (tmp_path / "ask").write_bytes(stamps.request(hashlib.sha256(b"x").digest(), nonce=77, policy=TSA_POLICY))
    assert "0x4D" in _openssl(tmp_path, "ts", "-query", "-in", "ask", "-text")


def test_there_is_one_encoding(signed):
    encoded = cms.build(signed)
    assert cms.opened(encoded) == signed
    chance = random.Random(7)
    for _ in range(150):
        changed = bytearray(encoded)
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        try:
            found = cms.opened(bytes(changed))
        except YunhaiError:
            continue
        assert found.token != signed.token or found.certificates != signed.certificates, "what is proven elsewhere"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda one, other: {"text": one.text + b" "}, 6870),
        (lambda one, other: {"signature": other.signature}, 6871),
        (lambda one, other: {"certificates": (other.certificates[0], one.certificates[1])}, 6871),
        (lambda one, other: {"signature": bytes(64)}, 6871),
    ],
    ids=["text", "another's signature", "another's certificate", "no signature"],
)
def test_substitution(authority, signed, change, code):
    key = new_key()
    other = cms.InstructionSignature(
        text=TEXT,
        signature=sign(key, TEXT),
        certificates=(authority.issue(Profile.INVESTOR, key, "YH-2"), authority.ca),
    )
    said = {name: getattr(signed, name) for name in ("text", "signature", "certificates", "token")}
    changed = cms.InstructionSignature(**said | change(signed, other))
    if "text" in change(signed, other):  # the digest of the other text under the old content
        encoded = cms.build(signed).replace(TEXT, TEXT[:-2] + b"x\n")
        assert _code(cms.opened, encoded) == code
    elif changed.signature == bytes(64):
        assert _code(cms.build, changed) == code
    else:
        assert _code(cms.opened, cms.build(changed)) == code


def test_a_stamp_is_of_its_data_its_request_and_its_authority(authority):
    digest = hashlib.sha256(b"data").digest()
    token = authority.stamp(digest, nonce=5)
    found = stamps.checked(stamps.token_of(answer(token)), digest, nonce=5, policy=TSA_POLICY, exact=True)
    assert (found.at, found.accuracy_ms, found.nonce, found.policy) == (authority.now, 1000, 5, TSA_POLICY)
    assert _code(stamps.checked, token, hashlib.sha256(b"other").digest()) == 6875
    assert _code(stamps.checked, token, digest, nonce=6) == 6878
    assert _code(stamps.checked, token, digest, policy="1.2.3") == 6878
    assert _code(stamps.checked, authority.stamp(digest, bind=False), digest) == 6877
    key = ec.generate_private_key(ec.SECP256R1())
    investor = authority.issue(Profile.INVESTOR, key, "YH-9")
    assert _code(stamps.checked, authority.stamp(digest, by=(investor, key)), digest) == 6877, "not for time stamping"
    assert _code(stamps.checked, authority.stamp(digest, by=(authority.tsa, key)), digest) == 6876, "another's key"
    refusal = stamps.TimeStampResponse({"status": {"status": "rejection", "fail_info": {"bad_alg"}}}).dump()
    assert _code(stamps.token_of, refusal) == 6874
    assert _code(stamps.token_of, b"nothing") == 6873


def test_a_status_is_of_its_certificate_its_issuer_and_its_time(authority, signed):
    leaf = signed.certificates[0]
    good = authority.status(leaf)
    assert status.checked_ocsp(good, leaf, authority.ca, at=authority.now).state == "good"
    revoked = status.checked_ocsp(authority.status(leaf, revoked_at=authority.now - DAY), leaf, authority.ca)
    assert (revoked.state, revoked.revoked_at, revoked.reason) == ("revoked", authority.now - DAY, "key_compromise")
    assert _code(status.checked_ocsp, good, authority.tsa, authority.ca) == 6880
    assert _code(status.checked_ocsp, good, leaf, authority.ca, at=authority.now + DAY) == 6883
    assert _code(status.checked_ocsp, good, leaf, authority.ca, at=authority.now - timedelta(hours=1)) == 6883
    key = ec.generate_private_key(ec.SECP256R1())
    investor = authority.issue(Profile.INVESTOR, key, "YH-9")
    assert _code(status.checked_ocsp, authority.status(leaf, by=(investor, key)), leaf, authority.ca) == 6882
    whole = status.ocsp.OCSPResponse.load(good)
    basic = whole["response_bytes"]["response"].parsed.copy()
    basic["signature"] = key.sign(basic["tbs_response_data"].dump(), ec.ECDSA(hashes.SHA256()))
    forged = status.ocsp.OCSPResponse(
        {
            "response_status": "successful",
            "response_bytes": {"response_type": "basic_ocsp_response", "response": basic},
        }
    ).dump()
    assert _code(status.checked_ocsp, forged, leaf, authority.ca) == 6881
    other = Authority()
    assert (
        _code(status.checked_ocsp, authority.status(leaf, by=(other.ocsp, other.ocsp_key)), leaf, authority.ca) == 6882
    )
    assert _code(status.checked_ocsp, b"nothing", leaf, authority.ca) == 6879


def test_a_list_is_its_issuer_s_and_says_who_is_revoked(authority, signed):
    leaf = signed.certificates[0]
    assert status.checked_list(authority.revocation_list(), leaf, authority.ca, at=authority.now).state == "good"
    serial = x509.Certificate.load(leaf).serial_number
    authority.revoked[serial] = (authority.now, peer.ReasonFlags.cessation_of_operation)
    found = status.checked_list(authority.revocation_list(), leaf, authority.ca)
    authority.revoked.clear()
    assert (found.state, found.revoked_at, found.reason) == ("revoked", authority.now, "cessation_of_operation")
    assert (
        _code(status.checked_list, authority.revocation_list(), leaf, authority.ca, at=authority.now + 2 * DAY) == 6883
    )
    assert _code(status.checked_list, Authority().revocation_list(), leaf, authority.ca) == 6881


def test_what_others_wrote_is_read_or_refused_by_number(data_folder, authority, signed):
    folder = data_folder / "pki/cms_tsp"
    if not folder.is_dir():
        pytest.skip("no samples here")
    read = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = file.read_bytes()
        if armour.detect(content):
            try:
                content = armour.unarmor(content)[2]
            except ValueError:
                continue
        for name, look in (
            ("cms", lambda raw: cms.proven(cms.read(raw))),
            ("stamp", lambda raw: stamps.checked(stamps.token_of(raw), b"")),
            ("ocsp", lambda raw: status.checked_ocsp(raw, signed.certificates[0], authority.ca)),
            ("list", lambda raw: status.checked_list(raw, signed.certificates[0], authority.ca)),
        ):
            code = _verdict(look, content)
            assert code == 0 or 6850 <= code < 6900, file
            if code not in (6868, 6873, 6879):
                read[file.name] = (name, code)
    assert read["cms-signed.der"] == ("cms", 0)
    assert read["pkcs7-signed.der"] == ("cms", 0)
    assert read["tsp_response"] == ("stamp", 6877), "a token that leaves its certificate out"
    assert read["resp-revoked.der"] == ("ocsp", 6880), "right in form, of another certificate"
