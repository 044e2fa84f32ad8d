"""The screener of the Pocket: the page holds words and places, the rest is the API's, by the scripts in `static/screener`."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from yunhai.platform.shell.guards import page
from yunhai.platform.shell.scripts import page_data
from yunhai.services.screener.words import words

app_name = "screener"

ROOM: Final = ("investor",)


@require_safe
@page(*ROOM, service="3.3")
def screener(request: HttpRequest) -> HttpResponse:
    """Conditions above, what they find below. `?text=…&on=…` opens with a screen."""
    return render(
        request, "screener/screener.html", {"page": page_data(request, chart="/pocket/chart/", words=words())}
    )


urlpatterns = [path("pocket/screener/", screener, name="screener")]
