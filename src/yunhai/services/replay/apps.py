"""Django's name for this folder."""

from django.apps import AppConfig


class ReplayConfig(AppConfig):
    name = "yunhai.services.replay"
    label = "replay"
    default_auto_field = "django.db.models.BigAutoField"
