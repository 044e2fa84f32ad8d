"""What the database shows the application: nothing of any tenant until it is told who asks, and then only theirs."""

from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django_scopes.exceptions import ScopeError

from tests.platform.factories import BROKER, browser, place, tenant
from tests.platform.factories import OTHER_BROKER as OTHER
from yunhai.platform.identity.models import Membership
from yunhai.platform.tenancy import api as tenancy
from yunhai.platform.tenancy import rls
from yunhai.platform.tenancy.models import Branch


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


def test_without_being_told_who_asks_raw_sql_sees_no_row_of_any_tenant(committed_db: Any, as_role: Any) -> None:
    """Every tenant table is given a row first, by the superuser, so that an empty answer means something."""
    with transaction.atomic():
        tenant(BROKER)
    with transaction.atomic(), as_role("superuser"), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # rows without the rows they refer to
        cursor.execute(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'c' AND conrelid > 0"
        )
        for table, check in cursor.fetchall():
            if not table.startswith(("information_schema", "pg_")):
                cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{check}"')  # and of any content
        filled = [table for table, _ in tenant_tables() if _fill(cursor, table)]
    assert len(filled) == len(tenant_tables()), "every tenant table can be given a row"
    with psycopg.connect(**committed_db.connection("app")) as found:
        assert {table: _count(found, table) for table in filled} == dict.fromkeys(filled, 0)
        found.execute(
            "SELECT set_config('app.tenant', %s, false), set_config('app.accounts', '*', false)", [str(OTHER)]
        )
        assert {table: _count(found, table) for table in filled} == dict.fromkeys(filled, 0)
    with psycopg.connect(**committed_db.connection("migrator")) as found:
        assert {table: _count(found, table) for table in filled} == dict.fromkeys(filled, 1)


def _fill(cursor: Any, table: str) -> bool:
    """One row with something in every column that must have something; its tenant is BROKER."""
    cursor.execute(
        "SELECT column_name, data_type, udt_name, is_nullable, column_default, is_identity FROM information_schema.columns"
        " WHERE table_name = %s AND table_schema = 'public'",
        [table],
    )
    samples = {
        "boolean": "false",
        "jsonb": "'{}'",
        "ARRAY": "'{}'",
        "bytea": "'\\x00'",
        "date": "'2026-01-05'",
        "timestamp with time zone": "now()",
        "uuid": "gen_random_uuid()",
        "character varying": "''",
        "text": "''",
    }
    named, values = [], []
    for column, kind, _, nullable, default, identity in cursor.fetchall():
        if column == "tenant_id":
            named.append(column)
            values.append(str(BROKER))
        elif nullable == "NO" and default is None and identity == "NO":
            named.append(column)
            values.append(samples.get(kind, "1"))
    columns = ", ".join(f'"{name}"' for name in named)
    cursor.execute(f'INSERT INTO "{table}" ({columns}) VALUES ({", ".join(values)})')
    return cursor.rowcount == 1


def _count(found: Any, table: str) -> int:
    return int(found.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0])


class TestWhoSeesWhat:
    @pytest.fixture(autouse=True)
    def two_brokers(self, db: None) -> None:
        for number in (BROKER, OTHER):
            tenant(number)
            tenancy.set_branch(number, "A001", name_zh=f"分點{number}")

    def branches(self) -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT tenant_id FROM tenancy_branch ORDER BY 1")
            return [row[0] for row in cursor.fetchall()]

    def test_a_tenant_sees_its_own(self) -> None:
        assert self.branches() == []
        with rls.acting(tenant=BROKER):
            assert self.branches() == [BROKER]
        assert self.branches() == [], "and nothing once that is over"

    def test_no_row_can_be_put_into_another_tenant(self) -> None:
        with rls.acting(tenant=BROKER):
            with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                Branch.objects.create(tenant_id=OTHER, code="B002", name_zh="外")
            with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                Branch.objects.update(tenant_id=OTHER)
            with connection.cursor() as cursor:
                cursor.execute("UPDATE tenancy_branch SET name_zh = 'x' WHERE tenant_id = %s", [OTHER])
                assert cursor.rowcount == 0
                cursor.execute("DELETE FROM tenancy_branch WHERE tenant_id = %s", [OTHER])
                assert cursor.rowcount == 0
        with rls.acting(tenant=OTHER):
            assert [branch.name_zh for branch in Branch.objects.all()] == [f"分點{OTHER}"]

    def test_a_query_outside_a_scope_fails_loudly(self) -> None:
        with pytest.raises(ScopeError):
            Branch.objects.count()

    def test_investors_see_their_own_places_and_staff_all_of_the_tenant(self) -> None:
        one, two = place("investor", account=11), place("investor", account=12)
        staff, outside = place("sales"), place("investor", OTHER, account=13)
        everybody = {one.pk, two.pk, staff.pk}

        def seen(**who: Any) -> set[int]:
            with rls.acting(**who):
                return set(Membership.objects.values_list("person_id", flat=True))

        assert seen(tenant=BROKER, person=staff.pk) == everybody
        assert seen(tenant=BROKER, person=one.pk, accounts=(11,)) == {one.pk}
        assert seen(tenant=BROKER, person=one.pk, accounts=()) == {one.pk}
        assert seen(person=outside.pk) == {outside.pk}

    def test_settings_of_a_request_do_not_outlive_it(self) -> None:
        browser(place("sales")).get("/api/v1/me")
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('app.tenant'), current_setting('app.person')")
            assert cursor.fetchone() == ("", "")


def test_who_asks_can_only_be_said_in_a_transaction(committed_db: Any) -> None:
    with pytest.raises(RuntimeError):
        rls.tell(tenant=BROKER, person=None)


class TestPrivileges:
    @pytest.mark.parametrize(
        "statement",
        [
            "SELECT value FROM outbox_row",
            "UPDATE outbox_row SET sent_at = now()",
            "DELETE FROM outbox_row",
            "UPDATE audit_lookup SET reason = 'x'",
            "DELETE FROM audit_lookup",
            "UPDATE tenancy_branchevent SET name_zh = 'x'",
            "DELETE FROM entitlements_cellevent",
            "CREATE TABLE mine (id int)",
        ],
    )
    def test_the_application_may_not(self, app_connection: Any, statement: str) -> None:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app_connection.execute(statement)

    @pytest.mark.parametrize(
        "table",
        [
            "identity_person",
            "identity_membership",
            "identity_signingkey",
            "identity_apiclient",
            "mfa_authenticator",
            "identity_session",
        ],
    )
    def test_the_reader_sees_no_people(self, migrated: Any, table: str) -> None:
        with (
            psycopg.connect(**migrated.connection("reader")) as found,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            found.execute(f"SELECT 1 FROM {table}")


def test_what_runs_with_its_owners_rights_looks_last_at_temporary_tables(app_connection: Any) -> None:
    """Else somebody's temporary table would stand before the one that was meant."""
    rows = app_connection.execute(
        "SELECT proname, proconfig FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace"
    ).fetchall()
    assert {"ledger_sum", "settlement_sum"} <= {name for name, _ in rows}
    assert {name: settings for name, settings in rows if settings != ["search_path=public, pg_temp"]} == {}
