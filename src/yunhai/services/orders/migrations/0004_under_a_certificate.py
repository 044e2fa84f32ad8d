"""What was refused for its certificate or the consent to it was refused before a right to the account was known, too: the
account's owner is not shown it."""

from typing import ClassVar

from django.db import migrations

SHOWN = "tenant_id = yunhai_tenant() AND yunhai_sees(account)"
BEFORE = "6100, 6101, 6102, 6105, 6106, 6115"
UNSIGNED = "6100, 6101, 6102, 6105, 6106, 6115, 6170, 6171, 6172, 6173, 6174, 6175, 6176"
"""As `yunhai.trading.books.orders.UNSIGNED_CODES`."""
POLICY = "ALTER POLICY app ON orders_instruction USING ({shown}) WITH CHECK ({shown})"


def _policy(codes: str) -> str:
    unsigned = f"code IN ({codes})"
    return POLICY.format(shown=f"{SHOWN} AND (NOT {unsigned} OR person = yunhai_person() OR yunhai_sees(0))")


class Migration(migrations.Migration):
    dependencies: ClassVar = [("orders", "0003_line_sessions")]
    operations: ClassVar = [migrations.RunSQL(_policy(UNSIGNED), _policy(BEFORE))]
