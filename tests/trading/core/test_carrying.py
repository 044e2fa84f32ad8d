"""Instructions on lines that fail, through the running core: in the journal each is in the venue once, each order's in order."""

import asyncio
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.trading.core.driving import accepted, drained, replayed, trading_day
from tests.trading.core.sockets import Orders
from tests.trading.core_harness import (
    ANNE,
    BEN,
    BROKER,
    CARL,
    EAST,
    LINES,
    PASSWORD,
    WEST,
    CoreProcess,
    row,
    unserved,
)
from yunhai.journal.reader import Reader
from yunhai.kernel.records import Kind
from yunhai.trading import facts
from yunhai.trading.core import commands
from yunhai.trading.core.core import Core
from yunhai.trading.core.packing import Accepted as Instructed
from yunhai.trading.core.packing import Events, Told, pieces
from yunhai.trading.facts import Decided, LineSet, LineState, Tape
from yunhai.trading.lines import carriage
from yunhai.trading.lines.drill import BEFORE_ANSWER, BEFORE_DELIVERY
from yunhai.trading.lines.frames import Submit
from yunhai.trading.lines.login import verifier_of
from yunhai.trading.lines.words import line_of
from yunhai.trading.shape import unpack

NT = 10_000
NEVER_NS = 10**13
"""Until a lost line comes back by itself, where that would be in the middle."""
COMMANDS = (Kind.NEW, Kind.CANCEL, Kind.CUT, Kind.REPRICE)


def instructed(home: Path) -> dict[int, list[int]]:
    """Actions of the accepted instructions of each order, in the order of their numbers."""
    found: dict[int, list[int]] = {}
    for group in Reader(home / "journal"):
        for piece in pieces(group):
            if isinstance(piece, Instructed) and not (record := unpack(piece.record)).code:
                found.setdefault(record.order_id, []).append(int(record.action))
    return found


def reached(home: Path) -> dict[int, list[int]]:
    """What the venue ran of each order, in the journal's order."""
    found: dict[int, list[int]] = {}
    for group in Reader(home / "journal"):
        for piece in pieces(group):
            if isinstance(piece, Events):
                for event in piece.records:
                    if event["kind"] in COMMANDS:
                        found.setdefault(int(event["order_id"]), []).append(int(event["kind"]))
    return found


def carriers(home: Path) -> dict[int, list[str]]:
    """The line that each of an order's instructions came to the exchange on, as their outcomes' records say."""
    found: dict[int, list[str]] = {}
    for group in Reader(home / "journal"):
        for piece in pieces(group):
            if isinstance(piece, Events):
                for event in piece.records:
                    if event["kind"] in COMMANDS:
                        found.setdefault(int(event["order_id"]), []).append(line_of(int(event["reserved"])))
    return found


def told(home: Path) -> Iterator[Decided]:
    for group in Reader(home / "journal"):
        for piece in pieces(group):
            if isinstance(piece, Told):
                yield facts.decode(piece.fact.number, piece.fact.content)


def tapes(home: Path) -> list[tuple[int, ...]]:
    return [fact.known for fact in told(home) if isinstance(fact, Tape)]


def states(home: Path, line: str) -> list[str]:
    return [fact.state for fact in told(home) if isinstance(fact, LineState) and fact.line == line]


def lines_of(core: Core) -> dict[str, str]:
    return {line.line: line.state for line in core.dispatch.pool.view(time.monotonic_ns()).lines}


async def until_are(core: Core, **wanted: str) -> None:
    """Wait until these lines are so."""
    async with asyncio.timeout(60):
        while not wanted.items() <= lines_of(core).items():  # noqa: ASYNC110 - the loop itself brings it about
            await asyncio.sleep(0.01)


async def only(core: Core, *kept: str) -> None:
    for line in LINES:
        if line not in kept:
            await commands.line_end(core, line, lost=False)


