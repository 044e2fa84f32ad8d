import django.db.models.deletion
from django.db import migrations, models

from yunhai.platform.tenancy.rls import RowSecurity


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("tenancy", "0002_row_security"),
    ]

    operations = [
        migrations.CreateModel(
            name="Key",
            fields=[
                ("key", models.BigIntegerField(primary_key=True, serialize=False)),
                ("person", models.BigIntegerField()),
                ("public", models.BinaryField(max_length=65)),
                ("kind", models.TextField()),
                ("status", models.TextField()),
                ("until", models.BigIntegerField()),
                ("sequence", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Security",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "day", "code", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("day", models.DateField()),
                ("code", models.TextField()),
                ("name", models.TextField()),
                ("kind", models.TextField()),
                ("reference", models.IntegerField()),
                ("last", models.IntegerField(default=0)),
                ("shares", models.BigIntegerField(default=0)),
                ("value", models.BigIntegerField(default=0)),
                ("trades", models.IntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="Answer",
            fields=[
                ("sequence", models.BigIntegerField(primary_key=True, serialize=False)),
                ("account", models.BigIntegerField()),
                ("order_id", models.BigIntegerField()),
                ("kind", models.SmallIntegerField()),
                ("code", models.IntegerField()),
                ("state", models.SmallIntegerField()),
                ("price", models.IntegerField()),
                ("quantity", models.BigIntegerField()),
                ("filled", models.BigIntegerField()),
                ("leaves", models.BigIntegerField()),
                ("removed", models.BigIntegerField()),
                ("market_ns", models.BigIntegerField()),
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
                "indexes": [models.Index(fields=["order_id"], name="answer_order")],
            },
        ),
        migrations.CreateModel(
            name="Fill",
            fields=[
                ("sequence", models.BigIntegerField(primary_key=True, serialize=False)),
                ("account", models.BigIntegerField()),
                ("order_id", models.BigIntegerField()),
                ("trade", models.BigIntegerField()),
                ("day", models.DateField()),
                ("security", models.TextField()),
                ("segment", models.SmallIntegerField()),
                ("side", models.SmallIntegerField()),
                ("price", models.IntegerField()),
                ("quantity", models.BigIntegerField()),
                ("leaves", models.BigIntegerField()),
                ("liquidity", models.SmallIntegerField()),
                ("market_ns", models.BigIntegerField()),
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
                "indexes": [
                    models.Index(fields=["order_id"], name="fill_order"),
                    models.Index(fields=["trade"], name="fill_trade"),
                    models.Index(fields=["tenant", "account", "sequence"], name="fill_account"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Instruction",
            fields=[
                ("sequence", models.BigIntegerField(primary_key=True, serialize=False)),
                ("account", models.BigIntegerField()),
                ("number", models.BigIntegerField()),
                ("order_id", models.BigIntegerField()),
                ("action", models.SmallIntegerField()),
                ("code", models.IntegerField()),
                ("person", models.BigIntegerField()),
                ("key", models.BigIntegerField()),
                ("channel", models.SmallIntegerField()),
                ("client_id", models.UUIDField()),
                ("price", models.IntegerField()),
                ("quantity", models.BigIntegerField()),
                ("reserved_cash", models.BigIntegerField()),
                ("reserved_shares", models.BigIntegerField()),
                ("market_ns", models.BigIntegerField()),
                ("accepted_ns", models.BigIntegerField()),
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
                "indexes": [
                    models.Index(fields=["order_id"], name="instruction_order"),
                    models.Index(fields=["number"], name="instruction_number"),
                    models.Index(fields=["client_id"], name="instruction_client"),
                    models.Index(
                        condition=models.Q(("code__gt", 0)), fields=["tenant", "sequence"], name="instruction_refused"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Order",
            fields=[
                ("order_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("account", models.BigIntegerField()),
                ("person", models.BigIntegerField()),
                ("day", models.DateField()),
                ("security", models.TextField()),
                ("book", models.IntegerField()),
                ("segment", models.SmallIntegerField()),
                ("side", models.SmallIntegerField()),
                ("order_type", models.SmallIntegerField()),
                ("time_in_force", models.SmallIntegerField()),
                ("credit", models.SmallIntegerField()),
                ("channel", models.SmallIntegerField()),
                ("price", models.IntegerField()),
                ("quantity", models.BigIntegerField()),
                ("order_number", models.TextField()),
                ("told_by", models.TextField(null=True)),
                ("sequence", models.BigIntegerField()),
                ("accepted_ns", models.BigIntegerField()),
                ("market_ns", models.BigIntegerField()),
                ("filled", models.BigIntegerField()),
                ("value", models.BigIntegerField()),
                ("removed", models.BigIntegerField()),
                ("state", models.SmallIntegerField()),
                ("code", models.IntegerField()),
                ("last_sequence", models.BigIntegerField()),
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
                "indexes": [
                    models.Index(fields=["tenant", "account", "order_id"], name="order_account"),
                    models.Index(fields=["tenant", "day", "order_number"], name="order_number"),
                ],
            },
        ),
        RowSecurity("Order", account="account"),
        RowSecurity("Instruction", account="account"),
        RowSecurity("Answer", account="account"),
        RowSecurity("Fill", account="account"),
    ]
