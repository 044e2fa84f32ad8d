"""What the Console decides, purely: which change is well formed, whom it reaches, whether it may be taken back.

A change of the matrix reaches the tenants of its column that are named by it or, naming nobody, all of them. Suspending
or closing a tenant and switching a service off for somebody reach so far that their word must be typed.
"""

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import (
    CHANGE_REASON_CHARACTERS_MAX,
    CHANGE_REASON_CHARACTERS_MIN,
    CHARGE_PPM_MAX,
    LINE_CAP_MAX,
    LINE_WEIGHT_MAX,
    MONEY_MAX,
)
from yunhai.platform.console.errors import (
    LEVEL_UNKNOWN,
    LINE_FIELD,
    NOT_CONFIRMED,
    POOL_FIELD,
    REASON_SHORT,
    TENANT_FIELD,
)

LEVELS: Final = ("full", "partial", "external", "none")
COLUMNS: Final = ("exchange", "public", "brokerage", "proprietary", "underwriting")
KINDS: Final = ("exchange", "broker", "issuer", "vendor")
STATUSES: Final = ("open", "suspended", "closed")
MARKS: Final = {"full": "●", "partial": "◐", "external": "○", "none": "–"}
LEGIBLE: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz"
"""Without 0 O 1 I l: a line's password is read out and typed once."""
PASSWORD_CHARACTERS: Final = 20


def checked_change(reason: str) -> str:
    """Why something is changed, spaces trimmed. YunhaiError 7362."""
    reason = " ".join(reason.split())
    if not CHANGE_REASON_CHARACTERS_MIN <= len(reason) <= CHANGE_REASON_CHARACTERS_MAX:
        raise YunhaiError(REASON_SHORT, least=CHANGE_REASON_CHARACTERS_MIN, most=CHANGE_REASON_CHARACTERS_MAX)
    return reason


@dataclass(frozen=True, slots=True)
class CellState:
    """A cell of the matrix: its level, and the tenants it names (none: the whole column)."""

    level: str
    allowed: tuple[int, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"level": self.level, "allowed": list(self.allowed)}


@dataclass(frozen=True, slots=True)
class Standing:
    """A tenant as the matrix sees it."""

    number: int
    columns: tuple[str, ...]
    status: str = "open"


def checked_cell(level: str, allowed: Iterable[int]) -> CellState:
    """A cell as it is stored: named tenants sorted, only where a level may name any. YunhaiError 7361."""
    if level not in LEVELS:
        raise YunhaiError(LEVEL_UNKNOWN, level=level)
    named = tuple(sorted(set(allowed))) if level in ("partial", "external") else ()
    return CellState(level, named)


def has(cell: CellState, column: str, tenant: Standing) -> bool:
    """Whether a cell gives its service to a tenant."""
    if column not in tenant.columns or cell.level == "none":
        return False
    return not cell.allowed or tenant.number in cell.allowed


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom a change of one cell gives the service and whom it takes it from, by tenant number, ascending."""

    gains: tuple[int, ...]
    loses: tuple[int, ...]


def reach(
    before: CellState,
    after: CellState,
    *,
    column: str,
    tenants: Sequence[Standing],
    others: Mapping[str, CellState],
) -> Reach:
    """Whom a change reaches. `others`: the same service's cells of the other columns: a tenant in two columns that has
    the service by the other one neither gains nor loses it."""
    gains: list[int] = []
    loses: list[int] = []
    for tenant in sorted(tenants, key=lambda one: one.number):
        if any(has(cell, other, tenant) for other, cell in others.items() if other != column):
            continue
        had, will_have = has(before, column, tenant), has(after, column, tenant)
        if will_have and not had:
            gains.append(tenant.number)
        if had and not will_have:
            loses.append(tenant.number)
    return Reach(tuple(gains), tuple(loses))


def confirmed(word: str, typed: str) -> None:
    """YunhaiError 7369 unless the word was typed."""
    if typed.strip().upper() != word.upper():
        raise YunhaiError(NOT_CONFIRMED, word=word)


_CODE: Final = re.compile(r"[0-9A-Z]{4}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantState:
    """A tenant as it is edited; amounts in 1/10,000 NT$."""

    code: str
    kind: str
    name_zh: str
    name_en: str
    columns: tuple[str, ...]
    status: str
    commission_ppm: int
    commission_minimum: int
    commission_minimum_odd_lot: int


def checked_tenant(state: TenantState) -> TenantState:
    """YunhaiError 7366 with the first field that is wrong."""
    wrong = {
        "code": not _CODE.fullmatch(state.code),
        "kind": state.kind not in KINDS,
        "name_zh": not 1 <= len(state.name_zh.strip()) <= 80,
        "name_en": not 1 <= len(state.name_en.strip()) <= 120,
        "columns": not set(state.columns) <= set(COLUMNS) or len(set(state.columns)) != len(state.columns),
        "status": state.status not in STATUSES,
        "commission_ppm": not 0 <= state.commission_ppm <= CHARGE_PPM_MAX,
        "commission_minimum": not 0 <= state.commission_minimum <= MONEY_MAX,
        "commission_minimum_odd_lot": not 0 <= state.commission_minimum_odd_lot <= MONEY_MAX,
    }
    if state.kind == "broker" and not state.columns:
        wrong["columns"] = True
    if ("exchange" in state.columns) != (state.kind == "exchange"):
        wrong["columns"] = True
    for field, bad in wrong.items():
        if bad:
            raise YunhaiError(TENANT_FIELD, field=field)
    return state


_LINE: Final = re.compile(r"[0-9A-Z]{2}")
_BRANCH: Final = re.compile(r"[0-9A-Za-z]{4}")
_POOL: Final = re.compile(r"[a-z][a-z0-9-]{0,19}")


def checked_line(line: str, cap: int, status: str = "open") -> None:
    """YunhaiError 7371."""
    if not _LINE.fullmatch(line):
        raise YunhaiError(LINE_FIELD, field="line")
    if status not in ("open", "closed"):
        raise YunhaiError(LINE_FIELD, field="status")
    if not 1 <= cap <= LINE_CAP_MAX:
        raise YunhaiError(LINE_FIELD, field="cap")


def checked_branch(code: str, name_zh: str) -> None:
    """YunhaiError 7366."""
    if not _BRANCH.fullmatch(code):
        raise YunhaiError(TENANT_FIELD, field="code")
    if not 1 <= len(name_zh.strip()) <= 80:
        raise YunhaiError(TENANT_FIELD, field="name_zh")


def checked_pool(
    name: str, tenants: Iterable[int], weights: Mapping[int, int], brokers: Iterable[int]
) -> dict[str, Any]:
    """A pool's members and weights as they are stored; weights of 1 are not kept. YunhaiError 7372."""
    members = sorted(set(tenants))
    if not _POOL.fullmatch(name):
        raise YunhaiError(POOL_FIELD, field="name")
    if not set(members) <= set(brokers):
        raise YunhaiError(POOL_FIELD, field="tenants")
    if not set(weights) <= set(members) or not all(1 <= weight <= LINE_WEIGHT_MAX for weight in weights.values()):
        raise YunhaiError(POOL_FIELD, field="weights")
    return {
        "tenants": members,
        "weights": {str(number): weight for number, weight in sorted(weights.items()) if weight != 1},
    }


def new_password() -> str:
    """A line's password, about 116 random bits, shown once."""
    return "".join(secrets.choice(LEGIBLE) for _ in range(PASSWORD_CHARACTERS))
