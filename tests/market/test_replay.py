"""Moving through a source: whatever the way to a position, the same hash and the same books; what is asked of a position."""

import hashlib
import json
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pytest

from tests.market.replay_scene import (
    BUY,
    LISTINGS,
    NINE,
    NT,
    SELL,
    command,
    config,
    engine_events,
    hand_worked,
    new,
    price,
    queues,
    small_source,
    source_of,
)
from yunhai.kernel.clock import MINUTE, SECOND
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.records import Kind
from yunhai.market.lake import engine
from yunhai.market.replay.events import public_events
from yunhai.market.replay.export import export
from yunhai.market.replay.kept import Keeping, KeptBook
from yunhai.market.replay.link import Permalink, bookmark_of, link_of, open_link, read_link
from yunhai.market.replay.own import own_orders
from yunhai.market.replay.playing import Timeline, speed_of
from yunhai.market.replay.replay import Replay
from yunhai.market.replay.source import Source, SourceKind
from yunhai.market.replay.span import Range, attainable, span

Shown = tuple[object, ...]


def code_of(refused: pytest.ExceptionInfo[YunhaiError]) -> int:
    return refused.value.code


def shown(replay: Replay) -> Shown:
    """All that a position shows."""
    books = tuple(
        (name, tuple(queues(replay.book(name), BUY)), tuple(queues(replay.book(name), SELL)), replay.book(name).keep())
        for name in (listing.name for listing in replay.listings)
    )
    return replay.position, replay.events_hash(), books, replay.tape()


