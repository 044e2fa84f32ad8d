"""A security's bars for a chart: from the lake, point in time, with the day that is still trading at their end.

The one place of this service that knows the lake. What was read is kept for the next question until the lake's manifest is
another, so that a chart which follows the market does not read 20 years of files every other second. Weeks and months are
folded from days here, with the live day in them; bars of an hour and less go on with those of the running day's trades.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from yunhai.kernel.clock import DAY, date_of, market_time, parse_date
from yunhai.kernel.limits import CHART_BARS_READ_MAX, CHART_SECURITIES_MAX, CHART_SERIES_KEPT_MAX
from yunhai.market.bars import BAR, SPANS, coarser, span_named
from yunhai.market.importers.following import LiveBars, bars_of
from yunhai.market.indicators import Columns, columns_of_integers
from yunhai.market.lake.adjusting import Adjust
from yunhai.market.lake.reading import Lake
from yunhai.services.charts.rules import DAY_SPANS, Latest

Bars = NDArray[np.void]
MEMORY_MB: Final = 256
"""Of the lake's engine in a web process."""
_SESSION_MINUTES: Final = 271
"""Of the board lots' day: how many bars of a minute a day has at most, the closing one included."""
_FIELDS: Final = ("open", "high", "low", "close", "volume", "value", "trades")


@cache
def _lake(folder: Path) -> Lake:
    return Lake(folder, memory_mb=MEMORY_MB)


def lake() -> Lake:
    """The installation's."""
    return _lake(settings.PLACES.home / "lake")


class _Kept:
    """The last answers of the lake, each for the manifest it was read under."""

    def __init__(self) -> None:
        self._found: OrderedDict[tuple[object, ...], Any] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, key: tuple[object, ...], read: Callable[[], Any]) -> Any:
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        found = read()
        with self._lock:
            self._found[key] = found
            while len(self._found) > CHART_SERIES_KEPT_MAX:
                self._found.popitem(last=False)
        return found


_kept: Final = _Kept()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which bars. `last_ns` none begins later; `as_of` none is later known; both market times (UTC ns) or None."""

    code: str
    span: str = "1d"
    adjust: Adjust = "raw"
    last_ns: int | None = None
    as_of: int | None = None
    latest: Latest | None = None
    live: LiveBars | None = None
    segment: str = "board"


def spans(*, live: bool = False) -> tuple[str, ...]:
    """The spans that can be shown at all: those that the lake has; all, while a day is running."""
    known = lake().manifest()
    stored = {span.base for span in SPANS.values() if live or known.of(f"bars-{span.base}")}
    return tuple(span.name for span in SPANS.values() if span.base in stored or span.name in DAY_SPANS)


def bars(wanted: Wanted) -> Bars:
    """All bars up to `last_ns`, of less than a day the last 20,000 at most. YunhaiError 7450, 7453, 7456."""
    span = span_named(wanted.span)
    if wanted.span not in DAY_SPANS:
        rows = _read(wanted, wanted.span, _window(wanted))
        if wanted.live is not None and wanted.adjust != "forward":
            rows = _with_live(rows, wanted, wanted.live)
        return rows[-CHART_BARS_READ_MAX:]
    days = _read(wanted, "1d", None)
    if wanted.latest is not None and wanted.as_of is None and wanted.adjust != "forward":
        days = _with_latest(days, wanted.latest)
    if wanted.span == "1d" or not len(days):
        return days
    rows = np.zeros(len(days), BAR)
    for name in days.dtype.names or ():
        rows[name] = days[name]
    folded = coarser(rows, span)
    made = np.empty(len(folded), days.dtype)
    for name in days.dtype.names or ():
        made[name] = folded[name]
    return made


def _read(wanted: Wanted, span: str, first_ns: int | None) -> Bars:
    source = lake()
    revision = source.manifest().revision
    key = (source.folder, revision, wanted.code, wanted.segment, span, wanted.adjust, wanted.last_ns, wanted.as_of)

    def read() -> Bars:
        return source.bars(
            wanted.code,
            span,
            adjust=wanted.adjust,
            first_ns=first_ns,
            last_ns=wanted.last_ns,
            as_of=wanted.as_of,
            segment=wanted.segment,
        )

    found: Bars = _kept.of(key, read)
    return found


def _window(wanted: Wanted) -> int | None:
    """From when on bars of less than a day are read: enough days for as many as are computed over, holidays counted in."""
    span = span_named(wanted.span)
    newest = _newest(wanted, f"bars-{span.base}")
    if newest is None:
        return None
    last = newest if wanted.last_ns is None else min(newest, wanted.last_ns)
    a_day = max(1, _SESSION_MINUTES * 60_000_000_000 // span.ns)
    sessions = -(-CHART_BARS_READ_MAX // a_day)
    return last - (sessions * 3 // 2 + 14) * DAY


def _newest(wanted: Wanted, table: str) -> int | None:
    """When the security's last bar begins that can be known; None of one without."""
    source = lake()
    last_ns = min((moment for moment in (wanted.last_ns, wanted.as_of) if moment is not None), default=None)

    def read() -> int | None:
        found = source.read(
            table, codes=[wanted.code], segment=wanted.segment, columns=("start_ns",), newest=1, last_ns=last_ns
        )
        return int(found["start_ns"][0]) if len(found["start_ns"]) else None

    key = (source.folder, source.manifest().revision, wanted.code, wanted.segment, table, last_ns, "newest")
    newest: int | None = _kept.of(key, read)
    return newest


