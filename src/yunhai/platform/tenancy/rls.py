"""Row-level security: what the database shows whom, below every query the application could get wrong.

A request says once, for its transaction, who asks: `app.tenant` (the tenant it works in), `app.person`, and
`app.accounts`: "*" for staff, who see the whole tenant, or the ids of an investor's own accounts. Policies read these.
What is not said is NULL, and NULL shows no row: it fails closed. The settings end with the transaction.

A migration puts `RowSecurity("Branch")` after the model it makes. FORCE holds the owner to the policies too, so there is
one policy per role: the application sees by the rules above, the reader (which builds read tables from the journal for
every tenant) and the migrator see all. The roles' names are part of the policies.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Final

from django.db import connection, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django_scopes import scope

MIGRATOR: Final = "yunhai_migrator"
APP: Final = "yunhai_app"
READER: Final = "yunhai_reader"
ROLES: Final = (MIGRATOR, APP, READER)
EVERY_ACCOUNT: Final = "*"

FUNCTIONS: Final = """
CREATE OR REPLACE FUNCTION yunhai_tenant() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT nullif(current_setting('app.tenant', true), '')::bigint $$;
CREATE OR REPLACE FUNCTION yunhai_person() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT nullif(current_setting('app.person', true), '')::bigint $$;
CREATE OR REPLACE FUNCTION yunhai_sees(account bigint) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT CASE current_setting('app.accounts', true)
    WHEN '*' THEN true
    ELSE account = ANY (string_to_array(nullif(current_setting('app.accounts', true), ''), ',')::bigint[]) END $$;
"""
"""Made by tenancy's first migration; policies call them."""
DROP_FUNCTIONS: Final = (
    "DROP FUNCTION yunhai_tenant(); DROP FUNCTION yunhai_person(); DROP FUNCTION yunhai_sees(bigint);"
)


class RowSecurity(Operation):
    """Enable and force row-level security on a model's table.

    `tenant`: the column of the tenant ("" for a table without one). `person`: a column of a person, who sees the row
    whatever the tenant. `account`: a column of an account; an investor then sees only rows of their own accounts.
    `also`: one more SQL condition that shows a row. `check`: what a written row must meet where that is another thing.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(
        self,
        model: str,
        *,
        tenant: str = "tenant_id",
        person: str = "",
        account: str = "",
        also: str = "",
        check: str = "",
    ) -> None:
        self.model = model
        self.tenant = tenant
        self.person = person
        self.account = account
        self.also = also
        self.check = check

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        named = {"tenant": self.tenant, "person": self.person, "account": self.account}
        named |= {"also": self.also, "check": self.check}
        return (type(self).__name__, [self.model], named)

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The models' state knows nothing of policies."""

    def condition(self) -> str:
        """The SQL that shows a row to the application."""
        parts = []
        if self.tenant:
            whole = f"{self.tenant} = yunhai_tenant()"
            parts.append(f"({whole} AND yunhai_sees({self.account}))" if self.account else whole)
        if self.person:
            parts.append(f"{self.person} = yunhai_person()")
        if self.also:
            parts.append(self.also)
        if not parts:
            raise ValueError(f"no condition for {self.model}: it would show everything or nothing")
        return " OR ".join(parts)

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        table = _quoted(to_state, app_label, self.model)
        shown = self.condition()
        schema_editor.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        schema_editor.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        schema_editor.execute(
            f"CREATE POLICY app ON {table} TO {APP} USING ({shown}) WITH CHECK ({self.check or shown})"
        )
        for role in (READER, MIGRATOR):
            schema_editor.execute(f"CREATE POLICY {role} ON {table} TO {role} USING (true) WITH CHECK (true)")

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        table = _quoted(from_state, app_label, self.model)
        for policy in ("app", READER, MIGRATOR):
            schema_editor.execute(f"DROP POLICY {policy} ON {table}")
        schema_editor.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        schema_editor.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")

    def describe(self) -> str:
        return f"Force row-level security on {self.model}"


def _quoted(state: ProjectState, app_label: str, model: str) -> str:
    made: type[models.Model] = state.apps.get_model(app_label, model)
    return f'"{made._meta.db_table}"'


def accounts_text(accounts: tuple[int, ...] | None) -> str:
    """What `app.accounts` says: None is every account of the tenant."""
    return EVERY_ACCOUNT if accounts is None else ",".join(str(account) for account in accounts)


def tell(*, tenant: int | None, person: int | None, accounts: tuple[int, ...] | None = ()) -> None:
    """Say who asks, until the transaction ends. Must be called inside one."""
    if not connection.in_atomic_block:
        raise RuntimeError("who asks is said for a transaction, and there is none")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('app.tenant', %s, true), set_config('app.person', %s, true), "
            "set_config('app.accounts', %s, true)",
            ["" if tenant is None else str(tenant), "" if person is None else str(person), accounts_text(accounts)],
        )


@contextmanager
def acting(
    *, tenant: int | None = None, person: int | None = None, accounts: tuple[int, ...] | None = None
) -> Iterator[None]:
    """Work in one tenant, or as one person, outside a request of theirs (a job, a command, a test): the scope and the
    database's settings, inside a transaction; what was said before is said again after it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('app.tenant', true), current_setting('app.person', true), "
            "current_setting('app.accounts', true)"
        )
        before = [text or "" for text in cursor.fetchone()]
    tell(tenant=tenant, person=person, accounts=accounts)
    try:
        with scope(tenant=tenant) if tenant is not None else nullcontext():
            yield
    finally:
        if not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT set_config('app.tenant', %s, true), set_config('app.person', %s, true), "
                    "set_config('app.accounts', %s, true)",
                    before,
                )
