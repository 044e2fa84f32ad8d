"""The Python face of the native book: what it refuses to take, and what its arrays are."""

import struct
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.reference.desk import board
from tests.reference.engine import ReferenceEngine
from tests.reference.generator import Generator
from tests.reference.markets import ladder
from yunhai.kernel.records import HALTED, RECORD, Kind, Phase, Side

_book = pytest.importorskip("yunhai.native._book", reason="the native book is not built")


def new_engine(**settings: int) -> Any:
    return _book.Engine(**({"order_capacity": 4, "first_order_id": 1, "id_capacity": 10} | settings))


@pytest.mark.parametrize(
    "wrong",
    [
        {"prices": ladder([])},
        {"prices": ladder([2, 1])},
        {"prices": ladder([1, 1])},
        {"prices": ladder([0, 1])},
        {"prices": ladder(range(1, 263_000))},
        {"prices": np.array([1, 2], dtype=np.int64)},
        {"lot": 0},
        {"max_quantity": 999},
        {"reference": -1},
        {"band_window_s": 0},
        {"band_window_s": 86_401},
        {"band_ppm": 1_000_001},
        {"halt_ns": -1},
        {"tie_break": 2},
        {"market_price_rule": 2},
        {"allowed": (64, 0, 0, 0, 0, 0)},
        {"actions": (0, 0, 0, 0, 0, 8)},
        {"allowed": (0, 0)},
    ],
    ids=lambda wrong: f"{next(iter(wrong))}-{str(next(iter(wrong.values())))[:12]}",
)
def test_a_book_with_impossible_settings_is_refused(wrong: dict[str, Any]) -> None:
    engine = new_engine()
    before = engine.state()
    with pytest.raises(ValueError, match=r"."):
        engine.add_book(replace(board(100), **wrong))
    assert engine.state() == before
    assert engine.add_book(board(100)) == 0


def test_only_whole_contiguous_records_are_taken() -> None:
    engine = new_engine()
    engine.add_book(board(100))
    with pytest.raises(ValueError, match="64-byte"):
        engine.process(b"\0" * 63)
    with pytest.raises(ValueError, match="contiguous"):
        engine.process(np.zeros(4, dtype=RECORD)[::2])
    with pytest.raises(TypeError):
        engine.process([1, 2])
    events, consumed = engine.process(np.zeros(0, dtype=RECORD))
    assert (len(events), consumed) == (0, 0)


def test_events_are_records_and_a_view_that_cannot_be_written() -> None:
    generator = Generator(5)
    engine = _book.Engine(**generator.plan.engine_settings())
    for config in generator.plan.books:
        engine.add_book(config)
    events, consumed = engine.process(np.frombuffer(generator.command(), dtype=RECORD))
    assert consumed == 1
    assert events.dtype == RECORD
    assert not events.flags.writeable
    assert not events.flags.owndata


@pytest.mark.parametrize("name", ["phase", "last_price", "open_price"])
def test_no_such_book(name: str) -> None:
    with pytest.raises(IndexError):
        getattr(new_engine(), name)(0)


@pytest.mark.parametrize(
    ("place", "value", "error"),
    [(3, 256, OverflowError), (3, -1, OverflowError), (4, 2**31, OverflowError), (6, "now", TypeError), (1, 1.5, TypeError)],
)  # fmt: skip
def test_a_single_call_with_an_argument_that_does_not_fit_changes_nothing(
    place: int, value: object, error: type[Exception]
) -> None:
    engine = new_engine()
    engine.add_book(board(100))
    before = engine.state()
    arguments: list[object] = [0, 1, 1, 1, 990_000, 1_000, 0]
    arguments[place] = value
    with pytest.raises(error):
        engine.submit(*arguments)
    with pytest.raises(TypeError):
        engine.submit(0, 1)
    assert engine.state() == before


def test_events_keep_their_memory_when_the_engine_is_gone() -> None:
    def events_of_a_lost_engine() -> Any:
        engine = new_engine()
        engine.add_book(board(100))
        command = np.zeros(1, dtype=RECORD)
        command["kind"], command["book"], command["side"] = Kind.PHASE, 0, Phase.COLLECT
        return engine.process(command)[0]

    held = [events_of_a_lost_engine() for _ in range(20)]
    fill = [new_engine(order_capacity=1000) for _ in range(20)]
    assert all(events["kind"].tolist() == [Kind.PHASE] for events in held)
    assert not held[0].flags.writeable
    assert len(fill) == 20


