"""`./dev bench replay`: the real Shanghai morning, a real futures day and the pinned 1,000,000 commands, replayed.

Needs YUNHAI_DATA (or ../shared/data). Says how long opening takes, how fast events are applied, what a seek to a random position
takes with ten levels and the hash, and plays the morning at ×1000 by the machine's own clock: every event must come, none before
it is due; how late they come is counted from the moment each was due. The futures day plays against a clock that is given
(`--wall` plays it by the machine's clock too: 255 s). The pinned commands make one book of some 1.4 million events. A day of 20
securities and 300,000 orders goes through the venue into a journal, is read from it and sought, four securities in step. A run
whose hashes or books differ between the ways to a position is void.
"""

import hashlib
import os
import random
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from bench import common
from yunhai.apps.reference_data import pack_bytes, pack_named, rule_pack
from yunhai.exchange.venue import Venue, commands
from yunhai.journal import Writer, fact_of
from yunhai.kernel.clock import SECOND
from yunhai.kernel.records import Kind, OrderType
from yunhai.market.l3.feed import read_feed
from yunhai.market.replay.events import public_events
from yunhai.market.replay.journal_days import JournalDays
from yunhai.market.replay.kept import Keeping
from yunhai.market.replay.published import published_source
from yunhai.market.replay.replay import Replay
from yunhai.market.replay.source import Listing, Source, SourceKind
from yunhai.market.replay.trade_file import trade_source
from yunhai.native import _book
from yunhai.trading import facts
from yunhai.trading.facts import DayOpened, Listed, PackPublished
from yunhai.trading.market import plan_of

JOURNAL_CODES = 20
JOURNAL_ORDERS = 300_000
TURN_S = 0.02
"""How long playing sleeps at most: fifty looks a second."""
MILLISECOND = 1_000_000


