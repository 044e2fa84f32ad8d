"""What each fact does to the books: the control plane's decisions, cash and shares, the day and its steps."""

import hashlib
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from yunhai.exchange.rules.pack import RulePack
from yunhai.kernel.clock import EPOCH
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import LOOKUPS_KEPT_MAX
from yunhai.trading.books import steps
from yunhai.trading.books.charges import ROUNDINGS, day_security
from yunhai.trading.books.orders import misfit, release_all
from yunhai.trading.books.state import (
    CASH,
    Account,
    Cell,
    Day,
    DaySecurity,
    Grant,
    OrderState,
    Pack,
    Position,
    consent_key,
)
from yunhai.trading.facts import (
    AccountSet,
    CashMoved,
    CellSet,
    CertificateSet,
    ConsentSet,
    DayOpened,
    DayStep,
    Decided,
    EvidenceSealed,
    GrantSet,
    Halted,
    KeySet,
    LineSet,
    LineState,
    Listed,
    Lookup,
    Opening,
    PackPublished,
    PoolSet,
    SessionRevoked,
    SharesMoved,
    Tape,
    TenantSet,
    TerminalSet,
    Transferred,
)
from yunhai.trading.words import Bucket, PostingKind

if TYPE_CHECKING:
    from yunhai.trading.books.books import Books

NO_TAX_ROW: Final = 2208
REVOCATION_KEPT_MS: Final = 86_400_000
"""Revoked sessions older than this at a day's opening are forgotten: no token lives so long."""


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def body_of(fact: Decided) -> bytes:
    """16 bytes that tell what a command asks for, whoever decided it and when."""
    bare = msgspec.structs.replace(fact, outbox=0, by=0, wall_ns=0)
    return hashlib.blake2b(msgspec.msgpack.encode(bare), digest_size=16, person=type(fact).__name__.encode()).digest()


class Head(NamedTuple):
    """What the journal says of a fact: its sequence, market ns, and the tenant it stands under."""

    sequence: int
    time: int
    tenant: int


def apply(books: "Books", head: Head, fact: Decided) -> None:
    """One fact. YunhaiError 6440 if it cannot follow what came before."""
    change = _CHANGES.get(type(fact))
    if change is None:
        raise misfit(head.sequence, f"fact {type(fact).__name__} is not for the books")
    change(books, head, fact)


# -- from the control plane --------------------------------------------------------------------------------------------


def _tenant_set(books: "Books", _: Head, fact: TenantSet) -> None:
    books.tenant(fact.tenant).fact = fact


def _account_set(books: "Books", head: Head, fact: AccountSet) -> None:
    books.tenant(fact.tenant)
    account = books.accounts.get(fact.account)
    if account is None:
        books.accounts[fact.account] = Account(fact=fact)
    elif account.fact.tenant != fact.tenant:
        raise misfit(head.sequence, f"account {fact.account} cannot move to tenant {fact.tenant}")
    else:
        account.fact = fact


def _grant_set(books: "Books", _: Head, fact: GrantSet) -> None:
    rest = [
        grant
        for grant in books.grants.get(fact.person, ())
        if (grant.tenant, grant.role, grant.account) != (fact.tenant, fact.role, fact.account)
    ]
    if fact.allowed:
        rest.append(Grant(fact.tenant, fact.role, fact.account, fact.trade, fact.branches))
    if rest:
        books.grants[fact.person] = rest
    else:
        books.grants.pop(fact.person, None)


def _key_set(books: "Books", _: Head, fact: KeySet) -> None:
    books.keys[fact.key] = fact


OPENS_TLS: Final = frozenset(("api", "broker", "software", "line"))
"""Profiles of certificates that a connection may be opened with (`yunhai.trading.trust.profiles`)."""


def _certificate_set(books: "Books", _: Head, fact: CertificateSet) -> None:
    """Of one key the latest certificate stands; what happens to an earlier one, which was renewed, changes nothing. Those
    that open a TLS connection are found by their SHA-256, each for itself: many have no signing key (0)."""
    if fact.profile in OPENS_TLS:
        books.interfaces[fact.sha256.hex()] = fact
    if not fact.key:
        return
    held = books.certificates.get(fact.key)
    if held is None or held.certificate <= fact.certificate:
        books.certificates[fact.key] = fact


def _consent_set(books: "Books", _: Head, fact: ConsentSet) -> None:
    books.consents[consent_key(fact.person, fact.tenant)] = fact.allowed


def _session_revoked(books: "Books", _: Head, fact: SessionRevoked) -> None:
    sessions = books.revoked.setdefault(fact.person, {})
    sessions[fact.session] = max(fact.before, sessions.get(fact.session, 0))


def _cell_set(books: "Books", _: Head, fact: CellSet) -> None:
    books.cells.setdefault(fact.service, {})[fact.column] = Cell(fact.level, fact.allowed)


