"""The day's files as bytes 檔案: daily quotes, the securities of the day, fills.

Nothing is written here: each function gives bytes (or yields them record by record) and `apps` puts them somewhere.
The fixed-width layouts follow the exchange's files where their fields are known (market-rules 5.2 and 5.7):

- `quotes_csv`: one line a security, UTF-8, header in English;
- `security_file`: like T30, 100 bytes a security, CP950. Marks that the venue does not decide (margin, securities
  lending, day trade, attention, order cap, industry, kind, board) are blank;
- `fill_details`: like C07, 66 bytes a fill, the record of the match report line;
- `fill_totals`: like C06 (its true widths are not public): per broker, security and side, 51 bytes.

Fixed-width records follow each other without a separator. Prices are 9(5)V9(4).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from yunhai.exchange.rules.prices import round_nearest
from yunhai.exchange.rules.words import SegmentName
from yunhai.exchange.venue import Venue
from yunhai.exchange.venue_config import DayPlan, TradedToday, day_limits, match_seconds
from yunhai.kernel.clock import time_of_day
from yunhai.kernel.money import PRICE_MAX, decimal_text, price_text
from yunhai.kernel.records import FILL, Kind, Side

SECURITY_BYTES: Final = 100
FILL_BYTES: Final = 66
TOTAL_BYTES: Final = 51

NO_LIMIT_DOWN: Final = 100
"""What T30 shows as limit-down where there is none: 0.01. Limit-up is then the field's maximum."""

_SETTLEMENT_TYPE: Final = {"altered": "1", "altered-periodic": "2"}
_DISPOSITION_MARK: Final = {"disposition-first": "1", "disposition-second": "2"}
_SEGMENT_CODE: Final = {
    SegmentName.BOARD: "0",
    SegmentName.FIXED_PRICE: "0",
    SegmentName.ODD_LOT: "C",
    SegmentName.ODD_LOT_AFTER: "2",
}
_ORDER_NUMBER_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

BrokerOf = Callable[[int], str]
"""A broker's four characters from the tenant of a record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyQuote:
    """A security's day. Prices in 1/10,000 NT$, 0 = none; only the segments whose trades make prices count."""

    code: str
    name: str
    open: int
    high: int
    low: int
    close: int
    volume: int
    value: int
    trades: int
    best_bid: int
    best_ask: int
    reference: int
    next_reference: int


def daily_quotes(venue: Venue) -> Iterator[DailyQuote]:
    """Every security's day, in the plan's order; complete once the day is over."""
    for instrument in venue.plan.instruments:
        tally = venue.tally(instrument.code)
        bid, ask = venue.closing_quotes(instrument.code)
        yield DailyQuote(
            code=instrument.code,
            name=instrument.name,
            open=tally.open,
            high=tally.high,
            low=tally.low,
            close=tally.last,
            volume=tally.volume,
            value=tally.value,
            trades=tally.trades,
            best_bid=bid,
            best_ask=ask,
            reference=instrument.reference,
            next_reference=next_reference(venue.plan, instrument, close=tally.last, bid=bid, ask=ask),
        )


def next_reference(plan: DayPlan, instrument: TradedToday, *, close: int, bid: int, ask: int) -> int:
    """The next day's auction reference, ex-dates aside: the close; without one the last best bid if it is above the old
    reference, else the last best ask if it is below, else the old reference (TWSE Operating Rules Art. 58-3)."""
    if close:
        return close
    if bid > instrument.reference:
        return bid
    if 0 < ask < instrument.reference:
        return ask
    return round_nearest(plan.pack, instrument.kind, instrument.reference)


def quotes_csv(venue: Venue) -> bytes:
    """Daily quotes 每日收盤行情, one line a security; empty fields where there was no trade."""
    lines = ["code,name,open,high,low,close,shares,value,trades,best_bid,best_ask,reference,next_reference"]
    for quote in daily_quotes(venue):
        name = quote.name.replace('"', '""')
        prices = [_or_blank(price) for price in (quote.open, quote.high, quote.low, quote.close)]
        bid, ask = _or_blank(quote.best_bid), _or_blank(quote.best_ask)
        counts = [str(quote.volume), decimal_text(quote.value), str(quote.trades)]
        last = [bid, ask, price_text(quote.reference), price_text(quote.next_reference)]
        lines.append(",".join([quote.code, f'"{name}"', *prices, *counts, *last]))
    return ("\r\n".join(lines) + "\r\n").encode()


def _or_blank(price: int) -> str:
    return price_text(price) if price else ""


def security_file(plan: DayPlan) -> Iterator[bytes]:
    """The day's securities, like T30: limits, reference, treatment; 100 bytes each."""
    for instrument in plan.instruments:
        yield _security_record(plan, instrument)


