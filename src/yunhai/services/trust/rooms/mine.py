"""A person's own trust: certificates, devices and keys, consents, and every signature they gave.

Whoever is signed in has these pages, clerks too. What undoes trust (revoke, end a key, withdraw a consent) needs no second
factor: who lost the phone that holds it must be able to. What makes trust needs one.
"""

from collections.abc import Callable
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import ROOM_ROWS_MAX
from yunhai.platform.entitlements.api import entitled
from yunhai.platform.identity import api as identity
from yunhai.platform.shell.api import caller_of
from yunhai.platform.shell.guards import page
from yunhai.services.orders import api as orders
from yunhai.services.trust import api, factors, process, signing
from yunhai.services.trust.rooms import words
from yunhai.services.trust.rooms.acting import person_of, require_second_factor, shown_page, tried, whole
from yunhai.services.trust.rooms.found import evidence_states

SERVICE: Final = "3.7"
_forms = require_http_methods(["GET", "HEAD", "POST"])
SIGNED_SHOWN: Final = 60


def process_answers() -> bool:
    """Whether certificates can be issued and cloud keys sign now."""
    try:
        process.status()
    except YunhaiError:
        return False
    return True


# --- certificates, devices, keys ---------------------------------------------------------------------------------------


@never_cache
@_forms
@page()
def keys(request: HttpRequest) -> HttpResponse:
    """Certificates, devices and cloud keys, with what one may do about each."""
    error = None
    if request.method == "POST":
        action, done = _key_action(request)
        error = tried(request, action, done)
        if error is None:
            return HttpResponseRedirect(reverse("trust:mine"))
    person = person_of(request)
    found = api.overview(person)
    context = {
        "found": found,
        "devices": [one for one in found.devices if one.kind != "cloud"],
        "certificates": api.certificates(person),
        "credentials": _credentials(request),
        "reasons": words.reasons(),
        "factors": factors.kinds_of(person),
        "process": process_answers(),
        "open": entitled(caller_of(request).tenant, SERVICE),
        "page": {"person": person.pk, "kind": "device", "words": words.scripts()},
        "tab": "keys",
    }
    return shown_page(request, "trust/mine.html", context, error)


def _credentials(request: HttpRequest) -> list[dict[str, Any]]:
    made = []
    for one in api.credentials(person_of(request)):
        held = signing.certificate_of(one)
        made.append(
            {"of": one, "usable": signing.usable(one), "certificate": api.view(held) if held is not None else None}
        )
    return made


def _key_action(request: HttpRequest) -> tuple[Callable[[], object], str]:
    """What the form asks for and what is said when it is done."""
    said, person = request.POST, person_of(request)
    number, key = whole(said.get("certificate", "")), whole(said.get("key", ""))
    match said.get("do"):
        case "revoke":
            reason = said.get("reason", "")
            done = (
                _("The certificate is on hold; the gate refuses what it signs within a second.")
                if reason == "hold"
                else _("The certificate was revoked; the gate refuses what it signs within a second.")
            )
            return lambda: api.revoke(person, number, reason=reason), done
        case "end":
            return lambda: identity.revoke_key(person, key), _("The key was ended, and its certificate with it.")
        case "disable":
            name = said.get("credential", "")
            return lambda: signing.disable(person, name), _("The cloud key was disabled; it signs nothing more.")
        case "rename":
            name = " ".join(said.get("name", "").split())[:60]
            return lambda: identity.rename_key(person, key, name), _("The device has its new name.")
        case _:
            return _making_action(request)


def _making_action(request: HttpRequest) -> tuple[Callable[[], object], str]:
    """What makes trust: with a second factor only, and where the service is open."""
    said, person = request.POST, person_of(request)
    number, key = whole(said.get("certificate", "")), whole(said.get("key", ""))
    require_second_factor(request)
    match said.get("do"):
        case "release":
            return lambda: api.release(person, number), _("The hold has ended; the certificate is valid again.")
        case "renew":
            return lambda: api.renew(person, number), _("The certificate was renewed over the same key.")
        case "issue":
            return lambda: api.issue(person, key), _("The certificate was issued.")
        case _:
            kind = "document" if said.get("kind") == "document" else "order"
            return lambda: signing.make_credential(person, kind), _("The cloud key was made in the HSM.")


# --- consents ----------------------------------------------------------------------------------------------------------


@never_cache
@_forms
@page()
def consents(request: HttpRequest) -> HttpResponse:
    """Which brokers may take orders under one's certificates."""
    error = None
    person = person_of(request)
    if request.method == "POST":
        tenant = whole(request.POST.get("tenant", ""))
        if request.POST.get("do") == "withdraw":
            done = _("The consent was withdrawn; the gate refuses within a second.")
            error = tried(request, lambda: api.withdraw(person, tenant), done)
        else:
            require_second_factor(request)
            done = _("The consent was given; the broker needs no new application.")
            error = tried(request, lambda: api.consent(person, tenant), done)
        if error is None:
            return HttpResponseRedirect(reverse("trust:consents"))
    context = {"found": api.overview(person), "tab": "consents"}
    return shown_page(request, "trust/consents.html", context, error)


# --- signatures --------------------------------------------------------------------------------------------------------


@require_safe
@page()
def signatures(request: HttpRequest) -> HttpResponse:
    """Orders one signed at this broker, with their evidence, and every second factor given for a cloud signature."""
    person = person_of(request)
    wanted = request.GET.get("q", "").strip()[:40]
    before = whole(request.GET.get("before", ""))
    rows = orders.orders_of(person=person.pk, before=before, limit=ROOM_ROWS_MAX)
    if wanted:
        rows = [one for one in rows if wanted.lower() in f"{one.order_number} {one.security} {one.day}".lower()]
    rows = rows[:SIGNED_SHOWN]
    states = evidence_states([one.order_id for one in rows])
    cloud = [
        one for one in api.signatures(person) if wanted.lower() in f"{one.what} {one.client} {one.made_at}".lower()
    ]
    context = {
        "rows": [{"of": one, "evidence": states.get(one.order_id)} for one in rows],
        "cloud": cloud,
        "wanted": wanted,
        "before": before,
        "more": rows[-1].order_id if len(rows) == SIGNED_SHOWN else 0,
        "tab": "signatures",
    }
    return shown_page(request, "trust/signatures.html", context)


urlpatterns = [
    path("trust/", keys, name="mine"),
    path("trust/consents/", consents, name="consents"),
    path("trust/signatures/", signatures, name="signatures"),
]
