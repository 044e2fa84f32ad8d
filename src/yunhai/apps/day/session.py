"""One day from file to verdict: import, plan, run into the journal, sync, prove the journal, compare from it.

The comparison reads the fills back out of the journal's files after they were synced and proven; what the plan wanted
or the venue said in memory plays no part in it.
"""

import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from yunhai.apps.day import failures
from yunhai.apps.day.bars import History
from yunhai.apps.day.compare import TapeReader, compare
from yunhai.apps.day.output import FinishedDay
from yunhai.apps.day.report import Report
from yunhai.apps.day.run import EVENTS_PER_ORDER, Day, Progress, prepare, trade
from yunhai.exchange.instruments import Instrument
from yunhai.exchange.rules.pack import RulePack
from yunhai.exchange.venue import Venue
from yunhai.journal.reader import Reader
from yunhai.journal.verify import verify
from yunhai.journal.writer import SEGMENT_BYTES, Writer
from yunhai.kernel.errors import YunhaiError, entry_of
from yunhai.kernel.limits import RECORD_BYTES

STAGES: Final = {
    "import": "reading the report and the reference data 匯入",
    "plan": "planning the orders 排單",
    "trade": "trading and journalling 撮合並寫日誌",
    "verify": "proving the journal and comparing 查驗並比對",
    "files": "writing the day's files 產生當日檔案",
    "start": "starting database, core and readers 啟動資料庫、核心與讀者",
    "tenants": "making every firm a tenant 每家券商建為租戶",
    "opening": "importing opening balances 匯入期初餘額",
    "close": "closing the day 收盤作業",
    "books": "waiting for the ledger 等待帳務讀完",
    "check": "checking the books 帳務勾稽",
}

RECORDS_AT_ONCE: Final = 1 << 17
"""Groups are small; their records are added up in larger arrays."""

EVENTS_BESIDES: Final = 30_000
"""Phases, trial matches and auctions of a few securities."""
SEGMENT_UNIT: Final = 1 << 20

Watch = Callable[[str, float], None]
"""Told a stage of `STAGES` and the part of it done, 0 to 1."""


@dataclass(slots=True)
class Stages:
    """Seconds spent in each stage."""

    watch: Watch
    began: float = field(default_factory=time.perf_counter)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def of(self, name: str) -> Iterator[Progress]:
        start = time.perf_counter()
        self.watch(name, 0.0)
        yield lambda part: self.watch(name, part)
        self.watch(name, 1.0)
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start

    def total(self) -> float:
        return time.perf_counter() - self.began


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What a day is made from. `source` is what to call the report; `stated` references in 1/10,000 NT$."""

    source: str
    report: Report
    pack: RulePack
    listings: Mapping[str, Instrument]
    history: Mapping[str, History]
    stated: Mapping[str, int]
    seed: int


def run_session(inputs: Inputs, journal: Path | None, stages: Stages, *, keep_fills: bool) -> FinishedDay:
    """Run the day into the folder `journal`, else into a new one for temporary files, made when nothing can be refused
    any more. YunhaiError 4005, 4031-4035, those of the pack and the journal's."""
    with stages.of("plan"):
        day = prepare(
            inputs.report,
            inputs.pack,
            listing_of=inputs.listings.get,
            history=inputs.history,
            stated=inputs.stated,
            seed=inputs.seed,
        )
    if journal is None:
        journal = Path(tempfile.mkdtemp(prefix=f"yunhai-day-{inputs.report.date:%Y%m%d}-")) / "journal"
    with stages.of("trade") as progress:
        written = _trade_into(day, journal, progress)
    with stages.of("verify") as progress:
        chain = _prove(journal, written)
        tape = _read_back(day, journal, written, keep_fills=keep_fills, progress=progress)
        results = compare(inputs.report, day.plan.levels, day.plan.cuts, tape.tape)
    return FinishedDay(
        day=day,
        tape=tape.tape,
        securities=results,
        source=inputs.source,
        journal=journal,
        journal_hash=chain,
        events_hash=written.events,
        records=written.records,
        venue=written.venue,
        stages=dict(stages.seconds),
        seconds=stages.total(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """The journal as its writer left it: records, the chain after the last of them, a hash of the events alone; and the
    venue after its close."""

    records: int
    chain: str
    events: str
    venue: Venue


def _trade_into(day: Day, journal: Path, progress: Progress) -> _Written:
    if journal.is_dir() and any(journal.iterdir()):
        raise YunhaiError(failures.JOURNAL_NOT_EMPTY, path=str(journal))
    events_hash = hashlib.sha256()
    records = 0
    with Writer(journal, segment_bytes=_segment_bytes(day)) as writer:

        def sink(events: NDArray[np.void]) -> None:
            nonlocal records
            if events.size:
                writer.submit(events)
                events_hash.update(events.view(np.uint8).data)
                records += events.size

        venue = trade(day, sink, progress=progress)
        writer.flush()
        chain = writer.chain().hex()
    return _Written(records=records, chain=chain, events=events_hash.hexdigest(), venue=venue)


def _segment_bytes(day: Day) -> int:
    """Room for a small day's events in one segment, so that a small day makes a small journal."""
    expected = (EVENTS_BESIDES + EVENTS_PER_ORDER * day.plan.orders.size) * RECORD_BYTES
    return min(SEGMENT_BYTES, -(-expected // SEGMENT_UNIT) * SEGMENT_UNIT)


def _prove(journal: Path, written: _Written) -> str:
    """The closed journal proven from its first byte to its last; the head of its chain. YunhaiError 4034."""
    verdict = verify(journal)
    if not verdict.right or not verdict.sealed or verdict.sequence != written.records:
        problems = "; ".join(str(problem) for problem in verdict.problems)
        raise YunhaiError(
            failures.NOT_VERIFIED,
            reason=f"{verdict.sequence} records of {written.records}, end {verdict.ending}, {problems or 'no damage'}",
            reason_zh=f"寫入 {written.records} 筆，查得 {verdict.sequence} 筆，{len(verdict.problems)} 處損壞",
        )
    return verdict.chain


def _read_back(day: Day, journal: Path, written: _Written, *, keep_fills: bool, progress: Progress) -> TapeReader:
    """Every record, proven group by group by the reader, in the order of the journal."""
    tape = TapeReader(day.report, day.plan.levels, day.book_codes(), keep_fills=keep_fills)
    chain, sequence = "", 0
    held: list[NDArray[np.void]] = []
    waiting = 0
    for group in Reader(journal):
        if group.count:
            chain, sequence = group.chain.hex(), group.last_sequence
            held.append(group.records())
            waiting += group.count
        if waiting >= RECORDS_AT_ONCE:
            tape.add(np.concatenate(held))
            held, waiting = [], 0
            progress(sequence / max(written.records, 1))
    if held:
        tape.add(np.concatenate(held))
    if (sequence, chain) != (written.records, written.chain):
        raise YunhaiError(
            failures.NOT_VERIFIED,
            reason=f"{sequence} records of {written.records}, chain {chain} is not {written.chain}",
            reason_zh=f"寫入 {written.records} 筆，讀回 {sequence} 筆，雜湊鏈 {chain} 不是 {written.chain}",
        )
    if tape.tape.first_refusal is not None:
        order, code = tape.tape.first_refusal
        entry = entry_of(code)
        raise YunhaiError(
            failures.ORDER_REFUSED, order=order, reason=f"{code} {entry.en}", reason_zh=f"{code} {entry.zh}"
        )
    return tape
