"""Registration 身分登錄 at a broker's desk: one person applies, another approves; documents by reference only.

The Client Desk (sales, key-in) and the Control Room (operations) apply; operations and compliance decide. A client is found by
account number, and that is a look at a client: it stands in the look-up register.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import REGISTRATION_DOCUMENTS_MAX
from yunhai.platform.audit import api as audit
from yunhai.platform.errors import ROLE_MISSING
from yunhai.platform.identity.models import Membership, Person
from yunhai.platform.shell.api import caller_of
from yunhai.platform.shell.guards import page
from yunhai.services.accounts import api as accounts
from yunhai.services.trust import api, rules
from yunhai.services.trust.errors import PERSON_UNKNOWN
from yunhai.services.trust.rooms import words
from yunhai.services.trust.rooms.acting import require_second_factor, shown_page, tried, whole

SERVICE: Final = "3.7"
CLERKS: Final = ("sales", "keyin")
APPLY: Final = (*CLERKS, "operations")
DECIDE: Final = ("operations", "compliance")
LOOK_REASON: Final = "service"
LOOK_REFERENCE: Final = "身分登錄 registration"
_forms = require_http_methods(["GET", "HEAD", "POST"])


def _room(request: HttpRequest) -> str:
    """`desk` or `control`: the room of the address that was asked for."""
    return "desk" if request.path.startswith("/desk/") else "control"


def _home(request: HttpRequest) -> str:
    return reverse("trust:desk_registrations" if _room(request) == "desk" else "trust:control_registrations")


def _named(numbers: Iterable[int]) -> dict[int, Person]:
    return Person.objects.in_bulk(set(numbers) - {0})


# --- the list ----------------------------------------------------------------------------------------------------------


def registrations(request: HttpRequest) -> HttpResponse:
    """What waits for a second person first, then what was decided. Asked for again by htmx."""
    caller = caller_of(request)
    rows = api.registrations(caller.tenant_id)
    people = _named(number for row in rows for number in (row.person, row.applied_by, row.decided_by))
    made: list[dict[str, Any]] = [
        {
            "of": row,
            "who": people.get(row.person),
            "applied_by": people.get(row.applied_by),
            "decided_by": people.get(row.decided_by),
            "own": row.applied_by == caller.person_id,
        }
        for row in rows
    ]
    context = {
        "waiting": [one for one in made if one["of"].status == "applied"],
        "decided": [one for one in made if one["of"].status != "applied"],
        "applies": bool(caller.roles.intersection(APPLY)),
        "decides": bool(caller.roles.intersection(DECIDE)),
        "room": _room(request),
        "home": _home(request),
    }
    part = request.headers.get("HX-Request") == "true"
    return shown_page(request, "trust/parts/registrations.html" if part else "trust/registrations.html", context)


# --- apply -------------------------------------------------------------------------------------------------------------


def apply(request: HttpRequest) -> HttpResponse:
    """The form: whom, as what, which documents were looked at."""
    error = None
    values = _said(request.POST)
    if request.method == "POST":
        require_second_factor(request)
        made: list[api.RegistrationView] = []
        done = _("The application was made. Another person must approve it.")
        error = tried(request, lambda: made.append(_apply(request, values)), done)
        if error is None:
            return HttpResponseRedirect(f"{_home(request)}{made[0].registration}/")
    context = {
        "values": values,
        "kinds": words.registration_kinds(),
        "documents": words.documents(),
        "staff": _staff(caller_of(request).tenant_id),
        "today": timezone.localdate().isoformat(),
        "room": _room(request),
        "home": _home(request),
    }
    return shown_page(request, "trust/apply.html", context, error)


def _staff(tenant: int) -> list[Person]:
    """Who may be registered as a clerk or for a program."""
    found = Membership.objects.filter(tenant_id=tenant, allowed=True, role__in=(*rules.CLERK_ROLES, "api"))
    return list(Person.objects.filter(pk__in=found.values("person_id")).order_by("id"))


def _said(posted: QueryDict) -> dict[str, Any]:
    """What was sent, to read or to show again: the person, and a row for each document."""
    rows = []
    for at in range(REGISTRATION_DOCUMENTS_MAX):
        row = {name: posted.get(f"{name}-{at}", "").strip() for name in ("kind", "archive", "last", "where", "seen")}
        rows.append(row | {"at": at, "shown": at == 0 or bool(row["archive"])})
    return {
        "account": posted.get("account", "").strip(),
        "person": posted.get("person", "").strip(),
        "kind": posted.get("kind", "investor"),
        "note": posted.get("note", ""),
        "rows": rows,
    }


def _apply(request: HttpRequest, values: dict[str, Any]) -> api.RegistrationView:
    """PERSON_UNKNOWN for an account that is not one of this broker, or whoever `api.apply` refuses."""
    caller = caller_of(request)
    person = whole(values["person"])
    if values["kind"] == "investor":
        person = _client(request, values["account"])
    documents = [
        {"kind": row["kind"], "reference": _reference(row), "checked_on": row["seen"]}
        for row in values["rows"]
        if row["archive"] or row["last"] or row["where"]
    ]
    return api.apply(
        tenant=caller.tenant_id,
        person=person,
        documents=documents,
        by=caller.person_id,
        kind=values["kind"],
        note=values["note"],
    )


def _client(request: HttpRequest, number: str) -> int:
    caller = caller_of(request)
    found = [one for one in accounts.find(number) if one.number == number.rpartition("-")[2] and one.person]
    if not number or len(found) != 1:
        raise YunhaiError(PERSON_UNKNOWN)
    audit.record_lookup(
        tenant=caller.tenant_id,
        person=caller.person_id,
        account=found[0].account,
        reason=LOOK_REASON,
        reference=LOOK_REFERENCE,
    )
    return found[0].person


def _reference(row: dict[str, str]) -> str:
    """The archive's number, the last characters of the document, the place it was seen at."""
    last = f"…{row['last']}" if row["last"] else ""
    return " · ".join(part for part in (row["archive"], last, row["where"]) if part)


