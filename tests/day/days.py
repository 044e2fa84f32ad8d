"""Small reports written as tables, and a day run without files: what the other modules here share."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

import numpy as np
from numpy.typing import NDArray

from yunhai.apps.day.bars import History
from yunhai.apps.day.compare import SecurityResult, Tape, TapeReader, compare
from yunhai.apps.day.report import COLUMNS, parse_report
from yunhai.apps.day.run import Day, prepare, trade
from yunhai.apps.reference_data import instruments, rule_pack
from yunhai.exchange.instruments import Instrument
from yunhai.exchange.rules.pack import RulePack
from yunhai.exchange.rules.words import SegmentName
from yunhai.kernel.records import FILL, RECORD, Kind

DAY = date(2026, 7, 29)
Row = tuple[str, str, str, int, int]
"""code, branch text, price, bought, sold"""


def report_bytes(rows: Iterable[Row], *, day: str = "20260729", encoding: str = "utf-8") -> bytes:
    """A report in the exchange's layout."""
    lines = [",".join(COLUMNS)]
    for number, (code, branch, price, bought, sold) in enumerate(rows, start=1):
        lines.append(f"{day},{code},{number},{branch},{price},{bought},{sold}")
    return ("\n".join(lines) + "\n").encode(encoding)


@dataclass(frozen=True)
class Ran:
    """A day that was run: its events as the venue gave them, and what the product says about it."""

    day: Day
    events: NDArray[np.void]
    tape: Tape
    results: tuple[SecurityResult, ...]

    def of(self, code: str) -> SecurityResult:
        return next(one for one in self.results if one.code == code)

    def filled(self) -> Counter[tuple[str, str, int, str]]:
        """(code, branch, price, side) to shares, added up here from the FILL events alone."""
        codes = self.day.book_codes()
        sums: Counter[tuple[str, str, int, str]] = Counter()
        for fill in self.events[self.events["kind"] == Kind.FILL].view(FILL):
            branch = int(fill["account"]).to_bytes(4, "big").decode()
            side = {1: "buy", 2: "sell"}[int(fill["side"])]
            sums[codes[int(fill["book"])], branch, int(fill["price"]), side] += int(fill["quantity"])
        return sums

    def orders(self) -> NDArray[np.void]:
        orders: NDArray[np.void] = self.events[self.events["kind"] == Kind.NEW].view(RECORD)
        return orders


def wanted(rows: Iterable[Row]) -> Counter[tuple[str, str, int, str]]:
    """The same sums, from the table."""
    sums: Counter[tuple[str, str, int, str]] = Counter()
    for code, branch, price, bought, sold in rows:
        scaled = round(float(price) * 10_000)
        sums[code, branch[:4], scaled, "buy"] += bought
        sums[code, branch[:4], scaled, "sell"] += sold
    return +sums


@cache
def quick_pack() -> RulePack:
    pack = rule_pack("twse-2026")
    odd = pack.segments[SegmentName.ODD_LOT]
    spans = tuple(
        replace(span, cycles=tuple(replace(cycle, seconds=60) for cycle in span.cycles), trial_seconds=60)
        for span in odd.spans
    )
    return replace(pack, segments={**pack.segments, SegmentName.ODD_LOT: replace(odd, spans=spans)})


def run_day(
    content: bytes,
    *,
    history: Mapping[str, History] | None = None,
    stated: Mapping[str, int] | None = None,
    seed: int = 7,
    pack: str | RulePack = "quick",
    listings: Mapping[str, Instrument] | None = None,
) -> Ran:
    """Run a report. The pack "quick" is 2026 with odd-lot auctions every minute: a tenth of the day's steps.

    `listings` replace those of the code list.
    """
    report = parse_report(content)
    day = prepare(
        report,
        pack if isinstance(pack, RulePack) else quick_pack() if pack == "quick" else rule_pack(pack),
        listing_of={**instruments(report.date), **(listings or {})}.get,
        history=history or {},
        stated=stated or {},
        seed=seed,
    )
    arrays: list[NDArray[np.void]] = []
    trade(day, lambda events: arrays.append(events.copy()), progress=lambda part: None)
    reader = TapeReader(report, day.plan.levels, day.book_codes(), keep_fills=True)
    events = np.concatenate(arrays)
    reader.add(events)
    return Ran(day, events, reader.tape, compare(report, day.plan.levels, day.plan.cuts, reader.tape))
