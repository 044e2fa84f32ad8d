"""From the books and the venue to the API's answers. Reads and changes nothing."""

import time
from collections import Counter
from uuid import UUID

import msgspec

from yunhai.exchange.rules.prices import steps_of
from yunhai.exchange.rules.words import SecurityKind
from yunhai.exchange.venue_config import day_limits
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.money import price_text
from yunhai.kernel.records import Phase
from yunhai.trading.books import state
from yunhai.trading.books.charges import traded
from yunhai.trading.core.core import Core
from yunhai.trading.core.deciding import moment_of
from yunhai.trading.core.market_day import OpenDay
from yunhai.trading.gate.gate import Preview as GatePreview
from yunhai.trading.http.structs import (
    Account,
    CheckSaid,
    Due,
    InstructionSaid,
    Market,
    OrderSaid,
    Position,
    Preview,
    RefusalBody,
    Reserved,
    SecuritySaid,
    TickRow,
)
from yunhai.trading.market import Security
from yunhai.trading.words import Action, Channel, Segment

_SIDES = {1: "buy", 2: "sell"}
_TYPES = {1: "market", 2: "limit"}
_TIMES = {0: "rod", 3: "ioc", 4: "fok"}


def refusal(error: YunhaiError) -> RefusalBody:
    said = error.as_json()
    return RefusalBody(
        code=error.code,
        name=error.entry.name,
        en=error.text("en"),
        zh=error.text("zh"),
        remedy_en=error.entry.remedy_en,
        remedy_zh=error.entry.remedy_zh,
        details=said["details"],  # type: ignore[arg-type]
    )


def queue_of(core: Core, number: int) -> str:
    reason = core.dispatch.pool.reason_of(number, time.monotonic_ns())
    return reason.value if reason is not None else ""


def order(core: Core, held: state.Order) -> OrderSaid:
    average = held.value // held.filled if held.filled else 0
    queued = held.state == state.OrderState.QUEUED
    return OrderSaid(
        order_id=held.order_id,
        order_number=held.order_number,
        account=held.account,
        client_id=str(UUID(bytes=held.client_id)),
        code=held.security,
        segment=Segment(held.segment).word,
        side=_SIDES[held.side],
        order_type=_TYPES[held.order_type],
        time_in_force=_TIMES[held.time_in_force],
        channel=Channel(held.channel).word,
        price=price_text(held.price) if held.price else "",
        quantity=held.quantity,
        leaves=held.leaves,
        filled=held.filled,
        average_price=price_text(average) if average else "",
        value=price_text(held.value),
        commission=price_text(held.fee),
        tax=price_text(held.tax),
        state=held.state,
        reason=held.code,
        queue=queue_of(core, held.order_id) if queued else "",
        reserved=Reserved(cash=price_text(held.held_cash), shares=held.held_shares),
        accepted_at=moment_of(held.wall),
        market_time=moment_of(held.time),
        changed_at=moment_of(held.changed),
        sequence=held.sequence,
        instructions=tuple(
            InstructionSaid(
                number=one.number,
                action=Action(one.action).word,
                price=price_text(one.price) if one.price else "",
                quantity=one.quantity,
                queue=queue_of(core, one.number),
            )
            for one in held.pending
        ),
    )


def account(core: Core, held: state.Account) -> Account:
    books = core.books
    fact = held.fact
    return Account(
        mode=core.mode,
        account=fact.account,
        tenant=fact.tenant,
        branch=fact.branch,
        number=fact.number,
        status=fact.status,
        buying_power=price_text(held.free),
        reserved=price_text(held.reserved),
        withdrawable=price_text(books.withdrawable(held)),
        day_quota=price_text(fact.day_quota) if fact.day_quota else "",
        day_quota_used=price_text(held.quota_used),
        commission_today=price_text(held.fees),
        tax_today=price_text(held.taxes),
        positions=tuple(_position(core, held, code) for code in sorted(held.positions)),
        unsettled=tuple(
            Due(date=date, cash=price_text(due.cash), shares={code: n for code, n in sorted(due.shares.items()) if n})
            for date, due in sorted(held.unsettled.items())
        ),
        market_time=moment_of(core.clock.now()),
    )


