"""Commands to the core that are no instructions: facts of the control plane, cash and shares, lines, halts.

Each is checked, applied and appended in one piece of the loop, and answered when it is durable. What is asked again (by
outbox row, by reference) is answered as before and done once.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from yunhai.kernel.errors import YunhaiError
from yunhai.trading import facts
from yunhai.trading.books import commands as wishes
from yunhai.trading.books.changes import sha256
from yunhai.trading.books.commands import Wanted
from yunhai.trading.core import errors
from yunhai.trading.core.core import Core
from yunhai.trading.core.lines import unanswered
from yunhai.trading.facts import (
    AccountSet,
    CashMoved,
    Decided,
    EvidenceSealed,
    Halted,
    LineState,
    Lookup,
    Opening,
    PackPublished,
    SharesMoved,
    Tape,
    TerminalSet,
    Transferred,
)
from yunhai.trading.lines.drill import Break
from yunhai.trading.lines.errors import LOGIN_REFUSED
from yunhai.trading.order_numbers import is_terminal

CONTROL_PLANE: Final = range(1, 100)
_FROM_OUTBOX: Final = frozenset((facts.NUMBERS[Lookup], facts.NUMBERS[EvidenceSealed]))
"""Facts above 99 that the relay may send all the same: they move nothing."""


@dataclass(frozen=True, slots=True)
class Row:
    """An outbox row. `value` is the fact's JSON."""

    outbox: int
    number: int
    tenant: int
    value: dict[str, Any]


def keep(core: Core, fact: Decided, tenant: int) -> int:
    """Apply a fact and append it; its sequence. 3009 of one too large, CORE_HALTED; then nothing is applied."""
    core.require_ready()
    return core.keep_fact(fact, tenant)


def fact_of(row: Row) -> Decided:
    """The fact of an outbox row. FACT_NOT_FROM_OUTBOX, FACT_MALFORMED."""
    if row.number not in CONTROL_PLANE and row.number not in _FROM_OUTBOX:
        raise YunhaiError(errors.FACT_NOT_FROM_OUTBOX, number=row.number)
    try:
        return facts.from_json(row.number, {**row.value, "outbox": row.outbox})
    except (KeyError, msgspec.ValidationError, ValueError) as problem:
        raise YunhaiError(errors.FACT_MALFORMED, reason=str(problem)) from None


def check_fact(core: Core, fact: Decided) -> None:
    """What the books could not take. FACT_MALFORMED."""
    reason = ""
    match fact:
        case AccountSet():
            known = core.books.accounts.get(fact.account)
            if known is not None and known.fact.tenant != fact.tenant:
                reason = f"account {fact.account} belongs to another tenant"
        case PackPublished():
            if sha256(fact.toml) != fact.sha256:
                reason = f"the hash of pack {fact.pack} differs"
        case TerminalSet():
            if not is_terminal(fact.terminal):
                reason = f"terminal {fact.terminal!r}"
        case _:
            pass
    if reason:
        raise YunhaiError(errors.FACT_MALFORMED, reason=reason)


async def take_rows(core: Core, rows: Sequence[Row]) -> list[int]:
    """Outbox rows in order, each once; their sequences, 0 of one taken before. Every row is checked before any is taken.

    FACT_NOT_FROM_OUTBOX, FACT_MALFORMED (nothing taken); CORE_HALTED, CORE_NOT_READY."""
    core.require_ready()
    checked = [(row, fact_of(row)) for row in rows]
    for _, fact in checked:
        check_fact(core, fact)
    sequences = []
    for row, fact in checked:
        check_fact(core, fact)  # a row of this very request may have changed what it must fit
        sequences.append(0 if core.books.taken(row.outbox) else keep(core, fact, row.tenant))
    core.send_on()
    core.arm()
    await core.appender.settled()
    return sequences


async def wish(core: Core, wanted: Wanted) -> int:
    """Journal what a decision wants; its sequence, or that of the first time."""
    if wanted.fact is None:
        await core.appender.settled()
        return wanted.sequence
    sequence = keep(core, wanted.fact, wanted.tenant)
    await core.appender.settled(sequence)
    return sequence


