"""Random days through gate, venue and books, held against a plain reckoning that shares no code with them.

After every step: each tenant's balances of each asset sum to zero, nothing of a customer's is negative, every balance is
what the plain reckoning says, and the postings alone give the same balances. At the end the day is closed and settled; the
records replayed, and a restart from a snapshot taken midway, must give the same state bytes.
"""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.trading.model import PlainBooks
from tests.trading.scene import ANNE, BEN, CARL, EAST, LISTED, NT, SETTLES, WEST, Scene, opened_state
from tests.trading.stream.same import require_same
from yunhai.kernel.errors import YunhaiError
from yunhai.trading.books.books import Books
from yunhai.trading.books.commands import move_cash, transfer
from yunhai.trading.books.state import CASH, Posting
from yunhai.trading.facts import CashMoved, Transferred
from yunhai.trading.stream.watched import WatchedBooks
from yunhai.trading.words import Bucket

ACCOUNTS = (ANNE, BEN, CARL)
CODES = tuple(listed.code for listed in LISTED)
TICKS = {"2330": (990_000, 5_000), "1101": (419_000, 500), "0050": (599_000, 500)}

orders = st.fixed_dictionaries(
    {
        "do": st.just("new"),
        "account": st.sampled_from(ACCOUNTS),
        "code": st.sampled_from(("2330",) * 5 + CODES),
        "side": st.sampled_from(("buy", "sell")),
        "rung": st.integers(0, 2),
        "lots": st.sampled_from((1, 2, 3, 7, 400)),
        "kind": st.sampled_from(("limit rod",) * 8 + ("limit ioc", "limit fok", "market rod", "market ioc")),
        "segment": st.sampled_from(("board",) * 6 + ("odd_lot",)),
    }
)
changes = st.fixed_dictionaries(
    {
        "do": st.sampled_from(("cancel", "cut", "reprice", "reprice")),
        "which": st.integers(0, 30),
        "rung": st.integers(0, 3),
        "lots": st.integers(1, 3),
    }
)
others = st.fixed_dictionaries(
    {
        "do": st.sampled_from(("hold", "dispatch", "advance", "money", "give", "restart")),
        "account": st.sampled_from(ACCOUNTS),
        "amount": st.integers(-2_100_000, 300_000),
    }
)
days = st.lists(st.one_of(orders, orders, orders, orders, orders, changes, changes, others), min_size=12, max_size=40)


