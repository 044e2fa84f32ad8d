"""Where in the journal certificates were revoked, and which of these places an evidence file has to show."""

from django.db import migrations, models

from yunhai.platform.tenancy.rls import RowSecurity


class Migration(migrations.Migration):
    dependencies = [("trust", "0005_two_and_told")]

    operations = [
        migrations.CreateModel(
            name="EvidenceRevocation",
            fields=[
                ("sequence", models.BigIntegerField(primary_key=True, serialize=False)),
                ("certificate", models.BigIntegerField(db_index=True)),
                ("at_ns", models.BigIntegerField()),
                ("chained", models.BigIntegerField()),
                ("head", models.BinaryField()),
            ],
        ),
        migrations.AddField(
            model_name="evidence",
            name="revocation",
            field=models.BigIntegerField(default=0),
        ),
        RowSecurity("EvidenceRevocation", tenant="", also="true"),
    ]
