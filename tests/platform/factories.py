"""People and tenants for tests, and a browser signed in as one of them."""

import itertools
from typing import Any

from allauth.account.internal.flows.login import (
    _AUTHENTICATION_METHODS_USER_SESSION_KEY,
    AUTHENTICATION_METHODS_SESSION_KEY,
)
from django.test import Client

from yunhai.platform.identity import api as identity
from yunhai.platform.identity.models import Person
from yunhai.platform.tenancy import api as tenancy
from yunhai.platform.tenancy.models import Tenant

EXCHANGE = 9_001
BROKER = 9_002
OTHER_BROKER = 9_003
_numbers = itertools.count(1)


def tenant(number: int = BROKER, **fields: Any) -> tenancy.TenantView:
    """A broker (or what `fields` say), told to the core."""
    kind = "exchange" if number == EXCHANGE else "broker"
    columns = ["exchange"] if kind == "exchange" else ["brokerage"]
    said = {
        "code": f"{number}",
        "kind": kind,
        "name_zh": f"證券{number}",
        "name_en": f"Broker {number}",
        "columns": columns,
    }
    made, _ = Tenant.objects.update_or_create(number=number, defaults=said | fields)
    tenancy.tell_tenant(made, by=0)
    return tenancy.tenant(number)


def person(**fields: Any) -> Person:
    """Somebody with an address of their own; `demo` people count as having given a second factor."""
    made = next(_numbers)
    said = {"name_zh": f"測試{made}", "name_en": f"Test {made}", "password": "a long password 123"}
    return identity.make_person(f"test{made}@example.test", **(said | fields))


def place(role: str, number: int = BROKER, *, account: int = 0, **fields: Any) -> Person:
    """A new person with a place at a tenant."""
    somebody = person(**fields)
    identity.grant(somebody, number, role, account=account)
    return somebody


def browser(somebody: Person | None = None, *, mfa: bool = True, number: int | None = None, **defaults: Any) -> Client:
    """A test client, signed in as the person, with a second factor or without, working in a tenant."""
    client = Client(**defaults)
    if somebody is not None:
        client.force_login(somebody, backend="allauth.account.auth_backends.AuthenticationBackend")
        session = client.session
        if mfa:
            session[_AUTHENTICATION_METHODS_USER_SESSION_KEY] = str(somebody.pk)
            session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "mfa", "type": "totp", "at": 0}]
        if number is not None:
            session["tenant"] = number
        session.save()
    return client
