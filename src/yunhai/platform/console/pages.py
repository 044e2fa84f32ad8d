"""The Console's pages. A form is sent, the change is made or refused, and the page says which; nothing is done by looking."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from yunhai.exchange.rules.describe import differences, label, lines, plain
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import LINE_CAP_MAX, ROOM_ROWS_MAX
from yunhai.platform.console import api as console
from yunhai.platform.console import forms, members, packs
from yunhai.platform.console.inner import ask
from yunhai.platform.console.models import Change, Line, Pool, Terminal
from yunhai.platform.console.processes import processes
from yunhai.platform.console.rules import COLUMNS, LEVELS, MARKS, CellState
from yunhai.platform.entitlements.api import cells
from yunhai.platform.entitlements.models import Service
from yunhai.platform.shell import refusals
from yunhai.platform.shell.api import caller_of
from yunhai.platform.shell.guards import page
from yunhai.platform.tenancy.models import Branch, Tenant
from yunhai.platform.tenancy.rls import acting

app_name = "console"
_forms = require_http_methods(["GET", "HEAD", "POST"])


def _by(request: HttpRequest) -> int:
    return caller_of(request).person_id


def _tried(request: HttpRequest, action: Callable[[], object], done: str) -> dict[str, Any] | None:
    """Do it and say so; or what the template shows of the refusal. What was written before a refusal is taken back."""
    try:
        action()
    except YunhaiError as error:
        return refusals.shown(error)
    messages.success(request, done)
    return None


def _page(
    request: HttpRequest, template: str, context: Mapping[str, Any], error: dict[str, Any] | None
) -> HttpResponse:
    return render(request, template, {**context, "error": error}, status=422 if error else 200)


# --- overview --------------------------------------------------------------------------------------------------------


@require_safe
@page("operator")
def overview(request: HttpRequest) -> HttpResponse:
    """Processes, the core's state, tenants, the latest changes; asked for again every two seconds."""
    try:
        core = ask("/status")
    except YunhaiError:
        core = None
    tenants = Tenant.objects.all()
    context = {
        "processes": processes(),
        "core": core,
        "brokers": sum(1 for one in tenants if one.kind == "broker"),
        "closed": sum(1 for one in tenants if one.status != "open"),
        "lines": Line.objects.count(),
        "changes": Change.objects.select_related("by")[:8],
        "mode": core.get("mode", "") if core else "",
    }
    part = request.headers.get("HX-Request") == "true"
    return render(request, "console/parts/overview.html" if part else "console/overview.html", context)


# --- tenants ---------------------------------------------------------------------------------------------------------


@require_safe
@page("operator")
def tenants(request: HttpRequest) -> HttpResponse:
    rows = list(Tenant.objects.all())
    counts: dict[int, int] = {}
    for line in Line.objects.all():
        counts[line.tenant_id] = counts.get(line.tenant_id, 0) + 1
    return render(
        request, "console/tenants.html", {"rows": [{"of": one, "lines": counts.get(one.pk, 0)} for one in rows]}
    )


@_forms
@page("operator")
def new_tenant(request: HttpRequest) -> HttpResponse:
    error = None
    values: dict[str, Any] = forms.tenant_values(None)
    if request.method == "POST":
        values = forms.tenant_posted(request.POST)
        made: list[Tenant] = []
        error = _tried(
            request,
            lambda: made.append(
                console.add_tenant(forms.tenant_state(values), reason=request.POST.get("reason", ""), by=_by(request))
            ),
            _("The tenant was added."),
        )
        if error is None:
            return HttpResponseRedirect(reverse("console:tenant", args=[made[0].pk]))
    return _page(request, "console/tenant_new.html", {"values": values, **forms.tenant_choices(values)}, error)


@_forms
@page("operator")
def tenant(request: HttpRequest, number: int) -> HttpResponse:
    """One tenant: its fields, branches, staff, lines and terminals, and what was changed."""
    found = console.tenant_named(number)
    values = forms.tenant_values(found)
    error = None
    if request.method == "POST":
        if request.POST.get("do") == "tenant":
            values = forms.tenant_posted(request.POST)
        error = _tried(request, _tenant_action(request, number), _("The change was made."))
        if error is None:
            return HttpResponseRedirect(reverse("console:tenant", args=[number]))
    with acting(tenant=number, person=_by(request)):
        branches = list(Branch.objects.all())
    context = {
        "tenant": found,
        "values": values,
        **forms.tenant_choices(values),
        "branches": branches,
        "members": members.members(number, by=_by(request)),
        "roles": members.ROLES[found.kind],
        "lines": Line.objects.filter(tenant=number),
        "terminals": Terminal.objects.filter(tenant=number),
        "changes": Change.objects.filter(subject="tenant", key=str(number)).select_related("by")[:10],
    }
    return _page(request, "console/tenant.html", context, error)


