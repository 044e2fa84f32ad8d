"""What the trust process must not forget: which certificates it issued and what they are worth, and its own certificates.

SQLite in one file, written through (`synchronous=FULL`) before an answer leaves. The web's tables are the authority on status:
it tells every change, and all of them again when the trust process began anew. What was revoked stays so, whatever is told
later; only what is held can be valid again.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from yunhai.kernel.errors import YunhaiError
from yunhai.trading.trust.process_errors import SERIAL_UNKNOWN, STATUS_NOT_USABLE

VALID: Final = "valid"
HELD: Final = "held"
REVOKED: Final = "revoked"
REASONS: Final = frozenset((0, 1, 2, 3, 4, 5, 6, 9, 10))
"""RFC 5280 §5.3.1; 7 is unused, 8 (removeFromCRL) is for delta lists."""
HOLD: Final = 6

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS issued (
    serial BLOB PRIMARY KEY, profile TEXT NOT NULL, subject TEXT NOT NULL, sha256 BLOB NOT NULL,
    not_before INTEGER NOT NULL, not_after INTEGER NOT NULL,
    status TEXT NOT NULL DEFAULT 'valid', reason INTEGER NOT NULL DEFAULT 0, at INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS issued_status ON issued (status) WHERE status <> 'valid';
CREATE TABLE IF NOT EXISTS own (
    profile TEXT PRIMARY KEY, label TEXT NOT NULL, certificate BLOB NOT NULL, not_after INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """One certificate. Times in milliseconds since 1970; `serial` 20 bytes; `at` when the status began."""

    serial: bytes
    profile: str
    subject: str
    sha256: bytes
    not_before: int
    not_after: int
    status: str = VALID
    reason: int = 0
    at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A status as it is told. `at` milliseconds since 1970."""

    serial: bytes
    status: str
    reason: int = 0
    at: int = 0
    not_after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """A certificate of the system's own (OCSP, TSA, checkpoints) and its key's label in the HSM."""

    profile: str
    label: str
    certificate: bytes
    not_after: int


_COLUMNS: Final = "serial, profile, subject, sha256, not_before, not_after, status, reason, at"


