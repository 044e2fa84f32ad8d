"""Pages: paper accounts in the Pocket, contests in the Control Room; what changes by itself is a part that is asked for again."""

import csv
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.money import decimal_text, money_of, price_of
from yunhai.market.replay.playing import speed_of
from yunhai.platform.shell import refusals
from yunhai.platform.shell.api import caller_of
from yunhai.platform.shell.guards import page
from yunhai.services.contests import api as contests
from yunhai.services.contests import papers, setting, sources
from yunhai.services.contests.api import LEADS, SERVICE, STUDENTS, WATCHES
from yunhai.services.contests.errors import CONTEST_MISSING, PAPER_MISSING
from yunhai.services.contests.rules import KINDS, Ask, Draft, Weights, at_text

app_name = "contests"
SPEEDS: Final = ("1", "10", "60", "100", "300", "1000")
_NOT_THERE: Final = (CONTEST_MISSING, PAPER_MISSING)
_WHOLE: Final = 10


def _is_part(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _WHOLE else 0


# --- Pocket -------------------------------------------------------------------------------------------------------------


def _home(request: HttpRequest, error: YunhaiError | None = None) -> HttpResponse:
    found = papers.mine(caller_of(request))
    context = {
        "personal": next((one for one in found if one.contest is None and not one.closed), None),
        "joined": [one for one in found if one.contest is not None],
        "earlier": [one for one in found if one.contest is None and one.closed],
        "error": None if error is None else refusals.shown(error),
        "code": request.POST.get("code", ""),
        "cash": decimal_text(papers.PERSONAL_CASH),
    }
    return render(request, "contests/papers.html", context, status=200 if error is None else error.entry.http)


@require_safe
@page(*STUDENTS, service=SERVICE)
def home(request: HttpRequest) -> HttpResponse:
    """One's paper accounts, joining a contest, beginning a personal account."""
    return _home(request)


@require_POST
@page(*STUDENTS, service=SERVICE)
def join(request: HttpRequest) -> HttpResponse:
    """To the account of the contest; refused, the page again with what was said."""
    try:
        paper = contests.join(caller_of(request), request.POST.get("code", ""), request.POST.get("name", ""))
    except YunhaiError as error:
        return _home(request, error)
    return HttpResponseRedirect(reverse("contests:paper", args=[paper]))


@require_POST
@page(*STUDENTS, service=SERVICE)
def begin(request: HttpRequest) -> HttpResponse:
    """A personal account, or the next one; the one before is kept."""
    try:
        cash = money_of(request.POST.get("cash", "").replace(",", "").strip())
        paper = papers.begin(caller_of(request), cash=cash, fee=bool(request.POST.get("fee")))
    except YunhaiError as error:
        return _home(request, error)
    return HttpResponseRedirect(reverse("contests:paper", args=[paper]))


def _paper(request: HttpRequest, paper: int, *, error: YunhaiError | None = None) -> HttpResponse:
    said = request.POST or request.GET
    shown = papers.view(caller_of(request), paper, code=said.get("code", "").strip().upper())
    context = {
        "paper": shown,
        "ticket": said,
        "own": True,
        "types": list(dict.fromkeys(one.partition("-")[0] for one in shown.kinds)),
        "forces": list(dict.fromkeys(one.partition("-")[2] for one in shown.kinds)),
        "error": None if error is None else refusals.shown(error),
    }
    template = "contests/parts/account.html" if _is_part(request) else "contests/paper.html"
    return render(request, template, context, status=200 if error is None else error.entry.http)


@require_safe
@page(*STUDENTS, service=SERVICE)
def paper(request: HttpRequest, paper: int) -> HttpResponse:
    """A paper account: ticket, quotes, orders with their places, fills, positions, worth, rank."""
    return _paper(request, paper)


@require_POST
@page(*STUDENTS, service=SERVICE)
def order(request: HttpRequest, paper: int) -> HttpResponse:
    """Give a paper order, then the account; refused, the ticket as it was with what was said."""
    said = request.POST
    ask = Ask(
        code=said.get("code", ""),
        side=said.get("side", "buy") if said.get("side") in ("buy", "sell") else "buy",
        order_type=said.get("order_type", "limit")[:10],
        time_in_force=said.get("time_in_force", "rod")[:10],
        quantity=_number(said.get("quantity", "")),
        price="" if said.get("order_type") == "market" else said.get("price", ""),
    )
    try:
        papers.order(caller_of(request), paper, ask)
    except YunhaiError as error:
        if error.code in _NOT_THERE:
            raise
        return _paper(request, paper, error=error)
    return HttpResponseRedirect(reverse("contests:paper", args=[paper]))


@require_POST
@page(*STUDENTS, service=SERVICE)
def alter(request: HttpRequest, paper: int, number: int) -> HttpResponse:
    """Cancel an order, or give it the price that was filled in."""
    try:
        text = request.POST.get("price", "").strip()
        papers.alter(caller_of(request), paper, number, price=price_of(text) if text else 0)
    except YunhaiError as error:
        if error.code in _NOT_THERE:
            raise
        return _paper(request, paper, error=error)
    return HttpResponseRedirect(reverse("contests:paper", args=[paper]))


# --- Control Room -------------------------------------------------------------------------------------------------------


@require_safe
@page(*WATCHES, service=SERVICE)
def listed(request: HttpRequest) -> HttpResponse:
    """The tenant's contests."""
    caller = caller_of(request)
    context = {"contests": contests.contests(caller), "may": bool(caller.roles.intersection(LEADS))}
    return render(request, "contests/contests.html", context)


def _drafted(said: QueryDict) -> Draft:
    weights = Weights(
        gain=_number(said.get("gain", "")),
        drawdown=_number(said.get("drawdown", "")),
        sharpe=_number(said.get("sharpe", "")),
    )
    return setting.draft(
        name=said.get("name", ""),
        text=said.get("text", ""),
        source=said.get("source", ""),
        codes=said.get("codes", "").replace(",", " ").split(),
        cash=said.get("cash", ""),
        fee=bool(said.get("fee")),
        kinds=said.getlist("kinds"),
        begins=said.get("begins", ""),
        ends=said.get("ends", ""),
        weights=weights,
    )


def _blank() -> dict[str, Any]:
    return {
        "cash": decimal_text(papers.PERSONAL_CASH),
        "begins": "09:00:00",
        "ends": "13:30:00",
        "gain": "60",
        "drawdown": "20",
        "sharpe": "20",
        "fee": "1",
        "codes": "",
    }


def _filled(found: contests.ContestView) -> dict[str, Any]:
    return {
        "name": found.name,
        "text": found.text,
        "source": found.source,
        "codes": " ".join(found.codes),
        "cash": decimal_text(found.cash),
        "fee": "1" if found.fee else "",
        "begins": at_text(found.begins),
        "ends": at_text(found.ends),
        "gain": found.weights.gain,
        "drawdown": found.weights.drawdown,
        "sharpe": found.weights.sharpe,
    }


def _form(request: HttpRequest, number: int) -> HttpResponse:
    caller = caller_of(request)
    found = contests.contest(caller, number) if number else None
    values: Any = _blank() if found is None else _filled(found)
    kinds = list(KINDS) if found is None else list(found.kinds)
    error = None
    if request.method == "POST":
        values, kinds = request.POST, request.POST.getlist("kinds")
        try:
            draft = _drafted(request.POST)
            made = contests.make(caller, draft) if found is None else contests.change(caller, number, draft)
        except YunhaiError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("contests:contest", args=[made.id]))
    days = sources.days()
    context = {
        "contest": found,
        "values": values,
        "kinds": [(kind, kind in kinds) for kind in KINDS],
        "days": days,
        "stocks": _stocks(values.get("source") or (days[0].source if days else "")),
        "error": None if error is None else refusals.shown(error),
    }
    return render(request, "contests/contest_form.html", context, status=200 if error is None else error.entry.http)


