"""One replay as a conversation: what is said to it, what it answers, what is due to be told. No sockets and no clock.

The transport gives the wall time (ns) with everything it asks. `say` answers a message, `tick` tells what playing has
brought. Nothing is left out between two updates: what does not fit one message stays due for the next.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final, Protocol

from yunhai.kernel.clock import SECOND
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import (
    REPLAY_BATCH_EVENTS_MAX,
    REPLAY_IDLE_SECONDS_MAX,
    REPLAY_LEVELS_MAX,
    REPLAY_QUEUE_MAX,
)
from yunhai.kernel.money import SCALE
from yunhai.kernel.records import Side
from yunhai.market.replay.bars import bars
from yunhai.market.replay.catalogue import Offered
from yunhai.market.replay.errors import NOTHING_OPEN
from yunhai.market.replay.kept import Keeping
from yunhai.market.replay.link import link_of, open_link, read_link
from yunhai.market.replay.messages import (
    ENCODER,
    AskBars,
    AskSpan,
    Auth,
    Close,
    Link,
    Open,
    Pause,
    Play,
    Queue,
    Said,
    Seek,
    Sources,
    Speed,
    Step,
    attainable_told,
    bars_told,
    book_told,
    moment_of,
    moment_text,
    own_told,
    price,
    span_told,
    trade_told,
    unfit,
)
from yunhai.market.replay.own import OwnOrders
from yunhai.market.replay.playing import speed_of
from yunhai.market.replay.replay import Moved, Replay
from yunhai.market.replay.source import Source
from yunhai.market.replay.span import attainable, span

TAPE: Final = 30
"""Trades shown after a leap."""
BEHIND_NS: Final = SECOND
"""How far playing may be behind the clock before it goes on from where it is."""


class Viewer(Protocol):
    """What somebody may look at, asked at each opening. Errors as of whoever decides it; NOT_ENTITLED for a source."""

    def offered(self) -> tuple[Offered, ...]:
        """The sources that exist for them."""

    def open(self, source: str) -> tuple[Source, Keeping]:
        """A source, cut at the last moment that they may see. SOURCE_UNKNOWN, NOT_ENTITLED."""

    def open_own(self, source: str, order: int, account: int) -> tuple[Source, Keeping]:
        """A source as `open`, or as far as an order of an account of theirs goes (`showing.own_moment`)."""

    def orders(self, source: Source, account: int) -> frozenset[int]:
        """The orders of that day of an account that they may look at."""


class Session:
    """A conversation with one viewer. It holds at most one replay."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._replay: Replay | None = None
        self._own: OwnOrders | None = None
        self._levels = 0

    @property
    def opened(self) -> bool:
        """Whether a replay is open."""
        return self._replay is not None

    @property
    def playing(self) -> bool:
        """Whether something will be due."""
        return self._replay is not None and self._replay.playing is not None

    def next_due(self) -> int | None:
        """The wall time at which the next event is due, None if nothing is."""
        return self._replay.next_due() if self._replay is not None else None

    # -- what is said ------------------------------------------------------------------------------------------------

    def say(self, said: Said, wall: int) -> list[bytes]:
        """The answers to a message. YunhaiError, and nothing changed, if it is refused."""
        handlers: dict[type[Any], Callable[[Any, int], list[dict[str, Any]]]] = {
            Sources: self._sources,
            Open: self._open,
            Play: self._play,
            Speed: self._speed,
            Pause: self._pause,
            Seek: self._seek,
            Step: self._step,
            Queue: self._queue,
            AskSpan: self._span,
            AskBars: self._bars,
            Link: self._link,
            Close: self._close,
        }
        assert not isinstance(said, Auth), "whoever carries the messages knows who says them"
        return [ENCODER.encode(answer) for answer in handlers[type(said)](said, wall)]

    def _held(self) -> Replay:
        if self._replay is None:
            raise YunhaiError(NOTHING_OPEN)
        return self._replay

    def _sources(self, _said: Sources, _wall: int) -> list[dict[str, Any]]:
        offered = [
            {"source": one.id, "kind": one.kind.value, "day": one.day, "closed": one.closed}
            for one in self._viewer.offered()
        ]
        return [{"op": "sources", "sources": offered}]

    def _open(self, said: Open, _wall: int) -> list[dict[str, Any]]:
        if not 1 <= said.levels <= REPLAY_LEVELS_MAX:
            raise unfit(f"levels are 1 to {REPLAY_LEVELS_MAX}", f"檔數須為 1 至 {REPLAY_LEVELS_MAX}")
        if bool(said.link) == bool(said.source):
            raise unfit("a source or a link, one of both", "source 與 link 須擇一")
        if said.link:
            replay = open_link(read_link(said.link), partial(self._source, said))
        else:
            source, keeping = self._source(said, said.source)
            first = (source.listing_of(said.order),) if said.order else source.listings[:1]
            replay = Replay(source, said.codes or tuple(one.name for one in first), keeping)
            if said.order:
                replay.seek_order(said.order)
        orders = self._viewer.orders(replay.source, said.account) if said.account else frozenset()
        orders = orders.union(said.orders, {said.order} - {0})
        self._own = OwnOrders(replay, orders) if orders else None
        self._replay, self._levels = replay, said.levels
        return [self._opened(replay), self._state()]

    def _source(self, said: Open, source: str) -> tuple[Source, Keeping]:
        return self._viewer.open_own(source, said.order, said.account) if said.order else self._viewer.open(source)

    def _opened(self, replay: Replay) -> dict[str, Any]:
        source = replay.source
        return {
            "op": "opened",
            "source": source.id,
            "kind": source.kind.value,
            "day": source.day.isoformat(),
            "codes": [one.name for one in replay.listings],
            "listings": [
                {"code": one.name, "lot": one.lot, "reference": price(one.reference)} for one in source.listings
            ],
            "end": replay.end,
            "begins": moment_text(source.time_of(0), source.offset),
            "ends": moment_text(source.time_of(replay.end), source.offset),
            "stretches": [[moment_text(at, source.offset) for at in both] for both in source.stretches],
            "notes": [{"zh": zh, "en": en} for zh, en in source.notes.lines],
        }

    def _play(self, said: Play, wall: int) -> list[dict[str, Any]]:
        if not 0 <= said.idle_s <= REPLAY_IDLE_SECONDS_MAX:
            raise unfit(f"idle_s is 0 to {REPLAY_IDLE_SECONDS_MAX}", f"idle_s 須為 0 至 {REPLAY_IDLE_SECONDS_MAX}")
        replay, speed = self._held(), speed_of(said.speed)
        replay.advance(wall)
        replay.play(speed, wall, idle=said.idle_s * SECOND)
        return [self._state()]

    def _speed(self, said: Speed, wall: int) -> list[dict[str, Any]]:
        replay, speed = self._held(), speed_of(said.speed)
        idle = replay.playing.line.idle if replay.playing else 0
        replay.advance(wall)
        replay.play(speed, wall, idle=idle)
        return [self._state()]

    def _pause(self, _said: Pause, wall: int) -> list[dict[str, Any]]:
        self._held().pause(wall)
        return [self._state()]

    def _seek(self, said: Seek, _wall: int) -> list[dict[str, Any]]:
        replay = self._held()
        if sum(asked is not None for asked in (said.position, said.time, said.order)) != 1:
            raise unfit("a position, a time or an order, one of them", "position、time、order 須擇一")
        if said.position is not None:
            replay.seek(said.position)
        elif said.time is not None:
            replay.seek_time(moment_of(said.time, replay.source))
        elif said.order is not None:
            replay.seek_order(said.order)
        return [self._state()]

    def _step(self, said: Step, _wall: int) -> list[dict[str, Any]]:
        self._held().step(said.count)
        return [self._state()]

    def _queue(self, said: Queue, _wall: int) -> list[dict[str, Any]]:
        book = self._held().book(said.code)
        sides = {"buy": Side.BUY, "sell": Side.SELL}
        if said.side not in sides:
            raise unfit("side is buy or sell", "side 須為 buy 或 sell")
        orders = book.queue(sides[said.side], _figure(said.price), REPLAY_QUEUE_MAX)
        told = [{"order": one.order, "quantity": one.leaves, "ahead": one.ahead} for one in orders]
        return [{"op": "queue", "code": said.code, "side": said.side, "price": said.price, "orders": told}]

    def _span(self, said: AskSpan, _wall: int) -> list[dict[str, Any]]:
        replay = self._held()
        offset = replay.source.offset
        if said.order:
            return [attainable_told(attainable(replay, said.order, said.last or None), offset)]
        return [span_told(span(replay, said.code, said.first, said.last), offset)]

    def _bars(self, said: AskBars, _wall: int) -> list[dict[str, Any]]:
        return [bars_told(bars(self._held(), said.code, said.seconds))]

    def _link(self, said: Link, _wall: int) -> list[dict[str, Any]]:
        replay = self._held()
        link = link_of(replay, said.view)
        return [{"op": "link", "link": link.text(), "time": moment_text(replay.now, replay.source.offset)}]

    def _close(self, _said: Close, _wall: int) -> list[dict[str, Any]]:
        self._held()
        self._replay = self._own = None
        return [{"op": "closed"}]

    # -- what is told ------------------------------------------------------------------------------------------------

    def tick(self, wall: int) -> bytes | None:
        """What playing has brought since the last tick; None if it does not play. The clock goes on if nothing happened."""
        replay = self._replay
        if replay is None or replay.playing is None:
            return None
        moved = replay.advance(wall, most=REPLAY_BATCH_EVENTS_MAX)
        return ENCODER.encode(self._update(moved))

    def rebase(self, wall: int) -> None:
        """Go on playing from here as of `wall`."""
        if self._replay is not None:
            self._replay.rebase(wall)

    def keep_pace(self, wall: int) -> bool:
        """Go on from here if playing is too far behind the clock; whether it was."""
        due = self.next_due()
        if due is None or wall - due <= BEHIND_NS or self._replay is None:
            return False
        self._replay.rebase(wall)
        return True

    def _where(self) -> dict[str, Any]:
        replay = self._held()
        return {
            "position": replay.position,
            "time": moment_text(replay.now, replay.source.offset),
            "hash": replay.events_hash().hex(),
            "playing": replay.playing is not None,
            "own": [own_told(one, replay.source.offset) for one in self._own.at()] if self._own else [],
        }

    def _state(self) -> dict[str, Any]:
        """All of a position."""
        replay = self._held()
        offset = replay.source.offset
        return {
            "op": "state",
            **self._where(),
            "books": [self._book(replay, one.name) for one in replay.listings],
            "trades": [trade_told(one, offset) for one in replay.tape(TAPE)],
        }

    def _update(self, moved: Moved) -> dict[str, Any]:
        """What happened: the trades, oldest first, and the securities that changed."""
        replay = self._held()
        source = replay.source
        books = set(source.events["book"][moved.places].tolist())
        return {
            "op": "update",
            "first": moved.first,
            **self._where(),
            "events": len(moved.places),
            "books": [self._book(replay, one.name) for one in replay.listings if one.book in books],
            "trades": [trade_told(one, source.offset) for one in replay.trades_of(moved.places)],
        }

    def _book(self, replay: Replay, name: str) -> dict[str, Any]:
        return book_told(name, replay.figures(name), self._levels, has_book=replay.source.has_book)


def _figure(text: str) -> int:
    """A price as it was told, in 1/10,000; "" is 0. MESSAGE_UNFIT."""
    whole, _, part = text.partition(".")
    if not text:
        return 0
    if not (whole + part).isascii() or not (whole + part).isdigit() or not whole or len(whole) > 9 or len(part) > 4:
        raise unfit(f"no price: {text[:20]!r}", f"價格有誤：{text[:20]!r}")
    return int(whole) * SCALE + int(part.ljust(4, "0"))
