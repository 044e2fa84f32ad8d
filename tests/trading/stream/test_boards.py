"""The boards of a small market, the index by hand, and its closing levels: followed live and worked out from the journal later."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.services.small_market import CODES, REFERENCES, SmallMarket
from tests.trading.core_harness import ANNE, CARL
from tests.trading.stream.cloud import both, reading, require_gapless
from tests.trading.stream.test_quotes import Market
from tests.trading.stream.test_stream import order
from yunhai.journal.reader import Reader as Journal
from yunhai.kernel.clock import SECOND
from yunhai.kernel.records import Kind, Side
from yunhai.trading import tokens
from yunhai.trading.core.packing import trading_records
from yunhai.trading.stream.boards import Boards, percent_text
from yunhai.trading.stream.counted import Counted
from yunhai.trading.stream.following import Following
from yunhai.trading.stream.hub import Hub
from yunhai.trading.stream.index import BASE, Index, Level, Levels, level_text
from yunhai.trading.stream.issues import SECTORS, Issue, Issues, dates, issues_of

NT = 10_000
TSMC, CEMENT = 25_932_370_067, 7_523_181_742


class Watched(Market):
    """The small market of the quotes, with its boards."""

    def __init__(self, previous: int = BASE) -> None:
        super().__init__()
        self.boards = Boards(self.day, issues_of("2026-08-21"), previous)
        take = self.board.take

        def both_take(records: Any) -> None:
            take(records)
            self.boards.take(records)

        self.board.take = both_take  # type: ignore[method-assign]

    def trade(self, at: str, price: float, quantity: int = 1_000) -> None:
        self.order(at, Side.BUY, quantity, price)
        self.order(at, Side.SELL, quantity, price)


def test_the_shipped_table_is_dated_and_names_every_industry() -> None:
    assert dates() == ("2026-08-21",)
    table = issues_of("2027-01-04")
    assert (table.dated, issues_of("2013-01-02").dated) == ("2026-08-21", "2026-08-21")
    assert table.rows["2330"] == Issue(code="2330", sector="24", shares=TSMC)
    assert {one.sector for one in table.rows.values()} <= set(SECTORS)
    assert min(one.shares for one in table.rows.values()) > 0
    assert len(table.rows) == 19, "the stocks that the demo lists"


@pytest.mark.parametrize(
    ("difference", "reference", "text"),
    [
        (150, 10_000, "1.50"),
        (-150, 10_000, "-1.50"),
        (1, 30_000, "0.00"),
        (-1, 30_000, "0.00"),
        (1, 20_000, "0.01"),
        (5, 0, ""),
    ],
)
def test_percent_is_rounded_half_away_from_zero(difference: int, reference: int, text: str) -> None:
    assert percent_text(difference, reference) == text


def test_an_index_moves_by_the_worth_of_its_members() -> None:
    index = Index({0: (100 * NT, 3_000), 1: (50 * NT, 4_000)}, BASE)
    assert (index.level, index.members) == (BASE, 2)
    index.take([0], [0], [110 * NT])  # worth 300,000 + 200,000 becomes 330,000 + 200,000
    assert level_text(index.level) == "1060.00"
    index.take([0], [7], [1])  # not a member
    assert level_text(index.level) == "1060.00"


def test_open_high_and_low_are_of_whole_seconds() -> None:
    """Within a second an auction trades one book after another: what lies between is no market."""
    index = Index({0: (100 * NT, 1_000), 1: (100 * NT, 1_000)}, BASE)
    index.take([5 * SECOND, 5 * SECOND], [0, 1], [110 * NT, 90 * NT])
    index.take([7 * SECOND], [0], [108 * NT])
    assert (index.open, index.high, index.low) == (BASE, BASE, BASE), "the auction's second ended where it began"
    assert [level_text(one) for one in index.span()] == ["1000.00", "1000.00", "990.00"], "the running second is shown"
    index.end_second()
    assert (level_text(index.level), level_text(index.low), level_text(index.high)) == ("990.00", "990.00", "1000.00")
    assert [level_text(one) for one in index.minutes.values()] == ["990.00"]


def test_however_trades_are_cut_the_index_is_the_same() -> None:
    generator = np.random.default_rng(3)
    times = np.sort(generator.integers(0, 200 * SECOND, 300)).tolist()
    books, prices = generator.integers(0, 4, 300).tolist(), (generator.integers(80, 120, 300) * NT).tolist()
    made = []
    for step in (1, 7, 300):
        index = Index({book: (100 * NT, 1_000 + book) for book in range(3)}, BASE)
        for at in range(0, 300, step):
            index.take(times[at : at + step], books[at : at + step], prices[at : at + step])
        made.append((index.level, index.open, index.high, index.low, index.minutes))
    assert made[0] == made[1] == made[2]


def test_an_ex_right_day_does_not_move_it() -> None:
    """The day before closed at 100; half of it is given as new shares, and the reference is half: both sums know of it."""
    index = Index({0: (50 * NT, 2_000)}, 1_234 * BASE // 1_000)
    assert level_text(index.level) == "1234.00"


def test_the_boards_of_a_small_market() -> None:
    market = Watched()
    market.to("09:00:01")
    data = market.boards.data(market.day.at("09:00:01"), minutes=True)
    assert (data.index.level, data.index.open, data.index.minutes) == ("1000.00", "", ())
    assert (data.breadth.untraded, data.movers["up"], data.trades) == (2, (), 0)

    market.trade("09:01", 103, 2_000)
    market.trade("09:01:30", 102, 1_000)
    data = market.boards.data(market.day.at("09:02"), minutes=True)
    worth = TSMC * 102 + CEMENT * 42
    assert data.index.level == f"{1000 * worth / (TSMC * 100 + CEMENT * 42):.2f}"
    assert (data.index.members, data.index.worth, data.index.issues) == (2, f"{worth}.00", "2026-08-21")
    assert data.index.minutes == (
        ("09:01", level_text(BASE * (TSMC * 103 + CEMENT * 42) // (TSMC * 100 + CEMENT * 42))),
    )
    breadth = data.breadth
    assert (breadth.advancing, breadth.declining, breadth.unchanged, breadth.untraded) == (1, 0, 0, 1)
    (mover,) = data.movers["up"]
    assert (mover.code, mover.last, mover.change, mover.percent, mover.volume) == (
        "2330",
        "102.00",
        "2.00",
        "2.00",
        3_000,
    )
    assert (data.movers["down"], data.movers["value"], data.volume) == ((), (mover,), 3_000)
    cement, chips = data.sectors
    assert (cement.sector, cement.en, cement.percent, cement.share, cement.leader) == (
        "01",
        "Cement",
        "0.00",
        "0.00",
        "",
    )
    assert (chips.percent, chips.advancing, chips.value, chips.share, chips.leader) == (
        "2.00",
        1,
        "308000.00",
        "100.00",
        "2330",
    )


def test_marks_of_limit_up_and_limit_down() -> None:
    market = Watched()
    market.to("09:00:01")
    quote = market.quote()
    assert (quote.limit_up, quote.limit_down, quote.last_limit) == ("110.00", "90.00", "")
    market.to("13:25:01")  # the closing call knows no band: one auction may go to the limit
    market.order("13:26", Side.BUY, 5_000, 110)
    market.order("13:26", Side.SELL, 1_000, 110)
    market.to("13:31")
    quote = market.quote()
    assert (quote.last, quote.last_limit) == ("110.00", "up")
    data = market.boards.data(market.day.at("13:31"))
    (mover,) = data.movers["up"]
    assert (data.breadth.limit_up, mover.limit, mover.locked) == (1, "up", False), "all orders are gone"


def test_a_limit_is_locked_while_somebody_wants_and_nobody_gives() -> None:
    market = Watched()
    market.to("09:00:01")
    market.trade("09:05", 110)  # an interruption: it trades by the auction that ends it
    market.to("09:08")

    def locked(at: str) -> bool:
        (mover,) = market.boards.data(market.day.at(at)).movers["up"]
        assert (mover.last, mover.limit) == ("110.00", "up")
        return mover.locked

    assert not locked("09:08"), "both sides are empty"
    market.order("09:09", Side.BUY, 5_000, 110)
    assert locked("09:09")
    market.order("09:10", Side.SELL, 6_000, 110)
    assert not locked("09:10"), "sellers are left"


def test_the_ranking_by_amplitude() -> None:
    """High less low in percent of the reference; who traded at one price only has none and is not ranked."""
    market = Watched()
    market.to("09:00:01")
    market.trade("09:01", 101)
    assert market.boards.data(market.day.at("09:01:30")).movers["amplitude"] == ()
    market.trade("09:02", 99.5)
    (mover,) = market.boards.data(market.day.at("09:03")).movers["amplitude"]
    assert (mover.code, mover.amplitude, mover.percent) == ("2330", "1.50", "-0.50")


def test_best_prices_at_a_limit_are_marked() -> None:
    market = Market()
    market.to("13:25:01")
    market.order("13:26", Side.BUY, 5_000, 110)
    assert (market.quote().bid_limit, market.quote().ask_limit) == ("up", "")
    market.order("13:26:01", Side.SELL, 9_000, 90)
    assert market.quote().ask_limit == "down"


def test_an_interruption_says_until_when() -> None:
    market = Market()
    market.to("09:20")
    for place, price in enumerate((100, 104)):
        at = f"09:2{place + 1}"
        market.order(at, Side.SELL, 1_000, price)
        market.order(at, Side.BUY, 1_000, price)
    quote = market.quote()
    assert quote.phase == "halted"
    assert quote.halted_until[11:16] == "09:24"
    market.to("09:25")
    assert (market.quote().phase, market.quote().halted_until) == ("continuous", "")


def test_periodic_auctions_of_empty_books_change_nothing() -> None:
    market = Market()
    market.to("09:30")
    market.board.take_changed()
    market.to("09:35")
    assert market.board.take_changed() == []
    market.order("09:35:01", Side.BUY, 7, 100, "odd_lot")
    assert market.board.take_changed() == [market.board.books["2330"]["odd_lot"]]


# -- closing levels ---------------------------------------------------------------------------------------------------------


def two_days(folder: Path) -> None:
    market = SmallMarket(folder)
    market.endow()
    for day, settles in (("2026-08-21", "2026-08-25"), ("2026-08-24", "2026-08-26")):
        market.open_day(day, settles)
        market.trade(120)
        market.end_day(day)
    market.close_journal()


def followed(journal: Path) -> tuple[Levels, int]:
    """The levels of a hub that follows the journal, and the last sequence."""
    levels = Levels()
    following = Following(journal, journal.parent / "none", wall=lambda: 0, orders=1 << 14, ids=1 << 18)
    hub = Hub(following, tokens.Verifier(tokens.new_key()[1]), lambda: 0.0, Counted(), levels)
    assert following.begin()
    while (turn := following.step()) is not None:
        hub.take(turn)
    return levels, following.sequence


def by_hand(journal: Path) -> list[int]:
    """Closing levels of the two stocks: last trades of each day, in binary64."""
    shares = {code: issues_of("2026-08-21").rows[code].shares for code in CODES[:2]}
    last: dict[str, int] = {}
    days: list[dict[str, int]] = []
    reader = Journal(journal, 1)
    time = 0
    while (group := reader.next()) is not None:
        for record in trading_records(group)[1]:
            if int(record["time"]) - time > 12 * 3_600 * SECOND and last:
                days.append(last)
                last = {}
            time = int(record["time"])
            if record["kind"] == Kind.TRADE:
                place, segment = divmod(int(record["book"]), 3)  # board, odd lot, odd lot after hours
                if not segment:
                    last[CODES[place]] = int(record["price"])
    days.append(last)
    level, levels = 1_000.0, []
    base = sum(REFERENCES[code] * held for code, held in shares.items())
    for prices in days:
        level *= sum(prices.get(code, REFERENCES[code]) * held for code, held in shares.items()) / base
        levels.append(round(level, 2))
    return levels


def test_closing_levels_followed_live_are_those_worked_out_later(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    two_days(journal)
    live, end = followed(journal)
    assert [one.date for one in live.days] == ["2026-08-21", "2026-08-24"]
    assert [round(one.level / 1e6, 2) for one in live.days] == by_hand(journal)
    assert live.days[0].level != BASE
    file = tmp_path / "index" / "levels.json"
    later = Levels(file)
    later.complete(journal, end)
    assert later.days == live.days
    assert Levels(file).days == live.days
    assert later.before("2026-08-24") == live.days[0].level
    assert later.before("2026-08-21") == BASE


def test_levels_are_completed_from_where_they_were_read_to(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    two_days(journal)
    live, end = followed(journal)
    file = tmp_path / "levels.json"
    Levels(file).complete(journal, live.days[0].sequence)
    half = Levels(file)
    assert half.days == live.days[:1]
    half.complete(journal, end)
    assert half.days == live.days
    before = file.stat().st_mtime_ns
    half.complete(journal, end)
    half.add(live.days[1])
    assert file.stat().st_mtime_ns == before, "nothing new, nothing written"


def test_a_file_that_cannot_be_read_is_made_again(tmp_path: Path) -> None:
    file = tmp_path / "levels.json"
    file.write_text("{")
    levels = Levels(file)
    levels.add(Level(date="2026-08-21", level=BASE + 1, sequence=9))
    assert Levels(file).before("2026-08-22") == BASE + 1


# -- over the stream ---------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
@pytest.mark.full
async def test_boards_come_as_a_snapshot_and_then_once_a_second(tmp_path: Path) -> None:
    async with both(tmp_path) as (core, _), reading(core) as reader:
        snapshot = await reader.ask("subscribe", channel="boards")
        assert (snapshot["op"], snapshot["sequence"]) == ("snapshot", 1)
        assert snapshot["data"]["index"]["level"] == "1000.00"
        await order(core, ANNE, price="101", quantity=2000)
        await order(core, CARL, side="sell", price="101", quantity=1000)
        while (update := await reader.next("update", "boards"))["data"]["volume"] == 0:
            pass
        assert update["as_of"] > snapshot["as_of"]
        assert update["data"]["breadth"]["advancing"] == 1
        assert update["data"]["index"]["level"] > "1000.00"
        assert update["data"]["index"]["minutes"] == []
        await reader.ask("unsubscribe", channel="boards")
        require_gapless(reader)


@pytest.mark.asyncio
async def test_whoever_asks_from_a_sequence_gets_a_fresh_snapshot(tmp_path: Path) -> None:
    """On the same connection it goes on counting; on a new one it begins at 1: nothing that was missed is sent again."""
    async with both(tmp_path) as (core, _):
        async with reading(core) as reader:
            first = await reader.ask("subscribe", channel="quotes", codes=["2330"])
            await order(core, ANNE, price="101", quantity=2000)
            update = await reader.next("update", "quotes")
            while not any(one["bids"] for one in update["data"]["quotes"]):  # what the day's opening still changed
                update = await reader.next("update", "quotes")
            again = await reader.ask("subscribe", channel="quotes", codes=["2330"], after=first["sequence"])
            assert again["op"] == "snapshot"
            assert again["sequence"] > update["sequence"]
            require_gapless(reader)
            assert again["as_of"] >= update["as_of"]
            assert again["data"]["quotes"][0]["bids"] == [["101.00", 2000]]
        async with reading(core) as reader:
            fresh = await reader.ask("subscribe", channel="quotes", codes=["2330"], after=again["sequence"])
            assert (fresh["op"], fresh["sequence"]) == ("snapshot", 1)
            assert fresh["data"] == again["data"]


def test_a_day_without_a_table_for_its_stocks_has_no_index() -> None:
    market = Watched()
    empty = Boards(market.day, Issues(dated="2026-08-21", rows={}), BASE)
    data = empty.data(0)
    assert (data.index.level, data.index.members, data.sectors, data.index.previous) == ("", 0, (), "1000.00")
