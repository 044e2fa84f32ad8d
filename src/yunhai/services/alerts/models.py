"""Alerts of a person and what they announced; of that person and of nobody else. The reader arms and fires them."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from yunhai.kernel.limits import ALERT_NOTE_CHARACTERS_MAX, CODE_CHARACTERS_MAX


class Alert(models.Model):
    """One condition on one security. `threshold` by kind: 1/10,000 NT$, 1/100 %, shares, days; 0 where it has none.

    `repeat`: goes on after it fired. `from_sequence`: trades after it count (0 of day kinds); NULL until the reader has armed
    it. `held`: whether the condition held at the last look. `arming` counts how often it was armed. `fired_ns`: market time of
    the last firing of this arming. `watch`: what a day kind remembers (`market.alerts.Watch`, JSON). `removed_at`: taken away,
    and may come back for a while.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    security = models.CharField(max_length=CODE_CHARACTERS_MAX)
    kind = models.CharField(max_length=12)
    threshold = models.BigIntegerField()
    state = models.CharField(max_length=8, default="armed")
    repeat = models.BooleanField(default=False)
    note = models.CharField(max_length=ALERT_NOTE_CHARACTERS_MAX, blank=True)
    expires_on = models.DateField(null=True)
    from_sequence = models.BigIntegerField(null=True)
    held = models.BooleanField(default=False)
    arming = models.IntegerField(default=1)
    fired_ns = models.BigIntegerField(default=0)
    watch = models.CharField(max_length=120, blank=True)
    made_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True)

    written_by: ClassVar[tuple[str, ...]] = ("app", "reader")

    class Meta:
        ordering = ("-id",)
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["kind", "id"],
                condition=models.Q(state="armed", removed_at__isnull=True),
                name="alert_armed",
            ),
            models.Index(
                fields=["id"],
                condition=models.Q(state="armed", removed_at__isnull=True, from_sequence__isnull=True),
                name="alert_to_arm",
            ),
            models.Index(fields=["person"], name="alert_person"),
        ]


class Firing(models.Model):
    """An alert came true. Of a trade: `sequence` the trade's in the journal, `price` its price; of a day bar: 0 and the close.
    `value` in the alert's unit (`rules.value_shown`), prices in 1/10,000 NT$. It outlives its alert."""

    alert = models.ForeignKey(Alert, on_delete=models.SET_NULL, null=True, related_name="firings")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    security = models.CharField(max_length=CODE_CHARACTERS_MAX)
    kind = models.CharField(max_length=12)
    threshold = models.BigIntegerField()
    note = models.CharField(max_length=ALERT_NOTE_CHARACTERS_MAX, blank=True)
    sequence = models.BigIntegerField()
    value = models.BigIntegerField()
    price = models.BigIntegerField()
    market_ns = models.BigIntegerField()
    day = models.DateField()
    seen = models.BooleanField(default=False)

    written_by: ClassVar[tuple[str, ...]] = ("app", "reader")

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["alert", "sequence", "market_ns"], name="alert_firing_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["person", "id"], name="alert_firing_person")]