def _line_set(books: "Books", _: Head, fact: LineSet) -> None:
    books.lines[fact.line] = fact


def _pool_set(books: "Books", _: Head, fact: PoolSet) -> None:
    books.pools[fact.pool] = fact


def _pack_published(books: "Books", head: Head, fact: PackPublished) -> None:
    if sha256(fact.toml) != fact.sha256:
        raise misfit(head.sequence, f"pack {fact.pack} has another hash")
    books.packs[fact.pack] = Pack(fact.sha256, fact.toml)


def _terminal_set(books: "Books", _: Head, fact: TerminalSet) -> None:
    books.tenant(fact.tenant).terminals[fact.channel] = fact.terminal


# -- cash and shares ---------------------------------------------------------------------------------------------------


def _account(books: "Books", sequence: int, number: int) -> Account:
    account = books.accounts.get(number)
    if account is None:
        raise misfit(sequence, f"no account {number}")
    return account


def _taken(books: "Books", account: Account, reference: str) -> bool:
    """Whether a command of that reference was applied."""
    return reference in books.tenant(account.fact.tenant).references


def _keep(books: "Books", head: Head, account: Account, reference: str, fact: Decided) -> None:
    books.tenant(account.fact.tenant).references[reference] = (head.sequence, body_of(fact))


def _cash_moved(books: "Books", head: Head, fact: CashMoved) -> None:
    account = _account(books, head.sequence, fact.account)
    if _taken(books, account, fact.reference):
        return
    if account.free + fact.amount < 0:
        raise misfit(head.sequence, f"account {fact.account} has no {-fact.amount}")
    _keep(books, head, account, fact.reference, fact)
    if fact.amount >= 0:
        kind, debit, credit = PostingKind.DEPOSIT, Bucket.BANK, Bucket.FREE
    else:
        kind, debit, credit = PostingKind.WITHDRAWAL, Bucket.FREE, Bucket.BANK
    books.move(account, kind, CASH, debit, credit, abs(fact.amount), sequence=head.sequence, line=0)


def _shares_moved(books: "Books", head: Head, fact: SharesMoved) -> None:
    account = _account(books, head.sequence, fact.account)
    if _taken(books, account, fact.reference):
        return
    position = account.positions.get(fact.code)
    if fact.quantity < 0 and (position is None or position.free < -fact.quantity):
        raise misfit(head.sequence, f"account {fact.account} has no {-fact.quantity} of {fact.code}")
    _keep(books, head, account, fact.reference, fact)
    if fact.quantity >= 0:
        kind, debit, credit = PostingKind.DEPOSIT, Bucket.CUSTODY, Bucket.FREE
    else:
        kind, debit, credit = PostingKind.WITHDRAWAL, Bucket.FREE, Bucket.CUSTODY
        assert position is not None
        position.cost -= _cost_of(position, -fact.quantity)
    books.move(account, kind, fact.code, debit, credit, abs(fact.quantity), sequence=head.sequence, line=0)
    if fact.quantity > 0:
        account.positions[fact.code].cost += fact.cost


def _cost_of(position: Position, quantity: int) -> int:
    """The cost of a part of a holding."""
    return position.cost * quantity // position.quantity


def _transferred(books: "Books", head: Head, fact: Transferred) -> None:
    source, target = _account(books, head.sequence, fact.source), _account(books, head.sequence, fact.target)
    if _taken(books, source, fact.reference):
        return
    asset = fact.code or CASH
    held = books.balance(source.fact.tenant, fact.source, asset, Bucket.FREE)
    if held < fact.amount or fact.amount < 0 or source.fact.tenant != target.fact.tenant:
        raise misfit(head.sequence, f"account {fact.source} has no {fact.amount} of {asset}")
    _keep(books, head, source, fact.reference, fact)
    cost = 0
    if fact.code:
        position = source.positions[fact.code]
        cost = _cost_of(position, fact.amount)
        position.cost -= cost
    kind = PostingKind.TRANSFER
    line = books.move(source, kind, asset, Bucket.FREE, Bucket.TRANSIT, fact.amount, sequence=head.sequence, line=0)
    books.move(target, kind, asset, Bucket.TRANSIT, Bucket.FREE, fact.amount, sequence=head.sequence, line=line)
    if fact.code:
        target.positions[fact.code].cost += cost