def busy_source(orders: int = 3_000) -> Source:
    """Two securities with so many seeded orders, one every 20 ms on average, and an hour's pause in the middle."""
    rng = random.Random(5)
    commands = [command(Kind.PHASE, 0, book, side=2) for book in (0, 1)]
    at = 1.0
    for number in range(1, orders + 1):
        at += rng.random() * 0.04 + (3600 if number == orders // 2 else 0)
        book = rng.randrange(2)
        near = (10, 20)[book] + rng.randrange(-8, 9) / 10
        commands.append(new(at, book, number, rng.choice((BUY, SELL)), near, rng.randrange(1, 50)))
        if rng.random() < 0.3:
            cancelled = rng.randrange(1, number + 1)
            commands += [command(Kind.CANCEL, at, one, order_id=cancelled, account=70) for one in (0, 1)]
    return source_of(engine_events(np.concatenate(commands), config(10 * NT), config(20 * NT)))


@pytest.fixture(scope="module")
def busy() -> Source:
    return busy_source()


# -- what an event is ----------------------------------------------------------------------------------------------------


def test_an_event_says_nothing_of_whose_it_is() -> None:
    made = engine_events(hand_worked())
    events = public_events(made)
    assert not events["tenant"].any()
    assert not events["account"].any()
    assert not events["source"][events["kind"] <= Kind.REPRICE].any()
    assert not np.isin(events["kind"], [Kind.FILL, Kind.NONE]).any()
    assert 10 not in events["order_id"][events["kind"] == Kind.NEW]  # refused: it never was in the market
    other = hand_worked()
    other["tenant"], other["account"], other["reserved"] = 8, 80, 77
    assert public_events(engine_events(other)).tobytes() == events.tobytes()


def test_the_hash_is_the_one_that_the_page_describes(busy: Source) -> None:
    """Computed here from docs/concepts/replay.md alone."""
    told = {
        "yunhai_replay": 1,
        "kind": "l3",
        "day": "2026-08-21",
        "offset_ns": 28_800_000_000_000,
        "listings": [
            [0, "A", "board", 1, 100_000, False, 0],
            [1, "B", "board", 1, 200_000, False, 0],
        ],
    }
    head = json.dumps(told, separators=(",", ":")).encode()
    data = busy.events.tobytes()
    assert len(busy) > 4_096
    for position in (0, 1, 4_095, 4_096, 4_097, len(busy)):
        link = hashlib.sha256(head).digest()
        block = 4_096 * 64
        for start in range(0, position * 64, block):
            link = hashlib.sha256(link + data[start : min(start + block, position * 64)]).digest()
        assert busy.hash_at(position) == link


def test_one_other_bit_is_another_hash_from_there_on(busy: Source) -> None:
    events = busy.events.copy()
    events["quantity"][2_000] += 1
    other = replace(busy, events=events)
    assert other.hash_at(2_000) == busy.hash_at(2_000)
    assert other.hash_at(2_001) != busy.hash_at(2_001)
    assert other.hash_at(len(busy)) != busy.hash_at(len(busy))
    named = replace(busy, listings=(replace(LISTINGS[0], code="C"), LISTINGS[1]))
    assert named.hash_at(0) != busy.hash_at(0)
    assert replace(busy, id="test/other").hash_at(9) == busy.hash_at(9)


def test_a_hash_asked_by_many_at_once_is_one(busy: Source) -> None:
    whole = busy.events
    for _ in range(5):
        fresh = replace(busy, events=whole.copy())
        with ThreadPoolExecutor(8) as threads:
            found = set(threads.map(lambda _, source=fresh: source.hash_at(len(source)), range(8)))
        assert found == {busy.hash_at(len(busy))}


def test_events_out_of_order_or_of_no_listed_book_are_no_source() -> None:
    events = small_source().events
    for wrong in (events[::-1].copy(), np.concatenate([events, events[:1]])):
        with pytest.raises(YunhaiError) as refused:
            source_of(wrong)
        assert code_of(refused) == 7481
    for listings in (LISTINGS[:1], (*LISTINGS, replace(LISTINGS[0], book=2))):
        with pytest.raises(YunhaiError) as refused:
            source_of(events, listings)
        assert code_of(refused) == 7481


def test_events_that_are_no_markets_are_refused_when_they_are_read() -> None:
    events = small_source().events
    source = source_of(events[events["kind"] != Kind.NEW])
    with pytest.raises(YunhaiError) as refused:
        Replay(source, ["A"])
    assert code_of(refused) == 7481


# -- moving --------------------------------------------------------------------------------------------------------------


def test_seeking_stepping_and_playing_come_to_the_same(busy: Source) -> None:
    rng = random.Random(1)
    keeping = Keeping(busy)
    walked = Replay(busy, ["A", "B"], keeping)
    expected: dict[int, Shown] = {}
    wanted = {0, len(busy), *(rng.randrange(len(busy)) for _ in range(60))}
    for position in range(len(busy) + 1):
        assert walked.position == position
        if position in wanted:
            expected[position] = shown(walked)
        walked.step()
    sought = Replay(busy, ["A", "B"], keeping)
    order = sorted(wanted)
    rng.shuffle(order)
    for position in order:
        sought.seek(position)
        assert shown(sought) == expected[position]
    for position in sorted(wanted - {len(busy)}, reverse=True)[:20]:
        sought.seek(position + 1)
        sought.step(-1)
        assert shown(sought) == expected[position]


@pytest.mark.parametrize("speed", [100, 1_000, 10_000, 1_000_000])
@pytest.mark.parametrize("idle", [0, MINUTE])
def test_playing_drops_nothing_at_any_speed_however_irregular_the_clock(busy: Source, speed: int, idle: int) -> None:
    rng = random.Random(speed)
    replay = Replay(busy, ["A", "B"])
    wall, happened = 5 * SECOND, []
    replay.play(speed, wall, idle=idle)
    while replay.playing:
        before = replay.now
        last_wall, wall = wall, wall + rng.choice((0, 1, 40_000_000, rng.randrange(SECOND * 4_000_000 // speed)))
        most = rng.choice((1, 50, 10_000))
        moved = replay.advance(wall, most=most)
        assert len(moved.places) <= most
        happened += moved.places.tolist()
        assert moved.last - moved.first == len(moved.places)
        assert replay.now - before <= 3_700 * SECOND
        if replay.playing and not idle and len(moved.places) == 0:
            assert replay.now == NINE + (wall - 5 * SECOND) * speed // 1_000
        assert last_wall <= wall
    assert happened == list(range(len(busy)))
    walked = Replay(busy, ["A", "B"])
    walked.seek(len(busy))
    assert shown(replay) == shown(walked)


def test_what_is_due_is_due_at_its_time_and_not_before(busy: Source) -> None:
    replay = Replay(busy, ["A"])
    replay.seek_time(NINE + 10 * SECOND)
    replay.play(250, 0)
    for _ in range(50):
        due = replay.next_due()
        assert due is not None
        assert len(replay.advance(due - 1).places) == 0
        assert len(replay.advance(due).places) >= 1


def test_a_long_silence_lasts_only_as_long_as_is_said(busy: Source) -> None:
    replay = Replay(busy, ["A", "B"])
    real, cut = 0, 0
    for idle in (0, MINUTE):
        replay.seek(0)
        replay.play(1_000, 0, idle=idle)
        playing = replay.playing
        assert playing is not None
        end = playing.wall_of(playing.line.played(int(busy.times[-1])))
        replay.advance(end - 1)
        assert replay.playing is not None
        replay.advance(end)
        assert (replay.playing, replay.position) == (None, len(busy))
        real, cut = cut, end
    gap = int(np.diff(busy.times).max())
    assert real - cut == gap - MINUTE
    line = Timeline(busy.times, MINUTE)
    for moment in (int(busy.times[0]), int(busy.times[77]), int(busy.times[-1])):
        assert line.market(line.played(moment)) == moment


def test_playing_from_within_a_silence_leaps_over_nothing(busy: Source) -> None:
    """From the middle of the hour's pause: what is left of it is cut to nothing, and what follows comes at its own pace."""
    pause = int(np.diff(busy.times).argmax())
    after = int(busy.times[pause + 1])
    replay = Replay(busy, ["A", "B"])
    replay.seek_time(int(busy.times[pause]) + 1_800 * SECOND)
    assert replay.position == pause + 1
    replay.play(1_000, 0, idle=MINUTE)
    replay.advance(0)
    assert replay.position == busy.position_at(after)
    replay.advance(SECOND)
    assert (replay.now, replay.position) == (after + SECOND, busy.position_at(after + SECOND))


def test_pausing_and_rebasing(busy: Source) -> None:
    replay = Replay(busy, ["A", "B"])
    replay.play(1_000, 0)
    replay.pause(20 * SECOND)
    assert (replay.now, replay.playing) == (NINE + 20 * SECOND, None)
    assert len(replay.advance(60 * SECOND).places) == 0
    replay.play(1_000, 100 * SECOND)
    replay.advance(101 * SECOND)
    replay.rebase(500 * SECOND)  # a reader that stood still for 400 s
    replay.advance(501 * SECOND)
    assert replay.now == NINE + 22 * SECOND
    replay.play(2_000, 501 * SECOND)
    replay.advance(502 * SECOND)
    assert replay.now == NINE + 24 * SECOND


def test_securities_go_in_step_and_one_alone_steps_by_its_own_events() -> None:
    both, one = Replay(small_source(), ["A", "B"]), Replay(small_source(), ["B"])
    one.step(4)  # collect, continuous, the sell order, the buy order
    assert one.book("B").in_hand == 8
    both.seek(one.position)
    assert both.events_hash() == one.events_hash()
    assert both.book("B").keep() == one.book("B").keep()
    one.step(99)
    assert one.book("B").volume == 4
    one.step(-99)
    assert one.position == 1  # after it A's phase, which is none of B's events, has happened
    assert one.book("B").phase == 0


def test_seeking_an_order_and_a_moment() -> None:
    replay = Replay(small_source(), ["A", "B"])
    replay.seek_order(7)
    assert (replay.now, replay.book("A").in_hand) == (NINE + 7 * SECOND, 7)
    replay.seek_time(NINE + 6_999_999_999)
    assert (replay.now, replay.book("A").volume) == (NINE + 6_999_999_999, 50)
    for order in (10, 99, 1 << 64, -1):
        with pytest.raises(YunhaiError) as refused:
            replay.seek_order(order)
        assert code_of(refused) == 7483
    with pytest.raises(YunhaiError) as refused:
        Replay(small_source(), ["B"]).seek_order(7)
    assert code_of(refused) == 7483


@pytest.mark.parametrize(
    ("names", "code"), [([], 7486), (["A", "A"], 7486), (["C"], 7486), ([str(n) for n in range(17)], 7486)]
)
def test_securities_that_cannot_be_chosen(names: list[str], code: int) -> None:
    with pytest.raises(YunhaiError) as refused:
        Replay(small_source(), names)
    assert code_of(refused) == code


def test_a_refused_seek_changes_nothing() -> None:
    replay = Replay(small_source(), ["A", "B"])
    replay.seek_time(NINE + 7 * SECOND)
    before = shown(replay)
    for refusal in (
        lambda: replay.seek(-1),
        lambda: replay.seek(replay.end + 1),
        lambda: replay.seek_time(NINE - 2 * 86_400 * SECOND),
        lambda: replay.seek_order(99),
        lambda: replay.play(99, 0),
        lambda: replay.play(1_000_001, 0),
    ):
        with pytest.raises(YunhaiError):
            refusal()
    assert (shown(replay), replay.now, replay.playing) == (before, NINE + 7 * SECOND, None)


@pytest.mark.parametrize(("text", "speed"), [("0.1", 100), ("1", 1_000), ("2.5", 2_500), ("1000", 1_000_000)])
def test_speeds_as_text(text: str, speed: int) -> None:
    assert speed_of(text) == speed


@pytest.mark.parametrize("text", ["", "0", "0.05", "1001", "-1", "1e3", "٣", "1.0001", "1.x", "fast"])
def test_speeds_that_are_none(text: str) -> None:
    with pytest.raises(YunhaiError) as refused:
        speed_of(text)
    assert code_of(refused) == 7487


def test_kept_states_stay_in_their_room(busy: Source) -> None:
    free = KeptBook(busy, LISTINGS[0], apart=64)
    narrow = KeptBook(busy, LISTINGS[0], apart=64, room=free.bytes // 3)
    assert (free.apart, narrow.apart) == (64, 256)
    assert narrow.bytes <= free.bytes // 3
    for local in range(0, len(free), 97):
        assert narrow.at(local).keep() == free.at(local).keep()


def test_a_source_cut_at_a_moment_has_the_same_positions_and_hashes(busy: Source) -> None:
    cut = busy.before(NINE + 20 * SECOND)
    assert 0 < len(cut) < len(busy)
    assert int(cut.times[-1]) <= NINE + 20 * SECOND < int(busy.times[len(cut)])
    assert cut.hash_at(len(cut)) == busy.hash_at(len(cut))
    assert cut.before(NINE + 10 * SECOND).hash_at(9) == busy.hash_at(9)
    for book in (0, 1):
        assert cut.places_of(book).tolist() == [one for one in busy.places_of(book) if one < len(cut)]
        assert cut.trades_of(book).tolist() == [one for one in busy.trades_of(book) if one < len(cut)]
    orders = busy.events["order_id"]
    entries = [place for place in range(len(busy)) if busy.events["kind"][place] == Kind.NEW]
    before, after = (next(one for one in entries if (one >= len(cut)) is late) for late in (False, True))
    assert cut.entry_of(int(orders[before]), (0, 1)) == before
    with pytest.raises(YunhaiError):
        cut.entry_of(int(orders[after]), (0, 1))
    replay = Replay(cut, ["A", "B"], Keeping(busy))
    replay.seek(len(cut))
    whole = Replay(busy, ["A", "B"])
    whole.seek(len(cut))
    assert shown(replay) == shown(whole)
    with pytest.raises(YunhaiError):
        replay.seek(len(cut) + 1)


# -- what is asked -------------------------------------------------------------------------------------------------------


def test_the_tape_is_newest_first() -> None:
    replay = Replay(small_source(), ["A", "B"])
    replay.seek_time(NINE + 11 * SECOND)
    tape = [(one.name, one.price, one.quantity, one.buyer, one.seller, one.auction, one.taker) for one in replay.tape()]
    assert tape == [
        ("A", price(10), 15, 1, 9, False, 2),
        ("A", price(10.1), 100, 7, 9, False, 2),
        ("B", price(20), 4, 8, 6, False, 1),
        ("A", price(10.1), 300, 7, 4, False, 1),
        ("A", price(10), 50, 1, 3, True, 0),
    ]
    assert [one.name for one in replay.tape(1, name="B")] == ["B"]
    replay.seek_time(NINE + 7 * SECOND)
    assert [one.quantity for one in replay.tape()] == [300, 50]


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (0, []),
        (1, [(1, "resting", 100, 0, 0, 0), (2, "resting", 200, 0, 0, 100)]),
        (4, [(1, "resting", 100, 50, 0, 0), (2, "resting", 200, 0, 0, 50)]),
        (
            5,
            [(1, "resting", 100, 50, 0, 0), (2, "resting", 200, 0, 0, 50), (5, "resting", 30, 0, 0, 250)],
        ),
        (
            11,
            [
                (1, "resting", 100, 65, 20, 0),
                (2, "resting", 200, 0, 0, 0),
                (5, "gone", 30, 0, 30, None),
                (7, "filled", 400, 400, 0, None),
                (8, "filled", 4, 4, 0, None),
            ],
        ),
    ],
)
def test_ones_own_orders(second: int, expected: list[tuple[object, ...]]) -> None:
    replay = Replay(small_source(), ["A", "B"])
    replay.seek_time(NINE + second * SECOND)
    found = [
        (one.order, one.state, one.quantity, one.filled, one.removed, one.place.ahead if one.place else None)
        for one in own_orders(replay, {1, 2, 5, 7, 8, 10, 12345})
    ]
    assert found == expected


def test_ones_own_order_in_hand_and_repriced() -> None:
    replay = Replay(small_source(), ["A"])
    replay.seek_order(7)
    (own,) = own_orders(replay, {7})
    assert (own.state, own.filled, own.place) == ("in-hand", 0, None)
    replay.seek_time(NINE + 9 * SECOND)
    own = own_orders(replay, {2})[0]
    assert (own.price, own.entered_ns, own.state) == (price(9.9), NINE + SECOND, "resting")
    with pytest.raises(YunhaiError) as refused:
        own_orders(replay, set(range(1_001)))
    assert code_of(refused) == 7496


def test_an_order_repriced_into_the_other_side_is_in_hand_again() -> None:
    commands = np.concatenate(
        [
            command(Kind.PHASE, 0, 0, side=2),
            new(1, 0, 1, BUY, 10.0, 100),
            new(2, 0, 2, SELL, 10.0, 30),
            new(3, 0, 3, SELL, 10.2, 20),
            command(Kind.REPRICE, 4, 0, order_id=1, price=price(10.2), account=70),
        ]
    )
    replay = Replay(source_of(engine_events(commands), LISTINGS[:1]), ["A"])
    told = []
    for position in range(replay.end - 3, replay.end + 1):
        replay.seek(position)
        (own,) = own_orders(replay, {1})
        told.append((own.state, own.filled, own.price, own.place.leaves if own.place else None))
    assert told == [
        ("resting", 30, price(10), 70),
        ("resting", 30, price(10), 70),
        ("in-hand", 30, price(10.2), None),
        ("resting", 50, price(10.2), 50),
    ]


def test_a_span_as_worked_by_hand() -> None:
    replay = Replay(small_source(), ["A", "B"])
    source = replay.source
    first, last = (source.position_at(NINE + second * SECOND) for second in (5, 10))
    found = span(replay, "A", first, last)
    assert (found.bid, found.ask) == (Range(price(10.1), price(10)), Range(price(10.1), price(10.1)))
    assert (found.high, found.low, found.opening, found.closing) == (price(10.1), price(10), price(10.1), price(10))
    assert (found.trades, found.volume) == (3, 415)
    assert found.value == price(10.1) * 400 + price(10) * 15
    assert found.average == found.value // 415
    quiet = span(replay, "B", 0, 3)
    assert (quiet.bid, quiet.ask, quiet.trades, quiet.average) == (None, None, 0, 0)
    for first, last in ((5, 5), (6, 5), (-1, 5), (0, replay.end + 1)):
        with pytest.raises(YunhaiError) as refused:
            span(replay, "A", first, last)
        assert code_of(refused) == 7491


def test_a_spans_figures_are_those_of_every_position_looked_at(busy: Source) -> None:
    rng = random.Random(3)
    replay = Replay(busy, ["A", "B"])
    for _ in range(10):
        first = rng.randrange(len(busy) - 200)
        last = first + rng.randrange(1, 200)
        found = span(replay, "A", first, last)
        bids, asks, tops = [], [], []
        for position in range(first, last + 1):
            replay.seek(position)
            bid, ask = replay.book("A").quotes()
            bids += [bid] * bool(bid)
            asks += [ask] * bool(ask)
            tops += [one for one in replay.tape(1, name="A") if first < one.position == position]
        assert found.bid == (Range(max(bids), min(bids)) if bids else None)
        assert found.ask == (Range(min(asks), max(asks)) if asks else None)
        assert (found.trades, found.volume) == (len(tops), sum(one.quantity for one in tops))


def test_what_was_attainable_for_an_order() -> None:
    replay = Replay(small_source(), ["A", "B"])
    replay.seek(replay.end)
    found = attainable(replay, 5)  # a buyer of 30 at 10.00, cancelled unfilled
    assert (found.at_once, found.facing) == ((0, 0), price(10.1))  # what was asked lay beyond its limit
    assert (found.quote, found.trade) == (price(10.1), price(10))
    assert (found.inside, found.got, found.better_by) == (15, 0, 0)
    bought = attainable(replay, 7)
    assert bought.at_once == (300, price(10.1))  # no more was there
    assert (bought.got, bought.average) == (price(10.1), (price(10.1) * 400 + price(10) * 15) // 415)
    assert bought.better_by == bought.average - price(10.1)
    assert bought.inside == 400
    collected = attainable(replay, 1)
    assert (collected.at_once, collected.facing) == ((0, 0), 0)  # while an auction collects nothing trades at once
    with pytest.raises(YunhaiError) as refused:
        attainable(replay, 10)
    assert code_of(refused) == 7483


def test_what_could_trade_at_once_ends_at_the_limit() -> None:
    commands = np.concatenate(
        [
            command(Kind.PHASE, 0, 0, side=2),
            new(1, 0, 1, SELL, 10.0, 30),
            new(2, 0, 2, SELL, 10.1, 40),
            new(3, 0, 3, SELL, 10.3, 50),
            new(4, 0, 4, BUY, 10.1, 100),
            new(5, 0, 5, BUY, 10.0, 20),
            new(6, 0, 6, SELL, 10.1, 60),
            command(Kind.REPRICE, 7, 0, order_id=6, price=price(10.0), account=70),
            new(8, 0, 7, SELL, 10.2, 10),
        ]
    )
    replay = Replay(source_of(engine_events(commands), LISTINGS[:1]), ["A"])
    replay.seek(replay.end)
    found = {order: attainable(replay, order) for order in (4, 6, 7)}
    assert (found[4].at_once, found[4].facing) == ((70, (price(10.0) * 30 + price(10.1) * 40) // 70), price(10.0))
    assert (found[6].at_once, found[6].facing) == ((30, price(10.1)), price(10.1))  # the limit it came with
    assert (found[7].at_once, found[7].facing) == ((0, 0), 0)  # nobody was left on the other side


def test_what_traded_after_an_order_was_cancelled_was_not_its_to_have() -> None:
    commands = np.concatenate(
        [
            command(Kind.PHASE, 0, 0, side=2),
            new(1, 0, 1, BUY, 10.0, 10),
            command(Kind.CANCEL, 2, 0, order_id=1, account=70),
            new(3, 0, 2, BUY, 10.0, 50),
            new(4, 0, 3, SELL, 10.0, 50),
        ]
    )
    replay = Replay(source_of(engine_events(commands), LISTINGS[:1]), ["A"])
    replay.seek(replay.end)
    found = attainable(replay, 1)
    assert (found.inside, found.trade, found.average) == (0, price(10), price(10))
    assert attainable(replay, 2).inside == 50


# -- links ---------------------------------------------------------------------------------------------------------------


def opener(source: Source):
    def open_source(name: str) -> tuple[Source, Keeping]:
        assert name == source.id
        return source, Keeping(source)

    return open_source


def test_a_link_opens_the_exact_moment(busy: Source) -> None:
    replay = Replay(busy, ["B", "A"])
    replay.seek(4_321)
    text = link_of(replay, view="levels=10&panes=tape,book ✓").text()
    assert text.startswith("source=test/day&at=4321&codes=B,A&view=levels")
    opened = open_link(read_link(text), opener(busy))
    assert shown(opened) == shown(replay)
    assert read_link(text).view == "levels=10&panes=tape,book ✓"
    assert read_link("?" + text) == read_link(text)
    mark = bookmark_of(replay, " the sell-off ")
    assert (mark.name, mark.time, mark.link) == ("the sell-off", replay.now, link_of(replay))


def test_a_link_to_other_events_is_refused(busy: Source) -> None:
    replay = Replay(busy, ["A"])
    replay.seek(1_000)
    link = link_of(replay)
    events = busy.events.copy()
    events["price"][500] += 1_000
    for wrong in (
        (Permalink(source=link.source, position=1_001, codes=link.codes, events_hash=link.events_hash), busy),
        (link, replace(busy, events=events)),
    ):
        with pytest.raises(YunhaiError) as refused:
            open_link(wrong[0], opener(wrong[1]))
        assert code_of(refused) == 7485
    beyond = Permalink(source=link.source, position=1 << 30, codes=link.codes, events_hash=link.events_hash)
    with pytest.raises(YunhaiError) as refused:
        open_link(beyond, opener(busy))
    assert code_of(refused) == 7482


_HASH = "ab" * 32


@pytest.mark.parametrize(
    "text",
    [
        "",
        "source=a/b",
        f"source=a/b&at=1&hash={_HASH}",
        f"source=a/b&at=1&codes=&hash={_HASH}",
        f"source=a/b&at=-1&codes=A&hash={_HASH}",
        f"source=a/b&at=01&codes=A&hash={_HASH}",
        f"source=../b&at=1&codes=A&hash={_HASH}",
        f"source=a/b&at=1&codes=A&hash={_HASH[1:]}",
        f"source=a/b&at=1&codes=A&hash={_HASH}&hash={_HASH}",
        f"source=a/b&at=1&codes=A&hash={_HASH}&more=1",
        f"source=a/b&at=1&codes={','.join(['A'] * 17)}&hash={_HASH}",
        f"source=a/b&at=1&codes=A&hash={_HASH}&view=%ff",
        f"source=a/b&at=1&codes=A&hash={_HASH}&view=%00",
        "x" * 2_001,
    ],
)
def test_links_that_are_none(text: str) -> None:
    with pytest.raises(YunhaiError) as refused:
        read_link(text)
    assert code_of(refused) == 7484


# -- export --------------------------------------------------------------------------------------------------------------


def test_an_export_holds_every_chosen_event(busy: Source, tmp_path: Path) -> None:
    replay = Replay(busy, ["A"])
    first, last = 500, 4_500
    wanted = [place for place in replay.places.tolist() if first <= place < last]
    for form in ("csv", "parquet"):
        path = tmp_path / f"span.{form}"
        assert export(replay, first, last, path, form) == len(wanted)
        rows = duckdb.sql(
            f"SELECT position, market_ns, code, event, price::VARCHAR, quantity, order_id, buyer FROM '{path}'"
        ).fetchall()
        assert [row[0] - 1 for row in rows] == wanted
        for (position, market_ns, code, event, at, quantity, order, buyer), place in zip(rows, wanted, strict=True):
            record = busy.events[place]
            assert (position, market_ns, code, quantity or 0) == (place + 1, record["time"], "A", record["quantity"])
            assert float(at or 0) == (int(record["price"]) / NT if event in ("new", "trade") else 0)
            assert (order is not None) == (event in ("new", "cancel"))
            assert (buyer is not None) == (event == "trade")
    known = {
        key.decode(): value.decode()
        for key, value in duckdb.sql(f"SELECT key, value FROM parquet_kv_metadata('{path}')").fetchall()
    }
    assert known["hash_before"] == busy.hash_at(first).hex()
    assert known["hash_after"] == busy.hash_at(last).hex()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["span.csv", "span.parquet"]


def test_the_hand_worked_days_export_as_text(tmp_path: Path) -> None:
    replay = Replay(small_source(), ["A", "B"])
    path = tmp_path / "day.csv"
    export(replay, 0, 6, path, "csv")
    heading, *rows = path.read_text(encoding="utf-8").splitlines()
    assert heading.split(",") == [
        *("position", "market_ns", "local_time", "code", "segment", "event", "order_id", "side", "order_type"),
        *("time_in_force", "price", "quantity", "removed", "leaves", "volume", "phase", "trade", "buyer", "seller"),
        *("auction", "taker"),
    ]
    assert rows[:3] == [
        f"1,{NINE},2026-08-21 09:00:00.000000,A,board,phase,,,,,,,,,,1,,,,,",
        f"2,{NINE},2026-08-21 09:00:00.000000,B,board,phase,,,,,,,,,,1,,,,,",
        f"3,{NINE + SECOND},2026-08-21 09:00:01.000000,A,board,new,1,buy,limit,ROD,10.0000,100,,100,,,,,,,",
    ]
    with pytest.raises(YunhaiError) as refused:
        export(replay, 5, 5, path, "csv")
    assert code_of(refused) == 7491


def test_an_export_that_fails_leaves_nothing_and_is_an_error_of_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine has the house's bounds, and what it says (no room, no memory) is no fault of the program."""
    given = []

    def connect() -> duckdb.DuckDBPyConnection:
        given.append(engine.connect())
        return given[0]

    monkeypatch.setattr("yunhai.market.replay.export.connect", connect)
    monkeypatch.setattr("yunhai.market.replay.export._SELECT", "SELECT error('no space left') FROM e")
    path = tmp_path / "day.csv"
    path.write_text("before")
    with pytest.raises(OSError, match="no space left") as refused:
        export(Replay(small_source(), ["A"]), 0, 6, path, "csv")
    assert (refused.value.filename, path.read_text()) == (str(path), "before")
    assert list(tmp_path.iterdir()) == [path]
    assert len(given) == 1


def test_a_source_of_trades_has_a_tape_and_no_book() -> None:
    events = small_source().events
    source = Source(
        id="test/trades",
        kind=SourceKind.TRADES,
        day=date(2026, 8, 21),
        offset=0,
        listings=LISTINGS,
        events=events[events["kind"] == Kind.TRADE].copy(),
    )
    replay = Replay(source, ["A", "B"])
    replay.seek(replay.end)
    assert len(replay.tape()) == 5
    assert (replay.figures("A").volume, replay.figures("B").last) == (465, price(20))
    found = span(replay, "A", 0, replay.end)
    assert (found.bid, found.ask, found.volume) == (None, None, 465)
    for ask in (lambda: replay.book("A"), lambda: replay.depth("A", 5), lambda: attainable(replay, 1)):
        with pytest.raises(YunhaiError) as refused:
            ask()
        assert code_of(refused) == 7490