def test_a_line_lost_with_an_instruction_in_flight_leaves_it_in_doubt_and_another_line_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carriage, "LOGIN_AGAIN_NS", NEVER_NS)

    async def run() -> None:
        async with trading_day(tmp_path, lift_line_caps=False) as here:
            core = here.core
            assert core.carrying is not None
            await only(core)
            order = await accepted(here, ANNE)
            state = core.dispatch.pool.login("7A", BROKER[EAST], PASSWORD)
            core.carrying.login("7A", (BROKER[EAST], PASSWORD), state)
            core.send_on()
            assert core.books.orders[order.order_id].state == "resting", "the exchange has it"
            assert [one.number for one in core.dispatch.pool.pending()] == [order.number], "its answer is on its way"
            core.carrying.lose("7A")
            assert [one.waiting.number for one in core.dispatch.pool.in_doubt()] == [order.number]
            await commands.line_login(core, "7B", BROKER[EAST], PASSWORD)
            await drained(core)
            assert lines_of(core) == {"7A": "lost", "7B": "up", "8A": "down", "8B": "down"}
        assert tapes(tmp_path) == [(order.number,)]
        assert reached(tmp_path) == instructed(tmp_path) == {order.order_id: [1]}
        assert carriers(tmp_path) == {order.order_id: ["7A"]}, "the line that brought it, not the one that asked"

    asyncio.run(run())


def test_lifted_caps_record_no_line(tmp_path: Path) -> None:
    async def run() -> None:
        async with trading_day(tmp_path, lift_line_caps=True) as here:
            order = await accepted(here, ANNE)
            await drained(here.core)
        assert carriers(tmp_path) == {order.order_id: [""]}

    asyncio.run(run())


def test_a_break_before_the_answer_is_found_and_one_before_delivery_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carriage, "LOGIN_AGAIN_NS", NEVER_NS)

    async def run() -> None:
        async with trading_day(tmp_path, lift_line_caps=False) as here:
            core = here.core
            await only(core, "7A", "7B")
            for where in (BEFORE_ANSWER, BEFORE_DELIVERY):
                for line in ("7A", "7B"):
                    await commands.line_login(core, line, BROKER[EAST], PASSWORD)
                commands.line_breaks(core, "7A", where)
                commands.line_breaks(core, "7B", where)
                first = await accepted(here, ANNE)
                await accepted(here, ANNE, action="cut", order=first.order_id, quantity=1000)
                await until_are(core, **{"7A": "lost", "7B": "lost"})
                # what was sent is in doubt, and comes back with a line
                await commands.line_login(core, "7A", BROKER[EAST], PASSWORD)
                await drained(core)
        known = [number for tape in tapes(tmp_path) for number in tape]
        assert known == [1, 2], "those of the first order had been delivered, those of the second not"
        assert reached(tmp_path) == instructed(tmp_path)
        assert [len(each) for each in instructed(tmp_path).values()] == [2, 2]

    asyncio.run(run())


@pytest.mark.full
def test_a_restart_takes_up_the_lines_and_what_the_exchange_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def before() -> tuple[int, int]:
        async with trading_day(tmp_path, lift_line_caps=False) as here:
            order = await accepted(here, ANNE)
            await accepted(here, ANNE, action="reprice", order=order.order_id, price=99 * NT)
            await drained(here.core)
            await commands.line_end(here.core, "7B", lost=True)
            await commands.line_end(here.core, "8A", lost=False)
            return order.number, here.core.books.number

    async def after(first: int, number: int) -> None:
        async with unserved(tmp_path, snapshot=False) as here:
            core = here.core
            assert lines_of(core) == {"7A": "up", "7B": "lost", "8A": "down", "8B": "up"}
            assert core.carrying is not None
            for known in (first, number):  # a copy of what it has does not touch the venue
                frame = Submit(sequence=1 + (known == number), tenant=EAST, number=known, body=bytes(64))
                core.carrying._port.send("7A", frame, time.monotonic_ns())
            await commands.line_login(core, "7A", BROKER[EAST], PASSWORD)
            await accepted(here, CARL, code="1101", price=42 * NT)
            await drained(core)
            await until_are(core, **{"7B": "up"})
            assert lines_of(core) == {"7A": "up", "7B": "up", "8A": "down", "8B": "up"}, "the lost one came back"
        assert states(tmp_path, "7B") == ["up", "lost", "up"]
        assert reached(tmp_path) == instructed(tmp_path)

    with monkeypatch.context() as earlier:
        earlier.setattr(carriage, "LOGIN_AGAIN_NS", NEVER_NS)
        numbers = asyncio.run(before())
    asyncio.run(after(*numbers))


