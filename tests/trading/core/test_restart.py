"""Restarts: from any beginning of a journal the core comes to a state that a fresh replay of the same journal gives."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.trading.core.driving import (
    accepted,
    ask,
    drained,
    prefixes,
    records_of,
    replayed,
    require_sound,
    write_journal,
)
from tests.trading.core_harness import ANNE, BEN, CARL, CoreHere, running, unserved
from yunhai.trading import day as market_day
from yunhai.trading.books import books
from yunhai.trading.core import commands, restore
from yunhai.trading.core.lines import unanswered
from yunhai.trading.core.orders import Accepted

NT = 10_000


async def trade(here: CoreHere) -> None:
    """Rests, fills, a cut, a re-price, a cancel, a suspension, a refusal, an odd lot."""
    await accepted(here, ANNE, side="buy", price=100 * NT, quantity=3000)
    await accepted(here, BEN, side="sell", price=100 * NT, quantity=2000)
    rest = await accepted(here, CARL, side="sell", price=102 * NT, quantity=3000)
    await accepted(here, CARL, action="cut", order=rest.order_id, quantity=1000)
    await accepted(here, CARL, action="reprice", order=rest.order_id, price=101 * NT)
    gone = await accepted(here, BEN, code="1101", price=42 * NT, quantity=1000)
    await accepted(here, BEN, action="cancel", order=gone.order_id)
    await commands.halt(here.core, "0050", on=True)
    await ask(
        here.core,
        here,
        here.instruction(ANNE, price=500 * NT),
        here.instruction(ANNE, price=101 * NT, quantity=1000),
        here.instruction(BEN, segment="odd_lot", price=100 * NT, quantity=7),
        here.instruction(CARL, code="1101", side="sell", price=42 * NT),
    )
    await commands.halt(here.core, "0050", on=False)


def recorded(home: Path, *, closed: bool = False) -> list[bytes]:
    """The records of a day that was traded."""

    async def run() -> None:
        async with running(home, snapshot=False, lift_line_caps=True) as here:
            await asyncio.to_thread(here.prepare)
            await trade(here)
            if closed:
                await market_day.close_day(here.core)
                await market_day.settle(here.core, "2026-08-25")

    asyncio.run(run())
    return records_of(home / "journal")


def started(home: Path, records: list[bytes], act: Any = None) -> tuple[bytes, bytes]:
    """Start a core on a journal of these records, let `act` do something; the books' state and that of a fresh replay."""
    shutil.rmtree(home, ignore_errors=True)
    write_journal(home / "journal", records)
    state = b""

    async def run() -> None:
        nonlocal state
        async with unserved(home, snapshot=False, lift_line_caps=True) as here:
            if act is not None:
                await act(here)
            require_sound(here.core.books)
            state = here.core.books.state()

    asyncio.run(run())
    return state, replayed(home / "journal").state()


