"""Bookmarks: shown by the database to their person, in the tenant they were made in, and to nobody else."""

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from yunhai.platform.tenancy.rls import RowSecurity


class Migration(migrations.Migration):
    initial = True

    dependencies: ClassVar = [
        ("tenancy", "0002_row_security"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations: ClassVar = [
        migrations.CreateModel(
            name="Bookmark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80)),
                ("note", models.CharField(blank=True, max_length=500)),
                ("link", models.CharField(max_length=2000)),
                ("at_ns", models.BigIntegerField()),
                ("made_at", models.DateTimeField(auto_now_add=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
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
                "indexes": [models.Index(fields=["tenant", "person"], name="bookmark_of_person")],
            },
        ),
        RowSecurity("Bookmark", tenant="", also="tenant_id = yunhai_tenant() AND person_id = yunhai_person()"),
    ]
