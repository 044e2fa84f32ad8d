"""The chart room of the Pocket: one security's bars, indicators and lines.

The page holds words and places; bars come from the API, the day's last bar from the stream, by the scripts in `static/charts`.
"""

from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from yunhai.kernel.errors import YunhaiError
from yunhai.platform.shell.api import caller_of
from yunhai.platform.shell.chosen import chosen_account
from yunhai.platform.shell.guards import page
from yunhai.services.charts import api as charts
from yunhai.services.charts.rules import code_of
from yunhai.services.charts.words import words

app_name = "charts"

ROOM: Final = ("investor",)


def page_data(request: HttpRequest, code: str, name: str) -> dict[str, Any]:
    """What the room's scripts are told, and this page's own."""
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
            "chosen": {"indicators": kept.indicators, "span": kept.span, "adjusted": kept.adjusted},
            "words": words(),
        },
        "code": code,
        "name": name,
    }


@require_safe
@page(*ROOM, service="3.3")
def search(request: HttpRequest) -> HttpResponse:
    """Asks for a security."""
    return render(request, "charts/chart.html", page_data(request, "", ""))


@require_safe
@page(*ROOM, service="3.3")
def chart(request: HttpRequest, code: str) -> HttpResponse:
    """One security's chart; what cannot be a code is not there (404), a code without history says so."""
    try:
        asked = code_of(code)
    except YunhaiError:
        raise Http404 from None
    return render(request, "charts/chart.html", page_data(request, asked, charts.name_of(asked)))


urlpatterns = [
    path("pocket/chart/", search, name="search"),
    path("pocket/chart/<str:code>/", chart, name="chart"),
]
