"""Django's name for this folder."""

from django.apps import AppConfig


class ShellConfig(AppConfig):
    name = "yunhai.platform.shell"
    label = "shell"
    default_auto_field = "django.db.models.BigAutoField"
