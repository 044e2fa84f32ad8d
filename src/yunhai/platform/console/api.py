"""What the Console does: every change of tenant, matrix, line, pool, pack or member, each with its reason.

A change is one transaction: the row, the fact for the core in the outbox, and the `Change` that says who, when, why and
what stood there before. So a change is in force for the next request here, in the journal a moment later, and on the
audit page for ever. Whoever calls has been let in as an operator; `by` is their person id (None: the system, when an
installation is set up). Refusals are 7360-7377.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from functools import partial
from typing import Any, Final

from django.db import transaction

from yunhai.exchange.rules.loader import load_pack
from yunhai.kernel.errors import YunhaiError
from yunhai.platform.console import packs, rules
from yunhai.platform.console.errors import (
    CELL_UNKNOWN,
    CHANGED_SINCE,
    LINE_NOT_FOUND,
    LINE_TAKEN,
    NOT_UNDOABLE,
    NOTHING_CHANGED,
    PACK_KNOWN,
    TENANT_FIELD,
    TENANT_TAKEN,
    TENANT_UNKNOWN,
)
from yunhai.platform.console.models import Change, Line, Pack, Pool, Terminal
from yunhai.platform.entitlements import api as entitlements
from yunhai.platform.entitlements.models import Cell
from yunhai.platform.outbox.api import put
from yunhai.platform.tenancy.api import tell_tenant
from yunhai.platform.tenancy.models import Branch, Tenant
from yunhai.platform.tenancy.rls import acting
from yunhai.trading.facts import LineSet, PackPublished, PoolSet, TerminalSet
from yunhai.trading.lines.login import verifier_of

TERMINALS: Final[Mapping[str, str]] = {
    "web": "W",
    "mobile": "M",
    "api": "A",
    "desk": "D",
    "keyin": "K",
    "condition": "C",
    "program": "P",
    "fix": "F",
}
"""The terminals a new broker begins with, one a channel."""
TENANT_FIELDS: Final = (
    "code",
    "kind",
    "name_zh",
    "name_en",
    "status",
    "commission_ppm",
    "commission_minimum",
    "commission_minimum_odd_lot",
)


def record(
    subject: str,
    key: str,
    *,
    before: Any,
    after: Any,
    reason: str,
    by: int | None,
    outbox: int = 0,
    undoes: Change | None = None,
) -> Change:
    """Write down a change that is being made in this transaction."""
    return Change.objects.create(
        subject=subject, key=key, before=before, after=after, reason=reason, by_id=by, outbox=outbox, undoes=undoes
    )


# --- the matrix ------------------------------------------------------------------------------------------------------


def standings() -> tuple[rules.Standing, ...]:
    """Every tenant as the matrix sees it."""
    return tuple(rules.Standing(one.pk, tuple(one.columns), one.status) for one in Tenant.objects.order_by("number"))


def cell_state(service: str, column: str) -> rules.CellState:
    """A cell as it stands. YunhaiError 7360."""
    cell = Cell.objects.filter(service=service, column=column).first()
    if cell is None:
        raise YunhaiError(CELL_UNKNOWN, service=service, column=column)
    return rules.CellState(cell.level, tuple(sorted(cell.allowed)))


def cell_reach(service: str, column: str, level: str, allowed: Iterable[int]) -> rules.Reach:
    """Whom a change of a cell would reach; changes nothing. YunhaiError 7360, 7361."""
    before, after = cell_state(service, column), rules.checked_cell(level, allowed)
    others = {
        cell.column: rules.CellState(cell.level, tuple(cell.allowed)) for cell in Cell.objects.filter(service=service)
    }
    return rules.reach(before, after, column=column, tenants=standings(), others=others)


@transaction.atomic
def change_cell(
    service: str,
    column: str,
    level: str,
    allowed: Iterable[int],
    *,
    reason: str,
    by: int | None,
    undoes: Change | None = None,
) -> Change:
    """Set a cell. YunhaiError 7110 (a tenant not of the column), 7360-7363."""
    reason = rules.checked_change(reason)
    before, after = cell_state(service, column), rules.checked_cell(level, allowed)
    if before == after:
        raise YunhaiError(NOTHING_CHANGED)
    entitlements.set_cell(service, column, after.level, after.allowed, by=by or 0)
    return record(
        "cell",
        f"{service} {column}",
        before=before.as_json(),
        after=after.as_json(),
        reason=reason,
        by=by,
        undoes=undoes,
    )


# --- tenants ---------------------------------------------------------------------------------------------------------


def tenant_state(tenant: Tenant) -> rules.TenantState:
    """A tenant as it is edited."""
    return rules.TenantState(columns=tuple(tenant.columns), **{name: getattr(tenant, name) for name in TENANT_FIELDS})


def tenant_named(number: int, *, lock: bool = False) -> Tenant:
    """YunhaiError 7368."""
    found = (Tenant.objects.select_for_update() if lock else Tenant.objects).filter(pk=number).first()
    if found is None:
        raise YunhaiError(TENANT_UNKNOWN)
    return found


@transaction.atomic
def add_tenant(
    state: rules.TenantState,
    *,
    reason: str,
    by: int | None,
    number: int = 0,
    terminals: Mapping[str, str] = TERMINALS,
) -> Tenant:
    """A new tenant; a broker gets its terminals. `number` 0: the next free one. YunhaiError 7362, 7366, 7367."""
    reason, state = rules.checked_change(reason), rules.checked_tenant(state)
    if Tenant.objects.filter(code=state.code).exists():
        raise YunhaiError(TENANT_TAKEN, code=state.code)
    last = Tenant.objects.order_by("-number").values_list("number", flat=True).first() or 0
    tenant = Tenant(pk=number or last + 1, **asdict(replace(state, columns=tuple(state.columns))))
    tenant.columns = list(state.columns)
    tenant.save(force_insert=True)
    outbox = tell_tenant(tenant, by=by or 0)
    if state.kind == "broker":
        for channel, terminal in terminals.items():
            Terminal.objects.create(tenant=tenant, channel=channel, terminal=terminal)
            put(TerminalSet(tenant=tenant.pk, channel=channel, terminal=terminal), tenant=tenant.pk, by=by or 0)
    record("tenant", str(tenant.pk), before=None, after=asdict(state), reason=reason, by=by, outbox=outbox)
    return tenant


@transaction.atomic
def change_tenant(
    number: int,
    state: rules.TenantState,
    *,
    reason: str,
    by: int | None,
    confirm: str = "",
    undoes: Change | None = None,
) -> Change:
    """Edit a tenant. Suspending or closing wants its code typed. YunhaiError 7362, 7363, 7366-7369."""
    reason = rules.checked_change(reason)
    tenant = tenant_named(number, lock=True)
    before = tenant_state(tenant)
    state = rules.checked_tenant(state)
    if state == before:
        raise YunhaiError(NOTHING_CHANGED)
    if state.kind != before.kind:
        raise YunhaiError(TENANT_FIELD, field="kind")
    if Tenant.objects.filter(code=state.code).exclude(pk=number).exists():
        raise YunhaiError(TENANT_TAKEN, code=state.code)
    if before.status == "open" and state.status != "open":
        rules.confirmed(before.code, confirm)
    for name in TENANT_FIELDS:
        setattr(tenant, name, getattr(state, name))
    tenant.columns = list(state.columns)
    tenant.save()
    outbox = tell_tenant(tenant, by=by or 0)
    return record(
        "tenant",
        str(number),
        before=asdict(before),
        after=asdict(state),
        reason=reason,
        by=by,
        outbox=outbox,
        undoes=undoes,
    )


@transaction.atomic
def add_branch(number: int, code: str, name_zh: str, name_en: str, *, reason: str, by: int | None) -> Branch:
    """A new branch of a broker. YunhaiError 7362, 7366, 7367, 7368."""
    reason = rules.checked_change(reason)
    tenant = tenant_named(number)
    rules.checked_branch(code, name_zh)
    with acting(tenant=number, person=by):
        if Branch.objects.filter(code=code).exists():
            raise YunhaiError(TENANT_TAKEN, code=code)
        branch: Branch = Branch.objects.create(tenant=tenant, code=code, name_zh=name_zh, name_en=name_en)
    after = {"code": code, "name_zh": name_zh, "name_en": name_en}
    record("branch", f"{number} {code}", before=None, after=after, reason=reason, by=by)
    return branch


def terminal_of(tenant: int, channel: str) -> str:
    """The terminal of a tenant's channel, "" if it has none."""
    return str(Terminal.objects.filter(tenant=tenant, channel=channel).values_list("terminal", flat=True).first() or "")


