"""The Pocket's pages about an account: holdings, cash and what settles when, the statement of a day.

Holdings are live from the core (scripts); cash, settlement and statements are rendered from the readings, which follow the core
by a moment and say up to where.
"""

from itertools import groupby
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from yunhai.kernel.errors import YunhaiError
from yunhai.platform.entitlements.api import entitled
from yunhai.platform.shell.api import caller_of
from yunhai.platform.shell.chosen import chosen_account
from yunhai.platform.shell.guards import page
from yunhai.platform.shell.scripts import page_data
from yunhai.services.accounts import api as accounts
from yunhai.services.accounts.errors import NOT_FOUND
from yunhai.services.accounts.statement import as_csv, statement
from yunhai.services.ledger import api as ledger
from yunhai.services.orders import api as orders
from yunhai.services.settlement import api as settlement

app_name = "accounts"

ROOM: Final = ("investor",)
ENTRIES_SHOWN: Final = 60
DAYS_SHOWN: Final = 60


@require_safe
@page(*ROOM, service="1.5")
def holdings(request: HttpRequest) -> HttpResponse:
    """What one has, at the last price. Where replays are open, each security leads to one's own orders in it."""
    replays = entitled(caller_of(request).tenant, "3.1")
    told = page_data(request, orders=reverse("replay:room") + "orders/" if replays else "")
    return render(request, "pocket/holdings.html", {"page": told})


@require_safe
@page(*ROOM, service="1.5")
def cash(request: HttpRequest) -> HttpResponse:
    """Money, what settles on which day, and the latest movements."""
    account = chosen_account(request)
    context: dict[str, Any] = {"page": page_data(request)}
    if account:
        context["fresh"] = ledger.freshness()  # first: what is read after it is at least as new
        calendar = settlement.calendar(account)
        entries = ledger.entries_of(account, asset=ledger.CASH, limit=ENTRIES_SHOWN)
        context |= {"dates": _dates(calendar), "entries": entries}
    part = request.headers.get("HX-Request") == "true"
    return render(request, "pocket/parts/cash.html" if part else "pocket/cash.html", context)


def _dates(calendar: list[settlement.Due]) -> list[dict[str, Any]]:
    """By settlement date, the next one first, those that are over last: cash, and shares with their names."""
    names = orders.prices({due.asset for due in calendar if due.asset != settlement.CASH})
    dates = []
    for date, group in groupby(calendar, key=lambda due: due.settles_on):
        of = list(group)
        shares = [
            {"due": due, "name": names[due.asset].name if due.asset in names else ""}
            for due in of
            if due.asset != settlement.CASH and (due.net or due.owed)
        ]
        money = next((due for due in of if due.asset == settlement.CASH), None)
        dates.append({"date": date, "cash": money, "shares": shares, "settled": all(due.settled for due in of)})
    return sorted(dates, key=lambda one: (one["settled"], one["date"] if not one["settled"] else "", one["date"]))


@require_safe
@page(*ROOM, service="1.5")
def statements(request: HttpRequest) -> HttpResponse:
    """Every market day that there is a statement of."""
    days = settlement.board(days=DAYS_SHOWN) if chosen_account(request) else []
    return render(request, "pocket/statements.html", {"page": page_data(request), "days": days})


@require_safe
@page(*ROOM, service="1.5")
def statement_of(request: HttpRequest, day: str) -> HttpResponse:
    """One day; `?format=csv` its fills as a table. 404 where there is no such day or account."""
    account = chosen_account(request)
    if not account:
        raise YunhaiError(NOT_FOUND, account=0)
    found = statement(account, day)
    if request.GET.get("format") == "csv":
        name = f"yunhai-{accounts.require(account).label}-{found.day}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(as_csv(found), content_type="text/csv; charset=utf-8", headers=headers)
    return render(request, "pocket/statement.html", {"page": page_data(request), "statement": found})


urlpatterns = [
    path("pocket/holdings/", holdings, name="holdings"),
    path("pocket/cash/", cash, name="cash"),
    path("pocket/statements/", statements, name="statements"),
    path("pocket/statements/<str:day>/", statement_of, name="statement"),
]
