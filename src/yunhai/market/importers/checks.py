"""What rows must keep to beyond their shape. Each check gives the rows to keep and what it marks; the report says the rest."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from yunhai.exchange.calendar import TradingCalendar
from yunhai.kernel.clock import DAY, EPOCH, HOUR, TAIPEI_OFFSET
from yunhai.market.importers.report import Report
from yunhai.market.importers.texts import is_code
from yunhai.market.lake.errors import (
    ROW_BALANCE,
    ROW_CODE,
    ROW_CONTRADICTS,
    ROW_MOVE,
    ROW_NUMBER,
    ROW_OHLC,
    ROW_PRICE,
    ROW_REPEATED,
    ROW_SHUT,
    ROW_TOTALS,
    ROW_UNTRADED,
    ROW_VOLUME,
)
from yunhai.market.lake.tables import Table

Columns = dict[str, NDArray[Any]]

MOVE_PER_MILLE: Final = 105
"""A day's limit of 10 % and what rounding to the tick may add; before 2015-06-01 the limit was 7 % (market-rules 2.2)."""
MOVE_PER_MILLE_2015: Final = 75
CALENDAR_FROM: Final = (date(2000, 1, 4) - EPOCH).days
"""The first day of the calendar."""
WIDER_FROM: Final = (date(2015, 6, 1) - EPOCH).days


