"""Signatures: what is accepted, what never is, and that the same signature stands in a CMS SignedData."""

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from tests.trading.scene import ANNE, Scene, key_of
from yunhai.trading import signatures
from yunhai.trading.instructions import canonical, signed_attributes
from yunhai.trading.signatures import Verifier, der_of, key_from_seed, new_key, point_of, raw_of, sign, verify

N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
TEXT = b"yunhai-instruction-1\naction=new\n"


def test_a_signature_is_of_its_text_and_key() -> None:
    key, other = new_key(), new_key()
    signature = sign(key, TEXT)
    assert len(signature) == 64
    assert verify(point_of(key), signed_attributes(TEXT), signature)
    assert not verify(point_of(other), signed_attributes(TEXT), signature)
    assert not verify(point_of(key), signed_attributes(TEXT + b" "), signature)


def test_every_flipped_bit_breaks_it() -> None:
    key = key_from_seed(b"flip")
    signature, attributes = sign(key, TEXT), signed_attributes(TEXT)
    for place in range(512):
        flipped = bytearray(signature)
        flipped[place // 8] ^= 1 << place % 8
        assert not verify(point_of(key), attributes, bytes(flipped))


@pytest.mark.parametrize(("r", "s"), [(0, 1), (1, 0), (0, 0), (N, 1), (1, N), (N + 1, 1), (2**256 - 1, 2**256 - 1)])
def test_numbers_out_of_range_are_refused(r: int, s: int) -> None:
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    assert der_of(raw) is None
    assert not verify(point_of(key_of(1)), signed_attributes(TEXT), raw)


@pytest.mark.parametrize("length", [0, 1, 63, 65, 72, 128])
def test_another_length_is_refused(length: int) -> None:
    assert not verify(point_of(key_of(1)), signed_attributes(TEXT), bytes([7]) * length)


@pytest.mark.parametrize("point", [b"", b"\x04" + bytes(64), b"\x02" + bytes(32), b"\x04" + b"\xff" * 64, bytes(65)])
def test_what_is_no_point_verifies_nothing(point: bytes) -> None:
    assert not verify(point, signed_attributes(TEXT), sign(key_of(1), TEXT))
    with pytest.raises(ValueError, match=r".+"):
        signatures.public_key(point)


def test_the_other_half_of_a_signature_is_as_good() -> None:
    """(r, n − s) verifies too: browsers do not agree on the lower one, and the text is taken once all the same."""
    key = key_of(1)
    signature = sign(key, TEXT)
    other = (N - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")
    assert verify(point_of(key), signed_attributes(TEXT), signature[:32] + other)


def test_der_and_raw_go_both_ways() -> None:
    for number in range(20):
        signature = sign(key_from_seed(bytes([number])), TEXT)
        der = der_of(signature)
        assert der is not None
        assert raw_of(der) == signature


def test_a_seeds_key_is_always_the_same() -> None:
    assert point_of(key_from_seed(b"a")) == point_of(key_from_seed(b"a")) != point_of(key_from_seed(b"b"))


def test_the_cache_is_bounded() -> None:
    verifier = Verifier(most=3)
    keys = [key_from_seed(bytes([number])) for number in range(8)]
    for key in keys * 2:
        assert verifier.verify(point_of(key), signed_attributes(TEXT), sign(key, TEXT))
        assert len(verifier._keys) <= 3


def test_what_was_proven_ahead_serves_exactly_what_was_proven() -> None:
    key, other = key_from_seed(b"one"), key_from_seed(b"two")
    attributes = signed_attributes(TEXT)
    right, wrong = sign(key, TEXT), sign(other, TEXT)
    signatures.note(point_of(key), attributes, right, right=True)
    signatures.note(point_of(key), attributes, wrong, right=False)
    assert verify(point_of(key), attributes, right)
    assert not verify(point_of(key), attributes, wrong)
    assert not verify(point_of(other), attributes, right)
    assert not verify(point_of(key), signed_attributes(b"else"), right)
    for signature in (right, wrong):
        signatures.forget(point_of(key), attributes, signature)
    assert not signatures._proven
    assert verify(point_of(key), attributes, right)


def test_wycheproof(data_folder: Path) -> None:
    """Every vector whose signature has an r and an s of 32 bytes: our form knows no others."""
    place = data_folder / "pki" / "wycheproof" / "ecdsa_secp256r1_sha256_test.json"
    if not place.is_file():
        pytest.skip("no Wycheproof vectors in the data folder")
    tried = {"valid": 0, "invalid": 0}
    for group in json.loads(place.read_text())["testGroups"]:
        point = bytes.fromhex(group["publicKey"]["uncompressed"])
        for vector in group["tests"]:
            raw = _raw(bytes.fromhex(vector["sig"]))
            if raw is None:
                assert vector["result"] == "invalid", vector
                continue
            found = verify(point, bytes.fromhex(vector["msg"]), raw)
            assert found == (vector["result"] == "valid"), vector
            tried[vector["result"]] += 1
    assert tried["valid"] > 150
    assert tried["invalid"] > 20


def _raw(der: bytes) -> bytes | None:
    try:
        r, s = decode_dss_signature(der)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    except (ValueError, OverflowError):
        return None


# -- the same signature as CMS -----------------------------------------------------------------------------------------


def _der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    size = (len(body).bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + len(body).to_bytes(size, "big") + body


def _oid(dotted: str) -> bytes:
    first, second, *rest = (int(part) for part in dotted.split("."))
    out = bytearray([first * 40 + second])
    for part in rest:
        digits = [part & 0x7F]
        while part := part >> 7:
            digits.append(part & 0x7F | 0x80)
        out += bytes(reversed(digits))
    return _der(0x06, bytes(out))


def certificate_of(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """A self-made certificate of a signer's key."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "signer")])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, SHA256())
    )


def signed_data(certificate: x509.Certificate, attributes: bytes, signature: bytes) -> bytes:
    """A detached CMS SignedData (RFC 5652) around a signature made by `yunhai.trading.signatures.sign`."""
    sha256 = _der(0x30, _oid("2.16.840.1.101.3.4.2.1"))
    ecdsa = _der(0x30, _oid("1.2.840.10045.4.3.2"))
    serial = _der(0x02, bytes([certificate.serial_number]))
    der = der_of(signature)
    assert der is not None
    signer = _der(
        0x30,
        _der(0x02, b"\x01"),
        _der(0x30, certificate.issuer.public_bytes(), serial),
        sha256,
        b"\xa0" + attributes[1:],  # [0] IMPLICIT: the signed SET under the tag it has in the message
        ecdsa,
        _der(0x04, der),
    )
    inner = _der(
        0x30,
        _der(0x02, b"\x01"),
        _der(0x31, sha256),
        _der(0x30, _oid("1.2.840.113549.1.7.1")),
        _der(0xA0, certificate.public_bytes(Encoding.DER)),
        _der(0x31, signer),
    )
    return _der(0x30, _oid("1.2.840.113549.1.7.2"), _der(0xA0, inner))


def _openssl_accepts(folder: Path, text: bytes, message: bytes, certificate: x509.Certificate) -> bool:
    (folder / "text").write_bytes(text)
    (folder / "message").write_bytes(message)
    (folder / "ca.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    command: list[Any] = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", folder / "message"]
    command += ["-content", folder / "text", "-CAfile", folder / "ca.pem", "-purpose", "any", "-out", folder / "out"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl on PATH")
def test_openssl_verifies_the_signature_as_cms(tmp_path: Path) -> None:
    text = canonical(Scene.open(at="08:40").instruction(ANNE))
    key = key_of(1)
    certificate = certificate_of(key)
    message = signed_data(certificate, signed_attributes(text), sign(key, text))
    assert _openssl_accepts(tmp_path, text, message, certificate)
    assert not _openssl_accepts(tmp_path, text.replace(b"quantity=1000", b"quantity=9000"), message, certificate)
    other = signed_data(certificate, signed_attributes(text), sign(key_of(2), text))
    assert not _openssl_accepts(tmp_path, text, other, certificate)
