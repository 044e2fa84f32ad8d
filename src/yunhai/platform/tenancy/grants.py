"""Privileges of the two working roles, computed from the models after every migration.

The migrator owns every table and is the only one that may change one. The application reads and writes what models say
is written by "app", and reads the rest. The reader may write what is written by "reader" and the outbox's marks, reads
what it derives from, and has no privilege at all on tables of people, sessions and credentials.

Functions that run with their owner's rights (SECURITY DEFINER) look names up in `public` and last in `pg_temp`, so that
nobody's temporary table takes the place of the one that was meant.
"""

from typing import Final

from django.apps import apps
from django.db import models
from django.db.backends.utils import CursorWrapper

from yunhai.platform.tenancy.rls import APP, READER

PRIVATE: Final = frozenset({"identity", "account", "mfa", "sessions", "auth"})
"""Apps whose tables the reader never sees."""
INSERT_ONLY: Final[dict[str, tuple[str, ...]]] = {"outbox_row": ("id",)}
"""Tables that the application may add to but not read: the columns it may (for RETURNING)."""


def grant_all(cursor: CursorWrapper) -> None:
    """Bring both roles' privileges to what the models say; run by the migrator."""
    cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {APP}, {READER}")
    cursor.execute(f"GRANT USAGE ON SCHEMA public TO {APP}, {READER}")
    cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {APP}, {READER}")
    cursor.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {APP}, {READER}")
    cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'django_migrations'")
    tables = {str(row[0]) for row in cursor.fetchall()}
    # What was migrated the application may know: it is not ready before all is.
    cursor.execute(f"GRANT SELECT ON django_migrations TO {APP}, {READER}")
    models_by_table = {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}
    for table in sorted(tables):
        model = models_by_table.get(table)
        if model is not None and model._meta.managed:
            for statement in statements(model):
                cursor.execute(statement)
        else:  # procrastinate's, whose models are not managed
            cursor.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON "{table}" TO {APP}, {READER}')
    pin_search_paths(cursor)


def pin_search_paths(cursor: CursorWrapper) -> None:
    """Fix where the migrator's SECURITY DEFINER functions look names up."""
    cursor.execute(
        "SELECT oid::regprocedure::text FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace"
        " AND proowner = current_user::regrole"
    )
    for (function,) in cursor.fetchall():
        cursor.execute(f"ALTER FUNCTION {function} SET search_path = public, pg_temp")


def statements(model: type[models.Model]) -> list[str]:
    """The GRANTs of one model's table."""
    table = model._meta.db_table
    if table in INSERT_ONLY:
        columns = ", ".join(INSERT_ONLY[table])
        return [
            f'GRANT INSERT, SELECT ({columns}) ON "{table}" TO {APP}',
            f'GRANT SELECT, UPDATE ON "{table}" TO {READER}',
        ]
    writers = getattr(model, "written_by", ("app",))
    append_only = getattr(model, "append_only", False) or hasattr(model, "pgh_tracked_model")
    change = "SELECT, INSERT" if append_only else "SELECT, INSERT, UPDATE, DELETE"
    app = change if "app" in writers else "SELECT"
    made = [f'GRANT {app} ON "{table}" TO {APP}']
    if hasattr(model, "pgh_tracked_model"):
        tracked = model.pgh_tracked_model
        if "reader" in getattr(tracked, "written_by", ("app",)):
            made.append(f'GRANT SELECT, INSERT ON "{table}" TO {READER}')
    elif hasattr(model, "reader_columns"):
        said = [f"{right} ({columns})" if columns else right for right, columns in model.reader_columns.items()]
        made.append(f'GRANT {", ".join(said)} ON "{table}" TO {READER}')
    elif model._meta.app_label not in PRIVATE:
        made.append(f'GRANT {change if "reader" in writers else "SELECT"} ON "{table}" TO {READER}')
    return made
