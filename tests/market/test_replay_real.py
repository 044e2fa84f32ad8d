"""The real Shanghai morning and the real futures day, replayed every way (what takes over 5 s is marked full)."""

import random
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from yunhai.apps.reference_data import pack_named
from yunhai.kernel.clock import DAY, SECOND, market_time
from yunhai.kernel.records import Kind, Phase
from yunhai.market.l3.compare import BookComparison, BookState
from yunhai.market.l3.feed import Feed, FeedSnapshot, read_feed
from yunhai.market.replay.book import QueueBook
from yunhai.market.replay.events import rows_of
from yunhai.market.replay.kept import Keeping
from yunhai.market.replay.published import published_source
from yunhai.market.replay.replay import Replay
from yunhai.market.replay.source import Source
from yunhai.market.replay.trade_file import trade_source

CODE = "600519"
MORNING = date(2023, 2, 7)


@dataclass(frozen=True)
class Morning:
    """The morning as a source, with what was published; `books`: of each position, (trades so far, ten levels)."""

    feed: Feed
    source: Source
    keeping: Keeping


@pytest.fixture(scope="module")
def morning(data_folder: Path) -> Morning:
    folder = data_folder / "l3_orders" / "sse_600519"
    feed = read_feed(folder)
    source = published_source("l3/sse-2023/600519/2023-02-07", MORNING, pack_named("sse-2023"), [(CODE, feed)])
    return Morning(feed, source, Keeping(source))


def ten_levels(replay: Replay) -> tuple[tuple[tuple[int, int], ...], ...]:
    return tuple(tuple((at, shares) for at, shares, _ in side) for side in replay.depth(CODE, 10))


def published_places(morning: Morning) -> tuple[BookComparison, dict[int, FeedSnapshot]]:
    """Step through the whole morning and compare as `yunhai replay l3` does; and of each published book after the opening the
    first position at which it stands."""
    source = morning.source
    midnight = int(market_time(MORNING, 0, offset=source.offset))
    comparison = BookComparison(morning.feed.snapshots)
    book = QueueBook(source.listing(CODE))
    wanted: dict[int, list[FeedSnapshot]] = {}
    for snapshot in morning.feed.snapshots:
        if snapshot.trades:
            wanted.setdefault(snapshot.trades, []).append(snapshot)
    places: dict[int, FeedSnapshot] = {}
    comparison.expects(0, 0)
    comparison.observe(BookState(0, 0, ((), ())))
    for position, row in enumerate(rows_of(source.events), start=1):
        book.apply(row)
        kind = row[0]
        time = int(source.times[position - 1]) - midnight
        if book.in_hand is not None or kind in (Kind.PHASE, Kind.UNCROSS):
            continue
        if book.phase == Phase.COLLECT and kind not in (Kind.TRIAL, Kind.TRADE):
            continue
        if kind == Kind.TRADE and comparison_is_mid_auction(source, position):
            continue
        if comparison.expects(book.trades, time) or book.trades in wanted:
            levels = tuple(tuple((level.price, level.quantity) for level in book.levels(side, 10)) for side in (1, 2))
            trial = None
            if kind == Kind.TRIAL:
                price, volume = book.trial
                trial = (price, volume, surplus(book, price, volume) if price else (0, 0))
            comparison.observe(BookState(book.trades, time, levels, trial))
            for snapshot in wanted.get(book.trades, ()):
                if levels == (snapshot.bids, snapshot.asks):
                    places.setdefault(position, snapshot)
    comparison.finish()
    return comparison, places


def comparison_is_mid_auction(source: Source, position: int) -> bool:
    """Whether the trade before a position is of an auction that has more."""
    return position < len(source) and source.events["kind"][position] == Kind.TRADE


def surplus(book: QueueBook, price: int, volume: int) -> tuple[int, int]:
    buys = sum(level.quantity for level in book.levels(1, 1 << 20) if level.price >= price)
    sells = sum(level.quantity for level in book.levels(2, 1 << 20) if level.price <= price)
    return buys - volume, sells - volume