def _security_record(plan: DayPlan, instrument: TradedToday) -> bytes:
    limits = day_limits(plan.pack, instrument)
    key = instrument.treatment or ""
    treatment = plan.pack.treatments.get(key)
    prepay = treatment is not None and (treatment.prepay_all or treatment.prepay_order_lots > 0)
    record = b"".join(
        (
            _text(instrument.code, 6),
            _price(PRICE_MAX if limits.up is None else limits.up),
            _price(instrument.reference),
            _price(NO_LIMIT_DOWN if limits.down is None else limits.down),
            _text("", 8),  # last trade date: given only to securities about to mature
            _text(_SETTLEMENT_TYPE.get(key, "0"), 1),
            _text(_DISPOSITION_MARK.get(key, ""), 1),
            _text("", 1 + 1 + 2 + 2 + 1),  # attention, order cap, industry, kind, margin
            _text(instrument.name, 16),
            _number(match_seconds(plan.pack, instrument) // 60, 3),
            _number(treatment.prepay_order_lots if treatment else 0, 6),
            _number(treatment.prepay_day_lots if treatment else 0, 6),
            _number(100 if prepay else 0, 3),
            _text("", 1 + 1 + 1 + 1 + 12),  # lending, par value, day trade, board, filler
        )
    )
    assert len(record) == SECURITY_BYTES
    return record


def fill_details(venue: Venue, events: Iterable[NDArray[np.void]], *, broker_of: BrokerOf) -> Iterator[bytes]:
    """Every fill of an event stream, like C07: 66 bytes each, numbered in order from 1 over all and per broker."""
    sequence: dict[int, int] = {}
    number = 0
    for chunk in events:
        for fill in _fills(chunk).tolist():
            record = dict(zip(FILL.names or (), fill, strict=True))
            number += 1
            tenant = record["tenant"]
            sequence[tenant] = sequence.get(tenant, 0) + 1
            yield _fill_record(venue, record, broker=broker_of(tenant), sequence=sequence[tenant], number=number)


def _fill_record(venue: Venue, fill: dict[str, int], *, broker: str, sequence: int, number: int) -> bytes:
    code, segment = venue.place(fill["book"])
    milliseconds = time_of_day(fill["time"], offset=venue.plan.pack.utc_offset) // 1_000_000
    seconds, thousandths = divmod(milliseconds, 1000)
    clock = f"{seconds // 3600:02d}{seconds // 60 % 60:02d}{seconds % 60:02d}{thousandths:03d}"
    record = b"".join(
        (
            _text(code, 6),
            _number(fill["quantity"], 8),
            _price(fill["price"]),
            _text(clock, 9),
            _text(_SEGMENT_CODE[segment], 1),
            _text("B" if fill["side"] == Side.BUY else "S", 1),
            _text(order_number(fill["order_id"]), 5),
            _number(fill["account"] % 10_000_000, 7),
            _text("0", 1),  # cash 現股
            _number(sequence % 1_000_000, 6),
            _text(broker, 4),
            _number(number % 100_000_000, 8),
            _text("", 1),
        )
    )
    assert len(record) == FILL_BYTES
    return record


def fill_totals(venue: Venue, events: Iterable[NDArray[np.void]], *, broker_of: BrokerOf) -> Iterator[bytes]:
    """Totals per broker, security and side, all segments together, like C06: broker 4, code 6, side 1, fills 8, shares
    14, value 9(14)V9(4); ascending."""
    totals: dict[tuple[str, str, str], list[int]] = {}
    for chunk in events:
        for (tenant, book, side), (count, shares, value) in _grouped(_fills(chunk)):
            code, _ = venue.place(book)
            key = (broker_of(tenant), code, "B" if side == Side.BUY else "S")
            total = totals.setdefault(key, [0, 0, 0])
            total[0] += count
            total[1] += shares
            total[2] += value
    for (broker, code, letter), (count, shares, value) in sorted(totals.items()):
        record = b"".join(
            (
                _text(broker, 4),
                _text(code, 6),
                _text(letter, 1),
                _number(count, 8),
                _number(shares, 14),
                _number(value, 18),
            )
        )
        assert len(record) == TOTAL_BYTES
        yield record


def _fills(events: NDArray[np.void]) -> NDArray[np.void]:
    fills: NDArray[np.void] = events[events["kind"] == Kind.FILL].view(FILL)
    return fills


def _grouped(fills: NDArray[np.void]) -> Iterator[tuple[tuple[int, int, int], tuple[int, int, int]]]:
    """((tenant, book, side), (fills, shares, value)) of an array of fills."""
    keys = np.stack([fills["tenant"], fills["book"], fills["side"]], axis=1)
    unique, place = np.unique(keys, axis=0, return_inverse=True)
    sums = np.zeros((len(unique), 3), np.int64)
    quantity = fills["quantity"].astype(np.int64)
    columns = np.stack([np.ones_like(quantity), quantity, quantity * fills["price"]], axis=1)
    np.add.at(sums, place.reshape(-1), columns)
    for key, row in zip(unique.tolist(), sums.tolist(), strict=True):
        yield (key[0], key[1], key[2]), (row[0], row[1], row[2])


def order_number(order_id: int) -> str:
    """委託書編號: the last five base-62 digits of an order id."""
    digits = []
    for _ in range(5):
        order_id, digit = divmod(order_id, 62)
        digits.append(_ORDER_NUMBER_DIGITS[digit])
    return "".join(reversed(digits))


def _text(text: str, width: int) -> bytes:
    """Left-aligned CP950, cut at a whole character; what CP950 lacks becomes `?`."""
    data = b""
    for letter in text:
        more = letter.encode("cp950", "replace")
        if len(data) + len(more) > width:
            break
        data += more
    return data.ljust(width)


def _number(value: int, width: int) -> bytes:
    text = str(value).zfill(width)
    if value < 0 or len(text) > width:
        raise ValueError(f"{value} does not fit {width} digits")
    return text.encode()


def _price(price: int) -> bytes:
    return _number(price, 9)