def test_a_repriced_order_is_told_who_it_met_whatever_side_was_sent() -> None:
    engine = new_engine()
    engine.add_book(board(100))
    engine.submit(0, Kind.PHASE, 0, Phase.CONTINUOUS, 0, 0, 1)
    engine.submit(0, Kind.NEW, 1, Side.SELL, 1_000_000, 1000, 2)
    engine.submit(0, Kind.NEW, 2, Side.BUY, 990_000, 1000, 3)
    assert engine.submit(0, Kind.REPRICE, 2, 0, 1_000_000, 0, 4) == (0, 2, 1000, 0, ((1_000_000, 1000, 1),))


def test_order_ids_use_all_64_bits() -> None:
    first = 2**64 - 10
    engine = new_engine(first_order_id=first)
    engine.add_book(board(100))
    engine.submit(0, Kind.PHASE, 0, Phase.CONTINUOUS, 0, 0, 1)
    assert engine.submit(0, Kind.NEW, first + 9, Side.SELL, 1_000_000, 1000, 2)[:2] == (0, first + 9)
    with pytest.raises(OverflowError):
        engine.submit(0, Kind.NEW, 2**64, Side.SELL, 1_000_000, 1000, 2)


def test_the_largest_trades_do_not_wrap_the_average() -> None:
    """Six trades of 2**32 - 1 shares at almost NT$100,000 pass 64 bits; the seventh order must still see no halt."""
    settings = replace(
        board(100),
        prices=np.array([999_999_000, 999_999_900], dtype=np.int32),
        reference=999_999_900,
        lot=1,
        max_quantity=2**32 - 1,
        band_ppm=35_000,
        band_from=0,
        band_open_until=0,
        band_until=2**62,
    )
    for engine in (new_engine(id_capacity=100), ReferenceEngine(order_capacity=4, first_order_id=1, id_capacity=100)):
        engine.add_book(settings)
        commands = np.zeros(21, dtype=RECORD)
        commands["kind"], commands["time"], commands["order_type"] = Kind.NEW, 1, 2
        commands["order_id"] = np.arange(21)
        commands["price"], commands["quantity"] = 999_999_900, 2**32 - 1
        commands["side"] = np.where(np.arange(21) % 2, Side.BUY, Side.SELL)
        commands[0]["kind"], commands[0]["side"] = Kind.PHASE, Phase.CONTINUOUS
        events, _ = engine.process(commands)
        assert Kind.HALTED not in events["kind"]
        assert (events["kind"] == Kind.TRADE).sum() == 10


def test_a_halt_near_the_end_of_time_stays_within_it() -> None:
    settings = replace(board(100), band_ppm=10_000, band_mode=1, band_from=0, band_until=2**63 - 1, halt_ns=2**62)
    engine = new_engine()
    engine.add_book(settings)
    late = 2**63 - 10
    engine.submit(0, Kind.PHASE, 0, Phase.CONTINUOUS, 0, 0, late)
    engine.submit(0, Kind.NEW, 1, Side.SELL, 1_050_000, 1000, late)
    engine.submit(0, Kind.NEW, 2, Side.BUY, 1_050_000, 1000, late)
    assert engine.phase(0) == Phase.HALTED
    assert engine.events()[-1:].view(HALTED)["until"].tolist() == [2**63 - 1]


def planted(state: bytes, at: int, layout: str, value: int) -> bytes:
    return state[:at] + struct.pack(layout, value) + state[at + struct.calcsize(layout) :]


@pytest.mark.parametrize(
    ("at", "layout", "value", "why"),
    [
        (0, "<q", -1, "negative clock"),
        (8, "<Q", 0, "count from 1"),
        (40, "<i", -5, "negative price"),
        (44, "<i", -5, "negative price"),
        (-32, "<Q", 2, "range or order"),
        (-16, "<Q", 1, "range or order"),
        (-8, "<I", 9, "disagrees"),
    ],
)
def test_a_state_that_cannot_be_is_refused_whole(at: int, layout: str, value: int, why: str) -> None:
    engine = new_engine()
    engine.add_book(board(100))
    engine.submit(0, Kind.PHASE, 0, Phase.CONTINUOUS, 0, 0, 1)
    engine.submit(0, Kind.NEW, 1, Side.SELL, 1_010_000, 1000, 2)
    engine.submit(0, Kind.NEW, 2, Side.SELL, 1_010_000, 1000, 2)
    state = engine.state()
    with pytest.raises(ValueError, match=why):
        engine.restore(planted(state, at % len(state), layout, value))
    assert engine.state() == state
