"""A broker's interfaces 介面: certificates of its systems, software and lines, proposed by one of operations, issued by another.

The key stays where it was made: what is brought here is a request (PKCS#10) that it signed.
"""

from collections.abc import Callable
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import PKCS10_CHARACTERS_MAX
from yunhai.platform.errors import ROLE_MISSING
from yunhai.platform.identity.models import Person
from yunhai.platform.shell.api import caller_of
from yunhai.platform.shell.guards import page
from yunhai.services.trust import api, rules
from yunhai.services.trust.rooms.acting import require_second_factor, shown_page, tried, whole

SERVICE: Final = "3.7"
PROPOSES: Final = "operations"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@page("operations", "compliance", service=SERVICE)
def interfaces(request: HttpRequest) -> HttpResponse:
    """What waits for a second person, what stands, and the form to propose another."""
    caller = caller_of(request)
    error = None
    if request.method == "POST":
        require_second_factor(request)
        action, done = _action(request)
        error = tried(request, action, done)
        if error is None:
            return HttpResponseRedirect(request.path)
    rows = api.interfaces(caller.tenant_id)
    people = Person.objects.in_bulk({number for one in rows for number in (one.proposed_by, one.decided_by)} - {0})
    made: list[dict[str, Any]] = [
        {
            "of": one,
            "proposed_by": people.get(one.proposed_by),
            "decided_by": people.get(one.decided_by),
            "own": one.proposed_by == caller.person_id,
        }
        for one in rows
    ]
    said = request.POST if error is not None else {}
    context = {
        "waiting": [one for one in made if one["of"].status == "open"],
        "decided": [one for one in made if one["of"].status != "open"],
        "certificates": api.interface_certificates(caller.tenant_id),
        "proposes": PROPOSES in caller.roles,
        "profiles": rules.INTERFACES,
        "code": caller.tenant.code if caller.tenant is not None else "",
        "values": {name: said.get(name, "") for name in ("profile", "name", "line", "request")},
    }
    return shown_page(request, "trust/interface_requests.html", context, error)


def _action(request: HttpRequest) -> tuple[Callable[[], object], str]:
    caller, said = caller_of(request), request.POST
    if said.get("do") == "propose":
        if PROPOSES not in caller.roles:
            raise YunhaiError(ROLE_MISSING, roles=PROPOSES)
        profile = said.get("profile", "")
        return (
            lambda: api.propose_interface(
                tenant=caller.tenant_id,
                profile=profile,
                request=said.get("request", "").strip()[:PKCS10_CHARACTERS_MAX],
                name=said.get("name", "").strip()[:64],
                line=said.get("line", "").strip().upper()[:2] if profile == "line" else "",
                by=caller.person_id,
            ),
            _("It was proposed. Another person must approve it."),
        )
    number, approve = whole(said.get("proposal", "")), said.get("do") == "approve"
    done = _("The certificate was issued.") if approve else _("The proposal was refused.")
    return (
        lambda: api.decide_interface(number, tenant=caller.tenant_id, by=caller.person_id, approve=approve),
        done,
    )


urlpatterns = [path("control/interfaces/", interfaces, name="control_interfaces")]