def _stocks(source: str) -> tuple[sources.Stock, ...]:
    try:
        return sources.stocks(sources.opened(source)) if source else ()
    except YunhaiError:
        return ()


@require_http_methods(["GET", "HEAD", "POST"])
@page(*LEADS, service=SERVICE)
def make(request: HttpRequest) -> HttpResponse:
    """Set up a contest; refused, the form as it was with what was said."""
    return _form(request, 0)


@require_http_methods(["GET", "HEAD", "POST"])
@page(*LEADS, service=SERVICE)
def change(request: HttpRequest, contest: int) -> HttpResponse:
    """Set a draft up otherwise."""
    return _form(request, contest)


def _contest(request: HttpRequest, number: int, *, error: YunhaiError | None = None, said: str = "") -> HttpResponse:
    caller = caller_of(request)
    context: dict[str, Any] = {
        "contest": contests.contest(caller, number),
        "may": bool(caller.roles.intersection(LEADS)),
        "steps": contests.steps(caller, number),
        "speeds": SPEEDS,
        "verified": said,
        "error": None if error is None else refusals.shown(error),
        "ranking": None,
    }
    try:
        context["ranking"] = contests.ranked(caller, number)
    except YunhaiError as problem:  # its day cannot be read now: everything else still can
        context["error"] = context["error"] or refusals.shown(problem)
    template = "contests/parts/standing.html" if _is_part(request) else "contests/contest.html"
    return render(request, template, context, status=200 if error is None else error.entry.http)


