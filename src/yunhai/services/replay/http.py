"""/api/v1/replay: sources, rights, permalinks, bookmarks, what happened to an order. Playing is `/stream/v1/replay`.

Prices are decimal text in NT$ ("" none), times ISO 8601 with the market's offset, positions and order numbers whole.
"""

from dataclasses import asdict
from typing import Any, Final, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema, Status
from pydantic import ConfigDict

from yunhai.kernel.limits import (
    REPLAY_LINK_CHARACTERS_MAX,
    REPLAY_NAME_CHARACTERS_MAX,
    REPLAY_NOTE_CHARACTERS_MAX,
)
from yunhai.kernel.records import Side
from yunhai.platform.readings.shown import moment, money
from yunhai.platform.shell.api import caller_of, open_to, signed_in
from yunhai.services.replay import api as replay
from yunhai.services.replay.execution import Execution

PREFIX = "/replay"
SERVICE: Final = replay.SERVICE
READERS: Final = ("investor", "api", "operations", "compliance")
"""Who reads a customer's orders directly, as of the orders themselves."""
LINK: Final = "source=journal/2026-08-21&at=1200&codes=2330&hash=" + "0" * 64
_BIG: Final = 2**63 - 1
router = Router(tags=["replay"], auth=signed_in)


class Strict(Schema):
    """A body that names only what is known."""

    model_config = ConfigDict(extra="forbid")


class SourceOut(Schema):
    """`kind`: journal (our own day), l3 (published orders) or trades (a tape without a book); `closed`: nothing will follow."""

    source: str
    kind: Literal["journal", "l3", "trades"]
    day: str
    closed: bool


class RightsOut(Schema):
    """`delay_minutes`: how old the running day's data must be; `export`: whether files may be taken away."""

    real_time: bool
    delay_minutes: int
    export: bool


class SourcesOut(RightsOut):
    sources: list[SourceOut]


class CheckIn(Strict):
    """A permalink; `order`: one's own, of whose moments more is shown."""

    link: str = Field(max_length=REPLAY_LINK_CHARACTERS_MAX, examples=[LINK])
    order: int = Field(0, ge=0, le=_BIG)


class CheckedOut(Schema):
    """The moment that the link names, its hash computed again and found the same."""

    source: str
    position: int
    time: str
    codes: list[str]
    hash: str
    view: str
    link: str


class ExportIn(Strict):
    """`codes` with commas between; from position `first` to `last` (0: the end)."""

    source: str = Field(max_length=REPLAY_LINK_CHARACTERS_MAX, examples=["journal/2026-08-21"])
    codes: str = Field(max_length=REPLAY_LINK_CHARACTERS_MAX, examples=["2330"])
    first: int = Field(0, ge=0, le=_BIG)
    last: int = Field(0, ge=0, le=_BIG)
    form: Literal["csv", "parquet"] = "csv"


class BookmarkIn(Strict):
    """`order`: one's own, if the moment is one of it that is not open to everybody yet."""

    name: str = Field(max_length=REPLAY_NAME_CHARACTERS_MAX * 2, examples=["開盤"])
    note: str = Field("", max_length=REPLAY_NOTE_CHARACTERS_MAX * 2)
    link: str = Field(max_length=REPLAY_LINK_CHARACTERS_MAX, examples=[LINK])
    order: int = Field(0, ge=0, le=_BIG)


class BookmarkChangeIn(Strict):
    """What is left out stays."""

    name: str | None = Field(None, max_length=REPLAY_NAME_CHARACTERS_MAX * 2)
    note: str | None = Field(None, max_length=REPLAY_NOTE_CHARACTERS_MAX * 2)


class BookmarkOut(Schema):
    """`time`: the market's at that moment."""

    id: int
    name: str
    note: str
    link: str
    time: str


class BookmarksOut(Schema):
    bookmarks: list[BookmarkOut]


class QueuePlaceOut(Schema):
    """In the queue: shares and orders ahead at its own price, shares at better prices and of market orders, shares behind."""

    ahead: int
    orders_ahead: int
    better: int
    behind: int


class LevelOut(Schema):
    """`price` "": market orders."""

    price: str
    quantity: int
    orders: int


class DealOut(Schema):
    """`took`: the order came to one that waited; `auction`: both met in an auction."""

    position: int
    time: str
    price: str
    quantity: int
    auction: bool
    took: bool


class AtOnceOut(Schema):
    """What the book had for the whole quantity, within its limit, when the order came: fewer shares if it had fewer, none
    while an auction collects."""

    quantity: int
    average: str


class ExecutionOut(Schema):
    """`best_quote`: the best price of the other side while the order was in the market, `best_trade`: the best that anybody of its
    side got, `vwap`: of all trades, `inside`: shares traded at its limit or better, its own among them; `better_by`: its average
    against VWAP in its favour. `until`: where looking ended: at the order's end, or at the last moment shown."""

    order_id: int
    order_number: str
    account: int
    day: str
    source: str
    security: str
    name: str
    segment: str
    side: Literal["buy", "sell"]
    order_type: str
    time_in_force: str
    price: str
    quantity: int
    filled: int
    removed: int
    average: str
    state: Literal["in-hand", "resting", "filled", "gone"]
    entered: str
    entered_position: int
    ended: bool
    until: str
    until_position: int
    place: QueuePlaceOut | None
    bids: list[LevelOut]
    asks: list[LevelOut]
    deals: list[DealOut]
    at_once: AtOnceOut
    best_quote: str
    best_trade: str
    vwap: str
    inside: int
    better_by: str
    link: str
    hash: str


def price(amount: int) -> str:
    """Decimal text, "" for none."""
    return money(amount) if amount else ""


