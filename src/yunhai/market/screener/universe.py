"""Every stock's newest sessions in memory, as a screen needs them: flat columns, one stock after the other.

Only what the screen names is read, and only what was known at the asked moment. Daily facts (flows, margin) are laid beside
the bars of the same day; a day without one has no value. Numbers are binary64 here, prices in NT$.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from yunhai.kernel.clock import DAY, TAIPEI_OFFSET
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import SCREEN_CODES_MAX
from yunhai.kernel.money import SCALE
from yunhai.market.indicators import Columns, Request, compute_or_missing
from yunhai.market.lake.errors import QUESTION_WRONG
from yunhai.market.lake.manifest import LakeFile
from yunhai.market.lake.reading import Lake, Rows, selection, stands_for_others, touched
from yunhai.market.lake.tables import TABLES
from yunhai.market.screener.names import BAR_COLUMNS, FLOW_COLUMNS, MARGIN_COLUMNS, REVENUE_COLUMNS

Floats = NDArray[np.float64]
Places = dict[int, int]
"""A code's place by the hash of the code."""
_PRICES: Final = ("open", "high", "low", "close", "value")
_DAY_BITS: Final = 20
_REVENUE_OLD_DAYS: Final = 100
"""A month's revenue whose month began longer ago than this is no news: the next ones are missing."""
DAYS_A_SESSION: Final = 1.6
"""Calendar days to look back for each session, weekends and holidays included."""
DAYS_MORE: Final = 30


class NoBars(YunhaiError):  # noqa: N818 - it is no fault: there is nothing yet
    """7456: no daily bars are known at the asked moment; an empty lake, for one."""

    def __init__(self, reason: str, reason_zh: str) -> None:
        super().__init__(QUESTION_WRONG, reason=reason, reason_zh=reason_zh)


@dataclass(slots=True)
class Universe:
    """Stocks that traded on the screen's session, ascending by code. Row `end[i] - 1 - k` is stock i, k sessions before."""

    session: int
    as_of: int | None
    codes: NDArray[Any]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    start_ns: NDArray[np.int64]
    flat: dict[str, Floats]
    level: dict[str, Floats]
    absent: int
    rows: int
    _key: NDArray[np.int64]
    _indicators: dict[Request, tuple[dict[str, Floats], NDArray[np.bool_]]]
    _bars: dict[int, Columns]

    def at(self, column: Floats, lag: int) -> Floats:
        """A flat column's value of each stock `lag` sessions before; NaN where it has no such session."""
        place = self.end - 1 - lag
        return np.where(place >= self.begin, column[np.maximum(place, 0)], np.nan)

    def indicator(self, request: Request, output: str, wanted: NDArray[np.bool_]) -> Floats:
        """An indicator as a flat column, computed over all of a stock's sessions, for the wanted stocks at least."""
        known = self._indicators.get(request)
        if known is None:
            known = ({}, np.zeros(len(self.codes), np.bool_))
            self._indicators[request] = known
        columns, done = known
        for place in np.flatnonzero(wanted & ~done).tolist():
            part = slice(int(self.begin[place]), int(self.end[place]))
            for name, row in compute_or_missing(request, self._columns(place, part)).outputs.items():
                if name not in columns:
                    columns[name] = np.full(len(self.start_ns), np.nan)
                columns[name][part] = row
        done |= wanted
        if output not in columns:
            columns[output] = np.full(len(self.start_ns), np.nan)
        return columns[output]

    def _columns(self, place: int, part: slice) -> Columns:
        found = self._bars.get(place)
        if found is None:
            rows = {name: self.flat[name][part] for name in BAR_COLUMNS if name in self.flat}
            found = Columns(start_ns=self.start_ns[part], **rows)
            self._bars[place] = found
        return found


def load(lake: Lake, names: Iterable[str], *, sessions: int, session: int | None, as_of: int | None) -> Universe:
    """The universe of the last session up to `session` (its start_ns), with the columns `names`. `sessions` to look back.

    NoBars, YunhaiError 7450, 7453, 7456.
    """
    wanted = set(names)
    table = TABLES["bars-1d"]
    columns: list[str] = [name for name in BAR_COLUMNS if name in wanted]
    last = session if session is not None else newest_session(lake, as_of)
    first = last - int(sessions * DAYS_A_SESSION + DAYS_MORE) * DAY
    files = touched(lake.manifest().of(table.name), first, last)
    if not files:
        raise NoBars("no daily bars", "沒有日線資料")
    codes, place_of, rows = _bars(lake, files, columns, first=first, last=last, as_of=as_of)
    if len(codes) > SCREEN_CODES_MAX:
        raise YunhaiError(QUESTION_WRONG, reason="too many securities", reason_zh="證券過多")
    return _laid(lake, wanted, codes, place_of, rows, columns, last=last, as_of=as_of)


