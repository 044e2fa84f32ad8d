"""Django's name for this folder."""

from django.apps import AppConfig


class ChartsConfig(AppConfig):
    name = "yunhai.services.charts"
    label = "charts"
    default_auto_field = "django.db.models.BigAutoField"
