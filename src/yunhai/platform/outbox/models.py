"""The outbox: one row per decision the core must learn, written in the transaction that decides.

`value` is the fact's JSON (bytes as base64); `number` its number in `yunhai.trading.facts`. The application adds rows and
cannot read them back; the relay, which runs as the reader, posts them in order of id and marks them. A row that the core
refuses for good (a fact of another shape) is marked with the refusal and does not hold up the rest.
"""

from typing import ClassVar

from django.db import models


class Row(models.Model):
    """A fact on its way to the journal."""

    tenant = models.BigIntegerField(default=0)  # 0: of no one tenant
    number = models.IntegerField()
    value = models.JSONField()
    made_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    refused = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["id"], condition=models.Q(sent_at__isnull=True), name="outbox_unsent"),
        ]
