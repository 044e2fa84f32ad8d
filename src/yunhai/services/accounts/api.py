"""Accounts, what they hold and what happened to them in a day, for other services.

Whoever asks sees their tenant's accounts (staff) or their own (investors): the scope and the database's row security see
to it, so another's account is not there. Opening an account and changing it write the core's facts in the same
transaction. Whether the caller may do so is checked where the request comes in.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import CHARGE_PPM_MAX, MONEY_MAX, SEARCH_CHARACTERS_MAX
from yunhai.platform.identity.api import grant
from yunhai.platform.identity.models import Person
from yunhai.platform.outbox.api import put
from yunhai.platform.tenancy.models import Branch
from yunhai.services.accounts.errors import (
    BAD_QUOTA,
    BRANCH_UNKNOWN,
    CONSENT_UNKNOWN,
    NOT_FOUND,
    NUMBER_TAKEN,
)
from yunhai.services.accounts.models import DAY_TRADES, PURPOSES, STATUSES, Account, Consent, HoldingDay, Position
from yunhai.services.accounts.rules import Holding, Totals, totals
from yunhai.services.ledger import api as ledger
from yunhai.services.orders import api as orders
from yunhai.services.settlement import api as settlement
from yunhai.trading.facts import AccountSet

__all__ = ["AccountView", "Holding", "Portfolio", "Totals"]

CREDITS: Final = ("cash", "margin", "short")
_CHANGEABLE: Final = frozenset(
    ("status", "day_quota", "order_quota", "day_trade", "credit", "commission_ppm", "odd_lot")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """An account. `branch` its branch's code, `number` 7 digits; quotas in 1/10,000 NT$, 0: none; `commission_ppm` -1: the
    broker's. `person` 0 where it stands for a branch's customers as one."""

    account: int
    tenant: int
    branch: str
    branch_zh: str
    number: str
    person: int
    name_zh: str
    name_en: str
    status: str
    day_quota: int
    order_quota: int
    day_trade: str
    credit: tuple[str, ...]
    commission_ppm: int
    odd_lot: bool

    @property
    def label(self) -> str:
        """As it is written: branch and number."""
        return f"{self.branch}-{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """An account's money and holdings now. `buying_power` free cash, `reserved` held for open orders; `unsettled` what
    will still come in (> 0) or be paid (< 0). `sequence`: the journal's, up to which this is true."""

    account: int
    buying_power: int
    reserved: int
    unsettled: int
    holdings: tuple[Holding, ...]
    totals: Totals
    sequence: int


def _view(row: Account) -> AccountView:
    person = row.person
    return AccountView(
        account=row.pk,
        tenant=row.tenant_id,
        branch=row.branch.code,
        branch_zh=row.branch.name_zh,
        number=row.number,
        person=row.person_id or 0,
        name_zh=person.name_zh if person else "",
        name_en=person.name_en if person else "",
        status=row.status,
        day_quota=row.day_quota,
        order_quota=row.order_quota,
        day_trade=row.day_trade,
        credit=tuple(row.credit),
        commission_ppm=row.commission_ppm,
        odd_lot=row.odd_lot,
    )


def _rows() -> Any:
    return Account.objects.select_related("branch", "person")


def view(account: int) -> AccountView | None:
    """An account; None if there is none that the caller may see."""
    row = _rows().filter(pk=account).first()
    return None if row is None else _view(row)


def require(account: int) -> AccountView:
    """The account. NOT_FOUND (404) if there is none that the caller may see."""
    found = view(account)
    if found is None:
        raise YunhaiError(NOT_FOUND, account=account)
    return found


def accounts(*, after: int = 0, limit: int = 200) -> list[AccountView]:
    """All accounts that the caller may see, by number in the journal; those above `after`."""
    return [_view(row) for row in _rows().filter(pk__gt=after).order_by("pk")[:limit]]


def of_person(person: int) -> list[AccountView]:
    """A person's accounts at this tenant."""
    return [_view(row) for row in _rows().filter(person_id=person).order_by("pk")]


def find(query: str, *, branches: frozenset[str] = frozenset(), limit: int = 20) -> list[AccountView]:
    """Accounts by number (whole, or branch-number), id, or part of a name. The caller registers why they look."""
    text = query.strip()[:SEARCH_CHARACTERS_MAX]
    if not text:
        return []
    found = _rows()
    if branches:
        found = found.filter(branch__code__in=branches)
    branch, dash, number = text.partition("-")
    if dash and number.isascii() and number.isdigit():
        found = found.filter(branch__code=branch, number=number.zfill(7))
    elif text.isascii() and text.isdigit():
        wanted = Q(number=text.zfill(7)) if len(text) <= 7 else Q(pk=0)
        found = found.filter(wanted | Q(pk=int(text))) if len(text) <= 18 else found.none()
    else:
        found = found.filter(Q(person__name_zh__icontains=text) | Q(person__name_en__icontains=text))
    return [_view(row) for row in found.order_by("branch__code", "number")[:limit]]


# -- decisions ---------------------------------------------------------------------------------------------------------


