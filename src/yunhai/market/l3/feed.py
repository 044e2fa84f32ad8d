"""A folder of one security's published order flow: orders and cancels, trades, ten-level snapshots.

Shanghai's Level-2 files: three CSV tables (`orders`, `trades`, `snapshots*`; plain or gzip), prices and sizes × 1000,
amounts × 100,000, one sequence (`BizIndex`) over orders and trades. `ExecType` says which side arrived: 66 the buyer,
83 the seller, 78 a call auction. Everything is read and checked before anything is used: a row that cannot be read
exactly is refused with its number (row 1 is the heading), never skipped.
"""

import csv
import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from yunhai.kernel.clock import SECOND
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import FEED_CHARACTERS_MAX, FEED_LEVELS_MAX, FEED_ROW_CHARACTERS_MAX, FEED_ROWS_MAX
from yunhai.kernel.money import MONEY_MAX, PRICE_MAX, QUANTITY_MAX, SCALE
from yunhai.kernel.records import Side
from yunhai.market.l3.errors import refusal

PRICE_FACTOR: Final = 10
"""Feed price (× 1000) to record price (× 10,000)."""
SIZE_SCALE: Final = 1000
MONEY_SCALE: Final = 100_000
BUY_FLAG: Final = 66
SELL_FLAG: Final = 83
AUCTION_FLAG: Final = 78
ADD_FLAG: Final = 65
CANCEL_FLAG: Final = 68
_PRICE_MAX: Final = PRICE_MAX // PRICE_FACTOR
_SIDES: Final[dict[int, Side]] = {BUY_FLAG: Side.BUY, SELL_FLAG: Side.SELL}
_NUMBER: Final = re.compile(r"[0-9]{1,19}")


@dataclass(frozen=True, slots=True)
class FeedOrder:
    """A published order (委託) or, with `cancel`, a withdrawal of what was left. `time` is ns after midnight."""

    sequence: int
    number: int
    cancel: bool
    side: Side
    price: int
    quantity: int
    time: int


@dataclass(frozen=True, slots=True)
class FeedTrade:
    """A published trade (成交). `taker` is the side that arrived, None in a call auction."""

    sequence: int
    buy: int
    sell: int
    price: int
    quantity: int
    taker: Side | None
    time: int

    @property
    def aggressor(self) -> int:
        return self.buy if self.taker is Side.BUY else self.sell


Levels = tuple[tuple[int, int], ...]
"""(price in 1/10,000, shares), best first."""


@dataclass(frozen=True, slots=True)
class FeedSnapshot:
    """A published ten-level book (十檔行情). `value` is in 1/10,000 of the currency.

    While a call auction collects, the first level is the indicative price and volume (虛擬參考價、虛擬匹配量) on both
    sides and the second level's quantity the surplus (虛擬未匹配量): `surplus`, buys and sells.
    """

    time: int
    trades: int
    volume: int
    value: int
    previous_close: int
    bids: Levels
    asks: Levels
    surplus: tuple[int, int]

    @property
    def is_trial(self) -> bool:
        """An indicative price: one price on both sides, which no uncrossed book shows."""
        return bool(self.bids and self.asks and self.bids[0][0] == self.asks[0][0])


@dataclass(frozen=True, slots=True)
class Feed:
    """One folder's tables, or several folders' of one day joined."""

    folders: tuple[str, ...]
    orders: tuple[FeedOrder, ...]
    trades: tuple[FeedTrade, ...]
    snapshots: tuple[FeedSnapshot, ...]
    levels: int

    @property
    def previous_close(self) -> int:
        """Yesterday's close, 1/10,000; the same in every snapshot."""
        return self.snapshots[0].previous_close

    def ends_before(self, after: "Feed") -> bool:
        """Whether `after` goes on with the same day: same close and depth; sequence, time and trade count go on."""
        ours: list[FeedOrder | FeedTrade] = [*self.orders, *self.trades]
        theirs: list[FeedOrder | FeedTrade] = [*after.orders, *after.trades]
        if not ours or not theirs:
            return False
        last, first = self.snapshots[-1], after.snapshots[0]
        return (
            (last.previous_close, self.levels) == (first.previous_close, after.levels)
            and (last.time, last.trades) <= (first.time, first.trades)
            and max(message.sequence for message in ours) < min(message.sequence for message in theirs)
            and max(message.time for message in ours) <= min(message.time for message in theirs)
        )

    def joined(self, after: "Feed") -> "Feed":
        """Both as one."""
        return Feed(
            folders=self.folders + after.folders,
            orders=self.orders + after.orders,
            trades=self.trades + after.trades,
            snapshots=self.snapshots + after.snapshots,
            levels=self.levels,
        )


