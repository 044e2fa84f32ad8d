"""One file into the lake: told apart by its header or the length of its rows, parsed, checked, stored, reported."""

import csv
import errno
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
from numpy.typing import NDArray

from yunhai.exchange.calendar import TradingCalendar
from yunhai.kernel.clock import DAY, EPOCH, SECOND, TAIPEI_OFFSET
from yunhai.kernel.errors import YunhaiError
from yunhai.market.bars.journal import LATE_CLOSE
from yunhai.market.bars.making import coarser, folded, rows_of, ticks
from yunhai.market.bars.spans import FUTURES_CLOCK, SPANS, SessionClock
from yunhai.market.importers.checks import CALENDAR_FROM, CHECKS, ExRights, Rows, World, unique
from yunhai.market.importers.layouts import LAYOUTS, TAIFEX, Layout
from yunhai.market.importers.parsing import parsed
from yunhai.market.importers.report import Report
from yunhai.market.importers.sources import Source
from yunhai.market.importers.texts import BAD, day_of
from yunhai.market.lake.errors import FILE_DIFFERS, LAYOUT_UNKNOWN
from yunhai.market.lake.manifest import Import, hash_of, load
from yunhai.market.lake.reading import Lake
from yunhai.market.lake.tables import TABLES
from yunhai.market.lake.writing import Batch, Origin, Told, store

Progress = Callable[[int], None]
Calendar = Callable[[date, date], TradingCalendar]
_DAY_IN_NAME: Final = re.compile(r"(\d{4}-\d{2}-\d{2}|\d{8})")
_DEADLINE: Final = 10
"""The day of the following month by which a month's revenue is published."""
_LONGEST_CLOSURE_DAYS: Final = 31
KNOWN_OF_A_DAY: Final = 14 * 3_600 * SECOND
"""When the bar of a day is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import came to. `again`: the same file had been imported, and nothing was changed."""

    imports: tuple[Import, ...]
    again: bool

    @property
    def read(self) -> int:
        return self.imports[0].read

    @property
    def reasons(self) -> dict[int, int]:
        return {int(reason): count for reason, count in self.imports[0].reasons.items()}


def _silent(read: int) -> None:
    pass


def recognised(source: Source) -> Layout:
    """The layout of a file. YunhaiError 7454."""
    lengths = {len(line.rstrip("\r\n")) for line in source.head[:-1] or source.head}
    header = {name.strip() for name in next(csv.reader(source.head[:1]), [])}
    best: Layout | None = None
    for layout in LAYOUTS.values():
        fits = lengths == {layout.length} if layout.length else layout.header() <= header
        if fits and (best is None or len(layout.header()) > len(best.header())):
            best = layout
    if best is None:
        raise YunhaiError(LAYOUT_UNKNOWN, path=source.name, known=", ".join(LAYOUTS))
    return best


def layout_named(name: str) -> Layout:
    """YunhaiError 7454."""
    if name not in LAYOUTS:
        raise YunhaiError(LAYOUT_UNKNOWN, path=name, known=", ".join(LAYOUTS))
    return LAYOUTS[name]


def import_file(
    lake: Path,
    path: Path,
    *,
    now_ns: int,
    calendar: Calendar | None = None,
    layout: Layout | None = None,
    options: str = "",
    day: date | None = None,
    progress: Progress = _silent,
) -> Imported:
    """Import a file into the lake. `now_ns` wall time; `day` of a file that does not say its date (else taken from its name).

    YunhaiError 7450-7455 (nothing is stored); OSError.
    """
    source = Source.of(path)
    chosen = layout or recognised(source)
    number = _day(chosen, source, day)
    origin = Origin(
        source=source.name,
        sha256=source.sha256,
        bytes=source.bytes,
        importer=chosen.name,
        version=chosen.version,
        options=options if number is None else f"{options}date={date.fromordinal(EPOCH.toordinal() + number)}",
    )
    known = origin.made(load(lake))
    if known:
        return Imported(imports=known, again=True)
    report = Report(source)
    columns, lines = parsed(chosen, source, report, day=number, progress=progress)
    rows = Rows(chosen.table, columns, lines, report)
    world = World(calendar=calendar, exrights=lambda: _exrights(lake))
    for check in chosen.checks:
        CHECKS[check](rows, world)
    if chosen.known == "time":
        _place_in_day(rows, chosen)
    elif "bars" not in chosen.checks:
        unique(rows)
    rows.columns["known_ns"] = _known(chosen, rows.columns, calendar)
    batches = [_batch(rows)]
    if chosen is TAIFEX:
        batches += _bars_of(rows, FUTURES_CLOCK)
    return Imported(imports=put(lake, batches, origin, report, now_ns=now_ns), again=False)


def put(lake: Path, batches: list[Batch], origin: Origin, told: Told, *, now_ns: int) -> tuple[Import, ...]:
    """`store`, and what the lake's engine says of the files and the disk as errors of the house.

    YunhaiError 7450, 7451 a file that the rows had to be held against, 7452, 7453; OSError.
    """
    try:
        return store(lake, batches, origin, told, now_ns=now_ns)
    except duckdb.Error as error:
        tables = {batch.table.name for batch in batches}
        for file in load(lake).files:
            if file.table in tables and hash_of(lake / file.path)[0] != file.sha256:
                raise YunhaiError(FILE_DIFFERS, path=file.path) from None
        raise OSError(errno.EIO, str(error), str(lake)) from error


def _day(layout: Layout, source: Source, day: date | None) -> int | None:
    """The date of a file whose rows have none."""
    if not layout.day_in_name:
        return None
    if day is not None:
        return (day - EPOCH).days
    found = _DAY_IN_NAME.search(source.name)
    number = day_of(found[1]) if found else BAD
    if number == BAD:
        raise YunhaiError(LAYOUT_UNKNOWN, path=source.name, known=f"{layout.name} --date YYYY-MM-DD")
    return number


