"""Boards 看板: the market at a glance, once a second: index, breadth, turnover, movers, sectors.

Everything is of board-lot books, from the venue's own tallies and the day's references. Breadth 漲跌家數 and sectors count
common stocks; movers 排行 every security that traded, but warrants. A trade marks its security; only these are looked at again.
"""

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from yunhai.exchange.rules.words import SecurityKind, SegmentName
from yunhai.exchange.venue_config import day_limits
from yunhai.kernel.limits import STREAM_BOARD_ROWS_MAX
from yunhai.kernel.money import price_text
from yunhai.kernel.records import Kind
from yunhai.trading.core.deciding import moment_of
from yunhai.trading.core.market_day import OpenDay
from yunhai.trading.stream.index import MEMBER, Index, level_text, members, trades_of
from yunhai.trading.stream.issues import SECTORS, Issues

INDEX_CODE: Final = "YHCW"
_WARRANTS: Final = (SecurityKind.WARRANT_CALL.value, SecurityKind.WARRANT_PUT.value)
_TRADE: Final = int(Kind.TRADE)
_MILLION: Final = 1_000_000


class IndexLine(msgspec.Struct, frozen=True, kw_only=True):
    """The index. Levels are points, two decimals ("" before there is one); `worth` and `base` of its members in NT$; `issues`
    the date of the table of shares. `minutes`, in a snapshot only: (HH:MM, level) of each minute with a trade."""

    code: str
    level: str
    previous: str
    change: str
    percent: str
    open: str
    high: str
    low: str
    members: int
    worth: str
    base: str
    issues: str
    minutes: tuple[tuple[str, str], ...] = ()


class BreadthLine(msgspec.Struct, frozen=True, kw_only=True):
    """Common stocks: above, below and at their reference, without a trade; of those above and below, at their limit."""

    advancing: int
    declining: int
    unchanged: int
    untraded: int
    limit_up: int
    limit_down: int


class MoverLine(msgspec.Struct, frozen=True, kw_only=True):
    """One security of a ranking. `percent` of its change to the reference; `limit` up | down | "" of the last price, `locked`
    鎖住: somebody still wants at that limit and nobody gives; `amplitude` 振幅: high less low in percent of the reference."""

    code: str
    name: str
    last: str
    change: str
    percent: str
    volume: int
    value: str
    limit: str
    locked: bool
    amplitude: str


class SectorLine(msgspec.Struct, frozen=True, kw_only=True):
    """An industry. `percent`: its stocks' change weighted by capitalisation; `value` traded and its `share` of all stocks' in
    percent; `leader`: the code that moved most."""

    sector: str
    zh: str
    en: str
    percent: str
    advancing: int
    declining: int
    unchanged: int
    value: str
    share: str
    leader: str


class BoardsData(msgspec.Struct, frozen=True, kw_only=True):
    """What the channel `boards` tells. `movers`: up, down, volume, value, amplitude."""

    date: str
    market_time: str
    index: IndexLine
    breadth: BreadthLine
    volume: int
    value: str
    trades: int
    movers: dict[str, tuple[MoverLine, ...]]
    sectors: tuple[SectorLine, ...]


def percent_text(difference: int, reference: int) -> str:
    """A difference in percent of its reference, two decimals, half away from zero; "" without a reference."""
    if reference <= 0:
        return ""
    hundredths = (abs(difference) * 20_000 + reference) // (2 * reference)
    sign = "-" if difference < 0 and hundredths else ""
    return f"{sign}{hundredths // 100}.{hundredths % 100:02}"


