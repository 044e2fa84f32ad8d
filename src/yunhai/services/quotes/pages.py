"""The boards of the Pocket: index, breadth, movers, sectors and watchlists on one page, live by the stream."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from yunhai.platform.shell.api import caller_of
from yunhai.platform.shell.chosen import chosen_account
from yunhai.platform.shell.guards import page
from yunhai.services.quotes.words import words

app_name = "quotes"

ROOM: Final = ("investor",)


@require_safe
@page(*ROOM, service="1.3")
def boards(request: HttpRequest) -> HttpResponse:
    """Words and places; every figure comes from the stream's channels `boards` and `quotes`."""
    caller = caller_of(request)
    data = {
        "tenant": caller.tenant_id,
        "person": caller.person_id,
        "account": chosen_account(request),
        "home": reverse("orders:pocket"),
        "security": reverse("orders:pocket") + "s/",
        "timeline": reverse("orders:timeline_search"),
        "words": words(),
    }
    return render(request, "quotes/boards.html", {"page": data})


urlpatterns = [path("pocket/boards/", boards, name="boards")]
