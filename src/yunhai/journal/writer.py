"""The journal's writer, as the rest of the house uses it.

`submit` hands records over and returns at once with the last sequence number; a record may be acknowledged when
`durable()` has reached its sequence, and not before. The work (checksums, hash chain, writing, syncing) is done by
native threads outside Python's lock; see docs/concepts/journal.md.
"""

import secrets
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from numpy.typing import NDArray

from yunhai.journal.errors import DISK, raise_fault, refusal
from yunhai.journal.facts import Fact, encode
from yunhai.journal.files import make_folder
from yunhai.journal.reasons import disk_error
from yunhai.native import _journal

SEGMENT_BYTES: Final = 64 << 20
ID_BYTES: Final = 16
SECRET_BYTES: Final = 16


class Writer:
    """The only writer of a journal; a second one is refused (3001).

    `place` is the folder (made if absent, durably) or a simulated disk. `merge`: records that arrive while the disk is busy
    share the next group; False gives each `submit` its own. `segment_bytes` (a multiple of 4096), `journal_id` and `secret`
    (16 bytes each, random unless given; the secret salts the hashes of records) are fixed when a journal is made.
    Opening an existing journal proves all of it, cuts a crash's torn end and refuses damage (3003-3008).
    """

    def __init__(
        self,
        place: str | Path | _journal.SimDisk,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        merge: bool = True,
        groups: int = 4,
        threads: bool = True,
        journal_id: bytes | None = None,
        secret: bytes | None = None,
        clock: Callable[[], int] = time.time_ns,
        plant: int = 0,
    ) -> None:
        self._clock = clock
        folder = place if isinstance(place, _journal.SimDisk) else str(place)
        if isinstance(folder, str):
            _prepare(Path(folder))
        try:
            self._native = _journal.Writer(
                folder,
                journal_id or secrets.token_bytes(ID_BYTES),
                secret or secrets.token_bytes(SECRET_BYTES),
                segment_bytes=segment_bytes,
                wall_ns=clock(),
                groups=groups,
                merge=merge,
                threads=threads,
                plant=plant,
            )
        except _journal.Fault as fault:
            raise_fault(fault)

    def submit(self, records: NDArray[Any], wall_ns: int | None = None, *, hold: bool = False) -> int:
        """Take records (whole 64-byte slots, C-contiguous). The last one's sequence. `hold`: they go to the disk with what is
        submitted next, or at `wake` (or earlier): for what nobody waits for.

        Waits while all groups are in use (without threads: 3009). 3009: malformed, nothing taken; 3010: the disk failed,
        for ever, and a part may have been written: `durable` says how far.
        """
        try:
            return self._native.submit(records, self._clock() if wall_ns is None else wall_ns, hold)
        except _journal.Fault as fault:
            raise_fault(fault)

    def wake(self) -> None:
        """Send on what was held."""
        self._native.wake()

    def submit_fact(self, fact: Fact, wall_ns: int | None = None) -> int:
        """Take one fact; its sequence."""
        return self.submit(encode(fact), wall_ns)

    def commit(self) -> None:
        """Close the filling group. Without threads: write and sync it now."""
        try:
            self._native.commit()
        except _journal.Fault as fault:
            raise_fault(fault)

    def durable(self) -> int:
        """The last sequence that is on the disk: everything up to it may be acknowledged."""
        return self._native.durable()

    def submitted(self) -> int:
        """The last sequence taken."""
        return self._native.submitted()

    def wait(self, sequence: int, timeout_s: float | None = None) -> bool:
        """Wait until `sequence` is durable. False if the time ran out, or without threads before `commit`.

        3010 if it never will be; 3009 at once if nothing with this sequence was submitted.
        """
        try:
            return self._native.wait(sequence, -1 if timeout_s is None else int(timeout_s * 1e9))
        except _journal.Fault as fault:
            raise_fault(fault)

    def flush(self) -> None:
        """Wait until everything submitted is durable."""
        try:
            self._native.flush()
        except _journal.Fault as fault:
            raise_fault(fault)

    def close(self) -> None:
        """Flush, mark the end as deliberate, release the lock."""
        try:
            self._native.close()
        except _journal.Fault as fault:
            raise_fault(fault)

    def groups_written(self) -> int:
        return self._native.groups_written()

    def journal_id(self) -> bytes:
        return self._native.journal_id()

    def chain(self) -> bytes:
        """SHA-256 over the whole journal so far, 32 bytes. Flushes first."""
        self.flush()
        return self._native.chain()

    def tenant_heads(self) -> dict[int, bytes]:
        """Each tenant's own chain. Flushes first."""
        self.flush()
        return self._native.tenant_heads()

    def found(self) -> "_journal.TailFacts":
        """What stood at the end when the journal was opened: `ending` is clean, torn or garbage (both were cut)."""
        return self._native.found()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _prepare(folder: Path) -> None:
    try:
        make_folder(folder)
    except OSError as error:
        disk, disk_zh = disk_error(error.errno or 0)
        raise refusal(DISK, "make folder", disk=disk, disk_zh=disk_zh, folder=str(error.filename or folder)) from error
