"""Watchlists of the caller, the industries, and the index's closing levels.

A person's lists are shown to that person alone; the database holds to it (row-level security). Live figures are not here: they come
from the stream's channels `quotes` and `boards`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import WATCHLISTS_MAX
from yunhai.platform.identity.api import in_turn
from yunhai.platform.identity.caller import Caller
from yunhai.services.quotes.errors import LIST_UNKNOWN, NAME_TAKEN, TOO_MANY_LISTS
from yunhai.services.quotes.models import Watchlist
from yunhai.services.quotes.rules import checked_codes, checked_name, free_name, new_codes
from yunhai.trading.stream.boards import INDEX_CODE
from yunhai.trading.stream.index import BASE, Levels, level_text
from yunhai.trading.stream.issues import SECTORS, dates, issues_of

INDEX_ZH: Final = "雲海發行量加權指數"
INDEX_EN: Final = "Yunhai capitalisation-weighted index"


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchlistView:
    """A list as its owner sees it."""

    id: int
    name: str
    codes: tuple[str, ...]


def watchlists(caller: Caller) -> tuple[WatchlistView, ...]:
    """The caller's lists, oldest first."""
    return tuple(_view(row) for row in Watchlist.objects.filter(person=caller.person))


def make(caller: Caller, *, name: str, codes: Sequence[str] = ()) -> WatchlistView:
    """A new list. YunhaiError 7261-7265."""
    name, held = checked_name(name), checked_codes(codes)
    in_turn(caller.person_id)
    if Watchlist.objects.filter(person=caller.person).count() >= WATCHLISTS_MAX:
        raise YunhaiError(TOO_MANY_LISTS, most=WATCHLISTS_MAX)
    try:
        with transaction.atomic():
            return _view(Watchlist.objects.create(person_id=caller.person_id, name=name, codes=held))
    except IntegrityError:
        raise YunhaiError(NAME_TAKEN, name=name) from None


def change(
    caller: Caller, watchlist: int, *, name: str | None = None, codes: Sequence[str] | None = None
) -> WatchlistView:
    """Rename a list, or give it other codes; what is None stays. YunhaiError 7260, 7262-7265."""
    row = _own(caller, watchlist)
    if name is not None:
        row.name = checked_name(name)
    if codes is not None:
        row.codes = checked_codes(codes)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise YunhaiError(NAME_TAKEN, name=row.name) from None
    return _view(row)


def remove(caller: Caller, watchlist: int) -> None:
    """End a list. YunhaiError 7260."""
    _own(caller, watchlist).delete()


def bring(caller: Caller, codes: Sequence[str]) -> tuple[WatchlistView, ...]:
    """Take over what a browser kept by itself: what no list here has becomes a list. The same again changes nothing."""
    in_turn(caller.person_id)
    kept = watchlists(caller)
    found = new_codes(codes, (one.codes for one in kept))
    if found and len(kept) < WATCHLISTS_MAX:
        wanted = _("From this browser") if kept else _("Watchlist")
        made = make(caller, name=free_name(wanted, (one.name for one in kept)), codes=found)
        kept = (*kept, made)
    return kept


def _own(caller: Caller, watchlist: int) -> Watchlist:
    row = Watchlist.objects.filter(person=caller.person, pk=watchlist).first()
    if row is None:
        raise YunhaiError(LIST_UNKNOWN, watchlist=watchlist)
    return row


def _view(row: Watchlist) -> WatchlistView:
    return WatchlistView(id=row.pk, name=row.name, codes=tuple(row.codes))


@dataclass(frozen=True, slots=True, kw_only=True)
class SectorView:
    """An industry with its stocks' codes. `dated`: the table of shares and industries is true of this day."""

    sector: str
    zh: str
    en: str
    codes: tuple[str, ...]
    dated: str


def sectors(date: str = "") -> tuple[SectorView, ...]:
    """Every industry by the table of a day (YYYY-MM-DD; "": the newest)."""
    table = issues_of(date or dates()[-1])
    held: dict[str, list[str]] = {}
    for code, issue in sorted(table.rows.items()):
        held.setdefault(issue.sector, []).append(code)
    return tuple(
        SectorView(sector=sector, zh=SECTORS[sector][0], en=SECTORS[sector][1], codes=tuple(codes), dated=table.dated)
        for sector, codes in sorted(held.items())
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexView:
    """The index: its base level, the date of its table of shares, and (date, closing level) of the days that closed."""

    code: str
    zh: str
    en: str
    base: str
    dated: str
    days: tuple[tuple[str, str], ...]


def index() -> IndexView:
    """What is fixed and what is history; the level now is the stream's."""
    days = Levels(settings.PLACES.home / "index" / "levels.json").days
    return IndexView(
        code=INDEX_CODE,
        zh=INDEX_ZH,
        en=INDEX_EN,
        base=level_text(BASE),
        dated=dates()[-1],
        days=tuple((one.date, level_text(one.level)) for one in days),
    )
