"""Settlement 交割: what each account owes and is owed on which day, and how far each market day has been brought.

`Obligation` is summed inside the database from the ledger's postings (a trigger, like the balances), so a pack that
settles on T+1 instead of T+2 changes nothing here: the posting says its day. `MarketDay` and `Step` are read from the
journal's facts.
"""

from typing import ClassVar

from django.db import models

from yunhai.platform.readings.models import ReadModel


class Obligation(ReadModel):
    """One account, one settlement day, one asset. `owed` to the exchange (a purchase's value, sold shares), `due` from it;
    `settled_owed` and `settled_due` what settlement has moved already; `fee` and `tax` were taken on the trade day."""

    pk = models.CompositePrimaryKey("tenant", "account", "settles_on", "asset")
    account = models.BigIntegerField()
    settles_on = models.DateField()
    asset = models.TextField()
    owed = models.BigIntegerField()
    due = models.BigIntegerField()
    settled_owed = models.BigIntegerField()
    settled_due = models.BigIntegerField()
    fee = models.BigIntegerField()
    tax = models.BigIntegerField()

    written_by: ClassVar[tuple[str, ...]] = ()

    @property
    def net(self) -> int:
        """What comes in (> 0) or must be paid or delivered (< 0) with the exchange."""
        return int(self.due - self.owed)

    @property
    def settled(self) -> bool:
        return bool(self.due - self.owed == self.settled_due - self.settled_owed)


class MarketDay(models.Model):
    """A market day that was opened. Public."""

    day = models.DateField(primary_key=True)
    settles_on = models.DateField()
    pack = models.TextField()
    mode = models.TextField()
    clock = models.TextField()
    sequence = models.BigIntegerField()
    market_ns = models.BigIntegerField()
    wall_ns = models.BigIntegerField()

    written_by: ClassVar[tuple[str, ...]] = ("reader",)


class Step(models.Model):
    """A step of closing or settling a day that is done. Public."""

    pk = models.CompositePrimaryKey("day", "step")
    day = models.DateField()
    step = models.TextField()
    sequence = models.BigIntegerField()
    by = models.BigIntegerField()
    market_ns = models.BigIntegerField()
    wall_ns = models.BigIntegerField()

    written_by: ClassVar[tuple[str, ...]] = ("reader",)
    append_only: ClassVar[bool] = True
