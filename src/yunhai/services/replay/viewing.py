"""Opening sources for a caller: which there are, and how far they are shown, by the matrix's row 3.1 and the market's clock.

The one place of this service that knows the journal's folder and the core's clock. The rule itself is `market.replay.showing`, the
same as the stream's.
"""

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

from django.conf import settings
from django.utils.module_loading import import_string

from yunhai.kernel.clock import SECOND
from yunhai.kernel.errors import YunhaiError
from yunhai.market.replay.catalogue import Catalogue, Offered
from yunhai.market.replay.kept import Keeping
from yunhai.market.replay.showing import own_moment, shown
from yunhai.market.replay.source import Source, SourceKind
from yunhai.platform.console.inner import ask
from yunhai.platform.entitlements.api import cells
from yunhai.platform.tenancy.models import Tenant

SERVICE: Final = "3.1"


@cache
def _catalogue(home: Path, journal: Path) -> Catalogue:
    return Catalogue(journal, home / "replay", import_string(settings.YUNHAI_PACKS))


def catalogue() -> Catalogue:
    """The installation's."""
    return _catalogue(Path(settings.PLACES.home), Path(settings.PLACES.journal))


def offered() -> tuple[Offered, ...]:
    """Every source, the journal's days first, newest first."""
    return catalogue().offered()


def real_time(tenant: Tenant | None) -> bool:
    """Whether a tenant stands in a column that has the service in full: it sees the running day as it is."""
    columns = tenant.columns if tenant is not None else ()
    return any(one.level == "full" for one in cells() if one.service == SERVICE and one.column in columns)


def opened(tenant: Tenant | None, source: str) -> tuple[Source, Keeping]:
    """A source as far as the tenant is shown it. SOURCE_UNKNOWN, SOURCE_UNFIT, TRADE_ROW."""
    made, keeping = catalogue().open(source)
    undelayed = _undelayed(tenant, made)
    return shown(made, undelayed=undelayed, now=0 if undelayed else _market_now(made)), keeping


def opened_own(tenant: Tenant | None, source: str, order: int) -> tuple[Source, Keeping]:
    """The same for the owner of an order, which the caller has been found to be. ORDER_UNKNOWN besides."""
    made, keeping = catalogue().open(source)
    undelayed = _undelayed(tenant, made)
    return own_moment(made, order, undelayed=undelayed, now=0 if undelayed else _market_now(made)), keeping


def _undelayed(tenant: Tenant | None, source: Source) -> bool:
    """Whether nothing is withheld: of files and of earlier days nothing ever is."""
    if source.kind is not SourceKind.JOURNAL or real_time(tenant):
        return True
    newest = next((one.id for one in offered() if one.kind is SourceKind.JOURNAL), source.id)
    return source.id != newest


def _market_now(source: Source) -> int:
    """The market's clock, ns; without a core the last event's time, which shows less and never more."""
    try:
        text = str(ask("/status")["market_time"])
        moment = datetime.fromisoformat(text)
    except (YunhaiError, KeyError, ValueError):
        return source.time_of(len(source))
    return int(moment.timestamp()) * SECOND
