"""Replays of the caller: sources, rights, permalinks held against the events, bookmarks, and what happened to an order.

Playing itself is the stream's (`/stream/v1/replay`). Every answer here is of the caller's tenant and accounts; a bookmark is its
person's, in the tenant where it was made, and the database holds to it (row-level security).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from django.db.models import QuerySet

from yunhai.kernel.clock import MINUTE
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import (
    LIST_ROWS_MAX,
    REPLAY_BOOKMARKS_MAX,
    REPLAY_NAME_CHARACTERS_MAX,
    REPLAY_PAGE_EXPORT_EVENTS_MAX,
)
from yunhai.market.replay.catalogue import Offered
from yunhai.market.replay.errors import DISK_FAILED, EXPORT_TOO_LARGE, NOT_ENTITLED, ORDER_UNKNOWN, SOURCE_UNKNOWN
from yunhai.market.replay.export import Format, export
from yunhai.market.replay.link import link_of, open_link, read_link
from yunhai.market.replay.replay import Replay
from yunhai.market.replay.showing import DELAY_NS
from yunhai.market.replay.source import SourceKind
from yunhai.platform.identity.api import in_turn
from yunhai.platform.identity.caller import Caller
from yunhai.services.orders import api as orders
from yunhai.services.replay import viewing
from yunhai.services.replay.errors import BOOKMARK_UNKNOWN, BOOKMARKS_FULL, NEVER_IN_MARKET, ORDER_NOT_THERE
from yunhai.services.replay.execution import Execution, execution
from yunhai.services.replay.models import Bookmark
from yunhai.services.replay.rules import checked_name, checked_note, listing_name

DELAY_MINUTES: Final = DELAY_NS // MINUTE
SERVICE: Final = viewing.SERVICE
_BIG: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """`real_time`: the running day as it is, else `delay_minutes` old; `export`: whether files may be taken away."""

    real_time: bool
    delay_minutes: int
    export: bool


def rights(caller: Caller) -> Rights:
    """What the matrix gives the caller's tenant beyond looking: who has row 3.1 in full sees at once and may export."""
    full = viewing.real_time(caller.tenant)
    return Rights(real_time=full, delay_minutes=0 if full else DELAY_MINUTES, export=full)


def sources() -> tuple[Offered, ...]:
    """What can be opened, the journal's days first, newest first."""
    return viewing.offered()


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A permalink whose hash was computed again and is the same. `at_ns` market time there; `link` in its one form."""

    source: str
    position: int
    at_ns: int
    codes: tuple[str, ...]
    events_hash: str
    view: str
    link: str


def check(caller: Caller, link: str, *, order: int = 0) -> Checked:
    """Hold a permalink against the events. `order`: one's own, whose moments are open before others are. LINK_DIFFERS,
    LINK_MALFORMED, SOURCE_UNKNOWN, WITHHELD, CODES_UNFIT, OUTSIDE, ORDER_NOT_THERE, ORDER_UNKNOWN."""
    asked = read_link(link)
    if order:
        _mine(order)
        replay = open_link(asked, partial(viewing.opened_own, caller.tenant, order=order))
    else:
        replay = open_link(asked, partial(viewing.opened, caller.tenant))
    return Checked(
        source=asked.source,
        position=asked.position,
        at_ns=replay.now,
        codes=asked.codes,
        events_hash=asked.events_hash,
        view=asked.view,
        link=asked.text(),
    )


def moment(caller: Caller, *, day: str, code: str, at_ns: int) -> str:
    """A permalink to the moment when all that happened up to `at_ns` (market time) of a day of the journal has happened.
    SOURCE_UNKNOWN, WITHHELD, CODES_UNFIT."""
    for one in viewing.offered():
        if one.kind is SourceKind.JOURNAL and one.day == day:
            source, keeping = viewing.opened(caller.tenant, one.id)
            position = (source.whole or source).position_at(at_ns)
            source.require(position)
            replay = Replay(source, (code,), keeping)
            replay.seek(position)
            return link_of(replay).text()
    raise YunhaiError(SOURCE_UNKNOWN, source=f"journal/{day}")


def taken_away(caller: Caller, source: str, codes: Sequence[str], span: tuple[int, int], form: Format) -> bytes:
    """The events of securities between two positions (`last` 0: the end) as a file. NOT_ENTITLED unless row 3.1 is full,
    EXPORT_TOO_LARGE, SPAN_EMPTY, SOURCE_UNKNOWN, SOURCE_UNFIT, CODES_UNFIT; DISK_FAILED, and nothing is left behind."""
    if not rights(caller).export:
        raise YunhaiError(NOT_ENTITLED, source=source[:REPLAY_NAME_CHARACTERS_MAX])
    made, keeping = viewing.opened(caller.tenant, source)
    replay = Replay(made, codes, keeping)
    first, last = span[0], span[1] or replay.end
    if last - first > REPLAY_PAGE_EXPORT_EVENTS_MAX:
        raise YunhaiError(EXPORT_TOO_LARGE, events=last - first, most=REPLAY_PAGE_EXPORT_EVENTS_MAX)
    try:
        with TemporaryDirectory(prefix="yunhai-export-") as folder:
            path = Path(folder) / f"events.{form}"
            export(replay, first, last, path, form)
            return path.read_bytes()
    except OSError as problem:
        raise YunhaiError(DISK_FAILED) from problem


# --- bookmarks ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class BookmarkView:
    """A bookmark as its owner sees it."""

    id: int
    name: str
    note: str
    link: str
    at_ns: int


def bookmarks(caller: Caller) -> tuple[BookmarkView, ...]:
    """The caller's at this tenant, newest first."""
    return tuple(_view(row) for row in _own(caller)[:REPLAY_BOOKMARKS_MAX])


