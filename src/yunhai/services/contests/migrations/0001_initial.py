"""Contests, steps, paper accounts and their instructions, with who is shown them."""

import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

from yunhai.platform.tenancy.rls import RowSecurity

OWN_OR_STAFF = (
    "tenant_id = yunhai_tenant() AND (person_id = yunhai_person() OR current_setting('app.accounts', true) = '*')"
)
"""A paper account and its instructions: their person's, and the tenant's staff's."""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("pghistory", "0007_auto_20250421_0444"),
        ("tenancy", "0003_certificates"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Contest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60)),
                ("text", models.CharField(blank=True, max_length=2000)),
                ("source", models.CharField(max_length=80)),
                ("live", models.BooleanField(default=False)),
                (
                    "codes",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=24), size=None),
                ),
                ("start_cash", models.BigIntegerField()),
                ("fee", models.BooleanField(default=True)),
                (
                    "kinds",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=12), size=None),
                ),
                ("begins_ns", models.BigIntegerField()),
                ("ends_ns", models.BigIntegerField()),
                ("weight_return", models.SmallIntegerField(default=60)),
                ("weight_drawdown", models.SmallIntegerField(default=20)),
                ("weight_sharpe", models.SmallIntegerField(default=20)),
                ("join_code", models.CharField(max_length=8)),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "draft"), ("open", "open"), ("frozen", "frozen"), ("ended", "ended")],
                        default="draft",
                        max_length=6,
                    ),
                ),
                ("clock_at_ns", models.BigIntegerField(default=0)),
                ("clock_wall_ns", models.BigIntegerField(default=0)),
                ("clock_speed", models.IntegerField(default=0)),
                ("made_at", models.DateTimeField(auto_now_add=True)),
                ("final_position", models.BigIntegerField(null=True)),
                ("final_source", models.CharField(blank=True, max_length=64)),
                ("final_hash", models.CharField(blank=True, max_length=64)),
                ("final_rows", models.JSONField(null=True)),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenancy.tenant"
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="ContestEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
                ("name", models.CharField(max_length=60)),
                ("text", models.CharField(blank=True, max_length=2000)),
                ("source", models.CharField(max_length=80)),
                ("live", models.BooleanField(default=False)),
                (
                    "codes",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=24), size=None),
                ),
                ("start_cash", models.BigIntegerField()),
                ("fee", models.BooleanField(default=True)),
                (
                    "kinds",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=12), size=None),
                ),
                ("begins_ns", models.BigIntegerField()),
                ("ends_ns", models.BigIntegerField()),
                ("weight_return", models.SmallIntegerField(default=60)),
                ("weight_drawdown", models.SmallIntegerField(default=20)),
                ("weight_sharpe", models.SmallIntegerField(default=20)),
                ("join_code", models.CharField(max_length=8)),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "draft"), ("open", "open"), ("frozen", "frozen"), ("ended", "ended")],
                        default="draft",
                        max_length=6,
                    ),
                ),
                ("clock_at_ns", models.BigIntegerField(default=0)),
                ("clock_wall_ns", models.BigIntegerField(default=0)),
                ("clock_speed", models.IntegerField(default=0)),
                ("made_at", models.DateTimeField(auto_now_add=True)),
                ("final_position", models.BigIntegerField(null=True)),
                ("final_source", models.CharField(blank=True, max_length=64)),
                ("final_hash", models.CharField(blank=True, max_length=64)),
                ("final_rows", models.JSONField(null=True)),
                (
                    "made_by",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="contests.contest",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="tenancy.tenant",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Paper",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40)),
                ("start_cash", models.BigIntegerField()),
                ("fee", models.BooleanField(default=True)),
                ("made_at", models.DateTimeField(auto_now_add=True)),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "contest",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contests.contest"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenancy.tenant"
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="PaperOrder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.IntegerField()),
                (
                    "action",
                    models.CharField(
                        choices=[("new", "new"), ("cancel", "cancel"), ("cut", "cut"), ("reprice", "reprice")],
                        max_length=7,
                    ),
                ),
                ("target", models.IntegerField(default=0)),
                ("source", models.CharField(max_length=80)),
                ("position", models.BigIntegerField()),
                ("market_ns", models.BigIntegerField()),
                ("code", models.CharField(blank=True, max_length=24)),
                ("side", models.SmallIntegerField(default=0)),
                ("order_type", models.SmallIntegerField(default=0)),
                ("time_in_force", models.SmallIntegerField(default=0)),
                ("price", models.IntegerField(default=0)),
                ("quantity", models.BigIntegerField(default=0)),
                ("at", models.DateTimeField(auto_now_add=True)),
                (
                    "paper",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contests.paper"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenancy.tenant"
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="Step",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "step",
                    models.CharField(
                        choices=[
                            ("made", "made"),
                            ("changed", "changed"),
                            ("opened", "opened"),
                            ("frozen", "frozen"),
                            ("resumed", "resumed"),
                            ("ended", "ended"),
                            ("clock-started", "clock-started"),
                            ("clock-paused", "clock-paused"),
                            ("clock-moved", "clock-moved"),
                        ],
                        max_length=14,
                    ),
                ),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("market_ns", models.BigIntegerField(default=0)),
                ("speed", models.IntegerField(default=0)),
                (
                    "contest",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contests.contest"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenancy.tenant"
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.AddConstraint(
            model_name="contest",
            constraint=models.UniqueConstraint(fields=("tenant", "join_code"), name="contest_join_code_once"),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="contest",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "contests_contestevent" ("begins_ns", "clock_at_ns", "clock_speed", "clock_wall_ns", "codes", "ends_ns", "fee", "final_hash", "final_position", "final_rows", "final_source", "id", "join_code", "kinds", "live", "made_at", "made_by_id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "source", "start_cash", "state", "tenant_id", "text", "weight_drawdown", "weight_return", "weight_sharpe") VALUES (NEW."begins_ns", NEW."clock_at_ns", NEW."clock_speed", NEW."clock_wall_ns", NEW."codes", NEW."ends_ns", NEW."fee", NEW."final_hash", NEW."final_position", NEW."final_rows", NEW."final_source", NEW."id", NEW."join_code", NEW."kinds", NEW."live", NEW."made_at", NEW."made_by_id", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."source", NEW."start_cash", NEW."state", NEW."tenant_id", NEW."text", NEW."weight_drawdown", NEW."weight_return", NEW."weight_sharpe"); RETURN NULL;',
                    hash="16cd5100b016e31b2a7331fe2a6e4bfdb2820a88",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_807cf",
                    table="contests_contest",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="contest",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "contests_contestevent" ("begins_ns", "clock_at_ns", "clock_speed", "clock_wall_ns", "codes", "ends_ns", "fee", "final_hash", "final_position", "final_rows", "final_source", "id", "join_code", "kinds", "live", "made_at", "made_by_id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "source", "start_cash", "state", "tenant_id", "text", "weight_drawdown", "weight_return", "weight_sharpe") VALUES (NEW."begins_ns", NEW."clock_at_ns", NEW."clock_speed", NEW."clock_wall_ns", NEW."codes", NEW."ends_ns", NEW."fee", NEW."final_hash", NEW."final_position", NEW."final_rows", NEW."final_source", NEW."id", NEW."join_code", NEW."kinds", NEW."live", NEW."made_at", NEW."made_by_id", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."source", NEW."start_cash", NEW."state", NEW."tenant_id", NEW."text", NEW."weight_drawdown", NEW."weight_return", NEW."weight_sharpe"); RETURN NULL;',
                    hash="f7b8961ee3c51ab7be5c380dbe0c212a54bfeee2",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_96d26",
                    table="contests_contest",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="contest",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "contests_contestevent" ("begins_ns", "clock_at_ns", "clock_speed", "clock_wall_ns", "codes", "ends_ns", "fee", "final_hash", "final_position", "final_rows", "final_source", "id", "join_code", "kinds", "live", "made_at", "made_by_id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "source", "start_cash", "state", "tenant_id", "text", "weight_drawdown", "weight_return", "weight_sharpe") VALUES (OLD."begins_ns", OLD."clock_at_ns", OLD."clock_speed", OLD."clock_wall_ns", OLD."codes", OLD."ends_ns", OLD."fee", OLD."final_hash", OLD."final_position", OLD."final_rows", OLD."final_source", OLD."id", OLD."join_code", OLD."kinds", OLD."live", OLD."made_at", OLD."made_by_id", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."source", OLD."start_cash", OLD."state", OLD."tenant_id", OLD."text", OLD."weight_drawdown", OLD."weight_return", OLD."weight_sharpe"); RETURN NULL;',
                    hash="5cc6edce9415398fa0648e98acd86f075c8c1f29",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_17ca3",
                    table="contests_contest",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="paper",
            constraint=models.UniqueConstraint(fields=("contest", "person"), name="paper_of_contest_once"),
        ),
        migrations.AddConstraint(
            model_name="paper",
            constraint=models.UniqueConstraint(
                condition=models.Q(("closed_at__isnull", True), ("contest__isnull", True)),
                fields=("tenant", "person"),
                name="paper_personal_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="paperorder",
            constraint=models.UniqueConstraint(fields=("paper", "source", "number"), name="paper_order_number_once"),
        ),
        RowSecurity("Contest"),
        RowSecurity("ContestEvent"),
        RowSecurity("Step"),
        RowSecurity("Paper", tenant="", also=OWN_OR_STAFF),
        RowSecurity("PaperOrder", tenant="", also=OWN_OR_STAFF),
    ]
