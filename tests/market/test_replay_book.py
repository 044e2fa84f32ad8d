"""The book read from events: queue positions of a small day worked by hand, and the engine's own queues on any flow."""

from collections.abc import Iterator

import numpy as np
import pytest

from tests.market.replay_scene import (
    BUY,
    LISTINGS,
    NINE,
    NT,
    SELL,
    EngineBook,
    command,
    config,
    engine_books,
    engine_events,
    new,
    price,
    queues,
    small_source,
    source_of,
)
from tests.reference.agreement import native_engine
from tests.reference.generator import Generator
from yunhai.exchange.books import ALL_KINDS, BookConfig
from yunhai.kernel.clock import SECOND
from yunhai.kernel.records import RECORD, Kind, Phase
from yunhai.market.replay.book import BookState, Place, QueueBook
from yunhai.market.replay.events import public_events, rows_of
from yunhai.market.replay.replay import Replay
from yunhai.market.replay.source import Listing
from yunhai.native import _book


def at(second: float, name: str = "A") -> Replay:
    """The hand-worked day at a second after nine."""
    replay = Replay(small_source(), ["A", "B"])
    replay.seek_time(NINE + round(second * SECOND))
    return replay


def place(replay: Replay, order: int) -> tuple[int, int, int, int] | None:
    """(ahead, orders ahead, behind, better) of an order of A."""
    found = replay.book("A").place_of(order)
    return None if found is None else (found.ahead, found.ahead_orders, found.behind, found.better)


@pytest.mark.parametrize(
    ("second", "order", "expected"),
    [
        (1, 1, (0, 0, 200, 0)),
        (1, 2, (100, 1, 0, 0)),
        (4, 1, (0, 0, 200, 0)),  # the auction took 50 of it
        (4, 2, (50, 1, 0, 0)),
        (5, 5, (250, 2, 0, 0)),
        (6, 1, (0, 0, 230, 0)),  # a cut keeps the place
        (6, 2, (30, 1, 30, 0)),
        (7, 7, (0, 0, 0, 0)),  # what is left of it rests alone at 10.10
        (7, 2, (30, 1, 30, 100)),  # and is better than 10.00
        (8, 2, (0, 0, 0, 160)),  # re-priced: behind all of 10.00 and 10.10
        (8, 5, (30, 1, 0, 100)),
        (10, 7, None),
        (10, 1, (0, 0, 30, 0)),
        (10, 5, (15, 1, 0, 0)),
        (11, 5, None),
    ],
)
def test_queue_positions_as_worked_by_hand(second: int, order: int, expected: tuple[int, int, int, int] | None) -> None:
    assert place(at(second), order) == expected


def test_the_levels_and_figures_of_the_hand_worked_day() -> None:
    replay = at(11)
    bids, asks = replay.depth("A", 5)
    assert bids == ((price(10), 15, 1), (price(9.9), 200, 1))
    assert asks == ()
    book = replay.book("A")
    assert (book.trades, book.volume) == (4, 50 + 300 + 100 + 15)
    assert book.value == price(10) * 50 + price(10.1) * 400 + price(10) * 15
    assert (book.opening, book.high, book.low, book.last) == (price(10), price(10.1), price(10), price(10))
    assert replay.depth("B", 5) == ((), ((price(20), 6, 1),))


def test_while_the_auction_collects_the_trial_is_shown() -> None:
    assert at(3).book("A").trial == (price(10), 50)
    assert at(4).book("A").trial == (0, 0)


def test_an_order_is_in_hand_until_its_last_trade_and_rests_then() -> None:
    replay = at(6)
    shown = []
    for _ in range(2):
        replay.step()
        book = replay.book("A")
        shown.append((book.in_hand, book.volume, replay.depth("A", 1)))
    assert shown == [
        (7, 50, (((price(10), 260, 3),), ((price(10.1), 300, 1),))),
        (None, 350, (((price(10.1), 100, 1),), ())),
    ]
    replay.seek_order(9)
    assert [replay.book("A").in_hand] == [9]
    replay.step()
    assert (replay.book("A").in_hand, replay.book("A").best(BUY)) == (9, price(10))
    replay.step()
    assert replay.book("A").in_hand is None


def test_market_orders_stand_before_every_price() -> None:
    both = config(10 * NT)
    taking = BookConfig(
        prices=both.prices,
        lot=1,
        max_quantity=10_000,
        reference=both.reference,
        allowed=(0, ALL_KINDS, ALL_KINDS, ALL_KINDS, 0, 0),
    )
    commands = np.concatenate(
        [
            command(Kind.PHASE, 0, 0, side=Phase.COLLECT),
            new(1, 0, 1, BUY, 11.0, 10),
            command(Kind.NEW, 2, 0, order_id=2, side=BUY, quantity=7, order_type=1),
        ]
    )
    replay = Replay(source_of(engine_events(commands, taking), LISTINGS[:1]), ["A"])
    replay.seek(replay.end)
    book = replay.book("A")
    assert [(level.price, level.quantity) for level in book.levels(BUY, 5)] == [(0, 7), (price(11), 10)]
    assert book.best(BUY) == price(11)
    found = book.place_of(1)
    assert isinstance(found, Place)
    assert (found.ahead, found.better) == (0, 7)


