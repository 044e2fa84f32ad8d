"""The day's files as bytes 檔案: daily quotes, the securities of the day, fills.

Nothing is written here: each function gives bytes (or yields them record by record) and `apps` puts them somewhere.
The fixed-width layouts follow the exchange's files where their fields are known (market-rules 5.2 and 5.7):

- `quotes_csv`: one line a security, UTF-8, header in English;
- `security_file`: like T30, 100 bytes a security, CP950. Marks that the venue does not decide (margin, securities
  lending, day trade, attention, order cap, industry, kind, board) are blank;
- `fill_details`: like C07, 66 bytes a fill, the record of the match report line;
- `fill_totals`: like C06 (its true widths are not public): per broker, security and side, 51 bytes.

Fixed-width records follow each other without a separator. Prices are 9(5)V9(4). What a field has no room for is refused
(2521), never cut; only names are shortened, at a whole character.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from yunhai.exchange.rules.pack import RulePack
from yunhai.exchange.rules.prices import round_nearest
from yunhai.exchange.rules.words import SegmentName
from yunhai.exchange.tally import halves, joined
from yunhai.exchange.venue import Venue
from yunhai.exchange.venue_config import DayPlan, TradedToday, day_limits, match_seconds
from yunhai.kernel.clock import SECOND, time_of_day
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.money import PRICE_MAX, decimal_text, price_text
from yunhai.kernel.records import FILL, Kind, Side

SECURITY_BYTES: Final = 100
FILL_BYTES: Final = 66
TOTAL_BYTES: Final = 51

NO_LIMIT_DOWN: Final = 100
"""What T30 shows as limit-down where there is none: 0.01. Limit-up is then the field's maximum."""

REGULAR: Final = "0"
ODD_LOTS: Final = "2"
_EXCHANGE_CODE: Final = {
    SegmentName.BOARD: REGULAR,
    SegmentName.FIXED_PRICE: REGULAR,
    SegmentName.ODD_LOT: ODD_LOTS,
    SegmentName.ODD_LOT_AFTER: ODD_LOTS,
}
"""交易別, the exchange code of orders and reports (TwseExCode, market-rules 5.4): 0 regular and fixed price, 2 odd lots of
both kinds. (The line's 業務別, AP code, has four values for the same; it stands in no file.)"""

_ORDER_NUMBER_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

BrokerOf = Callable[[int], str]
"""A broker's four characters from the tenant of a record."""
AccountOf = Callable[[int], str]
"""A customer's seven characters 帳號 from the account of a record."""


def account_digits(account: int) -> str:
    """The usual `AccountOf`: the number itself, seven digits. YunhaiError 2521 if it is longer."""
    return _number(account, 7, field="account").decode()


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
    settlement, disposition = _marks(plan.pack, instrument)
    treatment = plan.pack.treatments[instrument.treatment] if instrument.treatment else None
    prepay = treatment is not None and (treatment.prepay_all or treatment.prepay_order_lots > 0)
    record = b"".join(
        (
            _whole(instrument.code, 6, field="code"),
            _price(PRICE_MAX if limits.up is None else limits.up),
            _price(instrument.reference),
            _price(NO_LIMIT_DOWN if limits.down is None else limits.down),
            _text("", 8),  # last trade date: given only to securities about to mature
            _text(settlement, 1),
            _text(disposition, 1),
            _text("", 1 + 1 + 2 + 2 + 1),  # attention, order cap, industry, kind, margin
            _text(instrument.name, 16),
            _minutes(match_seconds(plan.pack, instrument)),
            _number(treatment.prepay_order_lots if treatment else 0, 6, field="prepay order lots"),
            _number(treatment.prepay_day_lots if treatment else 0, 6, field="prepay day lots"),
            _number(100 if prepay else 0, 3, field="prepay rate"),
            _text("", 1 + 1 + 1 + 1 + 12),  # lending, par value, day trade, board, filler
        )
    )
    assert len(record) == SECURITY_BYTES
    return record


def _marks(pack: RulePack, instrument: TradedToday) -> tuple[str, str]:
    """(SETTYPE, MARK-W) from what the pack says of the treatment, whatever it is called (market-rules 2.11, 2.12).

    For a number of days: a disposition, first (1) where large orders only are prepaid, second (2) where every one is.
    Until lifted: altered trading, full delivery (1), or with periodic matching (2). YunhaiError 2511.
    """
    interval = match_seconds(pack, instrument)  # refuses what the pack does not name
    if instrument.treatment is None:
        return "0", ""
    treatment = pack.treatments[instrument.treatment]
    if treatment.business_days:
        return "0", "2" if treatment.prepay_all else "1"
    return "2" if interval else "1", ""


