"""`./dev bench restart`: seconds until a core takes orders again, with 1,000,000 journal records, with and without a snapshot.

The journal is one day's: signed orders of fifty accounts through gate, lines and venue (signatures are not verified while it
is made: that would take a minute and leaves nothing in the journal). With the snapshot of a clean stop, and without one:
every record proven and applied to the books, every command run again by the venue and every event compared.
"""

import asyncio
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import common
from bench.load import flow
from yunhai.apps.cloud.places import Places
from yunhai.trading import day as market_day
from yunhai.trading import tokens
from yunhai.trading.core import commands
from yunhai.trading.core.core import Core, CoreSettings
from yunhai.trading.core.orders import Accepted, Ask, Outcome
from yunhai.trading.facts import DayOpened, Opening
from yunhai.trading.gate import checks
from yunhai.trading.instructions import Instruction, SignedInstruction

BATCH = 1_000


def settings_of(places: Places) -> CoreSettings:
    public = places.credential("token.pub", lambda: tokens.new_key()[1])
    return CoreSettings(
        journal=places.journal,
        snapshots=places.snapshots,
        token_public=public,
        lift_line_caps=True,
        lift_rates=True,
        snapshot_records=1 << 40,
    )


async def prepare(core: Core, people: list[flow.Trader]) -> None:
    rows = [(tenant, fact) for tenant, fact in flow.setting_up(people)]
    for tenant, fact in rows:
        commands.keep(core, fact, tenant)
    for body in flow.openings(people):
        columns = {name: tuple(body[name]) for name in ("accounts", "codes", "amounts", "costs")}
        await commands.open_balances(core, body["tenant"], Opening(batch="bench", part=0, **columns))
    for tenant in range(1, flow.BROKERS + 1):
        await commands.line_login(core, f"{tenant:02d}", flow.broker_code(tenant), flow.PASSWORD)
    pack = core.books.packs["twse-2026"]
    opened = DayOpened(
        date=flow.DATE, pack="twse-2026", pack_sha256=pack.sha256, settles_on=flow.SETTLES, listed=flow.listed(), seed=1
    )
    await market_day.open_day(core, opened, at="09:05")


async def fill(places: Places, records: int) -> dict[str, Any]:
    """A day of at least so many records, ended cleanly; what it holds."""
    core = Core(settings_of(places))
    core.start()
    people = flow.traders()
    await prepare(core, people)
    accepted = refused = 0
    left = 0
    done = asyncio.Event()

    def told(outcome: Outcome) -> None:
        nonlocal accepted, refused, left
        accepted += isinstance(outcome, Accepted)
        refused += not isinstance(outcome, Accepted)
        left -= 1
        if not left:
            done.set()

    seed = 0
    while core.appender.writer.submitted() < records:
        seed += 1
        left = BATCH
        done.clear()
        now_ms = time.time_ns() // 1_000_000
        for signed in unsigned(people, BATCH, now_ms=now_ms, seed=seed):
            core.ask(Ask(signed, None, told))
        await done.wait()
    if refused:
        raise SystemExit(f"VOID: {refused} orders were refused")
    found = {"records": core.appender.writer.submitted(), "orders": accepted, "state": core.books.state_hash()}
    await core.stop()
    return found


def unsigned(people: list[flow.Trader], count: int, *, now_ms: int, seed: int) -> list[SignedInstruction]:
    return [SignedInstruction(instruction=one, signature="A" * 86) for one in wishes(people, count, now_ms, seed)]


def wishes(people: list[flow.Trader], count: int, now_ms: int, seed: int) -> list[Instruction]:
    return [one for _, one in flow.instructions(people, count, rate=1e9, begin_ms=now_ms, seed=seed)]


async def start(places: Places) -> tuple[float, float, Core]:
    """Seconds from nothing to ready, and the processor's in all threads."""
    began, used = time.perf_counter(), time.process_time()
    core = Core(settings_of(places))
    core.start()
    seconds, used = time.perf_counter() - began, time.process_time() - used
    await core.stop(snapshot=False)
    return seconds, used, core


def main() -> None:
    parser = common.arguments(__doc__, rounds=2)
    parser.add_argument("--records", type=int, default=1_000_000, help="journal records (1000000)")
    options = parser.parse_args()
    checks.verify = lambda *_: True  # type: ignore[assignment]
    home = Path(tempfile.mkdtemp(prefix="yunhai-restart-"))
    try:
        places = Places.at(home)
        places.make()
        began = time.perf_counter()
        made = asyncio.run(fill(places, options.records))
        making = time.perf_counter() - began
        taken: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
        for snapshot in [True] * options.rounds + [False] * options.rounds:
            if not snapshot:
                shutil.rmtree(places.snapshots, ignore_errors=True)
            seconds, used, core = asyncio.run(start(places))
            taken[snapshot].append((seconds, used))
            if core.books.state_hash() != made["state"] or bool(core.restored.snapshot) is not snapshot:
                raise SystemExit("VOID: another state than before")
            compared = core.restored.compared
    finally:
        shutil.rmtree(home, ignore_errors=True)
    common.report(
        "restart",
        {
            "records": made["records"],
            "orders": made["orders"],
            "venue_events_compared": compared,
            "with_snapshot_s": min(taken[True])[0],
            "with_snapshot_processor_s": min(taken[True])[1],
            "without_snapshot_s": min(taken[False])[0],
            "without_snapshot_processor_s": min(taken[False])[1],
            "made_in_s": making,
        },
        options,
    )


if __name__ == "__main__":
    main()
