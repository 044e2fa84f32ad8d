"""Who asks: one frozen answer per request, from a session or a token.

A person may be many things at many tenants; a request is made in one tenant, which the session remembers and the token
says. Staff see the whole tenant; an investor their own accounts. Nobody signed in, or a person without a place anywhere,
is a caller without a tenant, to whom the database shows no tenant's row.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from yunhai.platform.identity.models import STAFF, Membership, Person
from yunhai.platform.tenancy.models import Tenant

TENANT_KEY: Final = "tenant"
"""The session's word for the tenant that it works in."""
DEMO_KEY: Final = "demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """`roles` at `tenant`; `accounts` the person's own accounts there; `mfa` a second factor was given; `demo` this
    session was opened by a sign-in link; `tenants` every tenant the person has a place at."""

    person: Person | None = None
    tenant: Tenant | None = None
    roles: frozenset[str] = frozenset()
    accounts: tuple[int, ...] = ()
    tenants: tuple[Tenant, ...] = ()
    mfa: bool = False
    demo: bool = False
    bearer: bool = False
    session: str = ""

    @property
    def person_id(self) -> int:
        """0 for nobody."""
        return self.person.pk if self.person is not None else 0

    @property
    def tenant_id(self) -> int:
        """0 for none."""
        return self.tenant.pk if self.tenant is not None else 0

    @property
    def staff(self) -> bool:
        return bool(self.roles & STAFF)

    @property
    def seen_accounts(self) -> tuple[int, ...] | None:
        """Accounts whose rows the database may show; None: every one of the tenant."""
        return None if self.staff else self.accounts

    @property
    def role(self) -> str:
        """The one role a token names: the first of the person's, staff before investor."""
        for role in ("operator", "operations", "compliance", "sales", "keyin", "investor", "api"):
            if role in self.roles:
                return role
        return ""


NOBODY: Final = Caller()


def session_id(session_key: str) -> str:
    """A session's public name: it may stand in tokens and logs, the key may not."""
    return hashlib.sha256(b"yunhai.sid|" + session_key.encode()).hexdigest()[:32]


def caller_at(
    person: Person,
    wanted: int | None,
    *,
    mfa: bool,
    session: str,
    demo: bool = False,
    bearer: bool = False,
    only_role: str = "",
) -> Caller:
    """The caller for a person in the wanted tenant, else in their first; `only_role` narrows to what a token says.

    The database must know the person already (`app.person`): their memberships are shown to them alone.
    """
    places = [
        place
        for place in Membership.objects.filter(person=person, allowed=True).select_related("tenant").order_by("id")
        if place.tenant.status != "closed"
    ]
    tenants = tuple({place.tenant_id: place.tenant for place in places}.values())
    tenant = next((one for one in tenants if one.pk == wanted), None)
    if tenant is None and not bearer:
        tenant = tenants[0] if tenants else None
    here = [place for place in places if tenant is not None and place.tenant_id == tenant.pk]
    roles = frozenset(place.role for place in here if not only_role or place.role == only_role)
    if tenant is not None and tenant.kind != "exchange":
        roles -= {"operator"}  # the platform is worked from the exchange's tenant and from nowhere else
    return Caller(
        person=person,
        tenant=tenant,
        roles=roles,
        accounts=tuple(place.account for place in here if place.account),
        tenants=tenants,
        mfa=mfa,
        demo=demo,
        bearer=bearer,
        session=session,
    )