def data_folder() -> Path:
    folder = Path(os.environ.get("YUNHAI_DATA") or common.ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        raise SystemExit(f"no market data at {folder}: set YUNHAI_DATA")
    return folder


def timed(run: Any) -> tuple[Any, float]:
    began = time.perf_counter()
    result = run()
    return result, time.perf_counter() - began


def percentiles(name: str, values: list[float]) -> dict[str, float]:
    """p50, p99 and the most, as given."""
    values = sorted(values)
    return {
        f"{name}_p50": values[len(values) // 2],
        f"{name}_p99": values[len(values) * 99 // 100],
        f"{name}_max": values[-1],
    }


def large_source() -> Source:
    """The pinned commands as one book's events."""
    work = common.load()
    engine = common.open_book(work.config, work.start)
    parts, done = [public_events(engine.events())], 0
    while done < len(work.commands):
        events, consumed = engine.process(work.commands[done : done + 4_096])
        parts.append(public_events(events))
        done += consumed
    return Source(
        id="bench/pinned",
        kind=SourceKind.ORDERS,
        day=common.DAY,
        offset=0,
        listings=(Listing(book=0, code="9999", lot=common.LOT, reference=common.REFERENCE),),
        events=np.concatenate(parts),
    )


def open_morning(folder: Path) -> tuple[Source, dict[str, Any]]:
    """The published morning as a source, and how long that took."""
    feed, reading = timed(lambda: read_feed(folder / "l3_orders" / "sse_600519"))
    pack, day = pack_named("sse-2023"), date(2023, 2, 7)
    source, rebuilt = timed(lambda: published_source("l3/sse-2023/600519/2023-02-07", day, pack, [("600519", feed)]))
    return source, {"morning_read_s": reading, "morning_through_the_engine_s": rebuilt}


def journal_day(folder: Path) -> int:
    """A journal at `folder` with one day of JOURNAL_CODES securities and JOURNAL_ORDERS orders; its records."""
    toml = pack_bytes("twse-2026") or b""
    listed = tuple(Listed(code=f"{1101 + place}", kind="stock", reference=1_000_000) for place in range(JOURNAL_CODES))
    sha256 = hashlib.sha256(toml).digest()
    opened = DayOpened(
        date="2026-08-21", pack="twse-2026", pack_sha256=sha256, settles_on="2026-08-25", listed=listed, seed=3
    )
    plan = plan_of(opened, rule_pack("twse-2026"))
    engine = _book.Engine(order_capacity=JOURNAL_ORDERS, first_order_id=1, id_capacity=JOURNAL_ORDERS + 1)
    rng = np.random.default_rng(20260821)
    with Writer(folder) as writer:
        for fact in (PackPublished(pack="twse-2026", sha256=sha256, toml=toml), opened):
            writer.submit_fact(fact_of(fact, number=facts.NUMBERS[type(fact)]))
        venue = Venue(plan, engine=engine, sink=lambda events: writer.submit(events.copy()))
        orders = commands(JOURNAL_ORDERS)
        span = plan.at(13 * 3600 * SECOND) - plan.at(9 * 3600 * SECOND)
        orders["kind"], orders["order_type"] = Kind.NEW, OrderType.LIMIT
        orders["time"] = plan.at(9 * 3600 * SECOND) + np.sort(rng.integers(0, span, JOURNAL_ORDERS))
        orders["order_id"] = np.arange(1, JOURNAL_ORDERS + 1)
        orders["book"] = rng.choice([venue.book(one.code) for one in listed], JOURNAL_ORDERS)
        orders["side"] = rng.integers(1, 3, JOURNAL_ORDERS)
        orders["price"] = 1_000_000 + 5_000 * rng.integers(-9, 10, JOURNAL_ORDERS)
        orders["quantity"] = 1_000 * rng.integers(1, 20, JOURNAL_ORDERS)
        for start in range(0, JOURNAL_ORDERS, 1_000):
            venue.process(orders[start : start + 1_000])
        venue.finish()
        records = writer.submit_fact(fact_of({}, number=200))
        writer.wait(records)
    return int(records)


def from_a_journal(seeks: int) -> dict[str, Any]:
    """Reading a day out of a journal, opening it again, seeking four of its securities in step."""
    with tempfile.TemporaryDirectory(prefix="yunhai-bench-") as place:
        home = Path(place)
        records = journal_day(home / "journal")
        _, reading = timed(lambda: JournalDays(home / "journal", home / "replay").days())
        source, opening = timed(lambda: JournalDays(home / "journal", home / "replay").source("2026-08-21"))
        names = [one.name for one in source.listings if one.segment == "board"][:4]
        replay, kept = timed(lambda: Replay(source, names))
        source.hash_at(len(source))
        rng, took = random.Random(7), []
        for _ in range(seeks):
            position = rng.randrange(len(source) + 1)
            began = time.perf_counter()
            replay.seek(position)
            for name in names:
                replay.depth(name, 10)
            replay.events_hash()
            took.append((time.perf_counter() - began) * 1e3)
        return {
            "journal_records": records,
            "journal_events": len(source),
            "journal_read_records_per_s": records / reading,
            "journal_opened_again_s": opening,
            "journal_four_states_kept_s": kept,
            **percentiles("journal_four_seek_ms", took),
        }


def moving(prefix: str, source: Source, keeping: Keeping, code: str, seeks: int) -> dict[str, Any]:
    """Applying, seeking and stepping one book; SystemExit if two ways differ."""
    kept = keeping.of(source.listing(code))
    book, seconds = timed(lambda: kept.at(0))
    _, seconds = timed(lambda: kept.run(book, 0, len(kept)))
    rng = random.Random(20260821)
    replay, took, cpu, steps = Replay(source, [code], keeping), [], [], []
    source.hash_at(len(source))
    for position in (rng.randrange(len(source) + 1) for _ in range(seeks)):
        began, used = time.perf_counter(), time.thread_time()
        replay.seek(position)
        replay.depth(code, 10)
        told = replay.events_hash()
        took.append((time.perf_counter() - began) * 1e3)
        cpu.append((time.thread_time() - used) * 1e3)
        began = time.perf_counter()
        replay.step(-1)
        replay.depth(code, 10)
        steps.append((time.perf_counter() - began) * 1e3)
        replay.step(1)
        if replay.position == position and replay.events_hash() != told:
            raise SystemExit("VOID: stepping and seeking differ")
    replay.seek(len(source))
    if replay.book(code).keep() != book.keep():
        raise SystemExit("VOID: the sought book is not the applied one")
    return {
        f"{prefix}_events": len(source),
        f"{prefix}_kept_states_bytes": kept.bytes,
        f"{prefix}_orders_waiting_at_the_end": book.resting(),
        f"{prefix}_applied_events_per_s": len(kept) / seconds,
        **percentiles(f"{prefix}_seek_ms", took),
        **percentiles(f"{prefix}_seek_processor_ms", cpu),
        **percentiles(f"{prefix}_step_back_ms", steps),
    }


def by_the_wall(source: Source, names: list[str], keeping: Keeping, speed: int, idle: int = 0) -> dict[str, Any]:
    """Play it through by the machine's clock; events that came, and how late (ms of wall time)."""
    replay = Replay(source, names, keeping)
    late: list[float] = []
    came = 0
    began = time.monotonic_ns()
    replay.play(speed, began, idle=idle)
    playing = replay.playing
    assert playing is not None
    while replay.playing is not None:
        due = replay.next_due()
        wait = TURN_S if due is None else min(TURN_S, (due - time.monotonic_ns()) / SECOND)
        if wait > 0:
            time.sleep(wait)
        moved = replay.advance(time.monotonic_ns())
        came += len(moved.places)
        if len(moved.places):
            now = time.monotonic_ns()
            first = playing.line.played(int(source.times[moved.places[0]]))
            late.append((now - playing.wall_of(first)) / MILLISECOND)
    if came != len(source) or replay.events_hash() != source.hash_at(len(source)):
        raise SystemExit(f"VOID: {came} events of {len(source)} came")
    return {"events": came, "seconds": (time.monotonic_ns() - began) / SECOND, "late": late}


def main() -> None:
    parser = common.arguments(__doc__, rounds=1)
    parser.add_argument("--wall", action="store_true", help="play the futures day by the machine's clock too (255 s)")
    parser.add_argument("--seeks", type=int, default=1_000)
    options = parser.parse_args()
    folder = data_folder()
    morning, result = open_morning(folder)
    keeping = Keeping(morning)
    _, kept = timed(lambda: keeping.of(morning.listings[0]))
    result |= {"morning_states_kept_s": kept}
    result |= moving("morning", morning, keeping, "600519", options.seeks)
    played = by_the_wall(morning, ["600519"], keeping, 1_000_000)
    result |= {"morning_at_1000_events": played["events"], "morning_at_1000_s": played["seconds"]}
    result |= percentiles("morning_at_1000_late_ms", played["late"])
    futures, reading = timed(
        lambda: trade_source("trades/TX/2021-07-26", folder / "taifex" / "time_and_sales_2021-07-26.csv.gz", "TX")
    )
    names = [one.name for one in futures.listings]
    keeping = Keeping(futures)
    virtual = Replay(futures, names, keeping)
    rng, wall, came = random.Random(1), 0, 0
    began = time.perf_counter()
    virtual.play(1_000_000, 0)
    while virtual.playing is not None:
        wall += rng.randrange(1, SECOND // 5)
        came += len(virtual.advance(wall).places)
    if came != len(futures):
        raise SystemExit(f"VOID: {came} trades of {len(futures)} came")
    result |= {
        "futures_read_s": reading,
        "futures_at_1000_trades": came,
        "futures_given_clock_s": time.perf_counter() - began,
    }
    if options.wall:
        played = by_the_wall(futures, names, keeping, 1_000_000)
        result |= {"futures_at_1000_by_the_wall_s": played["seconds"]}
        result |= percentiles("futures_at_1000_late_ms", played["late"])
    result |= from_a_journal(options.seeks // 2)
    pinned = large_source()
    keeping = Keeping(pinned)
    _, kept = timed(lambda: keeping.of(pinned.listings[0]))
    result |= {"pinned_states_kept_s": kept} | moving("pinned", pinned, keeping, "9999", options.seeks // 2)
    common.report("replay", result, options)


if __name__ == "__main__":
    main()
