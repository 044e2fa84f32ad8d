"""Where everything of one installation lies: the only place that knows paths.

One folder, `YUNHAI_HOME`, holds all of it (docs/concepts/cloud.md §1). Sockets are the exception that proves it: the
kernel takes at most 107 bytes of a socket's path, so a home with a long name gets its `run` folder under the system's
temporary folder, named by a hash of the home.

Credentials come from `CREDENTIALS_DIRECTORY` where systemd gives one, else from `credentials/`, mode 0600 in a folder of
mode 0700. A credential that is not there yet is made by whoever asks with a maker; two who ask at once get the same.
"""

import getpass
import hashlib
import os
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from yunhai.kernel.limits import CREDENTIAL_BYTES_MAX, SOCKET_PATH_BYTES_MAX

HOME_VARIABLE: Final = "YUNHAI_HOME"
LINE_WIRE_VARIABLE: Final = "YUNHAI_LINE_WIRE"
"""The port of the lines' TLS, where they are on a wire."""
_LONGEST_SOCKET: Final = "postgres/.s.PGSQL.5432"


def default_home() -> Path:
    """`YUNHAI_HOME`, else the system's place as root, else the user's own."""
    given = os.environ.get(HOME_VARIABLE)
    if given:
        return Path(given).expanduser().absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/yunhai")
    return Path.home() / ".local" / "share" / "yunhai"


@dataclass(frozen=True, slots=True)
class Places:
    """The folders and files of one installation, by name. Making a `Places` touches nothing."""

    home: Path

    @classmethod
    def at(cls, home: Path | str | None = None) -> Self:
        return cls(Path(home).expanduser().absolute() if home else default_home())

    @property
    def journal(self) -> Path:
        return self.home / "journal"

    @property
    def snapshots(self) -> Path:
        return self.home / "snapshots"

    @property
    def checkpoints(self) -> Path:
        return Path(os.environ.get("YUNHAI_CHECKPOINTS") or self.home / "checkpoints")

    @property
    def postgres(self) -> Path:
        return self.home / "postgres"

    @property
    def run(self) -> Path:
        inside = self.home / "run"
        if len(os.fsencode(inside / _LONGEST_SOCKET)) <= SOCKET_PATH_BYTES_MAX:
            return inside
        short = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"yunhai-{getpass.getuser()}-{short}"

    @property
    def core_socket(self) -> Path:
        return self.run / "core.sock"

    @property
    def inner_socket(self) -> Path:
        return self.run / "inner.sock"

    @property
    def stream_socket(self) -> Path:
        return self.run / "stream.sock"

    @property
    def web_socket(self) -> Path:
        return self.run / "web.sock"

    @property
    def reader_socket(self) -> Path:
        return self.run / "reader.sock"

    @property
    def up_socket(self) -> Path:
        """The supervisor's own."""
        return self.run / "up.sock"

    @property
    def postgres_sockets(self) -> Path:
        """The folder of the embedded server's socket."""
        return self.run / "postgres"

    @property
    def status(self) -> Path:
        return self.run / "status.json"

    @property
    def lock(self) -> Path:
        return self.run / "up.lock"

    @property
    def caddyfile(self) -> Path:
        return self.run / "Caddyfile"

    @property
    def credentials(self) -> Path:
        return self.home / "credentials"

    @property
    def mail(self) -> Path:
        return self.home / "mail"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def static(self) -> Path:
        return self.home / "static"

    @property
    def token_key(self) -> Path:
        return self.credential_path("token.key")

    @property
    def token_public(self) -> Path:
        return self.credential_path("token.pub")

    def credential_path(self, name: str) -> Path:
        """Where a credential is, or would be made."""
        given = os.environ.get("CREDENTIALS_DIRECTORY")
        if given and (Path(given) / name).is_file():
            return Path(given) / name
        return self.credentials / name

    def credential(self, name: str, make: Callable[[], bytes] | None = None) -> bytes:
        """A credential's bytes; `make` gives them where there are none. FileNotFoundError without a maker."""
        path = self.credential_path(name)
        if not path.exists() and make is not None:
            _write_once(path, make())
        with path.open("rb") as file:
            content = file.read(CREDENTIAL_BYTES_MAX + 1)
        if len(content) > CREDENTIAL_BYTES_MAX:
            raise ValueError(f"{path} is too large for a credential")
        return content

    def make(self) -> None:
        """Make the folders with their modes. The home and `run` may be walked through (the embedded server runs as its
        own user under root), not listed; the rest is the owner's."""
        for folder, mode in (
            (self.home, 0o711),
            (self.run, 0o711),
            (self.credentials, 0o700),
            (self.journal, 0o700),
            (self.snapshots, 0o700),
            (self.checkpoints, 0o700),
            (self.mail, 0o700),
            (self.logs, 0o700),
        ):
            if not folder.exists():
                folder.mkdir(parents=True, exist_ok=True, mode=mode)
                folder.chmod(mode)
        if self.run.stat().st_uid != os.geteuid():
            raise PermissionError(f"{self.run} belongs to another user")


def random_secret() -> bytes:
    """43 characters, 256 bits."""
    return secrets.token_urlsafe(32).encode()


def _write_once(path: Path, content: bytes) -> None:
    """Write a file that must not be overwritten: under another name, then linked to its own, so that of two writers one
    wins and nobody reads half."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(name, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(name)