class _Row:
    """One line of a table: whole numbers by column name, refused with table and row when they are not."""

    __slots__ = ("_path", "_places", "fields", "number")

    def __init__(self, path: Path, places: dict[str, int]) -> None:
        self._path = path
        self._places = places
        self.fields: list[str] = []
        self.number = 1

    def refusal(self, reason: str) -> YunhaiError:
        return refusal(4104, path=self._path.name, row=self.number, reason=reason)

    def whole(self, column: str, *, least: int = 0, most: int = MONEY_MAX) -> int:
        text = self.fields[self._places[column]]
        if not _NUMBER.fullmatch(text):
            raise self.refusal(f"{column} {text[:40]!r} is not a whole number")
        value = int(text)
        if not least <= value <= most:
            raise self.refusal(f"{column} {value} is outside {least}..{most}")
        return value

    def flag(self, column: str, known: tuple[int, ...]) -> int:
        value = self.whole(column)
        if value not in known:
            raise self.refusal(f"{column} {value} is none of {', '.join(map(str, known))}")
        return value

    def price(self, column: str, *, least: int = 0) -> int:
        return self.whole(column, least=least, most=_PRICE_MAX) * PRICE_FACTOR

    def shares(self, column: str, *, least: int = 0, most: int = QUANTITY_MAX) -> int:
        value = self.whole(column)
        if value % SIZE_SCALE:
            raise self.refusal(f"{column} {value} is not a whole number of shares")
        if not least <= value // SIZE_SCALE <= most:
            raise self.refusal(f"{column} {value} is outside {least * SIZE_SCALE}..{most * SIZE_SCALE}")
        return value // SIZE_SCALE

    def levels(self) -> int:
        """How many levels of depth the heading has, both sides complete."""
        depth = 0
        while all(name in self._places for side in ("Bid", "Ask") for name in _level_columns(side, depth + 1)[depth]):
            depth += 1
        return depth

    def side(self, pairs: tuple[tuple[str, str], ...]) -> Levels:
        """The levels that hold shares at a price; an empty place is zeros."""
        levels = ((self.price(price), self.shares(size, most=MONEY_MAX)) for price, size in pairs)
        return tuple((price, size) for price, size in levels if price and size)

    def time(self, column: str, *, unit_ns: int, per_second: int) -> int:
        """HHMMSS or HHMMSScc as ns after midnight."""
        value = self.whole(column)
        clock, fraction = divmod(value, per_second)
        hour, minute, second = clock // 10_000, clock // 100 % 100, clock % 100
        if hour > 23 or minute > 59 or second > 59:
            raise self.refusal(f"{column} {value} is not a time of day")
        return (hour * 3600 + minute * 60 + second) * SECOND + fraction * unit_ns


def _table_path(folder: Path, stem: str) -> Path:
    """The one file of a table; snapshots may carry their depth in the name."""
    names = [path for path in sorted(folder.glob(f"{stem}*")) if path.name.endswith((".csv", ".csv.gz"))]
    if len(names) != 1:
        found = ", ".join(path.name for path in names) or "none"
        raise refusal(4101, path=str(folder), reason=f"one {stem}*.csv or {stem}*.csv.gz is needed, found {found}")
    return names[0]


def lines_of(path: Path) -> Iterator[str]:
    """The file's lines, bounded in length and total."""
    total = 0
    opener = gzip.open if path.name.endswith(".gz") else open
    try:
        with opener(path, "rt", encoding="utf-8-sig", newline="") as stream:
            while line := stream.readline(FEED_ROW_CHARACTERS_MAX + 1):
                total += len(line)
                if len(line) > FEED_ROW_CHARACTERS_MAX or total > FEED_CHARACTERS_MAX:
                    limit = f"{FEED_ROW_CHARACTERS_MAX} characters a row, {FEED_CHARACTERS_MAX} a table"
                    limit_zh = f"每列 {FEED_ROW_CHARACTERS_MAX} 字元、每表 {FEED_CHARACTERS_MAX} 字元"
                    raise YunhaiError(4105, path=path.name, limit=limit, limit_zh=limit_zh)
                yield line
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as problem:
        raise refusal(4102, path=path.name, reason=_reason(problem)) from problem


def _reason(problem: Exception) -> str:
    if isinstance(problem, UnicodeDecodeError):
        return f"not UTF-8 at byte {problem.start}"
    return f"cannot be unpacked or read: {problem}"


def _rows(path: Path, columns: tuple[str, ...], *, optional: tuple[str, ...] = ()) -> Iterator[_Row]:
    """Every row of a table, the same object each time. Columns may stand in any order and more may be there."""
    reader = csv.reader(lines_of(path))
    try:
        heading = next(reader, [])
        places = {name.strip(): place for place, name in enumerate(heading)}
        missing = [name for name in columns if name not in places]
        if missing:
            raise YunhaiError(4103, path=path.name, columns=", ".join(missing[:8]))
        if len(places) != len(heading):
            raise refusal(4104, path=path.name, row=1, reason="a column is named twice")
        row = _Row(path, {name: places[name] for name in (*columns, *optional) if name in places})
        for number, fields in enumerate(reader, start=2):
            row.number, row.fields = number, fields
            if len(fields) != len(heading):
                raise row.refusal(f"{len(fields)} fields, the heading has {len(heading)}")
            if number > FEED_ROWS_MAX:
                raise YunhaiError(4105, path=path.name, limit=f"{FEED_ROWS_MAX} rows", limit_zh=f"{FEED_ROWS_MAX} 列")
            yield row
    except csv.Error as problem:
        raise refusal(4102, path=path.name, reason=f"not CSV: {problem}") from problem


