"""Fuzz target: any bytes as a journal's segment file, as a snapshot, as an export and as a checkpoint."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.journal.makers import base_journal
from yunhai.journal import checkpoints, exports, snapshots
from yunhai.journal.verify import verify
from yunhai.kernel.errors import YunhaiError
from yunhai.native._journal import SimDisk

_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
_FIRST = "000000000001-00000000000000000001.yj"


def _parts() -> list[bytes]:
    """One valid file of each kind, so that mutations start from something right."""
    disk = base_journal(21, groups=5, segment_bytes=4096, most_records=10)
    segment = disk.contents(_FIRST)
    checkpoint = checkpoints.Checkpoint(
        journal="00" * 16, group=1, sequence=1, chain="00" * 32, wall_ns=1, tenants={"1": "00" * 32}
    )
    snapshot = snapshots.Snapshot(journal=bytes(16), group=1, sequence=1, chain=bytes(32), state=b"state")
    return [segment, snapshots.encode(snapshot), checkpoints.sign(checkpoint, _KEY), b"YHJEXP02" + bytes(80)]


CORPUS = _parts()
_CHECKPOINT = checkpoints.load(CORPUS[2], _KEY.public_key())


def fuzz(data: bytes) -> None:
    """Raises YunhaiError if every reader refuses the bytes; anything else that escapes is a fault."""
    refusals = 0
    for reader in (_segment, _snapshot, _checkpoint, _export):
        try:
            reader(data)
        except YunhaiError as error:
            refusals += 1
            last = error
    if refusals == 4:
        raise last


def _segment(data: bytes) -> None:
    disk = SimDisk()
    disk.put(_FIRST, data)
    verdict = verify(disk)
    if verdict.problems:
        raise verdict.problems[0]


def _snapshot(data: bytes) -> None:
    snapshots.decode(data)


def _checkpoint(data: bytes) -> None:
    checkpoints.load(data, _KEY.public_key())


def _export(data: bytes) -> None:
    exports.verify_export(data, _CHECKPOINT)
