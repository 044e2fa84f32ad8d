"""The Evidence Room 稽核室: an order's evidence step by step, a file verified in place, and who looked at whom.

Compliance's. Opening a client's evidence is a look at the client: it asks why, once an hour for each account, and stands in the
look-up register. What is verified here is verified by the very code of `yunhai verify`.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import EVIDENCE_BYTES_MAX, LOOKUP_HOURS_MAX, ROOM_ROWS_MAX, WHY_CHARACTERS_MAX
from yunhai.platform.audit import api as audit
from yunhai.platform.identity.models import Person
from yunhai.platform.shell import refusals
from yunhai.platform.shell.api import caller_of
from yunhai.platform.shell.guards import page
from yunhai.services.accounts import api as accounts
from yunhai.services.orders import api as orders
from yunhai.services.trust import evidence
from yunhai.services.trust.rooms import found
from yunhai.services.trust.rooms.acting import person_of, shown_page, whole
from yunhai.trading.trust.evidence import verify
from yunhai.trading.trust.evidence_file import MEDIA_TYPE

SERVICE: Final = "3.7"
ROLES: Final = ("compliance",)
LOOK_REASON: Final = "audit"
LATEST_SHOWN: Final = 40
_forms = require_http_methods(["GET", "HEAD", "POST"])


def _looked(request: HttpRequest, account: int) -> bool:
    since = datetime.now(UTC) - timedelta(hours=LOOKUP_HOURS_MAX)
    return audit.has_looked(caller_of(request).person_id, account, since=since)


# --- search ------------------------------------------------------------------------------------------------------------


@never_cache
@require_safe
@page(*ROLES, service=SERVICE)
def search(request: HttpRequest) -> HttpResponse:
    """Any id of an order leads to its evidence; without one the latest, which say nothing of the client."""
    asked = request.GET.get("q", "").strip()[:60]
    error, rows = None, found.latest(LATEST_SHOWN)
    if asked:
        try:
            rows = found.of_orders(orders.timeline(asked).orders)
        except YunhaiError as refused:
            if refused.entry.http not in (404, 422):
                raise
            rows, error = [], refusals.shown(refused) | {"status": 200}
    context = {"asked": asked, "rows": rows, "counts": found.counts()}
    return shown_page(request, "trust/evidence.html", context, error)


# --- one instruction's evidence ----------------------------------------------------------------------------------------


@never_cache
@_forms
@page(*ROLES, service=SERVICE)
def one_instruction(request: HttpRequest, instruction: int) -> HttpResponse:
    """Evidence step by step, verified now. Asks first why the client is looked at."""
    row = _row(instruction)
    if not _looked(request, row.account):
        if request.method != "POST":
            return shown_page(request, "trust/why.html", {"number": instruction, "row": row})
        why = " ".join(request.POST.get("why", "").split())[:WHY_CHARACTERS_MAX]
        if not why:
            return shown_page(request, "trust/why.html", {"number": instruction, "row": row, "empty": True})
        caller = caller_of(request)
        audit.record_lookup(
            tenant=caller.tenant_id,
            person=caller.person_id,
            account=row.account,
            reason=LOOK_REASON,
            reference=why,
        )
        return HttpResponseRedirect(request.path)
    context: dict[str, Any] = {"row": row, "number": instruction, "client": accounts.view(row.account)}
    context |= {"signer": Person.objects.filter(pk=row.person).first(), "order": orders.order(row.order_id)}
    if row.exportable:
        context |= _verified(found.file_of(instruction))
    return shown_page(request, "trust/instruction.html", context)


@require_safe
@page(*ROLES, service=SERVICE)
def export(request: HttpRequest, instruction: int) -> HttpResponse:
    """The evidence file. To the page that asks why, for who has not said."""
    row = _row(instruction)
    if not _looked(request, row.account):
        return HttpResponseRedirect(reverse("trust:instruction", args=[instruction]))
    return as_file(instruction)


@require_safe
@page()
def my_evidence(request: HttpRequest, instruction: int) -> HttpResponse:
    """The evidence of what one signed oneself. 404 for another's."""
    row = _row(instruction)
    if row.person != person_of(request).pk:
        raise Http404
    return as_file(instruction)


