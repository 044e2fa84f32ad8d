"""A line is shown to its owner; lines, pools and the record of changes to the exchange's operators, who alone write them."""

from typing import ClassVar

from django.db import migrations

from yunhai.platform.console.models import OPERATOR_SEES
from yunhai.platform.tenancy.rls import RowSecurity


class Migration(migrations.Migration):
    dependencies: ClassVar = [("console", "0001_initial"), ("tenancy", "0002_row_security")]
    operations: ClassVar = [
        RowSecurity("Line", also=OPERATOR_SEES, check=OPERATOR_SEES),
        RowSecurity("LineEvent", tenant="", also=OPERATOR_SEES),
        RowSecurity("Terminal", also=OPERATOR_SEES, check=OPERATOR_SEES),
        RowSecurity("TerminalEvent", tenant="", also=OPERATOR_SEES),
        RowSecurity("Pool", tenant="", also=OPERATOR_SEES),
        RowSecurity("PoolEvent", tenant="", also=OPERATOR_SEES),
        RowSecurity("Change", tenant="", also=OPERATOR_SEES),
    ]