def test_a_line_closed_by_a_fact_loses_its_session_for_good(tmp_path: Path) -> None:
    async def run() -> None:
        async with trading_day(tmp_path, lift_line_caps=False) as here:
            core = here.core
            closed = LineSet(line="7A", tenant=EAST, verifier=core.books.lines["7A"].verifier, status="closed")
            made = row(900, EAST, closed)
            await commands.take_rows(core, [commands.Row(900, made["number"], EAST, made["value"])])
            await accepted(here, ANNE)
            await accepted(here, BEN)
            await drained(core)
            assert lines_of(core)["7A"] == "closed"
            assert replayed(tmp_path / "journal").line_states["7A"].state == "lost"
        async with unserved(tmp_path, snapshot=False) as again:
            assert lines_of(again.core)["7A"] == "closed"

    asyncio.run(run())


MORE = ("7C", "7D", "8C", "8D")
CAP = 5
ORDERS = 240
"""With a change of each the lines have work for twelve seconds: some of it is left however slow the machine."""


def _more_lines(core: CoreProcess) -> list[dict[str, Any]]:
    """Eight lines of 5 a second instead of four of 20."""
    made = []
    for place, line in enumerate((*LINES, *MORE)):
        tenant = EAST if line[0] == "7" else WEST
        verifier = verifier_of(line, BROKER[tenant], PASSWORD, salt=line.encode().ljust(16))
        made.append(row(900 + place, tenant, LineSet(line=line, tenant=tenant, verifier=verifier, cap=CAP)))
    return made


async def _ask(core: CoreProcess, bodies: list[Any]) -> list[int]:
    """Order ids of instructions that must be accepted."""
    found = []
    async with Orders(core, inner=True) as orders:
        for start in range(0, len(bodies), 100):
            for answer in await orders.batch(bodies[start : start + 100]):
                assert answer["op"] == "ack", answer
                found.append(int(answer["order_id"]))
    return found


def _lose(core: CoreProcess, chance: random.Random) -> None:
    line = chance.choice((*LINES, *MORE))
    core.post(f"/lines/{line}", {"do": "lose", "when": chance.choice(("now", "before-delivery", "before-answer"))})


@pytest.mark.full
def test_under_load_with_lines_lost_and_the_core_killed_each_reaches_the_venue_once(tmp_path: Path) -> None:
    chance = random.Random("lines lost under load")
    with CoreProcess(tmp_path, "--lift-rates") as core:
        core.prepare()
        core.post("/facts", _more_lines(core))
        for line in MORE:
            core.post(
                f"/lines/{line}",
                {"do": "login", "broker": BROKER[EAST if line[0] == "7" else WEST], "password": PASSWORD},
            )
        for account, tenant in ((ANNE, EAST), (BEN, EAST), (CARL, WEST)):
            core.post(
                "/cash", {"tenant": tenant, "account": account, "amount": 50_000_000 * NT, "reference": f"{account}"}
            )
        accounts = [(ANNE, BEN, CARL)[place % 3] for place in range(ORDERS)]
        new = [core.sign(core.instruction(account, code="1101", price=40 * NT, quantity=2000)) for account in accounts]
        placed = asyncio.run(_ask(core, new))
        wishes: tuple[dict[str, Any], ...] = (
            {"action": "cut", "quantity": 1000},
            {"action": "reprice", "price": 41 * NT},
            {"action": "cancel"},
        )
        changes = [
            core.sign(core.instruction(account, order=order, **wishes[place % 3]))
            for place, (account, order) in enumerate(zip(accounts, placed, strict=True))
        ]
        asyncio.run(_ask(core, changes))
        assert core.status()["queued"] > ORDERS
        for _ in range(6):
            _lose(core, chance)
            time.sleep(0.1)
        core.kill()
        waiting = 2 * ORDERS - sum(map(len, reached(tmp_path).values()))
        assert 0 < waiting < 2 * ORDERS
        core.start()
        until = time.monotonic() + 120
        losses = 8
        while core.status()["queued"]:
            assert time.monotonic() < until, core.status()
            if losses:
                losses -= 1
                _lose(core, chance)
            time.sleep(0.1)
        assert core.stop() == 0
    assert reached(tmp_path) == instructed(tmp_path)
    assert sum(map(len, reached(tmp_path).values())) == 2 * ORDERS
    assert sum(map(len, tapes(tmp_path))) > 0, "what was delivered and not answered was found by asking"
    assert sum(isinstance(fact, LineState) and fact.state == "lost" for fact in told(tmp_path)) >= 5
