"""The replay room of the Pocket, and the card of one order: what happened to it in the market.

The room's page holds words and places; what is replayed comes by `/stream/v1/replay`, bookmarks and rights by `/api/v1/replay`. The
card is rendered here, from the journal's events.
"""

from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import CODE_CHARACTERS_MAX
from yunhai.platform.shell import refusals
from yunhai.platform.shell.api import caller_of
from yunhai.platform.shell.chosen import chosen_account
from yunhai.platform.shell.guards import page
from yunhai.platform.shell.scripts import page_data
from yunhai.services.replay import api as replay
from yunhai.services.replay.errors import ORDER_NOT_THERE
from yunhai.services.replay.http import card_out
from yunhai.services.replay.words import words

app_name = "replay"

ROOM: Final = ("investor",)
LINK_FIELDS: Final = ("source", "at", "codes", "view", "hash")


def room_data(request: HttpRequest, **more: object) -> dict[str, Any]:
    """What every page of the room tells its scripts.

    `room`, `card`, `mine`: addresses (of a card the order's number and "/" follow, of `mine` the code and "/"); `stream`, `api`:
    where to ask; `rights`: real_time, delay_minutes, export."""
    rights = replay.rights(caller_of(request))
    home = reverse("replay:room")
    return page_data(
        request,
        room=home,
        card=home + "order/",
        mine=home + "orders/",
        stream="/stream/v1/replay",
        api="/api/v1/replay/",
        rights={
            "real_time": rights.real_time,
            "delay_minutes": rights.delay_minutes,
            "export": rights.export,
        },
        words=words(),
        **more,
    )


@require_safe
@page(*ROOM, service="3.1")
def room(request: HttpRequest) -> HttpResponse:
    """The replay room. With `?source=…&at=…&codes=…&hash=…` it opens that moment, with `?order=ID` one's own order.

    `page.opens`: {link, source, codes, order, account}: what to send in the stream's `open` ("" or 0 what is not asked for; of link
    and source one; `link` as it stood in the address, not yet checked); `page.problem`: why an order cannot be opened."""
    query = request.GET.copy()
    asked = query.pop("order", [""])[-1]
    opens: dict[str, Any] = {"link": "", "source": "", "codes": [], "order": 0, "account": 0}
    problem = None
    if asked.isascii() and asked.isdigit() and len(asked) < 20:
        try:
            order, source = replay.place_of(int(asked))
            names = [replay.name_in_replay(order)]
            opens |= {"source": source, "codes": names, "order": order.order_id, "account": order.account}
        except YunhaiError as error:
            if error.code == ORDER_NOT_THERE:
                raise Http404 from None
            problem = refusals.shown(error)
    if any(name in query for name in LINK_FIELDS):
        opens |= {"link": query.urlencode(safe="/,:"), "source": "", "codes": []}
    data = room_data(request, opens=opens, problem=problem)
    return render(request, "replay/room.html", {"page": data, "problem": problem})


@require_safe
@page(*ROOM, service="3.1")
def order(request: HttpRequest, order_id: int) -> HttpResponse:
    """The best-execution card. `card`: as `GET /api/v1/replay/orders/{id}` answers; `market` and `order` the same as numbers."""
    try:
        card = replay.card(caller_of(request), order_id)
    except YunhaiError as error:
        if error.code == ORDER_NOT_THERE:
            raise Http404 from None
        shown = {"page": room_data(request, order=order_id), "error": refusals.shown(error), "order_id": order_id}
        return render(request, "replay/order.html", shown, status=error.entry.http)
    told = card_out(card)
    context = {
        "page": room_data(request, order=order_id, link=told["link"]),
        "card": told,
        "order": card.order,
        "market": card.market,
        "name": card.name,
        "opens": f"{reverse('replay:room')}?{told['link']}&order={order_id}",
    }
    return render(request, "replay/order.html", context)


@require_safe
@page(*ROOM, service="3.1")
def orders(request: HttpRequest, code: str) -> HttpResponse:
    """One's own orders in a security, each with its card: the way from a holding."""
    if not (code.isascii() and code.isalnum() and len(code) <= CODE_CHARACTERS_MAX):
        raise Http404
    rows = replay.mine(chosen_account(request), code)
    context = {"page": room_data(request, code=code), "code": code, "name": replay.name_of(code), "orders": rows}
    return render(request, "replay/orders.html", context)


urlpatterns = [
    path("pocket/replay/", room, name="room"),
    path("pocket/replay/order/<int:order_id>/", order, name="order"),
    path("pocket/replay/orders/<str:code>/", orders, name="orders"),
]
