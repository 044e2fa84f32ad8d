"""From pack and instrument to a book's settings: one row per rule."""

from datetime import date

import pytest

from tests.exchange.venue_days import BOARD, FIXED, ODD, ODD_AFTER, day_of, pack_of, price, stock
from yunhai.exchange import instruments
from yunhai.exchange.books import ALL_ACTIONS, ALL_KINDS, LIMIT_ROD, BookConfig
from yunhai.exchange.rules.prices import Limits
from yunhai.exchange.rules.words import SecurityKind, SegmentName
from yunhai.exchange.venue_config import TradedToday, of_listing
from yunhai.kernel.errors import YunhaiError

CANCEL_AND_CUT = 0b011


def config(instrument: TradedToday, segment: SegmentName = BOARD, pack: str = "twse-2026") -> BookConfig:
    day = day_of(instrument, pack=pack_of(pack))
    return day.plan.books[day.venue.book(instrument.code, segment)].config


def test_a_board_lot_book_of_2026() -> None:
    book = config(stock("2330", "953"))
    assert (book.prices[0], book.prices[-1]) == (price("858"), price("1045"))
    assert (book.lot, book.max_quantity, book.reference) == (1000, 499_000, price("953"))
    assert book.allowed == (0, LIMIT_ROD, ALL_KINDS, LIMIT_ROD, 0, 0)
    assert book.actions == (0, ALL_ACTIONS, ALL_ACTIONS, ALL_ACTIONS, 0, 0)
    assert (book.band_ppm, book.band_mode, book.band_window_s, book.halt_ns) == (35_000, 0, 300, 120 * 10**9)
    assert (book.shuffle, book.better_filled, book.tie_break, book.market_price_rule) == (True, True, 0, 0)


@pytest.mark.parametrize(
    ("segment", "lot", "most", "defer"),
    [(ODD, 1, 999, 35_000), (ODD_AFTER, 1, 999, 0), (FIXED, 1000, 499_000, 0)],
)
def test_the_other_segments(segment: SegmentName, lot: int, most: int, defer: int) -> None:
    book = config(stock("2330"), segment)
    assert (book.lot, book.max_quantity, book.defer_ppm, book.band_ppm) == (lot, most, defer, 0)
    assert (book.allowed[1], book.actions[1]) == (LIMIT_ROD, CANCEL_AND_CUT)


@pytest.mark.parametrize(
    ("instrument", "band", "defer", "kinds"),
    [
        (stock("2330"), 35_000, 35_000, ALL_KINDS),
        (stock("2330", "0.99"), 0, 0, ALL_KINDS),
        (stock("2330", unlimited=True), 0, 0, 0b111000),
        (stock("2330", treatment="disposition-first"), 0, 35_000, ALL_KINDS),
        (stock("2330", treatment="altered"), 35_000, 35_000, ALL_KINDS),
    ],
)
def test_states(instrument: TradedToday, band: int, defer: int, kinds: int) -> None:
    book = config(instrument)
    assert (book.band_ppm, book.defer_ppm, book.allowed[2]) == (band, defer, kinds)


def test_2013_has_seven_percent_limit_rod_and_no_change_of_price() -> None:
    book = config(stock("2330"), pack="twse-2013")
    assert (book.prices[0], book.prices[-1]) == (price("93"), price("107"))
    assert (book.allowed, book.actions[1], book.band_ppm) == ((0, LIMIT_ROD, 0, LIMIT_ROD, 0, 0), CANCEL_AND_CUT, 0)


@pytest.mark.parametrize(
    ("segment", "lot", "most"), [(BOARD, 100, 49_900), (FIXED, 100, 49_900), (ODD, 1, 99), (ODD_AFTER, 1, 99)]
)
def test_a_trading_unit_of_its_own(segment: SegmentName, lot: int, most: int) -> None:
    """499 units are the cap whatever the unit; an odd lot is less than one unit."""
    book = config(stock("9136", lot=100), segment)
    assert (book.lot, book.max_quantity) == (lot, most)


def test_limits_given_from_outside_win() -> None:
    book = config(stock("6967", "34.9", limits=Limits(price("38.2"), price("31.35"))))  # type: ignore[arg-type]
    assert (book.prices[0], book.prices[-1]) == (price("31.35"), price("38.2"))


def test_every_book_has_a_seed_of_its_own_and_of_its_day() -> None:
    def seeds(day: date, seed: int) -> set[int]:
        return {book.config.seed for book in day_of(stock("2330"), stock("2317"), day=day, seed=seed).plan.books}

    first = seeds(date(2026, 8, 20), 1)
    assert len(first) == 8
    assert not first & seeds(date(2026, 8, 21), 1)
    assert not first & seeds(date(2026, 8, 20), 2)
    assert first == seeds(date(2026, 8, 20), 1)


def test_from_the_list_of_securities() -> None:
    listed = instruments.Instrument(
        code="2330", name="台積電", market="TWSE", kind=SecurityKind.STOCK, treatment="altered", suspended=True
    )
    made = of_listing(listed, reference=price("953"))
    assert (made.code, made.name, made.reference, made.treatment, made.suspended) == (
        "2330",
        "台積電",
        price("953"),
        "altered",
        True,
    )
    with pytest.raises(YunhaiError) as refused:
        of_listing(listed)
    assert refused.value.code == 2205


def test_a_warrant_needs_its_limits() -> None:
    with pytest.raises(YunhaiError) as refused:
        day_of(TradedToday(code="030001", kind=SecurityKind.WARRANT_CALL, reference=price("1.5")))
    assert refused.value.code == 2202
