"""Evidence of instructions: rows of the follower of the journal, seen by the person and by staff of the broker."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from yunhai.platform.console.models import OPERATOR_SEES
from yunhai.platform.tenancy.rls import RowSecurity

STAFF = "(tenant_id = yunhai_tenant() AND yunhai_sees(0))"
"""Staff of the broker; `yunhai_sees(0)` is true of nobody else."""


class Migration(migrations.Migration):
    dependencies = [
        ("pghistory", "0007_auto_20250421_0444"),
        ("tenancy", "0003_certificates"),
        ("trust", "0002_row_security"),
        ("console", "0001_initial"),
        ("outbox", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="EvidenceCheckpoint",
            fields=[
                ("sequence", models.BigIntegerField(primary_key=True, serialize=False)),
                ("group", models.BigIntegerField()),
                ("statement", models.BinaryField()),
                ("token", models.BinaryField()),
                ("stamped_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="EvidenceKey",
            fields=[
                ("key", models.BigIntegerField(primary_key=True, serialize=False)),
                ("certificate", models.BigIntegerField()),
                ("sha256", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="EvidenceMark",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("journal", models.BinaryField()),
                ("sequence", models.BigIntegerField()),
                ("group", models.BigIntegerField()),
                ("chain", models.BinaryField()),
                ("heads", models.JSONField()),
            ],
        ),
        migrations.CreateModel(
            name="EvidenceDeleted",
            fields=[
                ("sequence", models.BigIntegerField(primary_key=True, serialize=False)),
                ("number", models.BigIntegerField()),
                ("account", models.BigIntegerField()),
                ("person", models.BigIntegerField()),
                ("sha256", models.BinaryField(null=True)),
                ("accepted_ns", models.BigIntegerField()),
                ("deleted_at", models.DateTimeField(auto_now_add=True)),
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
            name="EvidenceHold",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.BigIntegerField()),
                ("reason", models.CharField(max_length=200)),
                ("by", models.BigIntegerField()),
                ("made_at", models.DateTimeField(auto_now_add=True)),
                ("released_at", models.DateTimeField(null=True)),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenancy.tenant"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="EvidenceHoldEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
                ("number", models.BigIntegerField()),
                ("reason", models.CharField(max_length=200)),
                ("by", models.BigIntegerField()),
                ("made_at", models.DateTimeField(auto_now_add=True)),
                ("released_at", models.DateTimeField(null=True)),
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
                        to="trust.evidencehold",
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
            name="Evidence",
            fields=[
                ("sequence", models.BigIntegerField(primary_key=True, serialize=False)),
                ("account", models.BigIntegerField()),
                ("person", models.BigIntegerField()),
                ("number", models.BigIntegerField(unique=True)),
                ("order_id", models.BigIntegerField()),
                ("key", models.BigIntegerField()),
                ("certificate", models.BigIntegerField()),
                ("accepted_ns", models.BigIntegerField()),
                ("record", models.BinaryField()),
                ("head", models.BinaryField()),
                ("state", models.SmallIntegerField(default=0)),
                ("bundle", models.BinaryField(null=True)),
                ("sha256", models.BinaryField(null=True)),
                ("stamped_at", models.DateTimeField(null=True)),
                ("outbox", models.BigIntegerField(default=0)),
                ("seal", models.BigIntegerField(default=0)),
                ("tries", models.IntegerField(default=0)),
                ("tried_at", models.DateTimeField(null=True)),
                ("code", models.IntegerField(default=0)),
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
                (
                    "checkpoint",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="trust.evidencecheckpoint",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["order_id"], name="evidence_order"),
                    models.Index(fields=["tenant", "account", "-sequence"], name="evidence_account"),
                    models.Index(condition=models.Q(("state__lt", 4)), fields=["sequence"], name="evidence_open"),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="evidencehold",
            constraint=models.UniqueConstraint(
                condition=models.Q(("released_at__isnull", True)), fields=("number",), name="evidence_held_once"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="evidencehold",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "trust_evidenceholdevent" ("by", "id", "made_at", "number", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "released_at", "tenant_id") VALUES (NEW."by", NEW."id", NEW."made_at", NEW."number", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."reason", NEW."released_at", NEW."tenant_id"); RETURN NULL;',
                    hash="ef8c13b319f965b593e04d28f6cd3d459a43408e",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_7b381",
                    table="trust_evidencehold",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="evidencehold",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "trust_evidenceholdevent" ("by", "id", "made_at", "number", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "released_at", "tenant_id") VALUES (NEW."by", NEW."id", NEW."made_at", NEW."number", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."reason", NEW."released_at", NEW."tenant_id"); RETURN NULL;',
                    hash="81a310e6f219044e0447586bdd8d26216aae8e2b",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_b4fef",
                    table="trust_evidencehold",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="evidencehold",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "trust_evidenceholdevent" ("by", "id", "made_at", "number", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "released_at", "tenant_id") VALUES (OLD."by", OLD."id", OLD."made_at", OLD."number", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."reason", OLD."released_at", OLD."tenant_id"); RETURN NULL;',
                    hash="9e995edae79367bcca8c12784682cb9b715f4781",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_eb7a7",
                    table="trust_evidencehold",
                    when="AFTER",
                ),
            ),
        ),
        RowSecurity("Evidence", account="account", person="person", also=OPERATOR_SEES),
        RowSecurity("EvidenceDeleted", account="account", person="person", also=OPERATOR_SEES),
        RowSecurity("EvidenceHold", tenant="", also=STAFF),
        RowSecurity("EvidenceHoldEvent", tenant="", also=STAFF),
        RowSecurity("EvidenceCheckpoint", tenant="", also="true"),
        RowSecurity("EvidenceKey", tenant="", also="false"),
        RowSecurity("EvidenceMark", tenant="", also="false"),
    ]
