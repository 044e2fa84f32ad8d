"""Django's name for this folder."""

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    name = "yunhai.services.alerts"
    label = "alerts"
    default_auto_field = "django.db.models.BigAutoField"
