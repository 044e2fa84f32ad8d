"""The gate's checks, in their order. The first that fails decides; what a check needs and does not find is a failure.

Each check is a function of one `Asked`: it returns None if it passes or does not concern this instruction, else the
refusal `(code, details)`. Checks read the books and the market and change nothing. What one finds (the account, the
security, the target order) it leaves in `Asked` for those after it; one that misses what an earlier one did not find
raises `NotFoundError`, which only a preview ever sees.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

from yunhai.kernel.clock import TAIPEI_OFFSET
from yunhai.kernel.limits import (
    INSTRUCTION_AGE_SECONDS_MAX,
    PENDING_INSTRUCTIONS_MAX,
    SIGNATURE_AGE_SECONDS_MAX,
)
from yunhai.kernel.money import price_text
from yunhai.kernel.records import Phase
from yunhai.trading.books.books import Books
from yunhai.trading.books.charges import commission
from yunhai.trading.books.orders import ODD_LOTS, cash_needed, nonce_key
from yunhai.trading.books.steps import CLOSED
from yunhai.trading.gate.asked import Asked, Asker, Function, NotFoundError, Refusal
from yunhai.trading.instructions import signed_attributes
from yunhai.trading.market import kind_bit
from yunhai.trading.order_numbers import capacity, is_terminal, order_number
from yunhai.trading.shape import BUY, LIMIT, NEW, REPRICE, SELL, Checked
from yunhai.trading.signatures import verify
from yunhai.trading.words import Action, Channel, Credit, Mode, Segment

_TAIPEI: Final = timezone(timedelta(seconds=TAIPEI_OFFSET // 10**9))


# -- who, with which key -----------------------------------------------------------------------------------------------

_ADDS: Final = (NEW, REPRICE)
"""What may put more at stake. The other actions only take an order back, wholly or in part, and so are taken in any state
of broker, service and account: whoever may no longer trade must still be able to stop."""


def tenant_open(asked: Asked) -> Refusal | None:
    tenant = asked.books.tenants.get(asked.checked.tenant)
    if tenant is None or tenant.fact is None or (tenant.fact.status != "open" and asked.checked.action in _ADDS):
        return 6100, {"tenant": asked.checked.tenant}
    asked.tenant = tenant
    return None


def key_active(asked: Asked) -> Refusal | None:
    number = asked.checked.key
    key = asked.books.keys.get(number)
    if key is None or key.person != asked.asker.person:
        return 6101, {"key": number}
    if key.status != "active":
        return 6105, {"key": number}
    if key.until and asked.wall_ms > key.until:
        return 6106, {"key": number}
    return None


def signature_right(asked: Asked) -> Refusal | None:
    key = asked.books.keys.get(asked.checked.key)
    if key is None:
        raise NotFoundError("key")
    if not verify(key.public, signed_attributes(asked.text), asked.signature):
        return 6102, {}
    return None


_CLERK: Final = "clerk"
_SIGNS: Final = {
    Channel.DESK: (_CLERK,),
    Channel.KEYIN: (_CLERK,),
    Channel.WEB: ("investor",),
    Channel.MOBILE: ("investor",),
}
_PROGRAM_SIGNS: Final = ("investor", "api")
"""Profiles of certificates that sign for a channel."""


def certificate_right(asked: Asked) -> Refusal | None:
    tenant, checked = asked.found_tenant().fact, asked.checked
    assert tenant is not None
    if not tenant.certificates:
        return None
    held = asked.books.certificates.get(checked.key)
    if held is None and checked.action not in _ADDS:  # the broker demands certificates since the order was taken
        return None
    if held is None or held.person != asked.asker.person:
        return 6170, {"key": checked.key}
    if min(checked.signed_at, asked.wall_ms) < held.not_before:
        return 6171, {"from": _moment(held.not_before)}
    if max(checked.signed_at, asked.wall_ms) > held.not_after:
        return 6172, {"until": _moment(held.not_after)}
    if held.status != "valid":
        return 6173, {"key": checked.key}
    if held.profile not in _SIGNS.get(Channel(checked.channel), _PROGRAM_SIGNS):
        return 6174, {"profile": held.profile, "channel": Channel(checked.channel).word}
    return None


def consent_given(asked: Asked) -> Refusal | None:
    tenant = asked.found_tenant().fact
    assert tenant is not None
    if not tenant.certificates or asked.checked.action not in _ADDS:
        return None
    allowed = asked.books.consent(asked.asker.person, tenant.tenant)
    if not allowed:
        return (6175 if allowed is None else 6176), {"tenant": tenant.code}
    return None


def _moment(ms: int) -> str:
    """Wall ms as Taipei time, to the second."""
    return datetime.fromtimestamp(ms // 1_000, _TAIPEI).isoformat()


def signature_fresh(asked: Asked) -> Refusal | None:
    apart = abs(asked.wall_ms - asked.checked.signed_at)
    if apart > SIGNATURE_AGE_SECONDS_MAX * 1000:
        return 6103, {"seconds": apart // 1000, "limit": SIGNATURE_AGE_SECONDS_MAX}
    return None


def nonce_new(asked: Asked) -> Refusal | None:
    if nonce_key(asked.checked.key, asked.checked.nonce) in asked.books.nonces:
        return 6104, {}
    return None


# -- when, and by which service ----------------------------------------------------------------------------------------


def date_and_mode(asked: Asked) -> Refusal | None:
    day = asked.books.day
    if day is None or asked.market is None or asked.market.date != day.date or CLOSED in day.steps:
        return 6109, {}
    if asked.checked.date != day.date:
        return 6107, {"date": asked.checked.date, "today": day.date}
    mode = _MODES[asked.checked.mode]
    if mode != day.mode:
        return 6108, {"mode": mode, "current": day.mode}
    return None


SERVICES: Final = {
    Channel.KEYIN: "1.1",
    Channel.DESK: "1.2",
    Channel.WEB: "1.3",
    Channel.MOBILE: "1.3",
    Channel.API: "1.3",
    Channel.CONDITION: "1.4",
    Channel.PROGRAM: "1.6",
    Channel.FIX: "1.6",
}
"""The service of the study's matrix that a channel belongs to."""
_ROLES: Final = {
    Channel.KEYIN: ("keyin",),
    Channel.DESK: ("sales",),
    Channel.WEB: ("investor",),
    Channel.MOBILE: ("investor",),
}
_PROGRAM_ROLES: Final = ("investor", "api")


