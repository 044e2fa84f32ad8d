"""The house's own pages: the front door, one's language and look, the living style page.

`/` leads to the first room that the caller may enter. Language and look are kept in a cookie, which a reader without an account
has too, and with the person, so that another device starts the same way.
"""

from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe
from django.views.generic import RedirectView

from yunhai.platform.identity import api as identity
from yunhai.platform.identity.caller import Caller
from yunhai.platform.identity.models import LANGUAGES, THEMES
from yunhai.platform.shell.api import caller_of
from yunhai.platform.shell.guards import page
from yunhai.platform.shell.menu import rooms_of

app_name = "shell"

LOOK_COOKIE: Final = "yunhai_theme"
YEAR_SECONDS: Final = 31_536_000


@require_safe
@page()
def front(request: HttpRequest) -> HttpResponse:
    """To the first room; a page that says so where there is none."""
    rooms = rooms_of(caller_of(request), request.path)
    if rooms:
        return HttpResponseRedirect(rooms[0]["url"])
    return render(request, "shell/no_room.html")


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Read in another language from here on. An unknown one changes nothing."""
    chosen = request.POST.get("language", "")
    answer = HttpResponseRedirect(_next(request))
    if chosen in dict(LANGUAGES):
        _remember(request, language=chosen)
        _cookie(answer, settings.LANGUAGE_COOKIE_NAME, chosen)
    return answer


@require_POST
def look(request: HttpRequest) -> HttpResponse:
    """Dark, light or as the system has it; answers 204. An unknown one changes nothing."""
    chosen = request.POST.get("theme", "")
    answer = HttpResponse(status=204)
    if chosen in THEMES:
        _remember(request, theme=chosen)
        _cookie(answer, LOOK_COOKIE, chosen)
    return answer


@require_safe
def style(request: HttpRequest) -> HttpResponse:
    """Every component in every state. For the platform's operators and where DEBUG is on; else 404."""
    if not (settings.DEBUG or "operator" in caller_of(request).roles):
        raise Http404
    return render(request, "shell/style.html")


@require_safe
@page()
def devices(request: HttpRequest) -> HttpResponse:
    """One's signing keys: which devices may sign orders."""
    person = caller_of(request).person
    assert person is not None
    return render(request, "shell/devices.html", {"keys": identity.keys_of(person)})


@require_POST
@page()
def end_device(request: HttpRequest, key: int) -> HttpResponse:
    """End one of one's own keys: what it signs from now on is refused. 404 for another's."""
    person = caller_of(request).person
    assert person is not None
    identity.revoke_key(person, key)
    return HttpResponseRedirect(reverse("shell:devices"))


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "/")
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else "/"


def _remember(request: HttpRequest, **fields: str) -> None:
    caller: Caller = caller_of(request)
    if caller.person is not None:
        for name, value in fields.items():
            setattr(caller.person, name, value)
        caller.person.save(update_fields=list(fields))


def _cookie(answer: HttpResponse, name: str, value: str) -> None:
    answer.set_cookie(name, value, max_age=YEAR_SECONDS, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)


urlpatterns = [
    path("", front, name="front"),
    path("favicon.ico", RedirectView.as_view(url=static("shell/favicon.svg")), name="favicon"),
    path("language/", language, name="language"),
    path("look/", look, name="look"),
    path("account/devices/", devices, name="devices"),
    path("account/devices/<int:key>/end/", end_device, name="end_device"),
    path("style", style, name="style"),
]