def keep(caller: Caller, *, name: str, link: str, note: str = "", order: int = 0) -> BookmarkView:
    """A new bookmark of a moment that is checked as `check` does. BOOKMARK_NAME, BOOKMARKS_FULL besides."""
    name, note = checked_name(name), checked_note(note)
    found = check(caller, link, order=order)
    in_turn(caller.person_id)
    if _own(caller).count() >= REPLAY_BOOKMARKS_MAX:
        raise YunhaiError(BOOKMARKS_FULL, most=REPLAY_BOOKMARKS_MAX)
    made = Bookmark.objects.create(
        tenant_id=caller.tenant_id,
        person_id=caller.person_id,
        name=name,
        note=note,
        link=found.link,
        at_ns=found.at_ns,
    )
    return _view(made)


def rename(caller: Caller, bookmark: int, *, name: str | None = None, note: str | None = None) -> BookmarkView:
    """Another name, another note; what is None stays. BOOKMARK_UNKNOWN, BOOKMARK_NAME."""
    row = _bookmark(caller, bookmark)
    row.name = row.name if name is None else checked_name(name)
    row.note = row.note if note is None else checked_note(note)
    row.save()
    return _view(row)


def forget(caller: Caller, bookmark: int) -> None:
    """BOOKMARK_UNKNOWN."""
    _bookmark(caller, bookmark).delete()


def _own(caller: Caller) -> QuerySet[Bookmark]:
    found: QuerySet[Bookmark] = Bookmark.objects.filter(person=caller.person)
    return found


def _bookmark(caller: Caller, bookmark: int) -> Bookmark:
    row = _own(caller).filter(pk=bookmark).first() if 0 < bookmark <= _BIG else None
    if row is None:
        raise YunhaiError(BOOKMARK_UNKNOWN, bookmark=bookmark)
    return row


def _view(row: Bookmark) -> BookmarkView:
    return BookmarkView(id=row.pk, name=row.name, note=row.note, link=row.link, at_ns=row.at_ns)


# --- what happened to an order ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The best-execution card 最佳執行: the order as the books have it, its security's name, and its market (`execution`)."""

    order: orders.OrderView
    name: str
    market: Execution


def place_of(order: int) -> tuple[orders.OrderView, str]:
    """An order of the caller's and the journal's day that it was in the market of. ORDER_NOT_THERE, NEVER_IN_MARKET."""
    found = _mine(order)
    name = name_in_replay(found)
    for one in viewing.offered():
        if one.kind is SourceKind.JOURNAL and one.day == found.day:
            source, _ = viewing.catalogue().open(one.id)
            try:
                known = source.listing_of(order)
            except YunhaiError as error:
                if error.code == ORDER_UNKNOWN:
                    continue  # a date that was opened twice: the order is the other opening's
                raise
            if known.name == name:
                return found, one.id
    raise YunhaiError(NEVER_IN_MARKET, order=order)


def card(caller: Caller, order: int) -> Card:
    """What happened to an order of the caller's. ORDER_NOT_THERE, NEVER_IN_MARKET, SOURCE_UNFIT."""
    found, day = place_of(order)
    source, keeping = viewing.opened_own(caller.tenant, day, order)
    name = name_in_replay(found)
    market = execution(Replay(source, (name,), keeping), order)
    return Card(order=found, name=name_of(found.security), market=market)


def mine(account: int, code: str) -> list[orders.OrderView]:
    """An account's orders in a security, newest first, of all days."""
    return orders.orders_of(account, security=code, limit=LIST_ROWS_MAX) if account else []


def name_in_replay(order: orders.OrderView) -> str:
    """How a replay calls an order's security."""
    return listing_name(order.security, order.segment)


def name_of(code: str) -> str:
    """A security's name; "" of one that never stood in our market."""
    return next((one.name for one in orders.prices([code]).values()), "")


def _mine(order: int) -> orders.OrderView:
    found = orders.order(order) if 0 < order <= _BIG else None
    if found is None:
        raise YunhaiError(ORDER_NOT_THERE, order=order)
    return found
