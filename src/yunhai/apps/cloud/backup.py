"""One file from which an installation stands up again: database, journal, checkpoints, and credentials if asked for.

Taken while everything runs. The database is dumped first, in one transaction; then the journal is read and proven to its
durable end and copied up to there. So the journal is never behind the tables, and what it has more the reader reads
after the restore. An outbox row that was not marked when the database was dumped is sent again and taken once.

The file is a gzip tar: `manifest.json` first (what the journal must be found to be), `database.dump` (pg_dump's custom
format, made as the superuser, who alone sees every tenant's rows), `journal/…`, `checkpoints/…`, `trust/…`,
`credentials/…`. It holds everything the tables hold: keep it as safe as the database, and with credentials as safe as
them.
"""

import io
import json
import os
import sqlite3
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final

from yunhai import __version__
from yunhai.apps.cloud import backup_errors as errors
from yunhai.apps.cloud.database import Server, programs
from yunhai.apps.cloud.database_url import DATABASE, external
from yunhai.apps.cloud.places import Places
from yunhai.journal.files import sync_folder, whole_file
from yunhai.journal.reader import Reader
from yunhai.journal.verify import verify
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import BACKUP_MANIFEST_BYTES_MAX

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
DUMP: Final = "database.dump"
SEGMENT_SUFFIX: Final = ".yj"
_FOLDERS: Final = ("journal", "checkpoints", "credentials", "trust")
_TRUST: Final = ("ca.cer", "ceremony.md", "chain.pem", "probe.json", "root.cer")

Progress = Callable[[str], None]
"""Told each step as it begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup holds. `sequence` and `chain` are the journal's last record and the hash after it."""

    format: int
    version: str
    made_at: int
    journal: str
    sequence: int
    chain: str
    database: bool
    credentials: bool


@dataclass(frozen=True, slots=True)
class _End:
    """Where the journal is durable to: segment file, byte after the last group, sequence, chain, journal id."""

    segment: str
    offset: int
    sequence: int
    chain: str
    journal: str


def back_up(places: Places, target: Path, *, credentials: bool, journal_only: bool, progress: Progress) -> Manifest:
    """Write the file. YunhaiError 7650, 7651, 7655, 7656, those of a damaged journal; OSError. Nothing is left of a
    failure."""
    if target.exists():
        raise YunhaiError(errors.TARGET_THERE, path=target)
    if not any(places.journal.glob(f"*{SEGMENT_SUFFIX}")):
        raise YunhaiError(errors.NO_JOURNAL, home=places.home)
    if external() and not journal_only:
        raise YunhaiError(errors.OUTSIDE_DATABASE)
    dump = None
    try:
        if not journal_only:
            progress("database 資料庫")
            dump = _dumped(places, target.absolute().parent)
        progress("journal 日誌")
        end = _durable_end(places.journal)
        manifest = Manifest(
            format=FORMAT,
            version=__version__,
            made_at=time.time_ns(),
            journal=end.journal,
            sequence=end.sequence,
            chain=end.chain,
            database=dump is not None,
            credentials=credentials,
        )
        with whole_file(target, mode=0o600) as file, tarfile.open(fileobj=file, mode="w:gz", compresslevel=3) as tar:
            _add_bytes(tar, MANIFEST, json.dumps(asdict(manifest), indent=1).encode())
            if dump is not None:
                _add_file(tar, DUMP, dump)
            for name, length in _segments(places.journal, end):
                _add_prefix(tar, f"journal/{name}", places.journal / name, length)
            for path in _files(places.checkpoints):
                _add_file(tar, f"checkpoints/{path.name}", path)
            for name, content in _trust(places.home / "trust"):
                _add_bytes(tar, f"trust/{name}", content)
            for name in _credentials(places) if credentials else ():
                _add_file(tar, f"credentials/{name}", places.credential_path(name))
    finally:
        if dump is not None:
            dump.unlink(missing_ok=True)
    return manifest