# Numbers to words, looked up for every instruction: an enum's own way costs several times as much.
_MODES: Final = {int(mode): mode.word for mode in Mode}
_CREDITS: Final = {int(credit): credit.word for credit in Credit}
_CASH: Final = int(Credit.CASH)
_SUSPENDED: Final = int(Phase.SUSPENDED)
_SHUT: Final = frozenset((int(Phase.BEFORE), int(Phase.AFTER)))
_CHANNELS: Final = {int(channel): channel.word for channel in Channel}
_SERVICES: Final = {int(channel): service for channel, service in SERVICES.items()}
_ROLES_OF: Final = {int(channel): _ROLES.get(channel, _PROGRAM_ROLES) for channel in Channel}


def account_seen(books: Books, checked: Checked, asker: Asker | None) -> bool:
    """Whether the account is of the instruction's broker and the asker (None: whoever) has some right to it."""
    account = books.accounts.get(checked.account)
    if account is None or account.fact.tenant != checked.tenant:
        return False
    if asker is None:
        return True
    role = asker.role
    for grant in books.grants.get(asker.person, ()):
        if grant.tenant == checked.tenant and (not role or grant.role == role) and grant.covers(account.fact):
            return True
    return False


def account_found(asked: Asked) -> Refusal | None:
    """An account of another broker, or that the asker has no right to, is as if it were not there."""
    checked = asked.checked
    if not account_seen(asked.books, checked, asked.asker):
        return 6115, {"account": checked.account}
    asked.account = asked.books.accounts[checked.account]
    return None


def entitled(asked: Asked) -> Refusal | None:
    checked = asked.checked
    tenant = asked.found_tenant().fact
    assert tenant is not None
    channel = checked.channel
    service = _SERVICES[channel]
    if checked.action in _ADDS and not asked.books.entitled(tenant, service):
        return 6110, {"service": service}
    roles = _ROLES_OF[channel]
    account, asker = asked.found_account().fact, asked.asker
    found = trade = False
    for grant in asked.books.grants.get(asker.person, ()):
        own = grant.role in roles and (not asker.role or grant.role == asker.role)
        if own and grant.tenant == checked.tenant and grant.covers(account):
            found = True
            trade = trade or grant.trade
    if not found:
        return 6111, {}
    if not trade or not asker.mfa:  # as the token says: the channel is what the sender calls it
        return 6112, {}
    return None


