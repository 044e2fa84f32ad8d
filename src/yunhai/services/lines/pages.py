"""The Control Room's pages: lines, rejects, the day, sessions, with the small parts that are asked for again and again."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import ROOM_ROWS_MAX
from yunhai.platform.console import packs
from yunhai.platform.console.errors import NOT_CONFIRMED
from yunhai.platform.identity.models import Person
from yunhai.platform.shell import refusals
from yunhai.platform.shell.api import caller_of
from yunhai.platform.shell.context import english
from yunhai.platform.shell.guards import page
from yunhai.platform.tenancy.models import Tenant
from yunhai.services.lines import api as lines
from yunhai.services.lines import opening
from yunhai.services.lines.access import ACTS, SEES, is_operator, may_act
from yunhai.services.lines.words import blocks, reject_text, step_name, words
from yunhai.services.orders import api as orders
from yunhai.services.settlement import api as settlement
from yunhai.services.settlement.api import DayBoard

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


@dataclass(frozen=True, slots=True)
class _Board:
    of: DayBoard
    steps: list[dict[str, Any]]


def _board(request: HttpRequest) -> dict[str, Any]:
    """What the day page shows. `due`: the oldest closed day that is not settled."""
    state = lines.day_state()
    boards = [_Board(one, [{"of": step, "name": step_name(step.name)} for step in one.steps]) for one in state.board]
    is_open = bool(state.core and state.core.get("open"))
    due = next((one.of for one in reversed(boards) if one.of.closed and not one.of.settled), None)
    return {
        "boards": boards,
        "core": state.core,
        "blocks": blocks(state.blocks),
        "operator": is_operator(caller_of(request)),
        "is_open": is_open,
        "closing": bool(boards) and not boards[0].of.closed,
        "may_open": state.core is not None and not is_open and (not boards or boards[0].of.closed),
        "due": due,
        "verdict": lines.last_check(),
    }


@require_safe
@page(*SEES)
def day(request: HttpRequest) -> HttpResponse:
    """The day board: open, the steps of closing, settlement; what blocks the next."""
    part = request.headers.get("HX-Request") == "true"
    return render(request, "lines/parts/day.html" if part else "lines/day.html", _board(request))


@require_POST
@page("operator")
def run_day(request: HttpRequest, do: str) -> HttpResponse:
    """Close or settle, then the board again; refused, the board with what was said."""
    try:
        lines.run_day(caller_of(request), do, request.POST.get("date", ""))
    except YunhaiError as error:
        refused = _board(request) | {"error": refusals.shown(error)}
        return render(request, "lines/day.html", refused, status=error.entry.http)
    return HttpResponseRedirect(reverse("lines:day"))


def _wanted(said: QueryDict) -> opening.Wanted:
    texts = {name: said.get(name, "").strip() for name in ("date", "pack", "at")}
    return opening.Wanted(references=said.get("references", ""), **texts)


@require_http_methods(["GET", "HEAD", "POST"])
@page("operator")
def open_day(request: HttpRequest) -> HttpResponse:
    """What the next day would be; opened by a POST that says so and was confirmed. A refusal stands above the form."""
    if not is_operator(caller_of(request)):
        raise Http404
    wanted = _wanted(request.POST)
    last = settlement.latest_day()
    still_open = last.day if last is not None and not last.closed else ""
    context: dict[str, Any] = {"wanted": wanted, "packs": packs.known(), "still_open": still_open, "status": 200}
    try:
        if request.POST.get("do") == "open":
            if not request.POST.get("checked"):
                raise YunhaiError(NOT_CONFIRMED, word=wanted.date)
            opening.open_day(caller_of(request), wanted)
            return HttpResponseRedirect(reverse("lines:day"))
        context["plan"] = opening.plan(wanted)
    except YunhaiError as error:
        context |= {"error": refusals.shown(error), "status": error.entry.http}
    return render(request, "lines/open.html", context, status=context["status"])


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
    path("control/day/open/", open_day, name="open"),
    path("control/day/close/", run_day, {"do": "close"}, name="close"),
    path("control/day/settle/", run_day, {"do": "settle"}, name="settle"),
    path("control/sessions/", sessions, name="sessions"),
    path("control/sessions/<str:sid>/revoke/", revoke, name="revoke"),
]
