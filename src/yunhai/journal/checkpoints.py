"""Signed checkpoints 檢查點: what a journal had come to, kept where the journal's keeper cannot reach.

A hash chain cannot show that its end was cut off, nor that all of it was written anew. A checkpoint can: it says, under
an Ed25519 signature, that group n ended at sequence s with chain hash h and these tenant heads. Verifying holds the
journal against every checkpoint given.
"""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from yunhai.journal.errors import CHECKPOINT_INSIDE, CHECKPOINT_INVALID, refusal
from yunhai.journal.files import make_folder, whole_file
from yunhai.journal.reader import Reader
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import CHECKPOINT_BYTES_MAX, KEY_FILE_BYTES_MAX

_PURPOSE: Final = b"yunhai journal checkpoint 1\n"


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hashes and ids in hexadecimal; `wall_ns` is when it was made. `group` counts commit groups from 1."""

    journal: str
    group: int
    sequence: int
    chain: str
    wall_ns: int
    tenants: dict[str, str]


class _Signed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    statement: str
    signature: str


@dataclass(frozen=True, slots=True)
class Position:
    """Where a reading of a journal stands: the material of a checkpoint."""

    journal: bytes
    group: int
    sequence: int
    chain: bytes
    tenants: dict[int, bytes]


def position_of(reader: Reader) -> Position:
    """The position of a reader that started at 0 and absorbed every group's tenants: after the last group given out.

    Nothing read yet is group 0, sequence 0 and a chain of zeros. Closing marks hold no record and do not count.
    """
    group = reader.last()
    if group is None:
        return Position(reader.journal_id(), 0, 0, bytes(32), {})
    return Position(reader.journal_id(), group.number, group.last_sequence, group.chain, reader.tenant_heads())


def at_position(position: Position, *, wall_ns: int) -> Checkpoint:
    """The checkpoint of a position, not yet signed."""
    return Checkpoint(
        journal=position.journal.hex(),
        group=position.group,
        sequence=position.sequence,
        chain=position.chain.hex(),
        wall_ns=wall_ns,
        tenants={str(tenant): head.hex() for tenant, head in sorted(position.tenants.items())},
    )


def sign(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> bytes:
    """The checkpoint's file: its exact statement and the signature over it."""
    statement = msgspec.json.encode(checkpoint)
    signature = base64.b64encode(key.sign(_PURPOSE + statement)).decode()
    return msgspec.json.encode(_Signed(statement=statement.decode(), signature=signature))


def load(file: bytes, key: Ed25519PublicKey) -> Checkpoint:
    """The checkpoint in a file. 3022 if it is malformed or not signed by `key`."""
    if len(file) > CHECKPOINT_BYTES_MAX:
        raise refusal(CHECKPOINT_INVALID, "too large")
    try:
        signed = msgspec.json.decode(file, type=_Signed)
        key.verify(base64.b64decode(signed.signature, validate=True), _PURPOSE + signed.statement.encode())
        checkpoint = msgspec.json.decode(signed.statement.encode(), type=Checkpoint)
        hashes = [checkpoint.chain, *checkpoint.tenants.values()]
        if any(len(bytes.fromhex(text)) != 32 for text in hashes) or len(bytes.fromhex(checkpoint.journal)) != 16:
            raise ValueError("a hash of another length")
    except InvalidSignature:
        raise refusal(CHECKPOINT_INVALID, "the signature is not of this key") from None
    except (msgspec.MsgspecError, ValueError, UnicodeEncodeError):
        raise refusal(CHECKPOINT_INVALID, "not a checkpoint file") from None
    return checkpoint


def file_name(checkpoint: Checkpoint) -> str:
    return f"{checkpoint.journal[:8]}-{checkpoint.sequence:020d}-{checkpoint.group:012d}.checkpoint.json"


def require_outside(folder: Path, *, journal: Path) -> None:
    """3023 if `folder` is the journal's, inside it, or itself holds a journal."""
    target, home = folder.resolve(), journal.resolve()
    if target == home or home in target.parents or any(target.glob("*.yj")):
        raise YunhaiError(CHECKPOINT_INSIDE, folder=str(folder))


def save(file: bytes, checkpoint: Checkpoint, *, folder: Path, journal: Path) -> Path:
    """Write the checkpoint into `folder`, which must be outside every journal (3023): whole or not at all, and synced."""
    require_outside(folder, journal=journal)
    make_folder(folder)
    path = folder / file_name(checkpoint)
    with whole_file(path) as to:
        to.write(file)
    return path


def _require_short(pem: bytes) -> None:
    if len(pem) > KEY_FILE_BYTES_MAX:
        raise refusal(CHECKPOINT_INVALID, "too large for a key")


def private_key(pem: bytes) -> Ed25519PrivateKey:
    """An Ed25519 private key from PEM. 3022 if it is none."""
    _require_short(pem)
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise refusal(CHECKPOINT_INVALID, "not a PEM key") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise refusal(CHECKPOINT_INVALID, "not an Ed25519 key")
    return key


def public_key(pem: bytes) -> Ed25519PublicKey:
    """An Ed25519 public key from PEM. 3022 if it is none."""
    _require_short(pem)
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise refusal(CHECKPOINT_INVALID, "not a PEM key") from None
    if not isinstance(key, Ed25519PublicKey):
        raise refusal(CHECKPOINT_INVALID, "not an Ed25519 key")
    return key


def new_key() -> tuple[bytes, bytes]:
    """A fresh key pair as PEM: (private, public)."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private, public