def customer_told(asked: Asked) -> Refusal | None:
    checked = asked.checked
    if not checked.by_clerk:
        return None
    for value, name in (
        (checked.instruction_kind, "instruction_kind"),
        (checked.instruction_id, "instruction_id"),
        (checked.instruction_at, "instruction_at"),
    ):
        if not value:
            return 6113, {"what": name}
    age = checked.signed_at - checked.instruction_at
    if not 0 <= age <= INSTRUCTION_AGE_SECONDS_MAX * 1000:
        return 6114, {"limit": INSTRUCTION_AGE_SECONDS_MAX}
    return None


# -- the account -------------------------------------------------------------------------------------------------------


def account_state(asked: Asked) -> Refusal | None:
    checked = asked.checked
    status = asked.found_account().fact.status
    if status == "open" or checked.action not in _ADDS:
        return None
    if status == "sell_only":
        side = checked.side
        if checked.action == REPRICE:
            target = asked.books.orders.get(checked.order)
            side = target.side if target else SELL
        return (6118, {"account": checked.account}) if side == BUY else None
    return (6117 if status == "closed" else 6116), {"account": checked.account}


def account_trades_odd_lots(asked: Asked) -> Refusal | None:
    checked = asked.checked
    if checked.action == NEW and checked.segment in ODD_LOTS and not asked.found_account().fact.odd_lot:
        return 6126, {"account": checked.account}
    return None


def credit_allowed(asked: Asked) -> Refusal | None:
    checked = asked.checked
    if checked.action != NEW:
        return None
    credit = _CREDITS[checked.credit]
    if checked.credit != _CASH or credit not in asked.found_account().fact.credit:
        return 6119, {"account": checked.account, "credit": credit}
    return None


# -- the order and the security ----------------------------------------------------------------------------------------


def target_open(asked: Asked) -> Refusal | None:
    checked = asked.checked
    if checked.action == NEW:
        return None
    order = asked.books.orders.get(checked.order)
    if order is None or order.account != checked.account or order.tenant != checked.tenant:
        return 6140, {"order": checked.order}
    asked.target = order
    if not order.leaves:
        return 6141, {"order": checked.order, "state": order.state}
    cancel = checked.action == Action.CANCEL  # however many changes wait, an order can still be cancelled
    waiting = sum(one.action == Action.CANCEL for one in order.pending) if cancel else len(order.pending)
    if waiting >= PENDING_INSTRUCTIONS_MAX:
        return 6142, {"order": checked.order, "limit": PENDING_INSTRUCTIONS_MAX}
    if checked.action == REPRICE and order.order_type != LIMIT:
        return 6143, {"order": checked.order}
    return None


def security_traded(asked: Asked) -> Refusal | None:
    checked = asked.checked
    new = checked.action == NEW
    code = checked.code if new else asked.found_target().security
    segment = checked.segment if new else asked.found_target().segment
    market, day = asked.market, asked.books.day
    if market is None or day is None:
        raise NotFoundError("market")
    asked.security = security = market.securities.get(code)
    asked.day_security = day.securities.get(code)
    if security is None:
        return 6120, {"code": code}
    if asked.day_security is None:
        return 6198, {"what": f"charges of {code}"}
    asked.rules = security.books.get(segment)
    if asked.rules is None:
        return 6121, {"code": code, "segment": Segment(segment).word}
    if day.halted.get(code) or market.phase_of(asked.rules.book) == _SUSPENDED:
        return 6122, {"code": code}
    return None


def session_takes_it(asked: Asked) -> Refusal | None:
    checked, rules = asked.checked, asked.found_rules()
    if asked.market is None:
        raise NotFoundError("market")
    phase = asked.market.phase_of(rules.book)
    if phase in _SHUT:
        return 6123, {"segment": rules.segment.word}
    if checked.action == NEW:
        if not rules.allowed[phase] & kind_bit(checked.order_type, checked.time_in_force):
            kind = ("market", "limit")[checked.order_type - 1]
            return 6124, {"kind": f"{kind} {_TIMES_IN_FORCE[checked.time_in_force]}"}
    elif not rules.actions[phase] & 1 << (checked.action - 2):
        return 6125, {"action": Action(checked.action).word}
    return None


