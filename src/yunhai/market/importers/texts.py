"""Columns of text as arrays of integers, digit by digit: no float ever holds a price on its way in."""

import re
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from yunhai.kernel.clock import EPOCH, FIRST_DATE, LAST_DATE, parse_date, parse_time
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import HISTORY_CODE_CHARACTERS_MAX, NUMBER_CHARACTERS_MAX

_MOST_DIGITS: Final = 18
"""Of one number, so that it fits 64 bits."""
BAD: Final = np.iinfo(np.int64).min
"""What a text that is no date, time or code becomes."""
_CODE: Final = re.compile(rf"[0-9A-Z][0-9A-Z/&.^*-]{{1,{HISTORY_CODE_CHARACTERS_MAX - 1}}}")
_ROC: Final = re.compile(r"(\d{2,3})(?:年|/)(\d{1,2})(?:月|/)(\d{1,2})日?")
_FIRST_ROC_YEAR: Final = 1911


def letters(texts: Sequence[str]) -> NDArray[np.uint8]:
    """The texts as a table of bytes, 0 behind each text's end; a text that is too long or not ASCII as "?"."""
    if max(map(len, texts), default=0) > NUMBER_CHARACTERS_MAX:
        texts = [text if len(text) <= NUMBER_CHARACTERS_MAX else "?" for text in texts]
    try:
        packed = np.array(texts, np.bytes_)
    except UnicodeEncodeError:
        packed = np.array([text.encode("ascii", "replace") for text in texts], np.bytes_)
    if not packed.dtype.itemsize:
        packed = packed.astype("S1")
    return packed.view(np.uint8).reshape(len(texts), packed.dtype.itemsize)


def numbers(texts: Sequence[str], *, decimals: int = 0) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(values in 10^-decimals, which texts are numbers). A sign before, digits, one point; more decimals only if they are 0."""
    table = letters(texts)
    rows = len(texts)
    value = np.zeros(rows, np.int64)
    after = np.full(rows, -1, np.int8)  # decimals seen; -1: no point yet
    digits = np.zeros(rows, np.int8)
    good = np.ones(rows, np.bool_)
    negative = np.zeros(rows, np.bool_)
    for place in range(table.shape[1]):
        letter = table[:, place]
        digit = letter - np.uint8(ord("0"))
        is_digit = digit <= 9
        fine = is_digit & (after >= decimals)
        counts = is_digit & ~fine
        value = np.where(counts, value * 10 + digit, value)
        digits += counts & ((value != 0) | (digits != 0))
        after += counts & (after >= 0)
        point = (letter == ord(".")) & (after < 0)
        after = np.where(point, 0, after).astype(np.int8)
        sign = np.zeros(rows, np.bool_)
        if place == 0:
            negative = letter == ord("-")
            sign = negative | (letter == ord("+"))
        good &= counts | (fine & (digit == 0)) | point | sign | (letter == 0)
    has_digit = ((table >= ord("0")) & (table <= ord("9"))).any(axis=1)
    good &= has_digit & (digits <= _MOST_DIGITS)
    missing = decimals - np.clip(after, 0, decimals)
    good &= digits + missing <= _MOST_DIGITS
    value = np.where(good, value, 0) * 10 ** np.where(good, missing, 0).astype(np.int64)
    return np.where(negative, -value, value), good


class _Known(dict[str, int]):
    """What a text means, worked out once for each different text."""

    def __init__(self, meaning: Callable[[str], int]) -> None:
        super().__init__()
        self._meaning = meaning

    def __missing__(self, text: str) -> int:
        found = self[text] = self._meaning(text)
        return found


def each(texts: Sequence[str], meaning: Callable[[str], int]) -> NDArray[np.int64]:
    """The meaning of each text: few different ones come again and again."""
    known = _Known(meaning)
    return np.fromiter(map(known.__getitem__, texts), np.int64, len(texts))


def day_of(text: str) -> int:
    """A date as days since 1970: 2026-07-20, 20260720, 2026/07/20, 115年07月20日 or 115/07/20; BAD if it is none."""
    text = text.strip()
    found = _ROC.fullmatch(text)
    if found is not None:
        text = f"{int(found[1]) + _FIRST_ROC_YEAR}{int(found[2]):02d}{int(found[3]):02d}"
    try:
        return (parse_date(text.replace("/", "-")) - EPOCH).days
    except (YunhaiError, ValueError):
        return BAD


def month_of(text: str) -> int:
    """A month (202607, 2026-07) as its first day since 1970; BAD if it is none."""
    text = text.strip().replace("-", "").replace("/", "")
    return day_of(f"{text}01") if len(text) == 6 else BAD


def time_of(text: str) -> int:
    """A time of day as ns since midnight: HH:MM:SS, HHMMSS, with further digits as a fraction of a second; BAD if it is none."""
    digits = text.strip().replace(":", "").replace(".", "")
    if not 6 <= len(digits) <= 15 or not (digits.isascii() and digits.isdigit()):
        return BAD
    try:
        whole = parse_time(f"{digits[:2]}:{digits[2:4]}:{digits[4:6]}")
    except YunhaiError:
        return BAD
    return int(whole) + int(digits[6:].ljust(9, "0") or "0")


def is_code(text: str) -> int:
    """1 if the text is a security's code, else 0."""
    return 1 if _CODE.fullmatch(text) else 0


assert FIRST_DATE < LAST_DATE
