import django.db.models.deletion
from django.db import migrations, models

from yunhai.platform.tenancy.rls import RowSecurity
from yunhai.services.ledger import sql


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("tenancy", "0002_row_security"),
    ]

    operations = [
        migrations.CreateModel(
            name="Offset",
            fields=[
                ("name", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("journal", models.BinaryField(max_length=16)),
                ("sequence", models.BigIntegerField(default=0)),
                ("group", models.BigIntegerField(default=0)),
                ("chain", models.BinaryField(max_length=32)),
                ("wall_ns", models.BigIntegerField(default=0)),
                ("postings", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="Balance",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "tenant",
                        "account",
                        "bucket",
                        "asset",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("account", models.BigIntegerField()),
                ("bucket", models.SmallIntegerField()),
                ("asset", models.TextField()),
                ("balance", models.BigIntegerField()),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tenancy.tenant",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Posting",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "sequence", "line", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("sequence", models.BigIntegerField()),
                ("line", models.SmallIntegerField()),
                ("account", models.BigIntegerField()),
                ("kind", models.SmallIntegerField()),
                ("asset", models.TextField()),
                ("debit", models.SmallIntegerField()),
                ("credit", models.SmallIntegerField()),
                ("amount", models.BigIntegerField()),
                ("order_id", models.BigIntegerField()),
                ("trade", models.BigIntegerField()),
                ("settles_on", models.DateField(null=True)),
                ("day", models.DateField(null=True)),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tenancy.tenant",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["tenant", "account", "sequence"], name="posting_account")],
            },
        ),
        RowSecurity("Posting", account="account"),
        RowSecurity("Balance", account="account"),
        migrations.RunSQL(sql.CREATE, sql.DROP),
    ]
