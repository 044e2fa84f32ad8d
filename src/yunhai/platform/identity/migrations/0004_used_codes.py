"""Codes of authenticator apps that counted, for every web process."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("identity", "0003_sessions")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="UsedCode",
            fields=[
                ("mark", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("until", models.DateTimeField(db_index=True)),
            ],
        ),
    ]
