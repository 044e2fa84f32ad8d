"""Bars: of trades at once, in pieces, of bars, of a journal's day; where spans begin; what is refused."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trading.scene import OPENED, PACK_BYTES, PACK_HASH, day_plan, pack
from yunhai.exchange.venue import Venue, commands
from yunhai.journal import Writer, fact_of
from yunhai.kernel.clock import DAY, EPOCH, TAIPEI_OFFSET, market_time, moment_text, parse_time
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.records import RECORD, TRADE, Kind, OrderType, Side
from yunhai.market.bars import (
    BAR,
    BOARD_CLOCK,
    FUTURES_CLOCK,
    SPANS,
    TICK,
    BarBuilder,
    SessionClock,
    coarser,
    folded,
    rows_of,
    span_named,
    ticks,
)
from yunhai.market.bars.journal import _Day, journal_days
from yunhai.native import _book
from yunhai.trading import facts
from yunhai.trading.facts import DayStep, Decided, PackPublished

FRIDAY = date(2026, 8, 21)


def at(clock: str, day: date = FRIDAY) -> int:
    whole, _, fraction = clock.partition(".")
    return int(market_time(day, parse_time(whole))) + int(fraction.ljust(9, "0") or "0")


def tape(*rows: tuple[str, int, int], clock: SessionClock = BOARD_CLOCK, security: int = 0) -> np.ndarray:
    """(time of day, price, quantity) of one security."""
    return ticks(
        clock,
        security=np.full(len(rows), security),
        times=np.array([at(row[0]) for row in rows], np.int64),
        prices=np.array([row[1] for row in rows], np.int64),
        quantities=np.array([row[2] for row in rows], np.int64),
    )


def told(bars: np.ndarray) -> list[tuple[Any, ...]]:
    """(start, open, high, low, close, volume, value, trades)."""
    return [
        (moment_text(int(bar["start_ns"])), *(int(bar[name]) for name in BAR.names[2:]))  # type: ignore[index]
        for bar in bars
    ]


def test_bars_of_a_morning() -> None:
    trades = tape(
        ("09:00:00", 100, 5), ("09:00:59.999999999", 103, 1), ("09:01:00", 99, 2), ("09:03:30", 101, 4), ("13:30:00", 98, 7)
    )  # fmt: skip
    assert told(folded(rows_of(trades, SPANS["1m"]))) == [
        ("2026-08-21 09:00", 100, 103, 100, 103, 6, 603, 2),
        ("2026-08-21 09:01", 99, 99, 99, 99, 2, 198, 1),
        ("2026-08-21 09:03", 101, 101, 101, 101, 4, 404, 1),
        ("2026-08-21 13:29", 98, 98, 98, 98, 7, 686, 1),
    ]
    assert told(folded(rows_of(trades, SPANS["1d"]))) == [("2026-08-21 00:00", 100, 103, 98, 98, 19, 1891, 5)]
    assert [row[0] for row in told(folded(rows_of(trades, SPANS["60m"])))] == ["2026-08-21 09:00", "2026-08-21 13:00"]


@pytest.mark.parametrize(
    ("span", "clock", "start"),
    [
        ("1s", "13:30:00", "2026-08-21 13:29:59"),
        ("5m", "13:30:00", "2026-08-21 13:25"),
        ("5m", "13:33:00", "2026-08-21 13:25"),  # a close put off
        ("5m", "13:29:59.999", "2026-08-21 13:25"),
        ("5m", "09:05:00", "2026-08-21 09:05"),
        ("30m", "13:00:00", "2026-08-21 13:00"),
        ("1d", "09:00:00", "2026-08-21 00:00"),
        ("1w", "09:00:00", "2026-08-17 00:00"),
        ("1mo", "09:00:00", "2026-08-01 00:00"),
    ],
)
def test_where_a_span_begins(span: str, clock: str, start: str) -> None:
    assert told(folded(rows_of(tape((clock, 100, 1)), SPANS[span])))[0][0] == start


def test_a_night_session_belongs_to_its_own_day() -> None:
    """The night of Friday trades for Monday, and its last trade at 05:00 belongs to its last minute."""
    monday = (date(2026, 8, 24) - EPOCH).days
    times = [at("15:00:00"), at("05:00:00", date(2026, 8, 22)), at("08:45:00", date(2026, 8, 24))]
    trades = ticks(
        FUTURES_CLOCK,
        security=np.zeros(3),
        times=np.array(times),
        prices=np.array([10, 11, 12]),
        quantities=np.ones(3),
        days=np.full(3, monday),
    )
    assert told(folded(rows_of(trades, SPANS["1d"]))) == [("2026-08-24 00:00", 10, 12, 10, 12, 3, 33, 3)]
    minutes = [row[0] for row in told(folded(rows_of(trades, SPANS["1m"])))]
    assert minutes == ["2026-08-21 15:00", "2026-08-22 04:59", "2026-08-24 08:45"]


TRADES = st.lists(
    st.tuples(
        st.integers(0, 3),  # security
        st.integers(0, 3 * 10**12),  # ns since the one before: up to 50 minutes
        st.integers(1, 10**9),
        st.integers(1, 10**6),
    ),
    max_size=60,
)
CUTS = st.lists(st.integers(0, 60), max_size=8)


def made(rows: list[tuple[int, int, int, int]]) -> np.ndarray:
    times = at("09:00:00") + np.cumsum([row[1] for row in rows], dtype=np.int64)
    return ticks(
        BOARD_CLOCK,
        security=np.array([row[0] for row in rows], np.uint32),
        times=times,
        prices=np.array([row[2] for row in rows], np.int64),
        quantities=np.array([row[3] for row in rows], np.int64),
    )


def by_hand(trades: np.ndarray, span: str) -> list[tuple[int, ...]]:
    """The definition, trade by trade, in plain Python."""
    found: dict[tuple[int, int], list[int]] = {}
    for trade in trades:
        local = int(trade["placed_ns"]) + TAIPEI_OFFSET
        day = int(trade["day"])
        width = SPANS[span].ns
        if width:
            start = local // width * width
        elif span == "1d":
            start = day * DAY
        elif span == "1w":
            start = (day - date.fromordinal(EPOCH.toordinal() + day).weekday()) * DAY
        else:
            start = (date.fromordinal(EPOCH.toordinal() + day).replace(day=1) - EPOCH).days * DAY
        price, quantity = int(trade["price"]), int(trade["quantity"])
        bar = found.setdefault((int(trade["security"]), start - TAIPEI_OFFSET), [price, price, price, price, 0, 0, 0])
        bar[1], bar[2], bar[3] = max(bar[1], price), min(bar[2], price), price
        bar[4], bar[5], bar[6] = bar[4] + quantity, bar[5] + price * quantity, bar[6] + 1
    return [(*key, *found[key]) for key in sorted(found)]


@settings(max_examples=60, deadline=None)
@given(TRADES, CUTS, st.sampled_from(sorted(SPANS)))
def test_in_pieces_and_at_once_and_by_hand_are_the_same(
    rows: list[tuple[int, int, int, int]], cuts: list[int], span: str
) -> None:
    trades = made(rows)
    whole = folded(rows_of(trades, SPANS[span]))
    assert [tuple(map(int, bar)) for bar in whole] == by_hand(trades, span)
    builder, parts = BarBuilder(SPANS[span]), []
    for piece in np.split(trades, sorted(min(cut, len(trades)) for cut in cuts)):
        parts.append(builder.add(piece))
        assert len(np.unique(builder.open["security"])) == len(builder.open)
    parts.append(builder.close())
    pieces = np.concatenate(parts)
    assert np.sort(pieces, order=("security", "start_ns")).tobytes() == whole.tobytes()
    assert len(builder.open) == 0


WIDER = [
    (one.name, other.name)
    for one in SPANS.values()
    for other in SPANS.values()
    if (one.ns and one.ns < other.ns and other.ns % one.ns == 0) or (one.name == "1d" and other.name in ("1w", "1mo"))
]


@settings(max_examples=40, deadline=None)
@given(TRADES, st.integers(0, 20), st.integers(0, 5 * 3_600 * 10**9))
def test_bars_of_bars_are_bars_of_the_trades(rows: list[tuple[int, int, int, int]], days: int, later: int) -> None:
    """Every wider span of every narrower one that it holds whole, over days, and with the closing trades of a session."""
    trades = made(rows)
    trades["placed_ns"] = BOARD_CLOCK.placed(trades["placed_ns"] + later)
    trades["day"] += (np.arange(len(trades)) * days // max(1, len(trades))).astype(np.int32)
    trades["placed_ns"] += (trades["day"] - trades["day"].min(initial=30_000)).astype(np.int64) * DAY
    bars = {name: folded(rows_of(trades, span)) for name, span in SPANS.items()}
    assert len(WIDER) == 38
    for narrow, wide in WIDER:
        assert coarser(bars[narrow], SPANS[wide]).tobytes() == bars[wide].tobytes(), (narrow, wide)
        assert bars[narrow]["volume"].sum() == trades["quantity"].sum()


@pytest.mark.parametrize(
    ("segment", "clock", "minute"),
    [
        ("board", "09:00:00", "09:00"),  # the opening auction
        ("board", "13:24:59.999999999", "13:24"),
        ("board", "13:30:00", "13:29"),  # the closing auction
        ("board", "13:32:59", "13:29"),  # one that was put off
        ("odd_lot", "09:10:00", "09:10"),
        ("odd_lot", "13:30:00", "13:29"),
        ("odd_lot_after", "14:30:00", "14:29"),
        ("fixed_price", "14:29:59", "14:29"),
        ("fixed_price", "14:30:00", "14:29"),
    ],
)
def test_sessions_and_auctions_of_every_segment(segment: str, clock: str, minute: str) -> None:
    """Ends of sessions come from the rule pack of the day; what trades at one belongs to the session's last minute."""
    day = _Day(1, OPENED, pack())
    book = next(book for (code, name), book in day.places.items() if (code, name) == ("2330", segment))
    record = np.zeros(1, RECORD)
    record["kind"], record["book"], record["time"] = Kind.TRADE, book, at(clock)
    trade = record.view(TRADE)
    trade["price"], trade["quantity"] = 1_000_000, 1
    day.take(record)
    (row,) = told(day.bars.of(book, SPANS["1m"]))
    assert row[0] == f"2026-08-21 {minute}"
    assert told(day.bars.of(book, SPANS["1d"]))[0][0] == "2026-08-21 00:00"


