"""A set of whole numbers kept as ranges: small when the numbers come nearly in order."""

from bisect import bisect_right
from collections.abc import Iterable


class Ranges:
    """Numbers from 1; `add` says whether a number is new."""

    __slots__ = ("_first", "_last")

    def __init__(self, pairs: Iterable[tuple[int, int]] = ()) -> None:
        self._first: list[int] = []
        self._last: list[int] = []
        for first, last in pairs:
            self._first.append(first)
            self._last.append(last)

    def __contains__(self, number: int) -> bool:
        place = bisect_right(self._first, number) - 1
        return place >= 0 and number <= self._last[place]

    def add(self, number: int) -> bool:
        """Put a number in; False if it was there."""
        place = bisect_right(self._first, number) - 1
        if place >= 0 and number <= self._last[place]:
            return False
        below = place >= 0 and self._last[place] == number - 1
        above = place + 1 < len(self._first) and self._first[place + 1] == number + 1
        if below and above:
            self._last[place] = self._last[place + 1]
            del self._first[place + 1], self._last[place + 1]
        elif below:
            self._last[place] = number
        elif above:
            self._first[place + 1] = number
        else:
            self._first.insert(place + 1, number)
            self._last.insert(place + 1, number)
        return True

    def pairs(self) -> list[tuple[int, int]]:
        """(first, last) of every range, ascending."""
        return list(zip(self._first, self._last, strict=True))