def _opening(books: "Books", head: Head, fact: Opening) -> None:
    parts = books.tenant(head.tenant).batches.setdefault(fact.batch, {})
    if fact.part in parts:
        return
    for number in fact.accounts:
        if _account(books, head.sequence, number).fact.tenant != head.tenant:
            raise misfit(head.sequence, f"account {number} is not of tenant {head.tenant}")
    parts[fact.part] = body_of(fact)
    line = 0
    kind = PostingKind.OPENING
    for number, code, amount, cost in zip(fact.accounts, fact.codes, fact.amounts, fact.costs, strict=True):
        account = books.accounts[number]
        if code:
            line = books.move(
                account, kind, code, Bucket.CUSTODY, Bucket.FREE, amount, sequence=head.sequence, line=line
            )
            if amount:
                account.positions[code].cost += cost
        else:
            line = books.move(account, kind, CASH, Bucket.BANK, Bucket.FREE, amount, sequence=head.sequence, line=line)


# -- lines, look-ups, halts --------------------------------------------------------------------------------------------


def _line_state(books: "Books", _: Head, fact: LineState) -> None:
    books.line_states[fact.line] = fact


def _halted(books: "Books", _: Head, fact: Halted) -> None:
    if books.day is not None:
        books.day.halted[fact.code] = fact.on


def _lookup(books: "Books", _: Head, fact: Lookup) -> None:
    """By person and account until when a look is good: the longest said, the latest made last."""
    if not fact.account or not fact.until:
        return
    mine = books.lookups.setdefault(fact.by, {})
    mine[fact.account] = max(fact.until, mine.pop(fact.account, 0))
    if len(mine) > LOOKUPS_KEPT_MAX:
        del mine[next(iter(mine))]


def _nothing(books: "Books", _: Head, fact: Decided) -> None:
    """A fact that others read."""


# -- the day -----------------------------------------------------------------------------------------------------------


def check_opening(books: "Books", fact: DayOpened) -> Day:
    """The day a fact opens. YunhaiError 6420 the last day is not finished, 6421 no such pack, 6422 no later date, 6425
    dates, securities or the pack do not fit."""
    last = books.day
    if last is not None:
        for step in steps.STEPS:
            if step not in last.steps:
                raise YunhaiError(6420, date=last.date, step=step)
    if fact.date <= books.last_date:
        raise YunhaiError(6422, date=fact.date, last=books.last_date)
    pack, texts = books.published_pack(fact.pack, fact.pack_sha256)
    try:
        day, settles = date.fromisoformat(fact.date), date.fromisoformat(fact.settles_on)
    except ValueError as error:
        raise YunhaiError(6425, reason=str(error)) from None
    if settles.isoformat() != fact.settles_on or day.isoformat() != fact.date or settles < day:
        raise YunhaiError(6425, reason=f"{fact.date} settles on {fact.settles_on}")
    if fact.mode not in ("simulated", "live"):
        raise YunhaiError(6425, reason=f"mode {fact.mode}")
    try:
        pack.require_in_force(day)
        securities = {listed.code: _day_security(pack, day, listed) for listed in fact.listed}
    except YunhaiError as error:
        if error.code == 6425:
            raise
        raise YunhaiError(6425, reason=error.text(), reason_zh=error.text("zh")) from None
    if len(securities) != len(fact.listed) or not all(securities):
        raise YunhaiError(6425, reason="a security stands twice or has no code")
    return Day(
        date=fact.date,
        market_date=(day - EPOCH).days,
        pack=fact.pack,
        pack_sha256=fact.pack_sha256,
        pack_texts=texts,
        settles_on=fact.settles_on,
        mode=fact.mode,
        clock=fact.clock,
        seed=fact.seed,
        sequence=0,
        commission_ppm=pack.fees.commission,
        commission_rounding=ROUNDINGS.index(pack.settings.commission_rounding.value),
        tax_rounding=ROUNDINGS.index(pack.settings.tax_rounding.value),
        securities={code: security for code, security in securities.items() if security is not None},
    )


def _day_security(pack: RulePack, day: date, listed: Listed) -> DaySecurity | None:
    """None where the pack has no tax row in force: the market opens, and the gate refuses that security (6198)."""
    try:
        return day_security(pack, day, listed)
    except YunhaiError as error:
        if error.code == NO_TAX_ROW:
            return None
        raise


