"""The study's matrix, planted."""

from typing import Any, ClassVar

from django.db import migrations

from yunhai.platform.entitlements.seed import plant


def _plant(apps: Any, editor: Any) -> None:
    plant(apps.get_model("entitlements", "Service"), apps.get_model("entitlements", "Cell"))


class Migration(migrations.Migration):
    dependencies: ClassVar = [("entitlements", "0001_initial")]
    operations: ClassVar = [migrations.RunPython(_plant, migrations.RunPython.noop)]
