"""Numbers as they are said in Mandarin, so that a read-back can be heard and not only read.

一百零五, not 一零五; 兩 before 百, 千, 萬 and 億 and for a plain two before a measure word, as in Taiwan. Decimals are
said digit by digit.
"""

from typing import Final

from yunhai.kernel.money import SCALE, decimal_text

_DIGITS: Final = "零一二三四五六七八九"
_PLACES: Final = ("", "十", "百", "千")
_GROUPS: Final = ("", "萬", "億", "兆")


def spoken(number: int) -> str:
    """A whole number from 0 to 9,999 兆. ValueError outside."""
    if not 0 <= number < 10_000 ** len(_GROUPS):
        raise ValueError(f"no word for {number}")
    if number == 2:
        return "兩"
    return _whole(number)


def spoken_price(price: int) -> str:
    """A price in 1/10,000 NT$ without its unit: 101.5 is 一百零一點五."""
    whole, point, part = decimal_text(price).partition(".")
    words = spoken(price // SCALE) if not point and whole == "2" else _whole(int(whole))
    return words + ("點" + "".join(_DIGITS[int(digit)] for digit in part) if point else "")


def _whole(number: int) -> str:
    if number == 0:
        return _DIGITS[0]
    words = ""
    gap = False
    for power in range(len(_GROUPS) - 1, -1, -1):
        group = number // 10_000**power % 10_000
        if group == 0:
            gap = bool(words)
            continue
        if words and (gap or group < 1_000):
            words += _DIGITS[0]
        leading = not words
        words += _group(group, leading=leading) if group != 2 or not power else "兩"
        words += _GROUPS[power]
        gap = False
    return words


def _group(number: int, *, leading: bool) -> str:
    """1 to 9,999. A leading 一十 is said 十."""
    words = ""
    gap = False
    for place in range(3, -1, -1):
        digit = number // 10**place % 10
        if digit == 0:
            gap = bool(words)
            continue
        if gap:
            words += _DIGITS[0]
        if digit == 2 and place >= 2:
            words += "兩"
        elif not (digit == 1 and place == 1 and leading and not words):
            words += _DIGITS[digit]
        words += _PLACES[place]
        gap = False
    return words