def _in_sequence(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, _Row]]:
    """Every row of a table with its BizIndex, which rises from row to row."""
    before = -1
    for row in _rows(path, columns):
        sequence = row.whole("BizIndex")
        if sequence <= before:
            raise row.refusal(f"BizIndex {sequence} does not follow {before}")
        before = sequence
        yield sequence, row


def _orders(path: Path) -> Iterator[FeedOrder]:
    columns = ("BizIndex", "OrderNo", "OrdType", "Side", "Price", "OrderQty", "TransactTime")
    for sequence, row in _in_sequence(path, columns):
        cancel = row.flag("OrdType", (ADD_FLAG, CANCEL_FLAG)) == CANCEL_FLAG
        yield FeedOrder(
            sequence=sequence,
            number=row.whole("OrderNo", least=1),
            cancel=cancel,
            side=_SIDES[row.flag("Side", (BUY_FLAG, SELL_FLAG))],
            price=row.price("Price", least=0 if cancel else 1),
            quantity=row.shares("OrderQty", least=1),
            time=row.time("TransactTime", unit_ns=SECOND // 100, per_second=100),
        )


def _trades(path: Path) -> Iterator[FeedTrade]:
    columns = ("BizIndex", "BidApplSeqNum", "OfferApplSeqNum", "LastPx", "LastQty", "ExecType", "TransactTime")
    for sequence, row in _in_sequence(path, columns):
        yield FeedTrade(
            sequence=sequence,
            buy=row.whole("BidApplSeqNum", least=1),
            sell=row.whole("OfferApplSeqNum", least=1),
            price=row.price("LastPx", least=1),
            quantity=row.shares("LastQty", least=1),
            taker=_SIDES.get(row.flag("ExecType", (BUY_FLAG, SELL_FLAG, AUCTION_FLAG))),
            time=row.time("TransactTime", unit_ns=SECOND // 100, per_second=100),
        )


def _level_columns(side: str, levels: int) -> tuple[tuple[str, str], ...]:
    return tuple((f"{side}Level[{level}].Price", f"{side}Level[{level}].Qty") for level in range(levels))


def _snapshots(path: Path) -> Iterator[tuple[FeedSnapshot, int]]:
    head = ("DataTimeStamp", "NumTrades", "TotalVolumeTrade", "TotalValueTrade", "PrevClosePx")
    least = [name for side in ("Bid", "Ask") for pair in _level_columns(side, 2) for name in pair]
    more = [name for side in ("Bid", "Ask") for pair in _level_columns(side, FEED_LEVELS_MAX)[2:] for name in pair]
    close = None
    for row in _rows(path, (*head, *least), optional=tuple(more)):
        levels = row.levels()
        value = row.whole("TotalValueTrade")
        if value % (MONEY_SCALE // SCALE):
            raise row.refusal(f"TotalValueTrade {value} is finer than 1/10,000")
        snapshot = FeedSnapshot(
            time=row.time("DataTimeStamp", unit_ns=0, per_second=1),
            trades=row.whole("NumTrades"),
            volume=row.shares("TotalVolumeTrade", most=MONEY_MAX),
            value=value // (MONEY_SCALE // SCALE),
            previous_close=row.price("PrevClosePx", least=1),
            bids=row.side(_level_columns("Bid", levels)),
            asks=row.side(_level_columns("Ask", levels)),
            surplus=(
                row.shares("BidLevel[1].Qty", most=MONEY_MAX),
                row.shares("AskLevel[1].Qty", most=MONEY_MAX),
            ),
        )
        if close not in (None, snapshot.previous_close):
            raise row.refusal("PrevClosePx differs from the rows before")
        close = snapshot.previous_close
        yield snapshot, levels


def days_of(feeds: Iterable[Feed]) -> list[Feed]:
    """The folders in their order, those that continue each other joined: where a day was cut makes no difference."""
    days: list[Feed] = []
    for feed in feeds:
        if days and days[-1].ends_before(feed):
            days[-1] = days[-1].joined(feed)
        else:
            days.append(feed)
    return days


def read_feed(folder: Path) -> Feed:
    """Read and check a whole folder. YunhaiError 4101-4105; nothing is returned in part."""
    if not folder.is_dir():
        raise refusal(4101, path=str(folder), reason="not a folder")
    orders = tuple(_orders(_table_path(folder, "orders")))
    trades = tuple(_trades(_table_path(folder, "trades")))
    snapshot_path = _table_path(folder, "snapshots")
    snapshots = list(_snapshots(snapshot_path))
    if not snapshots:
        raise refusal(4104, path=snapshot_path.name, row=2, reason="no snapshot, so no previous close")
    taken = {order.sequence for order in orders}
    for number, trade in enumerate(trades, start=2):
        if trade.sequence in taken:
            raise refusal(4104, path="trades", row=number, reason=f"BizIndex {trade.sequence} is an order's too")
    return Feed(
        folders=(folder.name,),
        orders=orders,
        trades=trades,
        snapshots=tuple(snapshot for snapshot, _ in snapshots),
        levels=snapshots[0][1],
    )