class _Day:
    """One random day."""

    def __init__(self) -> None:
        self.scene = Scene.open()
        self.plain = PlainBooks(
            cash={account: Fraction(2_000_000) for account in ACCOUNTS},
            shares={(account, code): 5_000 for account in ACCOUNTS for code in CODES},
        )
        self.scene.heard = self.plain.accepted
        self.seen = len(self.scene.events)
        self.start: tuple[bytes, int] | None = None
        self.minute = 5
        self.reference = 0

    def take(self, step: dict[str, Any]) -> None:
        scene = self.scene
        match step["do"]:
            case "new":
                self._order(step)
            case "cancel" | "cut" | "reprice":
                self._change(step)
            case "hold":
                scene.held = not scene.held
            case "dispatch":
                scene.dispatch(1)
            case "advance":
                if self.minute < 14:
                    self.minute += 1
                    scene.advance(f"09:{self.minute:02d}")
            case "money":
                self._money(step)
            case "give":
                self._give(step)
            case "restart":
                state = scene.books.state()
                self.start = self.start or (state, len(scene.log))
                scene.replace_books(Books.restore(state))
        for records in scene.events[self.seen :]:
            self.plain.said(records)
        self.seen = len(scene.events)
        self.check()

    def _order(self, step: dict[str, Any]) -> None:
        low, tick = TICKS[step["code"]]
        odd = step["segment"] == "odd_lot"
        order_type, time_in_force = ("limit rod" if odd else step["kind"]).split()
        self._send(
            step["account"],
            code=step["code"],
            side=step["side"],
            segment=step["segment"],
            order_type=order_type,
            time_in_force=time_in_force,
            price="" if order_type == "market" else low + step["rung"] * tick,
            quantity=step["lots"] if odd else 1000 * step["lots"],
        )

    def _change(self, step: dict[str, Any]) -> None:
        live = list(self.scene.books.orders.values())
        if not live:
            return
        order = live[step["which"] % len(live)]
        if self.scene.held or not order.leaves:
            order = next((one for one in reversed(live) if one.leaves), order)
        low, tick = TICKS[order.security]
        fields: dict[str, Any] = {"action": step["do"], "order": order.order_id}
        if step["do"] == "cut":
            fields["quantity"] = step["lots"] * (1 if order.segment == 2 else 1000)
        elif step["do"] == "reprice":
            fields["price"] = low + step["rung"] * tick
        self._send(order.account, **fields)

    def _send(self, account: int, **fields: Any) -> None:
        before = self.scene.books.state_hash()
        decision = self.scene.decide(self.scene.instruction(account, **fields))
        assert self.scene.books.state_hash() == before
        self.scene.apply(decision)

    def _money(self, step: dict[str, Any]) -> None:
        amount, account = step["amount"] * NT, step["account"]
        if not amount:
            return
        self.reference += 1
        kind = "deposit" if amount > 0 else "withdrawal"
        tenant = WEST if account == CARL else EAST
        wish = CashMoved(account=account, amount=amount, kind=kind, reference=f"m{self.reference}")
        if -amount > self.scene.books.withdrawable(self.scene.books.accounts[account]):
            with pytest.raises(YunhaiError, match=r"^6406"):
                move_cash(self.scene.books, tenant, wish)
            return
        wanted = move_cash(self.scene.books, tenant, wish)
        assert wanted.fact is not None
        self.scene.fact(wanted.fact, tenant)
        self.plain.cash[account] += Fraction(amount, NT)

    def _give(self, step: dict[str, Any]) -> None:
        amount = abs(step["amount"]) % 3000 + 1
        self.reference += 1
        wish = Transferred(source=ANNE, target=BEN, amount=amount, code="1101", reference=f"t{self.reference}")
        if amount > self.scene.books.deliverable(self.scene.books.accounts[ANNE], "1101"):
            with pytest.raises(YunhaiError, match=r"^6407"):
                transfer(self.scene.books, EAST, wish)
            return
        wanted = transfer(self.scene.books, EAST, wish)
        assert wanted.fact is not None
        self.scene.fact(wanted.fact, EAST)
        self.plain.shares[ANNE, "1101"] -= amount
        self.plain.shares[BEN, "1101"] += amount

    def check(self) -> None:
        books = self.scene.books
        assert not any(books.sums().values())
        for number in ACCOUNTS:
            account = books.accounts[number]
            free, reserved = self.plain.of(number)
            assert (account.free, account.reserved) == (free * NT, reserved * NT)
            assert account.free >= 0
            assert account.reserved >= 0
            for code in CODES:
                position = account.positions.get(code)
                assert ((position.free, position.reserved) if position else (0, 0)) == self.plain.holding(number, code)
            open_orders = books.orders_of(number, open_only=True)
            assert account.reserved == sum(order.held_cash for order in open_orders)
            assert account.quota_used == self.plain.quota_used(number) * NT

    def finish(self) -> None:
        scene = self.scene
        scene.dispatch()
        scene.close()
        for records in scene.events[self.seen :]:
            self.plain.said(records)
        self.plain.day_is_over()
        backs = _tax_backs(scene.postings)
        for account, back in backs.items():
            self.plain.cash[account] += Fraction(back, NT)
        self.check()
        for number in ACCOUNTS:
            account = scene.books.accounts[number]
            assert account.reserved == 0
            assert all(position.reserved == 0 for position in account.positions.values())
        before = {number: scene.books.accounts[number].free for number in ACCOUNTS}
        scene.step("settled:" + SETTLES, SETTLES)
        scene.step("settled:" + SETTLES, SETTLES)
        assert before == {number: scene.books.accounts[number].free for number in ACCOUNTS}
        self.check()
        for tenant in (EAST, WEST):
            for asset in (CASH, *CODES):
                assert scene.books.balance(tenant, 0, asset, Bucket.CLEARING) == 0
                assert scene.books.balance(tenant, 0, asset, Bucket.TRANSIT) == 0
            for code in CODES:
                held = sum(
                    self.plain.holding(number, code)[0] for number in ACCOUNTS if (number == CARL) == (tenant == WEST)
                )
                assert scene.books.balance(tenant, 0, code, Bucket.CUSTODY) == -held
        self._postings_say_the_same()
        assert scene.replayed().state() == scene.books.state()
        self._stream_has_the_same(opened_state(), 0)
        if self.start is not None:
            state, place = self.start
            assert scene.replayed(state=state, start=place).state() == scene.books.state()
            self._stream_has_the_same(state, place)

    def _stream_has_the_same(self, state: bytes, place: int) -> None:
        for kept in (0, 2, 4096):
            watched = WatchedBooks.of_snapshot(state, kept=kept)
            self.scene.replay_into(watched, start=place)
            require_same(watched, self.scene.books)
            assert not watched.orders

    def _postings_say_the_same(self) -> None:
        books, first = self.scene.books, Books.restore(opened_state())
        balances: dict[tuple[int, int, str, Bucket], int] = {}
        places = set()
        for posting in self.scene.postings:
            assert posting.amount > 0
            assert (posting.sequence, posting.line) not in places
            places.add((posting.sequence, posting.line))
            for bucket, sign in ((posting.debit, -1), (posting.credit, 1)):
                owner = posting.account if bucket.customer else 0
                key = (posting.tenant, owner, posting.asset, bucket)
                balances[key] = balances.get(key, 0) + sign * posting.amount
        for (tenant, owner, asset, bucket), moved in balances.items():
            began = first.balance(tenant, owner, asset, bucket)
            assert books.balance(tenant, owner, asset, bucket) == began + moved


def _tax_backs(postings: list[Posting]) -> dict[int, int]:
    """What the books gave back for day trades; that it is right is another test's."""
    backs: dict[int, int] = {}
    for posting in postings:
        if posting.debit is Bucket.TAX:
            backs[posting.account] = backs.get(posting.account, 0) + posting.amount
    return backs


def _run(steps: list[dict[str, Any]]) -> None:
    day = _Day()
    for step in steps:
        day.take(step)
    day.finish()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@seed(20260821)
@given(days)
def test_random_days_balance(steps: list[dict[str, Any]]) -> None:
    _run(steps)


@pytest.mark.full
@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@seed(20260822)
@given(days)
def test_ten_thousand_random_days_balance(steps: list[dict[str, Any]]) -> None:
    _run(steps)
