"""Kept states 保留狀態: a book every so many of its events, so that any position is near one.

Made in one pass over a book's events when it is first chosen. The pass also writes down the quotes after every event, so that
a span's best prices are a look into two arrays. States are compressed and bounded in bytes: when they outgrow their room, every
second one is dropped and the distance doubles. They are an optimisation and no authority: they come from the events and
can be made again at any time.
"""

import zlib
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import REPLAY_KEPT_BYTES_MAX
from yunhai.kernel.records import Side
from yunhai.market.replay.book import BookState, QueueBook
from yunhai.market.replay.errors import SOURCE_UNFIT
from yunhai.market.replay.events import chosen, rows_of
from yunhai.market.replay.source import Listing, Places, Source
from yunhai.market.replay.turns import Turns

APART: Final = 1_024
"""Events of a book between two states, at least."""
_STATES: Final = 400
"""About so many states of a book, however many events it has."""
_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(BookState)


@dataclass(frozen=True, slots=True)
class Quotes:
    """After each event of a book the best bid and ask that stood in continuous trading, 1/10,000; 0 none."""

    bids: NDArray[np.int32]
    asks: NDArray[np.int32]


class KeptBook:
    """One book's states and quotes. `places`: where its events stand in the source."""

    def __init__(self, source: Source, listing: Listing, *, apart: int = 0, room: int = REPLAY_KEPT_BYTES_MAX) -> None:
        """`apart`: events between two states at first, 0: as suits; `room`: bytes for them. SOURCE_UNFIT if an event takes
        from an order that does not rest."""
        self.source = source
        self.listing = listing
        self.places: Places = source.places_of(listing.book)
        self.apart = self._slice = apart or max(APART, len(self.places) // _STATES)
        self._room = room
        self._states: list[bytes] = []
        self.bytes = 0
        self.quotes = self._pass()

    def __len__(self) -> int:
        return len(self.places)

    def _pass(self) -> Quotes:
        book = QueueBook(self.listing)
        size = len(self.places)
        bids, asks = np.zeros(size, np.int32), np.zeros(size, np.int32)
        for start in range(0, size, self._slice):
            if start % self.apart == 0:
                self._keep(book)
            stop = min(start + self._slice, size)
            bid: list[int] = []
            ask: list[int] = []
            for row in rows_of(chosen(self.source.events, self.places[start:stop])):
                try:
                    book.apply(row)
                except KeyError:
                    raise self._fault(start + len(bid)) from None
                best = book.quotes()
                bid.append(best[0])
                ask.append(best[1])
            bids[start:stop], asks[start:stop] = bid, ask
        if not self._states:
            self._keep(book)
        return Quotes(bids, asks)

    def _fault(self, local: int) -> YunhaiError:
        event = int(self.places[local])
        reason, reason_zh = (
            f"event {event} is about an order that does not rest",
            f"第 {event} 筆事件所涉委託不在委託簿中",
        )
        return YunhaiError(SOURCE_UNFIT, source=self.source.id, reason=reason, reason_zh=reason_zh)

    def _keep(self, book: QueueBook) -> None:
        self._states.append(zlib.compress(_ENCODER.encode(book.keep()), 1))
        self.bytes += len(self._states[-1])
        if self.bytes > self._room and len(self._states) > 2:
            self._states = self._states[::2]
            self.bytes = sum(map(len, self._states))
            self.apart *= 2

    def local(self, position: int) -> int:
        """How many events of this book lie before a position of the source."""
        return int(np.searchsorted(self.places, position, "left"))

    def at(self, local: int) -> QueueBook:
        """The book after its first `local` events, from the nearest state before."""
        number = min(local // self.apart, len(self._states) - 1)
        book = QueueBook.of(self.listing, _DECODER.decode(zlib.decompress(self._states[number])))
        self.run(book, number * self.apart, local)
        return book

    def run(self, book: QueueBook, first: int, last: int) -> None:
        """Apply the book's events `first` to `last`, without the last."""
        apply = book.apply
        for start in range(first, last, APART):
            for row in rows_of(chosen(self.source.events, self.places[start : min(start + APART, last)])):
                apply(row)

    def standing(self, side: Side, first: int, last: int) -> NDArray[np.int32]:
        """A side's best limits from position `first` (what stood then included) to `last`, where there was one."""
        start, stop = self.local(first), self.local(last)
        prices = (self.quotes.bids if side is Side.BUY else self.quotes.asks)[max(0, start - 1) : stop]
        standing: NDArray[np.int32] = prices[prices != 0]
        return standing


class Keeping:
    """A source's kept books, made when they are first asked for and shared by every replay of it."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._books: dict[int, KeptBook] = {}
        self._turns = Turns()

    def of(self, listing: Listing) -> KeptBook:
        """The kept book of a listing; two who ask for it at once make it once. Safe for threads."""
        with self._turns.of(listing.book):
            if listing.book not in self._books:
                self._books[listing.book] = KeptBook(self.source, listing)
            return self._books[listing.book]

    @property
    def bytes(self) -> int:
        """What the states hold."""
        return sum(book.bytes for book in self._books.values())
