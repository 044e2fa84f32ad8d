"""Proposals that two decide; and whom to tell by mail that a certificate ends.

The reader, which sends these mails, sees nobody's address. It is shown those of people who are to be told now, by a function
that answers no other role.
"""

from typing import ClassVar

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from yunhai.platform.console.models import OPERATOR_SEES
from yunhai.platform.tenancy.rls import MIGRATOR, READER, RowSecurity

SHOWN = f"(kind = 'interface' AND tenant_id = yunhai_tenant() AND yunhai_sees(0)) OR {OPERATOR_SEES}"
"""Staff of the broker see what is proposed for its interfaces; operators all of it."""
NOTICES = f"""
CREATE FUNCTION trust_notices(told integer[], most integer)
RETURNS TABLE (certificate bigint, profile text, serial bytea, not_after timestamptz, days integer, person bigint, address text, language text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT c.id, c.profile::text, c.serial, c.not_after, due.days, p.id, p.email::text, p.language::text
    FROM trust_certificate c
    JOIN identity_person p ON p.id = c.person_id AND p.is_active
    JOIN account_emailaddress a ON a.user_id = p.id AND a.verified AND lower(a.email) = lower(p.email)
    CROSS JOIN LATERAL (
        SELECT min(one) AS days FROM unnest(told) AS one WHERE c.not_after <= now() + make_interval(days => one)
    ) AS due
    WHERE session_user IN ('{READER}', '{MIGRATOR}')
      AND c.status = 'valid' AND c.not_after > now() AND due.days IS NOT NULL
      AND (c.told_days IS NULL OR c.told_days > due.days)
      AND NOT EXISTS (SELECT 1 FROM trust_certificate r WHERE r.renews_id = c.id)
    ORDER BY p.id, c.not_after, c.id LIMIT most
$$;
"""  # noqa: S608 - roles that are constants


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("account", "0009_emailaddress_unique_primary_email"),
        ("console", "0001_initial"),
        ("identity", "0004_used_codes"),
        ("pghistory", "0007_auto_20250421_0444"),
        ("tenancy", "0003_certificates"),
        ("trust", "0004_ends"),
    ]

    operations: ClassVar = [
        migrations.AddField(
            model_name="certificate",
            name="told_days",
            field=models.SmallIntegerField(null=True),
        ),
        migrations.CreateModel(
            name="Proposal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(choices=[("interface", "interface"), ("demand_off", "demand_off")], max_length=10),
                ),
                ("what", models.JSONField(default=dict)),
                ("reason", models.CharField(blank=True, max_length=200)),
                (
                    "status",
                    models.CharField(
                        choices=[("open", "open"), ("approved", "approved"), ("refused", "refused")],
                        default="open",
                        max_length=8,
                    ),
                ),
                ("proposed_by", models.BigIntegerField()),
                ("proposed_at", models.DateTimeField(auto_now_add=True)),
                ("decided_by", models.BigIntegerField(default=0)),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "certificate",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="trust.certificate"
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
            name="ProposalEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
                (
                    "kind",
                    models.CharField(choices=[("interface", "interface"), ("demand_off", "demand_off")], max_length=10),
                ),
                ("what", models.JSONField(default=dict)),
                ("reason", models.CharField(blank=True, max_length=200)),
                (
                    "status",
                    models.CharField(
                        choices=[("open", "open"), ("approved", "approved"), ("refused", "refused")],
                        default="open",
                        max_length=8,
                    ),
                ),
                ("proposed_by", models.BigIntegerField()),
                ("proposed_at", models.DateTimeField(auto_now_add=True)),
                ("decided_by", models.BigIntegerField(default=0)),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "certificate",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="trust.certificate",
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
                        to="trust.proposal",
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
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(("decided_by", models.F("proposed_by")), ("status", "approved"), _negated=True),
                name="trust_proposal_by_two",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "demand_off"), ("status", "open")),
                fields=("tenant",),
                name="trust_proposal_off_once",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="proposal",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "trust_proposalevent" ("certificate_id", "decided_at", "decided_by", "id", "kind", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "proposed_at", "proposed_by", "reason", "status", "tenant_id", "what") VALUES (NEW."certificate_id", NEW."decided_at", NEW."decided_by", NEW."id", NEW."kind", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."proposed_at", NEW."proposed_by", NEW."reason", NEW."status", NEW."tenant_id", NEW."what"); RETURN NULL;',
                    hash="9bd4054173cf9ee9ace52e2c22f12750c7adf0b8",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_e2ff7",
                    table="trust_proposal",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="proposal",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "trust_proposalevent" ("certificate_id", "decided_at", "decided_by", "id", "kind", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "proposed_at", "proposed_by", "reason", "status", "tenant_id", "what") VALUES (NEW."certificate_id", NEW."decided_at", NEW."decided_by", NEW."id", NEW."kind", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."proposed_at", NEW."proposed_by", NEW."reason", NEW."status", NEW."tenant_id", NEW."what"); RETURN NULL;',
                    hash="0db6989986ac53b613e7e6853d6f7e3cf740e594",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_5abcb",
                    table="trust_proposal",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="proposal",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "trust_proposalevent" ("certificate_id", "decided_at", "decided_by", "id", "kind", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "proposed_at", "proposed_by", "reason", "status", "tenant_id", "what") VALUES (OLD."certificate_id", OLD."decided_at", OLD."decided_by", OLD."id", OLD."kind", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."proposed_at", OLD."proposed_by", OLD."reason", OLD."status", OLD."tenant_id", OLD."what"); RETURN NULL;',
                    hash="c2f5578774e8a2bb7a4f8bdd247a34b8600259e5",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_93027",
                    table="trust_proposal",
                    when="AFTER",
                ),
            ),
        ),
        RowSecurity("Proposal", tenant="", also=SHOWN),
        RowSecurity("ProposalEvent", tenant="", also=SHOWN),
        migrations.RunSQL(NOTICES, "DROP FUNCTION trust_notices(integer[], integer)"),
    ]
