"""From what a form sends to what a rule takes, and back: text in, whole numbers and states out. Nothing is decided here."""

from collections.abc import Iterable
from typing import Any, Final

from django.http import QueryDict

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.money import decimal_text, money_of
from yunhai.platform.console.errors import TENANT_FIELD
from yunhai.platform.console.models import Change
from yunhai.platform.console.rules import COLUMNS, KINDS, STATUSES, CellState, TenantState
from yunhai.platform.console.words import (
    column_names,
    field_names,
    kind_names,
    level_names,
    role_names,
    status_names,
    subject_names,
)
from yunhai.platform.tenancy.models import Tenant

MONEY: Final = ("commission_minimum", "commission_minimum_odd_lot")
TENANTS: Final = ("tenant", "tenants")
"""Fields that hold tenants' numbers: people know them by code."""
TEXTS: Final = ("code", "kind", "name_zh", "name_en", "status", "commission_ppm", *MONEY)


def whole(text: str) -> int:
    """A whole number of at most 18 digits; 0 for anything else, which no rule takes."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0


# --- tenants ---------------------------------------------------------------------------------------------------------


def tenant_values(tenant: Tenant | None) -> dict[str, Any]:
    """What the form of a tenant begins with; money in NT$."""
    found = tenant or Tenant(kind="broker", columns=["brokerage"])
    values: dict[str, Any] = {name: str(getattr(found, name)) for name in TEXTS}
    values |= {name: decimal_text(getattr(found, name)) for name in MONEY}
    return values | {"columns": list(found.columns)}


def tenant_posted(said: QueryDict) -> dict[str, Any]:
    """What was sent, to show again or to read."""
    return {name: said.get(name, "").strip() for name in TEXTS} | {"columns": said.getlist("columns")}


def tenant_state(values: dict[str, Any]) -> TenantState:
    """The state that a form's values say. YunhaiError 7366 for an amount that is none."""
    money = {}
    for name in MONEY:
        try:
            money[name] = int(money_of(values[name]))
        except YunhaiError:
            raise YunhaiError(TENANT_FIELD, field=name) from None
    if not values["commission_ppm"].isdigit():
        raise YunhaiError(TENANT_FIELD, field="commission_ppm")
    return TenantState(
        code=values["code"].upper(),
        kind=values["kind"],
        name_zh=values["name_zh"],
        name_en=values["name_en"],
        columns=tuple(column for column in COLUMNS if column in values["columns"]),
        status=values["status"] or "open",
        commission_ppm=whole(values["commission_ppm"]),
        **money,
    )


def tenant_choices(values: dict[str, Any]) -> dict[str, Any]:
    """Choices of the form with their names, the chosen marked."""

    def marked(words: tuple[str, ...], names: dict[str, str], chosen: list[str]) -> list[dict[str, Any]]:
        return [{"word": word, "name": names[word], "chosen": word in chosen} for word in words]

    return {
        "kinds": marked(KINDS, kind_names(), [values["kind"]]),
        "statuses": marked(STATUSES, status_names(), [values["status"]]),
        "columns": marked(COLUMNS, column_names(), values["columns"]),
    }


# --- matrix and pools ------------------------------------------------------------------------------------------------


def cell_posted(said: QueryDict) -> CellState:
    """The cell that a form says, as it is stored."""
    level = said.get("level", "")
    named = tuple(sorted({whole(text) for text in said.getlist("allowed")}))
    return CellState(level, named if level in ("partial", "external") else ())


def pool_posted(said: QueryDict) -> tuple[list[int], dict[int, int]]:
    """Members and their weights."""
    members = [whole(text) for text in said.getlist("tenants")]
    return members, {number: whole(said.get(f"weight-{number}", "1") or "1") for number in members}


# --- changes ---------------------------------------------------------------------------------------------------------


def subjects() -> list[dict[str, str]]:
    """What changes can be looked for."""
    return [{"word": word, "name": name} for word, name in subject_names().items()]


def change_row(change: Change) -> dict[str, Any]:
    """A change as the audit page shows it: its fields that differ, as text, before and after."""
    before, after = change.before or {}, change.after or {}
    names = field_names()
    differs = [
        {"name": names.get(key, key), "before": _text(key, before.get(key)), "after": _text(key, after.get(key))}
        for key in {**before, **after}
        if before.get(key) != after.get(key)
    ]
    undone = getattr(change, "undone_by", None)
    return {
        "of": change,
        "subject": subject_names().get(change.subject, change.subject),
        "key": _key(change),
        "differs": differs,
        "undone": undone,
        "undoable": change.before is not None
        and undone is None
        and change.subject in ("cell", "tenant", "line", "pool"),
        "confirm": before.get("code", "") if before.get("status") != "open" and after.get("status") == "open" else "",
    }


def _key(change: Change) -> str:
    if change.subject == "cell":
        service, column = change.key.split(" ", 1)
        return f"{service} {column_names().get(column, column)}"
    return change.key


def _codes(numbers: Iterable[Any]) -> dict[str, str]:
    """Tenant number to code, of those that are known."""
    asked = [int(one) for one in numbers if str(one).isdigit()]
    return {str(number): code for number, code in Tenant.objects.filter(pk__in=asked).values_list("pk", "code")}


def _text(key: str, value: Any) -> str:
    if value is None:
        return "–"
    if key in MONEY:
        return decimal_text(int(value))
    if isinstance(value, dict):
        codes = _codes(value)
        return ", ".join(f"{codes.get(str(one), one)}: {weight}" for one, weight in value.items()) or "–"
    if key in TENANTS:
        numbers = value if isinstance(value, list) else [value]
        codes = _codes(numbers)
        return ", ".join(codes.get(str(one), str(one)) for one in numbers) or "–"
    if isinstance(value, list):
        return ", ".join(column_names().get(str(one), str(one)) for one in value) or "–"
    known = {"level": level_names(), "status": status_names(), "kind": kind_names(), "role": role_names()}
    return known.get(key, {}).get(str(value), str(value))
