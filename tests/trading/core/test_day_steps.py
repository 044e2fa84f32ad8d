"""The day's closing and settlement: wherever it is broken off, doing it again comes to the same balances."""

import asyncio
import shutil
from pathlib import Path

import pytest

from tests.trading.core.driving import (
    accepted,
    records_of,
    replayed,
    require_sound,
    trading_day,
    write_journal,
)
from tests.trading.core_harness import ANNE, BEN, CARL, EAST, CoreHere, unserved
from tests.trading.scene import OPENED
from yunhai.kernel.errors import YunhaiError
from yunhai.trading import day as market_day
from yunhai.trading.facts import DayOpened
from yunhai.trading.words import Bucket

NT = 10_000
SETTLES = "2026-08-25"


async def trade(here: CoreHere) -> None:
    """A day trade of Anne's, an order that rests, one that fills in the close."""
    await accepted(here, ANNE, side="buy", price=100 * NT, quantity=2000)
    await accepted(here, BEN, side="sell", price=100 * NT, quantity=2000)
    await accepted(here, CARL, side="buy", price=100 * NT, quantity=2000)
    await accepted(here, ANNE, side="sell", price=100 * NT, quantity=2000)
    await accepted(here, BEN, code="1101", price=40 * NT, quantity=3000)
    await accepted(here, CARL, code="0050", segment="odd_lot", price=60 * NT, quantity=5)


async def close_and_settle(here: CoreHere, between: market_day.Between = lambda _: None) -> None:
    await market_day.close_day(here.core, between=between)
    await market_day.settle(here.core, SETTLES, between=between)


def balances(here: CoreHere) -> dict[int, tuple[int, int, dict[str, int]]]:
    accounts = here.core.books.accounts.items()
    return {
        number: (one.free, one.reserved, {code: held.quantity for code, held in one.positions.items()})
        for number, one in accounts
    }


def test_a_closing_broken_off_anywhere_is_finished_by_doing_it_again(tmp_path: Path) -> None:
    async def whole() -> dict[int, tuple[int, int, dict[str, int]]]:
        async with trading_day(tmp_path / "whole") as here:
            await trade(here)
            nonlocal traded
            await here.core.appender.settled()
            traded = here.core.appender.writer.submitted()
            await close_and_settle(here)
            assert not any(here.core.books.sums().values())
            assert here.core.books.balance(EAST, 0, "TWD", Bucket.CLEARING) == 0
            return balances(here)

    traded = 0
    wanted = asyncio.run(whole())
    records = records_of(tmp_path / "whole" / "journal")
    final = replayed(tmp_path / "whole" / "journal")
    places = [place for place in range(traded, len(records) + 1) if place % 40 == 0 or place > len(records) - 6]

    async def again(home: Path) -> None:
        async with unserved(home, snapshot=False, lift_line_caps=True) as here:
            await close_and_settle(here)
            await close_and_settle(here)  # and again: nothing is left to do
            require_sound(here.core.books)
            assert balances(here) == wanted

    for place in places:
        home = tmp_path / "again"
        shutil.rmtree(home, ignore_errors=True)
        write_journal(home / "journal", records[:place])
        asyncio.run(again(home))
        books = replayed(home / "journal")
        assert books.day is not None
        assert final.day is not None
        assert books.day.steps == final.day.steps


class StoppedError(Exception):
    """The process ends here."""


@pytest.mark.parametrize("step", ["closed", "expired", "day_trade_tax", f"settled:{SETTLES}"])
def test_killed_right_after_a_step_the_rest_is_done(tmp_path: Path, step: str) -> None:
    def stop_at(done: str) -> None:
        if done == step:
            raise StoppedError

    async def run() -> None:
        async with trading_day(tmp_path) as here:
            await trade(here)
            with pytest.raises(StoppedError):
                await close_and_settle(here, stop_at)
        async with unserved(tmp_path, snapshot=False) as here:
            await close_and_settle(here)
            assert here.core.closed
            require_sound(here.core.books)
        books = replayed(tmp_path / "journal")
        assert books.accounts[ANNE].unsettled == {}

    asyncio.run(run())


def test_the_next_day_opens_after_the_closing_and_not_before(tmp_path: Path) -> None:
    async def run() -> None:
        async with trading_day(tmp_path) as here:
            core = here.core
            assert await market_day.open_day(core, OPENED) == core.books.day.sequence  # type: ignore[union-attr]
            fields = {name: getattr(OPENED, name) for name in DayOpened.__struct_fields__}
            later = DayOpened(**(fields | {"date": "2026-08-24", "settles_on": "2026-08-26"}))
            with pytest.raises(YunhaiError) as refused:
                await market_day.open_day(core, later)
            assert refused.value.code == 6503
            assert (await market_day.settle(core, SETTLES))[1] == [], "nothing is due yet"
            with pytest.raises(YunhaiError) as refused:
                await market_day.close_day(core, "2026-08-20")
            assert refused.value.code == 6502
            order = await accepted(here, ANNE)
            await market_day.close_day(core)
            with pytest.raises(YunhaiError) as refused:
                core.open_day()
            assert refused.value.code == 6502
            await market_day.open_day(core, later, at="09:05")
            here.date = "2026-08-24"
            again = await accepted(here, ANNE)
            assert again.number == order.number + 1
            assert again.order_number == "W0001", "each day counts its own order numbers"
        assert len(replayed(tmp_path / "journal").orders) == 1

    asyncio.run(run())


def test_by_a_live_clock_nothing_is_settled_before_its_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        async with trading_day(tmp_path) as here:
            await trade(here)
            await market_day.close_day(here.core)
            clock, closed = here.core.clock, here.core.clock.now()
            monkeypatch.setattr(clock, "kind", "live")
            for wall, date, taken in ((0, SETTLES, False), (4, "2026-08-26", False), (4, SETTLES, True)):
                monkeypatch.setattr(clock, "_wall", lambda wall=wall: closed + wall * 86_400 * 10**9)
                before = balances(here), here.core.books.sequence
                if taken:
                    assert (await market_day.settle(here.core, date))[1] == [f"settled:{SETTLES}"]
                    continue
                with pytest.raises(YunhaiError) as refusal:
                    await market_day.settle(here.core, date)
                assert refusal.value.code == 6533
                assert (balances(here), here.core.books.sequence) == before

    asyncio.run(run())
