"""Sessions with who and where in columns. Whoever is signed in signs in once more.

The reader's hourly task clears ended ones by a function, which deletes them and shows nothing.
"""

from typing import ClassVar

from django.db import migrations, models

CLEAR = """
CREATE FUNCTION identity_clear_sessions() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH ended AS (DELETE FROM identity_session WHERE expire_date < now() RETURNING 1) SELECT count(*) FROM ended
$$;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("identity", "0002_row_security")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="Session",
            fields=[
                (
                    "session_key",
                    models.CharField(max_length=40, primary_key=True, serialize=False, verbose_name="session key"),
                ),
                ("session_data", models.TextField(verbose_name="session data")),
                ("expire_date", models.DateTimeField(db_index=True, verbose_name="expire date")),
                ("sid", models.CharField(max_length=32, unique=True)),
                ("person", models.BigIntegerField(default=0)),
                ("tenant", models.BigIntegerField(default=0)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["tenant", "-expire_date", "-sid"], name="session_of_tenant"),
                ],
            },
        ),
        migrations.RunSQL("DROP TABLE IF EXISTS django_session", migrations.RunSQL.noop),
        migrations.RunSQL(CLEAR, "DROP FUNCTION identity_clear_sessions()"),
    ]
