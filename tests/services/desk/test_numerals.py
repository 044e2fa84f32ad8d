"""Numbers as a clerk says them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunhai.services.desk.numerals import spoken, spoken_price

SAID = [
    (0, "零"),
    (1, "一"),
    (2, "兩"),
    (10, "十"),
    (12, "十二"),
    (20, "二十"),
    (22, "二十二"),
    (100, "一百"),
    (101, "一百零一"),
    (110, "一百一十"),
    (200, "兩百"),
    (499, "四百九十九"),
    (999, "九百九十九"),
    (1_000, "一千"),
    (1_010, "一千零一十"),
    (2_002, "兩千零二"),
    (10_000, "一萬"),
    (20_000, "兩萬"),
    (100_000, "十萬"),
    (120_000, "十二萬"),
    (10_005, "一萬零五"),
    (1_000_000, "一百萬"),
    (10_200_030, "一千零二十萬零三十"),
    (100_000_000, "一億"),
    (100_000_001, "一億零一"),
    (200_020_000, "兩億零兩萬"),
]


@pytest.mark.parametrize(("number", "words"), SAID)
def test_whole_numbers_are_said_as_in_taiwan(number: int, words: str) -> None:
    assert spoken(number) == words


@pytest.mark.parametrize(
    ("price", "words"),
    [
        (1_000_000, "一百"),
        (1_015_000, "一百零一點五"),
        (20_000, "兩"),
        (22_500, "二點二五"),
        (5_000, "零點五"),
        (10_450_000, "一千零四十五"),
        (999_999_999, "九萬九千九百九十九點九九九九"),
    ],
)
def test_prices_are_said_with_their_decimals_one_by_one(price: int, words: str) -> None:
    assert spoken_price(price) == words


def heard(words: str) -> int:
    """The number of a text of numerals, by another way than it was made."""
    digits = {mark: value for value, mark in enumerate("零一二三四五六七八九")} | {"兩": 2}
    total = group = digit = 0
    seen = False
    for mark in words:
        if mark in digits:
            digit, seen = digits[mark], True
        elif mark in "十百千":
            group += (digit if seen and digit else 1) * {"十": 10, "百": 100, "千": 1_000}[mark]
            digit = 0
        else:
            total += (group + digit) * {"萬": 10**4, "億": 10**8, "兆": 10**12}[mark]
            group = digit = 0
    return total + group + digit


@given(st.integers(0, 10**16 - 1))
def test_what_is_said_is_heard_as_the_same_number(number: int) -> None:
    assert heard(spoken(number)) == number


@given(st.integers(0, 10**16 - 1), st.integers(0, 10**16 - 1))
def test_no_two_numbers_sound_alike(one: int, other: int) -> None:
    assert (spoken(one) == spoken(other)) == (one == other)


@pytest.mark.parametrize("number", [-1, 10**16])
def test_there_is_no_word_beyond(number: int) -> None:
    with pytest.raises(ValueError, match="no word"):
        spoken(number)