# --- one registration --------------------------------------------------------------------------------------------------


def one_registration(request: HttpRequest, registration: int) -> HttpResponse:
    """One registration, both pairs of eyes, and what rests on it. 404 for another broker's."""
    caller = caller_of(request)
    error = None
    decides = bool(caller.roles.intersection(DECIDE))
    found = api.registration(min(registration, 2**31 - 1), tenant=caller.tenant_id)
    if request.method == "POST":
        require_second_factor(request)
        action, done = _action(request, found)
        error = tried(request, action, done)
        if error is None:
            return HttpResponseRedirect(request.path)
        found = api.registration(found.registration, tenant=caller.tenant_id)
    people = _named((found.person, found.applied_by, found.decided_by, found.ending_by))
    context = {
        "row": found,
        "who": people.get(found.person),
        "applied_by": people.get(found.applied_by),
        "decided_by": people.get(found.decided_by),
        "certificates": api.desk_certificates(caller.tenant_id, person=found.person),
        "decides": decides,
        "own": found.applied_by == caller.person_id,
        "own_end": found.ending_by == caller.person_id,
        "ending_by": people.get(found.ending_by),
        "reasons": words.reasons(),
        "room": _room(request),
        "home": _home(request),
    }
    return shown_page(request, "trust/registration.html", context, error)


def _action(request: HttpRequest, found: api.RegistrationView) -> tuple[Callable[[], object], str]:
    caller, said = caller_of(request), request.POST
    if said.get("do") == "revoke":
        number, reason = whole(said.get("certificate", "")), said.get("reason", "")
        return (
            lambda: api.desk_revoke(
                caller.tenant_id, number, reason=reason, by=caller.person_id, interfaces="operations" in caller.roles
            ),
            _("The certificate was revoked; the gate refuses what it signs within a second."),
        )
    if said.get("do") == "release":
        number = whole(said.get("certificate", ""))
        return (
            lambda: api.desk_release(caller.tenant_id, number, by=caller.person_id),
            _("The hold has ended; the certificate is valid again."),
        )
    if said.get("do") == "ask-end":
        return (
            lambda: api.ask_end(
                found.registration, tenant=caller.tenant_id, by=caller.person_id, note=said.get("note", "")
            ),
            _("The end was asked for. Another person must decide."),
        )
    approve = said.get("do") in ("approve", "end")
    if not caller.roles.intersection(DECIDE):
        raise YunhaiError(ROLE_MISSING, roles=", ".join(DECIDE))
    if said.get("do") in ("end", "keep"):
        ended = _("The registration has ended; its certificates are revoked.")
        return (
            lambda: api.decide_end(found.registration, tenant=caller.tenant_id, by=caller.person_id, approve=approve),
            ended if approve else _("The registration stays."),
        )
    done = (
        _("Approved. The person's keys have their certificates, and this broker has their consent.")
        if approve
        else _("The application was refused.")
    )
    return (
        lambda: api.decide(
            found.registration,
            tenant=caller.tenant_id,
            by=caller.person_id,
            approve=approve,
            note=said.get("note", ""),
        ),
        done,
    )


def _paths(room: str, applies: tuple[str, ...], sees: tuple[str, ...]) -> list[Any]:
    """The room's addresses, each for the roles that live there."""
    seen, applied = page(*sees, service=SERVICE), page(*applies, service=SERVICE)
    below = f"{room}/registrations/"
    return [
        path(below, never_cache(require_safe(seen(registrations))), name=f"{room}_registrations"),
        path(f"{below}new/", never_cache(_forms(applied(apply))), name=f"{room}_apply"),
        path(f"{below}<int:registration>/", never_cache(_forms(seen(one_registration))), name=f"{room}_registration"),
    ]


urlpatterns = [
    *_paths("desk", CLERKS, CLERKS),
    *_paths("control", ("operations",), ("operations", "compliance")),
]
