"""Instructions through the core: the same id, rates, full queues, batches with times, another tenant's ids."""

import asyncio
import time
from pathlib import Path

import msgspec
from msgspec.structs import replace

from tests.trading.core.driving import accepted, ask, refused, replayed, require_sound, trading_day
from tests.trading.core.sockets import Orders
from tests.trading.core_harness import ANNE, BEN, CARL, EAST, WEST, running
from yunhai.kernel.errors import YunhaiError
from yunhai.trading.core.orders import Accepted
from yunhai.trading.rates import ORDERS
from yunhai.trading.tokens import Claims

NT = 10_000


def claims(person: int, tenant: int = EAST) -> Claims:
    return Claims(person=person, session="s", tenant=tenant, role="investor", mfa=True, issued=0, expires=2**40)


def test_the_same_id_a_hundred_times_at_once_is_one_order(tmp_path: Path) -> None:
    async def run() -> None:
        async with running(tmp_path, lift_line_caps=True) as here:
            await asyncio.to_thread(here.prepare)
            one = here.instruction(ANNE)
            outcomes = await ask(here.core, here, *[one] * 100)
            first = outcomes[0]
            assert isinstance(first, Accepted)
            assert not first.again
            said = {_plain(outcome) for outcome in outcomes}
            assert len(said) == 1
            assert sum(isinstance(outcome, Accepted) and outcome.again for outcome in outcomes) == 99
            assert len(here.core.books.orders) == 1
            assert here.core.books.number == 1
            body = msgspec.to_builtins(here.sign(one))

            def post() -> tuple[int, str]:
                with here.client(ANNE) as http:
                    answer = http.post("/trade/v1/orders", json=body)
                return answer.status_code, answer.text

            answers = await asyncio.gather(*[asyncio.to_thread(post) for _ in range(20)])
            assert {status for status, _ in answers} == {200}
            assert len({text for _, text in answers}) == 1

    asyncio.run(run())


def _plain(outcome: object) -> str:
    assert isinstance(outcome, Accepted)
    return f"{outcome.number} {outcome.order_id} {outcome.order_number} {outcome.sequence} {outcome.accepted_at} {outcome.cash}"


def test_the_same_id_with_another_body_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    async def run() -> None:
        async with trading_day(tmp_path) as here:
            one = here.instruction(ANNE)
            other = msgspec.structs.replace(one, quantity=2000)
            first, second = await ask(here.core, here, one, other)
            assert isinstance(first, Accepted)
            assert isinstance(second, YunhaiError)
            assert (second.code, second.entry.http) == (6190, 409)
            before = here.core.books.state()
            (third,) = await ask(here.core, here, other)
            assert isinstance(third, YunhaiError)
            assert here.core.books.state() == before

    asyncio.run(run())


def test_a_refusal_again_is_the_same_refusal_even_when_it_would_pass_now(tmp_path: Path) -> None:
    async def run() -> None:
        async with trading_day(tmp_path) as here:
            poor = here.instruction(ANNE, quantity=400_000)
            first, again = await ask(here.core, here, poor, poor)
            assert isinstance(first, YunhaiError)
            assert isinstance(again, YunhaiError)
            assert first.code == again.code == 6150
            assert first.as_json() == again.as_json()
            assert here.core.books.number == 0

    asyncio.run(run())


def test_two_of_one_turn_cannot_spend_the_same_money(tmp_path: Path) -> None:
    async def run() -> None:
        async with trading_day(tmp_path) as here:
            outcomes = await ask(here.core, here, *[here.instruction(ANNE, quantity=4000) for _ in range(10)])
            assert [isinstance(outcome, Accepted) for outcome in outcomes] == [True] * 4 + [False] * 6
            require_sound(here.core.books)
            numbers = [outcome.order_number for outcome in outcomes if isinstance(outcome, Accepted)]
            assert numbers == ["W0001", "W0002", "W0003", "W0004"], "gapless, refusals take none"

    asyncio.run(run())


