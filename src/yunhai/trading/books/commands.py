"""The core's commands on the books: each checks a wish and gives the fact to journal, or says that it was done before.

Nothing here changes the books: the caller journals the fact, then applies it. Each is idempotent by its reference (the
opening balances by batch and part): the same wish again gives `Decision(None, sequence)` with the sequence at which it
was taken, another wish under the same reference is refused.
"""

import re
from dataclasses import dataclass
from typing import Final

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import (
    BALANCE_MAX,
    CASH_MOVED_MAX,
    CODE_CHARACTERS_MAX,
    OPENING_ROWS_MAX,
    QUANTITY_MAX,
    REFERENCE_CHARACTERS_MAX,
)
from yunhai.trading.books.books import Books
from yunhai.trading.books.changes import body_of, check_opening, check_step
from yunhai.trading.books.state import CASH, Account
from yunhai.trading.facts import CashMoved, DayOpened, DayStep, Decided, Opening, SharesMoved, Transferred
from yunhai.trading.words import Bucket

_REFERENCE: Final = re.compile(rf"[0-9A-Za-z._:/-]{{1,{REFERENCE_CHARACTERS_MAX}}}", re.ASCII).fullmatch
_CODE: Final = re.compile(rf"[0-9A-Z]{{1,{CODE_CHARACTERS_MAX}}}", re.ASCII).fullmatch


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to journal: `fact`, under `tenant`; or, `fact` None, the journal sequence at which it was done before."""

    fact: Decided | None
    tenant: int
    sequence: int = 0


def _account(books: Books, number: int, tenant: int) -> Account:
    """An account that may take part. YunhaiError 6400 (another tenant's too), 6401."""
    account = books.accounts.get(number)
    if account is None or account.fact.tenant != tenant:
        raise YunhaiError(6400, account=number)
    if account.fact.status == "closed":
        raise YunhaiError(6401, account=number)
    return account


def _leaving(account: Account) -> None:
    if account.fact.status == "frozen":
        raise YunhaiError(6402, account=account.fact.account)


def _bounded(amount: int, most: int) -> None:
    if type(amount) is not int or not 0 < amount <= most:
        raise YunhaiError(6403, amount=amount, limit=most)


def _room(books: Books, account: Account, asset: str, amount: int) -> None:
    """Neither the account's balance nor what its broker holds outside for all may grow beyond the bound."""
    tenant, number = account.fact.tenant, account.fact.account
    held = books.balance(tenant, number, asset, Bucket.FREE) + books.balance(tenant, number, asset, Bucket.RESERVED)
    outside = -books.balance(tenant, number, asset, Bucket.BANK if asset == CASH else Bucket.CUSTODY)
    if max(held, outside) + amount > BALANCE_MAX:
        raise YunhaiError(6410, account=number, limit=BALANCE_MAX)


def _is_code(code: str) -> bool:
    """Whether it may be a security's. Money is no security: what is booked under its name would be cash."""
    return bool(_CODE(code)) and code != CASH


def _code(code: str) -> None:
    if not _is_code(code):
        raise YunhaiError(6408, code=code)


def _before(books: Books, tenant: int, reference: str, fact: Decided) -> Wanted | None:
    """The earlier taking of a reference. YunhaiError 6404 it is malformed, 6405 it was for something else."""
    if not _REFERENCE(reference):
        raise YunhaiError(6404, reference=reference, limit=REFERENCE_CHARACTERS_MAX)
    held = books.tenants.get(tenant)
    taken = held.references.get(reference) if held else None
    if taken is None:
        return None
    sequence, body = taken
    if body != body_of(fact):
        raise YunhaiError(6405, reference=reference)
    return Wanted(None, tenant, sequence)


def move_cash(books: Books, tenant: int, wish: CashMoved) -> Wanted:
    """A deposit (`amount` > 0, kind deposit) or a withdrawal (< 0, withdrawal). YunhaiError 6400-6406, 6410."""
    account = _account(books, wish.account, tenant)
    _bounded(abs(wish.amount), CASH_MOVED_MAX)
    if wish.kind != ("deposit" if wish.amount > 0 else "withdrawal"):
        raise YunhaiError(6403, amount=wish.amount, limit=CASH_MOVED_MAX)
    if done := _before(books, tenant, wish.reference, wish):
        return done
    if wish.amount < 0:
        _leaving(account)
        _withdraw(books, account, -wish.amount)
    else:
        _room(books, account, CASH, wish.amount)
    return Wanted(wish, tenant)


def _withdraw(books: Books, account: Account, amount: int) -> None:
    withdrawable = books.withdrawable(account)
    if amount > withdrawable:
        raise YunhaiError(6406, withdrawable=withdrawable, needed=amount)


def _deliver(books: Books, account: Account, code: str, quantity: int) -> None:
    deliverable = books.deliverable(account, code)
    if quantity > deliverable:
        raise YunhaiError(6407, code=code, deliverable=deliverable, needed=quantity)


def move_shares(books: Books, tenant: int, wish: SharesMoved) -> Wanted:
    """Shares from (`quantity` > 0) or to (< 0) the depository. YunhaiError 6400-6405, 6407, 6408, 6410."""
    account = _account(books, wish.account, tenant)
    _code(wish.code)
    _bounded(abs(wish.quantity), QUANTITY_MAX)
    if wish.cost and (wish.quantity < 0 or not 0 < wish.cost <= BALANCE_MAX):
        raise YunhaiError(6403, amount=wish.cost, limit=BALANCE_MAX)
    if done := _before(books, tenant, wish.reference, wish):
        return done
    if wish.quantity < 0:
        _leaving(account)
        _deliver(books, account, wish.code, -wish.quantity)
    else:
        _room(books, account, wish.code, wish.quantity)
    return Wanted(wish, tenant)


def transfer(books: Books, tenant: int, wish: Transferred) -> Wanted:
    """Cash or shares between two accounts of one tenant. YunhaiError 6400-6410."""
    source, target = _account(books, wish.source, tenant), _account(books, wish.target, tenant)
    if wish.source == wish.target:
        raise YunhaiError(6409, account=wish.source)
    if wish.code:
        _code(wish.code)
    _bounded(wish.amount, QUANTITY_MAX if wish.code else CASH_MOVED_MAX)
    if done := _before(books, tenant, wish.reference, wish):
        return done
    _leaving(source)
    if wish.code:
        _deliver(books, source, wish.code, wish.amount)
        _room(books, target, wish.code, wish.amount)
    else:
        _withdraw(books, source, wish.amount)
        _room(books, target, CASH, wish.amount)
    return Wanted(wish, tenant)


def open_balances(books: Books, tenant: int, wish: Opening) -> Wanted:
    """One part of an import of opening balances. YunhaiError 6404 batch name, 6410 too much, 6411 a row does not fit, 6412
    the part was taken with other rows, 6413 no such tenant."""
    held = books.tenants.get(tenant)
    if held is None or held.fact is None:
        raise YunhaiError(6413, tenant=tenant)
    if not _REFERENCE(wish.batch):
        raise YunhaiError(6404, reference=wish.batch, limit=REFERENCE_CHARACTERS_MAX)
    count = len(wish.accounts)
    if not len(wish.codes) == len(wish.amounts) == len(wish.costs) == count or wish.part < 0:
        raise YunhaiError(6411, row=0, reason="columns of different lengths", reason_zh="各欄筆數不同")
    if not 0 < count <= OPENING_ROWS_MAX:
        most = OPENING_ROWS_MAX
        raise YunhaiError(6411, row=0, reason=f"1 to {most} rows are wanted", reason_zh=f"應為 1 至 {most} 筆")
    taken = held.batches.get(wish.batch, {}).get(wish.part)
    if taken is not None:
        if taken != body_of(wish):
            raise YunhaiError(6412, batch=wish.batch, part=wish.part)
        return Wanted(None, tenant)
    totals: dict[str, int] = {}
    for row in range(count):
        _check_row(books, tenant, wish, row)
        asset = wish.codes[row] or CASH
        totals[asset] = totals.get(asset, 0) + wish.amounts[row] + wish.costs[row]
        _room(books, books.accounts[wish.accounts[row]], asset, totals[asset])
    return Wanted(wish, tenant)


def _check_row(books: Books, tenant: int, wish: Opening, row: int) -> None:
    account = books.accounts.get(wish.accounts[row])
    code, amount, cost = wish.codes[row], wish.amounts[row], wish.costs[row]
    reason = None
    if account is None or account.fact.tenant != tenant:
        reason = ("no such account", "查無帳戶")
    elif code and not _is_code(code):
        reason = ("not a security code", "證券代號不合格式")
    elif not 0 <= amount <= BALANCE_MAX or not 0 <= cost <= BALANCE_MAX or (cost and not code):
        reason = ("amount or cost out of bounds", "數量或成本超出範圍")
    if reason:
        raise YunhaiError(6411, row=row, reason=reason[0], reason_zh=reason[1])


def open_day(books: Books, wish: DayOpened) -> Wanted:
    """A market day. YunhaiError 6420-6422, 6425."""
    check_opening(books, wish)
    return Wanted(wish, 0)


def take_step(books: Books, wish: DayStep) -> Wanted:
    """A step of closing or settling a day; done before: no fact. YunhaiError 6423, 6424."""
    return Wanted(wish if check_step(books, wish) else None, 0)
