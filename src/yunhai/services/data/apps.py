"""Django's name for this folder."""

from django.apps import AppConfig


class DataConfig(AppConfig):
    name = "yunhai.services.data"
    label = "data"
    default_auto_field = "django.db.models.BigAutoField"