def _with_live(rows: Bars, wanted: Wanted, live: LiveBars) -> Bars:
    """The running day's bars after what the lake has of the days before; what is not to be known yet is left out."""
    made = bars_of(live)
    begin = int(market_time(parse_date(live.date)))
    if len(rows) and rows["start_ns"][-1] >= begin + DAY:
        return rows
    if wanted.last_ns is not None:
        made = made[made["start_ns"] <= wanted.last_ns]
    if wanted.as_of is not None:
        made = made[made["start_ns"] + span_named(wanted.span).ns <= wanted.as_of]
    kept = rows[rows["start_ns"] < begin]
    later = np.empty(len(made), rows.dtype)
    for name in later.dtype.names or ():
        later[name] = made[name]
    return np.concatenate([kept, later])


def _with_latest(days: Bars, latest: Latest) -> Bars:
    """The day that is trading at the end, in place of what the lake has of the same date; as they were if the lake is ahead."""
    if len(days) and days["start_ns"][-1] > latest.start_ns:
        return days
    kept = days[:-1] if len(days) and days["start_ns"][-1] == latest.start_ns else days
    row = np.zeros(1, days.dtype)
    for name in ("start_ns", "open", "high", "low", "close", "volume"):
        row[name] = getattr(latest, name)
    return np.concatenate([kept, row])


def columns_of(rows: Bars) -> Columns:
    """The bars as indicators take them; `value` only where the source tells it."""
    value = rows["value"] if len(rows) and rows["value"].all() else None
    opened, high, low, close = (rows[name] for name in ("open", "high", "low", "close"))
    return columns_of_integers(rows["start_ns"], prices=(opened, high, low, close), volume=rows["volume"], value=value)


def contracts() -> tuple[dict[str, Any], ...]:
    """Futures contracts with their days, the newest first, of those the most traded first."""
    source = lake()
    manifest = source.manifest()

    def read() -> tuple[dict[str, Any], ...]:
        files = [str(source.folder / file.path) for file in manifest.of("bars-1d")]
        if not files:
            return ()
        query = (
            "SELECT code, min(start_ns) AS first, max(start_ns) AS last, count(DISTINCT start_ns) AS days, "  # noqa: S608 - a number of ours
            "CAST(sum(volume) AS BIGINT) AS volume FROM read_parquet($files) WHERE segment = 'futures' "
            f"GROUP BY code ORDER BY last DESC, volume DESC, code LIMIT {CHART_SECURITIES_MAX}"
        )
        rows = source.fetch(query, {"files": files})
        return tuple(
            {
                "code": str(code),
                "first": date_of(int(first)).isoformat(),
                "last": date_of(int(last)).isoformat(),
                "days": int(days),
                "volume": int(volume),
            }
            for code, first, last, days, volume in zip(
                *(rows[name] for name in ("code", "first", "last", "days", "volume")), strict=True
            )
        )

    found: tuple[dict[str, Any], ...] = _kept.of((source.folder, manifest.revision, "futures"), read)
    return found


def codes() -> tuple[str, ...]:
    """Every code of which the lake has bars of a day, ascending."""
    source = lake()
    manifest = source.manifest()

    def read() -> tuple[str, ...]:
        files = [str(source.folder / file.path) for file in manifest.of("bars-1d")]
        if not files:
            return ()
        query = f"SELECT DISTINCT code FROM read_parquet($files) ORDER BY code LIMIT {CHART_SECURITIES_MAX}"  # noqa: S608 - a number of ours
        return tuple(str(code) for code in source.fetch(query, {"files": files})["code"])

    found: tuple[str, ...] = _kept.of((source.folder, manifest.revision, "codes"), read)
    return found
