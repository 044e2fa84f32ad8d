"""A source 來源: one day's events of some securities, in order, each with its market time and its place.

A **position** is a number of events: those before it have happened. Everything that can be said of a position depends on the
source and the position alone. `hash_at` says which events they were: SHA-256 over the source's head (kind, day, securities),
then over the hash so far and the next 4,096 events again and again, last over the hash so far and what is left. So any
position's hash is known at once, and anyone who holds the events can compute it.

A source may be cut at a moment (`before`): who may see a day only as it was twenty minutes ago gets the same positions and
the same hashes, and fewer of them.
"""

import hashlib
import threading
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from yunhai.kernel.clock import HOUR
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import REPLAY_EVENTS_MAX
from yunhai.kernel.records import SIZE, TRADE, Kind
from yunhai.market.replay.errors import CODES_UNFIT, ORDER_UNKNOWN, OUTSIDE, SOURCE_UNFIT, WITHHELD
from yunhai.market.replay.events import Events

Places = NDArray[np.int64]
HASH_BLOCK: Final = 4_096
"""Events between two links of the hash chain."""
SILENCE_NS: Final = HOUR
"""A stretch in which nothing happens for longer than this (a night, a weekend) is left out of what is drawn."""
BOARD: Final = "board"


class SourceKind(StrEnum):
    """Where the events come from. Of `TRADES` there is no book."""

    JOURNAL = "journal"
    ORDERS = "l3"
    TRADES = "trades"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One book of the source. `reference` in 1/10,000; `shuffle` and `seed`: how its first auction ranks a queue."""

    book: int
    code: str
    segment: str = BOARD
    lot: int = 1
    reference: int = 0
    shuffle: bool = False
    seed: int = 0

    @property
    def name(self) -> str:
        """How it is asked for: the code, with its segment where that is not the board."""
        return self.code if self.segment == BOARD else f"{self.code}:{self.segment}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """What a reader must know of where the events come from. `lines`: (Chinese, English)."""

    lines: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """Events (`events.py`) of `listings`, by time. `offset`: the market's clock from UTC, ns. `whole`: what this one was cut
    from, whose figures it shares. Safe for threads."""

    id: str
    kind: SourceKind
    day: date
    offset: int
    listings: tuple[Listing, ...]
    events: Events
    notes: Notes = field(default_factory=Notes)
    whole: "Source | None" = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        """SOURCE_UNFIT if the events are not in order, too many or of a book that is not listed."""
        if self.whole is not None:
            return
        reason, reason_zh = _fault(self)
        if reason:
            raise YunhaiError(SOURCE_UNFIT, source=self.id, reason=reason, reason_zh=reason_zh)

    # -- places ------------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.events)

    @property
    def has_book(self) -> bool:
        return self.kind is not SourceKind.TRADES

    @cached_property
    def times(self) -> Places:
        """Market time of each event, ns."""
        if self.whole is not None:
            return self.whole.times[: len(self)]
        return np.ascontiguousarray(self.events["time"])

    @cached_property
    def stretches(self) -> tuple[tuple[int, int], ...]:
        """When something happened: market ns of the first and the last event between two silences of over an hour."""
        times = self.times
        if not len(times):
            return ()
        breaks = np.flatnonzero(np.diff(times) > SILENCE_NS)
        first, last = np.concatenate(([0], breaks + 1)), np.append(breaks, len(times) - 1)
        return tuple(zip(times[first].tolist(), times[last].tolist(), strict=True))

    def position_at(self, moment: int) -> int:
        """The position at which everything up to and including `moment` (market ns) has happened."""
        return int(np.searchsorted(self.times, moment, "right"))

    def time_of(self, position: int) -> int:
        """Market time of the last event before a position; of the first event at position 0."""
        if not len(self.events):
            return 0
        return int(self.times[max(0, position - 1)])

    def require(self, position: int) -> None:
        """OUTSIDE unless it is a position of this source; WITHHELD if it is one of what this was cut from."""
        if not 0 <= position <= len(self.events):
            if self.whole is not None and 0 <= position <= len(self.whole):
                raise YunhaiError(WITHHELD)
            raise YunhaiError(OUTSIDE, index=position, last=len(self.events))

    def listing(self, name: str) -> Listing:
        """A listing by its name. CODES_UNFIT."""
        for listing in self.listings:
            if listing.name == name:
                return listing
        raise YunhaiError(CODES_UNFIT, reason=f"no {name[:40]!r} here", reason_zh=f"來源中沒有 {name[:40]!r}")

    @cached_property
    def _by_book(self) -> dict[int, Places]:
        books = self.events["book"]
        order = np.argsort(books, kind="stable")
        numbers, starts = np.unique(books[order], return_index=True)
        return dict(zip(numbers.tolist(), np.split(order.astype(np.int64), starts[1:]), strict=True))

    def places_of(self, book: int) -> Places:
        """Where the events of a book stand, ascending."""
        if self.whole is not None:
            return self._cut(self.whole.places_of(book))
        return self._by_book.get(book, np.zeros(0, np.int64))

    @cached_property
    def _trades(self) -> dict[int, Places]:
        return {}

    def trades_of(self, book: int) -> Places:
        """Where the trades of a book stand, ascending."""
        if self.whole is not None:
            return self._cut(self.whole.trades_of(book))
        if book not in self._trades:
            places = self.places_of(book)
            self._trades[book] = places[self.events["kind"][places] == Kind.TRADE]
        return self._trades[book]

    def _cut(self, places: Places) -> Places:
        return places[: int(np.searchsorted(places, len(self), "left"))]

    @cached_property
    def _orders(self) -> tuple[NDArray[np.uint64], Places]:
        """Numbers of the orders, ascending, and where each was entered."""
        places = np.flatnonzero(self.events["kind"] == Kind.NEW)
        numbers = self.events["order_id"][places]
        order = np.argsort(numbers, kind="stable")
        return numbers[order], places[order]

    def entry_of(self, order: int, books: tuple[int, ...]) -> int:
        """Where an order was entered. ORDER_UNKNOWN if it was not, or in none of `books`."""
        if self.whole is not None:
            place = self.whole.entry_of(order, books)
            if place < len(self):
                return place
            raise YunhaiError(ORDER_UNKNOWN, order=order)
        numbers, places = self._orders
        if 0 <= order < 1 << 64:
            wanted = np.uint64(order)
            first, last = (int(np.searchsorted(numbers, wanted, side)) for side in ("left", "right"))
            for place in places[first:last].tolist():
                if int(self.events["book"][place]) in books:
                    return int(place)
        raise YunhaiError(ORDER_UNKNOWN, order=order)

    def listing_of(self, order: int) -> Listing:
        """The listing that an order was entered in, of those here. ORDER_UNKNOWN."""
        place = self.entry_of(order, tuple(one.book for one in self.listings))
        book = int(self.events["book"][place])
        return next(one for one in self.listings if one.book == book)

    # -- what the events are -----------------------------------------------------------------------------------------

    @cached_property
    def head(self) -> bytes:
        """What the hash begins with: the source in canonical JSON, without its name."""
        said: dict[str, Any] = {
            "yunhai_replay": 1,
            "kind": self.kind.value,
            "day": self.day.isoformat(),
            "offset_ns": self.offset,
            "listings": [
                [one.book, one.code, one.segment, one.lot, one.reference, one.shuffle, one.seed]
                for one in self.listings
            ],
        }
        return msgspec.json.encode(said)

    @cached_property
    def _links(self) -> list[bytes]:
        return [hashlib.sha256(self.head).digest()]

    def hash_at(self, position: int) -> bytes:
        """SHA-256 of the head and the events before a position, as the module says. OUTSIDE."""
        self.require(position)
        if self.whole is not None:
            return self.whole.hash_at(position)
        block, left = divmod(position, HASH_BLOCK)
        links = self._links
        with self._lock:
            while len(links) <= block:
                start = (len(links) - 1) * HASH_BLOCK
                links.append(hashlib.sha256(links[-1] + self._bytes(start, start + HASH_BLOCK)).digest())
        if not left:
            return links[block]
        return hashlib.sha256(links[block] + self._bytes(block * HASH_BLOCK, position)).digest()

    def _bytes(self, first: int, last: int) -> bytes:
        return self.events[first:last].tobytes()

    def before(self, moment: int) -> "Source":
        """The same source, only what happened up to `moment` (market ns)."""
        return self.cut(self.position_at(moment))

    def cut(self, end: int, only: Listing | None = None) -> "Source":
        """The same source up to the position `end`, of all its securities or of one: same positions, same hashes. OUTSIDE."""
        self.require(end)
        if end == len(self) and only is None:
            return self
        listings = self.listings if only is None else (only,)
        return replace(self, events=self.events[:end], listings=listings, whole=self.whole or self)


def _fault(source: Source) -> tuple[str, str]:
    """Why the events are no source, in both languages; empty if they are."""
    if len(source.events) > REPLAY_EVENTS_MAX:
        return f"more than {REPLAY_EVENTS_MAX} events", f"超過 {REPLAY_EVENTS_MAX} 筆事件"
    times = source.events["time"]
    back = np.flatnonzero(times[1:] < times[:-1])
    if len(back):
        return f"event {int(back[0]) + 1} is earlier than the one before", f"第 {int(back[0]) + 1} 筆事件早於前一筆"
    books = {one.book for one in source.listings}
    strange = set(np.unique(source.events["book"]).tolist()) - books
    if strange or len({one.name for one in source.listings}) != len(source.listings):
        return "an event's book is not listed, or a name stands twice", "有事件不屬於所列證券，或名稱重複"
    return "", ""


def trades_at(source: Source, places: Places) -> NDArray[np.void]:
    """The trades at those places (dtype TRADE)."""
    return source.events.view(np.dtype((np.void, SIZE)))[places].view(TRADE)