def test_refusals_change_nothing() -> None:
    builder = BarBuilder(SPANS["1m"])
    builder.add(tape(("09:05:00", 100, 1)))
    before = builder.open.copy()
    with pytest.raises(YunhaiError) as refused:
        builder.add(tape(("09:04:00", 100, 1)))
    assert refused.value.code == 7458
    huge = np.zeros(2, TICK)
    huge["price"], huge["quantity"], huge["placed_ns"] = 999_999_999, 2**32 - 1, at("09:06:00")
    huge["day"] = (FRIDAY - EPOCH).days
    builder.add(huge)  # two such trades still fit
    with pytest.raises(YunhaiError) as refused:
        builder.add(np.repeat(huge, 2))
    assert refused.value.code == 7456
    assert int(builder.open["trades"][0]) == 2
    assert len(before) == 1
    with pytest.raises(YunhaiError) as refused:
        span_named("7m")
    assert refused.value.code == 7456


# -- our own journal -----------------------------------------------------------------------------------------------------


class SmallDay:
    """A journal of one market day: the small market, traded by seed, trial matches and odd lots included."""

    def __init__(self, folder: Path) -> None:
        self.writer = Writer(folder)
        self.tell(PackPublished(pack="twse-2026", sha256=PACK_HASH, toml=PACK_BYTES))
        self.tell(OPENED)
        engine = _book.Engine(order_capacity=4_000, first_order_id=1, id_capacity=10_000)
        self.venue = Venue(day_plan(), engine=engine, sink=lambda events: self.writer.submit(events.copy()))

    def tell(self, fact: Decided) -> None:
        self.writer.submit_fact(fact_of(fact, number=facts.NUMBERS[type(fact)]))

    def trade(self, clock: str, count: int, *, segment: str = "board", first: int = 1) -> None:
        start = at(clock)
        orders = commands(count)
        names = {"board": None, "odd_lot": "odd_lot"}
        for place in range(count):
            code, reference = (("2330", 1_000_000), ("0050", 600_000))[place % 2]
            one = orders[place]
            one["kind"], one["order_type"] = Kind.NEW, OrderType.LIMIT
            one["time"], one["order_id"] = start + place * 10**9, first + place
            one["book"] = self.venue.book(code) if names[segment] is None else self._odd(code)
            one["tenant"], one["account"] = 7, 70
            one["side"] = Side.BUY if place % 4 < 2 else Side.SELL
            one["price"] = reference + (place % 3) * (500 if code == "0050" else 5_000)
            one["quantity"] = 1_000 * (1 + place % 3) if segment == "board" else 10 + place
        self.venue.process(orders)

    def _odd(self, code: str) -> int:
        places = enumerate(day_plan().books)
        return next(
            number for number, place in places if (place.code, place.program.segment.value) == (code, "odd_lot")
        )

    def close(self, *, closed: bool = True) -> None:
        self.venue.finish()
        if closed:
            self.tell(DayStep(date=OPENED.date, step="closed"))
        self.writer.commit()
        self.writer.close()


