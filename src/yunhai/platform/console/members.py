"""People's places at a tenant, as the Console gives and takes them: staff only; investors come with their accounts."""

from dataclasses import dataclass
from typing import Final

from django.db import transaction

from yunhai.kernel.errors import YunhaiError
from yunhai.platform.console import rules
from yunhai.platform.console.api import record, tenant_named
from yunhai.platform.console.errors import LAST_OPERATOR, MEMBER_FIELD, MEMBER_UNKNOWN, NOTHING_CHANGED
from yunhai.platform.console.models import Change
from yunhai.platform.identity import api as identity
from yunhai.platform.identity.models import Membership, Person
from yunhai.platform.tenancy.rls import acting

ROLES: Final = {
    "exchange": ("operator", "compliance"),
    "broker": ("sales", "keyin", "operations", "compliance"),
    "issuer": (),
    "vendor": (),
}
"""The staff roles of each kind of tenant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person's place. `trades`: a second factor is there, so that their orders are taken."""

    person: int
    name: str
    email: str
    role: str
    branches: tuple[str, ...]
    allowed: bool
    trades: bool


def members(tenant: int, *, by: int | None) -> tuple[Member, ...]:
    """A tenant's staff, by name. YunhaiError 7368."""
    tenant_named(tenant)
    with acting(tenant=tenant, person=by):
        places = list(Membership.objects.filter(tenant=tenant, account=0).select_related("person").order_by("id"))
    found = [
        Member(
            person=place.person_id,
            name=str(place.person),
            email=place.person.email,
            role=place.role,
            branches=tuple(place.branches),
            allowed=place.allowed,
            trades=identity.may_trade(place.person),
        )
        for place in places
    ]
    return tuple(sorted(found, key=lambda one: (not one.allowed, one.role, one.email)))


@transaction.atomic
def add_member(tenant: int, email: str, role: str, *, branches: tuple[str, ...] = (), reason: str, by: int) -> Change:
    """Give somebody who has signed up a staff place. YunhaiError 7362, 7363, 7368, 7375, 7376."""
    reason = rules.checked_change(reason)
    if role not in ROLES[tenant_named(tenant).kind]:
        raise YunhaiError(MEMBER_FIELD, field="role")
    person = Person.objects.filter(email=email.strip().lower(), is_active=True).first()
    if person is None:
        raise YunhaiError(MEMBER_UNKNOWN)
    with acting(tenant=tenant, person=by):
        known = Membership.objects.filter(person=person, tenant=tenant, role=role, account=0, allowed=True).first()
        if known is not None and tuple(known.branches) == branches:
            raise YunhaiError(NOTHING_CHANGED)
    identity.grant(person, tenant, role, branches=branches, by=by)
    after = {"person": person.pk, "role": role, "branches": list(branches)}
    return record("member", f"{tenant} {person.pk} {role}", before=None, after=after, reason=reason, by=by)


@transaction.atomic
def withdraw_member(tenant: int, person_id: int, role: str, *, reason: str, by: int) -> Change:
    """Take a place away, at once. YunhaiError 7362, 7368, 7376, 7377."""
    reason = rules.checked_change(reason)
    tenant_named(tenant)
    person = Person.objects.filter(pk=person_id).first()
    if person is None:
        raise YunhaiError(MEMBER_UNKNOWN)
    with acting(tenant=tenant, person=by):
        places = Membership.objects.select_for_update().filter(tenant=tenant, role=role, account=0, allowed=True)
        holders = {place.person_id for place in places}
    if person_id not in holders:
        raise YunhaiError(MEMBER_UNKNOWN)
    if role == "operator" and len(holders) == 1:
        raise YunhaiError(LAST_OPERATOR)
    identity.withdraw(person, tenant, role, by=by)
    before = {"person": person_id, "role": role}
    return record("member", f"{tenant} {person_id} {role}", before=before, after=None, reason=reason, by=by)
