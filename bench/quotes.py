"""`./dev bench quotes`: from an event at the venue to 200 WebSocket readers, 2,000 securities, 5,000 events a second.

A feeder process writes a journal as a core would (`bench.load.feeder`); the real `yunhai stream` follows it; 200 readers in a
third process (this one) follow 50 securities each, board lots and odd lots, and one more follows 400 and never
reads. First a while without readers, to know how the stream's memory grows with the day alone; then `--seconds` with
them; `memory` is that of the stream process from when its readers have settled. An event's wall time is that of its commit
group in the journal, a reader's that of its arrival: one machine, one clock.

It fails (VOID) if a sequence has a gap, if a reader's last state is not the venue's, if an event that showed did not come, or
if the stuck reader was not cut off.
"""

import argparse
import asyncio
import contextlib
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
from numpy.typing import NDArray

from bench import common
from bench.load import feeder
from bench.load.feeder import Fed
from bench.load.listeners import Arrivals, Reader, connect
from yunhai.apps.cloud.places import Places
from yunhai.apps.cloud.prepare import make_credentials
from yunhai.journal.reader import Reader as Journal
from yunhai.kernel.limits import STREAM_BEHIND_SECONDS_MAX
from yunhai.trading import tokens
from yunhai.trading.core.packing import trading_records
from yunhai.trading.http.unix import unix_transport

READERS = 200
CODES_EACH = 50
OF_ONE_PERSON = 20
STUCK_CODES = 400
GOAL_MS = 250.0
GOAL_MEGABYTES = 10.0
"""By how much the stream's memory may grow while the readers read."""
SETTLING_S = 2.0
CATCHING_UP_S = 30.0
"""How far behind a stream on a busy machine may be when the feeder stops; what it showed too late stands in the latencies."""
START_S = 120
_CUT = "yunhai_stream_cut_off_total"
_OPEN = "yunhai_stream_orders_open"
_SEQUENCE = "yunhai_stream_sequence"


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident at the beginning and at the end of a while, MB; the slope of all samples between, MB a second."""

    begin_mb: float
    end_mb: float
    mb_per_s: float


@dataclass
class Process:
    """`yunhai stream` on a home, and what it used."""

    places: Places
    profile: Path | None = None
    memory: list[tuple[float, int]] = field(default_factory=list)
    """(seconds, bytes resident), once a second."""

    def __enter__(self) -> "Process":
        profiled = ["-m", "cProfile", "-o", str(self.profile)] if self.profile else []
        command = [sys.executable, *profiled, "-m", "yunhai.apps.cli", "stream", "--home", str(self.places.home)]
        with (self.places.home / "stream.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        until = time.monotonic() + START_S
        while time.monotonic() < until and self.process.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                if self._get("/ready").status_code == 200:
                    return self
            time.sleep(0.05)
        raise SystemExit(f"VOID: no stream: {(self.places.home / 'stream.log').read_text()[-2000:]}")

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(60)

    def _get(self, path: str) -> httpx.Response:
        transport = unix_transport(self.places.stream_socket)
        with httpx.Client(transport=transport, base_url="http://stream", timeout=10) as client:
            return client.get("/stream/v1" + path if path != "/metrics" else path)

    def cut_off(self) -> bool:
        return self._figure(_CUT) > 0

    def open_orders(self) -> int:
        return int(self._figure(_OPEN))

    def sequence(self) -> int:
        return int(self._figure(_SEQUENCE))

    def _figure(self, name: str) -> float:
        return next(
            float(line.split()[1]) for line in self._get("/metrics").text.splitlines() if line.startswith(name + " ")
        )

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def sample(self) -> None:
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        self.memory.append((time.monotonic(), pages * os.sysconf("SC_PAGE_SIZE")))

    def used(self, begin: float, end: float) -> Memory:
        """Between two moments."""
        points = np.array([(at, size) for at, size in self.memory if begin <= at <= end])
        if len(points) < 3:
            return Memory(*(float("nan"),) * 3)
        return Memory(
            points[0, 1] / 1e6, points[-1, 1] / 1e6, float(np.polyfit(points[:, 0], points[:, 1], 1)[0]) / 1e6
        )


@contextlib.contextmanager
def feeding(home: Path, rate: float) -> Iterator[Connection]:
    """A feeder that is ready; it ends by itself."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=feeder.run, args=(home, rate, theirs))
    process.start()
    try:
        if not ours.poll(START_S) or ours.recv() != "ready":
            raise SystemExit("VOID: the feeder did not get ready")
        yield ours
        process.join(60)
    finally:
        process.kill()


# -- the run ---------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Seen:
    """What a run saw."""

    fed: Fed
    readers: list[Reader]
    kept: Arrivals
    stuck_seconds: float
    cpu_share: float
    before: Memory
    during: Memory
    open_orders: tuple[int, int]
    """When the readers had joined, and at the end."""


