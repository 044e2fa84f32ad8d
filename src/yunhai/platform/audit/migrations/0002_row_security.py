"""The look-up register is its tenant's."""

from typing import ClassVar

from django.db import migrations

from yunhai.platform.tenancy.rls import RowSecurity


class Migration(migrations.Migration):
    dependencies: ClassVar = [("audit", "0001_initial"), ("tenancy", "0002_row_security")]
    operations: ClassVar = [RowSecurity("Lookup", account="account")]
