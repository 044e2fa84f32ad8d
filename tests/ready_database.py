"""A migrated database to copy: tests need one in every test process, and to make one takes many seconds.

`copy_to` gives an installation's places a server's data folder with its passwords, migrated, with a template beside it. The
original lies in `build/test-database/`, under a hash of everything that decides what is in it: the migrations with what they
import, the models that privileges are computed from, and the locked packages. The first process that finds none makes it,
those that want the same wait.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "build" / "test-database"
TEMPLATE = "yunhai_template"
HURRIED = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "4GB"}
"""PostgreSQL's settings for data that nobody will miss."""
KEPT = 4
"""Originals kept, the ones used last."""
DECIDE = ("models.py", "sql.py", "apps.py")
"""Ends of the names of modules that decide what a migrated database looks like."""
DECIDING = frozenset({"migrations", "tenancy", "entitlements"})
"""Folders of which every module does."""


def copy_to(places: Any) -> None:
    """Put a copy of the original into places whose folders are made and which hold no database yet. OSError, YunhaiError
    if there is none and none can be made."""
    with _original() as original:
        places.postgres.parent.mkdir(parents=True, exist_ok=True)
        _copy(original / "postgres", places.postgres)
        for credential in (original / "credentials").iterdir():
            _copy(credential, places.credentials / credential.name)


@contextmanager
def _original() -> Iterator[Path]:
    """The folder of the original, made now if need be; nobody makes or removes one meanwhile."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    original = FOLDER / f"{_digest()}-{os.geteuid()}"
    with _held(original, wait=True):
        if not original.exists():
            _make(original)
            _forget_old()
        os.utime(original)
        yield original


@contextmanager
def _held(original: Path, *, wait: bool) -> Iterator[bool]:
    """Hold one original's lock. False, and not held, if somebody else does and it is not waited for."""
    with original.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _forget_old() -> None:
    mine = [path for path in FOLDER.glob(f"*-{os.geteuid()}") if path.is_dir()]
    for old in sorted(mine, key=lambda path: path.stat().st_mtime)[:-KEPT]:
        with _held(old, wait=False) as free:
            if free:
                shutil.rmtree(old, ignore_errors=True)


def _digest() -> str:
    """Of all that decides what a migrated database looks like."""
    total = hashlib.sha256(repr((sys.version, HURRIED)).encode())
    source = ROOT / "src" / "yunhai"
    files = [path for layer in ("platform", "services") for path in (source / layer).rglob("*.py") if _decides(path)]
    files += [
        *source.rglob("service.toml"),
        *source.rglob("matrix.toml"),
        source / "apps/cloud/database.py",
        source / "apps/cloud/settings.py",
    ]
    for path in [*sorted(files), ROOT / "requirements" / "dev.lock"]:
        total.update(str(path.relative_to(ROOT)).encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:24]


def _decides(path: Path) -> bool:
    return path.name.endswith(DECIDE) or bool(DECIDING & {folder.name for folder in path.parents})


def _make(original: Path) -> None:
    from yunhai.apps.cloud.database import Server
    from yunhai.apps.cloud.places import Places

    above = Path(tempfile.mkdtemp(prefix="yunhai-ready-"))
    partial = original.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        above.chmod(0o711)
        places = Places(above / "home")
        places.make()
        server = Server.of(places, **HURRIED)
        server.start()
        try:
            environment = {name: value for name, value in os.environ.items() if not name.startswith("YUNHAI_")}
            command = [sys.executable, "-m", "yunhai.apps.cli", "migrate", "--home", str(places.home)]
            subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
            server.create_database(TEMPLATE, template="yunhai")
        finally:
            server.stop()
        partial.mkdir(mode=0o700)
        _copy(places.postgres, partial / "postgres")
        (partial / "credentials").mkdir()
        for credential in places.credentials.glob("postgres-*"):
            _copy(credential, partial / "credentials" / credential.name)
        partial.rename(original)
    except subprocess.CalledProcessError as problem:
        raise RuntimeError(f"the test database cannot be migrated:\n{problem.stderr[-4000:]}") from None
    finally:
        shutil.rmtree(above, ignore_errors=True)


def _copy(source: Path, target: Path) -> None:
    """With owners and modes: the server's own user keeps what is its own."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)
