"""What every template may use: `shell`, `csp_nonce`, `mode`, `demo`."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation

from yunhai.platform.identity.caller import NOBODY, Caller
from yunhai.platform.identity.models import Person
from yunhai.platform.shell.menu import menu_of, rooms_of
from yunhai.platform.tenancy.models import Tenant


def shell(request: HttpRequest) -> dict[str, Any]:
    """See platform/shell/README.md for the shapes."""
    caller: Caller = getattr(request, "caller", NOBODY)
    rooms = rooms_of(caller, request.path)
    return {
        "shell": {
            "menu": menu_of(caller, request.path),
            "rooms": rooms,
            "room": next((room for room in rooms if room["current"]), None),
            "person": _person(caller.person),
            "tenant": _tenant(caller.tenant, caller.tenant_id),
            "tenants": [_tenant(one, caller.tenant_id) for one in caller.tenants],
            "roles": caller.roles,
            "accounts": caller.accounts,
            "mfa": caller.mfa,
            "demo": caller.demo,
            "switch_url": "/account/tenant/",
        },
        "caller": caller,
        "csp_nonce": getattr(request, "csp_nonce", ""),
        "mode": settings.YUNHAI_MODE,
        "demo": settings.YUNHAI_DEMO,
    }


def english() -> bool:
    """Whether the active language is English; else it is zh-Hant."""
    return (translation.get_language() or "").startswith("en")


def display(person: Person) -> str:
    """What sign-in's pages and mails call somebody: the name, else the address that they signed up with."""
    name = person.name_en if english() else person.name_zh
    return name or person.name_zh or person.name_en or person.email


def _person(person: Person | None) -> dict[str, Any] | None:
    if person is None:
        return None
    name = person.name_en if english() else person.name_zh
    return {"id": person.pk, "name": name or str(person), "theme": person.theme}


def _tenant(tenant: Tenant | None, current: int) -> dict[str, Any] | None:
    if tenant is None:
        return None
    name = tenant.name_en if english() else tenant.name_zh
    return {
        "id": tenant.pk,
        "code": tenant.code,
        "name": name or tenant.name_zh,
        "kind": tenant.kind,
        "current": tenant.pk == current,
    }