# --- lines and pools -------------------------------------------------------------------------------------------------


def _tell_line(line: Line, by: int | None) -> int:
    fact = LineSet(line=line.pk, tenant=line.tenant_id, verifier=bytes(line.verifier), cap=line.cap, status=line.status)
    return put(fact, tenant=line.tenant_id, by=by or 0)


def line_named(line: str, *, lock: bool = False) -> Line:
    """YunhaiError 7342."""
    found = (
        (Line.objects.select_for_update() if lock else Line.objects).filter(pk=line).select_related("tenant").first()
    )
    if found is None:
        raise YunhaiError(LINE_NOT_FOUND, line=line)
    return found


def _line_state(line: Line) -> dict[str, Any]:
    return {"tenant": line.tenant_id, "cap": line.cap, "status": line.status}


@transaction.atomic
def add_line(
    line: str, tenant: int, *, cap: int = 20, reason: str, by: int | None, password: str = ""
) -> tuple[Line, str]:
    """A new line and its password, made here unless given; only its verifier is kept. YunhaiError 7362, 7368, 7370, 7371."""
    reason = rules.checked_change(reason)
    rules.checked_line(line, cap)
    owner = tenant_named(tenant)
    if Line.objects.filter(pk=line).exists():
        raise YunhaiError(LINE_TAKEN, line=line)
    password = password or rules.new_password()
    made = Line.objects.create(line=line, tenant=owner, cap=cap, verifier=verifier_of(line, owner.code, password))
    outbox = _tell_line(made, by)
    record("line", line, before=None, after=_line_state(made), reason=reason, by=by, outbox=outbox)
    return made, password


