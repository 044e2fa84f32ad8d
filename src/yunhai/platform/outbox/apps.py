"""Django's name for this folder."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "yunhai.platform.outbox"
    label = "outbox"
    default_auto_field = "django.db.models.BigAutoField"