def test_another_tenants_ids_are_not_there_and_nothing_is_journaled(tmp_path: Path) -> None:
    async def run() -> None:
        async with trading_day(tmp_path) as here:
            before = here.core.appender.writer.submitted()
            (outcome,) = await ask(here.core, here, here.instruction(CARL), claims=claims(1))
            assert isinstance(outcome, YunhaiError)
            assert (outcome.code, outcome.entry.http) == (6513, 404)
            (outcome,) = await ask(here.core, here, here.instruction(CARL), claims=claims(1, WEST))
            assert isinstance(outcome, YunhaiError)
            assert outcome.code == 6101, "the key is not that person's"
            assert here.core.appender.writer.submitted() == before + 1
            (outcome,) = await ask(here.core, here, here.instruction(ANNE), claims=claims(1))
            assert isinstance(outcome, Accepted)

    asyncio.run(run())


ASKED = 500
"""At once, of one account: more than the 250 of its rate and what that refills while they are looked at."""


def most_since(began: float) -> int:
    """How many one account's rate has let through by now, and one for the rounding."""
    return 251 + int((time.monotonic() - began) * ORDERS.per_second)


def test_a_rate_refuses_only_whose_it_is_and_never_cancels(tmp_path: Path) -> None:
    async def run() -> None:
        async with trading_day(tmp_path) as here:
            first = await accepted(here, ANNE, code="1101", price=42 * NT)
            wanted = [here.instruction(ANNE, quantity=7) for _ in range(ASKED)]
            began = time.monotonic()
            outcomes = await ask(here.core, here, *wanted)
            codes = [outcome.code for outcome in outcomes if isinstance(outcome, YunhaiError)]
            assert 249 <= codes.count(6134) <= most_since(began)
            assert codes.count(6201) == ASKED - codes.count(6134) > 0
            await accepted(here, ANNE, action="cancel", order=first.order_id)
            await accepted(here, BEN, code="1101", price=42 * NT)

    asyncio.run(run())


def test_accounts_that_are_not_ones_own_share_one_rate(tmp_path: Path) -> None:
    """Else whoever names 1, 2, 3 … could ask, and fill the journal, without end."""

    async def run() -> None:
        async with trading_day(tmp_path) as here:
            before = here.core.appender.writer.submitted()
            wanted = [replace(here.instruction(ANNE), account=50_000 + number) for number in range(ASKED)]
            began = time.monotonic()
            outcomes = await ask(here.core, here, *wanted, claims=claims(1))
            codes = [outcome.code for outcome in outcomes if isinstance(outcome, YunhaiError)]
            assert 250 <= codes.count(6115) <= most_since(began)
            assert codes.count(6201) == ASKED - codes.count(6115) > 0
            assert here.core.appender.writer.submitted() == before + codes.count(6115)
            await accepted(here, ANNE, code="1101", price=42 * NT)

    asyncio.run(run())


def test_without_a_day_everything_is_refused_by_the_gate(tmp_path: Path) -> None:
    async def run() -> None:
        async with running(tmp_path) as here:
            await asyncio.to_thread(here.prepare, day=False)
            assert (await refused(here, ANNE)).code == 6109
            assert here.core.books.number == 0

    asyncio.run(run())


def test_a_batch_with_times_moves_the_driven_clock_through_the_timetable(tmp_path: Path) -> None:
    """Sent in one message: before the opening, at the auction, in continuous trading, after the close."""

    async def run() -> None:
        async with running(tmp_path, lift_line_caps=True) as here:
            await asyncio.to_thread(here.prepare, at="08:40")
            day = here.core.open_day()
            async with Orders(here, inner=True) as socket:
                bodies = [
                    here.sign(here.instruction(account, **fields))
                    for account, fields in (
                        (ANNE, {"price": 100 * NT}),
                        (BEN, {"side": "sell", "price": 100 * NT}),
                        (CARL, {"side": "sell", "price": 101 * NT}),
                        (BEN, {"price": 101 * NT}),
                        (ANNE, {"price": 100 * NT}),
                    )
                ]
                times = [day.at(text) for text in ("08:45", "08:59:59", "09:00:01", "10:00", "13:40")]
                answers = await socket.batch(bodies, times)
            assert [answer["op"] for answer in answers] == ["ack"] * 4 + ["refused"]
            assert answers[4]["error"]["code"] == 6123
            states = [order.state for order in here.core.books.orders.values()]
            assert states == ["filled"] * 4
            assert here.core.clock.now() == times[-1]
            assert [order.time for order in here.core.books.orders.values()] == times[:4]
        assert replayed(tmp_path / "journal").sums() == dict.fromkeys(here.core.books.sums(), 0)

    asyncio.run(run())
