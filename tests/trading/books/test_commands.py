"""The core's commands on the books, as a table: what is wished, and the fact or the refusal."""

from typing import Any

import msgspec
import pytest

from tests.trading.scene import ANNE, BEN, CARL, DATE, EAST, NT, OPENED, PACK_HASH, SETTLES, WEST, Scene
from yunhai.kernel.errors import YunhaiError
from yunhai.trading.books import commands, steps
from yunhai.trading.facts import AccountSet, CashMoved, DayStep, Listed, Opening, SharesMoved, Transferred

FROZEN = AccountSet(account=ANNE, tenant=EAST, branch="9A01", number="0000011", status="frozen")
CLOSED = msgspec.structs.replace(FROZEN, status="closed")
HUGE = 1 << 61


def cash(amount: int = 100 * NT, **more: Any) -> CashMoved:
    kind = "deposit" if amount > 0 else "withdrawal"
    return CashMoved(**({"account": ANNE, "amount": amount, "kind": kind, "reference": "r1"} | more))


def shares(quantity: int = 10, **more: Any) -> SharesMoved:
    return SharesMoved(**({"account": ANNE, "code": "2330", "quantity": quantity, "reference": "r1"} | more))


def give(amount: int = 10, **more: Any) -> Transferred:
    return Transferred(**({"source": ANNE, "target": BEN, "amount": amount, "code": "2330", "reference": "r1"} | more))


def opening(**more: Any) -> Opening:
    row = {"accounts": (ANNE, BEN), "codes": ("", "2330"), "amounts": (5, 6), "costs": (0, 7)}
    return Opening(**({"batch": "b1", "part": 0} | row | more))


REFUSED: list[tuple[int, Any, tuple[Any, ...]]] = [
    (6400, cash(account=999), ()),
    (6400, cash(account=CARL), ()),  # another broker's: as if it were not there
    (6401, cash(), (CLOSED,)),
    (6402, cash(-1), (FROZEN,)),
    (6403, cash(10**15 + 1), ()),
    (6403, cash(0), ()),
    (6403, cash(5, kind="withdrawal"), ()),
    (6403, cash(5, kind="gift"), ()),
    (6404, cash(reference=""), ()),
    (6404, cash(reference="a b"), ()),
    (6404, cash(reference="x" * 65), ()),
    (6405, cash(), (cash(200 * NT),)),
    (6405, cash(), (shares(),)),
    (6406, cash(-2_000_001 * NT), ()),
    (6400, shares(account=CARL), ()),
    (6402, shares(-1), (FROZEN,)),
    (6403, shares(2**32), ()),
    (6403, shares(5, cost=-1), ()),
    (6403, shares(-5, cost=1), ()),
    (6407, shares(-5001), ()),
    (6407, shares(-1, code="9999"), ()),
    (6408, shares(code=""), ()),
    (6408, shares(code="TWDx"), ()),
    (6400, give(target=CARL), ()),
    (6400, give(source=CARL), ()),
    (6402, give(), (FROZEN,)),
    (6403, give(-1), ()),
    (6404, give(reference="錄"), ()),
    (6406, give(2_000_001 * NT, code=""), ()),
    (6407, give(5001), ()),
    (6408, give(code="a"), ()),
    (6409, give(target=ANNE), ()),
    (6404, opening(batch=""), ()),
    (6411, opening(accounts=(ANNE,)), ()),
    (6411, opening(accounts=(), codes=(), amounts=(), costs=()), ()),
    (6411, opening(part=-1), ()),
    (6411, opening(accounts=(ANNE, CARL)), ()),
    (6411, opening(codes=("", "2330 ")), ()),
    (6411, opening(amounts=(-1, 6)), ()),
    (6411, opening(costs=(1, 7)), ()),
    (6411, opening(amounts=(5, HUGE + 1)), ()),
    (6410, opening(amounts=(5, HUGE)), ()),
    (6412, opening(), (opening(amounts=(5, 8)),)),
]
DECIDE = {
    CashMoved: commands.move_cash,
    SharesMoved: commands.move_shares,
    Transferred: commands.transfer,
    Opening: commands.open_balances,
}


def decide(scene: Scene, wish: Any, tenant: int = EAST) -> commands.Wanted:
    return DECIDE[type(wish)](scene.books, tenant, wish)  # type: ignore[no-any-return, operator]


@pytest.mark.parametrize(("code", "wish", "before"), REFUSED)
def test_refusals(code: int, wish: Any, before: tuple[Any, ...]) -> None:
    scene = Scene.open(at="08:40")
    for fact in before:
        scene.fact(fact, EAST)
    state = scene.books.state_hash()
    with pytest.raises(YunhaiError) as caught:
        decide(scene, wish)
    assert caught.value.code == code
    assert "?" not in caught.value.text("en") + caught.value.text("zh")
    assert scene.books.state_hash() == state


