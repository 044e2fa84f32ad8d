"""The screener of the Pocket: the page holds words and places, the rest is the API's, by the scripts in `static/screener`."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from yunhai.platform.shell.api import caller_of
from yunhai.platform.shell.chosen import chosen_account
from yunhai.platform.shell.guards import page
from yunhai.services.screener.words import words

app_name = "screener"

ROOM: Final = ("investor",)


@require_safe
@page(*ROOM, service="3.3")
def screener(request: HttpRequest) -> HttpResponse:
    """Conditions above, what they find below. `?text=…&on=…` opens with a screen."""
    caller = caller_of(request)
    data = {
        "tenant": caller.tenant_id,
        "person": caller.person_id,
        "account": chosen_account(request),
        "home": reverse("orders:pocket"),
        "security": reverse("orders:pocket") + "s/",
        "timeline": reverse("orders:timeline_search"),
        "chart": "/pocket/chart/",
        "words": words(),
    }
    return render(request, "screener/screener.html", {"page": data})


urlpatterns = [path("pocket/screener/", screener, name="screener")]
