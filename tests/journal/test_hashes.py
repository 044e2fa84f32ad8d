"""The native hashes against published vectors and against Python's own."""

import hashlib
import random

import pytest

from tests.crash import auditor
from yunhai.native import _journal

# FIPS 180-4 examples and RFC 3720 B.4
SHA256 = [
    (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    (b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
        b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ),
    (b"a" * 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
]
CRC32C = [
    (b"", 0),
    (b"123456789", 0xE3069283),
    (bytes(32), 0x8A9136AA),
    (b"\xff" * 32, 0x62A8AB43),
    (bytes(range(32)), 0x46DD794E),
    (bytes(range(31, -1, -1)), 0x113FDB5C),
]


@pytest.mark.parametrize("portable", [False, True])
@pytest.mark.parametrize(("data", "digest"), SHA256, ids=lambda value: None)
def test_sha256_vectors(data: bytes, digest: str, portable: bool) -> None:
    assert _journal.sha256(data, portable).hex() == digest


@pytest.mark.parametrize("portable", [False, True])
@pytest.mark.parametrize(("data", "value"), CRC32C, ids=lambda value: None)
def test_crc32c_vectors(data: bytes, value: int, portable: bool) -> None:
    assert _journal.crc32c(data, portable) == value == auditor.crc32c(data)


def test_every_length_up_to_a_few_blocks() -> None:
    data = random.Random(1).randbytes(400)
    for length in range(len(data) + 1):
        part = data[:length]
        assert _journal.sha256(part) == _journal.sha256(part, True) == hashlib.sha256(part).digest()
        assert _journal.crc32c(part) == _journal.crc32c(part, True) == auditor.crc32c(part)


def test_many_messages_at_once() -> None:
    rng = random.Random(2)
    for count in range(12):
        for lengths in ([rng.randrange(700) for _ in range(count)], [64 * rng.randrange(9) for _ in range(count)]):
            messages = [rng.randbytes(length) for length in lengths]
            assert _journal.sha256_many(messages) == [hashlib.sha256(message).digest() for message in messages]