def restore(file: Path, places: Places, *, progress: Progress) -> Manifest:
    """Make an installation of a backup and prove its journal. The database is left running, for whoever checks the books
    next. YunhaiError 7651-7654; OSError."""
    if places.home.exists() and any(places.home.iterdir()):
        raise YunhaiError(errors.HOME_NOT_EMPTY, home=places.home)
    try:
        with tarfile.open(file, "r:gz") as tar:
            manifest = _manifest(tar, file)
            places.make()
            progress("journal 日誌")
            dump = _unpack(tar, places, file)
    except (tarfile.TarError, EOFError, OSError) as error:
        if isinstance(error, OSError) and not isinstance(error, tarfile.TarError) and error.filename:
            raise
        raise YunhaiError(errors.NOT_A_BACKUP, path=file, reason=str(error), reason_zh="讀不下去") from error
    _prove(places.journal, manifest)
    if manifest.database:
        progress("database 資料庫")
        server = Server.of(places)
        server.start()
        _load(server, dump)
        dump.unlink()
    return manifest


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.is_file()) if folder.is_dir() else []


def _trust(folder: Path) -> Iterator[tuple[str, bytes]]:
    """What the trust process keeps: the CA's certificates and what was issued. Its keys are in the HSM, whose own means back
    them up; the servers' key is made again."""
    for name in _TRUST:
        if (folder / name).is_file():
            yield name, (folder / name).read_bytes()
    if (folder / "trust.db").is_file():
        with closing(sqlite3.connect(folder / "trust.db")) as base:  # as of one moment, whatever is written meanwhile
            yield "trust.db", base.serialize()


def _credentials(places: Places) -> list[str]:
    """Names of all credentials, those that systemd gives too."""
    given = os.environ.get("CREDENTIALS_DIRECTORY")
    return sorted(
        {path.name for folder in (places.credentials, *([Path(given)] if given else [])) for path in _files(folder)}
    )


# --- journal ---


def _durable_end(journal: Path) -> _End:
    """Read and prove the journal to what its writer has made durable."""
    reader = Reader(journal, follow=True)
    reader.run()
    tail = reader.tail()
    return _End(
        segment=str(tail["segment"]),
        offset=int(tail["offset"]),
        sequence=reader.last_sequence(),
        chain=reader.chain().hex(),
        journal=reader.journal_id().hex(),
    )


def _segments(journal: Path, end: _End) -> Iterator[tuple[str, int]]:
    """(file, bytes to copy; the rest is zeros) of each segment up to the end."""
    for path in sorted(journal.glob(f"*{SEGMENT_SUFFIX}")):
        if path.name < end.segment:
            yield path.name, path.stat().st_size
        elif path.name == end.segment:
            yield path.name, end.offset


def _prove(journal: Path, manifest: Manifest) -> None:
    verdict = verify(journal)
    found = (verdict.journal, verdict.sequence, verdict.chain)
    if not verdict.right or found != (manifest.journal, manifest.sequence, manifest.chain):
        problems = "; ".join(str(problem) for problem in verdict.problems)
        raise YunhaiError(
            errors.NOT_THE_SAME,
            reason=f"records {verdict.sequence} of {manifest.sequence}; {problems or 'another hash'}",
            reason_zh=f"{verdict.sequence} 筆／應為 {manifest.sequence} 筆，{len(verdict.problems)} 處損壞",
        )


# --- database ---


def _dumped(places: Places, folder: Path) -> Path:
    """A dump in a file of its own beside the target."""
    target = folder / f".yunhai-dump-{os.getpid()}-{time.time_ns()}"
    arguments, environment = _connection(Server.of(places))
    with target.open("xb") as output:
        target.chmod(0o600)
        _database_program("pg_dump", [*arguments, "--format=custom", "--compress=0"], environment, output)
    return target


