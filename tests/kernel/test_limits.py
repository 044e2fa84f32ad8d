"""Bounds stand in one file, and what a rule pack may ask for the native book takes."""

import re

import numpy as np
import pytest

from yunhai.exchange.books import BookConfig
from yunhai.kernel import limits

_BOUND = re.compile(r"^_?[A-Z0-9_]*(?:_MAX|MAX_[A-Z]+|_BOUND|_LIMIT)\b(?:: \w+)? = [0-9(-]", re.MULTILINE)


def test_no_bound_stands_anywhere_else(repository):
    source = repository / "src/yunhai"
    found = {
        f"{path.relative_to(source)}: {match[0]}"
        for path in source.rglob("*.py")
        if path.name != "limits.py"
        for match in _BOUND.finditer(path.read_text(encoding="utf-8"))
    }
    assert found == set()


def test_the_native_book_takes_as_many_prices_as_stated_and_no_more():
    book = pytest.importorskip("yunhai.native._book", reason="the native book is not built")
    for count, taken in (
        (limits.LADDER_PRICES_MAX, True),
        (limits.ENGINE_RUNGS_MAX, True),
        (limits.ENGINE_RUNGS_MAX + 1, False),
    ):
        engine = book.Engine(order_capacity=1, first_order_id=1, id_capacity=1)
        config = BookConfig(
            prices=np.arange(1, count + 1, dtype=np.int32),
            lot=1,
            max_quantity=1,
            reference=1,
            allowed=(0,) * 6,
            actions=(0,) * 6,
            shuffle=False,
            seed=0,
        )
        if taken:
            assert engine.add_book(config) == 0
        else:
            with pytest.raises(ValueError, match="262000"):
                engine.add_book(config)
