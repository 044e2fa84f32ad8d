"""A planned day as the cloud needs it: firms as tenants, branches as accounts, what each must own when the day begins.

A firm 證券商 is a tenant, a branch 分點 an account of it with the head office's client number of that branch. Opening balances
are what the branch's own orders reserve at most: cash for every buy at its limit with commission, shares for every sell.
So the gate has no reason to refuse an order for lack of means, and every one of its other checks is in force.

Tenant and account numbers are the plan's own (`FIRST_TENANT`, `FIRST_ACCOUNT` up); `branch_numbers` leads back to the
report's branches when the fills are compared.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from yunhai.apps.day.plan import branch_number, firm_code
from yunhai.apps.day.run import Day
from yunhai.exchange.rules.words import SegmentName
from yunhai.kernel.records import Side
from yunhai.trading.facts import Listed, Opening
from yunhai.trading.words import Segment

FIRST_TENANT: Final = 1001
FIRST_ACCOUNT: Final = 1_000_001
OPENING_ROWS: Final = 500
"""Rows of one part of the import."""
COMMISSION_PPM: Final = 1425
COMMISSION_MINIMUM: Final = 200_000
"""20 NT$ in 1/10,000, more than the odd lots' minimum: what an order may reserve beside its value."""
MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Firm:
    """A tenant: the head office's code and name."""

    tenant: int
    code: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchAccount:
    """An account: one branch's orders of the whole day. `number` the seven digits."""

    account: int
    tenant: int
    code: str
    name: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudPlan:
    """`orders` are the day's (dtype RECORD), tenant and account replaced by the cloud's numbers."""

    firms: tuple[Firm, ...]
    accounts: tuple[BranchAccount, ...]
    branch_numbers: NDArray[np.uint32]
    """Of `accounts`, in their order, the number that stands for the branch in the report's plan."""
    orders: NDArray[np.void]
    book_codes: tuple[str, ...]
    book_segments: tuple[Segment, ...]
    listed: tuple[Listed, ...]
    openings: tuple[tuple[int, Opening], ...]
    """(tenant, a part of its import)."""

    def as_reported(self, accounts: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """Account numbers of the cloud as the plan's own; 0 for an account that is not of this day."""
        at = accounts.astype(np.int64) - FIRST_ACCOUNT
        known = (at >= 0) & (at < self.branch_numbers.size)
        return np.where(known, self.branch_numbers[np.where(known, at, 0)], 0).astype(np.uint32)


def plan_cloud_day(day: Day, *, batch: str) -> CloudPlan:
    """Everything the cloud must know before the first order. `batch` names the import of opening balances."""
    report = day.report
    numbers = np.array([branch_number(branch.code) for branch in report.branches], np.uint32)
    used = np.flatnonzero(np.isin(numbers, day.plan.orders["account"]))
    codes = sorted({firm_code(report.branches[at].code) for at in used})
    tenant_of = {code: FIRST_TENANT + at for at, code in enumerate(codes)}
    names = {branch.code: branch.name for branch in report.branches}
    accounts = tuple(
        BranchAccount(
            account=FIRST_ACCOUNT + place,
            tenant=tenant_of[firm_code(report.branches[at].code)],
            code=report.branches[at].code,
            name=report.branches[at].name,
            number=f"{place + 1:07d}",
        )
        for place, at in enumerate(used)
    )
    orders = _renumbered(day.plan.orders, numbers[used], accounts)
    books = day.books.books
    book_codes = tuple(book.code for book in books)
    return CloudPlan(
        firms=tuple(
            Firm(tenant=tenant_of[code], code=code, name=names.get(code) or _first_name(accounts, tenant_of[code]))
            for code in codes
        ),
        accounts=accounts,
        branch_numbers=numbers[used],
        orders=orders,
        book_codes=book_codes,
        book_segments=tuple(_SEGMENTS[book.program.segment] for book in books),
        listed=tuple(_listed(day)),
        openings=tuple(_openings(orders, book_codes, accounts, batch)),
    )


_SEGMENTS: Final = {segment.name_of: segment for segment in Segment}
assert set(_SEGMENTS) == set(SegmentName)


def _first_name(accounts: Iterable[BranchAccount], tenant: int) -> str:
    return next(account.name for account in accounts if account.tenant == tenant)


def _renumbered(
    orders: NDArray[np.void], numbers: NDArray[np.uint32], accounts: tuple[BranchAccount, ...]
) -> NDArray[np.void]:
    by_number = np.argsort(numbers)
    at = by_number[np.searchsorted(numbers[by_number], orders["account"])]
    renumbered = orders.copy()
    renumbered["account"] = FIRST_ACCOUNT + at
    renumbered["tenant"] = np.array([account.tenant for account in accounts], np.uint32)[at]
    return renumbered


def _listed(day: Day) -> Iterator[Listed]:
    for traded in day.books.instruments:
        yield Listed(
            code=traded.code,
            kind=traded.kind.value,
            reference=traded.reference,
            name=traded.name,
            limit_up=(traded.limits.up or 0) if traded.limits else 0,
            limit_down=(traded.limits.down or 0) if traded.limits else 0,
            unlimited=traded.unlimited,
            multiple=traded.multiple,
            treatment=traded.treatment,
            match_seconds=traded.match_seconds,
            suspended=traded.suspended,
            lot=traded.lot,
        )


def _openings(
    orders: NDArray[np.void], book_codes: tuple[str, ...], accounts: tuple[BranchAccount, ...], batch: str
) -> Iterator[tuple[int, Opening]]:
    """By tenant, cash by account, then shares by account and security; the shares' cost is their value at the sells'
    limits."""
    value = orders["price"].astype(np.int64) * orders["quantity"]
    buys, sells = orders["side"] == Side.BUY, orders["side"] == Side.SELL
    fees = np.maximum(-(-value * COMMISSION_PPM // MILLION), COMMISSION_MINIMUM)
    rows = [(account, "", cash, 0) for account, cash in _sums(orders["account"][buys], (value + fees)[buys])]
    codes, security = np.unique(np.array(book_codes)[orders["book"]], return_inverse=True)
    place = (orders["account"].astype(np.int64) << 32) | security
    costs = dict(_sums(place[sells], value[sells]))
    for key, shares in _sums(place[sells], orders["quantity"].astype(np.int64)[sells]):
        rows.append((key >> 32, str(codes[key & 0xFFFFFFFF]), shares, costs[key]))
    of_tenant: dict[int, list[tuple[int, str, int, int]]] = {}
    for row in rows:
        of_tenant.setdefault(accounts[row[0] - FIRST_ACCOUNT].tenant, []).append(row)
    for tenant, its in sorted(of_tenant.items()):
        for part, start in enumerate(range(0, len(its), OPENING_ROWS)):
            columns = zip(*its[start : start + OPENING_ROWS], strict=True)
            of_accounts, names, amounts, costs_of = (tuple(column) for column in columns)
            yield (
                tenant,
                Opening(batch=batch, part=part, accounts=of_accounts, codes=names, amounts=amounts, costs=costs_of),
            )


def _sums(keys: NDArray[np.integer], values: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """(key, sum) by ascending key, exact in 64 bits."""
    if not keys.size:
        return
    order = np.argsort(keys, kind="stable")
    sorted_keys = keys[order]
    starts = np.flatnonzero(np.concatenate([[True], sorted_keys[1:] != sorted_keys[:-1]]))
    sums = np.add.reduceat(values[order], starts)
    yield from zip(sorted_keys[starts].tolist(), sums.tolist(), strict=True)
