"""Order numbers: base 62, from 1, one after another; and where they end."""

import pytest

from yunhai.kernel.errors import YunhaiError
from yunhai.trading.order_numbers import capacity, count_of, is_terminal, order_number

TABLE = [
    ("W", 1, "W0001"),
    ("W", 9, "W0009"),
    ("W", 10, "W000A"),
    ("W", 35, "W000Z"),
    ("W", 36, "W000a"),
    ("W", 61, "W000z"),
    ("W", 62, "W0010"),
    ("W", 62**4 - 1, "Wzzzz"),
    ("D1", 1, "D1001"),
    ("D1", 62**3 - 1, "D1zzz"),
]


@pytest.mark.parametrize(("terminal", "count", "number"), TABLE)
def test_numbers(terminal: str, count: int, number: str) -> None:
    assert order_number(terminal, count) == number
    assert count_of(number, terminal) == count


@pytest.mark.parametrize(("terminal", "count"), [("W", 62**4), ("D1", 62**3), ("W", 0), ("W", -1)])
def test_a_terminal_ends(terminal: str, count: int) -> None:
    with pytest.raises(YunhaiError, match=r"^6160"):
        order_number(terminal, count)


@pytest.mark.parametrize("terminal", ["", "W11", "櫃", "-", "W "])
def test_what_is_no_terminal(terminal: str) -> None:
    assert not is_terminal(terminal)
    with pytest.raises(YunhaiError, match=r"^6161"):
        order_number(terminal, 1)


@pytest.mark.parametrize("number", ["X0001", "W001", "W00_1", "W00001"])
def test_what_is_no_number_of_the_terminal(number: str) -> None:
    with pytest.raises(ValueError, match="no order number"):
        count_of(number, "W")


def test_numbers_ascend_as_text_and_none_is_left_out() -> None:
    numbers = [order_number("D1", count) for count in range(1, 62**2 + 5)]
    assert numbers == sorted(numbers)
    assert [count_of(number, "D1") for number in numbers] == list(range(1, 62**2 + 5))
    assert (capacity("W"), capacity("D1")) == (14_776_335, 238_327)
