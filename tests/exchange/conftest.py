"""What the tests of the book share."""

import importlib
from collections.abc import Callable

import pytest

from tests.reference.desk import NINE, Desk, S
from tests.reference.engine import ReferenceEngine
from tests.reference.wire import CONTINUOUS
from yunhai.exchange.books import BookConfig, Engine


def new_engine(kind: str, **settings: int) -> Engine:
    """A reference or a native engine; the test is skipped where the native one is not built."""
    if kind == "reference":
        return ReferenceEngine(**settings)
    pytest.importorskip("yunhai.native._book", reason="the native book is not built")
    engine: Engine = importlib.import_module("yunhai.native._book").Engine(**settings)
    return engine


@pytest.fixture(params=["reference", "native"])
def opened(request: pytest.FixtureRequest) -> Callable[..., Desk]:
    """A function that opens a desk on a book, by default in the continuous phase at 09:01."""

    def open_desk(config: BookConfig, *, phase: int = CONTINUOUS, time: int = NINE + 60 * S, room: int = 50) -> Desk:
        engine = new_engine(request.param, order_capacity=room, first_order_id=1, id_capacity=1_000)
        return Desk(engine, config, phase=phase, time=time)

    return open_desk
