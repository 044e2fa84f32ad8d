"""The functions that policies call, and tenancy's own policies."""

from typing import ClassVar

from django.db import migrations

from yunhai.platform.tenancy.rls import DROP_FUNCTIONS, FUNCTIONS, RowSecurity


class Migration(migrations.Migration):
    dependencies: ClassVar = [("tenancy", "0001_initial")]
    operations: ClassVar = [
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        RowSecurity("Branch"),
        RowSecurity("BranchEvent"),
    ]
