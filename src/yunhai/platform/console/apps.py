"""Django's name for this folder."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "yunhai.platform.console"
    label = "console"
    default_auto_field = "django.db.models.BigAutoField"
