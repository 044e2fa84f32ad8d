"""Everybody who listens, and what each of them is told when.

The hub takes what the journal brought (`take`) and a tick ten times a second (`tick`). Orders go out as they come, quotes at
the tick: each changed book that somebody follows is written once, and the same bytes go to all who follow it. So the cost of
a tick is that of the changed books and of what is sent, and never readers times books. Boards go out once a second, conflated
like quotes.

What somebody may not see does not exist for them: another tenant's account is refused as an unknown one. Rights and sessions
are looked at again with every fact that changes them.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

import numpy as np

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import (
    STREAM_BOOKS_MAX,
    STREAM_CONNECTIONS_MAX,
    STREAM_CONNECTIONS_OF_ONE_MAX,
    STREAM_CONNECTIONS_UNSIGNED_MAX,
    STREAM_SUBSCRIPTIONS_MAX,
    STREAM_TOKEN_SECONDS_MAX,
)
from yunhai.trading.books.steps import CLOSED
from yunhai.trading.core import rights
from yunhai.trading.core.deciding import moment_of
from yunhai.trading.core.errors import NOTHING_FOUND, TOKEN_CLAIMS, TOKEN_EXPIRED, TOKEN_MISSING
from yunhai.trading.facts import (
    AccountSet,
    CashMoved,
    DayStep,
    Decided,
    GrantSet,
    Halted,
    Opening,
    SessionRevoked,
    SharesMoved,
    TenantSet,
    Transferred,
)
from yunhai.trading.stream import errors, pool_view
from yunhai.trading.stream.boards import Boards, BoardsData, same
from yunhai.trading.stream.client import POLICY, TRY_LATER, Client, QuotesKey
from yunhai.trading.stream.counted import Counted
from yunhai.trading.stream.following import Following, Turn
from yunhai.trading.stream.index import Level, Levels
from yunhai.trading.stream.issues import issues_of
from yunhai.trading.stream.messages import (
    CHANNELS,
    ENCODER,
    Auth,
    Subscribe,
    Unsubscribe,
    Wanted,
    quotes_data,
    refused,
)
from yunhai.trading.stream.orders import FillLine, OrdersData, cash_of, fill_of, lines_of, snapshot_of, touched
from yunhai.trading.stream.quotes import Board
from yunhai.trading.tokens import Revocations, Verifier
from yunhai.trading.trust.mutual import require_bound

_RIGHTS: Final = (GrantSet, SessionRevoked, AccountSet, TenantSet)


class Hub:
    """All connections. `wall_s`: wall time in seconds."""

    def __init__(
        self,
        following: Following,
        verifier: Verifier,
        wall_s: Callable[[], float],
        counted: Counted,
        levels: Levels | None = None,
    ) -> None:
        self._following = following
        self._verifier = verifier
        self._wall_s = wall_s
        self._counted = counted
        self._clients: dict[Client, None] = {}
        self._by_book: dict[int, set[Client]] = {}
        self._by_account: dict[int, set[Client]] = {}
        self._levels = levels or Levels()
        self._board: Board | None = None
        self._boards: Boards | None = None
        self._boards_told: BoardsData | None = None
        self._boards_written = (b"null", 0)
        self._market: dict[str, Any] = {}
        self.pool: dict[str, Any] | None = None

    # -- connections -------------------------------------------------------------------------------------------------

    @property
    def connections(self) -> int:
        return len(self._clients)

    @property
    def pool_wanted(self) -> bool:
        return any(client.pool for client in self._clients)

    def join(self, client: Client) -> None:
        """A connection begins; one too many, or too early, is refused and closed."""
        if not self._following.caught_up:
            client.put(refused(YunhaiError(errors.NOT_READY), self._following.mode))
            client.close(TRY_LATER)
        elif len(self._clients) >= STREAM_CONNECTIONS_MAX or self._unsigned() >= STREAM_CONNECTIONS_UNSIGNED_MAX:
            client.put(refused(YunhaiError(errors.FULL, most=STREAM_CONNECTIONS_MAX), self._following.mode))
            client.close(TRY_LATER)
        else:
            self._clients[client] = None
        self._counted.connections.set(len(self._clients))

    def _unsigned(self) -> int:
        return sum(client.claims is None for client in self._clients)

    def leave(self, client: Client) -> None:
        """A connection is over."""
        self._clients.pop(client, None)
        for account in list(client.accounts):
            self._end_orders(client, account)
        self._end_quotes(client)
        self._counted.connections.set(len(self._clients))

    def close_all(self, code: int) -> None:
        for client in list(self._clients):
            client.close(code)

    # -- what connections ask ----------------------------------------------------------------------------------------

    def said(self, client: Client, asked: Auth | Subscribe | Unsubscribe) -> None:
        """Answer one message. A refused sign-in ends the connection."""
        try:
            if isinstance(asked, Auth):
                self._sign_in(client, asked.token)
                return
            self._require(client)
            if isinstance(asked, Subscribe):
                self._subscribe(client, asked)
            else:
                self._unsubscribe(client, asked)
        except YunhaiError as error:
            client.put(refused(error, self._following.mode, None if isinstance(asked, Auth) else asked))
            if isinstance(asked, Auth) or error.entry.http == HTTPStatus.UNAUTHORIZED:
                client.close(POLICY)

    def _sign_in(self, client: Client, token: str) -> None:
        claims = self._verifier.claims(token, now_s=self._wall_s())
        self._revocations().require(claims)
        require_bound(claims)
        if client.claims is not None and (client.claims.person, client.claims.tenant) != (claims.person, claims.tenant):
            raise YunhaiError(TOKEN_CLAIMS, claim="sub")
        if client.claims is None:
            same = sum(other.claims is not None and other.claims.person == claims.person for other in self._clients)
            if same >= STREAM_CONNECTIONS_OF_ONE_MAX:
                raise YunhaiError(errors.TOO_MANY_OF_ONE, most=STREAM_CONNECTIONS_OF_ONE_MAX)
        client.claims = claims
        client.put(ENCODER.encode({"op": "authenticated", "expires": claims.expires, "mode": self._following.mode}))

    def _require(self, client: Client) -> None:
        """A living token."""
        if client.claims is None:
            raise YunhaiError(TOKEN_MISSING)
        if client.claims.expires <= self._wall_s():
            raise YunhaiError(TOKEN_EXPIRED)
        self._revocations().require(client.claims)

    def _revocations(self) -> Revocations:
        return Revocations(self._following.books.revoked)

    def _subscribe(self, client: Client, asked: Wanted) -> None:
        if asked.channel not in CHANNELS:
            raise YunhaiError(errors.CHANNEL_UNKNOWN, channel=asked.channel)
        if client.subscriptions >= STREAM_SUBSCRIPTIONS_MAX:
            raise YunhaiError(errors.TOO_MANY_SUBSCRIBED, most=STREAM_SUBSCRIPTIONS_MAX)
        match asked.channel:
            case "quotes":
                self._begin_quotes(client, (asked.codes, asked.segments))
            case "orders":
                self._begin_orders(client, _number(asked.account))
            case "pool":
                assert client.claims is not None
                self._require_pool(client)
                client.pool = True
                client.tell("snapshot", "pool", self._pool_of(client))
            case "boards":
                client.boards = True
                self._show_boards(client)
            case _:
                client.market = True
                client.tell("snapshot", "market", ENCODER.encode(self._market_now()))

    def _unsubscribe(self, client: Client, asked: Wanted) -> None:
        if asked.channel not in CHANNELS:
            raise YunhaiError(errors.CHANNEL_UNKNOWN, channel=asked.channel)
        match asked.channel:
            case "quotes":
                client.quotes.pop((asked.codes, asked.segments), None)
                self._place(client)
            case "orders":
                self._end_orders(client, _number(asked.account))
            case "pool":
                client.pool = False
            case "boards":
                client.boards = client.boards_due = False
            case _:
                client.market = False
        client.put(ENCODER.encode({"op": "unsubscribed", "channel": asked.channel}))

    # -- quotes ------------------------------------------------------------------------------------------------------

    def _begin_quotes(self, client: Client, key: QuotesKey) -> None:
        codes = sum(len(one) * len(segments) for one, segments in client.quotes) + len(key[0]) * len(key[1])
        if key not in client.quotes and codes > STREAM_BOOKS_MAX:
            raise YunhaiError(errors.TOO_MANY_SUBSCRIBED, most=STREAM_BOOKS_MAX)
        client.quotes[key] = None
        self._place(client)
        self._show_quotes(client, key)

    def _show_quotes(self, client: Client, key: QuotesKey) -> None:
        """The snapshot of one subscription."""
        board = self._board
        books, unknown = board.wanted(*key) if board is not None else ([], list(key[0]))
        parts = [board.written(book) for book in books] if board is not None else []
        client.fresh -= set(books)
        if board is not None:
            client.fresh.update(book for book in books if board.is_changed(book))  # not what the others were told last
        client.tell("snapshot", "quotes", quotes_data(parts, unknown), as_of=self._following.sequence)

    def _place(self, client: Client) -> None:
        """Which books a client follows now, by the books of today. What it has not been sent yet stays so."""
        fresh = client.fresh.copy()
        self._end_quotes(client)
        if self._board is None:
            return
        for key in client.quotes:
            client.books.update(self._board.wanted(*key)[0])
        for book in client.books:
            self._by_book.setdefault(book, set()).add(client)
        client.fresh = fresh & client.books

    def _end_quotes(self, client: Client) -> None:
        for book in client.books:
            followers = self._by_book.get(book)
            if followers is not None:
                followers.discard(client)
                if not followers:
                    del self._by_book[book]
        client.books.clear()
        client.fresh.clear()

    # -- orders ------------------------------------------------------------------------------------------------------

    def _begin_orders(self, client: Client, account: int) -> None:
        assert client.claims is not None
        books = self._following.books
        rights.account_of(books, client.claims, account, now_ms=int(self._wall_s() * 1_000))
        client.accounts.add(account)
        self._by_account.setdefault(account, set()).add(client)
        data = ENCODER.encode(snapshot_of(books, account))
        client.tell("snapshot", "orders", data, account=account, as_of=self._following.sequence)

    def _end_orders(self, client: Client, account: int) -> None:
        client.accounts.discard(account)
        followers = self._by_account.get(account)
        if followers is not None:
            followers.discard(client)
            if not followers:
                del self._by_account[account]

    # -- what the journal brought ------------------------------------------------------------------------------------

    def take(self, turn: Turn) -> None:
        """Tell those whom it concerns."""
        if turn.opened:
            self._open_board()
        if self._board is not None and self._boards is not None:
            for _, records in turn.events:
                self._board.take(records)
                self._boards.take(records)
        self._close_index(turn)
        self._tell_orders(turn)
        if any(isinstance(fact, _RIGHTS) for _, _, fact in turn.told):
            self.check_rights()
        if turn.opened or any(isinstance(fact, DayStep | Halted) for _, _, fact in turn.told):
            self.tell_market()

    def _open_board(self) -> None:
        """A new day: other books, other numbers; everybody who follows quotes gets a snapshot of it."""
        day = self._following.day
        assert day is not None
        self._board = Board(day)
        self._boards = Boards(day, issues_of(day.opened.date), self._levels.before(day.opened.date))
        self._boards_told = None
        for client in self._clients:
            self._place(client)
            for key in client.quotes:
                self._show_quotes(client, key)
            if client.boards:
                self._show_boards(client)

    # -- boards ------------------------------------------------------------------------------------------------------

    def _show_boards(self, client: Client) -> None:
        """The snapshot, with the index's minutes; null before the first day."""
        boards, following = self._boards, self._following
        data = boards.data(following.market_time(), minutes=True) if boards is not None else None
        client.boards_due = False
        client.tell("snapshot", "boards", ENCODER.encode(data), as_of=following.sequence)

    def _close_index(self, turn: Turn) -> None:
        """The day's market closed: its level is the next day's beginning."""
        for sequence, _, fact in turn.told:
            if isinstance(fact, DayStep) and fact.step == CLOSED and self._boards is not None:
                self._levels.add(Level(date=fact.date, level=self._boards.close(), sequence=sequence))

    def renew_boards(self) -> None:
        """Write the boards for those who follow them, if they are not what they were; the next tick sends them."""
        followers = [client for client in self._clients if client.boards and client.closing is None]
        boards, following = self._boards, self._following
        if boards is None or not followers:
            return
        data = boards.data(following.market_time())
        if same(self._boards_told, data):
            return
        self._boards_told = data
        self._boards_written = ENCODER.encode(data), following.sequence
        for client in followers:
            client.boards_due = True

    def _tell_orders(self, turn: Turn) -> None:
        if not self._by_account:
            return
        followed = np.fromiter(self._by_account, np.int64)
        orders: dict[int, dict[int, None]] = {}
        fills: dict[int, list[FillLine]] = {}
        for sequence, record in (one for first, records in turn.events for one in touched(first, records, followed)):
            account = int(record["account"])
            orders.setdefault(account, {})[int(record["order_id"])] = None
            if (fill := fill_of(sequence, record)) is not None:
                fills.setdefault(account, []).append(fill)
        books = self._following.books
        for number, account in (*turn.accepted(), *turn.expired):
            if account in self._by_account:
                orders.setdefault(account, {})[number] = None
        for _, _, fact in turn.told:
            for account in _moved(fact):
                if account in self._by_account:
                    orders.setdefault(account, {})
            if isinstance(fact, DayStep):
                for account in self._by_account:
                    orders.setdefault(account, {})
        for account, numbers in orders.items():
            data = OrdersData(
                account=cash_of(books, account),
                orders=lines_of(books, numbers),
                fills=tuple(fills.get(account, ())),
            )
            written = ENCODER.encode(data)
            for client in self._by_account[account]:
                client.tell("update", "orders", written, account=account, as_of=turn.sequence)

    def check_rights(self) -> None:
        """End sessions that are over, and subscriptions that are not granted any more."""
        books, now = self._following.books, self._wall_s()
        revocations = self._revocations()
        for client in list(self._clients):
            if client.closing is not None or client.claims is None:
                continue
            try:
                if client.claims.expires <= now:
                    raise YunhaiError(TOKEN_EXPIRED)
                revocations.require(client.claims)
            except YunhaiError as error:
                client.put(refused(error, self._following.mode))
                client.close(POLICY)
                continue
            for account in list(client.accounts):
                try:
                    rights.account_of(books, client.claims, account, now_ms=int(now * 1_000))
                except YunhaiError as error:
                    self._end_orders(client, account)
                    client.put(refused(error, self._following.mode, Wanted(channel="orders", account=account)))
            if client.pool:
                try:
                    self._require_pool(client)
                except YunhaiError as error:
                    client.pool = False
                    client.put(refused(error, self._following.mode, Wanted(channel="pool")))

    # -- time --------------------------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Ten times a second: the quotes that changed, and boards that wait. `now`: any steady clock, seconds."""
        board = self._board
        if board is None:
            return
        ready: set[Client] = set()
        for book in board.take_changed():
            followers = self._by_book.get(book)
            if followers is None:
                board.forget(book)
                continue
            if not board.renewed(book):
                continue
            for client in followers:
                client.fresh.add(book)
                ready.add(client)
        for client in self._clients:
            if (client.fresh or client.boards_due) and client.closing is None:
                ready.add(client)
        as_of = self._following.sequence
        for client in ready:
            if client.is_behind(now):
                continue
            if client.fresh:
                client.send_quotes([board.told(book) for book in sorted(client.fresh)], as_of)
            if client.boards_due:
                written, boards_as_of = self._boards_written
                client.boards_due = False
                client.tell("update", "boards", written, as_of=boards_as_of)

    def second(self, now: float) -> None:
        """Once a second: sessions that ended, those without a token, the clock, the pool."""
        self.check_rights()
        for client in list(self._clients):
            if client.claims is None and client.closing is None and now - client.since > STREAM_TOKEN_SECONDS_MAX:
                error = YunhaiError(errors.NO_TOKEN_IN_TIME, seconds=STREAM_TOKEN_SECONDS_MAX)
                client.put(refused(error, self._following.mode))
                client.close(POLICY)
        self.tell_market()
        self.renew_boards()
        if self.pool is not None:
            for client in self._clients:
                if client.pool:
                    client.tell("update", "pool", self._pool_of(client))

    def tell_market(self) -> None:
        """The market to those who follow it, if it is not what it was."""
        data = self._market_now()
        if data == self._market:
            return
        self._market = data
        written = ENCODER.encode(data)
        for client in self._clients:
            if client.market:
                client.tell("update", "market", written)

    def _market_now(self) -> dict[str, Any]:
        following = self._following
        day, books = following.day, following.books
        phases, halted = self._board.market() if self._board is not None else ({}, [])
        open_now = books.day is not None and not books.day.steps
        return {
            "date": day.opened.date if day is not None else "",
            "market_time": moment_of(following.market_time()) if following.market_time() else "",
            "clock": following.clock,
            "running": open_now and following.clock != "driven",
            "speed": 1,
            "open": open_now,
            "mode": following.mode,
            "phases": phases,
            "halted": halted,
        }

    # -- the pool ----------------------------------------------------------------------------------------------------

    def _require_pool(self, client: Client) -> None:
        assert client.claims is not None
        try:
            rights.require_operations(self._following.books, client.claims)
        except YunhaiError:
            raise YunhaiError(errors.NOT_GRANTED) from None

    def _pool_of(self, client: Client) -> bytes:
        assert client.claims is not None
        tenant = self._following.books.tenants.get(client.claims.tenant)
        whole = tenant is not None and tenant.fact is not None and "exchange" in tenant.fact.columns
        return ENCODER.encode(pool_view.seen(self.pool, client.claims.tenant, whole=whole))


def _number(account: int | str) -> int:
    """An account's id as it came. NOTHING_FOUND if it is none."""
    if isinstance(account, int):
        return account
    if account.isascii() and account.isdigit() and len(account) <= 10:
        return int(account)
    raise YunhaiError(NOTHING_FOUND)


def _moved(fact: Decided) -> tuple[int, ...]:
    """Accounts whose cash or shares a fact moves."""
    match fact:
        case CashMoved() | SharesMoved() | AccountSet():
            return (fact.account,)
        case Transferred():
            return (fact.source, fact.target)
        case Opening():
            return fact.accounts
        case _:
            return ()
