"""A change may be of a certificate profile's life."""

from typing import ClassVar

from django.db import migrations, models

from yunhai.platform.tenancy.models import choices

SUBJECTS = ("tenant", "branch", "cell", "line", "pool", "pack", "member", "session", "day", "profile")


class Migration(migrations.Migration):
    dependencies: ClassVar = [("console", "0002_row_security")]
    operations: ClassVar = [
        migrations.AlterField("Change", "subject", models.CharField(max_length=8, choices=choices(SUBJECTS))),
    ]
