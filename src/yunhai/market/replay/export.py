"""A stretch of a replay as a file 匯出: the chosen securities' events as CSV or Parquet (zstd), written by DuckDB.

One row an event: `position` (the position right after it), market time, security, what happened, order, side, price as a decimal
of four places, shares. A Parquet file carries the source, the span and the hash of the events before and after it as metadata.
The file gets its name when it is whole.
"""

import errno
import os
import tempfile
from pathlib import Path
from typing import Any, Final, Literal

import duckdb
import numpy as np

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import REPLAY_EXPORT_EVENTS_MAX
from yunhai.kernel.records import TRADE, Kind
from yunhai.market.lake.engine import connect
from yunhai.market.replay.errors import EXPORT_TOO_LARGE, SPAN_EMPTY
from yunhai.market.replay.events import ORDER_KINDS, WORDS, chosen
from yunhai.market.replay.replay import Replay

Format = Literal["csv", "parquet"]
_HAS_SIDE: Final = np.array([Kind.NEW, Kind.CANCEL, Kind.CUT, Kind.REPRICE, Kind.REMOVED], np.uint8)
_SELECT: Final = """
    SELECT e.position, e.market_ns,
           strftime(make_timestamp(e.local_ns // 1000), '%Y-%m-%d %H:%M:%S.%f') AS local_time,
           l.code, l.segment, w.event, nullif(e.order_id, 0) AS order_id,
           CASE e.side WHEN 1 THEN 'buy' WHEN 2 THEN 'sell' END AS side,
           CASE e.order_type WHEN 1 THEN 'market' WHEN 2 THEN 'limit' END AS order_type,
           CASE WHEN e.kind = 1 THEN CASE e.time_in_force WHEN 0 THEN 'ROD' WHEN 3 THEN 'IOC' WHEN 4 THEN 'FOK' END END
               AS time_in_force,
           CASE WHEN e.kind IN (1, 4, 32, 34) AND e.order_type <> 1 OR e.volume > 0
                THEN (e.price::DECIMAL(18, 4) / 10000)::DECIMAL(18, 4) END AS price,
           nullif(e.quantity, 0) AS quantity, nullif(e.removed, 0) AS removed,
           CASE WHEN e.kind <= 4 THEN e.leaves END AS leaves, nullif(e.volume, 0) AS volume, nullif(e.phase, 255) AS phase,
           nullif(e.trade, 0) AS trade, nullif(e.buyer, 0) AS buyer, nullif(e.seller, 0) AS seller,
           CASE WHEN e.kind = 32 THEN e.auction = 1 END AS auction,
           CASE e.taker WHEN 1 THEN 'buy' WHEN 2 THEN 'sell' END AS taker
      FROM e JOIN l USING (book) JOIN w USING (kind) ORDER BY e.position"""


def export(replay: Replay, first: int, last: int, path: Path, form: Format) -> int:
    """Write the chosen securities' events between two positions; how many there were. SPAN_EMPTY, EXPORT_TOO_LARGE, OSError."""
    if not 0 <= first < last <= replay.end:
        raise YunhaiError(SPAN_EMPTY, first=first, last=last)
    start, stop = (int(np.searchsorted(replay.places, position, "left")) for position in (first, last))
    if stop - start > REPLAY_EXPORT_EVENTS_MAX:
        raise YunhaiError(EXPORT_TOO_LARGE, events=stop - start, most=REPLAY_EXPORT_EVENTS_MAX)
    columns = _columns(replay, replay.places[start:stop])
    handle, name = tempfile.mkstemp(prefix=".yunhai-", suffix=".tmp", dir=path.parent)
    os.close(handle)
    try:
        try:
            _write(replay, columns, name, form, first, last)
        except duckdb.Error as error:
            raise OSError(errno.EIO, str(error), str(path)) from error
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return stop - start


def _columns(replay: Replay, places: np.ndarray[tuple[int], np.dtype[np.int64]]) -> dict[str, Any]:
    """The events as plain columns; a field that an event does not have is 0."""
    events = chosen(replay.source.events, places)
    trades, kinds = events.view(TRADE), events["kind"]
    is_trade = kinds == Kind.TRADE
    named = np.isin(kinds, np.array([int(kind) for kind in ORDER_KINDS], np.uint8))
    sided = np.isin(kinds, _HAS_SIDE)
    ordered = kinds <= Kind.REPRICE
    matched = (kinds == Kind.UNCROSS) | (kinds == Kind.TRIAL)

    def only(where: Any, field: Any) -> Any:
        return np.where(where, field, 0).astype(field.dtype)

    return {
        "position": places + 1,
        "market_ns": np.ascontiguousarray(events["time"]),
        "local_ns": events["time"] + replay.source.offset,
        "book": np.ascontiguousarray(events["book"]),
        "kind": np.ascontiguousarray(kinds),
        "order_id": only(named, events["order_id"]),
        "side": only(sided, events["side"]),
        "order_type": only(sided, events["order_type"]),
        "time_in_force": only(ordered, events["time_in_force"]),
        "price": np.ascontiguousarray(events["price"]),
        "quantity": np.ascontiguousarray(events["quantity"]),
        "removed": only(ordered, events["removed"]),
        "leaves": only(ordered, events["leaves"]),
        "volume": only(matched, events["order_id"]),
        "phase": np.where(kinds == Kind.PHASE, events["side"], 255).astype(np.uint8),
        "trade": only(is_trade, trades["trade"]),
        "buyer": only(is_trade, trades["buy_id"]),
        "seller": only(is_trade, trades["sell_id"]),
        "auction": only(is_trade, trades["auction"]),
        "taker": only(is_trade, trades["taker_side"]),
    }


def _write(replay: Replay, columns: dict[str, Any], name: str, form: Format, first: int, last: int) -> None:
    listings = replay.listings
    with connect() as database:
        database.execute("CREATE TABLE l (book UINTEGER, code VARCHAR, segment VARCHAR)")
        database.executemany("INSERT INTO l VALUES (?, ?, ?)", [[one.book, one.code, one.segment] for one in listings])
        database.execute("CREATE TABLE w (kind UTINYINT, event VARCHAR)")
        database.executemany("INSERT INTO w VALUES (?, ?)", [[int(kind), word] for kind, word in WORDS.items()])
        database.register("e", columns)
        if form == "csv":
            options = "FORMAT csv, HEADER true"
        else:
            source = replay.source
            said = {
                "source": source.id,
                "first": str(first),
                "last": str(last),
                "hash_before": source.hash_at(first).hex(),
                "hash_after": source.hash_at(last).hex(),
            }
            told = ", ".join(f"{key}: {_quoted(value)}" for key, value in said.items())
            options = f"FORMAT parquet, COMPRESSION zstd, KV_METADATA {{{told}}}"
        database.execute(f"COPY ({_SELECT}) TO {_quoted(name)} ({options})")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
