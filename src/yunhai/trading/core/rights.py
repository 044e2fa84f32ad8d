"""Who may look and who may command: the grants of the books, asked for what is no instruction.

What somebody may not see does not exist for them: another tenant's account, and one of their own tenant without a grant,
is answered as an unknown one (6513, 404).

A clerk's grant is for every client of a broker or its branches, and so is not reason enough to look at one: a clerk sees a
client live only while a look-up of theirs, registered with its reason in the control plane, is good (6518 without).
Operations and compliance answer for the whole broker and need none; nor does anybody for an account of their own.
"""

from typing import Final

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import LOOKUP_HOURS_MAX
from yunhai.trading.books.books import Books
from yunhai.trading.books.state import Account, Grant, Order
from yunhai.trading.core.errors import LOOKUP_MISSING, NOT_ALLOWED, NOTHING_FOUND
from yunhai.trading.tokens import Claims

INVESTOR: Final = "investor"
OPERATIONS: Final = "operations"
CLERKS: Final = frozenset(("sales", "keyin"))
"""Roles that serve clients one by one, each for a reason."""


def grants_of(books: Books, claims: Claims, account: int = 0) -> list[Grant]:
    """The asker's grants at the token's tenant, for one account if given."""
    only = claims.only_role
    mine = [
        grant
        for grant in books.grants.get(claims.person, ())
        if grant.tenant == claims.tenant and (not only or grant.role == only)
    ]
    if not account:
        return mine
    held = books.accounts.get(account)
    return [grant for grant in mine if held is not None and grant.covers(held.fact)]


def account_of(books: Books, claims: Claims, number: int, *, now_ms: int) -> Account:
    """An account the asker may look at now (wall ms). NOTHING_FOUND; LOOKUP_MISSING of a clerk without a registered look."""
    account = books.accounts.get(number)
    grants = grants_of(books, claims, number)
    if account is None or account.fact.tenant != claims.tenant or not grants:
        raise YunhaiError(NOTHING_FOUND)
    if all(grant.role in CLERKS for grant in grants) and not books.looked_up(claims.person, number, now_ms):
        raise YunhaiError(LOOKUP_MISSING, hours=LOOKUP_HOURS_MAX)
    return account


def order_of(books: Books, claims: Claims, number: int, *, now_ms: int) -> Order:
    """An order of today the asker may look at now (wall ms). NOTHING_FOUND, LOOKUP_MISSING."""
    order = books.orders.get(number)
    if order is None:
        raise YunhaiError(NOTHING_FOUND)
    account_of(books, claims, order.account, now_ms=now_ms)
    return order


def is_operations(books: Books, claims: Claims) -> bool:
    """Whether the asker is of the tenant's operations."""
    return any(grant.role == OPERATIONS and not grant.account for grant in grants_of(books, claims))


def require_operations(books: Books, claims: Claims) -> None:
    """NOT_ALLOWED unless the asker is of the tenant's operations, with a second factor."""
    if not is_operations(books, claims) or not claims.mfa:
        raise YunhaiError(NOT_ALLOWED)


def require_withdrawal(books: Books, claims: Claims, account: int) -> None:
    """Operations, or the investor whose account it is, with trade right and second factor. NOT_ALLOWED."""
    for grant in grants_of(books, claims, account):
        own = grant.role == INVESTOR and grant.account == account and grant.trade
        if claims.mfa and (own or (grant.role == OPERATIONS and not grant.account)):
            return
    raise YunhaiError(NOT_ALLOWED)