async def move_cash(core: Core, tenant: int, moved: CashMoved) -> int:
    """Deposit or withdraw. 6400-6406, 6410."""
    core.require_ready()
    return await wish(core, wishes.move_cash(core.books, tenant, moved))


async def move_shares(core: Core, tenant: int, moved: SharesMoved) -> int:
    """Shares from or to the depository. 6400-6405, 6407, 6408, 6410."""
    core.require_ready()
    return await wish(core, wishes.move_shares(core.books, tenant, moved))


async def transfer(core: Core, tenant: int, moved: Transferred) -> int:
    """Between two accounts of a tenant. 6400-6410."""
    core.require_ready()
    return await wish(core, wishes.transfer(core.books, tenant, moved))


async def open_balances(core: Core, tenant: int, part: Opening) -> int:
    """A part of an import. 6404, 6411-6413."""
    core.require_ready()
    return await wish(core, wishes.open_balances(core.books, tenant, part))


async def halt(core: Core, code: str, *, on: bool, by: int = 0) -> int:
    """Suspend or resume a security: the fact, then the venue's own records. DAY_NOT_OPEN, SECURITY_UNKNOWN."""
    core.require_ready()
    day = core.open_day()
    if code not in day.market.securities:
        raise YunhaiError(errors.SECURITY_UNKNOWN, code=code)
    sequence = keep(core, Halted(code=code, on=on, by=by, wall_ns=core.wall()), 0)
    core.halt(code, on=on)
    core.arm()
    await core.appender.settled()
    return sequence


async def line_login(core: Core, line: str, broker: str, password: str) -> int:
    """Log a line in; refused with 6300 whatever is wrong: what it is stands in the journal."""
    core.require_ready()
    state = await asyncio.to_thread(core.dispatch.pool.login, line, broker, password)  # a scrypt of some 50 ms
    if core.carrying is not None:
        state = await core.carrying.over_wire((broker, password), state)
        core.require_ready()
        sequence = core.carrying.login(line, (broker, password), state)
    else:
        known = core.books.lines.get(line)
        sequence = keep(core, _dated(core, state), known.tenant if known else 0)
    core.send_on()
    core.arm()
    await core.appender.settled()
    if state.state != "up":
        raise YunhaiError(LOGIN_REFUSED)
    return sequence


async def line_end(core: Core, line: str, *, lost: bool) -> int:
    """A line is lost or logs out; the sequence of that fact. 6300 if there is no such line."""
    core.require_ready()
    known = core.books.lines.get(line)
    if known is None:
        raise YunhaiError(LOGIN_REFUSED)
    if core.carrying is not None:
        sequence = core.carrying.lose(line) if lost else core.carrying.logout(line)
    else:
        sequence = _end_uncapped(core, line, known.tenant, lost=lost)
    core.send_on()
    core.arm()
    await core.appender.settled()
    return sequence


def line_breaks(core: Core, line: str, where: Break) -> int:
    """Have a line break at its next instruction, for drills; the journal's last sequence. 6300 if there is no such line,
    BODY_MALFORMED where caps are lifted and instructions travel on no session."""
    core.require_ready()
    if line not in core.books.lines:
        raise YunhaiError(LOGIN_REFUSED)
    if core.carrying is None:
        raise YunhaiError(errors.BODY_MALFORMED, reason="when: the lines' caps are lifted")
    core.carrying.break_next(line, where)
    return core.appender.next_sequence - 1


def _end_uncapped(core: Core, line: str, tenant: int, *, lost: bool) -> int:
    sequence = keep(core, _dated(core, LineState(line=line, state="lost" if lost else "down")), tenant)
    pool = core.dispatch.pool
    doubtful = [one.waiting.number for one in pool.in_doubt()]
    if doubtful:
        answered = set(doubtful) - {number for number, _, _ in unanswered(core.books)}
        sequence = keep(core, Tape(line=line, known=tuple(sorted(answered))), tenant)
        for number in doubtful:
            pool.recovered(number, known=number in answered)
    return sequence


def _dated(core: Core, state: LineState) -> LineState:
    return msgspec.structs.replace(state, wall_ns=core.wall())