def _bars(
    lake: Lake, files: tuple[LakeFile, ...], columns: list[str], *, first: int, last: int, as_of: int | None
) -> tuple[NDArray[Any], Places, Rows]:
    """(codes, their places by hash, rows): the board's bars, each with its code's `place` and its `key`, ascending by key.

    Codes travel as hashes, for a million texts would cost more than all the rest. Rows that stand for others are few: they
    are read by themselves and take their keys' places here, which the database would do slower.
    """
    parts: list[Rows] = []
    names: dict[int, str] = {}
    for others in (False, True):
        chosen = [file for file in files if stands_for_others(file) is others]
        if not chosen:
            continue
        query, values = selection(TABLES["bars-1d"], columns, chosen, lake.folder, as_of=as_of)
        values |= {"first": first, "last": last}
        inside = f"({query}) WHERE segment = 'board' AND start_ns BETWEEN $first AND $last"
        asked = ", ".join(["hash(code) AS code_hash", "start_ns", *columns])
        parts.append(lake.fetch(f"SELECT {asked} FROM {inside}", values))  # noqa: S608 - the house's names
        listed = lake.fetch(f"SELECT DISTINCT code, hash(code) AS code_hash FROM {inside}", values)  # noqa: S608 - as above
        names |= dict(zip(listed["code_hash"].tolist(), listed["code"].tolist(), strict=True))
    codes = np.array(sorted(names.values()), object)
    number = {code: place for place, code in enumerate(codes)}
    place_of = {code_hash: number[code] for code_hash, code in names.items()}
    for rows in parts:
        _keyed(rows, place_of)
    if len(parts) > 1:
        taken = np.isin(parts[0]["key"], parts[1]["key"])
        parts[0] = {name: column[~taken] for name, column in parts[0].items()}
    rows = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    if (rows["key"][1:] < rows["key"][:-1]).any():
        order = np.argsort(rows["key"], kind="stable")
        rows = {name: column[order] for name, column in rows.items()}
    return codes, place_of, rows


def _keyed(rows: Rows, place_of: Places) -> None:
    """Give rows with a `code_hash` their `place` (-1 of a code without bars) and `key`. Rows of a code mostly lie together."""
    found = rows.pop("code_hash")
    begins = np.flatnonzero(np.concatenate([[True], found[1:] != found[:-1]])) if len(found) else np.empty(0, np.intp)
    runs = np.array([place_of.get(each, -1) for each in found[begins].tolist()], np.int64)
    rows["place"] = np.repeat(runs, np.diff(np.append(begins, len(found))))
    days = (np.asarray(rows["start_ns"], np.int64) + TAIPEI_OFFSET) // DAY
    rows["key"] = np.where(rows["place"] < 0, -1, (rows["place"] << _DAY_BITS) + days)


def newest_session(lake: Lake, as_of: int | None) -> int:
    """The newest session known at `as_of`. Files say how far they go, so that only the last is read. NoBars, YunhaiError 7453."""
    files = sorted(lake.manifest().of("bars-1d"), key=lambda file: file.last_ns, reverse=True)
    table = TABLES["bars-1d"]
    for file in files:
        query, values = selection(table, ["start_ns", "segment"], [file], lake.folder, as_of=as_of)
        found = lake.cursor().execute(f"SELECT max(start_ns) FROM ({query}) WHERE segment = 'board'", values).fetchone()  # noqa: S608 - the house's names
        if found is not None and found[0] is not None:
            return int(found[0])
    raise NoBars("no daily bars known then", "當時沒有日線資料")


