"""Sessions of the exchange lines, so that a timeline can say on which one an instruction went."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("orders", "0002_others_words")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="LineSession",
            fields=[
                ("sequence", models.BigIntegerField(primary_key=True, serialize=False)),
                ("line", models.TextField()),
                ("state", models.TextField()),
                ("reason", models.IntegerField()),
                ("market_ns", models.BigIntegerField()),
                ("wall_ns", models.BigIntegerField()),
            ],
            options={"indexes": [models.Index(fields=["line", "sequence"], name="line_session")]},
        ),
    ]
