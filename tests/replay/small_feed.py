"""A small feed written by hand in Shanghai's shape: a morning with an opening auction, an afternoon with a closing one.

Previous close 10.00. Order 5 is never published; order 6 only for its rest.
"""

import csv
import gzip
from dataclasses import dataclass, field
from pathlib import Path

BUY, SELL, AUCTION, ADD, CANCEL = 66, 83, 78, 65, 68
ORDER_COLUMNS = ["BizIndex", "ApplSeqNum", "OrderNo", "OrdType", "Side", "Price", "OrderQty", "TransactTime"]
TRADE_COLUMNS = [
    "BizIndex",
    "ApplSeqNum",
    "BidApplSeqNum",
    "OfferApplSeqNum",
    "LastPx",
    "LastQty",
    "ExecType",
    "TransactTime",
]
HEAD = ["DataTimeStamp", "TradingPhase", "NumTrades", "TotalVolumeTrade", "TotalValueTrade", "PrevClosePx"]
LEVELS = 2
SNAPSHOT_COLUMNS = HEAD + [
    f"{side}Level[{level}].{part}" for side in ("Bid", "Ask") for level in range(LEVELS) for part in ("Price", "Qty")
]
Level = tuple[float, int]
NO_LEVEL: Level = (0, 0)


def order(sequence: int, number: int, kind: int, side: int, price: float, shares: int, time: int) -> list[int]:
    return [sequence, sequence, number, kind, side, round(price * 1000), shares * 1000, time]


def trade(sequence: int, buy: int, sell: int, price: float, shares: int, flag: int, time: int) -> list[int]:
    return [sequence, sequence, buy, sell, round(price * 1000), shares * 1000, flag, time]


def snapshot(
    time: int, phase: int, trades: int, volume: int, value: float, bids: list[Level], asks: list[Level]
) -> list[int]:
    levels = [
        figure
        for side in (bids, asks)
        for price, shares in (side + [NO_LEVEL] * LEVELS)[:LEVELS]
        for figure in (round(price * 1000), shares * 1000)
    ]
    return [time, phase, trades, volume * 1000, round(value * 100_000), 10_000, *levels]


@dataclass
class SmallFeed:
    """Three tables, to be changed by a test and written."""

    orders: list[list[int]]
    trades: list[list[int]]
    snapshots: list[list[int]]
    headings: dict[str, list[str]] = field(
        default_factory=lambda: {
            "orders": list(ORDER_COLUMNS),
            "trades": list(TRADE_COLUMNS),
            "snapshots": list(SNAPSHOT_COLUMNS),
        }
    )

    def write(self, folder: Path, *, packed: bool = True) -> Path:
        folder.mkdir()
        tables = {"orders": self.orders, "trades": self.trades, "snapshots": self.snapshots}
        for name, rows in tables.items():
            path = folder / f"{name}.csv{'.gz' if packed else ''}"
            opener = gzip.open if packed else open
            with opener(path, "wt", encoding="utf-8", newline="") as stream:
                csv.writer(stream).writerows([self.headings[name], *rows])
        return folder


def morning() -> SmallFeed:
    return SmallFeed(
        orders=[
            order(1, 1, ADD, SELL, 10.02, 200, 9_150_100),
            order(2, 2, ADD, BUY, 10.03, 100, 9_150_200),
            order(6, 6, ADD, BUY, 10.03, 10, 9_300_600),
            order(7, 6, CANCEL, BUY, 10.03, 10, 9_310_000),
        ],
        trades=[
            trade(3, 2, 1, 10.02, 100, AUCTION, 9_250_080),
            trade(4, 5, 1, 10.02, 60, BUY, 9_300_500),
            trade(5, 6, 1, 10.02, 40, BUY, 9_300_600),
        ],
        snapshots=[
            snapshot(91_400, 0, 0, 0, 0, [], []),
            snapshot(91_503, 1, 0, 0, 0, [(10.02, 100)], [(10.02, 100), (0, 100)]),
            snapshot(92_501, 1, 1, 100, 1002.00, [], [(10.02, 100)]),
            snapshot(93_008, 2, 3, 200, 2004.00, [(10.03, 10)], []),
            snapshot(93_103, 2, 3, 200, 2004.00, [], []),
        ],
    )


def afternoon() -> SmallFeed:
    return SmallFeed(
        orders=[
            order(8, 7, ADD, SELL, 10.05, 50, 13_000_100),
            order(9, 8, ADD, BUY, 10.01, 30, 13_000_200),
            order(10, 9, ADD, BUY, 10.05, 80, 14_570_100),
        ],
        trades=[trade(11, 9, 7, 10.05, 50, AUCTION, 15_000_010)],
        snapshots=[
            snapshot(130_003, 2, 3, 200, 2004.00, [(10.01, 30)], [(10.05, 50)]),
            snapshot(145_703, 4, 3, 200, 2004.00, [(10.05, 50), (0, 30)], [(10.05, 50)]),
            snapshot(150_003, 5, 4, 250, 2506.50, [(10.05, 30), (10.01, 30)], []),
        ],
    )
