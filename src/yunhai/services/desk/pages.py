"""The Client Desk's pages: the ticket by keyboard, the batch of paper tickets, a client's call log."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from yunhai.kernel.errors import YunhaiError
from yunhai.platform.console.api import terminal_of
from yunhai.platform.errors import NOT_ENTITLED, ROLE_MISSING
from yunhai.platform.identity.caller import Caller
from yunhai.platform.shell.api import caller_of
from yunhai.platform.shell.guards import page
from yunhai.services.desk import api as desk
from yunhai.services.desk.access import ROLES, channel_of
from yunhai.services.desk.blotter import orders_with_record
from yunhai.services.desk.rules import LOOKUP_FIRST
from yunhai.services.desk.words import checks, kinds, reasons, words

app_name = "desk"


def _channel(caller: Caller, only: str = "") -> str:
    """As `channel_of`, and not there (404) for whoever has none."""
    try:
        return channel_of(caller, only=only)
    except YunhaiError as error:
        if error.code in (ROLE_MISSING, NOT_ENTITLED):
            raise Http404(error if error.code == NOT_ENTITLED else "") from None  # a closed service is said
        raise


def _desk(caller: Caller, channel: str) -> dict[str, Any]:
    """What ticket and batch share: `data` for the scripts, words and lists for the template."""
    kind = "phone" if channel == "desk" else "written"
    return {
        "reasons": reasons(),
        "kinds": kinds(first=kind),
        "channel_name": _("Sales rep") if channel == "desk" else _("Key-in"),
        "empty_title": _("No orders yet today"),
        "empty_text": _("Orders you send appear here with their number and stay live."),
        "data": {
            "tenant": caller.tenant_id,
            "person": caller.person_id,
            "channel": channel,
            "kind": kind,
            "terminal": terminal_of(caller.tenant_id, channel),
            "title": _("Client Desk"),
            "device": _("Desk terminal"),
            "words": words(),
            "checks": checks(),
        },
    }


@require_safe
@page(*ROLES)
def ticket(request: HttpRequest) -> HttpResponse:
    """A sales rep's ticket; a key-in clerk is led to theirs."""
    caller = caller_of(request)
    if _channel(caller) == "keyin":
        return HttpResponseRedirect("/desk/keyin/")
    return render(request, "desk/ticket.html", {"desk": _desk(caller, "desk")})


@require_safe
@page("keyin", service="1.1")
def keyin(request: HttpRequest) -> HttpResponse:
    """A key-in clerk's ticket."""
    caller = caller_of(request)
    return render(request, "desk/ticket.html", {"desk": _desk(caller, _channel(caller, "keyin"))})


@require_safe
@page("keyin", service="1.1")
def paper(request: HttpRequest) -> HttpResponse:
    """A batch of paper tickets, a line each."""
    caller = caller_of(request)
    return render(request, "desk/paper.html", {"desk": _desk(caller, _channel(caller, "keyin"))})


@require_safe
@page(*ROLES)
def calls(request: HttpRequest, account: int) -> HttpResponse:
    """A client's records and the orders that came of them. Without a look-up: the page that says how to make one."""
    caller = caller_of(request)
    _channel(caller)
    try:
        records = desk.records_of(caller, account)
        client = desk.account_of(caller, account)
    except YunhaiError as error:
        if error.code != LOOKUP_FIRST:
            raise Http404 from None
        raise
    orders = orders_with_record(account)
    rows = [{"record": record, "orders": orders.get(record.record_id, ())} for record in records]
    return render(request, "desk/calls.html", {"client": client, "rows": rows, "kinds": dict(_kind_names())})


def _kind_names() -> list[tuple[str, str]]:
    return [(kind["word"], kind["name"]) for kind in kinds()]


urlpatterns = [
    path("desk/", ticket, name="ticket"),
    path("desk/keyin/", keyin, name="keyin"),
    path("desk/paper/", paper, name="paper"),
    path("desk/clients/<int:account>/", calls, name="calls"),
]
