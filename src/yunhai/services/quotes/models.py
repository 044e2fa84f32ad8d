"""Watchlists 自選清單, of a person and of nobody else: the same at every broker they trade with, and on every device."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from yunhai.kernel.limits import CODE_CHARACTERS_MAX, WATCHLIST_NAME_CHARACTERS_MAX


class Watchlist(models.Model):
    """One list: codes in the order in which they are shown."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=WATCHLIST_NAME_CHARACTERS_MAX)
    codes = ArrayField(models.CharField(max_length=CODE_CHARACTERS_MAX), default=list, blank=True)
    made_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["person", "name"], name="watchlist_name_once"),
        ]
