"""Driving a core in this process: orders through `Core.ask`, and its journal read back as anybody else would."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from tests.trading.core_harness import BROKER, LINES, PASSWORD, Cloud, CoreHere, rows, unserved
from tests.trading.scene import OPENED, setting_up
from yunhai.journal import Reader, Writer
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.records import RECORD
from yunhai.trading import day as market_day
from yunhai.trading import facts
from yunhai.trading.books.books import Books
from yunhai.trading.core import commands
from yunhai.trading.core.core import Core
from yunhai.trading.core.orders import Accepted, Ask, Outcome
from yunhai.trading.core.packing import Accepted as Instructed
from yunhai.trading.core.packing import Told, pieces
from yunhai.trading.facts import Opening
from yunhai.trading.instructions import Instruction
from yunhai.trading.tokens import Claims


async def ask(core: Core, cloud: Cloud, *instructions: Instruction, claims: Claims | None = None) -> list[Outcome]:
    """Sign and ask all in one turn; their outcomes in order."""
    loop = asyncio.get_running_loop()
    futures: list[asyncio.Future[Outcome]] = []
    for instruction in instructions:
        future: asyncio.Future[Outcome] = loop.create_future()
        futures.append(future)
        core.ask(Ask(cloud.sign(instruction), claims, future.set_result))
    return list(await asyncio.gather(*futures))


async def accepted(here: CoreHere, account: int, **fields: Any) -> Accepted:
    """One instruction that must be accepted."""
    (outcome,) = await ask(here.core, here, here.instruction(account, **fields))
    assert isinstance(outcome, Accepted), outcome
    return outcome


async def refused(here: CoreHere, account: int, **fields: Any) -> YunhaiError:
    (outcome,) = await ask(here.core, here, here.instruction(account, **fields))
    assert isinstance(outcome, YunhaiError), outcome
    return outcome


def replayed(journal: Path) -> Books:
    """Fresh books given the whole journal."""
    books = Books()
    for group in Reader(journal):
        for piece in pieces(group):
            if isinstance(piece, Instructed):
                books.apply_instruction(piece.sequence, piece.time, piece.record)
            elif isinstance(piece, Told):
                fact = facts.decode(piece.fact.number, piece.fact.content)
                books.apply_fact(piece.sequence, piece.fact.time, piece.fact.tenant, fact)
            else:
                books.apply_events(piece.first_sequence, piece.records)
    return books


def records_of(journal: Path) -> list[bytes]:
    """Each record of a journal as it was submitted, a fact with its content; checksums taken out."""
    found: list[bytes] = []
    for group in Reader(journal):
        slots = group.slots.copy()
        starts = [*group.starts().tolist(), len(slots)]
        slots["crc"][group.starts()] = 0
        found += [slots[begin:end].tobytes() for begin, end in pairwise(starts)]
    return found


def write_journal(folder: Path, records: Iterable[bytes]) -> None:
    """A journal of these records."""
    with Writer(folder, segment_bytes=4 << 20) as writer:
        whole = b"".join(records)
        if whole:
            writer.submit(np.frombuffer(whole, RECORD))


def prefixes(records: list[bytes], *, every: int = 1) -> Iterator[list[bytes]]:
    """What a crash may leave: every beginning of a journal."""
    for length in range(0, len(records) + 1, every):
        yield records[:length]


def require_sound(books: Books) -> None:
    """What must hold of books at any moment: sums zero, nothing negative, reservations those of the open orders."""
    assert not any(books.sums().values())
    for number, account in books.accounts.items():
        assert account.free >= 0
        assert account.reserved >= 0
        orders = books.orders_of(number)
        assert account.reserved == sum(order.held_cash for order in orders)
        for code, position in account.positions.items():
            assert position.free >= 0
            assert position.reserved == sum(order.held_shares for order in orders if order.security == code)


async def drained(core: Core) -> None:
    """Wait until no instruction is queued or on its way: a line that has just logged in carries nothing before its phase."""
    async with asyncio.timeout(60):
        while core.dispatch.pool.pending():  # noqa: ASYNC110 - the loop itself empties it
            await asyncio.sleep(0.01)
    await core.appender.settled()


async def prepare(here: CoreHere, *, at: str = "09:05", lines: bool = True) -> None:
    """As `Cloud.prepare`, without sockets."""
    core = here.core
    wanted = [commands.Row(row["outbox"], row["number"], row["tenant"], row["value"]) for row in rows()]
    await commands.take_rows(core, wanted)
    for tenant, fact in setting_up():
        if isinstance(fact, Opening):
            await commands.open_balances(core, tenant, fact)
    for line, tenant in LINES.items() if lines else ():
        await commands.line_login(core, line, BROKER[tenant], PASSWORD)
    await market_day.open_day(core, OPENED, at=at)


@asynccontextmanager
async def trading_day(home: Path, *, at: str = "09:05", **settings: Any) -> AsyncIterator[CoreHere]:
    """A core with the small market and an open day, its lines uncapped, asked directly."""
    async with unserved(home, snapshot=False, **({"lift_line_caps": True} | settings)) as here:
        await prepare(here, at=at)
        yield here
