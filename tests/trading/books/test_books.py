"""The books by example: what an order holds, what a fill costs, what the day's end gives back, what settlement moves."""

import itertools
from datetime import date
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.scene import (
    ANNE,
    BEN,
    CARL,
    DATE,
    EAST,
    LISTED,
    NT,
    OPENED,
    PACK_BYTES,
    SETTLES,
    WALL,
    WEST,
    Scene,
    opened_state,
    pack,
    setting_up,
)
from yunhai.exchange.rules import charges as rules
from yunhai.exchange.rules.words import SecurityKind
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.money import Rate
from yunhai.kernel.records import FILL, RECORD
from yunhai.trading.books import changes, steps
from yunhai.trading.books.books import STATE_VERSION, Books
from yunhai.trading.books.changes import sha256
from yunhai.trading.books.charges import commission, dollars
from yunhai.trading.books.ranges import Ranges
from yunhai.trading.books.state import CASH, Order
from yunhai.trading.facts import (
    AccountSet,
    CashMoved,
    CellSet,
    DayStep,
    GrantSet,
    Halted,
    Lookup,
    Opening,
    PackPublished,
    SessionRevoked,
    SharesMoved,
    Tape,
    TenantSet,
    Transferred,
)
from yunhai.trading.words import Bucket, PostingKind


def cash(scene: Scene, account: int) -> tuple[int, int]:
    """(free, reserved) in whole NT$."""
    held = scene.books.accounts[account]
    assert held.free % NT == held.reserved % NT == 0
    return held.free // NT, held.reserved // NT


