"""The gate, as a table: who sends what in which state, and the code that answers; on a refusal nothing has changed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from tests.trading.scene import (
    ANNE,
    BEN,
    CARL,
    CLERK,
    DATE,
    EAST,
    KEYIN,
    NT,
    WALL,
    WEST,
    Scene,
    key_of,
)
from yunhai.kernel.errors import YunhaiError
from yunhai.trading import signatures
from yunhai.trading.core import rights
from yunhai.trading.facts import (
    AccountSet,
    CellSet,
    CertificateSet,
    ConsentSet,
    Decided,
    GrantSet,
    Halted,
    KeySet,
    Lookup,
    TenantSet,
    TerminalSet,
)
from yunhai.trading.gate.asked import Asker
from yunhai.trading.gate.checks import CHECKS
from yunhai.trading.gate.errors import GATE_CODES
from yunhai.trading.gate.gate import Gate, catalogue
from yunhai.trading.instructions import canonical
from yunhai.trading.shape import checked, unpack
from yunhai.trading.tokens import Claims

ANNE_ACCOUNT = AccountSet(account=ANNE, tenant=EAST, branch="9A01", number="0000011", day_trade="buy_first")
BEN_ACCOUNT = AccountSet(account=BEN, tenant=EAST, branch="9A02", number="0000022")
EAST_FACT = TenantSet(tenant=EAST, code="9A00")
ANNE_KEY = KeySet(key=101, person=1, public=signatures.point_of(key_of(1)))
ANNE_GRANT = GrantSet(person=1, tenant=EAST, role="investor", account=ANNE)
WALL_MS = WALL // 1_000_000
STRICT = msgspec.structs.replace(EAST_FACT, certificates=True)
YEAR_MS = 365 * 86_400_000
ANNE_CERTIFICATE = CertificateSet(
    certificate=1,
    key=101,
    person=1,
    serial=b"\x01" * 20,
    sha256=bytes(32),
    profile="investor",
    not_before=WALL_MS - YEAR_MS,
    not_after=WALL_MS + YEAR_MS,
    tenant=WEST,
)
CLERK_CERTIFICATE = msgspec.structs.replace(ANNE_CERTIFICATE, certificate=2, key=104, person=CLERK, profile="clerk")
ANNE_CONSENT = ConsentSet(person=1, tenant=EAST)
CLERK_CONSENT = ConsentSet(person=CLERK, tenant=EAST)
PHONE = {"instruction_kind": "phone", "instruction_id": "R1", "instruction_at": WALL // 1_000_000 - 60_000}
DESK = PHONE | {"channel": "desk", "person": CLERK}
Prepare = Callable[[Scene], dict[str, Any]]


def but(fact: Decided, **changes: Any) -> Decided:
    return msgspec.structs.replace(fact, **changes)


@dataclass
class Case:
    """`facts` first, then `prepare` (which may add fields), then an instruction of `account` with `fields`."""

    code: int
    what: str
    fields: dict[str, Any] = field(default_factory=dict)
    facts: tuple[Decided, ...] = ()
    account: int = ANNE
    prepare: Prepare | None = None
    send: dict[str, Any] = field(default_factory=dict)
    at: str = "09:05"


def _resting(**fields: Any) -> Prepare:
    """An order of Anne's that rests; the instruction is about it."""

    def prepare(scene: Scene) -> dict[str, Any]:
        return {"order": scene.new(ANNE, **({"price": 95 * NT} | fields))}

    return prepare


def _cancelled(scene: Scene) -> dict[str, Any]:
    order = scene.new(ANNE, price=95 * NT)
    assert scene.change("cancel", order).accepted
    return {"order": order}


def _thirty_two_changes(scene: Scene) -> dict[str, Any]:
    scene.held = True
    order = scene.new(ANNE, price=95 * NT, quantity=20_000)
    for _ in range(32):
        assert scene.change("cut", order, quantity=1000).accepted
    return {"order": order}


def _resting_market_order(scene: Scene) -> dict[str, Any]:
    scene.held = True
    return {"order": scene.new(ANNE, order_type="market", price="")}


def _used_nonce(scene: Scene) -> dict[str, Any]:
    scene.new(ANNE, nonce="ab" * 16)
    return {"nonce": "ab" * 16}


def _bought_today(scene: Scene) -> dict[str, Any]:
    """Ben, who may not day-trade, holds 5,000 and buys 1,000 more."""
    scene.new(ANNE, side="sell")
    scene.new(BEN)
    assert scene.books.accounts[BEN].positions["2330"].free == 6_000
    return {}


def _terminal_full(scene: Scene) -> dict[str, Any]:
    scene.books.tenants[EAST].counters["W"] = 62**4 - 1
    return {}


def _no_security_in_the_books(scene: Scene) -> dict[str, Any]:
    assert scene.books.day is not None
    del scene.books.day.securities["2330"]
    return {}


def _day_closed(scene: Scene) -> dict[str, Any]:
    scene.venue.finish()
    scene.step("closed")
    return {}


def _without_segment(scene: Scene) -> dict[str, Any]:
    del scene.market.securities["2330"].books[3]
    return {}


def _phase_one(scene: Scene) -> dict[str, Any]:
    """The fixed-price book takes orders, but there is no close."""
    scene.market.phase_of = lambda book: 1
    scene.market.close_of = lambda code: 0
    return {}