@dataclass(frozen=True, slots=True, kw_only=True)
class ExRights:
    """Known ex-right events, as parallel columns."""

    code: NDArray[Any]
    start_ns: NDArray[np.int64]
    reference: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What checks know besides the file. Without a calendar no day is found shut."""

    calendar: Callable[[date, date], TradingCalendar] | None
    exrights: Callable[[], ExRights]


class Rows:
    """The rows of a source while they are checked. `drop` and `mark` tell the report."""

    def __init__(self, table: Table, columns: Columns, lines: NDArray[np.int64], report: Report) -> None:
        self.table = table
        self.columns = columns | {"mark": np.zeros(len(lines), np.uint16)}
        self.lines = lines
        self._report = report

    def days(self) -> NDArray[np.int64]:
        """Each row's date since 1970."""
        return np.asarray((self.columns["start_ns"] + TAIPEI_OFFSET) // DAY, np.int64)

    def drop(self, bad: NDArray[np.bool_], reason: int) -> None:
        if bad.any():
            self._report.note(self.lines[bad], reason)
            self.columns = {name: column[~bad] for name, column in self.columns.items()}
            self.lines = self.lines[~bad]

    def mark(self, found: NDArray[np.bool_], reason: int) -> None:
        if found.any():
            self._report.note(self.lines[found], reason)
            self.columns["mark"] = np.where(found, reason, self.columns["mark"]).astype(np.uint16)

    def codes(self) -> NDArray[np.int64]:
        """Each row's code as its place among the codes, ascending."""
        return np.unique(self.columns["code"].astype(str), return_inverse=True)[1].astype(np.int64)


def market_days(rows: Rows, world: World) -> None:
    """Nothing trades on a day on which the market was shut. What is older than the calendar is taken as it is."""
    days = rows.days()
    if world.calendar is None or not len(days) or days.max() < CALENDAR_FROM:
        return
    first, last = (
        date.fromordinal(EPOCH.toordinal() + int(day)) for day in (max(days.min(), CALENDAR_FROM), days.max() + 7)
    )
    calendar = world.calendar(first, last)
    open_days = np.array([(day - EPOCH).days for day in calendar.days], np.int64)
    shut: NDArray[np.bool_] = ~np.isin(days, open_days)
    shut[days < CALENDAR_FROM] = False
    rows.drop(shut, ROW_SHUT)


def bars(rows: Rows, world: World) -> None:
    """Prices above 0, volume not below, low ≤ open, close ≤ high; moves beyond the limit are marked."""
    lowest = np.min([rows.columns[name] for name in ("open", "high", "low", "close")], axis=0)
    rows.drop(np.asarray(lowest <= 0, np.bool_), ROW_PRICE)
    rows.drop(rows.columns["volume"] < 0, ROW_VOLUME)
    opened, high, low, close = (rows.columns[name] for name in ("open", "high", "low", "close"))
    rows.drop((low > np.minimum(opened, close)) | (high < np.maximum(opened, close)), ROW_OHLC)
    rows.drop((rows.columns["volume"] == 0) & (rows.columns["high"] == rows.columns["low"]), ROW_UNTRADED)
    unique(rows)
    _moves(rows, world)


def _moves(rows: Rows, world: World) -> None:
    """Mark closes further from the day's reference than the limit lets them be. The reference is the close before, or that of
    an ex-right event of the day; over a gap with an event in it nothing can be said."""
    if not len(rows.lines):
        return
    codes, places = np.unique(rows.columns["code"].astype(str), return_inverse=True)
    days = rows.days()
    order = np.lexsort((days, places))
    place, day, close = places[order], days[order], rows.columns["close"][order]
    same = place[1:] == place[:-1]
    before = np.concatenate([[0], np.where(same, close[:-1], 0)])
    day_before = np.concatenate([[0], np.where(same, day[:-1], 0)])
    events = world.exrights()
    if len(events.code):
        at = np.searchsorted(codes, events.code.astype(str))
        known = (at < len(codes)) & (codes[np.minimum(at, len(codes) - 1)] == events.code.astype(str))
        keys = (at[known] << 20) + (events.start_ns[known] + TAIPEI_OFFSET) // DAY
        sort = np.argsort(keys, kind="stable")
        keys, reference = keys[sort], events.reference[known][sort]
        if len(keys):
            last = np.searchsorted(keys, (place << 20) + day, side="right") - 1
            inside = (last >= 0) & (keys[np.maximum(last, 0)] > (place << 20) + day_before) & (before > 0)
            today = inside & (keys[np.maximum(last, 0)] == (place << 20) + day)
            before = np.where(today, reference[np.maximum(last, 0)], np.where(inside, 0, before))
    most = np.where(day >= WIDER_FROM, MOVE_PER_MILLE, MOVE_PER_MILLE_2015)
    beyond = (before > 0) & (np.abs(close - before) * 1_000 > before * most)
    found = np.zeros(len(order), np.bool_)
    found[order] = beyond
    rows.mark(found, ROW_MOVE)


def unique(rows: Rows) -> None:
    """Of rows with one key the first is kept."""
    if not len(rows.lines):
        return
    key = [rows.columns[name] for name in rows.table.key]
    numbers = [
        column if column.dtype != object else np.unique(column.astype(str), return_inverse=True)[1] for column in key
    ]
    order = np.lexsort((np.arange(len(rows.lines)), *reversed(numbers)))
    again = np.ones(len(order), np.bool_)
    again[0] = False
    for column in numbers:
        again[1:] &= column[order][1:] == column[order][:-1]
    if not again.any():
        return
    first = order[np.maximum.accumulate(np.where(again, 0, np.arange(len(order))))]
    differs = np.zeros(len(order), np.bool_)
    for name in rows.table.columns:
        column = rows.columns[name]
        differs |= column[order] != column[first]
    repeated, contradicts = np.zeros(len(order), np.bool_), np.zeros(len(order), np.bool_)
    repeated[order[again & ~differs]] = True
    contradicts[order[again & differs]] = True
    keep = ~repeated
    rows.drop(repeated, ROW_REPEATED)
    rows.drop(contradicts[keep], ROW_CONTRADICTS)


def flow_totals(rows: Rows) -> None:
    """Foreigners, their dealers, trusts and dealers make the total. (T86's total leaves foreign dealers out, whom it counts
    among the dealers.)"""
    column = rows.columns
    parts = column["foreign_net"] + column["trust_net"] + column["dealer_net"]
    total = column["total_net"]
    rows.drop((parts != total) & (parts + column["foreign_dealer_net"] != total), ROW_BALANCE)


def flows(rows: Rows) -> None:
    """Bought less sold is the net."""
    column = rows.columns
    bad = np.zeros(len(rows.lines), np.bool_)
    for who in ("foreign", "trust"):
        bad |= column[f"_{who}_buy"] - column[f"_{who}_sell"] != column[f"{who}_net"]
    rows.drop(bad, ROW_BALANCE)


def margin(rows: Rows) -> None:
    """The day before, plus what was bought on margin, less what was sold and repaid, is today; short sales the other way."""
    column = rows.columns
    bad = np.zeros(len(rows.lines), np.bool_)
    for side, plus, minus in (("margin", "buy", "sell"), ("short", "sell", "buy")):
        moved = column[f"{side}_{plus}"] - column[f"{side}_{minus}"] - column[f"{side}_repay"]
        bad |= column[f"{side}_before"] + moved != column[f"{side}_balance"]
    rows.drop(bad, ROW_BALANCE)


def branches(rows: Rows) -> None:
    """Prices above 0, shares not below; a security whose bought and sold differ in all is marked."""
    column = rows.columns
    rows.drop(column["price"] <= 0, ROW_PRICE)
    rows.drop((rows.columns["bought"] < 0) | (rows.columns["sold"] < 0), ROW_VOLUME)
    if not len(rows.lines):
        return
    codes = rows.codes()
    over = np.bincount(codes, weights=(rows.columns["bought"] - rows.columns["sold"]).astype(np.float64))
    rows.mark(over[codes] != 0, ROW_TOTALS)


def prices(rows: Rows) -> None:
    """The close before and the reference are above 0."""
    rows.drop((rows.columns["close_before"] <= 0) | (rows.columns["reference"] <= 0), ROW_PRICE)


def futures(rows: Rows, world: World) -> None:
    """TAIFEX: product and month make the code, both sides counted make half as many contracts, and a trade from 15:00 on or
    before 05:00 belongs to the next trading day's session. A spread's price may be anything."""
    column = rows.columns
    code, month = column["code"], column["_month"]
    rows.columns["code"] = np.array([f"{one}{two}" for one, two in zip(code, month, strict=True)], object)
    spread = np.fromiter(("/" in text for text in rows.columns["code"]), np.bool_, len(code))
    rows.columns["segment"] = np.where(spread, "spread", "futures").astype(object)
    rows.columns["auction"] = (column["_auction"] == "*").astype(np.int64)
    sound = np.fromiter(map(is_code, rows.columns["code"]), np.bool_, len(code))
    rows.drop(~sound, ROW_CODE)
    rows.drop((column["price"][sound] <= 0) & ~spread[sound], ROW_PRICE)
    rows.drop(rows.columns["quantity"] <= 0, ROW_VOLUME)
    rows.drop(rows.columns["quantity"] % 2 != 0, ROW_NUMBER)
    rows.columns["quantity"] = rows.columns["quantity"] // 2
    days, of_day = rows.days(), rows.columns["time_ns"]
    rows.columns["time_ns"] = rows.columns["start_ns"] + of_day
    rows.columns["start_ns"] = _sessions(days, of_day, world) * DAY - TAIPEI_OFFSET


NIGHT_FROM: Final = 15 * HOUR


def _sessions(days: NDArray[np.int64], of_day: NDArray[np.int64], world: World) -> NDArray[np.int64]:
    after = np.where(of_day >= NIGHT_FROM, days + 1, days)
    if world.calendar is None or not len(days):
        return after
    first, last = (date.fromordinal(EPOCH.toordinal() + int(day)) for day in (days.min(), days.max() + 30))
    open_days = np.array([(day - EPOCH).days for day in world.calendar(first, last).days], np.int64)
    return np.asarray(open_days[np.minimum(np.searchsorted(open_days, after), len(open_days) - 1)], np.int64)


CHECKS: Final[dict[str, Callable[[Rows, World], None]]] = {
    "market-days": market_days,
    "bars": bars,
    "flows": lambda rows, _: flows(rows),
    "flow-totals": lambda rows, _: flow_totals(rows),
    "margin": lambda rows, _: margin(rows),
    "branches": lambda rows, _: branches(rows),
    "prices": lambda rows, _: prices(rows),
    "futures": futures,
}
"""Checks by the names that layouts give them; `unique` follows all of them."""
