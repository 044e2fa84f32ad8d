"""A record is its broker's, and of a customer's rows a customer sees only their own."""

from typing import ClassVar

from django.db import migrations

from yunhai.platform.tenancy.rls import RowSecurity


class Migration(migrations.Migration):
    dependencies: ClassVar = [("desk", "0001_initial"), ("tenancy", "0002_row_security")]
    operations: ClassVar = [RowSecurity("Record", account="account")]
