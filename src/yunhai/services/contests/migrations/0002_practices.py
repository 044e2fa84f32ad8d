"""Practices on a finished day, with who is shown them; odd lots in contests."""

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
"""As of a paper account: its person's, and the tenant's staff's."""


class Migration(migrations.Migration):
    dependencies = [
        ("contests", "0001_initial"),
        ("tenancy", "0003_certificates"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Practice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source", models.CharField(max_length=80)),
                (
                    "codes",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=24), size=None),
                ),
                ("odd_lots", models.BooleanField(default=False)),
                ("start_cash", models.BigIntegerField()),
                ("fee", models.BooleanField(default=True)),
                ("begins_ns", models.BigIntegerField()),
                ("ends_ns", models.BigIntegerField()),
                ("clock_at_ns", models.BigIntegerField(default=0)),
                ("clock_wall_ns", models.BigIntegerField(default=0)),
                ("clock_speed", models.IntegerField(default=0)),
                ("made_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="contest",
            name="insert_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="contest",
            name="update_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="contest",
            name="delete_delete",
        ),
        migrations.RemoveConstraint(
            model_name="paper",
            name="paper_personal_once",
        ),
        migrations.AddField(
            model_name="contest",
            name="odd_lots",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="contestevent",
            name="odd_lots",
            field=models.BooleanField(default=False),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="contest",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "contests_contestevent" ("begins_ns", "clock_at_ns", "clock_speed", "clock_wall_ns", "codes", "ends_ns", "fee", "final_hash", "final_position", "final_rows", "final_source", "id", "join_code", "kinds", "live", "made_at", "made_by_id", "name", "odd_lots", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "source", "start_cash", "state", "tenant_id", "text", "weight_drawdown", "weight_return", "weight_sharpe") VALUES (NEW."begins_ns", NEW."clock_at_ns", NEW."clock_speed", NEW."clock_wall_ns", NEW."codes", NEW."ends_ns", NEW."fee", NEW."final_hash", NEW."final_position", NEW."final_rows", NEW."final_source", NEW."id", NEW."join_code", NEW."kinds", NEW."live", NEW."made_at", NEW."made_by_id", NEW."name", NEW."odd_lots", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."source", NEW."start_cash", NEW."state", NEW."tenant_id", NEW."text", NEW."weight_drawdown", NEW."weight_return", NEW."weight_sharpe"); RETURN NULL;',
                    hash="f72e379d04e8079476d4324664797f61178eca1b",
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
                    func='INSERT INTO "contests_contestevent" ("begins_ns", "clock_at_ns", "clock_speed", "clock_wall_ns", "codes", "ends_ns", "fee", "final_hash", "final_position", "final_rows", "final_source", "id", "join_code", "kinds", "live", "made_at", "made_by_id", "name", "odd_lots", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "source", "start_cash", "state", "tenant_id", "text", "weight_drawdown", "weight_return", "weight_sharpe") VALUES (NEW."begins_ns", NEW."clock_at_ns", NEW."clock_speed", NEW."clock_wall_ns", NEW."codes", NEW."ends_ns", NEW."fee", NEW."final_hash", NEW."final_position", NEW."final_rows", NEW."final_source", NEW."id", NEW."join_code", NEW."kinds", NEW."live", NEW."made_at", NEW."made_by_id", NEW."name", NEW."odd_lots", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."source", NEW."start_cash", NEW."state", NEW."tenant_id", NEW."text", NEW."weight_drawdown", NEW."weight_return", NEW."weight_sharpe"); RETURN NULL;',
                    hash="e692710c5a853e1e92bf41e06cb2b53e2d4b8a10",
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
                    func='INSERT INTO "contests_contestevent" ("begins_ns", "clock_at_ns", "clock_speed", "clock_wall_ns", "codes", "ends_ns", "fee", "final_hash", "final_position", "final_rows", "final_source", "id", "join_code", "kinds", "live", "made_at", "made_by_id", "name", "odd_lots", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "source", "start_cash", "state", "tenant_id", "text", "weight_drawdown", "weight_return", "weight_sharpe") VALUES (OLD."begins_ns", OLD."clock_at_ns", OLD."clock_speed", OLD."clock_wall_ns", OLD."codes", OLD."ends_ns", OLD."fee", OLD."final_hash", OLD."final_position", OLD."final_rows", OLD."final_source", OLD."id", OLD."join_code", OLD."kinds", OLD."live", OLD."made_at", OLD."made_by_id", OLD."name", OLD."odd_lots", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."source", OLD."start_cash", OLD."state", OLD."tenant_id", OLD."text", OLD."weight_drawdown", OLD."weight_return", OLD."weight_sharpe"); RETURN NULL;',
                    hash="0a45fc19697b6a75f9ef7d6330762700ffbd7819",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_17ca3",
                    table="contests_contest",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddField(
            model_name="practice",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="practice",
            name="tenant",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenancy.tenant"),
        ),
        migrations.AddField(
            model_name="paper",
            name="practice",
            field=models.OneToOneField(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contests.practice"
            ),
        ),
        migrations.AddConstraint(
            model_name="paper",
            constraint=models.UniqueConstraint(
                condition=models.Q(("closed_at__isnull", True), ("contest__isnull", True), ("practice__isnull", True)),
                fields=("tenant", "person"),
                name="paper_personal_once",
            ),
        ),
        RowSecurity("Practice", tenant="", also=OWN_OR_STAFF),
    ]