@pytest.fixture(scope="module")
def places(morning: Morning) -> dict[int, FeedSnapshot]:
    comparison, found = published_places(morning)
    assert (comparison.books.compared, comparison.books.equal) == (2_511, 2_511)
    assert (comparison.trials.compared, comparison.trials.equal) == (126, 126)
    return found


@pytest.mark.full
def test_every_published_book_is_the_replays(morning: Morning, places: dict[int, FeedSnapshot]) -> None:
    assert len(places) >= 2_000
    replay = Replay(morning.source, [CODE], morning.keeping)
    rng = random.Random(7)
    for position in rng.sample(sorted(places), 100):
        replay.seek(position)
        assert ten_levels(replay) == (places[position].bids, places[position].asks)
        assert replay.figures(CODE).volume == places[position].volume
        assert replay.figures(CODE).value == places[position].value


@pytest.mark.full
def test_after_random_seeks_hash_and_book_are_those_of_stepping(morning: Morning) -> None:
    rng = random.Random(11)
    source = morning.source
    stepped = Replay(source, [CODE], morning.keeping)
    sought = Replay(source, [CODE], morning.keeping)
    wanted = sorted(rng.sample(range(len(source) + 1), 100))
    expected = {}
    for position in wanted:
        stepped.step(position - stepped.position)
        expected[position] = (stepped.events_hash(), stepped.book(CODE).keep())
    rng.shuffle(wanted)
    for position in wanted:
        sought.seek(position)
        assert (sought.events_hash(), sought.book(CODE).keep()) == expected[position]


@pytest.mark.full
@pytest.mark.parametrize("speed", [1_000, 10_000, 1_000_000])
def test_playing_the_morning_with_an_irregular_clock(
    morning: Morning, places: dict[int, FeedSnapshot], speed: int
) -> None:
    """The same millisecond has the same hash and the same book as a seek to it."""
    rng = random.Random(speed)
    source = morning.source
    played = Replay(source, [CODE], morning.keeping)
    sought = Replay(source, [CODE], morning.keeping)
    wall, happened, compared = 0, 0, 0
    played.play(speed, wall)
    while played.playing:
        wall += rng.randrange(1, 400 * SECOND * 1_000 // speed)
        moved = played.advance(wall)
        happened += len(moved.places)
        if played.playing and rng.random() < 0.5:
            compared += 1
            sought.seek_time(played.now)
            assert sought.position == played.position
            assert sought.events_hash() == played.events_hash()
            assert sought.book(CODE).keep() == played.book(CODE).keep()
            published = places.get(played.position)
            assert published is None or ten_levels(played) == (published.bids, published.asks)
    assert happened == len(source) == played.position
    assert compared > 10
    assert played.events_hash() == source.hash_at(len(source))
    last = morning.feed.snapshots[-1]
    assert ten_levels(played) == (last.bids, last.asks)


@pytest.fixture(scope="module")
def futures(data_folder: Path) -> Source:
    path = data_folder / "taifex" / "time_and_sales_2021-07-26.csv.gz"
    return trade_source("trades/TX/2021-07-26", path, "TX")


def test_the_futures_day_at_a_thousand_drops_nothing(futures: Source) -> None:
    assert len(futures) == 96_334
    names = [one.name for one in futures.listings]
    replay = Replay(futures, names)
    rng = random.Random(4)
    wall, happened, volume = 0, 0, 0
    replay.play(1_000_000, wall)
    while replay.playing:
        wall += rng.randrange(1, SECOND)
        moved = replay.advance(wall, most=2_000)
        assert len(moved.places) == moved.last - moved.first
        happened += len(moved.places)
        volume += int(futures.events["quantity"][moved.places].astype(int).sum())
    assert happened == 96_334
    assert volume == int(futures.events["quantity"].astype(int).sum())
    assert sum(replay.figures(name).volume for name in names) == volume
    assert sum(replay.figures(name).trades for name in names) == 96_334
    assert replay.figures("TX202108").last == futures.events["price"][np_last(futures, "TX202108")]
    assert wall >= (int(futures.times[-1]) - int(futures.times[0])) // 1_000 > DAY // 1_000


def np_last(source: Source, name: str) -> int:
    return int(source.trades_of(source.listing(name).book)[-1])