@transaction.atomic
def change_line(
    line: str, *, cap: int, status: str, reason: str, by: int | None, undoes: Change | None = None
) -> Change:
    """A line's cap and whether it is open. YunhaiError 7342, 7362, 7363, 7371."""
    reason = rules.checked_change(reason)
    rules.checked_line(line, cap, status)
    found = line_named(line, lock=True)
    before = _line_state(found)
    found.cap, found.status = cap, status
    after = _line_state(found)
    if before == after:
        raise YunhaiError(NOTHING_CHANGED)
    found.save(update_fields=["cap", "status"])
    outbox = _tell_line(found, by)
    return record("line", line, before=before, after=after, reason=reason, by=by, outbox=outbox, undoes=undoes)


@transaction.atomic
def new_line_password(line: str, *, reason: str, by: int | None) -> str:
    """Another password for a line; the old one opens nothing from now on. YunhaiError 7342, 7362."""
    reason = rules.checked_change(reason)
    found = line_named(line, lock=True)
    password = rules.new_password()
    found.verifier = verifier_of(line, found.tenant.code, password)
    found.save(update_fields=["verifier"])
    outbox = _tell_line(found, by)
    state = _line_state(found)
    record("line", line, before=state, after={**state, "password": "new"}, reason=reason, by=by, outbox=outbox)
    return password


@transaction.atomic
def set_pool(
    name: str,
    tenants: Iterable[int],
    weights: Mapping[int, int],
    *,
    reason: str,
    by: int | None,
    undoes: Change | None = None,
) -> Change:
    """Make or change a pool. A broker shares one pool: from the others it is taken. YunhaiError 7362, 7363, 7372."""
    reason = rules.checked_change(reason)
    brokers = Tenant.objects.filter(kind="broker").values_list("number", flat=True)
    after = rules.checked_pool(name, tenants, weights, brokers)
    pool = Pool.objects.select_for_update().filter(pk=name).first()
    before = {"tenants": pool.tenants, "weights": pool.weights} if pool else None
    if before == after:
        raise YunhaiError(NOTHING_CHANGED)
    for other in Pool.objects.select_for_update().exclude(pk=name):
        rest = [number for number in other.tenants if number not in after["tenants"]]
        if rest != other.tenants:
            kept = {key: weight for key, weight in other.weights.items() if int(key) in rest}
            _save_pool(other, {"tenants": rest, "weights": kept}, by)
    outbox = _save_pool(pool or Pool(name=name), after, by)
    return record("pool", name, before=before, after=after, reason=reason, by=by, outbox=outbox, undoes=undoes)


