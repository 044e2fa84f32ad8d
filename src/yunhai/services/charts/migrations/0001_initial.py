"""A person's drawings and what their charts open with: shown to that person alone."""

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
            name="Chosen",
            fields=[
                (
                    "person",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("indicators", models.CharField(blank=True, max_length=600)),
                ("span", models.CharField(default="1d", max_length=4)),
                ("adjusted", models.CharField(default="raw", max_length=8)),
            ],
        ),
        migrations.CreateModel(
            name="Drawing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=24)),
                (
                    "kind",
                    models.CharField(choices=[("trend", "trend"), ("horizontal", "horizontal")], max_length=10),
                ),
                ("first_ns", models.BigIntegerField()),
                ("first_price", models.BigIntegerField()),
                ("second_ns", models.BigIntegerField(null=True)),
                ("second_price", models.BigIntegerField(null=True)),
                ("made_at", models.DateTimeField(auto_now_add=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={"ordering": ("id",)},
        ),
        migrations.AddIndex(
            model_name="drawing",
            index=models.Index(fields=["person", "code"], name="drawing_of_person"),
        ),
        RowSecurity("Drawing", tenant="", person="person_id"),
        RowSecurity("Chosen", tenant="", person="person_id"),
    ]
