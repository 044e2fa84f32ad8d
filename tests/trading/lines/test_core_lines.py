"""Lines in the running core: logins refused by one word outside and three inside, and orders that outlive their lines."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.trading.core_harness import ANNE, BROKER, CARL, EAST, LINES, PASSWORD, WEST, Cloud, CoreHere, running
from yunhai.journal.reader import Reader, read
from yunhai.kernel.records import Kind
from yunhai.trading import facts
from yunhai.trading.facts import LineState
from yunhai.trading.lines import carriage

pytestmark = pytest.mark.asyncio
ORDERS = 60
"""A line carries as many in three seconds."""


async def post(core: Cloud, path: str, body: Any, *, want: int = 200) -> Any:
    return await asyncio.to_thread(lambda: core.post(path, body, want=want))


def login(line: str, **more: str) -> dict[str, str]:
    return {"do": "login", "broker": BROKER[LINES.get(line, EAST)], "password": PASSWORD} | more


def line_states(home: Path) -> list[tuple[str, str, int]]:
    """(line, state, reason) of each LineState in the journal."""
    number = facts.NUMBERS[LineState]
    found = []
    for group in Reader(home / "journal"):
        for _, fact in group.facts():
            if fact.number == number:
                state = facts.decode(number, fact.content)
                assert isinstance(state, LineState)
                found.append((state.line, state.state, state.reason))
    return found


async def place(core: CoreHere, count: int) -> list[int]:
    """So many new orders of Anne and Carl, all at once; their ids."""

    def one(place: int) -> int:
        account = (ANNE, CARL)[place % 2]
        with core.client(account) as http:
            answer = http.post("/trade/v1/orders", json=core.signed(account, code="1101", price=42 * 10_000))
            assert answer.status_code == 201, answer.text
            return int(answer.json()["order_id"])

    return await asyncio.gather(*(asyncio.to_thread(one, place) for place in range(count)))


def reached_venue(home: Path) -> list[int]:
    """Orders as the venue took them, in the journal's order."""
    orders: list[int] = []
    for _, records in read(home / "journal", kinds=(int(Kind.NEW),)):
        orders += records["order_id"].tolist()
    return orders


async def test_each_wrong_login_has_one_answer_outside_and_its_own_reason_in_the_journal(tmp_path: Path) -> None:
    async with running(tmp_path) as core:
        await asyncio.to_thread(core.prepare, lines=False)
        for line, body in (
            ("ZZ", login("ZZ")),
            ("7A", login("7A", broker=BROKER[WEST])),
            ("7A", login("7A", password="wrong")),
        ):
            answer = await post(core, f"/lines/{line}", body, want=403)
            assert answer["error"]["code"] == 6300
            assert "password" not in str(answer["error"]["details"])
        await post(core, "/lines/7A", login("7A"))
        assert [line.line for line in core.core.dispatch.pool.view(0).lines if line.state == "up"] == ["7A"]
    assert line_states(tmp_path) == [
        ("ZZ", "refused", 6301),
        ("7A", "refused", 6302),
        ("7A", "refused", 6303),
        ("7A", "up", 0),
    ]


@pytest.mark.full
async def test_orders_outlive_their_lines_and_a_restart_and_reach_the_venue_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carriage, "LOGIN_AGAIN_NS", 10**13)  # else the lost one might come back before the restart
    async with running(tmp_path) as core:
        await asyncio.to_thread(core.prepare)
        for line in LINES:
            await post(core, f"/lines/{line}", {"do": "logout"})  # a line that is lost would come back in the middle
        orders = await place(core, ORDERS)
        with core.client(ANNE) as http:
            waiting = await asyncio.to_thread(lambda: http.get(f"/trade/v1/orders?account={ANNE}").json()["orders"])
        assert {one["queue"] for one in waiting} == {"lines-down"}
        assert reached_venue(tmp_path) == []
        await post(core, "/lines/7A", login("7A"))
        await post(core, "/lines/7A", {"do": "lose"})
        some = len(reached_venue(tmp_path))
        assert some < ORDERS
    async with running(tmp_path) as core:
        assert len(core.core.dispatch.pool.pending()) == ORDERS - some
        for line in LINES:
            await post(core, f"/lines/{line}", login(line))
        async with asyncio.timeout(60):
            while core.core.dispatch.pool.pending():  # noqa: ASYNC110 - the loop itself empties it
                await asyncio.sleep(0.02)
        await core.core.appender.settled()
        reached = reached_venue(tmp_path)
        assert sorted(reached) == sorted(orders)
        tenants = {order: core.core.books.orders[order].tenant for order in orders}
        for tenant in (EAST, WEST):
            own = [order for order in reached if tenants[order] == tenant]
            assert own == sorted(own), "within a broker new orders go in the order of their acceptance"
