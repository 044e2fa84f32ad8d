"""Many short fields of one large byte string, read at once with NumPy.

A field is given by where it starts and ends in the buffer. Everything here works on whole columns: a report of
hundreds of thousands of rows is read in well under a second, which a loop over rows would not do.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Buffer = NDArray[np.uint8]
Positions = NDArray[np.int64]

GOOD: Final = 0
NO_NUMBER: Final = 1
BELOW_ZERO: Final = 2
OVERFLOW: Final = 3
TOO_FINE: Final = 4

_ZERO = ord("0")


def fixed_point(
    buffer: Buffer, start: Positions, end: Positions, *, decimals: int, digits: int
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Numbers like `1435` or `56.60` as integers of 10^-decimals, and a verdict for each field.

    At most `digits` before the point and `decimals` after it; plain digits, one point, no sign but the minus that is
    then reported. Values whose verdict is not GOOD are 0.
    """
    empty = end <= start
    negative = ~empty & (buffer[np.minimum(start, buffer.size - 1)] == ord("-"))
    first = start + negative
    point, points = _points(buffer, first, end)
    whole, whole_good = _digits(buffer, first, point, most=digits)
    has_point = points > 0
    part_start = np.where(has_point, point + 1, end)
    part, part_good = _digits(buffer, part_start, end, most=decimals)
    part_width = np.clip(end - part_start, 0, decimals)
    value = whole * 10**decimals + part * 10 ** (decimals - part_width)
    shape_good = whole_good & (part_good | ~has_point) & (points <= 1)
    verdict = np.full(start.size, NO_NUMBER, np.uint8)
    verdict[shape_good] = GOOD
    verdict[shape_good & (end - part_start > decimals)] = TOO_FINE
    verdict[shape_good & (point - first > digits)] = OVERFLOW
    verdict[shape_good & negative] = BELOW_ZERO
    value[verdict != GOOD] = 0
    return value, verdict


def _points(buffer: Buffer, start: Positions, end: Positions) -> tuple[Positions, Positions]:
    """Each field's decimal point (its end if it has none) and how many it has."""
    at = np.flatnonzero(buffer == ord("."))
    field = np.searchsorted(start, at, side="right") - 1
    inside = (field >= 0) & (at < end[np.maximum(field, 0)]) if start.size else np.zeros(at.size, bool)
    point = end.copy()
    point[field[inside][::-1]] = at[inside][::-1]
    return point, np.bincount(field[inside], minlength=start.size)


def _digits(
    buffer: Buffer, start: Positions, end: Positions, *, most: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The last `most` digits of each field as a number, and whether it is digits and not empty (of a field too long for
    any number the last `most` + 64 characters are looked at)."""
    value = np.zeros(start.size, np.int64)
    width = end - start
    good = width > 0
    longest = int(width.max(initial=0))
    for place in range(min(longest, most + 64)):
        at = end - 1 - place
        live = at >= start
        digit = buffer[np.maximum(at, 0)] - np.uint8(_ZERO)
        good &= ~live | (digit <= 9)
        if place < most:
            value += np.where(live & (digit <= 9), digit, 0).astype(np.int64) * 10**place
    return value, good


def packed(buffer: Buffer, start: Positions, *, width: NDArray[np.int64] | int) -> NDArray[np.uint64]:
    """The first `width` (at most 8) bytes of each field as one big-endian number; bytes past the buffer count as 0."""
    longest = int(np.max(width, initial=0))
    value = np.zeros(start.size, np.uint64)
    for place in range(longest):
        byte = buffer[np.minimum(start + place, buffer.size - 1)].astype(np.uint64)
        live = (start + place < buffer.size) & (place < np.asarray(width))
        value = np.where(live, (value << np.uint64(8)) | byte, value)
    return value


def all_in(
    buffer: Buffer, start: Positions, *, width: NDArray[np.int64], allowed: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Whether every byte of each field is in the 256-entry table `allowed`."""
    good = np.ones(start.size, np.bool_)
    for place in range(int(width.max(initial=0))):
        byte = buffer[np.minimum(start + place, buffer.size - 1)]
        good &= (place >= width) | allowed[byte]
    return good


def same_bytes(
    buffer: Buffer, one: Positions, other: Positions, *, width: NDArray[np.int64], other_width: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether two fields of each row hold the same bytes."""
    good: NDArray[np.bool_] = width == other_width
    for place in range(int(width.max(initial=0))):
        live = good & (place < width)
        mine = buffer[np.minimum(one + place, buffer.size - 1)]
        theirs = buffer[np.minimum(other + place, buffer.size - 1)]
        good &= ~live | (mine == theirs)
    return good
