"""The broker's order number 委託書編號: five characters, a terminal 櫃號 and a sequence in base 62.

Digits count 0-9, A-Z, a-z. Each terminal counts by itself from 1, a day long, and no number is left out: a number is
taken by the append that accepts the order and by nothing else. A terminal of one character has 14,776,335 numbers a
day, one of two has 238,327.
"""

from typing import Final

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import ORDER_NUMBER_CHARACTERS
from yunhai.trading.gate.errors import REGISTERED

assert REGISTERED
DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUES: Final = {digit: value for value, digit in enumerate(DIGITS)}
_PAIRS: Final = tuple(first + second for first in DIGITS for second in DIGITS)
"""Every number of two digits."""
_TERMINALS: Final = frozenset((*DIGITS, *_PAIRS))
_CAPACITIES: Final = tuple(int(62 ** (ORDER_NUMBER_CHARACTERS - length)) - 1 for length in range(3))


def is_terminal(terminal: str) -> bool:
    """Whether a terminal is one or two base-62 digits."""
    return terminal in _TERMINALS


def capacity(terminal: str) -> int:
    """Numbers a terminal has in a day."""
    return _CAPACITIES[len(terminal)]


def order_number(terminal: str, count: int) -> str:
    """The `count`-th number of a terminal, from 1. YunhaiError 6160 when its numbers are used up, 6161 if it is no
    terminal."""
    if not is_terminal(terminal):
        raise YunhaiError(6161, terminal=terminal)
    if not 1 <= count <= capacity(terminal):
        raise YunhaiError(6160, terminal=terminal, capacity=capacity(terminal))
    above, below = divmod(count, len(_PAIRS))
    if len(terminal) == 1:
        return terminal + _PAIRS[above] + _PAIRS[below]
    return terminal + DIGITS[above] + _PAIRS[below]


def count_of(number: str, terminal: str) -> int:
    """The place of a number in its terminal's sequence. ValueError if it is none of the terminal's."""
    digits = number[len(terminal) :]
    if len(number) != ORDER_NUMBER_CHARACTERS or not number.startswith(terminal) or not set(digits) <= set(DIGITS):
        raise ValueError(f"{number!r} is no order number of terminal {terminal!r}")
    value = 0
    for digit in digits:
        value = value * 62 + _VALUES[digit]
    return value


assert ORDER_NUMBER_CHARACTERS == 5, "a terminal's one or two digits, and four or three of the count"
