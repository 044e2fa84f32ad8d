"""The journal's disk fails: nothing is acknowledged any more, everything is refused, and a restart loses no acknowledgement."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.trading.core.driving import ask, prepare, replayed
from tests.trading.core_harness import ANNE, BEN, CoreHere, core_settings
from yunhai.kernel.errors import YunhaiError
from yunhai.native._journal import SimDisk
from yunhai.trading.core import commands
from yunhai.trading.core.core import Core
from yunhai.trading.core.orders import Accepted, Outcome
from yunhai.trading.facts import CashMoved

NT = 10_000
POWER_CUT = 5


def core_on(home: Path, disk: SimDisk) -> CoreHere:
    here = CoreHere(home)
    settings: dict[str, Any] = {"journal": disk, "lift_line_caps": True}
    usual = core_settings(here.places)
    here.core = Core(replace(usual, **settings))
    here.core.start()
    return here


@pytest.mark.parametrize("calls", [0, 1, 2, 5])
def test_after_a_failed_write_nothing_is_acknowledged(tmp_path: Path, calls: int) -> None:
    async def run() -> None:
        disk = SimDisk()
        here = core_on(tmp_path, disk)
        core = here.core
        await prepare(here)
        (before,) = await ask(core, here, here.instruction(BEN, code="1101", price=42 * NT))
        assert isinstance(before, Accepted)
        disk.fail_call(1 + calls, POWER_CUT)  # counted from now
        outcomes: list[Outcome] = []
        for _ in range(20):
            outcomes += await ask(core, here, here.instruction(ANNE, code="1101", price=40 * NT))
        kept = [outcome for outcome in outcomes if isinstance(outcome, Accepted)]
        lost = [outcome for outcome in outcomes if isinstance(outcome, YunhaiError)]
        assert lost
        assert {error.code for error in lost} == {6501}
        assert outcomes == [*kept, *lost], "once it has failed it stays so"
        assert core.failed is not None
        assert not core.ready
        with pytest.raises(YunhaiError) as refusal:
            await commands.move_cash(core, 7, CashMoved(account=ANNE, amount=NT, kind="deposit", reference="late"))
        assert refusal.value.code == 6501
        await core.stop()
        left = disk.crash(1, 0)
        found = replayed(left)  # type: ignore[arg-type]
        numbers = {order.order_id for order in found.orders.values()}
        assert {before.number, *(outcome.number for outcome in kept)} <= numbers

    asyncio.run(run())
