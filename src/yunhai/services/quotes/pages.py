"""The boards of the Pocket and of the Client Desk: index, breadth, movers, sectors and watchlists on one page, live."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from yunhai.platform.shell.guards import page
from yunhai.platform.shell.scripts import page_data
from yunhai.services.quotes.words import words

app_name = "quotes"

ROOM: Final = ("investor",)


@require_safe
@page(*ROOM, service="1.3")
def boards(request: HttpRequest) -> HttpResponse:
    """Words and places; every figure comes from the stream's channels `boards` and `quotes`."""
    return render(request, "quotes/boards.html", {"page": page_data(request, words=words())})


@require_safe
@page("sales", service="1.2")
def desk_boards(request: HttpRequest) -> HttpResponse:
    """The same for a sales rep, who has no account: a security opens its book beside, which leads to the ticket."""
    data = page_data(request, words=words()) | {"security": "", "ticket": "/desk/"}
    return render(request, "quotes/desk_boards.html", {"page": data})


urlpatterns = [path("pocket/boards/", boards, name="boards"), path("desk/boards/", desk_boards, name="desk_boards")]
