"""Django's name for this folder."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "yunhai.services.ledger"
    label = "ledger"
    default_auto_field = "django.db.models.BigAutoField"
