"""`yunhai replay l3`: a real morning, a small day in two folders, and that nothing wrong passes."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.replay.small_feed import ADD, BUY, SELL, SmallFeed, afternoon, morning, order, snapshot
from tests.replay.test_euronext import reference_engine
from yunhai.apps.cli import main
from yunhai.apps.reference_data import pack_named
from yunhai.exchange.rules.words import Candidates, EqualDistance, TieBreak
from yunhai.kernel.errors import YunhaiError
from yunhai.market.l3.engines import native_engine
from yunhai.market.l3.feed import Feed, days_of, read_feed
from yunhai.market.l3.replay import DayResult, Replay
from yunhai.market.l3.timetable import controls_of


def answer(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    last: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return last


def counts(said: dict[str, Any], *names: str) -> list[tuple[int, int]]:
    return [(said[name]["compared"], said[name]["equal"]) for name in names]


def replayed(folder: Path) -> DayResult:
    feed = read_feed(folder)
    return Replay(pack_named("sse-2023"), feed, native_engine).run()


@pytest.fixture(scope="module")
def real(data_folder: Path) -> Path:
    return data_folder / "l3_orders" / "sse_600519"


@pytest.fixture(scope="module")
def real_feed(real: Path) -> Feed:
    return read_feed(real)


def test_the_real_morning(real: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "l3", str(real), "--json"]) == 0
    said = answer(capsys)
    assert said["ok"] is True
    (day,) = said["days"]
    assert (day["orders_synthesised"], day["unseen"], day["rests"]) == (8_157, 7_695, 462)
    assert (day["orders_published"], day["cancels"]) == (20_495, 8_759)
    assert counts(day, "trades", "books", "trials", "totals", "cancelled_quantities") == [
        (11_537, 11_537),
        (2_511, 2_511),
        (126, 126),
        (2_669, 2_669),
        (8_759, 8_759),
    ]
    assert day["books_only_inside_an_order"] == 0
    assert day["auctions"] == [{"time": "09:25:00", "price": "1808.08", "volume": 42_718, "trades": 334}]
    assert (day["volume"], day["value"]) == (1_512_568, "2720334494.67")


def test_the_real_mornings_indicative_prices_tell_tie_breaks_apart(real_feed: Feed) -> None:
    """126 of 126 by the middle going down; 124 by Taiwan's price nearest the reference; 125 by what the pack's two
    settings decline, all else equal."""
    opening = replace(
        real_feed,
        orders=tuple(order for order in real_feed.orders if order.time < 34_200 * 10**9),
        trades=tuple(trade for trade in real_feed.trades if trade.taker is None),
        snapshots=tuple(snapshot for snapshot in real_feed.snapshots if snapshot.time <= 33_901 * 10**9),
    )
    middle = pack_named("sse-2023")
    nearest = replace(middle, auction=replace(middle.auction, tie_break=TieBreak.NEAREST_LAST))
    settings = middle.settings
    higher = replace(settings, equal_distance=replace(settings.equal_distance, value=EqualDistance.HIGHER))
    ordered = replace(settings, candidates=replace(settings.candidates, value=Candidates.ORDER_PRICES))
    declined = [(replace(middle, settings=other), 125) for other in (higher, ordered)]
    for pack, equal in ((middle, 126), (nearest, 124), *declined):
        result = Replay(pack, opening, native_engine).run()
        assert (result.trials.compared, result.trials.equal) == (126, equal)
        assert (result.trades.equal, result.trades.compared) == (334, 334)


def test_a_small_day_in_two_folders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = morning().write(tmp_path / "morning")
    second = afternoon().write(tmp_path / "afternoon", packed=False)
    assert main(["replay", "l3", str(first), str(second), "--json"]) == 0
    (day,) = answer(capsys)["days"]
    assert day["folders"] == ["morning", "afternoon"]
    assert (day["unseen"], day["rests"], day["orders_published"], day["cancels"]) == (1, 1, 5, 1)
    assert counts(day, "trades", "books", "trials", "empty_books", "totals") == [(4, 4), (5, 5), (2, 2), (1, 1), (8, 8)]
    assert [(auction["time"], auction["price"], auction["volume"]) for auction in day["auctions"]] == [
        ("09:25:00", "10.02", 100),
        ("15:00:00", "10.05", 50),
    ]


def test_folders_that_do_not_go_on_are_days_of_their_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = [str(morning().write(tmp_path / name)) for name in ("one", "two")]
    assert main(["replay", "l3", *folders, "--json"]) == 0
    said = answer(capsys)
    one, two = said["days"]
    assert (one["folders"], two["folders"]) == (["one"], ["two"])
    assert one["state_hash"] == two["state_hash"]
    assert counts(said["total"], "trades", "books") == [(6, 6), (6, 6)]


@pytest.mark.parametrize("cut", [9_200_000, 9_300_600, 10_150_000, 11_200_000])
def test_where_a_real_morning_is_cut_makes_no_difference(real_feed: Feed, cut: int) -> None:
    clock, hundredths = divmod(cut, 100)
    moment = (clock // 10_000 * 3600 + clock // 100 % 100 * 60 + clock % 100) * 10**9 + hundredths * 10**7

    def part(early: bool) -> Feed:
        return replace(
            real_feed,
            orders=tuple(order for order in real_feed.orders if (order.time < moment) is early),
            trades=tuple(trade for trade in real_feed.trades if (trade.time < moment) is early),
            snapshots=tuple(snapshot for snapshot in real_feed.snapshots if (snapshot.time < moment) is early),
        )

    (day,) = days_of([part(True), part(False)])
    assert day.orders == real_feed.orders
    assert day.trades == real_feed.trades
    assert day.snapshots == real_feed.snapshots


def test_an_afternoon_without_its_morning_does_not_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "l3", str(afternoon().write(tmp_path / "afternoon"))]) == 1
    assert "DIFFERENCES" in capsys.readouterr().out


def _wrong_price(feed: SmallFeed) -> None:
    feed.trades[1][4] += 10


def _wrong_resting_order(feed: SmallFeed) -> None:
    feed.trades[1][3] = 2


def _missing_auction_trade(feed: SmallFeed) -> None:
    del feed.trades[0]


def _wrong_split(feed: SmallFeed) -> None:
    """One trade published as two: the sum is the same, the engine makes one."""
    feed.trades.insert(2, list(feed.trades[1]))
    feed.trades[1][5] = 20_000
    feed.trades[2][5] = 40_000
    feed.trades[2][0] = 5
    feed.trades[3][0] = 6
    feed.orders[2][0], feed.orders[3][0] = 7, 8


def _wrong_level(feed: SmallFeed) -> None:
    feed.snapshots[3][7] += 1000


def _wrong_indicative_volume(feed: SmallFeed) -> None:
    feed.snapshots[1][7] += 1000


def _wrong_surplus(feed: SmallFeed) -> None:
    feed.snapshots[1][13] += 1000


def _wrong_volume(feed: SmallFeed) -> None:
    feed.snapshots[3][3] += 1000


def _wrong_value(feed: SmallFeed) -> None:
    feed.snapshots[3][4] += 10


def _wrong_cancelled_quantity(feed: SmallFeed) -> None:
    feed.orders[3][6] += 1000


def _cancel_of_nothing(feed: SmallFeed) -> None:
    feed.orders[3][2] = 4


def _order_beyond_the_limit(feed: SmallFeed) -> None:
    feed.orders[1][5] = 11_010


def _crossing_order_without_trades(feed: SmallFeed) -> None:
    """An order that would have traded, published as if it had not: the engine trades it."""
    feed.orders.insert(2, [4, 4, 3, 65, BUY, 10_020, 10_000, 9_300_100])
    feed.trades[1][0], feed.trades[2][0] = 5, 6
    feed.orders[3][0], feed.orders[4][0] = 7, 8


def _books_in_the_wrong_order(feed: SmallFeed) -> None:
    """Both books are the engine's, the later one published first."""
    feed.orders.append(order(8, 7, ADD, SELL, 10.04, 20, 9_320_000))
    feed.snapshots.insert(3, snapshot(93_006, 2, 3, 200, 2004.00, [], [(10.04, 20)]))