def _save_pool(pool: Pool, state: dict[str, Any], by: int | None) -> int:
    pool.tenants, pool.weights = state["tenants"], state["weights"]
    pool.save()
    weights = {int(key): weight for key, weight in pool.weights.items()}
    return put(PoolSet(pool=pool.pk, tenants=tuple(pool.tenants), weights=weights), by=by or 0)


# --- rule packs ------------------------------------------------------------------------------------------------------


@transaction.atomic
def publish_pack(toml: bytes, *, reason: str, by: int | None) -> Pack:
    """Let days use a rule pack from now on; what it is based on is published with it, else no day could read it.
    YunhaiError 2001-2009 (not a pack), 7362, 7373."""
    reason = rules.checked_change(reason)
    bases: dict[str, bytes] = {}

    def base(name: str) -> bytes | None:
        content = packs.base(name)
        if content is not None:
            bases[name] = content
        return content

    pack = load_pack(toml, base=base)
    if _published(pack.id, toml):
        raise YunhaiError(PACK_KNOWN, pack=pack.id)
    for name, content in reversed(bases.items()):  # the one that needs no other comes first
        if not _published(name, content):
            _publish(name, content, reason=reason, by=by)
    return _publish(pack.id, toml, reason=reason, by=by)


def _published(name: str, toml: bytes) -> bool:
    return bool(Pack.objects.filter(pack=name, sha256=hashlib.sha256(toml).digest()).exists())


def _publish(name: str, toml: bytes, *, reason: str, by: int | None) -> Pack:
    digest = hashlib.sha256(toml).digest()
    made = Pack.objects.create(pack=name, sha256=digest, toml=toml, by_id=by)
    outbox = put(PackPublished(pack=name, sha256=digest, toml=toml), by=by or 0)
    record("pack", name, before=None, after={"sha256": digest.hex()}, reason=reason, by=by, outbox=outbox)
    return made


# --- undo ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def undo(change_id: int, *, reason: str, by: int, confirm: str = "") -> Change:
    """Take back a change that nothing has changed since. YunhaiError 7362, 7364, 7365, 7369."""
    change = Change.objects.filter(pk=change_id).first()
    if change is None or change.before is None or change.subject not in _BACK:
        raise YunhaiError(NOT_UNDOABLE, reason="there is no state to go back to", reason_zh="沒有可回復的狀態")
    if Change.objects.filter(undoes=change).exists():
        raise YunhaiError(NOT_UNDOABLE, reason="it was undone already", reason_zh="已復原過")
    later = Change.objects.filter(subject=change.subject, key=change.key, pk__gt=change.pk).exists()
    if later:
        raise YunhaiError(CHANGED_SINCE)
    again = partial(_BACK[change.subject], change.key, change.before, reason=reason, by=by, undoes=change)
    return again(confirm=confirm) if change.subject == "tenant" else again()


def _cell_back(key: str, state: dict[str, Any], **said: Any) -> Change:
    service, column = key.split()
    return change_cell(service, column, state["level"], state["allowed"], **said)


def _tenant_back(key: str, state: dict[str, Any], **said: Any) -> Change:
    now = asdict(tenant_state(tenant_named(int(key))))
    then = now | {name: value for name, value in state.items() if name in now}  # others are not the Console's to set
    return change_tenant(int(key), rules.TenantState(**{**then, "columns": tuple(then["columns"])}), **said)


def _line_back(key: str, state: dict[str, Any], **said: Any) -> Change:
    return change_line(key, cap=state["cap"], status=state["status"], **said)


def _pool_back(key: str, state: dict[str, Any], **said: Any) -> Change:
    return set_pool(key, state["tenants"], {int(number): one for number, one in state["weights"].items()}, **said)


_BACK: Final = {"cell": _cell_back, "tenant": _tenant_back, "line": _line_back, "pool": _pool_back}
