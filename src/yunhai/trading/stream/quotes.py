"""Quotes: what a book shows, as JSON bytes made once and shared by everybody who wants them.

`Board` holds the day's books. Records mark books as changed; a changed book is written again when it is next asked for, and
not before. Prices are decimal text in NT$ ("" none), quantities shares.
"""

from functools import lru_cache
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from yunhai.exchange.books import Depth
from yunhai.exchange.venue_config import day_limits
from yunhai.kernel.money import price_text as plain_price_text
from yunhai.kernel.records import Kind, Phase
from yunhai.trading.core.deciding import moment_of
from yunhai.trading.core.market_day import OpenDay
from yunhai.trading.stream.dealt import Dealt

LEVELS: Final = 5
_ENCODER: Final = msgspec.json.Encoder()
_COLLECTING: Final = (int(Phase.COLLECT), int(Phase.HALTED))
_TRIAL, _UNCROSS, _PHASE = int(Kind.TRIAL), int(Kind.UNCROSS), int(Kind.PHASE)
_FIRST_CONTROL, _LAST_CONTROL = int(Kind.PHASE), int(Kind.EXPIRE)
_HALTED: Final = int(Kind.HALTED)
price_text: Final = lru_cache(1 << 16)(plain_price_text)  # the same few thousand prices all day


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What the auction would trade now; price "" and quantity 0: nothing."""

    price: str
    quantity: int


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """One book. `bids`, `asks`: up to five (price, shares), best first; `market_bid`, `market_ask`: shares wanted at any price
    while an auction collects. `change`: last less reference. `phase` before | collect | continuous | halted | after |
    suspended; `halted`: suspended by the exchange; `halted_until`: when a volatility interruption 瞬間價格穩定措施 ends (market
    time, "" while there is none); `trial` while an auction collects, else null. `limit_up`, `limit_down`: "" where there is
    none; `last_limit`, `bid_limit`, `ask_limit`: up | down | "", where the last price, the best bid and ask stand at one.
    `last_quantity` shares of the last match at `last_time` (market time), `outside` and `inside` shares taken at the ask and
    given at the bid (`stream.dealt`)."""

    code: str
    segment: str
    name: str
    reference: str
    limit_up: str
    limit_down: str
    last: str
    change: str
    open: str
    high: str
    low: str
    volume: int
    value: str
    trades: int
    bids: tuple[tuple[str, int], ...]
    asks: tuple[tuple[str, int], ...]
    market_bid: int
    market_ask: int
    trial: Trial | None
    phase: str
    halted: bool
    halted_until: str
    last_limit: str
    bid_limit: str
    ask_limit: str
    last_quantity: int
    last_time: str
    outside: int
    inside: int


def _text(price: int) -> str:
    return price_text(price) if price else ""


def _at_limit(price: int, up: int, down: int) -> str:
    """up, down or "": where a price of the book stands; 0 is none."""
    return "" if not price else "up" if price == up else "down" if price == down else ""


def levels_of(side: Depth) -> tuple[tuple[tuple[str, int], ...], int, int]:
    """(levels, shares at market, best price or 0) of one side. What is wanted at any price stands first."""
    prices, quantities = side.price.tolist(), side.quantity.tolist()
    first = 0
    while first < len(prices) and prices[first] <= 0:
        first += 1
    at_market = sum(quantities[:first]) if first else 0
    last = first + LEVELS
    shown = tuple(
        [
            (price_text(price), quantity)
            for price, quantity in zip(prices[first:last], quantities[first:last], strict=True)
        ]
    )
    return shown, at_market, prices[first] if first < len(prices) else 0


class Board:
    """The books of a day, by the venue's numbers."""

    def __init__(self, day: OpenDay) -> None:
        self.day = day
        size = len(day.plan.books)
        self._listed = {listed.code: listed for listed in day.opened.listed}
        self._limits = {one.code: day_limits(day.plan.pack, one) for one in day.plan.instruments}
        self._until = [0] * size
        self._dealt = Dealt(size)
        self._trial_price = np.zeros(size, np.int64)
        self._trial_volume = np.zeros(size, np.int64)
        self._shown = np.zeros(size, np.bool_)
        self._market: tuple[dict[str, str], list[str]] | None = None
        self._changed = np.zeros(size, np.bool_)
        self._stale = np.ones(size, np.bool_)
        self._stale_one = self._stale.data  # the same memory, a book at a time
        self._written: list[bytes] = [b""] * size
        self._told: list[bytes] = [b""] * size
        self.books: dict[str, dict[str, int]] = {}
        for number, place in enumerate(day.plan.books):
            self.books.setdefault(place.code, {})[place.program.segment.value] = number

    def take(self, records: NDArray[np.void]) -> None:
        """Note which books changed, their trials and how they dealt."""
        self._dealt.take(records)
        kinds, numbers = records["kind"], records["book"]
        is_control = (kinds >= _FIRST_CONTROL) & (kinds <= _LAST_CONTROL)
        controls = np.flatnonzero(is_control)
        touched = numbers
        if len(controls):
            touched = np.concatenate([numbers[~is_control], self._take_controls(records, controls)])
        for row in np.flatnonzero(kinds == _HALTED).tolist():
            self._until[int(numbers[row])] = int(records["order_id"][row])
        self._changed[touched] = True
        self._stale[touched] = True

    def _take_controls(self, records: NDArray[np.void], controls: NDArray[np.intp]) -> NDArray[np.uint32]:
        """A trial is shown until an auction, or a phase in which none collects, ends it. The last of each book counts.

        Gives the books on which something else can be seen now: a periodic auction of a thousand empty books changes nothing.
        What traded or went there has records of its own."""
        kinds, sides, states = (records[name][controls] for name in ("kind", "side", "state"))
        numbers = records["book"][controls]
        shows = (kinds == _TRIAL) & (states > 0)
        seen = (kinds == _PHASE) | ((kinds == _UNCROSS) & self._shown[numbers])
        news = (records["price"][controls] != self._trial_price[numbers]) | (
            records["order_id"][controls].astype(np.int64) != self._trial_volume[numbers]
        )
        seen |= shows & (~self._shown[numbers] | news)
        ends = (kinds == _UNCROSS) | ((kinds == _PHASE) & (sides != Phase.COLLECT) & (sides != Phase.HALTED))
        if (kinds == _PHASE).any():
            self._market = None
        chosen = controls[shows | ends]
        books = records["book"][chosen]
        self._shown[books] = records["kind"][chosen] == _TRIAL
        trials = controls[shows]
        books = records["book"][trials]
        self._trial_price[books] = records["price"][trials]
        self._trial_volume[books] = records["order_id"][trials]
        touched: NDArray[np.uint32] = numbers[seen]
        return touched

    def take_changed(self) -> list[int]:
        """Books that changed since this was last asked."""
        changed = np.flatnonzero(self._changed)
        self._changed[changed] = False
        found: list[int] = changed.tolist()
        return found

    def is_changed(self, book: int) -> bool:
        """Whether a book changed since `take_changed`."""
        return bool(self._changed[book])

    def wanted(self, codes: tuple[str, ...], segments: tuple[str, ...]) -> tuple[list[int], list[str]]:
        """(books, codes unknown today)."""
        found = [
            self.books[code][one] for code in codes if code in self.books for one in segments if one in self.books[code]
        ]
        return found, [code for code in codes if code not in self.books]

    def written(self, book: int) -> bytes:
        """A book's quote as JSON."""
        if self._stale_one[book]:
            self._written[book] = _ENCODER.encode(self.quote(book))
            self._stale_one[book] = False
        return self._written[book]

    def told(self, book: int) -> bytes:
        """A book's quote as it was when `renewed` was last asked."""
        return self._told[book]

    def forget(self, book: int) -> None:
        """Nobody follows a book that changed: what was told of it last is nobody's state."""
        self._told[book] = b""

    def renewed(self, book: int) -> bool:
        """Whether a book shows something else than when this was last asked: a record need not change what is shown."""
        written = self.written(book)
        if self._told[book] == written:
            return False
        self._told[book] = written
        return True

    def quote(self, book: int) -> Quote:
        day = self.day
        place = day.plan.books[book]
        listed = self._listed[place.code]
        tally = day.venue.tally(place.code, place.program.segment)
        phase = Phase(day.phase_of(book))
        if book < day.engine.book_count():
            bids, asks = day.engine.depth(book, LEVELS + 1)
            (bid_levels, market_bid, bid), (ask_levels, market_ask, ask) = levels_of(bids), levels_of(asks)
        else:
            bid_levels, market_bid, bid, ask_levels, market_ask, ask = (), 0, 0, (), 0, 0
        limits = self._limits[place.code]
        up, down = limits.up or 0, limits.down or 0
        trial = None
        if self._shown[book] and phase in _COLLECTING:
            trial = Trial(price=_text(int(self._trial_price[book])), quantity=int(self._trial_volume[book]))
        return Quote(
            code=place.code,
            segment=place.program.segment.value,
            name=listed.name,
            reference=price_text(listed.reference),
            limit_up=_text(up),
            limit_down=_text(down),
            last=_text(tally.last),
            change=price_text(tally.last - listed.reference) if tally.last else "",
            open=_text(tally.open),
            high=_text(tally.high),
            low=_text(tally.low),
            volume=tally.volume,
            value=plain_price_text(tally.value),
            trades=tally.trades,
            bids=bid_levels,
            asks=ask_levels,
            market_bid=market_bid,
            market_ask=market_ask,
            trial=trial,
            phase=phase.name.lower(),
            halted=phase is Phase.SUSPENDED,
            halted_until=moment_of(self._until[book]) if phase is Phase.HALTED and self._until[book] else "",
            last_limit=_at_limit(tally.last, up, down),
            bid_limit=_at_limit(bid, up, down),
            ask_limit=_at_limit(ask, up, down),
            last_quantity=self._dealt.quantity[book],
            last_time=moment_of(self._dealt.time[book]) if tally.last else "",
            outside=self._dealt.outside[book],
            inside=self._dealt.inside[book],
        )

    def market(self) -> tuple[dict[str, str], list[str]]:
        """(phases, halted), looked at again only after a change of phase."""
        if self._market is None:
            self._market = (self.phases(), self.halted())
        return self._market

    def phases(self) -> dict[str, str]:
        """The phase that most books of each segment are in."""
        counts: dict[str, dict[int, int]] = {}
        for number, place in enumerate(self.day.plan.books):
            count = counts.setdefault(place.program.segment.value, {})
            phase = self.day.phase_of(number)
            count[phase] = count.get(phase, 0) + 1
        return {
            segment: Phase(max(sorted(count), key=count.__getitem__)).name.lower() for segment, count in counts.items()
        }

    def halted(self) -> list[str]:
        """Securities whose board-lot book is suspended."""
        return [
            code
            for code, segments in self.books.items()
            if any(self.day.phase_of(book) == Phase.SUSPENDED for book in list(segments.values())[:1])
        ]
