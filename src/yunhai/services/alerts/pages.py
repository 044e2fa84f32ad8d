"""The alerts of the Pocket: the page holds words and places, the rest is the API's, by the scripts in `static/alerts`."""

from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from yunhai.platform.shell.api import caller_of
from yunhai.platform.shell.guards import page
from yunhai.platform.shell.scripts import page_data
from yunhai.services.alerts import api
from yunhai.services.replay import api as replay

app_name = "alerts"

ROOM: Final = ("investor",)


@require_safe
@page(*ROOM, service="3.3")
def alerts(request: HttpRequest) -> HttpResponse:
    """Make one, what there is, what was announced. `?code=2330` begins with a security."""
    return render(request, "alerts/alerts.html", {"page": page_data(request)})


@require_safe
@page(*ROOM, service=replay.SERVICE)
def moment(request: HttpRequest, firing: int) -> HttpResponse:
    """To the replay room, at the trade that fired. Refused where that moment cannot be replayed (7480, 7497)."""
    link = api.moment_of(caller_of(request), firing)
    return HttpResponseRedirect(f"{reverse('replay:room')}?{link}")


urlpatterns = [
    path("pocket/alerts/", alerts, name="alerts"),
    path("pocket/alerts/<int:firing>/replay/", moment, name="moment"),
]
