"""A branch is its tenant's."""

from typing import ClassVar

from django.db import migrations

from yunhai.platform.tenancy.rls import RowSecurity


class Migration(migrations.Migration):
    dependencies: ClassVar = [("tenancy", "0001_initial")]
    operations: ClassVar = [
        RowSecurity("Branch"),
        RowSecurity("BranchEvent"),
    ]
