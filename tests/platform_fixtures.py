"""Fixtures of everything that needs the platform's database: `db`, `committed_db`, `as_role`, `postgres_server`.

One embedded PostgreSQL per test process, in a temporary folder: a copy of a migrated one, which is made when the code that
decides what it looks like has changed (`tests/ready_database.py`). A test gets a transaction that is rolled
back (`db`), or, where other processes or connections must see what it wrote, a fresh copy of the migrated database
(`committed_db`). Tests talk to it as the application's role, as the web process does: what row-level security hides from
the application it hides from a test. `as_role("reader")`, `as_role("migrator")` change the role for a block, inside the
same transaction.

Without a server (no programs, no user to run it as) these tests are skipped, and say why.
"""

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.ready_database import TEMPLATE

_HOME = Path(tempfile.gettempdir()) / f"yunhai-test-{os.getpid()}-{secrets.token_hex(3)}"
os.environ["YUNHAI_HOME"] = str(_HOME)  # before anything imports the settings: no test may touch a real home
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yunhai.apps.cloud.settings")
for _name in ("YUNHAI_DATABASE_URL", "YUNHAI_READER_URL", "YUNHAI_MIGRATION_URL", "CREDENTIALS_DIRECTORY"):
    os.environ.pop(_name, None)

INERROR = 3
"""libpq's word for a transaction that failed: its end takes the role back too."""


@pytest.fixture(scope="session")
def cloud_places() -> Iterator[Any]:
    """The installation's places under a temporary home, with its folders made."""
    from yunhai.apps.cloud.places import Places

    places = Places(_HOME)
    places.make()
    yield places
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server(cloud_places: Any) -> Iterator[Any]:
    """The embedded server, running, with its roles and a migrated database `yunhai`."""
    from tests import ready_database
    from yunhai.apps.cloud.database import Server
    from yunhai.kernel.errors import YunhaiError

    try:
        ready_database.copy_to(cloud_places)
        server = Server.of(cloud_places, **ready_database.HURRIED)
        server.start()
    except (YunhaiError, OSError) as problem:
        if os.environ.get("YUNHAI_CI"):  # there it can, and hundreds of tests must not pass by being skipped
            raise
        pytest.skip(f"PostgreSQL cannot be started here: {problem}")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def migrated(postgres_server: Any) -> Iterator[Any]:
    """Django set up for the migrated database, of which there is a template too. Yields the server."""
    import django
    from django.conf import settings

    django.setup()
    from django.db import connection
    from django.test.utils import setup_test_environment, teardown_test_environment
    from django.utils.translation import trans_real

    from yunhai.platform.shell.messages import build

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.LOCALE_PATHS = [build(_HOME / "locale")]
    trans_real._translations.clear()
    connection.settings_dict.update(_django(postgres_server.superuser("yunhai")))
    setup_test_environment()
    yield postgres_server
    teardown_test_environment()
    connection.close()


def _django(arguments: dict[str, Any]) -> dict[str, Any]:
    return {
        "NAME": arguments["dbname"],
        "USER": arguments["user"],
        "PASSWORD": arguments["password"],
        "HOST": arguments["host"],
        "PORT": "",
        "CONN_MAX_AGE": 0,
    }


def _become(role: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SET SESSION AUTHORIZATION DEFAULT" if role == "superuser" else f"SET SESSION AUTHORIZATION yunhai_{role}"
        )


@contextmanager
def _as_role(role: str) -> Iterator[None]:
    """Be another role (app, reader, migrator, superuser) for a block; then the one before."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT session_user")
        before = str(cursor.fetchone()[0]).removeprefix("yunhai_").replace("postgres", "superuser")
    _become(role)
    try:
        yield
    finally:
        if not connection.needs_rollback and connection.connection.info.transaction_status != INERROR:
            _become(before)


@pytest.fixture
def as_role(migrated: Any) -> Callable[[str], AbstractContextManager[None]]:
    """`with as_role("reader"): …`"""
    return _as_role


@pytest.fixture
def db(migrated: Any) -> Iterator[None]:
    """The database as the application, in a transaction that is rolled back after the test."""
    from django.core.cache import cache
    from django.db import connection, transaction

    connection.close()
    cache.clear()
    connection.ensure_connection()
    _become("app")
    try:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
    finally:
        connection.close()


@pytest.fixture
def committed_db(migrated: Any) -> Iterator[Any]:
    """The database as the application, where commits stay and other processes see them; afterwards it is made anew.
    Yields the server, whose `connection("app" | "reader" | "migrator")` are psycopg's arguments."""
    with committing(migrated) as server:
        yield server


@contextmanager
def committing(migrated: Any) -> Iterator[Any]:
    """What `committed_db` does, for fixtures of a wider scope."""
    from django.core.cache import cache
    from django.db import connection
    from django.db.backends.signals import connection_created

    def become_app(connection: Any, **_: Any) -> None:
        _become("app")

    connection.close()
    cache.clear()
    connection_created.connect(become_app)
    try:
        connection.ensure_connection()
        yield migrated
    finally:
        connection_created.disconnect(become_app)
        connection.close()
        migrated.drop_database("yunhai")
        migrated.create_database("yunhai", template=TEMPLATE)
