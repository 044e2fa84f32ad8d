"""The project's own Python environment, made by uv (no ensurepip, no pip needed) from a lock with hashes.

What a finished step depended on is kept in a stamp, so that a second run does nothing and a changed lock is followed.
The environment is `.venv`, or the folder that `YUNHAI_VENV` names.
"""

import fcntl
import hashlib
import json
import os
import platform
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.dev.console import SetupError, run_quietly, step
from tools.dev.index import fetch_uv, installer_environment, read_settings

DEV_LOCK = "requirements/dev.lock"
_LAUNCHER = """#!{python}
import sys
from yunhai.apps.cli import main
if __name__ == "__main__":  # a process that this one spawns reads this file again
    sys.exit(main())
"""


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything of one clone lives."""

    root: Path

    @property
    def environment(self) -> Path:
        """The Python environment's folder."""
        named = os.environ.get("YUNHAI_VENV")
        return Path(named).absolute() if named else self.root / ".venv"

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.environment / "bin" / "python"

    @property
    def log(self) -> Path:
        """What the quiet steps printed."""
        return self.root / "build" / "setup.log"

    def requirements(self, name: str) -> Path:
        """One lock."""
        return self.root / "requirements" / name


def digest_of(*parts: str | bytes) -> str:
    """SHA-256 of the parts, each with its length in front."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        total.update(len(data).to_bytes(8, "little"))
        total.update(data)
    return total.hexdigest()


def read_stamp(places: Places) -> dict[str, str]:
    """What was finished before: step name to digest. Empty if nothing was."""
    try:
        stamp = json.loads((places.environment / "yunhai-setup.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def write_stamp(places: Places, stamp: dict[str, str]) -> None:
    """Replace the stamp whole."""
    target = places.environment / "yunhai-setup.json"
    partial = target.with_suffix(".partial")
    partial.write_text(json.dumps(stamp, indent=1) + "\n", encoding="utf-8")
    partial.replace(target)


@contextmanager
def only_one(places: Places) -> Iterator[None]:
    """Two `./dev` in one clone set up one after the other."""
    folder = places.root / "build"
    try:
        folder.mkdir(exist_ok=True)
        handle = (folder / "setup.lock").open("w", encoding="utf-8")
    except OSError as problem:
        raise SetupError(
            f"{places.root} cannot be written by this user ({problem.strerror}): clone a copy of your own"
        ) from None
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def cache_folder(name: str) -> Path:
    """A folder for downloads that clones share; a temporary one when the home folder cannot be written."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    folder = Path(base) / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError:
        folder = Path(os.environ.get("TMPDIR", "/var/tmp")) / f"{name}-{os.getuid()}"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_uid != os.getuid() or folder.stat().st_mode & stat.S_IWOTH:
            raise SetupError(f"{folder} belongs to someone else: set XDG_CACHE_HOME to a folder of yours") from None
    return folder


@dataclass(frozen=True, slots=True)
class Installer:
    """uv, ready to run with this machine's package sources."""

    program: Path
    environment: dict[str, str]
    log: Path

    def run(self, *arguments: str | Path) -> None:
        """`uv ARGUMENTS`, quietly."""
        run_quietly([self.program, *arguments], log=self.log, environment=self.environment)


def get_installer(places: Places) -> Installer:
    """The locked uv, fetched if it is not in the cache yet."""
    settings = read_settings(os.environ)
    environment = installer_environment(os.environ, settings)
    environment.setdefault("UV_CACHE_DIR", str(cache_folder("uv")))
    program = fetch_uv(places.requirements("bootstrap.lock"), settings, cache_folder("yunhai"))
    return Installer(program, environment, places.log)


def _usable(places: Places) -> bool:
    """Whether the environment exists and runs the Python that started us."""
    try:
        text = (places.environment / "pyvenv.cfg").read_text(encoding="utf-8")
    except OSError:
        return False
    return f"version_info = {platform.python_version()}" in text and places.python.exists()


def clear_environment(folder: Path) -> None:
    """Remove a Python environment. SetupError, and nothing removed, if the folder holds anything else."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise SetupError(f"{folder} is no folder: name another in YUNHAI_VENV, or remove it")
    if not folder.exists():
        return
    if any(folder.iterdir()) and not (folder / "pyvenv.cfg").is_file():
        raise SetupError(
            f"{folder} holds something else than a Python environment: name another in YUNHAI_VENV, or remove it"
        )
    shutil.rmtree(folder, ignore_errors=True)


def ensure_environment(places: Places) -> None:
    """Make `.venv` hold exactly what the lock says, if it does not yet."""
    lock = places.root / DEV_LOCK
    wanted = digest_of(lock.read_bytes(), sys.version, str(places.environment), str(places.root))
    stamp = read_stamp(places)
    if stamp.get("packages") == wanted and places.python.exists():
        return
    with step("Getting the installer, uv 取得安裝工具"):
        installer = get_installer(places)
    if not _usable(places):
        with step(f"Making a Python environment in {places.environment.name} 建立環境"):
            clear_environment(places.environment)
            installer.run("venv", "--no-project", "--python", sys.executable, places.environment)
    with step("Installing the locked packages 安裝鎖定的套件"):
        installer.run("pip", "sync", "--no-config", "--require-hashes", "--python", places.python, lock)
    _link_sources(places)
    write_stamp(places, {"packages": wanted})


def _link_sources(places: Places) -> None:
    """Make `yunhai` importable from `src`, and give the environment the `yunhai` command."""
    site = next((places.environment / "lib").glob("python3.*/site-packages"))
    (site / "yunhai-dev.pth").write_text(f"{places.root / 'src'}\n", encoding="utf-8")
    launcher = places.environment / "bin" / "yunhai"
    launcher.write_text(_LAUNCHER.format(python=places.python), encoding="utf-8")
    launcher.chmod(0o755)
