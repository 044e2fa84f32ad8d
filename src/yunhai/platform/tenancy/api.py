"""Tenants for other apps: make or change one, with the fact that tells the core."""

from dataclasses import dataclass
from typing import Any

from yunhai.kernel.errors import YunhaiError
from yunhai.platform.errors import NOT_THERE
from yunhai.platform.outbox.api import put
from yunhai.platform.tenancy import rls
from yunhai.platform.tenancy.models import Branch, Tenant
from yunhai.trading.facts import TenantSet


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantView:
    """A tenant as others see it."""

    number: int
    code: str
    kind: str
    name_zh: str
    name_en: str
    columns: tuple[str, ...]
    status: str


def tenants() -> tuple[TenantView, ...]:
    """All of them, by code."""
    return tuple(_view(tenant) for tenant in Tenant.objects.all())


def tenant(number: int) -> TenantView:
    """NOT_THERE if there is none."""
    found = Tenant.objects.filter(pk=number).first()
    if found is None:
        raise YunhaiError(NOT_THERE)
    return _view(found)


def in_turn(number: int) -> None:
    """As `identity.api.in_turn`, for what a tenant keeps. Inside a transaction; Tenant.DoesNotExist if there is none."""
    Tenant.objects.select_for_update(of=("self",), no_key=True).only("pk").get(pk=number)


def set_tenant(number: int, *, by: int = 0, reason: str = "", **fields: Any) -> TenantView:
    """Make a tenant or change the fields given, tell the core, and keep what was changed among the Console's changes.
    ValidationError for a value its field does not take; NOT_THERE where there is no exchange's tenant to keep changes at."""
    from yunhai.platform.console.api import record  # the Console, above this app, keeps why what was changed

    found = Tenant.objects.select_for_update().filter(pk=number).first()
    before = None if found is None else {name: getattr(found, name) for name in fields}
    found = found or Tenant(number=number)
    for name, value in fields.items():
        setattr(found, name, value)
    found.full_clean(validate_unique=False, validate_constraints=False)
    found.save()
    outbox = tell_tenant(found, by=by)
    exchange = Tenant.objects.filter(kind="exchange").first()
    if exchange is None:
        raise YunhaiError(NOT_THERE)
    with rls.acting(tenant=exchange.pk):
        after = {name: getattr(found, name) for name in fields}
        record("tenant", str(number), before=before, after=after, reason=reason, by=by or None, outbox=outbox)
    return _view(found)


def tell_tenant(found: Tenant, *, by: int) -> int:
    """Put a tenant as it is now into the outbox; the row's id."""
    fact = TenantSet(
        tenant=found.number,
        code=found.code,
        status=found.status,
        commission_ppm=found.commission_ppm,
        commission_minimum=found.commission_minimum,
        commission_minimum_odd_lot=found.commission_minimum_odd_lot,
        columns=tuple(found.columns),
        certificates=found.certificates,
    )
    return put(fact, tenant=found.number, by=by)


def set_branch(tenant_number: int, code: str, *, name_zh: str, name_en: str = "") -> int:
    """Make a branch of a tenant or change its names. Returns its id."""
    with rls.acting(tenant=tenant_number):
        branch, _ = Branch.objects.update_or_create(
            tenant_id=tenant_number, code=code, defaults={"name_zh": name_zh, "name_en": name_en}
        )
    return int(branch.pk)


def _view(found: Tenant) -> TenantView:
    return TenantView(
        number=found.number,
        code=found.code,
        kind=found.kind,
        name_zh=found.name_zh,
        name_en=found.name_en,
        columns=tuple(found.columns),
        status=found.status,
    )
