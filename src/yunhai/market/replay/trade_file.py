"""A futures exchange's day of trades as a source: TAIFEX's "Time & Sales" file 期貨每筆成交資料.

One row a trade, without who traded or what was quoted: a tape and its prices, no book. Times are whole seconds; trades of one
second stay in the file's order, contract by contract, so that nothing is claimed of the order between two contracts. Prices are
index points × 10,000. The file counts both sides: a quantity is halved. Night and day session are one day's trading, so the
source's day is the last date in it.
"""

import csv
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

import numpy as np

from yunhai.kernel.clock import SECOND, TAIPEI_OFFSET, market_time, parse_date
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import FEED_CHARACTERS_MAX, FEED_ROWS_MAX
from yunhai.kernel.money import PRICE_MAX, QUANTITY_MAX, SCALE
from yunhai.kernel.records import RECORD, TRADE, VERSION, Kind
from yunhai.market.replay.errors import SOURCE_UNFIT, TRADE_ROW
from yunhai.market.replay.source import Listing, Notes, Source, SourceKind

COLUMNS: Final = ("成交日期", "商品代號", "到期月份(週別)", "成交時間", "成交價格", "成交數量(B+S)")
_AUCTION: Final = "開盤集合競價"
_PRICE: Final = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,4})?")
_CONTRACT: Final = re.compile(r"[0-9A-Z]{2,4}[0-9A-Z]{6,8}(/[0-9A-Z]{6,8})?")
_LINE: Final = (
    "只有成交、沒有委託簿；時間以秒計，同一秒內依檔案次序",
    "Trades only, no book; times are whole seconds, trades of one second in the file's order",
)


def trade_source(source: str, path: Path, product: str) -> Source:
    """The source `source` of one product's trades (e.g. TX, its spreads included) in a file (.csv, .csv.gz, .zip; UTF-8 or
    CP950). TRADE_ROW with the row's number, SOURCE_UNFIT if the file cannot be read or holds none."""
    codes: dict[str, int] = {}
    rows: list[tuple[int, int, int, int, int]] = []
    last = None
    reader = _csv(source, _text(source, path))
    places = _places(path, next(reader, []))
    wanted = places["商品代號"]
    for number, fields in enumerate(reader, start=2):
        if number > FEED_ROWS_MAX:
            raise _unfit(source, f"more than {FEED_ROWS_MAX} rows", f"超過 {FEED_ROWS_MAX} 列")
        if not fields:
            continue  # a blank line
        if len(fields) <= max(places.values()):
            raise _wrong(path, number, f"{len(fields)} fields", f"只有 {len(fields)} 欄")
        if fields[wanted].strip() != product:
            continue
        day, row = _row(path, number, fields, places, codes)
        last = max(last or day, day)
        rows.append(row)
    if last is None:
        raise _unfit(source, f"no trade of {product}", f"沒有 {product} 的成交")
    listings = tuple(Listing(book=book, code=code) for code, book in codes.items())
    return Source(
        id=source,
        kind=SourceKind.TRADES,
        day=last,
        offset=TAIPEI_OFFSET,
        listings=listings,
        events=_events(rows),
        notes=Notes(lines=(_LINE,)),
    )


def _events(rows: list[tuple[int, int, int, int, int]]) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    columns = np.array(rows, np.int64).T
    columns = columns[:, np.argsort(columns[0], kind="stable")]
    events = np.zeros(columns.shape[1], RECORD)
    events["kind"], events["version"] = Kind.TRADE, VERSION
    for field, column in zip(("time", "book", "price", "quantity"), columns, strict=False):
        events[field] = column
    trades = events.view(TRADE)
    trades["trade"] = np.arange(1, len(events) + 1)
    trades["auction"] = columns[4]
    return events