@require_safe
@page(*WATCHES, service=SERVICE)
def contest(request: HttpRequest, contest: int) -> HttpResponse:
    """A contest: its clock, its students by rank, what was done to it."""
    return _contest(request, contest)


@require_POST
@page(*LEADS, service=SERVICE)
def lead(request: HttpRequest, contest: int) -> HttpResponse:
    """Open, freeze, resume, end."""
    try:
        contests.lead(caller_of(request), contest, request.POST.get("do", ""), confirm=request.POST.get("confirm", ""))
    except YunhaiError as error:
        if error.code in _NOT_THERE:
            raise
        return _contest(request, contest, error=error)
    return HttpResponseRedirect(reverse("contests:contest", args=[contest]))


@require_POST
@page(*LEADS, service=SERVICE)
def clock(request: HttpRequest, contest: int) -> HttpResponse:
    """Start, pause, move forward."""
    caller = caller_of(request)
    try:
        found = contests.contest(caller, contest)
        to, speed = request.POST.get("to", "").strip(), request.POST.get("speed", "").strip()
        contests.set_clock(
            caller,
            contest,
            speed=None if not speed else 0 if speed == "0" else speed_of(speed),
            to=setting.moment(found.source, to) if to else None,
        )
    except YunhaiError as error:
        if error.code in _NOT_THERE:
            raise
        return _contest(request, contest, error=error)
    return HttpResponseRedirect(reverse("contests:contest", args=[contest]))


@require_POST
@page(*WATCHES, service=SERVICE)
def verify(request: HttpRequest, contest: int) -> HttpResponse:
    """Work an ended contest out again."""
    try:
        same, _ = contests.verify(caller_of(request), contest)
    except YunhaiError as error:
        if error.code in _NOT_THERE:
            raise
        return _contest(request, contest, error=error)
    return _contest(request, contest, said="same" if same else "other")


@require_safe
@page(*WATCHES, service=SERVICE)
def student(request: HttpRequest, contest: int, paper: int) -> HttpResponse:
    """One student's orders, fills, positions and worth."""
    shown = papers.student(caller_of(request), contest, paper)
    template = "contests/parts/account.html" if _is_part(request) else "contests/student.html"
    return render(request, template, {"paper": shown, "own": False})


@require_safe
@page(*WATCHES, service=SERVICE)
def ranking_file(request: HttpRequest, contest: int) -> HttpResponse:
    """The ranking as CSV (UTF-8 with a mark, so that spreadsheets read it)."""
    found = contests.ranked(caller_of(request), contest)
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="contest-{contest}-{found.position}.csv"'
    answer.write("\ufeff")
    writer = csv.writer(answer)
    writer.writerow(contests.CSV_HEAD)
    writer.writerows(contests.csv_rows(found))
    if found.hash:
        writer.writerow(["hash", found.hash])
    return answer


urlpatterns = [
    path("pocket/paper/", home, name="home"),
    path("pocket/paper/join/", join, name="join"),
    path("pocket/paper/begin/", begin, name="begin"),
    path("pocket/paper/<int:paper>/", paper, name="paper"),
    path("pocket/paper/<int:paper>/orders/", order, name="order"),
    path("pocket/paper/<int:paper>/orders/<int:number>/", alter, name="alter"),
    path("control/contests/", listed, name="contests"),
    path("control/contests/new/", make, name="make"),
    path("control/contests/<int:contest>/", contest, name="contest"),
    path("control/contests/<int:contest>/change/", change, name="change"),
    path("control/contests/<int:contest>/step/", lead, name="lead"),
    path("control/contests/<int:contest>/clock/", clock, name="clock"),
    path("control/contests/<int:contest>/verify/", verify, name="verify"),
    path("control/contests/<int:contest>/ranking.csv", ranking_file, name="ranking_file"),
    path("control/contests/<int:contest>/students/<int:paper>/", student, name="student"),
]
