"""Records of how customers gave their orders (委託紀錄), one a call, a visit or a ticket; made once, never altered.

The order itself carries the record's id, kind and time in its signed text, so that the journal proves which record stood
behind it; this table says whose it was, who handled it and from which number the customer called. Kept five years at
least (phone records one year by TWSE's rules, the electronic order's audit log five; the longest applies), longer while
a dispute lasts: nothing here deletes.
"""

from typing import ClassVar

from django.conf import settings
from django.db import models

from yunhai.kernel.limits import RECORD_ID_CHARACTERS_MAX, RECORD_NOTE_CHARACTERS_MAX
from yunhai.platform.tenancy.models import TenantModel, choices

KINDS = ("phone", "in_person", "written")


class Record(TenantModel):
    """One record. `at` when the customer spoke or wrote; `caller` the number of a phone call."""

    account = models.BigIntegerField()
    kind = models.CharField(max_length=9, choices=choices(KINDS))
    record_id = models.CharField(max_length=RECORD_ID_CHARACTERS_MAX)
    at = models.DateTimeField()
    caller = models.CharField(max_length=24, blank=True)
    note = models.CharField(max_length=RECORD_NOTE_CHARACTERS_MAX, blank=True)
    handler = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    append_only: ClassVar[bool] = True

    class Meta:
        ordering = ("-at", "-id")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "kind", "record_id"], name="desk_record_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant", "account", "-at"], name="desk_record_client")
        ]
