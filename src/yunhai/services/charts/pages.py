"""The charts of the Pocket: one security's bars, indicators and lines; several side by side; futures that were imported.

The page holds words and places; bars come from the API, the day's last bar from the stream, by the scripts in `static/charts`.
"""

from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_safe

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import CHART_PANES_MAX
from yunhai.platform.shell.api import caller_of
from yunhai.platform.shell.chosen import chosen_account
from yunhai.platform.shell.guards import page
from yunhai.services.charts import api as charts
from yunhai.services.charts.rules import code_of
from yunhai.services.charts.words import words

app_name = "charts"

ROOM: Final = ("investor",)
FUTURES: Final = "futures"
CONTRACTS_SHOWN: Final = 300


SPANS: Final = (
    ("1m", _("1 min")),
    ("5m", _("5 min")),
    ("15m", _("15 min")),
    ("60m", _("60 min")),
    ("1d", pgettext_lazy("bars", "Day")),
    ("1w", pgettext_lazy("bars", "Week")),
    ("1mo", pgettext_lazy("bars", "Month")),
)


def page_data(request: HttpRequest, kind: str, code: str = "", name: str = "", segment: str = "") -> dict[str, Any]:
    """What the room's scripts are told, and this page's own. `kind` composite, panes, many or futures."""
    caller = caller_of(request)
    kept = charts.chosen(caller.person_id)
    return {
        "page": {
            "tenant": caller.tenant_id,
            "person": caller.person_id,
            "account": chosen_account(request),
            "home": reverse("orders:pocket"),
            "security": reverse("orders:pocket") + "s/",
            "timeline": reverse("orders:timeline_search"),
            "chart": reverse("charts:search"),
            "code": code,
            "name": name,
            "segment": segment,
            "most": CHART_PANES_MAX,
            "chosen": {"indicators": kept.indicators, "span": kept.span, "adjusted": kept.adjusted},
            "words": words(),
        },
        "kind": kind,
        "code": code,
        "name": name,
        "spans": SPANS,
    }


@require_safe
@page(*ROOM, service="3.3")
def search(request: HttpRequest) -> HttpResponse:
    """Asks for a security."""
    return render(request, "charts/chart.html", page_data(request, "composite"))


@require_safe
@page(*ROOM, service="3.3")
def chart(request: HttpRequest, code: str) -> HttpResponse:
    """One security's chart; what cannot be a code is not there (404), a code without history says so."""
    try:
        asked = code_of(code)
    except YunhaiError:
        raise Http404 from None
    segment = FUTURES if request.GET.get("segment") == FUTURES else ""
    kind = FUTURES if segment else "composite"
    return render(request, "charts/chart.html", page_data(request, kind, asked, charts.name_of(asked), segment))


@require_safe
@page(*ROOM, service="3.3")
def panes(request: HttpRequest, code: str) -> HttpResponse:
    """One security over several spans side by side."""
    try:
        asked = code_of(code)
    except YunhaiError:
        raise Http404 from None
    return render(request, "charts/grid.html", page_data(request, "panes", asked, charts.name_of(asked)))


@require_safe
@page(*ROOM, service="3.3")
def many(request: HttpRequest) -> HttpResponse:
    """The securities of a watchlist side by side."""
    return render(request, "charts/grid.html", page_data(request, "many"))


@require_safe
@page(*ROOM, service="3.3")
def futures(request: HttpRequest) -> HttpResponse:
    """Futures contracts of which there is history, or that there is none."""
    found = charts.futures()[:CONTRACTS_SHOWN]
    return render(request, "charts/futures.html", page_data(request, FUTURES) | {"contracts": found})


urlpatterns = [
    path("pocket/chart/", search, name="search"),
    path("pocket/chart/many/", many, name="many"),
    path("pocket/chart/futures/", futures, name="futures"),
    path("pocket/chart/<str:code>/", chart, name="chart"),
    path("pocket/chart/<str:code>/panes/", panes, name="panes"),
]
