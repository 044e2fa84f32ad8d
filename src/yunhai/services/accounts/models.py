"""Accounts 帳戶: the control plane's record of them, and what the reader derives about what they hold.

An account's number is its key here and in the journal. Opening one or changing its limits writes the core's fact into
the outbox in the same transaction (`api.py`): the core decides by its own copy. `Position` and `HoldingDay` are readings:
cost and realised result as the books keep them (average cost 均價), amounts in 1/10,000 NT$.
"""

from typing import ClassVar, Final

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from yunhai.kernel.limits import CHARGE_PPM_MAX, MONEY_MAX
from yunhai.platform.readings.models import ReadModel
from yunhai.platform.tenancy.models import Branch, TenantModel, choices

STATUSES: Final = ("open", "sell_only", "frozen", "closed")
DAY_TRADES: Final = ("none", "buy_first")
PURPOSES: Final = ("trading", "statements", "research", "marketing")

_money = (MinValueValidator(0), MaxValueValidator(MONEY_MAX))


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Account(TenantModel):
    """A customer's account at a broker. `person` is empty where it stands for a branch's customers as one."""

    id = models.BigAutoField(primary_key=True)
    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=7, validators=[RegexValidator(r"\A[0-9]{7}\Z")])
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    status = models.CharField(max_length=10, choices=choices(STATUSES), default="open")
    day_quota = models.BigIntegerField(default=0, validators=_money)
    order_quota = models.BigIntegerField(default=0, validators=_money)
    day_trade = models.CharField(max_length=10, choices=choices(DAY_TRADES), default="none")
    credit = ArrayField(models.CharField(max_length=6), default=list)
    commission_ppm = models.IntegerField(
        default=-1, validators=[MinValueValidator(-1), MaxValueValidator(CHARGE_PPM_MAX)]
    )
    odd_lot = models.BooleanField(default=True)
    opened_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("branch__code", "number")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "branch", "number"], name="account_number_once"),
        ]

    def __str__(self) -> str:
        return f"{self.branch.code}-{self.number}"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Consent(TenantModel):
    """A person lets a broker use their data for a purpose, until withdrawn."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=12, choices=choices(PURPOSES))
    given_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["tenant", "person", "purpose"],
                condition=models.Q(withdrawn_at__isnull=True),
                name="consent_once",
            ),
        ]


class Position(ReadModel):
    """What an account holds of a security as the books have it: free and reserved shares, their cost in all, and what
    was realised today. `sequence`: the journal's when it was written."""

    pk = models.CompositePrimaryKey("tenant", "account", "security")
    account = models.BigIntegerField()
    security = models.TextField()
    shares = models.BigIntegerField()
    reserved = models.BigIntegerField()
    cost = models.BigIntegerField()
    realised = models.BigIntegerField()
    sequence = models.BigIntegerField()


class HoldingDay(ReadModel):
    """The same at the close of a day, with the closing price. `security` "TWD": cash, `shares` in 1/10,000 NT$."""

    pk = models.CompositePrimaryKey("tenant", "account", "day", "security")
    account = models.BigIntegerField()
    day = models.DateField()
    security = models.TextField()
    shares = models.BigIntegerField()
    cost = models.BigIntegerField()
    close = models.IntegerField()
    realised = models.BigIntegerField()
    sequence = models.BigIntegerField()

    append_only: ClassVar[bool] = True