@pytest.mark.parametrize(
    ("change", "score"),
    [
        (_wrong_price, "trades"),
        (_wrong_resting_order, "trades"),
        (_missing_auction_trade, "trades"),
        (_wrong_split, "trades"),
        (_wrong_level, "books"),
        (_wrong_indicative_volume, "trials"),
        (_wrong_surplus, "trials"),
        (_wrong_volume, "totals"),
        (_wrong_value, "totals"),
        (_wrong_cancelled_quantity, "cancelled_quantities"),
        (_cancel_of_nothing, "accepted_commands"),
        (_order_beyond_the_limit, "accepted_commands"),
        (_crossing_order_without_trades, "trades"),
        (_books_in_the_wrong_order, "books"),
    ],
)
def test_a_difference_fails_and_is_named(
    tmp_path: Path, change: Callable[[SmallFeed], None], score: str, capsys: pytest.CaptureFixture[str]
) -> None:
    feed = morning()
    change(feed)
    folder = feed.write(tmp_path / "changed")
    result = replayed(folder)
    assert not result.holds
    assert not result.scores()[score].holds
    assert result.scores()[score].differences
    assert main(["replay", "l3", str(folder), "--json"]) == 1
    assert answer(capsys)["ok"] is False


@pytest.mark.full
def test_one_changed_real_trade_is_found(real_feed: Feed) -> None:
    trade = real_feed.trades[5_000]
    changed = replace(trade, price=trade.price + 100)
    trades = (*real_feed.trades[:5_000], changed, *real_feed.trades[5_001:])
    feed = replace(real_feed, trades=trades)
    result = Replay(pack_named("sse-2023"), feed, native_engine).run()
    assert not result.trades.holds
    assert "trade 5001" in result.trades.differences[0]


