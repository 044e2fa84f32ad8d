"""What the database shows the application: nothing of any tenant until it is told who asks, and then only theirs."""

from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.db import connection


def tenant_tables() -> list[tuple[str, str]]:
    """(table, column) of every model that has a tenant."""
    found = []
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.concrete_fields:
            if (
                field.is_relation
                and getattr(field.related_model, "__name__", "") == "Tenant"
                and field.name == "tenant"
            ):
                found.append((model._meta.db_table, field.column))
    return sorted(found)


@pytest.fixture
def app_connection(migrated: Any) -> Any:
    """A bare connection as the application's role, without Django between."""
    with psycopg.connect(**migrated.connection("app")) as found:
        yield found


def test_every_tenant_table_has_forced_row_security(db: None) -> None:
    tables = [table for table, _ in tenant_tables()]
    assert len(tables) >= 5
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND NOT (relrowsecurity AND relforcerowsecurity)",
            [tables],
        )
        assert cursor.fetchall() == []
        cursor.execute("SELECT tablename, count(*) FROM pg_policies WHERE tablename = ANY(%s) GROUP BY 1", [tables])
        assert dict(cursor.fetchall()) == dict.fromkeys(tables, 3), "one policy for each role"


def test_the_application_owns_nothing_and_is_nobody(app_connection: Any) -> None:
    owned = app_connection.execute("SELECT count(*) FROM pg_tables WHERE tableowner = 'yunhai_app'").fetchone()
    assert owned == (0,)
    flags = app_connection.execute(
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls FROM pg_roles WHERE rolname LIKE 'yunhai_%'"
    ).fetchall()
    assert flags == [(False,) * 4] * 3


@pytest.mark.parametrize(
    "statement", ["ALTER TABLE tenancy_branch DISABLE ROW LEVEL SECURITY", "SET ROLE yunhai_migrator"]
)
def test_the_application_cannot_open_the_door_itself(app_connection: Any, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app_connection.execute(statement)
