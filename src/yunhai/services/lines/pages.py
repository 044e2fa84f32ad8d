"""The Control Room's pages: lines, rejects, the day, sessions, with the small parts that are asked for again and again."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from yunhai.kernel.limits import ROOM_ROWS_MAX
from yunhai.platform.identity.models import Person
from yunhai.platform.shell.api import caller_of
from yunhai.platform.shell.context import english
from yunhai.platform.shell.guards import page
from yunhai.platform.tenancy.models import Tenant
from yunhai.services.lines import api as lines
from yunhai.services.lines.access import ACTS, SEES, is_operator, may_act
from yunhai.services.lines.words import blocks, reject_text, step_name, words
from yunhai.services.orders import api as orders

app_name = "lines"


@require_safe
@page(*SEES)
def pool(request: HttpRequest) -> HttpResponse:
    """The line pool, live."""
    caller = caller_of(request)
    operator = is_operator(caller)
    brokers = {one.pk: f"{one.code} {one.name_en if english() else one.name_zh}" for one in Tenant.objects.all()}
    room = {
        "operator": operator,
        "no_lines": _("No line yet"),
        "no_lines_text": _("The platform's operators add lines in the Console."),
        "data": {
            "tenant": caller.tenant_id,
            "code": caller.tenant.code if caller.tenant else "",
            "operator": operator,
            "may": may_act(caller),
            "brokers": brokers if operator else {},
            "words": words(),
        },
    }
    return render(request, "lines/pool.html", {"room": room})


@require_safe
@page(*SEES)
def totals(request: HttpRequest) -> HttpResponse:
    """The day's totals and the books' last verdict, as a part of a page."""
    return render(request, "lines/parts/totals.html", {"totals": lines.totals(), "verdict": lines.last_check()})


def _reject_rows(code: int, before: int = 0) -> list[dict[str, Any]]:
    found = orders.refusals(code=code, before=before, limit=ROOM_ROWS_MAX)
    names = Person.objects.in_bulk({one.person for one in found})
    return [{"of": one, "person": names.get(one.person), "text": reject_text(one.code)} for one in found]


@require_safe
@page(*SEES)
def rejects(request: HttpRequest) -> HttpResponse:
    """What the gate refused: counted by check, and one by one."""
    code = _number(request.GET.get("code", ""))
    rows = _reject_rows(code, _number(request.GET.get("before", "")))
    found = lines.reject_counts()
    context = {
        "counts": [{"code": code, "text": reject_text(code), "count": count} for code, count in found.items()],
        "all": sum(found.values()),
        "code": code,
        "rows": rows,
        "next": rows[-1]["of"].sequence if len(rows) == ROOM_ROWS_MAX else 0,
    }
    part = request.headers.get("HX-Request") == "true"
    return render(request, "lines/parts/rejects.html" if part else "lines/rejects.html", context)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


@require_safe
@page(*SEES)
def day(request: HttpRequest) -> HttpResponse:
    """The day board: open, the steps of closing, settlement; what blocks the next."""
    state = lines.day_state()
    boards = [
        {"of": board, "steps": [{"of": step, "name": step_name(step.name)} for step in board.steps]}
        for board in state.board
    ]
    context = {
        "boards": boards,
        "core": state.core,
        "blocks": blocks(state.blocks),
        "operator": is_operator(caller_of(request)),
        "verdict": lines.last_check(),
    }
    part = request.headers.get("HX-Request") == "true"
    return render(request, "lines/parts/day.html" if part else "lines/day.html", context)


@require_POST
@page("operator")
def run_day(request: HttpRequest, do: str) -> HttpResponse:
    """Close or settle, then the board again."""
    lines.run_day(caller_of(request), do, request.POST.get("date", ""))
    return HttpResponseRedirect(reverse("lines:day"))


@require_safe
@page(*ACTS, mfa=True)
def sessions(request: HttpRequest) -> HttpResponse:
    """Who is signed in at this broker."""
    before = request.GET.get("before", "")
    shown = lines.sessions(caller_of(request), before=before)
    part = request.headers.get("HX-Request") == "true"
    template = "lines/parts/sessions.html" if part else "lines/sessions.html"
    return render(request, template, {"page": shown, "before": before, "may": may_act(caller_of(request))})


@require_POST
@page(*ACTS, mfa=True)
def revoke(request: HttpRequest, sid: str) -> HttpResponse:
    """End one session, then the list again."""
    lines.revoke(caller_of(request), sid)
    return HttpResponseRedirect(reverse("lines:sessions"))


urlpatterns = [
    path("control/", pool, name="pool"),
    path("control/totals/", totals, name="totals"),
    path("control/rejects/", rejects, name="rejects"),
    path("control/day/", day, name="day"),
    path("control/day/close/", run_day, {"do": "close"}, name="close"),
    path("control/day/settle/", run_day, {"do": "settle"}, name="settle"),
    path("control/sessions/", sessions, name="sessions"),
    path("control/sessions/<str:sid>/revoke/", revoke, name="revoke"),
]
