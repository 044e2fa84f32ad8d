"""Screens that a person keeps: text and name, of that person and of nobody else."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from yunhai.kernel.limits import SCREEN_CHARACTERS_MAX, SCREEN_NAME_CHARACTERS_MAX


class SavedScreen(models.Model):
    """One screen, as it was written."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=SCREEN_NAME_CHARACTERS_MAX)
    text = models.CharField(max_length=SCREEN_CHARACTERS_MAX)
    made_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["person", "name"], name="saved_screen_name_once"),
        ]
