"""The platform's own tenant, and who works it: what no browser can begin, because nobody may in yet.

An operator made here has no password. They are given a link, good once, to choose one; then they sign in by it, and every
act in the Console asks for a second factor besides. Everything is kept as the Console keeps its own changes: who (nobody:
the machine's own operator), when and why.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from yunhai.apps.cloud.errors import OPERATOR_KNOWN
from yunhai.kernel.errors import YunhaiError

if TYPE_CHECKING:
    from yunhai.platform.identity.models import Person

PLATFORM: Final = 1
"""The number of the exchange's tenant."""
WHY: Final = "set up 建置"
BY_COMMAND: Final = "yunhai operator add"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An operator. `link`: the path that lets them choose a password, "" of somebody who has one; good for `days`."""

    person: int
    tenant: int
    link: str
    days: int


def make_platform() -> int:
    """The exchange's tenant with the matrix told to the core, where there is none yet; its number. In a transaction."""
    from yunhai.platform.console.api import add_tenant
    from yunhai.platform.console.rules import TenantState
    from yunhai.platform.entitlements.api import announce
    from yunhai.platform.tenancy.models import Tenant

    known = Tenant.objects.filter(kind="exchange").first()
    if known is not None:
        return int(known.pk)
    state = TenantState(
        code="YH00",
        kind="exchange",
        name_zh="雲海平台",
        name_en="Yunhai Platform",
        columns=("exchange",),
        status="open",
        commission_ppm=0,
        commission_minimum=0,
        commission_minimum_odd_lot=0,
    )
    add_tenant(state, reason=WHY, by=None, number=PLATFORM)
    announce()
    return PLATFORM


def add_operator(email: str, *, name_zh: str = "", name_en: str = "") -> Made:
    """Let somebody work the platform; they are made if nobody has that address. Of an operator who has chosen no password
    yet: another link. OPERATOR_KNOWN of one who has; ValidationError for what is no address.

    Run as the migrator, from whom row security hides nothing, outside a transaction.
    """
    from django.conf import settings
    from django.core.validators import validate_email
    from django.db import transaction
    from django_scopes import scopes_disabled

    from yunhai.platform.console.api import record
    from yunhai.platform.identity import api as identity
    from yunhai.platform.identity.models import Membership, Person

    email = email.strip().lower()
    validate_email(email)
    with transaction.atomic(), scopes_disabled():
        tenant = make_platform()
        person = Person.objects.filter(email=email).first()
        if person is None:
            person = identity.make_person(email, name_zh=name_zh, name_en=name_en)
        chosen = person.has_usable_password()
        if not Membership.objects.filter(person=person, tenant=tenant, role="operator", allowed=True).exists():
            identity.grant(person, tenant, "operator")
            after = {"person": person.pk, "role": "operator", "branches": []}
            record("member", f"{tenant} {person.pk} operator", before=None, after=after, reason=BY_COMMAND, by=None)
        elif chosen:
            raise YunhaiError(OPERATOR_KNOWN, email=email)
        link = "" if chosen else password_link(person)
    return Made(person=person.pk, tenant=tenant, link=link, days=settings.PASSWORD_RESET_TIMEOUT // 86_400)


def password_link(person: "Person") -> str:
    """The path to choose a password by: the one that is sent to who has forgotten theirs. It dies with its use."""
    from allauth.account.forms import default_token_generator
    from allauth.account.utils import user_pk_to_url_str
    from django.urls import reverse

    key = default_token_generator.make_token(person)
    return str(reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(person), "key": key}))
