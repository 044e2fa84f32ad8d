"""The charts of the Pocket and of the Lab: one security's bars, indicators and lines; several side by side; imported futures.

The page holds words and places; bars come from the API, the day's last bar from the stream, by the scripts in `static/charts`.
"""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_safe

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import CHART_PANES_MAX
from yunhai.platform.shell.api import caller_of
from yunhai.platform.shell.guards import page
from yunhai.platform.shell.scripts import page_data
from yunhai.services.charts import api as charts
from yunhai.services.charts.rules import code_of
from yunhai.services.charts.words import words

app_name = "charts"

ROOM: Final = ("investor",)
FUTURES: Final = "futures"
CONTRACTS_SHOWN: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the charts hang: a room's base page, the folder of their addresses and what their names begin with. `values`: with the
    table of values, files to take away, and the moment of observation."""

    base: str
    folder: str
    names: str = ""
    values: bool = False

    @property
    def urls(self) -> dict[str, str]:
        """By page, the name of its address to be reversed."""
        return {name: f"charts:{self.names}{name}" for name in ("search", "chart", "panes", "many", "futures")}


POCKET: Final = Place(base="pocket/base.html", folder="pocket/chart/")
LAB: Final = Place(base="lab/base.html", folder="lab/chart/", names="lab_", values=True)

SPANS: Final = (
    ("1m", _("1 min")),
    ("5m", _("5 min")),
    ("15m", _("15 min")),
    ("30m", _("30 min")),
    ("60m", _("60 min")),
    ("1d", pgettext_lazy("bars", "Day")),
    ("1w", pgettext_lazy("bars", "Week")),
    ("1mo", pgettext_lazy("bars", "Month")),
)
SECONDS: Final = (("1s", _("1 s")), ("5s", _("5 s")), ("15s", _("15 s")), ("30s", _("30 s")))


def first_question(request: HttpRequest, place: Place, kept: charts.ChosenView, code: str, segment: str) -> str:
    """The bars that the page begins with, below /api/v1/charts; the browser asks for them while the scripts are on their way."""
    asked = {name: request.GET.get(name, getattr(kept, name)) for name in ("span", "adjusted", "indicators")}
    if segment:
        asked["segment"] = segment
    if place.values and request.GET.get("as_of"):
        asked["as_of"] = request.GET["as_of"]
    return f"/{code}/bars?{urlencode(asked)}"


def context(
    request: HttpRequest, place: Place, kind: str, code: str = "", name: str = "", segment: str = ""
) -> dict[str, Any]:
    """What the room's scripts are told, and this page's own. `kind` composite, panes, many or futures."""
    kept = charts.chosen(caller_of(request).person_id)
    return {
        "page": page_data(
            request,
            chart=reverse(place.urls["search"]),
            code=code,
            name=name,
            segment=segment,
            most=CHART_PANES_MAX,
            chosen={"indicators": kept.indicators, "span": kept.span, "adjusted": kept.adjusted},
            first=first_question(request, place, kept, code, segment),
            words=words(),
        ),
        "place": place,
        "kind": kind,
        "code": code,
        "name": name,
        "spans": SPANS,
        "seconds": SECONDS,
    }


@require_safe
@page(*ROOM, service="3.3")
def search(request: HttpRequest, place: Place) -> HttpResponse:
    """Asks for a security."""
    return render(request, "charts/chart.html", context(request, place, "composite"))


@require_safe
@page(*ROOM, service="3.3")
def chart(request: HttpRequest, place: Place, code: str) -> HttpResponse:
    """One security's chart; what cannot be a code is not there (404), a code without history says so."""
    try:
        asked = code_of(code)
    except YunhaiError:
        raise Http404 from None
    segment = FUTURES if request.GET.get("segment") == FUTURES else ""
    kind = FUTURES if segment else "composite"
    return render(request, "charts/chart.html", context(request, place, kind, asked, charts.name_of(asked), segment))


@require_safe
@page(*ROOM, service="3.3")
def panes(request: HttpRequest, place: Place, code: str) -> HttpResponse:
    """One security over several spans side by side."""
    try:
        asked = code_of(code)
    except YunhaiError:
        raise Http404 from None
    return render(request, "charts/grid.html", context(request, place, "panes", asked, charts.name_of(asked)))


@require_safe
@page(*ROOM, service="3.3")
def many(request: HttpRequest, place: Place) -> HttpResponse:
    """The securities of a watchlist side by side."""
    return render(request, "charts/grid.html", context(request, place, "many"))


@require_safe
@page(*ROOM, service="3.3")
def futures(request: HttpRequest, place: Place) -> HttpResponse:
    """Futures contracts of which there is history, or that there is none."""
    found = charts.futures()[:CONTRACTS_SHOWN]
    return render(request, "charts/futures.html", context(request, place, FUTURES) | {"contracts": found})


@require_safe
@page(*ROOM, service="3.3")
def lab(request: HttpRequest) -> HttpResponse:
    """The Lab opens with its charts."""
    return HttpResponseRedirect(reverse(LAB.urls["search"]))


def _pages(place: Place) -> list[URLPattern]:
    views = (
        ("", search, "search"),
        ("many/", many, "many"),
        ("futures/", futures, "futures"),
        ("<str:code>/", chart, "chart"),
        ("<str:code>/panes/", panes, "panes"),
    )
    return [path(place.folder + rest, view, {"place": place}, name=place.names + name) for rest, view, name in views]


urlpatterns = [*_pages(POCKET), path("lab/", lab, name="lab"), *_pages(LAB)]