def _tenant_action(request: HttpRequest, number: int) -> Callable[[], object]:
    said, by = request.POST, _by(request)
    reason = said.get("reason", "")
    match said.get("do"):
        case "branch":
            return lambda: console.add_branch(
                number, said.get("code", ""), said.get("name_zh", ""), said.get("name_en", ""), reason=reason, by=by
            )
        case "member":
            return lambda: members.add_member(number, said.get("email", ""), said.get("role", ""), reason=reason, by=by)
        case "withdraw":
            person = forms.whole(said.get("person", ""))
            return lambda: members.withdraw_member(number, person, said.get("role", ""), reason=reason, by=by)
        case _:
            state = forms.tenant_state(forms.tenant_posted(said))
            return lambda: console.change_tenant(number, state, reason=reason, by=by, confirm=said.get("confirm", ""))


# --- the matrix ------------------------------------------------------------------------------------------------------


@require_safe
@page("operator")
def matrix(request: HttpRequest) -> HttpResponse:
    """All rows of the study's figure and five columns; a cell opens its form."""
    found = {(cell.service, cell.column): cell for cell in cells()}
    rows = [
        {"service": service, "cells": [found.get((service.number, column)) for column in COLUMNS]}
        for service in Service.objects.order_by("-in_figure", "position")
    ]
    changes = Change.objects.filter(subject="cell").select_related("by", "undone_by")[:12]
    return render(
        request, "console/matrix.html", {"rows": rows, "columns": COLUMNS, "marks": MARKS, "changes": changes}
    )


@_forms
@page("operator")
def cell(request: HttpRequest, service: str, column: str) -> HttpResponse:
    """One cell's form: the level, whom it names, why; and whom the change would reach."""
    state = console.cell_state(service, column)
    wanted, error = state, None
    if request.method == "POST":
        wanted = forms.cell_posted(request.POST)
        error = _tried(
            request,
            lambda: console.change_cell(
                service, column, wanted.level, wanted.allowed, reason=request.POST.get("reason", ""), by=_by(request)
            ),
            _("The cell was changed; it is in force from now on."),
        )
        if error is None:
            return HttpResponseRedirect(reverse("console:matrix"))
    context = {
        "service": Service.objects.get(pk=service),
        "column": column,
        "state": state,
        "wanted": wanted,
        "levels": LEVELS,
        "marks": MARKS,
        "reason": request.POST.get("reason", ""),
        "tenants": Tenant.objects.filter(columns__contains=[column]),
        "changes": Change.objects.filter(subject="cell", key=f"{service} {column}").select_related("by")[:10],
        **_reach(service, column, wanted),
    }
    return _page(request, "console/cell.html", context, error)


@require_safe
@page("operator")
def cell_reach(request: HttpRequest, service: str, column: str) -> HttpResponse:
    """Whom the form as it stands would reach, as a part of a page."""
    wanted = forms.cell_posted(request.GET)
    return render(request, "console/parts/reach.html", _reach(service, column, wanted))


def _reach(service: str, column: str, wanted: CellState) -> dict[str, Any]:
    found = console.cell_reach(service, column, wanted.level, wanted.allowed)
    known = Tenant.objects.in_bulk([*found.gains, *found.loses])
    return {
        "gains": [known[number] for number in found.gains],
        "loses": [known[number] for number in found.loses],
        "same": console.cell_state(service, column) == wanted,
    }


# --- rule packs ------------------------------------------------------------------------------------------------------


@_forms
@page("operator")
def pack_list(request: HttpRequest) -> HttpResponse:
    """Packs there are; a form that publishes one."""
    error, toml = None, ""
    if request.method == "POST":
        file = request.FILES.get("file")
        data = file.read() if file else request.POST.get("toml", "").replace("\r\n", "\n").encode()
        toml = request.POST.get("toml", "")
        error = _tried(
            request,
            lambda: console.publish_pack(data, reason=request.POST.get("reason", ""), by=_by(request)),
            _("The rule pack was published; days opened from now on may use it."),
        )
        if error is None:
            return HttpResponseRedirect(reverse("console:packs"))
    return _page(request, "console/packs.html", {"packs": packs.known(), "toml": toml}, error)