@pytest.mark.full
def test_the_reference_engine_replays_the_real_morning_alike(real_feed: Feed) -> None:
    """Both engines hold, in the same final state, byte for byte."""
    results = [Replay(pack_named("sse-2023"), real_feed, make).run() for make in (native_engine, reference_engine)]
    assert [result.holds for result in results] == [True, True]
    assert results[0].state_hash == results[1].state_hash


def test_the_timetable_is_the_packs_and_some_packs_cannot_replay() -> None:
    times = [
        (control.time // 10**9, control.kind.name, control.argument) for control in controls_of(pack_named("sse-2023"))
    ]
    assert times == [
        (33_300, "PHASE", 1),
        (33_900, "UNCROSS", 0),
        (33_900, "PHASE", 0),
        (34_200, "PHASE", 2),
        (41_400, "PHASE", 0),
        (46_800, "PHASE", 2),
        (53_820, "PHASE", 1),
        (54_000, "UNCROSS", 0),
        (54_000, "PHASE", 4),
    ]
    with pytest.raises(YunhaiError) as caught:
        controls_of(pack_named("twse-2026"))
    assert caught.value.code == 4106


@pytest.mark.parametrize("name", ["[red]morning", "[bold]a", "[x]"])
def test_brackets_in_a_folder_s_name_are_data(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    folder = morning().write(tmp_path / name)
    assert main(["replay", "l3", str(folder)]) == 0
    said = capsys.readouterr()
    assert folder.name in said.out
    assert said.err == ""
    table = said.out.splitlines()
    assert any("compared 比對" in line and "equal 相同" in line for line in table)
    assert not any("published 公布" in line and "equal" in line for line in table)


def test_a_refused_command_is_told_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    feed = morning()
    _cancel_of_nothing(feed)
    assert main(["replay", "l3", str(feed.write(tmp_path / "feed"))]) == 1
    assert "refused: 1021 No such order here 無此委託" in capsys.readouterr().out
