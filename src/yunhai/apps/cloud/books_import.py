"""Opening balances from a file into the journal: checked whole, then sent to the core in parts.

The core takes a part once, by its batch and number; so an import that broke off is simply run again. Which accounts there
are is asked of the accounts' table: what the core has not heard of yet (the outbox is on its way) it refuses itself.
"""

from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from yunhai.apps.cloud.database_url import connection_arguments
from yunhai.apps.cloud.inner import Inner
from yunhai.apps.cloud.places import Places
from yunhai.client.answers import Refused
from yunhai.kernel.errors import YunhaiError
from yunhai.services.ledger.errors import CORE_UNREACHABLE, IMPORT_REFUSED
from yunhai.services.ledger.opening import Fault, batch_name, check_accounts, parts, read


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of a file. With `faults` nothing was sent."""

    batch: str
    rows: int
    parts: int
    faults: tuple[Fault, ...]


def import_file(
    places: Places, content: bytes, *, batch: str, dry_run: bool, progress: Callable[[str, int, int], None]
) -> Imported:
    """Check everything, then send. 7206 the core cannot be reached, 7207 it refused a part, 7208 the file is too long."""
    rows, faults = read(content)
    tenants = _tenants(places)
    faults = sorted([*faults, *check_accounts(rows, tenants)], key=lambda fault: fault.line)
    named = batch or batch_name(content)
    if faults:
        return Imported(batch=named, rows=len(rows), parts=0, faults=tuple(faults))
    facts = parts(rows, tenants, named)
    if not dry_run:
        try:
            with Inner(places.inner_socket) as inner:
                for number, (tenant, part) in enumerate(facts):
                    progress("send 匯入", number, len(facts))
                    inner.opening(tenant, part)
        except Refused as refused:
            raise YunhaiError(IMPORT_REFUSED, part=number, reason=str(refused)) from None
        except YunhaiError as error:
            raise YunhaiError(CORE_UNREACHABLE, reason=error.text(), reason_zh=error.text("zh")) from None
    return Imported(batch=named, rows=len(rows), parts=len(facts), faults=())


def _tenants(places: Places) -> dict[int, int]:
    """Tenant of every account."""
    with psycopg.connect(**connection_arguments(places, "reader")) as connection:
        return dict(connection.execute("SELECT id, tenant_id FROM accounts_account").fetchall())