def batches(seed: int, count: int) -> Iterator[tuple[np.ndarray, list[EngineBook]]]:
    """(events, books after them) of a seed's commands, a few at a time."""
    generator = Generator(seed)
    native = native_engine(generator.plan)
    done = 0
    while done < count:
        commands = []
        for _ in range(40):
            one = generator.command()
            generator.engine.process(np.frombuffer(one, RECORD))
            commands.append(one)
        done += len(commands)
        batch = np.frombuffer(b"".join(commands), RECORD)
        while len(batch):
            events, consumed = native.process(batch)
            yield events.copy(), engine_books(native.state())
            batch = batch[consumed:]


def same(book: QueueBook, engine: EngineBook) -> None:
    assert book.phase == engine.phase
    assert book.entry == engine.entry
    assert (book.last, book.opening) == (engine.last, engine.opening)
    for side, orders in ((BUY, engine.buys), (SELL, engine.sells)):
        assert queues(book, side) == [(order, at, leaves) for order, at, leaves, _ in orders]


@pytest.mark.parametrize("seed", range(1, 9))
def test_the_queues_are_the_engines_own(seed: int) -> None:
    """Every market's shape of the engine's tests, random ranks and market orders included; kept and restored on the way."""
    configs = Generator(seed).plan.books
    books = [
        QueueBook(Listing(book=number, code=str(number), shuffle=one.shuffle, seed=one.seed))
        for number, one in enumerate(configs)
    ]
    compared = 0
    for turn, (events, engine) in enumerate(batches(seed, 1_200)):
        told = public_events(events)
        for row, number in zip(rows_of(told), told["book"].tolist(), strict=True):
            books[number].apply(row)
        for number, book in enumerate(books):
            assert book.in_hand is None
            same(book, engine[number])
            compared += book.resting()
        if turn % 5 == 0:
            books = [QueueBook.of(book.listing, book.keep()) for book in books]
    assert compared


@pytest.mark.parametrize("seed", [1, 7, 1 << 63])
def test_the_first_auction_ranks_by_chance_as_the_engine_does(seed: int) -> None:
    """Twenty buyers and twenty sellers at a price each, market orders too; a few trade; whoever comes later stands behind."""
    plain = config(10 * NT)
    ranked = BookConfig(
        prices=plain.prices,
        lot=1,
        max_quantity=10_000,
        reference=plain.reference,
        allowed=(0, ALL_KINDS, ALL_KINDS, ALL_KINDS, 0, 0),
        shuffle=True,
        seed=seed,
    )
    commands = [command(Kind.PHASE, 0, 0, side=Phase.COLLECT)]
    for number in range(1, 41):
        side, at = ((BUY, 10.0), (SELL, 10.5), (BUY, 9.5), (SELL, 10.0))[number % 4]
        commands.append(new(1, 0, number, side, at, 10 + number))
    commands.append(command(Kind.UNCROSS, 2, 0))
    commands += [new(3, 0, number, BUY, 10.0, 5) for number in (50, 51)]
    commands.append(command(Kind.UNCROSS, 4, 0))
    commands.append(command(Kind.CUT, 5, 0, order_id=2, quantity=1))
    all_commands = np.concatenate(commands)
    listing = Listing(book=0, code="A", shuffle=True, seed=seed)
    book = QueueBook(listing)
    engine = _book.Engine(order_capacity=100, first_order_id=1, id_capacity=100)
    engine.add_book(ranked)
    arrival: list[int] = []
    for one in all_commands:
        events, _ = engine.process(np.array([one], RECORD))
        for row in rows_of(public_events(events)):
            book.apply(row)
        same(book, engine_books(engine.state())[0])
        if one["kind"] == Kind.NEW and not book.shuffled:
            arrival = [order for order, *_ in queues(book, SELL)]
    still = [order for order, *_ in queues(book, SELL)]
    assert still != [order for order in arrival if order in still]  # chance did re-order them


def test_a_kept_book_in_the_middle_of_an_orders_trades_goes_on_alike() -> None:
    source = small_source()
    rows = [row for row, book in zip(rows_of(source.events), source.events["book"], strict=True) if book == 0]
    whole = QueueBook(LISTINGS[0])
    states: list[BookState] = []
    for row in rows:
        states.append(whole.keep())
        whole.apply(row)
    for place, state in enumerate(states):
        book = QueueBook.of(LISTINGS[0], state)
        assert book.keep() == state
        for row in rows[place:]:
            book.apply(row)
        assert book.keep() == whole.keep()