def _exrights(lake: Path) -> ExRights:
    with Lake(lake) as found:
        rows = found.read("exrights", columns=("code", "start_ns", "reference"))
    return ExRights(code=rows["code"], start_ns=rows["start_ns"], reference=rows["reference"])


def _place_in_day(rows: Rows, layout: Layout) -> None:
    """Times of day become moments; `place` counts a security's rows of a day in the file's order."""
    columns = rows.columns
    if layout is not TAIFEX:
        columns["time_ns"] = columns["start_ns"] + columns["time_ns"]
    codes = rows.codes() if len(rows.lines) else np.empty(0, np.int64)
    order = np.lexsort((np.arange(len(codes)), columns["start_ns"], codes))
    begins = np.ones(len(codes), np.bool_)
    if len(codes):
        begins[1:] = (codes[order][1:] != codes[order][:-1]) | (
            columns["start_ns"][order][1:] != columns["start_ns"][order][:-1]
        )
    counted = np.arange(len(codes)) - np.maximum.accumulate(np.where(begins, np.arange(len(codes)), 0))
    place = np.empty(len(codes), np.int64)
    place[order] = counted
    columns["place"] = place


def _known(layout: Layout, columns: dict[str, NDArray[Any]], calendar: Calendar | None) -> NDArray[np.int64]:
    match layout.known:
        case "time":
            return np.asarray(columns["time_ns"], np.int64)
        case "revenue":
            days = ((columns["start_ns"] + TAIPEI_OFFSET) // DAY).astype("datetime64[D]")
            following = (days.astype("datetime64[M]") + 1).astype("datetime64[D]").astype(np.int64)
            deadline = (_market_day_from(following + _DEADLINE - 1, calendar) + 1) * DAY - TAIPEI_OFFSET
            seen = columns.get("_seen", np.zeros(len(deadline), np.int64))
            began = following * DAY - TAIPEI_OFFSET
            return np.asarray(np.where(seen >= began, np.minimum(seen, deadline), deadline), np.int64)
        case (days_after, of_day):
            return np.asarray(columns["start_ns"] + days_after * DAY + of_day, np.int64)


def _market_day_from(days: NDArray[np.int64], calendar: Calendar | None) -> NDArray[np.int64]:
    """Each day, as days since 1970, or the next on which the market is open; without a calendar, the next weekday."""
    wanted = np.unique(days)
    weekday = (wanted + 3) % 7  # 1970-01-01 was a Thursday
    found = wanted + np.where(weekday >= 5, 7 - weekday, 0)
    reached = wanted[wanted >= CALENDAR_FROM]
    if calendar is not None and len(reached):
        first, last = (EPOCH + timedelta(days=int(day)) for day in (reached[0], reached[-1] + _LONGEST_CLOSURE_DAYS))
        open_days = np.array([(day - EPOCH).days for day in calendar(first, last).days], np.int64)
        found[wanted >= CALENDAR_FROM] = open_days[np.searchsorted(open_days, reached)]
    return np.asarray(found[np.searchsorted(wanted, days)], np.int64)


def _batch(rows: Rows) -> Batch:
    columns = {name: rows.columns[name] for name in (*rows.table.columns, "mark", "known_ns")}
    columns["venue"] = np.full(len(rows.lines), "", object)
    return Batch(table=rows.table, columns=columns, lines=rows.lines)


def _bars_of(rows: Rows, clock: SessionClock) -> list[Batch]:
    """Bars of 1 s, 1 min and a day of the trades."""
    columns = rows.columns
    codes, security = np.unique(columns["code"].astype(str), return_inverse=True)
    segments = np.empty(len(codes), object)
    segments[security] = columns["segment"]
    order = np.argsort(columns["time_ns"], kind="stable")
    made = ticks(
        clock,
        security=security[order],
        times=columns["time_ns"][order],
        prices=columns["price"][order],
        quantities=columns["quantity"][order],
        days=(columns["start_ns"][order] + TAIPEI_OFFSET) // DAY,
    )
    return bar_batches(codes.astype(object), segments, made, venue="", offset=clock.offset)


def bar_batches(
    codes: NDArray[Any], segments: NDArray[Any], trades: NDArray[np.void], *, venue: str, offset: int
) -> list[Batch]:
    """The stored widths of bars of trades, whose `security` is a place in `codes` and `segments`.

    A bar is known when its span ends; one that ends with its session, when the session's close can have been put off no longer.
    """
    batches = []
    ends = np.unique(trades["placed_ns"][trades["placed_ns"] % SECOND == SECOND - 1]) + 1
    seconds = folded(rows_of(trades, SPANS["1s"], offset=offset))
    by_span = {
        "1s": seconds,
        "1m": coarser(seconds, SPANS["1m"], offset=offset),
        "1d": folded(rows_of(trades, SPANS["1d"], offset=offset)),
    }
    for name, found in by_span.items():
        columns: dict[str, NDArray[Any]] = {
            "code": codes[found["security"]],
            "segment": segments[found["security"]],
            "mark": np.zeros(len(found), np.uint16),
            "venue": np.full(len(found), venue, object),
            "known_ns": found["start_ns"] + KNOWN_OF_A_DAY,
        }
        if SPANS[name].ns:
            ended = found["start_ns"] + SPANS[name].ns
            columns["known_ns"] = ended + np.where(np.isin(ended, ends), LATE_CLOSE, 0)
        columns |= {each: found[each] for each in found.dtype.names or () if each != "security"}
        batches.append(Batch(table=TABLES[f"bars-{name}"], columns=columns, lines=np.zeros(len(found), np.int64)))
    return batches
