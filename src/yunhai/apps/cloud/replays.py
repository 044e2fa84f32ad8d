"""Replays in the stream process: who may open which, by the service matrix's row 3.1 and the grants.

A tenant in a column that has the row "full" sees the running day as it is; any other to whom the row is open sees it as it was
twenty minutes ago, and earlier days whole (`yunhai.market.replay.showing` is the rule). One's own orders are those of an account
that one may look at, of the day that the books hold.
"""

import time
from dataclasses import dataclass
from typing import Final

from yunhai.apps.cloud.places import Places
from yunhai.apps.reference_data import rule_pack
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import REPLAY_OWN_ORDERS_MAX
from yunhai.market.replay.app import PATH, ReplayApplication
from yunhai.market.replay.catalogue import Catalogue, Offered
from yunhai.market.replay.errors import NOT_ENTITLED
from yunhai.market.replay.kept import Keeping
from yunhai.market.replay.showing import own_moment, shown
from yunhai.market.replay.source import Source, SourceKind
from yunhai.trading.books.books import Books
from yunhai.trading.core import rights
from yunhai.trading.core.errors import TOKEN_EXPIRED
from yunhai.trading.stream.following import Following
from yunhai.trading.stream.process import Stream
from yunhai.trading.tokens import Claims, Revocations, Verifier
from yunhai.trading.trust.mutual import require_bound

SERVICE: Final = "3.1"


def is_undelayed(books: Books, tenant: int) -> bool:
    """Whether the tenant stands in a column that has the service in full."""
    held = books.tenants.get(tenant)
    cells = books.cells.get(SERVICE, {})
    columns = held.fact.columns if held is not None and held.fact is not None else ()
    return any(column in cells and cells[column].level == "full" for column in columns)


@dataclass(frozen=True, slots=True)
class StreamViewer:
    """What the bearer of a token may look at."""

    claims: Claims
    following: Following
    catalogue: Catalogue

    def require(self, source: str = "/") -> None:
        """That row 3.1 is open to the tenant. NOT_ENTITLED."""
        books = self.following.books
        tenant = books.tenants.get(self.claims.tenant)
        if tenant is None or tenant.fact is None or not books.entitled(tenant.fact, SERVICE):
            raise YunhaiError(NOT_ENTITLED, source=source)

    def offered(self) -> tuple[Offered, ...]:
        """All sources. NOT_ENTITLED."""
        self.require()
        return self.catalogue.offered()

    def open(self, source: str) -> tuple[Source, Keeping]:
        """A source; of the running day what was there twenty minutes ago unless the matrix says full. NOT_ENTITLED."""
        self.require(source)
        made, keeping = self.catalogue.open(source)
        return shown(made, undelayed=self._undelayed, now=self.following.market_time()), keeping

    def open_own(self, source: str, order: int, account: int) -> tuple[Source, Keeping]:
        """The same, or as far as an order of an account of theirs goes that is open to them. NOT_ENTITLED, ORDER_UNKNOWN,
        NOTHING_FOUND, LOOKUP_MISSING."""
        self.require(source)
        made, keeping = self.catalogue.open(source)
        now = self.following.market_time()
        if not account or order not in self.orders(made, account):
            return shown(made, undelayed=self._undelayed, now=now), keeping
        return own_moment(made, order, undelayed=self._undelayed, now=now), keeping

    @property
    def _undelayed(self) -> bool:
        return is_undelayed(self.following.books, self.claims.tenant)

    def orders(self, source: Source, account: int) -> frozenset[int]:
        """An account's newest orders of today, if the source is today's journal. NOTHING_FOUND, LOOKUP_MISSING."""
        books = self.following.books
        rights.account_of(books, self.claims, account, now_ms=int(time.time() * 1_000))
        day = books.day
        if source.kind is not SourceKind.JOURNAL or day is None or day.date != source.day.isoformat():
            return frozenset()
        return frozenset(books.orders_by_account.get(account, [])[-REPLAY_OWN_ORDERS_MAX:])


@dataclass(frozen=True, slots=True)
class StreamRight:
    """A token that was shown."""

    claims: Claims
    following: Following
    catalogue: Catalogue

    @property
    def person(self) -> int:
        return self.claims.person

    @property
    def expires(self) -> int:
        return self.claims.expires

    def require(self) -> None:
        """That the token lives and is not revoked. TOKEN_EXPIRED, TOKEN_REVOKED."""
        if self.claims.expires <= time.time():
            raise YunhaiError(TOKEN_EXPIRED)
        Revocations(self.following.books.revoked).require(self.claims)

    def allow(self) -> None:
        """NOT_ENTITLED."""
        self.viewer().require()

    def viewer(self) -> StreamViewer:
        return StreamViewer(self.claims, self.following, self.catalogue)


def mount(stream: Stream, places: Places) -> None:
    """Serve replays of the installation's journal and of what lies in `replay/`."""
    catalogue = Catalogue(places.journal, places.home / "replay", rule_pack)
    verifier = Verifier(stream.settings.token_public)

    def enter(token: str) -> StreamRight:
        claims = verifier.claims(token, now_s=time.time())
        require_bound(claims)
        right = StreamRight(claims, stream.following, catalogue)
        right.require()
        return right

    stream.application.mounted[PATH] = ReplayApplication(enter)
