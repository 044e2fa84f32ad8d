"""Alerts and their firings: shown by the database to their person alone."""

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from yunhai.platform.tenancy.rls import RowSecurity


def _person() -> models.ForeignKey:  # type: ignore[type-arg]
    return models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL)


class Migration(migrations.Migration):
    initial = True

    dependencies: ClassVar = [
        ("tenancy", "0002_row_security"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Alert",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("security", models.CharField(max_length=12)),
                ("kind", models.CharField(max_length=12)),
                ("threshold", models.BigIntegerField()),
                ("state", models.CharField(default="armed", max_length=8)),
                ("repeat", models.BooleanField(default=False)),
                ("note", models.CharField(blank=True, max_length=80)),
                ("expires_on", models.DateField(null=True)),
                ("from_sequence", models.BigIntegerField(null=True)),
                ("held", models.BooleanField(default=False)),
                ("arming", models.IntegerField(default=1)),
                ("fired_ns", models.BigIntegerField(default=0)),
                ("watch", models.CharField(blank=True, max_length=120)),
                ("made_at", models.DateTimeField(auto_now_add=True)),
                ("removed_at", models.DateTimeField(null=True)),
                ("person", _person()),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="Firing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("security", models.CharField(max_length=12)),
                ("kind", models.CharField(max_length=12)),
                ("threshold", models.BigIntegerField()),
                ("note", models.CharField(blank=True, max_length=80)),
                ("sequence", models.BigIntegerField()),
                ("value", models.BigIntegerField()),
                ("price", models.BigIntegerField()),
                ("market_ns", models.BigIntegerField()),
                ("day", models.DateField()),
                ("seen", models.BooleanField(default=False)),
                (
                    "alert",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="firings",
                        to="alerts.alert",
                    ),
                ),
                ("person", _person()),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(
                condition=models.Q(("removed_at__isnull", True), ("state", "armed")),
                fields=["kind", "id"],
                name="alert_armed",
            ),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(
                condition=models.Q(("from_sequence__isnull", True), ("removed_at__isnull", True), ("state", "armed")),
                fields=["id"],
                name="alert_to_arm",
            ),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(fields=["person"], name="alert_person"),
        ),
        migrations.AddIndex(
            model_name="firing",
            index=models.Index(fields=["person", "id"], name="alert_firing_person"),
        ),
        migrations.AddConstraint(
            model_name="firing",
            constraint=models.UniqueConstraint(fields=("alert", "sequence", "market_ns"), name="alert_firing_once"),
        ),
        RowSecurity("Alert", tenant="", person="person_id"),
        RowSecurity("Firing", tenant="", person="person_id"),
    ]