def _laid(
    lake: Lake,
    wanted: set[str],
    codes: NDArray[Any],
    place_of: Places,
    rows: Rows,
    columns: list[str],
    *,
    last: int,
    as_of: int | None,
) -> Universe:
    place, start = np.asarray(rows["place"], np.int64), np.asarray(rows["start_ns"], np.int64)
    if not len(place):
        raise NoBars("no daily bars known then", "當時沒有日線資料")
    key = np.asarray(rows["key"], np.int64)
    begin = np.searchsorted(place, np.arange(len(codes)))
    end = np.append(begin[1:], len(place))
    newest = int(start.max())
    here = start[end - 1] == newest
    flat = {name: rows[name] / SCALE if name in _PRICES else rows[name].astype(np.float64) for name in columns}
    universe = Universe(
        session=newest,
        as_of=as_of,
        codes=codes[here],
        begin=begin[here].astype(np.int64),
        end=end[here].astype(np.int64),
        start_ns=start,
        flat=flat,
        level={},
        absent=int((~here).sum()),
        rows=len(place),
        _key=key,
        _indicators={},
        _bars={},
    )
    first = int(start.min())
    if wanted & {"reference", "change"}:
        _reference(lake, universe, place_of, first, last, as_of)
    flows: list[str] = [name for name in FLOW_COLUMNS if name in wanted]
    if flows:
        _beside(lake, universe, "flows", flows, place_of, first, last, as_of)
    if wanted & set(MARGIN_COLUMNS):
        stored = ["margin_balance", "margin_before", "short_balance", "short_before"]
        _beside(lake, universe, "margin", stored, place_of, first, last, as_of)
        for side in ("margin", "short"):
            flat[f"{side}_change"] = flat[f"{side}_balance"] - flat[f"{side}_before"]
    if wanted & set(REVENUE_COLUMNS):
        _revenue(lake, universe, last, as_of)
    return universe


def _beside(
    lake: Lake,
    universe: Universe,
    table: str,
    columns: list[str],
    place_of: Places,
    first: int,
    last: int,
    as_of: int | None,
) -> None:
    """Daily facts as flat columns beside the bars."""
    files = touched(lake.manifest().of(table), first, last)
    rows: Rows = {"key": np.empty(0, np.int64)} | {name: np.empty(0, np.int64) for name in columns}
    if files:
        query, values = selection(TABLES[table], columns, files, lake.folder, as_of=as_of)
        asked = ", ".join(["hash(code) AS code_hash", "start_ns", *columns])
        inside = f"({query}) WHERE start_ns BETWEEN $first AND $last"
        rows = lake.fetch(f"SELECT {asked} FROM {inside}", values | {"first": first, "last": last})  # noqa: S608 - as above
        _keyed(rows, place_of)
    keys = rows["key"]
    at = np.searchsorted(universe._key, keys)
    fits = (keys >= 0) & (at < len(universe._key)) & (universe._key[np.minimum(at, len(universe._key) - 1)] == keys)
    for name in columns:
        column = np.full(len(universe.start_ns), np.nan)
        column[at[fits]] = rows[name][fits]
        universe.flat[name] = column


def _reference(lake: Lake, universe: Universe, place_of: Places, first: int, last: int, as_of: int | None) -> None:
    """The reference of each session: the close before, unless an ex-right event of the day says otherwise; and the change."""
    close = universe.flat["close"]
    reference = np.concatenate([[np.nan], close[:-1]])
    place = universe._key >> _DAY_BITS
    reference[np.concatenate([[True], place[1:] != place[:-1]])] = np.nan
    _beside(lake, universe, "exrights", ["reference"], place_of, first, last, as_of)
    event = universe.flat["reference"] / SCALE
    reference = np.where(np.isnan(event), reference, event)
    universe.flat["reference"] = reference
    universe.flat["change"] = (close / reference - 1) * 100


def _revenue(lake: Lake, universe: Universe, last: int, as_of: int | None) -> None:
    """The newest known month of each stock."""
    names = ("revenue", "month_before", "year_before", "to_date", "to_date_year_before")
    rows = lake.read(
        "revenue",
        first_ns=last - _REVENUE_OLD_DAYS * DAY,
        last_ns=last,
        as_of=as_of if as_of is not None else last + 2 * DAY,
        columns=["code", "start_ns", *names],
    )
    newest: dict[Any, int] = {}
    for place, code in enumerate(rows["code"].tolist()):  # ascending by month: the last of a code stays
        newest[code] = place
    at = np.array([newest.get(code, -1) for code in universe.codes], np.int64)
    known = at >= 0
    column = {
        name: np.where(known, rows[name][at] if len(rows[name]) else 0, np.nan).astype(np.float64) for name in names
    }

    def growth(now: str, before: str) -> Floats:
        base = np.where(column[before] > 0, column[before], np.nan)
        return np.asarray((column[now] / base - 1) * 100, np.float64)

    universe.level["revenue"] = column["revenue"]
    universe.level["revenue_growth"] = growth("revenue", "year_before")
    universe.level["revenue_month_growth"] = growth("revenue", "month_before")
    universe.level["revenue_to_date_growth"] = growth("to_date", "to_date_year_before")
