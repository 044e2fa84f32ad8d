"""The Python face of the native book: what it refuses to take, and what its arrays are."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.reference.desk import board
from tests.reference.generator import Generator
from tests.reference.markets import ladder
from yunhai.kernel.records import RECORD

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
