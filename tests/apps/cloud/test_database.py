"""The embedded server: nobody gets in without a password, no network, taken over after a crash; and database addresses."""

import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from yunhai.apps.cloud import database_url
from yunhai.apps.cloud.database import Server
from yunhai.apps.cloud.database_url import database_of, parsed
from yunhai.apps.cloud.places import Places
from yunhai.apps.cloud.prepare import require_whole_address
from yunhai.kernel.errors import YunhaiError


class TestServer:
    @pytest.mark.parametrize("user", ["postgres", "yunhai_migrator", "yunhai_app", "yunhai_reader"])
    @pytest.mark.parametrize("password", ["", "wrong"])
    def test_nobody_gets_in_without_the_password(self, postgres_server: Server, user: str, password: str) -> None:
        arguments = postgres_server.connection("app") | {"user": user, "password": password}
        with pytest.raises(psycopg.OperationalError, match=r"password|fe_sendauth"):
            psycopg.connect(**arguments)

    def test_it_takes_no_network_connection(self, postgres_server: Server) -> None:
        with psycopg.connect(**postgres_server.superuser()) as found:
            assert found.execute("SHOW listen_addresses").fetchone() == ("",)
            assert found.execute(
                "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256'"
            ).fetchone() == (0,)

    def test_its_passwords_are_its_owners_to_read(self, postgres_server: Server, cloud_places: Places) -> None:
        for role in ("superuser", "migrator", "app", "reader"):
            path = cloud_places.credential_path(f"postgres-{role}")
            assert path.stat().st_mode & 0o077 == 0
            assert len(path.read_bytes()) == 43

    def test_starting_again_changes_nothing(self, postgres_server: Server) -> None:
        pid = _postmaster(postgres_server)
        postgres_server.start()
        assert _postmaster(postgres_server) == pid

    def test_another_supervisor_takes_it_over(self, postgres_server: Server, cloud_places: Places) -> None:
        other = Server.of(cloud_places)
        assert other.running()
        other.start()
        with psycopg.connect(**other.connection("migrator", "postgres")) as found:
            assert found.execute("SELECT current_user").fetchone() == ("yunhai_migrator",)

    @pytest.mark.full
    def test_it_comes_back_after_being_killed(self, tmp_path_factory: Any) -> None:
        import shutil
        import tempfile

        home = Path(tempfile.mkdtemp(prefix="yunhai-kill-"))
        try:
            places = Places(home)
            home.chmod(0o711)
            places.make()
            server = Server.of(places)
            server.start()
            with psycopg.connect(**server.connection("migrator"), autocommit=True) as found:
                found.execute("CREATE TABLE kept AS SELECT 42 AS answer")
            os.kill(_postmaster(server), signal.SIGKILL)
            deadline = time.monotonic() + 90
            while server.running() and time.monotonic() < deadline:
                time.sleep(0.1)
            server.start()
            with psycopg.connect(**server.connection("migrator")) as found:
                assert found.execute("SELECT answer FROM kept").fetchone() == (42,)
            server.stop()
            assert not server.running()
            server.stop()  # again is nothing
        finally:
            shutil.rmtree(home, ignore_errors=True)

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root starts it as another user")
    def test_a_folder_its_user_cannot_reach_is_said(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o700)
        with pytest.raises(YunhaiError) as refused:
            Server(tmp_path / "data", tmp_path / "run", lambda _: "secret").start()
        assert refused.value.code == 7501


def _postmaster(server: Server) -> int:
    return int((server.folder / "postmaster.pid").read_text().split()[0])


class TestAddresses:
    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            (
                "postgresql://yunhai_app:p%40ss@db.example:5433/yunhai?sslmode=verify-full",
                ("yunhai", "yunhai_app", "p@ss", "db.example", "5433", {"sslmode": "verify-full"}),
            ),
            ("postgres://app@/yunhai?host=/var/run/postgresql", ("yunhai", "app", "", "/var/run/postgresql", "", {})),
        ],
    )
    def test_read(self, url: str, expected: tuple[Any, ...]) -> None:
        found = parsed(url)
        assert tuple(found[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")) == expected

    def test_another_database_is_refused(self) -> None:
        with pytest.raises(ValueError, match="postgresql://"):
            parsed("mysql://root@localhost/x")

    def test_each_role_its_own(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        for role, name in database_url.VARIABLES.items():
            monkeypatch.setenv(name, f"postgresql://{role}@host/y")
        assert {role: database_of(role, Places(tmp_path))["USER"] for role in database_url.VARIABLES} == {
            role: role for role in database_url.VARIABLES
        }

    @pytest.mark.parametrize("given", list(database_url.VARIABLES.values()))
    def test_one_address_without_the_others_is_refused(self, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
        for name in database_url.VARIABLES.values():
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv(given, "postgresql://somebody@host/y")
        with pytest.raises(YunhaiError) as refused:
            require_whole_address()
        assert refused.value.code == 7503


def test_sockets_are_really_sockets(postgres_server: Server) -> None:
    with socket.socket(socket.AF_UNIX) as plug:
        plug.connect(str(postgres_server.sockets / ".s.PGSQL.5432"))