def _levels(rows: tuple[tuple[int, int, int], ...]) -> list[dict[str, Any]]:
    return [{"price": price(at), "quantity": shares, "orders": count} for at, shares, count in rows]


def card_out(card: replay.Card) -> dict[str, Any]:
    """A card as an answer."""
    order, market = card.order, card.market
    named = ("order_id", "order_number", "account", "day", "security", "segment", "order_type", "time_in_force")
    return {name: getattr(order, name) for name in named} | {"name": card.name} | market_out(market)


def market_out(market: Execution) -> dict[str, Any]:
    """What the market's events say of an order."""
    own, found, place = market.own, market.attained, market.place
    return {
        "source": market.link.source,
        "side": Side(own.side).name.lower(),
        "price": price(own.price),
        "quantity": own.quantity,
        "filled": own.filled,
        "removed": own.removed,
        "average": price(found.got),
        "state": own.state,
        "entered": moment(own.entered_ns),
        "entered_position": own.entered + 1,
        "ended": market.ended,
        "until": moment(market.until_ns),
        "until_position": market.until,
        "place": None
        if place is None
        else {
            "ahead": place.ahead,
            "orders_ahead": place.ahead_orders,
            "better": place.better,
            "behind": place.behind,
        },
        "bids": _levels(market.bids),
        "asks": _levels(market.asks),
        "deals": [asdict(one) | {"time": moment(one.time), "price": money(one.price)} for one in market.deals],
        "at_once": {"quantity": found.at_once[0], "average": price(found.at_once[1])},
        "best_quote": price(found.quote),
        "best_trade": price(found.trade),
        "vwap": price(found.average),
        "inside": found.inside,
        "better_by": money(found.better_by) if found.got else "",
        "link": market.link.text(),
        "hash": market.link.events_hash,
    }


def bookmark_out(one: replay.BookmarkView) -> dict[str, Any]:
    """A bookmark as an answer."""
    return {"id": one.id, "name": one.name, "note": one.note, "link": one.link, "time": moment(one.at_ns)}


@router.get("/sources", response=SourcesOut, summary="What can be replayed 可重播之來源")
@open_to(service=SERVICE)
def sources(request: HttpRequest) -> dict[str, Any]:
    """The journal's days first, newest first, with what the caller's tenant may see and take away."""
    listed = [
        {"source": one.id, "kind": one.kind.value, "day": one.day, "closed": one.closed} for one in replay.sources()
    ]
    return asdict(replay.rights(caller_of(request))) | {"sources": listed}


@router.post("/check", response=CheckedOut, summary="Hold a permalink against the events 驗證永久連結")
@open_to(service=SERVICE)
def check(request: HttpRequest, asked: CheckIn) -> dict[str, Any]:
    """7485 if the events before that position are not those of the link, 7484 if it is no link, 7497 if it is too young."""
    found = replay.check(caller_of(request), asked.link, order=asked.order)
    return {
        "source": found.source,
        "position": found.position,
        "time": moment(found.at_ns),
        "codes": found.codes,
        "hash": found.events_hash,
        "view": found.view,
        "link": found.link,
    }


@router.get("/export", summary="Take events away 匯出事件")
@open_to(service=SERVICE)
def export(request: HttpRequest, asked: Query[ExportIn]) -> HttpResponse:
    """A row each, the chosen securities' only. 7492 unless row 3.1 is full, 7488 for too many, 7491, 7480, 7481, 7486."""
    data = replay.taken_away(
        caller_of(request), asked.source, asked.codes.split(","), (asked.first, asked.last), asked.form
    )
    kind = "text/csv; charset=utf-8" if asked.form == "csv" else "application/vnd.apache.parquet"
    answer = HttpResponse(data, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="replay-{asked.source.replace("/", "-")}.{asked.form}"'
    return answer


@router.get("/bookmarks", response=BookmarksOut, summary="My bookmarks 我的書籤")
@open_to(service=SERVICE)
def bookmarks(request: HttpRequest) -> dict[str, Any]:
    """Of the person who asks, at this tenant, newest first."""
    return {"bookmarks": [bookmark_out(one) for one in replay.bookmarks(caller_of(request))]}


@router.post("/bookmarks", response={201: BookmarkOut}, summary="Keep a moment 新增書籤")
@open_to(service=SERVICE)
def keep(request: HttpRequest, body: BookmarkIn) -> Status[dict[str, Any]]:
    """The link is checked first, as `check` does. 7281, 7282, 7480-7497."""
    made = replay.keep(caller_of(request), name=body.name, note=body.note, link=body.link, order=body.order)
    return Status(201, bookmark_out(made))


@router.put("/bookmarks/{int:bookmark}", response=BookmarkOut, summary="Rename a bookmark 修改書籤")
@open_to(service=SERVICE)
def rename(request: HttpRequest, bookmark: int, body: BookmarkChangeIn) -> dict[str, Any]:
    """7280 for one that is not one's own."""
    return bookmark_out(replay.rename(caller_of(request), bookmark, name=body.name, note=body.note))


@router.delete("/bookmarks/{int:bookmark}", response={204: None}, summary="Remove a bookmark 刪除書籤")
@open_to(service=SERVICE)
def forget(request: HttpRequest, bookmark: int) -> Status[None]:
    """7280 for one that is not one's own."""
    replay.forget(caller_of(request), bookmark)
    return Status(204, None)


@router.get("/orders/{int:order_id}", response=ExecutionOut, summary="What happened to my order 最佳執行")
@open_to(*READERS, service=SERVICE)
def order(request: HttpRequest, order_id: int) -> dict[str, Any]:
    """7284 if there is none that the caller may see, 7283 if it was never in the market."""
    return card_out(replay.card(caller_of(request), order_id))
