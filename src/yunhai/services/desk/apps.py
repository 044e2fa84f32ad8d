"""Django's name for this folder."""

from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "yunhai.services.desk"
    label = "desk"
    default_auto_field = "django.db.models.BigAutoField"