def open_account(
    *,
    tenant: int,
    branch: str,
    number: str,
    person: Person | None = None,
    by: int = 0,
    account: int | None = None,
    **limits: Any,
) -> AccountView:
    """Open an account at a branch and tell the core; the person becomes its investor. `limits`: the fields that
    `change` takes. BRANCH_UNKNOWN, NUMBER_TAKEN, BAD_QUOTA; nothing is opened then."""
    at = Branch.objects.filter(tenant_id=tenant, code=branch).first()
    if at is None:
        raise YunhaiError(BRANCH_UNKNOWN, branch=branch)
    row = Account(pk=account, tenant_id=tenant, branch=at, number=number, person=person, credit=["cash"])
    if not (len(number) == 7 and number.isascii() and number.isdigit()):
        raise YunhaiError(BAD_QUOTA, field="number", value=number)
    _set(row, limits)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise YunhaiError(NUMBER_TAKEN, branch=branch, number=number) from None
    put(_fact(row), tenant=tenant, by=by)
    if person is not None:
        grant(person, tenant, "investor", account=row.pk, by=by)
    return _view(row)


def change(account: int, *, by: int = 0, **limits: Any) -> AccountView:
    """Change status, day_quota, order_quota, day_trade, credit, commission_ppm or odd_lot, and tell the core. NOT_FOUND,
    BAD_QUOTA; nothing is changed then."""
    row = _rows().select_for_update(of=("self",)).filter(pk=account).first()
    if row is None:
        raise YunhaiError(NOT_FOUND, account=account)
    _set(row, limits)
    row.save()
    put(_fact(row), tenant=row.tenant_id, by=by)
    return _view(row)


def _set(row: Account, limits: dict[str, Any]) -> None:
    for name, value in limits.items():
        if name not in _CHANGEABLE or not _fits(name, value):
            raise YunhaiError(BAD_QUOTA, field=name[:40], value=str(value)[:40])
    for name, value in limits.items():
        setattr(row, name, list(value) if name == "credit" else value)


def _fits(name: str, value: Any) -> bool:
    if name == "odd_lot":
        return isinstance(value, bool)
    if name == "credit":
        return isinstance(value, list | tuple) and "cash" in value and all(word in CREDITS for word in value)
    if name in ("status", "day_trade"):
        return value in (STATUSES if name == "status" else DAY_TRADES)
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    return -1 <= value <= CHARGE_PPM_MAX if name == "commission_ppm" else 0 <= value <= MONEY_MAX


def _fact(row: Account) -> AccountSet:
    return AccountSet(
        account=row.pk,
        tenant=row.tenant_id,
        branch=row.branch.code,
        number=row.number,
        status=row.status,
        day_quota=row.day_quota,
        order_quota=row.order_quota,
        day_trade=row.day_trade,
        credit=tuple(row.credit),
        commission_ppm=row.commission_ppm,
        odd_lot=row.odd_lot,
    )


def give_consent(person: Person, tenant: int, purpose: str) -> None:
    """A person lets this tenant use their data; giving it again changes nothing. CONSENT_UNKNOWN."""
    if purpose not in PURPOSES:
        raise YunhaiError(CONSENT_UNKNOWN, purpose=purpose[:40])
    Consent.objects.get_or_create(tenant_id=tenant, person=person, purpose=purpose, withdrawn_at=None)


def withdraw_consent(person: Person, purpose: str) -> None:
    """From now on not any more. CONSENT_UNKNOWN if there is none."""
    changed = Consent.objects.filter(person=person, purpose=purpose, withdrawn_at=None).first()
    if changed is None:
        raise YunhaiError(CONSENT_UNKNOWN, purpose=purpose[:40])
    changed.withdrawn_at = timezone.now()
    changed.save()


def consents(person: Person) -> tuple[str, ...]:
    """Purposes that a person has consented to at this tenant."""
    found = Consent.objects.filter(person=person, withdrawn_at=None)
    return tuple(sorted(found.values_list("purpose", flat=True)))


# -- readings ----------------------------------------------------------------------------------------------------------


def portfolio(account: int) -> Portfolio:
    """Money and holdings of an account as the tables have them. NOT_FOUND."""
    require(account)
    cash = ledger.cash_of(account)
    held = tuple(_holdings(Position.objects.filter(account=account).order_by("security")))
    open_cash = [due for due in settlement.calendar(account) if due.asset == settlement.CASH and not due.settled]
    return Portfolio(
        account=account,
        buying_power=cash.free,
        reserved=cash.reserved,
        unsettled=sum(due.net for due in open_cash),
        holdings=held,
        totals=totals(held),
        sequence=ledger.freshness().sequence,
    )


def _holdings(rows: Iterable[Position]) -> Iterable[Holding]:
    kept = [row for row in rows if row.shares or row.reserved or row.realised]
    known = orders.prices(row.security for row in kept)
    for row in kept:
        price = known.get(row.security)
        yield Holding(
            security=row.security,
            name=price.name if price else row.security,
            shares=row.shares + row.reserved,
            reserved=row.reserved,
            cost=row.cost,
            price=price.price if price else 0,
            realised=row.realised,
        )


def holdings_on(account: int, day: date) -> tuple[tuple[Holding, ...], int]:
    """(holdings, cash) of an account at a day's close; nothing before the day is closed."""
    rows = list(HoldingDay.objects.filter(account=account, day=day).order_by("security"))
    names = orders.prices((row.security for row in rows), day=day.isoformat())
    cash = sum(row.shares for row in rows if row.security == ledger.CASH)
    held = tuple(
        Holding(
            security=row.security,
            name=names[row.security].name if row.security in names else row.security,
            shares=row.shares,
            reserved=0,
            cost=row.cost,
            price=row.close,
            realised=row.realised,
        )
        for row in rows
        if row.security != ledger.CASH
    )
    return held, cash


def realised_since(account: int, since: date) -> int:
    """What an account has realised from a day on, closed days only."""
    return sum(HoldingDay.objects.filter(account=account, day__gte=since).values_list("realised", flat=True))
