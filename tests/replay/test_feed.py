"""The feed reader: every bad row refused with its table, row and reason; nothing skipped, nothing guessed."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.replay.small_feed import SmallFeed, morning
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.records import Side
from yunhai.market.l3.feed import read_feed


def refused(folder: Path) -> YunhaiError:
    with pytest.raises(YunhaiError) as caught:
        read_feed(folder)
    return caught.value


def test_a_whole_folder_is_read_exactly(tmp_path: Path) -> None:
    feed = read_feed(morning().write(tmp_path / "feed"))
    assert (len(feed.orders), len(feed.trades), len(feed.snapshots), feed.levels) == (4, 3, 5, 2)
    assert feed.previous_close == 100_000
    first = feed.orders[0]
    assert (first.number, first.side, first.price, first.quantity, first.cancel) == (1, Side.SELL, 100_200, 200, False)
    assert first.time == (9 * 3600 + 15 * 60 + 1) * 10**9
    assert [trade.taker for trade in feed.trades] == [None, Side.BUY, Side.BUY]
    assert [snapshot.is_trial for snapshot in feed.snapshots] == [False, True, False, False, False]
    assert feed.snapshots[1].surplus == (0, 100)
    assert feed.snapshots[3].value == 20_040_000


def test_columns_may_stand_in_any_order_and_more_may_be_there(tmp_path: Path) -> None:
    feed = morning()
    plain = read_feed(feed.write(tmp_path / "plain"))
    feed.headings["orders"].append("Remark")
    feed.orders = [[*row, 7] for row in feed.orders]
    feed.headings["orders"].reverse()
    feed.orders = [row[::-1] for row in feed.orders]
    assert read_feed(feed.write(tmp_path / "other")).orders == plain.orders


Rows = Callable[[SmallFeed], list[list[object]]]


def _orders(feed: SmallFeed) -> list[list[object]]:
    return feed.orders  # type: ignore[return-value]


def _trades(feed: SmallFeed) -> list[list[object]]:
    return feed.trades  # type: ignore[return-value]


def _snapshots(feed: SmallFeed) -> list[list[object]]:
    return feed.snapshots  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("rows", "row", "column", "value", "reason"),
    [
        (_orders, 1, 0, 1, "BizIndex 1 does not follow 1"),
        (_orders, 1, 0, "x", "BizIndex 'x' is not a whole number"),
        (_orders, 1, 0, "", "BizIndex '' is not a whole number"),
        (_orders, 1, 0, "1_0", "is not a whole number"),
        (_orders, 1, 0, "２", "is not a whole number"),
        (_orders, 1, 0, 10**19, "is not a whole number"),
        (_orders, 1, 2, 0, "OrderNo 0 is outside"),
        (_orders, 1, 3, 70, "OrdType 70 is none of 65, 68"),
        (_orders, 1, 4, 67, "Side 67 is none of 66, 83"),
        (_orders, 1, 5, 0, "Price 0 is outside"),
        (_orders, 1, 5, -10, "Price '-10' is not a whole number"),
        (_orders, 1, 5, 10.5, "Price '10.5' is not a whole number"),
        (_orders, 1, 5, 2**31, "Price 2147483648 is outside"),
        (_orders, 1, 6, 0, "OrderQty 0 is outside"),
        (_orders, 1, 6, 500, "OrderQty 500 is not a whole number of shares"),
        (_orders, 1, 6, 2**32 * 1000, "is outside"),
        (_orders, 1, 7, 9_156_000, "TransactTime 9156000 is not a time of day"),
        (_orders, 1, 7, 24_000_000, "is not a time of day"),
        (_trades, 1, 0, 3, "BizIndex 3 does not follow 3"),
        (_trades, 1, 2, 0, "BidApplSeqNum 0 is outside"),
        (_trades, 1, 4, "free", "LastPx 'free' is not a whole number"),
        (_trades, 1, 5, 0, "LastQty 0 is outside"),
        (_trades, 1, 6, 65, "ExecType 65 is none of 66, 83, 78"),
        (_snapshots, 1, 2, "many", "NumTrades 'many' is not a whole number"),
        (_snapshots, 1, 4, 5, "finer than 1/10,000"),
        (_snapshots, 1, 5, 0, "PrevClosePx 0 is outside"),
        (_snapshots, 1, 5, 9_000, "PrevClosePx differs"),
        (_snapshots, 1, 7, 1, "is not a whole number of shares"),
        (_snapshots, 1, 0, 91_575, "is not a time of day"),
    ],
)
def test_a_bad_row_is_refused_with_table_row_and_reason(
    tmp_path: Path, rows: Rows, row: int, column: int, value: object, reason: str
) -> None:
    feed = morning()
    rows(feed)[row][column] = value
    problem = refused(feed.write(tmp_path / "feed"))
    assert problem.code == 4104
    assert problem.details["row"] == row + 2
    assert (
        str(problem.details["path"])
        == {"_orders": "orders", "_trades": "trades"}.get(rows.__name__, "snapshots") + ".csv.gz"
    )
    assert reason in str(problem.details["reason"])


@pytest.mark.parametrize("table", ["orders", "trades", "snapshots"])
def test_a_missing_column_is_named(tmp_path: Path, table: str) -> None:
    feed = morning()
    feed.headings[table][2] = "Other"
    problem = refused(feed.write(tmp_path / "feed"))
    assert problem.code == 4103
    assert problem.details["columns"] in ("OrderNo", "BidApplSeqNum", "NumTrades")


def test_a_short_or_long_row_and_a_doubled_column_are_refused(tmp_path: Path) -> None:
    short, long, doubled = morning(), morning(), morning()
    del short.orders[1][-1]
    long.trades[0].append(1)
    doubled.headings["orders"][1] = "BizIndex"
    assert refused(short.write(tmp_path / "short")).details["row"] == 3
    assert refused(long.write(tmp_path / "long")).details["row"] == 2
    assert "named twice" in refused(doubled.write(tmp_path / "doubled")).text()


def test_a_sequence_number_shared_by_order_and_trade_is_refused(tmp_path: Path) -> None:
    feed = morning()
    feed.trades[0][0] = 2
    problem = refused(feed.write(tmp_path / "feed"))
    assert (problem.code, problem.details["row"]) == (4104, 2)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", 4103),
        (b"\x1f\x8b\x08", 4102),
        ("BizIndex,委託".encode("cp950"), 4102),
        (b"BizIndex,\xff\xfe", 4102),
        (b"a" * 30_000, 4105),
        (b'"' + b"\n" * 10, 4103),
        (b"BizIndex,OrderNo,OrdType,Side,Price,OrderQty,TransactTime\n\x00\n", 4104),
        (b"BizIndex,OrderNo,OrdType,Side,Price,OrderQty,TransactTime\n\n", 4104),
    ],
)
def test_a_bad_table_is_refused(tmp_path: Path, data: bytes, code: int) -> None:
    folder = morning().write(tmp_path / "feed", packed=False)
    (folder / "orders.csv").write_bytes(data)
    assert refused(folder).code == code


def test_a_damaged_gzip_is_refused(tmp_path: Path) -> None:
    folder = morning().write(tmp_path / "feed")
    whole = (folder / "orders.csv.gz").read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0xFF
    for data in (b"not gzip", whole[:-9]):
        (folder / "orders.csv.gz").write_bytes(data)
        assert refused(folder).code == 4102
    (folder / "orders.csv.gz").write_bytes(flipped)
    assert refused(folder).code in (4102, 4103, 4104), "garbage may be met before the checksum"
    (folder / "orders.csv.gz").write_bytes(gzip.compress(b"BizIndex\n" * 2))
    assert refused(folder).code == 4103


def test_what_is_not_one_folder_of_three_tables_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "nowhere").code == 4101
    folder = morning().write(tmp_path / "feed")
    (folder / "orders.csv").write_text("twice")
    assert refused(folder).code == 4101
    (folder / "orders.csv").unlink()
    (folder / "trades.csv.gz").unlink()
    assert refused(folder).code == 4101


def test_a_feed_without_snapshots_is_refused(tmp_path: Path) -> None:
    feed = morning()
    feed.snapshots = []
    assert refused(feed.write(tmp_path / "feed")).code == 4104
