"""The volatility band 瞬間價格穩定 (matching.md §6) and the deferral test (§7)."""

from tests.reference.marks import mark
from tests.reference.state import Book

MILLION = 1_000_000


def bounds(centre: int, ppm: int) -> tuple[int, int]:
    """Lowest and highest price inside: the low bound rounded up, the high bound rounded down."""
    low = -(-centre * (MILLION - ppm) // MILLION)
    high = centre * (MILLION + ppm) // MILLION
    return low, high


def outside(price: int, centre: int, ppm: int) -> bool:
    low, high = bounds(centre, ppm)
    return not low <= price <= high


def centre_of(book: Book, time: int) -> int:
    """§6: the band's centre for an order arriving at `time`; 0 = no band now."""
    config = book.config
    if not config.band_ppm:
        return 0
    if not config.band_from <= time < config.band_until:
        mark("band: out of hours")
        return 0
    if config.band_mode == 1:
        mark("band: centre is the last trade" if book.last else "band: centre is the reference")
        return book.base()
    if time < config.band_open_until:
        mark("band: centre is the opening price" if book.open else "band: centre is the reference before the open")
        return book.open or config.reference
    return window_average(book, time)


def window_average(book: Book, time: int) -> int:
    """Volume-weighted average of the window, rounded down; with no trade in it the fallback."""
    seconds = book.window_seconds(time)
    if seconds:
        mark("band: centre is the window's average")
        return sum(turnover for _, turnover, _ in seconds) // sum(shares for _, _, shares in seconds)
    if book.config.band_fallback == 0 and book.centre_last_used:
        mark("band: centre is the one last used")
        return book.centre_last_used
    mark("band: no trade in the window, last trade or reference")
    return book.base()