def test_a_balance_has_an_end() -> None:
    scene = Scene.open(at="08:40")
    scene.books.accounts[ANNE].free = HUGE
    scene.books.accounts[BEN].positions["2330"].free = HUGE
    scene.books.accounts[BEN].free = HUGE - 5
    scene.books.tenants[WEST].house["TWD"][3] = -HUGE
    with pytest.raises(YunhaiError, match=r"^6410"):  # what all of a broker's accounts hold has an end too
        decide(scene, cash(1, account=CARL), WEST)
    for wish in (cash(), shares(account=BEN), give(), give(6, code="", target=BEN)):
        with pytest.raises(YunhaiError, match=r"^6410"):
            decide(scene, wish)


def test_an_unknown_broker_has_no_opening_balances() -> None:
    with pytest.raises(YunhaiError, match=r"^6413"):
        decide(Scene.open(at="08:40"), opening(), 99)


@pytest.mark.parametrize("wish", [cash(), cash(-100), shares(), shares(-10), give(), give(code=""), opening()])
def test_the_same_wish_again_was_done_before(wish: Any) -> None:
    scene = Scene.open(at="08:40")
    wanted = decide(scene, wish)
    assert wanted.fact == wish
    assert wanted.fact is not None
    scene.fact(wanted.fact, EAST)
    sequence, state = scene.books.sequence, scene.books.state_hash()
    again = decide(scene, msgspec.structs.replace(wish, by=9, wall_ns=5))
    assert again.fact is None
    assert again.sequence in (sequence, 0)
    assert scene.books.state_hash() == state


def test_references_are_a_brokers_own() -> None:
    scene = Scene.open(at="08:40")
    scene.fact(cash(), EAST)
    assert decide(scene, cash(account=CARL), WEST).fact is not None


def test_a_frozen_account_may_receive() -> None:
    scene = Scene.open(at="08:40")
    scene.fact(FROZEN)
    assert decide(scene, cash()).fact is not None
    assert decide(scene, shares()).fact is not None
    assert decide(scene, give(source=BEN, target=ANNE)).fact is not None


DAYS: list[tuple[int, dict[str, Any]]] = [
    (6420, {}),
    (6422, {"date": DATE}),
    (6422, {"date": "2026-08-20"}),
    (6421, {"pack": "other"}),
    (6421, {"pack_sha256": bytes(32)}),
    (6425, {"date": "2026-08-24x", "settles_on": "2026-08-26"}),
    (6425, {"settles_on": "2026-08-21"}),
    (6425, {"settles_on": "20260826"}),
    (6425, {"mode": "test"}),
    (6425, {"listed": (Listed(code="2330", kind="share", reference=1),)}),
    (6425, {"listed": (Listed(code="2330", kind="stock", reference=0),)}),
    (6425, {"listed": (Listed(code="2330", kind="stock", reference=NT), Listed(code="2330", kind="stock", reference=NT))}),
    (6425, {"listed": (Listed(code="03001P", kind="warrant-call", reference=NT),)}),
]  # fmt: skip


@pytest.mark.parametrize(("code", "fields"), DAYS)
def test_days_that_are_not_opened(code: int, fields: dict[str, Any]) -> None:
    scene = Scene.open(at="08:40")
    if code != 6420:
        scene.close()
    wish = msgspec.structs.replace(OPENED, **({"date": "2026-08-24", "settles_on": "2026-08-26"} | fields))
    state = scene.books.state_hash()
    with pytest.raises(YunhaiError) as caught:
        commands.open_day(scene.books, wish)
    assert caught.value.code == code
    assert scene.books.state_hash() == state
    good = msgspec.structs.replace(OPENED, date="2026-08-24", settles_on="2026-08-26", pack_sha256=PACK_HASH)
    if code != 6420:
        assert commands.open_day(scene.books, good).fact == good


def test_a_security_without_a_tax_row_stops_only_itself() -> None:
    scene = Scene.open(at="08:40")
    scene.close()
    listed = (Listed(code="2330", kind="stock", reference=NT), Listed(code="23301", kind="convertible", reference=NT))
    wish = msgspec.structs.replace(OPENED, date="2027-01-04", settles_on="2027-01-06", listed=listed)
    assert commands.open_day(scene.books, wish).fact == wish
    scene.fact(wish)
    assert scene.books.day is not None
    assert list(scene.books.day.securities) == ["2330"]


def test_steps_as_commands() -> None:
    scene = Scene.open(at="08:40")
    closed = DayStep(date=DATE, step=steps.CLOSED)
    assert commands.take_step(scene.books, closed).fact == closed
    scene.fact(closed)
    assert commands.take_step(scene.books, closed).fact is None
    assert commands.take_step(scene.books, DayStep(date=SETTLES, step=steps.settled(SETTLES))).fact is None
    with pytest.raises(YunhaiError, match=r"^6423"):
        commands.take_step(scene.books, DayStep(date=DATE, step=steps.DAY_TRADE_TAX))