@pytest.fixture
def full(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--full"))


def test_every_beginning_of_a_journal_starts_and_goes_on(tmp_path: Path, full: bool) -> None:
    records = recorded(tmp_path / "whole")

    async def go_on(here: CoreHere) -> None:
        core = here.core
        assert not unanswered(core.books), "what was accepted has been sent on"
        if core.day is not None:
            number = core.books.number
            (outcome,) = await ask(core, here, here.instruction(CARL, code="1101", price=42 * NT, quantity=1000))
            assert isinstance(outcome, Accepted)
            assert outcome.number == number + 1

    setting_up = next(place for place, record in enumerate(records) if record[0] == 64 and record[2:4] == b"\x64\x00")
    for length in (0, 5, *range(setting_up + 1, len(records) + 1, 1 if full else 5)):
        state, fresh = started(tmp_path / "again", records[:length], go_on)
        assert state == fresh, f"after {length} records"


def test_a_torn_day_loses_nothing_that_was_kept(tmp_path: Path) -> None:
    """The records kept are the first of those found afterwards, whatever the core had to add."""
    records = recorded(tmp_path / "whole")
    for kept in prefixes(records[-60:], every=7):
        beginning = [*records[:-60], *kept]
        started(tmp_path / "again", beginning)
        assert records_of(tmp_path / "again" / "journal")[: len(beginning)] == beginning


def test_a_snapshot_and_the_journal_give_the_same(tmp_path: Path) -> None:
    async def run() -> None:
        async with running(tmp_path, lift_line_caps=True) as here:
            await asyncio.to_thread(here.prepare)
            await trade(here)
            middle = await here.core.snapshot()
            await accepted(here, ANNE, code="1101", price=42 * NT)
            here.core.move_clock(here.core.open_day().at("10:00"))
            last = here.core.books.state()
        for snapshots in (True, False):
            if not snapshots:
                shutil.rmtree(tmp_path / "snapshots")
                (tmp_path / "snapshots").mkdir()
            async with running(tmp_path, snapshot=False, lift_line_caps=True) as here:
                core = here.core
                assert (core.restored.snapshot > middle) is snapshots
                assert core.books.state() == last
                assert core.restored.time == core.clock.now()
                outcome = await accepted(here, BEN, code="1101", side="sell", price=42 * NT)
                assert outcome.number == core.books.number
                last = core.books.state()

    asyncio.run(run())


def test_a_snapshot_that_is_not_right_is_passed_over(tmp_path: Path) -> None:
    async def run() -> None:
        async with running(tmp_path, lift_line_caps=True) as here:
            await asyncio.to_thread(here.prepare)
            good = await here.core.snapshot()
            await accepted(here, ANNE)
        newest = max((tmp_path / "snapshots").iterdir())
        newest.write_bytes(newest.read_bytes()[:-1] + b"x")
        async with running(tmp_path, snapshot=False, lift_line_caps=True) as here:
            assert here.core.restored.snapshot == good
            assert len(here.core.books.orders) == 1

    asyncio.run(run())


def test_only_the_newest_snapshots_are_kept(tmp_path: Path) -> None:
    async def run() -> None:
        async with running(tmp_path) as here:
            await asyncio.to_thread(here.prepare)
            for _ in range(5):
                await accepted(here, ANNE, code="1101", price=42 * NT)
                await here.core.snapshot()
            kept = sorted((tmp_path / "snapshots").iterdir())
            assert len(kept) == 3
            assert restore.newest(tmp_path / "snapshots", tmp_path / "journal", lambda *_: None) is not None

    asyncio.run(run())


def test_what_waited_for_a_line_is_sent_after_the_restart(tmp_path: Path) -> None:
    async def run() -> None:
        async with running(tmp_path, snapshot=False) as here:
            await asyncio.to_thread(here.prepare, lines=False)
            first = await accepted(here, ANNE, price=100 * NT)
            await accepted(here, ANNE, action="cut", order=first.order_id, quantity=1000)
            assert [order.state for order in here.core.books.orders.values()] == ["queued"]
        async with running(tmp_path, snapshot=False) as here:
            assert [order.state for order in here.core.books.orders.values()] == ["queued"]
            await commands.line_login(here.core, "7A", "9A00", "for tests only")
            await drained(here.core)
            assert [order.state for order in here.core.books.orders.values()] == ["cancelled"]
            assert here.core.books.accounts[ANNE].reserved == 0
        assert replayed(tmp_path / "journal").orders[first.order_id].state == "cancelled"

    asyncio.run(run())


def test_a_snapshot_of_earlier_books_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a new version of the books could not start where an old one had run."""
    assert restore.STATE_VERSION & 0xFFFF == books.STATE_VERSION, "a snapshot names the version of the books inside"

    async def run() -> None:
        with monkeypatch.context() as earlier:
            for module in (books, restore):
                earlier.setattr(module, "STATE_VERSION", module.STATE_VERSION - 1)
            async with running(tmp_path, snapshot=False, lift_line_caps=True) as here:
                await asyncio.to_thread(here.prepare)
                await here.core.snapshot()
                last = here.core.books.state()
        assert len(list((tmp_path / "snapshots").iterdir())) == 1
        async with running(tmp_path, snapshot=False, lift_line_caps=True) as here:
            assert here.core.restored.snapshot == 0
            assert (
                msgspec.msgpack.decode(here.core.books.state(), strict=False)[1:]
                == msgspec.msgpack.decode(last, strict=False)[1:]
            )

    asyncio.run(run())