def _row(
    path: Path, number: int, fields: list[str], places: dict[str, int], codes: dict[str, int]
) -> tuple[date, tuple[int, int, int, int, int]]:
    """(date, (time, book, price, quantity, auction)) of one row. TRADE_ROW."""
    said = {name: fields[place].strip() for name, place in places.items()}
    try:
        day = parse_date(said["成交日期"])
    except YunhaiError:
        raise _wrong(path, number, f"no date: {said['成交日期'][:20]}", f"日期有誤：{said['成交日期'][:20]}") from None
    contract = said["商品代號"] + said["到期月份(週別)"]
    if not _CONTRACT.fullmatch(contract):
        raise _wrong(path, number, f"no contract: {contract[:40]}", f"契約代號有誤：{contract[:40]}")
    at, amount, quantity = said["成交時間"], said["成交價格"], said["成交數量(B+S)"]
    if not (len(at) == 6 and at.isascii() and at.isdigit()) or at[:2] > "23" or at[2:4] > "59" or at[4:] > "59":
        raise _wrong(path, number, f"no time of day: {at[:20]}", f"時刻有誤：{at[:20]}")
    price = int(Decimal(amount) * SCALE) if _PRICE.fullmatch(amount) else None
    if price is None or not -PRICE_MAX <= price <= PRICE_MAX:
        raise _wrong(path, number, f"no price: {amount[:20]}", f"價格有誤：{amount[:20]}")
    both = int(quantity) if quantity.isascii() and quantity.isdigit() and len(quantity) < 11 else 0
    if both < 2 or both % 2 or both // 2 > QUANTITY_MAX:
        raise _wrong(path, number, f"no quantity of both sides: {quantity[:20]}", f"買賣合計數量有誤：{quantity[:20]}")
    seconds = int(at[:2]) * 3600 + int(at[2:4]) * 60 + int(at[4:])
    moment = int(market_time(day, seconds * SECOND))
    book = codes.setdefault(contract, len(codes))
    return day, (moment, book, price, both // 2, int(said.get(_AUCTION, "") == "*"))


def _places(path: Path, heading: list[str]) -> dict[str, int]:
    names = {name.strip(): place for place, name in enumerate(heading)}
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise _wrong(path, 1, f"lacks the columns {', '.join(missing)}", f"缺少欄位 {'、'.join(missing)}")
    return {name: names[name] for name in (*COLUMNS, _AUCTION) if name in names}


def _csv(source: str, text: str) -> Iterator[list[str]]:
    """The text's rows. SOURCE_UNFIT where it is no CSV."""
    try:
        yield from csv.reader(io.StringIO(text))
    except csv.Error as problem:
        raise _unfit(source, f"no CSV: {problem}", f"不是 CSV（{problem}）") from problem


_DAMAGED: Final = (OSError, EOFError, ValueError, RuntimeError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)
"""What a file that is cut, damaged, locked by a password or packed in an unknown way raises."""


def _text(source: str, path: Path) -> str:
    """The whole file, unpacked, at most FEED_CHARACTERS_MAX bytes."""
    try:
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as packed:
                (name,) = packed.namelist()
                with packed.open(name) as file:
                    data = file.read(FEED_CHARACTERS_MAX + 1)
        elif path.suffix == ".gz":
            with gzip.open(path) as unpacked:
                data = unpacked.read(FEED_CHARACTERS_MAX + 1)
        else:
            with path.open("rb") as plain:
                data = plain.read(FEED_CHARACTERS_MAX + 1)
    except _DAMAGED as problem:
        raise _unfit(source, f"cannot be unpacked or read: {problem}", f"無法解壓縮或讀取（{problem}）") from problem
    if len(data) > FEED_CHARACTERS_MAX:
        raise _unfit(source, f"more than {FEED_CHARACTERS_MAX} bytes", f"超過 {FEED_CHARACTERS_MAX} 位元組")
    for encoding in ("utf-8-sig", "cp950"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _unfit(source, "neither UTF-8 nor CP950", "不是 UTF-8 也不是 CP950")


def _wrong(path: Path, row: int, reason: str, reason_zh: str) -> YunhaiError:
    return YunhaiError(TRADE_ROW, path=path.name, row=row, reason=reason, reason_zh=reason_zh)


def _unfit(source: str, reason: str, reason_zh: str) -> YunhaiError:
    return YunhaiError(SOURCE_UNFIT, source=source, reason=reason, reason_zh=reason_zh)