@require_safe
@page("operator")
def pack(request: HttpRequest, name: str) -> HttpResponse:
    """A pack field by field, beside another where one is named."""
    shown = packs.loaded(name)
    other = request.GET.get("against", "")
    context: dict[str, Any] = {"name": name, "pack": shown, "packs": packs.known(), "other": other}
    if other:
        context["differences"] = differences(shown, packs.loaded(other))
    else:
        context["lines"] = [(".".join(path), label(path), text) for path, text in lines(plain(shown))]
    return render(request, "console/pack.html", context)


# --- lines and pools -------------------------------------------------------------------------------------------------


@never_cache
@_forms
@page("operator")
def line_list(request: HttpRequest) -> HttpResponse:
    """Lines and pools. A new password is shown in the answer to the form and nowhere else, ever."""
    error, secret = None, None
    if request.method == "POST":
        kept: list[tuple[str, str]] = []
        error = _tried(request, _line_action(request, kept), _("The change was made."))
        secret = kept[0] if kept and error is None else None
        if error is None and secret is None:
            return HttpResponseRedirect(reverse("console:lines"))
    pools = [
        {"of": one, "rows": [(number, one.weights.get(str(number), 1)) for number in one.tenants]}
        for one in Pool.objects.all()
    ]
    context = {
        "lines": Line.objects.select_related("tenant"),
        "brokers": Tenant.objects.filter(kind="broker"),
        "pools": pools,
        "secret": secret,
        "cap_most": LINE_CAP_MAX,
    }
    return _page(request, "console/lines.html", context, error)


def _line_action(request: HttpRequest, kept: list[tuple[str, str]]) -> Callable[[], object]:
    said, by = request.POST, _by(request)
    reason, line = said.get("reason", ""), said.get("line", "").strip().upper()
    match said.get("do"):
        case "add":

            def add() -> None:
                cap, tenant = forms.whole(said.get("cap", "")), forms.whole(said.get("tenant", ""))
                made, password = console.add_line(line, tenant, cap=cap, reason=reason, by=by)
                kept.append((made.pk, password))

            return add
        case "password":
            return lambda: kept.append((line, console.new_line_password(line, reason=reason, by=by)))
        case "pool":
            tenants, weights = forms.pool_posted(said)
            return lambda: console.set_pool(said.get("name", ""), tenants, weights, reason=reason, by=by)
        case _:
            cap = forms.whole(said.get("cap", ""))
            return lambda: console.change_line(line, cap=cap, status=said.get("status", ""), reason=reason, by=by)


# --- changes ---------------------------------------------------------------------------------------------------------


@_forms
@page("operator")
def changes(request: HttpRequest) -> HttpResponse:
    """Every change, newest first, each with what stood before; one that can be undone offers it."""
    error = None
    if request.method == "POST":
        number = forms.whole(request.POST.get("change", ""))
        error = _tried(
            request,
            lambda: console.undo(
                number,
                reason=request.POST.get("reason", ""),
                by=_by(request),
                confirm=request.POST.get("confirm", ""),
            ),
            _("The change was undone."),
        )
        if error is None:
            to_matrix = request.POST.get("next") == "matrix"
            return HttpResponseRedirect(reverse("console:matrix" if to_matrix else "console:changes"))
    found = Change.objects.select_related("by", "undone_by")
    subject, before = request.GET.get("subject", ""), forms.whole(request.GET.get("before", ""))
    if subject:
        found = found.filter(subject=subject)
    if before:
        found = found.filter(pk__lt=before)
    rows = list(found[:ROOM_ROWS_MAX])
    context = {
        "rows": [forms.change_row(one) for one in rows],
        "subject": subject,
        "subjects": forms.subjects(),
        "next": rows[-1].pk if len(rows) == ROOM_ROWS_MAX else 0,
    }
    return _page(request, "console/changes.html", context, error)


urlpatterns = [
    path("console/", overview, name="overview"),
    path("console/tenants/", tenants, name="tenants"),
    path("console/tenants/new/", new_tenant, name="new_tenant"),
    path("console/tenants/<int:number>/", tenant, name="tenant"),
    path("console/matrix/", matrix, name="matrix"),
    path("console/matrix/<str:service>/<str:column>/", cell, name="cell"),
    path("console/matrix/<str:service>/<str:column>/reach/", cell_reach, name="reach"),
    path("console/packs/", pack_list, name="packs"),
    path("console/packs/<str:name>/", pack, name="pack"),
    path("console/lines/", line_list, name="lines"),
    path("console/changes/", changes, name="changes"),
]