def _day_opened(books: "Books", head: Head, fact: DayOpened) -> None:
    day = check_opening(books, fact)
    day.sequence = head.sequence
    books.day = day
    books.last_date = day.date
    books.forget_orders()
    for house in books.tenants.values():
        house.counters.clear()
    for account in books.accounts.values():
        account.quota_used = account.fees = account.taxes = 0
        kept = {code: position for code, position in account.positions.items() if position.quantity}
        for position in kept.values():
            position.bought = position.bought_odd = position.sold = position.tradable = position.tax_back = 0
            position.realised = position.bought_value = position.sold_value = 0
        account.positions = kept
    _forget_what_is_over(books, fact.wall_ns // 1_000_000)


def _forget_what_is_over(books: "Books", now_ms: int) -> None:
    """Revocations that no token can meet any more, and looks that are not good any more. The tables stay the same ones:
    others look at them."""
    oldest = now_ms - REVOCATION_KEPT_MS
    for person, sessions in list(books.revoked.items()):
        books.revoked[person] = {session: before for session, before in sessions.items() if before >= oldest}
        if not books.revoked[person]:
            del books.revoked[person]
    for person, looks in list(books.lookups.items()):
        books.lookups[person] = {account: until for account, until in looks.items() if until > now_ms}
        if not books.lookups[person]:
            del books.lookups[person]


def unsettled_dates(books: "Books") -> list[str]:
    """Settlement dates for which something is still owed, ascending."""
    return sorted({due for account in books.accounts.values() for due in account.unsettled})


def check_step(books: "Books", fact: DayStep) -> bool:
    """Whether a step is still to be taken; False if it is taken already. YunhaiError 6423 out of order or unknown, 6424
    a settlement before an earlier one."""
    day = books.day
    due = steps.settlement_date(fact.step)
    if due is not None:
        waiting = unsettled_dates(books)
        if waiting and waiting[0] < due and due in waiting:
            raise YunhaiError(6424, date=due, earlier=waiting[0])
        if due in waiting and day is not None and due == day.settles_on and steps.EXPIRED not in day.steps:
            raise YunhaiError(6424, date=due, earlier=day.date)
        return due in waiting
    if fact.step not in steps.STEPS or day is None or fact.date != day.date:
        raise YunhaiError(6423, step=fact.step, before=f"the opening of {fact.date}")
    if fact.step in day.steps:
        return False
    place = steps.STEPS.index(fact.step)
    if place and steps.STEPS[place - 1] not in day.steps:
        raise YunhaiError(6423, step=fact.step, before=steps.STEPS[place - 1])
    return True


def _day_step(books: "Books", head: Head, fact: DayStep) -> None:
    if not check_step(books, fact):
        return
    due = steps.settlement_date(fact.step)
    if due is not None:
        _settle(books, head.sequence, due)
        return
    if fact.step == steps.EXPIRED:
        _expire(books, head.sequence, head.time)
    elif fact.step == steps.DAY_TRADE_TAX:
        _give_tax_back(books, head.sequence)
    assert books.day is not None
    books.day.steps.append(fact.step)


def _expire(books: "Books", sequence: int, time: int) -> None:
    line = 0
    for order in books.orders.values():
        if order.leaves:
            line = release_all(books, sequence, line, order)
            order.state = OrderState.EXPIRED
            order.changed = time
        order.pending = ()


def _give_tax_back(books: "Books", sequence: int) -> None:
    line = 0
    assert books.day is not None
    for account in books.accounts.values():
        for position in account.positions.values():
            back = position.tax_back
            if back:
                line = books.move(
                    account, PostingKind.TAX_BACK, CASH, Bucket.TAX, Bucket.FREE, back, sequence=sequence, line=line,
                    settles_on=books.day.settles_on,
                )  # fmt: skip
                account.taxes -= back
                position.realised += back
                position.tax_back = 0


def _settle(books: "Books", sequence: int, due: str) -> None:
    """CLEARING against BANK and CUSTODY, account by account: what was owed on `due` is paid and delivered."""
    line = 0
    for account in books.accounts.values():
        unsettled = account.unsettled.pop(due, None)
        if unsettled is None:
            continue
        nets = [(CASH, unsettled.cash, Bucket.BANK)]
        nets += [(code, shares, Bucket.CUSTODY) for code, shares in unsettled.shares.items()]
        for asset, net, outside in nets:
            debit, credit = (outside, Bucket.CLEARING) if net > 0 else (Bucket.CLEARING, outside)
            line = books.move(
                account,
                PostingKind.SETTLE,
                asset,
                debit,
                credit,
                abs(net),
                sequence=sequence,
                line=line,
                settles_on=due,
            )


_CHANGES: Final[dict[type[Decided], Callable[["Books", Head, Any], None]]] = {
    TenantSet: _tenant_set,
    AccountSet: _account_set,
    GrantSet: _grant_set,
    KeySet: _key_set,
    CertificateSet: _certificate_set,
    ConsentSet: _consent_set,
    SessionRevoked: _session_revoked,
    CellSet: _cell_set,
    LineSet: _line_set,
    PoolSet: _pool_set,
    PackPublished: _pack_published,
    TerminalSet: _terminal_set,
    DayOpened: _day_opened,
    DayStep: _day_step,
    CashMoved: _cash_moved,
    SharesMoved: _shares_moved,
    Transferred: _transferred,
    Opening: _opening,
    LineState: _line_state,
    Halted: _halted,
    Lookup: _lookup,
    Tape: _nothing,
    EvidenceSealed: _nothing,
}