async def listen(stream: Process, pipe: Connection, seconds: float) -> Seen:
    """The whole of it, once the stream is ready."""
    loop = asyncio.get_running_loop()
    sampling = asyncio.create_task(_sample(stream))
    pipe.send("go")
    begun = time.monotonic()
    await asyncio.sleep(max(6.0, seconds / 4))
    quiet_end = time.monotonic()
    kept = Arrivals()
    generator = random.Random(9)
    every = feeder.codes()
    readers = [
        await connect(
            stream.places.stream_socket,
            number,
            _token(stream.places, 1 + number // OF_ONE_PERSON),
            generator.sample(every, CODES_EACH),
            kept,
        )
        for number in range(READERS)
    ]
    stuck = await connect(
        stream.places.stream_socket, -1, _token(stream.places, 999), every[:STUCK_CODES], Arrivals(), stuck=True
    )
    used, joined = stream.cpu_seconds(), time.monotonic()
    open_at_first = await loop.run_in_executor(None, stream.open_orders)
    cut_after = float("nan")
    while time.monotonic() - joined < seconds:
        await asyncio.sleep(0.5)
        if np.isnan(cut_after) and await loop.run_in_executor(None, stream.cut_off):
            cut_after = time.monotonic() - joined
    used, ended = stream.cpu_seconds() - used, time.monotonic()
    open_at_last = await loop.run_in_executor(None, stream.open_orders)
    pipe.send("stop")
    await asyncio.sleep(SETTLING_S)
    pipe.send("tell")
    fed: Fed = await loop.run_in_executor(None, pipe.recv)
    until = time.monotonic() + CATCHING_UP_S
    while time.monotonic() < until:  # the stream tells when it is asked
        if await loop.run_in_executor(None, stream.sequence) >= fed.sequence:
            break
        await asyncio.sleep(0.1)
    await asyncio.sleep(SETTLING_S)
    sampling.cancel()
    for reader in readers:
        if reader.closed is not None:
            raise SystemExit(f"VOID: reader {reader.number} was closed with {reader.closed}")
        reader.transport.close()
    stuck.transport.abort()
    settled = joined + min(5.0, seconds / 4)
    return Seen(
        fed,
        readers,
        kept,
        cut_after,
        used / (ended - joined),
        stream.used(begun + 1, quiet_end),
        stream.used(settled, ended),
        (open_at_first, open_at_last),
    )


async def _sample(stream: Process) -> None:
    while True:
        stream.sample()
        await asyncio.sleep(1)


def _token(places: Places, person: int) -> str:
    return tokens.issue(
        places.credential("token.key"),
        person=person,
        session="bench",
        tenant=1,
        role="api",
        mfa=True,
        now_s=int(time.time()),
    )


# -- the reckoning -----------------------------------------------------------------------------------------------------------


def wrong_states(seen: Seen) -> int:
    """Quotes at a reader that are not what the writer's venue says at the end."""
    names = {book: name for name, book in seen.kept.names.items()}
    wrong = 0
    for reader in seen.readers:
        for book, quote in reader.newest.items():
            head = msgspec.json.decode(names[book] + b"}")
            wrong += msgspec.json.decode(quote) != msgspec.json.decode(
                msgspec.json.encode(seen.fed.quotes[f"{head['code']} {head['segment']}"])
            )
    return wrong


def events_of(journal: Path, names: dict[int, int], from_sequence: int) -> NDArray[np.int64]:
    """(sequence, wall ns, book as the readers number it) of every record of a book that somebody reads."""
    reader = Journal(journal, from_sequence, follow=True)
    found = []
    table = np.full(max(names) + 1, -1, np.int64)
    table[list(names)] = list(names.values())
    while (group := reader.next()) is not None:
        sequences, records = trading_records(group)
        books = records["book"].astype(np.int64)
        numbers = np.where(books < len(table), table[np.minimum(books, len(table) - 1)], -1)
        rows = np.flatnonzero(numbers >= 0)
        found.append(np.stack([sequences[rows], np.full(len(rows), group.wall_ns), numbers[rows]], axis=1))
    return np.concatenate(found)


def latencies(seen: Seen, events: NDArray[np.int64]) -> tuple[NDArray[np.float64], int]:
    """(milliseconds from event to reader, one of each event that showed and each reader of its book; how many did not come).

    All readers are told at the same ticks, each named by its `as_of`. An event shows at the first tick that has it, if that
    tick told of its book at all: a change deeper than five levels does not. Whoever was behind then has it later."""
    kept = seen.kept
    as_of, at = np.array(kept.as_of, np.int64), np.array(kept.at_ns, np.int64)
    message = np.repeat(np.arange(len(as_of)), np.array(kept.count, np.int64))
    book, reader = np.array(kept.books, np.int64), np.array(kept.reader, np.int64)[message]
    is_update = np.array(kept.is_update, np.bool_)
    ticks = np.unique(as_of[is_update])  # snapshots are made between ticks, for one reader
    place = np.searchsorted(ticks, events[:, 0])
    inside = place < len(ticks)
    events, tick = events[inside], ticks[place[inside]]
    told = np.unique((book * (1 << 40) + as_of[message])[is_update[message]])
    shown = np.isin(events[:, 2] * (1 << 40) + tick, told)
    events, tick = events[shown], tick[shown]
    by_book = np.argsort(events[:, 2], kind="stable")
    events, tick = events[by_book], tick[by_book]
    edges = np.searchsorted(events[:, 2], np.arange(len(kept.names) + 1))
    order = np.lexsort((as_of[message], book, reader))
    book, reader, when, moment = book[order], reader[order], as_of[message][order], at[message][order]
    cuts = np.flatnonzero((np.diff(book) != 0) | (np.diff(reader) != 0)) + 1
    found, missing = [], 0
    for begin, end in zip([0, *cuts.tolist()], [*cuts.tolist(), len(book)], strict=True):
        one = slice(*edges[book[begin] : book[begin] + 2])
        new = tick[one] > when[begin]  # what was before its snapshot was in the snapshot
        at_message = np.searchsorted(when[begin:end], tick[one][new])
        came = at_message < end - begin
        missing += int((~came).sum())
        found.append(moment[begin:end][at_message[came]] - events[one][new][came, 1])
    return np.concatenate(found) / 1e6, missing


def result(seen: Seen, home: Path, seconds: float) -> dict[str, Any]:
    names = {}
    for head, number in seen.kept.names.items():
        said = msgspec.json.decode(head + b"}")
        names[f"{said['code']} {said['segment']}"] = number
    numbers = {book: names[name] for name, book in seen.fed.books.items() if name in names}
    milliseconds, missing = latencies(seen, events_of(home / "journal", numbers, min(seen.kept.as_of)))
    wrong = wrong_states(seen)
    if seen.kept.gaps or wrong or missing:
        raise SystemExit(f"VOID: {seen.kept.gaps} gaps, {wrong} wrong last states, {missing} events that did not come")
    if seconds > STREAM_BEHIND_SECONDS_MAX + 5 and np.isnan(seen.stuck_seconds):
        raise SystemExit("VOID: the stuck reader was not cut off")
    p50, p99 = np.percentile(milliseconds, [50, 99])
    return {
        "seconds": seconds,
        "securities": feeder.SECURITIES,
        "readers": READERS,
        "codes_each": CODES_EACH,
        "venue_events_per_s": seen.fed.events / seen.fed.seconds,
        "instructions_per_s": seen.fed.instructions / seen.fed.seconds,
        "messages_per_s": len(seen.kept.as_of) / seconds,
        "quotes_per_s": len(seen.kept.books) / seconds,
        "megabytes_per_s": seen.kept.bytes / seconds / 1e6,
        "samples": len(milliseconds),
        "event_to_reader_p50_ms": float(p50),
        "event_to_reader_p99_ms": float(p99),
        "event_to_reader_max_ms": float(milliseconds.max()),
        "goal_p99_ms": GOAL_MS,
        "sequence_gaps": seen.kept.gaps,
        "last_states_compared": sum(len(reader.newest) for reader in seen.readers),
        "last_states_wrong": wrong,
        "stream_processor_share": seen.cpu_share,
        "memory_without_readers_mb_per_s": seen.before.mb_per_s,
        "memory_mb_per_s": seen.during.mb_per_s,
        "memory_begin_mb": seen.during.begin_mb,
        "memory_end_mb": seen.during.end_mb,
        "goal_memory_growth_mb": GOAL_MEGABYTES,
        "open_orders_begin": seen.open_orders[0],
        "open_orders_end": seen.open_orders[1],
        "stuck_reader_cut_off_after_s": seen.stuck_seconds,
    }


def arguments() -> argparse.Namespace:
    parser = common.arguments(__doc__, rounds=1)
    parser.add_argument("--seconds", type=float, default=60.0, help="with readers (60)")
    parser.add_argument("--rate", type=float, default=5_000.0, help="venue records a second (5000)")
    parser.add_argument(
        "--profile", type=Path, help="cProfile's figures of the stream into this file (it is slower then)"
    )
    return parser.parse_args()


def main() -> None:
    options = arguments()
    home = Path(tempfile.mkdtemp(prefix="yunhai-quotes-"))
    try:
        places = Places.at(home)
        places.make()
        make_credentials(places)
        with feeding(home, options.rate) as pipe, Process(places, options.profile) as stream:
            seen = asyncio.run(listen(stream, pipe, options.seconds))
        found = result(seen, home, options.seconds)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    common.report("quotes", found, options)


if __name__ == "__main__":
    main()
