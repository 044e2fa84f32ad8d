"""Another exchange's published order flow as a source: `yunhai.market.l3` runs it through our engine, and the engine's events
are the market's.

What the engine decided is compared with what was published as it is read, and `Notes` say how that came out. Orders keep the
numbers that their exchange gave them. Several folders of one day, each of one security, make one source: their events are
merged by time, a command and what it caused staying together.
"""

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from yunhai.exchange.rules.pack import RulePack
from yunhai.kernel.clock import market_time
from yunhai.kernel.records import RECORD, TRADE, Kind
from yunhai.market.l3.book import book_config
from yunhai.market.l3.engines import native_engine
from yunhai.market.l3.feed import Feed
from yunhai.market.l3.replay import DayResult, Replay
from yunhai.market.replay.events import ORDER_KINDS, Events, chosen, public_events
from yunhai.market.replay.source import Listing, Notes, Source, SourceKind


def published_source(source: str, day: date, pack: RulePack, feeds: Sequence[tuple[str, Feed]]) -> Source:
    """The source `source` of that day's feeds, each with its security's code. YunhaiError 4106, 2205-2207 if the pack does
    not fit, SOURCE_UNFIT if a code stands twice."""
    midnight = int(market_time(day, 0, offset=pack.utc_offset))
    listings: list[Listing] = []
    parts: list[Events] = []
    lines: list[tuple[str, str]] = []
    for book, (code, feed) in enumerate(feeds):
        config = book_config(pack, reference=feed.previous_close)
        listing = Listing(
            book=book,
            code=code,
            lot=config.lot,
            reference=feed.previous_close,
            shuffle=config.shuffle,
            seed=config.seed if config.shuffle else 0,
        )
        events, result = _events(pack, feed, book, midnight)
        listings.append(listing)
        parts.append(events)
        lines.append(_line(code, result))
    merged = np.concatenate(parts) if parts else np.zeros(0, RECORD)
    if len(parts) > 1:
        merged = chosen(merged, np.argsort(merged["time"], kind="stable").astype(np.int64))
    return Source(
        id=source,
        kind=SourceKind.ORDERS,
        day=day,
        offset=pack.utc_offset,
        listings=tuple(listings),
        events=merged,
        notes=Notes(lines=tuple(lines)),
    )


def _events(pack: RulePack, feed: Feed, book: int, midnight: int) -> tuple[Events, DayResult]:
    heard: list[Events] = []
    replay = Replay(pack, feed, native_engine)
    result = replay.run(sink=lambda events: heard.append(public_events(events)))
    events = np.concatenate(heard) if heard else np.zeros(0, RECORD)
    events["time"] += midnight
    events["book"] = book
    return _numbered(events, np.array(replay.numbers, np.uint64)), result


def _numbered(events: Events, numbers: NDArray[np.uint64]) -> Events:
    """The engine's own order ids replaced by the exchange's numbers."""
    own = np.isin(events["kind"], [int(kind) for kind in ORDER_KINDS])
    events["order_id"][own] = numbers[events["order_id"][own]]
    trades = events.view(TRADE)
    dealt = events["kind"] == Kind.TRADE
    for side in ("buy_id", "sell_id"):
        trades[side][dealt] = numbers[trades[side][dealt]]
    return events


def _line(code: str, result: DayResult) -> tuple[str, str]:
    trades, books, flow = result.trades, result.books, result.flow
    zh = (
        f"{code}：由公布之委託經本系統撮合引擎重建；成交 {trades.equal:,}／{trades.compared:,} 筆、"
        f"十檔 {books.equal:,}／{books.compared:,} 筆與交易所公布者相同；{flow.synthesised:,} 筆主動委託由其成交合成"
    )
    en = (
        f"{code}: rebuilt from published orders by our engine; {trades.equal:,} of {trades.compared:,} trades and "
        f"{books.equal:,} of {books.compared:,} books equal the exchange's; "
        f"{flow.synthesised:,} arriving orders put together from their trades"
    )
    return zh, en
