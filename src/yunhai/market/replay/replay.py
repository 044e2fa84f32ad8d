"""A replay 重播: one position in a source, several securities in step, and how it moves.

The position is all there is: seeking, stepping and playing end in the same books, because each book is what its events before
the position make of it. Moving a little way forward applies the events between; anything else begins at the nearest kept
state. Playing asks `Playing` which events are due at a wall time that the caller gives; nothing here reads a clock.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from yunhai.kernel.clock import DAY
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import REPLAY_CODES_MAX, REPLAY_TAPE_MAX
from yunhai.kernel.records import Kind, Side
from yunhai.market.replay.book import QueueBook
from yunhai.market.replay.errors import CODES_UNFIT, NO_BOOK, OUTSIDE
from yunhai.market.replay.kept import Keeping, KeptBook
from yunhai.market.replay.playing import Playing, Timeline, require_speed
from yunhai.market.replay.source import Listing, Places, Source, trades_at

TO_THE_END: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class Moved:
    """What moving came to: the chosen events `places` happened, the position went from `first` to `last`. Where it went back
    or leapt, `places` is empty."""

    first: int
    last: int
    places: Places


@dataclass(frozen=True, slots=True, kw_only=True)
class TapeTrade:
    """A trade as the tape shows it. `taker` 1 buyer, 2 seller, 0 an auction or unknown; buyer and seller 0 where not known."""

    position: int
    time: int
    name: str
    price: int
    quantity: int
    buyer: int
    seller: int
    auction: bool
    taker: int


@dataclass(slots=True)
class _Shown:
    listing: Listing
    kept: KeptBook
    book: QueueBook
    local: int


class Replay:
    """`names` of listings of the source, at least one. The replay begins at position 0, paused.

    `now` is market time: of the last event, of the moment sought, or of the moment that playing has reached."""

    def __init__(self, source: Source, names: Sequence[str], keeping: Keeping | None = None) -> None:
        """CODES_UNFIT, SOURCE_UNFIT. `keeping` of the same source, or of one cut from it later."""
        if not names or len(names) > REPLAY_CODES_MAX or len(set(names)) != len(names):
            raise YunhaiError(
                CODES_UNFIT,
                reason=f"choose 1 to {REPLAY_CODES_MAX}, each once",
                reason_zh=f"請選 1 至 {REPLAY_CODES_MAX} 檔，不可重複",
            )
        self.source = source
        self.listings = tuple(source.listing(name) for name in names)
        self.books = tuple(listing.book for listing in self.listings)
        self._keeping = keeping or Keeping(source)
        self._shown = [self._open(listing) for listing in self.listings]
        self.position = 0
        self.now = source.time_of(0)
        self.playing: Playing | None = None

    def _open(self, listing: Listing) -> _Shown:
        kept = self._keeping.of(listing)
        return _Shown(listing, kept, kept.at(0), 0)

    @cached_property
    def places(self) -> Places:
        """Where the chosen securities' events stand, ascending."""
        found = [self.source.places_of(book) for book in self.books]
        return found[0] if len(found) == 1 else np.sort(np.concatenate(found))

    @property
    def end(self) -> int:
        """The last position."""
        return len(self.source)

    def events_hash(self) -> bytes:
        """Of all events of the source before the position, the chosen securities' and the others'."""
        return self.source.hash_at(self.position)

    # -- going to a place --------------------------------------------------------------------------------------------

    def seek(self, position: int) -> Moved:
        """Go to a position; playing stops. OUTSIDE."""
        self.source.require(position)
        self.playing = None
        return self._go(position, self.source.time_of(position))

    def seek_time(self, moment: int) -> Moved:
        """Go to a moment (market ns): everything up to and including it has happened. OUTSIDE if it lies more than a day
        before the source's first event or after its last."""
        times = self.source.times
        if not len(times) or not int(times[0]) - DAY <= moment <= int(times[-1]) + DAY:
            raise YunhaiError(OUTSIDE, index=moment, last=int(times[-1]) if len(times) else 0)
        self.playing = None
        return self._go(self.source.position_at(moment), moment)

    def seek_order(self, order: int) -> Moved:
        """Go to the moment just after an order's entry. ORDER_UNKNOWN."""
        return self.seek(self.source.entry_of(order, self.books) + 1)

    def step(self, count: int = 1) -> Moved:
        """So many events of the chosen securities forward, or with a negative count back; as far as there are any."""
        self.playing = None
        places = self.places
        happened = int(np.searchsorted(places, self.position, "left"))
        to = min(max(happened + count, 0), len(places))
        if to == happened:
            return Moved(self.position, self.position, places[:0])
        position = int(places[to - 1]) + 1 if count > 0 else int(places[to])
        return self._go(position, self.source.time_of(position))

    def _go(self, position: int, now: int) -> Moved:
        first = self.position
        for shown in self._shown:
            local = shown.kept.local(position)
            if shown.local <= local <= shown.local + shown.kept.apart:
                shown.kept.run(shown.book, shown.local, local)
            else:
                shown.book = shown.kept.at(local)
            shown.local = local
        self.position = position
        self.now = now
        return Moved(first, position, self._between(first, position))

    def _between(self, first: int, last: int) -> Places:
        start, stop = (int(np.searchsorted(self.places, position, "left")) for position in (first, last))
        return self.places[start:stop]

    # -- playing -----------------------------------------------------------------------------------------------------

    def play(self, speed: int, wall: int, *, idle: int = 0) -> None:
        """Play from here at `speed` thousandths (100 … 1,000,000) since wall time `wall` ns; a silence longer than `idle` ns
        of market time is cut to that (0: none is). SPEED_UNFIT."""
        require_speed(speed)
        line = Timeline(self.source.times, idle)
        self.playing = Playing(line, wall, line.played(self.now), speed)

    def rebase(self, wall: int) -> None:
        """Go on playing from here as of `wall`: for a reader that cannot keep up, so that its replay is slower instead of
        leaping. Nothing if it does not play."""
        if self.playing is not None:
            self.play(self.playing.speed, wall, idle=self.playing.line.idle)

    def advance(self, wall: int, *, most: int = TO_THE_END) -> Moved:
        """Let everything happen that is due at wall time `wall`, at most `most` chosen events now; what is left stays due.
        At the source's end playing stops."""
        playing = self.playing
        if playing is None:
            return Moved(self.position, self.position, self.places[:0])
        played = playing.played(wall)
        due = max(self.position, playing.line.due(played))
        waiting = self._between(self.position, due)
        if len(waiting) > most:
            position = int(waiting[most - 1]) + 1
            return self._go(position, self.source.time_of(position))
        at_end = due == self.end
        moved = self._go(due, self.source.time_of(due) if at_end else playing.line.market(played))
        if at_end:
            self.playing = None
        return moved

    def next_due(self) -> int | None:
        """The wall time at which the next chosen event is due, None if nothing is."""
        place = int(np.searchsorted(self.places, self.position, "left"))
        if self.playing is None or place == len(self.places):
            return None
        moment = int(self.source.times[self.places[place]])
        return self.playing.wall_of(self.playing.line.played(moment))

    def pause(self, wall: int) -> Moved:
        """Stop where playing is at `wall`."""
        moved = self.advance(wall)
        self.playing = None
        return moved

    # -- what is shown -----------------------------------------------------------------------------------------------

    def book(self, name: str) -> QueueBook:
        """The book of a chosen security at the position; to be read only. CODES_UNFIT, NO_BOOK."""
        if not self.source.has_book:
            raise YunhaiError(NO_BOOK, source=self.source.id)
        return self._of(name).book

    def figures(self, name: str) -> QueueBook:
        """The same, for its figures (last, volume …), which a source of trades has too."""
        return self._of(name).book

    def kept(self, name: str) -> KeptBook:
        """What is kept of a chosen security."""
        return self._of(name).kept

    def _of(self, name: str) -> _Shown:
        for shown in self._shown:
            if shown.listing.name == name:
                return shown
        raise YunhaiError(CODES_UNFIT, reason=f"{name[:40]!r} is not chosen", reason_zh=f"未選 {name[:40]!r}")

    def tape(self, most: int = 50, *, name: str = "") -> tuple[TapeTrade, ...]:
        """The last trades before the position, newest first; of one security or of all chosen."""
        most = min(most, REPLAY_TAPE_MAX)
        found = []
        for book in (one.book for one in self.listings if name in ("", one.name)):
            places = self.source.trades_of(book)
            end = int(np.searchsorted(places, self.position, "left"))
            found.append(places[max(0, end - most) : end][::-1].tolist())
        return self.trades_of(np.array(list(heapq.merge(*found, reverse=True))[:most], np.int64))

    def trades_of(self, places: Places) -> tuple[TapeTrade, ...]:
        """The trades among the chosen securities' events at those places, in their order."""
        names = {one.book: one.name for one in self.listings}
        places = places[self.source.events["kind"][places] == Kind.TRADE]
        return tuple(
            TapeTrade(
                position=place + 1,
                time=int(trade["time"]),
                name=names[int(trade["book"])],
                price=int(trade["price"]),
                quantity=int(trade["quantity"]),
                buyer=int(trade["buy_id"]),
                seller=int(trade["sell_id"]),
                auction=bool(trade["auction"]),
                taker=int(trade["taker_side"]),
            )
            for place, trade in zip(places.tolist(), trades_at(self.source, places), strict=True)
        )

    def depth(self, name: str, levels: int) -> tuple[tuple[tuple[int, int, int], ...], ...]:
        """(bids, asks) of a chosen security as (price, quantity, orders), best first. CODES_UNFIT, NO_BOOK."""
        book = self.book(name)
        return tuple(
            tuple((level.price, level.quantity, level.orders) for level in book.levels(side, levels))
            for side in (Side.BUY, Side.SELL)
        )