_TIMES_IN_FORCE: Final = {0: "ROD", 3: "IOC", 4: "FOK"}


def price_valid(asked: Asked) -> Refusal | None:
    price = asked.checked.price
    if not price:
        return None
    rules = asked.found_rules()
    if rules.fixed_price:
        return _fixed_price(asked, price)
    prices = rules.prices
    if price > prices[-1]:
        return 6131, {"price": price_text(price), "limit": price_text(prices[-1])}
    if price < prices[0]:
        return 6132, {"price": price_text(price), "limit": price_text(prices[0])}
    if not rules.on_tick(price):
        below, above = rules.neighbours(price)
        return 6130, {"price": price_text(price), "below": price_text(below), "above": price_text(above)}
    return None


def _fixed_price(asked: Asked, price: int) -> Refusal | None:
    """After-hours fixed price: the close and nothing else."""
    if asked.market is None or asked.security is None:
        raise NotFoundError("security")
    close = asked.market.close_of(asked.security.code)
    if not close:
        return 6133, {"code": asked.security.code}
    if price != close:
        return (6131 if price > close else 6132), {"price": price_text(price), "limit": price_text(close)}
    return None


def quantity_valid(asked: Asked) -> Refusal | None:
    quantity = asked.checked.quantity
    if not quantity:
        return None
    rules = asked.found_rules()
    if quantity % rules.lot:
        return 6134, {"quantity": quantity, "lot": rules.lot}
    if asked.checked.action == NEW and quantity > rules.max_quantity:
        return 6135, {"quantity": quantity, "limit": rules.max_quantity}
    return None


# -- what it would take ------------------------------------------------------------------------------------------------


def _value_added(asked: Asked) -> tuple[int, int]:
    """(value of the whole order, what it adds to the day's), at the price it is reckoned at."""
    checked = asked.checked
    if checked.action == NEW:
        value = asked.ceiling() * checked.quantity
        return value, value
    if checked.action != REPRICE:
        return 0, 0
    order = asked.found_target()
    return checked.price * order.leaves, max(0, checked.price - order.ceiling) * order.leaves


def order_quota(asked: Asked) -> Refusal | None:
    limit = asked.found_account().fact.order_quota
    if not limit:
        return None
    value, _ = _value_added(asked)
    if value > limit:
        return 6136, {"value": price_text(value), "limit": price_text(limit)}
    return None


def day_quota(asked: Asked) -> Refusal | None:
    account = asked.found_account()
    limit = account.fact.day_quota
    if not limit:
        return None
    _, added = _value_added(asked)
    if added and account.quota_used + added > limit:
        left = max(0, limit - account.quota_used)
        return 6137, {"left": price_text(left), "value": price_text(added)}
    return None


def cash_or_shares(asked: Asked) -> Refusal | None:
    """Buying power, or shares that are free: what is found is what will be held."""
    checked = asked.checked
    account = asked.found_account()
    if checked.action == NEW and checked.side == SELL:
        position = account.positions.get(checked.code)
        free = position.free if position else 0
        asked.shares = checked.quantity
        return (6151, {"free": free, "needed": checked.quantity}) if checked.quantity > free else None
    asked.cash = cash_to_hold(asked)
    if asked.cash > account.free:
        return 6150, {"free": price_text(account.free), "needed": price_text(asked.cash)}
    return None


def cash_to_hold(asked: Asked) -> int:
    """Cash a buy holds from here on, beyond what it holds already."""
    checked, day = asked.checked, asked.books.day
    if day is None:
        raise NotFoundError("day")
    if checked.action == NEW and checked.side == BUY:
        tenant = asked.found_tenant().fact
        assert tenant is not None
        ppm, minimum = asked.books.schedule(asked.found_account().fact, tenant, checked.segment)
        value = asked.ceiling() * checked.quantity
        return value + commission(value, ppm, minimum, day.commission_rounding)
    if checked.action == REPRICE:
        order = asked.found_target()
        if order.side == BUY and checked.price > order.ceiling:
            return cash_needed(order, checked.price, day.commission_rounding) - order.held_cash
    return 0


