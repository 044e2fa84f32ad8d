"""Bookmarks 書籤, of a person at one broker and of nobody else: a permalink with a name and a note."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from yunhai.kernel.limits import (
    REPLAY_LINK_CHARACTERS_MAX,
    REPLAY_NAME_CHARACTERS_MAX,
    REPLAY_NOTE_CHARACTERS_MAX,
)
from yunhai.platform.tenancy.models import TenantModel


class Bookmark(TenantModel):
    """One moment. `link`: a permalink's text; `at_ns`: the market time at its position."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=REPLAY_NAME_CHARACTERS_MAX)
    note = models.CharField(max_length=REPLAY_NOTE_CHARACTERS_MAX, blank=True)
    link = models.CharField(max_length=REPLAY_LINK_CHARACTERS_MAX)
    at_ns = models.BigIntegerField()
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["tenant", "person"], name="bookmark_of_person")]
