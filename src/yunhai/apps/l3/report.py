"""A replay's outcome for people and for programs, and what it does and does not prove."""

from typing import Final

from rich.table import Table

from yunhai.kernel.clock import HOUR, MINUTE, SECOND
from yunhai.kernel.money import decimal_text, price_text
from yunhai.market.l3.compare import Score
from yunhai.market.l3.replay import Auction, DayResult
from yunhai.market.l3.window import WindowResult

INPUTS: Final = (
    "published orders and cancels, in the exchange's sequence 公布之委託與撤單（依交易所序號）",
    (
        "of each order synthesised from its trades: side, total, and its published limit or the worst price it paid"
        " 合成委託之買賣別、總量與限價"
    ),
    "previous close, and the rule pack with its timetable 前收盤價與規則包時程",
)
DECIDED: Final = (
    "of every trade the resting order, price, quantity and place in the sequence 每筆成交之對手、價格、數量與次序",
    "every auction's price, volume, pairs and indicative prices 集合競價之價量、配對與虛擬參考價",
    "every book, the quantity every cancel takes back, cumulative volume and value 委託簿、撤單量、累計量值",
)
WINDOW_INPUTS: Final = (
    (
        "the book before the first message, and levels as they come into the published window from below"
        " 首筆訊息前之委託簿，及自窗外進入之檔位"
    ),
    "new orders, cuts and deletions; of an execution the arriving side, price and size 新增、減量、刪除，及成交之主動方、價、量",
)
WINDOW_DECIDED: Final = (
    (
        "of every execution the resting order, and that it is one trade of that price and size"
        " 每筆成交之對手委託，且為一筆該價量之成交"
    ),
    "every book 每一委託簿",
)
_NAMES: Final = {
    "executions": "executions 成交",
    "trades": "trades 成交",
    "books": "books 十檔",
    "trials": "indicative prices 虛擬參考價",
    "empty_books": "empty books 空檔",
    "totals": "volume and value 累計量值",
    "cancelled_quantities": "cancelled quantities 撤單量",
    "accepted_commands": "commands accepted 受理",
    "depth_checks": "depth checks 深度核對",
}


def clock_text(time: int) -> str:
    """ns after midnight as HH:MM:SS."""
    return f"{time // HOUR:02}:{time % HOUR // MINUTE:02}:{time % MINUTE // SECOND:02}"


def _score(score: Score) -> dict[str, object]:
    return {"compared": score.compared, "equal": score.equal, "differences": score.differences}


def _auction(auction: Auction) -> dict[str, object]:
    return {
        "time": clock_text(auction.time),
        "price": price_text(auction.price),
        "volume": auction.volume,
        "trades": auction.trades,
    }


def day_json(result: DayResult) -> dict[str, object]:
    """One day's counts. Prices and value as decimal text."""
    flow = result.flow
    return {
        "folders": result.folders,
        "holds": result.holds,
        "orders_published": flow.published,
        "orders_synthesised": flow.synthesised,
        "unseen": flow.unseen,
        "rests": flow.rests,
        "cancels": flow.cancels,
        **{name: _score(score) for name, score in result.scores().items()},
        "books_only_inside_an_order": result.inside,
        "shown_within_a_second": result.timely,
        "auctions": [_auction(auction) for auction in result.auctions],
        "volume": result.volume,
        "value": decimal_text(result.value),
        "state_hash": result.state_hash,
    }


def total_json(results: list[DayResult]) -> dict[str, object]:
    """Compared and equal over all days."""
    totals: dict[str, object] = {}
    for name in results[0].scores():
        scores = [result.scores()[name] for result in results]
        totals[name] = {
            "compared": sum(score.compared for score in scores),
            "equal": sum(score.equal for score in scores),
        }
    totals["orders_synthesised"] = sum(result.flow.synthesised for result in results)
    return totals


def window_json(result: WindowResult) -> dict[str, object]:
    """The counts of a message file's replay."""
    return {
        "ok": result.holds,
        "file": result.name,
        "messages": result.messages,
        **{name: _score(score) for name, score in result.scores().items()},
        "executions_of_known_orders": result.known,
        "levels_given_at_first": result.seeded,
        "levels_come_into_the_window": result.entered,
        "levels_gone_out_of_the_window": result.left,
        "state_hash": result.state_hash,
    }


def day_table(result: DayResult) -> Table:
    """What was compared and what was equal in one day."""
    return score_table(" + ".join(result.folders), result.scores())


def score_table(title: str, scores: dict[str, Score]) -> Table:
    """One row for each comparison."""
    table = Table(title=title, title_justify="left")
    table.add_column("what 項目", overflow="fold")
    for heading in ("compared 比對", "equal 相同"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for name, score in scores.items():
        mark = "✓" if score.holds else "✗"
        table.add_row(_NAMES[name], f"{score.compared:,}", f"{score.equal:,}", mark)
    return table


def day_lines(result: DayResult) -> list[str]:
    """What stands around the table: how the orders came about, auctions, and every difference kept."""
    flow = result.flow
    lines = [
        f"orders 委託: {flow.published:,} published 公布, {flow.cancels:,} cancels 撤單",
        f"synthesised 合成: {flow.synthesised:,} = {flow.unseen:,} unseen 未公布 + {flow.rests:,} rests 僅公布餘量",
    ]
    lines += [
        f"auction 集合競價 {clock_text(auction.time)}: {price_text(auction.price)} × {auction.volume:,},"
        f" {auction.trades:,} trades 筆"
        for auction in result.auctions
    ]
    return lines + difference_lines(result.scores())


def difference_lines(scores: dict[str, Score]) -> list[str]:
    """Every difference kept."""
    lines: list[str] = []
    for name, score in scores.items():
        lines += [f"✗ {_NAMES[name]}: {difference}" for difference in score.differences]
    return lines