def house(scene: Scene, tenant: int = EAST, asset: str = CASH) -> list[int]:
    """CLEARING, FEE, TAX, BANK, CUSTODY, TRANSIT; cash in whole NT$."""
    return [amount // NT if asset == CASH else amount for amount in scene.books.tenants[tenant].house[asset]]


def posted(scene: Scene) -> list[tuple[str, str, str, str, int]]:
    """What was posted since the last call: kind, asset, debit, credit, amount (cash in NT$)."""
    rows = [
        (
            posting.kind.word,
            posting.asset,
            posting.debit.word,
            posting.credit.word,
            posting.amount // NT if posting.asset == CASH else posting.amount,
        )
        for posting in scene.postings
    ]
    scene.postings.clear()
    return rows


# -- an order's life ---------------------------------------------------------------------------------------------------


def test_a_buy_from_reservation_to_settlement() -> None:
    scene = Scene.open()
    scene.new(BEN, side="sell", price=99 * NT, quantity=1000)
    posted(scene)
    order = scene.new(ANNE, quantity=3000)
    assert posted(scene)[:1] == [("reserve", "TWD", "free", "reserved", 300_427)]
    held = scene.books.orders[order]
    assert (held.state, held.filled, held.leaves) == ("partly", 1000, 2000)
    # 99,000 and its commission of 141 are spent; 200,000 and 285 more commission (426 − 141) stay held.
    assert cash(scene, ANNE) == (2_000_000 - 99_141 - 200_285, 200_285)
    assert (held.value, held.fee, held.held_cash) == (99_000 * NT, 141 * NT, 200_285 * NT)
    assert scene.change("cancel", order).accepted
    assert cash(scene, ANNE) == (2_000_000 - 99_141, 0)
    assert scene.books.orders[order].state == "cancelled"
    scene.close()
    scene.step(steps.settled(SETTLES), SETTLES)
    assert house(scene, asset="2330") == [0, 0, 0, 0, -10_000, 0]
    assert house(scene) == [0, 141 + 141, 297, -4_000_000, 0, 0]
    assert cash(scene, ANNE) == (2_000_000 - 99_141, 0)


def test_the_postings_of_a_fill() -> None:
    scene = Scene.open()
    scene.held = True
    scene.new(BEN, side="sell", price=99 * NT)
    scene.new(ANNE, quantity=1000)
    assert posted(scene) == [
        ("reserve", "2330", "free", "reserved", 1000),
        ("reserve", "TWD", "free", "reserved", 100_142),
    ]
    scene.dispatch()
    assert posted(scene) == [
        ("value", "TWD", "reserved", "clearing", 99_000),
        ("fee", "TWD", "reserved", "fee", 141),
        ("release", "TWD", "reserved", "free", 1_001),
        ("shares", "2330", "clearing", "free", 1000),
        ("shares", "2330", "reserved", "clearing", 1000),
        ("value", "TWD", "clearing", "free", 99_000),
        ("fee", "TWD", "free", "fee", 141),
        ("tax", "TWD", "free", "tax", 297),
    ]
    assert scene.books.orders[2].state == "filled"
    assert cash(scene, BEN) == (2_000_000 + 99_000 - 141 - 297, 0)


def test_the_minimum_commission_is_charged_once_an_order() -> None:
    scene = Scene.open()
    scene.new(BEN, side="sell", code="1101", price=42 * NT, quantity=1000)
    order = scene.new(ANNE, code="0050", side="buy", price=60 * NT, quantity=3000)
    fees = []
    for _ in range(3):  # 60,000 a fill: 85.5 by the rate; the fund's seller pays 0.1 %
        scene.new(BEN, side="sell", code="0050", price=60 * NT, quantity=1000)
        fees.append(scene.books.orders[order].fee // NT)
    assert fees == [85, 171, 256]
    odd = scene.new(ANNE, segment="odd_lot", code="1101", price=42 * NT, quantity=30)
    for quantity in (10, 10, 10):
        scene.new(BEN, side="sell", segment="odd_lot", code="1101", price=42 * NT, quantity=quantity)
    scene.advance("09:20")
    assert scene.books.orders[odd].filled == 30
    assert scene.books.orders[odd].fee == 1 * NT


def test_a_sales_commission_never_exceeds_what_the_sale_brings() -> None:
    """One share at 42: commission of at least NT$20 would be taken were it a board lot; here every fill is cut."""
    scene = Scene.open()
    scene.fact(TenantSet(tenant=EAST, code="9A00", commission_minimum_odd_lot=60 * NT))
    sale = scene.new(BEN, side="sell", segment="odd_lot", code="1101", price=42 * NT, quantity=2)
    scene.new(ANNE, segment="odd_lot", code="1101", price=42 * NT, quantity=1)
    scene.advance("09:15")
    order = scene.books.orders[sale]
    assert (order.filled, order.fee, order.tax) == (1, 42 * NT, 0)
    assert cash(scene, BEN) == (2_000_000, 0)
    scene.new(CARL, segment="odd_lot", code="1101", price=42 * NT, quantity=1)
    scene.advance("09:45")
    assert (order.filled, order.fee) == (2, 60 * NT)
    assert cash(scene, BEN) == (2_000_024, 0)


def test_a_market_buy_holds_limit_up_and_gives_back_the_rest() -> None:
    scene = Scene.open()
    scene.new(BEN, side="sell", price=101 * NT)
    order = scene.new(ANNE, order_type="market", price="", time_in_force="ioc", quantity=2000)
    held = scene.books.orders[order]
    assert (held.state, held.filled, held.leaves, held.held_cash) == ("cancelled", 1000, 0, 0)
    assert cash(scene, ANNE) == (2_000_000 - 101_143, 0)


def test_an_order_the_exchange_refuses_holds_nothing() -> None:
    scene = Scene.open()
    order = scene.new(ANNE, time_in_force="fok")
    assert (scene.books.orders[order].state, scene.books.orders[order].code) == ("refused", 1027)
    assert cash(scene, ANNE) == (2_000_000, 0)
    assert scene.books.accounts[ANNE].quota_used == 0


REPRICES = [
    ("dearer", 96, (1_903_864, 96_136), 96_000),
    ("cheaper", 94, (1_905_867, 94_133), 94_000),
    ("the same", 95, (1_904_865, 95_135), 95_000),
]


@pytest.mark.parametrize(("what", "price", "balances", "quota"), REPRICES)
def test_a_reprice_moves_what_is_held(what: str, price: int, balances: tuple[int, int], quota: int) -> None:
    scene = Scene.open()
    order = scene.new(ANNE, price=95 * NT)
    scene.held = True
    assert scene.change("reprice", order, price=price * NT).accepted
    waiting = max(balances[1], 95_135)
    assert cash(scene, ANNE) == (2_000_000 - waiting, waiting)
    scene.dispatch()
    assert cash(scene, ANNE) == balances
    assert scene.books.accounts[ANNE].quota_used == quota * NT


def test_a_refused_reprice_gives_the_difference_back() -> None:
    scene = Scene.open()
    order = scene.new(ANNE, price=95 * NT, quantity=2000)
    scene.held = True
    scene.change("reprice", order, price=97 * NT)
    scene.change("cancel", order)
    scene.change("reprice", order, price=98 * NT)
    assert cash(scene, ANNE)[1] == 196_279
    assert [pending.price // NT for pending in scene.books.orders[order].pending] == [97, 0, 98]
    scene.dispatch(1)  # accepted; the 98 still waits
    assert cash(scene, ANNE)[1] == 196_279
    scene.dispatch(1)
    assert cash(scene, ANNE) == (2_000_000, 0)
    scene.dispatch(1)  # refused: nothing is left
    assert scene.books.orders[order].pending == ()
    assert cash(scene, ANNE) == (2_000_000, 0)
    assert scene.books.accounts[ANNE].quota_used == 0


def test_a_reprice_refused_while_the_order_rests_leaves_its_price() -> None:
    scene = Scene.open()
    order = scene.new(ANNE, price=95 * NT)
    scene.held = True
    scene.change("reprice", order, price=97 * NT)
    scene.venue.suspend("2330", scene.venue.now)
    scene.dispatch()
    held = scene.books.orders[order]
    assert (held.price, held.ceiling, held.leaves, held.pending) == (95 * NT, 95 * NT, 1000, ())
    assert cash(scene, ANNE) == (1_904_865, 95_135)


def test_what_waits_for_a_line_is_released_at_the_days_end() -> None:
    scene = Scene.open()
    resting = scene.new(ANNE, price=95 * NT)
    scene.held = True
    waiting = scene.new(BEN, side="sell", price=105 * NT, quantity=2000)
    scene.change("cut", resting, quantity=1000)
    scene.venue.finish()
    scene.step(steps.CLOSED)
    posted(scene)
    scene.step(steps.EXPIRED)
    assert posted(scene) == [("release", "2330", "reserved", "free", 2000)]
    assert scene.books.orders[waiting].state == scene.books.orders[resting].state == "expired"
    assert scene.books.orders[resting].pending == ()
    assert cash(scene, ANNE) == (2_000_000, 0)
    assert scene.books.accounts[BEN].positions["2330"].free == 5000


# -- day trades --------------------------------------------------------------------------------------------------------


def _trade(scene: Scene, buyer: int, seller: int, price: int, quantity: int = 1000, **fields: Any) -> None:
    scene.new(seller, side="sell", price=price * NT, quantity=quantity, **fields)
    scene.new(buyer, price=price * NT, quantity=quantity, **fields)


def _tax_back(scene: Scene) -> int:
    scene.close()
    return sum(one.amount for one in scene.postings if one.kind is PostingKind.TAX_BACK) // NT


def test_a_day_trade_gets_half_its_tax_back_at_the_close() -> None:
    """Bought at 100, sold at 102: tax 306 withheld, 153 due."""
    scene = Scene.open()
    _trade(scene, ANNE, BEN, 100)
    _trade(scene, CARL, ANNE, 102)
    free = cash(scene, ANNE)[0]
    assert _tax_back(scene) == 153
    assert cash(scene, ANNE)[0] == free + 153
    assert scene.books.accounts[ANNE].taxes == 153 * NT


def test_only_what_was_bought_before_counts() -> None:
    scene = Scene.open()
    _trade(scene, BEN, ANNE, 100)  # sold first: no day trade for who may only buy first
    _trade(scene, ANNE, BEN, 101, 2000)
    _trade(scene, CARL, ANNE, 102, 3000)  # 2,000 of 3,000 match: floor(306) + 306 of floor(918)
    assert _tax_back(scene) == 918 - (306 + 306)


@pytest.mark.parametrize(
    ("what", "fields", "account"),
    [
        ("the account has no agreement", {}, BEN),
        ("the security is not marked", {"code": "1101"}, ANNE),
        ("the fund's tax is the same", {"code": "0050"}, ANNE),
    ],
)
def test_no_tax_comes_back_where_there_is_no_day_trade(what: str, fields: dict[str, Any], account: int) -> None:
    scene = Scene.open()
    price = {"1101": 42, "0050": 60}.get(fields.get("code", ""), 100)
    other = BEN if account == ANNE else CARL
    _trade(scene, account, other, price, **fields)
    _trade(scene, other, account, price, **fields)
    assert _tax_back(scene) == 0


def test_what_was_bought_today_is_not_sold_today_without_the_right() -> None:
    scene = Scene.open()
    _trade(scene, BEN, ANNE, 100, 2000)
    assert scene.books.sellable(scene.books.accounts[BEN], "2330") == 5000
    assert scene.books.sellable(scene.books.accounts[BEN], "9999") == 0
    _trade(scene, ANNE, BEN, 100, 1000)
    anne = scene.books.accounts[ANNE]
    assert anne.positions["2330"].free == 4000
    assert scene.books.sellable(anne, "2330") == 4000
    assert scene.books.sellable(anne, "2330", odd_lot=True) == 3000


# -- cost and result ---------------------------------------------------------------------------------------------------


def test_average_cost_and_realised_result() -> None:
    """5,000 at a cost of 250,000; 1,000 more for 100,142; 2,000 sold for 200,000 less 285 and 600."""
    scene = Scene.open()
    _trade(scene, ANNE, BEN, 100)
    _trade(scene, CARL, ANNE, 100, 2000)
    position = scene.books.accounts[ANNE].positions["2330"]
    total = (250_000 + 100_142) * NT
    cost = total * 2000 // 6000
    assert position.quantity == 4000
    assert position.cost == total - cost
    assert position.realised == (200_000 - 285 - 600) * NT - cost


def test_a_new_day_begins_anew() -> None:
    scene = Scene.open()
    _trade(scene, ANNE, BEN, 100)
    scene.new(ANNE, side="sell", quantity=4000, code="1101", price=44 * NT)
    scene.close()
    scene.fact(
        msgspec.structs.replace(OPENED, date="2026-08-24", settles_on="2026-08-26", wall_ns=WALL + 86_400 * 10**9)
    )
    books = scene.books
    position = books.accounts[ANNE].positions["2330"]
    assert (position.bought, position.sold, position.realised, position.free) == (0, 0, 0, 6000)
    assert (books.accounts[ANNE].quota_used, books.accounts[ANNE].fees) == (0, 0)
    assert (books.orders, books.known, books.nonces, books.orders_by_account) == ({}, {}, {}, {})
    assert books.tenants[EAST].counters == {}
    assert books.number == 3
    assert books.accounts[ANNE].unsettled[SETTLES].cash == -100_000 * NT
    assert books.withdrawable(books.accounts[BEN]) == books.accounts[BEN].free - 100_000 * NT
    scene.step(steps.settled(SETTLES), SETTLES)
    assert books.accounts[ANNE].unsettled == {}
    assert books.withdrawable(books.accounts[BEN]) == books.accounts[BEN].free


# -- what may leave ----------------------------------------------------------------------------------------------------


def test_what_was_sold_is_withdrawable_after_settlement() -> None:
    scene = Scene.open()
    _trade(scene, ANNE, BEN, 100)
    ben, anne = scene.books.accounts[BEN], scene.books.accounts[ANNE]
    assert ben.free == (2_100_000 - 142 - 300) * NT
    assert scene.books.withdrawable(ben) == (2_000_000 - 142 - 300) * NT
    assert scene.books.withdrawable(anne) == anne.free
    assert scene.books.deliverable(anne, "2330") == 5000
    assert scene.books.deliverable(ben, "2330") == 4000
    assert scene.books.deliverable(ben, "9999") == 0


@pytest.mark.parametrize(
    ("nets", "withdrawable"),
    [
        ({}, 100),
        ({"2026-08-25": -40}, 100),
        ({"2026-08-25": 40}, 60),
        ({"2026-08-25": 40, "2026-08-26": -40}, 100),
        ({"2026-08-25": -40, "2026-08-26": 40}, 60),  # what comes later cannot pay what is due before
        ({"2026-08-25": 30, "2026-08-26": 40}, 30),
        ({"2026-08-25": 90, "2026-08-26": 40}, 0),
    ],
)
def test_withdrawable_by_settlement_dates(nets: dict[str, int], withdrawable: int) -> None:
    books = Books.restore(opened_state())
    account = books.accounts[ANNE]
    account.free = 100
    from yunhai.trading.books.state import Unsettled

    for due, net in nets.items():
        account.unsettled[due] = Unsettled(net, {"2330": net})
    account.positions["2330"].free = 100
    assert books.withdrawable(account) == withdrawable
    assert books.deliverable(account, "2330") == withdrawable


# -- facts -------------------------------------------------------------------------------------------------------------


def test_a_fact_of_the_outbox_is_taken_once() -> None:
    scene = Scene.open()
    suspended = TenantSet(tenant=EAST, code="9A00", status="suspended", outbox=5)
    scene.fact(suspended)
    scene.fact(TenantSet(tenant=EAST, code="9A00", outbox=6))
    assert scene.books.taken(5)
    assert not scene.books.taken(7)
    scene.fact(suspended)
    fact = scene.books.tenants[EAST].fact
    assert fact is not None
    assert fact.status == "open"


@pytest.mark.parametrize(
    ("tenant", "fact"),
    [
        (EAST, CashMoved(account=ANNE, amount=500 * NT, kind="deposit", reference="c1")),
        (EAST, CashMoved(account=ANNE, amount=-2_000_000 * NT, kind="withdrawal", reference="c2")),
        (EAST, SharesMoved(account=ANNE, code="2330", quantity=7, cost=700 * NT, reference="s1")),
        (EAST, SharesMoved(account=ANNE, code="2330", quantity=-5000, reference="s2")),
        (EAST, Transferred(source=ANNE, target=BEN, amount=2_000_000 * NT, reference="t1")),
        (EAST, Transferred(source=ANNE, target=BEN, amount=5000, code="2330", reference="t2")),
        (WEST, Opening(batch="b", part=0, accounts=(CARL,), codes=("",), amounts=(5,), costs=(0,))),
    ],
)
def test_what_moves_money_is_taken_once(tenant: int, fact: Any) -> None:
    scene = Scene.open()
    scene.fact(fact, tenant)
    once = scene.postings.copy()
    assert once
    held = [scene.books.accounts[number].free for number in (ANNE, BEN, CARL)]
    scene.fact(fact, tenant)
    assert scene.postings == once
    assert [scene.books.accounts[number].free for number in (ANNE, BEN, CARL)] == held
    assert not any(scene.books.sums().values())


def test_shares_carry_their_cost() -> None:
    scene = Scene.open()
    scene.fact(SharesMoved(account=ANNE, code="2330", quantity=5000, cost=1_000_000 * NT, reference="in"), EAST)
    anne, ben = scene.books.accounts[ANNE].positions["2330"], scene.books.accounts[BEN].positions["2330"]
    assert anne.cost == 1_250_000 * NT
    scene.fact(Transferred(source=ANNE, target=BEN, amount=4000, code="2330", reference="t"), EAST)
    assert (anne.cost, ben.cost) == (750_000 * NT, 750_000 * NT)
    scene.fact(SharesMoved(account=ANNE, code="2330", quantity=-6000, reference="out"), EAST)
    assert (anne.cost, anne.free) == (0, 0)


def test_grants_cells_and_sessions() -> None:
    scene = Scene.open()
    books = scene.books
    scene.fact(GrantSet(person=9, tenant=EAST, role="sales", trade=False))
    scene.fact(GrantSet(person=9, tenant=EAST, role="sales"))
    assert [grant.trade for grant in books.grants[9]] == [True]
    scene.fact(GrantSet(person=9, tenant=EAST, role="sales", allowed=False))
    scene.fact(GrantSet(person=9, tenant=EAST, role="sales", allowed=False))
    assert 9 not in books.grants
    scene.fact(SessionRevoked(person=9, session="a", before=100))
    scene.fact(SessionRevoked(person=9, session="a", before=50))
    scene.fact(SessionRevoked(person=9, before=70))
    assert [books.revoked_before(9, session) for session in ("a", "b")] == [100, 70]
    assert books.revoked_before(8, "a") == 0
    east = books.tenants[EAST].fact
    assert east is not None
    for level, allowed, found in (
        ("full", (), True),
        ("partial", (), True),
        ("external", (EAST,), True),
        ("partial", (WEST,), False),
        ("none", (EAST,), False),
    ):
        scene.fact(CellSet(service="1.4", column="brokerage", level=level, allowed=allowed))
        assert books.entitled(east, "1.4") is found, level
    scene.fact(CellSet(service="1.6", column="proprietary", level="full"))
    assert not books.entitled(east, "1.6")
    both = msgspec.structs.replace(east, columns=("brokerage", "proprietary"))
    assert books.entitled(both, "1.6")


def test_facts_that_others_read_change_nothing_here() -> None:
    scene = Scene.open()
    before = scene.books.sums()
    scene.fact(Lookup(account=ANNE, reason="call"))
    scene.fact(Tape(line="L1", known=(1, 2)))
    assert scene.books.sums() == before
    scene.fact(Halted(code="2330", on=True))
    assert scene.books.day is not None
    assert scene.books.day.halted == {"2330": True}


MISFITS: list[tuple[int, Any]] = [
    (EAST, CashMoved(account=999, amount=1, kind="deposit", reference="x")),
    (EAST, CashMoved(account=ANNE, amount=-2_000_001 * NT, kind="withdrawal", reference="x")),
    (EAST, SharesMoved(account=ANNE, code="2330", quantity=-5001, reference="x")),
    (EAST, SharesMoved(account=ANNE, code="9999", quantity=-1, reference="x")),
    (EAST, Transferred(source=ANNE, target=CARL, amount=1, reference="x")),
    (EAST, Transferred(source=ANNE, target=BEN, amount=5001, code="2330", reference="x")),
    (EAST, Opening(batch="b", part=0, accounts=(CARL,), codes=("",), amounts=(1,), costs=(0,))),
    (0, AccountSet(account=ANNE, tenant=WEST, branch="8B01", number="1")),
    (0, PackPublished(pack="p", sha256=bytes(32), toml=b"")),
]


@pytest.mark.parametrize(("tenant", "fact"), MISFITS, ids=lambda value: type(value).__name__)
def test_a_fact_that_cannot_be_is_refused(tenant: int, fact: Any) -> None:
    scene = Scene.open()
    before = scene.books.sums()
    balances = [scene.books.accounts[number].free for number in (ANNE, BEN, CARL)]
    with pytest.raises(YunhaiError, match=r"^6440"):
        scene.fact(fact, tenant)
    assert scene.books.sums() == before
    assert [scene.books.accounts[number].free for number in (ANNE, BEN, CARL)] == balances


def _event(**fields: Any) -> np.ndarray[Any, np.dtype[np.void]]:
    one = np.zeros(1, RECORD)
    fills = one.view(FILL)
    for name, value in fields.items():
        (one if name in (RECORD.names or ()) else fills)[name] = value
    return one


@pytest.mark.parametrize(
    ("what", "fields"),
    [
        ("a fill of nobody's order", {"kind": 33, "order_id": 9, "price": 1, "quantity": 1}),
        ("a fill of more than is left", {"kind": 33, "order_id": 1, "price": 95 * NT, "quantity": 1001}),
        ("a fill above the limit", {"kind": 33, "order_id": 1, "price": 96 * NT, "quantity": 1000}),
        ("an answer twice", {"kind": 1, "order_id": 1, "state": 1}),
        ("an answer to no change", {"kind": 2, "order_id": 1, "state": 3, "removed": 1000}),
        ("more removed than is left", {"kind": 34, "order_id": 1, "quantity": 1001}),
        ("removed of nobody's order", {"kind": 34, "order_id": 9, "quantity": 1}),
    ],
)
def test_an_event_that_cannot_be_is_refused(what: str, fields: dict[str, Any]) -> None:
    scene = Scene.open()
    scene.new(ANNE, price=95 * NT)
    with pytest.raises(YunhaiError, match=r"^6440"):
        scene.books.apply_events(scene.books.sequence + 1, _event(**fields))


def test_an_instruction_out_of_turn_is_refused() -> None:
    scene = Scene.open()
    first = scene.decide(scene.instruction(ANNE))
    second = scene.decide(scene.instruction(ANNE))
    scene.apply(first)
    before = scene.books.state_hash()
    with pytest.raises(YunhaiError, match=r"^6440"):
        scene.books.apply_instruction(scene.books.sequence + 1, 0, second.record)
    assert scene.books.state_hash() == before


# -- the day's steps ---------------------------------------------------------------------------------------------------


def test_steps_come_in_order_and_once() -> None:
    scene = Scene.open()
    _trade(scene, ANNE, BEN, 100)
    _trade(scene, CARL, ANNE, 100)
    with pytest.raises(YunhaiError, match=r"^6423"):
        scene.step(steps.EXPIRED)
    with pytest.raises(YunhaiError, match=r"^6424"):
        scene.step(steps.settled(SETTLES), SETTLES)
    scene.close()
    before = scene.books.sums(), cash(scene, ANNE), len(scene.postings)
    for step in steps.STEPS:
        scene.step(step)
    assert (scene.books.sums(), cash(scene, ANNE), len(scene.postings)) == before
    assert scene.books.day is not None
    assert scene.books.day.steps == list(steps.STEPS)
    for step, on in (("lunch", DATE), (steps.CLOSED, "2026-08-20")):
        with pytest.raises(YunhaiError, match=r"^6423"):
            scene.fact(DayStep(date=on, step=step))


def test_settlement_dates_come_in_order() -> None:
    scene = Scene.open()
    _trade(scene, ANNE, BEN, 100)
    scene.close()
    scene.fact(msgspec.structs.replace(OPENED, date="2026-08-24", settles_on="2026-08-26"))
    _unsettled_of_today(scene)
    with pytest.raises(YunhaiError, match=r"^6424"):
        scene.step(steps.settled("2026-08-26"), "2026-08-26")
    scene.step(steps.settled(SETTLES), SETTLES)
    with pytest.raises(YunhaiError, match=r"^6424"):
        scene.step(steps.settled("2026-08-26"), "2026-08-26")  # its day is not closed yet
    for step in steps.STEPS:
        scene.step(step, "2026-08-24")
    scene.step(steps.settled("2026-08-26"), "2026-08-26")
    assert not any(scene.books.sums().values())


def _unsettled_of_today(scene: Scene) -> None:
    """A fill of the second day, as its venue would say it."""
    scene.held = True
    scene.market.date, scene.market.phase_of = "2026-08-24", lambda book: 2
    order = scene.new(ANNE, date="2026-08-24")
    fill = np.concatenate(
        [
            _event(kind=1, order_id=order, state=1),
            _event(kind=33, order_id=order, price=100 * NT, quantity=1000, trade=9),
        ]
    )
    scene.books.apply_events(scene.books.sequence + 1, fill)
    assert "2026-08-26" in scene.books.accounts[ANNE].unsettled


# -- state -------------------------------------------------------------------------------------------------------------


def test_the_state_is_the_same_whoever_keeps_it() -> None:
    books, other = Books(), Books(lambda posting: None)
    for sequence, (tenant, fact) in enumerate(setting_up(), 1):
        books.apply_fact(sequence, 0, tenant, fact)
        other.apply_fact(sequence, 0, tenant, fact)
    assert books.state() == other.state() == opened_state()
    assert Books.restore(books.state()).state() == books.state()
    assert len(books.state_hash()) == 32


@pytest.mark.parametrize(
    "state",
    [
        b"",
        b"\x90",
        b"nonsense",
        opened_state()[:-1],
        msgspec.msgpack.encode([STATE_VERSION + 1, *msgspec.msgpack.decode(opened_state(), strict=False)[1:]]),
    ],
)
def test_a_bad_state_is_refused(state: bytes) -> None:
    with pytest.raises(YunhaiError, match=r"^6441"):
        Books.restore(state)


def test_the_open_days_pack_stays_though_another_is_published() -> None:
    scene = Scene.open(at="08:40")
    day = scene.books.day
    assert day is not None
    before = scene.books.rule_pack(day.pack, day.pack_sha256)
    toml = PACK_BYTES.replace(b'commission = "0.1425%"', b'commission = "0.2%"')
    other = sha256(toml)
    scene.fact(PackPublished(pack="twse-2026", sha256=other, toml=toml))
    assert scene.books.rule_pack("twse-2026", day.pack_sha256) == before
    assert scene.books.rule_pack("twse-2026", other).fees.commission == 2000
    assert Books.restore(scene.books.state()).rule_pack("twse-2026", day.pack_sha256) == before
    scene.close()
    with pytest.raises(YunhaiError, match=r"^6421"):
        scene.fact(msgspec.structs.replace(OPENED, date="2026-08-24", settles_on="2026-08-26"))


def test_a_pack_is_read_with_its_base_as_of_the_opening() -> None:
    scene = Scene.open(at="08:40")
    scene.close()
    variant = b'id = "short"\nversion = "1"\nname_zh = "x"\nname_en = "x"\neffective_from = 2026-01-01\n'
    variant += b'based_on = "twse-2026"\n[settlement]\ndays = 1\n'
    scene.fact(PackPublished(pack="short", sha256=sha256(variant), toml=variant))
    scene.fact(
        msgspec.structs.replace(
            OPENED, date="2026-08-24", settles_on="2026-08-25", pack="short", pack_sha256=sha256(variant)
        )
    )
    toml = PACK_BYTES.replace(b'commission = "0.1425%"', b'commission = "0.2%"')
    scene.fact(PackPublished(pack="twse-2026", sha256=sha256(toml), toml=toml))
    for books in (scene.books, Books.restore(scene.books.state())):
        read = books.rule_pack("short", sha256(variant))
        assert (read.settlement.days, read.fees.commission) == (1, 1425)


def test_the_next_day_needs_no_restart() -> None:
    """A snapshot taken between two days goes on as the books themselves do."""
    scene = Scene.open()
    _trade(scene, ANNE, BEN, 100)
    scene.close()
    state, place = scene.books.state(), len(scene.log)
    scene.fact(msgspec.structs.replace(OPENED, date="2026-08-24", settles_on="2026-08-26"))
    scene.step(steps.settled(SETTLES), SETTLES)
    assert scene.replayed(state=state, start=place).state() == scene.books.state() == scene.replayed().state()


# -- parts -------------------------------------------------------------------------------------------------------------


@given(st.integers(1, 10**17), st.integers(0, 1425), st.booleans())
def test_commission_is_the_packs(value: int, ppm: int, odd: bool) -> None:
    settings = pack().settings
    least = (settings.commission_minimum_odd_lot if odd else settings.commission_minimum).value
    assert commission(value, ppm, least, 0) == rules.commission(pack(), value, odd_lot=odd, rate=Rate(ppm))


@given(st.integers(0, 10**17), st.sampled_from(LISTED), st.booleans())
def test_tax_is_the_packs(value: int, listed: Any, day_trade: bool) -> None:
    books = Books.restore(opened_state())
    assert books.day is not None
    security = books.day.securities[listed.code]
    ppm = security.day_tax_ppm if day_trade else security.tax_ppm
    kind = SecurityKind(listed.kind)
    wanted = rules.transaction_tax(pack(), kind, value, date.fromisoformat(DATE), day_trade=day_trade)
    assert dollars(value, ppm, 0) == wanted


@pytest.mark.parametrize(("rounding", "found"), [(0, 1), (1, 2), (2, 2)])
def test_roundings(rounding: int, found: int) -> None:
    assert dollars(1_053 * NT, 1425, rounding) == found * NT  # 1.5005
    assert dollars(1_000 * NT, 1000, rounding) == 1 * NT


@given(st.lists(st.integers(1, 60), max_size=120))
def test_ranges_are_a_set(numbers: list[int]) -> None:
    held, plain = Ranges(), set[int]()
    for number in numbers:
        assert held.add(number) == (number not in plain)
        plain.add(number)
        assert number in held
    assert {number for number in range(62) if number in held} == plain
    pairs = held.pairs()
    assert all(first <= last for first, last in pairs)
    assert all(one[1] + 1 < two[0] for one, two in itertools.pairwise(pairs))
    assert Ranges(pairs).pairs() == pairs


def test_an_order_says_what_it_holds() -> None:
    scene = Scene.open()
    sale = scene.new(ANNE, side="sell", price=105 * NT, quantity=2000)
    order: Order = scene.books.orders[sale]
    assert order.open
    assert (order.held_shares, order.held_cash) == (2000, 0)
    assert scene.books.orders_of(ANNE, open_only=True) == [order]
    assert scene.books.orders_of(BEN) == []
    assert scene.books.balance(EAST, ANNE, "2330", Bucket.RESERVED) == 2000
    assert scene.books.balance(EAST, ANNE, "9999", Bucket.FREE) == 0


def test_looks_at_clients_are_kept_by_person_and_account_until_they_are_over() -> None:
    scene = Scene.open()
    books = scene.books
    for account, until in ((ANNE, 2_000), (BEN, 1_000), (ANNE, 1_500)):
        scene.fact(Lookup(by=9, account=account, reason="service", until=until))
    scene.fact(Lookup(by=8, account=BEN, reason="service", until=3_000))
    scene.fact(Lookup(by=7, account=0, reason="service", until=3_000))  # a list of several, masked
    scene.fact(Lookup(by=7, account=ANNE, reason="service"))  # as before such facts said how long
    assert books.lookups == {9: {BEN: 1_000, ANNE: 2_000}, 8: {BEN: 3_000}}
    assert [books.looked_up(9, ANNE, now) for now in (1_999, 2_000)] == [True, False]
    assert not books.looked_up(8, ANNE, 0)
    assert Books.restore(books.state()).lookups == books.lookups
    table = books.lookups
    scene.close()
    assert scene.replayed().state_hash() == books.state_hash()
    scene.fact(msgspec.structs.replace(OPENED, date="2026-09-01", settles_on="2026-09-03", wall_ns=2_500 * 1_000_000))
    assert books.lookups == {8: {BEN: 3_000}}, "what is over is forgotten when a day opens"
    assert books.lookups is table


def test_of_very_many_clients_the_first_opened_are_to_be_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "LOOKUPS_KEPT_MAX", 3)
    scene = Scene.open()
    for account in (1, 2, 3, 1, 4):
        scene.fact(Lookup(by=9, account=account, reason="service", until=1_000))
    assert list(scene.books.lookups[9]) == [3, 1, 4]
