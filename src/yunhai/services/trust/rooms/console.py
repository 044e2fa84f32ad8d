"""The Console's rooms of trust: the authority's state, lives, certificates, the ceremony's minutes, brokers' demands.

What the trust process says is asked anew with every look; when it does not answer the page says so and what still works. Lives
and demands are changed with a reason, which stands among the Console's changes.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import CERTIFICATE_DAYS_MAX, RENEW_CA_DAYS, RENEWAL_NOTICE_DAYS
from yunhai.platform.console.api import record
from yunhai.platform.console.rules import checked_change
from yunhai.platform.identity.models import Person
from yunhai.platform.shell import refusals
from yunhai.platform.shell.api import caller_of
from yunhai.platform.shell.guards import page
from yunhai.platform.tenancy.models import Tenant
from yunhai.services.trust import api
from yunhai.services.trust.models import PROFILES
from yunhai.services.trust.rooms import words
from yunhai.services.trust.rooms.acting import shown_page, tried, whole

_forms = require_http_methods(["GET", "HEAD", "POST"])
CERTIFICATES_SHOWN: Final = 60
STATES: Final = ("valid", "held", "revoked", "expired")


def _state() -> dict[str, Any]:
    """What the trust process says, or why it does not."""
    try:
        return {"said": api.authority_state(), "away": None, "renew_ca": RENEW_CA_DAYS}
    except YunhaiError as error:
        return {"said": None, "away": refusals.shown(error)}


def minutes_files() -> list[Path]:
    """The minutes of the key ceremony and of every renewal since, in the home, the oldest first."""
    folder = Path(settings.PLACES.home) / "trust"
    return [file for file in (folder / "ceremony.md", *sorted(folder.glob("renewal-*.md"))) if file.is_file()]


@never_cache
@_forms
@page("operator")
def authority(request: HttpRequest) -> HttpResponse:
    """The authority: chain, HSM, freshness, lives, demands. Its moving half is asked for again every five seconds."""
    if request.headers.get("HX-Request") == "true":
        return shown_page(request, "trust/parts/authority.html", _state())
    error = None
    if request.method == "POST":
        action, done = _action(request)
        error = tried(request, action, done)
        if error is None:
            return HttpResponseRedirect(reverse("trust:authority"))
    context = {
        **_state(),
        "profiles": api.profiles(),
        "brokers": Tenant.objects.filter(kind="broker").exclude(status="closed"),
        "offs": _offs(caller_of(request).person_id),
        "minutes": bool(minutes_files()),
        "notice": RENEWAL_NOTICE_DAYS,
        "most": CERTIFICATE_DAYS_MAX,
    }
    return shown_page(request, "trust/authority.html", context, error)


def _offs(operator: int) -> list[dict[str, Any]]:
    """What waits for another operator's word."""
    waiting = [one for one in api.offs() if one.status == "open"]
    people = Person.objects.in_bulk({one.proposed_by for one in waiting})
    brokers = Tenant.objects.in_bulk({one.tenant for one in waiting})
    return [
        {
            "of": one,
            "broker": brokers.get(one.tenant),
            "proposed_by": people.get(one.proposed_by),
            "own": one.proposed_by == operator,
        }
        for one in waiting
    ]


def _action(request: HttpRequest) -> tuple[Callable[[], object], str]:
    said, by = request.POST, caller_of(request).person_id
    reason = said.get("reason", "")
    if said.get("do") == "life":
        profile, days = said.get("profile", ""), whole(said.get("days", ""))
        return (
            lambda: _set_life(profile, days, reason=checked_change(reason), by=by),
            _("The life was changed, for certificates issued from now on."),
        )
    if said.get("do") in ("confirm-off", "refuse-off"):
        number, approve = whole(said.get("proposal", "")), said.get("do") == "confirm-off"
        done = _("This broker no longer demands certificates.") if approve else _("The proposal was refused.")
        return lambda: api.decide_off(number, by=by, approve=approve), done
    tenant, on = whole(said.get("tenant", "")), said.get("on") == "1"
    done = _("This broker now demands certificates.") if on else _("It was proposed. Another operator must confirm it.")
    return lambda: api.demand(tenant, on=on, reason=checked_change(reason), by=by), done


def _set_life(profile: str, days: int, *, reason: str, by: int) -> None:
    """Change a profile's life and keep why. DAYS_WRONG, PROFILE_NOT_FOR_KEY; the same life changes nothing."""
    before = next((one.days for one in api.profiles() if one.profile == profile), 0)
    api.set_life(profile, days)
    if days != before:
        record("profile", profile, before={"days": before}, after={"days": days}, reason=reason, by=by)


@never_cache
@_forms
@page("operator")
def certificates(request: HttpRequest) -> HttpResponse:
    """Every certificate: by serial number, profile, state, or what ends soon. One may be revoked or held here."""
    error = None
    if request.method == "POST":
        number, reason = whole(request.POST.get("certificate", "")), request.POST.get("reason", "")
        by = caller_of(request).person_id
        if request.POST.get("do") == "release":
            done = _("The hold has ended; the certificate is valid again.")
            error = tried(request, lambda: api.operator_release(number, by=by), done)
        else:
            done = _("The certificate was revoked; the gate refuses what it signs within a second.")
            error = tried(request, lambda: api.operator_revoke(number, reason=reason, by=by), done)
        if error is None:
            return HttpResponseRedirect(request.get_full_path())
    asked = {name: request.GET.get(name, "").strip()[:40] for name in ("serial", "profile", "state")}
    soon = asked["state"] == "soon"
    found = api.every_certificate(
        serial=asked["serial"], profile=asked["profile"], state="valid" if soon else asked["state"]
    )
    if soon:
        found = tuple(one for one in found if one.state == "valid" and one.days_left < RENEWAL_NOTICE_DAYS)
    context = {
        "rows": found[:CERTIFICATES_SHOWN],
        "all": len(found),
        "asked": asked,
        "profiles": PROFILES,
        "states": {name: words.states()[name][0] for name in STATES},
        "reasons": words.reasons(),
        "brokers": {one.pk: one.code for one in Tenant.objects.all()},
        "notice": RENEWAL_NOTICE_DAYS,
    }
    return shown_page(request, "trust/certificates.html", context, error)


@require_safe
@page("operator")
def minutes(request: HttpRequest) -> HttpResponse:
    """The minutes of the ceremony and of renewals, word for word; what to do where there was none."""
    texts = [file.read_text(encoding="utf-8") for file in minutes_files()]
    return shown_page(request, "trust/minutes.html", {"texts": texts})


urlpatterns = [
    path("console/trust/", authority, name="authority"),
    path("console/trust/certificates/", certificates, name="certificates"),
    path("console/trust/minutes/", minutes, name="minutes"),
]