def _position(core: Core, held: state.Account, code: str) -> Position:
    position = held.positions[code]
    quantity = position.quantity
    return Position(
        code=code,
        free=position.free,
        reserved=position.reserved,
        bought_today=position.bought,
        sold_today=position.sold,
        sellable=core.books.sellable(held, code),
        sellable_odd_lot=core.books.sellable(held, code, odd_lot=True),
        cost=price_text(position.cost),
        average_cost=price_text(position.cost // quantity) if quantity else "",
        realised=price_text(position.realised),
    )


def preview(core: Core, found: GatePreview) -> Preview:
    cost, first = found.cost, found.first
    error = first.error() if first is not None else None
    checks = []
    for verdict in found.verdicts:
        refused = verdict.error()
        checks.append(
            CheckSaid(
                check=verdict.name,
                zh=verdict.zh,
                en=verdict.en,
                verdict=verdict.verdict,
                error=refusal(refused) if refused is not None else None,
            )
        )
    return Preview(
        mode=core.mode,
        checks=tuple(checks),
        error=refusal(error) if error is not None else None,
        price=price_text(cost.price) if cost.price else "",
        value=price_text(cost.value),
        commission=price_text(cost.commission),
        tax=price_text(cost.tax),
        total=price_text(cost.total),
        reserved=Reserved(cash=price_text(cost.reserved_cash), shares=cost.reserved_shares),
        buying_power_after=price_text(cost.buying_power_after),
        sellable_after=cost.sellable_after,
        market_time=moment_of(core.clock.now()),
    )


def securities(day: OpenDay) -> dict[str, SecuritySaid]:
    """Every security of the day; the same all day but for suspensions."""
    return {code: _security(day, held) for code, held in day.market.securities.items()}


def _security(day: OpenDay, held: Security) -> SecuritySaid:
    listed = held.listed
    instrument = traded(listed)
    limits = day_limits(day.pack, instrument)
    board = held.books.get(int(Segment.BOARD))
    return SecuritySaid(
        code=listed.code,
        name=listed.name,
        kind=listed.kind,
        reference=price_text(listed.reference),
        limit_up=price_text(limits.up) if limits.up else "",
        limit_down=price_text(limits.down) if limits.down else "",
        lot=board.lot if board is not None else 1,
        day_trade=listed.day_trade,
        suspended=listed.suspended,
        segments=tuple(Segment(segment).word for segment in sorted(held.books)),
        ticks=_ticks(day, instrument.kind, limits.down or 0, limits.up or 0),
    )


def _ticks(day: OpenDay, kind: SecurityKind, low: int, high: int) -> tuple[TickRow, ...]:
    """The steps that prices from `low` to `high` (0: no end) need."""
    steps = steps_of(day.pack, kind)
    needed = []
    for place, step in enumerate(steps):
        ends = steps[place + 1].at if place + 1 < len(steps) else None
        if (high and step.at > high) or (ends is not None and ends <= low):
            continue
        needed.append(TickRow(price=price_text(step.at), tick=price_text(step.tick)))
    return tuple(needed)


def market(core: Core, day: OpenDay, known: dict[str, SecuritySaid], codes: list[str]) -> Market:
    phases: dict[str, Counter[int]] = {}
    for number, place in enumerate(day.plan.books):
        phases.setdefault(place.program.segment.value, Counter())[day.phase_of(number)] += 1
    held = core.books.day
    halted = held.halted if held is not None else {}
    chosen = [known[code] for code in codes if code in known] if codes else list(known.values())
    return Market(
        mode=core.mode,
        date=day.opened.date,
        market_time=moment_of(core.clock.now()),
        clock=core.clock.kind,
        pack=day.opened.pack,
        settles_on=day.opened.settles_on,
        phases={segment: Phase(count.most_common(1)[0][0]).name.lower() for segment, count in phases.items()},
        securities=tuple(_halted(one, halted) for one in chosen),
    )


def _halted(one: SecuritySaid, halted: dict[str, bool]) -> SecuritySaid:
    on = halted.get(one.code)
    if on is None or on == one.suspended:
        return one
    return msgspec.structs.replace(one, suspended=on)
