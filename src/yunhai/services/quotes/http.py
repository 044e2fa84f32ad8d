"""/api/v1/quotes: watchlists of one's own, industries, the index."""

from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status
from pydantic import ConfigDict

from yunhai.kernel.limits import WATCHLIST_BROUGHT_MAX, WATCHLIST_CODES_MAX, WATCHLIST_NAME_CHARACTERS_MAX
from yunhai.platform.shell.api import caller_of, open_to, signed_in
from yunhai.services.quotes import api as quotes

router = Router(tags=["quotes"], auth=signed_in)
PREFIX = "quotes"


class Strict(Schema):
    """A body that names only what is known."""

    model_config = ConfigDict(extra="forbid")


class WatchlistsOut(Schema):
    watchlists: list[quotes.WatchlistView]


class WatchlistIn(Strict):
    """`codes` in the order in which they are shown."""

    name: str = Field(max_length=WATCHLIST_NAME_CHARACTERS_MAX * 2, examples=["半導體"])
    codes: list[str] = Field([], max_length=WATCHLIST_CODES_MAX * 2, examples=[["2330", "2454"]])


class WatchlistChangeIn(Strict):
    """What is left out stays."""

    name: str | None = Field(None, max_length=WATCHLIST_NAME_CHARACTERS_MAX * 2)
    codes: list[str] | None = Field(None, max_length=WATCHLIST_CODES_MAX * 2)


class BroughtIn(Strict):
    """Codes that a browser kept by itself."""

    codes: list[str] = Field(max_length=WATCHLIST_BROUGHT_MAX, examples=[["2330", "0050"]])


class SectorsOut(Schema):
    sectors: list[quotes.SectorView]


class IndexDayOut(Schema):
    date: str
    level: str


class IndexOut(Schema):
    """`base`: the level before the first day; `days` that closed, oldest first. The level now is the stream's (`boards`)."""

    code: str
    zh: str
    en: str
    base: str
    dated: str
    days: list[IndexDayOut]


@router.get("/watchlists", response=WatchlistsOut, summary="My watchlists 自選清單")
@open_to()
def watchlists(request: HttpRequest) -> dict[str, Any]:
    """Of the person who asks, oldest first; the same at every broker."""
    return {"watchlists": quotes.watchlists(caller_of(request))}


@router.post("/watchlists", response={201: quotes.WatchlistView}, summary="Make a watchlist 新增自選清單")
@open_to()
def make(request: HttpRequest, body: WatchlistIn) -> Status[quotes.WatchlistView]:
    """A name is used once. 7261-7265."""
    return Status(201, quotes.make(caller_of(request), name=body.name, codes=body.codes))


@router.post("/watchlists/import", response=WatchlistsOut, summary="Take over a browser's own list 匯入本機自選")
@open_to()
def bring(request: HttpRequest, body: BroughtIn) -> dict[str, Any]:
    """What none of the lists here has becomes a list; the same again changes nothing. Gives all lists."""
    return {"watchlists": quotes.bring(caller_of(request), body.codes)}


@router.put("/watchlists/{int:watchlist}", response=quotes.WatchlistView, summary="Change a watchlist 修改自選清單")
@open_to()
def change(request: HttpRequest, watchlist: int, body: WatchlistChangeIn) -> quotes.WatchlistView:
    """Its name, its codes, or both. 7260 for one that is not one's own."""
    return quotes.change(caller_of(request), watchlist, name=body.name, codes=body.codes)


@router.delete("/watchlists/{int:watchlist}", response={204: None}, summary="Remove a watchlist 刪除自選清單")
@open_to()
def remove(request: HttpRequest, watchlist: int) -> Status[None]:
    """7260 for one that is not one's own."""
    quotes.remove(caller_of(request), watchlist)
    return Status(204, None)


@router.get("/sectors", response=SectorsOut, summary="Industries and their stocks 類股")
@open_to()
def sectors(request: HttpRequest) -> dict[str, Any]:
    """By the newest table."""
    return {"sectors": quotes.sectors()}


@router.get("/index", response=IndexOut, summary="The index: base and closing levels 指數")
@open_to()
def index(request: HttpRequest) -> dict[str, Any]:
    """How it is computed: docs/concepts/index.md."""
    found = quotes.index()
    return {
        "code": found.code,
        "zh": found.zh,
        "en": found.en,
        "base": found.base,
        "dated": found.dated,
        "days": [{"date": date, "level": level} for date, level in found.days],
    }
