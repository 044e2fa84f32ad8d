"""The look-up register 查詢登記: who looked at which customer, when and why.

What was changed is in the event tables that triggers keep beside every tracked table; what was looked at is here, one
row a look, numbered per tenant without a gap, added and never altered.
"""

from typing import ClassVar

from django.conf import settings
from django.db import models

from yunhai.platform.tenancy.models import TenantModel


class Lookup(TenantModel):
    """One look at a customer's data. `reason` is a word of `rules.REASONS`; no free text, no names."""

    serial = models.BigIntegerField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    account = models.BigIntegerField()
    reason = models.CharField(max_length=20)
    reference = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    append_only: ClassVar[bool] = True

    class Meta:
        ordering = ("-serial",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "serial"], name="lookup_serial_once"),
        ]
