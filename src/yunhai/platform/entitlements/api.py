"""Asking and changing the service matrix.

`entitled` reads the table each time, in the request's transaction: a cell that is switched off is off for the very next
request. A change writes the cell, the fact for the core (`CellSet`) and, by trigger, who changed it and when.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from yunhai.kernel.errors import YunhaiError
from yunhai.platform.entitlements.models import LEVELS, Cell
from yunhai.platform.errors import CELL_NOT_NAMED
from yunhai.platform.outbox.api import put
from yunhai.platform.tenancy.models import Tenant
from yunhai.trading.facts import CellSet


@dataclass(frozen=True, slots=True, kw_only=True)
class CellView:
    """One cell as others see it."""

    service: str
    column: str
    level: str
    allowed: tuple[int, ...]

    def opens_to(self, tenant: int) -> bool:
        """Whether a tenant of this column has the service."""
        return self.level != "none" and (not self.allowed or tenant in self.allowed or self.level == "full")


def cells() -> tuple[CellView, ...]:
    """The whole matrix."""
    return tuple(_view(cell) for cell in Cell.objects.order_by("service__position", "column"))


def open_services(tenant: Tenant | None) -> frozenset[str]:
    """Numbers of the services that a tenant has: by any of the columns it stands in."""
    if tenant is None or tenant.status != "open":
        return frozenset()
    found = Cell.objects.filter(column__in=tenant.columns).exclude(level="none")
    return frozenset(cell.service_id for cell in found if _view(cell).opens_to(tenant.pk))


def entitled(tenant: Tenant | None, service: str) -> bool:
    """Whether a tenant has one service."""
    if tenant is None or tenant.status != "open":
        return False
    found = Cell.objects.filter(service=service, column__in=tenant.columns)
    return any(_view(cell).opens_to(tenant.pk) for cell in found)


def set_cell(service: str, column: str, level: str, allowed: Iterable[int] = (), *, by: int) -> CellView:
    """Change one cell. CELL_NOT_NAMED for an unknown cell, level or tenant, or names on a full or empty cell."""
    named = tuple(sorted(set(allowed)))
    if level not in LEVELS or (named and level in ("full", "none")):
        raise YunhaiError(CELL_NOT_NAMED, what=f"{service} {column} {level}")
    cell = Cell.objects.select_for_update().filter(service=service, column=column).first()
    if cell is None or Tenant.objects.filter(pk__in=named, columns__contains=[column]).count() != len(named):
        raise YunhaiError(CELL_NOT_NAMED, what=f"{service} {column} {level}")
    if (cell.level, tuple(cell.allowed)) != (level, named):
        cell.level, cell.allowed, cell.changed_by = level, list(named), by
        cell.save()
        put(CellSet(service=service, column=column, level=level, allowed=named), by=by)
    return _view(cell)


def announce(*, by: int = 0) -> int:
    """Put every cell into the outbox, for a core that has not heard of the matrix yet. Returns how many."""
    views = cells()
    for view in views:
        put(CellSet(service=view.service, column=view.column, level=view.level, allowed=view.allowed), by=by)
    return len(views)


def _view(cell: Cell) -> CellView:
    return CellView(service=cell.service_id, column=cell.column, level=cell.level, allowed=tuple(cell.allowed))
