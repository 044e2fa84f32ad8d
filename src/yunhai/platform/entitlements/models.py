"""The service matrix (study fig. 4.2.5) as the live table: services down, columns of tenants across.

A cell's level says how a column's tenants have a service: full ●, partial ◐, external ○, none –. A partial or external
cell may name tenants, who then are the only ones; naming nobody means the whole column.
"""

from typing import ClassVar, Final

from django.contrib.postgres.fields import ArrayField
from django.db import models

from yunhai.platform.tenancy.models import COLUMNS, audited, choices

LEVELS: Final = ("full", "partial", "external", "none")


class Service(models.Model):
    """A row of the matrix."""

    number = models.CharField(primary_key=True, max_length=5)
    name_zh = models.CharField(max_length=40)
    name_en = models.CharField(max_length=60)
    in_figure = models.BooleanField(default=True)  # 2.1-2.5 are in the study, not in its figure
    built = models.BooleanField(default=False)  # whether this release has it
    position = models.IntegerField()

    class Meta:
        ordering = ("position",)


@audited()
class Cell(models.Model):
    """One cell of the matrix."""

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="cells")
    column = models.CharField(max_length=14, choices=choices(COLUMNS))
    level = models.CharField(max_length=10, choices=choices(LEVELS), default="none")
    allowed = ArrayField(models.BigIntegerField(), default=list, blank=True)
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["service", "column"], name="cell_once"),
        ]