def _row(number: int) -> found.EvidenceView:
    row = found.of_number(number)
    if row is None:
        raise Http404
    return row


def as_file(number: int) -> HttpResponse:
    """The file of an instruction's evidence; the refusals of its making."""
    answer = HttpResponse(found.file_of(number), content_type=MEDIA_TYPE)
    answer["Content-Disposition"] = f'attachment; filename="{evidence.file_name(number)}"'
    return answer


def _verified(file: bytes) -> dict[str, Any]:
    """The report on a file, by the root of this installation."""
    report = verify(file, found.root())
    steps = [
        {
            "of": step,
            "verdict": "holds" if step.holds else "wrong" if step.checked else "skipped",
            "error": refusals.shown(step.error) if step.error is not None else None,
        }
        for step in report.steps
    ]
    return {"report": report, "steps": steps, "size": len(file)}


# --- a file from elsewhere ---------------------------------------------------------------------------------------------


@never_cache
@_forms
@page(*ROLES, service=SERVICE)
def verify_file(request: HttpRequest) -> HttpResponse:
    """A file that somebody brings, verified step by step; nothing of it is kept."""
    context: dict[str, Any] = {}
    error = None
    if request.method == "POST":
        file = request.FILES.get("file")
        if file is None or not file.size:
            context["empty"] = True
        elif file.size > EVIDENCE_BYTES_MAX:
            context["large"] = EVIDENCE_BYTES_MAX >> 20
        else:
            try:
                context |= _verified(file.read()) | {"name": str(file.name)[:80]}
            except YunhaiError as refused:
                error = refusals.shown(refused) | {"status": refused.entry.http}
    return shown_page(request, "trust/verify_file.html", context, error)


# --- the look-up register ----------------------------------------------------------------------------------------------


@never_cache
@require_safe
@page(*ROLES)
def lookups(request: HttpRequest) -> HttpResponse:
    """Who looked at which client and why, newest first, gapless; of one account or one clerk if asked."""
    number = request.GET.get("account", "").strip()[:12]
    clerk = whole(request.GET.get("clerk", ""))
    chosen = _account(number)
    rows = () if number and chosen is None else audit.lookups(account=chosen, limit=ROOM_ROWS_MAX)
    people = Person.objects.in_bulk({row.person for row in rows})
    names = {one.account: one.label for one in accounts.accounts(limit=ROOM_ROWS_MAX)}
    clerks = sorted({row.person for row in rows})
    shown = [
        {
            "of": row,
            "who": people.get(row.person),
            "account": names.get(row.account) or _label(row.account),
            "reason": found.look_reasons().get(row.reason, row.reason),
        }
        for row in rows
        if not clerk or row.person == clerk
    ]
    context = {
        "rows": shown,
        "number": number,
        "clerk": clerk,
        "clerks": [people[one] for one in clerks if one in people],
    }
    return shown_page(request, "trust/lookups.html", context)


def _account(number: str) -> int | None:
    matches = [one for one in accounts.find(number) if one.number == number.rpartition("-")[2]] if number else []
    return matches[0].account if len(matches) == 1 else None


def _label(account: int) -> str:
    if not account:
        return str(_("a list of several, masked"))
    one = accounts.view(account)
    return one.label if one is not None else str(account)


urlpatterns = [
    path("evidence/", search, name="evidence"),
    path("evidence/file/", verify_file, name="verify_file"),
    path("evidence/lookups/", lookups, name="lookups"),
    path("evidence/instructions/<int:instruction>/", one_instruction, name="instruction"),
    path("evidence/instructions/<int:instruction>/file/", export, name="evidence_file"),
    path("trust/signatures/<int:instruction>/file/", my_evidence, name="my_evidence"),
]
