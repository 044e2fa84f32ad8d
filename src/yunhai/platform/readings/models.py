"""The base of a reading's rows."""

from typing import ClassVar

from django.db import models

from yunhai.platform.tenancy.models import Tenant, TenantModel


class ReadModel(TenantModel):
    """A row that the reader makes from the journal. The tenant is the journal's word and is not looked up row by row: a
    foreign key's check would cost more than the row."""

    tenant = models.ForeignKey(
        Tenant, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )

    written_by: ClassVar[tuple[str, ...]] = ("reader",)

    class Meta:
        abstract = True
