"""Django's name for this folder."""

from django.apps import AppConfig


class LinesConfig(AppConfig):
    name = "yunhai.services.lines"
    label = "lines"
    default_auto_field = "django.db.models.BigAutoField"