class Store:
    """One connection, used by one thread."""

    def __init__(self, path: Path) -> None:
        self._base = sqlite3.connect(path, isolation_level=None)
        path.chmod(0o600)
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.execute("PRAGMA synchronous=FULL")
        self._base.executescript(_SCHEMA)

    def close(self) -> None:
        self._base.close()

    # -- certificates --------------------------------------------------------------------------------------------------

    def add(self, one: Issued) -> None:
        """Keep a certificate before it is handed out."""
        self._base.execute(
            f"INSERT INTO issued ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - a constant
            (
                one.serial, one.profile, one.subject, one.sha256, one.not_before, one.not_after,
                one.status, one.reason, one.at,
            ),
        )  # fmt: skip

    def find(self, serial: bytes) -> Issued | None:
        row = self._base.execute(f"SELECT {_COLUMNS} FROM issued WHERE serial = ?", (serial,)).fetchone()  # noqa: S608
        return _issued(row) if row is not None else None

    def by_fingerprint(self, sha256: bytes) -> Issued | None:
        row = self._base.execute(f"SELECT {_COLUMNS} FROM issued WHERE sha256 = ?", (sha256,)).fetchone()  # noqa: S608
        return _issued(row) if row is not None else None

    def tell(self, told: Iterable[Told], *, new: bool = False) -> int:
        """Take statuses, all or none; how many changed. SERIAL_UNKNOWN for a certificate that was not issued here, unless
        `new`: then it is kept (a store that was lost, told again); STATUS_NOT_USABLE."""
        changed = 0
        self._base.execute("BEGIN IMMEDIATE")
        try:
            for one in told:
                changed += self._tell(one, new=new)
        except BaseException:
            self._base.execute("ROLLBACK")
            raise
        self._base.execute("COMMIT")
        return changed

    def _tell(self, one: Told, *, new: bool) -> int:
        _require(one)
        known = self.find(one.serial)
        if known is None and not new:
            raise YunhaiError(SERIAL_UNKNOWN)
        if known is None:
            lost = Issued(serial=one.serial, profile="", subject="", sha256=b"", not_before=0, not_after=one.not_after)
            self.add(lost)
            known = lost
        reason = HOLD if one.status == HELD else one.reason
        if known.status == REVOKED or (known.status, known.reason) == (one.status, reason):
            if known.status == REVOKED and one.status != REVOKED and not new:
                raise YunhaiError(STATUS_NOT_USABLE, reason="it is revoked", reason_zh="已廢止")
            return 0
        self._base.execute(
            "UPDATE issued SET status = ?, reason = ?, at = ? WHERE serial = ?",
            (one.status, 0 if one.status == VALID else reason, one.at, one.serial),
        )
        return 1

    def listed(self, now: int) -> list[Issued]:
        """What a revocation list names: revoked or held, and not expired for a day."""
        rows = self._base.execute(
            f"SELECT {_COLUMNS} FROM issued WHERE status <> 'valid' "  # noqa: S608 - a constant
            "AND (not_after = 0 OR not_after > ?) ORDER BY at, serial",
            (now - 86_400_000,),
        )
        return [_issued(row) for row in rows]

    def counts(self) -> dict[str, dict[str, int]]:
        """How many certificates: by profile, by status."""
        found: dict[str, dict[str, int]] = {}
        for profile, status, count in self._base.execute(
            "SELECT profile, status, count(*) FROM issued GROUP BY profile, status ORDER BY profile, status"
        ):
            found.setdefault(profile or "?", {})[status] = count
        return found

    # -- the system's own ------------------------------------------------------------------------------------------------

    def own(self, profile: str) -> Own | None:
        row = self._base.execute(
            "SELECT profile, label, certificate, not_after FROM own WHERE profile = ?", (profile,)
        ).fetchone()
        return Own(profile=row[0], label=row[1], certificate=row[2], not_after=row[3]) if row is not None else None

    def keep_own(self, one: Own) -> None:
        """Replace a certificate of the system's own."""
        self._base.execute(
            "INSERT OR REPLACE INTO own (profile, label, certificate, not_after) VALUES (?, ?, ?, ?)",
            (one.profile, one.label, one.certificate, one.not_after),
        )

    def keep(self, name: str, value: bytes) -> None:
        self._base.execute("INSERT OR REPLACE INTO kept (name, value) VALUES (?, ?)", (name, value))

    def kept(self, name: str) -> bytes | None:
        row = self._base.execute("SELECT value FROM kept WHERE name = ?", (name,)).fetchone()
        return bytes(row[0]) if row is not None else None

    def next_number(self, name: str) -> int:
        """A number that was never given under this name; from 1."""
        last = int.from_bytes(self.kept(name) or b"", "big")
        self.keep(name, (last + 1).to_bytes(8, "big"))
        return last + 1


def _require(one: Told) -> None:
    if one.status not in (VALID, HELD, REVOKED):
        raise YunhaiError(STATUS_NOT_USABLE, reason=f"no status {one.status}", reason_zh=f"沒有狀態 {one.status}")
    if one.reason not in REASONS:
        raise YunhaiError(STATUS_NOT_USABLE, reason=f"no reason {one.reason}", reason_zh=f"沒有原因 {one.reason}")
    if len(one.serial) > 20 or not one.serial:
        raise YunhaiError(STATUS_NOT_USABLE, reason="not a serial number", reason_zh="不是序號")


def _issued(row: tuple[bytes, str, str, bytes, int, int, str, int, int]) -> Issued:
    return Issued(
        serial=row[0],
        profile=row[1],
        subject=row[2],
        sha256=row[3],
        not_before=row[4],
        not_after=row[5],
        status=row[6],
        reason=row[7],
        at=row[8],
    )
