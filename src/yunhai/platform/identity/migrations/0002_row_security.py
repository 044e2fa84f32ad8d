"""Rows about a person are that person's, and where they name a tenant, its staff's. A new person's first event is written
while nobody is signed in; an API client is found by its key before anybody is known."""

from typing import ClassVar

from django.db import migrations

from yunhai.platform.tenancy.rls import RowSecurity


class Migration(migrations.Migration):
    dependencies: ClassVar = [("identity", "0001_initial"), ("tenancy", "0002_row_security")]
    operations: ClassVar = [
        RowSecurity("PersonEvent", tenant="", person="pgh_obj_id", check="true"),
        RowSecurity("Membership", account="account", person="person_id"),
        RowSecurity("MembershipEvent", account="account", person="person_id"),
        RowSecurity("SigningKey", tenant="", person="person_id"),
        RowSecurity("SigningKeyEvent", tenant="", person="person_id"),
        RowSecurity("ApiClient", tenant="", person="person_id", also="key = current_setting('app.client', true)"),
        RowSecurity("ApiClientEvent", tenant="", person="person_id"),
    ]