def _minutes(seconds: int) -> bytes:
    """Interval of periodic matching, whole minutes. YunhaiError 2521."""
    minutes, rest = divmod(seconds, 60)
    if rest:
        raise _misfit("match interval", 3, f"{seconds} s")
    return _number(minutes, 3, field="match interval")


def fill_details(
    venue: Venue,
    events: Iterable[NDArray[np.void]],
    *,
    broker_of: BrokerOf,
    account_of: AccountOf = account_digits,
) -> Iterator[bytes]:
    """Every fill of an event stream, like C07: 66 bytes each, numbered in order from 1 over all and per broker.

    YunhaiError 2521 for a fill that the layout has no room for.
    """
    sequence: dict[int, int] = {}
    layout = _FillLayout(venue, broker_of=broker_of, account_of=account_of)
    number = 0
    for chunk in events:
        fills = _fills(chunk)
        for tenant, record in zip(fills["tenant"].tolist(), layout.columns(fills), strict=True):
            number += 1
            sequence[tenant] = sequence.get(tenant, 0) + 1
            yield layout.record(record, tenant=tenant, sequence=sequence[tenant], number=number)


_Fill = tuple[int, int, int, int, int, int, int]
"""book, quantity, price, time, side, order id, account"""


class _FillLayout:
    """C07's record; what repeats from fill to fill is written once."""

    def __init__(self, venue: Venue, *, broker_of: BrokerOf, account_of: AccountOf) -> None:
        self._offset = venue.plan.pack.utc_offset
        self._place = cache(venue.place)
        self._code = cache(lambda code: _whole(code, 6, field="code"))
        self._price = cache(_price)
        self._broker = cache(lambda tenant: _whole(broker_of(tenant), 4, field="broker"))
        self._account = cache(lambda account: _whole(account_of(account), 7, field="account"))

    def columns(self, fills: NDArray[np.void]) -> Iterator[_Fill]:
        names = ("book", "quantity", "price", "time", "side", "order_id", "account")
        return zip(*(fills[name].tolist() for name in names), strict=True)

    def record(self, fill: _Fill, *, tenant: int, sequence: int, number: int) -> bytes:
        book, quantity, price, time, side, order_id, account = fill
        code, segment = self._place(book)
        record = b"".join(
            (
                self._code(code),
                _number(quantity, 8, field="quantity"),
                self._price(price),
                _clock(time_of_day(time, offset=self._offset) // (SECOND // 1000)),
                _EXCHANGE_CODE[segment].encode(),
                b"B" if side == Side.BUY else b"S",
                order_number(order_id).encode(),
                self._account(account),
                b"0",  # cash 現股
                _number(sequence, 6, field="broker's sequence"),
                self._broker(tenant),
                _number(number, 8, field="record number"),
                b" ",
            )
        )
        assert len(record) == FILL_BYTES
        return record


def _clock(milliseconds: int) -> bytes:
    """HHMMSSmmm."""
    seconds, thousandths = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return b"%02d%02d%02d%03d" % (hour, minute, second, thousandths)


def fill_totals(venue: Venue, events: Iterable[NDArray[np.void]], *, broker_of: BrokerOf) -> Iterator[bytes]:
    """Totals per broker, security and side, all segments together, like C06: broker 4, code 6, side 1, fills 8, shares
    14, value 9(14)V9(4); ascending. YunhaiError 2521 for a total that the layout has no room for."""
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
                _whole(broker, 4, field="broker"),
                _whole(code, 6, field="code"),
                _text(letter, 1),
                _number(count, 8, field="fills"),
                _number(shares, 14, field="shares"),
                _number(value, 18, field="value"),
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
    sums = np.zeros((len(unique), 4), np.int64)
    quantity = fills["quantity"].astype(np.int64)
    columns = np.column_stack([np.ones_like(quantity), quantity, halves(quantity * fills["price"])])
    np.add.at(sums, place.reshape(-1), columns)
    for key, row in zip(unique.tolist(), sums.tolist(), strict=True):
        yield (key[0], key[1], key[2]), (row[0], row[1], joined(row[2:]))


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


def _whole(text: str, width: int, *, field: str) -> bytes:
    """Left-aligned ASCII characters, none left out. YunhaiError 2521 if they are too many or others."""
    if len(text) > width or not text.isascii():
        raise _misfit(field, width, text)
    return text.encode().ljust(width)


def _number(value: int, width: int, *, field: str) -> bytes:
    """Digits filled up with zeros. YunhaiError 2521 if they are too many, or below zero."""
    data = b"%0*d" % (width, value)
    if value < 0 or len(data) > width:
        raise _misfit(field, width, value)
    return data


def _price(price: int) -> bytes:
    return _number(price, 9, field="price")


def _misfit(field: str, width: int, value: object) -> YunhaiError:
    return YunhaiError(2521, field=field, width=width, value=value)
