"""Django's name for this folder."""

from django.apps import AppConfig


class SettlementConfig(AppConfig):
    name = "yunhai.services.settlement"
    label = "settlement"
    default_auto_field = "django.db.models.BigAutoField"
