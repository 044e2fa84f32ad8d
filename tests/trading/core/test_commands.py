"""Facts, revocations, cells, cash, lines and halts: at once, once, and refused without a trace."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from tests.trading.core.driving import accepted, ask, drained, refused, replayed, trading_day
from tests.trading.core_harness import ANNE, EAST, PASSWORD, WEST, row, running, unserved
from yunhai.kernel.errors import YunhaiError
from yunhai.trading.core import commands
from yunhai.trading.facts import (
    AccountSet,
    CashMoved,
    CellSet,
    Decided,
    GrantSet,
    KeySet,
    Opening,
    SessionRevoked,
    SharesMoved,
    TenantSet,
)

NT = 10_000


def a_row(outbox: int, tenant: int, fact: Decided) -> commands.Row:
    said: dict[str, Any] = row(outbox, tenant, fact)
    return commands.Row(said["outbox"], said["number"], said["tenant"], said["value"])


def test_an_outbox_row_is_taken_once_and_remembered_over_a_restart(tmp_path: Path) -> None:
    fact = AccountSet(account=500, tenant=EAST, branch="9A01", number="0000500")

    async def run() -> None:
        async with trading_day(tmp_path) as here:
            (first,) = await commands.take_rows(here.core, [a_row(900, EAST, fact)])
            before = here.core.appender.writer.submitted()
            assert first == before
            assert await commands.take_rows(here.core, [a_row(900, EAST, fact)] * 3) == [0, 0, 0]
            assert here.core.appender.writer.submitted() == before
        async with unserved(tmp_path, snapshot=False) as here:
            assert await commands.take_rows(here.core, [a_row(900, EAST, fact)]) == [0]
            assert here.core.appender.writer.submitted() == before

    asyncio.run(run())


@pytest.mark.parametrize(
    ("number", "value", "code"),
    [
        (2, {"account": ANNE, "tenant": WEST, "branch": "8B01", "number": "0000011"}, 6509),
        (2, {"account": "x"}, 6509),
        (2, {"account": 1, "tenant": EAST, "branch": "x", "number": "1", "more": 1}, 0),
        (9, {"pack": "p", "sha256": "AA==", "toml": "AA=="}, 6509),
        (10, {"tenant": EAST, "channel": "web", "terminal": "!!"}, 6509),
        (50, {}, 6509),
        (102, {"account": ANNE, "amount": 1, "kind": "deposit", "reference": "r"}, 6510),
        (256, {}, 6510),
    ],
)
def test_a_row_that_does_not_fit_is_refused_with_all_that_came_with_it(
    tmp_path: Path, number: int, value: dict[str, Any], code: int
) -> None:
    good = a_row(901, EAST, GrantSet(person=77, tenant=EAST, role="sales"))

    async def run() -> None:
        async with trading_day(tmp_path) as here:
            before = here.core.books.state()
            rows = [good, commands.Row(902, number, EAST, value)]
            if not code:
                await commands.take_rows(here.core, rows)
                return
            with pytest.raises(YunhaiError) as refusal:
                await commands.take_rows(here.core, rows)
            assert refusal.value.code == code
            assert here.core.books.state() == before
            assert 0 not in await commands.take_rows(here.core, [good])

    asyncio.run(run())


def test_what_is_withdrawn_is_withdrawn_at_once(tmp_path: Path) -> None:
    """A key, a grant, a cell of the matrix, a broker: the next instruction is refused, each by its own number."""
    withdrawn: list[tuple[Decided, int]] = [
        (CellSet(service="1.3", column="brokerage", level="none"), 6110),
        (CellSet(service="1.3", column="brokerage", level="full"), 0),
        (GrantSet(person=1, tenant=EAST, role="investor", account=ANNE, trade=False), 6112),
        (GrantSet(person=1, tenant=EAST, role="investor", account=ANNE), 0),
        (TenantSet(tenant=EAST, code="9A00", status="suspended"), 6100),
        (TenantSet(tenant=EAST, code="9A00"), 0),
        (KeySet(key=101, person=1, public=b"\4" + bytes(64), status="revoked"), 6105),
    ]

    async def run() -> None:
        async with trading_day(tmp_path) as here:
            for place, (fact, code) in enumerate(withdrawn):
                await commands.take_rows(here.core, [a_row(950 + place, 0, fact)])
                if code:
                    found = await refused(here, ANNE, code="1101", price=42 * NT)
                    assert found.code == code, fact
                else:
                    await accepted(here, ANNE, code="1101", price=42 * NT)

    asyncio.run(run())


def test_a_revoked_session_is_dead_at_once(tmp_path: Path) -> None:
    async def run() -> None:
        async with running(tmp_path) as here:
            await asyncio.to_thread(here.prepare)
            issued = int(time.time())
            token = here.token(ANNE, session="phone", now_s=issued)
            assert here.core.who(token).person == 1
            fact = SessionRevoked(person=1, session="phone", before=issued * 1_000 + 1)
            await commands.take_rows(here.core, [a_row(990, 0, fact)])
            with pytest.raises(YunhaiError) as refusal:
                here.core.who(token)
            assert refusal.value.code == 6528
            assert here.core.who(here.token(ANNE, session="desk")).session == "desk"

            def get() -> int:
                with here.client(ANNE, session="phone", now_s=issued) as http:
                    return http.get(f"/trade/v1/accounts/{ANNE}").status_code

            assert await asyncio.to_thread(get) == 401
        async with unserved(tmp_path, snapshot=False) as here:
            with pytest.raises(YunhaiError):
                here.core.who(token)

    asyncio.run(run())


def test_cash_is_moved_once_for_a_reference(tmp_path: Path) -> None:
    moved = CashMoved(account=ANNE, amount=5 * NT, kind="deposit", reference="a")
    other = CashMoved(account=ANNE, amount=6 * NT, kind="deposit", reference="a")

    async def run() -> None:
        async with trading_day(tmp_path) as here:
            before = here.core.books.accounts[ANNE].free
            sequences = {await commands.move_cash(here.core, EAST, moved) for _ in range(3)}
            assert len(sequences) == 1
            assert here.core.books.accounts[ANNE].free == before + 5 * NT
            with pytest.raises(YunhaiError) as refusal:
                await commands.move_cash(here.core, EAST, other)
            assert refusal.value.code == 6405
            with pytest.raises(YunhaiError) as refusal:
                await commands.move_cash(here.core, WEST, moved)
            assert refusal.value.code == 6400, "another broker's account is not there"

    asyncio.run(run())


@pytest.mark.parametrize(
    ("line", "broker", "password", "reason"),
    [("7Z", "9A00", PASSWORD, 6301), ("7A", "8B00", PASSWORD, 6302), ("7A", "9A00", "wrong", 6303)],
)
def test_a_login_says_outside_only_that_it_is_refused(
    tmp_path: Path, line: str, broker: str, password: str, reason: int
) -> None:
    async def run() -> None:
        async with trading_day(tmp_path) as here:
            with pytest.raises(YunhaiError) as refusal:
                await commands.line_login(here.core, line, broker, password)
            assert refusal.value.code == 6300
            assert refusal.value.details == {}
        state = replayed(tmp_path / "journal").line_states[line]
        assert (state.state, state.reason) == ("refused", reason)

    asyncio.run(run())


def test_a_lost_line_stops_its_broker_and_a_login_lets_it_go_on(tmp_path: Path) -> None:
    async def run() -> None:
        async with trading_day(tmp_path, lift_line_caps=False) as here:
            for line in ("7A", "7B", "8A", "8B"):
                await commands.line_end(here.core, line, lost=True)
            order = await accepted(here, ANNE)
            assert here.core.books.orders[order.order_id].state == "queued"
            await commands.line_login(here.core, "7B", "9A00", PASSWORD)
            await drained(here.core)
            assert here.core.books.orders[order.order_id].state == "resting"

    asyncio.run(run())


def test_a_halted_security_takes_nothing_until_it_is_resumed(tmp_path: Path) -> None:
    async def run() -> None:
        async with trading_day(tmp_path) as here:
            await commands.halt(here.core, "2330", on=True)
            await commands.halt(here.core, "2330", on=True)
            assert (await refused(here, ANNE)).code == 6122
            await commands.halt(here.core, "2330", on=False)
            await accepted(here, ANNE)
            with pytest.raises(YunhaiError) as refusal:
                await commands.halt(here.core, "9999", on=True)
            assert refusal.value.code == 6536
            assert len(await ask(here.core, here, here.instruction(ANNE))) == 1

    asyncio.run(run())


def test_money_is_no_security_whoever_names_it_so(tmp_path: Path) -> None:
    """Shares called "TWD" would be cash that nobody paid in."""
    shares = SharesMoved(account=ANNE, code="TWD", quantity=1_000_000, reference="gift")
    opening = Opening(batch="gift", part=0, accounts=(ANNE,), codes=("TWD",), amounts=(1_000_000,), costs=(0,))

    async def run() -> None:
        async with trading_day(tmp_path) as here:
            before = here.core.books.state()
            with pytest.raises(YunhaiError) as refusal:
                await commands.move_shares(here.core, EAST, shares)
            assert refusal.value.code == 6408
            with pytest.raises(YunhaiError) as refusal:
                await commands.open_balances(here.core, EAST, opening)
            assert refusal.value.code == 6411
            assert here.core.books.state() == before
            assert here.core.failed is None

    asyncio.run(run())


def test_a_fault_while_a_fact_is_applied_halts_the_core(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in memory then is in no journal: nothing more may be decided by it."""

    async def run() -> None:
        async with trading_day(tmp_path) as here:
            submitted = here.core.appender.writer.submitted()

            def fault(*_: Any) -> None:
                raise KeyError("a mistake")

            monkeypatch.setattr(here.core.books, "apply_fact", fault)
            moved = CashMoved(account=ANNE, amount=NT, kind="deposit", reference="halts")
            with pytest.raises(KeyError):
                await commands.move_cash(here.core, EAST, moved)
            assert here.core.failed is not None
            assert here.core.appender.writer.submitted() == submitted
            assert (await refused(here, ANNE)).code == 6501

    asyncio.run(run())