def _then_quota(scene: Scene, **quota: int) -> dict[str, Any]:
    order = scene.new(ANNE, price=95 * NT)
    scene.fact(but(ANNE_ACCOUNT, **quota))
    return {"order": order}


def _bought_all_today(scene: Scene) -> dict[str, Any]:
    """Anne sold what she had and bought it again: as odd lots it may not be sold today."""
    scene.new(ANNE, side="sell", quantity=5000)
    scene.new(CARL, quantity=5000)
    scene.new(CARL, side="sell", quantity=5000)
    scene.new(ANNE, quantity=5000)
    return {}


def _broken_market(scene: Scene) -> dict[str, Any]:
    """The venue cannot say which phase a book is in."""

    def phase_of(book: int) -> int:
        raise IndexError(book)

    scene.market.phase_of = phase_of
    return {}


CASES = [
    Case(6100, "tenant unknown", {"tenant": 99}),
    Case(6100, "tenant suspended", facts=(but(EAST_FACT, status="suspended"),)),
    Case(6101, "key unknown", {"key": 999}, send={"signature": bytes(64)}),
    Case(6101, "another's key", {"key": 102}),
    Case(6105, "key revoked", facts=(but(ANNE_KEY, status="revoked"),)),
    Case(6106, "key expired", facts=(but(ANNE_KEY, until=WALL // 1_000_000 - 1),)),
    Case(6102, "no signature", send={"signature": b""}),
    Case(6102, "another text's signature", send={"signature": signatures.sign(key_of(1), b"other")}),
    Case(6170, "no certificate", facts=(STRICT, ANNE_CONSENT)),
    Case(6170, "another key's certificate", facts=(STRICT, ANNE_CONSENT, but(ANNE_CERTIFICATE, key=102))),
    Case(6170, "another person's certificate", facts=(STRICT, ANNE_CONSENT, but(ANNE_CERTIFICATE, person=2))),
    Case(6171, "not yet valid", facts=(STRICT, ANNE_CONSENT, but(ANNE_CERTIFICATE, not_before=WALL_MS + 1))),
    Case(
        6171,
        "signed before it was valid",
        {"signed_at": WALL_MS - 60_000},
        (STRICT, ANNE_CONSENT, but(ANNE_CERTIFICATE, not_before=WALL_MS - 59_999)),
    ),
    Case(6172, "expired", facts=(STRICT, ANNE_CONSENT, but(ANNE_CERTIFICATE, not_after=WALL_MS - 1))),
    Case(
        6172,
        "signed before it expired, sent after",
        {"signed_at": WALL_MS - 60_000},
        (STRICT, ANNE_CONSENT, but(ANNE_CERTIFICATE, not_after=WALL_MS - 1)),
    ),
    Case(6173, "revoked", facts=(STRICT, ANNE_CONSENT, but(ANNE_CERTIFICATE, status="revoked", reason=1))),
    Case(6173, "on hold", facts=(STRICT, ANNE_CONSENT, but(ANNE_CERTIFICATE, status="held", reason=6))),
    Case(6173, "a status nobody knows", facts=(STRICT, ANNE_CONSENT, but(ANNE_CERTIFICATE, status="odd"))),
    Case(
        6173,
        "whatever was signed before the revocation",
        {"signed_at": WALL_MS - 60_000},
        (STRICT, ANNE_CONSENT, but(ANNE_CERTIFICATE, status="revoked", wall_ns=WALL - 1)),
    ),
    Case(
        6173,
        "a cancel too is somebody's signature",
        {"action": "cancel", "order": 1},
        (STRICT, ANNE_CONSENT, but(ANNE_CERTIFICATE, status="revoked")),
    ),
    Case(
        6173,
        "the renewed one is revoked, the earlier is not",
        facts=(
            STRICT,
            ANNE_CONSENT,
            ANNE_CERTIFICATE,
            but(ANNE_CERTIFICATE, certificate=9, status="revoked"),
            ANNE_CERTIFICATE,
        ),
    ),
    Case(
        6174,
        "an investor's for a clerk's channel",
        DESK,
        (STRICT, CLERK_CONSENT, but(CLERK_CERTIFICATE, profile="investor")),
        send={"person": CLERK},
    ),
    Case(6174, "a clerk's for an investor's", facts=(STRICT, ANNE_CONSENT, but(ANNE_CERTIFICATE, profile="clerk"))),
    Case(6174, "a program's by hand", facts=(STRICT, ANNE_CONSENT, but(ANNE_CERTIFICATE, profile="api"))),
    Case(6174, "a document's", facts=(STRICT, ANNE_CONSENT, but(ANNE_CERTIFICATE, profile="document"))),
    Case(6175, "never consented", facts=(STRICT, ANNE_CERTIFICATE)),
    Case(6175, "consented to another broker", facts=(STRICT, ANNE_CERTIFICATE, but(ANNE_CONSENT, tenant=WEST))),
    Case(6175, "another's consent", facts=(STRICT, ANNE_CERTIFICATE, but(ANNE_CONSENT, person=2))),
    Case(6176, "withdrawn", facts=(STRICT, ANNE_CERTIFICATE, ANNE_CONSENT, but(ANNE_CONSENT, allowed=False))),
    Case(6103, "stale", {"signed_at": WALL // 1_000_000 - 120_001}),
    Case(6103, "from the future", {"signed_at": WALL // 1_000_000 + 120_001}),
    Case(6104, "nonce used", prepare=_used_nonce),
    Case(6109, "day closed", prepare=_day_closed),
    Case(6107, "yesterday", {"date": "2026-08-20"}),
    Case(6108, "live", {"mode": "live"}),
    Case(6110, "cell off", facts=(CellSet(service="1.3", column="brokerage", level="none"),)),
    Case(
        6110,
        "not among the named",
        facts=(CellSet(service="1.3", column="brokerage", level="partial", allowed=(WEST,)),),
    ),
    Case(6110, "service without a cell", {"channel": "program"}),
    Case(6115, "grant withdrawn", facts=(but(ANNE_GRANT, allowed=False),)),
    Case(6115, "another's account", account=BEN, fields={"person": 1}, send={"person": 1}),
    Case(6111, "a clerk's channel", {"channel": "desk"}),
    Case(
        6115,
        "investor for every account",
        {"person": 2},
        (GrantSet(person=2, tenant=EAST, role="investor"),),
        send={"person": 2},
    ),
    Case(6115, "clerk of another broker", DESK, account=CARL, send={"person": CLERK}),
    Case(6112, "may look only", facts=(but(ANNE_GRANT, trade=False),)),
    Case(6112, "no second factor", send={"mfa": False}),
    Case(6113, "no record at all", {"channel": "desk", "person": CLERK}, send={"person": CLERK}),
    Case(6113, "no kind", DESK | {"instruction_kind": ""}, send={"person": CLERK}),
    Case(6113, "no record id", DESK | {"instruction_id": ""}, send={"person": CLERK}),
    Case(6113, "no time", DESK | {"instruction_at": 0}, send={"person": CLERK}),
    Case(6113, "key-in", {"channel": "keyin", "person": KEYIN}, send={"person": KEYIN}),
    Case(6114, "told after signing", DESK | {"instruction_at": WALL // 1_000_000 + 1}, send={"person": CLERK}),
    Case(6114, "told long ago", DESK | {"instruction_at": WALL // 1_000_000 - 86_400_001}, send={"person": CLERK}),
    Case(6115, "no such account", account=999, facts=(GrantSet(person=1, tenant=EAST, role="investor", account=999),)),
    Case(
        6115,
        "another broker's account",
        {"tenant": EAST, "person": 1},
        (GrantSet(person=1, tenant=EAST, role="investor", account=CARL),),
        CARL,
        send={"person": 1},
    ),
    Case(6116, "frozen", facts=(but(ANNE_ACCOUNT, status="frozen"),)),
    Case(6116, "a status nobody knows", facts=(but(ANNE_ACCOUNT, status="odd"),)),
    Case(6117, "closed", facts=(but(ANNE_ACCOUNT, status="closed"),)),
    Case(6118, "sell only", facts=(but(ANNE_ACCOUNT, status="sell_only"),)),
    Case(6126, "odd lots", {"segment": "odd_lot", "quantity": 7}, (but(ANNE_ACCOUNT, odd_lot=False),)),
    Case(6119, "margin", {"credit": "margin"}, (but(ANNE_ACCOUNT, credit=("cash", "margin")),)),
    Case(6119, "no cash trading", facts=(but(ANNE_ACCOUNT, credit=()),)),
    Case(6140, "no such order", {"action": "cancel", "order": 77}),
    Case(6140, "another's order", {"action": "cancel"}, account=BEN, prepare=_resting()),
    Case(6141, "cancelled", {"action": "cancel"}, prepare=_cancelled),
    Case(6142, "too many changes", {"action": "cut", "quantity": 1000}, prepare=_thirty_two_changes),
    Case(6143, "market order", {"action": "reprice", "price": 100 * NT}, prepare=_resting_market_order),
    Case(6120, "no such security", {"code": "9999"}),
    Case(
        6121, "no such segment", {"segment": "odd_lot_after", "quantity": 1, "code": "2330"}, prepare=_without_segment
    ),
    Case(6122, "halted", facts=(Halted(code="2330", on=True),)),
    Case(6122, "suspended at the venue", prepare=lambda scene: scene.venue.suspend("2330", scene.venue.now) or {}),
    Case(6123, "before the session", at="08:20"),
    Case(6123, "odd lots before theirs", {"segment": "odd_lot", "quantity": 7}, at="08:40"),
    Case(6123, "after the close", at="13:45"),
    Case(6123, "fixed price in the morning", {"segment": "fixed_price"}),
    Case(6124, "market before the open", {"order_type": "market", "price": ""}, at="08:40"),
    Case(6124, "IOC before the open", {"time_in_force": "ioc"}, at="08:40"),
    Case(6124, "odd-lot market order", {"segment": "odd_lot", "quantity": 7, "order_type": "market", "price": ""}),
    Case(
        6125,
        "odd lots are not re-priced",
        {"action": "reprice", "price": 99 * NT},
        prepare=_resting(segment="odd_lot", quantity=7),
    ),
    Case(6131, "above limit-up", {"price": 1_100_500}),
    Case(6131, "re-price above", {"action": "reprice", "price": 1_105_000}, prepare=_resting()),
    Case(6132, "below limit-down", {"price": 899_000}),
    Case(6130, "off the tick", {"price": 1_002_500}),
    Case(6130, "re-price off the tick", {"action": "reprice", "price": 1_000_100}, prepare=_resting()),
    Case(6133, "no close", {"segment": "fixed_price"}, at="14:05", prepare=_phase_one),
    Case(6134, "no lot", {"quantity": 1500}),
    Case(6134, "cut is no lot", {"action": "cut", "quantity": 1}, prepare=_resting()),
    Case(6135, "too many shares", {"quantity": 500_000}),
    Case(6135, "too many for an odd lot", {"segment": "odd_lot", "quantity": 1000}),
    Case(6136, "one order's limit", facts=(but(ANNE_ACCOUNT, order_quota=99_999 * NT),)),
    Case(
        6136,
        "a market order counts at limit-up",
        {"order_type": "market", "price": ""},
        (but(ANNE_ACCOUNT, order_quota=109_999 * NT),),
    ),
    Case(
        6136,
        "re-priced above it",
        {"action": "reprice", "price": 96 * NT},
        prepare=lambda scene: _then_quota(scene, order_quota=95_500 * NT),
    ),
    Case(6137, "day's quota", facts=(but(ANNE_ACCOUNT, day_quota=194_999 * NT),), prepare=_resting()),
    Case(6137, "a sell counts", {"side": "sell"}, (but(ANNE_ACCOUNT, day_quota=194_999 * NT),), prepare=_resting()),
    Case(
        6137,
        "the dearer price",
        {"action": "reprice", "price": 96 * NT},
        prepare=lambda scene: _then_quota(scene, day_quota=95_999 * NT),
    ),
    Case(6150, "no cash for the commission", {"quantity": 20_000}),
    Case(6150, "reserved already", {"quantity": 19_000}, prepare=_resting(quantity=2000)),
    Case(6150, "the dearer price", {"action": "reprice", "price": 96 * NT}, prepare=_resting(quantity=21_000)),
    Case(6151, "no such shares", {"side": "sell", "quantity": 6000}),
    Case(
        6151,
        "reserved already",
        {"side": "sell", "quantity": 3000},
        prepare=_resting(side="sell", price=105 * NT, quantity=3000),
    ),
    Case(
        6151,
        "never held",
        {"side": "sell"},
        prepare=lambda scene: scene.books.accounts[ANNE].positions.pop("2330") and {},
    ),
    Case(6152, "bought today", {"side": "sell", "quantity": 6000}, account=BEN, prepare=_bought_today),
    Case(
        6152,
        "odd lots of what was bought today",
        {"side": "sell", "segment": "odd_lot", "quantity": 999},
        prepare=_bought_all_today,
    ),
    Case(6161, "no terminal", {"channel": "mobile"}),
    Case(6161, "a terminal that is none", facts=(TerminalSet(tenant=EAST, channel="web", terminal="123"),)),
    Case(6160, "numbers used up", prepare=_terminal_full),
    Case(6198, "without its charges", prepare=_no_security_in_the_books),
    Case(6198, "no such channel's service", prepare=_broken_market),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code} {case.what}")
def test_refusals(case: Case) -> None:
    scene = Scene.open(at=case.at)
    for fact in case.facts:
        scene.fact(fact)
    more = case.prepare(scene) if case.prepare else {}
    if "action" not in case.fields:
        more.pop("order", None)
    before = scene.books.state_hash()
    decision = scene.decide(scene.instruction(case.account, **(case.fields | more)), **case.send)
    assert decision.code == case.code, decision
    assert scene.books.state_hash() == before
    record = unpack(decision.record)
    assert (record.code, record.number, record.reserved_cash, record.reserved_shares) == (case.code, 0, 0, 0)
    assert record.order_number == bytes(5)
    error = decision.error()
    assert error.code == case.code
    assert "?" not in error.text("en") + error.text("zh")
    numbers = scene.books.number, scene.books.tenants[EAST].counters.copy(), scene.books.sums()
    scene.apply(decision)
    assert (scene.books.number, scene.books.tenants[EAST].counters, scene.books.sums()) == numbers


def test_every_refusal_is_in_the_table() -> None:
    assert {case.code for case in CASES} | {6190} == set(GATE_CODES)
    listed = [code for check in CHECKS for code in check.codes]
    assert sorted([*listed, 6190, 6198]) == sorted(GATE_CODES)
    assert len(set(listed)) == len(listed)


def test_the_catalogue_has_every_refusal_and_its_texts() -> None:
    rejects = catalogue()
    assert {reject.code for reject in rejects} == set(GATE_CODES)
    assert all(reject.zh and reject.en and reject.remedy_zh and reject.remedy_en for reject in rejects)
    assert {reject.retry for reject in rejects} == {"now", "later", "never"}


def test_the_first_check_in_order_wins() -> None:
    """Everything is wrong; set right one by one, the answers come in the order of the checks."""
    scene = Scene.open(at="09:05")
    scene.fact(but(STRICT, status="suspended"))
    scene.fact(but(ANNE_KEY, status="revoked"))
    scene.fact(CellSet(service="1.3", column="brokerage", level="none"))
    scene.fact(but(ANNE_ACCOUNT, status="frozen", day_quota=1))
    scene.fact(Halted(code="2330", on=True))
    scene.fact(TerminalSet(tenant=EAST, channel="web", terminal=""))
    wrong: dict[str, Any] = {
        "signed_at": WALL // 1_000_000 - 200_000,
        "date": "2026-08-20",
        "mode": "live",
        "time_in_force": "fok",
        "segment": "odd_lot",
        "price": 1_200_500,
        "quantity": 5_000_000,
    }
    scene.fact(but(ANNE_ACCOUNT, status="frozen", day_quota=1, odd_lot=False))
    right = [
        (6100, lambda: scene.fact(STRICT)),
        (6105, lambda: scene.fact(ANNE_KEY)),
        (6170, lambda: scene.fact(but(ANNE_CERTIFICATE, not_before=WALL_MS, not_after=WALL_MS - 1, profile="clerk"))),
        (6171, lambda: scene.fact(but(ANNE_CERTIFICATE, not_after=WALL_MS - 1, status="held", profile="clerk"))),
        (6172, lambda: scene.fact(but(ANNE_CERTIFICATE, status="held", profile="clerk"))),
        (6173, lambda: scene.fact(but(ANNE_CERTIFICATE, profile="clerk"))),
        (6174, lambda: scene.fact(ANNE_CERTIFICATE)),
        (6175, lambda: scene.fact(but(ANNE_CONSENT, allowed=False))),
        (6176, lambda: scene.fact(ANNE_CONSENT)),
        (6103, lambda: wrong.pop("signed_at")),
        (6107, lambda: wrong.pop("date")),
        (6108, lambda: wrong.pop("mode")),
        (6110, lambda: scene.fact(CellSet(service="1.3", column="brokerage", level="full"))),
        (6116, lambda: scene.fact(but(ANNE_ACCOUNT, day_quota=1, odd_lot=False))),
        (6126, lambda: scene.fact(but(ANNE_ACCOUNT, day_quota=1))),
        (6122, lambda: scene.fact(Halted(code="2330", on=False))),
        (6124, lambda: wrong.pop("time_in_force")),
        (6131, lambda: wrong.pop("price")),
        (6135, lambda: wrong.update(quantity=999)),
        (6137, lambda: scene.fact(but(ANNE_ACCOUNT))),
        (6161, lambda: scene.fact(TerminalSet(tenant=EAST, channel="web", terminal="W"))),
    ]
    for code, put_right in right:
        assert scene.decide(scene.instruction(ANNE, **wrong)).code == code
        put_right()
    assert scene.decide(scene.instruction(ANNE, **wrong)).accepted


ACCEPTED = [
    ("a buy", {}, ANNE, {}, 100_142 * NT, 0),
    (
        "a small buy costs NT$20 at least",
        {"code": "1101", "price": 400_000, "quantity": 1000},
        ANNE,
        {},
        40_057 * NT,
        0,
    ),
    ("seven odd shares cost NT$1 at least", {"segment": "odd_lot", "quantity": 7}, ANNE, {}, 701 * NT, 0),
    ("a market buy holds limit-up", {"order_type": "market", "price": ""}, ANNE, {}, (110_000 + 156) * NT, 0),
    ("West's rate", {}, CARL, {}, 100_060 * NT, 0),
    ("a sell holds shares", {"side": "sell", "quantity": 5000}, ANNE, {}, 0, 5000),
    ("a sales rep", DESK, BEN, {"person": CLERK}, 100_142 * NT, 0),
    ("a key-in clerk", PHONE | {"channel": "keyin", "person": KEYIN}, BEN, {"person": KEYIN}, 100_142 * NT, 0),
]


@pytest.mark.parametrize(("what", "fields", "account", "send", "cash", "shares"), ACCEPTED)
def test_acceptances(
    what: str, fields: dict[str, Any], account: int, send: dict[str, Any], cash: int, shares: int
) -> None:
    scene = Scene.open()
    scene.held = True
    before = scene.books.state_hash()
    decision = scene.decide(scene.instruction(account, **fields), **send)
    assert decision.accepted, decision.error()
    assert scene.books.state_hash() == before
    assert (decision.reserved_cash, decision.reserved_shares) == (cash, shares)
    free = scene.books.accounts[account].free
    scene.apply(decision)
    order = scene.books.orders[decision.order_id]
    assert (order.held_cash, order.held_shares) == (cash, shares)
    assert scene.books.accounts[account].free == free - cash


def test_a_frozen_account_may_still_cancel_and_cut() -> None:
    scene = Scene.open()
    order = scene.new(ANNE, price=95 * NT, quantity=3000)
    scene.fact(but(ANNE_ACCOUNT, status="frozen"))
    assert scene.change("reprice", order, price=94 * NT).code == 6116
    assert scene.change("cut", order, quantity=1000).accepted
    assert scene.change("cancel", order).accepted
    assert scene.books.orders[order].state == "cancelled"


def test_an_order_with_too_many_changes_can_still_be_cancelled() -> None:
    scene = Scene.open()
    order = _thirty_two_changes(scene)["order"]
    assert scene.change("cut", order, quantity=1000).code == 6142
    for _ in range(32):
        assert scene.change("cancel", order).accepted
    assert scene.change("cancel", order).code == 6142
    scene.dispatch()
    assert scene.books.orders[order].state == "cancelled"
    assert scene.books.accounts[ANNE].reserved == 0


def test_a_sell_only_account_sells_and_does_not_reprice_a_buy() -> None:
    scene = Scene.open()
    buy = scene.new(ANNE, price=95 * NT)
    sell = scene.new(ANNE, side="sell", price=105 * NT)
    scene.fact(but(ANNE_ACCOUNT, status="sell_only"))
    assert scene.change("reprice", buy, price=96 * NT).code == 6118
    assert scene.change("reprice", sell, price=104 * NT).accepted
    assert scene.send(scene.instruction(ANNE, side="sell", price=105 * NT)).accepted


def test_order_numbers_have_no_gap_and_each_terminal_its_own() -> None:
    scene = Scene.open()
    numbers: list[str] = []
    for place in range(12):
        if place % 3 == 1:
            assert not scene.send(scene.instruction(ANNE, price=1_300_000)).accepted
        if place == 6:
            assert scene.change("cancel", scene.books.number).order_number == ""
        clerk = place % 4 == 3
        fields = DESK if clerk else {"price": 95 * NT}
        decision = scene.send(scene.instruction(BEN, **fields), **({"person": CLERK} if clerk else {}))
        numbers.append(decision.order_number)
    web = [number for number in numbers if number[0] == "W"]
    desk = [number for number in numbers if number[0] == "D"]
    assert web == [f"W000{count}" for count in "123456789"]
    assert desk == ["D1001", "D1002", "D1003"]
    assert scene.send(scene.instruction(CARL, price=95 * NT)).order_number == "W0001"


def test_the_same_again_gives_the_same_answer() -> None:
    scene = Scene.open()
    instruction = scene.instruction(ANNE, price=95 * NT)
    assert scene.known(instruction) is None
    decision = scene.send(instruction)
    known = scene.known(instruction)
    assert known is not None
    assert (known.code, known.number, known.order_id) == (0, decision.number, decision.order_id)
    assert (known.order_number, known.reserved_cash, known.wall) == ("W0001", decision.reserved_cash, WALL)
    hashed = scene.books.state_hash()
    for _ in range(100):
        assert scene.known(instruction) == known
    assert scene.books.state_hash() == hashed
    for name, value in (("quantity", 2000), ("nonce", "ff" * 16), ("signed_at", WALL // 1_000_000 + 1), ("key", 102)):
        with pytest.raises(YunhaiError, match=r"^6190"):
            scene.known(msgspec.structs.replace(instruction, **{name: value}))
    assert scene.known(msgspec.structs.replace(instruction, account=BEN)) is None
    assert scene.known(msgspec.structs.replace(instruction, tenant=WEST)) is None
    assert scene.gate.known(checked(instruction), asker=Asker(1)) == known
    assert scene.gate.known(checked(instruction), asker=Asker(2)) is None


def test_a_signed_refusal_is_an_answer_too() -> None:
    scene = Scene.open()
    instruction = scene.instruction(ANNE, quantity=500_000)
    assert scene.send(instruction).code == 6135
    known = scene.known(instruction)
    assert known is not None
    assert (known.code, known.number) == (6135, 0)


@pytest.mark.parametrize(
    ("code", "fields", "how"),
    [
        (6102, {}, {"signature": bytes(64)}),
        (6101, {"key": 102}, {}),
        (6100, {"tenant": 99}, {}),
        (6115, {"key": 102}, {"person": 2}),
    ],
)
def test_what_nobody_entitled_signed_binds_no_client_id(code: int, fields: dict[str, Any], how: dict[str, Any]) -> None:
    """Else whoever guesses a client id could keep its owner from using it."""
    scene = Scene.open()
    good = scene.instruction(ANNE, price=95 * NT)
    bad = msgspec.structs.replace(good, quantity=2000, **fields)
    assert scene.send(bad, **how).code == code
    assert scene.known(good) is None
    assert scene.send(good).accepted


def test_a_preview_looks_at_everything_and_changes_nothing() -> None:
    scene = Scene.open()
    before = scene.books.state_hash()
    wanted = checked(scene.instruction(ANNE, quantity=500_000, price=1_200_500))
    preview = scene.gate.preview(wanted, asker=Asker(1), wall_ns=WALL)
    refused = {verdict.name: verdict.code for verdict in preview.verdicts if verdict.verdict == "refused"}
    assert refused == {"price": 6131, "quantity": 6135, "cash-or-shares": 6150}
    assert preview.code == 6131
    assert preview.first is not None
    assert preview.first.name == "price"
    assert [verdict.name for verdict in preview.verdicts] == [check.name for check in CHECKS]
    skipped = {verdict.name for verdict in preview.verdicts if verdict.verdict == "skipped"}
    assert skipped == {"key", "signature", "certificate", "fresh", "nonce"}
    assert scene.books.state_hash() == before


def test_a_preview_says_what_it_costs() -> None:
    scene = Scene.open()
    cost = scene.gate.preview(checked(scene.instruction(ANNE)), asker=Asker(1), wall_ns=WALL).cost
    assert (cost.value, cost.commission, cost.tax) == (100_000 * NT, 142 * NT, 0)
    assert (cost.total, cost.reserved_cash, cost.buying_power_after) == (100_142 * NT, 100_142 * NT, 1_899_858 * NT)
    sell = checked(scene.instruction(ANNE, side="sell", quantity=2000))
    cost = scene.gate.preview(sell, asker=Asker(1), wall_ns=WALL).cost
    assert (cost.value, cost.commission, cost.tax) == (200_000 * NT, 285 * NT, 600 * NT)
    assert (cost.total, cost.reserved_shares, cost.sellable_after) == (199_115 * NT, 2000, 3000)
    order = scene.new(ANNE, price=95 * NT)
    dearer = checked(scene.instruction(ANNE, action="reprice", order=order, price=96 * NT))
    cost = scene.gate.preview(dearer, asker=Asker(1), wall_ns=WALL).cost
    assert cost.reserved_cash == (96_136 - 95_135) * NT


def test_a_preview_of_what_is_not_there() -> None:
    scene = Scene.open()
    for fields in ({"code": "9999"}, {"action": "cancel", "order": 5}):
        instruction = scene.instruction(ANNE, **fields)
        preview = scene.gate.preview(checked(instruction), asker=Asker(1), wall_ns=WALL)
        assert preview.code
        assert any(verdict.verdict == "skipped" and verdict.name == "session" for verdict in preview.verdicts)


def test_without_a_day_everything_is_refused() -> None:
    scene = Scene.open()
    instruction = scene.instruction(ANNE)
    text = canonical(instruction)
    gate = Gate(scene.books, None)
    signature = signatures.sign(key_of(1), text)
    decision = gate.decide(checked(instruction), text, signature, asker=Asker(1), wall_ns=WALL)
    assert decision.code == 6109
    assert gate.preview(checked(instruction), asker=Asker(1), wall_ns=WALL).code == 6109


def test_the_fixed_price_is_the_close() -> None:
    scene = Scene.open()
    scene.new(BEN, side="sell")
    scene.new(CARL)
    scene.advance("14:05")
    fixed = {"segment": "fixed_price"}
    assert scene.decide(scene.instruction(ANNE, **fixed, price=1_005_000)).code == 6131
    assert scene.decide(scene.instruction(ANNE, **fixed, price=995_000)).code == 6132
    order = scene.new(ANNE, **fixed)
    scene.new(BEN, side="sell", **fixed)
    scene.close()
    assert scene.books.orders[order].state == "filled"
    assert scene.books.day is not None
    assert scene.books.day.date == DATE


def test_a_key_works_until_its_last_moment() -> None:
    scene = Scene.open()
    scene.fact(but(ANNE_KEY, until=WALL // 1_000_000))
    assert scene.send(scene.instruction(ANNE)).accepted


@pytest.mark.parametrize("channel", ["web", "mobile", "api", "condition", "program"])
def test_no_channel_that_a_sender_may_name_spares_the_second_factor(channel: str) -> None:
    scene = Scene.open()
    for service in ("1.4", "1.6"):
        scene.fact(CellSet(service=service, column="brokerage", level="full"))
    scene.fact(TerminalSet(tenant=EAST, channel=channel, terminal="Z"))
    instruction = scene.instruction(ANNE, channel=channel)
    assert scene.decide(instruction, mfa=False).code == 6112
    assert scene.decide(instruction).accepted


@pytest.mark.parametrize(
    ("role", "channel", "code"),
    [
        ("", "desk", 0),
        ("sales", "desk", 0),
        ("investor", "desk", 6115),
        ("investor", "api", 6115),
        ("api", "api", 6115),
    ],
)
def test_an_api_client_trades_on_the_grants_of_its_role_and_on_no_others(role: str, channel: str, code: int) -> None:
    scene = Scene.open()
    fields = DESK | {"channel": channel} if channel == "desk" else {"channel": channel, "person": CLERK}
    decision = scene.send(scene.instruction(ANNE, **fields), person=CLERK, role=role)
    assert decision.code == code
    assert bool(scene.books.accounts[ANNE].reserved) == (code == 0)


def test_a_client_of_one_role_is_not_told_what_another_has_done() -> None:
    scene = Scene.open()
    instruction = scene.instruction(ANNE, **DESK)
    assert scene.send(instruction, person=CLERK).accepted
    assert scene.gate.known(checked(instruction), asker=Asker(CLERK, role="sales")) is not None
    assert scene.gate.known(checked(instruction), asker=Asker(CLERK, role="investor")) is None


OFF: dict[str, tuple[Decided, ...]] = {
    "the broker is suspended": (but(EAST_FACT, status="suspended"),),
    "the broker is closed": (but(EAST_FACT, status="closed"),),
    "the service is switched off": (CellSet(service="1.3", column="brokerage", level="none"),),
    "all of it": (
        but(EAST_FACT, status="suspended"),
        CellSet(service="1.3", column="brokerage", level="none"),
        but(ANNE_ACCOUNT, status="frozen"),
    ),
}


@pytest.mark.parametrize("what", OFF)
def test_whoever_may_no_longer_trade_may_still_stop(what: str) -> None:
    scene = Scene.open()
    order = scene.new(ANNE, price=95 * NT, quantity=3000)
    for fact in OFF[what]:
        scene.fact(fact)
    refused = 6110 if what == "the service is switched off" else 6100
    held = scene.books.accounts[ANNE].reserved
    assert scene.send(scene.instruction(ANNE, price=95 * NT)).code == refused
    assert scene.change("reprice", order, price=94 * NT).code == refused
    assert scene.books.accounts[ANNE].reserved == held
    preview = scene.gate.preview(
        checked(scene.instruction(ANNE, action="cancel", order=order)), asker=Asker(1), wall_ns=WALL
    )
    assert preview.code == 0
    assert scene.change("cut", order, quantity=1000).accepted
    assert scene.change("cancel", order).accepted
    assert scene.books.orders[order].state == "cancelled"
    assert scene.books.accounts[ANNE].reserved == 0


@pytest.mark.parametrize(
    ("code", "what", "how"),
    [
        (6101, {}, {"person": 2}),
        (6102, {}, {"signature": bytes(64)}),
        (6115, {"key": 102}, {"person": 2}),
        (6103, {"signed_at": WALL // 1_000_000 - 121_000}, {}),
        (6111, PHONE | {"channel": "desk"}, {}),
        (6112, {}, {"mfa": False}),
    ],
)
def test_taking_back_is_signed_for_like_anything_else(code: int, what: dict[str, Any], how: dict[str, Any]) -> None:
    scene = Scene.open()
    order = scene.new(ANNE, price=95 * NT, quantity=3000)
    scene.fact(but(EAST_FACT, status="suspended"))
    assert scene.send(scene.instruction(ANNE, action="cancel", order=order, **what), **how).code == code
    assert scene.books.orders[order].leaves == 3000


def test_a_clerk_of_one_branch_finds_no_account_of_another() -> None:
    scene = Scene.open()
    scene.fact(GrantSet(person=CLERK, tenant=EAST, role="sales", branches=(BEN_ACCOUNT.branch,)))
    assert scene.send(scene.instruction(ANNE, **DESK), person=CLERK).code == 6115
    assert scene.books.accounts[ANNE].reserved == 0
    claims = Claims(person=CLERK, session="s", tenant=EAST, role="sales", mfa=True, issued=0, expires=1)
    for account in (ANNE, BEN):
        scene.fact(Lookup(by=CLERK, account=account, reason="service", until=2))
    assert rights.account_of(scene.books, claims, BEN, now_ms=1).fact == BEN_ACCOUNT
    with pytest.raises(YunhaiError) as refusal:
        rights.account_of(scene.books, claims, ANNE, now_ms=1)
    assert refusal.value.code == 6513
    assert scene.send(scene.instruction(BEN, **DESK), person=CLERK).accepted


LOOKS: list[tuple[str, tuple[int, str, str], int, int]] = [
    ("a sales rep who has not said why", (CLERK, "sales", ""), BEN, 6518),
    ("a key-in clerk who has not said why", (KEYIN, "keyin", ""), BEN, 6518),
    ("a sales rep who has", (CLERK, "sales", ""), ANNE, 0),
    ("another clerk, for whom that was not", (KEYIN, "keyin", ""), ANNE, 6518),
    ("a sales rep's program", (CLERK, "sales", "client-1"), ANNE, 0),
    ("another broker's account", (CLERK, "sales", ""), CARL, 6513),
    ("the investor", (2, "investor", ""), BEN, 0),
    ("operations", (9, "operations", ""), BEN, 0),
    ("operations who is a sales rep too", (10, "operations", ""), BEN, 0),
    ("that person's client as a sales rep", (10, "sales", "client-2"), BEN, 6518),
    ("compliance", (8, "compliance", ""), BEN, 0),
]


@pytest.mark.parametrize(("who", "claimed", "account", "code"), LOOKS, ids=[look[0] for look in LOOKS])
def test_a_clerk_looks_at_a_client_for_a_registered_reason(
    who: str, claimed: tuple[int, str, str], account: int, code: int
) -> None:
    scene = Scene.open()
    for person, role in ((9, "operations"), (10, "operations"), (10, "sales"), (8, "compliance")):
        scene.fact(GrantSet(person=person, tenant=EAST, role=role))
    scene.fact(Lookup(by=CLERK, account=ANNE, reason="phone_order", until=1_000), EAST)
    orders = {number: scene.new(number, price=95 * NT) for number in (ANNE, BEN, CARL)}
    person, role, session = claimed
    claims = Claims(person=person, session=session, tenant=EAST, role=role, mfa=True, issued=0, expires=1)
    looks: list[Callable[[], object]] = [
        lambda: rights.account_of(scene.books, claims, account, now_ms=999),
        lambda: rights.order_of(scene.books, claims, orders[account], now_ms=999),
    ]
    for look in looks:
        if code:
            with pytest.raises(YunhaiError, match=f"^{code}"):
                look()
        else:
            look()


def test_a_look_is_good_until_its_hours_are_over() -> None:
    scene = Scene.open()
    claims = Claims(person=CLERK, session="", tenant=EAST, role="sales", mfa=True, issued=0, expires=1)
    scene.fact(Lookup(by=CLERK, account=BEN, reason="service", until=1_000), EAST)
    scene.fact(Lookup(by=CLERK, account=BEN, reason="service", until=500), EAST)
    assert rights.account_of(scene.books, claims, BEN, now_ms=999)
    with pytest.raises(YunhaiError, match=r"^6518"):
        rights.account_of(scene.books, claims, BEN, now_ms=1_000)