def day_trade_right(asked: Asked) -> Refusal | None:
    checked = asked.checked
    if checked.action != NEW or checked.side != SELL:
        return None
    sellable = asked.books.sellable(asked.found_account(), checked.code, odd_lot=checked.segment in ODD_LOTS)
    if checked.quantity > sellable:
        return 6152, {"sellable": sellable}
    return None


def order_number_left(asked: Asked) -> Refusal | None:
    if asked.checked.action != NEW:
        return None
    tenant = asked.found_tenant()
    terminal = tenant.terminals.get(_CHANNELS[asked.checked.channel], "")
    if not is_terminal(terminal):
        return 6161, {}
    count = tenant.counters.get(terminal, 0) + 1
    if count > capacity(terminal):
        return 6160, {"terminal": terminal, "capacity": capacity(terminal)}
    asked.terminal = terminal
    asked.order_number = order_number(terminal, count)
    return None


# -- the list ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Check:
    """One named check. `codes`: its refusals, in order; `owner`: who can put it right; `signed`: it looks at the
    signature, so a preview leaves it out."""

    name: str
    codes: tuple[int, ...]
    zh: str
    en: str
    owner: str
    function: Function
    signed: bool = False


CHECKS: Final = (
    Check(
        "tenant",
        (6100,),
        "券商開放（取消、減量不限）",
        "The broker takes orders (cancels and cuts always)",
        "broker",
        tenant_open,
    ),
    Check(
        "key",
        (6101, 6105, 6106),
        "金鑰已登記且有效",
        "The key is the signer's and in force",
        "signer",
        key_active,
        True,
    ),
    Check("signature", (6102,), "簽章", "The signature is right", "signer", signature_right, True),
    Check(
        "certificate",
        (6170, 6171, 6172, 6173, 6174),
        "憑證（取消、減量未有憑證亦可）",
        "The key's certificate is good for this (cancels and cuts also without any)",
        "signer",
        certificate_right,
        True,
    ),
    Check(
        "consent",
        (6175, 6176),
        "憑證使用同意（取消、減量不限）",
        "Its person lets the broker take it (cancels and cuts always)",
        "signer",
        consent_given,
    ),
    Check("account", (6115,), "帳戶", "The account is there for the asker", "signer", account_found),
    Check("fresh", (6103,), "簽署時間", "The signature is fresh", "signer", signature_fresh, True),
    Check("nonce", (6104,), "隨機值未用過", "The nonce is new", "signer", nonce_new, True),
    Check("day", (6109, 6107, 6108), "交易日與模式", "Market day and mode", "signer", date_and_mode),
    Check(
        "entitlement",
        (6110, 6111, 6112),
        "服務（取消、減量不限）、權限與第二因素",
        "Service (cancels and cuts always), right and second factor",
        "broker",
        entitled,
    ),
    Check("customer-instruction", (6113, 6114), "客戶指示", "The customer's instruction", "clerk", customer_told),
    Check("account-state", (6117, 6116, 6118), "帳戶狀態", "State of the account", "broker", account_state),
    Check("odd-lots", (6126,), "零股交易權", "The account trades odd lots", "broker", account_trades_odd_lots),
    Check("credit", (6119,), "交易類別", "Trade kind", "broker", credit_allowed),
    Check("order", (6140, 6141, 6142, 6143), "原委託", "The order to change", "signer", target_open),
    Check("security", (6120, 6121, 6122), "證券", "The security is traded", "exchange", security_traded),
    Check("session", (6123, 6124, 6125), "時段與委託種類", "Session and order kind", "exchange", session_takes_it),
    Check("price", (6133, 6131, 6132, 6130), "漲跌停與升降單位", "Daily limits and tick", "signer", price_valid),
    Check("quantity", (6134, 6135), "交易單位", "Lot and largest quantity", "signer", quantity_valid),
    Check("order-quota", (6136,), "單筆額度", "Limit of one order", "broker", order_quota),
    Check("day-quota", (6137,), "單日買賣額度", "Day's quota", "broker", day_quota),
    Check("cash-or-shares", (6150, 6151), "購買力或庫存", "Buying power or holdings", "signer", cash_or_shares),
    Check("day-trade", (6152,), "當沖資格", "Right to day-trade", "broker", day_trade_right),
    Check("order-number", (6161, 6160), "委託書編號", "Order number", "broker", order_number_left),
)
"""Every check in the order in which it is made."""
