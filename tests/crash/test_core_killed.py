"""The core killed with -9 under load, again and again: what was acknowledged is there, nothing is there twice.

This proves the process's part: the journal's own promise about what a disk forgets is proven on a disk model
(tests/crash/test_cycles.py).
"""

import asyncio
import random
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import WebSocketException

from tests.trading.core.driving import replayed, require_sound
from tests.trading.core.sockets import Orders
from tests.trading.core_harness import ANNE, BEN, CARL, CoreProcess
from yunhai.kernel.money import money_of
from yunhai.trading.instructions import SignedInstruction

NT = 10_000


class Load:
    """Sends orders of three accounts until told to stop; everything unanswered is sent again after a restart."""

    def __init__(self, cloud: CoreProcess, seed: int) -> None:
        self.cloud = cloud
        self.rng = random.Random(seed)
        self.waiting: dict[int, tuple[int, SignedInstruction]] = {}
        self.acks: dict[str, dict[str, Any]] = {}
        self.count = 0

    def fresh(self) -> tuple[int, SignedInstruction]:
        account = self.rng.choice((ANNE, BEN, CARL))
        side = self.rng.choice(("buy", "sell"))
        price = (100 + self.rng.randint(-2, 2)) * NT
        wish = self.cloud.instruction(account, side=side, price=price, quantity=1000)
        if account == ANNE and self.acks and self.rng.random() < 0.3:
            order = self.rng.choice(sorted(self.acks.values(), key=lambda ack: int(ack["number"])))
            wish = self.cloud.instruction(ANNE, action="cancel", order=order["order_id"])
        return account, self.cloud.sign(wish)

    async def run(self, seconds: float) -> None:
        """On three connections, as fast as answers come, until the core is gone or the time is up."""
        try:
            async with asyncio.timeout(seconds):
                await asyncio.gather(*[self._one(account) for account in (ANNE, BEN, CARL)])
        except (TimeoutError, WebSocketException, OSError, EOFError):
            pass

    async def _one(self, account: int) -> None:
        async with Orders(self.cloud, token=self.cloud.token(account)) as orders:
            old = [number for number, (owner, _) in self.waiting.items() if owner == account]
            for number in old:
                await orders.say({"op": "order", "id": number, "body": self.waiting[number][1]})
            while True:
                while sum(owner == account for owner, _ in self.waiting.values()) < 5:
                    owner, body = self.fresh()
                    if owner != account:
                        continue
                    self.count += 1
                    self.waiting[self.count] = (owner, body)
                    await orders.say({"op": "order", "id": self.count, "body": body})
                answer = await orders.hear()
                _, body = self.waiting.pop(answer["id"])
                if answer["op"] == "ack":
                    self.acks[body.instruction.client_id] = answer


def killed(home: Path, *, kills: int, seed: int, least: int) -> tuple[Load, CoreProcess]:
    """Killed so often, at moments of chance; the last time not before there are `least` acknowledgements, or a minute is over."""
    rng = random.Random(seed)
    core = CoreProcess(home, "--lift-line-caps", "--lift-rates", "--snapshot-records", "1000")
    core.start()
    core.prepare()
    load = Load(core, seed)
    for left in reversed(range(kills)):

        async def until_killed(delay: float = rng.uniform(0.05, 0.6), wanted: int = 0 if left else least) -> None:
            sending = asyncio.create_task(load.run(60))
            await asyncio.sleep(delay)
            while len(load.acks) < wanted and not sending.done():  # noqa: ASYNC110 - the load itself counts
                await asyncio.sleep(0.01)
            core.kill()
            await sending

        asyncio.run(until_killed())
        core.start()
    return load, core


def check(load: Load, core: CoreProcess) -> None:
    """Everything acknowledged is in the journal, once, as it was acknowledged; the core's state is a fresh replay's."""

    async def settle() -> None:
        async with asyncio.timeout(120):
            for account in (ANNE, BEN, CARL):
                async with Orders(core, token=core.token(account)) as orders:
                    for number, (owner, body) in list(load.waiting.items()):
                        if owner != account:
                            continue
                        await orders.say({"op": "order", "id": number, "body": body})
                        answer = await orders.hear()
                        if answer["op"] == "ack":
                            load.acks[body.instruction.client_id] = answer

    asyncio.run(settle())
    with core.client(ANNE) as http:
        live = http.get(f"/trade/v1/accounts/{ANNE}").json()
    assert core.stop() == 0
    books = replayed(core.places.journal)
    require_sound(books)
    numbers = [int(ack["number"]) for ack in load.acks.values()]
    assert len(set(numbers)) == len(numbers), "an instruction was taken twice"
    assert books.number == len(numbers), "nothing was accepted that nobody asked for"
    for client_id, ack in load.acks.items():
        account, found = next(
            (number, known)
            for number in (ANNE, BEN, CARL)
            if (known := books.known_instruction(number, bytes.fromhex(client_id.replace("-", "")))) is not None
        )
        assert (found.number, found.order_id, found.sequence) == (ack["number"], ack["order_id"], ack["sequence"])
        assert account in (ANNE, BEN, CARL)
    assert money_of(live["buying_power"]) == books.accounts[ANNE].free


@pytest.mark.full
def test_killed_twice_under_load(tmp_path: Path) -> None:
    load, core = killed(tmp_path, kills=2, seed=5, least=1)
    with core_ended(core):
        check(load, core)
    assert load.acks


@pytest.mark.full
@pytest.mark.parametrize("seed", range(4))
def test_killed_ten_times_under_load(tmp_path: Path, seed: int) -> None:
    load, core = killed(tmp_path, kills=10, seed=seed, least=51)
    with core_ended(core):
        check(load, core)
    assert len(load.acks) > 50


@pytest.mark.full
def test_a_clean_stop_leaves_a_snapshot_and_a_closed_journal(tmp_path: Path) -> None:
    core = CoreProcess(tmp_path, "--lift-line-caps", "--lift-rates")
    core.start()
    core.prepare()
    load = Load(core, 1)

    async def until_stopped() -> int:
        sending = asyncio.create_task(load.run(20))
        await asyncio.sleep(0.4)
        code = await asyncio.to_thread(core.stop)
        await sending
        return code

    with core_ended(core):
        assert asyncio.run(until_stopped()) == 0
        assert len(list(core.places.snapshots.iterdir())) == 1
        core.start()
        status = core.status()
        assert status["restored_from"] == status["sequence"], "nothing stands after the snapshot"
        check(load, core)


def core_ended(core: CoreProcess) -> ExitStack:
    """Kill it at the end whatever happens."""
    stack = ExitStack()
    stack.callback(core.kill)
    stack.callback(core.close_clients)
    return stack
