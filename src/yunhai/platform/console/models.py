"""What the Console keeps itself: exchange lines, pools, published rule packs, and why each change was made.

Tenants, the matrix and people have their own apps; the Console only edits them. Every edit, of whatever it is, leaves a
`Change`: who, when, why, and both states, in the same transaction as the edit and its outbox row. A change is never
edited; undoing one is another change that names it.

The database shows lines to their owner and everything to the exchange's operators; nobody reads a verifier back into a
page: the password it proves was shown once.
"""

from typing import ClassVar, Final

import pghistory
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from yunhai.kernel.limits import CHANGE_REASON_CHARACTERS_MAX, LINE_CAP_MAX
from yunhai.platform.tenancy.models import Tenant, choices

LINE_STATUSES: Final = ("open", "closed")
SUBJECTS: Final = ("tenant", "branch", "cell", "line", "pool", "pack", "member", "session", "day", "profile")
OPERATOR_SEES: Final = (
    "(yunhai_sees(0) AND EXISTS (SELECT 1 FROM tenancy_tenant t"
    " WHERE t.number = yunhai_tenant() AND t.kind = 'exchange'))"
)
"""Shows a row to staff working in the exchange's own tenant."""


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent(), exclude=["verifier"])
class Line(models.Model):
    """An exchange line 線路. `verifier` proves line + broker + password; `cap` in orders a second."""

    line = models.CharField(primary_key=True, max_length=2, validators=[RegexValidator(r"\A[0-9A-Z]{2}\Z")])
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    cap = models.IntegerField(default=20, validators=[MinValueValidator(1), MaxValueValidator(LINE_CAP_MAX)])
    status = models.CharField(max_length=6, choices=choices(LINE_STATUSES), default="open")
    verifier = models.BinaryField()
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("line",)

    def __str__(self) -> str:
        return self.line


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Pool(models.Model):
    """The brokers who share their lines; `weights` by tenant number as text, 1 where none is said."""

    name = models.CharField(primary_key=True, max_length=20, validators=[RegexValidator(r"\A[a-z][a-z0-9-]{0,19}\Z")])
    tenants = models.JSONField(default=list)
    weights = models.JSONField(default=dict)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Terminal(models.Model):
    """Which terminal 櫃號 a tenant's channel takes its order numbers from: one or two base-62 digits."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    channel = models.CharField(max_length=10)
    terminal = models.CharField(max_length=2, validators=[RegexValidator(r"\A[0-9A-Za-z]{1,2}\Z")])

    class Meta:
        ordering = ("tenant_id", "channel")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "channel"], name="terminal_channel_once"),
            models.UniqueConstraint(fields=["tenant", "terminal"], name="terminal_once"),
        ]


class Pack(models.Model):
    """A rule pack that days may use: its bytes as they were published. Public, as rules are."""

    pack = models.CharField(max_length=40)
    sha256 = models.BinaryField(max_length=32)
    toml = models.BinaryField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField(auto_now_add=True)

    append_only: ClassVar[bool] = True

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["pack", "sha256"], name="console_pack_once"),
        ]


class Change(models.Model):
    """One decision made in the Console. `before` and `after` are whole states without secrets; `outbox` the row by which
    the core learned it (0: nothing for the core); `undoes` the change it takes back; `by` nobody: the
    system itself, when an installation is set up."""

    subject = models.CharField(max_length=8, choices=choices(SUBJECTS))
    key = models.CharField(max_length=60)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.CharField(max_length=CHANGE_REASON_CHARACTERS_MAX)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    outbox = models.BigIntegerField(default=0)
    undoes = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="undone_by")
    at = models.DateTimeField(auto_now_add=True)

    append_only: ClassVar[bool] = True

    class Meta:
        ordering = ("-id",)
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["subject", "key"], name="console_change_subject")]
