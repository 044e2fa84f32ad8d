import django.db.models.deletion
from django.db import migrations, models

from yunhai.platform.tenancy.rls import RowSecurity
from yunhai.services.settlement import sql


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("ledger", "0001_initial"),
        ("tenancy", "0002_row_security"),
    ]

    operations = [
        migrations.CreateModel(
            name="MarketDay",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
                ("settles_on", models.DateField()),
                ("pack", models.TextField()),
                ("mode", models.TextField()),
                ("clock", models.TextField()),
                ("sequence", models.BigIntegerField()),
                ("market_ns", models.BigIntegerField()),
                ("wall_ns", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Step",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "day", "step", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("day", models.DateField()),
                ("step", models.TextField()),
                ("sequence", models.BigIntegerField()),
                ("by", models.BigIntegerField()),
                ("market_ns", models.BigIntegerField()),
                ("wall_ns", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Obligation",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "tenant",
                        "account",
                        "settles_on",
                        "asset",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("account", models.BigIntegerField()),
                ("settles_on", models.DateField()),
                ("asset", models.TextField()),
                ("owed", models.BigIntegerField()),
                ("due", models.BigIntegerField()),
                ("settled_owed", models.BigIntegerField()),
                ("settled_due", models.BigIntegerField()),
                ("fee", models.BigIntegerField()),
                ("tax", models.BigIntegerField()),
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
        RowSecurity("Obligation", account="account"),
        migrations.RunSQL(sql.CREATE, sql.DROP),
    ]
