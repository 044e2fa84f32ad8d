"""Pages: paper accounts in the Pocket, contests in the Control Room; what changes by itself is a part that is asked for again."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.money import decimal_text, money_of, price_of
from yunhai.platform.identity.caller import Caller
from yunhai.platform.shell import refusals
from yunhai.platform.shell.api import caller_of
from yunhai.platform.shell.guards import page
from yunhai.services.contests import api as contests
from yunhai.services.contests import papers, practice, setting, sources
from yunhai.services.contests.api import LEADS, SERVICE, STUDENTS, WATCHES
from yunhai.services.contests.errors import CONTEST_MISSING, PAPER_MISSING
from yunhai.services.contests.rules import KINDS, ODD_LOT, Ask, Draft, Weights, at_text

app_name = "contests"
SPEEDS: Final = ("0.1", "1", "10", "60", "100", "300", "1000")
STOCKS_SHOWN: Final = ":40"
"""How many of a day's securities a form names, as a slice of them."""
_NOT_THERE: Final = (CONTEST_MISSING, PAPER_MISSING)
_WHOLE: Final = 10


def _is_part(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _WHOLE else 0


def _page(request: HttpRequest, template: str, context: dict[str, Any], error: YunhaiError | None) -> HttpResponse:
    """A page with what was said on it, and the refusal's status where there was one."""
    told = context | {"error": None if error is None else refusals.shown(error)}
    return render(request, template, told, status=200 if error is None else error.entry.http)


def _then(name: str, do: Callable[[], int], refused: Callable[[YunhaiError], HttpResponse]) -> HttpResponse:
    """Do what a form asks, and go to the page of the number it gives; refused, the form's page with what was said. What is not
    there is not there."""
    try:
        number = do()
    except YunhaiError as error:
        if error.code in _NOT_THERE:
            raise
        return refused(error)
    return HttpResponseRedirect(reverse(f"contests:{name}", args=[number]))


def _done(
    request: HttpRequest,
    name: str,
    number: int,
    do: Callable[[Caller], object],
    shown: Callable[[HttpRequest, int, YunhaiError], HttpResponse],
) -> HttpResponse:
    """Do what a form on a page asks, and go to that page; refused, the page as it was with what was said."""

    def done() -> int:
        do(caller_of(request))
        return number

    return _then(name, done, lambda error: shown(request, number, error))


def _over_day(said: QueryDict) -> dict[str, Any]:
    """The fields that contests and practices have in common."""
    return {
        "source": said.get("source", ""),
        "codes": said.get("codes", "").replace(",", " ").split(),
        "odd_lots": bool(said.get("odd_lots")),
        "cash": said.get("cash", ""),
        "fee": bool(said.get("fee")),
        "begins": said.get("begins", ""),
        "ends": said.get("ends", ""),
    }


def _turned(said: QueryDict, source: str) -> dict[str, int | None]:
    return setting.turning(source, speed=said.get("speed", ""), to=said.get("to", ""))


def _day_choice(days: Sequence[sources.Day], source: str) -> dict[str, Any]:
    """What a form offers to choose from: the days, and the securities of the one that is chosen."""
    source = source or (days[0].source if days else "")
    try:
        stocks = sources.stocks(sources.opened(source)) if source else ()
    except YunhaiError:
        stocks = ()
    return {"days": days, "stocks": stocks, "stocks_shown": STOCKS_SHOWN}


_BLANK: Final = {"cash": decimal_text(papers.PERSONAL_CASH), "fee": "1"}


# --- Pocket -------------------------------------------------------------------------------------------------------------


def _home(request: HttpRequest, error: YunhaiError | None = None) -> HttpResponse:
    found = papers.mine(caller_of(request))
    own = [one for one in found if one.contest is None and not one.practice]
    context = {
        "personal": next((one for one in own if not one.closed), None),
        "joined": [one for one in found if one.contest is not None],
        "earlier": [one for one in own if one.closed],
        "code": request.POST.get("code", ""),
        "cash": _BLANK["cash"],
    }
    return _page(request, "contests/papers.html", context, error)


@require_safe
@page(*STUDENTS, service=SERVICE)
def home(request: HttpRequest) -> HttpResponse:
    """One's paper accounts, joining a contest, practising, beginning a personal account."""
    return _home(request)


@require_POST
@page(*STUDENTS, service=SERVICE)
def join(request: HttpRequest) -> HttpResponse:
    """To the account of the contest; refused, the page again with what was said."""
    code, name = request.POST.get("code", ""), request.POST.get("name", "")
    return _then("paper", lambda: contests.join(caller_of(request), code, name), partial(_home, request))


@require_POST
@page(*STUDENTS, service=SERVICE)
def begin(request: HttpRequest) -> HttpResponse:
    """A personal account, or the next one; the one before is kept."""

    def begun() -> int:
        cash = money_of(request.POST.get("cash", "").replace(",", "").strip())
        return papers.begin(caller_of(request), cash=cash, fee=bool(request.POST.get("fee")))

    return _then("paper", begun, partial(_home, request))


def _paper(request: HttpRequest, paper: int, error: YunhaiError | None = None) -> HttpResponse:
    said = request.POST or request.GET
    shown = papers.view(caller_of(request), paper, code=said.get("code", "").strip().upper())
    context = {
        "paper": shown,
        "ticket": said,
        "own": True,
        "types": list(dict.fromkeys(one.partition("-")[0] for one in shown.kinds)),
        "forces": list(dict.fromkeys(one.partition("-")[2] for one in shown.kinds)),
        "speeds": SPEEDS,
    }
    return _page(request, "contests/parts/account.html" if _is_part(request) else "contests/paper.html", context, error)


@require_safe
@page(*STUDENTS, service=SERVICE)
def paper(request: HttpRequest, paper: int) -> HttpResponse:
    """A paper account: ticket, quotes, orders with their places, fills, positions, worth, rank."""
    return _paper(request, paper)


def _asked(request: HttpRequest, paper: int, do: Callable[[Caller], object]) -> HttpResponse:
    """What the owner of a paper account asks of it, then the account."""
    return _done(request, "paper", paper, do, _paper)


@require_POST
@page(*STUDENTS, service=SERVICE)
def order(request: HttpRequest, paper: int) -> HttpResponse:
    """Give a paper order."""
    said = request.POST
    ask = Ask(
        code=said.get("code", ""),
        odd=said.get("segment") == ODD_LOT,
        side=said.get("side", "buy") if said.get("side") in ("buy", "sell") else "buy",
        order_type=said.get("order_type", "limit")[:10],
        time_in_force=said.get("time_in_force", "rod")[:10],
        quantity=_number(said.get("quantity", "")),
        price="" if said.get("order_type") == "market" else said.get("price", ""),
    )
    return _asked(request, paper, lambda caller: papers.order(caller, paper, ask))


@require_POST
@page(*STUDENTS, service=SERVICE)
def alter(request: HttpRequest, paper: int, number: int) -> HttpResponse:
    """Cancel an order, or give it the price that was filled in."""
    text = request.POST.get("price", "").strip()
    return _asked(
        request, paper, lambda caller: papers.alter(caller, paper, number, price=price_of(text) if text else 0)
    )


# --- practices ----------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@page(*STUDENTS, service=SERVICE)
def practices(request: HttpRequest) -> HttpResponse:
    """One's practices, and beginning one on a day that is over."""

    def shown(error: YunhaiError | None = None) -> HttpResponse:
        values: Any = request.POST or _BLANK | {name: request.GET[name] for name in ("source",) if name in request.GET}
        days = practice.days()
        context = {"practices": practice.practices(caller_of(request)), "values": values}
        return _page(request, "contests/practices.html", context | _day_choice(days, values.get("source", "")), error)

    if request.method != "POST":
        return shown()
    said = _over_day(request.POST)
    return _then("paper", lambda: practice.make(caller_of(request), setting.draft(**said)), shown)


@require_POST
@page(*STUDENTS, service=SERVICE)
def own_clock(request: HttpRequest, paper: int) -> HttpResponse:
    """Start, pause, move forward."""

    def turn(caller: Caller) -> None:
        source = practice.practice(caller, paper).source
        practice.set_clock(caller, paper, **_turned(request.POST, source))

    return _asked(request, paper, turn)


@require_POST
@page(*STUDENTS, service=SERVICE)
def end_practice(request: HttpRequest, paper: int) -> HttpResponse:
    """End a practice: its summary stands."""
    return _asked(request, paper, lambda caller: practice.end(caller, paper))


@require_POST
@page(*STUDENTS, service=SERVICE)
def anew(request: HttpRequest, paper: int) -> HttpResponse:
    """The same day from its beginning, in a new account."""
    return _then("paper", lambda: practice.anew(caller_of(request), paper), lambda error: _paper(request, paper, error))


# --- Control Room -------------------------------------------------------------------------------------------------------


@require_safe
@page(*WATCHES, service=SERVICE)
def listed(request: HttpRequest) -> HttpResponse:
    """The tenant's contests."""
    caller = caller_of(request)
    context = {"contests": contests.contests(caller), "may": bool(caller.roles.intersection(LEADS))}
    return render(request, "contests/contests.html", context)


def _drafted(said: QueryDict) -> Draft:
    weights = Weights(**{name: _number(said.get(name, "")) for name in _WEIGHTS})
    name, text, kinds = said.get("name", ""), said.get("text", ""), said.getlist("kinds")
    return setting.draft(name=name, text=text, kinds=kinds, weights=weights, **_over_day(said))


_WEIGHTS: Final = ("gain", "drawdown", "sharpe")
_NEW: Final = _BLANK | {"begins": "09:00:00", "ends": "13:30:00"} | asdict(Weights())


def _filled(found: contests.ContestView) -> dict[str, Any]:
    return asdict(found.weights) | {
        "name": found.name,
        "text": found.text,
        "source": found.source,
        "codes": " ".join(found.codes),
        "odd_lots": "1" if found.odd_lots else "",
        "cash": decimal_text(found.cash),
        "fee": "1" if found.fee else "",
        "begins": at_text(found.begins),
        "ends": at_text(found.ends),
    }


def _form(request: HttpRequest, number: int) -> HttpResponse:
    caller = caller_of(request)
    found = contests.contest(caller, number) if number else None
    posted = request.method == "POST"
    values: Any = request.POST if posted else dict(_NEW) if found is None else _filled(found)
    if not posted and "source" in request.GET:
        values["source"] = request.GET["source"]
    kinds = request.POST.getlist("kinds") if posted else list(KINDS) if found is None else list(found.kinds)

    def shown(error: YunhaiError | None = None) -> HttpResponse:
        context = {"contest": found, "values": values, "kinds": [(kind, kind in kinds) for kind in KINDS]}
        choice = _day_choice(sources.days(), values.get("source", ""))
        return _page(request, "contests/contest_form.html", context | choice, error)

    def kept() -> int:
        draft = _drafted(request.POST)
        made = contests.make(caller, draft) if found is None else contests.change(caller, number, draft)
        return made.id

    return _then("contest", kept, shown) if posted else shown()


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


def _contest(request: HttpRequest, number: int, error: YunhaiError | None = None, said: str = "") -> HttpResponse:
    caller = caller_of(request)
    context: dict[str, Any] = {
        "contest": contests.contest(caller, number),
        "may": bool(caller.roles.intersection(LEADS)),
        "steps": contests.steps(caller, number),
        "speeds": SPEEDS,
        "verified": said,
        "ranking": None,
        "unreadable": None,
    }
    try:
        context["ranking"] = contests.ranked(caller, number)
    except YunhaiError as problem:  # its day cannot be read now: everything else still can
        context["unreadable"] = refusals.shown(problem)
    template = "contests/parts/standing.html" if _is_part(request) else "contests/contest.html"
    return _page(request, template, context, error)


@require_safe
@page(*WATCHES, service=SERVICE)
def contest(request: HttpRequest, contest: int) -> HttpResponse:
    """A contest: its clock, its students by rank, what was done to it."""
    return _contest(request, contest)


def _led(request: HttpRequest, contest: int, do: Callable[[Caller], object]) -> HttpResponse:
    """What its leader asks of a contest, then the contest."""
    return _done(request, "contest", contest, do, _contest)


@require_POST
@page(*LEADS, service=SERVICE)
def lead(request: HttpRequest, contest: int) -> HttpResponse:
    """Open, freeze, resume, end."""
    do, confirm = request.POST.get("do", ""), request.POST.get("confirm", "")
    return _led(request, contest, lambda caller: contests.lead(caller, contest, do, confirm=confirm))


@require_POST
@page(*LEADS, service=SERVICE)
def clock(request: HttpRequest, contest: int) -> HttpResponse:
    """Start, pause, move forward."""

    def turn(caller: Caller) -> None:
        source = contests.contest(caller, contest).source
        contests.set_clock(caller, contest, **_turned(request.POST, source))

    return _led(request, contest, turn)


@require_POST
@page(*WATCHES, service=SERVICE)
def verify(request: HttpRequest, contest: int) -> HttpResponse:
    """Work an ended contest out again."""
    try:
        same, _ = contests.verify(caller_of(request), contest)
    except YunhaiError as error:
        if error.code in _NOT_THERE:
            raise
        return _contest(request, contest, error)
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
    path("pocket/paper/practice/", practices, name="practices"),
    path("pocket/paper/<int:paper>/", paper, name="paper"),
    path("pocket/paper/<int:paper>/clock/", own_clock, name="own_clock"),
    path("pocket/paper/<int:paper>/end/", end_practice, name="end_practice"),
    path("pocket/paper/<int:paper>/anew/", anew, name="anew"),
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