def _load(server: Server, dump: Path) -> None:
    arguments, environment = _connection(server)
    command = [*arguments, "--exit-on-error", "--clean", "--if-exists", str(dump)]
    _database_program("pg_restore", command, environment, subprocess.DEVNULL)


def _connection(server: Server) -> tuple[list[str], dict[str, str]]:
    """Arguments and environment of PostgreSQL's programs for the superuser."""
    who = server.superuser(DATABASE)
    arguments = [f"--host={who['host']}", f"--username={who['user']}", f"--dbname={who['dbname']}", "--no-password"]
    return arguments, {"PATH": os.environ.get("PATH", ""), "PGPASSWORD": str(who["password"]), "LC_ALL": "C.UTF-8"}


def _database_program(name: str, arguments: list[str], environment: dict[str, str], output: IO[bytes] | int) -> None:
    done = subprocess.run(
        [programs()[name], *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        reason = " | ".join(said[-2:])
        raise YunhaiError(errors.DUMP_FAILED, reason=reason, reason_zh=reason)


# --- the file ---


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o600, int(time.time())
    return entry


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    tar.addfile(_entry(name, len(content)), io.BytesIO(content))


def _add_file(tar: tarfile.TarFile, name: str, path: Path) -> None:
    with path.open("rb") as file:
        tar.addfile(_entry(name, path.stat().st_size), file)


def _add_prefix(tar: tarfile.TarFile, name: str, path: Path, length: int) -> None:
    """A file's first bytes; the rest of its length as zeros."""
    size = path.stat().st_size
    with path.open("rb") as file:
        tar.addfile(_entry(name, size), _Prefix(file, length))


class _Prefix(io.RawIOBase):
    """Reads `length` bytes of a file, then zeros without end."""

    def __init__(self, file: IO[bytes], length: int) -> None:
        self._file = file
        self._left = length

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(min(size, self._left)) if self._left else b""
        self._left -= len(content)
        return content + bytes(size - len(content))


def _manifest(tar: tarfile.TarFile, file: Path) -> Manifest:
    first = tar.next()
    content = tar.extractfile(first) if first is not None and first.name == MANIFEST else None
    if content is None:
        raise YunhaiError(errors.NOT_A_BACKUP, path=file, reason="no manifest", reason_zh="沒有清單")
    try:
        told: dict[str, Any] = json.loads(content.read(BACKUP_MANIFEST_BYTES_MAX))
        manifest = Manifest(**told)
    except (ValueError, TypeError) as error:
        raise YunhaiError(errors.NOT_A_BACKUP, path=file, reason=str(error), reason_zh="清單看不懂") from None
    if manifest.format != FORMAT:
        reason = f"format {manifest.format} of version {manifest.version}"
        raise YunhaiError(errors.NOT_A_BACKUP, path=file, reason=reason, reason_zh=reason)
    return manifest


def _unpack(tar: tarfile.TarFile, places: Places, file: Path) -> Path:
    """Put every member where it belongs; nothing in the file can name another place. The dump's path."""
    homes = {"journal": places.journal, "checkpoints": places.checkpoints, "credentials": places.credentials}
    homes["trust"] = places.home / "trust"
    assert set(homes) == set(_FOLDERS)
    dump = places.home / DUMP
    for member in tar:
        folder, _, name = member.name.rpartition("/")
        if member.name == MANIFEST:
            continue
        if not member.isfile() or name in ("", "..", ".") or (folder not in homes and member.name != DUMP):
            reason = f"{member.name} does not belong there"
            raise YunhaiError(errors.NOT_A_BACKUP, path=file, reason=reason, reason_zh=f"不該有 {member.name}")
        content = tar.extractfile(member)
        assert content is not None
        target = dump if member.name == DUMP else homes[folder] / name
        target.parent.mkdir(mode=0o700, exist_ok=True)
        with whole_file(target, mode=0o600) as output:
            while chunk := content.read(1 << 20):
                output.write(chunk)
    sync_folder(places.home)
    return dump