def small_day(folder: Path, *, closed: bool = True) -> Venue:
    """Write the journal of a day; the venue that made it."""
    day = SmallDay(folder)
    day.trade("08:45:00", 40)
    day.trade("09:11:00", 40, segment="odd_lot", first=1_000)
    day.trade("10:00:00", 60, first=2_000)
    day.trade("13:26:00", 40, first=3_000)
    day.close(closed=closed)
    return day.venue


def test_a_days_journal_becomes_the_bars_that_the_venue_counted(tmp_path: Path) -> None:
    venue = small_day(tmp_path / "journal")
    (day,) = journal_days(tmp_path / "journal")
    assert (day.date, day.closed) == ("2026-08-21", True)
    bars = folded(rows_of(day.trades, SPANS["1d"]))
    seen = set()
    for bar in bars:
        code, segment = day.codes[bar["security"]], day.segments[bar["security"]]
        tally = venue.tally(code, day_plan().books[int(bar["security"])].program.segment)
        figures = (tally.open, tally.high, tally.low, tally.last, tally.volume, tally.value, tally.trades)
        assert tuple(int(bar[name]) for name in BAR.names[2:]) == figures, (code, segment)  # type: ignore[index]
        seen.add((code, segment))
    assert {("2330", "board"), ("0050", "board"), ("2330", "odd_lot")} <= seen
    minutes = folded(rows_of(day.trades, SPANS["1m"]))
    board = minutes[day.segments[minutes["security"]] == "board"]
    assert moment_text(int(board["start_ns"].max())) == "2026-08-21 13:29"  # the closing auction of 13:30


def test_an_open_day_says_so(tmp_path: Path) -> None:
    small_day(tmp_path / "journal", closed=False)
    (day,) = journal_days(tmp_path / "journal")
    assert not day.closed
    assert len(day.trades)
