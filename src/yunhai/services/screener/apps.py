"""Django's name for this folder."""

from django.apps import AppConfig


class ScreenerConfig(AppConfig):
    name = "yunhai.services.screener"
    label = "screener"
    default_auto_field = "django.db.models.BigAutoField"