class Boards:
    """A day's boards. `previous`: the index's closing level before the day."""

    def __init__(self, day: OpenDay, issues: Issues, previous: int) -> None:
        self._day = day
        self._issues = issues
        plan = day.plan
        self.index = Index(members(day.opened, plan, issues), previous)
        listed = {one.code: one for one in day.opened.listed}
        books = [n for n, place in enumerate(plan.books) if place.program.segment is SegmentName.BOARD]
        self._listed = [listed[plan.books[book].code] for book in books]
        self._row = np.full(len(plan.books), -1, np.int64)
        self._row[books] = np.arange(len(books))
        self._reference = np.array([one.reference for one in self._listed], np.int64)
        limits = {one.code: day_limits(plan.pack, one) for one in plan.instruments}
        self._up = np.array([limits[one.code].up or 0 for one in self._listed], np.int64)
        self._down = np.array([limits[one.code].down or 0 for one in self._listed], np.int64)
        self._stock = np.array([one.kind == MEMBER for one in self._listed], np.bool_)
        self._ranked = np.array([one.kind not in _WARRANTS for one in self._listed], np.bool_)
        self._books = books
        self._last, self._volume, self._value, self._trades, self._span = (
            np.zeros(len(books), np.int64) for _ in range(5)
        )
        self._moved = np.zeros(len(books), np.bool_)
        self._sectors = self._by_sector()

    def _by_sector(self) -> list[tuple[str, NDArray[np.int64], NDArray[np.float64]]]:
        """(number, rows, shares) of each industry with a stock here."""
        held: dict[str, list[int]] = {}
        for row, one in enumerate(self._listed):
            issue = self._issues.rows.get(one.code) if self._stock[row] else None
            if issue is not None:
                held.setdefault(issue.sector, []).append(row)
        shares = [
            float(self._issues.rows[one.code].shares) if one.code in self._issues.rows else 0.0 for one in self._listed
        ]
        weights = np.array(shares, np.float64)
        return [(sector, np.array(rows, np.int64), weights[rows]) for sector, rows in sorted(held.items())]

    def take(self, records: NDArray[np.void]) -> None:
        """Trading records in journal order, which the day's venue has run already."""
        times, books, prices = trades_of(records)
        if not books:
            return
        self.index.take(times, books, prices)
        rows = self._row[books]
        self._moved[rows[rows >= 0]] = True

    def close(self) -> int:
        """The market closed: the index's closing level."""
        self.index.end_second()
        return self.index.level

    def _refresh(self) -> None:
        rows = np.flatnonzero(self._moved)
        self._moved[rows] = False
        for row in rows.tolist():
            tally = self._day.venue.tally(self._listed[row].code)
            self._last[row], self._volume[row] = tally.last, tally.volume
            self._value[row], self._trades[row] = tally.value, tally.trades
            self._span[row] = tally.high - tally.low

    # -- what is told --------------------------------------------------------------------------------------------------

    def data(self, market_time: int, *, minutes: bool = False) -> BoardsData:
        """All boards now."""
        self._refresh()
        traded = self._last > 0
        change = np.where(traded, self._last - self._reference, 0)
        stocks = self._stock
        return BoardsData(
            date=self._day.opened.date,
            market_time=moment_of(market_time) if market_time else "",
            index=self._index(minutes=minutes),
            breadth=BreadthLine(
                advancing=int((stocks & (change > 0)).sum()),
                declining=int((stocks & (change < 0)).sum()),
                unchanged=int((stocks & traded & (change == 0)).sum()),
                untraded=int((stocks & ~traded).sum()),
                limit_up=int((stocks & traded & (self._last == self._up)).sum()),
                limit_down=int((stocks & traded & (self._last == self._down)).sum()),
            ),
            volume=sum(self._volume.tolist()),
            value=price_text(sum(self._value.tolist())),
            trades=int(self._trades.sum()),
            movers=self._movers(traded, change),
            sectors=self._sector_lines(traded, change),
        )

    def _index(self, *, minutes: bool) -> IndexLine:
        index = self.index
        level = index.level
        opened, high, low = (level_text(one) if one else "" for one in index.span())
        difference = level - index.previous
        sign = "-" if difference < 0 else ""
        past = index.minutes.items() if minutes else ()
        return IndexLine(
            code=INDEX_CODE,
            level=level_text(level) if index.base else "",
            previous=level_text(index.previous),
            change=sign + level_text(abs(difference)),
            percent=percent_text(difference, index.previous),
            open=opened,
            high=high,
            low=low,
            members=index.members,
            worth=price_text(index.worth),
            base=price_text(index.base),
            issues=self._issues.dated,
            minutes=tuple((moment_of(at)[11:16], level_text(one)) for at, one in past),
        )

    def _movers(self, traded: NDArray[np.bool_], change: NDArray[np.int64]) -> dict[str, tuple[MoverLine, ...]]:
        moved = change * _MILLION // np.maximum(self._reference, 1)
        ranked = traded & self._ranked
        return {
            "up": self._ranking(ranked & (change > 0), -moved),
            "down": self._ranking(ranked & (change < 0), moved),
            "volume": self._ranking(ranked, -self._volume),
            "value": self._ranking(ranked, -self._value),
            "amplitude": self._ranking(
                ranked & (self._span > 0), -(self._span * _MILLION // np.maximum(self._reference, 1))
            ),
        }

    def _ranking(self, chosen: NDArray[np.bool_], key: NDArray[np.int64]) -> tuple[MoverLine, ...]:
        """The first rows by a key, least first; of equals the one listed first."""
        rows = np.flatnonzero(chosen)
        order = rows[np.argsort(key[rows], kind="stable")][:STREAM_BOARD_ROWS_MAX]
        return tuple(self._mover(row) for row in order.tolist())

    def _mover(self, row: int) -> MoverLine:
        listed, last = self._listed[row], int(self._last[row])
        difference = last - listed.reference
        limit = "up" if last == self._up[row] else "down" if last == self._down[row] else ""
        return MoverLine(
            code=listed.code,
            name=listed.name,
            last=price_text(last),
            change=price_text(difference),
            percent=percent_text(difference, listed.reference),
            volume=int(self._volume[row]),
            value=price_text(int(self._value[row])),
            limit=limit,
            locked=bool(limit) and self._locked(row, limit),
            amplitude=percent_text(int(self._span[row]), listed.reference),
        )

    def _locked(self, row: int, limit: str) -> bool:
        """Whether a limit holds: somebody still wants at it, and nobody stands on the other side."""
        bids, asks = self._day.engine.depth(self._books[row], 1)
        wanted, given = (bids, asks) if limit == "up" else (asks, bids)
        return len(wanted.price) > 0 and not len(given.price)

    def _sector_lines(self, traded: NDArray[np.bool_], change: NDArray[np.int64]) -> tuple[SectorLine, ...]:
        """Sums in binary64: they are shown in hundredths of a percent."""
        whole = max(1, sum(self._value[self._stock].tolist()))
        lines = []
        for sector, rows, shares in self._sectors:
            zh, en = SECTORS.get(sector, (sector, sector))
            moved = change[rows]
            before = float((self._reference[rows] * shares).sum())
            now = before + float((moved * shares).sum())
            value = sum(self._value[rows].tolist())
            leader = rows[int(np.argmax(np.abs(moved) / np.maximum(self._reference[rows], 1)))]
            lines.append(
                SectorLine(
                    sector=sector,
                    zh=zh,
                    en=en,
                    percent=percent_text(round((now - before) / before * _MILLION), _MILLION) if before else "0.00",
                    advancing=int((moved > 0).sum()),
                    declining=int((moved < 0).sum()),
                    unchanged=int((traded[rows] & (moved == 0)).sum()),
                    value=price_text(value),
                    share=percent_text(value, whole),
                    leader=self._listed[int(leader)].code if moved.any() else "",
                )
            )
        return tuple(lines)


def same(one: BoardsData | None, other: BoardsData) -> bool:
    """Whether two boards show the same but for the moment."""
    return one is not None and msgspec.structs.replace(one, market_time=other.market_time) == other
