"""What somebody else sent under an account's number, and the gate refused before it knew of a right to the account, is no
part of that account's history: its owner is not shown it. Staff are, and so is whoever sent it about an account of theirs."""

from typing import ClassVar

from django.db import migrations

SHOWN = "tenant_id = yunhai_tenant() AND yunhai_sees(account)"
UNSIGNED = "code IN (6100, 6101, 6102, 6105, 6106, 6115)"
"""As `yunhai.trading.books.orders.UNSIGNED_CODES`."""
POLICY = "ALTER POLICY app ON orders_instruction USING ({shown}) WITH CHECK ({shown})"


class Migration(migrations.Migration):
    dependencies: ClassVar = [("orders", "0001_initial")]
    operations: ClassVar = [
        migrations.RunSQL(
            POLICY.format(shown=f"{SHOWN} AND (NOT {UNSIGNED} OR person = yunhai_person() OR yunhai_sees(0))"),
            POLICY.format(shown=SHOWN),
        ),
    ]
