"""The ledger in SQL: a reading of the journal that the database checks again.

Rows come from the reader only. `Posting` is what the core's books posted, one row a posting, keyed by the journal's
sequence and a line number; `Balance` is summed from them inside the database (`sql.py`); `Offset` says up to where a
reading has read, and moves in the transaction of the rows. Amounts are 1/10,000 NT$ or shares, always positive.
"""

from typing import ClassVar

from django.db import models

from yunhai.platform.readings.models import ReadModel


class Posting(ReadModel):
    """One movement of an asset between two buckets. `asset` "TWD" or a security's code; `day` the market day it was made
    in (none before the first), `settles_on` the settlement day of a trade's value and shares."""

    pk = models.CompositePrimaryKey("sequence", "line")
    sequence = models.BigIntegerField()
    line = models.SmallIntegerField()
    account = models.BigIntegerField()
    kind = models.SmallIntegerField()
    asset = models.TextField()
    debit = models.SmallIntegerField()
    credit = models.SmallIntegerField()
    amount = models.BigIntegerField()
    order_id = models.BigIntegerField()
    trade = models.BigIntegerField()
    settles_on = models.DateField(null=True)
    day = models.DateField(null=True)

    append_only: ClassVar[bool] = True

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant", "account", "sequence"], name="posting_account"),
        ]


class Balance(ReadModel):
    """What a bucket holds: credits less debits. `account` 0: the house's."""

    pk = models.CompositePrimaryKey("tenant", "account", "bucket", "asset")
    account = models.BigIntegerField()
    bucket = models.SmallIntegerField()
    asset = models.TextField()
    balance = models.BigIntegerField()

    written_by: ClassVar[tuple[str, ...]] = ()  # nobody: the trigger, which runs as the owner


class Offset(models.Model):
    """Up to where a reading has read: the last sequence, its commit group and that group's chain hash."""

    name = models.CharField(max_length=20, primary_key=True)
    journal = models.BinaryField(max_length=16)
    sequence = models.BigIntegerField(default=0)
    group = models.BigIntegerField(default=0)
    chain = models.BinaryField(max_length=32)
    wall_ns = models.BigIntegerField(default=0)
    postings = models.BigIntegerField(default=0)

    written_by: ClassVar[tuple[str, ...]] = ("reader",)
